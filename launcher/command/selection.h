/*
 * Calculations that a command is about, and the windows of each: chosen by name
 * or rule, with those that read what they write.
 */
#ifndef LP_COMMAND_SELECTION_H
#define LP_COMMAND_SELECTION_H

#include "schedule/schedule.h"
#include "store/store.h"

struct lp_selected {
	struct lp_calculation calculation; /* in the selection's arena */
	lp_time watermark;                 /* LP_TIME_NONE: has never run */
	bool named;                        /* asked for, not a dependant */
	bool selected;
	struct lp_window_range windows; /* of a selected one */
	/*
	 * stale: its results are outdated, those of windows that end in
	 * (outdated_after, outdated_until], or would.  outdated: it was chosen for
	 * that; `own`: its windows among these, where has_own.  other_windows: what
	 * none of them replaces is to be removed.  behind: some of that lies where
	 * runs have not come to.
	 */
	bool stale, outdated, has_own, other_windows, behind, moves;
	lp_time outdated_after, outdated_until, outdated_noted;
	struct lp_window_range own;
};

struct lp_selection {
	struct lp_arena arena;
	struct lp_selected *items; /* all calculations: by id, once their windows are known by rank */
	size_t count, capacity;
	size_t named;          /* that were asked for */
	size_t disabled, owed; /* outdated: that cannot be computed; that are owed to a backfill already */
	size_t without_zone;   /* of those, whose windows are not known: their time zone is gone */
};

/* patterns: globs over names, each of which has to fit some; none: all of the rule, or all where that is NULL too. */
bool lp_selection_choose(struct lp_selection *selection, struct lp_store *store, const char *const *patterns,
                         size_t count, const char *rule, struct lp_error *error) LP_MUST_CHECK;
/*
 * Chooses those whose results are outdated, each with its own windows; windows
 * that are owed to a backfill already are left out.
 */
bool lp_selection_choose_outdated(struct lp_selection *selection, struct lp_store *store,
                                  struct lp_error *error) LP_MUST_CHECK;
/* True if the selected windows are all that is outdated of a calculation that was chosen otherwise. */
bool lp_selection_covers(const struct lp_selected *item);
/* By id, before windows are asked for; NULL: there is none. */
struct lp_selected *lp_selection_find(const struct lp_selection *selection, int64_t id);
/*
 * The windows of the named ones that overlap [from, to) (or have their result
 * at from, where that is at their end), of outdated ones their own, and, with dependants,
 * those that read their results, and so on.  Only settled windows: after a
 * calculation's start, up to its watermark; a calculation without any is not
 * selected.
 */
bool lp_selection_windows(struct lp_selection *selection, lp_time from, lp_time to, bool dependants,
                          struct lp_error *error) LP_MUST_CHECK;
void lp_selection_free(struct lp_selection *selection);

#endif
