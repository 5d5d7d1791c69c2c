/* Joins owed ranges, and computes how far they are worked off. See owed.h. */
#include "store/owed.h"

#include "model/order.h"
#include <assert.h>
#include <stdlib.h>

/* Ranges that may join are adjacent, the earliest first. */
static int compare_rows(const void *a, const void *b)
{
	const struct lp_owed_row *left = a, *right = b;
	const struct lp_owed_range *l = &left->range, *r = &right->range;
	int order = lp_compare(l->calculation_id, r->calculation_id);

	if (order == 0)
		order = lp_compare((int64_t)l->reason, (int64_t)r->reason);
	if (order == 0)
		order = lp_compare(l->cause_id, r->cause_id);
	if (order == 0)
		order = lp_compare(l->replace_imported, r->replace_imported);
	if (order == 0)
		order = lp_compare(l->after_end, r->after_end);
	if (order == 0)
		order = lp_compare(l->window_start, r->window_start);
	return order != 0 ? order : lp_compare(left->id, right->id);
}

static bool are_of_one_kind(const struct lp_owed_range *a, const struct lp_owed_range *b)
{
	return a->calculation_id == b->calculation_id && a->reason == b->reason && a->cause_id == b->cause_id &&
	       a->replace_imported == b->replace_imported;
}

/* Makes rows[taken] part of rows[kept], which begins earlier or at the same time. */
static void take_in(struct lp_owed_row *kept, struct lp_owed_row *taken)
{
	bool is_new = taken->id == 0;

	if (taken->range.until_end > kept->range.until_end)
		kept->range.until_end = taken->range.until_end;
	if (taken->touched > kept->touched)
		kept->touched = taken->touched;
	if (!is_new && (kept->id == 0 || taken->id < kept->id)) {
		int64_t id = kept->id;

		kept->id = taken->id;
		taken->id = id;
	}
	kept->changed = true;
	taken->changed = false;
	taken->gone = true;
}

/* Joins rows that touch; all rows are in order. New ones have touched 0 so far. */
static void join_neighbours(struct lp_owed_row *rows, size_t count)
{
	struct lp_owed_row *kept = NULL;
	bool has_new = false;

	for (size_t i = 0; i <= count; i++) {
		/* Two stored ranges may touch: one was cut (lp_store_cut_owed), and a run works on the first. */
		bool joins = i < count && kept != NULL && (has_new || rows[i].id == 0) &&
		             are_of_one_kind(&kept->range, &rows[i].range) &&
		             rows[i].range.after_end <= kept->range.until_end;

		if (joins) {
			has_new = has_new || rows[i].id == 0;
			take_in(kept, &rows[i]);
			continue;
		}
		if (kept != NULL && has_new) {
			kept->touched++;
			kept->changed = true;
		}
		if (i < count) {
			kept = &rows[i];
			has_new = kept->id == 0;
		}
	}
}

/* Counts up the ranges of another kind that a new range overlaps. rows[first..end) belong to one calculation. */
static void touch_others(struct lp_owed_row *rows, size_t count, const struct lp_owed_range *added)
{
	for (size_t i = 0; i < count; i++) {
		struct lp_owed_row *row = &rows[i];

		if (row->gone || row->id == 0 || are_of_one_kind(&row->range, added))
			continue;
		if (row->range.after_end < added->until_end && added->after_end < row->range.until_end) {
			row->touched++;
			row->changed = true;
		}
	}
}

static void touch_overlapped(struct lp_owed_row *rows, size_t count, const struct lp_owed_range *added,
                             size_t added_count)
{
	for (size_t i = 0; i < added_count; i++) {
		int64_t id = added[i].calculation_id;
		size_t first = LP_LOWER_BOUND(count, k, rows[k].range.calculation_id < id), end = first;

		while (end < count && rows[end].range.calculation_id == id)
			end++;
		touch_others(rows + first, end - first, &added[i]);
	}
}

struct lp_owed_rows lp_owed_join(const struct lp_owed_rows *stored, const struct lp_owed_range *added,
                                 size_t added_count, bool samples_changed, struct lp_arena *arena)
{
	size_t count = 0;
	struct lp_owed_row *rows = lp_arena_zeroed(arena, stored->count + added_count, sizeof *rows);
	struct lp_owed_rows joined = { .items = rows };

	for (size_t i = 0; i < stored->count; i++) {
		rows[count] = stored->items[i];
		rows[count].changed = rows[count].gone = false;
		count++;
	}
	for (size_t i = 0; i < added_count; i++)
		if (added[i].after_end < added[i].until_end)
			rows[count++] = (struct lp_owed_row){ .range = added[i], .changed = true };
	if (count > 0)
		qsort(rows, count, sizeof *rows, compare_rows);
	join_neighbours(rows, count);
	if (samples_changed)
		touch_overlapped(rows, count, added, added_count);
	for (size_t i = 0; i < count; i++)
		if (rows[i].changed || (rows[i].gone && rows[i].id != 0))
			rows[joined.count++] = rows[i];
	return joined;
}

/* The calculations of a batch, to be found by id. */
struct place {
	int64_t calculation_id;
	uint32_t index;
};

static int compare_places(const void *a, const void *b)
{
	return lp_compare(((const struct place *)a)->calculation_id, ((const struct place *)b)->calculation_id);
}

struct lp_owed_move *lp_owed_moves(struct lp_batch *batch)
{
	size_t count = batch->calculation_count, computed = atomic_load(&batch->computed);
	struct lp_owed_move *moves = lp_arena_zeroed(&batch->arena, batch->owed_count, sizeof *moves);
	struct place *places = lp_arena_zeroed(&batch->arena, count, sizeof *places);
	const struct lp_task **last = lp_arena_zeroed(&batch->arena, count, sizeof *last);
	bool *cut_short = lp_arena_zeroed(&batch->arena, count, sizeof *cut_short);

	LP_CHECK_BATCH(batch);
	assert(batch->kind == LP_BATCH_RECOMPUTE);
	for (size_t i = 0; i < count; i++)
		places[i] = (struct place){ .calculation_id = batch->calculations[i].id, .index = (uint32_t)i };
	if (count > 0)
		qsort(places, count, sizeof *places, compare_places);
	for (size_t i = 0; i < batch->task_count; i++) {
		const struct lp_task *task = &batch->tasks[i];

		if (i < computed)
			last[task->calculation] = task;
		else
			cut_short[task->calculation] = true;
	}
	for (size_t i = 0; i < batch->owed_count; i++) {
		struct lp_owed_move *move = &moves[i];
		struct place wanted = { .calculation_id = batch->owed[i].calculation_id }, *found = NULL;

		*move = (struct lp_owed_move){ .id = batch->owed[i].id,
			                       .owed = &batch->owed[i],
			                       .calculation = UINT32_MAX,
			                       .after_end = LP_TIME_NONE };
		if (count > 0)
			found = bsearch(&wanted, places, count, sizeof *places, compare_places);
		if (found == NULL)
			continue;
		const struct lp_calculation *calculation = &batch->calculations[found->index];
		const struct lp_task *task = last[found->index];

		if (!calculation->enabled)
			continue;
		move->calculation = found->index;
		if (batch->reason == LP_REASON_CATCH_UP) {
			/* Windows go from the newest on. If not all was computed, all of it is done again. */
			if (cut_short[found->index])
				continue;
			move->after_end = move->owed->after_end;
			move->until_end = batch->recomputed_from;
			move->done = move->until_end <= move->after_end;
			move->window_start = LP_TIME_NONE;
			continue;
		}
		move->until_end = move->owed->until_end;
		if (!cut_short[found->index])
			move->after_end = batch->recomputed_until;
		else if (task != NULL)
			move->after_end = task->window.end;
		if (move->after_end == LP_TIME_NONE)
			continue;
		move->done = move->owed->until_end <= move->after_end;
		/*
		 * What is left of tumbling windows begins there, and so do results that are
		 * stored at the ends of windows. Sliding windows begin after the last one that
		 * was done.
		 */
		if (lp_schedule_is_tumbling(&calculation->schedule) || calculation->result_time == LP_RESULT_AT_END ||
		    task == NULL)
			move->window_start = move->after_end;
		else
			move->window_start = task->window.start + 1;
	}
	return moves;
}
