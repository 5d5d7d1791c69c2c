/* Makes and frees batches, their tasks and the coverage of these. The stages decide what goes in and out. */
#include "model/batch.h"

#include <assert.h>
#include <stdlib.h>

static size_t within_samples(int64_t span, size_t samples, size_t least, size_t most)
{
	int64_t seconds = span / LP_SECOND > 0 ? span / LP_SECOND : 1;
	size_t fit = samples / (size_t)seconds;
	return fit < least ? least : fit > most ? most : fit;
}

size_t lp_batch_size(int64_t span)
{
	return within_samples(span, LP_BATCH_SAMPLES, LP_BATCH_SIZE_LEAST, LP_BATCH_SIZE);
}

size_t lp_batch_tasks(int64_t span)
{
	return within_samples(span, 2 * (size_t)LP_BATCH_SAMPLES, lp_batch_size(span), LP_BATCH_TASKS_MOST);
}

int64_t lp_batch_span(const struct lp_batch_head *head)
{
	return head->span > 0 ? head->span : lp_span_about(head->schedule.window);
}

struct lp_batch *lp_batch_new(struct lp_arena_source *source)
{
	struct lp_batch *batch = lp_allocate(sizeof *batch);
	batch->arena.source = source;
	batch->magic = LP_BATCH_MAGIC;
	batch->new_watermark = LP_TIME_NONE;
	return batch;
}

void lp_batch_empty(struct lp_batch *batch)
{
	LP_CHECK_BATCH(batch);
	struct lp_arena arena = batch->arena;
	lp_arena_empty(&arena);
	*batch = (struct lp_batch){ .magic = LP_BATCH_MAGIC, .new_watermark = LP_TIME_NONE, .arena = arena };
}

void lp_batch_free(struct lp_batch *batch)
{
	if (batch == NULL)
		return;
	LP_CHECK_BATCH(batch);
	lp_arena_free(&batch->arena);
	batch->magic = 0;
	free(batch);
}

void lp_batch_plan(struct lp_batch *batch, const struct lp_window *windows, size_t window_count)
{
	LP_CHECK_BATCH(batch);
	batch->tasks = lp_arena_zeroed(&batch->arena, batch->calculation_count * window_count, sizeof *batch->tasks);
	batch->task_count = 0;
	for (size_t w = 0; w < window_count; w++) {
		for (size_t c = 0; c < batch->calculation_count; c++) {
			if (!batch->calculations[c].enabled)
				continue;
			size_t inputs = batch->calculations[c].input_count;
			struct lp_window *ranges = lp_arena_zeroed(&batch->arena, inputs, sizeof *ranges);
			for (size_t i = 0; i < inputs; i++)
				ranges[i] = windows[w];
			bool at_end = batch->calculations[c].result_time == LP_RESULT_AT_END;
			batch->tasks[batch->task_count++] = (struct lp_task){
				.calculation = (uint32_t)c,
				.attempt = 1,
				.window = windows[w],
				.result_time = at_end ? windows[w].end : windows[w].start,
				.ranges = ranges,
				.coverage = NAN,
				.columns = lp_arena_zeroed(&batch->arena, inputs, sizeof(struct lp_column)),
				.previous = lp_arena_zeroed(&batch->arena, inputs, sizeof(struct lp_column)),
			};
		}
	}
	atomic_store(&batch->computed, 0);
}

bool lp_batch_is_unread(const struct lp_batch *batch)
{
	LP_CHECK_BATCH(batch);
	for (size_t i = 0; i < batch->task_count && batch->read_before > LP_TIME_NONE; i++) {
		const struct lp_outcome *outcome = &batch->tasks[i].outcome;
		for (size_t k = 0; k < outcome->result_count; k++)
			if (outcome->results[k].time < batch->read_before)
				return false;
	}
	/* A recomputed window may also take results off. */
	return batch->kind == LP_BATCH_FORWARD || batch->read_before == LP_TIME_NONE;
}

static bool overlap(struct lp_window a, struct lp_window b)
{
	return a.start < a.end && b.start < b.end && a.start < b.end && b.start < a.end;
}

static bool reads_pruned(const struct lp_input *input, struct lp_window range, const struct lp_column *column,
                         const struct lp_column *previous)
{
	struct lp_window before = { .start = range.start, .end = range.start };
	int64_t lookback = lp_input_lookback(input, column);
	if (overlap(range, input->pruned))
		return true;
	if (lookback <= 0)
		return false;
	if (__builtin_sub_overflow(range.start, lookback, &before.start))
		before.start = LP_TIME_MIN;
	if (!overlap(before, input->pruned))
		return false;
	/* If as many samples as asked for lie behind the removed ones, all that a look-back needs is left. */
	return previous->count == 0 || previous->time[0] < input->pruned.end ||
	       (previous->count < LP_METER_SAMPLES && lp_input_needs_earlier(input, column, previous));
}

void lp_batch_leave_pruned(struct lp_batch *batch)
{
	LP_CHECK_BATCH(batch);
	for (size_t i = 0; i < batch->task_count; i++) {
		struct lp_task *task = &batch->tasks[i];
		const struct lp_calculation *calculation = &batch->calculations[task->calculation];
		for (size_t k = 0; k < calculation->input_count && !task->decided; k++) {
			if (!reads_pruned(&calculation->inputs[k], task->ranges[k], &task->columns[k],
			                  &task->previous[k]))
				continue;
			task->decided = true;
			task->pruned = &calculation->inputs[k];
			task->outcome = (struct lp_outcome){ .state = LP_STATE_NO_DATA };
		}
	}
}

void lp_batch_leave_unreadable(struct lp_batch *batch, const struct lp_share *share)
{
	LP_CHECK_BATCH(batch);
	for (size_t i = 0; i < batch->task_count && share->unreadable_count > 0; i++) {
		struct lp_task *task = &batch->tasks[i];
		const struct lp_calculation *calculation = &batch->calculations[task->calculation];
		for (size_t k = 0; k < calculation->input_count && !task->decided; k++) {
			int64_t id = calculation->inputs[k].series_id;
			size_t at = LP_LOWER_BOUND(share->unreadable_count, u, share->unreadable[u].series_id < id);
			if (at == share->unreadable_count || share->unreadable[at].series_id != id)
				continue;
			task->decided = task->blameless = true;
			task->outcome = (struct lp_outcome){ .state = LP_STATE_FAILED,
				                             .error_type = "SamplesUnreadable",
				                             .error_message = share->unreadable[at].why };
		}
	}
}

bool lp_task_is_left(const struct lp_batch *batch, const struct lp_task *task)
{
	switch (batch->reason) {
	case LP_REASON_NEW:
	case LP_REASON_CATCH_UP:
	case LP_REASON_RETRY:
	case LP_REASON_WAITED:
	case LP_REASON_TRIPPED:
		return false;
	default:
		return task->pruned != NULL && batch->kind == LP_BATCH_RECOMPUTE;
	}
}

static uint32_t count_good(const struct lp_column *column)
{
	uint32_t good = 0;
	for (size_t i = 0; i < column->count; i++)
		good += !lp_sample_is_missing(column->value[i],
		                              column->quality == NULL ? LP_QUALITY_GOOD : column->quality[i]);
	return good;
}

/* Clocks are not exact: a sample may lie up to a quarter of the interval on either side of an end. */
enum { GRID_SHAKES = 4 };

/*
 * Returns how many samples a range must have: as many whole intervals as fit
 * into it, wherever the grid of the samples lies. A range with a remainder may
 * hold one more, and the first sample shows where the grid lies. If that one
 * would be so close to an end that jitter decides, it is not expected.
 */
static int64_t expected_samples(struct lp_window range, int64_t interval, lp_time first)
{
	int64_t length = range.end - range.start, whole = length / interval, shake = interval / GRID_SHAKES;
	if (length % interval == 0 || first < range.start || first >= range.end)
		return whole;
	int64_t before = first - range.start - shake, after = range.end - shake - first;
	int64_t by_grid = 1 + (before > 0 ? before / interval : 0) + (after > 0 ? (after - 1) / interval : 0);
	return by_grid > whole ? by_grid : whole;
}

/*
 * Returns the share of a range without samples that a held value covers. A
 * series that reports on change has nothing else. For a series that is measured
 * regularly, a value holds only until the next sample is due, in a range shorter
 * than the interval.
 */
static double share_held(const struct lp_input *input, struct lp_window range, const struct lp_column *previous)
{
	bool held = previous != NULL && previous->count > 0;
	return held && (input->interval <= 0 || range.end - previous->time[previous->count - 1] <= input->interval) ? 1
	                                                                                                            : 0;
}

/* More samples than expected count as all of them. */
static double share(const struct lp_input *input, struct lp_window range, const struct lp_column *column,
                    const struct lp_column *previous, uint32_t good)
{
	double expected = (double)column->count;
	if (column->count == 0)
		return share_held(input, range, previous);
	if (input->interval > 0)
		expected = (double)expected_samples(range, input->interval, column->time[0]);
	if (expected < 1)
		expected = 1;
	return (double)good < expected ? (double)good / expected : 1;
}

void lp_batch_cover(struct lp_batch *batch)
{
	LP_CHECK_BATCH(batch);
	for (size_t i = 0; i < batch->task_count; i++) {
		struct lp_task *task = &batch->tasks[i];
		const struct lp_calculation *calculation = &batch->calculations[task->calculation];
		task->samples = 0;
		task->coverage = NAN;
		for (size_t k = 0; k < calculation->input_count; k++) {
			uint32_t good = count_good(&task->columns[k]);
			double of_input = share(&calculation->inputs[k], task->ranges[k], &task->columns[k],
			                        task->previous == NULL ? NULL : &task->previous[k], good);
			task->samples += good;
			task->coverage = fmin(task->coverage, of_input); /* fmin drops NaN */
		}
		if (!task->decided && task->coverage < calculation->min_coverage) {
			task->decided = true;
			task->outcome = (struct lp_outcome){ .state = LP_STATE_NO_DATA };
			for (size_t k = 0; k < calculation->input_count; k++)
				task->outcome.samples_read += (uint32_t)task->columns[k].count;
		}
	}
}

void lp_task_cover(struct lp_task *task, const struct lp_calculation *calculation, double covered)
{
	if (!(covered < task->coverage))
		return;
	task->coverage = covered;
	if (covered < calculation->min_coverage && task->outcome.state == LP_STATE_OK) {
		task->outcome.state = LP_STATE_NO_DATA;
		task->outcome.result_count = 0;
	}
}
