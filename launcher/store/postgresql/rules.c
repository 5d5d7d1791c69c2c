/*
 * What is stored of rules: open breakers, and the versions that runs worked
 * with. The pipeline decides when a breaker trips.
 */
#include "store/postgresql/internal.h"

bool lp_pg_each_breaker(struct lp_store *opened, lp_breaker_visit *visit, void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_breaker breaker;
	struct pg_rows rows;

	(void)lp_pg_arguments(store);
	lp_pg_read(store, PG_EACH_BREAKER, &rows, error);
	while (lp_pg_next(&rows, &lp_breaker_layout, &breaker))
		rows.ok = visit(context, &breaker, error);
	return lp_pg_end(&rows);
}

bool lp_pg_put_breaker(struct lp_store *opened, const struct lp_breaker *breaker, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);

	lp_pg_add_row(lp_pg_arguments(store), &lp_breaker_layout, breaker);
	return lp_pg_run(store, PG_PUT_BREAKER, NULL, error);
}

bool lp_pg_close_breaker(struct lp_store *opened, const char *rule, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);

	lp_pg_argument_text(lp_pg_arguments(store), rule);
	return lp_pg_run(store, PG_CLOSE_BREAKER, NULL, error);
}

/* Visits after it is stored, so that a visitor can ask the store. */
bool lp_pg_note_rules(struct lp_store *opened, const struct lp_run *run, const struct lp_rule_versions *versions,
                      lp_rule_version_visit *changed, void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	struct lp_rule_version version;
	struct pg_rows rows;

	if (!lp_pg_begin(store, error))
		return false;
	lp_pg_add_columns(arguments, &lp_rule_version_layout, versions->items, sizeof *versions->items,
	                  versions->count);
	lp_pg_argument_int8(arguments, run->id);
	lp_pg_argument_time(arguments, run->tick);
	lp_pg_read(store, PG_NOTE_RULES, &rows, error);
	rows.ok = lp_pg_finish(store, rows.ok && lp_pg_outdate_rules(store, rows.result, error), error);
	while (lp_pg_next(&rows, &lp_changed_rule_version_layout, &version))
		rows.ok = changed(context, &version, error);
	return lp_pg_end(&rows);
}

bool lp_pg_rule_version(struct lp_store *opened, const char *rule, int64_t run_id, struct lp_arena *arena,
                        const char **version, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	PGresult *result;
	bool ok;

	lp_pg_argument_text(arguments, rule);
	lp_pg_argument_int8(arguments, run_id);
	ok = lp_pg_run(store, PG_RULE_VERSION, &result, error);
	*version = ok && PQntuples(result) > 0 ? lp_pg_get_text(result, 0, 0, arena) : NULL;
	PQclear(result);
	return ok;
}
