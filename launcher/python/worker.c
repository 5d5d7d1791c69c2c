/*
 * Computing tasks, one after the other, in the only thread of an interpreter
 * process: what is around the call of a rule.
 */
#include "python/embedding.h"

#include "python/leftovers.h"
#include "python/rule_plan.h"

#include <assert.h>

struct lp_python_worker lp_worker;

bool lp_python_open(struct lp_error *error)
{
	if (!lp_worker_load_rules(error))
		return false;
	(void)lp_rules_watch_logging(lp_worker.rules);
	return true;
}

/* What the program itself has just changed is no rule's, and stays. */
static bool watch_logging(void)
{
	struct lp_error error;

	return !lp_rules_watch_logging(lp_worker.rules) || lp_leftovers_keep(&error);
}

const struct lp_task *lp_python_task(const struct lp_batch **batch)
{
	*batch = lp_worker.batch;
	return lp_worker.task;
}

/* In a context of its own, and what the rule leaves behind is put back: all of that within its time. */
static void call_apart(struct lp_batch *batch, struct lp_task *task, struct lp_python_computed *computed)
{
	if (watch_logging() && lp_leftovers_enter()) {
		lp_worker_compute_task(batch, task, &computed->covered);
		lp_leftovers_leave();
	} else {
		task->outcome = (struct lp_outcome){ .state = LP_STATE_FAILED };
		lp_python_error_take(&batch->arena, &task->outcome);
	}
	computed->left = lp_leftovers_put_back(&computed->replace);
}

void lp_python_compute(struct lp_batch *batch, struct lp_task *task, uint32_t index,
                       struct lp_python_computed *computed)
{
	const char *where;

	LP_CHECK_BATCH(batch);
	assert(!task->decided);
	*computed = (struct lp_python_computed){ .covered = 1 };
	lp_worker.batch = batch;
	lp_worker.task = task;
	lp_limit_begin(index);
	call_apart(batch, task, computed);
	assert(!PyErr_Occurred());
	computed->interrupted = lp_limit_end(&where);
	lp_worker.batch = NULL;
	lp_worker.task = NULL;
	if (computed->interrupted) {
		/* Whatever the rule made of that: where it was is what counts. */
		task->outcome.state = LP_STATE_FAILED;
		task->outcome.result_count = 0;
		task->outcome.error_type = "TimeLimit";
		task->outcome.error_message = "";
		task->outcome.error_traceback = where;
	}
}
