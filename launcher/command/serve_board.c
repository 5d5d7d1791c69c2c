/* See serve_board.h. */
#include "command/serve_board.h"

#include "service/service.h"

#include <string.h>

/* A last run of that age is one too old. */
#define READY_WITHIN (3 * LP_MINUTE)
/* Where statements may take as long as they like. */
#define SILENT_WITHOUT_LIMIT LP_HOUR

int64_t lp_board_now(void)
{
	return lp_clocks_read().boot;
}

void lp_board_init(struct lp_board *board)
{
	*board = (struct lp_board){ .beat = lp_board_now(), .silent_most = SILENT_WITHOUT_LIMIT };
	pthread_mutex_init(&board->lock, NULL);
}

void lp_board_beat(struct lp_board *board)
{
	int64_t now = lp_board_now();
	pthread_mutex_lock(&board->lock);
	board->beat = now;
	pthread_mutex_unlock(&board->lock);
}

void lp_board_set_patience(struct lp_board *board, int statement_timeout, int connect_timeout)
{
	int64_t most = READY_WITHIN + (statement_timeout + connect_timeout) * LP_SECOND;
	pthread_mutex_lock(&board->lock);
	board->silent_most = statement_timeout == 0 || connect_timeout == 0 ? SILENT_WITHOUT_LIMIT : most;
	pthread_mutex_unlock(&board->lock);
}

void lp_board_note_run(struct lp_board *board, int64_t began, bool works)
{
	pthread_mutex_lock(&board->lock);
	board->run_began = began;
	board->works = works;
	pthread_mutex_unlock(&board->lock);
}

int64_t lp_board_last_run(struct lp_board *board)
{
	pthread_mutex_lock(&board->lock);
	int64_t began = board->run_began;
	pthread_mutex_unlock(&board->lock);
	return began;
}

static void say_healthy(const struct lp_board *board, int64_t now, struct lp_web_reply *reply)
{
	int64_t silent = now - board->beat;
	if (silent <= board->silent_most) {
		lp_text_addf(&reply->body, "ok\n");
		return;
	}
	reply->status = 503;
	lp_text_addf(&reply->body, "the clock has not ticked for %lld s\n", (long long)(silent / LP_SECOND));
}

static void say_ready(const struct lp_board *board, int64_t now, struct lp_web_reply *reply)
{
	if (board->works && now - board->run_began <= READY_WITHIN) {
		lp_text_addf(&reply->body, "ok\n");
		return;
	}
	reply->status = 503;
	if (board->run_began == 0)
		lp_text_addf(&reply->body, "there was no run yet\n");
	else if (!board->works)
		lp_text_addf(&reply->body, "runs cannot work\n");
	else
		lp_text_addf(&reply->body, "the last run began %lld s ago\n",
		             (long long)((now - board->run_began) / LP_SECOND));
}

static const struct {
	const char *path;
	void (*say)(const struct lp_board *board, int64_t now, struct lp_web_reply *reply);
} answers[] = { { "/healthz", say_healthy }, { "/readyz", say_ready } };

bool lp_board_answer(void *context, const struct lp_web_request *request, struct lp_web_reply *reply)
{
	struct lp_board *board = context;
	int64_t now = lp_board_now();
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		if (strcmp(answers[i].path, request->path) != 0)
			continue;
		pthread_mutex_lock(&board->lock);
		answers[i].say(board, now, reply);
		pthread_mutex_unlock(&board->lock);
		return true;
	}
	return false;
}
