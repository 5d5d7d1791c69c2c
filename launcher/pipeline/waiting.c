/*
 * Who has to wait: tasks that read results of a calculation that has failed, or
 * waits itself.  Knows ranges of inputs; part of the fetch stage.
 */
#include "pipeline/stages.h"

#include <stdio.h>

static void let_wait(struct lp_batch *batch, struct lp_task *task, const struct lp_blocker *blocker)
{
	char text[320];
	snprintf(text, sizeof text, "waits for %.256s, which failed", blocker->cause);
	task->decided = true;
	task->outcome = (struct lp_outcome){ .state = LP_STATE_WAITING,
		                             .cause_id = blocker->cause_id,
		                             .error_message = lp_arena_text(&batch->arena, text) };
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
	for (size_t at = 0; at < batch->task_count; at++) {
		struct lp_task *task = &batch->tasks[at];
		const struct lp_calculation *calculation = &batch->calculations[task->calculation];
		if (calculation->id == blocker->calculation_id && !task->decided && is_read(calculation, task, blocker))
			let_wait(batch, task, blocker);
	}
	return true;
}

bool lp_batch_wait(struct lp_store *store, struct lp_batch *batch, struct lp_error *error)
{
	lp_time from = LP_TIME_MAX, to = LP_TIME_MIN;
	int64_t *ids = lp_arena_zeroed(&batch->arena, batch->calculation_count, sizeof *ids);
	if (batch->head.rank == 0 || batch->task_count == 0)
		return true;
	for (size_t at = 0; at < batch->calculation_count; at++)
		ids[at] = batch->calculations[at].id;
	for (size_t at = 0; at < batch->task_count; at++) {
		const struct lp_task *task = &batch->tasks[at];
		for (size_t k = 0; k < batch->calculations[task->calculation].input_count; k++) {
			from = task->ranges[k].start < from ? task->ranges[k].start : from;
			to = task->ranges[k].end > to ? task->ranges[k].end : to;
		}
	}
	return lp_store_each_blocker(store, ids, batch->calculation_count, from, to, decide, batch, error);
}
