/*
 * Ranges of samples that are read: shared by fetch.c, which makes them of what
 * tasks ask for, and together.c, which reads many of one window at once.
 */
#ifndef LP_STORE_POSTGRESQL_FETCH_H
#define LP_STORE_POSTGRESQL_FETCH_H

#include "store/postgresql/column.h"
#include "store/postgresql/internal.h"

struct pg_range {
	int64_t series_id;
	const char *key; /* in the table of somebody else; NULL: it is in this program's */
	struct lp_window range;
	struct lp_column column;
	lp_time doubtful; /* a time of which there are several rows that differ; or LP_TIME_NONE */
};

/* Adds an array argument: the series of the ranges, or their keys, in their order. */
static inline void lp_pg_add_series(struct pg_arguments *arguments, struct pg_range *const *ranges, size_t count)
{
	bool by_key = count > 0 && ranges[0]->key != NULL;

	lp_pg_array_begin(arguments, by_key ? PG_TEXT : PG_INT8);
	for (size_t i = 0; by_key && i < count; i++)
		lp_pg_array_text(arguments, ranges[i]->key);
	for (size_t i = 0; !by_key && i < count; i++)
		lp_pg_array_int8(arguments, ranges[i]->series_id);
	lp_pg_array_end(arguments);
}

/*
 * True if samples of a series and a window can be read together: they are sent
 * as doubles, which must hold them exactly.
 */
bool lp_pg_fits_together(int64_t series_id, struct lp_window window);
/*
 * Fills the columns of ranges that have this window in common, by series and
 * each of another one, into the arena.  The planner is to prefer bitmaps: see
 * PG_PREFER_BITMAPS.
 */
bool lp_pg_fetch_together(struct pg_store *store, struct lp_arena *arena, struct pg_range *const *ranges, size_t count,
                          struct lp_window window, struct lp_error *error) LP_MUST_CHECK;

#endif
