/* What a breaker keeps of the outcomes that it is shown. */
#include "pipeline/breaker.h"
#include "text/utf8.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* A message of characters of three bytes is cut at each of their bytes, as more stands before it. */
START_TEST(a_kept_error_is_cut_between_characters)
{
	static const char *const types[] = { "", "E", "Er" };
	struct lp_calculation calculation = { .id = 1, .rule = "mean" };
	struct lp_task task = { .outcome = { .state = LP_STATE_FAILED, .error_type = types[_i] } };
	struct lp_batch batch = { .calculations = &calculation, .tasks = &task, .task_count = 1, .computed = 1 };
	struct lp_breakers breakers = { 0 };
	char message[3 * 200 + 1] = "";
	for (int i = 0; i < 200; i++)
		strcat(message, "\xe2\x82\xac");
	task.outcome.error_message = message;

	lp_breakers_note(&breakers, &batch);

	ck_assert_uint_eq(breakers.rule_count, 1);
	const char *kept = breakers.rules[0]->error;
	ck_assert_uint_gt(strlen(kept), 200);
	ck_assert_uint_lt(strlen(kept), strlen(message));
	ck_assert_msg(lp_utf8_is_valid(kept), "%s", kept);
	lp_breakers_free(&breakers);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("breaker");
	TCase *tests = tcase_create("breaker");
	tcase_add_loop_test(tests, a_kept_error_is_cut_between_characters, 0, 3);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
