/*
 * The two limits that rights.c puts on a process.  Private to process/.
 *
 * Runs in the rule server and in interpreter processes.
 */
#ifndef LP_PROCESS_RIGHTS_LIMITS_H
#define LP_PROCESS_RIGHTS_LIMITS_H

#include "process/rights.h"

#include <stdint.h>
#include <sys/types.h>

/* Returns the ABI of the kernel's Landlock; 0: there is none, or the container's runtime forbids it. */
int lp_landlock_probe(void);
/* Lists the files that can be opened, in a ruleset of the kernel: *files is its descriptor, closed by exec. */
bool lp_landlock_list(const struct lp_rights *rights, int version, const char *rules_directory, const char *tzdata,
                      int *files, struct lp_error *error) LP_MUST_CHECK;
/* The rights to a directory whose files can be read. */
extern const uint64_t lp_landlock_read;
/* Limits the files that can be opened.  no_new_privs has to be set. */
bool lp_landlock_limit(const struct lp_rights *rights, int version, const char *rules_directory, const char *tzdata,
                       struct lp_error *error) LP_MUST_CHECK;

/* Returns true if the kernel has seccomp.  Only in a process that is not limited yet. */
bool lp_seccomp_probe(void);
/* Limits the calls of the rule server.  landlock: its ABI, which decides what this filter has to check. */
bool lp_seccomp_limit_server(const struct lp_rights *rights, int landlock, struct lp_error *error) LP_MUST_CHECK;
/* Takes from an interpreter process some of the calls that the rule server may make. */
bool lp_seccomp_limit_interpreter(const struct lp_rights *rights, struct lp_error *error) LP_MUST_CHECK;

/* Write the same two filters, for a process that installs them itself.  self: its number. */
void lp_seccomp_write_server(const struct lp_rights *rights, int landlock, struct lp_text *filter);
void lp_seccomp_write_interpreter(const struct lp_rights *rights, pid_t self, struct lp_text *filter);

#endif
