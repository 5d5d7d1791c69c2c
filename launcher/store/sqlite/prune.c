/*
 * Deletes what is older than people want to keep it.
 */
#include "store/sqlite/internal.h"

#include <stdlib.h>

enum { SERIES_MOST = 1000 }; /* in a transaction */

/* The statements that count and that delete rows which are no longer kept. */
struct old_rows {
	enum sqlite_statement count, delete;
};
static const struct old_rows old_outcomes = { LP_SQLITE_COUNT_OUTCOMES, LP_SQLITE_PRUNE_OUTCOMES };
static const struct old_rows old_runs = { LP_SQLITE_COUNT_RUNS, LP_SQLITE_PRUNE_RUNS };

/* Runs one statement of the pair: counting changes nothing. */
static bool prune_kind(struct sqlite_store *store, const struct old_rows *old, bool dry_run, lp_time before,
                       uint64_t *rows, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, dry_run ? old->count : old->delete, error);
	int64_t changed = 0;

	*rows = 0;
	if (before == LP_TIME_NONE)
		return true;
	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, before);
	if (dry_run ? lp_sqlite_first(store, statement, &changed, error) != 1
	            : !lp_sqlite_run(store, statement, &changed, error))
		return false;
	*rows = (uint64_t)changed;
	return true;
}

/* Rows of a series, within a transaction that knows what goes: the oldest ones, from *first to *last; 0: there are none. */
static int find_oldest(struct sqlite_store *store, const struct lp_prune_series *series, lp_time *first, lp_time *last,
                       struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_PRUNE_BOUND, error);
	int row;

	if (statement == NULL)
		return -1;
	sqlite3_bind_int64(statement, 1, series->series_id);
	sqlite3_bind_int64(statement, 2, series->before);
	sqlite3_bind_int64(statement, 3, LP_SQLITE_PRUNE_MOST);
	row = lp_sqlite_step(store, statement, error);
	if (row == 1) {
		*first = lp_sqlite_time(statement, 0);
		*last = lp_sqlite_time(statement, 1);
		row = *first != LP_TIME_NONE;
		sqlite3_reset(statement);
	}
	return row;
}

static bool touch_readers(struct sqlite_store *store, int64_t series_id, struct lp_error *error)
{
	return lp_sqlite_run_for(store, LP_SQLITE_TOUCH_READERS, series_id, error);
}

static bool note_pruned(struct sqlite_store *store, int64_t series_id, lp_time first, lp_time last,
                        struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_NOTE_PRUNED, error);

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, series_id);
	sqlite3_bind_int64(statement, 2, first);
	sqlite3_bind_int64(statement, 3, last);
	return lp_sqlite_run(store, statement, NULL, error) && touch_readers(store, series_id, error);
}

static bool prune_superseded(struct sqlite_store *store, const struct lp_prune_series *series, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_PRUNE_SUPERSEDED, error);

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, series->series_id);
	sqlite3_bind_int64(statement, 2, series->before);
	return lp_sqlite_run(store, statement, NULL, error);
}

/* The oldest samples of a series, at most LP_SQLITE_PRUNE_MOST; *done: there are no more. */
static bool prune_some(struct sqlite_store *store, const struct lp_prune_series *series, int64_t *deleted, bool *done,
                       struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_PRUNE_SAMPLES, error);
	lp_time first = LP_TIME_NONE, last = LP_TIME_NONE;
	int found = statement == NULL ? -1 : find_oldest(store, series, &first, &last, error);

	*deleted = 0;
	*done = true;
	if (found <= 0)
		return found == 0;
	if (!prune_superseded(store, series, error))
		return false;
	if (!note_pruned(store, series->series_id, first, last, error))
		return false;
	sqlite3_bind_int64(statement, 1, series->series_id);
	sqlite3_bind_int64(statement, 2, last);
	if (!lp_sqlite_run(store, statement, deleted, error))
		return false;
	*done = *deleted < LP_SQLITE_PRUNE_MOST;
	return true;
}

/*
 * Deletes from series *next on, as much as fits into one transaction. Samples
 * that are no longer kept are no reason to compute anything again.
 */
static bool delete_within(struct sqlite_store *store, const struct lp_prune_series *series, size_t count, size_t *next,
                          int64_t *rows, struct lp_error *error)
{
	size_t first = *next;

	if (!lp_sqlite_be_own(store, true, error))
		return false;
	while (*next < count && *next - first < SERIES_MOST && *rows < LP_SQLITE_PRUNE_MOST) {
		int64_t deleted = 0;
		bool done = true;

		if (series[*next].before != LP_TIME_NONE && !prune_some(store, &series[*next], &deleted, &done, error))
			return false;
		*rows += deleted;
		*next += done;
	}
	return lp_sqlite_be_own(store, false, error);
}

/*
 * In transactions of limited size: a run that wants to write meanwhile waits
 * for one of them, not for all, and the -wal file stays small.  One for each
 * series would be paid with an fsync each.
 */
static bool delete_samples(struct lp_store *opened, const struct lp_prune_series *series, size_t count,
                           uint64_t *samples, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	size_t next = 0;

	while (next < count) {
		int64_t rows = 0;

		if (!lp_sqlite_begin(store, error) ||
		    !lp_sqlite_finish(store, delete_within(store, series, count, &next, &rows, error), error))
			return false;
		*samples += (uint64_t)rows;
	}
	return true;
}

/*
 * Pages that became free are used again by the next samples: nothing has to be
 * done where retention is steady.  Where more than a quarter of the file is
 * free, it is made smaller, in steps that let others write in between.
 */
static bool give_back_pages(struct sqlite_store *store, struct lp_error *error)
{
	for (;;) {
		int64_t free_pages, pages, left;

		if (!lp_sqlite_pragma(store, "PRAGMA freelist_count", &free_pages, error) ||
		    !lp_sqlite_pragma(store, "PRAGMA page_count", &pages, error))
			return false;
		if (free_pages < 1000 || free_pages < pages / 4)
			return true;
		if (!lp_sqlite_script(store, "PRAGMA incremental_vacuum(10000)", error, "make the file smaller") ||
		    !lp_sqlite_pragma(store, "PRAGMA freelist_count", &left, error))
			return false;
		if (left >= free_pages)
			return true; /* a file that was made without auto_vacuum: VACUUM by hand */
	}
}

bool lp_sqlite_prune(struct lp_store *opened, struct lp_prune *prune, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);

	prune->outcomes_estimated = false;
	if (!prune_kind(store, &old_outcomes, prune->dry_run, prune->outcomes_before, &prune->outcomes, error) ||
	    !prune_kind(store, &old_runs, prune->dry_run, prune->runs_before, &prune->runs, error))
		return false;
	return prune->dry_run || give_back_pages(store, error);
}

/* Deletes samples of series that do not exist, which other programs wrote: nothing else finds them. */
static bool delete_orphans(struct lp_store *opened, lp_time before, uint64_t *samples, struct lp_error *error)
{
	struct sqlite_rows rows = lp_sqlite_read(lp_sqlite_store(opened), LP_SQLITE_EACH_ORPHANS, error);
	struct lp_prune_series *series = NULL;
	size_t count = 0, capacity = 0;
	bool ok;

	sqlite3_bind_int64(rows.statement, 1, before);
	while (lp_sqlite_next(&rows, NULL, NULL)) {
		LP_GROW(series, count, capacity);
		series[count++] = (struct lp_prune_series){ .series_id = sqlite3_column_int64(rows.statement, 0),
			                                    .before = before };
	}
	ok = lp_sqlite_end(&rows) && delete_samples(opened, series, count, samples, error);
	free(series);
	return ok;
}

bool lp_sqlite_prune_samples(struct lp_store *opened, const struct lp_prune_order *order,
                             struct lp_pruned_samples *pruned, struct lp_error *error)
{
	*pruned = (struct lp_pruned_samples){ .count = 0 };
	return delete_samples(opened, order->series, order->count, &pruned->count, error) &&
	       (!order->every || order->orphans_before == LP_TIME_NONE ||
	        delete_orphans(opened, order->orphans_before, &pruned->count, error)) &&
	       give_back_pages(lp_sqlite_store(opened), error);
}

bool lp_sqlite_restore_pruned(struct lp_store *opened, int64_t series_id, struct lp_window pruned,
                              struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_RESTORE_PRUNED, error);
	bool gone = pruned.start < pruned.end;

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, series_id);
	lp_sqlite_bind_time(statement, 2, gone ? pruned.start : LP_TIME_NONE);
	lp_sqlite_bind_time(statement, 3, gone ? pruned.end - 1 : LP_TIME_NONE);
	return lp_sqlite_run(store, statement, NULL, error) && touch_readers(store, series_id, error);
}
