/*
 * Decides which owed windows go next. Knows ranges and windows; no threads, no
 * clock.
 *
 * Runs in the main process, in its main thread.
 */
#include "pipeline/recompute.h"

#include "model/order.h"
#include <assert.h>
#include <stdlib.h>

static bool keep(void *context, const struct lp_owed *owed, struct lp_error *error)
{
	struct lp_recompute_list *recomputes = context;
	(void)error;
	LP_GROW(recomputes->owed, recomputes->owed_count, recomputes->owed_capacity);
	recomputes->owed[recomputes->owed_count++] = *owed;
	return true;
}

static bool is_past(const struct lp_owed *owed)
{
	return owed->reason == LP_REASON_CATCH_UP;
}

/*
 * Results that exist are corrected first, oldest first. Missed windows come
 * after them, newest first, because people look at the present sooner. What can
 * go together is adjacent.
 */
static int compare_owed(const void *a, const void *b)
{
	const struct lp_owed *left = a, *right = b;
	const int64_t keys[][2] = {
		{ left->rank, right->rank },
		{ is_past(left), is_past(right) },
		{ is_past(left) ? -left->until_end : 0, is_past(right) ? -right->until_end : 0 },
		{ left->after_end, right->after_end },
		{ left->batch_id, right->batch_id },
		{ (int64_t)left->reason, (int64_t)right->reason },
		{ left->replace_imported, right->replace_imported },
		{ left->until_end, right->until_end },
		{ left->calculation_id, right->calculation_id },
		{ left->id, right->id },
	};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (keys[i][0] != keys[i][1])
			return lp_compare(keys[i][0], keys[i][1]);
	return 0;
}

static bool goes_with(const struct lp_owed *first, const struct lp_owed *last, const struct lp_owed *next)
{
	return first->batch_id == next->batch_id && first->reason == next->reason &&
	       first->after_end == next->after_end && first->until_end == next->until_end &&
	       first->replace_imported == next->replace_imported && last->calculation_id != next->calculation_id;
}

/* Missed windows that begin before a later start, or that are skipped now, are not made up for. */
static void leave_out(struct lp_recompute *recompute)
{
	struct lp_window_range left = { .after_end = recompute->after_end, .until_end = recompute->until_end };
	const struct lp_schedule *schedule = &recompute->head->schedule;
	const struct lp_zone *zone;
	struct lp_error error;
	recompute->past = true;
	if (!lp_zone_find(schedule->zone, &zone, &error))
		return;
	if (schedule->missed == LP_MISSED_SKIP ||
	    !lp_schedule_clip(schedule, zone, recompute->head->start, recompute->head->start, LP_TIME_MAX, &left))
		recompute->after_end = recompute->until_end;
	else
		recompute->after_end = left.after_end;
}

static void group(struct lp_recompute_list *recomputes, const struct lp_batch_lookup *lookup)
{
	for (size_t i = 0; i < recomputes->owed_count; i++) {
		const struct lp_owed *owed = &recomputes->owed[i];
		if (owed->reason == LP_REASON_WAITED && lookup->is_lost(lookup->context, owed->cause_batch))
			continue;
		struct lp_recompute *last = recomputes->count > 0 ? &recomputes->items[recomputes->count - 1] : NULL;
		if (last == NULL || last->first + last->count != i ||
		    !goes_with(&recomputes->owed[last->first], owed - 1, owed) ||
		    last->count >= lp_batch_size(lp_batch_span(last->head))) {
			const struct lp_batch_head *head = lookup->head_of(lookup->context, owed->batch_id);
			if (head == NULL)
				continue;
			LP_GROW(recomputes->items, recomputes->count, recomputes->capacity);
			last = &recomputes->items[recomputes->count++];
			*last = (struct lp_recompute){
				.first = i, .head = head, .after_end = owed->after_end, .until_end = owed->until_end
			};
			if (is_past(owed))
				leave_out(last);
		}
		last->count++;
	}
}

bool lp_recompute_load(struct lp_recompute_list *recomputes, struct lp_store *store, enum lp_run_kind kind,
                       int32_t rank, const struct lp_batch_lookup *lookup, struct lp_error *error)
{
	recomputes->owed_count = recomputes->count = recomputes->cursor = 0;
	if (!lp_store_each_owed(store, kind, rank, keep, recomputes, error))
		return false;
	if (recomputes->owed_count > 0)
		qsort(recomputes->owed, recomputes->owed_count, sizeof *recomputes->owed, compare_owed);
	group(recomputes, lookup);
	return true;
}

static bool share_a_calculation(const struct lp_recompute_list *recomputes, const struct lp_recompute *a,
                                const struct lp_recompute *b)
{
	const struct lp_owed *left = &recomputes->owed[a->first], *left_end = left + a->count;
	const struct lp_owed *right = &recomputes->owed[b->first], *right_end = right + b->count;
	while (left < left_end && right < right_end) {
		if (left->calculation_id == right->calculation_id)
			return true;
		if (left->calculation_id < right->calculation_id)
			left++;
		else
			right++;
	}
	return false;
}

void lp_recompute_use(struct lp_recompute_list *recomputes, size_t index, uint64_t windows)
{
	struct lp_recompute *recompute = &recomputes->items[index];
	recompute->windows += windows;
	/* All ranges that a calculation has missed share one limit. */
	for (size_t i = 0; i < recomputes->count && recompute->past; i++) {
		struct lp_recompute *other = &recomputes->items[i];
		if (i != index && other->past && other->head->id == recompute->head->id &&
		    share_a_calculation(recomputes, recompute, other))
			other->windows += windows;
	}
}

void lp_recompute_cut(struct lp_recompute_list *recomputes, size_t index, lp_time at)
{
	LP_GROW(recomputes->items, recomputes->count, recomputes->capacity);
	struct lp_recompute *recompute = &recomputes->items[index];
	assert(recompute->past && recompute->after_end < at && at < recompute->until_end);
	recomputes->items[recomputes->count++] = (struct lp_recompute){
		.first = recompute->first,
		.count = recompute->count,
		.head = recompute->head,
		.after_end = at,
		.until_end = recompute->until_end,
		.past = true,
		.windows = recompute->windows,
		.finished = true,
	};
	recompute->until_end = at;
}

/* Two commits that touch one calculation could deadlock in the database. */
static bool is_held_up(const struct lp_recompute_list *recomputes, const struct lp_recompute *recompute)
{
	for (size_t i = 0; i < recomputes->count; i++)
		if (recomputes->items[i].on_its_way && recomputes->items[i].head->id == recompute->head->id &&
		    share_a_calculation(recomputes, recompute, &recomputes->items[i]))
			return true;
	return false;
}

/* Returns how many windows of a group go together. */
static uint64_t chunk_size(const struct lp_recompute *recompute, uint64_t most)
{
	uint64_t fit = lp_batch_tasks(lp_batch_span(recompute->head)) / recompute->count;
	if (most > 0 && fit > most - recompute->windows)
		fit = most - recompute->windows;
	return fit > 0 ? fit : 1;
}

/*
 * Fills the job with the newest windows of a group that was missed. False: the
 * newest one is not ready. If there are none, the group is finished.
 */
static bool take_newest(struct lp_recompute_list *recomputes, struct lp_recompute *recompute,
                        const struct lp_zone *zone, uint64_t most, const struct lp_readiness *ready, struct lp_job *job)
{
	const struct lp_schedule *schedule = &recompute->head->schedule;
	uint64_t fit = chunk_size(recompute, most), count = 0;
	struct lp_window window;
	bool more = lp_window_ending_by(schedule, zone, recompute->until_end, &window), is_ready = true;
	while ((more = more && window.end > recompute->after_end) && count < fit &&
	       (is_ready = ready == NULL || ready->is_ready(ready->context, recompute->head, &window))) {
		if (recompute->head->start == LP_TIME_NONE || window.start >= recompute->head->start)
			job->windows[count++] = window;
		more = lp_window_ending_by(schedule, zone, window.end - 1, &window);
	}
	if (count == 0 && more && !is_ready)
		return false;
	for (size_t low = 0, high = count; low + 1 < high; low++) {
		struct lp_window later = job->windows[--high];
		job->windows[high] = job->windows[low];
		job->windows[low] = later;
	}
	job->window_count = count;
	/* What begins before the start is finished with the last window. */
	job->batch->recomputed_from = more ? window.end : recomputes->owed[recompute->first].after_end;
	return true;
}

/* Fills the job with the next windows of a group. If there are none, the group is finished. */
static void take_windows(struct lp_recompute *recompute, const struct lp_zone *zone, uint64_t most, struct lp_job *job)
{
	const struct lp_schedule *schedule = &recompute->head->schedule;
	uint64_t fit = chunk_size(recompute, most);
	struct lp_window window = { .end = recompute->after_end };
	bool more;
	while ((more = lp_window_ending_after(schedule, zone, window.end, &window) &&
	               window.end <= recompute->until_end) &&
	       job->window_count < fit) {
		/* Windows that slide on the calendar can end later and yet begin earlier. */
		if (recompute->head->start == LP_TIME_NONE || window.start >= recompute->head->start)
			job->windows[job->window_count++] = window;
	}
	lp_time last = job->window_count > 0 ? job->windows[job->window_count - 1].end : recompute->until_end;
	job->batch->recomputed_until = more ? last : recompute->until_end;
}

static bool start(struct lp_recompute_list *recomputes, size_t index, uint64_t most, const struct lp_readiness *ready,
                  struct lp_job *job)
{
	struct lp_recompute *recompute = &recomputes->items[index];
	const struct lp_zone *zone;
	struct lp_error error;
	if ((most > 0 && recompute->windows >= most) || !lp_zone_find(recompute->head->schedule.zone, &zone, &error)) {
		recompute->finished = true;
		return false;
	}
	/* Continue where the last chunk was stored. */
	for (size_t i = recompute->first; i < recompute->first + recompute->count; i++)
		if (recompute->past)
			recomputes->owed[i].until_end = recompute->until_end;
		else
			recomputes->owed[i].after_end = recompute->after_end;
	job->window_count = 0;
	if (!recompute->past)
		take_windows(recompute, zone, most, job);
	else if (!take_newest(recomputes, recompute, zone, most, ready, job)) {
		recompute->finished = true;
		return false;
	}
	job->plan = index;
	job->batch->kind = LP_BATCH_RECOMPUTE;
	job->batch->reason = recomputes->owed[recompute->first].reason;
	job->batch->replace_imported = recomputes->owed[recompute->first].replace_imported;
	job->batch->head = *recompute->head;
	job->batch->owed = &recomputes->owed[recompute->first];
	job->batch->owed_count = recompute->count;
	job->batch->read_before = LP_TIME_MAX;
	lp_recompute_use(recomputes, index, job->window_count);
	recompute->on_its_way = true;
	return true;
}

bool lp_recompute_next(struct lp_recompute_list *recomputes, uint64_t most, const struct lp_readiness *ready,
                       struct lp_job *job)
{
	for (size_t step = 0; step < recomputes->count; step++) {
		size_t index = (recomputes->cursor + step) % recomputes->count;
		struct lp_recompute *recompute = &recomputes->items[index];
		if (recompute->finished || recompute->on_its_way || is_held_up(recomputes, recompute))
			continue;
		if (start(recomputes, index, most, ready, job)) {
			recomputes->cursor = index + 1;
			return true;
		}
	}
	return false;
}

void lp_recompute_finish(struct lp_recompute_list *recomputes, const struct lp_job *job)
{
	struct lp_recompute *recompute = &recomputes->items[job->plan];
	assert(job->plan < recomputes->count && recompute->on_its_way);
	recompute->on_its_way = false;
	if (recompute->past && job->end == LP_JOB_COMMITTED && job->batch->recomputed_from < recompute->until_end)
		recompute->until_end = job->batch->recomputed_from;
	else if (!recompute->past && job->end == LP_JOB_COMMITTED &&
	         job->batch->recomputed_until > recompute->after_end)
		recompute->after_end = job->batch->recomputed_until;
	else
		recompute->finished = true;
	recompute->finished = recompute->finished || recompute->after_end >= recompute->until_end;
}

uint64_t lp_recompute_left(const struct lp_recompute_list *recomputes)
{
	uint64_t left = 0;
	for (size_t i = 0; i < recomputes->count; i++) {
		const struct lp_recompute *recompute = &recomputes->items[i];
		const struct lp_zone *zone;
		struct lp_error error;
		if (recompute->after_end < recompute->until_end &&
		    lp_zone_find(recompute->head->schedule.zone, &zone, &error))
			left += recompute->count * lp_schedule_count(&recompute->head->schedule, zone,
			                                             recompute->after_end, recompute->until_end);
	}
	return left;
}

void lp_recompute_free(struct lp_recompute_list *recomputes)
{
	free(recomputes->owed);
	free(recomputes->items);
	*recomputes = (struct lp_recompute_list){ 0 };
}
