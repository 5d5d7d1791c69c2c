/*
 * Breakers stop a rule of which most calculations failed in one run.
 *
 * The calculations that are stopped are those whose last window failed or was
 * set aside; those that were ok are computed as always. Each run tries one
 * stopped calculation, chosen anew, so that a fault of its own does not decide
 * for the others. One that works again goes on working, and for each of them ten
 * more are tried in the next run. The breaker closes when those still stopped
 * are no more than half of the rule's calculations, or fewer than would trip it.
 * Internal to pipeline/.
 *
 * Runs in the main process, in its main thread; lp_breakers_decide in fetchers.
 */
#ifndef LP_PIPELINE_BREAKER_H
#define LP_PIPELINE_BREAKER_H

#include "store/store.h"
#include <stdatomic.h>

/* A stopped calculation of a rule whose breaker is open. */
struct lp_breaker_held {
	int64_t calculation_id;
	bool on_trial;   /* in this run */
	atomic_bool had; /* it had its trial: one window is enough */
};

struct lp_breaker_rule {
	char *rule, *error; /* error: of the last failure, or NULL */
	/*
	 * the message of tasks that are set aside; only if open when the run began,
	 * and constant then
	 */
	char *reason;
	bool open;    /* since before the run, or tripped by it */
	bool changed; /* has to be stored */
	struct lp_breaker stored;
	/*
	 * If it was open when the run began: the stopped calculations, by id, and how
	 * many calculations the rule has.
	 */
	struct lp_breaker_held *held;
	size_t held_count, held_capacity;
	uint64_t calculations;
	uint64_t released; /* calculations that work again since it opened */
	atomic_bool tried; /* one of its calculations had a trial in this run */
	/* Of this run's forward windows. */
	uint64_t computed, failed;
	uint64_t worked; /* trials that worked */
};

struct lp_breakers {
	int32_t failures_least;        /* of the configuration; 0: no breaker ever trips */
	struct lp_breaker_rule **open; /* open when the run began; constant once threads have started */
	size_t open_count, open_capacity;
	struct lp_breaker_rule **rules; /* all that were met; only the main thread uses them */
	size_t rule_count, rule_capacity;
};

/* Loads the open breakers. tick: of the run; it decides which calculations are tried. */
bool lp_breakers_load(struct lp_breakers *breakers, struct lp_store *store, lp_time tick,
                      struct lp_error *error) LP_MUST_CHECK;
/* Sets aside the tasks of stopped calculations, except trials. Any thread may call it. */
void lp_breakers_decide(const struct lp_breakers *breakers, struct lp_batch *batch);
/* Counts the outcomes of a batch. Main thread only. */
void lp_breakers_note(struct lp_breakers *breakers, const struct lp_batch *batch);
/* Trips and closes breakers, and logs it. */
bool lp_breakers_end(struct lp_breakers *breakers, struct lp_store *store, const struct lp_run *run,
                     struct lp_error *error) LP_MUST_CHECK;
void lp_breakers_free(struct lp_breakers *breakers);

#endif
