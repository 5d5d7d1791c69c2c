/*
 * The small things that rules see besides Series: Sample, Window, Context; and
 * times between microseconds and datetime.
 *
 * Runs wherever Python does, GIL held.
 */
#include "rules/types.h"

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back (H. Hinnant's civil algorithms). */
static int64_t days_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year, era = y / 400, year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static void date_of(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468, era = z / 146097, day_of_era = z - era * 146097;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t m = (5 * day_of_year + 2) / 153;

	*day = (int)(day_of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = (int)(year_of_era + era * 400 + (*month <= 2));
}

/* time must lie in the years 1 to 9999. */
static int64_t split_time(lp_time time, int *year, int *month, int *day)
{
	int64_t days = time / LP_DAY, rest = time % LP_DAY;

	if (rest < 0) {
		rest += LP_DAY;
		days--;
	}
	date_of(days, year, month, day);
	return rest;
}

const char *lp_time_text(lp_time time, char text[LP_TIME_TEXT_SIZE])
{
	int year, month, day;
	int64_t rest;

	if (time < LP_TIME_MIN || time > LP_TIME_MAX) {
		snprintf(text, LP_TIME_TEXT_SIZE, "%lld us", (long long)time);
		return text;
	}
	rest = split_time(time, &year, &month, &day);
	int length = snprintf(text, LP_TIME_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day,
	                      (int)(rest / LP_HOUR), (int)(rest / LP_MINUTE % 60), (int)(rest / LP_SECOND % 60));
	if (rest % LP_SECOND != 0)
		length += snprintf(text + length, LP_TIME_TEXT_SIZE - (size_t)length, ".%06d", (int)(rest % LP_SECOND));
	snprintf(text + length, LP_TIME_TEXT_SIZE - (size_t)length, "Z");
	return text;
}

PyObject *lp_datetime_new(struct lp_rule_state *state, lp_time time, PyObject *zone)
{
	const PyDateTime_CAPI *api = state->datetime;
	PyObject *utc, *local;
	int year, month, day;
	int64_t rest;

	if (time < LP_TIME_MIN || time > LP_TIME_MAX) {
		PyErr_Format(PyExc_OverflowError, "%lld microseconds since 1970 is outside of the years 1 to 9999",
		             (long long)time);
		return NULL;
	}
	rest = split_time(time, &year, &month, &day);
	utc = api->DateTime_FromDateAndTime(year, month, day, (int)(rest / LP_HOUR), (int)(rest / LP_MINUTE % 60),
	                                    (int)(rest / LP_SECOND % 60), (int)(rest % LP_SECOND), api->TimeZone_UTC,
	                                    api->DateTimeType);
	if (utc == NULL || zone == NULL || zone == api->TimeZone_UTC)
		return utc;
	local = PyObject_CallMethod(utc, "astimezone", "O", zone);
	if (local == NULL && PyErr_ExceptionMatches(PyExc_OverflowError)) {
		/* The first or last hours of the calendar have no local time: then UTC, which is the same instant. */
		PyErr_Clear();
		return utc;
	}
	Py_DECREF(utc);
	return local;
}

PyObject *lp_zone_of(struct lp_rule_state *state, PyObject *time)
{
	if (PyObject_TypeCheck(time, state->datetime->DateTimeType) && ((PyDateTime_DateTime *)time)->hastzinfo)
		return Py_NewRef(((PyDateTime_DateTime *)time)->tzinfo);
	return Py_NewRef(state->datetime->TimeZone_UTC);
}

bool lp_time_from(struct lp_rule_state *state, PyObject *object, const char *what, lp_time *time)
{
	PyObject *offset;
	int overflow;

	if (PyLong_Check(object) && !PyBool_Check(object)) {
		*time = PyLong_AsLongLongAndOverflow(object, &overflow);
		if (overflow == 0 && *time >= LP_TIME_MIN && *time <= LP_TIME_MAX)
			return true;
		PyErr_Format(PyExc_ValueError, "%s: %R microseconds since 1970 is outside of the years 1 to 9999", what,
		             object);
		return false;
	}
	if (!PyObject_TypeCheck(object, state->datetime->DateTimeType)) {
		PyErr_Format(PyExc_TypeError,
		             "%s must be a datetime with a time zone (or an int of microseconds since 1970), not %s",
		             what, Py_TYPE(object)->tp_name);
		return false;
	}
	*time = days_of(PyDateTime_GET_YEAR(object), PyDateTime_GET_MONTH(object), PyDateTime_GET_DAY(object)) *
	                LP_DAY +
	        PyDateTime_DATE_GET_HOUR(object) * LP_HOUR + PyDateTime_DATE_GET_MINUTE(object) * LP_MINUTE +
	        PyDateTime_DATE_GET_SECOND(object) * LP_SECOND + PyDateTime_DATE_GET_MICROSECOND(object);
	if (((PyDateTime_DateTime *)object)->hastzinfo &&
	    ((PyDateTime_DateTime *)object)->tzinfo == state->datetime->TimeZone_UTC)
		return true;
	offset = PyObject_CallMethod(object, "utcoffset", NULL);
	if (offset == NULL)
		return false;
	if (!PyObject_TypeCheck(offset, state->datetime->DeltaType)) {
		Py_DECREF(offset);
		PyErr_Format(PyExc_ValueError, "%s: %S has no time zone: which instant it is can't be told", what,
		             object);
		return false;
	}
	*time -= PyDateTime_DELTA_GET_DAYS(offset) * LP_DAY + PyDateTime_DELTA_GET_SECONDS(offset) * LP_SECOND +
	         PyDateTime_DELTA_GET_MICROSECONDS(offset);
	Py_DECREF(offset);
	return true;
}

PyObject *lp_zone_get(struct lp_rule_state *state, const char *name)
{
	PyObject *key, *zone, *module;

	if (name == NULL || name[0] == '\0' || strcmp(name, "UTC") == 0)
		return Py_NewRef(state->datetime->TimeZone_UTC);
	key = PyUnicode_FromString(name);
	if (key == NULL)
		return NULL;
	zone = Py_XNewRef(PyDict_GetItemWithError(state->zones, key));
	if (zone == NULL && !PyErr_Occurred() && (module = PyImport_ImportModule("zoneinfo")) != NULL) {
		zone = PyObject_CallMethod(module, "ZoneInfo", "O", key);
		Py_DECREF(module);
		if (zone != NULL && PyDict_SetItem(state->zones, key, zone) < 0)
			Py_CLEAR(zone);
	}
	Py_DECREF(key);
	return zone;
}

PyObject *lp_json_parse(struct lp_rule_state *state, const char *json)
{
	PyObject *text, *result;

	if (state->parse_json == NULL) {
		PyObject *module = PyImport_ImportModule("local_processing._json");

		if (module == NULL)
			return NULL;
		state->parse_json = PyObject_GetAttrString(module, "parse");
		Py_DECREF(module);
		if (state->parse_json == NULL)
			return NULL;
	}
	text = lp_text_object(json);
	if (text == NULL)
		return NULL;
	result = PyObject_CallOneArg(state->parse_json, text);
	Py_DECREF(text);
	return result;
}

PyObject *lp_json_mapping(struct lp_rule_state *state, const char *json)
{
	PyObject *mapping, *proxy;

	if (json == NULL || strcmp(json, "{}") == 0)
		return Py_NewRef(state->empty_mapping);
	mapping = lp_json_parse(state, json);
	if (mapping == NULL)
		return NULL;
	proxy = PyDictProxy_New(mapping);
	Py_DECREF(mapping);
	return proxy;
}

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
	    !lp_time_from(state, time_object, "time", &time))
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

/* For copy and pickle, which would give the tuple itself to Sample(). */
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

static PyObject *window_construct(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
	static const char *const names[] = { "start", "end", NULL };
	struct lp_rule_state *state = PyType_GetModuleState(type);
	PyObject *start, *end, *zone, *result;
	struct lp_window window;

	if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "OO:Window", (char **)(uintptr_t)names, &start, &end) ||
	    !lp_time_from(state, start, "start", &window.start) || !lp_time_from(state, end, "end", &window.end))
		return NULL;
	if (window.start < LP_TIME_MIN || window.end > LP_TIME_MAX || window.end < window.start) {
		PyErr_SetString(PyExc_ValueError, "a window's end is not before its start, in the years 1 to 9999");
		return NULL;
	}
	zone = lp_zone_of(state, start);
	result = lp_window_new(state, &window, zone);
	Py_DECREF(zone);
	return result;
}

static void window_dealloc(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);

	Py_DECREF(((struct lp_window_object *)self)->zone);
	PyObject_Free(self);
	Py_DECREF(type);
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

	if (!lp_time_from(lp_state_of(self), time_object, "a time", &time))
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

static PyObject *context_construct(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
	static const char *const names[] = {
		"calculation", "rule", "tick", "window", "labels", "units", "attempt", NULL
	};
	struct lp_rule_state *state = PyType_GetModuleState(type);
	PyObject *calculation = state->empty, *rule = state->empty, *tick = Py_None, *window = Py_None,
		 *labels = state->empty_mapping, *units = state->empty_mapping, *attempt = NULL;
	struct lp_context_object *context;

	if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|$UUOOOOO:Context", (char **)(uintptr_t)names,
	                                 &calculation, &rule, &tick, &window, &labels, &units, &attempt))
		return NULL;
	attempt = attempt == NULL ? PyLong_FromLong(1) : Py_NewRef(attempt);
	context = attempt == NULL ? NULL : PyObject_New(struct lp_context_object, type);
	if (context == NULL) {
		Py_XDECREF(attempt);
		return NULL;
	}
	context->calculation = Py_NewRef(calculation);
	context->rule = Py_NewRef(rule);
	context->tick = Py_NewRef(tick);
	context->window = Py_NewRef(window);
	context->labels = Py_NewRef(labels);
	context->units = Py_NewRef(units);
	context->attempt = attempt;
	return (PyObject *)context;
}

static void context_dealloc(PyObject *self)
{
	struct lp_context_object *context = (struct lp_context_object *)self;
	PyTypeObject *type = Py_TYPE(self);

	/* What is missing could not be made. */
	Py_XDECREF(context->calculation);
	Py_XDECREF(context->rule);
	Py_XDECREF(context->tick);
	Py_XDECREF(context->window);
	Py_XDECREF(context->labels);
	Py_XDECREF(context->units);
	Py_XDECREF(context->attempt);
	PyObject_Free(self);
	Py_DECREF(type);
}

static PyObject *context_repr(PyObject *self)
{
	struct lp_context_object *context = (struct lp_context_object *)self;

	return PyUnicode_FromFormat("<Context of %R, rule %R, %S>", context->calculation, context->rule,
	                            context->window);
}

#define CONTEXT_MEMBER(name_, doc_)                                                                                    \
	{                                                                                                              \
		.name = #name_, .type = Py_T_OBJECT_EX, .offset = offsetof(struct lp_context_object, name_),           \
		.flags = Py_READONLY, .doc = (doc_)                                                                    \
	}
static PyMemberDef context_members[] = {
	CONTEXT_MEMBER(calculation, "Name of the calculation."),
	CONTEXT_MEMBER(rule, "Name of the rule."),
	CONTEXT_MEMBER(tick, "The minute that the run works for: an aware datetime, UTC."),
	CONTEXT_MEMBER(window, "The Window."),
	CONTEXT_MEMBER(labels, "The calculation's labels, a read-only mapping of str."),
	CONTEXT_MEMBER(units,
	               "Units of the output series by the outputs' names ('' where there is one without a name)."),
	CONTEXT_MEMBER(attempt, "1 at the first attempt at this window."),
	{ 0 },
};
PyDoc_STRVAR(context_doc,
             "Context(*, calculation='', rule='', tick=None, window=None, labels={}, units={}, attempt=1)\n"
             "--\n\nWhat a rule may know about the calculation that it computes.");
static PyType_Slot context_slots[] = {
	{ Py_tp_doc, (void *)(uintptr_t)context_doc },
	{ Py_tp_new, context_construct },
	{ Py_tp_dealloc, context_dealloc },
	{ Py_tp_repr, context_repr },
	{ Py_tp_members, context_members },
	{ 0 },
};
PyType_Spec lp_context_spec = {
	.name = "local_processing.Context",
	.basicsize = sizeof(struct lp_context_object),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
	.slots = context_slots,
};
