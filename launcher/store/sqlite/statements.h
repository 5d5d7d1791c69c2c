/* The statements of this store, by name. */
#ifndef LP_STORE_SQLITE_STATEMENTS_H
#define LP_STORE_SQLITE_STATEMENTS_H

#include "store/statement.h"

enum sqlite_statement {
#define STATEMENT(name) LP_SQLITE_##name,
#include "store/sqlite/names.table"
	LP_SQLITE_STATEMENT_COUNT
};
extern const struct lp_statement lp_sqlite_statements[LP_SQLITE_STATEMENT_COUNT];

#endif
