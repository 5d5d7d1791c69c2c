/*
 * What the store of PostgreSQL does in a shorter way, for speed: it reads many
 * series at once, packs the definitions of a batch, inserts new results without
 * looking first.  What comes of it must be what the longer way gives.
 */
#include "suites.h"

#include <math.h>
#include <string.h>

/* As many as are read at once; the server sends them as they lie in the table. */
START_TEST(many_series_come_back_in_order)
{
	enum { MANY = 100 };
	struct lp_run run = begin_run(AT(60));
	struct lp_batch *batch;

	add_many_calculations(MANY);
	sql("INSERT INTO local_processing.sample (series_id, ts, value, quality)"
	    " SELECT s.id, timestamptz '2026-03-01 00:00:00+00' + n * interval '20 seconds', n, nullif(n, 1)"
	    " FROM generate_series(0, 2) n, local_processing.series s WHERE s.name LIKE 'a%%' ORDER BY md5(s.name || n)");
	batch = fetch_batch(&read_heads(0)->items[0], AT(0), AT(60), &run);
	ck_assert_uint_eq(batch->samples_read, 3 * MANY);
	for (size_t i = 0; i < MANY; i++)
		ck_assert_str_eq(show_column(&batch->tasks[i].columns[0]), "0=0 20=1 40=2b");
	lp_batch_free(batch);
}
END_TEST

/* Samples that are read together are sent as doubles, also their times; those whose times are none are not. */
START_TEST(many_series_come_back_to_the_bit)
{
	enum { MANY = 80 };
	static const int years[] = { 1, 1600, 1714, 1715, 1970, 1999, 2000, 2026, 2285, 2286, 9998 };
	static const struct {
		const char *sql;
		double value;
	} values[] = { { "NULL", NAN },      { "'NaN'", NAN },     { "'Infinity'", INFINITY },
		       { "'-0'", -0.0 },     { "5e-324", 5e-324 }, { "'-Infinity'", -INFINITY },
		       { "-1e308", -1e308 }, { "0.1", 0.1 } };
	/* Microseconds of a minute: its first and last, and some whose seconds are a little less as a double. */
	static const int64_t times[] = { 0, 1, 2, 249, 251, 978, 983, LP_MINUTE - 1 };
	enum { VALUES = sizeof values / sizeof *values };
	struct lp_run run = begin_run(AT(60));

	add_many_calculations(MANY);
	for (size_t i = 0; i < sizeof years / sizeof *years; i++) {
		lp_time start = AT(0) + (years[i] - 2026) * INT64_C(31556952) * LP_SECOND;
		struct lp_batch *batch;

		for (size_t v = 0; v < VALUES; v++)
			sql("INSERT INTO local_processing.sample (series_id, ts, value)"
			    " SELECT s.id, timestamptz '2026-03-01 00:00:00+00' + %lld * interval '31556952 seconds'"
			    " + %lld * interval '1 microsecond', %s"
			    " FROM local_processing.series s WHERE s.name LIKE 'a%%'",
			    (long long)years[i] - 2026, (long long)times[v], values[v].sql);
		batch = fetch_batch(&read_heads(0)->items[0], start, start + LP_MINUTE, &run);
		for (size_t k = 0; k < MANY; k++) {
			const struct lp_column *column = &batch->tasks[k].columns[0];

			ck_assert_uint_eq(column->count, VALUES);
			for (size_t v = 0; v < VALUES; v++) {
				ck_assert_int_eq(column->time[v] - start, times[v]);
				ck_assert_msg(isnan(values[v].value) ? isnan(column->value[v])
				                                     : memcmp(&column->value[v], &values[v].value,
				                                              sizeof(double)) == 0,
				              "year %d: %s is %g", years[i], values[v].sql, column->value[v]);
			}
		}
		lp_batch_free(batch);
	}
}
END_TEST

/* Runs read the definitions from a row that is theirs alone: never an older one than people see. */
START_TEST(a_changed_definition_is_packed_anew)
{
	struct lp_calculation *one = calculation("one", "mean", "a", "x");
	struct lp_batch *batch = lp_batch_new(NULL), *stale = lp_batch_new(NULL);
	struct lp_error error;

	add_series("a,x");
	add_calculation(one);
	stale->head = batch->head = read_heads(0)->items[0];
	ck_ok(lp_store_read_batch(store, batch, &error), error);
	ck_assert_str_eq(batch->calculations[0].rule, "mean");
	ck_assert_str_eq(sql("SELECT position('mean'::bytea IN contents) > 0 FROM local_processing.batch_definition"),
	                 "t");
	one->rule = "fail";
	change_calculation(one);
	ck_ok(lp_store_read_batch(store, stale, &error), error);
	ck_assert_msg(stale->calculation_count == 0 || strcmp(stale->calculations[0].rule, "mean") == 0,
	              "the old generation has the new rule");
	lp_batch_empty(batch);
	batch->head = read_heads(0)->items[0];
	ck_ok(lp_store_read_batch(store, batch, &error), error);
	ck_assert_uint_eq(batch->calculation_count, 1);
	ck_assert_str_eq(batch->calculations[0].rule, "fail");
	ck_assert_int_eq(batch->calculations[0].version, 2);
	ck_assert_str_eq(sql("SELECT string_agg((position('fail'::bytea IN contents) > 0)::text, ' ')"
	                     " FROM local_processing.batch_definition"),
	                 "true");
	lp_batch_free(batch);
	lp_batch_free(stale);
}
END_TEST

START_TEST(packed_definitions_that_are_broken_say_how_to_mend_them)
{
	static const char *const broken[] = { "''",
		                              "substr(contents, 1, 3)",
		                              "substr(contents, 1, 11)",
		                              "substr(contents, 1, 40)",
		                              "'\\x00000001'::bytea || contents",
		                              "set_byte(contents, 11, 255)" };
	struct lp_batch *batch = lp_batch_new(NULL);
	struct lp_error error;

	add_series("a,x");
	add_calculation(calculation("one", "mean", "a", "x"));
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		lp_batch_empty(batch);
		batch->head = read_heads(0)->items[0];
		ck_ok(lp_store_read_batch(store, batch, &error), error);
		sql("UPDATE local_processing.batch_definition SET contents = %s", broken[i]);
		ck_assert_msg(!lp_store_read_batch(store, batch, &error), "%s", broken[i]);
		ck_assert_msg(strstr(error.hint, "DELETE FROM local_processing.batch_definition") != NULL, "%s: %s",
		              error.what, error.hint);
		sql("DELETE FROM local_processing.batch_definition");
	}
	lp_batch_free(batch);
}
END_TEST

START_TEST(results_that_somebody_has_written_already_are_kept)
{
	add_series("a,x");
	add_calculation(calculation("one", "mean", "a", "x"));
	write_samples("a", "0=1 60=2 120=3", NULL);
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	write_samples("x", "60=99 120=3", NULL);
	ck_assert_int_eq(run_window(AT(60), AT(120), AT(120)), 1);
	ck_assert_int_eq(run_window(AT(120), AT(180), AT(180)), 1);
	ck_samples("x", "0=1 60=99 120=3");
	ck_assert_str_eq(sql("SELECT count(*) FROM local_processing.outcome"), "3");
}
END_TEST

/*
 * Samples of a, and their first minute computed into x, by a connection that has
 * written nothing else, as a committer's is: what made a partition goes through
 * the table.
 */
static void compute_first_minute(const char *samples)
{
	add_series("a,x");
	add_calculation(calculation("one", "mean", "a", "x"));
	write_samples("a", samples, NULL);
	lp_store_close(store);
	store = open_again();
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
}

/* A trigger of a partition fires for what names it, not for what goes through the table. */
static void watch_march(void)
{
	sql("CREATE TABLE named (n int)");
	sql("CREATE FUNCTION note_name() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
	    " $$ BEGIN INSERT INTO public.named VALUES (1); RETURN NULL; END $$");
	sql("CREATE TRIGGER named AFTER INSERT ON local_processing.sample_2026_03"
	    " FOR EACH STATEMENT EXECUTE FUNCTION note_name()");
}

START_TEST(new_results_go_into_the_partition_by_its_name)
{
	compute_first_minute("0=1 60=2 120=3");
	watch_march();
	ck_assert_int_eq(run_window(AT(60), AT(120), AT(120)), 1);
	ck_assert_str_eq(sql("SELECT count(*) FROM named"), "1");
	/* Not what may change what is there. */
	sql("UPDATE local_processing.batch SET watermark = watermark - interval '1 minute'");
	ck_assert_int_eq(run_window(AT(60), AT(120), AT(120)), 1);
	ck_assert_int_eq(run_window(AT(120), AT(180), AT(180)), 1);
	ck_assert_str_eq(sql("SELECT count(*) FROM named"), "1");
	ck_samples("x", "0=1 60=2 120=3");
}
END_TEST

START_TEST(results_of_another_month_go_into_its_partition)
{
	enum { APRIL = 31 * 86400 };
	compute_first_minute("0=1 60=2 2678400=3 2678460=4");
	ck_assert_int_eq(run_window(AT(60), AT(120), AT(120)), 1);
	ck_assert_int_eq(run_window(AT(APRIL), AT(APRIL + 60), AT(APRIL + 60)), 1);
	ck_assert_int_eq(run_window(AT(APRIL + 60), AT(APRIL + 120), AT(APRIL + 120)), 1);
	ck_samples("x", "0=1 60=2 2678400=3 2678460=4");
	ck_assert_str_eq(sql("SELECT count(*) FROM local_processing.sample_2026_04 s JOIN local_processing.series n"
	                     " ON n.id = s.series_id WHERE n.name = 'x'"),
	                 "2");
}
END_TEST

START_TEST(a_partition_that_is_gone_is_no_failure)
{
	compute_first_minute("0=1 60=2");
	ck_assert_int_eq(run_window(AT(60), AT(120), AT(120)), 1);
	sql("ALTER TABLE local_processing.sample DETACH PARTITION local_processing.sample_2026_03");
	sql("ALTER TABLE local_processing.sample_2026_03 RENAME TO archived");
	write_samples("a", "120=3", NULL);
	ck_assert_int_eq(run_window(AT(120), AT(180), AT(180)), 1);
	ck_samples("x", "120=3");
	ck_assert_str_eq(sql("SELECT count(*) FROM local_processing.archived"), "4");
}
END_TEST

Suite *shortcuts_suite(void)
{
	Suite *suite = suite_create("shortcuts");
	TCase *tests = tcase_create("shortcuts");

	tcase_add_checked_fixture(tests, open_store, close_store);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, many_series_come_back_in_order);
	tcase_add_test(tests, many_series_come_back_to_the_bit);
	tcase_add_test(tests, a_changed_definition_is_packed_anew);
	tcase_add_test(tests, packed_definitions_that_are_broken_say_how_to_mend_them);
	tcase_add_test(tests, results_that_somebody_has_written_already_are_kept);
	tcase_add_test(tests, new_results_go_into_the_partition_by_its_name);
	tcase_add_test(tests, results_of_another_month_go_into_its_partition);
	tcase_add_test(tests, a_partition_that_is_gone_is_no_failure);
	suite_add_tcase(suite, tests);
	return suite;
}
