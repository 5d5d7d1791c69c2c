/*
 * The catalogue of rules, as the decorator `rule` describes them.
 *
 * Runs in the rule server, in its only thread; lp_catalogue_failure_of_rule in
 * interpreter processes.
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

/* A module whose import failed; its calculations fail with the same exception. */
struct lp_module_failure {
	const char *module, *version;
	struct lp_python_failure failure;
};

/* catalogue.c: adds the rules of an imported module, or their problems.  False: an exception is set. */
struct lp_module_source {
	const char *file, *version;
	struct lp_problems *problems;
};
bool lp_catalogue_add_module(PyObject *module, const char *name, const struct lp_module_source *source) LP_MUST_CHECK;
/* Notes that a module cannot be imported.  Texts of the failure lie in the catalogue's arena. */
void lp_catalogue_add_failure(const char *module, const char *version, const struct lp_python_failure *failure);
/* Finds the failure of a module, or that of a rule's module, "plant.pumps" of "plant.pumps.efficiency"; NULL: none. */
const struct lp_module_failure *lp_catalogue_failure(const char *module);
const struct lp_module_failure *lp_catalogue_failure_of_rule(const char *rule);
struct lp_arena *lp_catalogue_arena(void);
/* Sorts the rules by name, once all modules are added. */
const struct lp_rule_catalogue *lp_catalogue_sort(void);

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
