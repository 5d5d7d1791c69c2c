/* The parts of `check`, for its own files: each prints a line for what is fine and one for what could be better. */
#ifndef LP_COMMAND_CHECK_H
#define LP_COMMAND_CHECK_H

#include "config/config.h"

/* What rules may do here.  False: error says what is wrong with the setting. */
bool lp_check_rights(const struct lp_config *config, struct lp_error *error) LP_MUST_CHECK;
/*
 * Whether the memory of rules fits.  largest: bytes, of the calculations that
 * have a limit of their own; every worker may have one of them.
 */
void lp_check_memory(const struct lp_config *config, int64_t largest);

#endif
