/* SQLite: what a run reads and commits. */
#include "sqlite_fixture.h"

START_TEST(a_window_is_fetched_in_order_with_quality_and_the_sample_before_it)
{
	struct lp_store *store = make_store();

	apply_means(store, 1);
	int64_t in = id_of(store, "in");
	put(store, in, T0 - LP_MINUTE, 1.0, LP_QUALITY_GOOD);
	put(store, in, T0 - LP_SECOND, 2.0, LP_QUALITY_BAD); /* not good: the one before it counts */
	put(store, in, T0 - 1, (double)NAN, LP_QUALITY_GOOD);
	put(store, in, T0 + LP_MINUTE, 9.0, LP_QUALITY_GOOD); /* the next window's */
	put(store, in, T0 + 30 * LP_SECOND, (double)NAN, LP_QUALITY_GOOD);
	put(store, in, T0, 3.0, LP_QUALITY_GOOD);
	put(store, in, T0 + LP_MINUTE - 1, (double)-INFINITY, LP_QUALITY_UNCERTAIN);

	struct heads heads = read_heads(store);
	ck_assert_uint_eq(heads.count, 1);
	struct lp_batch *batch = plan_batch(store, &heads.items[0], T0);
	ck_assert_uint_eq(batch->task_count, 1);
	const struct lp_column *column = &batch->tasks[0].columns[0], *previous = &batch->tasks[0].previous[0];
	ck_assert_uint_eq(column->count, 3);
	ck_assert_int_eq(column->time[0], T0);
	ck_assert_int_eq(column->time[2], T0 + LP_MINUTE - 1);
	ck_assert_double_eq(column->value[0], 3.0);
	ck_assert(isnan(column->value[1]));
	ck_assert(isinf(column->value[2]) && column->value[2] < 0);
	ck_assert_uint_eq(column->quality[0], LP_QUALITY_GOOD);
	ck_assert_uint_eq(column->quality[2], LP_QUALITY_UNCERTAIN);
	ck_assert_uint_eq(previous->count, 1);
	ck_assert_double_eq(previous->value[0], 1.0);
	ck_assert_ptr_null(previous->quality);
	ck_assert_uint_eq(batch->samples_read, 3);
	lp_batch_free(batch);

	/* Beyond the look-back there is nothing. */
	batch = plan_batch(store, &heads.items[0], T0 + 3 * LP_HOUR);
	ck_assert_uint_eq(batch->tasks[0].columns[0].count, 0);
	ck_assert_uint_eq(batch->tasks[0].previous[0].count, 0);
	lp_batch_free(batch);
	sqlite->close(store);
}
END_TEST

START_TEST(a_commit_stores_results_and_moves_the_watermark_once)
{
	struct lp_store *store = make_store();

	apply_means(store, 3);
	struct lp_batch *batch = commit_minute(store, T0, NONE_FAILS);
	ck_assert_uint_eq(batch->samples_written, 3);
	ck_assert_int_eq(read_heads(store).items[0].watermark, T0 + LP_MINUTE);
	/* The same again: somebody has done it. */
	ck_assert(!commit_ok(store, batch));
	ck_assert_str_eq(ask("SELECT count(*) FROM outcome"), "1");
	ck_assert_str_eq(ask("SELECT count(*) FROM sample"), "3");
	ck_assert_str_eq(ask("SELECT calculation_ids || states || durations_us FROM outcome"), "[1,2,3][1,1,1][5,5,5]");
	/* Nobody whose every window was ok has a row of its own. */
	ck_assert_str_eq(ask("SELECT count(*) FROM state"), "0");
	ck_assert_str_eq(
		ask("SELECT state || ' ' || window_end || ' ' || watermark || ' ' || duration_us FROM calculation_state WHERE name "
	            "= 'c0003'"),
		"ok 2026-01-01T00:01:00Z 2026-01-01T00:01:00Z 5");
	ck_assert_str_eq(ask("SELECT ts || ' ' || value || ' ' || quality FROM sample_named WHERE series = 'out0002'"),
	                 "2026-01-01T00:00:00Z 1.0 0");
	ck_assert_str_eq(ask("SELECT calculation || state FROM outcome_row WHERE calculation_id = 2"), "c0002ok");
	lp_batch_free(batch);
	sqlite->close(store);
}
END_TEST

START_TEST(what_somebody_imported_stays)
{
	struct lp_store *store = make_store();

	apply_means(store, 2);
	put(store, id_of(store, "out0001"), T0, 0.0, LP_QUALITY_GOOD);
	put(store, id_of(store, "out0002"), T0, 77.0, LP_QUALITY_GOOD);
	struct lp_batch *batch = commit_minute(store, T0, NONE_FAILS);
	ck_assert_uint_eq(batch->samples_written, 0);
	ck_assert_uint_eq(batch->kept_imported, 2);
	lp_batch_free(batch);
	sqlite->close(store);
}
END_TEST

START_TEST(changed_definitions_win_over_a_batch_under_way)
{
	struct lp_store *store = make_store(), *other;

	apply_means(store, 2);
	struct heads heads = read_heads(store);
	struct lp_batch *batch = plan_batch(store, &heads.items[0], T0);
	compute_ok(batch);

	other = open_store();
	struct lp_calculation changed = batch->calculations[0];
	changed.rule = "max";
	changed.version = 2;
	must(apply(other, &(struct lp_changes){ .updated = &changed, .updated_count = 1 }));
	ck_assert(!commit_ok(store, batch));
	ck_assert_str_eq(ask("SELECT count(*) FROM sample"), "0");
	ck_assert_int_gt(read_heads(store).items[0].generation, heads.items[0].generation);
	sqlite->close(other);
	lp_batch_free(batch);
	sqlite->close(store);
}
END_TEST

static struct lp_pending pendings[16];
static size_t pending_count;

static bool take_pending(void *context, const struct lp_pending *pending, struct lp_error *ignored)
{
	(void)context;
	(void)ignored;
	pendings[pending_count++] = *pending;
	return true;
}

static size_t read_pendings(struct lp_store *store, lp_time tick)
{
	pending_count = 0;
	must(sqlite->each_pending(store, tick, take_pending, NULL, &error));
	return pending_count;
}

static struct lp_batch *plan_retry(struct lp_store *store, lp_time tick)
{
	struct lp_batch *batch = lp_batch_new(NULL);
	int64_t ids[16];

	ck_assert_uint_gt(read_pendings(store, tick), 0);
	batch->kind = LP_BATCH_RETRY;
	batch->run_id = running(store);
	batch->tick = tick;
	for (size_t i = 0; i < pending_count; i++)
		ids[i] = pendings[i].calculation_id;
	must(sqlite->read_calculations(store, ids, pending_count, batch, &error));
	ck_assert_uint_eq(batch->calculation_count, pending_count);
	lp_batch_plan(batch, &pendings[0].window, 1);
	for (size_t i = 0; i < pending_count; i++) {
		batch->tasks[i].window = pendings[i].window;
		batch->tasks[i].attempt = pendings[i].attempts + 1;
	}
	must(lp_store_fetch(store, batch, &error));
	return batch;
}

START_TEST(a_failed_window_is_owed_tried_again_and_given_up)
{
	struct lp_store *store = make_store();

	apply_means(store, 2);
	struct lp_batch *batch = commit_minute(store, T0, 1);
	lp_batch_free(batch);

	ck_assert_str_eq(ask("SELECT reason FROM pending_named"), "failed: ValueError: Größe fehlt");
	struct found_status found = status_of(store, (struct lp_status_filter){ .failed = true });
	ck_assert_uint_eq(found.count, 1);
	ck_assert_int_eq(found.status.state, LP_STATE_FAILED);
	ck_assert_int_eq(found.status.attempts, 1);
	ck_assert_uint_eq(found.status.pending, 1);
	ck_assert_int_eq(found.status.failing_since, T0 + LP_MINUTE);
	ck_assert_str_eq(found.text, "ValueError: Größe fehlt\nzweite Zeile");

	/* Not before a minute has passed; then after two, and the third time is the last. */
	ck_assert_uint_eq(read_pendings(store, T0 + LP_MINUTE), 0);
	lp_time tick = T0 + 2 * LP_MINUTE;
	for (int attempt = 2; attempt <= 3; attempt++) {
		batch = plan_retry(store, tick);
		ck_assert_int_eq(batch->tasks[0].attempt, attempt);
		fail_task(batch, 0);
		atomic_store(&batch->computed, 1);
		ck_assert(commit_ok(store, batch));
		ck_assert_int_eq(batch->tasks[0].outcome.state, attempt == 3 ? LP_STATE_GIVEN_UP : LP_STATE_FAILED);
		lp_batch_free(batch);
		ck_assert_uint_eq(read_pendings(store, tick + LP_MINUTE), 0);
		tick += 2 * LP_MINUTE;
	}
	ck_assert_uint_eq(read_pendings(store, LP_TIME_MAX), 0);
	found = status_of(store, (struct lp_status_filter){ .failed = true });
	ck_assert_int_eq(found.status.state, LP_STATE_GIVEN_UP);
	ck_assert_int_eq(found.status.failing_since, T0 + LP_MINUTE);
	ck_assert_int_eq(found.status.next_attempt, LP_TIME_NONE);

	/* A change of the definition opens it again, and this time it works. */
	struct lp_calculation changed = found.status.calculation;
	struct lp_input input = { .name = "x", .series = "in" };
	struct lp_output output = { .name = "", .series = "out0002" };
	changed.name = "c0002";
	changed.rule = "max";
	changed.description = changed.labels = changed.parameters = NULL;
	changed.inputs = &input;
	changed.outputs = &output;
	changed.input_count = changed.output_count = 1;
	changed.version = 2;
	must(apply(store, &(struct lp_changes){ .updated = &changed, .updated_count = 1 }));
	batch = plan_retry(store, tick);
	ck_assert_int_eq(batch->tasks[0].attempt, 1);
	compute_ok(batch);
	ck_assert(commit_ok(store, batch));
	ck_assert(!commit_ok(store, batch)); /* owed no longer */
	lp_batch_free(batch);
	found = status_of(store, (struct lp_status_filter){ .name = "c0002" });
	ck_assert_int_eq(found.status.state, LP_STATE_OK);
	ck_assert_uint_eq(found.status.pending, 0);
	ck_assert_int_eq(found.status.failing_since, LP_TIME_NONE);
	ck_assert_str_eq(found.text, "-: -");
	ck_assert_str_eq(ask("SELECT count(*) FROM sample"), "2");
	sqlite->close(store);
}
END_TEST

START_TEST(an_error_is_told_as_long_as_its_window_is_owed)
{
	struct lp_store *store = make_store();
	struct lp_batch *batch;

	apply_means(store, 1);
	for (int minute = 0; minute < 2; minute++)
		lp_batch_free(commit_minute(store, T0 + minute * LP_MINUTE, minute == 0 ? 0 : NONE_FAILS));
	struct found_status found = status_of(store, (struct lp_status_filter){ .failed = true });
	ck_assert_uint_eq(found.count, 1);
	ck_assert_int_eq(found.status.state, LP_STATE_OK);
	ck_assert_int_eq(found.status.failing_since, LP_TIME_NONE);
	ck_assert_str_eq(found.text, "ValueError: Größe fehlt\nzweite Zeile");
	ck_assert_str_eq(ask("SELECT error_traceback FROM calculation_state"), "Traceback ...");

	batch = plan_retry(store, T0 + 5 * LP_MINUTE);
	compute_ok(batch);
	ck_assert(commit_ok(store, batch));
	lp_batch_free(batch);
	ck_assert_uint_eq(status_of(store, (struct lp_status_filter){ .failed = true }).count, 0);
	ck_assert_str_eq(status_of(store, (struct lp_status_filter){ .name = "*" }).text, "-: -");
	ck_assert_str_eq(ask("SELECT error_traceback FROM calculation_state"), "(null)");
	sqlite->close(store);
}
END_TEST

START_TEST(what_was_not_computed_is_owed)
{
	struct lp_store *store = make_store();

	apply_means(store, 3);
	struct heads heads = read_heads(store);
	struct lp_batch *batch = plan_batch(store, &heads.items[0], T0);
	compute_ok(batch);
	atomic_store(&batch->computed, 1);
	ck_assert(commit_ok(store, batch));
	lp_batch_free(batch);
	ck_assert_str_eq(ask("SELECT states FROM outcome"), "[1,7,7]");
	ck_assert_str_eq(ask("SELECT count(*) FROM sample"), "1");
	ck_assert_uint_eq(read_pendings(store, T0 + LP_MINUTE), 2);
	ck_assert_int_eq(pendings[0].attempts, 0);
	/* It has computed nothing yet, although the watermark has moved. */
	ck_assert_int_eq(status_of(store, (struct lp_status_filter){ .name = "c0002" }).status.state, LP_STATE_NEW);
	batch = plan_retry(store, T0 + LP_MINUTE);
	compute_ok(batch);
	ck_assert(commit_ok(store, batch));
	lp_batch_free(batch);
	ck_assert_str_eq(ask("SELECT count(*) FROM pending"), "0");
	ck_assert_str_eq(ask("SELECT count(*) FROM sample"), "3");
	ck_assert_int_eq(status_of(store, (struct lp_status_filter){ .name = "c0002" }).status.state, LP_STATE_OK);
	sqlite->close(store);
}
END_TEST

int main(void)
{
	TCase *cases = tcase_create("run");

	tcase_add_test(cases, a_window_is_fetched_in_order_with_quality_and_the_sample_before_it);
	tcase_add_test(cases, a_commit_stores_results_and_moves_the_watermark_once);
	tcase_add_test(cases, what_somebody_imported_stays);
	tcase_add_test(cases, changed_definitions_win_over_a_batch_under_way);
	tcase_add_test(cases, a_failed_window_is_owed_tried_again_and_given_up);
	tcase_add_test(cases, an_error_is_told_as_long_as_its_window_is_owed);
	tcase_add_test(cases, what_was_not_computed_is_owed);
	return run_suite(cases);
}
