/*
 * The pipeline: fetch (IO), compute (CPU, Python rules), commit (IO), joined by
 * bounded queues, and the run that drives it rank by rank.
 *
 * Each stage's threads run plain blocking code with a connection or an
 * interpreter process of their own.  No transaction is open while Python runs.
 *
 * Runs in the main process, in its main thread.
 */
#ifndef LP_PIPELINE_PIPELINE_H
#define LP_PIPELINE_PIPELINE_H

#include "model/run.h"
#include "process/process.h"
#include "store/store.h"

struct lp_pipeline_options {
	struct lp_store_options store;
	int workers;              /* compute threads; 0: as many as cores, never more than windows due */
	int fetchers;             /* 0: 2 */
	int committers;           /* 0: 2; SQLite: 1 */
	uint32_t catch_up;        /* windows a calculation and run at most; 0: no limit */
	int64_t recompute_within; /* the configuration's; microseconds, 0: never */
	struct lp_retry_policy retry;
	/*
	 * The store's lock of the run's kind is taken here, and only where something
	 * is due: most minutes of most plants then do with one connection.  False:
	 * the caller holds it.
	 */
	bool lock;
	struct lp_rule_server *rules; /* its process is started when something is due */
	/*
	 * Called once, from the main thread, when something is due and before the
	 * first worker, while fetchers read already: waits until the rules are
	 * imported.  If it fails there was no run.  May be NULL.
	 */
	bool (*prepare)(void *context, struct lp_error *error);
	void *prepare_context;
	int32_t breaker_failures; /* calculations of a rule that have to fail in a run to stop it; 0: never */
	/* Told once the run has its id, before anything is computed; from the main thread; may be NULL. */
	bool (*begun)(void *context, struct lp_store *store, const struct lp_run *run, struct lp_error *error);
	void *begun_context;
	/* Asked before jobs are given out: whether somebody else goes first; NULL: never. */
	bool (*pause)(void *context);
	void *pause_context;
	/* Told now and then from the main thread, for a progress line; may be NULL. */
	void (*progress)(void *context, const struct lp_run *so_far, uint64_t computed, uint64_t planned);
	void *progress_context;
};

/* A calculation that failed, for the report: its first window that did. */
struct lp_run_failure {
	char calculation[256], rule[128], error_type[128], message[512];
	struct lp_window window;
	uint64_t windows; /* that failed in this run */
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
	lp_time to; /* the last one that was removed of the series */
};

/* Where the time of a run went, and what else its report says. */
struct lp_run_timing {
	int64_t wall;                      /* nanoseconds from begin to end */
	int64_t planning;                  /* finding what is due */
	int64_t fetch, compute, commit;    /* busy, summed over the stage's threads */
	int fetchers, workers, committers; /* threads used */
	int64_t rule_sum, rule_worst;      /* nanoseconds in rules */
	char rule_worst_calculation[256];
	double cpu_user, cpu_system; /* seconds, of all of the program's processes */
	uint64_t peak_memory;        /* bytes; 0: not known (no /proc) */
	uint64_t batches;
	uint64_t refused; /* batches not stored: their definitions changed, or their samples were pruned, meanwhile */
	uint64_t skipped; /* batches whose schedule this program cannot follow; the log says why */
	size_t stopped_count; /* rules whose breaker is open at the end; of stopped: the first ones */
	struct lp_run_stopped stopped[LP_RUN_FAILURES_MOST];
	uint64_t too_old; /* hours of series that changed so long after their windows that nobody follows */
	uint64_t left;    /* settled windows that were asked for and stay as they are: their samples were pruned */
	uint64_t without; /* windows without a result, of which nothing was stored: the same */
	struct lp_run_pruned pruned; /* the first one of them */
	lp_time next_due;            /* where nothing was due: the tick at which something will be, or LP_TIME_NONE */
	bool busy;                   /* something is due, and another run is working on it */
	int left_behind;             /* threads that did not end in time: the process must leave with _exit */
	size_t failure_count;        /* of failures: the first ones of the run, one per calculation */
	struct lp_run_failure failures[LP_RUN_FAILURES_MOST];
};

/*
 * One run of its kind for run->tick.  The caller holds the store's lock of that
 * kind on `store` (or asks for it by options->lock), and has filled kind, tick,
 * host, process and program_version of run.  *stop is set by a signal handler: the run then
 * ends within 5 seconds, what was computed is committed.
 * False: it could not do its work, or was stopped (error says why, and how far
 * it came); what was committed stays, and the next run does the rest.  run and
 * timing are filled in either case.
 * Nothing due, or another run is working (timing->busy): true, run->id 0, no
 * row is written.
 */
bool lp_run(struct lp_store *store, const struct lp_pipeline_options *options, const volatile int *stop,
            struct lp_run *run, struct lp_run_timing *timing, struct lp_error *error) LP_MUST_CHECK;

/*
 * What keeps a batch from computing a window that is over: results that it
 * would read are still to come, of a batch of another rank.
 */
enum lp_hold_kind {
	LP_HOLD_NOT_OVER,     /* a window of that one has not ended yet, or its delay has not passed */
	LP_HOLD_NOT_COMPUTED, /* it is over, and no run has computed it: that one waits, too, or is behind */
	LP_HOLD_PAST,         /* that one is still making up for the past */
};
struct lp_hold {
	enum lp_hold_kind kind;
	int64_t batch_id, upstream;         /* who waits, and for whom: batches */
	lp_time window_end;                 /* up to where that one has to come; of the past: down to where */
	lp_time goes_on;                    /* the tick at which it can have; LP_TIME_NONE: not known */
	struct lp_window first;             /* that is kept */
	uint64_t windows, calculations;     /* that are over and are kept, of each; how many wait */
	const struct lp_schedule *schedule; /* of who waits */
};

/* What a run for a tick would do, without doing it. */
enum { LP_PREVIEW_WINDOWS_MOST = 100000 };
struct lp_preview_line {
	enum lp_reason reason;
	int32_t rank;
	const struct lp_schedule *schedule; /* NULL: not told */
	int64_t calculation_id;             /* of one calculation; else 0 */
	uint64_t calculations, windows;     /* windows: of each calculation, now */
	uint64_t left;              /* of all of them together: stay as they are, because their samples were pruned */
	uint64_t later;             /* windows that a later run does, by the catch-up limit */
	lp_time from, to;           /* what the windows cover, as far as this run does them */
	const char *problem;        /* they cannot be scheduled, and why; NULL: they can */
	const struct lp_hold *hold; /* they are not computed: this keeps them; NULL: nothing does */
};
typedef bool lp_preview_visit(void *context, const struct lp_preview_line *line, struct lp_error *error);
struct lp_preview {
	lp_time next_due; /* where nothing is due: the tick at which something will be, or LP_TIME_NONE */
	uint64_t too_old; /* hours of series that changed and are not followed */
};
/* Who waits at a tick, as the store is now: of all batches. */
typedef bool lp_hold_visit(void *context, const struct lp_hold *hold, struct lp_error *error);
bool lp_each_hold(struct lp_store *store, lp_time tick, lp_hold_visit *visit, void *context,
                  struct lp_error *error) LP_MUST_CHECK;
/* The same of one batch and window; *held: something keeps it. */
bool lp_hold_of(struct lp_store *store, lp_time tick, int64_t batch_id, const struct lp_window *window, bool *held,
                struct lp_hold *hold, struct lp_error *error) LP_MUST_CHECK;
bool lp_preview_run(struct lp_store *store, const struct lp_pipeline_options *options, lp_time tick,
                    lp_preview_visit *visit, void *context, struct lp_preview *look,
                    struct lp_error *error) LP_MUST_CHECK;

#endif
