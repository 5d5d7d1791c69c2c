/* What commands that show data have in common: the form, and whether it could be written. */
#ifndef LP_COMMAND_OUTPUT_H
#define LP_COMMAND_OUTPUT_H

#include "calendar/calendar.h"
#include "model/error.h"
#include <stdio.h>

enum lp_output_form { LP_OUTPUT_TABLE, LP_OUTPUT_CSV, LP_OUTPUT_JSON };

/* name NULL: a table where standard output is a terminal, else CSV. */
bool lp_output_form_parse(const char *name, enum lp_output_form *form, struct lp_error *error) LP_MUST_CHECK;
/* Nobody reads standard output any more: `head` has seen enough, which is no error of ours. */
bool lp_output_is_abandoned(void);
/* All that was printed has left the program, or why not: a full disk must not look like success. */
bool lp_output_finish(struct lp_error *error) LP_MUST_CHECK;
/* A whole number not below `least` from an option's value. */
bool lp_count_parse(const char *option, const char *text, uint32_t least, uint32_t *count,
                    struct lp_error *error) LP_MUST_CHECK;

/* A member of a JSON object: `"name": "value"`; NULL, and LP_TIME_NONE, are null. */
void lp_print_json_text(const char *name, const char *value);
void lp_print_json_time(const char *name, lp_time t, const struct lp_zone *zone);

#endif
