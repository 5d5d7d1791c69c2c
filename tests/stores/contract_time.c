/* What time brings: coverage, runs that are over or beside one another, and what people ask about it. */
#include "suites.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static bool show_stored(void *context, const struct lp_stored *stored, struct lp_error *error)
{
	struct lp_text *text = context;

	(void)error;
	lp_text_addf(text, "%lld %lld-%lld %llu;", (long long)stored->series_id,
	             (long long)((stored->first_end - BASE) / LP_SECOND),
	             (long long)((stored->last_end - BASE) / LP_SECOND), (unsigned long long)stored->results);
	return true;
}

START_TEST(what_is_stored_of_results_is_known)
{
	int64_t ids[3], writer;
	struct lp_text text = { 0 };
	char expected[64];
	struct lp_error error;

	add_one("mean");
	add_two();
	ids[0] = series_id("x");
	ids[1] = series_id("y");
	ids[2] = series_id("a");
	for (int i = 0; i < 3; i++)
		fail_one_window(60 * i, 60 * i + 60);
	lp_text_add(&text, "", 0);
	/* What was measured or imported is no result, in whatever series. */
	write_samples("x", "600=1", NULL);
	write_samples("y", "600=1", NULL);
	ck_ok(lp_store_each_stored(store, &(const struct lp_stored_query){ .series_ids = ids, .count = 3, .most = 100 },
	                           show_stored, &text, &error),
	      error);
	snprintf(expected, sizeof expected, "%lld 60-180 3;", (long long)ids[0]);
	ck_assert_str_eq(text.data, expected);
	text.length = 0;
	ck_ok(lp_store_each_stored(store, &(const struct lp_stored_query){ .series_ids = ids, .count = 1, .most = 2 },
	                           show_stored, &text, &error),
	      error);
	snprintf(expected, sizeof expected, "%lld 60-180 2;", (long long)ids[0]);
	ck_assert_str_eq(text.data, expected);
	lp_text_free(&text);

	ck_ok(lp_store_writer(store, series_id("x"), &writer, &error), error);
	ck_assert_int_eq(writer, calculation_id("one"));
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
	struct lp_history_query query = {
		.calculation_id = calculation_id("one"), .from = from, .to = to, .most = most
	};
	struct lp_text text = { 0 };
	struct lp_error error;

	ck_ok(lp_store_each_history(store, &query, show_history, &text, &error), error);
	return keep_text(&text);
}

START_TEST(history_says_why_a_window_was_computed)
{
	struct lp_calculation *one = add_one("fail");
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
	range.calculation_id = calculation_id("one");
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
	struct lp_batch *forward, *retry, *recompute;
	struct lp_owed_range range = {
		.reason = LP_REASON_LATE, .window_start = AT(0), .after_end = AT(0), .until_end = AT(60)
	};
	struct lp_window window = { AT(60), AT(120) };
	struct lp_calculation *one = add_one("mean");
	int64_t id = calculation_id("one");
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
	recompute = fetch_redo(read_owed(LP_RUN_MINUTE, -1)->items, 1, AT(60), &first);
	compute(recompute);
	retry = lp_batch_new(NULL);
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
	ck_assert(!commit(recompute));
	ck_samples("x", "0=2");
	ck_assert_int_eq(find_status("one")->watermark, AT(120));
	/* The same work of the run that is going on is stored. */
	forward->run_id = retry->run_id = recompute->run_id = second.id;
	ck_assert(commit(forward));
	ck_assert(commit(retry));
	ck_assert(commit(recompute));
	ck_samples("x", "0=2 60=5 120=7");
	lp_batch_free(forward);
	lp_batch_free(retry);
	lp_batch_free(recompute);
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

	add_one("mean");
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
	ck_ok(lp_store_each_run(store, LP_NEWEST_RUNS(0), take_run, runs, &error), error);
	ck_assert_int_eq(runs[0].kind, LP_RUN_MINUTE);
	ck_assert_str_eq(runs[0].result, "running");
	ck_assert_int_eq(runs[1].kind, LP_RUN_BACKFILL);
	ck_assert_str_eq(runs[1].result, "done");
	ck_assert_uint_eq(runs[1].recomputed, 17);
}
END_TEST

static bool hold(const struct lp_run *run, struct lp_error *error)
{
	bool held = lp_store_begin(store, error) && lp_store_hold_run(store, run->id, error);

	lp_store_rollback(store);
	return held;
}

/* It has lost its lock, and goes on. */
START_TEST(a_run_that_another_follows_holds_and_ends_nothing)
{
	struct lp_run runs[2];
	struct lp_error error;

	runs[0] = begin_run(AT(60));
	ck_ok(hold(&runs[0], &error), error);
	runs[1] = begin_run(AT(120));
	ck_fails(hold(&runs[0], &error), error, LP_EXIT_TEMPORARY);
	ck_ok(hold(&runs[1], &error), error);
	runs[0].ended = AT(130);
	runs[0].result = "done";
	ck_fails(lp_store_end_run(store, &runs[0], &error), error, LP_EXIT_TEMPORARY);
	ck_ok(lp_store_each_run(store, LP_NEWEST_RUNS(10), take_run, runs, &error), error);
	ck_assert_str_eq(runs[0].result, "interrupted");
	ck_assert_str_eq(runs[1].result, "running");
}
END_TEST

/* What it has to do was done meanwhile: there is no row of it, and what was left over stays so. */
START_TEST(a_run_that_is_taken_back_has_not_begun)
{
	struct lp_run runs[2];
	struct lp_error error;

	runs[0] = begin_run(AT(60));
	ck_ok(lp_store_begin(store, &error), error);
	runs[1] = begin_run(AT(120));
	lp_store_rollback(store);
	ck_ok(hold(&runs[0], &error), error);
	ck_fails(hold(&runs[1], &error), error, LP_EXIT_TEMPORARY);
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
	while (is_active(LP_RUN_MINUTE)) {
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

	ck_ok(lp_store_read_samples(store,
	                            &(const struct lp_sample_query){
					    .series_id = series_id(series), .from = LP_TIME_NONE, .to = LP_TIME_NONE },
	                            show_coverage, &text, &error),
	      error);
	return keep_text(&text);
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

	add_one("mean");
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
	range.calculation_id = calculation_id("one");
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
	struct lp_calculation *one = add_one("echo");
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
	tcase_add_test(tests, what_is_stored_of_results_is_known);
	tcase_add_test(tests, history_says_why_a_window_was_computed);
	tcase_add_test(tests, a_run_that_is_over_cannot_commit);
	tcase_add_test(tests, a_backfill_and_a_run_leave_each_other_alone);
	tcase_add_test(tests, a_run_that_another_follows_holds_and_ends_nothing);
	tcase_add_test(tests, a_run_that_is_taken_back_has_not_begun);
	tcase_add_test(tests, whether_a_run_is_active_can_be_asked);
	tcase_add_test(tests, results_carry_what_they_were_computed_from);
	tcase_add_test(tests, what_an_input_reads_is_its_range);
	tcase_add_test(tests, definitions_keep_all_that_they_say_about_time);
	suite_add_tcase(suite, tests);
	return suite;
}
