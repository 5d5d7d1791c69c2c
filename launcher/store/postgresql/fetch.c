/*
 * Fetching the samples of a batch: few statements, arrays in, arrays out.
 *
 * What tasks ask for is sorted and put together first: calculations that read
 * the same series, windows that follow one another or overlap, are one range
 * each, read once; every task gets its slice of it.
 */
#include "store/postgresql/fetch.h"
#include "store/postgresql/doubles.h"
#include "store/postgresql/mapping.h"
#include "store/postgresql/query.h"

#include "calendar/calendar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * What is read, in this order. The last good sample before a window is first
 * searched within a day, which is one or two partitions; if there is none, the
 * search goes further back. Rules that count may need more than one
 * (lp_input_needs_earlier), which only their windows' samples show.
 */
enum reading { READ_LAST, READ_RANGE, READ_FURTHER, READ_EARLIER };

/* What is asked for: a reading of what lies in one table, of a share of a batch. */
struct asking {
	struct lp_batch *batch;
	struct lp_share *share;
	enum reading reading;
	const struct pg_place *places; /* of all series of the share; NULL: all lie in this program's own table */
	size_t place_count;
	struct pg_mapping *mapping; /* NULL: this program's own table */
};

struct request {
	int64_t series_id;
	const char *key;
	struct lp_window range;
	struct lp_column *column; /* of the task: filled from the range it became part of */
};

struct fetching {
	const struct asking *asking;
	struct lp_arena *arena;
	struct pg_range *ranges;
	size_t count;
	struct lp_window all; /* holds every range */
	/* the ranges that one statement reads, by number */
	struct pg_range **chosen;
	size_t chosen_count;
};

/*
 * Many series of one window are read together, in pieces of bounded size; few,
 * or very long windows, series by series, and so is what is left.  A sample of
 * 16 together costs a third of one alone where they lie in the order of time,
 * half as much again where they were vacuumed, which the newest never are.
 */
enum { TOGETHER_LEAST = 16, TOGETHER_SAMPLES = 1 << 18 };

static int compare_requests(const void *a, const void *b)
{
	const struct request *left = a, *right = b;

	if (left->series_id != right->series_id)
		return left->series_id < right->series_id ? -1 : 1;
	if (left->range.start != right->range.start)
		return left->range.start < right->range.start ? -1 : 1;
	return (left->range.end > right->range.end) - (left->range.end < right->range.end);
}

/* Requests become sorted; ranges of one series that touch become one. */
static struct fetching plan(const struct asking *asking, struct request *requests, size_t count)
{
	struct lp_arena *arena = asking->share->arena;
	bool merge = asking->reading == READ_RANGE;
	struct fetching fetching = {
		.asking = asking,
		.arena = arena,
		.ranges = lp_arena_allocate(arena, count * sizeof *fetching.ranges),
		.chosen = lp_arena_allocate(arena, count * sizeof *fetching.chosen),
		.all = { LP_TIME_MAX, LP_TIME_MIN },
	};

	qsort(requests, count, sizeof *requests, compare_requests);
	for (size_t i = 0; i < count; i++) {
		const struct request *request = &requests[i];
		struct pg_range *last = fetching.count == 0 ? NULL : &fetching.ranges[fetching.count - 1];

		if (request->range.start < fetching.all.start)
			fetching.all.start = request->range.start;
		if (request->range.end > fetching.all.end)
			fetching.all.end = request->range.end;
		if (last != NULL && last->series_id == request->series_id &&
		    (merge ? request->range.start <= last->range.end : compare_requests(request, request - 1) == 0)) {
			if (request->range.end > last->range.end)
				last->range.end = request->range.end;
			continue;
		}
		fetching.ranges[fetching.count++] = (struct pg_range){ .series_id = request->series_id,
			                                               .key = request->key,
			                                               .doubtful = LP_TIME_NONE,
			                                               .range = request->range };
	}
	return fetching;
}

static void add_arguments(struct pg_store *store, const struct fetching *fetching)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);

	lp_pg_add_series(arguments, fetching->chosen, fetching->chosen_count);
	lp_pg_array_begin(arguments, PG_TIMESTAMPTZ);
	for (size_t i = 0; i < fetching->chosen_count; i++)
		lp_pg_array_time(arguments, fetching->chosen[i]->range.start);
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_TIMESTAMPTZ);
	for (size_t i = 0; i < fetching->chosen_count; i++)
		lp_pg_array_time(arguments, fetching->chosen[i]->range.end);
	lp_pg_array_end(arguments);
	lp_pg_argument_time(arguments, fetching->all.start);
	lp_pg_argument_time(arguments, fetching->all.end);
	if (fetching->asking->reading == READ_EARLIER)
		lp_pg_argument_int8(arguments, LP_METER_SAMPLES + 1);
}

static struct pg_range *range_of(const struct fetching *fetching, const PGresult *row)
{
	size_t number = (size_t)lp_pg_get_int8(row, 0, 0);

	assert(number >= 1 && number <= fetching->chosen_count);
	return fetching->chosen[number - 1];
}

static bool take_range(const struct fetching *fetching, const PGresult *row, struct lp_error *error)
{
	return lp_pg_get_column(row, 0, 1, fetching->arena, &range_of(fetching, row)->column, error);
}

/* A series is not read. What was read of it is not used. */
static void leave_series(const struct fetching *fetching, int64_t series_id, char *why)
{
	struct lp_share *share = fetching->asking->share;

	share->unreadable[share->unreadable_count++] = (struct lp_unreadable){
		.series_id = series_id,
		.why = lp_arena_text(share->arena, why),
	};
	free(why);
}

/* Several rows of a time say different things. */
static void leave_doubtful(const struct fetching *fetching, int64_t series_id, lp_time at)
{
	struct lp_share *share = fetching->asking->share;
	const struct pg_place *place =
		lp_pg_place_of(fetching->asking->places, fetching->asking->place_count, series_id);
	const struct lp_zone *utc;
	struct lp_error ignored;
	char time[40] = "?";

	if (share->unreadable_count > 0 && share->unreadable[share->unreadable_count - 1].series_id == series_id)
		return;
	if (lp_zone_find("UTC", &utc, &ignored))
		lp_time_format(at, utc, time);
	leave_series(fetching, series_id,
	             lp_format_text("%s has several rows of %s at %s, and they differ: which one is right?",
	                            place->mapping->configured->table, place->name, time));
}

/* A second row of a range has the time of the first, in a table of somebody else. */
static bool take_double(const struct fetching *fetching, const struct pg_range *range, const PGresult *row)
{
	const struct lp_column *column = &range->column;
	uint8_t quality = column->quality == NULL ? LP_QUALITY_GOOD : *column->quality;

	if (!lp_pg_is_double(*column->value, quality, lp_pg_get_float8(row, 0, 2), (uint8_t)lp_pg_get_int4(row, 0, 3)))
		leave_doubtful(fetching, range->series_id, *column->time);
	return true;
}

static bool take_previous(const struct fetching *fetching, const PGresult *row, struct lp_error *error)
{
	struct pg_range *range = range_of(fetching, row);
	struct lp_column *column = &range->column;
	int32_t quality = lp_pg_get_int4(row, 0, 3);

	(void)error;
	if (column->count > 0)
		return take_double(fetching, range, row);
	column->count = 1;
	column->time = lp_arena_allocate(fetching->arena, sizeof *column->time);
	column->value = lp_arena_allocate(fetching->arena, sizeof *column->value);
	*column->time = lp_pg_get_time(row, 0, 1);
	*column->value = lp_pg_get_float8(row, 0, 2);
	if (quality != LP_QUALITY_GOOD) {
		column->quality = lp_arena_allocate(fetching->arena, 1);
		*column->quality = (uint8_t)quality;
	}
	return true;
}

/* Limits a range to times that all stores can hold; never the server's infinities. */
static struct lp_window bounded(lp_time start, lp_time end)
{
	return (struct lp_window){ start < LP_TIME_MIN ? LP_TIME_MIN : start,
		                   end > LP_TIME_MAX ? LP_TIME_MAX + 1 : end };
}

static bool is_asked_for(const struct lp_input *input, const struct lp_task *task, size_t k, enum reading reading)
{
	switch (reading) {
	case READ_RANGE:
		return true;
	case READ_LAST:
		return input->lookback > 0;
	case READ_FURTHER:
		return input->lookback > LP_DAY && task->previous[k].count == 0 &&
		       lp_input_lookback(input, &task->columns[k]) > LP_DAY;
	case READ_EARLIER:
		return lp_input_needs_earlier(input, &task->columns[k], &task->previous[k]);
	}
	return false;
}

static struct request request_of(const struct lp_input *input, struct lp_task *task, size_t k, enum reading reading)
{
	lp_time start = task->ranges[k].start, first = start - input->lookback;
	struct request request = { .series_id = input->series_id, .column = &task->previous[k] };

	switch (reading) {
	case READ_RANGE:
		request.range = bounded(start, task->ranges[k].end);
		request.column = &task->columns[k];
		break;
	case READ_LAST:
		request.range = bounded(input->lookback > LP_DAY ? start - LP_DAY : first, start);
		break;
	case READ_FURTHER:
		request.range = bounded(first, start - LP_DAY);
		break;
	case READ_EARLIER:
		request.range = bounded(first, start);
		break;
	}
	return request;
}

/* True if the samples of an input are in the table that is read. */
static bool lies_there(const struct asking *asking, const struct lp_input *input, const char **key)
{
	const struct pg_place *place;

	if (asking->places == NULL)
		return true;
	place = lp_pg_place_of(asking->places, asking->place_count, input->series_id);
	*key = place->mapping == NULL ? NULL : place->key;
	return place->mapping == asking->mapping;
}

/* requests NULL: only their number. */
static size_t make_requests(const struct asking *asking, struct request *requests)
{
	struct lp_batch *batch = asking->batch;
	size_t count = 0;

	for (size_t i = 0; i < batch->task_count; i++) {
		struct lp_task *task = &batch->tasks[i];
		const struct lp_calculation *calculation = &batch->calculations[task->calculation];

		for (size_t k = 0; k < calculation->input_count; k++) {
			const struct lp_input *input = &calculation->inputs[k];
			const char *key = NULL;

			if (!lp_share_holds(asking->share, input->series_id) ||
			    !is_asked_for(input, task, k, asking->reading) || !lies_there(asking, input, &key))
				continue;
			if (requests != NULL) {
				requests[count] = request_of(input, task, k, asking->reading);
				requests[count].key = key;
			}
			count++;
		}
	}
	return count;
}

/* A range that is not put together has its own last sample: a longer one with the same end may have another. */
static bool answers(const struct pg_range *range, const struct request *request, bool whole)
{
	if (range->series_id != request->series_id)
		return false;
	if (whole)
		return lp_window_equals(range->range, request->range);
	return range->range.start <= request->range.start && range->range.end >= request->range.end;
}

/* Both lists are in one order. */
static void hand_out(const struct fetching *fetching, struct request *requests, size_t count, bool whole)
{
	const struct pg_range *range = fetching->ranges;

	for (size_t i = 0; i < count; i++) {
		struct request *request = &requests[i];

		while (!answers(range, request, whole))
			range++;
		assert(range < fetching->ranges + fetching->count);
		*request->column = whole ? range->column : lp_pg_slice(&range->column, request->range);
	}
}

static bool fetch_each(struct pg_store *store, struct fetching *fetching, struct lp_error *error)
{
	static const struct {
		enum pg_statement statement, mapped;
		bool (*take)(const struct fetching *fetching, const PGresult *row, struct lp_error *error);
	} readings[] = {
		[READ_LAST] = { PG_FETCH_PREVIOUS, PG_MAPPED_FETCH_PREVIOUS, take_previous },
		[READ_RANGE] = { PG_FETCH, PG_MAPPED_FETCH, take_range },
		[READ_FURTHER] = { PG_FETCH_PREVIOUS, PG_MAPPED_FETCH_PREVIOUS, take_previous },
		[READ_EARLIER] = { PG_FETCH_EARLIER, PG_MAPPED_FETCH_EARLIER, take_range },
	};

	const enum reading reading = fetching->asking->reading;
	struct pg_rows rows;

	if (fetching->chosen_count == 0)
		return true;
	add_arguments(store, fetching);
	lp_pg_stream(store, fetching->asking->mapping == NULL ? readings[reading].statement : readings[reading].mapped,
	             &rows, error);
	while (lp_pg_next(&rows, NULL, NULL))
		rows.ok = readings[reading].take(fetching, rows.result, error);
	return lp_pg_end(&rows);
}

/* The window that most ranges have, if more than half of them do: by taking off pairs that differ. */
static struct lp_window usual_window(const struct fetching *fetching)
{
	struct lp_window usual = { 0, 0 };
	size_t left = 0;

	for (size_t i = 0; i < fetching->count; i++) {
		if (left == 0)
			usual = fetching->ranges[i].range;
		left = lp_window_equals(usual, fetching->ranges[i].range) ? left + 1 : left - 1;
	}
	return usual;
}

static double seconds_of(struct lp_window window)
{
	return (double)(window.end - window.start) / (double)LP_SECOND;
}

/* Returns how many ranges of a window may be read together; 0: they are too few or too long. */
static size_t together_at_once(struct pg_store *store, const struct fetching *fetching, struct lp_window window)
{
	size_t alike = 0, fit;

	for (size_t i = 0; i < fetching->count; i++) {
		/* Ranges of one series that do not touch are several. */
		if (i > 0 && fetching->ranges[i].series_id == fetching->ranges[i - 1].series_id)
			return 0;
		if (!lp_pg_fits_together(fetching->ranges[i].series_id, window))
			return 0;
		alike += lp_window_equals(window, fetching->ranges[i].range);
	}
	fit = (size_t)((double)TOGETHER_SAMPLES / fmax(1, seconds_of(window) * lp_pg_habit(store)->sample_rate));
	return alike >= TOGETHER_LEAST && fit >= TOGETHER_LEAST ? fit : 0;
}

/* Notes how many samples a second each series has, which the next batch will probably have too. */
static void note_rate(struct pg_store *store, const struct fetching *fetching)
{
	double samples = 0, seconds = 0;

	for (size_t i = 0; i < fetching->count; i++) {
		samples += (double)fetching->ranges[i].column.count;
		seconds += seconds_of(fetching->ranges[i].range);
	}
	lp_pg_habit(store)->sample_rate = fmax(PG_RATE_LEAST, samples / fmax(1, seconds));
}

static bool execute(struct pg_store *store, enum pg_statement statement, struct lp_error *error)
{
	(void)lp_pg_arguments(store);
	return lp_pg_execute(store, statement, NULL, error);
}

/* Holds until the transaction ends, or PG_PREFER_INDEXES. */
static bool prefer_bitmaps(struct pg_store *store, struct lp_error *error)
{
	return execute(store, PG_PREFER_BITMAPS, error) &&
	       (store->mapping == NULL || execute(store, PG_MAPPED_PREFER_BITMAPS, error));
}

static bool fetch_ranges(struct pg_store *store, struct fetching *fetching, struct lp_error *error)
{
	struct pg_range **together = lp_arena_allocate(fetching->arena, fetching->count * sizeof *together);
	struct lp_window window = usual_window(fetching);
	size_t at_once = together_at_once(store, fetching, window), count = 0;

	for (size_t i = 0; i < fetching->count; i++)
		if (at_once > 0 && lp_window_equals(window, fetching->ranges[i].range))
			together[count++] = &fetching->ranges[i];
		else
			fetching->chosen[fetching->chosen_count++] = &fetching->ranges[i];
	/* The table before may have been read with bitmaps. */
	if (store->mapping != NULL && !execute(store, PG_PREFER_INDEXES, error))
		return false;
	if (!fetch_each(store, fetching, error) || (count > 0 && !prefer_bitmaps(store, error)))
		return false;
	for (size_t i = 0; i < count; i += at_once) {
		size_t part = count - i < at_once ? count - i : at_once;

		if (!lp_pg_fetch_together(store, fetching->arena, together + i, part, window, error))
			return false;
	}
	note_rate(store, fetching);
	return true;
}

/* Ranges that are not read together have a last sample each. */
static bool fetch_before(struct pg_store *store, struct fetching *fetching, struct lp_error *error)
{
	for (size_t i = 0; i < fetching->count; i++)
		fetching->chosen[fetching->chosen_count++] = &fetching->ranges[i];
	/* Later readings are rare: a meter was silent, or reads wrong. */
	if (fetching->asking->reading != READ_LAST && !execute(store, PG_PREFER_INDEXES, error))
		return false;
	return fetch_each(store, fetching, error);
}

/* A column that was renamed would pass for one without values. */
static void leave_lost_columns(const struct fetching *fetching)
{
	const struct pg_mapping *mapping = fetching->asking->mapping;

	for (size_t i = 0; i < fetching->count; i++) {
		const struct pg_range *range = &fetching->ranges[i];

		if ((i == 0 || range[-1].series_id != range->series_id) && !lp_pg_has_column(mapping, range->key))
			leave_series(fetching, range->series_id,
			             lp_format_text("%s has no column of numbers \"%s\"", mapping->configured->table,
			                            range->key));
	}
}

static void drop_doubles(const struct fetching *fetching)
{
	for (size_t i = 0; i < fetching->count; i++) {
		struct pg_range *range = &fetching->ranges[i];

		if (range->doubtful != LP_TIME_NONE || !lp_pg_drop_doubles(&range->column, &range->doubtful))
			leave_doubtful(fetching, range->series_id, range->doubtful);
	}
}

/* A query gives all samples of a range; of those before a window only the last good ones are wanted. */
static bool fetch_query(struct pg_store *store, struct fetching *fetching, struct lp_error *error)
{
	static const size_t lasts[] = {
		[READ_LAST] = 1, [READ_RANGE] = 0, [READ_FURTHER] = 1, [READ_EARLIER] = LP_METER_SAMPLES + 1
	};
	size_t last = lasts[fetching->asking->reading];

	if (!lp_pg_ask_query(store, fetching->arena, fetching->ranges, fetching->count, error))
		return false;
	for (size_t i = 0; last > 0 && i < fetching->count; i++)
		lp_pg_keep_last(&fetching->ranges[i].column, last, fetching->arena);
	return true;
}

static bool fetch_planned(struct pg_store *store, struct fetching *fetching, struct lp_error *error)
{
	const struct pg_mapping *mapping = fetching->asking->mapping;

	if (mapping != NULL && mapping->configured->query != NULL)
		return fetch_query(store, fetching, error);
	return fetching->asking->reading == READ_RANGE ? fetch_ranges(store, fetching, error)
	                                               : fetch_before(store, fetching, error);
}

static bool fetch(struct pg_store *store, const struct asking *asking, struct lp_error *error)
{
	size_t count = make_requests(asking, NULL);
	bool whole = asking->reading != READ_RANGE;
	struct request *requests;
	struct fetching fetching;

	if (count == 0)
		return true;
	if (!lp_pg_use_mapping(store, asking->mapping, error))
		return false;
	requests = lp_arena_allocate(asking->share->arena, count * sizeof *requests);
	(void)make_requests(asking, requests);
	fetching = plan(asking, requests, count);
	if (asking->mapping != NULL && asking->mapping->configured->wide && !whole)
		leave_lost_columns(&fetching);
	if (!fetch_planned(store, &fetching, error))
		return false;
	if (asking->mapping != NULL)
		drop_doubles(&fetching);
	hand_out(&fetching, requests, count, whole);
	for (size_t i = 0; i < count && !whole; i++)
		asking->share->samples_read += requests[i].column->count;
	return true;
}

/* Finds where the series of a share are. */
static bool find_places(struct pg_store *store, struct asking *asking, struct lp_error *error)
{
	const struct lp_batch *batch = asking->batch;
	struct lp_share *share = asking->share;
	struct pg_place *places;
	int64_t *ids;
	size_t count = 0;

	for (size_t i = 0; i < batch->task_count; i++)
		count += batch->calculations[batch->tasks[i].calculation].input_count;
	ids = lp_arena_allocate(share->arena, count * sizeof *ids);
	count = 0;
	for (size_t i = 0; i < batch->task_count; i++) {
		const struct lp_calculation *calculation = &batch->calculations[batch->tasks[i].calculation];

		for (size_t k = 0; k < calculation->input_count; k++)
			if (lp_share_holds(share, calculation->inputs[k].series_id))
				ids[count++] = calculation->inputs[k].series_id;
	}
	asking->place_count = lp_pg_sort_ids(ids, count);
	if (!lp_pg_find_places(store, ids, asking->place_count, share->arena, &places, error))
		return false;
	asking->places = places;
	/* A series is left once in each reading, and once with its table. */
	share->unreadable =
		lp_arena_allocate(share->arena, (READ_EARLIER + 2) * asking->place_count * sizeof *share->unreadable);
	return true;
}

/* A reading of this program's own table, and of each other that could be read so far. */
static bool fetch_tables(struct pg_store *store, struct asking *asking, struct lp_error *error)
{
	asking->mapping = NULL;
	if (store->connection != NULL && !fetch(store, asking, error))
		return false;
	for (size_t i = 0; asking->places != NULL && i < store->mapping_count; i++) {
		asking->mapping = &store->mappings[i];
		if (!asking->mapping->broken && !fetch(store, asking, error))
			return false;
	}
	return lp_pg_use_mapping(store, NULL, error);
}

static int compare_unreadable(const void *a, const void *b)
{
	return lp_compare(((const struct lp_unreadable *)a)->series_id, ((const struct lp_unreadable *)b)->series_id);
}

/* What the server says does not always name the table. */
static const char *tell_error(struct lp_arena *arena, const struct pg_mapping *mapping)
{
	char *text = lp_format_text("%s: %s", mapping->configured->table, mapping->error.what);
	const char *told = lp_arena_text(arena, text);

	free(text);
	return told;
}

/* Series of a table that cannot be read are left. */
static void leave_tables(const struct asking *asking)
{
	struct lp_share *share = asking->share;

	for (size_t i = 0; asking->places != NULL && i < asking->place_count; i++) {
		const struct pg_place *place = &asking->places[i];

		if (place->mapping != NULL && place->mapping->broken)
			share->unreadable[share->unreadable_count++] = (struct lp_unreadable){
				.series_id = place->series_id,
				.why = tell_error(share->arena, place->mapping),
			};
	}
	if (share->unreadable_count > 1)
		qsort(share->unreadable, share->unreadable_count, sizeof *share->unreadable, compare_unreadable);
}

static bool fetch_all(struct pg_store *store, struct lp_batch *batch, struct lp_share *share, struct lp_error *error)
{
	struct asking asking = { .batch = batch, .share = share };
	bool ok;

	if (!lp_pg_begin(store, error))
		return false;
	share->samples_read = share->unreadable_count = 0;
	ok = store->mapping_count == 0 || find_places(store, &asking, error);
	for (asking.reading = READ_LAST; ok && asking.reading <= READ_EARLIER; asking.reading++)
		ok = fetch_tables(store, &asking, error);
	if (!lp_pg_finish(store, ok, error))
		return false;
	leave_tables(&asking);
	return true;
}

/* More than a value of the server can hold (a gigabyte), or than it has memory for. */
static bool is_too_much(const struct lp_error *error)
{
	return strcmp(error->sqlstate, "54000") == 0 || strcmp(error->sqlstate, "53200") == 0;
}

/*
 * The number of samples is a guess before the first batch. If it was far too
 * low, fewer are read together. A fetch can deadlock with others that make or
 * drop a partition, or lock tables by hand. A table of somebody else that cannot be
 * read fails what reads it, and nothing else: the rest is read again without it.
 */
bool lp_pg_fetch_share(struct lp_store *opened, struct lp_batch *batch, struct lp_share *share, struct lp_error *error)
{
	enum { MOST_TRIES = 4, MORE_OFTEN = 64 };
	struct pg_store *store = lp_pg_store(opened);
	int too_much = 0, passing = 0;

	LP_CHECK_BATCH(batch);
	lp_pg_forget_blame(store);
	while (!fetch_all(store, batch, share, error))
		if (store->depth == 0 && is_too_much(error) && ++too_much < MOST_TRIES)
			lp_pg_habit(store)->sample_rate *= MORE_OFTEN;
		else if (!lp_pg_tries_again(store, error, &passing) &&
		         (store->depth > 0 || !lp_pg_blame_mapping(store, error)))
			return false;
	return true;
}
