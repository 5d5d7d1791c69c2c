/*
 * Windows that are to be computed again: ranges of owed windows, and pending
 * ones that a person opens again.  Working them off is commit.c's business.
 */
#include "store/sqlite/sqlite.h"

static void bind_key(sqlite3_stmt *statement, const struct lp_owed_range *range)
{
	sqlite3_bind_int64(statement, 1, range->calculation_id);
	sqlite3_bind_int(statement, 2, (int)range->reason);
	sqlite3_bind_int64(statement, 3, range->cause_id);
}

/* What is stored and overlaps or touches becomes part of the range, and is taken off. */
static bool join(struct lp_sqlite *store, struct lp_owed_range *range, struct lp_error *error)
{
	sqlite3_stmt *read = lp_sqlite_prepare(store, LP_SQL_JOINING_OWED, error);
	sqlite3_stmt *remove = read == NULL ? NULL : lp_sqlite_prepare(store, LP_SQL_REMOVE_JOINED, error);
	struct lp_owed_range joined = *range;

	if (remove == NULL)
		return false;
	bind_key(read, range);
	sqlite3_bind_int64(read, 4, range->after_end);
	sqlite3_bind_int64(read, 5, range->until_end);
	if (lp_sqlite_step(store, read, error, "read owed windows") != 1)
		return false;
	bool found = sqlite3_column_type(read, 0) != SQLITE_NULL;
	if (found && sqlite3_column_int64(read, 0) < joined.window_start)
		joined.window_start = sqlite3_column_int64(read, 0);
	if (found && sqlite3_column_int64(read, 1) < joined.after_end)
		joined.after_end = sqlite3_column_int64(read, 1);
	if (found && sqlite3_column_int64(read, 2) > joined.until_end)
		joined.until_end = sqlite3_column_int64(read, 2);
	sqlite3_reset(read);
	if (found) {
		bind_key(remove, range);
		sqlite3_bind_int64(remove, 4, range->after_end);
		sqlite3_bind_int64(remove, 5, range->until_end);
		if (!lp_sqlite_run(store, remove, NULL, error, "join owed windows"))
			return false;
	}
	*range = joined;
	return true;
}

static bool add_range(struct lp_sqlite *store, struct lp_owed_range range, struct lp_error *error)
{
	sqlite3_stmt *touch = lp_sqlite_prepare(store, LP_SQL_TOUCH_OWED, error);
	sqlite3_stmt *add = touch == NULL ? NULL : lp_sqlite_prepare(store, LP_SQL_ADD_OWED, error);

	if (add == NULL)
		return false;
	sqlite3_bind_int64(touch, 1, range.calculation_id);
	sqlite3_bind_int64(touch, 2, range.after_end);
	sqlite3_bind_int64(touch, 3, range.until_end);
	if (!lp_sqlite_run(store, touch, NULL, error, "note owed windows") || !join(store, &range, error))
		return false;
	bind_key(add, &range);
	sqlite3_bind_int64(add, 4, range.window_start);
	sqlite3_bind_int64(add, 5, range.after_end);
	sqlite3_bind_int64(add, 6, range.until_end);
	return lp_sqlite_run(store, add, NULL, error, "note owed windows");
}

bool lp_sqlite_add_owed(struct lp_store *base, const struct lp_owed_range *ranges, size_t count, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	bool alone = sqlite3_get_autocommit(store->database) != 0, ok = true;

	if (count == 0)
		return true;
	if (alone && !lp_sqlite_begin(base, error))
		return false;
	for (size_t i = 0; i < count && ok; i++)
		ok = add_range(store, ranges[i], error);
	if (!alone)
		return ok;
	if (ok && lp_sqlite_commit_work(base, error))
		return true;
	lp_sqlite_rollback(base);
	return false;
}

bool lp_sqlite_each_owed(struct lp_store *base, enum lp_run_kind kind, int32_t rank, lp_owed_visit *visit,
                         void *context, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_EACH_OWED, error);
	int row;

	if (statement == NULL)
		return false;
	sqlite3_bind_int(statement, 1, rank);
	sqlite3_bind_int(statement, 2, kind == LP_RUN_BACKFILL);
	while ((row = lp_sqlite_step(store, statement, error, "read the owed windows")) == 1) {
		struct lp_owed owed = {
			.id = sqlite3_column_int64(statement, 0),
			.calculation_id = sqlite3_column_int64(statement, 1),
			.batch_id = sqlite3_column_int64(statement, 2),
			.rank = sqlite3_column_int(statement, 3),
			.reason = (enum lp_reason)sqlite3_column_int(statement, 4),
			.after_end = sqlite3_column_int64(statement, 5),
			.until_end = sqlite3_column_int64(statement, 6),
			.touched = sqlite3_column_int64(statement, 7),
			.cause_id = sqlite3_column_int64(statement, 8),
		};

		if (!visit(context, &owed, error)) {
			sqlite3_reset(statement);
			return false;
		}
	}
	return row == 0;
}

bool lp_sqlite_drop_owed(struct lp_store *base, enum lp_reason reason, uint64_t *dropped, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_DROP_OWED, error);
	int64_t rows = 0;

	*dropped = 0;
	if (statement == NULL)
		return false;
	sqlite3_bind_int(statement, 1, (int)reason);
	if (!lp_sqlite_run(store, statement, &rows, error, "forget owed windows"))
		return false;
	*dropped = (uint64_t)rows;
	return true;
}

static void bind_reopen(struct lp_sqlite *store, sqlite3_stmt *statement, const struct lp_reopen *reopen)
{
	const char *glob = lp_sqlite_glob(store, reopen->name);

	if (glob != NULL)
		sqlite3_bind_text(statement, 1, glob, -1, SQLITE_TRANSIENT);
	else
		sqlite3_bind_null(statement, 1);
	lp_sqlite_bind_text(statement, 2, reopen->rule);
	lp_sqlite_bind_time(statement, 3, reopen->from);
	lp_sqlite_bind_time(statement, 4, reopen->to);
}

static bool reopen_within(struct lp_sqlite *store, struct lp_reopen *reopen, struct lp_error *error)
{
	sqlite3_stmt *count = lp_sqlite_prepare(store, LP_SQL_COUNT_REOPENED, error);
	sqlite3_stmt *change = count == NULL ? NULL : lp_sqlite_prepare(store, LP_SQL_REOPEN, error);

	if (change == NULL)
		return false;
	bind_reopen(store, count, reopen);
	if (lp_sqlite_step(store, count, error, "read the pending windows") != 1)
		return false;
	reopen->windows = (uint64_t)sqlite3_column_int64(count, 0);
	reopen->calculations = (uint64_t)sqlite3_column_int64(count, 1);
	sqlite3_reset(count);
	bind_reopen(store, change, reopen);
	return lp_sqlite_run(store, change, NULL, error, "open pending windows again");
}

bool lp_sqlite_reopen(struct lp_store *base, struct lp_reopen *reopen, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);

	if (!lp_sqlite_begin(base, error))
		return false;
	if (reopen_within(store, reopen, error) && lp_sqlite_commit_work(base, error))
		return true;
	lp_sqlite_rollback(base);
	return false;
}

bool lp_sqlite_each_stored(struct lp_store *base, const int64_t *ids, size_t count, lp_stored_visit *visit,
                           void *context, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_STORED, error);

	if (statement == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		struct lp_stored stored = { .calculation_id = ids[i] };
		bool there;

		sqlite3_bind_int64(statement, 1, ids[i]);
		if (lp_sqlite_step(store, statement, error, "look for the results of a calculation") != 1)
			return false;
		there = sqlite3_column_type(statement, 0) != SQLITE_NULL;
		stored.first = lp_sqlite_time(statement, 0);
		stored.last = lp_sqlite_time(statement, 1);
		sqlite3_reset(statement);
		if (there && !visit(context, &stored, error))
			return false;
	}
	return true;
}

bool lp_sqlite_writer(struct lp_store *base, int64_t series_id, int64_t *calculation_id, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_WRITER, error);
	int row;

	*calculation_id = 0;
	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, series_id);
	row = lp_sqlite_step(store, statement, error, "look for who writes a series");
	if (row == 1) {
		*calculation_id = sqlite3_column_int64(statement, 0);
		sqlite3_reset(statement);
	}
	return row >= 0;
}
