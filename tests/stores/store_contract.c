/* Runs the contract of the stores over the one that LP_TEST_STORE names. */
#include "suites.h"

#include <stdlib.h>

int main(void)
{
	SRunner *runner;
	int failed;

	prepare_stores();
	runner = srunner_create(definitions_suite());
	srunner_add_suite(runner, samples_suite());
	srunner_add_suite(runner, imported_files_suite());
	srunner_add_suite(runner, commit_suite());
	srunner_add_suite(runner, people_suite());
	srunner_add_suite(runner, changes_suite());
	srunner_add_suite(runner, owed_suite());
	srunner_add_suite(runner, results_suite());
	srunner_add_suite(runner, outdated_suite());
	srunner_add_suite(runner, failures_suite());
	srunner_add_suite(runner, time_suite());
	srunner_add_suite(runner, pruned_suite());
	/* A pooler does to us what the others are about; these are about the server behind it. */
	if (is_postgresql() && getenv("LP_TEST_STORE_OPTIONS") == NULL) {
		srunner_add_suite(runner, postgresql_suite());
		srunner_add_suite(runner, shortcuts_suite());
		srunner_add_suite(runner, together_suite());
	}
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
