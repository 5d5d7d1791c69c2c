/* The length of a span where no calendar is at hand. */
#include "model/time.h"

int64_t lp_span_least(struct lp_span span)
{
	static const int64_t least[] = {
		[LP_UNIT_SECOND] = LP_SECOND,    [LP_UNIT_MINUTE] = LP_MINUTE,  [LP_UNIT_HOUR] = LP_HOUR,
		[LP_UNIT_DAY] = LP_DAY,          [LP_UNIT_WEEK] = 7 * LP_DAY,   [LP_UNIT_MONTH] = 28 * LP_DAY,
		[LP_UNIT_QUARTER] = 90 * LP_DAY, [LP_UNIT_YEAR] = 365 * LP_DAY,
	};
	int64_t length;
	return __builtin_mul_overflow(least[span.unit], (int64_t)span.count, &length) ? INT64_MAX : length;
}
