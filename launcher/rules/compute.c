/*
 * Computing tasks, one after the other: what is around the call of a rule.
 *
 * Runs in interpreter processes, in their only thread; lp_rules_open in the rule
 * server.
 */
#include "rules/call_plan.h"
#include "rules/internal.h"

#include <assert.h>

bool lp_rules_open(struct lp_error *error)
{
	assert(Py_IsInitialized());
	if (!lp_rules_load(error))
		return false;
	(void)lp_rules_watch_logging(lp_loaded_rules);
	return lp_leftovers_freeze(error);
}

/* What the program itself has just changed is no rule's, and stays. */
static bool watch_logging(void)
{
	struct lp_error error;

	return !lp_rules_watch_logging(lp_loaded_rules) || lp_leftovers_keep(&error);
}

/* In a context of its own, and what the rule leaves behind is put back: all of that within its time. */
static void call_apart(struct lp_batch *batch, struct lp_task *task, struct lp_call_report *report)
{
	if (watch_logging() && lp_leftovers_enter()) {
		lp_rule_call(batch, task, &report->coverage);
		lp_leftovers_leave();
		lp_leftovers_end_cycles();
	} else {
		task->outcome = (struct lp_outcome){ .state = LP_STATE_FAILED };
		lp_python_error_take(&batch->arena, &task->outcome);
	}
	report->leftovers = lp_leftovers_put_back(&report->replace);
}

void lp_rules_compute(struct lp_batch *batch, struct lp_task *task, uint32_t index, struct lp_call_report *report)
{
	const char *where;

	LP_CHECK_BATCH(batch);
	assert(lp_loaded_rules != NULL && !task->decided);
	*report = (struct lp_call_report){ .coverage = 1 };
	lp_limit_begin(index, &batch->arena);
	call_apart(batch, task, report);
	assert(!PyErr_Occurred());
	report->interrupted = lp_limit_end(&where);
	if (report->interrupted) {
		/* Whatever the rule made of that: where it was is what counts. */
		task->outcome.state = LP_STATE_FAILED;
		task->outcome.result_count = 0;
		task->outcome.error_type = "TimeLimit";
		task->outcome.error_message = "";
		task->outcome.error_traceback = where;
	}
}
