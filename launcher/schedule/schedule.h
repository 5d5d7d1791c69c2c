/*
 * Which windows of a batch a run for a tick has to compute. Pure: it needs no
 * store, clock or threads.
 */
#ifndef LP_SCHEDULE_SCHEDULE_H
#define LP_SCHEDULE_SCHEDULE_H

#include "calendar/calendar.h"
#include "model/batch.h"

struct lp_due {
	struct lp_window *windows; /* of the caller, room for `most` */
	size_t count;
	uint64_t left;  /* also due, but beyond `most`; counted up to 1,000, estimated above */
	bool held_back; /* windows that wait for an upstream batch */
};

/* How an input reads its series for a window: as struct lp_input says. */
struct lp_input_extent {
	struct lp_span window, shift;
	int64_t lookback;
};
/* That of an input, or of whatever else has these fields. */
#define LP_EXTENT_OF(reader) (&(const struct lp_input_extent){ (reader)->window, (reader)->shift, (reader)->lookback })

/* Windows with after_end < end <= until_end. window_start is the start of the first of them. */
struct lp_window_range {
	lp_time after_end, until_end, window_start;
};

/*
 * Fills the windows with end + delay <= tick, end > watermark, start >=
 * head->start and end <= upstream, oldest first, at most `most`. upstream: up to
 * where all that it reads is there; LP_TIME_MAX if it reads no results. Without
 * watermark and start, only the newest.
 */
bool lp_schedule_due(const struct lp_batch_head *head, lp_time tick, lp_time upstream, size_t most, struct lp_due *due,
                     struct lp_error *error) LP_MUST_CHECK;

/*
 * Which due windows a run computes if it cannot compute all: more are due than
 * `limit` (0: no limit), or some read from a gap that is not made up for (ready;
 * NULL: all are ready). It takes the newest ready windows that follow one
 * another up to the last one, so that the past does not delay the present. If
 * the last one is not ready, it takes the oldest that are.
 */
struct lp_choice {
	lp_time until;                /* windows that end by then are computed */
	bool leaves;                  /* some are left behind the new watermark */
	struct lp_window_range later; /* those */
};
typedef bool lp_window_ready(void *context, const struct lp_batch_head *head, const struct lp_window *window);
struct lp_readiness {
	lp_window_ready *is_ready;
	void *context;
};
void lp_schedule_choose(const struct lp_batch_head *head, const struct lp_zone *zone, lp_time cap, uint64_t limit,
                        const struct lp_readiness *ready, struct lp_choice *choice);

/* Finds the first window of a batch that has not been computed yet, over or not. False: there is none. */
bool lp_schedule_to_come(const struct lp_batch_head *head, const struct lp_zone *zone, lp_time tick,
                         struct lp_window *window);
/*
 * Returns the latest time such that no window that ends by then reads, for such
 * an input, anything at or after `time`.
 */
lp_time lp_schedule_reads_before(const struct lp_schedule *schedule, const struct lp_zone *zone,
                                 const struct lp_input_extent *extent, lp_time time);

/*
 * Finds the windows that read, for such an input, any sample from first to last
 * (both included; lookback counts as read). False: there is none.
 */
bool lp_schedule_affected(const struct lp_schedule *schedule, const struct lp_zone *zone,
                          const struct lp_input_extent *extent, lp_time first, lp_time last,
                          struct lp_window_range *affected);
/* The same without the zone, if that is unknown: all of them, and perhaps some more. */
void lp_schedule_affected_about(const struct lp_schedule *schedule, const struct lp_input_extent *extent, lp_time first,
                                lp_time last, struct lp_window_range *affected);
/*
 * Keeps of a range the windows that end after `from` and by `until` and do not
 * begin before start (LP_TIME_NONE: any). False: none is left.
 */
bool lp_schedule_clip(const struct lp_schedule *schedule, const struct lp_zone *zone, lp_time start, lp_time from,
                      lp_time until, struct lp_window_range *affected);
/* Returns how many windows have from < end <= to; counted up to 1,000, estimated above. */
uint64_t lp_schedule_count(const struct lp_schedule *schedule, const struct lp_zone *zone, lp_time from, lp_time to);

/*
 * Returns how many windows of a range read samples that `prune` has removed,
 * look-backs aside. No run computes these again.
 */
uint64_t lp_schedule_pruned(const struct lp_calculation *calculation, const struct lp_zone *zone, lp_time from,
                            lp_time to);

/*
 * Finds the first tick after `tick` at which a window becomes due; LP_TIME_NONE:
 * there is none. For "nothing due, next at ...".
 */
bool lp_schedule_next(const struct lp_batch_head *head, lp_time tick, lp_time *next,
                      struct lp_error *error) LP_MUST_CHECK;

#endif
