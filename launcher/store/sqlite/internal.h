/*
 * What the files of this store share: the connection, its prepared statements,
 * errors. No other folder includes it.
 *
 * Times are INTEGER microseconds; LP_TIME_NONE is NULL. A value that is not a
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

struct lp_locator;

struct sqlite_store {
	struct lp_store store; /* first: what the door sees */
	uint32_t magic;
#define LP_SQLITE_MAGIC 0x5c11e001u
	sqlite3 *database;
	char *path; /* absolute, symbolic links resolved; for messages and the lock's name */
	int busy_seconds;
	int depth;    /* of lp_sqlite_begin without its lp_sqlite_finish: only the first begins a transaction */
	int run_lock; /* file descriptor, or -1 */
	bool keeps_few_pages;
	sqlite3_stmt
		*statements[LP_SQLITE_STATEMENT_COUNT]; /* prepared when first used, kept until the store is closed */
	/* Samples being fetched, before their number is known; kept between batches. */
	struct sqlite_samples {
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
	/* Samples in databases of PostgreSQL, and how these find them; NULL: there are none. */
	struct lp_store *elsewhere;
	struct lp_locator *locator;
};

static inline struct sqlite_store *lp_sqlite_store(struct lp_store *store)
{
	struct sqlite_store *sqlite = (struct sqlite_store *)store;

	assert(sqlite != NULL && sqlite->magic == LP_SQLITE_MAGIC);
	return sqlite;
}

/* "read the batches" and the like: what was being done when the last call on the connection failed.  Returns false. */
bool lp_sqlite_fail(struct sqlite_store *store, struct lp_error *error, const char *doing);
/* The same for a call that failed with this code and left no connection to ask. */
bool lp_sqlite_fail_code(struct sqlite_store *store, int code, int error_number, const char *why,
                         struct lp_error *error, const char *doing);

/* execute.c */
/*
 * A transaction around what follows, unless there is one already.  One that will
 * write waits its turn at once, instead of failing at its first write.
 */
bool lp_sqlite_begin(struct sqlite_store *store, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_begin_read(struct sqlite_store *store, struct lp_error *error) LP_MUST_CHECK;
/* Commits if ok, else rolls back; the result is ok unless the commit failed. */
bool lp_sqlite_finish(struct sqlite_store *store, bool ok, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_begin_work(struct lp_store *opened, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_commit_work(struct lp_store *opened, struct lp_error *error) LP_MUST_CHECK;
void lp_sqlite_rollback(struct lp_store *opened);
void lp_sqlite_unlock_run(struct lp_store *opened);

/* Ready to be bound, or NULL with the error filled.  A statement is used by one function at a time. */
sqlite3_stmt *lp_sqlite_prepare(struct sqlite_store *store, enum sqlite_statement which,
                                struct lp_error *error) LP_MUST_CHECK;
/* Next row: 1, no more: 0, error (filled): -1.  After 0 and -1 the statement is reset. */
int lp_sqlite_step(struct sqlite_store *store, sqlite3_stmt *statement, struct lp_error *error) LP_MUST_CHECK;
/* For a statement that gives no rows; *changed (may be NULL): rows written. */
bool lp_sqlite_run(struct sqlite_store *store, sqlite3_stmt *statement, int64_t *changed,
                   struct lp_error *error) LP_MUST_CHECK;
/* The same for a statement whose only parameter is an id, or a name. */
bool lp_sqlite_run_for(struct sqlite_store *store, enum sqlite_statement which, int64_t id,
                       struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_run_named(struct sqlite_store *store, enum sqlite_statement which, const char *name, int64_t *changed,
                         struct lp_error *error) LP_MUST_CHECK;
/* The first column of the first row, as a time or a number: 1 (NULL: LP_TIME_NONE), no row: 0, error: -1. */
int lp_sqlite_first(struct sqlite_store *store, sqlite3_stmt *statement, int64_t *value,
                    struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_execute(struct sqlite_store *store, enum sqlite_statement which, struct lp_error *error) LP_MUST_CHECK;

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
bool lp_sqlite_write(struct sqlite_store *store, enum sqlite_statement which, const struct lp_row_layout *layout,
                     const void *row, struct lp_error *error) LP_MUST_CHECK;
bool lp_sqlite_write_rows(struct sqlite_store *store, enum sqlite_statement which, const struct lp_row_layout *layout,
                          struct lp_row_array array, struct lp_error *error) LP_MUST_CHECK;

/*
 * The rows of a statement:
 *
 *	rows = lp_sqlite_read(store, LP_SQLITE_EACH_PENDING, error);
 *	sqlite3_bind_int64(rows.statement, 1, tick);
 *	while (lp_sqlite_next(&rows, &lp_pending_window_layout, &pending))
 *		rows.ok = visit(context, &pending, error);
 *	return lp_sqlite_end(&rows);
 *
 * One that cannot be prepared is NULL: binding it does nothing, and it has no
 * rows.  Texts are valid until the next row, unless they are copied into an
 * arena.
 */
struct sqlite_rows {
	struct sqlite_store *store;
	sqlite3_stmt *statement;
	int column;             /* the next one to be taken */
	bool ok;                /* false: no row follows */
	struct lp_arena *arena; /* for texts; or NULL */
	struct lp_error *error;
};
struct sqlite_rows lp_sqlite_read(struct sqlite_store *store, enum sqlite_statement which,
                                  struct lp_error *error) LP_MUST_CHECK;
/* Fills a row from the next one's first columns; layout NULL: takes none. */
bool lp_sqlite_next(struct sqlite_rows *rows, const struct lp_row_layout *layout, void *row) LP_MUST_CHECK;
/* The columns that follow; returns rows->ok. */
bool lp_sqlite_take(struct sqlite_rows *rows, const struct lp_row_layout *layout, void *row) LP_MUST_CHECK;
/* Returns whether all went well. */
bool lp_sqlite_end(const struct sqlite_rows *rows) LP_MUST_CHECK;

/* values.c: binding and reading, with NULL for what there is not. */
void lp_sqlite_bind_text(sqlite3_stmt *statement, int index, const char *text);
/* A glob of people (* and ?) as SQLite's; NULL: NULL. */
void lp_sqlite_bind_glob(sqlite3_stmt *statement, int index, const char *glob);
void lp_sqlite_bind_time(sqlite3_stmt *statement, int index, lp_time time);
lp_time lp_sqlite_time(sqlite3_stmt *statement, int column);
const char *lp_sqlite_text(sqlite3_stmt *statement, int column); /* NULL for NULL; until the next step */

/* open.c */
bool lp_sqlite_open(const struct lp_store_options *options, struct lp_store **opened,
                    struct lp_error *error) LP_MUST_CHECK;
void lp_sqlite_close(struct lp_store *opened);
const char *lp_sqlite_version(const struct lp_store *opened);
/* "PRAGMA name" as a number */
bool lp_sqlite_pragma(struct sqlite_store *store, const char *pragma, int64_t *value,
                      struct lp_error *error) LP_MUST_CHECK;
/* Several statements of SQL without results. */
bool lp_sqlite_script(struct sqlite_store *store, const char *sql, struct lp_error *error,
                      const char *doing) LP_MUST_CHECK;

/* schema.c */
enum { LP_SQLITE_APPLICATION_ID = 0x6c707374 }; /* "lpst": what file(1) and we know our files by */
/* Checks that the file belongs to this program, or is empty. */
bool lp_sqlite_check_owner(struct sqlite_store *store, struct lp_error *error) LP_MUST_CHECK;

/* samples.c: samples whose number is not known before. */
void lp_sqlite_grow_samples(struct sqlite_samples *samples);
void lp_sqlite_empty_samples(struct sqlite_samples *samples);

/* An unknown number is bad: a program that stored it past the table's CHECK did not mean good. */
static inline uint8_t lp_sqlite_quality(int64_t stored)
{
	return stored >= LP_QUALITY_GOOD && stored <= LP_QUALITY_BAD ? (uint8_t)stored : LP_QUALITY_BAD;
}

/* A row (ts, value, quality) onto the rows. */
static inline void lp_sqlite_take_sample(struct sqlite_samples *rows, sqlite3_stmt *statement)
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

/* elsewhere.c: samples in databases of PostgreSQL */
void lp_sqlite_open_elsewhere(struct sqlite_store *store, const struct lp_store_options *options);
void lp_sqlite_close_elsewhere(struct sqlite_store *store);
bool lp_sqlite_is_elsewhere(struct sqlite_store *store, int64_t series_id, bool *elsewhere,
                            struct lp_error *error) LP_MUST_CHECK;
/*
 * Copies of those items of an array whose samples are there; an item begins with
 * the id of its series. What is asked of them goes back with lp_sqlite_scatter.
 * The arena is the caller's to free, unless gathering failed.
 */
struct sqlite_gathered {
	bool *are_there; /* of each item of the array */
	void *items;
	size_t count, size;
	struct lp_arena arena;
};
bool lp_sqlite_gather(struct sqlite_store *store, const void *items, size_t size, size_t count,
                      struct sqlite_gathered *gathered, struct lp_error *error) LP_MUST_CHECK;
void lp_sqlite_scatter(const struct sqlite_gathered *gathered, void *items, size_t count);
/* Fails if the samples of one of these series are there. */
bool lp_sqlite_lets_write(struct sqlite_store *store, const struct lp_series_samples *many, size_t count,
                          struct lp_error *error) LP_MUST_CHECK;
/* What a share reads there, besides what was read here. */
bool lp_sqlite_fetch_elsewhere(struct sqlite_store *store, struct lp_batch *batch, struct lp_share *share,
                               struct lp_error *error) LP_MUST_CHECK;

/* calculations.c: the next row's, from its first columns; without inputs and outputs. */
bool lp_sqlite_next_calculation(struct sqlite_rows *rows, struct lp_calculation *calculation) LP_MUST_CHECK;

/* arrays.c: JSON arrays of whole numbers, as outcomes are kept */
void lp_sqlite_array_add(struct lp_text *text, int64_t number); /* an empty text begins one */
void lp_sqlite_array_end(struct lp_text *text);
/* Numbers are appended to *items as far as the text is an array of numbers. */
void lp_sqlite_array_read(const char *text, int64_t **items, size_t *count, size_t *capacity);

/* run.c */
bool lp_sqlite_is_running(struct sqlite_store *store, int64_t run_id, bool *running,
                          struct lp_error *error) LP_MUST_CHECK;

/*
 * claim.c: within the commit's transaction, whether what the batch was planned
 * from is still so, for at least one of its tasks.  known: one per calculation;
 * owed: one per task, or NULL in a forward batch.
 */
struct lp_settle_known;
bool lp_sqlite_claim(struct sqlite_store *store, struct lp_batch *batch, struct lp_settle_known *known, bool *owed,
                     bool *accepted, struct lp_error *error) LP_MUST_CHECK;

/* batches.c: after the calculations were written */
bool lp_sqlite_compose(struct sqlite_store *store, struct lp_error *error) LP_MUST_CHECK;

/* changes.c: notes a change as a trigger does, of one hour or by hand. */
bool lp_sqlite_note_change(struct sqlite_store *store, int64_t series_id, lp_time first, lp_time last, bool by_hand,
                           struct lp_error *error) LP_MUST_CHECK;
int64_t lp_sqlite_hour(lp_time time); /* since 1970 in UTC */
/* Within a transaction: from here to the call with false, what is written to `sample` is not noted. */
bool lp_sqlite_be_own(struct sqlite_store *store, bool own, struct lp_error *error) LP_MUST_CHECK;

/* owed.c: within a transaction; samples_changed as for lp_owed_join. */
bool lp_sqlite_join_owed(struct sqlite_store *store, const struct lp_owed_range *ranges, size_t count,
                         bool samples_changed, struct lp_error *error) LP_MUST_CHECK;

/* outdated.c: within note_rules' transaction. */
bool lp_sqlite_outdate_rule(struct sqlite_store *store, const char *rule, struct lp_error *error) LP_MUST_CHECK;

enum { LP_SQLITE_PRUNE_MOST = 100000 }; /* samples in a transaction of prune.c */

/* The callbacks, each in the file of its subject. */
#define CALLBACK(name, parameters, arguments) bool lp_sqlite_##name parameters LP_MUST_CHECK;
#include "store/callbacks.table"

#endif
