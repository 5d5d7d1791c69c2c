/* The configuration: defaults, the file, variables and options, and what only several settings together show. */
#include "config/config.h"

#include "config/environment.h"
#include "config/file.h"
#include "config/value.h"

#include "calendar/calendar.h"
#include "model/memory.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void set_defaults(struct lp_loader *loader)
{
	for (size_t s = 0; s < lp_setting_count; s++) {
		if (lp_settings[s].usual == NULL)
			continue;
		struct lp_yaml_node node = { .type = LP_YAML_TEXT, .text = lp_settings[s].usual };
		if (lp_settings[s].kind == LP_SETTING_NUMBER) {
			node.type = LP_YAML_INT;
			node.value.integer = strtoll(node.text, NULL, 10);
		} else if (lp_settings[s].kind == LP_SETTING_FLAG) {
			node.type = LP_YAML_BOOL;
			node.value.truth = strcmp(node.text, "true") == 0;
		}
		lp_loader_set(loader, &lp_settings[s], &node);
	}
}

static const struct lp_origin *origin_of(const struct lp_config *config, const char *path)
{
	return &config->origins[lp_setting_find(path) - lp_settings];
}

static bool is_set(const struct lp_config *config, const char *path)
{
	return origin_of(config, path)->kind != LP_ORIGIN_DEFAULT;
}

/* Reports what is wrong where the setting comes from. */
static void add_problem(struct lp_loader *loader, const char *path, const char *what, const char *why)
{
	const struct lp_origin *origin = origin_of(loader->config, path);
	const struct lp_yaml_node at = { .line = origin->line, .column = origin->column };
	loader->from = *origin;
	LP_LOADER_PROBLEM(loader, &at, "%s%s%s", what, why[0] == '\0' ? "" : ". ", why);
}

/* Checks settings that depend on each other. */
static void check_together(struct lp_loader *loader, bool store_given)
{
	const struct lp_config *config = loader->config;
	struct lp_error error = { 0 };
	const struct lp_zone *found;
	/* If one of them is wrong itself, the other is compared with a default. */
	if (!loader->wrong && config->retry_longest_delay < config->retry_first_delay)
		add_problem(loader, is_set(config, "retry.longest_delay") ? "retry.longest_delay" : "retry.first_delay",
		            "retry.longest_delay is shorter than retry.first_delay", "");
	if (config->python != NULL && config->rules == NULL && !is_set(config, "rules"))
		add_problem(loader, is_set(config, "python") ? "python" : "python.interpreter",
		            "python: an interpreter for your own rules, and the setting rules names none", "");
	if (config->python == NULL && config->python_rules.count > 0)
		add_problem(loader, "python.rules",
		            "python.rules: which interpreter computes them? Set python.interpreter", "");
	/* The session looks zones up, once the user's data is set. */
	if (config->tzdata == NULL && !lp_zone_find(config->time_zone, &found, &error)) {
		(void)lp_fail_within(&error, "time_zone");
		add_problem(loader, "time_zone", error.what, error.hint);
	}
	if (config->store == NULL && !store_given && !is_set(config, "store")) {
		loader->from = (struct lp_origin){ .name = config->file };
		LP_LOADER_PROBLEM(loader, (const struct lp_yaml_node *)NULL,
		                  "the setting store is missing: where are the series and calculations kept? "
		                  "(store: sqlite:plant.db, or store: postgresql://host/database)");
	}
}

/* Sorts problems by line, which is the order in which the file is mended. */
static void sort_problems(struct lp_problems *problems)
{
	for (uint32_t i = 1; i < problems->count; i++) {
		struct lp_problem moved = problems->items[i];
		uint32_t at = i;
		for (; at > 0 && problems->items[at - 1].line > moved.line; at--)
			problems->items[at] = problems->items[at - 1];
		problems->items[at] = moved;
	}
}

/* *whole: all of it could be read, so that what is missing is missing. */
static bool read_file(struct lp_loader *loader, bool *whole, struct lp_error *error)
{
	struct lp_arena arena = { 0 };
	struct lp_yaml_node *root;
	bool good = lp_config_file_read(loader, &arena, &root, error);
	*whole = root == NULL ? good : root->type == LP_YAML_MAP;
	if (good && loader->wrong)
		good = lp_fail(error, LP_EXIT_CONFIGURATION, "the configuration %s is wrong", loader->config->file);
	error->exit = good ? error->exit : LP_EXIT_CONFIGURATION;
	lp_arena_free(&arena);
	return good;
}

static void read_environment(struct lp_loader *loader)
{
	char here[PATH_MAX];
	loader->directory = getcwd(here, sizeof here);
	lp_environment_read(loader);
	loader->directory = NULL;
}

static bool fail_without(struct lp_error *error)
{
	(void)lp_fail(error, LP_EXIT_CONFIGURATION, "there is no configuration: looked for %s and %s",
	              LP_CONFIG_FILE_HERE, LP_CONFIG_FILE_SYSTEM);
	return lp_hint(error, "Name one with --config FILE or in LOCAL_PROCESSING_CONFIG, or do without one: "
	                      "--store sqlite:FILE or LOCAL_PROCESSING_STORE=postgresql://HOST/DATABASE.");
}

bool lp_config_load(const char *file, bool store_given, struct lp_config *config, struct lp_problems *problems,
                    struct lp_error *error)
{
	const char *chosen = lp_config_file_choose(file);
	bool good = true, whole = true, wrong;
	*config = (struct lp_config){ .file = lp_copy_text(chosen) };
	struct lp_loader loader = { .config = config, .problems = problems };
	set_defaults(&loader);
	config->origins = lp_allocate(lp_setting_count * sizeof *config->origins);
	config->origin_count = lp_setting_count;
	if (chosen != NULL)
		good = read_file(&loader, &whole, error);
	if (!good && file == NULL && getenv("LOCAL_PROCESSING_CONFIG") == chosen)
		(void)lp_hint(error, "The variable LOCAL_PROCESSING_CONFIG names this file.");
	wrong = loader.wrong;
	read_environment(&loader);
	if (good && chosen == NULL && !store_given && !loader.wrong && !is_set(config, "store"))
		return fail_without(error);
	if (whole)
		check_together(&loader, store_given);
	sort_problems(problems);
	if (good && loader.wrong && chosen != NULL)
		good = lp_fail(error, LP_EXIT_CONFIGURATION, "the configuration %s is wrong%s", chosen,
		               wrong ? "" : ", or the variables that go with it");
	else if (good && loader.wrong)
		good = lp_fail(error, LP_EXIT_CONFIGURATION, "the variables of the configuration are wrong");
	return good;
}

bool lp_config_override(struct lp_config *config, const char *path, const char *option, const char *value,
                        struct lp_error *error)
{
	const struct lp_setting *setting = lp_setting_find(path);
	const struct lp_yaml_node node = { .type = LP_YAML_TEXT, .text = value };
	struct lp_problems problems = { 0 };
	struct lp_loader loader = { .config = config,
		                    .problems = &problems,
		                    .from = { .kind = LP_ORIGIN_OPTION, .name = (char *)option } };
	if (value == NULL)
		return true;
	lp_loader_set(&loader, setting, &node);
	lp_problems_free(&problems);
	/* An address can hold a password. */
	bool shown = setting->kind != LP_SETTING_ADDRESS;
	return !loader.wrong || lp_fail(error, LP_EXIT_USAGE, "%s%s%s: expected %s", option, shown ? " " : "",
	                                shown ? value : "", lp_setting_expected(setting->kind));
}

void lp_config_free(struct lp_config *config)
{
	lp_config_list_free(&config->rules_read);
	free(config->mappings.items);
	lp_arena_free(&config->mappings.arena);
	lp_config_list_free(&config->rules_write);
	lp_config_list_free(&config->python_rules);
	free(config->python);
	free(config->file);
	free(config->store);
	free(config->rules);
	free(config->time_zone);
	free(config->tzdata);
	free(config->listen);
	free(config->token_file);
	free(config->metrics_file);
	free(config->on_failure);
	for (size_t s = 0; s < config->origin_count; s++)
		lp_origin_free(&config->origins[s]);
	free(config->origins);
	*config = (struct lp_config){ 0 };
}
