/*
 * The threads of the pipeline: fetchers, workers, committers.  Internal to
 * pipeline/.
 *
 *   main -> to_fetch -> fetcher -> to_compute -> worker -> to_commit -> committer -> finished -> main
 *
 * Where fetchers would have nothing else to do they fetch a batch together, each
 * a share of its series.  It is computed in parts, so that one batch keeps every
 * core busy, and committed as a whole.
 *
 * A job that cannot go on goes to `finished` at once.  The main thread gives out
 * no more jobs than any queue holds, so that nobody ever waits to push.
 */
#ifndef LP_PIPELINE_STAGES_H
#define LP_PIPELINE_STAGES_H

#include "pipeline/breaker.h"
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
	const struct lp_breakers *breakers; /* those that were open when the run began */
	struct lp_patience *patience;       /* with what costs much in this run */
	struct lp_queue to_fetch, to_compute, to_commit, finished;
	size_t shares;               /* that a job is fetched in, at most */
	size_t parts;                /* that a job is computed in, at most */
	int to_come[LP_STAGE_COUNT]; /* threads that lp_stages_grow starts */
	int64_t run_id;              /* what committers store belongs to it */
	atomic_bool stopping;        /* what is not computed yet is not computed any more */
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
bool lp_stages_compute(struct lp_stages *stages, struct lp_error *error) LP_MUST_CHECK;
/* There is a row of the run: the first committer. */
bool lp_stages_commit(struct lp_stages *stages, int64_t run_id, struct lp_error *error) LP_MUST_CHECK;
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

/* waiting.c: decides the tasks that have to wait for another calculation. */
bool lp_job_wait(struct lp_store *store, struct lp_job *job, struct lp_error *error) LP_MUST_CHECK;

/*
 * shares.c: cuts a job that is to be fetched into at most `most` shares.  For
 * one more it needs so many samples, expected at one a second where no interval
 * is known: they take about as long as another session of the server to begin.
 */
#define LP_SHARE_SAMPLES 6000
void lp_job_share(struct lp_job *whole, size_t most);
/* A share came back; true: it was the last one.  Then whole->end says whether the whole goes on. */
bool lp_job_fetched(struct lp_job *part) LP_MUST_CHECK;

/* parts.c: cuts a fetched job into at most `most` parts. */
void lp_job_split(struct lp_job *whole, size_t most);
/* A part came back; true: it was the last one, and the whole is put together again. */
bool lp_job_join(struct lp_job *part) LP_MUST_CHECK;
/* Before the commit of a job that was stopped in the middle: see there. */
void lp_job_cut(struct lp_job *job);

#endif
