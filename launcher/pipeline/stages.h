/*
 * The threads of the pipeline: fetchers, workers and committers. Internal to
 * pipeline/.
 *
 *   main -> fetcher -> worker -> committer -> main, with a queue on each arrow
 *
 * Fetchers that would have nothing else to do fetch a batch together, each a
 * share of its series. A batch is computed in parts, so that one batch keeps
 * every core busy, and is committed as a whole.
 *
 * A job that cannot go on goes to `finished` at once. The main thread gives out
 * no more jobs than any queue holds, so that pushing never blocks.
 *
 * Runs in the main process: the first half in its main thread, the second in the
 * threads of stages.
 */
#ifndef LP_PIPELINE_STAGES_H
#define LP_PIPELINE_STAGES_H

#include "pipeline/breaker.h"
#include "pipeline/job.h"
#include "pipeline/patience.h"
#include "pipeline/pipeline.h"
#include "pipeline/queue.h"

enum lp_stage { LP_STAGE_FETCH, LP_STAGE_COMPUTE, LP_STAGE_COMMIT, LP_STAGE_COUNT };

struct lp_stages;
struct lp_stage_thread {
	struct lp_stages *stages;
	pthread_t thread;
	enum lp_stage stage;
	struct lp_job message; /* end LP_JOB_THREAD_DOWN: this thread could not start */
	/* Guards `job`, which a worker computes: for the progress line. */
	pthread_mutex_t lock;
	struct lp_job *job;
};

struct lp_stages {
	const struct lp_pipeline_options *options;
	const struct lp_breakers *breakers;     /* open when the run began */
	struct lp_patience *patience;           /* with what costs much in this run */
	struct lp_queue queues[LP_STAGE_COUNT]; /* what a stage is to take */
	struct lp_queue finished;               /* what the main thread is to take */
	size_t shares;                          /* that a job is fetched in, at most */
	size_t parts;                           /* that a job is computed in, at most */
	int to_come[LP_STAGE_COUNT];            /* threads that lp_stages_grow may still start */
	int64_t run_id;                         /* of the row that committers write for */
	atomic_bool stopping;                   /* tasks that are not computed yet are dropped */
	struct lp_stage_thread *threads;
	int thread_count;
	int alive[LP_STAGE_COUNT];
	int most_alive[LP_STAGE_COUNT];
	atomic_uint_fast64_t computed; /* windows of finished parts */
};

/*
 * Starts the fetchers; they need neither an interpreter nor the row of the run.
 * Each stage gets at most `most` threads, and at most `jobs` jobs are in flight.
 */
bool lp_stages_start(const struct lp_pipeline_options *options, const struct lp_breakers *breakers,
                     const int most[LP_STAGE_COUNT], size_t jobs, struct lp_stages **stages,
                     struct lp_error *error) LP_MUST_CHECK;
/* Starts the first worker, once the rules are imported. It does not need the row of the run either. */
bool lp_stages_start_worker(struct lp_stages *stages, struct lp_error *error) LP_MUST_CHECK;
/* Starts the first committer, once the run has its row. */
bool lp_stages_start_committer(struct lp_stages *stages, int64_t run_id, struct lp_error *error) LP_MUST_CHECK;
/* Starts the other threads of each stage that jobs have been waiting for. */
void lp_stages_grow(struct lp_stages *stages);
void lp_stages_submit(struct lp_stages *stages, struct lp_job *job);
/* Returns a job that has come back, waiting at most so long; NULL: none has. */
struct lp_job *lp_stages_finished(struct lp_stages *stages, int milliseconds);
/* From now on jobs of which nothing is computed are dropped, and what is computed is committed. */
void lp_stages_stop(struct lp_stages *stages);
/* Returns the windows computed so far, committed or not: a batch is committed as a whole, which may take a while. */
uint64_t lp_stages_computed(struct lp_stages *stages);
/* Ends the threads. Returns how many did not end in time; if any, nothing of stages is freed. */
int lp_stages_end(struct lp_stages *stages, int milliseconds);

/* For the threads themselves: */

/* fetcher.c, worker.c, committer.c: each works until its stage's queue is closed and empty. */
void lp_fetcher_run(struct lp_stage_thread *thread);
void lp_worker_run(struct lp_stage_thread *thread);
void lp_committer_run(struct lp_stage_thread *thread);
/* worker.c: takes back a part that is computed, or was not begun. */
void lp_worker_return(struct lp_stages *stages, struct lp_job *part);

/* handover.c */

/* The calling thread is that of a stage from now on. */
void lp_stages_enter(struct lp_stage_thread *thread);
/* Asserts that no thread of a stage calls. */
void lp_stages_assert_main(void);
/* Returns the next job of the thread's stage; NULL: there will be none. */
struct lp_job *lp_stages_next(struct lp_stage_thread *thread);
void lp_stages_send(struct lp_stages *stages, enum lp_stage stage, struct lp_job *job);
/* Sends a job back to the main thread. */
void lp_stages_finish(struct lp_stages *stages, struct lp_job *job, enum lp_job_end end);
/* Opens a connection for the thread. False: the main thread has been told that this thread is down. */
bool lp_stages_open_store(struct lp_stage_thread *thread, struct lp_store **store) LP_MUST_CHECK;
/* Gives the connection back: it is closed, or, if it is well, kept for the next run. */
void lp_stages_close_store(const struct lp_stage_thread *thread, struct lp_store *store, bool well);
/* kept.c: both do nothing where nothing is kept. */
bool lp_kept_stores_take(struct lp_kept_stores *kept, struct lp_store **store);
bool lp_kept_stores_give(struct lp_kept_stores *kept, struct lp_store *store);
/* Tells the main thread that this thread cannot begin; thread->message.error says why. */
void lp_stages_report_down(struct lp_stage_thread *thread);

#endif
