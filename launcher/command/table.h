/*
 * Tables for people: columns as wide as what is in them, one line a row.
 * Rows are written as they come; the first LP_TABLE_LOOKAHEAD of them decide
 * the widths, so that memory does not grow with the table.
 */
#ifndef LP_COMMAND_TABLE_H
#define LP_COMMAND_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { LP_TABLE_LOOKAHEAD = 1000, LP_TABLE_COLUMNS_MOST = 16 };

struct lp_table_column {
	const char *heading;
	bool right; /* numbers: aligned at the right */
};

struct lp_table;

/* If output is a terminal, lines are cut at its width: the last column gives way. */
struct lp_table *lp_table_new(FILE *output, const struct lp_table_column *columns, size_t count);
/* cells: as many texts as there are columns; NULL is an empty one.  Shown as lp_print_line does. */
void lp_table_row(struct lp_table *table, const char *const *cells);
/* Writes the rows that still wait, and the heading, if there was a row. */
void lp_table_end(struct lp_table *table);

#endif
