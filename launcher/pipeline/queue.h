/*
 * Bounded queues of jobs between threads.  Internal to pipeline/.
 *
 * Runs in the main process, in any thread.
 */
#ifndef LP_PIPELINE_QUEUE_H
#define LP_PIPELINE_QUEUE_H

#include "model/error.h"

#include <pthread.h>

struct lp_job;

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
/* Waits while the queue is full. A closed queue takes no more: returns false, and the job stays the caller's. */
bool lp_queue_push(struct lp_queue *queue, struct lp_job *job) LP_MUST_CHECK;
/* Waits while the queue is empty. Returns NULL if it is closed and empty. */
struct lp_job *lp_queue_pop(struct lp_queue *queue);
/* The same, but waits at most so many milliseconds. NULL: nothing came. */
struct lp_job *lp_queue_pop_within(struct lp_queue *queue, int milliseconds);
bool lp_queue_is_empty(struct lp_queue *queue);
/* Returns for how many nanoseconds the queue has not been empty. */
int64_t lp_queue_waiting(struct lp_queue *queue);
/* Takes no more jobs; those in it can still be popped. */
void lp_queue_close(struct lp_queue *queue);

#endif
