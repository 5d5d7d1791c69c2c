/*
 * The batch: the unit that goes through fetch, compute and commit.
 *
 * In the store a batch is a fixed group of up to LP_BATCH_SIZE calculations with
 * the same schedule and rank, put together when definitions are applied. Its one
 * watermark serves all of them: every window that ends at or before it is either
 * settled, or listed for the one calculation that still owes it. Failed windows
 * are listed one by one as pending, windows that are to be computed again by
 * ranges as owed. So a run finds what is due by reading a row per batch, not one
 * per calculation.
 *
 * One thread owns a batch at a time; it changes hands through the pipeline's
 * queues. All its memory is its arena's.
 */
#ifndef LP_MODEL_BATCH_H
#define LP_MODEL_BATCH_H

#include "model/calculation.h"
#include "model/memory.h"
#include <assert.h>
#include <stdatomic.h>

/*
 * Samples bound a batch, too: it holds fewer calculations if one of their
 * windows reads much, so that its columns stay at about 16 MB for samples of
 * every second, and at twice that when catching up.
 */
enum {
	LP_BATCH_SIZE = 1000,       /* calculations in a stored batch */
	LP_BATCH_SIZE_LEAST = 10,   /* however much they read */
	LP_BATCH_TASKS_MOST = 2000, /* calculations times windows */
	LP_BATCH_SAMPLES = 1 << 20, /* of a batch, at one a second */
};
/* For windows of a calculation that read `span` microseconds, over all inputs. */
size_t lp_batch_size(int64_t span);
size_t lp_batch_tasks(int64_t span); /* at least lp_batch_size */

/*
 * What a batch reads of another batch's results: for each pair of batches, the
 * inputs that differ in this. A window is computed only when everything is there
 * that one of them can read.
 */
struct lp_batch_reading {
	int64_t upstream;             /* the batch that writes */
	bool at_end;                  /* it stores numbers at the ends of their windows */
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
	lp_time start;           /* no window may begin before it, or LP_TIME_NONE */
	lp_time watermark;       /* LP_TIME_NONE: nothing computed yet */
	const int64_t *upstream; /* batches whose outputs it reads, each once */
	size_t upstream_count;
	const struct lp_batch_reading *readings; /* what it reads of them */
	size_t reading_count;
	/*
	 * microseconds past a window's end that its inputs' ranges reach, at most
	 * (shift > 0); 0: none
	 */
	int64_t reach;
	/*
	 * microseconds that a window of one calculation reads, over all its inputs, at
	 * most; 0: unknown
	 */
	int64_t span;
	bool shadow; /* its calculations are in shadow: enum lp_mode */
};
/* Returns head->span, or the length of a window if that is unknown. */
int64_t lp_batch_span(const struct lp_batch_head *head);

/* Windows of one calculation that have to be computed although they lie behind the watermark. */
struct lp_owed {
	int64_t id;
	int64_t calculation_id, batch_id;
	int32_t rank;
	enum lp_reason reason;
	lp_time after_end, until_end; /* those with after_end < end <= until_end */
	int64_t touched;              /* counts additions to any overlapping range; checked at commit */
	int64_t cause_id;             /* waited: the calculation that failed; else 0 */
	bool replace_imported;        /* write over results that were imported, too */
	int64_t cause_batch;          /* its batch; 0: deleted meanwhile */
};

/* One number of one output at one time. */
struct lp_result {
	uint32_t output; /* index into the calculation's outputs */
	uint8_t quality;
	lp_time time;
	double value; /* finite */
};

/* The outcome of one calculation for one window. */
struct lp_outcome {
	enum lp_state state;
	int64_t duration; /* nanoseconds in the rule */
	uint32_t samples_read;
	struct lp_result *results;
	size_t result_count;
	const char *rule_version;    /* or NULL */
	int64_t cause_id;            /* waiting: the calculation at the root; else 0 */
	const char *error_type;      /* "ZeroDivisionError"; NULL: nothing went wrong */
	const char *error_message;   /* waiting, tripped: why */
	const char *error_traceback; /* with source lines */
};

/* One calculation for one window. */
struct lp_task {
	uint32_t calculation; /* index into the batch's calculations */
	int32_t attempt;      /* 1: the first */
	struct lp_window window;
	lp_time result_time;       /* where a number is stored: one end of the window */
	struct lp_window *ranges;  /* one per input: what is read */
	struct lp_column *columns; /* one per input: the samples in its range */
	/* one per input: the last good sample before its range, within lookback, as the last one */
	struct lp_column *previous;
	/*
	 * Known once the samples are read: for the input with the least, the share of
	 * expected samples that are good (of those present, if the series' interval is
	 * unknown; if there are none, whether the sample before is held). NaN without
	 * inputs. A rule that holds values lowers it to the share of time that they
	 * cover.
	 */
	double coverage;
	uint32_t samples; /* good ones, over all inputs */
	bool decided;     /* the outcome is known without calling the rule: no_data, waiting, tripped */
	bool left;        /* decided and without an outcome: the run has no time for it, and it stays owed */
	/* Tables of somebody else could not be read, or refused its results: no attempt, and not to blame on its rule. */
	bool blameless;
	bool trial; /* of a rule whose breaker is open: a failure counts as no attempt */
	const struct lp_input
		*pruned; /* the input that may have lost samples to `prune`, or NULL: see lp_batch_leave_pruned */
	struct lp_outcome outcome;
};

enum lp_batch_kind {
	LP_BATCH_FORWARD,   /* the windows after the watermark of a stored batch */
	LP_BATCH_RETRY,     /* one pending window of several calculations, of several batches */
	LP_BATCH_RECOMPUTE, /* owed windows of calculations of one stored batch */
};

struct lp_batch {
	uint32_t magic;
#define LP_BATCH_MAGIC 0xba7c4e01u
	enum lp_batch_kind kind;
	enum lp_reason reason;     /* of all its tasks */
	struct lp_batch_head head; /* retry: only rank is used */
	lp_time new_watermark;     /* forward: the end of the last window; else LP_TIME_NONE */
	/*
	 * Forward: windows before the first one that are left for later and become owed
	 * (catch-up): left_after < end <= left_until; both 0: none.
	 */
	lp_time left_start, left_after, left_until;
	/*
	 * Recompute: the calculations' ranges, by calculation_id, which all begin at one
	 * after_end. What is computed now ends at recomputed_until; a range that ends by
	 * then is done.
	 */
	const struct lp_owed *owed;
	size_t owed_count;
	lp_time recomputed_until;
	/*
	 * Recompute of missed windows (LP_REASON_CATCH_UP), which goes from the newest
	 * window back: the ranges end at one until_end, and what is computed now goes
	 * back to recomputed_from.
	 */
	lp_time recomputed_from;
	/*
	 * Results before this time are stored as changes of samples, which their readers
	 * follow. Those from it on have not been read yet. LP_TIME_NONE: none is a
	 * change; LP_TIME_MAX: all are.
	 */
	lp_time read_before;
	int64_t run_id;
	lp_time tick;
	struct lp_calculation *calculations;
	size_t calculation_count;
	struct lp_task *tasks; /* by window, then by calculation */
	size_t task_count;
	/* tasks whose outcome is complete; the others are still owed */
	atomic_size_t computed;
	int64_t fetch_time, compute_time, commit_time; /* nanoseconds spent in the stages, for the report */
	uint64_t samples_read, samples_written;
	bool replace_imported;  /* recompute: write over results that were imported */
	uint64_t kept_imported; /* results that were not written, because one was imported */
	struct lp_arena arena;
};

/*
 * The samples of some series of a batch: several sessions fill one batch at the
 * same time, each from its own series.
 */
struct lp_share {
	int64_t first, last;    /* ids of the series, both included */
	struct lp_arena *arena; /* for the columns */
	uint64_t samples_read;
	/* Series of a table that could not be read, by id, and why: see lp_batch_leave_unreadable. */
	struct lp_unreadable {
		int64_t series_id;
		const char *why;
	} * unreadable;
	size_t unreadable_count;
};

static inline bool lp_share_holds(const struct lp_share *share, int64_t series_id)
{
	return series_id >= share->first && series_id <= share->last;
}

#define LP_CHECK_BATCH(batch) assert((batch) != NULL && (batch)->magic == LP_BATCH_MAGIC)

/* source: of its memory; NULL: malloc. */
struct lp_batch *lp_batch_new(struct lp_arena_source *source);
void lp_batch_empty(struct lp_batch *batch); /* keeps its memory for the next use */
void lp_batch_free(struct lp_batch *batch);
/*
 * Makes the tasks of a batch whose calculations are known: each enabled
 * calculation for each window. The ranges of inputs are the windows;
 * lp_input_range moves them on the calendar.
 */
void lp_batch_plan(struct lp_batch *batch, const struct lp_window *windows, size_t window_count);
/* True if no reader can have seen any time this batch writes to. Its results then need not be tracked as changes. */
bool lp_batch_is_unread(const struct lp_batch *batch);
/*
 * Decides the tasks that read samples which `prune` may have removed. Called
 * after the fetch, because a look-back that found its sample needs none of
 * those. A number from what is left would be wrong, so there is none (no_data),
 * and what is stored of the window stays.
 */
void lp_batch_leave_pruned(struct lp_batch *batch);
/* Decides the tasks that read series which could not be read: they fail, and the others go on. */
void lp_batch_leave_unreadable(struct lp_batch *batch, const struct lp_share *share);
/* True for such a task if its window was computed before: nothing of it changes. */
bool lp_task_is_left(const struct lp_batch *batch, const struct lp_task *task);
/* Fills coverage and samples of every task from its columns, and decides those below min_coverage. */
void lp_batch_cover(struct lp_batch *batch);
/*
 * Lowers the coverage to the share of the window for which the rule knew a
 * value. If that is too little, there is no result.
 */
void lp_task_cover(struct lp_task *task, const struct lp_calculation *calculation, double covered);

#endif
