/*
 * Which limit of the machine stands behind an errno, for who starts processes and
 * shares memory.
 *
 * Runs in the main process and in the rule server, in any thread.
 */
#ifndef LP_PROCESS_LIMITS_H
#define LP_PROCESS_LIMITS_H

#include "model/error.h"

#include <errno.h>

/* Adds the hint of a limit on open files if that is what errno says, else the other one.  Returns false. */
static inline bool lp_hint_limit(struct lp_error *error, int error_number, const char *otherwise)
{
	bool files = error_number == EMFILE || error_number == ENFILE;
	return lp_hint(error, "%s", files ? "The limit on open files (ulimit -n) may be too low." : otherwise);
}

#endif
