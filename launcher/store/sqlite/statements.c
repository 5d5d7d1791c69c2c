/* Every statement of this store, made of statements/SUBJECT.sql. */
#include "store/sqlite/statements.h"

const struct lp_statement lp_sqlite_statements[LP_SQLITE_STATEMENT_COUNT] = {
#define STATEMENT(NAME, name, doing, sql) [LP_SQLITE_##NAME] = { (name), (doing), (sql) },
#include "store/sqlite/statements.table"
};
