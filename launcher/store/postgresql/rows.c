/* Rows as arguments, by their descriptions in store/rows.c. */
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
