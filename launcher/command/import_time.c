/*
 * `import`: turns the times of a file, as they are written, into UTC. Knows what
 * the user said of them, and nothing of rows and columns.
 */
#include "command/import.h"
#include "text/utf8.h"

#include <string.h>
#include <strings.h>

static bool fail_format(const char *format, const char *text, struct lp_error *error)
{
	lp_fail(error, LP_EXIT_DATA, "\"%.*s\" is not a time written as %.*s", LP_CUT(60, text), LP_CUT(60, format));
	return lp_hint(error, "%s", lp_import_format_hint);
}

/*
 * Refuses a count that means the first years after 1970 if a coarser unit would
 * make it a year of today: it was most likely written in that unit.
 */
static bool check_unix(const struct lp_import_settings *settings, const struct lp_import_unix *form, const char *text,
                       lp_time time, struct lp_error *error)
{
	for (const struct lp_import_unix *other = form; other-- > lp_import_unix;) {
		lp_time likely;
		char first[40], second[40];

		if (time <= 0 || time >= LP_IMPORT_LIKELY_FROM || !lp_import_unix_parse(other, text, &likely) ||
		    likely < LP_IMPORT_LIKELY_FROM || likely >= LP_IMPORT_LIKELY_TO)
			continue;
		lp_time_format(time, settings->zone, first);
		lp_time_format(likely, settings->zone, second);
		lp_fail(error, LP_EXIT_DATA, "\"%.*s\" is %s as %s, and %s as %s", LP_CUT(60, text), first, form->name,
		        second, other->name);
		return lp_hint(error, "If it is the second: --time-format %s. Write times of 1970 with their date.",
		               other->name);
	}
	return true;
}

static bool parse_unix(const struct lp_import_settings *settings, const struct lp_import_unix *form, const char *text,
                       struct lp_import_written *written, struct lp_error *error)
{
	*written = (struct lp_import_written){ .has_offset = true };
	if (!lp_import_unix_parse(form, text, &written->local))
		return fail_format(form->name, text, error);
	return check_unix(settings, form, text, written->local, error);
}

static bool parse(const struct lp_import_settings *settings, const char *text, struct lp_import_written *written,
                  struct lp_error *error)
{
	const struct lp_import_unix *form = lp_import_unix_find(settings->time_format);

	*written = (struct lp_import_written){ 0 };
	if (form != NULL)
		return parse_unix(settings, form, text, written, error);
	if (settings->time_format != NULL)
		return lp_import_format_parse(settings->time_format, text, written) ||
		       fail_format(settings->time_format, text, error);
	written->is_midnight = strchr(text, ':') == NULL || strstr(text, "24:00") == text + 11;
	if (lp_time_parse_written(text, &written->local, &written->has_offset, &written->offset, error))
		return true;
	if (!lp_import_hint_time(settings, text, error))
		lp_hint(error, "Times are read as in 2026-03-01T12:00:00Z, 2026-03-01 12:00:00+01:00 or 2026-03-01 "
		               "12:00; others with --time-format, such as '%%d.%%m.%%Y %%H:%%M:%%S' or unix.");
	return false;
}

/* Returns how much later than t the same local time comes again; 0: it does not. */
static int64_t find_shift(const struct lp_zone *zone, lp_time t, int64_t local)
{
	static const int64_t distances[] = { LP_HOUR, 3 * LP_HOUR, LP_DAY };

	/* On nearly all days no hour comes twice. */
	if (lp_zone_offset(zone, t, NULL) == lp_zone_offset(zone, t + LP_DAY, NULL))
		return 0;
	for (size_t i = 0; i < sizeof distances / sizeof *distances; i++) {
		lp_time again = local - lp_zone_offset(zone, t + distances[i], NULL);
		if (again > t && again + lp_zone_offset(zone, again, NULL) == local)
			return again - t;
	}
	return 0;
}

static bool fail_left_out(const struct lp_import_settings *settings, lp_time t, const char *text,
                          struct lp_error *error)
{
	char standard[40], *offset;

	/* The distance before clocks went forward is that of standard time. */
	lp_time_format(t - LP_DAY, settings->zone, standard);
	offset = strlen(standard) > 6 ? standard + strlen(standard) - 6 : standard;
	lp_fail(error, LP_EXIT_DATA, "\"%.*s\" was left out when clocks went forward", LP_CUT(60, text));
	return lp_hint(error,
	               "In %s it never was. If times are in standard time all year, give its distance from UTC: "
	               "--time-zone %s.",
	               lp_zone_name(settings->zone), strpbrk(offset, "+-") == offset ? offset : "+00:00");
}

/* Uses the name that is written: UTC, or what the clocks of the zone are called then. */
static bool read_named(const struct lp_import_settings *settings, const char *text,
                       const struct lp_import_written *written, struct lp_import_time *read, struct lp_error *error)
{
	static const char *const utc[] = { "UTC", "GMT", "UT", "Z" };
	const char *now, *again;

	read->shift = 0;
	read->time = written->local;
	for (size_t i = 0; i < sizeof utc / sizeof *utc; i++)
		if (strcasecmp(written->zone, utc[i]) == 0)
			return true;
	if (!settings->fixed) {
		lp_time first = lp_zone_to_utc(settings->zone, written->local);
		int64_t shift = find_shift(settings->zone, first, written->local);
		int64_t offset = lp_zone_offset(settings->zone, first, &now);
		(void)lp_zone_offset(settings->zone, first + shift, &again);
		bool is_first = strcmp(now, written->zone) == 0, is_second = strcmp(again, written->zone) == 0;
		read->time = is_first ? first : first + shift;
		if (first + offset == written->local && (is_first || is_second)) {
			read->shift = is_first && is_second ? shift : 0;
			return true;
		}
	}
	lp_fail(error, LP_EXIT_DATA, "\"%.*s\": %s is not what clocks show then in %s", LP_CUT(60, text), written->zone,
	        settings->fixed ? "the zone that was given" : lp_zone_name(settings->zone));
	return lp_hint(error,
	               "%%Z takes UTC, and the names that --time-zone has at that time. Write the offset (%%z); or, if "
	               "all times have the same one, write the word itself in the format, and --time-zone +01:00.");
}

static bool read_local(const struct lp_import_settings *settings, const char *text,
                       const struct lp_import_written *written, struct lp_import_time *read, struct lp_error *error)
{
	int64_t local = written->local;

	read->time = lp_zone_to_utc(settings->zone, local);
	int64_t moved = read->time + lp_zone_offset(settings->zone, read->time, NULL) - local;
	/*
	 * In some zones clocks change at midnight. A day then begins at the first of two
	 * midnights, or after the hour that was left out.
	 */
	if (written->is_midnight && moved < LP_DAY)
		return true;
	if (moved != 0)
		return fail_left_out(settings, read->time, text, error);
	read->shift = find_shift(settings->zone, read->time, local);
	return true;
}

/* Copies the cell without blanks around it; false: it is too long for a time. */
static bool trim(const char *text, char trimmed[200])
{
	text += strspn(text, " \t");
	size_t length = strlen(text);
	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	if (length >= 200)
		return false;
	memcpy(trimmed, text, length);
	trimmed[length] = '\0';
	return true;
}

bool lp_import_time_read(const struct lp_import_settings *settings, const char *text, struct lp_import_time *read,
                         struct lp_error *error)
{
	struct lp_import_written written;
	char trimmed[200];
	bool ok = true;

	if (!parse(settings, trim(text, trimmed) ? trimmed : text, &written, error))
		return false;
	read->shift = 0;
	if (written.zone[0] != '\0')
		ok = read_named(settings, text, &written, read, error);
	else if (written.has_offset || settings->fixed)
		read->time = written.local - (written.has_offset ? written.offset : settings->offset);
	else
		ok = read_local(settings, text, &written, read, error);
	if (ok && read->shift > 0 && settings->repeated_hour != NULL) {
		read->time += strcmp(settings->repeated_hour, "second") == 0 ? read->shift : 0;
		read->shift = 0;
	}
	if (ok && (read->time < LP_TIME_MIN || read->time > LP_TIME_MAX))
		return lp_fail(error, LP_EXIT_DATA, "\"%.*s\" is outside of the years 1 to 9999 (in UTC)",
		               LP_CUT(60, text));
	return ok;
}
