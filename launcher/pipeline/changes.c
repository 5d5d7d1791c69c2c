/*
 * Follows changes of samples to the windows that read them. Knows readers and
 * windows; no threads, no clock.
 *
 * Runs in the main process, in its main thread.
 */
#include "pipeline/changes.h"

#include "model/order.h"
#include "observe/observe.h"
#include "pipeline/bounds.h"
#include "schedule/schedule.h"

#include <stdlib.h>

enum { RANGES_AT_ONCE = 10000 };
#define RISE_UNKNOWN INT64_MAX

struct follower {
	struct lp_store *store;
	struct lp_change_scan *scan;
	struct lp_change *changes; /* one chunk of the store's, by series and time */
	size_t change_count;
	lp_time *rises; /* by change: see limit_lookback */
	bool *too_old;  /* by change: a reader of it does not follow changes so old */
	struct lp_owed_range *ranges;
	size_t range_count, range_capacity;
};

static int compare_changes(const void *a, const void *b)
{
	const struct lp_change *left = a, *right = b;
	int order = lp_compare(left->series_id, right->series_id);
	return order != 0 ? order : lp_compare(left->first, right->first);
}

/* Returns the index of the first change of a series. */
static size_t find_changes(const struct follower *follower, int64_t series_id)
{
	return LP_LOWER_BOUND(follower->change_count, i, follower->changes[i].series_id < series_id);
}

static bool flush(struct follower *follower, struct lp_error *error)
{
	size_t count = follower->range_count;
	follower->range_count = 0;
	return lp_store_add_owed(follower->store, follower->ranges, count, error);
}

/*
 * Widens the last range if the next one touches it, so that a long history
 * becomes one range. False: they do not touch.
 */
static bool joins(lp_time *window_start, lp_time *after_end, lp_time *until_end, const struct lp_window_range *affected)
{
	if (affected->after_end > *until_end || affected->until_end < *after_end)
		return false;
	*window_start = affected->window_start < *window_start ? affected->window_start : *window_start;
	*after_end = affected->after_end < *after_end ? affected->after_end : *after_end;
	*until_end = affected->until_end > *until_end ? affected->until_end : *until_end;
	return true;
}

static void note_affected(struct lp_change_scan *scan, const struct lp_reader *reader, enum lp_reason reason,
                          const struct lp_window_range *affected)
{
	struct lp_affected_range *last = scan->affected_count > 0 ? &scan->affected[scan->affected_count - 1] : NULL;
	if (last != NULL && last->calculation_id == reader->calculation_id && last->reason == reason &&
	    joins(&last->window_start, &last->after_end, &last->until_end, affected))
		return;
	LP_GROW(scan->affected, scan->affected_count, scan->affected_capacity);
	scan->affected[scan->affected_count++] = (struct lp_affected_range){
		.calculation_id = reader->calculation_id,
		.reason = reason,
		.schedule = reader->schedule,
		.window_start = affected->window_start,
		.after_end = affected->after_end,
		.until_end = affected->until_end,
	};
}

static int compare_affected(const void *a, const void *b)
{
	const struct lp_affected_range *left = a, *right = b;
	if (left->calculation_id != right->calculation_id)
		return lp_compare(left->calculation_id, right->calculation_id);
	if (left->reason != right->reason)
		return lp_compare(left->reason, right->reason);
	return lp_compare(left->after_end, right->after_end);
}

/* Joins overlapping ranges: a window that several changes affect is computed once. */
static bool join_affected(struct lp_change_scan *scan, struct lp_error *error)
{
	struct lp_affected_range *affected = scan->affected;
	const struct lp_zone *zone;
	size_t last = 0;
	if (scan->affected_count == 0)
		return true;
	qsort(affected, scan->affected_count, sizeof *affected, compare_affected);
	for (size_t i = 1; i < scan->affected_count; i++)
		if (affected[i].calculation_id != affected[last].calculation_id ||
		    affected[i].reason != affected[last].reason || affected[i].after_end > affected[last].until_end)
			affected[++last] = affected[i];
		else if (affected[i].until_end > affected[last].until_end)
			affected[last].until_end = affected[i].until_end;
	scan->affected_count = last + 1;
	for (size_t i = 0; i <= last; i++) {
		if (!lp_zone_find(affected[i].schedule.zone, &zone, error))
			return false;
		affected[i].windows =
			lp_schedule_count(&affected[i].schedule, zone, affected[i].after_end, affected[i].until_end);
	}
	return true;
}

/* Returns the next change of the same series and kind; NULL: there is none in this chunk. */
static const struct lp_change *next_change(const struct follower *follower, const struct lp_change *change)
{
	const struct lp_change *next = change + 1;
	return next < follower->changes + follower->change_count && next->series_id == change->series_id &&
	                       next->by_hand == change->by_hand && next->first > change->last
	               ? next
	               : NULL;
}

/*
 * Sets how far beyond a change windows can look back to it. `previous` of a
 * window is the last good sample before its range, so a window whose range
 * begins after the next good sample no longer sees the change. Rules that count
 * also look at what lies before it, if the range has a rise by which a meter
 * could recover from a wrong reading. If the next change of the series comes
 * earlier than all that, it affects the rest by itself.
 */
static bool limit_lookback(struct follower *follower, const struct lp_reader *reader, const struct lp_change *change,
                           int64_t *lookback, struct lp_error *error)
{
	const struct lp_rise_query query = { .series_id = change->series_id,
		                             .after = change->last,
		                             .before = follower->scan->newest,
		                             .times = LP_METER_RISE,
		                             .most = LP_RISE_SAMPLES };
	const struct lp_change *next = reader->lookback > 0 ? next_change(follower, change) : NULL;
	lp_time *rise = &follower->rises[change - follower->changes], until = change->next_good;
	*lookback = reader->lookback;
	if (next != NULL && (until == LP_TIME_NONE || until >= next->first) &&
	    reader->lookback > next->first - change->last) {
		*lookback = next->first - change->last;
		return true;
	}
	if (until == LP_TIME_NONE || reader->lookback <= until - change->last)
		return true;
	if (reader->lookback >= LP_METER_LOOKBACK) {
		if (*rise == RISE_UNKNOWN && !lp_store_find_rise(follower->store, &query, rise, error))
			return false;
		until = *rise > until ? *rise : until;
	}
	if (until - change->last < reader->lookback)
		*lookback = until - change->last;
	return true;
}

static bool add_affected(struct follower *follower, const struct lp_reader *reader, const struct lp_change *change,
                         const struct lp_window_range *affected, struct lp_error *error)
{
	enum lp_reason reason = change->by_hand ? LP_REASON_INVALIDATED : LP_REASON_LATE;
	struct lp_owed_range *last = follower->range_count > 0 ? &follower->ranges[follower->range_count - 1] : NULL;
	if (affected->after_end >= affected->until_end)
		return true;
	follower->scan->ranges += reader->enabled;
	if (follower->scan->dry_run) {
		if (follower->scan->list && reader->enabled)
			note_affected(follower->scan, reader, reason, affected);
		return true;
	}
	if (last != NULL && last->calculation_id == reader->calculation_id && last->reason == reason &&
	    joins(&last->window_start, &last->after_end, &last->until_end, affected))
		return true;
	LP_GROW(follower->ranges, follower->range_count, follower->range_capacity);
	follower->ranges[follower->range_count++] = (struct lp_owed_range){
		.calculation_id = reader->calculation_id,
		.reason = reason,
		.window_start = affected->window_start,
		.after_end = affected->after_end,
		.until_end = affected->until_end,
	};
	return follower->range_count < RANGES_AT_ONCE || flush(follower, error);
}

/* Leaves out windows that were missed: they were never computed, and will read the changed samples when they are. */
static bool add_computed(struct follower *follower, const struct lp_reader *reader, const struct lp_zone *zone,
                         const struct lp_change *change, struct lp_window_range *affected, struct lp_error *error)
{
	struct lp_window_range later = *affected;
	struct lp_window first;
	if (reader->past_until == LP_TIME_NONE || reader->past_until <= affected->after_end ||
	    reader->past_after >= affected->until_end)
		return add_affected(follower, reader, change, affected, error);
	if (affected->until_end > reader->past_after)
		affected->until_end = reader->past_after;
	if (later.after_end < reader->past_until) {
		later.after_end = reader->past_until;
		if (lp_window_ending_after(&reader->schedule, zone, later.after_end, &first))
			later.window_start = first.start;
	}
	return add_affected(follower, reader, change, affected, error) &&
	       add_affected(follower, reader, change, &later, error);
}

static bool follow_change(struct follower *follower, const struct lp_reader *reader, const struct lp_zone *zone,
                          const struct lp_change *change, struct lp_error *error)
{
	struct lp_window_range affected;
	lp_time from = lp_bounds_from(follower->scan, reader, change->by_hand);
	struct lp_input_extent extent = { .window = reader->window, .shift = reader->shift };
	if (!limit_lookback(follower, reader, change, &extent.lookback, error))
		return false;
	if (!lp_schedule_affected(&reader->schedule, zone, &extent, change->first, change->last, &affected))
		return true;
	if (affected.until_end <= from && affected.until_end <= reader->watermark)
		follower->too_old[change - follower->changes] = true;
	if (!lp_schedule_clip(&reader->schedule, zone, reader->start, from, reader->watermark, &affected))
		return true;
	return add_computed(follower, reader, zone, change, &affected, error);
}

/* The reader's time zone is unknown here. The range is kept, and computed once the zone is known again. */
static bool keep_change_for_later(struct follower *follower, const struct lp_reader *reader,
                                  const struct lp_change *change, struct lp_error *error)
{
	struct lp_window_range affected;
	lp_time from = lp_bounds_from(follower->scan, reader, change->by_hand);
	lp_schedule_affected_about(&reader->schedule, LP_EXTENT_OF(reader), change->first, change->last, &affected);
	if (affected.after_end < from)
		affected.after_end = from;
	if (reader->start != LP_TIME_NONE && affected.after_end < reader->start)
		affected.after_end = reader->start;
	if (affected.until_end > reader->watermark)
		affected.until_end = reader->watermark;
	/* A dry run has nothing to compute. */
	return follower->scan->dry_run || add_affected(follower, reader, change, &affected, error);
}

static bool follow_reader(void *context, const struct lp_reader *reader, struct lp_error *error)
{
	struct follower *follower = context;
	const struct lp_zone *zone;
	struct lp_error ignored;
	bool known = lp_zone_find(reader->schedule.zone, &zone, &ignored);
	for (size_t i = find_changes(follower, reader->series_id);
	     i < follower->change_count && follower->changes[i].series_id == reader->series_id; i++)
		if (!(known ? follow_change(follower, reader, zone, &follower->changes[i], error)
		            : keep_change_for_later(follower, reader, &follower->changes[i], error)))
			return false;
	return true;
}

static bool follow_series(struct follower *follower, struct lp_error *error)
{
	int64_t *series = lp_reallocate(NULL, follower->change_count, sizeof *series);
	size_t count = 0;
	for (size_t i = 0; i < follower->change_count; i++)
		if (i == 0 || follower->changes[i].series_id != follower->changes[i - 1].series_id)
			series[count++] = follower->changes[i].series_id;
	bool ok = lp_store_each_reader(follower->store, series, count, follow_reader, follower, error);
	free(series);
	return ok && flush(follower, error);
}

/* Follows one chunk of changes. A series may have the same hour more than once in it. */
static bool follow_some(void *context, struct lp_change *changes, size_t count, struct lp_error *error)
{
	struct follower *follower = context;
	follower->changes = changes;
	follower->change_count = count;
	qsort(changes, count, sizeof *changes, compare_changes);
	for (size_t i = 0; i < count; i++) {
		follower->rises[i] = RISE_UNKNOWN;
		follower->too_old[i] = false;
	}
	bool ok = lp_store_find_next_good(follower->store, changes, count, follower->scan->newest, error) &&
	          follow_series(follower, error);
	for (size_t i = 0; i < count; i++)
		follower->scan->too_old += follower->too_old[i];
	return ok;
}

static bool follow_within(struct follower *follower, const struct lp_bounds *bounds, struct lp_error *error)
{
	struct lp_change_query query = {
		.newest = follower->scan->newest,
		.take = !follower->scan->dry_run,
		.bounds = bounds->items,
		.bound_count = bounds->count,
	};
	if (!lp_store_each_change(follower->store, &query, follow_some, follower, error))
		return false;
	follower->scan->too_old += query.too_old;
	return true;
}

bool lp_changes_follow(struct lp_store *store, struct lp_change_scan *scan, struct lp_error *error)
{
	struct lp_bounds bounds;
	struct follower follower = {
		.store = store,
		.scan = scan,
		.rises = lp_reallocate(NULL, LP_CHANGES_AT_ONCE, sizeof *follower.rises),
		.too_old = lp_reallocate(NULL, LP_CHANGES_AT_ONCE, sizeof *follower.too_old),
	};
	scan->ranges = scan->too_old = 0;
	bool ok = lp_bounds_load(&bounds, store, scan, error);
	scan->many = ok && scan->dry_run && !scan->list && bounds.count > 0;
	ok = ok && (scan->many || follow_within(&follower, &bounds, error));
	lp_bounds_free(&bounds);
	free(follower.too_old);
	free(follower.rises);
	free(follower.ranges);
	ok = ok && join_affected(scan, error);
	if (ok && !scan->dry_run && scan->ranges > 0)
		lp_log(LP_LOG_DEBUG, "samples that were read have changed", LP_INT("ranges", scan->ranges));
	return ok;
}
