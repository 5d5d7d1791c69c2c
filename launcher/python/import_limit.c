/*
 * A module of rules that does not come to an end while it is imported would
 * stop the whole program, before there is any worker with a time limit.  So
 * imports in the main interpreter have one, kept by a thread of its own.
 */
#include "python/embedding.h"
#include "python/internals_3_13.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

/* The main thread's own: how many imports there were, and whether one is going on. */
static struct {
	uintptr_t number;
	bool going_on;
	int limit; /* seconds */
	PyObject *exception;
} imports;

/* One import, for the thread that keeps the time. */
struct watch {
	pthread_mutex_t lock;
	pthread_cond_t ended_changed;
	bool ended;
	uintptr_t number;
	struct timespec deadline;
};

/* A pending call of the main thread, number << 1 | insist. */
static int interrupt(void *argument)
{
	uintptr_t asked = (uintptr_t)argument;

	if (!imports.going_on || imports.number != asked >> 1)
		return 0;
	if ((asked & 1) != 0)
		(void)lp_internals_interrupt(PyInterpreterState_Main(), interrupt, argument);
	PyErr_Format(imports.exception, "still being imported after %d s", imports.limit);
	return -1;
}

/*
 * Asks once, so that the import system can tidy up behind the module, and
 * after a second without any rest: the module has swallowed the exception.
 */
static void *keep_time(void *argument)
{
	struct watch *watch = argument;

	pthread_mutex_lock(&watch->lock);
	for (uintptr_t insist = 0; insist <= 1; insist++) {
		int waited = 0;

		while (!watch->ended && waited != ETIMEDOUT)
			waited = pthread_cond_timedwait(&watch->ended_changed, &watch->lock, &watch->deadline);
		if (watch->ended)
			break;
		(void)lp_internals_interrupt(PyInterpreterState_Main(), interrupt,
		                             (void *)(watch->number << 1 | insist));
		watch->deadline.tv_sec++;
	}
	pthread_mutex_unlock(&watch->lock);
	return NULL;
}

static bool start_watch(struct watch *watch, pthread_t *thread)
{
	pthread_condattr_t attributes;
	sigset_t all, before;
	bool started;

	pthread_mutex_init(&watch->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&watch->ended_changed, &attributes);
	pthread_condattr_destroy(&attributes);
	watch->ended = false;
	watch->number = imports.number;
	clock_gettime(CLOCK_MONOTONIC, &watch->deadline);
	watch->deadline.tv_sec += imports.limit;

	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = pthread_create(thread, NULL, keep_time, watch) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

static void end_watch(struct watch *watch, pthread_t thread)
{
	pthread_mutex_lock(&watch->lock);
	watch->ended = true;
	pthread_cond_signal(&watch->ended_changed);
	pthread_mutex_unlock(&watch->lock);
	pthread_join(thread, NULL);
	pthread_cond_destroy(&watch->ended_changed);
	pthread_mutex_destroy(&watch->lock);
}

PyObject *lp_import_limited(const char *name, int limit)
{
	struct watch watch;
	pthread_t thread;
	PyObject *module;
	bool watched;

	assert(PyInterpreterState_Get() == PyInterpreterState_Main() && !imports.going_on);
	if (imports.exception == NULL)
		imports.exception = PyErr_NewException("local_processing.TimeLimit", PyExc_BaseException, NULL);
	if (imports.exception == NULL)
		return NULL;
	imports.number++;
	imports.limit = limit;
	imports.going_on = true;
	watched = start_watch(&watch, &thread);
	module = PyImport_ImportModule(name);
	imports.going_on = false;
	if (watched)
		end_watch(&watch, thread);
	return module;
}
