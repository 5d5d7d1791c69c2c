/* Log lines: given these fields, expect this line, whatever bytes are in them. */
#include "observe/observe.h"

#include <check.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char written[1 << 20];

/* Standard error goes to a file until read_back. */
static int redirect(void)
{
	FILE *file = tmpfile();
	ck_assert_ptr_nonnull(file);
	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	fclose(file);
	return 0;
}

static const char *read_back(void)
{
	lseek(STDERR_FILENO, 0, SEEK_SET);
	ssize_t length = read(STDERR_FILENO, written, sizeof written - 1);
	ck_assert_int_ge(length, 0);
	written[length] = '\0';
	return written;
}

/* The line without its time, which is checked for its form. */
static const char *one_line(const char *before_time, const char *after_time)
{
	const char *line = read_back();
	size_t length = strlen(before_time);
	ck_assert_msg(strncmp(line, before_time, length) == 0, "%s", line);
	const char *time = line + length;
	ck_assert_uint_gt(strlen(time), 24);
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ";
	for (size_t at = 0; at < sizeof form - 1; at++)
		ck_assert_msg(form[at] == 'd' ? time[at] >= '0' && time[at] <= '9' : time[at] == form[at], "%s", line);
	time += sizeof form - 1;
	length = strlen(after_time);
	ck_assert_msg(strncmp(time, after_time, length) == 0, "%s", line);
	return time + length;
}

static const struct {
	const char *text, *logfmt, *json;
} texts[] = {
	{ "plain", "plain", "\"plain\"" },
	{ "", "\"\"", "\"\"" },
	{ "two words", "\"two words\"", "\"two words\"" },
	{ "a=b", "\"a=b\"", "\"a=b\"" },
	{ "say \"hi\"", "\"say \\\"hi\\\"\"", "\"say \\\"hi\\\"\"" },
	{ "back\\slash", "\"back\\\\slash\"", "\"back\\\\slash\"" },
	{ "line\nbreak\ttab\r", "\"line\\nbreak\\ttab\\r\"", "\"line\\nbreak\\ttab\\r\"" },
	{ "\x1b[31mred", "\"\\u001b[31mred\"", "\"\\u001b[31mred\"" },
	{ "\x7f", "\"\\u007f\"", "\"\\u007f\"" },
	{ "Zähler/Öl", "Zähler/Öl", "\"Zähler/Öl\"" },
	{ "\xf0\x9f\x92\xa7", "\xf0\x9f\x92\xa7", "\"\xf0\x9f\x92\xa7\"" },
	{ "\xff\xfe", "\"\\\\xff\\\\xfe\"", "\"\\\\xff\\\\xfe\"" },
	{ "cut \xc3", "\"cut \\\\xc3\"", "\"cut \\\\xc3\"" },
	{ "over\xc0\xaf", "\"over\\\\xc0\\\\xaf\"", "\"over\\\\xc0\\\\xaf\"" },
	{ "half \xed\xa0\x80", "\"half \\\\xed\\\\xa0\\\\x80\"", "\"half \\\\xed\\\\xa0\\\\x80\"" },
	{ "beyond \xf4\x90\x80\x80", "\"beyond \\\\xf4\\\\x90\\\\x80\\\\x80\"",
	  "\"beyond \\\\xf4\\\\x90\\\\x80\\\\x80\"" },
	{ "c1 \xc2\x9b", "\"c1 \\u009b\"", "\"c1 \\u009b\"" },
};

START_TEST(any_text_in_logfmt)
{
	char expected[256];
	redirect();
	lp_log_set(LP_LOG_FORMAT_AUTO, LP_LOG_INFO);
	lp_log(LP_LOG_WARNING, "it happened", LP_TEXT("name", texts[_i].text));
	snprintf(expected, sizeof expected, "%s\n", texts[_i].logfmt);
	ck_assert_str_eq(one_line("time=", " level=warning message=\"it happened\" name="), expected);
}
END_TEST

START_TEST(any_text_in_json)
{
	char expected[256];
	redirect();
	lp_log_set(LP_LOG_FORMAT_JSON, LP_LOG_INFO);
	lp_log(LP_LOG_ERROR, texts[_i].text);
	snprintf(expected, sizeof expected, "%s}\n", texts[_i].json);
	ck_assert_str_eq(one_line("{\"time\":\"", "\",\"level\":\"error\",\"message\":"), expected);
}
END_TEST

START_TEST(numbers_and_times)
{
	redirect();
	lp_log_set(LP_LOG_FORMAT_LOGFMT, LP_LOG_DEBUG);
	lp_log(LP_LOG_DEBUG, "m", LP_INT("i", -7), LP_FLOAT("f", 0.1), LP_FLOAT("g", 1.0 / 3), LP_FLOAT("n", NAN),
	       LP_WHEN("t", INT64_C(1767225600123456)), LP_WHEN("before", -1), LP_WHEN("first", LP_TIME_MIN),
	       LP_WHEN("never", LP_TIME_NONE), LP_TOOK("took", 1500000), LP_TEXT("left_out", NULL));
	ck_assert_str_eq(one_line("time=", " level=debug message=m"),
	                 " i=-7 f=0.1 g=0.3333333333333333 n=nan t=2026-01-01T00:00:00.123Z"
	                 " before=1969-12-31T23:59:59.999Z first=0001-01-01T00:00:00.000Z never=- took=0.001500\n");
}
END_TEST

START_TEST(numbers_in_json)
{
	redirect();
	lp_log_set(LP_LOG_FORMAT_JSON, LP_LOG_INFO);
	lp_log(LP_LOG_INFO, "m", LP_INT("i", INT64_MIN), LP_FLOAT("f", -INFINITY), LP_WHEN("t", 0), LP_TEXT("x", NULL));
	ck_assert_str_eq(one_line("{\"time\":\"", "\",\"level\":\"info\",\"message\":\"m\""),
	                 ",\"i\":-9223372036854775808,\"f\":\"-inf\",\"t\":\"1970-01-01T00:00:00.000Z\"}\n");
}
END_TEST

START_TEST(what_is_below_the_level_is_not_written)
{
	redirect();
	lp_log_set(LP_LOG_FORMAT_AUTO, LP_LOG_WARNING);
	ck_assert(!lp_log_enabled(LP_LOG_INFO));
	ck_assert(lp_log_enabled(LP_LOG_WARNING));
	lp_log(LP_LOG_INFO, "nobody asked");
	ck_assert_str_eq(read_back(), "");
}
END_TEST

enum { THREADS = 4, LINES = 500 };

static void *write_lines(void *letter)
{
	char text[200];
	memset(text, *(const char *)letter, sizeof text - 1);
	text[sizeof text - 1] = '\0';
	for (int at = 0; at < LINES; at++)
		lp_log(LP_LOG_INFO, "m", LP_TEXT("text", text));
	return NULL;
}

START_TEST(lines_of_threads_never_mix)
{
	static const char letters[THREADS + 1] = "abcd";
	pthread_t threads[THREADS];
	redirect();
	lp_log_set(LP_LOG_FORMAT_AUTO, LP_LOG_INFO);
	fcntl(STDERR_FILENO, F_SETFL, O_APPEND);
	for (int at = 0; at < THREADS; at++)
		ck_assert_int_eq(pthread_create(&threads[at], NULL, write_lines, (void *)&letters[at]), 0);
	for (int at = 0; at < THREADS; at++)
		pthread_join(threads[at], NULL);
	int lines = 0;
	for (char *rest = (char *)read_back(), *line; (line = strsep(&rest, "\n")) != NULL && *line != '\0'; lines++) {
		const char *text = strstr(line, " text=");
		ck_assert_ptr_nonnull(text);
		ck_assert_uint_eq(strspn(text + 6, (const char[]){ text[6], '\0' }), 199);
		ck_assert_uint_eq(strlen(text + 6), 199);
	}
	ck_assert_int_eq(lines, THREADS * LINES);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log");
	TCase *tests = tcase_create("lines");
	int count = (int)(sizeof texts / sizeof texts[0]);
	tcase_add_loop_test(tests, any_text_in_logfmt, 0, count);
	tcase_add_loop_test(tests, any_text_in_json, 0, count);
	tcase_add_test(tests, numbers_and_times);
	tcase_add_test(tests, numbers_in_json);
	tcase_add_test(tests, what_is_below_the_level_is_not_written);
	tcase_add_test(tests, lines_of_threads_never_mix);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
