#include "model/clock.h"

#include <time.h>

lp_time lp_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * LP_SECOND + now.tv_nsec / 1000;
}

int64_t lp_monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * LP_MONOTONIC_SECOND + now.tv_nsec;
}
