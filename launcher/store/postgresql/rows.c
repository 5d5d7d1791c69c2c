/* Rows as arguments of a statement and as its answer, by their descriptions in store/layouts.c. */
#include "store/postgresql/internal.h"

static const enum pg_type pg_types[] = {
	[LP_TYPE_BOOL] = PG_BOOL, [LP_TYPE_INT2] = PG_INT2,        [LP_TYPE_INT4] = PG_INT4,
	[LP_TYPE_INT8] = PG_INT8, [LP_TYPE_TIME] = PG_TIMESTAMPTZ, [LP_TYPE_DOUBLE] = PG_FLOAT8,
	[LP_TYPE_TEXT] = PG_TEXT,
};

static void add_number(struct pg_arguments *arguments, enum lp_type type, int64_t number)
{
	switch (type) {
	case LP_TYPE_BOOL:
		lp_pg_array_bool(arguments, number != 0);
		break;
	case LP_TYPE_INT2:
		lp_pg_array_int2(arguments, (int16_t)number);
		break;
	case LP_TYPE_INT4:
		lp_pg_array_int4(arguments, (int32_t)number);
		break;
	case LP_TYPE_TIME:
		lp_pg_array_time(arguments, number);
		break;
	default:
		lp_pg_array_int8(arguments, number);
	}
}

static void add_value(struct pg_arguments *arguments, enum lp_kind kind, enum lp_type type, const void *field)
{
	char scratch[LP_ROW_SCRATCH];
	int64_t number;
	double real;

	if (type == LP_TYPE_TEXT)
		lp_pg_array_text(arguments, lp_row_text(kind, field, scratch));
	else if (type == LP_TYPE_DOUBLE && lp_row_double(kind, field, &real))
		lp_pg_array_float8(arguments, real);
	else if (type != LP_TYPE_DOUBLE && lp_row_number(kind, field, &number))
		add_number(arguments, type, number);
	else
		lp_pg_array_null(arguments);
}

void lp_pg_add_column(struct pg_arguments *arguments, enum lp_kind kind, const void *first, size_t row_size,
                      size_t count)
{
	enum lp_type type = lp_kind_types[kind];
	const char *field = first;

	lp_pg_array_begin(arguments, pg_types[type]);
	for (size_t i = 0; i < count; i++, field += row_size)
		add_value(arguments, kind, type, field);
	lp_pg_array_end(arguments);
}

void lp_pg_add_columns(struct pg_arguments *arguments, const struct lp_row_layout *layout, const void *rows,
                       size_t row_size, size_t count)
{
	for (size_t i = 0; i < layout->column_count; i++) {
		const struct lp_row_column *column = &layout->columns[i];
		const char *first = count == 0 ? NULL : (const char *)rows + column->offset;

		if (column->kind == LP_KIND_ROW)
			lp_pg_add_columns(arguments, column->part, first, row_size, count);
		else
			lp_pg_add_column(arguments, column->kind, first, row_size, count);
	}
}

static void add_argument(struct pg_arguments *arguments, enum lp_kind kind, const void *field)
{
	char scratch[LP_ROW_SCRATCH];
	int64_t number;
	bool there;

	if (lp_kind_types[kind] == LP_TYPE_TEXT) {
		lp_pg_argument_text(arguments, lp_row_text(kind, field, scratch));
		return;
	}
	there = lp_row_number(kind, field, &number);
	switch (lp_kind_types[kind]) {
	case LP_TYPE_BOOL:
		lp_pg_argument_bool(arguments, number != 0);
		break;
	case LP_TYPE_TIME:
		lp_pg_argument_time(arguments, there ? number : LP_TIME_NONE);
		break;
	case LP_TYPE_INT2:
	case LP_TYPE_INT4:
		assert(there);
		lp_pg_argument_int4(arguments, (int32_t)number);
		break;
	default:
		assert(lp_kind_types[kind] == LP_TYPE_INT8);
		if (there)
			lp_pg_argument_int8(arguments, number);
		else
			lp_pg_argument_no_int8(arguments);
	}
}

void lp_pg_add_row(struct pg_arguments *arguments, const struct lp_row_layout *layout, const void *row)
{
	for (size_t i = 0; i < layout->column_count; i++) {
		const struct lp_row_column *column = &layout->columns[i];
		const char *field = (const char *)row + column->offset;

		if (column->kind == LP_KIND_ROW)
			lp_pg_add_row(arguments, column->part, field);
		else
			add_argument(arguments, column->kind, field);
	}
}

/* libpq puts a zero byte behind each value: what is not kept need not be copied. */
static bool get_text(const struct pg_rows *rows, enum lp_kind kind, void *field)
{
	const char *text = lp_pg_is_null(rows->result, rows->row, rows->column)
	                           ? NULL
	                           : PQgetvalue(rows->result, rows->row, rows->column);

	return lp_row_set_text(kind, field, text, rows->arena, rows->error);
}

static bool get_field(const struct pg_rows *rows, enum lp_kind kind, void *field)
{
	lp_time time;

	switch (lp_kind_types[kind]) {
	case LP_TYPE_TEXT:
		return get_text(rows, kind, field);
	case LP_TYPE_DOUBLE:
		*(double *)field = lp_pg_get_float8(rows->result, rows->row, rows->column);
		return true;
	case LP_TYPE_TIME:
		time = lp_pg_get_time(rows->result, rows->row, rows->column);
		lp_row_set_number(kind, field, time == LP_TIME_NONE, time);
		return true;
	default:
		lp_row_set_number(kind, field, false, lp_pg_get_int8(rows->result, rows->row, rows->column));
		return true;
	}
}

bool lp_pg_take(struct pg_rows *rows, const struct lp_row_layout *layout, void *row)
{
	for (size_t i = 0; rows->ok && i < layout->column_count; i++) {
		const struct lp_row_column *column = &layout->columns[i];
		char *field = (char *)row + column->offset;

		if (column->kind == LP_KIND_ROW) {
			rows->ok = lp_pg_take(rows, column->part, field);
			continue;
		}
		rows->ok = get_field(rows, column->kind, field);
		rows->column++;
	}
	return rows->ok;
}

static bool read_field(struct pg_reader *reader, enum lp_kind kind, void *field, struct lp_arena *arena,
                       struct lp_error *error)
{
	lp_time time;

	switch (lp_kind_types[kind]) {
	case LP_TYPE_TEXT:
		return lp_row_set_text(kind, field, lp_pg_read_text(reader, arena), NULL, error);
	case LP_TYPE_DOUBLE:
		*(double *)field = lp_pg_read_float8(reader);
		return true;
	case LP_TYPE_TIME:
		time = lp_pg_read_time(reader);
		lp_row_set_number(kind, field, time == LP_TIME_NONE, time);
		return true;
	default:
		lp_row_set_number(kind, field, false, lp_pg_read_int(reader));
		return true;
	}
}

bool lp_pg_read_row(struct pg_reader *readers, const struct lp_row_layout *layout, void *row, struct lp_arena *arena,
                    struct lp_error *error)
{
	for (size_t i = 0; i < layout->column_count; i++) {
		const struct lp_row_column *column = &layout->columns[i];

		assert(column->kind != LP_KIND_ROW);
		if (!read_field(&readers[i], column->kind, (char *)row + column->offset, arena, error))
			return false;
	}
	return true;
}
