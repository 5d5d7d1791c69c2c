/* Changes of samples, followed.  Knows readers and windows; no threads, no clock. */
#include "pipeline/changes.h"

#include "observe/log.h"
#include "schedule/schedule.h"

#include <stdlib.h>

enum { READERS_OF_AT_ONCE = 10000, RANGES_AT_ONCE = 10000, CHANGES_AT_ONCE = 100000 };

/* A window may hold some of the samples up to its rise, besides those before it. */
enum { RISE_SAMPLES = 5 * LP_METER_SAMPLES };
#define RISE_UNKNOWN INT64_MAX

struct follower {
	struct lp_store *store;
	struct lp_following *following;
	struct lp_change *changes; /* by series and time */
	size_t change_count, change_capacity;
	lp_time *rises; /* by change: see limit_lookback */
	bool *too_old;  /* by change: somebody who reads it does not follow it any more */
	struct lp_owed_range *ranges;
	size_t range_count, range_capacity;
};

static bool keep_change(void *context, const struct lp_change *change, struct lp_error *error)
{
	struct follower *follower = context;
	(void)error;
	LP_GROW(follower->changes, follower->change_count, follower->change_capacity);
	follower->changes[follower->change_count++] = *change;
	return true;
}

static int compare_changes(const void *a, const void *b)
{
	const struct lp_change *left = a, *right = b;
	if (left->series_id != right->series_id)
		return left->series_id < right->series_id ? -1 : 1;
	return (left->first > right->first) - (left->first < right->first);
}

/* The first change of a series. */
static size_t find_changes(const struct follower *follower, int64_t series_id)
{
	size_t low = 0, high = follower->change_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (follower->changes[middle].series_id < series_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool flush(struct follower *follower, struct lp_error *error)
{
	size_t count = follower->range_count;
	follower->range_count = 0;
	return lp_store_add_owed(follower->store, follower->ranges, count, error);
}

/*
 * From when on windows of this reader follow a change; LP_TIME_MAX: not at all.
 * The configuration's limit is for what is measured: a result that was computed
 * again, by hand or because an old window was tried again, must not leave behind
 * what was computed from it before.
 */
static lp_time follows_from(const struct lp_following *following, const struct lp_reader *reader, bool by_hand)
{
	int64_t within = reader->recompute_within != 0 ? reader->recompute_within : following->recompute_within;
	lp_time from;
	if (by_hand || (reader->computed && reader->recompute_within == 0))
		return LP_TIME_MIN;
	if (within <= 0)
		return LP_TIME_MAX;
	return __builtin_sub_overflow(following->tick, within, &from) || from < LP_TIME_MIN ? LP_TIME_MIN : from;
}

static void see(struct lp_following *following, const struct lp_reader *reader, const struct lp_change *change,
                const struct lp_touched *touched)
{
	LP_GROW(following->seen, following->seen_count, following->seen_capacity);
	following->seen[following->seen_count++] = (struct lp_seen){
		.calculation_id = reader->calculation_id,
		.reason = change->by_hand ? LP_REASON_INVALIDATED : LP_REASON_LATE,
		.schedule = *reader->schedule,
		.window_start = touched->window_start,
		.after_end = touched->after_end,
		.until_end = touched->until_end,
	};
}

static int compare_seen(const void *a, const void *b)
{
	const struct lp_seen *left = a, *right = b;
	if (left->calculation_id != right->calculation_id)
		return left->calculation_id < right->calculation_id ? -1 : 1;
	if (left->reason != right->reason)
		return left->reason < right->reason ? -1 : 1;
	return (left->after_end > right->after_end) - (left->after_end < right->after_end);
}

/* Several changes touch a window, of one input or of several: it is computed once. */
static bool join_seen(struct lp_following *following, struct lp_error *error)
{
	struct lp_seen *seen = following->seen;
	const struct lp_zone *zone;
	size_t last = 0;
	if (following->seen_count == 0)
		return true;
	qsort(seen, following->seen_count, sizeof *seen, compare_seen);
	for (size_t at = 1; at < following->seen_count; at++) {
		if (seen[at].calculation_id != seen[last].calculation_id || seen[at].reason != seen[last].reason ||
		    seen[at].after_end > seen[last].until_end)
			seen[++last] = seen[at];
		else if (seen[at].until_end > seen[last].until_end)
			seen[last].until_end = seen[at].until_end;
	}
	following->seen_count = last + 1;
	for (size_t at = 0; at <= last; at++) {
		if (!lp_zone_find(seen[at].schedule.zone, &zone, error))
			return false;
		seen[at].windows = lp_schedule_count(&seen[at].schedule, zone, seen[at].after_end, seen[at].until_end);
	}
	return true;
}

/*
 * How far a change is looked back to.  What is `previous` to a window is the
 * last good sample before its range: of windows whose ranges begin after the
 * next good sample that is another one, whatever has changed before it.  Rules
 * that count look at what lies before it too, where a range has a rise by which
 * a meter could be back from a wrong reading.
 */
static bool limit_lookback(struct follower *follower, const struct lp_reader *reader, const struct lp_change *change,
                           int64_t *lookback, struct lp_error *error)
{
	const struct lp_rise_query query = { .series_id = change->series_id,
		                             .after = change->last,
		                             .before = follower->following->newest,
		                             .times = LP_METER_RISE,
		                             .most = RISE_SAMPLES };
	lp_time *rise = &follower->rises[change - follower->changes], until = change->next_good;
	*lookback = reader->lookback;
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

static bool add_touched(struct follower *follower, const struct lp_reader *reader, const struct lp_change *change,
                        const struct lp_touched *touched, struct lp_error *error)
{
	if (touched->after_end >= touched->until_end)
		return true;
	follower->following->ranges += reader->enabled;
	if (follower->following->look) {
		if (follower->following->tell && reader->enabled)
			see(follower->following, reader, change, touched);
		return true;
	}
	LP_GROW(follower->ranges, follower->range_count, follower->range_capacity);
	follower->ranges[follower->range_count++] = (struct lp_owed_range){
		.calculation_id = reader->calculation_id,
		.reason = change->by_hand ? LP_REASON_INVALIDATED : LP_REASON_LATE,
		.window_start = touched->window_start,
		.after_end = touched->after_end,
		.until_end = touched->until_end,
	};
	return follower->range_count < RANGES_AT_ONCE || flush(follower, error);
}

/* What was never computed is not computed again: windows that were missed will read what is there then. */
static bool add_computed(struct follower *follower, const struct lp_reader *reader, const struct lp_zone *zone,
                         const struct lp_change *change, struct lp_touched *touched, struct lp_error *error)
{
	struct lp_touched later = *touched;
	struct lp_window first;
	if (reader->past_until == LP_TIME_NONE || reader->past_until <= touched->after_end ||
	    reader->past_after >= touched->until_end)
		return add_touched(follower, reader, change, touched, error);
	if (touched->until_end > reader->past_after)
		touched->until_end = reader->past_after;
	if (later.after_end < reader->past_until) {
		later.after_end = reader->past_until;
		if (lp_window_ending_after(reader->schedule, zone, later.after_end, &first))
			later.window_start = first.start;
	}
	return add_touched(follower, reader, change, touched, error) &&
	       add_touched(follower, reader, change, &later, error);
}

static bool follow_change(struct follower *follower, const struct lp_reader *reader, const struct lp_zone *zone,
                          const struct lp_change *change, struct lp_error *error)
{
	struct lp_touched touched;
	lp_time from = follows_from(follower->following, reader, change->by_hand);
	int64_t lookback;
	if (!limit_lookback(follower, reader, change, &lookback, error))
		return false;
	if (!lp_schedule_touched(reader->schedule, zone, reader->window, reader->shift, lookback, change->first,
	                         change->last, &touched))
		return true;
	if (touched.until_end <= from && touched.until_end <= reader->watermark)
		follower->too_old[change - follower->changes] = true;
	if (!lp_schedule_clip(reader->schedule, zone, reader->start, from, reader->watermark, &touched))
		return true;
	return add_computed(follower, reader, zone, change, &touched, error);
}

/* Its zone is gone: what a change touches is kept for when it is back. */
static bool keep_change_for_later(struct follower *follower, const struct lp_reader *reader,
                                  const struct lp_change *change, struct lp_error *error)
{
	struct lp_touched touched;
	lp_time from = follows_from(follower->following, reader, change->by_hand);
	lp_schedule_touched_about(reader->schedule, reader->window, reader->shift, reader->lookback, change->first,
	                          change->last, &touched);
	if (touched.after_end < from)
		touched.after_end = from;
	if (reader->start != LP_TIME_NONE && touched.after_end < reader->start)
		touched.after_end = reader->start;
	if (touched.until_end > reader->watermark)
		touched.until_end = reader->watermark;
	/* What only looks has nothing to compute. */
	return follower->following->look || add_touched(follower, reader, change, &touched, error);
}

static bool follow_reader(void *context, const struct lp_reader *reader, struct lp_error *error)
{
	struct follower *follower = context;
	const struct lp_zone *zone;
	struct lp_error ignored;
	bool known = lp_zone_find(reader->schedule->zone, &zone, &ignored);
	for (size_t at = find_changes(follower, reader->series_id);
	     at < follower->change_count && follower->changes[at].series_id == reader->series_id; at++)
		if (!(known ? follow_change(follower, reader, zone, &follower->changes[at], error)
		            : keep_change_for_later(follower, reader, &follower->changes[at], error)))
			return false;
	return true;
}

static bool follow_series(struct follower *follower, struct lp_error *error)
{
	int64_t *series = lp_reallocate(NULL, READERS_OF_AT_ONCE, sizeof *series);
	size_t count = 0;
	bool good = true;
	for (size_t at = 0; at < follower->change_count && good; at++) {
		bool last = at + 1 == follower->change_count ||
		            follower->changes[at + 1].series_id != follower->changes[at].series_id;
		if (last)
			series[count++] = follower->changes[at].series_id;
		if (count == READERS_OF_AT_ONCE || (at + 1 == follower->change_count && count > 0)) {
			good = lp_store_each_reader(follower->store, series, count, follow_reader, follower, error);
			count = 0;
		}
	}
	free(series);
	return good && flush(follower, error);
}

static bool find_next_good(struct follower *follower, struct lp_error *error)
{
	for (size_t at = 0; at < follower->change_count; at++)
		follower->rises[at] = RISE_UNKNOWN;
	for (size_t at = 0; at < follower->change_count; at += CHANGES_AT_ONCE) {
		size_t count = follower->change_count - at;
		if (!lp_store_find_next_good(follower->store, follower->changes + at,
		                             count < CHANGES_AT_ONCE ? count : CHANGES_AT_ONCE,
		                             follower->following->newest, error))
			return false;
	}
	return true;
}

static bool follow_within(struct follower *follower, struct lp_error *error)
{
	struct lp_change_query query = {
		.oldest = LP_TIME_NONE,
		.newest = follower->following->newest,
		.take = !follower->following->look,
	};
	if (!lp_store_each_change(follower->store, &query, keep_change, follower, error))
		return false;
	if (follower->change_count == 0)
		return true;
	qsort(follower->changes, follower->change_count, sizeof *follower->changes, compare_changes);
	follower->too_old = lp_allocate(follower->change_count * sizeof *follower->too_old);
	follower->rises = lp_reallocate(NULL, follower->change_count, sizeof *follower->rises);
	bool good = find_next_good(follower, error) && follow_series(follower, error);
	for (size_t at = 0; at < follower->change_count; at++)
		follower->following->too_old += follower->too_old[at];
	return good;
}

bool lp_changes_follow(struct lp_store *store, struct lp_following *following, struct lp_error *error)
{
	struct follower follower = { .store = store, .following = following };
	following->ranges = following->too_old = 0;
	bool good = follow_within(&follower, error);
	free(follower.changes);
	free(follower.too_old);
	free(follower.rises);
	free(follower.ranges);
	good = good && join_seen(following, error);
	if (good && !following->look && following->ranges > 0)
		lp_log(LP_LOG_DEBUG, "samples that were read have changed", LP_INT("ranges", following->ranges));
	return good;
}
