/*
 * What a run has done, counted job by job, and told: failures as log lines.
 * Internal to pipeline/.
 *
 * Runs in the main process, in its main thread.
 */
#ifndef LP_PIPELINE_TALLY_H
#define LP_PIPELINE_TALLY_H

#include "pipeline/job.h"
#include "pipeline/pipeline.h"

struct lp_tally_rule {
	char *rule;
	uint64_t failed, told;
	bool news; /* among those that were not told, one is new */
};

struct lp_tally {
	struct lp_run *run;
	struct lp_run_timing *timing;
	struct lp_tally_rule *rules;
	size_t rule_count, rule_capacity;
	int64_t *told_about; /* calculations that have their log line; negative: that of a window given up */
	size_t told, told_capacity;
	uint64_t recovered;
};

/* A job whose batch was committed. */
void lp_tally_add(struct lp_tally *tally, struct lp_batch *batch);
/* The time that any job took, committed or not. */
void lp_tally_time(struct lp_tally *tally, const struct lp_batch *batch);
/* Says how many failures were not told one by one, rule by rule. */
void lp_tally_end(struct lp_tally *tally);

#endif
