/* A series over time, as JSON, of samples or of stretches: see plant.h. */
#include "show/plant.h"

#include "text/json.h"

#include <math.h>
#include <stdlib.h>

enum {
	POINTS_MOST = 1500, /* drawn as they are */
	BUCKETS = 500,      /* else put together in so many */
};

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
static bool narrow(struct lp_store *store, const struct lp_plant_chart *chart, uint64_t most, lp_time *from,
                   struct lp_error *error)
{
	for (;;) {
		const lp_time to = chart->range.end;
		const struct lp_count_range range = { .series_id = chart->series_id, .first = *from, .beyond = to };
		uint64_t samples = 0;
		if (!lp_store_count_samples(store, &range, 1, most + 1, &samples, error))
			return false;
		if (samples <= most || to - *from <= LP_SECOND)
			return true;
		*from = to - (to - *from) / 2;
	}
}

static struct points new_points(uint64_t most)
{
	struct points points = { .capacity = most };
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

bool lp_plant_show_chart(struct lp_document *document, const struct lp_plant *plant, const struct lp_plant_chart *chart,
                         struct lp_plant_left *left, struct lp_error *error)
{
	struct lp_text *json = &document->text;
	struct lp_store *store = plant->query->store;
	struct points points = new_points(left->series);
	lp_time from = chart->range.start;
	bool ok = narrow(store, chart, left->series, &from, error);
	const struct lp_sample_query query = {
		.series_id = chart->series_id, .from = from, .to = chart->range.end, .most = (uint32_t)left->series
	};
	ok = ok && lp_store_read_samples(store, &query, take_column, &points, error);
	lp_json_begin(json, NULL, "{");
	lp_json_add_text(json, "series", chart->series);
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
	left->all = left->all > points.count ? left->all - points.count : 0;
	free_points(&points);
	return ok && lp_document_flush(document, error);
}
