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
#include "store/postgresql/wire.h"

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
static void assign(struct pg_reader *series, struct pg_range *const *ranges, size_t count, uint32_t *owners)
{
	const char *elements = lp_pg_reader_elements(series, 8);
	size_t at = 0;

	assert(elements != NULL); /* a column that is never NULL */
	for (size_t i = 0; i < series->count; i++) {
		at = find_range(ranges, count, at, (int64_t)lp_wire_get64(elements + i * PG_STRIDE(8)));
		owners[i] = (uint32_t)at;
		ranges[at]->column.count++;
	}
}

/* One piece of memory for all columns; from whose each sample is to the place it gets there. */
static void lay_out(struct pg_range *const *ranges, size_t count, struct lp_column memory, uint32_t *places,
                    size_t samples)
{
	uint32_t *next = lp_allocate(count * sizeof *next), begin = 0;

	for (size_t i = 0; i < count; i++) {
		struct lp_column *column = &ranges[i]->column;

		next[i] = begin;
		column->time = memory.time + begin;
		column->value = memory.value + begin;
		column->quality = memory.quality == NULL ? NULL : memory.quality + begin;
		begin += (uint32_t)column->count;
	}
	for (size_t i = 0; i < samples; i++)
		places[i] = next[places[i]]++;
	free(next);
}

static void put_in_places(struct pg_reader *times, struct pg_reader *values, struct pg_reader *qualities,
                          const uint32_t *places, struct lp_column memory)
{
	size_t samples = times->count;
	const char *time = lp_pg_reader_elements(times, 8), *value = lp_pg_reader_elements(values, 8);

	assert(time != NULL); /* never NULL either */
	for (size_t i = 0; i < samples; i++)
		memory.time[places[i]] = lp_wire_get_time(time + i * PG_STRIDE(8));
	for (size_t i = 0; i < samples; i++) {
		if (value == NULL)
			memory.value[places[i]] = lp_pg_read_float8(values);
		else
			memory.value[places[i]] = lp_wire_get_float8(value + i * PG_STRIDE(8));
	}
	for (size_t i = 0; i < qualities->count; i++)
		memory.quality[places[i]] = (uint8_t)lp_pg_read_int(qualities);
}

static bool scatter(const PGresult *result, bool has_qualities, struct lp_arena *arena, struct pg_range *const *ranges,
                    size_t count, struct lp_error *error)
{
	struct pg_reader series, times, values, qualities = { .count = 0 };
	struct lp_column memory = { .count = 0 };
	uint32_t *places;
	size_t samples;

	if (!lp_pg_reader_open(result, 0, 0, &series, error) || !lp_pg_reader_open(result, 0, 1, &times, error) ||
	    !lp_pg_reader_open(result, 0, 2, &values, error) ||
	    (has_qualities && !lp_pg_reader_open(result, 0, 3, &qualities, error)))
		return false;
	samples = series.count;
	if (times.count != samples || values.count != samples || (qualities.count != 0 && qualities.count != samples))
		return lp_fail(error, LP_EXIT_INTERNAL, "the server sent arrays of different lengths");
	if (samples == 0)
		return true;
	memory.time = lp_arena_allocate(arena, samples * sizeof *memory.time);
	memory.value = lp_arena_allocate(arena, samples * sizeof *memory.value);
	memory.quality = qualities.count == 0 ? NULL : lp_arena_allocate(arena, samples);
	places = lp_reallocate(NULL, samples, sizeof *places);
	assign(&series, ranges, count, places);
	lay_out(ranges, count, memory, places, samples);
	put_in_places(&times, &values, &qualities, places, memory);
	free(places);
	for (size_t i = 0; i < count; i++)
		lp_pg_order_column(&ranges[i]->column);
	return true;
}

static bool ask(struct pg_store *store, struct pg_range *const *ranges, size_t count, struct lp_window window,
                PGresult **result, struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);

	lp_pg_add_series(arguments, ranges, count);
	lp_pg_argument_time(arguments, window.start);
	lp_pg_argument_time(arguments, window.end);
	return lp_pg_execute(store, store->has_qualities ? PG_FETCH_TOGETHER_QUALITIES : PG_FETCH_TOGETHER, result,
	                     error);
}

/*
 * Most plants store no qualities, and to collect what is not there costs the
 * server a twentieth.  A connection that meets one asks again, for all of them,
 * and does so from then on.
 */
bool lp_pg_fetch_together(struct pg_store *store, struct lp_arena *arena, struct pg_range *const *ranges, size_t count,
                          struct lp_window window, struct lp_error *error)
{
	PGresult *result = NULL;
	bool done = ask(store, ranges, count, window, &result, error);

	if (done && !store->has_qualities && lp_pg_get_int8(result, 0, 3) > 0) {
		store->has_qualities = true;
		PQclear(result);
		result = NULL;
		done = ask(store, ranges, count, window, &result, error);
	}
	done = done && scatter(result, store->has_qualities, arena, ranges, count, error);
	PQclear(result);
	return done;
}
