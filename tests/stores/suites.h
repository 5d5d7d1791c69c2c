/* The suites of the stores' contract; store_contract runs those that fit the store. */
#ifndef LP_TESTS_STORES_SUITES_H
#define LP_TESTS_STORES_SUITES_H

#include "fixture.h"

Suite *definitions_suite(void);
Suite *samples_suite(void);
Suite *imported_files_suite(void);
Suite *commit_suite(void);
Suite *people_suite(void);
Suite *changes_suite(void);
Suite *owed_suite(void);
Suite *results_suite(void);
Suite *outdated_suite(void);
Suite *failures_suite(void);
Suite *time_suite(void);
Suite *pruned_suite(void);
Suite *postgresql_suite(void); /* what only PostgreSQL can meet */
Suite *shortcuts_suite(void);  /* what that store does in a shorter way */
Suite *together_suite(void);   /* what several connections to it do at once */

#endif
