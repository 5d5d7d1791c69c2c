/* Columns of samples as they come from the server. */
#ifndef LP_STORE_POSTGRESQL_COLUMN_H
#define LP_STORE_POSTGRESQL_COLUMN_H

#include "store/postgresql/internal.h"

/* Reads a column from three arrays of a row, beginning with column `first`; sorts it if the server did not. */
bool lp_pg_get_column(const PGresult *result, int row, int first, struct lp_arena *arena, struct lp_column *column,
                      struct lp_error *error) LP_MUST_CHECK;
void lp_pg_order_column(struct lp_column *column); /* time, value and quality, by time */
/* Reads coverage and sample counts of results from two arrays; NULL if no sample has any. */
bool lp_pg_get_coverage(const PGresult *result, int row, int first, struct lp_arena *arena, struct lp_column *column,
                        struct lp_error *error) LP_MUST_CHECK;
/* Returns the samples of a window, in the same memory; without quality if all are good. */
struct lp_column lp_pg_slice(const struct lp_column *column, struct lp_window window);

#endif
