/* See serve_board.h. */
#include "command/serve_board.h"

#include "service/service.h"
#include "show/show.h"

#include <stdlib.h>
#include <string.h>

/* A last run of that age is one too old. */
#define READY_WITHIN (3 * LP_MINUTE)
/* Who asks for figures is expected again for so long. */
#define WATCHED_WITHIN (15 * LP_MINUTE)
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

void lp_board_set_metrics(struct lp_board *board, struct lp_text metrics, struct lp_text open_metrics)
{
	pthread_mutex_lock(&board->lock);
	struct lp_text before = board->metrics, open_before = board->open_metrics;
	board->metrics = metrics;
	board->open_metrics = open_metrics;
	pthread_mutex_unlock(&board->lock);
	lp_text_free(&before);
	lp_text_free(&open_before);
}

bool lp_board_is_watched(struct lp_board *board)
{
	int64_t now = lp_board_now();
	pthread_mutex_lock(&board->lock);
	bool watched = board->metrics_asked != 0 && now - board->metrics_asked <= WATCHED_WITHIN;
	pthread_mutex_unlock(&board->lock);
	return watched;
}

void lp_board_set_token(struct lp_board *board, char *token, bool is_open)
{
	pthread_mutex_lock(&board->lock);
	char *before = board->token;
	board->token = token;
	board->is_open = is_open;
	pthread_mutex_unlock(&board->lock);
	free(before);
}

void lp_board_free(struct lp_board *board)
{
	lp_text_free(&board->metrics);
	lp_text_free(&board->open_metrics);
	free(board->token);
	pthread_mutex_destroy(&board->lock);
}

/* Takes as long for a token that is nearly right as for any other of its length. */
static bool is_token(const char *given, const char *token)
{
	size_t length = strlen(token);
	unsigned char different = 0;
	if (strlen(given) != length)
		return false;
	for (size_t i = 0; i < length; i++)
		different |= (unsigned char)(given[i] ^ token[i]);
	return different == 0;
}

/* Fills the reply and returns false if who asks may not have figures. */
static bool may_ask(const struct lp_board *board, const struct lp_web_request *request, struct lp_web_reply *reply)
{
	static const char scheme[] = "Bearer ";
	if (board->token == NULL && !board->is_open)
		return true;
	if (board->token == NULL) {
		reply->status = 403;
		lp_text_addf(&reply->body, "beyond loopback the setting token_file is needed\n");
		return false;
	}
	if (request->authorization != NULL && strncmp(request->authorization, scheme, sizeof scheme - 1) == 0 &&
	    is_token(request->authorization + sizeof scheme - 1, board->token))
		return true;
	reply->status = 401;
	lp_text_addf(&reply->body, "a token is needed: Authorization: Bearer TOKEN\n");
	return false;
}

static void say_metrics(struct lp_board *board, const struct lp_web_request *request, int64_t now,
                        struct lp_web_reply *reply)
{
	if (!may_ask(board, request, reply))
		return;
	bool open = request->accept != NULL && strstr(request->accept, "application/openmetrics-text") != NULL;
	const struct lp_text *text = open ? &board->open_metrics : &board->metrics;
	board->metrics_asked = now;
	reply->type = open ? LP_OPEN_METRICS_TYPE : LP_METRICS_TYPE;
	lp_text_add(&reply->body, text->data, text->length);
}

static void say_healthy(struct lp_board *board, const struct lp_web_request *request, int64_t now,
                        struct lp_web_reply *reply)
{
	int64_t silent = now - board->beat;
	(void)request;
	if (silent <= board->silent_most) {
		lp_text_addf(&reply->body, "ok\n");
		return;
	}
	reply->status = 503;
	lp_text_addf(&reply->body, "the clock has not ticked for %lld s\n", (long long)(silent / LP_SECOND));
}

static void say_ready(struct lp_board *board, const struct lp_web_request *request, int64_t now,
                      struct lp_web_reply *reply)
{
	(void)request;
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
	void (*say)(struct lp_board *board, const struct lp_web_request *request, int64_t now,
	            struct lp_web_reply *reply);
} answers[] = { { "/healthz", say_healthy }, { "/readyz", say_ready }, { "/metrics", say_metrics } };

bool lp_board_answer(void *context, const struct lp_web_request *request, struct lp_web_reply *reply)
{
	struct lp_board *board = context;
	int64_t now = lp_board_now();
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		if (strcmp(answers[i].path, request->path) != 0)
			continue;
		pthread_mutex_lock(&board->lock);
		answers[i].say(board, request, now, reply);
		pthread_mutex_unlock(&board->lock);
		return true;
	}
	return false;
}
