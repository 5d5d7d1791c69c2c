/*
 * The plan of a run: which batch goes next, with which windows.  Internal to
 * pipeline/.
 *
 * Rank by rank, because a batch must not read inputs that a lower rank is still
 * writing.  Within a rank every batch gets its next chunk of windows in turn and
 * is never on its way twice, because its watermark moves chunk by chunk.  The
 * windows that failed in earlier runs are tried again after those, and what is
 * to be computed again comes last: what is fresh waits for neither.  Where that
 * changed results, who reads them owes them before the next rank begins.
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
	lp_time read_before; /* up to where its results may have been read */
	/* Its first window that is not computed yet, for the watermark come_for; ends at LP_TIME_MAX: there is none. */
	bool come_known;
	lp_time come_for;
	struct lp_window to_come;
	/* Windows that were missed, of one of its calculations or more: gap_after < end <= gap_until; LP_TIME_NONE: none. */
	lp_time gap_after, gap_until;
};

/* Pending windows of one rank and window, of at most lp_batch_size calculations: as for the one that reads most. */
struct lp_plan_retry {
	size_t first, count; /* in pending */
	bool finished, committed;
};

enum lp_plan_phase { LP_PLAN_FORWARD, LP_PLAN_RETRY, LP_PLAN_RECOMPUTE };

struct lp_plan_options {
	enum lp_run_kind kind; /* a backfill only works on its owed windows */
	lp_time tick;
	uint32_t catch_up;        /* windows a calculation and run; 0: no limit */
	int64_t recompute_within; /* as in struct lp_change_scan */
	bool tell;                /* as in struct lp_change_scan */
	bool again;               /* read before in this run: what cannot be scheduled is in the log */
};

struct lp_plan {
	struct lp_store *store;
	enum lp_run_kind kind;
	int64_t run_id; /* once it has begun */
	lp_time tick;
	uint32_t catch_up;
	struct lp_change_scan scan;
	struct lp_arena arena;
	struct lp_plan_batch *batches; /* by rank */
	size_t batch_count, batch_capacity;
	size_t *by_id;                /* indices of batches */
	struct lp_batch_head *asleep; /* of disabled calculations: they have read what may change */
	size_t asleep_count, asleep_capacity;
	struct lp_pending *pending; /* by rank, window, calculation */
	size_t pending_count, pending_capacity;
	struct lp_plan_retry *retries;
	size_t retry_count, retry_capacity;

	struct lp_recompute_list recomputes; /* of the rank that is worked on; before the first: of all */
	bool owing;                          /* something may have become owed that can be computed now */
	bool rewritten;                      /* what somebody may have read, since changes were followed */
	struct lp_lost_batch *gone;          /* batches whose schedule cannot be followed */
	size_t gone_count, gone_capacity;
	uint64_t still_owed; /* of ranks that are done */
	uint64_t too_old;    /* hours of series that changed and are not followed */

	int32_t rank; /* the one that is worked on */
	enum lp_plan_phase phase;
	size_t cursor;      /* where the search for the next batch begins, so that each gets its turn */
	size_t next_retry;  /* retries before it were given out */
	size_t first_retry; /* retries before it came back */
	size_t in_flight;   /* batches and retries on their way */
	uint64_t windows;   /* planned: calculations times windows, where nothing holds them back */
	double samples;     /* that new windows hold, at one a second for each calculation */
	size_t chunks;      /* batches and retries with something to do: more threads than that are of no use */
};

/*
 * Asks the store what there is, and looks at what has changed.  due: whether
 * anything can be computed now.  The store stays in use until the plan is freed.
 */
bool lp_plan_load(struct lp_plan *plan, struct lp_store *store, const struct lp_plan_options *options, bool *due,
                  struct lp_error *error) LP_MUST_CHECK;
/*
 * In the transaction in which the run has begun, and the plan was loaded after
 * that: changes are followed.  Not before, because what an abandoned run commits
 * must not come behind it.
 */
bool lp_plan_begin(struct lp_plan *plan, int64_t run_id, struct lp_error *error) LP_MUST_CHECK;
/*
 * From where a batch goes on, and up to where: where it has more to do than a
 * run does, or what it reads is still to be made up for, with the newest
 * windows.  `most` of them go into due; an error: it cannot be scheduled.
 */
bool lp_plan_choose(const struct lp_plan *plan, const struct lp_plan_batch *batch, size_t most,
                    struct lp_choice *choice, struct lp_due *due, struct lp_error *error) LP_MUST_CHECK;
/* Fills the job with the next batch, and *found.  Not found: none now; for good, if none is in flight. */
bool lp_plan_next(struct lp_plan *plan, struct lp_job *job, bool *found, struct lp_error *error) LP_MUST_CHECK;
/* A job came back. */
void lp_plan_finish(struct lp_plan *plan, const struct lp_job *job);
/* Calculations times windows that are due and were not computed. */
uint64_t lp_plan_still_due(const struct lp_plan *plan);
/* NULL: no calculation of that batch is enabled, and so nobody has to wait for it. */
struct lp_plan_batch *lp_plan_find(const struct lp_plan *plan, int64_t id);
/* Only what lp_each_hold needs. */
bool lp_plan_load_heads(struct lp_plan *plan, struct lp_store *store, lp_time tick,
                        struct lp_error *error) LP_MUST_CHECK;

/* hold.c: what can be computed because all is there that it reads. */

/* Windows of a batch that end by then read nothing that is still to come. */
lp_time lp_plan_upstream(const struct lp_plan *plan, const struct lp_batch_head *head);
/*
 * Whether all is there that a window reads: nothing of it is still to come, and
 * nothing is still to be made up for.  An lp_window_ready; context: the plan.
 */
bool lp_plan_ready(void *context, const struct lp_batch_head *head, const struct lp_window *window);
/*
 * Of windows that were missed the newest are not ready: up to where they can be
 * computed all the same.  LP_TIME_NONE: they are ready, or all have to wait.
 */
lp_time lp_plan_cut(const struct lp_plan *plan, const struct lp_recompute *recompute);
/* Whether anything that it reads is still to be made up for. */
bool lp_plan_reads_gaps(const struct lp_plan *plan, const struct lp_batch_head *head);
/* Of windows that are over; false: the next one can be computed, or none is over. */
bool lp_plan_hold(const struct lp_plan *plan, const struct lp_batch_head *head, struct lp_hold *hold);
/* Batches whose schedule cannot be followed: their calculations have failed.  Notes it where it is not noted yet. */
size_t lp_plan_unusable(const struct lp_plan *plan);
bool lp_plan_fail_unusable(const struct lp_plan *plan, struct lp_error *error) LP_MUST_CHECK;
/* The first tick at which something becomes due. */
lp_time lp_plan_next_due(const struct lp_plan *plan);
void lp_plan_free(struct lp_plan *plan);

#endif
