/* Functions that the files of this room share.  Private to python/.  Runs where python.h says. */
#ifndef LP_PYTHON_EMBEDDING_H
#define LP_PYTHON_EMBEDDING_H

#include <Python.h>

#include "python/python.h"

/* options.c: the options of lp_python_start, with the pulse of lp_python_set_pulse. */
const struct lp_python_options *lp_python_options(void);
void lp_python_set_options(const struct lp_python_options *options);

/* runtime.c: initialises the interpreter, without opening a file, and installs the import hooks of app/_embedded.py. */
bool lp_runtime_start(PyConfig *config, bool for_rules, struct lp_error *error) LP_MUST_CHECK;
/* Sets what all configurations have in common: where Python believes to be installed, no bytecode, no site. */
PyStatus lp_runtime_configure(PyConfig *config);
/* Calls _embedded.FUNCTION(argument), and drops the reference to argument. */
bool lp_runtime_call_hook(const char *function, PyObject *argument, struct lp_error *error) LP_MUST_CHECK;

/* frozen_import.c: joins the frozen tables and adds the builtin modules, before Py_Initialize. */
bool lp_frozen_install(struct lp_error *error) LP_MUST_CHECK;
/* Returns true for modules of the standard library and of the program, but not for rules that are frozen from app/. */
bool lp_frozen_is_shared(const char *name);
/* Both find one of the options' sources; NULL: there is none. */
const struct lp_python_source *lp_source_find(const char *module);
const struct lp_python_source *lp_source_find_path(const char *path);

/* time_limit.c: creates the exception that interrupts, and the signal's handler.  False: an exception is set. */
bool lp_limit_prepare(void) LP_MUST_CHECK;
/* Defers interruptions for a moment, because the rule has ended and its exception is shown. */
void lp_limit_defer(void);

#endif
