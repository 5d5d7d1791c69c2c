/*
 * What keeps calculations from being computed: windows of calculations that they
 * read, which failed or were set aside. The fetch stage decides whether one is
 * in the way of a window.
 */
#include "store/sqlite/internal.h"

/* Mostly there is nothing that could be in the way. */
static bool is_any_aside(struct sqlite_store *store, bool *any, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_HAS_BLOCKERS, error);
	int64_t aside = 0;

	if (statement == NULL || lp_sqlite_first(store, statement, &aside, error) != 1)
		return false;
	*any = aside != 0;
	return true;
}

bool lp_sqlite_each_blocker(struct lp_store *opened, const struct lp_blocker_query *query, lp_blocker_visit *visit,
                            void *context, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_EACH_BLOCKER, error);
	sqlite3_stmt *statement = rows.statement;
	struct lp_blocker blocker;
	bool any;

	if (!rows.ok || !is_any_aside(store, &any, error))
		return false;
	sqlite3_bind_int64(statement, 2, query->from);
	sqlite3_bind_int64(statement, 3, query->to);
	for (size_t i = 0; i < query->count && any && rows.ok; i++) {
		sqlite3_bind_int64(statement, 1, query->calculation_ids[i]);
		while (lp_sqlite_next(&rows, &lp_blocker_layout, &blocker))
			rows.ok = visit(context, &blocker, error);
	}
	return lp_sqlite_end(&rows);
}
