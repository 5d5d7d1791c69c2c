/*
 * Starts and ends the threads of the pipeline, and makes the queues between them.
 * What the threads do is in fetcher.c, worker.c and committer.c; the main thread
 * decides which job goes when.
 *
 * Runs in the main process, in its main thread.
 */
#include "pipeline/stages.h"
#include "model/clock.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { STACK = 8 << 20, PARTS_A_WORKER = 4 };
/* Nanoseconds for which jobs must have waited for a stage before it gets its other threads. */
#define GROW_AFTER INT64_C(20000000)

static void drop(struct lp_stages *stages, struct lp_job *job)
{
	lp_stages_finish(stages, job, LP_JOB_DROPPED);
}

/* A stage takes jobs from the queue with its index in lp_stages.queues. */
static const struct {
	const char *name; /* of its threads, as ps -L shows it */
	void (*run)(struct lp_stage_thread *thread);
	/* returns a job that none of its threads will take */
	void (*give_back)(struct lp_stages *stages, struct lp_job *job);
} table[LP_STAGE_COUNT] = {
	[LP_STAGE_FETCH] = { "fetcher", lp_fetcher_run, drop },
	[LP_STAGE_COMPUTE] = { "worker", lp_worker_run, lp_worker_return },
	[LP_STAGE_COMMIT] = { "committer", lp_committer_run, drop },
};

static void *begin(void *argument)
{
	struct lp_stage_thread *thread = argument;
	lp_stages_enter(thread);
	pthread_setname_np(pthread_self(), table[thread->stage].name);
	table[thread->stage].run(thread);
	return NULL;
}

static int start_thread(struct lp_stage_thread *thread)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int result = pthread_attr_init(&attributes);
	assert(result == 0);
	result = pthread_attr_setstacksize(&attributes, STACK);
	assert(result == 0);
	/* Only the main thread handles signals: a worker must never be interrupted. */
	sigfillset(&all);
	static const int own[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		sigdelset(&all, own[i]);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(&thread->thread, &attributes, begin, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return result;
}

/* Returns an errno; 0: the thread runs. */
static int add_thread(struct lp_stages *stages, enum lp_stage stage)
{
	struct lp_stage_thread *thread = &stages->threads[stages->thread_count];
	*thread = (struct lp_stage_thread){ .stages = stages, .stage = stage };
	pthread_mutex_init(&thread->lock, NULL);
	int result = start_thread(thread);
	if (result == 0) {
		stages->thread_count++;
		if (++stages->alive[stage] > stages->most_alive[stage])
			stages->most_alive[stage] = stages->alive[stage];
	}
	return result;
}

/* Starts `count` threads of the stage; the run cannot go on without them. */
static bool add_threads(struct lp_stages *stages, enum lp_stage stage, int count, struct lp_error *error)
{
	for (int i = 0; i < count; i++) {
		int result = add_thread(stages, stage);
		if (result != 0) {
			lp_fail_errno(error, LP_EXIT_TEMPORARY, result, "cannot start a thread");
			return lp_hint(error,
			               "The limit on processes and threads (ulimit -u, pids.max) may be too low.");
		}
		stages->to_come[stage]--;
	}
	return true;
}

bool lp_stages_start(const struct lp_pipeline_options *options, const struct lp_breakers *breakers,
                     const int most[LP_STAGE_COUNT], size_t jobs, struct lp_stages **started, struct lp_error *error)
{
	struct lp_stages *stages = lp_allocate(sizeof *stages);
	int workers = most[LP_STAGE_COMPUTE];
	size_t all = 0;
	for (int stage = 0; stage < LP_STAGE_COUNT; stage++) {
		stages->to_come[stage] = most[stage];
		all += (size_t)most[stage];
	}
	stages->options = options;
	stages->breakers = breakers;
	stages->patience = lp_patience_new(options->breaker_failures, (size_t)workers);
	stages->threads = lp_allocate(all * sizeof *stages->threads);
	stages->shares = (size_t)most[LP_STAGE_FETCH];
	/* More parts than workers, so that a worker whose part was quick can take another. */
	stages->parts = workers > 1 ? (size_t)workers * PARTS_A_WORKER : 1;
	/* There is room for the messages of threads that cannot start, too. */
	lp_queue_init(&stages->queues[LP_STAGE_FETCH], jobs * stages->shares);
	lp_queue_init(&stages->queues[LP_STAGE_COMPUTE], jobs * stages->parts);
	lp_queue_init(&stages->queues[LP_STAGE_COMMIT], jobs);
	lp_queue_init(&stages->finished, jobs + all);
	if (!add_threads(stages, LP_STAGE_FETCH, most[LP_STAGE_FETCH], error)) {
		(void)lp_stages_end(stages, 1000);
		return false;
	}
	*started = stages;
	return true;
}

/*
 * A worker costs an interpreter and a committer a session of the server. Most
 * runs are over before more of them are of use.
 */
bool lp_stages_start_worker(struct lp_stages *stages, struct lp_error *error)
{
	return add_threads(stages, LP_STAGE_COMPUTE, 1, error);
}

bool lp_stages_start_committer(struct lp_stages *stages, int64_t run_id, struct lp_error *error)
{
	stages->run_id = run_id;
	return add_threads(stages, LP_STAGE_COMMIT, 1, error);
}

void lp_stages_grow(struct lp_stages *stages)
{
	for (int stage = 0; stage < LP_STAGE_COUNT; stage++) {
		if (stages->to_come[stage] == 0 || lp_queue_waiting(&stages->queues[stage]) < GROW_AFTER)
			continue;
		while (stages->to_come[stage] > 0 && add_thread(stages, (enum lp_stage)stage) == 0)
			stages->to_come[stage]--;
		/* A thread that cannot be started is not tried again. */
		stages->to_come[stage] = 0;
	}
}

void lp_stages_submit(struct lp_stages *stages, struct lp_job *job)
{
	lp_stages_assert_main();
	lp_stages_send(stages, LP_STAGE_FETCH, job);
}

struct lp_job *lp_stages_finished(struct lp_stages *stages, int milliseconds)
{
	lp_stages_assert_main();
	return lp_queue_pop_within(&stages->finished, milliseconds);
}

void lp_stages_stop(struct lp_stages *stages)
{
	atomic_store(&stages->stopping, true);
	/* A stage without threads takes nothing out of its queue. */
	for (int stage = 0; stage < LP_STAGE_COUNT; stage++) {
		struct lp_job *job;
		while (stages->alive[stage] == 0 && (job = lp_queue_pop_within(&stages->queues[stage], 0)) != NULL)
			table[stage].give_back(stages, job);
	}
}

uint64_t lp_stages_computed(struct lp_stages *stages)
{
	uint64_t computed = atomic_load(&stages->computed);
	for (int i = 0; i < stages->thread_count; i++) {
		struct lp_stage_thread *thread = &stages->threads[i];
		pthread_mutex_lock(&thread->lock);
		if (thread->job != NULL)
			computed += atomic_load(&thread->job->batch->computed);
		pthread_mutex_unlock(&thread->lock);
	}
	return computed;
}

static void destroy(struct lp_stages *stages)
{
	for (int i = 0; i < stages->thread_count; i++)
		pthread_mutex_destroy(&stages->threads[i].lock);
	for (int stage = 0; stage < LP_STAGE_COUNT; stage++)
		lp_queue_destroy(&stages->queues[stage]);
	lp_queue_destroy(&stages->finished);
	lp_patience_free(stages->patience);
	free(stages->threads);
	free(stages);
}

int lp_stages_end(struct lp_stages *stages, int milliseconds)
{
	for (int stage = 0; stage < LP_STAGE_COUNT; stage++)
		lp_queue_close(&stages->queues[stage]);
	/*
	 * By the wall clock, because ThreadSanitizer does not know the other call. If
	 * the clock is set, threads may be left behind, which is safe.
	 */
	const struct timespec until = lp_clock_after(CLOCK_REALTIME, milliseconds);
	int left = 0;
	for (int i = 0; i < stages->thread_count; i++)
		left += pthread_timedjoin_np(stages->threads[i].thread, NULL, &until) != 0;
	if (left == 0)
		destroy(stages);
	return left;
}
