/* How many cores this process may use: those of its affinity, less where a container's quota gives fewer. */
#include "pipeline/stages.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

/* The quota of one control group, in cores, rounded up; 0: it has none. */
static int quota_of(const char *group)
{
	char path[4352];
	snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return 0;
	long long quota, period;
	int found = fscanf(file, "%lld %lld", &quota, &period);
	fclose(file);
	/* "max 100000": no limit. */
	if (found != 2 || quota <= 0 || period <= 0)
		return 0;
	long long cores = (quota + period - 1) / period;
	return cores < 1 << 16 ? (int)cores : 0;
}

/* The tightest quota of the process's control group and those above it.  In a container its own group looks like the root. */
static int quota(void)
{
	char line[4224], group[4096] = "";
	FILE *file = fopen("/proc/self/cgroup", "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, "0::", 3) == 0)
			snprintf(group, sizeof group, "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
	if (file != NULL)
		fclose(file);
	int tightest = 0;
	for (;;) {
		int cores = quota_of(group);
		if (cores > 0 && (tightest == 0 || cores < tightest))
			tightest = cores;
		char *slash = strrchr(group, '/');
		if (slash == NULL)
			return tightest;
		*slash = '\0';
	}
}

int lp_cores(void)
{
	cpu_set_t set;
	int cores = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
	int limit = quota();
	return limit > 0 && limit < cores ? limit : cores;
}
