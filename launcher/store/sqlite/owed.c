/*
 * Windows that are to be computed again: ranges of owed windows, and pending
 * ones that a person opens again.  How ranges join is said by store/owed.c;
 * working them off is commit.c's business.
 */
#include "model/clock.h"
#include "store/sqlite/internal.h"

#include <stdlib.h>

struct rows {
	struct lp_owed_row *items;
	size_t count, capacity;
};

/* Those of one calculation onto the rows. */
static bool read_rows(struct lp_sqlite *store, int64_t calculation_id, struct rows *rows, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_EACH_OWED_OF, error);
	int row;

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, calculation_id);
	while ((row = lp_sqlite_step(store, statement, error, "read owed windows")) == 1) {
		LP_GROW(rows->items, rows->count, rows->capacity);
		rows->items[rows->count++] = (struct lp_owed_row){
			.id = sqlite3_column_int64(statement, 0),
			.range = { .calculation_id = calculation_id,
			           .reason = (enum lp_reason)sqlite3_column_int(statement, 1),
			           .window_start = sqlite3_column_int64(statement, 2),
			           .after_end = sqlite3_column_int64(statement, 3),
			           .until_end = sqlite3_column_int64(statement, 4),
			           .cause_id = sqlite3_column_int64(statement, 5),
			           .replace_imported = sqlite3_column_int(statement, 7) != 0 },
			.touched = sqlite3_column_int64(statement, 6),
		};
	}
	return row == 0;
}

static int compare_ids(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/* What is stored of the calculations that ranges are added to. */
static bool read_stored(struct lp_sqlite *store, const struct lp_owed_range *ranges, size_t count,
                        struct lp_arena *arena, struct rows *rows, struct lp_error *error)
{
	int64_t *ids = lp_arena_allocate(arena, count * sizeof *ids);

	for (size_t i = 0; i < count; i++)
		ids[i] = ranges[i].calculation_id;
	qsort(ids, count, sizeof *ids, compare_ids);
	for (size_t i = 0; i < count; i++) {
		if ((i == 0 || ids[i] != ids[i - 1]) && !read_rows(store, ids[i], rows, error))
			return false;
	}
	return true;
}

static bool write_row(struct lp_sqlite *store, const struct lp_owed_row *row, lp_time noted, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, row->gone ? LP_SQL_DELETE_OWED : LP_SQL_PUT_OWED, error);

	if (statement == NULL)
		return false;
	if (row->id != 0)
		sqlite3_bind_int64(statement, 1, row->id); /* NULL: the next one */
	if (!row->gone) {
		sqlite3_bind_int64(statement, 2, row->range.calculation_id);
		sqlite3_bind_int(statement, 3, (int)row->range.reason);
		sqlite3_bind_int64(statement, 4, row->range.window_start);
		sqlite3_bind_int64(statement, 5, row->range.after_end);
		sqlite3_bind_int64(statement, 6, row->range.until_end);
		sqlite3_bind_int64(statement, 7, row->range.cause_id);
		sqlite3_bind_int64(statement, 8, row->touched);
		sqlite3_bind_int64(statement, 9, noted);
		sqlite3_bind_int(statement, 10, row->range.replace_imported);
	}
	return lp_sqlite_run(store, statement, NULL, error, "note owed windows");
}

bool lp_sqlite_join_owed(struct lp_sqlite *store, const struct lp_owed_range *ranges, size_t count,
                         bool samples_changed, struct lp_error *error)
{
	struct lp_arena arena = { 0 };
	struct lp_owed_joined joined = { 0 };
	struct rows rows = { 0 };
	lp_time noted = lp_now();
	bool ok = true;

	assert(sqlite3_get_autocommit(store->database) == 0);
	if (count == 0)
		return true;
	ok = read_stored(store, ranges, count, &arena, &rows, error);
	if (ok)
		lp_owed_join(rows.items, rows.count, ranges, count, samples_changed, &arena, &joined);
	for (size_t i = 0; i < joined.count && ok; i++)
		ok = write_row(store, &joined.rows[i], noted, error);
	free(rows.items);
	lp_arena_free(&arena);
	return ok;
}

bool lp_sqlite_add_owed(struct lp_store *base, const struct lp_owed_range *ranges, size_t count, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	bool alone = sqlite3_get_autocommit(store->database) != 0;

	if (count == 0)
		return true;
	if (alone && !lp_sqlite_begin(base, error))
		return false;
	bool ok = lp_sqlite_join_owed(store, ranges, count, true, error);
	if (!alone)
		return ok;
	if (ok && lp_sqlite_commit_work(base, error))
		return true;
	lp_sqlite_rollback(base);
	return false;
}

static bool cut_one(struct lp_sqlite *store, const struct lp_owed *owed, lp_time at, bool *cut, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_COPY_OWED, error);
	int64_t copied = 0;

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, owed->id);
	sqlite3_bind_int64(statement, 2, owed->after_end);
	sqlite3_bind_int64(statement, 3, owed->touched);
	sqlite3_bind_int64(statement, 4, at);
	if (!lp_sqlite_run(store, statement, &copied, error, "cut owed windows"))
		return false;
	*cut = copied > 0;
	if (!*cut)
		return true;
	statement = lp_sqlite_prepare(store, LP_SQL_CUT_OWED, error);
	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, owed->id);
	sqlite3_bind_int64(statement, 2, at);
	return lp_sqlite_run(store, statement, NULL, error, "cut owed windows");
}

bool lp_sqlite_cut_owed(struct lp_store *base, const struct lp_owed *owed, size_t count, lp_time at, bool *cut,
                        struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);

	assert(sqlite3_get_autocommit(store->database) == 0);
	*cut = true;
	for (size_t i = 0; i < count && *cut; i++) {
		if (!cut_one(store, &owed[i], at, cut, error))
			return false;
	}
	return true;
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
			.replace_imported = sqlite3_column_int(statement, 9) != 0,
			.cause_batch = sqlite3_column_int64(statement, 10),
		};

		if (!visit(context, &owed, error)) {
			sqlite3_reset(statement);
			return false;
		}
	}
	return row == 0;
}

static bool drop_within(struct lp_sqlite *store, enum lp_reason reason, uint64_t *dropped, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_FORGET_OWED, error);
	int64_t rows = 0;

	if (statement == NULL)
		return false;
	sqlite3_bind_int(statement, 1, (int)reason);
	if (!lp_sqlite_run(store, statement, &rows, error, "forget owed windows"))
		return false;
	*dropped = (uint64_t)rows;
	if (reason != LP_REASON_BACKFILL)
		return true;
	statement = lp_sqlite_prepare(store, LP_SQL_DISOWN_OUTDATED, error);
	return statement != NULL && lp_sqlite_run(store, statement, NULL, error, "forget owed windows");
}

bool lp_sqlite_drop_owed(struct lp_store *base, enum lp_reason reason, uint64_t *dropped, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	bool alone = sqlite3_get_autocommit(store->database) != 0;

	*dropped = 0;
	if (alone && !lp_sqlite_begin(base, error))
		return false;
	bool ok = drop_within(store, reason, dropped, error);
	if (!alone)
		return ok;
	if (ok && lp_sqlite_commit_work(base, error))
		return true;
	lp_sqlite_rollback(base);
	return false;
}

static void bind_reopen(sqlite3_stmt *statement, const struct lp_reopen *reopen)
{
	lp_sqlite_bind_glob(statement, 1, reopen->name);
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
	bind_reopen(count, reopen);
	if (lp_sqlite_step(store, count, error, "read the pending windows") != 1)
		return false;
	reopen->windows = (uint64_t)sqlite3_column_int64(count, 0);
	reopen->calculations = (uint64_t)sqlite3_column_int64(count, 1);
	sqlite3_reset(count);
	sqlite3_stmt *states = lp_sqlite_prepare(store, LP_SQL_REOPEN_STATES, error);
	if (states == NULL)
		return false;
	bind_reopen(states, reopen);
	bind_reopen(change, reopen);
	return lp_sqlite_run(store, states, NULL, error, "open pending windows again") &&
	       lp_sqlite_run(store, change, NULL, error, "open pending windows again");
}

bool lp_sqlite_reopen(struct lp_store *base, struct lp_reopen *reopen, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);

	bool alone = sqlite3_get_autocommit(store->database) != 0;

	if (alone && !lp_sqlite_begin(base, error))
		return false;
	bool ok = reopen_within(store, reopen, error);
	if (!alone)
		return ok;
	if (ok && lp_sqlite_commit_work(base, error))
		return true;
	lp_sqlite_rollback(base);
	return false;
}

bool lp_sqlite_each_progress(struct lp_store *base, const int64_t *ids, size_t count, lp_progress_visit *visit,
                             void *context, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_EACH_PROGRESS, error);

	if (statement == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		struct lp_progress progress = { .calculation_id = ids[i] };
		int row;

		sqlite3_bind_int64(statement, 1, ids[i]);
		row = lp_sqlite_step(store, statement, error, "look how far a calculation has come");
		if (row < 0)
			return false;
		if (row == 0)
			continue;
		progress.watermark = lp_sqlite_time(statement, 0);
		progress.first_result = lp_sqlite_time(statement, 1);
		progress.first_end = lp_sqlite_time(statement, 2);
		sqlite3_reset(statement);
		if (!visit(context, &progress, error))
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

bool lp_sqlite_count_imported(struct lp_store *base, const char *const *series, size_t count,
                              struct lp_imported *imported, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_IMPORTED_OF, error);

	*imported = (struct lp_imported){ 0 };
	if (statement == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		int64_t samples;

		lp_sqlite_bind_text(statement, 1, series[i]);
		sqlite3_bind_int64(statement, 2, LP_IMPORTED_MOST);
		if (lp_sqlite_step(store, statement, error, "count imported samples") != 1)
			return false;
		samples = sqlite3_column_int64(statement, 0);
		sqlite3_reset(statement);
		imported->samples += (uint64_t)samples;
		imported->series += samples > 0;
	}
	return true;
}
