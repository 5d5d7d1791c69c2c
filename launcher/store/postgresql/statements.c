/* Every statement of this store, made of statements/SUBJECT.sql. */
#include "store/postgresql/statements.h"

const struct lp_statement lp_pg_statements[PG_STATEMENT_COUNT] = {
#define STATEMENT(NAME, name, doing, sql) [PG_##NAME] = { (name), (doing), (sql) },
#include "store/postgresql/statements.table"
};
