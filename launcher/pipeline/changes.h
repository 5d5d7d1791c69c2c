/*
 * Changes of samples, followed: which windows read them, and so are owed.
 * Internal to pipeline/.
 *
 * Runs in the main process, in its main thread.
 */
#ifndef LP_PIPELINE_CHANGES_H
#define LP_PIPELINE_CHANGES_H

#include "store/store.h"

/* A range of windows that changes touch, when it is only looked for: after_end < end <= until_end. */
struct lp_affected_range {
	int64_t calculation_id;
	enum lp_reason reason;
	struct lp_schedule schedule;
	lp_time window_start, after_end, until_end;
	uint64_t windows;
};

struct lp_change_scan {
	lp_time tick;
	lp_time newest;           /* up to where anybody has read, and a bit: changes from there on are no news */
	int64_t recompute_within; /* the configuration's; microseconds, 0: never */
	bool look;                /* only look: nothing is taken, nothing becomes owed */
	bool tell;                /* of a look: which windows, in `affected` */
	bool many;                /* out, of a look that tells nothing: more have changed than are looked at for that */
	uint64_t ranges;          /* out: of windows that are owed now, and can be computed */
	uint64_t too_old;         /* out: hours of series that changed and are not followed */
	struct lp_affected_range *affected; /* out, of a look, by calculation, disjoint: the caller's to free */
	size_t affected_count, affected_capacity;
};

/*
 * In the caller's transaction, which holds the run's row: the changes that are
 * visible are taken, and the settled windows that read them become owed.
 * Samples that are fetched after its commit hold all that was taken; what it did
 * not see stays for the next call.  To look needs no transaction, and does not
 * keep writers waiting.
 */
bool lp_changes_follow(struct lp_store *store, struct lp_change_scan *scan, struct lp_error *error) LP_MUST_CHECK;

#endif
