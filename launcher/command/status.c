/*
 * `status`: what became of the calculations: a table of them, one in detail,
 * the runs; for people, or as JSON.
 */
#include "command/status.h"
#include "command/command.h"

#include "command/output.h"
#include "command/shell.h"
#include "command/table.h"
#include "model/clock.h"
#include "model/memory.h"
#include "service/service.h"
#include "show/show.h"
#include "text/utf8.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HISTORY_DEFAULT = 10, RUNS_DEFAULT = 20 };

struct request {
	struct lp_status_filter filter;
	const char *label;
	uint32_t history;
	struct lp_words names;
	bool runs, json, exit_code, live, shadow;
};

/* A table of calculations, or one in detail. */
struct status_view {
	const struct lp_status_filter *filter;
	const struct lp_zone *zone;
	struct lp_table *table; /* NULL: one in detail */
	struct lp_waits waits;
	uint64_t count, failing;
	uint64_t states[LP_STATE_COUNT];
	int64_t calculation_id; /* of the last one */
};

static void print_row(struct lp_table *table, const struct lp_status *status, const char *waits,
                      const struct lp_zone *zone)
{
	char since[40], window[40], duration[24] = "", owed[16] = "", state[40];
	char *message = NULL;

	lp_status_format_second(status->failing_since != LP_TIME_NONE ? status->failing_since : status->since, zone,
	                        since);
	lp_time_format(status->window.start, zone, window);
	if (lp_status_has_outcome(status))
		lp_nanoseconds_format(status->duration, duration);
	if (status->pending > 0)
		snprintf(owed, sizeof owed, "%" PRIu32, status->pending);
	else if (status->owed > 0)
		snprintf(owed, sizeof owed, "again");
	if (status->cause != NULL) {
		message = lp_format_text("waits for %s, which failed", status->cause);
	} else if (status->error_message != NULL || status->error_type != NULL) {
		message = lp_format_text("%s%s%s", status->error_type == NULL ? "" : status->error_type,
		                         status->error_type != NULL && status->error_message != NULL ? ": " : "",
		                         status->error_message == NULL ? "" : status->error_message);
	} else if (waits != NULL) {
		message = lp_format_text("%s", waits);
	}
	snprintf(state, sizeof state, "%s%s", lp_state_name(status->state),
	         status->calculation.mode == LP_MODE_SHADOW ? ", in shadow" : "");
	lp_table_row(table,
	             (const char *const[]){ status->calculation.name, state, since, window, duration, owed, message });
	free(message);
}

static bool show_one(void *context, const struct lp_status *stored, struct lp_error *error)
{
	struct status_view *view = context;
	const struct lp_status status = lp_status_complete(stored);
	const char *waits = lp_waits_reason(&view->waits, status.calculation.id);
	if (view->table == NULL)
		lp_status_print_detail(&status, waits, view->zone);
	else
		print_row(view->table, &status, waits, view->zone);
	view->count++;
	view->states[status.state]++;
	view->failing += lp_status_counts(&status, view->filter);
	view->calculation_id = status.calculation.id;
	return !ferror(stdout) || lp_output_finish(error);
}

static bool print_last_run(void *context, const struct lp_run *run, struct lp_error *error)
{
	const struct lp_zone *zone = context;
	char tick[40], took[24];
	(void)error;
	lp_time_format(run->tick, zone, tick);
	lp_print("last run: %" PRId64 ", for %s, %s", run->id, tick, run->result);
	if (run->ended != LP_TIME_NONE) {
		lp_nanoseconds_format((run->ended - run->started) * 1000, took);
		printf(" in %s", took);
	}
	lp_print("%s%s\n", run->error == NULL ? "" : ": ", run->error == NULL ? "" : run->error);
	return true;
}

static bool print_outdated(struct lp_store *store, struct lp_error *error)
{
	uint64_t count = 0;
	if (!lp_service_count_outdated(store, NULL, &count, error))
		return false;
	if (count > 0)
		printf("outdated results: of %" PRIu64 " calculation%s, computed by earlier definitions or rules; "
		       "`%s` computes them again\n",
		       count, count == 1 ? "" : "s", LP_OUTDATED_COMMAND);
	return true;
}

static bool print_summary(struct lp_session *session, const struct status_view *view, struct lp_error *error)
{
	const struct lp_status_filter *filter = view->filter;
	bool chosen = filter->name != NULL || filter->rule != NULL || filter->label_name != NULL;

	if (view->count == 0) {
		puts(filter->failed ? chosen ? "No such calculation fails." : "No calculation fails."
		     : chosen       ? "There is no such calculation."
		                    : "There are no calculations yet: `local-processing apply FILE.yaml` makes them.");
	} else {
		printf("\n%" PRIu64 " calculation%s: ", view->count, view->count == 1 ? "" : "s");
		bool first = true;
		for (int state = 0; state < LP_STATE_COUNT; state++) {
			if (view->states[state] > 0) {
				printf("%s%" PRIu64 " %s", first ? "" : ", ", view->states[state],
				       lp_state_name((enum lp_state)state));
				first = false;
			}
		}
		putchar('\n');
	}
	struct lp_zone *zone = (struct lp_zone *)(uintptr_t)view->zone; /* read only */
	return print_outdated(session->store, error) &&
	       lp_store_each_run(session->store, LP_NEWEST_RUNS(1), print_last_run, zone, error);
}

/* Rows of windows, or of runs. */
struct rows {
	const struct lp_zone *zone;
	struct lp_table *table;
	uint64_t count;
};

static bool add_window(void *context, const struct lp_history *history, struct lp_error *error)
{
	struct rows *rows = context;
	char start[40], end[40], tick[40], duration[24], samples[16], run[24], definition[16];
	(void)error;
	lp_time_format(history->window.start, rows->zone, start);
	lp_time_format(history->window.end, rows->zone, end);
	lp_time_format(history->tick, rows->zone, tick);
	lp_nanoseconds_format(history->duration, duration);
	snprintf(samples, sizeof samples, "%" PRIu32, history->samples_read);
	snprintf(run, sizeof run, "%" PRId64, history->run_id);
	lp_table_row(rows->table, (const char *const[]){ start, end, lp_state_name(history->state), samples, duration,
	                                                 run, tick, lp_definition_version_format(history, definition),
	                                                 lp_rule_version_format(history) });
	rows->count++;
	return true;
}

static bool print_history(struct lp_session *session, int64_t calculation_id, uint32_t most, struct lp_error *error)
{
	static const struct lp_table_column headings[] = { { "WINDOW FROM", false }, { "TO", false },
		                                           { "STATE", false },       { "SAMPLES", true },
		                                           { "TOOK", true },         { "RUN", true },
		                                           { "FOR", false },         { "DEFINITION", true },
		                                           { "RULE", false } };
	const struct lp_history_query query = lp_newest_history(calculation_id, most);
	struct rows rows = { .zone = session->zone };
	putchar('\n');
	rows.table = lp_table_new(stdout, headings, sizeof headings / sizeof *headings);
	bool ok = lp_store_each_history(session->store, &query, add_window, &rows, error);
	lp_table_end(rows.table);
	if (ok && rows.count == 0)
		puts("  no windows computed, or their outcomes are past their retention");
	return ok;
}

/*
 * Prints inputs, parameters and outputs, which do not come with a state; those of
 * a disabled calculation are not read.
 */
static bool print_definition(struct lp_session *session, int64_t calculation_id, struct lp_error *error)
{
	struct lp_batch *batch = lp_batch_new(NULL);
	bool ok = lp_store_read_calculations(session->store, &calculation_id, 1, batch, error);
	if (ok && batch->calculation_count == 1)
		lp_status_print_definition(&batch->calculations[0]);
	lp_batch_free(batch);
	return ok;
}

static bool count_one(void *context, const struct lp_status *status, struct lp_error *error)
{
	uint64_t *count = context;
	(void)status;
	(void)error;
	return ++*count < 2;
}

/* Finds out whether one calculation is meant: the name has no * or ? in it, or only one matches. */
static bool is_one(struct lp_session *session, const struct request *request, bool *one, struct lp_error *error)
{
	uint64_t count = 0;
	bool read = lp_store_each_status(session->store, &request->filter, count_one, &count, error);
	*one = count == 1;
	if (!read && count < 2)
		return false;
	if (count > 0 || request->filter.failed || request->filter.rule != NULL || request->filter.label_name != NULL ||
	    request->filter.mode != NULL)
		return true;
	if (strpbrk(request->filter.name, "*?") != NULL)
		return lp_fail(error, LP_EXIT_DATA, "no calculation has a name like %.*s",
		               LP_CUT(300, request->filter.name));
	lp_fail(error, LP_EXIT_DATA, "there is no calculation \"%.*s\"", LP_CUT(300, request->filter.name));
	char *part = lp_format_text("*%.*s*", LP_CUT(100, request->filter.name)), *pattern = lp_shell_word(part);
	lp_hint(error, "`local-processing status` lists all; parts of names are found by %s.", pattern);
	free(pattern);
	free(part);
	return false;
}

static bool print_states(struct lp_session *session, const struct request *request, bool detail, uint64_t *failing,
                         struct lp_error *error)
{
	static const struct lp_table_column headings[] = { { "NAME", false },   { "STATE", false },
		                                           { "SINCE", false },  { "LAST WINDOW", false },
		                                           { "TOOK", true },    { "OWED", true },
		                                           { "MESSAGE", false } };
	struct status_view view = { .filter = &request->filter, .zone = session->zone };
	if (!detail)
		view.table = lp_table_new(stdout, headings, sizeof headings / sizeof *headings);
	bool ok = lp_waits_find(session->store, lp_now(), view.zone, &view.waits, error) &&
	          lp_store_each_status(session->store, &request->filter, show_one, &view, error);
	lp_waits_free(&view.waits);
	if (view.table != NULL)
		lp_table_end(view.table);
	*failing = view.failing;
	/* It may have been deleted after it was counted. */
	if (ok && detail && view.count == 1)
		return print_definition(session, view.calculation_id, error) &&
		       print_history(session, view.calculation_id, request->history, error);
	return ok && print_summary(session, &view, error);
}

static bool add_run(void *context, const struct lp_run *run, struct lp_error *error)
{
	struct rows *rows = context;
	char id[24], tick[40], started[40], took[24] = "", numbers[5][24];
	(void)error;
	snprintf(id, sizeof id, "%" PRId64, run->id);
	lp_time_format(run->tick, rows->zone, tick);
	lp_status_format_second(run->started, rows->zone, started);
	if (run->ended != LP_TIME_NONE)
		lp_nanoseconds_format((run->ended - run->started) * 1000, took);
	const uint64_t counts[] = { run->windows, lp_run_count_failed(run), run->samples_read, run->samples_written,
		                    run->still_due };
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		snprintf(numbers[i], sizeof numbers[i], "%" PRIu64, counts[i]);
	lp_table_row(rows->table, (const char *const[]){ id, tick, started, took, numbers[0], numbers[1], numbers[2],
	                                                 numbers[3], numbers[4], run->result, run->error });
	rows->count++;
	return true;
}

static bool print_runs(struct lp_session *session, uint32_t most, struct lp_error *error)
{
	static const struct lp_table_column headings[] = {
		{ "RUN", true },       { "FOR", false },    { "STARTED", false }, { "TOOK", true },
		{ "WINDOWS", true },   { "FAILED", true },  { "READ", true },     { "WRITTEN", true },
		{ "STILL DUE", true }, { "RESULT", false }, { "ERROR", false }
	};
	struct rows rows = { .zone = session->zone };
	rows.table = lp_table_new(stdout, headings, sizeof headings / sizeof *headings);
	bool ok = lp_store_each_run(session->store, LP_NEWEST_RUNS(most), add_run, &rows, error);
	lp_table_end(rows.table);
	if (ok && rows.count == 0)
		puts("There was no run yet, or all are past their retention.");
	return ok;
}

static bool print_json(struct lp_session *session, const struct request *request, bool detail, uint64_t *failing,
                       struct lp_error *error)
{
	struct lp_document document = lp_output_document();
	const struct lp_status_query query = { .filter = request->filter,
		                               .zone = session->zone,
		                               .history = detail ? request->history : 0 };
	bool ok = request->runs ? lp_show_runs(&document, session->store, request->history, session->zone, error)
	                        : lp_show_status(&document, session->store, &query, failing, error);
	return lp_document_end(&document, ok, error);
}

static bool check(void *data, struct lp_overrides *overrides, struct lp_error *error)
{
	struct request *request = data;
	(void)overrides;
	if (request->history == 0)
		request->history = request->runs ? RUNS_DEFAULT : HISTORY_DEFAULT;
	request->filter.name = request->names.count == 1 ? request->names.items[0] : NULL;
	if (request->runs && (request->filter.name != NULL || request->filter.failed || request->filter.rule != NULL ||
	                      request->label != NULL || request->live || request->shadow))
		return lp_fail(error, LP_EXIT_USAGE,
		               "--runs shows runs: no name, --failed, --rule, --label, --live or --shadow with it");
	if (request->live && request->shadow)
		return lp_fail(error, LP_EXIT_USAGE,
		               "--live and --shadow exclude each other: without both, all are shown");
	if (request->live || request->shadow)
		request->filter.mode = lp_mode_names[request->shadow ? LP_MODE_SHADOW : LP_MODE_LIVE];
	if (request->label != NULL) {
		char *equals = strchr(request->label, '=');
		if (equals == NULL || equals == request->label)
			return lp_fail(error, LP_EXIT_USAGE, "--label %s: expected NAME=VALUE", request->label);
		*equals = '\0';
		request->filter.label_name = request->label;
		request->filter.label_value = equals + 1;
	}
	return true;
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct request *request = data;
	uint64_t failing = 0;
	bool detail = false, ok = request->filter.name == NULL || is_one(session, request, &detail, error);
	if (ok && request->json)
		ok = print_json(session, request, detail, &failing, error);
	else if (ok && request->runs)
		ok = print_runs(session, request->history, error);
	else if (ok)
		ok = print_states(session, request, detail, &failing, error);
	return ok && (failing == 0 || !request->exit_code || lp_command_exit(error, LP_EXIT_FAILED_CALCULATIONS));
}

static const struct lp_option options[] = {
	{ .name = "--failed", .field = offsetof(struct request, filter.failed) },
	{ .name = "--rule", .value = "RULE", .field = offsetof(struct request, filter.rule) },
	{ .name = "--label", .value = "NAME=VALUE", .field = offsetof(struct request, label) },
	{ .name = "--live", .field = offsetof(struct request, live) },
	{ .name = "--shadow", .field = offsetof(struct request, shadow) },
	{ .name = "--history", .value = "N", .form = LP_OPTION_COUNT, .field = offsetof(struct request, history) },
	{ .name = "--runs", .field = offsetof(struct request, runs) },
	{ .name = "--json", .field = offsetof(struct request, json) },
	{ .name = "--exit-code", .field = offsetof(struct request, exit_code) },
	{ .name = NULL },
};

const struct lp_command lp_command_status = {
	.name = "status",
	.summary = "show what became of the calculations, and of the runs",
	.help = "Usage: local-processing status [OPTION...] [NAME]\n"
		"\n"
		"Shows the state of each calculation, since when, its last window, and what went wrong. NAME may\n"
		"have * and ? in it; where it is the name of one calculation, everything about that is shown:\n"
		"the error with its traceback, the windows that are owed, the last ones computed.\n"
		"\n"
		"  --failed            only those whose state is a failure\n"
		"  --rule RULE         only those with this rule\n"
		"  --label NAME=VALUE  only those with this label\n"
		"  --live              only those that are live\n"
		"  --shadow            only those in shadow\n"
		"  --history N         of one calculation: its last N windows (10)\n"
		"  --runs              the runs instead, newest first (20; or as many as --history says)\n"
		"  --json              a list of objects\n"
		"  --exit-code         exit 1 if a calculation that is shown fails, for scripts and monitoring; of\n"
		"                      those in shadow only with --shadow\n"
		"\n"
		"States:\n"
#define FAILURE_true                                " (a failure)"
#define FAILURE_false                               ""
#define STATE(name, number, word, failure, meaning) "  " word FAILURE_##failure ": " meaning "\n"
#include "model/state.table"
		"\n"
		"Examples:\n"
		"  local-processing status --failed\n"
		"  local-processing status 'p1/*'\n"
		"  local-processing status 'p1/specific energy' --history 50\n"
		"  local-processing status --failed --json --exit-code\n",
	.options = options,
	.operands = { .most = 1,
	              .what = "one name",
	              .hint = "Names with blanks go in quotes, and so do * and ?: 'p1/*'.",
	              .field = offsetof(struct request, names) },
	.request_size = sizeof(struct request),
	.need = LP_NEED_STORE,
	.check = check,
	.run = run,
};
