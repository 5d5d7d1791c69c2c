/* Columns of samples as they come from the server. */
#ifndef LP_STORE_POSTGRESQL_COLUMN_H
#define LP_STORE_POSTGRESQL_COLUMN_H

#include "store/postgresql/internal.h"

/* From three arrays of a row, beginning with column `first`; sorted if the server did not. */
bool lp_pg_get_column(const PGresult *result, int row, int first, struct lp_arena *arena, struct lp_column *column,
                      struct lp_error *error) LP_MUST_CHECK;
void lp_pg_order_column(struct lp_column *column); /* time, value and quality, by time */
/* Coverage and numbers of samples of results, from two arrays; NULL where the samples have none. */
bool lp_pg_get_coverage(const PGresult *result, int row, int first, struct lp_arena *arena, struct lp_column *column,
                        struct lp_error *error) LP_MUST_CHECK;
/* The samples of a window, in the same memory; without quality where all of them are good. */
struct lp_column lp_pg_slice(const struct lp_column *column, struct lp_window window);

#endif
