/*
 * The interpreter.  It knows no rules: its modules and sources are given to it
 * before it starts.  This header shows nothing of CPython.
 *
 * Runs in the rule server and in its forked copies, each in its only thread, and
 * for `local-processing python` in the process that was started so.
 */
#ifndef LP_PYTHON_PYTHON_H
#define LP_PYTHON_PYTHON_H

#include "model/batch.h"
#include "python/leftovers.h"
#include <signal.h>
#include <stdatomic.h>

struct _object; /* PyObject, for files that know Python */

/*
 * What the process is at, for another process that enforces time limits.  The
 * process counts `sequence` up when a task, or the import of a file, begins and
 * when it ends; it is odd in between.  To interrupt it the other process writes
 * the sequence to `interrupt` and sends LP_PYTHON_SIGNAL_INTERRUPT.  A signal
 * that comes too late finds another sequence, and does nothing.
 */
struct lp_pulse {
	_Atomic uint64_t sequence;
	_Atomic uint64_t interrupt;
	_Atomic int64_t start;   /* monotonic nanoseconds */
	_Atomic uint32_t index;  /* of the task in its part, or of the file */
	_Atomic uint32_t stop;   /* set by the other process: begin no other task */
	_Atomic uint32_t traced; /* the traceback that LP_PYTHON_SIGNAL_TRACEBACK asked for is written whole */
};
#define LP_PYTHON_SIGNAL_INTERRUPT (SIGRTMAX - 1)
#define LP_PYTHON_SIGNAL_TRACEBACK                                                                                     \
	(SIGRTMAX - 2) /* the calls that are going on, to standard error: see lp_python_start */

/* A module that is imported from a text. */
struct lp_python_source {
	const char *module; /* "pumps", "plant.pumps": what to import */
	const char *path;   /* for messages, and the file name in tracebacks */
	const char *text;   /* UTF-8, or as its coding cookie says; NUL-terminated */
	size_t size;
	bool is_package;     /* an __init__.py, or a directory without one (text "") */
	const char *problem; /* why it cannot be imported; NULL: it can */
};

struct lp_python_options {
	const struct lp_python_source *sources; /* sorted by module; they outlive the process */
	size_t source_count;
	const char *tzdata;     /* directory of time zones, or NULL: the embedded ones */
	struct lp_pulse *pulse; /* NULL: no process enforces time limits */
};

/* Gives the interpreter that starts next a builtin module; make: as of PyImport_AppendInittab. */
void lp_python_add_module(const char *name, struct _object *(*make)(void));
/* Returns true if a module of this name is frozen or built in. */
bool lp_frozen_has(const char *name);
/* Returns the version of the frozen code of app/, in hexadecimal digits. */
const char *lp_frozen_app_version(void);

/* Starts the interpreter, once in a process.  If the process crashes, a traceback goes to standard error. */
bool lp_python_start(const struct lp_python_options *options, struct lp_error *error) LP_MUST_CHECK;
/* Sets up a forked copy, once it is as rules are to find it: gives it random numbers and a baseline of its own. */
bool lp_python_after_fork(struct lp_error *error) LP_MUST_CHECK;
/* Makes fork() fail, so that a file of rules cannot fork the rule server. */
void lp_python_refuse_forks(bool refuse);
/* Uses this pulse from now on. */
void lp_python_set_pulse(struct lp_pulse *pulse);

/* An exception as texts: UTF-8 without NUL, surrogates as \udc80, at most 16 KB, without the middle of longer ones. */
struct lp_python_failure {
	const char *type;      /* "ZeroDivisionError", "pumps.PumpError" */
	const char *message;   /* its str(); "" where it has none */
	const char *traceback; /* with causes and source lines, without a final newline */
	const char *file;      /* of a SyntaxError, or of the last frame in one of the sources; or NULL */
	int line;              /* 0: not known */
	int column;            /* from 1; 0: not known */
};
/* Takes the exception that is set and clears it.  Never fails: at worst the text says that it cannot be shown. */
void lp_python_failure_take(struct lp_arena *arena, struct lp_python_failure *failure);
/* Takes it into an outcome, which becomes failed. */
void lp_python_fail_outcome(struct lp_arena *arena, struct lp_outcome *outcome);
/* Takes it into an error of the program itself.  Returns false. */
bool lp_python_fail(struct lp_error *error, const char *what);

/* time_limit.c: begins a task, or the import of a file.  index: for the pulse. */
void lp_limit_begin(uint32_t index, struct lp_arena *arena);
/*
 * Ends it, and returns true if it was interrupted.  *calls are those that were
 * going on then, in the arena; NULL without an arena.
 */
bool lp_limit_end(const char **calls);

/* Runs `local-processing python ...` like python3, and returns its exit code.  arguments[0] is the program's name. */
int lp_python_main(int count, char **arguments);
/*
 * Returns true if the program was started as sys.executable, by a Python script
 * that wants another Python.  main() asks before it looks for a verb, and then
 * calls lp_python_main with all arguments.
 */
bool lp_python_was_invoked(int count, char **arguments) LP_MUST_CHECK;

#endif
