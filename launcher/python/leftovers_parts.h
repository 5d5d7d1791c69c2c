/*
 * What the files of leftovers.h share.  leftovers_libc.c is linked into every
 * program, because other libraries call what it wraps: it knows no Python.
 *
 * Runs where leftovers.h says; what is in leftovers_libc.c in any process.
 */
#ifndef LP_PYTHON_LEFTOVERS_PARTS_H
#define LP_PYTHON_LEFTOVERS_PARTS_H

#include "python/leftovers.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/* What of libc was called since the last look: a reason to look, not yet a leftover. */
enum lp_change {
	LP_CHANGE_SIGNALS = 1 << 0,
	LP_CHANGE_SIGNAL_MASK = 1 << 1,
	LP_CHANGE_DIRECTORY = 1 << 2,
	LP_CHANGE_ENVIRONMENT = 1 << 3,
	LP_CHANGE_TIME_ZONE = 1 << 4,
	LP_CHANGE_LOCALE = 1 << 5,
	LP_CHANGE_THREADS = 1 << 6,
	LP_CHANGE_TIMERS = 1 << 7,
	LP_CHANGE_UMASK = 1 << 8,
	LP_CHANGE_DESCRIPTORS = 1 << 9,
	LP_CHANGE_LIMITS = 1 << 10,
	LP_CHANGE_IDENTITY = 1 << 11, /* priority, processors, process group, session */
	LP_CHANGE_RANDOM = 1 << 12,   /* no libc: the state of the module random was set */
	LP_CHANGE_MODULES = 1 << 13,  /* no libc: a watched dict was changed */
	LP_CHANGE_CONTEXT = 1 << 14,  /* no libc: the rule's contextvars context could not be left */
};

/* Threads of a rule may set a bit, too: hence atomic. */
extern _Atomic unsigned lp_leftovers_changed;

enum { LP_SIGNALS = 65, LP_GUARDED_MOST = 1024 };

/* leftovers_libc.c: what the wrapped functions found there before they changed it. */
struct lp_libc_record {
	bool watching; /* from lp_leftovers_keep on, except while things are put back */
	pid_t process; /* a program started by a rule is free to close our descriptors in its own process */
	uint64_t guarded[LP_GUARDED_MOST / 64]; /* a bit for each descriptor of the program's own */
	uint64_t signals;                       /* a bit for each signal whose action was kept */
	struct sigaction actions[LP_SIGNALS];
	bool stack_kept, mask_kept, limits_kept;
	stack_t stack; /* the alternate one of signal handlers */
	mode_t mask;
	struct rlimit64 limits[RLIM_NLIMITS];
	atomic_int threads;            /* started since lp_leftovers_keep, still running */
	atomic_int highest_descriptor; /* of those opened since the last look */
};
extern struct lp_libc_record lp_libc_record;

/* What a look found. */
struct lp_leftovers {
	char names[512]; /* "sys.stdout, a timer" */
	int count;
	bool replace;
};
void lp_leftovers_name(struct lp_leftovers *found, const char *format, ...) LP_PRINTF(2, 3);

struct _object; /* PyObject, for those who know Python */

/* leftovers_process.c: what belongs to the process. */
void lp_process_keep(void);
/* Before the others, while threads can still be heard. */
void lp_process_look_at_threads(struct lp_leftovers *found);
void lp_process_put_back(struct lp_leftovers *found, unsigned changed);
/* The module os has been loaded. */
void lp_process_keep_environ(struct _object *os);

/* leftovers_modules.c: modules and types of the standard library, and of this program's own. */
bool lp_modules_keep(struct lp_error *error) LP_MUST_CHECK;
void lp_modules_put_back(struct lp_leftovers *found);
void lp_modules_watch(struct _object *module);
/* An object whose attributes are settings; name as a text that stays. */
void lp_modules_watch_instance(struct _object *instance, const char *name);
bool lp_modules_is_watched(struct _object *dict) LP_MUST_CHECK;

/* leftovers.c */

/* Of sys.modules, borrowed; NULL: it is not loaded. */
struct _object *lp_loaded_module(const char *name);
/* A module has been loaded, maybe just now and within a call: what of it is to stay as it is. */
void lp_leftovers_add_module(const char *name, struct _object *module);

#endif
