/*
 * The rules of a module, as the decorator `rule` describes them.
 *
 * Runs in the rule server, in its only thread.
 */
#ifndef LP_RULES_CATALOGUE_H
#define LP_RULES_CATALOGUE_H

#include "rules/internal.h"

struct lp_rule_definition {
	PyObject *function;
	PyObject *description; /* app/local_processing/_rule.py: Rule */
	PyObject *name;        /* with its module, but for the built-in ones */
};
typedef bool (*lp_rule_definition_visit)(void *context, const struct lp_rule_definition *definition);
extern const char lp_builtin_module[];
/* catalogue.c: calls visit for each rule that an imported module defines.  False: an exception is set. */
bool lp_rules_visit(PyObject *module, const char *module_name, lp_rule_definition_visit visit,
                    void *context) LP_MUST_CHECK;
/* Returns the exception of a module whose import failed, or NULL. */
const struct lp_python_failure *lp_catalogue_failure(const char *module);

/*
 * description.c: reads a description, all texts into the arena.  Name, file and
 * version are the caller's.  False: an exception is set.
 */
bool lp_description_read(PyObject *description, struct lp_arena *arena, struct lp_rule *rule) LP_MUST_CHECK;
bool lp_description_read_line(PyObject *description, int *line) LP_MUST_CHECK;
/* Returns a new reference to a list of the description, as a fast sequence, or NULL with an exception set. */
PyObject *lp_description_list(PyObject *description, const char *name, size_t *count);
/* Copies a str, or returns NULL for None. */
const char *lp_description_text(PyObject *text, struct lp_arena *arena);

#endif
