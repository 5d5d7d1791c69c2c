/*
 * `import`: --time-format. The conversions are those of strptime, but what
 * strptime would pass over or guess is refused: the name of a zone, a date that is
 * not whole, a year of two digits for one of four.
 */
#include "command/import.h"
#include "text/utf8.h"

#include <string.h>
#include <strings.h>

/* The fields of a time. A format gives each at most once. */
enum field {
	YEAR = 1 << 0,
	MONTH = 1 << 1,
	DAY = 1 << 2,
	DAY_OF_YEAR = 1 << 3,
	WEEKDAY = 1 << 4,
	HOUR = 1 << 5,
	HALF_HOUR_COUNT = 1 << 6, /* 1 to 12: it takes HALF to tell the hour */
	HALF = 1 << 7,
	MINUTE = 1 << 8,
	SECOND = 1 << 9,
	ZONE = 1 << 10,
	DATE = YEAR | MONTH | DAY,
};

static const char *const months[] = { "january", "february", "march",     "april",   "may",      "june",
	                              "july",    "august",   "september", "october", "november", "december" };
static const char *const halves[] = { "am", "pm" };

/* Each has its letters, the fields that they give, and a number's digits or the words that are possible. */
static const struct conversion {
	const char *letters;
	enum field field;
	int digits;      /* at most; of a year exactly */
	int least, most; /* of the number */
	const char *const *words;
	int word_count;
} conversions[] = {
	{ "Y", YEAR, 4, 0, 9999, NULL, 0 },
	{ "y", YEAR, 2, 0, 99, NULL, 0 },
	{ "m", MONTH, 2, 1, 12, NULL, 0 },
	{ "bBh", MONTH, 0, 0, 0, months, 12 },
	{ "de", DAY, 2, 1, 31, NULL, 0 },
	{ "j", DAY_OF_YEAR, 3, 1, 366, NULL, 0 },
	{ "aA", WEEKDAY, 0, 0, 0, lp_weekdays, 7 },
	{ "Hk", HOUR, 2, 0, 24, NULL, 0 },
	{ "Il", HALF_HOUR_COUNT, 2, 1, 12, NULL, 0 },
	{ "pP", HALF, 0, 0, 0, halves, 2 },
	{ "M", MINUTE, 2, 0, 59, NULL, 0 },
	{ "S", SECOND, 2, 0, 59, NULL, 0 },
	{ "zZ", ZONE, 0, 0, 0, NULL, 0 },
};

static const struct {
	char letter;
	const char *means;
} short_forms[] = {
	{ 'F', "%Y-%m-%d" },
	{ 'T', "%H:%M:%S" },
	{ 'R', "%H:%M" },
	{ 'D', "%m/%d/%y" },
};

static const struct conversion *find_conversion(char letter)
{
	for (size_t i = 0; i < sizeof conversions / sizeof *conversions && letter != '\0'; i++)
		if (strchr(conversions[i].letters, letter) != NULL)
			return &conversions[i];
	return NULL;
}

static const char *find_short_form(char letter)
{
	for (size_t i = 0; i < sizeof short_forms / sizeof *short_forms; i++)
		if (short_forms[i].letter == letter)
			return short_forms[i].means;
	return NULL;
}

static bool fail_usage(const char *format, const char *why, struct lp_error *error)
{
	lp_fail(error, LP_EXIT_USAGE, "--time-format %.*s: %s", LP_CUT(100, format), why);
	return lp_hint(error, "%s", lp_import_format_hint);
}

const char lp_import_format_hint[] =
	"--time-format: %d day, %m month, %b its name, %Y year in four digits, %y in two, %H hour, %I with %p hour to "
	"12, %M minute, %S second, %z offset, %Z zone; or unix, unix-ms, unix-us, unix-ns.";

/* Adds the fields of a format to *fields, and those that it gives twice to *again. */
static bool gather_fields(const char *format, unsigned *fields, unsigned *again, char *unknown)
{
	for (const char *at = format; *at != '\0'; at++) {
		if (*at != '%')
			continue;
		at++;
		const struct conversion *conversion = find_conversion(*at);
		const char *means = find_short_form(*at);
		if (means != NULL) {
			if (!gather_fields(means, fields, again, unknown))
				return false;
		} else if (conversion != NULL) {
			*again |= *fields & conversion->field;
			*fields |= conversion->field;
		} else if (*at != '%') {
			*unknown = *at;
			return false;
		}
	}
	return true;
}

bool lp_import_format_check(const char *format, struct lp_error *error)
{
	unsigned fields = 0, again = 0;
	char unknown = '\0', why[80];

	if (format == NULL || lp_import_unix_find(format) != NULL)
		return true;
	if (!gather_fields(format, &fields, &again, &unknown)) {
		if (unknown == 's')
			return fail_usage(format, "seconds since 1970 are read with --time-format unix, not with %s",
			                  error);
		if (unknown == 'f')
			return fail_usage(format, "decimals of a second follow %S by themselves, without %f", error);
		snprintf(why, sizeof why, "%%%c is not read", unknown < 0x20 || unknown == 0x7f ? '?' : unknown);
		return fail_usage(format, why, error);
	}
	if (again != 0)
		return fail_usage(format, "it has a part of the time twice", error);
	if ((fields & (MONTH | DAY)) != 0 && (fields & DAY_OF_YEAR) != 0)
		return fail_usage(format, "%j is the day of the year: it stands without month and day", error);
	if ((fields & DATE) != DATE && (fields & (YEAR | DAY_OF_YEAR)) != (YEAR | DAY_OF_YEAR))
		return fail_usage(format,
		                  (fields & YEAR) == 0    ? "it has no year, so no date can be told"
		                  : (fields & MONTH) == 0 ? "it has no month, so no date can be told"
		                                          : "it has no day, so no date can be told",
		                  error);
	if ((fields & HOUR) != 0 && (fields & (HALF | HALF_HOUR_COUNT)) != 0)
		return fail_usage(format, "%p (AM, PM) goes with %I, the hour to 12, not with %H", error);
	if (((fields & HALF) != 0) != ((fields & HALF_HOUR_COUNT) != 0))
		return fail_usage(format, "%I, the hour to 12, and %p (AM, PM) go together", error);
	if ((fields & MINUTE) != 0 && (fields & (HOUR | HALF)) == 0)
		return fail_usage(format, "it has minutes and no hour", error);
	if ((fields & SECOND) != 0 && (fields & MINUTE) == 0)
		return fail_usage(format, "it has seconds and no minutes", error);
	return true;
}

/* What was read of a text. */
struct scan {
	const char *text; /* its beginning */
	const char *at;
	struct lp_civil civil;
	int half, day_of_year, weekday; /* -1: not given */
	bool has_hour;
	struct lp_import_written *written;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * Reads a number. If another number stands directly beside it, it must have all
 * its digits: 100 as %H%M would be 1:00 or 10:00.
 */
static bool take_number(struct scan *scan, const struct conversion *conversion, bool whole, int *number)
{
	int digits = 0;

	while (!whole && (*scan->at == ' ' || *scan->at == '\t'))
		scan->at++;
	for (*number = 0; digits < conversion->digits && is_digit(*scan->at); digits++)
		*number = *number * 10 + (*scan->at++ - '0');
	whole = whole || conversion->field == YEAR;
	return digits > 0 && (!whole || digits == conversion->digits) && *number >= conversion->least &&
	       *number <= conversion->most;
}

static size_t count_letters(const char *text)
{
	size_t length = 0;
	while ((text[length] | 0x20) >= 'a' && (text[length] | 0x20) <= 'z')
		length++;
	return length;
}

/* A word, or its first three letters; from 0. */
static bool take_word(struct scan *scan, const struct conversion *conversion, int *number)
{
	size_t length = count_letters(scan->at);

	for (int i = 0; i < conversion->word_count; i++) {
		size_t whole = strlen(conversion->words[i]);
		if ((length == whole || length == 3) && strncasecmp(conversion->words[i], scan->at, length) == 0) {
			*number = i;
			scan->at += length;
			return true;
		}
	}
	return false;
}

/* Reads the name of a zone, or an offset. Which offset a name means is decided where the zone is known. */
static bool take_zone(struct scan *scan, bool named)
{
	struct lp_import_written *written = scan->written;
	size_t length = named ? strspn(scan->at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+-0123456789")
	                      : strspn(scan->at, "Zz+-0123456789:");

	if (length == 0 || length >= sizeof written->zone)
		return false;
	memcpy(written->zone, scan->at, length);
	written->zone[length] = '\0';
	scan->at += length;
	if (named)
		return true;
	written->has_offset = true;
	if (strcasecmp(written->zone, "Z") != 0 && (!lp_offset_parse(written->zone, &written->offset)))
		return false;
	written->zone[0] = '\0';
	return true;
}

static bool take_conversion(struct scan *scan, char letter, bool whole)
{
	const struct conversion *conversion = find_conversion(letter);
	struct lp_civil *civil = &scan->civil;
	int number = 0;

	if (conversion == NULL)
		return false;
	if (conversion->field == ZONE)
		return take_zone(scan, letter == 'Z');
	if (conversion->words != NULL ? !take_word(scan, conversion, &number)
	                              : !take_number(scan, conversion, whole, &number))
		return false;
	switch (conversion->field) {
	case YEAR:
		/* Two digits as POSIX has them: 1969 to 2068. */
		civil->year = letter == 'Y' ? number : number + (number < 69 ? 2000 : 1900);
		return true;
	case MONTH:
		civil->month = number + (conversion->words != NULL);
		return true;
	case DAY:
		civil->day = number;
		return true;
	case DAY_OF_YEAR:
		scan->day_of_year = number;
		return true;
	case WEEKDAY:
		scan->weekday = number; /* 0: Monday */
		return true;
	case HOUR:
	case HALF_HOUR_COUNT:
		scan->has_hour = true;
		civil->hour = number;
		return true;
	case HALF:
		scan->half = number;
		return true;
	case MINUTE:
		civil->minute = number;
		return true;
	default:
		civil->second = number;
		return true;
	}
}

/* Blanks in a format stand for any number of blanks, but for at least one between two digits. */
static bool take_blanks(struct scan *scan)
{
	const char *before = scan->at;
	while (*scan->at == ' ' || *scan->at == '\t')
		scan->at++;
	return scan->at > before || before == scan->text || !is_digit(before[-1]) || !is_digit(*before);
}

static bool is_number_at(const char *format)
{
	if (*format != '%')
		return false;
	const struct conversion *conversion = find_conversion(format[1]);
	return conversion != NULL ? conversion->digits > 0 : find_short_form(format[1]) != NULL;
}

static bool scan_format(struct scan *scan, const char *format, bool after_number)
{
	for (const char *at = format; *at != '\0'; at++) {
		if (*at == ' ' || *at == '\t') {
			after_number = false;
			if (!take_blanks(scan))
				return false;
			continue;
		}
		if (*at != '%' || at[1] == '%') {
			at += *at == '%';
			after_number = false;
			if (*scan->at != *at)
				return false;
			scan->at++;
			continue;
		}
		bool number = is_number_at(at);
		const char *means = find_short_form(*++at);
		bool taken = means != NULL ? scan_format(scan, means, after_number)
		                           : take_conversion(scan, *at, after_number || is_number_at(at + 1));
		if (!taken)
			return false;
		if (*at == 'S' && at[1] != '.' && at[1] != ',')
			scan->at = lp_import_take_decimals(scan->at, &scan->civil.microsecond);
		after_number = number;
	}
	return true;
}

/* Checks that the date and the time of day make sense together. */
static bool settle(struct scan *scan)
{
	struct lp_civil *civil = &scan->civil, date;
	bool end_of_day = civil->hour == 24;

	if (scan->half >= 0)
		civil->hour = civil->hour % 12 + 12 * scan->half;
	if (end_of_day && (civil->minute != 0 || civil->second != 0 || civil->microsecond != 0))
		return false;
	if (scan->day_of_year >= 0) {
		civil->month = 1;
		civil->day = scan->day_of_year;
	}
	date = (struct lp_civil){ .year = civil->year, .month = civil->month, .day = civil->day };
	int64_t midnight = lp_civil_to_local(&date);
	lp_civil_from_local(midnight, &date);
	/* Refuses a 31st of February, and a 366th day of a year that has none. */
	if (date.year != civil->year ||
	    (scan->day_of_year < 0 && (date.month != civil->month || date.day != civil->day)))
		return false;
	int64_t days = midnight / LP_DAY - (midnight % LP_DAY < 0); /* 1970 began on a Thursday */
	if (scan->weekday >= 0 && ((days + 3) % 7 + 7) % 7 != scan->weekday)
		return false;
	scan->written->local = lp_civil_to_local(civil);
	scan->written->is_midnight = !scan->has_hour || end_of_day;
	return true;
}

bool lp_import_format_parse(const char *format, const char *text, struct lp_import_written *written)
{
	struct scan scan = {
		.text = text, .at = text, .half = -1, .day_of_year = -1, .weekday = -1, .written = written
	};

	*written = (struct lp_import_written){ 0 };
	return scan_format(&scan, format, false) && *scan.at == '\0' && settle(&scan);
}
