/*
 * Finds the samples that are still needed: by windows that are not computed yet,
 * that failed, that are owed, or whose samples have changed. `prune` keeps
 * those. Deletes nothing.
 *
 * Runs in the main process, in its main thread.
 */
#ifndef LP_PIPELINE_NEEDS_H
#define LP_PIPELINE_NEEDS_H

#include "store/store.h"

/* Why a calculation will read a sample. */
enum lp_need_reason {
	LP_NEED_NEXT,     /* for its next or first window */
	LP_NEED_OWED,     /* for a window that failed, waits or is computed again, itself or by what it reads */
	LP_NEED_SCHEDULE, /* its schedule cannot be followed here, so it may read anything */
};

struct lp_needed {
	lp_time start; /* without look-backs; before: good samples that a look-back needs before it */
	int32_t before;
	lp_time from;               /* samples from this time on are needed; LP_TIME_MAX: none are */
	int64_t calculation_id;     /* the first reader */
	const char *calculation;    /* its name, valid until lp_needs_free */
	struct lp_window window;    /* the first window that reads */
	enum lp_need_reason reason; /* why it will be computed */
	bool enabled;               /* false: only once it is enabled again */
};

struct lp_needs;

/* now: a calculation that never ran and has no start begins with the newest window. */
bool lp_needs_load(struct lp_store *store, lp_time now, struct lp_needs **needs, struct lp_error *error) LP_MUST_CHECK;
/*
 * Fills `needed`, one per series in the same order. Only samples before
 * series->before matter. A look-back needs no more than the samples it will
 * find: the last good one, or as many as a meter may ask for.
 */
bool lp_needs_of(struct lp_needs *needs, const struct lp_prune_series *series, size_t count, struct lp_needed *needed,
                 struct lp_error *error) LP_MUST_CHECK;
void lp_needs_free(struct lp_needs *needs); /* NULL is allowed */

#endif
