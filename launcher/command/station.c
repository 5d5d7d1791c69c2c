/*
 * Makes up the samples of a pumping station: three pumps with power, flow and
 * an energy counter, and with what happens to plants: a replaced counter, a
 * lost connection, a restarted logger.
 */
#include "command/station.h"

#include "calendar/calendar.h"
#include <errno.h>
#include <math.h>

enum { PUMPS = 3, SECONDS = 6 * 3600 };
enum { COUNTER_REPLACED = 3 * 3600 + 7 * 60 };                            /* p1, 21:07 */
enum { LINE_LOST = 2 * 3600 + 10 * 60, LINE_BACK = LINE_LOST + 15 * 60 }; /* p2, 20:10 to 20:25 */
enum { LOGGER_DOWN = 4 * 3600 + 30 * 60, LOGGER_UP = LOGGER_DOWN + 90 };  /* all, 22:30:00 to 22:31:30 */

static const struct pump {
	double power;      /* kW at full speed */
	double head;       /* m */
	double efficiency; /* hydraulic over electric */
	int on, off;       /* seconds of each in turn; off 0: it never stops */
	double swing;      /* share by which the speed changes over an hour */
	double counter;    /* kWh at the beginning */
} pumps[PUMPS] = {
	{ 30.0, 42.0, 0.74, 1, 0, 0.08, 184203.6 },
	{ 22.0, 42.0, 0.69, 2400, 1200, 0.03, 90117.2 },
	{ 11.0, 28.0, 0.63, 5400, 300, 0.25, 7451.9 },
};

/* SplitMix64 (Steele, Lea and Flood, 2014): small, and the same everywhere. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9E3779B97F4A7C15u;
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

/* Between -1 and 1, small ones more often. */
static double noise(uint64_t *state)
{
	double a = (double)(next_random(state) >> 11) / 9007199254740992.0;
	double b = (double)(next_random(state) >> 11) / 9007199254740992.0;
	return a - b;
}

static double power_at(const struct pump *pump, int second, uint64_t *random)
{
	if (pump->off > 0 && second % (pump->on + pump->off) >= pump->on)
		return 0;
	double speed = 1 + pump->swing * sin(second / 3600.0 * 6.283185307179586);
	return pump->power * speed * (1 + 0.01 * noise(random));
}

/* In m3/h: what the power lifts over the head. */
static double flow_of(const struct pump *pump, double power, uint64_t *random)
{
	double watts_per_flow = 998.0 * 9.80665 * pump->head / 3600.0;
	return power * 1000 * pump->efficiency * (1 + 0.02 * noise(random)) / watts_per_flow;
}

bool lp_station_write(FILE *file, struct lp_error *error)
{
	const lp_time start = lp_civil_to_local(&(struct lp_civil){ 2010, 12, 31, 18, 0, 0, 0 });
	uint64_t random = 20101231;
	double counters[PUMPS];

	fputs("time", file);
	for (int p = 0; p < PUMPS; p++) {
		counters[p] = pumps[p].counter;
		fprintf(file, ",p%d/power,p%d/flow,p%d/counter", p + 1, p + 1, p + 1);
	}
	fputc('\n', file);
	for (int second = 0; second < SECONDS; second++) {
		struct lp_civil civil;
		bool logged = second < LOGGER_DOWN || second >= LOGGER_UP;
		lp_civil_from_local(start + second * LP_SECOND, &civil);
		if (logged) {
			fprintf(file, "%04d-%02d-%02dT%02d:%02d:%02d", civil.year, civil.month, civil.day, civil.hour,
			        civil.minute, civil.second);
		}
		for (int p = 0; p < PUMPS; p++) {
			double power = power_at(&pumps[p], second, &random);
			double flow = flow_of(&pumps[p], power, &random);
			counters[p] = p == 0 && second == COUNTER_REPLACED ? 0 : counters[p] + power / 3600;
			bool lost = p == 1 && second >= LINE_LOST && second < LINE_BACK;
			if (logged && lost)
				fputs(",,,", file);
			else if (logged)
				fprintf(file, ",%.2f,%.1f,%.3f", power, flow, counters[p]);
		}
		if (logged)
			fputc('\n', file);
	}
	return !ferror(file) || lp_fail_errno(error, LP_EXIT_CANNOT_WRITE, errno, "cannot write the station's samples");
}
