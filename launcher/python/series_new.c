/*
 * Series(times, values, ...): a Series of whatever sequences and buffers a
 * rule or a test has at hand.
 */
#include "python/rule_types.h"

/* Fills a column from a buffer of that very format.  1: done, 0: it is no such buffer, -1: an exception is set. */
static int from_buffer(PyObject *object, const char *formats, size_t size, void *target, size_t count)
{
	Py_buffer view;
	int result = 0;

	if (!PyObject_CheckBuffer(object))
		return 0;
	if (PyObject_GetBuffer(object, &view, PyBUF_FORMAT | PyBUF_C_CONTIGUOUS) < 0) {
		PyErr_Clear();
		return 0;
	}
	if (view.ndim == 1 && view.format != NULL && view.format[0] != '\0' && view.format[1] == '\0' &&
	    strchr(formats, view.format[0]) != NULL && (size_t)view.itemsize == size) {
		if ((size_t)view.len == count * size) {
			if (view.len > 0)
				memcpy(target, view.buf, (size_t)view.len);
			result = 1;
		}
	}
	PyBuffer_Release(&view);
	return result;
}

static bool wrong_item(const char *what, Py_ssize_t index)
{
	PyObject *exception = PyErr_GetRaisedException();
	PyObject *type = (PyObject *)Py_TYPE(exception);

	PyErr_Format(type, "%s[%zd]: %S", what, index, exception);
	Py_DECREF(exception);
	return false;
}

static bool fill_times(struct lp_rule_state *state, PyObject *times, struct lp_column *column)
{
	int done;

	if (lp_is_series(state, times)) {
		const struct lp_column *from = &((struct lp_series_object *)times)->column;

		if (column->count > 0)
			memcpy(column->time, from->time, column->count * sizeof *from->time);
		return true;
	}
	done = from_buffer(times, "ql", sizeof(int64_t), column->time, column->count);
	if (done == 0) {
		PyObject *sequence = PySequence_Fast(times, "times must be a sequence");

		if (sequence == NULL)
			return false;
		done = 1;
		for (Py_ssize_t i = 0;
		     done == 1 && i < PySequence_Fast_GET_SIZE(sequence) && i < (Py_ssize_t)column->count; i++) {
			if (!lp_time_from(state, PySequence_Fast_GET_ITEM(sequence, i), "a time", &column->time[i])) {
				wrong_item("times", i);
				done = -1;
			}
		}
		Py_DECREF(sequence);
	}
	if (done < 0)
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

static bool fill_values(PyObject *values, struct lp_column *column)
{
	int done = from_buffer(values, "d", sizeof(double), column->value, column->count);
	PyObject *sequence;

	if (done != 0)
		return done > 0;
	sequence = PySequence_Fast(values, "values must be a sequence of numbers");
	if (sequence == NULL)
		return false;
	for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(sequence) && i < (Py_ssize_t)column->count; i++) {
		PyObject *item = PySequence_Fast_GET_ITEM(sequence, i);

		column->value[i] = item == Py_None ? Py_NAN : PyFloat_AsDouble(item);
		if (item != Py_None && column->value[i] == -1.0 && PyErr_Occurred()) {
			Py_DECREF(sequence);
			return wrong_item("values", i);
		}
	}
	Py_DECREF(sequence);
	return true;
}

static bool fill_qualities(PyObject *qualities, struct lp_column *column)
{
	int done = from_buffer(qualities, "Bb", 1, column->quality, column->count);
	PyObject *sequence;

	if (done < 0)
		return false;
	if (done == 0) {
		sequence = PySequence_Fast(qualities, "qualities must be a sequence");
		if (sequence == NULL)
			return false;
		for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(sequence) && i < (Py_ssize_t)column->count; i++) {
			long quality = PyLong_AsLong(PySequence_Fast_GET_ITEM(sequence, i));

			if (quality == -1 && PyErr_Occurred()) {
				Py_DECREF(sequence);
				return wrong_item("qualities", i);
			}
			column->quality[i] = (uint8_t)(quality < 0 || quality > UINT8_MAX ? UINT8_MAX : quality);
		}
		Py_DECREF(sequence);
	}
	for (size_t i = 0; i < column->count; i++) {
		if (column->quality[i] > LP_QUALITY_BAD) {
			PyErr_Format(PyExc_ValueError, "qualities[%zu] is none of 0 (good), 1 (uncertain), 2 (bad)", i);
			return false;
		}
	}
	return true;
}

static bool take_previous(struct lp_rule_state *state, PyObject *previous, struct lp_series_object *series)
{
	PyObject *time, *value;
	int quality = LP_QUALITY_GOOD;

	if (previous == Py_None)
		return true;
	if (!PyTuple_Check(previous) || PyTuple_GET_SIZE(previous) != 3) {
		PyErr_Format(PyExc_TypeError, "previous must be a Sample or None, not %s", Py_TYPE(previous)->tp_name);
		return false;
	}
	if (!PyArg_ParseTuple(previous, "OOi", &time, &value, &quality) ||
	    !lp_time_from(state, time, "previous.time", &series->previous_time))
		return false;
	series->previous_value = PyFloat_AsDouble(value);
	if (series->previous_value == -1.0 && PyErr_Occurred())
		return false;
	series->previous_quality = (uint8_t)quality;
	series->has_previous = quality >= 0 && !lp_sample_is_missing(series->previous_value, series->previous_quality);
	if (series->has_previous && series->column.count > 0 && series->previous_time >= series->column.time[0]) {
		PyErr_SetString(PyExc_ValueError, "previous must be before the first sample");
		return false;
	}
	return true;
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
	if (!fill_times(state, times, &series->column) || !fill_values(values, &series->column) ||
	    (qualities != Py_None && !fill_qualities(qualities, &series->column)) ||
	    !take_previous(state, previous, series) || !take_window(state, window, series))
		goto failed;
	series->unit = Py_NewRef(unit);
	series->name = Py_NewRef(name);
	series->attributes = attributes == Py_None ? Py_NewRef(state->empty_mapping) : PyDictProxy_New(attributes);
	if (series->attributes == NULL)
		goto failed;
	return (PyObject *)series;
failed:
	Py_DECREF(series);
	return NULL;
}
