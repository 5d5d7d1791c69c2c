/*
 * Starting Python with rules in it.
 *
 * Runs in the rule server, in its only thread; lp_rules_add_types wherever Python
 * is started.
 */
#include "rules/internal.h"

void lp_rules_add_types(void)
{
	lp_python_add_module("_local_processing", lp_rules_make_module);
}

bool lp_rules_start(const struct lp_rules_options *options, struct lp_error *error)
{
	struct lp_python_options python = { .tzdata = options->tzdata, .pulse = options->pulse };

	lp_rules_set_options(options);
	if (!lp_rule_files_read(options->directory, error))
		return false;
	python.sources = lp_rule_files(&python.source_count);
	lp_rules_add_types();
	return lp_python_start(&python, error);
}
