/* Commits: what is stored once, what is owed, when it is tried again, what people are told. */
#include "suites.h"

#include <string.h>

static void set_up(const char *rule)
{
	add_series("a,x");
	write_samples("a", "0=1 30=3 60=5 120=7", NULL);
	add_calculation(calculation("one", rule, "a", "x"));
}

START_TEST(results_outcome_and_watermark_come_together)
{
	const struct lp_status *status;

	set_up("mean");
	ck_assert_str_eq(status_of("one"), "new - attempts 0 - pending 0");
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	ck_samples("x", "0=2");
	ck_assert_int_eq(read_heads(0)->items[0].watermark, AT(60));
	ck_assert_str_eq(status_of("one"), "ok - attempts 0 - pending 0");
	status = find_status("one");
	ck_assert_int_eq(status->window.start, AT(0));
	ck_assert_int_eq(status->window.end, AT(60));
	ck_assert_int_eq(status->watermark, AT(60));
	ck_assert_int_eq(status->duration, 5000000);
	ck_assert_uint_eq(status->samples_read, 2);
	ck_assert_int_gt(status->run_id, 0);
	ck_assert_ptr_null(status->error_type);
}
END_TEST

START_TEST(who_comes_second_stores_nothing)
{
	struct lp_run run;
	struct lp_batch *first, *second;

	set_up("mean");
	run = begin_run(AT(60));
	first = fetch_batch(&read_heads(0)->items[0], AT(0), AT(60), &run);
	second = fetch_batch(&read_heads(0)->items[0], AT(0), AT(60), &run);
	compute(first);
	compute(second);
	second->tasks[0].outcome.results[0].value = 99;
	ck_assert(commit(first));
	ck_assert_uint_eq(first->samples_written, 1);
	ck_assert(!commit(second));
	ck_samples("x", "0=2");
	lp_batch_free(first);
	lp_batch_free(second);
}
END_TEST

START_TEST(work_on_definitions_that_changed_is_refused)
{
	struct lp_calculation *one = calculation("one", "mean", "a", "x");
	struct lp_run run;
	struct lp_batch *batch;

	set_up("mean");
	run = begin_run(AT(60));
	batch = fetch_batch(&read_heads(0)->items[0], AT(0), AT(60), &run);
	compute(batch);
	one->parameters = "{\"n\":2}";
	change_calculation(one);
	ck_assert(!commit(batch));
	ck_samples("x", "");
	ck_assert_int_eq(read_heads(0)->items[0].watermark, LP_TIME_NONE);
	lp_batch_free(batch);
}
END_TEST

START_TEST(what_somebody_imported_stays)
{
	struct lp_run run;
	struct lp_batch *batch;

	set_up("echo");
	write_samples("x", "0=1 30=9", NULL);
	run = begin_run(AT(60));
	batch = fetch_batch(&read_heads(0)->items[0], AT(0), AT(60), &run);
	compute(batch);
	ck_assert(commit(batch));
	ck_assert_uint_eq(batch->samples_written, 0);
	ck_assert_uint_eq(batch->kept_imported, 2);
	ck_samples("x", "0=1 30=9");
	lp_batch_free(batch);
}
END_TEST

START_TEST(a_failure_is_told_in_full_and_tried_again)
{
	const struct lp_status *status;

	set_up("fail");
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	ck_assert_str_eq(status_of("one"), "failed 60 attempts 1 120 pending 1");
	status = find_status("one");
	ck_assert_str_eq(status->error_type, "ZeroDivisionError");
	ck_assert_str_eq(status->error_message, "division by zero");
	ck_assert_ptr_nonnull(strstr(status->error_traceback, "rules.py\", line 3"));
	ck_assert_str_eq(status->rule_version, "0123456789ab");
	ck_samples("x", "");

	/* Not before its time; then one, two, four ... minutes later, until it is given up. */
	ck_assert_int_eq(run_pending(AT(119)), 0);
	ck_assert_int_eq(run_pending(AT(120)), 1);
	ck_assert_str_eq(status_of("one"), "failed 60 attempts 2 240 pending 1");
	ck_assert_int_eq(run_pending(AT(240)), 1);
	ck_assert_str_eq(status_of("one"), "given_up 60 attempts 3 - pending 1");
	ck_assert_int_eq(run_pending(AT(1000000)), 0);
}
END_TEST

START_TEST(a_changed_definition_opens_what_was_given_up)
{
	struct lp_calculation *one = calculation("one", "mean", "a", "x");

	set_up("fail");
	policy.max_attempts = 1;
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	ck_assert_str_eq(status_of("one"), "given_up 60 attempts 1 - pending 1");
	change_calculation(one);
	ck_assert_int_eq(run_pending(AT(120)), 1);
	ck_samples("x", "0=2");
	ck_assert_str_eq(status_of("one"), "ok - attempts 0 - pending 0");
	policy.max_attempts = 3;
}
END_TEST

START_TEST(a_changed_schedule_drops_what_was_owed)
{
	struct lp_calculation *one = calculation("one", "fail", "a", "x");

	set_up("fail");
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	one->schedule.every = one->schedule.window = span(5, LP_UNIT_MINUTE);
	change_calculation(one);
	ck_assert_int_eq(run_pending(AT(1000)), 0);
	ck_assert_uint_eq(find_status("one")->pending, 0);
	/* It goes on from where it stood. */
	ck_assert_int_eq(read_heads(0)->items[0].watermark, AT(60));
}
END_TEST

START_TEST(the_newest_window_says_how_a_calculation_is)
{
	struct lp_calculation *one = calculation("one", "mean", "a", "x");

	set_up("fail");
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	ck_assert_int_eq(run_window(AT(60), AT(120), AT(120)), 1);
	ck_assert_str_eq(status_of("one"), "failed 60 attempts 1 180 pending 2");
	change_calculation(one);
	ck_assert_int_eq(run_window(AT(120), AT(180), AT(180)), 1);
	ck_assert_str_eq(status_of("one"), "ok - attempts 0 - pending 2");
	ck_assert_int_eq(find_status("one")->since, AT(180));
	ck_assert_int_eq(run_pending(AT(240)), 2);
	ck_samples("x", "0=2 60=5 120=7");
	ck_assert_str_eq(status_of("one"), "ok - attempts 0 - pending 0");
}
END_TEST

START_TEST(a_retry_of_an_older_window_does_not_undo_a_newer_one)
{
	struct lp_calculation *one = calculation("one", "mean", "a", "x");

	set_up("fail");
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	change_calculation(one);
	ck_assert_int_eq(run_window(AT(60), AT(120), AT(120)), 1);
	one->rule = "slow";
	change_calculation(one);
	ck_assert_int_eq(run_pending(AT(180)), 1);
	ck_assert_str_eq(status_of("one"), "ok - attempts 0 - pending 1");
	ck_assert_int_eq(run_window(AT(120), AT(180), AT(240)), 1);
	ck_assert_str_eq(status_of("one"), "timed_out 240 attempts 1 300 pending 2");
}
END_TEST

START_TEST(what_was_not_reached_is_owed_at_once)
{
	struct lp_run run;
	struct lp_batch *batch;

	set_up("mean");
	run = begin_run(AT(60));
	batch = fetch_batch(&read_heads(0)->items[0], AT(0), AT(60), &run);
	ck_assert(commit(batch));
	ck_assert_int_eq(batch->tasks[0].outcome.state, LP_STATE_INTERRUPTED);
	lp_batch_free(batch);
	ck_samples("x", "");
	ck_assert_uint_eq(find_status("one")->pending, 1);
	ck_assert_int_eq(run_pending(AT(60)), 1);
	ck_samples("x", "0=2");
	ck_assert_str_eq(status_of("one"), "ok - attempts 0 - pending 0");
}
END_TEST

START_TEST(the_same_retry_is_stored_once)
{
	struct lp_run run;
	struct lp_batch *batches[2];
	struct lp_window window = { AT(0), AT(60) };
	int64_t id;
	struct lp_error error;

	set_up("fail");
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	id = find_status("one")->calculation.id;
	run = begin_run(AT(120));
	for (int i = 0; i < 2; i++) {
		batches[i] = lp_batch_new(NULL);
		batches[i]->kind = LP_BATCH_RETRY;
		batches[i]->run_id = run.id;
		batches[i]->tick = run.tick;
		ck_ok(lp_store_read_calculations(store, &id, 1, batches[i], &error), error);
		lp_batch_plan(batches[i], &window, 1);
		batches[i]->tasks[0].attempt = 2;
		ck_ok(lp_store_fetch(store, batches[i], &error), error);
		compute(batches[i]);
	}
	ck_assert(commit(batches[0]));
	ck_assert(!commit(batches[1]));
	ck_assert_str_eq(status_of("one"), "failed 60 attempts 2 240 pending 1");
	lp_batch_free(batches[0]);
	lp_batch_free(batches[1]);
}
END_TEST

START_TEST(no_data_is_a_state)
{
	set_up("mean");
	ck_assert_int_eq(run_window(AT(600), AT(660), AT(660)), 1);
	ck_assert_str_eq(status_of("one"), "no_data - attempts 0 - pending 0");
	ck_samples("x", "");
}
END_TEST

START_TEST(one_failing_calculation_does_not_touch_the_others)
{
	struct lp_calculation both[2];

	add_series("a,b,x,y");
	write_samples("a", "0=1", NULL);
	both[0] = *calculation("good", "mean", "a", "x");
	both[1] = *calculation("bad", "fail", "a", "y");
	apply_changes(&(struct lp_changes){ .created = both, .created_count = 2 });
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	ck_samples("x", "0=1");
	ck_assert_str_eq(status_of("good"), "ok - attempts 0 - pending 0");
	ck_assert_str_eq(status_of("bad"), "failed 60 attempts 1 120 pending 1");
}
END_TEST

START_TEST(two_values_for_one_time_are_the_later_windows)
{
	struct lp_window windows[] = { { AT(0), AT(120) }, { AT(60), AT(180) } };
	struct lp_run run;
	struct lp_batch *batch;
	struct lp_error error;

	set_up("echo");
	run = begin_run(AT(180));
	batch = lp_batch_new(NULL);
	batch->head = read_heads(0)->items[0];
	batch->run_id = run.id;
	batch->tick = run.tick;
	batch->new_watermark = AT(180);
	ck_ok(lp_store_read_batch(store, batch, &error), error);
	lp_batch_plan(batch, windows, 2);
	ck_ok(lp_store_fetch(store, batch, &error), error);
	compute(batch);
	batch->tasks[1].outcome.results[0].value = 55;
	ck_assert(commit(batch));
	ck_samples("x", "0=1 30=3 60=55 120=7");
	lp_batch_free(batch);
}
END_TEST

START_TEST(a_retry_of_a_calculation_that_is_gone_is_left_out)
{
	struct lp_calculation *one = calculation("one", "mean", "a", "x");
	struct lp_run run;
	struct lp_batch *batch;
	struct lp_window window = { AT(0), AT(60) };
	int64_t id;
	struct lp_error error;

	set_up("fail");
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	id = find_status("one")->calculation.id;
	run = begin_run(AT(120));
	batch = lp_batch_new(NULL);
	batch->kind = LP_BATCH_RETRY;
	batch->run_id = run.id;
	batch->tick = run.tick;
	ck_ok(lp_store_read_calculations(store, &id, 1, batch, &error), error);
	lp_batch_plan(batch, &window, 1);
	batch->tasks[0].attempt = 2;
	ck_ok(lp_store_fetch(store, batch, &error), error);
	compute(batch);
	apply_changes(&(struct lp_changes){ .deleted = one, .deleted_count = 1 });
	ck_assert(!commit(batch));
	lp_batch_free(batch);
}
END_TEST

Suite *commit_suite(void)
{
	Suite *suite = suite_create("commit");
	TCase *tests = tcase_create("commit");

	tcase_add_checked_fixture(tests, open_store, close_store);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, results_outcome_and_watermark_come_together);
	tcase_add_test(tests, who_comes_second_stores_nothing);
	tcase_add_test(tests, work_on_definitions_that_changed_is_refused);
	tcase_add_test(tests, what_somebody_imported_stays);
	tcase_add_test(tests, a_failure_is_told_in_full_and_tried_again);
	tcase_add_test(tests, a_changed_definition_opens_what_was_given_up);
	tcase_add_test(tests, a_changed_schedule_drops_what_was_owed);
	tcase_add_test(tests, the_newest_window_says_how_a_calculation_is);
	tcase_add_test(tests, a_retry_of_an_older_window_does_not_undo_a_newer_one);
	tcase_add_test(tests, what_was_not_reached_is_owed_at_once);
	tcase_add_test(tests, the_same_retry_is_stored_once);
	tcase_add_test(tests, no_data_is_a_state);
	tcase_add_test(tests, one_failing_calculation_does_not_touch_the_others);
	tcase_add_test(tests, two_values_for_one_time_are_the_later_windows);
	tcase_add_test(tests, a_retry_of_a_calculation_that_is_gone_is_left_out);
	suite_add_tcase(suite, tests);
	return suite;
}
