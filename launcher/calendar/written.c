/*
 * Times as texts have them: RFC 3339 and what is near to it. Knows no time
 * zone, only local times and offsets.
 */
#include "calendar/zone_data.h"

#include "text/utf8.h"
#include <string.h>

/* `at` is the rest of the text. Each take_... moves it on only if it succeeds. */
static bool take(const char **at, char wanted)
{
	if (**at != wanted)
		return false;
	(*at)++;
	return true;
}

/* Takes exactly this many digits. */
static bool take_digits(const char **at, int digits, int32_t *number)
{
	int32_t value = 0;
	for (int i = 0; i < digits; i++) {
		char c = (*at)[i];
		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	*number = value;
	*at += digits;
	return true;
}

/* Digits beyond microseconds are cut off: nanoseconds are common in exports, and below what is kept here. */
static bool take_fraction(const char **at, int32_t *microseconds)
{
	int32_t weight = 100000;
	if (**at < '0' || **at > '9')
		return false;
	for (*microseconds = 0; **at >= '0' && **at <= '9'; (*at)++, weight /= 10)
		*microseconds += (**at - '0') * weight;
	return true;
}

/* "+01:00", "+0100", "+01"; short: "+1" as well. */
static bool take_offset(const char **at, bool allow_short, int64_t *offset)
{
	const char *p = *at;
	int64_t sign = *p == '-' ? -1 : 1;
	int32_t hours, minutes = 0;

	if (*p != '+' && *p != '-')
		return false;
	p++;
	if (!take_digits(&p, 2, &hours) && !(allow_short && take_digits(&p, 1, &hours)))
		return false;
	if (take(&p, ':')) {
		if (!take_digits(&p, 2, &minutes))
			return false;
	} else {
		(void)take_digits(&p, 2, &minutes);
	}
	if (hours > 23 || minutes > 59)
		return false;
	*offset = sign * (hours * LP_HOUR + minutes * LP_MINUTE);
	*at = p;
	return true;
}

bool lp_offset_parse(const char *text, int64_t *offset)
{
	const char *at = text;
	bool named = strncmp(at, "UTC", 3) == 0 || strncmp(at, "GMT", 3) == 0;

	if (named)
		at += 3;
	return take_offset(&at, named, offset) && *at == '\0';
}

/* Returns NULL, or why the fields are no date or time. */
static const char *check_fields(const struct lp_civil *civil)
{
	if (civil->month < 1 || civil->month > 12)
		return "there is no such month";
	if (civil->day < 1 || civil->day > lp_days_in_month(civil->year, civil->month))
		return "that month has no such day";
	if (civil->second == 60)
		return "leap seconds have no place in this time scale";
	/* 24:00 is how meter data writes the end of a day. */
	bool midnight = civil->hour == 24 && civil->minute == 0 && civil->second == 0 && civil->microsecond == 0;
	if ((civil->hour > 23 && !midnight) || civil->minute > 59 || civil->second > 59)
		return "there is no such time of day";
	return NULL;
}

static bool take_date_and_time(const char **at, struct lp_civil *civil)
{
	*civil = (struct lp_civil){ 0 };
	if (!take_digits(at, 4, &civil->year) || !take(at, '-') || !take_digits(at, 2, &civil->month) ||
	    !take(at, '-') || !take_digits(at, 2, &civil->day))
		return false;
	if (**at == '\0')
		return true;
	if (!take(at, 'T') && !take(at, ' ') && !take(at, 't'))
		return false;
	if (!take_digits(at, 2, &civil->hour) || !take(at, ':') || !take_digits(at, 2, &civil->minute))
		return false;
	if (take(at, ':')) {
		if (!take_digits(at, 2, &civil->second))
			return false;
		if ((take(at, '.') || take(at, ',')) && !take_fraction(at, &civil->microsecond))
			return false;
	}
	return true;
}

bool lp_time_parse_written(const char *text, int64_t *local, bool *has_offset, int64_t *offset, struct lp_error *error)
{
	const char *at = text;
	struct lp_civil civil;

	if (!take_date_and_time(&at, &civil)) {
		lp_fail(error, LP_EXIT_DATA, "\"%.*s\" is not a time", LP_CUT(100, text));
		return lp_hint(error,
		               "Write it as in 2026-03-01T12:00:00Z, 2026-03-01 12:00:00+01:00, 2026-03-01 12:00 "
		               "or 2026-03-01.");
	}
	const char *wrong = check_fields(&civil);
	if (wrong != NULL)
		return lp_fail(error, LP_EXIT_DATA, "\"%.*s\" is not a time: %s", LP_CUT(100, text), wrong);
	while (*at == ' ')
		at++;
	*local = lp_civil_to_local(&civil);
	*offset = 0;
	*has_offset = *at != '\0';
	if (!*has_offset || strcmp(at, "Z") == 0 || strcmp(at, "z") == 0 ||
	    (take_offset(&at, false, offset) && *at == '\0'))
		return true;
	lp_fail(error, LP_EXIT_DATA, "\"%.*s\" is not a time: \"%.*s\" is no offset from UTC", LP_CUT(100, text),
	        LP_CUT(40, at));
	return lp_hint(error, "Offsets are Z, +01:00, +0100 or +01.");
}
