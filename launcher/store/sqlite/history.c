/* Notes who changed which definition, for an apply, and reads it, for `history`. */
#include "store/sqlite/internal.h"
#include "store/steps.h"

#include "model/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* SQLite has no roles.  Not by getpwuid, which a static program cannot call. */
static const char *user_name(char scratch[32])
{
	const char *name = getenv("LOGNAME");

	if (name == NULL || name[0] == '\0')
		name = getenv("USER");
	if (name != NULL && name[0] != '\0')
		return name;
	snprintf(scratch, 32, "uid %u", (unsigned)geteuid());
	return scratch;
}

bool lp_sqlite_note_changes(struct lp_store *opened, const struct lp_definition_change *changes, size_t count,
                            struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_NOTE_CHANGES, error);
	char scratch[32];
	lp_time now = lp_now();

	for (size_t i = 0; i < count && statement != NULL; i++) {
		int next = lp_sqlite_bind(statement, 1, &lp_definition_change_note_layout, &changes[i]);

		lp_sqlite_bind_text(statement, next, lp_step_program_version());
		lp_sqlite_bind_text(statement, next + 1, user_name(scratch));
		sqlite3_bind_int64(statement, next + 2, now);
		if (!lp_sqlite_run(store, statement, NULL, error))
			return false;
	}
	return statement != NULL;
}

bool lp_sqlite_each_definition_change(struct lp_store *opened, const char *calculation,
                                      lp_definition_change_visit *visit, void *context, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_EACH_DEFINITION_CHANGE, error);
	sqlite3_stmt *statement = rows.statement;
	struct lp_definition_change change;

	lp_sqlite_bind_text(statement, 1, calculation);
	while (lp_sqlite_next(&rows, &lp_definition_change_layout, &change))
		rows.ok = visit(context, &change, error);
	return lp_sqlite_end(&rows);
}
