/*
 * The plan of a run: which batch goes next, with which windows.  Internal to
 * pipeline/; used by the main thread alone.
 *
 * Rank by rank, because a batch must not read inputs that a lower rank is still
 * writing.  Within a rank every batch gets its next chunk of windows in turn and
 * is never on its way twice, because its watermark moves chunk by chunk.  The
 * windows that failed in earlier runs are tried again at the end of their rank:
 * what is fresh does not wait for a rule that is slow to fail.
 */
#ifndef LP_PIPELINE_PLAN_H
#define LP_PIPELINE_PLAN_H

#include "pipeline/queue.h"
#include "schedule/schedule.h"

struct lp_plan_batch {
	struct lp_batch_head head; /* its watermark is that of the last commit */
	uint64_t windows;          /* given out in this run */
	bool on_its_way, finished;
	bool unusable; /* its schedule cannot be followed */
};

/* Pending windows of one rank and window, of at most lp_batch_size calculations. */
struct lp_plan_retry {
	size_t first, count; /* in pending */
	bool finished, committed;
};

struct lp_plan {
	lp_time tick;
	uint32_t catch_up;
	struct lp_arena arena;
	struct lp_plan_batch *batches; /* by rank */
	size_t batch_count, batch_capacity;
	size_t *by_id;              /* indices of batches */
	struct lp_pending *pending; /* by rank, window, calculation */
	size_t pending_count, pending_capacity;
	struct lp_plan_retry *retries;
	size_t retry_count, retry_capacity;

	int32_t rank;       /* the one that is worked on */
	size_t cursor;      /* where the search for the next batch begins, so that each gets its turn */
	size_t next_retry;  /* retries before it were given out */
	size_t first_retry; /* retries before it came back */
	size_t in_flight;   /* batches and retries on their way */
	uint64_t windows;   /* planned: calculations times windows, where nothing holds them back */
	size_t chunks;      /* batches and retries with something to do: more threads than that are of no use */
};

/* Asks the store what there is.  due: whether anything can be computed now. */
bool lp_plan_load(struct lp_plan *plan, struct lp_store *store, lp_time tick, uint32_t catch_up, bool *due,
                  struct lp_error *error) LP_MUST_CHECK;
/* Fills the job with the next batch.  False: none now; for good, if none is in flight. */
bool lp_plan_next(struct lp_plan *plan, struct lp_job *job) LP_MUST_CHECK;
/* A job came back. */
void lp_plan_finish(struct lp_plan *plan, const struct lp_job *job);
/* Calculations times windows that are due and were not computed. */
uint64_t lp_plan_still_due(const struct lp_plan *plan);
size_t lp_plan_unusable(const struct lp_plan *plan);
/* The first tick at which something becomes due. */
lp_time lp_plan_next_due(const struct lp_plan *plan);
void lp_plan_free(struct lp_plan *plan);

#endif
