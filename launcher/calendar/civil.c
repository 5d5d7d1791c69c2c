/*
 * Dates of the proleptic Gregorian calendar and their distance from 1970.
 * Knows no time zone.
 */
#include "calendar/zone_data.h"

/*
 * A year that begins in March has its leap day at the end, and the days before
 * each month follow one linear formula: (153 * month + 2) / 5.
 */
int64_t lp_days_from_date(int64_t year, int32_t month, int32_t day)
{
	int64_t shifted = month > 2 ? year : year - 1;
	int64_t era = lp_floor_divide(shifted, LP_CYCLE_YEARS);
	int64_t year_of_era = shifted - era * LP_CYCLE_YEARS;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468; /* days from 0000-03-01 to 1970-01-01 */
}

int32_t lp_days_in_month(int64_t year, int32_t month)
{
	static const int8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return month == 2 && leap ? 29 : days[month - 1];
}

void lp_civil_from_local(int64_t local, struct lp_civil *civil)
{
	int64_t days = lp_floor_divide(local, LP_DAY);
	int64_t of_day = local - days * LP_DAY;

	int64_t shifted = days + 719468;
	int64_t era = lp_floor_divide(shifted, 146097);
	int64_t day_of_era = shifted - era * 146097;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t march_month = (5 * day_of_year + 2) / 153;

	civil->day = (int32_t)(day_of_year - (153 * march_month + 2) / 5 + 1);
	civil->month = (int32_t)(march_month < 10 ? march_month + 3 : march_month - 9);
	civil->year = (int32_t)(year_of_era + era * LP_CYCLE_YEARS + (civil->month <= 2));
	civil->hour = (int32_t)(of_day / LP_HOUR);
	civil->minute = (int32_t)(of_day / LP_MINUTE % 60);
	civil->second = (int32_t)(of_day / LP_SECOND % 60);
	civil->microsecond = (int32_t)(of_day % LP_SECOND);
}

int64_t lp_civil_to_local(const struct lp_civil *civil)
{
	int64_t months = (int64_t)civil->year * 12 + civil->month - 1;
	int64_t year = lp_floor_divide(months, 12);
	int64_t days = lp_days_from_date(year, (int32_t)(months - year * 12) + 1, 1) + civil->day - 1;
	return days * LP_DAY + civil->hour * LP_HOUR + civil->minute * LP_MINUTE + civil->second * LP_SECOND +
	       civil->microsecond;
}
