/* What is still to be read of series: who reads them, what is owed, how much there is. */
#include "store/sqlite/internal.h"

bool lp_sqlite_each_prunable(struct lp_store *base, const char *pattern, lp_time before, lp_prunable_visit *visit,
                             void *context, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_EACH_PRUNABLE, error);
	int row;

	if (statement == NULL)
		return false;
	lp_sqlite_bind_glob(statement, 1, pattern);
	sqlite3_bind_int64(statement, 2, before);
	while ((row = lp_sqlite_step(store, statement, error, "look for old samples")) == 1) {
		const struct lp_prunable prunable = {
			.series_id = sqlite3_column_int64(statement, 0),
			.series = lp_sqlite_text_or_empty(statement, 1),
			.oldest = lp_sqlite_time(statement, 2),
			.computed = sqlite3_column_int(statement, 3) != 0,
		};

		if (!visit(context, &prunable, error)) {
			sqlite3_reset(statement);
			return false;
		}
	}
	return row == 0;
}

static bool visit_need(sqlite3_stmt *statement, int64_t series_id, lp_need_visit *visit, void *context,
                       struct lp_error *error)
{
	const int after = 2 + LP_SQLITE_SCHEDULE_COLUMNS;
	struct lp_schedule schedule;
	struct lp_need need = {
		.series_id = series_id,
		.calculation_id = sqlite3_column_int64(statement, 0),
		.calculation = lp_sqlite_text_or_empty(statement, 1),
		.schedule = &schedule,
		.watermark = lp_sqlite_time(statement, after),
		.start = lp_sqlite_time(statement, after + 1),
		.lookback = sqlite3_column_int64(statement, after + 4),
		.enabled = sqlite3_column_int(statement, after + 5) != 0,
	};

	return lp_sqlite_read_schedule(statement, 2, &schedule, error) &&
	       lp_sqlite_span(statement, after + 2, &need.window, error) &&
	       lp_sqlite_span(statement, after + 3, &need.shift, error) && visit(context, &need, error);
}

bool lp_sqlite_each_need(struct lp_store *base, const int64_t *series_ids, size_t count, lp_need_visit *visit,
                         void *context, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_EACH_NEED, error);

	if (statement == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		int row;

		sqlite3_bind_int64(statement, 1, series_ids[i]);
		while ((row = lp_sqlite_step(store, statement, error, "read who reads a series")) == 1) {
			if (!visit_need(statement, series_ids[i], visit, context, error)) {
				sqlite3_reset(statement);
				return false;
			}
		}
		if (row < 0)
			return false;
	}
	return true;
}

bool lp_sqlite_each_debt(struct lp_store *base, lp_debt_visit *visit, void *context, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_EACH_DEBT, error);
	int row;

	if (statement == NULL)
		return false;
	while ((row = lp_sqlite_step(store, statement, error, "read what is owed")) == 1) {
		const struct lp_debt debt = { .calculation_id = sqlite3_column_int64(statement, 0),
			                      .after_end = sqlite3_column_int64(statement, 1) };

		if (!visit(context, &debt, error)) {
			sqlite3_reset(statement);
			return false;
		}
	}
	return row == 0;
}

bool lp_sqlite_count_samples(struct lp_store *base, const struct lp_count_range *ranges, size_t count, uint64_t most,
                             uint64_t *samples, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_COUNT_SAMPLES, error);

	*samples = 0;
	if (statement == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		sqlite3_bind_int64(statement, 1, ranges[i].series_id);
		sqlite3_bind_int64(statement, 2, ranges[i].first);
		sqlite3_bind_int64(statement, 3, ranges[i].beyond);
		sqlite3_bind_int64(statement, 4, most > 0 && most < INT64_MAX ? (int64_t)most : -1);
		if (lp_sqlite_step(store, statement, error, "count samples") != 1)
			return false;
		*samples += (uint64_t)sqlite3_column_int64(statement, 0);
		sqlite3_reset(statement);
	}
	return true;
}

bool lp_sqlite_find_lasts(struct lp_store *base, struct lp_last *lasts, size_t count, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_FIND_LASTS, error);

	if (statement == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		int row;

		sqlite3_bind_int64(statement, 1, lasts[i].series_id);
		sqlite3_bind_int64(statement, 2, lasts[i].first);
		sqlite3_bind_int64(statement, 3, lasts[i].beyond);
		sqlite3_bind_int(statement, 4, lasts[i].number - 1);
		row = lp_sqlite_step(store, statement, error, "look for the last sample");
		if (row < 0)
			return false;
		lasts[i].time = row == 1 ? lp_sqlite_time(statement, 0) : LP_TIME_NONE;
		sqlite3_reset(statement);
	}
	return true;
}
