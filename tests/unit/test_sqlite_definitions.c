/* SQLite: the batches that definitions become; looking for series. */
#include "sqlite_fixture.h"

START_TEST(definitions_that_change_schedule_move_to_another_batch_and_keep_their_watermark)
{
	struct lp_store *store = make_store();

	apply_means(store, 3);
	struct lp_batch *batch = commit_minute(store, T0, 0);
	struct lp_calculation changed = batch->calculations[0];
	changed.schedule.every = changed.schedule.window = (struct lp_span){ 15, LP_UNIT_MINUTE };
	changed.version = 2;
	must(apply(store, &(struct lp_changes){ .updated = &changed, .updated_count = 1 }));
	struct heads heads = read_heads(store);
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

int main(void)
{
	TCase *cases = tcase_create("definitions");

	tcase_add_test(cases, definitions_that_change_schedule_move_to_another_batch_and_keep_their_watermark);
	tcase_add_test(cases, a_reader_of_another_output_is_downstream_of_its_batch);
	tcase_add_test(cases, more_calculations_than_a_batch_holds_make_several);
	tcase_add_test(cases, brackets_in_a_pattern_are_brackets);
	return run_suite(cases);
}
