/* What calculations wait for, in words: the same in `due`, `explain` and `status`. */
#ifndef LP_COMMAND_HOLD_H
#define LP_COMMAND_HOLD_H

#include "calendar/calendar.h"
#include "model/memory.h"
#include "pipeline/pipeline.h"

/*
 * "waits for 'day': its window to 2026-03-03T00:00:00Z is not over, goes on at
 * 2026-03-03T00:05:00Z"; in the arena.  writer: a name; others: it is not the
 * only one that is waited for.
 */
const char *lp_hold_describe(const struct lp_hold *hold, const char *writer, bool others, const struct lp_zone *zone,
                             struct lp_arena *arena);

/* Who reads what a held batch waits for: the first pair by name, in the arena; others: there are more writers. */
struct lp_hold_names {
	const char *reader, *writer;
	int64_t reader_id;
	bool others;
};
bool lp_hold_name(struct lp_store *store, const struct lp_hold *hold, struct lp_arena *arena,
                  struct lp_hold_names *names, struct lp_error *error) LP_MUST_CHECK;

/* Of many calculations at a tick: what each of them waits for; NULL: nothing. */
struct lp_held {
	int64_t calculation_id;
	const char *why;
};
struct lp_held_all {
	struct lp_arena arena;
	struct lp_held *items; /* by calculation */
	size_t count, capacity;
};
bool lp_held_find(struct lp_store *store, lp_time tick, const struct lp_zone *zone, struct lp_held_all *all,
                  struct lp_error *error) LP_MUST_CHECK;
const char *lp_held_why(const struct lp_held_all *all, int64_t calculation_id);
void lp_held_free(struct lp_held_all *all);

#endif
