/*
 * Series(times, values, ...): a Series made of any sequences and buffers.
 *
 * Runs wherever Python does, with the GIL held.
 */
#include "rules/series.h"
#include "rules/units.h"

/* Copies a column from a buffer of this very format.  False: the object is no such buffer. */
static bool copy_buffer(PyObject *object, const char *formats, size_t size, void *target, size_t count)
{
	Py_buffer view;
	bool same;

	if (!PyObject_CheckBuffer(object))
		return false;
	if (PyObject_GetBuffer(object, &view, PyBUF_FORMAT | PyBUF_C_CONTIGUOUS) < 0) {
		PyErr_Clear();
		return false;
	}
	same = view.ndim == 1 && view.format != NULL && view.format[0] != '\0' && view.format[1] == '\0' &&
	       strchr(formats, view.format[0]) != NULL && (size_t)view.itemsize == size &&
	       (size_t)view.len == count * size;
	if (same && view.len > 0)
		memcpy(target, view.buf, (size_t)view.len);
	PyBuffer_Release(&view);
	return same;
}

/* Names the item in the exception that is set. */
static bool fail_item(const char *what, size_t index)
{
	PyObject *exception = PyErr_GetRaisedException();
	PyObject *type = (PyObject *)Py_TYPE(exception);

	PyErr_Format(type, "%s[%zu]: %S", what, index, exception);
	Py_DECREF(exception);
	return false;
}

/* Converts one item into its place in the column.  False: an exception is set. */
typedef bool (*convert)(struct lp_rule_state *state, PyObject *item, struct lp_column *column, size_t index);

static bool convert_time(struct lp_rule_state *state, PyObject *item, struct lp_column *column, size_t index)
{
	return lp_time_from_object(state, item, "a time", &column->time[index]);
}

static bool convert_value(struct lp_rule_state *state, PyObject *item, struct lp_column *column, size_t index)
{
	(void)state;
	column->value[index] = item == Py_None ? Py_NAN : PyFloat_AsDouble(item);
	return column->value[index] != -1.0 || !PyErr_Occurred();
}

static bool convert_quality(struct lp_rule_state *state, PyObject *item, struct lp_column *column, size_t index)
{
	long quality = PyLong_AsLong(item);

	(void)state;
	column->quality[index] = (uint8_t)(quality < 0 || quality > UINT8_MAX ? UINT8_MAX : quality);
	return quality != -1 || !PyErr_Occurred();
}

/* Converts item by item.  That may run Python code, which may change the list meanwhile. */
static bool convert_sequence(struct lp_rule_state *state, PyObject *object, const char *what, convert convert_item,
                             struct lp_column *column)
{
	PyObject *sequence = PySequence_Fast(object, "");
	bool ok = sequence != NULL;

	if (!ok && PyErr_ExceptionMatches(PyExc_TypeError))
		PyErr_Format(PyExc_TypeError, "%s must be a sequence, not %s", what, Py_TYPE(object)->tp_name);
	for (size_t i = 0; ok && i < column->count; i++) {
		if ((Py_ssize_t)i >= PySequence_Fast_GET_SIZE(sequence)) {
			PyErr_Format(PyExc_ValueError, "%s: %zu were announced, and there are %zu", what, column->count,
			             i);
			ok = false;
		} else {
			PyObject *item = Py_NewRef(PySequence_Fast_GET_ITEM(sequence, (Py_ssize_t)i));

			ok = convert_item(state, item, column, i) || fail_item(what, i);
			Py_DECREF(item);
		}
	}
	Py_XDECREF(sequence);
	return ok;
}

static bool fill_times(struct lp_rule_state *state, PyObject *times, struct lp_column *column)
{
	if (lp_is_series(state, times)) {
		const struct lp_column *from = &((struct lp_series_object *)times)->column;

		if (column->count > 0)
			memcpy(column->time, from->time, column->count * sizeof *from->time);
		return true;
	}
	if (!copy_buffer(times, "ql", sizeof(int64_t), column->time, column->count) &&
	    !convert_sequence(state, times, "times", convert_time, column))
		return false;
	for (size_t i = 0; i < column->count; i++) {
		char text[LP_TIME_TEXT_SIZE], before[LP_TIME_TEXT_SIZE];

		if (column->time[i] < LP_TIME_MIN || column->time[i] > LP_TIME_MAX) {
			PyErr_Format(PyExc_ValueError,
			             "times[%zu]: %lld microseconds since 1970 is outside of the years 1 to 9999", i,
			             (long long)column->time[i]);
			return false;
		}
		if (i > 0 && column->time[i] <= column->time[i - 1]) {
			PyErr_Format(PyExc_ValueError, "times must ascend: times[%zu], %s, is not after %s", i,
			             lp_time_text(column->time[i], text), lp_time_text(column->time[i - 1], before));
			return false;
		}
	}
	return true;
}

static bool fill_values(struct lp_rule_state *state, PyObject *values, struct lp_column *column)
{
	return copy_buffer(values, "d", sizeof(double), column->value, column->count) ||
	       convert_sequence(state, values, "values", convert_value, column);
}

static bool fill_qualities(struct lp_rule_state *state, PyObject *qualities, struct lp_column *column)
{
	if (!copy_buffer(qualities, "Bb", 1, column->quality, column->count) &&
	    !convert_sequence(state, qualities, "qualities", convert_quality, column))
		return false;
	for (size_t i = 0; i < column->count; i++) {
		if (column->quality[i] > LP_QUALITY_BAD) {
			PyErr_Format(PyExc_ValueError, "qualities[%zu] is none of 0 (good), 1 (uncertain), 2 (bad)", i);
			return false;
		}
	}
	return true;
}

static bool check_previous(const struct lp_series_object *series)
{
	if (series->column.count == 0 || series->previous.time < series->column.time[0])
		return true;
	PyErr_SetString(PyExc_ValueError, "previous must be before the first sample");
	return false;
}

static bool take_previous(struct lp_rule_state *state, PyObject *previous, struct lp_series_object *series)
{
	PyObject *time, *value;
	int quality = LP_QUALITY_GOOD;

	if (previous == Py_None)
		return true;
	if (lp_is_series(state, previous)) {
		lp_series_take_earlier(series, Py_NewRef(previous));
		return !series->has_previous || check_previous(series);
	}
	if (!PyTuple_Check(previous) || PyTuple_GET_SIZE(previous) != 3) {
		PyErr_Format(PyExc_TypeError, "previous must be a Sample, a Series or None, not %s",
		             Py_TYPE(previous)->tp_name);
		return false;
	}
	if (!PyArg_ParseTuple(previous, "OOi", &time, &value, &quality) ||
	    !lp_time_from_object(state, time, "previous.time", &series->previous.time))
		return false;
	series->previous.value = PyFloat_AsDouble(value);
	if (series->previous.value == -1.0 && PyErr_Occurred())
		return false;
	series->previous.quality = (uint8_t)quality;
	series->has_previous = quality >= 0 && !lp_sample_is_missing(series->previous.value, series->previous.quality);
	return !series->has_previous || check_previous(series);
}

static bool take_window(struct lp_rule_state *state, PyObject *window, struct lp_series_object *series)
{
	if (window == Py_None)
		return true;
	if (Py_TYPE(window) != state->window_type) {
		PyErr_Format(PyExc_TypeError, "window must be a Window or None, not %s", Py_TYPE(window)->tp_name);
		return false;
	}
	series->window = ((struct lp_window_object *)window)->window;
	series->window_object = Py_NewRef(window);
	if (series->has_previous && series->previous.time >= series->window.start) {
		PyErr_SetString(PyExc_ValueError, "previous must be before the window");
		return false;
	}
	if (series->column.count > 0 && (series->column.time[0] < series->window.start ||
	                                 series->column.time[series->column.count - 1] >= series->window.end)) {
		PyErr_SetString(PyExc_ValueError, "the times must lie in the window");
		return false;
	}
	return true;
}

PyObject *lp_series_construct(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
	static const char *const names[] = { "times",      "values", "qualities", "unit", "name",
		                             "attributes", "window", "previous",  NULL };
	struct lp_rule_state *state = PyType_GetModuleState(type);
	PyObject *times, *values, *qualities = Py_None, *unit = state->empty, *name = state->empty,
				  *attributes = Py_None, *window = Py_None, *previous = Py_None;
	struct lp_series_object *series;
	Py_ssize_t count, value_count;

	if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "OO|O$UUOOO:Series", (char **)(uintptr_t)names, &times,
	                                 &values, &qualities, &unit, &name, &attributes, &window, &previous))
		return NULL;
	if ((count = PyObject_Size(times)) < 0 || (value_count = PyObject_Size(values)) < 0)
		return NULL;
	if (count != value_count) {
		PyErr_Format(PyExc_ValueError, "there are %zd times and %zd values", count, value_count);
		return NULL;
	}
	if (qualities != Py_None) {
		Py_ssize_t quality_count = PyObject_Size(qualities);

		if (quality_count < 0)
			return NULL;
		if (quality_count != count) {
			PyErr_Format(PyExc_ValueError, "there are %zd times and %zd qualities", count, quality_count);
			return NULL;
		}
	}
	series = lp_series_allocate(state, (size_t)count, qualities != Py_None);
	if (series == NULL)
		return NULL;
	if (!fill_times(state, times, &series->column) || !fill_values(state, values, &series->column))
		goto failed;
	if (qualities != Py_None && !fill_qualities(state, qualities, &series->column))
		goto failed;
	if (!take_previous(state, previous, series) || !take_window(state, window, series))
		goto failed;
	series->unit = Py_NewRef(unit);
	if (PyUnicode_AsUTF8(unit) == NULL)
		goto failed;
	if (lp_unit_is_difference(PyUnicode_AsUTF8(unit)))
		series->zeros = 0;
	series->name = Py_NewRef(name);
	series->attributes = attributes == Py_None ? Py_NewRef(state->empty_mapping) : PyDictProxy_New(attributes);
	if (series->attributes == NULL)
		goto failed;
	return (PyObject *)series;
failed:
	Py_DECREF(series);
	return NULL;
}
