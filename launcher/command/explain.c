/* `explain`: where a stored result comes from. */
#include "calendar/calendar.h"
#include "command/command.h"
#include "command/hold.h"
#include "command/output.h"
#include "command/selection.h"
#include "command/table.h"
#include "command/times.h"
#include "model/clock.h"
#include "schedule/schedule.h"
#include "text/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HISTORY_MOST = 20 };

struct request {
	struct lp_words operands;
	bool json;
};

struct explanation {
	struct lp_store *store;
	const struct lp_zone *zone; /* for output */
	struct lp_arena arena;
	struct lp_series series;
	lp_time time;
	bool found;
	double value, coverage; /* coverage NaN: not known */
	uint8_t quality;
	const struct lp_input *pruned; /* an input that samples were pruned of which the window reads; or NULL */
	int32_t samples;               /* < 0: measured */
	bool computed;                 /* by a calculation; else measured, or somebody imported it */
	lp_time window_end;            /* of the window that made it; LP_TIME_NONE: not known */
	struct lp_batch *batch;        /* holds the calculation that writes the series; none: it is measured */
	const struct lp_calculation *calculation;
	struct lp_window window;
	bool has_window;
	struct lp_history history[HISTORY_MOST];
	size_t history_count;
	const char *rule_version; /* of the newest computation; NULL: not known */
	struct lp_status status;
	bool has_status;
	const char *waits; /* why a window that is over has not been computed; NULL: not known */
};

static bool take_sample(void *context, const struct lp_column *column, struct lp_error *error)
{
	struct explanation *told = context;
	(void)error;
	if (column->count == 0 || column->time[0] != told->time)
		return true;
	told->found = true;
	told->value = column->value[0];
	told->quality = column->quality == NULL ? LP_QUALITY_GOOD : column->quality[0];
	told->samples = column->samples == NULL ? -1 : column->samples[0];
	told->coverage = column->coverage == NULL ? (double)NAN : (double)column->coverage[0];
	told->window_end = column->window_end == NULL ? LP_TIME_NONE : column->window_end[0];
	told->computed = lp_column_is_computed(column, 0);
	return true;
}

static bool take_history(void *context, const struct lp_history *history, struct lp_error *error)
{
	struct explanation *told = context;
	(void)error;
	if (told->history_count < HISTORY_MOST && history->window.end == told->window.end)
		told->history[told->history_count++] = *history;
	return true;
}

static bool take_status(void *context, const struct lp_status *status, struct lp_error *error)
{
	struct explanation *told = context;
	(void)error;
	if (status->calculation.id != told->calculation->id)
		return true;
	told->status = *status;
	told->status.error_type = lp_arena_text(&told->arena, status->error_type == NULL ? "" : status->error_type);
	told->status.error_message =
		lp_arena_text(&told->arena, status->error_message == NULL ? "" : status->error_message);
	told->status.cause = status->cause == NULL ? NULL : lp_arena_text(&told->arena, status->cause);
	told->has_status = true;
	return true;
}

/*
 * The window that is stored with a result.  Where there is none: the window
 * whose number is stored at that time; of a rule that gives series, the one that the time lies in.
 */
static bool find_window(struct explanation *told, struct lp_error *error)
{
	const struct lp_calculation *calculation = told->calculation;
	const struct lp_zone *zone;
	struct lp_error problem;
	(void)error;
	/* Its windows are not known: all else is told. */
	if (!lp_zone_find(calculation->schedule.zone, &zone, &problem)) {
		told->waits = lp_arena_text(&told->arena, problem.what);
		return true;
	}
	if (told->window_end != LP_TIME_NONE) {
		told->has_window = lp_window_ending_by(&calculation->schedule, zone, told->window_end, &told->window) &&
		                   told->window.end == told->window_end;
		return true;
	}
	if (calculation->result_time == LP_RESULT_AT_END) {
		told->has_window = lp_window_ending_by(&calculation->schedule, zone, told->time, &told->window) &&
		                   told->window.end == told->time;
		if (told->has_window)
			return true;
	}
	/* Sliding windows that hold the time are several: the one that begins there, if one does, is the last of them. */
	const struct lp_schedule *schedule = &calculation->schedule;
	const struct lp_input_extent whole = { .lookback = 0 };
	struct lp_window_range touched;
	told->has_window = lp_schedule_affected(schedule, zone, &whole, told->time, told->time, &touched) &&
	                   lp_window_ending_by(schedule, zone, touched.until_end, &told->window);
	if (told->has_window && told->window.start != told->time)
		told->has_window = lp_window_ending_after(schedule, zone, touched.after_end, &told->window);
	return true;
}

/* As a run decides it. */
static bool find_pruned(struct explanation *told, struct lp_error *error)
{
	const struct lp_calculation *calculation = told->calculation;
	const struct lp_zone *zone;
	if (!lp_zone_find(calculation->schedule.zone, &zone, error))
		return false;
	lp_batch_plan(told->batch, &told->window, 1);
	struct lp_task *task = told->batch->tasks;
	for (size_t i = 0; i < calculation->input_count && told->batch->task_count > 0; i++)
		if (!lp_input_range(&calculation->schedule, zone, told->window, calculation->inputs[i].window,
		                    calculation->inputs[i].shift, &task->ranges[i]))
			task->ranges[i] = (struct lp_window){ told->window.start, told->window.start };
	if (!lp_store_fetch(told->store, told->batch, error))
		return false;
	lp_batch_leave_pruned(told->batch);
	told->pruned = told->batch->task_count > 0 ? task->pruned : NULL;
	return true;
}

static bool find_calculation(struct explanation *told, struct lp_error *error)
{
	int64_t id;
	if (!lp_store_writer(told->store, told->series.id, &id, error))
		return false;
	if (id == 0)
		return true;
	told->batch = lp_batch_new(NULL);
	if (!lp_store_read_calculations(told->store, &id, 1, told->batch, error))
		return false;
	/* One that is disabled is not read: its definition is not in force. */
	told->calculation = told->batch->calculation_count > 0 ? &told->batch->calculations[0] : NULL;
	return true;
}

/* Then there is nothing to tell of windows, samples and runs. */
static bool is_imported(const struct explanation *told)
{
	return told->found && !told->computed && told->batch != NULL;
}

static const char *origin_of(const struct explanation *told)
{
	return !told->found ? NULL : told->computed ? "computed" : told->batch == NULL ? "measured" : "imported";
}

struct waiting {
	struct explanation *told;
	int64_t batch_id, upstream;
	const char *writer;
};

static bool take_edge(void *context, const struct lp_edge *edge, struct lp_error *error)
{
	struct waiting *waiting = context;
	(void)error;
	waiting->batch_id = edge->reader_batch;
	if (edge->writer_batch == waiting->upstream && waiting->writer == NULL)
		waiting->writer = lp_arena_text(&waiting->told->arena, edge->writer);
	return true;
}

/* What keeps its window: by the name of who writes what it reads. */
static bool find_hold(struct explanation *told, struct lp_error *error)
{
	struct waiting waiting = { .told = told };
	struct lp_hold hold;
	bool held = false;
	if (!lp_store_each_edge(told->store, 0, told->calculation->id, take_edge, &waiting, error))
		return false;
	if (waiting.batch_id == 0)
		return true;
	if (!lp_hold_of(told->store, lp_now(), waiting.batch_id, &told->window, &held, &hold, error))
		return false;
	if (!held)
		return true;
	waiting.upstream = hold.upstream;
	if (!lp_store_each_edge(told->store, 0, told->calculation->id, take_edge, &waiting, error))
		return false;
	told->waits = lp_hold_describe(&hold, waiting.writer == NULL ? "another calculation" : waiting.writer, false,
	                               told->zone, &told->arena);
	return true;
}

static bool take_missed(void *context, const struct lp_owed *owed, struct lp_error *error)
{
	struct explanation *told = context;
	(void)error;
	if (owed->calculation_id == told->calculation->id && owed->reason == LP_REASON_CATCH_UP &&
	    told->window.end > owed->after_end && told->window.end <= owed->until_end)
		told->waits = "the window was missed, and is made up for after newer ones: see `local-processing due`";
	return true;
}

static bool find_out(struct explanation *told, struct lp_error *error)
{
	told->samples = -1;
	told->window_end = LP_TIME_NONE;
	told->coverage = (double)NAN;
	if (!lp_store_read_samples(told->store, told->series.id, told->time, told->time + 1, 1, take_sample, told,
	                           error) ||
	    !find_calculation(told, error))
		return false;
	if (told->calculation == NULL)
		return true;
	if (is_imported(told))
		return true;
	struct lp_status_filter filter = { .name = told->calculation->name };
	if (!find_window(told, error) || !lp_store_each_status(told->store, &filter, take_status, told, error))
		return false;
	if (!told->has_window)
		return true;
	if (told->has_status && told->window.end > told->status.watermark && !find_hold(told, error))
		return false;
	if (told->has_status && told->status.owed > 0 && told->window.end <= told->status.watermark &&
	    !lp_store_each_owed(told->store, LP_RUN_MINUTE, -1, take_missed, told, error))
		return false;
	struct lp_history_query query = { .calculation_id = told->calculation->id,
		                          .from = told->window.end - 1,
		                          .to = told->window.end,
		                          .most = HISTORY_MOST };
	if (!lp_store_each_history(told->store, &query, take_history, told, error) || !find_pruned(told, error))
		return false;
	return told->history_count == 0 ||
	       lp_store_rule_version(told->store, told->calculation->rule, told->history[0].run_id, &told->arena,
	                             &told->rule_version, error);
}

static bool count_column(void *context, const struct lp_column *column, struct lp_error *error)
{
	uint64_t *counts = context;
	(void)error;
	for (size_t i = 0; i < column->count; i++)
		counts[lp_sample_is_missing(column->value[i],
		                            column->quality == NULL ? LP_QUALITY_GOOD : column->quality[i])]++;
	return true;
}

/* The range of an input, and what the store has of it now: counts[0] good, counts[1] missing. */
static bool look_at_input(const struct explanation *told, const struct lp_input *input, struct lp_window *range,
                          uint64_t counts[2], struct lp_error *error)
{
	const struct lp_zone *zone;
	counts[0] = counts[1] = 0;
	if (!lp_zone_find(told->calculation->schedule.zone, &zone, error))
		return false;
	if (!lp_input_range(&told->calculation->schedule, zone, told->window, input->window, input->shift, range))
		return true;
	return lp_store_read_samples(told->store, input->series_id, range->start, range->end, 0, count_column, counts,
	                             error);
}

/* Why there is no result, as far as that is known. */
static const char *why_none(const struct explanation *told)
{
	const struct lp_calculation *calculation = told->calculation;
	if (told->batch == NULL)
		return "there is no sample, and no calculation writes the series";
	if (calculation == NULL)
		return "its calculation is disabled: no run computes it";
	if (!told->has_window && told->waits != NULL)
		return told->waits;
	if (!told->has_window)
		return "no window of its calculation covers that time";
	if (calculation->start != LP_TIME_NONE && told->window.start < calculation->start)
		return "the window begins before the calculation's start";
	if (told->waits != NULL)
		return told->waits;
	if (!told->has_status || told->status.watermark == LP_TIME_NONE)
		return "the calculation has not run yet";
	if (told->window.end > told->status.watermark)
		return "the window is not due yet, or no run has come to it";
	if (told->pruned != NULL)
		return "samples of its window were pruned: what is left would give a wrong one";
	if (told->history_count == 0)
		return "the window was never computed, or its outcome is past its retention";
	switch (told->history[0].state) {
	case LP_STATE_OK:
		return "the rule gave results, but none at that time";
	case LP_STATE_NO_DATA:
		return "the rule had nothing to say, or its samples were too few";
	case LP_STATE_FAILED:
	case LP_STATE_TIMED_OUT:
	case LP_STATE_CRASHED:
		return "the rule failed; the window is tried again";
	case LP_STATE_GIVEN_UP:
		return "the rule failed at the last attempt: see `local-processing retry --help`";
	case LP_STATE_WAITING:
		return "it waits for a calculation that failed";
	case LP_STATE_TRIPPED:
		return "its rule is stopped, because most of its calculations fail";
	default:
		return "the run ended before it came to it";
	}
}

static bool print_inputs(const struct explanation *told, struct lp_error *error)
{
	static const struct lp_table_column headings[] = { { "  INPUT", false }, { "SERIES", false },
		                                           { "FROM", false },    { "TO", false },
		                                           { "GOOD", true },     { "MISSING", true } };
	struct lp_table *table = lp_table_new(stdout, headings, sizeof headings / sizeof *headings);
	bool good = true;
	for (size_t i = 0; i < told->calculation->input_count && good; i++) {
		const struct lp_input *input = &told->calculation->inputs[i];
		struct lp_window range = told->window;
		uint64_t counts[2];
		char name[80], from[40], to[40], present[32], missing[32];
		good = look_at_input(told, input, &range, counts, error);
		snprintf(name, sizeof name, "  %.70s", input->name);
		lp_time_format(range.start, told->zone, from);
		lp_time_format(range.end, told->zone, to);
		snprintf(present, sizeof present, "%" PRIu64, counts[0]);
		snprintf(missing, sizeof missing, "%" PRIu64, counts[1]);
		lp_table_row(table, (const char *const[]){ name, input->series, from, to, present, missing });
	}
	lp_table_end(table);
	return good;
}

static void print_history(const struct explanation *told)
{
	static const struct lp_table_column headings[] = {
		{ "  COMPUTED FOR", false }, { "RUN", true }, { "WHY", false }, { "STATE", false }, { "SAMPLES", true }
	};
	struct lp_table *table = lp_table_new(stdout, headings, sizeof headings / sizeof *headings);
	for (size_t i = 0; i < told->history_count; i++) {
		const struct lp_history *history = &told->history[i];
		char tick[40], shown[48], run_id[32], samples[32];
		lp_time_format(history->tick, told->zone, tick);
		snprintf(shown, sizeof shown, "  %s", tick);
		snprintf(run_id, sizeof run_id, "%" PRId64, history->run_id);
		snprintf(samples, sizeof samples, "%" PRIu32, history->samples_read);
		lp_table_row(table, (const char *const[]){ shown, run_id, lp_reason_name(history->reason),
		                                           lp_state_name(history->state), samples });
	}
	lp_table_end(table);
}

static void print_pruned(const struct explanation *told)
{
	char from[40], to[40];
	lp_time_format(told->pruned->pruned.start, told->zone, from);
	lp_time_format(told->pruned->pruned.end - 1, told->zone, to);
	lp_print("  pruned        samples of %s from %s to %s: %s\n", told->pruned->series, from, to,
	         told->found ? "this cannot be computed again, and is left as it is"
	                     : "this cannot be computed; see `local-processing import --help`");
}

/* In one line: a message cannot look like what is told by others. */
static void print_last_error(const struct lp_status *status)
{
	fputs("  last error    ", stdout);
	lp_print_line(stdout, status->error_type);
	fputs(status->error_type[0] == '\0' ? "" : ": ", stdout);
	lp_print_line(stdout, status->error_message);
	putchar('\n');
}

static bool print(const struct explanation *told, struct lp_error *error)
{
	const struct lp_calculation *calculation = told->calculation;
	char time[40], from[40], to[40], number[32];
	lp_time_format(told->time, told->zone, time);
	lp_print("%s at %s\n", told->series.name, time);
	if (told->found) {
		lp_number_format(told->value, number);
		lp_print("  value         %s%s%s%s\n", number, told->series.unit[0] == '\0' ? "" : " ",
		         told->series.unit,
		         told->quality == LP_QUALITY_GOOD        ? ""
		         : told->quality == LP_QUALITY_UNCERTAIN ? ", uncertain"
		                                                 : ", bad");
		if (told->samples >= 0)
			printf("  computed from %d good sample%s", (int)told->samples, told->samples == 1 ? "" : "s");
		if (told->samples >= 0 && !isnan(told->coverage))
			printf(", coverage %.4g", told->coverage);
		if (told->samples >= 0)
			putchar('\n');
	}
	if (told->batch == NULL && told->computed) {
		puts("  origin        computed, by a calculation that is not there any more");
		return true;
	}
	if (told->batch == NULL) {
		puts(told->found ? "  origin        measured: no calculation writes this series"
		                 : "  no sample     and no calculation writes this series");
		return true;
	}
	if (is_imported(told))
		puts("  origin        imported: no calculation computed it, and none writes over it but\n"
		     "                `local-processing backfill --replace-imported`");
	if (calculation == NULL) {
		puts("  calculation   disabled: no run computes it");
		return true;
	}
	if (!told->found)
		lp_print("  no result     %s\n", why_none(told));
	lp_print("  calculation   %s, definition version %d\n", calculation->name, (int)calculation->version);
	if (is_imported(told))
		return true;
	lp_print("  rule          %s%s%s\n", calculation->rule, told->rule_version == NULL ? "" : ", version ",
	         told->rule_version == NULL ? "" : told->rule_version);
	if (strcmp(calculation->parameters, "{}") != 0) {
		fputs("  parameters    ", stdout);
		lp_print_json(calculation->parameters);
		putchar('\n');
	}
	if (told->has_status && told->status.cause != NULL)
		lp_print("  waits for     %s, which failed\n", told->status.cause);
	if (told->has_status && told->status.error_message[0] != '\0')
		print_last_error(&told->status);
	if (told->has_status && told->status.owed > 0)
		printf("  owed          some of its windows are to be computed again: see `local-processing due`\n");
	if (told->pruned != NULL)
		print_pruned(told);
	if (!told->has_window && told->window_end != LP_TIME_NONE) {
		lp_time_format(told->window_end, told->zone, to);
		printf("  window        to %s, of an earlier schedule: there is no such window now\n", to);
	}
	if (!told->has_window)
		return true;
	lp_time_format(told->window.start, told->zone, from);
	lp_time_format(told->window.end, told->zone, to);
	printf("  window        %s to %s\n\n", from, to);
	if (calculation->input_count > 0 && !print_inputs(told, error))
		return false;
	if (told->history_count > 0)
		putchar('\n');
	print_history(told);
	return true;
}

static bool print_json_inputs(const struct explanation *told, struct lp_error *error)
{
	fputs("  \"inputs\": [", stdout);
	for (size_t i = 0; i < told->calculation->input_count; i++) {
		const struct lp_input *input = &told->calculation->inputs[i];
		struct lp_window range = told->window;
		uint64_t counts[2];
		if (!look_at_input(told, input, &range, counts, error))
			return false;
		fputs(i == 0 ? "{" : ", {", stdout);
		lp_print_json_text("name", input->name);
		fputs(", ", stdout);
		lp_print_json_text("series", input->series);
		fputs(", ", stdout);
		lp_print_json_time("from", range.start, told->zone);
		fputs(", ", stdout);
		lp_print_json_time("to", range.end, told->zone);
		printf(", \"good\": %" PRIu64 ", \"missing\": %" PRIu64 "}", counts[0], counts[1]);
	}
	fputs("],\n", stdout);
	return true;
}

static bool print_json(const struct explanation *told, struct lp_error *error)
{
	const struct lp_calculation *calculation = told->calculation;
	char number[32];
	fputs("{\n  ", stdout);
	lp_print_json_text("series", told->series.name);
	fputs(", ", stdout);
	lp_print_json_time("time", told->time, told->zone);
	lp_number_format(told->value, number);
	fputs(",\n  ", stdout);
	lp_print_json_text("origin", origin_of(told));
	printf(", \"value\": %s, \"samples\": ", told->found && isfinite(told->value) ? number : "null");
	if (told->samples >= 0)
		printf("%d", (int)told->samples);
	else
		fputs("null", stdout);
	if (isnan(told->coverage))
		fputs(", \"coverage\": null,\n", stdout);
	else
		printf(", \"coverage\": %.6g,\n", told->coverage);
	fputs("  ", stdout);
	lp_print_json_text("no_result", told->found ? NULL : why_none(told));
	fputs(", ", stdout);
	lp_print_json_text("calculation", calculation == NULL ? NULL : calculation->name);
	fputs(", ", stdout);
	lp_print_json_text("rule", calculation == NULL ? NULL : calculation->rule);
	fputs(", ", stdout);
	lp_print_json_text("rule_version", told->rule_version);
	fputs(", ", stdout);
	lp_print_json_time("pruned_to", told->pruned == NULL ? LP_TIME_NONE : told->pruned->pruned.end - 1, told->zone);
	fputs(",\n", stdout);
	if (calculation != NULL && told->has_window) {
		fputs("  ", stdout);
		lp_print_json_time("window_start", told->window.start, told->zone);
		fputs(", ", stdout);
		lp_print_json_time("window_end", told->window.end, told->zone);
		fputs(",\n", stdout);
		if (!print_json_inputs(told, error))
			return false;
	}
	fputs("  \"computed\": [", stdout);
	for (size_t i = 0; i < told->history_count; i++) {
		const struct lp_history *history = &told->history[i];
		printf("%s{\"run\": %" PRId64 ", ", i == 0 ? "" : ", ", history->run_id);
		lp_print_json_time("tick", history->tick, told->zone);
		fputs(", ", stdout);
		lp_print_json_text("reason", lp_reason_name(history->reason));
		fputs(", ", stdout);
		lp_print_json_text("state", lp_state_name(history->state));
		printf(", \"samples_read\": %" PRIu32 "}", history->samples_read);
	}
	fputs("]\n}\n", stdout);
	return true;
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct request *request = data;
	struct explanation told = { .store = session->store, .zone = session->zone };
	bool good = lp_option_time("TIME", request->operands.items[1], session->zone, &told.time, error) &&
	            lp_series_named(session->store, request->operands.items[0], &told.arena, &told.series, error) &&
	            find_out(&told, error) && (request->json ? print_json(&told, error) : print(&told, error));
	lp_batch_free(told.batch);
	lp_arena_free(&told.arena);
	return good;
}

static const struct lp_option options[] = {
	{ .name = "--json", .field = offsetof(struct request, json) },
	{ .name = NULL },
};

const struct lp_command lp_command_explain = {
	.name = "explain",
	.summary = "where a result comes from: calculation, rule, inputs, runs",
	.help = "Usage: local-processing explain [OPTION...] SERIES TIME\n"
		"\n"
		"Tells of the result that a series has at a time: the calculation that writes it, the version of its\n"
		"rule, what it read and how complete that was, and when and why its window was computed. Where there\n"
		"is no such result, it tells why, as far as that is known. Of one that somebody imported it tells that.\n"
		"\n"
		"  --json  as JSON\n"
		"\n"
		"Exits 0 when it is told, 65 when there is no such series.\n"
		"\n"
		"Examples:\n"
		"  local-processing explain p1/energy/day 2026-03-01\n"
		"  local-processing explain p1/flow/1min 2026-03-01T12:00:00Z --json\n",
	.options = options,
	.operands = { .least = 2,
	              .most = 2,
	              .what = "a series and a time",
	              .hint = "As in: local-processing explain p1/energy/day 2026-03-01.",
	              .field = offsetof(struct request, operands) },
	.request_size = sizeof(struct request),
	.need = LP_NEED_STORE,
	.run = run,
};
