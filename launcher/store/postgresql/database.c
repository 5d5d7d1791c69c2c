/* See database.h. */
#include "store/postgresql/database.h"
#include "store/postgresql/gone.h"
#include "store/postgresql/mapping.h"

#include <stdlib.h>
#include <string.h>

void lp_pg_add_databases(struct pg_store *store)
{
	store->databases = lp_allocate((store->mapping_count + 1) * sizeof *store->databases);
	for (size_t i = 0; i < store->mapping_count; i++) {
		struct pg_mapping *mapping = &store->mappings[i];
		const char *address = mapping->configured->database;
		size_t at = 0;

		/* A query may call what writes: it gets a connection on which nothing can. */
		if (address == NULL && mapping->configured->query != NULL)
			address = store->address;
		if (address == NULL)
			continue;
		while (at < store->database_count && strcmp(store->databases[at].address, address) != 0)
			at++;
		if (at == store->database_count)
			store->databases[store->database_count++] = (struct pg_database){
				.address = address,
				.settings = lp_pg_transaction_settings("ISOLATION LEVEL REPEATABLE READ READ ONLY",
				                                       store->statement_timeout),
			};
		mapping->database = &store->databases[at];
	}
}

static void disconnect(struct pg_store *store, struct pg_database *database)
{
	PQfinish(database->connection);
	database->connection = NULL;
	database->begun = false;
	memset(database->prepared, 0, sizeof database->prepared);
	for (size_t i = 0; i < store->mapping_count; i++)
		if (store->mappings[i].database == database)
			lp_pg_forget_mapping(&store->mappings[i]);
}

void lp_pg_free_databases(struct pg_store *store)
{
	for (size_t i = 0; i < store->database_count; i++) {
		disconnect(store, &store->databases[i]);
		free(store->databases[i].settings);
	}
	free(store->databases);
}

static bool begin(struct pg_database *database, struct lp_error *error)
{
	PGresult *result = PQexec(database->connection, database->settings);

	database->begun = PQresultStatus(result) == PGRES_COMMAND_OK;
	if (!database->begun)
		lp_pg_fail(database->connection, result, "begin a transaction", error);
	PQclear(result);
	return database->begun;
}

static bool connect_anew(struct pg_store *store, struct pg_database *database, struct lp_error *error)
{
	disconnect(store, database);
	if (lp_pg_connect_to(store, database->address, &database->connection, error) &&
	    lp_pg_check_version(database->connection, error) && begin(database, error))
		return true;
	lp_fail_within(error, "the database of the samples");
	lp_pg_note_gone(database->address, error);
	return false;
}

/* A connection that was idle between two transactions may be lost without anybody's having noticed: nothing was read. */
bool lp_pg_enter_database(struct pg_store *store, struct pg_database *database, struct lp_error *error)
{
	if (database->begun)
		return true;
	if (lp_pg_is_gone(database->address, error))
		return false;
	if (database->connection != NULL && begin(database, error))
		return true;
	return connect_anew(store, database, error);
}

void lp_pg_leave_database(struct pg_database *database)
{
	if (database->begun)
		PQclear(PQexec(database->connection, "ROLLBACK"));
	database->begun = false;
}

void lp_pg_leave_databases(struct pg_store *store)
{
	for (size_t i = 0; i < store->database_count; i++)
		lp_pg_leave_database(&store->databases[i]);
}
