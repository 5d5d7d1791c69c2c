/*
 * A reader of CSV files (RFC 4180), row by row, in memory that does not grow
 * with the file.  It is our own because every error must name the line and the
 * column where it stands, which the libraries at hand do not keep.
 *
 * It reads what spreadsheets and loggers write: CRLF or LF, a byte order mark,
 * UTF-16 and the encodings of encoding.h, quoted cells with line ends in them,
 * lines that are empty.  What it refuses: quotes left open, text behind a closing
 * quote, NUL bytes, bytes that are no text of the encoding.  It knows nothing of
 * what the cells mean.
 */
#ifndef LP_TEXT_CSV_H
#define LP_TEXT_CSV_H

#include "model/error.h"
#include "text/encoding.h"
#include <stddef.h>
#include <stdio.h>

struct lp_csv_cell {
	const char *text; /* NUL-terminated, without its quotes */
	int line, column; /* where it begins; from 1, columns in characters */
};

/* Valid until the next row is read. */
struct lp_csv_row {
	struct lp_csv_cell *cells;
	size_t count;
	int line;
};

struct lp_csv;

enum { LP_CSV_ROW_BYTES_MOST = 1 << 20 };

/*
 * name is for messages.  delimiter 0: what a first line "sep=;" says (it is no
 * row), else whichever of comma, semicolon, tab and bar is the most frequent in
 * the first line.  The file stays the caller's.
 */
struct lp_csv *lp_csv_new(FILE *file, const char *name, char delimiter);
/* Before the first row: what the file is in, where its byte order mark does not tell. */
void lp_csv_set_encoding(struct lp_csv *csv, enum lp_encoding encoding);
/* Before the first row: lines above this one are passed over, whatever they hold; 0: none. */
void lp_csv_begin_at(struct lp_csv *csv, int line);
/* The next row that is not empty; *found false: there is none. */
bool lp_csv_next(struct lp_csv *csv, struct lp_csv_row *row, bool *found, struct lp_error *error) LP_MUST_CHECK;
void lp_csv_free(struct lp_csv *csv);

#endif
