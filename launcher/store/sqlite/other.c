/* Results of somebody else: they are read where SQL of theirs can be run beside this program's, and that is not here. */
#include "store/sqlite/internal.h"

bool lp_sqlite_open_other(struct lp_store *opened, const struct lp_other_query *query, struct lp_error *error)
{
	(void)opened;
	(void)query;
	lp_fail(error, LP_EXIT_USAGE, "results to compare with are read from PostgreSQL, and this is a file");
	return lp_hint(error, "Where they are is said by --database postgresql://HOST/DATABASE.");
}

/* The samples of a file are all this program's own: triggers note what comes late. */
bool lp_sqlite_look_for_late(struct lp_store *opened, lp_time newest, bool take, bool *found, struct lp_error *error)
{
	(void)opened;
	(void)newest;
	(void)take;
	(void)error;
	*found = false;
	return true;
}

bool lp_sqlite_more_other(struct lp_store *opened, struct lp_other_row *rows, size_t *count, struct lp_error *error)
{
	(void)opened;
	(void)rows;
	*count = 0;
	return lp_fail(error, LP_EXIT_INTERNAL, "no results to compare with were opened");
}
