/*
 * Windows that have to be computed again: ranges of owed windows, and pending
 * ones that a person reopens. commit.c works them off.
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
	return lp_pg_write_rows(store, PG_ADD_OWED, &lp_owed_range_layout, LP_ROW_ARRAY(ranges, count), error);
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
	bool ok;

	assert(store->depth == 1);
	lp_pg_add_columns(arguments, &lp_owed_seen_layout, owed, sizeof *owed, count);
	lp_pg_argument_time(arguments, at);
	ok = lp_pg_execute(store, PG_CUT_OWED, &result, error);
	*cut = ok && lp_pg_affected(result) == count;
	PQclear(result);
	return ok;
}

bool lp_pg_each_owed(struct lp_store *opened, enum lp_run_kind kind, int32_t rank, lp_owed_visit *visit, void *context,
                     struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	struct pg_rows rows;
	struct lp_owed owed;

	lp_pg_argument_int4(arguments, rank);
	lp_pg_argument_bool(arguments, kind == LP_RUN_BACKFILL);
	lp_pg_read(store, PG_EACH_OWED, &rows, error);
	while (lp_pg_next(&rows, &lp_owed_layout, &owed))
		rows.ok = visit(context, &owed, error);
	return lp_pg_end(&rows);
}

bool lp_pg_drop_owed(struct lp_store *opened, enum lp_reason reason, uint64_t *dropped, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	PGresult *result;
	bool ok;

	lp_pg_argument_int4(lp_pg_arguments(store), (int32_t)reason);
	ok = lp_pg_run(store, PG_FORGET_OWED, &result, error);
	*dropped = ok ? lp_pg_affected(result) : 0;
	PQclear(result);
	return ok;
}

bool lp_pg_reopen(struct lp_store *opened, struct lp_reopen *reopen, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	PGresult *result;
	bool ok;

	lp_arena_empty(&store->scratch);
	lp_pg_argument_text(arguments, lp_pg_like(&store->scratch, reopen->name));
	lp_pg_argument_text(arguments, reopen->rule);
	lp_pg_argument_time(arguments, reopen->from);
	lp_pg_argument_time(arguments, reopen->to);
	ok = lp_pg_run(store, PG_REOPEN, &result, error);
	if (ok) {
		reopen->windows = (uint64_t)lp_pg_get_int8(result, 0, 0);
		reopen->calculations = (uint64_t)lp_pg_get_int8(result, 0, 1);
	}
	PQclear(result);
	return ok;
}

bool lp_pg_each_progress(struct lp_store *opened, const int64_t *ids, size_t count, lp_progress_visit *visit,
                         void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_progress progress;
	struct pg_rows rows;

	lp_pg_add_ids(lp_pg_arguments(store), ids, count);
	lp_pg_read(store, PG_EACH_PROGRESS, &rows, error);
	while (lp_pg_next(&rows, &lp_progress_layout, &progress))
		rows.ok = visit(context, &progress, error);
	return lp_pg_end(&rows);
}

bool lp_pg_writer(struct lp_store *opened, int64_t series_id, int64_t *calculation_id, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	PGresult *result;
	bool ok;

	lp_pg_argument_int8(lp_pg_arguments(store), series_id);
	ok = lp_pg_run(store, PG_WRITER, &result, error);
	*calculation_id = ok && PQntuples(result) > 0 ? lp_pg_get_int8(result, 0, 0) : 0;
	PQclear(result);
	return ok;
}

bool lp_pg_count_imported(struct lp_store *opened, const char *const *series, size_t count,
                          struct lp_imported *imported, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	PGresult *result;
	bool ok;

	*imported = (struct lp_imported){ 0 };
	lp_pg_add_column(arguments, LP_KIND_TEXT, series, sizeof *series, count);
	lp_pg_argument_int8(arguments, LP_IMPORTED_MOST);
	ok = lp_pg_run(store, PG_IMPORTED_OF, &result, error);
	if (ok) {
		imported->samples = (uint64_t)lp_pg_get_int8(result, 0, 0);
		imported->series = (uint64_t)lp_pg_get_int8(result, 0, 1);
	}
	PQclear(result);
	return ok;
}
