/* A series, and columns of its samples. */
#ifndef LP_MODEL_SERIES_H
#define LP_MODEL_SERIES_H

#include "model/order.h"
#include "model/time.h"
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

struct lp_series {
	int64_t id; /* 0: not stored yet */
	const char *name;
	const char *unit; /* "": dimensionless or not given */
	int64_t interval; /* microseconds from one sample to the next where it is measured regularly; 0: not known */
	const char *description; /* "" */
	/*
	 * In it lie all samples that `prune` has removed, from the first one to
	 * just behind the last; start >= end: none was.  What is computed from a
	 * window that overlaps it would be computed from what happens to be left.
	 */
	struct lp_window pruned;
	const char
		*attributes; /* JSON object of texts, numbers and booleans, canonical (sorted keys, no spaces); "{}" */
};

/*
 * How long a value of a series holds at most, in microseconds, where the next
 * one does not come: over ten of its intervals, so that some lost samples are
 * bridged and a sensor that died is not; one that reports on change (no
 * interval) for a day, by which whatever is alive has said something.  The one
 * definition for all that holds values: integrals, means over time, joins of
 * series whose times differ.
 */
enum { LP_HELD_INTERVALS = 10 };
static inline int64_t lp_series_hold(int64_t interval)
{
	int64_t hold;

	if (interval <= 0)
		return LP_DAY;
	return __builtin_mul_overflow(interval, (int64_t)LP_HELD_INTERVALS, &hold) ? INT64_MAX : hold;
}

/* A sample's quality.  A missing one (bad, or a value that is not finite) lowers the coverage and is never aggregated. */
enum lp_quality {
	LP_QUALITY_GOOD = 0,
	LP_QUALITY_UNCERTAIN = 1, /* used, as good is */
	LP_QUALITY_BAD = 2,       /* missing */
};

/*
 * Samples of one series, struct of arrays, ascending in time, times distinct.
 * quality is NULL where every sample is good.  coverage, samples and window_end
 * are those of results, and read for people alone: NULL where no sample has any,
 * else NaN, -1 and LP_TIME_NONE for those that have none.
 */
struct lp_column {
	size_t count;
	lp_time *time;
	double *value;
	uint8_t *quality;
	float *coverage;
	int32_t *samples;
	lp_time *window_end; /* of the window that made it */
};

/* Whether a sample was computed; else it was measured, or somebody imported it. */
static inline bool lp_column_is_computed(const struct lp_column *column, size_t i)
{
	return (column->samples != NULL && column->samples[i] >= 0) ||
	       (column->coverage != NULL && !isnan(column->coverage[i])) ||
	       (column->window_end != NULL && column->window_end[i] != LP_TIME_NONE);
}

/* The index of the first sample whose time is not before time; column->count: there is none. */
static inline size_t lp_column_first_at(const struct lp_column *column, lp_time time)
{
	return LP_LOWER_BOUND(column->count, i, column->time[i] < time);
}

static inline bool lp_sample_is_missing(double value, uint8_t quality)
{
	return !isfinite(value) || quality == LP_QUALITY_BAD;
}

#endif
