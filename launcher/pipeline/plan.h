/*
 * The plan of a run decides which batch goes next, with which windows. Internal
 * to pipeline/.
 *
 * First comes everything that is live, then what is in shadow, so that nothing
 * in shadow is waited for. It goes rank by rank, because a batch must not read inputs that a lower rank
 * is still writing. Within a rank, every batch gets its next chunk of windows in
 * turn and is never in flight twice, because its watermark moves chunk by chunk.
 * Failed windows of earlier runs are retried after that, and owed windows come
 * last, so that new windows never wait. If they changed results, the readers of
 * these become owed before the next rank starts.
 *
 * Runs in the main process, in its main thread.
 */
#ifndef LP_PIPELINE_PLAN_H
#define LP_PIPELINE_PLAN_H

#include "pipeline/changes.h"
#include "pipeline/pipeline.h"
#include "pipeline/recompute.h"

struct lp_plan_batch {
	struct lp_batch_head head; /* its watermark is that of the last commit */
	uint64_t windows;          /* given out in this run */
	bool on_its_way, finished;
	bool unusable;       /* its schedule cannot be followed */
	lp_time read_before; /* its results up to here may have been read */
	/*
	 * Cache of the first window that is not computed yet, for the watermark
	 * come_for; it ends at LP_TIME_MAX if there is none.
	 */
	bool come_known;
	lp_time come_for;
	struct lp_window to_come;
	/* Missed windows of its calculations: gap_after < end <= gap_until; LP_TIME_NONE: none. */
	lp_time gap_after, gap_until;
};

/*
 * Pending windows that go together: one rank, one window, and at most
 * lp_batch_size calculations for the one that reads most.
 */
struct lp_plan_retry {
	size_t first, count; /* in pending */
	bool finished, committed;
};

enum lp_plan_phase { LP_PLAN_FORWARD, LP_PLAN_RETRY, LP_PLAN_RECOMPUTE };

struct lp_plan_options {
	enum lp_run_kind kind; /* a backfill works on its owed windows only */
	lp_time tick;
	uint32_t catch_up;             /* windows per calculation and run; 0: no limit */
	int64_t recompute_within;      /* as in struct lp_change_scan */
	bool list;                     /* as in struct lp_change_scan */
	bool leave_live, leave_shadow; /* as in struct lp_pipeline_options */
	/* the plan was read before in this run: do not log again what cannot be scheduled */
	bool again;
};

struct lp_plan {
	struct lp_store *store;
	enum lp_run_kind kind;
	int64_t run_id; /* 0 until it has begun */
	lp_time tick;
	uint32_t catch_up;
	struct lp_change_scan scan;
	struct lp_arena arena;
	struct lp_plan_batch *batches; /* by rank */
	size_t batch_count, batch_capacity;
	size_t *by_id;                  /* indices of batches */
	struct lp_batch_head *disabled; /* batches of disabled calculations: they have read what may change */
	size_t disabled_count, disabled_capacity;
	struct lp_pending *pending; /* by rank, window, calculation */
	size_t pending_count, pending_capacity;
	struct lp_plan_retry *retries;
	size_t retry_count, retry_capacity;

	struct lp_recompute_list recomputes; /* of the current rank; before the first rank: of all */
	bool owing;                          /* windows may have become owed that can be computed now */
	/* results that may have been read were changed since changes were followed */
	bool rewritten;
	struct lp_lost_batch *lost; /* batches whose schedule cannot be followed */
	size_t lost_count, lost_capacity;
	uint64_t still_owed; /* of finished ranks */
	uint64_t too_old;    /* hours of series whose changes are too old to be followed */

	bool leave_live, leave_shadow;
	bool shadow;      /* what is live is done: it is the turn of what is in shadow, again rank by rank */
	bool out_of_time; /* for what is in shadow */
	int32_t rank;     /* the current one */
	enum lp_plan_phase phase;
	size_t cursor;      /* where the search for the next batch begins, so that each gets its turn */
	size_t next_retry;  /* retries before it are given out */
	size_t first_retry; /* retries before it have come back */
	size_t in_flight;   /* batches and retries on their way */
	uint64_t windows;   /* planned: calculations times windows, as if nothing had to wait */
	double samples;     /* in new windows, at one a second for each calculation */
	size_t chunks;      /* batches and retries with something to do: more threads than that are useless */
};

/*
 * Reads from the store what there is to do, and looks at what has changed. due:
 * something can be computed now. The store stays in use until the plan is freed.
 */
bool lp_plan_load(struct lp_plan *plan, struct lp_store *store, const struct lp_plan_options *options, bool *due,
                  struct lp_error *error) LP_MUST_CHECK;
/*
 * Follows changes, in the transaction in which the run begins and after the plan
 * was loaded. Not before: otherwise a run that was abandoned could still commit
 * something after its changes were taken.
 */
bool lp_plan_begin(struct lp_plan *plan, int64_t run_id, struct lp_error *error) LP_MUST_CHECK;
/*
 * Chooses the windows that a batch does now, and fills the first `most` of them
 * into due. If it has more to do than the limit, or reads from a gap that is not
 * made up for, it goes on with the newest windows. An error says why it cannot
 * be scheduled.
 */
bool lp_plan_choose(const struct lp_plan *plan, const struct lp_plan_batch *batch, size_t most,
                    struct lp_choice *choice, struct lp_due *due, struct lp_error *error) LP_MUST_CHECK;
/*
 * Fills the job with the next batch. *found is false if there is none now; there
 * is none for good once nothing is in flight.
 */
bool lp_plan_next(struct lp_plan *plan, struct lp_job *job, bool *found, struct lp_error *error) LP_MUST_CHECK;
/* Takes back a job. */
void lp_plan_finish(struct lp_plan *plan, const struct lp_job *job);
/* Returns calculations times windows that are due and were not computed. */
uint64_t lp_plan_still_due(const struct lp_plan *plan);

/*
 * Counts the batches whose schedule cannot be followed; lp_plan_fail_unusable
 * stores that their calculations failed, once.
 */
size_t lp_plan_unusable(const struct lp_plan *plan);
bool lp_plan_fail_unusable(const struct lp_plan *plan, struct lp_error *error) LP_MUST_CHECK;
/* Returns the first tick at which something becomes due. */
lp_time lp_plan_next_due(const struct lp_plan *plan);

/* True if the run computes nothing that is in shadow, or nothing that is live, whichever is asked about. */
bool lp_plan_leaves(const struct lp_plan *plan, bool shadow);

/* plan_batches.c */

/* Reads the batches, and sets aside those that cannot be scheduled, which it logs on demand. */
bool lp_plan_read_batches(struct lp_plan *plan, bool log, struct lp_error *error) LP_MUST_CHECK;
/* Reads the owed windows of a rank; -1: of all. */
bool lp_plan_read_owed(struct lp_plan *plan, int32_t rank, struct lp_error *error) LP_MUST_CHECK;
/* Finds the gaps that batches of a rank (-1: of all) still have to make up for, from the owed windows. */
void lp_plan_find_gaps(struct lp_plan *plan, int32_t rank);
/* Adds windows that a batch still has to make up for to its gap. */
void lp_plan_widen_gap(struct lp_plan_batch *batch, lp_time after_end, lp_time until_end);
/* Returns NULL if the batch has no enabled calculation; then nothing has to wait for it. */
struct lp_plan_batch *lp_plan_find(const struct lp_plan *plan, int64_t id);
/* True if the batch cannot be scheduled. */
bool lp_plan_is_lost(const void *plan, int64_t batch_id);
/* Loads only what lp_each_hold needs. */
bool lp_plan_load_heads(struct lp_plan *plan, struct lp_store *store, lp_time tick,
                        struct lp_error *error) LP_MUST_CHECK;

void lp_plan_free(struct lp_plan *plan);

/* hold.c: what can be computed, because all that it reads is there. */

/* Returns the latest time such that windows that end by then read nothing that is still to come. */
lp_time lp_plan_upstream(const struct lp_plan *plan, const struct lp_batch_head *head);
/*
 * True if all that a window reads is there: nothing is still to come or to be
 * made up for. An lp_window_ready; context: the plan.
 */
bool lp_plan_ready(void *context, const struct lp_batch_head *head, const struct lp_window *window);
/*
 * If the newest missed windows are not ready: returns up to where the range can
 * be computed all the same. LP_TIME_NONE: they are ready, or all have to wait.
 */
lp_time lp_plan_cut(const struct lp_plan *plan, const struct lp_recompute *recompute);
/* True if an input reads from a gap that is still to be made up for. */
bool lp_plan_reads_gaps(const struct lp_plan *plan, const struct lp_batch_head *head);
/* Finds what the next window has to wait for. False: it can be computed, or is not over yet. */
bool lp_plan_hold(const struct lp_plan *plan, const struct lp_batch_head *head, struct lp_hold *hold);

#endif
