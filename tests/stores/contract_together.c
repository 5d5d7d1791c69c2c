/* A run and an apply at the same time, a prune while somebody reads: each with a connection of its own. */
#include "suites.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* One says to the other that it has come so far. */
struct gate {
	int ends[2];
};

static struct gate gate_new(void)
{
	struct gate gate;

	ck_assert_int_eq(pipe(gate.ends), 0);
	return gate;
}

static void open_gate(const struct gate *gate)
{
	ck_assert_int_eq(write(gate->ends[1], "", 1), 1);
}

static void wait_at_gate(const struct gate *gate)
{
	char byte;

	ck_assert_int_eq(read(gate->ends[0], &byte, 1), 1);
}

/* Whether the child that was forked last went well. */
static bool child_was_fine(void)
{
	int status = 1;

	ck_assert_int_gt(wait(&status), 0);
	return status == 0;
}

/*
 * Somebody else's transaction, in a process of its own.  It has done the first
 * part when this returns, and does the rest once somebody waits for what it
 * has.  Deadlocks are looked for by the store only.
 */
static void begin_elsewhere(const char *first, const char *rest)
{
	struct gate begun = gate_new();
	PGconn *connection;

	if (fork() != 0) {
		wait_at_gate(&begun);
		return;
	}
	connection = connect_directly();
	execute_on(connection, "BEGIN");
	execute_on(connection, "SET LOCAL deadlock_timeout = '60s'");
	execute_on(connection, first);
	open_gate(&begun);
	execute_on(connection, "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted"
	                       " AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
	                       " LOOP PERFORM pg_sleep(0.01); END LOOP; END $$");
	execute_on(connection, rest);
	execute_on(connection, "COMMIT");
	PQfinish(connection);
	_exit(0);
}

START_TEST(an_apply_and_a_commit_wait_for_each_other_in_one_order)
{
	struct lp_calculation *one = calculation("one", "mean", "a", "x");

	add_series("a,x");
	write_samples("a", "0=1", NULL);
	add_calculation(calculation("one", "fail", "a", "x"));
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	/* The rows of a commit in their order. */
	begin_elsewhere(
		"UPDATE local_processing.batch SET last_run_id = 1",
		"UPDATE local_processing.state SET attempts = 2; UPDATE local_processing.pending SET attempts = 2");
	change_calculation(one);
	ck_assert(child_was_fine());
	ck_assert_str_eq(status_of("one"), "failed 60 attempts 0 60 pending 1");
}
END_TEST

/* A retry of [0, 60) that waits for an apply: it has read the definition that is changed. */
static int retry_meanwhile(int64_t id, const struct lp_run *run, const struct gate *computed,
                           const struct gate *applied)
{
	struct lp_window window = { AT(0), AT(60) };
	struct lp_batch *batch = lp_batch_new(NULL);
	struct lp_store *other = open_again();
	struct lp_error error;
	bool accepted;

	batch->kind = LP_BATCH_RETRY;
	batch->run_id = run->id;
	batch->tick = run->tick;
	if (!lp_store_read_calculations(other, &id, 1, batch, &error))
		return 2;
	lp_batch_plan(batch, &window, 1);
	if (!lp_store_fetch(other, batch, &error))
		return 3;
	compute(batch);
	open_gate(computed);
	wait_at_gate(applied);
	if (!lp_store_commit_batch(other, batch, &policy, &accepted, &error)) {
		fprintf(stderr, "%s\n", error.what);
		return 4;
	}
	return accepted ? 5 : 0;
}

START_TEST(a_retry_that_waited_for_an_apply_sees_what_it_changed)
{
	struct lp_calculation *one = calculation("one", "mean", "a", "x");
	struct lp_run run;
	struct lp_batch *batch;
	struct gate computed = gate_new(), applied = gate_new();
	int64_t id;
	struct lp_error error;

	add_series("a,x");
	write_samples("a", "0=1", NULL);
	add_calculation(one);
	run = begin_run(AT(60));
	batch = fetch_batch(&read_heads(0)->items[0], AT(0), AT(60), &run);
	ck_assert(commit(batch)); /* nothing was computed: owed, with no attempt made */
	lp_batch_free(batch);
	id = find_status("one")->calculation.id;
	if (fork() == 0)
		_exit(retry_meanwhile(id, &run, &computed, &applied));
	wait_at_gate(&computed);
	one->version++;
	one->rule = "fail";
	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_lock_definitions(store, &error), error);
	ck_ok(lp_store_apply(store, &(struct lp_changes){ .updated = one, .updated_count = 1 }, &error), error);
	open_gate(&applied);
	while (strcmp(sql("SELECT count(*) FROM pg_locks WHERE NOT granted"), "0") == 0)
		usleep(10000);
	ck_ok(lp_store_commit_work(store, &error), error);
	ck_assert(child_was_fine());
	ck_samples("x", "");
	ck_assert_uint_eq(find_status("one")->pending, 1);
}
END_TEST

START_TEST(a_commit_that_met_a_deadlock_is_tried_again)
{
	struct lp_calculation *one = calculation("one", "fail", "a", "x");
	struct lp_calculation *two = calculation("two", "mean", "a", "y");

	add_series("a,x,y");
	write_samples("a", "0=1 60=2", NULL);
	add_calculation(one);
	add_calculation(two);
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	/* First what a commit locks last and, once one waits for that, what it has. */
	begin_elsewhere("UPDATE local_processing.state SET attempts = 2",
	                "UPDATE local_processing.batch SET last_run_id = 1");
	ck_assert_int_eq(run_window(AT(60), AT(120), AT(120)), 1);
	ck_assert(child_was_fine());
	ck_samples("y", "0=1 60=2");
	ck_assert_str_eq(status_of("one"), "failed 60 attempts 1 180 pending 2");
	ck_assert_str_eq(sql("SELECT string_agg(reason, '; ' ORDER BY window_start) FROM local_processing.pending"),
	                 "failed: ZeroDivisionError: division by zero; failed: ZeroDivisionError: division by zero");
	ck_assert_str_eq(sql("SELECT deadlocks > 0 FROM pg_stat_database WHERE datname = current_database()"), "t");
}
END_TEST

/* Somebody else has one table and, once who wants that waits, asks for another one, which that one has already. */
static void meet_deadlock(const char *first, const char *second)
{
	char lock_first[128], lock_second[128];

	snprintf(lock_first, sizeof lock_first, "LOCK TABLE local_processing.%s", first);
	snprintf(lock_second, sizeof lock_second, "LOCK TABLE ONLY local_processing.%s", second);
	begin_elsewhere(lock_first, lock_second);
}

static void ck_deadlocks(const char *number)
{
	ck_assert_str_eq(sql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"), number);
}

/* What is fetched of a calculation, after it met one over these tables. */
static struct lp_batch *fetch_amid_deadlock(const char *first, const char *second)
{
	struct lp_run run;
	struct lp_batch *batch;

	add_series("a,x");
	write_samples("a", "0=1 30=4", NULL);
	add_calculation(calculation("one", "mean", "a", "x"));
	run = begin_run(AT(60));
	meet_deadlock(first, second);
	batch = fetch_batch(&read_heads(0)->items[0], AT(0), AT(60), &run);
	ck_assert(child_was_fine());
	ck_deadlocks("1");
	return batch;
}

START_TEST(a_fetch_that_met_a_deadlock_is_tried_again)
{
	struct lp_batch *batch = fetch_amid_deadlock("sample_2026_03", "sample");

	ck_assert_uint_eq(batch->tasks[0].columns[0].count, 2);
	ck_assert_uint_eq(batch->samples_read, 2);
	compute(batch);
	ck_assert(commit(batch));
	lp_batch_free(batch);
	ck_samples("x", "0=2.5");
}
END_TEST

START_TEST(definitions_whose_reading_met_a_deadlock_are_read_again)
{
	/* To pack them reads both. */
	struct lp_batch *batch = fetch_amid_deadlock("calculation_input", "batch_definition");

	ck_assert_uint_eq(batch->calculation_count, 1);
	lp_batch_free(batch);
}
END_TEST

/* Who makes partitions waits for a moment each time, and then gives way: the commit is what may be tried again. */
START_TEST(a_commit_whose_partitions_met_somebody_else_is_stored)
{
	struct lp_run run;
	struct lp_batch *batch;

	add_series("a,x");
	add_calculation(calculation("one", "mean", "a", "x"));
	insert_elsewhere("a", AT(30), 4);
	run = begin_run(AT(60));
	batch = fetch_batch(&read_heads(0)->items[0], AT(0), AT(60), &run);
	compute(batch);
	meet_deadlock("sample_default IN SHARE ROW EXCLUSIVE MODE", "sample");
	ck_assert(commit(batch));
	ck_assert(child_was_fine());
	lp_batch_free(batch);
	ck_samples("x", "0=4");
}
END_TEST

/* An apply that takes a batch away has locked it before: who packs its definitions must not hold those meanwhile. */
START_TEST(who_packs_definitions_and_an_apply_wait_for_each_other_in_one_order)
{
	struct lp_run run;
	struct lp_batch *batch;

	add_series("a,x");
	write_samples("a", "0=1 30=4", NULL);
	add_calculation(calculation("one", "mean", "a", "x"));
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	sql("UPDATE local_processing.batch_definition SET generation = 0");
	run = begin_run(AT(120));
	begin_elsewhere("SELECT FROM local_processing.batch FOR UPDATE",
	                "DELETE FROM local_processing.batch_definition");
	batch = fetch_batch(&read_heads(0)->items[0], AT(60), AT(120), &run);
	ck_assert(child_was_fine());
	ck_assert_uint_eq(batch->calculation_count, 1);
	ck_deadlocks("0");
	lp_batch_free(batch);
}
END_TEST

/* Somebody else's commit stores what the window after it gives at the same time. */
START_TEST(a_result_that_another_commit_supersedes_meanwhile_is_kept)
{
	struct lp_calculation *one = calculation("one", "echo", "a", "x");
	struct lp_owed_range range = {
		.reason = LP_REASON_LATE, .window_start = AT(0), .after_end = AT(0), .until_end = AT(60)
	};
	struct lp_error error;
	char supersede[512];
	long long x;

	one->schedule.window = span(2, LP_UNIT_MINUTE);
	add_series("a,x");
	add_calculation(one);
	write_samples("a", "0=1 30=2", NULL);
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	x = series_id("x");
	update_elsewhere("a", AT(30), AT(30), 3);
	range.calculation_id = calculation_id("one");
	ck_ok(lp_store_add_owed(store, &range, 1, &error), error);
	snprintf(supersede, sizeof supersede,
	         "SELECT FROM local_processing.series WHERE id = %lld FOR NO KEY UPDATE;"
	         " UPDATE local_processing.sample SET value = 9, window_end = window_end + interval '1 minute'"
	         " WHERE series_id = %lld AND ts = '2026-03-01 00:00:30+00';"
	         " UPDATE local_processing.batch SET watermark = watermark + interval '1 minute'",
	         x, x);
	begin_elsewhere(supersede, "");
	ck_assert_int_eq(run_owed(AT(120)), 1);
	ck_assert(child_was_fine());
	ck_samples("x", "0=1 30=9");
	ck_assert_str_eq(sql("SELECT string_agg(value::text, ' ') FROM local_processing.superseded"), "3");
}
END_TEST

START_TEST(a_prune_gives_up_rather_than_have_all_wait_for_a_reader)
{
	struct lp_error error;
	uint64_t samples;
	PGconn *reader;

	add_series("a");
	/* 2020 and 2021 as a whole are before, both with one sample. */
	write_samples("a", "-173000000=1 -150000000=2 0=3", NULL);
	reader = connect_directly();
	execute_on(reader, "BEGIN; SELECT count(*) FROM local_processing.sample");
	ck_fails(try_to_prune(NULL, AT(0), LP_TIME_NONE, &samples, &error), error, LP_EXIT_TEMPORARY);
	ck_assert_str_eq(error.sqlstate, "55P03");
	execute_on(reader, "COMMIT");
	PQfinish(reader);
	ck_samples("a", "-173000000=1 -150000000=2 0=3");
	ck_assert_str_eq(pruned_of("a"), "");
	ck_assert_uint_eq(prune_samples(NULL, AT(0), LP_TIME_NONE), 2);
	ck_assert_str_eq(pruned_of("a"), "-173000000 to -150000000");
	ck_samples("a", "0=3");
	ck_assert_str_eq(sql("SELECT count(*) FROM local_processing.partitions WHERE kind = 'sample'"
	                     " AND upper_end < '2024-01-01'"),
	                 "0");
}
END_TEST

START_TEST(two_prunes_drop_one_after_the_other)
{
	struct lp_prune wanted = { .outcomes_before = AT(0), .runs_before = LP_TIME_NONE };
	struct lp_error error;
	bool done;

	sql("SELECT local_processing.ensure_partitions('outcome', '2025-01-10', '2025-02-10')");
	sql("INSERT INTO local_processing.outcome (run_id, batch_id, tick, window_start, window_end, calculation_ids,"
	    " states, durations_us, samples_read) SELECT 1, 1, t, t, t, '{1}', '{1}', '{1}', '{1}'"
	    " FROM unnest('{2025-01-10, 2025-02-10}'::timestamptz[]) t");
	sql("CREATE TABLE public.other (row_count bigint)");
	/* The other one has dropped the first month, and is not at its end. */
	begin_elsewhere("INSERT INTO public.other SELECT local_processing.drop_partition('outcome', '2026-01-01')", "");
	done = lp_store_prune(store, &wanted, &error);
	ck_assert_msg(done || error.exit == LP_EXIT_TEMPORARY, "%s", error.what);
	ck_assert(child_was_fine());
	if (!done)
		ck_ok(lp_store_prune(store, &wanted, &error), error);
	ck_assert_str_eq(sql("SELECT row_count FROM public.other"), "1");
	ck_assert_uint_eq(wanted.outcomes, 1);
	ck_assert(!wanted.outcomes_estimated);
	ck_assert_str_eq(sql("SELECT count(*) FROM local_processing.outcome"), "0");
}
END_TEST

Suite *together_suite(void)
{
	Suite *suite = suite_create("together");
	TCase *tests = tcase_create("together");

	tcase_add_checked_fixture(tests, open_store, close_store);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, an_apply_and_a_commit_wait_for_each_other_in_one_order);
	tcase_add_test(tests, a_retry_that_waited_for_an_apply_sees_what_it_changed);
	tcase_add_test(tests, a_commit_that_met_a_deadlock_is_tried_again);
	tcase_add_test(tests, a_fetch_that_met_a_deadlock_is_tried_again);
	tcase_add_test(tests, definitions_whose_reading_met_a_deadlock_are_read_again);
	tcase_add_test(tests, a_commit_whose_partitions_met_somebody_else_is_stored);
	tcase_add_test(tests, who_packs_definitions_and_an_apply_wait_for_each_other_in_one_order);
	tcase_add_test(tests, a_result_that_another_commit_supersedes_meanwhile_is_kept);
	tcase_add_test(tests, two_prunes_drop_one_after_the_other);
	tcase_add_test(tests, a_prune_gives_up_rather_than_have_all_wait_for_a_reader);
	suite_add_tcase(suite, tests);
	return suite;
}
