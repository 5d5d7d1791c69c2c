/*
 * `import`: turns the rows of a CSV file into samples. Decides what each column
 * is, and names the cell where something is wrong. Knows nothing of the store.
 */
#include "command/import.h"

#include "model/hash.h"
#include "model/memory.h"
#include "text/csv.h"
#include "text/number.h"
#include "text/utf8.h"
#include <string.h>
#include <strings.h>

enum { NONE = -1, UNIT_BYTES_MOST = 64 };

enum { ROWS_LOOKED_AT = 50 };

struct reading {
	struct lp_import *import;
	const char *file;
	const char **header;
	int header_count;
	int header_line, first_line;                 /* of the first row of samples; 0: it is to come */
	int time, time_of_day, quality, name, value; /* columns; NONE: there is none */
	const char **given, **units; /* wide form: what --series and --unit say of each column, or NULL */
	size_t *series;              /* wide form: of each column; SIZE_MAX: not imported */
	size_t last_series;          /* long form: that of the row before, which the next one often has too */
	struct lp_arena arena;
};

static bool fail_cell(const struct reading *reading, const struct lp_csv_cell *cell, int column, const char *what,
                      struct lp_error *error)
{
	char shown[64];
	size_t length = lp_utf8_cut(cell->text, strnlen(cell->text, sizeof shown - 4));
	/* A cell may hold anything, so a message shows its beginning, without what moves a terminal's cursor. */
	for (size_t i = 0; i < length; i++)
		shown[i] = (unsigned char)cell->text[i] < 0x20 ? ' ' : cell->text[i];
	snprintf(shown + length, sizeof shown - length, "%s", cell->text[length] != '\0' ? "..." : "");
	return lp_fail(error, LP_EXIT_DATA, "%s:%d:%d: column %.*s: \"%s\" %s", reading->file, cell->line, cell->column,
	               LP_CUT(100, reading->header[column]), shown, what);
}

/* Trims blanks from both ends, no-break spaces among them. */
static const char *trim(struct lp_arena *arena, const char *text)
{
	static const char no_break[] = "\xC2\xA0";
	size_t length;

	while (*text == ' ' || *text == '\t' || strncmp(text, no_break, 2) == 0)
		text += *text == no_break[0] ? 2 : 1;
	for (length = strlen(text); length > 0;)
		if (text[length - 1] == ' ' || text[length - 1] == '\t')
			length--;
		else if (length >= 2 && memcmp(text + length - 2, no_break, 2) == 0)
			length -= 2;
		else
			break;
	return text[length] == '\0' ? text : lp_arena_copy(arena, text, length);
}

/*
 * Finds the column of that name: as it is written or, if there is none, regardless
 * of capital letters. Two of them are an error; none is NONE.
 */
static bool find_column(const struct reading *reading, const char *name, int *column, struct lp_error *error)
{
	int exact = NONE, alike = NONE, exact_second = NONE, alike_second = NONE;

	for (int i = 0; i < reading->header_count; i++) {
		if (strcmp(reading->header[i], name) == 0) {
			exact_second = exact == NONE ? NONE : i;
			exact = exact == NONE ? i : exact;
		} else if (strcasecmp(reading->header[i], name) == 0) {
			alike_second = alike == NONE ? NONE : i;
			alike = alike == NONE ? i : alike;
		}
	}
	*column = exact != NONE ? exact : alike;
	int second = exact != NONE ? exact_second : alike_second;
	if (second == NONE)
		return true;
	lp_fail(error, LP_EXIT_DATA, "%s:%d: columns %d and %d are both named %.*s", reading->file,
	        reading->header_line, *column + 1, second + 1, LP_CUT(200, name));
	return lp_hint(error, exact != NONE ? "Name the columns differently in the file."
	                                    : "Write the name as the file does, with its capital letters.");
}

static bool find_any(const struct reading *reading, const char *const *names, int *column, struct lp_error *error)
{
	*column = NONE;
	for (; *names != NULL && *column == NONE; names++)
		if (!find_column(reading, *names, column, error))
			return false;
	return true;
}

static bool has_any(const struct reading *reading, const char *const *names)
{
	struct lp_error ignored = { 0 };
	int column = NONE;
	return !find_any(reading, names, &column, &ignored) || column != NONE;
}

static bool fail_no_column(const struct reading *reading, const char *what, struct lp_error *error)
{
	struct lp_text names = { 0 };
	for (int i = 0; i < reading->header_count; i++)
		lp_text_addf(&names, "%s%s", i == 0 ? "" : ", ", reading->header[i]);
	lp_fail(error, LP_EXIT_DATA, "%s:%d: there is no column %.*s", reading->file, reading->header_line,
	        LP_CUT(200, what));
	lp_hint(error, "The file's columns are: %.*s.", LP_CUT(300, names.data == NULL ? "" : names.data));
	lp_text_free(&names);
	return false;
}

static bool find_named(const struct reading *reading, const char *given, const char *const *usual, const char *what,
                       int *column, struct lp_error *error)
{
	if (given != NULL ? !find_column(reading, given, column, error) : !find_any(reading, usual, column, error))
		return false;
	return *column != NONE || fail_no_column(reading, given != NULL ? given : what, error);
}

static bool check_name(const struct reading *reading, const char *name, int line, struct lp_error *error)
{
	const char *wrong = lp_name_problem(name);
	if (wrong == NULL && (name[0] == ' ' || name[strlen(name) - 1] == ' '))
		wrong = "has a blank at its beginning or end";
	if (wrong == NULL)
		return true;
	lp_fail(error, LP_EXIT_DATA, "%s:%d: the name of a series %s", reading->file, line, wrong);
	if (lp_utf8_has_control(name))
		lp_hint(error, "If the file was converted from Latin-1, convert it from what it was: "
		               "iconv -f WINDOWS-1252 -t UTF-8; or import the original with --encoding windows-1252.");
	return false;
}

/* Checks that each option names a column of this file, and each column is named once. */
static bool take_option(const struct reading *reading, const char *item, const char *option, const char **taken,
                        struct lp_error *error)
{
	const char *equals = strchr(item, '=');
	struct lp_arena *arena = &reading->import->arena;
	const char *key = trim(arena, lp_arena_copy(arena, item, (size_t)(equals - item)));
	int column;

	if (!find_column(reading, key, &column, error))
		return lp_fail_within(error, "%s %s", option, item);
	if (column == NONE) {
		fail_no_column(reading, key, error);
		return lp_fail_within(error, "%s %s", option, item);
	}
	if (column == reading->time || column == reading->time_of_day || column == reading->quality)
		return lp_fail(error, LP_EXIT_DATA, "%s %s: %s:%d: column %d has %s, no values", option, item,
		               reading->file, reading->header_line, column + 1,
		               column == reading->quality ? "qualities" : "times");
	if (taken[column] != NULL)
		return lp_fail(error, LP_EXIT_DATA, "%s %s: column %s has %s already", option, item,
		               reading->header[column], taken[column]);
	taken[column] = equals + 1;
	return true;
}

static bool take_options(const struct reading *reading, const struct lp_words *values, const char *option,
                         const char **taken, struct lp_error *error)
{
	for (size_t i = 0; i < values->count; i++)
		if (!take_option(reading, values->items[i], option, taken, error))
			return false;
	return true;
}

/* Finds the series that a column goes to, if it goes to one. */
static bool plan_column(struct reading *reading, int column, struct lp_error *error)
{
	const struct lp_import_settings *settings = reading->import->settings;
	const char *given = reading->given[column];
	reading->series[column] = SIZE_MAX;
	if (column == reading->time || column == reading->time_of_day || column == reading->quality)
		return true;
	if (given == NULL && settings->series.count > 0) {
		return reading->units[column] == NULL ||
		       lp_fail(error, LP_EXIT_DATA, "--unit %s=%s: that column is not imported: no --series names it",
		               reading->header[column], reading->units[column]);
	}
	if (reading->header[column][0] == '\0' && given == NULL) {
		return lp_fail(error, LP_EXIT_DATA, "%s:%d: the name of column %d is empty", reading->file,
		               reading->header_line, column + 1);
	}
	const char *name = given != NULL ? given : reading->header[column];
	if (given == NULL && settings->prefix[0] != '\0') {
		struct lp_text text = { 0 };
		lp_text_addf(&text, "%s%s", settings->prefix, name);
		name = lp_arena_text(&reading->arena, text.data);
		lp_text_free(&text);
	}
	if (!check_name(reading, name, reading->header_line, error))
		return false;
	size_t series = lp_import_series_named(reading->import, name);
	for (int other = 0; other < column; other++) {
		if (reading->series[other] == series) {
			return lp_fail(error, LP_EXIT_DATA, "%s:%d: columns %d and %d are both series \"%.*s\"",
			               reading->file, reading->header_line, other + 1, column + 1, LP_CUT(200, name));
		}
	}
	const char *unit = reading->units[column];
	reading->import->series[series].unit = unit != NULL ? unit : reading->import->series[series].unit;
	reading->series[column] = series;
	return true;
}

static const char *const time_names[] = { "time", "timestamp", "datetime", "date", "ts", NULL };
static const char *const quality_names[] = { "quality", NULL };
static const char *const series_names[] = { "series", "tag", "name", NULL };
static const char *const value_names[] = { "value", NULL };

static bool fail_no_header(const struct reading *reading, const char *text, int column, struct lp_error *error)
{
	lp_fail(error, LP_EXIT_DATA, "%s:%d:%d: \"%.*s\" is a time: the line with the names of the columns is missing",
	        reading->file, reading->header_line, column, LP_CUT(100, text));
	return lp_hint(error, "The first line names the columns: time,NAME,...");
}

/* If no column is named as times are, the first one has them, unless its name is a time already. */
static bool take_first(struct reading *reading, struct lp_error *error)
{
	const struct lp_import_unix *form = lp_import_unix_find(reading->import->settings->time_format);
	lp_time time;

	reading->time = 0;
	if (form == NULL || !lp_import_unix_parse(form, reading->header[0], &time) || time < LP_IMPORT_LIKELY_FROM ||
	    time >= LP_IMPORT_LIKELY_TO)
		return true;
	return fail_no_header(reading, reading->header[0], 1, error);
}

/* Where the times are, and the qualities. */
static bool plan_times(struct reading *reading, struct lp_error *error)
{
	const struct lp_import_settings *settings = reading->import->settings;

	if (settings->time_of_day != NULL &&
	    !find_named(reading, settings->time_of_day, NULL, "", &reading->time_of_day, error))
		return false;
	if (settings->quality_column != NULL &&
	    !find_named(reading, settings->quality_column, NULL, "", &reading->quality, error))
		return false;
	if (settings->time_column != NULL || settings->long_form)
		return find_named(reading, settings->time_column, time_names, "time", &reading->time, error);
	if (!find_any(reading, time_names, &reading->time, error))
		return false;
	return reading->time != NONE || take_first(reading, error);
}

static bool plan_long(struct reading *reading, struct lp_error *error)
{
	const struct lp_import_settings *settings = reading->import->settings;
	if (!plan_times(reading, error))
		return false;
	return find_named(reading, NULL, series_names, "series", &reading->name, error) &&
	       find_named(reading, NULL, value_names, "value", &reading->value, error) &&
	       (settings->quality_column != NULL || settings->no_quality ||
	        find_any(reading, quality_names, &reading->quality, error));
}

static bool plan_wide(struct reading *reading, struct lp_error *error)
{
	const struct lp_import_settings *settings = reading->import->settings;
	size_t count = (size_t)reading->header_count;
	bool any = false;

	reading->given = lp_arena_zeroed(&reading->arena, count, sizeof *reading->given);
	reading->units = lp_arena_zeroed(&reading->arena, count, sizeof *reading->units);
	reading->series = lp_arena_zeroed(&reading->arena, count, sizeof *reading->series);
	if (!plan_times(reading, error) ||
	    !take_options(reading, &settings->series, "--series", reading->given, error) ||
	    !take_options(reading, &settings->units, "--unit", reading->units, error))
		return false;
	for (int column = 0; column < reading->header_count; column++) {
		if (!plan_column(reading, column, error))
			return false;
		any = any || reading->series[column] != SIZE_MAX;
	}
	if (!any) {
		lp_fail(error, LP_EXIT_DATA, "%s:%d: there is no column of values beside the time", reading->file,
		        reading->header_line);
		return lp_hint(error, "Is the delimiter another one? --delimiter ';' says so.");
	}
	return true;
}

/* The name of a tag may be a number; only what is written as a date is surely no name. */
static bool is_surely_time(const struct reading *reading, const char *text)
{
	const struct lp_import_settings *settings = reading->import->settings;
	struct lp_error ignored = { 0 };
	struct lp_import_time read;
	if (lp_import_unix_find(settings->time_format) != NULL)
		return false;
	return text[strspn(text, "0123456789")] != '\0' && lp_import_time_read(settings, text, &read, &ignored);
}

static bool plan(struct reading *reading, const struct lp_csv_row *row, struct lp_error *error)
{
	reading->header_line = row->line;
	reading->header_count = (int)row->count;
	reading->header = lp_arena_zeroed(&reading->arena, row->count, sizeof *reading->header);
	for (size_t i = 0; i < row->count; i++) {
		const char *name = trim(&reading->arena, row->cells[i].text);
		reading->header[i] = lp_arena_text(&reading->arena, name);
		if (is_surely_time(reading, name))
			return fail_no_header(reading, name, row->cells[i].column, error);
	}
	/* A delimiter behind the last name. */
	while (reading->header_count > 1 && reading->header[reading->header_count - 1][0] == '\0')
		reading->header_count--;
	return reading->import->settings->long_form ? plan_long(reading, error) : plan_wide(reading, error);
}

/* Takes the units from the line below the names, with or without brackets. */
static bool take_units(struct reading *reading, const struct lp_csv_row *row, struct lp_error *error)
{
	for (int column = 0; column < reading->header_count && (size_t)column < row->count; column++) {
		const char *unit = trim(&reading->arena, row->cells[column].text);
		size_t length = strlen(unit);
		if (length > 1 &&
		    ((unit[0] == '[' && unit[length - 1] == ']') || (unit[0] == '(' && unit[length - 1] == ')')))
			unit = trim(&reading->arena, lp_arena_copy(&reading->arena, unit + 1, length - 2));
		if (reading->series[column] == SIZE_MAX || reading->units[column] != NULL || unit[0] == '\0' ||
		    strcmp(unit, "-") == 0)
			continue;
		if (lp_utf8_has_control(unit) || strlen(unit) > UNIT_BYTES_MOST)
			return fail_cell(reading, &row->cells[column], column, "is no unit", error);
		reading->import->series[reading->series[column]].unit = lp_arena_text(&reading->import->arena, unit);
	}
	return true;
}

static void hint_time(const struct reading *reading, const char *text, int line, struct lp_error *error)
{
	static const char *const dates[] = { "date", NULL };

	if (line == reading->first_line && strpbrk(text, "0123456789") == NULL)
		lp_hint(error,
		        "If this line has the units of the columns, say --units-line; if the names of the columns "
		        "stand further down, say in which line: --header-line 5.");
	else if (reading->time_of_day == NONE && has_any(reading, dates) &&
	         strcasecmp(reading->header[reading->time], "date") != 0)
		lp_hint(error, "If date and time stand in two columns: --time date --time-of-day %.*s.",
		        LP_CUT(100, reading->header[reading->time]));
	else if (error->hint[0] == '\0')
		lp_hint(error, "Times that are written in another way are read with --time-format.");
}

static bool read_time(const struct reading *reading, const struct lp_csv_row *row, struct lp_import_time *read,
                      struct lp_error *error)
{
	const struct lp_csv_cell *cell = &row->cells[reading->time];
	char joined[200];
	const char *text = cell->text;

	if (reading->time_of_day != NONE) {
		int length =
			snprintf(joined, sizeof joined, "%s %s", cell->text, row->cells[reading->time_of_day].text);
		if (length < 0 || (size_t)length >= sizeof joined)
			return fail_cell(reading, cell, reading->time, "is no date", error);
		text = joined;
	}
	if (lp_import_time_read(reading->import->settings, text, read, error))
		return true;
	hint_time(reading, text, row->line, error);
	return lp_fail_within(error, "%s:%d:%d: column %.*s", reading->file, cell->line, cell->column,
	                      LP_CUT(100, reading->header[reading->time]));
}

static bool read_quality(const struct reading *reading, const struct lp_csv_row *row, uint8_t *quality,
                         struct lp_error *error)
{
	static const struct {
		const char *word;
		uint8_t quality;
	} words[] = {
		{ "", LP_QUALITY_GOOD },       { "good", LP_QUALITY_GOOD },
		{ "0", LP_QUALITY_GOOD },      { "uncertain", LP_QUALITY_UNCERTAIN },
		{ "1", LP_QUALITY_UNCERTAIN }, { "bad", LP_QUALITY_BAD },
		{ "2", LP_QUALITY_BAD },
	};

	*quality = LP_QUALITY_GOOD;
	if (reading->quality == NONE)
		return true;
	if ((size_t)reading->quality >= row->count)
		return true;
	const struct lp_csv_cell *cell = &row->cells[reading->quality];
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcasecmp(cell->text, words[i].word) == 0) {
			*quality = words[i].quality;
			return true;
		}
	}
	fail_cell(reading, cell, reading->quality, "is no quality: expected good, uncertain, bad (or 0, 1, 2)", error);
	return lp_hint(error, "--no-quality leaves the column out: all values are good then.");
}

static bool fail_number(const struct reading *reading, const struct lp_csv_cell *cell, int column,
                        enum lp_number_reading why, struct lp_error *error)
{
	fail_cell(reading, cell, column,
	          why == LP_NUMBER_TOO_LARGE ? "is too large for a number of 64 bits" : "is not a number", error);
	if (lp_import_hint_number(reading->import->settings, cell->text, error))
		return false;
	if (!reading->import->settings->long_form && has_any(reading, series_names) && has_any(reading, value_names))
		return lp_hint(error, "A file with a sample a line (series,time,value) is read with --long.");
	return lp_hint(error, "An empty cell means no sample; so does a word that is named: --missing WORD. To leave "
	                      "columns out, name those you want: --series COLUMN=NAME.");
}

/* True if the cell is what --missing names: that word, or that number. */
static bool is_named_missing(const struct lp_import_settings *settings, const char *text, double value, bool is_number)
{
	for (size_t i = 0; i < settings->missing.count; i++) {
		const char *word = settings->missing.items[i];
		size_t length = strlen(word);
		const char *at = text + strspn(text, " \t");
		double number;
		if (strncasecmp(at, word, length) == 0 && at[length + strspn(at + length, " \t")] == '\0')
			return true;
		if (is_number && lp_number_parse(word, settings->numbers, &number) == LP_NUMBER_READ &&
		    number <= value && number >= value)
			return true;
	}
	return false;
}

static bool add_cell(struct reading *reading, const struct lp_csv_cell *cell, int column, size_t series,
                     struct lp_import_sample sample, struct lp_error *error)
{
	enum lp_number_reading read = lp_number_parse(cell->text, reading->import->settings->numbers, &sample.value);
	if (read == LP_NUMBER_MISSING ||
	    is_named_missing(reading->import->settings, cell->text, sample.value, read == LP_NUMBER_READ)) {
		reading->import->missing++;
		return true;
	}
	if (read != LP_NUMBER_READ)
		return fail_number(reading, cell, column, read, error);
	return lp_import_add(reading->import, series, sample, error);
}

static bool add_long_row(struct reading *reading, const struct lp_csv_row *row, struct lp_import_sample sample,
                         struct lp_import_time read, struct lp_error *error)
{
	struct lp_import *import = reading->import;
	const char *name = trim(&reading->arena, row->cells[reading->name].text);
	if (reading->last_series == SIZE_MAX || strcmp(import->series[reading->last_series].name, name) != 0) {
		if (!check_name(reading, name, row->line, error))
			return false;
		reading->last_series = lp_import_series_named(import, name);
		struct lp_import_series *series = &import->series[reading->last_series];
		const char *unit = lp_import_value_for(&import->settings->units, name);
		series->unit = unit != NULL ? unit : series->unit;
	}
	lp_import_order_note(&import->series[reading->last_series].order, read, row->line);
	if ((size_t)reading->value >= row->count) {
		import->missing++;
		return true;
	}
	return add_cell(reading, &row->cells[reading->value], reading->value, reading->last_series, sample, error);
}

/* Cells at the end of a line may be left out: they count as empty. Empty cells may also follow the last column. */
static bool check_cells(const struct reading *reading, const struct lp_csv_row *row, struct lp_error *error)
{
	size_t needed = (size_t)reading->time;

	for (size_t i = (size_t)reading->header_count; i < row->count; i++) {
		if (row->cells[i].text[0] != '\0') {
			return lp_fail(error, LP_EXIT_DATA, "%s:%d: this line has %zu cells, the header has %d",
			               reading->file, row->line, row->count, reading->header_count);
		}
	}
	needed = reading->time_of_day != NONE && (size_t)reading->time_of_day > needed ? (size_t)reading->time_of_day
	                                                                               : needed;
	needed = reading->name != NONE && (size_t)reading->name > needed ? (size_t)reading->name : needed;
	return row->count > needed ||
	       lp_fail(error, LP_EXIT_DATA, "%s:%d: this line has %zu cell%s, too few: column %s is missing",
	               reading->file, row->line, row->count, row->count == 1 ? "" : "s", reading->header[needed]);
}

/* Marks a line: lines that are equal in all cells have equal marks. */
static uint16_t mark_row(const struct lp_csv_row *row)
{
	uint64_t mark = LP_HASH_START;

	for (size_t i = 0; i < row->count; i++)
		mark = lp_hash_add(mark, row->cells[i].text, strlen(row->cells[i].text) + 1);
	return (uint16_t)(mark ^ mark >> 16 ^ mark >> 32 ^ mark >> 48);
}

static bool add_row(struct reading *reading, const struct lp_csv_row *row, struct lp_error *error)
{
	struct lp_import_sample sample = { .line = row->line };
	struct lp_import_time read;

	reading->first_line = reading->first_line == 0 ? row->line : reading->first_line;
	if (!check_cells(reading, row, error) || !read_time(reading, row, &read, error) ||
	    !read_quality(reading, row, &sample.quality, error))
		return false;
	sample.time = read.time;
	sample.twice = read.shift > 0;
	sample.row = mark_row(row);
	if (reading->name != NONE)
		return add_long_row(reading, row, sample, read, error);
	lp_import_order_note(&reading->import->order, read, row->line);
	for (int column = 0; column < reading->header_count; column++) {
		if (reading->series[column] == SIZE_MAX)
			continue;
		if ((size_t)column >= row->count)
			reading->import->missing++;
		else if (!add_cell(reading, &row->cells[column], column, reading->series[column], sample, error))
			return false;
	}
	return true;
}

/* True if the text begins with a column's name and then has a delimiter, which may differ from this file's. */
static bool is_name(const char *text, const char *name, bool among_others)
{
	text += strspn(text, " \t");
	if (strncasecmp(text, name, strlen(name)) != 0)
		return false;
	text += strlen(name);
	return *text == '\0' ? among_others : strchr(";,|\t", *text) != NULL;
}

/* True if a row has the names of columns: one of them is that of the times. */
static bool is_header(const struct lp_import_settings *settings, const struct lp_csv_row *row)
{
	const char *const given[] = { settings->time_column, NULL };
	const char *const *names = settings->time_column != NULL ? given : time_names;

	for (size_t i = 0; i < row->count; i++) {
		for (const char *const *name = names; *name != NULL; name++)
			if (is_name(row->cells[i].text, *name, row->count > 1))
				return true;
	}
	return false;
}

/* If the first lines are no header, finds which of those below looks like one. */
static bool hint_header(const struct reading *reading, struct lp_csv *csv, struct lp_csv_row row,
                        struct lp_error *error)
{
	struct lp_error ignored = { 0 };
	bool found = true;

	for (int i = 0; i < ROWS_LOOKED_AT && found; i++) {
		if (row.line > reading->header_line && is_header(reading->import->settings, &row))
			return lp_hint(error,
			               "Line %d looks like the one with the names of the columns: --header-line %d.",
			               row.line, row.line);
		if (!lp_csv_next(csv, &row, &found, &ignored))
			return false;
	}
	return false;
}

static bool read_samples(struct reading *reading, struct lp_csv *csv, struct lp_error *error)
{
	bool units = reading->import->settings->units_line;
	struct lp_csv_row row;
	bool found;

	for (;;) {
		if (!lp_csv_next(csv, &row, &found, error))
			return false;
		if (!found)
			return true;
		if (units) {
			if (!take_units(reading, &row, error))
				return false;
			units = false;
		} else if (!add_row(reading, &row, error)) {
			return reading->first_line == row.line && hint_header(reading, csv, row, error);
		}
	}
}

static bool read_rows(struct reading *reading, struct lp_csv *csv, struct lp_error *error)
{
	struct lp_csv_row row;
	bool found;

	if (!lp_csv_next(csv, &row, &found, error))
		return false;
	if (!found) {
		lp_fail(error, LP_EXIT_DATA, "%s: the file is empty", reading->file);
		return lp_hint(error, "Its first line names the columns: time,NAME,...");
	}
	if (!plan(reading, &row, error))
		return hint_header(reading, csv, row, error);
	return read_samples(reading, csv, error);
}

bool lp_import_read(struct lp_import *import, FILE *file, const char *name, struct lp_error *error)
{
	struct reading reading = { .import = import,
		                   .file = name,
		                   .time = NONE,
		                   .time_of_day = NONE,
		                   .quality = NONE,
		                   .name = NONE,
		                   .value = NONE,
		                   .last_series = SIZE_MAX };
	import->file = name;
	struct lp_csv *csv = lp_csv_new(file, name, import->settings->delimiter);
	lp_csv_set_encoding(csv, import->settings->encoding);
	lp_csv_begin_at(csv, (int)import->settings->header_line);
	bool ok = read_rows(&reading, csv, error);
	lp_csv_free(csv);
	lp_arena_free(&reading.arena);
	return ok && lp_import_end_file(import, error);
}
