/*
 * The pipeline: fetch (IO), compute (CPU, Python rules), commit (IO), joined by
 * bounded queues, and the run that drives it rank by rank.
 *
 * Each stage's threads run plain blocking code with a connection or an
 * interpreter of their own.  No transaction is open while Python runs.
 */
#ifndef LP_PIPELINE_PIPELINE_H
#define LP_PIPELINE_PIPELINE_H

#include "model/run.h"
#include "store/store.h"

struct lp_pipeline_options {
	struct lp_store_options store;
	int workers;    /* compute threads; 0: as many as cores, never more than batches */
	int fetchers;   /* 0: 2 */
	int committers; /* 0: 2; SQLite: 1 */
	uint32_t catch_up; /* windows a calculation and run at most */
	struct lp_retry_policy retry;
	/* Told now and then from the main thread, for a progress line; may be NULL. */
	void (*progress)(void *context, const struct lp_run *so_far, uint64_t planned);
	void *progress_context;
};

/* Where the time of a run went, for its report. */
struct lp_run_timing {
	int64_t wall;                       /* nanoseconds from begin to end */
	int64_t planning;                   /* finding what is due */
	int64_t fetch, compute, commit;     /* busy, summed over the stage's threads */
	int fetchers, workers, committers;  /* threads used */
	int64_t rule_sum, rule_worst;       /* nanoseconds in rules */
	char rule_worst_calculation[256];
	double cpu_user, cpu_system;        /* seconds, of the process */
	uint64_t peak_memory;               /* bytes */
	uint64_t batches;
};

/*
 * One run for tick.  The caller holds the store's run lock on `store`, has
 * started Python and released its GIL.  *stop is set by a signal handler: the
 * run then ends within 5 seconds, what was computed is committed.
 * False: it could not do its work (error says why); run and timing say how far it came.
 * Nothing due: true, run->id 0, no row is written.
 */
bool lp_run(struct lp_store *store, const struct lp_pipeline_options *options, const volatile int *stop,
            struct lp_run *run, struct lp_run_timing *timing, struct lp_error *error) LP_MUST_CHECK;

#endif
