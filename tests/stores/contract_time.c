/* What time brings: who waits for whom, breakers, versions of rules, coverage, and what people ask about it. */
#include "suites.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static struct lp_calculation *set_up(const char *rule)
{
	struct lp_calculation *one = calculation("one", rule, "a", "x");

	add_series("a,x");
	write_samples("a", "0=1 30=3 60=5 120=7", NULL);
	add_calculation(one);
	return one;
}

/* "two" reads what "one" writes. */
static struct lp_calculation *add_two(void)
{
	struct lp_calculation *two = calculation("two", "mean", "x", "y");

	add_series("y");
	two->rank = 1;
	add_calculation(two);
	return two;
}

static int64_t id_of(const char *name)
{
	return find_status(name)->calculation.id;
}

/* The batch of a rank for one window, every task put aside. */
static void put_aside(int32_t rank, enum lp_state state, const char *cause, int from, int to)
{
	struct lp_run run = begin_run(AT(to));
	struct lp_batch *batch = fetch_batch(&read_heads(rank)->items[0], AT(from), AT(to), &run);

	for (size_t i = 0; i < batch->task_count; i++) {
		batch->tasks[i].decided = true;
		batch->tasks[i].outcome = (struct lp_outcome){ .state = state,
			                                       .cause_id = cause != NULL ? id_of(cause) : 0,
			                                       .error_message = "waits for one" };
	}
	atomic_store(&batch->computed, batch->task_count);
	ck_assert(commit(batch));
	lp_batch_free(batch);
}

static void fail_one_window(int from, int to)
{
	struct lp_run run = begin_run(AT(to));
	struct lp_batch *batch = fetch_batch(&read_heads(0)->items[0], AT(from), AT(to), &run);

	compute(batch);
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
	int64_t id = id_of(name);
	struct lp_text text = { 0 };
	struct lp_error error;
	const char *kept;

	lp_text_add(&text, "", 0);
	ck_ok(lp_store_each_blocker(store, &id, 1, AT(from), AT(to), show_blocker, &text, &error), error);
	kept = lp_arena_text(&arena, text.data);
	lp_text_free(&text);
	return kept;
}

static const char *expect_blocker(const char *series, const char *rest)
{
	char text[256];

	snprintf(text, sizeof text, "%lld %s", (long long)series_id(series), rest);
	return lp_arena_text(&arena, text);
}

START_TEST(a_failed_window_blocks_who_reads_it)
{
	set_up("fail");
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
	struct lp_calculation *one = set_up("fail");

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
	struct lp_calculation *one = set_up("fail");

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
	struct lp_calculation *one = set_up("fail");
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
	ck_assert_int_eq(oweds->items[0].cause_id, id_of("one"));
	ck_assert_int_eq(oweds->items[0].until_end, AT(60));
	ck_assert_int_eq(run_owed(AT(120)), 1);
	ck_samples("y", "0=2");
	ck_assert_str_eq(status_of("two"), "ok - attempts 0 - pending 0");
	ck_assert_ptr_null(find_status("two")->cause);
}
END_TEST

START_TEST(windows_that_wait_one_after_the_other_are_one_range)
{
	set_up("fail");
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

	set_up("fail");
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
	struct lp_calculation *one = set_up("fail"), *two = add_two();

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
	const char *kept;

	lp_text_add(&text, "", 0);
	ck_ok(lp_store_each_breaker(store, show_breaker, &text, &error), error);
	kept = lp_arena_text(&arena, text.data);
	lp_text_free(&text);
	return kept;
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

START_TEST(of_a_rule_whose_breaker_is_open_the_oldest_window_is_tried)
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
	ck_assert_int_eq(pendings->items[0].calculation_id, id_of("one"));
	ck_assert_int_eq(pendings->items[0].window.start, AT(0));
	ck_assert_int_eq(pendings->items[0].attempts, 1);
	close_breaker("fail");
	ck_assert_uint_eq(read_pendings(AT(61))->count, 0);
}
END_TEST

START_TEST(what_tripped_is_owed_when_the_breaker_is_closed)
{
	set_up("mean");
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

	set_up("mean");
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
	const char *kept;

	lp_text_add(&text, "", 0);
	ck_ok(lp_store_note_rules(store, run, versions, second != NULL ? 2 : 1, show_rule, &text, &error), error);
	kept = lp_arena_text(&arena, text.data);
	lp_text_free(&text);
	return kept;
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

	for (int i = 0; i < 4; i++)
		runs[i] = begin_run(AT(60 * i));
	ck_assert_str_eq(note_rules(&runs[1], "f1", "m1"), "");
	ck_assert_str_eq(note_rules(&runs[2], "f1", "m1"), "");
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

START_TEST(a_changed_rule_opens_what_was_given_up)
{
	struct lp_run run;

	set_up("fail");
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

static bool show_stored(void *context, const struct lp_stored *stored, struct lp_error *error)
{
	struct lp_text *text = context;

	(void)error;
	lp_text_addf(text, "%lld %lld-%lld;", (long long)stored->calculation_id,
	             (long long)((stored->first - BASE) / LP_SECOND), (long long)((stored->last - BASE) / LP_SECOND));
	return true;
}

START_TEST(what_is_stored_of_a_calculation_is_known)
{
	int64_t ids[2], writer;
	struct lp_text text = { 0 };
	char expected[64];
	struct lp_error error;

	set_up("mean");
	add_two();
	ids[0] = id_of("one");
	ids[1] = id_of("two");
	for (int i = 0; i < 3; i++)
		fail_one_window(60 * i, 60 * i + 60);
	lp_text_add(&text, "", 0);
	ck_ok(lp_store_each_stored(store, ids, 2, show_stored, &text, &error), error);
	snprintf(expected, sizeof expected, "%lld 0-120;", (long long)ids[0]);
	ck_assert_str_eq(text.data, expected);
	lp_text_free(&text);

	ck_ok(lp_store_writer(store, series_id("x"), &writer, &error), error);
	ck_assert_int_eq(writer, ids[0]);
	ck_ok(lp_store_writer(store, series_id("a"), &writer, &error), error);
	ck_assert_int_eq(writer, 0);
}
END_TEST

static bool show_history(void *context, const struct lp_history *history, struct lp_error *error)
{
	struct lp_text *text = context;

	(void)error;
	lp_text_addf(text, "%s%lld %s %s", text->length > 0 ? ", " : "",
	             (long long)((history->window.end - BASE) / LP_SECOND), lp_state_name(history->state),
	             lp_reason_name(history->reason));
	return true;
}

static const char *history(lp_time from, lp_time to, uint32_t most)
{
	struct lp_history_query query = { .calculation_id = id_of("one"), .from = from, .to = to, .most = most };
	struct lp_text text = { 0 };
	struct lp_error error;
	const char *kept;

	lp_text_add(&text, "", 0);
	ck_ok(lp_store_each_history(store, &query, show_history, &text, &error), error);
	kept = lp_arena_text(&arena, text.data);
	lp_text_free(&text);
	return kept;
}

START_TEST(history_says_why_a_window_was_computed)
{
	struct lp_calculation *one = set_up("fail");
	struct lp_owed_range range = {
		.reason = LP_REASON_LATE, .window_start = AT(0), .after_end = AT(0), .until_end = AT(60)
	};
	struct lp_run run;
	struct lp_batch *batch;
	struct lp_error error;

	run = begin_run(AT(120));
	batch = fetch_batch(&read_heads(0)->items[0], AT(0), AT(60), &run);
	batch->reason = LP_REASON_CATCH_UP;
	compute(batch);
	ck_assert(commit(batch));
	lp_batch_free(batch);
	fail_one_window(60, 120);
	one->rule = "mean";
	change_calculation(one);
	ck_assert_int_eq(run_pending(AT(180)), 2);
	range.calculation_id = id_of("one");
	ck_ok(lp_store_add_owed(store, &range, 1, &error), error);
	ck_assert_int_eq(run_owed(AT(240)), 1);
	ck_assert_str_eq(history(LP_TIME_NONE, LP_TIME_NONE, 0),
	                 "120 ok retry, 120 failed new window, 60 ok late samples, 60 ok retry, 60 failed catch-up");
	ck_assert_str_eq(history(AT(60), AT(120), 0), "120 ok retry, 120 failed new window");
	ck_assert_str_eq(history(LP_TIME_NONE, AT(60), 1), "60 ok late samples");
	ck_assert_str_eq(history(AT(120), LP_TIME_NONE, 0), "");
}
END_TEST

START_TEST(a_run_that_is_over_cannot_commit)
{
	struct lp_run first, second;
	struct lp_batch *forward, *retry, *redo;
	struct lp_owed_range range = {
		.reason = LP_REASON_LATE, .window_start = AT(0), .after_end = AT(0), .until_end = AT(60)
	};
	struct lp_window window = { AT(60), AT(120) };
	struct lp_calculation *one = set_up("mean");
	int64_t id = id_of("one");
	struct lp_error error;

	fail_one_window(0, 60);
	one->rule = "fail";
	change_calculation(one);
	fail_one_window(60, 120);
	one->rule = "mean";
	change_calculation(one);
	range.calculation_id = id;
	ck_ok(lp_store_add_owed(store, &range, 1, &error), error);

	first = begin_run(AT(180));
	forward = fetch_batch(&read_heads(0)->items[0], AT(120), AT(180), &first);
	compute(forward);
	redo = fetch_redo(read_owed(LP_RUN_MINUTE, -1)->items, 1, AT(60), &first);
	compute(redo);
	retry = lp_batch_new();
	retry->kind = LP_BATCH_RETRY;
	retry->run_id = first.id;
	retry->tick = first.tick;
	ck_ok(lp_store_read_calculations(store, &id, 1, retry, &error), error);
	lp_batch_plan(retry, &window, 1);
	ck_ok(lp_store_fetch(store, retry, &error), error);
	compute(retry);

	second = begin_run(AT(180));
	ck_assert(!commit(forward));
	ck_assert(!commit(retry));
	ck_assert(!commit(redo));
	ck_samples("x", "0=2");
	ck_assert_int_eq(find_status("one")->watermark, AT(120));
	/* The same work of the run that is going on is stored. */
	forward->run_id = retry->run_id = redo->run_id = second.id;
	ck_assert(commit(forward));
	ck_assert(commit(retry));
	ck_assert(commit(redo));
	ck_samples("x", "0=2 60=5 120=7");
	lp_batch_free(forward);
	lp_batch_free(retry);
	lp_batch_free(redo);
}
END_TEST

static bool take_run(void *context, const struct lp_run *run, struct lp_error *error)
{
	struct lp_run *runs = context;

	(void)error;
	for (int i = 0; i < 2; i++) {
		if (runs[i].id == run->id) {
			runs[i] = *run;
			runs[i].result = lp_arena_text(&arena, run->result);
		}
	}
	return true;
}

START_TEST(a_backfill_and_a_run_leave_each_other_alone)
{
	struct lp_run runs[2];
	struct lp_batch *batch;
	struct lp_error error;

	set_up("mean");
	runs[0] = begin_run(AT(60));
	batch = fetch_batch(&read_heads(0)->items[0], AT(0), AT(60), &runs[0]);
	compute(batch);
	runs[1] = runs[0];
	runs[1].kind = LP_RUN_BACKFILL;
	ck_ok(lp_store_begin_run(store, &runs[1], &error), error);
	ck_assert(commit(batch));
	lp_batch_free(batch);
	runs[1].ended = AT(90);
	runs[1].result = "done";
	runs[1].recomputed = 17;
	ck_ok(lp_store_end_run(store, &runs[1], &error), error);
	ck_ok(lp_store_each_run(store, 0, take_run, runs, &error), error);
	ck_assert_int_eq(runs[0].kind, LP_RUN_MINUTE);
	ck_assert_str_eq(runs[0].result, "running");
	ck_assert_int_eq(runs[1].kind, LP_RUN_BACKFILL);
	ck_assert_str_eq(runs[1].result, "done");
	ck_assert_uint_eq(runs[1].recomputed, 17);
}
END_TEST

static bool is_active(enum lp_run_kind kind)
{
	bool active;
	struct lp_error error;

	ck_ok(lp_store_run_is_active(store, kind, &active, &error), error);
	return active;
}

START_TEST(whether_a_run_is_active_can_be_asked)
{
	struct lp_store *other = open_again();
	struct lp_error error;
	bool acquired;

	ck_assert(!is_active(LP_RUN_MINUTE));
	ck_ok(lp_store_lock_run(other, LP_RUN_MINUTE, &acquired, &error), error);
	ck_assert(acquired);
	ck_assert(is_active(LP_RUN_MINUTE));
	ck_assert(!is_active(LP_RUN_BACKFILL));
	/* Asking does not take it. */
	ck_ok(lp_store_lock_run(store, LP_RUN_BACKFILL, &acquired, &error), error);
	ck_assert(acquired);
	lp_store_close(other);
	for (int i = 0; i < 100 && is_active(LP_RUN_MINUTE); i++) {
		struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
		nanosleep(&pause, NULL);
	}
	ck_assert(!is_active(LP_RUN_MINUTE));
}
END_TEST

static bool show_coverage(void *context, const struct lp_column *column, struct lp_error *error)
{
	struct lp_text *text = context;

	(void)error;
	if (column->coverage == NULL) {
		lp_text_addf(text, "none");
		return true;
	}
	for (size_t i = 0; i < column->count; i++)
		lp_text_addf(text, "%s%g=%g/%d", text->length > 0 ? " " : "", (double)(column->time[i] - BASE) / 1e6,
		             (double)column->coverage[i], column->samples[i]);
	return true;
}

static const char *coverage(const char *series)
{
	struct lp_text text = { 0 };
	struct lp_error error;
	const char *kept;

	lp_text_add(&text, "", 0);
	ck_ok(lp_store_read_samples(store, series_id(series), LP_TIME_NONE, LP_TIME_NONE, 0, show_coverage, &text,
	                            &error),
	      error);
	kept = lp_arena_text(&arena, text.data);
	lp_text_free(&text);
	return kept;
}

START_TEST(results_carry_what_they_were_computed_from)
{
	struct lp_series a = {
		.name = "a", .unit = "", .description = "", .attributes = "{}", .interval = 15 * LP_SECOND
	};
	struct lp_owed_range range = {
		.reason = LP_REASON_LATE, .window_start = AT(0), .after_end = AT(0), .until_end = AT(60)
	};
	struct lp_run run;
	struct lp_batch *batch;
	struct lp_series found;
	struct lp_error error;

	set_up("mean");
	apply_changes(&(struct lp_changes){ .series_updated = &a, .series_updated_count = 1 });
	ck_ok(lp_store_find_series(store, "a", &arena, &found, &error), error);
	ck_assert_int_eq(found.interval, 15 * LP_SECOND);
	run = begin_run(AT(60));
	batch = fetch_batch(&read_heads(0)->items[0], AT(0), AT(60), &run);
	ck_assert_int_eq(batch->calculations[0].inputs[0].interval, 15 * LP_SECOND);
	lp_batch_cover(batch);
	compute(batch);
	ck_assert(commit(batch));
	lp_batch_free(batch);
	ck_assert_str_eq(coverage("x"), "0=0.5/2");
	ck_assert_str_eq(coverage("a"), "none");

	/* The same value of more samples is another result. */
	write_samples("a", "15=2", NULL);
	range.calculation_id = id_of("one");
	ck_ok(lp_store_add_owed(store, &range, 1, &error), error);
	batch = fetch_redo(read_owed(LP_RUN_MINUTE, -1)->items, 1, AT(60), &run);
	lp_batch_cover(batch);
	compute(batch);
	ck_assert(commit(batch));
	ck_assert_uint_eq(batch->samples_written, 1);
	lp_batch_free(batch);
	ck_samples("x", "0=2");
	ck_assert_str_eq(coverage("x"), "0=0.75/3");
	insert_elsewhere("x", AT(90), 1);
	ck_assert_str_eq(coverage("x"), "0=0.75/3 90=nan/-1");
}
END_TEST

START_TEST(what_an_input_reads_is_its_range)
{
	struct lp_calculation *one = set_up("echo");
	struct lp_run run;
	struct lp_batch *batch;
	struct lp_error error;

	one->inputs[0].lookback = 60 * LP_SECOND;
	change_calculation(one);
	run = begin_run(AT(240));
	batch = fetch_batch(&read_heads(0)->items[0], AT(180), AT(240), &run);
	batch->tasks[0].ranges[0] = (struct lp_window){ AT(60), AT(121) };
	ck_ok(lp_store_fetch(store, batch, &error), error);
	ck_assert_str_eq(show_column(&batch->tasks[0].columns[0]), "60=5 120=7");
	ck_assert_str_eq(show_column(&batch->tasks[0].previous[0]), "30=3");
	lp_batch_free(batch);
}
END_TEST

static bool take_calculation(void *context, const struct lp_calculation *calculation, struct lp_error *error)
{
	struct lp_calculation *taken = context;

	(void)error;
	*taken = *calculation;
	taken->inputs = lp_arena_zeroed(&arena, calculation->input_count, sizeof *taken->inputs);
	memcpy(taken->inputs, calculation->inputs, calculation->input_count * sizeof *taken->inputs);
	return true;
}

START_TEST(definitions_keep_all_that_they_say_about_time)
{
	struct lp_calculation *one = calculation("one", "mean", "a", "x"), stored;
	struct lp_error error;

	add_series("a,x");
	one->schedule.missed = LP_MISSED_SKIP;
	one->result_time = LP_RESULT_AT_END;
	one->min_coverage = 0.1;
	one->recompute_within = LP_NEVER;
	one->inputs[0].window = span(7, LP_UNIT_DAY);
	one->inputs[0].shift = span(-1, LP_UNIT_WEEK);
	for (int i = 0; i < 2; i++) {
		if (i == 0)
			add_calculation(one);
		else
			change_calculation(one);
		ck_ok(lp_store_each_calculation(store, take_calculation, &stored, &error), error);
		ck_assert_int_eq(stored.schedule.missed, one->schedule.missed);
		ck_assert_int_eq(read_heads(0)->items[0].schedule.missed, one->schedule.missed);
		ck_assert_int_eq(stored.result_time, one->result_time);
		ck_assert_double_eq(stored.min_coverage, one->min_coverage);
		ck_assert_int_eq(stored.recompute_within, one->recompute_within);
		ck_assert_int_eq(stored.inputs[0].window.count, one->inputs[0].window.count);
		ck_assert_int_eq(stored.inputs[0].shift.count, one->inputs[0].shift.count);
		if (i == 0) {
			ck_assert_int_eq(stored.inputs[0].window.unit, LP_UNIT_DAY);
			ck_assert_int_eq(stored.inputs[0].shift.unit, LP_UNIT_WEEK);
		}
		one->schedule.missed = LP_MISSED_CATCH_UP;
		one->result_time = LP_RESULT_AT_START;
		one->min_coverage = 0;
		one->recompute_within = 90 * LP_MINUTE;
		one->inputs[0].window = one->inputs[0].shift = span(0, LP_UNIT_SECOND);
	}
}
END_TEST

Suite *time_suite(void)
{
	Suite *suite = suite_create("time");
	TCase *tests = tcase_create("time");

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
	tcase_add_test(tests, of_a_rule_whose_breaker_is_open_the_oldest_window_is_tried);
	tcase_add_test(tests, what_tripped_is_owed_when_the_breaker_is_closed);
	tcase_add_test(tests, part_of_what_tripped_still_blocks);
	tcase_add_test(tests, a_result_can_be_traced_to_the_version_of_its_rule);
	tcase_add_test(tests, a_changed_rule_opens_what_was_given_up);
	tcase_add_test(tests, pending_windows_are_opened_by_name_rule_and_period);
	tcase_add_test(tests, what_is_stored_of_a_calculation_is_known);
	tcase_add_test(tests, history_says_why_a_window_was_computed);
	tcase_add_test(tests, a_run_that_is_over_cannot_commit);
	tcase_add_test(tests, a_backfill_and_a_run_leave_each_other_alone);
	tcase_add_test(tests, whether_a_run_is_active_can_be_asked);
	tcase_add_test(tests, results_carry_what_they_were_computed_from);
	tcase_add_test(tests, what_an_input_reads_is_its_range);
	tcase_add_test(tests, definitions_keep_all_that_they_say_about_time);
	suite_add_tcase(suite, tests);
	return suite;
}
