/*
 * Call plans: how a calculation's rule, parameters and inputs become the arguments
 * of the rule's function.
 *
 * Runs in interpreter processes, in their only thread.
 */
#ifndef LP_RULES_CALL_PLAN_H
#define LP_RULES_CALL_PLAN_H

#include "rules/registry.h"
#include "rules/units.h"

enum lp_argument_kind {
	LP_ARGUMENT_INPUT,
	LP_ARGUMENT_NONE, /* an optional input that the calculation leaves out */
	LP_ARGUMENT_WINDOW,
	LP_ARGUMENT_CONTEXT,
	LP_ARGUMENT_VALUE,
};

struct lp_call_argument {
	enum lp_argument_kind kind;
	size_t input;    /* index of the calculation's input */
	PyObject *value; /* of a parameter */
	char *json;      /* of a parameter that is a list or dict */
};

/* The plan of all calculations that have one rule, the same parameters, and inputs of the same names. */
struct lp_call_plan {
	uint64_t hash;
	char *rule_name, *parameters;
	char **inputs;
	size_t input_count;
	const struct lp_rule_entry *rule;   /* NULL: there is none of that name, or its module failed */
	struct lp_call_argument *arguments; /* positional ones, then keywords */
	size_t argument_count, positional_count;
	PyObject *keyword_names; /* a tuple, or NULL */
	bool has_quantity;       /* a number that it returns is this quantity, in the unit of its input: */
	struct lp_quantity quantity;
	const char *version;                                /* of the rule, or of its module that failed; or NULL */
	char *error_type, *error_message, *error_traceback; /* why it cannot be called; or NULL */
	struct lp_call_plan *next;
};

/* Finds or makes the plan, valid until the next call.  Never returns NULL: a plan that cannot be made says why. */
const struct lp_call_plan *lp_call_plan_find(struct lp_rule_registry *registry,
                                             const struct lp_calculation *calculation);

#endif
