/* Files that are imported once: noted with their samples, and by one process alone. */
#include "suites.h"

static struct lp_imported_file file_of(const char *name, int64_t content)
{
	return (struct lp_imported_file){
		.source = "/logs",
		.name = name,
		.size = INT64_C(5000000000),
		.modified = AT(60) + 1,
		.content = content,
		.imported = AT(120),
	};
}

static bool add_file(void *context, const struct lp_imported_file *file, struct lp_error *error)
{
	(void)error;
	ck_assert_str_eq(file->source, "/logs");
	ck_assert_int_eq(file->size, INT64_C(5000000000));
	ck_assert_int_eq(file->modified, AT(60) + 1);
	ck_assert_int_eq(file->imported, AT(120));
	lp_text_addf(context, "%s=%lld ", file->name, (long long)file->content);
	return true;
}

/* "a.csv=17 ": those of the source, or the one of that name. */
static const char *files(const char *name)
{
	struct lp_text text = { 0 };
	struct lp_error error;

	lp_text_add(&text, "", 0);
	ck_ok(lp_store_each_imported_file(store, "/logs", name, add_file, &text, &error), error);
	const char *kept = lp_arena_text(&arena, text.data);
	lp_text_free(&text);
	return kept;
}

static bool note(struct lp_imported_file file, const int64_t *before, bool commit)
{
	struct lp_error error;
	bool noted;

	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_note_imported_file(store, &file, before, &noted, &error), error);
	if (commit)
		ck_ok(lp_store_commit_work(store, &error), error);
	else
		lp_store_rollback(store);
	return noted;
}

START_TEST(a_file_is_noted_once)
{
	int64_t other = 3, first = -17;
	struct lp_imported_file elsewhere = file_of("a.csv", 9);

	ck_assert_str_eq(files(NULL), "");
	ck_assert(note(file_of("b.csv", INT64_MIN), NULL, true));
	ck_assert(note(file_of("a.csv", first), NULL, true));
	ck_assert(!note(file_of("a.csv", first), NULL, true));
	ck_assert(!note(file_of("a.csv", 18), &other, true));
	ck_assert_str_eq(files(NULL), "a.csv=-17 b.csv=-9223372036854775808 ");
	ck_assert(note(file_of("a.csv", 18), &first, true));
	ck_assert_str_eq(files("a.csv"), "a.csv=18 ");
	ck_assert_str_eq(files("c.csv"), "");
	/* Of another source it is another file. */
	elsewhere.source = "/elsewhere";
	ck_assert(note(elsewhere, NULL, true));
	ck_assert_str_eq(files("a.csv"), "a.csv=18 ");
}
END_TEST

START_TEST(what_is_rolled_back_is_not_noted)
{
	ck_assert(note(file_of("a.csv", 1), NULL, false));
	ck_assert_str_eq(files(NULL), "");
	ck_assert(note(file_of("a.csv", 1), NULL, true));
}
END_TEST

Suite *imported_files_suite(void)
{
	Suite *suite = suite_create("imported files");
	TCase *cases = tcase_create("imported files");

	tcase_add_checked_fixture(cases, open_store, close_store);
	tcase_set_timeout(cases, 60);
	tcase_add_test(cases, a_file_is_noted_once);
	tcase_add_test(cases, what_is_rolled_back_is_not_noted);
	suite_add_tcase(suite, cases);
	return suite;
}
