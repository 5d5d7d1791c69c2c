/*
 * One number of many samples where time counts: integral, time-weighted mean,
 * difference.
 *
 * Runs wherever Python does, with the GIL held.
 */
#include "rules/series.h"

enum method { METHOD_STEP, METHOD_LINEAR };
static const char *const methods[] = { "step", "linear", NULL };
static const char methods_text[] = "'step', 'linear'";
static const char *const pers[] = { "second", "minute", "hour", "day", NULL };
static const char pers_text[] = "'second', 'minute', 'hour', 'day'";
static const double per_microseconds[] = { 1e6, 60e6, 3600e6, 86400e6 };

/* How values go over time, and what they add up to. */
struct area {
	enum method method;
	double hold;             /* microseconds that a value holds at most */
	lp_time from;            /* where the window begins */
	struct lp_exact_sum sum; /* of value * microseconds */
	double known;            /* microseconds for which the value is known */
};

/* Adds the time from one sample to the next, or to the end of the window, as far as it lies in the window. */
static void add_segment(struct area *area, lp_time begin, double value, lp_time end, const double *next)
{
	lp_time start = begin < area->from ? area->from : begin;
	double length = (double)(end - begin);

	if (length > area->hold) {
		lp_time until = begin + (lp_time)area->hold;

		if (until > start) {
			lp_exact_add(&area->sum, value * (double)(until - start));
			area->known += (double)(until - start);
		}
		return;
	}
	if (area->method == METHOD_LINEAR && next != NULL) {
		double at_start = start == begin ? value : value + (*next - value) * ((double)(start - begin) / length);

		value = at_start / 2 + *next / 2;
	}
	lp_exact_add(&area->sum, value * (double)(end - start));
	area->known += (double)(end - start);
}

/* Lowers the coverage of the result: of several windows the least known one decides it. */
static void lower_coverage(struct lp_rule_state *state, const struct lp_window *window, const struct area *area)
{
	double length = (double)(window->end - window->start);

	if (length > 0)
		lp_rule_lower_coverage(state, area->known / length);
}

/* Adds up a Series without samples: each value holds until the next moment, and missing ones are not known. */
static void add_moments(const struct lp_series_object *series, struct area *area)
{
	const struct lp_column *column = &series->column;
	bool window = series->window.start != LP_TIME_NONE, known = series->has_previous && window;
	lp_time last = column->count == 0 ? 0 : column->time[column->count - 1];
	lp_time now = window ? series->window.start : column->count == 0 ? 0 : column->time[0];
	double value = series->previous.value;

	for (size_t i = 0; i <= column->count; i++) {
		lp_time next = i < column->count ? column->time[i] : window ? series->window.end : last;

		if (known && next > now) {
			lp_exact_add(&area->sum, value * (double)(next - now));
			area->known += (double)(next - now);
		}
		if (i == column->count)
			break;
		now = next;
		value = column->value[i];
		known = !lp_sample_is_missing(value, lp_series_quality(series, i));
	}
}

/*
 * Computes the area with its method and hold; hold negative: values hold as long as
 * those of the series do.  *only: the last good value; NaN: none.
 */
static bool compute_area(struct lp_series_object *series, struct area *area, double *only)
{
	bool window = series->window.start != LP_TIME_NONE;
	struct lp_good_values good = { 0 };
	size_t last;

	*only = NAN;
	/* Lines between samples, and how long one holds, are about samples. */
	if ((area->method == METHOD_LINEAR || area->hold >= 0) && !lp_series_has_samples(series))
		return false;
	if (area->hold < 0)
		area->hold = (double)lp_series_hold(series->interval);
	if (series->no_samples != NULL)
		add_moments(series, area);
	else if (!lp_good_values_take(series, true, &good))
		return false;
	area->from = window ? series->window.start : LP_TIME_NONE;
	if (series->no_samples == NULL && series->has_previous && window)
		add_segment(area, series->previous.time, series->previous.value,
		            good.count > 0 ? good.time[0] : series->window.end, good.count > 0 ? good.value : NULL);
	for (size_t i = 0; i + 1 < good.count; i++)
		add_segment(area, good.time[i], good.value[i], good.time[i + 1], &good.value[i + 1]);
	if (good.count > 0) {
		last = good.count - 1;
		*only = good.value[last];
		if (window)
			add_segment(area, good.time[last], *only, series->window.end, NULL);
	}
	lp_good_values_release(&good);
	if (window)
		lower_coverage(lp_state_of((PyObject *)series), &series->window, area);
	return true;
}

/* Makes microseconds of seconds, and -1 of -INFINITY, which stands for None.  False: an exception is set. */
static bool convert_hold(double *hold)
{
	if (*hold != -INFINITY && !(*hold >= 0)) {
		PyErr_SetString(PyExc_ValueError, "hold must be a number of seconds, 0 or more, or None");
		return false;
	}
	*hold = *hold < 0 ? -1 : rint(*hold * 1e6);
	return true;
}

PyObject *lp_series_integral(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
	static const struct lp_keyword keywords[] = {
		{ "per", pers, pers_text }, { "method", methods, methods_text }, { "hold", NULL, NULL }, { 0 }
	};
	union lp_keyword_value values[] = { { .choice = 2 }, { .choice = METHOD_STEP }, { .number = -INFINITY } };
	struct area area = { 0 };
	double only;

	if (!lp_keywords_parse("integral", keywords, values, arguments, count, names) ||
	    !convert_hold(&values[2].number))
		return NULL;
	area.method = (enum method)values[1].choice;
	area.hold = values[2].number;
	if (!compute_area((struct lp_series_object *)self, &area, &only))
		return NULL;
	/* Where no sample says anything about the window, the integral is unknown, and not 0. */
	if (area.known == 0 && isnan(only))
		return PyFloat_FromDouble(NAN);
	return PyFloat_FromDouble(lp_exact_value(&area.sum) / per_microseconds[values[0].choice]);
}

PyObject *lp_series_time_weighted_mean(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
	static const struct lp_keyword keywords[] = { { "method", methods, methods_text },
		                                      { "hold", NULL, NULL },
		                                      { 0 } };
	union lp_keyword_value values[] = { { .choice = METHOD_STEP }, { .number = -INFINITY } };
	struct area area = { 0 };
	double only;

	if (!lp_keywords_parse("time_weighted_mean", keywords, values, arguments, count, names) ||
	    !convert_hold(&values[1].number))
		return NULL;
	area.method = (enum method)values[0].choice;
	area.hold = values[1].number;
	if (!compute_area((struct lp_series_object *)self, &area, &only))
		return NULL;
	return PyFloat_FromDouble(area.known > 0 ? lp_exact_value(&area.sum) / area.known : only);
}

PyObject *lp_series_difference(PyObject *self, PyObject *unused)
{
	struct lp_series_object *series = (struct lp_series_object *)self;
	struct lp_good_values good;
	double result = NAN;

	(void)unused;
	if (!lp_good_values_take(series, false, &good))
		return NULL;
	if (good.count > 0 && series->has_previous)
		result = good.value[good.count - 1] - series->previous.value;
	else if (good.count > 1)
		result = good.value[good.count - 1] - good.value[0];
	lp_good_values_release(&good);
	return PyFloat_FromDouble(result);
}
