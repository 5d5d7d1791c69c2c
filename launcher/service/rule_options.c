/* See rule_options.h. */
#include "service/rule_options.h"

#include "process/process.h"

struct lp_rights lp_rule_rights(const struct lp_config *config)
{
	return (struct lp_rights){
		.network = config->rules_network,
		.read = (const char *const *)config->rules_read.items,
		.read_count = config->rules_read.count,
		.write = (const char *const *)config->rules_write.items,
		.write_count = config->rules_write.count,
	};
}

int lp_rule_workers(const struct lp_config *config)
{
	return config->workers > 0 ? config->workers : lp_count_cores();
}

int64_t lp_rule_memory_limit(const struct lp_config *config)
{
	struct lp_machine_memory memory;

	if (config->memory_limit > 0)
		return config->memory_limit;
	memory = lp_machine_read_memory("");
	return lp_memory_limit_default(&memory, lp_rule_workers(config));
}

struct lp_process_options lp_rule_options(const struct lp_config *config)
{
	return (struct lp_process_options){ .rules = config->rules,
		                            .tzdata = config->tzdata,
		                            .time_limit = config->time_limit,
		                            .memory_limit = lp_rule_memory_limit(config),
		                            .rights = lp_rule_rights(config),
		                            .other = {
						    .interpreter = config->python,
						    .modules = (const char *const *)config->python_rules.items,
						    .module_count = config->python_rules.count,
					    } };
}
