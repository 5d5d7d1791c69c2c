/* What will still be read of series: their readers, what is owed, and how much there is. */
#include "store/sqlite/internal.h"

bool lp_sqlite_each_prunable(struct lp_store *opened, const char *pattern, lp_time before, lp_prunable_visit *visit,
                             void *context, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_EACH_PRUNABLE, error);
	sqlite3_stmt *statement = rows.statement;
	struct lp_prunable prunable;

	lp_sqlite_bind_glob(statement, 1, pattern);
	sqlite3_bind_int64(statement, 2, before);
	while (lp_sqlite_next(&rows, &lp_prunable_layout, &prunable))
		rows.ok = visit(context, &prunable, error);
	return lp_sqlite_end(&rows);
}

bool lp_sqlite_each_need(struct lp_store *opened, const int64_t *series_ids, size_t count, lp_need_visit *visit,
                         void *context, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_EACH_NEED, error);
	sqlite3_stmt *statement = rows.statement;
	struct lp_need need;

	for (size_t i = 0; i < count && rows.ok; i++) {
		sqlite3_bind_int64(statement, 1, series_ids[i]);
		while (lp_sqlite_next(&rows, &lp_need_layout, &need))
			rows.ok = visit(context, &need, error);
	}
	return lp_sqlite_end(&rows);
}

bool lp_sqlite_each_debt(struct lp_store *opened, lp_debt_visit *visit, void *context, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_EACH_DEBT, error);
	struct lp_debt debt;

	while (lp_sqlite_next(&rows, &lp_debt_layout, &debt))
		rows.ok = visit(context, &debt, error);
	return lp_sqlite_end(&rows);
}

static bool count_range(struct sqlite_store *store, const struct lp_count_range *range, uint64_t most,
                        uint64_t *samples, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_COUNT_SAMPLES, error);
	int64_t counted;

	if (statement == NULL)
		return false;
	lp_sqlite_bind(statement, 1, &lp_count_range_layout, range);
	sqlite3_bind_int64(statement, 4, most > 0 && most < INT64_MAX ? (int64_t)most : -1);
	if (lp_sqlite_first(store, statement, &counted, error) != 1)
		return false;
	*samples += (uint64_t)counted;
	return true;
}

bool lp_sqlite_count_samples(struct lp_store *opened, const struct lp_count_range *ranges, size_t count, uint64_t most,
                             uint64_t *samples, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_gathered elsewhere;
	uint64_t there = 0;
	bool ok = true;

	*samples = 0;
	if (!lp_sqlite_gather(store, ranges, sizeof *ranges, count, &elsewhere, error))
		return false;
	for (size_t i = 0; ok && i < count; i++)
		ok = elsewhere.are_there[i] || count_range(store, &ranges[i], most, samples, error);
	ok = ok && (elsewhere.count == 0 ||
	            lp_store_count_samples(store->elsewhere, elsewhere.items, elsewhere.count, most, &there, error));
	*samples += there;
	lp_arena_free(&elsewhere.arena);
	return ok;
}

static bool find_lasts_here(struct sqlite_store *store, struct lp_last *lasts, size_t count,
                            const struct sqlite_gathered *elsewhere, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_FIND_LASTS, error);

	if (statement == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (elsewhere->are_there[i])
			continue;
		lp_sqlite_bind(statement, 1, &lp_last_layout, &lasts[i]);
		lasts[i].time = LP_TIME_NONE;
		if (lp_sqlite_first(store, statement, &lasts[i].time, error) < 0)
			return false;
	}
	return true;
}

bool lp_sqlite_find_lasts(struct lp_store *opened, struct lp_last *lasts, size_t count, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_gathered elsewhere;
	bool ok;

	if (!lp_sqlite_gather(store, lasts, sizeof *lasts, count, &elsewhere, error))
		return false;
	ok = find_lasts_here(store, lasts, count, &elsewhere, error) &&
	     (elsewhere.count == 0 || lp_store_find_lasts(store->elsewhere, elsewhere.items, elsewhere.count, error));
	lp_sqlite_scatter(&elsewhere, lasts, count);
	lp_arena_free(&elsewhere.arena);
	return ok;
}
