/*
 * Computing tasks, one after the other, in the only thread of an interpreter
 * process: what is around the call of a rule.
 */
#include "python/embedding.h"

#include <assert.h>

struct lp_python_worker lp_worker;

bool lp_python_open(struct lp_error *error)
{
	return lp_worker_load_rules(error);
}

const struct lp_task *lp_python_task(const struct lp_batch **batch)
{
	*batch = lp_worker.batch;
	return lp_worker.task;
}

void lp_python_compute(struct lp_batch *batch, struct lp_task *task, uint32_t index, double *covered,
                       bool *interrupted)
{
	const char *where;

	LP_CHECK_BATCH(batch);
	assert(!task->decided);
	lp_worker.batch = batch;
	lp_worker.task = task;
	lp_limit_begin(index);
	lp_worker_compute_task(batch, task, covered);
	assert(!PyErr_Occurred());
	*interrupted = lp_limit_end(&where);
	lp_worker.batch = NULL;
	lp_worker.task = NULL;
	if (*interrupted) {
		/* Whatever the rule made of that: where it was is what counts. */
		task->outcome.state = LP_STATE_FAILED;
		task->outcome.result_count = 0;
		task->outcome.error_type = "TimeLimit";
		task->outcome.error_message = "";
		task->outcome.error_traceback = where;
	}
}
