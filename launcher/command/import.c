/* `import`: samples from CSV files.  Here is its command line. */
#include "command/import.h"

#include "text/utf8.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
	struct lp_import_settings settings;
	const char *delimiter, *encoding, *thousands, *settle;
	struct lp_import_follow follow;
	struct lp_words files;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool check_pairs(const struct lp_words *values, const char *option, struct lp_error *error)
{
	for (size_t i = 0; i < values->count; i++) {
		const char *equals = strchr(values->items[i], '=');
		if (equals == NULL || equals == values->items[i] || equals[1] == '\0') {
			return lp_fail(error, LP_EXIT_USAGE, "%s %s: expected COLUMN=%s", option, values->items[i],
			               strcmp(option, "--unit") == 0 ? "UNIT" : "NAME");
		}
		if (is_blank(equals[1]) || is_blank(equals[strlen(equals) - 1])) {
			return lp_fail(error, LP_EXIT_USAGE, "%s \"%s\" has a blank behind = or at its end", option,
			               values->items[i]);
		}
		if (lp_utf8_has_control(equals + 1)) {
			return lp_fail(error, LP_EXIT_USAGE, "%s %s: control characters cannot be in it", option,
			               values->items[i]);
		}
		for (size_t k = 0; k < i; k++) {
			if (strncmp(values->items[k], values->items[i], (size_t)(equals - values->items[i]) + 1) == 0) {
				return lp_fail(error, LP_EXIT_USAGE, "%s %s: %s names that already", option,
				               values->items[i], values->items[k]);
			}
		}
	}
	return true;
}

static bool parse_delimiter(const char *text, char *delimiter, struct lp_error *error)
{
	*delimiter = '\0';
	if (text == NULL)
		return true;
	if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0) {
		*delimiter = '\t';
		return true;
	}
	bool sensible = text[0] != '\0' && text[1] == '\0' && (unsigned char)text[0] < 0x80 &&
	                strchr("\"\r\n.+-0123456789", text[0]) == NULL;
	if (!sensible)
		return lp_fail(error, LP_EXIT_USAGE, "--delimiter %s: expected one character, or tab", text);
	*delimiter = text[0];
	return true;
}

static bool parse_encoding(const char *name, enum lp_encoding *encoding, struct lp_error *error)
{
	return name == NULL || lp_encoding_find(name, encoding) ||
	       lp_fail(error, LP_EXIT_USAGE, "--encoding %s: expected %s", name, lp_encoding_names);
}

static bool parse_thousands(const char *text, char *group, struct lp_error *error)
{
	if (text == NULL)
		return true;
	bool blank = strcmp(text, "blank") == 0 || strcmp(text, " ") == 0;
	if (!blank && (text[0] == '\0' || text[1] != '\0' || strchr(",.'", text[0]) == NULL))
		return lp_fail(error, LP_EXIT_USAGE, "--thousands %s: expected , . ' or blank", text);
	*group = blank ? ' ' : text[0];
	return true;
}

static bool check_settings(const struct lp_import_settings *settings, struct lp_error *error)
{
	if (settings->long_form && (settings->series.count > 0 || settings->prefix != NULL)) {
		return lp_fail(error, LP_EXIT_USAGE, "--long takes the names of series from the file: not with %s",
		               settings->series.count > 0 ? "--series" : "--prefix");
	}
	if (settings->long_form && settings->units_line)
		return lp_fail(error, LP_EXIT_USAGE, "--units-line and --long exclude each other");
	if (settings->no_quality && (settings->quality_column != NULL || !settings->long_form)) {
		return lp_fail(error, LP_EXIT_USAGE,
		               settings->long_form
		                       ? "--quality and --no-quality exclude each other"
		                       : "--no-quality goes with --long: else no column is one of qualities");
	}
	if (settings->repeated_hour != NULL && strcmp(settings->repeated_hour, "first") != 0 &&
	    strcmp(settings->repeated_hour, "second") != 0) {
		return lp_fail(error, LP_EXIT_USAGE, "--repeated-hour %s: expected first or second",
		               settings->repeated_hour);
	}
	if (settings->numbers.group == (settings->numbers.comma ? ',' : '.')) {
		return lp_fail(error, LP_EXIT_USAGE,
		               settings->numbers.comma ? "--decimal-comma and --thousands , exclude each other"
		                                       : "--thousands . goes with --decimal-comma");
	}
	if (settings->numbers.comma && settings->delimiter == ',')
		return lp_fail(error, LP_EXIT_USAGE, "--decimal-comma and --delimiter , exclude each other");
	return lp_import_format_check(settings->time_format, error) &&
	       check_pairs(&settings->series, "--series", error) && check_pairs(&settings->units, "--unit", error);
}

/* --follow and what goes with it. */
static bool check_follow(struct request *request, struct lp_error *error)
{
	struct lp_import_follow *follow = &request->follow;
	const char *without = request->settings.dry_run           ? "--dry-run"
	                      : request->settings.restores_pruned ? "--restores-pruned"
	                                                          : NULL;
	follow->settle = LP_IMPORT_SETTLE_SECONDS * LP_SECOND;
	if (!follow->wanted && (follow->again || request->settle != NULL || follow->source != NULL))
		return lp_fail(error, LP_EXIT_USAGE, "%s goes with --follow",
		               follow->again             ? "--again"
		               : request->settle != NULL ? "--settle"
		                                         : "--source");
	if (follow->wanted && without != NULL)
		return lp_fail(error, LP_EXIT_USAGE, "--follow and %s exclude each other", without);
	if (follow->wanted && request->files.count != 1)
		return lp_fail(error, LP_EXIT_USAGE, "--follow takes one directory, or a pattern of names in it");
	if (follow->source != NULL && (follow->source[0] == '\0' || lp_utf8_has_control(follow->source)))
		return lp_fail(error, LP_EXIT_USAGE, "--source: expected a name");
	if (request->settle != NULL && !lp_duration_parse(request->settle, &follow->settle, error)) {
		error->exit = LP_EXIT_USAGE;
		return lp_fail_within(error, "--settle");
	}
	return true;
}

static bool check(void *data, struct lp_overrides *overrides, struct lp_error *error)
{
	struct request *request = data;
	struct lp_import_settings *settings = &request->settings;
	if (!parse_delimiter(request->delimiter, &settings->delimiter, error) ||
	    !parse_encoding(request->encoding, &settings->encoding, error) ||
	    !parse_thousands(request->thousands, &settings->numbers.group, error) || !check_settings(settings, error) ||
	    !check_follow(request, error))
		return false;
	settings->prefix = settings->prefix == NULL ? "" : settings->prefix;
	/* The session knows zones only, so a fixed offset is taken off its options. */
	if (overrides->time_zone != NULL && lp_offset_parse(overrides->time_zone, &settings->offset)) {
		settings->fixed = true;
		overrides->time_zone = NULL;
	}
	return true;
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	struct request *request = data;
	struct lp_import_settings *settings = &request->settings;
	settings->zone = session->zone;
	if (request->follow.wanted)
		return lp_import_follow(session, settings, &request->follow, request->files.items[0], error);
	for (size_t i = 0; i < request->files.count; i++)
		if (lp_import_is_directory(request->files.items[i]))
			return lp_import_each(session, settings, &request->files, error);
	return lp_import_all(session, settings, &request->files, error);
}

static const struct lp_option options[] = {
	{ .name = "--time", .value = "COLUMN", .field = offsetof(struct request, settings.time_column) },
	{ .name = "--time-of-day", .value = "COLUMN", .field = offsetof(struct request, settings.time_of_day) },
	{ .name = "--repeated-hour",
	  .value = "first|second",
	  .field = offsetof(struct request, settings.repeated_hour) },
	{ .name = "--time-format", .value = "FORMAT", .field = offsetof(struct request, settings.time_format) },
	{ .name = "--series",
	  .value = "COLUMN=NAME",
	  .form = LP_OPTION_TEXTS,
	  .field = offsetof(struct request, settings.series) },
	{ .name = "--prefix", .value = "TEXT", .field = offsetof(struct request, settings.prefix) },
	{ .name = "--unit",
	  .value = "COLUMN=UNIT",
	  .form = LP_OPTION_TEXTS,
	  .field = offsetof(struct request, settings.units) },
	{ .name = "--quality", .value = "COLUMN", .field = offsetof(struct request, settings.quality_column) },
	{ .name = "--no-quality", .field = offsetof(struct request, settings.no_quality) },
	{ .name = "--missing",
	  .value = "WORD",
	  .form = LP_OPTION_TEXTS,
	  .field = offsetof(struct request, settings.missing) },
	{ .name = "--units-line", .field = offsetof(struct request, settings.units_line) },
	{ .name = "--header-line",
	  .value = "N",
	  .form = LP_OPTION_COUNT,
	  .field = offsetof(struct request, settings.header_line) },
	{ .name = "--long", .field = offsetof(struct request, settings.long_form) },
	{ .name = "--delimiter", .value = "CHARACTER", .field = offsetof(struct request, delimiter) },
	{ .name = "--decimal-comma", .field = offsetof(struct request, settings.numbers.comma) },
	{ .name = "--thousands", .value = "C", .field = offsetof(struct request, thousands) },
	{ .name = "--encoding", .value = "NAME", .field = offsetof(struct request, encoding) },
	{ .name = "--follow", .field = offsetof(struct request, follow.wanted) },
	{ .name = "--settle", .value = "TIME", .field = offsetof(struct request, settle) },
	{ .name = "--again", .field = offsetof(struct request, follow.again) },
	{ .name = "--source", .value = "NAME", .field = offsetof(struct request, follow.source) },
	{ .name = "--restores-pruned", .field = offsetof(struct request, settings.restores_pruned) },
	{ .name = "--dry-run", .letter = 'n', .field = offsetof(struct request, settings.dry_run) },
	{ .name = NULL },
};

const struct lp_command lp_command_import = {
	.name = "import",
	.summary = "store samples from CSV files",
	.help = "Usage: local-processing import [OPTION...] FILE.csv...|-|DIRECTORY...|'PATTERN'...\n"
		"       local-processing import --follow [OPTION...] DIRECTORY|'PATTERN'\n"
		"\n"
		"Reads samples from CSV files (-: standard input) and stores them, in one transaction: where\n"
		"anything is wrong, the line is named and nothing is stored. The first line names the columns.\n"
		"Of a directory these are the files *.csv, of 'logs/2026-*.txt' those whose names fit, in the order of\n"
		"their names; each is then a transaction of its own: what is wrong with one is told at the end, and the\n"
		"others are stored.\n"
		"Series that are not there yet are made. A sample that is there already is updated where its\n"
		"value or quality differs.\n"
		"\n"
		"  --time COLUMN         the column of times; else the one named time, timestamp, datetime, date\n"
		"                        or ts; else the first\n"
		"  --time-of-day COLUMN  the time of day, where --time has the date alone: read as one, with a blank\n"
		"                        between them\n"
		"  --time-format FORMAT  times are written otherwise than below: '%d.%m.%Y %H:%M:%S', unix or unix-ms\n"
		"                        (since 1970), unix-us, unix-ns; more about it below\n"
		"  --series COLUMN=NAME  import this column, as series NAME; may be repeated. Without it every\n"
		"                        column is a series, named as the column is\n"
		"  --prefix TEXT         what those names begin with: --prefix p1/\n"
		"  --unit COLUMN=UNIT    the unit of the column's series; may be repeated\n"
		"  --units-line          the line below the names has the units of the columns\n"
		"  --header-line N       the line that has the names; those above it are passed over\n"
		"  --quality COLUMN      good, uncertain or bad (or 0, 1, 2) for all values of a line\n"
		"  --no-quality          with --long: a column quality is passed over, all values are good\n"
		"  --long                a line is a sample: columns series, time, value, and quality if any;\n"
		"                        --unit then takes SERIES=UNIT\n"
		"  --missing WORD        a cell that says WORD is no sample: offline, -9999; may be repeated\n"
		"  --time-zone ZONE      for times without an offset: Europe/Berlin, or a fixed distance from UTC\n"
		"                        for data in standard time all year: +01:00, -08:00\n"
		"  --repeated-hour first|second\n"
		"                        which one local times are that come twice when clocks go back\n"
		"  --delimiter C         between cells: ',', ';', '|' or tab; else the likeliest\n"
		"  --decimal-comma       numbers are written 1,5\n"
		"  --thousands C         groups of three digits are parted by C: ',', '.', \"'\" or blank: 1,234.5\n"
		"  --encoding NAME       utf-16le, utf-16be, windows-1252 or latin-1, where no byte order mark tells; else\n"
		"                        UTF-8\n"
		"  --follow              goes on: stores what comes into the directory, each file once, until it is stopped\n"
		"  --settle TIME         with --follow: a file is whole when nothing of it has changed for so long; else\n"
		"                        10 s; 0 s where files are renamed into the directory\n"
		"  --again               with --follow: a file that has grown or changed since it was stored is stored\n"
		"                        again; else that is told\n"
		"  --source NAME         with --follow: what its files are known by, in place of the directory's path\n"
		"  --restores-pruned     the files have all samples again that `prune` removed of their series, at least\n"
		"                        from their first line on: results that read them can be computed again. Without\n"
		"                        it they are stored, and results are left as they are\n"
		"  -n, --dry-run         check everything, show the first samples as they would be stored, say what\n"
		"                        would be done, and store nothing\n"
		"\n"
		"Times are RFC 3339: 2026-03-01T12:00:00Z, 2026-03-01 13:00:00+01:00; offset, seconds and time\n"
		"of day may be left out, 24:00 is the end of a day. Lines may come in any order; a sample that a\n"
		"file has twice, the same in all, counts once. Cells at the end of a line may be left out. A cell\n"
		"that is empty or says nan, inf, null, NA, n/a, #N/A, ---, bad, unknown, unavailable, missing or\n"
		"no data is no sample. Names of columns are found as they are written, or, where that finds none,\n"
		"whatever their capitals. Cells are quoted as in RFC 4180.\n"
		"\n"
		"FORMAT has %Y year, %y its last two digits (69 to 99: 1969 to 1999, 00 to 68: 2000 to 2068), %m\n"
		"month, %b its English name, %d day, %j day of the year, %a weekday, %H hour, %I and %p hour to 12\n"
		"with AM or PM, %M minute, %S second (decimals may follow), %z offset, %Z zone: UTC, or what its\n"
		"clocks are called at that time, such as CEST; %F is %Y-%m-%d, %T %H:%M:%S, %R %H:%M. A format\n"
		"tells the whole date.\n"
		"\n"
		"When clocks go back an hour of local time comes twice. Where the lines of a file (of a series,\n"
		"with --long) are in the order of time and go back once within that hour, what stands before is\n"
		"the first, what comes then the second; where that cannot be told, the file is refused.\n"
		"\n"
		"Exits 0 when everything is stored, 65 when a file is wrong. More: docs/import.md.\n"
		"\n"
		"Examples:\n"
		"  local-processing import pumps.csv\n"
		"  local-processing import --time-zone -08:00 --series temperature=seattle/temperature \\\n"
		"      --unit temperature=degC weather.csv\n"
		"  local-processing import --long --delimiter ';' --decimal-comma export.csv\n"
		"  psql -c 'COPY (SELECT tag AS series, ts AS time, value FROM archive) TO STDOUT (FORMAT csv, HEADER)' \\\n"
		"      | local-processing import --long -\n"
		"  local-processing import --follow --encoding windows-1252 --decimal-comma /var/lib/logger\n",
	.options = options,
	.operands = { .least = 1,
	              .most = LP_OPERANDS_ANY,
	              .what = "CSV files, a directory of them, or - for standard input",
	              .field = offsetof(struct request, files) },
	.request_size = sizeof(struct request),
	.need = LP_NEED_STORE,
	.check = check,
	.run = run,
};
