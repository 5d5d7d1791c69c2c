/*
 * The increase of a counter: what it has counted from sample to sample, through
 * resets and wrong readings.
 *
 * Each step from one good sample to the next counts their difference, so that
 * consecutive windows add up to the whole, and jitter of the last digit to
 * nothing.  A fall to less than half (`reset`) is no jitter: the counter began
 * again near 0, or with a modulus it went over its end.  The fall then adds
 * something to the difference: the value before it, or the modulus.
 *
 * A rise takes that back where the counter returns to about the value before the
 * fall, or above it: then it never was at 0, but only said so, as a device that
 * boots does.  It has to return in one step, from below a tenth of that value; a
 * counter that was reset and grows past the value counts.  A step depends on at
 * most the LP_METER_SAMPLES good samples before it, wherever windows end.
 *
 * Runs wherever Python does, with the GIL held.
 */
#include "rules/series.h"

/* Shares of the value before a fall: below `half` it is a reset; a rise from below `near_zero` to `back` undoes it. */
static const double half = 0.5, near_zero = 0.1, back = 0.9;

struct counter {
	double modulus, tolerance, reset;
	size_t glitch; /* number of samples that wrong readings last at most */
	struct lp_series_object *series;
	struct lp_good_values good;
	double *past; /* good values before the first one, the latest first; NULL: not needed yet */
	size_t past_count;
};

/* Returns what a fall adds to the difference; 0: it is no fall, or jitter. */
static double correct_fall(const struct counter *counter, double before, double now)
{
	if (!(now < before * counter->reset) || before - now <= counter->tolerance || before <= 0)
		return 0;
	return counter->modulus > 0 ? counter->modulus : before;
}

static void add_past(struct counter *counter, double value)
{
	if (counter->past_count < LP_METER_SAMPLES + 1)
		counter->past[counter->past_count++] = value;
}

/* Collects the good values before the first one, from the chain of earlier Series. */
static bool find_past(struct counter *counter)
{
	const struct lp_series_object *series = counter->series;

	counter->past = PyMem_Malloc((LP_METER_SAMPLES + 1) * sizeof *counter->past);
	if (counter->past == NULL) {
		PyErr_NoMemory();
		return false;
	}
	while (series->earlier != NULL && counter->past_count <= LP_METER_SAMPLES) {
		series = (struct lp_series_object *)series->earlier;
		for (size_t i = series->column.count; i-- > 0;)
			if (!lp_sample_is_missing(series->column.value[i], lp_series_quality(series, i)))
				add_past(counter, series->column.value[i]);
	}
	if (series->has_previous)
		add_past(counter, series->previous.value);
	return true;
}

/* Finds the value that is so many samples before the one at `index`.  False: there is none, or an exception is set. */
static bool look_back(struct counter *counter, size_t index, size_t samples, double *value)
{
	if (samples <= index) {
		*value = counter->good.value[index - samples];
		return true;
	}
	if (counter->past == NULL && !find_past(counter))
		return false;
	if (samples - index > counter->past_count)
		return false;
	*value = counter->past[samples - index - 1];
	return true;
}

/*
 * Finds what falls have added that were no resets, as the value at `index` shows.
 * Wrong readings can follow one another (10000, 0, 100, 0, 10001), and a counter
 * that was reset can have them too (10000, 0, 100, 0, 101).  So the value undoes
 * one fall after the other, back to the highest level that it reaches.
 */
static bool find_wrong(struct counter *counter, size_t index, double *wrong)
{
	double now = counter->good.value[index], level, after, added = 0, before;

	*wrong = 0;
	if (!look_back(counter, index, 1, &level))
		return PyErr_Occurred() == NULL;
	after = level;
	for (size_t i = 2; i <= counter->glitch + 1 && look_back(counter, index, i, &before); i++) {
		added += correct_fall(counter, before, after);
		if (level < near_zero * before && correct_fall(counter, before, level) > 0) {
			if (now < back * before)
				break;
			*wrong = added;
			level = before;
		}
		after = before;
	}
	return PyErr_Occurred() == NULL;
}

/* Sums the corrections, because the differences add up to the last value minus the first. */
static bool count_steps(struct counter *counter, double *increase)
{
	const double *value = counter->good.value;
	size_t i = counter->series->has_previous ? 0 : 1;
	double before = i == 0 ? counter->series->previous.value : value[0], wrong;
	struct lp_exact_sum sum = { .sum = -before };

	for (; i < counter->good.count; i++) {
		double now = value[i];

		if (now < before) {
			lp_exact_add(&sum, correct_fall(counter, before, now));
		} else if (now > 0 && now > before * LP_METER_RISE && counter->glitch > 0) {
			if (!find_wrong(counter, i, &wrong))
				return false;
			lp_exact_add(&sum, -wrong);
		}
		before = now;
	}
	lp_exact_add(&sum, before);
	*increase = lp_exact_value(&sum);
	return true;
}

/* Checks the ranges of the arguments.  False: an exception is set. */
static bool check_arguments(const struct counter *counter, double glitch)
{
	if (!(counter->modulus >= 0) || !(counter->tolerance >= 0))
		PyErr_Format(PyExc_ValueError, "increase(): %s must not be negative",
		             counter->modulus >= 0 ? "tolerance" : "modulus");
	else if (!(counter->reset >= 0 && counter->reset <= 1))
		PyErr_SetString(PyExc_ValueError, "increase(): reset is a share of the value before, from 0 to 1");
	else if (!(glitch >= 0 && glitch <= LP_METER_SAMPLES && glitch == rint(glitch)))
		PyErr_Format(PyExc_ValueError, "increase(): glitch is a number of samples, from 0 to %d",
		             LP_METER_SAMPLES);
	else
		return true;
	return false;
}

PyObject *lp_series_increase(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
	static const struct lp_keyword keywords[] = { { "modulus", NULL, NULL },
		                                      { "tolerance", NULL, NULL },
		                                      { "reset", NULL, NULL },
		                                      { "glitch", NULL, NULL },
		                                      { 0 } };
	union lp_keyword_value values[] = {
		{ .number = 0 }, { .number = 0 }, { .number = half }, { .number = LP_METER_SAMPLES }
	};
	struct counter counter = { .series = (struct lp_series_object *)self };
	double increase = NAN;
	bool ok = true;

	if (!lp_keywords_parse("increase", keywords, values, arguments, count, names))
		return NULL;
	counter.modulus = values[0].number;
	counter.tolerance = values[1].number;
	counter.reset = values[2].number;
	if (!check_arguments(&counter, values[3].number))
		return NULL;
	counter.glitch = (size_t)values[3].number;
	if (!lp_good_values_take(counter.series, false, &counter.good))
		return NULL;
	if (counter.good.count + counter.series->has_previous > 1 && counter.good.count > 0)
		ok = count_steps(&counter, &increase);
	PyMem_Free(counter.past);
	lp_good_values_release(&counter.good);
	return ok ? PyFloat_FromDouble(increase) : NULL;
}
