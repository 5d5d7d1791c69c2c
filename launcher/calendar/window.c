/*
 * Windows of a schedule.  Pure arithmetic over a zone: no clock, no state.
 *
 * There are two kinds of boundaries.
 *
 * `every` in seconds, minutes or hours: each local day is a clock of its own.
 * It starts at its origin (local midnight moved by offset), and a boundary
 * follows each time `every` has elapsed.  The next day's origin is a boundary
 * too, so that the last piece of a day is cut short where `every` does not
 * divide the day: 7 minutes leave a piece of 5 before midnight.  A day of 23
 * or 25 hours has 23 or 25 pieces of an hour, and none is merged or doubled.
 *
 * `every` in days and longer: boundaries are wall clock times, numbered from
 * 1970-01-01 (weeks: from the first day of the week of 1970-01-01; years,
 * quarters, months: from January 1970).
 *
 * Days of an offset count on from the first of the month, or of the first month
 * of `every`; a month that is too short has its last day in their place: 30 days
 * are the 31st, the 28th of February, the 30th of April.  Days of a negative
 * one count back from there: -1 day is the last of each month.
 *
 * A window ends at a boundary.  It starts `window` before: in elapsed time or
 * on the calendar, as its unit says; windows of months that end with months
 * start at the offset's place too, so that each begins where another ends.
 * Only where `every` and `window` are one and the same elapsed length do
 * windows follow the pieces, the short ones too.
 */
#include "calendar/length.h"
#include "calendar/zone_data.h"

#include <assert.h>

static bool fail_schedule(struct lp_error *error, const char *what, struct lp_span span, const char *why)
{
	char text[24];
	lp_span_format(span, text);
	return lp_fail(error, LP_EXIT_DATA, "%s: %s is %s", what, text, why);
}

static bool check_every(struct lp_span every, struct lp_error *error)
{
	struct lp_length length = lp_length_of(every);
	if (every.count <= 0)
		return fail_schedule(error, "every", every, "not more than nothing");
	if (length.elapsed >= LP_DAY) {
		fail_schedule(error, "every", every, "too long: seconds, minutes and hours start again each day");
		int64_t days = length.elapsed / LP_DAY;
		return lp_hint(error, "Write %d day%s: a day on the clock, which has 23 or 25 hours twice a year.",
		               (int)days, days == 1 ? "" : "s");
	}
	if (length.months > LP_LENGTH_YEARS_MOST * 12 || length.days > LP_LENGTH_YEARS_MOST * 366)
		return fail_schedule(error, "every", every, "above 100 years");
	return true;
}

static bool check_window(struct lp_span window, struct lp_span every, struct lp_error *error)
{
	struct lp_length length = lp_length_of(window), step = lp_length_of(every);
	if (window.count <= 0)
		return fail_schedule(error, "window", window, "not more than nothing");
	if (lp_length_is_too_long(lp_length_about(length)))
		return fail_schedule(error, "window", window, "above 100 years");
	if (lp_length_about(length) >= lp_length_about(step))
		return true;
	bool whole_part = length.elapsed > 0 ? (step.days * LP_DAY + step.elapsed) % length.elapsed == 0
	                  : length.days > 0  ? step.days % length.days == 0
	                                     : step.months % length.months == 0;
	if (!whole_part) {
		fail_schedule(error, "window", window, "shorter than every, and not a whole part of it");
		return lp_hint(error, "A window is as long as `every`, longer (then windows overlap), or divides it.");
	}
	return true;
}

/* Days that an offset moves boundaries of months by; what is left of a day stays in elapsed. */
static struct lp_length split_days(struct lp_length offset)
{
	int64_t days = lp_floor_divide(offset.elapsed, LP_DAY);
	return (struct lp_length){ offset.months, offset.days + days, offset.elapsed - days * LP_DAY };
}

enum {
	DAYS_ON = 30,    /* the 31st, or the last of the month */
	DAYS_BACK = -28, /* each month has 28 days */
	/* From January on to 28 February, and back to 1 March: the same date in each year. */
	YEAR_DAYS_ON = 58,
	YEAR_DAYS_BACK = -306,
};

static bool is_within_month(int64_t days)
{
	return days >= DAYS_BACK && days <= DAYS_ON;
}

static bool is_a_date(int64_t days, struct lp_length every)
{
	return every.months % 12 == 0 && days >= YEAR_DAYS_BACK && days <= YEAR_DAYS_ON;
}

/* Beyond its first month the days of an offset are another date in each period. */
static bool check_offset_of_months(struct lp_span offset, struct lp_length every, struct lp_error *error)
{
	int64_t days = split_days(lp_length_of(offset)).days;
	if (is_within_month(days) || is_a_date(days, every))
		return true;
	fail_schedule(error, "offset", offset,
	              every.months % 12 == 0 ? "another date in a leap year"
	                                     : "another day in longer and shorter months");
	int64_t other = days > 0 ? days - 365 : days + 365;
	if (every.months == 12 && is_a_date(other, every))
		return lp_hint(error, "Write %d %s: that is the same date in each year.",
		               (int)(offset.unit == LP_UNIT_HOUR ? offset.count + (other - days) * 24 : other),
		               offset.unit == LP_UNIT_HOUR ? "hours" : "days");
	return lp_hint(error,
	               "Write months, or up to 30 days on from the first of a month (one that is too short has its "
	               "last day instead), or up to 28 days back from it.");
}

static bool check_offset(struct lp_span offset, struct lp_span every, struct lp_error *error)
{
	struct lp_length length = lp_length_of(offset), step = lp_length_of(every);
	if ((length.months != 0 && step.months == 0) || (length.days != 0 && step.elapsed != 0))
		return fail_schedule(error, "offset", offset, "in a longer unit than every");
	/* Short steps start again each day, so their offset can be anything within it. */
	int64_t most = step.elapsed != 0 ? LP_DAY / LP_SECOND : lp_length_about(step);
	if (lp_length_about(length) >= most || lp_length_about(length) <= -most)
		return fail_schedule(error, "offset", offset,
		                     step.elapsed != 0 ? "not shorter than a day" : "not shorter than every");
	return step.months == 0 || check_offset_of_months(offset, step, error);
}

bool lp_schedule_check(const struct lp_schedule *schedule, struct lp_error *error)
{
	const struct lp_zone *zone;

	if (!check_every(schedule->every, error) || !check_window(schedule->window, schedule->every, error) ||
	    !check_offset(schedule->offset, schedule->every, error))
		return false;
	if (schedule->delay < 0 || schedule->delay > 366 * LP_DAY)
		return lp_fail(error, LP_EXIT_DATA, "delay: not between 0 and 366 days");
	if (schedule->week_start < 1 || schedule->week_start > 7)
		return lp_fail(error, LP_EXIT_DATA, "week_start: not between 1 (Monday) and 7 (Sunday)");
	return lp_zone_find(schedule->zone, &zone, error);
}

/* A schedule made ready for arithmetic. */
struct plan {
	const struct lp_zone *zone;
	struct lp_length every, window, offset;
	int64_t week_shift; /* days from 1970-01-01 to the first day of its week */
};

/* Months, days from the first, and less than a day. */
static struct lp_length place_in_month(struct lp_length offset, struct lp_length every)
{
	offset = split_days(offset);
	if (!is_within_month(offset.days) && is_a_date(offset.days, every)) {
		struct lp_civil civil;
		lp_civil_from_local(offset.days * LP_DAY, &civil);
		offset.months += (civil.year - INT64_C(1970)) * 12 + civil.month - 1;
		offset.days = civil.day - 1;
	}
	return offset;
}

static struct plan plan_of(const struct lp_schedule *schedule, const struct lp_zone *zone)
{
	assert(schedule->every.count > 0 && schedule->window.count > 0);
	struct plan plan = {
		.zone = zone,
		.every = lp_length_of(schedule->every),
		.window = lp_length_of(schedule->window),
		.offset = lp_length_of(schedule->offset),
	};
	if (plan.every.months != 0)
		plan.offset = place_in_month(plan.offset, plan.every);
	if (schedule->every.unit == LP_UNIT_WEEK) {
		/* 1970-01-01 was a Thursday, day 4. */
		plan.week_shift = -((4 - schedule->week_start + 7) % 7);
	}
	return plan;
}

/* Local time of a number of months since January 1970, at the offset's place. */
static int64_t local_of_months(const struct plan *plan, int64_t months)
{
	months += plan->offset.months;
	int64_t year = 1970 + lp_floor_divide(months, 12);
	int32_t month = (int32_t)(months - lp_floor_divide(months, 12) * 12) + 1;
	int64_t days = plan->offset.days;
	if (days > 0 && days <= DAYS_ON) {
		int64_t last = lp_days_in_month(year, month) - 1;
		days = days < last ? days : last;
	}
	return (lp_days_from_date(year, month, 1) + days) * LP_DAY + plan->offset.elapsed;
}

static int64_t local_of_days(const struct plan *plan, int64_t days)
{
	return (days + plan->offset.days) * LP_DAY + plan->offset.elapsed;
}

/* Local time of the boundary of that number; every in days or longer. */
static int64_t boundary_local(const struct plan *plan, int64_t number)
{
	if (plan->every.months != 0)
		return local_of_months(plan, number * plan->every.months);
	return local_of_days(plan, number * plan->every.days + plan->week_shift);
}

/* The number of the last boundary at or before t, in UTC. */
static int64_t boundary_by(const struct plan *plan, lp_time t)
{
	int64_t local = t + lp_zone_offset(plan->zone, t, NULL);
	int64_t number;
	if (plan->every.months != 0) {
		struct lp_civil civil;
		lp_civil_from_local(local, &civil);
		number = lp_floor_divide((civil.year - INT64_C(1970)) * 12 + civil.month - 1 - plan->offset.months,
		                         plan->every.months);
	} else {
		number = lp_floor_divide(lp_floor_divide(local - plan->offset.elapsed, LP_DAY) - plan->offset.days -
		                                 plan->week_shift,
		                         plan->every.days);
	}
	/* Exact but for an offset within the month, or a change of the clocks right there. */
	while (lp_zone_to_utc(plan->zone, boundary_local(plan, number)) > t)
		number--;
	while (lp_zone_to_utc(plan->zone, boundary_local(plan, number + 1)) <= t)
		number++;
	return number;
}

/* When the day of that number starts, for `every` below a day. */
static lp_time origin_of(const struct plan *plan, int64_t day)
{
	return lp_zone_to_utc(plan->zone, day * LP_DAY + plan->offset.elapsed);
}

static int64_t day_by(const struct plan *plan, lp_time t)
{
	int64_t local = t + lp_zone_offset(plan->zone, t, NULL);
	int64_t day = lp_floor_divide(local - plan->offset.elapsed, LP_DAY);
	while (origin_of(plan, day) > t)
		day--;
	while (origin_of(plan, day + 1) <= t)
		day++;
	return day;
}

/* The piece of a day that ends last at or before t: both of its boundaries. */
static struct lp_window piece_by(const struct plan *plan, lp_time t)
{
	int64_t every = plan->every.elapsed;
	int64_t day = day_by(plan, t);
	lp_time origin = origin_of(plan, day);
	int64_t pieces = (t - origin) / every;
	if (pieces > 0) {
		lp_time end = origin + pieces * every;
		return (struct lp_window){ end - every, end };
	}
	/* The last piece of the day before, short or not.  Some days never were: Apia had no 2011-12-30. */
	lp_time before;
	do {
		before = origin_of(plan, --day);
	} while (before == origin);
	return (struct lp_window){ before + (origin - before - 1) / every * every, origin };
}

static struct lp_window piece_after(const struct plan *plan, lp_time t)
{
	int64_t every = plan->every.elapsed;
	int64_t day = day_by(plan, t);
	lp_time origin = origin_of(plan, day), next = origin_of(plan, day + 1);
	lp_time start = origin + (t - origin) / every * every;
	lp_time end = start + every;
	return (struct lp_window){ start, end < next ? end : next };
}

static struct lp_window window_of_piece(const struct plan *plan, struct lp_window piece)
{
	if (!lp_length_equals(plan->every, plan->window)) {
		int64_t local = piece.end + lp_zone_offset(plan->zone, piece.end, NULL);
		piece.start = lp_time_before(plan->zone, piece.end, local, plan->window);
	}
	return piece;
}

static struct lp_window window_to_boundary(const struct plan *plan, int64_t number)
{
	int64_t local = boundary_local(plan, number);
	lp_time end = lp_zone_to_utc(plan->zone, local);
	if (plan->every.months != 0 && plan->window.months != 0) {
		local = local_of_months(plan, number * plan->every.months - plan->window.months);
		return (struct lp_window){ lp_zone_to_utc(plan->zone, local), end };
	}
	return (struct lp_window){ lp_time_before(plan->zone, end, local, plan->window), end };
}

static struct lp_window ending_by(const struct plan *plan, lp_time t)
{
	return plan->every.elapsed != 0 ? window_of_piece(plan, piece_by(plan, t))
	                                : window_to_boundary(plan, boundary_by(plan, t));
}

static struct lp_window ending_after(const struct plan *plan, lp_time t)
{
	if (plan->every.elapsed != 0)
		return window_of_piece(plan, piece_after(plan, t));
	/* By its instant, because where a day was left out two boundaries fall on one. */
	lp_time end = lp_zone_to_utc(plan->zone, boundary_local(plan, boundary_by(plan, t) + 1));
	return ending_by(plan, end);
}

static bool is_within_years(const struct lp_window *window)
{
	return window->start >= LP_TIME_MIN && window->end <= LP_TIME_MAX;
}

bool lp_window_ending_by(const struct lp_schedule *schedule, const struct lp_zone *zone, lp_time t,
                         struct lp_window *window)
{
	if (t < LP_TIME_MIN)
		return false;
	struct plan plan = plan_of(schedule, zone);
	*window = ending_by(&plan, t < LP_TIME_MAX ? t : LP_TIME_MAX);
	assert(window->start < window->end);
	return is_within_years(window);
}

bool lp_window_ending_after(const struct lp_schedule *schedule, const struct lp_zone *zone, lp_time t,
                            struct lp_window *window)
{
	if (t >= LP_TIME_MAX)
		return false;
	struct plan plan = plan_of(schedule, zone);
	/* Ends before this have their starts in the year 0, whatever the length of months and days. */
	lp_time earliest =
		LP_TIME_MIN + lp_length_about(plan.window) * LP_SECOND - (plan.window.months != 0 ? 33 : 2) * LP_DAY;
	*window = ending_after(&plan, t > earliest ? t : earliest);
	while (window->start < LP_TIME_MIN)
		*window = ending_after(&plan, window->end);
	assert(window->start < window->end);
	return is_within_years(window);
}

bool lp_boundary_local(const struct lp_schedule *schedule, const struct lp_zone *zone, lp_time boundary, int64_t *local)
{
	struct plan plan = plan_of(schedule, zone);
	if (plan.every.elapsed != 0)
		return false;
	int64_t made_from = boundary_local(&plan, boundary_by(&plan, boundary));
	if (lp_zone_to_utc(zone, made_from) != boundary)
		return false;
	*local = made_from;
	return true;
}

bool lp_boundary_after(const struct lp_schedule *schedule, const struct lp_zone *zone, lp_time boundary, int64_t months,
                       lp_time *other)
{
	struct plan plan = plan_of(schedule, zone);
	if (plan.every.months == 0)
		return false;
	int64_t number = boundary_by(&plan, boundary);
	if (lp_zone_to_utc(zone, boundary_local(&plan, number)) != boundary)
		return false;
	*other = lp_zone_to_utc(zone, local_of_months(&plan, number * plan.every.months + months));
	return true;
}

void lp_window_bounds(const struct lp_schedule *schedule, const struct lp_zone *zone, int64_t *least, int64_t *most)
{
	lp_span_bounds(zone, schedule->window, least, most);
	/* The last piece of a day is cut at midnight. */
	bool is_cut = lp_length_of(schedule->every).elapsed != 0 &&
	              lp_length_equals(lp_length_of(schedule->every), lp_length_of(schedule->window));
	if (is_cut || *least < 1)
		*least = 1;
}
