/* Time limits: whoever runs too long is stopped, whatever it does about that, and nobody else is. */
#include "python_fixture.h"

#define GOOD                                                                                                           \
	"@rule\n"                                                                                                      \
	"def good(x: Series) -> float:\n"                                                                              \
	"    return float(len(x))\n"

static const struct lp_outcome *timed_out(const struct lp_batch *batch, size_t task)
{
	const struct lp_outcome *outcome = &batch->tasks[task].outcome;

	ck_assert_msg(outcome->state == LP_STATE_TIMED_OUT, "%s: %s", lp_state_name(outcome->state),
	              outcome->error_traceback == NULL ? "" : outcome->error_traceback);
	ck_assert_str_eq(outcome->error_type, "TimeLimit");
	ck_assert_uint_eq(outcome->result_count, 0);
	return outcome;
}

START_TEST(endless_rule_is_interrupted)
{
	const struct lp_batch *batch = fixture_compute("def turn(x):\n"
	                                               "    while True:\n"
	                                               "        pass\n"
	                                               "@rule\n"
	                                               "def spin(x: Series) -> float:\n"
	                                               "    turn(x)\n" GOOD,
	                                               LP_SECOND / 4, RULES("spin", "good", "spin"));
	const struct lp_outcome *outcome = timed_out(batch, 0);

	ck_assert_uint_eq(batch->computed, 3);
	ck_assert_str_eq(outcome->error_message, "still running after its time limit of 0.25 s");
	ck_assert_msg(strstr(outcome->error_traceback, "in spin\n    turn(x)\n") != NULL, "%s",
	              outcome->error_traceback);
	ck_assert_ptr_nonnull(strstr(outcome->error_traceback, "in turn\n"));
	ck_assert_int_eq(batch->tasks[1].outcome.state, LP_STATE_OK);
	timed_out(batch, 2);
}
END_TEST

START_TEST(sleeping_rule_is_interrupted)
{
	const struct lp_batch *batch = fixture_compute("import time\n"
	                                               "from time import sleep\n"
	                                               "@rule\n"
	                                               "def nap(x: Series) -> float:\n"
	                                               "    sleep(0.001); sleep(False); sleep(0.06)\n"
	                                               "    return float(len(x))\n"
	                                               "@rule\n"
	                                               "def wrong(x: Series) -> float:\n"
	                                               "    time.sleep('long')\n"
	                                               "@rule\n"
	                                               "def slumber(x: Series) -> float:\n"
	                                               "    time.sleep(3600)\n",
	                                               LP_SECOND / 4, RULES("nap", "slumber", "wrong"));

	ck_assert_int_eq(batch->tasks[0].outcome.state, LP_STATE_OK);
	ck_assert_ptr_nonnull(strstr(timed_out(batch, 1)->error_traceback, "    time.sleep(3600)\n"));
	ck_assert_str_eq(batch->tasks[2].outcome.error_type, "TypeError");
}
END_TEST

START_TEST(limit_of_the_calculation_wins)
{
	static struct fixture_worker one;
	struct lp_batch *batch;

	fixture_start("@rule\ndef spin(x: Series) -> float:\n    while True: pass\n", 60 * LP_SECOND);
	batch = fixture_batch(RULES("spin"));
	batch->calculations[0].time_limit = LP_SECOND / 10;
	fixture_run(&one, batch);
	ck_assert_double_lt(fixture_watch(&one, 0), 5);
	ck_assert_str_eq(timed_out(batch, 0)->error_message, "still running after its time limit of 0.1 s");
}
END_TEST

START_TEST(swallowing_the_interruption_does_not_help)
{
	const struct lp_batch *batch =
		fixture_compute("def bare(x):\n"
	                        "    while True:\n"
	                        "        try:\n"
	                        "            while True: pass\n"
	                        "        except BaseException: pass\n"
	                        "@rule\n"
	                        "def stubborn(x: Series) -> float:\n"
	                        "    while True:\n"
	                        "        try: bare(x)\n"
	                        "        except BaseException: pass\n"
	                        "@rule\n"
	                        "def late(x: Series) -> float:\n"
	                        "    try:\n"
	                        "        while True: pass\n"
	                        "    except BaseException:\n"
	                        "        return 1.0\n"
	                        "@rule\n"
	                        "def finally_(x: Series) -> float:\n"
	                        "    try:\n"
	                        "        while True: pass\n"
	                        "    finally:\n"
	                        "        while True: pass\n"
	                        "@rule\n"
	                        "def generator(x: Series) -> float:\n"
	                        "    def numbers():\n"
	                        "        while True:\n"
	                        "            try: yield 1\n"
	                        "            except BaseException: pass\n"
	                        "    for _ in numbers(): pass\n" GOOD,
	                        LP_SECOND / 5, RULES("stubborn", "late", "finally_", "generator", "good"));

	for (size_t i = 0; i < 4; i++)
		timed_out(batch, i);
	ck_assert_int_eq(batch->tasks[4].outcome.state, LP_STATE_OK);
}
END_TEST

START_TEST(exception_that_takes_for_ever_to_show)
{
	const struct lp_batch *batch = fixture_compute("class Slow(Exception):\n"
	                                               "    def __str__(self):\n"
	                                               "        while True: pass\n"
	                                               "@rule\n"
	                                               "def slow(x: Series) -> float:\n"
	                                               "    raise Slow\n" GOOD,
	                                               LP_SECOND / 5, RULES("slow", "good"));

	timed_out(batch, 0);
	ck_assert_int_eq(batch->tasks[1].outcome.state, LP_STATE_OK);
}
END_TEST

/* A file that does not come to an end costs its own rules. */
static void expect_import(const char *text, const char *reason)
{
	struct lp_problems problems = { 0 };
	const struct lp_rule_catalogue *catalogue =
		fixture_load((const char *const[]){ "bad.py", text, "fine.py",
	                                            "from local_processing import Series, rule\n" GOOD, NULL },
	                     &problems);

	ck_assert_uint_eq(problems.count, 1);
	ck_assert_ptr_nonnull(strstr(problems.items[0].file, "bad.py"));
	ck_assert_msg(strstr(problems.items[0].what, reason) != NULL, "%s", problems.items[0].what);
	ck_assert_ptr_nonnull(lp_rule_find(catalogue, "fine.good"));
	lp_problems_free(&problems);
}

START_TEST(endless_import_is_interrupted)
{
	expect_import("import math\nwhile True:\n    pass\n", "TimeLimit: still being imported");
}
END_TEST

START_TEST(sleeping_import_is_interrupted)
{
	expect_import("import time\ntime.sleep(3600)\n", "TimeLimit: still being imported");
}
END_TEST

START_TEST(import_that_swallows_the_interruption)
{
	expect_import("while True:\n    try:\n        while True: pass\n    except BaseException: pass\n",
	              "TimeLimit: still being imported");
}
END_TEST

START_TEST(import_that_goes_on_after_the_interruption)
{
	expect_import("try:\n    while True: pass\nexcept BaseException: pass\n", "TimeLimit: still being imported");
}
END_TEST

START_TEST(import_that_kills_its_process)
{
	expect_import("import os\nos._exit(3)\n", "the process that imported it ended with exit code 3");
}
END_TEST

START_TEST(import_that_crashes)
{
	expect_import("import os\nos.abort()\n", "was killed by signal 6 (SIGABRT");
}
END_TEST

START_TEST(import_that_leaves_a_thread)
{
	expect_import("import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n",
	              "its import leaves a thread");
}
END_TEST

START_TEST(stop_leaves_the_task_owed)
{
	static struct fixture_worker one;
	double took;

	fixture_start("@rule\ndef spin(x: Series) -> float:\n"
	              "    while True:\n"
	              "        try:\n"
	              "            while True: pass\n"
	              "        except BaseException: pass\n" GOOD,
	              0);
	fixture_run(&one, fixture_batch(RULES("good", "spin", "good")));
	took = fixture_watch(&one, 0.3);
	ck_assert_double_lt(took, 4);
	ck_assert_uint_eq(one.batch->computed, 1);
}
END_TEST

START_TEST(no_rule_pays_for_another)
{
	/* Rules that end about when their time does, over and over: whoever is ok has its result, whoever is not has none. */
	static const char rules[] = "import time\n"
				    "@rule\n"
				    "def edge(x: Series) -> float:\n"
				    "    end = time.perf_counter() + 0.0100\n"
				    "    while time.perf_counter() < end: pass\n"
				    "    return float(len(x))\n" GOOD;
	static struct fixture_worker one;
	const char *names[FIXTURE_TASKS_MOST + 1];
	int ended = 0;

	for (int i = 0; i < FIXTURE_TASKS_MOST; i++)
		names[i] = i % 2 == 0 ? "edge" : "good";
	names[FIXTURE_TASKS_MOST] = NULL;
	fixture_start(rules, LP_SECOND / 100);
	fixture_run(&one, fixture_batch(names));
	fixture_watch(&one, 0);
	for (int i = 0; i < FIXTURE_TASKS_MOST; i++) {
		const struct lp_outcome *outcome = &one.batch->tasks[i].outcome;

		if (outcome->state == LP_STATE_OK)
			ck_assert_uint_eq(outcome->result_count, 1);
		else
			timed_out(one.batch, (size_t)i);
		if (i % 2 == 1)
			ck_assert_int_eq(outcome->state, LP_STATE_OK);
		ended += outcome->state == LP_STATE_OK;
	}
	ck_assert_int_ge(ended, FIXTURE_TASKS_MOST / 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("python_time_limit");
	TCase *cases = tcase_create("limits");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(cases, 60);
	if (!FIXTURE_THREAD_SANITIZER)
		tcase_add_test(cases, endless_rule_is_interrupted);
	tcase_add_test(cases, sleeping_rule_is_interrupted);
	if (!FIXTURE_THREAD_SANITIZER)
		tcase_add_test(cases, limit_of_the_calculation_wins);
	tcase_add_test(cases, swallowing_the_interruption_does_not_help);
	tcase_add_test(cases, exception_that_takes_for_ever_to_show);
	tcase_add_test(cases, endless_import_is_interrupted);
	tcase_add_test(cases, sleeping_import_is_interrupted);
	tcase_add_test(cases, import_that_swallows_the_interruption);
	tcase_add_test(cases, import_that_goes_on_after_the_interruption);
	tcase_add_test(cases, import_that_kills_its_process);
	tcase_add_test(cases, import_that_crashes);
	tcase_add_test(cases, import_that_leaves_a_thread);
	tcase_add_test(cases, stop_leaves_the_task_owed);
	tcase_add_test(cases, no_rule_pays_for_another);
	suite_add_tcase(suite, cases);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
