/*
 * Leftovers: what a rule has changed in its interpreter process is put back after
 * its call, so that no other calculation computes with it.
 *
 * Policy.  A rule may change anything while it runs.  When it has ended, everything
 * that could reach another calculation is as it was before: the way numbers are
 * computed (decimals, locale, random numbers, functions of the standard library),
 * where text goes (sys.stdout, logging), and what the process is (environment,
 * directory, signals, threads, files).  Where something cannot be put back the
 * process is replaced.  Objects in the rules' own modules stay as they are.
 *
 * A call that leaves nothing must cost nothing.  So nothing is looked up after a
 * call; instead each change is noted when it is made:
 *   - the linker wraps libc's functions that change a process (link-options.txt,
 *     leftovers_libc.c);
 *   - the dicts of the standard library's modules and types are watched
 *     (leftovers_modules.c);
 *   - only the numbers and lists that are in no such place are compared
 *     (leftovers.c).
 *
 * Runs in an interpreter process, in the one thread that calls rules, which holds
 * the GIL.  In a process that never calls lp_leftovers_keep the wrapped functions
 * are libc's.
 */
#ifndef LP_PYTHON_LEFTOVERS_H
#define LP_PYTHON_LEFTOVERS_H

#include "model/error.h"

#include <stdbool.h>

/*
 * Takes the present state as the baseline, which is restored after every call.  The
 * descriptors that are open now are the program's own: from now on a rule that
 * closes or replaces one gets EBADF.  It is called again in each process after the
 * fork, and where the program itself has changed something.
 */
bool lp_leftovers_keep(struct lp_error *error) LP_MUST_CHECK;

/*
 * Enters a fresh contextvars context for a call, in which decimals have their
 * default precision, and leaves it.  False: there is no memory, an exception is
 * set, and there is no context to leave.
 */
bool lp_leftovers_enter(void) LP_MUST_CHECK;
void lp_leftovers_leave(void);
/*
 * Frees the cycles of objects that a call has left.  A __del__ that hangs then does
 * so within this call's time, not within another's.  Costs a comparison where the
 * call has freed as many objects as it made.
 */
void lp_leftovers_end_cycles(void);
/*
 * Keeps the collector away from the objects that exist now: it would write to each
 * of their pages in each forked process.  Before the first fork.
 */
bool lp_leftovers_freeze(struct lp_error *error) LP_MUST_CHECK;
/*
 * Returns true if the context of decimals is not the default one; before
 * lp_leftovers_leave.  A context never stays after a call, so the rules of a file
 * that sets it at its import would not have what they expect.
 */
bool lp_leftovers_decimals_are_set(void) LP_MUST_CHECK;

/*
 * Puts everything back, after the call and the end of its objects, with no
 * exception set.  Returns the names of the leftovers for a sentence, "sys.stdout,
 * the environment variable TZ", or NULL where there were none; the text is valid
 * until the next call.  Sets *replace where something cannot be put back, so that
 * the process has to be replaced.
 */
const char *lp_leftovers_put_back(bool *replace) LP_MUST_CHECK;

#endif
