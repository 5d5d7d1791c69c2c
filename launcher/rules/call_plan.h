/*
 * What is kept of the rules that are loaded, and how they are called.
 * Shared by plan.c, which makes it, and call.c, which uses it.
 *
 * Runs in interpreter processes, in their only thread; lp_rules_load in the rule
 * server.
 */
#ifndef LP_RULES_CALL_PLAN_H
#define LP_RULES_CALL_PLAN_H

#include "rules/internal.h"
#include "rules/types.h"
#include "rules/units.h"

struct lp_loaded_rule {
	char *name;
	PyObject *function, *description, *outputs;
	const char *version;
	char *problem; /* what is wrong with its signature, or NULL */
};

/* A module whose import failed: what its calculations fail with. */
struct lp_failed_module {
	const char *name, *version;
	struct lp_python_failure failure;
};

enum lp_argument_kind {
	LP_ARGUMENT_INPUT,
	LP_ARGUMENT_NONE, /* an optional input that the calculation leaves out */
	LP_ARGUMENT_WINDOW,
	LP_ARGUMENT_CONTEXT,
	LP_ARGUMENT_VALUE,
};

struct lp_call_argument {
	enum lp_argument_kind kind;
	size_t input;    /* of the calculation */
	PyObject *value; /* of a parameter */
	char *json;      /* of a parameter that is a list or dict */
};

/* How calculations with one rule, the same parameters and inputs of the same names call it. */
struct lp_call_plan {
	uint64_t hash;
	char *rule_name, *parameters;
	char **inputs;
	size_t input_count;
	const struct lp_loaded_rule *rule;  /* NULL: there is none of that name, or its module failed */
	struct lp_call_argument *arguments; /* positional ones, then keywords */
	size_t argument_count, positional_count;
	PyObject *keyword_names; /* a tuple, or NULL */
	bool has_quantity;       /* a number that it returns is, but for the unit of its input: */
	struct lp_quantity quantity;
	const char *version;                                /* of the rule, or of its module that failed; or NULL */
	char *error_type, *error_message, *error_traceback; /* it can't be called: why; or NULL */
	struct lp_call_plan *next;
};

/* Beyond so many all are forgotten: memory must not grow with the number of calculations. */
enum { LP_CALL_PLAN_BUCKETS = 1024, LP_CALL_PLANS_MOST = 4096 };

struct lp_loaded_rules {
	struct lp_rule_state *state;
	struct lp_loaded_rule *rules; /* sorted by name */
	size_t count, capacity;
	struct lp_failed_module *failed;
	size_t failed_count, failed_capacity;
	struct lp_call_plan *buckets[LP_CALL_PLAN_BUCKETS];
	size_t plan_count;
	struct lp_call_plan *last; /* most likely the next one too */
	PyObject *logging_name;    /* "logging", interned; NULL once its handler is installed */
	struct lp_arena arena;
};

/* Never NULL: a plan that can't be made says why.  Valid until the next call. */
const struct lp_call_plan *lp_call_plan_for(struct lp_loaded_rules *rules, const struct lp_calculation *calculation);
/* Sends the module logging to the program's log once a rule has imported it.  True: just now. */
bool lp_rules_watch_logging(struct lp_loaded_rules *rules);

#endif
