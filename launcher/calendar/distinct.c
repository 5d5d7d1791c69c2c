/*
 * Finds out if two windows of a schedule can begin at one time, so that their
 * results would have the same time.  (Ends are distinct by construction.)
 *
 * A window begins its length before its end.  In elapsed time, and on a grid of
 * months, each end then has a start of its own.  Windows of days, weeks or months
 * that end every few hours or days can share one, in three places:
 *
 * - a month that is too short has its last day in place of several: a month
 *   before the 28th to 31st of March is the 28th of February;
 * - a time of the clock that comes twice as an end is one time days before;
 * - a time of the clock that was left out, as a start, is moved on, to where
 *   another window begins.
 *
 * So the search goes around the ends of months and the changes of the zone's
 * clocks, through all of the 400 years after which both repeat.
 */
#include "calendar/length.h"
#include "calendar/zone_data.h"

#include "model/memory.h"
#include "model/order.h"
#include <stdlib.h>

enum { KINDS_MOST = 32, MONTHS_OF_CYCLE = LP_CYCLE_YEARS * 12 };

/* A calculation without a start is taken to begin here at the earliest. */
#define SINCE INT64_C(0)

/* A change of clocks as its windows see it: what happens around one of a kind happens around all. */
struct kind {
	int64_t of_day, before, after;
};

struct search {
	const struct lp_schedule *schedule;
	const struct lp_zone *zone;
	struct lp_length every, window;
	lp_time from; /* only windows that do not begin before */
	struct lp_window *windows;
	size_t count, capacity;
	struct lp_window *found;
	struct kind kinds[KINDS_MOST]; /* looked at, without a find */
	size_t kind_count;
};

static int compare_starts(const void *left, const void *right)
{
	const struct lp_window *a = left, *b = right;
	return a->start != b->start ? lp_compare(a->start, b->start) : lp_compare(a->end, b->end);
}

/* Among the windows that end from first to last. */
static bool look(struct search *search, lp_time first, lp_time last)
{
	struct lp_window window = { .end = first - 1 };
	search->count = 0;
	while (lp_window_ending_after(search->schedule, search->zone, window.end, &window) && window.end <= last) {
		if (window.start >= search->from) {
			LP_GROW(search->windows, search->count, search->capacity);
			search->windows[search->count++] = window;
		}
	}
	if (search->count > 1)
		qsort(search->windows, search->count, sizeof *search->windows, compare_starts);
	for (size_t i = 1; i < search->count; i++) {
		if (search->windows[i - 1].start == search->windows[i].start) {
			search->found[0] = search->windows[i - 1];
			search->found[1] = search->windows[i];
			return true;
		}
	}
	return false;
}

/* The first windows that end on two days of a month, which both begin on the last of a shorter one. */
static bool look_at_pair(struct search *search, int64_t first_day)
{
	for (int i = 0; i < 2; i++) {
		lp_time day = lp_zone_to_utc(search->zone, (first_day + i) * LP_DAY);
		if (!lp_window_ending_after(search->schedule, search->zone, day - 1, &search->found[i]))
			return false;
	}
	return search->found[0].start == search->found[1].start && search->found[0].end != search->found[1].end &&
	       search->found[0].start >= search->from;
}

static bool look_at_months(struct search *search)
{
	struct lp_civil civil;
	lp_civil_from_local(search->from + lp_zone_offset(search->zone, search->from, NULL), &civil);
	int64_t first = civil.year * INT64_C(12) + civil.month - 1;
	for (int64_t start = first; start <= first + MONTHS_OF_CYCLE; start++) {
		int64_t end = start + search->window.months;
		int32_t start_days = lp_days_in_month(start / 12, (int32_t)(start % 12) + 1);
		int32_t end_days = lp_days_in_month(end / 12, (int32_t)(end % 12) + 1);
		if (start_days >= end_days)
			continue;
		int64_t day = lp_days_from_date(end / 12, (int32_t)(end % 12) + 1, start_days);
		bool found = search->every.elapsed != 0
		                     ? look_at_pair(search, day)
		                     : look(search, lp_zone_to_utc(search->zone, day * LP_DAY),
		                            lp_zone_to_utc(search->zone, (day + end_days - start_days + 1) * LP_DAY));
		if (found)
			return true;
	}
	return false;
}

/* No other change of clocks from first to last. */
static bool is_quiet(const struct lp_zone *zone, lp_time first, lp_time last, lp_time but)
{
	lp_time change = lp_zone_next_change(zone, first);
	if (change == but)
		change = lp_zone_next_change(zone, change);
	return change > last;
}

static bool is_known(struct search *search, const struct kind *kind)
{
	for (size_t i = 0; i < search->kind_count; i++) {
		const struct kind *known = &search->kinds[i];
		if (known->of_day == kind->of_day && known->before == kind->before && known->after == kind->after)
			return true;
	}
	if (search->kind_count < KINDS_MOST)
		search->kinds[search->kind_count++] = *kind;
	return false;
}

/* Windows that end around a change of clocks, and those that begin there. */
static bool look_at_change(struct search *search, lp_time change)
{
	const struct lp_zone *zone = search->zone;
	int64_t before = lp_zone_offset(zone, change - 1, NULL), after = lp_zone_offset(zone, change, NULL);
	int64_t jump = after > before ? after - before : before - after;
	if (jump == 0)
		return false;
	int64_t local = change + before;
	/* Ends lie this much beside where the calendar puts them. */
	int64_t pad = search->window.months != 0 ? 5 * LP_DAY : jump <= 3 * LP_HOUR ? 3 * LP_HOUR : 26 * LP_HOUR;
	lp_time first = lp_zone_to_utc(zone, lp_local_after(local - jump, search->window)) - pad;
	lp_time last = lp_zone_to_utc(zone, lp_local_after(local + 2 * jump, search->window)) + pad;
	struct kind kind = { local - lp_floor_divide(local, LP_DAY) * LP_DAY, before, after };
	bool alone = search->window.months == 0 && change - (search->window.days + 4) * LP_DAY >= search->from &&
	             is_quiet(zone, change - 3 * LP_DAY, change + 3 * LP_DAY, change) &&
	             is_quiet(zone, first - 3 * LP_DAY, last + 3 * LP_DAY, change);
	if (alone && is_known(search, &kind))
		return false;
	return look(search, change - jump, change + jump) || look(search, first, last);
}

static bool look_at_changes(struct search *search)
{
	const struct lp_zone *zone = search->zone;
	/* Up to where all changes have been, and a hundred years, which a window may have, after that. */
	lp_time last = LP_TIME_MAX;
	if (zone->repeat != INT64_MAX) {
		lp_time cycle = search->from + LP_CYCLE;
		last = (cycle > zone->repeat ? cycle : zone->repeat) + LP_CYCLE / 4 + 366 * LP_DAY;
	}
	lp_time change = lp_zone_next_change(zone, search->from - 3 * LP_DAY);
	while (change <= last && change <= LP_TIME_MAX) {
		if (look_at_change(search, change))
			return true;
		change = lp_zone_next_change(zone, change);
	}
	return false;
}

static bool find(struct search *search)
{
	struct lp_length every = search->every, window = search->window;
	if (window.elapsed != 0 || every.months != 0 || every.days >= 7 || lp_length_equals(every, window))
		return false;
	return (window.months != 0 && look_at_months(search)) || (!search->zone->fixed && look_at_changes(search));
}

/* Clocks that do not change any more leave a start from which it cannot be; names change without them. */
static lp_time last_change(const struct lp_zone *zone)
{
	for (size_t i = zone->transition_count; zone->repeat == INT64_MAX && i > 0; i--) {
		lp_time change = zone->transitions[i - 1];
		if (lp_zone_offset(zone, change - 1, NULL) != lp_zone_offset(zone, change, NULL))
			return change;
	}
	return LP_TIME_NONE;
}

bool lp_windows_of_one_start(const struct lp_schedule *schedule, const struct lp_zone *zone, lp_time from,
                             struct lp_window windows[2], lp_time *never_from)
{
	struct search search = {
		.schedule = schedule,
		.zone = zone,
		.every = lp_length_of(schedule->every),
		.window = lp_length_of(schedule->window),
		.from = from == LP_TIME_NONE ? SINCE : from,
		.found = windows,
	};
	bool found = find(&search);
	*never_from = LP_TIME_NONE;
	lp_time start = last_change(zone);
	if (found && start != LP_TIME_NONE) {
		struct lp_window later[2];
		int64_t local = start + lp_zone_offset(zone, start, NULL);
		search.from = lp_zone_to_utc(zone, (lp_floor_divide(local, LP_DAY) + 2) * LP_DAY);
		search.found = later;
		search.kind_count = 0;
		*never_from = find(&search) ? LP_TIME_NONE : search.from;
	}
	free(search.windows);
	return found;
}
