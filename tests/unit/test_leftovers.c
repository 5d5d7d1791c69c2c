/*
 * Fresh state: each row is a rule that leaves something behind, what its
 * warning names, and what must be true once it was put back.
 */
#include "rules/rules.h"
#include <Python.h>

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Interpreters are never destroyed: what is in them is no leak. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static void start(void)
{
	const struct lp_python_options options = { 0 };
	struct lp_error error = { 0 };

	lp_rules_add_types();
	ck_assert_msg(lp_python_start(&options, &error), "%s", error.what);
	ck_assert_msg(lp_leftovers_keep(&error), "%s", error.what);
}

static PyObject *run(const char *code, int kind)
{
	PyObject *names = PyDict_New(), *result;

	PyDict_SetItemString(names, "__name__", PyUnicode_FromString("rules"));
	PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins());
	result = PyRun_String(code, kind, names, names);
	if (result == NULL)
		PyErr_Print();
	ck_assert_msg(result != NULL, "%s", code);
	Py_DECREF(names);
	return result;
}

/* As a call of a rule: what it leaves, "" for nothing. */
static const char *call(const char *code, bool *replace)
{
	const char *left;

	ck_assert(lp_leftovers_enter());
	Py_DECREF(run(code, Py_file_input));
	lp_leftovers_leave();
	left = lp_leftovers_put_back(replace);
	ck_assert(!PyErr_Occurred());
	return left == NULL ? "" : left;
}

static void assert_true(const char *expression)
{
	PyObject *result = run(expression, Py_eval_input);

	ck_assert_msg(PyObject_IsTrue(result) == 1, "after it, not true: %s", expression);
	Py_DECREF(result);
}

#define NONE ((const char *)NULL)

static const struct row {
	const char *before; /* what another rule has imported already, or NULL */
	const char *code;
	const char *left; /* "": nothing */
	bool replace;
	const char *after; /* an expression, or NULL */
} rows[] = {
	/* Numbers. */
	{ NONE, "import decimal; decimal.getcontext().prec = 3", "", false,
	  "__import__('decimal').getcontext().prec == 28" },
	{ "import decimal", "import decimal; decimal.DefaultContext.prec = 3", "the precision of decimals", false,
	  "__import__('decimal').Context().prec == 28 and __import__('decimal').getcontext().prec == 28" },
	{ NONE, "import decimal; decimal.DefaultContext.traps[decimal.Inexact] = True", "the precision of decimals",
	  false, "str(__import__('decimal').Decimal(1) / 3).startswith('0.3333')" },
	{ NONE, "import decimal; decimal.setcontext(decimal.Context(prec=2)); decimal.Decimal(1) / 3", "", false,
	  "__import__('decimal').getcontext().prec == 28" },
	{ "import random", "import random; random.random(); random.gauss(); random.shuffle([1, 2])", "", false, NONE },
	{ "import random", "import random; random.Random(5).random()", "", false, NONE },
	{ "import random; random.seed(5); expected = random.random(); import builtins; builtins.expected = expected",
	  "import random; random.seed(5)", "the seed of random", false, "__import__('random').random() != expected" },
	{ NONE, "import random; random.seed(5)", "the seed of random", false, NONE },
	{ NONE, "import random; random.setstate(random.getstate())", "the seed of random", false, NONE },
	{ NONE, "import math; math.sqrt = lambda x: x", "the function math.sqrt", false,
	  "__import__('math').sqrt(16) == 4" },
	{ NONE, "import math; math.pi = 3", "math.pi", false, "__import__('math').pi > 3.1" },
	{ NONE, "import math; del math.pi", "math.pi", false, "__import__('math').pi > 3.1" },
	{ NONE, "import time; time.time = lambda: 0.0", "the function time.time", false,
	  "__import__('time').time() > 1e9" },
	{ NONE, "import builtins; builtins.sum = max", "the function sum", false, "sum([1, 2]) == 3" },
	{ NONE, "import statistics; statistics.sum = max", "statistics.sum", false,
	  "not hasattr(__import__('statistics'), 'sum')" },
	{ NONE, "import statistics; statistics.mean = max", "the function statistics.mean", false,
	  "__import__('statistics').mean([1, 2]) == 1.5" },
	{ NONE, "import statistics as s; s.NormalDist.pdf = lambda self, x: 0",
	  "the function statistics.NormalDist.pdf", false, "__import__('statistics').NormalDist().pdf(0) > 0.3" },
	{ NONE, "import datetime, calendar; calendar.TextCalendar.itermonthdays = None",
	  "calendar.TextCalendar.itermonthdays", false, "len(__import__('calendar').month(2026, 3)) > 20" },
	{ NONE, "import calendar; calendar.setfirstweekday(6)", "calendar.setfirstweekday", false,
	  "__import__('calendar').firstweekday() == 0" },
	{ NONE, "import collections; collections.OrderedDict = dict", "the type collections.OrderedDict", false,
	  "__import__('collections').OrderedDict is not dict" },
	{ NONE, "from unittest import mock\nwith mock.patch('math.sqrt', return_value=1): pass", "", false, NONE },
	{ NONE, "import json, sys; sys.modules['json'] = None", "the module json", false,
	  "__import__('json').loads('1') == 1" },
	{ NONE, "import json, sys; del sys.modules['json']; import json as again; assert again is not json",
	  "the module json", false, NONE },
	{ NONE, "import math; vars(math).clear()",
	  "math.__name__, math.__doc__, math.__package__, the type math.__loader__ and more", false,
	  "__import__('math').sqrt(4) == 2" },
	/* Modules that keep their own affairs. */
	{ NONE, "import mimetypes; mimetypes.guess_type('x.csv')", "", false, NONE },
	{ NONE, "import uuid; uuid.uuid1(); uuid.uuid4()", "", false, NONE },
	{ NONE, "import re, datetime, json, fractions, bisect, itertools, zoneinfo, csv, enum, typing, dataclasses", "",
	  false, NONE },
	{ NONE, "import logging, concurrent.futures, asyncio, weakref, multiprocessing.util", "", false, NONE },
	{ NONE, "import datetime; datetime.datetime.strptime('2026-03-01', '%Y-%m-%d')", "", false, NONE },
	{ NONE,
	  "import tempfile, shutil, inspect, unittest, string, email.message, urllib.parse, xml.etree.ElementTree", "",
	  false, NONE },
	{ NONE, "import asyncio\nasync def f(): await asyncio.sleep(0)\nasyncio.run(f())", "", false, NONE },
	/* The interpreter. */
	{ NONE, "import sys, io; sys.stdout = io.StringIO()", "sys.stdout", false,
	  "type(__import__('sys').stdout).__name__ != 'StringIO'" },
	{ NONE, "import sys, io; sys.stderr = None", "sys.stderr", false, "__import__('sys').stderr is not None" },
	{ NONE, "import contextlib, io; contextlib.redirect_stdout(io.StringIO()).__enter__()", "sys.stdout", false,
	  NONE },
	{ NONE, "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()): print(1)", "", false, NONE },
	{ NONE, "import sys\nsys.displayhook = sys.excepthook = sys.unraisablehook = sys.breakpointhook = print",
	  "the function sys.displayhook, the function sys.excepthook, the function sys.unraisablehook, "
	  "the function sys.breakpointhook",
	  false, NONE },
	{ NONE, "import sys; sys.tracebacklimit = 0", "sys.tracebacklimit", false,
	  "not hasattr(__import__('sys'), 'tracebacklimit')" },
	{ NONE, "import sys; sys.path.append('/tmp')", "sys.path", false, "'/tmp' not in __import__('sys').path" },
	{ NONE, "import sys; sys.path = ['/tmp']", "sys.path", false, "'/tmp' not in __import__('sys').path" },
	{ NONE, "import sys; sys.meta_path.clear()", "sys.meta_path", false, "len(__import__('sys').meta_path) > 0" },
	{ NONE, "import sys; sys.setrecursionlimit(100)", "the recursion limit", false,
	  "__import__('sys').getrecursionlimit() == 1000" },
	{ NONE, "import sys; sys.setswitchinterval(1)", "the switch interval", false,
	  "__import__('sys').getswitchinterval() < 0.1" },
	{ NONE, "import sys; sys.set_int_max_str_digits(0)", "the most digits of an int", false,
	  "__import__('sys').get_int_max_str_digits() == 4300" },
	{ NONE, "import sys; sys.settrace(lambda *a: None)", "the trace function", false,
	  "__import__('sys').gettrace() is None" },
	{ NONE, "import sys; sys.setprofile(lambda *a: None)", "the profile function", false,
	  "__import__('sys').getprofile() is None" },
	{ NONE,
	  "import sys; m = sys.monitoring; m.use_tool_id(3, 'mine'); m.set_events(3, m.events.CALL)\n"
	  "m.register_callback(3, m.events.CALL, print)",
	  "a tool of sys.monitoring", false, "__import__('sys').monitoring.get_tool(3) is None" },
	{ NONE, "import sys; sys.addaudithook(lambda *a: None)", "an audit hook", false, NONE },
	{ NONE, "import sys; sys.set_asyncgen_hooks(print, print)", "the hooks of asynchronous generators", false,
	  "__import__('sys').get_asyncgen_hooks()[0] is None" },
	{ NONE, "import sys; sys.set_coroutine_origin_tracking_depth(3)", "the origins of coroutines", false,
	  "__import__('sys').get_coroutine_origin_tracking_depth() == 0" },
	{ NONE, "import threading; threading.stack_size(1 << 20)", "the stack size of threads", false,
	  "__import__('threading').stack_size() == 0" },
	{ NONE, "import gc; gc.disable()", "the settings of gc", false, "__import__('gc').isenabled()" },
	{ NONE, "import gc; gc.set_threshold(5)", "the settings of gc", false,
	  "__import__('gc').get_threshold()[0] > 5" },
	{ NONE, "import gc; gc.callbacks.append(print)", "gc.callbacks", false, "not __import__('gc').callbacks" },
	{ NONE, "import tracemalloc; tracemalloc.start()", "tracemalloc", false,
	  "not __import__('tracemalloc').is_tracing()" },
	{ NONE, "import atexit; atexit.register(lambda: None)", "an atexit handler", false,
	  "__import__('atexit')._ncallbacks() == 0" },
	{ NONE, "import warnings; warnings.simplefilter('error')", "the filters of warnings", false,
	  "__import__('warnings').warn('x') is None" },
	{ NONE, "import warnings\nwith warnings.catch_warnings(): warnings.simplefilter('error')", "", false, NONE },
	{ NONE, "import warnings; warnings.catch_warnings().__enter__(); warnings.simplefilter('ignore')",
	  "warnings.filters", false, NONE },
	{ "import logging", "import logging; logging.disable(50)", "logging.disable", false,
	  "__import__('logging').getLogger('b').isEnabledFor(50)" },
	{ NONE, "import logging; logging.root.setLevel(5)", "the level of logging", false,
	  "__import__('logging').root.level == 30" },
	{ NONE, "import logging; logging.basicConfig()", "the handlers of logging", false,
	  "not __import__('logging').root.handlers" },
	{ NONE, "import logging; logging.getLogger('mine').warning('said once')", "", false, NONE },
	{ NONE, "import contextvars; v = contextvars.ContextVar('v'); v.set(3)", "", false, NONE },
	/* The process. */
	{ "import os", "import os; os.environ['LP_X'] = '1'", "the environment variable LP_X", false,
	  "'LP_X' not in __import__('os').environ" },
	{ NONE, "import os; os.environ['LP_X'] = '1'", "the environment variable LP_X", false,
	  "'LP_X' not in __import__('os').environ" },
	{ NONE, "import os; os.environ.clear()", "the environment variable LP_TEST", false,
	  "__import__('os').environ['LP_TEST'] == 'kept'" },
	{ NONE, "import os; os.putenv('LP_TEST', 'x')", "the environment variable LP_TEST", false, NONE },
	{ NONE, "import os; os.unsetenv('LP_TEST')", "the environment variable LP_TEST", false, NONE },
	{ NONE, "import os; os.environ = {}", "os.environ", false, "'LP_TEST' in __import__('os').environ" },
	{ NONE, "import os; os.environ['LP_X'] = '1'; del os.environ['LP_X']", "", false, NONE },
	{ "import time", "import os, time; os.environ['TZ'] = 'XYZ-5'; time.tzset(); assert time.timezone == -18000",
	  "the environment variable TZ", false,
	  "__import__('time').timezone == 0 and __import__('time').localtime(0).tm_hour == 0" },
	{ NONE, "import os; os.chdir('/tmp')", "the working directory", false, "__import__('os').getcwd() == '/'" },
	{ NONE, "import os; here = os.getcwd(); os.chdir('/tmp'); os.chdir(here)", "", false, NONE },
	{ NONE, "import os; os.umask(0o777)", "the umask", false, "(u := __import__('os').umask)(u(0)) == 0 and True" },
	{ NONE, "import locale; locale.setlocale(locale.LC_ALL, 'C.UTF-8')", "the locale", false,
	  "__import__('locale').setlocale(6) == 'C'" },
	{ NONE, "import locale; locale.setlocale(locale.LC_ALL); locale.localeconv()", "", false, NONE },
	{ NONE, "import signal; signal.signal(signal.SIGUSR2, lambda *a: None)", "the handler of SIGUSR2", false,
	  "__import__('signal').getsignal(12) == __import__('signal').SIG_DFL" },
	{ "import signal", "import signal; signal.signal(signal.SIGUSR2, signal.SIG_IGN)", "the handler of SIGUSR2",
	  false, "__import__('signal').getsignal(12) == __import__('signal').SIG_DFL" },
	{ "import signal; signal.signal(signal.SIGUSR1, print)", "import signal; signal.signal(signal.SIGUSR1, max)",
	  "the handler of SIGUSR1", false, "__import__('signal').getsignal(10) is print" },
	{ NONE, "import signal; old = signal.signal(12, print); signal.signal(12, old)", "", false, NONE },
	{ NONE, "import signal; signal.pthread_sigmask(0, {14})", "the signal mask", false,
	  "not __import__('signal').pthread_sigmask(0, ())" },
	{ NONE, "import signal; signal.alarm(1000)", "a timer", false, "__import__('signal').alarm(0) == 0" },
	{ NONE, "import signal; signal.setitimer(signal.ITIMER_PROF, 1000)", "a timer", false,
	  "__import__('signal').getitimer(2)[0] == 0" },
	{ NONE, "import signal; signal.alarm(1000); signal.alarm(0)", "", false, NONE },
	{ NONE, "import faulthandler; faulthandler.enable(open('/dev/null'))", "an open file", true, NONE },
	{ NONE, "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (50, r.getrlimit(r.RLIMIT_NOFILE)[1]))",
	  "a limit of the process", false, NONE },
	{ NONE, "import os; os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))", "the priority of the process",
	  true, NONE },
	/* Descriptors. */
	{ NONE, "open('/dev/null').close()", "", false, NONE },
	{ NONE, "import builtins; builtins.kept = open('/dev/null')", "an open file", true, NONE },
	{ NONE, "f = open('/dev/null'); loop = [f]; loop.append(loop)", "", false, NONE },
	{ NONE, "import os; os.pipe()", "an open pipe", true, NONE },
	{ NONE, "import os; os.dup(0)", "an open ", true, NONE },
	{ NONE, "import socket; socket.socket().detach()", "an open socket", true, NONE },
	{ NONE, "import os; os.memfd_create('x')", "an open file", true, NONE },
	{ NONE,
	  "import os\n"
	  "for f in (lambda: os.close(1), lambda: os.dup2(0, 1)):\n"
	  "    try: f()\n"
	  "    except OSError as e: assert e.errno == 9\n"
	  "    else: assert False\n"
	  "os.closerange(0, 1000000)",
	  "", false, "__import__('os').fstat(1) and __import__('os').fstat(77)" },
	/* Threads. */
	{ NONE, "import threading; t = threading.Thread(target=print); t.start(); t.join()", "", false, NONE },
	{ NONE, "from concurrent.futures import *\nwith ThreadPoolExecutor(2) as p: list(p.map(abs, [1, 2, 3]))", "",
	  false, NONE },
	{ NONE, "import threading, time; threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()",
	  "a thread that still runs", true, NONE },
	{ NONE, "import threading, time; threading.Thread(target=time.sleep, args=(0.01,)).start()", "", false, NONE },
};

static void prepare(void)
{
	ck_assert_int_eq(chdir("/"), 0);
	clearenv();
	setenv("LP_TEST", "kept", 1);
	/* One of the program's own, far from the lowest number. */
	ck_assert_int_eq(dup2(0, 77), 77);
	start();
}

START_TEST(what_a_rule_leaves_is_put_back)
{
	const struct row *row = &rows[_i];
	const char *left;
	bool replace = false;
	struct lp_error error = { 0 };

	prepare();
	if (row->before != NULL) {
		Py_DECREF(run(row->before, Py_file_input));
		ck_assert(lp_leftovers_keep(&error));
	}
	left = call(row->code, &replace);
	if (row->replace || row->left[0] == '\0')
		ck_assert_msg(strncmp(left, row->left, strlen(row->left)) == 0 &&
		                      (left[0] == '\0') == (row->left[0] == '\0'),
		              "\"%s\" instead of \"%s\" of: %s", left, row->left, row->code);
	else
		ck_assert_msg(strcmp(left, row->left) == 0, "\"%s\" instead of \"%s\" of: %s", left, row->left,
		              row->code);
	ck_assert_msg(replace == row->replace, "replace is %d of: %s", replace, row->code);
	if (row->after != NULL)
		assert_true(row->after);
	if (!row->replace) {
		/* The next rule leaves nothing, and is not blamed. */
		left = call("x = sum(range(10))", &replace);
		ck_assert_msg(left[0] == '\0' && !replace, "\"%s\" is left by the next of: %s", left, row->code);
	}
}
END_TEST

START_TEST(it_is_found_each_time)
{
	bool replace = false;

	prepare();
	for (int i = 0; i < 3; i++) {
		ck_assert_str_eq(call("import math; math.sqrt = max; math.pi = 3", &replace),
		                 "the function math.sqrt, math.pi");
		ck_assert_str_eq(call("import sys; sys.setrecursionlimit(200)", &replace), "the recursion limit");
		ck_assert_str_eq(call("import os; os.chdir('/tmp'); os.environ['X'] = '1'", &replace),
		                 "the environment variable X, the working directory");
		ck_assert_str_eq(call("import signal; signal.signal(12, print)", &replace), "the handler of SIGUSR2");
		ck_assert_str_eq(call("import random; random.seed(1)", &replace), "the seed of random");
	}
	ck_assert(!replace);
}
END_TEST

START_TEST(decimals_set_by_an_import_are_told)
{
	prepare();
	ck_assert(lp_leftovers_enter());
	Py_DECREF(run("import decimal", Py_file_input));
	ck_assert(!lp_leftovers_decimals_are_set());
	Py_DECREF(run("import decimal; decimal.getcontext().rounding = decimal.ROUND_DOWN", Py_file_input));
	ck_assert(lp_leftovers_decimals_are_set());
	lp_leftovers_leave();
	ck_assert(lp_leftovers_enter());
	ck_assert(!lp_leftovers_decimals_are_set());
	lp_leftovers_leave();
}
END_TEST

START_TEST(what_the_program_itself_changes_counts)
{
	struct lp_error error = { 0 };
	bool replace = false;
	int own;

	prepare();
	own = open("/dev/null", O_RDONLY);
	ck_assert_int_gt(own, 2);
	Py_DECREF(
		run("import sys, random; sys.setrecursionlimit(500); random.seed(3); sys.stdin = None", Py_file_input));
	ck_assert(lp_leftovers_keep(&error));
	ck_assert_str_eq(call("x = 1", &replace), "");
	assert_true("__import__('sys').getrecursionlimit() == 500");
	ck_assert_int_eq(fcntl(own, F_GETFD), 0);
	ck_assert(!replace);
}
END_TEST

/* As an interpreter process: forked from one that remembers already, with descriptors of its own. */
START_TEST(forked_process_remembers_its_own)
{
	struct lp_error error = { 0 };
	bool replace = false;
	int status = 0, ends[2];
	pid_t child;

	prepare();
	PyOS_BeforeFork();
	child = fork();
	if (child == 0) {
		PyOS_AfterFork_Child();
		ck_assert_int_eq(pipe(ends), 0);
		ck_assert(lp_leftovers_keep(&error));
		ck_assert_str_eq(call("x = 1", &replace), "");
		ck_assert_str_eq(call("import math; math.sqrt = max", &replace), "the function math.sqrt");
		ck_assert_str_eq(call("import signal; signal.signal(12, print)", &replace), "the handler of SIGUSR2");
		ck_assert_int_eq(close(ends[0]), -1);
		_exit(replace ? 2 : 0);
	}
	PyOS_AfterFork_Parent();
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}
END_TEST

static double nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

START_TEST(clean_call_costs_nearly_nothing)
{
	enum { CALLS = 200000 };
	struct lp_error error = { 0 };
	bool replace = false;
	double begin, entered, looked;
	int left = 0;

	prepare();
	Py_DECREF(run("import decimal, random, logging, statistics, json, os, signal", Py_file_input));
	begin = nanoseconds();
	ck_assert(lp_leftovers_keep(&error));
	printf("lp_leftovers_keep: %.0f us\n", (nanoseconds() - begin) / 1e3);
	begin = nanoseconds();
	for (int i = 0; i < CALLS; i++)
		left += lp_leftovers_put_back(&replace) != NULL;
	looked = nanoseconds() - begin;
	begin = nanoseconds();
	for (int i = 0; i < CALLS; i++)
		if (lp_leftovers_enter())
			lp_leftovers_leave();
	entered = nanoseconds() - begin;
	printf("clean call: lp_leftovers_put_back %.0f ns, enter and leave %.0f ns\n", looked / CALLS, entered / CALLS);
	ck_assert(!replace && left == 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("leftovers");
	TCase *leftovers = tcase_create("leftovers");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(leftovers, what_a_rule_leaves_is_put_back, 0, (int)(sizeof rows / sizeof *rows));
	tcase_add_test(leftovers, it_is_found_each_time);
	tcase_add_test(leftovers, decimals_set_by_an_import_are_told);
	tcase_add_test(leftovers, what_the_program_itself_changes_counts);
	tcase_add_test(leftovers, forked_process_remembers_its_own);
	tcase_add_test(leftovers, clean_call_costs_nearly_nothing);
	tcase_set_timeout(leftovers, 60);
	suite_add_tcase(suite, leftovers);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
