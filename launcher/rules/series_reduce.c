/*
 * One number of many samples: mean, sum, extremes, median, deviation.
 *
 * These functions go over the good values only.  Where no value is missing those
 * are the Series' own columns, and the loops have no branches.
 *
 * Runs wherever Python does, with the GIL held.
 */
#include "rules/series.h"

#include <stdlib.h>

bool lp_good_values_take(struct lp_series_object *series, bool times, struct lp_good_values *good)
{
	const struct lp_column *column = &series->column;
	size_t count = 0, missing = (size_t)lp_series_missing(series);
	double *value;
	lp_time *time;

	/* Functions that ask for times may be about a Series that has no samples. */
	if (!times && !lp_series_has_samples(series))
		return false;
	*good = (struct lp_good_values){ .time = column->time, .value = column->value, .count = column->count };
	if (missing == 0)
		return true;
	good->count = column->count - missing;
	good->copy = PyMem_Malloc(good->count * (sizeof *value + (times ? sizeof *time : 0)) + 1);
	if (good->copy == NULL) {
		PyErr_NoMemory();
		return false;
	}
	value = good->copy;
	time = (lp_time *)(void *)(value + good->count);
	for (size_t i = 0; i < column->count; i++) {
		if (lp_sample_is_missing(column->value[i], lp_series_quality(series, i)))
			continue;
		value[count] = column->value[i];
		if (times)
			time[count] = column->time[i];
		count++;
	}
	good->value = value;
	good->time = times ? time : NULL;
	return true;
}

enum { LANES = 4 };
typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));

/* Adds x to the sum, and what rounding takes away to lost (Knuth's TwoSum). */
#define ADD(sum_, lost_, x_)                                                                                           \
	do {                                                                                                           \
		__typeof__(sum_) total_ = (sum_) + (x_);                                                               \
		__typeof__(sum_) part_ = total_ - (sum_);                                                              \
		(lost_) += ((sum_) - (total_ - part_)) + ((x_)-part_);                                                 \
		(sum_) = total_;                                                                                       \
	} while (0)

/* Computes Kahan, Babuska and Neumaier's compensated sum, in lanes of which the compiler makes vectors. */
static double compensated_sum(const double *value, size_t count)
{
	lanes sums = { 0 }, losses = { 0 };
	double sum = 0, lost = 0;
	size_t i = 0;

	for (; i + LANES <= count; i += LANES) {
		lanes x;

		memcpy(&x, value + i, sizeof x);
		ADD(sums, losses, x);
	}
	for (size_t k = 0; k < LANES; k++) {
		ADD(sum, lost, sums[k]);
		lost += losses[k];
	}
	for (; i < count; i++)
		ADD(sum, lost, value[i]);
	/* A sum that has overflowed stays infinite or NaN. */
	return sum + lost;
}

/* Multiplies the values by 2^-exponent, because their sum leaves the range of a double on its way. */
static bool shrink(struct lp_good_values *good, int exponent)
{
	double *value = good->copy;

	if (value == NULL)
		good->copy = value = PyMem_Malloc(good->count * sizeof *value + 1);
	if (value == NULL) {
		PyErr_NoMemory();
		return false;
	}
	for (size_t i = 0; i < good->count; i++)
		value[i] = ldexp(good->value[i], -exponent);
	good->value = value;
	return true;
}

typedef double (*reduction)(const struct lp_good_values *good);

static PyObject *reduce(PyObject *self, reduction function)
{
	enum { EXPONENT = 64 };
	struct lp_good_values good;
	double result = NAN;

	if (!lp_good_values_take((struct lp_series_object *)self, false, &good))
		return NULL;
	if (good.count > 0) {
		result = function(&good);
		if (!isfinite(result)) {
			if (!shrink(&good, EXPONENT)) {
				lp_good_values_release(&good);
				return NULL;
			}
			result = ldexp(function(&good), EXPONENT);
		}
	}
	lp_good_values_release(&good);
	return PyFloat_FromDouble(result);
}

static double sum_of(const struct lp_good_values *good)
{
	return compensated_sum(good->value, good->count);
}

static double mean_of(const struct lp_good_values *good)
{
	return compensated_sum(good->value, good->count) / (double)good->count;
}

static double minimum_of(const struct lp_good_values *good)
{
	double least = good->value[0];

	for (size_t i = 1; i < good->count; i++)
		least = good->value[i] < least ? good->value[i] : least;
	return least;
}

static double maximum_of(const struct lp_good_values *good)
{
	double greatest = good->value[0];

	for (size_t i = 1; i < good->count; i++)
		greatest = good->value[i] > greatest ? good->value[i] : greatest;
	return greatest;
}

static double first_of(const struct lp_good_values *good)
{
	return good->value[0];
}

static double last_of(const struct lp_good_values *good)
{
	return good->value[good->count - 1];
}

#define REDUCTION(name_, function_)                                                                                    \
	PyObject *lp_series_##name_(PyObject *self, PyObject *unused)                                                  \
	{                                                                                                              \
		(void)unused;                                                                                          \
		return reduce(self, function_);                                                                        \
	}
REDUCTION(sum, sum_of)
REDUCTION(mean, mean_of)
REDUCTION(minimum, minimum_of)
REDUCTION(maximum, maximum_of)
REDUCTION(first, first_of)
REDUCTION(last, last_of)

PyObject *lp_series_count(PyObject *self, PyObject *unused)
{
	struct lp_series_object *series = (struct lp_series_object *)self;

	(void)unused;
	if (!lp_series_has_samples(series))
		return NULL;
	return PyLong_FromLongLong((long long)series->column.count - lp_series_missing(series));
}

/* Counts the good values that are 0, and the others. */
static bool count_zeros(PyObject *self, size_t *zeros, size_t *others)
{
	struct lp_good_values good;

	*zeros = 0;
	if (!lp_good_values_take((struct lp_series_object *)self, false, &good))
		return false;
	for (size_t i = 0; i < good.count; i++)
		*zeros += good.value[i] == 0;
	*others = good.count - *zeros;
	lp_good_values_release(&good);
	return true;
}

PyObject *lp_series_any(PyObject *self, PyObject *unused)
{
	size_t zeros, others;

	(void)unused;
	return count_zeros(self, &zeros, &others) ? PyBool_FromLong(others > 0) : NULL;
}

PyObject *lp_series_all(PyObject *self, PyObject *unused)
{
	size_t zeros, others;

	(void)unused;
	return count_zeros(self, &zeros, &others) ? PyBool_FromLong(zeros == 0) : NULL;
}

static int compare_values(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return (a > b) - (a < b);
}

PyObject *lp_series_median(PyObject *self, PyObject *unused)
{
	struct lp_good_values good;
	double *sorted, median = NAN;

	(void)unused;
	if (!lp_good_values_take((struct lp_series_object *)self, false, &good))
		return NULL;
	if (good.count > 0) {
		size_t middle = good.count / 2;

		sorted = good.copy;
		if (sorted == NULL) {
			good.copy = sorted = PyMem_Malloc(good.count * sizeof *sorted);
			if (sorted == NULL)
				return PyErr_NoMemory();
			memcpy(sorted, good.value, good.count * sizeof *sorted);
		}
		qsort(sorted, good.count, sizeof *sorted, compare_values);
		median = good.count % 2 == 1 ? sorted[middle] : sorted[middle - 1] / 2 + sorted[middle] / 2;
	}
	lp_good_values_release(&good);
	return PyFloat_FromDouble(median);
}

static double deviation_of(const struct lp_good_values *good, double degrees)
{
	double squares = 0, rest = 0, lost = 0, rest_lost = 0, mean = mean_of(good);

	/* The mean is rounded, so the deviations from it have a small sum, which corrects the result. */
	for (size_t i = 0; i < good->count; i++) {
		double deviation = good->value[i] - mean;

		ADD(squares, lost, deviation * deviation);
		ADD(rest, rest_lost, deviation);
	}
	rest += rest_lost;
	squares += lost - rest * rest / (double)good->count;
	/* fmax() would make 0 of NaN. */
	return sqrt((squares < 0 ? 0 : squares) / degrees);
}

PyObject *lp_series_deviation(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
	enum { EXPONENT = 600 };
	static const struct lp_keyword keywords[] = { { "ddof", NULL, NULL }, { 0 } };
	union lp_keyword_value ddof = { .number = 1 };
	struct lp_good_values good;
	double degrees, result = NAN;

	if (!lp_keywords_parse("std", keywords, &ddof, arguments, count, names) ||
	    !lp_good_values_take((struct lp_series_object *)self, false, &good))
		return NULL;
	degrees = (double)good.count - ddof.number;
	if (degrees > 0 && good.count > 0) {
		result = deviation_of(&good, degrees);
		/* The squares of values from 1e154 on leave the range of a double. */
		if (!isfinite(result)) {
			if (!shrink(&good, EXPONENT)) {
				lp_good_values_release(&good);
				return NULL;
			}
			result = ldexp(deviation_of(&good, degrees), EXPONENT);
		}
	}
	lp_good_values_release(&good);
	return PyFloat_FromDouble(result);
}
