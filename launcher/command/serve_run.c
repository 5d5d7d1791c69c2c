/* The run of one minute under `serve`: see serve.h. */
#include "command/serve.h"

#include "command/long_run.h"
#include "model/clock.h"
#include "observe/observe.h"
#include "pipeline/pipeline.h"
#include "show/show.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Nanoseconds after which a run that could not work is tried again. */
#define TRY_AGAIN_AFTER (10 * LP_MONOTONIC_SECOND)

void lp_serve_beat(struct lp_server *server)
{
	int64_t now = lp_monotonic();
	lp_board_beat(&server->board);
	if (server->watchdog == 0 || now - server->watchdog_fed < server->watchdog)
		return;
	server->watchdog_fed = now;
	lp_notify("WATCHDOG=1");
}

void lp_serve_tell_trouble(struct lp_server *server, const struct lp_error *error)
{
	server->try_again_at = lp_monotonic() + TRY_AGAIN_AFTER;
	/* A server that is away and one that is starting are one trouble, in different words. */
	if (server->trouble == error->exit)
		return;
	if (server->trouble == LP_EXIT_OK)
		server->trouble_since = lp_monotonic();
	server->trouble = error->exit;
	lp_log(LP_LOG_ERROR, "runs cannot work: they are tried until they can", LP_TEXT("error", error->what),
	       LP_TEXT("hint", error->hint[0] == '\0' ? NULL : error->hint), LP_INT("exit_code", error->exit));
	lp_notify("STATUS=runs cannot work; the log says why");
}

static void tell_recovery(struct lp_server *server)
{
	server->try_again_at = 0;
	if (server->trouble == LP_EXIT_OK)
		return;
	server->trouble = LP_EXIT_OK;
	/* As loud as what it ends. */
	lp_log(LP_LOG_WARNING, "runs work again", LP_TOOK("after_seconds", lp_monotonic() - server->trouble_since));
}

static void tell_status(const struct lp_run *run)
{
	char lines[160];
	snprintf(lines, sizeof lines, "STATUS=run %lld: %llu windows, %llu failed", (long long)run->id,
	         (unsigned long long)run->windows, (unsigned long long)lp_run_count_failed(run));
	lp_notify(lines);
}

static uint64_t mark_of_store(const struct lp_server *server)
{
	return lp_mark_identity(lp_store_file(server->session->config.store));
}

/* A file that was put in the place of the store's is another store: what is connected to the old one is closed. */
static void look_at_store_file(struct lp_server *server)
{
	if (server->session->store != NULL && mark_of_store(server) != server->store_mark)
		lp_serve_drop_store(server);
}

bool lp_serve_open_store(struct lp_server *server, struct lp_error *error)
{
	if (server->session->store != NULL)
		return true;
	if (!lp_session_open_store(server->session, error))
		return false;
	server->store_mark = mark_of_store(server);
	return true;
}

void lp_serve_drop_store(struct lp_server *server)
{
	lp_kept_stores_empty(server->kept);
	lp_store_close(server->session->store);
	server->session->store = NULL;
}

bool lp_serve_load_rules(struct lp_server *server, struct lp_error *error)
{
	if (server->service.rules != NULL && lp_rule_server_has_ended(server->service.rules)) {
		lp_log(LP_LOG_WARNING, "the rule server has ended between two runs: another one is started");
		lp_service_end(&server->service);
		server->service.rules = NULL;
		server->service.catalogue = NULL;
	}
	if (server->service.catalogue != NULL)
		return true;
	lp_problems_free(&server->problems);
	/* What was refused comes into use here: so the files from before, once they are back, are another change. */
	if (server->refused_mark != 0 && lp_mark_files(&server->session->config) == server->refused_mark)
		server->mark = server->refused_mark;
	bool loaded = lp_service_load(&server->service, &server->problems, error);
	lp_service_log_problems(&server->problems);
	return loaded;
}

/* Called by the pipeline, every now and then, in this thread. */
static void watch(void *context, const struct lp_run *so_far, uint64_t computed, uint64_t planned)
{
	struct lp_server *server = context;
	lp_serve_beat(server);
	if (server->long_run_told || lp_monotonic() - server->run_began < 60 * LP_MONOTONIC_SECOND)
		return;
	server->long_run_told = true;
	lp_log(LP_LOG_WARNING, "the run takes longer than its minute: the next one begins when it is over",
	       LP_INT("run", so_far->id), LP_WHEN("tick", so_far->tick), LP_INT("computed", computed),
	       LP_INT("planned", planned));
}

/*
 * Threads that did not end in time still use what this process has in memory. It
 * starts anew in its place, with the same number, which ends them.
 */
static void start_anew(struct lp_server *server)
{
	static char buffer[1 << 16];
	char *arguments[1 << 10];
	size_t count = 0, length = 0;
	int file = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t got = file < 0 ? 0 : read(file, buffer, sizeof buffer - 1);
	lp_log(LP_LOG_WARNING, "threads of the run did not end: the program starts anew");
	lp_service_end(&server->service);
	while (length < (size_t)(got > 0 ? got : 0) && count + 1 < sizeof arguments / sizeof *arguments) {
		arguments[count++] = buffer + length;
		length += strlen(buffer + length) + 1;
	}
	arguments[count] = NULL;
	if (count > 0)
		execv("/proc/self/exe", arguments);
	lp_log(LP_LOG_ERROR, "the program cannot start anew, and ends", LP_TEXT("error", strerror(errno)));
	_exit(LP_EXIT_TEMPORARY);
}

static bool run_once(struct lp_server *server, lp_time tick, struct lp_error *error)
{
	struct lp_session *session = server->session;
	if (!lp_serve_open_store(server, error) || !lp_serve_load_rules(server, error))
		return false;
	struct lp_pipeline_options options = lp_service_options(&server->service, server->workers);
	struct lp_run done = lp_service_new_run(&server->service, LP_RUN_MINUTE, tick);
	struct lp_run_timing timing;
	options.lock = true;
	options.progress = watch;
	options.progress_context = server;
	bool ok = lp_run(session->store, &options, &lp_stop, &done, &timing, error);
	session->left_behind = timing.left_behind > 0;
	if (session->left_behind && lp_stop == 0)
		start_anew(server);
	lp_figures_note(&server->figures, &done, &timing, ok);
	lp_on_failure(&server->call, session, &done, &timing);
	if (ok && timing.busy) {
		lp_warn_of_long_run(session->store);
		lp_log(LP_LOG_INFO, "another run is working on this store", LP_WHEN("tick", tick));
	} else if (ok && done.id == 0)
		lp_log(LP_LOG_DEBUG, "nothing is due", LP_WHEN("tick", tick), LP_WHEN("next_due", timing.next_due));
	else if (ok)
		tell_status(&done);
	return ok;
}

void lp_serve_run(struct lp_server *server, lp_time tick)
{
	struct lp_error error = { 0 };
	int64_t began = lp_board_now();
	server->run_began = lp_monotonic();
	server->long_run_told = false;
	look_at_store_file(server);
	bool kept = server->session->store != NULL;
	bool ok = run_once(server, tick, &error);
	/* Connections that were kept may have been lost meanwhile: only with new ones it is trouble. */
	if (!ok && kept && lp_stop == 0 && error.exit == LP_EXIT_TEMPORARY) {
		lp_serve_drop_store(server);
		ok = run_once(server, tick, &error);
	}
	server->run_took = lp_monotonic() - server->run_began;
	lp_board_note_run(&server->board, began, ok);
	server->figures.totals.failed += !ok && lp_stop == 0;
	lp_serve_publish(server);
	if (ok)
		tell_recovery(server);
	else if (lp_stop == 0) {
		lp_serve_drop_store(server);
		lp_serve_tell_trouble(server, &error);
	}
}
