/*
 * Changes of samples, as the triggers noted them, and who reads the series.
 * Knows nothing of windows: which of them are touched is schedule's business.
 */
#include "store/sqlite/sqlite.h"

bool lp_sqlite_be_own(struct lp_sqlite *store, bool own, struct lp_error *error)
{
	assert(sqlite3_get_autocommit(store->database) == 0);
	return lp_sqlite_execute(store, own ? LP_SQL_BECOME_OWN : LP_SQL_BE_OWN_NO_MORE, error);
}

static bool count_old(struct lp_sqlite *store, struct lp_change_query *query, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_COUNT_OLD_CHANGES, error);

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, query->oldest);
	if (lp_sqlite_step(store, statement, error, "count changes of samples") != 1)
		return false;
	query->too_old = (uint64_t)sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return true;
}

bool lp_sqlite_each_change(struct lp_store *base, struct lp_change_query *query, lp_change_visit *visit, void *context,
                           struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_EACH_CHANGE, error);
	int row;

	if (statement == NULL || !count_old(store, query, error))
		return false;
	sqlite3_bind_int64(statement, 1, query->oldest);
	sqlite3_bind_int64(statement, 2, query->newest);
	while ((row = lp_sqlite_step(store, statement, error, "read the changes of samples")) == 1) {
		struct lp_change change = {
			.series_id = sqlite3_column_int64(statement, 0),
			.first = sqlite3_column_int64(statement, 1),
			.last = sqlite3_column_int64(statement, 2),
			.by_hand = sqlite3_column_int(statement, 3) != 0,
		};

		if (!visit(context, &change, error)) {
			sqlite3_reset(statement);
			return false;
		}
	}
	return row == 0 && (!query->take || lp_sqlite_execute(store, LP_SQL_TAKE_CHANGES, error));
}

bool lp_sqlite_find_next_good(struct lp_store *base, struct lp_change *changes, size_t count, lp_time before,
                              struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_NEXT_GOOD, error);

	if (statement == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		int row;

		sqlite3_bind_int64(statement, 1, changes[i].series_id);
		sqlite3_bind_int64(statement, 2, changes[i].last);
		sqlite3_bind_int64(statement, 3, before);
		row = lp_sqlite_step(store, statement, error, "look for the next good samples");
		if (row < 0)
			return false;
		changes[i].next_good = row == 1 ? sqlite3_column_int64(statement, 0) : LP_TIME_NONE;
		sqlite3_reset(statement);
	}
	return true;
}

bool lp_sqlite_find_rise(struct lp_store *base, const struct lp_rise_query *query, lp_time *rise,
                         struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_RISE, error);

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, query->series_id);
	sqlite3_bind_int64(statement, 2, query->after);
	sqlite3_bind_int64(statement, 3, query->before);
	sqlite3_bind_double(statement, 4, query->times);
	sqlite3_bind_int64(statement, 5, query->most);
	if (lp_sqlite_step(store, statement, error, "look for rises") != 1)
		return false;
	*rise = lp_sqlite_time(statement, 0);
	sqlite3_reset(statement);
	return true;
}

int64_t lp_sqlite_hour(lp_time time)
{
	return time / LP_HOUR - (time % LP_HOUR < 0);
}

bool lp_sqlite_note_change(struct lp_sqlite *store, int64_t series_id, lp_time first, lp_time last, bool by_hand,
                           struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_NOTE_CHANGE, error);

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, series_id);
	sqlite3_bind_int64(statement, 2, lp_sqlite_hour(first));
	sqlite3_bind_int(statement, 3, by_hand);
	sqlite3_bind_int64(statement, 4, first);
	sqlite3_bind_int64(statement, 5, last);
	return lp_sqlite_run(store, statement, NULL, error, "note a change of samples");
}

bool lp_sqlite_invalidate(struct lp_store *base, int64_t series_id, lp_time first, lp_time last, struct lp_error *error)
{
	return lp_sqlite_note_change(lp_sqlite_of(base), series_id, first, last, true, error);
}

bool lp_sqlite_each_reader(struct lp_store *base, const int64_t *series_ids, size_t count, lp_reader_visit *visit,
                           void *context, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_EACH_READER, error);
	const int after = 1 + LP_SQLITE_SCHEDULE_COLUMNS;

	if (statement == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		struct lp_schedule schedule;
		int row;

		sqlite3_bind_int64(statement, 1, series_ids[i]);
		while ((row = lp_sqlite_step(store, statement, error, "read who reads a series")) == 1) {
			struct lp_reader reader = {
				.calculation_id = sqlite3_column_int64(statement, 0),
				.series_id = series_ids[i],
				.schedule = &schedule,
				.watermark = lp_sqlite_time(statement, after),
				.start = lp_sqlite_time(statement, after + 1),
				.lookback = sqlite3_column_int64(statement, after + 4),
				.recompute_within = sqlite3_column_int64(statement, after + 5),
				.computed = sqlite3_column_int(statement, after + 6) != 0,
				.past_after = lp_sqlite_time(statement, after + 7),
				.past_until = lp_sqlite_time(statement, after + 8),
				.enabled = sqlite3_column_int(statement, after + 9) != 0,
			};

			if (!lp_sqlite_read_schedule(statement, 1, &schedule, error) ||
			    !lp_sqlite_span(statement, after + 2, &reader.window, error) ||
			    !lp_sqlite_span(statement, after + 3, &reader.shift, error) ||
			    !visit(context, &reader, error)) {
				sqlite3_reset(statement);
				return false;
			}
		}
		if (row < 0)
			return false;
	}
	return true;
}
