/*
 * What the files of this room share, besides the types that rules see.  Internal to
 * rules/.
 *
 * Runs where rules.h says.
 */
#ifndef LP_RULES_INTERNAL_H
#define LP_RULES_INTERNAL_H

#include <Python.h>

#include "rules/rules.h"

/* rules.c: what lp_rules_start was given, but for lp_rules_redirect. */
const struct lp_rules_options *lp_rules_options(void);

/* module.c: the builtin module `_local_processing`: multi-phase, its state per interpreter. */
PyObject *lp_series_module_init(void);

/*
 * files.c: the files below the directory of the users' rules, read once at
 * start: every interpreter gets the same.  Names that begin with a dot,
 * __pycache__, conftest.py, test_*.py and directories named test or tests are
 * left out.  directory NULL: there are none.
 */
bool lp_rule_files_read(const char *directory, struct lp_error *error) LP_MUST_CHECK;
/* Sorted by module; importlib.import_module(module) loads them. */
const struct lp_python_source *lp_rule_files(size_t *count);
/* Of the file with this index: 12 hexadecimal digits over module and text. */
const char *lp_rule_file_version(size_t index);
/* imports.c: adds imports inside of functions that will fail when they run.  A module that failed is left out. */
bool lp_rule_imports_check(struct lp_problems *problems) LP_MUST_CHECK;

/* plan.c: what is kept of the rules that are imported.  There is one interpreter in a process, and one thread that has it. */
struct lp_loaded_rules;
extern struct lp_loaded_rules *lp_loaded_rules;
/*
 * Once all files are imported: makes lp_loaded_rules.  A rule's file that does
 * not load is no error here: the catalogue has told, and its calculations fail
 * with the import's error.
 */
bool lp_rules_load(struct lp_error *error) LP_MUST_CHECK;
/*
 * call.c: computes one task and fills its outcome (samples_read, state, results,
 * error, duration), all in batch->arena.  No exception is set before or after.
 * The time limit is armed by the caller, and it is the caller who turns an
 * interrupted task into what it is: a rule that is interrupted just raises.
 */
void lp_rule_call(struct lp_batch *batch, struct lp_task *task, double *covered);

#endif
