/*
 * What the rule server says about the rules it has loaded: enough to check a
 * definition without running Python.
 */
#ifndef LP_MODEL_RULE_H
#define LP_MODEL_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lp_parameter_type {
	LP_PARAMETER_ANY,
	LP_PARAMETER_BOOL,
	LP_PARAMETER_INT,
	LP_PARAMETER_FLOAT, /* takes an int too */
	LP_PARAMETER_TEXT,
	LP_PARAMETER_LIST,
	LP_PARAMETER_DICT,
};

struct lp_rule_parameter {
	const char *name;
	enum lp_parameter_type type;
	bool nullable;             /* float | None */
	const char *default_value; /* JSON, or NULL: required */
	const char *choices;       /* JSON list of a Literal's values, or NULL */
};

/* The look-back of a rule that holds values: as long as a value of the series holds (lp_series_hold). */
#define LP_LOOKBACK_HOLD INT64_C(-1)

struct lp_rule_input {
	const char *name;
	bool optional; /* Series | None = None */
	bool many;     /* *series: Series takes any number, named as in the definition */
	/*
	 * microseconds that the rule asks for, or LP_LOOKBACK_HOLD; a definition can
	 * ask for more
	 */
	int64_t lookback;
};

/* By the annotation of the function. */
enum lp_rule_returns { LP_RETURNS_UNKNOWN, LP_RETURNS_NUMBERS, LP_RETURNS_SERIES };

struct lp_rule {
	const char *name;    /* "mean" if it is built in, "module.function" for a user's */
	const char *summary; /* first line of the docstring */
	const char *documentation;
	const char *file; /* its source file, for messages */
	int line;
	const char *version; /* 12 hexadecimal digits over the source of its module */
	struct lp_rule_input *inputs;
	size_t input_count;
	struct lp_rule_parameter *parameters;
	size_t parameter_count;
	const char **outputs; /* names of @rule(outputs=...); none: one unnamed output */
	size_t output_count;
	enum lp_rule_returns returns;
};

struct lp_rule_catalogue {
	struct lp_rule *rules; /* sorted by name */
	size_t count;
};

/* An interpreter of the user's own, and the rules that it computes. */
struct lp_other_python {
	const char *interpreter;    /* its file, absolute; NULL: there is none */
	const char *const *modules; /* modules and packages of the rules' directory; none: all of them */
	size_t module_count;
};
/* Return true if it imports this module, and if it computes this rule. */
bool lp_other_python_has_module(const struct lp_other_python *other, const char *module);
bool lp_other_python_has_rule(const struct lp_other_python *other, const char *rule);

/* NULL: no such rule. */
const struct lp_rule *lp_rule_find(const struct lp_rule_catalogue *catalogue, const char *name);

#endif
