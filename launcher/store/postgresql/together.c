/*
 * Reads one window of many series.
 *
 * Samples arrive minute by minute, so those of one series lie far apart, each on
 * another page, while a page holds the same second of neighbouring series. Read
 * series by series, every page is looked up once for each of them. So here the
 * server first collects the places of all samples and then visits each page once
 * (a bitmap scan). Samples come in the order of the pages and are sorted into
 * columns here, which costs less than grouping them in the server.
 *
 * Arrays cost the server more than the samples: for every element of each it
 * calls a function that allocates. The geometric types are its only values of
 * several numbers that it makes and sends at once, so a sample is a circle: its
 * centre is series and time, its radius the value. With a quality it is a line
 * segment, of four numbers.
 */
#include "store/postgresql/fetch.h"
#include "store/postgresql/mapping.h"
#include "store/postgresql/wire.h"

#include <stdlib.h>

/* A sample as the server sends it; numbers of eight bytes. */
enum { SERIES, SECONDS, VALUE, QUALITY, NUMBERS };
enum { NUMBER_BYTES = 8, CIRCLE_BYTES = QUALITY * NUMBER_BYTES, SEGMENT_BYTES = NUMBERS * NUMBER_BYTES };

struct packed {
	const char *samples;
	size_t count, bytes; /* of each */
	lp_time start;       /* what SECONDS are counted from */
};

/* Integers up to here are doubles; seconds lose nothing in division and multiplication while they are few enough. */
#define EXACT_INTEGER (INT64_C(1) << 53)
#define EXACT_WINDOW  (INT64_C(1) << 50)

bool lp_pg_fits_together(int64_t series_id, struct lp_window window)
{
	return series_id >= -EXACT_INTEGER && series_id <= EXACT_INTEGER && window.start - PG_EPOCH >= -EXACT_INTEGER &&
	       window.end - PG_EPOCH <= EXACT_INTEGER && window.end - window.start <= EXACT_WINDOW;
}

static double number(const struct packed *packed, size_t sample, int which)
{
	return lp_wire_get_float8(packed->samples + sample * packed->bytes + (size_t)which * NUMBER_BYTES);
}

/* Rows mostly come in the order in which a collector went through its series. */
static size_t find_range(struct pg_range *const *ranges, size_t count, size_t guess, int64_t series_id)
{
	size_t low = 0, high = count;

	/* Rows of somebody else come with the place of their key. */
	if (ranges[0]->key != NULL) {
		assert(series_id >= 1 && (size_t)series_id <= count);
		return (size_t)series_id - 1;
	}
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

/* Finds the range of each sample, and counts them. */
static void assign(const struct packed *packed, struct pg_range *const *ranges, size_t count, uint32_t *owners)
{
	size_t at = 0;

	for (size_t i = 0; i < packed->count; i++) {
		at = find_range(ranges, count, at, (int64_t)number(packed, i, SERIES));
		owners[i] = (uint32_t)at;
		ranges[at]->column.count++;
	}
}

/* Allocates one piece of memory for all columns, and turns the range of each sample into its place there. */
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

static void put_in_places(const struct packed *packed, const uint32_t *places, struct lp_column memory)
{
	for (size_t i = 0; i < packed->count; i++) {
		/* No sample is before the start: half a microsecond more rounds. */
		memory.time[places[i]] =
			packed->start + (int64_t)(number(packed, i, SECONDS) * (double)LP_SECOND + 0.5);
		memory.value[places[i]] = number(packed, i, VALUE);
		if (memory.quality != NULL)
			memory.quality[places[i]] = (uint8_t)number(packed, i, QUALITY);
	}
}

static void scatter(const struct packed *packed, struct lp_arena *arena, struct pg_range *const *ranges, size_t count)
{
	struct lp_column memory = {
		.time = lp_arena_allocate(arena, packed->count * sizeof *memory.time),
		.value = lp_arena_allocate(arena, packed->count * sizeof *memory.value),
		.quality = packed->bytes == SEGMENT_BYTES ? lp_arena_allocate(arena, packed->count) : NULL,
	};
	uint32_t *places = lp_reallocate(NULL, packed->count, sizeof *places);

	assign(packed, ranges, count, places);
	lay_out(ranges, count, memory, places, packed->count);
	put_in_places(packed, places, memory);
	free(places);
	for (size_t i = 0; i < count; i++)
		lp_pg_order_column(&ranges[i]->column);
}

static bool ask(struct pg_store *store, struct pg_range *const *ranges, size_t count, struct lp_window window,
                PGresult **result, struct lp_error *error)
{
	static const enum pg_statement statements[2][2] = {
		{ PG_FETCH_TOGETHER, PG_FETCH_TOGETHER_QUALITIES },
		{ PG_MAPPED_FETCH_TOGETHER, PG_MAPPED_FETCH_TOGETHER_QUALITIES },
	};
	struct pg_arguments *arguments = lp_pg_arguments(store);

	lp_pg_add_series(arguments, ranges, count);
	lp_pg_argument_time(arguments, window.start);
	lp_pg_argument_time(arguments, window.end);
	return lp_pg_execute(store, statements[store->mapping != NULL][lp_pg_habit(store)->has_qualities], result,
	                     error);
}

/*
 * Most plants store no qualities, and to send what is not there costs the
 * server a seventh.  A connection that meets one asks again, for all of them,
 * and does so from then on.
 */
bool lp_pg_fetch_together(struct pg_store *store, struct lp_arena *arena, struct pg_range *const *ranges, size_t count,
                          struct lp_window window, struct lp_error *error)
{
	PGresult *result = NULL;
	struct pg_habit *habit = lp_pg_habit(store);
	bool ok = ask(store, ranges, count, window, &result, error);

	if (ok && !habit->has_qualities && lp_pg_get_int8(result, 0, 1) > 0) {
		habit->has_qualities = true;
		PQclear(result);
		result = NULL;
		ok = ask(store, ranges, count, window, &result, error);
	}
	if (ok && !lp_pg_is_null(result, 0, 0)) {
		struct packed packed = { .samples = PQgetvalue(result, 0, 0),
			                 .bytes = habit->has_qualities ? SEGMENT_BYTES : CIRCLE_BYTES,
			                 .start = window.start };

		packed.count = (size_t)PQgetlength(result, 0, 0) / packed.bytes;
		scatter(&packed, arena, ranges, count);
	}
	PQclear(result);
	return ok;
}
