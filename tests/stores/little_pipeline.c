/* See fixture.h.  Batches through fetch, compute and commit, one at a time, with rules in C. */
#include "fixture.h"

#include <string.h>

const char *version_of_rules;

struct lp_run begin_run(lp_time tick)
{
	struct lp_run run = {
		.tick = tick,
		.started = tick,
		.ended = LP_TIME_NONE,
		.host = "here",
		.process = 1,
		.program_version = "0",
		.result = "running",
	};
	struct lp_error error;

	ck_ok(lp_store_begin_run(store, &run, &error), error);
	ck_assert_int_gt(run.id, 0);
	return run;
}

struct lp_batch *fetch_batch(const struct lp_batch_head *head, lp_time from, lp_time to, const struct lp_run *run)
{
	struct lp_batch *batch = lp_batch_new(NULL);
	struct lp_window window = { from, to };
	struct lp_error error;

	batch->head = *head;
	batch->run_id = run->id;
	batch->tick = run->tick;
	batch->new_watermark = to;
	batch->read_before = LP_TIME_NONE;
	ck_ok(lp_store_read_batch(store, batch, &error), error);
	ck_assert_int_eq((int32_t)batch->calculation_count, head->size);
	lp_batch_plan(batch, &window, 1);
	ck_ok(lp_store_fetch(store, batch, &error), error);
	return batch;
}

struct lp_batch *fetch_redo(const struct lp_owed *owed, size_t count, lp_time until, const struct lp_run *run)
{
	struct lp_batch *batch = lp_batch_new(NULL);
	int64_t ids[16];
	struct lp_window windows[64];
	size_t window_count = 0;
	struct lp_error error;

	ck_assert(count <= 16);
	for (size_t i = 0; i < count; i++)
		ids[i] = owed[i].calculation_id;
	for (lp_time end = owed[0].after_end + LP_MINUTE; end <= until; end += LP_MINUTE)
		windows[window_count++] = (struct lp_window){ end - LP_MINUTE, end };
	batch->kind = LP_BATCH_RECOMPUTE;
	batch->reason = owed[0].reason;
	batch->head.id = owed[0].batch_id;
	batch->head.rank = owed[0].rank;
	batch->owed = owed;
	batch->owed_count = count;
	batch->recomputed_until = until;
	batch->read_before = LP_TIME_MAX;
	batch->run_id = run->id;
	batch->tick = run->tick;
	ck_ok(lp_store_read_calculations(store, ids, count, batch, &error), error);
	lp_batch_plan(batch, windows, window_count);
	ck_ok(lp_store_fetch(store, batch, &error), error);
	return batch;
}

static void add_result(struct lp_batch *batch, struct lp_outcome *outcome, size_t most, lp_time time, double value)
{
	if (outcome->results == NULL)
		outcome->results = lp_arena_zeroed(&batch->arena, most, sizeof *outcome->results);
	ck_assert(outcome->result_count < most);
	outcome->results[outcome->result_count++] = (struct lp_result){ .output = 0, .time = time, .value = value };
	outcome->state = LP_STATE_OK;
}

static void fail_task(struct lp_outcome *outcome, enum lp_state state, const char *type, const char *message)
{
	outcome->state = state;
	outcome->error_type = type;
	outcome->error_message = message;
	outcome->error_traceback = "Traceback (most recent call last):\n  File \"rules.py\", line 3, in fail\n";
}

static void compute_task(struct lp_batch *batch, struct lp_task *task)
{
	const char *rule = batch->calculations[task->calculation].rule;
	struct lp_outcome *outcome = &task->outcome;
	const struct lp_column *x = &task->columns[0];
	size_t good = 0;
	double sum = 0, last = 0;

	*outcome = (struct lp_outcome){ .state = LP_STATE_NO_DATA,
		                        .duration = 5000000,
		                        .samples_read = (uint32_t)x->count,
		                        .rule_version = version_of_rules };
	if (strcmp(rule, "fail") == 0) {
		fail_task(outcome, LP_STATE_FAILED, "ZeroDivisionError", "division by zero");
		return;
	}
	if (strcmp(rule, "slow") == 0) {
		fail_task(outcome, LP_STATE_TIMED_OUT, "TimeLimitExceeded", "10 s are over");
		return;
	}
	for (size_t i = 0; i < x->count; i++) {
		if (lp_sample_is_missing(x->value[i], x->quality != NULL ? x->quality[i] : 0))
			continue;
		good++;
		sum += x->value[i];
		last = x->value[i];
		if (strcmp(rule, "echo") == 0)
			add_result(batch, outcome, x->count, x->time[i], x->value[i]);
	}
	if (strcmp(rule, "mean") == 0 && good > 0)
		add_result(batch, outcome, 1, task->result_time, sum / (double)good);
	if (strcmp(rule, "held") == 0 && good > 0)
		add_result(batch, outcome, 1, task->result_time, last);
	else if (strcmp(rule, "held") == 0 && task->previous[0].count == 1)
		add_result(batch, outcome, 1, task->result_time, task->previous[0].value[0]);
}

void compute(struct lp_batch *batch)
{
	for (size_t i = 0; i < batch->task_count; i++)
		compute_task(batch, &batch->tasks[i]);
	atomic_store(&batch->computed, batch->task_count);
}

bool commit(struct lp_batch *batch)
{
	struct lp_error error;
	bool accepted;

	ck_ok(lp_store_commit_batch(store, batch, &policy, &accepted, &error), error);
	return accepted;
}

int run_window(lp_time from, lp_time to, lp_time tick)
{
	struct lp_run run = begin_run(tick);
	const struct heads *heads = read_heads(-1);
	int accepted = 0;
	struct lp_error error;

	for (size_t i = 0; i < heads->count; i++) {
		struct lp_batch *batch = fetch_batch(&heads->items[i], from, to, &run);

		compute(batch);
		accepted += commit(batch);
		lp_batch_free(batch);
	}
	run.ended = tick + LP_SECOND;
	run.result = "done";
	run.states[LP_STATE_OK] = 1;
	ck_ok(lp_store_end_run(store, &run, &error), error);
	return accepted;
}

void fail_one_window(int from, int to)
{
	struct lp_run run = begin_run(AT(to));
	struct lp_batch *batch = fetch_batch(&read_heads(0)->items[0], AT(from), AT(to), &run);

	compute(batch);
	ck_assert(commit(batch));
	lp_batch_free(batch);
}

static bool take_pending(void *context, const struct lp_pending *pending, struct lp_error *error)
{
	struct pendings *pendings = context;

	(void)error;
	ck_assert(pendings->count < 64);
	pendings->items[pendings->count++] = *pending;
	return true;
}

static bool retry(const struct lp_pending *pending, const struct lp_run *run)
{
	struct lp_batch *batch = lp_batch_new(NULL);
	struct lp_error error;
	bool accepted;

	batch->kind = LP_BATCH_RETRY;
	batch->reason = LP_REASON_RETRY;
	batch->read_before = LP_TIME_MAX;
	batch->head.rank = pending->rank;
	batch->run_id = run->id;
	batch->tick = run->tick;
	ck_ok(lp_store_read_calculations(store, &pending->calculation_id, 1, batch, &error), error);
	ck_assert_uint_eq(batch->calculation_count, 1);
	lp_batch_plan(batch, &pending->window, 1);
	batch->tasks[0].attempt = pending->attempts + 1;
	ck_ok(lp_store_fetch(store, batch, &error), error);
	compute(batch);
	accepted = commit(batch);
	lp_batch_free(batch);
	return accepted;
}

struct pendings *read_pendings(lp_time tick)
{
	struct pendings *pendings = lp_arena_zeroed(&arena, 1, sizeof *pendings);
	struct lp_error error;

	ck_ok(lp_store_each_pending(store, tick, take_pending, pendings, &error), error);
	return pendings;
}

int run_pending(lp_time tick)
{
	struct lp_run run = begin_run(tick);
	const struct pendings *pendings = read_pendings(tick);
	int accepted = 0;

	for (size_t i = 0; i < pendings->count; i++)
		accepted += retry(&pendings->items[i], &run);
	return accepted;
}

static bool take_owed(void *context, const struct lp_owed *owed, struct lp_error *error)
{
	struct oweds *oweds = context;

	(void)error;
	ck_assert(oweds->count < 64);
	oweds->items[oweds->count++] = *owed;
	return true;
}

struct oweds *read_owed(enum lp_run_kind kind, int32_t rank)
{
	struct oweds *oweds = lp_arena_zeroed(&arena, 1, sizeof *oweds);
	struct lp_error error;

	ck_ok(lp_store_each_owed(store, kind, rank, take_owed, oweds, &error), error);
	return oweds;
}

int run_owed(lp_time tick)
{
	struct lp_run run = begin_run(tick);
	const struct oweds *oweds = read_owed(LP_RUN_MINUTE, -1);
	int accepted = 0;

	for (size_t i = 0; i < oweds->count; i++) {
		struct lp_batch *batch = fetch_redo(&oweds->items[i], 1, oweds->items[i].until_end, &run);

		compute(batch);
		accepted += commit(batch);
		lp_batch_free(batch);
	}
	return accepted;
}
