/* How fields become columns, and columns fields again: the same for both stores. */
#include "store/rows.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static char scratch[LP_ROW_SCRATCH];
static struct lp_error error;

START_TEST(durations_are_rounded_to_the_nearest_microsecond)
{
	static const struct {
		int64_t nanoseconds, stored;
	} durations[] = { { 0, 0 },    { 499, 0 },  { 500, 1 },
		          { 1499, 1 }, { 1500, 2 }, { INT64_C(3000000000000), 3000000000 } };

	for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
		int64_t stored = -1, capped = durations[i].stored > INT32_MAX ? INT32_MAX : durations[i].stored;

		ck_assert(lp_row_number(LP_KIND_MICROSECONDS, &durations[i].nanoseconds, &stored));
		ck_assert_int_eq(stored, durations[i].stored);
		ck_assert(lp_row_number(LP_KIND_SHORT_MICROSECONDS, &durations[i].nanoseconds, &stored));
		ck_assert_int_eq(stored, capped);
	}
}
END_TEST

START_TEST(what_is_not_there_is_null)
{
	int64_t number, zero = 0;
	lp_time no_time = LP_TIME_NONE;
	uint8_t good = LP_QUALITY_GOOD, bad = LP_QUALITY_BAD;
	double not_known = (double)NAN, half = 0.5, real;
	const char *no_text = NULL;

	ck_assert(!lp_row_number(LP_KIND_ID_OR_NULL, &zero, &number));
	ck_assert(lp_row_number(LP_KIND_ID, &zero, &number));
	ck_assert(!lp_row_number(LP_KIND_TIME, &no_time, &number));
	ck_assert(!lp_row_number(LP_KIND_QUALITY, &good, &number));
	ck_assert(lp_row_number(LP_KIND_QUALITY, &bad, &number) && number == LP_QUALITY_BAD);
	ck_assert(!lp_row_double(LP_KIND_SHARE, &not_known, &real));
	ck_assert(lp_row_double(LP_KIND_SHARE, &half, &real) && real >= half && real <= half);
	ck_assert_ptr_null(lp_row_text(LP_KIND_TEXT, &no_text, scratch));
	ck_assert_str_eq(lp_row_text(LP_KIND_TEXT_OR_EMPTY, &no_text, scratch), "");
	ck_assert_str_eq(lp_row_text(LP_KIND_JSON, &no_text, scratch), "{}");
	ck_assert_ptr_null(lp_row_text(LP_KIND_LIMIT, &zero, scratch));
}
END_TEST

START_TEST(what_is_null_is_not_there)
{
	lp_time time = 1;
	int64_t limit = 1;
	struct lp_span span = { .count = 1 };

	lp_row_set_number(LP_KIND_TIME, &time, true, 0);
	ck_assert(time == LP_TIME_NONE);
	lp_row_set_number(LP_KIND_FIRST_GONE, &time, true, LP_TIME_NONE);
	ck_assert_int_eq(time, 0);
	lp_row_set_number(LP_KIND_LAST_GONE, &time, true, LP_TIME_NONE);
	ck_assert_int_eq(time, 0);
	ck_assert(lp_row_set_text(LP_KIND_LIMIT, &limit, NULL, NULL, &error) && limit == 0);
	ck_assert(lp_row_set_text(LP_KIND_SPAN_OR_NULL, &span, NULL, NULL, &error) && span.count == 0);
}
END_TEST

/* Each column of a row, as a text or a number, into the same column of another one. */
static void copy(const struct lp_row_layout *layout, const void *from, void *to)
{
	for (size_t i = 0; i < layout->column_count; i++) {
		const struct lp_row_column *column = &layout->columns[i];
		const char *field = (const char *)from + column->offset;
		char *copied = (char *)to + column->offset;
		int64_t number = 0;

		if (column->kind == LP_KIND_ROW) {
			copy(column->part, field, copied);
		} else if (lp_kind_types[column->kind] == LP_TYPE_TEXT) {
			ck_assert_msg(lp_row_set_text(column->kind, copied, lp_row_text(column->kind, field, scratch),
			                              NULL, &error),
			              "%s", error.what);
		} else if (lp_kind_types[column->kind] == LP_TYPE_DOUBLE) {
			ck_assert(lp_row_double(column->kind, field, (double *)copied));
		} else {
			bool there = lp_row_number(column->kind, field, &number);

			lp_row_set_number(column->kind, copied, !there, there ? number : 0);
		}
	}
}

START_TEST(a_definition_is_read_as_it_was_written)
{
	static const struct lp_calculation written = {
		.name = "plant/flow/mean",
		.description = "of the inlet",
		.rule = "mean",
		.parameters = "{\"limit\":3}",
		.labels = "{}",
		.enabled = true,
		.schedule = { .every = { 15, LP_UNIT_MINUTE },
		              .window = { 1, LP_UNIT_MONTH },
		              .offset = { 6, LP_UNIT_HOUR },
		              .delay = 90 * LP_SECOND,
		              .week_start = 7,
		              .missed = LP_MISSED_SKIP,
		              .zone = "Europe/Berlin" },
		.start = 1700000000 * LP_SECOND,
		.time_limit = 250000,
		.version = 3,
		.rank = 2,
		.result_time = LP_RESULT_AT_END,
		.min_coverage = 0.75,
		.recompute_within = LP_NEVER,
		.memory_limit = 64000000,
	};
	struct lp_calculation read = { .id = 0 };

	copy(&lp_definition_layout, &written, &read);
	ck_assert_str_eq(read.name, written.name);
	ck_assert_str_eq(read.parameters, written.parameters);
	ck_assert_mem_eq(&read.schedule, &written.schedule, sizeof read.schedule);
	ck_assert(read.enabled && read.start == written.start && read.time_limit == written.time_limit);
	ck_assert(read.version == written.version && read.rank == written.rank);
	ck_assert(read.result_time == written.result_time && read.recompute_within == LP_NEVER);
	ck_assert(read.memory_limit == written.memory_limit);
}
END_TEST

START_TEST(a_stored_text_that_means_nothing_is_told)
{
	struct lp_span span;
	enum lp_state state;

	ck_assert(!lp_row_set_text(LP_KIND_SPAN, &span, "3 fortnights", NULL, &error));
	ck_assert_msg(strstr(error.what, "3 fortnights") != NULL, "%s", error.what);
	ck_assert(!lp_row_set_text(LP_KIND_STATE, &state, "asleep", NULL, &error));
	ck_assert_msg(strstr(error.what, "asleep") != NULL, "%s", error.what);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rows");
	TCase *tests = tcase_create("rows");
	SRunner *runner;
	int failed;

	tcase_add_test(tests, durations_are_rounded_to_the_nearest_microsecond);
	tcase_add_test(tests, what_is_not_there_is_null);
	tcase_add_test(tests, what_is_null_is_not_there);
	tcase_add_test(tests, a_definition_is_read_as_it_was_written);
	tcase_add_test(tests, a_stored_text_that_means_nothing_is_told);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
