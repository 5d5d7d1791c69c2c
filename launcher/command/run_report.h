/* What a run has done, for people. */
#ifndef LP_COMMAND_RUN_REPORT_H
#define LP_COMMAND_RUN_REPORT_H

#include "calendar/calendar.h"
#include "show/show.h"

/* Prints to standard output, with times in the zone. A run without id: nothing was due. */
void lp_report_print(const struct lp_run *run, const struct lp_run_timing *timing, const struct lp_zone *zone);
/* As people read them: "1,234,567"; "1.50 s", "230 ms", "4.10 us". */
void lp_report_count(uint64_t count, char text[32]);
void lp_report_duration(int64_t nanoseconds, char text[32]);

#endif
