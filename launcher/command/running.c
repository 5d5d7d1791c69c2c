/* See running.h. */
#include "command/running.h"

#include "command/outdated.h"
#include "command/report.h"
#include "command/rule_limits.h"
#include "command/table.h"
#include "model/clock.h"
#include "model/embedded.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Set by the handler; the only thing it touches. */
static volatile int stop;

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
 * Something is due: rules are needed after all.  Signals are handled from here
 * on; before, there is nothing that ending at once could lose.
 */
static bool prepare(void *context, struct lp_error *error)
{
	struct lp_running *running = context;
	struct lp_problems problems = { 0 };
	struct lp_arena_source *memory;
	if (running->catalogue != NULL)
		return true;
	/* What is imported before a run begins computes in that run. */
	if (!lp_rule_server_memory(running->rules, &memory, error))
		return false;
	install_handlers();
	bool loaded = lp_rule_server_catalogue(running->rules, &stop, &running->catalogue, &problems, error);
	log_problems(&problems);
	lp_problems_free(&problems);
	return loaded;
}

static void make_rules(struct lp_running *running)
{
	const struct lp_process_options options = lp_rule_options(&running->session->config);
	if (running->rules == NULL)
		running->rules = lp_rule_server_new(&options);
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
	        (long long)(lp_monotonic() / LP_MONOTONIC_SECOND - running->began));
	fflush(stderr);
}

struct telling {
	struct lp_store *store;
	const char *rule;
	uint64_t calculations;
};

static bool count_outdated(void *context, const struct lp_outdated *outdated, struct lp_error *error)
{
	struct telling *telling = context;
	(void)error;
	telling->calculations += strcmp(outdated->rule, telling->rule) == 0;
	return true;
}

/* What is stored was computed by the rule of before: it stays, and people may want it otherwise. */
static bool tell_changed(void *context, const struct lp_rule_version *version, struct lp_error *error)
{
	struct telling *telling = context;
	telling->rule = version->rule;
	telling->calculations = 0;
	if (!lp_store_each_outdated(telling->store, count_outdated, telling, error))
		return false;
	if (telling->calculations > 0)
		lp_log(LP_LOG_WARNING, "a rule is not what it was: what is stored was computed by the one before",
		       LP_TEXT("rule", version->rule), LP_TEXT("version", version->version),
		       LP_TEXT("before", version->before), LP_INT("calculations", (int64_t)telling->calculations),
		       LP_TEXT("again", LP_OUTDATED_COMMAND));
	return true;
}

static bool note_rules(void *context, struct lp_store *store, const struct lp_run *run, struct lp_error *error)
{
	const struct lp_running *running = context;
	const struct lp_rule_catalogue *catalogue = running->catalogue;
	struct telling telling = { .store = store };
	struct lp_rule_version *versions;
	bool good;
	if (catalogue == NULL || catalogue->count == 0)
		return true;
	versions = lp_reallocate(NULL, catalogue->count, sizeof *versions);
	for (size_t i = 0; i < catalogue->count; i++)
		versions[i] = (struct lp_rule_version){ .rule = catalogue->rules[i].name,
			                                .version = catalogue->rules[i].version };
	good = lp_store_note_rules(store, run, versions, catalogue->count, tell_changed, &telling, error);
	free(versions);
	return good;
}

/* Whether any rule that a run has worked with is another one now. */
static bool find_changed(const struct lp_running *running, size_t *changed, struct lp_error *error)
{
	const struct lp_rule_catalogue *catalogue = running->catalogue;
	struct lp_arena arena = { 0 };
	bool good = true;
	*changed = 0;
	for (size_t i = 0; i < catalogue->count && good; i++) {
		const char *version;
		lp_arena_empty(&arena);
		good = lp_store_rule_version(running->session->store, catalogue->rules[i].name, INT64_MAX, &arena,
		                             &version, error);
		*changed += good && version != NULL && strcmp(version, catalogue->rules[i].version) != 0;
	}
	lp_arena_free(&arena);
	return good;
}

bool lp_running_look_at_rules(struct lp_running *running, bool note, size_t *changed, struct lp_error *error)
{
	struct lp_store *store = running->session->store;
	struct lp_run run = lp_running_run(running, LP_RUN_BACKFILL, lp_now() / LP_MINUTE * LP_MINUTE);
	make_rules(running);
	if (!prepare(running, error) || !find_changed(running, changed, error))
		return false;
	if (*changed == 0 || !note)
		return true;
	/* A rule has its version from a run on. */
	run.started = lp_now();
	if (!lp_store_begin_run(store, &run, error) || !note_rules(running, store, &run, error))
		return false;
	run.ended = lp_now();
	run.result = "done";
	return lp_store_end_run(store, &run, error);
}

struct lp_pipeline_options lp_running_options(struct lp_running *running, uint32_t workers, bool progress)
{
	const struct lp_config *config = &running->session->config;
	running->began = lp_monotonic() / LP_MONOTONIC_SECOND;
	make_rules(running);
	return (struct lp_pipeline_options){
		.store = running->session->store_options,
		.workers = workers > 0 ? (int)workers : config->workers,
		.fetchers = config->fetchers,
		.committers = config->committers,
		.catch_up = (uint32_t)config->catch_up,
		.recompute_within = config->recompute_within,
		.breaker_failures = config->breaker_failures,
		.rules = running->rules,
		.begun = note_rules,
		.begun_context = running,
		.retry = { .max_attempts = config->max_attempts,
		           .first_delay = config->retry_first_delay,
		           .longest_delay = config->retry_longest_delay },
		.prepare = prepare,
		.prepare_context = running,
		.progress = progress && lp_is_terminal(stderr) ? show_progress : NULL,
		.progress_context = running,
	};
}

bool lp_running_clock(const struct lp_session *session, struct lp_error *error)
{
	char now[40], earliest[40];
	lp_time current = lp_now();
	if (!lp_clock_is_behind(current))
		return true;
	lp_time_format(current / LP_SECOND * LP_SECOND, session->zone, now);
	lp_time_format(lp_clock_earliest(), session->zone, earliest);
	lp_fail(error, LP_EXIT_TEMPORARY, "the clock says %s, and this program was written at %s: it is not set yet",
	        now, earliest);
	return lp_hint(error, "Set the clock, or wait until an NTP client has; the next run does what is due then. "
	                      "`run --at TIME` works for another minute.");
}

bool lp_running_tick(const char *at, const struct lp_session *session, lp_time *tick, struct lp_error *error)
{
	lp_time current = lp_now(), wanted = current;
	if (at == NULL && !lp_running_clock(session, error))
		return false;
	if (at != NULL && !lp_time_parse(at, session->zone, &wanted, error)) {
		error->exit = LP_EXIT_USAGE;
		return lp_fail_within(error, "--at");
	}
	lp_time into = wanted % LP_MINUTE;
	*tick = wanted - (into < 0 ? into + LP_MINUTE : into);
	if (at != NULL && *tick != wanted)
		lp_log(LP_LOG_INFO, "a run works for a whole minute", LP_TEXT("at", at), LP_WHEN("tick", *tick));
	if (*tick > current)
		lp_log(LP_LOG_WARNING,
		       "the minute lies ahead: windows are computed without the samples they are still to get, "
		       "and again when these are there",
		       LP_WHEN("tick", *tick));
	return true;
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

void lp_running_end(struct lp_running *running, const struct lp_session *session)
{
	if (!session->left_behind)
		lp_rule_server_free(running->rules);
	else if (running->rules != NULL)
		lp_rule_server_stop(running->rules);
}
