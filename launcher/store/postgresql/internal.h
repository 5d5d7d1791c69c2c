/*
 * What the files of this folder share: a connection, the arguments of a
 * statement, the values of a result, and errors. No other folder includes it.
 *
 * Everything travels in libpq's binary form. Nothing is left in a session:
 * settings are made for a transaction, so that each one may be served by another
 * server process behind PgBouncer.
 */
#ifndef LP_STORE_POSTGRESQL_INTERNAL_H
#define LP_STORE_POSTGRESQL_INTERNAL_H

#include "store/backend.h"
#include "store/postgresql/statements.h"
#include "store/rows.h"

#include <assert.h>
#include <libpq-fe.h>

enum pg_type {
	PG_BOOL = 16,
	PG_INT8 = 20,
	PG_INT2 = 21,
	PG_INT4 = 23,
	PG_TEXT = 25,
	PG_FLOAT8 = 701,
	PG_TIMESTAMPTZ = 1184,
};

/* The arguments of one statement.  Its memory is kept from one to the next. */
enum { PG_ARGUMENTS_MOST = 24 };
struct pg_arguments {
	char *data;
	size_t length, capacity;
	int count;
	Oid types[PG_ARGUMENTS_MOST];
	size_t offsets[PG_ARGUMENTS_MOST]; /* into data, which moves when it grows */
	size_t lengths[PG_ARGUMENTS_MOST];
	bool nulls[PG_ARGUMENTS_MOST];
	bool written[PG_ARGUMENTS_MOST]; /* as SQL writes a value: for types that are only known at run time */
	int32_t elements;                /* of the array that is being made */
};

void lp_pg_argument_bool(struct pg_arguments *arguments, bool value);
void lp_pg_argument_int4(struct pg_arguments *arguments, int32_t value);
void lp_pg_argument_int8(struct pg_arguments *arguments, int64_t value);
void lp_pg_argument_no_int8(struct pg_arguments *arguments);                 /* NULL */
void lp_pg_argument_text(struct pg_arguments *arguments, const char *value); /* NULL: NULL */
void lp_pg_argument_time(struct pg_arguments *arguments, lp_time value);     /* LP_TIME_NONE: NULL */

/* An array of some type, of texts that can be its elements. */
void lp_pg_argument_written(struct pg_arguments *arguments, Oid type, const char *const *elements, size_t count);

/* An array: begin, its elements in their order, end. */
void lp_pg_array_begin(struct pg_arguments *arguments, enum pg_type type);
void lp_pg_array_bool(struct pg_arguments *arguments, bool value);
void lp_pg_array_int2(struct pg_arguments *arguments, int16_t value);
void lp_pg_array_int4(struct pg_arguments *arguments, int32_t value);
void lp_pg_array_int8(struct pg_arguments *arguments, int64_t value);
void lp_pg_array_float8(struct pg_arguments *arguments, double value);
void lp_pg_array_time(struct pg_arguments *arguments, lp_time value);
void lp_pg_array_text(struct pg_arguments *arguments, const char *value);
void lp_pg_array_null(struct pg_arguments *arguments);
void lp_pg_array_end(struct pg_arguments *arguments);
/* Whole arrays. */
void lp_pg_add_ids(struct pg_arguments *arguments, const int64_t *ids, size_t count);
void lp_pg_add_calculation_ids(struct pg_arguments *arguments, const struct lp_batch *batch);

/*
 * rows.c: an array for each column of rows.  One column: first is its field in
 * the first row.
 */
void lp_pg_add_column(struct pg_arguments *arguments, enum lp_kind kind, const void *first, size_t row_size,
                      size_t count);
void lp_pg_add_columns(struct pg_arguments *arguments, const struct lp_row_layout *layout, const void *rows,
                       size_t row_size, size_t count);
/* An argument for each column of one row. */
void lp_pg_add_row(struct pg_arguments *arguments, const struct lp_row_layout *layout, const void *row);

/* Rows that a statement wrote. */
uint64_t lp_pg_affected(const PGresult *result);

/* Values of a result's row. */
bool lp_pg_is_null(const PGresult *result, int row, int column);
bool lp_pg_get_bool(const PGresult *result, int row, int column);
int32_t lp_pg_get_int4(const PGresult *result, int row, int column); /* int2 too */
int64_t lp_pg_get_int8(const PGresult *result, int row, int column); /* int4 too; 0 for NULL */
double lp_pg_get_float8(const PGresult *result, int row, int column);
lp_time lp_pg_get_time(const PGresult *result, int row, int column); /* LP_TIME_NONE for NULL and -infinity */
/* Copied into the arena; NULL for NULL. */
const char *lp_pg_get_text(const PGresult *result, int row, int column, struct lp_arena *arena);

/* An array of a result's row, read from front to back.  NULL is an empty one. */
struct pg_reader {
	const char *at, *end;
	size_t count;   /* elements in all */
	bool has_nulls; /* may have some */
};
enum { PG_READERS_MOST = 11 }; /* columns of a layout whose rows stand in arrays */
bool lp_pg_reader_open(const PGresult *result, int row, int column, struct pg_reader *reader,
                       struct lp_error *error) LP_MUST_CHECK;
/* The same for an array that lies somewhere else. */
bool lp_pg_reader_over(const char *at, size_t length, struct pg_reader *reader, struct lp_error *error) LP_MUST_CHECK;
/*
 * Returns the elements if none is NULL and each has so many bytes,
 * PG_STRIDE(bytes) apart; else NULL, and they have to be read one by one.
 */
const char *lp_pg_reader_elements(const struct pg_reader *reader, size_t bytes);
#define PG_STRIDE(bytes) (4 + (bytes)) /* its length stands before each */
/* Each moves on by one element; a caller asks no more than count times. */
int64_t lp_pg_read_int(struct pg_reader *reader);   /* int2, int4, int8, bool; 0 for NULL */
lp_time lp_pg_read_time(struct pg_reader *reader);  /* infinities: INT64_MAX, LP_TIME_NONE */
double lp_pg_read_float8(struct pg_reader *reader); /* NaN for NULL */
const char *lp_pg_read_text(struct pg_reader *reader, struct lp_arena *arena);
/* rows.c: a row from the next elements of arrays, one for each column. */
bool lp_pg_read_row(struct pg_reader *readers, const struct lp_row_layout *layout, void *row, struct lp_arena *arena,
                    struct lp_error *error) LP_MUST_CHECK;

enum { PG_FIRST_YEAR = 1970, PG_LAST_YEAR = 2100, PG_MONTHS = (PG_LAST_YEAR - PG_FIRST_YEAR + 1) * 12 };

/* What the last samples that were read tell of the next ones. */
struct pg_habit {
	bool has_qualities; /* some sample that was read had one */
	double sample_rate; /* samples a second of a series, as the last batch had them */
#define PG_RATE_LEAST 0.125
};

struct pg_mapping;
struct pg_database;
struct lp_locator;

struct pg_store {
	struct lp_store store;
	uint32_t magic;
#define PG_STORE_MAGIC 0x9057638eu
	PGconn *connection;      /* NULL: only samples of other databases are read (store/elsewhere.h) */
	PGconn *lock_connection; /* holds the run lock in a transaction of its own; or NULL */
	struct pg_store *aside;  /* for what must not wait for this one's transaction; or NULL */
	char *address, *application_name;
	char *settings; /* the statement that begins a transaction */
	bool applied;   /* definitions, in the transaction that is open */
	int connect_timeout, statement_timeout;
	bool prepare;
	int depth; /* of lp_pg_begin without its lp_pg_finish: only the first begins a transaction */
	bool prepared[PG_STATEMENT_COUNT];
	struct pg_arguments arguments;
	struct lp_arena scratch; /* for the function that is running */
	char version[48];
	bool sample_months[PG_MONTHS]; /* partitions known to be there */
	lp_time prepared_until;        /* this month's and the next one's need no look before */
	lp_time outcome_day;           /* the same for outcomes: the last one asked for */
	/*
	 * A month whose samples all lie in one partition that this role may insert
	 * into, and the statement that adds results to that: by its own name it
	 * costs a quarter less, because rows have to be neither routed nor kept for
	 * the triggers that note changes.  NULL: none is known.
	 */
	char *add_results_to_partition;
	int add_results_month;
	char add_results_name[32]; /* as a prepared statement */
	unsigned add_results_names;
	bool expect_results;   /* some were there where none should have been */
	struct pg_habit habit; /* of this program's own samples */
	/* mapping.h: tables of somebody else, and the one whose statement runs, or NULL. */
	const struct lp_mappings *mappings_configured;
	struct pg_mapping *mappings, *mapping;
	size_t mapping_count;
	struct pg_database *databases; /* database.h: those that mappings name */
	size_t database_count;
	const struct lp_locator *locator; /* without a connection: says where series are; else NULL */
	struct lp_text *script; /* late.c: gets the statements of triggers, which are made by somebody else; or NULL */
	char *own_detail; /* of the last error that this program's own functions raised: for itself, not for people */
};

static inline struct pg_store *lp_pg_store(struct lp_store *store)
{
	struct pg_store *own = (struct pg_store *)store;

	assert(own != NULL && own->magic == PG_STORE_MAGIC);
	return own;
}

/* open.c */
bool lp_pg_open(const struct lp_store_options *options, struct lp_store **store, struct lp_error *error) LP_MUST_CHECK;
void lp_pg_close(struct lp_store *store);
/* Ends the transaction that holds the lock of a run, if there is one; its connection stays. */
void lp_pg_end_lock(const struct pg_store *store);
void lp_pg_unlock_run(struct lp_store *store);
const char *lp_pg_version(const struct lp_store *store);
/* Returns the options it was opened with, except for the check of the schema. The texts belong to the store. */
struct lp_store_options lp_pg_options(const struct pg_store *store);
/* Makes a store that is not connected. */
struct pg_store *lp_pg_new(const struct lp_store_options *options);
/* connect.c: connects to a database as the store does. */
bool lp_pg_connect_to(const struct pg_store *store, const char *address, PGconn **connection,
                      struct lp_error *error) LP_MUST_CHECK;
void lp_pg_write_version(const PGconn *connection, char *version, size_t size); /* "postgresql 17.5" */
bool lp_pg_check_version(const PGconn *connection, struct lp_error *error) LP_MUST_CHECK;
/* Returns the statement that begins a transaction with these characteristics; timeout: seconds. */
char *lp_pg_transaction_settings(const char *characteristics, int statement_timeout);
/* Another connection to the same place. */
bool lp_pg_connect(struct pg_store *store, PGconn **connection, struct lp_error *error) LP_MUST_CHECK;

/* execute.c: a transaction around what follows, unless there is one already. */
bool lp_pg_begin(struct pg_store *store, struct lp_error *error) LP_MUST_CHECK;
/* Commits if ok, else rolls back; the result is ok unless the commit failed. */
bool lp_pg_finish(struct pg_store *store, bool ok, struct lp_error *error) LP_MUST_CHECK;
/* Rolls back the transaction, however deep it is; does nothing if there is none. */
void lp_pg_abandon(struct pg_store *store);
/*
 * The server chose this transaction to end a deadlock, or could not put it in an
 * order with others: the same once more, from its beginning, may well work.
 */
enum { PG_MOST_TRIES = 3 };
bool lp_pg_is_passing(const struct lp_error *error);
/*
 * Gives the transaction that won a deadlock time to take its lock; an immediate
 * retry would grab it first and deadlock again.
 */
void lp_pg_pause(int tries);
/* Returns true if a transaction that failed like this should be tried again, after a pause. *tries counts from 0. */
bool lp_pg_tries_again(const struct pg_store *store, const struct lp_error *error, int *tries);
/* SQL without arguments. */
bool lp_pg_command(struct pg_store *store, const char *sql, const char *doing, struct lp_error *error) LP_MUST_CHECK;
/* Makes the store's arguments empty, for the statement to come. */
struct pg_arguments *lp_pg_arguments(struct pg_store *store);
/* Runs a statement with the store's arguments, inside a transaction.  result may be NULL. */
/* Runs a statement whose arguments are the columns of these rows, if there are any. */
bool lp_pg_write_rows(struct pg_store *store, enum pg_statement statement, const struct lp_row_layout *layout,
                      struct lp_row_array array, struct lp_error *error) LP_MUST_CHECK;
bool lp_pg_execute(struct pg_store *store, enum pg_statement statement, PGresult **result,
                   struct lp_error *error) LP_MUST_CHECK;
/* The same in a transaction of its own, unless there is one already. */
bool lp_pg_run(struct pg_store *store, enum pg_statement statement, PGresult **result,
               struct lp_error *error) LP_MUST_CHECK;

/*
 * The rows of a statement, which is run as lp_pg_run does:
 *
 *	lp_pg_read(store, PG_EACH_OWED, &rows, error);
 *	while (lp_pg_next(&rows, &lp_owed_layout, &owed))
 *		rows.ok = visit(context, &owed, error);
 *	return lp_pg_end(&rows);
 *
 * lp_pg_read has received all of them, and a visitor may use the connection.
 * lp_pg_stream receives a row at a time; who stops early cancels the statement.
 * Texts are valid until the next row, unless they are copied into an arena.
 */
struct pg_rows {
	struct pg_store *store;
	enum pg_statement statement;
	PGresult *result;
	int row, column; /* column: the next one to be taken */
	bool streams;
	bool ok;                /* false: no row follows */
	struct lp_arena *arena; /* for texts; or NULL */
	struct lp_error *error;
};
void lp_pg_read(struct pg_store *store, enum pg_statement statement, struct pg_rows *rows, struct lp_error *error);
void lp_pg_stream(struct pg_store *store, enum pg_statement statement, struct pg_rows *rows, struct lp_error *error);
/* Fills a row from the next one's first columns; layout NULL: takes none. */
bool lp_pg_next(struct pg_rows *rows, const struct lp_row_layout *layout, void *row) LP_MUST_CHECK;
/* The columns that follow; returns rows->ok. */
bool lp_pg_take(struct pg_rows *rows, const struct lp_row_layout *layout, void *row) LP_MUST_CHECK;
/* Returns whether all went well. */
bool lp_pg_end(struct pg_rows *rows) LP_MUST_CHECK;

/* True for an error that this program's own functions in the database raise. sqlstate may be NULL. */
bool lp_pg_is_own(const char *sqlstate);
/* errors.c: from SQLSTATE and libpq's texts to errors.  Each returns false. */
bool lp_pg_fail(const PGconn *connection, const PGresult *result, const char *doing, struct lp_error *error);
bool lp_pg_fail_address(const char *reason, const char *address, struct lp_error *error);
bool lp_pg_fail_connecting(const PGconn *connection, const char *address, struct lp_error *error);

/* series.c: a glob (* and ?) as a pattern of LIKE; NULL stays NULL. */
const char *lp_pg_like(struct lp_arena *arena, const char *glob);

/*
 * partition.c: best effort; rows without a partition of their own go to the
 * default one, and are moved out of it later, some at a time.
 */
bool lp_pg_ensure_samples(struct pg_store *store, lp_time first, lp_time last, struct lp_error *error) LP_MUST_CHECK;
/* This month's and the next one's; in a transaction it is done where nothing has to be moved before. */
bool lp_pg_prepare_partitions(struct pg_store *store, struct lp_error *error) LP_MUST_CHECK;
/* Moves samples out of the default partition, for about so many nanoseconds; 0: all of them. */
bool lp_pg_move_samples(struct pg_store *store, int64_t most, struct lp_error *error) LP_MUST_CHECK;
/* The statement that adds results of these times: into a partition by its name, if that is known. */
enum pg_statement lp_pg_choose_insert(const struct pg_store *store, lp_time first, lp_time last);
/* From now on rows go into the table: the partition may be gone. */
void lp_pg_forget_partition(struct pg_store *store);
bool lp_pg_ensure_outcomes(struct pg_store *store, lp_time tick, struct lp_error *error) LP_MUST_CHECK;

/* batches.c: batches after definitions changed. */
struct pg_arrange {
	const char **changed; /* names of the calculations that are new or not what they were */
	size_t changed_count;
	const int64_t *shrunk; /* batches that calculations were deleted from */
	size_t shrunk_count;
};
bool lp_pg_arrange(struct pg_store *store, const struct pg_arrange *arrange, struct lp_error *error) LP_MUST_CHECK;

/* calculations.c: the next row's, from its first columns; it needs rows->arena. */
bool lp_pg_next_calculation(struct pg_rows *rows, struct lp_calculation *calculation) LP_MUST_CHECK;

/* The callbacks, each in the file of its subject. */
#define CALLBACK(name, parameters, arguments) bool lp_pg_##name parameters LP_MUST_CHECK;
#include "store/callbacks.table"

/* Notes that results of these rules' calculations are outdated, within note_rules' transaction. */
bool lp_pg_outdate_rules(struct pg_store *store, const PGresult *changed, struct lp_error *error) LP_MUST_CHECK;
/* owed.c: as lp_store_add_owed; where windows are merely put aside, what is being computed of others is no older. */
bool lp_pg_put_owed(struct pg_store *store, const struct lp_owed_range *ranges, size_t count, bool samples_changed,
                    struct lp_error *error) LP_MUST_CHECK;

#endif
