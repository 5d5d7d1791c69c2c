/*
 * Bounded queues between threads, and what travels in them.  Internal to pipeline/.
 */
#ifndef LP_PIPELINE_QUEUE_H
#define LP_PIPELINE_QUEUE_H

#include "store/store.h"
#include <pthread.h>

/* How a job came back to the main thread, or a part of it to the whole. */
enum lp_job_end {
	LP_JOB_GOES_ON, /* not at its end */
	LP_JOB_COMMITTED,
	LP_JOB_REFUSED,     /* nothing was stored: the definitions changed meanwhile */
	LP_JOB_DROPPED,     /* the run is ending: nothing of it was computed */
	LP_JOB_FAILED,      /* error says why */
	LP_JOB_THREAD_DOWN, /* no job: the message of a thread that could not start */
};

/*
 * A batch on its way.  Made by the main thread, which alone gives jobs out and
 * takes them back; in between it belongs to whoever popped it.
 */
/* A batch whose windows nobody knows: what it would have written from a time on is not there. */
struct lp_gone {
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
	const struct lp_gone *gone; /* the plan's; none mostly */
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

struct lp_queue {
	pthread_mutex_t lock;
	pthread_cond_t not_empty, not_full;
	struct lp_job *first, **last;
	size_t count, capacity;
	int64_t filled_since; /* monotonic nanoseconds; 0: it is empty */
	bool closed;
};

void lp_queue_init(struct lp_queue *queue, size_t capacity);
void lp_queue_destroy(struct lp_queue *queue);
/* Waits while it is full.  A closed queue takes no more: false, and the job stays the caller's. */
bool lp_queue_push(struct lp_queue *queue, struct lp_job *job) LP_MUST_CHECK;
/* Waits while it is empty.  NULL: it is closed, and empty. */
struct lp_job *lp_queue_pop(struct lp_queue *queue);
/* The same, but waits so many milliseconds at most.  NULL: nothing came. */
struct lp_job *lp_queue_pop_within(struct lp_queue *queue, int milliseconds);
bool lp_queue_is_empty(struct lp_queue *queue);
/* For how many nanoseconds something has been waiting in it all the time. */
int64_t lp_queue_waiting(struct lp_queue *queue);
/* What is in it can still be popped. */
void lp_queue_close(struct lp_queue *queue);

#endif
