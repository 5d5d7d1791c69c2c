/*
 * The arguments of a statement, in libpq's binary form.  Knows the wire's
 * layout of scalars and one-dimensional arrays, nothing of statements.
 */
#include "store/postgresql/internal.h"
#include "store/postgresql/wire.h"

#include <stdlib.h>
#include <string.h>

/* ndim, has nulls, element type, length, lower bound */
enum { ARRAY_HEADER = 20 };

static char *make_room(struct pg_arguments *arguments, size_t size)
{
	size_t begin = arguments->length;

	if (arguments->capacity - begin < size) {
		arguments->capacity = (arguments->capacity + size) * 2;
		arguments->data = lp_reallocate(arguments->data, arguments->capacity, 1);
	}
	arguments->length += size;
	return arguments->data + begin;
}

static char *add_scalar(struct pg_arguments *arguments, enum pg_type type, size_t size)
{
	int i = arguments->count++;

	assert(i < PG_ARGUMENTS_MOST);
	arguments->types[i] = (Oid)type;
	arguments->offsets[i] = arguments->length;
	arguments->lengths[i] = size;
	arguments->nulls[i] = arguments->written[i] = false;
	return make_room(arguments, size);
}

static void add_null(struct pg_arguments *arguments, enum pg_type type)
{
	add_scalar(arguments, type, 0);
	arguments->nulls[arguments->count - 1] = true;
}

void lp_pg_argument_bool(struct pg_arguments *arguments, bool value)
{
	*add_scalar(arguments, PG_BOOL, 1) = value ? 1 : 0;
}

void lp_pg_argument_int4(struct pg_arguments *arguments, int32_t value)
{
	lp_wire_put32(add_scalar(arguments, PG_INT4, 4), (uint32_t)value);
}

void lp_pg_argument_int8(struct pg_arguments *arguments, int64_t value)
{
	lp_wire_put64(add_scalar(arguments, PG_INT8, 8), (uint64_t)value);
}

void lp_pg_argument_no_int8(struct pg_arguments *arguments)
{
	add_null(arguments, PG_INT8);
}

void lp_pg_argument_text(struct pg_arguments *arguments, const char *value)
{
	size_t length;

	if (value == NULL) {
		add_null(arguments, PG_TEXT);
		return;
	}
	length = strlen(value);
	memcpy(add_scalar(arguments, PG_TEXT, length), value, length);
}

/* {"a","b"}: quotes and backslashes are told from those around an element. */
static void write_array(struct lp_text *text, const char *const *elements, size_t count)
{
	lp_text_add(text, "{", 1);
	for (size_t i = 0; i < count; i++) {
		lp_text_add(text, i == 0 ? "\"" : ",\"", i == 0 ? 1 : 2);
		for (const char *c = elements[i]; *c != '\0'; c++) {
			if (*c == '"' || *c == '\\')
				lp_text_add(text, "\\", 1);
			lp_text_add(text, c, 1);
		}
		lp_text_add(text, "\"", 1);
	}
	lp_text_add(text, "}", 1);
}

void lp_pg_argument_written(struct pg_arguments *arguments, Oid type, const char *const *elements, size_t count)
{
	struct lp_text text = { 0 };

	write_array(&text, elements, count);
	memcpy(add_scalar(arguments, PG_TEXT, text.length + 1), text.data, text.length + 1);
	arguments->types[arguments->count - 1] = type;
	arguments->written[arguments->count - 1] = true;
	lp_text_free(&text);
}

void lp_pg_argument_time(struct pg_arguments *arguments, lp_time value)
{
	if (value == LP_TIME_NONE)
		add_null(arguments, PG_TIMESTAMPTZ);
	else
		lp_wire_put64(add_scalar(arguments, PG_TIMESTAMPTZ, 8), (uint64_t)(value - PG_EPOCH));
}

static Oid array_type(enum pg_type type)
{
	static const struct {
		enum pg_type element;
		Oid array;
	} types[] = { { PG_BOOL, 1000 }, { PG_INT2, 1005 },   { PG_INT4, 1007 },       { PG_TEXT, 1009 },
		      { PG_INT8, 1016 }, { PG_FLOAT8, 1022 }, { PG_TIMESTAMPTZ, 1185 } };

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (types[i].element == type)
			return types[i].array;
	abort();
}

void lp_pg_array_begin(struct pg_arguments *arguments, enum pg_type type)
{
	char *header = add_scalar(arguments, type, ARRAY_HEADER);

	arguments->types[arguments->count - 1] = array_type(type);
	lp_wire_put32(header, 1);
	lp_wire_put32(header + 4, 0);
	lp_wire_put32(header + 8, (uint32_t)type);
	lp_wire_put32(header + 16, 1);
	arguments->elements = 0;
}

static char *add_element(struct pg_arguments *arguments, size_t size)
{
	char *element = make_room(arguments, 4 + size);

	assert(size <= INT32_MAX);
	lp_wire_put32(element, (uint32_t)size);
	arguments->elements++;
	return element + 4;
}

void lp_pg_array_bool(struct pg_arguments *arguments, bool value)
{
	*add_element(arguments, 1) = value ? 1 : 0;
}

void lp_pg_array_int2(struct pg_arguments *arguments, int16_t value)
{
	lp_wire_put16(add_element(arguments, 2), (uint16_t)value);
}

void lp_pg_array_int4(struct pg_arguments *arguments, int32_t value)
{
	lp_wire_put32(add_element(arguments, 4), (uint32_t)value);
}

void lp_pg_array_int8(struct pg_arguments *arguments, int64_t value)
{
	lp_wire_put64(add_element(arguments, 8), (uint64_t)value);
}

void lp_pg_array_float8(struct pg_arguments *arguments, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	lp_wire_put64(add_element(arguments, 8), bits);
}

void lp_pg_array_time(struct pg_arguments *arguments, lp_time value)
{
	if (value == LP_TIME_NONE)
		lp_pg_array_null(arguments);
	else
		lp_wire_put64(add_element(arguments, 8), (uint64_t)(value - PG_EPOCH));
}

void lp_pg_array_text(struct pg_arguments *arguments, const char *value)
{
	size_t length;

	if (value == NULL) {
		lp_pg_array_null(arguments);
		return;
	}
	length = strlen(value);
	memcpy(add_element(arguments, length), value, length);
}

void lp_pg_array_null(struct pg_arguments *arguments)
{
	lp_wire_put32(make_room(arguments, 4), UINT32_MAX);
	lp_wire_put32(arguments->data + arguments->offsets[arguments->count - 1] + 4, 1);
	arguments->elements++;
}

void lp_pg_array_end(struct pg_arguments *arguments)
{
	int i = arguments->count - 1;
	char *header = arguments->data + arguments->offsets[i];

	lp_wire_put32(header + 12, (uint32_t)arguments->elements);
	if (arguments->elements == 0) {
		/* An empty array has no dimension. */
		lp_wire_put32(header, 0);
		arguments->length = arguments->offsets[i] + 12;
	}
	arguments->lengths[i] = arguments->length - arguments->offsets[i];
}

void lp_pg_add_ids(struct pg_arguments *arguments, const int64_t *ids, size_t count)
{
	lp_pg_array_begin(arguments, PG_INT8);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_int8(arguments, ids[i]);
	lp_pg_array_end(arguments);
}

void lp_pg_add_calculation_ids(struct pg_arguments *arguments, const struct lp_batch *batch)
{
	lp_pg_array_begin(arguments, PG_INT8);
	for (size_t i = 0; i < batch->calculation_count; i++)
		lp_pg_array_int8(arguments, batch->calculations[i].id);
	lp_pg_array_end(arguments);
}
