/* How far samples were pruned: what is noted of it, who knows it, and who is refused because of it. */
#include "suites.h"

static struct lp_window pruned_of_input(const char *calculation_name)
{
	struct lp_batch *batch = lp_batch_new(NULL);
	int64_t id = calculation_id(calculation_name);
	struct lp_window pruned;
	struct lp_error error;

	ck_ok(lp_store_read_calculations(store, &id, 1, batch, &error), error);
	ck_assert_uint_eq(batch->calculation_count, 1);
	pruned = batch->calculations[0].inputs[0].pruned;
	lp_batch_free(batch);
	return pruned;
}

START_TEST(what_is_removed_is_noted_and_nothing_else)
{
	add_series("a,b,c");
	write_samples("a", "0=1 30=2 60=3", NULL);
	write_samples("b", "60=3", NULL);
	ck_assert_str_eq(pruned_of("a"), "");
	ck_assert_uint_eq(prune_samples(NULL, AT(60), LP_TIME_NONE), 2);
	ck_assert_str_eq(pruned_of("a"), "0 to 30");
	ck_assert_str_eq(pruned_of("b"), "");
	ck_assert_str_eq(pruned_of("c"), "");
	/* It widens, and never moves back. */
	write_samples("a", "-60=1 15=2", NULL);
	ck_assert_uint_eq(prune_samples("a", AT(60), LP_TIME_NONE), 2);
	ck_assert_str_eq(pruned_of("a"), "-60 to 30");
	ck_assert_uint_eq(prune_samples("a", AT(61), LP_TIME_NONE), 1);
	ck_assert_str_eq(pruned_of("a"), "-60 to 60");
	ck_samples("a", "");
	ck_samples("b", "60=3");
}
END_TEST

START_TEST(what_is_there_again_is_taken_back)
{
	struct lp_error error;

	add_one("mean");
	prune_samples("a", AT(61), LP_TIME_NONE);
	ck_assert_str_eq(pruned_of("a"), "0 to 60");
	ck_ok(lp_store_restore_pruned(store, series_id("a"), (struct lp_window){ AT(0), AT(30) }, &error), error);
	ck_assert_int_eq(pruned_of_input("one").end, AT(30));
	ck_ok(lp_store_restore_pruned(store, series_id("a"), (struct lp_window){ AT(0), AT(0) }, &error), error);
	ck_assert_str_eq(pruned_of("a"), "");
	ck_assert_int_ge(pruned_of_input("one").start, pruned_of_input("one").end);
}
END_TEST

/* Read again, the definitions of a batch know it: also where they were kept from before. */
START_TEST(definitions_know_how_far_their_inputs_are_pruned)
{
	struct lp_batch *batch;
	struct lp_run run;

	add_one("mean");
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	ck_assert_uint_eq(prune_samples("a", AT(60), LP_TIME_NONE), 2);
	run = begin_run(AT(120));
	batch = fetch_batch(&read_heads(0)->items[0], AT(60), AT(120), &run);
	ck_assert_int_eq(batch->calculations[0].inputs[0].pruned.start, AT(0));
	ck_assert_int_eq(batch->calculations[0].inputs[0].pruned.end, AT(30) + 1);
	ck_assert_int_eq(batch->calculations[0].generation, batch->head.generation);
	lp_batch_leave_pruned(batch);
	ck_assert(!batch->tasks[0].decided);
	lp_batch_free(batch);
	ck_assert_int_eq(pruned_of_input("one").end, AT(30) + 1);
}
END_TEST

/* Its samples went between the reading of its definitions and that of its samples. */
static bool commit_after_prune(struct lp_batch *batch)
{
	struct lp_error error;

	ck_assert_uint_eq(prune_samples("a", AT(30), LP_TIME_NONE), 1);
	ck_ok(lp_store_fetch(store, batch, &error), error);
	ck_assert_uint_eq(batch->tasks[0].columns[0].count, 1);
	lp_batch_leave_pruned(batch);
	compute(batch);
	return commit(batch);
}

START_TEST(new_windows_whose_samples_went_while_they_were_read_are_refused)
{
	struct lp_batch *batch;
	struct lp_run run;

	add_one("mean");
	run = begin_run(AT(60));
	batch = fetch_batch(&read_heads(0)->items[0], AT(0), AT(60), &run);
	ck_assert(!commit_after_prune(batch));
	ck_samples("x", "");
	lp_batch_free(batch);
}
END_TEST

START_TEST(windows_computed_again_whose_samples_went_while_they_were_read_are_refused)
{
	struct lp_batch *batch;
	struct oweds *oweds;
	struct lp_run run;
	struct lp_error error;

	add_one("mean");
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	ck_samples("x", "0=2");
	const struct lp_owed_range range = { .calculation_id = calculation_id("one"),
		                             .reason = LP_REASON_LATE,
		                             .window_start = AT(0),
		                             .after_end = AT(0),
		                             .until_end = AT(60) };
	ck_ok(lp_store_add_owed(store, &range, 1, &error), error);
	run = begin_run(AT(120));
	oweds = read_owed(LP_RUN_MINUTE, -1);
	ck_assert_uint_eq(oweds->count, 1);
	batch = fetch_redo(oweds->items, 1, AT(60), &run);
	ck_assert(!commit_after_prune(batch));
	lp_batch_free(batch);
	ck_samples("x", "0=2");
	/* The next one knows, leaves the result, and is done with it. */
	batch = fetch_redo(oweds->items, 1, AT(60), &run);
	lp_batch_leave_pruned(batch);
	ck_assert(batch->tasks[0].decided && lp_task_is_left(batch, &batch->tasks[0]));
	atomic_store(&batch->computed, batch->task_count);
	ck_assert(commit(batch));
	lp_batch_free(batch);
	ck_samples("x", "0=2");
	ck_assert_uint_eq(read_owed(LP_RUN_MINUTE, -1)->count, 0);
	ck_assert_str_eq(status_of("one"), "ok - attempts 0 - pending 0");
}
END_TEST

START_TEST(retries_whose_samples_went_while_they_were_read_are_refused)
{
	struct lp_calculation *one = add_one("fail");
	const struct pendings *pendings;
	struct lp_batch *batch = lp_batch_new(NULL);
	struct lp_run run;
	struct lp_error error;

	fail_one_window(0, 60);
	one->rule = "mean";
	change_calculation(one);
	run = begin_run(AT(180));
	pendings = read_pendings(AT(180));
	ck_assert_uint_eq(pendings->count, 1);
	batch->kind = LP_BATCH_RETRY;
	batch->reason = LP_REASON_RETRY;
	batch->read_before = LP_TIME_MAX;
	batch->run_id = run.id;
	batch->tick = run.tick;
	ck_ok(lp_store_read_calculations(store, &pendings->items[0].calculation_id, 1, batch, &error), error);
	lp_batch_plan(batch, &pendings->items[0].window, 1);
	batch->tasks[0].attempt = pendings->items[0].attempts + 1;
	ck_assert(!commit_after_prune(batch));
	lp_batch_free(batch);
	ck_samples("x", "");
	ck_assert_uint_eq(read_pendings(AT(180))->count, 1);
}
END_TEST

static bool show_need(void *context, const struct lp_need *need, struct lp_error *error)
{
	struct lp_text *text = context;

	(void)error;
	lp_text_addf(text, "%s%s %lld lookback %lld%s", text->length > 0 ? ", " : "", need->calculation,
	             need->watermark == LP_TIME_NONE ? -1 : (long long)((need->watermark - BASE) / LP_SECOND),
	             (long long)(need->lookback / LP_SECOND), need->enabled ? "" : " disabled");
	return true;
}

static bool show_debt(void *context, const struct lp_debt *debt, struct lp_error *error)
{
	struct lp_text *text = context;

	(void)error;
	lp_text_addf(text, "%s%lld", text->length > 0 ? ", " : "", (long long)((debt->after_end - BASE) / LP_SECOND));
	return true;
}

START_TEST(who_reads_and_what_is_owed_is_told)
{
	struct lp_text text = { 0 };
	struct lp_calculation *one = add_one("mean");
	int64_t id;
	struct lp_error error;

	add_two();
	id = series_id("a");
	lp_text_add(&text, "", 0);
	ck_ok(lp_store_each_need(store, &id, 1, show_need, &text, &error), error);
	ck_assert_str_eq(keep_text(&text), "one -1 lookback 0");
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 2);
	one->enabled = false;
	one->inputs[0].lookback = LP_HOUR;
	change_calculation(one);
	lp_text_add(&text, "", 0);
	ck_ok(lp_store_each_need(store, &id, 1, show_need, &text, &error), error);
	ck_assert_str_eq(keep_text(&text), "one 60 lookback 3600 disabled");
	const struct lp_owed_range range = { .calculation_id = calculation_id("two"),
		                             .reason = LP_REASON_BACKFILL,
		                             .window_start = AT(0),
		                             .after_end = AT(0),
		                             .until_end = AT(60) };
	ck_ok(lp_store_add_owed(store, &range, 1, &error), error);
	lp_text_add(&text, "", 0);
	ck_ok(lp_store_each_debt(store, show_debt, &text, &error), error);
	ck_assert_str_eq(keep_text(&text), "0");
	lp_text_free(&text);
}
END_TEST

START_TEST(the_last_good_samples_are_found_by_their_number)
{
	struct lp_last lasts[4];
	struct lp_error error;

	add_series("a,b");
	write_samples("a", "0=1 30=2 60=nan 90=4b 120=5u 180=6", NULL);
	for (int i = 0; i < 4; i++)
		lasts[i] = (struct lp_last){
			.series_id = series_id(i < 3 ? "a" : "b"), .first = AT(0), .beyond = AT(180), .number = i + 1
		};
	lasts[2].first = AT(1);
	ck_ok(lp_store_find_lasts(store, lasts, 4, &error), error);
	ck_assert_int_eq(lasts[0].time, AT(120));
	ck_assert_int_eq(lasts[1].time, AT(30));
	ck_assert_int_eq(lasts[2].time, LP_TIME_NONE);
	ck_assert_int_eq(lasts[3].time, LP_TIME_NONE);
}
END_TEST

Suite *pruned_suite(void)
{
	Suite *suite = suite_create("pruned");
	TCase *tests = tcase_create("pruned");

	tcase_add_checked_fixture(tests, open_store, close_store);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, what_is_removed_is_noted_and_nothing_else);
	tcase_add_test(tests, what_is_there_again_is_taken_back);
	tcase_add_test(tests, definitions_know_how_far_their_inputs_are_pruned);
	tcase_add_test(tests, new_windows_whose_samples_went_while_they_were_read_are_refused);
	tcase_add_test(tests, windows_computed_again_whose_samples_went_while_they_were_read_are_refused);
	tcase_add_test(tests, retries_whose_samples_went_while_they_were_read_are_refused);
	tcase_add_test(tests, the_last_good_samples_are_found_by_their_number);
	tcase_add_test(tests, who_reads_and_what_is_owed_is_told);
	suite_add_tcase(suite, tests);
	return suite;
}
