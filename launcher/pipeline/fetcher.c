/*
 * Fetchers read what a batch needs before it can be computed: definitions and
 * samples. They also decide the tasks that need no computing. Each has a
 * connection of its own.
 *
 * Runs in the main process, in the threads of fetchers.
 */
#include "pipeline/stages.h"

#include "calendar/calendar.h"
#include "model/clock.h"
#include "model/order.h"

#include <assert.h>

/*
 * A pending window knows how often it was tried. Definitions of calculations
 * that were deleted meanwhile are missing.
 */
static void set_attempts(struct lp_job *job)
{
	for (size_t i = 0; i < job->batch->task_count; i++) {
		struct lp_task *task = &job->batch->tasks[i];
		int64_t id = job->batch->calculations[task->calculation].id;
		size_t found = LP_LOWER_BOUND(job->pending_count, k, job->pending[k].calculation_id < id);
		assert(found < job->pending_count && job->pending[found].calculation_id == id);
		task->attempt = job->pending[found].attempts + 1;
	}
}

static bool read_definitions(struct lp_store *store, struct lp_job *job, struct lp_error *error)
{
	const struct lp_batch *batch = job->batch;
	if (batch->kind == LP_BATCH_FORWARD)
		return lp_store_read_batch(store, job->batch, error);
	size_t count = batch->kind == LP_BATCH_RETRY ? job->pending_count : batch->owed_count;
	int64_t *ids = lp_arena_zeroed(&job->batch->arena, count, sizeof *ids);
	for (size_t i = 0; i < count; i++)
		ids[i] = batch->kind == LP_BATCH_RETRY ? job->pending[i].calculation_id : batch->owed[i].calculation_id;
	return lp_store_read_calculations(store, ids, count, job->batch, error);
}

/* Fails one task; the other calculations of the batch go on. */
static void fail_task(struct lp_batch *batch, struct lp_task *task, const struct lp_error *error)
{
	task->decided = true;
	task->outcome = (struct lp_outcome){ .state = LP_STATE_FAILED,
		                             .error_type = "TimeZoneNotFound",
		                             .error_message = lp_arena_text(&batch->arena, error->what) };
}

/* Sets the range of each input that differs from the window. It is empty if it falls outside the years 1 to 9999. */
static void set_ranges(struct lp_batch *batch)
{
	for (size_t i = 0; i < batch->task_count; i++) {
		struct lp_task *task = &batch->tasks[i];
		const struct lp_calculation *calculation = &batch->calculations[task->calculation];
		for (size_t k = 0; k < calculation->input_count; k++) {
			const struct lp_input *input = &calculation->inputs[k];
			const struct lp_zone *zone;
			struct lp_error error;
			if (input->window.count == 0 && input->shift.count == 0)
				continue;
			if (!lp_zone_find(calculation->schedule.zone, &zone, &error)) {
				fail_task(batch, task, &error);
				break;
			}
			if (!lp_input_range(&calculation->schedule, zone, task->window, input->window, input->shift,
			                    &task->ranges[k]))
				task->ranges[k] = (struct lp_window){ task->window.start, task->window.start };
		}
	}
}

/* Reads and decides everything that must be known before samples are read. */
static bool read_tasks(struct lp_store *store, struct lp_job *job, struct lp_error *error)
{
	int64_t begin = lp_monotonic();
	bool read = read_definitions(store, job, error);
	if (read) {
		lp_batch_plan(job->batch, job->windows, job->window_count);
		if (job->batch->kind == LP_BATCH_RETRY)
			set_attempts(job);
		set_ranges(job->batch);
		read = lp_job_find_waiting(store, job, error);
	}
	job->batch->fetch_time = lp_monotonic() - begin;
	return read;
}

static void send_parts(struct lp_stages *stages, struct lp_job *job)
{
	lp_job_split(job, stages->parts);
	/* Once a share is pushed, another thread may finish the job: `job` is not read after that. */
	size_t count = job->part_count;
	for (size_t i = 0; i < count; i++)
		lp_stages_send(stages, LP_STAGE_COMPUTE, job->parts[i]);
}

/* Returns false if the store failed: its connection may be lost. */
static bool fetch_share(struct lp_stages *stages, struct lp_store *store, struct lp_job *share)
{
	bool well = true;
	struct lp_job *whole = share->whole;
	int64_t begin = lp_monotonic();
	if (atomic_load(&stages->stopping))
		share->end = LP_JOB_DROPPED;
	else
		well = lp_store_fetch_share(store, whole->batch, &share->share, &share->error);
	if (!well)
		share->end = LP_JOB_FAILED;
	share->batch->fetch_time = lp_monotonic() - begin;
	if (!lp_job_fetched(share))
		return well;
	if (whole->end != LP_JOB_GOES_ON) {
		lp_stages_finish(stages, whole, whole->end);
		return well;
	}
	lp_batch_leave_pruned(whole->batch);
	lp_batch_cover(whole->batch);
	lp_breakers_decide(stages->breakers, whole->batch);
	send_parts(stages, whole);
	return well;
}

static bool fetch(struct lp_stages *stages, struct lp_store *store, struct lp_job *job)
{
	if (!read_tasks(store, job, &job->error)) {
		lp_stages_finish(stages, job, LP_JOB_FAILED);
		return false;
	}
	if (job->batch->kind == LP_BATCH_RETRY && job->batch->task_count == 0) {
		/* these windows are no longer owed to any calculation */
		lp_stages_finish(stages, job, LP_JOB_COMMITTED);
		return true;
	}
	/* If other jobs are waiting, every fetcher has one of its own, and sharing gains nothing. */
	lp_job_share(job, lp_queue_is_empty(&stages->queues[LP_STAGE_FETCH]) ? stages->shares : 1);
	struct lp_job *first = job->parts[0];
	/* Once a part is pushed, another thread may finish the job: `job` is not read after that. */
	size_t count = job->part_count;
	for (size_t i = 1; i < count; i++)
		lp_stages_send(stages, LP_STAGE_FETCH, job->parts[i]);
	return fetch_share(stages, store, first);
}

void lp_fetcher_run(struct lp_stage_thread *thread)
{
	struct lp_stages *stages = thread->stages;
	struct lp_store *store = NULL;
	bool well = true;
	if (!lp_stages_open_store(thread, &store))
		return;
	for (struct lp_job *job; (job = lp_stages_next(thread)) != NULL;)
		if (job->whole != NULL)
			well = fetch_share(stages, store, job) && well;
		else if (atomic_load(&stages->stopping))
			lp_stages_finish(stages, job, LP_JOB_DROPPED);
		else
			well = fetch(stages, store, job) && well;
	lp_stages_close_store(thread, store, well);
}
