/* The embedded files: found by exact name, walked by prefix. */
#include "model/clock.h"
#include "model/embedded.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(a_file_is_found_by_its_name)
{
	const struct lp_embedded *zone = lp_embedded_find("zoneinfo/Europe/Berlin");

	ck_assert_ptr_nonnull(zone);
	ck_assert_uint_gt(zone->size, 100);
	ck_assert_mem_eq(zone->data, "TZif", 4);
	ck_assert_uint_eq(zone->data[zone->size], 0);
}
END_TEST

START_TEST(old_names_of_zones_are_there)
{
	ck_assert_ptr_nonnull(lp_embedded_find("zoneinfo/US/Pacific"));
	ck_assert_ptr_nonnull(lp_embedded_find("zoneinfo/UTC"));
	ck_assert_ptr_nonnull(lp_embedded_find("zoneinfo-version"));
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
	ck_assert_ptr_null(lp_embedded_find("zoneinfo/Europe/Berli"));
	ck_assert_ptr_null(lp_embedded_find("zoneinfo/Europe/Berlin2"));
	ck_assert_ptr_null(lp_embedded_find(""));
	ck_assert_ptr_null(lp_embedded_find("~"));
	ck_assert_ptr_null(lp_embedded_find("zoneinfo/localtime"));
}
END_TEST

START_TEST(a_prefix_walks_its_files_and_no_others)
{
	size_t units = 0, zones = 0, all = 0;

	for (const struct lp_embedded *file = lp_embedded_next("units/", NULL); file != NULL;
	     file = lp_embedded_next("units/", file)) {
		ck_assert_int_eq(strncmp(file->name, "units/", 6), 0);
		ck_assert_uint_gt(file->size, 0);
		units++;
	}
	for (const struct lp_embedded *file = lp_embedded_next("zoneinfo/", NULL); file != NULL;
	     file = lp_embedded_next("zoneinfo/", file))
		zones++;
	for (const struct lp_embedded *file = lp_embedded_next("", NULL); file != NULL;
	     file = lp_embedded_next("", file))
		all++;
	ck_assert_uint_eq(units, 6);
	ck_assert_uint_gt(zones, 400);
	ck_assert_uint_eq(all, lp_embedded_count);
	ck_assert_ptr_null(lp_embedded_next("nothing/", NULL));
}
END_TEST

START_TEST(the_table_is_sorted)
{
	for (size_t index = 1; index < lp_embedded_count; index++)
		ck_assert_int_lt(strcmp(lp_embedded_table[index - 1].name, lp_embedded_table[index].name), 0);
}
END_TEST

START_TEST(certificates_are_certificates)
{
	const struct lp_embedded *file = lp_embedded_find("ca-certificates.pem");
	size_t certificates = 0;

	ck_assert_ptr_nonnull(file);
	for (const char *at = (const char *)file->data; (at = strstr(at, "-----BEGIN CERTIFICATE-----")) != NULL; at++)
		certificates++;
	ck_assert_uint_gt(certificates, 100);
}
END_TEST

START_TEST(a_clock_before_the_program_was_written_is_behind)
{
	const lp_time year_2026 = INT64_C(1767225600) * LP_SECOND;

	ck_assert(lp_clock_is_behind(0));
	ck_assert(lp_clock_is_behind(5 * LP_MINUTE));
	ck_assert_int_gt(lp_clock_earliest(), year_2026);
	ck_assert(lp_clock_is_behind(lp_clock_earliest() - LP_DAY));
	ck_assert(!lp_clock_is_behind(lp_clock_earliest()));
	ck_assert(!lp_clock_is_behind(lp_now()));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("embedded");
	TCase *test = tcase_create("embedded");

	tcase_add_test(test, a_file_is_found_by_its_name);
	tcase_add_test(test, old_names_of_zones_are_there);
	tcase_add_test(test, what_is_not_there_is_not_found);
	tcase_add_test(test, a_prefix_walks_its_files_and_no_others);
	tcase_add_test(test, the_table_is_sorted);
	tcase_add_test(test, certificates_are_certificates);
	tcase_add_test(test, a_clock_before_the_program_was_written_is_behind);
	suite_add_tcase(suite, test);

	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
