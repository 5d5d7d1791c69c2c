/*
 * Shows what a run would do, without doing it. The plan is the run's own.
 *
 * Runs in the main process, in its main thread.
 */
#include "pipeline/pipeline.h"
#include "pipeline/plan.h"

struct previewer {
	struct lp_plan plan;
	struct lp_window_range left; /* that the last batch leaves for later */
	lp_preview_visit *visit;
	void *context;
};

/* Reports windows that are over and have to wait, and why. */
static bool report_hold(struct previewer *previewer, const struct lp_plan_batch *batch, struct lp_error *error)
{
	struct lp_hold hold;
	if (!lp_plan_hold(&previewer->plan, &batch->head, &hold))
		return true;
	struct lp_preview_line line = {
		.reason = hold.windows == 1 ? LP_REASON_NEW : LP_REASON_CATCH_UP,
		.rank = batch->head.rank,
		.shadow = batch->head.shadow,
		.schedule = &batch->head.schedule,
		.calculations = hold.calculations,
		.windows = hold.windows,
		.from = hold.first.start,
		.to = hold.first.end,
		.hold = &hold,
	};
	return previewer->visit(previewer->context, &line, error);
}

static bool report_problem(struct previewer *previewer, const struct lp_plan_batch *batch, struct lp_error *error)
{
	const struct lp_zone *zone;
	struct lp_error reason;
	struct lp_preview_line line = { .rank = batch->head.rank,
		                        .shadow = batch->head.shadow,
		                        .schedule = &batch->head.schedule,
		                        .calculations = (uint64_t)batch->head.size,
		                        .from = LP_TIME_NONE,
		                        .to = LP_TIME_NONE,
		                        .problem = reason.what };
	return lp_zone_find(batch->head.schedule.zone, &zone, &reason) ||
	       previewer->visit(previewer->context, &line, error);
}

/*
 * What it reads is computed before it in the same run. So batches are reported
 * by rank, and each leaves its watermark where the run would.
 */
static bool report_batch(struct previewer *previewer, struct lp_plan_batch *batch, struct lp_error *error)
{
	const struct lp_plan *plan = &previewer->plan;
	struct lp_window first;
	struct lp_due due = { .windows = &first };
	struct lp_choice choice;
	const struct lp_zone *zone;
	if (batch->unusable)
		return report_problem(previewer, batch, error);
	if (!lp_plan_choose(plan, batch, 1, &choice, &due, error) ||
	    !lp_zone_find(batch->head.schedule.zone, &zone, error))
		return true;
	uint64_t all = due.count + due.left, now = plan->catch_up > 0 && all > plan->catch_up ? plan->catch_up : all;
	if (all == 0)
		return report_hold(previewer, batch, error);
	struct lp_preview_line line = {
		.reason = all == 1 && !choice.leaves ? LP_REASON_NEW : LP_REASON_CATCH_UP,
		.rank = batch->head.rank,
		.shadow = batch->head.shadow,
		.schedule = &batch->head.schedule,
		.calculations = (uint64_t)batch->head.size,
		.windows = now,
		.later = all - now,
		.from = first.start,
		.to = first.end,
	};
	for (uint64_t window = 1; window < now && window < LP_PREVIEW_WINDOWS_MOST; window++)
		if (!lp_window_ending_after(line.schedule, zone, line.to, &first))
			break;
		else
			line.to = first.end;
	previewer->left = choice.later;
	if (choice.leaves)
		line.later += lp_schedule_count(line.schedule, zone, choice.later.after_end, choice.later.until_end);
	batch->head.watermark = line.to;
	batch->windows = now;
	return previewer->visit(previewer->context, &line, error) &&
	       (line.later > 0 || report_hold(previewer, batch, error));
}

/* Moves the gaps of a batch to where the run would leave them, because its readers come after it. */
static void move_gap(struct previewer *previewer, struct lp_plan_batch *batch)
{
	struct lp_plan *plan = &previewer->plan;
	const struct lp_schedule *schedule = &batch->head.schedule;
	uint64_t most = plan->catch_up > batch->windows ? plan->catch_up - batch->windows : 0;
	const struct lp_zone *zone;
	struct lp_window window;
	struct lp_error error;
	if (!lp_zone_find(schedule->zone, &zone, &error))
		return;
	batch->gap_after = batch->gap_until = LP_TIME_NONE;
	for (size_t i = 0; i < plan->recomputes.count; i++) {
		struct lp_recompute *recompute = &plan->recomputes.items[i];
		if (!recompute->past || recompute->head->id != batch->head.id)
			continue;
		lp_time until = lp_plan_cut(plan, recompute);
		if (until != LP_TIME_NONE) {
			lp_recompute_cut(&plan->recomputes, i, until);
			recompute = &plan->recomputes.items[i];
		}
		until = recompute->until_end;
		uint64_t windows = 0;
		recompute->previewed_from = recompute->after_end;
		while ((plan->catch_up == 0 || recompute->windows + windows < most) &&
		       lp_window_ending_by(schedule, zone, until, &window) && window.end > recompute->after_end &&
		       lp_plan_ready(plan, &batch->head, &window)) {
			windows++;
			recompute->previewed_from = window.start;
			until = lp_window_ending_by(schedule, zone, window.end - 1, &window) ? window.end
			                                                                     : recompute->after_end;
		}
		lp_recompute_use(&plan->recomputes, i, windows);
		recompute->previewed = windows;
		lp_plan_widen_gap(batch, recompute->after_end, until);
	}
	lp_plan_widen_gap(batch, previewer->left.after_end, previewer->left.until_end);
}

static bool look_at_batch(struct previewer *previewer, struct lp_plan_batch *batch, struct lp_error *error)
{
	previewer->left = (struct lp_window_range){ .after_end = 0 };
	if (!report_batch(previewer, batch, error))
		return false;
	move_gap(previewer, batch);
	return true;
}

static bool report_retries(struct previewer *previewer, struct lp_error *error)
{
	const struct lp_plan *plan = &previewer->plan;
	for (size_t i = 0; i < plan->retry_count; i++) {
		const struct lp_plan_retry *retry = &plan->retries[i];
		const struct lp_pending *pending = &plan->pending[retry->first];
		struct lp_preview_line line = { .reason = LP_REASON_RETRY,
			                        .rank = pending->rank,
			                        .shadow = pending->shadow,
			                        .calculation_id = retry->count == 1 ? pending->calculation_id : 0,
			                        .calculations = retry->count,
			                        .windows = 1,
			                        .from = pending->window.start,
			                        .to = pending->window.end };
		if (!previewer->visit(previewer->context, &line, error))
			return false;
	}
	return true;
}

/* Counts settled windows whose samples were pruned: they stay as they are. */
static bool count_left(const struct lp_calculation *calculation, lp_time after_end, struct lp_preview_line *line,
                       struct lp_error *error)
{
	const struct lp_zone *zone;
	if (!lp_zone_find(calculation->schedule.zone, &zone, error))
		return false;
	line->left += lp_schedule_pruned(calculation, zone, after_end, line->to);
	return true;
}

static bool count_left_of(struct previewer *previewer, const struct lp_recompute *recompute,
                          struct lp_preview_line *line, struct lp_error *error)
{
	struct lp_batch *batch = lp_batch_new(NULL);
	int64_t *ids = lp_arena_zeroed(&batch->arena, recompute->count, sizeof *ids);
	for (size_t i = 0; i < recompute->count; i++)
		ids[i] = previewer->plan.recomputes.owed[recompute->first + i].calculation_id;
	bool ok = lp_store_read_calculations(previewer->plan.store, ids, recompute->count, batch, error);
	for (size_t i = 0; i < batch->calculation_count && ok; i++)
		ok = count_left(&batch->calculations[i],
		                recompute->past ? recompute->previewed_from : recompute->after_end, line, error);
	lp_batch_free(batch);
	return ok;
}

/* Applies the run's limit to owed windows. */
static void limit(const struct lp_plan *plan, const struct lp_zone *zone, lp_time after_end,
                  struct lp_preview_line *line)
{
	struct lp_window window = { .end = after_end };
	if (plan->catch_up == 0 || line->windows <= plan->catch_up)
		return;
	line->later = line->windows - plan->catch_up;
	line->windows = plan->catch_up;
	for (uint64_t i = 0; i < line->windows; i++)
		if (!lp_window_ending_after(line->schedule, zone, window.end, &window))
			return;
	line->to = window.end;
}

/* New and missed windows share one limit, and missed ones come after what they read. */
static void limit_past(const struct lp_recompute *recompute, struct lp_preview_line *line)
{
	line->later = line->windows > recompute->previewed ? line->windows - recompute->previewed : 0;
	line->windows = recompute->previewed;
	line->from = recompute->previewed_from;
}

static bool report_owed(struct previewer *previewer, struct lp_error *error)
{
	const struct lp_plan *plan = &previewer->plan;
	for (size_t i = 0; i < plan->recomputes.count; i++) {
		const struct lp_recompute *recompute = &plan->recomputes.items[i];
		const struct lp_owed *owed = &plan->recomputes.owed[recompute->first];
		const struct lp_zone *zone;
		if (!lp_zone_find(recompute->head->schedule.zone, &zone, error))
			return false;
		struct lp_preview_line line = { .reason = owed->reason,
			                        .rank = owed->rank,
			                        .shadow = recompute->head->shadow,
			                        .schedule = &recompute->head->schedule,
			                        .calculation_id = recompute->count == 1 ? owed->calculation_id : 0,
			                        .calculations = recompute->count,
			                        .windows =
			                                lp_schedule_count(&recompute->head->schedule, zone,
			                                                  recompute->after_end, recompute->until_end),
			                        .from = recompute->after_end,
			                        .to = recompute->until_end };
		if (recompute->past)
			limit_past(recompute, &line);
		else
			limit(plan, zone, recompute->after_end, &line);
		if (!count_left_of(previewer, recompute, &line, error) ||
		    !previewer->visit(previewer->context, &line, error))
			return false;
	}
	return true;
}

static bool report_affected(struct previewer *previewer, const struct lp_affected_range *affected,
                            const struct lp_calculation *calculation, struct lp_error *error)
{
	const struct lp_zone *zone;
	if (!lp_zone_find(affected->schedule.zone, &zone, error))
		return false;
	struct lp_preview_line line = { .reason = affected->reason,
		                        .schedule = &affected->schedule,
		                        .calculation_id = affected->calculation_id,
		                        .calculations = 1,
		                        .windows = affected->windows,
		                        .from = affected->window_start,
		                        .to = affected->until_end };
	limit(&previewer->plan, zone, affected->after_end, &line);
	return (calculation == NULL || count_left(calculation, affected->after_end, &line, error)) &&
	       previewer->visit(previewer->context, &line, error);
}

/* Ranges are sorted by calculation; definitions are read many at a time. */
static bool report_some_changes(struct previewer *previewer, const struct lp_affected_range *affected, size_t count,
                                struct lp_error *error)
{
	struct lp_batch *batch = lp_batch_new(NULL);
	int64_t *ids = lp_arena_zeroed(&batch->arena, count, sizeof *ids);
	size_t id_count = 0, next = 0;
	for (size_t i = 0; i < count; i++)
		if (i == 0 || affected[i].calculation_id != affected[i - 1].calculation_id)
			ids[id_count++] = affected[i].calculation_id;
	bool ok = lp_store_read_calculations(previewer->plan.store, ids, id_count, batch, error);
	for (size_t i = 0; i < count && ok; i++) {
		const struct lp_calculation *calculation = NULL;
		while (next < batch->calculation_count && batch->calculations[next].id < affected[i].calculation_id)
			next++;
		if (next < batch->calculation_count && batch->calculations[next].id == affected[i].calculation_id)
			calculation = &batch->calculations[next];
		ok = report_affected(previewer, &affected[i], calculation, error);
	}
	lp_batch_free(batch);
	return ok;
}

static bool report_changes(struct previewer *previewer, struct lp_error *error)
{
	const struct lp_change_scan *scan = &previewer->plan.scan;
	bool ok = true;
	for (size_t i = 0; i < scan->affected_count && ok; i += LP_BATCH_SIZE) {
		size_t left = scan->affected_count - i;
		ok = report_some_changes(previewer, &scan->affected[i], left < LP_BATCH_SIZE ? left : LP_BATCH_SIZE,
		                         error);
	}
	return ok;
}

bool lp_preview_run(struct lp_store *store, const struct lp_pipeline_options *options, lp_time tick,
                    struct lp_preview *preview, struct lp_error *error)
{
	struct previewer previewer = { .visit = preview->visit, .context = preview->context };
	const struct lp_plan_options plan_options = { .kind = LP_RUN_MINUTE,
		                                      .tick = tick,
		                                      .catch_up = options->catch_up,
		                                      .recompute_within = options->recompute_within,
		                                      .list = true };
	bool due, ok = lp_plan_load(&previewer.plan, store, &plan_options, &due, error);
	preview->next_due = LP_TIME_NONE;
	for (size_t i = 0; i < previewer.plan.batch_count && ok; i++)
		ok = look_at_batch(&previewer, &previewer.plan.batches[i], error);
	ok = ok && report_retries(&previewer, error) && report_owed(&previewer, error) &&
	     report_changes(&previewer, error);
	if (ok && !due)
		preview->next_due = lp_plan_next_due(&previewer.plan);
	preview->too_old = previewer.plan.scan.too_old;
	lp_plan_free(&previewer.plan);
	return ok;
}
