/* The CSV reader, values as texts, and tables: given these bytes, expect these cells or this message. */
#include "command/shell.h"
#include "command/table.h"
#include "model/memory.h"
#include "text/csv.h"
#include "text/number.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static FILE *file_of(const char *bytes, size_t size)
{
	FILE *file = tmpfile();
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	rewind(file);
	return file;
}

/* All rows as one text: cells between bars, rows between semicolons; each row begins with its line. */
static char *read_encoded(const char *bytes, size_t size, char delimiter, enum lp_encoding encoding,
                          struct lp_error *error)
{
	FILE *file = file_of(bytes, size);
	struct lp_csv *csv = lp_csv_new(file, "a.csv", delimiter);
	struct lp_text text = { 0 };
	struct lp_csv_row row;
	bool found, good;

	lp_csv_set_encoding(csv, encoding);
	lp_text_add(&text, "", 0);
	while ((good = lp_csv_next(csv, &row, &found, error)) && found) {
		lp_text_addf(&text, "%d", row.line);
		for (size_t i = 0; i < row.count; i++)
			lp_text_addf(&text, "|%s", row.cells[i].text);
		lp_text_addf(&text, ";");
	}
	lp_csv_free(csv);
	fclose(file);
	if (!good) {
		lp_text_free(&text);
		return NULL;
	}
	return text.data;
}

static char *read_all(const char *bytes, size_t size, char delimiter, struct lp_error *error)
{
	return read_encoded(bytes, size, delimiter, LP_ENCODING_BY_MARK, error);
}

static const struct {
	const char *bytes, *rows;
} files[] = {
	{ "", "" },
	{ "\n\r\n\n", "" },
	{ "a,b\n1,2\n", "1|a|b;2|1|2;" },
	{ "a,b\r\n1,2\r\n", "1|a|b;2|1|2;" },
	{ "a,b\r1,2\r", "1|a|b;2|1|2;" },
	{ "a,b\n1,2", "1|a|b;2|1|2;" },
	{ "\xEF\xBB\xBF"
	  "a;b\n1,5;2\n",
	  "1|a|b;2|1,5|2;" },
	{ "a\tb\n1,5\t2\n", "1|a|b;2|1,5|2;" },
	{ "a|b\n1|2\n", "1|a|b;2|1|2;" },
	{ "\"a;c\",b\n1,2\n", "1|a;c|b;2|1|2;" },
	{ "a,b\n\"x \"\"y\"\"\",2\n", "1|a|b;2|x \"y\"|2;" },
	{ "a,b\n\"x\ny\",2\n3,4\n", "1|a|b;2|x\ny|2;4|3|4;" },
	{ "a,b\n,\n\n1,\n", "1|a|b;4|1|;" },
	{ "a,b\n5\",2\n", "1|a|b;2|5\"|2;" },
	{ "a,b\n\"\",2\n", "1|a|b;2||2;" },
	{ "größe,b\n1,2\n", "1|größe|b;2|1|2;" },
	{ "sep=;\na,b;c\n", "2|a,b|c;" },
	{ "\xEF\xBB\xBF"
	  "sep=\t\r\na,b\tc\r\n",
	  "2|a,b|c;" },
	{ "sep=;x\n1\n", "1|sep=|x;2|1;" },
	{ "sep=", "1|sep=;" },
	{ "sep=;\n", "" },
};

/* Lines above the first one may hold quotes and bytes of any kind, and say nothing of the delimiter. */
START_TEST(lines_above_the_first_are_passed_over)
{
	static const char bytes[] = "x,\"y\xFF\r\n,,,,\r\na;b\r\n1;2\r\n";
	FILE *file = file_of(bytes, sizeof bytes - 1);
	struct lp_csv *csv = lp_csv_new(file, "a.csv", '\0');
	struct lp_csv_row row;
	struct lp_error error = { 0 };
	bool found;

	lp_csv_begin_at(csv, 3);
	ck_assert_msg(lp_csv_next(csv, &row, &found, &error), "%s", error.what);
	ck_assert(found && row.line == 3 && row.count == 2);
	ck_assert_str_eq(row.cells[1].text, "b");
	lp_csv_free(csv);
	fclose(file);
}
END_TEST

START_TEST(rows_are_read)
{
	struct lp_error error;
	char *rows = read_all(files[_i].bytes, strlen(files[_i].bytes), '\0', &error);
	ck_assert_msg(rows != NULL, "%s", error.what);
	ck_assert_str_eq(rows, files[_i].rows);
	free(rows);
}
END_TEST

#define BYTES(text) text, sizeof(text) - 1

static const struct {
	const char *bytes;
	size_t size;
	const char *says;
} refused[] = {
	{ BYTES("a,b\n1,\"2\n"), "a.csv:2:3: the quote that opens here is never closed" },
	{ BYTES("a,b\n\"1\"x,2\n"), "a.csv:2:4: text behind a closing quote" },
	{ BYTES("a,b\n1,2\0\n"), "a.csv:2:4: a NUL byte" },
	{ BYTES("\xFF\xFE"
	        "a\0,\0b\0\n\0\x01\xDC"),
	  "a.csv:2:1: this is no UTF-16: half a pair stands alone" },
	{ BYTES("a,b\n1,gr\xF6\xDF"
	        "e\n"),
	  "a.csv:2:3: this cell is not UTF-8" },
	{ BYTES("a,\xED\xA0\x80\n"), "a.csv:1:3: this cell is not UTF-8" },
	{ BYTES("a,\xC0\x80\n"), "a.csv:1:3: this cell is not UTF-8" },
	{ BYTES("a,\xF4\x90\x80\x80\n"), "a.csv:1:3: this cell is not UTF-8" },
	{ BYTES("größe,\"x\n"), "a.csv:1:7: the quote" },
};

/* What the bytes are in, and their rows; or, behind a !, what the message begins with. */
static const struct {
	const char *bytes;
	size_t size;
	enum lp_encoding encoding;
	const char *rows;
} encoded[] = {
	{ BYTES("\xFF\xFE"
	        "a\0;\0\xB0\0\n\0"
	        "1\0;\0"
	        "2\0"),
	  LP_ENCODING_BY_MARK, "1|a|°;2|1|2;" },
	{ BYTES("\xFE\xFF"
	        "\0a\0;\x20\xAC\0\n\0"
	        "1\0;\0"
	        "2"),
	  LP_ENCODING_BY_MARK, "1|a|€;2|1|2;" },
	{ BYTES("\xFE\xFF"
	        "\0a\0;\xD8\x3D\xDE\x00"),
	  LP_ENCODING_UTF16, "1|a|😀;" },
	{ BYTES("\xFF\xFE"
	        "a\0"),
	  LP_ENCODING_UTF16LE, "1|a;" },
	{ BYTES("a\0;\0b\0\r\0\n\0"), LP_ENCODING_UTF16LE, "1|a|b;" },
	{ BYTES("\0a\0;\0b"), LP_ENCODING_UTF16BE, "1|a|b;" },
	{ BYTES("gr\xF6\xDF"
	        "e;\xB0"
	        "C\n1;2\n"),
	  LP_ENCODING_LATIN_1, "1|größe|°C;2|1|2;" },
	{ BYTES("\x80;\x84x\x93;m\xB3/h\n"), LP_ENCODING_WINDOWS_1252, "1|€|„x“|m³/h;" },
	{ BYTES("\xEF\xBB\xBF"
	        "gr\xC3\xB6\xC3\x9F"
	        "e\n"),
	  LP_ENCODING_UTF8, "1|größe;" },
	{ BYTES("\xC3\xC4;\xC2"
	        "A\n"),
	  LP_ENCODING_LATIN_1, "1|ÃÄ|ÂA;" },
	{ BYTES(""), LP_ENCODING_UTF16LE, "" },
	{ BYTES("\xFF\xFE"), LP_ENCODING_BY_MARK, "" },
	{ BYTES("a\0;\0b\0\n\0"), LP_ENCODING_BY_MARK, "!a.csv:1:1: this is UTF-16 without a byte order mark" },
	{ BYTES("\0a\0;\0b\0\n"), LP_ENCODING_UTF16, "!a.csv:1:1: this is UTF-16 without a byte order mark" },
	{ BYTES("a;b\n"), LP_ENCODING_UTF16, "!a.csv:1:1: this is no UTF-16" },
	{ BYTES("a\0;\0b\0\n\0"
	        "1"),
	  LP_ENCODING_UTF16LE, "!a.csv:2:1: the file ends within a character" },
	{ BYTES("a\0;\0\x3D\xD8"), LP_ENCODING_UTF16LE, "!a.csv:1:3: the file ends within a character" },
	{ BYTES("a\0;\0\x3D\xD8\x3D\xD8"), LP_ENCODING_UTF16LE, "!a.csv:1:3: this is no UTF-16" },
	{ BYTES("a\0;\0\"\0\0\xDE"), LP_ENCODING_UTF16LE, "!a.csv:1:4: this is no UTF-16" },
	{ BYTES("a;b\n1;\x93"), LP_ENCODING_LATIN_1, "!a.csv:2:3: this byte is no character of Latin-1" },
	{ BYTES("a;b\n1;\x81"), LP_ENCODING_WINDOWS_1252, "!a.csv:2:3: this byte is no character of Windows-1252" },
	{ BYTES("gr\xC3\xB6\xC3\x9F"
	        "e\n"),
	  LP_ENCODING_WINDOWS_1252, "!a.csv:1:4: this is UTF-8 already" },
	{ BYTES("\xEF\xBB\xBF"
	        "a\n"),
	  LP_ENCODING_LATIN_1, "!a.csv:1:1: this is utf-8, as its byte order mark says" },
	{ BYTES("\xFE\xFF"
	        "\0a"),
	  LP_ENCODING_UTF16LE, "!a.csv:1:1: this is utf-16be" },
	{ BYTES("\xFF\xFE\0\0"
	        "a\0\0\0"),
	  LP_ENCODING_BY_MARK, "!a.csv:1:1: this is UTF-32" },
	{ BYTES("a\0\0\0"), LP_ENCODING_UTF16LE, "!a.csv:1:2: a NUL byte" },
};

START_TEST(encodings_are_read)
{
	struct lp_error error;
	const char *expected = encoded[_i].rows;
	char *rows = read_encoded(encoded[_i].bytes, encoded[_i].size, '\0', encoded[_i].encoding, &error);
	if (expected[0] == '!') {
		ck_assert_ptr_null(rows);
		ck_assert_msg(strncmp(error.what, expected + 1, strlen(expected) - 1) == 0, "%s", error.what);
		return;
	}
	ck_assert_msg(rows != NULL, "%s", error.what);
	ck_assert_str_eq(rows, expected);
	free(rows);
}
END_TEST

/* Characters lie across the pieces in which a file is read. */
START_TEST(long_files_of_utf16)
{
	struct lp_text text = { 0 };
	struct lp_error error;
	lp_text_add(&text, "\xFF\xFE", 2);
	for (int i = 0; i < 30000; i++)
		lp_text_add(&text, i % 1000 == 999 ? "\n\0" : "\x3D\xD8\0\xDE", i % 1000 == 999 ? 2 : 4);
	char *rows = read_encoded(text.data, text.length, '\0', LP_ENCODING_BY_MARK, &error);
	ck_assert_msg(rows != NULL, "%s", error.what);
	size_t emoji = 0;
	for (const char *at = rows; (at = strstr(at, "😀")) != NULL; at += 4)
		emoji++;
	ck_assert_uint_eq(emoji, 30000 - 30);
	free(rows);
	lp_text_free(&text);
}
END_TEST

START_TEST(broken_files_are_refused)
{
	struct lp_error error;
	char *rows = read_all(refused[_i].bytes, refused[_i].size, ',', &error);
	ck_assert_ptr_null(rows);
	ck_assert_int_eq(error.exit, LP_EXIT_DATA);
	ck_assert_msg(strncmp(error.what, refused[_i].says, strlen(refused[_i].says)) == 0, "%s", error.what);
}
END_TEST

START_TEST(endless_lines_are_refused)
{
	size_t size = LP_CSV_ROW_BYTES_MOST + 100000;
	struct lp_error error;
	char *bytes = malloc(size);
	memset(bytes, 'x', size);
	memcpy(bytes, "a\n\"", 3);
	ck_assert_ptr_null(read_all(bytes, size, ',', &error));
	ck_assert_ptr_nonnull(strstr(error.what, "longer than 1 MiB"));
	memset(bytes, ',', size);
	ck_assert_ptr_null(read_all(bytes, size, ',', &error));
	ck_assert_ptr_nonnull(strstr(error.what, "10,000 cells"));
	free(bytes);
}
END_TEST

START_TEST(rows_longer_than_the_buffer)
{
	/* A cell across several reads of the file, and the lines behind it. */
	struct lp_text text = { 0 };
	struct lp_error error;
	lp_text_addf(&text, "a,b\n");
	for (int i = 0; i < 40000; i++)
		lp_text_addf(&text, i == 0 ? "\"xyz" : "xyz");
	lp_text_addf(&text, "\",2\n3,4\n");
	char *rows = read_all(text.data, text.length, '\0', &error);
	ck_assert_msg(rows != NULL, "%s", error.what);
	ck_assert_uint_eq(strlen(rows), strlen("1|a|b;2||2;3|3|4;") + 120000);
	ck_assert_str_eq(rows + strlen(rows) - strlen("xyz|2;3|3|4;"), "xyz|2;3|3|4;");
	free(rows);
	lp_text_free(&text);
}
END_TEST

START_TEST(a_directory_is_no_file)
{
	FILE *file = fopen("/tmp", "r");
	struct lp_csv *csv = lp_csv_new(file, "/tmp", ',');
	struct lp_csv_row row;
	struct lp_error error;
	bool found;
	ck_assert(!lp_csv_next(csv, &row, &found, &error));
	ck_assert_str_eq(error.what, "cannot read /tmp: Is a directory");
	lp_csv_free(csv);
	fclose(file);
}
END_TEST

static const struct {
	const char *text;
	bool comma;
	enum lp_number_reading reading;
	double number;
} numbers[] = {
	{ "1", false, LP_NUMBER_READ, 1 },
	{ " -1.5 ", false, LP_NUMBER_READ, -1.5 },
	{ "+.5", false, LP_NUMBER_READ, 0.5 },
	{ "5.", false, LP_NUMBER_READ, 5 },
	{ "1e3", false, LP_NUMBER_READ, 1000 },
	{ "1.5E-3", false, LP_NUMBER_READ, 0.0015 },
	{ "1,5", true, LP_NUMBER_READ, 1.5 },
	{ "4.9e-324", false, LP_NUMBER_READ, 4.9e-324 },
	{ "1e-999", false, LP_NUMBER_READ, 0 },
	{ "", false, LP_NUMBER_MISSING, 0 },
	{ "  ", false, LP_NUMBER_MISSING, 0 },
	{ "NaN", false, LP_NUMBER_MISSING, 0 },
	{ "-inf", false, LP_NUMBER_MISSING, 0 },
	{ "Infinity", false, LP_NUMBER_MISSING, 0 },
	{ "NULL", false, LP_NUMBER_MISSING, 0 },
	{ "-", false, LP_NUMBER_MISSING, 0 },
	{ "1e999", false, LP_NUMBER_TOO_LARGE, 0 },
	{ "1,5", false, LP_NUMBER_NONE, 0 },
	{ "1.5", true, LP_NUMBER_NONE, 0 },
	{ "0x10", false, LP_NUMBER_NONE, 0 },
	{ "nan(1)", false, LP_NUMBER_NONE, 0 },
	{ "1 2", false, LP_NUMBER_NONE, 0 },
	{ "1e", false, LP_NUMBER_NONE, 0 },
	{ ".", false, LP_NUMBER_NONE, 0 },
	{ "--1", false, LP_NUMBER_NONE, 0 },
	{ "high", false, LP_NUMBER_NONE, 0 },
	{ "1\n", false, LP_NUMBER_NONE, 0 },
	{ "---", false, LP_NUMBER_MISSING, 0 },
	{ " #N/A ", false, LP_NUMBER_MISSING, 0 },
	{ "Bad", false, LP_NUMBER_MISSING, 0 },
	{ "unavailable", true, LP_NUMBER_MISSING, 0 },
};

START_TEST(numbers_are_read)
{
	double number = 0;
	ck_assert_msg(lp_number_parse(numbers[_i].text, (struct lp_number_form){ .comma = numbers[_i].comma },
	                              &number) == numbers[_i].reading,
	              "\"%s\"", numbers[_i].text);
	if (numbers[_i].reading == LP_NUMBER_READ)
		ck_assert(number == numbers[_i].number);
}
END_TEST

static const struct {
	const char *text;
	struct lp_number_form form;
	enum lp_number_reading reading;
	double number;
} groups[] = {
	{ "1,234", { false, ',' }, LP_NUMBER_READ, 1234 },
	{ "-1,234,567.25", { false, ',' }, LP_NUMBER_READ, -1234567.25 },
	{ "1.234,5", { true, '.' }, LP_NUMBER_READ, 1234.5 },
	{ "1.234", { true, '.' }, LP_NUMBER_READ, 1234 },
	{ "12'345.5", { false, '\'' }, LP_NUMBER_READ, 12345.5 },
	{ "12 345,5", { true, ' ' }, LP_NUMBER_READ, 12345.5 },
	{ "12\xC2\xA0"
	  "345,5",
	  { true, ' ' },
	  LP_NUMBER_READ,
	  12345.5 },
	{ "1\xE2\x80\xAF"
	  "234\xE2\x80\xAF"
	  "567e1",
	  { true, ' ' },
	  LP_NUMBER_READ,
	  12345670 },
	{ "1234", { false, ',' }, LP_NUMBER_READ, 1234 },
	{ "0.125", { false, ',' }, LP_NUMBER_READ, 0.125 },
	{ " 1,234 ", { false, ',' }, LP_NUMBER_READ, 1234 },
	{ "1,5", { false, ',' }, LP_NUMBER_NONE, 0 },
	{ "1,2345", { false, ',' }, LP_NUMBER_NONE, 0 },
	{ "1234,567", { false, ',' }, LP_NUMBER_NONE, 0 },
	{ "1,234,56", { false, ',' }, LP_NUMBER_NONE, 0 },
	{ "1,,234", { false, ',' }, LP_NUMBER_NONE, 0 },
	{ ",234", { false, ',' }, LP_NUMBER_NONE, 0 },
	{ "1.234,567", { false, ',' }, LP_NUMBER_NONE, 0 },
	{ "1.5", { true, '.' }, LP_NUMBER_NONE, 0 },
	{ "1 23", { true, ' ' }, LP_NUMBER_NONE, 0 },
	{ "1,234", { false, '\0' }, LP_NUMBER_NONE, 0 },
};

START_TEST(groups_of_digits_are_read)
{
	double number = 0;
	ck_assert_msg(lp_number_parse(groups[_i].text, groups[_i].form, &number) == groups[_i].reading, "\"%s\"",
	              groups[_i].text);
	if (groups[_i].reading == LP_NUMBER_READ)
		ck_assert_msg(number == groups[_i].number, "\"%s\": %g", groups[_i].text, number);
}
END_TEST

START_TEST(numbers_are_written_shortest)
{
	static const struct {
		double number;
		const char *text;
	} written[] = { { 4, "4" },          { 29.5, "29.5" }, { 0.1, "0.1" }, { 0.1 + 0.2, "0.30000000000000004" },
		        { 1e300, "1e+300" }, { -0.0, "-0" },   { NAN, "nan" }, { -INFINITY, "-inf" } };
	char text[32];
	for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
		lp_number_format(written[i].number, text);
		ck_assert_str_eq(text, written[i].text);
	}
}
END_TEST

/* What a table writes, as one text. */
static char *written(FILE *file)
{
	struct lp_text text = { 0 };
	char buffer[4096];
	size_t size;
	lp_text_add(&text, "", 0);
	rewind(file);
	while ((size = fread(buffer, 1, sizeof buffer, file)) > 0)
		lp_text_add(&text, buffer, size);
	fclose(file);
	return text.data;
}

START_TEST(tables_are_aligned)
{
	static const struct lp_table_column columns[] = { { "NAME", false }, { "VALUE", true }, { "NOTE", false } };
	FILE *file = tmpfile();
	struct lp_table *table = lp_table_new(file, columns, 3);
	lp_table_row(table, (const char *const[]){ "größe", "1", "two\nlines\x1b[31m" });
	lp_table_row(table, (const char *const[]){ "a", "10000", NULL });
	lp_table_end(table);
	char *text = written(file);
	ck_assert_str_eq(text, "NAME   VALUE  NOTE\n"
	                       "größe      1  two lines [31m\n"
	                       "a      10000\n");
	free(text);
}
END_TEST

START_TEST(tables_flow_past_their_lookahead)
{
	static const struct lp_table_column columns[] = { { "N", true }, { "M", false } };
	FILE *file = tmpfile();
	struct lp_table *table = lp_table_new(file, columns, 2);
	for (int i = 1; i <= 3 * LP_TABLE_LOOKAHEAD; i++) {
		char number[16];
		snprintf(number, sizeof number, "%d", i);
		lp_table_row(table, (const char *const[]){ number, "x" });
	}
	lp_table_end(table);
	char *text = written(file);
	size_t lines = 0;
	for (char *c = text; *c != '\0'; c++)
		lines += *c == '\n';
	ck_assert_uint_eq(lines, 3 * LP_TABLE_LOOKAHEAD + 1);
	ck_assert_ptr_nonnull(strstr(text, "\n3000  x\n"));
	free(text);
	/* Nothing to show: no heading either. */
	file = tmpfile();
	lp_table_end(lp_table_new(file, columns, 2));
	text = written(file);
	ck_assert_str_eq(text, "");
	free(text);
}
END_TEST

static const struct {
	const char *word, *written;
} words[] = {
	{ "c/mean", "c/mean" },
	{ "2026-03-01T00:00:00+01:00", "2026-03-01T00:00:00+01:00" },
	{ "", "''" },
	{ "p1/specific energy", "'p1/specific energy'" },
	{ "p*", "'p*'" },
	{ "~root", "'~root'" },
	{ "a=b", "'a=b'" },
	{ "O'Brien pump", "'O'\\''Brien pump'" },
	{ "'", "''\\'''" },
	{ "x'; touch PWNED; echo 'y", "'x'\\''; touch PWNED; echo '\\''y'" },
	{ "$(touch PWNED)`touch PWNED`", "'$(touch PWNED)`touch PWNED`'" },
	{ "a\nb", "'a\nb'" },
	{ "Zähler", "'Zähler'" },
};

START_TEST(words_of_printed_commands_are_quoted)
{
	char *written = lp_shell_word(words[_i].word);
	ck_assert_str_eq(written, words[_i].written);
	free(written);
}
END_TEST

#define TABLE(test, table) tcase_add_loop_test(tcase, test, 0, sizeof(table) / sizeof *(table))

int main(void)
{
	Suite *suite = suite_create("csv");
	TCase *tcase = tcase_create("csv");
	tcase_set_timeout(tcase, 60);
	TABLE(rows_are_read, files);
	TABLE(broken_files_are_refused, refused);
	TABLE(encodings_are_read, encoded);
	TABLE(groups_of_digits_are_read, groups);
	tcase_add_test(tcase, long_files_of_utf16);
	tcase_add_test(tcase, lines_above_the_first_are_passed_over);
	tcase_add_test(tcase, endless_lines_are_refused);
	tcase_add_test(tcase, rows_longer_than_the_buffer);
	tcase_add_test(tcase, a_directory_is_no_file);
	TABLE(numbers_are_read, numbers);
	tcase_add_test(tcase, numbers_are_written_shortest);
	tcase_add_test(tcase, tables_are_aligned);
	tcase_add_test(tcase, tables_flow_past_their_lookahead);
	TABLE(words_of_printed_commands_are_quoted, words);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
