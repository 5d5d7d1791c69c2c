/*
 * Limits how far back changes of samples are followed. Knows readers and the
 * widths of their windows; no calendar, no threads.
 *
 * Runs in the main process, in its main thread.
 */
#include "pipeline/bounds.h"

#include "schedule/schedule.h"

#include <assert.h>
#include <stdlib.h>

enum { FEW_HOURS = 10000, SERIES_AT_ONCE = 10000, LASTS_AT_ONCE = 1000 };

/*
 * How far back the readers of a changed series look, and how many good samples
 * they may need. `near` and `far` bound the distance, because the width of a
 * window depends on the calendar.
 */
struct reach {
	lp_time first; /* of its changes */
	lp_time near, far;
	int32_t number; /* good samples; 0: no reader looks back */
};

struct bounding {
	struct lp_store *store;
	const struct lp_change_scan *scan;
	struct lp_bounds *bounds;
	size_t capacity;
	struct reach *reaches; /* one per bound */
	size_t reach_count, reach_capacity;
};

lp_time lp_bounds_from(const struct lp_change_scan *scan, const struct lp_reader *reader, bool by_hand)
{
	int64_t within = reader->recompute_within != 0 ? reader->recompute_within : scan->recompute_within;
	lp_time from;
	if (by_hand || (reader->computed && reader->recompute_within == 0))
		return LP_TIME_MIN;
	if (within <= 0)
		return LP_TIME_MAX;
	return __builtin_sub_overflow(scan->tick, within, &from) || from < LP_TIME_MIN ? LP_TIME_MIN : from;
}

static bool keep_changed(void *context, const struct lp_changed *changed, struct lp_error *error)
{
	struct bounding *bounding = context;
	struct lp_bounds *bounds = bounding->bounds;
	(void)error;
	LP_GROW(bounds->items, bounds->count, bounding->capacity);
	bounds->items[bounds->count++] =
		(struct lp_change_bound){ .series_id = changed->series_id, .oldest = LP_TIME_MAX };
	bounds->hours += changed->hours;
	LP_GROW(bounding->reaches, bounding->reach_count, bounding->reach_capacity);
	bounding->reaches[bounding->reach_count++] =
		(struct reach){ .first = changed->first, .near = LP_TIME_MAX, .far = LP_TIME_MAX };
	return true;
}

/*
 * Returns the oldest change that can affect a window which this reader still
 * follows. Windows are taken as wide as they can be, so some changes are read
 * that then turn out to be too old; that costs little.
 */
static lp_time oldest_followed(const struct lp_change_scan *scan, const struct lp_reader *reader, int64_t lookback)
{
	lp_time from = lp_bounds_from(scan, reader, false);
	const struct lp_input_extent extent = { reader->window, reader->shift, lookback };
	struct lp_window_range about;
	from = from < reader->watermark ? from : reader->watermark;
	lp_schedule_affected_about(&reader->schedule, &extent, 0, 0, &about);
	return from == LP_TIME_MIN || from < LP_TIME_MIN + about.until_end ? LP_TIME_MIN : from - about.until_end;
}

static bool bound_reader(void *context, const struct lp_reader *reader, struct lp_error *error)
{
	struct bounding *bounding = context;
	const struct lp_bounds *bounds = bounding->bounds;
	const struct lp_change_bound *found = lp_change_bound_of(bounds->items, bounds->count, reader->series_id);
	/* The store visits only readers of the series that were asked for. */
	assert(found != NULL);
	struct lp_change_bound *bound = &bounds->items[found - bounds->items];
	struct reach *reach = &bounding->reaches[found - bounds->items];
	lp_time near = oldest_followed(bounding->scan, reader, 0), far;
	int32_t number = reader->lookback >= LP_METER_LOOKBACK ? LP_RISE_SAMPLES + 1 : 1;
	(void)error;
	bound->oldest = near < bound->oldest ? near : bound->oldest;
	if (reader->lookback <= 0)
		return true;
	far = oldest_followed(bounding->scan, reader, reader->lookback);
	reach->near = near < reach->near ? near : reach->near;
	reach->far = far < reach->far ? far : reach->far;
	reach->number = number > reach->number ? number : reach->number;
	return true;
}

static bool read_readers(struct bounding *bounding, struct lp_error *error)
{
	const struct lp_bounds *bounds = bounding->bounds;
	int64_t *series = lp_reallocate(NULL, bounds->count, sizeof *series);
	bool ok = true;
	for (size_t i = 0; i < bounds->count; i++)
		series[i] = bounds->items[i].series_id;
	for (size_t i = 0; i < bounds->count && ok; i += SERIES_AT_ONCE) {
		size_t left = bounds->count - i;
		ok = lp_store_each_reader(bounding->store, series + i, left < SERIES_AT_ONCE ? left : SERIES_AT_ONCE,
		                          bound_reader, bounding, error);
	}
	free(series);
	return ok;
}

/*
 * A look-back never reads beyond the good samples that it needs. Where the store
 * has that many, the bound moves up to the oldest of them.
 */
static bool bound_lookbacks(struct bounding *bounding, struct lp_error *error)
{
	struct lp_change_bound *bounds = bounding->bounds->items;
	struct lp_last *lasts = lp_reallocate(NULL, bounding->reach_count, sizeof *lasts);
	size_t *places = lp_reallocate(NULL, bounding->reach_count, sizeof *places), count = 0;
	bool ok = true;
	for (size_t i = 0; i < bounding->reach_count; i++) {
		const struct reach *reach = &bounding->reaches[i];
		if (reach->number == 0 || reach->first >= reach->near)
			continue;
		places[count] = i;
		lasts[count++] = (struct lp_last){ .series_id = bounds[i].series_id,
			                           .first = reach->far,
			                           .beyond = reach->near,
			                           .number = reach->number };
	}
	for (size_t i = 0; i < count && ok; i += LASTS_AT_ONCE)
		ok = lp_store_find_lasts(bounding->store, lasts + i,
		                         count - i < LASTS_AT_ONCE ? count - i : LASTS_AT_ONCE, error);
	for (size_t i = 0; i < count && ok; i++) {
		lp_time begin = lasts[i].time != LP_TIME_NONE ? lasts[i].time : lasts[i].first;
		if (begin < bounds[places[i]].oldest)
			bounds[places[i]].oldest = begin;
	}
	free(lasts);
	free(places);
	return ok;
}

bool lp_bounds_load(struct lp_bounds *bounds, struct lp_store *store, const struct lp_change_scan *scan,
                    struct lp_error *error)
{
	struct bounding bounding = { .store = store, .scan = scan, .bounds = bounds };
	*bounds = (struct lp_bounds){ .items = NULL };
	bool ok = lp_store_each_changed(store, scan->newest, keep_changed, &bounding, error);
	if (bounds->hours <= FEW_HOURS)
		bounds->count = 0;
	else
		ok = ok && read_readers(&bounding, error) && bound_lookbacks(&bounding, error);
	free(bounding.reaches);
	return ok;
}

void lp_bounds_free(struct lp_bounds *bounds)
{
	free(bounds->items);
	*bounds = (struct lp_bounds){ .items = NULL };
}
