/*
 * Sample and Window, as rules see them.
 *
 * Runs wherever Python does, with the GIL held.
 */
#include "rules/types.h"

PyObject *lp_sample_new(struct lp_rule_state *state, lp_time time, double value, uint8_t quality)
{
	PyObject *sample = state->sample_type->tp_alloc(state->sample_type, 3), *items[3];

	if (sample == NULL)
		return NULL;
	items[0] = lp_datetime_new(state, time, NULL);
	items[1] = items[0] == NULL ? NULL : PyFloat_FromDouble(value);
	items[2] = items[1] == NULL ? NULL : PyLong_FromLong(quality);
	for (Py_ssize_t i = 0; i < 3; i++)
		PyTuple_SET_ITEM(sample, i, items[i]);
	if (items[2] == NULL)
		Py_CLEAR(sample);
	return sample;
}

static PyObject *sample_construct(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
	static const char *const names[] = { "time", "value", "quality", NULL };
	struct lp_rule_state *state = PyType_GetModuleState(type);
	PyObject *time_object;
	int quality = LP_QUALITY_GOOD;
	double value;
	lp_time time;

	if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "Od|i:Sample", (char **)(uintptr_t)names, &time_object,
	                                 &value, &quality) ||
	    !lp_time_from_object(state, time_object, "time", &time))
		return NULL;
	if (quality < LP_QUALITY_GOOD || quality > LP_QUALITY_BAD) {
		PyErr_Format(PyExc_ValueError, "quality is none of 0 (good), 1 (uncertain), 2 (bad): %d", quality);
		return NULL;
	}
	return lp_sample_new(state, time, value, (uint8_t)quality);
}

static PyObject *sample_repr(PyObject *self)
{
	return PyUnicode_FromFormat("Sample(%S, %R, quality=%R)", PyTuple_GET_ITEM(self, 0), PyTuple_GET_ITEM(self, 1),
	                            PyTuple_GET_ITEM(self, 2));
}

static PyObject *sample_field(PyObject *self, void *index)
{
	return Py_NewRef(PyTuple_GET_ITEM(self, (Py_ssize_t)index));
}

/* Returns the arguments of Sample() to copy and pickle, which would otherwise pass the tuple itself. */
static PyObject *sample_arguments(PyObject *self, PyObject *unused)
{
	(void)unused;
	return PyTuple_GetSlice(self, 0, 3);
}

static PyMethodDef sample_methods[] = {
	{ "__getnewargs__", sample_arguments, METH_NOARGS, NULL },
	{ 0 },
};
static PyGetSetDef sample_properties[] = {
	{ "time", sample_field, NULL, "When: an aware datetime, UTC.", (void *)0 },
	{ "value", sample_field, NULL, "What: a float.", (void *)1 },
	{ "quality", sample_field, NULL, "0 good, 1 uncertain (used as good is), 2 bad (missing).", (void *)2 },
	{ 0 },
};
PyDoc_STRVAR(sample_doc, "Sample(time, value, quality=0)\n--\n\nA value at a time, a tuple of the three.");
static PyType_Slot sample_slots[] = {
	{ Py_tp_doc, (void *)(uintptr_t)sample_doc }, { Py_tp_new, sample_construct },   { Py_tp_repr, sample_repr },
	{ Py_tp_getset, sample_properties },          { Py_tp_methods, sample_methods }, { 0 },
};
PyType_Spec lp_sample_spec = {
	.name = "local_processing.Sample",
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
	.slots = sample_slots,
};

PyObject *lp_window_new(struct lp_rule_state *state, const struct lp_window *window, PyObject *zone)
{
	struct lp_window_object *object = PyObject_New(struct lp_window_object, state->window_type);

	if (object == NULL)
		return NULL;
	object->window = *window;
	object->zone = Py_NewRef(zone);
	return (PyObject *)object;
}

PyObject *lp_window_of_task(struct lp_rule_state *state, const struct lp_window *window)
{
	PyObject *zone, *object;

	zone = lp_zone_get(state, state->calculation == NULL ? "UTC" : state->calculation->schedule.zone);
	if (zone == NULL)
		return NULL;
	object = lp_window_new(state, window, zone);
	Py_DECREF(zone);
	return object;
}

static PyObject *window_construct(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
	static const char *const names[] = { "start", "end", NULL };
	struct lp_rule_state *state = PyType_GetModuleState(type);
	PyObject *start, *end, *zone, *result;
	struct lp_window window;

	if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "OO:Window", (char **)(uintptr_t)names, &start, &end) ||
	    !lp_time_from_object(state, start, "start", &window.start) ||
	    !lp_time_from_object(state, end, "end", &window.end))
		return NULL;
	if (window.start < LP_TIME_MIN || window.end > LP_TIME_MAX || window.end < window.start) {
		PyErr_SetString(PyExc_ValueError, "a window's end is not before its start, in the years 1 to 9999");
		return NULL;
	}
	zone = lp_zone_of_time(state, start);
	result = lp_window_new(state, &window, zone);
	Py_DECREF(zone);
	return result;
}

static void window_dealloc(PyObject *self)
{
	Py_DECREF(((struct lp_window_object *)self)->zone);
	lp_object_free(self);
}

static PyObject *window_bound(PyObject *self, void *end)
{
	struct lp_window_object *window = (struct lp_window_object *)self;

	return lp_datetime_new(lp_state_of(self), end == NULL ? window->window.start : window->window.end,
	                       window->zone);
}

static PyObject *window_zone(PyObject *self, void *unused)
{
	(void)unused;
	return Py_NewRef(((struct lp_window_object *)self)->zone);
}

static PyObject *window_duration(PyObject *self, void *unused)
{
	const struct lp_window *window = &((struct lp_window_object *)self)->window;
	const PyDateTime_CAPI *api = lp_state_of(self)->datetime;
	int64_t length = window->end - window->start;

	(void)unused;
	return api->Delta_FromDelta((int)(length / LP_DAY), (int)(length % LP_DAY / LP_SECOND),
	                            (int)(length % LP_SECOND), 1, api->DeltaType);
}

static int window_contains(PyObject *self, PyObject *time_object)
{
	const struct lp_window *window = &((struct lp_window_object *)self)->window;
	lp_time time;

	if (!lp_time_from_object(lp_state_of(self), time_object, "a time", &time))
		return -1;
	return time >= window->start && time < window->end;
}

static PyObject *window_compare(PyObject *left, PyObject *right, int operation)
{
	const struct lp_window *one, *other;

	if (Py_TYPE(left) != Py_TYPE(right) || (operation != Py_EQ && operation != Py_NE))
		Py_RETURN_NOTIMPLEMENTED;
	one = &((struct lp_window_object *)left)->window;
	other = &((struct lp_window_object *)right)->window;
	return PyBool_FromLong((one->start == other->start && one->end == other->end) == (operation == Py_EQ));
}

static Py_hash_t window_hash(PyObject *self)
{
	const struct lp_window *window = &((struct lp_window_object *)self)->window;
	Py_hash_t hash = (Py_hash_t)((uint64_t)window->start * 1000003u ^ (uint64_t)window->end);

	return hash == -1 ? -2 : hash;
}

static PyObject *window_repr(PyObject *self)
{
	PyObject *start = window_bound(self, NULL), *end = window_bound(self, (void *)1), *text = NULL;

	if (start != NULL && end != NULL)
		text = PyUnicode_FromFormat("<Window %S ... %S>", start, end);
	Py_XDECREF(start);
	Py_XDECREF(end);
	return text;
}

static PyGetSetDef window_properties[] = {
	{ "start", window_bound, NULL, "First instant of the window: an aware datetime in the calculation's zone.",
	  NULL },
	{ "end", window_bound, NULL, "First instant after the window.", (void *)1 },
	{ "duration", window_duration, NULL, "Elapsed time from start to end, a timedelta.", NULL },
	{ "zone", window_zone, NULL, "The calculation's time zone, a tzinfo.", NULL },
	{ 0 },
};
PyDoc_STRVAR(window_doc, "Window(start, end)\n--\n\nThe half-open interval [start, end) that a calculation covers.");
static PyType_Slot window_slots[] = {
	{ Py_tp_doc, (void *)(uintptr_t)window_doc },
	{ Py_tp_new, window_construct },
	{ Py_tp_dealloc, window_dealloc },
	{ Py_tp_repr, window_repr },
	{ Py_tp_getset, window_properties },
	{ Py_tp_richcompare, window_compare },
	{ Py_tp_hash, window_hash },
	{ Py_sq_contains, window_contains },
	{ 0 },
};
PyType_Spec lp_window_spec = {
	.name = "local_processing.Window",
	.basicsize = sizeof(struct lp_window_object),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
	.slots = window_slots,
};
