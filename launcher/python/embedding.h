/*
 * What the files of the embedding share among themselves: start-up, frozen
 * imports, time limits.  The rules' half includes internal.h
 * only.
 */
#ifndef LP_PYTHON_EMBEDDING_H
#define LP_PYTHON_EMBEDDING_H

#include "python/internal.h"

/* runtime.c */

/* Initialises the interpreter; nothing is opened.  Afterwards app/_embedded.py has installed its import hooks. */
bool lp_runtime_start(PyConfig *config, bool for_rules, struct lp_error *error) LP_MUST_CHECK;
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

/* Creates the exception that interrupts, and the signal's handler. */
bool lp_limit_prepare(struct lp_error *error) LP_MUST_CHECK;
/* Around a task, or the import of a file. */
void lp_limit_begin(uint32_t index);
/* Whether it was interrupted.  *where: the calls that were going on then, in the batch's arena, or NULL. */
bool lp_limit_end(const char **where);
/* The rule has ended, its exception is going to be shown: an interruption may not hit that at once. */
void lp_limit_grace(void);

#endif
