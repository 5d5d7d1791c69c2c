/*
 * Spans by what they are made of, for the calendar's own files.
 */
#ifndef LP_CALENDAR_LENGTH_H
#define LP_CALENDAR_LENGTH_H

#include "calendar/calendar.h"

/* Definitions name no span beyond this, and the calendar moves nothing further. */
#define LP_LENGTH_YEARS_MOST INT64_C(100)

/* Only one of the three is not zero in what a person wrote. */
struct lp_length {
	int64_t months, days, elapsed;
};

struct lp_length lp_length_of(struct lp_span span);
bool lp_length_equals(struct lp_length a, struct lp_length b);

/*
 * Returns seconds, near enough to compare lengths of different kinds. Not
 * microseconds: a definition may say two thousand million years, which overflow them.
 */
int64_t lp_length_about(struct lp_length length);
bool lp_length_is_too_long(int64_t seconds);

/* Moves a local time back by months (on, if negative). A day that the month does not have becomes its last. */
int64_t lp_local_months_before(int64_t local, int64_t months);

/* Moves a local time on by a length without an elapsed part, on the calendar. */
int64_t lp_local_after(int64_t local, struct lp_length length);

/*
 * So much before an instant whose local time is known.  Where dates were left
 * out of the calendar, that would not lie before it: then it is moved on by
 * another day.
 */
lp_time lp_time_before(const struct lp_zone *zone, lp_time end, int64_t local, struct lp_length length);

/*
 * Fills the local time that a boundary was made from.  If clocks left that time
 * out, they showed another one: a day that begins when clocks go forward at
 * midnight was made from midnight.  False: boundaries are of elapsed time, or this
 * is none.
 */
bool lp_boundary_local(const struct lp_schedule *schedule, const struct lp_zone *zone, lp_time boundary,
                       int64_t *local);

/*
 * If windows end with months: moves one of their boundaries on by months (back, if
 * negative), to where the offset puts it there, so that the 31st is followed by the
 * 28th of February, and that by the 31st.  False: windows do not end with months,
 * or this is no boundary.
 */
bool lp_boundary_after(const struct lp_schedule *schedule, const struct lp_zone *zone, lp_time boundary, int64_t months,
                       lp_time *other);

#endif
