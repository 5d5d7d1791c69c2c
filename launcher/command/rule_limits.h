/*
 * What rules may do and take, as the configuration and the machine say.
 */
#ifndef LP_COMMAND_RULE_LIMITS_H
#define LP_COMMAND_RULE_LIMITS_H

#include "config/config.h"
#include "process/process.h"

/* Its lists are the configuration's. */
struct lp_rights lp_rule_rights(const struct lp_config *config);
/* Worker threads, and so interpreter processes, that a run has at most. */
int lp_rule_workers(const struct lp_config *config);
/* Bytes. */
int64_t lp_rule_memory_limit(const struct lp_config *config);

/* All of it, for the processes of rules.  Its texts are the configuration's. */
struct lp_process_options lp_rule_options(const struct lp_config *config);

/*
 * For `check`, a line each: what rules may do here, and whether their memory
 * fits.  False: error says what is wrong with the setting.  largest: bytes, of the
 * calculations that have a limit of their own; every worker may have one of them.
 */
bool lp_rule_rights_tell(const struct lp_config *config, struct lp_error *error) LP_MUST_CHECK;
void lp_rule_memory_tell(const struct lp_config *config, int64_t largest);

#endif
