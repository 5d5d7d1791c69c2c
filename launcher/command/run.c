/*
 * `run`: one run for a tick, made for cron. This file has what people see of it,
 * and its exit code; the pipeline does the work.
 */
#include "command/command.h"
#include "command/figures.h"
#include "command/long_run.h"
#include "command/on_failure.h"
#include "command/output.h"
#include "command/progress.h"
#include "command/run_report.h"
#include "command/times.h"
#include "model/clock.h"
#include "pipeline/pipeline.h"
#include "service/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
	const char *at, *fail_on, *on_failure, *metrics_file;
	bool report, json, quiet, live, shadow;
	uint32_t workers;
	double fail_share; /* of --fail-on N%, in percent; < 0: not given */
};

static bool parse_fail_on(struct request *request, struct lp_error *error)
{
	request->fail_share = -1;
	if (request->fail_on == NULL || strcmp(request->fail_on, "any") == 0 || strcmp(request->fail_on, "new") == 0)
		return true;
	char *end;
	double share = strtod(request->fail_on, &end);
	if (end == request->fail_on || strcmp(end, "%") != 0 || !(share >= 0 && share <= 100))
		return lp_fail(error, LP_EXIT_USAGE, "--fail-on %s: expected any, new, or a share such as 5%%",
		               request->fail_on);
	request->fail_share = share;
	return true;
}

/* True if --fail-on asks for another exit code than 0. */
static bool has_failed(const struct request *request, const struct lp_run *done)
{
	uint64_t failed = lp_run_count_failed(done);
	if (request->fail_on == NULL || failed == 0)
		return false;
	if (strcmp(request->fail_on, "any") == 0)
		return true;
	if (strcmp(request->fail_on, "new") == 0)
		return done->newly_failed > 0;
	return 100.0 * (double)failed >= request->fail_share * (double)done->windows;
}

static void print_report(const struct request *request, const struct lp_session *session, const struct lp_run *done,
                         const struct lp_run_timing *timing)
{
	struct lp_text json = { 0 };
	if (request->json) {
		lp_show_report(&json, done, timing, session->zone);
		lp_print_built(&json);
	} else if (request->report)
		lp_report_print(done, timing, session->zone);
	else if (done->id == 0 && timing->next_due == LP_TIME_NONE)
		lp_log(LP_LOG_INFO, "nothing is due, and nothing ever will be", LP_WHEN("tick", done->tick));
	else if (done->id == 0)
		lp_log(LP_LOG_INFO, "nothing is due", LP_WHEN("tick", done->tick),
		       LP_WHEN("next_due", timing->next_due));
}

static void report_busy(const struct request *request, struct lp_store *store)
{
	struct lp_text json = { 0 };
	lp_warn_of_long_run(store);
	if (request->json) {
		lp_show_busy(&json);
		lp_print_built(&json);
	} else if (request->report) {
		puts("Another run is working on this store; there is nothing to do here.");
	} else {
		lp_log(LP_LOG_INFO, "another run is working on this store");
	}
}

/* A run that could not work leaves them as they were: that the last success is long ago is what has to be seen. */
static void write_figures(struct lp_session *session, const struct lp_service *service, const struct lp_run *done,
                          const struct lp_run_timing *timing)
{
	const char *path = session->config.metrics_file;
	struct lp_figures figures = { .last_tick = LP_TIME_NONE, .last_success = LP_TIME_NONE };
	struct lp_error error;
	if (path == NULL)
		return;
	lp_figures_note(&figures, done, timing, true);
	lp_figures_read_store(&figures, session->store);
	if (!lp_figures_write_file(&figures, service, path, &error))
		lp_log(LP_LOG_WARNING, "there are no new figures", LP_TEXT("error", error.what));
	lp_figures_free(&figures);
}

static bool work(const struct request *request, struct lp_session *session, struct lp_service *service, lp_time tick,
                 struct lp_error *error)
{
	struct lp_pipeline_options options = lp_service_options(service, request->workers);
	struct lp_run done = lp_service_new_run(service, LP_RUN_MINUTE, tick);
	struct lp_run_timing timing;
	struct lp_call call = { 0 };
	struct lp_progress_line progress = { .quiet = request->quiet };
	options.lock = true;
	options.leave_live = request->shadow;
	options.leave_shadow = request->live;
	lp_progress_line_begin(&progress, &options);
	bool ok = lp_run(session->store, &options, &lp_stop, &done, &timing, error);
	session->left_behind = timing.left_behind > 0;
	if (done.id != 0)
		lp_progress_line_end(&progress);
	if (ok && timing.busy)
		report_busy(request, session->store);
	else if (ok || done.id != 0)
		print_report(request, session, &done, &timing);
	if (ok && !timing.busy)
		write_figures(session, service, &done, &timing);
	lp_on_failure(&call, session, &done, &timing);
	lp_call_wait(&call);
	return ok &&
	       (timing.busy || !has_failed(request, &done) || lp_command_exit(error, LP_EXIT_FAILED_CALCULATIONS));
}

static bool check(void *data, struct lp_overrides *overrides, struct lp_error *error)
{
	struct request *request = data;
	overrides->on_failure = request->on_failure;
	overrides->metrics_file = request->metrics_file;
	if (request->workers > 256)
		return lp_fail(error, LP_EXIT_USAGE, "--workers %u: at most 256", (unsigned)request->workers);
	if (request->live && request->shadow)
		return lp_fail(error, LP_EXIT_USAGE,
		               "--live and --shadow exclude each other: without both, a run "
		               "computes what is live, then what is in shadow");
	request->report = request->report || (lp_is_terminal(stdout) && !request->quiet);
	return parse_fail_on(request, error);
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct request *request = data;
	struct lp_service service = { .session = session };
	lp_time tick;
	bool ok = lp_option_tick(request->at, session, &tick, error) && work(request, session, &service, tick, error);
	lp_service_end(&service);
	return ok;
}

static const struct lp_option options[] = {
	{ .name = "--at", .value = "TIME", .field = offsetof(struct request, at) },
	{ .name = "--workers", .value = "N", .form = LP_OPTION_COUNT, .field = offsetof(struct request, workers) },
	{ .name = "--fail-on", .value = "WHAT", .field = offsetof(struct request, fail_on) },
	{ .name = "--metrics-file", .value = "FILE", .field = offsetof(struct request, metrics_file) },
	{ .name = "--on-failure", .value = "COMMAND", .field = offsetof(struct request, on_failure) },
	{ .name = "--report", .field = offsetof(struct request, report) },
	{ .name = "--json", .field = offsetof(struct request, json) },
	{ .name = "--live", .field = offsetof(struct request, live) },
	{ .name = "--shadow", .field = offsetof(struct request, shadow) },
	{ .name = "--quiet", .letter = 'q', .field = offsetof(struct request, quiet) },
	{ .name = NULL },
};

const struct lp_command lp_command_run = {
	.name = "run",
	.summary = "compute what is due for the current minute, and store it",
	.help = "Usage: local-processing run [OPTION...]\n"
		"\n"
		"One run: finds the windows that are due, reads their samples, computes them with the rules, and\n"
		"stores results and states. Windows that earlier runs missed or that failed are made up for.\n"
		"What is committed stays, whatever happens; what is not is done by the next run. Windows before a\n"
		"calculation's `start`, or without one before its first run, are not computed. What is live comes\n"
		"first. What is in shadow has the time that is left until the configuration's `shadow_within`, and\n"
		"counts neither for --fail-on nor for what is newly failed.\n"
		"\n"
		"  --at TIME      the minute to run for, in place of the current one: RFC 3339, or without offset\n"
		"                 local to --time-zone\n"
		"  --workers N    threads that compute; as many as cores where neither this nor the configuration\n"
		"                 says\n"
		"  --live         only what is live\n"
		"  --shadow       only what is in shadow\n"
		"  --report       the report to standard output also where that is no terminal\n"
		"  -q, --quiet    no report on a terminal, no progress\n"
		"  --json         the report as JSON\n"
		"  --fail-on any  exit 1 when a calculation failed; new: when one failed that did not before;\n"
		"                 N%: when at least N % of the windows failed. Without it failed calculations are\n"
		"                 states like any other, and the exit code is 0\n"
		"\n"
		"  --metrics-file FILE  figures of the run for Prometheus are written there, in place of the\n"
		"                 configuration's\n"
		"  --on-failure COMMAND  called by /bin/sh -c once after a run in which calculations began to fail or\n"
		"                 work again, in place of the configuration's: a JSON document on its standard input\n"
		"                 says which; after 30 seconds it is ended, and it changes nothing of the run\n"
		"\n"
		"The log goes to standard error; with --log-level warning a good run prints nothing, so that cron\n"
		"mails only trouble. Two runs at once: the second says so and exits 0. SIGTERM and SIGINT end a run\n"
		"within 5 seconds: what was computed is stored, the exit code is 75.\n"
		"\n"
		"Examples:\n"
		"  local-processing run\n"
		"  local-processing run --at 2026-03-01T12:00:00Z --report\n"
		"  * * * * * local-processing run --log-level warning          (a line of crontab)\n",
	.options = options,
	.operands = { .what = "a run does everything that is due", .hint = "For another minute: --at" },
	.request_size = sizeof(struct request),
	.need = LP_NEED_STORE,
	.check = check,
	.run = run,
};
