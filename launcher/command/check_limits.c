/* `check`: what rules may do and take, as the configuration and the machine say. */
#include "command/check.h"

#include "command/output.h"
#include "service/service.h"
#include "text/size.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Compares paths without links, "." and "..". */
static bool lies_in(const char *file, const char *directory)
{
	char inner[PATH_MAX], outer[PATH_MAX];
	size_t length;

	if (realpath(file, inner) == NULL || realpath(directory, outer) == NULL)
		return false;
	length = strcmp(outer, "/") == 0 ? 0 : strlen(outer);
	return strncmp(inner, outer, length) == 0 && inner[length] == '/';
}

/* Rules should reach neither file: a configuration can hold a password, and only the program may write a database. */
static void print_open_files(const char *name, const char *file, const struct lp_config *config)
{
	if (file == NULL)
		return;
	if (config->rules != NULL && lies_in(file, config->rules))
		lp_print("--  rights: the %s lies in %s: rules read it\n", name, config->rules);
	for (size_t i = 0; i < config->rules_read.count; i++)
		if (lies_in(file, config->rules_read.items[i]))
			lp_print("--  rights: the %s lies in %s: rules read it\n", name, config->rules_read.items[i]);
	for (size_t i = 0; i < config->rules_write.count; i++) {
		if (lies_in(file, config->rules_write.items[i]))
			lp_print("--  rights: the %s lies in %s: rules can destroy it\n", name,
			         config->rules_write.items[i]);
	}
}

bool lp_check_rights(const struct lp_config *config, struct lp_error *error)
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
	print_open_files("configuration", config->file, config);
	print_open_files("database", config->store == NULL ? NULL : lp_store_file(config->store), config);
	return true;
}

void lp_check_memory(const struct lp_config *config, int64_t largest)
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
