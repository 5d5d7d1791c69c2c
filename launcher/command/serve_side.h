/*
 * What threads of `serve` read the store with for those who ask over HTTP: a
 * connection of their own, with a short statement timeout, so that nobody who looks holds
 * up a run.
 */
#ifndef LP_COMMAND_SERVE_SIDE_H
#define LP_COMMAND_SERVE_SIDE_H

#include "service/service.h"

#include <pthread.h>

/* Where the store is. Zeroed, with an initialised lock: not said yet. */
struct lp_side {
	pthread_mutex_t lock; /* guards what follows */
	char *address, *described;
	const struct lp_zone *zone;
	int connect_timeout;
	bool prepare;
	uint64_t number; /* counts what was set */
};

/* A thread's connection, and what it has taken over from that. Zeroed: none yet. */
struct lp_side_store {
	struct lp_store *store;
	char *described; /* without passwords */
	const struct lp_zone *zone;
	uint64_t number;
};

void lp_side_init(struct lp_side *side);
/* Says where the store is from now on, and which zone times are shown in. */
void lp_side_set(struct lp_side *side, const struct lp_session *session);
void lp_side_free(struct lp_side *side);
/* Connects, if it is not connected to that store already. */
bool lp_side_store_open(struct lp_side_store *own, struct lp_side *side, struct lp_error *error) LP_MUST_CHECK;
/* Closes it; it can be opened again. */
void lp_side_store_close(struct lp_side_store *own);

/* Starts a thread that gets no signals. Returns an errno, or 0. */
int lp_side_start_thread(pthread_t *thread, void *(*work)(void *), void *argument);
/* Waits for the end of such a thread that was asked to end. False: it hangs in a statement, and is left behind. */
bool lp_side_join_thread(pthread_t thread) LP_MUST_CHECK;

#endif
