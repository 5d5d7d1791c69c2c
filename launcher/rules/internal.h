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

/* imports.c: adds imports inside of functions that will fail when they run.  A module that failed is left out. */
bool lp_rule_imports_check(struct lp_problems *problems) LP_MUST_CHECK;

/*
 * call.c: computes a task and fills its outcome, all in the batch's arena.  No
 * exception is set before or after.  The caller limits the time, and decides what
 * an interrupted task becomes.
 */
void lp_rule_call(struct lp_batch *batch, struct lp_task *task, double *coverage);

#endif
