/*
 * The threads of the pipeline: fetchers, workers, committers.  Internal to
 * pipeline/.
 *
 *   main -> to_fetch -> fetcher -> to_compute -> worker -> to_commit -> committer -> finished -> main
 *
 * A job that cannot go on goes to `finished` at once.  The main thread gives out
 * no more jobs than any queue holds, so that nobody ever waits to push.
 */
#ifndef LP_PIPELINE_STAGES_H
#define LP_PIPELINE_STAGES_H

#include "pipeline/pipeline.h"
#include "pipeline/queue.h"
#include "python/python.h"

enum lp_stage { LP_STAGE_FETCH, LP_STAGE_COMPUTE, LP_STAGE_COMMIT, LP_STAGE_COUNT };

struct lp_stages;
struct lp_stage_thread {
	struct lp_stages *stages;
	pthread_t thread;
	enum lp_stage stage;
	bool joined;
	struct lp_job message; /* its end is LP_JOB_THREAD_DOWN: this thread could not start */
	/* Of a worker: what it computes, so that the main thread can take it away from code that never returns. */
	pthread_mutex_t lock;
	struct lp_job *job;
	bool abandoned;
	_Atomic(struct lp_python_worker *) python;
};

struct lp_stages {
	const struct lp_pipeline_options *options;
	struct lp_queue to_fetch, to_compute, to_commit, finished;
	atomic_bool stopping; /* what is not computed yet is not computed any more */
	struct lp_stage_thread *threads;
	int thread_count;
	int alive[LP_STAGE_COUNT];
};

/* Starts the threads; at most `jobs` jobs will be under way. */
bool lp_stages_start(const struct lp_pipeline_options *options, const int threads[LP_STAGE_COUNT], size_t jobs,
                     struct lp_stages **stages, struct lp_error *error) LP_MUST_CHECK;
void lp_stages_submit(struct lp_stages *stages, struct lp_job *job);
/* Waits so long at most for a job that has come to its end; NULL: none has. */
struct lp_job *lp_stages_finished(struct lp_stages *stages, int milliseconds);
/* From now on jobs are dropped where nothing of them is computed, and what is computed is committed. */
void lp_stages_stop(struct lp_stages *stages);
/* The watchdog's look at every worker; interrupt: rules are ended now, whatever their time limit. */
void lp_stages_watch(struct lp_stages *stages, bool interrupt);
/*
 * Takes the jobs away from workers that do not return, and sends on what they
 * have computed: each comes back through `finished` as another job of the same
 * plan.  Returns how many there were; the old ones are never to be touched again.
 */
size_t lp_stages_abandon(struct lp_stages *stages);
/* Ends the threads.  Returns how many did not end in time; then nothing of stages is freed. */
int lp_stages_end(struct lp_stages *stages, int milliseconds);

int64_t lp_monotonic(void); /* nanoseconds */
int lp_cores(void);         /* how many this process may use */

#endif
