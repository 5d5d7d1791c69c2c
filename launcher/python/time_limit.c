/*
 * Time limits: how whoever keeps the time from outside ends a rule.
 *
 * Each task has a sequence number.  When its time is over that number is written
 * beside it, and a signal sent, whose handler is Python's: `time.sleep`, regular
 * expressions, long integers, locks and reads look for signals, and between two
 * bytecodes Python does.  The handler raises TimeLimit if the number is still
 * that of the task under way, so a signal that comes too late does nothing.
 *
 * TimeLimit is a BaseException: `except Exception` lets it through.  A rule that
 * swallows it is sent the signal again, and what does not end within a second
 * ends with its process.
 *
 * Runs in the rule server and the interpreter processes.
 */
#include "model/clock.h"
#include "python/embedding.h"

#include <assert.h>

/* For showing what was raised. */
#define GRACE INT64_C(300000000)

static struct lp_pulse nobodys;
static struct {
	PyObject *exception; /* the class TimeLimit */
	int64_t grace;       /* until then no interruption */
	bool interrupted;
	struct lp_arena *arena;
	const char *where;
} limit;

static struct lp_pulse *pulse_of_process(void)
{
	struct lp_pulse *pulse = lp_python_options()->pulse;

	return pulse == NULL ? &nobodys : pulse;
}

/* The calls that are going on, as a traceback shows them.  NULL where even that can't be done. */
static const char *current_calls(struct lp_arena *arena)
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

/* The signal's handler: amid the rule's bytecode, or in a call of C that looks for signals. */
static PyObject *time_is_over(PyObject *module, PyObject *arguments)
{
	struct lp_pulse *pulse = pulse_of_process();
	uint64_t sequence = atomic_load_explicit(&pulse->sequence, memory_order_relaxed);

	(void)module;
	(void)arguments;
	if (sequence % 2 == 0 || atomic_load(&pulse->asked) != sequence || lp_monotonic() < limit.grace)
		Py_RETURN_NONE;
	if (!limit.interrupted) {
		limit.interrupted = true;
		/* Who is asked again while it tells where it is would tell nothing: who asks has its own patience. */
		limit.grace = INT64_MAX;
		if (limit.arena != NULL)
			limit.where = current_calls(limit.arena);
		limit.grace = 0;
	}
	PyErr_SetString(limit.exception, "the time limit has passed");
	return NULL;
}

bool lp_limit_prepare(struct lp_error *error)
{
	static PyMethodDef method = { "time_is_over", time_is_over, METH_VARARGS, NULL };
	PyObject *signals = PyImport_ImportModule("_signal"), *handler, *before = NULL;

	limit.exception = PyErr_NewExceptionWithDoc(
		"local_processing.TimeLimit",
		"The rule is still running after its time limit.  Do not catch it: it comes again.",
		PyExc_BaseException, NULL);
	handler = limit.exception == NULL ? NULL : PyCFunction_New(&method, NULL);
	if (signals != NULL && handler != NULL)
		before = PyObject_CallMethod(signals, "signal", "iO", LP_PYTHON_SIGNAL, handler);
	Py_XDECREF(handler);
	Py_XDECREF(signals);
	if (before == NULL)
		return lp_python_fail(error, "cannot prepare the time limit of rules");
	Py_DECREF(before);
	return true;
}

void lp_limit_begin(uint32_t index, struct lp_arena *arena)
{
	struct lp_pulse *pulse = pulse_of_process();
	uint64_t sequence = atomic_load_explicit(&pulse->sequence, memory_order_relaxed);

	assert(sequence % 2 == 0);
	limit.grace = 0;
	limit.interrupted = false;
	limit.arena = arena;
	limit.where = NULL;
	atomic_store_explicit(&pulse->index, index, memory_order_relaxed);
	atomic_store_explicit(&pulse->start, lp_monotonic(), memory_order_relaxed);
	/* Who sees the new number sees what belongs to it, or to a later one. */
	atomic_store_explicit(&pulse->sequence, sequence + 1, memory_order_release);
}

bool lp_limit_end(const char **where)
{
	struct lp_pulse *pulse = pulse_of_process();
	uint64_t sequence = atomic_load_explicit(&pulse->sequence, memory_order_relaxed);

	assert(sequence % 2 == 1);
	atomic_store_explicit(&pulse->sequence, sequence + 1, memory_order_release);
	*where = limit.where;
	return limit.interrupted;
}

void lp_limit_grace(void)
{
	if (limit.interrupted)
		limit.grace = lp_monotonic() + GRACE;
}
