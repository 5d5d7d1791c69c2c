/* How much of the past an input needs, given its samples. */
#include "model/calculation.h"

static bool is_missing(const struct lp_column *column, size_t index)
{
	return lp_sample_is_missing(column->value[index],
	                            column->quality == NULL ? LP_QUALITY_GOOD : column->quality[index]);
}

bool lp_input_needs_earlier(const struct lp_input *input, const struct lp_column *column,
                            const struct lp_column *previous)
{
	if (input->lookback < LP_METER_LOOKBACK || previous->count == 0)
		return false;
	double before = previous->value[previous->count - 1];
	for (size_t i = 0; i < column->count; i++) {
		if (is_missing(column, i))
			continue;
		if (column->value[i] > 0 && column->value[i] > before && column->value[i] > before * LP_METER_RISE)
			return true;
		before = column->value[i];
	}
	return false;
}

int64_t lp_input_lookback(const struct lp_input *input, const struct lp_column *column)
{
	if (input->lookback <= LP_DAY || column->count == 0)
		return input->lookback;
	for (size_t i = 0; i < column->count; i++)
		if (!is_missing(column, i))
			return input->lookback;
	return LP_DAY;
}

int64_t lp_input_reach(const struct lp_input *input)
{
	return input->shift.count > 0 ? lp_span_limit(input->shift) : 0;
}
