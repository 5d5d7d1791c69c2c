/* Outdated results: noted, owed, done with; results that are taken off, or to the other end of their windows. */
#include "suites.h"

#include <stdio.h>
#include <string.h>

/* "one", the mean of a into x, with the first five minutes computed: 1 to 5. */
static void set_up(void)
{
	add_series("a,x");
	write_samples("a", "0=1 60=2 120=3 180=4 240=5", NULL);
	add_calculation(calculation("one", "mean", "a", "x"));
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(run_window(AT(60 * i), AT(60 * i + 60), AT(60 * i + 60)), 1);
}

static void note(const char *name, const char *reason, lp_time after, lp_time until, bool other_windows)
{
	struct lp_outdated outdated = { .calculation = name,
		                        .reason = reason,
		                        .after_end = after,
		                        .until_end = until,
		                        .other_windows = other_windows };
	struct lp_error error;

	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_note_outdated(store, &outdated, 1, &error), error);
	ck_ok(lp_store_commit_work(store, &error), error);
}

struct shown {
	char text[512];
	struct lp_outdated last; /* its texts are gone */
};

static bool show(void *context, const struct lp_outdated *outdated, struct lp_error *error)
{
	struct shown *shown = context;
	size_t length = strlen(shown->text);

	(void)error;
	snprintf(shown->text + length, sizeof shown->text - length, "%s%s (%s) %lld-%lld%s%s%s", length > 0 ? ", " : "",
	         outdated->calculation, outdated->reason, (long long)((outdated->after_end - BASE) / LP_SECOND),
	         (long long)((outdated->until_end - BASE) / LP_SECOND), outdated->other_windows ? " other" : "",
	         outdated->owed ? " owed" : "", outdated->enabled ? "" : " disabled");
	shown->last = *outdated;
	return true;
}

static struct shown *read_outdated(void)
{
	static struct shown shown;
	struct lp_error error;

	shown.text[0] = '\0';
	ck_ok(lp_store_each_outdated(store, show, &shown, &error), error);
	return &shown;
}
#define ck_outdated(expected) ck_assert_str_eq(read_outdated()->text, expected)

static void owe(const struct lp_outdated *told)
{
	struct lp_owed_range range = { .calculation_id = told->calculation_id,
		                       .reason = LP_REASON_BACKFILL,
		                       .window_start = AT(0),
		                       .after_end = AT(0),
		                       .until_end = AT(300) };
	struct lp_error error;

	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_add_owed(store, &range, 1, &error), error);
	ck_ok(lp_store_owe_outdated(store, told, 1, &error), error);
	ck_ok(lp_store_commit_work(store, &error), error);
}

static void settle(void)
{
	struct lp_error error;

	ck_ok(lp_store_settle_outdated(store, &error), error);
}

START_TEST(one_that_is_noted_again_becomes_wider)
{
	set_up();
	ck_outdated("");
	note("one", "parameters", AT(120), LP_TIME_NONE, false);
	ck_outdated("one (parameters) 120-300");
	note("one", "every", AT(60), AT(240), true);
	ck_outdated("one (parameters, every) 60-300 other");
	note("one", "parameters", AT(180), AT(240), false);
	ck_outdated("one (parameters, every) 60-300 other");
}
END_TEST

START_TEST(of_one_that_never_ran_nothing_is_outdated)
{
	add_series("a,x");
	add_calculation(calculation("one", "mean", "a", "x"));
	note("one", "parameters", AT(0), LP_TIME_NONE, false);
	ck_outdated("");
}
END_TEST

START_TEST(a_deleted_one_takes_it_along)
{
	struct lp_calculation *one = calculation("one", "mean", "a", "x");
	const struct lp_changes changes = { .deleted = one, .deleted_count = 1 };

	set_up();
	note("one", "parameters", AT(0), LP_TIME_NONE, false);
	apply_changes(&changes);
	ck_outdated("");
}
END_TEST

START_TEST(what_is_owed_goes_when_nothing_is_left_of_it)
{
	struct lp_batch *batch;
	struct lp_run run;

	set_up();
	note("one", "parameters", AT(0), LP_TIME_NONE, false);
	settle();
	ck_outdated("one (parameters) 0-300");
	owe(&read_outdated()->last);
	ck_outdated("one (parameters) 0-300 owed");
	settle();
	ck_outdated("one (parameters) 0-300 owed");
	run = begin_run(AT(300));
	batch = fetch_redo(read_owed(LP_RUN_BACKFILL, -1)->items, 1, AT(300), &run);
	compute(batch);
	ck_assert(commit(batch));
	lp_batch_free(batch);
	settle();
	ck_outdated("");
}
END_TEST

START_TEST(one_that_is_noted_meanwhile_stays)
{
	struct lp_outdated told;

	set_up();
	note("one", "parameters", AT(0), LP_TIME_NONE, false);
	told = read_outdated()->last;
	/* Between the look and what is owed because of it, and after that. */
	note("one", "rule", AT(0), LP_TIME_NONE, false);
	owe(&told);
	ck_outdated("one (parameters, rule) 0-300");
	owe(&read_outdated()->last);
	ck_outdated("one (parameters, rule) 0-300 owed");
	note("one", "inputs", AT(0), LP_TIME_NONE, false);
	ck_outdated("one (parameters, rule, inputs) 0-300");
}
END_TEST

START_TEST(a_backfill_that_is_called_off_leaves_it_outdated)
{
	uint64_t dropped;
	struct lp_error error;

	set_up();
	note("one", "parameters", AT(0), LP_TIME_NONE, false);
	owe(&read_outdated()->last);
	ck_ok(lp_store_drop_owed(store, LP_REASON_LATE, &dropped, &error), error);
	ck_outdated("one (parameters) 0-300 owed");
	ck_ok(lp_store_drop_owed(store, LP_REASON_BACKFILL, &dropped, &error), error);
	ck_assert_uint_eq(dropped, 1);
	settle();
	ck_outdated("one (parameters) 0-300");
}
END_TEST

static bool ignore_version(void *context, const struct lp_rule_version *version, struct lp_error *error)
{
	(void)context;
	(void)version;
	(void)error;
	return true;
}

static void note_version(const char *rule, const char *version)
{
	struct lp_rule_version versions[] = { { .rule = rule, .version = version } };
	struct lp_run run = begin_run(AT(300));
	struct lp_error error;

	ck_ok(lp_store_note_rules(store, &run, &(const struct lp_rule_versions){ .items = versions, .count = 1 },
	                          ignore_version, NULL, &error),
	      error);
}

START_TEST(another_version_of_a_rule_outdates_what_it_computed)
{
	struct lp_calculation *two = calculation("two", "mean", "a", "y");

	set_up();
	add_series("y");
	two->start = AT(-600);
	add_calculation(two);
	note_version("mean", "1");
	ck_outdated("");
	note_version("mean", "1");
	note_version("echo", "1");
	note_version("echo", "2");
	ck_outdated("");
	note_version("mean", "2");
	/* "two" has computed nothing. */
	ck_outdated("one (rule version) 59-300");
}
END_TEST

static bool count_changes(void *context, struct lp_change *changes, size_t count, struct lp_error *error)
{
	(void)error;
	for (size_t i = 0; i < count; i++)
		*(int *)context += changes[i].series_id == series_id("x");
	return true;
}

/* Hours of x that somebody has to follow. */
static int changes_of_x(void)
{
	struct lp_change_query query = { .newest = LP_TIME_MAX, .take = true };
	int count = 0;
	struct lp_error error;

	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_each_change(store, &query, count_changes, &count, &error), error);
	ck_ok(lp_store_commit_work(store, &error), error);
	return count;
}

START_TEST(results_of_windows_are_removed_and_nothing_else)
{
	struct lp_error error;
	uint64_t removed;

	set_up();
	write_samples("x", "90=7", NULL);
	(void)changes_of_x();
	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_remove_results(store, calculation_id("one"), AT(60), AT(180), &removed, &error), error);
	ck_ok(lp_store_commit_work(store, &error), error);
	ck_assert_uint_eq(removed, 2);
	ck_samples("x", "0=1 90=7 180=4 240=5");
	ck_assert_int_gt(changes_of_x(), 0);
}
END_TEST

/* All results of x by so many seconds. */
static void move_all(int seconds)
{
	struct lp_result_place places[8];
	struct lp_error error;
	size_t count;

	ck_ok(lp_store_read_places(store,
	                           &(const struct lp_place_query){ .series_id = series_id("x"),
	                                                           .beyond = LP_TIME_NONE,
	                                                           .backwards = seconds > 0,
	                                                           .most = 8 },
	                           places, &count, &error),
	      error);
	for (size_t i = 0; i < count; i++)
		places[i].to = places[i].time + seconds * LP_SECOND;
	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_move_results(store, places, count, &error), error);
	ck_ok(lp_store_commit_work(store, &error), error);
}

START_TEST(results_move_past_one_another)
{
	set_up();
	(void)changes_of_x();
	move_all(60);
	ck_samples("x", "60=1 120=2 180=3 240=4 300=5");
	ck_assert_int_gt(changes_of_x(), 0);
	move_all(-60);
	ck_samples("x", "0=1 60=2 120=3 180=4 240=5");
	ck_assert_int_gt(changes_of_x(), 0);
}
END_TEST

START_TEST(what_others_wrote_is_not_moved_and_not_written_over)
{
	set_up();
	write_samples("x", "30=7 300=8", NULL);
	move_all(60);
	ck_samples("x", "30=7 60=1 120=2 180=3 240=4 300=8");
}
END_TEST

START_TEST(places_are_read_in_pages_both_ways)
{
	struct lp_result_place places[2];
	struct lp_error error;
	size_t count;

	set_up();
	write_samples("x", "90=7", NULL);
	ck_ok(lp_store_read_places(
		      store, &(const struct lp_place_query){ .series_id = series_id("x"), .beyond = AT(0), .most = 2 },
		      places, &count, &error),
	      error);
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(places[0].time, AT(60));
	ck_assert_int_eq(places[0].window_end, AT(120));
	ck_assert_int_eq(places[1].time, AT(120));
	ck_ok(lp_store_read_places(
		      store,
		      &(const struct lp_place_query){
			      .series_id = series_id("x"), .beyond = AT(120), .backwards = true, .most = 2 },
		      places, &count, &error),
	      error);
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(places[0].time, AT(60));
	ck_assert_int_eq(places[1].time, AT(0));
	ck_ok(lp_store_read_places(store,
	                           &(const struct lp_place_query){
					   .series_id = series_id("x"), .beyond = AT(0), .backwards = true, .most = 2 },
	                           places, &count, &error),
	      error);
	ck_assert_uint_eq(count, 0);
}
END_TEST

Suite *outdated_suite(void)
{
	Suite *suite = suite_create("outdated");
	TCase *tests = tcase_create("outdated");

	tcase_add_checked_fixture(tests, open_store, close_store);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, one_that_is_noted_again_becomes_wider);
	tcase_add_test(tests, of_one_that_never_ran_nothing_is_outdated);
	tcase_add_test(tests, a_deleted_one_takes_it_along);
	tcase_add_test(tests, what_is_owed_goes_when_nothing_is_left_of_it);
	tcase_add_test(tests, one_that_is_noted_meanwhile_stays);
	tcase_add_test(tests, a_backfill_that_is_called_off_leaves_it_outdated);
	tcase_add_test(tests, another_version_of_a_rule_outdates_what_it_computed);
	tcase_add_test(tests, results_of_windows_are_removed_and_nothing_else);
	tcase_add_test(tests, results_move_past_one_another);
	tcase_add_test(tests, what_others_wrote_is_not_moved_and_not_written_over);
	tcase_add_test(tests, places_are_read_in_pages_both_ways);
	suite_add_tcase(suite, tests);
	return suite;
}
