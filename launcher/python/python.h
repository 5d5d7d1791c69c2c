/*
 * The interpreter.  It knows no rules: who has modules and sources of its own
 * gives them to it before it starts.  Nothing of CPython shows here.
 *
 * Runs in the rule server and in its forked copies, each in its only thread;
 * and for `local-processing python` in the process that was started so.
 */
#ifndef LP_PYTHON_PYTHON_H
#define LP_PYTHON_PYTHON_H

#include "model/batch.h"
#include "python/leftovers.h"
#include <signal.h>
#include <stdatomic.h>

struct _object; /* PyObject, for those who know Python */

/*
 * What the process is at, for whoever keeps the time from outside.  It counts
 * `sequence` up when a task (or the import of a file) begins, then it is odd,
 * and when that has ended.  Outside `asked` is set to the sequence of what is to
 * end because its time is over, and LP_PYTHON_SIGNAL is sent: what comes too late
 * does nothing.
 */
struct lp_pulse {
	_Atomic uint64_t sequence;
	_Atomic uint64_t asked;
	_Atomic int64_t start;  /* monotonic nanoseconds */
	_Atomic uint32_t index; /* of the task in its part, or of the file */
	_Atomic uint32_t stop;  /* set from outside: begin no other task */
};
#define LP_PYTHON_SIGNAL (SIGRTMAX - 1)
#define LP_PYTHON_SIGNAL_TRACEBACK                                                                                     \
	(SIGRTMAX - 2) /* the calls that are going on, to standard error: see lp_python_start */

/* A module that is imported from a text. */
struct lp_python_source {
	const char *module; /* "pumps", "plant.pumps": what to import */
	const char *path;   /* as it is to be shown; the file name in tracebacks */
	const char *text;   /* UTF-8 or what its coding cookie says; NUL-terminated */
	size_t size;
	bool is_package;     /* an __init__.py, or a directory without one (text "") */
	const char *problem; /* why it can't be imported ("its name is one of the standard library"); NULL: it can */
};

struct lp_python_options {
	const struct lp_python_source *sources; /* sorted by module; they outlive the process */
	size_t source_count;
	const char *tzdata;     /* directory of time zones, or NULL: the embedded ones */
	struct lp_pulse *pulse; /* NULL: nobody keeps the time */
};

/* A builtin module of this name, for the interpreter that is started next; make: as of PyImport_AppendInittab. */
void lp_python_add_module(const char *name, struct _object *(*make)(void));
/* Whether a module of this name is frozen or built in. */
bool lp_frozen_has(const char *name);
/* Hexadecimal digits over the frozen code of app/. */
const char *lp_frozen_app_version(void);

/* Once in a process.  Whatever kills the process then, standard error tells where it was. */
bool lp_python_start(const struct lp_python_options *options, struct lp_error *error) LP_MUST_CHECK;
/* In a forked copy, once that is as rules are to find it: what it may not have in common with the others. */
bool lp_python_forked(struct lp_error *error) LP_MUST_CHECK;
/* Whether fork() fails in this process: the rule server's files of rules may not. */
void lp_python_refuse_forks(bool refuse);
/* From now on this pulse. */
void lp_python_set_pulse(struct lp_pulse *pulse);

/* An exception as plain texts: UTF-8 without NUL, surrogates as \udc80; of more than 16 KB the middle is left out. */
struct lp_python_failure {
	const char *type;      /* "ZeroDivisionError", "pumps.PumpError" */
	const char *message;   /* str() of it; "" where it has none */
	const char *traceback; /* all of it, with causes and source lines, no newline at its end */
	const char *file;      /* of a SyntaxError, or of the last frame that stands in one of the sources; or NULL */
	int line;              /* 0: not known */
	int column;            /* from 1; 0: not known */
};
/* Takes the exception that is set and clears it.  Never fails: at the worst it says that the exception can't be shown. */
void lp_python_failure_take(struct lp_arena *arena, struct lp_python_failure *failure);
/* The same into an outcome, with state failed. */
void lp_python_error_take(struct lp_arena *arena, struct lp_outcome *outcome);
/* The same into an error, of what nobody's rules are to blame for.  Returns false. */
bool lp_python_fail(struct lp_error *error, const char *what);

/* time_limit.c: around a task, or the import of a file.  index: for the pulse. */
void lp_limit_begin(uint32_t index, struct lp_arena *arena);
/*
 * Whether it was interrupted.  *where: the calls that were going on then, in the
 * arena; NULL where there is none.
 */
bool lp_limit_end(const char **where);

/* `local-processing python ...`: like python3. arguments[0] is the program's name. Returns its exit code. */
int lp_python_main(int count, char **arguments);
/*
 * Whether the program was started as sys.executable, by a Python script that
 * wants another Python: main() asks before it looks for a verb, and then calls
 * lp_python_main with all arguments.
 */
bool lp_python_was_invoked(int count, char **arguments) LP_MUST_CHECK;

#endif
