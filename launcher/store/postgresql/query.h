/* Samples that a query of somebody else gives. */
#ifndef LP_STORE_POSTGRESQL_QUERY_H
#define LP_STORE_POSTGRESQL_QUERY_H

#include "store/postgresql/fetch.h"
#include "store/postgresql/mapping.h"

/*
 * Fills the columns of ranges, which are sorted by series and start, from the
 * query in use, asked once for all. A series of which it has rows that differ is
 * doubtful. A row that was not asked for is an error.
 */
bool lp_pg_ask_query(struct pg_store *store, struct lp_arena *arena, struct pg_range *ranges, size_t count,
                     struct lp_error *error) LP_MUST_CHECK;
/* Leaves the last so many good samples of a column. */
void lp_pg_keep_last(struct lp_column *column, size_t most, struct lp_arena *arena);

#endif
