/*
 * A job: a batch on its way through the stages.  Made by the main thread, which
 * alone gives jobs out and takes them back; in between it belongs to whoever
 * popped it.  Internal to pipeline/.
 *
 * Runs in the main process, in whichever thread has the job.
 */
#ifndef LP_PIPELINE_JOB_H
#define LP_PIPELINE_JOB_H

#include "store/store.h"

/* How a job came back to the main thread, or a part of it to the whole. */
enum lp_job_end {
	LP_JOB_GOES_ON, /* not at its end */
	LP_JOB_COMMITTED,
	LP_JOB_REFUSED,     /* nothing was stored: the definitions changed meanwhile */
	LP_JOB_DROPPED,     /* the run is ending: nothing of it was computed */
	LP_JOB_FAILED,      /* error says why */
	LP_JOB_THREAD_DOWN, /* no job: the message of a thread that could not start */
};

/* A batch whose windows nobody knows: what it would have written from a time on is not there. */
struct lp_lost_batch {
	int64_t batch_id;
	lp_time from;
};

struct lp_job {
	struct lp_batch *batch;
	size_t plan;               /* whose it is: index into the plan's batches, or its retries */
	struct lp_window *windows; /* room for LP_BATCH_TASKS_MOST */
	size_t window_count;
	const struct lp_pending *pending; /* of a retry: by calculation; the plan's */
	size_t pending_count;
	const struct lp_lost_batch *gone; /* the plan's; none mostly */
	size_t gone_count;
	enum lp_job_end end;
	struct lp_error error;
	struct lp_job *next;

	/*
	 * Of a job that is being fetched or computed: its parts.  While it is
	 * fetched each is a share of the series, while it is computed a job with a
	 * batch of its own over some of the tasks; what was fetched lies in their
	 * arenas.
	 */
	struct lp_job **parts;
	size_t part_count, part_capacity;
	atomic_size_t parts_left; /* not come back yet */
	/* Of a part. */
	struct lp_job *whole;
	struct lp_share share;
};

struct lp_job *lp_job_new(struct lp_arena_source *source);      /* as of lp_batch_new */
struct lp_job *lp_job_part(struct lp_job *whole, size_t index); /* made where there is none; index <= part_capacity */
void lp_job_empty(struct lp_job *job);                          /* ready for the next batch; keeps its memory */
void lp_job_free(struct lp_job *job);

/* waiting.c: decides the tasks that have to wait for another calculation. */
bool lp_job_find_waiting(struct lp_store *store, struct lp_job *job, struct lp_error *error) LP_MUST_CHECK;

/*
 * shares.c: cuts a job that is to be fetched into at most `most` shares.  For
 * one more it needs so many samples, expected at one a second where no interval
 * is known: they take about as long as another session of the server to begin.
 */
#define LP_SHARE_SAMPLES 6000
void lp_job_share(struct lp_job *whole, size_t most);
/* A share came back; true: it was the last one.  Then whole->end says whether the whole goes on. */
bool lp_job_fetched(struct lp_job *part) LP_MUST_CHECK;

/* parts.c: cuts a fetched job into at most `most` parts. */
void lp_job_split(struct lp_job *whole, size_t most);
/* A part came back; true: it was the last one, and the whole is put together again. */
bool lp_job_join(struct lp_job *part) LP_MUST_CHECK;
/* Before the commit of a job that was stopped in the middle: see there. */
void lp_job_cut(struct lp_job *job);

#endif
