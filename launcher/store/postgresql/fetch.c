/*
 * Fetching the samples of a batch: one statement, arrays in, arrays out.
 *
 * What tasks ask for is sorted and put together first: calculations that read
 * the same series, windows that follow one another or overlap, are one range
 * each, read once; every task gets its slice of it.
 */
#include "store/postgresql/column.h"
#include "store/postgresql/internal.h"

#include <stdlib.h>

struct request {
	int64_t series_id;
	struct lp_window range;
	struct lp_column *column; /* of the task: filled from the range it became part of */
};

struct range {
	int64_t series_id;
	struct lp_window range;
	struct lp_column column;
};

struct fetching {
	struct lp_arena *arena;
	struct range *ranges;
	size_t count;
	struct lp_window all; /* holds every range */
};

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
static struct fetching plan(struct lp_arena *arena, struct request *requests, size_t count, bool merge)
{
	struct fetching fetching = {
		.arena = arena,
		.ranges = lp_arena_allocate(arena, count * sizeof *fetching.ranges),
		.all = { LP_TIME_MAX, LP_TIME_MIN },
	};

	qsort(requests, count, sizeof *requests, compare_requests);
	for (size_t i = 0; i < count; i++) {
		const struct request *request = &requests[i];
		struct range *last = fetching.count == 0 ? NULL : &fetching.ranges[fetching.count - 1];

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
		fetching.ranges[fetching.count++] =
			(struct range){ .series_id = request->series_id, .range = request->range };
	}
	return fetching;
}

static void add_arguments(struct pg_store *store, const struct fetching *fetching)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);

	lp_pg_array_begin(arguments, PG_INT8);
	for (size_t i = 0; i < fetching->count; i++)
		lp_pg_array_int8(arguments, fetching->ranges[i].series_id);
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_TIMESTAMPTZ);
	for (size_t i = 0; i < fetching->count; i++)
		lp_pg_array_time(arguments, fetching->ranges[i].range.start);
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_TIMESTAMPTZ);
	for (size_t i = 0; i < fetching->count; i++)
		lp_pg_array_time(arguments, fetching->ranges[i].range.end);
	lp_pg_array_end(arguments);
	lp_pg_argument_time(arguments, fetching->all.start);
	lp_pg_argument_time(arguments, fetching->all.end);
}

static struct range *range_of(const struct fetching *fetching, const PGresult *row)
{
	size_t number = (size_t)lp_pg_get_int8(row, 0, 0);

	assert(number >= 1 && number <= fetching->count);
	return &fetching->ranges[number - 1];
}

static bool take_range(void *context, const PGresult *row, struct lp_error *error)
{
	const struct fetching *fetching = context;

	return lp_pg_get_column(row, 0, 1, fetching->arena, &range_of(fetching, row)->column, error);
}

static bool take_previous(void *context, const PGresult *row, struct lp_error *error)
{
	const struct fetching *fetching = context;
	struct lp_column *column = &range_of(fetching, row)->column;
	int32_t quality = lp_pg_get_int4(row, 0, 3);

	(void)error;
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

/* Within what anybody here can write: never the server's infinities. */
static struct lp_window bounded(lp_time start, lp_time end)
{
	return (struct lp_window){ start < LP_TIME_MIN ? LP_TIME_MIN : start,
		                   end > LP_TIME_MAX ? LP_TIME_MAX + 1 : end };
}

static size_t count_requests(const struct lp_batch *batch, bool previous)
{
	size_t count = 0;

	for (size_t i = 0; i < batch->task_count; i++) {
		const struct lp_calculation *calculation = &batch->calculations[batch->tasks[i].calculation];

		for (size_t k = 0; k < calculation->input_count; k++)
			count += !previous || calculation->inputs[k].lookback > 0;
	}
	return count;
}

static struct request *make_requests(struct lp_batch *batch, bool previous, size_t count)
{
	struct request *requests = lp_arena_allocate(&batch->arena, count * sizeof *requests), *next = requests;

	for (size_t i = 0; i < batch->task_count; i++) {
		struct lp_task *task = &batch->tasks[i];
		const struct lp_calculation *calculation = &batch->calculations[task->calculation];

		for (size_t k = 0; k < calculation->input_count; k++) {
			const struct lp_input *input = &calculation->inputs[k];

			if (!previous)
				*next++ =
					(struct request){ .series_id = input->series_id,
					                  .range = bounded(task->ranges[k].start, task->ranges[k].end),
					                  .column = &task->columns[k] };
			else if (input->lookback > 0)
				*next++ = (struct request){ .series_id = input->series_id,
					                    .range = bounded(task->ranges[k].start - input->lookback,
					                                     task->ranges[k].start),
					                    .column = &task->previous[k] };
		}
	}
	assert(next == requests + count);
	return requests;
}

/* A range that is not put together has its own last sample: a longer one with the same end may have another. */
static bool answers(const struct range *range, const struct request *request, bool whole)
{
	if (range->series_id != request->series_id)
		return false;
	if (whole)
		return range->range.start == request->range.start && range->range.end == request->range.end;
	return range->range.start <= request->range.start && range->range.end >= request->range.end;
}

/* Both lists are in one order. */
static void hand_out(const struct fetching *fetching, struct request *requests, size_t count, bool whole)
{
	const struct range *range = fetching->ranges;

	for (size_t i = 0; i < count; i++) {
		struct request *request = &requests[i];

		while (!answers(range, request, whole))
			range++;
		assert(range < fetching->ranges + fetching->count);
		*request->column = whole ? range->column : lp_pg_slice(&range->column, request->range);
	}
}

static bool fetch(struct pg_store *store, struct lp_batch *batch, bool previous, struct lp_error *error)
{
	size_t count = count_requests(batch, previous);
	struct request *requests;
	struct fetching fetching;

	if (count == 0)
		return true;
	requests = make_requests(batch, previous, count);
	fetching = plan(&batch->arena, requests, count, !previous);
	add_arguments(store, &fetching);
	if (!lp_pg_stream(store, previous ? PG_FETCH_PREVIOUS : PG_FETCH, previous ? take_previous : take_range,
	                  &fetching, error))
		return false;
	hand_out(&fetching, requests, count, previous);
	return true;
}

bool lp_pg_fetch(struct lp_store *opened, struct lp_batch *batch, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	bool done;

	LP_CHECK_BATCH(batch);
	if (!lp_pg_begin(store, error))
		return false;
	done = fetch(store, batch, false, error) && fetch(store, batch, true, error);
	for (size_t i = 0; done && i < batch->task_count; i++) {
		const struct lp_task *task = &batch->tasks[i];

		for (size_t k = 0; k < batch->calculations[task->calculation].input_count; k++)
			batch->samples_read += task->columns[k].count;
	}
	return lp_pg_finish(store, done, error);
}
