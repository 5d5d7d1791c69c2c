/*
 * Owed ranges: how new ones join those that are stored (SQLite; PostgreSQL says
 * the same in SQL, for thousands at once), and how far a recompute batch brings
 * those that it works on (both).  Called inside the store's transaction.  Knows
 * no SQL.
 */
#ifndef LP_STORE_OWED_H
#define LP_STORE_OWED_H

#include "store/store.h"

/* A row of `owed`. */
struct lp_owed_row {
	int64_t id; /* 0: to be made */
	struct lp_owed_range range;
	int64_t touched; /* 1: a new one */
	bool changed;    /* out: write it */
	bool gone;       /* out: delete it, because another row took it in (only with an id) */
};

struct lp_owed_rows {
	struct lp_owed_row *items;
	size_t count;
};

/*
 * stored: every row of the calculations that ranges are added to, in any
 * order.  Returns what comes of them, in the arena: the rows that are changed,
 * are to be made or are gone, by calculation.
 *
 * Ranges of one calculation, reason and cause (and that replace what was
 * imported, or not) that overlap or touch become one, which keeps the lowest id.  A row that a new range joins counts up
 * `touched`.  samples_changed: so does every other one that a new range
 * overlaps, since what is being computed of it has read older samples; not so
 * where windows are merely put aside (waiting, tripped).
 */
struct lp_owed_rows lp_owed_join(const struct lp_owed_rows *stored, const struct lp_owed_range *added,
                                 size_t added_count, bool samples_changed, struct lp_arena *arena);

/*
 * What a recompute batch makes of its ranges: one for each of batch->owed, in the
 * same order.  Windows that were not computed stay owed.
 */
struct lp_owed_move {
	int64_t id; /* of the range */
	const struct lp_owed *owed;
	uint32_t calculation; /* index into the batch's; UINT32_MAX: deleted or disabled meanwhile */
	lp_time after_end;    /* to be stored; LP_TIME_NONE: nothing was computed, and the row stays as it is */
	lp_time until_end;    /* to be stored */
	lp_time window_start; /* to be stored: no result of the rest is earlier; LP_TIME_NONE: unchanged */
	bool done;            /* delete the row: nothing is left */
};
struct lp_owed_move *lp_owed_moves(struct lp_batch *batch); /* in its arena */

#endif
