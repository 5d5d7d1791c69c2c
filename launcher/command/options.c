/*
 * Options by tables: takes them out of the command line and leaves the
 * operands.  Knows the options that all commands share, and no command.
 */
#include "command/command.h"
#include "command/shell.h"
#include "model/memory.h"
#include "text/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct lp_option lp_shared_options[] = {
	{ .name = "--config", .letter = 'c', .value = "FILE", .field = offsetof(struct lp_overrides, config) },
	{ .name = "--store", .value = "ADDRESS", .field = offsetof(struct lp_overrides, store) },
	{ .name = "--time-zone", .value = "ZONE", .field = offsetof(struct lp_overrides, time_zone) },
	{ .name = "--log-format", .value = "FORMAT", .field = offsetof(struct lp_overrides, log_format) },
	{ .name = "--log-level", .value = "LEVEL", .field = offsetof(struct lp_overrides, log_level) },
	{ .name = NULL },
};

const char lp_shared_help[] =
	"\n"
	"Options that commands share, behind the command or, by their long names, before it:\n"
	"  -c, --config FILE    the configuration; else $LOCAL_PROCESSING_CONFIG, else\n"
	"                       ./local-processing.yaml, else /etc/local-processing/config.yaml;\n"
	"                       variables win over it: $LOCAL_PROCESSING_STORE, and so on\n"
	"  --store ADDRESS      in place of the configuration's: sqlite:FILE, postgresql://...\n"
	"  --time-zone ZONE     of times without an offset, and of what is printed\n"
	"  --log-format FORMAT  " LP_LOG_FORMAT_WORDS "\n"
	"  --log-level LEVEL    " LP_LOG_LEVEL_WORDS "\n";

static const struct lp_option version_options[] = {
	{ .name = "--version", .letter = 'V', .field = offsetof(struct lp_command_line, version) },
	{ .name = NULL },
};
static const struct lp_option help_options[] = {
	{ .name = "--help", .letter = 'h', .field = offsetof(struct lp_command_line, help) },
	{ .name = NULL },
};

/* The options that may stand at a place: tables of them, each with the struct that its fields are in. */
struct choice {
	const char *command; /* NULL: before the verb */
	struct {
		const struct lp_option *options;
		void *target;
	} tables[3];
	size_t count;
};

static void add_options(struct choice *choice, const struct lp_option *options, void *target)
{
	if (options == NULL)
		return;
	choice->tables[choice->count].options = options;
	choice->tables[choice->count++].target = target;
}

/* True if a word names the option; *attached is what stands behind "=" or behind the letter, or NULL. */
static bool is_named(const struct lp_option *option, const char *word, const char **attached)
{
	size_t length = strcspn(word, "=");
	*attached = NULL;
	if (word[1] != '-') {
		*attached = word[2] != '\0' ? word + 2 : NULL;
		return option->letter != 0 && option->letter == word[1];
	}
	if (word[length] == '=')
		*attached = word + length + 1;
	return strlen(option->name) == length && strncmp(option->name, word, length) == 0;
}

/* Finds an option and the field that its value goes to. NULL: there is none of that name. */
static const struct lp_option *find_option(const struct choice *choice, const char *word, const char **attached,
                                           void **field)
{
	for (size_t i = 0; i < choice->count; i++) {
		const struct lp_option *option = choice->tables[i].options;
		for (; option->name != NULL; option++) {
			*field = (char *)choice->tables[i].target + option->field;
			if (is_named(option, word, attached))
				return option;
		}
	}
	return NULL;
}

/* Gives one name after the other, for lp_nearest. */
struct walk {
	const struct choice *choice;
	size_t table, option;
};

static const char *next_name(void *context)
{
	struct walk *walk = context;
	while (walk->table < walk->choice->count) {
		const char *name = walk->choice->tables[walk->table].options[walk->option++].name;
		if (name != NULL)
			return name;
		walk->table++;
		walk->option = 0;
	}
	return NULL;
}

static bool fail_unknown(const struct choice *choice, const char *word, struct lp_error *error)
{
	struct walk walk = { .choice = choice };
	char *name = lp_format_text("%.*s", (int)strcspn(word, "="), word);
	const char *nearest = lp_nearest(name, next_name, &walk);
	const char *command = choice->command == NULL ? "" : choice->command;
	const char *blank = choice->command == NULL ? "" : " ";
	lp_fail(error, LP_EXIT_USAGE, "unknown option %s", name);
	free(name);
	if (nearest != NULL)
		return lp_hint(error, "Did you mean %s? See `local-processing%s%s --help`.", nearest, blank, command);
	if (choice->command == NULL)
		return lp_hint(error, "See `local-processing --help`. The options of a command stand behind its name.");
	return lp_hint(error, "See `local-processing %s --help`. A name that begins with a dash goes behind --.",
	               command);
}

static bool set_count(const struct lp_option *option, const char *value, uint32_t *count, struct lp_error *error)
{
	char *end;
	errno = 0;
	unsigned long long number = strtoull(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0 || number > UINT32_MAX || number < 1)
		return lp_fail(error, LP_EXIT_USAGE, "%s %s: expected a whole number from 1 on", option->name, value);
	*count = (uint32_t)number;
	return true;
}

static void add_word(struct lp_words *words, const char *word)
{
	LP_GROW(words->items, words->count, words->capacity);
	words->items[words->count++] = word;
}

static bool set_value(const struct lp_option *option, const char *value, void *field, struct lp_error *error)
{
	const char **text = field;
	if (option->form == LP_OPTION_TEXTS) {
		add_word(field, value);
		return true;
	}
	if (option->form == LP_OPTION_COUNT ? *(uint32_t *)field != 0 : *text != NULL)
		return lp_fail(error, LP_EXIT_USAGE, "option %s is given twice", option->name);
	if (option->form == LP_OPTION_COUNT)
		return set_count(option, value, field, error);
	*text = value;
	return true;
}

/* Takes the option that the line begins with, and its value. */
static bool take_option(const struct choice *choice, struct lp_command_line *line, struct lp_error *error)
{
	const char *word = line->words[0], *value;
	void *field;
	const struct lp_option *option = find_option(choice, word, &value, &field);
	if (option == NULL)
		return fail_unknown(choice, word, error);
	line->words++;
	line->count--;
	if (option->value == NULL) {
		if (value != NULL)
			return lp_fail(error, LP_EXIT_USAGE, "option %s takes no value, and was given \"%s\"",
			               option->name, value);
		*(bool *)field = true;
		return true;
	}
	if (value == NULL && line->count == 0)
		return lp_fail(error, LP_EXIT_USAGE, "option %s needs a value: %s", option->name, option->value);
	/* A value may begin with a dash: "--time-zone -08:00". */
	if (value == NULL) {
		value = *line->words++;
		line->count--;
	}
	return set_value(option, value, field, error);
}

/* "-" alone is standard input. */
static bool is_option(const char *word)
{
	return word[0] == '-' && word[1] != '\0';
}

bool lp_options_parse_leading(struct lp_command_line *line, struct lp_error *error)
{
	struct choice choice = { .count = 0 };
	add_options(&choice, lp_shared_options, line->overrides);
	add_options(&choice, help_options, line);
	add_options(&choice, version_options, line);
	while (line->count > 0 && is_option(line->words[0]) && !line->help && !line->version)
		if (!take_option(&choice, line, error))
			return false;
	return true;
}

static bool fail_operand(const struct lp_operands *expected, const char *operand, struct lp_error *error)
{
	char *word = lp_shell_word(operand);
	lp_fail(error, LP_EXIT_USAGE, "there is no operand \"%s\": %s", operand, expected->what);
	if (expected->hint != NULL)
		lp_hint(error, "%s %s.", expected->hint, word);
	free(word);
	return false;
}

static bool check_operands(const struct lp_operands *expected, const struct lp_words *operands, struct lp_error *error)
{
	if (operands->count >= expected->least && operands->count <= expected->most)
		return true;
	if (expected->most == 0)
		return fail_operand(expected, operands->items[0], error);
	if (operands->count == 0)
		lp_fail(error, LP_EXIT_USAGE, "expected %s, got none", expected->what);
	else
		lp_fail(error, LP_EXIT_USAGE, "expected %s, got %zu", expected->what, operands->count);
	return expected->hint != NULL && lp_hint(error, "%s", expected->hint);
}

bool lp_options_parse(const struct lp_command *command, struct lp_command_line *line, void *request,
                      struct lp_error *error)
{
	struct choice choice = { .command = command->name };
	struct lp_words none = { .count = 0 }, *operands = &none;
	bool options_ended = false, ok = true;
	if (command->operands.most > 0)
		operands = (struct lp_words *)((char *)request + command->operands.field);
	add_options(&choice, command->options, request);
	if (command->need != LP_NEED_NOTHING)
		add_options(&choice, lp_shared_options, line->overrides);
	add_options(&choice, help_options, line);
	while (ok && line->count > 0 && !line->help) {
		if (options_ended || !is_option(line->words[0])) {
			add_word(operands, line->words[0]);
		} else if (strcmp(line->words[0], "--") == 0) {
			options_ended = true;
		} else {
			ok = take_option(&choice, line, error);
			continue;
		}
		line->words++;
		line->count--;
	}
	ok = ok && (line->help || check_operands(&command->operands, operands, error));
	free(none.items);
	return ok;
}

void lp_options_free(const struct lp_command *command, void *request)
{
	if (command->operands.most > 0)
		free(((struct lp_words *)((char *)request + command->operands.field))->items);
	for (const struct lp_option *option = command->options; option != NULL && option->name != NULL; option++)
		if (option->form == LP_OPTION_TEXTS)
			free(((struct lp_words *)((char *)request + option->field))->items);
}
