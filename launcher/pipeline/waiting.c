/*
 * Decides which tasks have to wait: those that read results of a calculation
 * that failed or waits itself. Knows ranges of inputs.
 *
 * Runs in the main process, in the threads of fetchers.
 */
#include "pipeline/job.h"

static void let_wait(struct lp_batch *batch, struct lp_task *task, const struct lp_blocker *blocker)
{
	struct lp_text text = { 0 };
	lp_text_addf(&text, "waits for %s, which failed", blocker->cause);
	task->decided = true;
	task->outcome = (struct lp_outcome){ .state = LP_STATE_WAITING,
		                             .cause_id = blocker->cause_id,
		                             .error_message = lp_arena_copy(&batch->arena, text.data, text.length) };
	lp_text_free(&text);
}

static bool is_read(const struct lp_calculation *calculation, const struct lp_task *task,
                    const struct lp_blocker *blocker)
{
	for (size_t k = 0; k < calculation->input_count; k++)
		if (calculation->inputs[k].series_id == blocker->series_id && blocker->first < task->ranges[k].end &&
		    blocker->last >= task->ranges[k].start)
			return true;
	return false;
}

static bool decide(void *context, const struct lp_blocker *blocker, struct lp_error *error)
{
	struct lp_batch *batch = context;
	(void)error;
	for (size_t i = 0; i < batch->task_count; i++) {
		struct lp_task *task = &batch->tasks[i];
		const struct lp_calculation *calculation = &batch->calculations[task->calculation];
		if (calculation->id == blocker->calculation_id && !task->decided && is_read(calculation, task, blocker))
			let_wait(batch, task, blocker);
	}
	return true;
}

struct lost_reading {
	struct lp_batch *batch;
	const struct lp_job *job;
};

/* Results of a batch with an unknown schedule are missing from a time on. */
static bool decide_lost(void *context, const struct lp_edge *edge, struct lp_error *error)
{
	struct lost_reading *reading = context;
	for (size_t i = 0; i < reading->job->lost_count; i++) {
		const struct lp_lost_batch *lost = &reading->job->lost[i];
		const struct lp_blocker blocker = { .calculation_id = edge->reader_id,
			                            .series_id = edge->series_id,
			                            .first = lost->from,
			                            .last = LP_TIME_MAX,
			                            .cause_id = edge->writer_id,
			                            .cause = edge->writer };
		if (lost->batch_id == edge->writer_batch && !decide(reading->batch, &blocker, error))
			return false;
	}
	return true;
}

static bool wait_for_lost(struct lp_store *store, struct lp_job *job, struct lp_error *error)
{
	struct lp_batch *batch = job->batch;
	struct lost_reading reading = { .batch = batch, .job = job };
	if (job->lost_count == 0)
		return true;
	if (batch->kind != LP_BATCH_RETRY)
		return lp_store_each_edge(store, batch->head.id, 0, decide_lost, &reading, error);
	for (size_t i = 0; i < batch->calculation_count; i++)
		if (!lp_store_each_edge(store, 0, batch->calculations[i].id, decide_lost, &reading, error))
			return false;
	return true;
}

bool lp_job_find_waiting(struct lp_store *store, struct lp_job *job, struct lp_error *error)
{
	struct lp_batch *batch = job->batch;
	lp_time from = LP_TIME_MAX, to = LP_TIME_MIN;
	int64_t *ids = lp_arena_zeroed(&batch->arena, batch->calculation_count, sizeof *ids);
	if (batch->head.rank == 0 || batch->task_count == 0)
		return true;
	if (!wait_for_lost(store, job, error))
		return false;
	for (size_t i = 0; i < batch->calculation_count; i++)
		ids[i] = batch->calculations[i].id;
	for (size_t i = 0; i < batch->task_count; i++) {
		const struct lp_task *task = &batch->tasks[i];
		for (size_t k = 0; k < batch->calculations[task->calculation].input_count; k++) {
			from = task->ranges[k].start < from ? task->ranges[k].start : from;
			to = task->ranges[k].end > to ? task->ranges[k].end : to;
		}
	}
	return lp_store_each_blocker(
		store,
		&(const struct lp_blocker_query){
			.calculation_ids = ids, .count = batch->calculation_count, .from = from, .to = to },
		decide, batch, error);
}
