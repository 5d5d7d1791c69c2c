/*
 * Leftovers of the whole process: locale, environment, directory, signals, timers,
 * limits, descriptors, threads.  The baseline is taken once
 * (lp_leftovers_keep_process) or, where that would cost system calls at every
 * start, by the wrapped functions before the first change (leftovers_libc.c).
 *
 * Runs in an interpreter process, in the thread that calls rules, with the GIL
 * held.
 */
#include "python/internals_3_13.h"
#include "python/leftovers_parts.h"

#include "model/memory.h"

#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Milliseconds that a thread has to end by itself; descriptors that one poll() looks at. */
enum { THREAD_LIMIT = 50, DESCRIPTORS_AT_ONCE = 256 };

struct identity {
	int priority, policy;
	pid_t group, session;
	cpu_set_t processors;
};

static struct {
	char *locale, *directory;
	char **environment;     /* ends with NULL */
	PyObject *environ_data; /* a copy of os.environ's dict, or NULL while os is not loaded */
	PyObject *handlers[LP_SIGNALS];
	sigset_t mask;
	struct identity identity;
} baseline;

#define record lp_libc_record

/* Locale. */

static void keep_locale(void)
{
	free(baseline.locale);
	baseline.locale = lp_copy_text(setlocale(LC_ALL, NULL));
}

static void put_back_locale(struct lp_leftovers *leftovers)
{
	if (strcmp(setlocale(LC_ALL, NULL), baseline.locale) == 0)
		return;
	lp_leftovers_add(leftovers, "the locale");
	if (setlocale(LC_ALL, baseline.locale) == NULL)
		leftovers->replace = true;
}

/* Environment: libc's, and os.environ, which is a dict that stands before it. */

static size_t count_variables(char **variables)
{
	size_t count = 0;

	while (variables != NULL && variables[count] != NULL)
		count++;
	return count;
}

static PyObject *get_environ_data(PyObject *os)
{
	PyObject *environment = os == NULL ? NULL : PyObject_GetAttrString(os, "environ");
	PyObject *data = environment == NULL ? NULL : PyObject_GetAttrString(environment, "_data");

	Py_XDECREF(environment);
	PyErr_Clear();
	return data;
}

void lp_leftovers_keep_environ(PyObject *os)
{
	PyObject *data = get_environ_data(os);

	Py_XSETREF(baseline.environ_data, data == NULL ? NULL : PyDict_Copy(data));
	Py_XDECREF(data);
	PyErr_Clear();
}

static void keep_environment(void)
{
	size_t count = count_variables(environ);

	for (char **variable = baseline.environment; variable != NULL && *variable != NULL; variable++)
		free(*variable);
	free((void *)baseline.environment);
	baseline.environment = lp_allocate((count + 1) * sizeof *baseline.environment);
	for (size_t i = 0; i < count; i++)
		baseline.environment[i] = lp_copy_text(environ[i]);
	baseline.environment[count] = NULL;
}

/* Finds the first variable that the others do not have, or not with this value; NULL: there is none. */
static const char *find_difference(char **variables, char **others)
{
	for (size_t i = 0; variables != NULL && variables[i] != NULL; i++) {
		bool same = false;

		for (size_t k = 0; others != NULL && others[k] != NULL && !same; k++)
			same = strcmp(variables[i], others[k]) == 0;
		if (!same)
			return variables[i];
	}
	return NULL;
}

static void set_environment(void)
{
	clearenv();
	for (size_t i = 0; baseline.environment[i] != NULL; i++) {
		char *name = lp_copy_text(baseline.environment[i]), *equals = strchr(name, '=');

		if (equals != NULL) {
			*equals = '\0';
			setenv(name, equals + 1, 1);
		}
		free(name);
	}
}

/* Puts os.environ's own dict back.  Returns true if it was changed. */
static bool put_back_environ_data(void)
{
	PyObject *data = baseline.environ_data == NULL ? NULL : get_environ_data(lp_find_module("os"));
	bool differs = data != NULL && PyDict_CheckExact(data) &&
	               PyObject_RichCompareBool(data, baseline.environ_data, Py_EQ) == 0;

	if (differs) {
		PyDict_Clear(data);
		PyDict_Update(data, baseline.environ_data);
	}
	PyErr_Clear();
	Py_XDECREF(data);
	return differs;
}

static void put_back_environment(struct lp_leftovers *leftovers)
{
	const char *variable = find_difference(environ, baseline.environment);
	bool data_differs = put_back_environ_data();

	if (variable == NULL)
		variable = find_difference(baseline.environment, environ);
	if (variable != NULL) {
		lp_leftovers_add(leftovers, "the environment variable %.*s", (int)strcspn(variable, "="), variable);
		set_environment();
	} else if (data_differs) {
		lp_leftovers_add(leftovers, "os.environ");
	}
}

/* Makes libc and the module time read TZ anew, because they keep the zone that it named before. */
static void put_back_time_zone(void)
{
	PyObject *module = lp_find_module("time");
	PyObject *result = module == NULL ? NULL : PyObject_CallMethod(module, "tzset", NULL);

	tzset();
	PyErr_Clear();
	Py_XDECREF(result);
}

/* Directory and mask of new files. */

static void keep_directory(void)
{
	free(baseline.directory);
	baseline.directory = getcwd(NULL, 0);
}

static void put_back_directory(struct lp_leftovers *leftovers)
{
	char *now = getcwd(NULL, 0);

	if (now == NULL || baseline.directory == NULL || strcmp(now, baseline.directory) != 0) {
		lp_leftovers_add(leftovers, "the working directory");
		if (baseline.directory == NULL || chdir(baseline.directory) != 0)
			leftovers->replace = true;
	}
	free(now);
}

static void put_back_umask(struct lp_leftovers *leftovers)
{
	if (umask(record.mask) != record.mask)
		lp_leftovers_add(leftovers, "the umask");
}

/* Signals: libc's action, and what Python's own handler calls. */

static bool is_same_action(const struct sigaction *one, const struct sigaction *other)
{
	/* Flags count only where there is a handler, because Python sets some that libc does not. */
	return one->sa_handler == other->sa_handler &&
	       (one->sa_handler == SIG_DFL || one->sa_handler == SIG_IGN ||
	        (one->sa_flags == other->sa_flags && memcmp(&one->sa_mask, &other->sa_mask, _NSIG / 8) == 0));
}

static void keep_signals(void)
{
	record.signals = 0;
	record.has_stack = false;
	for (int i = 1; i < LP_SIGNALS; i++)
		Py_XSETREF(baseline.handlers[i], Py_XNewRef(lp_internals_signal_handler(i)));
	sigemptyset(&baseline.mask);
	pthread_sigmask(SIG_SETMASK, NULL, &baseline.mask);
}

static void put_back_signal(struct lp_leftovers *leftovers, int number)
{
	const struct sigaction *was = &record.actions[number];
	const char *name = sigabbrev_np(number);
	struct sigaction now;
	bool differs = lp_internals_set_signal_handler(number, baseline.handlers[number], was->sa_handler);

	if (sigaction(number, NULL, &now) != 0 || !is_same_action(&now, was)) {
		differs = true;
		if (sigaction(number, was, NULL) != 0)
			leftovers->replace = true;
	}
	if (differs && name != NULL)
		lp_leftovers_add(leftovers, "the handler of SIG%s", name);
	else if (differs)
		lp_leftovers_add(leftovers, "the handler of signal %d", number);
}

static void put_back_signals(struct lp_leftovers *leftovers)
{
	for (int i = 1; i < LP_SIGNALS; i++)
		if ((record.signals & UINT64_C(1) << (i - 1)) != 0)
			put_back_signal(leftovers, i);
	if (record.has_stack)
		sigaltstack(&record.stack, NULL);
	record.signals = 0;
	record.has_stack = false;
}

static void put_back_signal_mask(struct lp_leftovers *leftovers)
{
	sigset_t now;

	sigemptyset(&now);
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	if (memcmp(&now, &baseline.mask, _NSIG / 8) == 0)
		return;
	lp_leftovers_add(leftovers, "the signal mask");
	if (pthread_sigmask(SIG_SETMASK, &baseline.mask, NULL) != 0)
		leftovers->replace = true;
}

static void put_back_timers(struct lp_leftovers *leftovers)
{
	static const __itimer_which_t timers[] = { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF };
	bool running = false;

	for (size_t i = 0; i < sizeof timers / sizeof *timers; i++) {
		const struct itimerval none = { 0 };
		struct itimerval old = { 0 };

		setitimer(timers[i], &none, &old);
		running = running || old.it_value.tv_sec != 0 || old.it_value.tv_usec != 0;
	}
	if (running)
		lp_leftovers_add(leftovers, "a timer");
}

/* Limits and identity, which an ordinary user mostly cannot put back. */

static void put_back_limits(struct lp_leftovers *leftovers)
{
	bool differs = false;

	for (int i = 0; record.has_limits && i < RLIM_NLIMITS; i++) {
		struct rlimit64 now;

		if (getrlimit64((__rlimit_resource_t)i, &now) != 0 ||
		    (now.rlim_cur == record.limits[i].rlim_cur && now.rlim_max == record.limits[i].rlim_max))
			continue;
		differs = true;
		if (setrlimit64((__rlimit_resource_t)i, &record.limits[i]) != 0)
			leftovers->replace = true;
	}
	if (differs)
		lp_leftovers_add(leftovers, "a limit of the process");
}

static void read_identity(struct identity *identity)
{
	memset(identity, 0, sizeof *identity);
	sched_getaffinity(0, sizeof identity->processors, &identity->processors);
	identity->priority = getpriority(PRIO_PROCESS, 0);
	identity->policy = sched_getscheduler(0);
	identity->group = getpgrp();
	identity->session = getsid(0);
}

static void put_back_identity(struct lp_leftovers *leftovers)
{
	const struct identity *was = &baseline.identity;
	struct identity now;

	read_identity(&now);
	if (now.priority != was->priority || now.policy != was->policy) {
		lp_leftovers_add(leftovers, "the priority of the process");
		leftovers->replace = true;
	}
	if (now.group != was->group || now.session != was->session) {
		lp_leftovers_add(leftovers, "the group of the process");
		leftovers->replace = true;
	}
	if (memcmp(&now.processors, &was->processors, sizeof now.processors) != 0) {
		lp_leftovers_add(leftovers, "the processors of the process");
		if (sched_setaffinity(0, sizeof was->processors, &was->processors) != 0)
			leftovers->replace = true;
	}
}

/* Descriptors.  poll() tells which of many are open, without /proc. */

static bool is_guarded(int descriptor)
{
	return descriptor < LP_GUARDED_MOST && (record.guarded[descriptor / 64] >> descriptor % 64 & 1) != 0;
}

/* Calls function for each open one from first to last. */
static void each_open(int first, int last, void (*function)(int descriptor, void *context), void *context)
{
	struct pollfd polled[DESCRIPTORS_AT_ONCE];

	for (int begin = first; begin <= last; begin += DESCRIPTORS_AT_ONCE) {
		int count = last - begin + 1 < DESCRIPTORS_AT_ONCE ? last - begin + 1 : DESCRIPTORS_AT_ONCE;

		for (int i = 0; i < count; i++)
			polled[i] = (struct pollfd){ .fd = begin + i };
		if (poll(polled, (nfds_t)count, 0) < 0)
			return;
		for (int i = 0; i < count; i++)
			if ((polled[i].revents & POLLNVAL) == 0)
				function(begin + i, context);
	}
}

static void guard(int descriptor, void *context)
{
	(void)context;
	record.guarded[descriptor / 64] |= UINT64_C(1) << descriptor % 64;
}

static void take_first(int descriptor, void *context)
{
	int *first = context;

	if (*first < 0 && !is_guarded(descriptor))
		*first = descriptor;
}

/* Finds a descriptor that is open and not the program's own; -1: there is none. */
static int find_rest(int highest)
{
	int descriptor = -1;

	each_open(0, highest, take_first, &descriptor);
	return descriptor;
}

static const char *describe_kind(int descriptor)
{
	struct stat status;

	if (fstat(descriptor, &status) != 0)
		return "an open descriptor";
	if (S_ISSOCK(status.st_mode))
		return "an open socket";
	if (S_ISFIFO(status.st_mode))
		return "an open pipe";
	if (S_ISDIR(status.st_mode))
		return "an open directory";
	return S_ISREG(status.st_mode) || S_ISCHR(status.st_mode) ? "an open file" : "an open descriptor";
}

static void check_descriptors(struct lp_leftovers *leftovers)
{
	int highest = atomic_exchange(&record.highest_descriptor, -1);
	int descriptor = find_rest(highest);

	/* A file in a cycle of objects is closed when the cycle is freed. */
	if (descriptor >= 0) {
		PyGC_Collect();
		descriptor = find_rest(highest);
	}
	if (descriptor >= 0) {
		lp_leftovers_add(leftovers, "%s", describe_kind(descriptor));
		leftovers->replace = true;
	}
}

static void keep_descriptors(void)
{
	struct rlimit limit;
	int most = LP_GUARDED_MOST;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < (rlim_t)most)
		most = (int)limit.rlim_cur;
	memset(record.guarded, 0, sizeof record.guarded);
	each_open(0, most - 1, guard, NULL);
	atomic_store(&record.highest_descriptor, -1);
}

/* Waits a moment, without the GIL, because a thread may be about to end. */
void lp_leftovers_check_threads(struct lp_leftovers *leftovers)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	if (atomic_load(&record.threads) == 0)
		return;
	Py_BEGIN_ALLOW_THREADS;
	for (int i = 0; i < THREAD_LIMIT && atomic_load(&record.threads) > 0; i++)
		nanosleep(&moment, NULL);
	Py_END_ALLOW_THREADS;
	if (atomic_load(&record.threads) == 0)
		return;
	lp_leftovers_add(leftovers, "a thread that still runs");
	leftovers->replace = true;
}

void lp_leftovers_keep_process(void)
{
	/* A forked process has no threads of the old one. */
	if (record.process != getpid())
		atomic_store(&record.threads, 0);
	record.process = getpid();
	record.has_mask = record.has_limits = false;
	keep_locale();
	keep_environment();
	keep_directory();
	keep_signals();
	read_identity(&baseline.identity);
	keep_descriptors();
}

void lp_leftovers_put_back_process(struct lp_leftovers *leftovers, unsigned changes)
{
	static const struct {
		unsigned change;
		void (*put_back)(struct lp_leftovers *leftovers);
	} parts[] = {
		{ LP_CHANGE_TIMERS, put_back_timers },
		{ LP_CHANGE_SIGNALS, put_back_signals },
		{ LP_CHANGE_SIGNAL_MASK, put_back_signal_mask },
		{ LP_CHANGE_LOCALE, put_back_locale },
		{ LP_CHANGE_ENVIRONMENT, put_back_environment },
		{ LP_CHANGE_DIRECTORY, put_back_directory },
		{ LP_CHANGE_UMASK, put_back_umask },
		{ LP_CHANGE_LIMITS, put_back_limits },
		{ LP_CHANGE_IDENTITY, put_back_identity },
		{ LP_CHANGE_DESCRIPTORS, check_descriptors },
	};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if ((changes & parts[i].change) != 0)
			parts[i].put_back(leftovers);
	if ((changes & (LP_CHANGE_ENVIRONMENT | LP_CHANGE_TIME_ZONE)) != 0)
		put_back_time_zone();
	record.has_mask = record.has_limits = false;
}
