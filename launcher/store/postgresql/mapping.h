/*
 * Tables of somebody else, as the configuration describes them: the statements
 * that read them are made of those of mapped.sql when a connection first needs
 * them, and which rows are whose.
 */
#ifndef LP_STORE_POSTGRESQL_MAPPING_H
#define LP_STORE_POSTGRESQL_MAPPING_H

#include "store/postgresql/database.h"
#include "store/postgresql/internal.h"

#include "text/names.h"
#include "text/utf8.h"

struct pg_mapping {
	const struct lp_mapping *configured;
	struct pg_database *database; /* NULL: that of the store */
	int number;                   /* of the mapping: prepared statements are called by it */
	unsigned made;                /* how often its statements were made: after an error it is looked at again */
	char *source;            /* a relation with the columns series_id, ts, value, quality; NULL: not made yet */
	char *keys;              /* the type of an array of keys: "int8[]" */
	Oid keys_type;           /* of a query: the same */
	char *written;           /* the same rows for late.sql, of a table that says when each was written; or NULL */
	struct lp_names columns; /* of a wide table: those that can be read */
	struct lp_arena column_names;
	char *sql[PG_STATEMENT_COUNT];
	bool prepared[PG_STATEMENT_COUNT];
	char prepared_name[64]; /* of the statement that runs */
	struct pg_habit habit;
	bool broken; /* cannot be read: see `error`; for the fetch that found it */
	struct lp_error error;
};

/* Where the samples of a series are. */
struct pg_place {
	int64_t series_id;
	struct pg_mapping *mapping; /* NULL: in this program's own table */
	const char *key, *name;
	bool is_result; /* what is written of it stands in this program's own table, too */
};

/* Returns what is known of the samples of the mapping in use, or of this program's own. */
static inline struct pg_habit *lp_pg_habit(struct pg_store *store)
{
	return store->mapping != NULL ? &store->mapping->habit : &store->habit;
}

/* Returns the connection over which statements run: that of the mapping in use, or the store's own. */
static inline PGconn *lp_pg_connection(const struct pg_store *store)
{
	return store->mapping != NULL && store->mapping->database != NULL ? store->mapping->database->connection
	                                                                  : store->connection;
}

void lp_pg_add_mappings(struct pg_store *store, const struct lp_mappings *mappings);
void lp_pg_free_mappings(struct pg_store *store);

/* Forgets what was made of the table: it may be another one by now. */
void lp_pg_forget_mapping(struct pg_mapping *mapping);
/* Forgets the prepared statements of the connection over which statements run. */
void lp_pg_forget_prepared(struct pg_store *store);

/* Adds the key of a row t, as a text, and its time. */
void lp_pg_add_row_key(struct pg_store *store, const struct pg_mapping *mapping, struct lp_text *text);
void lp_pg_add_row_time(struct pg_store *store, const struct lp_mapping *configured, struct lp_text *text);
/* The relation of rows with the column that says when each was written; it becomes the caller's. */
char *lp_pg_written_rows(struct pg_store *store, const struct pg_mapping *mapping, const char *ingestion_time);
/* True for a statement that reads it. */
bool lp_pg_reads_written(enum pg_statement statement);
/* True for a statement that is made for each mapping. */
bool lp_pg_is_mapped(enum pg_statement statement);
/* The text and the name of such a statement, for the mapping in use. */
const char *lp_pg_mapped_sql(struct pg_mapping *mapping, enum pg_statement statement);
const char *lp_pg_mapped_name(struct pg_mapping *mapping, enum pg_statement statement);

/*
 * Within a transaction: the mapping whose statements run from now on, in its
 * database; NULL: none, and those of the store's own. Looks at the table if that
 * was not done yet.
 */
bool lp_pg_use_mapping(struct pg_store *store, struct pg_mapping *mapping, struct lp_error *error) LP_MUST_CHECK;
/* Notes that the statement that failed was one of the mapping in use; false: it was not, or the connection is lost. */
bool lp_pg_blame_mapping(struct pg_store *store, const struct lp_error *error);
/* Forgets it, but for mappings whose database is gone. */
void lp_pg_forget_blame(struct pg_store *store);

/*
 * Fills the places of series, by id, within a transaction; ids are sorted, each
 * once. *places is NULL if all are in this program's own table.
 */
bool lp_pg_find_places(struct pg_store *store, const int64_t *ids, size_t count, struct lp_arena *arena,
                       struct pg_place **places, struct lp_error *error) LP_MUST_CHECK;
/* Sorts ids and leaves each once; returns how many are left. */
size_t lp_pg_sort_ids(int64_t *ids, size_t count);
const struct pg_place *lp_pg_place_of(const struct pg_place *places, size_t count, int64_t series_id);

/* samples.c: fails if the samples of one of these series are in a table of somebody else. Within a transaction. */
bool lp_pg_are_own(struct pg_store *store, const struct lp_series_samples *many, size_t count,
                   struct lp_error *error) LP_MUST_CHECK;

/* quality.c: adds the quality of a row, of a quoted column with codes. */
void lp_pg_add_quality(struct lp_text *sql, const struct lp_mapping *mapping, const char *column);
/* describe_query.c: looks at a query, whose mapping is in use, and makes it a relation. */
bool lp_pg_make_query(struct pg_store *store, struct pg_mapping *mapping, struct lp_error *error) LP_MUST_CHECK;

/* True if a wide table has a column of numbers of that name; it is in use. */
bool lp_pg_has_column(const struct pg_mapping *mapping, const char *name);

/* mirror.c: results in a table of somebody else. */
bool lp_pg_mirrors(const struct pg_store *store);
/* As the configuration describes it; NULL: results are in this program's own table alone. */
const struct lp_mapping *lp_pg_results_table(const struct pg_store *store);
/* Makes the triggers as the configuration has them, or takes them off, if they are not so already. */
bool lp_pg_make_mirror(struct pg_store *store, bool *changed, struct lp_error *error) LP_MUST_CHECK;
/* Fills the error of triggers that are not as the configuration has them; returns false. */
bool lp_pg_fail_mirror(const struct pg_store *store, struct lp_error *error);
/* Fails if they are not as the configuration has them. Within a transaction. */
bool lp_pg_check_mirror(struct pg_store *store, struct lp_error *error) LP_MUST_CHECK;

/* refused.c: true if that table refused what the statement that failed put into it. */
bool lp_pg_is_refusal(const struct lp_error *error);
/*
 * Lets the tasks fail whose results the commit was refused that failed like this.
 * False: none of the batch is to blame, so that another try would end like this one.
 */
bool lp_pg_leave_refused(struct pg_store *store, struct lp_batch *batch) LP_MUST_CHECK;

/* written.c: rows that are late, of tables that say when each was written. */
/* Fails where late rows cannot be asked for, and says which index is missing on parts of so many bytes. */
bool lp_pg_check_written(struct pg_store *store, struct pg_mapping *mapping, int64_t large, struct lp_text *advice,
                         struct lp_error *error) LP_MUST_CHECK;
/*
 * Within migrate: rows that were written since the last run into a table whose triggers note them from now on. What
 * was looked for in tables that say no more when a row was written is forgotten.
 */
bool lp_pg_settle_written(struct pg_store *store, struct lp_error *error) LP_MUST_CHECK;

/* late.c: triggers that note late rows; as of mirror.c. */
size_t lp_pg_count_noting(const struct pg_store *store);
bool lp_pg_make_noting(struct pg_store *store, struct lp_error *error) LP_MUST_CHECK;
bool lp_pg_fail_noting(struct lp_error *error);
bool lp_pg_check_noting(struct pg_store *store, struct lp_error *error) LP_MUST_CHECK;
/* A number of a text, by which it is known again. */
uint64_t lp_pg_digest(const char *text);

/* Fills the names of the configured mappings as an argument: an array of texts. */
void lp_pg_add_mapping_names(struct pg_store *store, struct pg_arguments *arguments);
/* Fills the error of a series that names a table which the configuration does not have; returns false. */
bool lp_pg_no_such_table(const char *series, const char *table, struct lp_error *error);

#endif
