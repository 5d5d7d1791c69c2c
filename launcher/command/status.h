/* The parts of `status`, for its own files: the forms in which states, runs and windows are shown. */
#ifndef LP_COMMAND_STATUS_H
#define LP_COMMAND_STATUS_H

#include "calendar/calendar.h"
#include "command/command.h"
#include "store/store.h"

/* held: what it waits for, see hold.h; NULL: nothing. */

/* status_detail.c: one calculation for a person.  The definition may be NULL: it is disabled. */
void lp_status_print_detail(const struct lp_status *status, const char *held, const struct lp_zone *zone);
void lp_status_print_definition(const struct lp_calculation *definition);

/* status_json.c: objects, each without what stands between two of them. */
void lp_status_print_json(const struct lp_status *status, const char *held,
                          const struct lp_zone *zone); /* without its last brace */
void lp_status_print_json_history(const struct lp_history *history, const struct lp_zone *zone);
void lp_status_print_json_run(const struct lp_run *run, const struct lp_zone *zone);

/* Whether run, duration and samples of its last window are known: there was one, and its outcome was not pruned. */
bool lp_status_has_outcome(const struct lp_status *status);
/* In whole seconds: fractions of one tell a person nothing here. */
void lp_status_format_second(lp_time t, const struct lp_zone *zone, char text[40]);
/* "0.31 ms" */
void lp_nanoseconds_format(int64_t nanoseconds, char text[24]);

#endif
