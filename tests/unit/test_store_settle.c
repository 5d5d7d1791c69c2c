/* What a commit writes: a calculation's tasks and what is stored of it, and what becomes of its state. */
#include "store/settle.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define T0    INT64_C(1767225600000000)
#define AT(m) (T0 + (m)*LP_MINUTE)

static const struct lp_retry_policy policy = { .max_attempts = 4,
	                                       .first_delay = LP_MINUTE,
	                                       .longest_delay = 3 * LP_MINUTE };

/*
 * One calculation.  `tasks` is a letter a window, from minute 0 on: o ok, n no
 * data, f failed, t timed out, w waiting for calculation 9, v waiting for 8, b
 * tripped (by the breaker), - not computed.  before: the stored state, or
 * NULL where there is no row; its window ended at minute `row_end`.
 */
struct story {
	const char *name;
	const char *tasks;
	bool retry;
	int attempt;   /* of every task; 0: the first */
	int watermark; /* minutes; -1: none */
	const char *before;
	int row_end;
	/* What is expected: */
	const char *state; /* NULL: no row is written */
	bool failing;
	const char *pending; /* "minute:attempts:next", ... of what is written; next in minutes, x: given up */
	const char *done;    /* minutes of what is taken off */
	const char *outcomes;
};

static const struct story stories[] = {
	{ .name = "well from the first on", .tasks = "oo", .watermark = -1, .outcomes = "1 1" },
	{ .name = "the first window fails",
	  .tasks = "f",
	  .watermark = -1,
	  .state = "failed",
	  .failing = true,
	  .pending = "0:1:11",
	  .outcomes = "3" },
	{ .name = "fails and recovers within a batch",
	  .tasks = "fo",
	  .watermark = -1,
	  .state = "ok",
	  .pending = "0:1:11",
	  .outcomes = "3 1" },
	{ .name = "recovers", .tasks = "o", .before = "failed", .state = "ok", .outcomes = "1" },
	{ .name = "goes on being well after a failure long ago", .tasks = "o", .before = "ok", .outcomes = "1" },
	{ .name = "goes on failing",
	  .tasks = "f",
	  .before = "failed",
	  .state = "failed",
	  .failing = true,
	  .pending = "0:1:11",
	  .outcomes = "3" },
	{ .name = "no data is a state, not a failure", .tasks = "n", .state = "no_data", .outcomes = "2" },
	{ .name = "goes on without data", .tasks = "n", .before = "no_data", .outcomes = "2" },
	{ .name = "out of time",
	  .tasks = "t",
	  .state = "timed_out",
	  .failing = true,
	  .pending = "0:1:11",
	  .outcomes = "4" },
	{ .name = "not reached, and nothing before",
	  .tasks = "--",
	  .watermark = -1,
	  .state = "new",
	  .pending = "0:0:10,1:0:10",
	  .outcomes = "7 7" },
	{ .name = "not reached", .tasks = "o-", .pending = "1:0:10", .outcomes = "1 7" },
	{ .name = "tried again with success",
	  .tasks = "o",
	  .retry = true,
	  .attempt = 2,
	  .watermark = 1,
	  .before = "failed",
	  .row_end = 1,
	  .state = "ok",
	  .done = "0",
	  .outcomes = "1" },
	{ .name = "tried again in vain",
	  .tasks = "f",
	  .retry = true,
	  .attempt = 2,
	  .watermark = 1,
	  .before = "failed",
	  .row_end = 1,
	  .state = "failed",
	  .failing = true,
	  .pending = "0:2:12",
	  .outcomes = "3" },
	{ .name = "the delay has a longest",
	  .tasks = "f",
	  .retry = true,
	  .attempt = 3,
	  .watermark = 1,
	  .before = "failed",
	  .row_end = 1,
	  .state = "failed",
	  .failing = true,
	  .pending = "0:3:13",
	  .outcomes = "3" },
	{ .name = "the last attempt",
	  .tasks = "f",
	  .retry = true,
	  .attempt = 4,
	  .watermark = 1,
	  .before = "failed",
	  .row_end = 1,
	  .state = "given_up",
	  .failing = true,
	  .pending = "0:4:x",
	  .outcomes = "5" },
	{ .name = "an old window leaves a newer one's state alone",
	  .tasks = "f",
	  .retry = true,
	  .attempt = 2,
	  .watermark = 5,
	  .pending = "0:2:12",
	  .outcomes = "3" },
	{ .name = "also where the newer one failed",
	  .tasks = "o",
	  .retry = true,
	  .attempt = 2,
	  .watermark = 5,
	  .before = "failed",
	  .row_end = 5,
	  .done = "0",
	  .outcomes = "1" },
	{ .name = "a retry that was not reached stays as it is",
	  .tasks = "-",
	  .retry = true,
	  .attempt = 2,
	  .watermark = 1,
	  .before = "failed",
	  .row_end = 1 },
	{ .name = "an input has failed", .tasks = "w", .state = "waiting", .outcomes = "8" },
	{ .name = "its first window already waits",
	  .tasks = "w",
	  .watermark = -1,
	  .state = "waiting",
	  .outcomes = "8" },
	{ .name = "goes on waiting", .tasks = "w", .before = "waiting", .outcomes = "8" },
	{ .name = "waits for another one now", .tasks = "v", .before = "waiting", .state = "waiting", .outcomes = "8" },
	{ .name = "waits after it failed", .tasks = "w", .before = "failed", .state = "waiting", .outcomes = "8" },
	{ .name = "has what it waited for", .tasks = "o", .before = "waiting", .state = "ok", .outcomes = "1" },
	{ .name = "its rule's breaker is open", .tasks = "bb", .state = "tripped", .outcomes = "9 9" },
	{ .name = "a retry that would wait stays as it is",
	  .tasks = "w",
	  .retry = true,
	  .attempt = 2,
	  .watermark = 1,
	  .before = "failed",
	  .row_end = 1 },
	{ .name = "a retry of a tripped rule stays as it is",
	  .tasks = "b",
	  .retry = true,
	  .attempt = 2,
	  .watermark = 1,
	  .before = "failed",
	  .row_end = 1 },
	{ .name = "the first success of one that was never reached",
	  .tasks = "o",
	  .retry = true,
	  .watermark = 1,
	  .before = "new",
	  .row_end = -1,
	  .state = "ok",
	  .done = "0",
	  .outcomes = "1" },
};

static void build(const struct story *story, struct lp_batch *batch, struct lp_settle_known *known)
{
	size_t count = strlen(story->tasks), computed = 0;
	struct lp_calculation *calculation = lp_arena_zeroed(&batch->arena, 1, sizeof *calculation);
	static const struct {
		char letter;
		enum lp_state state;
	} letters[] = {
		{ 'o', LP_STATE_OK },        { 'n', LP_STATE_NO_DATA }, { 'f', LP_STATE_FAILED },
		{ 't', LP_STATE_TIMED_OUT }, { 'w', LP_STATE_WAITING }, { 'v', LP_STATE_WAITING },
		{ 'b', LP_STATE_TRIPPED },
	};

	calculation->id = 77;
	calculation->enabled = true;
	calculation->version = 1;
	calculation->schedule.every = calculation->schedule.window = (struct lp_span){ 1, LP_UNIT_MINUTE };
	batch->calculations = calculation;
	batch->calculation_count = 1;
	batch->kind = story->retry ? LP_BATCH_RETRY : LP_BATCH_FORWARD;
	batch->run_id = 5;
	batch->tick = AT(10);
	batch->tasks = lp_arena_zeroed(&batch->arena, count, sizeof *batch->tasks);
	batch->task_count = count;
	for (size_t i = 0; i < count; i++) {
		struct lp_task *task = &batch->tasks[i];
		task->attempt = story->attempt > 0 ? story->attempt : 1;
		task->window = (struct lp_window){ AT((int64_t)i), AT((int64_t)i + 1) };
		for (size_t j = 0; j < sizeof letters / sizeof *letters; j++) {
			if (story->tasks[i] == letters[j].letter) {
				task->outcome.state = letters[j].state;
				if (letters[j].state == LP_STATE_WAITING)
					task->outcome.cause_id = letters[j].letter == 'w' ? 9 : 8;
				if (lp_state_is_failure(letters[j].state))
					task->outcome.error_type = "ValueError";
				computed = i + 1;
			}
		}
	}
	atomic_store(&batch->computed, computed);
	*known = (struct lp_settle_known){ .watermark = story->watermark < 0 ? LP_TIME_NONE : AT(story->watermark),
		                           .since = LP_TIME_NONE,
		                           .failing_since = LP_TIME_NONE,
		                           .window_end = LP_TIME_NONE };
	if (story->before != NULL) {
		known->stored = true;
		ck_assert(lp_state_parse(story->before, &known->state));
		known->since = AT(-5);
		known->failing_since = lp_state_is_failure(known->state) ? AT(-7) : LP_TIME_NONE;
		known->window_end = story->row_end < 0 ? LP_TIME_NONE : AT(story->row_end);
		known->cause_id = known->state == LP_STATE_WAITING ? 9 : 0;
	} else {
		known->state = story->watermark < 0 ? LP_STATE_NEW : LP_STATE_OK;
	}
}

static int minutes(lp_time time)
{
	return (int)((time - T0) / LP_MINUTE);
}

START_TEST(a_story_ends_as_told)
{
	const struct story *story = &stories[_i];
	struct lp_batch *batch = lp_batch_new(NULL);
	struct lp_settle_known known;
	struct lp_settlement settled;
	char text[256] = "";

	build(story, batch, &known);
	lp_settle(batch, &policy, &known, NULL, &settled);

	ck_assert_msg(settled.state_count == (story->state != NULL), "%s: %zu rows of state", story->name,
	              settled.state_count);
	if (story->state != NULL) {
		const struct lp_state_row *row = &settled.states[0];
		bool was_failing = known.failing_since != LP_TIME_NONE;

		ck_assert_msg(strcmp(lp_state_name(row->state), story->state) == 0, "%s: %s", story->name,
		              lp_state_name(row->state));
		ck_assert_int_eq(row->calculation_id, 77);
		ck_assert((row->error_type != NULL) == (strpbrk(story->tasks, "ft") != NULL));
		ck_assert_int_eq(row->failing_since, !story->failing ? LP_TIME_NONE : was_failing ? AT(-7) : AT(10));
		ck_assert_int_eq(row->since, known.stored && known.state == row->state ? AT(-5) : AT(10));
	}
	for (size_t i = 0; i < settled.pending_count; i++) {
		const struct lp_pending_row *row = &settled.pending[i];
		size_t length = strlen(text);

		snprintf(text + length, sizeof text - length, "%s%d:%d:", i > 0 ? "," : "", minutes(row->window.start),
		         row->attempts);
		length = strlen(text);
		if (row->given_up)
			snprintf(text + length, sizeof text - length, "x");
		else
			snprintf(text + length, sizeof text - length, "%d", minutes(row->next_attempt));
	}
	ck_assert_msg(strcmp(text, story->pending != NULL ? story->pending : "") == 0, "%s: pending %s", story->name,
	              text);
	text[0] = '\0';
	for (size_t i = 0; i < settled.done_count; i++)
		snprintf(text + strlen(text), 8, "%d", minutes(settled.done[i].window.start));
	ck_assert_msg(strcmp(text, story->done != NULL ? story->done : "") == 0, "%s: taken off %s", story->name, text);
	text[0] = '\0';
	for (size_t i = 0; i < settled.outcome_count; i++)
		snprintf(text + strlen(text), 8, "%s%d", i > 0 ? " " : "",
		         (int)settled.entries[settled.outcomes[i].first - 1].state);
	ck_assert_msg(strcmp(text, story->outcomes != NULL ? story->outcomes : "") == 0, "%s: outcomes %s", story->name,
	              text);
	lp_batch_free(batch);
}
END_TEST

/* "REASON:CAUSE AFTER-UNTIL from START, ..." in minutes; .9 stands behind a time that is a microsecond earlier. */
static const char *owed_of(const char *tasks, enum lp_batch_kind kind, int watermark, int window, enum lp_missed missed)
{
	static char text[256];
	struct story story = { .tasks = tasks, .attempt = 1, .watermark = watermark };
	struct lp_owed range = { .id = 4, .calculation_id = 77, .after_end = AT(0), .until_end = AT(60) };
	struct lp_batch *batch = lp_batch_new(NULL);
	struct lp_settle_known known;
	struct lp_settlement settled;

	build(&story, batch, &known);
	batch->kind = kind;
	batch->head.watermark = known.watermark;
	batch->head.start = LP_TIME_NONE;
	batch->head.schedule.missed = missed;
	batch->owed = &range;
	batch->owed_count = kind == LP_BATCH_RECOMPUTE;
	batch->calculations[0].schedule.window.count = window;
	for (size_t i = 0; i < batch->task_count; i++)
		batch->tasks[i].window.start = batch->tasks[i].window.end - window * LP_MINUTE;
	lp_settle(batch, &policy, &known, NULL, &settled);
	text[0] = '\0';
	for (size_t i = 0; i < settled.owed_count; i++) {
		const struct lp_owed_range *owed = &settled.owed[i];
		bool just_before = (owed->after_end - T0) % LP_MINUTE != 0;

		snprintf(text + strlen(text), 80, "%s%s:%d %d%s-%d from %d", i > 0 ? ", " : "",
		         owed->reason == LP_REASON_WAITED ? "waited" : "tripped", (int)owed->cause_id,
		         minutes(owed->after_end), just_before ? ".9" : "", minutes(owed->until_end),
		         minutes(owed->window_start));
		ck_assert_int_eq(owed->calculation_id, 77);
	}
	lp_batch_free(batch);
	return text;
}

START_TEST(windows_put_aside_are_ranges)
{
	ck_assert_str_eq(owed_of("www", LP_BATCH_FORWARD, 0, 1, LP_MISSED_CATCH_UP), "waited:9 0-3 from 0");
	ck_assert_str_eq(owed_of("wob", LP_BATCH_FORWARD, 0, 1, LP_MISSED_CATCH_UP),
	                 "waited:9 0-1 from 0, tripped:0 2-3 from 2");
	ck_assert_str_eq(owed_of("wow", LP_BATCH_FORWARD, 0, 1, LP_MISSED_CATCH_UP),
	                 "waited:9 0-1 from 0, waited:9 2-3 from 2");
	ck_assert_str_eq(owed_of("wwvv", LP_BATCH_FORWARD, 0, 1, LP_MISSED_CATCH_UP),
	                 "waited:9 0-2 from 0, waited:8 2-4 from 2");
	ck_assert_str_eq(owed_of("bb", LP_BATCH_RECOMPUTE, 60, 1, LP_MISSED_CATCH_UP), "tripped:0 0-2 from 0");
	ck_assert_str_eq(owed_of("ww", LP_BATCH_RETRY, 60, 1, LP_MISSED_CATCH_UP), "");
}
END_TEST

START_TEST(ranges_of_sliding_windows_touch_those_of_the_batch_before)
{
	ck_assert_str_eq(owed_of("ww", LP_BATCH_FORWARD, 0, 5, LP_MISSED_CATCH_UP), "waited:9 0-2 from -4");
	ck_assert_str_eq(owed_of("ow", LP_BATCH_FORWARD, 0, 5, LP_MISSED_CATCH_UP), "waited:9 1-2 from -3");
	ck_assert_str_eq(owed_of("w", LP_BATCH_RECOMPUTE, 60, 5, LP_MISSED_CATCH_UP), "waited:9 0-1 from -4");
	/* Windows that nobody wants must not come in that way. */
	ck_assert_str_eq(owed_of("w", LP_BATCH_FORWARD, -1, 5, LP_MISSED_CATCH_UP), "waited:9 0.9-1 from -4");
	ck_assert_str_eq(owed_of("w", LP_BATCH_FORWARD, 0, 5, LP_MISSED_SKIP), "waited:9 0.9-1 from -4");
}
END_TEST

START_TEST(a_trial_that_fails_counts_no_attempt)
{
	struct story story = { .tasks = "f", .retry = true, .attempt = 3, .watermark = 1 };
	struct lp_batch *batch = lp_batch_new(NULL);
	struct lp_settle_known known;
	struct lp_settlement settled;

	build(&story, batch, &known);
	batch->tasks[0].trial = true;
	lp_settle(batch, &policy, &known, NULL, &settled);
	ck_assert_uint_eq(settled.pending_count, 1);
	ck_assert_int_eq(settled.pending[0].attempts, 2);
	ck_assert_int_eq(settled.pending[0].next_attempt, AT(10));
	ck_assert(!settled.pending[0].given_up);
	ck_assert_int_eq(settled.states[0].state, LP_STATE_FAILED);
	ck_assert_int_eq(settled.states[0].attempts, 2);
	lp_batch_free(batch);
}
END_TEST

static const struct lp_owed redone = { .calculation_id = 77, .after_end = AT(0), .until_end = AT(9) };

static void recompute(struct lp_batch *batch, struct lp_settle_known *known, lp_time until)
{
	batch->kind = LP_BATCH_RECOMPUTE;
	batch->owed = &redone;
	batch->owed_count = 1;
	batch->recomputed_until = until;
	known->claimed = true;
}

/* Minutes: 3, 3+ (a microsecond later), 3- (a microsecond earlier). */
static size_t print_minutes(char *text, lp_time time)
{
	int64_t minute = (time - T0) / LP_MINUTE - ((time - T0) % LP_MINUTE < 0), rest = time - AT(minute);

	if (rest == LP_MINUTE - 1)
		minute++;
	return (size_t)sprintf(text, "%d%s", (int)minute, rest == 0 ? "" : rest == 1 ? "+" : "-");
}

/*
 * What windows of so many minutes, of which the first ends at minute 1, take off
 * when they are computed again with these outcomes: "AFTER..UNTIL@FIRST..LAST",
 * and "@FIRST..LAST" where the windows of results are not known.  room: where
 * results lie before the end of their window, "-1 -1" numbers at the start of
 * a minute, "-3 0" series of three.
 */
static const char *reaches_of(const char *tasks, enum lp_batch_kind kind, int window, enum lp_result_time result_time,
                              int room_from, int room_to)
{
	static char text[256];
	struct story story = { .tasks = tasks, .attempt = 1, .watermark = 60 };
	struct lp_batch *batch = lp_batch_new(NULL);
	struct lp_output output = { .series_id = 5,
		                    .results_from = room_from * LP_MINUTE,
		                    .results_to = room_to * LP_MINUTE + (room_from == room_to) };
	struct lp_settle_known known;
	struct lp_settlement settled;
	char *at = text;

	build(&story, batch, &known);
	batch->calculations[0].outputs = &output;
	batch->calculations[0].output_count = 1;
	batch->calculations[0].schedule.window.count = window;
	batch->calculations[0].result_time = result_time;
	for (size_t i = 0; i < batch->task_count; i++) {
		struct lp_task *task = &batch->tasks[i];

		task->window.start = task->window.end - window * LP_MINUTE;
		task->result_time = result_time == LP_RESULT_AT_END ? task->window.end : task->window.start;
	}
	batch->kind = kind;
	if (kind == LP_BATCH_RECOMPUTE)
		recompute(batch, &known, AT((int)strlen(tasks)));
	lp_settle(batch, &policy, &known, NULL, &settled);
	*at = '\0';
	for (size_t i = 0; i < settled.reach_count; i++) {
		const struct lp_reach *reach = &settled.reaches[i];

		ck_assert_int_eq(reach->series_id, 5);
		at += sprintf(at, "%s", i == 0 ? "" : " ");
		if (reach->until_end != LP_TIME_NONE) {
			at += print_minutes(at, reach->after_end);
			at += sprintf(at, "..");
			at += print_minutes(at, reach->until_end);
		}
		at += sprintf(at, "@");
		at += print_minutes(at, reach->first);
		at += sprintf(at, "..");
		at += print_minutes(at, reach->last);
	}
	lp_batch_free(batch);
	return text;
}

START_TEST(what_windows_do_not_produce_any_more_is_known)
{
	const enum lp_result_time start = LP_RESULT_AT_START, end = LP_RESULT_AT_END;

	ck_assert_str_eq(reaches_of("o", LP_BATCH_FORWARD, 1, start, -1, -1), "");
	ck_assert_str_eq(reaches_of("o", LP_BATCH_RETRY, 1, start, -1, -1), "@0..1- 1-..1@0..0");
	ck_assert_str_eq(reaches_of("on", LP_BATCH_RECOMPUTE, 1, start, -1, -1), "@0..1- @1..2- 0..2@-1+..1");
	/* The old results of a window stay until a retry works. */
	ck_assert_str_eq(reaches_of("ofo", LP_BATCH_RECOMPUTE, 1, start, -1, -1),
	                 "@0..1- @2..3- 0..2-@-1+..1- 2..3@1+..2");
	ck_assert_str_eq(reaches_of("ow", LP_BATCH_RECOMPUTE, 1, start, -1, -1), "@0..1- 0..2-@-1+..1-");
	ck_assert_str_eq(reaches_of("f", LP_BATCH_RETRY, 1, start, -1, -1), "");
	/* A number at the end; samples of a series before it. */
	ck_assert_str_eq(reaches_of("o", LP_BATCH_RECOMPUTE, 1, end, 0, 0), "@0+..1 0..1@0+..1");
	ck_assert_str_eq(reaches_of("o", LP_BATCH_RECOMPUTE, 1, end, -1, 0), "@0..1- 0..1@-1+..1-");
	/* Windows that overlap. */
	ck_assert_str_eq(reaches_of("o", LP_BATCH_RECOMPUTE, 5, start, -5, -5), "@-4..-4 0..1@-5+..-4");
	ck_assert_str_eq(reaches_of("o", LP_BATCH_RECOMPUTE, 5, start, -5, 0), "0..1@-5+..1-");
}
END_TEST

/* Where the results of a window of a minute are looked for from now on: "FROM TO" in seconds from its end, or none. */
static const char *room_of(enum lp_result_time result_time, int64_t offset, int64_t from, int64_t to)
{
	static char text[64];
	struct story story = { .tasks = "o", .attempt = 1, .watermark = 60 };
	struct lp_batch *batch = lp_batch_new(NULL);
	struct lp_output output = { .series_id = 5, .results_from = from * LP_SECOND, .results_to = to * LP_SECOND };
	struct lp_result result = { .time = AT(1) + offset * LP_SECOND, .value = 1 };
	struct lp_settle_known known;
	struct lp_settlement settled;

	build(&story, batch, &known);
	batch->calculations[0].outputs = &output;
	batch->calculations[0].output_count = 1;
	batch->calculations[0].result_time = result_time;
	batch->tasks[0].result_time = result_time == LP_RESULT_AT_END ? AT(1) : AT(0);
	batch->tasks[0].outcome.results = &result;
	batch->tasks[0].outcome.result_count = 1;
	lp_settle(batch, &policy, &known, NULL, &settled);
	snprintf(text, sizeof text, "none");
	if (settled.widened_count > 0)
		snprintf(text, sizeof text, "%g %g", (double)settled.widened[0].from / LP_SECOND,
		         floor((double)settled.widened[0].to / LP_SECOND));
	lp_batch_free(batch);
	return text;
}

START_TEST(results_have_room_where_they_lie_and_no_more)
{
	const enum lp_result_time start = LP_RESULT_AT_START, end = LP_RESULT_AT_END;

	ck_assert_str_eq(room_of(start, -60, 0, 0), "-60 -60"); /* and the next microsecond: a number */
	ck_assert_str_eq(room_of(end, 0, 0, 0), "0 0");
	ck_assert_str_eq(room_of(end, 0, 0, 1), "none");
	ck_assert_str_eq(room_of(start, 0, -60, -59), "-60 60");
	ck_assert_str_eq(room_of(start, -30, 0, 0), "-60 0"); /* a series */
	ck_assert_str_eq(room_of(end, -60, 0, 0), "-60 0");
	ck_assert_str_eq(room_of(start, -1, -60, 0), "none");
	ck_assert_str_eq(room_of(start, 100, 0, 0), "60 120");
	ck_assert_str_eq(room_of(start, -100, -60, 0), "-120 0");
	ck_assert_str_eq(room_of(start, 86400 - 10, 0, 0), "84480 86400"); /* a day away: in steps of 32 windows */
}
END_TEST

START_TEST(a_redo_that_fails_is_pending)
{
	struct story story = { .tasks = "of", .attempt = 1, .watermark = 60 };
	struct lp_batch *batch = lp_batch_new(NULL);
	struct lp_settle_known known;
	struct lp_settlement settled;

	build(&story, batch, &known);
	batch->kind = LP_BATCH_RECOMPUTE;
	lp_settle(batch, &policy, &known, NULL, &settled);
	ck_assert_uint_eq(settled.state_count, 0); /* the newest window says how it is; pending says what is wrong */
	ck_assert_uint_eq(settled.pending_count, 1);
	ck_assert_int_eq(settled.pending[0].window.start, AT(1));
	ck_assert_int_eq(settled.pending[0].attempts, 1);
	ck_assert_uint_eq(settled.done_count, 1); /* pending from before, if it was */
	lp_batch_free(batch);
}
END_TEST

START_TEST(delays_double_up_to_the_longest)
{
	const struct lp_retry_policy long_one = { .max_attempts = 100,
		                                  .first_delay = LP_MINUTE,
		                                  .longest_delay = LP_HOUR };

	ck_assert_int_eq(lp_retry_next(&long_one, T0, 1, 1), AT(1));
	ck_assert_int_eq(lp_retry_next(&long_one, T0, 2, 1), AT(2));
	/* Those that failed together come back within a quarter of the delay. */
	lp_time earliest = LP_TIME_MAX, latest = LP_TIME_MIN;
	for (int64_t id = 1; id <= 100; id++) {
		lp_time next = lp_retry_next(&long_one, T0, 6, id);
		ck_assert_int_gt(next, AT(24));
		ck_assert_int_le(next, AT(32));
		ck_assert_int_eq((next - T0) % LP_MINUTE, 0);
		earliest = next < earliest ? next : earliest;
		latest = next > latest ? next : latest;
		ck_assert_int_eq(lp_retry_next(&long_one, T0, 7, id), lp_retry_next(&long_one, T0, 7, id));
		ck_assert_int_gt(lp_retry_next(&long_one, T0, 99, id), AT(45));
		ck_assert_int_le(lp_retry_next(&long_one, T0, 99, id), AT(60));
	}
	ck_assert_int_lt(earliest, latest - 5 * LP_MINUTE);
	ck_assert_int_eq(lp_retry_next(&long_one, T0, 100, 1), LP_TIME_NONE);
	/* Settings of a person who wants no limit must not overflow. */
	const struct lp_retry_policy endless = { .max_attempts = INT32_MAX,
		                                 .first_delay = LP_DAY,
		                                 .longest_delay = INT64_MAX / 4 };
	ck_assert_int_gt(lp_retry_next(&endless, T0, 1000, 1), T0);
}
END_TEST

START_TEST(the_reason_is_one_line_cut_on_a_character)
{
	struct story story = { .tasks = "f", .attempt = 1, .watermark = -1 };
	struct lp_batch *batch = lp_batch_new(NULL);
	struct lp_settle_known known;
	struct lp_settlement settled;
	char message[600] = "";

	for (int i = 0; i < 200; i++)
		strcat(message, "ß");
	strcat(message, "\nsecond line");
	build(&story, batch, &known);
	batch->tasks[0].outcome.error_type = "Error";
	batch->tasks[0].outcome.error_message = message;
	lp_settle(batch, &policy, &known, NULL, &settled);
	const char *reason = settled.pending[0].reason;
	ck_assert_int_eq(strncmp(reason, "failed: Error: ßß", strlen("failed: Error: ßß")), 0);
	ck_assert_uint_le(strlen(reason), 240);
	ck_assert_uint_eq((strlen(reason) - strlen("failed: Error: ")) % 2, 0);
	ck_assert_str_eq(settled.states[0].error_message, message); /* in full where it belongs */
	lp_batch_free(batch);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("settle");
	TCase *cases = tcase_create("settle");
	tcase_add_loop_test(cases, a_story_ends_as_told, 0, sizeof stories / sizeof *stories);
	tcase_add_test(cases, windows_put_aside_are_ranges);
	tcase_add_test(cases, ranges_of_sliding_windows_touch_those_of_the_batch_before);
	tcase_add_test(cases, a_trial_that_fails_counts_no_attempt);
	tcase_add_test(cases, what_windows_do_not_produce_any_more_is_known);
	tcase_add_test(cases, results_have_room_where_they_lie_and_no_more);
	tcase_add_test(cases, a_redo_that_fails_is_pending);
	tcase_add_test(cases, delays_double_up_to_the_longest);
	tcase_add_test(cases, the_reason_is_one_line_cut_on_a_character);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
