/*
 * The length of spans: about, at least and at most.  Knows no schedule.
 */
#include "calendar/length.h"

#include "calendar/zone_data.h"

#include <assert.h>

struct lp_length lp_length_of(struct lp_span span)
{
	static const struct lp_length units[] = {
		[LP_UNIT_SECOND] = { .elapsed = LP_SECOND },
		[LP_UNIT_MINUTE] = { .elapsed = LP_MINUTE },
		[LP_UNIT_HOUR] = { .elapsed = LP_HOUR },
		[LP_UNIT_DAY] = { .days = 1 },
		[LP_UNIT_WEEK] = { .days = 7 },
		[LP_UNIT_MONTH] = { .months = 1 },
		[LP_UNIT_QUARTER] = { .months = 3 },
		[LP_UNIT_YEAR] = { .months = 12 },
	};

	assert((size_t)span.unit < sizeof units / sizeof *units);
	struct lp_length unit = units[span.unit];
	return (struct lp_length){ span.count * unit.months, span.count * unit.days, span.count * unit.elapsed };
}

bool lp_length_equals(struct lp_length a, struct lp_length b)
{
	return a.months == b.months && a.days == b.days && a.elapsed == b.elapsed;
}

int64_t lp_length_about(struct lp_length length)
{
	const int64_t day = LP_DAY / LP_SECOND;
	return length.months * (146097 * day / 4800) + length.days * day + length.elapsed / LP_SECOND;
}

bool lp_length_is_too_long(int64_t seconds)
{
	return seconds > 366 * LP_LENGTH_YEARS_MOST * (LP_DAY / LP_SECOND);
}

int64_t lp_local_months_before(int64_t local, int64_t months)
{
	struct lp_civil civil;
	lp_civil_from_local(local, &civil);
	int64_t total = civil.year * INT64_C(12) + civil.month - 1 - months;
	int64_t year = lp_floor_divide(total, 12);
	civil.year = (int32_t)year;
	civil.month = (int32_t)(total - year * 12) + 1;
	int32_t last = lp_days_in_month(year, civil.month);
	civil.day = civil.day < last ? civil.day : last;
	return lp_civil_to_local(&civil);
}

int64_t lp_local_after(int64_t local, struct lp_length length)
{
	assert(length.elapsed == 0);
	if (length.months != 0)
		local = lp_local_months_before(local, -length.months);
	return local + length.days * LP_DAY;
}

lp_time lp_time_before(const struct lp_zone *zone, lp_time end, int64_t local, struct lp_length length)
{
	if (length.elapsed != 0)
		return end - length.elapsed;
	int64_t earlier = lp_local_after(local, (struct lp_length){ -length.months, -length.days, 0 });
	lp_time start;
	while ((start = lp_zone_to_utc(zone, earlier)) >= end)
		earlier -= LP_DAY;
	return start;
}

/*
 * Counts the days of a number of months, at least and at most, from any day of any
 * month.  The last day of a month, which stands for those that it does not have,
 * lies between the months that begin before and after it.  Which months are
 * short repeats every four years, but around a year such as 1900, which was no
 * leap year: eight years from 1896 have the fewest leap days, and ninety from
 * 1904 the most.
 */
static void count_days(int64_t months, int64_t *least, int64_t *most)
{
	*least = INT64_MAX;
	*most = 0;
	for (int64_t first = INT64_C(1896) * 12; first < INT64_C(1909) * 12; first++) {
		int64_t last = first + months;
		int64_t days = lp_days_from_date(last / 12, (int32_t)(last % 12) + 1, 1) -
		               lp_days_from_date(first / 12, (int32_t)(first % 12) + 1, 1);
		*least = days < *least ? days : *least;
		*most = days > *most ? days : *most;
	}
}

void lp_span_bounds(const struct lp_zone *zone, struct lp_span span, int64_t *least, int64_t *most)
{
	struct lp_length length = lp_length_of(span);
	*least = *most = length.elapsed;
	if (lp_length_is_too_long(lp_length_about(length))) {
		*least = *most = INT64_MAX;
		return;
	}
	if (length.elapsed != 0 || span.count == 0)
		return;
	int64_t fewest = length.days, many = length.days;
	if (length.months != 0)
		count_days(length.months, &fewest, &many);
	/* Both ends are local times: what their offsets from UTC differ by is won or lost. */
	int64_t change = zone->offset_most - zone->offset_least;
	*least = fewest * LP_DAY - change;
	*most = many * LP_DAY + change;
}
