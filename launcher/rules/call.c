/*
 * Calling rules: the arguments of a task by its rule's signature, the call, and
 * what becomes of the result.
 *
 * How a calculation's rule, parameters and inputs become arguments is found out
 * once and kept (a plan); a task then costs its Series and the call.
 *
 * Runs in interpreter processes, in their only thread.
 */
#include "model/clock.h"
#include "rules/call_plan.h"
#include "rules/internal.h"
#include "rules/types.h"

enum { ARGUMENTS_ON_STACK = 32 };

static PyObject *window_argument(struct lp_rule_state *state, const struct lp_task *task)
{
	PyObject *zone = lp_zone_get(state, state->calculation->schedule.zone), *window;

	if (zone == NULL)
		return NULL;
	window = lp_window_new(state, &task->window, zone);
	Py_DECREF(zone);
	return window;
}

/* A read-only dict: output name -> unit. */
static PyObject *units_of(const struct lp_calculation *calculation)
{
	PyObject *units = PyDict_New(), *proxy;

	for (size_t i = 0; units != NULL && i < calculation->output_count; i++) {
		const char *unit = calculation->outputs[i].unit;
		PyObject *text = lp_text_object(unit == NULL ? "" : unit);

		if (text == NULL || PyDict_SetItemString(units, calculation->outputs[i].name, text) < 0)
			Py_CLEAR(units);
		Py_XDECREF(text);
	}
	proxy = units == NULL ? NULL : PyDictProxy_New(units);
	Py_XDECREF(units);
	return proxy;
}

static PyObject *context_argument(struct lp_rule_state *state, const struct lp_batch *batch, const struct lp_task *task)
{
	const struct lp_calculation *calculation = state->calculation;
	struct lp_context_object *context = PyObject_New(struct lp_context_object, state->context_type);

	if (context == NULL)
		return NULL;
	memset((char *)context + sizeof(PyObject), 0, sizeof *context - sizeof(PyObject));
	if ((context->calculation = lp_text_object(calculation->name)) == NULL ||
	    (context->rule = lp_text_object(calculation->rule)) == NULL ||
	    (context->tick = lp_datetime_new(state, batch->tick, NULL)) == NULL ||
	    (context->window = window_argument(state, task)) == NULL ||
	    (context->labels = lp_json_mapping(state, calculation->labels)) == NULL ||
	    (context->units = units_of(calculation)) == NULL ||
	    (context->attempt = PyLong_FromLong(task->attempt)) == NULL)
		Py_CLEAR(context);
	return (PyObject *)context;
}

static PyObject *argument(struct lp_rule_state *state, const struct lp_batch *batch, const struct lp_task *task,
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
		return window_argument(state, task);
	case LP_ARGUMENT_CONTEXT:
		return context_argument(state, batch, task);
	case LP_ARGUMENT_VALUE:
		/* A list or dict would be the same object in every call: each gets a fresh one. */
		return source->json != NULL ? lp_json_parse(state, source->json) : Py_NewRef(source->value);
	}
	Py_UNREACHABLE();
}

static PyObject *call(struct lp_rule_state *state, const struct lp_call_plan *plan, struct lp_batch *batch,
                      struct lp_task *task)
{
	PyObject *on_stack[ARGUMENTS_ON_STACK + 1], **arguments = on_stack, *result = NULL;
	size_t made = 0;
	int64_t started;

	if (plan->argument_count > ARGUMENTS_ON_STACK) {
		arguments = PyMem_Malloc((plan->argument_count + 1) * sizeof(PyObject *));
		if (arguments == NULL)
			return PyErr_NoMemory();
	}
	/* Element 0 is the callee's to use (PY_VECTORCALL_ARGUMENTS_OFFSET). */
	arguments[0] = NULL;
	for (; made < plan->argument_count; made++) {
		arguments[made + 1] = argument(state, batch, task, &plan->arguments[made]);
		if (arguments[made + 1] == NULL)
			goto done;
	}
	started = lp_monotonic();
	result = PyObject_Vectorcall(plan->rule->function, arguments + 1,
	                             plan->positional_count | PY_VECTORCALL_ARGUMENTS_OFFSET, plan->keyword_names);
	task->outcome.duration = lp_monotonic() - started;
done:
	for (size_t i = 0; i < made; i++)
		Py_DECREF(arguments[i + 1]);
	if (arguments != on_stack)
		PyMem_Free(arguments);
	return result;
}

void lp_rule_call(struct lp_batch *batch, struct lp_task *task, double *covered)
{
	struct lp_loaded_rules *rules = lp_loaded_rules;
	struct lp_rule_state *state = rules->state;
	const struct lp_calculation *calculation = &batch->calculations[task->calculation];
	struct lp_outcome *outcome = &task->outcome;
	const struct lp_call_plan *plan;
	PyObject *result = NULL;

	*outcome = (struct lp_outcome){ .state = LP_STATE_FAILED };
	for (size_t i = 0; i < calculation->input_count; i++)
		outcome->samples_read += (uint32_t)task->columns[i].count;
	state->calculation = calculation;
	state->covered = 1;
	plan = lp_call_plan_for(rules, calculation);
	state->quantity = plan->has_quantity ? &plan->quantity : NULL;
	outcome->rule_version = plan->version;
	if (plan->error_type != NULL) {
		outcome->error_type = lp_arena_text(&batch->arena, plan->error_type);
		outcome->error_message = lp_arena_text(&batch->arena, plan->error_message);
		outcome->error_traceback = lp_arena_text(&batch->arena, plan->error_traceback);
	} else {
		result = call(state, plan, batch, task);
		if (result == NULL || !lp_rule_result(state, batch, task, plan->rule->outputs, result)) {
			outcome->state = LP_STATE_FAILED;
			lp_python_error_take(&batch->arena, outcome);
		} else {
			lp_task_cover(task, calculation, state->covered);
		}
		Py_XDECREF(result);
	}
	lp_rule_log_flush(state);
	*covered = state->covered;
	/* From here on the batch's memory is not the rules' any more. */
	if (!lp_series_detach_all(state))
		PyErr_Clear();
	state->calculation = NULL;
}
