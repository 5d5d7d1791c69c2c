/*
 * Bounded queues between threads. Of a job it knows only the link to the next
 * one.
 *
 * Runs in the main process, in any thread.
 */
#include "pipeline/queue.h"

#include "model/clock.h"
#include "pipeline/job.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

/* A mutex that cannot be locked is a bug, never a condition to handle. */
static void must(int error_number)
{
	assert(error_number == 0);
	(void)error_number;
}

void lp_queue_init(struct lp_queue *queue, size_t capacity)
{
	assert(capacity > 0);
	*queue = (struct lp_queue){ .capacity = capacity, .last = &queue->first };
	must(pthread_mutex_init(&queue->lock, NULL));
	must(pthread_cond_init(&queue->not_full, NULL));
	/* A timed wait must not jump when the machine's clock is set. */
	pthread_condattr_t attributes;
	must(pthread_condattr_init(&attributes));
	must(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC));
	must(pthread_cond_init(&queue->not_empty, &attributes));
	must(pthread_condattr_destroy(&attributes));
}

void lp_queue_destroy(struct lp_queue *queue)
{
	must(pthread_cond_destroy(&queue->not_empty));
	must(pthread_cond_destroy(&queue->not_full));
	must(pthread_mutex_destroy(&queue->lock));
}

bool lp_queue_push(struct lp_queue *queue, struct lp_job *job)
{
	must(pthread_mutex_lock(&queue->lock));
	while (queue->count == queue->capacity && !queue->closed)
		must(pthread_cond_wait(&queue->not_full, &queue->lock));
	bool taken = !queue->closed;
	if (taken) {
		if (queue->first == NULL)
			queue->filled_since = lp_monotonic();
		job->next = NULL;
		*queue->last = job;
		queue->last = &job->next;
		queue->count++;
		must(pthread_cond_signal(&queue->not_empty));
	}
	must(pthread_mutex_unlock(&queue->lock));
	return taken;
}

/* Call it with the lock held. */
static struct lp_job *take(struct lp_queue *queue)
{
	struct lp_job *job = queue->first;
	if (job == NULL)
		return NULL;
	queue->first = job->next;
	if (queue->first == NULL) {
		queue->last = &queue->first;
		queue->filled_since = 0;
	}
	queue->count--;
	job->next = NULL;
	must(pthread_cond_signal(&queue->not_full));
	return job;
}

struct lp_job *lp_queue_pop(struct lp_queue *queue)
{
	must(pthread_mutex_lock(&queue->lock));
	while (queue->first == NULL && !queue->closed)
		must(pthread_cond_wait(&queue->not_empty, &queue->lock));
	struct lp_job *job = take(queue);
	must(pthread_mutex_unlock(&queue->lock));
	return job;
}

struct lp_job *lp_queue_pop_within(struct lp_queue *queue, int milliseconds)
{
	const struct timespec until = lp_clock_after(CLOCK_MONOTONIC, milliseconds);
	must(pthread_mutex_lock(&queue->lock));
	int result = 0;
	while (queue->first == NULL && !queue->closed && result == 0)
		result = pthread_cond_timedwait(&queue->not_empty, &queue->lock, &until);
	assert(result == 0 || result == ETIMEDOUT);
	struct lp_job *job = take(queue);
	must(pthread_mutex_unlock(&queue->lock));
	return job;
}

bool lp_queue_is_empty(struct lp_queue *queue)
{
	must(pthread_mutex_lock(&queue->lock));
	bool empty = queue->count == 0;
	must(pthread_mutex_unlock(&queue->lock));
	return empty;
}

int64_t lp_queue_waiting(struct lp_queue *queue)
{
	must(pthread_mutex_lock(&queue->lock));
	int64_t since = queue->filled_since;
	must(pthread_mutex_unlock(&queue->lock));
	return since == 0 ? 0 : lp_monotonic() - since;
}

void lp_queue_close(struct lp_queue *queue)
{
	must(pthread_mutex_lock(&queue->lock));
	queue->closed = true;
	must(pthread_cond_broadcast(&queue->not_empty));
	must(pthread_cond_broadcast(&queue->not_full));
	must(pthread_mutex_unlock(&queue->lock));
}
