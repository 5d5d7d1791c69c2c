/* SQLite: what a run reads and commits, what definitions become, what people see of it. */
#include "sqlite_fixture.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

/* What anybody with a SQLite shell sees: the first column of the first row, by a connection of its own. */
static const char *ask(const char *sql)
{
	static char answer[512];
	sqlite3 *database;
	sqlite3_stmt *statement;

	ck_assert_int_eq(sqlite3_open(address + strlen("sqlite:"), &database), SQLITE_OK);
	ck_assert_msg(sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK, "%s: %s", sql,
	              sqlite3_errmsg(database));
	int code = sqlite3_step(statement);
	const char *text = code == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : "(no row)";
	snprintf(answer, sizeof answer, "%s", text != NULL ? text : "(null)");
	sqlite3_finalize(statement);
	sqlite3_close(database);
	return answer;
}

static void put(struct lp_store *store, int64_t series, lp_time time, double value, uint8_t quality)
{
	struct lp_write_counts counts;

	must(sqlite->begin(store, &error));
	must(sqlite->write_samples(
		store, series, &(struct lp_column){ .count = 1, .time = &time, .value = &value, .quality = &quality },
		&counts, &error));
	must(sqlite->commit_work(store, &error));
}

static int64_t id_of(struct lp_store *store, const char *name)
{
	struct lp_arena arena = { 0 };
	struct lp_series found;

	must(sqlite->find_series(store, name, &arena, &found, &error));
	lp_arena_free(&arena);
	return found.id;
}

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
	ck_assert_uint_eq(batch->samples_read, 4);
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
	struct heads heads = read_heads(store);
	struct lp_batch *batch = plan_batch(store, &heads.items[0], T0);
	compute_ok(batch);
	ck_assert(commit_ok(store, batch));
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

START_TEST(what_was_measured_becomes_a_result)
{
	struct lp_store *store = make_store();

	apply_means(store, 2);
	put(store, id_of(store, "out0001"), T0, 0.0, LP_QUALITY_GOOD);
	put(store, id_of(store, "out0002"), T0, 77.0, LP_QUALITY_GOOD);
	struct heads heads = read_heads(store);
	struct lp_batch *batch = plan_batch(store, &heads.items[0], T0);
	compute_ok(batch);
	ck_assert(commit_ok(store, batch));
	ck_assert_uint_eq(batch->samples_written, 2); /* the one that is equal has its number of samples now */
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
	struct lp_batch *batch = lp_batch_new();
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
	must(sqlite->fetch(store, batch, &error));
	return batch;
}

struct found_status {
	struct lp_status status;
	char text[256];
	size_t count;
};

static bool take_status(void *context, const struct lp_status *status, struct lp_error *ignored)
{
	struct found_status *found = context;

	(void)ignored;
	found->status = *status;
	snprintf(found->text, sizeof found->text, "%s: %s", status->error_type != NULL ? status->error_type : "-",
	         status->error_message != NULL ? status->error_message : "-");
	found->count++;
	return true;
}

static struct found_status status_of(struct lp_store *store, struct lp_status_filter filter)
{
	struct found_status found = { .count = 0 };

	must(sqlite->each_status(store, &filter, take_status, &found, &error));
	return found;
}

START_TEST(a_failed_window_is_owed_tried_again_and_given_up)
{
	struct lp_store *store = make_store();

	apply_means(store, 2);
	struct heads heads = read_heads(store);
	struct lp_batch *batch = plan_batch(store, &heads.items[0], T0);
	compute_ok(batch);
	fail_task(batch, 1);
	ck_assert(commit_ok(store, batch));
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
	for (int minute = 0; minute < 2; minute++) {
		struct heads heads = read_heads(store);
		batch = plan_batch(store, &heads.items[0], T0 + minute * LP_MINUTE);
		compute_ok(batch);
		if (minute == 0)
			fail_task(batch, 0);
		ck_assert(commit_ok(store, batch));
		lp_batch_free(batch);
	}
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

START_TEST(definitions_that_change_schedule_move_to_another_batch_and_keep_their_watermark)
{
	struct lp_store *store = make_store();

	apply_means(store, 3);
	struct heads heads = read_heads(store);
	struct lp_batch *batch = plan_batch(store, &heads.items[0], T0);
	compute_ok(batch);
	fail_task(batch, 0);
	ck_assert(commit_ok(store, batch));

	struct lp_calculation changed = batch->calculations[0];
	changed.schedule.every = changed.schedule.window = (struct lp_span){ 15, LP_UNIT_MINUTE };
	changed.version = 2;
	must(apply(store, &(struct lp_changes){ .updated = &changed, .updated_count = 1 }));
	heads = read_heads(store);
	ck_assert_uint_eq(heads.count, 2);
	ck_assert_int_eq(heads.items[0].size, 2);
	ck_assert_int_eq(heads.items[1].size, 1);
	ck_assert_int_eq(heads.items[1].schedule.every.count, 15);
	ck_assert_int_eq(heads.items[1].watermark, T0 + LP_MINUTE);
	ck_assert_str_eq(ask("SELECT count(*) FROM pending"), "0"); /* the windows it owed are no longer its windows */

	changed.enabled = false;
	changed.version = 3;
	must(apply(store, &(struct lp_changes){ .updated = &changed, .updated_count = 1 }));
	ck_assert_uint_eq(read_heads(store).count, 1);
	ck_assert_int_eq(status_of(store, (struct lp_status_filter){ .name = "c0001" }).status.state,
	                 LP_STATE_DISABLED);
	changed.enabled = true;
	changed.version = 4;
	must(apply(store, &(struct lp_changes){ .updated = &changed, .updated_count = 1 }));
	heads = read_heads(store);
	ck_assert_uint_eq(heads.count, 2);
	ck_assert_int_eq(heads.items[1].watermark, T0 + LP_MINUTE);

	must(apply(store, &(struct lp_changes){ .deleted = &changed, .deleted_count = 1 }));
	ck_assert_uint_eq(read_heads(store).count, 1);
	ck_assert_str_eq(ask("SELECT count(*) FROM batch"), "1");
	lp_batch_free(batch);
	sqlite->close(store);
}
END_TEST

START_TEST(a_reader_of_another_output_is_downstream_of_its_batch)
{
	struct lp_store *store = make_store();
	struct lp_series series = { .name = "sum", .unit = "", .description = "", .attributes = "{}" };
	struct lp_input inputs[] = { { .name = "x", .series = "out0001" }, { .name = "y", .series = "out0002" } };
	struct lp_output output = { .name = "", .series = "sum" };
	struct lp_calculation sum = { .name = "sum",
		                      .rule = "sum",
		                      .enabled = true,
		                      .schedule = every_minute(),
		                      .start = T0,
		                      .inputs = inputs,
		                      .input_count = 2,
		                      .outputs = &output,
		                      .output_count = 1,
		                      .version = 1,
		                      .rank = 1 };

	apply_means(store, 2);
	must(apply(store, &(struct lp_changes){ .series_created = &series,
	                                        .series_created_count = 1,
	                                        .created = &sum,
	                                        .created_count = 1 }));
	struct heads heads = read_heads(store);
	ck_assert_uint_eq(heads.count, 2);
	ck_assert_uint_eq(heads.items[0].upstream_count, 0);
	ck_assert_uint_eq(heads.items[1].upstream_count, 1);
	ck_assert_int_eq(heads.upstream[1][0], heads.items[0].id);
	ck_assert_int_eq(heads.items[1].start, T0);
	/* One writer a series. */
	struct lp_calculation second = sum;
	second.name = "second";
	ck_assert(!apply(store, &(struct lp_changes){ .created = &second, .created_count = 1 }));
	ck_assert_int_eq(error.exit, LP_EXIT_DATA);
	ck_assert_msg(strstr(error.what, "second") != NULL && strstr(error.what, "sum") != NULL, "%s", error.what);
	ck_assert_uint_eq(read_heads(store).count, 2);
	sqlite->close(store);
}
END_TEST

START_TEST(more_calculations_than_a_batch_holds_make_several)
{
	struct lp_store *store = make_store();

	apply_means(store, 2500);
	struct heads heads = read_heads(store);
	ck_assert_uint_eq(heads.count, 3);
	ck_assert_int_eq(heads.items[0].size + heads.items[1].size + heads.items[2].size, 2500);
	for (size_t i = 0; i < heads.count; i++)
		ck_assert_int_le(heads.items[i].size, LP_BATCH_SIZE);
	sqlite->close(store);
}
END_TEST

static bool count_series(void *context, const struct lp_series *series, struct lp_error *ignored)
{
	(void)series;
	(void)ignored;
	++*(int *)context;
	return true;
}

START_TEST(brackets_in_a_pattern_are_brackets)
{
	static const char *const names[] = { "a[1]", "a1", "b?", "bx", "ä" };
	static const struct {
		const char *pattern;
		int matches;
	} expected[] = { { "a[1]", 1 }, { "a*", 2 }, { "b?", 2 }, { "?", 1 }, { "*", 5 }, { "A*", 0 }, { NULL, 5 } };
	struct lp_store *store = make_store();
	struct lp_series series[5];

	for (size_t i = 0; i < 5; i++)
		series[i] = (struct lp_series){ .name = names[i] };
	must(apply(store, &(struct lp_changes){ .series_created = series, .series_created_count = 5 }));
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		int count = 0;
		must(sqlite->each_series(store, expected[i].pattern, count_series, &count, &error));
		ck_assert_msg(count == expected[i].matches, "%s matches %d", expected[i].pattern, count);
	}
	sqlite->close(store);
}
END_TEST

START_TEST(the_run_lock_is_one_and_goes_with_its_store)
{
	struct lp_store *first = make_store(), *second = open_store();
	bool acquired;

	must(sqlite->lock_run(first, LP_RUN_MINUTE, &acquired, &error));
	ck_assert(acquired);
	must(sqlite->lock_run(second, LP_RUN_MINUTE, &acquired, &error));
	ck_assert(!acquired);
	/* Other connections come and go without loosening it. */
	sqlite->close(open_store());
	must(sqlite->lock_run(second, LP_RUN_MINUTE, &acquired, &error));
	ck_assert(!acquired);
	sqlite->close(first);
	must(sqlite->lock_run(second, LP_RUN_MINUTE, &acquired, &error));
	ck_assert(acquired);
	sqlite->close(second);
}
END_TEST

static bool take_run(void *context, const struct lp_run *run, struct lp_error *ignored)
{
	char *text = context;

	(void)ignored;
	snprintf(text + strlen(text), 256, "%lld %s ok=%llu failed=%llu; ", (long long)run->id, run->result,
	         (unsigned long long)run->states[LP_STATE_OK], (unsigned long long)run->states[LP_STATE_FAILED]);
	return true;
}

START_TEST(a_run_does_not_give_way_to_who_only_asks)
{
	struct lp_store *store = make_store(), *asking;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		bool active;

		asking = open_store();
		for (;;) {
			if (!sqlite->run_is_active(asking, LP_RUN_MINUTE, &active, &error))
				_exit(1);
		}
	}
	for (int i = 0; i < 100; i++) {
		struct lp_store *run = open_store();
		bool acquired;

		must(sqlite->lock_run(run, LP_RUN_MINUTE, &acquired, &error));
		ck_assert(acquired);
		sqlite->close(run);
	}
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	sqlite->close(store);
}
END_TEST

START_TEST(views_show_what_time_brings)
{
	struct lp_store *store = make_store();
	struct lp_breaker breaker = { .rule = "mean", .since = T0, .run_id = 1, .failed = 30, .of = 40 };
	struct lp_owed_range range = { .calculation_id = 1,
		                       .reason = LP_REASON_WAITED,
		                       .cause_id = 2,
		                       .window_start = T0,
		                       .after_end = T0,
		                       .until_end = T0 + LP_MINUTE };

	apply_means(store, 2);
	struct heads heads = read_heads(store);
	struct lp_batch *batch = plan_batch(store, &heads.items[0], T0);
	compute_ok(batch);
	batch->reason = LP_REASON_CATCH_UP;
	batch->tasks[0].outcome = (struct lp_outcome){ .state = LP_STATE_WAITING, .cause_id = 2 };
	batch->tasks[1].outcome = (struct lp_outcome){ .state = LP_STATE_TRIPPED };
	ck_assert(commit_ok(store, batch));
	lp_batch_free(batch);
	must(sqlite->add_owed(store, &range, 1, &error));
	must(sqlite->put_breaker(store, &breaker, &error));
	must(sqlite->invalidate(store, 1, T0, T0 + LP_HOUR, &error));
	ck_assert_str_eq(ask("SELECT group_concat(state || ' ' || reason, ', ') FROM outcome_row"),
	                 "waiting catch-up, tripped catch-up");
	ck_assert_str_eq(
		ask("SELECT state || ' for ' || cause || ', owed ' || owed FROM calculation_state WHERE id = 1"),
		"waiting for c0002, owed 1");
	ck_assert_str_eq(ask("SELECT state FROM calculation_state WHERE id = 2"), "tripped");
	ck_assert_str_eq(
		ask("SELECT calculation || ' ' || reason || ' ' || cause || ' until ' || until_end FROM owed_named"
	            " WHERE reason <> 'breaker was open'"),
		"c0001 waited for an input c0002 until 2026-01-01T00:01:00Z");
	ck_assert_str_eq(ask("SELECT first || ' ' || last || ' ' || by_hand FROM change_named"),
	                 "2026-01-01T00:00:00Z 2026-01-01T01:00:00Z 1");
	ck_assert_str_eq(ask("SELECT rule || ' since ' || since FROM breaker_row"), "mean since 2026-01-01T00:00:00Z");
	ck_assert_str_eq(ask("SELECT kind FROM run_row"), "run");
	ck_assert_str_eq(ask("SELECT count(*) FROM own_writer"), "0");
	sqlite->close(store);
}
END_TEST

START_TEST(a_run_that_died_is_marked_by_the_next)
{
	struct lp_store *store = make_store();
	struct lp_run run = { .tick = T0, .started = T0, .ended = LP_TIME_NONE, .host = "vm1", .process = 7 };
	char text[600] = "";

	must(sqlite->begin_run(store, &run, &error));
	must(sqlite->begin_run(store, &run, &error));
	run.ended = T0 + 1;
	run.result = "done";
	run.states[LP_STATE_OK] = 58;
	run.states[LP_STATE_FAILED] = 2;
	must(sqlite->end_run(store, &run, &error));
	must(sqlite->each_run(store, 0, take_run, text, &error));
	ck_assert_str_eq(text, "2 done ok=58 failed=2; 1 interrupted ok=0 failed=0; ");
	ck_assert_str_eq(ask("SELECT tick || ended FROM run_row WHERE id = 2"),
	                 "2026-01-01T00:00:00Z2026-01-01T00:00:00.000001Z");
	sqlite->close(store);
}
END_TEST

START_TEST(prune_deletes_what_is_older_and_first_only_counts)
{
	struct lp_store *store = make_store();

	apply_means(store, 2);
	for (int i = 0; i < 10; i++)
		put(store, id_of(store, "in"), T0 + i * LP_MINUTE, i, LP_QUALITY_GOOD);
	put(store, id_of(store, "out0001"), T0, 1, LP_QUALITY_GOOD);
	struct lp_prune prune = { .samples_before = T0 + 5 * LP_MINUTE,
		                  .outcomes_before = LP_TIME_NONE,
		                  .runs_before = T0,
		                  .series = "in",
		                  .dry_run = true };
	must(sqlite->prune(store, &prune, &error));
	ck_assert_uint_eq(prune.samples, 5);
	ck_assert_str_eq(ask("SELECT count(*) FROM sample"), "11");
	prune.dry_run = false;
	must(sqlite->prune(store, &prune, &error));
	ck_assert_uint_eq(prune.samples, 5);
	ck_assert_str_eq(ask("SELECT count(*) FROM sample"), "6");
	sqlite->close(store);
}
END_TEST

START_TEST(more_than_a_transaction_holds_is_pruned_and_the_file_gets_smaller)
{
	enum { MANY = 250000 };
	struct lp_store *store = make_store();
	lp_time *times = lp_allocate(MANY * sizeof *times);
	double *values = lp_allocate(MANY * sizeof *values);
	struct lp_write_counts counts;

	apply_means(store, 1);
	for (int i = 0; i < MANY; i++) {
		times[i] = T0 + i * LP_SECOND;
		values[i] = i * 0.37;
	}
	must(sqlite->begin(store, &error));
	must(sqlite->write_samples(store, 1, &(struct lp_column){ .count = MANY, .time = times, .value = values },
	                           &counts, &error));
	must(sqlite->commit_work(store, &error));
	int pages = atoi(ask("PRAGMA page_count"));
	struct lp_prune prune = { .samples_before = times[MANY - 5],
		                  .outcomes_before = LP_TIME_NONE,
		                  .runs_before = LP_TIME_NONE };
	must(sqlite->prune(store, &prune, &error));
	ck_assert_uint_eq(prune.samples, MANY - 5);
	ck_assert_str_eq(ask("SELECT count(*) FROM sample"), "5");
	ck_assert_int_lt(atoi(ask("PRAGMA page_count")), pages / 2);
	free(times);
	free(values);
	sqlite->close(store);
}
END_TEST

static bool take_history(void *context, const struct lp_history *history, struct lp_error *ignored)
{
	char *text = context;

	(void)ignored;
	snprintf(text + strlen(text), 64, "%lld %s; ", (long long)((history->window.start - T0) / LP_MINUTE),
	         lp_state_name(history->state));
	return true;
}

START_TEST(history_is_newest_first_and_only_of_the_one)
{
	struct lp_store *store = make_store();
	char text[600] = "";

	apply_means(store, 12);
	for (int i = 0; i < 3; i++) {
		struct heads heads = read_heads(store);
		struct lp_batch *batch = plan_batch(store, &heads.items[0], T0 + i * LP_MINUTE);
		compute_ok(batch);
		if (i == 1)
			fail_task(batch, 1);
		ck_assert(commit_ok(store, batch));
		lp_batch_free(batch);
	}
	must(sqlite->each_history(
		store,
		&(struct lp_history_query){ .calculation_id = 2, .from = LP_TIME_NONE, .to = LP_TIME_NONE, .most = 0 },
		take_history, text, &error));
	ck_assert_str_eq(text, "2 ok; 1 failed; 0 ok; ");
	text[0] = '\0';
	must(sqlite->each_history(
		store,
		&(struct lp_history_query){ .calculation_id = 12, .from = LP_TIME_NONE, .to = LP_TIME_NONE, .most = 2 },
		take_history, text, &error));
	ck_assert_str_eq(text, "2 ok; 1 ok; ");
	text[0] = '\0';
	must(sqlite->each_history(
		store,
		&(struct lp_history_query){ .calculation_id = 13, .from = LP_TIME_NONE, .to = LP_TIME_NONE, .most = 2 },
		take_history, text, &error));
	ck_assert_str_eq(text, "");
	sqlite->close(store);
}
END_TEST

START_TEST(times_are_shown_over_all_years)
{
	static const struct {
		lp_time time;
		const char *text;
	} cases[] = { { LP_TIME_MIN, "0001-01-01T00:00:00Z" },
		      { LP_TIME_MAX, "9999-12-31T23:59:59.999999Z" },
		      { -1, "1969-12-31T23:59:59.999999Z" },
		      { 500000, "1970-01-01T00:00:00.500000Z" } };
	struct lp_store *store = make_store();

	apply_means(store, 1);
	for (size_t i = 0; i < 4; i++) {
		char sql[128];

		put(store, 1, cases[i].time, 1.0, LP_QUALITY_GOOD);
		snprintf(sql, sizeof sql, "SELECT ts FROM sample_named WHERE ts_us = %lld", (long long)cases[i].time);
		ck_assert_str_eq(ask(sql), cases[i].text);
	}
	sqlite->close(store);
}
END_TEST

int main(void)
{
	TCase *cases = tcase_create("run");

	tcase_add_test(cases, a_window_is_fetched_in_order_with_quality_and_the_sample_before_it);
	tcase_add_test(cases, a_commit_stores_results_and_moves_the_watermark_once);
	tcase_add_test(cases, what_was_measured_becomes_a_result);
	tcase_add_test(cases, changed_definitions_win_over_a_batch_under_way);
	tcase_add_test(cases, a_failed_window_is_owed_tried_again_and_given_up);
	tcase_add_test(cases, an_error_is_told_as_long_as_its_window_is_owed);
	tcase_add_test(cases, what_was_not_computed_is_owed);
	tcase_add_test(cases, definitions_that_change_schedule_move_to_another_batch_and_keep_their_watermark);
	tcase_add_test(cases, a_reader_of_another_output_is_downstream_of_its_batch);
	tcase_add_test(cases, more_calculations_than_a_batch_holds_make_several);
	tcase_add_test(cases, brackets_in_a_pattern_are_brackets);
	tcase_add_test(cases, the_run_lock_is_one_and_goes_with_its_store);
	tcase_add_test(cases, a_run_does_not_give_way_to_who_only_asks);
	tcase_add_test(cases, views_show_what_time_brings);
	tcase_add_test(cases, a_run_that_died_is_marked_by_the_next);
	tcase_add_test(cases, prune_deletes_what_is_older_and_first_only_counts);
	tcase_add_test(cases, more_than_a_transaction_holds_is_pruned_and_the_file_gets_smaller);
	tcase_add_test(cases, history_is_newest_first_and_only_of_the_one);
	tcase_add_test(cases, times_are_shown_over_all_years);
	return run_suite(cases);
}
