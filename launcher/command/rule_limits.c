/*
 * What rules may do and take, as the configuration and the machine say.  Main process.
 */
#include "command/rule_limits.h"

#include "command/output.h"
#include "text/size.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

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

/* Both without links, "." and "..". */
static bool lies_in(const char *file, const char *directory)
{
	char inner[PATH_MAX], outer[PATH_MAX];
	size_t length;

	if (realpath(file, inner) == NULL || realpath(directory, outer) == NULL)
		return false;
	length = strcmp(outer, "/") == 0 ? 0 : strlen(outer);
	return strncmp(inner, outer, length) == 0 && inner[length] == '/';
}

/* A configuration can hold a password, and a database is the program's alone to write. */
static void tell_what_is_open(const char *name, const char *file, const struct lp_config *config)
{
	if (file == NULL)
		return;
	if (config->rules != NULL && lies_in(file, config->rules))
		lp_print("--  rights: the %s lies in %s: rules read it\n", name, config->rules);
	for (size_t i = 0; i < config->rules_read.count; i++) {
		if (lies_in(file, config->rules_read.items[i]))
			lp_print("--  rights: the %s lies in %s: rules read it\n", name, config->rules_read.items[i]);
	}
	for (size_t i = 0; i < config->rules_write.count; i++) {
		if (lies_in(file, config->rules_write.items[i]))
			lp_print("--  rights: the %s lies in %s: rules can destroy it\n", name,
			         config->rules_write.items[i]);
	}
}

static const char *database_file(const char *address)
{
	static const char prefix[] = "sqlite:";

	return address != NULL && strncmp(address, prefix, sizeof prefix - 1) == 0 ? address + sizeof prefix - 1 : NULL;
}

bool lp_rule_rights_tell(const struct lp_config *config, struct lp_error *error)
{
	struct lp_rights rights = lp_rule_rights(config);
	struct lp_rights_kernel kernel = lp_rights_probe_kernel();
	struct lp_text text = { 0 };
	bool all;

	if (!lp_rights_check(&rights, &kernel, error))
		return false;
	all = lp_rights_describe(&rights, &kernel, &text);
	lp_print("%s  rights: %s\n", all ? "ok" : "--", text.data);
	lp_text_free(&text);
	tell_what_is_open("configuration", config->file, config);
	tell_what_is_open("database", database_file(config->store), config);
	return true;
}

void lp_rule_memory_tell(const struct lp_config *config, int64_t largest)
{
	struct lp_machine_memory memory = lp_machine_read_memory("");
	int workers = lp_rule_workers(config);
	int64_t limit = lp_rule_memory_limit(config), there = lp_memory_total(&memory);
	bool fits;
	char each[32], all[32];

	limit = largest > limit ? largest : limit;
	fits = limit < there / workers;
	lp_size_format(limit, each);
	lp_size_format(there, all);
	lp_print("%s  memory: %d worker%s, whose rules take %s each at most, %s %s of the %s%s\n", fits ? "ok" : "--",
	         workers, workers == 1 ? "" : "s", each, fits ? "fit into" : "do not fit into", all,
	         there == memory.container ? "container" : "machine",
	         fits ? ""
	         : !memory.kills_all
	                 ? ": lower workers or memory_limit, or the kernel ends rules that take less"
	                 : ", which is killed as a whole when it has no more (memory.oom.group): lower workers or "
	                   "memory_limit");
}

struct lp_process_options lp_rule_options(const struct lp_config *config)
{
	return (struct lp_process_options){ .rules = config->rules,
		                            .tzdata = config->tzdata,
		                            .time_limit = config->time_limit,
		                            .memory_limit = lp_rule_memory_limit(config),
		                            .rights = lp_rule_rights(config) };
}
