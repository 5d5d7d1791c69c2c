/* What the files of this room share.  Internal to python/.  Runs where python.h says. */
#ifndef LP_PYTHON_EMBEDDING_H
#define LP_PYTHON_EMBEDDING_H

#include <Python.h>

#include "python/python.h"

/* runtime.c */

/* Initialises the interpreter; nothing is opened.  Afterwards app/_embedded.py has installed its import hooks. */
bool lp_runtime_start(PyConfig *config, bool for_rules, struct lp_error *error) LP_MUST_CHECK;
/* What both kinds of configuration have in common: where Python believes to be installed, no bytecode, no site. */
PyStatus lp_runtime_configure(PyConfig *config);
/* Calls _embedded.FUNCTION(argument) in the current interpreter; argument is given up. */
bool lp_runtime_call_hook(const char *function, PyObject *argument, struct lp_error *error) LP_MUST_CHECK;
/* What lp_python_start was given. */
const struct lp_python_options *lp_python_options(void);

/* frozen_import.c */

/* Before Py_Initialize: joins the frozen tables and adds the builtin modules, `_embedded_files` among them. */
bool lp_frozen_install(struct lp_error *error) LP_MUST_CHECK;
/* Whether it is of the standard library or the program's own, and no module of rules compiled into app/. */
bool lp_frozen_is_shared(const char *name);
/* The sources: that of a module, that of a path; NULL: there is none. */
const struct lp_python_source *lp_source_find(const char *module);
const struct lp_python_source *lp_source_of_path(const char *path);

/* time_limit.c */

/* Creates the exception that interrupts, and the signal's handler. */
bool lp_limit_prepare(struct lp_error *error) LP_MUST_CHECK;
/* The rule has ended, its exception is going to be shown: an interruption may not hit that at once. */
void lp_limit_grace(void);

#endif
