/* Rows as parameters of a statement and as its answer, by their descriptions in store/layouts.c. */
#include "store/sqlite/internal.h"

static void bind_number(sqlite3_stmt *statement, int index, enum lp_kind kind, const void *field)
{
	int64_t number;

	if (lp_row_number(kind, field, &number))
		sqlite3_bind_int64(statement, index, number);
	else
		sqlite3_bind_null(statement, index);
}

/* Texts of a row live until the statement has run; those that are made here do not. */
static void bind_text(sqlite3_stmt *statement, int index, enum lp_kind kind, const void *field)
{
	char scratch[LP_ROW_SCRATCH];
	const char *text = lp_row_text(kind, field, scratch);

	if (kind == LP_KIND_OFFSET && ((const struct lp_span *)field)->count == 0)
		text = ""; /* without an offset the unit means nothing */
	if (text == scratch)
		sqlite3_bind_text(statement, index, text, -1, SQLITE_TRANSIENT);
	else
		lp_sqlite_bind_text(statement, index, text);
}

static void bind_field(sqlite3_stmt *statement, int index, enum lp_kind kind, const void *field)
{
	double real;

	switch (lp_sqlite_type(kind)) {
	case LP_TYPE_TEXT:
		bind_text(statement, index, kind, field);
		break;
	case LP_TYPE_DOUBLE:
		if (lp_row_double(kind, field, &real))
			sqlite3_bind_double(statement, index, real); /* NaN is NULL */
		else
			sqlite3_bind_null(statement, index);
		break;
	default:
		bind_number(statement, index, kind, field);
	}
}

int lp_sqlite_bind(sqlite3_stmt *statement, int index, const struct lp_row_layout *layout, const void *row)
{
	for (size_t i = 0; i < layout->column_count; i++) {
		const struct lp_row_column *column = &layout->columns[i];
		const char *field = (const char *)row + column->offset;

		if (column->kind == LP_KIND_ROW)
			index = lp_sqlite_bind(statement, index, column->part, field);
		else
			bind_field(statement, index++, column->kind, field);
	}
	return index;
}

bool lp_sqlite_write_rows(struct sqlite_store *store, enum sqlite_statement which, const struct lp_row_layout *layout,
                          struct lp_row_array array, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, which, error);

	if (statement == NULL)
		return false;
	for (size_t i = 0; i < array.count; i++) {
		lp_sqlite_bind(statement, 1, layout, (const char *)array.rows + i * array.row_size);
		if (!lp_sqlite_run(store, statement, NULL, error))
			return false;
	}
	return true;
}

bool lp_sqlite_write(struct sqlite_store *store, enum sqlite_statement which, const struct lp_row_layout *layout,
                     const void *row, struct lp_error *error)
{
	return lp_sqlite_write_rows(store, which, layout, (struct lp_row_array){ .rows = row, .count = 1 }, error);
}

static bool get_field(const struct sqlite_rows *rows, enum lp_kind kind, void *field)
{
	sqlite3_stmt *statement = rows->statement;

	switch (lp_sqlite_type(kind)) {
	case LP_TYPE_TEXT:
		return lp_row_set_text(kind, field, lp_sqlite_text(statement, rows->column), rows->arena, rows->error);
	case LP_TYPE_DOUBLE:
		*(double *)field = sqlite3_column_double(statement, rows->column);
		return true;
	default:
		lp_row_set_number(kind, field, sqlite3_column_type(statement, rows->column) == SQLITE_NULL,
		                  sqlite3_column_int64(statement, rows->column));
		return true;
	}
}

bool lp_sqlite_take(struct sqlite_rows *rows, const struct lp_row_layout *layout, void *row)
{
	for (size_t i = 0; rows->ok && i < layout->column_count; i++) {
		const struct lp_row_column *column = &layout->columns[i];
		char *field = (char *)row + column->offset;

		if (column->kind == LP_KIND_ROW) {
			rows->ok = lp_sqlite_take(rows, column->part, field);
			continue;
		}
		rows->ok = get_field(rows, column->kind, field);
		rows->column++;
	}
	return rows->ok;
}

struct sqlite_rows lp_sqlite_read(struct sqlite_store *store, enum sqlite_statement which, struct lp_error *error)
{
	struct sqlite_rows rows = { .store = store, .error = error };

	rows.statement = lp_sqlite_prepare(store, which, error);
	rows.ok = rows.statement != NULL;
	return rows;
}

bool lp_sqlite_next(struct sqlite_rows *rows, const struct lp_row_layout *layout, void *row)
{
	int step;

	if (!rows->ok)
		return false;
	rows->column = 0;
	step = lp_sqlite_step(rows->store, rows->statement, rows->error);
	rows->ok = step >= 0;
	return step == 1 && (layout == NULL || lp_sqlite_take(rows, layout, row));
}

bool lp_sqlite_end(const struct sqlite_rows *rows)
{
	if (rows->statement != NULL)
		sqlite3_reset(rows->statement);
	return rows->ok;
}
