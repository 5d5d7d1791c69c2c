/*
 * The two limits that rights.c puts on a process.  Private to process/.
 *
 * Runs in the rule server and in interpreter processes.
 */
#ifndef LP_PROCESS_RIGHTS_LIMITS_H
#define LP_PROCESS_RIGHTS_LIMITS_H

#include "process/rights.h"

/* Returns the ABI of the kernel's Landlock; 0: there is none, or the container's runtime forbids it. */
int lp_landlock_probe(void);
/* Limits the files that can be opened.  no_new_privs has to be set. */
bool lp_landlock_limit(const struct lp_rights *rights, int version, const char *rules_directory, const char *tzdata,
                       struct lp_error *error) LP_MUST_CHECK;

/* Returns true if the kernel has seccomp.  Only in a process that is not limited yet. */
bool lp_seccomp_probe(void);
/* Limits the calls of the rule server.  landlock: its ABI, which decides what this filter has to check. */
bool lp_seccomp_limit_server(const struct lp_rights *rights, int landlock, struct lp_error *error) LP_MUST_CHECK;
/* Takes from an interpreter process some of the calls that the rule server may make. */
bool lp_seccomp_limit_interpreter(const struct lp_rights *rights, struct lp_error *error) LP_MUST_CHECK;

#endif
