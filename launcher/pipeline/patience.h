/*
 * Patience bounds what time limits and crashes may cost a run.
 *
 * A rule is set aside for the rest of the run once `breaker_failures` of its
 * calculations timed out or crashed, and these are more than were computed: the
 * breaker would decide the same at the end of the run, after everybody else has
 * waited. A calculation is set aside once three of its windows in a row timed
 * out. Retries may spend as long on hanging windows as workers spent on new
 * ones; after that, retries of calculations that timed out or crashed in the run
 * before are left for later. Internal to pipeline/.
 *
 * Runs in the main process, in the threads of workers.
 */
#ifndef LP_PIPELINE_PATIENCE_H
#define LP_PIPELINE_PATIENCE_H

#include "model/batch.h"

struct lp_patience;

/*
 * breaker_failures: of the configuration; 0: no rule is set aside. workers:
 * parts that are computed at the same time, at most.
 */
struct lp_patience *lp_patience_new(int32_t breaker_failures, size_t workers);
void lp_patience_free(struct lp_patience *patience);
/* Call before a part is computed: sets aside or leaves the tasks that there is no patience for. */
void lp_patience_begin(struct lp_patience *patience, struct lp_batch *part);
/*
 * Call while a part is computed, when the task at `index` timed out or crashed.
 * No other thread looks at the tasks after it. An lp_costly_visit.
 */
void lp_patience_note(void *patience, struct lp_batch *part, size_t index);
/* Call when a part is computed. */
void lp_patience_end(struct lp_patience *patience, const struct lp_batch *part);

#endif
