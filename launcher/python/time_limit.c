/*
 * Time limits: how the watchdog interrupts a rule without the worker's GIL.
 *
 * Each task has a sequence number.  The watchdog queues a pending call with
 * that number as its argument; the worker runs it between two bytecodes, and
 * it raises TimeLimit if the number is still that of the task under way.  So a
 * call that comes too late does nothing, whatever the rule did meanwhile.
 *
 * TimeLimit is a BaseException: `except Exception` lets it through.  A rule
 * that swallows it nevertheless is asked again, and after a second the call
 * queues itself anew each time before it raises, so that there is no place
 * left where the rule could go on.
 */
#include "model/clock.h"
#include "python/embedding.h"
#include "python/internals_3_13.h"

#include <assert.h>

/* The watchdog asks again after this long, */
#define ASK_AGAIN INT64_C(500000000)
/* and gives no rest after this long: a `finally` has had its time. */
#define INSIST INT64_C(1000000000)
#define GRACE  INT64_C(1000000000)

struct lp_worker_limit {
	/* Odd: a task is under way; the worker writes, the watchdog reads. */
	_Atomic uint64_t sequence;
	_Atomic int64_t deadline; /* of CLOCK_MONOTONIC, nanoseconds; INT64_MAX: none */

	/* The worker's own. */
	int64_t grace; /* until then no interruption */
	enum lp_interruption interrupted;
	const char *where;
	PyObject *exception; /* the class TimeLimit */

	/* The watchdog's own: the task it has asked to end, first and last time. */
	uint64_t asked;
	int64_t asked_first, asked_last;
};

/* The argument of a pending call: sequence << 2 | insist << 1 | stop. */
enum { ASK_STOP = 1, ASK_INSIST = 2, ASK_BITS = 2 };

struct lp_worker_limit *lp_limit_new(void)
{
	struct lp_worker_limit *limit = lp_allocate(sizeof *limit);

	atomic_init(&limit->sequence, 0);
	atomic_init(&limit->deadline, INT64_MAX);
	return limit;
}

bool lp_limit_prepare(struct lp_python_worker *worker)
{
	worker->limit->exception = PyErr_NewExceptionWithDoc(
		"local_processing.TimeLimit",
		"The rule is still running after its time limit.  Do not catch it: it comes again.",
		PyExc_BaseException, NULL);
	return worker->limit->exception != NULL;
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

/* The pending call: runs in the worker's thread, with its GIL, amid the rule's bytecode. */
static int interrupt(void *argument)
{
	uintptr_t asked = (uintptr_t)argument;
	struct lp_python_worker *worker = lp_worker_current();
	struct lp_worker_limit *limit;
	enum lp_interruption reason = asked & ASK_STOP ? LP_INTERRUPTION_STOP : LP_INTERRUPTION_TIME_LIMIT;

	if (worker == NULL)
		return 0;
	limit = worker->limit;
	if (atomic_load_explicit(&limit->sequence, memory_order_relaxed) != (uint64_t)asked >> ASK_BITS)
		return 0;
	if (lp_monotonic() < limit->grace)
		return 0;

	if (limit->interrupted == LP_INTERRUPTION_NONE) {
		limit->interrupted = reason;
		if (worker->batch != NULL)
			limit->where = current_calls(&worker->batch->arena);
	}
	if (asked & ASK_INSIST)
		(void)lp_internals_interrupt(worker->interpreter, interrupt, argument);
	PyErr_SetString(limit->exception,
	                reason == LP_INTERRUPTION_STOP ? "the run is being stopped" : "the time limit has passed");
	return -1;
}

void lp_limit_begin(struct lp_python_worker *worker, int64_t time_limit)
{
	struct lp_worker_limit *limit = worker->limit;
	uint64_t sequence = atomic_load_explicit(&limit->sequence, memory_order_relaxed);

	assert(sequence % 2 == 0);
	limit->grace = 0;
	limit->interrupted = LP_INTERRUPTION_NONE;
	limit->where = NULL;
	atomic_store_explicit(&limit->deadline, time_limit == 0 ? INT64_MAX : lp_monotonic() + time_limit * 1000,
	                      memory_order_relaxed);
	/* Who sees the new number sees the deadline that belongs to it, or a later one. */
	atomic_store_explicit(&limit->sequence, sequence + 1, memory_order_release);
}

enum lp_interruption lp_limit_end(struct lp_python_worker *worker, const char **where)
{
	struct lp_worker_limit *limit = worker->limit;
	uint64_t sequence = atomic_load_explicit(&limit->sequence, memory_order_relaxed);

	assert(sequence % 2 == 1);
	atomic_store_explicit(&limit->sequence, sequence + 1, memory_order_release);
	*where = limit->where;
	return limit->interrupted;
}

void lp_limit_grace(struct lp_python_worker *worker)
{
	struct lp_worker_limit *limit = worker->limit;

	if (limit->interrupted != LP_INTERRUPTION_NONE)
		limit->grace = lp_monotonic() + GRACE;
}

void lp_python_worker_watch(struct lp_python_worker *worker, bool stop)
{
	struct lp_worker_limit *limit;
	uint64_t sequence;
	int64_t now = lp_monotonic(), deadline;
	uintptr_t asked;

	LP_CHECK_WORKER(worker);
	limit = worker->limit;
	sequence = atomic_load_explicit(&limit->sequence, memory_order_acquire);
	deadline = atomic_load_explicit(&limit->deadline, memory_order_relaxed);
	if (sequence % 2 == 0 || (!stop && now < deadline))
		return;
	if (limit->asked != sequence) {
		limit->asked = sequence;
		limit->asked_first = now;
	} else if (now - limit->asked_last < ASK_AGAIN) {
		return;
	}
	limit->asked_last = now;
	asked = (uintptr_t)(sequence << ASK_BITS);
	if (stop)
		asked |= ASK_STOP;
	if (now - limit->asked_first >= INSIST)
		asked |= ASK_INSIST;
	/* A full queue means that the worker is stuck in C and has been asked often enough. */
	(void)lp_internals_interrupt(worker->interpreter, interrupt, (void *)asked);
}
