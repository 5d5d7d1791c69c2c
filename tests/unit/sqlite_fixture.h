/*
 * A SQLite store in a directory of its own, with a few definitions: what the
 * tests of the store begin with.
 */
#ifndef TESTS_UNIT_SQLITE_FIXTURE_H
#define TESTS_UNIT_SQLITE_FIXTURE_H

#include "store/backend.h"

#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define T0 INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z */

static char directory[240];
static char address[512];
static struct lp_error error;
static struct lp_arena definitions; /* as long as the test, which is a process of its own */

#define must(call)                                                                                                     \
	do {                                                                                                           \
		bool ok_ = (call);                                                                                     \
		ck_assert_msg(ok_, "%s: %s (%s)", #call, error.what, error.hint);                                      \
	} while (0)

static const struct lp_store_backend *const sqlite = &lp_store_sqlite;

static inline void make_directory(void)
{
	const char *root = getenv("TMPDIR");

	snprintf(directory, sizeof directory, "%s/lp-sqlite-XXXXXX", root != NULL ? root : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(address, sizeof address, "sqlite:%s/plant.db", directory);
}

static inline void remove_directory(void)
{
	char command[600];

	snprintf(command, sizeof command, "chmod -R u+rwx '%s' && rm -rf '%s'", directory, directory);
	ck_assert_int_eq(system(command), 0);
}

static inline void no_step(void *context, int32_t version, const char *description)
{
	(void)version;
	(void)description;
	if (context != NULL)
		++*(int *)context;
}

static inline struct lp_store *open_store(void)
{
	struct lp_store_options options = { .address = address };
	struct lp_store *store;

	must(lp_store_open(&options, &store, &error));
	return store;
}

static inline struct lp_store *make_store(void)
{
	struct lp_store_options options = { .address = address, .create = true, .any_schema = true };
	struct lp_migrate_options migrate = { 0 };
	struct lp_store *store;

	must(lp_store_open(&options, &store, &error));
	must(sqlite->migrate(store, &migrate, no_step, NULL, &error));
	return store;
}

static inline struct lp_schedule every_minute(void)
{
	return (struct lp_schedule){
		.every = { 1, LP_UNIT_MINUTE }, .window = { 1, LP_UNIT_MINUTE }, .week_start = 1, .zone = "UTC"
	};
}

/* Applies in a transaction of its own. */
static inline bool apply(struct lp_store *store, const struct lp_changes *changes)
{
	if (!sqlite->begin(store, &error))
		return false;
	if (!sqlite->lock_definitions(store, &error) || !sqlite->apply(store, changes, &error)) {
		sqlite->rollback(store);
		return false;
	}
	return sqlite->commit_work(store, &error);
}

static inline const char *numbered(const char *prefix, size_t number)
{
	char text[32];

	snprintf(text, sizeof text, "%s%04zu", prefix, number);
	return lp_arena_text(&definitions, text);
}

/* `count` calculations "c0001"..., each from its series "in" to one of its own, "out0001"... */
static inline void apply_means(struct lp_store *store, size_t count)
{
	struct lp_series *series = lp_arena_zeroed(&definitions, count + 1, sizeof *series);
	struct lp_calculation *calculations = lp_arena_zeroed(&definitions, count, sizeof *calculations);
	struct lp_changes changes = { .series_created = series,
		                      .series_created_count = count + 1,
		                      .created = calculations,
		                      .created_count = count };

	series[count] = (struct lp_series){ .name = "in", .unit = "m3/h", .description = "", .attributes = "{}" };
	for (size_t i = 0; i < count; i++) {
		struct lp_input *input = lp_arena_zeroed(&definitions, 1, sizeof *input);
		struct lp_output *output = lp_arena_zeroed(&definitions, 1, sizeof *output);

		series[i] = (struct lp_series){
			.name = numbered("out", i + 1), .unit = "m3/h", .description = "", .attributes = "{}"
		};
		*input = (struct lp_input){ .name = "x", .series = "in", .lookback = LP_HOUR };
		*output = (struct lp_output){ .name = "", .series = series[i].name };
		calculations[i] = (struct lp_calculation){ .name = numbered("c", i + 1),
			                                   .description = "",
			                                   .rule = "mean",
			                                   .parameters = "{}",
			                                   .labels = "{\"team\":\"water\"}",
			                                   .enabled = true,
			                                   .schedule = every_minute(),
			                                   .start = LP_TIME_NONE,
			                                   .inputs = input,
			                                   .input_count = 1,
			                                   .outputs = output,
			                                   .output_count = 1,
			                                   .version = 1 };
	}
	must(apply(store, &changes));
}

struct heads {
	struct lp_batch_head items[64];
	int64_t upstream[64][8];
	size_t count;
};

static inline bool take_head(void *context, const struct lp_batch_head *head, struct lp_error *ignored)
{
	struct heads *heads = context;

	(void)ignored;
	ck_assert_uint_lt(heads->count, 64);
	if (head->size == 0)
		return true; /* disabled */
	heads->items[heads->count] = *head;
	for (size_t i = 0; i < head->upstream_count && i < 8; i++)
		heads->upstream[heads->count][i] = head->upstream[i];
	heads->count++;
	return true;
}

static inline struct heads read_heads(struct lp_store *store)
{
	struct heads heads = { .count = 0 };

	must(sqlite->each_batch(store, -1, take_head, &heads, &error));
	return heads;
}

static inline bool take_running(void *context, const struct lp_run *run, struct lp_error *ignored)
{
	(void)ignored;
	if (strcmp(run->result, "running") == 0)
		*(int64_t *)context = run->id;
	return true;
}

/* The run that is going on, begun where there is none: only such a run may commit. */
static inline int64_t running(struct lp_store *store)
{
	struct lp_run run = { .tick = LP_MINUTE, .started = LP_MINUTE, .host = "here", .program_version = "0" };
	int64_t id = 0;

	must(sqlite->each_run(store, LP_NEWEST_RUNS(1), take_running, &id, &error));
	if (id == 0) {
		must(sqlite->begin_run(store, &run, &error));
		id = run.id;
	}
	return id;
}

/* The batch's definitions and the tasks of one window, fetched. */
static inline struct lp_batch *plan_batch(struct lp_store *store, const struct lp_batch_head *head, lp_time start)
{
	struct lp_batch *batch = lp_batch_new(NULL);
	struct lp_window window = { start, start + LP_MINUTE };

	batch->head = *head;
	batch->run_id = running(store);
	batch->tick = window.end;
	batch->new_watermark = window.end;
	must(sqlite->read_batch(store, batch, &error));
	lp_batch_plan(batch, &window, 1);
	must(lp_store_fetch(store, batch, &error));
	return batch;
}

/* Every task ok, with one result: its index. */
static inline void compute_ok(struct lp_batch *batch)
{
	for (size_t i = 0; i < batch->task_count; i++) {
		struct lp_task *task = &batch->tasks[i];
		struct lp_result *result = lp_arena_zeroed(&batch->arena, 1, sizeof *result);

		*result = (struct lp_result){ .time = task->window.start, .value = (double)i };
		task->outcome.state = LP_STATE_OK;
		task->outcome.duration = 5000;
		task->outcome.results = result;
		task->outcome.result_count = 1;
	}
	atomic_store(&batch->computed, batch->task_count);
}

static inline void fail_task(struct lp_batch *batch, size_t i)
{
	batch->tasks[i].outcome = (struct lp_outcome){ .state = LP_STATE_FAILED,
		                                       .duration = 7000,
		                                       .rule_version = "0123456789ab",
		                                       .error_type = "ValueError",
		                                       .error_message = "Größe fehlt\nzweite Zeile",
		                                       .error_traceback = "Traceback ..." };
}

static const struct lp_retry_policy retry_policy = { .max_attempts = 3,
	                                             .first_delay = LP_MINUTE,
	                                             .longest_delay = LP_HOUR };

static inline bool commit_ok(struct lp_store *store, struct lp_batch *batch)
{
	bool accepted;

	must(sqlite->commit_batch(store, batch, &retry_policy, &accepted, &error));
	return accepted;
}

/* A window of the first batch, computed but for the task that is to fail (NONE_FAILS), and committed. */
enum { NONE_FAILS = -1 };
static inline struct lp_batch *commit_minute(struct lp_store *store, lp_time start, int failing)
{
	struct heads heads = read_heads(store);
	struct lp_batch *batch = plan_batch(store, &heads.items[0], start);

	compute_ok(batch);
	if (failing != NONE_FAILS)
		fail_task(batch, (size_t)failing);
	ck_assert(commit_ok(store, batch));
	return batch;
}

static inline int run_suite(TCase *cases)
{
	Suite *suite = suite_create("sqlite");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(cases, make_directory, remove_directory);
	tcase_set_timeout(cases, 60);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* What anybody with a SQLite shell sees: the first column of the first row, by a connection of its own. */
static inline const char *ask(const char *sql)
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

static inline void put(struct lp_store *store, int64_t series, lp_time time, double value, uint8_t quality)
{
	struct lp_write_counts counts;

	must(sqlite->begin(store, &error));
	must(lp_store_write_samples(
		store, series, &(struct lp_column){ .count = 1, .time = &time, .value = &value, .quality = &quality },
		&counts, &error));
	must(sqlite->commit_work(store, &error));
}

static inline int64_t id_of(struct lp_store *store, const char *name)
{
	struct lp_arena arena = { 0 };
	struct lp_series found;

	must(sqlite->find_series(store, name, &arena, &found, &error));
	lp_arena_free(&arena);
	return found.id;
}

struct found_status {
	struct lp_status status;
	char text[256];
	size_t count;
};

static inline bool take_status(void *context, const struct lp_status *status, struct lp_error *ignored)
{
	struct found_status *found = context;

	(void)ignored;
	found->status = *status;
	snprintf(found->text, sizeof found->text, "%s: %s", status->error_type != NULL ? status->error_type : "-",
	         status->error_message != NULL ? status->error_message : "-");
	found->count++;
	return true;
}

static inline struct found_status status_of(struct lp_store *store, struct lp_status_filter filter)
{
	struct found_status found = { .count = 0 };

	must(sqlite->each_status(store, &filter, take_status, &found, &error));
	return found;
}

#endif
