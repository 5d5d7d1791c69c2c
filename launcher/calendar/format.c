/* Times as people write and read them, in a time zone. */
#include "calendar/zone_data.h"

#include "text/json.h"
#include "text/utf8.h"
#include <inttypes.h>
#include <stdio.h>

bool lp_time_parse(const char *text, const struct lp_zone *zone, lp_time *t, struct lp_error *error)
{
	int64_t local, offset;
	bool has_offset = false;

	if (!lp_time_parse_written(text, &local, &has_offset, &offset, error))
		return false;
	*t = has_offset ? local - offset : lp_zone_to_utc(zone, local);
	if (*t < LP_TIME_MIN || *t > LP_TIME_MAX)
		return lp_fail(error, LP_EXIT_DATA, "\"%.*s\" is outside of the years 1 to 9999 (in UTC)",
		               LP_CUT(100, text));
	return true;
}

void lp_time_format(lp_time t, const struct lp_zone *zone, char text[40])
{
	if (t == LP_TIME_NONE) {
		snprintf(text, 40, "-");
		return;
	}
	int64_t offset = lp_zone_offset(zone, t, NULL);
	int64_t local = t + offset;
	/* RFC 3339 has no form for seconds in an offset (local mean times) or for the year 0: those are written in UTC. */
	if (offset % LP_MINUTE != 0 || local < LP_TIME_MIN || local > LP_TIME_MAX) {
		offset = 0;
		local = t;
	}
	struct lp_civil civil;
	lp_civil_from_local(local, &civil);
	int length =
		snprintf(text, 40, "%04" PRId32 "-%02" PRId32 "-%02" PRId32 "T%02" PRId32 ":%02" PRId32 ":%02" PRId32,
	                 civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second);
	if (civil.microsecond % 1000 != 0)
		length += snprintf(text + length, (size_t)(40 - length), ".%06" PRId32, civil.microsecond);
	else if (civil.microsecond != 0)
		length += snprintf(text + length, (size_t)(40 - length), ".%03" PRId32, civil.microsecond / 1000);
	if (offset == 0) {
		snprintf(text + length, (size_t)(40 - length), "Z");
	} else {
		int32_t minutes = (int32_t)((offset < 0 ? -offset : offset) / LP_MINUTE);
		snprintf(text + length, (size_t)(40 - length), "%c%02" PRId32 ":%02" PRId32, offset < 0 ? '-' : '+',
		         minutes / 60, minutes % 60);
	}
}

void lp_json_add_time(struct lp_text *json, const char *name, lp_time t, const struct lp_zone *zone)
{
	char text[40];
	lp_time_format(t, zone, text);
	lp_json_add_text(json, name, t == LP_TIME_NONE ? NULL : text);
}
