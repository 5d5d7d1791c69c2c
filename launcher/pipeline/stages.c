/* The threads of the pipeline.  They know jobs; which and when is the main thread's business. */
#include "pipeline/stages.h"

#include "calendar/calendar.h"
#include "model/clock.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STACK = 8 << 20, PARTS_A_WORKER = 4 };
/* Nanoseconds that something waits for a stage without a break before it gets its other threads. */
#define GROW_AFTER INT64_C(20000000)

/*
 * A queue is closed under a thread's hands only when the run has left without
 * waiting for it: then the job is left as it is, and the next run does it.
 */
static void send(struct lp_queue *queue, struct lp_job *job)
{
	bool taken = lp_queue_push(queue, job);
	(void)taken;
}

static void finish(struct lp_stages *stages, struct lp_job *job, enum lp_job_end end)
{
	job->end = end;
	send(&stages->finished, job);
}

static void report_down(struct lp_stage_thread *thread)
{
	thread->message.end = LP_JOB_THREAD_DOWN;
	thread->message.plan = (size_t)thread->stage;
	send(&thread->stages->finished, &thread->message);
}

/* The main thread's connection has looked at the schema. */
static bool open_store(struct lp_stage_thread *thread, struct lp_store **store)
{
	struct lp_store_options options = thread->stages->options->store;
	options.any_schema = true;
	bool opened = lp_store_open(&options, store, &thread->message.error);
	if (!opened)
		report_down(thread);
	return opened;
}

/* Pending windows say how often each was tried; the definitions came without those of calculations that are gone. */
static void set_attempts(struct lp_job *job)
{
	for (size_t at = 0; at < job->batch->task_count; at++) {
		struct lp_task *task = &job->batch->tasks[at];
		int64_t id = job->batch->calculations[task->calculation].id;
		size_t low = 0, high = job->pending_count;
		while (low < high) {
			size_t middle = low + (high - low) / 2;
			if (job->pending[middle].calculation_id < id)
				low = middle + 1;
			else
				high = middle;
		}
		assert(low < job->pending_count && job->pending[low].calculation_id == id);
		task->attempt = job->pending[low].attempts + 1;
	}
}

static bool read_definitions(struct lp_store *store, struct lp_job *job, struct lp_error *error)
{
	const struct lp_batch *batch = job->batch;
	if (batch->kind == LP_BATCH_FORWARD)
		return lp_store_read_batch(store, job->batch, error);
	size_t count = batch->kind == LP_BATCH_RETRY ? job->pending_count : batch->owed_count;
	int64_t *ids = lp_arena_zeroed(&job->batch->arena, count, sizeof *ids);
	for (size_t at = 0; at < count; at++)
		ids[at] = batch->kind == LP_BATCH_RETRY ? job->pending[at].calculation_id
		                                        : batch->owed[at].calculation_id;
	return lp_store_read_calculations(store, ids, count, job->batch, error);
}

/* The misfortune of one calculation: the others go on. */
static void fail_task(struct lp_batch *batch, struct lp_task *task, const struct lp_error *error)
{
	task->decided = true;
	task->outcome = (struct lp_outcome){ .state = LP_STATE_FAILED,
		                             .error_type = "TimeZoneNotFound",
		                             .error_message = lp_arena_text(&batch->arena, error->what) };
}

/* What an input reads, where that is not the window; nothing, where it lies outside of all years. */
static void set_ranges(struct lp_batch *batch)
{
	for (size_t at = 0; at < batch->task_count; at++) {
		struct lp_task *task = &batch->tasks[at];
		const struct lp_calculation *calculation = &batch->calculations[task->calculation];
		for (size_t k = 0; k < calculation->input_count; k++) {
			const struct lp_input *input = &calculation->inputs[k];
			const struct lp_zone *zone;
			struct lp_error error;
			if (input->window.count == 0 && input->shift.count == 0)
				continue;
			if (!lp_zone_find(calculation->schedule.zone, &zone, &error)) {
				fail_task(batch, task, &error);
				break;
			}
			if (!lp_input_range(&calculation->schedule, zone, task->window, input->window, input->shift,
			                    &task->ranges[k]))
				task->ranges[k] = (struct lp_window){ task->window.start, task->window.start };
		}
	}
}

/* Everything that has to be known before samples are read. */
static bool read_tasks(struct lp_store *store, struct lp_job *job, struct lp_error *error)
{
	int64_t begin = lp_monotonic();
	bool read = read_definitions(store, job, error);
	if (read) {
		lp_batch_plan(job->batch, job->windows, job->window_count);
		if (job->batch->kind == LP_BATCH_RETRY)
			set_attempts(job);
		set_ranges(job->batch);
		read = lp_job_wait(store, job, error);
	}
	job->batch->fetch_time = lp_monotonic() - begin;
	return read;
}

static void send_parts(struct lp_stages *stages, struct lp_job *job)
{
	lp_job_split(job, stages->parts);
	/* From the first push on the job may come to its end at any moment. */
	size_t count = job->part_count;
	for (size_t at = 0; at < count; at++)
		send(&stages->to_compute, job->parts[at]);
}

/* A worker is done with a part, or it was not begun. */
static void return_part(struct lp_stages *stages, struct lp_job *part)
{
	struct lp_job *whole = part->whole;
	if (!lp_job_join(part))
		return;
	if (whole->end == LP_JOB_FAILED)
		finish(stages, whole, LP_JOB_FAILED);
	else if (atomic_load(&whole->batch->computed) == 0 && whole->batch->task_count > 0)
		finish(stages, whole, LP_JOB_DROPPED);
	else
		send(&stages->to_commit, whole);
}

static void fetch_share(struct lp_stages *stages, struct lp_store *store, struct lp_job *share)
{
	struct lp_job *whole = share->whole;
	int64_t begin = lp_monotonic();
	if (atomic_load(&stages->stopping))
		share->end = LP_JOB_DROPPED;
	else if (!lp_store_fetch_share(store, whole->batch, &share->share, &share->error))
		share->end = LP_JOB_FAILED;
	share->batch->fetch_time = lp_monotonic() - begin;
	if (!lp_job_fetched(share))
		return;
	if (whole->end != LP_JOB_GOES_ON) {
		finish(stages, whole, whole->end);
		return;
	}
	lp_batch_leave_pruned(whole->batch);
	lp_batch_cover(whole->batch);
	lp_breakers_decide(stages->breakers, whole->batch);
	send_parts(stages, whole);
}

static void fetch(struct lp_stages *stages, struct lp_store *store, struct lp_job *job)
{
	if (!read_tasks(store, job, &job->error)) {
		finish(stages, job, LP_JOB_FAILED);
		return;
	}
	if (job->batch->kind == LP_BATCH_RETRY && job->batch->task_count == 0) {
		finish(stages, job, LP_JOB_COMMITTED); /* nobody is owed these windows any more */
		return;
	}
	/* Where other jobs wait every fetcher has one of its own. */
	lp_job_share(job, lp_queue_is_empty(&stages->to_fetch) ? stages->shares : 1);
	struct lp_job *first = job->parts[0];
	/* From the first push on another may be the last to come back. */
	size_t count = job->part_count;
	for (size_t at = 1; at < count; at++)
		send(&stages->to_fetch, job->parts[at]);
	fetch_share(stages, store, first);
}

static void *fetch_thread(void *argument)
{
	struct lp_stage_thread *thread = argument;
	struct lp_stages *stages = thread->stages;
	struct lp_store *store = NULL;
	if (!open_store(thread, &store))
		return NULL;
	for (struct lp_job *job; (job = lp_queue_pop(&stages->to_fetch)) != NULL;) {
		if (job->whole != NULL)
			fetch_share(stages, store, job);
		else if (atomic_load(&stages->stopping))
			finish(stages, job, LP_JOB_DROPPED);
		else
			fetch(stages, store, job);
	}
	lp_store_close(store);
	return NULL;
}

static void compute(struct lp_stage_thread *thread, struct lp_interpreter *interpreter, struct lp_job *job)
{
	struct lp_patience *patience = thread->stages->patience;
	const struct lp_costly costly = { .visit = lp_patience_note, .context = patience };
	int64_t begin = lp_monotonic();
	pthread_mutex_lock(&thread->lock);
	thread->job = job;
	pthread_mutex_unlock(&thread->lock);
	lp_patience_begin(patience, job->batch);
	if (!lp_interpreter_compute(interpreter, job->batch, &costly, &thread->stages->stopping, &job->error))
		job->end = LP_JOB_FAILED;
	lp_patience_end(patience, job->batch);
	pthread_mutex_lock(&thread->lock);
	thread->job = NULL;
	atomic_fetch_add(&thread->stages->computed, atomic_load(&job->batch->computed));
	pthread_mutex_unlock(&thread->lock);
	job->batch->compute_time = lp_monotonic() - begin;
}

static void *compute_thread(void *argument)
{
	struct lp_stage_thread *thread = argument;
	struct lp_stages *stages = thread->stages;
	struct lp_interpreter *interpreter = NULL;
	if (!lp_interpreter_open(stages->options->rules, &interpreter, &thread->message.error)) {
		report_down(thread);
		return NULL;
	}
	for (struct lp_job *job; (job = lp_queue_pop(&stages->to_compute)) != NULL;) {
		if (!atomic_load(&stages->stopping))
			compute(thread, interpreter, job);
		return_part(stages, job);
	}
	lp_interpreter_close(interpreter);
	return NULL;
}

static void *commit_thread(void *argument)
{
	struct lp_stage_thread *thread = argument;
	struct lp_stages *stages = thread->stages;
	struct lp_store *store = NULL;
	bool broken = false;
	if (!open_store(thread, &store))
		return NULL;
	for (struct lp_job *job; (job = lp_queue_pop(&stages->to_commit)) != NULL;) {
		bool accepted = false;
		/* The run ends with the first error; with a connection that is gone there is nothing more to try. */
		if (broken) {
			finish(stages, job, LP_JOB_DROPPED);
			continue;
		}
		lp_job_cut(job);
		job->batch->run_id = stages->run_id;
		int64_t begin = lp_monotonic();
		broken = !lp_store_commit_batch(store, job->batch, &stages->options->retry, &accepted, &job->error);
		job->batch->commit_time = lp_monotonic() - begin;
		finish(stages, job, broken ? LP_JOB_FAILED : accepted ? LP_JOB_COMMITTED : LP_JOB_REFUSED);
	}
	lp_store_close(store);
	return NULL;
}

static int start_thread(struct lp_stage_thread *thread)
{
	static void *(*const bodies[])(void *) = {
		[LP_STAGE_FETCH] = fetch_thread, [LP_STAGE_COMPUTE] = compute_thread, [LP_STAGE_COMMIT] = commit_thread
	};
	pthread_attr_t attributes;
	sigset_t all, before;
	int result = pthread_attr_init(&attributes);
	assert(result == 0);
	result = pthread_attr_setstacksize(&attributes, STACK);
	assert(result == 0);
	/* Signals are the main thread's: a worker must never be the one that is interrupted. */
	sigfillset(&all);
	static const int own[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	for (size_t at = 0; at < sizeof own / sizeof own[0]; at++)
		sigdelset(&all, own[at]);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(&thread->thread, &attributes, bodies[thread->stage], thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return result;
}

/* Returns an errno; 0: it runs. */
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

/* At once, or the run cannot be: `count` threads of the stage. */
static bool add_threads(struct lp_stages *stages, enum lp_stage stage, int count, struct lp_error *error)
{
	for (int at = 0; at < count; at++) {
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
	/* More parts than workers: a worker whose part was quick takes another. */
	stages->parts = workers > 1 ? (size_t)workers * PARTS_A_WORKER : 1;
	/* Room for the messages of threads that cannot start, too. */
	lp_queue_init(&stages->to_fetch, jobs * stages->shares);
	lp_queue_init(&stages->to_compute, jobs * stages->parts);
	lp_queue_init(&stages->to_commit, jobs);
	lp_queue_init(&stages->finished, jobs + all);
	if (!add_threads(stages, LP_STAGE_FETCH, most[LP_STAGE_FETCH], error)) {
		(void)lp_stages_end(stages, 1000);
		return false;
	}
	*started = stages;
	return true;
}

/* A worker costs an interpreter, a committer a session of the server: most runs are over before more are of use. */
bool lp_stages_compute(struct lp_stages *stages, struct lp_error *error)
{
	return add_threads(stages, LP_STAGE_COMPUTE, 1, error);
}

bool lp_stages_commit(struct lp_stages *stages, int64_t run_id, struct lp_error *error)
{
	stages->run_id = run_id;
	return add_threads(stages, LP_STAGE_COMMIT, 1, error);
}

void lp_stages_grow(struct lp_stages *stages)
{
	struct lp_queue *queues[LP_STAGE_COUNT] = { &stages->to_fetch, &stages->to_compute, &stages->to_commit };
	for (int stage = 0; stage < LP_STAGE_COUNT; stage++) {
		if (stages->to_come[stage] == 0 || lp_queue_waiting(queues[stage]) < GROW_AFTER)
			continue;
		while (stages->to_come[stage] > 0 && add_thread(stages, (enum lp_stage)stage) == 0)
			stages->to_come[stage]--;
		/* One that cannot be had is not asked for again and again. */
		stages->to_come[stage] = 0;
	}
}

void lp_stages_submit(struct lp_stages *stages, struct lp_job *job)
{
	send(&stages->to_fetch, job);
}

struct lp_job *lp_stages_finished(struct lp_stages *stages, int milliseconds)
{
	return lp_queue_pop_within(&stages->finished, milliseconds);
}

void lp_stages_stop(struct lp_stages *stages)
{
	atomic_store(&stages->stopping, true);
	/* A stage whose threads could not start takes nothing out of its queue. */
	struct lp_job *job;
	while (stages->alive[LP_STAGE_FETCH] == 0 && (job = lp_queue_pop_within(&stages->to_fetch, 0)) != NULL)
		finish(stages, job, LP_JOB_DROPPED);
	while (stages->alive[LP_STAGE_COMPUTE] == 0 && (job = lp_queue_pop_within(&stages->to_compute, 0)) != NULL)
		return_part(stages, job);
	while (stages->alive[LP_STAGE_COMMIT] == 0 && (job = lp_queue_pop_within(&stages->to_commit, 0)) != NULL)
		finish(stages, job, LP_JOB_DROPPED);
}

uint64_t lp_stages_computed(struct lp_stages *stages)
{
	uint64_t computed = atomic_load(&stages->computed);
	for (int at = 0; at < stages->thread_count; at++) {
		struct lp_stage_thread *thread = &stages->threads[at];
		pthread_mutex_lock(&thread->lock);
		if (thread->job != NULL)
			computed += atomic_load(&thread->job->batch->computed);
		pthread_mutex_unlock(&thread->lock);
	}
	return computed;
}

static void destroy(struct lp_stages *stages)
{
	for (int at = 0; at < stages->thread_count; at++)
		pthread_mutex_destroy(&stages->threads[at].lock);
	lp_queue_destroy(&stages->to_fetch);
	lp_queue_destroy(&stages->to_compute);
	lp_queue_destroy(&stages->to_commit);
	lp_queue_destroy(&stages->finished);
	lp_patience_free(stages->patience);
	free(stages->threads);
	free(stages);
}

int lp_stages_end(struct lp_stages *stages, int milliseconds)
{
	struct lp_queue *queues[] = { &stages->to_fetch, &stages->to_compute, &stages->to_commit };
	for (size_t at = 0; at < sizeof queues / sizeof queues[0]; at++)
		lp_queue_close(queues[at]);
	/* By the wall clock, which ThreadSanitizer understands: at the worst a clock that is set leaves threads behind. */
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += milliseconds / 1000;
	until.tv_nsec += milliseconds % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	int left = 0;
	for (int at = 0; at < stages->thread_count; at++)
		left += pthread_timedjoin_np(stages->threads[at].thread, NULL, &until) != 0;
	if (left == 0)
		destroy(stages);
	return left;
}
