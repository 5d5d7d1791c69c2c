/*
 * Calculations on their way from live to shadow, or back: what `promote` and
 * `demote` have in common.
 */
#ifndef LP_COMMAND_TURN_H
#define LP_COMMAND_TURN_H

#include "definition/definition.h"
#include "store/store.h"
#include "text/names.h"

/* What is about to change. */
struct lp_turn {
	struct lp_store *store;
	bool mirrored; /* live results are in a table of somebody else */
	bool along;    /* what they read, or who reads them, is turned as well */
	bool dry_run;
	enum lp_mode mode; /* that they get */
	lp_time from; /* only windows that end after that are computed again; LP_TIME_NONE: see lp_turn_find_windows */
	struct lp_definitions stored;
	struct lp_names by_name, writers; /* calculations by name, and by the series that they write */
	bool *chosen;                     /* by calculation */
	size_t already;                   /* chosen, and in that mode */
	struct lp_calculation *turned;    /* by name */
	struct lp_definition_change *notes;
	size_t count;
	struct lp_turn_progress *progress; /* by calculation */
	struct lp_owed_range *again;       /* windows that were computed in the mode of before */
	size_t again_count;
	uint64_t windows;
	struct lp_text description;
};

/* turn_windows.c: which windows are computed again, and from where on a series in shadow can be read. */

/*
 * Finds the windows that were computed in the mode of before, and are computed
 * again in the new one. Live: all that were computed in shadow. In shadow: those
 * that what is in shadow reads next, and those after `from`.
 */
bool lp_turn_find_windows(struct lp_turn *turn, struct lp_error *error) LP_MUST_CHECK;
/*
 * Notes where the series begin that are in shadow from now on, once the turn is
 * applied: what was made live before is not there, and no window is computed from
 * what is left.
 */
bool lp_turn_note_beginnings(struct lp_turn *turn, struct lp_error *error) LP_MUST_CHECK;
void lp_turn_free(struct lp_turn *turn);

#endif
