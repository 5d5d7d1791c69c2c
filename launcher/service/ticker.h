/*
 * Which minute it is to work for, as the machine's clocks go: from minute to
 * minute, over minutes that passed meanwhile, and after the wall clock was set or
 * the machine slept. Reads no clock itself.
 */
#ifndef LP_SERVICE_TICKER_H
#define LP_SERVICE_TICKER_H

#include "model/time.h"
#include <stdbool.h>

/* What the clocks said at one moment, in microseconds. */
struct lp_clocks {
	lp_time wall;      /* of the day: it can be set */
	int64_t boot;      /* since the machine started */
	int64_t monotonic; /* the same, without the time that it slept */
};
struct lp_clocks lp_clocks_read(void);

/* Zeroed, and tick LP_TIME_NONE: no minute has been worked for. */
struct lp_ticker {
	lp_time tick;          /* the last one that was given */
	struct lp_clocks last; /* when the clocks were looked at last */
};

/* What a look at the clocks has shown. */
struct lp_tick_news {
	int64_t set;    /* the wall clock was set forward by so much; < 0: back; 0: it was not */
	int64_t slept;  /* so long the machine slept */
	int64_t missed; /* whole minutes between the last tick and the new one */
	bool again;     /* the new tick is not after the last one: the clock was set back */
};

/*
 * Returns true if a minute has begun that is to be worked for, ticker->tick. A
 * clock that was set back by less than a minute is waited for; one that was set
 * back further is followed.
 */
bool lp_ticker_look(struct lp_ticker *ticker, const struct lp_clocks *now, struct lp_tick_news *news);
/* The time of the wall clock at which the next tick begins, if the clock is not set. */
lp_time lp_ticker_next(const struct lp_ticker *ticker);

#endif
