/*
 * What the files of the embedding share among themselves: start-up, frozen
 * imports, workers, time limits, guards.  The rules' half includes internal.h
 * only.
 */
#ifndef LP_PYTHON_EMBEDDING_H
#define LP_PYTHON_EMBEDDING_H

#include "python/internal.h"

/* runtime.c */

/*
 * Initialises the main interpreter; nothing is opened.  Afterwards the calling
 * thread has its GIL, and app/_embedded.py has installed its import hooks.
 */
bool lp_runtime_start(PyConfig *config, struct lp_error *error) LP_MUST_CHECK;
/* What both kinds of configuration have in common: where Python believes to be installed, no bytecode, no site. */
PyStatus lp_runtime_configure(PyConfig *config);
/* Calls _embedded.FUNCTION(argument) in the current interpreter; argument is given up. */
bool lp_runtime_call_hook(const char *function, PyObject *argument, struct lp_error *error) LP_MUST_CHECK;
/* Fills error from a Python exception, which it takes. */
bool lp_runtime_fail(struct lp_error *error, const char *what);

/* rule_files.c */

/* Reads all rules below the directory, NULL: none. */
bool lp_rule_sources_read(const char *directory, struct lp_error *error) LP_MUST_CHECK;
struct lp_rule_source *lp_rule_source_find(const char *module);

/* frozen_import.c */

/* Before Py_Initialize: joins the frozen tables and adds the builtin modules `_embedded_files` and `_local_processing`. */
bool lp_frozen_install(struct lp_error *error) LP_MUST_CHECK;
/* Whether a module of this name is frozen or built in. */
bool lp_frozen_has(const char *name);
/* Whether it is of the standard library or the program's own, and no module of rules compiled into app/. */
bool lp_frozen_is_shared(const char *name);

/* time_limit.c */

struct lp_worker_limit *lp_limit_new(void);
/* Creates the exception that interrupts, in the worker's interpreter. */
bool lp_limit_prepare(struct lp_python_worker *worker);
/* Around a task, in the worker's thread.  time_limit in microseconds, 0: none. */
void lp_limit_begin(struct lp_python_worker *worker, int64_t time_limit);
/* *where: the calls that were going on when it was interrupted first, in the batch's arena, or NULL. */
enum lp_interruption lp_limit_end(struct lp_python_worker *worker, const char **where);
/* The rule has ended, its exception is going to be shown: an interruption may not hit that at once. */
void lp_limit_grace(struct lp_python_worker *worker);

/* guard.c */

/* Before Py_Initialize: what would change the whole process is refused in workers. */
bool lp_guard_install(struct lp_error *error) LP_MUST_CHECK;

/* crash.c */

/* A fatal signal says which calculation the thread was on, and then takes its course. */
void lp_crash_install(void);
/* An alternate signal stack for this thread, so that a stack overflow can be told too. */
void lp_crash_stack(void);

#endif
