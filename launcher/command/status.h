/* The part of `status` that is about one calculation, and forms that both have: status_detail.c. */
#ifndef LP_COMMAND_STATUS_H
#define LP_COMMAND_STATUS_H

#include "calendar/calendar.h"
#include "show/show.h"

/* One calculation for a person.  waits: what it waits for, see show.h; NULL: nothing. */
void lp_status_print_detail(const struct lp_status *status, const char *waits, const struct lp_zone *zone);
void lp_status_print_definition(const struct lp_calculation *definition);
/* In whole seconds: fractions of one tell a person nothing here. */
void lp_status_format_second(lp_time t, const struct lp_zone *zone, char text[40]);
/* "0.31 ms" */
void lp_nanoseconds_format(int64_t nanoseconds, char text[24]);
/* The version of the definition that computed a window: "2", or "unknown" where an earlier release did. Returns text. */
const char *lp_definition_version_format(const struct lp_history *history, char text[16]);
/* The same of the rule; of one that was not called "not called". */
const char *lp_rule_version_format(const struct lp_history *history);

#endif
