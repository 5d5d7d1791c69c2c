/*
 * The schema: its version, the steps that make it, the rights on it.
 *
 * A step is a file schema/NNN_name.sql that travels in the executable.  All of
 * them run in one transaction, under a lock, so that two at once are one after
 * the other and a step that fails leaves what was there.
 */
#include "store/postgresql/mapping.h"

#include "store/steps.h"
#include "text/utf8.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char prefix[] = "schema/postgresql/";

struct place {
	bool schema_there, table_there;
	bool owned; /* by the role that migrates; false if there is no schema yet */
	char encoding[32], database[128];
};

static bool look(struct pg_store *store, struct place *place, struct lp_error *error)
{
	PGresult *result = NULL;

	lp_pg_arguments(store);
	if (!lp_pg_execute(store, PG_HAS_SCHEMA, &result, error))
		return false;
	place->table_there = lp_pg_get_bool(result, 0, 0);
	place->schema_there = lp_pg_get_bool(result, 0, 1);
	snprintf(place->encoding, sizeof place->encoding, "%s", PQgetvalue(result, 0, 2));
	snprintf(place->database, sizeof place->database, "%s", PQgetvalue(result, 0, 3));
	place->owned = lp_pg_get_bool(result, 0, 4);
	PQclear(result);
	return true;
}

static bool read_version(struct pg_store *store, const struct place *place, int32_t *version, struct lp_error *error)
{
	PGresult *result = NULL;
	bool ok;

	*version = 0;
	if (!place->table_there)
		return true;
	lp_pg_arguments(store);
	ok = lp_pg_execute(store, PG_SCHEMA_VERSION, &result, error);
	if (ok)
		*version = lp_pg_get_int4(result, 0, 0);
	PQclear(result);
	return ok;
}

bool lp_pg_schema(struct lp_store *opened, struct lp_schema_state *state, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct place place;

	state->wanted = lp_step_newest(prefix);
	if (!lp_pg_begin(store, error))
		return false;
	return lp_pg_finish(store, look(store, &place, error) && read_version(store, &place, &state->present, error),
	                    error);
}

static bool run_step(struct pg_store *store, const struct lp_step *step, struct lp_error *error)
{
	struct pg_arguments *arguments;
	char doing[128];

	snprintf(doing, sizeof doing, "upgrade the schema to version %d (%s)", step->version, step->description);
	if (!lp_pg_command(store, (const char *)step->file->data, doing, error))
		return false;
	arguments = lp_pg_arguments(store);
	lp_pg_argument_int4(arguments, step->version);
	lp_pg_argument_text(arguments, step->description);
	lp_pg_argument_text(arguments, lp_step_program_version());
	return lp_pg_execute(store, PG_ADD_MIGRATION, NULL, error);
}

static const enum pg_statement read_grants[] = { PG_GRANT_USAGE, PG_GRANT_READING, PG_GRANT_FUNCTIONS_FOR_READERS };
static const enum pg_statement run_grants[] = { PG_GRANT_USAGE, PG_GRANT_WRITING, PG_REVOKE_WRITING_MIGRATIONS,
	                                        PG_GRANT_SEQUENCES, PG_GRANT_FUNCTIONS_FOR_RUNS };

/* The server only warns of rights that were not granted, because the role that grants may not have them. */
static bool check_rights(struct pg_store *store, const char *role, bool runs, struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);
	PGresult *result = NULL;
	bool ok;

	lp_pg_argument_text(arguments, role);
	lp_pg_argument_bool(arguments, runs);
	ok = lp_pg_execute(store, PG_MISSING_RIGHTS, &result, error);
	if (ok && !lp_pg_is_null(result, 0, 0)) {
		lp_arena_empty(&store->scratch);
		lp_fail(error, LP_EXIT_PERMISSION, "cannot grant the rights of role %.*s on %s", LP_CUT(100, role),
		        lp_pg_get_text(result, 0, 0, &store->scratch));
		ok = lp_hint(error,
		             "Nothing was granted. Migrate as the owner of the schema, %s: who is not may not "
		             "grant.",
		             lp_pg_get_text(result, 0, 1, &store->scratch));
	}
	PQclear(result);
	return ok;
}

static bool grant(struct pg_store *store, const char *role, const enum pg_statement *grants, size_t count,
                  struct lp_error *error)
{
	char *name, *sql, doing[192];
	bool ok = true;

	if (role == NULL)
		return true;
	name = PQescapeIdentifier(store->connection, role, strlen(role));
	if (name == NULL)
		return lp_fail(error, LP_EXIT_USAGE, "the role \"%s\" is no name", role);
	snprintf(doing, sizeof doing, "grant the rights of role %.*s", LP_CUT(100, role));
	for (size_t i = 0; ok && i < count; i++) {
		sql = lp_format_text(lp_pg_format(grants[i], "%s"), name);
		ok = lp_pg_command(store, sql, doing, error);
		free(sql);
	}
	PQfreemem(name);
	return ok && check_rights(store, role, grants == run_grants, error);
}

/* Rows since the last run are noted once the triggers are there: where somebody else makes them, by the next migrate. */
static bool make_noting(struct pg_store *store, struct lp_text *script, struct lp_error *error)
{
	bool ok;

	store->script = script;
	ok = lp_pg_make_noting(store, error);
	store->script = NULL;
	return ok && ((script != NULL && script->length > 0) || lp_pg_settle_written(store, error));
}

static bool migrate(struct pg_store *store, const struct lp_migrate_options *options, lp_migrate_step *step,
                    void *context, bool *owner, struct lp_error *error)
{
	struct lp_step next = { .file = NULL };
	struct place place;
	int32_t present;

	*owner = false;
	lp_pg_argument_int4(lp_pg_arguments(store), PG_LOCK_SCHEMA);
	if (!lp_pg_execute(store, PG_LOCK, NULL, error) || !look(store, &place, error) ||
	    !read_version(store, &place, &present, error))
		return false;
	if (strcmp(place.encoding, "UTF8") != 0) {
		lp_fail(error, LP_EXIT_CONFIGURATION, "the database %s has the encoding %s", place.database,
		        place.encoding);
		return lp_hint(error, "Names may have any character: create the database with ENCODING 'UTF8'.");
	}
	if (!lp_step_works_with(prefix, present, error))
		return false;
	lp_pg_arguments(store);
	if (!place.schema_there && !options->dry_run && !lp_pg_execute(store, PG_CREATE_SCHEMA, NULL, error)) {
		if (error->exit == LP_EXIT_PERMISSION)
			lp_hint(error, "Migrate as the database's owner, or let it create the schema first: "
			               "CREATE SCHEMA local_processing AUTHORIZATION ...");
		return false;
	}
	while (lp_step_next(prefix, &next)) {
		if (next.version <= present)
			continue;
		if (!options->dry_run && !run_step(store, &next, error))
			return false;
		step(context, next.version, next.description);
	}
	*owner = place.owned || !place.schema_there;
	/* Before the grants, so that the role of runs may write to them by their names. */
	bool mirrored;
	return options->dry_run ||
	       ((!*owner || lp_pg_prepare_partitions(store, error)) &&
	        (!*owner ||
	         (lp_pg_make_mirror(store, &mirrored, error) && make_noting(store, options->triggers, error))) &&
	        grant(store, options->run_role, run_grants, sizeof run_grants / sizeof *run_grants, error) &&
	        grant(store, options->read_role, read_grants, sizeof read_grants / sizeof *read_grants, error));
}

bool lp_pg_migrate(struct lp_store *opened, const struct lp_migrate_options *options, lp_migrate_step *step,
                   void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	bool owner;

	if (!lp_pg_begin(store, error) ||
	    !lp_pg_finish(store, migrate(store, options, step, context, &owner, error), error))
		return false;
	/* Once more: in one transaction with the steps others could not write while samples are moved. */
	return options->dry_run || !owner || lp_pg_prepare_partitions(store, error);
}
