/*
 * The range that an input reads for a window.
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
 * A day that ends at a midnight which clocks left out ends at midnight all the
 * same: the time that it was made from is moved, not the one that clocks showed.
 *
 * An input's own window ends where the moved one does, and begins its length before
 * that; one of months begins where a window of as many months that ends there does.
 */
#include "calendar/length.h"
#include "calendar/zone_data.h"

/* Ends of a window in local time. */
struct ends {
	int64_t start, end;
};

static int64_t shown_at(const struct lp_zone *zone, lp_time t)
{
	return t + lp_zone_offset(zone, t, NULL);
}

static int64_t made_from(const struct lp_schedule *schedule, const struct lp_zone *zone, lp_time boundary)
{
	int64_t local;
	return lp_boundary_local(schedule, zone, boundary, &local) ? local : shown_at(zone, boundary);
}

/* A window's length before its end, or after its start, is the other one's local time if it is that instant. */
static int64_t made_with(const struct lp_zone *zone, int64_t local, struct lp_length length, lp_time t,
                         int64_t otherwise)
{
	int64_t other = lp_local_after(local, length);
	return lp_zone_to_utc(zone, other) == t ? other : otherwise;
}

static struct ends ends_of(const struct lp_schedule *schedule, const struct lp_zone *zone, struct lp_window window)
{
	struct lp_length length = lp_length_of(schedule->window);
	struct lp_length back = { -length.months, -length.days, 0 };
	struct ends ends = { shown_at(zone, window.start), made_from(schedule, zone, window.end) };
	if (length.elapsed != 0)
		return ends;
	if (!lp_boundary_local(schedule, zone, window.start, &ends.start))
		ends.start = made_with(zone, ends.end, back, window.start, ends.start);
	/* If a day was left out, two boundaries are one instant. */
	ends.end = made_with(zone, ends.start, length, window.end, ends.end);
	return ends;
}

/* Returns true if days are whole months: from a time of a day of the month to the same of a later one. */
static bool are_months(int64_t local_start, int64_t local_end)
{
	struct lp_civil start, end;
	lp_civil_from_local(local_start, &start);
	lp_civil_from_local(local_end, &end);
	return start.day == end.day && (local_end - local_start) % LP_DAY == 0;
}

static int64_t moved_end_of_days(struct ends ends, struct lp_length shift)
{
	if (shift.months == 0 || are_months(ends.start, ends.end))
		return lp_local_after(ends.end, shift);
	return lp_local_after(ends.end - LP_DAY, shift) + LP_DAY;
}

/* Returns false if windows do not end with months, or this one belongs to an earlier definition. */
static bool moved_months(const struct lp_schedule *schedule, const struct lp_zone *zone, struct lp_window window,
                         int64_t months, struct lp_window *moved)
{
	int64_t length = lp_length_of(schedule->window).months;
	lp_time start;
	return lp_boundary_after(schedule, zone, window.end, -length, &start) && start == window.start &&
	       lp_boundary_after(schedule, zone, window.end, months - length, &moved->start) &&
	       lp_boundary_after(schedule, zone, window.end, months, &moved->end);
}

/* And in local_end the local time of its end. */
static struct lp_window shifted_window(const struct lp_schedule *schedule, const struct lp_zone *zone,
                                       struct lp_window window, struct ends ends, struct lp_length shift,
                                       int64_t *local_end)
{
	struct lp_length length = lp_length_of(schedule->window);
	struct lp_window moved;
	if (shift.elapsed != 0) {
		moved = (struct lp_window){ window.start + shift.elapsed, window.end + shift.elapsed };
		*local_end = shown_at(zone, moved.end);
		return moved;
	}
	if (shift.months != 0 && length.months != 0 && moved_months(schedule, zone, window, shift.months, &moved)) {
		*local_end = made_from(schedule, zone, moved.end);
		return moved;
	}
	moved.start = lp_zone_to_utc(zone, lp_local_after(ends.start, shift));
	if (length.elapsed != 0) {
		moved.end = moved.start + (window.end - window.start);
		*local_end = shown_at(zone, moved.end);
	} else {
		*local_end = length.days != 0 ? moved_end_of_days(ends, shift) : lp_local_after(ends.end, shift);
		moved.end = lp_zone_to_utc(zone, *local_end);
	}
	/* A day that never was would lie before itself. */
	if (moved.start > moved.end)
		moved.start = moved.end;
	return moved;
}

/* An input's own months begin where windows of months would; false: its end is not where those end. */
static bool begin_own_months(const struct lp_schedule *schedule, const struct lp_zone *zone, lp_time window_end,
                             int64_t shift, int64_t own, struct lp_window *range)
{
	lp_time end;
	/* Quarters moved by a month end between the ends of quarters. */
	if (lp_boundary_after(schedule, zone, window_end, shift, &end) && end == range->end)
		return lp_boundary_after(schedule, zone, window_end, shift - own, &range->start);
	return lp_boundary_after(schedule, zone, range->end, -own, &range->start);
}

bool lp_input_range(const struct lp_schedule *schedule, const struct lp_zone *zone, struct lp_window window,
                    struct lp_span length, struct lp_span shift, struct lp_window *range)
{
	int64_t seconds = lp_length_about(lp_length_of(shift)), local_end;
	*range = window;
	if (window.start < LP_TIME_MIN || window.end > LP_TIME_MAX || lp_length_is_too_long(seconds) ||
	    lp_length_is_too_long(-seconds))
		return false;
	if (shift.count == 0 && length.count == 0)
		return true;
	struct ends ends = ends_of(schedule, zone, window);
	local_end = ends.end;
	if (shift.count != 0)
		*range = shifted_window(schedule, zone, window, ends, lp_length_of(shift), &local_end);
	struct lp_length own = lp_length_of(length);
	if (length.count != 0 && (own.months == 0 || !begin_own_months(schedule, zone, window.end,
	                                                               lp_length_of(shift).months, own.months, range)))
		range->start = lp_time_before(zone, range->end, local_end, own);
	return range->start >= LP_TIME_MIN && range->end <= LP_TIME_MAX;
}
