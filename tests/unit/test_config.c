/* The configuration: where it is looked for, what it can say, and what is told when it is wrong. */
#include "cases.h"

#include "config/config.h"
#include "model/calculation.h"
#include "text/size.h"
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/local-processing-test-XXXXXX";

static void enter_directory(void)
{
	static const char begin[] = "/tmp/local-processing-test-XXXXXX";
	memcpy(directory, begin, sizeof begin);
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chdir(directory), 0);
	ck_assert_int_eq(unsetenv("LOCAL_PROCESSING_CONFIG"), 0);
}

static void leave_directory(void)
{
	static const char *const files[] = { "local-processing.yaml", "other.yaml", "rules/x.py" };
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		(void)unlink(files[i]);
	(void)rmdir("rules");
	ck_assert_int_eq(chdir("/"), 0);
	(void)rmdir(directory);
}

static void write_file(const char *name, const char *content)
{
	FILE *file = fopen(name, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(content, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

START_TEST(says_what_the_cases_say)
{
	struct test_cases cases = read_cases("config.cases");
	struct lp_text failures = { 0 };
	for (size_t c = 0; c < cases.count; c++) {
		const struct test_case *one = &cases.items[c];
		struct lp_config config;
		struct lp_problems problems = { 0 };
		struct lp_error error = { 0 };
		struct lp_text got = { 0 };
		write_file("local-processing.yaml", needed_part(one, "yaml"));
		bool good = lp_config_load(NULL, false, &config, &problems, &error);
		ck_assert_int_eq(error.exit, good ? LP_EXIT_OK : LP_EXIT_CONFIGURATION);
		if (good)
			lp_text_addf(&got, "right\n");
		for (uint32_t i = 0; i < problems.count; i++) {
			char *at = strstr(problems.items[i].what, directory);
			if (at == NULL)
				continue;
			/* Its name is another at each run. */
			memmove(at + 1, at + strlen(directory), strlen(at + strlen(directory)) + 1);
			*at = 'D';
		}
		add_problems(&got, &problems);
		compare_case(&failures, one, &got);
		lp_text_free(&got);
		lp_problems_free(&problems);
		lp_config_free(&config);
	}
	free_cases(&cases);
	check_failures(&failures);
}
END_TEST

START_TEST(defaults)
{
	struct lp_config config;
	struct lp_problems problems = { 0 };
	struct lp_error error = { 0 };
	ck_assert(lp_config_load(NULL, true, &config, &problems, &error));
	ck_assert_ptr_null(config.file);
	ck_assert_ptr_null(config.store);
	ck_assert_ptr_null(config.rules);
	ck_assert_str_eq(config.time_zone, "UTC");
	ck_assert(config.prepared_statements);
	ck_assert_int_eq(config.connect_timeout, 10);
	ck_assert_int_eq(config.statement_timeout, 300);
	ck_assert_int_eq(config.workers, 0);
	ck_assert_int_eq(config.catch_up, 100);
	ck_assert_int_eq(config.max_attempts, 8);
	ck_assert_int_eq(config.retry_first_delay, LP_MINUTE);
	ck_assert_int_eq(config.retry_longest_delay, LP_HOUR);
	ck_assert_int_eq(config.time_limit, 10 * LP_SECOND);
	ck_assert_int_eq(config.memory_limit, 0);
	ck_assert(!config.rules_network);
	ck_assert_uint_eq(config.rules_read.count, 0);
	ck_assert_uint_eq(config.rules_write.count, 0);
	ck_assert_int_eq(config.log_format, LP_LOG_FORMAT_AUTO);
	ck_assert_int_eq(config.log_level, LP_LOG_INFO);
	ck_assert_int_eq(config.retention_samples, 0);
	ck_assert_int_eq(config.retention_outcomes, 7 * LP_DAY);
	ck_assert_int_eq(config.retention_runs, 90 * LP_DAY);
	lp_config_free(&config);
}
END_TEST

START_TEST(every_setting_arrives)
{
	struct lp_config config;
	struct lp_problems problems = { 0 };
	struct lp_error error = { 0 };
	char expected[256];
	ck_assert_int_eq(mkdir("rules", 0700), 0);
	write_file(
		"local-processing.yaml",
		"store: sqlite:plant.db\nrules: rules\ntime_zone: Europe/Berlin\nprepared_statements: false\n"
		"connect_timeout: 3 s\nstatement_timeout: 0 s\nworkers: 3\nfetchers: 4\ncommitters: 5\ncatch_up: 6\n"
		"retry: {max_attempts: 7, first_delay: 2 minutes, longest_delay: 1 day}\ntime_limit: 250 ms\n"
		"memory_limit: 512 MB\nrules_may: {network: true, read: [rules, /usr], write: [.]}\n"
		"log: {format: json, level: warning}\nretention: {samples: 2 years, outcomes: 2 days, runs: 1 month}\n");
	ck_assert_msg(lp_config_load(NULL, false, &config, &problems, &error), "%s",
	              problems.count > 0 ? problems.items[0].what : error.what);
	char *resolved = realpath(".", NULL);
	ck_assert_ptr_nonnull(resolved);
	ck_assert_str_eq(config.file, "./local-processing.yaml");
	(void)snprintf(expected, sizeof expected, "sqlite:%s/plant.db", resolved);
	ck_assert_str_eq(config.store, expected);
	(void)snprintf(expected, sizeof expected, "%s/rules", resolved);
	ck_assert_str_eq(config.rules, expected);
	ck_assert_uint_eq(config.rules_read.count, 2);
	ck_assert_str_eq(config.rules_read.items[0], expected);
	ck_assert_str_eq(config.rules_read.items[1], "/usr");
	ck_assert_uint_eq(config.rules_write.count, 1);
	(void)snprintf(expected, sizeof expected, "%s/.", resolved);
	ck_assert_str_eq(config.rules_write.items[0], expected);
	ck_assert(config.rules_network);
	ck_assert_int_eq(config.memory_limit, 512000000);
	free(resolved);
	ck_assert_str_eq(config.time_zone, "Europe/Berlin");
	ck_assert(!config.prepared_statements);
	ck_assert_int_eq(config.connect_timeout, 3);
	ck_assert_int_eq(config.statement_timeout, 0);
	ck_assert_int_eq(config.workers, 3);
	ck_assert_int_eq(config.fetchers, 4);
	ck_assert_int_eq(config.committers, 5);
	ck_assert_int_eq(config.catch_up, 6);
	ck_assert_int_eq(config.max_attempts, 7);
	ck_assert_int_eq(config.retry_first_delay, 2 * LP_MINUTE);
	ck_assert_int_eq(config.retry_longest_delay, LP_DAY);
	ck_assert_int_eq(config.time_limit, LP_SECOND / 4);
	ck_assert_int_eq(config.log_format, LP_LOG_FORMAT_JSON);
	ck_assert_int_eq(config.log_level, LP_LOG_WARNING);
	/* Never shorter than what was meant: two leap years, a month of 31 days. */
	ck_assert_int_eq(config.retention_samples, 732 * LP_DAY);
	ck_assert_int_eq(config.retention_outcomes, 2 * LP_DAY);
	ck_assert_int_eq(config.retention_runs, 31 * LP_DAY);
	lp_config_free(&config);
}
END_TEST

static const struct {
	const char *text;
	int64_t size;      /* 0: it is none */
	const char *shown; /* NULL: as it is written */
} sizes[] = {
	{ "512 MB", 512000000, NULL },
	{ "512MB", 512000000, "512 MB" },
	{ "1.5 GB", 1500000000, NULL },
	{ "64 KiB", 65536, "65.5 kB" },
	{ "2 GiB", INT64_C(2) << 30, "2.1 GB" },
	{ "1 TB", 1000000000000, NULL },
	{ "999.9 MB", 999900000, NULL },
	{ "512", 0, NULL },
	{ "512 M", 0, NULL },
	{ "512 mb", 0, NULL },
	{ "MB", 0, NULL },
	{ ".5 GB", 0, NULL },
	{ "5. GB", 0, NULL },
	{ "-1 GB", 0, NULL },
	{ "1e3 MB", 0, NULL },
	{ "0 MB", 0, NULL },
	{ "512  MB", 0, NULL },
	{ "999999999999999 TB", 0, NULL },
	{ "", 0, NULL },
};

START_TEST(sizes_are_written_with_their_unit)
{
	char shown[32];
	int64_t size = 0;
	bool good = lp_size_parse(sizes[_i].text, &size);
	ck_assert_int_eq(good, sizes[_i].size > 0);
	if (!good)
		return;
	ck_assert_int_eq(size, sizes[_i].size);
	lp_size_format(size, shown);
	ck_assert_str_eq(shown, sizes[_i].shown == NULL ? sizes[_i].text : sizes[_i].shown);
}
END_TEST

static const struct {
	const char *text, *written;
} sizes_again[] = {
	{ "512 MB", "512 MB" },
	{ "1.5 GB", "1.5 GB" },
	{ "0.5 GiB", "512 MiB" },
	{ "1024 MB", "1024 MB" },
	{ "1 TiB", "1 TiB" },
	{ "1234567 kB", "1234567 kB" },
	{ "100.1 MiB", "104962.458 kB" },
	{ "16000.001 kB", "16000.001 kB" },
	{ "999999999.999 kB", "999999999.999 kB" },
};

START_TEST(sizes_are_written_so_that_they_stay_what_they_are)
{
	char written[32];
	int64_t size = 0, again = 0;

	ck_assert(lp_size_parse(sizes_again[_i].text, &size));
	lp_size_write(size, written);
	ck_assert_str_eq(written, sizes_again[_i].written);
	ck_assert(lp_size_parse(written, &again));
	ck_assert_int_eq(again, size);
}
END_TEST

/* Each byte by itself, over more than a page of them, and as large as a limit can be. */
START_TEST(no_size_is_lost_on_paper)
{
	char written[32];
	int64_t again;

	for (int64_t from = LP_MEMORY_LIMIT_LEAST; from < LP_MEMORY_LIMIT_MOST; from = from * 3 + 7) {
		for (int64_t size = from; size < from + 5000; size++) {
			lp_size_write(size, written);
			ck_assert_msg(lp_size_parse(written, &again) && again == size, "%lld: %s", (long long)size,
			              written);
		}
	}
}
END_TEST

START_TEST(looked_for_in_order)
{
	struct lp_config config;
	struct lp_problems problems = { 0 };
	struct lp_error error = { 0 };
	ck_assert(!lp_config_load(NULL, false, &config, &problems, &error));
	ck_assert_int_eq(error.exit, LP_EXIT_CONFIGURATION);
	ck_assert_str_eq(error.what, "there is no configuration: looked for ./local-processing.yaml and "
	                             "/etc/local-processing/config.yaml");
	ck_assert_ptr_nonnull(strstr(error.hint, "--store"));
	lp_config_free(&config);

	write_file("local-processing.yaml", "store: here\n");
	write_file("other.yaml", "store: there\n");
	ck_assert(lp_config_load(NULL, false, &config, &problems, &error));
	ck_assert_str_eq(config.store, "here");
	lp_config_free(&config);
	ck_assert_int_eq(setenv("LOCAL_PROCESSING_CONFIG", "other.yaml", 1), 0);
	ck_assert(lp_config_load(NULL, false, &config, &problems, &error));
	ck_assert_str_eq(config.store, "there");
	lp_config_free(&config);
	ck_assert(lp_config_load("local-processing.yaml", false, &config, &problems, &error));
	ck_assert_str_eq(config.store, "here");
	lp_config_free(&config);

	/* One that was named and is not there is never passed over, with --store neither. */
	ck_assert_int_eq(setenv("LOCAL_PROCESSING_CONFIG", "missing.yaml", 1), 0);
	ck_assert(!lp_config_load(NULL, true, &config, &problems, &error));
	ck_assert_int_eq(error.exit, LP_EXIT_CONFIGURATION);
	ck_assert_str_eq(error.what, "cannot open missing.yaml: No such file or directory");
	ck_assert_str_eq(error.hint, "The variable LOCAL_PROCESSING_CONFIG names this file.");
	lp_config_free(&config);
	ck_assert_uint_eq(problems.count, 0);
}
END_TEST

START_TEST(files_that_are_none)
{
	static const struct {
		const char *file, *what;
	} cases[] = {
		{ "/", "cannot read /: it is a directory" },
		{ "missing.yaml", "cannot open missing.yaml: No such file or directory" },
		{ "other.yaml", "other.yaml has 104857600 bytes: no configuration has more than 1048576" },
	};
	struct lp_config config;
	struct lp_problems problems = { 0 };
	write_file("other.yaml", "store: here\n");
	ck_assert_int_eq(truncate("other.yaml", 100 << 20), 0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lp_error error = { 0 };
		ck_assert(!lp_config_load(cases[i].file, false, &config, &problems, &error));
		ck_assert_int_eq(error.exit, LP_EXIT_CONFIGURATION);
		ck_assert_str_eq(error.what, cases[i].what);
		lp_config_free(&config);
	}
	ck_assert_uint_eq(problems.count, 0);
}
END_TEST

START_TEST(a_password_is_never_shown)
{
	static const char *const files[] = {
		"store: [\"postgresql://u:geheim@h/d\"]\n",
		"store: {postgresql://u:geheim@h/d: 1}\n",
		"stor: postgresql://u:geheim@h/d\n",
		"store: \"sqlite:\"\npassword: geheim\n",
		"store: postgresql://u:geheim@h/d\nstore: postgresql://u:geheim@h/d\n",
		"store: postgresql://u:geheim@h/d\n geheim: 1\n",
	};
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		struct lp_config config;
		struct lp_problems problems = { 0 };
		struct lp_error error = { 0 };
		write_file("local-processing.yaml", files[i]);
		ck_assert(!lp_config_load(NULL, false, &config, &problems, &error));
		ck_assert_uint_ge(problems.count, 1);
		ck_assert_ptr_null(strstr(error.what, "geheim"));
		for (uint32_t p = 0; p < problems.count; p++)
			ck_assert_msg(strstr(problems.items[p].what, "geheim") == NULL, "%s", problems.items[p].what);
		lp_problems_free(&problems);
		lp_config_free(&config);
	}
}
END_TEST

static void collect(void *context, const char *text)
{
	lp_text_addf(context, "%s\n", text);
}

/* docs/configuration.md has the table as the program prints it. */
START_TEST(the_documentation_is_the_table)
{
	struct lp_text table = { 0 }, page = { 0 };
	char line[4096];
	lp_config_describe(collect, &table);
	FILE *file = fopen(LP_CASES "/../../docs/configuration.md", "r");
	ck_assert_ptr_nonnull(file);
	lp_text_add(&page, "\n", 1);
	while (fgets(line, sizeof line, file) != NULL)
		lp_text_add(&page, line, strlen(line));
	(void)fclose(file);
	if (strstr(page.data, table.data) == NULL)
		(void)fputs(table.data, stderr);
	ck_assert_msg(strstr(page.data, table.data) != NULL, "docs/configuration.md does not have the table above");
	lp_text_free(&table);
	lp_text_free(&page);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *tests = tcase_create("config");
	tcase_add_checked_fixture(tests, enter_directory, leave_directory);
	tcase_add_test(tests, says_what_the_cases_say);
	tcase_add_test(tests, defaults);
	tcase_add_test(tests, every_setting_arrives);
	tcase_add_loop_test(tests, sizes_are_written_with_their_unit, 0, sizeof sizes / sizeof sizes[0]);
	tcase_add_loop_test(tests, sizes_are_written_so_that_they_stay_what_they_are, 0,
	                    sizeof sizes_again / sizeof sizes_again[0]);
	tcase_add_test(tests, no_size_is_lost_on_paper);
	tcase_add_test(tests, looked_for_in_order);
	tcase_add_test(tests, files_that_are_none);
	tcase_add_test(tests, a_password_is_never_shown);
	tcase_add_test(tests, the_documentation_is_the_table);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
