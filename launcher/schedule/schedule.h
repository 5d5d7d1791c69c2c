/*
 * What is due: which windows of a batch are to be computed in a run for a tick.
 * Pure: from what the store said to windows, without store, clock or threads.
 */
#ifndef LP_SCHEDULE_SCHEDULE_H
#define LP_SCHEDULE_SCHEDULE_H

#include "calendar/calendar.h"
#include "model/batch.h"

struct lp_due {
	struct lp_window *windows; /* the caller's, of `most` */
	size_t count;
	uint64_t left;  /* due as well, but past `most`; counted up to 1,000, estimated beyond */
	bool held_back; /* windows that wait for an upstream batch */
};

/*
 * Windows with end + delay <= tick, end > watermark, start >= head->start and
 * end <= upstream (the lowest watermark of the batches that it reads;
 * LP_TIME_MAX where it reads none, LP_TIME_NONE where one has computed
 * nothing), oldest first, at most `most`.  Without watermark and start: only
 * the newest.
 */
bool lp_schedule_due(const struct lp_batch_head *head, lp_time tick, lp_time upstream, size_t most, struct lp_due *due,
                     struct lp_error *error) LP_MUST_CHECK;

/*
 * The windows of a schedule that read, for an input like this, any sample from
 * first to last (both included; lookback counts as read): those with
 * after_end < end <= until_end; window_start is the start of the first of them.
 * False: there is none.
 */
struct lp_touched {
	lp_time after_end, until_end, window_start;
};
bool lp_schedule_touched(const struct lp_schedule *schedule, const struct lp_zone *zone, struct lp_span length,
                         struct lp_span shift, int64_t lookback, lp_time first, lp_time last,
                         struct lp_touched *touched);
/*
 * Leaves of a range of windows those that end after `from` and by `until`, and do
 * not begin before start (LP_TIME_NONE: whenever).  False: none is left.
 */
bool lp_schedule_clip(const struct lp_schedule *schedule, const struct lp_zone *zone, lp_time start, lp_time from,
                      lp_time until, struct lp_touched *touched);
/* How many windows have from < end <= to; counted up to 1,000, estimated beyond. */
uint64_t lp_schedule_count(const struct lp_schedule *schedule, const struct lp_zone *zone, lp_time from, lp_time to);

/*
 * How many windows of a range read, by their inputs without their look-backs,
 * samples that `prune` has removed: no run computes these again.
 */
uint64_t lp_schedule_pruned(const struct lp_calculation *calculation, const struct lp_zone *zone, lp_time from,
                            lp_time to);

/* The first tick after `tick` at which a window becomes due; LP_TIME_NONE: never. For "nothing due, next at ...". */
bool lp_schedule_next(const struct lp_batch_head *head, lp_time tick, lp_time *next,
                      struct lp_error *error) LP_MUST_CHECK;

#endif
