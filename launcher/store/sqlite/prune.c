/*
 * Deletes what is older than people want to keep it.
 */
#include "store/sqlite/sqlite.h"

#include <stdlib.h>

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

/* A transaction a series: a run that wants to write meanwhile waits for one of them, not for all. */
static bool prune_samples(struct lp_sqlite *store, struct lp_prune *prune, struct lp_error *error)
{
	sqlite3_stmt *series = lp_sqlite_prepare(store, LP_SQL_PRUNE_SERIES, error);
	sqlite3_stmt *samples =
		series == NULL
			? NULL
			: lp_sqlite_prepare(store, prune->dry_run ? LP_SQL_COUNT_SAMPLES : LP_SQL_PRUNE_SAMPLES, error);
	int64_t *ids = NULL;
	size_t count = 0, capacity = 0;
	bool ok;
	int row;

	if (samples == NULL)
		return false;
	lp_sqlite_bind_text(series, 1, lp_sqlite_glob(store, prune->series));
	while ((row = lp_sqlite_step(store, series, error, "read the series")) == 1) {
		LP_GROW(ids, count, capacity);
		ids[count++] = sqlite3_column_int64(series, 0);
	}
	ok = row == 0;
	for (size_t i = 0; i < count && ok; i++) {
		int64_t changed = 0;

		sqlite3_bind_int64(samples, 1, ids[i]);
		sqlite3_bind_int64(samples, 2, prune->samples_before);
		if (!prune->dry_run) {
			ok = lp_sqlite_run(store, samples, &changed, error, "prune samples");
		} else {
			ok = lp_sqlite_step(store, samples, error, "count samples") == 1;
			changed = ok ? sqlite3_column_int64(samples, 0) : 0;
			sqlite3_reset(samples);
		}
		prune->samples += (uint64_t)changed;
	}
	free(ids);
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
	if (prune->samples_before != LP_TIME_NONE && !prune_samples(store, prune, error))
		return false;
	if (!prune_kind(store, LP_SQL_COUNT_OUTCOMES, LP_SQL_PRUNE_OUTCOMES, prune->dry_run, prune->outcomes_before,
	                &prune->outcomes, error) ||
	    !prune_kind(store, LP_SQL_COUNT_RUNS, LP_SQL_PRUNE_RUNS, prune->dry_run, prune->runs_before, &prune->runs,
	                error))
		return false;
	return prune->dry_run || sqlite3_get_autocommit(store->database) == 0 || give_back_pages(store, error);
}
