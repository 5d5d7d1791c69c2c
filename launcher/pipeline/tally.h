/*
 * Counts what a run has done, job by job, and logs failures. Internal to
 * pipeline/.
 *
 * Runs in the main process, in its main thread.
 */
#ifndef LP_PIPELINE_TALLY_H
#define LP_PIPELINE_TALLY_H

#include "pipeline/breaker.h"
#include "pipeline/job.h"
#include "pipeline/pipeline.h"

struct lp_tally_rule {
	char *rule;
	uint64_t failed, logged;
	bool unlogged_new; /* one of those that were not logged is new */
};

struct lp_tally {
	struct lp_run *run;
	struct lp_run_timing *timing;
	struct lp_tally_rule *rules;
	size_t rule_count, rule_capacity;
	int64_t *logged; /* calculations that have a log line; negative: for a window given up */
	size_t logged_count, logged_capacity;
};

/* Counts a job whose batch was committed. */
void lp_tally_add(struct lp_tally *tally, struct lp_batch *batch);
/* Adds the time that a job took, committed or not. */
void lp_tally_time(struct lp_tally *tally, const struct lp_batch *batch);
/* Adds the rules whose breaker is open to the report. */
void lp_tally_add_stopped(struct lp_tally *tally, const struct lp_breakers *breakers);
/* Logs how many failures had no line of their own, rule by rule. */
void lp_tally_end(struct lp_tally *tally);

#endif
