/*
 * Reading one window of many series.
 *
 * Samples arrive minute by minute: those of one series lie far apart, each on
 * another page, while a page holds the same second of its neighbours.  Read
 * series by series, every page is looked up once for each of them.  So here the
 * server collects the places of all samples first and visits each page once
 * (a bitmap scan); what it finds comes in the order of the pages, and is sorted
 * into columns here, which costs less than to have the server group it.
 */
#include "store/postgresql/fetch.h"

#include <math.h>
#include <stdlib.h>

/* Rows mostly come in the order in which a collector went through its series. */
static size_t find_range(struct pg_range *const *ranges, size_t count, size_t guess, int64_t series_id)
{
	size_t low = 0, high = count;

	if (ranges[guess]->series_id == series_id)
		return guess;
	guess = guess + 1 < count ? guess + 1 : 0;
	if (ranges[guess]->series_id == series_id)
		return guess;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges[middle]->series_id < series_id)
			low = middle + 1;
		else
			high = middle;
	}
	assert(low < count && ranges[low]->series_id == series_id);
	return low;
}

/* Whose each sample is; counts them. */
static uint32_t *assign(struct pg_reader *series, struct pg_range *const *ranges, size_t count)
{
	uint32_t *owners = lp_allocate(series->count * sizeof *owners);
	size_t at = 0, samples = series->count;

	for (size_t i = 0; i < samples; i++) {
		at = find_range(ranges, count, at, lp_pg_read_int(series));
		owners[i] = (uint32_t)at;
		ranges[at]->column.count++;
	}
	return owners;
}

/* One piece of memory for all; the columns' counts become 0 again. */
static void lay_out(struct lp_arena *arena, struct pg_range *const *ranges, size_t count, size_t samples,
                    bool with_quality)
{
	lp_time *time = lp_arena_allocate(arena, samples * sizeof *time);
	double *value = lp_arena_allocate(arena, samples * sizeof *value);
	uint8_t *quality = with_quality ? lp_arena_allocate(arena, samples) : NULL;

	for (size_t i = 0; i < count; i++) {
		struct lp_column *column = &ranges[i]->column;
		size_t length = column->count;

		*column = (struct lp_column){ .time = time, .value = value, .quality = quality };
		time += length;
		value += length;
		quality = with_quality ? quality + length : NULL;
	}
}

static bool scatter(const PGresult *result, struct lp_arena *arena, struct pg_range *const *ranges, size_t count,
                    struct lp_error *error)
{
	struct pg_reader series, times, values, qualities;
	bool *mixed;
	uint32_t *owners;
	size_t samples;

	if (!lp_pg_reader_open(result, 0, 0, &series, error) || !lp_pg_reader_open(result, 0, 1, &times, error) ||
	    !lp_pg_reader_open(result, 0, 2, &values, error) || !lp_pg_reader_open(result, 0, 3, &qualities, error))
		return false;
	samples = series.count;
	if (times.count != samples || values.count != samples || (qualities.count != 0 && qualities.count != samples))
		return lp_fail(error, LP_EXIT_INTERNAL, "the server sent arrays of different lengths");
	if (samples == 0)
		return true;
	owners = assign(&series, ranges, count);
	lay_out(arena, ranges, count, samples, qualities.count != 0);
	mixed = lp_allocate(count * sizeof *mixed);
	for (size_t i = 0; i < samples; i++) {
		struct lp_column *column = &ranges[owners[i]]->column;
		size_t at = column->count++;

		column->time[at] = lp_pg_read_time(&times);
		column->value[at] = lp_pg_read_float8(&values);
		if (column->quality != NULL)
			column->quality[at] = (uint8_t)lp_pg_read_int(&qualities);
		mixed[owners[i]] |= at > 0 && column->time[at - 1] >= column->time[at];
	}
	for (size_t i = 0; i < count; i++) {
		if (mixed[i])
			lp_pg_sort_column(&ranges[i]->column);
	}
	free(mixed);
	free(owners);
	return true;
}

bool lp_pg_fetch_together(struct pg_store *store, struct lp_arena *arena, struct pg_range *const *ranges, size_t count,
                          struct lp_window window, struct lp_error *error)
{
	struct pg_arguments *arguments;
	PGresult *result = NULL;
	bool done;

	(void)lp_pg_arguments(store);
	if (!lp_pg_execute(store, PG_PREFER_BITMAPS, NULL, error))
		return false;
	arguments = lp_pg_arguments(store);
	lp_pg_array_begin(arguments, PG_INT8);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_int8(arguments, ranges[i]->series_id);
	lp_pg_array_end(arguments);
	lp_pg_argument_time(arguments, window.start);
	lp_pg_argument_time(arguments, window.end);
	done = lp_pg_execute(store, PG_FETCH_TOGETHER, &result, error) && scatter(result, arena, ranges, count, error);
	PQclear(result);
	return done;
}
