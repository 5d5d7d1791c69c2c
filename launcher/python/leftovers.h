/*
 * Fresh state: what a rule leaves behind in its interpreter process is put back
 * after its call, so that no other calculation computes with it.
 *
 * Policy.  A call of a rule may change whatever it likes while it runs.  When
 * it has ended, everything that could reach another calculation is as it was
 * before: the way numbers are computed (decimals, locale, random numbers,
 * functions of the standard library), where text goes (sys.stdout, logging), and
 * what the process is (environment, directory, signals, threads, files).  What
 * cannot be put back ends the process: another one takes its place.  Objects in
 * the rules' own modules are the rules' business.
 *
 * Noticing must cost nothing where nothing was left.  So nothing is looked up
 * after a call; whoever changes something is made to tell:
 *   - libc's functions that change a process are wrapped by the linker
 *     (link-options.txt, leftovers_libc.c);
 *   - the dicts of the standard library's modules and types are watched
 *     (leftovers_modules.c);
 *   - numbers and lists that have no such place are compared (leftovers.c).
 *
 * Runs in an interpreter process, in the one thread that calls rules, which
 * holds the GIL.  In a process that never calls lp_leftovers_keep the wrapped
 * functions are libc's.
 */
#ifndef LP_PYTHON_LEFTOVERS_H
#define LP_PYTHON_LEFTOVERS_H

#include "model/error.h"

#include <stdbool.h>

/*
 * Remembers what has to be the same after every call: all that is so now.  The
 * descriptors that are open now are the program's own; from now on a rule that
 * closes or replaces one is refused with EBADF.  Again in each process after it
 * was forked, and wherever the program itself has changed something: what is
 * so then counts.
 */
bool lp_leftovers_keep(struct lp_error *error) LP_MUST_CHECK;

/*
 * Around a call: it runs in a fresh contextvars context, in which decimals have
 * their default precision.  False: no memory, an exception is set, and there is
 * nothing to leave.
 */
bool lp_leftovers_enter(void) LP_MUST_CHECK;
void lp_leftovers_leave(void);
/*
 * After that: cycles that the call has made and left end now, within its time.
 * Else one whose __del__ hangs would hang in another's.  Costs a comparison where
 * the call has freed as many objects as it made.
 */
void lp_leftovers_end_cycles(void);
/*
 * Before the first fork: what there is now is left alone by the collector, which
 * would write to each of its pages in each copy.
 */
bool lp_leftovers_freeze(struct lp_error *error) LP_MUST_CHECK;
/*
 * Before lp_leftovers_leave: whether the context of decimals is not the default
 * one.  Nothing of that is left after a call, but of who sets it while a file
 * is imported, the rules in the file expect it.
 */
bool lp_leftovers_decimals_are_set(void) LP_MUST_CHECK;

/*
 * After a call and the end of its objects, no exception set.  NULL: nothing
 * was left.  Else it was put back, and this names what it was, for a sentence:
 * "sys.stdout, the environment variable TZ".  The text is valid until the next
 * call.  *replace: something stays that cannot be put back, the process has to
 * be replaced; otherwise it is not touched.
 */
const char *lp_leftovers_put_back(bool *replace) LP_MUST_CHECK;

#endif
