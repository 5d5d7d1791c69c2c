/* Files that `import --follow` has stored. The command decides when a file is taken. */
#include "store/postgresql/internal.h"

bool lp_pg_each_imported_file(struct lp_store *opened, const char *source, const char *name,
                              lp_imported_file_visit *visit, void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	struct lp_imported_file file;
	struct pg_rows rows;

	lp_pg_argument_text(arguments, source);
	lp_pg_argument_text(arguments, name);
	lp_pg_read(store, PG_EACH_IMPORTED_FILE, &rows, error);
	while (lp_pg_next(&rows, &lp_imported_file_layout, &file))
		rows.ok = visit(context, &file, error);
	return lp_pg_end(&rows);
}

bool lp_pg_note_imported_file(struct lp_store *opened, const struct lp_imported_file *file, const int64_t *before,
                              bool *noted, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	PGresult *result = NULL;

	lp_pg_add_row(arguments, &lp_imported_file_layout, file);
	if (before != NULL)
		lp_pg_argument_int8(arguments, *before);
	else
		lp_pg_argument_no_int8(arguments);
	bool ok = lp_pg_run(store, PG_NOTE_IMPORTED_FILE, &result, error);
	*noted = ok && PQntuples(result) > 0;
	PQclear(result);
	return ok;
}
