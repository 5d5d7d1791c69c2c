/*
 * From a computed batch to what a commit writes: outcomes, states, pending
 * windows.  Both stores call it inside their transaction, so that they cannot
 * differ in what is tried again, when, and what people are told.
 * Knows no SQL.  Everything it makes is in the batch's arena.
 */
#ifndef LP_STORE_SETTLE_H
#define LP_STORE_SETTLE_H

#include "store/store.h"

/* A row of `state`. */
struct lp_state_row {
	int64_t calculation_id;
	enum lp_state state;
	lp_time since;            /* the tick whose run saw the state change */
	lp_time failing_since;    /* LP_TIME_NONE: is not failing */
	int64_t run_id;           /* of the window */
	struct lp_window window;  /* start LP_TIME_NONE: none computed yet */
	int32_t attempts;         /* made at the window; 0 where it did not fail */
	lp_time next_attempt;     /* LP_TIME_NONE: none planned */
	const char *rule_version; /* or NULL */
	int32_t definition_version;
	int64_t duration; /* nanoseconds */
	uint32_t samples_read;
	int64_t cause_id; /* waiting: the calculation at the root; else 0 */
	/*
	 * Of the last failure in this batch; NULL: there was none, and what is stored
	 * stays. It is shown while the calculation fails or owes a window.
	 */
	const char *error_type, *error_message, *error_traceback;
};

/* A row of `pending`. */
struct lp_pending_row {
	int64_t calculation_id;
	struct lp_window window;
	const char *reason; /* "failed: ZeroDivisionError: division by zero", "interrupted" */
	int32_t attempts;
	lp_time next_attempt; /* LP_TIME_NONE where given_up */
	bool given_up;
};

/*
 * Where to look for results of recomputed windows: those of a series with first
 * <= time <= last and after_end < window_end <= until_end that are not produced
 * any more are taken off. until_end LP_TIME_NONE: results of a release that did
 * not note their windows; they can only belong to a recomputed window.
 */
struct lp_reach {
	int64_t series_id;
	lp_time first, last;
	lp_time after_end, until_end;
};

/* A row of `sample` or `superseded`: a result to be stored. */
struct lp_result_row {
	int64_t series_id;
	lp_time time;
	double value;
	double coverage; /* NaN: not known */
	lp_time window_end;
	uint32_t samples;
	uint8_t quality;
};

/* Results of a series that lie further from the ends of their windows than any before: see struct lp_output. */
struct lp_widened {
	int64_t series_id;
	int64_t from, to;
};

/* One calculation's part of a row of `outcome`. */
struct lp_outcome_entry {
	int64_t calculation_id;
	int64_t duration; /* nanoseconds */
	enum lp_state state;
	uint32_t samples_read;
	int32_t which; /* of the versions of its row, counted from 1 */
};

/* What a calculation was computed by. */
struct lp_outcome_version {
	int32_t definition;
	const char *rule; /* NULL: the rule was not called */
};

/* A row of `outcome`: tasks that follow one another and have one window. */
struct lp_outcome_row {
	int64_t id; /* 0: the next one */
	struct lp_window window;
	int32_t first, last;                 /* of its entries, counted from 1 */
	int32_t first_version, last_version; /* the same of its versions; mostly all of a row have one */
};

struct lp_settlement {
	struct lp_state_row *states; /* to write: one per calculation at most */
	size_t state_count;
	struct lp_pending_row *pending; /* to write, over what is there */
	size_t pending_count;
	struct lp_pending_row *done; /* to delete: only id and window are filled; none in a forward batch */
	size_t done_count;
	struct lp_owed_range *owed; /* to add (lp_owed_join, no samples changed): what waits, tripped, or was left */
	size_t owed_count;
	struct lp_reach *reaches; /* none but in retry and recompute batches */
	size_t reach_count;
	/*
	 * All results, by series and time. If several windows give one at the same time
	 * (sliding ones, of series), the window that ends last counts; the others are in
	 * superseded, by series, time and window.
	 */
	struct lp_result_row *made, *superseded;
	size_t made_count, superseded_count;
	/*
	 * Windows up to here were settled before this commit. A result of a window that
	 * ends later belongs to an earlier definition or another calculation, and does
	 * not count against the new ones.
	 */
	lp_time settled_until;
	/* The series may have results at these times that are of other windows: it is not one result a window, at one distance from its end. */
	bool may_meet;
	struct lp_widened *widened; /* to be noted; each series once */
	size_t widened_count;
	struct lp_outcome_row *outcomes;
	size_t outcome_count;
	struct lp_outcome_entry *entries; /* of all outcomes, in their order */
	size_t entry_count;
	struct lp_outcome_version *versions; /* of all outcomes, in their order; each once in a row */
	size_t version_count;
};

/* True if a window's result at that time is among those made. */
bool lp_settlement_has(const struct lp_settlement *settled, int64_t series_id, lp_time time, lp_time window_end);
/* The same for whatever window. */
bool lp_settlement_has_time(const struct lp_settlement *settled, int64_t series_id, lp_time time);

/* What is stored of a calculation, read in the transaction that will write. */
struct lp_settle_known {
	bool stored; /* there is a row in `state`; without one nothing but state is looked at: NEW or OK */
	enum lp_state state;
	lp_time since, failing_since;
	lp_time window_end; /* of the row in `state`; LP_TIME_NONE: none */
	lp_time watermark;  /* of the batch it belongs to, before this commit */
	int64_t cause_id;   /* of the row in `state`; 0: none */
	bool claimed;       /* recompute: its range is what the run read */
};

/*
 * known: one per calculation of the batch.  owed: one per task, or NULL: all;
 * a task of a retry or recompute batch that is not owed any more (no such pending
 * window with so many attempts, a range that was touched, another version of
 * the definition) is left out.
 *
 * Writes the final states into the tasks: given_up where this was the last
 * attempt, interrupted where a task was not computed.
 *
 * The newest window decides a calculation's state: a retry of an older one
 * leaves it alone, so that the order in which batches are committed does not
 * matter.  A row of `state` is written where the state differs from the
 * stored one (no row: new before the first window, then ok), and for every
 * failure, also of a window that a later one of the batch has outdone.
 */
void lp_settle(struct lp_batch *batch, const struct lp_retry_policy *policy, const struct lp_settle_known *known,
               const bool *owed, struct lp_settlement *settled);

/*
 * Returns when a window is tried again after so many failed attempts;
 * LP_TIME_NONE: it is given up. It is up to a quarter of the delay earlier, by
 * the calculation and in whole minutes, so that windows that failed together are
 * not all retried together.
 */
lp_time lp_retry_next(const struct lp_retry_policy *policy, lp_time tick, int32_t attempts, int64_t calculation_id);

#endif
