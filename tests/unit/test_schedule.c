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

static const char *either(const char *text, const char *otherwise)
{
	return text != NULL ? text : otherwise;
}

/* Fields that are left out: zone UTC, every and window 1 minute, no start, no watermark, and nothing to wait for. */
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
	const char *
		next; /* the tick at which the next one becomes due, once all of these are settled; NULL: not compared */
};

#define DAY1 "2026-01-01T"
static const struct story stories[] = {
	{ .name = "a new one begins with the newest window",
	  .tick = DAY1 "12:00",
	  .most = 9,
	  .count = 1,
	  .first = DAY1 "11:59",
	  .last = DAY1 "12:00" },
	{ .name = "with a start it catches up from there",
	  .start = DAY1 "11:55",
	  .tick = DAY1 "12:00",
	  .most = 9,
	  .count = 5,
	  .first = DAY1 "11:55",
	  .last = DAY1 "12:00" },
	{ .name = "oldest first, within the limit",
	  .start = DAY1 "11:55",
	  .tick = DAY1 "12:00",
	  .most = 2,
	  .count = 2,
	  .first = DAY1 "11:55",
	  .last = DAY1 "11:57",
	  .left = 3 },
	{ .name = "it goes on from the watermark",
	  .watermark = DAY1 "11:58",
	  .tick = DAY1 "12:00",
	  .most = 9,
	  .count = 2,
	  .first = DAY1 "11:58",
	  .last = DAY1 "12:00" },
	{ .name = "settled is settled",
	  .watermark = DAY1 "12:00",
	  .tick = DAY1 "12:00",
	  .most = 9,
	  .next = DAY1 "12:01" },
	{ .name = "the delay is waited for",
	  .delay = 90 * LP_SECOND,
	  .watermark = DAY1 "11:57",
	  .tick = DAY1 "12:00",
	  .most = 9,
	  .count = 1,
	  .first = DAY1 "11:57",
	  .last = DAY1 "11:58" },
	{ .name = "a watermark before the start",
	  .every = "1 hour",
	  .window = "1 hour",
	  .start = DAY1 "10:30",
	  .watermark = DAY1 "08:00",
	  .tick = DAY1 "13:00",
	  .most = 9,
	  .count = 2,
	  .first = DAY1 "11:00",
	  .last = DAY1 "13:00" },
	{ .name = "a start that lies ahead",
	  .every = "1 hour",
	  .window = "1 hour",
	  .start = DAY1 "15:00",
	  .tick = DAY1 "13:00",
	  .most = 9,
	  .next = DAY1 "16:00" },
	{ .name = "sliding: no window begins before the start",
	  .window = "5 minutes",
	  .start = DAY1 "11:50",
	  .tick = DAY1 "12:00",
	  .most = 9,
	  .count = 6,
	  .first = DAY1 "11:50",
	  .last = DAY1 "12:00" },
	{ .name = "sliding over days",
	  .every = "1 day",
	  .window = "7 days",
	  .start = DAY1 "00:00",
	  .tick = "2026-01-10",
	  .most = 9,
	  .count = 3,
	  .first = DAY1 "00:00",
	  .last = "2026-01-10" },
	{ .name = "up to where its input has come",
	  .start = DAY1 "11:55",
	  .tick = DAY1 "12:00",
	  .upstream = DAY1 "11:57",
	  .most = 9,
	  .count = 2,
	  .first = DAY1 "11:55",
	  .last = DAY1 "11:57",
	  .held_back = true },
	{ .name = "its input has computed nothing",
	  .start = DAY1 "11:55",
	  .tick = DAY1 "12:00",
	  .upstream = "-",
	  .most = 9,
	  .held_back = true },
	{ .name = "new, and its input has computed nothing",
	  .tick = DAY1 "12:00",
	  .upstream = "-",
	  .most = 9,
	  .held_back = true },
	{ .name = "new, and its input is behind",
	  .tick = DAY1 "12:00",
	  .upstream = DAY1 "11:57",
	  .most = 9,
	  .count = 1,
	  .first = DAY1 "11:56",
	  .last = DAY1 "11:57",
	  .held_back = true },
	{ .name = "its input is ahead",
	  .watermark = DAY1 "11:58",
	  .tick = DAY1 "12:00",
	  .upstream = DAY1 "12:00",
	  .most = 9,
	  .count = 2,
	  .first = DAY1 "11:58",
	  .last = DAY1 "12:00" },
	{ .name = "a day of 23 hours",
	  .zone = "Europe/Berlin",
	  .every = "1 day",
	  .window = "1 day",
	  .start = "2026-03-29",
	  .tick = "2026-03-30",
	  .most = 9,
	  .count = 1,
	  .first = "2026-03-29",
	  .last = "2026-03-30",
	  .next = "2026-03-31" },
	{ .name = "23 hours of it",
	  .zone = "Europe/Berlin",
	  .every = "1 hour",
	  .window = "1 hour",
	  .start = "2026-03-29",
	  .tick = "2026-03-30",
	  .most = 50,
	  .count = 23,
	  .first = "2026-03-29",
	  .last = "2026-03-30" },
	{ .name = "25 hours in autumn",
	  .zone = "Europe/Berlin",
	  .every = "1 hour",
	  .window = "1 hour",
	  .start = "2026-10-25",
	  .tick = "2026-10-26",
	  .most = 50,
	  .count = 25,
	  .first = "2026-10-25",
	  .last = "2026-10-26" },
	{ .name = "months",
	  .zone = "Europe/Berlin",
	  .every = "1 month",
	  .window = "1 month",
	  .delay = LP_DAY,
	  .start = "2025-12-01",
	  .tick = "2026-03-01",
	  .most = 9,
	  .count = 2,
	  .first = "2025-12-01",
	  .last = "2026-02-01",
	  .next = "2026-03-02" },
	{ .name = "counting without computing",
	  .every = "1 hour",
	  .window = "1 hour",
	  .start = DAY1 "00:00",
	  .tick = DAY1 "12:00",
	  .left = 12 },
	{ .name = "a year of minutes is estimated",
	  .start = "2025-01-01",
	  .tick = DAY1 "00:00",
	  .most = 5,
	  .count = 5,
	  .first = "2025-01-01T00:00",
	  .last = "2025-01-01T00:05",
	  .left = 525595 },
	{ .name = "the year 1",
	  .every = "1 year",
	  .window = "1 year",
	  .start = "0001-01-01",
	  .tick = "0003-01-01",
	  .most = 9,
	  .count = 2,
	  .first = "0001-01-01",
	  .last = "0003-01-01" },
	{ .name = "a tick at the beginning of time",
	  .every = "1 day",
	  .window = "1 day",
	  .delay = LP_DAY,
	  .tick = "0001-01-01",
	  .most = 9 },
};

static struct lp_batch_head head_of(const struct story *story)
{
	struct lp_batch_head head = { .id = 1, .size = 1, .schedule = { .week_start = 1, .delay = story->delay } };
	struct lp_error error;
	snprintf(head.schedule.zone, sizeof head.schedule.zone, "%s", either(story->zone, "UTC"));
	head.schedule.offset = (struct lp_span){ 0, LP_UNIT_HOUR };
	ck_assert(lp_span_parse(either(story->every, "1 minute"), &head.schedule.every, &error));
	ck_assert(lp_span_parse(either(story->window, "1 minute"), &head.schedule.window, &error));
	head.start = when(either(story->start, "-"), head.schedule.zone);
	head.watermark = when(either(story->watermark, "-"), head.schedule.zone);
	return head;
}

START_TEST(windows_of_a_story)
{
	const struct story *story = &stories[_i];
	struct lp_batch_head head = head_of(story);
	struct lp_window windows[64];
	struct lp_due due = { .windows = windows };
	struct lp_error error;
	lp_time tick = when(story->tick, head.schedule.zone);
	bool good = lp_schedule_due(&head, tick, when(either(story->upstream, "max"), head.schedule.zone), story->most,
	                            &due, &error);
	ck_assert_msg(good, "%s: %s", story->name, error.what);
	ck_assert_msg(due.count == story->count, "%s: %zu windows", story->name, due.count);
	ck_assert_msg(due.left == story->left, "%s: %llu left", story->name, (unsigned long long)due.left);
	ck_assert_msg(due.held_back == story->held_back, "%s: held back: %d", story->name, due.held_back);
	if (due.count > 0) {
		ck_assert_msg(windows[0].start == when(story->first, head.schedule.zone), "%s: the first", story->name);
		ck_assert_msg(windows[due.count - 1].end == when(story->last, head.schedule.zone), "%s: the last",
		              story->name);
		head.watermark = windows[due.count - 1].end;
	}
	for (size_t at = 1; at < due.count; at++)
		ck_assert_msg(windows[at].end > windows[at - 1].end, "%s: the order", story->name);
	if (story->next != NULL) {
		lp_time next;
		ck_assert(lp_schedule_next(&head, tick, &next, &error));
		ck_assert_msg(next == when(story->next, head.schedule.zone), "%s: the next", story->name);
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

/* Which windows read a sample: by looking at each, against what lp_schedule_affected says. */
struct reading {
	const char *zone;
	struct lp_span every, window, offset, length, shift;
	int64_t lookback;
	const char *from; /* a fortnight from here on */
	int64_t sizes;    /* about how long changes are */
};

static const struct reading readings[] = {
	{ "UTC", { 1, LP_UNIT_HOUR }, { 1, LP_UNIT_HOUR }, { 0, 0 }, { 0, 0 }, { 0, 0 }, 0, DAY1 "00:00", LP_HOUR },
	{ "UTC",
	  { 1, LP_UNIT_HOUR },
	  { 6, LP_UNIT_HOUR },
	  { 0, 0 },
	  { 0, 0 },
	  { 0, 0 },
	  LP_HOUR,
	  DAY1 "00:00",
	  LP_DAY },
	{ "UTC", { 1, LP_UNIT_HOUR }, { 20, LP_UNIT_MINUTE }, { 0, 0 }, { 0, 0 }, { 0, 0 }, 0, DAY1 "00:00", LP_HOUR },
	{ "UTC",
	  { 7, LP_UNIT_HOUR },
	  { 7, LP_UNIT_HOUR },
	  { 1, LP_UNIT_HOUR },
	  { 0, 0 },
	  { 0, 0 },
	  0,
	  DAY1 "00:00",
	  LP_HOUR },
	{ "Europe/Berlin",
	  { 1, LP_UNIT_HOUR },
	  { 1, LP_UNIT_HOUR },
	  { 0, 0 },
	  { 7, LP_UNIT_DAY },
	  { 0, 0 },
	  0,
	  "2026-03-22",
	  LP_DAY },
	{ "Europe/Berlin",
	  { 1, LP_UNIT_HOUR },
	  { 1, LP_UNIT_HOUR },
	  { 0, 0 },
	  { 0, 0 },
	  { -1, LP_UNIT_WEEK },
	  0,
	  "2026-10-20",
	  LP_HOUR },
	{ "Europe/Berlin",
	  { 1, LP_UNIT_DAY },
	  { 1, LP_UNIT_DAY },
	  { 6, LP_UNIT_HOUR },
	  { 24, LP_UNIT_HOUR },
	  { 24, LP_UNIT_HOUR },
	  0,
	  "2026-03-25",
	  LP_DAY },
	{ "Australia/Lord_Howe",
	  { 30, LP_UNIT_MINUTE },
	  { 30, LP_UNIT_MINUTE },
	  { 0, 0 },
	  { 0, 0 },
	  { 1, LP_UNIT_DAY },
	  90 * LP_MINUTE,
	  "2026-03-30",
	  LP_HOUR },
	{ "Pacific/Apia",
	  { 1, LP_UNIT_DAY },
	  { 2, LP_UNIT_DAY },
	  { 0, 0 },
	  { 1, LP_UNIT_WEEK },
	  { -2, LP_UNIT_DAY },
	  0,
	  "2011-12-24",
	  LP_DAY },
	{ "America/New_York",
	  { 1, LP_UNIT_DAY },
	  { 1, LP_UNIT_DAY },
	  { 0, 0 },
	  { 1, LP_UNIT_MONTH },
	  { -1, LP_UNIT_MONTH },
	  0,
	  "2026-03-01",
	  40 * LP_DAY },
	{ "Europe/Berlin",
	  { 15, LP_UNIT_MINUTE },
	  { 15, LP_UNIT_MINUTE },
	  { 0, 0 },
	  { 0, 0 },
	  { -1, LP_UNIT_MONTH },
	  0,
	  "2026-03-22",
	  LP_HOUR },
	{ "Europe/Berlin",
	  { 15, LP_UNIT_MINUTE },
	  { 15, LP_UNIT_MINUTE },
	  { 0, 0 },
	  { 0, 0 },
	  { -1, LP_UNIT_MONTH },
	  0,
	  "2026-02-20",
	  LP_HOUR },
	{ "Europe/Berlin",
	  { 10, LP_UNIT_MINUTE },
	  { 10, LP_UNIT_MINUTE },
	  { 0, 0 },
	  { 2, LP_UNIT_DAY },
	  { 1, LP_UNIT_MONTH },
	  0,
	  "2026-02-20",
	  LP_HOUR },
	{ "Europe/Berlin",
	  { 10, LP_UNIT_MINUTE },
	  { 10, LP_UNIT_MINUTE },
	  { 0, 0 },
	  { 0, 0 },
	  { 1, LP_UNIT_MONTH },
	  0,
	  "2026-03-24",
	  LP_HOUR },
	{ "America/New_York",
	  { 1, LP_UNIT_HOUR },
	  { 1, LP_UNIT_HOUR },
	  { 0, 0 },
	  { 1, LP_UNIT_HOUR },
	  { -1, LP_UNIT_YEAR },
	  0,
	  "2024-02-22",
	  LP_HOUR },
	{ "America/New_York",
	  { 20, LP_UNIT_MINUTE },
	  { 20, LP_UNIT_MINUTE },
	  { 0, 0 },
	  { 0, 0 },
	  { 1, LP_UNIT_QUARTER },
	  0,
	  "2026-05-24",
	  LP_HOUR },
	{ "Australia/Lord_Howe",
	  { 30, LP_UNIT_MINUTE },
	  { 30, LP_UNIT_MINUTE },
	  { 0, 0 },
	  { 1, LP_UNIT_MONTH },
	  { -1, LP_UNIT_QUARTER },
	  0,
	  "2026-04-01",
	  LP_HOUR },
	{ "Pacific/Apia",
	  { 30, LP_UNIT_MINUTE },
	  { 30, LP_UNIT_MINUTE },
	  { 0, 0 },
	  { 0, 0 },
	  { 1, LP_UNIT_MONTH },
	  0,
	  "2011-11-22",
	  LP_HOUR },
	{ "Pacific/Apia",
	  { 30, LP_UNIT_MINUTE },
	  { 30, LP_UNIT_MINUTE },
	  { 0, 0 },
	  { 0, 0 },
	  { -1, LP_UNIT_DAY },
	  0,
	  "2011-12-24",
	  LP_HOUR },
};

START_TEST(touched_windows_are_those_that_read_the_sample)
{
	const struct reading *reading = &readings[_i];
	const struct lp_zone *zone = zone_named(reading->zone);
	struct lp_schedule schedule = {
		.every = reading->every, .window = reading->window, .offset = reading->offset, .week_start = 1
	};
	lp_time begin = when(reading->from, reading->zone);
	int64_t far = reading->shift.unit == LP_UNIT_YEAR ? 400 * LP_DAY : 130 * LP_DAY;
	uint64_t seed = 1;

	for (int round = 0; round < (reading->every.unit == LP_UNIT_MINUTE ? 9 : 30); round++) {
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		lp_time first = begin + (lp_time)((seed >> 20) % (uint64_t)(14 * LP_DAY));
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		lp_time last = first + (lp_time)((seed >> 20) % (uint64_t)reading->sizes);
		if (round % 3 == 0) {
			first -= first % LP_HOUR; /* on a boundary, where off by one shows */
			last = first;
		}
		const struct lp_input_extent extent = { reading->length, reading->shift, reading->lookback };
		struct lp_window_range touched = { 0 };
		bool found = lp_schedule_affected(&schedule, zone, &extent, first, last, &touched);
		lp_time after = LP_TIME_NONE, until = LP_TIME_NONE, start = LP_TIME_NONE, before = LP_TIME_NONE;
		struct lp_window window = { .end = first - far }, range;
		while (lp_window_ending_after(&schedule, zone, window.end, &window) && window.end < last + far) {
			ck_assert(lp_input_range(&schedule, zone, window, reading->length, reading->shift, &range));
			bool reads = range.end > first && range.start - reading->lookback <= last;
			if (reads && after == LP_TIME_NONE) {
				after = before;
				start = window.start;
			}
			if (reads)
				until = window.end;
			before = window.end;
		}
		ck_assert_int_eq(found, until != LP_TIME_NONE);
		if (found) {
			ck_assert_int_eq(touched.after_end, after);
			ck_assert_int_eq(touched.until_end, until);
			ck_assert_int_eq(touched.window_start, start);
		}
	}
}
END_TEST

/*
 * Where months end and days are left out, ranges of later windows can lie
 * earlier. Then some are touched that did not read the sample, but none that did
 * is left out.
 */
static void check_none_left_out(const char *name, struct lp_span every, struct lp_span length, struct lp_span shift,
                                lp_time time)
{
	const struct lp_zone *zone = zone_named(name);
	struct lp_schedule schedule = { .every = every, .window = every, .week_start = 1 };
	struct lp_window window = { .end = time - 70 * LP_DAY }, range;
	struct lp_window_range touched;
	bool found = lp_schedule_affected(&schedule, zone, &(struct lp_input_extent){ length, shift, 0 }, time, time,
	                                  &touched);
	while (lp_window_ending_after(&schedule, zone, window.end, &window) && window.end < time + 70 * LP_DAY) {
		ck_assert(lp_input_range(&schedule, zone, window, length, shift, &range));
		if (range.start <= time && time < range.end)
			ck_assert_msg(found && touched.after_end < window.end && window.end <= touched.until_end,
			              "%s every %d, length %d, shift %d (units %d, %d, %d)", name, every.count,
			              length.count, shift.count, every.unit, length.unit, shift.unit);
	}
}

static const struct {
	const char *zone, *time;
} moments[] = {
	{ "Europe/Berlin", "2026-02-27T23:59" },        { "Europe/Berlin", "2026-02-28" },
	{ "Europe/Berlin", "2026-02-28T23:30" },        { "Europe/Berlin", "2026-03-01" },
	{ "Europe/Berlin", "2026-03-29T01:59:59" },     { "Europe/Berlin", "2026-03-29T03:00" },
	{ "Europe/Berlin", "2026-10-25T02:30" },        { "America/New_York", "2024-02-29T12:00" },
	{ "Pacific/Apia", "2011-12-29T12:00" },         { "Pacific/Apia", "2011-12-31" },
	{ "Pacific/Apia", "2011-12-31T12:00" },         { "Pacific/Apia", "2012-01-01" },
	{ "America/Sao_Paulo", "2018-11-03T23:59:59" }, { "America/Sao_Paulo", "2018-11-04T01:00" },
};

START_TEST(no_window_that_reads_a_sample_is_left_out)
{
	static const struct lp_span everies[] = { { 1, LP_UNIT_HOUR }, { 1, LP_UNIT_DAY }, { 1, LP_UNIT_MONTH } };
	static const struct lp_span lengths[] = {
		{ 0, 0 }, { 24, LP_UNIT_HOUR }, { 1, LP_UNIT_DAY }, { 1, LP_UNIT_WEEK }, { 1, LP_UNIT_MONTH }
	};
	static const struct lp_span shifts[] = { { 0, 0 },
		                                 { -1, LP_UNIT_HOUR },
		                                 { 24, LP_UNIT_HOUR },
		                                 { -1, LP_UNIT_DAY },
		                                 { 1, LP_UNIT_WEEK },
		                                 { -1, LP_UNIT_MONTH },
		                                 { 1, LP_UNIT_MONTH } };
	for (size_t i = 0; i < 3 * 5 * 7; i++)
		check_none_left_out(moments[_i].zone, everies[i / 35], lengths[i / 7 % 5], shifts[i % 7],
		                    when(moments[_i].time, moments[_i].zone));
}
END_TEST

START_TEST(windows_are_counted)
{
	struct lp_schedule schedule = { .every = { 1, LP_UNIT_MINUTE },
		                        .window = { 1, LP_UNIT_MINUTE },
		                        .week_start = 1 };
	const struct lp_zone *zone = zone_named("UTC");
	lp_time t = when(DAY1 "00:00", "UTC");
	ck_assert_uint_eq(lp_schedule_count(&schedule, zone, t, t), 0);
	ck_assert_uint_eq(lp_schedule_count(&schedule, zone, t, t + LP_HOUR), 60);
	ck_assert_uint_eq(lp_schedule_count(&schedule, zone, t - 1, t + LP_HOUR), 61);
	ck_assert_uint_eq(lp_schedule_count(&schedule, zone, t, t + 7 * LP_DAY), 7 * 1440);
}
END_TEST

START_TEST(what_was_missed_can_be_skipped)
{
	struct lp_batch_head head = { .schedule = { .every = { 1, LP_UNIT_MINUTE },
		                                    .window = { 1, LP_UNIT_MINUTE },
		                                    .week_start = 1,
		                                    .missed = LP_MISSED_SKIP,
		                                    .zone = "UTC" },
		                      .start = LP_TIME_NONE,
		                      .watermark = when(DAY1 "08:00", "UTC") };
	struct lp_window windows[4];
	struct lp_due due = { .windows = windows };
	struct lp_error error;
	lp_time tick = when(DAY1 "12:00", "UTC");
	ck_assert(lp_schedule_due(&head, tick, LP_TIME_MAX, 4, &due, &error));
	ck_assert_uint_eq(due.count, 1);
	ck_assert_int_eq(windows[0].end, tick);
	ck_assert_uint_eq(due.left, 0);
	head.watermark = tick;
	ck_assert(lp_schedule_due(&head, tick, LP_TIME_MAX, 4, &due, &error));
	ck_assert_uint_eq(due.count, 0);
	ck_assert(lp_schedule_due(&head, tick + 59 * LP_SECOND, LP_TIME_MAX, 0, &due, &error));
	ck_assert_uint_eq(due.left, 0);
}
END_TEST

/* Up to there no window reads anything from a time on, and the next one does. */
static void check_reads_before(const char *name, struct lp_span every, struct lp_span length, struct lp_span shift,
                               lp_time time)
{
	const struct lp_zone *zone = zone_named(name);
	struct lp_schedule schedule = { .every = every, .window = every, .week_start = 1 };
	struct lp_window window = { .end = time - 400 * LP_DAY }, range;
	lp_time until = lp_schedule_reads_before(&schedule, zone, &(struct lp_input_extent){ length, shift, 0 }, time);
	bool reached = false;
	while (!reached && lp_window_ending_after(&schedule, zone, window.end, &window) &&
	       window.end < time + 400 * LP_DAY) {
		ck_assert(lp_input_range(&schedule, zone, window, length, shift, &range));
		reached = range.end > time;
		ck_assert_msg((window.end > until) == reached, "%s every %d, length %d, shift %d (units %d, %d, %d)",
		              name, every.count, length.count, shift.count, every.unit, length.unit, shift.unit);
	}
	ck_assert(reached);
}

START_TEST(a_window_may_read_what_ends_before_the_time)
{
	static const struct lp_span everies[] = { { 6, LP_UNIT_HOUR }, { 1, LP_UNIT_DAY }, { 1, LP_UNIT_MONTH } };
	static const struct lp_span lengths[] = { { 0, 0 }, { 1, LP_UNIT_DAY }, { 1, LP_UNIT_MONTH } };
	static const struct lp_span shifts[] = { { 0, 0 },
		                                 { -1, LP_UNIT_HOUR },
		                                 { 24, LP_UNIT_HOUR },
		                                 { -1, LP_UNIT_DAY },
		                                 { 1, LP_UNIT_WEEK },
		                                 { -1, LP_UNIT_MONTH },
		                                 { 1, LP_UNIT_MONTH } };
	for (size_t i = 0; i < 3 * 3 * 7; i++)
		check_reads_before(moments[_i].zone, everies[i / 21], lengths[i / 7 % 3], shifts[i % 7],
		                   when(moments[_i].time, moments[_i].zone));
}
END_TEST

static struct lp_batch_head minutes_from(const char *start, const char *watermark)
{
	return (struct lp_batch_head){ .schedule = { .every = { 1, LP_UNIT_MINUTE },
		                                     .window = { 1, LP_UNIT_MINUTE },
		                                     .week_start = 1,
		                                     .zone = "UTC" },
		                       .start = when(start, "UTC"),
		                       .watermark = when(watermark, "UTC") };
}

START_TEST(what_is_to_come_begins_after_the_watermark_and_the_start)
{
	static const struct {
		const char *start, *watermark, *end;
	} cases[] = {
		{ "-", DAY1 "11:58", DAY1 "11:59" },
		{ DAY1 "11:00", "-", DAY1 "11:01" },
		{ DAY1 "11:00", DAY1 "11:30", DAY1 "11:31" },
		{ "2027-01-01", DAY1 "11:30", "2027-01-01T00:01" },
		{ "-", "-", DAY1 "12:00" }, /* it will begin with the newest */
	};
	for (size_t at = 0; at < sizeof cases / sizeof *cases; at++) {
		struct lp_batch_head head = minutes_from(cases[at].start, cases[at].watermark);
		struct lp_window window;
		ck_assert(lp_schedule_to_come(&head, zone_named("UTC"), when(DAY1 "12:00", "UTC"), &window));
		ck_assert_int_eq(window.end, when(cases[at].end, "UTC"));
	}
}
END_TEST

/* From a time on, or before it. */
static bool is_ready(void *context, const struct lp_batch_head *head, const struct lp_window *window)
{
	const lp_time *bounds = context;
	(void)head;
	return window->end <= bounds[0] || window->start >= bounds[1];
}

START_TEST(the_newest_windows_come_first_where_there_are_too_many)
{
	static const struct {
		const char *name, *watermark;
		uint64_t limit;
		const char *ready_by, *ready_from; /* "-": all are ready */
		const char *until;                 /* windows that end by then */
		const char *left_after, *left_until;
	} cases[] = {
		{ "few enough", DAY1 "11:57", 3, "-", "-", DAY1 "12:00", "-", "-" },
		{ "one too many", DAY1 "11:57", 2, "-", "-", DAY1 "12:00", DAY1 "11:57", DAY1 "11:58" },
		{ "a year", "2025-01-01", 100, "-", "-", DAY1 "12:00", "2025-01-01", DAY1 "10:20" },
		{ "the newest are ready", DAY1 "11:50", 100, DAY1 "11:52", DAY1 "11:57", DAY1 "12:00", DAY1 "11:50",
		  DAY1 "11:57" },
		{ "the newest is not", DAY1 "11:50", 100, DAY1 "11:52", DAY1 "12:30", DAY1 "11:52", "-", "-" },
		{ "none is", DAY1 "11:50", 100, DAY1 "11:00", DAY1 "12:30", "-", "-", "-" },
	};
	for (size_t at = 0; at < sizeof cases / sizeof *cases; at++) {
		struct lp_batch_head head = minutes_from("-", cases[at].watermark);
		lp_time bounds[] = { when(cases[at].ready_by, "UTC"), when(cases[at].ready_from, "UTC") };
		const struct lp_readiness ready = { is_ready, bounds };
		struct lp_choice choice;
		lp_schedule_choose(&head, zone_named("UTC"), when(DAY1 "12:00", "UTC"), cases[at].limit,
		                   bounds[1] == LP_TIME_NONE ? NULL : &ready, &choice);
		ck_assert_msg(choice.until == when(cases[at].until, "UTC"), "%s: until", cases[at].name);
		ck_assert_msg(choice.leaves == (strcmp(cases[at].left_after, "-") != 0), "%s: leaves", cases[at].name);
		if (!choice.leaves)
			continue;
		ck_assert_msg(choice.later.after_end == when(cases[at].left_after, "UTC"), "%s: after", cases[at].name);
		ck_assert_msg(choice.later.until_end == when(cases[at].left_until, "UTC"), "%s: left", cases[at].name);
	}
}
END_TEST

START_TEST(without_the_zone_no_window_that_reads_a_sample_is_left_out)
{
	static const struct lp_span shifts[] = {
		{ 0, 0 }, { -1, LP_UNIT_HOUR }, { 1, LP_UNIT_DAY }, { -1, LP_UNIT_MONTH }, { 1, LP_UNIT_MONTH }
	};
	static const struct lp_span everies[] = { { 1, LP_UNIT_HOUR }, { 1, LP_UNIT_DAY }, { 1, LP_UNIT_MONTH } };
	for (size_t i = 0; i < 3 * 5; i++) {
		const struct lp_zone *zone = zone_named(moments[_i].zone);
		struct lp_schedule schedule = { .every = everies[i / 5], .window = everies[i / 5], .week_start = 1 };
		const struct lp_input_extent extent = { .shift = shifts[i % 5], .lookback = LP_HOUR };
		lp_time time = when(moments[_i].time, moments[_i].zone);
		struct lp_window_range exact, about;
		lp_schedule_affected_about(&schedule, &extent, time, time, &about);
		if (!lp_schedule_affected(&schedule, zone, &extent, time, time, &exact))
			continue;
		struct lp_window first = { .end = exact.after_end };
		ck_assert(lp_window_ending_after(&schedule, zone, first.end, &first));
		ck_assert_int_lt(about.after_end, first.end);
		ck_assert_int_ge(about.until_end, exact.until_end);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("schedule");
	TCase *tests = tcase_create("due");
	tcase_set_timeout(tests, 60); /* brute force, in a sanitizer, on a busy machine */
	tcase_add_loop_test(tests, windows_of_a_story, 0, (int)(sizeof stories / sizeof stories[0]));
	tcase_add_test(tests, an_unknown_zone_is_an_error);
	tcase_add_loop_test(tests, in_steps_or_at_once, 0, 4);
	tcase_add_loop_test(tests, touched_windows_are_those_that_read_the_sample, 0,
	                    (int)(sizeof readings / sizeof readings[0]));
	tcase_add_loop_test(tests, no_window_that_reads_a_sample_is_left_out, 0,
	                    (int)(sizeof moments / sizeof moments[0]));
	tcase_add_test(tests, windows_are_counted);
	tcase_add_test(tests, what_was_missed_can_be_skipped);
	tcase_add_loop_test(tests, a_window_may_read_what_ends_before_the_time, 0,
	                    (int)(sizeof moments / sizeof moments[0]));
	tcase_add_test(tests, what_is_to_come_begins_after_the_watermark_and_the_start);
	tcase_add_test(tests, the_newest_windows_come_first_where_there_are_too_many);
	tcase_add_loop_test(tests, without_the_zone_no_window_that_reads_a_sample_is_left_out, 0,
	                    (int)(sizeof moments / sizeof moments[0]));
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
