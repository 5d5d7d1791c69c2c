/*
 * Series and their samples: for people by name, for a run by window.
 * Knows nothing of calculations but which series a task reads.
 */
#include "store/sqlite/internal.h"

#include <string.h>

enum { COLUMN_MOST = 10000 };

struct lp_window lp_sqlite_pruned(sqlite3_stmt *statement, int column)
{
	lp_time from = lp_sqlite_time(statement, column), to = lp_sqlite_time(statement, column + 1);
	struct lp_window none = { 0, 0 };

	return from == LP_TIME_NONE || to == LP_TIME_NONE ? none : (struct lp_window){ from, to + 1 };
}

static struct lp_series series_of(sqlite3_stmt *statement)
{
	return (struct lp_series){
		.id = sqlite3_column_int64(statement, 0),
		.name = lp_sqlite_text_or_empty(statement, 1),
		.unit = lp_sqlite_text_or_empty(statement, 2),
		.description = lp_sqlite_text_or_empty(statement, 3),
		.attributes = lp_sqlite_text_or_empty(statement, 4),
		.interval = sqlite3_column_int64(statement, 5),
		.pruned = lp_sqlite_pruned(statement, 6),
	};
}

bool lp_sqlite_each_series(struct lp_store *base, const char *pattern, lp_series_visit *visit, void *context,
                           struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_EACH_SERIES, error);
	int row;

	if (statement == NULL)
		return false;
	lp_sqlite_bind_glob(statement, 1, pattern);
	while ((row = lp_sqlite_step(store, statement, error, "read the series")) == 1) {
		struct lp_series series = series_of(statement);

		if (!visit(context, &series, error)) {
			sqlite3_reset(statement);
			return false;
		}
	}
	return row == 0;
}

bool lp_sqlite_find_series(struct lp_store *base, const char *name, struct lp_arena *arena, struct lp_series *found,
                           struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_FIND_SERIES, error);
	int row;

	*found = (struct lp_series){ 0 };
	if (statement == NULL)
		return false;
	lp_sqlite_bind_text(statement, 1, name);
	row = lp_sqlite_step(store, statement, error, "look up a series");
	if (row == 1) {
		*found = series_of(statement);
		found->name = lp_arena_text(arena, found->name);
		found->unit = lp_arena_text(arena, found->unit);
		found->description = lp_arena_text(arena, found->description);
		found->attributes = lp_arena_text(arena, found->attributes);
		sqlite3_reset(statement);
	}
	return row >= 0;
}

/* SQLite makes NULL of a NaN by itself: what is stored is NULL. */
static void bind_sample(sqlite3_stmt *statement, int64_t series_id, lp_time time, double value, uint8_t quality)
{
	sqlite3_bind_int64(statement, 1, series_id);
	sqlite3_bind_int64(statement, 2, time);
	sqlite3_bind_double(statement, 3, value);
	if (quality == LP_QUALITY_GOOD)
		sqlite3_bind_null(statement, 4);
	else
		sqlite3_bind_int(statement, 4, quality);
}

/*
 * Of a column with many samples this function notes itself which were changed,
 * an hour at a time: three times as fast as a trigger for each of them.
 */
enum { NOTED_FROM = 32 };

struct noting {
	bool wanted;
	int64_t series_id, hour;
	lp_time first, last;
	bool any;
};

static bool note_hour(struct lp_sqlite *store, struct noting *noting, struct lp_error *error)
{
	bool any = noting->any;

	noting->any = false;
	return !any || lp_sqlite_note_change(store, noting->series_id, noting->first, noting->last, false, error);
}

static bool note_sample(struct lp_sqlite *store, struct noting *noting, lp_time time, struct lp_error *error)
{
	int64_t hour = lp_sqlite_hour(time);

	if (!noting->wanted)
		return true;
	if (noting->any && hour != noting->hour && !note_hour(store, noting, error))
		return false;
	if (!noting->any) {
		noting->any = true;
		noting->hour = hour;
		noting->first = noting->last = time;
	}
	noting->first = time < noting->first ? time : noting->first;
	noting->last = time > noting->last ? time : noting->last;
	return true;
}

/* 1: inserted, 2: updated, 0: it is there as it is; -1: error. */
static int write_sample(struct lp_sqlite *store, int64_t series_id, lp_time time, double value, uint8_t quality,
                        struct lp_error *error)
{
	static const enum lp_sqlite_statement ways[] = { LP_SQL_ADD_SAMPLE, LP_SQL_CHANGE_SAMPLE };

	for (int i = 0; i < 2; i++) {
		sqlite3_stmt *statement = lp_sqlite_prepare(store, ways[i], error);
		int64_t rows;

		if (statement == NULL)
			return -1;
		bind_sample(statement, series_id, time, value, quality);
		if (!lp_sqlite_run(store, statement, &rows, error, "write samples"))
			return -1;
		if (rows > 0)
			return i + 1;
	}
	return 0;
}

bool lp_sqlite_write_samples(struct lp_store *base, int64_t series_id, const struct lp_column *samples,
                             struct lp_write_counts *counts, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	struct noting noting = { .wanted = samples->count >= NOTED_FROM, .series_id = series_id };
	uint64_t done[3] = { 0 };

	if (noting.wanted && !lp_sqlite_be_own(store, true, error))
		return false;
	for (size_t i = 0; i < samples->count; i++) {
		uint8_t quality = samples->quality != NULL ? samples->quality[i] : LP_QUALITY_GOOD;
		int way = write_sample(store, series_id, samples->time[i], samples->value[i], quality, error);

		if (way < 0 || (way > 0 && !note_sample(store, &noting, samples->time[i], error)))
			return false;
		done[way]++;
	}
	*counts = (struct lp_write_counts){ .unchanged = done[0], .inserted = done[1], .updated = done[2] };
	return note_hour(store, &noting, error) && (!noting.wanted || lp_sqlite_be_own(store, false, error));
}

static void grow_rows(struct lp_sqlite_rows *rows)
{
	rows->capacity = rows->capacity == 0 ? 1024 : rows->capacity * 2;
	rows->time = lp_reallocate(rows->time, rows->capacity, sizeof *rows->time);
	rows->value = lp_reallocate(rows->value, rows->capacity, sizeof *rows->value);
	rows->quality = lp_reallocate(rows->quality, rows->capacity, sizeof *rows->quality);
	rows->coverage = lp_reallocate(rows->coverage, rows->capacity, sizeof *rows->coverage);
	rows->samples = lp_reallocate(rows->samples, rows->capacity, sizeof *rows->samples);
	rows->window_end = lp_reallocate(rows->window_end, rows->capacity, sizeof *rows->window_end);
}

/* A number that is none of ours is bad: whoever stored it past the table's CHECK did not mean good. */
static inline uint8_t quality_of(int64_t stored)
{
	return stored >= LP_QUALITY_GOOD && stored <= LP_QUALITY_BAD ? (uint8_t)stored : LP_QUALITY_BAD;
}

/* A row (ts, value, quality) onto the rows. */
static inline void take_row(struct lp_sqlite_rows *rows, sqlite3_stmt *statement)
{
	size_t i = rows->count++;

	if (i == rows->capacity)
		grow_rows(rows);
	rows->time[i] = sqlite3_column_int64(statement, 0);
	rows->value[i] =
		sqlite3_column_type(statement, 1) == SQLITE_NULL ? (double)NAN : sqlite3_column_double(statement, 1);
	rows->quality[i] = quality_of(sqlite3_column_int64(statement, 2)); /* NULL is 0, and 0 is good */
	rows->any_quality |= rows->quality[i] != LP_QUALITY_GOOD;
}

static void take_row_with_coverage(struct lp_sqlite_rows *rows, sqlite3_stmt *statement)
{
	take_row(rows, statement);
	size_t i = rows->count - 1;
	bool result = sqlite3_column_type(statement, 4) != SQLITE_NULL;
	bool covered = sqlite3_column_type(statement, 3) != SQLITE_NULL;
	rows->coverage[i] = covered ? (float)sqlite3_column_double(statement, 3) : NAN;
	rows->samples[i] = result ? sqlite3_column_int(statement, 4) : -1;
	rows->window_end[i] = lp_sqlite_time(statement, 5);
	rows->any_coverage |= result || covered;
}

static void empty_rows(struct lp_sqlite_rows *rows)
{
	rows->count = 0;
	rows->any_quality = rows->any_coverage = false;
}

bool lp_sqlite_read_samples(struct lp_store *base, int64_t series_id, lp_time from, lp_time to, uint64_t most,
                            lp_column_visit *visit, void *context, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	struct lp_sqlite_rows *rows = &store->rows;
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_READ_SAMPLES, error);
	int row;

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, series_id);
	sqlite3_bind_int64(statement, 2, from); /* LP_TIME_NONE is before every time */
	sqlite3_bind_int64(statement, 3, to != LP_TIME_NONE ? to : INT64_MAX);
	sqlite3_bind_int64(statement, 4, most > 0 && most < INT64_MAX ? (int64_t)most : -1);
	empty_rows(rows);
	do {
		row = lp_sqlite_step(store, statement, error, "read samples");
		if (row == 1)
			take_row_with_coverage(rows, statement);
		if (rows->count == COLUMN_MOST || (row == 0 && rows->count > 0)) {
			struct lp_column column = { .count = rows->count,
				                    .time = rows->time,
				                    .value = rows->value,
				                    .quality = rows->any_quality ? rows->quality : NULL,
				                    .coverage = rows->any_coverage ? rows->coverage : NULL,
				                    .samples = rows->any_coverage ? rows->samples : NULL,
				                    .window_end = rows->any_coverage ? rows->window_end : NULL };
			if (!visit(context, &column, error)) {
				sqlite3_reset(statement);
				return false;
			}
			empty_rows(rows);
		}
	} while (row == 1);
	return row == 0;
}

static struct lp_column column_of(const struct lp_sqlite_rows *rows, struct lp_arena *arena)
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

/* The primary key is (series, time): what is read is in order, and no two times are alike. */
static bool fetch_range(struct lp_sqlite *store, sqlite3_stmt *statement, int64_t series_id, lp_time from, lp_time to,
                        struct lp_arena *arena, struct lp_column *column, struct lp_error *error)
{
	int code;

	sqlite3_bind_int64(statement, 1, series_id);
	sqlite3_bind_int64(statement, 2, from);
	sqlite3_bind_int64(statement, 3, to);
	empty_rows(&store->rows);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW)
		take_row(&store->rows, statement);
	if (code != SQLITE_DONE)
		lp_sqlite_fail(store, error, "fetch samples");
	sqlite3_reset(statement);
	*column = column_of(&store->rows, arena);
	return code == SQLITE_DONE;
}

/* The statements of a fetch: what is in a range, and what was before it. */
struct fetching {
	sqlite3_stmt *range, *previous, *earlier;
	struct lp_arena *arena;
};

/* The last good sample before the range, or, of a meter that may have read wrong, some more. */
static bool fetch_previous(struct lp_sqlite *store, const struct fetching *fetching, const struct lp_input *input,
                           struct lp_window range, const struct lp_column *column, struct lp_column *previous,
                           struct lp_error *error)
{
	int64_t lookback = lp_input_lookback(input, column);
	lp_time from;

	*previous = (struct lp_column){ 0 };
	if (lookback <= 0)
		return true;
	if (__builtin_sub_overflow(range.start, lookback, &from))
		from = LP_TIME_MIN;
	if (!fetch_range(store, fetching->previous, input->series_id, from, range.start, fetching->arena, previous,
	                 error))
		return false;
	if (!lp_input_needs_earlier(input, column, previous))
		return true;
	sqlite3_bind_int64(fetching->earlier, 4, LP_METER_SAMPLES + 1);
	return fetch_range(store, fetching->earlier, input->series_id, from, range.start, fetching->arena, previous,
	                   error);
}

static bool fetch_task(struct lp_sqlite *store, const struct fetching *fetching, struct lp_batch *batch,
                       struct lp_task *task, struct lp_share *share, struct lp_error *error)
{
	const struct lp_calculation *calculation = &batch->calculations[task->calculation];

	for (size_t i = 0; i < calculation->input_count; i++) {
		const struct lp_input *input = &calculation->inputs[i];

		if (!lp_share_holds(share, input->series_id))
			continue;
		if (!fetch_range(store, fetching->range, input->series_id, task->ranges[i].start, task->ranges[i].end,
		                 share->arena, &task->columns[i], error) ||
		    !fetch_previous(store, fetching, input, task->ranges[i], &task->columns[i], &task->previous[i],
		                    error))
			return false;
		share->samples_read += task->columns[i].count;
	}
	return true;
}

/*
 * A fetcher reads each page once, in the order of series: to keep many costs
 * memory and page faults, and saves nothing.
 */
static bool keep_few_pages(struct lp_sqlite *store, struct lp_error *error)
{
	if (!store->keeps_few_pages &&
	    !lp_sqlite_script(store, "PRAGMA cache_size = -2048", error, "make the cache smaller"))
		return false;
	store->keeps_few_pages = true;
	return true;
}

/* Within one transaction: every series as of one moment, and SQLite takes its locks once. */
bool lp_sqlite_fetch(struct lp_store *base, struct lp_batch *batch, struct lp_share *share, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	struct fetching fetching = { .arena = share->arena };

	LP_CHECK_BATCH(batch);
	if ((fetching.range = lp_sqlite_prepare(store, LP_SQL_FETCH, error)) == NULL ||
	    (fetching.previous = lp_sqlite_prepare(store, LP_SQL_FETCH_PREVIOUS, error)) == NULL ||
	    (fetching.earlier = lp_sqlite_prepare(store, LP_SQL_FETCH_EARLIER, error)) == NULL ||
	    !keep_few_pages(store, error) || !lp_sqlite_execute(store, LP_SQL_BEGIN_READ, error))
		return false;
	for (size_t i = 0; i < batch->task_count; i++) {
		if (!fetch_task(store, &fetching, batch, &batch->tasks[i], share, error)) {
			lp_sqlite_rollback(base);
			return false;
		}
	}
	return lp_sqlite_commit_work(base, error);
}
