/*
 * Computing a task: the call of its rule within its time limit, in a context of
 * its own, and with its leftovers put back.
 *
 * Runs in interpreter processes, in their only thread; lp_rules_open in the rule
 * server.
 */
#include "rules/registry.h"

#include <assert.h>

bool lp_rules_open(struct lp_error *error)
{
	assert(Py_IsInitialized());
	if (!lp_rules_load(error))
		return false;
	(void)lp_registry_watch_logging(lp_rule_registry);
	return lp_leftovers_freeze(error);
}

/* Installs the handler of logging where needed, and keeps that change: it is no leftover of the rule. */
static bool watch_logging(void)
{
	struct lp_error error;

	return !lp_registry_watch_logging(lp_rule_registry) || lp_leftovers_keep(&error);
}

/* Calls the rule in a context of its own and puts back what it leaves behind, all within its time limit. */
static void call_isolated(struct lp_batch *batch, struct lp_task *task, struct lp_call_report *report)
{
	if (watch_logging() && lp_leftovers_enter()) {
		lp_rule_call(batch, task, &report->coverage);
		lp_leftovers_leave();
		lp_leftovers_end_cycles();
	} else {
		task->outcome = (struct lp_outcome){ .state = LP_STATE_FAILED };
		lp_python_fail_outcome(&batch->arena, &task->outcome);
	}
	report->leftovers = lp_leftovers_put_back(&report->replace);
}

void lp_rules_compute(struct lp_batch *batch, struct lp_task *task, uint32_t index, struct lp_call_report *report)
{
	const char *calls;

	LP_CHECK_BATCH(batch);
	assert(lp_rule_registry != NULL && !task->decided);
	*report = (struct lp_call_report){ .coverage = 1 };
	lp_limit_begin(index, &batch->arena);
	call_isolated(batch, task, report);
	assert(!PyErr_Occurred());
	report->interrupted = lp_limit_end(&calls);
	if (report->interrupted) {
		/* The rule may have swallowed the interruption or failed otherwise: it has timed out all the same. */
		task->outcome.state = LP_STATE_FAILED;
		task->outcome.result_count = 0;
		task->outcome.error_type = "TimeLimit";
		task->outcome.error_message = "";
		task->outcome.error_traceback = calls;
	}
}
