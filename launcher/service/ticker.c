/* See ticker.h. */
#include "service/ticker.h"

#include <time.h>

/* Below that it is an NTP client that slews the clock, or the time between two readings. */
#define NOTABLE LP_SECOND

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return now.tv_sec * LP_SECOND + now.tv_nsec / 1000;
}

struct lp_clocks lp_clocks_read(void)
{
	return (struct lp_clocks){ .wall = read_clock(CLOCK_REALTIME),
		                   .boot = read_clock(CLOCK_BOOTTIME),
		                   .monotonic = read_clock(CLOCK_MONOTONIC) };
}

static int64_t notable(int64_t difference)
{
	return difference >= NOTABLE || difference <= -NOTABLE ? difference : 0;
}

static lp_time minute_of(lp_time wall)
{
	return wall / LP_MINUTE * LP_MINUTE;
}

bool lp_ticker_look(struct lp_ticker *ticker, const struct lp_clocks *now, struct lp_tick_news *news)
{
	const struct lp_clocks last = ticker->last;
	lp_time tick = minute_of(now->wall);
	*news = (struct lp_tick_news){ 0 };
	ticker->last = *now;
	if (ticker->tick == LP_TIME_NONE) {
		ticker->tick = tick;
		return true;
	}
	news->set = notable((now->wall - last.wall) - (now->boot - last.boot));
	news->slept = notable((now->boot - last.boot) - (now->monotonic - last.monotonic));
	if (tick == ticker->tick)
		return false;
	if (tick < ticker->tick && ticker->tick - now->wall <= LP_MINUTE)
		return false;
	news->again = tick < ticker->tick;
	news->missed = news->again ? 0 : (tick - ticker->tick) / LP_MINUTE - 1;
	ticker->tick = tick;
	return true;
}

lp_time lp_ticker_next(const struct lp_ticker *ticker)
{
	lp_time next = minute_of(ticker->last.wall) + LP_MINUTE;
	return next > ticker->tick ? next : ticker->tick + LP_MINUTE;
}
