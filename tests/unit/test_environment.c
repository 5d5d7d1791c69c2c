/* Settings from the environment: what wins, what is refused, and values that stand in files. */
#include "cases.h"

#include "config/config.h"
#include "config/environment.h"
#include <ctype.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VARIABLES_MOST = 32 };

static char directory[64];
static char *variables[VARIABLES_MOST + 1];

static void enter_directory(void)
{
	(void)snprintf(directory, sizeof directory, "/tmp/local-processing-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chdir(directory), 0);
	memset(variables, 0, sizeof variables);
	environ = variables;
}

static void leave_directory(void)
{
	(void)unlink("local-processing.yaml");
	(void)unlink("value");
	ck_assert_int_eq(chdir("/"), 0);
	(void)rmdir(directory);
}

static void write_bytes(const char *name, const char *bytes, size_t size)
{
	FILE *file = fopen(name, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
}

static void write_text(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

/* The lines of a text become the environment; they live as long as it. */
static void set_environment(char *lines)
{
	size_t count = 0;
	for (char *line = strtok(lines, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		ck_assert_uint_lt(count, VARIABLES_MOST);
		variables[count++] = line;
	}
	variables[count] = NULL;
}

/* The name of the directory is another at each run: it becomes D. */
static void add_shown(struct lp_text *got, const char *what)
{
	const char *at = strstr(what, directory);
	if (at == NULL)
		lp_text_addf(got, "%s\n", what);
	else
		lp_text_addf(got, "%.*sD%s\n", (int)(at - what), what, at + strlen(directory));
}

static void add_problem_lines(struct lp_text *got, const struct lp_problems *problems)
{
	for (uint32_t i = 0; i < problems->count; i++) {
		const struct lp_problem *problem = &problems->items[i];
		const char *file = problem->file == NULL ? "nowhere" : problem->file;
		lp_text_addf(got, "%s:", strncmp(file, "./", 2) == 0 ? file + 2 : file);
		if (problem->line > 0)
			lp_text_addf(got, "%d:%d:", problem->line, problem->column);
		lp_text_addf(got, " ");
		add_shown(got, problem->what);
	}
}

START_TEST(says_what_the_cases_say)
{
	struct test_cases cases = read_cases("environment.cases");
	struct lp_text failures = { 0 };
	for (size_t c = 0; c < cases.count; c++) {
		const struct test_case *one = &cases.items[c];
		struct lp_config config;
		struct lp_problems problems = { 0 };
		struct lp_error error = { 0 };
		struct lp_text got = { 0 };
		char *lines = lp_copy_text(needed_part(one, "environment"));
		set_environment(lines);
		(void)unlink("local-processing.yaml");
		if (case_part(one, "yaml") != NULL)
			write_text("local-processing.yaml", case_part(one, "yaml"));
		bool good = lp_config_load(NULL, false, &config, &problems, &error);
		ck_assert_int_eq(error.exit, good ? LP_EXIT_OK : LP_EXIT_CONFIGURATION);
		if (good)
			lp_text_addf(&got, "right\n");
		add_problem_lines(&got, &problems);
		compare_case(&failures, one, &got);
		lp_text_free(&got);
		lp_problems_free(&problems);
		lp_config_free(&config);
		free(lines);
	}
	free_cases(&cases);
	check_failures(&failures);
}
END_TEST

START_TEST(variables_win_over_the_file_and_options_over_both)
{
	char lines[] = "LOCAL_PROCESSING_STORE=sqlite:of_variable.db\nLOCAL_PROCESSING_CATCH_UP=7\n"
		       "LOCAL_PROCESSING_RULES_MAY_READ=[.]\nLOCAL_PROCESSING_METRICS_FILE=figures.prom\n";
	char expected[128];
	struct lp_config config;
	struct lp_problems problems = { 0 };
	struct lp_error error = { 0 };
	set_environment(lines);
	write_text("local-processing.yaml", "store: sqlite:of_file.db\ncatch_up: 3\nfetchers: 4\nlog: {level: error}\n"
	                                    "rules_may: {read: [/usr, /tmp]}\n");
	ck_assert_msg(lp_config_load(NULL, false, &config, &problems, &error), "%s", error.what);
	/* Relative names of variables begin where the program was started, as those of options do. */
	(void)snprintf(expected, sizeof expected, "sqlite:%s/of_variable.db", directory);
	ck_assert_str_eq(config.store, expected);
	(void)snprintf(expected, sizeof expected, "%s/figures.prom", directory);
	ck_assert_str_eq(config.metrics_file, expected);
	ck_assert_int_eq(config.catch_up, 7);
	ck_assert_int_eq(config.fetchers, 4);
	ck_assert_uint_eq(config.rules_read.count, 1);
	(void)snprintf(expected, sizeof expected, "%s/.", directory);
	ck_assert_str_eq(config.rules_read.items[0], expected);

	ck_assert(lp_config_override(&config, "store", "--store", "sqlite:of_option.db", &error));
	ck_assert_str_eq(config.store, "sqlite:of_option.db");
	ck_assert(lp_config_override(&config, "log.level", "--log-level", NULL, &error));
	ck_assert_int_eq(config.log_level, LP_LOG_ERROR);
	ck_assert(lp_config_override(&config, "log.level", "--log-level", "debug", &error));
	ck_assert_int_eq(config.log_level, LP_LOG_DEBUG);
	ck_assert(!lp_config_override(&config, "log.level", "--log-level", "loud", &error));
	ck_assert_int_eq(error.exit, LP_EXIT_USAGE);
	ck_assert_str_eq(error.what, "--log-level loud: expected debug, info, warning or error");
	ck_assert_int_eq(config.log_level, LP_LOG_DEBUG);
	ck_assert(!lp_config_override(&config, "store", "--store", "sqlite:", &error));
	ck_assert_str_eq(error.what, "--store: expected an address, such as \"sqlite:plant.db\" or "
	                             "\"postgresql://host/database\"");
	lp_config_free(&config);
}
END_TEST

static const struct {
	const char *bytes;
	size_t size;
	const char *store; /* NULL: it is refused */
	const char *what;
} values[] = {
#define BYTES(text_) text_, sizeof(text_) - 1
	{ BYTES("host=h password=x"), "host=h password=x", NULL },
	{ BYTES("host=h password=x\n"), "host=h password=x", NULL },
	{ BYTES("host=h password=x\r\n"), "host=h password=x", NULL },
	{ BYTES("host=h \n\n"), "host=h \n", NULL },
	{ BYTES("dbname='größe'\n"), "dbname='größe'", NULL },
	{ BYTES(""), NULL, "value is empty" },
	{ BYTES("\n"), NULL, "value is empty" },
	{ BYTES("host=h\0password=geheim\n"), NULL, "value has a NUL in it: that is no text" },
	{ BYTES("host=\xff\xfe\n"), NULL, "the value is not UTF-8" },
	{ BYTES("sqlite:\n"), NULL,
	  "store: expected an address, such as \"sqlite:plant.db\" or \"postgresql://host/database\", found a text that "
	  "is none" },
#undef BYTES
};

START_TEST(a_value_may_stand_in_a_file)
{
	char lines[] = "LOCAL_PROCESSING_STORE_FILE=value\n";
	struct lp_config config;
	struct lp_problems problems = { 0 };
	struct lp_error error = { 0 };
	set_environment(lines);
	write_bytes("value", values[_i].bytes, values[_i].size);
	bool good = lp_config_load(NULL, false, &config, &problems, &error);
	ck_assert_int_eq(good, values[_i].store != NULL);
	if (good) {
		ck_assert_str_eq(config.store, values[_i].store);
	} else {
		ck_assert_int_eq(error.exit, LP_EXIT_CONFIGURATION);
		ck_assert_str_eq(error.what, "the variables of the configuration are wrong");
		ck_assert_uint_eq(problems.count, 1);
		ck_assert_str_eq(problems.items[0].file, "LOCAL_PROCESSING_STORE_FILE");
		ck_assert_str_eq(problems.items[0].what, values[_i].what);
	}
	lp_problems_free(&problems);
	lp_config_free(&config);
}
END_TEST

START_TEST(a_file_that_cannot_be_had_is_named)
{
	static const struct {
		const char *variable, *what;
	} cases[] = {
		{ "LOCAL_PROCESSING_STORE_FILE=nowhere", "cannot read nowhere: No such file or directory" },
		{ "LOCAL_PROCESSING_STORE_FILE=/", "cannot read /: Is a directory" },
		{ "LOCAL_PROCESSING_STORE_FILE=/dev/zero",
		  "/dev/zero has more than 65536 bytes: that is no value of a setting" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char line[128];
		struct lp_config config;
		struct lp_problems problems = { 0 };
		struct lp_error error = { 0 };
		(void)snprintf(line, sizeof line, "%s", cases[i].variable);
		set_environment(line);
		ck_assert(!lp_config_load(NULL, false, &config, &problems, &error));
		ck_assert_uint_eq(problems.count, 1);
		ck_assert_str_eq(problems.items[0].what, cases[i].what);
		lp_problems_free(&problems);
		lp_config_free(&config);
	}
}
END_TEST

/* Kubernetes makes such variables for a service, the builds and tests use some: no setting may be called so. */
START_TEST(no_setting_is_called_as_variables_of_others_are)
{
	char names[256][LP_VARIABLE_BYTES_MOST];
	ck_assert_uint_le(lp_setting_count, 256);
	for (size_t s = 0; s < lp_setting_count; s++) {
		lp_variable_name(&lp_settings[s], names[s]);
		char *of_file = lp_format_text("%s_FILE", names[s]);
		ck_assert_msg(!lp_variable_is_of_others(names[s], "tcp://10.0.0.1:80"), "%s", names[s]);
		ck_assert_msg(!lp_variable_is_of_others(of_file, "tcp://10.0.0.1:80"), "%s", of_file);
		free(of_file);
		ck_assert_str_ne(names[s], "LOCAL_PROCESSING_CONFIG");
		for (const char *c = names[s]; *c != '\0'; c++)
			ck_assert_msg(*c == '_' || isupper((unsigned char)*c) || isdigit((unsigned char)*c), "%s",
			              names[s]);
		for (size_t other = 0; other < s; other++)
			ck_assert_str_ne(names[s], names[other]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("environment");
	TCase *tests = tcase_create("environment");
	tcase_add_checked_fixture(tests, enter_directory, leave_directory);
	tcase_add_test(tests, says_what_the_cases_say);
	tcase_add_test(tests, variables_win_over_the_file_and_options_over_both);
	tcase_add_loop_test(tests, a_value_may_stand_in_a_file, 0, sizeof values / sizeof values[0]);
	tcase_add_test(tests, a_file_that_cannot_be_had_is_named);
	tcase_add_test(tests, no_setting_is_called_as_variables_of_others_are);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
