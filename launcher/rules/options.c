/*
 * The options of the process, for the files of this room.
 *
 * Runs in the rule server and in interpreter processes, in their only thread.
 */
#include "rules/internal.h"

static struct lp_rules_options options;

const struct lp_rules_options *lp_rules_options(void)
{
	return &options;
}

void lp_rules_set_options(const struct lp_rules_options *start_options)
{
	options = *start_options;
}

void lp_rules_redirect(struct lp_pulse *pulse, lp_rule_log *log)
{
	lp_python_set_pulse(pulse);
	options.log = log;
}
