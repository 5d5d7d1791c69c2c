/* Results of somebody else: they are read where SQL of theirs can be run beside this program's, and that is not here. */
#include "store/sqlite/internal.h"

bool lp_sqlite_open_other(struct lp_store *opened, const struct lp_other_query *query, struct lp_error *error)
{
	(void)opened;
	(void)query;
	lp_fail(error, LP_EXIT_USAGE, "results to compare with are read from PostgreSQL, and this is a file");
	return lp_hint(error, "Where they are is said by --database postgresql://HOST/DATABASE.");
}

bool lp_sqlite_more_other(struct lp_store *opened, struct lp_other_row *rows, size_t *count, struct lp_error *error)
{
	(void)opened;
	(void)rows;
	*count = 0;
	return lp_fail(error, LP_EXIT_INTERNAL, "no results to compare with were opened");
}
