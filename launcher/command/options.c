/*
 * Options by a table: takes them out of the command line and leaves the
 * operands.  Knows the options that all commands share, and no command.
 */
#include "command/command.h"
#include "model/memory.h"
#include "text/names.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MOST = 40 };

/* The options of a command with the common ones behind them. */
struct option_table {
	struct lp_option options[OPTIONS_MOST];
	size_t count;
};

static void add_option(struct option_table *table, struct lp_option option)
{
	assert(table->count < OPTIONS_MOST);
	table->options[table->count++] = option;
}

static const char common_help[] =
	"\n"
	"Options that commands share:\n"
	"  -c, --config FILE    the configuration; else $LOCAL_PROCESSING_CONFIG, else\n"
	"                       ./local-processing.yaml, else /etc/local-processing/config.yaml\n"
	"  --store ADDRESS      in place of the configuration's: sqlite:FILE, postgresql://...\n"
	"  --time-zone ZONE     of times without an offset, and of what is printed\n"
	"  --log-format FORMAT  auto, logfmt or json\n"
	"  --log-level LEVEL    debug, info, warning or error\n";

static void build_table(struct option_table *table, const struct lp_option *options, struct lp_common_options *common)
{
	for (; options != NULL && options->name != NULL; options++) {
		add_option(table, *options);
	}
	if (common == NULL) {
		return;
	}
	add_option(table, (struct lp_option){ "--config", 'c', "FILE", &common->config, false });
	add_option(table, (struct lp_option){ "--store", 0, "ADDRESS", &common->store, false });
	add_option(table, (struct lp_option){ "--time-zone", 0, "ZONE", &common->time_zone, false });
	add_option(table, (struct lp_option){ "--log-format", 0, "FORMAT", &common->log_format, false });
	add_option(table, (struct lp_option){ "--log-level", 0, "LEVEL", &common->log_level, false });
}

/* Finds the option that a word names; *attached is what stands behind "=" or behind the letter, or NULL. */
static const struct lp_option *find_option(const struct option_table *table, const char *word, const char **attached)
{
	*attached = NULL;
	if (word[1] != '-') {
		for (size_t i = 0; i < table->count; i++) {
			if (table->options[i].letter != 0 && table->options[i].letter == word[1]) {
				*attached = word[2] != '\0' ? word + 2 : NULL;
				return &table->options[i];
			}
		}
		return NULL;
	}
	size_t length = strcspn(word, "=");
	for (size_t i = 0; i < table->count; i++) {
		if (strlen(table->options[i].name) == length && strncmp(table->options[i].name, word, length) == 0) {
			*attached = word[length] == '=' ? word + length + 1 : NULL;
			return &table->options[i];
		}
	}
	return NULL;
}

static bool fail_unknown(const struct lp_command *command, const struct option_table *table, const char *word,
                         struct lp_error *error)
{
	char name[128];
	snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
	lp_fail(error, LP_EXIT_USAGE, "unknown option %s", name);
	const char *nearest = lp_nearest_of(name, &table->options[0].name, table->count, sizeof table->options[0]);
	if (nearest != NULL) {
		return lp_hint(error, "Did you mean %s? See `local-processing %s --help`.", nearest, command->name);
	}
	return lp_hint(error, "See `local-processing %s --help`. A name that begins with a dash goes behind --.",
	               command->name);
}

static bool set_option(const struct lp_option *option, const char *value, struct lp_error *error)
{
	if (option->value == NULL) {
		if (value != NULL) {
			return lp_fail(error, LP_EXIT_USAGE, "option %s takes no value, and was given \"%s\"",
			               option->name, value);
		}
		*(bool *)option->target = true;
		return true;
	}
	if (option->many) {
		struct lp_option_values *values = option->target;
		LP_GROW(values->items, values->count, values->capacity);
		values->items[values->count++] = value;
		return true;
	}
	const char **target = option->target;
	if (*target != NULL) {
		return lp_fail(error, LP_EXIT_USAGE, "option %s is given twice", option->name);
	}
	*target = value;
	return true;
}

bool lp_options_parse(const struct lp_command *command, int count, char **arguments, const struct lp_option *options,
                      struct lp_common_options *common, int *operand_count, struct lp_error *error)
{
	struct option_table table = { .count = 0 };
	build_table(&table, options, common);
	int operands = 0;
	bool options_ended = false;
	for (int i = 1; i < count; i++) {
		char *word = arguments[i];
		/* "-" alone is standard input. */
		if (options_ended || word[0] != '-' || word[1] == '\0') {
			arguments[operands++] = word;
			continue;
		}
		if (strcmp(word, "--") == 0) {
			options_ended = true;
			continue;
		}
		if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
			fputs(command->help, stdout);
			fputs(common != NULL ? common_help : "", stdout);
			exit(LP_EXIT_OK);
		}
		const char *value;
		const struct lp_option *option = find_option(&table, word, &value);
		if (option == NULL) {
			return fail_unknown(command, &table, word, error);
		}
		if (option->value != NULL && value == NULL) {
			if (i + 1 == count) {
				return lp_fail(error, LP_EXIT_USAGE, "option %s needs a value: %s", option->name,
				               option->value);
			}
			/* Whatever it is: "--time-zone -08:00". */
			value = arguments[++i];
		}
		if (!set_option(option, value, error)) {
			return false;
		}
	}
	*operand_count = operands;
	return true;
}
