/*
 * What a rule returned, into the results of its task's outcome: a number at the
 * window's start or end, as its calculation says, the samples of a Series,
 * several of either by the name of their output, or nothing.
 *
 * It decides what can be stored; what can't raises an exception that says so.
 * A result whose unit is known is converted to the one that its output is
 * declared with, or refused: the label is all that whoever reads it knows.
 *
 * Runs in interpreter processes, in their only thread.
 */
#include "rules/internal.h"
#include "rules/types.h"
#include "rules/units.h"

#include "model/memory.h"
#include <stdlib.h>

/* The conversion used last: most tasks of a batch have the same. */
struct lp_label {
	struct lp_quantity from;
	char *unit, *to;
	double scale, offset;
};

void lp_label_free(struct lp_label *label)
{
	if (label == NULL)
		return;
	free(label->unit);
	free(label->to);
	free(label);
}

static void refuse_label(const struct lp_quantity *from, const struct lp_output *output, const char *why,
                         const char *remedy)
{
	char text[LP_UNIT_TEXT_SIZE];

	PyErr_Format(PyExc_ValueError, "the result is in %s, and the series %s is declared in %s: %s%s",
	             from->per == NULL ? from->unit : lp_unit_over_time(from->unit, from->per, text),
	             output->series == NULL ? "" : output->series, output->unit, why, remedy);
}

static bool is_same_conversion(const struct lp_label *label, const struct lp_quantity *from, const char *to)
{
	return label != NULL && label->from.per == from->per &&
	       (label->from.zeros == from->zeros || (isnan(label->from.zeros) && isnan(from->zeros))) &&
	       strcmp(label->unit, from->unit) == 0 && strcmp(label->to, to) == 0;
}

static bool find_label(struct lp_rule_state *state, const struct lp_quantity *from, const struct lp_output *output)
{
	struct lp_error error = { 0 };
	double scale, offset;

	if (is_same_conversion(state->label, from, output->unit))
		return true;
	if (!lp_quantity_label(from, output->unit, &scale, &offset, &error)) {
		refuse_label(from, output, error.what, "");
		return false;
	}
	lp_label_free(state->label);
	state->label = lp_allocate(sizeof *state->label);
	*state->label = (struct lp_label){ *from, lp_copy_text(from->unit), lp_copy_text(output->unit), scale, offset };
	return true;
}

static bool apply_label(const struct lp_label *label, double *value)
{
	double divisor = lp_unit_divisor(label->scale);

	*value = (divisor != 0 ? *value / divisor : *value * label->scale) + label->offset;
	if (isfinite(*value))
		return true;
	PyErr_Format(PyExc_OverflowError, "in %s the result is beyond the range of a float", label->to);
	return false;
}

static bool is_known(const char *unit)
{
	return unit != NULL && unit[0] != '\0';
}

/* A number of a built-in rule.  Without a unit on both sides the label is believed. */
static bool label_number(struct lp_rule_state *state, const struct lp_output *output, double *value)
{
	struct lp_quantity from;

	if (state->quantity == NULL || state->calculation->input_count == 0)
		return true;
	from = *state->quantity;
	from.unit = state->calculation->inputs[0].unit;
	if (!is_known(from.unit) || !is_known(output->unit))
		return true;
	if (from.per == NULL && from.zeros != 0 && strcmp(from.unit, output->unit) == 0)
		return true;
	return find_label(state, &from, output) && apply_label(state->label, value);
}

/* 1: the label is right as it is, 0: the values are converted by state->label, -1: an exception is set. */
static int label_series(struct lp_rule_state *state, struct lp_series_object *series, const struct lp_output *output)
{
	PyObject *unit = lp_series_unit(series);
	struct lp_quantity from = { .unit = unit == NULL ? NULL : PyUnicode_AsUTF8(unit), .zeros = series->zeros };
	struct lp_error error = { 0 };
	double scale, offset;
	int result = 1;

	if (from.unit == NULL) {
		result = -1;
	} else if (!is_known(from.unit) || !is_known(output->unit)) {
		result = 1;
	} else if (series->scaled) {
		/* The number that it was multiplied with may have had a unit, or have been the conversion. */
		if (strcmp(lp_unit_stem(from.unit), lp_unit_stem(output->unit)) != 0 &&
		    lp_unit_conversion(lp_unit_stem(from.unit), lp_unit_stem(output->unit), &scale, &offset, &error) &&
		    (scale != 1 || offset != 0)) {
			refuse_label(&from, output,
			             "it was multiplied with a number, which may have converted it already; ",
			             "write .to(UNIT) in its place");
			result = -1;
		}
	} else if (from.zeros == 0 || strcmp(from.unit, output->unit) != 0) {
		if (!find_label(state, &from, output))
			result = -1;
		else
			result = state->label->scale == 1 && state->label->offset == 0;
	}
	Py_XDECREF(unit);
	return result;
}

/* 1: stored or nothing to store, 0: it is no number, -1: an exception is set. */
static int take_number(struct lp_rule_state *state, struct lp_task *task, size_t output, PyObject *result)
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
	if (!label_number(state, &state->calculation->outputs[output], &value))
		return -1;
	outcome->results[outcome->result_count++] =
		(struct lp_result){ .output = (uint32_t)output, .time = task->result_time, .value = value };
	return 1;
}

static bool take_series(struct lp_rule_state *state, struct lp_task *task, size_t output,
                        struct lp_series_object *series)
{
	const struct lp_column *column = &series->column;
	struct lp_outcome *outcome = &task->outcome;
	int labelled;

	if (!lp_series_has_samples(series))
		return false;
	labelled = label_series(state, series, &state->calculation->outputs[output]);
	if (labelled < 0)
		return false;

	for (size_t i = 0; i < column->count; i++) {
		/* A missing sample has no value to store.  A bad one with a value has: the rule says that it is bad. */
		if (!isfinite(column->value[i]))
			continue;
		double value = column->value[i];

		if (labelled == 0 && !apply_label(state->label, &value))
			return false;
		outcome->results[outcome->result_count++] = (struct lp_result){ .output = (uint32_t)output,
			                                                        .quality = lp_series_quality(series, i),
			                                                        .time = column->time[i],
			                                                        .value = value };
	}
	return true;
}

/* A rule that makes a result for every microsecond fills its database. */
static bool check_room(size_t room)
{
	size_t most = lp_rules_options()->results_most;

	if (most == 0 || room <= most)
		return true;
	PyErr_Format(PyExc_ValueError, "the rule returned %zu samples for one window: at most %zu are stored", room,
	             most);
	return false;
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
		return take_series(state, task, output, (struct lp_series_object *)result);
	}
	taken = take_number(state, task, output, result);
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
	good = good && check_room(room);
	if (good)
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
		size_t room = room_for(state, result);

		good = check_room(room);
		if (good) {
			outcome->results = lp_arena_allocate(&batch->arena, room * sizeof *outcome->results);
			good = take_one(state, task, 0, "", result);
		}
	}
	if (!good) {
		outcome->result_count = 0;
		return false;
	}
	outcome->state = outcome->result_count > 0 ? LP_STATE_OK : LP_STATE_NO_DATA;
	return true;
}
