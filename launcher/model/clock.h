/* The machine's clocks. */
#ifndef LP_MODEL_CLOCK_H
#define LP_MODEL_CLOCK_H

#include "model/time.h"
#include <time.h>

#include <stdbool.h>

/* The wall clock. It may be set at any moment. */
lp_time lp_now(void);
/* True if the clock must be wrong: at that time this program was not written yet. */
bool lp_clock_is_behind(lp_time now);
lp_time lp_clock_earliest(void); /* when it was committed */
/* Nanoseconds of a clock that is never set, for deadlines and durations. */
int64_t lp_monotonic(void);
#define LP_MONOTONIC_SECOND INT64_C(1000000000)

/* Returns the time of a clock in so many milliseconds, for waits of POSIX. */
struct timespec lp_clock_after(clockid_t clock, int milliseconds);

#endif
