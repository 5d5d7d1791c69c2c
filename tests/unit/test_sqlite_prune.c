/* SQLite: deleting what is old. */
#include "sqlite_fixture.h"

/* The samples of one series before a time. */
static uint64_t prune(struct lp_store *store, int64_t series_id, lp_time before)
{
	const struct lp_prune_series one = { .series_id = series_id, .before = before };
	struct lp_pruned_samples pruned;

	must(sqlite->prune_samples(
		store, &(const struct lp_prune_order){ .series = &one, .count = 1, .orphans_before = LP_TIME_NONE },
		&pruned, &error));
	return pruned.count;
}

START_TEST(what_is_of_no_series_goes_when_it_is_old)
{
	struct lp_store *store = make_store();
	struct lp_pruned_samples pruned;
	sqlite3 *database;

	apply_means(store, 2);
	for (int i = 0; i < 4; i++)
		put(store, id_of(store, "in"), T0 + i * LP_MINUTE, i, LP_QUALITY_GOOD);
	/* Another program's, of series that are not there: one before all ids, one between, one behind. */
	ck_assert_int_eq(sqlite3_open(address + strlen("sqlite:"), &database), SQLITE_OK);
	ck_assert_int_eq(
		sqlite3_exec(
			database,
			"INSERT INTO sample (series_id, ts, value) SELECT n.value, s.ts, 1"
			" FROM json_each('[-5, 0, 77, 78]') n, sample s; DELETE FROM series WHERE name = 'out0001'",
			NULL, NULL, NULL),
		SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(database), SQLITE_OK);
	must(sqlite->prune_samples(store, &(const struct lp_prune_order){ .orphans_before = T0 + 2 * LP_MINUTE },
	                           &pruned, &error));
	ck_assert_uint_eq(pruned.count, 0);
	must(sqlite->prune_samples(store,
	                           &(const struct lp_prune_order){ .every = true, .orphans_before = LP_TIME_NONE },
	                           &pruned, &error));
	ck_assert_uint_eq(pruned.count, 0);
	must(sqlite->prune_samples(
		store, &(const struct lp_prune_order){ .every = true, .orphans_before = T0 + 2 * LP_MINUTE }, &pruned,
		&error));
	ck_assert_uint_eq(pruned.count, 8);
	ck_assert_str_eq(ask("SELECT count(*) FROM sample"), "12");
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
	const struct lp_count_range range = { .series_id = id_of(store, "in"),
		                              .first = LP_TIME_MIN,
		                              .beyond = T0 + 5 * LP_MINUTE };
	uint64_t samples;
	must(sqlite->count_samples(store, &range, 1, 0, &samples, &error));
	ck_assert_uint_eq(samples, 5);
	must(sqlite->count_samples(store, &range, 1, 3, &samples, &error));
	ck_assert_uint_eq(samples, 3);
	ck_assert_uint_eq(prune(store, range.series_id, range.beyond), 5);
	ck_assert_str_eq(ask("SELECT pruned_to - pruned_from FROM series WHERE name = 'in'"), "240000000");
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
	must(lp_store_write_samples(store, 1, &(struct lp_column){ .count = MANY, .time = times, .value = values },
	                            &counts, &error));
	must(sqlite->commit_work(store, &error));
	int pages = atoi(ask("PRAGMA page_count"));
	ck_assert_uint_eq(prune(store, 1, times[MANY - 5]), MANY - 5);
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

	tcase_add_test(cases, what_is_of_no_series_goes_when_it_is_old);
	tcase_add_test(cases, prune_deletes_what_is_older_and_first_only_counts);
	tcase_add_test(cases, more_than_a_transaction_holds_is_pruned_and_the_file_gets_smaller);
	return run_suite(cases);
}
