/* The configuration: defaults and the file, and what only several settings together show. */
#include "config/config.h"

#include "config/file.h"
#include "config/value.h"

#include "calendar/calendar.h"
#include "text/yaml.h"
#include <stdlib.h>
#include <string.h>

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

/* Checks settings that depend on each other. */
static void check_together(struct lp_loader *loader, const struct lp_yaml_node *root, bool store_given)
{
	const struct lp_config *config = loader->config;
	const struct lp_yaml_node *retry = lp_yaml_get(root, "retry"), *zone = lp_yaml_get(root, "time_zone");
	const struct lp_yaml_node *python = lp_yaml_get(root, "python");
	struct lp_error error = { 0 };
	const struct lp_zone *found;
	/* If one of them is wrong itself, the other is compared with a default. */
	if (!loader->wrong && config->retry_longest_delay < config->retry_first_delay)
		LP_LOADER_PROBLEM(loader, retry, "retry.longest_delay is shorter than retry.first_delay");
	if (config->python != NULL && config->rules == NULL && lp_yaml_get(root, "rules") == NULL)
		LP_LOADER_PROBLEM(loader, python,
		                  "python: an interpreter for your own rules, and the setting rules names none");
	if (config->python == NULL && config->python_rules.count > 0)
		LP_LOADER_PROBLEM(loader, python,
		                  "python.rules: which interpreter computes them? Set python.interpreter");
	/* The session looks zones up, once the user's data is set. */
	if (config->tzdata == NULL && zone != NULL && zone->type == LP_YAML_TEXT &&
	    !lp_zone_find(config->time_zone, &found, &error))
		LP_LOADER_PROBLEM(loader, zone, "time_zone: %s%s%s", error.what, error.hint[0] == '\0' ? "" : ". ",
		                  error.hint);
	if (config->store == NULL && !store_given && lp_yaml_get(root, "store") == NULL)
		LP_LOADER_PROBLEM(loader, (const struct lp_yaml_node *)NULL,
		                  "the setting store is missing: where are the series and calculations kept? "
		                  "(store: sqlite:plant.db, or store: postgresql://host/database)");
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

static bool read_all(struct lp_loader *loader, bool store_given, struct lp_error *error)
{
	struct lp_arena arena = { 0 };
	struct lp_yaml_node *root;
	bool good = lp_config_file_read(loader, &arena, &root, error);
	if (root == NULL ? good : root->type == LP_YAML_MAP)
		check_together(loader, root, store_given);
	sort_problems(loader->problems);
	if (good && loader->wrong)
		good = lp_fail(error, LP_EXIT_CONFIGURATION, "the configuration %s is wrong", loader->config->file);
	error->exit = good ? error->exit : LP_EXIT_CONFIGURATION;
	lp_arena_free(&arena);
	return good;
}

bool lp_config_load(const char *file, bool store_given, struct lp_config *config, struct lp_problems *problems,
                    struct lp_error *error)
{
	const char *chosen = lp_config_file_choose(file);
	*config = (struct lp_config){ 0 };
	struct lp_loader loader = { .config = config, .problems = problems };
	set_defaults(&loader);
	if (chosen == NULL && store_given)
		return true;
	if (chosen == NULL) {
		(void)lp_fail(error, LP_EXIT_CONFIGURATION, "there is no configuration: looked for %s and %s",
		              LP_CONFIG_FILE_HERE, LP_CONFIG_FILE_SYSTEM);
		return lp_hint(error, "Name one with --config FILE or in LOCAL_PROCESSING_CONFIG, or do without one: "
		                      "--store sqlite:FILE or --store postgresql://HOST/DATABASE.");
	}
	config->file = lp_copy_text(chosen);
	if (read_all(&loader, store_given, error))
		return true;
	if (file == NULL && getenv("LOCAL_PROCESSING_CONFIG") == chosen)
		(void)lp_hint(error, "The variable LOCAL_PROCESSING_CONFIG names this file.");
	return false;
}

static void free_list(struct lp_config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
}

void lp_config_free(struct lp_config *config)
{
	free_list(&config->rules_read);
	free(config->mappings.items);
	lp_arena_free(&config->mappings.arena);
	free_list(&config->rules_write);
	free_list(&config->python_rules);
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
	*config = (struct lp_config){ 0 };
}
