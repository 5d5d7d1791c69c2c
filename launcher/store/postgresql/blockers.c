/*
 * What keeps calculations from being computed: windows of calculations that they
 * read, which failed or were set aside. The fetch stage decides whether one is
 * in the way of a window.
 */
#include "store/postgresql/internal.h"

bool lp_pg_each_blocker(struct lp_store *opened, const struct lp_blocker_query *query, lp_blocker_visit *visit,
                        void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	struct lp_blocker blocker;
	struct pg_rows rows;

	lp_pg_add_ids(arguments, query->calculation_ids, query->count);
	lp_pg_argument_time(arguments, query->from);
	lp_pg_argument_time(arguments, query->to);
	lp_pg_read(store, PG_EACH_BLOCKER, &rows, error);
	while (lp_pg_next(&rows, &lp_blocker_layout, &blocker))
		rows.ok = visit(context, &blocker, error);
	return lp_pg_end(&rows);
}
