/*
 * The parts of a time zone, for the calendar's own files.  tzif.c makes a zone once
 * and nothing changes it afterwards, so every thread may read it.
 */
#ifndef LP_CALENDAR_ZONE_DATA_H
#define LP_CALENDAR_ZONE_DATA_H

#include "calendar/calendar.h"

/* Gregorian dates, weekdays included, repeat after this; so do the rules of a zone. */
#define LP_CYCLE (INT64_C(146097) * LP_DAY)
enum { LP_CYCLE_YEARS = 400 };

/* RFC 8536 allows offsets up to this. */
#define LP_ZONE_OFFSET_MOST (26 * LP_HOUR)

/* A stretch of the zone's history that has one offset and one name. */
struct lp_zone_type {
	int64_t offset; /* microseconds to add to UTC */
	const char *abbreviation;
};

struct lp_zone {
	struct lp_zone *next; /* in the cache */
	char name[48];
	bool fixed;                        /* one offset for ever: types[first_type] */
	int64_t offset_least, offset_most; /* of all types */
	lp_time repeat; /* from here on everything is as LP_CYCLE before; INT64_MAX: nothing repeats */
	size_t transition_count;
	lp_time *transitions; /* ascending */
	uint16_t *after;      /* index of the type that holds from each transition on */
	uint16_t first_type;  /* before the first transition */
	size_t type_count;
	struct lp_zone_type *types;
	char *abbreviations;
};

/* When another stretch begins, after t; INT64_MAX: never. */
lp_time lp_zone_next_change(const struct lp_zone *zone, lp_time t);

/* Reads TZif (RFC 8536) version 2 or later.  name is for messages and for the zone. */
bool lp_tzif_read(const char *name, const unsigned char *data, size_t size, struct lp_zone **zone,
                  struct lp_error *error) LP_MUST_CHECK;
void lp_zone_free(struct lp_zone *zone);

/* The rule in a TZif footer: a POSIX TZ string, as RFC 8536 extends it. */
struct lp_posix_change {
	enum { LP_POSIX_JULIAN, LP_POSIX_DAY, LP_POSIX_WEEKDAY } kind;
	int32_t day;         /* JULIAN: 1 to 365, never 29 February; DAY: 0 to 365 */
	int32_t month, week; /* WEEKDAY: week 5 is the last */
	int32_t weekday;     /* 0 Sunday */
	int64_t time;        /* microseconds from local midnight; may be negative or above a day */
};
struct lp_posix_rule {
	char standard_name[16], summer_name[16];
	int64_t standard_offset, summer_offset; /* microseconds to add to UTC */
	bool has_summer;
	struct lp_posix_change to_summer, to_standard;
};
/* text need not end with NUL.  False: it is no such rule. */
bool lp_posix_rule_parse(const char *text, size_t length, struct lp_posix_rule *rule);
/* The two changes of a year, in UTC. */
void lp_posix_rule_year(const struct lp_posix_rule *rule, int32_t year, lp_time *to_summer, lp_time *to_standard);

/* Days since 1970-01-01 of a date whose month is within 1 to 12. */
int64_t lp_days_from_date(int64_t year, int32_t month, int32_t day);
int32_t lp_days_in_month(int64_t year, int32_t month);

/* Rounds towards minus infinity, as all of the calendar does. */
static inline int64_t lp_floor_divide(int64_t dividend, int64_t divisor)
{
	int64_t quotient = dividend / divisor;
	return dividend % divisor != 0 && (dividend < 0) != (divisor < 0) ? quotient - 1 : quotient;
}

#endif
