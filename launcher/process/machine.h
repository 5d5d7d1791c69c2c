/*
 * The cores and the memory that this process may use: those of the machine, or
 * fewer where its control group has limits.  Reads /proc and /sys/fs/cgroup, and
 * manages without either.
 *
 * Runs in any process, in any thread.
 */
#ifndef LP_PROCESS_MACHINE_H
#define LP_PROCESS_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

/* Counts the cores by affinity and by the quota of the control group (version 2). */
int lp_count_cores(void);

struct lp_machine_memory {
	int64_t machine;   /* bytes */
	int64_t container; /* the least limit of the process's control groups, versions 1 and 2; 0: none */
	bool kills_all;    /* at that limit the kernel kills all processes of the container (memory.oom.group) */
};

/* Reads the limits.  root is ""; tests have files of their own below another one. */
struct lp_machine_memory lp_machine_read_memory(const char *root);
/* Returns all memory that can be used: the smaller of the two. */
int64_t lp_memory_total(const struct lp_machine_memory *memory);
/*
 * Returns the memory that a rule may take where the setting memory_limit does not
 * say: a worker's share of a quarter of all memory, which leaves room for the main
 * process, the pages of the database's files and other programs.  It is at least
 * 16 MB, and at most 1 GB: a rule that takes more does so rather by mistake.
 */
int64_t lp_memory_limit_default(const struct lp_machine_memory *memory, int workers);

#endif
