/*
 * Runs over a store in memory and rules in C: given these batches at this tick,
 * expect these results, these pending windows, this end.
 */
#include "fake_process.c"
#include "fake_store.c"

#include "observe/observe.h"
#include "pipeline/pipeline.h"

static volatile int stop_flag;
static int prepared;
static uint64_t stop_after; /* windows; the progress callback then sets the flag */

static void watch_progress(void *context, const struct lp_run *so_far, uint64_t computed, uint64_t planned)
{
	(void)context;
	(void)planned;
	/* What is committed was computed before. */
	ck_assert_uint_ge(computed, so_far->windows);
	if (stop_after > 0 && so_far->windows + 1 >= stop_after)
		stop_flag = 1;
}

static bool prepare(void *context, struct lp_error *error)
{
	(void)context;
	(void)error;
	prepared++;
	return true;
}

/* Long enough for everything that was given out to be fetched. */
static bool cannot_prepare(void *context, struct lp_error *error)
{
	(void)context;
	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	return lp_fail(error, LP_EXIT_CONFIGURATION, "there are no rules");
}

static bool cannot_begin(void *context, struct lp_store *store, const struct lp_run *run, struct lp_error *error)
{
	(void)context;
	(void)store;
	ck_assert_int_ne(run->id, 0);
	return lp_fail(error, LP_EXIT_UNAVAILABLE, "the rules cannot be noted");
}

/* So that the first connection is a fetcher's: without its only committer a run ends. */
static bool wait_for_fetcher(void *context, struct lp_store *store, const struct lp_run *run, struct lp_error *error)
{
	(void)context;
	(void)store;
	(void)run;
	(void)error;
	for (bool opened = false; !opened;) {
		const struct timespec pause = { .tv_nsec = 1000 * 1000 };
		nanosleep(&pause, NULL);
		pthread_mutex_lock(&fake.lock);
		opened = fake.opens > 0;
		pthread_mutex_unlock(&fake.lock);
	}
	return true;
}

static struct lp_pipeline_options options_of(int workers)
{
	return (struct lp_pipeline_options){
		.store = { .address = "fake:" },
		.workers = workers,
		.catch_up = 100,
		.retry = { .max_attempts = 3, .first_delay = LP_MINUTE, .longest_delay = LP_HOUR },
		.prepare = prepare,
		.progress = watch_progress,
	};
}

struct ran {
	struct lp_run run;
	struct lp_run_timing timing;
	struct lp_error error;
	bool good;
	double seconds;
};

/* For the tick that many minutes after T0. */
static struct ran run_with(const struct lp_pipeline_options *options, int minutes)
{
	struct ran ran = { .run = { .tick = T0 + minutes * LP_MINUTE } };
	struct lp_store store = { 0 };
	int64_t begin = now();
	ran.good = lp_run(&store, options, &stop_flag, &ran.run, &ran.timing, &ran.error);
	ran.seconds = (double)(now() - begin) / 1e9;
	return ran;
}

static struct ran run_at(int minutes)
{
	struct lp_pipeline_options options = options_of(3);
	return run_with(&options, minutes);
}

static void begin(void)
{
	fake_reset();
	lp_log_set(LP_LOG_FORMAT_AUTO, LP_LOG_ERROR);
	stop_flag = 0;
	stop_after = 0;
	prepared = 0;
}

static int compare_results(const void *a, const void *b)
{
	const struct fake_result *left = a, *right = b;
	if (left->calculation != right->calculation)
		return left->calculation < right->calculation ? -1 : 1;
	return left->window.end < right->window.end ? -1 : left->window.end > right->window.end;
}

/* Every window from `first` to `last` (their starts, in minutes) of every calculation of the batch, once, and right. */
static void expect_all(int64_t batch, int first, int last)
{
	const struct fake_batch *of = find(batch);
	qsort(fake.results, fake.result_count, sizeof fake.results[0], compare_results);
	size_t at = 0;
	while (at < fake.result_count && fake.results[at].calculation < batch * 1000)
		at++;
	for (int64_t id = batch * 1000; id < batch * 1000 + of->head.size; id++) {
		for (int minute = first; minute <= last; minute++, at++) {
			ck_assert_uint_lt(at, fake.result_count);
			ck_assert_int_eq(fake.results[at].calculation, id);
			ck_assert_int_eq(fake.results[at].window.start, T0 + minute * LP_MINUTE);
			ck_assert_double_eq(fake.results[at].value, fake_value(id, fake.results[at].window));
		}
	}
	ck_assert(at == fake.result_count || fake.results[at].calculation >= (batch + 1) * 1000);
}

START_TEST(everything_due_is_computed_once)
{
	begin();
	fake_add(1, 0, 3, "mean", 0, NULL);
	fake_add(2, 0, 1000, "mean", 0, NULL);
	fake_add(3, 0, 700, "mean", 5, NULL);
	struct ran ran = run_at(10);
	ck_assert_msg(ran.good, "%s", ran.error.what);
	expect_all(1, 0, 9);
	expect_all(2, 0, 9);
	expect_all(3, 5, 9);
	ck_assert_uint_eq(ran.run.windows, 30 + 10000 + 3500);
	ck_assert_uint_eq(ran.run.states[LP_STATE_OK], 13530);
	ck_assert_uint_eq(ran.run.samples_read, 13530);
	ck_assert_uint_eq(ran.run.samples_written, 13530);
	ck_assert_uint_eq(ran.run.still_due, 0);
	ck_assert_str_eq(ran.run.result, "done");
	ck_assert_int_eq(prepared, 1);
	ck_assert_int_eq(fake.runs_ended, 1);
	ck_assert_int_eq(ran.timing.left_behind, 0);

	struct ran again = run_at(10);
	ck_assert(again.good);
	ck_assert_int_eq(again.run.id, 0);
	ck_assert_int_eq(prepared, 1);
	ck_assert_int_eq(fake.runs_begun, 1);
	ck_assert_int_eq(again.timing.next_due, T0 + 11 * LP_MINUTE);
}
END_TEST

START_TEST(without_start_only_the_newest_window)
{
	begin();
	fake_add(1, 0, 2, "mean", -1, NULL);
	ck_assert(run_at(10).good);
	expect_all(1, 9, 9);
	ck_assert(run_at(13).good);
	expect_all(1, 9, 12);
}
END_TEST

START_TEST(nothing_there_at_all)
{
	begin();
	struct ran ran = run_at(10);
	ck_assert(ran.good);
	ck_assert_int_eq(ran.run.id, 0);
	ck_assert_int_eq(ran.timing.next_due, LP_TIME_NONE);
	ck_assert_int_eq(fake.runs_begun, 0);
	ck_assert_int_eq(fake.opens, 0);
}
END_TEST

static struct ran run_locking_at(int minutes)
{
	struct lp_pipeline_options options = options_of(3);
	options.lock = true;
	return run_with(&options, minutes);
}

static void expect_nothing_done(const struct ran *ran)
{
	ck_assert_msg(ran->good, "%s", ran->error.what);
	ck_assert_int_eq(ran->run.id, 0);
	ck_assert_int_eq(fake.runs_begun, 0);
	ck_assert_uint_eq(fake.result_count, 0);
	ck_assert_int_eq(prepared, 0);
}

/* The lock is a connection of its own: who finds nothing due does without. */
START_TEST(the_lock_is_taken_only_where_something_is_due)
{
	begin();
	fake_add(1, 0, 3, "mean", 0, NULL)->head.watermark = T0 + 10 * LP_MINUTE;
	struct ran ran = run_locking_at(10);
	expect_nothing_done(&ran);
	ck_assert(!ran.timing.busy);
	ck_assert_int_eq(fake.locks, 0);
	ran = run_locking_at(11);
	ck_assert_msg(ran.good, "%s", ran.error.what);
	ck_assert_int_eq(fake.locks, 1);
	ck_assert_int_eq(fake.unlocks, 1);
	expect_all(1, 10, 10);
}
END_TEST

START_TEST(a_run_beside_another_does_nothing)
{
	begin();
	fake_add(1, 0, 3, "mean", 0, NULL);
	fake.held_by_other = true;
	struct ran ran = run_locking_at(10);
	expect_nothing_done(&ran);
	ck_assert(ran.timing.busy);
	ck_assert_int_eq(fake.unlocks, 0);
}
END_TEST

/* Between the first look and the lock another run came to its end. */
START_TEST(what_is_due_is_read_again_with_the_lock)
{
	begin();
	fake_add(1, 0, 3, "mean", 0, NULL);
	fake.done_before = T0 + 10 * LP_MINUTE;
	struct ran ran = run_locking_at(10);
	expect_nothing_done(&ran);
	ck_assert(!ran.timing.busy);
	ck_assert_int_eq(ran.timing.next_due, T0 + 11 * LP_MINUTE);
	ck_assert_int_eq(fake.locks, 1);
	ck_assert_int_eq(fake.unlocks, 1);
}
END_TEST

START_TEST(a_failing_calculation_stops_no_other)
{
	begin();
	fake_add(1, 0, 5, "mean", 0, NULL)->first_rule = "fail";
	struct ran ran = run_at(2);
	ck_assert(ran.good);
	ck_assert_uint_eq(ran.run.states[LP_STATE_OK], 8);
	ck_assert_uint_eq(ran.run.states[LP_STATE_FAILED], 2);
	ck_assert_uint_eq(ran.run.newly_failed, 1);
	ck_assert_uint_eq(ran.timing.failure_count, 1);
	ck_assert_str_eq(ran.timing.failures[0].calculation, "calculation 1000");
	ck_assert_str_eq(ran.timing.failures[0].message, "it fails");
	ck_assert_uint_eq(ran.timing.failures[0].windows, 2);
	ck_assert(ran.timing.failures[0].newly);
	ck_assert_uint_eq(fake.pending_count, 2);

	/* Tried again, in vain, together with what is fresh; and not newly failed. */
	ran = run_at(3);
	ck_assert(ran.good);
	ck_assert_uint_eq(ran.run.windows, 5 + 2);
	ck_assert_uint_eq(ran.run.newly_failed, 0);
	ck_assert_uint_eq(fake.pending_count, 3);
	ck_assert_int_eq(fake.pending[0].attempts + fake.pending[1].attempts + fake.pending[2].attempts, 5);

	/* Somebody mends the rule. */
	fake.batches[0].first_rule = "mean";
	ran = run_at(60);
	ck_assert(ran.good);
	ck_assert_uint_eq(fake.pending_count, 0);
	expect_all(1, 0, 59);
}
END_TEST

START_TEST(ranks_are_done_one_after_the_other)
{
	begin();
	fake_add(1, 0, 400, "mean", 0, NULL);
	fake_add(2, 0, 10, "slow", 0, NULL);
	fake_add(3, 1, 3, "mean", 0, (const int64_t[]){ 1, 2, 0 });
	fake_add(4, 2, 3, "mean", 0, (const int64_t[]){ 3, 0 });
	struct ran ran = run_at(3);
	ck_assert(ran.good);
	size_t last[5] = { 0 }, first[5] = { SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX };
	for (size_t at = 0; at < fake.result_count; at++) {
		int64_t batch = fake.results[at].calculation / 1000;
		size_t commit = fake.results[at].commit;
		last[batch] = commit > last[batch] ? commit : last[batch];
		first[batch] = commit < first[batch] ? commit : first[batch];
	}
	ck_assert_uint_gt(first[3], last[1]);
	ck_assert_uint_gt(first[3], last[2]);
	ck_assert_uint_gt(first[4], last[3]);
	for (int64_t batch = 1; batch <= 4; batch++)
		expect_all(batch, 0, 2);
}
END_TEST

START_TEST(nobody_is_computed_past_what_it_reads)
{
	begin();
	fake_add(1, 0, 2, "mean", 0, NULL)->head.schedule.delay = 2 * LP_MINUTE;
	fake_add(2, 1, 2, "mean", 0, (const int64_t[]){ 1, 0 });
	fake_add(3, 1, 2, "mean", 0, (const int64_t[]){ 99, 0 }); /* whose calculations are all disabled */
	ck_assert(run_at(5).good);
	expect_all(1, 0, 2);
	expect_all(2, 0, 2);
	expect_all(3, 0, 4);
}
END_TEST

START_TEST(a_run_catches_up_within_its_limit)
{
	struct lp_pipeline_options options = options_of(2);
	begin();
	options.catch_up = 7;
	fake_add(1, 0, 900, "mean", 0, NULL);
	struct ran ran = run_with(&options, 20);
	ck_assert(ran.good);
	/* The present, then the past from its newest window on. */
	expect_all(1, 13, 19);
	ck_assert_uint_eq(ran.run.still_due, 13 * 900);
	ck_assert(run_with(&options, 20).good);
	expect_all(1, 6, 19);
	ck_assert(run_with(&options, 20).good);
	expect_all(1, 0, 19);
}
END_TEST

START_TEST(a_refused_batch_is_no_error)
{
	begin();
	fake_add(1, 0, 3, "mean", 0, NULL)->refuse = true;
	fake_add(2, 0, 3, "mean", 0, NULL);
	fake_add(3, 1, 3, "mean", 0, (const int64_t[]){ 1, 0 });
	struct ran ran = run_at(4);
	ck_assert(ran.good);
	ck_assert_uint_eq(ran.timing.refused, 1);
	ck_assert_uint_eq(ran.run.still_due, 12);
	expect_all(2, 0, 3);
	ck_assert_uint_eq(fake.result_count, 12);
	fake.batches[0].refuse = false;
	ck_assert(run_at(4).good);
	expect_all(1, 0, 3);
	expect_all(3, 0, 3);
}
END_TEST

/* What fails, and at which call. */
static const struct {
	const char *what;
	int fetch, commit;
} lost[] = {
	{ "connection lost while fetching", 1, 0 }, { "connection lost while fetching", 4, 0 },
	{ "connection lost while storing", 0, 1 },  { "connection lost while storing", 0, 5 },
	{ "connection lost while fetching", 3, 2 },
};

START_TEST(what_is_committed_stays_and_the_next_run_does_the_rest)
{
	begin();
	for (int64_t id = 1; id <= 4; id++)
		fake_add(id, id == 4, 500, "mean", 0, id == 4 ? (const int64_t[]){ 1, 2, 0 } : NULL);
	fake.fail_fetch = lost[_i].fetch;
	fake.fail_commit = lost[_i].commit;
	struct ran ran = run_at(10);
	ck_assert(!ran.good);
	ck_assert_int_eq(ran.error.exit, LP_EXIT_TEMPORARY);
	if (lost[_i].fetch == 0 || lost[_i].commit == 0)
		ck_assert_str_eq(ran.error.what, lost[_i].what);
	ck_assert_ptr_nonnull(strstr(ran.error.hint, "the next run does the rest"));
	ck_assert_str_eq(fake.last_result, "database error");
	ck_assert_uint_eq(fake.result_count, ran.run.windows);
	ck_assert_int_eq(ran.timing.left_behind, 0);
	for (size_t at = 0; at < fake.batch_count; at++)
		fake.batches[at].in_flight = false;
	fake.fail_fetch = fake.fail_commit = 0;
	ck_assert(run_at(10).good);
	for (int64_t id = 1; id <= 4; id++)
		expect_all(id, 0, 9);
	ck_assert_uint_eq(fake.pending_count, 0);
}
END_TEST

/* Fetchers that have nothing else to do fetch a batch together. */
static const struct {
	int fetchers, size, minutes, shares;
} sharings[] = {
	{ 1, 1000, 1, 1 }, { 2, 1000, 1, 2 }, { 3, 1000, 1, 3 }, { 40, 1000, 1, 10 },
	{ 2, 199, 1, 1 },  { 2, 200, 1, 2 },  { 2, 20, 9, 1 },   { 2, 20, 10, 2 },
};

START_TEST(a_batch_is_fetched_by_all_who_are_idle)
{
	begin();
	fake_add(1, 0, sharings[_i].size, "mean", 0, NULL);
	struct lp_pipeline_options options = options_of(2);
	options.fetchers = sharings[_i].fetchers;
	struct ran ran = run_with(&options, sharings[_i].minutes);
	ck_assert_msg(ran.good, "%s", ran.error.what);
	expect_all(1, 0, sharings[_i].minutes - 1);
	ck_assert_int_eq(fake.fetches, sharings[_i].shares);
	ck_assert_uint_eq(ran.run.samples_read, ran.run.windows);
}
END_TEST

START_TEST(a_share_that_cannot_be_fetched_is_the_whole_batch)
{
	begin();
	fake_add(1, 0, 1000, "mean", 0, NULL);
	fake.fail_fetch = 1 + _i;
	struct lp_pipeline_options options = options_of(2);
	options.fetchers = 3;
	struct ran ran = run_with(&options, 1);
	ck_assert(!ran.good);
	ck_assert_str_eq(ran.error.what, "connection lost while fetching");
	ck_assert_uint_eq(fake.result_count, 0);
	ck_assert_uint_eq(ran.run.still_due, 1000);
	fake.fail_fetch = 0;
	fake.batches[0].in_flight = false;
	ck_assert(run_with(&options, 1).good);
	expect_all(1, 0, 0);
}
END_TEST

START_TEST(a_run_goes_on_with_the_connections_it_gets)
{
	begin();
	for (int64_t id = 1; id <= 6; id++)
		fake_add(id, 0, 500, "mean", 0, NULL);
	fake.fail_open_from = fake.fail_open_to = 1;
	struct lp_pipeline_options options = options_of(3);
	options.begun = wait_for_fetcher;
	struct ran ran = run_with(&options, 10);
	ck_assert_msg(ran.good, "%s", ran.error.what);
	for (int64_t id = 1; id <= 6; id++)
		expect_all(id, 0, 9);
}
END_TEST

START_TEST(without_any_connection_it_ends)
{
	begin();
	fake_add(1, 0, 500, "mean", 0, NULL);
	fake.fail_open_from = 1;
	fake.fail_open_to = 100;
	struct ran ran = run_at(10);
	ck_assert(!ran.good);
	ck_assert_str_eq(ran.error.what, "too many connections");
	ck_assert_uint_eq(fake.result_count, 0);
	ck_assert_double_lt(ran.seconds, 1);
}
END_TEST

START_TEST(a_run_goes_on_with_the_workers_it_gets)
{
	struct lp_pipeline_options options = options_of(3);
	begin();
	fake_add(1, 0, 8, "slow", 0, NULL);
	atomic_store(&workers_left, 1);
	struct ran ran = run_with(&options, 1);
	ck_assert_msg(ran.good, "%s", ran.error.what);
	expect_all(1, 0, 0);
	/* One that cannot be had is not asked for again and again. */
	ck_assert_int_eq(atomic_load(&workers_left), -2);
}
END_TEST

START_TEST(stopped_in_the_middle)
{
	begin();
	fake_add(1, 0, 200, "slow", 0, NULL);
	fake_add(2, 0, 900, "mean", 0, NULL);
	stop_after = 1;
	struct ran ran = run_at(3);
	ck_assert(!ran.good);
	ck_assert_int_eq(ran.error.exit, LP_EXIT_TEMPORARY);
	ck_assert_str_eq(fake.last_result, "interrupted");
	ck_assert_double_lt(ran.seconds, 1.5);
	ck_assert_int_eq(ran.timing.left_behind, 0);
	ck_assert_uint_eq(fake.result_count, ran.run.windows);

	/* What was not reached is done by the next run, each once. */
	for (size_t at = 0; at < fake.batch_count; at++) {
		fake.batches[at].in_flight = false;
		fake.batches[at].rule = fake.batches[at].first_rule = "mean";
	}
	stop_flag = 0;
	stop_after = 0;
	ck_assert(run_at(3).good);
	expect_all(1, 0, 2);
	expect_all(2, 0, 2);
	ck_assert_uint_eq(fake.pending_count, 0);
}
END_TEST

/* Fetchers have begun when Python turns out not to start: nothing of it stays but the row that says so. */
START_TEST(rules_that_cannot_be_prepared)
{
	begin();
	fake_add(1, 0, 3, "mean", 0, NULL);
	fake_add(2, 0, 1000, "mean", 0, NULL);
	struct lp_pipeline_options options = options_of(3);
	options.prepare = cannot_prepare;
	struct ran ran = run_with(&options, 3);
	ck_assert(!ran.good);
	ck_assert_str_eq(ran.error.what, "there are no rules");
	ck_assert_int_eq(ran.error.exit, LP_EXIT_CONFIGURATION);
	ck_assert_int_eq(fake.runs_begun, 1);
	ck_assert_int_eq(fake.runs_ended, 1);
	ck_assert_str_eq(fake.last_result, "configuration error");
	ck_assert_uint_eq(fake.result_count, 0);
	ck_assert_int_eq(ran.timing.left_behind, 0);
	ck_assert_double_lt(ran.seconds, 1);

	for (size_t at = 0; at < fake.batch_count; at++)
		fake.batches[at].in_flight = false;
	ck_assert(run_at(3).good);
	expect_all(1, 0, 2);
	expect_all(2, 0, 2);
}
END_TEST

/* There is a row of the run by then: it does not stay open. */
START_TEST(a_run_that_cannot_begin)
{
	begin();
	fake_add(1, 0, 3, "mean", 0, NULL);
	struct lp_pipeline_options options = options_of(3);
	options.begun = cannot_begin;
	struct ran ran = run_with(&options, 3);
	ck_assert(!ran.good);
	ck_assert_str_eq(ran.error.what, "the rules cannot be noted");
	ck_assert_int_eq(fake.runs_begun, 1);
	ck_assert_int_eq(fake.runs_ended, 1);
	ck_assert_str_eq(fake.last_result, "database error");
	ck_assert_uint_eq(fake.result_count, 0);
	ck_assert_double_lt(ran.seconds, 1);
}
END_TEST

/* It has lost its lock: what it has left would be refused, window by window. */
START_TEST(a_run_ends_when_another_has_begun)
{
	begin();
	fake_add(1, 0, 3, "mean", 0, NULL)->refuse = true;
	fake_add(2, 1, 3, "mean", 0, NULL);
	fake.another_began = true;
	struct ran ran = run_at(3);
	ck_assert(!ran.good);
	ck_assert_int_eq(ran.error.exit, LP_EXIT_TEMPORARY);
	ck_assert_str_eq(ran.error.what, "another run has begun");
	ck_assert_uint_eq(fake.result_count, 0);
}
END_TEST

START_TEST(stopped_before_it_began)
{
	begin();
	fake_add(1, 0, 3, "mean", 0, NULL);
	stop_flag = 1;
	struct ran ran = run_at(3);
	ck_assert(!ran.good);
	ck_assert_uint_eq(fake.result_count, 0);
	ck_assert_uint_eq(ran.run.still_due, 9);
	ck_assert_double_lt(ran.seconds, 1);
}
END_TEST

START_TEST(a_rule_that_runs_for_ever_is_interrupted_when_the_run_stops)
{
	begin();
	fake_add(1, 0, 4, "endless", 0, NULL)->first_rule = "mean";
	stop_after = 1;
	struct ran ran = run_at(1);
	ck_assert(!ran.good);
	ck_assert_double_ge(ran.seconds, 1.9);
	ck_assert_double_lt(ran.seconds, 3.5);
	ck_assert_int_eq(ran.timing.left_behind, 0);
	ck_assert_uint_eq(fake.result_count, 1);
	ck_assert_int_eq(fake.results[0].calculation, 1000);
	ck_assert_uint_eq(fake.pending_count, 3);
	ck_assert_int_eq(fake.pending[0].attempts, 0);
}
END_TEST

START_TEST(without_processes_it_ends)
{
	struct lp_pipeline_options options = options_of(1);
	begin();
	fake_add(1, 0, 8, "mean", 0, NULL);
	atomic_store(&processes_left, 0);
	struct ran ran = run_with(&options, 1);
	ck_assert(!ran.good);
	ck_assert_int_eq(ran.error.exit, LP_EXIT_TEMPORARY);
	ck_assert_uint_eq(fake.result_count, 0);
}
END_TEST

START_TEST(a_time_limit_costs_one_calculation)
{
	begin();
	fake_add(1, 0, 6, "mean", 0, NULL)->first_rule = "endless";
	fake.time_limit = LP_SECOND / 5;
	struct ran ran = run_at(1);
	ck_assert(ran.good);
	ck_assert_uint_eq(ran.run.states[LP_STATE_TIMED_OUT], 1);
	ck_assert_uint_eq(ran.run.states[LP_STATE_OK], 5);
	ck_assert_double_lt(ran.seconds, 2);
	ck_assert_str_eq(ran.timing.rule_worst_calculation, "calculation 1000");
}
END_TEST

START_TEST(a_schedule_nobody_can_follow_stops_no_other)
{
	begin();
	struct fake_batch *bad = fake_add(1, 0, 6, "mean", 0, NULL);
	snprintf(bad->head.schedule.zone, sizeof bad->head.schedule.zone, "Mars/Olympus");
	fake_add(2, 0, 6, "mean", 0, NULL);
	lp_log_set(LP_LOG_FORMAT_AUTO, LP_LOG_ERROR + 1);
	struct ran ran = run_at(2);
	ck_assert(ran.good);
	ck_assert_uint_eq(ran.timing.skipped, 1);
	expect_all(2, 0, 1);
	ck_assert_uint_eq(fake.result_count, 12);
}
END_TEST

START_TEST(one_batch_keeps_every_worker_busy)
{
	struct lp_pipeline_options options = options_of(4);
	begin();
	fake_add(1, 0, 40, "slow", 0, NULL);
	struct ran ran = run_with(&options, 1);
	ck_assert(ran.good);
	expect_all(1, 0, 0);
	/* 40 rules of 50 ms: 2 s for one worker. */
	ck_assert_double_lt(ran.seconds, 1.2);
}
END_TEST

START_TEST(many_pending_windows_are_tried_in_one_run)
{
	begin();
	fake_add(1, 0, 300, "fail", 0, NULL);
	ck_assert(run_at(20).good);
	ck_assert_uint_eq(fake.pending_count, 6000);
	fake.batches[0].rule = fake.batches[0].first_rule = "mean";
	ck_assert(run_at(21).good);
	ck_assert_uint_eq(fake.pending_count, 0);
	expect_all(1, 0, 20);
}
END_TEST

/* In each chunk there are as many windows as fit for what they read: of ten calculations that read a week, one. */
START_TEST(windows_that_read_much_go_one_by_one)
{
	struct lp_pipeline_options options = options_of(2);
	begin();
	options.catch_up = 7;
	fake_add(1, 0, 10, "mean", 0, NULL)->head.span = 7 * LP_DAY;
	ck_assert(run_with(&options, 20).good);
	expect_all(1, 13, 19);
	ck_assert_uint_eq(fake.commits, 7);
	ck_assert(run_with(&options, 20).good);
	expect_all(1, 6, 19);
	ck_assert_uint_eq(fake.commits, 14);

	begin();
	fake_add(1, 0, 10, "mean", 0, NULL);
	ck_assert(run_with(&options, 20).good);
	ck_assert_uint_eq(fake.commits, 1);
	ck_assert(run_with(&options, 20).good);
	expect_all(1, 6, 19);
	ck_assert_uint_eq(fake.commits, 2);
}
END_TEST

/* The ordinary ones together, whatever comes behind them; of the others as many as read no more than a batch may. */
START_TEST(pending_windows_that_read_much_are_tried_in_small_batches)
{
	begin();
	fake_add(1, 0, 300, "fail", 0, NULL);
	fake_add(2, 0, 25, "fail", 0, NULL)->head.span = 7 * LP_DAY;
	ck_assert(run_at(1).good);
	ck_assert_uint_eq(fake.pending_count, 325);
	for (int at = 0; at < 2; at++) {
		fake.batches[at].rule = fake.batches[at].first_rule = "mean";
		fake.batches[at].head.watermark = T0 + 2 * LP_MINUTE;
	}
	size_t before = fake.commits;
	ck_assert(run_at(2).good);
	ck_assert_uint_eq(fake.pending_count, 0);
	ck_assert_uint_eq(fake.commits - before, 1 + 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pipeline");
	TCase *tests = tcase_create("runs");
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, everything_due_is_computed_once);
	tcase_add_test(tests, without_start_only_the_newest_window);
	tcase_add_test(tests, nothing_there_at_all);
	tcase_add_test(tests, the_lock_is_taken_only_where_something_is_due);
	tcase_add_test(tests, a_run_beside_another_does_nothing);
	tcase_add_test(tests, what_is_due_is_read_again_with_the_lock);
	tcase_add_test(tests, a_failing_calculation_stops_no_other);
	tcase_add_test(tests, ranks_are_done_one_after_the_other);
	tcase_add_test(tests, nobody_is_computed_past_what_it_reads);
	tcase_add_test(tests, a_run_catches_up_within_its_limit);
	tcase_add_test(tests, a_refused_batch_is_no_error);
	tcase_add_loop_test(tests, what_is_committed_stays_and_the_next_run_does_the_rest, 0,
	                    (int)(sizeof lost / sizeof lost[0]));
	tcase_add_loop_test(tests, a_batch_is_fetched_by_all_who_are_idle, 0,
	                    (int)(sizeof sharings / sizeof sharings[0]));
	tcase_add_loop_test(tests, a_share_that_cannot_be_fetched_is_the_whole_batch, 0, 3);
	tcase_add_test(tests, a_run_goes_on_with_the_connections_it_gets);
	tcase_add_test(tests, without_any_connection_it_ends);
	tcase_add_test(tests, a_run_goes_on_with_the_workers_it_gets);
	tcase_add_test(tests, stopped_in_the_middle);
	tcase_add_test(tests, rules_that_cannot_be_prepared);
	tcase_add_test(tests, a_run_that_cannot_begin);
	tcase_add_test(tests, a_run_ends_when_another_has_begun);
	tcase_add_test(tests, stopped_before_it_began);
	tcase_add_test(tests, a_rule_that_runs_for_ever_is_interrupted_when_the_run_stops);
	tcase_add_test(tests, without_processes_it_ends);
	tcase_add_test(tests, a_time_limit_costs_one_calculation);
	tcase_add_test(tests, a_schedule_nobody_can_follow_stops_no_other);
	tcase_add_test(tests, one_batch_keeps_every_worker_busy);
	tcase_add_test(tests, many_pending_windows_are_tried_in_one_run);
	tcase_add_test(tests, windows_that_read_much_go_one_by_one);
	tcase_add_test(tests, pending_windows_that_read_much_are_tried_in_small_batches);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
