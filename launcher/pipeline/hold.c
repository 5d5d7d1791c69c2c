/*
 * What holds a batch back: results of others that its inputs would read and
 * that are still to come.  Not how far the others have come as a whole: who
 * reads yesterday's figure does not wait for today's.
 *
 * Of a batch all windows are settled that end by its watermark, so what is
 * still to come of it is of the first window after that and of later ones, and
 * none of it can lie before that window's start (before its end, where numbers
 * are stored there).  A range that ends by then is complete.
 *
 * Runs in the main process, in its main thread.
 */
#include "pipeline/plan.h"

enum { LOOKED_AT_MOST = 10000 };

/* Its first window that is not computed yet; ends at LP_TIME_MAX: there is none, or nobody knows. */
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

/* Windows of the batch that end by then do not read what is still to come of this one. */
static lp_time allowed(const struct lp_plan *plan, const struct lp_batch_head *head, const struct lp_zone *zone,
                       const struct lp_batch_reading *reading)
{
	struct lp_plan_batch *upstream = lp_plan_find(plan, reading->upstream);
	if (upstream == NULL)
		return LP_TIME_MAX;
	struct lp_window window = to_come(plan, upstream);
	return lp_schedule_reads_before(&head->schedule, zone, reading->window, reading->shift,
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

/* The first window that is still to be made up for; begins at LP_TIME_MIN: nobody knows. */
static struct lp_window first_of_gap(const struct lp_plan_batch *upstream)
{
	struct lp_window first = { .start = LP_TIME_MIN };
	const struct lp_zone *zone;
	struct lp_error error;
	if (lp_zone_find(upstream->head.schedule.zone, &zone, &error))
		(void)lp_window_ending_after(&upstream->head.schedule, zone, upstream->gap_after, &first);
	return first;
}

/* Whether an input for this range, or what it holds from before it, reads what is still to be made up for. */
static bool reads_gap(const struct lp_plan_batch *upstream, const struct lp_batch_reading *reading,
                      const struct lp_window *range)
{
	lp_time from = range->start - reading->lookback;
	if (upstream->gap_until == LP_TIME_NONE)
		return false;
	const struct lp_window first = first_of_gap(upstream);
	return first.start < range->end && (reading->at_end ? upstream->gap_until >= from : upstream->gap_until > from);
}

/* Windows that end by then do not read what is still to be made up for, which is read by one that ends later. */
static lp_time before_gap(const struct lp_batch_head *head, const struct lp_zone *zone,
                          const struct lp_plan_batch *upstream, const struct lp_batch_reading *reading)
{
	const struct lp_window first = first_of_gap(upstream);
	return first.start == LP_TIME_MIN
	               ? LP_TIME_MIN
	               : lp_schedule_reads_before(&head->schedule, zone, reading->window, reading->shift, first.start);
}

/* The window's end, if all is there that it reads; else windows that end after this, and by its end, wait with it. */
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

/* The end of the last window that is ready, of those that end by `end`; LP_TIME_MIN: none is known to be. */
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

/* The last window of the other one that may have results before `before`: the first one to come is one. */
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

/* Whether a window has to wait for this one, and if so until when, at the least. */
static bool keeps(const struct lp_plan *plan, const struct lp_batch_head *head, const struct lp_zone *zone,
                  const struct lp_window *window, const struct lp_batch_reading *reading, struct lp_hold *hold)
{
	struct lp_plan_batch *upstream = lp_plan_find(plan, reading->upstream);
	struct lp_window range, first;
	if (upstream == NULL ||
	    !lp_input_range(&head->schedule, zone, *window, reading->window, reading->shift, &range))
		return false;
	*hold = (struct lp_hold){
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

/* Of all that it waits for, what it waits for longest. */
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
	/* The next window, and where that one has to wait for the past alone, the newest. */
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

bool lp_hold_of(struct lp_store *store, lp_time tick, int64_t batch_id, const struct lp_window *window, bool *held,
                struct lp_hold *hold, struct lp_error *error)
{
	struct lp_plan plan;
	const struct lp_zone *zone;
	struct lp_error ignored;
	bool ok = lp_plan_load_heads(&plan, store, tick, error);
	const struct lp_plan_batch *batch = ok ? lp_plan_find(&plan, batch_id) : NULL;
	*held = batch != NULL && lp_zone_find(batch->head.schedule.zone, &zone, &ignored) &&
	        hold_of_window(&plan, &batch->head, zone, window, hold);
	if (*held)
		hold->schedule = NULL; /* the plan's */
	lp_plan_free(&plan);
	return ok;
}
