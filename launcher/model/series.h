/* A series, and columns of its samples. */
#ifndef LP_MODEL_SERIES_H
#define LP_MODEL_SERIES_H

#include "model/order.h"
#include "model/time.h"
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

/* What a definition says of a series whose samples are in this program's own table whatever the configuration says. */
#define LP_OWN_TABLE "own"

struct lp_series {
	int64_t id; /* 0: not stored yet */
	const char *name;
	const char *unit;        /* "": dimensionless or not given */
	int64_t interval;        /* microseconds between samples if it is measured regularly; 0: unknown */
	const char *description; /* "" */
	const char *key;         /* of its samples in a table of somebody else; "": the name */
	const char *table;       /* a table of the configuration; LP_OWN_TABLE: this program's; "": the usual one */
	/*
	 * Covers all samples that `prune` has removed, from the first to just behind the
	 * last; start >= end: none. A window that overlaps it would be computed from
	 * what happens to be left. Of a series in shadow that begins later than the live
	 * one it covers all before that (lp_begins_later).
	 */
	struct lp_window pruned;
	/* Where the results of a calculation in shadow go that writes it, or has; 0: there never was one. */
	int64_t shadow_id;
	const char
		*attributes; /* JSON object of texts, numbers and booleans, canonical (sorted keys, no spaces); "{}" */
};

#define LP_SERIES_BEGINS LP_TIME_MIN /* where what such a series does not have begins: no sample is so old */
/* True if that is what a series does not have, and nothing was pruned. */
static inline bool lp_begins_later(struct lp_window pruned)
{
	return pruned.start == LP_SERIES_BEGINS && pruned.start < pruned.end;
}

/*
 * How long a value holds at most if no next one comes, in microseconds: ten
 * intervals of the series, which bridges some lost samples but not a sensor that
 * died. A series without an interval reports on change and holds for a day: a
 * device that is alive has said something by then. This is the one definition
 * for integrals, means over time, and joins of series with different times.
 */
enum { LP_HELD_INTERVALS = 10 };
static inline int64_t lp_series_hold(int64_t interval)
{
	int64_t hold;

	if (interval <= 0)
		return LP_DAY;
	return __builtin_mul_overflow(interval, (int64_t)LP_HELD_INTERVALS, &hold) ? INT64_MAX : hold;
}

/*
 * The quality of a sample. A missing one (bad, or a value that is not finite)
 * lowers the coverage and is never aggregated.
 */
enum lp_quality {
	LP_QUALITY_GOOD = 0,
	LP_QUALITY_UNCERTAIN = 1, /* used like a good one */
	LP_QUALITY_BAD = 2,       /* missing */
};

/*
 * Samples of one series as a struct of arrays, ascending in time, times
 * distinct. quality is NULL if every sample is good. coverage, samples and
 * window_end belong to results and are read for people only: NULL if no sample
 * has any, else NaN, -1 and LP_TIME_NONE for samples without.
 */
struct lp_column {
	size_t count;
	lp_time *time;
	double *value;
	uint8_t *quality;
	float *coverage;
	int32_t *samples;
	lp_time *window_end; /* of the window that produced it */
};

/* True if the sample was computed; otherwise it was measured or imported. */
static inline bool lp_column_is_computed(const struct lp_column *column, size_t i)
{
	return (column->samples != NULL && column->samples[i] >= 0) ||
	       (column->coverage != NULL && !isnan(column->coverage[i])) ||
	       (column->window_end != NULL && column->window_end[i] != LP_TIME_NONE);
}

/* Returns the index of the first sample at or after time; column->count if there is none. */
static inline size_t lp_column_first_at(const struct lp_column *column, lp_time time)
{
	return LP_LOWER_BOUND(column->count, i, column->time[i] < time);
}

static inline bool lp_sample_is_missing(double value, uint8_t quality)
{
	return !isfinite(value) || quality == LP_QUALITY_BAD;
}

#endif
