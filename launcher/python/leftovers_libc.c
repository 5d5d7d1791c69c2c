/*
 * Wraps libc's functions that change a process: the linker replaces every call in
 * the executable (link-options.txt).  Each wrapper notes the kind of change, and
 * records the state before it where that could not be found out later; then it
 * calls libc.
 *
 * Runs in any process, in any thread.  Does nothing of its own until `watching` is
 * set, which only processes of rules do.
 */
#include "python/leftovers_parts.h"
#include "python/python.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <pty.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

_Atomic unsigned lp_leftovers_changes;
struct lp_libc_record lp_libc_record;
#define record lp_libc_record

static void note_change(unsigned change)
{
	if (record.watching)
		atomic_fetch_or_explicit(&lp_leftovers_changes, change, memory_order_relaxed);
}

/*
 * WRAP declares both names of a wrapped function and begins its definition.  NOTE
 * defines one that only notes a change.
 */
#define WRAP(type, name, ...)                                                                                          \
	type __real_##name(__VA_ARGS__);                                                                               \
	type __wrap_##name(__VA_ARGS__);                                                                               \
	type __wrap_##name(__VA_ARGS__)

#define NOTE(type, name, change, parameters, ...)                                                                      \
	type __real_##name parameters;                                                                                 \
	type __wrap_##name parameters;                                                                                 \
	type __wrap_##name parameters                                                                                  \
	{                                                                                                              \
		note_change(change);                                                                                   \
		return __real_##name(__VA_ARGS__);                                                                     \
	}

NOTE(int, chdir, LP_CHANGE_DIRECTORY, (const char *path), path)
NOTE(int, fchdir, LP_CHANGE_DIRECTORY, (int descriptor), descriptor)
NOTE(int, setenv, LP_CHANGE_ENVIRONMENT, (const char *name, const char *value, int replace), name, value, replace)
NOTE(int, unsetenv, LP_CHANGE_ENVIRONMENT, (const char *name), name)
NOTE(int, putenv, LP_CHANGE_ENVIRONMENT, (char *text), text)
NOTE(int, clearenv, LP_CHANGE_ENVIRONMENT, (void))
NOTE(void, tzset, LP_CHANGE_TIME_ZONE, (void))
NOTE(unsigned, alarm, LP_CHANGE_TIMERS, (unsigned seconds), seconds)
NOTE(int, setitimer, LP_CHANGE_TIMERS, (__itimer_which_t which, const struct itimerval *value, struct itimerval *old),
     which, value, old)
NOTE(int, nice, LP_CHANGE_IDENTITY, (int increment), increment)
NOTE(int, setpriority, LP_CHANGE_IDENTITY, (__priority_which_t which, id_t who, int priority), which, who, priority)
NOTE(int, sched_setaffinity, LP_CHANGE_IDENTITY, (pid_t process, size_t size, const cpu_set_t *set), process, size, set)
NOTE(int, sched_setscheduler, LP_CHANGE_IDENTITY, (pid_t process, int policy, const struct sched_param *parameters),
     process, policy, parameters)
NOTE(int, setpgid, LP_CHANGE_IDENTITY, (pid_t process, pid_t group), process, group)
NOTE(pid_t, setsid, LP_CHANGE_IDENTITY, (void))

WRAP(char *, setlocale, int category, const char *locale)
{
	if (locale != NULL)
		note_change(LP_CHANGE_LOCALE);
	return __real_setlocale(category, locale);
}

/* Set in the rule server: a file of rules that forked it would make two servers. */
static bool forks_are_refused;

void lp_python_refuse_forks(bool refuse)
{
	forks_are_refused = refuse;
}

WRAP(pid_t, fork, void)
{
	if (!forks_are_refused)
		return __real_fork();
	errno = EPERM;
	return -1;
}

WRAP(mode_t, umask, mode_t mask)
{
	mode_t old = __real_umask(mask);

	if (record.watching && !record.has_mask) {
		record.mask = old;
		record.has_mask = true;
	}
	note_change(LP_CHANGE_UMASK);
	return old;
}

static void keep_limits(void)
{
	if (record.watching && !record.has_limits) {
		for (int i = 0; i < RLIM_NLIMITS; i++)
			getrlimit64((__rlimit_resource_t)i, &record.limits[i]);
		record.has_limits = true;
	}
	note_change(LP_CHANGE_LIMITS);
}

WRAP(int, setrlimit64, __rlimit_resource_t resource, const struct rlimit64 *limit)
{
	keep_limits();
	return __real_setrlimit64(resource, limit);
}

WRAP(int, prlimit64, pid_t process, enum __rlimit_resource resource, const struct rlimit64 *new_limit,
     struct rlimit64 *old_limit)
{
	if (new_limit != NULL)
		keep_limits();
	return __real_prlimit64(process, resource, new_limit, old_limit);
}

WRAP(int, sigaction, int number, const struct sigaction *action, struct sigaction *old)
{
	if (record.watching && action != NULL && number > 0 && number < LP_SIGNALS) {
		uint64_t bit = UINT64_C(1) << (number - 1);

		if ((record.signals & bit) == 0 && __real_sigaction(number, NULL, &record.actions[number]) == 0)
			record.signals |= bit;
		note_change(LP_CHANGE_SIGNALS);
	}
	return __real_sigaction(number, action, old);
}

WRAP(sighandler_t, signal, int number, sighandler_t handler)
{
	if (record.watching) {
		struct sigaction old;

		/* Setting it to what it is records it. */
		if (__real_sigaction(number, NULL, &old) == 0)
			__wrap_sigaction(number, &old, NULL);
	}
	return __real_signal(number, handler);
}

WRAP(int, sigaltstack, const stack_t *stack, stack_t *old)
{
	if (record.watching && stack != NULL) {
		if (!record.has_stack)
			record.has_stack = __real_sigaltstack(NULL, &record.stack) == 0;
		note_change(LP_CHANGE_SIGNALS);
	}
	return __real_sigaltstack(stack, old);
}

WRAP(int, pthread_sigmask, int how, const sigset_t *set, sigset_t *old)
{
	if (set != NULL)
		note_change(LP_CHANGE_SIGNAL_MASK);
	return __real_pthread_sigmask(how, set, old);
}

WRAP(int, sigprocmask, int how, const sigset_t *set, sigset_t *old)
{
	if (set != NULL)
		note_change(LP_CHANGE_SIGNAL_MASK);
	return __real_sigprocmask(how, set, old);
}

/* The start of a thread that counts itself, however it ends. */
struct thread_start {
	void *(*function)(void *);
	void *argument;
};

static void count_out(void *unused)
{
	(void)unused;
	atomic_fetch_sub(&record.threads, 1);
}

static void *run_thread(void *context)
{
	struct thread_start start = *(struct thread_start *)context;
	void *result;

	free(context);
	pthread_cleanup_push(count_out, NULL);
	result = start.function(start.argument);
	pthread_cleanup_pop(1);
	return result;
}

WRAP(int, pthread_create, pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *),
     void *argument)
{
	struct thread_start *start;
	int result;

	if (!record.watching)
		return __real_pthread_create(thread, attributes, function, argument);
	start = malloc(sizeof *start);
	if (start == NULL)
		return EAGAIN;
	*start = (struct thread_start){ function, argument };
	note_change(LP_CHANGE_THREADS);
	atomic_fetch_add(&record.threads, 1);
	result = __real_pthread_create(thread, attributes, run_thread, start);
	if (result != 0) {
		atomic_fetch_sub(&record.threads, 1);
		free(start);
	}
	return result;
}

/* Descriptors that are opened. */

static int note_descriptor(int descriptor)
{
	int highest;

	if (descriptor < 0 || !record.watching)
		return descriptor;
	highest = atomic_load_explicit(&record.highest_descriptor, memory_order_relaxed);
	while (descriptor > highest &&
	       !atomic_compare_exchange_weak_explicit(&record.highest_descriptor, &highest, descriptor,
	                                              memory_order_relaxed, memory_order_relaxed))
		;
	note_change(LP_CHANGE_DESCRIPTORS);
	return descriptor;
}

static int note_pair(int result, const int *descriptors)
{
	if (result == 0) {
		(void)note_descriptor(descriptors[0]);
		(void)note_descriptor(descriptors[1]);
	}
	return result;
}

#define OPEN(name, parameters, ...)                                                                                    \
	int __real_##name parameters;                                                                                  \
	int __wrap_##name parameters;                                                                                  \
	int __wrap_##name parameters                                                                                   \
	{                                                                                                              \
		return note_descriptor(__real_##name(__VA_ARGS__));                                                    \
	}

OPEN(dup, (int old), old)
OPEN(socket, (int domain, int type, int protocol), domain, type, protocol)
OPEN(accept, (int listener, struct sockaddr *address, socklen_t *length), listener, address, length)
OPEN(accept4, (int listener, struct sockaddr *address, socklen_t *length, int flags), listener, address, length, flags)
OPEN(eventfd, (unsigned initial, int flags), initial, flags)
OPEN(epoll_create1, (int flags), flags)
OPEN(memfd_create, (const char *name, unsigned flags), name, flags)
OPEN(timerfd_create, (int clock, int flags), clock, flags)
OPEN(shm_open, (const char *name, int flags, mode_t mode), name, flags, mode)
OPEN(posix_openpt, (int flags), flags)
OPEN(__open_2, (const char *path, int flags), path, flags)
OPEN(__open64_2, (const char *path, int flags), path, flags)
OPEN(__openat_2, (int directory, const char *path, int flags), directory, path, flags)
OPEN(__openat64_2, (int directory, const char *path, int flags), directory, path, flags)

/* Reads the mode, which stands behind the flags if these can make a file. */
#define MODE(flags, after)                                                                                             \
	({                                                                                                             \
		mode_t mode_ = 0;                                                                                      \
		if (((flags)&O_CREAT) != 0 || ((flags)&O_TMPFILE) == O_TMPFILE) {                                      \
			va_list rest_;                                                                                 \
			va_start(rest_, after);                                                                        \
			mode_ = va_arg(rest_, mode_t);                                                                 \
			va_end(rest_);                                                                                 \
		}                                                                                                      \
		mode_;                                                                                                 \
	})

WRAP(int, open, const char *path, int flags, ...)
{
	return note_descriptor(__real_open(path, flags, MODE(flags, flags)));
}

WRAP(int, open64, const char *path, int flags, ...)
{
	return note_descriptor(__real_open64(path, flags, MODE(flags, flags)));
}

WRAP(int, openat, int directory, const char *path, int flags, ...)
{
	return note_descriptor(__real_openat(directory, path, flags, MODE(flags, flags)));
}

WRAP(int, openat64, int directory, const char *path, int flags, ...)
{
	return note_descriptor(__real_openat64(directory, path, flags, MODE(flags, flags)));
}

WRAP(FILE *, fopen, const char *path, const char *mode)
{
	FILE *file = __real_fopen(path, mode);

	if (file != NULL)
		(void)note_descriptor(fileno(file));
	return file;
}

WRAP(FILE *, fopen64, const char *path, const char *mode)
{
	FILE *file = __real_fopen64(path, mode);

	if (file != NULL)
		(void)note_descriptor(fileno(file));
	return file;
}

WRAP(DIR *, opendir, const char *path)
{
	DIR *directory = __real_opendir(path);

	if (directory != NULL)
		(void)note_descriptor(dirfd(directory));
	return directory;
}

WRAP(int, pipe, int descriptors[2])
{
	return note_pair(__real_pipe(descriptors), descriptors);
}

WRAP(int, pipe2, int descriptors[2], int flags)
{
	return note_pair(__real_pipe2(descriptors, flags), descriptors);
}

WRAP(int, socketpair, int domain, int type, int protocol, int descriptors[2])
{
	return note_pair(__real_socketpair(domain, type, protocol, descriptors), descriptors);
}

WRAP(int, openpty, int *leader, int *follower, char *name, const struct termios *settings, const struct winsize *size)
{
	int result = __real_openpty(leader, follower, name, settings, size);

	return result != 0 ? result : note_pair(0, (int[]){ *leader, *follower });
}

WRAP(int, fcntl64, int descriptor, int command, ...)
{
	va_list rest;
	void *argument;
	int result;

	/* As libc itself reads it: a command without an argument ignores it. */
	va_start(rest, command);
	argument = va_arg(rest, void *);
	va_end(rest);
	result = __real_fcntl64(descriptor, command, argument);
	return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? note_descriptor(result) : result;
}

/* The program's own descriptors, which a rule cannot close. */

static bool is_guarded(unsigned descriptor)
{
	return record.watching && descriptor < LP_GUARDED_MOST &&
	       (record.guarded[descriptor / 64] >> descriptor % 64 & 1) != 0 && getpid() == record.process;
}

static int refuse(void)
{
	errno = EBADF;
	return -1;
}

WRAP(int, close, int descriptor)
{
	return is_guarded((unsigned)descriptor) ? refuse() : __real_close(descriptor);
}

WRAP(int, dup2, int old, int new)
{
	return is_guarded((unsigned)new) && old != new ? refuse() : note_descriptor(__real_dup2(old, new));
}

WRAP(int, dup3, int old, int new, int flags)
{
	return is_guarded((unsigned)new) ? refuse() : note_descriptor(__real_dup3(old, new, flags));
}

/* Closes the stretches between guarded descriptors. */
WRAP(int, close_range, unsigned first, unsigned last, int flags)
{
	unsigned begin = first;

	if (first > last)
		return __real_close_range(first, last, flags);
	for (unsigned i = first; i <= last && i < LP_GUARDED_MOST; i++) {
		if (!is_guarded(i))
			continue;
		if (begin < i && __real_close_range(begin, i - 1, flags) != 0)
			return -1;
		begin = i + 1;
	}
	return begin > last ? 0 : __real_close_range(begin, last, flags);
}

WRAP(void, closefrom, int first)
{
	unsigned begin = first < 0 ? 0 : (unsigned)first;

	for (unsigned i = begin; i < LP_GUARDED_MOST; i++)
		if (is_guarded(i)) {
			(void)__wrap_close_range(begin, ~0u, 0);
			return;
		}
	__real_closefrom(first);
}
