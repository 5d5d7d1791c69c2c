/*
 * The batch: the unit that goes through fetch, compute and commit.
 *
 * A batch in the store is a fixed group of up to LP_BATCH_SIZE calculations
 * that have schedule and rank in common, put together when definitions are
 * applied.  Its one watermark serves all of them: every window that ends at or
 * before it is settled, or listed as pending for the one calculation that it
 * is still owed to.  So what is due is found by reading a row per batch, not
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
 * holds fewer calculations where windows are long, so that its columns stay at
 * about 16 MB for samples of every second, and twice that when catching up.
 */
enum {
	LP_BATCH_SIZE = 1000,       /* calculations in a stored batch */
	LP_BATCH_SIZE_LEAST = 10,   /* however long the windows are */
	LP_BATCH_TASKS_MOST = 2000, /* calculations times windows */
	LP_BATCH_SAMPLES = 1 << 20, /* of a batch, at one a second */
};
/* For windows of so many microseconds. */
size_t lp_batch_size(int64_t window);
size_t lp_batch_tasks(int64_t window); /* at least lp_batch_size */

/* What the store tells about a batch without reading its calculations. */
struct lp_batch_head {
	int64_t id;
	int64_t generation; /* changes whenever definitions change the batch; checked at commit */
	int32_t rank;
	int32_t size; /* enabled calculations */
	struct lp_schedule schedule;
	lp_time start;           /* LP_TIME_NONE, or no window may begin before it */
	lp_time watermark;       /* LP_TIME_NONE: nothing computed yet */
	const int64_t *upstream; /* batches whose outputs it reads: never computed past their watermarks */
	size_t upstream_count;
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
	const char *rule_version; /* or NULL */
	const char *error_type;   /* "ZeroDivisionError"; NULL where nothing went wrong */
	const char *error_message;
	const char *error_traceback; /* with source lines */
};

/* One calculation for one window. */
struct lp_task {
	uint32_t calculation; /* index into the batch's calculations */
	int32_t attempt;      /* 1: the first */
	struct lp_window window;
	struct lp_column *columns;  /* one per input: the samples in the window */
	struct lp_column *previous; /* one per input: the last good sample before it within lookback, count 0 or 1 */
	struct lp_outcome outcome;
};

struct lp_batch {
	uint32_t magic;
#define LP_BATCH_MAGIC 0xba7c4e01u
	bool retry; /* pending windows of several batches, put together; head is then unused but for rank */
	struct lp_batch_head head;
	lp_time new_watermark; /* the end of the last window; LP_TIME_NONE for a retry batch */
	int64_t run_id;
	lp_time tick;
	struct lp_calculation *calculations;
	size_t calculation_count;
	struct lp_task *tasks; /* by window, then by calculation */
	size_t task_count;
	atomic_size_t computed;                        /* tasks whose outcome is complete; the others are still owed */
	int64_t fetch_time, compute_time, commit_time; /* nanoseconds spent in the stages, for the report */
	uint64_t samples_read, samples_written;
	struct lp_arena arena;
	struct lp_batch *next; /* for whoever holds it: queues, pools */
};

#define LP_CHECK_BATCH(batch) assert((batch) != NULL && (batch)->magic == LP_BATCH_MAGIC)

struct lp_batch *lp_batch_new(void);
void lp_batch_empty(struct lp_batch *batch); /* keeps its memory for the next use */
void lp_batch_free(struct lp_batch *batch);
/* Makes the tasks of a batch whose calculations are known: each enabled calculation for each window. */
void lp_batch_plan(struct lp_batch *batch, const struct lp_window *windows, size_t window_count);

#endif
