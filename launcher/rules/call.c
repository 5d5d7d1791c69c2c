/*
 * Calling a rule: makes the arguments, calls the function and takes its result.  A
 * call plan is kept for each kind of calculation, so a task costs little more than
 * its Series and the call.
 *
 * Runs in interpreter processes, in their only thread.
 */
#include "model/clock.h"
#include "rules/call_plan.h"
#include "rules/series.h"

enum { ARGUMENTS_ON_STACK = 32 };

static PyObject *make_argument(struct lp_rule_state *state, const struct lp_batch *batch, const struct lp_task *task,
                               const struct lp_call_argument *source)
{
	switch (source->kind) {
	case LP_ARGUMENT_INPUT:
		return lp_series_borrow(state, &task->columns[source->input],
		                        task->previous == NULL ? NULL : &task->previous[source->input],
		                        task->ranges == NULL ? &task->window : &task->ranges[source->input],
		                        &state->calculation->inputs[source->input]);
	case LP_ARGUMENT_NONE:
		return Py_NewRef(Py_None);
	case LP_ARGUMENT_WINDOW:
		return lp_window_of_task(state, &task->window);
	case LP_ARGUMENT_CONTEXT:
		return lp_context_new(state, batch, task);
	case LP_ARGUMENT_VALUE:
		/* Each call gets a fresh list or dict, so that no call sees what another has changed. */
		return source->json != NULL ? lp_json_parse(state, source->json) : Py_NewRef(source->value);
	}
	Py_UNREACHABLE();
}

static PyObject *call(struct lp_rule_state *state, const struct lp_call_plan *plan, struct lp_batch *batch,
                      struct lp_task *task)
{
	PyObject *on_stack[ARGUMENTS_ON_STACK + 1], **arguments = on_stack, *result = NULL;
	size_t count = 0;
	int64_t start;

	if (plan->argument_count > ARGUMENTS_ON_STACK) {
		arguments = PyMem_Malloc((plan->argument_count + 1) * sizeof(PyObject *));
		if (arguments == NULL)
			return PyErr_NoMemory();
	}
	/* The callee may use element 0 (PY_VECTORCALL_ARGUMENTS_OFFSET). */
	arguments[0] = NULL;
	for (; count < plan->argument_count; count++) {
		arguments[count + 1] = make_argument(state, batch, task, &plan->arguments[count]);
		if (arguments[count + 1] == NULL)
			goto done;
	}
	start = lp_monotonic();
	result = PyObject_Vectorcall(plan->rule->function, arguments + 1,
	                             plan->positional_count | PY_VECTORCALL_ARGUMENTS_OFFSET, plan->keyword_names);
	task->outcome.duration = lp_monotonic() - start;
done:
	for (size_t i = 0; i < count; i++)
		Py_DECREF(arguments[i + 1]);
	if (arguments != on_stack)
		PyMem_Free(arguments);
	return result;
}

void lp_rule_call(struct lp_batch *batch, struct lp_task *task, double *coverage)
{
	struct lp_rule_registry *registry = lp_rule_registry;
	struct lp_rule_state *state = registry->state;
	const struct lp_calculation *calculation = &batch->calculations[task->calculation];
	struct lp_outcome *outcome = &task->outcome;
	const struct lp_call_plan *plan;
	PyObject *result = NULL;

	*outcome = (struct lp_outcome){ .state = LP_STATE_FAILED };
	for (size_t i = 0; i < calculation->input_count; i++)
		outcome->samples_read += (uint32_t)task->columns[i].count;
	state->calculation = calculation;
	state->coverage = 1;
	plan = lp_call_plan_find(registry, calculation);
	state->quantity = plan->has_quantity ? &plan->quantity : NULL;
	outcome->rule_version = plan->version;
	if (plan->error_type != NULL) {
		outcome->error_type = lp_arena_text(&batch->arena, plan->error_type);
		outcome->error_message = lp_arena_text(&batch->arena, plan->error_message);
		outcome->error_traceback = lp_arena_text(&batch->arena, plan->error_traceback);
	} else {
		result = call(state, plan, batch, task);
		if (result == NULL || !lp_rule_take_result(state, batch, task, plan->rule->outputs, result))
			lp_python_fail_outcome(&batch->arena, outcome);
		else
			lp_task_cover(task, calculation, state->coverage);
		Py_XDECREF(result);
	}
	lp_rule_log_flush(state);
	*coverage = state->coverage;
	/* The batch may be freed now, so Series that the rule has kept get memory of their own. */
	if (!lp_series_own_all(state))
		PyErr_Clear();
	state->calculation = NULL;
}
