/*
 * Rules: importing them, the types that they see, and calling them.
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

/* A file of rules that is not imported: its calculations fail with this exception. */
struct lp_rule_skip {
	const char *module, *type, *reason, *traceback;
};

/* Takes a line that a rule has printed or logged. */
typedef void lp_rule_log(enum lp_log_level level, const char *from, const char *logger, const char *text);

struct lp_rules_options {
	const char *directory;            /* of the users' rules, or NULL */
	const char *tzdata;               /* as of struct lp_python_options */
	const struct lp_rule_skip *skips; /* or NULL */
	size_t skip_count;
	struct lp_pulse *pulse;       /* as of struct lp_python_options */
	size_t results_most;          /* samples that one call may return; 0: any number */
	lp_rule_log *log;             /* NULL: the program's log */
	bool look_ahead;              /* imports inside of functions that will fail are problems, too */
	struct lp_other_python other; /* its modules are not imported here, unless by another file */
};

/* Gives the interpreter that starts next the builtin module `_local_processing`, which has the types of rules. */
void lp_rules_add_types(void);
/*
 * Reads the files below the directory of the users' rules, once: every interpreter
 * process has the same texts.  Names that begin with a dot, __pycache__,
 * conftest.py, test_*.py and directories named test or tests are left out.
 * directory NULL: there are no files.  lp_rules_start does it by itself.
 */
bool lp_rule_files_read(const char *directory, struct lp_error *error) LP_MUST_CHECK;
/* Returns the files, sorted by module; importlib.import_module(module) loads them. */
const struct lp_python_source *lp_rule_files(size_t *count);
/* Returns the version of the file with this index: 12 hexadecimal digits over module and text. */
const char *lp_rule_file_version(size_t index);

/* Reads the files of rules and starts Python, once in a process.  Imports no file. */
bool lp_rules_start(const struct lp_rules_options *options, struct lp_error *error) LP_MUST_CHECK;
/*
 * Imports all rules.  Those that cannot be used go to problems, by file and line;
 * the catalogue has the others, and lives as long as the process.  False: a file
 * has left a thread, which could hold locks that a forked copy would wait for for
 * ever; the pulse still says which file it is.
 */
bool lp_rules_import(const struct lp_rule_catalogue **catalogue, struct lp_problems *problems,
                     struct lp_error *error) LP_MUST_CHECK;
/* Returns the module with this index of the pulse; that of the built-in rules comes first.  NULL: there is none. */
const char *lp_rules_module(uint32_t index);

/* Prepares calling the imported rules.  The process may be forked then. */
bool lp_rules_open(struct lp_error *error) LP_MUST_CHECK;
/* Uses this pulse from now on, and hands on lines to this log. */
void lp_rules_redirect(struct lp_pulse *pulse, lp_rule_log *log);
/* The report of a call, besides the task's outcome. */
struct lp_call_report {
	double coverage;       /* the share of the window that the rule knew a value for */
	bool interrupted;      /* at its time limit */
	bool replace;          /* the rule left something behind that cannot be put back: replace the process */
	const char *leftovers; /* what it left behind; NULL: nothing.  Valid until the next call */
};
/* Computes a task that is not decided.  All of its outcome is in the batch's arena.  index: for the pulse. */
void lp_rules_compute(struct lp_batch *batch, struct lp_task *task, uint32_t index, struct lp_call_report *report);

#endif
