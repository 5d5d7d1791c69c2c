/*
 * Hands jobs from thread to thread, over the queues of the stages, and tells the
 * main thread what came back.
 *
 * Runs in the main process, in the threads of stages; lp_stages_send and _finish
 * in its main thread too.
 */
#include "pipeline/stages.h"

#include <assert.h>

/* The thread that runs; NULL: the main thread, or one outside of the pipeline. */
static _Thread_local const struct lp_stage_thread *here;

/*
 * A queue is closed while threads use it only if the run leaves without waiting
 * for them. Then the job is dropped, and the next run does it.
 */
static void send(struct lp_queue *queue, struct lp_job *job)
{
	bool taken = lp_queue_push(queue, job);
	(void)taken;
}

void lp_stages_send(struct lp_stages *stages, enum lp_stage stage, struct lp_job *job)
{
	send(&stages->queues[stage], job);
}

struct lp_job *lp_stages_next(struct lp_stage_thread *thread)
{
	assert(here == thread);
	return lp_queue_pop(&thread->stages->queues[thread->stage]);
}

void lp_stages_finish(struct lp_stages *stages, struct lp_job *job, enum lp_job_end end)
{
	job->end = end;
	send(&stages->finished, job);
}

void lp_stages_report_down(struct lp_stage_thread *thread)
{
	thread->message.end = LP_JOB_THREAD_DOWN;
	thread->message.stage = (int)thread->stage;
	send(&thread->stages->finished, &thread->message);
}

/* The schema was checked over the main thread's connection. */
bool lp_stages_open_store(struct lp_stage_thread *thread, struct lp_store **store)
{
	struct lp_store_options options = thread->stages->options->store;
	if (lp_kept_stores_take(thread->stages->options->kept, store))
		return true;
	options.any_schema = true;
	bool opened = lp_store_open(&options, store, &thread->message.error);
	if (!opened)
		lp_stages_report_down(thread);
	return opened;
}

void lp_stages_close_store(const struct lp_stage_thread *thread, struct lp_store *store, bool well)
{
	if (!well || !lp_kept_stores_give(thread->stages->options->kept, store))
		lp_store_close(store);
}

void lp_stages_enter(struct lp_stage_thread *thread)
{
	here = thread;
}

void lp_stages_assert_main(void)
{
	assert(here == NULL);
}
