/*
 * The calendar: time zones, windows of a schedule, times as people write them.
 * Knows nothing of calculations or stores.  All of it can be used from any thread.
 */
#ifndef LP_CALENDAR_CALENDAR_H
#define LP_CALENDAR_CALENDAR_H

#include "model/error.h"
#include "model/memory.h"
#include "model/time.h"
#include <stddef.h>

/* A time zone, loaded once, never freed, never changed. */
struct lp_zone;

/* From the user's tzdata directory if one was set, else from the data in the binary. */
bool lp_zone_find(const char *name, const struct lp_zone **zone, struct lp_error *error) LP_MUST_CHECK;
const char *lp_zone_name(const struct lp_zone *zone);
/* Before anything else; NULL: the binary's own. */
void lp_zone_set_directory(const char *directory);
const char *lp_zone_release(void); /* "2026a" */
/* Every name, sorted; ends with NULL. */
const char *const *lp_zone_names(void);

/* Microseconds to add to UTC for local time at t; abbreviation (may be NULL) points into the zone. */
int64_t lp_zone_offset(const struct lp_zone *zone, lp_time t, const char **abbreviation);

/* A date on the proleptic Gregorian calendar with a time of day. */
struct lp_civil {
	int32_t year, month, day; /* 1-based */
	int32_t hour, minute, second, microsecond;
};
void lp_civil_from_local(int64_t local, struct lp_civil *civil); /* microseconds of local time since 1970 */
int64_t lp_civil_to_local(const struct lp_civil *civil);         /* fields may be out of range: they carry over */

/*
 * Local to UTC.  A local time that happens twice is the first of the two, as
 * with fold=0 in Python; one that never happens is moved on by the gap.
 */
lp_time lp_zone_to_utc(const struct lp_zone *zone, int64_t local);

/* "15 minutes", "1 day", "90s", "6h", "1 month", "PT15M": count and unit, singular or plural, short or ISO 8601. */
bool lp_span_parse(const char *text, struct lp_span *span, struct lp_error *error) LP_MUST_CHECK;
void lp_span_format(struct lp_span span, char text[24]); /* "15 minutes", canonical */
/* A length of elapsed time (seconds to weeks of 7 * 24 h, fractions too: "0.5 s", "250 ms"), in microseconds. */
bool lp_duration_parse(const char *text, int64_t *duration, struct lp_error *error) LP_MUST_CHECK;
void lp_duration_format(int64_t duration, char text[32]); /* "1 h 30 min", "250 ms"; parses back */

/*
 * RFC 3339 ("2026-03-01T12:00:00Z", "...+02:00", blank for T), or local to
 * zone where no offset is given; a date alone is its midnight; seconds and
 * fractions may be left out.
 */
bool lp_time_parse(const char *text, const struct lp_zone *zone, lp_time *t, struct lp_error *error) LP_MUST_CHECK;
/* The same text for those who must know what is written: local time, and whether an offset from UTC stands behind it. */
bool lp_time_parse_written(const char *text, int64_t *local, bool *has_offset, int64_t *offset,
                           struct lp_error *error) LP_MUST_CHECK;
/* "2026-03-01T13:00:00+01:00", "...Z" in UTC; fractions only where there are any; LP_TIME_NONE: "-". */
void lp_time_format(lp_time t, const struct lp_zone *zone, char text[40]);
/* The same as a member of a JSON document (text/json.h); LP_TIME_NONE: null. */
void lp_json_add_time(struct lp_text *json, const char *name, lp_time t, const struct lp_zone *zone);
/* Fixed offsets for data in local standard time: "+01:00", "-0800", "UTC+1".  False: it is not of that form. */
bool lp_offset_parse(const char *text, int64_t *offset);

/* Valid, or why not: every > 0, window >= every or a whole part of it, spans that make sense together. */
bool lp_schedule_check(const struct lp_schedule *schedule, struct lp_error *error) LP_MUST_CHECK;

/*
 * Windows of a schedule are ordered by their ends, which are all distinct.
 * Boundaries: seconds, minutes and hours are counted as elapsed time from the
 * local midnight (moved by offset) and start again each day; days and longer
 * are local wall clock.
 * zone must be the schedule's.  False: there is none within years 1 to 9999.
 */
bool lp_window_ending_by(const struct lp_schedule *schedule, const struct lp_zone *zone, lp_time t,
                         struct lp_window *window); /* the last with end <= t */
bool lp_window_ending_after(const struct lp_schedule *schedule, const struct lp_zone *zone, lp_time t,
                            struct lp_window *window); /* the first with end > t */

/* Returns the least and the most length of windows, by the calendar and by all changes of this zone's clocks. */
void lp_window_bounds(const struct lp_schedule *schedule, const struct lp_zone *zone, int64_t *least, int64_t *most);
/*
 * The same of a span of any date, forwards and backwards; least may be negative:
 * the date line has passed over islands.  INT64_MAX: more than a hundred years.
 */
void lp_span_bounds(const struct lp_zone *zone, struct lp_span span, int64_t *least, int64_t *most);

/*
 * Returns true if two windows of the schedule begin at one time, among those that
 * do not begin before `from` (LP_TIME_NONE: 1970). Fills two of them, and in
 * never_from a start from which that cannot happen any more (LP_TIME_NONE: none).
 */
bool lp_windows_of_one_start(const struct lp_schedule *schedule, const struct lp_zone *zone, lp_time from,
                             struct lp_window windows[2], lp_time *never_from);

/*
 * Fills the range that an input reads for a window of the schedule: the window,
 * moved by shift (range.c says how), or the `length` that ends where that does, on
 * the local calendar if a span is days or longer.  count 0: no shift; no length of
 * its own.  zone must be the schedule's.  False: outside of years 1 to 9999.
 */
bool lp_input_range(const struct lp_schedule *schedule, const struct lp_zone *zone, struct lp_window window,
                    struct lp_span length, struct lp_span shift, struct lp_window *range);

#endif
