/* The statements of this store, by name. */
#ifndef LP_STORE_SQLITE_STATEMENTS_H
#define LP_STORE_SQLITE_STATEMENTS_H

#include "store/statement.h"

enum lp_sqlite_statement {
#define STATEMENT(name) LP_SQL_##name,
#include "store/sqlite/names.table"
	LP_SQL_STATEMENT_COUNT
};
extern const struct lp_statement lp_sqlite_statements[LP_SQL_STATEMENT_COUNT];

#endif
