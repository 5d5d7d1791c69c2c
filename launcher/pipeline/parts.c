/*
 * Cuts a fetched job into parts, computed by several workers at once, and puts
 * them together again. Each part belongs to one thread at a time.
 *
 * Runs in the main process: cut by fetchers, joined by workers, lp_job_cut in
 * committers.
 */
#include "pipeline/job.h"

#include <assert.h>

void lp_job_split(struct lp_job *whole, size_t most)
{
	const struct lp_batch *from = whole->batch;
	size_t count = from->task_count < most ? from->task_count : most, first = 0;
	if (count == 0)
		count = 1;
	for (size_t index = 0; index < count; index++) {
		struct lp_job *part = lp_job_part(whole, index);
		struct lp_arena arena = part->batch->arena;
		size_t end = from->task_count * (index + 1) / count;
		*part = (struct lp_job){ .batch = part->batch, .whole = whole };
		*part->batch = (struct lp_batch){
			.magic = LP_BATCH_MAGIC,
			.kind = from->kind,
			.reason = from->reason,
			.head = from->head,
			.new_watermark = from->new_watermark,
			.tick = from->tick,
			.calculations = from->calculations,
			.calculation_count = from->calculation_count,
			.tasks = from->tasks + first,
			.task_count = end - first,
			.arena = arena,
		};
		first = end;
	}
	whole->part_count = count;
	atomic_store(&whole->parts_left, count);
}

/* `computed` counts from the first task, so tasks that were not computed or were left move to the end. */
static void put_in_order(struct lp_job *whole)
{
	struct lp_batch *batch = whole->batch;
	struct lp_task *tasks = lp_arena_zeroed(&batch->arena, batch->task_count, sizeof *tasks);
	struct lp_task *rest = lp_arena_zeroed(&batch->arena, batch->task_count, sizeof *rest);
	size_t done = 0, left = 0;
	for (size_t index = 0; index < whole->part_count; index++) {
		const struct lp_batch *part = whole->parts[index]->batch;
		size_t computed = atomic_load(&part->computed);
		for (size_t i = 0; i < part->task_count; i++)
			if (i < computed && !part->tasks[i].left)
				tasks[done++] = part->tasks[i];
			else
				rest[left++] = part->tasks[i];
	}
	assert(done + left == batch->task_count);
	atomic_store(&batch->computed, done);
	for (size_t i = 0; i < left; i++)
		tasks[done++] = rest[i];
	batch->tasks = tasks;
}

/* Only retries can be left. */
static bool has_left(const struct lp_batch *part)
{
	for (size_t i = 0; i < part->task_count && part->kind == LP_BATCH_RETRY; i++)
		if (part->tasks[i].left)
			return true;
	return false;
}

bool lp_job_join(struct lp_job *part)
{
	struct lp_job *whole = part->whole;
	if (atomic_fetch_sub(&whole->parts_left, 1) != 1)
		return false;
	size_t computed = 0;
	bool left = false;
	for (size_t index = 0; index < whole->part_count; index++) {
		computed += atomic_load(&whole->parts[index]->batch->computed);
		if (whole->parts[index]->end == LP_JOB_FAILED && whole->end != LP_JOB_FAILED) {
			whole->end = LP_JOB_FAILED;
			whole->error = whole->parts[index]->error;
		}
		left = left || has_left(whole->parts[index]->batch);
		whole->batch->compute_time += whole->parts[index]->batch->compute_time;
	}
	if (computed == whole->batch->task_count && !left)
		atomic_store(&whole->batch->computed, computed);
	else
		put_in_order(whole);
	return true;
}

/* Cuts to whole windows: a range moves on by windows of which every calculation was computed. */
static void cut_recompute(struct lp_batch *batch, size_t computed)
{
	lp_time missing = LP_TIME_MAX;
	size_t keep = 0;
	for (size_t i = computed; i < batch->task_count; i++)
		if (batch->tasks[i].window.end < missing)
			missing = batch->tasks[i].window.end;
	batch->recomputed_until = batch->owed[0].after_end;
	for (size_t i = 0; i < computed; i++) {
		if (batch->tasks[i].window.end >= missing)
			continue;
		if (batch->tasks[i].window.end > batch->recomputed_until)
			batch->recomputed_until = batch->tasks[i].window.end;
		batch->tasks[keep++] = batch->tasks[i];
	}
	batch->task_count = keep;
	atomic_store(&batch->computed, keep);
}

/*
 * Windows of which nothing was computed stay due: the watermark moves only to
 * the last window of which something was. Tasks missing up to there become
 * pending.
 */
void lp_job_cut(struct lp_job *job)
{
	struct lp_batch *batch = job->batch;
	size_t computed = atomic_load(&batch->computed), keep = computed;
	if (computed == batch->task_count || computed == 0)
		return;
	/* Missed windows go from the newest on: a range that was not computed whole stays, see lp_owed_moves. */
	if (batch->kind == LP_BATCH_RECOMPUTE && batch->reason == LP_REASON_CATCH_UP)
		return;
	if (batch->kind == LP_BATCH_RECOMPUTE) {
		cut_recompute(batch, computed);
		return;
	}
	lp_time last = LP_TIME_NONE;
	for (size_t i = 0; i < computed; i++)
		if (batch->tasks[i].window.end > last)
			last = batch->tasks[i].window.end;
	for (size_t i = computed; i < batch->task_count && batch->kind != LP_BATCH_RETRY; i++)
		if (batch->tasks[i].window.end <= last)
			batch->tasks[keep++] = batch->tasks[i];
	batch->task_count = keep;
	if (batch->kind != LP_BATCH_RETRY)
		batch->new_watermark = last;
}
