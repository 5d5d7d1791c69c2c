/*
 * The interpreter and the rules in it.
 *
 * Of the program's processes the rule server starts it and imports the rules,
 * and its forked copies call them, each in its only thread.  Nothing of CPython
 * shows here.
 */
#ifndef LP_PYTHON_PYTHON_H
#define LP_PYTHON_PYTHON_H

#include "model/batch.h"
#include "model/rule.h"
#include "observe/log.h"
#include <signal.h>
#include <stdatomic.h>

/*
 * What the process is at, for whoever keeps the time from outside.  It counts
 * `sequence` up when a task (or the import of a file) begins, then it is odd,
 * and when that has ended.  Outside `asked` is set to the sequence of what is to
 * end because its time is over, and LP_PYTHON_SIGNAL is sent: what comes too late
 * does nothing.
 */
struct lp_pulse {
	_Atomic uint64_t sequence;
	_Atomic uint64_t asked;
	_Atomic int64_t began;  /* monotonic nanoseconds */
	_Atomic uint32_t index; /* of the task in its part, or of the file */
	_Atomic uint32_t stop;  /* set from outside: begin no other task */
};
#define LP_PYTHON_SIGNAL    (SIGRTMAX - 1)
#define LP_PYTHON_SAY_WHERE (SIGRTMAX - 2) /* the calls that are going on, to standard error: see lp_python_start */

/* A file of rules that is not imported, and what its calculations fail with instead. */
struct lp_python_skip {
	const char *module, *type, *reason, *traceback;
};

struct lp_python_options {
	const char *rules;                  /* directory of the users' rules, or NULL */
	const char *tzdata;                 /* directory of time zones, or NULL: the embedded ones */
	const struct lp_python_skip *skips; /* or NULL */
	size_t skip_count;
	struct lp_pulse *pulse; /* NULL: nobody keeps the time */
	size_t results_most;    /* samples that one call may return; 0: any number */
	/* Where lines go that rules print or log; NULL: the program's log. */
	void (*log)(enum lp_log_level level, const char *from, const char *logger, const char *text);
};

/*
 * Once in a process.  Reads the rules' files; imports none of them.  Whatever
 * kills the process then, standard error tells where it was.
 */
bool lp_python_start(const struct lp_python_options *options, struct lp_error *error) LP_MUST_CHECK;
/*
 * Imports all rules.  What is wrong with them goes to problems (file, line): the
 * catalogue has the others.  catalogue lives as long as the process.  False: a
 * file has left a thread, whose locks a copy of the process would never get
 * again; the pulse still says which.
 */
bool lp_python_catalogue(const struct lp_rule_catalogue **catalogue, struct lp_problems *problems,
                         struct lp_error *error) LP_MUST_CHECK;
/* The module that is number `index` of the pulse; that of the built-in rules comes first.  NULL: there is none. */
const char *lp_python_file(uint32_t index);

/* After the catalogue: what calling rules needs.  Then the process may be forked. */
bool lp_python_open(struct lp_error *error) LP_MUST_CHECK;
/* In the forked copy, once that is as rules are to find it: what it may not have in common with the others. */
bool lp_python_forked(struct lp_error *error) LP_MUST_CHECK;
/* Whether fork() fails in this process: the rule server's files of rules may not. */
void lp_python_refuse_forks(bool refuse);
/* From now on this pulse, and lines go there: as of struct lp_python_options. */
void lp_python_tell(struct lp_pulse *pulse,
                    void (*log)(enum lp_log_level level, const char *from, const char *logger, const char *text));
/* What there is to say about a task besides its outcome. */
struct lp_python_computed {
	double covered;   /* the share of the window that the rule knew a value for */
	bool interrupted; /* at its time limit */
	bool replace;     /* it left something behind that cannot be put back: the process has to be replaced */
	const char *left; /* what it left behind; NULL: nothing.  Valid until the next task. */
};
/* Computes a task whose outcome is not decided; all of the outcome is the batch's arena's.  index: for the pulse. */
void lp_python_compute(struct lp_batch *batch, struct lp_task *task, uint32_t index,
                       struct lp_python_computed *computed);

/* `local-processing python ...`: like python3. arguments[0] is the program's name. Returns its exit code. */
int lp_python_main(int count, char **arguments);
/*
 * Whether the program was started as sys.executable, by a Python script that
 * wants another Python: main() asks before it looks for a verb, and then calls
 * lp_python_main with all arguments.
 */
bool lp_python_is_meant(int count, char **arguments) LP_MUST_CHECK;

#endif
