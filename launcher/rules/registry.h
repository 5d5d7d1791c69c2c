/*
 * The registry: the functions of all rules that are imported, and how
 * calculations call them.
 *
 * Runs in interpreter processes, in their only thread; lp_rules_load in the rule
 * server.
 */
#ifndef LP_RULES_REGISTRY_H
#define LP_RULES_REGISTRY_H

#include "rules/internal.h"
#include "rules/types.h"

struct lp_rule_entry {
	char *name;
	PyObject *function, *description, *outputs;
	const char *version;
	char *problem; /* what is wrong with its signature, or NULL */
};

/* A module whose import failed; its calculations fail with the same exception. */
struct lp_module_failure {
	const char *name, *version;
	struct lp_python_failure failure;
};

/* When so many plans are kept all of them are freed, so that memory does not grow with the number of calculations. */
enum { LP_CALL_PLAN_BUCKETS = 1024, LP_CALL_PLANS_MOST = 4096 };

struct lp_rule_registry {
	struct lp_rule_state *state;
	struct lp_rule_entry *rules; /* sorted by name */
	size_t count, capacity;
	struct lp_module_failure *failures;
	size_t failure_count, failure_capacity;
	struct lp_call_plan *buckets[LP_CALL_PLAN_BUCKETS];
	size_t plan_count;
	struct lp_call_plan *last; /* most likely the next one too */
	PyObject *logging_name;    /* "logging", interned; NULL once its handler is installed */
	struct lp_arena arena;
};
/* A process has one interpreter, with one thread. */
extern struct lp_rule_registry *lp_rule_registry;

/*
 * Makes the registry once all files are imported.  A file that did not load is no
 * error: the catalogue has named it, and its calculations fail.
 */
bool lp_rules_load(struct lp_error *error) LP_MUST_CHECK;
const struct lp_rule_entry *lp_registry_find(const struct lp_rule_registry *registry, const char *name);
/* Finds the failure of a rule's module, "plant.pumps" of "plant.pumps.efficiency"; NULL: it did not fail. */
const struct lp_module_failure *lp_registry_find_failure(const struct lp_rule_registry *registry, const char *name);
/* Sends the module logging to the program's log once a rule has imported it.  Returns true if it did so just now. */
bool lp_registry_watch_logging(struct lp_rule_registry *registry);

#endif
