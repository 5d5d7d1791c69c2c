/*
 * `serve`: the same run every minute, by its own clock, with connections and rules
 * kept warm. This file has the verb, and the clock that it goes by.
 */
#include "command/serve.h"

#include "command/command.h"
#include "command/times.h"
#include "model/clock.h"
#include "observe/observe.h"

#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { LOOK_EVERY = 1000 }; /* milliseconds: at signals, the watchdog and what has to be tried again */

struct request {
	const char *at, *listen, *on_failure, *metrics_file;
	uint32_t ticks, workers;
};

struct clock {
	struct lp_ticker ticker;
	int timer; /* ends a wait when the minute begins, and when somebody sets the clock; -1: there is none */
	bool behind_told;
};

/* Says why minutes had no run of their own. */
static const char *reason_of(const struct lp_server *server, const struct lp_tick_news *news)
{
	if (news->slept > 0)
		return "the machine slept";
	if (news->set > 0)
		return "the clock was set forward";
	return server->run_took >= 60 * LP_MONOTONIC_SECOND ? "the run before took longer than its minute"
	                                                    : "this process had no time to work";
}

static void log_news(const struct lp_server *server, const struct lp_ticker *ticker, const struct lp_tick_news *news)
{
	if (news->slept > 0)
		lp_log(LP_LOG_WARNING, "the machine slept", LP_TOOK("seconds", news->slept * 1000));
	if (news->set != 0)
		lp_log(LP_LOG_WARNING, news->set > 0 ? "the clock was set forward" : "the clock was set back",
		       LP_TOOK("seconds", (news->set > 0 ? news->set : -news->set) * 1000));
	if (news->again)
		lp_log(LP_LOG_WARNING, "runs follow the clock: until the minutes of before come again little is due",
		       LP_WHEN("tick", ticker->tick));
	if (news->missed > 0)
		lp_log(LP_LOG_WARNING, "minutes passed without a run of their own: this one does what was due in them",
		       LP_INT("minutes", news->missed), LP_TEXT("because", reason_of(server, news)),
		       LP_WHEN("tick", ticker->tick));
}

/* A clock that is not set yet gives no minutes: a run for one of them would be for the wrong time. */
static bool clock_is_set(struct lp_server *server, struct clock *clock, const struct lp_clocks *now)
{
	struct lp_error error;
	if (!lp_clock_is_behind(now->wall))
		return true;
	if (!clock->behind_told && !lp_service_check_clock(server->session, &error))
		lp_log(LP_LOG_ERROR, "no minute is worked for", LP_TEXT("error", error.what));
	clock->behind_told = true;
	clock->ticker.tick = LP_TIME_NONE;
	return false;
}

static void set_timer(int timer, lp_time until)
{
	const struct itimerspec when = { .it_value = { .tv_sec = until / LP_SECOND,
		                                       .tv_nsec = until % LP_SECOND * 1000 } };
	(void)timerfd_settime(timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, NULL);
}

static void look_after_children(struct lp_server *server)
{
	lp_call_look(&server->call);
	pid_t own[LP_RULE_SERVER_PROCESSES + 1] = { 0 };
	if (server->service.rules != NULL)
		lp_rule_server_processes(server->service.rules, own);
	own[LP_RULE_SERVER_PROCESSES] = server->call.process;
	lp_children_reap(own, sizeof own / sizeof *own);
}

/* Waits for the next minute, or until trouble is to be tried again. False: the process is asked to end. */
static bool wait_for_tick(struct lp_server *server, struct clock *clock, lp_time *tick)
{
	while (lp_stop == 0) {
		const struct lp_clocks now = lp_clocks_read();
		struct lp_tick_news news;
		bool begun = false;
		if (clock_is_set(server, clock, &now)) {
			begun = lp_ticker_look(&clock->ticker, &now, &news);
			log_news(server, &clock->ticker, &news);
			server->figures.totals.missed += (uint64_t)news.missed;
			*tick = clock->ticker.tick;
		}
		bool again = server->try_again_at != 0 && lp_monotonic() >= server->try_again_at;
		if (begun || (again && clock->ticker.tick != LP_TIME_NONE))
			return true;
		lp_serve_beat(server);
		look_after_children(server);
		set_timer(clock->timer,
		          clock->ticker.tick == LP_TIME_NONE ? now.wall + LP_MINUTE : lp_ticker_next(&clock->ticker));
		lp_stop_wait(clock->timer, LOOK_EVERY);
		if (lp_reload != 0) {
			lp_reload = 0;
			lp_serve_reload(server, true);
		}
	}
	return false;
}

static void work_by_the_clock(struct lp_server *server, uint32_t most)
{
	struct clock clock = { .ticker = { .tick = LP_TIME_NONE } };
	lp_time tick = LP_TIME_NONE;
	clock.timer = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	for (uint32_t done = 0; (most == 0 || done < most) && wait_for_tick(server, &clock, &tick); done++) {
		lp_serve_reload(server, false);
		lp_serve_run(server, tick);
	}
	if (clock.timer >= 0)
		close(clock.timer);
}

static void work_at_once(struct lp_server *server, lp_time tick, uint32_t ticks)
{
	for (uint32_t done = 0; done < ticks && lp_stop == 0; done++, tick += LP_MINUTE) {
		lp_serve_beat(server);
		lp_serve_reload(server, lp_reload != 0);
		lp_reload = 0;
		lp_serve_run(server, tick);
		look_after_children(server);
	}
}

/* A store that is down may come up; one that is wrong never does, and whoever starts the program wants to know. */
static bool open_store(struct lp_server *server, struct lp_error *error)
{
	if (lp_serve_open_store(server, error))
		return true;
	if (error->exit != LP_EXIT_TEMPORARY && error->exit != LP_EXIT_UNAVAILABLE)
		return false;
	lp_serve_tell_trouble(server, error);
	return true;
}

static bool serve(struct lp_server *server, const struct request *request, lp_time first, struct lp_error *error)
{
	server->mark = lp_mark_files(&server->session->config);
	/* Who asks it to end while it begins gets what he wants. */
	if (!lp_serve_listen(server, error) || !open_store(server, error) || !lp_serve_load_rules(server, error))
		return lp_stop != 0;
	lp_log(LP_LOG_INFO, "serving", LP_TEXT("configuration", server->session->config.file),
	       LP_INT("process", getpid()), LP_INT("rules", server->service.catalogue->count));
	lp_serve_publish(server);
	lp_notify("READY=1");
	if (request->at != NULL)
		work_at_once(server, first, request->ticks);
	else
		work_by_the_clock(server, request->ticks);
	lp_notify("STOPPING=1");
	lp_log(LP_LOG_INFO, lp_stop != 0 ? "stopped by a signal" : "done");
	return true;
}

static bool check(void *data, struct lp_overrides *overrides, struct lp_error *error)
{
	const struct request *request = data;
	overrides->listen = request->listen;
	overrides->on_failure = request->on_failure;
	overrides->metrics_file = request->metrics_file;
	if (request->workers > 256)
		return lp_fail(error, LP_EXIT_USAGE, "--workers %u: at most 256", (unsigned)request->workers);
	if (request->at != NULL && request->ticks == 0)
		return lp_fail(error, LP_EXIT_USAGE,
		               "--at says from which minute on, --ticks how many: both are needed");
	return true;
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct request *request = data;
	struct lp_server server = {
		.session = session,
		.kept = lp_kept_stores_new(),
		.workers = request->workers,
		.figures = { .counts = true, .last_tick = LP_TIME_NONE, .last_success = LP_TIME_NONE },
		.watchdog = lp_notify_watchdog(),
	};
	lp_time first = LP_TIME_NONE;
	lp_board_init(&server.board);
	lp_side_init(&server.side);
	server.service = (struct lp_service){ .session = session, .kept = server.kept };
	/* The first process of a container has no signals that end it, unless it asks for them. */
	lp_stop_catch_signals();
	lp_reload_catch_signal();
	bool ok = (request->at == NULL || lp_option_tick(request->at, session, &first, error)) &&
	          serve(&server, request, first, error);
	lp_call_wait(&server.call);
	lp_web_stop(server.web);
	bool page_ended = lp_page_stop(server.page), inquiries_ended = lp_inquiries_stop(server.inquiries);
	if (page_ended && inquiries_ended)
		lp_side_free(&server.side);
	else
		session->left_behind = true;
	lp_figures_free(&server.figures);
	lp_board_free(&server.board);
	lp_service_end(&server.service);
	lp_problems_free(&server.problems);
	if (!session->left_behind)
		lp_kept_stores_free(server.kept);
	return ok;
}

static const struct lp_option options[] = {
	{ .name = "--workers", .value = "N", .form = LP_OPTION_COUNT, .field = offsetof(struct request, workers) },
	{ .name = "--listen", .value = "ADDRESS:PORT", .field = offsetof(struct request, listen) },
	{ .name = "--metrics-file", .value = "FILE", .field = offsetof(struct request, metrics_file) },
	{ .name = "--on-failure", .value = "COMMAND", .field = offsetof(struct request, on_failure) },
	{ .name = "--at", .value = "TIME", .field = offsetof(struct request, at) },
	{ .name = "--ticks", .value = "N", .form = LP_OPTION_COUNT, .field = offsetof(struct request, ticks) },
	{ .name = NULL },
};

const struct lp_command lp_command_serve = {
	.name = "serve",
	.summary = "the same every minute, by its own clock: for where there is no cron",
	.help = "Usage: local-processing serve [OPTION...]\n"
		"\n"
		"Does what `run` does at the beginning of every minute, until it is asked to end, and keeps\n"
		"connections and rules warm. The first run is at once. A run that takes longer than its minute is\n"
		"logged and never overlapped: the next one does what was due meanwhile. It works beside `run`: of\n"
		"two at once, one works.\n"
		"\n"
		"When the configuration or files of rules have changed, or at SIGHUP, they are read anew and\n"
		"checked; what is wrong is logged, and what was in use stays. A store that is down is tried every\n"
		"10 seconds. SIGTERM and SIGINT end it within 5 seconds with exit code 0.\n"
		"\n"
		"  --workers N    threads that compute; as many as cores where neither this nor the configuration\n"
		"                 says\n"
		"  --listen ADDRESS:PORT  where HTTP is answered (the page at /, /healthz, /readyz, /metrics), in\n"
		"                 place of the configuration's; off: nowhere\n"
		"  --metrics-file FILE  figures for Prometheus are written there after each run, in place of the\n"
		"                 configuration's\n"
		"  --on-failure COMMAND  called when calculations begin to fail or work again, in place of the\n"
		"                 configuration's; see `run --help`\n"
		"  --ticks N      ends after so many minutes\n"
		"  --at TIME      with --ticks: the minutes from TIME on, one after the other without waiting, to\n"
		"                 try out what a day of them does\n"
		"\n"
		"Under systemd it is a service of Type=notify, with watchdog; in a container it can be the first\n"
		"process.\n"
		"\n"
		"Examples:\n"
		"  local-processing serve\n"
		"  local-processing serve --at 2026-03-01T00:00:00Z --ticks 1440\n",
	.options = options,
	.operands = { .what = "it does everything that is due" },
	.request_size = sizeof(struct request),
	.need = LP_NEED_CONFIGURATION,
	.check = check,
	.run = run,
};
