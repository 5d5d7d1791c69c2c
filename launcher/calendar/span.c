/*
 * Lengths of time as people write them: spans of the calendar ("1 month") and
 * durations ("1 h 30 min"), in words or ISO 8601.  Knows no zone and no date.
 */
#include "calendar/calendar.h"

#include "text/utf8.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS_MOST = 8 };
#define WHOLE_MOST INT64_C(1000000000000000)

/* Units finer than a second exist in durations only. */
enum { FINE_MILLISECOND = LP_UNIT_YEAR + 1, FINE_MICROSECOND };

static const struct unit {
	int unit;
	int64_t length; /* microseconds; 0: depends on the date */
	const char *name;
	const char *names; /* all ways to write it, each between blanks */
} units[] = {
	{ LP_UNIT_SECOND, LP_SECOND, "second", " second seconds sec secs s " },
	{ LP_UNIT_MINUTE, LP_MINUTE, "minute", " minute minutes min mins m " },
	{ LP_UNIT_HOUR, LP_HOUR, "hour", " hour hours hr hrs h " },
	{ LP_UNIT_DAY, LP_DAY, "day", " day days d " },
	{ LP_UNIT_WEEK, 7 * LP_DAY, "week", " week weeks w " },
	{ LP_UNIT_MONTH, 0, "month", " month months mo " },
	{ LP_UNIT_QUARTER, 0, "quarter", " quarter quarters q " },
	{ LP_UNIT_YEAR, 0, "year", " year years yr yrs y a " },
	{ FINE_MILLISECOND, LP_SECOND / 1000, "millisecond", " millisecond milliseconds ms " },
	{ FINE_MICROSECOND, 1, "microsecond", " microsecond microseconds us \302\265s \316\274s " },
};
enum { UNIT_COUNT = sizeof units / sizeof *units };

/* A number with up to nine decimals, and its unit. */
struct part {
	int64_t whole;
	int64_t billionths;
	const struct unit *unit;
};
struct parts {
	struct part items[PARTS_MOST];
	size_t count;
	bool negative;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool take_number(const char **at, struct part *part)
{
	const char *p = *at;
	if (!is_digit(*p))
		return false;
	for (part->whole = 0; is_digit(*p); p++) {
		part->whole = part->whole * 10 + (*p - '0');
		if (part->whole > WHOLE_MOST)
			return false;
	}
	part->billionths = 0;
	if (*p == '.' || *p == ',') {
		int64_t weight = 100000000;
		for (p++; is_digit(*p); p++, weight /= 10)
			part->billionths += (*p - '0') * weight;
	}
	*at = p;
	return true;
}

/* The unit's word: up to a digit or blank.  A single capital M is left to ISO 8601, where it has two meanings. */
static const struct unit *take_unit(const char **at)
{
	char word[24];
	size_t length = 1;
	const char *p = *at;

	word[0] = ' ';
	while (*p != '\0' && !is_digit(*p) && !is_blank(*p) && length < sizeof word - 2) {
		char c = *p++;
		word[length++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	word[length++] = ' ';
	word[length] = '\0';
	if (length < 3 || strncmp(*at, "M", (size_t)(p - *at)) == 0)
		return NULL;
	*at = p;
	for (size_t i = 0; i < UNIT_COUNT; i++)
		if (strstr(units[i].names, word) != NULL)
			return &units[i];
	return NULL;
}

/* "P1Y2M3W4DT5H6M7S" behind its P. */
static bool parse_iso(const char *at, struct parts *parts)
{
	static const char letters[] = "YMWDHMS";
	static const int meanings[] = { LP_UNIT_YEAR, LP_UNIT_MONTH,  LP_UNIT_WEEK,  LP_UNIT_DAY,
		                        LP_UNIT_HOUR, LP_UNIT_MINUTE, LP_UNIT_SECOND };
	size_t next = 0;
	bool in_time = false;

	while (*at != '\0') {
		if (*at == 'T' && !in_time) {
			in_time = true;
			next = 4;
			at++;
		}
		struct part *part = &parts->items[parts->count];
		if (!take_number(&at, part))
			return false;
		const char *letter = *at == '\0' ? NULL : strchr(letters + next, *at);
		if (letter == NULL || (letter - letters >= 4) != in_time)
			return false;
		at++;
		part->unit = &units[meanings[letter - letters]];
		next = (size_t)(letter - letters) + 1;
		parts->count++; /* at most seven: each letter once */
	}
	return parts->count > 0;
}

static bool parse_words(const char *at, struct parts *parts)
{
	while (*at != '\0') {
		if (parts->count == PARTS_MOST)
			return false;
		struct part *part = &parts->items[parts->count];
		/* "hour" alone is one hour. */
		if (!take_number(&at, part)) {
			if (is_digit(*at) || parts->count > 0)
				return false;
			*part = (struct part){ .whole = 1 };
		}
		while (is_blank(*at))
			at++;
		part->unit = take_unit(&at);
		if (part->unit == NULL)
			return false;
		while (is_blank(*at))
			at++;
		parts->count++;
	}
	return parts->count > 0;
}

static bool parse_parts(const char *text, struct parts *parts)
{
	*parts = (struct parts){ 0 };
	while (is_blank(*text))
		text++;
	if (*text == '-' || *text == '+') {
		parts->negative = *text == '-';
		text++;
	}
	while (is_blank(*text))
		text++;
	if (*text == 'P')
		return parse_iso(text + 1, parts);
	return parse_words(text, parts);
}

static bool fail_span(const char *text, struct lp_error *error)
{
	lp_fail(error, LP_EXIT_DATA, "\"%.*s\" is not a length of time", LP_CUT(100, text));
	return lp_hint(error, "Write a number and a unit: 30 s, 15 minutes, 1 hour, 1 day, 1 week, 1 month, 1 quarter, "
	                      "1 year, or ISO 8601 as in PT15M.");
}

/* Elapsed parts as one sum in the finest of their units. */
static bool sum_elapsed(const struct parts *parts, int64_t *microseconds, const struct unit **finest)
{
	*microseconds = 0;
	*finest = NULL;
	for (size_t i = 0; i < parts->count; i++) {
		const struct part *part = &parts->items[i];
		int64_t whole, sum;
		if (part->unit->length == 0 || __builtin_mul_overflow(part->whole, part->unit->length, &whole))
			return false;
		/* Below 1e9 times the 6.048e11 of a week would not fit: microseconds first, then their remainder. */
		__int128 fraction = (__int128)part->billionths * part->unit->length;
		if (__builtin_add_overflow(*microseconds, whole, &sum) ||
		    __builtin_add_overflow(sum, (int64_t)((fraction + 500000000) / 1000000000), microseconds))
			return false;
		if (*finest == NULL || part->unit->length < (*finest)->length)
			*finest = part->unit;
	}
	if (parts->negative)
		*microseconds = -*microseconds;
	return true;
}

bool lp_span_parse(const char *text, struct lp_span *span, struct lp_error *error)
{
	struct parts parts;
	if (!parse_parts(text, &parts))
		return fail_span(text, error);
	const struct part *only = &parts.items[0];
	if (parts.count == 1 && only->billionths == 0 && only->whole <= INT32_MAX && only->unit->unit <= LP_UNIT_YEAR) {
		span->count = (int32_t)(parts.negative ? -only->whole : only->whole);
		span->unit = (enum lp_unit)only->unit->unit;
		return true;
	}

	/* "1 h 30 min" and "1.5 h" are 90 minutes, but "1.5 days" is nothing that a clock on the wall shows. */
	int64_t total;
	const struct unit *finest;
	for (size_t i = 0; i < parts.count; i++) {
		if (parts.items[i].unit->length == 0 || parts.items[i].unit->length >= LP_DAY) {
			lp_fail(error, LP_EXIT_DATA, "\"%.*s\" is not one length on the calendar", LP_CUT(100, text));
			return lp_hint(error, "Days, weeks, months, quarters and years are counted in whole ones, "
			                      "and not put together with other units.");
		}
	}
	if (!sum_elapsed(&parts, &total, &finest))
		return fail_span(text, error);
	int64_t coarsest = finest->length < LP_SECOND ? LP_SECOND : finest->length;
	for (int unit = LP_UNIT_HOUR; unit >= LP_UNIT_SECOND; unit--) {
		int64_t length = units[unit].length;
		if (length <= coarsest && total % length == 0 && llabs(total / length) <= INT32_MAX) {
			*span = (struct lp_span){ (int32_t)(total / length), (enum lp_unit)unit };
			return true;
		}
	}
	lp_fail(error, LP_EXIT_DATA, "\"%.*s\" is not a whole number of seconds", LP_CUT(100, text));
	return lp_hint(error, "Windows begin and end at whole seconds.");
}

void lp_span_format(struct lp_span span, char text[24])
{
	assert((size_t)span.unit <= LP_UNIT_YEAR);
	bool one = span.count == 1 || span.count == -1;
	snprintf(text, 24, "%" PRId32 " %s%s", span.count, units[span.unit].name, one ? "" : "s");
}

bool lp_duration_parse(const char *text, int64_t *duration, struct lp_error *error)
{
	struct parts parts;
	const struct unit *finest;

	if (strcmp(text, "0") == 0) {
		*duration = 0;
		return true;
	}
	if (parse_parts(text, &parts) && sum_elapsed(&parts, duration, &finest))
		return true;
	size_t digits = strspn(text, "+-0123456789.");
	if (digits > 0 && text[digits] == '\0') {
		lp_fail(error, LP_EXIT_DATA, "\"%.*s\" is a length of time without a unit", LP_CUT(100, text));
		return lp_hint(error, "Write the unit too: %.*s s, %.*s min, %.*s h.", LP_CUT(100, text),
		               LP_CUT(100, text), LP_CUT(100, text));
	}
	lp_fail(error, LP_EXIT_DATA, "\"%.*s\" is not a length of elapsed time", LP_CUT(100, text));
	return lp_hint(error, "Write a number and a unit: 250 ms, 10 s, 5 min, 1 h 30 min, 2 days, 1 week. Months and "
	                      "years have no fixed length.");
}

void lp_duration_format(int64_t duration, char text[32])
{
	static const struct {
		int64_t length;
		const char *name;
	} shown[] = { { LP_DAY, "d" },    { LP_HOUR, "h" }, { LP_MINUTE, "min" },
		      { LP_SECOND, "s" }, { 1000, "ms" },   { 1, "us" } };
	enum { SHOWN = sizeof shown / sizeof *shown };

	uint64_t left = duration < 0 ? -(uint64_t)duration : (uint64_t)duration;
	size_t exact = 0; /* the finest unit needed */
	for (size_t i = 0; i < SHOWN; i++) {
		exact = i;
		if (left % (uint64_t)shown[i].length == 0)
			break;
	}
	if (left == 0) {
		snprintf(text, 32, "0 s");
		return;
	}
	if (left >= (uint64_t)LP_SECOND && shown[exact].length < LP_SECOND) {
		/* Decimals, because all units from days to microseconds would not fit. */
		int decimals = shown[exact].length == 1 ? 6 : 3;
		snprintf(text, 32, "%s%" PRIu64 ".%0*" PRIu64 " s", duration < 0 ? "-" : "", left / (uint64_t)LP_SECOND,
		         decimals, left % (uint64_t)LP_SECOND / (uint64_t)shown[exact].length);
		return;
	}
	int length = snprintf(text, 32, "%s", duration < 0 ? "-" : "");
	for (size_t i = 0; i <= exact; i++) {
		uint64_t count = left / (uint64_t)shown[i].length;
		left %= (uint64_t)shown[i].length;
		if (count > 0)
			length += snprintf(text + length, (size_t)(32 - length), "%s%" PRIu64 " %s",
			                   length > 1 ? " " : "", count, shown[i].name);
	}
}
