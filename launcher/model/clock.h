/* The machine's clocks. */
#ifndef LP_MODEL_CLOCK_H
#define LP_MODEL_CLOCK_H

#include "model/time.h"

#include <stdbool.h>

/* What people read; somebody may set it at any moment. */
lp_time lp_now(void);
/* It cannot be right: at that time this program was not written yet. */
bool lp_clock_is_behind(lp_time now);
lp_time lp_clock_earliest(void); /* when it was committed */
/* The one that nobody sets, for deadlines and for how long something took: nanoseconds, since whenever. */
int64_t lp_monotonic(void);
#define LP_MONOTONIC_SECOND INT64_C(1000000000)

#endif
