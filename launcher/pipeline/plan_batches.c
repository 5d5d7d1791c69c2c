/*
 * The batches of a plan: reads them and their owed windows, finds them by id, and
 * sets aside those that cannot be scheduled. Decides nothing about their windows.
 *
 * Runs in the main process, in its main thread.
 */
#include "pipeline/plan.h"

#include "model/order.h"
#include "observe/observe.h"
#include <stdlib.h>
#include <string.h>

static bool add_batch(void *context, const struct lp_batch_head *head, struct lp_error *error)
{
	struct lp_plan *plan = context;
	(void)error;
	int64_t *upstream = lp_arena_zeroed(&plan->arena, head->upstream_count, sizeof *upstream);
	if (head->upstream_count > 0)
		memcpy(upstream, head->upstream, head->upstream_count * sizeof *upstream);
	if (head->size == 0) {
		LP_GROW(plan->disabled, plan->disabled_count, plan->disabled_capacity);
		plan->disabled[plan->disabled_count] = *head;
		plan->disabled[plan->disabled_count++].upstream = upstream;
		return true;
	}
	LP_GROW(plan->batches, plan->batch_count, plan->batch_capacity);
	struct lp_plan_batch *batch = &plan->batches[plan->batch_count++];
	*batch = (struct lp_plan_batch){ .head = *head, .gap_after = LP_TIME_NONE, .gap_until = LP_TIME_NONE };
	batch->head.upstream = upstream;
	struct lp_batch_reading *readings = lp_arena_zeroed(&plan->arena, head->reading_count, sizeof *readings);
	if (head->reading_count > 0)
		memcpy(readings, head->readings, head->reading_count * sizeof *readings);
	batch->head.readings = readings;
	return true;
}

static int compare_rank(const void *a, const void *b)
{
	const struct lp_batch_head *left = &((const struct lp_plan_batch *)a)->head;
	const struct lp_batch_head *right = &((const struct lp_plan_batch *)b)->head;
	return left->rank != right->rank ? lp_compare(left->rank, right->rank) : lp_compare(left->id, right->id);
}

static int compare_id(const void *a, const void *b, void *context)
{
	const struct lp_plan_batch *batches = context;
	return lp_compare(batches[*(const size_t *)a].head.id, batches[*(const size_t *)b].head.id);
}

struct lp_plan_batch *lp_plan_find(const struct lp_plan *plan, int64_t id)
{
	size_t at = LP_LOWER_BOUND(plan->batch_count, i, plan->batches[plan->by_id[i]].head.id < id);
	struct lp_plan_batch *found = at < plan->batch_count ? &plan->batches[plan->by_id[at]] : NULL;
	return found != NULL && found->head.id == id ? found : NULL;
}

/* Returns the earliest time at which a batch with an unknown schedule may still write. */
static lp_time earliest_unknown(const struct lp_batch_head *head)
{
	if (head->watermark == LP_TIME_NONE)
		return head->start == LP_TIME_NONE ? LP_TIME_MIN : head->start;
	return lp_schedule_is_tumbling(&head->schedule) ? head->watermark
	                                                : head->watermark - lp_span_limit(head->schedule.window);
}

/* A schedule that cannot be followed fails its own calculations; the others go on. */
static void find_unusable(struct lp_plan *plan, bool log)
{
	for (size_t i = 0; i < plan->batch_count; i++) {
		struct lp_plan_batch *batch = &plan->batches[i];
		const struct lp_zone *zone;
		struct lp_error error;
		if (lp_zone_find(batch->head.schedule.zone, &zone, &error))
			continue;
		batch->finished = batch->unusable = true;
		LP_GROW(plan->lost, plan->lost_count, plan->lost_capacity);
		plan->lost[plan->lost_count++] =
			(struct lp_lost_batch){ .batch_id = batch->head.id, .from = earliest_unknown(&batch->head) };
		if (log)
			lp_log(LP_LOG_ERROR, "a batch of calculations cannot be scheduled",
			       LP_INT("batch", batch->head.id), LP_INT("calculations", batch->head.size),
			       LP_TEXT("reason", error.what));
	}
}

bool lp_plan_is_lost(const void *plan, int64_t batch_id)
{
	const struct lp_plan_batch *batch = lp_plan_find(plan, batch_id);
	return batch != NULL && batch->unusable;
}

bool lp_plan_leaves(const struct lp_plan *plan, bool shadow)
{
	return shadow ? plan->leave_shadow : plan->leave_live;
}

static const struct lp_batch_head *head_of(const void *context, int64_t batch_id)
{
	const struct lp_plan *plan = context;
	const struct lp_plan_batch *batch = lp_plan_find(plan, batch_id);
	return batch == NULL || batch->unusable || lp_plan_leaves(plan, batch->head.shadow) ? NULL : &batch->head;
}

/* The same for those whose turn it is. */
static const struct lp_batch_head *current_head_of(const void *context, int64_t batch_id)
{
	const struct lp_plan *plan = context;
	const struct lp_batch_head *head = head_of(plan, batch_id);
	return head == NULL || head->shadow != plan->shadow ? NULL : head;
}

void lp_plan_widen_gap(struct lp_plan_batch *batch, lp_time after_end, lp_time until_end)
{
	if (after_end >= until_end)
		return;
	if (batch->gap_until == LP_TIME_NONE || after_end < batch->gap_after)
		batch->gap_after = after_end;
	batch->gap_until = until_end > batch->gap_until ? until_end : batch->gap_until;
}

void lp_plan_find_gaps(struct lp_plan *plan, int32_t rank)
{
	for (size_t i = 0; i < plan->batch_count; i++)
		if (rank == -1 || plan->batches[i].head.rank == rank)
			plan->batches[i].gap_after = plan->batches[i].gap_until = LP_TIME_NONE;
	for (size_t i = 0; i < plan->recomputes.count; i++) {
		const struct lp_recompute *recompute = &plan->recomputes.items[i];
		struct lp_plan_batch *batch = recompute->past ? lp_plan_find(plan, recompute->head->id) : NULL;
		if (batch != NULL)
			lp_plan_widen_gap(batch, recompute->after_end, recompute->until_end);
	}
}

/* Ranks rely on this order, so it does not depend on the store. */
static void sort_batches(struct lp_plan *plan)
{
	if (plan->batch_count > 0)
		qsort(plan->batches, plan->batch_count, sizeof *plan->batches, compare_rank);
	plan->by_id = lp_arena_zeroed(&plan->arena, plan->batch_count, sizeof *plan->by_id);
	for (size_t i = 0; i < plan->batch_count; i++)
		plan->by_id[i] = i;
	if (plan->batch_count > 0)
		qsort_r(plan->by_id, plan->batch_count, sizeof *plan->by_id, compare_id, plan->batches);
}

bool lp_plan_read_batches(struct lp_plan *plan, bool log, struct lp_error *error)
{
	if (!lp_store_each_batch(plan->store, -1, add_batch, plan, error))
		return false;
	sort_batches(plan);
	find_unusable(plan, log);
	return true;
}

bool lp_plan_read_owed(struct lp_plan *plan, int32_t rank, struct lp_error *error)
{
	return lp_recompute_load(
		&plan->recomputes, plan->store, plan->kind, rank,
		&(struct lp_batch_lookup){ rank == -1 ? head_of : current_head_of, lp_plan_is_lost, plan }, error);
}

bool lp_plan_load_heads(struct lp_plan *plan, struct lp_store *store, lp_time tick, struct lp_error *error)
{
	*plan = (struct lp_plan){ .store = store, .kind = LP_RUN_MINUTE, .tick = tick };
	if (!lp_plan_read_batches(plan, false, error) || !lp_plan_read_owed(plan, -1, error))
		return false;
	lp_plan_find_gaps(plan, -1);
	return true;
}

void lp_plan_free(struct lp_plan *plan)
{
	free(plan->batches);
	free(plan->disabled);
	free(plan->pending);
	free(plan->lost);
	free(plan->retries);
	lp_recompute_free(&plan->recomputes);
	free(plan->scan.affected);
	lp_arena_free(&plan->arena);
	*plan = (struct lp_plan){ 0 };
}
