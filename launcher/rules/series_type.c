/*
 * The type Series as Python sees it: a sequence of samples, buffers of its
 * columns, and its properties.
 *
 * Runs wherever Python does, with the GIL held.
 */
#include "rules/series.h"

#include <stddef.h>

static PyObject *get_previous(PyObject *self, void *unused)
{
	struct lp_series_object *series = (struct lp_series_object *)self;

	(void)unused;
	if (!series->has_previous)
		Py_RETURN_NONE;
	return lp_sample_new(lp_state_of(self), series->previous.time, series->previous.value,
	                     series->previous.quality);
}

typedef PyObject *(*get_text)(struct lp_series_object *);
static const get_text descriptions[] = { lp_series_name, lp_series_shown_unit, lp_series_attributes, lp_series_window };

static PyObject *get_description(PyObject *self, void *which)
{
	return descriptions[(uintptr_t)which]((struct lp_series_object *)self);
}

static Py_ssize_t series_length(PyObject *self)
{
	if (!lp_series_has_samples((struct lp_series_object *)self))
		return -1;
	return (Py_ssize_t)((struct lp_series_object *)self)->column.count;
}

static PyObject *series_item(PyObject *self, Py_ssize_t index)
{
	struct lp_series_object *series = (struct lp_series_object *)self;

	if (!lp_series_has_samples(series))
		return NULL;
	if (index < 0 || (size_t)index >= series->column.count) {
		PyErr_Format(PyExc_IndexError, "the Series has %zu samples", series->column.count);
		return NULL;
	}
	return lp_sample_new(lp_state_of(self), series->column.time[index], series->column.value[index],
	                     lp_series_quality(series, (size_t)index));
}

/* Copies every step-th sample, because these are no piece of the columns. */
static PyObject *copy_stride(struct lp_series_object *series, Py_ssize_t first, Py_ssize_t step, Py_ssize_t count)
{
	struct lp_series_object *copy =
		lp_series_allocate(lp_state_of((PyObject *)series), (size_t)count, series->column.quality != NULL);

	if (copy == NULL)
		return NULL;
	for (Py_ssize_t i = 0; i < count; i++)
		lp_series_copy_sample(copy, (size_t)i, series, (size_t)(first + i * step));
	lp_series_set_origin(copy, series);
	lp_series_describe(lp_state_of((PyObject *)series), copy, series);
	return (PyObject *)copy;
}

static PyObject *series_subscript(PyObject *self, PyObject *key)
{
	struct lp_series_object *series = (struct lp_series_object *)self;
	Py_ssize_t first, end, step, count;

	if (!lp_series_has_samples(series))
		return NULL;
	if (!PySlice_Check(key)) {
		Py_ssize_t index = PyNumber_AsSsize_t(key, PyExc_IndexError);

		if (index == -1 && PyErr_Occurred())
			return NULL;
		return series_item(self, index < 0 ? index + series_length(self) : index);
	}
	if (PySlice_Unpack(key, &first, &end, &step) < 0)
		return NULL;
	count = PySlice_AdjustIndices(series_length(self), &first, &end, step);
	if (step < 0) {
		PyErr_SetString(PyExc_ValueError,
		                "a Series ascends in time: use reversed(series) to go through it backwards");
		return NULL;
	}
	PyObject *result = step == 1 || count == 0
	                           ? (PyObject *)lp_series_view(lp_state_of(self), series, (size_t)first, (size_t)count)
	                           : copy_stride(series, first, step, count);
	if (result != NULL && count != series_length(self)) {
		/* A part by index covers no interval that the rule has named. */
		struct lp_series_object *part = (struct lp_series_object *)result;

		part->window.start = LP_TIME_NONE;
		Py_CLEAR(part->window_object);
		part->has_previous = false;
		Py_CLEAR(part->earlier);
	}
	return result;
}

static int series_getbuffer(PyObject *self, Py_buffer *view, int flags)
{
	struct lp_series_object *series = (struct lp_series_object *)self;
	static const Py_ssize_t stride = sizeof(double);

	if (!lp_series_has_samples(series)) {
		view->obj = NULL;
		return -1;
	}
	/* A buffer may outlive the call, and its pointer cannot change, so the Series gets columns of its own first. */
	if (series->memory == NULL && series->owner == NULL && !lp_series_own(series))
		return -1;
	if (flags & PyBUF_WRITABLE) {
		PyErr_SetString(PyExc_BufferError, "a Series can't be written to");
		return -1;
	}
	*view = (Py_buffer){
		.buf = series->column.value,
		.obj = Py_NewRef(self),
		.len = (Py_ssize_t)(series->column.count * sizeof(double)),
		.itemsize = sizeof(double),
		.readonly = 1,
		.ndim = 1,
		.format = flags & PyBUF_FORMAT ? "d" : NULL,
		.shape = flags & PyBUF_ND ? (Py_ssize_t *)&series->column.count : NULL,
		.strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? (Py_ssize_t *)(uintptr_t)&stride : NULL,
	};
	return 0;
}

/* Exports the column of times or qualities.  It lives as long as a memoryview of it. */
struct column_object {
	PyObject ob_base;
	struct lp_series_object *series;
	bool times; /* false: qualities */
};

static int column_getbuffer(PyObject *self, Py_buffer *view, int flags)
{
	struct column_object *column = (struct column_object *)self;

	if (series_getbuffer((PyObject *)column->series, view, flags) < 0)
		return -1;
	Py_SETREF(view->obj, Py_NewRef(self));
	if (column->times) {
		view->buf = column->series->column.time;
		view->format = flags & PyBUF_FORMAT ? "q" : NULL;
	} else {
		static const Py_ssize_t stride = 1;

		view->buf = column->series->column.quality;
		view->format = flags & PyBUF_FORMAT ? "B" : NULL;
		view->itemsize = 1;
		view->len = (Py_ssize_t)column->series->column.count;
		if (view->strides != NULL)
			view->strides = (Py_ssize_t *)(uintptr_t)&stride;
	}
	return 0;
}

static void column_dealloc(PyObject *self)
{
	Py_DECREF(((struct column_object *)self)->series);
	lp_object_free(self);
}

static PyObject *get_values(PyObject *self, void *unused)
{
	(void)unused;
	return PyMemoryView_FromObject(self);
}

static PyObject *get_column(PyObject *self, void *times)
{
	struct lp_series_object *series = (struct lp_series_object *)self;
	PyObject *exporter, *view;

	if (!lp_series_has_samples(series))
		return NULL;
	if (times == NULL && series->column.quality == NULL) {
		exporter = PyBytes_FromStringAndSize(NULL, series_length(self));
		if (exporter == NULL)
			return NULL;
		memset(PyBytes_AS_STRING(exporter), LP_QUALITY_GOOD, series->column.count);
	} else {
		struct column_object *column = PyObject_New(struct column_object, lp_state_of(self)->column_type);

		if (column == NULL)
			return NULL;
		column->series = (struct lp_series_object *)Py_NewRef(self);
		column->times = times != NULL;
		exporter = (PyObject *)column;
	}
	view = PyMemoryView_FromObject(exporter);
	Py_DECREF(exporter);
	return view;
}

static int series_bool(PyObject *self)
{
	(void)self;
	PyErr_SetString(PyExc_TypeError, "whether a Series is true is not defined: ask len(series), series.count(), "
	                                 "series.any() or series.all()");
	return -1;
}

/* "<Series 'p1/power' [kW], 60 samples, 2026-01-01T00:00:00Z ... 2026-01-01T00:59:00Z, 2 missing: 1.5, 2.0, ..., 9.0>" */
static PyObject *series_repr(PyObject *self)
{
	struct lp_series_object *series = (struct lp_series_object *)self;
	const struct lp_column *column = &series->column;
	struct lp_text text = { 0 };
	char first[LP_TIME_TEXT_SIZE], last[LP_TIME_TEXT_SIZE];
	PyObject *name = lp_series_name(series), *unit = lp_series_shown_unit(series), *result = NULL;

	if (name == NULL || unit == NULL)
		goto done;
	lp_text_addf(&text, "%zu sample%s", column->count, column->count == 1 ? "" : "s");
	if (column->count > 0)
		lp_text_addf(&text, ", %s", lp_time_text(column->time[0], first));
	if (column->count > 1)
		lp_text_addf(&text, " ... %s", lp_time_text(column->time[column->count - 1], last));
	if (lp_series_missing(series) > 0)
		lp_text_addf(&text, ", %lld missing", (long long)lp_series_missing(series));
	for (size_t i = 0; i < column->count; i++) {
		if (i == 3 && column->count > 5) {
			lp_text_add(&text, ", ...", 5);
			i = column->count - 2;
		}
		char *number = PyOS_double_to_string(column->value[i], 'r', 0, Py_DTSF_ADD_DOT_0, NULL);

		if (number == NULL) {
			PyErr_NoMemory();
			goto done;
		}
		lp_text_addf(&text, "%s%s", i == 0 ? ": " : ", ", number);
		PyMem_Free(number);
	}
	result = PyUnicode_FromFormat("<Series%s%V%s%s%V%s, %s>", PyUnicode_GET_LENGTH(name) > 0 ? " '" : "", name, "",
	                              PyUnicode_GET_LENGTH(name) > 0 ? "'" : "",
	                              PyUnicode_GET_LENGTH(unit) > 0 ? " [" : "", unit, "",
	                              PyUnicode_GET_LENGTH(unit) > 0 ? "]" : "", text.data);
done:
	Py_XDECREF(name);
	Py_XDECREF(unit);
	lp_text_free(&text);
	return result;
}

static PyGetSetDef series_properties[] = {
	{ "values", get_values, NULL, "The values as a memoryview of doubles ('d').", NULL },
	{ "times", get_column, NULL, "The times as a memoryview of microseconds since 1970, UTC ('q').", (void *)1 },
	{ "qualities", get_column, NULL, "The qualities as a memoryview of bytes ('B').", NULL },
	{ "name", get_description, NULL, "Name of the series, '' where it has none.", (void *)0 },
	{ "unit", get_description, NULL, "Unit of the values, '' where it is not known.", (void *)1 },
	{ "attributes", get_description, NULL, "What is known about the series, a read-only mapping.", (void *)2 },
	{ "window", get_description, NULL, "The Window that it covers, or None.", (void *)3 },
	{ "previous", get_previous, NULL, "The last good Sample before the window, within the lookback, or None.",
	  NULL },
	{ 0 },
};

PyDoc_STRVAR(series_doc,
             "Series(times, values, qualities=None, *, unit='', name='', attributes=None, window=None, previous=None)\n"
             "--\n\n"
             "Samples of one measured or computed quantity, ascending in time; it never changes.\n\n"
             "A sequence of Sample, a buffer of its values, and a number for arithmetic and\n"
             "comparisons. Missing samples (bad quality, NaN, infinite) stay missing in\n"
             "arithmetic, and are left out of mean() and all that make one number of many.\n");

static PyType_Slot series_slots[] = {
	{ Py_tp_doc, (void *)(uintptr_t)series_doc },
	{ Py_tp_new, lp_series_construct },
	{ Py_tp_dealloc, lp_series_dealloc },
	{ Py_tp_repr, series_repr },
	{ Py_tp_getset, series_properties },
	{ Py_tp_methods, lp_series_methods },
	{ Py_tp_richcompare, lp_series_compare },
	{ Py_tp_hash, PyObject_HashNotImplemented },
	{ Py_sq_length, series_length },
	{ Py_sq_item, series_item },
	{ Py_mp_length, series_length },
	{ Py_mp_subscript, series_subscript },
	{ Py_bf_getbuffer, series_getbuffer },
	{ Py_nb_bool, series_bool },
	{ Py_nb_add, lp_series_add },
	{ Py_nb_subtract, lp_series_subtract },
	{ Py_nb_multiply, lp_series_multiply },
	{ Py_nb_true_divide, lp_series_divide },
	{ Py_nb_floor_divide, lp_series_floor_divide },
	{ Py_nb_remainder, lp_series_remainder },
	{ Py_nb_power, lp_series_power },
	{ Py_nb_negative, lp_series_negative },
	{ Py_nb_positive, lp_series_positive },
	{ Py_nb_absolute, lp_series_absolute },
	{ 0 },
};
PyType_Spec lp_series_spec = {
	.name = "local_processing.Series",
	.basicsize = sizeof(struct lp_series_object),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_SEQUENCE,
	.slots = series_slots,
};

static PyType_Slot column_slots[] = {
	{ Py_tp_dealloc, column_dealloc },
	{ Py_bf_getbuffer, column_getbuffer },
	{ 0 },
};
PyType_Spec lp_column_spec = {
	.name = "_local_processing.Column",
	.basicsize = sizeof(struct column_object),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
	.slots = column_slots,
};
