/*
 * The bound of each changed series before which no reader follows a change. An
 * import of history changes very many hours, most of which no reader follows;
 * the store skips those. Internal to pipeline/.
 *
 * Runs in the main process, in its main thread.
 */
#ifndef LP_PIPELINE_BOUNDS_H
#define LP_PIPELINE_BOUNDS_H

#include "pipeline/changes.h"

struct lp_bounds {
	uint64_t hours;                /* that have changed, of all series */
	struct lp_change_bound *items; /* by series */
	size_t count;
};

/*
 * Loads the bounds of the changed series. There are none if only few hours
 * changed: following all of them is then quicker than asking how far back each
 * reader follows.
 */
bool lp_bounds_load(struct lp_bounds *bounds, struct lp_store *store, const struct lp_change_scan *scan,
                    struct lp_error *error) LP_MUST_CHECK;
void lp_bounds_free(struct lp_bounds *bounds);

/*
 * Returns the time from which this reader's windows follow a change;
 * LP_TIME_MAX: none does. The limit of the configuration applies to measured
 * samples only. A result that was computed again, by request or by a retry, must
 * be followed however old it is; otherwise what was computed from it would stay
 * wrong.
 */
lp_time lp_bounds_from(const struct lp_change_scan *scan, const struct lp_reader *reader, bool by_hand);

/*
 * How many good samples after a change are searched for a rise. A window may
 * hold some of those that lie before its rise, so this is a multiple of what a
 * meter needs.
 */
enum { LP_RISE_SAMPLES = 5 * LP_METER_SAMPLES };

#endif
