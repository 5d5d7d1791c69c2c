/*
 * Patience: how much time limits and crashes may cost a run.
 *
 * A rule of which `breaker_failures` calculations time out or crash in a run,
 * more than of it were computed, is put aside for the rest of the run: what the
 * breaker says at its end is said when it costs nobody else's time.  So is a
 * calculation of which three windows in a row time out.  What is tried again may spend
 * on such windows as long as the workers have spent on new ones, and then leaves
 * those of calculations that have timed out or crashed in the run before, so that
 * they make nobody late.  Internal to pipeline/.
 *
 * Runs in the main process, in the threads of workers.
 */
#ifndef LP_PIPELINE_PATIENCE_H
#define LP_PIPELINE_PATIENCE_H

#include "model/batch.h"

struct lp_patience;

/* breaker_failures: the configuration's; 0: no rule is put aside.  workers: parts that are computed at a time, at most. */
struct lp_patience *lp_patience_new(int32_t breaker_failures, size_t workers);
void lp_patience_free(struct lp_patience *patience);
/* A worker is to compute a part: what there is no patience for is put aside, or left. */
void lp_patience_begin(struct lp_patience *patience, struct lp_batch *part);
/* Of a part that has begun: that task has timed out or crashed, and nobody else looks at those after it.  An lp_costly_visit. */
void lp_patience_note(void *patience, struct lp_batch *part, size_t index);
/* The worker is done with the part. */
void lp_patience_end(struct lp_patience *patience, const struct lp_batch *part);

#endif
