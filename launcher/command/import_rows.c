/*
 * `import`: the rows of a CSV file to samples.  Decides which column is what,
 * and names the cell where something is wrong.  Knows nothing of the store.
 */
#include "command/csv.h"
#include "command/import.h"
#include "command/number.h"

#include "model/memory.h"
#include <string.h>
#include <strings.h>

enum { NONE = -1, NAME_BYTES_MOST = 512 };

struct reading {
	struct lp_import *import;
	const char *file;
	const char **header;
	int header_count;
	int time, quality, name, value; /* columns; NONE: there is none */
	size_t *series;                 /* wide form: of each column; SIZE_MAX: not imported */
	size_t last_series;             /* long form: that of the row before, which the next one often has too */
	struct lp_arena arena;
};

static bool fail_cell(const struct reading *reading, const struct lp_csv_cell *cell, int column, const char *what,
                      struct lp_error *error)
{
	char shown[64];
	size_t length = 0;
	/* A cell may hold anything: a message shows its beginning, without what moves a terminal's cursor. */
	for (; cell->text[length] != '\0' && length < sizeof shown - 4; length++) {
		shown[length] = (unsigned char)cell->text[length] < 0x20 ? ' ' : cell->text[length];
	}
	bool cut = cell->text[length] != '\0';
	while (cut && length > 0 && ((unsigned char)cell->text[length] & 0xC0) == 0x80) {
		length--;
	}
	snprintf(shown + length, sizeof shown - length, "%s", cut ? "..." : "");
	return lp_fail(error, LP_EXIT_DATA, "%s:%d:%d: column %.100s: \"%s\" %s", reading->file, cell->line,
	               cell->column, reading->header[column], shown, what);
}

/* The column of that name among the header's. */
static int find_column(const struct reading *reading, const char *name)
{
	for (int i = 0; i < reading->header_count; i++) {
		if (strcasecmp(reading->header[i], name) == 0) {
			return i;
		}
	}
	return NONE;
}

static int find_any(const struct reading *reading, const char *const *names)
{
	for (; *names != NULL; names++) {
		int column = find_column(reading, *names);
		if (column != NONE) {
			return column;
		}
	}
	return NONE;
}

static bool fail_no_column(const struct reading *reading, const char *what, struct lp_error *error)
{
	struct lp_text names = { 0 };
	for (int i = 0; i < reading->header_count; i++) {
		lp_text_addf(&names, "%s%s", i == 0 ? "" : ", ", reading->header[i]);
	}
	lp_fail(error, LP_EXIT_DATA, "%s:1: there is no column %.200s", reading->file, what);
	lp_hint(error, "The file's columns are: %.300s.", names.data == NULL ? "" : names.data);
	lp_text_free(&names);
	return false;
}

static bool find_named(const struct reading *reading, const char *given, const char *const *usual, const char *what,
                       int *column, struct lp_error *error)
{
	*column = given != NULL ? find_column(reading, given) : find_any(reading, usual);
	return *column != NONE || fail_no_column(reading, given != NULL ? given : what, error);
}

static bool check_name(const struct reading *reading, const char *name, int line, struct lp_error *error)
{
	const char *wrong = NULL;
	if (name[0] == '\0') {
		wrong = "is empty";
	} else if (strlen(name) > NAME_BYTES_MOST) {
		wrong = "is longer than 512 bytes";
	}
	for (const char *c = name; *c != '\0' && wrong == NULL; c++) {
		wrong = (unsigned char)*c < 0x20 || *c == 0x7f ? "has a control character in it" : NULL;
	}
	return wrong == NULL ||
	       lp_fail(error, LP_EXIT_DATA, "%s:%d: the name of a series %s", reading->file, line, wrong);
}

/* Each option names a column of this file. */
static bool check_options(const struct reading *reading, const struct lp_option_values *values, const char *option,
                          struct lp_error *error)
{
	for (size_t i = 0; i < values->count; i++) {
		const char *equals = strchr(values->items[i], '=');
		char *key =
			lp_arena_copy(&reading->import->arena, values->items[i], (size_t)(equals - values->items[i]));
		if (find_column(reading, key) == NONE) {
			fail_no_column(reading, key, error);
			return lp_fail_within(error, "%s %s", option, values->items[i]);
		}
	}
	return true;
}

static const char *value_of_column(const struct reading *reading, const struct lp_option_values *values, int column)
{
	for (size_t i = 0; i < values->count; i++) {
		size_t length = strlen(reading->header[column]);
		if (strncasecmp(values->items[i], reading->header[column], length) == 0 &&
		    values->items[i][length] == '=') {
			return values->items[i] + length + 1;
		}
	}
	return NULL;
}

/* The series that a column goes to, unless it goes to none. */
static bool plan_column(struct reading *reading, int column, struct lp_error *error)
{
	const struct lp_import_settings *settings = reading->import->settings;
	const char *given = value_of_column(reading, &settings->series, column);
	reading->series[column] = SIZE_MAX;
	if (column == reading->time || column == reading->quality || (given == NULL && settings->series.count > 0)) {
		return true;
	}
	if (reading->header[column][0] == '\0' && given == NULL) {
		return lp_fail(error, LP_EXIT_DATA, "%s:1: the name of column %d is empty", reading->file, column + 1);
	}
	const char *name = given != NULL ? given : reading->header[column];
	if (given == NULL && settings->prefix[0] != '\0') {
		struct lp_text text = { 0 };
		lp_text_addf(&text, "%s%s", settings->prefix, name);
		name = lp_arena_text(&reading->arena, text.data);
		lp_text_free(&text);
	}
	if (!check_name(reading, name, 1, error)) {
		return false;
	}
	size_t series = lp_import_series_named(reading->import, name);
	for (int other = 0; other < column; other++) {
		if (reading->series[other] == series) {
			return lp_fail(error, LP_EXIT_DATA, "%s:1: columns %d and %d are both series \"%.200s\"",
			               reading->file, other + 1, column + 1, name);
		}
	}
	const char *unit = value_of_column(reading, &settings->units, column);
	reading->import->series[series].unit = unit != NULL ? unit : reading->import->series[series].unit;
	reading->series[column] = series;
	return true;
}

static const char *const time_names[] = { "time", "timestamp", "datetime", "date", "ts", NULL };
static const char *const quality_names[] = { "quality", NULL };
static const char *const series_names[] = { "series", "tag", "name", NULL };
static const char *const value_names[] = { "value", NULL };

static bool plan_long(struct reading *reading, struct lp_error *error)
{
	const struct lp_import_settings *settings = reading->import->settings;
	reading->quality = find_any(reading, quality_names);
	return find_named(reading, settings->time_column, time_names, "time", &reading->time, error) &&
	       find_named(reading, NULL, series_names, "series", &reading->name, error) &&
	       find_named(reading, NULL, value_names, "value", &reading->value, error) &&
	       (settings->quality_column == NULL ||
	        find_named(reading, settings->quality_column, quality_names, "quality", &reading->quality, error));
}

static bool plan_wide(struct reading *reading, struct lp_error *error)
{
	const struct lp_import_settings *settings = reading->import->settings;
	bool any = false;

	reading->time = find_any(reading, time_names);
	if (reading->time == NONE || settings->time_column != NULL) {
		reading->time = 0;
		if (settings->time_column != NULL &&
		    !find_named(reading, settings->time_column, time_names, "time", &reading->time, error)) {
			return false;
		}
	}
	if (settings->quality_column != NULL &&
	    !find_named(reading, settings->quality_column, quality_names, "quality", &reading->quality, error)) {
		return false;
	}
	if (!check_options(reading, &settings->series, "--series", error) ||
	    !check_options(reading, &settings->units, "--unit", error)) {
		return false;
	}
	reading->series = lp_arena_zeroed(&reading->arena, (size_t)reading->header_count, sizeof *reading->series);
	for (int column = 0; column < reading->header_count; column++) {
		if (!plan_column(reading, column, error)) {
			return false;
		}
		any = any || reading->series[column] != SIZE_MAX;
	}
	if (!any) {
		lp_fail(error, LP_EXIT_DATA, "%s:1: there is no column of values beside the time", reading->file);
		return lp_hint(error, "Is the delimiter another one? --delimiter ';' says so.");
	}
	return true;
}

static bool plan(struct reading *reading, const struct lp_csv_row *row, struct lp_error *error)
{
	struct lp_error ignored;
	lp_time t;

	reading->header_count = (int)row->count;
	reading->header = lp_arena_zeroed(&reading->arena, row->count, sizeof *reading->header);
	for (size_t i = 0; i < row->count; i++) {
		const char *text = row->cells[i].text + strspn(row->cells[i].text, " \t");
		size_t length = strlen(text);
		while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t')) {
			length--;
		}
		reading->header[i] = lp_arena_copy(&reading->arena, text, length);
		/* Numbers may be the names of tags: only what is written as a date is surely no name. */
		if (reading->import->settings->time_format == NULL &&
		    lp_import_time(reading->import->settings, reading->header[i], &t, &ignored)) {
			lp_fail(error, LP_EXIT_DATA,
			        "%s:1:%d: \"%.100s\" is a time: the line with the names of the columns "
			        "is missing",
			        reading->file, row->cells[i].column, reading->header[i]);
			return lp_hint(error, "The first line names the columns: time,NAME,...");
		}
	}
	return reading->import->settings->long_form ? plan_long(reading, error) : plan_wide(reading, error);
}

static bool read_time(const struct reading *reading, const struct lp_csv_cell *cell, lp_time *t, struct lp_error *error)
{
	if (lp_import_time(reading->import->settings, cell->text, t, error)) {
		return true;
	}
	if (reading->import->settings->time_format == NULL && error->hint[0] == '\0') {
		lp_hint(error, "Times that are written in another way are read with --time-format.");
	}
	return lp_fail_within(error, "%s:%d:%d: column %.100s", reading->file, cell->line, cell->column,
	                      reading->header[reading->time]);
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
	if (reading->quality == NONE) {
		return true;
	}
	const struct lp_csv_cell *cell = &row->cells[reading->quality];
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcasecmp(cell->text, words[i].word) == 0) {
			*quality = words[i].quality;
			return true;
		}
	}
	return fail_cell(reading, cell, reading->quality, "is no quality: expected good, uncertain, bad (or 0, 1, 2)",
	                 error);
}

static bool fail_number(const struct reading *reading, const struct lp_csv_cell *cell, int column,
                        enum lp_number_reading why, struct lp_error *error)
{
	double number;
	fail_cell(reading, cell, column,
	          why == LP_NUMBER_TOO_LARGE ? "is too large for a number of 64 bits" : "is not a number", error);
	if (lp_number_parse(cell->text, !reading->import->settings->decimal_comma, &number) == LP_NUMBER_READ) {
		return lp_hint(error, reading->import->settings->decimal_comma
		                              ? "Numbers here have a point: leave --decimal-comma out."
		                              : "If numbers are written with a comma, say --decimal-comma.");
	}
	if (!reading->import->settings->long_form && find_any(reading, series_names) != NONE &&
	    find_any(reading, value_names) != NONE) {
		return lp_hint(error, "A file with a sample a line (series,time,value) is read with --long.");
	}
	return lp_hint(error, "An empty cell means no sample. To leave columns out, name those you want: --series "
	                      "COLUMN=NAME.");
}

static bool add_cell(struct reading *reading, const struct lp_csv_cell *cell, int column, size_t series,
                     struct lp_import_sample sample, struct lp_error *error)
{
	enum lp_number_reading read =
		lp_number_parse(cell->text, reading->import->settings->decimal_comma, &sample.value);
	if (read == LP_NUMBER_MISSING) {
		reading->import->missing++;
		return true;
	}
	if (read != LP_NUMBER_READ) {
		return fail_number(reading, cell, column, read, error);
	}
	return lp_import_add(reading->import, series, sample, error);
}

static bool add_long_row(struct reading *reading, const struct lp_csv_row *row, struct lp_import_sample sample,
                         struct lp_error *error)
{
	const char *name = row->cells[reading->name].text;
	struct lp_import *import = reading->import;
	if (reading->last_series == SIZE_MAX || strcmp(import->series[reading->last_series].name, name) != 0) {
		if (!check_name(reading, name, row->line, error)) {
			return false;
		}
		reading->last_series = lp_import_series_named(import, name);
		struct lp_import_series *series = &import->series[reading->last_series];
		const char *unit = lp_import_value_for(&import->settings->units, name);
		series->unit = unit != NULL ? unit : series->unit;
	}
	return add_cell(reading, &row->cells[reading->value], reading->value, reading->last_series, sample, error);
}

static bool add_row(struct reading *reading, const struct lp_csv_row *row, struct lp_error *error)
{
	struct lp_import_sample sample = { .line = row->line };

	if (row->count != (size_t)reading->header_count) {
		return lp_fail(error, LP_EXIT_DATA, "%s:%d: this line has %zu cell%s, the header has %d", reading->file,
		               row->line, row->count, row->count == 1 ? "" : "s", reading->header_count);
	}
	if (!read_time(reading, &row->cells[reading->time], &sample.time, error) ||
	    !read_quality(reading, row, &sample.quality, error)) {
		return false;
	}
	if (reading->name != NONE) {
		return add_long_row(reading, row, sample, error);
	}
	for (int column = 0; column < reading->header_count; column++) {
		if (reading->series[column] != SIZE_MAX &&
		    !add_cell(reading, &row->cells[column], column, reading->series[column], sample, error)) {
			return false;
		}
	}
	return true;
}

static bool read_rows(struct reading *reading, struct lp_csv *csv, struct lp_error *error)
{
	struct lp_csv_row row;
	bool found;

	if (!lp_csv_next(csv, &row, &found, error)) {
		return false;
	}
	if (!found) {
		lp_fail(error, LP_EXIT_DATA, "%s: the file is empty", reading->file);
		return lp_hint(error, "Its first line names the columns: time,NAME,...");
	}
	if (!plan(reading, &row, error)) {
		return false;
	}
	for (;;) {
		if (!lp_csv_next(csv, &row, &found, error)) {
			return false;
		}
		if (!found) {
			return true;
		}
		if (!add_row(reading, &row, error)) {
			return false;
		}
	}
}

bool lp_import_read(struct lp_import *import, FILE *file, const char *name, struct lp_error *error)
{
	struct reading reading = { .import = import,
		                   .file = name,
		                   .time = NONE,
		                   .quality = NONE,
		                   .name = NONE,
		                   .value = NONE,
		                   .last_series = SIZE_MAX };
	import->file = name;
	struct lp_csv *csv = lp_csv_new(file, name, import->settings->delimiter);
	bool good = read_rows(&reading, csv, error);
	lp_csv_free(csv);
	lp_arena_free(&reading.arena);
	return good && lp_import_end_file(import, error);
}
