/*
 * The only door to data.  Two stores stand behind it: PostgreSQL and SQLite.
 *
 * A struct lp_store is one connection and belongs to one thread at a time.
 * Everything read is handed to a visitor while the statement streams, so that
 * memory does not grow with the number of rows; what a visitor is given is
 * valid until it returns, and a visitor that returns false ends the reading
 * with the error it filled.
 *
 * The stores never know Python, schedules' meaning, or who asks.
 */
#ifndef LP_STORE_STORE_H
#define LP_STORE_STORE_H

#include "model/batch.h"
#include "model/run.h"

struct lp_store;

struct lp_store_options {
	/*
	 * "sqlite:FILE", or a libpq connection string or URI ("postgresql://...",
	 * "service=plant", "host=db dbname=plant"); "postgresql:" alone leaves
	 * everything to libpq's variables and files.
	 */
	const char *address;
	bool create;           /* SQLite: make the file when it is not there */
	bool prepare;          /* PostgreSQL: prepared statements; false behind PgBouncer in transaction mode */
	bool any_schema;       /* do not check the schema's version: for migrate, check and version */
	int connect_timeout;   /* seconds; 0: libpq's */
	int statement_timeout; /* seconds; 0: none */
	const char *application_name;
};

/* Connects, and checks that the schema is there and known. */
bool lp_store_open(const struct lp_store_options *options, struct lp_store **store,
                   struct lp_error *error) LP_MUST_CHECK;
void lp_store_close(struct lp_store *store); /* NULL is fine */

/* The address without its password: what may be printed. */
void lp_store_describe(const char *address, char *text, size_t size);
/* "postgresql 17.5", "sqlite 3.40.1" */
const char *lp_store_version(const struct lp_store *store);

/*
 * The schema.  Versions count from 1; a program works with the schema it makes
 * and with one newer (migrations only add within a release), so that the
 * previous release goes on working during an upgrade.
 */
struct lp_schema_state {
	int32_t present; /* 0: no schema */
	int32_t wanted;  /* what this program makes */
};
bool lp_store_schema(struct lp_store *store, struct lp_schema_state *state, struct lp_error *error) LP_MUST_CHECK;
/* Says each step as it is done.  Idempotent; two at once: one waits for the other. */
struct lp_migrate_options {
	const char *run_role, *read_role; /* roles to grant to, NULL: none; must exist */
	bool dry_run;
};
typedef void lp_migrate_step(void *context, int32_t version, const char *description);
bool lp_store_migrate(struct lp_store *store, const struct lp_migrate_options *options, lp_migrate_step *step,
                      void *context, struct lp_error *error) LP_MUST_CHECK;

/* A transaction of a person's command (apply, import). The functions of a run make their own. */
bool lp_store_begin(struct lp_store *store, struct lp_error *error) LP_MUST_CHECK;
bool lp_store_commit_work(struct lp_store *store, struct lp_error *error) LP_MUST_CHECK;
void lp_store_rollback(struct lp_store *store); /* harmless outside a transaction */

/* Series, by name.  pattern: a glob (* and ?) over names, or NULL: all. */
typedef bool lp_series_visit(void *context, const struct lp_series *series, struct lp_error *error);
bool lp_store_each_series(struct lp_store *store, const char *pattern, lp_series_visit *visit, void *context,
                          struct lp_error *error) LP_MUST_CHECK;
/* found.id is 0 where there is none.  Texts go to the arena. */
bool lp_store_find_series(struct lp_store *store, const char *name, struct lp_arena *arena, struct lp_series *found,
                          struct lp_error *error) LP_MUST_CHECK;

/* Calculations with inputs, outputs, rank and state, by name.  batch_id 0: all; else those of one batch. */
typedef bool lp_calculation_visit(void *context, const struct lp_calculation *calculation, struct lp_error *error);
bool lp_store_each_calculation(struct lp_store *store, lp_calculation_visit *visit, void *context,
                               struct lp_error *error) LP_MUST_CHECK;

/*
 * What `apply` found to change.  One call applies it all: in the caller's
 * transaction (lp_store_begin), with the schema's definitions locked against
 * a second apply.  Series are written before calculations; inputs and outputs
 * name their series (the ids are looked up).  Batches are put together again
 * for what changed: a batch never mixes schedules, ranks, starts or
 * watermarks; a calculation that moves keeps its watermark; its generation
 * changes.
 */
struct lp_changes {
	const struct lp_series *series_created, *series_updated, *series_deleted;
	size_t series_created_count, series_updated_count, series_deleted_count;
	const struct lp_calculation *created, *updated, *deleted; /* updated: version already counted up */
	size_t created_count, updated_count, deleted_count;
	const struct lp_calculation *ranked; /* nothing but the rank (and so the batch) changes */
	size_t ranked_count;
};
bool lp_store_lock_definitions(struct lp_store *store,
                               struct lp_error *error) LP_MUST_CHECK; /* inside lp_store_begin */
bool lp_store_apply(struct lp_store *store, const struct lp_changes *changes, struct lp_error *error) LP_MUST_CHECK;

/* Samples, for people.  In the caller's transaction, for whatever stands between begin and commit. */
struct lp_write_counts {
	uint64_t inserted, updated, unchanged;
};
bool lp_store_write_samples(struct lp_store *store, int64_t series_id, const struct lp_column *samples,
                            struct lp_write_counts *counts, struct lp_error *error) LP_MUST_CHECK;
/* The same for many series at once, which is faster where each has few samples; the counts are of all together. */
struct lp_series_samples {
	int64_t series_id; /* each once */
	struct lp_column samples;
};
bool lp_store_write_many(struct lp_store *store, const struct lp_series_samples *many, size_t count,
                         struct lp_write_counts *counts, struct lp_error *error) LP_MUST_CHECK;
/* Ascending in time, in columns of at most 10,000 samples; from or to LP_TIME_NONE: open; at most `most` if not 0. */
typedef bool lp_column_visit(void *context, const struct lp_column *samples, struct lp_error *error);
bool lp_store_read_samples(struct lp_store *store, int64_t series_id, lp_time from, lp_time to, uint64_t most,
                           lp_column_visit *visit, void *context, struct lp_error *error) LP_MUST_CHECK;

/*
 * A run.
 *
 * At most one run works on a store at a time: the lock is held by the
 * connection that took it and is gone with it, however the process ends.
 * (PostgreSQL: an advisory lock in a transaction of its own that does nothing
 * else, so that it works through PgBouncer in transaction mode and holds back
 * no vacuum.  SQLite: a lock on a file beside the database.)
 */
bool lp_store_lock_run(struct lp_store *store, bool *acquired, struct lp_error *error) LP_MUST_CHECK;
/* Marks runs left "running" as interrupted, stores this one, fills run->id. */
bool lp_store_begin_run(struct lp_store *store, struct lp_run *run, struct lp_error *error) LP_MUST_CHECK;
bool lp_store_end_run(struct lp_store *store, const struct lp_run *run, struct lp_error *error) LP_MUST_CHECK;

/* The batches of a rank, in the order of id; only those with size > 0.  rank -1: of all, by rank. */
typedef bool lp_batch_visit(void *context, const struct lp_batch_head *head, struct lp_error *error);
bool lp_store_each_batch(struct lp_store *store, int32_t rank, lp_batch_visit *visit, void *context,
                         struct lp_error *error) LP_MUST_CHECK;
/* Pending windows to try again at tick: by rank, window, calculation. */
struct lp_pending {
	int64_t calculation_id;
	int32_t rank;
	int32_t attempts; /* made so far */
	struct lp_window window;
};
typedef bool lp_pending_visit(void *context, const struct lp_pending *pending, struct lp_error *error);
bool lp_store_each_pending(struct lp_store *store, lp_time tick, lp_pending_visit *visit, void *context,
                           struct lp_error *error) LP_MUST_CHECK;

/* Reads the definitions of batch->head.id, in a fixed order, into the batch's arena. */
bool lp_store_read_batch(struct lp_store *store, struct lp_batch *batch, struct lp_error *error) LP_MUST_CHECK;
/* Reads the definitions of these calculations (those that are enabled and still there), into the batch's arena. */
bool lp_store_read_calculations(struct lp_store *store, const int64_t *ids, size_t count, struct lp_batch *batch,
                                struct lp_error *error) LP_MUST_CHECK;
/* Fills columns and previous of every task: one statement. */
bool lp_store_fetch(struct lp_store *store, struct lp_batch *batch, struct lp_error *error) LP_MUST_CHECK;

/*
 * Results and outcomes of a batch in one transaction.
 *
 * Results are upserted (a row is only written where it differs); the outcome
 * of all tasks is one row of arrays; rows of their own are written for
 * calculations whose state changed or that failed.  Tasks that failed or were
 * not computed become (or stay) pending, with the attempts and the time of the
 * next one that lp_retry_policy gives; tasks that succeeded are taken off.
 * The batch's watermark moves to new_watermark on the condition that it and
 * the generation are what batch->head says: otherwise somebody else did this
 * work or the definitions changed, nothing is stored, and *accepted is false.
 */
struct lp_retry_policy {
	int32_t max_attempts;               /* then the window is given up */
	int64_t first_delay, longest_delay; /* microseconds; doubles from first to longest */
};
bool lp_store_commit_batch(struct lp_store *store, struct lp_batch *batch, const struct lp_retry_policy *policy,
                           bool *accepted, struct lp_error *error) LP_MUST_CHECK;

/* For `status`. */
struct lp_status {
	struct lp_calculation calculation; /* with name, rule, labels, schedule, enabled, version */
	enum lp_state state;
	lp_time since;         /* in this state */
	lp_time failing_since; /* LP_TIME_NONE: is not failing */
	lp_time watermark;
	struct lp_window window; /* last one computed; start LP_TIME_NONE: none */
	int64_t run_id;
	int64_t duration; /* nanoseconds, of the last window */
	uint32_t samples_read;
	int32_t attempts;     /* at the window that fails */
	lp_time next_attempt; /* LP_TIME_NONE: none planned */
	uint32_t pending;     /* windows owed */
	const char *rule_version;
	const char *error_type, *error_message, *error_traceback; /* NULL: none */
};
struct lp_status_filter {
	bool failed;                          /* only those that people are to be told of */
	const char *name;                     /* glob; NULL: all */
	const char *rule;                     /* NULL: all */
	const char *label_name, *label_value; /* NULL: all */
};
typedef bool lp_status_visit(void *context, const struct lp_status *status, struct lp_error *error);
bool lp_store_each_status(struct lp_store *store, const struct lp_status_filter *filter, lp_status_visit *visit,
                          void *context, struct lp_error *error) LP_MUST_CHECK;
/* The last windows of one calculation, newest first: what outcomes are kept of. */
struct lp_history {
	struct lp_window window;
	int64_t run_id;
	lp_time tick;
	enum lp_state state;
	int64_t duration;
	uint32_t samples_read;
};
typedef bool lp_history_visit(void *context, const struct lp_history *history, struct lp_error *error);
bool lp_store_each_history(struct lp_store *store, int64_t calculation_id, uint32_t most, lp_history_visit *visit,
                           void *context, struct lp_error *error) LP_MUST_CHECK;
/* Newest first. */
typedef bool lp_run_visit(void *context, const struct lp_run *run, struct lp_error *error);
bool lp_store_each_run(struct lp_store *store, uint32_t most, lp_run_visit *visit, void *context,
                       struct lp_error *error) LP_MUST_CHECK;

/* Deletes what is older than `before` (LP_TIME_NONE: keep that kind); dry_run only counts. */
struct lp_prune {
	lp_time samples_before, outcomes_before, runs_before;
	const char *series; /* samples: glob over series names, NULL: all */
	bool dry_run;
	uint64_t samples, outcomes, runs; /* out */
};
bool lp_store_prune(struct lp_store *store, struct lp_prune *prune, struct lp_error *error) LP_MUST_CHECK;

#endif
