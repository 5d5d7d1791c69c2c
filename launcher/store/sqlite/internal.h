/*
 * What the files of this store share: the connection, its prepared statements,
 * errors.  Nobody outside launcher/store/sqlite includes this.
 *
 * Times are INTEGER microseconds, LP_TIME_NONE is NULL.  A value that is not a
 * number is NULL in `sample` (SQLite has no NaN).
 */
#ifndef LP_STORE_SQLITE_INTERNAL_H
#define LP_STORE_SQLITE_INTERNAL_H

#include "store/backend.h"
#include "store/owed.h"
#include "store/rows.h"
#include "store/sqlite/statements.h"

#include <assert.h>
#include <sqlite3.h>

struct lp_sqlite {
	struct lp_store base; /* first: what the door sees */
	uint32_t magic;
#define LP_SQLITE_MAGIC 0x5c11e001u
	sqlite3 *database;
	char *path; /* absolute, symbolic links resolved; for messages and the lock's name */
	int busy_seconds;
	int run_lock; /* file descriptor, or -1 */
	bool keeps_few_pages;
	sqlite3_stmt *statements[LP_SQL_STATEMENT_COUNT]; /* prepared when first used, kept until the store is closed */
	/* Samples being fetched, before their number is known; kept between batches. */
	struct lp_sqlite_samples {
		lp_time *time;
		double *value;
		uint8_t *quality;
		float *coverage; /* these three by read_samples alone */
		int32_t *samples;
		lp_time *window_end;
		size_t count, capacity;
		bool any_quality, any_coverage;
	} samples;
	struct lp_text text; /* scratch for arrays and patterns */
};

static inline struct lp_sqlite *lp_sqlite_of(struct lp_store *store)
{
	struct lp_sqlite *sqlite = (struct lp_sqlite *)store;

	assert(sqlite != NULL && sqlite->magic == LP_SQLITE_MAGIC);
	return sqlite;
}

/* "read the batches" and the like: what was being done when the last call on the connection failed.  Returns false. */
bool lp_sqlite_fail(struct lp_sqlite *store, struct lp_error *error, const char *doing);
/* The same for a call that failed with this code and left no connection to ask. */
bool lp_sqlite_fail_code(const char *path, int code, int error_number, const char *why, int busy_seconds,
                         struct lp_error *error, const char *doing);

/* Ready to be bound, or NULL with the error filled.  A statement is used by one function at a time. */
sqlite3_stmt *lp_sqlite_prepare(struct lp_sqlite *store, enum lp_sqlite_statement which,
                                struct lp_error *error) LP_MUST_CHECK;
/* Next row: 1, no more: 0, error (filled): -1.  After 0 and -1 the statement is reset. */
int lp_sqlite_step(struct lp_sqlite *store, sqlite3_stmt *statement, struct lp_error *error) LP_MUST_CHECK;
/* For a statement that gives no rows; *changed (may be NULL): rows written. */
bool lp_sqlite_run(struct lp_sqlite *store, sqlite3_stmt *statement, int64_t *changed,
                   struct lp_error *error) LP_MUST_CHECK;
/* The same for a statement whose only parameter is an id, or a name. */
bool lp_sqlite_run_for(struct lp_sqlite *store, enum lp_sqlite_statement which, int64_t id,
                       struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_run_named(struct lp_sqlite *store, enum lp_sqlite_statement which, const char *name, int64_t *changed,
                         struct lp_error *error) LP_MUST_CHECK;
/* The first column of the first row, as a time or a number: 1 (NULL: LP_TIME_NONE), no row: 0, error: -1. */
int lp_sqlite_first(struct lp_sqlite *store, sqlite3_stmt *statement, int64_t *value,
                    struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_execute(struct lp_sqlite *store, enum lp_sqlite_statement which, struct lp_error *error) LP_MUST_CHECK;

/*
 * rows.c: a row's columns, from a parameter on; returns the one behind them.
 * Lengths of time that PostgreSQL has as texts are numbers here.
 */
static inline enum lp_type lp_sqlite_type(enum lp_kind kind)
{
	return kind == LP_KIND_LENGTH || kind == LP_KIND_WITHIN ? LP_TYPE_INT8 : lp_kind_types[kind];
}
int lp_sqlite_bind(sqlite3_stmt *statement, int index, const struct lp_row_layout *layout, const void *row);
/* Runs a statement whose parameters are a row: once, or for each of many. */
bool lp_sqlite_write(struct lp_sqlite *store, enum lp_sqlite_statement which, const struct lp_row_layout *layout,
                     const void *row, struct lp_error *error) LP_MUST_CHECK;

bool lp_sqlite_write_rows(struct lp_sqlite *store, enum lp_sqlite_statement which, const struct lp_row_layout *layout,
                          const void *rows, size_t row_size, size_t count, struct lp_error *error) LP_MUST_CHECK;

/*
 * The rows of a statement:
 *
 *	rows = lp_sqlite_read(store, LP_SQL_EACH_PENDING, error);
 *	sqlite3_bind_int64(rows.statement, 1, tick);
 *	while (lp_sqlite_next(&rows, &lp_pending_window_layout, &pending))
 *		rows.ok = visit(context, &pending, error);
 *	return lp_sqlite_end(&rows);
 *
 * One that cannot be prepared is NULL: binding it does nothing, and it has no
 * rows.  Texts are valid until the next row, unless they are copied into an
 * arena.
 */
struct lp_sqlite_rows {
	struct lp_sqlite *store;
	sqlite3_stmt *statement;
	int column;             /* the next one to be taken */
	bool ok;                /* false: no row follows */
	struct lp_arena *arena; /* for texts; or NULL */
	struct lp_error *error;
};
struct lp_sqlite_rows lp_sqlite_read(struct lp_sqlite *store, enum lp_sqlite_statement which,
                                     struct lp_error *error) LP_MUST_CHECK;
/* Fills a row from the next one's first columns; layout NULL: takes none. */
bool lp_sqlite_next(struct lp_sqlite_rows *rows, const struct lp_row_layout *layout, void *row) LP_MUST_CHECK;
/* The columns that follow; returns rows->ok. */
bool lp_sqlite_take(struct lp_sqlite_rows *rows, const struct lp_row_layout *layout, void *row) LP_MUST_CHECK;
/* Returns whether all went well. */
bool lp_sqlite_end(const struct lp_sqlite_rows *rows) LP_MUST_CHECK;

/* Binding and reading, with NULL for what there is not. */
void lp_sqlite_bind_text(sqlite3_stmt *statement, int index, const char *text);
/* A glob of people (* and ?) as SQLite's; NULL: NULL. */
void lp_sqlite_bind_glob(sqlite3_stmt *statement, int index, const char *glob);
void lp_sqlite_bind_time(sqlite3_stmt *statement, int index, lp_time time);
lp_time lp_sqlite_time(sqlite3_stmt *statement, int column);
const char *lp_sqlite_text(sqlite3_stmt *statement, int column); /* NULL for NULL; until the next step */
const char *lp_sqlite_text_or_empty(sqlite3_stmt *statement, int column);

/* open.c */
bool lp_sqlite_open(const struct lp_store_options *options, struct lp_store **opened,
                    struct lp_error *error) LP_MUST_CHECK;
void lp_sqlite_close(struct lp_store *base);
const char *lp_sqlite_version(const struct lp_store *base);
bool lp_sqlite_begin(struct lp_store *base, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_commit_work(struct lp_store *base, struct lp_error *error) LP_MUST_CHECK;
void lp_sqlite_rollback(struct lp_store *base);
/* A transaction around what follows, unless there is one already. */
bool lp_sqlite_begin_alone(struct lp_sqlite *store, bool *alone, struct lp_error *error) LP_MUST_CHECK;
/* Commits if ok, else rolls back; the result is ok unless the commit failed. */
bool lp_sqlite_finish_alone(struct lp_sqlite *store, bool alone, bool ok, struct lp_error *error) LP_MUST_CHECK;
/* "PRAGMA name" as a number */
bool lp_sqlite_pragma(struct lp_sqlite *store, const char *pragma, int64_t *value,
                      struct lp_error *error) LP_MUST_CHECK;
/* Several statements of SQL without results. */
bool lp_sqlite_script(struct lp_sqlite *store, const char *sql, struct lp_error *error,
                      const char *doing) LP_MUST_CHECK;

/* schema.c */
enum { LP_SQLITE_APPLICATION_ID = 0x6c707374 }; /* "lpst": what file(1) and we know our files by */
/* That the file is ours, and (unless any) that its schema is one this program works with. */
bool lp_sqlite_check_schema(struct lp_sqlite *store, bool any, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_schema(struct lp_store *base, struct lp_schema_state *state, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_migrate(struct lp_store *base, const struct lp_migrate_options *options, lp_migrate_step *step,
                       void *context, struct lp_error *error) LP_MUST_CHECK;

/* samples.c: samples whose number is not known before. */
void lp_sqlite_grow_samples(struct lp_sqlite_samples *samples);
void lp_sqlite_empty_samples(struct lp_sqlite_samples *samples);

/* A number that is none of ours is bad: whoever stored it past the table's CHECK did not mean good. */
static inline uint8_t lp_sqlite_quality(int64_t stored)
{
	return stored >= LP_QUALITY_GOOD && stored <= LP_QUALITY_BAD ? (uint8_t)stored : LP_QUALITY_BAD;
}

/* A row (ts, value, quality) onto the rows. */
static inline void lp_sqlite_take_sample(struct lp_sqlite_samples *rows, sqlite3_stmt *statement)
{
	size_t i = rows->count++;

	if (i == rows->capacity)
		lp_sqlite_grow_samples(rows);
	rows->time[i] = sqlite3_column_int64(statement, 0);
	rows->value[i] =
		sqlite3_column_type(statement, 1) == SQLITE_NULL ? (double)NAN : sqlite3_column_double(statement, 1);
	rows->quality[i] = lp_sqlite_quality(sqlite3_column_int64(statement, 2)); /* NULL is 0, and 0 is good */
	rows->any_quality |= rows->quality[i] != LP_QUALITY_GOOD;
}

/* series.c, samples.c, fetch.c */
bool lp_sqlite_each_series(struct lp_store *base, const char *pattern, lp_series_visit *visit, void *context,
                           struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_find_series(struct lp_store *base, const char *name, struct lp_arena *arena, struct lp_series *found,
                           struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_write_samples(struct lp_store *base, int64_t series_id, const struct lp_column *samples,
                             struct lp_write_counts *counts, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_read_samples(struct lp_store *base, int64_t series_id, lp_time from, lp_time to, uint64_t most,
                            lp_column_visit *visit, void *context, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_fetch(struct lp_store *base, struct lp_batch *batch, struct lp_share *share,
                     struct lp_error *error) LP_MUST_CHECK;
/* calculations.c */
/* The next row's, from its first columns; without inputs and outputs. */
bool lp_sqlite_next_calculation(struct lp_sqlite_rows *rows, struct lp_calculation *calculation) LP_MUST_CHECK;
bool lp_sqlite_each_calculation(struct lp_store *base, lp_calculation_visit *visit, void *context,
                                struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_read_batch(struct lp_store *base, struct lp_batch *batch, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_read_calculations(struct lp_store *base, const int64_t *ids, size_t count, struct lp_batch *batch,
                                 struct lp_error *error) LP_MUST_CHECK;

/* arrays.c: JSON arrays of whole numbers, as outcomes are kept */
void lp_sqlite_array_add(struct lp_text *text, int64_t number); /* an empty text begins one */
void lp_sqlite_array_end(struct lp_text *text);
/* Numbers are appended to *items as far as the text is an array of numbers. */
void lp_sqlite_array_read(const char *text, int64_t **items, size_t *count, size_t *capacity);

/* run.c */
bool lp_sqlite_lock_run(struct lp_store *base, enum lp_run_kind kind, bool *acquired,
                        struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_run_is_active(struct lp_store *base, enum lp_run_kind kind, bool *active,
                             struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_begin_run(struct lp_store *base, struct lp_run *run, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_hold_run(struct lp_store *base, int64_t run_id, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_is_running(struct lp_sqlite *store, int64_t run_id, bool *running, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_end_run(struct lp_store *base, const struct lp_run *run, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_note_changes(struct lp_store *base, const struct lp_definition_change *changes, size_t count,
                            struct lp_error *error);
bool lp_sqlite_each_definition_change(struct lp_store *base, const char *calculation, lp_definition_change_visit *visit,
                                      void *context, struct lp_error *error);
bool lp_sqlite_each_run(struct lp_store *base, uint32_t most, lp_run_visit *visit, void *context,
                        struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_each_batch(struct lp_store *base, int32_t rank, lp_batch_visit *visit, void *context,
                          struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_each_pending(struct lp_store *base, lp_time tick, lp_pending_visit *visit, void *context,
                            struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_fail_batch(struct lp_store *base, int64_t batch_id, lp_time tick, const char *error_type,
                          const char *error_message, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_each_edge(struct lp_store *base, int64_t batch_id, int64_t calculation_id, lp_edge_visit *visit,
                         void *context, struct lp_error *error) LP_MUST_CHECK;

/*
 * claim.c: within the commit's transaction, whether what the batch was planned
 * from is still so, for at least one of its tasks.  known: one per calculation;
 * owed: one per task, or NULL in a forward batch.
 */
struct lp_settle_known;
bool lp_sqlite_claim(struct lp_sqlite *store, struct lp_batch *batch, struct lp_settle_known *known, bool *owed,
                     bool *accepted, struct lp_error *error) LP_MUST_CHECK;

/* commit.c */
bool lp_sqlite_commit_batch(struct lp_store *base, struct lp_batch *batch, const struct lp_retry_policy *policy,
                            bool *accepted, struct lp_error *error) LP_MUST_CHECK;

/* apply.c */
bool lp_sqlite_lock_definitions(struct lp_store *base, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_apply(struct lp_store *base, const struct lp_changes *changes, struct lp_error *error) LP_MUST_CHECK;
/* batches.c: after the calculations were written */
bool lp_sqlite_compose(struct lp_sqlite *store, struct lp_error *error) LP_MUST_CHECK;

/* changes.c: changes of samples, and who follows them */
bool lp_sqlite_each_changed(struct lp_store *base, lp_time newest, lp_changed_visit *visit, void *context,
                            struct lp_error *error);
bool lp_sqlite_each_change(struct lp_store *base, struct lp_change_query *query, lp_change_visit *visit, void *context,
                           struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_find_next_good(struct lp_store *base, struct lp_change *changes, size_t count, lp_time before,
                              struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_find_rise(struct lp_store *base, const struct lp_rise_query *query, lp_time *rise,
                         struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_invalidate(struct lp_store *base, int64_t series_id, lp_time first, lp_time last,
                          struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_each_reader(struct lp_store *base, const int64_t *series_ids, size_t count, lp_reader_visit *visit,
                           void *context, struct lp_error *error) LP_MUST_CHECK;
/* As a trigger notes it: of one hour, or by hand. */
bool lp_sqlite_note_change(struct lp_sqlite *store, int64_t series_id, lp_time first, lp_time last, bool by_hand,
                           struct lp_error *error) LP_MUST_CHECK;
int64_t lp_sqlite_hour(lp_time time); /* since 1970 in UTC */
/* Within a transaction: from here to the call with false, what is written to `sample` is not noted. */
bool lp_sqlite_be_own(struct lp_sqlite *store, bool own, struct lp_error *error) LP_MUST_CHECK;

/* owed.c: windows that are to be computed again */
/* Within a transaction; samples_changed as for lp_owed_join. */
bool lp_sqlite_join_owed(struct lp_sqlite *store, const struct lp_owed_range *ranges, size_t count,
                         bool samples_changed, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_add_owed(struct lp_store *base, const struct lp_owed_range *ranges, size_t count,
                        struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_cut_owed(struct lp_store *base, const struct lp_owed *owed, size_t count, lp_time at, bool *cut,
                        struct lp_error *error);
bool lp_sqlite_each_owed(struct lp_store *base, enum lp_run_kind kind, int32_t rank, lp_owed_visit *visit,
                         void *context, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_drop_owed(struct lp_store *base, enum lp_reason reason, uint64_t *dropped,
                         struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_reopen(struct lp_store *base, struct lp_reopen *reopen, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_each_progress(struct lp_store *base, const int64_t *ids, size_t count, lp_progress_visit *visit,
                             void *context, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_writer(struct lp_store *base, int64_t series_id, int64_t *calculation_id,
                      struct lp_error *error) LP_MUST_CHECK;

bool lp_sqlite_count_imported(struct lp_store *base, const char *const *series, size_t count,
                              struct lp_imported *imported, struct lp_error *error) LP_MUST_CHECK;

/* outdated.c */
bool lp_sqlite_each_stored(struct lp_store *base, const int64_t *series_ids, size_t count, uint64_t most,
                           lp_stored_visit *visit, void *context, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_note_outdated(struct lp_store *base, const struct lp_outdated *notes, size_t count,
                             struct lp_error *error) LP_MUST_CHECK;
/* Within note_rules' transaction. */
bool lp_sqlite_outdate_rule(struct lp_sqlite *store, const char *rule, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_each_outdated(struct lp_store *base, lp_outdated_visit *visit, void *context,
                             struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_owe_outdated(struct lp_store *base, const struct lp_outdated *told, size_t count,
                            struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_settle_outdated(struct lp_store *base, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_remove_results(struct lp_store *base, int64_t calculation_id, lp_time after_end, lp_time until_end,
                              uint64_t *removed, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_read_places(struct lp_store *base, int64_t series_id, lp_time beyond, bool backwards,
                           struct lp_result_place *places, size_t most, size_t *count,
                           struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_move_results(struct lp_store *base, const struct lp_result_place *places, size_t count,
                            struct lp_error *error) LP_MUST_CHECK;

/* blockers.c, rules.c */
bool lp_sqlite_each_blocker(struct lp_store *base, const int64_t *ids, size_t count, lp_time from, lp_time to,
                            lp_blocker_visit *visit, void *context, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_each_breaker(struct lp_store *base, lp_breaker_visit *visit, void *context,
                            struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_put_breaker(struct lp_store *base, const struct lp_breaker *breaker,
                           struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_close_breaker(struct lp_store *base, const char *rule, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_note_rules(struct lp_store *base, const struct lp_run *run, const struct lp_rule_version *versions,
                          size_t count, lp_rule_version_visit *changed, void *context,
                          struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_rule_version(struct lp_store *base, const char *rule, int64_t run_id, struct lp_arena *arena,
                            const char **version, struct lp_error *error) LP_MUST_CHECK;

/* status.c, prune.c */
enum { LP_SQLITE_PRUNE_MOST = 100000 }; /* samples in a transaction */
bool lp_sqlite_each_status(struct lp_store *base, const struct lp_status_filter *filter, lp_status_visit *visit,
                           void *context, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_each_history(struct lp_store *base, const struct lp_history_query *query, lp_history_visit *visit,
                            void *context, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_prune(struct lp_store *base, struct lp_prune *prune, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_each_prunable(struct lp_store *base, const char *pattern, lp_time before, lp_prunable_visit *visit,
                             void *context, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_prune_samples(struct lp_store *base, const struct lp_prune_series *series, size_t count, bool every,
                             lp_time nobodys_before, struct lp_pruned_samples *pruned,
                             struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_restore_pruned(struct lp_store *base, int64_t series_id, struct lp_window pruned,
                              struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_count_samples(struct lp_store *base, const struct lp_count_range *ranges, size_t count, uint64_t most,
                             uint64_t *samples, struct lp_error *error) LP_MUST_CHECK;

/* need.c: what is still to be read */
bool lp_sqlite_find_lasts(struct lp_store *base, struct lp_last *lasts, size_t count,
                          struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_each_need(struct lp_store *base, const int64_t *series_ids, size_t count, lp_need_visit *visit,
                         void *context, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_each_debt(struct lp_store *base, lp_debt_visit *visit, void *context,
                         struct lp_error *error) LP_MUST_CHECK;

#endif
