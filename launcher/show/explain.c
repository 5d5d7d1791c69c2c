/* Where a result comes from, gathered and as JSON: see show.h. */
#include "show/show.h"

#include "model/clock.h"
#include "schedule/schedule.h"
#include "text/json.h"

#include <math.h>
#include <stdio.h>

static bool take_sample(void *context, const struct lp_column *column, struct lp_error *error)
{
	struct lp_explanation *why = context;
	(void)error;
	if (column->count == 0 || column->time[0] != why->time)
		return true;
	why->found = true;
	why->value = column->value[0];
	why->quality = column->quality == NULL ? LP_QUALITY_GOOD : column->quality[0];
	why->samples = column->samples == NULL ? -1 : column->samples[0];
	why->coverage = column->coverage == NULL ? (double)NAN : (double)column->coverage[0];
	why->window_end = column->window_end == NULL ? LP_TIME_NONE : column->window_end[0];
	why->computed = lp_column_is_computed(column, 0);
	return true;
}

static bool take_history(void *context, const struct lp_history *history, struct lp_error *error)
{
	struct lp_explanation *why = context;
	(void)error;
	if (why->history_count == LP_EXPLAINED_HISTORY_MOST || history->window.end != why->window.end)
		return true;
	struct lp_history *kept = &why->history[why->history_count++];
	*kept = *history;
	kept->rule_version = history->rule_version == NULL ? NULL : lp_arena_text(&why->arena, history->rule_version);
	return true;
}

static bool take_status(void *context, const struct lp_status *status, struct lp_error *error)
{
	struct lp_explanation *why = context;
	(void)error;
	if (status->calculation.id != why->calculation->id)
		return true;
	why->status = *status;
	why->status.error_type = lp_arena_text(&why->arena, status->error_type == NULL ? "" : status->error_type);
	why->status.error_message =
		lp_arena_text(&why->arena, status->error_message == NULL ? "" : status->error_message);
	why->status.cause = status->cause == NULL ? NULL : lp_arena_text(&why->arena, status->cause);
	why->has_status = true;
	return true;
}

/*
 * The window that is stored with a result.  Where there is none: the window
 * whose number is stored at that time; of a rule that gives series, the one that the time lies in.
 */
static bool find_window(struct lp_explanation *why, struct lp_error *error)
{
	const struct lp_calculation *calculation = why->calculation;
	const struct lp_zone *zone;
	struct lp_error problem;
	(void)error;
	/* Its windows are not known: all else is shown. */
	if (!lp_zone_find(calculation->schedule.zone, &zone, &problem)) {
		why->waits = lp_arena_text(&why->arena, problem.what);
		return true;
	}
	if (why->window_end != LP_TIME_NONE) {
		why->has_window = lp_window_ending_by(&calculation->schedule, zone, why->window_end, &why->window) &&
		                  why->window.end == why->window_end;
		return true;
	}
	if (calculation->result_time == LP_RESULT_AT_END) {
		why->has_window = lp_window_ending_by(&calculation->schedule, zone, why->time, &why->window) &&
		                  why->window.end == why->time;
		if (why->has_window)
			return true;
	}
	/* Sliding windows that hold the time are several: the one that begins there, if one does, is the last of them. */
	const struct lp_schedule *schedule = &calculation->schedule;
	const struct lp_input_extent whole = { .lookback = 0 };
	struct lp_window_range touched;
	why->has_window = lp_schedule_affected(schedule, zone, &whole, why->time, why->time, &touched) &&
	                  lp_window_ending_by(schedule, zone, touched.until_end, &why->window);
	if (why->has_window && why->window.start != why->time)
		why->has_window = lp_window_ending_after(schedule, zone, touched.after_end, &why->window);
	return true;
}

/* Finds an input whose samples were pruned, as a run decides it. */
static bool find_pruned(struct lp_explanation *why, struct lp_error *error)
{
	const struct lp_calculation *calculation = why->calculation;
	const struct lp_zone *zone;
	if (!lp_zone_find(calculation->schedule.zone, &zone, error))
		return false;
	lp_batch_plan(why->batch, &why->window, 1);
	struct lp_task *task = why->batch->tasks;
	for (size_t i = 0; i < calculation->input_count && why->batch->task_count > 0; i++)
		if (!lp_input_range(&calculation->schedule, zone, why->window, calculation->inputs[i].window,
		                    calculation->inputs[i].shift, &task->ranges[i]))
			task->ranges[i] = (struct lp_window){ why->window.start, why->window.start };
	if (!lp_store_fetch(why->store, why->batch, error))
		return false;
	lp_batch_leave_pruned(why->batch);
	why->pruned = why->batch->task_count > 0 ? task->pruned : NULL;
	return true;
}

static bool find_calculation(struct lp_explanation *why, struct lp_error *error)
{
	int64_t id;
	if (!lp_store_writer(why->store, why->series.id, &id, error))
		return false;
	if (id == 0)
		return true;
	why->batch = lp_batch_new(NULL);
	if (!lp_store_read_calculations(why->store, &id, 1, why->batch, error))
		return false;
	/* One that is disabled is not read: its definition is not in force. */
	why->calculation = why->batch->calculation_count > 0 ? &why->batch->calculations[0] : NULL;
	return true;
}

bool lp_explanation_is_imported(const struct lp_explanation *why)
{
	return why->found && !why->computed && why->batch != NULL;
}

struct hold_scan {
	struct lp_explanation *why;
	int64_t batch_id, upstream;
	const char *writer;
};

static bool take_edge(void *context, const struct lp_edge *edge, struct lp_error *error)
{
	struct hold_scan *scan = context;
	(void)error;
	scan->batch_id = edge->reader_batch;
	if (edge->writer_batch == scan->upstream && scan->writer == NULL)
		scan->writer = lp_arena_text(&scan->why->arena, edge->writer);
	return true;
}

/* Finds what its window waits for, with the name of the calculation that writes it. */
static bool find_hold(struct lp_explanation *why, struct lp_error *error)
{
	struct hold_scan scan = { .why = why };
	struct lp_hold hold;
	if (!lp_store_each_edge(why->store, 0, why->calculation->id, take_edge, &scan, error))
		return false;
	if (scan.batch_id == 0)
		return true;
	if (!lp_hold_of(why->store, lp_now(), scan.batch_id, &why->window, &hold, error))
		return false;
	if (hold.kind == LP_HOLD_NOTHING)
		return true;
	scan.upstream = hold.upstream;
	if (!lp_store_each_edge(why->store, 0, why->calculation->id, take_edge, &scan, error))
		return false;
	why->waits = lp_hold_describe(&hold, scan.writer == NULL ? "another calculation" : scan.writer, false,
	                              why->zone, &why->arena);
	return true;
}

static bool take_missed(void *context, const struct lp_owed *owed, struct lp_error *error)
{
	struct lp_explanation *why = context;
	(void)error;
	if (owed->calculation_id == why->calculation->id && owed->reason == LP_REASON_CATCH_UP &&
	    why->window.end > owed->after_end && why->window.end <= owed->until_end)
		why->waits = "the window was missed, and is made up for after newer ones: see `local-processing due`";
	return true;
}

static bool count_column(void *context, const struct lp_column *column, struct lp_error *error)
{
	struct lp_explained_input *input = context;
	(void)error;
	for (size_t i = 0; i < column->count; i++) {
		uint8_t quality = column->quality == NULL ? LP_QUALITY_GOOD : column->quality[i];
		bool missing = lp_sample_is_missing(column->value[i], quality);
		input->missing += missing;
		input->good += !missing;
	}
	return true;
}

/* The range of each input, and what the store has of it now. */
static bool count_inputs(struct lp_explanation *why, struct lp_error *error)
{
	const struct lp_calculation *calculation = why->calculation;
	const struct lp_schedule *schedule = &calculation->schedule;
	const struct lp_zone *zone;
	bool ok = lp_zone_find(schedule->zone, &zone, error);
	why->inputs = lp_arena_zeroed(&why->arena, calculation->input_count, sizeof *why->inputs);
	for (size_t i = 0; i < calculation->input_count && ok; i++) {
		const struct lp_input *input = &calculation->inputs[i];
		struct lp_explained_input *explained = &why->inputs[i];
		*explained = (struct lp_explained_input){ .input = input, .range = why->window };
		if (lp_input_range(schedule, zone, why->window, input->window, input->shift, &explained->range))
			ok = lp_store_read_samples(why->store,
			                           &(const struct lp_sample_query){ .series_id = input->series_id,
			                                                            .from = explained->range.start,
			                                                            .to = explained->range.end },
			                           count_column, explained, error);
	}
	return ok;
}

/* By which versions the result was computed. An earlier release has noted only which version a rule had in its run. */
static bool find_versions(struct lp_explanation *why, struct lp_error *error)
{
	size_t at = 0;
	while (why->found && at < why->history_count && why->history[at].state != LP_STATE_OK)
		at++;
	if (why->history_count == 0)
		return true;
	const struct lp_history *history = &why->history[at < why->history_count ? at : 0];
	why->definition_version = history->definition_version;
	why->rule_version = history->rule_version;
	return history->definition_version != 0 ||
	       lp_store_rule_version(why->store, why->calculation->rule, history->run_id, &why->arena,
	                             &why->rule_version, error);
}

/* What became of its window: what it waits for, its runs, its inputs. */
static bool find_runs(struct lp_explanation *why, struct lp_error *error)
{
	const struct lp_history_query query = { .calculation_id = why->calculation->id,
		                                .from = why->window.end - 1,
		                                .to = why->window.end,
		                                .most = LP_EXPLAINED_HISTORY_MOST };
	bool settled = why->has_status && why->window.end <= why->status.watermark, ok = true;
	if (why->has_status && !settled)
		ok = find_hold(why, error);
	else if (settled && why->status.owed > 0)
		ok = lp_store_each_owed(why->store, LP_RUN_MINUTE, -1, take_missed, why, error);
	ok = ok && lp_store_each_history(why->store, &query, take_history, why, error) && find_pruned(why, error);
	return ok && find_versions(why, error) && count_inputs(why, error);
}

bool lp_explain(struct lp_explanation *why, const char *series_name, struct lp_error *error)
{
	why->samples = -1;
	why->window_end = LP_TIME_NONE;
	why->coverage = (double)NAN;
	if (!lp_find_series(why->store, series_name, &why->arena, &why->series, error) ||
	    (why->shadow && !lp_series_in_shadow(&why->series, error)) ||
	    !lp_store_read_samples(
		    why->store,
		    &(const struct lp_sample_query){
			    .series_id = why->series.id, .from = why->time, .to = why->time + 1, .most = 1 },
		    take_sample, why, error) ||
	    !find_calculation(why, error))
		return false;
	if (why->calculation == NULL || lp_explanation_is_imported(why))
		return true;
	struct lp_status_filter filter = { .name = why->calculation->name };
	if (!find_window(why, error) || !lp_store_each_status(why->store, &filter, take_status, why, error))
		return false;
	return !why->has_window || find_runs(why, error);
}

void lp_explanation_free(struct lp_explanation *why)
{
	lp_batch_free(why->batch);
	lp_arena_free(&why->arena);
}

const char *lp_explanation_of_none(const struct lp_explanation *why)
{
	const struct lp_calculation *calculation = why->calculation;
	if (why->batch == NULL)
		return "there is no sample, and no calculation writes the series";
	if (calculation == NULL)
		return "its calculation is disabled: no run computes it";
	if (!why->has_window && why->waits != NULL)
		return why->waits;
	if (!why->has_window)
		return "no window of its calculation covers that time";
	if (calculation->start != LP_TIME_NONE && why->window.start < calculation->start)
		return "the window begins before the calculation's start";
	if (why->waits != NULL)
		return why->waits;
	if (!why->has_status || why->status.watermark == LP_TIME_NONE)
		return "the calculation has not run yet";
	if (why->window.end > why->status.watermark)
		return "the window is not due yet, or no run has come to it";
	if (why->pruned != NULL && lp_begins_later(why->pruned->pruned))
		return "its window reads a series in shadow from before its beginning: the result would be a wrong one";
	if (why->pruned != NULL)
		return "samples of its window were pruned: what is left would give a wrong one";
	if (why->history_count == 0)
		return "the window was never computed, or its outcome is past its retention";
	switch (why->history[0].state) {
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

static const char *origin_of(const struct lp_explanation *why)
{
	return !why->found ? NULL : why->computed ? "computed" : why->batch == NULL ? "measured" : "imported";
}

static void add_inputs(struct lp_text *json, const struct lp_explanation *why)
{
	lp_json_begin(json, "inputs", "[");
	for (size_t i = 0; i < why->calculation->input_count; i++) {
		const struct lp_explained_input *explained = &why->inputs[i];
		lp_json_begin(json, NULL, "{");
		lp_json_add_text(json, "name", explained->input->name);
		lp_json_add_text(json, "series", explained->input->series);
		lp_json_add_time(json, "from", explained->range.start, why->zone);
		lp_json_add_time(json, "to", explained->range.end, why->zone);
		lp_json_add_integer(json, "good", (int64_t)explained->good);
		lp_json_add_integer(json, "missing", (int64_t)explained->missing);
		lp_json_end(json, "}");
	}
	lp_json_end(json, "]");
}

static void add_history(struct lp_text *json, const struct lp_explanation *why)
{
	lp_json_begin(json, "computed", "[");
	for (size_t i = 0; i < why->history_count; i++) {
		const struct lp_history *history = &why->history[i];
		lp_json_begin(json, NULL, "{");
		lp_json_add_integer(json, "run", history->run_id);
		lp_json_add_time(json, "tick", history->tick, why->zone);
		lp_json_add_text(json, "reason", lp_reason_name(history->reason));
		lp_json_add_text(json, "state", lp_state_name(history->state));
		lp_json_add_integer(json, "samples_read", history->samples_read);
		lp_history_add_versions(json, history);
		lp_json_end(json, "}");
	}
	lp_json_end(json, "]");
}

static void add_sample(struct lp_text *json, const struct lp_explanation *why)
{
	char coverage[32] = "null";
	lp_json_add_text(json, "origin", origin_of(why));
	lp_json_add_number(json, "value", why->found ? why->value : (double)NAN);
	if (why->samples >= 0)
		lp_json_add_integer(json, "samples", why->samples);
	else
		lp_json_add_null(json, "samples");
	if (!isnan(why->coverage))
		snprintf(coverage, sizeof coverage, "%.6g", why->coverage);
	lp_json_add_stored(json, "coverage", coverage);
}

void lp_show_explanation(struct lp_text *json, const struct lp_explanation *why)
{
	const struct lp_calculation *calculation = why->calculation;
	lp_json_begin(json, NULL, "{\n  ");
	lp_json_add_text(json, "series", why->series.name);
	lp_json_add_time(json, "time", why->time, why->zone);
	lp_json_add_text(json, "mode", lp_mode_names[why->shadow ? LP_MODE_SHADOW : LP_MODE_LIVE]);
	lp_json_new_line(json, 2);
	add_sample(json, why);
	lp_json_new_line(json, 2);
	lp_json_add_text(json, "no_result", why->found ? NULL : lp_explanation_of_none(why));
	lp_json_add_text(json, "calculation", calculation == NULL ? NULL : calculation->name);
	if (why->definition_version == 0)
		lp_json_add_null(json, "definition_version");
	else
		lp_json_add_integer(json, "definition_version", why->definition_version);
	lp_json_add_text(json, "rule", calculation == NULL ? NULL : calculation->rule);
	lp_json_add_text(json, "rule_version", why->rule_version);
	lp_json_add_time(json, "pruned_to", why->pruned == NULL ? LP_TIME_NONE : why->pruned->pruned.end - 1,
	                 why->zone);
	if (calculation != NULL && why->has_window) {
		lp_json_new_line(json, 2);
		lp_json_add_time(json, "window_start", why->window.start, why->zone);
		lp_json_add_time(json, "window_end", why->window.end, why->zone);
		lp_json_new_line(json, 2);
		add_inputs(json, why);
	}
	lp_json_new_line(json, 2);
	add_history(json, why);
	lp_json_end(json, "\n}\n");
}
