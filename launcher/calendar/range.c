/*
 * What an input reads for a window.
 *
 * Its shift moves the window, on the calendar where it is of days or longer:
 *
 * - Windows of seconds, minutes and hours keep their length.  Their start is
 *   moved, and the end follows, so that each reads as much as it covers: both
 *   hours of 02:00 on the day of 25 read the one of the day before, and what
 *   would begin at a time that clocks left out begins as much later.
 * - Of windows of days both ends are moved, so that a day of 23 hours reads a day
 *   of 24.  By months the last day is moved, and the end is the day after it:
 *   the 28th of March is the 28th of February, although its end, the 29th, is
 *   moved there as well.
 * - Of windows of months both ends are moved; by months to where the windows of
 *   months before and after begin and end.
 *
 * An input's own window ends where the moved one does, and begins so much before;
 * one of months where a window of so many months to there would begin.
 */
#include "calendar/length.h"
#include "calendar/zone_data.h"

static lp_time shifted(const struct lp_zone *zone, lp_time t, struct lp_length shift)
{
	return lp_zone_to_utc(zone, lp_local_after(t + lp_zone_offset(zone, t, NULL), shift));
}

/* Whether days are whole months: from some time of a day of the month to the same of a later one. */
static bool are_months(int64_t local_start, int64_t local_end)
{
	struct lp_civil start, end;
	lp_civil_from_local(local_start, &start);
	lp_civil_from_local(local_end, &end);
	return start.day == end.day && (local_end - local_start) % LP_DAY == 0;
}

static lp_time shifted_end_of_days(const struct lp_zone *zone, struct lp_window window, struct lp_length shift)
{
	int64_t start = window.start + lp_zone_offset(zone, window.start, NULL);
	int64_t end = window.end + lp_zone_offset(zone, window.end, NULL);
	if (shift.months == 0 || are_months(start, end)) {
		return shifted(zone, window.end, shift);
	}
	return lp_zone_to_utc(zone, lp_local_after(end - LP_DAY, shift) + LP_DAY);
}

/* False: its windows do not end with months, or this is one of an earlier definition. */
static bool moved_months(const struct lp_schedule *schedule, const struct lp_zone *zone, struct lp_window window,
                         int64_t months, struct lp_window *moved)
{
	int64_t length = lp_length_of(schedule->window).months;
	lp_time start;
	return lp_boundary_after(schedule, zone, window.end, -length, &start) && start == window.start &&
	       lp_boundary_after(schedule, zone, window.end, months - length, &moved->start) &&
	       lp_boundary_after(schedule, zone, window.end, months, &moved->end);
}

static struct lp_window shifted_window(const struct lp_schedule *schedule, const struct lp_zone *zone,
                                       struct lp_window window, struct lp_length shift)
{
	struct lp_length length = lp_length_of(schedule->window);
	struct lp_window moved;
	if (shift.elapsed != 0) {
		return (struct lp_window){ window.start + shift.elapsed, window.end + shift.elapsed };
	}
	if (shift.months != 0 && length.months != 0 && moved_months(schedule, zone, window, shift.months, &moved)) {
		return moved;
	}
	moved.start = shifted(zone, window.start, shift);
	if (length.elapsed != 0) {
		moved.end = moved.start + (window.end - window.start);
	} else if (length.days != 0) {
		moved.end = shifted_end_of_days(zone, window, shift);
	} else {
		moved.end = shifted(zone, window.end, shift);
	}
	/* A day that never was would lie before itself. */
	if (moved.start > moved.end) {
		moved.start = moved.end;
	}
	return moved;
}

bool lp_input_range(const struct lp_schedule *schedule, const struct lp_zone *zone, struct lp_window window,
                    struct lp_span length, struct lp_span shift, struct lp_window *range)
{
	int64_t seconds = lp_length_about(lp_length_of(shift));
	*range = window;
	if (window.start < LP_TIME_MIN || window.end > LP_TIME_MAX || lp_length_is_too_long(seconds) ||
	    lp_length_is_too_long(-seconds)) {
		return false;
	}
	if (shift.count != 0) {
		*range = shifted_window(schedule, zone, window, lp_length_of(shift));
	}
	struct lp_length own = lp_length_of(length);
	if (length.count != 0 &&
	    (own.months == 0 || !lp_boundary_after(schedule, zone, range->end, -own.months, &range->start))) {
		int64_t local = range->end + lp_zone_offset(zone, range->end, NULL);
		range->start = lp_time_before(zone, range->end, local, own);
	}
	return range->start >= LP_TIME_MIN && range->end <= LP_TIME_MAX;
}
