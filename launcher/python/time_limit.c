/*
 * Time limits: how another process interrupts a rule.
 *
 * Each task has a sequence number.  When its time is over the other process writes
 * that number into the pulse and sends a signal, whose handler is Python's: it
 * runs between two bytecodes, and `time.sleep`, regular expressions, long
 * integers, locks and reads look for signals.  The handler raises TimeLimit if the
 * number is still that of the task under way.
 *
 * TimeLimit is a BaseException, so `except Exception` does not catch it.  A rule
 * that catches it gets the signal again; one that goes on for a second is killed
 * with its process.
 *
 * Runs in the rule server and the interpreter processes.
 */
#include "model/clock.h"
#include "python/embedding.h"

#include <assert.h>

/* Nanoseconds for showing an exception. */
#define DEFERMENT INT64_C(300000000)

/* Takes the place of the pulse where no other process enforces limits. */
static struct lp_pulse unused_pulse;
static struct {
	PyObject *exception; /* the class TimeLimit */
	int64_t defer_until; /* monotonic nanoseconds */
	bool interrupted;
	struct lp_arena *arena;
	const char *calls; /* that were interrupted */
} limit;

static struct lp_pulse *get_pulse(void)
{
	struct lp_pulse *pulse = lp_python_options()->pulse;

	return pulse == NULL ? &unused_pulse : pulse;
}

/* Writes the calls that are going on as a traceback does; NULL where that fails. */
static const char *format_calls(struct lp_arena *arena)
{
	PyObject *traceback = PyImport_ImportModule("traceback");
	PyObject *lines = traceback == NULL ? NULL : PyObject_CallMethod(traceback, "format_stack", NULL);
	PyObject *empty = lines == NULL ? NULL : PyUnicode_FromString("");
	PyObject *joined = empty == NULL ? NULL : PyUnicode_Join(empty, lines);
	PyObject *bytes = joined == NULL ? NULL : PyUnicode_AsEncodedString(joined, "utf-8", "backslashreplace");
	const char *text = NULL;

	if (bytes != NULL)
		text = lp_arena_copy(arena, PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes));
	else
		PyErr_Clear();
	Py_XDECREF(bytes);
	Py_XDECREF(joined);
	Py_XDECREF(empty);
	Py_XDECREF(lines);
	Py_XDECREF(traceback);
	return text;
}

/* Handles the signal, between two bytecodes of the rule, or in a function of C that looks for signals. */
static PyObject *interrupt_task(PyObject *module, PyObject *arguments)
{
	struct lp_pulse *pulse = get_pulse();
	uint64_t sequence = atomic_load_explicit(&pulse->sequence, memory_order_relaxed);

	(void)module;
	(void)arguments;
	if (sequence % 2 == 0 || atomic_load(&pulse->interrupt) != sequence || lp_monotonic() < limit.defer_until)
		Py_RETURN_NONE;
	if (!limit.interrupted) {
		limit.interrupted = true;
		/* A repeated signal would interrupt the formatting.  Whether that takes too long the other process decides. */
		limit.defer_until = INT64_MAX;
		if (limit.arena != NULL)
			limit.calls = format_calls(limit.arena);
		limit.defer_until = 0;
	}
	PyErr_SetString(limit.exception, "the time limit has passed");
	return NULL;
}

bool lp_limit_prepare(void)
{
	static PyMethodDef method = { "interrupt_task", interrupt_task, METH_VARARGS, NULL };
	PyObject *signals = PyImport_ImportModule("_signal"), *handler, *before = NULL;

	limit.exception = PyErr_NewExceptionWithDoc(
		"local_processing.TimeLimit",
		"The rule is still running after its time limit.  Do not catch it: it comes again.",
		PyExc_BaseException, NULL);
	handler = limit.exception == NULL ? NULL : PyCFunction_New(&method, NULL);
	if (signals != NULL && handler != NULL)
		before = PyObject_CallMethod(signals, "signal", "iO", LP_PYTHON_SIGNAL_INTERRUPT, handler);
	Py_XDECREF(handler);
	Py_XDECREF(signals);
	Py_XDECREF(before);
	return before != NULL;
}

void lp_limit_begin(uint32_t index, struct lp_arena *arena)
{
	struct lp_pulse *pulse = get_pulse();
	uint64_t sequence = atomic_load_explicit(&pulse->sequence, memory_order_relaxed);

	assert(sequence % 2 == 0);
	limit.defer_until = 0;
	limit.interrupted = false;
	limit.arena = arena;
	limit.calls = NULL;
	atomic_store_explicit(&pulse->index, index, memory_order_relaxed);
	atomic_store_explicit(&pulse->start, lp_monotonic(), memory_order_relaxed);
	/* Released: a reader that sees the new number sees index and start of this task, or of a later one. */
	atomic_store_explicit(&pulse->sequence, sequence + 1, memory_order_release);
}

bool lp_limit_end(const char **calls)
{
	struct lp_pulse *pulse = get_pulse();
	uint64_t sequence = atomic_load_explicit(&pulse->sequence, memory_order_relaxed);

	assert(sequence % 2 == 1);
	atomic_store_explicit(&pulse->sequence, sequence + 1, memory_order_release);
	*calls = limit.calls;
	return limit.interrupted;
}

void lp_limit_defer(void)
{
	if (limit.interrupted)
		limit.defer_until = lp_monotonic() + DEFERMENT;
}
