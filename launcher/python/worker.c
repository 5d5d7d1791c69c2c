/*
 * A worker: one thread with one interpreter and a GIL of its own, made once
 * and kept for the process's life (destroying one leaks, and making it anew
 * takes as long as a thousand calculations).
 */
#include "python/embedding.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

/* CPython creates interpreters one at a time. */
static pthread_mutex_t creation = PTHREAD_MUTEX_INITIALIZER;

/* Of this thread.  The crash handler needs it, and code called by Python, which can be given nothing. */
static _Thread_local struct lp_python_worker *current;

struct lp_python_worker *lp_worker_current(void)
{
	return current;
}

/* In the new interpreter, with its GIL. */
static bool prepare(struct lp_python_worker *worker, struct lp_error *error)
{
	if (!lp_limit_prepare(worker))
		return lp_runtime_fail(error, "cannot prepare a worker's interpreter");
	return lp_runtime_call_hook("install", Py_NewRef(Py_True), error) && lp_worker_load_rules(worker, error);
}

bool lp_python_worker_open(struct lp_python_worker **opened, struct lp_error *error)
{
	const PyInterpreterConfig config = {
		.use_main_obmalloc = 0,
		.allow_fork = 0,
		.allow_exec = 0,
		/* A thread of a rule's would outlive its calculation, and crash at the end of the process. */
		.allow_threads = 0,
		.allow_daemon_threads = 0,
		.check_multi_interp_extensions = 1,
		.gil = PyInterpreterConfig_OWN_GIL,
	};
	struct lp_python_worker *worker = lp_allocate(sizeof *worker);
	PyStatus status;
	bool prepared;

	worker->magic = LP_PYTHON_WORKER_MAGIC;
	worker->limit = lp_limit_new();
	lp_crash_stack();

	pthread_mutex_lock(&creation);
	status = Py_NewInterpreterFromConfig(&worker->thread, &config);
	if (PyStatus_Exception(status)) {
		pthread_mutex_unlock(&creation);
		return lp_fail(error, LP_EXIT_INTERNAL, "cannot create a worker's interpreter: %s", status.err_msg);
	}
	worker->interpreter = PyThreadState_GetInterpreter(worker->thread);
	current = worker;
	prepared = prepare(worker, error);
	/* Kept for this thread: making a thread state for every batch would cost more than the batch. */
	(void)PyEval_SaveThread();
	pthread_mutex_unlock(&creation);
	if (!prepared)
		return false;
	*opened = worker;
	return true;
}

/* The rule was interrupted at its time limit: whatever it made of that, this is its outcome. */
static void set_timed_out(struct lp_batch *batch, struct lp_task *task, int64_t limit, const char *where)
{
	struct lp_outcome *outcome = &task->outcome;
	char text[96];
	size_t room;
	char *traceback;

	snprintf(text, sizeof text, "still running after its time limit of %g s", (double)limit / 1e6);
	outcome->state = LP_STATE_TIMED_OUT;
	outcome->results = NULL;
	outcome->result_count = 0;
	outcome->error_type = "TimeLimit";
	outcome->error_message = lp_arena_text(&batch->arena, text);
	if (where == NULL)
		where = "";
	room = strlen(where) + strlen(text) + 64;
	traceback = lp_arena_allocate(&batch->arena, room);
	snprintf(traceback, room, "Traceback (most recent call last):\n%sTimeLimit: %s", where, text);
	outcome->error_traceback = traceback;
}

/* False: the run is being stopped, and the task stays owed. */
static bool compute_task(struct lp_python_worker *worker, struct lp_batch *batch, struct lp_task *task)
{
	int64_t limit = batch->calculations[task->calculation].time_limit;
	enum lp_interruption interrupted;
	const char *where;

	if (task->decided)
		return true;
	if (limit == 0)
		limit = lp_python_options()->time_limit;
	worker->batch = batch;
	worker->task = task;
	lp_limit_begin(worker, limit);
	lp_worker_compute_task(worker, batch, task);
	assert(!PyErr_Occurred());
	interrupted = lp_limit_end(worker, &where);
	worker->batch = NULL;
	worker->task = NULL;
	if (interrupted == LP_INTERRUPTION_TIME_LIMIT)
		set_timed_out(batch, task, limit, where);
	return interrupted != LP_INTERRUPTION_STOP;
}

void lp_python_compute(struct lp_python_worker *worker, struct lp_batch *batch, const atomic_bool *stop)
{
	size_t computed = atomic_load_explicit(&batch->computed, memory_order_relaxed);

	LP_CHECK_WORKER(worker);
	LP_CHECK_BATCH(batch);
	assert(current == worker);
	PyEval_RestoreThread(worker->thread);
	while (computed < batch->task_count && !atomic_load_explicit(stop, memory_order_relaxed) &&
	       compute_task(worker, batch, &batch->tasks[computed]))
		/* Who sees the new count sees the outcomes. */
		atomic_store_explicit(&batch->computed, ++computed, memory_order_release);
	(void)PyEval_SaveThread();
}
