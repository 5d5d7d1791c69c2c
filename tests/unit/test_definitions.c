/* Definitions: read, expanded, checked, compared with what is stored, written and read again. */
#include "cases.h"

#include "definition/definition.h"
#include <time.h>
#include <unistd.h>

/* Rules as the interpreter would describe them. */
static struct lp_rule_input one_input[] = { { .name = "x" } };
static struct lp_rule_input held_input[] = { { .name = "x", .lookback = LP_LOOKBACK_HOLD } };
static struct lp_rule_parameter hold_parameter[] = {
	{ .name = "hold", .type = LP_PARAMETER_FLOAT, .nullable = true, .default_value = "null" },
};
static struct lp_rule_input flow_inputs[] = { { .name = "power", .lookback = LP_HOUR },
	                                      { .name = "flow" },
	                                      { .name = "level", .optional = true } };
static struct lp_rule_input many_inputs[] = { { .name = "series", .many = true, .lookback = LP_MINUTE } };
static struct lp_rule_parameter scale_parameters[] = {
	{ .name = "factor", .type = LP_PARAMETER_FLOAT },
	{ .name = "mode",
	  .type = LP_PARAMETER_TEXT,
	  .default_value = "\"linear\"",
	  .choices = "[\"linear\",\"cubic\"]" },
	{ .name = "limit", .type = LP_PARAMETER_INT, .nullable = true, .default_value = "null" },
	{ .name = "strict", .type = LP_PARAMETER_BOOL, .default_value = "false" },
	{ .name = "table", .type = LP_PARAMETER_LIST, .default_value = "[]" },
};
static const char *spread_outputs[] = { "mean", "spread" };
static struct lp_rule rules[] = {
	{ .name = "held", .inputs = held_input, .input_count = 1, .parameters = hold_parameter, .parameter_count = 1 },
	{ .name = "max", .inputs = one_input, .input_count = 1 },
	{ .name = "mean", .inputs = one_input, .input_count = 1 },
	{ .name = "pump.efficiency", .inputs = flow_inputs, .input_count = 3 },
	{ .name = "scale",
	  .inputs = one_input,
	  .input_count = 1,
	  .parameters = scale_parameters,
	  .parameter_count = 5 },
	{ .name = "spread", .inputs = one_input, .input_count = 1, .outputs = spread_outputs, .output_count = 2 },
	{ .name = "sum", .inputs = many_inputs, .input_count = 1 },
};
static const struct lp_rule_catalogue catalogue = { .rules = rules, .count = sizeof rules / sizeof rules[0] };

static char *temporary_file(const char *content)
{
	char *name = lp_format_text("%s", "/tmp/local-processing-test-XXXXXX");
	int file = mkstemp(name);
	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(write(file, content, strlen(content)), (ssize_t)strlen(content));
	(void)close(file);
	return name;
}

static bool read_text(const char *yaml, const struct lp_definitions *stored, bool prune,
                      struct lp_definitions *definitions, struct lp_problems *problems)
{
	char *file = temporary_file(yaml);
	struct lp_error error = { 0 };
	const struct lp_definition_files files = { .names = (const char *const *)&file,
		                                   .count = 1,
		                                   .catalogue = &catalogue,
		                                   .stored = stored,
		                                   .default_zone = "UTC",
		                                   .prune = prune };
	bool good = lp_definitions_read(&files, definitions, problems, &error);
	ck_assert_int_eq(error.exit, good ? LP_EXIT_OK : LP_EXIT_DATA);
	for (uint32_t i = 0; i < problems->count; i++) {
		/* The name is another at each run. */
		for (char *at = strstr(problems->items[i].what, file); at != NULL;
		     at = strstr(problems->items[i].what, file)) {
			memmove(at + 1, at + strlen(file), strlen(at + strlen(file)) + 1);
			*at = 'F';
		}
	}
	(void)unlink(file);
	free(file);
	return good;
}

/* Written and read again, a set of definitions has no difference to itself. */
static void check_round_trip(const char *name, const struct lp_definitions *definitions)
{
	char *yaml = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&yaml, &size);
	struct lp_error error = { 0 };
	struct lp_definitions again;
	struct lp_problems problems = { 0 };
	struct lp_difference difference;
	ck_assert(lp_definitions_write(definitions, stream, &error));
	(void)fclose(stream);
	ck_assert_msg(read_text(yaml, NULL, true, &again, &problems), "%s: %s\n%s", name, problems.items[0].what, yaml);
	lp_definitions_compare(&again, definitions, true, &difference);
	size_t all = definitions->series_count + definitions->calculation_count;
	ck_assert_msg(difference.unchanged == all && difference.changes.ranked_count == 0, "%s:\n%s\n%s", name,
	              difference.description.data, yaml);
	lp_difference_free(&difference);
	lp_definitions_free(&again);
	free(yaml);
}

/* definitions.cases: problems, or the differences to what is stored. */
START_TEST(reads_what_the_cases_say)
{
	struct test_cases cases = read_cases("definitions.cases");
	struct lp_text failures = { 0 };
	for (size_t c = 0; c < cases.count; c++) {
		const struct test_case *one = &cases.items[c];
		const char *before = case_part(one, "stored");
		bool prune = strstr(one->name, "--prune") != NULL;
		struct lp_definitions stored = { 0 }, wanted;
		struct lp_problems problems = { 0 };
		struct lp_difference difference;
		struct lp_text got = { 0 };
		if (before != NULL)
			ck_assert_msg(read_text(before, &stored, false, &stored, &problems), "%s, stored: %s",
			              one->name, problems.items[0].what);
		if (read_text(needed_part(one, "yaml"), &stored, prune, &wanted, &problems)) {
			check_round_trip(one->name, &wanted);
			lp_definitions_compare(&wanted, &stored, prune, &difference);
			lp_text_addf(&got, "%s", difference.description.data);
			for (size_t i = 0; i < difference.changes.ranked_count; i++)
				lp_text_addf(&got, "rank of %s: %d\n", difference.changes.ranked[i].name,
				             (int)difference.changes.ranked[i].rank);
			lp_difference_free(&difference);
		}
		add_problems(&got, &problems);
		compare_case(&failures, one, &got);
		lp_text_free(&got);
		lp_problems_free(&problems);
		lp_definitions_free(&wanted);
		lp_definitions_free(&stored);
	}
	free_cases(&cases);
	check_failures(&failures);
}
END_TEST

START_TEST(names_of_any_script_are_taken)
{
	static const char *const names[] = { "Pumpe süd/Leistung",
		                             "泵站/流量",
		                             "насос \"1\"",
		                             "'",
		                             "#",
		                             "- a",
		                             "a: b",
		                             "{x}",
		                             "null",
		                             "1e3",
		                             "~",
		                             "*",
		                             "&a",
		                             "!x",
		                             "%",
		                             "@",
		                             "`",
		                             "true",
		                             "😀",
		                             "a\\b",
		                             " a ",
		                             "---",
		                             "\u2028" };
	struct lp_text yaml = { 0 };
	struct lp_definitions definitions;
	struct lp_problems problems = { 0 };
	lp_text_addf(&yaml, "series:\n");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		lp_text_addf(&yaml, "  - name: \"");
		for (const char *c = names[i]; *c != '\0'; c++)
			lp_text_addf(&yaml, "%s%c", *c == '"' || *c == '\\' ? "\\" : "", *c);
		lp_text_addf(&yaml, "\"\n");
	}
	ck_assert_msg(read_text(yaml.data, NULL, false, &definitions, &problems), "%s",
	              problems.count > 0 ? problems.items[0].what : "");
	ck_assert_uint_eq(definitions.series_count, sizeof names / sizeof names[0]);
	for (size_t i = 0; i < definitions.series_count; i++)
		if (strcmp(names[i], "\u2028") != 0)
			ck_assert_str_eq(definitions.series[i].name, names[i]);
	check_round_trip("names", &definitions);
	lp_definitions_free(&definitions);
	lp_text_free(&yaml);
}
END_TEST

START_TEST(control_characters_and_long_texts_come_back)
{
	struct lp_text yaml = { 0 };
	struct lp_definitions definitions;
	struct lp_problems problems = { 0 };
	lp_text_addf(
		&yaml,
		"series:\n  - name: a\n    description: \"\\x7f \\x85 \\n \\t \\x01 \\uffff \\ufeff\"\n    attributes:\n      ? \"");
	for (int i = 0; i < 3000; i++)
		lp_text_addf(&yaml, "k");
	lp_text_addf(
		&yaml,
		"\"\n      : 1\ncalculations:\n  - name: b\n    rule: sum\n    output: c\n    every: 1 h\n    inputs:\n      ? \"");
	for (int i = 0; i < 512; i++)
		lp_text_addf(&yaml, "'");
	lp_text_addf(&yaml, "\"\n      : a\n");
	ck_assert_msg(read_text(yaml.data, NULL, false, &definitions, &problems), "%s",
	              problems.count > 0 ? problems.items[0].what : "");
	check_round_trip("control characters", &definitions);
	lp_definitions_free(&definitions);
	lp_text_free(&yaml);
}
END_TEST

/* As far back as values hold: by the interval of the series, wherever that stands, or as somebody says. */
START_TEST(looks_back_for_as_long_as_a_value_holds)
{
	struct lp_definitions definitions;
	struct lp_problems problems = { 0 };
	static const int64_t lookbacks[] = { 10 * LP_MINUTE, LP_DAY,         100 * LP_HOUR,
		                             LP_HOUR,        10 * LP_MINUTE, 36600 * LP_DAY };
	ck_assert(read_text(
		"calculations:\n"
		"  - {name: a, rule: held, inputs: {x: minute}, output: o1, every: 5 min}\n"
		"  - {name: b, rule: held, inputs: {x: change}, output: o2, every: 5 min}\n"
		"  - {name: c, rule: held, inputs: {x: ten}, output: o3, every: 5 min}\n"
		"  - {name: d, rule: held, parameters: {hold: 3600}, inputs: {x: minute}, output: o4, every: 5 min}\n"
		"  - {name: e, rule: held, parameters: {hold: 1.5}, inputs: {x: minute}, output: o5, every: 5 min}\n"
		"  - {name: f, rule: held, parameters: {hold: 1e300}, inputs: {x: minute}, output: o6, every: 5 min}\n"
		"series: [{name: minute, interval: 1 min}, {name: change}, {name: ten, interval: 10 h}]\n",
		NULL, false, &definitions, &problems));
	ck_assert_uint_eq(definitions.calculation_count, 6);
	for (size_t i = 0; i < definitions.calculation_count; i++)
		ck_assert_int_eq(definitions.calculations[i].inputs[0].lookback, lookbacks[i]);
	lp_definitions_free(&definitions);
	lp_problems_free(&problems);
}
END_TEST

START_TEST(defaults_are_filled_in)
{
	struct lp_definitions definitions;
	struct lp_problems problems = { 0 };
	ck_assert(read_text(
		"calculations:\n"
		"  - {name: c, rule: pump.efficiency, inputs: {power: a, flow: {series: b, lookback: 2 min}}, output: o, every: 5 min}\n"
		"  - {name: d, rule: mean, inputs: {x: o}, output: p, every: 1 day, time_zone: Europe/Berlin, start: 2026-07-01}\n",
		NULL, false, &definitions, &problems));
	ck_assert_uint_eq(definitions.calculation_count, 2);
	const struct lp_calculation *c = &definitions.calculations[0], *d = &definitions.calculations[1];
	ck_assert_int_eq(c->schedule.window.count, 5);
	ck_assert_int_eq(c->schedule.window.unit, LP_UNIT_MINUTE);
	ck_assert_str_eq(c->schedule.zone, "UTC");
	ck_assert_int_eq(c->schedule.week_start, 1);
	ck_assert(c->enabled);
	ck_assert(c->start == LP_TIME_NONE);
	ck_assert_int_eq(c->version, 1);
	ck_assert_str_eq(c->parameters, "{}");
	/* The rule looks an hour back for power, the definition two minutes for flow. */
	ck_assert_int_eq(c->inputs[0].lookback, LP_HOUR);
	ck_assert_int_eq(c->inputs[1].lookback, 2 * LP_MINUTE);
	ck_assert_str_eq(c->outputs[0].name, "");
	ck_assert_int_eq(c->rank, 0);
	ck_assert_int_eq(d->rank, 1);
	/* Midnight in Berlin. */
	ck_assert_int_eq(d->start, INT64_C(1782856800) * LP_SECOND);
	/* The outputs are series now. */
	ck_assert_uint_eq(definitions.series_count, 2);
	lp_definitions_free(&definitions);
}
END_TEST

START_TEST(stored_definitions_are_checked_against_the_rules_of_today)
{
	struct lp_rule_catalogue fewer = { .rules = rules, .count = 2 };
	struct lp_definitions definitions;
	struct lp_problems problems = { 0 };
	ck_assert(read_text("calculations:\n"
	                    "  - {name: c, rule: mean, inputs: {x: a}, output: o, every: 5 min}\n"
	                    "  - {name: d, rule: max, inputs: {x: a}, output: p, every: 5 min}\n",
	                    NULL, false, &definitions, &problems));
	lp_definitions_check_rules(&definitions, &fewer, &problems);
	ck_assert_uint_eq(problems.count, 1);
	ck_assert_str_eq(
		problems.items[0].what,
		"calculation \"c\": there is no rule \"mean\": `local-processing rules` lists all that there are");
	lp_problems_free(&problems);
	lp_definitions_free(&definitions);
}
END_TEST

/* As an older release took them. */
START_TEST(stored_schedules_that_are_refused_now_are_named)
{
	struct lp_definitions definitions;
	struct lp_problems problems = { 0 };
	ck_assert(read_text("calculations:\n"
	                    "  - {name: c, rule: mean, inputs: {x: a}, output: o, every: 1 quarter}\n"
	                    "  - {name: d, rule: mean, inputs: {x: a}, output: p, every: 1 day, window: 1 month,"
	                    " result_time: end}\n",
	                    NULL, false, &definitions, &problems));
	lp_definitions_check_rules(&definitions, &catalogue, &problems);
	ck_assert_uint_eq(problems.count, 0);
	definitions.calculations[0].schedule.offset = (struct lp_span){ 45, LP_UNIT_DAY };
	definitions.calculations[1].result_time = LP_RESULT_AT_START;
	lp_definitions_check_rules(&definitions, &catalogue, &problems);
	ck_assert_uint_eq(problems.count, 2);
	ck_assert_ptr_nonnull(strstr(problems.items[0].what, "calculation \"c\": offset: 45 days is another day"));
	ck_assert_ptr_nonnull(strstr(problems.items[1].what, "calculation \"d\": result_time: windows of 1 month"));
	lp_problems_free(&problems);
	lp_definitions_free(&definitions);
}
END_TEST

START_TEST(choosing_keeps_what_is_used)
{
	static const char *const patterns[] = { "c*" };
	struct lp_definitions definitions;
	struct lp_problems problems = { 0 };
	ck_assert(read_text("series: [{name: a}, {name: b}, {name: z}]\n"
	                    "calculations:\n"
	                    "  - {name: c, rule: mean, inputs: {x: a}, output: o, every: 5 min}\n"
	                    "  - {name: d, rule: max, inputs: {x: b}, output: p, every: 5 min}\n",
	                    NULL, false, &definitions, &problems));
	lp_definitions_choose(&definitions, patterns, 1);
	ck_assert_uint_eq(definitions.calculation_count, 1);
	ck_assert_uint_eq(definitions.series_count, 2);
	ck_assert_str_eq(definitions.series[0].name, "a");
	ck_assert_str_eq(definitions.series[1].name, "o");
	lp_definitions_free(&definitions);
}
END_TEST

START_TEST(files_and_directories)
{
	char directory[] = "/tmp/local-processing-test-XXXXXX", path[256];
	ck_assert_ptr_nonnull(mkdtemp(directory));
	static const char *const contents[][2] = { { "b.yaml", "series: [{name: a}]\n" },
		                                   { "a.yml", "series: [{name: a}]\n" },
		                                   { "notes.txt", "{" },
		                                   { ".hidden.yaml", "{" } };
	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", directory, contents[i][0]);
		FILE *file = fopen(path, "w");
		ck_assert_ptr_nonnull(file);
		(void)fputs(contents[i][1], file);
		(void)fclose(file);
	}
	const char *const names[] = { "/nowhere.yaml", directory };
	const struct lp_definition_files files = {
		.names = names, .count = 2, .catalogue = &catalogue, .default_zone = "UTC"
	};
	struct lp_definitions definitions;
	struct lp_problems problems = { 0 };
	struct lp_error error = { 0 };
	ck_assert(!lp_definitions_read(&files, &definitions, &problems, &error));
	ck_assert_uint_eq(problems.count, 2);
	ck_assert_str_eq(problems.items[1].what, "cannot open /nowhere.yaml: No such file or directory");
	char *expected = lp_format_text("the series \"a\" is declared already: %s/a.yml, line 1", directory);
	ck_assert_str_eq(problems.items[0].what, expected);
	free(expected);
	lp_problems_free(&problems);
	lp_definitions_free(&definitions);
	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", directory, contents[i][0]);
		(void)unlink(path);
	}
	(void)rmdir(directory);
}
END_TEST

/* One template, a hundred thousand calculations, and a second look at them: nothing that grows with the square. */
START_TEST(a_hundred_thousand_from_one_template)
{
	struct lp_text yaml = { 0 };
	struct lp_definitions first, second;
	struct lp_problems problems = { 0 };
	struct lp_difference difference;
	clock_t began = clock();
	lp_text_addf(&yaml, "series:\n  - {for_each: {a: [");
	for (int i = 0; i < 1000; i++)
		lp_text_addf(&yaml, "%s%d", i == 0 ? "" : ",", i);
	lp_text_addf(&yaml, "], b: [");
	for (int i = 0; i < 100; i++)
		lp_text_addf(&yaml, "%s%d", i == 0 ? "" : ",", i);
	lp_text_addf(&yaml,
	             "]}, name: \"plant/{a}/{b}\"}\ncalculations:\n  - for_each: {tag: {series: \"plant/*/*\"}}\n"
	             "    name: \"mean {tag.1} {tag.2}\"\n    rule: mean\n    inputs: {x: \"{tag.name}\"}\n"
	             "    output: \"{tag.name}/mean\"\n    every: 1 minute\n");
	ck_assert(read_text(yaml.data, NULL, false, &first, &problems));
	ck_assert_uint_eq(first.calculation_count, 100000);
	ck_assert_uint_eq(first.series_count, 200000);
	ck_assert(read_text(yaml.data, &first, false, &second, &problems));
	lp_definitions_compare(&second, &first, false, &difference);
	ck_assert_uint_eq(difference.unchanged, 200000);
	double seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
	ck_assert_msg(seconds < 60, "took %.1f s", seconds);
	lp_difference_free(&difference);
	lp_definitions_free(&first);
	lp_definitions_free(&second);
	lp_text_free(&yaml);
}
END_TEST

/* A chain of a hundred thousand that closes: one cycle, told short. */
START_TEST(a_long_cycle_is_told_short)
{
	struct lp_text yaml = { 0 };
	struct lp_definitions definitions;
	struct lp_problems problems = { 0 };
	lp_text_addf(&yaml, "calculations:\n");
	for (int i = 0; i < 20000; i++)
		lp_text_addf(&yaml, "- {name: c%d, rule: mean, inputs: {x: s%d}, output: s%d, every: 1 min}\n", i, i,
		             (i + 1) % 20000);
	ck_assert(!read_text(yaml.data, NULL, false, &definitions, &problems));
	ck_assert_uint_eq(problems.count, 1);
	ck_assert_ptr_nonnull(strstr(problems.items[0].what, "c0 -> c19999 -> c19998"));
	ck_assert_ptr_nonnull(strstr(problems.items[0].what, " -> (19980 more) -> c0"));
	lp_problems_free(&problems);
	lp_definitions_free(&definitions);
	lp_text_free(&yaml);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("definitions");
	TCase *tests = tcase_create("definitions");
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, reads_what_the_cases_say);
	tcase_add_test(tests, names_of_any_script_are_taken);
	tcase_add_test(tests, control_characters_and_long_texts_come_back);
	tcase_add_test(tests, defaults_are_filled_in);
	tcase_add_test(tests, looks_back_for_as_long_as_a_value_holds);
	tcase_add_test(tests, stored_definitions_are_checked_against_the_rules_of_today);
	tcase_add_test(tests, stored_schedules_that_are_refused_now_are_named);
	tcase_add_test(tests, choosing_keeps_what_is_used);
	tcase_add_test(tests, files_and_directories);
	tcase_add_test(tests, a_hundred_thousand_from_one_template);
	tcase_add_test(tests, a_long_cycle_is_told_short);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
