/*
 * The part of `prune` that is about samples: which go, which stay because they
 * will still be read, and which calculation will read them.
 */
#ifndef LP_COMMAND_PRUNE_H
#define LP_COMMAND_PRUNE_H

#include "calendar/calendar.h"
#include "store/store.h"

struct lp_prune_samples {
	struct lp_store *store;
	const struct lp_zone *zone;
	lp_time now;
	lp_time samples_before, results_before; /* LP_TIME_NONE: this kind is kept */
	const char *pattern;                    /* glob over series; NULL: all */
	bool dry_run, even_if_needed;
};

/* Deletes, or counts, and prints what was done. */
bool lp_prune_samples(const struct lp_prune_samples *prune, struct lp_error *error) LP_MUST_CHECK;

#endif
