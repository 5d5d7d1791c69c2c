/* When this program was written: a clock that shows an earlier time is wrong. */
#include "model/clock.h"
#include "model/embedded.h"

#include <stdlib.h>

lp_time lp_clock_earliest(void)
{
	const struct lp_embedded *committed = lp_embedded_find("committed");
	return committed == NULL ? 0 : strtoll((const char *)committed->data, NULL, 10) * LP_SECOND;
}

bool lp_clock_is_behind(lp_time now)
{
	/* The author's clock may have been ahead. */
	return now < lp_clock_earliest() - LP_HOUR;
}
