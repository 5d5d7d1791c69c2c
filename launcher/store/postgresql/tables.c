/* Looks whether tables of somebody else can be read as the configuration describes them, and how. */
#include "store/postgresql/groups.h"

#include "store/elsewhere.h"
#include "text/utf8.h"
#include <stdlib.h>
#include <string.h>

enum { LARGE_BYTES = 1 << 20 }; /* below that a table is read whole because it is cheaper */

/* Returns whether a plan reads a table from its beginning to its end. */
static bool reads_all(const PGresult *plan)
{
	for (int i = 0; i < PQntuples(plan); i++)
		if (strstr(PQgetvalue(plan, i, 0), "Seq Scan on ") != NULL)
			return true;
	return false;
}

static bool execute(struct pg_store *store, enum pg_statement statement, PGresult **result, struct lp_error *error)
{
	(void)lp_pg_arguments(store);
	return lp_pg_execute(store, statement, result, error);
}

static bool size_of(struct pg_store *store, const char *table, int64_t *bytes, struct lp_error *error)
{
	PGresult *result = NULL;
	bool ok;

	lp_pg_argument_text(lp_pg_arguments(store), table);
	ok = lp_pg_execute(store, PG_TABLE_SIZE, &result, error);
	*bytes = ok ? lp_pg_get_int8(result, 0, 0) : 0;
	PQclear(result);
	return ok;
}

/* What makes reading faster. The table is written as the configuration has it. */
static void advise(const struct lp_mapping *mapping, struct lp_text *advice)
{
	lp_text_addf(advice, advice->length > 0 ? " " : "");
	lp_text_addf(advice, "%s is read to its end for each window: CREATE INDEX ON %s (", mapping->table,
	             mapping->table);
	if (!mapping->wide)
		lp_text_addf(advice, "\"%s\", ", mapping->series);
	if (mapping->time_zone != NULL)
		lp_text_addf(advice, "(\"%s\" AT TIME ZONE '%s')", mapping->time, mapping->time_zone);
	else
		lp_text_addf(advice, "\"%s\"", mapping->time);
	lp_text_addf(advice, ");");
}

/* Adds the tables that the plan of a query reads to their ends. Which columns an index needs only its writer knows. */
static bool advise_query(struct pg_store *store, const PGresult *plan, struct lp_text *advice, struct lp_error *error)
{
	static const char sign[] = "Seq Scan on ";

	for (int i = 0; i < PQntuples(plan); i++) {
		const char *table = strstr(PQgetvalue(plan, i, 0), sign);
		char *name;
		int64_t bytes;
		bool ok;

		if (table == NULL)
			continue;
		table += sizeof sign - 1;
		name = lp_format_text("%.*s", (int)strcspn(table, " "), table);
		ok = size_of(store, name, &bytes, error);
		if (ok && bytes >= LARGE_BYTES)
			lp_text_addf(advice,
			             "%s%s is read to its end for each batch: it needs an index of its series and time",
			             advice->length > 0 ? "; " : "", name);
		free(name);
		if (!ok)
			return false;
	}
	return true;
}

static bool look_at_query(struct pg_store *store, struct pg_mapping *mapping, struct lp_text *advice,
                          struct lp_error *error)
{
	PGresult *plan = NULL;
	bool ok = lp_pg_use_mapping(store, mapping, error) && execute(store, PG_MAPPED_PREPARE_QUERY, NULL, error) &&
	          execute(store, PG_PLAN_FOR_ANY, NULL, error) && execute(store, PG_EXPLAIN_QUERY, &plan, error) &&
	          advise_query(store, plan, advice, error);

	PQclear(plan);
	return ok;
}

static bool look_at_plan(struct pg_store *store, struct pg_mapping *mapping, struct lp_text *advice,
                         struct lp_error *error)
{
	PGresult *plan = NULL;
	int64_t bytes;
	bool ok;

	ok = lp_pg_use_mapping(store, mapping, error) && execute(store, PG_MAPPED_PREPARE_CHECK, NULL, error) &&
	     execute(store, PG_PLAN_FOR_ANY, NULL, error) && execute(store, PG_EXPLAIN_CHECK, &plan, error);
	if (ok && reads_all(plan)) {
		ok = size_of(store, mapping->configured->table, &bytes, error);
		if (ok && bytes >= LARGE_BYTES)
			advise(mapping->configured, advice);
	}
	PQclear(plan);
	return ok;
}

/* Prepared statements are no part of the transaction: of all of this connection none is left. */
static bool forget_plan(struct pg_store *store, struct lp_error *error)
{
	lp_pg_forget_prepared(store);
	return execute(store, PG_FORGET_CHECK, NULL, error);
}

/* That each key can be one of the table. */
static bool check_keys(struct pg_store *store, const struct pg_group *group, struct lp_error *error)
{
	const struct pg_mapping *mapping = group->mapping;
	PGresult *result = NULL;
	bool ok;

	for (size_t i = 0; mapping->configured->wide && i < group->count; i++)
		if (!lp_pg_has_column(mapping, group->keys[i])) {
			(void)lp_fail(error, LP_EXIT_CONFIGURATION,
			              "%s has no column of numbers \"%s\", the key of a series",
			              mapping->configured->table, group->keys[i]);
			return false;
		}
	if (mapping->configured->wide)
		return true;
	(void)lp_pg_begin_group(store, group);
	ok = lp_pg_execute(store, PG_MAPPED_CHECK_KEYS, &result, error);
	if (ok && mapping->configured->late >= LP_LATE_TRIGGERS && !lp_pg_is_null(result, 0, 0))
		ok = lp_fail(error, LP_EXIT_CONFIGURATION,
		             "the key \"%.*s\" of a series is written otherwise in %s: late rows would not be found",
		             LP_CUT(100, PQgetvalue(result, 0, 0)), mapping->configured->table);
	PQclear(result);
	return ok;
}

/* What anybody can mend is no fault of this program. */
static void tell_what_to_do(const struct pg_store *store, struct lp_table_check *check)
{
	const PGconn *connection = lp_pg_connection(store);

	if (check->error.exit == LP_EXIT_INTERNAL)
		check->error.exit = LP_EXIT_CONFIGURATION;
	if (strcmp(check->error.sqlstate, "42501") == 0 && connection != NULL)
		(void)lp_hint(&check->error, "GRANT USAGE ON its SCHEMA and SELECT ON %s TO \"%s\";", check->table,
		              PQuser(connection));
}

static bool look(struct pg_store *store, const struct pg_group *group, struct lp_table_check *check,
                 struct lp_text *advice)
{
	return (group->mapping->configured->query != NULL ? look_at_query : look_at_plan)(store, group->mapping, advice,
	                                                                                  &check->error) &&
	       check_keys(store, group, &check->error);
}

/* In another database nothing else is done. */
static bool check_elsewhere(struct pg_store *store, const struct pg_group *group, struct lp_table_check *check,
                            struct lp_text *advice, struct lp_error *error)
{
	struct pg_database *database = group->mapping->database;

	if (look(store, group, check, advice) && forget_plan(store, &check->error))
		return true;
	tell_what_to_do(store, check);
	if (!database->begun)
		(void)lp_fail_within(&check->error, "table %s", check->name);
	lp_pg_leave_database(database);
	if (PQstatus(database->connection) == CONNECTION_OK)
		return forget_plan(store, error);
	return true;
}

/* What can be wrong with one mapping is its own: a savepoint is around it. */
static bool check_here(struct pg_store *store, const struct pg_group *group, struct lp_table_check *check,
                       struct lp_text *advice, struct lp_error *error)
{
	const struct pg_mapping *mapping = group->mapping;

	if (!execute(store, PG_GUARD, NULL, error))
		return false;
	if ((strcmp(check->name, LP_RESULTS_TABLE) != 0 || lp_pg_check_mirror(store, &check->error)) &&
	    (mapping->configured->late != LP_LATE_TRIGGERS || lp_pg_check_noting(store, &check->error)) &&
	    lp_pg_check_written(store, group->mapping, LARGE_BYTES, advice, &check->error) &&
	    look(store, group, check, advice))
		return execute(store, PG_UNGUARD, NULL, error) && forget_plan(store, error);
	if (PQstatus(store->connection) != CONNECTION_OK) {
		*error = check->error;
		return false;
	}
	tell_what_to_do(store, check);
	return execute(store, PG_STEP_BACK, NULL, error) && forget_plan(store, error);
}

static bool check_one(struct pg_store *store, const struct pg_group *group, struct lp_table_check *check,
                      struct lp_text *advice, struct lp_error *error)
{
	const struct lp_mapping *configured = group->mapping->configured;

	check->name = configured->name;
	check->database = configured->database;
	check->table = configured->table;
	check->series = group->count;
	check->late_is_ignored = configured->late < LP_LATE_TRIGGERS && strcmp(check->name, LP_RESULTS_TABLE) != 0;
	return (group->mapping->database == NULL ? check_here : check_elsewhere)(store, group, check, advice, error);
}

static bool read_ids(struct pg_store *store, struct lp_arena *arena, int64_t **ids, size_t *count,
                     struct lp_error *error)
{
	PGresult *result = NULL;
	bool ok;

	if (store->locator != NULL)
		return store->locator->list(store->locator->context, arena, ids, count, error);
	ok = execute(store, PG_ALL_SERIES_IDS, &result, error);
	*count = ok ? (size_t)PQntuples(result) : 0;
	*ids = lp_arena_allocate(arena, *count * sizeof **ids);
	for (size_t i = 0; i < *count; i++)
		(*ids)[i] = lp_pg_get_int8(result, (int)i, 0);
	PQclear(result);
	return ok;
}

static bool check_tables(struct pg_store *store, lp_table_visit *visit, void *context, struct lp_arena *arena,
                         struct lp_error *error)
{
	struct pg_groups groups = { .count = 0 };
	struct lp_text advice = { 0 };
	int64_t *ids;
	size_t count;
	bool ok = read_ids(store, arena, &ids, &count, error) &&
	          lp_pg_group(store, ids, sizeof *ids, count, &groups, error);

	for (size_t i = 0; ok && i < store->mapping_count; i++) {
		struct pg_group unused = { .mapping = &store->mappings[i], .keys = (const char *[]){ NULL } };
		const struct pg_group *group = &unused;
		struct lp_table_check check = { .name = NULL };

		for (size_t g = 0; g < groups.count; g++)
			if (groups.groups[g].mapping == unused.mapping)
				group = &groups.groups[g];
		advice.length = 0;
		ok = check_one(store, group, &check, &advice, error);
		check.advice = advice.length > 0 ? advice.data : NULL;
		ok = ok && visit(context, &check, error);
		store->mapping = NULL;
	}
	lp_text_free(&advice);
	lp_pg_ungroup(&groups);
	return ok;
}

bool lp_pg_check_tables(struct lp_store *opened, lp_table_visit *visit, void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_arena arena = { 0 };
	bool ok;

	if (store->mapping_count == 0)
		return true;
	if (!lp_pg_begin(store, error))
		return false;
	ok = check_tables(store, visit, context, &arena, error);
	lp_arena_free(&arena);
	return lp_pg_finish(store, ok, error);
}
