/*
 * POSIX TZ strings such as "CET-1CEST,M3.5.0,M10.5.0/3": the rule by which a
 * zone goes on after the last transition its file lists.
 */
#include "calendar/zone_data.h"

/* `at` is the rest of the text. Each take_... moves it on only if it succeeds. */
struct scan {
	const char *at, *end;
};

static bool take(struct scan *scan, char wanted)
{
	if (scan->at == scan->end || *scan->at != wanted)
		return false;
	scan->at++;
	return true;
}

static bool take_number(struct scan *scan, int32_t least, int32_t most, int32_t *number)
{
	int32_t value = 0;
	const char *start = scan->at;
	for (; scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9'; scan->at++) {
		value = value * 10 + (*scan->at - '0');
		if (value > 9999)
			return false;
	}
	*number = value;
	return scan->at > start && value >= least && value <= most;
}

/* Letters, or anything in angle brackets: "CET", "<+0330>". */
static bool take_name(struct scan *scan, char name[16])
{
	bool quoted = take(scan, '<');
	size_t length = 0;
	while (scan->at < scan->end && length < 15) {
		char c = *scan->at;
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool sign_or_digit = (c >= '0' && c <= '9') || c == '+' || c == '-';
		if (!letter && !(quoted && sign_or_digit))
			break;
		name[length++] = c;
		scan->at++;
	}
	name[length] = '\0';
	return length >= 3 && (!quoted || take(scan, '>'));
}

/* "2", "-3:30", "+167:59:59" in microseconds. */
static bool take_time(struct scan *scan, int32_t most_hours, int64_t *time)
{
	int64_t sign = take(scan, '-') ? -1 : 1;
	if (sign == 1)
		(void)take(scan, '+');
	int32_t hours, minutes = 0, seconds = 0;
	if (!take_number(scan, 0, most_hours, &hours))
		return false;
	if (take(scan, ':')) {
		if (!take_number(scan, 0, 59, &minutes))
			return false;
		if (take(scan, ':') && !take_number(scan, 0, 59, &seconds))
			return false;
	}
	*time = sign * (hours * LP_HOUR + minutes * LP_MINUTE + seconds * LP_SECOND);
	return true;
}

static bool take_change(struct scan *scan, struct lp_posix_change *change)
{
	bool valid;
	if (take(scan, 'J')) {
		change->kind = LP_POSIX_JULIAN;
		valid = take_number(scan, 1, 365, &change->day);
	} else if (take(scan, 'M')) {
		change->kind = LP_POSIX_WEEKDAY;
		valid = take_number(scan, 1, 12, &change->month) && take(scan, '.') &&
		        take_number(scan, 1, 5, &change->week) && take(scan, '.') &&
		        take_number(scan, 0, 6, &change->weekday);
	} else {
		change->kind = LP_POSIX_DAY;
		valid = take_number(scan, 0, 365, &change->day);
	}
	change->time = 2 * LP_HOUR;
	return valid && (!take(scan, '/') || take_time(scan, 167, &change->time));
}

bool lp_posix_rule_parse(const char *text, size_t length, struct lp_posix_rule *rule)
{
	struct scan scan = { text, text + length };
	int64_t west;

	*rule = (struct lp_posix_rule){ 0 };
	if (!take_name(&scan, rule->standard_name) || !take_time(&scan, 24, &west))
		return false;
	/* POSIX counts offsets westwards. */
	rule->standard_offset = -west;
	if (scan.at == scan.end)
		return true;
	rule->has_summer = true;
	rule->summer_offset = rule->standard_offset + LP_HOUR;
	if (!take_name(&scan, rule->summer_name))
		return false;
	if (scan.at < scan.end && *scan.at != ',') {
		if (!take_time(&scan, 24, &west))
			return false;
		rule->summer_offset = -west;
	}
	return take(&scan, ',') && take_change(&scan, &rule->to_summer) && take(&scan, ',') &&
	       take_change(&scan, &rule->to_standard) && scan.at == scan.end;
}

static int64_t change_in_year(const struct lp_posix_change *change, int32_t year)
{
	int64_t day;
	switch (change->kind) {
	case LP_POSIX_JULIAN: {
		/* Counted as in a year without 29 February. */
		bool after_leap_day = lp_days_in_month(year, 2) == 29 && change->day >= 60;
		day = lp_days_from_date(year, 1, 1) + change->day - 1 + after_leap_day;
		break;
	}
	case LP_POSIX_DAY:
		day = lp_days_from_date(year, 1, 1) + change->day;
		break;
	default: {
		int64_t first = lp_days_from_date(year, change->month, 1);
		int64_t weekday = (first + 4) - lp_floor_divide(first + 4, 7) * 7; /* 1970-01-01 was a Thursday */
		int64_t in_month = (change->weekday - weekday + 7) % 7 + (change->week - INT64_C(1)) * 7;
		if (in_month >= lp_days_in_month(year, change->month))
			in_month -= 7;
		day = first + in_month;
	}
	}
	return day * LP_DAY + change->time;
}

void lp_posix_rule_year(const struct lp_posix_rule *rule, int32_t year, lp_time *to_summer, lp_time *to_standard)
{
	*to_summer = change_in_year(&rule->to_summer, year) - rule->standard_offset;
	*to_standard = change_in_year(&rule->to_standard, year) - rule->summer_offset;
}
