/* See settings.h. */
#include "config/settings.h"

#include "config/config.h"
#include "config/mapping.h"

#include "calendar/calendar.h"
#include "model/memory.h"
#include "text/size.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The words for a kind: in the table for people, and where it was expected. */
static const struct {
	const char *name, *expected;
} kinds[] = {
	[LP_SETTING_ADDRESS] = { "address",
	                         "an address, such as \"sqlite:plant.db\" or \"postgresql://host/database\"" },
	[LP_SETTING_DIRECTORY] = { "directory", "the name of a directory" },
	[LP_SETTING_FILE_NAME] = { "file", "the name of a file" },
	[LP_SETTING_ZONE] = { "time zone", "a time zone, such as Europe/Berlin" },
	[LP_SETTING_FLAG] = { "true or false", "true or false" },
	[LP_SETTING_NUMBER] = { "whole number", "a whole number" },
	[LP_SETTING_SECONDS] = { "duration", "whole seconds, such as \"10 s\"" },
	[LP_SETTING_DURATION] = { "duration", "a duration, such as \"10 s\" or \"1 hour\"" },
	[LP_SETTING_RETENTION] = { "time span", "a time span, such as \"90 days\" or \"2 years\", or forever" },
	[LP_SETTING_FORMAT] = { "logfmt or json", LP_LOG_FORMAT_WORDS },
	[LP_SETTING_LEVEL] = { "log level", LP_LOG_LEVEL_WORDS },
	[LP_SETTING_MODE] = { "live or shadow", "live or shadow" },
	[LP_SETTING_SIZE] = { "size", "a size, such as \"512 MB\", or auto" },
	[LP_SETTING_TABLE] = { "map",
	                       "a map that describes a table, such as {table: public.readings, series: tag, time: ts, value: value}" },
	[LP_SETTING_TABLES] = { "map of maps", "a map of tables by name" },
	[LP_SETTING_LISTEN] = { "address and port",
	                        "an address and a port, such as \"127.0.0.1:8462\" or \"[::1]:8462\", or off" },
	[LP_SETTING_NEW_FILE] = { "file", "the name of a file" },
	[LP_SETTING_COMMAND] = { "command", "a command" },
	[LP_SETTING_DIRECTORIES] = { "list of directories", "a list of directories, such as [tables, /srv/weather]" },
	[LP_SETTING_MODULES] = { "list of modules", "a list of modules or packages, such as [forecast, plant.energy]" },
};

const struct lp_setting lp_settings[] = {
#define FIELD(name) offsetof(struct lp_config, name)
	{ "store", LP_SETTING_ADDRESS, FIELD(store), NULL, 0, 0,
	  "where series, calculations and states are kept: sqlite:FILE (relative to this file), or what libpq takes: "
	  "postgresql://HOST/DATABASE, service=NAME, host=... dbname=..." },
	{ "rules", LP_SETTING_DIRECTORY, FIELD(rules), NULL, 0, 0,
	  "directory of your own rules (*.py), relative to this file" },
	{ "python", LP_SETTING_FILE_NAME, FIELD(python), NULL, 0, 0,
	  "interpreter that computes your own rules in place of the built-in one, such as /opt/venv/bin/python3" },
	{ "python.interpreter", LP_SETTING_FILE_NAME, FIELD(python), NULL, 0, 0,
	  "the same, where only some rules are computed by it" },
	{ "python.rules", LP_SETTING_MODULES, FIELD(python_rules), NULL, 0, 0,
	  "the modules and packages of your rules that it computes; the built-in one computes the others" },
	{ "time_zone", LP_SETTING_ZONE, FIELD(time_zone), "UTC", 0, 0,
	  "zone of times without an offset, of output, and of calculations that name none" },
	{ "tzdata", LP_SETTING_DIRECTORY, FIELD(tzdata), NULL, 0, 0,
	  "directory of time zone data to use in place of what is built in, such as /usr/share/zoneinfo" },
	{ "prepared_statements", LP_SETTING_FLAG, FIELD(prepared_statements), "true", 0, 0,
	  "PostgreSQL: false behind a PgBouncer in transaction mode that does not keep prepared statements" },
	{ "connect_timeout", LP_SETTING_SECONDS, FIELD(connect_timeout), "10 s", 0, 86400,
	  "PostgreSQL: how long a connection may take to come about; 0 s: no limit" },
	{ "statement_timeout", LP_SETTING_SECONDS, FIELD(statement_timeout), "5 min", 0, 86400,
	  "how long one statement of PostgreSQL may take, or a writer waits for another on SQLite; 0 s: no limit (SQLite: "
	  "10 s)" },
	{ "workers", LP_SETTING_NUMBER, FIELD(workers), "0", 0, 256, "threads that compute; 0: one a core" },
	{ "fetchers", LP_SETTING_NUMBER, FIELD(fetchers), "0", 0, 64,
	  "threads that read samples; 0: chosen for the store" },
	{ "committers", LP_SETTING_NUMBER, FIELD(committers), "0", 0, 64,
	  "threads that write results; 0: chosen for the store" },
	{ "catch_up", LP_SETTING_NUMBER, FIELD(catch_up), "100", 1, 100000,
	  "how many missed windows of a calculation one run makes up for, at most" },
	{ "recompute_within", LP_SETTING_DURATION, FIELD(recompute_within), "7 days", 0, 36600 * LP_DAY,
	  "how long after its end a window is computed again when its samples have changed, where its calculation does "
	  "not say; 0 s: never" },
	{ "mode", LP_SETTING_MODE, FIELD(mode), "live", 0, 0,
	  "of calculations that `apply` adds, where their definition says none: in shadow, their results go to series of "
	  "their own, beside those that are live" },
	{ "shadow_within", LP_SETTING_DURATION, FIELD(shadow_within), "50 s", LP_SECOND, LP_DAY,
	  "calculations in shadow come after those that are live, and end so long after a run began; the next run does the "
	  "rest" },
	{ "breaker_failures", LP_SETTING_NUMBER, FIELD(breaker_failures), "20", 0, 1000000,
	  "when at least so many calculations of a rule fail in a run, and more than half of all, the rule is stopped "
	  "except for trials; 0: never" },
	{ "time_limit", LP_SETTING_DURATION, FIELD(time_limit), "10 s", LP_SECOND / 100, LP_DAY,
	  "how long a rule may take for one window, where its calculation does not say" },
	{ "memory_limit", LP_SETTING_SIZE, FIELD(memory_limit), "auto", LP_MEMORY_LIMIT_LEAST, LP_MEMORY_LIMIT_MOST,
	  "memory that a rule may take beyond what its process has at rest; auto: a quarter of the machine's memory, or of "
	  "the container's where that is less, divided by the workers, at most 1 GB" },
	{ "rules_may.network", LP_SETTING_FLAG, FIELD(rules_network), "false", 0, 0,
	  "true: rules may open sockets of IPv4 and IPv6" },
	{ "rules_may.read", LP_SETTING_DIRECTORIES, FIELD(rules_read), NULL, 0, 0,
	  "directories whose files rules may read, besides their own; needs Landlock (Linux 5.13)" },
	{ "rules_may.write", LP_SETTING_DIRECTORIES, FIELD(rules_write), NULL, 0, 0,
	  "directories in which rules may read, write and remove files; needs Landlock" },
	{ "retry.max_attempts", LP_SETTING_NUMBER, FIELD(max_attempts), "8", 1, 1000,
	  "how often a window that fails is tried before it is given up" },
	{ "retry.first_delay", LP_SETTING_DURATION, FIELD(retry_first_delay), "1 min", LP_SECOND, 30 * LP_DAY,
	  "from the first failure to the next attempt; doubles with each" },
	{ "retry.longest_delay", LP_SETTING_DURATION, FIELD(retry_longest_delay), "1 h", LP_SECOND, 30 * LP_DAY,
	  "where that doubling ends" },
	{ "listen", LP_SETTING_LISTEN, FIELD(listen), NULL, 0, 0,
	  "where `serve` answers questions of HTTP, and `healthcheck` asks; off: nowhere; without the setting " LP_LISTEN_USUAL
	  ", unless that is taken" },
	{ "token_file", LP_SETTING_NEW_FILE, FIELD(token_file), NULL, 0, 0,
	  "file with the token that who asks `serve` for /metrics has to send; needed where `listen` is no address of "
	  "loopback" },
	{ "metrics_file", LP_SETTING_NEW_FILE, FIELD(metrics_file), NULL, 0, 0,
	  "where `run` and `serve` write figures for Prometheus after each run, relative to this file" },
	{ "on_failure", LP_SETTING_COMMAND, FIELD(on_failure), NULL, 0, 0,
	  "called once after a run in which calculations began to fail or work again, with a JSON document on its "
	  "standard input that says which" },
	{ "log.format", LP_SETTING_FORMAT, FIELD(log_format), "auto", 0, 0, "form of log lines; auto: logfmt" },
	{ "log.level", LP_SETTING_LEVEL, FIELD(log_level), "info", 0, 0,
	  "the least that is logged: " LP_LOG_LEVEL_WORDS },
	{ "retention.samples", LP_SETTING_RETENTION, FIELD(retention_samples), "forever", LP_DAY, 0,
	  "how long `prune` leaves measured samples" },
	{ "retention.results", LP_SETTING_RETENTION, FIELD(retention_results), "forever", LP_DAY, 0,
	  "how long `prune` leaves results: samples of series that a calculation writes" },
	{ "retention.outcomes", LP_SETTING_RETENTION, FIELD(retention_outcomes), "7 days", LP_DAY, 0,
	  "how long `prune` leaves the outcome of every window" },
	{ "retention.runs", LP_SETTING_RETENTION, FIELD(retention_runs), "90 days", LP_DAY, 0,
	  "how long `prune` leaves runs" },
	{ "samples", LP_SETTING_TABLE, FIELD(mappings), NULL, 0, 0,
	  "PostgreSQL: your table of samples: series that no calculation writes, and whose definition names no other "
	  "table, are read from there (docs/tables.md). Its keys:" },
	{ "results", LP_SETTING_TABLE, FIELD(mappings), NULL, 0, 0,
	  "PostgreSQL: your table of results: what live calculations write is written there too, and read from there by "
	  "others; keys as for samples" },
	{ "tables", LP_SETTING_TABLES, FIELD(mappings), NULL, 0, 0,
	  "further tables by name, with the same keys: a series names one in its definition" },
#undef FIELD
};
const size_t lp_setting_count = sizeof lp_settings / sizeof lp_settings[0];

const struct lp_setting *lp_setting_find(const char *path)
{
	for (size_t s = 0; s < lp_setting_count; s++)
		if (strcmp(lp_settings[s].path, path) == 0)
			return &lp_settings[s];
	return NULL;
}

const char *lp_setting_expected(enum lp_setting_kind kind)
{
	return kinds[kind].expected;
}

void lp_setting_format_limit(enum lp_setting_kind kind, int64_t limit, char text[32])
{
	if (kind == LP_SETTING_NUMBER)
		(void)snprintf(text, 32, "%lld", (long long)limit);
	else if (kind == LP_SETTING_SIZE)
		lp_size_format(limit, text);
	else
		lp_duration_format(kind == LP_SETTING_SECONDS ? limit * LP_SECOND : limit, text);
}

void lp_config_describe(void (*line)(void *context, const char *text), void *context)
{
	for (size_t s = 0; s < lp_setting_count; s++) {
		const struct lp_setting *setting = &lp_settings[s];
		char least[32], most[32], range[80] = "";
		lp_setting_format_limit(setting->kind, setting->least, least);
		lp_setting_format_limit(setting->kind, setting->most, most);
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
		if (setting->kind == LP_SETTING_TABLE && strcmp(setting->path, LP_SAMPLES_TABLE) == 0)
			lp_mapping_describe(line, context);
	}
}
