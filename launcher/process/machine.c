/*
 * A control group's limit holds for all groups below it, so the least limit on the
 * way up to the root counts.  In a container its own group looks like the root.
 *
 * Runs in any process, in any thread.
 */
#include "process/machine.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

enum { GROUP_MOST = 4096 };

/* Version 1 writes 2^63 less a page where there is no limit. */
#define UNLIMITED (INT64_C(1) << 60)

/*
 * Reads the name of the process's control group, of version 2 where controller is
 * NULL.  It is empty for the root, and where there is none.
 */
static void read_group(const char *root, const char *controller, char group[GROUP_MOST])
{
	char line[GROUP_MOST + 128], path[GROUP_MOST];
	FILE *file;

	group[0] = '\0';
	(void)snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
	file = fopen(path, "re");
	/* A line is "4:memory:/group" or "0::/group". */
	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		char *rest = line, *name = NULL;
		bool found = false;

		line[strcspn(line, "\n")] = '\0';
		(void)strsep(&rest, ":");
		char *controllers = strsep(&rest, ":");
		if (rest == NULL)
			continue;
		if (controller == NULL)
			found = controllers[0] == '\0';
		else
			while (!found && (name = strsep(&controllers, ",")) != NULL)
				found = strcmp(name, controller) == 0;
		if (found)
			(void)snprintf(group, GROUP_MOST, "%s", strcmp(rest, "/") == 0 ? "" : rest);
	}
	if (file != NULL)
		(void)fclose(file);
}

/* Goes from a group to the one above it.  False: the group was the root. */
static bool go_up(char group[GROUP_MOST])
{
	char *slash = strrchr(group, '/');

	if (slash == NULL)
		return false;
	*slash = '\0';
	return true;
}

static bool read_line(const char *root, const char *mount, const char *group, const char *name, char line[128])
{
	char path[3 * GROUP_MOST];
	FILE *file;
	bool has_line;

	(void)snprintf(path, sizeof path, "%s/sys/fs/cgroup%s%s/%s", root, mount, group, name);
	file = fopen(path, "re");
	has_line = file != NULL && fgets(line, 128, file) != NULL;
	if (file != NULL)
		(void)fclose(file);
	return has_line;
}

/* Reads a limit of one group in bytes; 0: it has none ("max"). */
static int64_t read_limit(const char *root, const char *mount, const char *group, const char *name)
{
	char line[128];
	long long limit = read_line(root, mount, group, name, line) ? strtoll(line, NULL, 10) : 0;

	return limit < UNLIMITED ? limit : 0;
}

static bool is_less(int64_t limit, int64_t than)
{
	return limit > 0 && (than == 0 || limit < than);
}

/* Finds the group where memory runs out first, and whether the kernel kills all of it, or of a group below it. */
static void read_memory_2(const char *root, struct lp_machine_memory *memory)
{
	char group[GROUP_MOST], line[128];
	bool kills_all = false;

	read_group(root, NULL, group);
	do {
		int64_t limit = read_limit(root, "", group, "memory.max");
		kills_all = kills_all || (read_line(root, "", group, "memory.oom.group", line) && line[0] == '1');
		if (is_less(limit, memory->container)) {
			memory->container = limit;
			memory->kills_all = kills_all;
		}
	} while (go_up(group));
}

static void read_memory_1(const char *root, struct lp_machine_memory *memory)
{
	char group[GROUP_MOST];

	read_group(root, "memory", group);
	do {
		int64_t limit = read_limit(root, "/memory", group, "memory.limit_in_bytes");
		if (is_less(limit, memory->container))
			memory->container = limit;
	} while (go_up(group));
}

struct lp_machine_memory lp_machine_read_memory(const char *root)
{
	struct lp_machine_memory memory = { .machine = 0 };
	struct sysinfo info;

	if (sysinfo(&info) == 0)
		memory.machine = (int64_t)info.totalram * (int64_t)info.mem_unit;
	read_memory_2(root, &memory);
	read_memory_1(root, &memory);
	return memory;
}

int64_t lp_memory_total(const struct lp_machine_memory *memory)
{
	return is_less(memory->container, memory->machine) ? memory->container : memory->machine;
}

int64_t lp_memory_limit_default(const struct lp_machine_memory *memory, int workers)
{
	int64_t limit = lp_memory_total(memory) / 4 / workers;

	return limit > 1000000000 ? 1000000000 : limit < 16000000 ? 16000000 : limit;
}

/* Reads the quota of one control group in cores, rounded up; 0: it has none. */
static int quota_of(const char *group)
{
	char line[128];
	long long quota, period;

	/* The line is "max 100000" where there is no limit. */
	if (!read_line("", "", group, "cpu.max", line) || sscanf(line, "%lld %lld", &quota, &period) != 2 ||
	    quota <= 0 || period <= 0)
		return 0;
	long long cores = (quota + period - 1) / period;
	return cores < 1 << 16 ? (int)cores : 0;
}

int lp_count_cores(void)
{
	char group[GROUP_MOST];
	cpu_set_t set;
	int cores = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

	read_group("", NULL, group);
	do {
		int limit = quota_of(group);
		cores = limit > 0 && limit < cores ? limit : cores;
	} while (go_up(group));
	return cores;
}
