/*
 * Follows changed samples to the settled windows that read them; these become
 * owed. Internal to pipeline/.
 *
 * Runs in the main process, in its main thread.
 */
#ifndef LP_PIPELINE_CHANGES_H
#define LP_PIPELINE_CHANGES_H

#include "store/store.h"

/* Windows of one calculation that changes affect, found by a dry run: after_end < end <= until_end. */
struct lp_affected_range {
	int64_t calculation_id;
	enum lp_reason reason;
	struct lp_schedule schedule;
	lp_time window_start, after_end, until_end;
	uint64_t windows;
};

struct lp_change_scan {
	lp_time tick;
	lp_time newest;           /* no reader has read a sample from this time on, so changes there affect nothing */
	int64_t recompute_within; /* of the configuration; microseconds, 0: never */
	bool dry_run;             /* finds changes without taking them; nothing becomes owed */
	bool list;                /* of a dry run: fills `affected` */
	/*
	 * out, of a dry run that does not list: more has changed than it is worth to
	 * follow twice
	 */
	bool many;
	uint64_t ranges;                    /* out: ranges of windows that are owed now and can be computed */
	uint64_t too_old;                   /* out: hours of series whose changes are too old to be followed */
	struct lp_affected_range *affected; /* out, of a dry run, by calculation, disjoint; the caller frees it */
	size_t affected_count, affected_capacity;
};

/*
 * Takes the changes that are visible, and makes the settled windows that read
 * them owed. Call it in a transaction that holds the run's row: samples fetched
 * after its commit include everything that was taken, and what it did not see
 * stays for the next call. A dry run needs no transaction and does not block
 * writers.
 */
bool lp_changes_follow(struct lp_store *store, struct lp_change_scan *scan, struct lp_error *error) LP_MUST_CHECK;

#endif
