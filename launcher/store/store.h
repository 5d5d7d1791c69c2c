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
	bool pretend;          /* SQLite: such a file is only imagined, empty */
	bool prepare;          /* PostgreSQL: prepared statements; false behind PgBouncer in transaction mode */
	bool any_schema;       /* do not check the schema's version: for migrate, check, and what was checked before */
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
/* The file that an address names; NULL: its store is no file. */
const char *lp_store_file(const char *address);
/* True if a transaction that writes waits for every other one: a second committer would only wait for the first. */
bool lp_store_has_one_writer(const struct lp_store *store);
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
 * changes.  Of one whose start is a later one, what is pending or owed before
 * it is forgotten.  A series that has samples is data and is not deleted:
 * lp_series_is_held says so, and the whole is refused.
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

/*
 * What became of definitions: which calculation or series was changed when, by
 * whom, and how.  It stays when a calculation is deleted.
 */
struct lp_definition_change {
	const char *name;   /* of a calculation, a series or a rule */
	const char *kind;   /* "calculation", "series", "rule" */
	int64_t version;    /* that the calculation has from then on; 0: it has none */
	const char *change; /* "created: rule mean, ...", "changed: rule mean -> max", "deleted", "version 1a2b..." */
	lp_time changed;    /* filled by the store, as the rest */
	const char *role;   /* of the database, SQLite: the user of the system; NULL for a rule: runs see those */
	const char *program_version;
};
/* In the transaction of an apply; name, kind, version and change are stored. */
bool lp_store_note_changes(struct lp_store *store, const struct lp_definition_change *changes, size_t count,
                           struct lp_error *error) LP_MUST_CHECK;
/*
 * Visits the changes of a calculation, of the series that it reads and writes
 * today, and of the versions of its rule that runs have worked with; oldest first.
 */
typedef bool lp_definition_change_visit(void *context, const struct lp_definition_change *change,
                                        struct lp_error *error);
bool lp_store_each_definition_change(struct lp_store *store, const char *calculation, lp_definition_change_visit *visit,
                                     void *context, struct lp_error *error) LP_MUST_CHECK;

/*
 * Samples, for people.  In the caller's transaction, for whatever stands between
 * begin and commit.  A result that they are written over is imported from then
 * on, and counts as updated.
 */
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
bool lp_store_lock_run(struct lp_store *store, enum lp_run_kind kind, bool *acquired,
                       struct lp_error *error) LP_MUST_CHECK;
/* Whether somebody holds that lock: what a backfill steps aside for. */
bool lp_store_run_is_active(struct lp_store *store, enum lp_run_kind kind, bool *active,
                            struct lp_error *error) LP_MUST_CHECK;
/*
 * Marks runs of its kind left "running" as interrupted, stores this one, fills
 * run->id.  A commit of a run that is not running any more is refused, and is
 * waited for here: what is read after this call, no such run changes.
 */
bool lp_store_begin_run(struct lp_store *store, struct lp_run *run, struct lp_error *error) LP_MUST_CHECK;
/*
 * In the caller's transaction: until it ends no other run of this kind begins.
 * Fails with LP_EXIT_TEMPORARY where one has begun already.
 */
bool lp_store_hold_run(struct lp_store *store, int64_t run_id, struct lp_error *error) LP_MUST_CHECK;
/* Fails with LP_EXIT_TEMPORARY where another run of its kind has begun: the row says that already. */
bool lp_store_end_run(struct lp_store *store, const struct lp_run *run, struct lp_error *error) LP_MUST_CHECK;

/*
 * The batches of a rank, in the order of id.  rank -1: of all, by rank.  Those
 * with size 0 hold calculations that are disabled: nothing is computed of them,
 * but what they have read is followed.
 */
typedef bool lp_batch_visit(void *context, const struct lp_batch_head *head, struct lp_error *error);
bool lp_store_each_batch(struct lp_store *store, int32_t rank, lp_batch_visit *visit, void *context,
                         struct lp_error *error) LP_MUST_CHECK;
/*
 * Pending windows to try again at tick: by rank, window, calculation.  Of a
 * rule whose breaker is open only the oldest one, whatever its next attempt:
 * the trial.
 */
struct lp_pending {
	int64_t calculation_id, batch_id;
	int32_t rank;
	int32_t attempts; /* made so far */
	struct lp_window window;
};
typedef bool lp_pending_visit(void *context, const struct lp_pending *pending, struct lp_error *error);
bool lp_store_each_pending(struct lp_store *store, lp_time tick, lp_pending_visit *visit, void *context,
                           struct lp_error *error) LP_MUST_CHECK;

/*
 * The calculations of a batch whose windows nobody knows (its time zone is gone)
 * have failed, with this error; what has it already is not written again.
 */
bool lp_store_fail_batch(struct lp_store *store, int64_t batch_id, lp_time tick, const char *error_type,
                         const char *error_message, struct lp_error *error) LP_MUST_CHECK;

/*
 * Who reads whom: pairs of enabled calculations, of which the first reads what
 * the second writes.  Of the readers of one batch, or of one calculation (the
 * other of the two is 0); by reader.
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
 * Changes of samples: inserted, updated, deleted by anybody, but for what a
 * commit writes from batch->read_before on, and for `prune`.  The database
 * notes them (triggers), in the writer's transaction: one that is not visible
 * yet stays for the next call.  So whoever takes the changes first, and reads
 * samples after that, misses none, in whatever order writers commit.
 */
struct lp_change {
	int64_t series_id;
	lp_time first, last; /* of the samples touched, within an hour of UTC; by hand: as given */
	bool by_hand;        /* invalidated: followed however old */
	lp_time next_good;   /* the first good sample after `last`: see lp_store_find_next_good */
};
/* The series that have some with `first` before newest, by id: where the earliest begins, and how many they are. */
struct lp_changed {
	int64_t series_id;
	lp_time first;
	uint64_t hours;
};
typedef bool lp_changed_visit(void *context, const struct lp_changed *changed, struct lp_error *error);
bool lp_store_each_changed(struct lp_store *store, lp_time newest, lp_changed_visit *visit, void *context,
                           struct lp_error *error) LP_MUST_CHECK;
/* From when on somebody follows what changes of a series; LP_TIME_MAX: nobody reads it. */
struct lp_change_bound {
	int64_t series_id;
	lp_time oldest;
};
/* That of a series among bounds by series; NULL: it has none. */
const struct lp_change_bound *lp_change_bound_of(const struct lp_change_bound *bounds, size_t count, int64_t series_id);
/*
 * Those that are visible, by series and time.  Where `first` is newest or later
 * nobody has read the sample yet: not told.  Where `last` is before its series'
 * bound, and not by hand: passed over in the store, and counted in too_old if
 * somebody reads the series.  Of a series without a bound all are told.  take:
 * all of them are forgotten when the caller's transaction (lp_store_begin)
 * commits.
 *
 * After an import there may be millions: they are told some at a time, and the
 * visitor may use the store.
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
 * Fills next_good of changes whose series somebody reads with a look-back, where
 * there is such a sample before a time; LP_TIME_NONE: there is none, or nobody
 * looks back.  One statement.
 */
bool lp_store_find_next_good(struct lp_store *store, struct lp_change *changes, size_t count, lp_time before,
                             struct lp_error *error) LP_MUST_CHECK;
/*
 * Of the next `most` good samples of a series after a time, and before another:
 * the last one that is more than so many times the good sample before it.
 * LP_TIME_NONE: none is.
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
/* Who reads these series: calculations whose batch has a watermark; by series. */
struct lp_reader {
	int64_t calculation_id, series_id;
	bool enabled; /* else what changed is owed once it is enabled again */
	struct lp_schedule schedule;
	lp_time watermark, start;     /* of the batch */
	struct lp_span window, shift; /* of the input, as in struct lp_input */
	int64_t lookback;
	int64_t recompute_within; /* as in struct lp_calculation */
	bool computed;            /* the series is the output of a calculation */
	/*
	 * Windows with past_after < end <= past_until have never been computed: they
	 * are still to be made up for.  LP_TIME_NONE: there are none.
	 */
	lp_time past_after, past_until;
};
typedef bool lp_reader_visit(void *context, const struct lp_reader *reader, struct lp_error *error);
bool lp_store_each_reader(struct lp_store *store, const int64_t *series_ids, size_t count, lp_reader_visit *visit,
                          void *context, struct lp_error *error) LP_MUST_CHECK;

/*
 * Owed windows.  A range that overlaps or touches one of the same calculation,
 * reason and cause becomes part of it; every range of the calculation that it
 * overlaps counts up `touched`, so that what is being computed from older
 * samples is not accepted.  In a transaction: the caller's, or its own.
 */
struct lp_owed_range {
	int64_t calculation_id;
	enum lp_reason reason;
	lp_time window_start; /* of the first window */
	lp_time after_end, until_end;
	int64_t cause_id;
	bool replace_imported; /* results that somebody imported are written over; a range of its own where others are not */
};
bool lp_store_add_owed(struct lp_store *store, const struct lp_owed_range *ranges, size_t count,
                       struct lp_error *error) LP_MUST_CHECK;
/*
 * Ranges as they were read become two each: up to `at`, which keeps its id, and
 * from there on.  In the caller's transaction.  *cut is false where any of them
 * is not what it was any more; then it has to be rolled back.
 */
bool lp_store_cut_owed(struct lp_store *store, const struct lp_owed *owed, size_t count, lp_time at, bool *cut,
                       struct lp_error *error) LP_MUST_CHECK;
/*
 * Those that a run of this kind works on: a backfill those of LP_REASON_BACKFILL,
 * the minute's the others.  Of enabled calculations; of those that waited only
 * where the cause has no window left that is pending or tripped; of those that
 * tripped only where the breaker of their rule is closed.  rank -1: all.  By
 * rank, batch, reason, after_end, until_end, calculation.
 */
typedef bool lp_owed_visit(void *context, const struct lp_owed *owed, struct lp_error *error);
bool lp_store_each_owed(struct lp_store *store, enum lp_run_kind kind, int32_t rank, lp_owed_visit *visit,
                        void *context, struct lp_error *error) LP_MUST_CHECK;
/* Forgets the ranges of a reason: a backfill that is called off; what it owed of outdated results is so again. */
bool lp_store_drop_owed(struct lp_store *store, enum lp_reason reason, uint64_t *dropped,
                        struct lp_error *error) LP_MUST_CHECK;
/* How far calculations have come, and from where on. */
struct lp_progress {
	int64_t calculation_id;
	lp_time watermark;
	lp_time first_result; /* that it computed; LP_TIME_NONE: none is stored */
	lp_time first_end;    /* of the window that made that one; LP_TIME_NONE: not noted */
};
typedef bool lp_progress_visit(void *context, const struct lp_progress *progress, struct lp_error *error);
bool lp_store_each_progress(struct lp_store *store, const int64_t *calculation_ids, size_t count,
                            lp_progress_visit *visit, void *context, struct lp_error *error) LP_MUST_CHECK;
/*
 * What keeps calculations from being computed: windows of the calculations
 * that they read directly, which are pending and not given up, or owed because
 * they waited or tripped, with results between from and to.
 */
struct lp_blocker {
	int64_t calculation_id; /* has to wait */
	int64_t series_id;      /* for results of this one */
	lp_time first, last;    /* at these times: both included */
	int64_t cause_id;       /* the calculation at the root that failed */
	const char *cause;      /* its name */
};
typedef bool lp_blocker_visit(void *context, const struct lp_blocker *blocker, struct lp_error *error);
bool lp_store_each_blocker(struct lp_store *store, const int64_t *calculation_ids, size_t count, lp_time from,
                           lp_time to, lp_blocker_visit *visit, void *context, struct lp_error *error) LP_MUST_CHECK;

/*
 * A rule's breaker, open: most of its calculations failed in one run.  Its
 * windows are put aside (tripped) but for one trial a run, which closes it when
 * it works.
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
 * Which version of each rule a run works with: kept where it is new, so that a
 * result can be traced to it; nothing where another run has begun.  Told are the rules that are stored with another
 * one; their calculations' windows that were given up are opened again.
 */
struct lp_rule_version {
	const char *rule, *version;
	const char *before; /* told only: the version until now */
};
typedef bool lp_rule_version_visit(void *context, const struct lp_rule_version *version, struct lp_error *error);
bool lp_store_note_rules(struct lp_store *store, const struct lp_run *run, const struct lp_rule_version *versions,
                         size_t count, lp_rule_version_visit *changed, void *context,
                         struct lp_error *error) LP_MUST_CHECK;
/* The version that a rule had in a run, into the arena; NULL: not known. */
bool lp_store_rule_version(struct lp_store *store, const char *rule, int64_t run_id, struct lp_arena *arena,
                           const char **version, struct lp_error *error) LP_MUST_CHECK;

/*
 * A file that `import --follow` has stored, by where it looked and the file's
 * name there.  It is noted in the transaction that stores the file's samples, so
 * that both are there or neither is.
 */
struct lp_imported_file {
	const char *source, *name;
	int64_t size; /* bytes */
	lp_time modified;
	int64_t content; /* a hash of its bytes */
	lp_time imported;
};
typedef bool lp_imported_file_visit(void *context, const struct lp_imported_file *file, struct lp_error *error);
/* Those of a source; name: that one alone, NULL: all. */
bool lp_store_each_imported_file(struct lp_store *store, const char *source, const char *name,
                                 lp_imported_file_visit *visit, void *context, struct lp_error *error) LP_MUST_CHECK;
/*
 * Notes a file in the caller's transaction (lp_store_begin).  before: the content
 * that it was imported with until now; NULL: it was not.  *noted is false, and
 * nothing is changed, where that is not what is stored: somebody else has imported
 * it.  Waits for a transaction that notes the same file.
 */
bool lp_store_note_imported_file(struct lp_store *store, const struct lp_imported_file *file, const int64_t *before,
                                 bool *noted, struct lp_error *error) LP_MUST_CHECK;

/* Opens pending windows again: their attempts begin anew, with the next run. */
struct lp_reopen {
	const char *name, *rule;        /* glob over names of calculations; NULL: all */
	lp_time from, to;               /* windows that overlap; LP_TIME_NONE: open */
	uint64_t windows, calculations; /* out */
};
bool lp_store_reopen(struct lp_store *store, struct lp_reopen *reopen, struct lp_error *error) LP_MUST_CHECK;
/*
 * What is stored of results in these series: those without have no row.  A
 * result is what a window made; what was measured or imported is none.
 */
struct lp_stored {
	int64_t series_id;
	lp_time first_end, last_end; /* of windows: of the earliest result and of the last one */
	uint64_t results;            /* at most `most`: then there may be more */
};
typedef bool lp_stored_visit(void *context, const struct lp_stored *stored, struct lp_error *error);
bool lp_store_each_stored(struct lp_store *store, const int64_t *series_ids, size_t count, uint64_t most,
                          lp_stored_visit *visit, void *context, struct lp_error *error) LP_MUST_CHECK;

/*
 * Outdated results: of calculations whose definition or rule has been changed
 * since.  Noted in the caller's transaction, behind lp_store_apply, by name; a
 * row that is there already becomes wider, and is owed to nobody any more.
 * until_end LP_TIME_NONE: the watermark.  One that never ran has none.
 */
struct lp_outdated {
	int64_t calculation_id;  /* told only, as the three after the name */
	const char *calculation; /* its name */
	const char *rule;
	bool enabled;
	bool owed;          /* its windows are owed to a backfill */
	const char *reason; /* "parameters, every" */
	bool other_windows; /* the schedule was another one, or the calculation */
	lp_time after_end, until_end;
	lp_time noted; /* told only: when */
};
bool lp_store_note_outdated(struct lp_store *store, const struct lp_outdated *notes, size_t count,
                            struct lp_error *error) LP_MUST_CHECK;
/* By name. */
typedef bool lp_outdated_visit(void *context, const struct lp_outdated *outdated, struct lp_error *error);
bool lp_store_each_outdated(struct lp_store *store, lp_outdated_visit *visit, void *context,
                            struct lp_error *error) LP_MUST_CHECK;
/*
 * Their windows are owed to a backfill from now on, but for those that were
 * noted again since they were told (calculation_id and noted are looked at).
 * In a transaction: the caller's, or its own.
 */
bool lp_store_owe_outdated(struct lp_store *store, const struct lp_outdated *told, size_t count,
                           struct lp_error *error) LP_MUST_CHECK;
/* Takes off what is owed and of which no range is left. */
bool lp_store_settle_outdated(struct lp_store *store, struct lp_error *error) LP_MUST_CHECK;
/* Deletes what windows with after_end < end <= until_end have made, in the caller's transaction; noted as changes. */
bool lp_store_remove_results(struct lp_store *store, int64_t calculation_id, lp_time after_end, lp_time until_end,
                             uint64_t *removed, struct lp_error *error) LP_MUST_CHECK;
/*
 * Results and where they are to be: read of one series in the order of time, or
 * backwards, those beyond a time (LP_TIME_NONE: from the first, or the last
 * one); moved all at once, those of a series one behind the other and in the
 * order of time or backwards, in the caller's transaction, noted as changes.
 * At a time where somebody else's sample is, or the result of a window that
 * ends later, that one stays and the other is gone.
 */
struct lp_result_place {
	int64_t series_id;
	lp_time time, window_end;
	lp_time to; /* of a move */
};
bool lp_store_read_places(struct lp_store *store, int64_t series_id, lp_time beyond, bool backwards,
                          struct lp_result_place *places, size_t most, size_t *count,
                          struct lp_error *error) LP_MUST_CHECK;
bool lp_store_move_results(struct lp_store *store, const struct lp_result_place *places, size_t count,
                           struct lp_error *error) LP_MUST_CHECK;
/* The calculation that writes a series; 0: none does. */
bool lp_store_writer(struct lp_store *store, int64_t series_id, int64_t *calculation_id,
                     struct lp_error *error) LP_MUST_CHECK;

/* Samples of these series that nothing computed, at most MOST of each: what a calculation that writes them keeps. */
struct lp_imported {
	uint64_t samples, series; /* series: that have some */
};
#define LP_IMPORTED_MOST 1000000
bool lp_store_count_imported(struct lp_store *store, const char *const *series, size_t count,
                             struct lp_imported *imported, struct lp_error *error) LP_MUST_CHECK;

/* Reads the definitions of batch->head.id, in a fixed order, into the batch's arena. */
bool lp_store_read_batch(struct lp_store *store, struct lp_batch *batch, struct lp_error *error) LP_MUST_CHECK;
/* Reads the definitions of these calculations (those that are enabled and still there), into the batch's arena. */
bool lp_store_read_calculations(struct lp_store *store, const int64_t *ids, size_t count, struct lp_batch *batch,
                                struct lp_error *error) LP_MUST_CHECK;
/* Fills columns and previous of every task, into the batch's arena. */
bool lp_store_fetch(struct lp_store *store, struct lp_batch *batch, struct lp_error *error) LP_MUST_CHECK;
/* The same for those of the share's series; other shares may be fetched by other stores at the same time. */
bool lp_store_fetch_share(struct lp_store *store, struct lp_batch *batch, struct lp_share *share,
                          struct lp_error *error) LP_MUST_CHECK;

/*
 * Results and outcomes of a batch in one transaction.
 *
 * Results are upserted (a row is only written where it differs); the outcome
 * of all tasks is one row of arrays; rows of their own are written for
 * calculations whose state changed or that failed.  Tasks that failed or were
 * not computed become (or stay) pending, with the attempts and the time of the
 * next one that lp_retry_policy gives; tasks that succeeded are taken off;
 * those that wait or tripped become owed ranges.
 * forward: the batch's watermark moves to new_watermark on the condition that
 * it and the generation are what batch->head says.  recompute: every range moves on
 * to recomputed_until on the condition that after_end and touched are what
 * batch->owed says, and the definition's version what was computed with.
 * Otherwise somebody else did this work, the samples or the definitions
 * changed: nothing is stored (recompute: of that calculation), and *accepted is
 * false where nothing at all was.  The same where the run is not running any
 * more.
 * A window that had been settled before also loses what it had produced and does
 * not produce any more: of a retry that window, of a recompute every window that ended
 * in the range, but for those that failed or wait.  At a time at which several
 * windows give a result the one that ends last counts, in whatever order they
 * are computed; the others are kept, and the last of them is back when it ceases
 * to.  A result that somebody imported stays, and is counted in kept_imported,
 * unless the batch says replace_imported.
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
	uint32_t pending;     /* windows that failed or were interrupted, and are owed */
	uint32_t owed;        /* ranges of windows that are to be computed again */
	const char *cause;    /* waiting: the calculation at the root; else NULL */
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
	enum lp_reason reason;
	int64_t duration;
	uint32_t samples_read;
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
bool lp_store_each_run(struct lp_store *store, uint32_t most, lp_run_visit *visit, void *context,
                       struct lp_error *error) LP_MUST_CHECK;

/* Deletes what is older than `before` (LP_TIME_NONE: keep that kind); dry_run only counts. */
struct lp_prune {
	lp_time outcomes_before, runs_before;
	bool dry_run;
	uint64_t outcomes, runs; /* out */
	bool outcomes_estimated; /* out: see lp_pruned_samples */
};
bool lp_store_prune(struct lp_store *store, struct lp_prune *prune, struct lp_error *error) LP_MUST_CHECK;

/* Series with a sample before a time, by id.  pattern: as for lp_store_each_series. */
struct lp_prunable {
	int64_t series_id;
	const char *series;
	lp_time oldest; /* its first sample */
	bool computed;  /* a calculation writes it, or has written that sample or the newest */
};
typedef bool lp_prunable_visit(void *context, const struct lp_prunable *prunable, struct lp_error *error);
bool lp_store_each_prunable(struct lp_store *store, const char *pattern, lp_time before, lp_prunable_visit *visit,
                            void *context, struct lp_error *error) LP_MUST_CHECK;
/*
 * Deletes the samples of each series that lie before `before`, in transactions
 * of limited size, and notes before that what goes (struct lp_series: pruned):
 * batches whose definitions were read before it are refused from then on, those
 * that are read after it know.  every: no other series has old samples, so that
 * what is kept as a whole may go as a whole (partitions), and what is older than
 * nobodys_before (LP_TIME_NONE: nothing) and of no series goes, too: samples
 * that other programs wrote, of a series that is not there any more.
 */
struct lp_prune_series {
	int64_t series_id;
	lp_time before; /* LP_TIME_NONE: all of it is kept */
};
struct lp_pruned_samples {
	uint64_t count;
	bool estimated; /* some went as a whole, and were too many to be counted before */
};
bool lp_store_prune_samples(struct lp_store *store, const struct lp_prune_series *series, size_t count, bool every,
                            lp_time nobodys_before, struct lp_pruned_samples *pruned,
                            struct lp_error *error) LP_MUST_CHECK;
/* Sets what is noted as gone of a series, because it is there again; start >= end: nothing is gone any more. */
bool lp_store_restore_pruned(struct lp_store *store, int64_t series_id, struct lp_window pruned,
                             struct lp_error *error) LP_MUST_CHECK;
/* Samples in ranges, at most `most` of each (0: all), summed up. */
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
/* Who reads these series, whether it is enabled and has run or not; by series. */
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
