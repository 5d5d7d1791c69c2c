/*
 * Workers: each has an interpreter process of its own, hands it parts of fetched
 * batches and waits for it. The last part to come back sends the whole job on.
 *
 * Runs in the main process, in the threads of workers; lp_worker_return in the
 * main thread too.
 */
#include "pipeline/stages.h"

#include "model/clock.h"

void lp_worker_return(struct lp_stages *stages, struct lp_job *part)
{
	struct lp_job *whole = part->whole;
	if (!lp_job_join(part))
		return;
	if (whole->end == LP_JOB_FAILED)
		lp_stages_finish(stages, whole, LP_JOB_FAILED);
	else if (atomic_load(&whole->batch->computed) == 0 && whole->batch->task_count > 0)
		lp_stages_finish(stages, whole, LP_JOB_DROPPED);
	else
		lp_stages_send(stages, LP_STAGE_COMMIT, whole);
}

static void compute(struct lp_stage_thread *thread, struct lp_interpreter *interpreter, struct lp_job *job)
{
	struct lp_patience *patience = thread->stages->patience;
	const struct lp_costly_visitor costly = { .visit = lp_patience_note, .context = patience };
	int64_t begin = lp_monotonic();
	pthread_mutex_lock(&thread->lock);
	thread->job = job;
	pthread_mutex_unlock(&thread->lock);
	lp_patience_begin(patience, job->batch);
	if (!lp_interpreter_compute(interpreter, job->batch, &costly, &thread->stages->stopping, &job->error))
		job->end = LP_JOB_FAILED;
	lp_patience_end(patience, job->batch);
	pthread_mutex_lock(&thread->lock);
	thread->job = NULL;
	atomic_fetch_add(&thread->stages->computed, atomic_load(&job->batch->computed));
	pthread_mutex_unlock(&thread->lock);
	job->batch->compute_time = lp_monotonic() - begin;
}

void lp_worker_run(struct lp_stage_thread *thread)
{
	struct lp_stages *stages = thread->stages;
	struct lp_interpreter *interpreter = NULL;
	if (!lp_interpreter_open(stages->options->rules, &interpreter, &thread->message.error)) {
		lp_stages_report_down(thread);
		return;
	}
	for (struct lp_job *job; (job = lp_stages_next(thread)) != NULL;) {
		if (!atomic_load(&stages->stopping))
			compute(thread, interpreter, job);
		lp_worker_return(stages, job);
	}
	lp_interpreter_close(interpreter);
}
