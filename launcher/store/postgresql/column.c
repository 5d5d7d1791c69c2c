/* Columns of samples from three arrays of a row: ts, value, quality. */
#include "store/postgresql/column.h"
#include "store/postgresql/wire.h"

#include <math.h>
#include <stdlib.h>

struct sample {
	lp_time time;
	double value;
	uint8_t quality;
};

static int compare_samples(const void *a, const void *b)
{
	lp_time left = ((const struct sample *)a)->time, right = ((const struct sample *)b)->time;

	return (left > right) - (left < right);
}

/* The server may aggregate in any order. That is rare, so this need not be fast. */
static void sort(struct lp_column *column)
{
	struct sample *samples = lp_allocate(column->count * sizeof *samples);

	for (size_t i = 0; i < column->count; i++) {
		samples[i] = (struct sample){ column->time[i], column->value[i],
			                      column->quality != NULL ? column->quality[i] : 0 };
	}
	qsort(samples, column->count, sizeof *samples, compare_samples);
	for (size_t i = 0; i < column->count; i++) {
		column->time[i] = samples[i].time;
		column->value[i] = samples[i].value;
		if (column->quality != NULL)
			column->quality[i] = samples[i].quality;
	}
	free(samples);
}

void lp_pg_order_column(struct lp_column *column)
{
	bool ascending = true;

	for (size_t i = 1; i < column->count; i++)
		ascending &= column->time[i - 1] < column->time[i];
	if (!ascending)
		sort(column);
}

/* Most arrays are read without looking at the length of each element. */
static void read_times(struct pg_reader *reader, lp_time *times)
{
	const char *elements = lp_pg_reader_elements(reader, 8);

	for (size_t i = 0; i < reader->count; i++)
		times[i] = elements == NULL ? lp_pg_read_time(reader) : lp_wire_get_time(elements + i * PG_STRIDE(8));
}

static void read_values(struct pg_reader *reader, double *values)
{
	const char *elements = lp_pg_reader_elements(reader, 8);

	for (size_t i = 0; i < reader->count; i++)
		values[i] =
			elements == NULL ? lp_pg_read_float8(reader) : lp_wire_get_float8(elements + i * PG_STRIDE(8));
}

bool lp_pg_get_column(const PGresult *result, int row, int first, struct lp_arena *arena, struct lp_column *column,
                      struct lp_error *error)
{
	struct pg_reader times, values, qualities;

	*column = (struct lp_column){ .count = 0 };
	if (!lp_pg_reader_open(result, row, first, &times, error) ||
	    !lp_pg_reader_open(result, row, first + 1, &values, error) ||
	    !lp_pg_reader_open(result, row, first + 2, &qualities, error))
		return false;
	if (values.count != times.count || (qualities.count != 0 && qualities.count != times.count))
		return lp_fail(error, LP_EXIT_INTERNAL, "the server sent arrays of different lengths");
	if (times.count == 0)
		return true;
	column->count = times.count;
	column->time = lp_arena_allocate(arena, times.count * sizeof *column->time);
	column->value = lp_arena_allocate(arena, times.count * sizeof *column->value);
	read_times(&times, column->time);
	read_values(&values, column->value);
	if (qualities.count != 0) {
		column->quality = lp_arena_allocate(arena, times.count);
		for (size_t i = 0; i < times.count; i++)
			column->quality[i] = (uint8_t)lp_pg_read_int(&qualities);
	}
	lp_pg_order_column(column);
	return true;
}

bool lp_pg_get_coverage(const PGresult *result, int row, int first, struct lp_arena *arena, struct lp_column *column,
                        struct lp_error *error)
{
	struct pg_reader coverage, samples, ends;

	if (!lp_pg_reader_open(result, row, first, &coverage, error) ||
	    !lp_pg_reader_open(result, row, first + 1, &samples, error) ||
	    !lp_pg_reader_open(result, row, first + 2, &ends, error))
		return false;
	if (coverage.count != samples.count || (samples.count != 0 && samples.count != column->count) ||
	    (ends.count != 0 && ends.count != column->count))
		return lp_fail(error, LP_EXIT_INTERNAL, "the server sent arrays of different lengths");
	if (ends.count > 0)
		column->window_end = lp_arena_allocate(arena, column->count * sizeof *column->window_end);
	for (size_t i = 0; i < ends.count; i++)
		column->window_end[i] = lp_pg_read_time(&ends);
	if (samples.count == 0)
		return true;
	column->coverage = lp_arena_allocate(arena, column->count * sizeof *column->coverage);
	column->samples = lp_arena_allocate(arena, column->count * sizeof *column->samples);
	for (size_t i = 0; i < column->count; i++) {
		column->coverage[i] = (float)lp_pg_read_float8(&coverage);
		column->samples[i] = (int32_t)lp_pg_read_int(&samples);
	}
	return true;
}

struct lp_column lp_pg_slice(const struct lp_column *column, struct lp_window window)
{
	size_t begin = lp_column_first_at(column, window.start), end = lp_column_first_at(column, window.end);
	struct lp_column slice = { .count = end > begin ? end - begin : 0 };

	if (slice.count == 0)
		return slice;
	slice.time = column->time + begin;
	slice.value = column->value + begin;
	for (size_t i = begin; column->quality != NULL && i < end; i++) {
		if (column->quality[i] != LP_QUALITY_GOOD) {
			slice.quality = column->quality + begin;
			break;
		}
	}
	return slice;
}
