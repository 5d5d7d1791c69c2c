/*
 * The two limits that rights.c puts on a process.  Internal to process/.
 *
 * Runs in the rule server and in interpreter processes.
 */
#ifndef LP_PROCESS_RIGHTS_LIMITS_H
#define LP_PROCESS_RIGHTS_LIMITS_H

#include "process/rights.h"

/* The ABI of the kernel's Landlock; 0: it has none, or what runs the container keeps it away. */
int lp_landlock_version(void);
/* From now on only these files are opened.  no_new_privs has to be set. */
bool lp_landlock_limit(const struct lp_rights *rights, int version, const char *rules_directory, const char *tzdata,
                       struct lp_error *error) LP_MUST_CHECK;

/* Of a process that is not limited yet. */
bool lp_seccomp_is_there(void);
/* The list of what the rule server may call; landlock: its version, which says what it sees to. */
bool lp_seccomp_limit_server(const struct lp_rights *rights, int landlock, struct lp_error *error) LP_MUST_CHECK;
/* What an interpreter process may not, of that list. */
bool lp_seccomp_limit_interpreter(const struct lp_rights *rights, struct lp_error *error) LP_MUST_CHECK;

#endif
