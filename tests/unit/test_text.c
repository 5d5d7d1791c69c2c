/* Texts: cut, quoted, matched, named and suggested. */
#include "text/glob.h"
#include "text/json.h"
#include "text/json_tree.h"
#include "text/names.h"
#include "text/utf8.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *text;
	size_t length, whole;
} cuts[] = {
	{ "", 0, 0 },
	{ "abc", 3, 3 },
	{ "abc", 2, 2 },
	{ "\xc3\xbc", 2, 2 },
	{ "\xc3\xbc", 1, 0 },
	{ "a\xe2\x82\xac", 4, 4 },
	{ "a\xe2\x82\xac", 3, 1 },
	{ "a\xe2\x82\xac", 2, 1 },
	{ "\xf0\x9f\x98\x80", 4, 4 },
	{ "\xf0\x9f\x98\x80", 3, 0 },
	{ "\xc3\xbc\xc3\xbc", 3, 2 },
};

START_TEST(a_text_is_cut_between_characters)
{
	ck_assert_uint_eq(lp_utf8_cut(cuts[_i].text, cuts[_i].length), cuts[_i].whole);
}
END_TEST

static const struct {
	const char *name, *problem;
} checked_names[] = {
	{ "p1/größe ⚡ 4711", NULL },
	{ "", "is empty" },
	{ "two\nlines", "has a control character in it" },
	{ "\x1b[31m", "has a control character in it" },
	{ "\x7f", "has a control character in it" },
	{ "Druck \xc2\x96 Pumpe", "has a control character in it" },
	{ "\xc2\x9b", "has a control character in it" },
	{ "\xc2\xa0", NULL },
	{ "half \xc3", "has a control character in it" },
};

START_TEST(a_name_steers_no_terminal)
{
	const char *problem = lp_name_problem(checked_names[_i].name);
	ck_assert_pstr_eq(problem, checked_names[_i].problem);
}
END_TEST

static const struct {
	const char *glob, *like, *sqlite;
} globs[] = {
	{ "plant/*/p?", "plant/%/p_", "plant/*/p?" },
	{ "100%_\\", "100\\%\\_\\\\", "100%_\\" },
	{ "a[1]", "a[1]", "a[[]1]" },
	{ "", "", "" },
};

START_TEST(a_glob_means_the_same_to_both_stores)
{
	char *like = lp_glob_to_like(globs[_i].glob), *sqlite = lp_glob_to_sqlite(globs[_i].glob);
	ck_assert_str_eq(like, globs[_i].like);
	ck_assert_str_eq(sqlite, globs[_i].sqlite);
	free(like);
	free(sqlite);
	ck_assert_ptr_null(lp_glob_to_like(NULL));
}
END_TEST

static const struct {
	unsigned character;
	const char *text;
} characters[] = {
	{ 'a', "a" },
	{ 0x7f, "\x7f" },
	{ 0x80, "\xc2\x80" },
	{ 0x7ff, "\xdf\xbf" },
	{ 0x800, "\xe0\xa0\x80" },
	{ 0xffff, "\xef\xbf\xbf" },
	{ 0x10000, "\xf0\x90\x80\x80" },
	{ 0x10ffff, "\xf4\x8f\xbf\xbf" },
};

START_TEST(a_character_is_written_as_it_is_read)
{
	char bytes[5] = "";
	size_t size = lp_utf8_write(characters[_i].character, bytes);
	ck_assert_uint_eq(size, strlen(characters[_i].text));
	ck_assert_str_eq(bytes, characters[_i].text);
	ck_assert_uint_eq(lp_utf8_length(bytes, 4), size);
}
END_TEST

START_TEST(a_copy_has_whole_characters)
{
	char room[5];
	lp_utf8_copy(room, sizeof room, "\xe2\x82\xac\xe2\x82\xac");
	ck_assert_str_eq(room, "\xe2\x82\xac");
	lp_utf8_copy(room, sizeof room, NULL);
	ck_assert_str_eq(room, "");
	char shown[32];
	snprintf(shown, sizeof shown, "%.*s|", LP_CUT(4, "\xe2\x82\xac\xe2\x82\xac"));
	ck_assert_str_eq(shown, "\xe2\x82\xac|");
}
END_TEST

START_TEST(a_document_sets_its_commas)
{
	struct lp_text json = { 0 };
	lp_json_begin(&json, NULL, "{\n  ");
	lp_json_add_text(&json, "name", "a \"b\"\n\x1b\xc2\x9b\xff");
	lp_json_add_text(&json, "none", NULL);
	lp_json_new_line(&json, 2);
	lp_json_begin(&json, "list", "[");
	lp_json_add_integer(&json, NULL, -1);
	lp_json_add_number(&json, NULL, 0.1);
	lp_json_add_number(&json, NULL, NAN);
	lp_json_add_bool(&json, NULL, true);
	lp_json_begin(&json, NULL, "{");
	lp_json_end(&json, "}");
	lp_json_end(&json, "]");
	lp_json_add_seconds(&json, "seconds", 1500000000, 3);
	lp_json_add_stored(&json, "stored", "{\"a\":\n\"\xc2\x9b\"}\n");
	lp_json_begin(&json, "last", "[");
	lp_json_end(&json, "]");
	lp_json_end(&json, "\n}\n");
	ck_assert_str_eq(json.data, "{\n  \"name\": \"a \\\"b\\\"\\n\\u001b\\u009b\\\\xff\", \"none\": null,\n"
	                            "  \"list\": [-1, 0.1, null, true, {}], \"seconds\": 1.500, "
	                            "\"stored\": {\"a\": \"\\u009b\"}, \"last\": []\n}\n");
	lp_text_free(&json);
}
END_TEST

START_TEST(json_comes_back_in_its_one_form)
{
	static const struct {
		const char *json, *canonical;
	} cases[] = {
		{ "{}", "{}" },
		{ " { \"b\" : [1, 2.50, -0.0] , \"a\" : null } ", "{\"a\":null,\"b\":[1,2.5,0.0]}" },
		{ "\"\\ud83d\\ude00 \\u00e9\\n\\/\"", "\"😀 é\\n/\"" },
		/* As PostgreSQL writes jsonb: numbers in full. */
		{ "[10000000000000000000000, 1000000000000000.0, 0.0000001]", "[1e+22,1000000000000000.0,1e-07]" },
		{ "[0.1, 100000, 1e300]", "[0.1,100000,1e+300]" },
		{ "[9223372036854775807, 9223372036854775808]", "[9223372036854775807,9223372036854775808.0]" },
	};
	static const char *const wrong[] = { "",           "{",           "[1,]",        "{\"a\"}", "{a:1}",
		                             "\"\\x\"",    "\"\\ud800\"", "\"\\u0000\"", "nul",     "[1 2]",
		                             "{\"a\":1,}", "1 2",         "\"a" };
	struct lp_arena arena = { 0 };
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *once = lp_json_canonical(cases[i].json, &arena);
		ck_assert_str_eq(once, cases[i].canonical);
		ck_assert_str_eq(lp_json_canonical(once, &arena), once);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		ck_assert_msg(lp_json_read(wrong[i], &arena) == NULL, "%s was taken for JSON", wrong[i]);
	lp_arena_free(&arena);
}
END_TEST

START_TEST(the_nearest_word_is_suggested)
{
	static const char *const words[] = { "retention", "retry", "log", "time_zone", "time_limit" };
	static const struct {
		const char *word, *nearest;
	} cases[] = {
		{ "retension", "retention" },
		{ "rety", "retry" },
		{ "timezone", "time_zone" },
		{ "lgo", "log" },
		{ "time_limt", "time_limit" },
		{ "whatever", NULL },
		{ "x", NULL },
		{ "", NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ck_assert_pstr_eq(lp_nearest_of(cases[i].word, words, 5, sizeof words[0]), cases[i].nearest);
}
END_TEST

START_TEST(names_are_found_among_many)
{
	struct lp_names names = { 0 };
	struct lp_arena arena = { 0 };
	size_t value;
	char text[32];
	for (size_t i = 0; i < 10000; i++) {
		(void)snprintf(text, sizeof text, "plant/%zu", i);
		ck_assert(lp_names_add(&names, lp_arena_text(&arena, text), i, NULL));
	}
	ck_assert(!lp_names_add(&names, "plant/77", 1, &value));
	ck_assert_uint_eq(value, 77);
	ck_assert(lp_names_find(&names, "plant/9999", &value));
	ck_assert_uint_eq(value, 9999);
	ck_assert(!lp_names_find(&names, "plant/10000", &value));
	lp_names_free(&names);
	lp_arena_free(&arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("text");
	TCase *tests = tcase_create("text");
	tcase_add_loop_test(tests, a_text_is_cut_between_characters, 0, sizeof cuts / sizeof *cuts);
	tcase_add_loop_test(tests, a_name_steers_no_terminal, 0, sizeof checked_names / sizeof *checked_names);
	tcase_add_loop_test(tests, a_glob_means_the_same_to_both_stores, 0, sizeof globs / sizeof *globs);
	tcase_add_loop_test(tests, a_character_is_written_as_it_is_read, 0, sizeof characters / sizeof *characters);
	tcase_add_test(tests, a_copy_has_whole_characters);
	tcase_add_test(tests, a_document_sets_its_commas);
	tcase_add_test(tests, json_comes_back_in_its_one_form);
	tcase_add_test(tests, the_nearest_word_is_suggested);
	tcase_add_test(tests, names_are_found_among_many);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
