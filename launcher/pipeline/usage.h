/*
 * What a run uses of the machine. Internal to pipeline/.
 *
 * Runs in the main process, in its main thread.
 */
#ifndef LP_PIPELINE_USAGE_H
#define LP_PIPELINE_USAGE_H

#include "pipeline/pipeline.h"

/* Returns the processor time that all processes of the program have used so far. */
struct lp_process_usage lp_usage_measure(struct lp_rule_server *rules);
/* Fills processor time and peak memory of a run that began at `before`. */
void lp_usage_count(struct lp_rule_server *rules, const struct lp_process_usage *before, struct lp_run_timing *timing);

#endif
