/*
 * How much a counter went up: what it counted from sample to sample, whatever
 * happened to it meanwhile.
 *
 * Every step from one good sample to the next counts their difference, so that
 * windows that follow one another add up to the whole, and jitter of the last
 * digit to nothing.  A fall to less than half (`reset`) is no jitter: the
 * counter began again near 0 and counted since what it shows, or with a modulus
 * it went over its end.  Either way the fall adds something to the difference:
 * the value before it, or the modulus.
 *
 * A rise takes that back where the counter comes back to about the value before
 * the fall, or above it: then it never was at 0, it only said so (a device that
 * boots).  It has to come back in one step, from near 0 (below a tenth of that
 * value): a counter that was reset and grows past it counts.  What a step counts depends
 * on the LP_METER_SAMPLES good samples before it at most, wherever windows end.
 *
 * Runs wherever Python does, GIL held.
 */
#include "rules/types.h"

/* A fall to less than half is a reset; from below a tenth of the value before it back to nine tenths, it was none. */
static const double half = 0.5, near_zero = 0.1, back = 0.9;

struct counter {
	double modulus, tolerance, reset;
	size_t glitch; /* samples that wrong readings last at most */
	struct lp_series_object *series;
	struct lp_good good;
	double *past; /* good values before the first, the last one first */
	size_t past_count;
	bool past_known;
};

/* What a fall adds to the difference; 0: it is none, or jitter. */
static double added_by(const struct counter *counter, double before, double now)
{
	if (!(now < before * counter->reset) || before - now <= counter->tolerance || before <= 0)
		return 0;
	return counter->modulus > 0 ? counter->modulus : before;
}

static void take_past(struct counter *counter, double value)
{
	if (counter->past_count < LP_METER_SAMPLES + 1)
		counter->past[counter->past_count++] = value;
}

/* Series of what came before, each with what came before it. */
static bool find_past(struct counter *counter)
{
	const struct lp_series_object *series = counter->series;

	counter->past_known = true;
	counter->past = PyMem_Malloc((LP_METER_SAMPLES + 1) * sizeof *counter->past);
	if (counter->past == NULL) {
		PyErr_NoMemory();
		return false;
	}
	while (series->earlier != NULL && counter->past_count <= LP_METER_SAMPLES) {
		series = (struct lp_series_object *)series->earlier;
		for (size_t i = series->column.count; i-- > 0;) {
			if (!lp_sample_is_missing(series->column.value[i], lp_series_quality(series, i)))
				take_past(counter, series->column.value[i]);
		}
	}
	if (series->has_previous)
		take_past(counter, series->previous_value);
	return true;
}

/* The value so many samples before the one at `index`. */
static bool look_back(struct counter *counter, size_t index, size_t samples, double *value)
{
	if (samples <= index) {
		*value = counter->good.value[index - samples];
		return true;
	}
	if (!counter->past_known && !find_past(counter))
		return false;
	if (samples - index > counter->past_count)
		return false;
	*value = counter->past[samples - index - 1];
	return true;
}

/*
 * What falls have added that the value at `index` shows never were resets.
 * Wrong readings can follow one another (10000, 0, 100, 0, 10001), and a
 * counter that was reset can have them (10000, 0, 100, 0, 101): the value comes
 * back to one level before a fall after the other, as far as it reaches.
 */
static bool find_wrong(struct counter *counter, size_t index, double *wrong)
{
	double now = counter->good.value[index], level, after, added = 0, before;

	*wrong = 0;
	if (!look_back(counter, index, 1, &level))
		return PyErr_Occurred() == NULL;
	after = level;
	for (size_t i = 2; i <= counter->glitch + 1 && look_back(counter, index, i, &before); i++) {
		added += added_by(counter, before, after);
		if (level < near_zero * before && added_by(counter, before, level) > 0) {
			if (now < back * before)
				break;
			*wrong = added;
			level = before;
		}
		after = before;
	}
	return PyErr_Occurred() == NULL;
}

/* Differences add up to the last value minus the first: only what is more than a difference is summed. */
static bool count_steps(struct counter *counter, double *increase)
{
	const double *value = counter->good.value;
	size_t i = counter->series->has_previous ? 0 : 1;
	double before = i == 0 ? counter->series->previous_value : value[0], wrong;
	struct lp_exact_sum sum = { .sum = -before };

	for (; i < counter->good.count; i++) {
		double now = value[i];

		if (now < before) {
			lp_exact_add(&sum, added_by(counter, before, now));
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

static bool are_wrong(const struct counter *counter, double glitch)
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
		return false;
	return true;
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
	bool good = true;

	if (!lp_keywords_parse("increase", keywords, values, arguments, count, names))
		return NULL;
	counter.modulus = values[0].number;
	counter.tolerance = values[1].number;
	counter.reset = values[2].number;
	if (are_wrong(&counter, values[3].number))
		return NULL;
	counter.glitch = (size_t)values[3].number;
	if (!lp_good_take(counter.series, false, &counter.good))
		return NULL;
	if (counter.good.count + counter.series->has_previous > 1 && counter.good.count > 0)
		good = count_steps(&counter, &increase);
	PyMem_Free(counter.past);
	lp_good_release(&counter.good);
	return good ? PyFloat_FromDouble(increase) : NULL;
}
