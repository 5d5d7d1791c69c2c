/* SQLite: every reason against a file has its own message and exit code. */
#include "calendar/calendar.h"
#include "store/sqlite/internal.h"
#include "store/steps.h"

#include "sqlite_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void expect_refused(bool create, bool any_schema, enum lp_exit exit_code, const char *what)
{
	struct lp_store_options options = { .address = address, .create = create, .any_schema = any_schema };
	struct lp_store *store;

	error = (struct lp_error){ 0 };
	ck_assert(!lp_store_open(&options, &store, &error));
	ck_assert_msg(strstr(error.what, what) != NULL, "expected '%s' in: %s", what, error.what);
	ck_assert_msg(strstr(error.what, directory) != NULL, "the file is not named: %s", error.what);
	ck_assert_int_eq(error.exit, exit_code);
	ck_assert_str_ne(error.hint, "");
}

static void write_file(const char *name, const char *text, size_t size)
{
	char path[600];

	snprintf(path, sizeof path, "%s/%s", directory, name);
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
}

static void execute(const char *sql)
{
	sqlite3 *database;

	ck_assert_int_eq(sqlite3_open(address + strlen("sqlite:"), &database), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(database), SQLITE_OK);
}

/* root may do everything, so it becomes somebody who may not; a directory of the runner's may be closed to them. */
static void become_nobody(void)
{
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
}

static void become_root_again(void)
{
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}

static void make_reachable_directory(void)
{
	remove_directory();
	ck_assert_int_eq(unsetenv("TMPDIR"), 0);
	make_directory();
	ck_assert_int_eq(chmod(directory, 0755), 0);
}

#define STEPS "schema/sqlite/"

START_TEST(an_absent_file_is_not_made)
{
	expect_refused(false, false, LP_EXIT_CONFIGURATION, "there is no such file");
	ck_assert_msg(strstr(error.hint, "migrate") != NULL, "%s", error.hint);
	ck_assert_int_ne(access(address + strlen("sqlite:"), F_OK), 0);
}
END_TEST

START_TEST(a_directory_is_no_file)
{
	snprintf(address, sizeof address, "sqlite:%s", directory);
	expect_refused(true, true, LP_EXIT_CONFIGURATION, "is a directory");
}
END_TEST

START_TEST(a_directory_that_is_not_there_is_told)
{
	snprintf(address, sizeof address, "sqlite:%s/nowhere/plant.db", directory);
	expect_refused(true, true, LP_EXIT_CANNOT_WRITE, "No such file or directory");
	expect_refused(false, false, LP_EXIT_CONFIGURATION, "there is no such file");
}
END_TEST

START_TEST(a_text_file_is_no_database)
{
	char text[4096];

	memset(text, 'x', sizeof text);
	write_file("plant.db", text, sizeof text);
	expect_refused(false, false, LP_EXIT_CONFIGURATION, "not a SQLite database");
	expect_refused(true, true, LP_EXIT_CONFIGURATION, "not a SQLite database");
}
END_TEST

START_TEST(an_empty_file_has_no_schema)
{
	write_file("plant.db", "", 0);
	expect_refused(false, false, LP_EXIT_CONFIGURATION, "the schema is not there yet");
	sqlite->close(make_store());
	sqlite->close(open_store());
}
END_TEST

START_TEST(a_database_of_somebody_else_is_left_alone)
{
	execute("CREATE TABLE recipes (name TEXT)");
	expect_refused(false, false, LP_EXIT_CONFIGURATION, "belongs to another program");
	expect_refused(true, true, LP_EXIT_CONFIGURATION, "belongs to another program");
	execute("PRAGMA application_id = 7; DROP TABLE recipes");
	expect_refused(true, true, LP_EXIT_CONFIGURATION, "belongs to another program");
}
END_TEST

START_TEST(a_newer_schema_is_refused_but_the_next_one_works)
{
	char text[80], expected[80];
	int known = lp_step_newest(STEPS);

	sqlite->close(make_store());
	snprintf(text, sizeof text, "PRAGMA user_version = %d", known + 1);
	execute(text);
	sqlite->close(open_store());
	snprintf(text, sizeof text, "PRAGMA user_version = %d", known + 2);
	execute(text);
	snprintf(expected, sizeof expected, "the schema has version %d, this program knows %d", known + 2, known);
	expect_refused(false, false, LP_EXIT_CONFIGURATION, expected);
}
END_TEST

static const char *text_of_step(int32_t version)
{
	struct lp_step step = { .file = NULL };

	while (lp_step_next(STEPS, &step) && step.version != version)
		;
	ck_assert_ptr_nonnull(step.file);
	return (const char *)step.file->data;
}

/* A file of the release before, with a calculation and a sample in it. */
static void make_first_version(void)
{
	execute(text_of_step(1));
	execute("INSERT INTO migration VALUES (1, 'tables and views', 0, '0.1');"
	        "INSERT INTO series (name, created) VALUES ('in', 0), ('out', 0);"
	        "INSERT INTO sample VALUES (1, 60000000, 2.5, NULL);"
	        "INSERT INTO batch (rank, size, enabled, every, window_length, \"offset\", delay, week_start, time_zone,"
	        " watermark) VALUES (0, 1, 1, '1 minute', '1 minute', '', '0 s', 1, 'UTC', 60000000);"
	        "INSERT INTO calculation (name, rule, every, window_length, \"offset\", delay, week_start, time_zone,"
	        " batch_id, created, updated) VALUES ('mean', 'mean', '1 minute', '1 minute', '', '0 s', 1, 'UTC', 1, 0, 0);"
	        "INSERT INTO calculation_input VALUES (1, 0, 'x', 1, NULL);"
	        "INSERT INTO calculation_output VALUES (1, 0, '', 2);"
	        "INSERT INTO run (tick, started, result) VALUES (60000000, 60000000, 'done');"
	        "INSERT INTO outcome (run_id, batch_id, tick, window_start, window_end, calculation_ids, states,"
	        " durations_us, samples_read) VALUES (1, 1, 60000000, 0, 60000000, '[1]', '[1]', '[5]', '[0]');"
	        "PRAGMA user_version = 1; PRAGMA application_id = 1819308916");
}

static bool take_upgraded(void *context, const struct lp_calculation *calculation, struct lp_error *ignored)
{
	(void)ignored;
	*(struct lp_calculation *)context = *calculation;
	return true;
}

static bool count_changes(void *context, struct lp_change *changes, size_t count, struct lp_error *ignored)
{
	(void)ignored;
	for (size_t i = 0; i < count; i++) {
		ck_assert_int_eq(changes[i].series_id, 1);
		ck_assert_int_eq(changes[i].first, 120000000);
		++*(int *)context;
	}
	return true;
}

START_TEST(a_file_of_the_release_before_is_upgraded_with_what_is_in_it)
{
	struct lp_calculation calculation;
	struct lp_change_query query = { .newest = LP_TIME_MAX };
	struct lp_store *store;
	int count = 0;

	make_first_version();
	expect_refused(false, false, LP_EXIT_CONFIGURATION, "the schema has version 1, this program needs ");
	sqlite->close(make_store());
	store = open_store();
	must(sqlite->each_calculation(store, take_upgraded, &calculation, &error));
	ck_assert_int_eq(calculation.result_time, LP_RESULT_AT_START);
	ck_assert_int_eq(calculation.schedule.missed, LP_MISSED_CATCH_UP);
	ck_assert_int_eq(calculation.recompute_within, 0);
	ck_assert_int_eq(read_heads(store).items[0].watermark, 60000000);
	/* What was there is no change; what comes is. */
	must(sqlite->each_change(store, &query, count_changes, &count, &error));
	ck_assert_int_eq(count, 0);
	execute("INSERT INTO sample (series_id, ts, value) VALUES (1, 120000000, 1)");
	must(sqlite->each_change(store, &query, count_changes, &count, &error));
	ck_assert_int_eq(count, 1);
	sqlite->close(store);
}
END_TEST

static bool take_quality(void *context, const struct lp_column *column, struct lp_error *ignored)
{
	(void)ignored;
	ck_assert_uint_eq(column->count, 1);
	*(int *)context = column->quality == NULL ? LP_QUALITY_GOOD : column->quality[0];
	return true;
}

static int refused(const char *sql)
{
	sqlite3 *database;
	int code;

	ck_assert_int_eq(sqlite3_open(address + strlen("sqlite:"), &database), SQLITE_OK);
	code = sqlite3_exec(database, sql, NULL, NULL, NULL);
	ck_assert_int_eq(sqlite3_close(database), SQLITE_OK);
	return code;
}

START_TEST(a_quality_that_is_none_is_refused_and_one_of_before_is_bad)
{
	struct lp_change_query query = { .newest = LP_TIME_MAX };
	struct lp_store *store;
	int quality = -1, changes = 0;

	make_first_version();
	execute("UPDATE sample SET ts = 120000000, quality = 256");
	sqlite->close(make_store());
	store = open_store();
	must(sqlite->read_samples(
		store, &(const struct lp_sample_query){ .series_id = 1, .from = LP_TIME_NONE, .to = LP_TIME_NONE },
		take_quality, &quality, &error));
	ck_assert_int_eq(quality, LP_QUALITY_BAD);
	/* What was computed from it, as from a good one, is computed again. */
	must(sqlite->each_change(store, &query, count_changes, &changes, &error));
	ck_assert_int_eq(changes, 1);
	sqlite->close(store);
	ck_assert_int_eq(refused("INSERT INTO sample (series_id, ts, value, quality) VALUES (1, 1, 1, 3)"),
	                 SQLITE_CONSTRAINT);
	ck_assert_int_eq(refused("INSERT INTO sample (series_id, ts, value, quality) VALUES (1, 1, 1, -1)"),
	                 SQLITE_CONSTRAINT);
	ck_assert_int_eq(refused("UPDATE sample SET quality = 256"), SQLITE_CONSTRAINT);
	/* Past the CHECK, too. */
	execute("PRAGMA ignore_check_constraints = ON; UPDATE sample SET quality = 256");
	store = open_store();
	must(sqlite->read_samples(
		store, &(const struct lp_sample_query){ .series_id = 1, .from = LP_TIME_NONE, .to = LP_TIME_NONE },
		take_quality, &quality, &error));
	ck_assert_int_eq(quality, LP_QUALITY_BAD);
	sqlite->close(store);
	execute("UPDATE sample SET quality = 2; VACUUM; DELETE FROM sample;"
	        "INSERT INTO sample (series_id, ts, value, quality) VALUES (1, 1, 1, 0), (1, 2, 1, 1), (1, 3, 1, 2),"
	        " (1, 4, 1, NULL)");
}
END_TEST

START_TEST(migrate_on_trial_makes_no_file)
{
	struct lp_store_options options = { .address = address, .pretend = true, .any_schema = true };
	struct lp_migrate_options migrate = { .dry_run = true };
	struct lp_store *store;
	int steps = 0;

	must(lp_store_open(&options, &store, &error));
	must(sqlite->migrate(store, &migrate, no_step, &steps, &error));
	ck_assert_int_eq(steps, lp_step_newest(STEPS));
	sqlite->close(store);
	ck_assert_int_ne(access(address + strlen("sqlite:"), F_OK), 0);
}
END_TEST

START_TEST(a_step_that_was_released_is_never_changed)
{
	static const uint64_t digests[] = { UINT64_C(0x9f84e29bbc796227), UINT64_C(0x7f19f45290058310) };

	for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
		uint64_t digest = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

		for (const char *line = text_of_step((int32_t)i + 1), *end; *line != '\0'; line = end) {
			end = strchr(line, '\n') + 1;
			/* Of no statement. */
			if (*line == '\n' || strncmp(line, "--", 2) == 0)
				continue;
			for (const char *c = line; c < end; c++)
				digest = (digest ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
		}
		ck_assert_msg(digest == digests[i], "step %zu: 0x%016llx", i + 1, (unsigned long long)digest);
	}
}
END_TEST

/* How many entries of the schema only one of the two files has. */
static int differences(const char *file)
{
	static const char compare[] =
		"SELECT count(*) FROM (SELECT 1 FROM (SELECT type, name, sql FROM main.sqlite_schema UNION ALL"
		" SELECT type, name, sql FROM other.sqlite_schema) GROUP BY type, name, sql HAVING count(*) = 1)";
	char attach[400];
	sqlite3 *database;
	sqlite3_stmt *statement;

	snprintf(attach, sizeof attach, "ATTACH '%s/%s' AS other", directory, file);
	ck_assert_int_eq(sqlite3_open(address + strlen("sqlite:"), &database), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(database, attach, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(database, compare, -1, &statement, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);

	int count = sqlite3_column_int(statement, 0);

	sqlite3_finalize(statement);
	sqlite3_close(database);
	return count;
}

START_TEST(a_released_file_gets_the_schema_of_a_new_one)
{
	make_first_version();
	execute(text_of_step(2));
	execute("INSERT INTO migration VALUES (2, 'released', 0, '0.1'); PRAGMA user_version = 2");
	sqlite->close(make_store());
	ck_assert_str_eq(ask("SELECT count(*) FROM sample"), "1");
	snprintf(address, sizeof address, "sqlite:%s/new.db", directory);
	sqlite->close(make_store());
	ck_assert_int_eq(differences("plant.db"), 0);
	execute("CREATE VIEW one_more AS SELECT 1");
	ck_assert_int_eq(differences("plant.db"), 1);
}
END_TEST

/* In SQL as in C: apply, which computes it anew, finds nothing to change. */
START_TEST(a_released_file_is_told_how_much_its_batches_read)
{
	int64_t sum = LP_MINUTE; /* of the input that is there */
	char text[200];

	make_first_version();
	execute(text_of_step(2));
	for (int unit = LP_UNIT_SECOND; unit <= LP_UNIT_YEAR; unit++) {
		struct lp_span window = { unit % 2 + 1, (enum lp_unit)unit };
		char length[24];

		sum += lp_span_about(window);
		lp_span_format(window, length);
		snprintf(text, sizeof text,
		         "INSERT INTO calculation_input (calculation_id, position, name, series_id, window_length)"
		         " VALUES (1, %d, 'x%d', 1, '%s')",
		         unit + 1, unit, length);
		execute(text);
	}
	execute("INSERT INTO batch (rank, size, enabled, every, window_length, \"offset\", delay, week_start, time_zone)"
	        " VALUES (0, 1, 1, '1 day', '2 days', '', '0 s', 1, 'UTC');"
	        "INSERT INTO calculation (name, rule, every, window_length, \"offset\", delay, week_start, time_zone,"
	        " batch_id, created, updated) VALUES ('alone', 'mean', '1 day', '2 days', '', '0 s', 1, 'UTC', 2, 0, 0)");
	execute("INSERT INTO migration VALUES (2, 'released', 0, '0.1'); PRAGMA user_version = 2");
	sqlite->close(make_store());
	snprintf(text, sizeof text, "%lld,%lld", (long long)sum, (long long)(2 * LP_DAY));
	ck_assert_str_eq(ask("SELECT group_concat(span) FROM (SELECT span FROM batch ORDER BY id)"), text);
}
END_TEST

START_TEST(a_damaged_file_is_told)
{
	char noise[4096];
	char path[600];

	sqlite->close(make_store());
	execute("PRAGMA wal_checkpoint(TRUNCATE)");
	memset(noise, 0x5a, sizeof noise);
	snprintf(path, sizeof path, "%s/plant.db", directory);
	int file = open(path, O_WRONLY);
	ck_assert_int_ge(file, 0);
	/* All of the first page but the header: where the schema stands. */
	ck_assert_int_eq(pwrite(file, noise, 3996, 100), 3996);
	ck_assert_int_eq(close(file), 0);

	struct lp_store_options options = { .address = address };
	struct lp_store *store;
	struct lp_series found;
	struct lp_arena arena = { 0 };
	bool ok = lp_store_open(&options, &store, &error) && sqlite->find_series(store, "in", &arena, &found, &error);
	ck_assert(!ok);
	ck_assert_int_eq(error.exit, LP_EXIT_UNAVAILABLE);
	ck_assert_msg(strstr(error.what, "damaged") != NULL, "%s", error.what);
}
END_TEST

START_TEST(who_may_only_read_can_read)
{
	struct lp_run run = { .tick = T0, .started = T0, .ended = LP_TIME_NONE };
	struct lp_store *store;

	make_reachable_directory();
	store = make_store();
	apply_means(store, 1);
	sqlite->close(store);
	ck_assert_int_eq(chmod(address + strlen("sqlite:"), 0444), 0);
	ck_assert_int_eq(chmod(directory, 0555), 0);
	become_nobody();
	store = open_store();
	ck_assert_uint_eq(read_heads(store).count, 1);
	ck_assert(!sqlite->begin_run(store, &run, &error));
	ck_assert_int_eq(error.exit, LP_EXIT_CANNOT_WRITE);
	ck_assert_msg(strstr(error.what, "read-only") != NULL, "%s", error.what);
	sqlite->close(store);
	become_root_again();
}
END_TEST

START_TEST(an_unreadable_file_is_a_matter_of_permission)
{
	make_reachable_directory();
	sqlite->close(make_store());
	ck_assert_int_eq(chmod(address + strlen("sqlite:"), 0000), 0);
	become_nobody();
	expect_refused(false, false, LP_EXIT_PERMISSION, "Permission denied");
	become_root_again();
}
END_TEST

START_TEST(a_directory_that_is_closed_is_a_matter_of_permission)
{
	make_reachable_directory();
	sqlite->close(make_store());
	ck_assert_int_eq(chmod(directory, 0000), 0);
	become_nobody();
	expect_refused(false, false, LP_EXIT_PERMISSION, "cannot reach the file");
	become_root_again();
}
END_TEST

START_TEST(nobody_can_make_a_file_where_they_may_not_write)
{
	make_reachable_directory();
	ck_assert_int_eq(chmod(directory, 0555), 0);
	become_nobody();
	expect_refused(true, true, LP_EXIT_PERMISSION, "Permission denied");
	become_root_again();
}
END_TEST

START_TEST(a_lock_that_stays_is_given_up_after_its_time)
{
	struct lp_store *holder = make_store(), *waiting;
	struct lp_store_options options = { .address = address, .statement_timeout = 1 };

	must(sqlite->begin(holder, &error));
	must(lp_store_open(&options, &waiting, &error));
	ck_assert(!sqlite->begin(waiting, &error));
	ck_assert_int_eq(error.exit, LP_EXIT_TEMPORARY);
	ck_assert_msg(strstr(error.what, "locked by another program (waited 1 s)") != NULL, "%s", error.what);
	sqlite->rollback(holder);
	must(sqlite->begin(waiting, &error));
	sqlite->rollback(waiting);
	sqlite->close(waiting);
	sqlite->close(holder);
}
END_TEST

static bool count_samples(void *context, const struct lp_column *column, struct lp_error *ignored)
{
	(void)ignored;
	*(uint64_t *)context += column->count;
	return true;
}

START_TEST(a_full_disk_ends_in_73_and_keeps_what_was_committed)
{
	struct lp_store *store = make_store();
	struct lp_write_counts counts;
	static lp_time times[10000];
	static double values[10000];

	apply_means(store, 1);
	sqlite->close(store);
	store = open_store();
	for (int i = 0; i < 10000; i++) {
		times[i] = T0 + i * LP_SECOND;
		values[i] = i;
	}
	must(sqlite->begin(store, &error));
	must(lp_store_write_samples(store, 1, &(struct lp_column){ .count = 100, .time = times, .value = values },
	                            &counts, &error));
	must(sqlite->commit_work(store, &error));
	sqlite->close(store);
	signal(SIGXFSZ, SIG_IGN);
	struct rlimit limit = { 200000, 200000 };
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	store = open_store();
	bool ok = sqlite->begin(store, &error);
	for (int64_t series = 1; series < 100 && ok; series++)
		ok = lp_store_write_samples(store, series,
		                            &(struct lp_column){ .count = 10000, .time = times, .value = values },
		                            &counts, &error);
	ok = ok && sqlite->commit_work(store, &error);
	ck_assert(!ok);
	ck_assert_msg(error.exit == LP_EXIT_CANNOT_WRITE, "exit %d: %s", (int)error.exit, error.what);
	sqlite->rollback(store);
	sqlite->close(store);
	store = open_store();
	uint64_t samples = 0;
	must(sqlite->read_samples(
		store, &(const struct lp_sample_query){ .series_id = 1, .from = LP_TIME_NONE, .to = LP_TIME_NONE },
		count_samples, &samples, &error));
	ck_assert_uint_eq(samples, 100);
	sqlite->close(store);
}
END_TEST

START_TEST(migrate_is_idempotent_and_says_its_steps)
{
	struct lp_store *store = make_store();
	struct lp_migrate_options options = { 0 };
	struct lp_schema_state state;
	int steps = 0;

	must(sqlite->migrate(store, &options, no_step, &steps, &error));
	ck_assert_int_eq(steps, 0);
	must(sqlite->schema(store, &state, &error));
	ck_assert_int_eq(state.present, state.wanted);
	options.read_role = "people";
	ck_assert(!sqlite->migrate(store, &options, no_step, &steps, &error));
	ck_assert_int_eq(error.exit, LP_EXIT_USAGE);
	sqlite->close(store);
}
END_TEST

START_TEST(eight_migrate_at_once_and_one_does_it)
{
	int steps_of_all = 0;
	pid_t children[8];

	for (int i = 0; i < 8; i++) {
		children[i] = fork();
		ck_assert_int_ge(children[i], 0);
		if (children[i] == 0) {
			struct lp_store_options options = { .address = address, .create = true, .any_schema = true };
			struct lp_migrate_options migrate = { 0 };
			struct lp_store *store;
			int steps = 0;
			bool ok = lp_store_open(&options, &store, &error) &&
			          sqlite->migrate(store, &migrate, no_step, &steps, &error);
			if (!ok)
				fprintf(stderr, "%s\n", error.what);
			_exit(ok ? steps : 99);
		}
	}
	for (int i = 0; i < 8; i++) {
		int status;
		ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
		ck_assert(WIFEXITED(status));
		ck_assert_int_ne(WEXITSTATUS(status), 99);
		steps_of_all += WEXITSTATUS(status);
	}
	ck_assert_int_eq(steps_of_all, lp_step_newest(STEPS));
	sqlite->close(open_store());
}
END_TEST

START_TEST(names_that_sqlite_takes_for_something_else_are_files)
{
	ck_assert_int_eq(chdir(directory), 0);
	snprintf(address, sizeof address, "sqlite::memory:");
	sqlite->close(make_store());
	ck_assert_int_eq(access(":memory:", F_OK), 0);
	snprintf(address, sizeof address, "sqlite:file:x?mode=memory");
	sqlite->close(make_store());
	ck_assert_int_eq(access("file:x?mode=memory", F_OK), 0);
}
END_TEST

int main(void)
{
	TCase *cases = tcase_create("file");

	tcase_add_test(cases, an_absent_file_is_not_made);
	tcase_add_test(cases, a_directory_is_no_file);
	tcase_add_test(cases, a_directory_that_is_not_there_is_told);
	tcase_add_test(cases, a_text_file_is_no_database);
	tcase_add_test(cases, an_empty_file_has_no_schema);
	tcase_add_test(cases, a_database_of_somebody_else_is_left_alone);
	tcase_add_test(cases, a_newer_schema_is_refused_but_the_next_one_works);
	tcase_add_test(cases, a_file_of_the_release_before_is_upgraded_with_what_is_in_it);
	tcase_add_test(cases, a_quality_that_is_none_is_refused_and_one_of_before_is_bad);
	tcase_add_test(cases, migrate_on_trial_makes_no_file);
	tcase_add_test(cases, a_step_that_was_released_is_never_changed);
	tcase_add_test(cases, a_released_file_gets_the_schema_of_a_new_one);
	tcase_add_test(cases, a_released_file_is_told_how_much_its_batches_read);
	tcase_add_test(cases, a_damaged_file_is_told);
	tcase_add_test(cases, who_may_only_read_can_read);
	tcase_add_test(cases, an_unreadable_file_is_a_matter_of_permission);
	tcase_add_test(cases, a_directory_that_is_closed_is_a_matter_of_permission);
	tcase_add_test(cases, nobody_can_make_a_file_where_they_may_not_write);
	tcase_add_test(cases, a_lock_that_stays_is_given_up_after_its_time);
	tcase_add_test(cases, a_full_disk_ends_in_73_and_keeps_what_was_committed);
	tcase_add_test(cases, migrate_is_idempotent_and_says_its_steps);
	tcase_add_test(cases, eight_migrate_at_once_and_one_does_it);
	tcase_add_test(cases, names_that_sqlite_takes_for_something_else_are_files);
	return run_suite(cases);
}
