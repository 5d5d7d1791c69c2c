/*
 * Owed windows of one rank, grouped into jobs: calculations of a stored batch
 * whose ranges have one reason and begin together. Internal to pipeline/.
 *
 * Runs in the main process, in its main thread.
 */
#ifndef LP_PIPELINE_RECOMPUTE_H
#define LP_PIPELINE_RECOMPUTE_H

#include "pipeline/job.h"
#include "schedule/schedule.h"

struct lp_recompute {
	size_t first, count;              /* in owed */
	const struct lp_batch_head *head; /* of their batch; it belongs to the plan */
	lp_time after_end, until_end;     /* what is left of it; until_end is that of the longest range */
	bool past;                        /* windows that were missed, newest first */
	lp_time previewed_from;           /* of lp_preview_run: start of the windows that this run would do */
	uint64_t previewed;               /* and how many they are */
	uint64_t windows;                 /* given out in this run, per calculation */
	bool on_its_way, finished;
};

struct lp_recompute_list {
	struct lp_owed *owed; /* in each group by calculation */
	size_t owed_count, owed_capacity;
	struct lp_recompute *items;
	size_t count, capacity;
	size_t cursor; /* where the search for the next group begins, so that each gets its turn */
};

/*
 * Reads the owed windows of a rank (-1: of all). head_of returns the head of a
 * batch by id, or NULL to leave its windows out. is_lost: the batch's windows
 * are unknown, and its readers go on waiting.
 */
typedef const struct lp_batch_head *lp_head_of(const void *context, int64_t batch_id);
typedef bool lp_is_lost(const void *context, int64_t batch_id);
struct lp_batch_lookup {
	lp_head_of *head_of;
	lp_is_lost *is_lost;
	const void *context;
};
bool lp_recompute_load(struct lp_recompute_list *recomputes, struct lp_store *store, enum lp_run_kind kind,
                       int32_t rank, const struct lp_batch_lookup *lookup, struct lp_error *error) LP_MUST_CHECK;
/*
 * Fills the job with the next windows, at most `most` per range and run (0: no
 * limit). Missed windows are taken only as far as they are ready, because they
 * come after what they read. False: there is none now.
 */
bool lp_recompute_next(struct lp_recompute_list *recomputes, uint64_t most, const struct lp_readiness *ready,
                       struct lp_job *job) LP_MUST_CHECK;
/* Counts windows of a group as given out. */
void lp_recompute_use(struct lp_recompute_list *recomputes, size_t index, uint64_t windows);
/* Cuts a group of missed windows: what ends after `at` becomes a group of its own, which waits. */
void lp_recompute_cut(struct lp_recompute_list *recomputes, size_t index, lp_time at);
/* Takes back a job. */
void lp_recompute_finish(struct lp_recompute_list *recomputes, const struct lp_job *job);
/* Returns calculations times windows that are left. */
uint64_t lp_recompute_left(const struct lp_recompute_list *recomputes);
void lp_recompute_free(struct lp_recompute_list *recomputes);

#endif
