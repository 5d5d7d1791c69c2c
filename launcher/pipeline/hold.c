/*
 * What a batch has to wait for: results of other batches that its inputs read
 * and that are still to come.
 *
 * What counts is which times are missing, not how far the other batch has come
 * as a whole: a calculation that reads yesterday's figure does not wait for
 * today's. All windows of a batch that end by its watermark are settled. What is
 * still to come belongs to the first window after that or to later ones, so it
 * cannot lie before that window's start (or before its end, if numbers are
 * stored there). An input's range that ends by then is complete.
 *
 * Runs in the main process, in its main thread.
 */
#include "pipeline/plan.h"

enum { LOOKED_AT_MOST = 10000 };

/*
 * Returns the first window of a batch that is not computed yet. It ends at
 * LP_TIME_MAX if there is none or it is unknown.
 */
static struct lp_window to_come(const struct lp_plan *plan, struct lp_plan_batch *batch)
{
	const struct lp_zone *zone;
	struct lp_error error;
	if (batch->come_known && batch->come_for == batch->head.watermark)
		return batch->to_come;
	batch->come_known = true;
	batch->come_for = batch->head.watermark;
	if (batch->unusable || !lp_zone_find(batch->head.schedule.zone, &zone, &error) ||
	    !lp_schedule_to_come(&batch->head, zone, plan->tick, &batch->to_come))
		batch->to_come = (struct lp_window){ LP_TIME_MAX, LP_TIME_MAX };
	return batch->to_come;
}

static lp_time earliest_result(const struct lp_window *window, bool at_end)
{
	return at_end ? window->end : window->start;
}

/*
 * Returns the latest time such that windows of the batch that end by then read
 * nothing of this other one that is still to come.
 */
static lp_time allowed(const struct lp_plan *plan, const struct lp_batch_head *head, const struct lp_zone *zone,
                       const struct lp_batch_reading *reading)
{
	struct lp_plan_batch *upstream = lp_plan_find(plan, reading->upstream);
	if (upstream == NULL)
		return LP_TIME_MAX;
	struct lp_window window = to_come(plan, upstream);
	return lp_schedule_reads_before(&head->schedule, zone, LP_EXTENT_OF(reading),
	                                earliest_result(&window, reading->at_end));
}

lp_time lp_plan_upstream(const struct lp_plan *plan, const struct lp_batch_head *head)
{
	const struct lp_zone *zone;
	struct lp_error error;
	lp_time lowest = LP_TIME_MAX;
	if (head->reading_count == 0)
		return LP_TIME_MAX;
	if (!lp_zone_find(head->schedule.zone, &zone, &error))
		return LP_TIME_NONE;
	for (size_t i = 0; i < head->reading_count; i++) {
		lp_time until = allowed(plan, head, zone, &head->readings[i]);
		lowest = until < lowest ? until : lowest;
	}
	return lowest;
}

bool lp_plan_reads_gaps(const struct lp_plan *plan, const struct lp_batch_head *head)
{
	for (size_t i = 0; i < head->reading_count; i++) {
		const struct lp_plan_batch *upstream = lp_plan_find(plan, head->readings[i].upstream);
		if (upstream != NULL && upstream->gap_until != LP_TIME_NONE)
			return true;
	}
	return false;
}

/* Returns the first window of a gap that has not been made up for; it begins at LP_TIME_MIN if that is unknown. */
static struct lp_window first_of_gap(const struct lp_plan_batch *upstream)
{
	struct lp_window first = { .start = LP_TIME_MIN };
	const struct lp_zone *zone;
	struct lp_error error;
	if (lp_zone_find(upstream->head.schedule.zone, &zone, &error))
		(void)lp_window_ending_after(&upstream->head.schedule, zone, upstream->gap_after, &first);
	return first;
}

/*
 * True if an input with this range, or the sample it holds from before it, reads
 * from a gap that is not made up for.
 */
static bool reads_gap(const struct lp_plan_batch *upstream, const struct lp_batch_reading *reading,
                      const struct lp_window *range)
{
	lp_time from = range->start - reading->lookback;
	if (upstream->gap_until == LP_TIME_NONE)
		return false;
	const struct lp_window first = first_of_gap(upstream);
	return first.start < range->end && (reading->at_end ? upstream->gap_until >= from : upstream->gap_until > from);
}

/*
 * Returns the latest time such that windows that end by then do not read from a
 * gap that a later window does read from.
 */
static lp_time before_gap(const struct lp_batch_head *head, const struct lp_zone *zone,
                          const struct lp_plan_batch *upstream, const struct lp_batch_reading *reading)
{
	const struct lp_window first = first_of_gap(upstream);
	return first.start == LP_TIME_MIN
	               ? LP_TIME_MIN
	               : lp_schedule_reads_before(&head->schedule, zone, LP_EXTENT_OF(reading), first.start);
}

/*
 * Returns the window's end if all that it reads is there. Otherwise returns a
 * lower bound: windows that end after it, and by the window's end, have to wait
 * too.
 */
static lp_time ready_by(const struct lp_plan *plan, const struct lp_batch_head *head, const struct lp_zone *zone,
                        const struct lp_window *window)
{
	lp_time by = window->end;
	for (size_t i = 0; i < head->reading_count; i++) {
		const struct lp_batch_reading *reading = &head->readings[i];
		const struct lp_plan_batch *upstream = lp_plan_find(plan, reading->upstream);
		struct lp_window range;
		if (upstream == NULL ||
		    !lp_input_range(&head->schedule, zone, *window, reading->window, reading->shift, &range))
			continue;
		lp_time until = allowed(plan, head, zone, reading);
		if (until >= window->end && reads_gap(upstream, reading, &range)) {
			until = before_gap(head, zone, upstream, reading);
			until = until < window->end ? until : window->end - 1;
		}
		by = until < by ? until : by;
	}
	return by;
}

bool lp_plan_ready(void *context, const struct lp_batch_head *head, const struct lp_window *window)
{
	const struct lp_zone *zone;
	struct lp_error error;
	return head->reading_count == 0 || !lp_zone_find(head->schedule.zone, &zone, &error) ||
	       ready_by(context, head, zone, window) == window->end;
}

/* Returns the end of the last ready window among those that end by `end`; LP_TIME_MIN: none is known to be ready. */
static lp_time last_ready(const struct lp_plan *plan, const struct lp_batch_head *head, lp_time end)
{
	const struct lp_zone *zone;
	struct lp_window window;
	struct lp_error error;
	if (!lp_zone_find(head->schedule.zone, &zone, &error))
		return LP_TIME_MIN;
	for (int looked_at = 0; looked_at < LOOKED_AT_MOST; looked_at++) {
		if (!lp_window_ending_by(&head->schedule, zone, end, &window))
			return LP_TIME_MIN;
		end = ready_by(plan, head, zone, &window);
		if (end == window.end)
			return end;
	}
	return LP_TIME_MIN;
}

lp_time lp_plan_cut(const struct lp_plan *plan, const struct lp_recompute *recompute)
{
	const struct lp_zone *zone;
	struct lp_window next;
	struct lp_error error;
	if (!recompute->past || recompute->after_end >= recompute->until_end ||
	    !lp_zone_find(recompute->head->schedule.zone, &zone, &error))
		return LP_TIME_NONE;
	lp_time by = last_ready(plan, recompute->head, recompute->until_end);
	return by > recompute->after_end && lp_window_ending_after(&recompute->head->schedule, zone, by, &next) &&
	                       next.end <= recompute->until_end
	               ? by
	               : LP_TIME_NONE;
}

static lp_time due_at(const struct lp_batch_head *head, lp_time end)
{
	lp_time due;
	if (__builtin_add_overflow(end, head->schedule.delay, &due) || due > LP_TIME_MAX - LP_MINUTE)
		return LP_TIME_MAX;
	lp_time into = due % LP_MINUTE;
	return into == 0 ? due : due - into + (into < 0 ? 0 : LP_MINUTE);
}

/*
 * Returns the last window of the other batch that may have results before
 * `before`. The first window still to come is always one.
 */
static struct lp_window last_needed(const struct lp_plan *plan, struct lp_plan_batch *upstream, bool at_end,
                                    lp_time before)
{
	struct lp_window needed = to_come(plan, upstream), next = needed;
	const struct lp_zone *zone;
	struct lp_error error;
	if (!lp_zone_find(upstream->head.schedule.zone, &zone, &error))
		return needed;
	for (int looked_at = 0; looked_at < LOOKED_AT_MOST; looked_at++) {
		if (!lp_window_ending_after(&upstream->head.schedule, zone, next.end, &next) ||
		    earliest_result(&next, at_end) >= before)
			break;
		needed = next;
	}
	return needed;
}

/* True if a window has to wait for this other batch; fills until when, at least. */
static bool keeps(const struct lp_plan *plan, const struct lp_batch_head *head, const struct lp_zone *zone,
                  const struct lp_window *window, const struct lp_batch_reading *reading, struct lp_hold *hold)
{
	struct lp_plan_batch *upstream = lp_plan_find(plan, reading->upstream);
	struct lp_window range, first;
	if (upstream == NULL ||
	    !lp_input_range(&head->schedule, zone, *window, reading->window, reading->shift, &range))
		return false;
	*hold = (struct lp_hold){
		.kind = LP_HOLD_NOT_OVER,
		.batch_id = head->id,
		.upstream = upstream->head.id,
		.first = *window,
		.windows = 1,
		.calculations = (uint64_t)head->size,
		.schedule = &head->schedule,
	};
	if (allowed(plan, head, zone, reading) >= window->end) {
		hold->kind = LP_HOLD_PAST;
		hold->window_end = upstream->gap_until;
		hold->goes_on = LP_TIME_NONE;
		return reads_gap(upstream, reading, &range);
	}
	first = last_needed(plan, upstream, reading->at_end, range.end);
	hold->window_end = first.end;
	hold->goes_on = due_at(&upstream->head, first.end);
	if (hold->goes_on <= plan->tick) {
		struct lp_hold behind;
		hold->kind = LP_HOLD_NOT_COMPUTED;
		hold->goes_on = lp_plan_hold(plan, &upstream->head, &behind) ? behind.goes_on : LP_TIME_NONE;
	}
	return true;
}

/* Of everything a window waits for, finds what takes longest. */
static bool hold_of_window(const struct lp_plan *plan, const struct lp_batch_head *head, const struct lp_zone *zone,
                           const struct lp_window *window, struct lp_hold *hold)
{
	bool held = false;
	for (size_t i = 0; i < head->reading_count; i++) {
		struct lp_hold one;
		if (!keeps(plan, head, zone, window, &head->readings[i], &one))
			continue;
		if (!held ||
		    (hold->goes_on != LP_TIME_NONE && (one.goes_on == LP_TIME_NONE || one.goes_on > hold->goes_on)))
			*hold = one;
		held = true;
	}
	return held;
}

bool lp_plan_hold(const struct lp_plan *plan, const struct lp_batch_head *head, struct lp_hold *hold)
{
	const struct lp_zone *zone;
	struct lp_error error;
	struct lp_window window, newest;
	lp_time ended = plan->tick - head->schedule.delay;
	/* Look at the next window and, if it waits only for a gap to be made up for, at the newest one as well. */
	if (head->reading_count == 0 || !lp_zone_find(head->schedule.zone, &zone, &error) ||
	    !lp_schedule_to_come(head, zone, plan->tick, &window) || window.end > ended ||
	    !hold_of_window(plan, head, zone, &window, hold) ||
	    (lp_window_ending_by(&head->schedule, zone, ended, &newest) &&
	     lp_plan_ready((void *)(uintptr_t)plan, head, &newest)))
		return false;
	hold->windows = lp_schedule_count(&head->schedule, zone, window.end - 1, ended);
	return true;
}

bool lp_each_hold(struct lp_store *store, lp_time tick, lp_hold_visit *visit, void *context, struct lp_error *error)
{
	struct lp_plan plan;
	struct lp_hold hold;
	bool ok = lp_plan_load_heads(&plan, store, tick, error);
	for (size_t i = 0; i < plan.batch_count && ok; i++)
		if (lp_plan_hold(&plan, &plan.batches[i].head, &hold))
			ok = visit(context, &hold, error);
	lp_plan_free(&plan);
	return ok;
}

bool lp_hold_of(struct lp_store *store, lp_time tick, int64_t batch_id, const struct lp_window *window,
                struct lp_hold *hold, struct lp_error *error)
{
	struct lp_plan plan;
	const struct lp_zone *zone;
	struct lp_error ignored;
	bool ok = lp_plan_load_heads(&plan, store, tick, error);
	const struct lp_plan_batch *batch = ok ? lp_plan_find(&plan, batch_id) : NULL;
	if (batch == NULL || !lp_zone_find(batch->head.schedule.zone, &zone, &ignored) ||
	    !hold_of_window(&plan, &batch->head, zone, window, hold))
		hold->kind = LP_HOLD_NOTHING;
	hold->schedule = NULL; /* it belongs to the plan */
	lp_plan_free(&plan);
	return ok;
}
