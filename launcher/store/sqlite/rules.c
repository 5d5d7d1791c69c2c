/*
 * What is stored of rules: open breakers, and the versions that runs worked
 * with. The pipeline decides when a breaker trips.
 */
#include "store/sqlite/internal.h"

#include <string.h>

bool lp_sqlite_each_breaker(struct lp_store *opened, lp_breaker_visit *visit, void *context, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_EACH_BREAKER, error);
	struct lp_breaker breaker;

	while (lp_sqlite_next(&rows, &lp_breaker_layout, &breaker))
		rows.ok = visit(context, &breaker, error);
	return lp_sqlite_end(&rows);
}

bool lp_sqlite_put_breaker(struct lp_store *opened, const struct lp_breaker *breaker, struct lp_error *error)
{
	return lp_sqlite_write(lp_sqlite_store(opened), LP_SQLITE_PUT_BREAKER, &lp_breaker_layout, breaker, error);
}

bool lp_sqlite_close_breaker(struct lp_store *opened, const char *rule, struct lp_error *error)
{
	return lp_sqlite_run_named(lp_sqlite_store(opened), LP_SQLITE_CLOSE_BREAKER, rule, NULL, error);
}

bool lp_sqlite_rule_version(struct lp_store *opened, const char *rule, int64_t run_id, struct lp_arena *arena,
                            const char **version, struct lp_error *error)
{
	struct sqlite_rows rows = lp_sqlite_read(lp_sqlite_store(opened), LP_SQLITE_RULE_VERSION, error);

	*version = NULL;
	lp_sqlite_bind_text(rows.statement, 1, rule);
	sqlite3_bind_int64(rows.statement, 2, run_id);
	if (lp_sqlite_next(&rows, NULL, NULL))
		*version = lp_arena_text(arena, lp_sqlite_text(rows.statement, 0));
	return lp_sqlite_end(&rows);
}

static bool add_version(struct sqlite_store *store, const struct lp_run *run, const struct lp_rule_version *version,
                        struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_ADD_RULE_VERSION, error);

	if (statement == NULL)
		return false;
	lp_sqlite_bind(statement, 1, &lp_rule_version_layout, version);
	sqlite3_bind_int64(statement, 3, run->id);
	sqlite3_bind_int64(statement, 4, run->tick);
	return lp_sqlite_run(store, statement, NULL, error);
}

/* Fills before: the version that one replaces; NULL: it is not another one than is stored. */
static bool note_within(struct sqlite_store *store, const struct lp_run *run, struct lp_rule_version *versions,
                        size_t count, struct lp_arena *arena, struct lp_error *error)
{
	static const enum sqlite_statement reopen[] = { LP_SQLITE_REOPEN_RULE_STATES, LP_SQLITE_REOPEN_RULE };
	bool running;

	if (!lp_sqlite_is_running(store, run->id, &running, error))
		return false;
	for (size_t i = 0; i < count && running; i++) {
		const char *last;

		if (!lp_sqlite_rule_version(&store->store, versions[i].rule, INT64_MAX, arena, &last, error))
			return false;
		if (last != NULL && strcmp(last, versions[i].version) == 0)
			continue;
		if (!add_version(store, run, &versions[i], error))
			return false;
		versions[i].before = last;
		for (size_t k = 0; last != NULL && k < sizeof reopen / sizeof *reopen; k++)
			if (!lp_sqlite_run_named(store, reopen[k], versions[i].rule, NULL, error))
				return false;
		if (last != NULL && !lp_sqlite_outdate_rule(store, versions[i].rule, error))
			return false;
	}
	return true;
}

bool lp_sqlite_note_rules(struct lp_store *opened, const struct lp_run *run, const struct lp_rule_versions *versions,
                          lp_rule_version_visit *changed, void *context, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct lp_arena arena = { 0 };
	struct lp_rule_version *noted = lp_arena_zeroed(&arena, versions->count, sizeof *noted);
	bool ok;

	for (size_t i = 0; i < versions->count; i++)
		noted[i] = (struct lp_rule_version){ .rule = versions->items[i].rule,
			                             .version = versions->items[i].version };
	ok = lp_sqlite_begin(store, error) &&
	     lp_sqlite_finish(store, note_within(store, run, noted, versions->count, &arena, error), error);
	/* Visits after it is stored, so that a visitor can ask the store. */
	for (size_t i = 0; i < versions->count && ok; i++)
		ok = noted[i].before == NULL || changed(context, &noted[i], error);
	lp_arena_free(&arena);
	return ok;
}
