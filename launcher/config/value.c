/* See value.h.  Knows what a setting may be, not what it is for: nothing is connected to, no rule is loaded. */
#include "config/value.h"

#include "config/mapping.h"

#include "calendar/calendar.h"
#include "model/calculation.h"
#include "store/store.h"
#include "text/json_tree.h"
#include "text/names.h"
#include "text/size.h"
#include "web/web.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void *field_of(const struct lp_loader *loader, const struct lp_setting *setting)
{
	return (char *)loader->config + setting->field;
}

static void set_text(const struct lp_loader *loader, const struct lp_setting *setting, char *text)
{
	char **field = field_of(loader, setting);
	free(*field);
	*field = text;
}

/* A name is completed behind so many bytes of the text that it ends with. */
static char *in_directory(const struct lp_loader *loader, const char *text, size_t before)
{
	const char *name = text + before;
	if (name[0] == '/' || loader->directory == NULL)
		return lp_copy_text(text);
	return lp_format_text("%.*s%s/%s", (int)before, text,
	                      strcmp(loader->directory, "/") == 0 ? "" : loader->directory, name);
}

/*
 * Months and years have no length of their own here: the longest one each, so
 * that nothing is deleted before its time.
 */
static bool parse_retention(const char *text, int64_t *duration)
{
	static const int64_t days[] = { [LP_UNIT_DAY] = 1,
		                        [LP_UNIT_WEEK] = 7,
		                        [LP_UNIT_MONTH] = 31,
		                        [LP_UNIT_QUARTER] = 92,
		                        [LP_UNIT_YEAR] = 366 };
	struct lp_error ignored;
	struct lp_span span;
	if (strcmp(text, "forever") == 0) {
		*duration = 0;
		return true;
	}
	if (lp_span_parse(text, &span, &ignored) && span.unit >= LP_UNIT_DAY && span.count > 0)
		return !__builtin_mul_overflow((int64_t)span.count, days[span.unit] * LP_DAY, duration);
	return lp_duration_parse(text, duration, &ignored) && *duration > 0;
}

static void check_limits(struct lp_loader *loader, const struct lp_setting *setting, const struct lp_yaml_node *node,
                         int64_t value)
{
	char least[32], most[32];
	if (value >= setting->least && (setting->most == 0 || value <= setting->most))
		return;
	lp_setting_format_limit(setting->kind, setting->least, least);
	lp_setting_format_limit(setting->kind, setting->most, most);
	if (setting->most == 0)
		LP_LOADER_PROBLEM(loader, node, "%s: %s is too short: at least %s", setting->path, node->text, least);
	else
		LP_LOADER_PROBLEM(loader, node, "%s: %s is outside of what is possible: %s to %s", setting->path,
		                  node->text, least, most);
}

static void check_directory(struct lp_loader *loader, const struct lp_setting *setting, const struct lp_yaml_node *node,
                            const char *directory)
{
	struct stat status;
	if (stat(directory, &status) != 0)
		LP_LOADER_PROBLEM(loader, node, "%s: %s: %s", setting->path, directory, strerror(errno));
	else if (!S_ISDIR(status.st_mode))
		LP_LOADER_PROBLEM(loader, node, "%s: %s is no directory", setting->path, directory);
}

static void set_directory(struct lp_loader *loader, const struct lp_setting *setting, const struct lp_yaml_node *node)
{
	char *directory = in_directory(loader, node->text, 0);
	set_text(loader, setting, directory);
	check_directory(loader, setting, node, directory);
}

/* Returns false if the node is not what the setting expects; an item that is wrong is reported here. */
static bool set_directories(struct lp_loader *loader, const struct lp_setting *setting, const struct lp_yaml_node *node)
{
	struct lp_config_list *list = field_of(loader, setting);
	if (node->type != LP_YAML_LIST)
		return false;
	lp_config_list_free(list);
	list->items = lp_allocate((node->count + 1) * sizeof *list->items);
	for (size_t i = 0; i < node->count; i++) {
		const struct lp_yaml_node *item = node->items[i];
		if (item->type != LP_YAML_TEXT || item->text[0] == '\0') {
			LP_LOADER_PROBLEM(loader, item, "%s: expected %s, found %s", setting->path,
			                  lp_setting_expected(LP_SETTING_DIRECTORY),
			                  item->type == LP_YAML_TEXT ? "an empty text" : lp_yaml_type_name(item->type));
			continue;
		}
		list->items[list->count] = in_directory(loader, item->text, 0);
		check_directory(loader, setting, item, list->items[list->count++]);
	}
	return true;
}

/* Returns true if rules can be in a module of this name: "plant.energy". */
static bool is_module_name(const char *text)
{
	bool begins = true;
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '.' ? begins : !(c == '_' || c >= 0x80 || isalpha(c) || (!begins && isdigit(c))))
			return false;
		begins = c == '.';
	}
	return !begins;
}

/* Returns false if the node is no list; an item that is wrong is reported here. */
static bool set_modules(struct lp_loader *loader, const struct lp_setting *setting, const struct lp_yaml_node *node)
{
	struct lp_config_list *list = field_of(loader, setting);
	if (node->type != LP_YAML_LIST || node->count == 0)
		return false;
	lp_config_list_free(list);
	list->items = lp_allocate((node->count + 1) * sizeof *list->items);
	for (size_t i = 0; i < node->count; i++) {
		const struct lp_yaml_node *item = node->items[i];
		if (item->type != LP_YAML_TEXT || !is_module_name(item->text))
			LP_LOADER_PROBLEM(
				loader, item, "%s: expected the name of a module, such as plant.energy, found %s",
				setting->path, item->type == LP_YAML_TEXT ? item->text : lp_yaml_type_name(item->type));
		else
			list->items[list->count++] = lp_copy_text(item->text);
	}
	return true;
}

bool lp_config_can_listen(const char *text)
{
	return strcmp(text, "off") == 0 || lp_web_address_is_valid(text);
}

/* ":memory:" is no file, and of no use: every connection would have its own. */
static bool set_address(const struct lp_loader *loader, const struct lp_setting *setting, const char *address)
{
	const char *file = lp_store_file(address);
	if (*address == '\0' || (file != NULL && *file == '\0'))
		return false;
	set_text(loader, setting,
	         file != NULL ? in_directory(loader, address, (size_t)(file - address)) : lp_copy_text(address));
	return true;
}

/* Returns false if the node is of another kind than the setting; an impossible value of that kind is reported here. */
static bool set_from_text(struct lp_loader *loader, const struct lp_setting *setting, const struct lp_yaml_node *node)
{
	struct lp_error error;
	int64_t duration = 0; /* or a size */
	size_t chosen;

	switch (setting->kind) {
	case LP_SETTING_ADDRESS:
		return set_address(loader, setting, node->text);
	case LP_SETTING_DIRECTORY:
		if (node->text[0] == '\0')
			return false;
		set_directory(loader, setting, node);
		return true;
	case LP_SETTING_FILE_NAME:
		if (node->text[0] == '\0')
			return false;
		/* Whether it is there is told by what uses it: other rules can do without it. */
		set_text(loader, setting, in_directory(loader, node->text, 0));
		return true;
	case LP_SETTING_ZONE:
		set_text(loader, setting, lp_copy_text(node->text));
		return true;
	case LP_SETTING_SECONDS:
		if (!lp_duration_parse(node->text, &duration, &error) || duration % LP_SECOND != 0)
			return false;
		check_limits(loader, setting, node, duration / LP_SECOND);
		if (!loader->wrong)
			*(int32_t *)field_of(loader, setting) = (int32_t)(duration / LP_SECOND);
		return true;
	case LP_SETTING_DURATION:
	case LP_SETTING_RETENTION:
		if (setting->kind == LP_SETTING_DURATION ? !lp_duration_parse(node->text, &duration, &error)
		                                         : !parse_retention(node->text, &duration))
			return false;
		if (setting->kind == LP_SETTING_DURATION || duration != 0)
			check_limits(loader, setting, node, duration);
		*(int64_t *)field_of(loader, setting) = duration;
		return true;
	case LP_SETTING_FORMAT:
		if (!lp_word_find(node->text, lp_log_formats, LP_LOG_FORMATS, &chosen))
			return false;
		*(enum lp_log_format *)field_of(loader, setting) = (enum lp_log_format)chosen;
		return true;
	case LP_SETTING_MODE:
		if (!lp_word_find(node->text, lp_mode_names, sizeof lp_mode_names / sizeof *lp_mode_names, &chosen))
			return false;
		*(enum lp_mode *)field_of(loader, setting) = (enum lp_mode)chosen;
		return true;
	case LP_SETTING_LEVEL:
		if (!lp_word_find(node->text, lp_log_levels, LP_LOG_LEVELS, &chosen))
			return false;
		*(enum lp_log_level *)field_of(loader, setting) = (enum lp_log_level)chosen;
		return true;
	case LP_SETTING_SIZE:
		if (strcmp(node->text, "auto") != 0) {
			if (!lp_size_parse(node->text, &duration))
				return false;
			check_limits(loader, setting, node, duration);
		}
		*(int64_t *)field_of(loader, setting) = duration;
		return true;
	case LP_SETTING_NEW_FILE:
		if (node->text[0] == '\0')
			return false;
		set_text(loader, setting, in_directory(loader, node->text, 0));
		return true;
	case LP_SETTING_COMMAND:
		if (node->text[0] == '\0')
			return false;
		set_text(loader, setting, lp_copy_text(node->text));
		return true;
	case LP_SETTING_LISTEN:
		if (!lp_config_can_listen(node->text))
			return false;
		set_text(loader, setting, lp_copy_text(node->text));
		return true;
	case LP_SETTING_FLAG:
	case LP_SETTING_NUMBER:
	case LP_SETTING_DIRECTORIES:
	case LP_SETTING_TABLE:
	case LP_SETTING_TABLES:
	case LP_SETTING_MODULES:
		return false;
	}
	return false;
}

static void keep_mapping_problem(void *context, const struct lp_yaml_node *at, const char *what)
{
	struct lp_loader *loader = context;
	LP_LOADER_PROBLEM(loader, at, "%s", what);
}

static void add_mapping(struct lp_loader *loader, const char *name, const struct lp_yaml_node *node)
{
	struct lp_mappings *mappings = &loader->config->mappings;
	const struct lp_mapping_reader reader = { .arena = &mappings->arena,
		                                  .problem = keep_mapping_problem,
		                                  .context = loader };
	LP_GROW(mappings->items, mappings->count, mappings->capacity);
	lp_mapping_read(&reader, name, node, &mappings->items[mappings->count++]);
}

/* Returns false if the node is no map. */
static bool set_tables(struct lp_loader *loader, const struct lp_yaml_node *node)
{
	if (node->type != LP_YAML_MAP)
		return false;
	for (size_t i = 0; i < node->count; i++) {
		const char *name = node->keys[i]->text;
		if (name[0] == '\0' || strcmp(name, LP_OWN_TABLE) == 0 || strcmp(name, LP_SAMPLES_TABLE) == 0 ||
		    strcmp(name, LP_RESULTS_TABLE) == 0)
			LP_LOADER_PROBLEM(loader, node->keys[i], "tables: \"%s\" cannot be the name of a table", name);
		else
			add_mapping(loader, name, node->items[i]);
	}
	return true;
}

static bool set_value(struct lp_loader *loader, const struct lp_setting *setting, const struct lp_yaml_node *node)
{
	if (setting->kind == LP_SETTING_FLAG && node->type == LP_YAML_BOOL) {
		*(bool *)field_of(loader, setting) = node->value.truth;
		return true;
	}
	if (setting->kind == LP_SETTING_NUMBER && node->type == LP_YAML_INT) {
		check_limits(loader, setting, node, node->value.integer);
		if (!loader->wrong)
			*(int32_t *)field_of(loader, setting) = (int32_t)node->value.integer;
		return true;
	}
	if (setting->kind == LP_SETTING_DIRECTORIES)
		return set_directories(loader, setting, node);
	if (setting->kind == LP_SETTING_TABLE && node->type == LP_YAML_MAP)
		add_mapping(loader, setting->path, node);
	if (setting->kind == LP_SETTING_TABLE)
		return node->type == LP_YAML_MAP;
	if (setting->kind == LP_SETTING_TABLES)
		return set_tables(loader, node);
	if (setting->kind == LP_SETTING_MODULES)
		return set_modules(loader, setting, node);
	return node->type == LP_YAML_TEXT && set_from_text(loader, setting, node);
}

void lp_config_list_free(struct lp_config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct lp_config_list){ 0 };
}

void lp_origin_free(struct lp_origin *origin)
{
	free(origin->name);
	free(origin->value_file);
	free(origin->written);
	*origin = (struct lp_origin){ 0 };
}

static bool is_table(const struct lp_setting *setting)
{
	return setting->kind == LP_SETTING_TABLE || setting->kind == LP_SETTING_TABLES;
}

void lp_loader_note(const struct lp_loader *loader, const struct lp_setting *setting, const struct lp_yaml_node *node)
{
	struct lp_origin *origins = loader->config->origins;
	const struct lp_yaml_node *culprit;
	struct lp_text written = { 0 };
	if (origins == NULL || loader->from.kind == LP_ORIGIN_DEFAULT)
		return;
	for (size_t s = 0; s < lp_setting_count; s++)
		if (lp_settings[s].field == setting->field && (!is_table(setting) || &lp_settings[s] == setting))
			lp_origin_free(&origins[s]);
	/* A number that JSON has no form for is no part of a table: it is reported as that. */
	if (is_table(setting) &&
	    !lp_json_write(lp_mapping_mask(&loader->config->mappings.arena, node), &written, &culprit))
		lp_text_free(&written);
	origins[setting - lp_settings] = (struct lp_origin){ .kind = loader->from.kind,
		                                             .name = lp_copy_text(loader->from.name),
		                                             .value_file = lp_copy_text(loader->from.value_file),
		                                             .line = node->line,
		                                             .column = node->column,
		                                             .written = written.data };
}

void lp_loader_set(struct lp_loader *loader, const struct lp_setting *setting, const struct lp_yaml_node *node)
{
	lp_loader_note(loader, setting, node);
	if (set_value(loader, setting, node))
		return;
	bool scalar = node->type != LP_YAML_LIST && node->type != LP_YAML_MAP && node->type != LP_YAML_NULL;
	/* An address can hold a password, and a file that is kept apart a secret: what was found there is never shown. */
	if (scalar && setting->kind != LP_SETTING_ADDRESS && loader->from.value_file == NULL)
		LP_LOADER_PROBLEM(loader, node, "%s: expected %s, found %s", setting->path,
		                  lp_setting_expected(setting->kind),
		                  node->text[0] == '\0' ? "an empty text" : node->text);
	else
		LP_LOADER_PROBLEM(loader, node, "%s: expected %s, found %s", setting->path,
		                  lp_setting_expected(setting->kind),
		                  node->type == LP_YAML_TEXT ? "a text that is none" : lp_yaml_type_name(node->type));
}
