/*
 * What the files leftovers*.c share.  leftovers_libc.c knows no Python, because it
 * is linked into every program: other libraries call the functions that it wraps.
 *
 * Runs where leftovers.h says; leftovers_libc.c in any process.
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

/* Kinds of changes that were noted since the last call: reasons to look, not yet leftovers. */
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
	/* These do not come from libc. */
	LP_CHANGE_RANDOM = 1 << 12,  /* the state of the module random was set */
	LP_CHANGE_MODULES = 1 << 13, /* a watched dict was changed */
	LP_CHANGE_CONTEXT = 1 << 14, /* the rule's contextvars context could not be left */
};

/* Atomic, because threads of a rule set bits too. */
extern _Atomic unsigned lp_leftovers_changes;

enum { LP_SIGNALS = 65, LP_GUARDED_MOST = 1024 };

/* leftovers_libc.c: what the wrapped functions have found before they changed it. */
struct lp_libc_record {
	bool watching; /* from lp_leftovers_keep on, but not while things are put back */
	pid_t process; /* the guarded descriptors are this one's: a child may close its copies */
	uint64_t guarded[LP_GUARDED_MOST / 64]; /* a bit for each of the program's own descriptors */
	uint64_t signals;                       /* a bit for each signal whose action is recorded */
	struct sigaction actions[LP_SIGNALS];
	bool has_stack, has_mask, has_limits;
	stack_t stack; /* the alternate one of signal handlers */
	mode_t mask;
	struct rlimit64 limits[RLIM_NLIMITS];
	atomic_int threads;            /* that were started since lp_leftovers_keep and still run */
	atomic_int highest_descriptor; /* that was opened since the last call */
};
extern struct lp_libc_record lp_libc_record;

struct _object; /* PyObject, for the files that know Python */

/* leftovers_names.c: the leftovers of a call. */
struct lp_leftovers {
	char names[512]; /* "sys.stdout, a timer" */
	int count;
	bool replace;
};
void lp_leftovers_add(struct lp_leftovers *leftovers, const char *format, ...) LP_PRINTF(2, 3);
/* Finds a module in sys.modules, borrowed; NULL: it is not loaded. */
struct _object *lp_find_module(const char *name);

/* leftovers_process.c: what belongs to the process. */
void lp_leftovers_keep_process(void);
/* Reports threads; before the others, while the threads can still be noticed. */
void lp_leftovers_check_threads(struct lp_leftovers *leftovers);
void lp_leftovers_put_back_process(struct lp_leftovers *leftovers, unsigned changes);
/* Keeps os.environ, when the module os has been loaded. */
void lp_leftovers_keep_environ(struct _object *os);

/* leftovers_modules.c: modules and types of the standard library, and of the program. */
/* Watches the modules; on_import is called with each module that is loaded, now or later. */
bool lp_modules_keep(void (*on_import)(const char *name, struct _object *module), struct lp_error *error) LP_MUST_CHECK;
void lp_modules_put_back(struct lp_leftovers *leftovers);
void lp_modules_watch(struct _object *module);
/* Watches an object whose attributes are settings.  name outlives the process. */
void lp_modules_watch_instance(struct _object *instance, const char *name);
bool lp_modules_is_watched(struct _object *dict) LP_MUST_CHECK;

#endif
