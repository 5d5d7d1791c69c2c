/* The CSV reader: one character at a time through a buffer, one row at a time to its caller. */
#include "text/csv.h"

#include "model/memory.h"
#include "text/utf8.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_BYTES = 65536, CELLS_MOST = 10000 };
enum { END = -1 };

struct lp_csv {
	FILE *file;
	const char *name;
	char delimiter;
	bool begun;
	int first_line;   /* of the first row */
	int read_error;   /* errno of a failed read */
	int line, column; /* of the next character */
	unsigned char buffer[BUFFER_BYTES];
	size_t at, end;
	struct lp_text row;  /* the cells' texts, each with its NUL */
	size_t *cell_starts; /* in row */
	struct lp_csv_cell *cells;
	size_t count, starts_capacity, capacity;
};

struct lp_csv *lp_csv_new(FILE *file, const char *name, char delimiter)
{
	struct lp_csv *csv = lp_allocate(sizeof *csv);
	csv->file = file;
	csv->name = name;
	csv->delimiter = delimiter;
	csv->line = csv->column = 1;
	return csv;
}

void lp_csv_begin_at(struct lp_csv *csv, int line)
{
	csv->first_line = line;
}

void lp_csv_free(struct lp_csv *csv)
{
	if (csv == NULL) {
		return;
	}
	lp_text_free(&csv->row);
	free(csv->cell_starts);
	free(csv->cells);
	free(csv);
}

static bool fill(struct lp_csv *csv)
{
	csv->at = 0;
	csv->end = fread(csv->buffer, 1, sizeof csv->buffer, csv->file);
	if (csv->end == 0 && ferror(csv->file)) {
		csv->read_error = errno == 0 ? EIO : errno;
	}
	return csv->end > 0;
}

static int peek(struct lp_csv *csv)
{
	return csv->at < csv->end || fill(csv) ? csv->buffer[csv->at] : END;
}

/* Moves past the character that was just looked at. */
static void advance(struct lp_csv *csv)
{
	unsigned char c = csv->buffer[csv->at++];
	if (c == '\n') {
		csv->line++;
		csv->column = 1;
	} else if (lp_utf8_begins((char)c)) {
		csv->column++;
	}
}

static bool fail_at(const struct lp_csv *csv, int line, int column, struct lp_error *error, const char *what,
                    const char *hint)
{
	lp_fail(error, LP_EXIT_DATA, "%s:%d:%d: %s", csv->name, line, column, what);
	return hint == NULL ? false : lp_hint(error, "%s", hint);
}

/* CRLF, LF, or the CR of old loggers. */
static void pass_line_end(struct lp_csv *csv)
{
	if (peek(csv) == '\r') {
		advance(csv);
		if (peek(csv) != '\n' && peek(csv) != END) {
			csv->line++;
			csv->column = 1;
		}
	}
	if (peek(csv) == '\n') {
		advance(csv);
	}
}

static void pass_line(struct lp_csv *csv)
{
	while (peek(csv) != END && peek(csv) != '\n' && peek(csv) != '\r') {
		advance(csv);
	}
	pass_line_end(csv);
}

/* "sep=;" is a spreadsheet's word for the delimiter. */
static void take_separator(struct lp_csv *csv)
{
	const unsigned char *line = csv->buffer + csv->at;
	if (csv->end - csv->at < 6 || memcmp(line, "sep=", 4) != 0 || (line[5] != '\n' && line[5] != '\r') ||
	    strchr(",;\t|", line[4]) == NULL || line[4] == '\0') {
		return;
	}
	csv->delimiter = csv->delimiter == '\0' ? (char)line[4] : csv->delimiter;
	pass_line(csv);
}

/* The first line decides; what stands in quotes does not count. */
static char likely_delimiter(const struct lp_csv *csv)
{
	static const char candidates[] = ",;\t|";
	size_t counts[sizeof candidates] = { 0 }, best = 0;
	bool quoted = false;

	for (size_t i = csv->at; i < csv->end && (quoted || csv->buffer[i] != '\n'); i++) {
		const char *candidate = csv->buffer[i] == '\0' ? NULL : strchr(candidates, csv->buffer[i]);
		if (csv->buffer[i] == '"') {
			quoted = !quoted;
		} else if (!quoted && candidate != NULL) {
			counts[candidate - candidates]++;
		}
	}
	for (size_t i = 1; i < sizeof candidates - 1; i++) {
		best = counts[i] > counts[best] ? i : best;
	}
	return candidates[best];
}

static bool begin(struct lp_csv *csv, struct lp_error *error)
{
	csv->begun = true;
	(void)peek(csv);
	const unsigned char *bytes = csv->buffer;
	if (csv->end >= 2 && ((bytes[0] == 0xFF && bytes[1] == 0xFE) || (bytes[0] == 0xFE && bytes[1] == 0xFF))) {
		return fail_at(csv, 1, 1, error, "this is UTF-16, not UTF-8",
		               "Save it as CSV UTF-8, or convert it: iconv -f UTF-16 -t UTF-8.");
	}
	if (csv->end >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
		csv->at = 3;
	}
	take_separator(csv);
	while (csv->line < csv->first_line && peek(csv) != END) {
		pass_line(csv);
	}
	(void)peek(csv);
	if (csv->delimiter == '\0') {
		csv->delimiter = likely_delimiter(csv);
	}
	return true;
}

static void begin_cell(struct lp_csv *csv)
{
	LP_GROW(csv->cell_starts, csv->count, csv->starts_capacity);
	csv->cell_starts[csv->count] = csv->row.length;
	LP_GROW(csv->cells, csv->count, csv->capacity);
	csv->cells[csv->count] = (struct lp_csv_cell){ .line = csv->line, .column = csv->column };
	csv->count++;
}

static bool add_character(struct lp_csv *csv, int c, struct lp_error *error)
{
	char byte = (char)c;
	if (c == '\0') {
		return fail_at(csv, csv->line, csv->column, error, "a NUL byte: this is not a text file",
		               "If it is UTF-16, convert it: iconv -f UTF-16 -t UTF-8.");
	}
	if (csv->row.length >= LP_CSV_ROW_BYTES_MOST) {
		return fail_at(csv, csv->cells[0].line, csv->cells[csv->count - 1].column, error,
		               "this line is longer than 1 MiB", "Is a quote in it left open?");
	}
	lp_text_add(&csv->row, &byte, 1);
	advance(csv);
	return true;
}

/* From the opening quote to behind the closing one. */
static bool read_quoted(struct lp_csv *csv, struct lp_error *error)
{
	int line = csv->line, column = csv->column;
	advance(csv);
	for (;;) {
		int c = peek(csv);
		if (c == END) {
			return fail_at(csv, line, column, error, "the quote that opens here is never closed", NULL);
		}
		if (c == '"') {
			advance(csv);
			if (peek(csv) != '"') {
				return true;
			}
		}
		if (!add_character(csv, peek(csv), error)) {
			return false;
		}
	}
}

static bool is_cell_end(const struct lp_csv *csv, int c)
{
	return c == END || c == '\n' || c == '\r' || c == (unsigned char)csv->delimiter;
}

static bool read_cell(struct lp_csv *csv, struct lp_error *error)
{
	begin_cell(csv);
	if (peek(csv) == '"') {
		if (!read_quoted(csv, error)) {
			return false;
		}
		if (!is_cell_end(csv, peek(csv))) {
			return fail_at(csv, csv->line, csv->column, error, "text behind a closing quote",
			               "A quote inside of a quoted cell is written twice.");
		}
	}
	while (!is_cell_end(csv, peek(csv))) {
		if (!add_character(csv, peek(csv), error)) {
			return false;
		}
	}
	lp_text_add(&csv->row, "", 1);
	return true;
}

static bool check_encoding(const struct lp_csv *csv, const struct lp_csv_cell *cell, struct lp_error *error)
{
	return lp_utf8_is_valid(cell->text) ||
	       fail_at(csv, cell->line, cell->column, error, "this cell is not UTF-8",
	               "If it was written on Windows, as by older spreadsheets, convert it: "
	               "iconv -f WINDOWS-1252 -t UTF-8.");
}

static bool read_row(struct lp_csv *csv, struct lp_error *error)
{
	csv->row.length = 0;
	csv->count = 0;
	for (;;) {
		if (csv->count == CELLS_MOST) {
			return fail_at(csv, csv->line, csv->column, error, "more than 10,000 cells in a line", NULL);
		}
		if (!read_cell(csv, error)) {
			return false;
		}
		int c = peek(csv);
		if (c == END || c == '\n' || c == '\r') {
			break;
		}
		advance(csv);
	}
	pass_line_end(csv);
	for (size_t i = 0; i < csv->count; i++) {
		csv->cells[i].text = csv->row.data + csv->cell_starts[i];
		if (!check_encoding(csv, &csv->cells[i], error)) {
			return false;
		}
	}
	return true;
}

bool lp_csv_next(struct lp_csv *csv, struct lp_csv_row *row, bool *found, struct lp_error *error)
{
	*found = false;
	if (!csv->begun && !begin(csv, error)) {
		return false;
	}
	while (!*found && peek(csv) != END) {
		if (!read_row(csv, error)) {
			return false;
		}
		/* Spreadsheets end files in lines of nothing but delimiters. */
		for (size_t i = 0; i < csv->count && !*found; i++) {
			*found = csv->cells[i].text[0] != '\0';
		}
	}
	if (csv->read_error != 0) {
		return lp_fail_errno(error, LP_EXIT_DATA, csv->read_error, "cannot read %s", csv->name);
	}
	*row = (struct lp_csv_row){ csv->cells, csv->count, *found ? csv->cells[0].line : csv->line };
	return true;
}
