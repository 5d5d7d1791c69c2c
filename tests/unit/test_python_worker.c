/* Workers: rules that end in every way a rule can end in, and that the next calculation never minds. */
#include "python_fixture.h"

#define GOOD                                                                                                           \
	"@rule\n"                                                                                                      \
	"def good(x: Series) -> float:\n"                                                                              \
	"    return float(len(x))\n"

static void assert_ok(const struct lp_task *task)
{
	ck_assert_msg(task->outcome.state == LP_STATE_OK, "%s: %s", lp_state_name(task->outcome.state),
	              task->outcome.error_traceback == NULL ? "" : task->outcome.error_traceback);
	ck_assert_uint_eq(task->outcome.result_count, 1);
	ck_assert_double_eq(task->outcome.results[0].value, FIXTURE_SAMPLES);
}

static void assert_failed(const struct lp_task *task, const char *type, const char *message)
{
	ck_assert_int_eq(task->outcome.state, LP_STATE_FAILED);
	ck_assert_str_eq(task->outcome.error_type, type);
	ck_assert_str_eq(task->outcome.error_message, message);
}

static void assert_contains(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "no \"%s\" in:\n%s", part, text);
}

START_TEST(failure_has_type_message_and_source_lines)
{
	const struct lp_batch *batch = fixture_compute("def share(part, whole):\n"
	                                               "    return part / whole\n"
	                                               "@rule\n"
	                                               "def broken(x: Series) -> float:\n"
	                                               "    return share(1, 0)\n" GOOD,
	                                               0, RULES("broken", "good"));

	ck_assert_uint_eq(batch->computed, 2);
	assert_failed(&batch->tasks[0], "ZeroDivisionError", "division by zero");
	assert_contains(batch->tasks[0].outcome.error_traceback,
	                "rules.py\", line 3, in share\n    return part / whole");
	assert_contains(batch->tasks[0].outcome.error_traceback,
	                "rules.py\", line 6, in broken\n    return share(1, 0)");
	assert_ok(&batch->tasks[1]);
}
END_TEST

START_TEST(failure_in_the_standard_library_has_source_lines)
{
	const struct lp_batch *batch = fixture_compute("import json\n"
	                                               "@rule\n"
	                                               "def broken(x: Series) -> float:\n"
	                                               "    return json.loads('{')\n",
	                                               0, RULES("broken"));

	assert_contains(batch->tasks[0].outcome.error_traceback, "return _default_decoder.decode(s)");
	ck_assert_str_eq(batch->tasks[0].outcome.error_type, "json.decoder.JSONDecodeError");
}
END_TEST

START_TEST(failure_shows_its_cause)
{
	const struct lp_batch *batch = fixture_compute("@rule\n"
	                                               "def broken(x: Series) -> float:\n"
	                                               "    try:\n"
	                                               "        {}['valve']\n"
	                                               "    except KeyError as error:\n"
	                                               "        raise ValueError('no valve') from error\n",
	                                               0, RULES("broken"));

	assert_failed(&batch->tasks[0], "ValueError", "no valve");
	assert_contains(batch->tasks[0].outcome.error_traceback, "KeyError: 'valve'");
	assert_contains(batch->tasks[0].outcome.error_traceback, "direct cause");
}
END_TEST

START_TEST(message_of_any_characters)
{
	const struct lp_batch *batch =
		fixture_compute("@rule\n"
	                        "def surrogate(x: Series) -> float:\n"
	                        "    raise ValueError('pump \\udc80 \\x00 \\N{DEGREE SIGN}')\n"
	                        "class Mute(Exception):\n"
	                        "    def __str__(self):\n"
	                        "        raise RuntimeError\n"
	                        "@rule\n"
	                        "def mute(x: Series) -> float:\n"
	                        "    raise Mute\n"
	                        "@rule\n"
	                        "def long(x: Series) -> float:\n"
	                        "    raise ValueError('\\N{DEGREE SIGN}' * 50_000_000 + 'end')\n" GOOD,
	                        0, RULES("surrogate", "mute", "long", "good"));

	assert_failed(&batch->tasks[0], "ValueError", "pump \\udc80 \\x00 \xc2\xb0");
	ck_assert_int_eq(batch->tasks[1].outcome.state, LP_STATE_FAILED);
	ck_assert_str_eq(batch->tasks[1].outcome.error_type, "rules.Mute");
	ck_assert_uint_lt(strlen(batch->tasks[2].outcome.error_message), (1 << 14) + 64);
	assert_contains(batch->tasks[2].outcome.error_message,
	                "\xc2\xb0\n... (99983618 bytes are left out) ...\n\xc2\xb0");
	ck_assert_uint_lt(strlen(batch->tasks[2].outcome.error_traceback), (1 << 14) + 64);
	assert_contains(batch->tasks[2].outcome.error_traceback, "in long");
	assert_contains(batch->tasks[2].outcome.error_traceback, "\xc2\xb0"
	                                                         "end");
	assert_ok(&batch->tasks[3]);
}
END_TEST

START_TEST(exit_is_a_failure)
{
	const struct lp_batch *batch = fixture_compute("import os, sys\n"
	                                               "@rule\n"
	                                               "def leave(x: Series) -> float:\n"
	                                               "    sys.exit('bye')\n"
	                                               "@rule\n"
	                                               "def leave_at_once(x: Series) -> float:\n"
	                                               "    os._exit(3)\n"
	                                               "@rule\n"
	                                               "def interrupt(x: Series) -> float:\n"
	                                               "    raise KeyboardInterrupt\n" GOOD,
	                                               0, RULES("leave", "leave_at_once", "interrupt", "good"));

	assert_failed(&batch->tasks[0], "SystemExit", "bye");
	ck_assert_int_eq(batch->tasks[1].outcome.state, LP_STATE_CRASHED);
	ck_assert_str_eq(batch->tasks[1].outcome.error_message, "the process of the rule ended with exit code 3");
	assert_failed(&batch->tasks[2], "KeyboardInterrupt", "");
	assert_ok(&batch->tasks[3]);
}
END_TEST

START_TEST(crash_is_a_state)
{
	const struct lp_batch *batch = fixture_compute("import os, faulthandler\n"
	                                               "@rule\n"
	                                               "def abort(x: Series) -> float:\n"
	                                               "    os.abort()\n"
	                                               "@rule\n"
	                                               "def fault(x: Series) -> float:\n"
	                                               "    faulthandler._sigsegv()\n" GOOD,
	                                               0, RULES("good", "abort", "good", "fault", "good"));

	ck_assert_uint_eq(batch->computed, 5);
	ck_assert_int_eq(batch->tasks[1].outcome.state, LP_STATE_CRASHED);
	assert_contains(batch->tasks[1].outcome.error_message, "was killed by signal 6 (SIGABRT: Aborted)");
	assert_contains(batch->tasks[1].outcome.error_traceback, "rules.py\", line 5 in abort");
	ck_assert_int_eq(batch->tasks[3].outcome.state, LP_STATE_CRASHED);
	assert_contains(batch->tasks[3].outcome.error_message, "SIGSEGV");
	ck_assert_uint_eq(batch->tasks[3].outcome.samples_read, FIXTURE_SAMPLES);
	for (int i = 0; i < 5; i += 2)
		assert_ok(&batch->tasks[i]);
}
END_TEST

START_TEST(other_processes_are_out_of_reach)
{
	const struct lp_batch *batch = fixture_compute("import os, socket, subprocess\n"
	                                               "@rule\n"
	                                               "def fork(x: Series) -> float:\n"
	                                               "    os.fork()\n"
	                                               "@rule\n"
	                                               "def start(x: Series) -> float:\n"
	                                               "    subprocess.run(['true'])\n"
	                                               "@rule\n"
	                                               "def kill(x: Series) -> float:\n"
	                                               "    os.kill(os.getppid(), 9)\n"
	                                               "@rule\n"
	                                               "def connect(x: Series) -> float:\n"
	                                               "    socket.create_connection(('127.0.0.1', 1))\n"
	                                               "@rule\n"
	                                               "def write(x: Series) -> float:\n"
	                                               "    open('/tmp/local-processing-test', 'w')\n" GOOD,
	                                               0, RULES("fork", "start", "kill", "connect", "write", "good"));

	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(batch->tasks[i].outcome.state, LP_STATE_FAILED);
		ck_assert_str_eq(batch->tasks[i].outcome.error_type, "PermissionError");
	}
	assert_ok(&batch->tasks[5]);
}
END_TEST

START_TEST(state_is_put_back)
{
	const struct lp_batch *batch =
		fixture_compute("import decimal, math, os, sys, threading\n"
	                        "@rule\n"
	                        "def leaves(x: Series) -> float:\n"
	                        "    decimal.getcontext().prec = 3\n"
	                        "    math.sqrt = lambda number: 0.0\n"
	                        "    os.environ['TZ'] = 'Mars/Phobos'\n"
	                        "    sys.setrecursionlimit(50)\n"
	                        "    sys.stdout = None\n"
	                        "    return float(len(x))\n"
	                        "@rule\n"
	                        "def thread(x: Series) -> float:\n"
	                        "    threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
	                        "    return float(len(x))\n"
	                        "@rule\n"
	                        "def clean(x: Series) -> float:\n"
	                        "    print('to be seen')\n"
	                        "    assert 'TZ' not in os.environ and math.sqrt(4) == 2\n"
	                        "    assert sys.getrecursionlimit() > 500 and threading.active_count() == 1\n"
	                        "    assert decimal.Decimal('14691.3') * 1 == decimal.Decimal('14691.3')\n"
	                        "    return float(len(x))\n",
	                        0, RULES("leaves", "clean", "thread", "clean"));

	for (int i = 0; i < 4; i++)
		assert_ok(&batch->tasks[i]);
}
END_TEST

START_TEST(recursion_ends_as_an_error)
{
	const struct lp_batch *batch = fixture_compute("import json, re\n"
	                                               "@rule\n"
	                                               "def down(x: Series) -> float:\n"
	                                               "    return down(x)\n"
	                                               "class Node:\n"
	                                               "    def __repr__(self):\n"
	                                               "        return repr(self)\n"
	                                               "@rule\n"
	                                               "def through_c(x: Series) -> float:\n"
	                                               "    return repr(Node())\n"
	                                               "@rule\n"
	                                               "def deep_data(x: Series) -> float:\n"
	                                               "    return json.loads('[' * 100_000)\n"
	                                               "@rule\n"
	                                               "def deep_code(x: Series) -> float:\n"
	                                               "    return eval('(' * 100_000)\n" GOOD,
	                                               0, RULES("down", "through_c", "deep_data", "good", "deep_code"));

	for (int i = 0; i < 3; i++)
		ck_assert_str_eq(batch->tasks[i].outcome.error_type, "RecursionError");
	assert_ok(&batch->tasks[3]);
	ck_assert_int_eq(batch->tasks[4].outcome.state, LP_STATE_FAILED);
}
END_TEST

START_TEST(input_ends_as_an_error)
{
	const struct lp_batch *batch = fixture_compute("@rule\n"
	                                               "def ask(x: Series) -> float:\n"
	                                               "    return float(input())\n"
	                                               "@rule\n"
	                                               "def debug(x: Series) -> float:\n"
	                                               "    breakpoint()\n" GOOD,
	                                               0, RULES("ask", "debug", "good"));

	assert_failed(&batch->tasks[0], "RuntimeError", "lost sys.stdin");
	ck_assert_int_eq(batch->tasks[1].outcome.state, LP_STATE_FAILED);
	assert_ok(&batch->tasks[2]);
}
END_TEST

START_TEST(memory_ends_as_an_error)
{
	const struct lp_batch *batch = fixture_compute("@rule\n"
	                                               "def huge(x: Series) -> float:\n"
	                                               "    return len(bytearray(1 << 60))\n" GOOD,
	                                               0, RULES("huge", "good"));

	assert_failed(&batch->tasks[0], "MemoryError", "");
	assert_ok(&batch->tasks[1]);
}
END_TEST

START_TEST(modules_with_code_in_c_load_in_every_worker)
{
	static const char rules[] =
		"@rule\n"
		"def load(x: Series) -> float:\n"
		"    import _datetime, _decimal, _sqlite3, _ssl, array, math, unicodedata, zlib, zoneinfo\n"
		"    import datetime, decimal, sqlite3, xml.etree.ElementTree, hashlib, random\n"
		"    zoneinfo.ZoneInfo('Europe/Berlin').utcoffset(datetime.datetime(2026, 7, 1))\n"
		"    assert datetime.datetime.strptime('2026-07', '%Y-%m').month == 7\n"
		"    assert str(decimal.Decimal(1) / 3).startswith('0.333')\n"
		"    assert sqlite3.connect(':memory:').execute('SELECT 1').fetchone() == (1,)\n"
		"    return float(len(x))\n";
	struct fixture_worker workers[4] = { 0 };

	fixture_start(rules, 0);
	for (int i = 0; i < 4; i++)
		fixture_run(&workers[i], fixture_batch(RULES("load", "load")));
	for (int i = 0; i < 4; i++) {
		fixture_watch(&workers[i], 0);
		assert_ok(&workers[i].batch->tasks[1]);
	}
}
END_TEST

START_TEST(absent_module_says_what_to_do)
{
	const struct lp_batch *batch = fixture_compute("@rule\n"
	                                               "def array(x: Series) -> float:\n"
	                                               "    import numpy\n",
	                                               0, RULES("array"));

	ck_assert_str_eq(batch->tasks[0].outcome.error_type, "ModuleNotFoundError");
	assert_contains(batch->tasks[0].outcome.error_message, "numpy is not part of local-processing: Series has");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("python_worker");
	TCase *cases = tcase_create("rules");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(cases, 60);
	tcase_add_test(cases, failure_has_type_message_and_source_lines);
	tcase_add_test(cases, failure_in_the_standard_library_has_source_lines);
	tcase_add_test(cases, failure_shows_its_cause);
	tcase_add_test(cases, message_of_any_characters);
	tcase_add_test(cases, exit_is_a_failure);
	if (!FIXTURE_THREAD_SANITIZER)
		tcase_add_test(cases, crash_is_a_state);
	tcase_add_test(cases, other_processes_are_out_of_reach);
	tcase_add_test(cases, state_is_put_back);
	tcase_add_test(cases, recursion_ends_as_an_error);
	tcase_add_test(cases, input_ends_as_an_error);
	if (!FIXTURE_THREAD_SANITIZER)
		tcase_add_test(cases, memory_ends_as_an_error);
	tcase_add_test(cases, modules_with_code_in_c_load_in_every_worker);
	tcase_add_test(cases, absent_module_says_what_to_do);
	suite_add_tcase(suite, cases);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
