/* What rules may do and take, as the configuration and the machine say. */
#ifndef LP_SERVICE_RULE_OPTIONS_H
#define LP_SERVICE_RULE_OPTIONS_H

#include "config/config.h"
#include "process/process.h"

/* Its lists are the configuration's. */
struct lp_rights lp_rule_rights(const struct lp_config *config);
/* Worker threads, and so interpreter processes, that a run has at most. */
int lp_rule_workers(const struct lp_config *config);
/* Bytes. */
int64_t lp_rule_memory_limit(const struct lp_config *config);

/* Returns all of these, for the processes of rules. Its texts are the configuration's. */
struct lp_process_options lp_rule_options(const struct lp_config *config);

#endif
