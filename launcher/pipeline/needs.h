/*
 * Which samples will still be read: by windows that are not computed yet, that
 * failed, that are owed, or whose samples have changed.  For `prune`, which
 * leaves them.  Knows windows and readers; deletes nothing.
 *
 * Runs in the main process, in its main thread.
 */
#ifndef LP_PIPELINE_NEEDS_H
#define LP_PIPELINE_NEEDS_H

#include "store/store.h"

/* Why a calculation will read. */
enum lp_need_reason {
	LP_NEED_NEXT,     /* its next window, or the first one */
	LP_NEED_OWED,     /* a window that failed, waits, or is to be computed again, by itself or by what it reads */
	LP_NEED_SCHEDULE, /* its schedule cannot be followed here: it may read anything */
};

struct lp_needed {
	lp_time start; /* without look-backs, and how many good samples a look-back needs before it */
	int32_t before;
	lp_time from;               /* samples from there on; LP_TIME_MAX: nobody reads the series any more */
	int64_t calculation_id;     /* who reads first */
	const char *calculation;    /* its name, valid until lp_needs_free */
	struct lp_window window;    /* the window that does */
	enum lp_need_reason reason; /* why it will be computed */
	bool enabled;               /* else once it is enabled again */
};

struct lp_needs;

/* now: a calculation that has never run, and has no start, begins with the newest window. */
bool lp_needs_load(struct lp_store *store, lp_time now, struct lp_needs **needs, struct lp_error *error) LP_MUST_CHECK;
/*
 * series: those of which only what lies before `before` is of interest.  needed:
 * one for each, in their order.  Of what a look-back reaches, only the samples
 * that it will find are needed: the last good one, of a meter as many as it may ask for.
 */
bool lp_needs_of(struct lp_needs *needs, const struct lp_prune_series *series, size_t count, struct lp_needed *needed,
                 struct lp_error *error) LP_MUST_CHECK;
void lp_needs_free(struct lp_needs *needs); /* NULL is fine */

#endif
