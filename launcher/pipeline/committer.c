/*
 * Committers store the results and outcomes of whole batches, one transaction
 * each, over a connection of their own.
 *
 * Runs in the main process, in the threads of committers.
 */
#include "pipeline/stages.h"

#include "model/clock.h"

void lp_committer_run(struct lp_stage_thread *thread)
{
	struct lp_stages *stages = thread->stages;
	struct lp_store *store = NULL;
	bool broken = false;
	if (!lp_stages_open_store(thread, &store))
		return;
	for (struct lp_job *job; (job = lp_stages_next(thread)) != NULL;) {
		bool accepted = false;
		/* The run ends at the first error. If the connection is lost, there is nothing more to try. */
		if (broken) {
			lp_stages_finish(stages, job, LP_JOB_DROPPED);
			continue;
		}
		lp_job_cut(job);
		job->batch->run_id = stages->run_id;
		int64_t begin = lp_monotonic();
		broken = !lp_store_commit_batch(store, job->batch, &stages->options->retry, &accepted, &job->error);
		job->batch->commit_time = lp_monotonic() - begin;
		lp_stages_finish(stages, job, broken ? LP_JOB_FAILED : accepted ? LP_JOB_COMMITTED : LP_JOB_REFUSED);
	}
	lp_stages_close_store(thread, store, !broken);
}
