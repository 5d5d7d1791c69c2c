/* What failures bring: who waits for whom, breakers, versions of rules, and what is opened again. */
#include "suites.h"

#include <stdio.h>
#include <string.h>

/* The batch of a rank for one window, every task put aside. */
static void put_aside(int32_t rank, enum lp_state state, const char *cause, int from, int to)
{
	struct lp_run run = begin_run(AT(to));
	struct lp_batch *batch = fetch_batch(&read_heads(rank)->items[0], AT(from), AT(to), &run);

	for (size_t i = 0; i < batch->task_count; i++) {
		batch->tasks[i].decided = true;
		batch->tasks[i].outcome = (struct lp_outcome){ .state = state,
			                                       .cause_id = cause != NULL ? calculation_id(cause) : 0,
			                                       .error_message = "waits for one" };
	}
	atomic_store(&batch->computed, batch->task_count);
	ck_assert(commit(batch));
	lp_batch_free(batch);
}

static bool show_blocker(void *context, const struct lp_blocker *blocker, struct lp_error *error)
{
	struct lp_text *text = context;

	(void)error;
	lp_text_addf(text, "%s%lld %.6f-%.6f %s", text->length > 0 ? ", " : "", (long long)blocker->series_id,
	             (double)(blocker->first - BASE) / 1e6, (double)(blocker->last - BASE) / 1e6, blocker->cause);
	return true;
}

/* "SERIES FIRST-LAST CAUSE, ..." for one calculation, between two times in seconds. */
static const char *blockers(const char *name, int from, int to)
{
	int64_t id = calculation_id(name);
	struct lp_text text = { 0 };
	struct lp_error error;

	ck_ok(lp_store_each_blocker(store,
	                            &(const struct lp_blocker_query){
					    .calculation_ids = &id, .count = 1, .from = AT(from), .to = AT(to) },
	                            show_blocker, &text, &error),
	      error);
	return keep_text(&text);
}

static const char *expect_blocker(const char *series, const char *rest)
{
	char text[256];

	snprintf(text, sizeof text, "%lld %s", (long long)series_id(series), rest);
	return lp_arena_text(&arena, text);
}

START_TEST(a_failed_window_blocks_who_reads_it)
{
	add_one("fail");
	add_two();
	ck_assert_str_eq(blockers("two", 0, 3600), "");
	fail_one_window(0, 60);
	ck_assert_str_eq(blockers("two", 0, 3600), expect_blocker("x", "0.000000-59.999999 one"));
	ck_assert_str_eq(blockers("two", -3600, 0), expect_blocker("x", "0.000000-59.999999 one"));
	ck_assert_str_eq(blockers("two", 60, 3600), "");
	ck_assert_str_eq(blockers("two", -3600, -1), "");
	ck_assert_str_eq(blockers("one", 0, 3600), "");
}
END_TEST

START_TEST(results_at_the_end_of_windows_are_missing_there)
{
	struct lp_calculation *one = add_one("fail");

	one->result_time = LP_RESULT_AT_END;
	change_calculation(one);
	add_two();
	fail_one_window(0, 60);
	ck_assert_str_eq(blockers("two", 60, 3600), expect_blocker("x", "0.000001-60.000000 one"));
	ck_assert_str_eq(blockers("two", -60, 0), "");
}
END_TEST

START_TEST(what_is_given_up_or_disabled_blocks_nobody)
{
	struct lp_calculation *one = add_one("fail");

	add_two();
	policy.max_attempts = 1;
	fail_one_window(0, 60);
	policy.max_attempts = 3;
	ck_assert_str_eq(status_of("one"), "given_up 60 attempts 1 - pending 1");
	ck_assert_str_eq(blockers("two", 0, 3600), "");
	fail_one_window(60, 120);
	ck_assert_str_eq(blockers("two", 0, 3600), expect_blocker("x", "60.000000-119.999999 one"));
	one->enabled = false;
	change_calculation(one);
	ck_assert_str_eq(blockers("two", 0, 3600), "");
}
END_TEST

START_TEST(who_waits_is_owed_the_window_once_the_cause_works)
{
	struct lp_calculation *one = add_one("fail");
	const struct oweds *oweds;

	add_two();
	fail_one_window(0, 60);
	put_aside(1, LP_STATE_WAITING, "one", 0, 60);
	ck_assert_str_eq(status_of("two"), "waiting - attempts 0 - pending 0");
	ck_assert_str_eq(find_status("two")->cause, "one");
	ck_assert_ptr_null(find_status("two")->error_message);
	ck_assert_uint_eq(find_status("two")->owed, 1);
	ck_assert_int_eq(find_status("two")->watermark, AT(60));
	ck_assert_uint_eq(read_owed(LP_RUN_MINUTE, -1)->count, 0);
	one->rule = "mean";
	change_calculation(one);
	ck_assert_int_eq(run_pending(AT(120)), 1);
	oweds = read_owed(LP_RUN_MINUTE, -1);
	ck_assert_uint_eq(oweds->count, 1);
	ck_assert_int_eq(oweds->items[0].reason, LP_REASON_WAITED);
	ck_assert_int_eq(oweds->items[0].cause_id, calculation_id("one"));
	ck_assert_int_eq(oweds->items[0].until_end, AT(60));
	ck_assert_int_eq(run_owed(AT(120)), 1);
	ck_samples("y", "0=2");
	ck_assert_str_eq(status_of("two"), "ok - attempts 0 - pending 0");
	ck_assert_ptr_null(find_status("two")->cause);
}
END_TEST

START_TEST(windows_that_wait_one_after_the_other_are_one_range)
{
	add_one("fail");
	add_two();
	for (int i = 0; i < 3; i++) {
		fail_one_window(60 * i, 60 * i + 60);
		put_aside(1, LP_STATE_WAITING, "one", 60 * i, 60 * i + 60);
	}
	ck_assert_uint_eq(find_status("two")->owed, 1);
	/* Given up, the cause is in nobody's way any more. */
	policy.max_attempts = 1;
	run_pending(AT(100000));
	policy.max_attempts = 3;
	ck_assert_uint_eq(read_owed(LP_RUN_MINUTE, -1)->count, 1);
	ck_assert_int_eq(read_owed(LP_RUN_MINUTE, -1)->items[0].after_end, AT(0));
	ck_assert_int_eq(read_owed(LP_RUN_MINUTE, -1)->items[0].until_end, AT(180));
}
END_TEST

START_TEST(the_cause_is_the_one_at_the_root)
{
	struct lp_calculation *three = calculation("three", "mean", "y", "z");

	add_one("fail");
	add_two();
	add_series("z");
	three->rank = 2;
	add_calculation(three);
	fail_one_window(0, 60);
	put_aside(1, LP_STATE_WAITING, "one", 0, 60);
	ck_assert_str_eq(blockers("three", 0, 60), expect_blocker("y", "0.000000-59.999999 one"));
	ck_assert_str_eq(blockers("three", 60, 120), "");
}
END_TEST

START_TEST(who_waits_for_one_that_is_gone_waits_no_more)
{
	struct lp_calculation *one = add_one("fail"), *two = add_two();

	fail_one_window(0, 60);
	put_aside(1, LP_STATE_WAITING, "one", 0, 60);
	one->enabled = false;
	change_calculation(one);
	ck_assert_uint_eq(read_owed(LP_RUN_MINUTE, -1)->count, 1);
	one->enabled = true;
	change_calculation(one);
	ck_assert_uint_eq(read_owed(LP_RUN_MINUTE, -1)->count, 0);
	two->rank = 0;
	apply_changes(&(struct lp_changes){ .deleted = one, .deleted_count = 1, .ranked = two, .ranked_count = 1 });
	ck_assert_uint_eq(read_owed(LP_RUN_MINUTE, -1)->count, 1);
	ck_assert_ptr_null(find_status("two")->cause);
}
END_TEST

static void put_breaker(const char *rule, uint64_t trials)
{
	struct lp_breaker breaker = { .rule = rule,
		                      .since = AT(60),
		                      .run_id = 7,
		                      .failed = 30,
		                      .of = 40,
		                      .trials = trials,
		                      .error = "KeyError: 'p1'" };
	struct lp_error error;

	ck_ok(lp_store_put_breaker(store, &breaker, &error), error);
}

static void close_breaker(const char *rule)
{
	struct lp_error error;

	ck_ok(lp_store_close_breaker(store, rule, &error), error);
}

static bool show_breaker(void *context, const struct lp_breaker *breaker, struct lp_error *error)
{
	struct lp_text *text = context;

	(void)error;
	lp_text_addf(text, "%s%s since %lld run %lld: %d of %d, %d trials, %s", text->length > 0 ? "; " : "",
	             breaker->rule, (long long)((breaker->since - BASE) / LP_SECOND), (long long)breaker->run_id,
	             (int)breaker->failed, (int)breaker->of, (int)breaker->trials,
	             breaker->error != NULL ? breaker->error : "-");
	return true;
}

static const char *breakers(void)
{
	struct lp_text text = { 0 };
	struct lp_error error;

	ck_ok(lp_store_each_breaker(store, show_breaker, &text, &error), error);
	return keep_text(&text);
}

START_TEST(breakers_are_kept_until_they_are_closed)
{
	ck_assert_str_eq(breakers(), "");
	put_breaker("mean", 0);
	put_breaker("echo", 0);
	put_breaker("mean", 1);
	ck_assert_str_eq(breakers(), "echo since 60 run 7: 30 of 40, 0 trials, KeyError: 'p1'; "
	                             "mean since 60 run 7: 30 of 40, 1 trials, KeyError: 'p1'");
	close_breaker("echo");
	close_breaker("held"); /* was not open */
	ck_assert_str_eq(breakers(), "mean since 60 run 7: 30 of 40, 1 trials, KeyError: 'p1'");
}
END_TEST

START_TEST(of_a_rule_whose_breaker_is_open_one_that_is_stopped_is_tried)
{
	struct lp_calculation both[2];
	const struct pendings *pendings;

	add_series("a,b,x,y");
	both[0] = *calculation("one", "fail", "a", "x");
	both[1] = *calculation("slow", "slow", "a", "y");
	apply_changes(&(struct lp_changes){ .created = both, .created_count = 2 });
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	ck_assert_int_eq(run_window(AT(60), AT(120), AT(120)), 1);
	ck_assert_uint_eq(read_pendings(AT(180))->count, 4);
	put_breaker("fail", 0);
	ck_assert_uint_eq(read_pendings(AT(180))->count, 3);
	/* Before its next attempt, too. */
	pendings = read_pendings(AT(61));
	ck_assert_uint_eq(pendings->count, 1);
	ck_assert_int_eq(pendings->items[0].calculation_id, calculation_id("one"));
	ck_assert_int_eq(pendings->items[0].window.start, AT(0));
	ck_assert_int_eq(pendings->items[0].attempts, 1);
	close_breaker("fail");
	ck_assert_uint_eq(read_pendings(AT(61))->count, 0);
}
END_TEST

START_TEST(what_tripped_is_owed_when_the_breaker_is_closed)
{
	add_one("mean");
	add_two();
	put_breaker("mean", 0);
	put_aside(0, LP_STATE_TRIPPED, NULL, 0, 60);
	put_aside(0, LP_STATE_TRIPPED, NULL, 60, 120);
	ck_assert_str_eq(status_of("one"), "tripped - attempts 0 - pending 0");
	ck_assert_ptr_null(find_status("one")->cause);
	ck_assert_uint_eq(find_status("one")->owed, 1);
	ck_assert_uint_eq(read_owed(LP_RUN_MINUTE, -1)->count, 0);
	ck_assert_str_eq(blockers("two", 0, 3600), expect_blocker("x", "0.000000-119.999999 one"));
	put_aside(1, LP_STATE_WAITING, "one", 0, 60);
	close_breaker("mean");
	/* The one that waits for it still does. */
	ck_assert_uint_eq(read_owed(LP_RUN_MINUTE, -1)->count, 1);
	ck_assert_int_eq(read_owed(LP_RUN_MINUTE, -1)->items[0].reason, LP_REASON_TRIPPED);
	ck_assert_int_eq(run_owed(AT(180)), 1);
	ck_samples("x", "0=2 60=5");
	ck_assert_str_eq(blockers("two", 0, 3600), "");
	ck_assert_int_eq(run_owed(AT(180)), 1);
	ck_samples("y", "0=2");
}
END_TEST

START_TEST(part_of_what_tripped_still_blocks)
{
	struct lp_run run;
	struct lp_batch *batch;

	add_one("mean");
	add_two();
	put_aside(0, LP_STATE_TRIPPED, NULL, 0, 60);
	put_aside(0, LP_STATE_TRIPPED, NULL, 60, 120);
	run = begin_run(AT(180));
	batch = fetch_redo(read_owed(LP_RUN_MINUTE, 0)->items, 1, AT(60), &run);
	compute(batch);
	ck_assert(commit(batch));
	lp_batch_free(batch);
	ck_assert_str_eq(blockers("two", 0, 59), "");
	ck_assert_str_eq(blockers("two", 0, 3600), expect_blocker("x", "60.000000-119.999999 one"));
}
END_TEST

static bool show_rule(void *context, const struct lp_rule_version *version, struct lp_error *error)
{
	struct lp_text *text = context;

	(void)error;
	lp_text_addf(text, "%s%s: %s, was %s", text->length > 0 ? "; " : "", version->rule, version->version,
	             version->before);
	return true;
}

static const char *note_rules(const struct lp_run *run, const char *first, const char *second)
{
	struct lp_rule_version versions[] = { { .rule = "fail", .version = first },
		                              { .rule = "mean", .version = second } };
	struct lp_text text = { 0 };
	struct lp_error error;

	ck_ok(lp_store_note_rules(
		      store, run,
		      &(const struct lp_rule_versions){ .items = versions, .count = second != NULL ? 2 : 1 }, show_rule,
		      &text, &error),
	      error);
	return keep_text(&text);
}

static const char *version_in(const char *rule, const struct lp_run *run)
{
	const char *version;
	struct lp_error error;

	ck_ok(lp_store_rule_version(store, rule, run->id, &arena, &version, &error), error);
	return version;
}

START_TEST(a_result_can_be_traced_to_the_version_of_its_rule)
{
	struct lp_run runs[4];

	runs[0] = begin_run(AT(0));
	runs[1] = begin_run(AT(60));
	ck_assert_str_eq(note_rules(&runs[1], "f1", "m1"), "");
	runs[2] = begin_run(AT(120));
	ck_assert_str_eq(note_rules(&runs[2], "f1", "m1"), "");
	runs[3] = begin_run(AT(180));
	ck_assert_str_eq(note_rules(&runs[3], "f2", "m1"), "fail: f2, was f1");
	ck_assert_ptr_null(version_in("fail", &runs[0]));
	ck_assert_str_eq(version_in("fail", &runs[1]), "f1");
	ck_assert_str_eq(version_in("fail", &runs[2]), "f1");
	ck_assert_str_eq(version_in("fail", &runs[3]), "f2");
	ck_assert_str_eq(version_in("mean", &runs[3]), "m1");
	ck_assert_ptr_null(version_in("echo", &runs[3]));
	/* Back to what it was: that is a change as well. */
	ck_assert_str_eq(note_rules(&runs[3], "f1", NULL), "fail: f1, was f2");
}
END_TEST

/* One that has lost its lock may have loaded other rules than the one that works now. */
START_TEST(a_run_that_is_over_notes_no_rules)
{
	struct lp_run over = begin_run(AT(60)), run = begin_run(AT(120));

	ck_assert_str_eq(note_rules(&run, "f2", "m1"), "");
	ck_assert_str_eq(note_rules(&over, "f1", "m1"), "");
	ck_assert_str_eq(note_rules(&run, "f2", "m1"), "");
	ck_assert_str_eq(version_in("fail", &run), "f2");
}
END_TEST

START_TEST(a_changed_rule_opens_what_was_given_up)
{
	struct lp_run run;

	add_one("fail");
	policy.max_attempts = 1;
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	policy.max_attempts = 3;
	run = begin_run(AT(120));
	note_rules(&run, "f1", "m1");
	ck_assert_uint_eq(read_pendings(AT(120))->count, 0);
	note_rules(&run, "f1", "m2");
	ck_assert_uint_eq(read_pendings(AT(120))->count, 0);
	note_rules(&run, "f2", "m2");
	ck_assert_uint_eq(read_pendings(AT(120))->count, 1);
	ck_assert_int_eq(read_pendings(AT(120))->items[0].attempts, 0);
	ck_assert_int_eq(find_status("one")->attempts, 0);
}
END_TEST

static uint64_t reopen(const char *name, const char *rule, lp_time from, lp_time to, uint64_t calculations)
{
	struct lp_reopen query = { .name = name, .rule = rule, .from = from, .to = to };
	struct lp_error error;

	ck_ok(lp_store_reopen(store, &query, &error), error);
	ck_assert_uint_eq(query.calculations, calculations);
	return query.windows;
}

START_TEST(pending_windows_are_opened_by_name_rule_and_period)
{
	struct lp_calculation both[2];

	add_series("a,x,y");
	both[0] = *calculation("one", "fail", "a", "x");
	both[1] = *calculation("two", "slow", "a", "y");
	apply_changes(&(struct lp_changes){ .created = both, .created_count = 2 });
	policy.max_attempts = 1;
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(run_window(AT(60 * i), AT(60 * i + 60), AT(60 * i + 60)), 1);
	policy.max_attempts = 3;
	ck_assert_uint_eq(read_pendings(AT(10000))->count, 0);
	ck_assert_uint_eq(reopen("three*", NULL, LP_TIME_NONE, LP_TIME_NONE, 0), 0);
	ck_assert_uint_eq(reopen("on?", NULL, LP_TIME_NONE, AT(60), 1), 1);
	ck_assert_uint_eq(read_pendings(AT(180))->count, 1);
	ck_assert_int_eq(read_pendings(AT(180))->items[0].window.start, AT(0));
	ck_assert_uint_eq(reopen(NULL, "slow", AT(60), LP_TIME_NONE, 1), 2);
	ck_assert_uint_eq(read_pendings(AT(180))->count, 3);
	ck_assert_uint_eq(reopen(NULL, NULL, AT(60), AT(120), 2), 2);
	ck_assert_uint_eq(read_pendings(AT(180))->count, 4);
	ck_assert_uint_eq(reopen(NULL, NULL, LP_TIME_NONE, LP_TIME_NONE, 2), 6);
	ck_assert_uint_eq(read_pendings(AT(180))->count, 6);
	ck_assert_int_eq(read_pendings(AT(180))->items[0].attempts, 0);
}
END_TEST

/* What a person is told of the last window is what becomes of it. */
START_TEST(a_state_whose_window_is_opened_was_not_tried)
{
	struct lp_calculation both[2];

	add_series("a,x,y");
	both[0] = *calculation("one", "fail", "a", "x");
	both[1] = *calculation("two", "fail", "a", "y");
	apply_changes(&(struct lp_changes){ .created = both, .created_count = 2 });
	policy.max_attempts = 1;
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	ck_assert_int_eq(run_window(AT(60), AT(120), AT(120)), 1);
	policy.max_attempts = 3;
	ck_assert_int_eq(find_status("one")->attempts, 1);
	ck_assert_int_eq(find_status("one")->next_attempt, LP_TIME_NONE);
	/* The state is about the second window. */
	ck_assert_uint_eq(reopen("one", NULL, LP_TIME_NONE, AT(60), 1), 1);
	ck_assert_int_eq(find_status("one")->attempts, 1);
	ck_assert_uint_eq(reopen("one", NULL, AT(60), LP_TIME_NONE, 1), 1);
	ck_assert_int_eq(find_status("one")->attempts, 0);
	ck_assert_int_eq(find_status("one")->next_attempt, AT(120));
	ck_assert_int_eq(find_status("two")->attempts, 1);
}
END_TEST

Suite *failures_suite(void)
{
	Suite *suite = suite_create("failures");
	TCase *tests = tcase_create("failures");

	tcase_add_checked_fixture(tests, open_store, close_store);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_failed_window_blocks_who_reads_it);
	tcase_add_test(tests, results_at_the_end_of_windows_are_missing_there);
	tcase_add_test(tests, what_is_given_up_or_disabled_blocks_nobody);
	tcase_add_test(tests, who_waits_is_owed_the_window_once_the_cause_works);
	tcase_add_test(tests, windows_that_wait_one_after_the_other_are_one_range);
	tcase_add_test(tests, the_cause_is_the_one_at_the_root);
	tcase_add_test(tests, who_waits_for_one_that_is_gone_waits_no_more);
	tcase_add_test(tests, breakers_are_kept_until_they_are_closed);
	tcase_add_test(tests, of_a_rule_whose_breaker_is_open_one_that_is_stopped_is_tried);
	tcase_add_test(tests, what_tripped_is_owed_when_the_breaker_is_closed);
	tcase_add_test(tests, part_of_what_tripped_still_blocks);
	tcase_add_test(tests, a_result_can_be_traced_to_the_version_of_its_rule);
	tcase_add_test(tests, a_run_that_is_over_notes_no_rules);
	tcase_add_test(tests, a_changed_rule_opens_what_was_given_up);
	tcase_add_test(tests, pending_windows_are_opened_by_name_rule_and_period);
	tcase_add_test(tests, a_state_whose_window_is_opened_was_not_tried);
	suite_add_tcase(suite, tests);
	return suite;
}
