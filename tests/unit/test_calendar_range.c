/* What an input reads for a window, as tables: given this window, span and shift, expect this range. */
#include "calendar/calendar.h"
#include "calendar/zone_data.h"
#include "model/embedded.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const struct lp_zone *zone_named(const char *name)
{
	const struct lp_zone *zone;
	struct lp_error error;
	ck_assert_msg(lp_zone_find(name, &zone, &error), "%s", error.what);
	return zone;
}

/* Local times of a zone. */
static lp_time at(const char *text, const char *zone)
{
	lp_time t;
	struct lp_error error;
	ck_assert_msg(lp_time_parse(text, zone_named(zone), &t, &error), "%s: %s", text, error.what);
	return t;
}

static struct lp_span span_of(const char *text)
{
	struct lp_span span = { 0 };
	struct lp_error error;
	if (text != NULL)
		ck_assert_msg(lp_span_parse(text, &span, &error), "%s", error.what);
	return span;
}

#define BERLIN    "Europe/Berlin"
#define SAO_PAULO "America/Sao_Paulo"

/* Windows of the tables by their length: of an hour or so, of a day or so, of months. */
static struct lp_schedule schedule_of(struct lp_window window)
{
	int64_t length = window.end - window.start;
	struct lp_span span = { 1, length < 20 * LP_HOUR  ? LP_UNIT_HOUR
		                   : length < 28 * LP_DAY ? LP_UNIT_DAY
		                                          : LP_UNIT_MONTH };
	return (struct lp_schedule){ .every = span, .window = span, .week_start = 1 };
}

/* Times without offset are local. */
static const struct {
	const char *zone, *start, *end, *length, *shift, *from, *to;
} ranges[] = {
	/* Neither: the window itself. */
	{ "UTC", "2026-03-01T12:00", "2026-03-01T13:00", NULL, NULL, "2026-03-01T12:00", "2026-03-01T13:00" },
	/* The last seven days, up to the window's end. */
	{ "UTC", "2026-03-01T12:00", "2026-03-01T13:00", "7 days", NULL, "2026-02-22T13:00", "2026-03-01T13:00" },
	{ BERLIN, "2026-03-30T12:00", "2026-03-30T13:00", "7 days", NULL, "2026-03-23T13:00", "2026-03-30T13:00" },
	{ BERLIN, "2026-03-30T12:00", "2026-03-30T13:00", "1 week", NULL, "2026-03-23T13:00", "2026-03-30T13:00" },
	/* As elapsed time it begins an hour earlier on the clock, before clocks went forward. */
	{ BERLIN, "2026-03-30T12:00", "2026-03-30T13:00", "168 h", NULL, "2026-03-23T12:00", "2026-03-30T13:00" },
	/* Shorter than the window: its end. */
	{ "UTC", "2026-03-01", "2026-03-02", "6 h", NULL, "2026-03-01T18:00", "2026-03-02" },
	/* A day back from a day of 23 hours, and of 25. */
	{ BERLIN, "2026-03-29", "2026-03-30", "1 day", NULL, "2026-03-29", "2026-03-30" },
	{ BERLIN, "2026-03-29", "2026-03-30", "24 h", NULL, "2026-03-28T23:00", "2026-03-30" },
	{ BERLIN, "2026-10-25", "2026-10-26", "24 h", NULL, "2026-10-25T01:00", "2026-10-26" },
	{ BERLIN, "2026-10-25", "2026-10-26", "1 day", NULL, "2026-10-25", "2026-10-26" },
	/* The same hours of last week, whatever clocks did in between. */
	{ "UTC", "2026-03-01T12:00", "2026-03-01T13:00", NULL, "-1 week", "2026-02-22T12:00", "2026-02-22T13:00" },
	{ BERLIN, "2026-03-31T12:00", "2026-03-31T13:00", NULL, "-1 week", "2026-03-24T12:00", "2026-03-24T13:00" },
	{ BERLIN, "2026-10-26T12:00", "2026-10-26T13:00", NULL, "-7 days", "2026-10-19T12:00", "2026-10-19T13:00" },
	{ BERLIN, "2026-10-26T12:00", "2026-10-26T13:00", NULL, "-168 h", "2026-10-19T13:00", "2026-10-19T14:00" },
	{ BERLIN, "2026-04-01", "2026-04-02", NULL, "-1 week", "2026-03-25", "2026-03-26" },
	{ BERLIN, "2026-04-05", "2026-04-06", NULL, "-1 week", "2026-03-29", "2026-03-30" },
	{ BERLIN, "2026-03-22", "2026-03-23", NULL, "1 week", "2026-03-29", "2026-03-30" },
	/* Hours keep their length. Last week's hour that clocks left out is the next; of the two, it is the first. */
	{ BERLIN, "2026-04-05T02:00", "2026-04-05T03:00", NULL, "-1 week", "2026-03-29T03:00", "2026-03-29T04:00" },
	{ BERLIN, "2026-04-05T02:15", "2026-04-05T02:30", NULL, "-1 week", "2026-03-29T03:15", "2026-03-29T03:30" },
	{ BERLIN, "2026-04-05T01:00", "2026-04-05T02:00", NULL, "-1 week", "2026-03-29T01:00", "2026-03-29T03:00" },
	{ BERLIN, "2026-11-01T02:00", "2026-11-01T03:00", NULL, "-1 week", "2026-10-25T02:00+02:00",
	  "2026-10-25T02:00+01:00" },
	{ BERLIN, "2026-11-01T03:00", "2026-11-01T04:00", NULL, "-1 week", "2026-10-25T03:00", "2026-10-25T04:00" },
	/* On the day itself each hour reads its own of the day before, both hours of 02:00 the one. */
	{ BERLIN, "2026-03-29T01:00", "2026-03-29T03:00", NULL, "-1 day", "2026-03-28T01:00", "2026-03-28T02:00" },
	{ BERLIN, "2026-03-29T03:00", "2026-03-29T04:00", NULL, "-1 day", "2026-03-28T03:00", "2026-03-28T04:00" },
	{ BERLIN, "2026-03-29T01:00", "2026-03-29T03:00", "1 h", "-1 day", "2026-03-28T01:00", "2026-03-28T02:00" },
	{ BERLIN, "2026-03-29T01:00", "2026-03-29T03:00", "1 day", "-1 day", "2026-03-27T02:00", "2026-03-28T02:00" },
	{ BERLIN, "2026-03-29T01:45", "2026-03-29T03:00", NULL, "-1 week", "2026-03-22T01:45", "2026-03-22T02:00" },
	{ BERLIN, "2026-03-29T01:00", "2026-03-29T03:00", NULL, "-1 year", "2025-03-29T01:00", "2025-03-29T02:00" },
	{ BERLIN, "2026-10-25T01:00", "2026-10-25T02:00+02:00", NULL, "-1 day", "2026-10-24T01:00",
	  "2026-10-24T02:00" },
	{ BERLIN, "2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", NULL, "-1 day", "2026-10-24T02:00",
	  "2026-10-24T03:00" },
	{ BERLIN, "2026-10-25T02:00+01:00", "2026-10-25T03:00", NULL, "-1 day", "2026-10-24T02:00",
	  "2026-10-24T03:00" },
	{ BERLIN, "2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", "1 h", "-1 day", "2026-10-24T02:00",
	  "2026-10-24T03:00" },
	{ BERLIN, "2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", NULL, "-24 h", "2026-10-24T02:00",
	  "2026-10-24T03:00" },
	{ BERLIN, "2026-10-25T02:00+01:00", "2026-10-25T03:00", NULL, "-24 h", "2026-10-24T03:00", "2026-10-24T04:00" },
	/* A forecast: what comes after the window. */
	{ "UTC", "2026-03-01T12:00", "2026-03-01T13:00", "24 h", "24 h", "2026-03-01T13:00", "2026-03-02T13:00" },
	{ BERLIN, "2026-03-28T12:00", "2026-03-28T13:00", "24 h", "24 h", "2026-03-28T13:00", "2026-03-29T14:00" },
	{ BERLIN, "2026-03-28T12:00", "2026-03-28T13:00", "1 day", "1 day", "2026-03-28T13:00", "2026-03-29T13:00" },
	{ BERLIN, "2026-03-28", "2026-03-29", NULL, "1 day", "2026-03-29", "2026-03-30" },
	/* Minutes that are moved by less than themselves. */
	{ "UTC", "2026-03-01T12:00", "2026-03-01T12:15", NULL, "-1 min", "2026-03-01T11:59", "2026-03-01T12:14" },
	/* Months as long as they are; what the month does not have is its last day. */
	{ "UTC", "2026-03-01", "2026-04-01", NULL, "-1 month", "2026-02-01", "2026-03-01" },
	{ "UTC", "2026-02-01", "2026-03-01", NULL, "-1 month", "2026-01-01", "2026-02-01" },
	{ "UTC", "2026-01-01", "2026-02-01", NULL, "1 month", "2026-02-01", "2026-03-01" },
	{ "UTC", "2026-03-15", "2026-03-16", "1 month", NULL, "2026-02-16", "2026-03-16" },
	{ "UTC", "2026-03-30", "2026-03-31", "1 month", NULL, "2026-02-28", "2026-03-31" },
	{ "UTC", "2024-03-30", "2024-03-31", "1 month", NULL, "2024-02-29", "2024-03-31" },
	{ "UTC", "2026-03-31", "2026-04-01", "1 quarter", NULL, "2026-01-01", "2026-04-01" },
	{ "UTC", "2026-03-01", "2026-04-01", "12 months", "-1 month", "2025-03-01", "2026-03-01" },
	{ BERLIN, "2026-04-01", "2026-05-01", NULL, "-1 month", "2026-03-01", "2026-04-01" },
	{ BERLIN, "2026-03-31", "2026-04-01", "1 month", "-1 day", "2026-02-28", "2026-03-31" },
	/* A day stays a day, an hour an hour, where months end: what a month does not have is its last day. */
	{ "UTC", "2026-02-28", "2026-03-01", NULL, "-1 month", "2026-01-28", "2026-01-29" },
	{ "UTC", "2026-03-28", "2026-03-29", NULL, "-1 month", "2026-02-28", "2026-03-01" },
	{ "UTC", "2026-03-29", "2026-03-30", NULL, "-1 month", "2026-02-28", "2026-03-01" },
	{ "UTC", "2026-03-31", "2026-04-01", NULL, "-1 month", "2026-02-28", "2026-03-01" },
	{ "UTC", "2026-04-30", "2026-05-01", NULL, "-1 month", "2026-03-30", "2026-03-31" },
	{ "UTC", "2026-01-31", "2026-02-01", NULL, "1 month", "2026-02-28", "2026-03-01" },
	{ "UTC", "2026-02-28T23:00", "2026-03-01", NULL, "-1 month", "2026-01-28T23:00", "2026-01-29" },
	{ "UTC", "2026-03-28T23:00", "2026-03-29", NULL, "-1 month", "2026-02-28T23:00", "2026-03-01" },
	{ "UTC", "2026-03-29T23:00", "2026-03-30", NULL, "-1 month", "2026-02-28T23:00", "2026-03-01" },
	{ "UTC", "2026-03-15T06:00", "2026-04-15T06:00", NULL, "-1 month", "2026-02-15T06:00", "2026-03-15T06:00" },
	{ "UTC", "2026-04-01T06:00", "2026-05-01T06:00", NULL, "-1 month", "2026-03-01T06:00", "2026-04-01T06:00" },
	{ "UTC", "2026-01-01", "2026-04-01", NULL, "-1 quarter", "2025-10-01", "2026-01-01" },
	{ BERLIN, "2026-04-29T02:00", "2026-04-29T03:00", NULL, "-1 month", "2026-03-29T03:00", "2026-03-29T04:00" },
	{ BERLIN, "2026-11-25T02:00", "2026-11-25T03:00", NULL, "-1 month", "2026-10-25T02:00+02:00",
	  "2026-10-25T02:00+01:00" },
	/* Days from six to six too, and with a length of their own. */
	{ BERLIN, "2026-03-28T06:00", "2026-03-29T06:00", NULL, "-1 month", "2026-02-28T06:00", "2026-03-01T06:00" },
	{ BERLIN, "2026-03-30T06:00", "2026-03-31T06:00", NULL, "-1 month", "2026-02-28T06:00", "2026-03-01T06:00" },
	{ "UTC", "2026-03-28", "2026-03-29", "1 day", "-1 month", "2026-02-28", "2026-03-01" },
	{ "UTC", "2026-03-28", "2026-03-29", "7 days", "-1 month", "2026-02-22", "2026-03-01" },
	/* The same of last year, a leap day in between or not. */
	{ "UTC", "2024-02-28", "2024-02-29", NULL, "-1 year", "2023-02-28", "2023-03-01" },
	{ "UTC", "2025-02-28", "2025-03-01", NULL, "-1 year", "2024-02-28", "2024-02-29" },
	{ "UTC", "2025-02-28T23:00", "2025-03-01", NULL, "-1 year", "2024-02-28T23:00", "2024-02-29" },
	{ "UTC", "2025-02-01", "2025-03-01", NULL, "-1 year", "2024-02-01", "2024-03-01" },
	{ "UTC", "2025-03-01", "2025-03-02", NULL, "-1 year", "2024-03-01", "2024-03-02" },
	{ "UTC", "2024-02-29", "2024-03-01", NULL, "-1 year", "2023-02-28", "2023-03-01" },
	{ "UTC", "2024-01-01", "2025-01-01", NULL, "-1 year", "2023-01-01", "2024-01-01" },
	{ "UTC", "2024-01-01", "2024-01-02", "1 year", NULL, "2023-01-02", "2024-01-02" },
	/* Apia had no 2011-12-30: as yesterday it is empty, and a day's length reaches the day before. */
	{ "Pacific/Apia", "2011-12-31", "2012-01-01", NULL, "-1 day", "2011-12-31", "2011-12-31" },
	{ "Pacific/Apia", "2012-01-01", "2012-01-02", NULL, "-1 day", "2011-12-31", "2012-01-01" },
	{ "Pacific/Apia", "2011-12-29", "2011-12-30T24:00", "1 day", NULL, "2011-12-29", "2011-12-31" },
	/* The day before it reads a day, not what lies over the date line. */
	{ "Pacific/Apia", "2011-12-29", "2011-12-31", NULL, "-1 day", "2011-12-28", "2011-12-29" },
	{ "Pacific/Apia", "2011-12-29", "2011-12-31", NULL, "-1 week", "2011-12-22", "2011-12-23" },
	{ "Pacific/Apia", "2011-12-29", "2011-12-31", NULL, "1 day", "2011-12-31", "2011-12-31" },
	/* Clocks went forward at midnight, so that the day is from 01:00 on: others are whole all the same. */
	{ SAO_PAULO, "2018-11-03", "2018-11-04T01:00", NULL, "-1 day", "2018-11-02", "2018-11-03" },
	{ SAO_PAULO, "2018-11-03", "2018-11-04T01:00", NULL, "-1 month", "2018-10-03", "2018-10-04" },
	{ SAO_PAULO, "2018-11-04T01:00", "2018-11-05", NULL, "-1 day", "2018-11-03", "2018-11-04T01:00" },
	{ SAO_PAULO, "2018-11-04T01:00", "2018-11-05", NULL, "-1 week", "2018-10-28", "2018-10-29" },
	{ SAO_PAULO, "2018-11-04T01:00", "2018-11-05", NULL, "-1 year", "2017-11-04", "2017-11-05" },
	{ SAO_PAULO, "2018-11-04T01:00", "2018-11-05", NULL, "1 day", "2018-11-05", "2018-11-06" },
	{ SAO_PAULO, "2018-11-03", "2018-11-04T01:00", NULL, "1 day", "2018-11-04T01:00", "2018-11-05" },
	{ SAO_PAULO, "2018-11-05", "2018-11-06", NULL, "-1 day", "2018-11-04T01:00", "2018-11-05" },
	{ SAO_PAULO, "2018-11-03", "2018-11-04T01:00", "7 days", NULL, "2018-10-28", "2018-11-04T01:00" },
	{ SAO_PAULO, "2018-11-04T01:00", "2018-11-05", "2 days", "-1 day", "2018-11-02", "2018-11-04T01:00" },
	{ SAO_PAULO, "2018-11-04T01:00", "2018-11-05", "1 day", "-1 day", "2018-11-03", "2018-11-04T01:00" },
	{ "America/Asuncion", "2017-10-01T01:00", "2017-11-01", NULL, "-1 day", "2017-09-30", "2017-10-31" },
	{ "America/Asuncion", "2017-09-01", "2017-10-01T01:00", NULL, "-1 week", "2017-08-25", "2017-09-24" },
	{ "America/Asuncion", "2017-09-01", "2017-10-01T01:00", "7 days", NULL, "2017-09-24", "2017-10-01T01:00" },
	{ "America/Asuncion", "2017-10-01T01:00", "2017-11-01", "7 days", "-1 month", "2017-09-24",
	  "2017-10-01T01:00" },
	/* Half an hour of summer time. */
	{ "Australia/Lord_Howe", "2026-04-05", "2026-04-06", "1 day", NULL, "2026-04-05", "2026-04-06" },
	{ "Australia/Lord_Howe", "2026-04-05", "2026-04-06", "24 h", NULL, "2026-04-05T00:30", "2026-04-06" },
	/* A hundred years are the most. */
	{ "UTC", "2026-01-01", "2026-01-02", NULL, "-100 years", "1926-01-01", "1926-01-02" },
	{ "UTC", "2026-01-01", "2026-01-02", "100 years", NULL, "1926-01-02", "2026-01-02" },
};

START_TEST(range_of_a_window)
{
	const char *name = ranges[_i].zone;
	const struct lp_zone *zone = zone_named(name);
	struct lp_window window = { at(ranges[_i].start, name), at(ranges[_i].end, name) }, range;
	struct lp_schedule schedule = schedule_of(window);
	ck_assert(
		lp_input_range(&schedule, zone, window, span_of(ranges[_i].length), span_of(ranges[_i].shift), &range));
	char from[40], to[40];
	lp_time_format(range.start, zone, from);
	lp_time_format(range.end, zone, to);
	ck_assert_msg(range.start == at(ranges[_i].from, name) && range.end == at(ranges[_i].to, name),
	              "%s to %s, length %s, shift %s: %s to %s", ranges[_i].start, ranges[_i].end,
	              ranges[_i].length == NULL ? "-" : ranges[_i].length,
	              ranges[_i].shift == NULL ? "-" : ranges[_i].shift, from, to);
}
END_TEST

static const struct {
	const char *start, *end, *length, *shift;
	bool within;
} edges[] = {
	{ "0001-01-01", "0001-01-02", NULL, NULL, true },
	{ "0001-01-01", "0001-01-02", "1 day", NULL, true },
	{ "0001-01-01", "0001-01-02", "25 h", NULL, false },
	{ "0001-01-01", "0001-01-02", "1 month", NULL, false },
	{ "0001-01-01", "0001-01-02", "100 years", NULL, false },
	{ "0001-01-01", "0001-01-02", NULL, "-1 s", false },
	{ "0001-01-01", "0001-01-02", NULL, "-1 day", false },
	{ "0001-01-01", "0001-01-02", NULL, "-1 month", false },
	{ "0001-01-01", "0001-01-02", NULL, "-100 years", false },
	{ "0001-01-01", "0001-01-02", NULL, "1 day", true },
	/* What is shifted out and comes back by its length is out: its other end is. */
	{ "9999-12-30", "9999-12-31", NULL, "-1 year", true },
	{ "9999-12-30", "9999-12-31", NULL, "1 day", false },
	{ "9999-12-30", "9999-12-31", NULL, "24 h", false },
	{ "9999-12-30", "9999-12-31", "1 year", "1 month", false },
	{ "9999-12-30", "9999-12-31", NULL, "100 years", false },
	/* Spans that no definition can have. */
	{ "2026-01-01", "2026-01-02", NULL, "101 years", false },
	{ "2026-01-01", "2026-01-02", NULL, "-101 years", false },
	{ "2026-01-01", "2026-01-02", NULL, "-2147483647 years", false },
	{ "2026-01-01", "2026-01-02", NULL, "2147483647 weeks", false },
};

START_TEST(ranges_stay_within_the_years)
{
	struct lp_window window = { at(edges[_i].start, "UTC"), at(edges[_i].end, "UTC") }, range;
	struct lp_schedule schedule = schedule_of(window);
	bool within = lp_input_range(&schedule, zone_named("UTC"), window, span_of(edges[_i].length),
	                             span_of(edges[_i].shift), &range);
	ck_assert_msg(within == edges[_i].within, "%s to %s", edges[_i].start, edges[_i].end);
	ck_assert(!within || (range.start >= LP_TIME_MIN && range.start < range.end && range.end <= LP_TIME_MAX));
}
END_TEST

/* Months that end where the offset says are moved by months to those that end there too. */
static const struct {
	const char *every, *window, *offset, *end, *shift, *from, *to, *length;
} bills[] = {
	/* An input's own months too. */
	{ "1 month", "1 month", "30 days", "2026-02-28", NULL, "2026-01-31", "2026-02-28", "1 month" },
	{ "1 month", "1 month", "30 days", "2026-04-30", NULL, "2026-01-31", "2026-04-30", "3 months" },
	{ "1 month", "1 month", "-1 day", "2026-03-31", "-1 month", "2026-01-31", "2026-02-28", "1 month" },
	{ "1 month", "1 month", "30 days", "2026-02-28", "-1 month", "2025-12-31", "2026-01-31", NULL },
	{ "1 month", "1 month", "30 days", "2026-03-31", "-1 month", "2026-01-31", "2026-02-28", NULL },
	{ "1 month", "1 month", "-1 day", "2026-02-28", "-1 month", "2025-12-31", "2026-01-31", NULL },
	{ "1 month", "1 month", "-1 day", "2026-03-31", "-1 year", "2025-02-28", "2025-03-31", NULL },
	{ "1 month", "3 months", "29 days", "2026-04-30", "-1 quarter", "2025-10-30", "2026-01-30", NULL },
	{ "1 quarter", "1 quarter", "30 days", "2026-04-30", "-1 quarter", "2025-10-31", "2026-01-31", NULL },
	/* Quarters and years too, where the month moved to ends no quarter and no year. */
	{ "1 quarter", "1 quarter", "30 days", "2026-07-31", "-1 month", "2026-05-31", "2026-06-30", "1 month" },
	{ "1 quarter", "1 quarter", "30 days", "2026-07-31", "-1 month", "2026-03-31", "2026-06-30", "3 months" },
	{ "1 quarter", "1 quarter", "28 days", "2025-01-29", "1 month", "2025-01-29", "2025-02-28", "1 month" },
	{ "1 quarter", "1 quarter", "-1 day", "2026-03-31", "-1 month", "2026-01-31", "2026-02-28", "1 month" },
	{ "1 year", "1 year", "30 days", "2026-01-31", "1 month", "2026-01-31", "2026-02-28", "1 month" },
	{ "1 year", "1 year", "-270 days", "2025-04-06", "-1 year", "2023-04-06", "2024-04-06", NULL },
	/* A month that ends each day ends on the last day of a month that is too short. */
	{ "1 day", "1 month", "0 s", "2026-03-31", "-1 month", "2026-01-28", "2026-02-28", NULL },
};

START_TEST(months_are_moved_to_months)
{
	const struct lp_zone *utc = zone_named("UTC");
	struct lp_schedule schedule = { .every = span_of(bills[_i].every),
		                        .window = span_of(bills[_i].window),
		                        .offset = span_of(bills[_i].offset),
		                        .week_start = 1 };
	struct lp_window window, range;
	char from[40], to[40];
	ck_assert(lp_window_ending_by(&schedule, utc, at(bills[_i].end, "UTC"), &window));
	ck_assert_int_eq(window.end, at(bills[_i].end, "UTC"));
	ck_assert(lp_input_range(&schedule, utc, window, span_of(bills[_i].length), span_of(bills[_i].shift), &range));
	lp_time_format(range.start, utc, from);
	lp_time_format(range.end, utc, to);
	ck_assert_msg(range.start == at(bills[_i].from, "UTC") && range.end == at(bills[_i].to, "UTC"), "%s: %s to %s",
	              bills[_i].end, from, to);
}
END_TEST

/* Of months from all of the 4,800 after which the calendar repeats. */
START_TEST(lengths_of_months_are_those_of_the_calendar)
{
	static int64_t firsts[4800 + 1201];
	for (int64_t month = 0; month < 6001; month++)
		firsts[month] = lp_days_from_date(1970 + month / 12, (int32_t)(month % 12) + 1, 1);
	for (int32_t months = 1; months <= 1200; months++) {
		int64_t fewest = INT64_MAX, many = 0, least, most;
		for (size_t month = 0; month < 4800; month++) {
			int64_t days = firsts[month + (size_t)months] - firsts[month];
			fewest = days < fewest ? days : fewest;
			many = days > many ? days : many;
		}
		lp_span_bounds(zone_named("UTC"), (struct lp_span){ months, LP_UNIT_MONTH }, &least, &most);
		ck_assert_msg(least == fewest * LP_DAY && most == many * LP_DAY, "%d months", (int)months);
	}
}
END_TEST

static const struct {
	const char *zone, *span;
	int64_t least, most; /* in hours */
} lengths[] = {
	{ "UTC", "90 min", 1, 1 },
	{ "UTC", "1 day", 24, 24 },
	{ "UTC", "1 month", 28 * 24, 31 * 24 },
	{ "UTC", "1 quarter", 89 * 24, 92 * 24 },
	{ "UTC", "1 year", 365 * 24, 366 * 24 },
	/* From local mean time to the double summer time of 1945. */
	{ BERLIN, "1 quarter", 89 * 24 - 3, 92 * 24 + 2 },
	/* The date line: from 11 hours behind to 14 ahead, or the other way round. */
	{ "Pacific/Apia", "1 quarter", 89 * 24 - 26, 92 * 24 + 25 },
	{ "Pacific/Apia", "1 day", -2, 49 },
};

START_TEST(lengths_count_in_what_clocks_do)
{
	int64_t least, most;
	lp_span_bounds(zone_named(lengths[_i].zone), span_of(lengths[_i].span), &least, &most);
	ck_assert_int_eq(lp_floor_divide(least, LP_HOUR), lengths[_i].least);
	ck_assert_int_eq(most / LP_HOUR, lengths[_i].most);
}
END_TEST

START_TEST(no_window_has_no_range)
{
	struct lp_window range;
	const struct lp_window out[] = { { LP_TIME_MIN - 1, 0 }, { 0, LP_TIME_MAX + 1 }, { LP_TIME_NONE, 0 } };
	struct lp_schedule schedule = schedule_of((struct lp_window){ 0, LP_DAY });
	for (size_t i = 0; i < sizeof out / sizeof *out; i++)
		ck_assert(!lp_input_range(&schedule, zone_named("UTC"), out[i], (struct lp_span){ 0 },
		                          (struct lp_span){ 0 }, &range));
}
END_TEST

int main(void)
{
	/* A build without embedded data still has the system's. */
	lp_zone_set_directory(lp_embedded_find("zoneinfo/Europe/Berlin") == NULL ? "/usr/share/zoneinfo" : NULL);
	Suite *suite = suite_create("calendar_range");
	TCase *cases = tcase_create("ranges");
	tcase_set_timeout(cases, 100);
	tcase_add_loop_test(cases, range_of_a_window, 0, sizeof ranges / sizeof *ranges);
	tcase_add_loop_test(cases, ranges_stay_within_the_years, 0, sizeof edges / sizeof *edges);
	tcase_add_loop_test(cases, months_are_moved_to_months, 0, sizeof bills / sizeof *bills);
	tcase_add_test(cases, lengths_of_months_are_those_of_the_calendar);
	tcase_add_loop_test(cases, lengths_count_in_what_clocks_do, 0, sizeof lengths / sizeof *lengths);
	tcase_add_test(cases, no_window_has_no_range);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
