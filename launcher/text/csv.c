/* The CSV reader: one character at a time through a buffer, one row at a time to its caller. */
#include "text/csv.h"

#include "model/memory.h"
#include "text/utf8.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_BYTES = 65536, CELLS_MOST = 10000 };
enum { RAW_BYTES = (BUFFER_BYTES - LP_DECODED_LEFT) / LP_DECODED_MOST };
enum { END = -1 };

struct lp_csv {
	FILE *file;
	const char *name;
	char delimiter;
	bool begun;
	int first_line;   /* of the first row */
	int read_error;   /* errno of a failed read */
	int line, column; /* of the next character */
	enum lp_encoding encoding;
	struct lp_decoder decoder;
	const char *problem; /* why what follows the buffer is no text; NULL: it is, as far as it was read */
	unsigned char buffer[BUFFER_BYTES], raw[RAW_BYTES];
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

void lp_csv_set_encoding(struct lp_csv *csv, enum lp_encoding encoding)
{
	csv->encoding = encoding;
}

void lp_csv_begin_at(struct lp_csv *csv, int line)
{
	csv->first_line = line;
}

void lp_csv_free(struct lp_csv *csv)
{
	if (csv == NULL)
		return;
	lp_text_free(&csv->row);
	free(csv->cell_starts);
	free(csv->cells);
	free(csv);
}

static size_t read_bytes(struct lp_csv *csv, unsigned char *bytes, size_t size)
{
	size_t count = fread(bytes, 1, size, csv->file);
	if (count == 0 && ferror(csv->file))
		csv->read_error = errno == 0 ? EIO : errno;
	return count;
}

/* Bytes in another encoding may end within a character: then there is nothing to show of them yet. */
static void decode(struct lp_csv *csv, size_t count)
{
	bool good = true;
	while (good && csv->end == 0 && csv->read_error == 0) {
		good = lp_decoder_add(&csv->decoder, csv->raw, count, csv->buffer, &csv->end, &csv->problem);
		if (count == 0)
			return;
		count = csv->end == 0 ? read_bytes(csv, csv->raw, sizeof csv->raw) : 0;
	}
}

static bool fill(struct lp_csv *csv)
{
	csv->at = csv->end = 0;
	if (csv->problem != NULL)
		return false;
	if (lp_decoder_passes(&csv->decoder))
		csv->end = read_bytes(csv, csv->buffer, sizeof csv->buffer);
	else
		decode(csv, read_bytes(csv, csv->raw, sizeof csv->raw));
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
	if (peek(csv) == '\n')
		advance(csv);
}

static void pass_line(struct lp_csv *csv)
{
	while (peek(csv) != END && peek(csv) != '\n' && peek(csv) != '\r')
		advance(csv);
	pass_line_end(csv);
}

/* "sep=;" is a spreadsheet's word for the delimiter. */
static void take_separator(struct lp_csv *csv)
{
	const unsigned char *line = csv->buffer + csv->at;
	if (csv->end - csv->at < 6 || memcmp(line, "sep=", 4) != 0 || (line[5] != '\n' && line[5] != '\r') ||
	    strchr(",;\t|", line[4]) == NULL || line[4] == '\0')
		return;
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
		if (csv->buffer[i] == '"')
			quoted = !quoted;
		else if (!quoted && candidate != NULL)
			counts[candidate - candidates]++;
	}
	for (size_t i = 1; i < sizeof candidates - 1; i++)
		best = counts[i] > counts[best] ? i : best;
	return candidates[best];
}

static bool begin(struct lp_csv *csv, struct lp_error *error)
{
	size_t mark, count = read_bytes(csv, csv->raw, sizeof csv->raw);
	csv->begun = true;
	if (!lp_decoder_begin(&csv->decoder, csv->encoding, csv->raw, count, &mark, error))
		return lp_fail_within(error, "%s:1:1", csv->name);
	memmove(csv->raw, csv->raw + mark, count - mark);
	if (lp_decoder_passes(&csv->decoder)) {
		memcpy(csv->buffer, csv->raw, count - mark);
		csv->end = count - mark;
	} else {
		decode(csv, count - mark);
	}
	take_separator(csv);
	while (csv->line < csv->first_line && peek(csv) != END)
		pass_line(csv);
	(void)peek(csv);
	if (csv->delimiter == '\0')
		csv->delimiter = likely_delimiter(csv);
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
	if (c == '\0')
		return fail_at(csv, csv->line, csv->column, error, "a NUL byte: this is not a text file",
		               "If it is UTF-16, say which one: --encoding utf-16le (or utf-16be).");
	if (csv->row.length >= LP_CSV_ROW_BYTES_MOST)
		return fail_at(csv, csv->cells[0].line, csv->cells[csv->count - 1].column, error,
		               "this line is longer than 1 MiB", "Is a quote in it left open?");
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
		if (c == END)
			return fail_at(csv, line, column, error, "the quote that opens here is never closed", NULL);
		if (c == '"') {
			advance(csv);
			if (peek(csv) != '"')
				return true;
		}
		if (!add_character(csv, peek(csv), error))
			return false;
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
		if (!read_quoted(csv, error))
			return false;
		if (!is_cell_end(csv, peek(csv)))
			return fail_at(csv, csv->line, csv->column, error, "text behind a closing quote",
			               "A quote inside of a quoted cell is written twice.");
	}
	while (!is_cell_end(csv, peek(csv)))
		if (!add_character(csv, peek(csv), error))
			return false;
	lp_text_add(&csv->row, "", 1);
	return true;
}

static bool check_encoding(const struct lp_csv *csv, const struct lp_csv_cell *cell, struct lp_error *error)
{
	return lp_utf8_is_valid(cell->text) ||
	       fail_at(csv, cell->line, cell->column, error, "this cell is not UTF-8",
	               "Say what the file is in: --encoding windows-1252 for what was written on Windows, as by older "
	               "spreadsheets; else latin-1, utf-16le or utf-16be.");
}

static bool read_row(struct lp_csv *csv, struct lp_error *error)
{
	csv->row.length = 0;
	csv->count = 0;
	for (;;) {
		if (csv->count == CELLS_MOST)
			return fail_at(csv, csv->line, csv->column, error, "more than 10,000 cells in a line", NULL);
		if (!read_cell(csv, error))
			return false;
		int c = peek(csv);
		if (c == END || c == '\n' || c == '\r')
			break;
		advance(csv);
	}
	pass_line_end(csv);
	for (size_t i = 0; i < csv->count; i++) {
		csv->cells[i].text = csv->row.data + csv->cell_starts[i];
		if (!check_encoding(csv, &csv->cells[i], error))
			return false;
	}
	return true;
}

/* The file could be read as far as its rows were. */
static bool check_source(const struct lp_csv *csv, struct lp_error *error)
{
	if (csv->read_error != 0)
		return lp_fail_errno(error, LP_EXIT_DATA, csv->read_error, "cannot read %s", csv->name);
	return csv->problem == NULL || csv->at < csv->end ||
	       fail_at(csv, csv->line, csv->column, error, csv->problem, NULL);
}

bool lp_csv_next(struct lp_csv *csv, struct lp_csv_row *row, bool *found, struct lp_error *error)
{
	*found = false;
	if (!csv->begun && !begin(csv, error))
		return false;
	while (!*found && peek(csv) != END) {
		bool good = read_row(csv, error);
		/* A row that is cut where the text ends says something wrong about itself. */
		if (!check_source(csv, error) || !good)
			return false;
		/* Spreadsheets end files in lines of nothing but delimiters. */
		for (size_t i = 0; i < csv->count && !*found; i++)
			*found = csv->cells[i].text[0] != '\0';
	}
	if (!check_source(csv, error))
		return false;
	*row = (struct lp_csv_row){ csv->cells, csv->count, *found ? csv->cells[0].line : csv->line };
	return true;
}
