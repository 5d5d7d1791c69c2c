/* compare_print.c: a comparison as people and programs see it. */
#ifndef LP_COMMAND_COMPARE_H
#define LP_COMMAND_COMPARE_H

#include "command/comparison.h"
#include "command/output.h"

/* Compares, and prints what comes of it; CSV while it goes. */
bool lp_compare_print(struct lp_comparison *comparison, enum lp_output_form form, const struct lp_zone *zone,
                      struct lp_error *error) LP_MUST_CHECK;

#endif
