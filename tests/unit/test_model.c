/* The plain data: errors keep to their sizes, arenas give back what they took, batches plan their tasks. */
#include "model/batch.h"
#include "model/rule.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(error_is_cut_on_a_character)
{
	/* Two-byte characters over an odd room: a cut in the middle would leave half of one. */
	char text[2001];
	for (size_t i = 0; i < 2000; i += 2)
		memcpy(text + i, "é", 2);
	text[2000] = '\0';
	struct lp_error error;
	for (int shift = 0; shift < 2; shift++) {
		ck_assert(!lp_fail(&error, LP_EXIT_DATA, "%s%s", shift == 1 ? "x" : "", text));
		size_t length = strlen(error.what);
		ck_assert_uint_ge(length, sizeof error.what - 3);
		ck_assert_uint_eq((length - (size_t)shift) % 2, 0);
	}
}
END_TEST

START_TEST(error_says_errno_and_context)
{
	struct lp_error error;
	lp_fail_errno(&error, LP_EXIT_CANNOT_WRITE, ENOENT, "cannot open %s", "a.csv");
	ck_assert_str_eq(error.what, "cannot open a.csv: No such file or directory");
	ck_assert_int_eq(error.error_number, ENOENT);
	lp_hint(&error, "Make it first.");
	lp_fail_within(&error, "import");
	ck_assert_str_eq(error.what, "import: cannot open a.csv: No such file or directory");
	ck_assert_str_eq(error.hint, "Make it first.");
	ck_assert_int_eq(error.exit, LP_EXIT_CANNOT_WRITE);
}
END_TEST

START_TEST(problems_are_counted_past_the_limit)
{
	struct lp_problems problems = { 0 };
	for (int i = 0; i < LP_PROBLEMS_MOST + 5; i++)
		lp_problem_add(&problems, i % 2 == 0 ? "a.yaml" : NULL, i, 1, "problem %d", i);
	ck_assert_uint_eq(problems.count, LP_PROBLEMS_MOST);
	ck_assert_uint_eq(problems.left_out, 5);
	ck_assert_str_eq(problems.items[4].what, "problem 4");
	ck_assert_ptr_null(problems.items[5].file);
	lp_problems_free(&problems);
	ck_assert_ptr_null(problems.items);
}
END_TEST

START_TEST(arena_reuses_its_blocks)
{
	struct lp_arena arena = { 0 };
	void *first = lp_arena_allocate(&arena, 100);
	void *large = lp_arena_allocate(&arena, 3 << 20);
	memset(large, 1, 3 << 20);
	void *after = lp_arena_zeroed(&arena, 10, 10);
	ck_assert_uint_eq((uintptr_t)after % 16, 0);
	lp_arena_empty(&arena);
	ck_assert_ptr_eq(lp_arena_allocate(&arena, 100), first);
	ck_assert_ptr_eq(lp_arena_allocate(&arena, 3 << 20), large);
	ck_assert_str_eq(lp_arena_text(&arena, "text"), "text");
	ck_assert_ptr_null(lp_arena_text(&arena, NULL));
	lp_arena_free(&arena);
	ck_assert_ptr_null(arena.first);
}
END_TEST

START_TEST(text_grows)
{
	struct lp_text text = { 0 };
	for (int i = 0; i < 1000; i++)
		lp_text_addf(&text, "%d,", i);
	lp_text_add(&text, "end", 3);
	ck_assert_uint_eq(text.length, 10 * 2 + 90 * 3 + 900 * 4 + 3);
	ck_assert_str_eq(text.data + text.length - 7, "999,end");
	lp_text_free(&text);
}
END_TEST

START_TEST(batch_plans_enabled_calculations_by_window)
{
	struct lp_batch *batch = lp_batch_new(NULL);
	struct lp_calculation calculations[3] = { { .id = 1, .enabled = true, .input_count = 2 },
		                                  { .id = 2, .enabled = false },
		                                  { .id = 3, .enabled = true } };
	batch->calculations = calculations;
	batch->calculation_count = 3;
	const struct lp_window windows[2] = { { 0, 10 }, { 10, 20 } };
	lp_batch_plan(batch, windows, 2);
	ck_assert_uint_eq(batch->task_count, 4);
	ck_assert_uint_eq(batch->tasks[1].calculation, 2);
	ck_assert_int_eq(batch->tasks[1].window.start, 0);
	ck_assert_uint_eq(batch->tasks[2].calculation, 0);
	ck_assert_int_eq(batch->tasks[2].window.end, 20);
	ck_assert_uint_eq(batch->tasks[0].columns[1].count, 0);
	lp_batch_empty(batch);
	ck_assert_uint_eq(batch->task_count, 0);
	ck_assert_int_eq(batch->new_watermark, LP_TIME_NONE);
	lp_batch_free(batch);
}
END_TEST

START_TEST(batches_that_read_much_are_small)
{
	ck_assert_uint_eq(lp_batch_size(LP_MINUTE), LP_BATCH_SIZE);
	ck_assert_uint_eq(lp_batch_size(0), LP_BATCH_SIZE);
	ck_assert_uint_eq(lp_batch_size(LP_HOUR), LP_BATCH_SAMPLES / 3600);
	ck_assert_uint_eq(lp_batch_size(365 * LP_DAY), LP_BATCH_SIZE_LEAST);
	ck_assert_uint_eq(lp_batch_tasks(LP_MINUTE), LP_BATCH_TASKS_MOST);
	for (int64_t span = LP_SECOND; span < 1000 * LP_DAY; span *= 3) {
		ck_assert_uint_ge(lp_batch_tasks(span), lp_batch_size(span));
		ck_assert_uint_le(lp_batch_tasks(span), LP_BATCH_TASKS_MOST);
	}
	struct lp_batch_head head = { .schedule.window = { 2, LP_UNIT_HOUR } };
	ck_assert_int_eq(lp_batch_span(&head), 2 * LP_HOUR);
	head.span = LP_MINUTE;
	ck_assert_int_eq(lp_batch_span(&head), LP_MINUTE);
	ck_assert_int_eq(lp_span_about((struct lp_span){ 2, LP_UNIT_WEEK }), 14 * LP_DAY);
	ck_assert_int_eq(lp_span_about((struct lp_span){ INT32_MAX, LP_UNIT_YEAR }), INT64_MAX);
	ck_assert_int_eq(lp_span_limit((struct lp_span){ 2, LP_UNIT_HOUR }), 2 * LP_HOUR);
	ck_assert_int_eq(lp_span_limit((struct lp_span){ 1, LP_UNIT_QUARTER }), 92 * LP_DAY + 52 * LP_HOUR);
	ck_assert_int_eq(lp_span_limit((struct lp_span){ INT32_MAX, LP_UNIT_YEAR }), INT64_MAX);
}
END_TEST

START_TEST(states_have_names)
{
	for (int i = 0; i < LP_STATE_COUNT; i++) {
		enum lp_state state;
		ck_assert(lp_state_parse(lp_state_name((enum lp_state)i), &state));
		ck_assert_int_eq(state, i);
	}
	enum lp_state state;
	ck_assert(!lp_state_parse("fine", &state));
	ck_assert(lp_state_is_failure(LP_STATE_TIMED_OUT));
	ck_assert(!lp_state_is_failure(LP_STATE_NO_DATA));
}
END_TEST

/* A page of docs/, whole. */
static char *read_page(const char *name)
{
	struct lp_text page = { 0 };
	char *path = lp_format_text("%s/../../docs/%s", LP_CASES, name), line[4096];
	FILE *file = fopen(path, "r");
	ck_assert_msg(file != NULL, "%s cannot be read", path);
	while (fgets(line, sizeof line, file) != NULL)
		lp_text_add(&page, line, strlen(line));
	(void)fclose(file);
	free(path);
	return page.data;
}

/* The rows of a page's table, which begin like this, are those of the .table file: no more and no fewer. */
static void check_rows(const char *page, const char *heading, const char *const *rows, size_t count)
{
	const char *at = strstr(page, heading);
	size_t found = 0;
	ck_assert_msg(at != NULL, "there is no table that begins with %s", heading);
	for (size_t i = 0; i < count; i++)
		ck_assert_msg(strstr(at, rows[i]) != NULL, "the page has no row %s", rows[i]);
	for (at = strstr(at, "\n| `"); at != NULL && strncmp(at, "\n| `", 4) == 0; at = strchr(at + 1, '\n'))
		found++;
	ck_assert_uint_eq(found, count);
}

START_TEST(pages_have_the_states_and_reasons)
{
	static const char *const states[] = {
#define STATE(name, number, word, failure, meaning) "\n| `" word "` | " meaning " |",
#include "model/state.table"
	};
	static const char *const reasons[] = {
#define REASON(name, number, word, meaning) "\n| `" word "` | " meaning " |",
#include "model/reason.table"
	};
	struct lp_text failures = { 0 };
	char *page = read_page("operating.md"), *schema = read_page("schema.md");
	check_rows(page, "| state | means |", states, LP_STATE_COUNT);
	check_rows(page, "| reason | means |", reasons, LP_REASON_COUNT);
	for (int state = 0; state < LP_STATE_COUNT; state++)
		if (lp_state_is_failure((enum lp_state)state))
			lp_text_addf(&failures, "%s'%s'", failures.length == 0 ? "(" : ", ",
			             lp_state_name((enum lp_state)state));
	lp_text_addf(&failures, ")");
	ck_assert_msg(strstr(page, failures.data) != NULL, "operating.md does not have %s", failures.data);
	ck_assert_msg(strstr(schema, failures.data) != NULL, "schema.md does not have %s", failures.data);
	lp_text_free(&failures);
	free(page);
	free(schema);
}
END_TEST

START_TEST(rules_are_found_by_name)
{
	struct lp_rule rules[] = { { .name = "convert" }, { .name = "mean" }, { .name = "pump.efficiency" } };
	const struct lp_rule_catalogue catalogue = { .rules = rules, .count = 3 };
	for (size_t i = 0; i < 3; i++)
		ck_assert_ptr_eq(lp_rule_find(&catalogue, rules[i].name), &rules[i]);
	ck_assert_ptr_null(lp_rule_find(&catalogue, "median"));
	ck_assert_ptr_null(lp_rule_find(&(struct lp_rule_catalogue){ 0 }, "mean"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("model");
	TCase *cases = tcase_create("model");
	tcase_add_test(cases, error_is_cut_on_a_character);
	tcase_add_test(cases, error_says_errno_and_context);
	tcase_add_test(cases, problems_are_counted_past_the_limit);
	tcase_add_test(cases, arena_reuses_its_blocks);
	tcase_add_test(cases, text_grows);
	tcase_add_test(cases, batch_plans_enabled_calculations_by_window);
	tcase_add_test(cases, batches_that_read_much_are_small);
	tcase_add_test(cases, states_have_names);
	tcase_add_test(cases, pages_have_the_states_and_reasons);
	tcase_add_test(cases, rules_are_found_by_name);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
