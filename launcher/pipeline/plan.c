/*
 * Decides which batch goes next. Knows watermarks and windows; no threads, no
 * clock.
 *
 * Runs in the main process, in its main thread.
 */
#include "pipeline/plan.h"

#include "model/order.h"

#include <assert.h>
#include <stdlib.h>

static bool add_pending(void *context, const struct lp_pending *pending, struct lp_error *error)
{
	struct lp_plan *plan = context;
	(void)error;
	if (lp_plan_leaves(plan, pending->shadow))
		return true;
	LP_GROW(plan->pending, plan->pending_count, plan->pending_capacity);
	plan->pending[plan->pending_count++] = *pending;
	return true;
}

static int compare_pending(const void *a, const void *b)
{
	const struct lp_pending *left = a, *right = b;
	const int64_t keys[][2] = {
		{ left->shadow, right->shadow },
		{ left->rank, right->rank },
		{ left->window.start, right->window.start },
		{ left->window.end, right->window.end },
		{ left->calculation_id, right->calculation_id },
	};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (keys[i][0] != keys[i][1])
			return lp_compare(keys[i][0], keys[i][1]);
	return 0;
}

/* Windows of a schedule that cannot be followed stay pending. */
static void leave_out_lost(struct lp_plan *plan)
{
	size_t kept = 0;
	for (size_t i = 0; i < plan->pending_count && plan->lost_count > 0; i++)
		if (!lp_plan_is_lost(plan, plan->pending[i].batch_id))
			plan->pending[kept++] = plan->pending[i];
	plan->pending_count = plan->lost_count > 0 ? kept : plan->pending_count;
}

/* Returns how much a pending window reads, at most. */
static int64_t pending_span(const struct lp_plan *plan, const struct lp_pending *pending)
{
	const struct lp_plan_batch *batch = lp_plan_find(plan, pending->batch_id);
	return batch != NULL ? lp_batch_span(&batch->head) : pending->window.end - pending->window.start;
}

static void group_pending(struct lp_plan *plan)
{
	int64_t most = 0; /* of the last group: what its widest reader reads */
	for (size_t i = 0; i < plan->pending_count; i++) {
		const struct lp_pending *pending = &plan->pending[i];
		int64_t span = pending_span(plan, pending);
		struct lp_plan_retry *last = plan->retry_count > 0 ? &plan->retries[plan->retry_count - 1] : NULL;
		const struct lp_pending *first = last != NULL ? &plan->pending[last->first] : NULL;
		most = span > most ? span : most;
		if (first == NULL || last->count >= lp_batch_size(most) || first->rank != pending->rank ||
		    first->shadow != pending->shadow || !lp_window_equals(first->window, pending->window)) {
			LP_GROW(plan->retries, plan->retry_count, plan->retry_capacity);
			last = &plan->retries[plan->retry_count++];
			*last = (struct lp_plan_retry){ .first = i };
			most = span;
		}
		last->count++;
	}
}

/* Returns a time that no reader of the batch has read yet, the reach of its inputs included. */
static lp_time read_up_to(const struct lp_batch_head *head)
{
	lp_time end;
	if (head->watermark == LP_TIME_NONE)
		return LP_TIME_NONE;
	return __builtin_add_overflow(head->watermark, head->reach, &end) ? LP_TIME_MAX : end;
}

/* Returns the time from which on no sample has been read, so that changes there affect nothing. */
static lp_time newest_read(const struct lp_plan *plan)
{
	lp_time newest = LP_TIME_NONE;
	for (size_t i = 0; i < plan->batch_count; i++) {
		lp_time read = read_up_to(&plan->batches[i].head);
		newest = read > newest ? read : newest;
	}
	for (size_t i = 0; i < plan->disabled_count; i++) {
		lp_time read = read_up_to(&plan->disabled[i]);
		newest = read > newest ? read : newest;
	}
	return newest;
}

static void note_reader(struct lp_plan *plan, const struct lp_batch_head *head)
{
	lp_time read = read_up_to(head);
	for (size_t up = 0; up < head->upstream_count; up++) {
		struct lp_plan_batch *upstream = lp_plan_find(plan, head->upstream[up]);
		if (upstream != NULL && read > upstream->read_before)
			upstream->read_before = read;
	}
}

/*
 * Finds up to where the results of each batch may have been read. What is
 * written after that need not be followed. What is written before it, a batch of
 * a higher rank may have read: sliding windows have results far back, and a new
 * calculation may come before others that have run for long.
 */
static void find_readers(struct lp_plan *plan)
{
	for (size_t i = 0; i < plan->batch_count; i++)
		plan->batches[i].read_before = LP_TIME_NONE;
	for (size_t i = 0; i < plan->batch_count; i++)
		note_reader(plan, &plan->batches[i].head);
	for (size_t i = 0; i < plan->disabled_count; i++)
		note_reader(plan, &plan->disabled[i]);
}

bool lp_plan_choose(const struct lp_plan *plan, const struct lp_plan_batch *batch, size_t most,
                    struct lp_choice *choice, struct lp_due *due, struct lp_error *error)
{
	struct lp_batch_head from = batch->head;
	const struct lp_zone *zone;
	lp_time upstream = lp_plan_upstream(plan, &batch->head), ended;
	uint64_t limit = plan->catch_up > batch->windows ? plan->catch_up - batch->windows : 0;
	*choice = (struct lp_choice){ .leaves = false };
	if (!lp_schedule_due(&from, plan->tick, upstream, most, due, error))
		return false;
	const struct lp_readiness ready = { lp_plan_ready, (void *)(uintptr_t)plan };
	bool gaps = lp_plan_reads_gaps(plan, &from);
	if (due->count + due->left == 0 || ((limit == 0 || due->count + due->left <= limit) && !gaps) ||
	    from.schedule.missed == LP_MISSED_SKIP || !lp_zone_find(from.schedule.zone, &zone, error))
		return true;
	ended = plan->tick - from.schedule.delay;
	/* A new batch without a start has only its newest window. */
	if (from.watermark == LP_TIME_NONE && from.start == LP_TIME_NONE) {
		struct lp_window newest;
		if (lp_window_ending_by(&from.schedule, zone, upstream < ended ? upstream : ended, &newest) &&
		    !lp_plan_ready((void *)(uintptr_t)plan, &from, &newest))
			due->count = due->left = 0;
		return true;
	}
	lp_schedule_choose(&from, zone, upstream < ended ? upstream : ended, limit, gaps ? &ready : NULL, choice);
	if (choice->leaves)
		from.watermark = choice->later.until_end;
	return lp_schedule_due(&from, plan->tick, choice->until, most, due, error);
}

static void estimate(struct lp_plan *plan, bool *due)
{
	uint64_t owed = lp_recompute_left(&plan->recomputes);
	*due = plan->retry_count > 0 || plan->recomputes.count > 0;
	plan->chunks = plan->retry_count + plan->recomputes.count;
	plan->windows = plan->pending_count + owed;
	plan->samples = 0;
	if (plan->kind == LP_RUN_BACKFILL)
		return;
	for (size_t i = 0; i < plan->batch_count; i++) {
		struct lp_plan_batch *batch = &plan->batches[i];
		struct lp_due now = { 0 }, later = { 0 };
		struct lp_choice choice;
		struct lp_error error;
		if (lp_plan_leaves(plan, batch->head.shadow) ||
		    !lp_plan_choose(plan, batch, 0, &choice, &now, &error) ||
		    !lp_schedule_due(&batch->head, plan->tick, LP_TIME_MAX, 0, &later, &error))
			continue;
		*due = *due || now.left > 0;
		uint64_t left = plan->catch_up > 0 && later.left > plan->catch_up ? plan->catch_up : later.left;
		plan->windows += left * (uint64_t)batch->head.size;
		int64_t seconds = lp_span_about(batch->head.schedule.window) / LP_SECOND;
		plan->samples += (double)left * batch->head.size * (double)seconds;
		plan->chunks += left > 0;
	}
}

/*
 * Finds whether changes of samples are all that is due. If something else is
 * due, the run finds them itself. If there are many, as after an import, they
 * count as due, so that the run takes them and the next runs do not look at them
 * again.
 */
static bool look_at_changes(struct lp_plan *plan, bool *due, struct lp_error *error)
{
	struct lp_change_scan *scan = &plan->scan;
	if (plan->kind != LP_RUN_MINUTE || scan->newest == LP_TIME_NONE || (*due && !scan->list))
		return true;
	/* The run itself notes them, while no other one commits: until then it is enough that there are some. */
	if (!scan->list && !lp_store_look_for_late(plan->store, scan->newest, false, due, error))
		return false;
	if (*due && !scan->list)
		return true;
	if (!lp_changes_follow(plan->store, scan, error))
		return false;
	*due = *due || scan->ranges > 0 || scan->many;
	plan->chunks += scan->ranges > 0 || scan->many;
	plan->windows += scan->ranges;
	return true;
}

static int32_t rank_after(const struct lp_plan *plan, int32_t after)
{
	int32_t rank = INT32_MAX;
	for (size_t i = 0; i < plan->batch_count; i++)
		if (plan->batches[i].head.shadow == plan->shadow && plan->batches[i].head.rank > after &&
		    plan->batches[i].head.rank < rank)
			rank = plan->batches[i].head.rank;
	for (size_t i = 0; i < plan->pending_count; i++)
		if (plan->pending[i].shadow == plan->shadow && plan->pending[i].rank > after &&
		    plan->pending[i].rank < rank)
			rank = plan->pending[i].rank;
	return rank;
}

/* Moves on to the next rank; behind the last one of what is live, to the first one of what is in shadow. */
static void next_rank(struct lp_plan *plan, int32_t after)
{
	plan->rank = lp_plan_leaves(plan, plan->shadow) ? INT32_MAX : rank_after(plan, after);
	if (plan->rank != INT32_MAX || plan->shadow || plan->leave_shadow || plan->out_of_time)
		return;
	plan->shadow = true;
	plan->rank = rank_after(plan, INT32_MIN);
}

static bool read_pending(struct lp_plan *plan, struct lp_error *error)
{
	return plan->kind == LP_RUN_BACKFILL ||
	       lp_store_each_pending(plan->store, plan->tick, add_pending, plan, error);
}

bool lp_plan_load(struct lp_plan *plan, struct lp_store *store, const struct lp_plan_options *options, bool *due,
                  struct lp_error *error)
{
	*plan = (struct lp_plan){
		.store = store,
		.kind = options->kind,
		.tick = options->tick,
		.catch_up = options->kind == LP_RUN_BACKFILL ? 0 : options->catch_up,
		.leave_live = options->leave_live,
		.leave_shadow = options->leave_shadow,
		.scan = { .tick = options->tick,
		          .recompute_within = options->recompute_within,
		          .dry_run = true,
		          .list = options->list },
	};
	if (!lp_plan_read_batches(plan, !options->again && !options->list, error) || !read_pending(plan, error))
		return false;
	leave_out_lost(plan);
	if (plan->pending_count > 0)
		qsort(plan->pending, plan->pending_count, sizeof *plan->pending, compare_pending);
	group_pending(plan);
	find_readers(plan);
	plan->scan.newest = newest_read(plan);
	if (!lp_plan_read_owed(plan, -1, error))
		return false;
	lp_plan_find_gaps(plan, -1);
	/* What waited for a failed window becomes owed as soon as its retry succeeds. */
	plan->owing = plan->recomputes.count > 0 || plan->retry_count > 0;
	estimate(plan, due);
	if (!look_at_changes(plan, due, error))
		return false;
	next_rank(plan, INT32_MIN);
	return true;
}

/*
 * Takes all changes, inside the run's transaction. Those from `newest` on affect
 * nothing: what they change has not been read yet and is read after this.
 */
static bool follow(struct lp_plan *plan, struct lp_error *error)
{
	plan->rewritten = false;
	if (plan->kind == LP_RUN_BACKFILL)
		return true;
	plan->scan.newest = newest_read(plan);
	if (!lp_changes_follow(plan->store, &plan->scan, error))
		return false;
	plan->too_old += plan->scan.too_old;
	plan->owing = plan->owing || plan->scan.ranges > 0;
	return true;
}

bool lp_plan_begin(struct lp_plan *plan, int64_t run_id, struct lp_error *error)
{
	bool found;
	plan->run_id = run_id;
	plan->scan.dry_run = false;
	if (plan->kind == LP_RUN_MINUTE && !lp_store_look_for_late(plan->store, newest_read(plan), true, &found, error))
		return false;
	return follow(plan, error);
}

/*
 * Follows changes between two ranks. Stops if another run has begun, because
 * that one relies on all changes from then on.
 */
static bool follow_again(struct lp_plan *plan, struct lp_error *error)
{
	if (!lp_store_begin(plan->store, error))
		return false;
	if (lp_store_hold_run(plan->store, plan->run_id, error) && follow(plan, error) &&
	    lp_store_commit_work(plan->store, error))
		return true;
	lp_store_rollback(plan->store);
	return false;
}

/* Returns how many windows of a batch go through the pipeline together. */
static size_t chunk_size(const struct lp_plan *plan, const struct lp_plan_batch *batch)
{
	size_t size = batch->head.size > 0 ? (size_t)batch->head.size : 1;
	size_t tasks = lp_batch_tasks(lp_batch_span(&batch->head));
	size_t most = tasks / size > 0 ? tasks / size : 1;
	if (plan->catch_up > 0) {
		uint64_t left = batch->windows < plan->catch_up ? plan->catch_up - batch->windows : 0;
		most = left < most ? (size_t)left : most;
	}
	return most;
}

static bool start_batch(struct lp_plan *plan, size_t index, struct lp_job *job)
{
	struct lp_plan_batch *batch = &plan->batches[index];
	struct lp_due due = { .windows = job->windows };
	struct lp_choice choice;
	struct lp_error error;
	size_t most = chunk_size(plan, batch);
	if (most == 0 || !lp_plan_choose(plan, batch, most, &choice, &due, &error) || due.count == 0) {
		batch->finished = true;
		return false;
	}
	job->plan = index;
	job->window_count = due.count;
	job->batch->head = batch->head;
	job->batch->new_watermark = due.windows[due.count - 1].end;
	job->batch->read_before = batch->read_before;
	if (choice.leaves) {
		job->batch->left_start = choice.later.window_start;
		job->batch->left_after = choice.later.after_end;
		job->batch->left_until = choice.later.until_end;
	}
	job->batch->reason = !choice.leaves && due.count == 1 && due.left == 0 ? LP_REASON_NEW : LP_REASON_CATCH_UP;
	batch->windows += due.count;
	batch->on_its_way = true;
	return true;
}

static bool share_a_calculation(const struct lp_plan *plan, const struct lp_plan_retry *a,
                                const struct lp_plan_retry *b)
{
	const struct lp_pending *left = &plan->pending[a->first], *left_end = left + a->count;
	const struct lp_pending *right = &plan->pending[b->first], *right_end = right + b->count;
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

/*
 * Two commits that touch the same calculation could deadlock in the database, so
 * a retry waits until those before it are back.
 */
static bool start_retry(struct lp_plan *plan, struct lp_job *job)
{
	size_t index = plan->next_retry;
	struct lp_plan_retry *retry = &plan->retries[index];
	while (plan->first_retry < index && plan->retries[plan->first_retry].finished)
		plan->first_retry++;
	for (size_t i = plan->first_retry; i < index; i++)
		if (!plan->retries[i].finished && share_a_calculation(plan, retry, &plan->retries[i]))
			return false;
	const struct lp_pending *pending = &plan->pending[retry->first];
	job->plan = index;
	job->pending = pending;
	job->pending_count = retry->count;
	job->windows[0] = pending->window;
	job->window_count = 1;
	job->batch->kind = LP_BATCH_RETRY;
	job->batch->reason = LP_REASON_RETRY;
	job->batch->read_before = LP_TIME_MAX;
	job->batch->head.rank = plan->rank;
	job->batch->head.shadow = plan->shadow;
	plan->next_retry++;
	return true;
}

static bool next_forward(struct lp_plan *plan, struct lp_job *job)
{
	for (size_t step = 0; step < plan->batch_count; step++) {
		size_t index = (plan->cursor + step) % plan->batch_count;
		struct lp_plan_batch *batch = &plan->batches[index];
		if (batch->head.rank != plan->rank || batch->head.shadow != plan->shadow || batch->finished ||
		    batch->on_its_way)
			continue;
		if (start_batch(plan, index, job)) {
			plan->cursor = index + 1;
			return true;
		}
	}
	return false;
}

/* Gives out the next job of the current rank and phase. */
static bool next_of_phase(struct lp_plan *plan, struct lp_job *job)
{
	switch (plan->phase) {
	case LP_PLAN_FORWARD:
		return plan->kind == LP_RUN_MINUTE && next_forward(plan, job);
	case LP_PLAN_RETRY:
		return plan->next_retry < plan->retry_count &&
		       plan->pending[plan->retries[plan->next_retry].first].rank == plan->rank &&
		       plan->pending[plan->retries[plan->next_retry].first].shadow == plan->shadow &&
		       start_retry(plan, job);
	case LP_PLAN_RECOMPUTE:
		return lp_recompute_next(&plan->recomputes, plan->catch_up,
		                         &(struct lp_readiness){ lp_plan_ready, plan }, job);
	}
	return false;
}

/* New windows and missed ones share one limit. */
static void share_limit(struct lp_plan *plan)
{
	for (size_t i = 0; i < plan->recomputes.count; i++) {
		struct lp_recompute *recompute = &plan->recomputes.items[i];
		const struct lp_plan_batch *batch = recompute->past ? lp_plan_find(plan, recompute->head->id) : NULL;
		if (batch != NULL)
			recompute->windows = batch->windows;
	}
}

/* Cuts the ranges of a group in two. */
static bool cut_owed(struct lp_plan *plan, const struct lp_recompute *recompute, lp_time at, bool *cut,
                     struct lp_error *error)
{
	if (!lp_store_begin(plan->store, error))
		return false;
	bool ok = lp_store_hold_run(plan->store, plan->run_id, error) &&
	          lp_store_cut_owed(plan->store, &plan->recomputes.owed[recompute->first], recompute->count, at, cut,
	                            error);
	if (ok && *cut && lp_store_commit_work(plan->store, error))
		return true;
	lp_store_rollback(plan->store);
	return ok && !*cut;
}

/*
 * Missed windows are made up for from the newest on. If the newest waits for a
 * slower batch, the range is cut, and the settled part before it goes on.
 */
static bool cut_past(struct lp_plan *plan, struct lp_error *error)
{
	for (size_t i = 0, count = plan->recomputes.count; i < count; i++) {
		lp_time until = lp_plan_cut(plan, &plan->recomputes.items[i]);
		bool cut = false;
		if (until == LP_TIME_NONE)
			continue;
		if (!cut_owed(plan, &plan->recomputes.items[i], until, &cut, error))
			return false;
		if (cut)
			lp_recompute_cut(&plan->recomputes, i, until);
	}
	return true;
}

/* Moves on to the next phase or rank, once nothing is in flight. */
static bool go_on(struct lp_plan *plan, struct lp_error *error)
{
	if (plan->phase == LP_PLAN_FORWARD) {
		plan->phase = LP_PLAN_RETRY;
		return true;
	}
	if (plan->phase == LP_PLAN_RETRY) {
		plan->phase = LP_PLAN_RECOMPUTE;
		if (!plan->owing)
			return true;
		if (!lp_plan_read_owed(plan, plan->rank, error))
			return false;
		share_limit(plan);
		return cut_past(plan, error);
	}
	if (plan->owing)
		lp_plan_find_gaps(plan, plan->rank);
	plan->still_owed += lp_recompute_left(&plan->recomputes);
	plan->recomputes.count = 0;
	plan->phase = LP_PLAN_FORWARD;
	next_rank(plan, plan->rank);
	return !plan->rewritten || plan->rank == INT32_MAX || follow_again(plan, error);
}

bool lp_plan_next(struct lp_plan *plan, struct lp_job *job, bool *found, struct lp_error *error)
{
	*found = false;
	while (plan->rank != INT32_MAX) {
		if (next_of_phase(plan, job)) {
			plan->in_flight++;
			job->batch->tick = plan->tick;
			job->lost = plan->lost;
			job->lost_count = plan->lost_count;
			*found = true;
			return true;
		}
		if (plan->in_flight > 0)
			return true;
		if (!go_on(plan, error))
			return false;
	}
	return true;
}

void lp_plan_finish(struct lp_plan *plan, const struct lp_job *job)
{
	assert(plan->in_flight > 0);
	plan->in_flight--;
	if (job->end == LP_JOB_COMMITTED && !lp_batch_is_unread(job->batch))
		plan->rewritten = true;
	if (job->batch->kind == LP_BATCH_RECOMPUTE) {
		lp_recompute_finish(&plan->recomputes, job);
		return;
	}
	if (job->batch->kind == LP_BATCH_RETRY) {
		assert(job->plan < plan->next_retry && !plan->retries[job->plan].finished);
		plan->retries[job->plan].finished = true;
		plan->retries[job->plan].committed = job->end == LP_JOB_COMMITTED;
		return;
	}
	assert(job->plan < plan->batch_count && plan->batches[job->plan].on_its_way);
	struct lp_plan_batch *batch = &plan->batches[job->plan];
	batch->on_its_way = false;
	if (job->end == LP_JOB_COMMITTED) {
		batch->head.watermark = job->batch->new_watermark;
		lp_plan_widen_gap(batch, job->batch->left_after, job->batch->left_until);
		plan->owing = plan->owing || job->batch->left_after < job->batch->left_until;
	} else
		batch->finished = true;
}

uint64_t lp_plan_still_due(const struct lp_plan *plan)
{
	uint64_t still_due = plan->still_owed + lp_recompute_left(&plan->recomputes);
	for (size_t i = 0; i < plan->batch_count && plan->kind == LP_RUN_MINUTE; i++) {
		const struct lp_plan_batch *batch = &plan->batches[i];
		struct lp_due due = { 0 };
		struct lp_error error;
		if (!batch->unusable && !lp_plan_leaves(plan, batch->head.shadow) &&
		    lp_schedule_due(&batch->head, plan->tick, lp_plan_upstream(plan, &batch->head), 0, &due, &error))
			still_due += due.left * (uint64_t)batch->head.size;
	}
	for (size_t i = 0; i < plan->retry_count; i++)
		if (!plan->retries[i].committed)
			still_due += plan->retries[i].count;
	return still_due;
}

bool lp_plan_fail_unusable(const struct lp_plan *plan, struct lp_error *error)
{
	for (size_t i = 0; i < plan->lost_count; i++) {
		const struct lp_plan_batch *batch = lp_plan_find(plan, plan->lost[i].batch_id);
		const struct lp_zone *zone;
		struct lp_error reason;
		if (!lp_zone_find(batch->head.schedule.zone, &zone, &reason) &&
		    !lp_store_fail_batch(plan->store, batch->head.id, plan->tick, "TimeZoneNotFound", reason.what,
		                         error))
			return false;
	}
	return true;
}

size_t lp_plan_unusable(const struct lp_plan *plan)
{
	size_t count = 0;
	for (size_t i = 0; i < plan->batch_count; i++)
		count += plan->batches[i].unusable;
	return count;
}

lp_time lp_plan_next_due(const struct lp_plan *plan)
{
	lp_time earliest = LP_TIME_NONE;
	for (size_t i = 0; i < plan->batch_count; i++) {
		lp_time next;
		struct lp_error error;
		const struct lp_batch_head *head = &plan->batches[i].head;
		/* A batch that waits for another goes on when that one has something to do. */
		if (!plan->batches[i].unusable && !lp_plan_leaves(plan, head->shadow) &&
		    lp_schedule_next(head, plan->tick, &next, &error) && next != LP_TIME_NONE &&
		    (earliest == LP_TIME_NONE || next < earliest) &&
		    next - head->schedule.delay <= lp_plan_upstream(plan, head))
			earliest = next;
	}
	return earliest;
}
