/* SQLite: deleting what is old. */
#include "sqlite_fixture.h"

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

int main(void)
{
	TCase *cases = tcase_create("prune");

	tcase_add_test(cases, prune_deletes_what_is_older_and_first_only_counts);
	tcase_add_test(cases, more_than_a_transaction_holds_is_pruned_and_the_file_gets_smaller);
	return run_suite(cases);
}
