/*
 * Deletes what is old: whole partitions where possible, else rows, few enough in
 * a transaction that nothing has to wait for long.
 */
#include "store/postgresql/internal.h"

#include <stdlib.h>

enum { ROWS_AT_ONCE = 20000, SERIES_AT_ONCE = 1000, NO_SERIES = -1 };

/* Runs a statement in a transaction of its own: the number in its row, or the rows that it deleted. */
static bool count_of(struct pg_store *store, enum pg_statement statement, uint64_t *count, struct lp_error *error)
{
	PGresult *result;
	bool ok = lp_pg_run(store, statement, &result, error);

	if (ok)
		*count = PQresultStatus(result) == PGRES_TUPLES_OK ? (uint64_t)lp_pg_get_int8(result, 0, 0)
		                                                   : lp_pg_affected(result);
	PQclear(result);
	return ok;
}

/* One per transaction: counting takes its time, and all readers and writers would wait for the drops before it. */
static bool drop_partitions(struct pg_store *store, const char *kind, lp_time before, uint64_t *dropped,
                            bool *estimated, struct lp_error *error)
{
	bool ok = true, found = true;

	while (ok && found) {
		struct pg_arguments *arguments;
		PGresult *result = NULL;

		if (!lp_pg_begin(store, error))
			return false;
		arguments = lp_pg_arguments(store);
		lp_pg_argument_text(arguments, kind);
		lp_pg_argument_time(arguments, before);
		ok = lp_pg_execute(store, PG_DROP_PARTITION, &result, error);
		found = ok && !lp_pg_is_null(result, 0, 0);
		if (found) {
			*dropped += (uint64_t)lp_pg_get_int8(result, 0, 0);
			*estimated |= lp_pg_get_bool(result, 0, 1);
		}
		PQclear(result);
		ok = lp_pg_finish(store, ok, error);
	}
	return ok;
}

static bool prune_rows_before(struct pg_store *store, enum pg_statement statement, lp_time before, uint64_t *count,
                              struct lp_error *error)
{
	lp_pg_argument_time(lp_pg_arguments(store), before);
	return count_of(store, statement, count, error);
}

static bool prune_outcomes(struct pg_store *store, struct lp_prune *prune, struct lp_error *error)
{
	uint64_t rows = 0;

	if (!drop_partitions(store, "outcome", prune->outcomes_before, &prune->outcomes, &prune->outcomes_estimated,
	                     error) ||
	    !prune_rows_before(store, PG_PRUNE_OUTCOMES, prune->outcomes_before, &rows, error))
		return false;
	prune->outcomes += rows;
	return true;
}

bool lp_pg_prune(struct lp_store *opened, struct lp_prune *prune, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	bool dry = prune->dry_run;

	prune->outcomes = prune->runs = 0;
	prune->outcomes_estimated = false;
	if (prune->outcomes_before != LP_TIME_NONE &&
	    !(dry ? prune_rows_before(store, PG_COUNT_OUTCOMES, prune->outcomes_before, &prune->outcomes, error)
	          : prune_outcomes(store, prune, error)))
		return false;
	return prune->runs_before == LP_TIME_NONE ||
	       prune_rows_before(store, dry ? PG_COUNT_RUNS : PG_PRUNE_RUNS, prune->runs_before, &prune->runs, error);
}

/* What is deleted of many series: arrays side by side, as statements take them. */
struct deletion {
	int64_t *ids;
	lp_time *times;
	size_t count;
};

static void add_series(struct pg_arguments *arguments, const struct deletion *deletion)
{
	lp_pg_add_ids(arguments, deletion->ids, deletion->count);
	lp_pg_add_column(arguments, LP_KIND_TIME, deletion->times, sizeof *deletion->times, deletion->count);
}

static lp_time latest(const struct deletion *deletion)
{
	lp_time last = LP_TIME_MIN;

	for (size_t i = 0; i < deletion->count; i++)
		last = deletion->times[i] > last ? deletion->times[i] : last;
	return last;
}

static bool about_series(struct pg_store *store, enum pg_statement statement, const struct deletion *deletion,
                         struct lp_error *error)
{
	lp_pg_add_ids(lp_pg_arguments(store), deletion->ids, deletion->count);
	return lp_pg_execute(store, statement, NULL, error);
}

/* Afterwards `deletion` has those that lose samples, with the time of the last one. */
static bool note_times(struct pg_store *store, struct deletion *deletion, struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);
	PGresult *result = NULL;
	bool ok;

	add_series(arguments, deletion);
	lp_pg_argument_time(arguments, latest(deletion));
	ok = lp_pg_execute(store, PG_NOTE_PRUNED, &result, error);
	deletion->count = ok ? (size_t)PQntuples(result) : 0;
	for (size_t i = 0; i < deletion->count; i++) {
		deletion->ids[i] = lp_pg_get_int8(result, (int)i, 0);
		deletion->times[i] = lp_pg_get_time(result, (int)i, 1);
	}
	PQclear(result);
	return ok;
}

static bool delete_superseded(struct pg_store *store, const struct deletion *deletion, struct lp_error *error)
{
	add_series(lp_pg_arguments(store), deletion);
	return lp_pg_execute(store, PG_PRUNE_SUPERSEDED, NULL, error);
}

/*
 * In one transaction: readers of definitions after it know what is about to be
 * deleted; those before it are refused.
 */
static bool note_pruned(struct pg_store *store, struct deletion *deletion, struct lp_error *error)
{
	bool ok;

	if (!lp_pg_begin(store, error))
		return false;
	ok = about_series(store, PG_LOCK_READERS, deletion, error) && delete_superseded(store, deletion, error) &&
	     note_times(store, deletion, error);
	if (ok && deletion->count > 0)
		ok = about_series(store, PG_TOUCH_READERS, deletion, error);
	return lp_pg_finish(store, ok, error);
}

/* A transaction that deletes samples row by row; then its arguments are added, and finish_deleting() is the statement. */
static bool begin_deleting(struct pg_store *store, struct lp_error *error)
{
	if (!lp_pg_begin(store, error))
		return false;
	(void)lp_pg_arguments(store);
	return lp_pg_execute(store, PG_PREFER_ROWS, NULL, error) || lp_pg_finish(store, false, error);
}

static bool finish_deleting(struct pg_store *store, enum pg_statement statement, uint64_t *rows, struct lp_error *error)
{
	PGresult *result = NULL;
	bool ok = lp_pg_execute(store, statement, &result, error);

	*rows = ok ? lp_pg_affected(result) : 0;
	PQclear(result);
	return lp_pg_finish(store, ok, error);
}

/* Deletes at most so many samples of each series that all together stay few. */
static bool delete_some(struct pg_store *store, const struct deletion *deletion, int64_t of_each, uint64_t *rows,
                        struct lp_error *error)
{
	struct pg_arguments *arguments;

	if (!begin_deleting(store, error))
		return false;
	arguments = lp_pg_arguments(store);
	add_series(arguments, deletion);
	lp_pg_argument_time(arguments, latest(deletion));
	lp_pg_argument_int8(arguments, of_each);
	return finish_deleting(store, PG_PRUNE_SAMPLES, rows, error);
}

static bool delete_noted(struct pg_store *store, const struct deletion *deletion, uint64_t *samples,
                         struct lp_error *error)
{
	int64_t of_each;
	uint64_t rows;

	if (deletion->count == 0)
		return true;
	of_each = ROWS_AT_ONCE / (int64_t)deletion->count;
	do {
		if (!delete_some(store, deletion, of_each, &rows, error))
			return false;
		*samples += rows;
		/* A series that is not finished has used up its share. */
	} while (rows >= (uint64_t)of_each);
	return true;
}

static bool delete_by_series(struct pg_store *store, const struct lp_prune_series *series, size_t count,
                             uint64_t *samples, struct lp_error *error)
{
	int64_t ids[SERIES_AT_ONCE];
	lp_time times[SERIES_AT_ONCE];
	struct deletion deletion = { .ids = ids, .times = times };

	for (size_t i = 0; i <= count; i++) {
		if (i < count && series[i].before != LP_TIME_NONE) {
			ids[deletion.count] = series[i].series_id;
			times[deletion.count++] = series[i].before;
		}
		if (deletion.count < (i < count ? SERIES_AT_ONCE : 1))
			continue;
		if (!note_pruned(store, &deletion, error) || !delete_noted(store, &deletion, samples, error))
			return false;
		deletion.count = 0;
	}
	return true;
}

/* The first partition that ends after *after; that becomes its end, LP_TIME_NONE: there is none. */
static bool drop_next(struct pg_store *store, const struct deletion *all, lp_time *after,
                      struct lp_pruned_samples *pruned, struct lp_error *error)
{
	struct pg_arguments *arguments;
	PGresult *result = NULL;
	bool ok;

	if (!lp_pg_begin(store, error))
		return false;
	arguments = lp_pg_arguments(store);
	lp_pg_argument_time(arguments, *after);
	add_series(arguments, all);
	ok = lp_pg_execute(store, PG_DROP_SAMPLE_PARTITION, &result, error);
	if (ok) {
		*after = lp_pg_get_time(result, 0, 0);
		pruned->count += (uint64_t)lp_pg_get_int8(result, 0, 1); /* NULL, as 0: it stays */
		pruned->estimated |= lp_pg_get_bool(result, 0, 2);
	}
	PQclear(result);
	return lp_pg_finish(store, ok, error);
}

/* A partition has the samples of all series, and of those that are not there: NO_SERIES stands for them. */
static bool drop_sample_partitions(struct pg_store *store, const struct lp_prune_series *series, size_t count,
                                   lp_time orphans_before, struct lp_pruned_samples *pruned, struct lp_error *error)
{
	struct deletion all = { .ids = lp_reallocate(NULL, count + 1, sizeof *all.ids),
		                .times = lp_reallocate(NULL, count + 1, sizeof *all.times) };
	lp_time after = LP_TIME_MIN;
	bool ok = true;

	for (size_t i = 0; i <= count; i++) {
		lp_time before = i < count ? series[i].before : orphans_before;

		if (before == LP_TIME_NONE)
			continue;
		all.ids[all.count] = i < count ? series[i].series_id : NO_SERIES;
		all.times[all.count++] = before;
	}
	while (ok && after != LP_TIME_NONE && all.count > 0)
		ok = drop_next(store, &all, &after, pruned, error);
	free(all.ids);
	free(all.times);
	return ok;
}

static bool find_orphans(struct pg_store *store, lp_time before, int64_t **ids, size_t *count, struct lp_error *error)
{
	PGresult *result = NULL;
	bool ok;

	if (!lp_pg_begin(store, error))
		return false;
	lp_pg_argument_time(lp_pg_arguments(store), before);
	ok = lp_pg_execute(store, PG_EACH_ORPHANS, &result, error);
	*count = ok ? (size_t)PQntuples(result) : 0;
	*ids = lp_reallocate(NULL, *count + 1, sizeof **ids);
	for (size_t i = 0; i < *count; i++)
		(*ids)[i] = lp_pg_get_int8(result, (int)i, 0);
	PQclear(result);
	return lp_pg_finish(store, ok, error);
}

static bool delete_some_orphans(struct pg_store *store, const int64_t *ids, size_t count, lp_time before,
                                uint64_t *rows, struct lp_error *error)
{
	struct pg_arguments *arguments;

	if (!begin_deleting(store, error))
		return false;
	arguments = lp_pg_arguments(store);
	lp_pg_add_ids(arguments, ids, count);
	lp_pg_argument_time(arguments, before);
	lp_pg_argument_int8(arguments, ROWS_AT_ONCE);
	return finish_deleting(store, PG_PRUNE_ORPHANS, rows, error);
}

/* Deletes samples of series that do not exist, which other programs wrote into partitions that stay. */
static bool delete_orphans(struct pg_store *store, lp_time before, uint64_t *samples, struct lp_error *error)
{
	int64_t *ids = NULL;
	size_t count = 0;
	uint64_t rows = 0;
	bool ok = find_orphans(store, before, &ids, &count, error);

	for (size_t first = 0; ok && first < count; first += SERIES_AT_ONCE) {
		size_t some = count - first < SERIES_AT_ONCE ? count - first : SERIES_AT_ONCE;

		do {
			ok = delete_some_orphans(store, ids + first, some, before, &rows, error);
			*samples += rows;
		} while (ok && rows == ROWS_AT_ONCE);
	}
	free(ids);
	return ok;
}

static bool prune_wholes(struct pg_store *store, const struct lp_prune_series *series, size_t count,
                         lp_time orphans_before, struct lp_pruned_samples *pruned, struct lp_error *error)
{
	return drop_sample_partitions(store, series, count, orphans_before, pruned, error) &&
	       (orphans_before == LP_TIME_NONE || delete_orphans(store, orphans_before, &pruned->count, error));
}

bool lp_pg_prune_samples(struct lp_store *opened, const struct lp_prune_order *order, struct lp_pruned_samples *pruned,
                         struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);

	*pruned = (struct lp_pruned_samples){ .count = 0 };
	return lp_pg_move_samples(store, 0, error) &&
	       (!order->every ||
	        prune_wholes(store, order->series, order->count, order->orphans_before, pruned, error)) &&
	       delete_by_series(store, order->series, order->count, &pruned->count, error);
}

bool lp_pg_restore_pruned(struct lp_store *opened, int64_t series_id, struct lp_window pruned, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct deletion one = { .ids = &series_id, .count = 1 };
	bool gone = pruned.start < pruned.end, ok;
	struct pg_arguments *arguments;

	if (!lp_pg_begin(store, error))
		return false;
	ok = about_series(store, PG_LOCK_READERS, &one, error);
	if (ok) {
		arguments = lp_pg_arguments(store);
		lp_pg_argument_int8(arguments, series_id);
		lp_pg_argument_time(arguments, gone ? pruned.start : LP_TIME_NONE);
		lp_pg_argument_time(arguments, gone ? pruned.end - 1 : LP_TIME_NONE);
		ok = lp_pg_execute(store, PG_RESTORE_PRUNED, NULL, error) &&
		     about_series(store, PG_TOUCH_READERS, &one, error);
	}
	return lp_pg_finish(store, ok, error);
}
