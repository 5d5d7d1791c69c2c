/* See running.h. */
#include "command/running.h"

#include "command/report.h"
#include "command/table.h"
#include "model/embedded.h"
#include "python/python.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* Set by the handler; the only thing it touches. */
static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

/* A second Ctrl-C is meant: whoever sits in front of it does not have to wait for the five seconds. */
static void install_handlers(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	action.sa_flags |= (int)SA_RESETHAND;
	sigaction(SIGINT, &action, NULL);
}

/* Rules that do not load fail their own calculations; the log says which, each run, until somebody mends them. */
static void log_problems(const struct lp_problems *problems)
{
	for (uint32_t at = 0; at < problems->count; at++) {
		const struct lp_problem *problem = &problems->items[at];
		lp_log(LP_LOG_WARNING, "a rule does not load: its calculations fail", LP_TEXT("file", problem->file),
		       LP_INT("line", problem->line), LP_TEXT("reason", problem->what));
	}
	if (problems->left_out > 0)
		lp_log(LP_LOG_WARNING, "more rules do not load; `local-processing check` lists them",
		       LP_INT("problems", problems->left_out));
}

/*
 * Something is due: Python is needed after all.  Signals are handled from here
 * on; before, there is nothing that ending at once could lose, and a rule that
 * hangs while it is imported could not be ended otherwise.
 */
static bool prepare(void *context, struct lp_error *error)
{
	struct lp_running *running = context;
	const struct lp_config *config = &running->session->config;
	const struct lp_python_options options = { .rules = config->rules,
		                                   .tzdata = config->tzdata,
		                                   .time_limit = config->time_limit };
	const struct lp_rule_catalogue *catalogue;
	struct lp_problems problems = { 0 };
	if (!lp_python_start(&options, error))
		return false;
	running->python = true;
	bool loaded = lp_python_catalogue(&catalogue, &problems, error);
	log_problems(&problems);
	lp_problems_free(&problems);
	if (!loaded)
		return false;
	lp_python_release();
	install_handlers();
	return true;
}

static int64_t monotonic_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* One line that is written over: the cursor goes back to its start, so that a log line covers it. */
static void show_progress(void *context, const struct lp_run *so_far, uint64_t computed, uint64_t planned)
{
	const struct lp_running *running = context;
	char done[32], all[32];
	lp_report_count(computed, done);
	lp_report_count(planned > computed ? planned : computed, all);
	uint64_t failed = lp_report_failed(so_far);
	fprintf(stderr, "%s of %s windows, %llu failed, %lld s\x1b[K\r", done, all, (unsigned long long)failed,
	        (long long)(monotonic_seconds() - running->began));
	fflush(stderr);
}

struct lp_pipeline_options lp_running_options(struct lp_running *running, uint32_t workers, bool progress)
{
	const struct lp_config *config = &running->session->config;
	running->began = monotonic_seconds();
	return (struct lp_pipeline_options){
		.store = running->session->store_options,
		.workers = workers > 0 ? (int)workers : config->workers,
		.fetchers = config->fetchers,
		.committers = config->committers,
		.catch_up = (uint32_t)config->catch_up,
		.recompute_within = config->recompute_within,
		.retry = { .max_attempts = config->max_attempts,
		           .first_delay = config->retry_first_delay,
		           .longest_delay = config->retry_longest_delay },
		.prepare = prepare,
		.prepare_context = running,
		.progress = progress && lp_is_terminal(stderr) ? show_progress : NULL,
		.progress_context = running,
	};
}

struct lp_run lp_running_run(struct lp_running *running, enum lp_run_kind kind, lp_time tick)
{
	const struct lp_embedded *version = lp_embedded_find("version");
	assert(version != NULL);
	(void)gethostname(running->host, sizeof running->host - 1);
	return (struct lp_run){ .kind = kind,
		                .tick = tick,
		                .host = running->host,
		                .process = getpid(),
		                .program_version = (const char *)version->data };
}

const volatile int *lp_running_stop(void)
{
	return &stop;
}

void lp_running_clear(const struct lp_pipeline_options *options)
{
	if (options->progress != NULL)
		fputs("\x1b[K", stderr);
}
