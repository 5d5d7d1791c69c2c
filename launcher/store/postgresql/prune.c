/*
 * Deleting what is old: whole partitions where they can go as they are, rows
 * otherwise, so many a transaction that nobody has to wait for long.
 */
#include "store/postgresql/internal.h"

#include <stdlib.h>

enum { ROWS_AT_ONCE = 20000 };

/* Runs a statement in a transaction of its own: the number in its row, or the rows that it deleted. */
static bool count_of(struct pg_store *store, enum pg_statement statement, uint64_t *count, struct lp_error *error)
{
	PGresult *result = NULL;
	bool done;

	if (!lp_pg_begin(store, error))
		return false;
	done = lp_pg_execute(store, statement, &result, error);
	if (done && PQresultStatus(result) == PGRES_TUPLES_OK)
		*count = (uint64_t)lp_pg_get_int8(result, 0, 0);
	else if (done)
		*count = strtoull(PQcmdTuples(result), NULL, 10);
	PQclear(result);
	return lp_pg_finish(store, done, error);
}

/* One a transaction: counting takes its time, and all who read and write would wait for the drops before it. */
static bool drop_partitions(struct pg_store *store, const char *kind, lp_time before, uint64_t *dropped,
                            struct lp_error *error)
{
	bool done = true, found = true;

	while (done && found) {
		struct pg_arguments *arguments;
		PGresult *result = NULL;

		if (!lp_pg_begin(store, error))
			return false;
		arguments = lp_pg_arguments(store);
		lp_pg_argument_text(arguments, kind);
		lp_pg_argument_time(arguments, before);
		done = lp_pg_execute(store, PG_DROP_PARTITION, &result, error);
		found = done && !lp_pg_is_null(result, 0, 0);
		if (found)
			*dropped += (uint64_t)lp_pg_get_int8(result, 0, 0);
		PQclear(result);
		done = lp_pg_finish(store, done, error);
	}
	return done;
}

static bool prune_rows_before(struct pg_store *store, enum pg_statement statement, lp_time before, uint64_t *count,
                              struct lp_error *error)
{
	lp_pg_argument_time(lp_pg_arguments(store), before);
	return count_of(store, statement, count, error);
}

static bool prune_series(struct pg_store *store, int64_t series_id, lp_time before, uint64_t *pruned,
                         struct lp_error *error)
{
	uint64_t rows;

	do {
		struct pg_arguments *arguments = lp_pg_arguments(store);

		lp_pg_argument_int8(arguments, series_id);
		lp_pg_argument_time(arguments, before);
		lp_pg_argument_int8(arguments, ROWS_AT_ONCE);
		if (!count_of(store, PG_PRUNE_SAMPLES, &rows, error))
			return false;
		*pruned += rows;
	} while (rows >= ROWS_AT_ONCE);
	return true;
}

static bool prune_samples(struct pg_store *store, const struct lp_prune *prune, uint64_t *pruned,
                          struct lp_error *error)
{
	PGresult *series = NULL;
	bool done;

	/* A partition has the samples of all series. */
	if (prune->series == NULL && !drop_partitions(store, "sample", prune->samples_before, pruned, error))
		return false;
	if (!lp_pg_begin(store, error))
		return false;
	lp_arena_empty(&store->scratch);
	lp_pg_argument_text(lp_pg_arguments(store), lp_pg_like(&store->scratch, prune->series));
	done = lp_pg_finish(store, lp_pg_execute(store, PG_PRUNE_SERIES, &series, error), error);
	for (int i = 0; done && i < PQntuples(series); i++)
		done = prune_series(store, lp_pg_get_int8(series, i, 0), prune->samples_before, pruned, error);
	PQclear(series);
	return done;
}

static bool count_samples(struct pg_store *store, const struct lp_prune *prune, uint64_t *count, struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);

	lp_arena_empty(&store->scratch);
	lp_pg_argument_time(arguments, prune->samples_before);
	lp_pg_argument_text(arguments, lp_pg_like(&store->scratch, prune->series));
	return count_of(store, PG_COUNT_SAMPLES, count, error);
}

static bool prune_outcomes(struct pg_store *store, const struct lp_prune *prune, uint64_t *pruned,
                           struct lp_error *error)
{
	uint64_t rows = 0;

	if (!drop_partitions(store, "outcome", prune->outcomes_before, pruned, error) ||
	    !prune_rows_before(store, PG_PRUNE_OUTCOMES, prune->outcomes_before, &rows, error))
		return false;
	*pruned += rows;
	return true;
}

bool lp_pg_prune(struct lp_store *opened, struct lp_prune *prune, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	bool dry = prune->dry_run;

	prune->samples = prune->outcomes = prune->runs = 0;
	if (prune->samples_before != LP_TIME_NONE && !(dry ? count_samples(store, prune, &prune->samples, error)
	                                                   : prune_samples(store, prune, &prune->samples, error)))
		return false;
	if (prune->outcomes_before != LP_TIME_NONE &&
	    !(dry ? prune_rows_before(store, PG_COUNT_OUTCOMES, prune->outcomes_before, &prune->outcomes, error)
	          : prune_outcomes(store, prune, &prune->outcomes, error)))
		return false;
	return prune->runs_before == LP_TIME_NONE ||
	       prune_rows_before(store, dry ? PG_COUNT_RUNS : PG_PRUNE_RUNS, prune->runs_before, &prune->runs, error);
}
