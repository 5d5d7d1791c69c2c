/*
 * Windows that are to be computed again: ranges of owed windows, and pending
 * ones that a person opens again.  Working them off is commit.c's business.
 */
#include "store/postgresql/internal.h"

static bool touch(struct pg_store *store, const struct lp_owed_range *ranges, size_t count, struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);

	lp_pg_add_column(arguments, LP_KIND_ID, &ranges->calculation_id, sizeof *ranges, count);
	lp_pg_add_column(arguments, LP_KIND_TIME, &ranges->after_end, sizeof *ranges, count);
	lp_pg_add_column(arguments, LP_KIND_TIME, &ranges->until_end, sizeof *ranges, count);
	return lp_pg_execute(store, PG_TOUCH_OWED, NULL, error);
}

bool lp_pg_put_owed(struct pg_store *store, const struct lp_owed_range *ranges, size_t count, bool samples_changed,
                    struct lp_error *error)
{
	if (count == 0)
		return true;
	if (samples_changed && !touch(store, ranges, count, error))
		return false;
	lp_pg_add_columns(lp_pg_arguments(store), &lp_owed_range_layout, ranges, sizeof *ranges, count);
	return lp_pg_execute(store, PG_ADD_OWED, NULL, error);
}

bool lp_pg_add_owed(struct lp_store *opened, const struct lp_owed_range *ranges, size_t count, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);

	return lp_pg_begin(store, error) &&
	       lp_pg_finish(store, lp_pg_put_owed(store, ranges, count, true, error), error);
}

bool lp_pg_cut_owed(struct lp_store *opened, const struct lp_owed *owed, size_t count, lp_time at, bool *cut,
                    struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	PGresult *result = NULL;
	bool done;

	assert(store->depth == 1);
	lp_pg_add_columns(arguments, &lp_owed_seen_layout, owed, sizeof *owed, count);
	lp_pg_argument_time(arguments, at);
	done = lp_pg_execute(store, PG_CUT_OWED, &result, error);
	*cut = done && lp_pg_affected(result) == count;
	PQclear(result);
	return done;
}

bool lp_pg_each_owed(struct lp_store *opened, enum lp_run_kind kind, int32_t rank, lp_owed_visit *visit, void *context,
                     struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments;
	PGresult *result = NULL;
	bool done;

	if (!lp_pg_begin(store, error))
		return false;
	arguments = lp_pg_arguments(store);
	lp_pg_argument_int4(arguments, rank);
	lp_pg_argument_bool(arguments, kind == LP_RUN_BACKFILL);
	done = lp_pg_finish(store, lp_pg_execute(store, PG_EACH_OWED, &result, error), error);
	for (int i = 0; done && i < PQntuples(result); i++) {
		struct lp_owed owed = {
			.id = lp_pg_get_int8(result, i, 0),
			.calculation_id = lp_pg_get_int8(result, i, 1),
			.batch_id = lp_pg_get_int8(result, i, 2),
			.rank = lp_pg_get_int4(result, i, 3),
			.reason = (enum lp_reason)lp_pg_get_int4(result, i, 4),
			.after_end = lp_pg_get_time(result, i, 5),
			.until_end = lp_pg_get_time(result, i, 6),
			.touched = lp_pg_get_int8(result, i, 7),
			.cause_id = lp_pg_get_int8(result, i, 8),
			.replace_imported = lp_pg_get_bool(result, i, 9),
			.cause_batch = lp_pg_get_int8(result, i, 10),
		};

		done = visit(context, &owed, error);
	}
	PQclear(result);
	return done;
}

bool lp_pg_drop_owed(struct lp_store *opened, enum lp_reason reason, uint64_t *dropped, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	PGresult *result = NULL;
	bool done;

	*dropped = 0;
	if (!lp_pg_begin(store, error))
		return false;
	lp_pg_argument_int4(lp_pg_arguments(store), (int32_t)reason);
	done = lp_pg_execute(store, PG_FORGET_OWED, &result, error);
	if (done)
		*dropped = lp_pg_affected(result);
	PQclear(result);
	return lp_pg_finish(store, done, error);
}

bool lp_pg_reopen(struct lp_store *opened, struct lp_reopen *reopen, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments;
	PGresult *result = NULL;
	bool done;

	if (!lp_pg_begin(store, error))
		return false;
	lp_arena_empty(&store->scratch);
	arguments = lp_pg_arguments(store);
	lp_pg_argument_text(arguments, lp_pg_like(&store->scratch, reopen->name));
	lp_pg_argument_text(arguments, reopen->rule);
	lp_pg_argument_time(arguments, reopen->from);
	lp_pg_argument_time(arguments, reopen->to);
	done = lp_pg_execute(store, PG_REOPEN, &result, error);
	if (done) {
		reopen->windows = (uint64_t)lp_pg_get_int8(result, 0, 0);
		reopen->calculations = (uint64_t)lp_pg_get_int8(result, 0, 1);
	}
	PQclear(result);
	return lp_pg_finish(store, done, error);
}

bool lp_pg_each_progress(struct lp_store *opened, const int64_t *ids, size_t count, lp_progress_visit *visit,
                         void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	PGresult *result = NULL;
	bool done;

	if (!lp_pg_begin(store, error))
		return false;
	lp_pg_add_ids(lp_pg_arguments(store), ids, count);
	done = lp_pg_finish(store, lp_pg_execute(store, PG_EACH_PROGRESS, &result, error), error);
	for (int i = 0; done && i < PQntuples(result); i++) {
		struct lp_progress progress = {
			.calculation_id = lp_pg_get_int8(result, i, 0),
			.watermark = lp_pg_get_time(result, i, 1),
			.first_result = lp_pg_get_time(result, i, 2),
			.first_end = lp_pg_get_time(result, i, 3),
		};

		done = visit(context, &progress, error);
	}
	PQclear(result);
	return done;
}

bool lp_pg_writer(struct lp_store *opened, int64_t series_id, int64_t *calculation_id, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	PGresult *result = NULL;
	bool done;

	*calculation_id = 0;
	if (!lp_pg_begin(store, error))
		return false;
	lp_pg_argument_int8(lp_pg_arguments(store), series_id);
	done = lp_pg_execute(store, PG_WRITER, &result, error);
	if (done && PQntuples(result) > 0)
		*calculation_id = lp_pg_get_int8(result, 0, 0);
	PQclear(result);
	return lp_pg_finish(store, done, error);
}

bool lp_pg_count_imported(struct lp_store *opened, const char *const *series, size_t count,
                          struct lp_imported *imported, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments;
	PGresult *result = NULL;
	bool done;

	*imported = (struct lp_imported){ 0 };
	if (!lp_pg_begin(store, error))
		return false;
	arguments = lp_pg_arguments(store);
	lp_pg_array_begin(arguments, PG_TEXT);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_text(arguments, series[i]);
	lp_pg_array_end(arguments);
	lp_pg_argument_int8(arguments, LP_IMPORTED_MOST);
	done = lp_pg_execute(store, PG_IMPORTED_OF, &result, error);
	if (done) {
		imported->samples = (uint64_t)lp_pg_get_int8(result, 0, 0);
		imported->series = (uint64_t)lp_pg_get_int8(result, 0, 1);
	}
	PQclear(result);
	return lp_pg_finish(store, done, error);
}
