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

bool lp_sqlite_count_samples(struct lp_store *opened, const struct lp_count_range *ranges, size_t count, uint64_t most,
                             uint64_t *samples, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_COUNT_SAMPLES, error);

	*samples = 0;
	if (statement == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		int64_t counted;

		lp_sqlite_bind(statement, 1, &lp_count_range_layout, &ranges[i]);
		sqlite3_bind_int64(statement, 4, most > 0 && most < INT64_MAX ? (int64_t)most : -1);
		if (lp_sqlite_first(store, statement, &counted, error) != 1)
			return false;
		*samples += (uint64_t)counted;
	}
	return true;
}

bool lp_sqlite_find_lasts(struct lp_store *opened, struct lp_last *lasts, size_t count, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_FIND_LASTS, error);

	if (statement == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		lp_sqlite_bind(statement, 1, &lp_last_layout, &lasts[i]);
		lasts[i].time = LP_TIME_NONE;
		if (lp_sqlite_first(store, statement, &lasts[i].time, error) < 0)
			return false;
	}
	return true;
}
