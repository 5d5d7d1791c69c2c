/*
 * The batch: the unit that goes through fetch, compute and commit.
 *
 * A batch in the store is a fixed group of up to LP_BATCH_SIZE calculations
 * that have schedule and rank in common, put together when definitions are
 * applied.  Its one watermark serves all of them: every window that ends at or
 * before it is settled, or listed for the one calculation that it is still owed
 * to: one by one as pending where it failed, by ranges as owed where it is to
 * be computed again.  So what is due is found by reading a row per batch, not
 * one per calculation.
 *
 * One thread owns a batch at a time; it changes hands through the pipeline's
 * queues.  All its memory is its arena's.
 */
#ifndef LP_MODEL_BATCH_H
#define LP_MODEL_BATCH_H

#include "model/calculation.h"
#include "model/memory.h"
#include <assert.h>
#include <stdatomic.h>

/*
 * How much goes through the pipeline at once is bounded by samples too: a batch
 * holds fewer calculations where one of their windows reads much, so that its
 * columns stay at about 16 MB for samples of every second, and twice that when
 * catching up.
 */
enum {
	LP_BATCH_SIZE = 1000,       /* calculations in a stored batch */
	LP_BATCH_SIZE_LEAST = 10,   /* however much they read */
	LP_BATCH_TASKS_MOST = 2000, /* calculations times windows */
	LP_BATCH_SAMPLES = 1 << 20, /* of a batch, at one a second */
};
/* Where a window of a calculation reads so many microseconds, over all its inputs. */
size_t lp_batch_size(int64_t span);
size_t lp_batch_tasks(int64_t span); /* at least lp_batch_size */

/*
 * What a batch reads of what another one writes: for each pair of batches, the
 * inputs that differ in this.  A window is not computed before all is there that
 * one of them can read.
 */
struct lp_batch_reading {
	int64_t upstream;             /* the batch that writes it */
	bool at_end;                  /* whose numbers are stored at the ends of their windows */
	struct lp_span window, shift; /* of the input, as in struct lp_input */
	int64_t lookback;
};

/* What the store tells about a batch without reading its calculations. */
struct lp_batch_head {
	int64_t id;
	int64_t generation; /* changes whenever definitions change the batch; checked at commit */
	int32_t rank;
	int32_t size; /* enabled calculations */
	struct lp_schedule schedule;
	lp_time start;           /* LP_TIME_NONE, or no window may begin before it */
	lp_time watermark;       /* LP_TIME_NONE: nothing computed yet */
	const int64_t *upstream; /* batches whose outputs it reads, each once */
	size_t upstream_count;
	const struct lp_batch_reading *readings; /* what it reads of them */
	size_t reading_count;
	int64_t reach; /* microseconds past a window's end that its inputs' ranges come to at most (shift > 0); 0: none */
	int64_t span; /* microseconds that one window of a calculation reads over all its inputs, at most; 0: unknown */
};
/* The same; where it is unknown, as much as the window is long. */
int64_t lp_batch_span(const struct lp_batch_head *head);

/* Windows of one calculation that are to be computed although they are behind the watermark. */
struct lp_owed {
	int64_t id;
	int64_t calculation_id, batch_id;
	int32_t rank;
	enum lp_reason reason;
	lp_time after_end, until_end; /* those with after_end < end <= until_end */
	int64_t touched;              /* counts what has been added to any range that overlaps; checked at commit */
	int64_t cause_id;             /* waited: the calculation that failed; else 0 */
	bool replace_imported;        /* also results that somebody imported are written over */
	int64_t cause_batch;          /* its batch; 0: it is not there any more */
};

/* A number of one output at one time. */
struct lp_result {
	uint32_t output; /* index into the calculation's outputs */
	uint8_t quality;
	lp_time time;
	double value; /* finite */
};

/* What became of one calculation for one window. */
struct lp_outcome {
	enum lp_state state;
	int64_t duration; /* nanoseconds in the rule */
	uint32_t samples_read;
	struct lp_result *results;
	size_t result_count;
	const char *rule_version;    /* or NULL */
	int64_t cause_id;            /* waiting: the calculation at the root; else 0 */
	const char *error_type;      /* "ZeroDivisionError"; NULL where nothing went wrong */
	const char *error_message;   /* waiting, tripped: why */
	const char *error_traceback; /* with source lines */
};

/* One calculation for one window. */
struct lp_task {
	uint32_t calculation; /* index into the batch's calculations */
	int32_t attempt;      /* 1: the first */
	struct lp_window window;
	lp_time result_time;        /* where a number is stored: an end of the window */
	struct lp_window *ranges;   /* one per input: what is read of it */
	struct lp_column *columns;  /* one per input: the samples in its range */
	struct lp_column *previous; /* one per input: the last good sample before it within lookback, as its last one */
	/*
	 * Known once the samples are: the least share, over the inputs, of the good
	 * samples among those expected (present, where the series' interval is not
	 * known; without any, whether the one before is there to be held); NaN
	 * without inputs.  A rule that holds values lowers it to the share of the
	 * time that they cover.
	 */
	double coverage;
	uint32_t samples; /* good ones, over all inputs */
	bool decided;     /* the outcome is known without calling the rule: no_data, waiting, tripped */
	bool left;        /* decided, and without outcome: the run has no time for it, it stays owed */
	bool trial;       /* of a rule whose breaker is open: a failure counts no attempt */
	const struct lp_input
		*pruned; /* that may have had more samples before `prune`: see lp_batch_leave_pruned; or NULL */
	struct lp_outcome outcome;
};

enum lp_batch_kind {
	LP_BATCH_FORWARD,   /* the windows after the watermark of a stored batch */
	LP_BATCH_RETRY,     /* a pending window of several calculations, of several batches */
	LP_BATCH_RECOMPUTE, /* owed windows of calculations of one stored batch */
};

struct lp_batch {
	uint32_t magic;
#define LP_BATCH_MAGIC 0xba7c4e01u
	enum lp_batch_kind kind;
	enum lp_reason reason;     /* of all its tasks */
	struct lp_batch_head head; /* retry: unused but for rank */
	lp_time new_watermark;     /* forward: the end of the last window; else LP_TIME_NONE */
	/*
	 * Forward: windows before the first one, which are left for later and become
	 * owed (catch-up): those with left_after < end <= left_until; both 0: none.
	 */
	lp_time left_start, left_after, left_until;
	/*
	 * Redo: the calculations' ranges, by calculation_id, which all begin at one
	 * after_end; what is computed of them now ends at recomputed_until.  A range
	 * that ends by then is done.
	 */
	const struct lp_owed *owed;
	size_t owed_count;
	lp_time recomputed_until;
	/*
	 * Redo, where the past is made up for (LP_REASON_CATCH_UP): from the newest
	 * window on.  The ranges then end at one until_end, and go back to recomputed_from.
	 */
	lp_time recomputed_from;
	/*
	 * Results before this time are written as changes of samples, which what
	 * reads them follows; those from it on nobody has read yet.  LP_TIME_NONE:
	 * none is; LP_TIME_MAX: all are.
	 */
	lp_time read_before;
	int64_t run_id;
	lp_time tick;
	struct lp_calculation *calculations;
	size_t calculation_count;
	struct lp_task *tasks; /* by window, then by calculation */
	size_t task_count;
	atomic_size_t computed;                        /* tasks whose outcome is complete; the others are still owed */
	int64_t fetch_time, compute_time, commit_time; /* nanoseconds spent in the stages, for the report */
	uint64_t samples_read, samples_written;
	bool replace_imported;  /* recompute: results that somebody imported are written over */
	uint64_t kept_imported; /* results that were not written because somebody had imported one */
	struct lp_arena arena;
	struct lp_batch *next; /* for whoever holds it: queues, pools */
};

/*
 * The samples of some series of a batch: several sessions fill one batch at
 * once, each from series of its own.
 */
struct lp_share {
	int64_t first, last;    /* ids of the series, both included */
	struct lp_arena *arena; /* for the columns */
	uint64_t samples_read;
};

static inline bool lp_share_holds(const struct lp_share *share, int64_t series_id)
{
	return series_id >= share->first && series_id <= share->last;
}

#define LP_CHECK_BATCH(batch) assert((batch) != NULL && (batch)->magic == LP_BATCH_MAGIC)

/* source: where its memory comes from; NULL: malloc. */
struct lp_batch *lp_batch_new(struct lp_arena_source *source);
void lp_batch_empty(struct lp_batch *batch); /* keeps its memory for the next use */
void lp_batch_free(struct lp_batch *batch);
/*
 * Makes the tasks of a batch whose calculations are known: each enabled
 * calculation for each window.  The ranges of inputs are the windows
 * themselves; the calendar moves them (lp_input_range).
 */
void lp_batch_plan(struct lp_batch *batch, const struct lp_window *windows, size_t window_count);
/* Whether nobody can have read a time that it writes to: then its results are no changes that anybody follows. */
bool lp_batch_is_unread(const struct lp_batch *batch);
/*
 * Decides the tasks that read samples which `prune` may have removed: once
 * fetched, because a look-back that found its sample behind them needs none of
 * those.  A number from what is left would be wrong, so there is none (no_data),
 * and what is stored of the window stays as it is.
 */
void lp_batch_leave_pruned(struct lp_batch *batch);
/* Such a task whose window was computed before: nothing about it changes. */
bool lp_task_is_left(const struct lp_batch *batch, const struct lp_task *task);
/* Fills coverage and samples of every task from its columns, and decides those below min_coverage. */
void lp_batch_cover(struct lp_batch *batch);
/* Once the rule has said over what share of its window it knew a value: lowers the coverage, and what is too little is no result. */
void lp_task_cover(struct lp_task *task, const struct lp_calculation *calculation, double covered);

#endif
