/*
 * The pipeline: fetch (IO), compute (CPU, Python rules) and commit (IO), joined
 * by bounded queues, and the run that drives it rank by rank.
 *
 * The threads of each stage run plain blocking code with a connection or an
 * interpreter process of their own. No transaction is open while Python runs.
 *
 * Runs in the main process, in its main thread.
 */
#ifndef LP_PIPELINE_PIPELINE_H
#define LP_PIPELINE_PIPELINE_H

#include "model/run.h"
#include "pipeline/needs.h"
#include "process/process.h"
#include "store/store.h"

/*
 * Connections of the threads of runs, kept from one run to the next. Those of a
 * run that had trouble are not kept. To be emptied when the store's address
 * changes, or when its connections are lost.
 */
struct lp_kept_stores;
struct lp_kept_stores *lp_kept_stores_new(void);
void lp_kept_stores_empty(struct lp_kept_stores *kept);
void lp_kept_stores_free(struct lp_kept_stores *kept); /* NULL is allowed */

struct lp_pipeline_options {
	struct lp_store_options store;
	int workers;              /* 0: as many as cores; never more than windows due */
	int fetchers;             /* 0: 2 */
	int committers;           /* 0: 2; SQLite: 1 */
	uint32_t catch_up;        /* windows per calculation and run, at most; 0: no limit */
	int64_t recompute_within; /* of the configuration; microseconds, 0: never */
	struct lp_retry_policy retry;
	struct lp_kept_stores *kept; /* connections of earlier runs, to be used again; NULL: each run opens its own */
	/*
	 * True: takes the store's lock of the run's kind here, and only if something is
	 * due, and gives it back at the end. Most minutes of most plants then need one
	 * connection only. False: the caller holds it.
	 */
	bool lock;
	struct lp_rule_server *rules; /* its process is started when something is due */
	/*
	 * Called once, in the main thread, if something is due: after the first reads
	 * have begun and before the first worker. Waits until the rules are imported. If
	 * it fails there was no run. May be NULL.
	 */
	bool (*prepare)(void *context, struct lp_error *error);
	void *prepare_context;
	/*
	 * Live calculations are computed first, those in shadow when all that is done:
	 * they end so many microseconds after the run began, and what is left of them
	 * is left to the next run. 0: no limit.
	 */
	int64_t shadow_within;
	bool leave_live, leave_shadow; /* computes none of them */
	int32_t breaker_failures;      /* failed calculations in one run that stop their rule; 0: never */
	/* Called once in the main thread when the run has its id, before anything is computed. May be NULL. */
	bool (*begun)(void *context, struct lp_store *store, const struct lp_run *run, struct lp_error *error);
	void *begun_context;
	/* Called before jobs are given out: true if another run should go first. May be NULL. */
	bool (*pause)(void *context);
	void *pause_context;
	/* Called now and then in the main thread, for a progress line. May be NULL. */
	void (*progress)(void *context, const struct lp_run *so_far, uint64_t computed, uint64_t planned);
	void *progress_context;
};

/* The first failed window of a calculation, for the report. */
struct lp_run_failure {
	char calculation[256], rule[128], error_type[128], message[512];
	struct lp_window window;
	uint64_t windows; /* failed in this run */
	enum lp_state state;
	int32_t attempt;
	bool newly; /* the calculation was not failing before this run */
};
enum { LP_RUN_FAILURES_MOST = 10 };

/* A rule whose breaker is open. */
struct lp_run_stopped {
	char rule[128], error[256];
	lp_time since;
	uint64_t failed, of, trials;
};

/* A window that reads samples which `prune` has removed. */
struct lp_run_pruned {
	char calculation[256], series[256];
	struct lp_window window;
	lp_time to; /* time of the last sample that was removed of the series */
};

/* What the report of a run says besides its row. */
struct lp_run_timing {
	int64_t wall;                      /* nanoseconds from beginning to end */
	int64_t planning;                  /* finding what is due */
	int64_t fetch, compute, commit;    /* nanoseconds, summed over the stage's threads */
	int fetchers, workers, committers; /* threads used */
	int64_t rule_sum, rule_worst;      /* nanoseconds in rules */
	char rule_worst_calculation[256];
	double cpu_user, cpu_system; /* seconds, of all processes of the program */
	uint64_t peak_memory;        /* bytes; 0: unknown (no /proc) */
	uint64_t batches;
	/*
	 * batches not stored, because their definitions changed or their samples were
	 * pruned meanwhile
	 */
	uint64_t refused;
	uint64_t skipped;     /* batches whose schedule cannot be followed; the log says why */
	size_t stopped_count; /* rules whose breaker is open at the end; `stopped` holds the first ones */
	struct lp_run_stopped stopped[LP_RUN_FAILURES_MOST];
	uint64_t too_old; /* hours of series that changed too long after their windows to be followed */
	/*
	 * settled windows that were asked for and stay as they are, because their
	 * samples were pruned
	 */
	uint64_t left;
	uint64_t without;            /* windows without a result, of which nothing was stored, for the same reason */
	struct lp_run_pruned pruned; /* the first one of them */
	/* if nothing was due: the next tick at which something will be, or LP_TIME_NONE */
	lp_time next_due;
	bool busy;            /* something is due, and another run is working on it */
	int left_behind;      /* threads that did not end in time: the process must leave by _exit */
	size_t failure_count; /* calculations that failed; `failures` holds the first ones */
	struct lp_run_failure failures[LP_RUN_FAILURES_MOST];
	uint64_t retried;   /* windows that had failed before and were computed again */
	uint64_t recovered; /* calculations that failed before and work again; the first names */
	char recovered_names[LP_RUN_FAILURES_MOST][256];
	/* Of calculations in shadow, which count nowhere else. */
	uint64_t shadow_windows, shadow_failed, shadow_written;
	struct lp_run_failure shadow_failure; /* the first one */
};

/*
 * Does one run of its kind for run->tick. The caller holds the store's lock of
 * that kind on `store` (or sets options->lock), and has filled kind, tick, host,
 * process and program_version of run. A signal handler sets *stop: the run then
 * ends within 5 seconds, and what was computed is committed.
 *
 * Returns false if the run could not do its work or was stopped; error says why
 * and how far it came. What was committed stays, and the next run does the rest.
 * run and timing are filled in either case. If nothing is due, or another run is
 * working (timing->busy), it returns true with run->id 0, and no row is written.
 */
bool lp_run(struct lp_store *store, const struct lp_pipeline_options *options, const volatile int *stop,
            struct lp_run *run, struct lp_run_timing *timing, struct lp_error *error) LP_MUST_CHECK;

/*
 * Why a batch cannot compute a window that is over: it reads results of another
 * batch that are still to come.
 */
enum lp_hold_kind {
	LP_HOLD_NOTHING,  /* it does not wait */
	LP_HOLD_NOT_OVER, /* a window of the other batch has not ended yet, or its delay has not passed */
	/*
	 * that window is over, but no run has computed it: the other batch waits too,
	 * or is behind
	 */
	LP_HOLD_NOT_COMPUTED,
	LP_HOLD_PAST, /* the other batch is still making up for missed windows */
};
struct lp_hold {
	enum lp_hold_kind kind;
	int64_t batch_id, upstream; /* who waits, and for which batch */
	/* up to where the other batch has to come; for LP_HOLD_PAST: down to where */
	lp_time window_end;
	lp_time goes_on;        /* the tick at which it can have come so far; LP_TIME_NONE: unknown */
	struct lp_window first; /* that has to wait */
	/* windows that are over and wait, per calculation; calculations that wait */
	uint64_t windows, calculations;
	const struct lp_schedule *schedule; /* of the batch that waits */
};

/* What a run for a tick would do, without doing it. */
enum { LP_PREVIEW_WINDOWS_MOST = 100000 };
struct lp_preview_line {
	enum lp_reason reason;
	int32_t rank;
	bool shadow;                        /* of calculations in shadow */
	const struct lp_schedule *schedule; /* NULL: not shown */
	int64_t calculation_id;             /* if it is one calculation; else 0 */
	uint64_t calculations, windows;     /* windows: per calculation, in this run */
	uint64_t left;                      /* of all of them: stay as they are, because their samples were pruned */
	uint64_t later;                     /* left to later runs by the catch-up limit */
	lp_time from, to;                   /* what the windows of this run cover */
	const char *problem;                /* why they cannot be scheduled; NULL: they can */
	const struct lp_hold *hold;         /* what they have to wait for; NULL: they do not wait */
};
typedef bool lp_preview_visit(void *context, const struct lp_preview_line *line, struct lp_error *error);
struct lp_preview {
	lp_preview_visit *visit; /* called for each line */
	void *context;
	/* Out: */
	lp_time next_due; /* if nothing is due: the next tick at which something will be, or LP_TIME_NONE */
	uint64_t too_old; /* hours of series whose changes are too old to be followed */
};
/* Visits every batch that has to wait at a tick. */
typedef bool lp_hold_visit(void *context, const struct lp_hold *hold, struct lp_error *error);
bool lp_each_hold(struct lp_store *store, lp_time tick, lp_hold_visit *visit, void *context,
                  struct lp_error *error) LP_MUST_CHECK;
/* Finds what one window of a batch has to wait for; hold->kind LP_HOLD_NOTHING: it does not wait. */
bool lp_hold_of(struct lp_store *store, lp_time tick, int64_t batch_id, const struct lp_window *window,
                struct lp_hold *hold, struct lp_error *error) LP_MUST_CHECK;
bool lp_preview_run(struct lp_store *store, const struct lp_pipeline_options *options, lp_time tick,
                    struct lp_preview *preview, struct lp_error *error) LP_MUST_CHECK;

#endif
