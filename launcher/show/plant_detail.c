/* One calculation in detail, as JSON: definition, what is owed, past windows, its series over time.  See plant.h. */
#include "show/plant.h"

#include "text/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	ARREARS_MOST = 50,
	WINDOWS_SHOWN = 30,        /* a chart goes back so many windows, and at least through the period */
	SAMPLES_PER_CHART = 25000, /* read at most, of one series */
	POINTS_MOST = 1500,        /* drawn as they are */
	BUCKETS = 500,             /* else put together in so many */
};

static void add_inputs(struct lp_text *json, const struct lp_plant *plant, const struct lp_plant_row *row)
{
	char span[32];
	lp_json_begin(json, "inputs", "[");
	for (size_t i = 0; i < row->input_count; i++) {
		const struct lp_input *input = &row->inputs[i];
		lp_json_begin(json, NULL, "{");
		lp_json_add_text(json, "name", input->name);
		lp_json_add_text(json, "series", input->series);
		lp_json_add_integer(json, "at", (int64_t)lp_plant_series_at(plant, input->series, input->series_id));
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
		lp_json_add_integer(json, "at", (int64_t)lp_plant_series_at(plant, output->series, output->series_id));
		lp_json_add_text(json, "unit", output->unit);
		lp_json_end(json, "}");
	}
	lp_json_end(json, "]");
}

static void add_definition(struct lp_text *json, const struct lp_plant *plant, const struct lp_plant_row *row)
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
	add_inputs(json, plant, row);
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

/* The samples of one chart, all of them: they are few. */
struct points {
	lp_time *time;
	double *value;
	float *coverage;
	uint8_t *quality;
	size_t count, capacity;
	bool any_coverage, any_quality;
};

static bool take_column(void *context, const struct lp_column *column, struct lp_error *error)
{
	struct points *points = context;
	(void)error;
	for (size_t i = 0; i < column->count && points->count < points->capacity; i++) {
		size_t at = points->count++;
		points->time[at] = column->time[i];
		points->value[at] = column->value[i];
		points->quality[at] = column->quality == NULL ? LP_QUALITY_GOOD : column->quality[i];
		points->coverage[at] = column->coverage == NULL ? (float)NAN : column->coverage[i];
		points->any_quality |= points->quality[at] != LP_QUALITY_GOOD;
		points->any_coverage |= !isnan(points->coverage[at]);
	}
	return true;
}

static void add_share(struct lp_text *json, float share)
{
	lp_json_add_number(json, NULL, round((double)share * 10000) / 10000);
}

static void add_points(struct lp_text *json, const struct points *points)
{
	lp_json_begin(json, "t", "[");
	for (size_t i = 0; i < points->count; i++)
		lp_plant_add_time(json, NULL, points->time[i]);
	lp_json_end(json, "]");
	lp_json_begin(json, "v", "[");
	for (size_t i = 0; i < points->count; i++)
		lp_json_add_number(json, NULL, points->value[i]);
	lp_json_end(json, "]");
	if (points->any_quality) {
		lp_json_begin(json, "q", "[");
		for (size_t i = 0; i < points->count; i++)
			lp_json_add_integer(json, NULL, points->quality[i]);
		lp_json_end(json, "]");
	}
	if (points->any_coverage) {
		lp_json_begin(json, "c", "[");
		for (size_t i = 0; i < points->count; i++)
			add_share(json, points->coverage[i]);
		lp_json_end(json, "]");
	}
}

/* What lies in one stretch of time: [start, mean, least, most, good, missing, worst quality, least coverage]. */
static void add_bucket(struct lp_text *json, const struct points *points, size_t first, size_t beyond, lp_time start)
{
	double sum = 0, least = INFINITY, most = -INFINITY;
	float coverage = NAN;
	uint8_t worst = LP_QUALITY_GOOD;
	size_t good = 0;
	for (size_t i = first; i < beyond; i++) {
		worst = points->quality[i] > worst ? points->quality[i] : worst;
		coverage = isnan(coverage) || points->coverage[i] < coverage ? points->coverage[i] : coverage;
		if (lp_sample_is_missing(points->value[i], points->quality[i]))
			continue;
		good++;
		sum += points->value[i];
		least = fmin(least, points->value[i]);
		most = fmax(most, points->value[i]);
	}
	lp_json_begin(json, NULL, "[");
	lp_plant_add_time(json, NULL, start);
	lp_json_add_number(json, NULL, good == 0 ? (double)NAN : sum / (double)good);
	lp_json_add_number(json, NULL, least);
	lp_json_add_number(json, NULL, most);
	lp_json_add_integer(json, NULL, (int64_t)good);
	lp_json_add_integer(json, NULL, (int64_t)(beyond - first - good));
	lp_json_add_integer(json, NULL, worst);
	add_share(json, coverage);
	lp_json_end(json, "]");
}

static void add_buckets(struct lp_text *json, const struct points *points, lp_time from, lp_time to)
{
	lp_time length = (to - from + BUCKETS - 1) / BUCKETS;
	size_t first = 0;
	lp_json_add_integer(json, "bucket", length / 1000);
	lp_json_begin(json, "buckets", "[");
	while (first < points->count) {
		lp_time start = from + (points->time[first] - from) / length * length;
		size_t beyond = first;
		while (beyond < points->count && points->time[beyond] < start + length)
			beyond++;
		add_bucket(json, points, first, beyond, start);
		first = beyond;
	}
	lp_json_end(json, "]");
}

/* Halves a range from its old end until it has few enough samples. */
static bool narrow(struct lp_store *store, int64_t series_id, lp_time *from, lp_time to, struct lp_error *error)
{
	for (;;) {
		const struct lp_count_range range = { .series_id = series_id, .first = *from, .beyond = to };
		uint64_t samples = 0;
		if (!lp_store_count_samples(store, &range, 1, SAMPLES_PER_CHART + 1, &samples, error))
			return false;
		if (samples <= SAMPLES_PER_CHART || to - *from <= LP_SECOND)
			return true;
		*from = to - (to - *from) / 2;
	}
}

static struct points new_points(void)
{
	struct points points = { .capacity = SAMPLES_PER_CHART };
	points.time = lp_reallocate(NULL, points.capacity, sizeof *points.time);
	points.value = lp_reallocate(NULL, points.capacity, sizeof *points.value);
	points.coverage = lp_reallocate(NULL, points.capacity, sizeof *points.coverage);
	points.quality = lp_reallocate(NULL, points.capacity, sizeof *points.quality);
	return points;
}

static void free_points(struct points *points)
{
	free(points->time);
	free(points->value);
	free(points->coverage);
	free(points->quality);
}

struct chart {
	const char *series, *unit, *role; /* "input", "output" */
	int64_t series_id, step;          /* step: microseconds from one sample to the next, at most; 0: not known */
	struct lp_window range;
};

static bool add_chart(struct lp_document *document, const struct lp_plant *plant, const struct chart *chart,
                      uint64_t *samples_left, struct lp_error *error)
{
	struct lp_text *json = &document->text;
	struct lp_store *store = plant->query->store;
	struct points points = new_points();
	lp_time from = chart->range.start;
	bool ok = narrow(store, chart->series_id, &from, chart->range.end, error);
	const struct lp_sample_query query = {
		.series_id = chart->series_id, .from = from, .to = chart->range.end, .most = SAMPLES_PER_CHART
	};
	ok = ok && lp_store_read_samples(store, &query, take_column, &points, error);
	lp_json_begin(json, NULL, "{");
	lp_json_add_text(json, "series", chart->series);
	lp_json_add_integer(json, "at", (int64_t)lp_plant_series_at(plant, chart->series, chart->series_id));
	lp_json_add_text(json, "unit", chart->unit);
	lp_json_add_text(json, "role", chart->role);
	lp_json_add_integer(json, "step", chart->step / 1000);
	lp_plant_add_time(json, "wanted_from", chart->range.start);
	lp_plant_add_time(json, "from", from);
	lp_plant_add_time(json, "to", chart->range.end);
	lp_json_add_integer(json, "samples", (int64_t)points.count);
	if (points.count <= POINTS_MOST)
		add_points(json, &points);
	else
		add_buckets(json, &points, from, chart->range.end);
	lp_json_end(json, "}");
	*samples_left = *samples_left > points.count ? *samples_left - points.count : 0;
	free_points(&points);
	return ok && lp_document_flush(document, error);
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
	int64_t back = *step > (INT64_MAX / 4) / WINDOWS_SHOWN ? INT64_MAX / 4 : *step * WINDOWS_SHOWN;
	if (range->end - back < range->start)
		range->start = range->end - back;
	return true;
}

static bool add_charts(struct lp_document *document, const struct lp_plant *plant, const struct lp_plant_row *row,
                       uint64_t *samples_left, struct lp_error *error)
{
	struct chart chart;
	int64_t step;
	bool ok = true;
	if (*samples_left == 0 || !find_range(plant, row, &chart.range, &step)) {
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
		ok = add_chart(document, plant, &chart, samples_left, error);
	}
	for (size_t i = 0; i < row->input_count && ok; i++) {
		const struct lp_input *input = &row->inputs[i];
		chart.series = input->series;
		chart.unit = input->unit;
		chart.role = "input";
		chart.series_id = input->series_id;
		chart.step = input->interval;
		ok = add_chart(document, plant, &chart, samples_left, error);
	}
	lp_json_end(&document->text, "]");
	return ok;
}

bool lp_plant_show_detail(struct lp_document *document, const struct lp_plant *plant, const struct lp_plant_row *row,
                          uint64_t *samples_left, struct lp_error *error)
{
	struct lp_text *json = &document->text;
	lp_json_begin(json, NULL, "{");
	lp_json_add_text(json, "name", row->status.calculation.name);
	add_definition(json, plant, row);
	if (!add_arrears(json, plant, row, error))
		return false;
	add_past(json, lp_plant_past_of(plant, row->status.calculation.id));
	if (!add_charts(document, plant, row, samples_left, error))
		return false;
	lp_json_end(json, "}");
	return true;
}
