/*
 * Starting Python with rules in it, and the options of the process.
 *
 * Runs in the rule server, in its only thread; lp_rules_redirect in interpreter
 * processes, lp_rules_add_types wherever Python is started.
 */
#include "rules/internal.h"

static struct lp_rules_options options; /* set once by lp_rules_start */

const struct lp_rules_options *lp_rules_options(void)
{
	return &options;
}

void lp_rules_add_types(void)
{
	lp_python_add_module("_local_processing", lp_rules_make_module);
}

bool lp_rules_start(const struct lp_rules_options *start_options, struct lp_error *error)
{
	struct lp_python_options python = { .tzdata = start_options->tzdata, .pulse = start_options->pulse };

	options = *start_options;
	if (!lp_rule_files_read(options.directory, error))
		return false;
	python.sources = lp_rule_files(&python.source_count);
	lp_rules_add_types();
	return lp_python_start(&python, error);
}

void lp_rules_redirect(struct lp_pulse *pulse, lp_rule_log *log)
{
	lp_python_set_pulse(pulse);
	options.log = log;
}
