/* Files that `import --follow` has stored. The command decides when a file is taken. */
#include "store/sqlite/internal.h"

bool lp_sqlite_each_imported_file(struct lp_store *opened, const char *source, const char *name,
                                  lp_imported_file_visit *visit, void *context, struct lp_error *error)
{
	struct sqlite_rows rows = lp_sqlite_read(lp_sqlite_store(opened), LP_SQLITE_EACH_IMPORTED_FILE, error);
	struct lp_imported_file file;

	lp_sqlite_bind_text(rows.statement, 1, source);
	lp_sqlite_bind_text(rows.statement, 2, name);
	while (lp_sqlite_next(&rows, &lp_imported_file_layout, &file))
		rows.ok = visit(context, &file, error);
	return lp_sqlite_end(&rows);
}

bool lp_sqlite_note_imported_file(struct lp_store *opened, const struct lp_imported_file *file, const int64_t *before,
                                  bool *noted, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_NOTE_IMPORTED_FILE, error);
	int64_t changed = 0;

	*noted = false;
	if (statement == NULL)
		return false;
	int index = lp_sqlite_bind(statement, 1, &lp_imported_file_layout, file);
	if (before != NULL)
		sqlite3_bind_int64(statement, index, *before);
	else
		sqlite3_bind_null(statement, index);
	if (!lp_sqlite_run(store, statement, &changed, error))
		return false;
	*noted = changed > 0;
	return true;
}
