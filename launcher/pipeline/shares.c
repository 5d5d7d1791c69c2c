/*
 * Cuts a job into shares, fetched by several fetchers at once. Shares are made
 * of series, not of tasks, so that a series which several calculations read is
 * still fetched once. They follow the order of ids, because neighbours lie on
 * the same pages.
 *
 * Runs in the main process, in the threads of fetchers.
 */
#include "pipeline/job.h"

#include "model/order.h"
#include <stdlib.h>

struct wanted {
	int64_t *series; /* one for each task and input */
	size_t count;
	double samples; /* that are expected */
};

static size_t count_inputs(const struct lp_batch *batch)
{
	size_t count = 0;
	for (size_t i = 0; i < batch->task_count; i++)
		count += batch->calculations[batch->tasks[i].calculation].input_count;
	return count;
}

static struct wanted look(struct lp_batch *batch)
{
	struct wanted wanted = { .series = lp_arena_zeroed(&batch->arena, count_inputs(batch), sizeof(int64_t)) };
	for (size_t i = 0; i < batch->task_count; i++) {
		const struct lp_task *task = &batch->tasks[i];
		const struct lp_calculation *calculation = &batch->calculations[task->calculation];
		for (size_t k = 0; k < calculation->input_count; k++) {
			const struct lp_input *input = &calculation->inputs[k];
			int64_t interval = input->interval > 0 ? input->interval : LP_SECOND;
			wanted.series[wanted.count++] = input->series_id;
			wanted.samples += (double)(task->ranges[k].end - task->ranges[k].start) / (double)interval;
		}
	}
	qsort(wanted.series, wanted.count, sizeof wanted.series[0], lp_compare_numbers);
	return wanted;
}

static void add_share(struct lp_job *whole, size_t index, int64_t first, int64_t last)
{
	struct lp_job *part = lp_job_part(whole, index);
	*part = (struct lp_job){ .batch = part->batch, .whole = whole };
	part->share = (struct lp_share){ .first = first, .last = last, .arena = &part->batch->arena };
}

void lp_job_share(struct lp_job *whole, size_t most)
{
	size_t count = 0;
	int64_t first = INT64_MIN;
	if (most > 1) {
		struct wanted wanted = look(whole->batch);
		double worth = wanted.samples / LP_SHARE_SAMPLES;
		size_t shares = worth < (double)most ? (size_t)worth : most;
		for (size_t i = 1; i < shares; i++) {
			int64_t next = wanted.series[wanted.count * i / shares];
			/* A share is never empty, and no two begin at the same series. */
			if (next == wanted.series[0] || next == first)
				continue;
			add_share(whole, count++, first, next - 1);
			first = next;
		}
	}
	add_share(whole, count++, first, INT64_MAX);
	whole->part_count = count;
	atomic_store(&whole->parts_left, count);
}

bool lp_job_fetched(struct lp_job *part)
{
	struct lp_job *whole = part->whole;
	struct lp_batch *batch = whole->batch;
	if (atomic_fetch_sub(&whole->parts_left, 1) != 1)
		return false;
	for (size_t i = 0; i < whole->part_count; i++) {
		struct lp_job *share = whole->parts[i];
		batch->fetch_time += share->batch->fetch_time;
		batch->samples_read += share->share.samples_read;
		lp_batch_leave_unreadable(batch, &share->share);
		if (share->end == LP_JOB_GOES_ON || whole->end == LP_JOB_FAILED)
			continue;
		whole->end = share->end;
		whole->error = share->error;
	}
	return true;
}
