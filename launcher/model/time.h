/*
 * Time as it travels: microseconds, spans of the calendar, windows, schedules.
 * Plain data; calendar/ knows what they mean.
 */
#ifndef LP_MODEL_TIME_H
#define LP_MODEL_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* Microseconds since 1970-01-01T00:00:00Z, proleptic Gregorian, without leap seconds. */
typedef int64_t lp_time;

#define LP_SECOND    INT64_C(1000000)
#define LP_MINUTE    (60 * LP_SECOND)
#define LP_HOUR      (60 * LP_MINUTE)
#define LP_DAY       (24 * LP_HOUR)
#define LP_TIME_MIN  INT64_C(-62135596800000000) /* 0001-01-01T00:00:00Z, the first time that all stores can hold */
#define LP_TIME_MAX  INT64_C(253402300799999999) /* 9999-12-31T23:59:59.999999Z */
#define LP_TIME_NONE INT64_MIN                   /* no time: a watermark not yet set, an open end */

/* Half-open: start <= t < end. */
struct lp_window {
	lp_time start, end;
};

bool lp_window_equals(struct lp_window a, struct lp_window b);

/*
 * A length on the calendar. Seconds, minutes and hours are elapsed time; days
 * and longer are local wall clock.
 */
enum lp_unit {
	LP_UNIT_SECOND,
	LP_UNIT_MINUTE,
	LP_UNIT_HOUR,
	LP_UNIT_DAY,
	LP_UNIT_WEEK,
	LP_UNIT_MONTH,
	LP_UNIT_QUARTER,
	LP_UNIT_YEAR,
};

struct lp_span {
	int32_t count; /* > 0 in `every` and `window`; any in an offset */
	enum lp_unit unit;
};

/*
 * Without a calendar (calendar.h has lp_span_bounds), in microseconds;
 * INT64_MAX: too many.
 */
int64_t lp_span_about(struct lp_span span); /* for estimates and sizes only: a month has 28 days */
int64_t lp_span_limit(struct lp_span span); /* longer than the clocks of any zone make it */

/* What happens to windows that were due while no run worked. */
enum lp_missed {
	LP_MISSED_CATCH_UP, /* computed within a limit per run, newest first */
	LP_MISSED_SKIP,     /* left out, except for the newest */
};

/* When a calculation is due, and for which windows. Equal schedules have the same windows. */
struct lp_schedule {
	struct lp_span every;  /* how often a window ends */
	struct lp_span window; /* length of a window; equal to every: tumbling, longer: sliding */
	struct lp_span offset; /* moves the boundaries: 6 hours for a gas day from 06:00; count 0: not */
	int64_t delay;         /* microseconds from a window's end until it is computed, >= 0 */
	int32_t week_start;    /* 1 Monday ... 7 Sunday, for weeks: lp_weekdays[week_start - 1] */
	enum lp_missed missed;
	char zone[48]; /* IANA name, "UTC" by default */
};

/* True if each window begins where the one before ends. */
bool lp_schedule_is_tumbling(const struct lp_schedule *schedule);

/* "monday" to "sunday". */
extern const char *const lp_weekdays[7];

#endif
