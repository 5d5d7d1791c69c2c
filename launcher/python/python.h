/*
 * The interpreters and the rules in them.
 *
 * One process has one main interpreter, which loads the rules to describe
 * them, and one subinterpreter with its own GIL per worker thread, which
 * computes.  Nothing of CPython shows here.
 */
#ifndef LP_PYTHON_PYTHON_H
#define LP_PYTHON_PYTHON_H

#include "model/batch.h"
#include "model/rule.h"

struct lp_python_options {
	const char *rules;  /* directory of the users' rules, or NULL */
	const char *tzdata; /* directory of time zones, or NULL: the embedded ones */
	int64_t time_limit; /* microseconds a window may take where its calculation does not say; 0: none */
};

/* Once, in the main thread, before any other thread.  Reads the rules' files, so that every worker gets the same. */
bool lp_python_start(const struct lp_python_options *options, struct lp_error *error) LP_MUST_CHECK;
/*
 * Loads all rules in the main interpreter.  What is wrong with them goes to
 * problems (file, line): the catalogue has the others.  catalogue lives as
 * long as the process.
 */
bool lp_python_catalogue(const struct lp_rule_catalogue **catalogue, struct lp_problems *problems,
                         struct lp_error *error) LP_MUST_CHECK;
/*
 * The main thread gives up its GIL for good: workers importing extension
 * modules need it.  After lp_python_catalogue, before the first worker.
 */
void lp_python_release(void);

struct lp_python_worker;
/* In the worker's own thread (stack of LP_PYTHON_STACK bytes, signals blocked); one at a time, it locks. */
enum { LP_PYTHON_STACK = 32 << 20 };
bool lp_python_worker_open(struct lp_python_worker **worker, struct lp_error *error) LP_MUST_CHECK;
/*
 * Computes the tasks from batch->computed on, in order, counting computed up
 * as each outcome is complete.  Returns when all are done, or once stop was
 * set and the task under way has ended.  A rule's failure is its outcome.
 */
void lp_python_compute(struct lp_python_worker *worker, struct lp_batch *batch, const atomic_bool *stop);
/*
 * From another thread: the watchdog's look at a worker, a few times a second.
 * Interrupts the rule that is past its time limit (its state: timed_out), or,
 * where stop is set, whatever rule is running (its task stays owed).  Reaches
 * Python code, not code stuck in C.
 */
void lp_python_worker_watch(struct lp_python_worker *worker, bool stop);

/* `local-processing python ...`: like python3. arguments[0] is the program's name. Returns its exit code. */
int lp_python_main(int count, char **arguments);
/*
 * Whether the program was started as sys.executable, by a Python script that
 * wants another Python: main() asks before it looks for a verb, and then calls
 * lp_python_main with all arguments.
 */
bool lp_python_is_meant(int count, char **arguments) LP_MUST_CHECK;
/*
 * The end of a process in which workers were: writes what is buffered, and ends
 * without running anything of an interpreter that still exists.  After the
 * threads were joined.
 */
_Noreturn void lp_python_exit(int code);

#endif
