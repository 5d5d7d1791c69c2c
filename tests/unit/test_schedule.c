/* What is due: given this batch at this tick, expect these windows. */
#include "schedule/schedule.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct lp_zone *zone_named(const char *name)
{
	const struct lp_zone *zone;
	struct lp_error error;
	ck_assert_msg(lp_zone_find(name, &zone, &error), "%s", error.what);
	return zone;
}

/* Local to the zone; "-": none; "max": the end of time. */
static lp_time when(const char *text, const char *zone)
{
	lp_time t;
	struct lp_error error;
	if (strcmp(text, "-") == 0)
		return LP_TIME_NONE;
	if (strcmp(text, "max") == 0)
		return LP_TIME_MAX;
	ck_assert_msg(lp_time_parse(text, zone_named(zone), &t, &error), "%s: %s", text, error.what);
	return t;
}

struct story {
	const char *name;
	const char *zone, *every, *window;
	int64_t delay;
	const char *start, *watermark, *tick, *upstream;
	size_t most;
	/* Expected: */
	size_t count;
	const char *first, *last; /* where the first window begins and the last one ends */
	uint64_t left;
	bool held_back;
	const char
		*next; /* the tick at which the next one becomes due, were all of these settled; "-": not looked at */
};

#define DAY1 "2026-01-01T"
static const struct story stories[] = {
	{ "a new one begins with the newest window", "UTC", "1 minute", "1 minute", 0, "-", "-", DAY1 "12:00", "max", 9,
	  1, DAY1 "11:59", DAY1 "12:00", 0, false, "-" },
	{ "with a start it catches up from there", "UTC", "1 minute", "1 minute", 0, DAY1 "11:55", "-", DAY1 "12:00",
	  "max", 9, 5, DAY1 "11:55", DAY1 "12:00", 0, false, "-" },
	{ "oldest first, within the limit", "UTC", "1 minute", "1 minute", 0, DAY1 "11:55", "-", DAY1 "12:00", "max", 2,
	  2, DAY1 "11:55", DAY1 "11:57", 3, false, "-" },
	{ "it goes on from the watermark", "UTC", "1 minute", "1 minute", 0, "-", DAY1 "11:58", DAY1 "12:00", "max", 9,
	  2, DAY1 "11:58", DAY1 "12:00", 0, false, "-" },
	{ "settled is settled", "UTC", "1 minute", "1 minute", 0, "-", DAY1 "12:00", DAY1 "12:00", "max", 9, 0, NULL,
	  NULL, 0, false, DAY1 "12:01" },
	{ "the delay is waited for", "UTC", "1 minute", "1 minute", 90 * LP_SECOND, "-", DAY1 "11:57", DAY1 "12:00",
	  "max", 9, 1, DAY1 "11:57", DAY1 "11:58", 0, false, "-" },
	{ "a watermark before the start", "UTC", "1 hour", "1 hour", 0, DAY1 "10:30", DAY1 "08:00", DAY1 "13:00", "max",
	  9, 2, DAY1 "11:00", DAY1 "13:00", 0, false, "-" },
	{ "a start that lies ahead", "UTC", "1 hour", "1 hour", 0, DAY1 "15:00", "-", DAY1 "13:00", "max", 9, 0, NULL,
	  NULL, 0, false, DAY1 "16:00" },
	{ "sliding: no window begins before the start", "UTC", "1 minute", "5 minutes", 0, DAY1 "11:50", "-",
	  DAY1 "12:00", "max", 9, 6, DAY1 "11:50", DAY1 "12:00", 0, false, "-" },
	{ "sliding over days", "UTC", "1 day", "7 days", 0, DAY1 "00:00", "-", "2026-01-10", "max", 9, 3, DAY1 "00:00",
	  "2026-01-10", 0, false, "-" },
	{ "up to where its input has come", "UTC", "1 minute", "1 minute", 0, DAY1 "11:55", "-", DAY1 "12:00",
	  DAY1 "11:57", 9, 2, DAY1 "11:55", DAY1 "11:57", 0, true, "-" },
	{ "its input has computed nothing", "UTC", "1 minute", "1 minute", 0, DAY1 "11:55", "-", DAY1 "12:00", "-", 9,
	  0, NULL, NULL, 0, true, "-" },
	{ "new, and its input has computed nothing", "UTC", "1 minute", "1 minute", 0, "-", "-", DAY1 "12:00", "-", 9,
	  0, NULL, NULL, 0, true, "-" },
	{ "new, and its input is behind", "UTC", "1 minute", "1 minute", 0, "-", "-", DAY1 "12:00", DAY1 "11:57", 9, 1,
	  DAY1 "11:56", DAY1 "11:57", 0, true, "-" },
	{ "its input is ahead", "UTC", "1 minute", "1 minute", 0, "-", DAY1 "11:58", DAY1 "12:00", DAY1 "12:00", 9, 2,
	  DAY1 "11:58", DAY1 "12:00", 0, false, "-" },
	{ "a day of 23 hours", "Europe/Berlin", "1 day", "1 day", 0, "2026-03-29", "-", "2026-03-30", "max", 9, 1,
	  "2026-03-29", "2026-03-30", 0, false, "2026-03-31" },
	{ "23 hours of it", "Europe/Berlin", "1 hour", "1 hour", 0, "2026-03-29", "-", "2026-03-30", "max", 50, 23,
	  "2026-03-29", "2026-03-30", 0, false, "-" },
	{ "25 hours in autumn", "Europe/Berlin", "1 hour", "1 hour", 0, "2026-10-25", "-", "2026-10-26", "max", 50, 25,
	  "2026-10-25", "2026-10-26", 0, false, "-" },
	{ "months", "Europe/Berlin", "1 month", "1 month", LP_DAY, "2025-12-01", "-", "2026-03-01", "max", 9, 2,
	  "2025-12-01", "2026-02-01", 0, false, "2026-03-02" },
	{ "counting without computing", "UTC", "1 hour", "1 hour", 0, DAY1 "00:00", "-", DAY1 "12:00", "max", 0, 0,
	  NULL, NULL, 12, false, "-" },
	{ "a year of minutes is estimated", "UTC", "1 minute", "1 minute", 0, "2025-01-01", "-", DAY1 "00:00", "max", 5,
	  5, "2025-01-01T00:00", "2025-01-01T00:05", 525595, false, "-" },
	{ "the year 1", "UTC", "1 year", "1 year", 0, "0001-01-01", "-", "0003-01-01", "max", 9, 2, "0001-01-01",
	  "0003-01-01", 0, false, "-" },
	{ "a tick at the beginning of time", "UTC", "1 day", "1 day", LP_DAY, "-", "-", "0001-01-01", "max", 9, 0, NULL,
	  NULL, 0, false, "-" },
};

static struct lp_batch_head head_of(const struct story *story)
{
	struct lp_batch_head head = { .id = 1, .size = 1, .schedule = { .week_start = 1, .delay = story->delay } };
	struct lp_error error;
	snprintf(head.schedule.zone, sizeof head.schedule.zone, "%s", story->zone);
	head.schedule.offset = (struct lp_span){ 0, LP_UNIT_HOUR };
	ck_assert(lp_span_parse(story->every, &head.schedule.every, &error));
	ck_assert(lp_span_parse(story->window, &head.schedule.window, &error));
	head.start = when(story->start, story->zone);
	head.watermark = when(story->watermark, story->zone);
	return head;
}

START_TEST(windows_of_a_story)
{
	const struct story *story = &stories[_i];
	struct lp_batch_head head = head_of(story);
	struct lp_window windows[64];
	struct lp_due due = { .windows = windows };
	struct lp_error error;
	lp_time tick = when(story->tick, story->zone);
	bool good = lp_schedule_due(&head, tick, when(story->upstream, story->zone), story->most, &due, &error);
	ck_assert_msg(good, "%s: %s", story->name, error.what);
	ck_assert_msg(due.count == story->count, "%s: %zu windows", story->name, due.count);
	ck_assert_msg(due.left == story->left, "%s: %llu left", story->name, (unsigned long long)due.left);
	ck_assert_msg(due.held_back == story->held_back, "%s: held back: %d", story->name, due.held_back);
	if (due.count > 0) {
		ck_assert_msg(windows[0].start == when(story->first, story->zone), "%s: the first", story->name);
		ck_assert_msg(windows[due.count - 1].end == when(story->last, story->zone), "%s: the last",
		              story->name);
		head.watermark = windows[due.count - 1].end;
	}
	for (size_t at = 1; at < due.count; at++)
		ck_assert_msg(windows[at].end > windows[at - 1].end, "%s: the order", story->name);
	if (strcmp(story->next, "-") != 0) {
		lp_time next;
		ck_assert(lp_schedule_next(&head, tick, &next, &error));
		ck_assert_msg(next == when(story->next, story->zone), "%s: the next", story->name);
	}
}
END_TEST

START_TEST(an_unknown_zone_is_an_error)
{
	struct lp_batch_head head = head_of(&stories[0]);
	struct lp_due due = { 0 };
	struct lp_error error;
	lp_time next;
	snprintf(head.schedule.zone, sizeof head.schedule.zone, "Mars/Olympus");
	ck_assert(!lp_schedule_due(&head, 0, LP_TIME_MAX, 0, &due, &error));
	ck_assert_ptr_nonnull(strstr(error.what, "Mars/Olympus"));
	ck_assert(!lp_schedule_next(&head, 0, &next, &error));
}
END_TEST

/* Two steps with a limit are the same windows as one without: nothing is lost between runs, nothing done twice. */
START_TEST(in_steps_or_at_once)
{
	static const char *const zones[] = { "UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe" };
	struct story story = {
		.zone = zones[_i], .every = "7 minutes", .window = "7 minutes", .start = "2026-03-28", .watermark = "-"
	};
	static struct lp_window all[2000];
	struct lp_window some[13];
	struct lp_batch_head head = head_of(&story);
	struct lp_due due = { .windows = all }, step = { .windows = some };
	struct lp_error error;
	lp_time tick = when("2026-04-06", story.zone);
	ck_assert(lp_schedule_due(&head, tick, LP_TIME_MAX, 2000, &due, &error));
	ck_assert_uint_gt(due.count, 1500);
	size_t at = 0;
	do {
		ck_assert(lp_schedule_due(&head, tick, LP_TIME_MAX, 13, &step, &error));
		for (size_t in = 0; in < step.count; in++, at++) {
			ck_assert_uint_lt(at, due.count);
			ck_assert(some[in].start == all[at].start && some[in].end == all[at].end);
			head.watermark = some[in].end;
		}
	} while (step.count > 0);
	ck_assert_uint_eq(at, due.count);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("schedule");
	TCase *tests = tcase_create("due");
	tcase_add_loop_test(tests, windows_of_a_story, 0, (int)(sizeof stories / sizeof stories[0]));
	tcase_add_test(tests, an_unknown_zone_is_an_error);
	tcase_add_loop_test(tests, in_steps_or_at_once, 0, 4);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
