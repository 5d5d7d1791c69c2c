/*
 * What the main thread of `serve` tells the thread that answers HTTP. The latter
 * never touches the store or a run: it reads what stands here.
 */
#ifndef LP_COMMAND_SERVE_BOARD_H
#define LP_COMMAND_SERVE_BOARD_H

#include "model/error.h"
#include "model/time.h"
#include "web/web.h"
#include <pthread.h>
#include <stdbool.h>

struct lp_board {
	pthread_mutex_t lock; /* guards what follows */
	int64_t beat;        /* of the clock that goes on in sleep, microseconds: when the main thread was last at it */
	int64_t silent_most; /* so long it may be silent: in a statement, or in connecting */
	int64_t run_began;   /* of that clock, of the last run; 0: there was none */
	bool works;          /* that run could work */
	struct lp_text metrics, open_metrics; /* as they were after the last run */
	int64_t metrics_asked;                /* when somebody asked for them last; 0: never */
	bool is_open;                         /* it listens beyond loopback */
	char *token;                          /* that who asks for figures has to know; NULL: none */
};

void lp_board_init(struct lp_board *board);
/* Says that the main thread is at work. */
void lp_board_beat(struct lp_board *board);
/* Says how long it may be silent, in seconds: what one statement and one connection may take; 0: no limit. */
void lp_board_set_patience(struct lp_board *board, int statement_timeout, int connect_timeout);
/* Says that a run began at a time of lp_board_now, and whether it could work. */
void lp_board_note_run(struct lp_board *board, int64_t began, bool works);
/* When the last run began; 0: there was none. */
int64_t lp_board_last_run(struct lp_board *board);
int64_t lp_board_now(void);
/* Says what is answered to who asks for figures. Takes both texts. */
void lp_board_set_metrics(struct lp_board *board, struct lp_text metrics, struct lp_text open_metrics);
/* True if somebody has asked for figures lately: what costs something is gathered only then. */
bool lp_board_is_watched(struct lp_board *board);
/* Says who may ask. Takes the token. */
void lp_board_set_token(struct lp_board *board, char *token, bool is_open);
void lp_board_free(struct lp_board *board);

/* An lp_web_answer; context: the board. */
bool lp_board_answer(void *context, const struct lp_web_request *request, struct lp_web_reply *reply);

#endif
