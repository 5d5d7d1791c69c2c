/*
 * Results that a change of definitions makes outdated. `apply` finds them before
 * it changes anything, notes and moves them in its transaction, and describes them
 * once that is committed.
 */
#ifndef LP_COMMAND_OUTDATED_H
#define LP_COMMAND_OUTDATED_H

#include "definition/definition.h"
#include "model/rule.h"

/* What is stored of one calculation, and what becomes of it. */
struct lp_outdated_work {
	const struct lp_outdating *outdating;
	uint64_t results;            /* that are stored of it */
	lp_time first_end, last_end; /* LP_TIME_NONE: none is */
	uint64_t left;               /* in series that it writes no more */
	const char *left_series;     /* one of these; NULL: there is none */
	bool takes_over;             /* it is to write where results of others are */
	uint64_t taken;              /* these */
	bool moves;                  /* its numbers go to the other end of their windows, without computing */
	bool computes;               /* `backfill --outdated` computes it again */
};

struct lp_outdated_works {
	struct lp_outdatings found;
	struct lp_outdated_work *items; /* one for each that is found */
	bool more;                      /* some results were not counted: there are more */
};

/* What `apply` compares. */
struct lp_outdated_query {
	struct lp_store *store;
	const struct lp_definitions *wanted, *stored;
	const struct lp_rule_catalogue *catalogue;
	bool prune;
};
/* Finds the results of the calculations whose definitions differ. */
bool lp_outdated_find(const struct lp_outdated_query *query, struct lp_outdated_works *works,
                      struct lp_error *error) LP_MUST_CHECK;
/* Notes them, after lp_store_apply and in its transaction. */
bool lp_outdated_note(struct lp_store *store, const struct lp_outdated_works *works,
                      struct lp_error *error) LP_MUST_CHECK;
/* Adds lines for people; the last is the command that computes them again, where one is needed. */
void lp_outdated_describe(const struct lp_outdated_works *works, bool done, struct lp_text *text);
void lp_outdated_free(struct lp_outdated_works *works);

/*
 * Moves numbers that lie at the other end of their windows to where result_time
 * says, one calculation after the other. Many at a time go to the store, and the
 * rest with lp_outdated_move_rest. alone: each time in a transaction of its own;
 * else all in the caller's.
 */
struct lp_outdated_move {
	struct lp_store *store;
	bool alone;
	uint64_t most;  /* at most, all together */
	uint64_t moved; /* out */
	struct lp_result_place *places;
	size_t count; /* that are still to go to the store */
};
/* calculation says schedule and result_time, outputs where the results are.  *complete: none is left. */
bool lp_outdated_move(struct lp_outdated_move *move, const struct lp_calculation *calculation,
                      const struct lp_output *outputs, size_t output_count, bool *complete,
                      struct lp_error *error) LP_MUST_CHECK;
bool lp_outdated_move_rest(struct lp_outdated_move *move, struct lp_error *error) LP_MUST_CHECK;
/* True if every result of the rule is a number, at one end of its window. */
bool lp_outdated_can_move(const struct lp_rule *rule);

#endif
