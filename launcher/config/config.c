/*
 * The configuration file.  One table of settings feeds parsing, defaults,
 * documentation and checks.  Knows what a setting may be, not what it is for:
 * nothing is connected to, no rule is loaded.
 */
#include "config/config.h"

#include "config/mapping.h"

#include "calendar/calendar.h"
#include "model/calculation.h"
#include "store/store.h"
#include "text/names.h"
#include "text/size.h"
#include "text/yaml.h"
#include "web/web.h"
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A configuration is a page or two; a larger file is something else, named by mistake. */
enum { FILE_BYTES_MOST = 1 << 20 };

enum kind {
	ADDRESS,
	DIRECTORY,
	FILE_NAME,
	ZONE,
	FLAG,
	NUMBER,
	SECONDS,
	DURATION,
	RETENTION,
	FORMAT,
	LEVEL,
	MODE,
	SIZE,
	DIRECTORIES,
	TABLE,
	TABLES,
	LISTEN,
	COMMAND,
	MODULES,
	NEW_FILE
};

/* The words for a kind: in the table for people, and where it was expected. */
static const struct {
	const char *name, *expected;
} kinds[] = {
	[ADDRESS] = { "address", "an address, such as \"sqlite:plant.db\" or \"postgresql://host/database\"" },
	[DIRECTORY] = { "directory", "the name of a directory" },
	[FILE_NAME] = { "file", "the name of a file" },
	[ZONE] = { "time zone", "a time zone, such as Europe/Berlin" },
	[FLAG] = { "true or false", "true or false" },
	[NUMBER] = { "whole number", "a whole number" },
	[SECONDS] = { "duration", "whole seconds, such as \"10 s\"" },
	[DURATION] = { "duration", "a duration, such as \"10 s\" or \"1 hour\"" },
	[RETENTION] = { "time span", "a time span, such as \"90 days\" or \"2 years\", or forever" },
	[FORMAT] = { "logfmt or json", LP_LOG_FORMAT_WORDS },
	[LEVEL] = { "log level", LP_LOG_LEVEL_WORDS },
	[MODE] = { "live or shadow", "live or shadow" },
	[SIZE] = { "size", "a size, such as \"512 MB\", or auto" },
	[TABLE] = { "map",
	            "a map that describes a table, such as {table: public.readings, series: tag, time: ts, value: value}" },
	[TABLES] = { "map of maps", "a map of tables by name" },
	[LISTEN] = { "address and port",
	             "an address and a port, such as \"127.0.0.1:8462\" or \"[::1]:8462\", or off" },
	[NEW_FILE] = { "file", "the name of a file" },
	[COMMAND] = { "command", "a command" },
	[DIRECTORIES] = { "list of directories", "a list of directories, such as [tables, /srv/weather]" },
	[MODULES] = { "list of modules", "a list of modules or packages, such as [forecast, plant.energy]" },
};

static const struct setting {
	const char *path; /* "log.format" is the key format in the map log */
	enum kind kind;
	size_t field;
	const char *usual; /* the default, as it would be written; NULL: none */
	int64_t least, most;
	const char *meaning;
} settings[] = {
#define FIELD(name) offsetof(struct lp_config, name)
	{ "store", ADDRESS, FIELD(store), NULL, 0, 0,
	  "where series, calculations and states are kept: sqlite:FILE (relative to this file), or what libpq takes: "
	  "postgresql://HOST/DATABASE, service=NAME, host=... dbname=..." },
	{ "rules", DIRECTORY, FIELD(rules), NULL, 0, 0, "directory of your own rules (*.py), relative to this file" },
	{ "python", FILE_NAME, FIELD(python), NULL, 0, 0,
	  "interpreter that computes your own rules in place of the built-in one, such as /opt/venv/bin/python3" },
	{ "python.interpreter", FILE_NAME, FIELD(python), NULL, 0, 0,
	  "the same, where only some rules are computed by it" },
	{ "python.rules", MODULES, FIELD(python_rules), NULL, 0, 0,
	  "the modules and packages of your rules that it computes; the built-in one computes the others" },
	{ "time_zone", ZONE, FIELD(time_zone), "UTC", 0, 0,
	  "zone of times without an offset, of output, and of calculations that name none" },
	{ "tzdata", DIRECTORY, FIELD(tzdata), NULL, 0, 0,
	  "directory of time zone data to use in place of what is built in, such as /usr/share/zoneinfo" },
	{ "prepared_statements", FLAG, FIELD(prepared_statements), "true", 0, 0,
	  "PostgreSQL: false behind a PgBouncer in transaction mode that does not keep prepared statements" },
	{ "connect_timeout", SECONDS, FIELD(connect_timeout), "10 s", 0, 86400,
	  "PostgreSQL: how long a connection may take to come about; 0 s: no limit" },
	{ "statement_timeout", SECONDS, FIELD(statement_timeout), "5 min", 0, 86400,
	  "how long one statement of PostgreSQL may take, or a writer waits for another on SQLite; 0 s: no limit (SQLite: "
	  "10 s)" },
	{ "workers", NUMBER, FIELD(workers), "0", 0, 256, "threads that compute; 0: one a core" },
	{ "fetchers", NUMBER, FIELD(fetchers), "0", 0, 64, "threads that read samples; 0: chosen for the store" },
	{ "committers", NUMBER, FIELD(committers), "0", 0, 64, "threads that write results; 0: chosen for the store" },
	{ "catch_up", NUMBER, FIELD(catch_up), "100", 1, 100000,
	  "how many missed windows of a calculation one run makes up for, at most" },
	{ "recompute_within", DURATION, FIELD(recompute_within), "7 days", 0, 36600 * LP_DAY,
	  "how long after its end a window is computed again when its samples have changed, where its calculation does "
	  "not say; 0 s: never" },
	{ "mode", MODE, FIELD(mode), "live", 0, 0,
	  "of calculations that `apply` adds, where their definition says none: in shadow, their results go to series of "
	  "their own, beside those that are live" },
	{ "shadow_within", DURATION, FIELD(shadow_within), "50 s", LP_SECOND, LP_DAY,
	  "calculations in shadow come after those that are live, and end so long after a run began; the next run does the "
	  "rest" },
	{ "breaker_failures", NUMBER, FIELD(breaker_failures), "20", 0, 1000000,
	  "when at least so many calculations of a rule fail in a run, and more than half of all, the rule is stopped "
	  "except for trials; 0: never" },
	{ "time_limit", DURATION, FIELD(time_limit), "10 s", LP_SECOND / 100, LP_DAY,
	  "how long a rule may take for one window, where its calculation does not say" },
	{ "memory_limit", SIZE, FIELD(memory_limit), "auto", LP_MEMORY_LIMIT_LEAST, LP_MEMORY_LIMIT_MOST,
	  "memory that a rule may take beyond what its process has at rest; auto: a quarter of the machine's memory, or of "
	  "the container's where that is less, divided by the workers, at most 1 GB" },
	{ "rules_may.network", FLAG, FIELD(rules_network), "false", 0, 0,
	  "true: rules may open sockets of IPv4 and IPv6" },
	{ "rules_may.read", DIRECTORIES, FIELD(rules_read), NULL, 0, 0,
	  "directories whose files rules may read, besides their own; needs Landlock (Linux 5.13)" },
	{ "rules_may.write", DIRECTORIES, FIELD(rules_write), NULL, 0, 0,
	  "directories in which rules may read, write and remove files; needs Landlock" },
	{ "retry.max_attempts", NUMBER, FIELD(max_attempts), "8", 1, 1000,
	  "how often a window that fails is tried before it is given up" },
	{ "retry.first_delay", DURATION, FIELD(retry_first_delay), "1 min", LP_SECOND, 30 * LP_DAY,
	  "from the first failure to the next attempt; doubles with each" },
	{ "retry.longest_delay", DURATION, FIELD(retry_longest_delay), "1 h", LP_SECOND, 30 * LP_DAY,
	  "where that doubling ends" },
	{ "listen", LISTEN, FIELD(listen), NULL, 0, 0,
	  "where `serve` answers questions of HTTP, and `healthcheck` asks; off: nowhere; without the setting " LP_LISTEN_USUAL
	  ", unless that is taken" },
	{ "token_file", NEW_FILE, FIELD(token_file), NULL, 0, 0,
	  "file with the token that who asks `serve` for /metrics has to send; needed where `listen` is no address of "
	  "loopback" },
	{ "metrics_file", NEW_FILE, FIELD(metrics_file), NULL, 0, 0,
	  "where `run` and `serve` write figures for Prometheus after each run, relative to this file" },
	{ "on_failure", COMMAND, FIELD(on_failure), NULL, 0, 0,
	  "called once after a run in which calculations began to fail or work again, with a JSON document on its "
	  "standard input that says which" },
	{ "log.format", FORMAT, FIELD(log_format), "auto", 0, 0, "form of log lines; auto: logfmt" },
	{ "log.level", LEVEL, FIELD(log_level), "info", 0, 0, "the least that is logged: " LP_LOG_LEVEL_WORDS },
	{ "retention.samples", RETENTION, FIELD(retention_samples), "forever", LP_DAY, 0,
	  "how long `prune` leaves measured samples" },
	{ "retention.results", RETENTION, FIELD(retention_results), "forever", LP_DAY, 0,
	  "how long `prune` leaves results: samples of series that a calculation writes" },
	{ "retention.outcomes", RETENTION, FIELD(retention_outcomes), "7 days", LP_DAY, 0,
	  "how long `prune` leaves the outcome of every window" },
	{ "retention.runs", RETENTION, FIELD(retention_runs), "90 days", LP_DAY, 0, "how long `prune` leaves runs" },
	{ "samples", TABLE, FIELD(mappings), NULL, 0, 0,
	  "PostgreSQL: your table of samples: series that no calculation writes, and whose definition names no other "
	  "table, are read from there (docs/tables.md). Its keys:" },
	{ "results", TABLE, FIELD(mappings), NULL, 0, 0,
	  "PostgreSQL: your table of results: what live calculations write is written there too, and read from there by "
	  "others; keys as for samples" },
	{ "tables", TABLES, FIELD(mappings), NULL, 0, 0,
	  "further tables by name, with the same keys: a series names one in its definition" },
#undef FIELD
};
enum { SETTINGS = sizeof settings / sizeof settings[0] };

static const char *const searched[] = { "./local-processing.yaml", "/etc/local-processing/config.yaml" };

struct loader {
	struct lp_config *config;
	char *directory; /* of the file; relative names begin there */
	struct lp_problems *problems;
	bool wrong;
};

#define PROBLEM(loader_, node_, ...)                                                                                   \
	do {                                                                                                           \
		(loader_)->wrong = true;                                                                               \
		lp_problem_add((loader_)->problems, (loader_)->config->file, (node_) == NULL ? 0 : (node_)->line,      \
		               (node_) == NULL ? 0 : (node_)->column, __VA_ARGS__);                                    \
	} while (0)

static void *field_of(const struct loader *loader, const struct setting *setting)
{
	return (char *)loader->config + setting->field;
}

static void set_text(const struct loader *loader, const struct setting *setting, char *text)
{
	char **field = field_of(loader, setting);
	free(*field);
	*field = text;
}

/* A name is completed behind so many bytes of the text that it ends with. */
static char *in_directory(const struct loader *loader, const char *text, size_t before)
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

static void format_limit(enum kind kind, int64_t limit, char text[32])
{
	if (kind == NUMBER)
		(void)snprintf(text, 32, "%lld", (long long)limit);
	else if (kind == SIZE)
		lp_size_format(limit, text);
	else
		lp_duration_format(kind == SECONDS ? limit * LP_SECOND : limit, text);
}

static void check_limits(struct loader *loader, const struct setting *setting, const struct lp_yaml_node *node,
                         int64_t value)
{
	char least[32], most[32];
	if (value >= setting->least && (setting->most == 0 || value <= setting->most))
		return;
	format_limit(setting->kind, setting->least, least);
	format_limit(setting->kind, setting->most, most);
	if (setting->most == 0)
		PROBLEM(loader, node, "%s: %s is too short: at least %s", setting->path, node->text, least);
	else
		PROBLEM(loader, node, "%s: %s is outside of what is possible: %s to %s", setting->path, node->text,
		        least, most);
}

static void check_directory(struct loader *loader, const struct setting *setting, const struct lp_yaml_node *node,
                            const char *directory)
{
	struct stat status;
	if (stat(directory, &status) != 0)
		PROBLEM(loader, node, "%s: %s: %s", setting->path, directory, strerror(errno));
	else if (!S_ISDIR(status.st_mode))
		PROBLEM(loader, node, "%s: %s is no directory", setting->path, directory);
}

static void set_directory(struct loader *loader, const struct setting *setting, const struct lp_yaml_node *node)
{
	char *directory = in_directory(loader, node->text, 0);
	set_text(loader, setting, directory);
	check_directory(loader, setting, node, directory);
}

/* Returns false if the node is not what the setting expects; an item that is wrong is reported here. */
static bool set_directories(struct loader *loader, const struct setting *setting, const struct lp_yaml_node *node)
{
	struct lp_config_list *list = field_of(loader, setting);
	if (node->type != LP_YAML_LIST)
		return false;
	list->items = lp_allocate((node->count + 1) * sizeof *list->items);
	for (size_t i = 0; i < node->count; i++) {
		const struct lp_yaml_node *item = node->items[i];
		if (item->type != LP_YAML_TEXT || item->text[0] == '\0') {
			PROBLEM(loader, item, "%s: expected %s, found %s", setting->path, kinds[DIRECTORY].expected,
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
static bool set_modules(struct loader *loader, const struct setting *setting, const struct lp_yaml_node *node)
{
	struct lp_config_list *list = field_of(loader, setting);
	if (node->type != LP_YAML_LIST || node->count == 0)
		return false;
	list->items = lp_allocate((node->count + 1) * sizeof *list->items);
	for (size_t i = 0; i < node->count; i++) {
		const struct lp_yaml_node *item = node->items[i];
		if (item->type != LP_YAML_TEXT || !is_module_name(item->text))
			PROBLEM(loader, item, "%s: expected the name of a module, such as plant.energy, found %s",
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
static bool set_address(const struct loader *loader, const struct setting *setting, const char *address)
{
	const char *file = lp_store_file(address);
	if (*address == '\0' || (file != NULL && *file == '\0'))
		return false;
	set_text(loader, setting,
	         file != NULL ? in_directory(loader, address, (size_t)(file - address)) : lp_copy_text(address));
	return true;
}

/* Returns false if the node is of another kind than the setting; an impossible value of that kind is reported here. */
static bool set_from_text(struct loader *loader, const struct setting *setting, const struct lp_yaml_node *node)
{
	struct lp_error error;
	int64_t duration = 0; /* or a size */
	size_t chosen;

	switch (setting->kind) {
	case ADDRESS:
		return set_address(loader, setting, node->text);
	case DIRECTORY:
		if (node->text[0] == '\0')
			return false;
		set_directory(loader, setting, node);
		return true;
	case FILE_NAME:
		if (node->text[0] == '\0')
			return false;
		/* Whether it is there is told by what uses it: other rules can do without it. */
		set_text(loader, setting, in_directory(loader, node->text, 0));
		return true;
	case ZONE:
		set_text(loader, setting, lp_copy_text(node->text));
		return true;
	case SECONDS:
		if (!lp_duration_parse(node->text, &duration, &error) || duration % LP_SECOND != 0)
			return false;
		check_limits(loader, setting, node, duration / LP_SECOND);
		if (!loader->wrong)
			*(int32_t *)field_of(loader, setting) = (int32_t)(duration / LP_SECOND);
		return true;
	case DURATION:
	case RETENTION:
		if (setting->kind == DURATION ? !lp_duration_parse(node->text, &duration, &error)
		                              : !parse_retention(node->text, &duration))
			return false;
		if (setting->kind == DURATION || duration != 0)
			check_limits(loader, setting, node, duration);
		*(int64_t *)field_of(loader, setting) = duration;
		return true;
	case FORMAT:
		if (!lp_word_find(node->text, lp_log_formats, LP_LOG_FORMATS, &chosen))
			return false;
		*(enum lp_log_format *)field_of(loader, setting) = (enum lp_log_format)chosen;
		return true;
	case MODE:
		if (!lp_word_find(node->text, lp_mode_names, sizeof lp_mode_names / sizeof *lp_mode_names, &chosen))
			return false;
		*(enum lp_mode *)field_of(loader, setting) = (enum lp_mode)chosen;
		return true;
	case LEVEL:
		if (!lp_word_find(node->text, lp_log_levels, LP_LOG_LEVELS, &chosen))
			return false;
		*(enum lp_log_level *)field_of(loader, setting) = (enum lp_log_level)chosen;
		return true;
	case SIZE:
		if (strcmp(node->text, "auto") != 0) {
			if (!lp_size_parse(node->text, &duration))
				return false;
			check_limits(loader, setting, node, duration);
		}
		*(int64_t *)field_of(loader, setting) = duration;
		return true;
	case NEW_FILE:
		if (node->text[0] == '\0')
			return false;
		set_text(loader, setting, in_directory(loader, node->text, 0));
		return true;
	case COMMAND:
		if (node->text[0] == '\0')
			return false;
		set_text(loader, setting, lp_copy_text(node->text));
		return true;
	case LISTEN:
		if (!lp_config_can_listen(node->text))
			return false;
		set_text(loader, setting, lp_copy_text(node->text));
		return true;
	case FLAG:
	case NUMBER:
	case DIRECTORIES:
	case TABLE:
	case TABLES:
	case MODULES:
		return false;
	}
	return false;
}

static void keep_mapping_problem(void *context, const struct lp_yaml_node *at, const char *what)
{
	struct loader *loader = context;
	PROBLEM(loader, at, "%s", what);
}

static void add_mapping(struct loader *loader, const char *name, const struct lp_yaml_node *node)
{
	struct lp_mappings *mappings = &loader->config->mappings;
	const struct lp_mapping_reader reader = { .arena = &mappings->arena,
		                                  .problem = keep_mapping_problem,
		                                  .context = loader };
	LP_GROW(mappings->items, mappings->count, mappings->capacity);
	lp_mapping_read(&reader, name, node, &mappings->items[mappings->count++]);
}

/* Returns false if the node is no map. */
static bool set_tables(struct loader *loader, const struct lp_yaml_node *node)
{
	if (node->type != LP_YAML_MAP)
		return false;
	for (size_t i = 0; i < node->count; i++) {
		const char *name = node->keys[i]->text;
		if (name[0] == '\0' || strcmp(name, LP_OWN_TABLE) == 0 || strcmp(name, LP_SAMPLES_TABLE) == 0 ||
		    strcmp(name, LP_RESULTS_TABLE) == 0)
			PROBLEM(loader, node->keys[i], "tables: \"%s\" cannot be the name of a table", name);
		else
			add_mapping(loader, name, node->items[i]);
	}
	return true;
}

static bool set_value(struct loader *loader, const struct setting *setting, const struct lp_yaml_node *node)
{
	if (setting->kind == FLAG && node->type == LP_YAML_BOOL) {
		*(bool *)field_of(loader, setting) = node->value.truth;
		return true;
	}
	if (setting->kind == NUMBER && node->type == LP_YAML_INT) {
		check_limits(loader, setting, node, node->value.integer);
		if (!loader->wrong)
			*(int32_t *)field_of(loader, setting) = (int32_t)node->value.integer;
		return true;
	}
	if (setting->kind == DIRECTORIES)
		return set_directories(loader, setting, node);
	if (setting->kind == TABLE && node->type == LP_YAML_MAP)
		add_mapping(loader, setting->path, node);
	if (setting->kind == TABLE)
		return node->type == LP_YAML_MAP;
	if (setting->kind == TABLES)
		return set_tables(loader, node);
	if (setting->kind == MODULES)
		return set_modules(loader, setting, node);
	return node->type == LP_YAML_TEXT && set_from_text(loader, setting, node);
}

static void read_setting(struct loader *loader, const struct setting *setting, const struct lp_yaml_node *node)
{
	if (set_value(loader, setting, node))
		return;
	bool scalar = node->type != LP_YAML_LIST && node->type != LP_YAML_MAP && node->type != LP_YAML_NULL;
	/* An address can hold a password: what was found there is never shown. */
	if (scalar && setting->kind != ADDRESS)
		PROBLEM(loader, node, "%s: expected %s, found %s", setting->path, kinds[setting->kind].expected,
		        node->text[0] == '\0' ? "an empty text" : node->text);
	else
		PROBLEM(loader, node, "%s: expected %s, found %s", setting->path, kinds[setting->kind].expected,
		        node->type == LP_YAML_TEXT ? "a text that is none" : lp_yaml_type_name(node->type));
}

/* The parts of a path that stand for themselves: "log" of log.format, where inside is NULL; "format" inside "log". */
struct key_walk {
	const char *inside;
	int at;
	char key[64];
};

static const char *next_key(void *context)
{
	struct key_walk *walk = context;
	for (; walk->at < SETTINGS; walk->at++) {
		const char *path = settings[walk->at].path;
		const char *dot = strchr(path, '.');
		size_t outer = dot == NULL ? strlen(path) : (size_t)(dot - path);
		if (walk->inside == NULL) {
			/* Keys of a map follow each other in the table: "log" comes up once. */
			if (strncmp(walk->key, path, outer) == 0 && walk->key[outer] == '\0')
				continue;
			(void)snprintf(walk->key, sizeof walk->key, "%.*s", (int)outer, path);
			walk->at++;
			return walk->key;
		}
		if (dot != NULL && strncmp(walk->inside, path, outer) == 0 && walk->inside[outer] == '\0') {
			walk->at++;
			return dot + 1;
		}
	}
	return NULL;
}

static void unknown_key(struct loader *loader, const char *inside, const struct lp_yaml_node *key)
{
	char known[512] = "", nearest[64] = "";
	size_t length = 0;
	struct key_walk walk = { .inside = inside };
	/* lp_nearest keeps the pointer it is given, and the walk's buffer is one for all: hence word by word. */
	for (const char *word = next_key(&walk); word != NULL; word = next_key(&walk)) {
		if (lp_nearest_of(key->text, &word, 1, sizeof word) != NULL && nearest[0] == '\0')
			(void)snprintf(nearest, sizeof nearest, "%s", word);
		length +=
			(size_t)snprintf(known + length, sizeof known - length, "%s%s", length == 0 ? "" : ", ", word);
		if (length >= sizeof known)
			length = sizeof known - 1;
	}
	if (nearest[0] != '\0')
		PROBLEM(loader, key, "unknown setting %s%s%s: did you mean %s?", inside == NULL ? "" : inside,
		        inside == NULL ? "" : ".", key->text, nearest);
	else
		PROBLEM(loader, key, "unknown setting %s%s%s: there are %s", inside == NULL ? "" : inside,
		        inside == NULL ? "" : ".", key->text, known);
}

static void read_map(struct loader *loader, const char *inside, const struct lp_yaml_node *map)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct lp_yaml_node *key = map->keys[i], *node = map->items[i];
		char path[80];
		int found = -1;
		bool is_map = false;
		int length = snprintf(path, sizeof path, "%s%s%s", inside == NULL ? "" : inside,
		                      inside == NULL ? "" : ".", key->text);
		for (int s = 0; s < SETTINGS && length > 0 && (size_t)length < sizeof path; s++) {
			if (strcmp(settings[s].path, path) == 0 && strchr(key->text, '.') == NULL)
				found = s;
			if (inside == NULL && strncmp(settings[s].path, path, (size_t)length) == 0 &&
			    settings[s].path[length] == '.')
				is_map = true;
		}
		/* `python` takes a text, or a map of settings. */
		if (found >= 0 && !(is_map && node->type == LP_YAML_MAP))
			read_setting(loader, &settings[found], node);
		else if (is_map && node->type == LP_YAML_MAP)
			read_map(loader, key->text, node);
		else if (is_map && node->type != LP_YAML_NULL)
			PROBLEM(loader, node, "%s: expected a map of settings, found %s", key->text,
			        lp_yaml_type_name(node->type));
		else if (!is_map)
			unknown_key(loader, inside, key);
	}
}

static void set_defaults(struct loader *loader)
{
	for (int s = 0; s < SETTINGS; s++) {
		if (settings[s].usual == NULL)
			continue;
		struct lp_yaml_node node = { .type = LP_YAML_TEXT, .text = settings[s].usual };
		if (settings[s].kind == NUMBER) {
			node.type = LP_YAML_INT;
			node.value.integer = strtoll(node.text, NULL, 10);
		} else if (settings[s].kind == FLAG) {
			node.type = LP_YAML_BOOL;
			node.value.truth = strcmp(node.text, "true") == 0;
		}
		read_setting(loader, &settings[s], &node);
	}
}

/* Checks settings that depend on each other. */
static void check_together(struct loader *loader, const struct lp_yaml_node *root, bool store_given)
{
	const struct lp_config *config = loader->config;
	const struct lp_yaml_node *retry = lp_yaml_get(root, "retry"), *zone = lp_yaml_get(root, "time_zone");
	const struct lp_yaml_node *python = lp_yaml_get(root, "python");
	struct lp_error error = { 0 };
	const struct lp_zone *found;
	/* If one of them is wrong itself, the other is compared with a default. */
	if (!loader->wrong && config->retry_longest_delay < config->retry_first_delay)
		PROBLEM(loader, retry, "retry.longest_delay is shorter than retry.first_delay");
	if (config->python != NULL && config->rules == NULL && lp_yaml_get(root, "rules") == NULL)
		PROBLEM(loader, python, "python: an interpreter for your own rules, and the setting rules names none");
	if (config->python == NULL && config->python_rules.count > 0)
		PROBLEM(loader, python, "python.rules: which interpreter computes them? Set python.interpreter");
	/* The session looks zones up, once the user's data is set. */
	if (config->tzdata == NULL && zone != NULL && zone->type == LP_YAML_TEXT &&
	    !lp_zone_find(config->time_zone, &found, &error))
		PROBLEM(loader, zone, "time_zone: %s%s%s", error.what, error.hint[0] == '\0' ? "" : ". ", error.hint);
	if (config->store == NULL && !store_given && lp_yaml_get(root, "store") == NULL)
		PROBLEM(loader, (const struct lp_yaml_node *)NULL,
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

static char *directory_of(const char *file)
{
	char resolved[PATH_MAX];
	if (realpath(file, resolved) == NULL)
		return NULL;
	char *slash = strrchr(resolved, '/');
	if (slash == resolved)
		slash++;
	*slash = '\0';
	return lp_copy_text(resolved);
}

/* *chosen: the file to read, or NULL where there is none and none was asked for. */
static void choose_file(const char *file, const char **chosen)
{
	struct stat status;
	const char *variable = getenv("LOCAL_PROCESSING_CONFIG");
	*chosen = file != NULL ? file : variable != NULL && variable[0] != '\0' ? variable : NULL;
	for (size_t i = 0; *chosen == NULL && i < sizeof searched / sizeof searched[0]; i++) {
		/* A file that is there but cannot be looked at is chosen too: reading it says why. */
		if (stat(searched[i], &status) == 0 || (errno != ENOENT && errno != ENOTDIR))
			*chosen = searched[i];
	}
}

static bool read_file(struct loader *loader, bool store_given, struct lp_error *error)
{
	struct lp_config *config = loader->config;
	struct lp_arena arena = { 0 };
	struct lp_yaml_node *root;
	struct stat status;
	if (stat(config->file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > FILE_BYTES_MOST)
		return lp_fail(error, LP_EXIT_CONFIGURATION, "%s has %lld bytes: no configuration has more than %d",
		               config->file, (long long)status.st_size, (int)FILE_BYTES_MOST);
	loader->directory = directory_of(config->file);
	bool good = lp_yaml_read_file(config->file, &arena, &root, loader->problems, error);
	/* A tree with an unknown key is still read, so that all its problems are reported at once. */
	if (root != NULL && root->type != LP_YAML_MAP)
		PROBLEM(loader, root, "expected settings (key: value), found %s", lp_yaml_type_name(root->type));
	else if (root != NULL)
		read_map(loader, NULL, root);
	if (root == NULL ? good : root->type == LP_YAML_MAP)
		check_together(loader, root, store_given);
	sort_problems(loader->problems);
	if (good && loader->wrong)
		good = lp_fail(error, LP_EXIT_CONFIGURATION, "the configuration %s is wrong", config->file);
	error->exit = good ? error->exit : LP_EXIT_CONFIGURATION;
	lp_arena_free(&arena);
	free(loader->directory);
	return good;
}

bool lp_config_load(const char *file, bool store_given, struct lp_config *config, struct lp_problems *problems,
                    struct lp_error *error)
{
	const char *chosen;
	*config = (struct lp_config){ 0 };
	struct loader loader = { .config = config, .problems = problems };
	set_defaults(&loader);
	choose_file(file, &chosen);
	if (chosen == NULL && store_given)
		return true;
	if (chosen == NULL) {
		(void)lp_fail(error, LP_EXIT_CONFIGURATION, "there is no configuration: looked for %s and %s",
		              searched[0], searched[1]);
		return lp_hint(error, "Name one with --config FILE or in LOCAL_PROCESSING_CONFIG, or do without one: "
		                      "--store sqlite:FILE or --store postgresql://HOST/DATABASE.");
	}
	config->file = lp_copy_text(chosen);
	if (read_file(&loader, store_given, error))
		return true;
	if (file == NULL && chosen != searched[0] && chosen != searched[1])
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

void lp_config_describe(void (*line)(void *context, const char *text), void *context)
{
	for (int s = 0; s < SETTINGS; s++) {
		const struct setting *setting = &settings[s];
		char least[32], most[32], range[80] = "";
		format_limit(setting->kind, setting->least, least);
		format_limit(setting->kind, setting->most, most);
		if (setting->most > 0)
			(void)snprintf(range, sizeof range, ", %s to %s", least, most);
		char *text = lp_format_text("%s (%s%s; %s%s)", setting->path, kinds[setting->kind].name, range,
		                            setting->usual == NULL ? "no default" : "default ",
		                            setting->usual == NULL ? "" : setting->usual);
		line(context, text);
		free(text);
		text = lp_format_text("    %s", setting->meaning);
		line(context, text);
		free(text);
		if (setting->kind == TABLE && strcmp(setting->path, LP_SAMPLES_TABLE) == 0)
			lp_mapping_describe(line, context);
	}
}
