/*
 * Puts calculations together into batches when definitions change.  Pure: from
 * the batches and calculations that are stored to those that are to be.  Both
 * stores call it, so that their batches are the same.  Knows no SQL.
 */
#ifndef LP_STORE_COMPOSE_H
#define LP_STORE_COMPOSE_H

#include "store/store.h"

/*
 * What the calculations of a batch have in common: schedule, rank, start,
 * watermark, what could hold them back, about how much a window of them reads,
 * whether they are in shadow, and whether they are enabled.  (Disabled ones have batches of their own, of
 * size 0 in `batch`: they keep their watermark there and are never due.)
 */
struct lp_compose_batch {
	/* In: id, generation, rank, schedule, start, watermark, span. Out: size too; generation one higher where changed. */
	struct lp_batch_head head; /* id 0: to be made */
	bool enabled;
	bool changed;     /* in: a calculation of it was deleted; out: write the row */
	uint64_t reads;   /* out: of its calculations, see struct lp_compose_member */
	int64_t bulk;     /* out: about how much they read, see compose.c */
	uint32_t members; /* out; 0: delete the row (if it has an id) */
	int64_t origin;   /* out, of a new one: the stored batch all its calculations come from; 0: several, or none */
};

struct lp_compose_member {
	int64_t calculation_id;
	int64_t batch_id; /* the batch it is in; 0: it is new */
	int32_t position; /* there; out: in the new one */
	int32_t rank;
	struct lp_schedule schedule; /* zone filled up with zero bytes */
	lp_time start;
	lp_time watermark; /* of its batch; LP_TIME_NONE for a new one */
	/*
	 * Says when the results that it reads are there: their schedules, and what its
	 * inputs read of them. So a calculation that reads a slower one does not hold
	 * back those that do not.
	 */
	uint64_t reads;
	int64_t span; /* microseconds that a window reads: see lp_compose_span */
	bool enabled, shadow;
	bool changed; /* in: the definition differs from what a run may have read, even if it stays where it is */
	size_t batch; /* out: index into batches */
	bool moved;   /* out: batch or position differ from what is stored */
};

/*
 * batches: in the arena or the caller's; grown into the arena.  All stored
 * batches and all calculations have to be given.  A calculation whose key
 * differs from its batch's moves; batches that are less than half full are put
 * together where they can be; within a batch, by id.  The same input gives
 * the same batches.
 */
struct lp_composition {
	struct lp_compose_batch *batches;
	size_t batch_count;
	struct lp_compose_member *members;
	size_t member_count;
};
void lp_compose(struct lp_composition *composition, struct lp_arena *arena);
/* Returns a number for a text, the same for the same text. */
uint64_t lp_compose_reads(const char *text);
/*
 * Returns how much a window of a calculation reads: the sum over its inputs.
 * windows: of the inputs, as in "1 week;;2 days", where "" is as long as the
 * calculation's window; NULL: no inputs, which counts as one such.
 */
bool lp_compose_span(const struct lp_schedule *schedule, const char *windows, int64_t *span,
                     struct lp_error *error) LP_MUST_CHECK;

#endif
