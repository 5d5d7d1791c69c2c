/*
 * A job is a batch on its way through the stages. The main thread makes jobs,
 * gives them out and takes them back; in between, a job belongs to the thread
 * that popped it. Internal to pipeline/.
 *
 * Runs in the main process, in whichever thread has the job.
 */
#ifndef LP_PIPELINE_JOB_H
#define LP_PIPELINE_JOB_H

#include "store/store.h"

/* How a job came back to the main thread, or a part to its whole. */
enum lp_job_end {
	LP_JOB_GOES_ON, /* not finished */
	LP_JOB_COMMITTED,
	LP_JOB_REFUSED,     /* nothing was stored: the definitions changed meanwhile */
	LP_JOB_DROPPED,     /* the run is ending, and nothing of it was computed */
	LP_JOB_FAILED,      /* error says why */
	LP_JOB_THREAD_DOWN, /* not a job: the message of a thread that could not start */
};

/* A batch whose schedule cannot be followed: the results that it should have written from `from` on are missing. */
struct lp_lost_batch {
	int64_t batch_id;
	lp_time from;
};

struct lp_job {
	struct lp_batch *batch;
	/* index into the plan's batches, retries or recompute groups, by the kind of the batch */
	size_t plan;
	struct lp_window *windows; /* of LP_BATCH_TASKS_MOST */
	size_t window_count;
	const struct lp_pending *pending; /* of a retry: by calculation; they belong to the plan */
	size_t pending_count;
	const struct lp_lost_batch *lost; /* the plan's; none mostly */
	size_t lost_count;
	enum lp_job_end end;
	int stage; /* enum lp_stage of the thread that is down; only of LP_JOB_THREAD_DOWN */
	struct lp_error error;
	struct lp_job *next;

	/*
	 * While a job is fetched or computed: its parts. During the fetch each is a
	 * share of the series; during the computation each has a batch of its own with
	 * some of the tasks. The samples lie in their arenas.
	 */
	struct lp_job **parts;
	size_t part_count, part_capacity;
	atomic_size_t parts_left; /* that have not come back yet */
	/* Of a part. */
	struct lp_job *whole;
	struct lp_share share;
};

struct lp_job *lp_job_new(struct lp_arena_source *source); /* as of lp_batch_new */
/* makes it if it does not exist; index <= part_capacity */
struct lp_job *lp_job_part(struct lp_job *whole, size_t index);
void lp_job_empty(struct lp_job *job); /* keeps its memory for the next batch */
void lp_job_free(struct lp_job *job);

/* waiting.c: decides the tasks that have to wait for another calculation. */
bool lp_job_find_waiting(struct lp_store *store, struct lp_job *job, struct lp_error *error) LP_MUST_CHECK;

/*
 * shares.c: cuts a job into at most `most` shares to be fetched. Each further
 * share must bring LP_SHARE_SAMPLES samples (expected, at one a second if the
 * series has no interval): fewer are read faster than another session of the
 * server can begin.
 */
#define LP_SHARE_SAMPLES 6000
void lp_job_share(struct lp_job *whole, size_t most);
/* Takes back a share. True: it was the last one, and whole->end says how the fetch ended. */
bool lp_job_fetched(struct lp_job *part) LP_MUST_CHECK;

/* parts.c: cuts a fetched job into at most `most` parts to be computed. */
void lp_job_split(struct lp_job *whole, size_t most);
/* Takes back a part. True: it was the last one, and the whole is put together again. */
bool lp_job_join(struct lp_job *part) LP_MUST_CHECK;
/* Drops what was not computed from a job that was stopped midway, before it is committed. */
void lp_job_cut(struct lp_job *job);

#endif
