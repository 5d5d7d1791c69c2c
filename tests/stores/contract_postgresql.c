/* What only a server can do to us: other writers, roles, lost connections, schemas of other versions. */
#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(other_writers_rows_come_back_in_order)
{
	add_series("a");
	sql("INSERT INTO local_processing.sample (series_id, ts, value, quality)"
	    " SELECT %lld, timestamptz '2026-03-01 00:00:00+00' + n * interval '1 second', n, NULL"
	    " FROM generate_series(0, 300) n ORDER BY md5(n::text)",
	    (long long)series_id("a"));
	sql("INSERT INTO local_processing.sample (series_id, ts, value) VALUES (%lld, '-infinity', 1),"
	    " (%lld, 'infinity', 2), (%lld, '10000-01-01 00:00:00+00', 3), (%lld, '0100-01-01 00:00:00+00 BC', 4),"
	    " (%lld, '2026-03-01 00:10:00+00', NULL)",
	    (long long)series_id("a"), (long long)series_id("a"), (long long)series_id("a"), (long long)series_id("a"),
	    (long long)series_id("a"));
	ck_assert_str_eq(read_samples("a", AT(0), AT(5), 0), "0=0 1=1 2=2 3=3 4=4");
	ck_assert_str_eq(read_samples("a", AT(299), LP_TIME_NONE, 0), "299=299 300=300 600=nan");
}
END_TEST

START_TEST(rows_without_a_partition_are_moved_to_the_one_made_later)
{
	add_series("a");
	sql("INSERT INTO local_processing.sample (series_id, ts, value) VALUES (%lld, '2026-03-01 00:00:00+00', 1),"
	    " (%lld, '1850-01-01 00:00:00+00', 2)",
	    (long long)series_id("a"), (long long)series_id("a"));
	ck_assert_str_eq(sql("SELECT count(*) FROM local_processing.sample_default"), "2");
	write_samples("a", "60=3", NULL);
	ck_assert_str_eq(sql("SELECT count(*) FROM local_processing.sample_default"), "1");
	ck_assert_str_eq(read_samples("a", AT(0), LP_TIME_NONE, 0), "0=1 60=3");
}
END_TEST

START_TEST(fifty_years_are_few_partitions)
{
	add_series("a");
	sql("SELECT local_processing.ensure_partitions('sample', now() - interval '50 years', now())");
	ck_assert_int_lt(atoi(sql("SELECT count(*) FROM local_processing.partitions WHERE kind = 'sample'")), 80);
	ck_assert_str_eq(sql("SELECT local_processing.ensure_partitions('sample', now() - interval '50 years', now())"),
	                 "0");
	/* What no partition can be had for stays in the default one. */
	ck_assert_str_eq(
		sql("SELECT local_processing.ensure_partitions('sample', '0001-01-01', '1969-12-31 20:00+00')"), "0");
}
END_TEST

static bool ignore_column(void *context, const struct lp_column *column, struct lp_error *error)
{
	(void)context;
	(void)column;
	(void)error;
	return true;
}

START_TEST(a_reader_of_the_default_partition_holds_nobody_up)
{
	struct lp_store *dump = open_again();
	struct lp_error error;

	/* As pg_dump does: it has read the table and stays in its transaction. */
	add_series("a");
	ck_ok(lp_store_begin(dump, &error), error);
	ck_ok(lp_store_read_samples(
		      dump, &(const struct lp_sample_query){ .series_id = series_id("a"), .from = AT(0), .to = AT(60) },
		      ignore_column, NULL, &error),
	      error);
	write_samples("a", "0=1", NULL);
	ck_assert_str_eq(sql("SELECT count(*) FROM local_processing.sample_default"), "1");
	ck_samples("a", "0=1");
	lp_store_rollback(dump);
	lp_store_close(dump);
	/* A later connection finds the way free. */
	lp_store_close(store);
	store = open_again();
	write_samples("a", "60=2", NULL);
	ck_assert_str_eq(sql("SELECT count(*) FROM local_processing.sample_default"), "0");
	ck_samples("a", "0=1 60=2");
}
END_TEST

START_TEST(a_long_import_holds_no_run_up)
{
	struct lp_store *importing = open_again();
	const struct lp_series made = { .name = "c", .unit = "", .description = "", .attributes = "{}" };
	const struct lp_changes changes = { .series_created = &made, .series_created_count = 1 };
	lp_time time = AT(0);
	double value = 1;
	struct lp_column column = { .count = 1, .time = &time, .value = &value };
	struct lp_write_counts counts;
	struct lp_error error;

	/* It makes a series, needs a partition that is not there, and stays in its transaction. */
	add_series("a,b,x");
	add_calculation(calculation("one", "mean", "a", "x"));
	ck_ok(lp_store_begin(importing, &error), error);
	ck_ok(lp_store_lock_definitions(importing, &error), error);
	ck_ok(lp_store_apply(importing, &changes, &error), error);
	ck_ok(lp_store_write_samples(importing, series_id("b"), &column, &counts, &error), error);
	sql("INSERT INTO local_processing.sample (series_id, ts, value) VALUES (%lld, '1850-01-01 00:00:00+00', 2)",
	    (long long)series_id("a"));
	write_samples("a", "-126230400=1 0=2", NULL);
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	ck_samples("x", "0=2");
	ck_samples("b", "");
	ck_ok(lp_store_commit_work(importing, &error), error);
	lp_store_close(importing);
	ck_samples("b", "0=1");
}
END_TEST

START_TEST(a_lost_connection_loses_only_what_was_not_committed)
{
	struct lp_run run;
	struct lp_batch *batch;
	struct lp_error error;
	bool accepted;

	add_series("a,x");
	write_samples("a", "0=1 60=2", NULL);
	add_calculation(calculation("one", "mean", "a", "x"));
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	run = begin_run(AT(120));
	batch = fetch_batch(&read_heads(0)->items[0], AT(60), AT(120), &run);
	compute(batch);
	sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
	    " WHERE datname = current_database() AND pid <> pg_backend_pid()");
	ck_fails(lp_store_commit_batch(store, batch, &policy, &accepted, &error), error, LP_EXIT_TEMPORARY);
	ck_assert(!accepted);
	ck_assert_ptr_null(strchr(error.what, '\n'));
	lp_batch_free(batch);
	/* The connection stays lost, and says so each time. */
	ck_fails(lp_store_begin(store, &error), error, LP_EXIT_TEMPORARY);
	lp_store_close(store);
	store = open_again();
	ck_samples("x", "0=1");
	ck_assert_int_eq(run_window(AT(60), AT(120), AT(120)), 1);
	ck_samples("x", "0=1 60=2");
}
END_TEST

START_TEST(a_read_only_server_is_said_to_be_one)
{
	struct lp_run run = {
		.tick = AT(0), .started = AT(0), .host = "h", .program_version = "0", .result = "running"
	};
	struct lp_error error;

	sql("ALTER DATABASE %s SET default_transaction_read_only = on", sql("SELECT current_database()"));
	lp_store_close(store);
	store = open_again();
	ck_fails(lp_store_begin_run(store, &run, &error), error, LP_EXIT_CANNOT_WRITE);
	ck_assert_str_eq(error.sqlstate, "25006");
}
END_TEST

START_TEST(a_partition_that_is_detached_gets_no_results)
{
	add_series("a,x");
	write_samples("a", "0=1 60=2", NULL);
	add_calculation(calculation("one", "mean", "a", "x"));
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	ck_assert_int_eq(run_window(AT(60), AT(120), AT(120)), 1);
	/* An archive, say.  The connection knows the partition by its name. */
	sql("ALTER TABLE local_processing.sample DETACH PARTITION local_processing.sample_2026_03");
	write_samples("a", "120=3 180=4", NULL);
	ck_assert_int_eq(run_window(AT(120), AT(180), AT(180)), 1);
	ck_assert_int_eq(run_window(AT(180), AT(240), AT(240)), 1);
	ck_assert_str_eq(sql("SELECT count(*) FROM local_processing.sample_2026_03 WHERE series_id = %lld",
	                     (long long)series_id("x")),
	                 "2");
	ck_assert_str_eq(
		sql("SELECT count(*) FROM local_processing.sample WHERE series_id = %lld", (long long)series_id("x")),
		"2");
}
END_TEST

static const struct {
	int version;
	bool opens;
} versions[] = { { 1, true }, { 2, false }, { 50, false } };

START_TEST(a_schema_of_a_newer_release)
{
	struct lp_store_options options = store_options();
	struct lp_store *opened;
	struct lp_error error;

	sql("INSERT INTO local_processing.migration (version, description, program_version)"
	    " SELECT max(version) + %d, 'later', '9' FROM local_processing.migration",
	    versions[_i].version);
	if (versions[_i].opens) {
		ck_ok(lp_store_open(&options, &opened, &error), error);
		lp_store_close(opened);
	} else {
		ck_fails(lp_store_open(&options, &opened, &error), error, LP_EXIT_CONFIGURATION);
	}
}
END_TEST

START_TEST(no_schema_is_said_with_what_to_do)
{
	struct lp_store_options options = store_options();
	struct lp_store *opened;
	struct lp_error error;

	sql("DROP SCHEMA local_processing CASCADE");
	ck_fails(lp_store_open(&options, &opened, &error), error, LP_EXIT_CONFIGURATION);
	ck_assert_ptr_nonnull(strstr(error.hint, "local-processing migrate"));
	options.any_schema = true;
	ck_ok(lp_store_open(&options, &opened, &error), error);
	lp_store_close(opened);
}
END_TEST

START_TEST(two_migrations_at_once)
{
	struct lp_store_options options = store_options();
	struct lp_migrate_options migrate = { .dry_run = false };
	struct lp_store *opened;
	struct lp_error error;
	int status, failed = 0;

	sql("DROP SCHEMA local_processing CASCADE");
	for (int i = 0; i < 4; i++) {
		if (fork() != 0)
			continue;
		options.any_schema = true;
		if (!lp_store_open(&options, &opened, &error) ||
		    !lp_store_migrate(opened, &migrate, no_step, NULL, &error)) {
			fprintf(stderr, "%s\n", error.what);
			_exit(1);
		}
		_exit(0);
	}
	for (int i = 0; i < 4; i++) {
		wait(&status);
		failed += status != 0;
	}
	ck_assert_int_eq(failed, 0);
	ck_assert_str_eq(sql("SELECT count(*) = max(version) FROM local_processing.migration"), "t");
}
END_TEST

START_TEST(a_dry_run_of_migrate_changes_nothing)
{
	struct lp_store_options options = store_options();
	struct lp_migrate_options migrate = { .dry_run = true };
	struct lp_store *opened;
	struct lp_error error;

	sql("DROP SCHEMA local_processing CASCADE");
	options.any_schema = true;
	ck_ok(lp_store_open(&options, &opened, &error), error);
	ck_ok(lp_store_migrate(opened, &migrate, no_step, NULL, &error), error);
	lp_store_close(opened);
	ck_assert_str_eq(sql("SELECT to_regnamespace('local_processing') IS NULL"), "t");
}
END_TEST

/* The test's store as another role, through the loopback with a password: the socket lets everybody in. */
static struct lp_store_options as_role(const char *user, const char *password)
{
	struct lp_store_options options = store_options();
	char text[512];

	snprintf(text, sizeof text, "postgresql:dbname=%s host=127.0.0.1 user=%s password=%s",
	         sql("SELECT current_database()"), user, password);
	options.address = lp_arena_text(&arena, text);
	return options;
}

static void make_role(const char *name)
{
	sql("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '%s') THEN"
	    " CREATE ROLE %s LOGIN PASSWORD 'right'; END IF; EXCEPTION WHEN duplicate_object OR unique_violation THEN"
	    " END $$",
	    name, name);
}

static void migrate_with_roles(void)
{
	struct lp_migrate_options migrate = { .run_role = "lp_run", .read_role = "lp_read" };
	struct lp_error error;

	make_role("lp_run");
	make_role("lp_read");
	make_role("lp_nobody");
	ck_ok(lp_store_migrate(store, &migrate, no_step, NULL, &error), error);
}

/* "series id: first-last by hour" of all that is noted, which is then forgotten. */
static const char *noted(void)
{
	return sql(
		"WITH taken AS (DELETE FROM local_processing.change RETURNING *)"
		" SELECT coalesce(string_agg(s.name || ' ' || extract(epoch FROM h.first - timestamptz '2026-03-01 00:00+00')::int8"
		" || '-' || extract(epoch FROM h.last - timestamptz '2026-03-01 00:00+00')::int8, ', ' ORDER BY s.name, h.first), '')"
		" FROM taken t CROSS JOIN LATERAL unnest(t.series_ids, t.firsts, t.lasts) h (series_id, first, last)"
		" JOIN local_processing.series s ON s.id = h.series_id");
}

START_TEST(every_way_to_write_is_noted)
{
	add_series("a,b");
	sql("SELECT local_processing.ensure_partitions('sample', '2026-02-01', '2026-05-01')");
	sql("INSERT INTO local_processing.sample (series_id, ts, value) SELECT %lld, timestamptz '2026-03-01 00:00+00'"
	    " + n * interval '1 minute', n FROM generate_series(0, 119) n",
	    (long long)series_id("a"));
	ck_assert_str_eq(sql("SELECT count(*) FROM local_processing.change"), "1");
	ck_assert_str_eq(noted(), "a 0-3540, a 3600-7140");
	/* One row is new, one is changed: two triggers, two rows. */
	sql("INSERT INTO local_processing.sample (series_id, ts, value) VALUES (%lld, '2026-03-01 00:00+00', 9),"
	    " (%lld, '2026-03-01 00:01+00', 9) ON CONFLICT (series_id, ts) DO UPDATE SET value = excluded.value",
	    (long long)series_id("a"), (long long)series_id("b"));
	ck_assert_str_eq(noted(), "a 0-0, b 60-60");
	/* To the partition of another month, and no further. */
	sql("UPDATE local_processing.sample SET ts = ts + interval '31 days' WHERE series_id = %lld",
	    (long long)series_id("b"));
	ck_assert_str_eq(noted(), "b 60-60, b 2678460-2678460");
	sql("UPDATE local_processing.sample SET value = 1 WHERE false");
	ck_assert_str_eq(noted(), "");
	sql("COPY local_processing.sample (series_id, ts, value) FROM PROGRAM 'echo \"%lld,2026-03-01 00:02+00,1\"' (FORMAT csv)",
	    (long long)series_id("b"));
	ck_assert_str_eq(noted(), "b 120-120");
	if (atoi(sql("SELECT current_setting('server_version_num')")) >= 150000) {
		sql("MERGE INTO local_processing.sample s USING (VALUES (%lld, timestamptz '2026-03-01 00:02+00'),"
		    " (%lld, timestamptz '2026-03-01 00:03+00')) n (series_id, ts) ON s.series_id = n.series_id AND s.ts = n.ts"
		    " WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (series_id, ts, value) VALUES (n.series_id, n.ts, 1)",
		    (long long)series_id("b"), (long long)series_id("b"));
		ck_assert_str_eq(noted(), "b 120-120, b 180-180");
	}
	sql("BEGIN; SET LOCAL local_processing.noted = off; DELETE FROM local_processing.sample; COMMIT");
	ck_assert_str_eq(noted(), "");
}
END_TEST

START_TEST(emptying_the_table_touches_all_that_is_read)
{
	add_series("a,b,x");
	add_calculation(calculation("one", "mean", "a", "x"));
	sql("TRUNCATE local_processing.sample");
	ck_assert_str_eq(sql("SELECT series_ids = ARRAY[%lld::int8] AND firsts = '{-infinity}' AND lasts = '{infinity}'"
	                     " FROM local_processing.change",
	                     (long long)series_id("a")),
	                 "t");
}
END_TEST

START_TEST(who_may_only_write_samples_is_followed)
{
	migrate_with_roles();
	add_series("a");
	sql("GRANT USAGE ON SCHEMA local_processing TO lp_nobody");
	sql("GRANT INSERT ON local_processing.sample TO lp_nobody");
	sql("BEGIN; SET LOCAL ROLE lp_nobody; INSERT INTO local_processing.sample (series_id, ts, value)"
	    " VALUES (%lld, '2026-03-01 00:01+00', 1); COMMIT",
	    (long long)series_id("a"));
	ck_assert_str_eq(noted(), "a 60-60");
}
END_TEST

START_TEST(the_role_of_runs_can_run)
{
	struct lp_store_options options;
	struct lp_prune prune = { .outcomes_before = AT(0), .runs_before = AT(0) };
	struct lp_error error;
	bool locked;

	migrate_with_roles();
	lp_store_close(store);
	options = as_role("lp_run", "right");
	ck_ok(lp_store_open(&options, &store, &error), error);
	ck_ok(lp_store_lock_run(store, LP_RUN_MINUTE, &locked, &error), error);
	ck_assert(locked);
	add_series("a,x");
	write_samples("a", "-31536000=0 0=1", NULL);
	lp_store_close(store);
	ck_ok(lp_store_open(&options, &store, &error), error);
	add_calculation(calculation("one", "mean", "a", "x"));
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	/* Rights on the table are enough: a partition that was made later may give none. */
	sql("REVOKE INSERT ON local_processing.sample_2026_03 FROM lp_run");
	write_samples("a", "60=2", NULL);
	ck_assert_int_eq(run_window(AT(60), AT(120), AT(120)), 1);
	ck_samples("x", "0=1 60=2");
	ck_ok(lp_store_prune(store, &prune, &error), error);
	ck_assert_uint_eq(prune_samples(NULL, AT(0), LP_TIME_NONE), 1);
	ck_assert_str_eq(pruned_of("a"), "-31536000 to -31536000");
	ck_assert_str_eq(sql("SELECT to_regclass('local_processing.sample_2025_02') IS NULL"
	                     " AND to_regclass('local_processing.sample_2025_03') IS NULL"),
	                 "t");
}
END_TEST

/* Samples at such a rate that the server cannot make one value of what is asked for. */
START_TEST(what_is_too_much_at_once_is_read_in_pieces)
{
	enum { MANY = 70 };
	struct lp_store_options options;
	struct lp_batch *batch;
	struct lp_run run;
	struct lp_error error;

	migrate_with_roles();
	add_many_calculations(MANY);
	sql("INSERT INTO local_processing.sample (series_id, ts, value)"
	    " SELECT id, timestamptz '2026-03-01 00:00:00+00' + n * interval '30 seconds', n"
	    " FROM generate_series(0, 1) n, local_processing.series WHERE name LIKE 'a%%'");
	sql("CREATE FUNCTION together() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN"
	    " IF current_query() LIKE '%%circle%%' THEN RAISE program_limit_exceeded; END IF; RETURN true; END $$");
	sql("ALTER TABLE local_processing.sample ENABLE ROW LEVEL SECURITY");
	sql("CREATE POLICY together ON local_processing.sample USING (together())");
	lp_store_close(store);
	options = as_role("lp_run", "right");
	ck_ok(lp_store_open(&options, &store, &error), error);
	run = begin_run(AT(60));
	batch = fetch_batch(&read_heads(0)->items[0], AT(0), AT(60), &run);
	ck_assert_uint_eq(batch->samples_read, 2 * MANY);
	for (size_t i = 0; i < MANY; i++)
		ck_assert_str_eq(show_column(&batch->tasks[i].columns[0]), "0=0 30=1");
	/* Another error is one. */
	sql("CREATE OR REPLACE FUNCTION together() RETURNS boolean LANGUAGE plpgsql AS"
	    " $$ BEGIN RAISE division_by_zero; END $$");
	ck_fails(lp_store_fetch(store, batch, &error), error, LP_EXIT_DATA);
	lp_batch_free(batch);
}
END_TEST

START_TEST(the_role_of_readers_can_only_read)
{
	struct lp_store_options options;
	struct lp_run run = {
		.tick = AT(0), .started = AT(0), .host = "h", .program_version = "0", .result = "running"
	};
	struct lp_error error;

	migrate_with_roles();
	add_series("a,x");
	write_samples("a", "0=1", NULL);
	add_calculation(calculation("one", "mean", "a", "x"));
	lp_store_close(store);
	options = as_role("lp_read", "right");
	ck_ok(lp_store_open(&options, &store, &error), error);
	ck_samples("a", "0=1");
	ck_assert_str_eq(status_of("one"), "new - attempts 0 - pending 0");
	ck_fails(lp_store_begin_run(store, &run, &error), error, LP_EXIT_PERMISSION);
	ck_assert_str_eq(error.sqlstate, "42501");
	ck_assert_str_ne(error.hint, "");
}
END_TEST

START_TEST(roles_may_call_functions_that_everybody_may_not)
{
	struct lp_store_options options;
	struct lp_error error;

	/* As where ALTER DEFAULT PRIVILEGES says so. */
	sql("REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA local_processing FROM PUBLIC");
	migrate_with_roles();
	ck_assert_str_eq(
		sql("SELECT count(*) FROM pg_proc WHERE pronamespace = 'local_processing'::regnamespace"
	            " AND prorettype <> 'trigger'::regtype AND proname <> ALL ('{count_partition, lock_briefly,"
	            " partition_to_make, partition_name, begin_moving, copy_moving, abandon_moving,"
	            " read_as_of_before, attach_moving}')"
	            " AND NOT has_function_privilege('lp_run', oid, 'EXECUTE')"),
		"0");
	add_series("a,x");
	write_samples("a", "0=1", NULL);
	add_calculation(calculation("one", "mean", "a", "x"));
	lp_store_close(store);
	options = as_role("lp_run", "right");
	ck_ok(lp_store_open(&options, &store, &error), error);
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	lp_store_close(store);
	options = as_role("lp_read", "right");
	ck_ok(lp_store_open(&options, &store, &error), error);
	ck_assert_str_eq(status_of("one"), "ok - attempts 0 - pending 0");
}
END_TEST

START_TEST(what_cannot_be_granted_is_told)
{
	struct lp_migrate_options migrate = { .read_role = "lp_nobody" };
	struct lp_store_options options;
	struct lp_store *opened;
	struct lp_error error;

	migrate_with_roles();
	options = as_role("lp_run", "right");
	ck_ok(lp_store_open(&options, &opened, &error), error);
	/* The server only warns. */
	ck_fails(lp_store_migrate(opened, &migrate, no_step, NULL, &error), error, LP_EXIT_PERMISSION);
	ck_assert_ptr_nonnull(strstr(error.what, "lp_nobody"));
	ck_assert_ptr_nonnull(strstr(error.what, "sample"));
	ck_assert_ptr_nonnull(strstr(error.hint, sql("SELECT current_user")));
	lp_store_close(opened);
	ck_assert_str_eq(sql("SELECT has_schema_privilege('lp_nobody', 'local_processing', 'USAGE')"), "f");
}
END_TEST

START_TEST(functions_of_others_are_not_called)
{
	struct lp_changes nothing = { .created_count = 0 };
	struct lp_error error;
	bool locked;

	/* What whoever may create in `public` can make, and fits better than the server's own; and a path of ill will. */
	sql("CREATE TABLE public.proof (what text)");
	sql("CREATE FUNCTION public.has_table_privilege(regclass, text) RETURNS boolean LANGUAGE sql AS"
	    " $$ INSERT INTO public.proof VALUES ('privilege'); SELECT true $$");
	sql("CREATE FUNCTION public.unnest(bigint[]) RETURNS SETOF bigint LANGUAGE sql AS"
	    " $$ INSERT INTO public.proof VALUES ('unnest'); SELECT * FROM pg_catalog.unnest($1) $$");
	sql("CREATE FUNCTION public.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS"
	    " $$ INSERT INTO public.proof VALUES ('set_config'); SELECT pg_catalog.set_config($1, $2, $3) $$");
	sql("CREATE FUNCTION public.pg_try_advisory_xact_lock(int, int) RETURNS boolean LANGUAGE sql AS"
	    " $$ INSERT INTO public.proof VALUES ('lock'); SELECT true $$");
	sql("DO $$ BEGIN EXECUTE format('ALTER DATABASE %%I SET search_path = public, pg_catalog', current_database()); END $$");
	lp_store_close(store);
	store = open_again();
	ck_ok(lp_store_lock_run(store, LP_RUN_MINUTE, &locked, &error), error);
	add_series("a,x");
	write_samples("a", "0=1", NULL);
	add_calculation(calculation("one", "mean", "a", "x"));
	apply_changes(&nothing);
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	ck_assert_str_eq(status_of("one"), "ok - attempts 0 - pending 0");
	ck_assert_uint_eq(prune_samples(NULL, AT(60), LP_TIME_NONE), 1);
	ck_assert_str_eq(sql("SELECT pg_catalog.count(*) FROM public.proof"), "0");
}
END_TEST

START_TEST(a_large_partition_is_not_counted_before_it_is_dropped)
{
	struct lp_prune_series all = { .before = AT(0) };
	struct lp_pruned_samples pruned;
	const char *partition;
	struct lp_error error;

	add_series("a");
	sql("SELECT local_processing.ensure_partitions('sample', '2025-01-10', '2025-01-10')");
	/* Large of few rows: 200,000 in more than 64 MB. */
	partition = lp_arena_text(&arena, sql("SELECT name FROM local_processing.partitions WHERE kind = 'sample'"
	                                      " AND lower_end <= '2025-01-10' AND upper_end > '2025-01-10'"));
	sql("ALTER TABLE local_processing.%s SET (fillfactor = 10)", partition);
	sql("SET local_processing.noted = off; INSERT INTO local_processing.sample (series_id, ts, value)"
	    " SELECT %lld, timestamptz '2025-01-10 00:00+00' + n * interval '1 second', n FROM generate_series(1, 200000) n",
	    (long long)series_id("a"));
	ck_assert_str_eq(sql("SELECT pg_relation_size('local_processing.%s') > 64 << 20", partition), "t");
	all.series_id = series_id("a");
	ck_ok(lp_store_prune_samples(
		      store,
		      &(const struct lp_prune_order){
			      .series = &all, .count = 1, .every = true, .orphans_before = LP_TIME_NONE },
		      &pruned, &error),
	      error);
	ck_assert(pruned.estimated);
	ck_assert_uint_ge(pruned.count, 160000);
	ck_assert_uint_le(pruned.count, 240000);
	ck_assert_str_eq(sql("SELECT to_regclass('local_processing.%s') IS NULL", partition), "t");
	ck_samples("a", "");
	/* A small one is. */
	write_samples("a", "-31536000=1", NULL);
	ck_ok(lp_store_prune_samples(
		      store,
		      &(const struct lp_prune_order){
			      .series = &all, .count = 1, .every = true, .orphans_before = LP_TIME_NONE },
		      &pruned, &error),
	      error);
	ck_assert(!pruned.estimated);
	ck_assert_uint_eq(pruned.count, 1);
}
END_TEST

START_TEST(what_is_of_no_series_goes_when_it_is_old)
{
	struct lp_pruned_samples pruned;
	struct lp_error error;

	/* Nobody knows its series: another program's ids, before all that there are, between and behind them. */
	add_series("a,b,c");
	sql("DELETE FROM local_processing.series WHERE name = 'b'");
	sql("SELECT local_processing.ensure_partitions('sample', '2020-01-10', '2021-01-10')");
	sql("INSERT INTO local_processing.sample (series_id, ts, value) SELECT id, ts, 1 FROM generate_series(-1, 5) id,"
	    " (VALUES (timestamptz '2020-02-01 00:00+00'), ('2021-03-01 00:00+00'), ('2021-05-01 00:00+00')) t (ts)"
	    " WHERE id NOT IN (SELECT id FROM local_processing.series)");
	ck_assert_str_eq(sql("SELECT count(*) FROM local_processing.sample"), "15");
	ck_ok(lp_store_prune_samples(store,
	                             &(const struct lp_prune_order){ .every = true, .orphans_before = LP_TIME_NONE },
	                             &pruned, &error),
	      error);
	ck_assert_uint_eq(pruned.count, 0);
	/* Its year goes as a whole; of the next one only what is older. */
	ck_ok(lp_store_prune_samples(
		      store,
		      &(const struct lp_prune_order){ .every = true, .orphans_before = INT64_C(1617235200000000) },
		      &pruned, &error),
	      error);
	ck_assert_uint_eq(pruned.count, 10);
	ck_assert_str_eq(sql("SELECT to_regclass('local_processing.sample_2020') IS NULL"), "t");
	ck_assert_str_eq(sql("SELECT count(*) FROM local_processing.sample"), "5");
	/* Where only results are pruned, they keep their partition. */
	sql("INSERT INTO local_processing.sample (series_id, ts, value, samples) VALUES (%lld, '2021-01-01 00:00+00', 1, 1)",
	    (long long)series_id("a"));
	ck_assert_uint_eq(prune_samples(NULL, LP_TIME_NONE, AT(0)), 1);
	ck_assert_str_eq(sql("SELECT count(*) FROM local_processing.sample"), "5");
}
END_TEST

START_TEST(a_role_without_rights_is_told)
{
	struct lp_store_options options;
	struct lp_store *opened;
	struct lp_error error;

	migrate_with_roles();
	options = as_role("lp_nobody", "right");
	ck_fails(lp_store_open(&options, &opened, &error), error, LP_EXIT_PERMISSION);
}
END_TEST

START_TEST(a_role_that_does_not_exist_cannot_be_granted)
{
	struct lp_migrate_options migrate = { .run_role = "no; such \"role" };
	struct lp_error error;

	ck_fails(lp_store_migrate(store, &migrate, no_step, NULL, &error), error, LP_EXIT_USAGE);
}
END_TEST

static const struct {
	const char *address; /* %s: the database */
	enum lp_exit exits[2];
	const char *what;
} unreachable[] = {
	{ "postgresql:dbname=%s host=127.0.0.1 user=postgres password=secret-word",
	  { LP_EXIT_PERMISSION },
	  "password" },
	{ "postgresql://postgres:secret-word@127.0.0.1/%s", { LP_EXIT_PERMISSION }, "password" },
	{ "postgresql:dbname=%s host=127.0.0.1 user=postgres", { LP_EXIT_PERMISSION }, "password" },
	{ "postgresql:dbname=%s host=127.0.0.1 port=1 password=secret-word", { LP_EXIT_TEMPORARY }, "refused" },
	{ "postgresql:dbname=%s host=/nonexistent/directory", { LP_EXIT_TEMPORARY }, "No such file" },
	{ "postgresql:dbname=no_such_%s", { LP_EXIT_UNAVAILABLE }, "does not exist" },
	{ "postgresql:dbname=%s user=no_such_user", { LP_EXIT_PERMISSION }, "does not exist" },
	{ "postgresql://no-such-host.invalid/%s", { LP_EXIT_UNAVAILABLE, LP_EXIT_TEMPORARY }, "no-such-host.invalid" },
	{ "postgresql:dbname=%s no_such_option=1", { LP_EXIT_CONFIGURATION }, "no_such_option" },
	{ "postgresql:dbname=%s port=x", { LP_EXIT_CONFIGURATION }, "port" },
	{ "postgresql:dbname=%s sslmode=perhaps", { LP_EXIT_CONFIGURATION }, "sslmode" },
	{ "postgresql:service=no_such_service_%s", { LP_EXIT_CONFIGURATION }, "service" },
	{ "postgresql:dbname=%s host=127.0.0.1 sslmode=require password=secret-word", { LP_EXIT_UNAVAILABLE }, "SSL" },
	{ "postgresql:dbname='%s", { LP_EXIT_CONFIGURATION }, "quote" },
	/* Passwords that are not written as they should be: libpq takes pieces of them for something else. */
	{ "postgresql://postgres:a/secret-word@127.0.0.1/%s", { LP_EXIT_CONFIGURATION }, "port" },
	{ "postgresql://postgres:a@secret-word@127.0.0.1/%s", { LP_EXIT_UNAVAILABLE, LP_EXIT_TEMPORARY }, "host name" },
	{ "postgresql://postgres:a%%zzsecret-word@127.0.0.1/%s", { LP_EXIT_CONFIGURATION }, "percent" },
	{ "postgresql://postgres:secret-word@[127.0.0.1/%s", { LP_EXIT_CONFIGURATION }, "URI" },
	{ "postgresql:dbname=%s password=my secret-word", { LP_EXIT_CONFIGURATION }, "missing" },
	{ "postgresql:dbname=%s password=my secret-word=1", { LP_EXIT_CONFIGURATION }, "option" },
};

START_TEST(what_cannot_be_reached_is_said_clearly)
{
	struct lp_store_options options = store_options();
	struct lp_store *opened;
	struct lp_error error;
	char text[512];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof text, unreachable[_i].address, sql("SELECT current_database()"));
#pragma GCC diagnostic pop
	options.address = text;
	options.connect_timeout = 5;
	ck_assert(!lp_store_open(&options, &opened, &error));
	ck_assert_msg(error.exit == unreachable[_i].exits[0] || error.exit == unreachable[_i].exits[1], "exit %d: %s",
	              error.exit, error.what);
	ck_assert_msg(strstr(error.what, unreachable[_i].what) != NULL, "%s", error.what);
	ck_assert_ptr_null(strstr(error.what, "secret-word"));
	ck_assert_ptr_null(strchr(error.what, '\n'));
}
END_TEST

START_TEST(a_statement_that_takes_too_long)
{
	struct lp_store_options options = store_options();
	struct lp_store *slow;
	struct lp_run run = {
		.tick = AT(0), .started = AT(0), .host = "h", .program_version = "0", .result = "running"
	};
	struct lp_error error;

	options.statement_timeout = 1;
	ck_ok(lp_store_open(&options, &slow, &error), error);
	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_lock_definitions(store, &error), error);
	ck_ok(lp_store_begin(slow, &error), error);
	ck_fails(lp_store_lock_definitions(slow, &error), error, LP_EXIT_TEMPORARY);
	ck_assert_str_eq(error.sqlstate, "57014");
	lp_store_rollback(slow);
	lp_store_rollback(store);
	/* It is of use again. */
	ck_ok(lp_store_begin_run(slow, &run, &error), error);
	lp_store_close(slow);
}
END_TEST

START_TEST(the_run_lock_holds_back_no_vacuum)
{
	struct lp_error error;
	bool locked;

	ck_ok(lp_store_lock_run(store, LP_RUN_MINUTE, &locked, &error), error);
	ck_assert(locked);
	ck_assert_str_eq(sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
	                     " AND pid <> pg_backend_pid() AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)"),
	                 "0");
}
END_TEST

START_TEST(the_views_are_there_for_people)
{
	struct lp_calculation both[2];

	add_series("a,x,y");
	write_samples("a", "0=1", NULL);
	both[0] = *calculation("good", "mean", "a", "x");
	both[1] = *calculation("bad", "fail", "a", "y");
	apply_changes(&(struct lp_changes){ .created = both, .created_count = 2 });
	run_window(AT(0), AT(60), AT(60));
	ck_assert_str_eq(sql("SELECT string_agg(concat_ws(' ', name, state, samples_read, pending, error_type), ', '"
	                     " ORDER BY name) FROM local_processing.calculation_state"),
	                 "bad failed 1 1 ZeroDivisionError, good ok 1 0");
	ck_assert_str_eq(sql("SELECT string_agg(concat_ws(' ', calculation, state, extract(epoch FROM duration)), ', '"
	                     " ORDER BY calculation) FROM local_processing.outcome_row"),
	                 "bad failed 0.005000, good ok 0.005000");
	ck_assert_str_eq(sql("SELECT string_agg(concat_ws(' ', series, value), ', ' ORDER BY series)"
	                     " FROM local_processing.sample_named"),
	                 "a 1, x 1");
	ck_assert_str_eq(
		sql("SELECT count(*) FROM pg_class c LEFT JOIN pg_description d ON d.objoid = c.oid AND d.objsubid = 0"
	            " WHERE c.relnamespace = 'local_processing'::regnamespace AND c.relkind IN ('r', 'p', 'v')"
	            " AND NOT c.relispartition AND d.description IS NULL"),
		"0");
}
END_TEST

Suite *postgresql_suite(void)
{
	Suite *suite = suite_create("postgresql");
	TCase *tests = tcase_create("postgresql");

	tcase_add_checked_fixture(tests, open_store, close_store);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, other_writers_rows_come_back_in_order);
	tcase_add_test(tests, rows_without_a_partition_are_moved_to_the_one_made_later);
	tcase_add_test(tests, fifty_years_are_few_partitions);
	tcase_add_test(tests, a_reader_of_the_default_partition_holds_nobody_up);
	tcase_add_test(tests, a_long_import_holds_no_run_up);
	tcase_add_test(tests, a_lost_connection_loses_only_what_was_not_committed);
	tcase_add_test(tests, a_read_only_server_is_said_to_be_one);
	tcase_add_test(tests, a_partition_that_is_detached_gets_no_results);
	tcase_add_loop_test(tests, a_schema_of_a_newer_release, 0, (int)(sizeof versions / sizeof *versions));
	tcase_add_test(tests, no_schema_is_said_with_what_to_do);
	tcase_add_test(tests, two_migrations_at_once);
	tcase_add_test(tests, a_dry_run_of_migrate_changes_nothing);
	tcase_add_test(tests, every_way_to_write_is_noted);
	tcase_add_test(tests, emptying_the_table_touches_all_that_is_read);
	tcase_add_test(tests, who_may_only_write_samples_is_followed);
	tcase_add_test(tests, the_role_of_runs_can_run);
	tcase_add_test(tests, what_is_too_much_at_once_is_read_in_pieces);
	tcase_add_test(tests, the_role_of_readers_can_only_read);
	tcase_add_test(tests, roles_may_call_functions_that_everybody_may_not);
	tcase_add_test(tests, what_cannot_be_granted_is_told);
	tcase_add_test(tests, functions_of_others_are_not_called);
	tcase_add_test(tests, a_large_partition_is_not_counted_before_it_is_dropped);
	tcase_add_test(tests, what_is_of_no_series_goes_when_it_is_old);
	tcase_add_test(tests, a_role_without_rights_is_told);
	tcase_add_test(tests, a_role_that_does_not_exist_cannot_be_granted);
	tcase_add_loop_test(tests, what_cannot_be_reached_is_said_clearly, 0,
	                    (int)(sizeof unreachable / sizeof *unreachable));
	tcase_add_test(tests, a_statement_that_takes_too_long);
	tcase_add_test(tests, the_run_lock_holds_back_no_vacuum);
	tcase_add_test(tests, the_views_are_there_for_people);
	suite_add_tcase(suite, tests);
	return suite;
}
