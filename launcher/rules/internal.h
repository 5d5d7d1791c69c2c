/*
 * The options of the process and the users' files, for all files of this room.
 * Private to rules/.
 *
 * Runs in the rule server and in interpreter processes, in their only thread.
 */
#ifndef LP_RULES_INTERNAL_H
#define LP_RULES_INTERNAL_H

#include <Python.h>

#include "rules/rules.h"

/* options.c: the options of lp_rules_start, with the log of lp_rules_redirect. */
const struct lp_rules_options *lp_rules_options(void);
void lp_rules_set_options(const struct lp_rules_options *options);

/* module.c: makes the builtin module `_local_processing`. */
PyObject *lp_rules_make_module(void);

/*
 * files.c: reads the files below the directory of the users' rules, once: every
 * interpreter process has the same texts.  Names that begin with a dot,
 * __pycache__, conftest.py, test_*.py and directories named test or tests are
 * left out.  directory NULL: there are no files.
 */
bool lp_rule_files_read(const char *directory, struct lp_error *error) LP_MUST_CHECK;
/* Returns the files, sorted by module; importlib.import_module(module) loads them. */
const struct lp_python_source *lp_rule_files(size_t *count);
/* Returns the version of the file with this index: 12 hexadecimal digits over module and text. */
const char *lp_rule_file_version(size_t index);
/* imports.c: adds imports inside of functions that will fail when they run.  A module that failed is left out. */
bool lp_rule_imports_check(struct lp_problems *problems) LP_MUST_CHECK;

/*
 * call.c: computes a task and fills its outcome, all in the batch's arena.  No
 * exception is set before or after.  The caller limits the time, and decides what
 * an interrupted task becomes.
 */
void lp_rule_call(struct lp_batch *batch, struct lp_task *task, double *coverage);

#endif
