/* Tables on terminals and in logs. */
#include "command/table.h"
#include "command/output.h"

#include "model/memory.h"
#include "text/utf8.h"
#include <assert.h>
#include <stdlib.h>
#include <sys/ioctl.h>

struct lp_table {
	FILE *output;
	size_t width; /* of a line; SIZE_MAX: whatever it takes */
	size_t count;
	struct lp_table_column columns[LP_TABLE_COLUMNS_MOST];
	size_t widths[LP_TABLE_COLUMNS_MOST];
	char **held; /* cells of the rows that wait for the widths */
	size_t held_rows;
	bool flowing; /* the widths are settled */
};

static size_t terminal_width(FILE *output)
{
	struct winsize size;
	bool known = lp_is_terminal(output) && ioctl(fileno(output), TIOCGWINSZ, &size) == 0 && size.ws_col >= 40;
	return known ? size.ws_col : SIZE_MAX;
}

/* Characters, which is near enough to columns of a terminal. */
static size_t text_width(const char *text)
{
	size_t width = 0;
	for (; *text != '\0'; text++)
		width += lp_utf8_begins(*text);
	return width;
}

struct lp_table *lp_table_new(FILE *output, const struct lp_table_column *columns, size_t count)
{
	assert(count > 0 && count <= LP_TABLE_COLUMNS_MOST);
	struct lp_table *table = lp_allocate(sizeof *table);
	table->output = output;
	table->width = terminal_width(output);
	table->count = count;
	table->held = lp_allocate(LP_TABLE_LOOKAHEAD * count * sizeof *table->held);
	for (size_t i = 0; i < count; i++) {
		table->columns[i] = columns[i];
		table->widths[i] = text_width(columns[i].heading);
	}
	return table;
}

/* Writes at most `room` characters; a text that is cut ends in an ellipsis. */
static void write_text(FILE *output, const char *text, size_t room)
{
	bool cut = text_width(text) > room;
	size_t left = cut ? room - 1 : room;
	size_t length = 0;
	for (; text[length] != '\0'; length++)
		if (lp_utf8_begins(text[length]) && left-- == 0)
			break;
	char *shown = lp_format_text("%.*s", (int)length, text);
	lp_print_line(output, shown);
	free(shown);
	if (cut)
		fputs("\xe2\x80\xa6", output);
}

static void write_blanks(FILE *output, size_t count)
{
	while (count-- > 0)
		fputc(' ', output);
}

static void write_row(const struct lp_table *table, const char *const *cells)
{
	size_t used = 0, count = table->count;
	/* No blanks at the end of a line. */
	while (count > 1 && (cells[count - 1] == NULL || cells[count - 1][0] == '\0'))
		count--;
	for (size_t i = 0; i < count; i++) {
		const char *text = cells[i] == NULL ? "" : cells[i];
		size_t width = text_width(text);
		size_t padding = width < table->widths[i] ? table->widths[i] - width : 0;
		bool last = i + 1 == count;
		/* A narrow terminal still shows some of the last column; the others are needed to know the row. */
		size_t room =
			last && table->width != SIZE_MAX && table->width > used + 12 ? table->width - used : SIZE_MAX;
		if (table->columns[i].right)
			write_blanks(table->output, padding);
		write_text(table->output, text, room);
		if (!table->columns[i].right && !last)
			write_blanks(table->output, padding);
		if (!last)
			write_blanks(table->output, 2);
		used += width + padding + 2;
	}
	fputc('\n', table->output);
}

static void release(struct lp_table *table)
{
	const char *headings[LP_TABLE_COLUMNS_MOST];
	table->flowing = true;
	for (size_t i = 0; i < table->count; i++)
		headings[i] = table->columns[i].heading;
	write_row(table, headings);
	for (size_t row = 0; row < table->held_rows; row++) {
		char **cells = table->held + row * table->count;
		write_row(table, (const char *const *)cells);
		for (size_t i = 0; i < table->count; i++)
			free(cells[i]);
	}
	table->held_rows = 0;
}

void lp_table_row(struct lp_table *table, const char *const *cells)
{
	if (table->flowing) {
		write_row(table, cells);
		return;
	}
	char **held = table->held + table->held_rows * table->count;
	for (size_t i = 0; i < table->count; i++) {
		held[i] = lp_copy_text(cells[i] == NULL ? "" : cells[i]);
		size_t width = text_width(held[i]);
		table->widths[i] = width > table->widths[i] ? width : table->widths[i];
	}
	if (++table->held_rows == LP_TABLE_LOOKAHEAD)
		release(table);
}

void lp_table_end(struct lp_table *table)
{
	if (!table->flowing && table->held_rows > 0)
		release(table);
	free(table->held);
	free(table);
}
