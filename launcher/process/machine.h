/*
 * What this process may use of the machine: cores and memory, less where its
 * control group gives less.  Reads /proc and
 * /sys/fs/cgroup, and does without either.
 *
 * Runs in any process, in any thread.
 */
#ifndef LP_PROCESS_MACHINE_H
#define LP_PROCESS_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

/* By affinity, and the quota of the control group (version 2). */
int lp_cores(void);

struct lp_machine_memory {
	int64_t machine;   /* bytes */
	int64_t container; /* the least limit of the process's control groups, versions 1 and 2; 0: none */
	bool as_one;       /* where that is reached, everything in the container is killed (memory.oom.group) */
};

/* root: "" but in tests, which have files of their own below it. */
struct lp_machine_memory lp_machine_memory(const char *root);
/* What can be had at all: the smaller of the two. */
int64_t lp_memory_there(const struct lp_machine_memory *memory);
/*
 * How much memory a rule may take where the setting memory_limit does not say:
 * a quarter of what is there over the workers, so that the main process, the
 * pages of the database's files and other programs have room; at most 1 GB,
 * more than which is a mistake more often than a need, and at least 16 MB.
 */
int64_t lp_memory_limit_usual(const struct lp_machine_memory *memory, int workers);

#endif
