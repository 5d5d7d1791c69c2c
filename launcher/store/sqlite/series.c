/* Series, read by name. */
#include "store/sqlite/internal.h"

bool lp_sqlite_each_series(struct lp_store *opened, const char *pattern, lp_series_visit *visit, void *context,
                           struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_EACH_SERIES, error);
	sqlite3_stmt *statement = rows.statement;
	struct lp_series series;

	lp_sqlite_bind_glob(statement, 1, pattern);
	while (lp_sqlite_next(&rows, &lp_series_layout, &series))
		rows.ok = visit(context, &series, error);
	return lp_sqlite_end(&rows);
}

bool lp_sqlite_find_series(struct lp_store *opened, const char *name, struct lp_arena *arena, struct lp_series *found,
                           struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_FIND_SERIES, error);
	sqlite3_stmt *statement = rows.statement;

	*found = (struct lp_series){ 0 };
	lp_sqlite_bind_text(statement, 1, name);
	rows.arena = arena;
	(void)!lp_sqlite_next(&rows, &lp_series_layout, found);
	return lp_sqlite_end(&rows);
}
