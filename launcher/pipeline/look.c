/*
 * What a run would do, told without doing it.  The plan is the run's own.
 *
 * Runs in the main process, in its main thread.
 */
#include "pipeline/pipeline.h"
#include "pipeline/plan.h"

#include <stdlib.h>

struct looking {
	struct lp_plan plan;
	struct lp_touched left; /* by the batch that was told last */
	lp_look_visit *visit;
	void *context;
};

/* What is over and yet not computed, and why. */
static bool tell_hold(struct looking *looking, const struct lp_plan_batch *batch, struct lp_error *error)
{
	struct lp_hold hold;
	if (!lp_plan_hold(&looking->plan, &batch->head, &hold))
		return true;
	struct lp_look_line line = {
		.reason = hold.windows == 1 ? LP_REASON_NEW : LP_REASON_CATCH_UP,
		.rank = batch->head.rank,
		.schedule = &batch->head.schedule,
		.calculations = hold.calculations,
		.windows = hold.windows,
		.from = hold.first.start,
		.to = hold.first.end,
		.hold = &hold,
	};
	return looking->visit(looking->context, &line, error);
}

static bool tell_problem(struct looking *looking, const struct lp_plan_batch *batch, struct lp_error *error)
{
	const struct lp_zone *zone;
	struct lp_error reason;
	struct lp_look_line line = { .rank = batch->head.rank,
		                     .schedule = &batch->head.schedule,
		                     .calculations = (uint64_t)batch->head.size,
		                     .from = LP_TIME_NONE,
		                     .to = LP_TIME_NONE,
		                     .problem = reason.what };
	return lp_zone_find(batch->head.schedule.zone, &zone, &reason) ||
	       looking->visit(looking->context, &line, error);
}

/* What it reads is computed before it, in the same run: by rank, each leaves its watermark where the run would. */
static bool tell_batch(struct looking *looking, struct lp_plan_batch *batch, struct lp_error *error)
{
	const struct lp_plan *plan = &looking->plan;
	struct lp_window first;
	struct lp_due due = { .windows = &first };
	struct lp_choice choice;
	const struct lp_zone *zone;
	if (batch->unusable)
		return tell_problem(looking, batch, error);
	if (!lp_plan_choose(plan, batch, 1, &choice, &due, error) ||
	    !lp_zone_find(batch->head.schedule.zone, &zone, error))
		return true;
	uint64_t all = due.count + due.left, now = plan->catch_up > 0 && all > plan->catch_up ? plan->catch_up : all;
	if (all == 0)
		return tell_hold(looking, batch, error);
	struct lp_look_line line = {
		.reason = all == 1 && !choice.leaves ? LP_REASON_NEW : LP_REASON_CATCH_UP,
		.rank = batch->head.rank,
		.schedule = &batch->head.schedule,
		.calculations = (uint64_t)batch->head.size,
		.windows = now,
		.later = all - now,
		.from = first.start,
		.to = first.end,
	};
	for (uint64_t window = 1; window < now && window < LP_LOOK_WINDOWS_MOST; window++)
		if (!lp_window_ending_after(line.schedule, zone, line.to, &first))
			break;
		else
			line.to = first.end;
	looking->left = choice.later;
	if (choice.leaves)
		line.later += lp_schedule_count(line.schedule, zone, choice.later.after_end, choice.later.until_end);
	batch->head.watermark = line.to;
	batch->windows = now;
	return looking->visit(looking->context, &line, error) && (line.later > 0 || tell_hold(looking, batch, error));
}

static void widen_gap(struct lp_plan_batch *batch, lp_time after_end, lp_time until_end)
{
	if (after_end >= until_end)
		return;
	if (batch->gap_until == LP_TIME_NONE || after_end < batch->gap_after)
		batch->gap_after = after_end;
	batch->gap_until = until_end > batch->gap_until ? until_end : batch->gap_until;
}

/* How far the run would come back with what a batch has missed: who reads that comes after it. */
static void make_up(struct looking *looking, struct lp_plan_batch *batch)
{
	struct lp_plan *plan = &looking->plan;
	const struct lp_schedule *schedule = &batch->head.schedule;
	uint64_t most = plan->catch_up > batch->windows ? plan->catch_up - batch->windows : 0;
	const struct lp_zone *zone;
	struct lp_window window;
	struct lp_error error;
	if (!lp_zone_find(schedule->zone, &zone, &error))
		return;
	batch->gap_after = batch->gap_until = LP_TIME_NONE;
	for (size_t at = 0; at < plan->redos.count; at++) {
		struct lp_redo *redo = &plan->redos.items[at];
		if (!redo->past || redo->head->id != batch->head.id)
			continue;
		lp_time until = lp_plan_cut(plan, redo);
		if (until != LP_TIME_NONE) {
			lp_redos_cut(&plan->redos, at, until);
			redo = &plan->redos.items[at];
		}
		until = redo->until_end;
		uint64_t windows = 0;
		redo->told_from = redo->after_end;
		while ((plan->catch_up == 0 || redo->windows + windows < most) &&
		       lp_window_ending_by(schedule, zone, until, &window) && window.end > redo->after_end &&
		       lp_plan_ready(plan, &batch->head, &window)) {
			windows++;
			redo->told_from = window.start;
			until = lp_window_ending_by(schedule, zone, window.end - 1, &window) ? window.end
			                                                                     : redo->after_end;
		}
		lp_redos_use(&plan->redos, at, windows);
		redo->told = windows;
		widen_gap(batch, redo->after_end, until);
	}
	widen_gap(batch, looking->left.after_end, looking->left.until_end);
}

static bool look_at_batch(struct looking *looking, struct lp_plan_batch *batch, struct lp_error *error)
{
	looking->left = (struct lp_touched){ .after_end = 0 };
	if (!tell_batch(looking, batch, error))
		return false;
	make_up(looking, batch);
	return true;
}

static bool tell_retries(struct looking *looking, struct lp_error *error)
{
	const struct lp_plan *plan = &looking->plan;
	for (size_t at = 0; at < plan->retry_count; at++) {
		const struct lp_plan_retry *retry = &plan->retries[at];
		const struct lp_pending *pending = &plan->pending[retry->first];
		struct lp_look_line line = { .reason = LP_REASON_RETRY,
			                     .rank = pending->rank,
			                     .calculation_id = retry->count == 1 ? pending->calculation_id : 0,
			                     .calculations = retry->count,
			                     .windows = 1,
			                     .from = pending->window.start,
			                     .to = pending->window.end };
		if (!looking->visit(looking->context, &line, error))
			return false;
	}
	return true;
}

/* Settled windows of a calculation whose samples were pruned: they are left as they are. */
static bool count_left(const struct lp_calculation *calculation, lp_time after_end, struct lp_look_line *line,
                       struct lp_error *error)
{
	const struct lp_zone *zone;
	if (!lp_zone_find(calculation->schedule.zone, &zone, error))
		return false;
	line->left += lp_schedule_pruned(calculation, zone, after_end, line->to);
	return true;
}

static bool count_left_of(struct looking *looking, const struct lp_redo *redo, struct lp_look_line *line,
                          struct lp_error *error)
{
	struct lp_batch *batch = lp_batch_new(NULL);
	int64_t *ids = lp_arena_zeroed(&batch->arena, redo->count, sizeof *ids);
	for (size_t at = 0; at < redo->count; at++)
		ids[at] = looking->plan.redos.owed[redo->first + at].calculation_id;
	bool good = lp_store_read_calculations(looking->plan.store, ids, redo->count, batch, error);
	for (size_t at = 0; at < batch->calculation_count && good; at++)
		good = count_left(&batch->calculations[at], redo->past ? redo->told_from : redo->after_end, line,
		                  error);
	lp_batch_free(batch);
	return good;
}

/* Of windows that are owed a run does so many of a calculation. */
static void limit(const struct lp_plan *plan, const struct lp_zone *zone, lp_time after_end, struct lp_look_line *line)
{
	struct lp_window window = { .end = after_end };
	if (plan->catch_up == 0 || line->windows <= plan->catch_up)
		return;
	line->later = line->windows - plan->catch_up;
	line->windows = plan->catch_up;
	for (uint64_t at = 0; at < line->windows; at++)
		if (!lp_window_ending_after(line->schedule, zone, window.end, &window))
			return;
	line->to = window.end;
}

/* New windows and those that were missed are within one limit, and these come after what they read. */
static void limit_past(const struct lp_redo *redo, struct lp_look_line *line)
{
	line->later = line->windows > redo->told ? line->windows - redo->told : 0;
	line->windows = redo->told;
	line->from = redo->told_from;
}

static bool tell_owed(struct looking *looking, struct lp_error *error)
{
	const struct lp_plan *plan = &looking->plan;
	for (size_t at = 0; at < plan->redos.count; at++) {
		const struct lp_redo *redo = &plan->redos.items[at];
		const struct lp_owed *owed = &plan->redos.owed[redo->first];
		const struct lp_zone *zone;
		if (!lp_zone_find(redo->head->schedule.zone, &zone, error))
			return false;
		struct lp_look_line line = { .reason = owed->reason,
			                     .rank = owed->rank,
			                     .schedule = &redo->head->schedule,
			                     .calculation_id = redo->count == 1 ? owed->calculation_id : 0,
			                     .calculations = redo->count,
			                     .windows = lp_schedule_count(&redo->head->schedule, zone, redo->after_end,
			                                                  redo->until_end),
			                     .from = redo->after_end,
			                     .to = redo->until_end };
		if (redo->past)
			limit_past(redo, &line);
		else
			limit(plan, zone, redo->after_end, &line);
		if (!count_left_of(looking, redo, &line, error) || !looking->visit(looking->context, &line, error))
			return false;
	}
	return true;
}

static bool tell_seen(struct looking *looking, const struct lp_seen *seen, const struct lp_calculation *calculation,
                      struct lp_error *error)
{
	const struct lp_zone *zone;
	if (!lp_zone_find(seen->schedule.zone, &zone, error))
		return false;
	struct lp_look_line line = { .reason = seen->reason,
		                     .schedule = &seen->schedule,
		                     .calculation_id = seen->calculation_id,
		                     .calculations = 1,
		                     .windows = seen->windows,
		                     .from = seen->window_start,
		                     .to = seen->until_end };
	limit(&looking->plan, zone, seen->after_end, &line);
	return (calculation == NULL || count_left(calculation, seen->after_end, &line, error)) &&
	       looking->visit(looking->context, &line, error);
}

/* By calculation, as they are sorted: their definitions are read many at a time. */
static bool tell_some_changes(struct looking *looking, const struct lp_seen *seen, size_t count, struct lp_error *error)
{
	struct lp_batch *batch = lp_batch_new(NULL);
	int64_t *ids = lp_arena_zeroed(&batch->arena, count, sizeof *ids);
	size_t id_count = 0, next = 0;
	for (size_t at = 0; at < count; at++)
		if (at == 0 || seen[at].calculation_id != seen[at - 1].calculation_id)
			ids[id_count++] = seen[at].calculation_id;
	bool good = lp_store_read_calculations(looking->plan.store, ids, id_count, batch, error);
	for (size_t at = 0; at < count && good; at++) {
		const struct lp_calculation *calculation = NULL;
		while (next < batch->calculation_count && batch->calculations[next].id < seen[at].calculation_id)
			next++;
		if (next < batch->calculation_count && batch->calculations[next].id == seen[at].calculation_id)
			calculation = &batch->calculations[next];
		good = tell_seen(looking, &seen[at], calculation, error);
	}
	lp_batch_free(batch);
	return good;
}

static bool tell_changes(struct looking *looking, struct lp_error *error)
{
	const struct lp_following *following = &looking->plan.following;
	bool good = true;
	for (size_t at = 0; at < following->seen_count && good; at += LP_BATCH_SIZE) {
		size_t left = following->seen_count - at;
		good = tell_some_changes(looking, &following->seen[at], left < LP_BATCH_SIZE ? left : LP_BATCH_SIZE,
		                         error);
	}
	return good;
}

bool lp_look(struct lp_store *store, const struct lp_pipeline_options *options, lp_time tick, lp_look_visit *visit,
             void *context, struct lp_look *look, struct lp_error *error)
{
	struct looking looking = { .visit = visit, .context = context };
	const struct lp_plan_options plan_options = { .kind = LP_RUN_MINUTE,
		                                      .tick = tick,
		                                      .catch_up = options->catch_up,
		                                      .recompute_within = options->recompute_within,
		                                      .tell = true };
	bool due, good = lp_plan_load(&looking.plan, store, &plan_options, &due, error);
	*look = (struct lp_look){ .next_due = LP_TIME_NONE };
	for (size_t at = 0; at < looking.plan.batch_count && good; at++)
		good = look_at_batch(&looking, &looking.plan.batches[at], error);
	good = good && tell_retries(&looking, error) && tell_owed(&looking, error) && tell_changes(&looking, error);
	if (good && !due)
		look->next_due = lp_plan_next_due(&looking.plan);
	look->too_old = looking.plan.following.too_old;
	lp_plan_free(&looking.plan);
	return good;
}
