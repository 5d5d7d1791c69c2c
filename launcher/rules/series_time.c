/*
 * One number of many samples where time counts: integral, time-weighted mean,
 * difference.  Also the parsing of keyword arguments that these methods share
 * with those of other files.
 *
 * Runs wherever Python does, GIL held.
 */
#include "rules/types.h"

bool lp_keywords_parse(const char *method, const struct lp_keyword *keywords, union lp_keyword_value *values,
                       PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
	if (count > 0) {
		PyErr_Format(PyExc_TypeError, "%s() takes keyword arguments only", method);
		return false;
	}
	for (Py_ssize_t i = 0; names != NULL && i < PyTuple_GET_SIZE(names); i++) {
		PyObject *name = PyTuple_GET_ITEM(names, i), *value = arguments[count + i];
		size_t k = 0;

		/* Most name them in their order. */
		while (k < (size_t)i && keywords[k].name != NULL)
			k++;
		if (keywords[k].name == NULL || PyUnicode_CompareWithASCIIString(name, keywords[k].name) != 0)
			k = 0;
		while (keywords[k].name != NULL && PyUnicode_CompareWithASCIIString(name, keywords[k].name) != 0)
			k++;
		if (keywords[k].name == NULL) {
			PyErr_Format(PyExc_TypeError, "%s() has no argument %R", method, name);
			return false;
		}
		if (keywords[k].choices == NULL) {
			if (value == Py_None)
				continue;
			values[k].number = PyFloat_AsDouble(value);
			if (values[k].number == -1.0 && PyErr_Occurred())
				return false;
			continue;
		}
		for (values[k].choice = 0;; values[k].choice++) {
			const char *choice = keywords[k].choices[values[k].choice];

			if (choice == NULL) {
				PyErr_Format(PyExc_ValueError, "%s(): %U can't be %R; it is one of: %s", method, name,
				             value, keywords[k].choices_text);
				return false;
			}
			if (PyUnicode_Check(value) && PyUnicode_CompareWithASCIIString(value, choice) == 0)
				break;
		}
	}
	return true;
}

enum method { METHOD_STEP, METHOD_LINEAR };
static const char *const methods[] = { "step", "linear", NULL };
static const char methods_text[] = "'step', 'linear'";
static const char *const pers[] = { "second", "minute", "hour", "day", NULL };
static const char pers_text[] = "'second', 'minute', 'hour', 'day'";
static const double per_microseconds[] = { 1e6, 60e6, 3600e6, 86400e6 };

/* Sum of value * microseconds, and the microseconds that have a value. */
struct area {
	struct lp_exact_sum sum;
	double covered;
};

/*
 * From one sample to the next (or to the end, then there is no next value): the
 * part of it that lies at or after `from`, where the window begins.
 */
static void add_segment(struct area *area, enum method method, double hold, lp_time from, lp_time begin, double value,
                        lp_time end, const double *next)
{
	lp_time start = begin < from ? from : begin;
	double length = (double)(end - begin);

	if (length > hold) {
		lp_time held = begin + (lp_time)hold;

		if (held > start) {
			lp_exact_add(&area->sum, value * (double)(held - start));
			area->covered += (double)(held - start);
		}
		return;
	}
	if (method == METHOD_LINEAR && next != NULL) {
		double at_start = start == begin ? value : value + (*next - value) * ((double)(start - begin) / length);

		value = at_start / 2 + *next / 2;
	}
	lp_exact_add(&area->sum, value * (double)(end - start));
	area->covered += (double)(end - start);
}

/* Of the windows that a task asks for, the one that is known least tells its coverage. */
static void note_covered(struct lp_rule_state *state, const struct lp_window *window, const struct area *area)
{
	double length = (double)(window->end - window->start);

	if (length > 0 && area->covered / length < state->covered)
		state->covered = area->covered / length;
}

/* Of what is known over time: each value is there until the next moment, and what is missing is not known. */
static void area_of_held(const struct lp_series_object *series, struct area *area)
{
	const struct lp_column *column = &series->column;
	bool window = series->window.start != LP_TIME_NONE, known = series->has_previous && window;
	lp_time last = column->count == 0 ? 0 : column->time[column->count - 1];
	lp_time now = window ? series->window.start : column->count == 0 ? 0 : column->time[0];
	double value = series->previous_value;

	for (size_t i = 0; i <= column->count; i++) {
		lp_time next = i < column->count ? column->time[i] : window ? series->window.end : last;

		if (known && next > now) {
			lp_exact_add(&area->sum, value * (double)(next - now));
			area->covered += (double)(next - now);
		}
		if (i == column->count)
			break;
		now = next;
		value = column->value[i];
		known = !lp_sample_is_missing(value, lp_series_quality(series, i));
	}
}

/* hold: microseconds that a value holds at most; negative: as long as those of its series do. */
static bool area_of(struct lp_series_object *series, enum method method, double hold, struct area *area, double *only)
{
	struct lp_good good;
	bool window = series->window.start != LP_TIME_NONE;
	lp_time from;

	if (hold < 0)
		hold = (double)lp_series_hold(series->interval);
	*area = (struct area){ 0 };
	*only = NAN;
	if (series->held != NULL) {
		area_of_held(series, area);
		if (window)
			note_covered(lp_state_of((PyObject *)series), &series->window, area);
		return true;
	}
	if (!lp_good_take(series, true, &good))
		return false;
	from = window ? series->window.start : (good.count > 0 ? good.time[0] : 0);
	if (series->has_previous && window)
		add_segment(area, method, hold, from, series->previous_time, series->previous_value,
		            good.count > 0 ? good.time[0] : series->window.end, good.count > 0 ? good.value : NULL);
	for (size_t i = 0; i + 1 < good.count; i++)
		add_segment(area, method, hold, from, good.time[i], good.value[i], good.time[i + 1],
		            &good.value[i + 1]);
	if (good.count > 0 && window)
		add_segment(area, method, hold, from, good.time[good.count - 1], good.value[good.count - 1],
		            series->window.end, NULL);
	if (good.count > 0)
		*only = good.value[good.count - 1];
	lp_good_release(&good);
	if (window)
		note_covered(lp_state_of((PyObject *)series), &series->window, area);
	return true;
}

/* hold is given in seconds, and becomes microseconds, or -1 where it is not given (-INFINITY). */
static bool hold_is_wrong(double *hold)
{
	if (*hold != -INFINITY && !(*hold >= 0)) {
		PyErr_SetString(PyExc_ValueError, "hold must be a number of seconds, 0 or more, or None");
		return true;
	}
	*hold = *hold < 0 ? -1 : rint(*hold * 1e6);
	return false;
}

PyObject *lp_series_integral(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
	static const struct lp_keyword keywords[] = {
		{ "per", pers, pers_text }, { "method", methods, methods_text }, { "hold", NULL, NULL }, { 0 }
	};
	union lp_keyword_value values[] = { { .choice = 2 }, { .choice = METHOD_STEP }, { .number = -INFINITY } };
	struct area area;
	double only;

	if (!lp_keywords_parse("integral", keywords, values, arguments, count, names) ||
	    hold_is_wrong(&values[2].number) ||
	    !area_of((struct lp_series_object *)self, (enum method)values[1].choice, values[2].number, &area, &only))
		return NULL;
	/* Without a sample, and without one before that holds, nothing is known: that is not 0. */
	if (area.covered == 0 && isnan(only))
		return PyFloat_FromDouble(NAN);
	return PyFloat_FromDouble(lp_exact_value(&area.sum) / per_microseconds[values[0].choice]);
}

PyObject *lp_series_time_weighted_mean(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
	static const struct lp_keyword keywords[] = { { "method", methods, methods_text },
		                                      { "hold", NULL, NULL },
		                                      { 0 } };
	union lp_keyword_value values[] = { { .choice = METHOD_STEP }, { .number = -INFINITY } };
	struct area area;
	double only;

	if (!lp_keywords_parse("time_weighted_mean", keywords, values, arguments, count, names) ||
	    hold_is_wrong(&values[1].number) ||
	    !area_of((struct lp_series_object *)self, (enum method)values[0].choice, values[1].number, &area, &only))
		return NULL;
	return PyFloat_FromDouble(area.covered > 0 ? lp_exact_value(&area.sum) / area.covered : only);
}

PyObject *lp_series_difference(PyObject *self, PyObject *unused)
{
	struct lp_series_object *series = (struct lp_series_object *)self;
	struct lp_good good;
	double result = NAN;

	(void)unused;
	if (!lp_good_take(series, false, &good))
		return NULL;
	if (good.count > 0 && series->has_previous)
		result = good.value[good.count - 1] - series->previous_value;
	else if (good.count > 1)
		result = good.value[good.count - 1] - good.value[0];
	lp_good_release(&good);
	return PyFloat_FromDouble(result);
}
