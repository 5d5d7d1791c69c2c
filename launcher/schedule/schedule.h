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

/* Windows with after_end < end <= until_end; window_start is the start of the first of them. */
struct lp_window_range {
	lp_time after_end, until_end, window_start;
};

/*
 * Windows with end + delay <= tick, end > watermark, start >= head->start and
 * end <= upstream (up to where all is there that it reads; LP_TIME_MAX where it
 * reads nothing of others), oldest first, at most `most`.  Without watermark and start: only
 * the newest.
 */
bool lp_schedule_due(const struct lp_batch_head *head, lp_time tick, lp_time upstream, size_t most, struct lp_due *due,
                     struct lp_error *error) LP_MUST_CHECK;

/*
 * Which of the windows that are due a run does, where it cannot do them all:
 * more are due than `limit` (0: no limit), or what some of them read is still
 * to be made up for (ready; NULL: all are).  The newest come first, so that the
 * present is not kept waiting by the past: those that follow one another up to
 * the last one, and are ready.  Where the last one is not, the oldest that are.
 */
struct lp_choice {
	lp_time until;                /* windows that end by then */
	bool leaves;                  /* some are left behind the new watermark: */
	struct lp_window_range later; /* these */
};
typedef bool lp_window_ready(void *context, const struct lp_batch_head *head, const struct lp_window *window);
void lp_schedule_choose(const struct lp_batch_head *head, const struct lp_zone *zone, lp_time cap, uint64_t limit,
                        lp_window_ready *ready, void *context, struct lp_choice *choice);

/* The first window of a batch that has not been computed yet, over or not; false: there is none. */
bool lp_schedule_to_come(const struct lp_batch_head *head, const struct lp_zone *zone, lp_time tick,
                         struct lp_window *window);
/* The latest time such that no window that ends by then reads, for an input like this, anything from `time` on. */
lp_time lp_schedule_reads_before(const struct lp_schedule *schedule, const struct lp_zone *zone, struct lp_span length,
                                 struct lp_span shift, lp_time time);

/*
 * The windows of a schedule that read, for an input like this, any sample from
 * first to last (both included; lookback counts as read).  False: there is none.
 */
bool lp_schedule_affected(const struct lp_schedule *schedule, const struct lp_zone *zone, struct lp_span length,
                          struct lp_span shift, int64_t lookback, lp_time first, lp_time last,
                          struct lp_window_range *affected);
/* The same where the zone is not known any more: surely all of them, and perhaps some more. */
void lp_schedule_affected_about(const struct lp_schedule *schedule, struct lp_span length, struct lp_span shift,
                                int64_t lookback, lp_time first, lp_time last, struct lp_window_range *affected);
/*
 * Leaves of a range of windows those that end after `from` and by `until`, and do
 * not begin before start (LP_TIME_NONE: whenever).  False: none is left.
 */
bool lp_schedule_clip(const struct lp_schedule *schedule, const struct lp_zone *zone, lp_time start, lp_time from,
                      lp_time until, struct lp_window_range *affected);
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
