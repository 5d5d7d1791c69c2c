/*
 * Takes what a rule returned into the results of its task's outcome: a number at
 * the window's start or end, as its calculation says, the samples of a Series, a
 * dict of these by output, or nothing.  A result that cannot be stored raises an
 * exception.
 *
 * A result whose unit is known is converted to the unit of its output's series, or
 * refused: that unit is all that a reader knows of it.
 *
 * Runs in interpreter processes, in their only thread.
 */
#include "rules/internal.h"
#include "rules/series.h"
#include "rules/units.h"

#include "model/memory.h"
#include <stdlib.h>

/* The last conversion: most tasks of a batch have the same one. */
struct lp_result_conversion {
	struct lp_quantity from;
	char *unit, *to;
	double scale, offset;
};

void lp_result_conversion_free(struct lp_result_conversion *conversion)
{
	if (conversion == NULL)
		return;
	free(conversion->unit);
	free(conversion->to);
	free(conversion);
}

static void refuse_unit(const struct lp_quantity *from, const struct lp_output *output, const char *why,
                        const char *remedy)
{
	char text[LP_UNIT_TEXT_SIZE];

	PyErr_Format(PyExc_ValueError, "the result is in %s, and the series %s is declared in %s: %s%s",
	             from->per == NULL ? from->unit : lp_unit_over_time(from->unit, from->per, text),
	             output->series == NULL ? "" : output->series, output->unit, why, remedy);
}

static bool is_same_conversion(const struct lp_result_conversion *conversion, const struct lp_quantity *from,
                               const char *to)
{
	return conversion != NULL && conversion->from.per == from->per &&
	       (conversion->from.zeros == from->zeros || (isnan(conversion->from.zeros) && isnan(from->zeros))) &&
	       strcmp(conversion->unit, from->unit) == 0 && strcmp(conversion->to, to) == 0;
}

static bool find_conversion(struct lp_rule_state *state, const struct lp_quantity *from, const struct lp_output *output)
{
	struct lp_error error = { 0 };
	double scale, offset;

	if (is_same_conversion(state->conversion, from, output->unit))
		return true;
	if (!lp_quantity_stored_conversion(from, output->unit, &scale, &offset, &error)) {
		refuse_unit(from, output, error.what, "");
		return false;
	}
	lp_result_conversion_free(state->conversion);
	state->conversion = lp_allocate(sizeof *state->conversion);
	*state->conversion = (struct lp_result_conversion){ .from = *from,
		                                            .unit = lp_copy_text(from->unit),
		                                            .to = lp_copy_text(output->unit),
		                                            .scale = scale,
		                                            .offset = offset };
	return true;
}

static bool convert_value(const struct lp_result_conversion *conversion, double *value)
{
	double divisor = lp_unit_divisor(conversion->scale);

	*value = (divisor != 0 ? *value / divisor : *value * conversion->scale) + conversion->offset;
	if (isfinite(*value))
		return true;
	PyErr_Format(PyExc_OverflowError, "in %s the result is beyond the range of a float", conversion->to);
	return false;
}

static bool is_known(const char *unit)
{
	return unit != NULL && unit[0] != '\0';
}

/* Converts the number of a built-in rule to the output's unit.  Where either has no unit it stays as it is. */
static bool convert_number(struct lp_rule_state *state, const struct lp_output *output, double *value)
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
	return find_conversion(state, &from, output) && convert_value(state->conversion, value);
}

/* Returns 1 if the values are in the output's unit, 0 if state->conversion converts them, -1 with an exception set. */
static int check_unit(struct lp_rule_state *state, struct lp_series_object *series, const struct lp_output *output)
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
		/* The number that it was multiplied by may have had a unit, or have converted it. */
		if (strcmp(lp_unit_stem(from.unit), lp_unit_stem(output->unit)) != 0 &&
		    lp_unit_conversion(lp_unit_stem(from.unit), lp_unit_stem(output->unit), &scale, &offset, &error) &&
		    (scale != 1 || offset != 0)) {
			refuse_unit(&from, output,
			            "it was multiplied with a number, which may have converted it already; ",
			            "write .to(UNIT) in its place");
			result = -1;
		}
	} else if (from.zeros == 0 || strcmp(from.unit, output->unit) != 0) {
		if (!find_conversion(state, &from, output))
			result = -1;
		else
			result = state->conversion->scale == 1 && state->conversion->offset == 0;
	}
	Py_XDECREF(unit);
	return result;
}

/* Returns 1 if the number is stored or NaN, 0 if the result is no number, -1 with an exception set. */
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
	if (!convert_number(state, &state->calculation->outputs[output], &value))
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
	int is_in_unit;

	if (!lp_series_has_samples(series))
		return false;
	is_in_unit = check_unit(state, series, &state->calculation->outputs[output]);
	if (is_in_unit < 0)
		return false;

	for (size_t i = 0; i < column->count; i++) {
		/* A sample without a value is not stored; a bad one with a value is, as bad. */
		if (!isfinite(column->value[i]))
			continue;
		double value = column->value[i];

		if (is_in_unit == 0 && !convert_value(state->conversion, &value))
			return false;
		outcome->results[outcome->result_count++] = (struct lp_result){ .output = (uint32_t)output,
			                                                        .quality = lp_series_quality(series, i),
			                                                        .time = column->time[i],
			                                                        .value = value };
	}
	return true;
}

/* Refuses too many results: a rule that makes one for every microsecond would fill its database. */
static bool check_room(size_t room)
{
	size_t most = lp_rules_options()->results_most;

	if (most == 0 || room <= most)
		return true;
	PyErr_Format(PyExc_ValueError, "the rule returned %zu samples for one window: at most %zu are stored", room,
	             most);
	return false;
}

/* Counts the results that will be stored at most. */
static size_t count_results(const struct lp_rule_state *state, PyObject *result)
{
	return lp_is_series(state, result) ? ((struct lp_series_object *)result)->column.count : 1;
}

static bool take_output(struct lp_rule_state *state, struct lp_task *task, size_t output, const char *name,
                        PyObject *result)
{
	int status;

	if (result == Py_None)
		return true;
	if (lp_is_series(state, result))
		return take_series(state, task, output, (struct lp_series_object *)result);
	status = take_number(state, task, output, result);
	if (status == 0)
		PyErr_Format(PyExc_TypeError, "the rule returned %s%s%s%s, expected a number, a Series or None",
		             Py_TYPE(result)->tp_name, name[0] == '\0' ? "" : " for output '", name,
		             name[0] == '\0' ? "" : "'");
	return status > 0;
}

static bool check_names(PyObject *result, PyObject *outputs)
{
	PyObject *key, *value;
	Py_ssize_t position = 0;

	while (PyDict_Next(result, &position, &key, &value)) {
		int known = PySequence_Contains(outputs, key);

		if (known == 0)
			PyErr_Format(PyExc_ValueError, "the rule returned an output %R, and declares %R", key, outputs);
		if (known <= 0)
			return false;
	}
	return true;
}

/*
 * Takes a dict by output name, of which a calculation may store only some.  Works
 * on a copy, because a value's __float__ may change the dict.
 */
static bool take_dict(struct lp_rule_state *state, struct lp_batch *batch, struct lp_task *task, PyObject *result,
                      PyObject *outputs)
{
	const struct lp_calculation *calculation = &batch->calculations[task->calculation];
	PyObject *values = PyDict_Copy(result);
	bool ok = values != NULL && check_names(values, outputs);
	size_t room = 0;

	for (size_t i = 0; ok && i < calculation->output_count; i++) {
		PyObject *value = PyDict_GetItemString(values, calculation->outputs[i].name);

		room += value == NULL ? 0 : count_results(state, value);
	}
	ok = ok && check_room(room);
	if (ok)
		task->outcome.results = lp_arena_allocate(&batch->arena, room * sizeof *task->outcome.results);
	for (size_t i = 0; ok && i < calculation->output_count; i++) {
		PyObject *value = PyDict_GetItemString(values, calculation->outputs[i].name);

		ok = value == NULL || take_output(state, task, i, calculation->outputs[i].name, value);
	}
	Py_XDECREF(values);
	return ok;
}

static bool take_single(struct lp_rule_state *state, struct lp_batch *batch, struct lp_task *task, PyObject *result)
{
	size_t room = count_results(state, result);

	if (!check_room(room))
		return false;
	task->outcome.results = lp_arena_allocate(&batch->arena, room * sizeof *task->outcome.results);
	return take_output(state, task, 0, "", result);
}

bool lp_rule_take_result(struct lp_rule_state *state, struct lp_batch *batch, struct lp_task *task, PyObject *outputs,
                         PyObject *result)
{
	struct lp_outcome *outcome = &task->outcome;
	bool has_outputs = PyTuple_GET_SIZE(outputs) > 0, ok = false;

	outcome->results = NULL;
	outcome->result_count = 0;
	if (result == Py_None)
		ok = true;
	else if (has_outputs && PyDict_Check(result))
		ok = take_dict(state, batch, task, result, outputs);
	else if (has_outputs)
		PyErr_Format(PyExc_TypeError, "the rule returned %s, expected a dict of its outputs %R",
		             Py_TYPE(result)->tp_name, outputs);
	else if (PyDict_Check(result))
		PyErr_SetString(PyExc_TypeError,
		                "the rule returned a dict, but declares no outputs: @rule(outputs=(...))");
	else
		ok = take_single(state, batch, task, result);
	if (!ok)
		outcome->result_count = 0;
	else
		outcome->state = outcome->result_count > 0 ? LP_STATE_OK : LP_STATE_NO_DATA;
	return ok;
}
