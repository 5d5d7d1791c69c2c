/*
 * The values of a result, from libpq's binary form.  What a statement of ours
 * gives is known, so a length that does not fit is a bug and asserted; what is
 * inside an array is checked as it is read.
 */
#include "store/postgresql/internal.h"
#include "store/postgresql/wire.h"

#include <math.h>
#include <stdlib.h>

bool lp_pg_is_null(const PGresult *result, int row, int column)
{
	return PQgetisnull(result, row, column) != 0;
}

bool lp_pg_get_bool(const PGresult *result, int row, int column)
{
	return !lp_pg_is_null(result, row, column) && *PQgetvalue(result, row, column) != 0;
}

static int64_t get_integer(const char *at, int length)
{
	switch (length) {
	case 8:
		return (int64_t)lp_wire_get64(at);
	case 4:
		return (int32_t)lp_wire_get32(at);
	case 2:
		return (int16_t)lp_wire_get16(at);
	case 1: /* a bool */
		return *at != 0;
	default:
		abort(); /* a column of another type: a bug of a statement */
	}
}

int64_t lp_pg_get_int8(const PGresult *result, int row, int column)
{
	if (lp_pg_is_null(result, row, column))
		return 0;
	return get_integer(PQgetvalue(result, row, column), PQgetlength(result, row, column));
}

int32_t lp_pg_get_int4(const PGresult *result, int row, int column)
{
	return (int32_t)lp_pg_get_int8(result, row, column);
}

double lp_pg_get_float8(const PGresult *result, int row, int column)
{
	if (lp_pg_is_null(result, row, column))
		return NAN;
	assert(PQgetlength(result, row, column) == 8);
	return lp_wire_get_float8(PQgetvalue(result, row, column));
}

lp_time lp_pg_get_time(const PGresult *result, int row, int column)
{
	if (lp_pg_is_null(result, row, column))
		return LP_TIME_NONE;
	assert(PQgetlength(result, row, column) == 8);
	return lp_wire_get_time(PQgetvalue(result, row, column));
}

const char *lp_pg_get_text(const PGresult *result, int row, int column, struct lp_arena *arena)
{
	if (lp_pg_is_null(result, row, column))
		return NULL;
	return lp_arena_copy(arena, PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column));
}

bool lp_pg_reader_over(const char *at, size_t length, struct pg_reader *reader, struct lp_error *error)
{
	uint32_t dimensions;

	*reader = (struct pg_reader){ .at = NULL };
	if (length < 12)
		return lp_fail(error, LP_EXIT_INTERNAL, "the server sent an array of %zu bytes", length);
	dimensions = lp_wire_get32(at);
	if (dimensions == 0)
		return true;
	if (dimensions != 1 || length < 20)
		return lp_fail(error, LP_EXIT_INTERNAL, "the server sent an array of %u dimensions", dimensions);
	reader->has_nulls = lp_wire_get32(at + 4) != 0;
	reader->count = lp_wire_get32(at + 12);
	reader->end = at + length;
	reader->at = at + 20;
	return true;
}

bool lp_pg_reader_open(const PGresult *result, int row, int column, struct pg_reader *reader, struct lp_error *error)
{
	*reader = (struct pg_reader){ .at = NULL };
	return lp_pg_is_null(result, row, column) ||
	       lp_pg_reader_over(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column), reader,
	                         error);
}

const char *lp_pg_reader_elements(const struct pg_reader *reader, size_t bytes)
{
	if (reader->has_nulls || (size_t)(reader->end - reader->at) != reader->count * PG_STRIDE(bytes))
		return NULL;
	return reader->at + 4;
}

/* The next element; its length, -1 for NULL. */
static int next_element(struct pg_reader *reader, const char **element)
{
	int32_t length;

	assert(reader->end - reader->at >= 4);
	length = (int32_t)lp_wire_get32(reader->at);
	reader->at += 4;
	*element = reader->at;
	if (length < 0)
		return -1;
	assert(reader->end - reader->at >= length);
	reader->at += length;
	return length;
}

int64_t lp_pg_read_int(struct pg_reader *reader)
{
	const char *element;
	int length = next_element(reader, &element);

	return length < 0 ? 0 : get_integer(element, length);
}

lp_time lp_pg_read_time(struct pg_reader *reader)
{
	const char *element;
	int length = next_element(reader, &element);

	if (length < 0)
		return LP_TIME_NONE;
	assert(length == 8);
	return lp_wire_get_time(element);
}

double lp_pg_read_float8(struct pg_reader *reader)
{
	const char *element;
	int length = next_element(reader, &element);

	if (length < 0)
		return NAN;
	assert(length == 8);
	return lp_wire_get_float8(element);
}

const char *lp_pg_read_text(struct pg_reader *reader, struct lp_arena *arena)
{
	const char *element;
	int length = next_element(reader, &element);

	return length < 0 ? NULL : lp_arena_copy(arena, element, (size_t)length);
}

uint64_t lp_pg_affected(const PGresult *result)
{
	/* libpq asks for a result that it could change, and does not change it. */
	return strtoull(PQcmdTuples((PGresult *)(uintptr_t)result), NULL, 10);
}
