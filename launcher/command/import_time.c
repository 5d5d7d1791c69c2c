/*
 * `import`: the times of a file, as its writer wrote them, to UTC.  Knows what
 * the user said of them, and nothing of rows and columns.
 */
#include "command/import.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What is written: local time, or with its distance from UTC. */
struct written {
	int64_t local, offset;
	bool has_offset;
};

static bool fail_format(const char *format, const char *text, struct lp_error *error)
{
	lp_fail(error, LP_EXIT_DATA, "\"%.60s\" is not a time written as %.60s", text, format);
	return lp_hint(error,
	               "--time-format: %%d day, %%m month, %%Y year, %%y its last two digits, %%H hour, %%M minute, "
	               "%%S second, %%z offset; or unix, unix-ms.");
}

/* Decimals of a second behind what strptime has read, which knows none: microseconds, and the rest is cut off. */
static const char *take_decimals(const char *at, int64_t *microseconds)
{
	*microseconds = 0;
	if ((*at != '.' && *at != ',') || at[1] < '0' || at[1] > '9') {
		return at;
	}
	int64_t weight = 100000;
	for (at++; *at >= '0' && *at <= '9'; at++, weight /= 10) {
		*microseconds += (*at - '0') * weight;
	}
	return at;
}

/* Seconds or milliseconds since 1970, in UTC. */
static bool parse_unix(const char *text, int64_t unit, struct written *written)
{
	bool negative = *text == '-';
	const char *digits = text + negative;
	char *end;
	int64_t decimals;

	long long count = strtoll(digits, &end, 10);
	if (*digits < '0' || *digits > '9' || count > LP_TIME_MAX / unit + 1) {
		return false;
	}
	const char *rest = take_decimals(end, &decimals);
	int64_t distance = count * unit + decimals * unit / LP_SECOND;
	*written = (struct written){ .local = negative ? -distance : distance, .has_offset = true };
	return *rest == '\0';
}

static bool parse_by_format(const char *format, const char *text, struct written *written)
{
	struct tm tm = { .tm_mday = 1 };
	int64_t decimals = 0;

	const char *rest = strptime(text, format, &tm);
	if (rest == NULL) {
		return false;
	}
	rest = take_decimals(rest, &decimals);
	struct lp_civil civil = { .year = tm.tm_year + 1900,
		                  .month = tm.tm_mon + 1,
		                  .day = tm.tm_mday,
		                  .hour = tm.tm_hour,
		                  .minute = tm.tm_min,
		                  .second = tm.tm_sec,
		                  .microsecond = (int32_t)decimals };
	struct lp_civil same;
	written->local = lp_civil_to_local(&civil);
	written->has_offset = strstr(format, "%z") != NULL;
	written->offset = tm.tm_gmtoff * LP_SECOND;
	/* strptime takes the 31st of February. */
	lp_civil_from_local(written->local, &same);
	return *rest == '\0' && memcmp(&same, &civil, sizeof same) == 0;
}

static bool parse(const char *format, const char *text, struct written *written, struct lp_error *error)
{
	if (format == NULL) {
		return lp_time_parse_written(text, &written->local, &written->has_offset, &written->offset, error) ||
		       lp_hint(error,
		               "Times are read as in 2026-03-01T12:00:00Z, 2026-03-01 12:00:00+01:00 or 2026-03-01 "
		               "12:00; others with --time-format, such as '%%d.%%m.%%Y %%H:%%M:%%S' or unix.");
	}
	bool parsed = strcmp(format, "unix") == 0      ? parse_unix(text, LP_SECOND, written)
	              : strcmp(format, "unix-ms") == 0 ? parse_unix(text, LP_SECOND / 1000, written)
	                                               : parse_by_format(format, text, written);
	return parsed || fail_format(format, text, error);
}

bool lp_import_time(const struct lp_import_settings *settings, const char *text, lp_time *t, struct lp_error *error)
{
	struct written written;
	if (!parse(settings->time_format, text, &written, error)) {
		return false;
	}
	if (written.has_offset || settings->fixed) {
		*t = written.local - (written.has_offset ? written.offset : settings->offset);
	} else {
		*t = lp_zone_to_utc(settings->zone, written.local);
		if (*t + lp_zone_offset(settings->zone, *t, NULL) != written.local) {
			lp_fail(error, LP_EXIT_DATA, "\"%.60s\" was left out when clocks went forward", text);
			return lp_hint(
				error,
				"In %s it never was. If times are in standard time all year, give its distance from "
				"UTC: --time-zone +01:00.",
				lp_zone_name(settings->zone));
		}
	}
	if (*t < LP_TIME_MIN || *t > LP_TIME_MAX) {
		return lp_fail(error, LP_EXIT_DATA, "\"%.60s\" is outside of the years 1 to 9999 (in UTC)", text);
	}
	return true;
}
