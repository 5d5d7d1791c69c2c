/* Other databases of PostgreSQL in which tables of samples are: a connection to each, beside that of the store. */
#ifndef LP_STORE_POSTGRESQL_DATABASE_H
#define LP_STORE_POSTGRESQL_DATABASE_H

#include "store/postgresql/internal.h"

/*
 * Connected to when it is first read from. What is read within a transaction of
 * the store is read in one transaction there, which sees one snapshot and
 * cannot write.
 */
struct pg_database {
	const char *address;
	PGconn *connection; /* or NULL */
	char *settings;     /* the statement that begins a transaction */
	bool begun;         /* a transaction is open */
	bool prepared[PG_STATEMENT_COUNT];
};

/* Adds the databases that the mappings of the store name. */
void lp_pg_add_databases(struct pg_store *store);
void lp_pg_free_databases(struct pg_store *store);

/* Connects if that is to be done, and begins a transaction unless one is open. One that is gone is not tried again. */
bool lp_pg_enter_database(struct pg_store *store, struct pg_database *database, struct lp_error *error) LP_MUST_CHECK;
/* Ends the transaction there, if one is open. */
void lp_pg_leave_database(struct pg_database *database);
void lp_pg_leave_databases(struct pg_store *store);

#endif
