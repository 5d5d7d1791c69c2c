/*
 * The methods of Series: their table, and those that make another Series.
 *
 * Runs wherever Python does, with the GIL held.
 */
#include "rules/series.h"
#include "rules/units.h"

static PyObject *series_good(PyObject *self, PyObject *unused)
{
	struct lp_series_object *series = (struct lp_series_object *)self, *result;
	const struct lp_column *from = &series->column;
	struct lp_rule_state *state = lp_state_of(self);
	size_t count = 0;

	(void)unused;
	/* Where there are no samples, a missing value says from when on the value is not known. */
	if (lp_series_missing(series) == 0 || series->no_samples != NULL)
		return Py_NewRef(self);
	result = lp_series_allocate(state, from->count - (size_t)series->missing, from->quality != NULL);
	if (result == NULL)
		return NULL;
	for (size_t i = 0; i < from->count; i++) {
		if (lp_sample_is_missing(from->value[i], lp_series_quality(series, i)))
			continue;
		lp_series_copy_sample(result, count++, series, i);
	}
	result->missing = 0;
	lp_series_set_origin(result, series);
	lp_series_describe(state, result, series);
	return (PyObject *)result;
}

/* Returns true if the condition is known to be met at the last sample before the window. */
static bool is_met_before(const struct lp_series_object *series, const struct lp_series_object *condition)
{
	return series->has_previous && condition->has_previous && condition->previous.value != 0 &&
	       condition->previous.time <= series->previous.time &&
	       lp_series_holds(condition, condition->previous.time, series->previous.time);
}

static PyObject *select_samples(struct lp_rule_state *state, struct lp_series_object *series,
                                struct lp_series_object *condition);

/* Selects by the value that the condition holds at the times of the Series; at all times where it has no samples. */
static PyObject *select_by_time(struct lp_rule_state *state, struct lp_series_object *series,
                                struct lp_series_object *condition)
{
	PyObject *both[2] = { NULL, NULL }, *result = NULL;

	if (series->no_samples != NULL) {
		if (!lp_series_hold_both(state, series, condition, both))
			return NULL;
		((struct lp_series_object *)both[0])->no_samples = Py_NewRef(series->no_samples);
	} else {
		both[0] = Py_NewRef(series);
		both[1] = lp_series_at((PyObject *)condition, both, 1, NULL);
	}
	if (both[1] != NULL)
		result = select_samples(state, (struct lp_series_object *)both[0], (struct lp_series_object *)both[1]);
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
	if (!lp_series_can_join(state, series, (struct lp_series_object *)condition))
		return select_by_time(state, series, (struct lp_series_object *)condition);
	return select_samples(state, series, (struct lp_series_object *)condition);
}

/* Makes a Series of the samples at the times at which the condition is known and not 0. */
static PyObject *select_samples(struct lp_rule_state *state, struct lp_series_object *series,
                                struct lp_series_object *condition)
{
	struct lp_series_object *result;
	const struct lp_column *from = &series->column;
	size_t count = 0;

	result = lp_series_allocate(state, from->count, from->quality != NULL);
	if (result == NULL)
		return NULL;
	for (size_t i = 0, j = 0; i < from->count; i++) {
		while (j < condition->column.count && condition->column.time[j] < from->time[i])
			j++;
		if (j == condition->column.count)
			break;
		bool is_met = condition->column.time[j] == from->time[i] && condition->column.value[j] != 0 &&
		              !lp_sample_is_missing(condition->column.value[j], lp_series_quality(condition, j));

		/* Where there are no samples the value becomes unknown; otherwise the sample is left out. */
		if (!is_met && series->no_samples == NULL)
			continue;
		lp_series_copy_sample(result, count, series, i);
		if (!is_met)
			result->column.value[count] = NAN;
		count++;
	}
	result->column.count = count;
	lp_series_describe(state, result, series);
	if (count != from->count)
		lp_series_set_origin(result, series);
	result->has_previous = is_met_before(series, condition);
	Py_CLEAR(result->earlier);
	if (series->earlier != NULL && condition->earlier != NULL) {
		struct lp_series_object *earlier = (struct lp_series_object *)series->earlier;

		if (lp_series_same_times(&earlier->column, &((struct lp_series_object *)condition->earlier)->column)) {
			PyObject *selected =
				select_samples(state, earlier, (struct lp_series_object *)condition->earlier);

			if (selected == NULL)
				Py_CLEAR(result);
			else
				lp_series_take_earlier(result, selected);
		}
	}
	return (PyObject *)result;
}

/* Calls function(value), which returns a number, or None for NaN.  False: an exception is set. */
static bool map_value(PyObject *function, double value, double *mapped)
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
		if (!map_value(function, series->previous.value, &result->previous.value)) {
			Py_DECREF(result);
			return NULL;
		}
		result->has_previous = isfinite(result->previous.value);
		result->previous.time = series->previous.time;
		result->previous.quality = series->previous.quality;
	}
	if (series->earlier != NULL && (result->earlier = series_map(series->earlier, function)) == NULL) {
		Py_DECREF(result);
		return NULL;
	}
	for (size_t i = 0; i < from->count; i++) {
		lp_series_copy_sample(result, i, series, i);
		result->column.value[i] = NAN;
		if (lp_sample_is_missing(from->value[i], lp_series_quality(series, i)))
			continue;
		if (!map_value(function, from->value[i], &result->column.value[i])) {
			Py_DECREF(result);
			return NULL;
		}
	}
	result->no_samples = Py_XNewRef(series->no_samples);
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
	if (!lp_time_from_object(state, arguments[0], "start", &window.start) ||
	    !lp_time_from_object(state, arguments[1], "end", &window.end))
		return NULL;
	if (window.end < window.start) {
		PyErr_SetString(PyExc_ValueError, "between(): the end is before the start");
		return NULL;
	}
	/* Outside of the window that was read it is not known whether there were samples. */
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
			if (series->no_samples == NULL)
				continue;
			part->has_previous = false;
			break;
		}
		part->has_previous = true;
		part->previous = lp_series_sample(series, i);
		break;
	}
	if (part->has_previous && part->previous.time >= window.start)
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
	zone = lp_zone_of_time(state, arguments[0]);
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

/* Returns true if values are so large that their sum over time may leave the range of a double. */
static bool is_huge(const struct lp_series_object *series)
{
	bool huge = series->has_previous && fabs(series->previous.value) > 1e200;

	for (size_t i = 0; i < series->column.count && !huge; i++)
		huge = !lp_sample_is_missing(series->column.value[i], lp_series_quality(series, i)) &&
		       fabs(series->column.value[i]) > 1e200;
	return huge;
}

/* Computes a sum over time; where it leaves the range of a double, that of values 2^64 times smaller, scaled back. */
static PyObject *integrate(method function, PyObject *self, PyObject *const *arguments, Py_ssize_t count,
                           PyObject *names)
{
	PyObject *result, *factor, *smaller = NULL;

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

/* Raises an exception where the result is too large, because NaN says that there was nothing to count. */
static PyObject *series_increase(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
	struct lp_series_object *series = (struct lp_series_object *)self;
	PyObject *result;

	result = lp_series_increase(self, arguments, count, names);
	if (result != NULL && !isfinite(PyFloat_AS_DOUBLE(result)) && is_huge(series) &&
	    lp_series_missing(series) < (int64_t)series->column.count &&
	    (series->has_previous || series->column.count > 1)) {
		Py_CLEAR(result);
		PyErr_SetString(PyExc_OverflowError,
		                "increase(): what the counter went up is beyond the range of a float");
	}
	return result;
}

#define FAST(function_) ((PyCFunction)(void (*)(void))(function_))

/* A Series never changes, so copy.copy() and deepcopy() return the same one. */
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
