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
 * A window ends at a boundary.  It starts `window` before: in elapsed time or
 * on the calendar, as its unit says.  Only where `every` and `window` are one
 * and the same elapsed length do windows follow the pieces, the short ones too.
 */
#include "calendar/zone_data.h"

#include <assert.h>
#include <string.h>

#define YEARS_MOST INT64_C(100)

/* A span by what it is made of: only one of the three is not zero. */
struct length {
	int64_t months, days, elapsed;
};

static struct length length_of(struct lp_span span)
{
	static const struct length units[] = {
		[LP_UNIT_SECOND] = { .elapsed = LP_SECOND },
		[LP_UNIT_MINUTE] = { .elapsed = LP_MINUTE },
		[LP_UNIT_HOUR] = { .elapsed = LP_HOUR },
		[LP_UNIT_DAY] = { .days = 1 },
		[LP_UNIT_WEEK] = { .days = 7 },
		[LP_UNIT_MONTH] = { .months = 1 },
		[LP_UNIT_QUARTER] = { .months = 3 },
		[LP_UNIT_YEAR] = { .months = 12 },
	};

	assert((size_t)span.unit < sizeof units / sizeof *units);
	struct length unit = units[span.unit];
	return (struct length){ span.count * unit.months, span.count * unit.days, span.count * unit.elapsed };
}

static bool same_length(struct length a, struct length b)
{
	return a.months == b.months && a.days == b.days && a.elapsed == b.elapsed;
}

/*
 * Seconds, near enough to compare lengths of different kinds. Not microseconds:
 * two thousand million years, which somebody may well write, have too many of those.
 */
static int64_t about(struct length length)
{
	const int64_t day = LP_DAY / LP_SECOND;
	return length.months * (146097 * day / 4800) + length.days * day + length.elapsed / LP_SECOND;
}

static bool is_too_long(int64_t seconds)
{
	return seconds > 366 * YEARS_MOST * (LP_DAY / LP_SECOND);
}

static bool fail_schedule(struct lp_error *error, const char *what, struct lp_span span, const char *why)
{
	char text[24];
	lp_span_format(span, text);
	return lp_fail(error, LP_EXIT_DATA, "%s: %s is %s", what, text, why);
}

static bool check_every(struct lp_span every, struct lp_error *error)
{
	struct length length = length_of(every);
	if (every.count <= 0) {
		return fail_schedule(error, "every", every, "not more than nothing");
	}
	if (length.elapsed >= LP_DAY) {
		fail_schedule(error, "every", every, "too long: seconds, minutes and hours start again each day");
		int64_t days = length.elapsed / LP_DAY;
		return lp_hint(error, "Write %d day%s: a day on the clock, which has 23 or 25 hours twice a year.",
		               (int)days, days == 1 ? "" : "s");
	}
	if (length.months > YEARS_MOST * 12 || length.days > YEARS_MOST * 366) {
		return fail_schedule(error, "every", every, "above 100 years");
	}
	return true;
}

static bool check_window(struct lp_span window, struct lp_span every, struct lp_error *error)
{
	struct length length = length_of(window), step = length_of(every);
	if (window.count <= 0) {
		return fail_schedule(error, "window", window, "not more than nothing");
	}
	if (is_too_long(about(length))) {
		return fail_schedule(error, "window", window, "above 100 years");
	}
	if (about(length) >= about(step)) {
		return true;
	}
	bool whole_part = length.elapsed > 0 ? (step.days * LP_DAY + step.elapsed) % length.elapsed == 0
	                  : length.days > 0  ? step.days % length.days == 0
	                                     : step.months % length.months == 0;
	if (!whole_part) {
		fail_schedule(error, "window", window, "shorter than every, and not a whole part of it");
		return lp_hint(error, "A window is as long as `every`, longer (then windows overlap), or divides it.");
	}
	return true;
}

static bool check_offset(struct lp_span offset, struct lp_span every, struct lp_error *error)
{
	struct length length = length_of(offset), step = length_of(every);
	if ((length.months != 0 && step.months == 0) || (length.days != 0 && step.elapsed != 0)) {
		return fail_schedule(error, "offset", offset, "in a longer unit than every");
	}
	/* Short steps start again each day, so their offset can be anything within it. */
	int64_t most = step.elapsed != 0 ? LP_DAY / LP_SECOND : about(step);
	if (about(length) >= most || about(length) <= -most) {
		return fail_schedule(error, "offset", offset,
		                     step.elapsed != 0 ? "not shorter than a day" : "not shorter than every");
	}
	return true;
}

bool lp_schedule_check(const struct lp_schedule *schedule, struct lp_error *error)
{
	const struct lp_zone *zone;

	if (!check_every(schedule->every, error) || !check_window(schedule->window, schedule->every, error) ||
	    !check_offset(schedule->offset, schedule->every, error)) {
		return false;
	}
	if (schedule->delay < 0 || schedule->delay > 366 * LP_DAY) {
		return lp_fail(error, LP_EXIT_DATA, "delay: not between 0 and 366 days");
	}
	if (schedule->week_start < 1 || schedule->week_start > 7) {
		return lp_fail(error, LP_EXIT_DATA, "week_start: not between 1 (Monday) and 7 (Sunday)");
	}
	return lp_zone_find(schedule->zone, &zone, error);
}

/* A schedule made ready for arithmetic. */
struct plan {
	const struct lp_zone *zone;
	struct length every, window, offset;
	int64_t week_shift; /* days from 1970-01-01 to the first day of its week */
};

static struct plan plan_of(const struct lp_schedule *schedule, const struct lp_zone *zone)
{
	assert(schedule->every.count > 0 && schedule->window.count > 0);
	struct plan plan = { zone, length_of(schedule->every), length_of(schedule->window), length_of(schedule->offset),
		             0 };
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
	int64_t year = lp_floor_divide(months, 12);
	int64_t day = lp_days_from_date(1970 + year, (int32_t)(months - year * 12) + 1, 1);
	return (day + plan->offset.days) * LP_DAY + plan->offset.elapsed;
}

static int64_t local_of_days(const struct plan *plan, int64_t days)
{
	return (days + plan->offset.days) * LP_DAY + plan->offset.elapsed;
}

/* Local time of the boundary of that number; every in days or longer. */
static int64_t boundary_local(const struct plan *plan, int64_t number)
{
	if (plan->every.months != 0) {
		return local_of_months(plan, number * plan->every.months);
	}
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
	while (lp_zone_to_utc(plan->zone, boundary_local(plan, number)) > t) {
		number--;
	}
	while (lp_zone_to_utc(plan->zone, boundary_local(plan, number + 1)) <= t) {
		number++;
	}
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
	while (origin_of(plan, day) > t) {
		day--;
	}
	while (origin_of(plan, day + 1) <= t) {
		day++;
	}
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

/* Months before a local time; a day that the month does not have becomes its last. */
static int64_t local_months_before(int64_t local, int64_t months)
{
	struct lp_civil civil;
	lp_civil_from_local(local, &civil);
	int64_t total = civil.year * INT64_C(12) + civil.month - 1 - months;
	int64_t year = lp_floor_divide(total, 12);
	civil.year = (int32_t)year;
	civil.month = (int32_t)(total - year * 12) + 1;
	int32_t last = lp_days_in_month(year, civil.month);
	civil.day = civil.day < last ? civil.day : last;
	return lp_civil_to_local(&civil);
}

/*
 * The start of the window that ends at `end`, whose local time is `local`.
 * Where dates were left out of the calendar, the start would not lie before
 * the end: then it is moved on by another day.
 */
static lp_time start_of(const struct plan *plan, lp_time end, int64_t local)
{
	if (plan->window.elapsed != 0) {
		return end - plan->window.elapsed;
	}
	int64_t earlier = local;
	if (plan->window.months != 0) {
		/* The offset would otherwise push ends of months into their neighbours. */
		int64_t moved = plan->every.elapsed == 0 ? plan->offset.days * LP_DAY + plan->offset.elapsed : 0;
		earlier = local_months_before(local - moved, plan->window.months) + moved;
	}
	earlier -= plan->window.days * LP_DAY;
	lp_time start;
	while ((start = lp_zone_to_utc(plan->zone, earlier)) >= end) {
		earlier -= LP_DAY;
	}
	return start;
}

static struct lp_window window_of_piece(const struct plan *plan, struct lp_window piece)
{
	if (!same_length(plan->every, plan->window)) {
		piece.start = start_of(plan, piece.end, piece.end + lp_zone_offset(plan->zone, piece.end, NULL));
	}
	return piece;
}

static struct lp_window window_to_boundary(const struct plan *plan, int64_t number)
{
	int64_t local = boundary_local(plan, number);
	lp_time end = lp_zone_to_utc(plan->zone, local);
	return (struct lp_window){ start_of(plan, end, local), end };
}

static struct lp_window ending_by(const struct plan *plan, lp_time t)
{
	return plan->every.elapsed != 0 ? window_of_piece(plan, piece_by(plan, t))
	                                : window_to_boundary(plan, boundary_by(plan, t));
}

static struct lp_window ending_after(const struct plan *plan, lp_time t)
{
	if (plan->every.elapsed != 0) {
		return window_of_piece(plan, piece_after(plan, t));
	}
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
	if (t < LP_TIME_MIN) {
		return false;
	}
	struct plan plan = plan_of(schedule, zone);
	*window = ending_by(&plan, t < LP_TIME_MAX ? t : LP_TIME_MAX);
	assert(window->start < window->end);
	return is_within_years(window);
}

bool lp_window_ending_after(const struct lp_schedule *schedule, const struct lp_zone *zone, lp_time t,
                            struct lp_window *window)
{
	if (t >= LP_TIME_MAX) {
		return false;
	}
	struct plan plan = plan_of(schedule, zone);
	/* Ends before this have their starts in the year 0, whatever the length of months and days. */
	lp_time earliest = LP_TIME_MIN + about(plan.window) * LP_SECOND - (plan.window.months != 0 ? 33 : 2) * LP_DAY;
	*window = ending_after(&plan, t > earliest ? t : earliest);
	while (window->start < LP_TIME_MIN) {
		*window = ending_after(&plan, window->end);
	}
	assert(window->start < window->end);
	return is_within_years(window);
}

/* A time moved on the calendar of the zone, where the span is of days or longer. */
static lp_time shifted(const struct lp_zone *zone, lp_time t, struct lp_span shift)
{
	struct length length = length_of(shift);
	if (length.months == 0 && length.days == 0) {
		return t + length.elapsed;
	}
	int64_t local = t + lp_zone_offset(zone, t, NULL);
	if (length.months != 0) {
		local = local_months_before(local, -length.months);
	}
	return lp_zone_to_utc(zone, local + length.days * LP_DAY);
}

/* Whether a window is of whole months: from some time of a day of the month to the same of a later one. */
static bool is_of_months(int64_t local_start, int64_t local_end)
{
	struct lp_civil start, end;
	lp_civil_from_local(local_start, &start);
	lp_civil_from_local(local_end, &end);
	return start.day == end.day && lp_floor_divide(local_start, LP_DAY) * LP_DAY - local_start ==
	                                       lp_floor_divide(local_end, LP_DAY) * LP_DAY - local_end;
}

/*
 * The end of a window, moved. By months it goes with the last moment before it,
 * so that the 28th of March is moved to the 28th of February, although its end,
 * the 29th, is moved there as well; a window of months stays one.
 */
static lp_time shifted_end(const struct lp_zone *zone, struct lp_window window, struct lp_span shift)
{
	int64_t months = length_of(shift).months;
	int64_t start = window.start + lp_zone_offset(zone, window.start, NULL);
	int64_t end = window.end + lp_zone_offset(zone, window.end, NULL);
	if (months == 0 || is_of_months(start, end)) {
		return shifted(zone, window.end, shift);
	}
	return lp_zone_to_utc(zone, local_months_before(end - 1, -months) + 1);
}

bool lp_input_range(const struct lp_zone *zone, struct lp_window window, struct lp_span length, struct lp_span shift,
                    struct lp_window *range)
{
	int64_t shift_seconds = about(length_of(shift));
	*range = window;
	if (window.start < LP_TIME_MIN || window.end > LP_TIME_MAX || is_too_long(shift_seconds) ||
	    is_too_long(-shift_seconds)) {
		return false;
	}
	if (shift.count != 0) {
		range->end = length.count == 0 ? shifted_end(zone, window, shift) : shifted(zone, window.end, shift);
		/* A day that never was would lie before itself. */
		range->start = shifted(zone, window.start, shift);
		if (range->start > range->end) {
			range->start = range->end;
		}
	}
	if (length.count != 0) {
		struct plan plan = { .zone = zone, .window = length_of(length) };
		range->start = start_of(&plan, range->end, range->end + lp_zone_offset(zone, range->end, NULL));
	}
	return is_within_years(range);
}
