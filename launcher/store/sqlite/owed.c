/*
 * Windows that have to be computed again: ranges of owed windows, and pending
 * ones that a person reopens. store/owed.c joins ranges; claim.c works them
 * off.
 */
#include "model/clock.h"
#include "model/order.h"
#include "store/sqlite/internal.h"

#include <stdlib.h>

/* Rows while they are being read. */
struct reading {
	struct lp_owed_rows rows;
	size_t capacity;
};

/* Adds the rows of one calculation. */
static bool read_rows(struct sqlite_store *store, int64_t calculation_id, struct reading *stored,
                      struct lp_error *error)
{
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_EACH_OWED_OF, error);
	sqlite3_stmt *statement = rows.statement;
	struct lp_owed_row row = { 0 };

	sqlite3_bind_int64(statement, 1, calculation_id);
	while (lp_sqlite_next(&rows, &lp_owed_row_layout, &row)) {
		LP_GROW(stored->rows.items, stored->rows.count, stored->capacity);
		stored->rows.items[stored->rows.count++] = row;
	}
	return lp_sqlite_end(&rows);
}

/* Reads the stored ranges of the calculations that ranges are added to. */
static bool read_stored(struct sqlite_store *store, const struct lp_owed_range *ranges, size_t count,
                        struct lp_arena *arena, struct reading *stored, struct lp_error *error)
{
	int64_t *ids = lp_arena_allocate(arena, count * sizeof *ids);

	for (size_t i = 0; i < count; i++)
		ids[i] = ranges[i].calculation_id;
	qsort(ids, count, sizeof *ids, lp_compare_numbers);
	for (size_t i = 0; i < count; i++)
		if ((i == 0 || ids[i] != ids[i - 1]) && !read_rows(store, ids[i], stored, error))
			return false;
	return true;
}

static bool write_row(struct sqlite_store *store, const struct lp_owed_row *row, lp_time noted, struct lp_error *error)
{
	sqlite3_stmt *statement;

	if (row->gone)
		return lp_sqlite_run_for(store, LP_SQLITE_DELETE_OWED, row->id, error);
	statement = lp_sqlite_prepare(store, LP_SQLITE_PUT_OWED, error);
	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, lp_sqlite_bind(statement, 1, &lp_owed_row_layout, row), noted);
	return lp_sqlite_run(store, statement, NULL, error);
}

bool lp_sqlite_join_owed(struct sqlite_store *store, const struct lp_owed_range *ranges, size_t count,
                         bool samples_changed, struct lp_error *error)
{
	struct lp_arena arena = { 0 };
	struct lp_owed_rows joined = { 0 };
	struct reading stored = { 0 };
	lp_time noted = lp_now();
	bool ok = true;

	assert(store->depth > 0);
	if (count == 0)
		return true;
	ok = read_stored(store, ranges, count, &arena, &stored, error);
	if (ok)
		joined = lp_owed_join(&stored.rows, ranges, count, samples_changed, &arena);
	for (size_t i = 0; i < joined.count && ok; i++)
		ok = write_row(store, &joined.items[i], noted, error);
	free(stored.rows.items);
	lp_arena_free(&arena);
	return ok;
}

bool lp_sqlite_add_owed(struct lp_store *opened, const struct lp_owed_range *ranges, size_t count,
                        struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);

	return count == 0 || (lp_sqlite_begin(store, error) &&
	                      lp_sqlite_finish(store, lp_sqlite_join_owed(store, ranges, count, true, error), error));
}

static bool cut_one(struct sqlite_store *store, const struct lp_owed *owed, lp_time at, bool *cut,
                    struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_COPY_OWED, error);
	int64_t copied = 0;

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, lp_sqlite_bind(statement, 1, &lp_owed_seen_layout, owed), at);
	if (!lp_sqlite_run(store, statement, &copied, error))
		return false;
	*cut = copied > 0;
	if (!*cut)
		return true;
	statement = lp_sqlite_prepare(store, LP_SQLITE_CUT_OWED, error);
	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, owed->id);
	sqlite3_bind_int64(statement, 2, at);
	return lp_sqlite_run(store, statement, NULL, error);
}

bool lp_sqlite_cut_owed(struct lp_store *opened, const struct lp_owed *owed, size_t count, lp_time at, bool *cut,
                        struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);

	assert(store->depth > 0);
	*cut = true;
	for (size_t i = 0; i < count && *cut; i++)
		if (!cut_one(store, &owed[i], at, cut, error))
			return false;
	return true;
}

bool lp_sqlite_each_owed(struct lp_store *opened, enum lp_run_kind kind, int32_t rank, lp_owed_visit *visit,
                         void *context, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_EACH_OWED, error);
	sqlite3_stmt *statement = rows.statement;
	struct lp_owed owed;

	sqlite3_bind_int(statement, 1, rank);
	sqlite3_bind_int(statement, 2, kind == LP_RUN_BACKFILL);
	while (lp_sqlite_next(&rows, &lp_owed_layout, &owed))
		rows.ok = visit(context, &owed, error);
	return lp_sqlite_end(&rows);
}

static bool drop_within(struct sqlite_store *store, enum lp_reason reason, uint64_t *dropped, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_FORGET_OWED, error);
	int64_t rows = 0;

	if (statement == NULL)
		return false;
	sqlite3_bind_int(statement, 1, (int)reason);
	if (!lp_sqlite_run(store, statement, &rows, error))
		return false;
	*dropped = (uint64_t)rows;
	if (reason != LP_REASON_BACKFILL)
		return true;
	statement = lp_sqlite_prepare(store, LP_SQLITE_DISOWN_OUTDATED, error);
	return statement != NULL && lp_sqlite_run(store, statement, NULL, error);
}

bool lp_sqlite_drop_owed(struct lp_store *opened, enum lp_reason reason, uint64_t *dropped, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);

	*dropped = 0;
	return lp_sqlite_begin(store, error) &&
	       lp_sqlite_finish(store, drop_within(store, reason, dropped, error), error);
}

static void bind_reopen(sqlite3_stmt *statement, const struct lp_reopen *reopen)
{
	lp_sqlite_bind_glob(statement, 1, reopen->name);
	lp_sqlite_bind_text(statement, 2, reopen->rule);
	lp_sqlite_bind_time(statement, 3, reopen->from);
	lp_sqlite_bind_time(statement, 4, reopen->to);
}

static bool reopen_within(struct sqlite_store *store, struct lp_reopen *reopen, struct lp_error *error)
{
	sqlite3_stmt *count = lp_sqlite_prepare(store, LP_SQLITE_COUNT_REOPENED, error);
	sqlite3_stmt *change = count == NULL ? NULL : lp_sqlite_prepare(store, LP_SQLITE_REOPEN, error);

	if (change == NULL)
		return false;
	bind_reopen(count, reopen);
	if (lp_sqlite_step(store, count, error) != 1)
		return false;
	reopen->windows = (uint64_t)sqlite3_column_int64(count, 0);
	reopen->calculations = (uint64_t)sqlite3_column_int64(count, 1);
	sqlite3_reset(count);
	sqlite3_stmt *states = lp_sqlite_prepare(store, LP_SQLITE_REOPEN_STATES, error);
	if (states == NULL)
		return false;
	bind_reopen(states, reopen);
	bind_reopen(change, reopen);
	return lp_sqlite_run(store, states, NULL, error) && lp_sqlite_run(store, change, NULL, error);
}

bool lp_sqlite_reopen(struct lp_store *opened, struct lp_reopen *reopen, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);

	return lp_sqlite_begin(store, error) && lp_sqlite_finish(store, reopen_within(store, reopen, error), error);
}

bool lp_sqlite_each_progress(struct lp_store *opened, const int64_t *ids, size_t count, lp_progress_visit *visit,
                             void *context, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_EACH_PROGRESS, error);
	sqlite3_stmt *statement = rows.statement;
	struct lp_progress progress;

	for (size_t i = 0; i < count && rows.ok; i++) {
		sqlite3_bind_int64(statement, 1, ids[i]);
		while (lp_sqlite_next(&rows, &lp_progress_layout, &progress))
			rows.ok = visit(context, &progress, error);
	}
	return lp_sqlite_end(&rows);
}

bool lp_sqlite_writer(struct lp_store *opened, int64_t series_id, int64_t *calculation_id, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_WRITER, error);

	*calculation_id = 0;
	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, series_id);
	return lp_sqlite_first(store, statement, calculation_id, error) >= 0;
}

bool lp_sqlite_count_imported(struct lp_store *opened, const char *const *series, size_t count,
                              struct lp_imported *imported, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_IMPORTED_OF, error);

	*imported = (struct lp_imported){ 0 };
	if (statement == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		int64_t samples;

		lp_sqlite_bind_text(statement, 1, series[i]);
		sqlite3_bind_int64(statement, 2, LP_IMPORTED_MOST);
		if (lp_sqlite_first(store, statement, &samples, error) != 1)
			return false;
		imported->samples += (uint64_t)samples;
		imported->series += samples > 0;
	}
	return true;
}
