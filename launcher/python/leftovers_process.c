/*
 * What belongs to the whole process and a rule may have changed: locale,
 * environment, directory, signals, timers, limits, descriptors, threads.  How
 * it was is taken once (lp_process_keep) or, where that would cost system calls
 * at every start, by the wrapped functions before the first change
 * (leftovers_libc.c).
 *
 * Runs in an interpreter process, in the thread that calls rules, GIL held.
 */
#include "python/internals_3_13.h"
#include "python/leftovers_parts.h"

#include "model/memory.h"

#include <errno.h>
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

/* What a thread that is about to end is given, in milliseconds. */
enum { THREAD_GRACE = 50 };
enum { DESCRIPTORS_AT_ONCE = 256 };

static struct {
	char *locale, *directory;
	char **environment;     /* ends with NULL */
	PyObject *environ_data; /* a copy of os.environ's dict, or NULL while os is not loaded */
	PyObject *handlers[LP_SIGNALS];
	sigset_t mask;
	int priority, policy;
	pid_t group, session;
	cpu_set_t processors;
} kept;

#define record lp_libc_record

/* Locale. */

static void keep_locale(void)
{
	free(kept.locale);
	kept.locale = lp_copy_text(setlocale(LC_ALL, NULL));
}

static void put_back_locale(struct lp_leftovers *found)
{
	if (strcmp(setlocale(LC_ALL, NULL), kept.locale) == 0)
		return;
	lp_leftovers_name(found, "the locale");
	if (setlocale(LC_ALL, kept.locale) == NULL)
		found->replace = true;
}

/* Environment: libc's, and os.environ, which is a dict that stands before it. */

static size_t environment_size(char **variables)
{
	size_t count = 0;

	while (variables != NULL && variables[count] != NULL)
		count++;
	return count;
}

static PyObject *environ_data(PyObject *os)
{
	PyObject *environment = os == NULL ? NULL : PyObject_GetAttrString(os, "environ");
	PyObject *data = environment == NULL ? NULL : PyObject_GetAttrString(environment, "_data");

	Py_XDECREF(environment);
	PyErr_Clear();
	return data;
}

void lp_process_keep_environ(PyObject *os)
{
	PyObject *data = environ_data(os);

	Py_XSETREF(kept.environ_data, data == NULL ? NULL : PyDict_Copy(data));
	Py_XDECREF(data);
	PyErr_Clear();
}

static void keep_environment(void)
{
	size_t count = environment_size(environ);

	for (char **variable = kept.environment; variable != NULL && *variable != NULL; variable++)
		free(*variable);
	free((void *)kept.environment);
	kept.environment = lp_allocate((count + 1) * sizeof *kept.environment);
	for (size_t i = 0; i < count; i++)
		kept.environment[i] = lp_copy_text(environ[i]);
	kept.environment[count] = NULL;
}

/* The first variable of one that the other has not, or not so; NULL: there is none. */
static const char *first_other(char **variables, char **others)
{
	for (size_t i = 0; variables != NULL && variables[i] != NULL; i++) {
		bool same = false;

		for (size_t j = 0; others != NULL && others[j] != NULL && !same; j++)
			same = strcmp(variables[i], others[j]) == 0;
		if (!same)
			return variables[i];
	}
	return NULL;
}

static void set_environment(void)
{
	clearenv();
	for (size_t i = 0; kept.environment[i] != NULL; i++) {
		char *name = lp_copy_text(kept.environment[i]), *equals = strchr(name, '=');

		if (equals != NULL) {
			*equals = '\0';
			setenv(name, equals + 1, 1);
		}
		free(name);
	}
}

/* True: it was another. */
static bool put_back_environ_data(void)
{
	PyObject *data = kept.environ_data == NULL ? NULL : environ_data(lp_loaded_module("os"));
	bool other = data != NULL && PyDict_CheckExact(data) &&
	             PyObject_RichCompareBool(data, kept.environ_data, Py_EQ) == 0;

	if (other) {
		PyDict_Clear(data);
		PyDict_Update(data, kept.environ_data);
	}
	PyErr_Clear();
	Py_XDECREF(data);
	return other;
}

static void put_back_environment(struct lp_leftovers *found)
{
	const char *other = first_other(environ, kept.environment);
	bool data_was_other = put_back_environ_data();

	if (other == NULL)
		other = first_other(kept.environment, environ);
	if (other != NULL) {
		lp_leftovers_name(found, "the environment variable %.*s", (int)strcspn(other, "="), other);
		set_environment();
	} else if (data_was_other) {
		lp_leftovers_name(found, "os.environ");
	}
}

/* libc and the module time remember what TZ said when they were asked last. */
static void put_back_time_zone(void)
{
	PyObject *module = lp_loaded_module("time");
	PyObject *done = module == NULL ? NULL : PyObject_CallMethod(module, "tzset", NULL);

	tzset();
	PyErr_Clear();
	Py_XDECREF(done);
}

/* Directory and mask of new files. */

static void keep_directory(void)
{
	free(kept.directory);
	kept.directory = getcwd(NULL, 0);
}

static void put_back_directory(struct lp_leftovers *found)
{
	char *now = getcwd(NULL, 0);

	if (now == NULL || kept.directory == NULL || strcmp(now, kept.directory) != 0) {
		lp_leftovers_name(found, "the working directory");
		if (kept.directory == NULL || chdir(kept.directory) != 0)
			found->replace = true;
	}
	free(now);
}

static void put_back_umask(struct lp_leftovers *found)
{
	if (umask(record.mask) != record.mask)
		lp_leftovers_name(found, "the umask");
}

/* Signals: what libc does at one, and what Python's own handler calls then. */

static bool same_action(const struct sigaction *one, const struct sigaction *other)
{
	/* The flags count where there is a handler: Python sets some that libc does not. */
	return one->sa_handler == other->sa_handler &&
	       (one->sa_handler == SIG_DFL || one->sa_handler == SIG_IGN ||
	        (one->sa_flags == other->sa_flags && memcmp(&one->sa_mask, &other->sa_mask, _NSIG / 8) == 0));
}

static void keep_signals(void)
{
	record.signals = 0;
	record.stack_kept = false;
	for (int i = 1; i < LP_SIGNALS; i++)
		Py_XSETREF(kept.handlers[i], Py_XNewRef(lp_internals_signal_handler(i)));
	sigemptyset(&kept.mask);
	pthread_sigmask(SIG_SETMASK, NULL, &kept.mask);
}

static void put_back_signal(struct lp_leftovers *found, int number)
{
	const struct sigaction *was = &record.actions[number];
	const char *name = sigabbrev_np(number);
	struct sigaction now;
	bool other = lp_internals_set_signal_handler(number, kept.handlers[number], was->sa_handler);

	if (sigaction(number, NULL, &now) != 0 || !same_action(&now, was)) {
		other = true;
		if (sigaction(number, was, NULL) != 0)
			found->replace = true;
	}
	if (other && name != NULL)
		lp_leftovers_name(found, "the handler of SIG%s", name);
	else if (other)
		lp_leftovers_name(found, "the handler of signal %d", number);
}

static void put_back_signals(struct lp_leftovers *found)
{
	for (int i = 1; i < LP_SIGNALS; i++)
		if ((record.signals & UINT64_C(1) << (i - 1)) != 0)
			put_back_signal(found, i);
	if (record.stack_kept)
		sigaltstack(&record.stack, NULL);
	record.signals = 0;
	record.stack_kept = false;
}

static void put_back_signal_mask(struct lp_leftovers *found)
{
	sigset_t now;

	sigemptyset(&now);
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	if (memcmp(&now, &kept.mask, _NSIG / 8) == 0)
		return;
	lp_leftovers_name(found, "the signal mask");
	if (pthread_sigmask(SIG_SETMASK, &kept.mask, NULL) != 0)
		found->replace = true;
}

static void put_back_timers(struct lp_leftovers *found)
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
		lp_leftovers_name(found, "a timer");
}

/* Limits and identity, which an unprivileged process mostly cannot take back. */

static void put_back_limits(struct lp_leftovers *found)
{
	bool other = false;

	for (int i = 0; record.limits_kept && i < RLIM_NLIMITS; i++) {
		struct rlimit64 now;

		if (getrlimit64((__rlimit_resource_t)i, &now) != 0 ||
		    (now.rlim_cur == record.limits[i].rlim_cur && now.rlim_max == record.limits[i].rlim_max))
			continue;
		other = true;
		if (setrlimit64((__rlimit_resource_t)i, &record.limits[i]) != 0)
			found->replace = true;
	}
	if (other)
		lp_leftovers_name(found, "a limit of the process");
}

static void take_identity(int *priority, int *policy, pid_t *group, pid_t *session, cpu_set_t *processors)
{
	memset(processors, 0, sizeof *processors);
	sched_getaffinity(0, sizeof *processors, processors);
	*priority = getpriority(PRIO_PROCESS, 0);
	*policy = sched_getscheduler(0);
	*group = getpgrp();
	*session = getsid(0);
}

static void put_back_identity(struct lp_leftovers *found)
{
	int priority, policy;
	pid_t group, session;
	cpu_set_t processors;

	take_identity(&priority, &policy, &group, &session, &processors);
	if (priority != kept.priority || policy != kept.policy) {
		lp_leftovers_name(found, "the priority of the process");
		found->replace = true;
	}
	if (group != kept.group || session != kept.session) {
		lp_leftovers_name(found, "the group of the process");
		found->replace = true;
	}
	if (memcmp(&processors, &kept.processors, sizeof processors) != 0) {
		lp_leftovers_name(found, "the processors of the process");
		if (sched_setaffinity(0, sizeof kept.processors, &kept.processors) != 0)
			found->replace = true;
	}
}

/* Descriptors.  poll() tells of many at once which are open, without /proc. */

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

static void find_foreign(int descriptor, void *context)
{
	int *foreign = context;

	if (*foreign < 0 && !is_guarded(descriptor))
		*foreign = descriptor;
}

static int foreign_descriptor(int highest)
{
	int foreign = -1;

	each_open(0, highest, find_foreign, &foreign);
	return foreign;
}

static const char *kind_of(int descriptor)
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

static void look_at_descriptors(struct lp_leftovers *found)
{
	int highest = atomic_exchange(&record.highest_descriptor, -1);
	int foreign = foreign_descriptor(highest);

	/* What hangs in a cycle is no one's any more, and is closed with it. */
	if (foreign >= 0) {
		PyGC_Collect();
		foreign = foreign_descriptor(highest);
	}
	if (foreign >= 0) {
		lp_leftovers_name(found, "%s", kind_of(foreign));
		found->replace = true;
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

/* One that has been told to end may need a moment, and the GIL. */
void lp_process_look_at_threads(struct lp_leftovers *found)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	if (atomic_load(&record.threads) == 0)
		return;
	Py_BEGIN_ALLOW_THREADS;
	for (int i = 0; i < THREAD_GRACE && atomic_load(&record.threads) > 0; i++)
		nanosleep(&moment, NULL);
	Py_END_ALLOW_THREADS;
	if (atomic_load(&record.threads) == 0)
		return;
	lp_leftovers_name(found, "a thread that still runs");
	found->replace = true;
}

void lp_process_keep(void)
{
	/* Threads do not come along into a forked process. */
	if (record.process != getpid())
		atomic_store(&record.threads, 0);
	record.process = getpid();
	record.mask_kept = record.limits_kept = false;
	keep_locale();
	keep_environment();
	keep_directory();
	keep_signals();
	take_identity(&kept.priority, &kept.policy, &kept.group, &kept.session, &kept.processors);
	keep_descriptors();
}

void lp_process_put_back(struct lp_leftovers *found, unsigned changed)
{
	static const struct {
		unsigned change;
		void (*put_back)(struct lp_leftovers *found);
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
		{ LP_CHANGE_DESCRIPTORS, look_at_descriptors },
	};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if ((changed & parts[i].change) != 0)
			parts[i].put_back(found);
	if ((changed & (LP_CHANGE_ENVIRONMENT | LP_CHANGE_TIME_ZONE)) != 0)
		put_back_time_zone();
	record.mask_kept = record.limits_kept = false;
}
