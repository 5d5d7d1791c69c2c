/*
 * The methods of Series: their table, and those that make another Series.
 *
 * Runs wherever Python does, GIL held.
 */
#include "rules/types.h"
#include "rules/units.h"

static PyObject *series_good(PyObject *self, PyObject *unused)
{
	struct lp_series_object *series = (struct lp_series_object *)self, *result;
	const struct lp_column *from = &series->column;
	struct lp_rule_state *state = lp_state_of(self);
	size_t count = 0;

	(void)unused;
	/* Of what is known over time, what is missing tells where it is not. */
	if (lp_series_missing(series) == 0 || series->held != NULL)
		return Py_NewRef(self);
	result = lp_series_allocate(state, from->count - (size_t)series->missing, from->quality != NULL);
	if (result == NULL)
		return NULL;
	for (size_t i = 0; i < from->count; i++) {
		uint8_t quality = lp_series_quality(series, i);

		if (lp_sample_is_missing(from->value[i], quality))
			continue;
		result->column.time[count] = from->time[i];
		result->column.value[count] = from->value[i];
		if (from->quality != NULL)
			result->column.quality[count] = quality;
		count++;
	}
	result->missing = 0;
	lp_series_set_origin(result, series);
	lp_series_describe(state, result, series);
	return (PyObject *)result;
}

/* Whether the condition is known to be met where the last sample before the window is. */
static bool met_before(const struct lp_series_object *series, const struct lp_series_object *condition)
{
	return series->has_previous && condition->has_previous && condition->previous_value != 0 &&
	       condition->previous_time <= series->previous_time &&
	       lp_series_holds(condition, condition->previous_time, series->previous_time);
}

static PyObject *select_where(struct lp_rule_state *state, struct lp_series_object *series,
                              struct lp_series_object *wanted);

/* The condition is that which holds at the times of the series; of what is known over time, at all times. */
static PyObject *where_held(struct lp_rule_state *state, struct lp_series_object *series,
                            struct lp_series_object *condition)
{
	PyObject *both[2] = { NULL, NULL }, *result = NULL;

	if (series->held != NULL) {
		if (!lp_series_hold_both(state, series, condition, both))
			return NULL;
		((struct lp_series_object *)both[0])->held = Py_NewRef(series->held);
	} else {
		both[0] = Py_NewRef(series);
		both[1] = lp_series_at((PyObject *)condition, both, 1, NULL);
	}
	if (both[1] != NULL)
		result = select_where(state, (struct lp_series_object *)both[0], (struct lp_series_object *)both[1]);
	Py_XDECREF(both[0]);
	Py_XDECREF(both[1]);
	return result;
}

static PyObject *series_where(PyObject *self, PyObject *condition)
{
	struct lp_rule_state *state = lp_state_of(self);
	struct lp_series_object *series = (struct lp_series_object *)self;

	if (!lp_is_series(state, condition)) {
		PyErr_Format(PyExc_TypeError, "where() takes a Series, as a comparison gives it, not %s",
		             Py_TYPE(condition)->tp_name);
		return NULL;
	}
	if (!lp_series_is_joinable(state, series, (struct lp_series_object *)condition))
		return where_held(state, series, (struct lp_series_object *)condition);
	return select_where(state, series, (struct lp_series_object *)condition);
}

/* The samples of series at the times where wanted is a number other than 0. */
static PyObject *select_where(struct lp_rule_state *state, struct lp_series_object *series,
                              struct lp_series_object *wanted)
{
	struct lp_series_object *result;
	const struct lp_column *from = &series->column;
	size_t count = 0;

	result = lp_series_allocate(state, from->count, from->quality != NULL);
	if (result == NULL)
		return NULL;
	for (size_t i = 0, j = 0; i < from->count; i++) {
		while (j < wanted->column.count && wanted->column.time[j] < from->time[i])
			j++;
		if (j == wanted->column.count)
			break;
		if (wanted->column.time[j] != from->time[i] || wanted->column.value[j] == 0 ||
		    lp_sample_is_missing(wanted->column.value[j], lp_series_quality(wanted, j))) {
			/* Known over time, it is unknown there; else there is no such sample. */
			if (series->held != NULL) {
				result->column.time[count] = from->time[i];
				result->column.value[count] = NAN;
				if (from->quality != NULL)
					result->column.quality[count] = from->quality[i];
				count++;
			}
			continue;
		}
		result->column.time[count] = from->time[i];
		result->column.value[count] = from->value[i];
		if (from->quality != NULL)
			result->column.quality[count] = from->quality[i];
		count++;
	}
	result->column.count = count;
	lp_series_describe(state, result, series);
	if (count != from->count)
		lp_series_set_origin(result, series);
	result->has_previous = met_before(series, wanted);
	Py_CLEAR(result->earlier);
	if (series->earlier != NULL && wanted->earlier != NULL) {
		struct lp_series_object *earlier = (struct lp_series_object *)series->earlier;

		if (lp_series_same_times(&earlier->column, &((struct lp_series_object *)wanted->earlier)->column)) {
			PyObject *met = select_where(state, earlier, (struct lp_series_object *)wanted->earlier);

			if (met == NULL)
				Py_CLEAR(result);
			else
				lp_series_take_earlier(result, met);
		}
	}
	return (PyObject *)result;
}

/* function(value) as a number, NaN for None.  False: an exception is set. */
static bool map_one(PyObject *function, double value, double *mapped)
{
	PyObject *argument = PyFloat_FromDouble(value);
	PyObject *result = argument == NULL ? NULL : PyObject_CallOneArg(function, argument);

	*mapped = NAN;
	Py_XDECREF(argument);
	if (result != NULL && result != Py_None)
		*mapped = PyFloat_AsDouble(result);
	Py_XDECREF(result);
	return !PyErr_Occurred();
}

static PyObject *series_map(PyObject *self, PyObject *function)
{
	struct lp_rule_state *state = lp_state_of(self);
	struct lp_series_object *series = (struct lp_series_object *)self, *result;
	const struct lp_column *from = &series->column;

	if (!PyCallable_Check(function)) {
		PyErr_Format(PyExc_TypeError, "map() takes a function of one number, not %s",
		             Py_TYPE(function)->tp_name);
		return NULL;
	}
	result = lp_series_allocate(state, from->count, from->quality != NULL);
	if (result == NULL)
		return NULL;
	if (series->has_previous) {
		if (!map_one(function, series->previous_value, &result->previous_value)) {
			Py_DECREF(result);
			return NULL;
		}
		result->has_previous = isfinite(result->previous_value);
		result->previous_time = series->previous_time;
		result->previous_quality = series->previous_quality;
	}
	if (series->earlier != NULL && (result->earlier = series_map(series->earlier, function)) == NULL) {
		Py_DECREF(result);
		return NULL;
	}
	for (size_t i = 0; i < from->count; i++) {
		result->column.time[i] = from->time[i];
		result->column.value[i] = NAN;
		if (from->quality != NULL)
			result->column.quality[i] = from->quality[i];
		if (lp_sample_is_missing(from->value[i], lp_series_quality(series, i)))
			continue;
		if (!map_one(function, from->value[i], &result->column.value[i])) {
			Py_DECREF(result);
			return NULL;
		}
	}
	result->held = Py_XNewRef(series->held);
	if (series->origin != NULL)
		lp_series_set_origin(result, series);
	result->window = series->window;
	result->interval = series->interval;
	result->window_object = lp_series_window(series);
	result->name = Py_NewRef(state->empty);
	result->unit = Py_NewRef(state->empty);
	result->attributes = Py_NewRef(state->empty_mapping);
	if (result->window_object == NULL)
		Py_CLEAR(result);
	return (PyObject *)result;
}

static PyObject *series_between(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
	struct lp_rule_state *state = lp_state_of(self);
	struct lp_series_object *series = (struct lp_series_object *)self, *part;
	struct lp_window window;
	PyObject *zone;
	size_t first, end;

	if (count != 2) {
		PyErr_Format(PyExc_TypeError, "between() takes a start and an end, %zd arguments were given", count);
		return NULL;
	}
	if (!lp_time_from(state, arguments[0], "start", &window.start) ||
	    !lp_time_from(state, arguments[1], "end", &window.end))
		return NULL;
	if (window.end < window.start) {
		PyErr_SetString(PyExc_ValueError, "between(): the end is before the start");
		return NULL;
	}
	/* Beyond what was read nothing is known: neither that there was no sample, nor that the last one held. */
	if (series->window.start != LP_TIME_NONE) {
		window.start = window.start < series->window.start ? series->window.start : window.start;
		window.end = window.end > series->window.end ? series->window.end : window.end;
		window.start = window.start > series->window.end ? series->window.end : window.start;
		window.end = window.end < window.start ? window.start : window.end;
	}
	first = lp_column_first_at(&series->column, window.start);
	end = lp_column_first_at(&series->column, window.end);
	part = lp_series_view(state, series, first, end - first);
	if (part == NULL)
		return NULL;
	for (size_t i = first; i-- > 0;) {
		if (lp_sample_is_missing(series->column.value[i], lp_series_quality(series, i))) {
			if (series->held == NULL)
				continue;
			part->has_previous = false;
			break;
		}
		part->has_previous = true;
		part->previous_time = series->column.time[i];
		part->previous_value = series->column.value[i];
		part->previous_quality = lp_series_quality(series, i);
		break;
	}
	if (part->has_previous && part->previous_time >= window.start)
		part->has_previous = false;
	if (first > 1 || (first == 1 && (series->has_previous || series->earlier != NULL))) {
		Py_XSETREF(part->earlier, (PyObject *)lp_series_view(state, series, 0, first));
		if (part->earlier == NULL) {
			Py_DECREF(part);
			return NULL;
		}
	}
	if (!part->has_previous)
		Py_CLEAR(part->earlier);
	part->window = window;
	Py_CLEAR(part->window_object);
	zone = lp_zone_of(state, arguments[0]);
	if (zone != NULL) {
		part->window_object = lp_window_new(state, &window, zone);
		Py_DECREF(zone);
	}
	if (part->window_object == NULL)
		Py_CLEAR(part);
	return (PyObject *)part;
}

static PyObject *series_to(PyObject *self, PyObject *unit)
{
	struct lp_series_object *series = (struct lp_series_object *)self;
	struct lp_error error = { 0 };
	double scale, offset;
	const char *to;
	PyObject *from;
	bool known;

	if (!PyUnicode_Check(unit) || (to = PyUnicode_AsUTF8(unit)) == NULL) {
		if (!PyErr_Occurred())
			PyErr_Format(PyExc_TypeError, "to() takes a unit as a str, not %s", Py_TYPE(unit)->tp_name);
		return NULL;
	}
	from = lp_series_unit(series);
	if (from == NULL)
		return NULL;
	known = lp_quantity_conversion(&(struct lp_quantity){ .unit = PyUnicode_AsUTF8(from), .zeros = series->zeros },
	                               to, &scale, &offset, &error);
	Py_DECREF(from);
	if (!known) {
		PyObject *name = lp_series_name(series);

		if (name != NULL && PyUnicode_GET_LENGTH(name) > 0)
			PyErr_Format(PyExc_ValueError, "%s (series %U)", error.what, name);
		else if (name != NULL)
			PyErr_SetString(PyExc_ValueError, error.what);
		Py_XDECREF(name);
		return NULL;
	}
	return lp_series_scale(series, scale, offset, unit);
}

typedef PyObject *(*method)(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);

/* Values so large that their sums over time may leave the range of a double. */
static bool is_huge(const struct lp_series_object *series)
{
	bool huge = series->has_previous && fabs(series->previous_value) > 1e200;

	for (size_t i = 0; i < series->column.count && !huge; i++)
		huge = !lp_sample_is_missing(series->column.value[i], lp_series_quality(series, i)) &&
		       fabs(series->column.value[i]) > 1e200;
	return huge;
}

/* Lines from sample to sample, or how long a sample holds. */
static bool asks_for_samples(PyObject *const *values, PyObject *names)
{
	for (Py_ssize_t i = 0; names != NULL && i < PyTuple_GET_SIZE(names); i++) {
		PyObject *name = PyTuple_GET_ITEM(names, i);

		if (PyUnicode_CompareWithASCIIString(name, "hold") == 0 ? values[i] != Py_None
		    : PyUnicode_CompareWithASCIIString(name, "method") == 0
		            ? !(PyUnicode_Check(values[i]) && PyUnicode_CompareWithASCIIString(values[i], "step") == 0)
		            : false)
			return true;
	}
	return false;
}

/* A sum over time that leaves the range of a double on its way is that of values 2^64 times smaller, times 2^64. */
static PyObject *integrate(method function, PyObject *self, PyObject *const *arguments, Py_ssize_t count,
                           PyObject *names)
{
	PyObject *result, *factor, *smaller = NULL;

	if (((struct lp_series_object *)self)->held != NULL && asks_for_samples(arguments + count, names) &&
	    !lp_series_has_samples((struct lp_series_object *)self))
		return NULL;
	result = function(self, arguments, count, names);
	if (result == NULL || isfinite(PyFloat_AS_DOUBLE(result)) || !is_huge((struct lp_series_object *)self))
		return result;
	Py_DECREF(result);
	factor = PyFloat_FromDouble(0x1p-64);
	if (factor != NULL)
		smaller = lp_series_multiply(self, factor);
	result = smaller == NULL ? NULL : function(smaller, arguments, count, names);
	if (result != NULL)
		Py_SETREF(result, PyFloat_FromDouble(ldexp(PyFloat_AS_DOUBLE(result), 64)));
	Py_XDECREF(factor);
	Py_XDECREF(smaller);
	return result;
}

static PyObject *series_integral(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
	return integrate(lp_series_integral, self, arguments, count, names);
}

static PyObject *series_time_weighted_mean(PyObject *self, PyObject *const *arguments, Py_ssize_t count,
                                           PyObject *names)
{
	return integrate(lp_series_time_weighted_mean, self, arguments, count, names);
}

/* NaN says that there was nothing to count, never that it was too much. */
static PyObject *series_increase(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
	PyObject *result;

	if (!lp_series_has_samples((struct lp_series_object *)self))
		return NULL;
	result = lp_series_increase(self, arguments, count, names);
	if (result != NULL && !isfinite(PyFloat_AS_DOUBLE(result)) && is_huge((struct lp_series_object *)self) &&
	    lp_series_missing((struct lp_series_object *)self) <
	            (int64_t)((struct lp_series_object *)self)->column.count &&
	    (((struct lp_series_object *)self)->has_previous || ((struct lp_series_object *)self)->column.count > 1)) {
		Py_CLEAR(result);
		PyErr_SetString(PyExc_OverflowError,
		                "increase(): what the counter went up is beyond the range of a float");
	}
	return result;
}

#define FAST(function_) ((PyCFunction)(void (*)(void))(function_))

/* A Series never changes: copy.copy() and deepcopy() of what holds one need no other. */
static PyObject *series_copy(PyObject *self, PyObject *unused)
{
	(void)unused;
	return Py_NewRef(self);
}

PyMethodDef lp_series_methods[] = {
	{ "count", lp_series_count, METH_NOARGS, "count($self, /)\n--\n\nHow many samples are good." },
	{ "sum", lp_series_sum, METH_NOARGS, "sum($self, /)\n--\n\nSum of the good values; NaN if there is none." },
	{ "mean", lp_series_mean, METH_NOARGS,
	  "mean($self, /)\n--\n\nArithmetic mean of the good values; NaN if there is none." },
	{ "median", lp_series_median, METH_NOARGS,
	  "median($self, /)\n--\n\nMedian of the good values (of the two middle ones: their mean); NaN if there is none." },
	{ "std", FAST(lp_series_deviation), METH_FASTCALL | METH_KEYWORDS,
	  "std($self, /, *, ddof=1)\n--\n\nStandard deviation of the good values, divided by count - ddof; NaN if that is not "
	  "positive." },
	{ "min", lp_series_minimum, METH_NOARGS, "min($self, /)\n--\n\nLeast good value; NaN if there is none." },
	{ "max", lp_series_maximum, METH_NOARGS, "max($self, /)\n--\n\nGreatest good value; NaN if there is none." },
	{ "first", lp_series_first, METH_NOARGS, "first($self, /)\n--\n\nFirst good value; NaN if there is none." },
	{ "last", lp_series_last, METH_NOARGS, "last($self, /)\n--\n\nLast good value; NaN if there is none." },
	{ "any", lp_series_any, METH_NOARGS, "any($self, /)\n--\n\nWhether a good value is not 0." },
	{ "all", lp_series_all, METH_NOARGS, "all($self, /)\n--\n\nWhether no good value is 0." },
	{ "integral", FAST(series_integral), METH_FASTCALL | METH_KEYWORDS,
	  "integral($self, /, *, per='hour', method='step', hold=None)\n--\n\nTime integral over the window, in unit * per." },
	{ "time_weighted_mean", FAST(series_time_weighted_mean), METH_FASTCALL | METH_KEYWORDS,
	  "time_weighted_mean($self, /, *, method='step', hold=None)\n--\n\nTime integral over the window by the time "
	  "covered." },
	{ "increase", FAST(series_increase), METH_FASTCALL | METH_KEYWORDS,
	  "increase($self, /, *, modulus=None, tolerance=0.0, reset=0.5, glitch=1000)\n--\n\nHow much a counter went up, "
	  "resets counted from 0." },
	{ "difference", lp_series_difference, METH_NOARGS,
	  "difference($self, /)\n--\n\nLast good value minus the one before the window (else the first)." },
	{ "good", series_good, METH_NOARGS, "good($self, /)\n--\n\nThe Series without its missing samples." },
	{ "where", series_where, METH_O,
	  "where($self, condition, /)\n--\n\nThe samples at the times where the Series condition is good and not 0." },
	{ "at", FAST(lp_series_at), METH_FASTCALL | METH_KEYWORDS,
	  "at($self, /, *others, hold=None)\n--\n\nWhat holds at each of the times that any of the others has: the last "
	  "good value, not older than hold." },
	{ "map", series_map, METH_O,
	  "map($self, function, /)\n--\n\nThe Series of function(value) for each good value; None makes a missing one." },
	{ "between", FAST(series_between), METH_FASTCALL,
	  "between($self, start, end, /)\n--\n\nThe samples with start <= time < end, as a Series of that window." },
	{ "to", series_to, METH_O,
	  "to($self, unit, /)\n--\n\nThe Series converted to another unit of the same quantity." },
	{ "__copy__", series_copy, METH_NOARGS, NULL },
	{ "__deepcopy__", series_copy, METH_O, NULL },
	{ 0 },
};
