/* Windows of schedules, as tables: given this schedule at this time, expect this window. */
#include "calendar/calendar.h"
#include "model/embedded.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct lp_zone *zone_named(const char *name)
{
	const struct lp_zone *zone;
	struct lp_error error;

	ck_assert_msg(lp_zone_find(name, &zone, &error), "%s", error.what);
	return zone;
}

static lp_time at(const char *text)
{
	lp_time t;
	struct lp_error error;

	ck_assert_msg(lp_time_parse(text, zone_named("UTC"), &t, &error), "%s", error.what);
	return t;
}

static struct lp_schedule schedule_of(const char *zone, const char *every, const char *window, const char *offset)
{
	struct lp_schedule schedule = { .week_start = 1 };
	struct lp_error error;

	snprintf(schedule.zone, sizeof schedule.zone, "%s", zone);
	ck_assert_msg(lp_span_parse(every, &schedule.every, &error), "%s", error.what);
	ck_assert_msg(lp_span_parse(window, &schedule.window, &error), "%s", error.what);
	ck_assert_msg(lp_span_parse(offset, &schedule.offset, &error), "%s", error.what);
	ck_assert_msg(lp_schedule_check(&schedule, &error), "%s %s: %s", every, window, error.what);
	return schedule;
}

/* The last window that ends by `by`, in UTC. */
static const struct {
	const char *zone, *every, *window, *offset, *by, *start, *end;
} windows[] = {
	{ "UTC", "1 min", "1 min", "0 s", "2026-03-01T12:00:59Z", "2026-03-01T11:59:00Z", "2026-03-01T12:00:00Z" },
	{ "UTC", "1 min", "1 min", "0 s", "2026-03-01T12:00:00Z", "2026-03-01T11:59:00Z", "2026-03-01T12:00:00Z" },
	{ "UTC", "1 min", "5 min", "0 s", "2026-03-01T12:01:00Z", "2026-03-01T11:56:00Z", "2026-03-01T12:01:00Z" },
	{ "UTC", "1 h", "15 min", "0 s", "2026-03-01T12:20:00Z", "2026-03-01T11:45:00Z", "2026-03-01T12:00:00Z" },
	{ "UTC", "15 min", "15 min", "5 min", "2026-03-01T12:21:00Z", "2026-03-01T12:05:00Z", "2026-03-01T12:20:00Z" },
	{ "UTC", "15 min", "15 min", "5 min", "2026-03-01T00:06:00Z", "2026-02-28T23:50:00Z", "2026-03-01T00:05:00Z" },
	/* Seven minutes do not divide a day: its last piece is short. */
	{ "UTC", "7 min", "7 min", "0 s", "2026-03-01T00:00:00Z", "2026-02-28T23:55:00Z", "2026-03-01T00:00:00Z" },
	{ "UTC", "7 min", "7 min", "0 s", "2026-03-01T00:07:00Z", "2026-03-01T00:00:00Z", "2026-03-01T00:07:00Z" },
	/* Before 1970, and leap days. */
	{ "UTC", "1 day", "1 day", "0 s", "1969-12-31T12:00:00Z", "1969-12-30T00:00:00Z", "1969-12-31T00:00:00Z" },
	{ "UTC", "1 month", "1 month", "0 s", "2024-03-01T00:00:00Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z" },
	{ "UTC", "1 month", "3 months", "0 s", "2024-03-31T00:00:00Z", "2023-12-01T00:00:00Z", "2024-03-01T00:00:00Z" },
	{ "UTC", "1 day", "1 month", "0 s", "2023-03-31T00:00:00Z", "2023-02-28T00:00:00Z", "2023-03-31T00:00:00Z" },
	/* From the 31st, or the last of a month that has none; back from the first; hours of more than a day. */
	{ "UTC", "1 month", "1 month", "30 days", "2023-03-05T00:00:00Z", "2023-01-31T00:00:00Z",
	  "2023-02-28T00:00:00Z" },
	{ "UTC", "1 month", "1 month", "30 days", "2023-03-31T00:00:00Z", "2023-02-28T00:00:00Z",
	  "2023-03-31T00:00:00Z" },
	{ "UTC", "1 month", "1 month", "30 days", "2023-04-30T00:00:00Z", "2023-03-31T00:00:00Z",
	  "2023-04-30T00:00:00Z" },
	{ "UTC", "1 month", "1 month", "28 days", "2023-03-05T00:00:00Z", "2023-01-29T00:00:00Z",
	  "2023-02-28T00:00:00Z" },
	{ "UTC", "1 month", "1 month", "28 days", "2024-03-05T00:00:00Z", "2024-01-29T00:00:00Z",
	  "2024-02-29T00:00:00Z" },
	{ "UTC", "1 month", "1 month", "4 weeks", "2023-03-05T00:00:00Z", "2023-01-29T00:00:00Z",
	  "2023-02-28T00:00:00Z" },
	{ "UTC", "1 month", "1 month", "726 h", "2023-03-05T00:00:00Z", "2023-01-31T06:00:00Z",
	  "2023-02-28T06:00:00Z" },
	{ "UTC", "1 month", "3 months", "30 days", "2023-05-15T00:00:00Z", "2023-01-31T00:00:00Z",
	  "2023-04-30T00:00:00Z" },
	{ "UTC", "1 month", "1 day", "30 days", "2023-05-15T00:00:00Z", "2023-04-29T00:00:00Z",
	  "2023-04-30T00:00:00Z" },
	{ "UTC", "1 month", "1 month", "-1 day", "2023-03-05T00:00:00Z", "2023-01-31T00:00:00Z",
	  "2023-02-28T00:00:00Z" },
	{ "UTC", "1 month", "1 month", "-6 h", "2023-03-05T00:00:00Z", "2023-01-31T18:00:00Z", "2023-02-28T18:00:00Z" },
	{ "UTC", "2 months", "2 months", "30 days", "2023-10-15T00:00:00Z", "2023-07-31T00:00:00Z",
	  "2023-09-30T00:00:00Z" },
	{ "UTC", "1 quarter", "1 quarter", "30 days", "2023-05-15T00:00:00Z", "2023-01-31T00:00:00Z",
	  "2023-04-30T00:00:00Z" },
	/* From 6 April, leap year or not; half a year of it. */
	{ "UTC", "1 year", "1 year", "-270 days", "2024-05-01T00:00:00Z", "2023-04-06T00:00:00Z",
	  "2024-04-06T00:00:00Z" },
	{ "UTC", "1 year", "6 months", "-270 days", "2024-05-01T00:00:00Z", "2023-10-06T00:00:00Z",
	  "2024-04-06T00:00:00Z" },
	{ "UTC", "1 year", "2 months", "40 days", "2024-05-01T00:00:00Z", "2023-12-10T00:00:00Z",
	  "2024-02-10T00:00:00Z" },
	{ "UTC", "1 year", "1 year", "-1 day", "2024-05-01T00:00:00Z", "2022-12-31T00:00:00Z", "2023-12-31T00:00:00Z" },
	/* A month that ends two days into a week is one on the calendar. */
	{ "UTC", "1 week", "1 month", "1 day", "2026-04-05T00:00:00Z", "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z" },
	{ "UTC", "1 quarter", "1 quarter", "0 s", "2026-05-01T00:00:00Z", "2026-01-01T00:00:00Z",
	  "2026-04-01T00:00:00Z" },
	{ "UTC", "1 year", "1 year", "3 months", "2026-05-01T00:00:00Z", "2025-04-01T00:00:00Z",
	  "2026-04-01T00:00:00Z" },
	{ "UTC", "1 week", "1 week", "0 s", "2026-03-04T00:00:00Z", "2026-02-23T00:00:00Z", "2026-03-02T00:00:00Z" },
	{ "UTC", "2 days", "2 days", "0 s", "1970-01-04T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-03T00:00:00Z" },
	{ "UTC", "1 day", "1 day", "-1 hour", "2026-03-01T23:00:00Z", "2026-02-28T23:00:00Z", "2026-03-01T23:00:00Z" },
	/* Berlin: the day of 23 hours, the gas day, the day of 25 hours. */
	{ "Europe/Berlin", "1 day", "1 day", "0 s", "2026-03-30T00:00:00Z", "2026-03-28T23:00:00Z",
	  "2026-03-29T22:00:00Z" },
	{ "Europe/Berlin", "1 day", "1 day", "6 h", "2026-03-29T04:00:00Z", "2026-03-28T05:00:00Z",
	  "2026-03-29T04:00:00Z" },
	{ "Europe/Berlin", "1 day", "1 day", "0 s", "2026-10-25T23:00:00Z", "2026-10-24T22:00:00Z",
	  "2026-10-25T23:00:00Z" },
	{ "Europe/Berlin", "1 hour", "1 hour", "0 s", "2026-10-25T01:00:00Z", "2026-10-25T00:00:00Z",
	  "2026-10-25T01:00:00Z" },
	{ "Europe/Berlin", "1 hour", "24 hours", "0 s", "2026-10-25T23:00:00Z", "2026-10-24T23:00:00Z",
	  "2026-10-25T23:00:00Z" },
	{ "Europe/Berlin", "1 hour", "1 day", "0 s", "2026-10-25T23:00:00Z", "2026-10-24T22:00:00Z",
	  "2026-10-25T23:00:00Z" },
	{ "Europe/Berlin", "4 h", "4 h", "0 s", "2026-03-29T22:00:00Z", "2026-03-29T19:00:00Z",
	  "2026-03-29T22:00:00Z" },
	{ "Europe/Berlin", "4 h", "4 h", "0 s", "2026-10-25T23:00:00Z", "2026-10-25T22:00:00Z",
	  "2026-10-25T23:00:00Z" },
	/* Half an hour of summer time, three quarters of an hour off. */
	{ "Australia/Lord_Howe", "1 day", "1 day", "0 s", "2026-04-06T00:00:00Z", "2026-04-04T13:00:00Z",
	  "2026-04-05T13:30:00Z" },
	{ "Asia/Kathmandu", "1 hour", "1 hour", "0 s", "2026-03-01T12:20:00Z", "2026-03-01T11:15:00Z",
	  "2026-03-01T12:15:00Z" },
	/* Apia went from the end of 2011-12-29 to 2011-12-31. */
	{ "Pacific/Apia", "1 day", "1 day", "0 s", "2011-12-30T10:00:00Z", "2011-12-29T10:00:00Z",
	  "2011-12-30T10:00:00Z" },
	{ "Pacific/Apia", "1 hour", "1 hour", "0 s", "2011-12-30T10:00:00Z", "2011-12-30T09:00:00Z",
	  "2011-12-30T10:00:00Z" },
	{ "Pacific/Apia", "1 hour", "1 day", "0 s", "2011-12-30T20:00:00Z", "2011-12-29T20:00:00Z",
	  "2011-12-30T20:00:00Z" },
	/* Midnight does not exist where clocks go forward at it. */
	{ "America/Sao_Paulo", "1 day", "1 day", "0 s", "2018-11-05T02:00:00Z", "2018-11-04T03:00:00Z",
	  "2018-11-05T02:00:00Z" },
	/* Far in the future the rules repeat. */
	{ "Europe/Berlin", "1 day", "1 day", "0 s", "9990-07-01T12:00:00Z", "9990-06-29T22:00:00Z",
	  "9990-06-30T22:00:00Z" },
};

static void check_window(const char *which, const struct lp_window *window, lp_time start, lp_time end)
{
	char text[4][40];
	const struct lp_zone *utc = zone_named("UTC");

	lp_time_format(window->start, utc, text[0]);
	lp_time_format(window->end, utc, text[1]);
	lp_time_format(start, utc, text[2]);
	lp_time_format(end, utc, text[3]);
	ck_assert_msg(window->start == start && window->end == end, "%s: expected %s to %s, got %s to %s", which,
	              text[2], text[3], text[0], text[1]);
}

START_TEST(window_ending_by_a_time)
{
	struct lp_schedule schedule =
		schedule_of(windows[_i].zone, windows[_i].every, windows[_i].window, windows[_i].offset);
	const struct lp_zone *zone = zone_named(schedule.zone);
	lp_time start = at(windows[_i].start), end = at(windows[_i].end);
	struct lp_window window;

	ck_assert(lp_window_ending_by(&schedule, zone, at(windows[_i].by), &window));
	check_window("ending by", &window, start, end);
	ck_assert(lp_window_ending_after(&schedule, zone, end - 1, &window));
	check_window("ending after", &window, start, end);
	/* Nothing between this end and the time asked for. */
	ck_assert(lp_window_ending_after(&schedule, zone, end, &window));
	ck_assert_int_gt(window.end, at(windows[_i].by));
}
END_TEST

/* How many windows end within a local day, and how long the shortest and the longest are, in seconds. */
static const struct {
	const char *zone, *every, *from, *to;
	int count, shortest, longest;
} days[] = {
	{ "UTC", "1 h", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", 24, 3600, 3600 },
	{ "UTC", "7 min", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", 206, 300, 420 },
	{ "Europe/Berlin", "1 h", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 23, 3600, 3600 },
	{ "Europe/Berlin", "1 h", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 25, 3600, 3600 },
	{ "Europe/Berlin", "15 min", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 100, 900, 900 },
	{ "Europe/Berlin", "7 min", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 215, 120, 420 },
	{ "Europe/Berlin", "1 day", "2025-12-31T23:00:00Z", "2026-12-31T23:00:00Z", 365, 82800, 90000 },
	{ "Australia/Lord_Howe", "1 h", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z", 25, 1800, 3600 },
	{ "Pacific/Apia", "1 day", "2011-12-01T10:00:00Z", "2011-12-31T10:00:00Z", 30, 86400, 86400 },
	{ "UTC", "1 month", "2023-12-31T00:00:00Z", "2024-12-31T00:00:00Z", 12, 29 * 86400, 31 * 86400 },
};

START_TEST(windows_of_a_day)
{
	struct lp_schedule schedule = schedule_of(days[_i].zone, days[_i].every, days[_i].every, "0 s");
	const struct lp_zone *zone = zone_named(schedule.zone);
	lp_time to = at(days[_i].to), before = at(days[_i].from);
	int64_t shortest = INT64_MAX, longest = 0;
	int count = 0;
	struct lp_window window;

	while (lp_window_ending_after(&schedule, zone, before, &window) && window.end <= to) {
		int64_t length = (window.end - window.start) / LP_SECOND;
		ck_assert_int_gt(length, 0);
		ck_assert_int_gt(window.end, before);
		/* Tumbling windows leave no gap and do not overlap. */
		ck_assert(count == 0 || window.start == before);
		shortest = length < shortest ? length : shortest;
		longest = length > longest ? length : longest;
		before = window.end;
		count++;
	}
	ck_assert_int_eq(count, days[_i].count);
	ck_assert_int_eq(shortest, days[_i].shortest);
	ck_assert_int_eq(longest, days[_i].longest);
}
END_TEST

START_TEST(both_directions_agree_everywhere)
{
	static const char *const zones[] = {
		"UTC",         "Europe/Berlin",     "Australia/Lord_Howe", "Pacific/Apia",
		"Asia/Tehran", "America/Sao_Paulo", "Africa/Casablanca",   "America/Havana"
	};
	static const char *const spans[] = { "1 s",    "7 min",   "1 h",       "5 h",      "1 day", "3 days",
		                             "1 week", "1 month", "1 quarter", "5 months", "1 year" };
	enum { SPANS = sizeof spans / sizeof *spans };

	srandom(7);
	for (int i = 0; i < 40000; i++) {
		const char *name = zones[(size_t)random() % (sizeof zones / sizeof *zones)];
		size_t every = (size_t)random() % SPANS;
		size_t window = every + (size_t)random() % (SPANS - every);
		struct lp_schedule schedule = schedule_of(name, spans[every], spans[window], "0 s");
		const struct lp_zone *zone = zone_named(name);
		lp_time t =
			at("1960-01-01") + (random() * INT64_C(4294967296) + random()) % (INT64_C(140) * 365 * LP_DAY);
		struct lp_window by, after, again;

		ck_assert(lp_window_ending_by(&schedule, zone, t, &by));
		ck_assert(lp_window_ending_after(&schedule, zone, t, &after));
		ck_assert(by.end <= t && t < after.end);
		ck_assert(by.start < by.end && after.start < after.end);
		ck_assert(lp_window_ending_after(&schedule, zone, by.end, &again));
		check_window(name, &again, after.start, after.end);
		ck_assert(lp_window_ending_by(&schedule, zone, after.end - 1, &again));
		check_window(name, &again, by.start, by.end);
	}
}
END_TEST

START_TEST(windows_stay_within_the_years)
{
	struct lp_schedule schedule = schedule_of("UTC", "1 day", "1 year", "0 s");
	const struct lp_zone *utc = zone_named("UTC");
	struct lp_window window;

	ck_assert(!lp_window_ending_by(&schedule, utc, LP_TIME_NONE, &window));
	ck_assert(!lp_window_ending_by(&schedule, utc, at("0001-06-01"), &window));
	ck_assert(lp_window_ending_after(&schedule, utc, LP_TIME_NONE, &window));
	check_window("first", &window, LP_TIME_MIN, at("0002-01-01"));
	ck_assert(!lp_window_ending_after(&schedule, utc, at("9999-12-31"), &window));
	ck_assert(!lp_window_ending_after(&schedule, utc, INT64_MAX, &window));
	ck_assert(lp_window_ending_by(&schedule, utc, INT64_MAX, &window));
	check_window("last", &window, at("9998-12-31"), at("9999-12-31"));

	schedule = schedule_of("Europe/Berlin", "1 s", "100 years", "0 s");
	ck_assert(lp_window_ending_after(&schedule, zone_named("Europe/Berlin"), LP_TIME_NONE, &window));
	ck_assert_int_ge(window.start, LP_TIME_MIN);
	ck_assert_int_lt(window.start, LP_TIME_MIN + LP_SECOND);
}
END_TEST

START_TEST(weeks_begin_on_any_day)
{
	/* 2026-03-02 is a Monday. */
	for (int start = 1; start <= 7; start++) {
		struct lp_schedule schedule = schedule_of("UTC", "1 week", "1 week", "0 s");
		struct lp_window window;

		schedule.week_start = start;
		ck_assert(lp_window_ending_by(&schedule, zone_named("UTC"), at("2026-03-08T12:00:00Z"), &window));
		lp_time end = at("2026-03-02") + (start - 1) * LP_DAY;
		check_window("week", &window, end - 7 * LP_DAY, end);
	}
}
END_TEST

static const struct {
	const char *every, *window, *offset, *zone, *says; /* says NULL: it is valid */
} checks[] = {
	{ "1 min", "1 min", "0 s", "UTC", NULL },
	{ "1 min", "1 year", "0 s", "Europe/Berlin", NULL },
	{ "1 month", "1 day", "0 s", "UTC", NULL },
	{ "1 day", "6 hours", "0 s", "UTC", NULL },
	{ "1 day", "1 day", "6 h", "UTC", NULL },
	{ "1 min", "1 min", "6 h", "UTC", NULL },
	{ "0 min", "1 min", "0 s", "UTC", "every: 0 minutes is not more than nothing" },
	{ "-1 min", "1 min", "0 s", "UTC", "every: -1 minute is not" },
	{ "24 h", "24 h", "0 s", "UTC", "every: 24 hours is too long" },
	{ "101 years", "101 years", "0 s", "UTC", "above 100 years" },
	{ "1 day", "2147483647 years", "0 s", "UTC", "above 100 years" },
	{ "1 min", "0 s", "0 s", "UTC", "window: 0 seconds is not" },
	{ "1 h", "7 min", "0 s", "UTC", "not a whole part" },
	{ "1 min", "101 years", "0 s", "UTC", "window: 101 years is above" },
	{ "1 h", "1 h", "1 day", "UTC", "offset: 1 day is in a longer unit" },
	{ "1 h", "1 h", "24 h", "UTC", "offset: 24 hours is not shorter than a day" },
	{ "1 day", "1 day", "1 day", "UTC", "offset: 1 day is not shorter than every" },
	{ "1 year", "1 year", "-2147483647 years", "UTC", "not shorter than every" },
	{ "1 h", "1 h", "-2147483647 h", "UTC", "not shorter than a day" },
	{ "1 month", "1 month", "30 days", "UTC", NULL },
	{ "1 month", "1 month", "-28 days", "UTC", NULL },
	{ "1 month", "1 month", "-29 days", "UTC", "offset: -29 days is another day in longer and shorter months" },
	{ "1 month", "1 month", "-673 h", "UTC", "offset: -673 hours is another day" },
	{ "1 month", "1 month", "730 h", "UTC", NULL },
	{ "1 quarter", "1 quarter", "30 days", "UTC", NULL },
	{ "1 quarter", "1 quarter", "45 days", "UTC", "offset: 45 days is another day in longer and shorter months" },
	{ "5 months", "5 months", "5 weeks", "UTC", "offset: 5 weeks is another day" },
	{ "1 year", "1 year", "58 days", "UTC", NULL },
	{ "1 year", "1 year", "59 days", "UTC", "offset: 59 days is another date in a leap year" },
	{ "1 year", "1 year", "-306 days", "UTC", NULL },
	{ "1 year", "1 year", "-307 days", "UTC", "offset: -307 days is another date in a leap year" },
	{ "1 h", "1 h", "0 s", "Mars/Olympus", "there is no time zone \"Mars/Olympus\"" },
};

START_TEST(schedules_are_checked)
{
	struct lp_schedule schedule = { .week_start = 1 };
	struct lp_error error;

	snprintf(schedule.zone, sizeof schedule.zone, "%s", checks[_i].zone);
	ck_assert(lp_span_parse(checks[_i].every, &schedule.every, &error));
	ck_assert(lp_span_parse(checks[_i].window, &schedule.window, &error));
	ck_assert(lp_span_parse(checks[_i].offset, &schedule.offset, &error));
	bool valid = lp_schedule_check(&schedule, &error);
	ck_assert_msg(valid == (checks[_i].says == NULL), "%s", valid ? "valid" : error.what);
	ck_assert_msg(valid || strstr(error.what, checks[_i].says) != NULL, "%s", error.what);
}
END_TEST

START_TEST(due_windows_are_found_fast)
{
	struct lp_schedule schedule = schedule_of("UTC", "1 min", "1 min", "0 s");
	const struct lp_zone *utc = zone_named("UTC");
	struct lp_window window;
	lp_time t = at("2026-03-01");
	struct timespec before, after;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	for (int i = 0; i < 1000000; i++) {
		if (!lp_window_ending_after(&schedule, utc, t, &window))
			ck_abort_msg("no window after %lld", (long long)t);
		t = window.end;
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	double seconds = (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
	/* A microsecond each, with room for sanitizers on a busy machine. */
	ck_assert_msg(seconds < 10, "%g s for a million windows", seconds);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("calendar_window");
	TCase *tcase = tcase_create("windows");

	tcase_set_timeout(tcase, 100);
	tcase_add_loop_test(tcase, window_ending_by_a_time, 0, sizeof windows / sizeof *windows);
	tcase_add_loop_test(tcase, windows_of_a_day, 0, sizeof days / sizeof *days);
	tcase_add_test(tcase, both_directions_agree_everywhere);
	tcase_add_test(tcase, windows_stay_within_the_years);
	tcase_add_test(tcase, weeks_begin_on_any_day);
	tcase_add_loop_test(tcase, schedules_are_checked, 0, sizeof checks / sizeof *checks);
	tcase_add_test(tcase, due_windows_are_found_fast);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	/* A build without embedded data still has the system's. */
	lp_zone_set_directory(lp_embedded_find("zoneinfo/Europe/Berlin") == NULL ? "/usr/share/zoneinfo" : NULL);
	SRunner *runner = srunner_create(make_suite());
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
