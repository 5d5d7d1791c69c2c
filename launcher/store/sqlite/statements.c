/* Every statement of this store, made of statements/SUBJECT.sql. */
#include "store/sqlite/statements.h"

const struct lp_statement lp_sqlite_statements[LP_SQL_STATEMENT_COUNT] = {
#define STATEMENT(NAME, name, doing, sql) [LP_SQL_##NAME] = { (name), (doing), (sql) },
#include "store/sqlite/statements.table"
};
