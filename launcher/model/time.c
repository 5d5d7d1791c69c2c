/* Properties of windows, spans and schedules that need no calendar. */
#include "model/time.h"

const char *const lp_weekdays[] = { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" };

bool lp_window_equals(struct lp_window a, struct lp_window b)
{
	return a.start == b.start && a.end == b.end;
}

int64_t lp_span_about(struct lp_span span)
{
	static const int64_t about[] = {
		[LP_UNIT_SECOND] = LP_SECOND,    [LP_UNIT_MINUTE] = LP_MINUTE,  [LP_UNIT_HOUR] = LP_HOUR,
		[LP_UNIT_DAY] = LP_DAY,          [LP_UNIT_WEEK] = 7 * LP_DAY,   [LP_UNIT_MONTH] = 28 * LP_DAY,
		[LP_UNIT_QUARTER] = 90 * LP_DAY, [LP_UNIT_YEAR] = 365 * LP_DAY,
	};
	int64_t length;
	return __builtin_mul_overflow(about[span.unit], (int64_t)span.count, &length) ? INT64_MAX : length;
}

int64_t lp_span_limit(struct lp_span span)
{
	static const int64_t days[] = {
		[LP_UNIT_DAY] = 1,      [LP_UNIT_WEEK] = 7,   [LP_UNIT_MONTH] = 31,
		[LP_UNIT_QUARTER] = 92, [LP_UNIT_YEAR] = 366,
	};
	/* No zone is more than 26 hours from UTC, east or west. */
	const int64_t change = 52 * LP_HOUR;
	int64_t length;
	if (span.unit <= LP_UNIT_HOUR)
		return lp_span_about(span);
	if (__builtin_mul_overflow(days[span.unit] * LP_DAY, (int64_t)span.count, &length) ||
	    length > INT64_MAX - change)
		return INT64_MAX;
	return length + change;
}

bool lp_schedule_is_tumbling(const struct lp_schedule *schedule)
{
	return schedule->every.count == schedule->window.count && schedule->every.unit == schedule->window.unit;
}
