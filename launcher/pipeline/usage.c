/*
 * Measures what a run uses of the machine.
 *
 * Runs in the main process, in its main thread.
 */
#include "pipeline/usage.h"

#include <stdio.h>
#include <sys/resource.h>

/* Not getrusage's figure, because it is inherited from the parent, a shell or a large Python. */
static uint64_t peak_memory(void)
{
	char line[128];
	unsigned long long kilobytes = 0;
	FILE *file = fopen("/proc/self/status", "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL && sscanf(line, "VmHWM: %llu", &kilobytes) != 1)
		continue;
	if (file != NULL)
		fclose(file);
	return (uint64_t)kilobytes * 1024;
}

struct lp_process_usage lp_usage_measure(struct lp_rule_server *rules)
{
	struct lp_process_usage usage = lp_rule_server_usage(rules);
	struct rusage own;
	getrusage(RUSAGE_SELF, &own);
	lp_usage_add(&usage, &own);
	return usage;
}

void lp_usage_count(struct lp_rule_server *rules, const struct lp_process_usage *before, struct lp_run_timing *timing)
{
	struct lp_process_usage after = lp_usage_measure(rules);
	timing->cpu_user = after.user - before->user;
	timing->cpu_system = after.system - before->system;
	timing->peak_memory = peak_memory();
}
