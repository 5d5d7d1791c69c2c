/*
 * Fetching the samples of a batch: what each task reads of each series.
 * Knows nothing of calculations but that.
 */
#include "store/sqlite/internal.h"

#include <string.h>

static struct lp_column column_of(const struct sqlite_samples *rows, struct lp_arena *arena)
{
	struct lp_column column = { .count = rows->count };

	if (rows->count == 0)
		return column;
	column.time = lp_arena_allocate(arena, rows->count * sizeof *column.time);
	column.value = lp_arena_allocate(arena, rows->count * sizeof *column.value);
	memcpy(column.time, rows->time, rows->count * sizeof *column.time);
	memcpy(column.value, rows->value, rows->count * sizeof *column.value);
	if (rows->any_quality) {
		column.quality = lp_arena_allocate(arena, rows->count);
		memcpy(column.quality, rows->quality, rows->count);
	}
	return column;
}

/* The statements of a fetch: what is in a range, and what was before it. */
struct fetching {
	struct sqlite_store *store;
	sqlite3_stmt *range, *previous, *earlier;
	struct lp_arena *arena;
};

/* The primary key is (series, time): what is read is in order, and no two times are alike. */
static bool fetch_range(const struct fetching *fetching, sqlite3_stmt *statement, int64_t series_id,
                        struct lp_window range, struct lp_column *column, struct lp_error *error)
{
	struct sqlite_store *store = fetching->store;
	int code;

	sqlite3_bind_int64(statement, 1, series_id);
	sqlite3_bind_int64(statement, 2, range.start);
	sqlite3_bind_int64(statement, 3, range.end);
	lp_sqlite_empty_samples(&store->samples);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW)
		lp_sqlite_take_sample(&store->samples, statement);
	if (code != SQLITE_DONE)
		lp_sqlite_fail(store, error, "fetch samples");
	sqlite3_reset(statement);
	*column = column_of(&store->samples, fetching->arena);
	return code == SQLITE_DONE;
}

/* Reads the last good sample before the range, or some more for a meter that may have read wrong. */
static bool fetch_previous(const struct fetching *fetching, const struct lp_input *input, struct lp_window range,
                           const struct lp_column *column, struct lp_column *previous, struct lp_error *error)
{
	int64_t lookback = lp_input_lookback(input, column);
	struct lp_window before = { .end = range.start };

	*previous = (struct lp_column){ 0 };
	if (lookback <= 0)
		return true;
	if (__builtin_sub_overflow(range.start, lookback, &before.start))
		before.start = LP_TIME_MIN;
	if (!fetch_range(fetching, fetching->previous, input->series_id, before, previous, error))
		return false;
	if (!lp_input_needs_earlier(input, column, previous))
		return true;
	sqlite3_bind_int64(fetching->earlier, 4, LP_METER_SAMPLES + 1);
	return fetch_range(fetching, fetching->earlier, input->series_id, before, previous, error);
}

static bool fetch_task(const struct fetching *fetching, struct lp_batch *batch, struct lp_task *task,
                       struct lp_share *share, struct lp_error *error)
{
	const struct lp_calculation *calculation = &batch->calculations[task->calculation];

	for (size_t i = 0; i < calculation->input_count; i++) {
		const struct lp_input *input = &calculation->inputs[i];

		bool elsewhere;

		if (!lp_share_holds(share, input->series_id))
			continue;
		if (!lp_sqlite_is_elsewhere(fetching->store, input->series_id, &elsewhere, error))
			return false;
		if (elsewhere)
			continue;
		if (!fetch_range(fetching, fetching->range, input->series_id, task->ranges[i], &task->columns[i],
		                 error) ||
		    !fetch_previous(fetching, input, task->ranges[i], &task->columns[i], &task->previous[i], error))
			return false;
		share->samples_read += task->columns[i].count;
	}
	return true;
}

/*
 * A fetcher reads each page once, in the order of series: to keep many costs
 * memory and page faults, and saves nothing.
 */
static bool keep_few_pages(struct sqlite_store *store, struct lp_error *error)
{
	if (!store->keeps_few_pages &&
	    !lp_sqlite_script(store, "PRAGMA cache_size = -2048", error, "make the cache smaller"))
		return false;
	store->keeps_few_pages = true;
	return true;
}

/* Within one transaction: every series as of one moment, and SQLite takes its locks once. */
bool lp_sqlite_fetch_share(struct lp_store *opened, struct lp_batch *batch, struct lp_share *share,
                           struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct fetching fetching = { .store = store, .arena = share->arena };
	bool ok = true;

	LP_CHECK_BATCH(batch);
	if ((fetching.range = lp_sqlite_prepare(store, LP_SQLITE_FETCH, error)) == NULL ||
	    (fetching.previous = lp_sqlite_prepare(store, LP_SQLITE_FETCH_PREVIOUS, error)) == NULL ||
	    (fetching.earlier = lp_sqlite_prepare(store, LP_SQLITE_FETCH_EARLIER, error)) == NULL ||
	    !keep_few_pages(store, error) || !lp_sqlite_begin_read(store, error))
		return false;
	for (size_t i = 0; i < batch->task_count && ok; i++)
		ok = fetch_task(&fetching, batch, &batch->tasks[i], share, error);
	return lp_sqlite_finish(store, ok, error) && lp_sqlite_fetch_elsewhere(store, batch, share, error);
}
