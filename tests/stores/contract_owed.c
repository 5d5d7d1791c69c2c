/* Owed windows: how ranges join, how they are worked off, and when work on them is refused. */
#include "suites.h"

#include <stdio.h>
#include <string.h>

/* "one", reading a and writing x, with the first five minutes computed; a has a sample in each. */
static struct lp_calculation *set_up(const char *rule)
{
	struct lp_calculation *one = calculation("one", rule, "a", "x");

	add_series("a,x");
	write_samples("a", "0=1 60=2 120=3 180=4 240=5", NULL);
	add_calculation(one);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(run_window(AT(60 * i), AT(60 * i + 60), AT(60 * i + 60)), 1);
	return one;
}

static int64_t id_of(const char *name)
{
	return find_status(name)->calculation.id;
}

static void add_owed(const char *name, enum lp_reason reason, int64_t cause_id, int after, int until)
{
	struct lp_owed_range range = { .calculation_id = id_of(name),
		                       .reason = reason,
		                       .window_start = AT(after),
		                       .after_end = AT(after),
		                       .until_end = AT(until),
		                       .cause_id = cause_id };
	struct lp_error error;

	ck_ok(lp_store_add_owed(store, &range, 1, &error), error);
}

static const char *owed_for(enum lp_run_kind kind)
{
	static char text[1024];
	const struct oweds *oweds = read_owed(kind, -1);

	text[0] = '\0';
	for (size_t i = 0; i < oweds->count; i++) {
		const struct lp_owed *owed = &oweds->items[i];
		size_t length = strlen(text);

		snprintf(text + length, sizeof text - length, "%s%s %lld-%lld", i > 0 ? ", " : "",
		         lp_reason_name(owed->reason), (long long)((owed->after_end - BASE) / LP_SECOND),
		         (long long)((owed->until_end - BASE) / LP_SECOND));
	}
	return text;
}
#define ck_owed(expected) ck_assert_str_eq(owed_for(LP_RUN_MINUTE), expected)

/* The only range, up to `until`, computed. */
static struct lp_batch *recompute(int until, const struct lp_run *run)
{
	const struct oweds *oweds = read_owed(LP_RUN_MINUTE, -1);
	struct lp_batch *batch;

	ck_assert_uint_ge(oweds->count, 1);
	batch = fetch_redo(oweds->items, 1, AT(until), run);
	compute(batch);
	return batch;
}

static bool take_arrear(void *context, const struct lp_arrear *arrear, struct lp_error *error)
{
	struct lp_text *text = context;

	(void)error;
	lp_text_addf(text, "%s %lld-%lld", lp_reason_name(arrear->reason),
	             (long long)((arrear->range.start - BASE) / LP_SECOND),
	             (long long)((arrear->range.end - BASE) / LP_SECOND));
	if (arrear->why != NULL)
		lp_text_addf(text, " %.6s, attempt %d, next %lld%s", arrear->why, (int)arrear->attempts,
		             arrear->next_attempt == LP_TIME_NONE
		                     ? -1
		                     : (long long)((arrear->next_attempt - BASE) / LP_SECOND),
		             arrear->given_up ? ", given up" : "");
	if (arrear->cause != NULL)
		lp_text_addf(text, " for %s", arrear->cause);
	lp_text_addf(text, "\n");
	return true;
}

START_TEST(what_is_owed_to_one_calculation_is_told_by_time)
{
	struct lp_text text = { .length = 0 };
	struct lp_error error;

	set_up("fail");
	add_series("y");
	add_calculation(calculation("two", "mean", "a", "y"));
	add_owed("two", LP_REASON_LATE, 0, 0, 60);
	add_owed("one", LP_REASON_WAITED, id_of("two"), 60, 120);
	add_owed("one", LP_REASON_BACKFILL, 0, 600, 720);
	ck_ok(lp_store_each_arrear(store, id_of("one"), 4, take_arrear, &text, &error), error);
	ck_assert_str_eq(text.data, "retry 0-60 failed, attempt 1, next 120\n"
	                            "retry 60-120 failed, attempt 1, next 180\n"
	                            "waited for an input 60-120 for two\n"
	                            "retry 120-180 failed, attempt 1, next 240\n");
	lp_text_free(&text);
}
END_TEST

START_TEST(ranges_of_a_kind_that_touch_are_one)
{
	set_up("mean");
	ck_owed("");
	add_owed("one", LP_REASON_LATE, 0, 0, 60);
	add_owed("one", LP_REASON_LATE, 0, 120, 180);
	ck_owed("late samples 0-60, late samples 120-180");
	ck_assert_uint_eq(find_status("one")->owed, 2);
	add_owed("one", LP_REASON_LATE, 0, 60, 120);
	ck_owed("late samples 0-180");
	add_owed("one", LP_REASON_LATE, 0, 60, 240);
	add_owed("one", LP_REASON_INVALIDATED, 0, 60, 120);
	ck_owed("late samples 0-240, invalidated 60-120");
	ck_assert_uint_eq(find_status("one")->owed, 2);
}
END_TEST

START_TEST(ranges_are_given_by_rank_batch_reason_and_time)
{
	struct lp_calculation *two = calculation("two", "mean", "x", "y"), *ranked;

	set_up("mean");
	add_series("y,z");
	two->rank = 1;
	add_calculation(two);
	ranked = calculation("other", "mean", "a", "z");
	add_calculation(ranked);
	ck_assert_int_gt(run_window(AT(300), AT(360), AT(360)), 0);
	add_owed("two", LP_REASON_LATE, 0, 60, 120);
	add_owed("one", LP_REASON_INVALIDATED, 0, 0, 60);
	add_owed("one", LP_REASON_LATE, 0, 120, 240);
	add_owed("one", LP_REASON_LATE, 0, 0, 60);
	ck_owed("late samples 0-60, late samples 120-240, invalidated 0-60, late samples 60-120");
	ck_assert_uint_eq(read_owed(LP_RUN_MINUTE, 1)->count, 1);
	ck_assert_int_eq(read_owed(LP_RUN_MINUTE, 1)->items[0].rank, 1);
	ck_assert_int_eq(read_owed(LP_RUN_MINUTE, 1)->items[0].calculation_id, id_of("two"));
	ck_assert_int_eq(read_owed(LP_RUN_MINUTE, 0)->items[0].batch_id, read_heads(0)->items[0].id);
	ck_assert_uint_eq(read_owed(LP_RUN_MINUTE, 7)->count, 0);
}
END_TEST

START_TEST(a_range_is_cut_where_it_is_what_it_was)
{
	const struct oweds *oweds;
	struct lp_error error;
	bool cut;

	set_up("mean");
	add_owed("one", LP_REASON_CATCH_UP, 0, 0, 240);
	oweds = read_owed(LP_RUN_MINUTE, -1);
	ck_ok(lp_store_begin(store, &error) &&
	              lp_store_cut_owed(store, oweds->items, oweds->count, AT(120), &cut, &error) &&
	              lp_store_commit_work(store, &error),
	      error);
	ck_assert(cut);
	/* Each is worked off by itself, although they touch; what was read before goes on with the first one. */
	ck_owed("catch-up 0-120, catch-up 120-240");
	ck_assert_int_eq(read_owed(LP_RUN_MINUTE, -1)->items[0].id, oweds->items[0].id);
	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_cut_owed(store, oweds->items, oweds->count, AT(120), &cut, &error), error);
	ck_assert(!cut);
	lp_store_rollback(store);
	add_owed("one", LP_REASON_LATE, 0, 0, 60); /* touches it */
	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_cut_owed(store, oweds->items, oweds->count, AT(60), &cut, &error), error);
	ck_assert(!cut);
	lp_store_rollback(store);
	ck_owed("catch-up 0-120, catch-up 120-240, late samples 0-60");
}
END_TEST

START_TEST(a_backfill_has_its_own)
{
	uint64_t dropped;
	struct lp_error error;

	set_up("mean");
	add_owed("one", LP_REASON_LATE, 0, 0, 60);
	add_owed("one", LP_REASON_BACKFILL, 0, 0, 120);
	ck_owed("late samples 0-60");
	ck_assert_str_eq(owed_for(LP_RUN_BACKFILL), "backfill 0-120");
	ck_ok(lp_store_drop_owed(store, LP_REASON_BACKFILL, &dropped, &error), error);
	ck_assert_uint_eq(dropped, 1);
	ck_assert_str_eq(owed_for(LP_RUN_BACKFILL), "");
	ck_owed("late samples 0-60");
}
END_TEST

START_TEST(added_in_a_transaction_that_is_rolled_back_there_is_none)
{
	struct lp_error error;

	set_up("mean");
	ck_ok(lp_store_begin(store, &error), error);
	add_owed("one", LP_REASON_LATE, 0, 0, 60);
	lp_store_rollback(store);
	ck_owed("");
}
END_TEST

START_TEST(a_redo_replaces_results_and_finishes_the_range)
{
	struct lp_run run;
	struct lp_batch *batch;

	set_up("mean");
	write_samples("a", "60=20", NULL);
	add_owed("one", LP_REASON_LATE, 0, 0, 120);
	run = begin_run(AT(300));
	batch = recompute(120, &run);
	ck_assert_uint_eq(batch->task_count, 2);
	ck_assert(commit(batch));
	ck_assert_uint_eq(batch->samples_written, 1); /* the other one is as it was */
	lp_batch_free(batch);
	ck_samples("x", "0=1 60=20 120=3 180=4 240=5");
	ck_owed("");
	ck_assert_uint_eq(find_status("one")->owed, 0);
	ck_assert_int_eq(find_status("one")->watermark, AT(300));
	ck_assert_str_eq(status_of("one"), "ok - attempts 0 - pending 0");
}
END_TEST

START_TEST(a_long_range_is_redone_in_pieces)
{
	struct lp_run run;
	struct lp_batch *batch;

	set_up("mean");
	write_samples("a", "0=10 60=20 120=30", NULL);
	add_owed("one", LP_REASON_LATE, 0, 0, 180);
	run = begin_run(AT(300));
	batch = recompute(60, &run);
	ck_assert(commit(batch));
	lp_batch_free(batch);
	ck_owed("late samples 60-180");
	ck_samples("x", "0=10 60=2 120=3 180=4 240=5");
	batch = recompute(180, &run);
	ck_assert(commit(batch));
	lp_batch_free(batch);
	ck_owed("");
	ck_samples("x", "0=10 60=20 120=30 180=4 240=5");
}
END_TEST

START_TEST(the_same_redo_is_stored_once)
{
	struct lp_run run;
	struct lp_batch *first, *second;

	set_up("mean");
	write_samples("a", "0=10", NULL);
	add_owed("one", LP_REASON_LATE, 0, 0, 120);
	run = begin_run(AT(300));
	first = recompute(60, &run);
	second = recompute(60, &run);
	second->tasks[0].outcome.results[0].value = 99;
	ck_assert(commit(first));
	ck_assert(!commit(second));
	lp_batch_free(first);
	lp_batch_free(second);
	ck_samples("x", "0=10 60=2 120=3 180=4 240=5");
	ck_owed("late samples 60-120");
}
END_TEST

START_TEST(work_on_samples_that_changed_meanwhile_is_refused)
{
	struct lp_run run;
	struct lp_batch *batch;

	set_up("mean");
	write_samples("a", "0=10", NULL);
	add_owed("one", LP_REASON_LATE, 0, 0, 60);
	run = begin_run(AT(300));
	batch = recompute(60, &run);
	write_samples("a", "0=11", NULL);
	add_owed("one", LP_REASON_INVALIDATED, 0, 0, 60); /* another reason, the same windows */
	ck_assert(!commit(batch));
	lp_batch_free(batch);
	ck_samples("x", "0=1 60=2 120=3 180=4 240=5");
	ck_owed("late samples 0-60, invalidated 0-60");

	batch = recompute(60, &run);
	add_owed("one", LP_REASON_LATE, 0, 0, 60); /* the same range */
	ck_assert(!commit(batch));
	lp_batch_free(batch);

	/* What is added beside it does not matter. */
	batch = recompute(60, &run);
	add_owed("one", LP_REASON_INVALIDATED, 0, 180, 240);
	ck_assert(commit(batch));
	lp_batch_free(batch);
	ck_samples("x", "0=11 60=2 120=3 180=4 240=5");
	ck_owed("invalidated 0-60, invalidated 180-240");
}
END_TEST

START_TEST(one_that_is_refused_does_not_hold_back_the_others)
{
	struct lp_run run;
	struct lp_batch *batch;
	const struct oweds *oweds;

	set_up("mean");
	add_series("y");
	add_calculation(calculation("two", "mean", "a", "y"));
	ck_assert_int_eq(run_window(AT(300), AT(360), AT(360)), 2);
	write_samples("a", "0=10", NULL);
	add_owed("one", LP_REASON_LATE, 0, 0, 60);
	add_owed("two", LP_REASON_LATE, 0, 0, 60);
	oweds = read_owed(LP_RUN_MINUTE, -1);
	ck_assert_uint_eq(oweds->count, 2);
	run = begin_run(AT(360));
	batch = fetch_redo(oweds->items, 2, AT(60), &run);
	ck_assert_uint_eq(batch->calculation_count, 2);
	compute(batch);
	add_owed("one", LP_REASON_LATE, 0, 0, 60);
	ck_assert(commit(batch));
	lp_batch_free(batch);
	ck_samples("y", "0=10");
	ck_samples("x", "0=1 60=2 120=3 180=4 240=5");
	ck_owed("late samples 0-60");
	version_of_rules = "ffff00001111";
	ck_assert_int_eq(run_owed(AT(420)), 1);
	ck_samples("x", "0=10 60=2 120=3 180=4 240=5");
	ck_assert_str_eq(versions_of("one"), "360: 1 0123456789ab, 300: 1 0123456789ab, 240: 1 0123456789ab, "
	                                     "180: 1 0123456789ab, 120: 1 0123456789ab, 60: 1 ffff00001111, "
	                                     "60: 1 0123456789ab");
}
END_TEST

START_TEST(a_definition_that_changed_meanwhile_refuses_it_too)
{
	struct lp_calculation *one = set_up("mean");
	struct lp_run run;
	struct lp_batch *batch;

	write_samples("a", "0=10", NULL);
	add_owed("one", LP_REASON_LATE, 0, 0, 60);
	run = begin_run(AT(300));
	batch = recompute(60, &run);
	one->parameters = "{\"n\":2}";
	change_calculation(one);
	ck_assert(!commit(batch));
	lp_batch_free(batch);
	ck_owed("late samples 0-60");
	ck_assert_int_eq(run_owed(AT(360)), 1);
	ck_samples("x", "0=10 60=2 120=3 180=4 240=5");
}
END_TEST

START_TEST(results_that_are_none_any_more_are_deleted)
{
	set_up("echo");
	ck_samples("x", "0=1 60=2 120=3 180=4 240=5");
	delete_elsewhere("a", AT(60), AT(60));
	write_samples("a", "70=7 120=3b", NULL);
	add_owed("one", LP_REASON_LATE, 0, 60, 180);
	ck_assert_int_eq(run_owed(AT(300)), 1);
	ck_samples("x", "0=1 70=7 180=4 240=5");
	/* Without any data. */
	delete_elsewhere("a", AT(0), AT(240));
	add_owed("one", LP_REASON_LATE, 0, 0, 300);
	ck_assert_int_eq(run_owed(AT(360)), 1);
	ck_samples("x", "");
	ck_assert_str_eq(status_of("one"), "no_data - attempts 0 - pending 0");
}
END_TEST

START_TEST(at_the_end_of_windows_as_well)
{
	struct lp_calculation *one = calculation("one", "mean", "a", "x");

	add_series("a,x");
	write_samples("a", "0=1 60=2 120=3", NULL);
	one->result_time = LP_RESULT_AT_END;
	add_calculation(one);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(run_window(AT(60 * i), AT(60 * i + 60), AT(60 * i + 60)), 1);
	ck_samples("x", "60=1 120=2 180=3");
	delete_elsewhere("a", AT(60), AT(60));
	add_owed("one", LP_REASON_LATE, 0, 60, 120);
	ck_assert_int_eq(run_owed(AT(300)), 1);
	ck_samples("x", "60=1 180=3");
}
END_TEST

START_TEST(a_redo_that_fails_is_tried_again_and_the_result_stays)
{
	struct lp_calculation *one = set_up("mean");

	write_samples("a", "0=10 240=50", NULL);
	one->rule = "fail";
	change_calculation(one);
	add_owed("one", LP_REASON_LATE, 0, 0, 60);
	ck_assert_int_eq(run_owed(AT(300)), 1);
	ck_owed("");
	ck_samples("x", "0=1 60=2 120=3 180=4 240=5");
	ck_assert_uint_eq(find_status("one")->pending, 1);
	one->rule = "mean";
	change_calculation(one);
	ck_assert_int_eq(run_pending(AT(360)), 1);
	ck_samples("x", "0=10 60=2 120=3 180=4 240=5");
	ck_assert_uint_eq(find_status("one")->pending, 0);
}
END_TEST

START_TEST(a_redo_takes_off_what_was_pending)
{
	struct lp_calculation *one = calculation("one", "fail", "a", "x");

	add_series("a,x");
	write_samples("a", "0=1", NULL);
	add_calculation(one);
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	ck_assert_str_eq(status_of("one"), "failed 60 attempts 1 120 pending 1");
	one->rule = "mean";
	change_calculation(one);
	add_owed("one", LP_REASON_INVALIDATED, 0, 0, 60);
	ck_assert_int_eq(run_owed(AT(60)), 1);
	ck_samples("x", "0=1");
	ck_assert_str_eq(status_of("one"), "ok - attempts 0 - pending 0");
}
END_TEST

START_TEST(what_a_redo_did_not_reach_stays_owed)
{
	struct lp_run run;
	struct lp_batch *batch;

	set_up("mean");
	write_samples("a", "0=10 60=20", NULL);
	add_owed("one", LP_REASON_LATE, 0, 0, 180);
	run = begin_run(AT(300));
	batch = recompute(180, &run);
	atomic_store(&batch->computed, 1);
	ck_assert(commit(batch));
	lp_batch_free(batch);
	ck_samples("x", "0=10 60=2 120=3 180=4 240=5");
	ck_owed("late samples 60-180");
	batch = recompute(180, &run);
	atomic_store(&batch->computed, 0);
	ck_assert(!commit(batch));
	lp_batch_free(batch);
	ck_owed("late samples 60-180");
}
END_TEST

START_TEST(a_changed_schedule_drops_ranges_and_nothing_else_does)
{
	struct lp_calculation *one = set_up("mean");

	add_owed("one", LP_REASON_LATE, 0, 0, 60);
	one->parameters = "{\"n\":2}";
	one->schedule.delay = LP_MINUTE;
	one->schedule.missed = LP_MISSED_SKIP;
	change_calculation(one);
	ck_owed("late samples 0-60");
	one->enabled = false;
	change_calculation(one);
	ck_owed("");
	one->enabled = true;
	change_calculation(one);
	ck_owed("late samples 0-60");
	one->schedule.every = one->schedule.window = span(5, LP_UNIT_MINUTE);
	change_calculation(one);
	ck_owed("");
	ck_assert_uint_eq(find_status("one")->owed, 0);
	add_owed("one", LP_REASON_LATE, 0, 0, 60);
	apply_changes(&(struct lp_changes){ .deleted = one, .deleted_count = 1 });
	ck_owed("");
}
END_TEST

START_TEST(a_redo_of_a_window_that_slides_leaves_its_neighbours)
{
	struct lp_calculation *one = calculation("one", "mean", "a", "x");
	struct lp_window window = { AT(-60), AT(120) };
	struct lp_run run;
	struct lp_batch *batch;
	struct lp_error error;

	add_series("a,x");
	write_samples("a", "0=1 60=2", NULL);
	one->schedule.window = span(3, LP_UNIT_MINUTE);
	add_calculation(one);
	for (int i = 1; i < 4; i++)
		ck_assert_int_eq(run_window(AT(60 * i - 180), AT(60 * i), AT(60 * i)), 1);
	ck_samples("x", "-120=1 -60=1.5 0=1.5");
	delete_elsewhere("a", AT(0), AT(60));
	add_owed("one", LP_REASON_LATE, 0, 60, 120);
	run = begin_run(AT(300));
	batch = fetch_redo(read_owed(LP_RUN_MINUTE, -1)->items, 1, AT(120), &run);
	lp_batch_plan(batch, &window, 1);
	ck_ok(lp_store_fetch(store, batch, &error), error);
	compute(batch);
	ck_assert(commit(batch));
	lp_batch_free(batch);
	ck_samples("x", "-120=1 0=1.5");
}
END_TEST

Suite *owed_suite(void)
{
	Suite *suite = suite_create("owed");
	TCase *tests = tcase_create("owed");

	tcase_add_checked_fixture(tests, open_store, close_store);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, ranges_of_a_kind_that_touch_are_one);
	tcase_add_test(tests, what_is_owed_to_one_calculation_is_told_by_time);
	tcase_add_test(tests, ranges_are_given_by_rank_batch_reason_and_time);
	tcase_add_test(tests, a_range_is_cut_where_it_is_what_it_was);
	tcase_add_test(tests, a_backfill_has_its_own);
	tcase_add_test(tests, added_in_a_transaction_that_is_rolled_back_there_is_none);
	tcase_add_test(tests, a_redo_replaces_results_and_finishes_the_range);
	tcase_add_test(tests, a_long_range_is_redone_in_pieces);
	tcase_add_test(tests, the_same_redo_is_stored_once);
	tcase_add_test(tests, work_on_samples_that_changed_meanwhile_is_refused);
	tcase_add_test(tests, one_that_is_refused_does_not_hold_back_the_others);
	tcase_add_test(tests, a_definition_that_changed_meanwhile_refuses_it_too);
	tcase_add_test(tests, results_that_are_none_any_more_are_deleted);
	tcase_add_test(tests, at_the_end_of_windows_as_well);
	tcase_add_test(tests, a_redo_that_fails_is_tried_again_and_the_result_stays);
	tcase_add_test(tests, a_redo_takes_off_what_was_pending);
	tcase_add_test(tests, what_a_redo_did_not_reach_stays_owed);
	tcase_add_test(tests, a_changed_schedule_drops_ranges_and_nothing_else_does);
	tcase_add_test(tests, a_redo_of_a_window_that_slides_leaves_its_neighbours);
	suite_add_tcase(suite, tests);
	return suite;
}
