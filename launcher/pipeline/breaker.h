/*
 * Breakers: a rule of which most calculations fail in a run is stopped but for
 * one trial a run, until that works.  Internal to pipeline/.
 */
#ifndef LP_PIPELINE_BREAKER_H
#define LP_PIPELINE_BREAKER_H

#include "store/store.h"
#include <stdatomic.h>

struct lp_breaker_rule {
	char *rule, *error; /* error: of the last failure; NULL: none */
	char *reason;       /* what tasks that are put aside say; of one that was open, and not changed any more */
	bool open;          /* when the run began, or tripped by it */
	bool changed;       /* to be stored */
	struct lp_breaker stored;
	atomic_bool trial; /* somebody has it */
	/* Of this run's forward windows. */
	uint64_t computed, failed;
	bool worked; /* the trial */
};

struct lp_breakers {
	int32_t failures_least;        /* the configuration's; 0: none ever trips */
	struct lp_breaker_rule **open; /* before the first thread: those that are open; then only looked at */
	size_t open_count, open_capacity;
	struct lp_breaker_rule **rules; /* all that were met; the main thread's alone */
	size_t rule_count, rule_capacity;
};

bool lp_breakers_load(struct lp_breakers *breakers, struct lp_store *store, struct lp_error *error) LP_MUST_CHECK;
/* From any thread: puts aside the tasks of rules whose breaker is open, but for the trial. */
void lp_breakers_decide(const struct lp_breakers *breakers, struct lp_batch *batch);
/* What became of a batch; main thread. */
void lp_breakers_note(struct lp_breakers *breakers, const struct lp_batch *batch);
/* Trips and closes, and says so. */
bool lp_breakers_end(struct lp_breakers *breakers, struct lp_store *store, const struct lp_run *run,
                     struct lp_error *error) LP_MUST_CHECK;
void lp_breakers_free(struct lp_breakers *breakers);

#endif
