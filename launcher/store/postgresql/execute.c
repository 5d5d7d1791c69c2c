/*
 * Transactions and statements on a connection.
 */
#include "store/postgresql/mapping.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

bool lp_pg_command(struct pg_store *store, const char *sql, const char *doing, struct lp_error *error)
{
	PGresult *result = PQexec(store->connection, sql);
	bool ok = PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;

	if (!ok)
		lp_pg_fail(store->connection, result, doing, error);
	PQclear(result);
	return ok;
}

bool lp_pg_begin(struct pg_store *store, struct lp_error *error)
{
	if (store->depth == 0) {
		store->mapping = NULL;
		if (store->connection != NULL && !lp_pg_command(store, store->settings, "begin a transaction", error)) {
			PQclear(PQexec(store->connection, "ROLLBACK"));
			return false;
		}
	}
	store->depth++;
	return true;
}

static bool commit(struct pg_store *store, struct lp_error *error)
{
	PGresult *result = PQexec(store->connection, "COMMIT");
	bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;

	if (!ok) {
		lp_pg_fail(store->connection, result, "commit", error);
	} else if (strcmp(PQcmdStatus(result), "COMMIT") != 0) {
		/* The server's answer to a commit when an earlier statement had failed. */
		ok = lp_fail(error, LP_EXIT_INTERNAL, "the transaction was rolled back by the database");
	}
	PQclear(result);
	return ok;
}

bool lp_pg_finish(struct pg_store *store, bool ok, struct lp_error *error)
{
	assert(store->depth > 0);
	store->depth--;
	if (store->depth > 0)
		return ok;
	lp_pg_leave_databases(store);
	if (store->connection == NULL)
		return ok;
	if (ok)
		return commit(store, error);
	PQclear(PQexec(store->connection, "ROLLBACK"));
	return false;
}

void lp_pg_abandon(struct pg_store *store)
{
	if (store->depth == 0)
		return;
	store->depth = 0;
	lp_pg_leave_databases(store);
	if (store->connection != NULL)
		PQclear(PQexec(store->connection, "ROLLBACK"));
}

bool lp_pg_is_passing(const struct lp_error *error)
{
	return strcmp(error->sqlstate, "40P01") == 0 || strcmp(error->sqlstate, "40001") == 0;
}

void lp_pg_pause(int tries)
{
	enum { PAUSE = 200 /* milliseconds, after the first; then twice that */ };
	int milliseconds = PAUSE * tries;
	struct timespec span = { .tv_sec = milliseconds / 1000, .tv_nsec = (long)(milliseconds % 1000) * 1000000 };

	(void)nanosleep(&span, NULL);
}

bool lp_pg_tries_again(const struct pg_store *store, const struct lp_error *error, int *tries)
{
	/* Within a transaction of the caller, who would have to begin it anew. */
	if (store->depth > 0 || !lp_pg_is_passing(error) || ++*tries == PG_MOST_TRIES)
		return false;
	lp_pg_pause(*tries);
	return true;
}

struct pg_arguments *lp_pg_arguments(struct pg_store *store)
{
	store->arguments.count = 0;
	store->arguments.length = 0;
	return &store->arguments;
}

struct wire_arguments {
	const char *values[PG_ARGUMENTS_MOST];
	int lengths[PG_ARGUMENTS_MOST];
	int formats[PG_ARGUMENTS_MOST];
};

static bool to_wire(const struct pg_arguments *arguments, struct wire_arguments *wire, struct lp_error *error)
{
	static const char nothing[1];

	for (int i = 0; i < arguments->count; i++) {
		if (arguments->lengths[i] > INT32_MAX)
			return lp_fail(error, LP_EXIT_DATA, "%zu bytes are too many for one statement",
			               arguments->lengths[i]);
		wire->values[i] = arguments->nulls[i]       ? NULL
		                  : arguments->data == NULL ? nothing
		                                            : arguments->data + arguments->offsets[i];
		wire->lengths[i] = (int)arguments->lengths[i];
		wire->formats[i] = arguments->written[i] ? 0 : 1;
	}
	return true;
}

/* True for statements that a run uses once, at its beginning or end: preparing them would cost a round trip. */
static bool is_asked_once(enum pg_statement statement)
{
	static const enum pg_statement once[] = { PG_HAS_SCHEMA,    PG_SCHEMA_VERSION, PG_EACH_BATCH,
		                                  PG_EACH_PENDING,  PG_EACH_OWED,      PG_EACH_CHANGED,
		                                  PG_EACH_NOTE,     PG_COUNT_TOO_OLD,  PG_OPEN_CHANGES,
		                                  PG_CLOSE_CHANGES, PG_TAKE_NOTES,     PG_ENTER_RUN,
		                                  PG_BEGIN_RUN,     PG_END_RUN,        PG_STEP_BACK,
		                                  PG_GUARD,         PG_UNGUARD,        PG_MAPPED_PREPARE_CHECK,
		                                  PG_EXPLAIN_CHECK, PG_FORGET_CHECK,   PG_MAPPED_PREPARE_QUERY,
		                                  PG_EXPLAIN_QUERY };

	for (size_t i = 0; i < sizeof once / sizeof *once; i++)
		if (once[i] == statement)
			return true;
	return false;
}

static const char *sql_of(const struct pg_store *store, enum pg_statement statement)
{
	if (store->mapping != NULL && lp_pg_is_mapped(statement))
		return lp_pg_mapped_sql(store->mapping, statement);
	return statement == PG_ADD_RESULTS_TO_PARTITION ? store->add_results_to_partition
	                                                : lp_pg_statements[statement].sql;
}

static const char *name_of(const struct pg_store *store, enum pg_statement statement)
{
	if (store->mapping != NULL && lp_pg_is_mapped(statement))
		return lp_pg_mapped_name(store->mapping, statement);
	return statement == PG_ADD_RESULTS_TO_PARTITION ? store->add_results_name : lp_pg_statements[statement].name;
}

static bool *prepared_of(struct pg_store *store, enum pg_statement statement)
{
	struct pg_mapping *mapping = store->mapping;

	if (mapping != NULL && lp_pg_is_mapped(statement))
		return &mapping->prepared[statement];
	return mapping != NULL && mapping->database != NULL ? &mapping->database->prepared[statement]
	                                                    : &store->prepared[statement];
}

static bool prepare(struct pg_store *store, enum pg_statement statement, struct lp_error *error)
{
	const struct lp_statement *text = &lp_pg_statements[statement];
	PGresult *result;
	bool ok;

	if (*prepared_of(store, statement))
		return true;
	result = PQprepare(lp_pg_connection(store), name_of(store, statement), sql_of(store, statement),
	                   store->arguments.count, store->arguments.types);
	ok = PQresultStatus(result) == PGRES_COMMAND_OK;
	if (ok)
		*prepared_of(store, statement) = true;
	else
		lp_pg_fail(lp_pg_connection(store), result, text->doing, error);
	PQclear(result);
	return ok;
}

static bool send(struct pg_store *store, enum pg_statement statement, struct lp_error *error)
{
	const struct lp_statement *text = &lp_pg_statements[statement];
	const struct pg_arguments *arguments = &store->arguments;
	struct wire_arguments wire;
	bool prepared = store->prepare && !is_asked_once(statement);
	int sent;

	/* Outside of a transaction the search path would be whatever the role or the database says. */
	assert(store->depth > 0);
	if (!to_wire(arguments, &wire, error) || (prepared && !prepare(store, statement, error)))
		return false;
	sent = prepared ? PQsendQueryPrepared(lp_pg_connection(store), name_of(store, statement), arguments->count,
	                                      wire.values, wire.lengths, wire.formats, 1)
	                : PQsendQueryParams(lp_pg_connection(store), sql_of(store, statement), arguments->count,
	                                    arguments->types, wire.values, wire.lengths, wire.formats, 1);
	return sent == 1 || lp_pg_fail(lp_pg_connection(store), NULL, text->doing, error);
}

static void keep_own_detail(struct pg_store *store, const PGresult *result)
{
	const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);

	if (!lp_pg_is_own(PQresultErrorField(result, PG_DIAG_SQLSTATE)))
		return;
	free(store->own_detail);
	store->own_detail = lp_copy_text(detail == NULL ? "" : detail);
}

bool lp_pg_execute(struct pg_store *store, enum pg_statement statement, PGresult **result, struct lp_error *error)
{
	PGresult *last = NULL, *next;
	bool ok;

	if (result != NULL)
		*result = NULL;
	if (!send(store, statement, error))
		return false;
	while ((next = PQgetResult(lp_pg_connection(store))) != NULL) {
		PQclear(last);
		last = next;
	}
	ok = PQresultStatus(last) == PGRES_TUPLES_OK || PQresultStatus(last) == PGRES_COMMAND_OK;
	if (!ok) {
		lp_pg_fail(lp_pg_connection(store), last, lp_pg_statements[statement].doing, error);
		keep_own_detail(store, last);
	}
	if (ok && result != NULL)
		*result = last;
	else
		PQclear(last);
	return ok;
}

/* A visitor wants no more: the rest is not to be sent for nothing. */
static void cancel(struct pg_store *store)
{
	char reason[256];
	PGcancel *request = PQgetCancel(lp_pg_connection(store));

	if (request != NULL)
		(void)PQcancel(request, reason, sizeof reason);
	PQfreeCancel(request);
}

bool lp_pg_run(struct pg_store *store, enum pg_statement statement, PGresult **result, struct lp_error *error)
{
	bool ok = lp_pg_begin(store, error);

	if (ok)
		ok = lp_pg_finish(store, lp_pg_execute(store, statement, result, error), error);
	else if (result != NULL)
		*result = NULL;
	if (!ok && result != NULL) {
		PQclear(*result);
		*result = NULL;
	}
	return ok;
}

void lp_pg_read(struct pg_store *store, enum pg_statement statement, struct pg_rows *rows, struct lp_error *error)
{
	*rows = (struct pg_rows){ .store = store, .statement = statement, .row = -1, .error = error };
	rows->ok = lp_pg_run(store, statement, &rows->result, error);
}

void lp_pg_stream(struct pg_store *store, enum pg_statement statement, struct pg_rows *rows, struct lp_error *error)
{
	*rows = (struct pg_rows){ .store = store, .statement = statement, .error = error };
	rows->ok = lp_pg_begin(store, error);
	if (!rows->ok)
		return;
	rows->streams = true;
	rows->ok = send(store, statement, error) &&
	           (PQsetSingleRowMode(lp_pg_connection(store)) == 1 ||
	            lp_fail(error, LP_EXIT_INTERNAL, "libpq refused to send rows one by one"));
}

/* The next row of a stream; what follows the last one says whether all went well. */
static bool receive(struct pg_rows *rows)
{
	ExecStatusType status;

	PQclear(rows->result);
	rows->result = PQgetResult(lp_pg_connection(rows->store));
	if (rows->result == NULL)
		return false;
	status = PQresultStatus(rows->result);
	if (status == PGRES_SINGLE_TUPLE)
		return true;
	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		rows->ok = lp_pg_fail(lp_pg_connection(rows->store), rows->result,
		                      lp_pg_statements[rows->statement].doing, rows->error);
	return false;
}

bool lp_pg_next(struct pg_rows *rows, const struct lp_row_layout *layout, void *row)
{
	if (!rows->ok)
		return false;
	rows->column = 0;
	if (rows->streams ? !receive(rows) : ++rows->row >= PQntuples(rows->result))
		return false;
	return layout == NULL || lp_pg_take(rows, layout, row);
}

bool lp_pg_end(struct pg_rows *rows)
{
	bool whole = rows->result == NULL || PQresultStatus(rows->result) != PGRES_SINGLE_TUPLE;

	PQclear(rows->result);
	if (!rows->streams)
		return rows->ok;
	if (!whole)
		cancel(rows->store);
	while ((rows->result = PQgetResult(lp_pg_connection(rows->store))) != NULL)
		PQclear(rows->result);
	return lp_pg_finish(rows->store, rows->ok, rows->error);
}

bool lp_pg_write_rows(struct pg_store *store, enum pg_statement statement, const struct lp_row_layout *layout,
                      struct lp_row_array array, struct lp_error *error)
{
	if (array.count == 0)
		return true;
	lp_pg_add_columns(lp_pg_arguments(store), layout, array.rows, array.row_size, array.count);
	return lp_pg_execute(store, statement, NULL, error);
}
