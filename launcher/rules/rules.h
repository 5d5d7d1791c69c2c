/*
 * Rules: the types that they see, importing them, calling them.
 *
 * Runs in the rule server, which imports the rules, and in its forked copies,
 * which call them, each in its only thread; rules/units.h anywhere.
 */
#ifndef LP_RULES_RULES_H
#define LP_RULES_RULES_H

#include "model/rule.h"
#include "observe/observe.h"
#include "python/python.h"
#include "rules/units.h"

/* A file of rules that is not imported, and what its calculations fail with instead. */
struct lp_rule_skip {
	const char *module, *type, *reason, *traceback;
};

/* Where lines go that rules print or log; NULL: the program's log. */
typedef void lp_rule_log(enum lp_log_level level, const char *from, const char *logger, const char *text);

struct lp_rules_options {
	const char *directory;            /* of the users' rules, or NULL */
	const char *tzdata;               /* as of struct lp_python_options */
	const struct lp_rule_skip *skips; /* or NULL */
	size_t skip_count;
	struct lp_pulse *pulse; /* as of struct lp_python_options */
	size_t results_most;    /* samples that one call may return; 0: any number */
	lp_rule_log *log;
	bool look_ahead; /* imports inside of functions that will fail are problems, too */
};

/* Gives the interpreter that is started next the types of rules: the builtin module `_local_processing`. */
void lp_rules_add_types(void);
/* Once in a process.  Reads the rules' files and starts Python; imports none of them. */
bool lp_rules_start(const struct lp_rules_options *options, struct lp_error *error) LP_MUST_CHECK;
/*
 * Imports all rules.  What is wrong with them goes to problems (file, line): the
 * catalogue has the others.  catalogue lives as long as the process.  False: a
 * file has left a thread, whose locks a copy of the process would never get
 * again; the pulse still says which.
 */
bool lp_rules_import(const struct lp_rule_catalogue **catalogue, struct lp_problems *problems,
                     struct lp_error *error) LP_MUST_CHECK;
/* The module that is number `index` of the pulse; that of the built-in rules comes first.  NULL: there is none. */
const char *lp_rules_module(uint32_t index);

/* After the import: what calling rules needs.  Then the process may be forked. */
bool lp_rules_open(struct lp_error *error) LP_MUST_CHECK;
/* Uses this pulse from now on, and hands on lines to this log. */
void lp_rules_redirect(struct lp_pulse *pulse, lp_rule_log *log);
/* What is known of a call besides the task's outcome. */
struct lp_call_report {
	double coverage;       /* the share of the window that the rule knew a value for */
	bool interrupted;      /* at its time limit */
	bool replace;          /* the rule left something behind that cannot be put back: replace the process */
	const char *leftovers; /* what it left behind; NULL: nothing.  Valid until the next call */
};
/* Computes a task that is not decided.  All of its outcome is in the batch's arena.  index: for the pulse. */
void lp_rules_compute(struct lp_batch *batch, struct lp_task *task, uint32_t index, struct lp_call_report *report);

#endif
