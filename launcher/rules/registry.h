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

/* All plans are freed once there are this many, so that memory does not grow with the number of calculations. */
enum { LP_CALL_PLAN_BUCKETS = 1024, LP_CALL_PLANS_MOST = 4096 };

struct lp_rule_registry {
	struct lp_rule_state *state;
	struct lp_rule_entry *rules; /* sorted by name */
	size_t count, capacity;
	struct lp_call_plan *buckets[LP_CALL_PLAN_BUCKETS];
	size_t plan_count;
	struct lp_call_plan *last; /* most likely the next one too */
	PyObject *logging_name;    /* "logging", interned; NULL once its handler is installed */
};
/* A process has one interpreter, with one thread. */
extern struct lp_rule_registry *lp_rule_registry;

/*
 * Makes the registry once all files are imported.  A file that did not load is no
 * error: the catalogue has named it, and its calculations fail.
 */
bool lp_rules_load(struct lp_error *error) LP_MUST_CHECK;
const struct lp_rule_entry *lp_registry_find(const struct lp_rule_registry *registry, const char *name);
/* Sends the module logging to the program's log once a rule has imported it.  Returns true if it did so just now. */
bool lp_registry_watch_logging(struct lp_rule_registry *registry);

#endif
