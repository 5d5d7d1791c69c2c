/*
 * Breakers: a rule of which most calculations fail in a run is stopped.
 *
 * Stopped are the calculations whose last window failed, or was put aside: who
 * was ok is computed as always.  Each run tries one that is stopped, chosen
 * anew, so that one with a fault of its own does not stand for the others; who
 * works goes on working.  For each that works again ten are tried in the next
 * run.  The breaker closes when those that are still stopped are no more than
 * half of the rule's, or fewer than would trip it.  Internal to pipeline/.
 *
 * Runs in the main process, in its main thread; what decides about the tasks of a
 * batch, in fetchers.
 */
#ifndef LP_PIPELINE_BREAKER_H
#define LP_PIPELINE_BREAKER_H

#include "store/store.h"
#include <stdatomic.h>

/* A calculation of an open rule that is stopped. */
struct lp_breaker_held {
	int64_t calculation_id;
	bool on_trial;   /* in this run */
	atomic_bool had; /* it: one window is enough */
};

struct lp_breaker_rule {
	char *rule, *error; /* error: of the last failure; NULL: none */
	char *reason;       /* what tasks that are put aside say; of one that was open, and not changed any more */
	bool open;          /* when the run began, or tripped by it */
	bool changed;       /* to be stored */
	struct lp_breaker stored;
	/* Of one that was open: those that are stopped, by id, and how many calculations the rule has. */
	struct lp_breaker_held *held;
	size_t held_count, held_capacity;
	uint64_t calculations;
	uint64_t released; /* work again since it is open */
	atomic_bool tried; /* one of its calculations was, in this run */
	/* Of this run's forward windows. */
	uint64_t computed, failed;
	uint64_t worked; /* trials */
};

struct lp_breakers {
	int32_t failures_least;        /* the configuration's; 0: none ever trips */
	struct lp_breaker_rule **open; /* before the first thread: those that are open; then only looked at */
	size_t open_count, open_capacity;
	struct lp_breaker_rule **rules; /* all that were met; the main thread's alone */
	size_t rule_count, rule_capacity;
};

/* tick: of the run; who is on trial follows from it. */
bool lp_breakers_load(struct lp_breakers *breakers, struct lp_store *store, lp_time tick,
                      struct lp_error *error) LP_MUST_CHECK;
/* From any thread: puts aside the tasks of calculations that are stopped, but for the trials. */
void lp_breakers_decide(const struct lp_breakers *breakers, struct lp_batch *batch);
/* What became of a batch; main thread. */
void lp_breakers_note(struct lp_breakers *breakers, const struct lp_batch *batch);
/* Trips and closes, and says so. */
bool lp_breakers_end(struct lp_breakers *breakers, struct lp_store *store, const struct lp_run *run,
                     struct lp_error *error) LP_MUST_CHECK;
void lp_breakers_free(struct lp_breakers *breakers);

#endif
