/* See fake_store.h. */
#include "fake_store.h"

#include "store/settle.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake fake;

#define T0 INT64_C(1767225600000000)

struct lp_store {
	int number;
};

void fake_reset(void)
{
	memset(&fake, 0, sizeof fake);
	pthread_mutex_init(&fake.lock, NULL);
}

struct fake_batch *fake_add(int64_t id, int32_t rank, int32_t size, const char *rule, int start,
                            const int64_t *upstream)
{
	struct fake_batch *batch = &fake.batches[fake.batch_count++];
	*batch = (struct fake_batch){ .rule = rule, .first_rule = rule };
	batch->head = (struct lp_batch_head){
		.id = id,
		.generation = 1,
		.rank = rank,
		.size = size,
		.schedule = { .every = { 1, LP_UNIT_MINUTE },
		              .window = { 1, LP_UNIT_MINUTE },
		              .week_start = 1,
		              .zone = "UTC" },
		.start = start < 0 ? LP_TIME_NONE : T0 + start * LP_MINUTE,
		.watermark = LP_TIME_NONE,
		.upstream = batch->upstream,
		.readings = batch->readings,
	};
	while (upstream != NULL && upstream[batch->head.upstream_count] != 0) {
		batch->upstream[batch->head.upstream_count] = upstream[batch->head.upstream_count];
		batch->readings[batch->head.reading_count++].upstream = upstream[batch->head.upstream_count];
		batch->head.upstream_count++;
	}
	for (int at = 0; at < LP_BATCH_SIZE; at++)
		batch->state[at] = LP_STATE_OK;
	return batch;
}

double fake_value(int64_t calculation, struct lp_window window)
{
	return (double)calculation + (double)((window.start - T0) / LP_MINUTE) / 1024;
}

static struct fake_batch *find(int64_t id)
{
	for (size_t at = 0; at < fake.batch_count; at++)
		if (fake.batches[at].head.id == id)
			return &fake.batches[at];
	return NULL;
}

static bool is_failing(int *calls, int fail_at)
{
	return ++*calls == fail_at;
}

bool lp_store_open(const struct lp_store_options *options, struct lp_store **store, struct lp_error *error)
{
	(void)options;
	pthread_mutex_lock(&fake.lock);
	int number = ++fake.opens;
	bool fails = number >= fake.fail_open_from && number <= fake.fail_open_to;
	pthread_mutex_unlock(&fake.lock);
	if (fails)
		return lp_fail(error, LP_EXIT_TEMPORARY, "too many connections");
	*store = lp_allocate(sizeof **store);
	(*store)->number = number;
	return true;
}

void lp_store_close(struct lp_store *store)
{
	free(store);
}

bool lp_store_lock_run(struct lp_store *store, enum lp_run_kind kind, bool *acquired, struct lp_error *error)
{
	(void)store;
	(void)kind;
	(void)error;
	fake.locks++;
	for (size_t at = 0; at < fake.batch_count && fake.done_before != 0; at++)
		fake.batches[at].head.watermark = fake.done_before;
	*acquired = !fake.held_by_other;
	return true;
}

void lp_store_unlock_run(struct lp_store *store)
{
	(void)store;
	fake.unlocks++;
}

bool lp_store_begin_run(struct lp_store *store, struct lp_run *run, struct lp_error *error)
{
	(void)store;
	(void)error;
	run->id = ++fake.runs_begun;
	fake.begun_within++;
	return true;
}

bool lp_store_has_one_writer(const struct lp_store *store)
{
	(void)store;
	return false;
}

bool lp_store_hold_run(struct lp_store *store, int64_t run_id, struct lp_error *error)
{
	(void)store;
	(void)run_id;
	return !fake.another_began || lp_fail(error, LP_EXIT_TEMPORARY, "another run has begun");
}

bool lp_store_end_run(struct lp_store *store, const struct lp_run *run, struct lp_error *error)
{
	(void)store;
	(void)error;
	fake.runs_ended++;
	snprintf(fake.last_result, sizeof fake.last_result, "%s", run->result);
	return true;
}

bool lp_store_each_batch(struct lp_store *store, int32_t rank, lp_batch_visit *visit, void *context,
                         struct lp_error *error)
{
	(void)store;
	for (size_t at = 0; at < fake.batch_count; at++)
		if ((rank == -1 || fake.batches[at].head.rank == rank) &&
		    !visit(context, &fake.batches[at].head, error))
			return false;
	return true;
}

bool lp_store_each_pending(struct lp_store *store, lp_time tick, lp_pending_visit *visit, void *context,
                           struct lp_error *error)
{
	(void)store;
	for (size_t at = 0; at < fake.pending_count; at++)
		if (fake.next_attempt[at] <= tick && !visit(context, &fake.pending[at], error))
			return false;
	return true;
}

/* Nothing changes behind this store's back, and nothing is owed: what follows is tested with the real ones. */
bool lp_store_begin(struct lp_store *store, struct lp_error *error)
{
	(void)store;
	(void)error;
	fake.begun_within = 0;
	return true;
}

bool lp_store_commit_work(struct lp_store *store, struct lp_error *error)
{
	(void)store;
	(void)error;
	return true;
}

void lp_store_rollback(struct lp_store *store)
{
	(void)store;
	fake.runs_begun -= fake.begun_within;
	fake.begun_within = 0;
}

bool lp_store_look_for_late(struct lp_store *store, lp_time newest, bool take, bool *found, struct lp_error *error)
{
	(void)store;
	(void)newest;
	(void)take;
	(void)error;
	*found = false;
	return true;
}

bool lp_store_each_changed(struct lp_store *store, lp_time newest, lp_changed_visit *visit, void *context,
                           struct lp_error *error)
{
	(void)store;
	(void)newest;
	(void)visit;
	(void)context;
	(void)error;
	return true;
}

bool lp_store_find_lasts(struct lp_store *store, struct lp_last *lasts, size_t count, struct lp_error *error)
{
	(void)store;
	(void)lasts;
	(void)error;
	return count == 0;
}

bool lp_store_each_change(struct lp_store *store, struct lp_change_query *query, lp_change_visit *visit, void *context,
                          struct lp_error *error)
{
	(void)store;
	(void)visit;
	(void)context;
	(void)error;
	query->too_old = 0;
	return true;
}

bool lp_store_find_next_good(struct lp_store *store, struct lp_change *changes, size_t count, lp_time before,
                             struct lp_error *error)
{
	(void)store;
	(void)changes;
	(void)before;
	(void)error;
	return count == 0;
}

bool lp_store_find_rise(struct lp_store *store, const struct lp_rise_query *query, lp_time *rise,
                        struct lp_error *error)
{
	(void)store;
	(void)query;
	(void)rise;
	(void)error;
	return false;
}

bool lp_store_each_reader(struct lp_store *store, const int64_t *series_ids, size_t count, lp_reader_visit *visit,
                          void *context, struct lp_error *error)
{
	(void)store;
	(void)series_ids;
	(void)count;
	(void)visit;
	(void)context;
	(void)error;
	return true;
}

bool lp_store_add_owed(struct lp_store *store, const struct lp_owed_range *ranges, size_t count, struct lp_error *error)
{
	(void)store;
	(void)ranges;
	(void)error;
	return count == 0;
}

bool lp_store_cut_owed(struct lp_store *store, const struct lp_owed *owed, size_t count, lp_time at, bool *cut,
                       struct lp_error *error)
{
	(void)store;
	(void)owed;
	(void)count;
	(void)at;
	(void)error;
	*cut = false;
	return true;
}

bool lp_store_each_owed(struct lp_store *store, enum lp_run_kind kind, int32_t rank, lp_owed_visit *visit,
                        void *context, struct lp_error *error)
{
	(void)store;
	for (size_t at = 0; at < fake.batch_count; at++) {
		const struct fake_batch *of = &fake.batches[at];
		if (kind != LP_RUN_MINUTE || of->left_after >= of->left_until || (rank != -1 && of->head.rank != rank))
			continue;
		for (int32_t member = 0; member < of->head.size; member++) {
			const struct lp_owed owed = { .id = of->head.id * 1000 + member,
				                      .calculation_id = of->head.id * 1000 + member,
				                      .batch_id = of->head.id,
				                      .rank = of->head.rank,
				                      .reason = LP_REASON_CATCH_UP,
				                      .after_end = of->left_after,
				                      .until_end = of->left_until };
			if (!visit(context, &owed, error))
				return false;
		}
	}
	return true;
}

bool lp_store_each_edge(struct lp_store *store, int64_t batch_id, int64_t calculation_id, lp_edge_visit *visit,
                        void *context, struct lp_error *error)
{
	(void)store;
	(void)batch_id;
	(void)calculation_id;
	(void)visit;
	(void)context;
	(void)error;
	return true;
}

bool lp_store_fail_batch(struct lp_store *store, int64_t batch_id, lp_time tick, const char *error_type,
                         const char *error_message, struct lp_error *error)
{
	(void)store;
	(void)tick;
	(void)error_type;
	(void)error_message;
	(void)error;
	struct fake_batch *of = find(batch_id);
	for (int32_t at = 0; of != NULL && at < of->head.size; at++)
		of->state[at] = LP_STATE_FAILED;
	return true;
}

bool lp_store_each_blocker(struct lp_store *store, const struct lp_blocker_query *query, lp_blocker_visit *visit,
                           void *context, struct lp_error *error)
{
	(void)store;
	(void)query;
	(void)visit;
	(void)context;
	(void)error;
	return true;
}

bool lp_store_each_breaker(struct lp_store *store, lp_breaker_visit *visit, void *context, struct lp_error *error)
{
	(void)store;
	(void)visit;
	(void)context;
	(void)error;
	return true;
}

bool lp_store_each_status(struct lp_store *store, const struct lp_status_filter *filter, lp_status_visit *visit,
                          void *context, struct lp_error *error)
{
	(void)store;
	(void)filter;
	(void)visit;
	(void)context;
	(void)error;
	return true;
}

bool lp_store_put_breaker(struct lp_store *store, const struct lp_breaker *breaker, struct lp_error *error)
{
	(void)store;
	(void)breaker;
	(void)error;
	return true;
}

bool lp_store_close_breaker(struct lp_store *store, const char *rule, struct lp_error *error)
{
	(void)store;
	(void)rule;
	(void)error;
	return true;
}

static void describe(struct lp_batch *batch, size_t index, int64_t id)
{
	struct lp_input *input = lp_arena_zeroed(&batch->arena, 1, sizeof *input);
	static struct lp_output output = { .name = "" };
	const struct fake_batch *of = find(id / 1000);
	char name[32];
	snprintf(name, sizeof name, "calculation %lld", (long long)id);
	*input = (struct lp_input){ .name = "x", .series_id = id };
	batch->calculations[index] = (struct lp_calculation){
		.id = id,
		.name = lp_arena_text(&batch->arena, name),
		.rule = id % 1000 == 0 ? of->first_rule : of->rule,
		.enabled = true,
		.time_limit = fake.time_limit,
		.inputs = input,
		.input_count = 1,
		.outputs = &output,
		.output_count = 1,
		.state = of->state[id % 1000],
	};
}

bool lp_store_read_batch(struct lp_store *store, struct lp_batch *batch, struct lp_error *error)
{
	(void)store;
	(void)error;
	pthread_mutex_lock(&fake.lock);
	struct fake_batch *of = find(batch->head.id);
	ck_assert_ptr_nonnull(of);
	ck_assert_msg(!of->in_flight, "batch %lld is on its way twice", (long long)of->head.id);
	of->in_flight = true;
	batch->calculation_count = (size_t)of->head.size;
	batch->calculations = lp_arena_zeroed(&batch->arena, batch->calculation_count, sizeof *batch->calculations);
	for (size_t at = 0; at < batch->calculation_count; at++)
		describe(batch, at, of->head.id * 1000 + (int64_t)at);
	pthread_mutex_unlock(&fake.lock);
	return true;
}

bool lp_store_read_calculations(struct lp_store *store, const int64_t *ids, size_t count, struct lp_batch *batch,
                                struct lp_error *error)
{
	(void)store;
	(void)error;
	pthread_mutex_lock(&fake.lock);
	batch->calculations = lp_arena_zeroed(&batch->arena, count, sizeof *batch->calculations);
	batch->calculation_count = count;
	for (size_t at = 0; at < count; at++)
		describe(batch, at, ids[at]);
	pthread_mutex_unlock(&fake.lock);
	return true;
}

bool lp_store_fetch_share(struct lp_store *store, struct lp_batch *batch, struct lp_share *share,
                          struct lp_error *error)
{
	(void)store;
	pthread_mutex_lock(&fake.lock);
	bool fails = is_failing(&fake.fetches, fake.fail_fetch);
	struct fake_batch *of = batch->kind == LP_BATCH_RETRY ? NULL : find(batch->head.id);
	if (fails && of != NULL)
		of->in_flight = false;
	pthread_mutex_unlock(&fake.lock);
	if (fails)
		return lp_fail(error, LP_EXIT_TEMPORARY, "connection lost while fetching");
	for (size_t at = 0; at < batch->task_count; at++) {
		struct lp_task *task = &batch->tasks[at];
		struct lp_column *column = &task->columns[0];
		if (!lp_share_holds(share, batch->calculations[task->calculation].inputs[0].series_id))
			continue;
		ck_assert_uint_eq(column->count, 0);
		column->count = 1;
		column->time = lp_arena_zeroed(share->arena, 1, sizeof *column->time);
		column->value = lp_arena_zeroed(share->arena, 1, sizeof *column->value);
		column->time[0] = task->window.start;
		column->value[0] = fake_value(batch->calculations[task->calculation].id, task->window);
		task->outcome.samples_read = 1;
		share->samples_read++;
	}
	return true;
}

static void take_off(int64_t calculation, struct lp_window window)
{
	for (size_t at = 0; at < fake.pending_count; at++) {
		if (fake.pending[at].calculation_id != calculation || fake.pending[at].window.end != window.end)
			continue;
		fake.pending[at] = fake.pending[--fake.pending_count];
		fake.next_attempt[at] = fake.next_attempt[fake.pending_count];
		return;
	}
}

static void store_task(struct lp_batch *batch, const struct lp_retry_policy *policy, size_t index)
{
	struct lp_task *task = &batch->tasks[index];
	int64_t id = batch->calculations[task->calculation].id;
	struct fake_batch *of = find(id / 1000);
	bool computed = index < atomic_load(&batch->computed);
	if (!computed && batch->kind == LP_BATCH_RETRY)
		return;
	take_off(id, task->window);
	if (computed && !lp_state_is_failure(task->outcome.state)) {
		ck_assert_uint_lt(fake.result_count, FAKE_RESULTS_MOST);
		fake.results[fake.result_count++] = (struct fake_result){
			.calculation = id,
			.window = task->window,
			.value = task->outcome.result_count > 0 ? task->outcome.results[0].value : 0,
			.state = task->outcome.state,
			.commit = fake.commits,
		};
		of->state[id % 1000] = task->outcome.state;
		batch->samples_written += task->outcome.result_count;
		return;
	}
	ck_assert_uint_lt(fake.pending_count, FAKE_PENDING_MOST);
	if (computed)
		of->state[id % 1000] = task->outcome.state;
	fake.pending[fake.pending_count] = (struct lp_pending){
		.calculation_id = id,
		.batch_id = of->head.id,
		.rank = of->head.rank,
		.attempts = computed ? task->attempt : task->attempt - 1,
		.window = task->window,
	};
	fake.next_attempt[fake.pending_count++] =
		computed ? lp_retry_next(policy, batch->tick, task->attempt, batch->calculations[task->calculation].id)
			 : batch->tick;
}

bool lp_store_commit_batch(struct lp_store *store, struct lp_batch *batch, const struct lp_retry_policy *policy,
                           bool *accepted, struct lp_error *error)
{
	(void)store;
	pthread_mutex_lock(&fake.lock);
	bool fails = is_failing(&fake.commit_calls, fake.fail_commit);
	struct fake_batch *of = batch->kind == LP_BATCH_RETRY ? NULL : find(batch->head.id);
	if (of != NULL)
		of->in_flight = false;
	*accepted = !fails && (of == NULL || (!of->refuse && of->head.generation == batch->head.generation &&
	                                      of->head.watermark == batch->head.watermark));
	if (*accepted) {
		fake.commits++;
		ck_assert_uint_gt(atomic_load(&batch->computed), 0);
		for (size_t at = 0; at < batch->task_count; at++)
			store_task(batch, policy, at);
		if (of != NULL && batch->kind == LP_BATCH_FORWARD)
			of->head.watermark = batch->new_watermark;
		if (of != NULL && batch->kind == LP_BATCH_RECOMPUTE)
			of->left_until = batch->recomputed_from;
		if (of != NULL && batch->left_after < batch->left_until) {
			ck_assert_int_eq(of->left_until, of->left_after);
			of->left_after = batch->left_after;
			of->left_until = batch->left_until;
		}
	}
	pthread_mutex_unlock(&fake.lock);
	return !fails || lp_fail(error, LP_EXIT_TEMPORARY, "connection lost while storing");
}
