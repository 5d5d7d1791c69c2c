/* See environment.h. */
#include "config/environment.h"

#include "model/memory.h"
#include "text/names.h"
#include "text/utf8.h"
#include "text/yaml.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX         "LOCAL_PROCESSING_"
#define NAMES_THE_FILE "CONFIG"
#define FILE_SUFFIX    "_FILE"

/* A secret is a line; a larger file is something else, named by mistake. */
enum { VALUE_BYTES_MOST = 1 << 16 };

void lp_variable_name(const struct lp_setting *setting, char name[LP_VARIABLE_BYTES_MOST])
{
	int length = snprintf(name, LP_VARIABLE_BYTES_MOST, PREFIX "%s", setting->path);
	for (int i = (int)strlen(PREFIX); i < length && i < LP_VARIABLE_BYTES_MOST - 1; i++)
		name[i] = name[i] == '.' ? '_' : (char)toupper((unsigned char)name[i]);
}

static bool ends_with(const char *name, const char *suffix)
{
	size_t length = strlen(name), end = strlen(suffix);
	return length > end && strcmp(name + length - end, suffix) == 0;
}

bool lp_variable_is_of_others(const char *name, const char *value)
{
	/* What build/, tests/run and the tests give each other. */
	static const char *const ours[] = { "BUILD",    "CACHE",   "CPYTHON_TARBALL",    "JOBS",
		                            "NO_BUILD", "PROFILE", "POSTGRESQL_TARBALL", "SOURCE" };
	const char *rest = name + strlen(PREFIX), *port;
	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
		if (strcmp(rest, ours[i]) == 0)
			return true;
	if (strncmp(rest, "TEST_", 5) == 0 || strstr(name, "_SERVICE_HOST") != NULL ||
	    strstr(name, "_SERVICE_PORT") != NULL)
		return true;
	/* LOCAL_PROCESSING_PORT_80_TCP_ADDR, and LOCAL_PROCESSING_PORT=tcp://10.96.0.7:80. */
	port = strstr(name, "_PORT_");
	if (port != NULL && isdigit((unsigned char)port[strlen("_PORT_")]))
		return true;
	return ends_with(name, "_PORT") && strstr(value, "://") != NULL;
}

/* Returns the value without the end of its last line; NULL: it cannot be had, which is reported. */
static char *read_value_file(struct lp_loader *loader, const char *path)
{
	const struct lp_yaml_node *nowhere = NULL;
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *value = lp_allocate(VALUE_BYTES_MOST + 2);
	size_t length = 0;
	ssize_t got = 0;
	while (file >= 0 && length <= VALUE_BYTES_MOST) {
		got = read(file, value + length, VALUE_BYTES_MOST + 1 - length);
		if (got == 0 || (got < 0 && errno != EINTR))
			break;
		length += got > 0 ? (size_t)got : 0;
	}
	if (file < 0 || got < 0)
		LP_LOADER_PROBLEM(loader, nowhere, "cannot read %s: %s", path, strerror(errno));
	if (file >= 0)
		(void)close(file);
	if (file >= 0 && got >= 0) {
		if (length > 0 && value[length - 1] == '\n')
			length -= length > 1 && value[length - 2] == '\r' ? 2 : 1;
		value[length] = '\0';
		if (length == 0)
			LP_LOADER_PROBLEM(loader, nowhere, "%s is empty", path);
		else if (length > VALUE_BYTES_MOST)
			LP_LOADER_PROBLEM(loader, nowhere, "%s has more than %d bytes: that is no value of a setting",
			                  path, (int)VALUE_BYTES_MOST);
		else if (strlen(value) != length)
			LP_LOADER_PROBLEM(loader, nowhere, "%s has a NUL in it: that is no text", path);
		else
			return value;
	}
	free(value);
	return NULL;
}

/* Lists are written as in the file, numbers and true or false too; texts are taken as they are. */
static void set_value(struct lp_loader *loader, const struct lp_setting *setting, const char *value)
{
	struct lp_yaml_node scalar = { .type = LP_YAML_TEXT, .text = value };
	const struct lp_yaml_node *nowhere = NULL;
	struct lp_problems problems = { 0 };
	struct lp_arena arena = { 0 };
	struct lp_yaml_node *root;
	if (!lp_utf8_is_valid(value)) {
		LP_LOADER_PROBLEM(loader, nowhere, "the value is not UTF-8");
	} else if (setting->kind != LP_SETTING_DIRECTORIES && setting->kind != LP_SETTING_MODULES) {
		if (setting->kind == LP_SETTING_NUMBER || setting->kind == LP_SETTING_FLAG)
			lp_yaml_resolve(&scalar);
		lp_loader_set(loader, setting, &scalar);
	} else if (lp_yaml_read(loader->from.name, value, strlen(value), &arena, &root, &problems) && root != NULL) {
		root->line = root->column = 0;
		for (size_t i = 0; i < root->count && root->type == LP_YAML_LIST; i++)
			root->items[i]->line = root->items[i]->column = 0;
		lp_loader_set(loader, setting, root);
	} else {
		LP_LOADER_PROBLEM(loader, nowhere, "%s: expected %s%s%s", setting->path,
		                  lp_setting_expected(setting->kind), problems.count > 0 ? ": " : "",
		                  problems.count > 0 ? problems.items[0].what : "");
	}
	lp_problems_free(&problems);
	lp_arena_free(&arena);
}

/* Returns the value of a variable; one that is empty counts as not set, as scripts and Compose leave them. */
static const char *value_of(const char *name)
{
	const char *value = getenv(name);
	return value == NULL || value[0] == '\0' ? NULL : value;
}

/* Returns true if a variable has set the same under another name: `python` and `python.interpreter` are one value. */
static bool is_set_twice(struct lp_loader *loader, const struct lp_setting *setting)
{
	const struct lp_yaml_node *nowhere = NULL;
	for (const struct lp_setting *other = lp_settings; other < setting; other++) {
		const struct lp_origin *origin = &loader->config->origins[other - lp_settings];
		if (other->field != setting->field || origin->kind != LP_ORIGIN_VARIABLE)
			continue;
		LP_LOADER_PROBLEM(loader, nowhere, "%s is set too, for the same: one of the two has to go",
		                  origin->name);
		return true;
	}
	return false;
}

static void read_setting(struct lp_loader *loader, const struct lp_setting *setting)
{
	char name[LP_VARIABLE_BYTES_MOST], file_name[LP_VARIABLE_BYTES_MOST + sizeof FILE_SUFFIX];
	const struct lp_yaml_node *nowhere = NULL, empty = { .type = LP_YAML_TEXT, .text = "" };
	lp_variable_name(setting, name);
	(void)snprintf(file_name, sizeof file_name, "%s" FILE_SUFFIX, name);
	const char *value = value_of(name), *file = value_of(file_name);
	loader->from = (struct lp_origin){ .kind = LP_ORIGIN_VARIABLE, .name = value == NULL ? file_name : name };
	if (value == NULL && file == NULL)
		return;
	bool is_table = setting->kind == LP_SETTING_TABLE || setting->kind == LP_SETTING_TABLES;
	bool twice = !is_table && is_set_twice(loader, setting);
	lp_loader_note(loader, setting, &empty);
	if (twice)
		return;
	if (is_table) {
		LP_LOADER_PROBLEM(loader, nowhere, "tables are described in the configuration file alone (%s: ...)",
		                  setting->path);
	} else if (value != NULL && file != NULL) {
		LP_LOADER_PROBLEM(loader, nowhere, "%s is set too: one of the two has to go", file_name);
	} else if (value != NULL) {
		set_value(loader, setting, value);
	} else {
		char *kept = read_value_file(loader, file);
		loader->from.value_file = (char *)file;
		if (kept != NULL)
			set_value(loader, setting, kept);
		free(kept);
	}
}

/* The names of all variables, without what they begin with; the first is that of the configuration file. */
struct names {
	struct lp_arena arena;
	const char **items;
	size_t count;
};

static struct names list_names(void)
{
	struct names names = { .count = lp_setting_count + 1 };
	char name[LP_VARIABLE_BYTES_MOST];
	names.items = lp_allocate(names.count * sizeof *names.items);
	names.items[0] = NAMES_THE_FILE;
	for (size_t s = 0; s < lp_setting_count; s++) {
		lp_variable_name(&lp_settings[s], name);
		names.items[s + 1] = lp_arena_text(&names.arena, name + strlen(PREFIX));
	}
	return names;
}

/* A name that is no setting's is most likely one that is mistyped.  rest: behind PREFIX. */
static void check_name(struct lp_loader *loader, const struct names *names, const char *rest, const char *value)
{
	const struct lp_yaml_node *nowhere = NULL;
	char *name = lp_format_text(PREFIX "%s", rest);
	char *of_file = lp_format_text(
		"%.*s", (int)(strlen(rest) - (ends_with(rest, FILE_SUFFIX) ? strlen(FILE_SUFFIX) : 0)), rest);
	const char *suffix = "", *nearest = lp_nearest_of(rest, names->items, names->count, sizeof *names->items);
	bool known = lp_variable_is_of_others(name, value);
	for (size_t i = 0; i < names->count && !known; i++)
		known = strcmp(rest, names->items[i]) == 0 || (i > 0 && strcmp(of_file, names->items[i]) == 0);
	if (nearest == NULL) {
		nearest = lp_nearest_of(of_file, names->items, names->count, sizeof *names->items);
		suffix = nearest == names->items[0] ? "" : FILE_SUFFIX;
	}
	loader->from = (struct lp_origin){ .kind = LP_ORIGIN_VARIABLE, .name = name };
	if (!known && nearest != NULL)
		LP_LOADER_PROBLEM(loader, nowhere, "no setting is called so: did you mean " PREFIX "%s%s?", nearest,
		                  suffix);
	else if (!known)
		LP_LOADER_PROBLEM(loader, nowhere,
		                  "no setting is called so: `local-processing help configuration` lists them");
	free(of_file);
	free(name);
}

void lp_config_forget_variables(void)
{
	for (char **entry = environ; *entry != NULL;) {
		const char *end = strchr(*entry, '=');
		if (end == NULL || strncmp(*entry, PREFIX, strlen(PREFIX)) != 0) {
			entry++;
			continue;
		}
		char *name = lp_format_text("%.*s", (int)(end - *entry), *entry);
		/* The others move up. */
		(void)unsetenv(name);
		free(name);
	}
}

void lp_environment_read(struct lp_loader *loader)
{
	struct names names = list_names();
	for (size_t s = 0; s < lp_setting_count; s++)
		read_setting(loader, &lp_settings[s]);
	for (char **entry = environ; *entry != NULL; entry++) {
		const char *end = strchr(*entry, '=');
		if (end == NULL || strncmp(*entry, PREFIX, strlen(PREFIX)) != 0)
			continue;
		char *rest = lp_format_text("%.*s", (int)(end - *entry - (ptrdiff_t)strlen(PREFIX)),
		                            *entry + strlen(PREFIX));
		check_name(loader, &names, rest, end + 1);
		free(rest);
	}
	loader->from = (struct lp_origin){ 0 };
	free(names.items);
	lp_arena_free(&names.arena);
}
