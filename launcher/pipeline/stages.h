/*
 * The threads of the pipeline: fetchers, workers, committers.  Internal to
 * pipeline/.
 *
 *   main -> fetcher -> worker -> committer -> main, with a queue on each arrow
 *
 * Where fetchers would have nothing else to do they fetch a batch together, each
 * a share of its series.  It is computed in parts, so that one batch keeps every
 * core busy, and committed as a whole.
 *
 * A job that cannot go on goes to `finished` at once.  The main thread gives out
 * no more jobs than any queue holds, so that nobody ever waits to push.
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
	struct lp_job message; /* its end is LP_JOB_THREAD_DOWN: this thread could not start */
	/* Of a worker: what it computes, for the progress. */
	pthread_mutex_t lock;
	struct lp_job *job;
};

struct lp_stages {
	const struct lp_pipeline_options *options;
	const struct lp_breakers *breakers;     /* those that were open when the run began */
	struct lp_patience *patience;           /* with what costs much in this run */
	struct lp_queue queues[LP_STAGE_COUNT]; /* of what a stage is to take */
	struct lp_queue finished;               /* of what the main thread is to take */
	size_t shares;                          /* that a job is fetched in, at most */
	size_t parts;                           /* that a job is computed in, at most */
	int to_come[LP_STAGE_COUNT];            /* threads that lp_stages_grow starts */
	int64_t run_id;                         /* what committers store belongs to it */
	atomic_bool stopping;                   /* what is not computed yet is not computed any more */
	struct lp_stage_thread *threads;
	int thread_count;
	int alive[LP_STAGE_COUNT];
	int most_alive[LP_STAGE_COUNT];
	atomic_uint_fast64_t computed; /* windows of the parts that workers are done with */
};

/*
 * Starts the fetchers: they need neither an interpreter nor a row of the run.
 * Of each stage there will be `most` threads, at most `jobs` jobs under way.
 */
bool lp_stages_start(const struct lp_pipeline_options *options, const struct lp_breakers *breakers,
                     const int most[LP_STAGE_COUNT], size_t jobs, struct lp_stages **stages,
                     struct lp_error *error) LP_MUST_CHECK;
/* The rules are imported: the first worker.  It needs no row of the run either. */
bool lp_stages_start_worker(struct lp_stages *stages, struct lp_error *error) LP_MUST_CHECK;
/* There is a row of the run: the first committer. */
bool lp_stages_start_committer(struct lp_stages *stages, int64_t run_id, struct lp_error *error) LP_MUST_CHECK;
/* The other threads of a stage that jobs have been waiting for. */
void lp_stages_grow(struct lp_stages *stages);
void lp_stages_submit(struct lp_stages *stages, struct lp_job *job);
/* Waits so long at most for a job that has come to its end; NULL: none has. */
struct lp_job *lp_stages_finished(struct lp_stages *stages, int milliseconds);
/* From now on jobs are dropped where nothing of them is computed, and what is computed is committed. */
void lp_stages_stop(struct lp_stages *stages);
/* Windows computed so far, committed or not: a batch is committed as a whole, and may take a while until then. */
uint64_t lp_stages_computed(struct lp_stages *stages);
/* Ends the threads.  Returns how many did not end in time; then nothing of stages is freed. */
int lp_stages_end(struct lp_stages *stages, int milliseconds);

/* What the threads themselves call. */

/* fetcher.c, worker.c, committer.c: until the stage's queue is closed and empty. */
void lp_fetcher_run(struct lp_stage_thread *thread);
void lp_worker_run(struct lp_stage_thread *thread);
void lp_committer_run(struct lp_stage_thread *thread);
/* worker.c: a part is done with, or was not begun. */
void lp_worker_return(struct lp_stages *stages, struct lp_job *part);

/* The next job of the thread's own stage; NULL: there will be none. */
struct lp_job *lp_stages_next(struct lp_stage_thread *thread);
void lp_stages_send(struct lp_stages *stages, enum lp_stage stage, struct lp_job *job);
/* Back to the main thread. */
void lp_stages_finish(struct lp_stages *stages, struct lp_job *job, enum lp_job_end end);
/* A connection of the thread's own.  False: the main thread knows that this thread is none. */
bool lp_stages_open_store(struct lp_stage_thread *thread, struct lp_store **store) LP_MUST_CHECK;
/* thread->message.error says why it cannot begin. */
void lp_stages_report_down(struct lp_stage_thread *thread);

#endif
