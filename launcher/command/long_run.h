/* What a run that finds another one working tells of that one. */
#ifndef LP_COMMAND_LONG_RUN_H
#define LP_COMMAND_LONG_RUN_H

#include "store/store.h"

/*
 * Logs a run that has been working for long: one that hangs, or whose machine is
 * gone, must not look like a busy minute.
 */
void lp_warn_of_long_run(struct lp_store *store);

#endif
