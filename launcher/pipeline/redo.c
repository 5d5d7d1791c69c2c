/*
 * Which owed windows go next.  Knows ranges and windows; no threads, no clock.
 *
 * Runs in the main process, in its main thread.
 */
#include "pipeline/redo.h"

#include <assert.h>
#include <stdlib.h>

static bool keep(void *context, const struct lp_owed *owed, struct lp_error *error)
{
	struct lp_redos *redos = context;
	(void)error;
	LP_GROW(redos->owed, redos->owed_count, redos->owed_capacity);
	redos->owed[redos->owed_count++] = *owed;
	return true;
}

static bool is_past(const struct lp_owed *owed)
{
	return owed->reason == LP_REASON_CATCH_UP;
}

/*
 * What was computed before is put right oldest first.  What never was comes
 * after that, and from the newest on: the nearer to the present, the sooner
 * somebody will look at it.  What can go together stands together.
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
	for (size_t at = 0; at < sizeof keys / sizeof keys[0]; at++)
		if (keys[at][0] != keys[at][1])
			return keys[at][0] < keys[at][1] ? -1 : 1;
	return 0;
}

static bool goes_with(const struct lp_owed *first, const struct lp_owed *last, const struct lp_owed *next)
{
	return first->batch_id == next->batch_id && first->reason == next->reason &&
	       first->after_end == next->after_end && first->until_end == next->until_end &&
	       first->replace_imported == next->replace_imported && last->calculation_id != next->calculation_id;
}

/* Windows that begin before a start that was given later, and those that are skipped now, are not made up for. */
static void leave_out(struct lp_redo *redo)
{
	struct lp_touched left = { .after_end = redo->after_end, .until_end = redo->until_end };
	const struct lp_schedule *schedule = &redo->head->schedule;
	const struct lp_zone *zone;
	struct lp_error error;
	redo->past = true;
	if (!lp_zone_find(schedule->zone, &zone, &error))
		return;
	if (schedule->missed == LP_MISSED_SKIP ||
	    !lp_schedule_clip(schedule, zone, redo->head->start, redo->head->start, LP_TIME_MAX, &left))
		redo->after_end = redo->until_end;
	else
		redo->after_end = left.after_end;
}

static void group(struct lp_redos *redos, lp_head_of *head_of, lp_is_gone *is_gone, const void *context)
{
	for (size_t at = 0; at < redos->owed_count; at++) {
		const struct lp_owed *owed = &redos->owed[at];
		if (owed->reason == LP_REASON_WAITED && is_gone(context, owed->cause_batch))
			continue;
		struct lp_redo *last = redos->count > 0 ? &redos->items[redos->count - 1] : NULL;
		if (last == NULL || last->first + last->count != at ||
		    !goes_with(&redos->owed[last->first], owed - 1, owed) ||
		    last->count >= lp_batch_size(lp_batch_span(last->head))) {
			const struct lp_batch_head *head = head_of(context, owed->batch_id);
			if (head == NULL)
				continue;
			LP_GROW(redos->items, redos->count, redos->capacity);
			last = &redos->items[redos->count++];
			*last = (struct lp_redo){
				.first = at, .head = head, .after_end = owed->after_end, .until_end = owed->until_end
			};
			if (is_past(owed))
				leave_out(last);
		}
		last->count++;
	}
}

bool lp_redos_load(struct lp_redos *redos, struct lp_store *store, enum lp_run_kind kind, int32_t rank,
                   lp_head_of *head_of, lp_is_gone *is_gone, const void *context, struct lp_error *error)
{
	redos->owed_count = redos->count = redos->cursor = 0;
	if (!lp_store_each_owed(store, kind, rank, keep, redos, error))
		return false;
	if (redos->owed_count > 0)
		qsort(redos->owed, redos->owed_count, sizeof *redos->owed, compare_owed);
	group(redos, head_of, is_gone, context);
	return true;
}

static bool share_a_calculation(const struct lp_redos *redos, const struct lp_redo *a, const struct lp_redo *b)
{
	const struct lp_owed *left = &redos->owed[a->first], *left_end = left + a->count;
	const struct lp_owed *right = &redos->owed[b->first], *right_end = right + b->count;
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

void lp_redos_use(struct lp_redos *redos, size_t index, uint64_t windows)
{
	struct lp_redo *redo = &redos->items[index];
	redo->windows += windows;
	/* What a calculation has missed is within one limit, however many ranges it is. */
	for (size_t at = 0; at < redos->count && redo->past; at++) {
		struct lp_redo *other = &redos->items[at];
		if (at != index && other->past && other->head->id == redo->head->id &&
		    share_a_calculation(redos, redo, other))
			other->windows += windows;
	}
}

void lp_redos_cut(struct lp_redos *redos, size_t index, lp_time at)
{
	LP_GROW(redos->items, redos->count, redos->capacity);
	struct lp_redo *redo = &redos->items[index];
	assert(redo->past && redo->after_end < at && at < redo->until_end);
	redos->items[redos->count++] = (struct lp_redo){
		.first = redo->first,
		.count = redo->count,
		.head = redo->head,
		.after_end = at,
		.until_end = redo->until_end,
		.past = true,
		.windows = redo->windows,
		.finished = true,
	};
	redo->until_end = at;
}

/* Two commits that touch one calculation could wait for each other in the database. */
static bool is_held_up(const struct lp_redos *redos, const struct lp_redo *redo)
{
	for (size_t at = 0; at < redos->count; at++)
		if (redos->items[at].on_its_way && redos->items[at].head->id == redo->head->id &&
		    share_a_calculation(redos, redo, &redos->items[at]))
			return true;
	return false;
}

/* How many windows of a group go together. */
static uint64_t chunk_size(const struct lp_redo *redo, uint64_t most)
{
	uint64_t fit = lp_batch_tasks(lp_batch_span(redo->head)) / redo->count;
	if (most > 0 && fit > most - redo->windows)
		fit = most - redo->windows;
	return fit > 0 ? fit : 1;
}

/*
 * The newest windows of a group that were missed.  False: the newest is not
 * ready.  Without any the group is finished.
 */
static bool take_newest(struct lp_redos *redos, struct lp_redo *redo, const struct lp_zone *zone, uint64_t most,
                        lp_window_ready *ready, void *context, struct lp_job *job)
{
	const struct lp_schedule *schedule = &redo->head->schedule;
	uint64_t fit = chunk_size(redo, most), count = 0;
	struct lp_window window;
	bool more = lp_window_ending_by(schedule, zone, redo->until_end, &window), is_ready = true;
	while ((more = more && window.end > redo->after_end) && count < fit &&
	       (is_ready = ready == NULL || ready(context, redo->head, &window))) {
		if (redo->head->start == LP_TIME_NONE || window.start >= redo->head->start)
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
	/* What begins before the start is done with the last one. */
	job->batch->redone_from = more ? window.end : redos->owed[redo->first].after_end;
	return true;
}

/* The next windows of a group; without any, it is finished. */
static void take_windows(struct lp_redo *redo, const struct lp_zone *zone, uint64_t most, struct lp_job *job)
{
	const struct lp_schedule *schedule = &redo->head->schedule;
	uint64_t fit = chunk_size(redo, most);
	struct lp_window window = { .end = redo->after_end };
	bool more;
	while ((more = lp_window_ending_after(schedule, zone, window.end, &window) && window.end <= redo->until_end) &&
	       job->window_count < fit) {
		/* Of windows that slide on the calendar one that ends later can begin earlier. */
		if (redo->head->start == LP_TIME_NONE || window.start >= redo->head->start)
			job->windows[job->window_count++] = window;
	}
	lp_time last = job->window_count > 0 ? job->windows[job->window_count - 1].end : redo->until_end;
	job->batch->redone_until = more ? last : redo->until_end;
}

static bool start(struct lp_redos *redos, size_t index, uint64_t most, lp_window_ready *ready, void *context,
                  struct lp_job *job)
{
	struct lp_redo *redo = &redos->items[index];
	const struct lp_zone *zone;
	struct lp_error error;
	if ((most > 0 && redo->windows >= most) || !lp_zone_find(redo->head->schedule.zone, &zone, &error)) {
		redo->finished = true;
		return false;
	}
	/* What the last chunk has stored is where this one goes on. */
	for (size_t at = redo->first; at < redo->first + redo->count; at++) {
		if (redo->past)
			redos->owed[at].until_end = redo->until_end;
		else
			redos->owed[at].after_end = redo->after_end;
	}
	job->window_count = 0;
	if (!redo->past)
		take_windows(redo, zone, most, job);
	else if (!take_newest(redos, redo, zone, most, ready, context, job)) {
		redo->finished = true;
		return false;
	}
	job->plan = index;
	job->batch->kind = LP_BATCH_REDO;
	job->batch->reason = redos->owed[redo->first].reason;
	job->batch->replace_imported = redos->owed[redo->first].replace_imported;
	job->batch->head = *redo->head;
	job->batch->owed = &redos->owed[redo->first];
	job->batch->owed_count = redo->count;
	job->batch->read_before = LP_TIME_MAX;
	lp_redos_use(redos, index, job->window_count);
	redo->on_its_way = true;
	return true;
}

bool lp_redos_next(struct lp_redos *redos, uint64_t most, lp_window_ready *ready, void *context, struct lp_job *job)
{
	for (size_t step = 0; step < redos->count; step++) {
		size_t index = (redos->cursor + step) % redos->count;
		struct lp_redo *redo = &redos->items[index];
		if (redo->finished || redo->on_its_way || is_held_up(redos, redo))
			continue;
		if (start(redos, index, most, ready, context, job)) {
			redos->cursor = index + 1;
			return true;
		}
	}
	return false;
}

void lp_redos_finish(struct lp_redos *redos, const struct lp_job *job)
{
	struct lp_redo *redo = &redos->items[job->plan];
	assert(job->plan < redos->count && redo->on_its_way);
	redo->on_its_way = false;
	if (redo->past && job->end == LP_JOB_COMMITTED && job->batch->redone_from < redo->until_end)
		redo->until_end = job->batch->redone_from;
	else if (!redo->past && job->end == LP_JOB_COMMITTED && job->batch->redone_until > redo->after_end)
		redo->after_end = job->batch->redone_until;
	else
		redo->finished = true;
	redo->finished = redo->finished || redo->after_end >= redo->until_end;
}

uint64_t lp_redos_left(const struct lp_redos *redos)
{
	uint64_t left = 0;
	for (size_t at = 0; at < redos->count; at++) {
		const struct lp_redo *redo = &redos->items[at];
		const struct lp_zone *zone;
		struct lp_error error;
		if (redo->after_end < redo->until_end && lp_zone_find(redo->head->schedule.zone, &zone, &error))
			left += redo->count *
			        lp_schedule_count(&redo->head->schedule, zone, redo->after_end, redo->until_end);
	}
	return left;
}

void lp_redos_free(struct lp_redos *redos)
{
	free(redos->owed);
	free(redos->items);
	*redos = (struct lp_redos){ 0 };
}
