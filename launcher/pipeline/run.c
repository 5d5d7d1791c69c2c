/*
 * A run, from what is due to what is stored. The main thread gives out jobs,
 * takes them back and watches the stop flag; the stages do the work. It knows no
 * command line and prints only log lines.
 *
 * Runs in the main process, in its main thread.
 */
#include "pipeline/pipeline.h"

#include "model/clock.h"
#include "observe/observe.h"
#include "pipeline/plan.h"
#include "pipeline/stages.h"
#include "pipeline/tally.h"
#include "pipeline/usage.h"

#include <stdlib.h>
#include <string.h>

/* Milliseconds. A run that is told to stop has to end within 5 seconds. */
enum {
	WATCH_EVERY = 50,
	LEAVE_AFTER = 4500, /* what is still in flight is left to the next run */
	JOIN_WITHIN = 250,  /* if the run ends early; otherwise there is time to close connections */
	JOIN_CALMLY = 10000,
};
enum { IO_THREADS = 2 };

struct driver {
	const struct lp_pipeline_options *options;
	struct lp_plan plan;
	struct lp_stages *stages;
	struct lp_tally tally;
	struct lp_breakers breakers;
	struct lp_run *run;
	struct lp_job *free_jobs; /* linked by next */
	size_t jobs;              /* made so far */
	size_t jobs_most;
	int64_t started;                /* monotonic nanoseconds */
	int64_t ending_since;           /* monotonic nanoseconds; 0: it is not ending */
	bool locked;                    /* it holds the store's lock of runs */
	bool interrupted;               /* by the stop flag */
	bool paused;                    /* another run goes first */
	bool failed;                    /* error says why */
	struct lp_arena_source *memory; /* of batches */
	struct lp_error error;          /* the first one */
};

static void begin_ending(struct driver *driver)
{
	if (driver->ending_since == 0)
		driver->ending_since = lp_monotonic();
}

static void note_error(struct driver *driver, const struct lp_error *error)
{
	if (!driver->failed) {
		driver->failed = true;
		driver->error = *error;
	}
	begin_ending(driver);
}

static struct lp_job *take_free_job(struct driver *driver)
{
	struct lp_job *job = driver->free_jobs;
	if (job != NULL)
		driver->free_jobs = job->next;
	else if (driver->jobs < driver->jobs_most) {
		job = lp_job_new(driver->memory);
		driver->jobs++;
	} else
		return NULL;
	lp_job_empty(job);
	return job;
}

static void give_back(struct driver *driver, struct lp_job *job)
{
	job->next = driver->free_jobs;
	driver->free_jobs = job;
}

/* True if there is no time left for what is in shadow: the next run begins soon. */
static bool is_shadow_over(const struct driver *driver)
{
	return lp_monotonic() - driver->started >= driver->options->shadow_within * 1000;
}

/* Runs that are given no limit have none. */
static void limit_shadow(struct driver *driver)
{
	if (driver->options->shadow_within == 0 || driver->plan.out_of_time || !is_shadow_over(driver))
		return;
	driver->plan.out_of_time = true;
	if (!driver->plan.shadow)
		return;
	lp_log(LP_LOG_INFO,
	       "no more time for calculations in shadow: what is computed is stored, the next run does the rest",
	       LP_INT("run", driver->run->id));
	begin_ending(driver);
}

static void feed(struct driver *driver)
{
	struct lp_error error;
	struct lp_job *job;
	bool found;
	if (driver->options->pause != NULL && driver->options->pause(driver->options->pause_context)) {
		driver->paused = true;
		return;
	}
	driver->paused = false;
	while ((job = take_free_job(driver)) != NULL) {
		if (!lp_plan_next(&driver->plan, job, &found, &error)) {
			give_back(driver, job);
			note_error(driver, &error);
			return;
		}
		if (!found) {
			give_back(driver, job);
			return;
		}
		lp_stages_submit(driver->stages, job);
	}
}

/* A stage goes on with the threads that it has. Without any, the run has to end. */
static void take_message(struct driver *driver, const struct lp_job *message)
{
	static const char *const names[] = {
		[LP_STAGE_FETCH] = "a fetcher", [LP_STAGE_COMPUTE] = "a worker", [LP_STAGE_COMMIT] = "a committer"
	};
	if (--driver->stages->alive[message->stage] == 0)
		note_error(driver, &message->error);
	else
		lp_log(LP_LOG_WARNING, "the run goes on with fewer threads", LP_TEXT("without", names[message->stage]),
		       LP_TEXT("reason", message->error.what));
}

/* A commit was refused. If another run has begun, all further commits would be refused too. */
static void ask_whether_over(struct driver *driver)
{
	struct lp_error error;
	if (!lp_store_begin(driver->plan.store, &error) ||
	    !lp_store_hold_run(driver->plan.store, driver->run->id, &error))
		note_error(driver, &error);
	lp_store_rollback(driver->plan.store);
}

static void take_back(struct driver *driver, struct lp_job *job)
{
	if (job->end == LP_JOB_THREAD_DOWN) {
		take_message(driver, job);
		return;
	}
	lp_tally_time(&driver->tally, job->batch);
	lp_plan_finish(&driver->plan, job);
	switch (job->end) {
	case LP_JOB_COMMITTED:
		/* What fails in shadow stops nothing that is live. */
		if (!job->batch->head.shadow)
			lp_breakers_note(&driver->breakers, job->batch);
		lp_tally_add(&driver->tally, job->batch);
		break;
	case LP_JOB_REFUSED:
		driver->tally.timing->refused++;
		lp_log(LP_LOG_INFO,
		       "a batch was not stored: its definitions changed or its samples were pruned meanwhile, or another run "
		       "has begun; the next run does it again",
		       LP_INT("batch", job->batch->head.id), LP_INT("calculations", job->batch->calculation_count));
		ask_whether_over(driver);
		break;
	case LP_JOB_FAILED:
		note_error(driver, &job->error);
		break;
	case LP_JOB_GOES_ON:
	case LP_JOB_DROPPED:
	case LP_JOB_THREAD_DOWN:
		break;
	}
	give_back(driver, job);
}

/* Returns false if the run has to leave now. */
static bool hurry_stages(struct driver *driver)
{
	int64_t passed = (lp_monotonic() - driver->ending_since) / 1000000;
	lp_stages_stop(driver->stages);
	return passed < LEAVE_AFTER;
}

static void show_progress(const struct driver *driver)
{
	if (driver->options->progress != NULL && driver->run->id != 0)
		driver->options->progress(driver->options->progress_context, driver->run,
		                          lp_stages_computed(driver->stages), driver->plan.windows);
}

static void drive(struct driver *driver, const volatile int *stop)
{
	int64_t watched = 0;
	for (;;) {
		int64_t now = lp_monotonic();
		if (driver->ending_since == 0)
			limit_shadow(driver);
		if (driver->ending_since == 0)
			lp_stages_grow(driver->stages);
		if (*stop != 0 && !driver->interrupted) {
			driver->interrupted = true;
			lp_log(LP_LOG_INFO, "stopping: what is computed is stored, the next run does the rest");
			begin_ending(driver);
		}
		if (driver->ending_since == 0)
			feed(driver);
		else if (!hurry_stages(driver))
			return;
		if (driver->plan.in_flight == 0 && (!driver->paused || driver->ending_since != 0))
			return;
		if (now - watched >= WATCH_EVERY * INT64_C(1000000)) {
			watched = now;
			show_progress(driver);
		}
		struct lp_job *job = lp_stages_finished(driver->stages, WATCH_EVERY);
		if (job != NULL)
			take_back(driver, job);
	}
}

static int at_least_one(int chosen, int default_number, size_t useful)
{
	size_t number = (size_t)(chosen > 0 ? chosen : default_number);
	if (number > useful)
		number = useful;
	return number > 0 ? (int)number : 1;
}

static void choose_threads(const struct driver *driver, const struct lp_store *store, int most[LP_STAGE_COUNT])
{
	const struct lp_pipeline_options *options = driver->options;
	size_t useful = driver->plan.chunks;
	size_t shares = (size_t)fmin(driver->plan.samples / LP_SHARE_SAMPLES, INT16_MAX);
	most[LP_STAGE_FETCH] = at_least_one(options->fetchers, IO_THREADS, shares > useful ? shares : useful);
	most[LP_STAGE_COMPUTE] = at_least_one(options->workers, lp_count_cores(), driver->plan.windows);
	most[LP_STAGE_COMMIT] =
		lp_store_has_one_writer(store) ? 1 : at_least_one(options->committers, IO_THREADS, useful);
}

/* Starts the rule server, unless it runs already. */
static bool start_rules(struct driver *driver, struct lp_error *error)
{
	return lp_rule_server_memory(driver->options->rules, &driver->memory, error) &&
	       lp_rule_server_start(driver->options->rules, error);
}

static bool start(struct driver *driver, const struct lp_store *store, struct lp_error *error)
{
	int most[LP_STAGE_COUNT];
	if (!start_rules(driver, error))
		return false;
	choose_threads(driver, store, most);
	/* Each thread has one job in its hands, and another waits for each worker, so that none runs dry. */
	int jobs = most[LP_STAGE_FETCH] + 2 * most[LP_STAGE_COMPUTE] + most[LP_STAGE_COMMIT];
	driver->jobs_most = (size_t)jobs;
	return lp_stages_start(driver->options, &driver->breakers, most, driver->jobs_most, &driver->stages, error);
}

static void finish(struct driver *driver)
{
	struct lp_run_timing *timing = driver->tally.timing;
	timing->fetchers = driver->stages->most_alive[LP_STAGE_FETCH];
	timing->workers = driver->stages->most_alive[LP_STAGE_COMPUTE];
	timing->committers = driver->stages->most_alive[LP_STAGE_COMMIT];
	timing->left_behind = lp_stages_end(driver->stages, driver->ending_since != 0 ? JOIN_WITHIN : JOIN_CALMLY);
	for (struct lp_job *job = driver->free_jobs, *next; job != NULL; job = next) {
		next = job->next;
		/* A thread that was left behind may still use what its job refers to. */
		if (timing->left_behind == 0)
			lp_job_free(job);
	}
}

/* Starts the workers and committers, while the first samples are being read. */
static bool begin(struct driver *driver, struct lp_store *store, const volatile int *stop, struct lp_error *error)
{
	const struct lp_pipeline_options *options = driver->options;
	if (*stop == 0)
		feed(driver);
	if (options->prepare != NULL && !options->prepare(options->prepare_context, error))
		return false;
	if (!lp_stages_start_worker(driver->stages, error))
		return false;
	if (options->begun != NULL && !options->begun(options->begun_context, store, driver->run, error))
		return false;
	return lp_stages_start_committer(driver->stages, driver->run->id, error);
}

static void log_started(const struct driver *driver)
{
	lp_log(LP_LOG_INFO, "run started", LP_INT("run", driver->run->id), LP_WHEN("tick", driver->run->tick),
	       LP_INT("planned", driver->plan.windows), LP_INT("batches", driver->plan.batch_count));
}

static void log_finished(const struct lp_run *run, const struct lp_run_timing *timing)
{
	uint64_t failed = 0;
	for (int state = 0; state < LP_STATE_COUNT; state++)
		failed += lp_state_is_failure((enum lp_state)state) ? run->states[state] : 0;
	lp_log(LP_LOG_INFO, "run finished", LP_INT("run", run->id), LP_WHEN("tick", run->tick),
	       LP_TEXT("result", run->result), LP_TOOK("seconds", timing->wall), LP_INT("windows", run->windows),
	       LP_INT("ok", run->states[LP_STATE_OK]), LP_INT("no_data", run->states[LP_STATE_NO_DATA]),
	       LP_INT("failed", failed), LP_INT("newly_failed", run->newly_failed),
	       LP_INT("samples_read", run->samples_read), LP_INT("samples_written", run->samples_written),
	       LP_INT("kept_imported", run->kept_imported), LP_INT("still_due", run->still_due));
}

static void describe_progress(const struct lp_run *run, const struct lp_plan *plan, struct lp_error *error)
{
	size_t length = strlen(error->hint);
	struct lp_error far;
	lp_hint(&far, "%s%s%llu of %llu windows were computed and stored before; the next run does the rest.",
	        error->hint, length > 0 ? " " : "", (unsigned long long)run->windows,
	        (unsigned long long)plan->windows);
	memcpy(error->hint, far.hint, sizeof error->hint);
}

static bool end_breakers(struct driver *driver, struct lp_store *store, struct lp_error *error)
{
	if (!lp_breakers_end(&driver->breakers, store, driver->run, error))
		return false;
	lp_tally_add_stopped(&driver->tally, &driver->breakers);
	return true;
}

/* If another run has begun meanwhile, none of it is stored: that run decides about rules itself. */
static bool end_run(struct driver *driver, struct lp_store *store, struct lp_error *error)
{
	if (!lp_store_begin(store, error))
		return false;
	if (lp_store_end_run(store, driver->run, error) && (driver->failed || end_breakers(driver, store, error)) &&
	    lp_store_commit_work(store, error))
		return true;
	lp_store_rollback(store);
	return false;
}

static const char *result_of(const struct driver *driver)
{
	if (!driver->failed)
		return driver->interrupted ? "interrupted" : "done";
	switch (driver->error.exit) {
	case LP_EXIT_INTERNAL:
		return "internal error";
	case LP_EXIT_CONFIGURATION:
		return "configuration error";
	default:
		return "database error";
	}
}

/* Closes the row of the run and fills what the caller reports. Returns as lp_run does. */
static bool conclude(struct driver *driver, struct lp_store *store, struct lp_error *error)
{
	struct lp_run *run = driver->run;
	run->still_due = lp_plan_still_due(&driver->plan);
	driver->tally.timing->too_old = driver->plan.too_old;
	run->planning = driver->tally.timing->planning;
	run->fetch = driver->tally.timing->fetch;
	run->compute = driver->tally.timing->compute;
	run->commit = driver->tally.timing->commit;
	run->ended = lp_now();
	run->result = result_of(driver);
	if (driver->failed)
		*error = driver->error;
	else if (driver->interrupted)
		lp_fail(error, LP_EXIT_TEMPORARY, "the run was stopped by a signal");
	run->error = driver->failed || driver->interrupted ? error->what : NULL;
	struct lp_error end_error;
	bool ended = end_run(driver, store, &end_error);
	if (!ended && !driver->failed)
		run->result = "interrupted";
	if (driver->failed || driver->interrupted) {
		/* If the row cannot be closed either, the cause is the same; the next run marks it as interrupted. */
		describe_progress(run, &driver->plan, error);
		return false;
	}
	if (!ended)
		*error = end_error;
	return ended;
}

/* Works through the plan, once the run has begun. Returns as lp_run does. */
static bool run_stages(struct driver *driver, struct lp_store *store, const volatile int *stop, struct lp_error *error)
{
	if (!start(driver, store, error)) {
		note_error(driver, error);
		return conclude(driver, store, error);
	}
	if (begin(driver, store, stop, error))
		log_started(driver);
	else
		note_error(driver, error);
	/* Even if it could not begin, jobs that were given out have to come back. */
	drive(driver, stop);
	finish(driver);
	bool ok = conclude(driver, store, error);
	lp_tally_end(&driver->tally);
	return ok;
}

static bool load_plan(struct driver *driver, struct lp_store *store, bool again, bool *due, struct lp_error *error)
{
	const struct lp_plan_options options = {
		.kind = driver->run->kind,
		.tick = driver->run->tick,
		.catch_up = driver->options->catch_up,
		.recompute_within = driver->options->recompute_within,
		.again = again,
		.leave_live = driver->options->leave_live,
		.leave_shadow = driver->options->leave_shadow,
	};
	return lp_plan_load(&driver->plan, store, &options, due, error);
}

/*
 * In one transaction: marks runs that were left over as interrupted, writes this
 * run's row, and only then reads what there is to do and takes changes. The
 * order matters, because a run that lost its lock may go on until its row says
 * that it is over. What it committed before that is seen here; after that it can
 * neither commit nor take changes. Another run may have done meanwhile what was
 * due before; then no row is written.
 */
static bool begin_within(struct driver *driver, struct lp_store *store, bool *due, struct lp_error *error)
{
	if (!lp_store_begin_run(store, driver->run, error))
		return false;
	lp_plan_free(&driver->plan);
	return load_plan(driver, store, true, due, error) &&
	       (!*due || (lp_breakers_load(&driver->breakers, store, driver->run->tick, error) &&
	                  lp_plan_begin(&driver->plan, driver->run->id, error)));
}

static bool begin_run(struct driver *driver, struct lp_store *store, bool *due, struct lp_error *error)
{
	if (!lp_store_begin(store, error))
		return false;
	bool ok = begin_within(driver, store, due, error);
	if (ok && *due && lp_store_commit_work(store, error))
		return true;
	lp_store_rollback(store);
	driver->run->id = 0;
	return ok && !*due;
}

static bool take_run_lock(struct driver *driver, struct lp_store *store, struct lp_error *error)
{
	if (!lp_store_lock_run(store, driver->run->kind, &driver->locked, error))
		return false;
	driver->tally.timing->busy = !driver->locked;
	return true;
}

bool lp_run(struct lp_store *store, const struct lp_pipeline_options *options, const volatile int *stop,
            struct lp_run *run, struct lp_run_timing *timing, struct lp_error *error)
{
	struct lp_process_usage before = lp_usage_measure(options->rules);
	int64_t started = lp_monotonic();
	struct driver driver = { .options = options,
		                 .started = started,
		                 .run = run,
		                 .breakers = { .failures_least = options->breaker_failures } };
	bool due, ok;
	memset(timing, 0, sizeof *timing);
	timing->next_due = LP_TIME_NONE;
	*run = (struct lp_run){
		.kind = run->kind,
		.tick = run->tick,
		.started = lp_now(),
		.ended = LP_TIME_NONE,
		.host = run->host,
		.process = run->process,
		.program_version = run->program_version,
		.result = "running",
	};
	driver.tally = (struct lp_tally){ .run = run, .timing = timing };
	ok = load_plan(&driver, store, false, &due, error) &&
	     (run->kind != LP_RUN_MINUTE || lp_plan_fail_unusable(&driver.plan, error));
	if (ok && due && options->lock)
		ok = take_run_lock(&driver, store, error);
	if (ok && due && !timing->busy) {
		/*
		 * Python starts while the run begins. If it cannot, start() tries again and
		 * reports it, once the run has a row.
		 */
		struct lp_error later;
		(void)!start_rules(&driver, &later);
		ok = begin_run(&driver, store, &due, error);
	}
	timing->planning = lp_monotonic() - started;
	timing->skipped = lp_plan_unusable(&driver.plan);
	if (ok && !due)
		timing->next_due = lp_plan_next_due(&driver.plan);
	else if (ok && !timing->busy)
		ok = run_stages(&driver, store, stop, error);
	if (driver.locked)
		lp_store_unlock_run(store);
	timing->wall = lp_monotonic() - started;
	lp_usage_count(options->rules, &before, timing);
	if (run->id != 0)
		log_finished(run, timing);
	if (timing->left_behind == 0) {
		lp_plan_free(&driver.plan);
		lp_breakers_free(&driver.breakers);
	}
	return ok;
}
