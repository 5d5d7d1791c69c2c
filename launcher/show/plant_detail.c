/* One calculation in detail, as JSON: definition, what is owed, past windows, its series over time.  See plant.h. */
#include "show/plant.h"

#include "text/json.h"

enum {
	ARREARS_MOST = 50,
	WINDOWS_SHOWN = 30, /* a chart goes back so many windows, and at least through the period */
};

static void add_inputs(struct lp_text *json, const struct lp_plant_row *row)
{
	char span[32];
	lp_json_begin(json, "inputs", "[");
	for (size_t i = 0; i < row->input_count; i++) {
		const struct lp_input *input = &row->inputs[i];
		lp_json_begin(json, NULL, "{");
		lp_json_add_text(json, "name", input->name);
		lp_json_add_text(json, "series", input->series);
		lp_json_add_text(json, "unit", input->unit);
		lp_span_format(input->window, span);
		lp_json_add_text(json, "window", input->window.count == 0 ? NULL : span);
		lp_span_format(input->shift, span);
		lp_json_add_text(json, "shift", input->shift.count == 0 ? NULL : span);
		lp_duration_format(input->lookback, span);
		lp_json_add_text(json, "lookback", input->lookback == 0 ? NULL : span);
		lp_json_end(json, "}");
	}
	lp_json_end(json, "]");
	lp_json_begin(json, "outputs", "[");
	for (size_t i = 0; i < row->output_count; i++) {
		const struct lp_output *output = &row->outputs[i];
		lp_json_begin(json, NULL, "{");
		lp_json_add_text(json, "name", output->name);
		lp_json_add_text(json, "series", output->series);
		lp_json_add_text(json, "unit", output->unit);
		lp_json_end(json, "}");
	}
	lp_json_end(json, "]");
}

static void add_definition(struct lp_text *json, const struct lp_plant_row *row)
{
	const struct lp_calculation *calculation = &row->status.calculation;
	const struct lp_schedule *schedule = &calculation->schedule;
	char window[24], offset[24], delay[32];
	lp_span_format(schedule->window, window);
	lp_span_format(schedule->offset, offset);
	lp_duration_format(schedule->delay, delay);
	lp_json_add_text(json, "description", row->description);
	lp_json_add_stored(json, "parameters", row->parameters == NULL ? "{}" : row->parameters);
	lp_json_add_text(json, "window", window);
	lp_json_add_text(json, "offset", schedule->offset.count == 0 ? NULL : offset);
	lp_json_add_text(json, "delay", schedule->delay == 0 ? NULL : delay);
	lp_json_add_text(json, "time_zone", schedule->zone);
	lp_plant_add_time(json, "start", calculation->start);
	lp_json_add_text(json, "missed", lp_missed_names[schedule->missed]);
	lp_json_add_text(json, "result_time", lp_result_time_names[calculation->result_time]);
	lp_json_add_number(json, "min_coverage", calculation->min_coverage);
	lp_json_add_integer(json, "definition_version", calculation->version);
	lp_json_add_text(json, "rule_version", row->status.rule_version);
	lp_json_add_text(json, "traceback", row->status.error_traceback);
	lp_json_add_text(json, "message", row->status.error_message);
	lp_json_add_text(json, "type", row->status.error_type);
	add_inputs(json, row);
}

struct arrears {
	struct lp_text *json;
	size_t count;
};

static bool add_arrear(void *context, const struct lp_arrear *arrear, struct lp_error *error)
{
	struct arrears *arrears = context;
	struct lp_text *json = arrears->json;
	(void)error;
	if (arrears->count++ >= ARREARS_MOST)
		return true;
	lp_json_begin(json, NULL, "{");
	lp_json_add_text(json, "reason", lp_reason_name(arrear->reason));
	lp_json_add_text(json, "why", arrear->why);
	lp_plant_add_time(json, "from", arrear->range.start);
	lp_plant_add_time(json, "to", arrear->range.end);
	lp_json_add_integer(json, "attempts", arrear->attempts);
	lp_plant_add_time(json, "next_attempt", arrear->next_attempt);
	lp_json_add_bool(json, "given_up", arrear->given_up);
	lp_json_add_text(json, "cause", arrear->cause);
	lp_json_end(json, "}");
	return true;
}

static bool add_arrears(struct lp_text *json, const struct lp_plant *plant, const struct lp_plant_row *row,
                        struct lp_error *error)
{
	struct arrears arrears = { .json = json };
	lp_json_begin(json, "owed", "[");
	if (!lp_store_each_arrear(plant->query->store, row->status.calculation.id, ARREARS_MOST + 1, add_arrear,
	                          &arrears, error))
		return false;
	lp_json_end(json, "]");
	lp_json_add_bool(json, "more_owed", arrears.count > ARREARS_MOST);
	return true;
}

static void add_past(struct lp_text *json, const struct lp_plant_past *past)
{
	lp_json_begin(json, "history", "[");
	for (size_t i = 0; i < past->count; i++) {
		size_t at = (past->next + LP_PLANT_HISTORY_MOST - 1 - i) % LP_PLANT_HISTORY_MOST;
		const struct lp_history *history = &past->items[at];
		lp_json_begin(json, NULL, "{");
		lp_plant_add_time(json, "from", history->window.start);
		lp_plant_add_time(json, "to", history->window.end);
		lp_json_add_text(json, "state", lp_state_name(history->state));
		lp_json_add_text(json, "reason", lp_reason_name(history->reason));
		lp_json_add_integer(json, "run", history->run_id);
		lp_plant_add_time(json, "tick", history->tick);
		lp_json_add_seconds(json, "seconds", history->duration, 6);
		lp_json_add_integer(json, "samples_read", history->samples_read);
		lp_json_end(json, "}");
	}
	lp_json_end(json, "]");
}

/* The period, or some windows before its end if those go further back; up to where the newest window ends. */
static bool find_range(const struct lp_plant *plant, const struct lp_plant_row *row, struct lp_window *range,
                       int64_t *step)
{
	const struct lp_schedule *schedule = &row->status.calculation.schedule;
	const struct lp_zone *zone;
	struct lp_error unknown;
	int64_t least;
	if (!lp_zone_find(schedule->zone, &zone, &unknown))
		return false;
	lp_span_bounds(zone, schedule->every, &least, step);
	range->end = plant->to;
	range->start = plant->from;
	if (plant->is_exact)
		return true;
	int64_t back = *step > (INT64_MAX / 4) / WINDOWS_SHOWN ? INT64_MAX / 4 : *step * WINDOWS_SHOWN;
	if (range->end - back < range->start)
		range->start = range->end - back;
	return true;
}

static bool add_charts(struct lp_document *document, const struct lp_plant *plant, const struct lp_plant_row *row,
                       struct lp_plant_left *left, struct lp_error *error)
{
	struct lp_plant_chart chart;
	int64_t step;
	bool ok = true;
	if (left->all == 0 || !find_range(plant, row, &chart.range, &step)) {
		lp_json_add_null(&document->text, "charts");
		return true;
	}
	lp_json_begin(&document->text, "charts", "[");
	for (size_t i = 0; i < row->output_count && ok; i++) {
		const struct lp_output *output = &row->outputs[i];
		chart.series = output->series;
		chart.unit = output->unit;
		chart.role = "output";
		chart.series_id = output->series_id;
		chart.step = step;
		ok = lp_plant_show_chart(document, plant, &chart, left, error);
	}
	for (size_t i = 0; i < row->input_count && ok; i++) {
		const struct lp_input *input = &row->inputs[i];
		chart.series = input->series;
		chart.unit = input->unit;
		chart.role = "input";
		chart.series_id = input->series_id;
		chart.step = input->interval;
		ok = lp_plant_show_chart(document, plant, &chart, left, error);
	}
	lp_json_end(&document->text, "]");
	return ok;
}

bool lp_plant_show_detail(struct lp_document *document, const struct lp_plant *plant, const struct lp_plant_row *row,
                          struct lp_plant_left *left, struct lp_error *error)
{
	struct lp_text *json = &document->text;
	lp_json_add_text(json, "name", row->status.calculation.name);
	add_definition(json, row);
	if (!add_arrears(json, plant, row, error))
		return false;
	add_past(json, lp_plant_past_of(plant, row->status.calculation.id));
	return add_charts(document, plant, row, left, error);
}
