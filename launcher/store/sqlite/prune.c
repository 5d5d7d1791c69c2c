/*
 * Deletes what is older than people want to keep it.
 */
#include "store/sqlite/sqlite.h"

#include <stdlib.h>

enum { SERIES_MOST = 1000 }; /* in a transaction */

struct ids {
	int64_t *items;
	size_t count, capacity;
};

/* One statement of the pair: counting changes nothing. */
static bool prune_kind(struct lp_sqlite *store, enum lp_sqlite_statement count, enum lp_sqlite_statement delete,
                       bool dry_run, lp_time before, uint64_t *rows, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, dry_run ? count : delete, error);
	int64_t changed = 0;

	*rows = 0;
	if (before == LP_TIME_NONE)
		return true;
	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, before);
	if (!dry_run) {
		if (!lp_sqlite_run(store, statement, &changed, error, "prune"))
			return false;
	} else {
		if (lp_sqlite_step(store, statement, error, "count what would be pruned") != 1)
			return false;
		changed = sqlite3_column_int64(statement, 0);
		sqlite3_reset(statement);
	}
	*rows = (uint64_t)changed;
	return true;
}

static bool read_ids(struct lp_sqlite *store, const char *pattern, struct ids *ids, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_PRUNE_SERIES, error);
	int row;

	if (statement == NULL)
		return false;
	lp_sqlite_bind_text(statement, 1, lp_sqlite_glob(store, pattern));
	while ((row = lp_sqlite_step(store, statement, error, "read the series")) == 1) {
		LP_GROW(ids->items, ids->count, ids->capacity);
		ids->items[ids->count++] = sqlite3_column_int64(statement, 0);
	}
	return row == 0;
}

/* A number that a statement about (series, time) gives: 1 where there was a row, 0 where not, -1: error. */
static int ask(struct lp_sqlite *store, enum lp_sqlite_statement which, int64_t series_id, lp_time before,
               int64_t *number, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, which, error);
	int row;

	if (statement == NULL)
		return -1;
	sqlite3_bind_int64(statement, 1, series_id);
	sqlite3_bind_int64(statement, 2, before);
	row = lp_sqlite_step(store, statement, error, "count samples");
	if (row == 1) {
		*number = sqlite3_column_int64(statement, 0);
		sqlite3_reset(statement);
	}
	return row;
}

static bool prune_superseded(struct lp_sqlite *store, int64_t series_id, lp_time before, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_PRUNE_SUPERSEDED, error);

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, series_id);
	sqlite3_bind_int64(statement, 2, before);
	return lp_sqlite_run(store, statement, NULL, error, "prune samples");
}

/* The oldest samples of a series, at most LP_SQLITE_PRUNE_MOST; *done: there are no more. */
static bool prune_some(struct lp_sqlite *store, int64_t series_id, lp_time before, int64_t *deleted, bool *done,
                       struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_PRUNE_SAMPLES, error);
	int64_t bound = before;
	int row = statement == NULL ? -1 : ask(store, LP_SQL_PRUNE_BOUND, series_id, before, &bound, error);

	if (row < 0)
		return false;
	*done = row == 0;
	sqlite3_bind_int64(statement, 1, series_id);
	sqlite3_bind_int64(statement, 2, bound);
	return lp_sqlite_run(store, statement, deleted, error, "prune samples") &&
	       prune_superseded(store, series_id, bound, error);
}

/*
 * Of the series from *next on, as much as goes into one transaction.  What
 * nobody wants to keep any more is no reason to compute anything again.
 */
static bool delete_within(struct lp_sqlite *store, const struct ids *ids, size_t *next, lp_time before, int64_t *rows,
                          struct lp_error *error)
{
	size_t first = *next;

	if (!lp_sqlite_be_own(store, true, error))
		return false;
	while (*next < ids->count && *next - first < SERIES_MOST && *rows < LP_SQLITE_PRUNE_MOST) {
		int64_t deleted;
		bool done;

		if (!prune_some(store, ids->items[*next], before, &deleted, &done, error))
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
static bool delete_samples(struct lp_store *base, const struct ids *ids, lp_time before, uint64_t *samples,
                           struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	size_t next = 0;

	while (next < ids->count) {
		int64_t rows = 0;

		if (!lp_sqlite_begin(base, error))
			return false;
		if (!delete_within(store, ids, &next, before, &rows, error)) {
			lp_sqlite_rollback(base);
			return false;
		}
		if (!lp_sqlite_commit_work(base, error))
			return false;
		*samples += (uint64_t)rows;
	}
	return true;
}

static bool count_samples(struct lp_sqlite *store, const struct ids *ids, lp_time before, uint64_t *samples,
                          struct lp_error *error)
{
	for (size_t i = 0; i < ids->count; i++) {
		int64_t rows;

		if (ask(store, LP_SQL_COUNT_SAMPLES, ids->items[i], before, &rows, error) != 1)
			return false;
		*samples += (uint64_t)rows;
	}
	return true;
}

static bool prune_samples(struct lp_store *base, struct lp_prune *prune, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	struct ids ids = { 0 };
	bool ok = read_ids(store, prune->series, &ids, error);

	if (ok && prune->dry_run)
		ok = count_samples(store, &ids, prune->samples_before, &prune->samples, error);
	else if (ok)
		ok = delete_samples(base, &ids, prune->samples_before, &prune->samples, error);
	free(ids.items);
	return ok;
}

/*
 * Pages that became free are used again by the next samples: nothing has to be
 * done where retention is steady.  Where more than a quarter of the file is
 * free, it is made smaller, in steps that let others write in between.
 */
static bool give_back_pages(struct lp_sqlite *store, struct lp_error *error)
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

bool lp_sqlite_prune(struct lp_store *base, struct lp_prune *prune, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);

	prune->samples = 0;
	if (prune->samples_before != LP_TIME_NONE && !prune_samples(base, prune, error))
		return false;
	if (!prune_kind(store, LP_SQL_COUNT_OUTCOMES, LP_SQL_PRUNE_OUTCOMES, prune->dry_run, prune->outcomes_before,
	                &prune->outcomes, error) ||
	    !prune_kind(store, LP_SQL_COUNT_RUNS, LP_SQL_PRUNE_RUNS, prune->dry_run, prune->runs_before, &prune->runs,
	                error))
		return false;
	return prune->dry_run || give_back_pages(store, error);
}
