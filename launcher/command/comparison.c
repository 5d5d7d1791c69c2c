/* See comparison.h. */
#include "command/comparison.h"

#include "calendar/calendar.h"
#include "model/order.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const lp_likeness_names[LP_LIKE_COUNT] = { "equal", "different", "missing there", "missing here",
	                                               "repeated there" };

bool lp_likeness_is_equal(const struct lp_likeness_counts *counts)
{
	for (int likeness = 0; likeness < LP_LIKE_COUNT; likeness++)
		if (likeness != LP_LIKE_EQUAL && counts->of[likeness] > 0)
			return false;
	return true;
}

/* A sample on its way; a missing one has no value. */
struct sample {
	lp_time time;
	double value;
	float coverage;
	int32_t samples;
	lp_time window_end;
};

/* A series of the store, read in chunks. */
enum { CHUNK = 10000 };
struct own_stream {
	struct lp_store *store;
	struct lp_sample_query query;
	struct sample *chunk;
	size_t count, at;
	bool ended;
};

static bool take_column(void *context, const struct lp_column *column, struct lp_error *error)
{
	struct own_stream *stream = context;
	(void)error;
	for (size_t i = 0; i < column->count && stream->count < CHUNK; i++) {
		uint8_t quality = column->quality == NULL ? LP_QUALITY_GOOD : column->quality[i];
		bool missing = lp_sample_is_missing(column->value[i], quality);
		stream->chunk[stream->count++] = (struct sample){
			.time = column->time[i],
			.value = missing ? (double)NAN : column->value[i],
			.coverage = column->coverage == NULL ? NAN : column->coverage[i],
			.samples = column->samples == NULL ? -1 : column->samples[i],
			.window_end = column->window_end == NULL ? LP_TIME_NONE : column->window_end[i],
		};
	}
	return true;
}

/* Finds the next sample that is not missing; *sample is NULL if there is none. */
static bool next_own(struct own_stream *stream, const struct sample **sample, struct lp_error *error)
{
	for (*sample = NULL; *sample == NULL;) {
		if (stream->at == stream->count) {
			if (stream->ended || stream->query.series_id == 0)
				return true;
			stream->at = stream->count = 0;
			stream->query.most = CHUNK;
			if (!lp_store_read_samples(stream->store, &stream->query, take_column, stream, error))
				return false;
			stream->ended = stream->count < CHUNK;
			if (stream->count == 0)
				return true;
			stream->query.from = stream->chunk[stream->count - 1].time + 1;
		}
		const struct sample *next = &stream->chunk[stream->at++];
		*sample = isnan(next->value) ? NULL : next;
	}
	return true;
}

/* Rows of somebody else: of all series, one behind the other. */
struct other_stream {
	struct lp_store *store;
	struct lp_other_row *rows;
	size_t count, at;
	bool ended;
};

/* Looks at the next row; *row is NULL if there is none. */
static bool peek(struct other_stream *stream, const struct lp_other_row **row, struct lp_error *error)
{
	*row = NULL;
	if (stream->at == stream->count && !stream->ended) {
		stream->at = 0;
		if (!lp_store_more_other(stream->store, stream->rows, &stream->count, error))
			return false;
		stream->ended = stream->count < LP_OTHER_AT_ONCE;
	}
	if (stream->at < stream->count)
		*row = &stream->rows[stream->at];
	return true;
}

/* What is under way: one series, and its two streams. */
struct merge {
	struct lp_comparison *comparison;
	struct lp_compared *item;
	const struct lp_zone *zone; /* of its calculation: months are its own */
	struct lp_compared_group *month;
	int32_t month_number; /* of that */
	struct own_stream here, there;
	struct other_stream *other; /* in place of there, or NULL */
	struct sample row;
	lp_time last_other;
};

/* Finds the next of the other side. A repeated time is told, and passed over. */
static bool next_other(struct merge *merge, const struct sample **sample, bool *repeated, struct lp_error *error)
{
	const struct lp_other_row *row;
	*repeated = false;
	if (merge->other == NULL)
		return next_own(&merge->there, sample, error);
	for (*sample = NULL; *sample == NULL; merge->other->at++) {
		if (!peek(merge->other, &row, error))
			return false;
		int order = row == NULL ? 1 : strcmp(row->series, merge->item->series);
		if (order > 0)
			return true;
		if (order < 0 || !isfinite(row->value))
			continue;
		*repeated = row->time == merge->last_other;
		merge->last_other = row->time;
		merge->row = (struct sample){ .time = row->time, .value = row->value };
		*sample = &merge->row;
	}
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct lp_compared_group *)a)->name, ((const struct lp_compared_group *)b)->name);
}

/* Returns the group of that name, which is made where it belongs if there is none. */
static struct lp_compared_group *find_group(struct lp_comparison *comparison, struct lp_compared_groups *groups,
                                            const char *name)
{
	size_t at = LP_LOWER_BOUND(groups->count, i, strcmp(groups->items[i].name, name) < 0);
	if (at < groups->count && strcmp(groups->items[at].name, name) == 0)
		return &groups->items[at];
	LP_GROW(groups->items, groups->count, groups->capacity);
	groups->items[groups->count++] = (struct lp_compared_group){ .name = lp_arena_text(&comparison->arena, name) };
	qsort(groups->items, groups->count, sizeof *groups->items, compare_names);
	return find_group(comparison, groups, name);
}

static void count_month(struct merge *merge, lp_time time, enum lp_likeness likeness)
{
	struct lp_civil civil;
	char name[32];
	lp_civil_from_local(time + lp_zone_offset(merge->zone, time, NULL), &civil);
	int32_t number = civil.year * 12 + civil.month;
	if (merge->month == NULL || merge->month_number != number) {
		snprintf(name, sizeof name, "%04d-%02d", (int)civil.year, (int)civil.month);
		merge->month = find_group(merge->comparison, &merge->comparison->by_month, name);
		merge->month_number = number;
	}
	merge->month->counts.of[likeness]++;
}

static void keep_worst(struct lp_comparison *comparison, const struct lp_compared_point *point)
{
	size_t most = comparison->worst_most, at = comparison->worst_count;
	if (point->likeness != LP_LIKE_DIFFERENT || most == 0 ||
	    (at == most && point->difference <= comparison->worst[at - 1].difference))
		return;
	if (at == most)
		at--;
	else
		comparison->worst_count++;
	for (; at > 0 && comparison->worst[at - 1].difference < point->difference; at--)
		comparison->worst[at] = comparison->worst[at - 1];
	comparison->worst[at] = *point;
}

/* Counts a point; here or there may be NULL. */
static bool tell(struct merge *merge, enum lp_likeness likeness, const struct sample *here, const struct sample *there,
                 struct lp_error *error)
{
	struct lp_comparison *comparison = merge->comparison;
	struct lp_compared_point point = {
		.of = merge->item,
		.likeness = likeness,
		.time = here != NULL ? here->time : there->time,
		.here = here != NULL ? here->value : (double)NAN,
		.there = there != NULL ? there->value : (double)NAN,
		.coverage = here != NULL ? here->coverage : NAN,
		.samples = here != NULL ? here->samples : -1,
		.window_end = here != NULL ? here->window_end : LP_TIME_NONE,
	};
	merge->item->counts.of[likeness]++;
	comparison->counts.of[likeness]++;
	count_month(merge, point.time, likeness);
	if (likeness == LP_LIKE_EQUAL)
		return true;
	if (here != NULL && there != NULL) {
		/* Divided first: the difference of two that are huge is none that a double has. */
		double larger = fmax(fabs(point.here), fabs(point.there));
		point.difference = fabs(point.here / larger - point.there / larger);
	}
	keep_worst(comparison, &point);
	return comparison->visit == NULL || comparison->visit(comparison->context, &point, error);
}

static bool are_equal(const struct lp_comparison *comparison, double here, double there)
{
	double difference = fabs(here - there);
	return difference <= comparison->absolute || difference <= comparison->relative * fmax(fabs(here), fabs(there));
}

/* Both streams from one time on: steps on where the earlier one is. */
static bool merge_series(struct merge *merge, struct lp_error *error)
{
	const struct lp_comparison *comparison = merge->comparison;
	const struct sample *here, *there;
	bool repeated, ok = next_own(&merge->here, &here, error);
	if (!ok)
		return false;
	merge->item->empty = here == NULL;
	if (here == NULL && (comparison->from == LP_TIME_NONE || comparison->to == LP_TIME_NONE))
		return true;
	if (comparison->from == LP_TIME_NONE)
		merge->there.query.from = here->time;
	lp_time first = comparison->from == LP_TIME_NONE ? here->time : comparison->from;
	ok = next_other(merge, &there, &repeated, error);
	while (ok && (here != NULL || there != NULL)) {
		/* Behind the last one that is here, there is nothing to compare with yet. */
		if (here == NULL && comparison->to == LP_TIME_NONE && !repeated)
			break;
		if (there != NULL && repeated) {
			ok = there->time < first || tell(merge, LP_LIKE_REPEATED, NULL, there, error);
			ok = ok && next_other(merge, &there, &repeated, error);
		} else if (there != NULL && (here == NULL || there->time < here->time)) {
			ok = there->time < first || tell(merge, LP_LIKE_ONLY_THERE, NULL, there, error);
			ok = ok && next_other(merge, &there, &repeated, error);
		} else if (there == NULL || here->time < there->time) {
			ok = tell(merge, LP_LIKE_ONLY_HERE, here, NULL, error) && next_own(&merge->here, &here, error);
		} else {
			bool equal = are_equal(comparison, here->value, there->value);
			ok = tell(merge, equal ? LP_LIKE_EQUAL : LP_LIKE_DIFFERENT, here, there, error) &&
			     next_own(&merge->here, &here, error) && next_other(merge, &there, &repeated, error);
		}
	}
	return ok;
}

static bool compare_one(struct lp_comparison *comparison, struct lp_compared *item, struct other_stream *other,
                        struct sample *chunks, struct lp_error *error)
{
	const struct lp_sample_query range = { .from = comparison->from, .to = comparison->to };
	struct merge merge = { .comparison = comparison,
		               .item = item,
		               .here = { .store = comparison->store, .query = range, .chunk = chunks },
		               .there = { .store = comparison->store, .query = range, .chunk = chunks + CHUNK },
		               .other = other,
		               .last_other = LP_TIME_NONE };
	struct lp_error unknown;
	merge.here.query.series_id = item->here;
	merge.there.query.series_id = item->there;
	if (!lp_zone_find(item->calculation->schedule.zone, &merge.zone, &unknown) &&
	    !lp_zone_find("UTC", &merge.zone, error))
		return false;
	if (!merge_series(&merge, error))
		return lp_fail_within(error, "comparing the series %s", item->series);
	comparison->empty += item->empty;
	struct lp_compared_group *calculation =
		find_group(comparison, &comparison->by_calculation, item->calculation->name);
	struct lp_compared_group *rule = find_group(comparison, &comparison->by_rule, item->calculation->rule);
	for (int likeness = 0; likeness < LP_LIKE_COUNT; likeness++) {
		calculation->counts.of[likeness] += item->counts.of[likeness];
		rule->counts.of[likeness] += item->counts.of[likeness];
	}
	return true;
}

static int compare_series(const void *a, const void *b)
{
	return strcmp(((const struct lp_compared *)a)->series, ((const struct lp_compared *)b)->series);
}

static bool open_other(struct lp_comparison *comparison, struct lp_error *error)
{
	const char **series = lp_arena_zeroed(&comparison->arena, comparison->count, sizeof *series);
	for (size_t i = 0; i < comparison->count; i++)
		series[i] = comparison->items[i].series;
	comparison->query.series = series;
	comparison->query.count = comparison->count;
	comparison->query.from = comparison->from;
	comparison->query.to = comparison->to;
	return lp_store_begin(comparison->other, error) &&
	       lp_store_open_other(comparison->other, &comparison->query, error);
}

bool lp_comparison_run(struct lp_comparison *comparison, struct lp_error *error)
{
	struct other_stream other = { .store = comparison->other };
	struct sample *chunks = lp_allocate(sizeof *chunks * 2 * CHUNK);
	bool ok = true;
	if (comparison->count > 0)
		qsort(comparison->items, comparison->count, sizeof *comparison->items, compare_series);
	if (comparison->other != NULL) {
		other.rows = lp_allocate(LP_OTHER_AT_ONCE * sizeof *other.rows);
		ok = open_other(comparison, error);
	}
	for (size_t i = 0; i < comparison->count && ok; i++)
		ok = compare_one(comparison, &comparison->items[i], comparison->other == NULL ? NULL : &other, chunks,
		                 error);
	if (comparison->other != NULL)
		lp_store_rollback(comparison->other);
	free(other.rows);
	free(chunks);
	return ok;
}

void lp_comparison_free(struct lp_comparison *comparison)
{
	free(comparison->by_calculation.items);
	free(comparison->by_rule.items);
	free(comparison->by_month.items);
	lp_arena_free(&comparison->arena);
}
