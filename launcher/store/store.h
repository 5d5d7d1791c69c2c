/*
 * The only door to data. Two stores stand behind it: PostgreSQL and SQLite. A
 * struct lp_store is one connection and belongs to one thread at a time.
 *
 * What is read goes to a visitor while the statement streams, so that memory
 * does not grow with the number of rows. What a visitor is given is valid until
 * it returns. A visitor that returns false ends the reading with the error that
 * it filled. Stores know nothing of Python, of the meaning of schedules, or of
 * their callers.
 */
#ifndef LP_STORE_STORE_H
#define LP_STORE_STORE_H

#include "model/batch.h"
#include "model/mapping.h"
#include "model/run.h"

struct lp_store;

struct lp_store_options {
	/*
	 * "sqlite:FILE", or a libpq connection string or URI ("postgresql://...",
	 * "service=plant", "host=db dbname=plant"); "postgresql:" alone leaves
	 * everything to libpq's variables and files.
	 */
	const char *address;
	bool create;           /* SQLite: make the file if it does not exist */
	bool pretend;          /* SQLite: treat a missing file as an empty one, without making it */
	bool prepare;          /* PostgreSQL: prepared statements; false behind PgBouncer in transaction mode */
	bool any_schema;       /* do not check the schema's version: for migrate, check, and what was checked before */
	int connect_timeout;   /* seconds; 0: libpq's */
	int statement_timeout; /* seconds; 0: none */
	const char *application_name;
	const struct lp_mappings
		*mappings; /* tables of somebody else in PostgreSQL, which outlive the store; NULL: none */
};

/* Connects, and checks that the schema exists and is known. */
bool lp_store_open(const struct lp_store_options *options, struct lp_store **store,
                   struct lp_error *error) LP_MUST_CHECK;
void lp_store_close(struct lp_store *store); /* NULL is allowed */

/* Writes the address without its password, to be printed. */
void lp_store_describe(const char *address, char *text, size_t size);
/* True for the address of a database of PostgreSQL, as far as can be told without connecting. */
bool lp_store_is_database(const char *address);
/* Returns the file that an address names; NULL: its store is no file. */
const char *lp_store_file(const char *address);
/* True if a transaction that writes waits for every other one: a second committer would only wait for the first. */
bool lp_store_has_one_writer(const struct lp_store *store);
/* "postgresql 17.5", "sqlite 3.40.1" */
const char *lp_store_version(const struct lp_store *store);

/*
 * The schema. Versions count from 1. A program works with the schema that it
 * makes and with one that is a version newer (migrations only add within a
 * release), so that the previous release goes on working during an upgrade.
 */
struct lp_schema_state {
	int32_t present; /* 0: no schema */
	int32_t wanted;  /* what this program makes */
};
bool lp_store_schema(struct lp_store *store, struct lp_schema_state *state, struct lp_error *error) LP_MUST_CHECK;
/* Reports each step when it is done. Idempotent; of two at once, one waits for the other. */
struct lp_migrate_options {
	const char *run_role, *read_role; /* roles to grant rights to; NULL: none. They must exist */
	bool dry_run;
	/*
	 * Gets the statements of triggers of tables of somebody else, for their owner to
	 * run; empty: none is to be made. NULL: the triggers are made.
	 */
	struct lp_text *triggers;
};
typedef void lp_migrate_step(void *context, int32_t version, const char *description);
bool lp_store_migrate(struct lp_store *store, const struct lp_migrate_options *options, lp_migrate_step *step,
                      void *context, struct lp_error *error) LP_MUST_CHECK;

/* A transaction of a command (apply, import). The functions of a run make their own. */
bool lp_store_begin(struct lp_store *store, struct lp_error *error) LP_MUST_CHECK;
bool lp_store_commit_work(struct lp_store *store, struct lp_error *error) LP_MUST_CHECK;
void lp_store_rollback(struct lp_store *store); /* harmless outside a transaction */

/* Visits series by name. pattern: a glob (* and ?) over names, or NULL: all. */
typedef bool lp_series_visit(void *context, const struct lp_series *series, struct lp_error *error);
bool lp_store_each_series(struct lp_store *store, const char *pattern, lp_series_visit *visit, void *context,
                          struct lp_error *error) LP_MUST_CHECK;
/* found.id is 0 if there is none. Texts go to the arena. */
bool lp_store_find_series(struct lp_store *store, const char *name, struct lp_arena *arena, struct lp_series *found,
                          struct lp_error *error) LP_MUST_CHECK;

/*
 * Looks whether each table of the configuration can be read as it is described:
 * its columns, their types, keys of series, rights, and how the server would
 * read it.
 */
struct lp_table_check {
	const char *name, *table; /* as the configuration has them */
	const char *database;     /* its address, where that is not the store; or NULL */
	size_t series;            /* that are read from it */
	struct lp_error error;    /* exit LP_EXIT_OK: it can be read */
	bool late_is_ignored;     /* rows that come late are not followed */
	const char *advice;       /* what would make that faster; or NULL */
};
typedef bool lp_table_visit(void *context, const struct lp_table_check *check, struct lp_error *error);
bool lp_store_check_tables(struct lp_store *store, lp_table_visit *visit, void *context,
                           struct lp_error *error) LP_MUST_CHECK;

/* Visits calculations with inputs, outputs, rank and state, by name. */
typedef bool lp_calculation_visit(void *context, const struct lp_calculation *calculation, struct lp_error *error);
bool lp_store_each_calculation(struct lp_store *store, lp_calculation_visit *visit, void *context,
                               struct lp_error *error) LP_MUST_CHECK;

/*
 * What `apply` has to change. One call applies it all, in the caller's
 * transaction (lp_store_begin), with the definitions locked against a second
 * apply. Series are written before calculations; inputs and outputs name their
 * series, and the ids are looked up.
 *
 * Batches of what changed are put together again: a batch never mixes schedules,
 * ranks, starts or watermarks. A calculation that moves keeps its watermark, and
 * its generation changes. If its start becomes later, what is pending or owed
 * before that is forgotten. A series that has samples is data and is not
 * deleted: the whole is refused (lp_series_is_held).
 *
 * By name, a series is the one that is live. A calculation in shadow writes
 * another one of that name, which is made when it is needed; so does what reads
 * it, if it is in shadow too. The mode of an updated calculation stays.
 */
struct lp_changes {
	const struct lp_series *series_created, *series_updated, *series_deleted;
	size_t series_created_count, series_updated_count, series_deleted_count;
	const struct lp_calculation *created, *updated, *deleted; /* updated: version already counted up */
	size_t created_count, updated_count, deleted_count;
	const struct lp_calculation *ranked; /* only the rank changes, and so the batch */
	size_t ranked_count;
	const struct lp_calculation *turned; /* only the mode changes; version already counted up */
	size_t turned_count;
};
bool lp_store_lock_definitions(struct lp_store *store,
                               struct lp_error *error) LP_MUST_CHECK; /* inside lp_store_begin */
bool lp_store_apply(struct lp_store *store, const struct lp_changes *changes, struct lp_error *error) LP_MUST_CHECK;

/*
 * A change of a definition: which calculation or series was changed when, by
 * whom, and how. It is kept when a calculation is deleted.
 */
struct lp_definition_change {
	const char *name; /* of a calculation, a series or a rule */
	const char *kind; /* "calculation", "series", "rule" */
	int64_t version;  /* that the calculation has from then on; 0: it has none */
	/*
	 * "created: rule mean, ...", "changed: rule mean -> max", "deleted"; of a rule
	 * "version 1a2b..."
	 */
	const char *change;
	lp_time changed; /* filled by the store, like the rest */
	/*
	 * of the database (SQLite: the user of the system); NULL for a rule, whose
	 * versions runs notice
	 */
	const char *role;
	const char *program_version;
};
/* Stores name, kind, version and change, in the transaction of an apply. */
bool lp_store_note_changes(struct lp_store *store, const struct lp_definition_change *changes, size_t count,
                           struct lp_error *error) LP_MUST_CHECK;
/*
 * Visits, oldest first, the changes of a calculation, of the series that it
 * reads and writes today, and the versions of its rule that runs have worked
 * with.
 */
typedef bool lp_definition_change_visit(void *context, const struct lp_definition_change *change,
                                        struct lp_error *error);
bool lp_store_each_definition_change(struct lp_store *store, const char *calculation, lp_definition_change_visit *visit,
                                     void *context, struct lp_error *error) LP_MUST_CHECK;

/*
 * Writes samples for people, in the caller's transaction. A result that they
 * overwrite is imported from then on, and counts as updated.
 */
struct lp_write_counts {
	uint64_t inserted, updated, unchanged;
};
bool lp_store_write_samples(struct lp_store *store, int64_t series_id, const struct lp_column *samples,
                            struct lp_write_counts *counts, struct lp_error *error) LP_MUST_CHECK;
/* The same for many series at once, which is faster if each has few samples. The counts are for all together. */
struct lp_series_samples {
	int64_t series_id; /* each once */
	struct lp_column samples;
};
bool lp_store_write_many(struct lp_store *store, const struct lp_series_samples *many, size_t count,
                         struct lp_write_counts *counts, struct lp_error *error) LP_MUST_CHECK;
/*
 * Visits samples ascending in time, in columns of at most 10,000; from or to
 * LP_TIME_NONE: open; at most `most` if not 0.
 */
typedef bool lp_column_visit(void *context, const struct lp_column *samples, struct lp_error *error);
struct lp_sample_query {
	int64_t series_id;
	lp_time from, to;
	uint64_t most;
};
bool lp_store_read_samples(struct lp_store *store, const struct lp_sample_query *query, lp_column_visit *visit,
                           void *context, struct lp_error *error) LP_MUST_CHECK;

/*
 * Results of somebody else, from a query that gives a series' name, a time and a
 * value, in the order of series (by bytes) and time. PostgreSQL only, where the
 * database need not have this program's schema. They are read in a transaction
 * that cannot write: lp_store_begin comes before, lp_store_rollback after it.
 */
struct lp_other_query {
	const char *sql;           /* a query that gives three columns */
	const char *const *series; /* only of these */
	size_t count;
	lp_time from, to; /* from <= time < to; LP_TIME_NONE: open */
	const char *zone; /* of times that have none */
};
struct lp_other_row {
	const char *series; /* valid until the next rows are read */
	lp_time time;
	double value; /* NaN: NULL */
};
#define LP_OTHER_AT_ONCE 10000
bool lp_store_open_other(struct lp_store *store, const struct lp_other_query *query,
                         struct lp_error *error) LP_MUST_CHECK;
/* Reads the next rows, of which there are LP_OTHER_AT_ONCE at most; fewer: they are the last ones. */
bool lp_store_more_other(struct lp_store *store, struct lp_other_row *rows, size_t *count,
                         struct lp_error *error) LP_MUST_CHECK;

/*
 * Takes the lock of a run: at most one run works on a store at a time. The
 * connection that took the lock holds it, and it is gone with the connection,
 * however the process ends. (PostgreSQL: an advisory lock in a transaction that
 * does nothing else, so that it works through PgBouncer in transaction mode and
 * holds back no vacuum. SQLite: a lock on a file beside the database.)
 */
bool lp_store_lock_run(struct lp_store *store, enum lp_run_kind kind, bool *acquired,
                       struct lp_error *error) LP_MUST_CHECK;
/* Gives it back; harmless where it is not held. */
void lp_store_unlock_run(struct lp_store *store);
/* Finds whether the lock is held: a backfill then steps aside. */
bool lp_store_run_is_active(struct lp_store *store, enum lp_run_kind kind, bool *active,
                            struct lp_error *error) LP_MUST_CHECK;
/*
 * Marks runs of its kind that were left "running" as interrupted, stores this
 * one and fills run->id. A commit of a run that is no longer running is refused,
 * and one in progress is waited for here: no such run changes what is read after
 * this call.
 */
bool lp_store_begin_run(struct lp_store *store, struct lp_run *run, struct lp_error *error) LP_MUST_CHECK;
/*
 * Holds the run's row in the caller's transaction: until its end no other run of
 * this kind begins. Fails with LP_EXIT_TEMPORARY if one has begun already.
 */
bool lp_store_hold_run(struct lp_store *store, int64_t run_id, struct lp_error *error) LP_MUST_CHECK;
/* Fails with LP_EXIT_TEMPORARY if another run of its kind has begun; the row says so already. */
bool lp_store_end_run(struct lp_store *store, const struct lp_run *run, struct lp_error *error) LP_MUST_CHECK;

/*
 * Visits the batches of a rank by id; rank -1: of all ranks, by rank. Batches of
 * size 0 hold disabled calculations: nothing of them is computed, but what they
 * have read is followed.
 */
typedef bool lp_batch_visit(void *context, const struct lp_batch_head *head, struct lp_error *error);
bool lp_store_each_batch(struct lp_store *store, int32_t rank, lp_batch_visit *visit, void *context,
                         struct lp_error *error) LP_MUST_CHECK;
/*
 * Visits pending windows to retry at tick, by rank, window and calculation. Of a
 * rule whose breaker is open only the oldest one, whatever its next attempt: the
 * trial.
 */
struct lp_pending {
	int64_t calculation_id, batch_id;
	int32_t rank;
	int32_t attempts; /* made so far */
	bool shadow;      /* the calculation is in shadow */
	struct lp_window window;
};
typedef bool lp_pending_visit(void *context, const struct lp_pending *pending, struct lp_error *error);
bool lp_store_each_pending(struct lp_store *store, lp_time tick, lp_pending_visit *visit, void *context,
                           struct lp_error *error) LP_MUST_CHECK;

/*
 * Stores that the calculations of a batch have failed with this error, because
 * its schedule cannot be followed (its time zone is unknown). Those that have it
 * already are not written again.
 */
bool lp_store_fail_batch(struct lp_store *store, int64_t batch_id, lp_time tick, const char *error_type,
                         const char *error_message, struct lp_error *error) LP_MUST_CHECK;

/*
 * Visits pairs of enabled calculations of which the first reads what the second
 * writes, by reader: the readers of one batch, or of one calculation (the other
 * argument is 0).
 */
struct lp_edge {
	int64_t reader_id, reader_batch, writer_id, writer_batch;
	int64_t series_id;
	const char *reader, *writer; /* names */
};
typedef bool lp_edge_visit(void *context, const struct lp_edge *edge, struct lp_error *error);
bool lp_store_each_edge(struct lp_store *store, int64_t batch_id, int64_t calculation_id, lp_edge_visit *visit,
                        void *context, struct lp_error *error) LP_MUST_CHECK;

/*
 * Changes of samples: all that were inserted, updated or deleted, except what a
 * commit writes from batch->read_before on and what `prune` deletes. Triggers
 * note them in the writer's transaction; a change that is not visible yet stays
 * for the next call. So a run that takes changes first and reads samples after
 * that misses none, in whatever order writers commit.
 */
struct lp_change {
	int64_t series_id;
	lp_time first, last; /* of the samples, within an hour of UTC; by hand: as given */
	bool by_hand;        /* invalidated: followed however old */
	lp_time next_good;   /* the first good sample after `last`: see lp_store_find_next_good */
};
/*
 * Asks tables that say when a row was written for those since the last run, of
 * samples before newest (LP_TIME_NONE: of none), and notes them as changes, in
 * the transaction of a run that begins. take false: only *found says whether
 * there are any. A table that does not answer is logged.
 */
bool lp_store_look_for_late(struct lp_store *store, lp_time newest, bool take, bool *found,
                            struct lp_error *error) LP_MUST_CHECK;
/*
 * Visits the series that have changes with `first` before newest, by id: where
 * the earliest begins, and how many they have.
 */
struct lp_changed {
	int64_t series_id;
	lp_time first;
	uint64_t hours;
};
typedef bool lp_changed_visit(void *context, const struct lp_changed *changed, struct lp_error *error);
bool lp_store_each_changed(struct lp_store *store, lp_time newest, lp_changed_visit *visit, void *context,
                           struct lp_error *error) LP_MUST_CHECK;
/* The time from which readers follow changes of a series; LP_TIME_MAX: no calculation reads it. */
struct lp_change_bound {
	int64_t series_id;
	lp_time oldest;
};
/* Returns the bound of a series among bounds by series; NULL: it has none. */
const struct lp_change_bound *lp_change_bound_of(const struct lp_change_bound *bounds, size_t count, int64_t series_id);
/*
 * Visits the visible changes, by series and time, in chunks: after an import
 * there may be millions. The visitor may use the store. Changes whose `first` is
 * newest or later are left out, because no calculation has read the sample yet.
 * Changes whose `last` is before their series' bound are skipped in the store,
 * unless they were made by hand, and counted in too_old if the series has
 * readers. Series without a bound are visited whole. take: all visible changes
 * are forgotten when the caller's transaction (lp_store_begin) commits.
 */
#define LP_CHANGES_AT_ONCE 10000
struct lp_change_query {
	lp_time newest;
	bool take;
	const struct lp_change_bound *bounds; /* by series, one each */
	size_t bound_count;
	uint64_t too_old; /* out: hours of series */
};
typedef bool lp_change_visit(void *context, struct lp_change *changes, size_t count, struct lp_error *error);
bool lp_store_each_change(struct lp_store *store, struct lp_change_query *query, lp_change_visit *visit, void *context,
                          struct lp_error *error) LP_MUST_CHECK;
/*
 * Fills next_good of changes whose series is read with a look-back, if there is
 * such a sample before a time; LP_TIME_NONE: there is none, or no reader looks
 * back. One statement.
 */
bool lp_store_find_next_good(struct lp_store *store, struct lp_change *changes, size_t count, lp_time before,
                             struct lp_error *error) LP_MUST_CHECK;
/*
 * Finds, among the next `most` good samples of a series after a time and before
 * another, the last one that is more than so many times the good sample before
 * it. LP_TIME_NONE: there is none.
 */
struct lp_rise_query {
	int64_t series_id;
	lp_time after, before;
	double times;
	uint32_t most;
};
bool lp_store_find_rise(struct lp_store *store, const struct lp_rise_query *query, lp_time *rise,
                        struct lp_error *error) LP_MUST_CHECK;
/* Notes a change by hand, of [first, last]. */
bool lp_store_invalidate(struct lp_store *store, int64_t series_id, lp_time first, lp_time last,
                         struct lp_error *error) LP_MUST_CHECK;
/* Visits the readers of series: calculations whose batch has a watermark; by series. */
struct lp_reader {
	int64_t calculation_id, series_id;
	bool enabled; /* false: what changed is owed, and computed once it is enabled again */
	struct lp_schedule schedule;
	lp_time watermark, start;     /* of the batch */
	struct lp_span window, shift; /* of the input, as in struct lp_input */
	int64_t lookback;
	int64_t recompute_within; /* as in struct lp_calculation */
	bool computed;            /* the series is the output of a calculation */
	/*
	 * Windows with past_after < end <= past_until were missed and never computed.
	 * LP_TIME_NONE: there are none.
	 */
	lp_time past_after, past_until;
};
typedef bool lp_reader_visit(void *context, const struct lp_reader *reader, struct lp_error *error);
bool lp_store_each_reader(struct lp_store *store, const int64_t *series_ids, size_t count, lp_reader_visit *visit,
                          void *context, struct lp_error *error) LP_MUST_CHECK;

/*
 * Adds owed windows. A range that overlaps or touches one of the same
 * calculation, reason and cause becomes part of it. Every range of the
 * calculation that it overlaps counts up `touched`, so that what is being
 * computed from older samples is refused. In the caller's transaction, or in its
 * own.
 */
struct lp_owed_range {
	int64_t calculation_id;
	enum lp_reason reason;
	lp_time window_start; /* of the first window */
	lp_time after_end, until_end;
	int64_t cause_id;
	bool replace_imported; /* imported results are overwritten, too; such ranges do not join others */
};
bool lp_store_add_owed(struct lp_store *store, const struct lp_owed_range *ranges, size_t count,
                       struct lp_error *error) LP_MUST_CHECK;
/*
 * Cuts ranges in two: up to `at`, which keeps its id, and from there on. In the
 * caller's transaction. *cut is false if one of them has changed since it was
 * read; then the transaction has to be rolled back.
 */
bool lp_store_cut_owed(struct lp_store *store, const struct lp_owed *owed, size_t count, lp_time at, bool *cut,
                       struct lp_error *error) LP_MUST_CHECK;
/*
 * Visits the ranges that a run of this kind works on, of enabled calculations: a
 * backfill those of LP_REASON_BACKFILL, the minute's run the others. Those that
 * waited, only if the cause has no window left that is pending or tripped; those
 * that tripped, only if their rule's breaker is closed. rank -1: all. By rank,
 * batch, reason, after_end, until_end, calculation.
 */
typedef bool lp_owed_visit(void *context, const struct lp_owed *owed, struct lp_error *error);
bool lp_store_each_owed(struct lp_store *store, enum lp_run_kind kind, int32_t rank, lp_owed_visit *visit,
                        void *context, struct lp_error *error) LP_MUST_CHECK;
/*
 * Forgets the ranges of a reason, when a backfill is called off. What it owed of
 * outdated results is outdated again.
 */
bool lp_store_drop_owed(struct lp_store *store, enum lp_reason reason, uint64_t *dropped,
                        struct lp_error *error) LP_MUST_CHECK;
/* How far calculations have come, and from where. */
struct lp_progress {
	int64_t calculation_id;
	lp_time watermark;
	lp_time first_result; /* that it computed; LP_TIME_NONE: none is stored */
	lp_time first_end;    /* of the window that made it; LP_TIME_NONE: not noted */
};
typedef bool lp_progress_visit(void *context, const struct lp_progress *progress, struct lp_error *error);
bool lp_store_each_progress(struct lp_store *store, const int64_t *calculation_ids, size_t count,
                            lp_progress_visit *visit, void *context, struct lp_error *error) LP_MUST_CHECK;
/*
 * Visits what keeps calculations from being computed: windows of calculations
 * that they read directly, which are pending and not given up, or owed because
 * they waited or tripped, with results between from and to.
 */
struct lp_blocker {
	int64_t calculation_id; /* the calculation that has to wait */
	int64_t series_id;      /* for results of this series */
	lp_time first, last;    /* at these times, both included */
	int64_t cause_id;       /* the calculation at the root that failed */
	const char *cause;      /* its name */
};
typedef bool lp_blocker_visit(void *context, const struct lp_blocker *blocker, struct lp_error *error);
struct lp_blocker_query {
	const int64_t *calculation_ids;
	size_t count;
	lp_time from, to;
};
bool lp_store_each_blocker(struct lp_store *store, const struct lp_blocker_query *query, lp_blocker_visit *visit,
                           void *context, struct lp_error *error) LP_MUST_CHECK;

/*
 * An open breaker: most calculations of a rule failed in one run. Its windows
 * are set aside (tripped), except for trials; when those work it closes.
 */
struct lp_breaker {
	const char *rule;
	lp_time since;       /* the tick */
	int64_t run_id;      /* that tripped it */
	uint64_t failed, of; /* calculations in that run */
	uint64_t trials;     /* that failed since */
	const char *error;   /* of the last one: "KeyError: 'p1'" */
};
typedef bool lp_breaker_visit(void *context, const struct lp_breaker *breaker, struct lp_error *error);
bool lp_store_each_breaker(struct lp_store *store, lp_breaker_visit *visit, void *context,
                           struct lp_error *error) LP_MUST_CHECK;
bool lp_store_put_breaker(struct lp_store *store, const struct lp_breaker *breaker,
                          struct lp_error *error) LP_MUST_CHECK;
bool lp_store_close_breaker(struct lp_store *store, const char *rule, struct lp_error *error) LP_MUST_CHECK;

/*
 * Notes which version of each rule a run works with, if it is new, so that a
 * result can be traced to it; nothing if another run has begun. Visits the rules
 * whose stored version differs, and reopens windows of their calculations that
 * were given up.
 */
struct lp_rule_version {
	const char *rule, *version;
	const char *before; /* out, for the visitor: the version until now */
};
struct lp_rule_versions {
	const struct lp_rule_version *items;
	size_t count;
};
typedef bool lp_rule_version_visit(void *context, const struct lp_rule_version *version, struct lp_error *error);
bool lp_store_note_rules(struct lp_store *store, const struct lp_run *run, const struct lp_rule_versions *versions,
                         lp_rule_version_visit *changed, void *context, struct lp_error *error) LP_MUST_CHECK;
/* Returns the version that a rule had in a run, in the arena; NULL: unknown. */
bool lp_store_rule_version(struct lp_store *store, const char *rule, int64_t run_id, struct lp_arena *arena,
                           const char **version, struct lp_error *error) LP_MUST_CHECK;

/*
 * A file that `import --follow` has stored, known by where it was found and its
 * name. It is noted in the transaction that stores its samples, so that both
 * exist or neither.
 */
struct lp_imported_file {
	const char *source, *name;
	int64_t size; /* bytes */
	lp_time modified;
	int64_t content; /* a hash of its bytes */
	lp_time imported;
};
typedef bool lp_imported_file_visit(void *context, const struct lp_imported_file *file, struct lp_error *error);
/* Visits the files of a source; name: only that one, NULL: all. */
bool lp_store_each_imported_file(struct lp_store *store, const char *source, const char *name,
                                 lp_imported_file_visit *visit, void *context, struct lp_error *error) LP_MUST_CHECK;
/*
 * Notes a file in the caller's transaction (lp_store_begin). before: the content
 * with which it was imported until now; NULL: it was not. If that is not what is
 * stored, another process has imported it: *noted is false, and nothing changes.
 * Waits for a transaction that notes the same file.
 */
bool lp_store_note_imported_file(struct lp_store *store, const struct lp_imported_file *file, const int64_t *before,
                                 bool *noted, struct lp_error *error) LP_MUST_CHECK;

/* Opens pending windows again: their attempts start anew with the next run. */
struct lp_reopen {
	const char *name, *rule;        /* glob over names of calculations; NULL: all */
	lp_time from, to;               /* windows that overlap; LP_TIME_NONE: open */
	uint64_t windows, calculations; /* out */
};
bool lp_store_reopen(struct lp_store *store, struct lp_reopen *reopen, struct lp_error *error) LP_MUST_CHECK;
/*
 * Visits what is stored of results in these series; a series without any has no
 * row. Measured and imported samples are no results.
 */
struct lp_stored {
	int64_t series_id;
	lp_time first_end, last_end; /* ends of windows: of the earliest and of the last result */
	uint64_t results;            /* counted up to `most`; then there may be more */
};
struct lp_stored_query {
	const int64_t *series_ids;
	size_t count;
	uint64_t most;
};
typedef bool lp_stored_visit(void *context, const struct lp_stored *stored, struct lp_error *error);
bool lp_store_each_stored(struct lp_store *store, const struct lp_stored_query *query, lp_stored_visit *visit,
                          void *context, struct lp_error *error) LP_MUST_CHECK;

/*
 * Results that an earlier definition or rule has computed. Noted in the caller's
 * transaction, after lp_store_apply, by name. An existing row becomes wider, and
 * is no longer owed. until_end LP_TIME_NONE: up to the watermark. A calculation
 * that never ran has none.
 */
struct lp_outdated {
	int64_t calculation_id;  /* out, like the three after the name */
	const char *calculation; /* its name */
	const char *rule;
	bool enabled;
	bool owed;          /* its windows are owed to a backfill */
	const char *reason; /* "parameters, every" */
	bool other_windows; /* windows of another schedule or calculation have to go */
	lp_time after_end, until_end;
	lp_time noted; /* out: when */
};
bool lp_store_note_outdated(struct lp_store *store, const struct lp_outdated *notes, size_t count,
                            struct lp_error *error) LP_MUST_CHECK;
/* By name. */
typedef bool lp_outdated_visit(void *context, const struct lp_outdated *outdated, struct lp_error *error);
bool lp_store_each_outdated(struct lp_store *store, lp_outdated_visit *visit, void *context,
                            struct lp_error *error) LP_MUST_CHECK;
/*
 * Makes their windows owed to a backfill, except for those that were noted again
 * since they were visited (by calculation_id and noted). In the caller's
 * transaction, or in its own.
 */
bool lp_store_owe_outdated(struct lp_store *store, const struct lp_outdated *told, size_t count,
                           struct lp_error *error) LP_MUST_CHECK;
/* Deletes owed rows of which no range is left. */
bool lp_store_settle_outdated(struct lp_store *store, struct lp_error *error) LP_MUST_CHECK;
/* Deletes what windows with after_end < end <= until_end have made, in the caller's transaction; noted as changes. */
bool lp_store_remove_results(struct lp_store *store, int64_t calculation_id, lp_time after_end, lp_time until_end,
                             uint64_t *removed, struct lp_error *error) LP_MUST_CHECK;
/*
 * Results, and where they have to go. They are read from one series in the order
 * of time, or backwards, beyond a time (LP_TIME_NONE: from the first or the
 * last). They are moved all at once, in the caller's transaction: each series'
 * results are adjacent, in the order of time or backwards; noted as changes. If
 * another program's sample or the result of a later window is at the new time,
 * that one stays and the other is gone.
 */
struct lp_result_place {
	int64_t series_id;
	lp_time time, window_end;
	lp_time to; /* of a move */
};
struct lp_place_query {
	int64_t series_id;
	lp_time beyond;
	bool backwards;
	size_t most; /* places that there is room for */
};
bool lp_store_read_places(struct lp_store *store, const struct lp_place_query *query, struct lp_result_place *places,
                          size_t *count, struct lp_error *error) LP_MUST_CHECK;
bool lp_store_move_results(struct lp_store *store, const struct lp_result_place *places, size_t count,
                           struct lp_error *error) LP_MUST_CHECK;
/* Returns the calculation that writes a series; 0: none does. */
bool lp_store_writer(struct lp_store *store, int64_t series_id, int64_t *calculation_id,
                     struct lp_error *error) LP_MUST_CHECK;

/*
 * Samples of these series that no calculation computed, at most MOST of each: a
 * calculation that writes the series keeps them.
 */
struct lp_imported {
	uint64_t samples, series; /* series: that have such samples */
};
#define LP_IMPORTED_MOST 1000000
bool lp_store_count_imported(struct lp_store *store, const char *const *series, size_t count,
                             struct lp_imported *imported, struct lp_error *error) LP_MUST_CHECK;

/* Reads the definitions of batch->head.id, in a fixed order, into the batch's arena. */
bool lp_store_read_batch(struct lp_store *store, struct lp_batch *batch, struct lp_error *error) LP_MUST_CHECK;
/* Reads the definitions of these calculations, if they are enabled and still exist, into the batch's arena. */
bool lp_store_read_calculations(struct lp_store *store, const int64_t *ids, size_t count, struct lp_batch *batch,
                                struct lp_error *error) LP_MUST_CHECK;
/* Fills columns and previous of every task, in the batch's arena. */
bool lp_store_fetch(struct lp_store *store, struct lp_batch *batch, struct lp_error *error) LP_MUST_CHECK;
/* The same for the share's series. Other stores may fetch other shares at the same time. */
bool lp_store_fetch_share(struct lp_store *store, struct lp_batch *batch, struct lp_share *share,
                          struct lp_error *error) LP_MUST_CHECK;

/*
 * Stores results and outcomes of a batch in one transaction.
 *
 * Results are upserted: a row is written only if it differs. The outcome of all
 * tasks is one row of arrays; calculations whose state changed or that failed
 * get rows of their own. Tasks that failed or were not computed become or stay
 * pending, with the attempts and the next time that lp_retry_policy gives. Tasks
 * that succeeded are taken off. Tasks that wait or tripped become owed ranges.
 *
 * forward: the watermark moves to new_watermark if it and the generation are
 * what batch->head says. recompute: a range moves on to recomputed_until if
 * after_end and touched are what batch->owed says, and the definition's version
 * is the one that was computed with. Otherwise the work was done by another run,
 * or samples or definitions changed: nothing is stored (recompute: of that
 * calculation), and *accepted is false if nothing at all was. The same if the
 * run is no longer running.
 *
 * A window that was settled before also loses what it had produced and does not
 * produce any more: a retry of that window, a recompute of every window that
 * ended in the range, except those that failed or wait. If several windows give
 * a result at one time, the window that ends last counts, in whatever order they
 * are computed; the others are kept, and the last of them is restored when it no
 * longer counts. An imported result stays and is counted in kept_imported,
 * unless the batch says replace_imported.
 */
struct lp_retry_policy {
	int32_t max_attempts;               /* then the window is given up */
	int64_t first_delay, longest_delay; /* microseconds; doubles from first to longest */
};
bool lp_store_commit_batch(struct lp_store *store, struct lp_batch *batch, const struct lp_retry_policy *policy,
                           bool *accepted, struct lp_error *error) LP_MUST_CHECK;

/* What `status` shows of a calculation. */
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
	const char *rule_version; /* that computed it; NULL: its rule was not called, or it is not known */
	int32_t attempts;         /* at the window that fails */
	lp_time next_attempt;     /* LP_TIME_NONE: none planned */
	uint32_t pending;         /* windows that failed or were interrupted, and are still owed */
	uint32_t owed;            /* ranges of windows that have to be computed again */
	const char *cause;        /* waiting: the calculation at the root; else NULL */
	const char *error_type, *error_message, *error_traceback; /* NULL: none */
};
struct lp_status_filter {
	bool failed;                          /* only failures that people have to know */
	const char *name;                     /* glob; NULL: all */
	const char *rule;                     /* NULL: all */
	const char *label_name, *label_value; /* NULL: all */
	const char *mode;                     /* "live", "shadow"; NULL: both */
};
typedef bool lp_status_visit(void *context, const struct lp_status *status, struct lp_error *error);
bool lp_store_each_status(struct lp_store *store, const struct lp_status_filter *filter, lp_status_visit *visit,
                          void *context, struct lp_error *error) LP_MUST_CHECK;
/* The last windows of one calculation, newest first, as far as outcomes are kept. */
struct lp_history {
	struct lp_window window;
	int64_t run_id;
	lp_time tick;
	enum lp_state state;
	enum lp_reason reason;
	int64_t duration;
	uint32_t samples_read;
	int32_t definition_version; /* 0: not known, an earlier release computed it, and the same for rule_version */
	const char *rule_version;   /* NULL: the rule was not called */
};
struct lp_history_query {
	int64_t calculation_id;
	lp_time from, to; /* windows with from < end <= to; LP_TIME_NONE: open */
	uint32_t most;    /* 0: all */
};
typedef bool lp_history_visit(void *context, const struct lp_history *history, struct lp_error *error);
bool lp_store_each_history(struct lp_store *store, const struct lp_history_query *query, lp_history_visit *visit,
                           void *context, struct lp_error *error) LP_MUST_CHECK;
/* Newest first. */
typedef bool lp_run_visit(void *context, const struct lp_run *run, struct lp_error *error);
struct lp_run_query {
	int64_t id;       /* 0: any */
	lp_time from, to; /* runs for ticks with from <= tick < to; LP_TIME_NONE: open */
	uint32_t most;    /* 0: all */
};
#define LP_NEWEST_RUNS(most_)                                                                                          \
	(&(const struct lp_run_query){ .from = LP_TIME_NONE, .to = LP_TIME_NONE, .most = (most_) })
bool lp_store_each_run(struct lp_store *store, const struct lp_run_query *query, lp_run_visit *visit, void *context,
                       struct lp_error *error) LP_MUST_CHECK;
/*
 * What became of many calculations in one window: an element of each array for
 * each of them. By tick.
 */
struct lp_outcomes {
	int64_t run_id;
	lp_time tick;
	struct lp_window window;
	enum lp_reason reason;
	size_t count;
	/* states: as in enum lp_state, but what is stored may be another number; durations: microseconds */
	const int64_t *calculation_ids, *states, *durations, *samples_read;
};
typedef bool lp_outcomes_visit(void *context, const struct lp_outcomes *outcomes, struct lp_error *error);
/* Of runs for ticks with from <= tick < to; both are times. */
bool lp_store_each_outcome(struct lp_store *store, lp_time from, lp_time to, lp_outcomes_visit *visit, void *context,
                           struct lp_error *error) LP_MUST_CHECK;
/*
 * Visits what is still to be computed of a calculation behind its watermark, by
 * time: windows that are pending, one each, and ranges of windows that are owed.
 */
struct lp_arrear {
	enum lp_reason reason;  /* LP_REASON_RETRY: one window is pending */
	const char *why;        /* of a pending one: what it came to; else NULL */
	struct lp_window range; /* from the start of the first window to the end of the last */
	int32_t attempts;       /* at a pending one */
	lp_time next_attempt;   /* LP_TIME_NONE: none is planned */
	bool given_up;
	const char *cause; /* waited: the calculation at the root that failed; else NULL */
};
typedef bool lp_arrear_visit(void *context, const struct lp_arrear *arrear, struct lp_error *error);
bool lp_store_each_arrear(struct lp_store *store, int64_t calculation_id, uint32_t most, lp_arrear_visit *visit,
                          void *context, struct lp_error *error) LP_MUST_CHECK;

/* Deletes what is older than `before` (LP_TIME_NONE: keep that kind); dry_run only counts. */
struct lp_prune {
	lp_time outcomes_before, runs_before;
	bool dry_run;
	uint64_t outcomes, runs; /* out */
	bool outcomes_estimated; /* out: see lp_pruned_samples */
};
bool lp_store_prune(struct lp_store *store, struct lp_prune *prune, struct lp_error *error) LP_MUST_CHECK;

/* Visits series with a sample before a time, by id. pattern: as for lp_store_each_series. */
struct lp_prunable {
	int64_t series_id;
	const char *series;
	lp_time oldest; /* its first sample */
	bool computed;  /* a calculation writes the series, or wrote that sample or the newest */
};
typedef bool lp_prunable_visit(void *context, const struct lp_prunable *prunable, struct lp_error *error);
bool lp_store_each_prunable(struct lp_store *store, const char *pattern, lp_time before, lp_prunable_visit *visit,
                            void *context, struct lp_error *error) LP_MUST_CHECK;
/*
 * Deletes the samples of each series before `before`, in transactions of limited
 * size. What will go is noted first (struct lp_series: pruned): batches whose
 * definitions were read before that are refused, and those read after it know.
 * every: no other series has old samples, so what is kept as a whole
 * (partitions) may go as a whole. Samples older than orphans_before
 * (LP_TIME_NONE: none) of series that no longer exist go, too; other programs
 * wrote them.
 */
struct lp_prune_series {
	int64_t series_id;
	lp_time before; /* LP_TIME_NONE: keep all of it */
};
struct lp_pruned_samples {
	uint64_t count;
	bool estimated; /* some went as a whole, too many to be counted before */
};
struct lp_prune_order {
	const struct lp_prune_series *series;
	size_t count;
	bool every;
	lp_time orphans_before;
};
bool lp_store_prune_samples(struct lp_store *store, const struct lp_prune_order *order,
                            struct lp_pruned_samples *pruned, struct lp_error *error) LP_MUST_CHECK;
/* Sets what is noted as pruned of a series, because it is there again; start >= end: nothing is pruned any more. */
bool lp_store_restore_pruned(struct lp_store *store, int64_t series_id, struct lp_window pruned,
                             struct lp_error *error) LP_MUST_CHECK;
/* Counts samples in ranges, at most `most` of each (0: all), summed up. */
struct lp_count_range {
	int64_t series_id;
	lp_time first, beyond;
};
bool lp_store_count_samples(struct lp_store *store, const struct lp_count_range *ranges, size_t count, uint64_t most,
                            uint64_t *samples, struct lp_error *error) LP_MUST_CHECK;
/* The last but so many good sample of a series in a range: number 1 is the last one. */
struct lp_last {
	int64_t series_id;
	lp_time first, beyond;
	int32_t number;
	lp_time time; /* out; LP_TIME_NONE: there are not so many */
};
bool lp_store_find_lasts(struct lp_store *store, struct lp_last *lasts, size_t count,
                         struct lp_error *error) LP_MUST_CHECK;
/* Visits the readers of series, enabled or not, whether they have run or not; by series. */
struct lp_need {
	int64_t series_id, calculation_id;
	const char *calculation; /* its name */
	struct lp_schedule schedule;
	lp_time watermark, start;     /* LP_TIME_NONE: none */
	struct lp_span window, shift; /* of the input, as in struct lp_input */
	int64_t lookback;
	bool enabled;
};
typedef bool lp_need_visit(void *context, const struct lp_need *need, struct lp_error *error);
bool lp_store_each_need(struct lp_store *store, const int64_t *series_ids, size_t count, lp_need_visit *visit,
                        void *context, struct lp_error *error) LP_MUST_CHECK;
/* Calculations with windows that are pending (not given up) or owed: the first of them ends after after_end. */
struct lp_debt {
	int64_t calculation_id;
	lp_time after_end;
};
typedef bool lp_debt_visit(void *context, const struct lp_debt *debt, struct lp_error *error);
bool lp_store_each_debt(struct lp_store *store, lp_debt_visit *visit, void *context,
                        struct lp_error *error) LP_MUST_CHECK;

#endif
