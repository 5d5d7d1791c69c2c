/* The statements of this store, by name. */
#ifndef LP_STORE_POSTGRESQL_STATEMENTS_H
#define LP_STORE_POSTGRESQL_STATEMENTS_H

#include "store/statement.h"

enum pg_statement {
#define STATEMENT(name) PG_##name,
#include "store/postgresql/names.table"
	PG_STATEMENT_COUNT
};
extern const struct lp_statement lp_pg_statements[PG_STATEMENT_COUNT];

/* The text of a statement with a %s or %d where the server takes no parameter: a format, made of arguments as this one. */
static inline const char *__attribute__((format_arg(2))) lp_pg_format(enum pg_statement statement, const char *alike)
{
	(void)alike;
	return lp_pg_statements[statement].sql;
}

/* The second numbers of advisory locks; the first one is this program's, see fragments.sql. */
enum pg_lock {
	PG_LOCK_SCHEMA = 1,
	PG_LOCK_DEFINITIONS = 2,
	PG_LOCK_RUN = 3,
	PG_LOCK_PARTITIONS = 4,
	PG_LOCK_BACKFILL = 5,
	PG_LOCK_PRUNE = 7, /* taken by drop_partition and drop_sample_partition */
	PG_LOCK_BEGIN = 6  /* of runs that begin: each sees the one before, also where a lock was lost */
};

#endif
