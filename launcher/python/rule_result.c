/*
 * What a rule returned, into the results of its task's outcome: a number at the
 * window's start or end, as its calculation says, the samples of a Series,
 * several of either by the name of their output, or nothing.
 *
 * It decides what can be stored; what can't raises an exception that says so.
 */
#include "python/rule_types.h"

/* 1: stored or nothing to store, 0: it is no number, -1: an exception is set. */
static int take_number(struct lp_task *task, size_t output, PyObject *result)
{
	struct lp_outcome *outcome = &task->outcome;
	double value;

	if (PyFloat_CheckExact(result)) {
		value = PyFloat_AS_DOUBLE(result);
	} else if (PyFloat_Check(result) || PyLong_Check(result) ||
	           (Py_TYPE(result)->tp_as_number != NULL && Py_TYPE(result)->tp_as_number->nb_float != NULL)) {
		value = PyFloat_AsDouble(result);
		if (value == -1.0 && PyErr_Occurred())
			return -1;
	} else {
		return 0;
	}
	if (isnan(value))
		return 1;
	if (isinf(value)) {
		PyErr_SetString(PyExc_ValueError, value > 0 ? "the rule returned infinity, which can't be stored"
		                                            : "the rule returned -infinity, which can't be stored");
		return -1;
	}
	outcome->results[outcome->result_count++] =
		(struct lp_result){ .output = (uint32_t)output, .time = task->result_time, .value = value };
	return 1;
}

static void take_series(struct lp_task *task, size_t output, struct lp_series_object *series)
{
	const struct lp_column *column = &series->column;
	struct lp_outcome *outcome = &task->outcome;

	for (size_t i = 0; i < column->count; i++) {
		/* A missing sample has no value to store.  A bad one with a value has: the rule says that it is bad. */
		if (!isfinite(column->value[i]))
			continue;
		outcome->results[outcome->result_count++] = (struct lp_result){ .output = (uint32_t)output,
			                                                        .quality = lp_series_quality(series, i),
			                                                        .time = column->time[i],
			                                                        .value = column->value[i] };
	}
}

/* What will be stored at most. */
static size_t room_for(const struct lp_rule_state *state, PyObject *result)
{
	return lp_is_series(state, result) ? ((struct lp_series_object *)result)->column.count : 1;
}

static bool take_one(struct lp_rule_state *state, struct lp_task *task, size_t output, const char *name,
                     PyObject *result)
{
	int taken;

	if (result == Py_None)
		return true;
	if (lp_is_series(state, result)) {
		take_series(task, output, (struct lp_series_object *)result);
		return true;
	}
	taken = take_number(task, output, result);
	if (taken == 0)
		PyErr_Format(PyExc_TypeError, "the rule returned %s%s%s%s, expected a number, a Series or None",
		             Py_TYPE(result)->tp_name, name[0] == '\0' ? "" : " for output '", name,
		             name[0] == '\0' ? "" : "'");
	return taken > 0;
}

static bool check_names(PyObject *result, PyObject *declared)
{
	PyObject *key, *value;
	Py_ssize_t position = 0;

	while (PyDict_Next(result, &position, &key, &value)) {
		int known = PySequence_Contains(declared, key);

		if (known == 0)
			PyErr_Format(PyExc_ValueError, "the rule returned an output %R, and declares %R", key,
			             declared);
		if (known <= 0)
			return false;
	}
	return true;
}

/*
 * result is a dict by output name; a calculation may store fewer than the rule
 * has.  Of a copy, because a value's __float__ may change the dict.
 */
static bool take_dict(struct lp_rule_state *state, struct lp_batch *batch, struct lp_task *task, PyObject *result,
                      PyObject *declared)
{
	const struct lp_calculation *calculation = &batch->calculations[task->calculation];
	PyObject *values = PyDict_Copy(result);
	bool good = values != NULL && check_names(values, declared);
	size_t room = 0;

	for (size_t i = 0; good && i < calculation->output_count; i++) {
		PyObject *one = PyDict_GetItemString(values, calculation->outputs[i].name);

		room += one == NULL ? 0 : room_for(state, one);
	}
	task->outcome.results = lp_arena_allocate(&batch->arena, room * sizeof *task->outcome.results);
	for (size_t i = 0; good && i < calculation->output_count; i++) {
		PyObject *one = PyDict_GetItemString(values, calculation->outputs[i].name);

		good = one == NULL || take_one(state, task, i, calculation->outputs[i].name, one);
	}
	Py_XDECREF(values);
	return good;
}

bool lp_rule_result(struct lp_rule_state *state, struct lp_batch *batch, struct lp_task *task, PyObject *declared,
                    PyObject *result)
{
	struct lp_outcome *outcome = &task->outcome;
	bool good;

	outcome->results = NULL;
	outcome->result_count = 0;
	if (result == Py_None) {
		outcome->state = LP_STATE_NO_DATA;
		return true;
	}
	if (PyTuple_GET_SIZE(declared) > 0) {
		good = PyDict_Check(result);
		if (good)
			good = take_dict(state, batch, task, result, declared);
		else
			PyErr_Format(PyExc_TypeError, "the rule returned %s, expected a dict of its outputs %R",
			             Py_TYPE(result)->tp_name, declared);
	} else if (PyDict_Check(result)) {
		PyErr_SetString(PyExc_TypeError,
		                "the rule returned a dict, but declares no outputs: @rule(outputs=(...))");
		good = false;
	} else {
		outcome->results = lp_arena_allocate(&batch->arena, room_for(state, result) * sizeof *outcome->results);
		good = take_one(state, task, 0, "", result);
	}
	if (!good) {
		outcome->result_count = 0;
		return false;
	}
	outcome->state = outcome->result_count > 0 ? LP_STATE_OK : LP_STATE_NO_DATA;
	return true;
}
