/* Values of samples as texts: shortest out, strict in. */
#include "text/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void lp_number_format(double number, char text[32])
{
	if (!isfinite(number)) {
		snprintf(text, 32, "%s", isnan(number) ? "nan" : number > 0 ? "inf" : "-inf");
		return;
	}
	for (int precision = 15; precision <= 17; precision++) {
		snprintf(text, 32, "%.*g", precision, number);
		if (strtod(text, NULL) == number)
			break;
	}
}

static bool is_missing(const char *text, size_t length)
{
	static const char *const words[] = {
		"nan",     "-nan",    "inf",         "infinity", "-inf",    "-infinity", "+inf",     "null",
		"none",    "na",      "n/a",         "n.a.",     "#n/a",    "#na",       "#nv",      "#value!",
		"#div/0!", "unknown", "unavailable", "bad",      "no data", "nodata",    "no value", "missing",
	};

	if (strspn(text, "-") == length)
		return true;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i]) == length && strncasecmp(words[i], text, length) == 0)
			return true;
	return false;
}

static size_t count_digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* Bytes of the sign between groups of digits at text; 0: there is none. */
static size_t group_sign(const char *text, char group)
{
	static const char *const blanks[] = { " ", "\xC2\xA0", "\xE2\x80\xAF" };

	if (group != ' ')
		return *text == group;
	for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++)
		if (strncmp(text, blanks[i], strlen(blanks[i])) == 0)
			return strlen(blanks[i]);
	return 0;
}

/* Takes the signs between groups out of the digits at text; false: these are no groups of three. */
static bool join_groups(char *text, char group)
{
	if (group == '\0')
		return true;
	size_t first = count_digits(text), sign = group_sign(text + first, group);
	char *end = text + first;
	const char *at = end;
	if (sign == 0)
		return true;
	if (first < 1 || first > 3)
		return false;
	for (; (sign = group_sign(at, group)) > 0; at += sign + 3, end += 3) {
		if (count_digits(at + sign) < 3)
			return false;
		memmove(end, at + sign, 3);
	}
	bool whole = count_digits(at) == 0;
	memmove(end, at, strlen(at) + 1);
	return whole;
}

enum lp_number_reading lp_number_parse(const char *text, struct lp_number_form form, double *number)
{
	char plain[400]; /* 309 digits, and as many decimals as people write */

	text += strspn(text, " \t");
	size_t length = strlen(text);
	while (length > 0 && strchr(" \t", text[length - 1]) != NULL)
		length--;
	if (is_missing(text, length))
		return LP_NUMBER_MISSING;
	if (length >= sizeof plain)
		return LP_NUMBER_NONE;
	memcpy(plain, text, length);
	plain[length] = '\0';

	/* strtod also takes hexadecimal numbers and would stop at what it does not know. */
	char *at = plain;
	at += *at == '+' || *at == '-';
	if (!join_groups(at, form.group))
		return LP_NUMBER_NONE;
	size_t digits = count_digits(at);
	at += digits;
	if (*at == (form.comma ? ',' : '.')) {
		*at++ = '.';
		size_t decimals = count_digits(at);
		digits += decimals;
		at += decimals;
	}
	if (digits == 0)
		return LP_NUMBER_NONE;
	if (*at == 'e' || *at == 'E') {
		at++;
		at += *at == '+' || *at == '-';
		size_t exponent = count_digits(at);
		if (exponent == 0)
			return LP_NUMBER_NONE;
		at += exponent;
	}
	if (*at != '\0')
		return LP_NUMBER_NONE;
	*number = strtod(plain, NULL);
	return isfinite(*number) ? LP_NUMBER_READ : LP_NUMBER_TOO_LARGE;
}
