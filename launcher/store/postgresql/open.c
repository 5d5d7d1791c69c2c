/* Opens and closes a store in PostgreSQL. */
#include "store/postgresql/database.h"
#include "store/postgresql/mapping.h"

#include <stdlib.h>
#include <string.h>

struct pg_store *lp_pg_new(const struct lp_store_options *options)
{
	struct pg_store *store = lp_allocate(sizeof *store);

	store->magic = PG_STORE_MAGIC;
	store->address = lp_copy_text(options->address);
	store->application_name =
		lp_copy_text(options->application_name != NULL ? options->application_name : "local-processing");
	store->habit.sample_rate = 1;
	store->settings = lp_pg_transaction_settings("ISOLATION LEVEL READ COMMITTED", options->statement_timeout);
	store->connect_timeout = options->connect_timeout;
	store->statement_timeout = options->statement_timeout;
	store->prepare = options->prepare;
	store->outcome_day = LP_TIME_NONE;
	lp_pg_add_mappings(store, options->mappings);
	lp_pg_add_databases(store);
	return store;
}

bool lp_pg_open(const struct lp_store_options *options, struct lp_store **opened, struct lp_error *error)
{
	struct pg_store *store = lp_pg_new(options);

	if (!lp_pg_connect(store, &store->connection, error) || !lp_pg_check_version(store->connection, error)) {
		lp_pg_close(&store->store);
		return false;
	}
	lp_pg_write_version(store->connection, store->version, sizeof store->version);
	*opened = &store->store;
	return true;
}

struct lp_store_options lp_pg_options(const struct pg_store *store)
{
	return (struct lp_store_options){
		.address = store->address,
		.prepare = store->prepare,
		.any_schema = true,
		.connect_timeout = store->connect_timeout,
		.statement_timeout = store->statement_timeout,
		.application_name = store->application_name,
		.mappings = store->mappings_configured,
	};
}

void lp_pg_end_lock(const struct pg_store *store)
{
	/*
	 * A server notices that a connection is gone some time after the process
	 * is: without this, a run right behind this one may find the lock taken.
	 */
	if (PQtransactionStatus(store->lock_connection) == PQTRANS_INTRANS)
		PQclear(PQexec(store->lock_connection, "ROLLBACK"));
}

void lp_pg_close(struct lp_store *opened)
{
	struct pg_store *store = lp_pg_store(opened);

	if (store->aside != NULL)
		lp_pg_close(&store->aside->store);
	lp_pg_end_lock(store);
	PQfinish(store->lock_connection);
	PQfinish(store->connection);
	lp_arena_free(&store->scratch);
	lp_pg_free_databases(store);
	lp_pg_free_mappings(store);
	free(store->arguments.data);
	free(store->add_results_to_partition);
	free(store->settings);
	free(store->own_detail);
	free(store->application_name);
	free(store->address);
	store->magic = 0;
	free(store);
}

const char *lp_pg_version(const struct lp_store *store)
{
	return ((const struct pg_store *)store)->version;
}
