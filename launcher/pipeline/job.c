/*
 * Makes and frees jobs; parts.c and shares.c cut them.
 *
 * Runs in the main process, in whichever thread has the job.
 */
#include "pipeline/job.h"

#include <assert.h>
#include <stdlib.h>

struct lp_job *lp_job_new(struct lp_arena_source *source)
{
	struct lp_job *job = lp_allocate(sizeof *job);
	job->batch = lp_batch_new(source);
	job->windows = lp_reallocate(NULL, LP_BATCH_TASKS_MOST, sizeof *job->windows);
	return job;
}

struct lp_job *lp_job_part(struct lp_job *whole, size_t index)
{
	assert(index <= whole->part_capacity);
	if (index == whole->part_capacity) {
		whole->parts = lp_reallocate(whole->parts, index + 1, sizeof whole->parts[0]);
		struct lp_job *fresh = lp_allocate(sizeof *fresh);
		fresh->batch = lp_batch_new(whole->batch->arena.source);
		whole->parts[whole->part_capacity++] = fresh;
	}
	return whole->parts[index];
}

void lp_job_empty(struct lp_job *job)
{
	lp_batch_empty(job->batch);
	for (size_t i = 0; i < job->part_capacity; i++)
		lp_batch_empty(job->parts[i]->batch);
	*job = (struct lp_job){
		.batch = job->batch, .windows = job->windows, .parts = job->parts, .part_capacity = job->part_capacity
	};
}

void lp_job_free(struct lp_job *job)
{
	if (job == NULL)
		return;
	for (size_t i = 0; i < job->part_capacity; i++)
		lp_job_free(job->parts[i]);
	lp_batch_free(job->batch);
	free(job->parts);
	free(job->windows);
	free(job);
}
