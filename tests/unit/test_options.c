/* Command lines: given these words, expect these values and operands, or this message; and helps that say what is there. */
#include "command/command.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
	const char *at, *format;
	bool report;
	uint32_t workers;
	struct lp_words series, operands;
};

static const struct lp_option options[] = {
	{ .name = "--at", .letter = 'a', .value = "TIME", .field = offsetof(struct request, at) },
	{ .name = "--format", .value = "FORMAT", .field = offsetof(struct request, format) },
	{ .name = "--report", .letter = 'r', .field = offsetof(struct request, report) },
	{ .name = "--workers", .value = "N", .form = LP_OPTION_COUNT, .field = offsetof(struct request, workers) },
	{ .name = "--series", .value = "NAME", .form = LP_OPTION_TEXTS, .field = offsetof(struct request, series) },
	{ .name = NULL },
};

struct parsed {
	struct request request;
	struct lp_overrides overrides;
	struct lp_command_line line;
	struct lp_error error;
	bool good;
};

/* words: separated by blanks. */
static char **split(const char *words, int *count)
{
	static char buffer[256];
	static char *split[24];
	*count = 0;
	snprintf(buffer, sizeof buffer, "%s", words);
	for (char *rest = buffer, *word; (word = strsep(&rest, " ")) != NULL;)
		if (*word != '\0')
			split[(*count)++] = word;
	return split;
}

static struct lp_command command = {
	.name = "test",
	.help = "the help\n",
	.options = options,
	.operands = { .most = 3, .what = "three names", .field = offsetof(struct request, operands) },
};

static void parse(struct parsed *parsed, const char *words, bool with_shared)
{
	*parsed = (struct parsed){ .good = false };
	command.need = with_shared ? LP_NEED_STORE : LP_NEED_NOTHING;
	parsed->line.words = split(words, &parsed->line.count);
	parsed->line.overrides = &parsed->overrides;
	parsed->good = lp_options_parse(&command, &parsed->line, &parsed->request, &parsed->error);
}

START_TEST(values_and_operands)
{
	struct parsed parsed;
	parse(&parsed, "one --at noon -r two --format=json --workers 12 --series a --series=b -", false);
	ck_assert_msg(parsed.good, "%s", parsed.error.what);
	const struct request *request = &parsed.request;
	ck_assert_str_eq(request->at, "noon");
	ck_assert_str_eq(request->format, "json");
	ck_assert(request->report);
	ck_assert_uint_eq(request->workers, 12);
	ck_assert_uint_eq(request->series.count, 2);
	ck_assert_str_eq(request->series.items[0], "a");
	ck_assert_str_eq(request->series.items[1], "b");
	ck_assert_uint_eq(request->operands.count, 3);
	ck_assert_str_eq(request->operands.items[0], "one");
	ck_assert_str_eq(request->operands.items[1], "two");
	ck_assert_str_eq(request->operands.items[2], "-");
	lp_options_free(&command, &parsed.request);
}
END_TEST

START_TEST(values_may_look_like_options)
{
	struct parsed parsed;
	parse(&parsed, "--time-zone -08:00 -anow --format= -- --report", true);
	ck_assert_msg(parsed.good, "%s", parsed.error.what);
	ck_assert_str_eq(parsed.overrides.time_zone, "-08:00");
	ck_assert_str_eq(parsed.request.at, "now");
	ck_assert_str_eq(parsed.request.format, "");
	ck_assert(!parsed.request.report);
	ck_assert_uint_eq(parsed.request.operands.count, 1);
	ck_assert_str_eq(parsed.request.operands.items[0], "--report");
	lp_options_free(&command, &parsed.request);
}
END_TEST

START_TEST(options_that_commands_share)
{
	struct parsed parsed;
	parse(&parsed, "-c f.yaml --store=sqlite:a.db --log-level debug --log-format json", true);
	ck_assert_msg(parsed.good, "%s", parsed.error.what);
	ck_assert_str_eq(parsed.overrides.config, "f.yaml");
	ck_assert_str_eq(parsed.overrides.store, "sqlite:a.db");
	ck_assert_str_eq(parsed.overrides.log_level, "debug");
	ck_assert_str_eq(parsed.overrides.log_format, "json");
}
END_TEST

static const struct {
	const char *words;
	bool shared;
	const char *what, *hint; /* parts of them */
} refused[] = {
	{ "--repot", false, "unknown option --repot", "--report" },
	{ "--formt=json", false, "unknown option --formt", "--format" },
	{ "--unlike-anything", false, "unknown option --unlike-anything", "--help" },
	{ "-x", false, "unknown option -x", "--help" },
	{ "--store a", false, "unknown option --store", "" },
	{ "--stor a", true, "unknown option --stor", "--store" },
	{ "--at", false, "--at needs a value: TIME", "" },
	{ "-a", false, "--at needs a value: TIME", "" },
	{ "--report=yes", false, "--report takes no value", "" },
	{ "--at 1 --at 2", false, "--at is given twice", "" },
	{ "--workers 0", false, "--workers 0: expected a whole number from 1 on", "" },
	{ "--workers -1", false, "--workers -1: expected a whole number", "" },
	{ "--workers 2x", false, "--workers 2x: expected a whole number", "" },
	{ "--workers 4294967296", false, "expected a whole number", "" },
	{ "--workers 1 --workers 1", false, "--workers is given twice", "" },
	{ "a b c d", false, "expected three names, got 4", "" },
};

START_TEST(what_is_refused)
{
	struct parsed parsed;
	parse(&parsed, refused[_i].words, refused[_i].shared);
	ck_assert_msg(!parsed.good, "%s", refused[_i].words);
	ck_assert_int_eq(parsed.error.exit, LP_EXIT_USAGE);
	ck_assert_msg(strstr(parsed.error.what, refused[_i].what) != NULL, "%s", parsed.error.what);
	ck_assert_msg(strstr(parsed.error.hint, refused[_i].hint) != NULL, "%s", parsed.error.hint);
	lp_options_free(&command, &parsed.request);
}
END_TEST

START_TEST(an_operand_that_is_not_taken)
{
	const struct lp_command none = { .name = "test", .operands = { .what = "it does everything" } };
	struct lp_command_line line = { .count = 0 };
	struct lp_error error;
	line.words = split("all", &line.count);
	ck_assert(!lp_options_parse(&none, &line, NULL, &error));
	ck_assert_str_eq(error.what, "there is no operand \"all\": it does everything");
}
END_TEST

START_TEST(help_ends_it)
{
	struct parsed parsed;
	parse(&parsed, "--report --help --unknown", true);
	ck_assert(parsed.good && parsed.line.help);
	ck_assert_int_eq(parsed.line.count, 1);
}
END_TEST

START_TEST(options_before_the_command)
{
	struct lp_overrides overrides = { .config = NULL };
	struct lp_command_line line = { .overrides = &overrides };
	struct lp_error error;
	line.words = split("--config f.yaml --store=a status --failed", &line.count);
	ck_assert_msg(lp_options_parse_leading(&line, &error), "%s", error.what);
	ck_assert_str_eq(overrides.config, "f.yaml");
	ck_assert_str_eq(overrides.store, "a");
	ck_assert_int_eq(line.count, 2);
	ck_assert_str_eq(line.words[0], "status");
}
END_TEST

static const struct {
	const char *words, *what, *hint;
} refused_before[] = {
	{ "--confg x status", "unknown option --confg", "Did you mean --config? See `local-processing --help`." },
	{ "--failed status", "unknown option --failed", "stand behind its name" },
	{ "--config", "--config needs a value: FILE", "" },
	{ "--config a --config b status", "--config is given twice", "" },
};

START_TEST(what_is_refused_before_the_command)
{
	struct lp_overrides overrides = { .config = NULL };
	struct lp_command_line line = { .overrides = &overrides };
	struct lp_error error;
	line.words = split(refused_before[_i].words, &line.count);
	ck_assert(!lp_options_parse_leading(&line, &error));
	ck_assert_msg(strstr(error.what, refused_before[_i].what) != NULL, "%s", error.what);
	ck_assert_msg(strstr(error.hint, refused_before[_i].hint) != NULL, "%s", error.hint);
}
END_TEST

/* A word of a text: behind it comes nothing that could be part of an option's name. */
static bool has_word(const char *text, const char *word)
{
	for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
		if (strchr("-abcdefghijklmnopqrstuvwxyz", at[strlen(word)]) == NULL || at[strlen(word)] == '\0')
			return true;
	return false;
}

static const struct lp_option *find_option(const struct lp_option *table, const char *name, size_t length)
{
	for (; table != NULL && table->name != NULL; table++)
		if (strlen(table->name) == length && strncmp(table->name, name, length) == 0)
			return table;
	return NULL;
}

/* Options of a help are lines that begin as "  --name" or "  -n, --name". */
static void check_help(const char *help, const struct lp_option *table, const char *of)
{
	for (const struct lp_option *option = table; option != NULL && option->name != NULL; option++)
		ck_assert_msg(has_word(help, option->name), "%s: the help does not tell of %s", of, option->name);
	for (const char *line = help; line != NULL; line = strchr(line, '\n')) {
		char letter = 0;
		line += line[0] == '\n';
		if (strncmp(line, "  -", 3) != 0)
			continue;
		const char *name = line + 2;
		if (name[1] != '-') {
			letter = name[1];
			name += strlen("-n, ");
		}
		size_t length = strcspn(name, " =\n");
		const struct lp_option *option = find_option(table, name, length);
		/* A verb may say what one that all share is for it. */
		option = option != NULL ? option : find_option(lp_shared_options, name, length);
		ck_assert_msg(option != NULL, "%s: there is no option %.*s", of, (int)length, name);
		ck_assert_msg(option->letter == letter, "%s: the letter of %s", of, option->name);
		if (option->value != NULL && name[length] == ' ')
			ck_assert_msg(name[length + 1] != ' ', "%s: %s has a value", of, option->name);
		else
			ck_assert_msg(option->value != NULL || name[length + 1] == ' ', "%s: %s has no value", of,
			              option->name);
	}
}

START_TEST(helps_say_what_options_there_are)
{
	check_help(lp_shared_help, lp_shared_options, "the shared options");
	for (size_t i = 0; i < lp_command_count; i++)
		if (lp_commands[i].command->main == NULL)
			check_help(lp_commands[i].command->help, lp_commands[i].command->options,
			           lp_commands[i].command->name);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("options");
	TCase *tests = tcase_create("command lines");
	tcase_add_test(tests, values_and_operands);
	tcase_add_test(tests, values_may_look_like_options);
	tcase_add_test(tests, options_that_commands_share);
	tcase_add_loop_test(tests, what_is_refused, 0, (int)(sizeof refused / sizeof refused[0]));
	tcase_add_test(tests, an_operand_that_is_not_taken);
	tcase_add_test(tests, help_ends_it);
	tcase_add_test(tests, options_before_the_command);
	tcase_add_loop_test(tests, what_is_refused_before_the_command, 0,
	                    (int)(sizeof refused_before / sizeof refused_before[0]));
	tcase_add_test(tests, helps_say_what_options_there_are);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
