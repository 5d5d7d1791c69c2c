/* See doubles.h. */
#include "store/postgresql/doubles.h"

bool lp_pg_is_double(double value, uint8_t quality, double other_value, uint8_t other_quality)
{
	bool missing = lp_sample_is_missing(value, quality);

	if (missing || lp_sample_is_missing(other_value, other_quality))
		return missing && lp_sample_is_missing(other_value, other_quality);
	return value == other_value && quality == other_quality;
}

static uint8_t quality_of(const struct lp_column *column, size_t i)
{
	return column->quality == NULL ? LP_QUALITY_GOOD : column->quality[i];
}

static void move(struct lp_column *column, size_t to, size_t from)
{
	column->time[to] = column->time[from];
	column->value[to] = column->value[from];
	if (column->quality != NULL)
		column->quality[to] = column->quality[from];
}

bool lp_pg_drop_doubles(struct lp_column *column, lp_time *at)
{
	size_t kept = 0;

	for (size_t i = 0; i < column->count; i++) {
		if (kept > 0 && column->time[i] == column->time[kept - 1]) {
			if (!lp_pg_is_double(column->value[i], quality_of(column, i), column->value[kept - 1],
			                     quality_of(column, kept - 1))) {
				*at = column->time[i];
				return false;
			}
			continue;
		}
		if (kept != i)
			move(column, kept, i);
		kept++;
	}
	column->count = kept;
	return true;
}
