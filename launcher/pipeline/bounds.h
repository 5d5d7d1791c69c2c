/*
 * From when on changes of each series are followed.  After an import of history
 * there are very many, most of which nobody follows: the store passes over
 * these.  Internal to pipeline/.
 *
 * Runs in the main process, in its main thread.
 */
#ifndef LP_PIPELINE_BOUNDS_H
#define LP_PIPELINE_BOUNDS_H

#include "pipeline/changes.h"

struct lp_bounds {
	uint64_t hours;                /* of series that have changed, whoever reads them */
	struct lp_change_bound *items; /* by series */
	size_t count;
};

/*
 * Those of the series that have changed.  None where few hours have: it is
 * quicker to follow all then than to ask first who follows how far back.
 */
bool lp_bounds_load(struct lp_bounds *bounds, struct lp_store *store, const struct lp_change_scan *scan,
                    struct lp_error *error) LP_MUST_CHECK;
void lp_bounds_free(struct lp_bounds *bounds);

/*
 * From when on windows of this reader follow a change; LP_TIME_MAX: not at all.
 * The configuration's limit is for what is measured: a result that was computed
 * again, by hand or because an old window was tried again, must not leave behind
 * what was computed from it before.
 */
lp_time lp_bounds_from(const struct lp_change_scan *scan, const struct lp_reader *reader, bool by_hand);

/* The good samples from a change on in which a rise is looked for: a window may hold some of those up to its rise. */
enum { LP_RISE_SAMPLES = 5 * LP_METER_SAMPLES };

#endif
