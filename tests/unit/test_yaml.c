/* YAML to trees: types, places, and what is refused and why. */
#include "cases.h"

#include "text/json_tree.h"
#include "text/yaml.h"

/* yaml.cases: the tree as JSON, or the problems. */
START_TEST(reads_what_the_cases_say)
{
	struct test_cases cases = read_cases("yaml.cases");
	struct lp_text failures = { 0 };
	for (size_t c = 0; c < cases.count; c++) {
		const struct test_case *one = &cases.items[c];
		const char *yaml = needed_part(one, "yaml");
		struct lp_arena arena = { 0 };
		struct lp_problems problems = { 0 };
		struct lp_text got = { 0 };
		struct lp_yaml_node *root;
		const struct lp_yaml_node *culprit;
		if (lp_yaml_read("f", yaml, strlen(yaml), &arena, &root, &problems)) {
			if (root != NULL && !lp_json_write(root, &got, &culprit))
				lp_text_addf(&got, " and no JSON: %s", culprit->text);
			if (root != NULL)
				lp_text_addf(&got, "\n");
		}
		add_problems(&got, &problems);
		compare_case(&failures, one, &got);
		lp_text_free(&got);
		lp_problems_free(&problems);
		lp_arena_free(&arena);
	}
	free_cases(&cases);
	check_failures(&failures);
}
END_TEST

static char *first_problem(const char *data, size_t size)
{
	struct lp_arena arena = { 0 };
	struct lp_problems problems = { 0 };
	struct lp_yaml_node *root;
	char *text = NULL;
	if (!lp_yaml_read("f", data, size, &arena, &root, &problems)) {
		ck_assert_uint_ge(problems.count, 1);
		text = lp_format_text("%d:%d: %s", problems.items[0].line, problems.items[0].column,
		                      problems.items[0].what);
	}
	lp_problems_free(&problems);
	lp_arena_free(&arena);
	return text;
}

START_TEST(names_bytes_that_are_no_text)
{
	static const struct {
		const char *data;
		size_t size;
		const char *expected;
	} cases[] = {
		{ "a: 1\nb: \xff\n", 10, "2:4: the byte 0xFF here is not UTF-8: save the file as UTF-8" },
		{ "ä: \xc3", 5, "1:4: the byte 0xC3 here is not UTF-8: save the file as UTF-8" },
		{ "a: \xed\xa0\x80", 6, "1:4: the byte 0xED here is not UTF-8: save the file as UTF-8" },
		{ "a: \0b", 5, "1:4: a zero byte stands here: this is no text file, or it was cut off" },
		{ "\xff\xfe"
		  "a\0:\0",
		  6, "1:1: this is UTF-16: save the file as UTF-8" },
		{ "a: \x01", 4, "1:4: this control character cannot stand in YAML (0x01)" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *got = first_problem(cases[i].data, cases[i].size);
		ck_assert_pstr_eq(got, cases[i].expected);
		free(got);
	}
}
END_TEST

/* Nine lines that stand for a billion texts. */
START_TEST(refuses_aliases_that_explode)
{
	struct lp_text yaml = { 0 };
	lp_text_addf(&yaml, "l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int level = 1; level < 10; level++) {
		lp_text_addf(&yaml, "l%d: &l%d [", level, level);
		for (int i = 0; i < 10; i++)
			lp_text_addf(&yaml, "%s*l%d", i == 0 ? "" : ", ", level - 1);
		lp_text_addf(&yaml, "]\n");
	}
	char *got = first_problem(yaml.data, yaml.length);
	ck_assert_ptr_nonnull(got);
	ck_assert_ptr_nonnull(
		strstr(got, "too much: with its aliases followed, the file has more than 5000000 values"));
	free(got);
	lp_text_free(&yaml);
}
END_TEST

START_TEST(refuses_what_is_nested_too_deep)
{
	struct lp_text yaml = { 0 };
	for (int i = 0; i < 100000; i++)
		lp_text_add(&yaml, "[", 1);
	char *got = first_problem(yaml.data, yaml.length);
	ck_assert_pstr_eq(got, "1:65: nested too deep: at most 64 levels can be read");
	free(got);
	lp_text_free(&yaml);
}
END_TEST

START_TEST(refuses_what_is_too_large)
{
	size_t size = (size_t)LP_YAML_BYTES_MOST + 1;
	char *data = lp_allocate(size);
	memset(data, '#', size);
	char *got = first_problem(data, size);
	ck_assert_pstr_eq(got, "0:0: the file is larger than 64 MB, the most that is read");
	free(got);
	free(data);
}
END_TEST

/* A map of many keys takes another way than one of few. */
START_TEST(finds_a_key_that_is_there_twice_among_many)
{
	struct lp_text yaml = { 0 };
	for (int i = 0; i < 1000; i++)
		lp_text_addf(&yaml, "k%d: %d\n", i, i);
	lp_text_addf(&yaml, "k500: again\nk3: again\n");
	char *got = first_problem(yaml.data, yaml.length);
	ck_assert_pstr_eq(got, "1001:1: the key \"k500\" is there already, in line 501");
	free(got);
	lp_text_free(&yaml);
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
	static const struct {
		const char *file, *expected;
	} cases[] = {
		{ "/nowhere/at/all.yaml", "cannot open /nowhere/at/all.yaml: No such file or directory" },
		{ "/", "cannot read /: it is a directory" },
		{ "/dev/zero", "/dev/zero has more than 64 MB, the most that is read" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lp_arena arena = { 0 };
		struct lp_problems problems = { 0 };
		struct lp_yaml_node *root;
		struct lp_error error = { 0 };
		ck_assert(!lp_yaml_read_file(cases[i].file, &arena, &root, &problems, &error));
		ck_assert_str_eq(error.what, cases[i].expected);
		ck_assert_uint_eq(problems.count, 0);
		lp_arena_free(&arena);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("yaml");
	TCase *tests = tcase_create("yaml");
	tcase_add_test(tests, reads_what_the_cases_say);
	tcase_add_test(tests, names_bytes_that_are_no_text);
	tcase_add_test(tests, refuses_aliases_that_explode);
	tcase_add_test(tests, refuses_what_is_nested_too_deep);
	tcase_add_test(tests, refuses_what_is_too_large);
	tcase_add_test(tests, finds_a_key_that_is_there_twice_among_many);
	tcase_add_test(tests, files_that_cannot_be_read);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
