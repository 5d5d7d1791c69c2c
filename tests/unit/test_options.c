/* Command lines: given these words, expect these values and operands, or this message. */
#include "command/command.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct lp_command command = { .name = "test", .help = "the help\n" };

struct parsed {
	const char *at, *format;
	bool report;
	struct lp_option_values series;
	struct lp_common_options common;
	int operands;
	char *words[12];
	struct lp_error error;
	bool good;
};

/* words: separated by blanks. */
static void parse(struct parsed *parsed, const char *words, bool with_common)
{
	static char buffer[256];
	int count = 1;
	*parsed = (struct parsed){ .words = { (char[]){ "test" } } };
	const struct lp_option options[] = {
		{ .name = "--at", .letter = 'a', .value = "TIME", .target = &parsed->at },
		{ .name = "--format", .value = "FORMAT", .target = &parsed->format },
		{ .name = "--report", .letter = 'r', .target = &parsed->report },
		{ .name = "--series", .value = "NAME", .target = &parsed->series, .many = true },
		{ 0 },
	};
	snprintf(buffer, sizeof buffer, "%s", words);
	for (char *rest = buffer, *word; (word = strsep(&rest, " ")) != NULL;)
		if (*word != '\0')
			parsed->words[count++] = word;
	parsed->good = lp_options_parse(&command, count, parsed->words, options, with_common ? &parsed->common : NULL,
	                                &parsed->operands, &parsed->error);
}

START_TEST(values_and_operands)
{
	struct parsed parsed;
	parse(&parsed, "one --at noon -r two --format=json --series a --series=b -", false);
	ck_assert_msg(parsed.good, "%s", parsed.error.what);
	ck_assert_str_eq(parsed.at, "noon");
	ck_assert_str_eq(parsed.format, "json");
	ck_assert(parsed.report);
	ck_assert_uint_eq(parsed.series.count, 2);
	ck_assert_str_eq(parsed.series.items[0], "a");
	ck_assert_str_eq(parsed.series.items[1], "b");
	ck_assert_int_eq(parsed.operands, 3);
	ck_assert_str_eq(parsed.words[0], "one");
	ck_assert_str_eq(parsed.words[1], "two");
	ck_assert_str_eq(parsed.words[2], "-");
	free(parsed.series.items);
}
END_TEST

START_TEST(values_may_look_like_options)
{
	struct parsed parsed;
	parse(&parsed, "--time-zone -08:00 -anow --format= -- --report", true);
	ck_assert_msg(parsed.good, "%s", parsed.error.what);
	ck_assert_str_eq(parsed.common.time_zone, "-08:00");
	ck_assert_str_eq(parsed.at, "now");
	ck_assert_str_eq(parsed.format, "");
	ck_assert(!parsed.report);
	ck_assert_int_eq(parsed.operands, 1);
	ck_assert_str_eq(parsed.words[0], "--report");
}
END_TEST

START_TEST(options_that_commands_share)
{
	struct parsed parsed;
	parse(&parsed, "-c f.yaml --store=sqlite:a.db --log-level debug --log-format json", true);
	ck_assert_msg(parsed.good, "%s", parsed.error.what);
	ck_assert_str_eq(parsed.common.config, "f.yaml");
	ck_assert_str_eq(parsed.common.store, "sqlite:a.db");
	ck_assert_str_eq(parsed.common.log_level, "debug");
	ck_assert_str_eq(parsed.common.log_format, "json");
}
END_TEST

static const struct {
	const char *words;
	bool common;
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
};

START_TEST(what_is_refused)
{
	struct parsed parsed;
	parse(&parsed, refused[_i].words, refused[_i].common);
	ck_assert_msg(!parsed.good, "%s", refused[_i].words);
	ck_assert_int_eq(parsed.error.exit, LP_EXIT_USAGE);
	ck_assert_msg(strstr(parsed.error.what, refused[_i].what) != NULL, "%s", parsed.error.what);
	ck_assert_msg(strstr(parsed.error.hint, refused[_i].hint) != NULL, "%s", parsed.error.hint);
}
END_TEST

START_TEST(help_ends_it)
{
	struct parsed parsed;
	parse(&parsed, "--report --help --unknown", true);
	ck_abort_msg("--help came back");
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
	tcase_add_exit_test(tests, help_ends_it, LP_EXIT_OK);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
