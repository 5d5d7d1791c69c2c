/*
 * Results know the windows that made them: whatever is computed again, in
 * whatever order, under whatever definition, at each time there is the result of
 * the window that ends last.
 */
#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOWS = 14, EDGE = 8, SAMPLES = (WINDOWS + 2 * EDGE) * 3, STEPS = 40, WORLDS = 12 };

/* Sample n of the input lies at this second: three a minute, from EDGE minutes before the first window on. */
#define SECOND_OF(n) ((n)*20 - EDGE * 60)

/* What the calculation made of the window that ends at this minute, when it was last computed. */
struct made {
	size_t count;
	lp_time time[SAMPLES];
	double value[SAMPLES];
};

/* A calculation of windows that end at minutes 1, 2, ..., all that was ever done with it, and what should come of it. */
struct world {
	unsigned int random;
	struct lp_calculation *calculation;
	int length, shift; /* minutes: of the window, and of what is read */
	int ended;         /* the watermark, in minutes */
	int hour;          /* the tick */
	double input[SAMPLES];
	bool there[SAMPLES];
	struct made made[WINDOWS + 1];
	double imported[SAMPLES + 1]; /* by sample, of the output */
	bool is_imported[SAMPLES + 1];
	bool fails[WINDOWS + 1]; /* the rule, for that window, the next time */
	bool replace_imported;   /* the next recompute */
	uint64_t kept_imported;  /* by the last one */
};

static int chance(struct world *world, int of)
{
	world->random = world->random * 1103515245 + 12345;
	return (int)(world->random >> 16) % of;
}

static bool gives_series(const struct world *world)
{
	return strcmp(world->calculation->rule, "echo") == 0;
}

/* As the rules of the little pipeline. */
static void note_made(struct world *world, int end)
{
	struct made *made = &world->made[end];
	int first = (end - world->length + world->shift) * 60, beyond = (end + world->shift) * 60;
	double sum = 0;
	size_t good = 0;

	made->count = 0;
	for (int n = 0; n < SAMPLES; n++) {
		if (!world->there[n] || SECOND_OF(n) < first || SECOND_OF(n) >= beyond)
			continue;
		good++;
		sum += world->input[n];
		if (gives_series(world)) {
			made->time[made->count] = AT(SECOND_OF(n));
			made->value[made->count++] = world->input[n];
		}
	}
	if (gives_series(world) || good == 0)
		return;
	made->time[0] =
		world->calculation->result_time == LP_RESULT_AT_END ? AT(end * 60) : AT((end - world->length) * 60);
	made->value[0] = sum / (double)good;
	made->count = 1;
}

/* Of each time the one of the window that ends last, but for what was imported. */
static const char *expected(const struct world *world)
{
	lp_time time[SAMPLES + 1];
	double value[SAMPLES + 1];
	struct lp_column column = { .time = time, .value = value };

	for (int n = 0; n < SAMPLES; n++) {
		bool found = world->is_imported[n];
		double number = world->imported[n];

		for (int end = WINDOWS; end > 0 && !found; end--) {
			const struct made *made = &world->made[end];

			for (size_t i = 0; i < made->count && !found; i++) {
				found = made->time[i] == AT(SECOND_OF(n));
				number = made->value[i];
			}
		}
		if (!found)
			continue;
		time[column.count] = AT(SECOND_OF(n));
		value[column.count++] = number;
	}
	return show_column(&column);
}

/* Its windows that end at minutes from first to last, in one batch; those that are to fail do. */
static struct lp_batch *compute_windows(struct world *world, struct lp_batch *batch, int first, int last)
{
	struct lp_window windows[WINDOWS];
	struct lp_error error;

	for (int end = first; end <= last; end++)
		windows[end - first] = (struct lp_window){ AT((end - world->length) * 60), AT(end * 60) };
	lp_batch_plan(batch, windows, (size_t)(last - first + 1));
	for (size_t i = 0; i < batch->task_count; i++) {
		struct lp_window *range = &batch->tasks[i].ranges[0];

		range->start += world->shift * LP_MINUTE;
		range->end += world->shift * LP_MINUTE;
	}
	ck_ok(lp_store_fetch(store, batch, &error), error);
	compute(batch);
	for (int end = first; end <= last; end++) {
		struct lp_outcome *outcome = &batch->tasks[end - first].outcome;

		if (world->fails[end])
			*outcome = (struct lp_outcome){ .state = LP_STATE_FAILED, .error_type = "ValueError" };
	}
	return batch;
}

static void note_windows(struct world *world, int first, int last)
{
	for (int end = first; end <= last; end++) {
		if (!world->fails[end])
			note_made(world, end);
		world->fails[end] = false;
	}
}

static struct lp_run next_run(struct world *world)
{
	return begin_run(AT(3600 * ++world->hour));
}

static void go_forward(struct world *world)
{
	int count = 1 + chance(world, 3), last = world->ended + count;
	struct lp_run run = next_run(world);
	struct lp_batch *batch = lp_batch_new(NULL);
	struct lp_error error;

	if (last > WINDOWS)
		last = WINDOWS;
	if (last == world->ended)
		return;
	batch->head = read_heads(0)->items[0];
	batch->run_id = run.id;
	batch->tick = run.tick;
	batch->new_watermark = AT(last * 60);
	batch->read_before = AT(world->ended * 60);
	ck_ok(lp_store_read_batch(store, batch, &error), error);
	ck_assert(commit(compute_windows(world, batch, world->ended + 1, last)));
	note_windows(world, world->ended + 1, last);
	world->ended = last;
	lp_batch_free(batch);
}

/* The windows of a range of which the first ends at minute `first`; 0: none ends in it. */
static void redo_in_one(struct world *world, int after, int until, int first)
{
	struct lp_owed_range range = { .calculation_id = calculation_id("one"),
		                       .reason = LP_REASON_LATE,
		                       .window_start = AT((after + 1 - world->length) * 60),
		                       .after_end = AT(after * 60),
		                       .until_end = AT(until * 60),
		                       .replace_imported = world->replace_imported };
	struct lp_run run = next_run(world);
	struct lp_batch *batch = lp_batch_new(NULL);
	struct lp_owed *owed;
	struct lp_error error;

	ck_ok(lp_store_add_owed(store, &range, 1, &error), error);
	owed = &read_owed(LP_RUN_MINUTE, -1)->items[0];
	batch->kind = LP_BATCH_RECOMPUTE;
	batch->reason = LP_REASON_LATE;
	batch->head.id = owed->batch_id;
	batch->owed = owed;
	batch->owed_count = 1;
	batch->recomputed_until = range.until_end;
	batch->replace_imported = owed->replace_imported;
	batch->read_before = LP_TIME_MAX;
	batch->run_id = run.id;
	batch->tick = run.tick;
	ck_ok(lp_store_read_calculations(store, &range.calculation_id, 1, batch, &error), error);
	if (first > 0)
		compute_windows(world, batch, first, until);
	ck_assert(commit(batch));
	world->kept_imported = batch->kept_imported;
	ck_assert_uint_eq(read_owed(LP_RUN_MINUTE, -1)->count, 0);
	lp_batch_free(batch);
}

static void recompute(struct world *world, int after, int until)
{
	redo_in_one(world, after, until, after + 1);
	note_windows(world, after + 1, until);
}

static void redo_somewhere(struct world *world)
{
	int after, until;

	if (world->ended == 0)
		return;
	after = chance(world, world->ended);
	until = after + 1 + chance(world, world->ended - after);
	if (chance(world, 3) == 0)
		world->fails[after + 1 + chance(world, until - after)] = true;
	recompute(world, after, until);
}

static void retry_those_that_failed(struct world *world)
{
	struct lp_run run = next_run(world);
	const struct pendings *pendings = read_pendings(run.tick);

	for (size_t i = 0; i < pendings->count; i++) {
		const struct lp_pending *pending = &pendings->items[i];
		struct lp_batch *batch = lp_batch_new(NULL);
		int end = (int)((pending->window.end - BASE) / LP_MINUTE);
		struct lp_error error;

		batch->kind = LP_BATCH_RETRY;
		batch->reason = LP_REASON_RETRY;
		batch->read_before = LP_TIME_MAX;
		batch->run_id = run.id;
		batch->tick = run.tick;
		ck_ok(lp_store_read_calculations(store, &pending->calculation_id, 1, batch, &error), error);
		compute_windows(world, batch, end, end);
		batch->tasks[0].attempt = pending->attempts + 1;
		ck_assert(commit(batch));
		note_windows(world, end, end);
		lp_batch_free(batch);
	}
}

static void change_input(struct world *world)
{
	int n = chance(world, SAMPLES);
	char sample[64];

	if (world->there[n] && chance(world, 2) == 0) {
		delete_elsewhere("a", AT(SECOND_OF(n)), AT(SECOND_OF(n)));
		world->there[n] = false;
		return;
	}
	world->there[n] = true;
	world->input[n] = chance(world, 1000);
	snprintf(sample, sizeof sample, "%d=%g", SECOND_OF(n), world->input[n]);
	write_samples("a", sample, NULL);
}

/* Pending windows of another length would be dropped with it. */
static void change_definition(struct world *world)
{
	retry_those_that_failed(world);
	if (chance(world, 2) == 0)
		world->calculation->rule = gives_series(world) ? "mean" : "echo";
	world->calculation->result_time = chance(world, 2) == 0 ? LP_RESULT_AT_END : LP_RESULT_AT_START;
	world->length = 1 + chance(world, 3);
	world->shift = chance(world, 2) == 0 ? 0 : chance(world, 5) - 2;
	world->calculation->schedule.window = span(world->length, LP_UNIT_MINUTE);
	change_calculation(world->calculation);
}

static void import_one(struct world *world)
{
	int n = chance(world, SAMPLES);
	char sample[64];

	world->is_imported[n] = true;
	world->imported[n] = -1 - chance(world, 1000);
	snprintf(sample, sizeof sample, "%d=%g", SECOND_OF(n), world->imported[n]);
	write_samples("x", sample, NULL);
}

static void take_a_step(struct world *world)
{
	static void (*const steps[])(struct world *) = {
		go_forward,        redo_somewhere, redo_somewhere, redo_somewhere,          change_input,
		change_input,      change_input,   change_input,   retry_those_that_failed, change_definition,
		change_definition, go_forward,     import_one,
	};

	steps[chance(world, sizeof steps / sizeof *steps)](world);
}

static void begin_world(struct world *world, unsigned int number)
{
	*world = (struct world){ .random = number * 7919 + 1 };
	world->calculation = calculation("one", number % 3 == 0 ? "mean" : "echo", "a", "x");
	world->length = 1 + chance(world, 3);
	world->shift = number % 2 == 0 ? 0 : chance(world, 5) - 2;
	world->calculation->result_time = chance(world, 2) == 0 ? LP_RESULT_AT_END : LP_RESULT_AT_START;
	world->calculation->schedule.window = span(world->length, LP_UNIT_MINUTE);
	add_series("a,x");
	add_calculation(world->calculation);
	for (int n = 0; n < SAMPLES; n++) {
		char sample[64];

		world->there[n] = chance(world, 4) > 0;
		world->input[n] = n;
		snprintf(sample, sizeof sample, "%d=%d", SECOND_OF(n), n);
		if (world->there[n])
			write_samples("a", sample, NULL);
	}
	go_forward(world);
}

START_TEST(at_each_time_is_the_result_of_the_window_that_ends_last)
{
	struct world *world = lp_arena_zeroed(&arena, 1, sizeof *world);

	begin_world(world, (unsigned int)_i);
	for (int step = 0; step < STEPS; step++) {
		take_a_step(world);
		ck_assert_msg(strcmp(read_samples("x", LP_TIME_NONE, LP_TIME_NONE, 0), expected(world)) == 0,
		              "world %d, step %d: %s\ninstead of %s", _i, step,
		              read_samples("x", LP_TIME_NONE, LP_TIME_NONE, 0), expected(world));
	}
}
END_TEST

static bool ignore_changes(void *context, struct lp_change *changes, size_t count, struct lp_error *error)
{
	(void)context;
	(void)changes;
	(void)count;
	(void)error;
	return true;
}

/* From the first to the last that was changed of x. */
static bool widen_changes(void *context, struct lp_change *changes, size_t count, struct lp_error *error)
{
	struct lp_window *changed = context;

	(void)error;
	for (size_t i = 0; i < count; i++) {
		ck_assert_int_eq(changes[i].series_id, series_id("x"));
		changed->start = changes[i].first < changed->start ? changes[i].first : changed->start;
		changed->end = changes[i].last > changed->end ? changes[i].last : changed->end;
	}
	return true;
}

/* One commit for each window of a list, in this order, of what is there already: of "6 5" that of minute 6 first. */
static void redo_each(struct world *world, const char *ends)
{
	for (const char *at = ends; *at != '\0'; at += strspn(at, " ")) {
		char *rest;
		int end = (int)strtol(at, &rest, 10);

		recompute(world, end - 1, end);
		at = rest;
	}
}

/* A window of three minutes each minute, of  up to minute 6. */
static struct world *begin_sliding(const char *rule, const char *samples)
{
	struct world *world = lp_arena_zeroed(&arena, 1, sizeof *world);

	world->calculation = calculation("one", rule, "a", "x");
	world->length = 3;
	world->calculation->schedule.window = span(3, LP_UNIT_MINUTE);
	add_series("a,x");
	add_calculation(world->calculation);
	write_samples("a", samples, NULL);
	while (world->ended < 6)
		go_forward(world);
	return world;
}

START_TEST(the_window_that_ends_last_counts_in_whatever_order)
{
	struct world *world = begin_sliding("mean", "0=1 60=2 120=3 180=4 240=5 300=6");

	/* The windows that begin at minutes 0 to 3, each with its mean there. */
	world->calculation->rule = "echo";
	change_calculation(world->calculation);
	redo_each(world, "6 3 5 4 1 2");
	ck_samples("x", "0=1 60=2 120=3 180=4 240=5 300=6");
	/* The sample of minute 4 is read by the windows that end at 5, 6 and 7; 6 is the last one that there is. */
	update_elsewhere("a", AT(240), AT(240), 50);
	redo_each(world, "6");
	ck_samples("x", "0=1 60=2 120=3 180=4 240=50 300=6");
	update_elsewhere("a", AT(240), AT(240), 60);
	redo_each(world, "5");
	ck_samples("x", "0=1 60=2 120=3 180=4 240=50 300=6");
}
END_TEST

START_TEST(what_was_superseded_is_back_when_the_last_window_ceases_to_give_it)
{
	struct world *world = begin_sliding("echo", "0=1 60=2 120=3 180=4 240=5 300=6");
	struct lp_change_query query = { .newest = LP_TIME_MAX, .take = true };
	struct lp_window changed = { .start = LP_TIME_MAX, .end = LP_TIME_MIN };
	struct lp_error error;

	update_elsewhere("a", AT(240), AT(240), 8);
	redo_each(world, "6");
	world->calculation->rule = "mean";
	change_calculation(world->calculation);
	ck_ok(lp_store_begin(store, &error) && lp_store_each_change(store, &query, ignore_changes, NULL, &error) &&
	              lp_store_commit_work(store, &error),
	      error);
	redo_each(world, "6"); /* gives a mean at minute 3 now, and nothing at 4 and 5 */
	ck_samples("x", "0=1 60=2 120=3 180=6 240=5");
	ck_ok(lp_store_each_change(store, &query, widen_changes, &changed, &error), error);
	ck_assert_int_eq(changed.start, AT(180)); /* what reads them follows */
	ck_assert_int_eq(changed.end, AT(300));
	redo_each(world, "5"); /* a mean at minute 2 */
	ck_samples("x", "0=1 60=2 120=5 180=6");
}
END_TEST

START_TEST(results_of_windows_that_a_schedule_has_no_more_go)
{
	struct world *world = lp_arena_zeroed(&arena, 1, sizeof *world);

	world->calculation = calculation("one", "mean", "a", "x");
	world->length = 1;
	add_series("a,x");
	add_calculation(world->calculation);
	write_samples("a", "0=1 60=2 120=3 180=4", NULL);
	while (world->ended < 4)
		go_forward(world);
	ck_samples("x", "0=1 60=2 120=3 180=4");
	/* Windows of four minutes: the range is moved over those of one minute, none of which ends at 1, 2 and 3. */
	world->calculation->schedule.every = world->calculation->schedule.window = span(4, LP_UNIT_MINUTE);
	world->length = 4;
	change_calculation(world->calculation);
	redo_in_one(world, 0, 4, 4);
	ck_samples("x", "0=2.5");
	/* A range in which no window ends at all is done with, too. */
	redo_in_one(world, 0, 2, 0);
	ck_samples("x", "0=2.5");
}
END_TEST

/* At minutes 0 and 1 two calculations after each other have results, of windows of two minutes and of one. */
START_TEST(the_results_of_who_wrote_a_series_before_do_not_count)
{
	struct world *world = lp_arena_zeroed(&arena, 1, sizeof *world);

	world->calculation = calculation("one", "echo", "a", "x");
	world->calculation->schedule.every = world->calculation->schedule.window = span(2, LP_UNIT_MINUTE);
	add_series("a,x");
	add_calculation(world->calculation);
	write_samples("a", "0=1 60=2", NULL);
	ck_assert_int_eq(run_window(AT(0), AT(120), AT(120)), 1);
	ck_samples("x", "0=1 60=2");
	apply_changes(&(struct lp_changes){ .deleted = world->calculation, .deleted_count = 1 });
	add_calculation(calculation("two", "mean", "a", "x"));
	write_samples("a", "0=5 60=6", NULL);
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(180)), 1);
	ck_samples("x", "0=5 60=2");
	ck_assert_int_eq(run_window(AT(60), AT(120), AT(180)), 1);
	ck_samples("x", "0=5 60=6");
}
END_TEST

START_TEST(results_of_before_windows_were_noted_are_of_the_window_they_lie_in)
{
	struct world *world = lp_arena_zeroed(&arena, 1, sizeof *world);

	world->calculation = calculation("one", "echo", "a", "x");
	world->calculation->result_time = LP_RESULT_AT_END;
	world->length = 1;
	add_series("a,x");
	add_calculation(world->calculation);
	write_samples("a", "0=1 20=2 60=3 80=4", NULL);
	while (world->ended < 2)
		go_forward(world);
	forget_windows("x");
	delete_elsewhere("a", AT(0), AT(20));
	redo_each(world, "1");
	ck_samples("x", "60=3 80=4"); /* the one at the end belongs to the next window */
	delete_elsewhere("a", AT(60), AT(60));
	redo_each(world, "2");
	ck_samples("x", "80=4");
}
END_TEST

START_TEST(what_somebody_imported_is_written_over_where_that_is_asked)
{
	struct world *world = lp_arena_zeroed(&arena, 1, sizeof *world);
	struct lp_write_counts counts;

	world->calculation = calculation("one", "mean", "a", "x");
	world->length = 1;
	add_series("a,x");
	add_calculation(world->calculation);
	write_samples("a", "0=1 60=2 120=3", NULL);
	while (world->ended < 3)
		go_forward(world);
	write_samples("x", "0=1 60=20", &counts); /* also what is equal is somebody's now */
	ck_assert_uint_eq(counts.updated, 2);
	write_samples("a", "0=5 60=6 120=7", NULL);
	recompute(world, 0, 3);
	ck_samples("x", "0=1 60=20 120=7");
	ck_assert_uint_eq(world->kept_imported, 2);
	world->replace_imported = true;
	recompute(world, 0, 1);
	ck_samples("x", "0=5 60=20 120=7");
	ck_assert_uint_eq(world->kept_imported, 0);
	delete_elsewhere("a", AT(60), AT(60));
	recompute(world, 1, 2); /* nothing to write over it with */
	ck_samples("x", "0=5 60=20 120=7");
	world->replace_imported = false;
	write_samples("a", "0=8", NULL);
	recompute(world, 0, 1); /* it is a result again */
	ck_samples("x", "0=8 60=20 120=7");
}
END_TEST

/* A range that is asked to replace what was imported does not join one that is not. */
START_TEST(ranges_that_replace_what_was_imported_stay_apart)
{
	struct lp_owed_range ranges[] = {
		{ .reason = LP_REASON_BACKFILL, .window_start = AT(0), .after_end = AT(0), .until_end = AT(120) },
		{ .reason = LP_REASON_BACKFILL,
		  .window_start = AT(60),
		  .after_end = AT(60),
		  .until_end = AT(180),
		  .replace_imported = true },
		{ .reason = LP_REASON_BACKFILL,
		  .window_start = AT(120),
		  .after_end = AT(120),
		  .until_end = AT(240),
		  .replace_imported = true },
	};
	const struct oweds *oweds;
	struct lp_error error;

	add_one("mean");
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	for (size_t i = 0; i < 3; i++) {
		ranges[i].calculation_id = calculation_id("one");
		ck_ok(lp_store_add_owed(store, &ranges[i], 1, &error), error);
	}
	oweds = read_owed(LP_RUN_BACKFILL, -1);
	ck_assert_uint_eq(oweds->count, 2);
	ck_assert(!oweds->items[0].replace_imported);
	ck_assert_int_eq(oweds->items[0].until_end, AT(120));
	ck_assert(oweds->items[1].replace_imported);
	ck_assert_int_eq(oweds->items[1].after_end, AT(60));
	ck_assert_int_eq(oweds->items[1].until_end, AT(240));
}
END_TEST

Suite *results_suite(void)
{
	Suite *suite = suite_create("results");
	TCase *cases = tcase_create("results");

	tcase_add_checked_fixture(cases, open_store, close_store);
	tcase_set_timeout(cases, 60);
	tcase_add_loop_test(cases, at_each_time_is_the_result_of_the_window_that_ends_last, 0, WORLDS);
	tcase_add_test(cases, the_window_that_ends_last_counts_in_whatever_order);
	tcase_add_test(cases, what_was_superseded_is_back_when_the_last_window_ceases_to_give_it);
	tcase_add_test(cases, results_of_windows_that_a_schedule_has_no_more_go);
	tcase_add_test(cases, the_results_of_who_wrote_a_series_before_do_not_count);
	tcase_add_test(cases, results_of_before_windows_were_noted_are_of_the_window_they_lie_in);
	tcase_add_test(cases, what_somebody_imported_is_written_over_where_that_is_asked);
	tcase_add_test(cases, ranges_that_replace_what_was_imported_stay_apart);
	suite_add_tcase(suite, cases);
	return suite;
}
