/*
 * What keeps calculations from being computed: windows of those that they
 * read, which have failed or were put aside.  Whether one is in the way of a
 * window is the fetch stage's business.
 */
#include "store/sqlite/internal.h"

/* Mostly there is nothing that could be in anybody's way. */
static bool is_any_aside(struct lp_sqlite *store, bool *any, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_HAS_BLOCKERS, error);

	if (statement == NULL)
		return false;
	if (lp_sqlite_step(store, statement, error, "look for failed windows") != 1)
		return false;
	*any = sqlite3_column_int(statement, 0) != 0;
	sqlite3_reset(statement);
	return true;
}

static bool each_of(struct lp_sqlite *store, sqlite3_stmt *statement, int64_t calculation_id, lp_blocker_visit *visit,
                    void *context, struct lp_error *error)
{
	int row;

	sqlite3_bind_int64(statement, 1, calculation_id);
	while ((row = lp_sqlite_step(store, statement, error, "read what calculations wait for")) == 1) {
		struct lp_blocker blocker = {
			.calculation_id = calculation_id,
			.series_id = sqlite3_column_int64(statement, 0),
			.first = sqlite3_column_int64(statement, 1),
			.last = sqlite3_column_int64(statement, 2),
			.cause_id = sqlite3_column_int64(statement, 3),
			.cause = lp_sqlite_text_or_empty(statement, 4),
		};

		if (!visit(context, &blocker, error)) {
			sqlite3_reset(statement);
			return false;
		}
	}
	return row == 0;
}

bool lp_sqlite_each_blocker(struct lp_store *base, const int64_t *ids, size_t count, lp_time from, lp_time to,
                            lp_blocker_visit *visit, void *context, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_EACH_BLOCKER, error);
	bool any;

	if (statement == NULL || !is_any_aside(store, &any, error))
		return false;
	sqlite3_bind_int64(statement, 2, from);
	sqlite3_bind_int64(statement, 3, to);
	for (size_t i = 0; i < count && any; i++) {
		if (!each_of(store, statement, ids[i], visit, context, error))
			return false;
	}
	return true;
}
