/* Notes who changed which definition, for an apply, and reads it, for `history`. */
#include "store/postgresql/internal.h"
#include "store/steps.h"

bool lp_pg_note_changes(struct lp_store *opened, const struct lp_definition_change *changes, size_t count,
                        struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);

	if (count == 0)
		return true;
	lp_pg_add_columns(arguments, &lp_definition_change_note_layout, changes, sizeof *changes, count);
	lp_pg_argument_text(arguments, lp_step_program_version());
	return lp_pg_execute(store, PG_NOTE_CHANGES, NULL, error);
}

bool lp_pg_each_definition_change(struct lp_store *opened, const char *calculation, lp_definition_change_visit *visit,
                                  void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_definition_change change;
	struct pg_rows rows;

	lp_pg_argument_text(lp_pg_arguments(store), calculation);
	lp_pg_read(store, PG_EACH_DEFINITION_CHANGE, &rows, error);
	while (lp_pg_next(&rows, &lp_definition_change_layout, &change))
		rows.ok = visit(context, &change, error);
	return lp_pg_end(&rows);
}
