/* A plant as a page shows it, gathered: see plant.h. */
#include "show/plant.h"

#include "model/clock.h"
#include "model/order.h"
#include "text/json.h"
#include "text/utf8.h"

#include <stdlib.h>
#include <string.h>

/* A window that became due less than this long before the tick is being computed, or about to be. */
#define JUST_DUE (2 * LP_MINUTE)
/* So many runs and backfills are looked at for the newest run. */
enum { NEWEST_RUNS = 50 };

void lp_plant_add_time(struct lp_text *json, const char *name, lp_time time)
{
	if (time == LP_TIME_NONE)
		lp_json_add_null(json, name);
	else
		lp_json_add_integer(json, name, time / 1000);
}

static const char *keep(struct lp_plant *plant, const char *text)
{
	return lp_arena_text(&plant->arena, text);
}

static struct lp_run keep_run(struct lp_plant *plant, const struct lp_run *run)
{
	struct lp_run kept = *run;
	kept.host = keep(plant, run->host);
	kept.program_version = keep(plant, run->program_version);
	kept.result = keep(plant, run->result);
	kept.error = keep(plant, run->error);
	return kept;
}

static bool take_run(void *context, const struct lp_run *run, struct lp_error *error)
{
	struct lp_plant *plant = context;
	(void)error;
	if (plant->runs_of_period++ >= LP_PLANT_RUNS_MOST)
		return true;
	LP_GROW(plant->runs, plant->run_count, plant->run_capacity);
	plant->runs[plant->run_count++] = keep_run(plant, run);
	return true;
}

static bool take_last(void *context, const struct lp_run *run, struct lp_error *error)
{
	struct lp_plant *plant = context;
	(void)error;
	if (plant->has_last || run->kind != LP_RUN_MINUTE)
		return true;
	plant->has_last = true;
	plant->last = keep_run(plant, run);
	plant->tick = run->tick;
	return true;
}

static bool read_one_run(struct lp_plant *plant, struct lp_error *error)
{
	const struct lp_run_query one = { .id = plant->query->run_id, .from = LP_TIME_NONE, .to = LP_TIME_NONE };
	if (!lp_store_each_run(plant->query->store, &one, take_run, plant, error))
		return false;
	if (plant->run_count == 0) {
		lp_fail(error, LP_EXIT_DATA, "there is no run %lld", (long long)plant->query->run_id);
		return lp_hint(error, "`local-processing status --runs` lists them.");
	}
	plant->from = plant->runs[0].tick;
	plant->to = plant->from + LP_MINUTE;
	return true;
}

/* What is asked for, or else the day up to the newest run. */
static void find_period(struct lp_plant *plant)
{
	const struct lp_plant_query *query = plant->query;
	lp_time end = plant->has_last ? plant->tick + LP_MINUTE : plant->now;
	plant->to = query->to != LP_TIME_NONE ? query->to : end;
	plant->from = query->from != LP_TIME_NONE ? query->from : plant->to - LP_DAY;
}

/* The day up to the newest run, unless a period or a run is asked for. */
static bool read_runs(struct lp_plant *plant, struct lp_error *error)
{
	const struct lp_plant_query *query = plant->query;
	if (!lp_store_each_run(query->store, LP_NEWEST_RUNS(NEWEST_RUNS), take_last, plant, error))
		return false;
	if (query->run_id != 0)
		return read_one_run(plant, error);
	find_period(plant);
	const struct lp_run_query period = { .from = plant->from, .to = plant->to };
	return lp_store_each_run(query->store, &period, take_run, plant, error);
}

static int32_t find_rule(struct lp_plant *plant, const char *name)
{
	for (size_t i = plant->rule_count; i-- > 0;)
		if (strcmp(plant->rules[i].name, name) == 0)
			return (int32_t)i;
	LP_GROW(plant->rules, plant->rule_count, plant->rule_capacity);
	plant->rules[plant->rule_count] = (struct lp_plant_rule){ .name = keep(plant, name) };
	return (int32_t)plant->rule_count++;
}

/* Few plants have many sets of labels; where each calculation has its own, searching all would take for ever. */
static int32_t find_labels(struct lp_plant *plant, const char *labels)
{
	enum { SEARCHED = 100 };
	size_t from = plant->label_count > SEARCHED ? plant->label_count - SEARCHED : 0;
	for (size_t i = plant->label_count; i-- > from;)
		if (strcmp(plant->labels[i], labels) == 0)
			return (int32_t)i;
	LP_GROW(plant->labels, plant->label_count, plant->label_capacity);
	plant->labels[plant->label_count] = keep(plant, labels);
	return (int32_t)plant->label_count++;
}

static const char *keep_message(struct lp_plant *plant, const char *message)
{
	struct lp_text cut = { 0 };
	if (message == NULL || strlen(message) <= LP_PLANT_MESSAGE_MOST)
		return keep(plant, message);
	lp_text_addf(&cut, "%.*s…", LP_CUT(LP_PLANT_MESSAGE_MOST, message));
	const char *kept = lp_arena_text(&plant->arena, cut.data);
	lp_text_free(&cut);
	return kept;
}

/* How far it is behind the newest run: from its watermark to the end of the last window that this run could compute. */
static int64_t lag_of(const struct lp_plant *plant, const struct lp_status *status)
{
	const struct lp_schedule *schedule = &status->calculation.schedule;
	const struct lp_zone *zone;
	struct lp_window window;
	struct lp_error unknown;
	lp_time start = status->calculation.start;
	if (!status->calculation.enabled || plant->tick == LP_TIME_NONE)
		return 0;
	if (!lp_zone_find(schedule->zone, &zone, &unknown))
		return -1;
	if (!lp_window_ending_by(schedule, zone, plant->tick - schedule->delay - JUST_DUE, &window) ||
	    (start != LP_TIME_NONE && window.start < start))
		return 0;
	if (status->watermark == LP_TIME_NONE)
		return -1;
	return window.end > status->watermark ? window.end - status->watermark : 0;
}

struct status_scan {
	struct lp_plant *plant;
	struct lp_waits waits;
	const char *only;       /* this calculation alone; NULL: all */
	uint64_t well, failing; /* rows */
};

static bool take_status(void *context, const struct lp_status *stored, struct lp_error *error)
{
	struct status_scan *scan = context;
	struct lp_plant *plant = scan->plant;
	struct lp_status status = lp_status_complete(stored);
	bool failing = status.error_type != NULL || status.error_message != NULL || lp_state_is_failure(status.state);
	(void)error;
	/* A name may have in it what means something to a filter. */
	if (scan->only != NULL && strcmp(status.calculation.name, scan->only) != 0)
		return true;
	plant->calculations++;
	if (status.calculation.mode == LP_MODE_SHADOW) {
		plant->shadow++;
		plant->shadow_failing += failing;
	} else {
		plant->states[status.state]++;
		plant->failing += failing;
	}
	int32_t rule = find_rule(plant, status.calculation.rule);
	plant->rules[rule].calculations++;
	if ((failing ? scan->failing++ : scan->well++) >= LP_PLANT_ROWS_MOST)
		return true;
	struct lp_calculation *calculation = &status.calculation;
	calculation->name = keep(plant, calculation->name);
	calculation->rule = plant->rules[rule].name;
	status.cause = keep(plant, status.cause);
	status.rule_version = keep(plant, status.rule_version);
	status.error_type = keep(plant, status.error_type);
	status.error_message = keep_message(plant, status.error_message);
	status.error_traceback = keep(plant, status.error_traceback);
	LP_GROW(plant->rows, plant->row_count, plant->row_capacity);
	plant->rows[plant->row_count++] = (struct lp_plant_row){
		.status = status,
		.waits = keep(plant, lp_waits_reason(&scan->waits, calculation->id)),
		.lag = lag_of(plant, &status),
		.rule = rule,
		.label = find_labels(plant, calculation->labels == NULL ? "{}" : calculation->labels),
		.group = -1,
		.parameters = keep(plant, calculation->parameters),
		.description = keep(plant, calculation->description),
	};
	/* These belong to the row of the store, which is gone by now. */
	plant->rows[plant->row_count - 1].status.calculation.inputs = NULL;
	plant->rows[plant->row_count - 1].status.calculation.outputs = NULL;
	return true;
}

static bool take_definition(void *context, const struct lp_calculation *calculation, struct lp_error *error)
{
	struct lp_plant *plant = context;
	struct lp_plant_row *row = lp_plant_row_of(plant, calculation->id);
	(void)error;
	if (row == NULL)
		return true;
	struct lp_input *inputs = lp_arena_zeroed(&plant->arena, calculation->input_count, sizeof *inputs);
	struct lp_output *outputs = lp_arena_zeroed(&plant->arena, calculation->output_count, sizeof *outputs);
	for (size_t i = 0; i < calculation->input_count; i++) {
		inputs[i] = calculation->inputs[i];
		inputs[i].name = keep(plant, inputs[i].name);
		inputs[i].series = keep(plant, inputs[i].series);
		inputs[i].unit = keep(plant, inputs[i].unit);
		inputs[i].attributes = NULL;
	}
	for (size_t i = 0; i < calculation->output_count; i++) {
		outputs[i] = calculation->outputs[i];
		outputs[i].name = keep(plant, outputs[i].name);
		outputs[i].series = keep(plant, outputs[i].series);
		outputs[i].unit = keep(plant, outputs[i].unit);
	}
	row->inputs = inputs;
	row->input_count = calculation->input_count;
	row->outputs = outputs;
	row->output_count = calculation->output_count;
	return true;
}

static int compare_series(const void *a, const void *b)
{
	const struct lp_plant_series *left = a, *right = b;
	int by_name = strcmp(left->name, right->name);
	return by_name != 0 ? by_name : lp_compare(left->id, right->id);
}

size_t lp_plant_series_at(const struct lp_plant *plant, const char *name, int64_t id)
{
	const struct lp_plant_series wanted = { .name = name, .id = id };
	return LP_LOWER_BOUND(plant->series_count, i, compare_series(&plant->series[i], &wanted) < 0);
}

static void list_series(struct lp_plant *plant)
{
	size_t most = 0, kept = 0;
	for (size_t i = 0; i < plant->row_count; i++)
		most += plant->rows[i].input_count + plant->rows[i].output_count;
	struct lp_plant_series *series = lp_arena_zeroed(&plant->arena, most, sizeof *series);
	for (size_t i = 0; i < plant->row_count; i++) {
		const struct lp_plant_row *row = &plant->rows[i];
		for (size_t k = 0; k < row->input_count; k++)
			series[plant->series_count++] =
				(struct lp_plant_series){ row->inputs[k].series, row->inputs[k].series_id };
		for (size_t k = 0; k < row->output_count; k++)
			series[plant->series_count++] =
				(struct lp_plant_series){ row->outputs[k].series, row->outputs[k].series_id };
	}
	if (plant->series_count > 0)
		qsort(series, plant->series_count, sizeof *series, compare_series);
	for (size_t i = 0; i < plant->series_count; i++)
		if (kept == 0 || series[kept - 1].id != series[i].id)
			series[kept++] = series[i];
	plant->series = series;
	plant->series_count = kept;
}

static bool read_calculations(struct lp_plant *plant, const char *only, struct lp_error *error)
{
	const struct lp_plant_query *query = plant->query;
	struct status_scan scan = { .plant = plant, .only = only };
	const struct lp_status_filter all = { .name = only };
	lp_time tick = plant->tick == LP_TIME_NONE ? plant->now : plant->tick;
	bool ok = lp_waits_find(query->store, tick, query->zone, &scan.waits, error) &&
	          lp_store_each_status(query->store, &all, take_status, &scan, error);
	lp_waits_free(&scan.waits);
	if (!ok)
		return false;
	lp_plant_index_rows(plant);
	return lp_store_each_calculation(query->store, take_definition, plant, error);
}

bool lp_plant_read(struct lp_plant *plant, const struct lp_plant_query *query, struct lp_error *error)
{
	*plant = (struct lp_plant){ .query = query, .now = lp_now(), .tick = LP_TIME_NONE };
	if (!read_runs(plant, error) || !read_calculations(plant, NULL, error))
		return false;
	list_series(plant);
	lp_plant_add_groups(plant);
	return lp_plant_choose_details(plant, error) && lp_plant_add_costs(plant, error);
}

static bool take_past(void *context, const struct lp_history *history, struct lp_error *error)
{
	struct lp_plant_past *past = context;
	(void)error;
	/* The newest comes first here, and last into the ring. */
	past->items[LP_PLANT_HISTORY_MOST - 1 - past->count++] = *history;
	return true;
}

bool lp_plant_read_one(struct lp_plant *plant, const struct lp_plant_query *query, const char *name,
                       struct lp_error *error)
{
	*plant = (struct lp_plant){ .query = query, .now = lp_now(), .tick = LP_TIME_NONE };
	if (!lp_store_each_run(query->store, LP_NEWEST_RUNS(NEWEST_RUNS), take_last, plant, error))
		return false;
	find_period(plant);
	if (!read_calculations(plant, name, error))
		return false;
	if (plant->row_count == 0) {
		lp_fail(error, LP_EXIT_DATA, "there is no calculation '%.*s'", LP_CUT(300, name));
		return lp_hint(error, "`local-processing status` lists them, and so does /api/plant.");
	}
	list_series(plant);
	plant->rows[0].detailed = true;
	plant->past = lp_arena_zeroed(&plant->arena, 1, sizeof *plant->past);
	plant->past_count = 1;
	plant->past->id = plant->rows[0].status.calculation.id;
	const struct lp_history_query past = {
		.calculation_id = plant->past->id, .from = plant->from, .to = plant->to, .most = LP_PLANT_HISTORY_MOST
	};
	return lp_store_each_history(query->store, &past, take_past, plant->past, error);
}

void lp_plant_free(struct lp_plant *plant)
{
	free(plant->runs);
	free(plant->rows);
	free(plant->rules);
	free(plant->labels);
	lp_arena_free(&plant->arena);
}
