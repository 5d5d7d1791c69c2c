/*
 * `import`: what a cell that was refused may mean, and which option reads it so.
 * If two readings are possible both are shown, and the user decides.
 */
#include "command/import.h"

#include "model/memory.h"
#include "text/number.h"

#include <string.h>

/* Adds a reading to those before: "A", "A or B". */
static void add_reading(struct lp_text *readings, const char *option, const char *means)
{
	lp_text_addf(readings, "%s%s (%s)", readings->length > 0 ? " or " : "", option, means);
}

/* Formats the option for another form than the one that was given; "" if it is the same. */
static void name_form(struct lp_number_form form, bool given_comma, char option[64])
{
	const char *group = form.group == ' ' ? "blank" : form.group == '\'' ? "\"'\"" : form.group == ',' ? "," : ".";

	snprintf(option, 64, "%s%s%s",
	         form.comma && !given_comma   ? "--decimal-comma "
	         : !form.comma && given_comma ? "no --decimal-comma "
	                                      : "",
	         form.group != '\0' ? "--thousands " : "", form.group != '\0' ? group : "");
	size_t length = strlen(option);
	if (length > 0 && option[length - 1] == ' ')
		option[length - 1] = '\0';
}

/* Finds the forms that read the text. A form with groups counts only if the text has some. */
static size_t find_forms(const struct lp_import_settings *settings, const char *text, struct lp_text *readings)
{
	static const char groups[] = { '\0', ',', '.', '\'', ' ' };
	size_t count = 0;

	for (int i = 0; i < 2; i++) {
		double plain, number;
		struct lp_number_form form = { .comma = i == 0 };
		bool is_plain = lp_number_parse(text, form, &plain) == LP_NUMBER_READ;

		for (size_t k = 0; k < sizeof groups; k++) {
			char option[64], means[32];

			form.group = groups[k];
			if ((k > 0 && is_plain) || form.group == (form.comma ? ',' : '.') ||
			    lp_number_parse(text, form, &number) != LP_NUMBER_READ)
				continue;
			name_form(form, settings->numbers.comma, option);
			lp_number_format(number, means);
			add_reading(readings, option, means);
			count++;
		}
	}
	return count;
}

bool lp_import_hint_number(const struct lp_import_settings *settings, const char *text, struct lp_error *error)
{
	struct lp_text readings = { 0 };
	size_t count = find_forms(settings, text, &readings);

	if (count > 0)
		lp_hint(error, "%s: %s.",
		        count == 1 ? "Read in another way it is a number" : "It may be either, say which",
		        readings.data);
	lp_text_free(&readings);
	return count > 0;
}

static size_t count_digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* "%d/%m/%Y" or "%m/%d/%Y" for "03/04/2026", with the time of day behind it as it is written. */
static bool name_date_format(const char *text, bool day_first, char format[64])
{
	const char *at = text;
	int numbers[2];
	char sign = '\0';

	for (int i = 0; i < 2; i++) {
		size_t digits = count_digits(at);
		numbers[i] = digits == 2 ? (at[0] - '0') * 10 + at[1] - '0' : at[0] - '0';
		sign = i == 0 ? at[digits] : sign;
		if (digits < 1 || digits > 2 || at[digits] != sign || strchr("./-", sign) == NULL || sign == '\0')
			return false;
		at += digits + 1;
	}
	size_t year = count_digits(at);
	at += year;
	int month = numbers[day_first ? 1 : 0], day = numbers[day_first ? 0 : 1];
	if ((year != 4 && year != 2) || month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	size_t blanks = strspn(at, " "), colons = 0;
	for (const char *c = at; *c != '\0'; c++)
		colons += *c == ':';
	snprintf(format, 64, "%s%c%s%c%s%.1s%s", day_first ? "%d" : "%m", sign, day_first ? "%m" : "%d", sign,
	         year == 4 ? "%Y" : "%y", blanks > 0 ? at : "",
	         colons == 2   ? "%H:%M:%S"
	         : colons == 1 ? "%H:%M"
	                       : "");
	return true;
}

static void add_format(const char *format, const char *text, struct lp_text *readings)
{
	struct lp_import_written written;
	struct lp_civil date;
	char option[96], means[40];

	if (!lp_import_format_parse(format, text, &written))
		return;
	lp_civil_from_local(written.local, &date);
	snprintf(option, sizeof option, "--time-format '%s'", format);
	snprintf(means, sizeof means, "%04d-%02d-%02d", date.year, date.month, date.day);
	add_reading(readings, option, means);
}

bool lp_import_hint_time(const struct lp_import_settings *settings, const char *text, struct lp_error *error)
{
	static const char *const packed[] = { "%Y%m%d", "%Y%m%d%H%M", "%Y%m%d%H%M%S", "%Y%m%dT%H%M%S",
		                              "%Y%m%d %H:%M:%S" };
	struct lp_text readings = { 0 };
	char format[64];

	for (int i = 0; i < 2; i++)
		if (name_date_format(text, i == 0, format))
			add_format(format, text, &readings);
	for (size_t i = 0; i < sizeof packed / sizeof *packed && readings.length == 0; i++)
		add_format(packed[i], text, &readings);
	for (size_t i = 0; i < lp_import_unix_count && readings.length == 0; i++) {
		char means[40], option[40];
		lp_time time;

		if (!lp_import_unix_parse(&lp_import_unix[i], text, &time) || time < LP_IMPORT_LIKELY_FROM ||
		    time >= LP_IMPORT_LIKELY_TO)
			continue;
		lp_time_format(time, settings->zone, means);
		snprintf(option, sizeof option, "--time-format %s", lp_import_unix[i].name);
		add_reading(&readings, option, means);
	}
	bool any = readings.length > 0;
	if (any)
		lp_hint(error, "%s: %s.",
		        strstr(readings.data, " or ") != NULL ? "It may be either, say which" : "It may be meant as",
		        readings.data);
	lp_text_free(&readings);
	return any;
}
