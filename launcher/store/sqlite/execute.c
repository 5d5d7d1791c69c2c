/*
 * Transactions and statements on a connection.  Knows no table.
 */
#include "store/sqlite/internal.h"

#include <errno.h>

bool lp_sqlite_script(struct sqlite_store *store, const char *sql, struct lp_error *error, const char *doing)
{
	errno = 0;
	if (sqlite3_exec(store->database, sql, NULL, NULL, NULL) != SQLITE_OK)
		return lp_sqlite_fail(store, error, doing);
	return true;
}

bool lp_sqlite_pragma(struct sqlite_store *store, const char *pragma, int64_t *value, struct lp_error *error)
{
	sqlite3_stmt *statement;
	bool ok = sqlite3_prepare_v2(store->database, pragma, -1, &statement, NULL) == SQLITE_OK &&
	          sqlite3_step(statement) == SQLITE_ROW;

	if (ok)
		*value = sqlite3_column_int64(statement, 0);
	else
		lp_sqlite_fail(store, error, "read the database");
	sqlite3_finalize(statement);
	return ok;
}

sqlite3_stmt *lp_sqlite_prepare(struct sqlite_store *store, enum sqlite_statement which, struct lp_error *error)
{
	sqlite3_stmt **statement = &store->statements[which];

	if (*statement == NULL) {
		if (sqlite3_prepare_v3(store->database, lp_sqlite_statements[which].sql, -1, SQLITE_PREPARE_PERSISTENT,
		                       statement, NULL) != SQLITE_OK) {
			lp_sqlite_fail(store, error, "prepare a statement");
			return NULL;
		}
		return *statement;
	}
	assert(!sqlite3_stmt_busy(*statement));
	sqlite3_clear_bindings(*statement);
	return *statement;
}

/* A statement's purpose is looked up only when it has failed. */
static bool fail(struct sqlite_store *store, const sqlite3_stmt *statement, struct lp_error *error)
{
	int which = 0;

	while (store->statements[which] != statement)
		which++;
	return lp_sqlite_fail(store, error, lp_sqlite_statements[which].doing);
}

int lp_sqlite_step(struct sqlite_store *store, sqlite3_stmt *statement, struct lp_error *error)
{
	errno = 0;
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW)
		return 1;
	if (code != SQLITE_DONE) {
		(void)fail(store, statement, error);
		sqlite3_reset(statement);
		return -1;
	}
	sqlite3_reset(statement);
	return 0;
}

bool lp_sqlite_run(struct sqlite_store *store, sqlite3_stmt *statement, int64_t *changed, struct lp_error *error)
{
	errno = 0;
	int code = sqlite3_step(statement);

	assert(code != SQLITE_ROW);
	if (code != SQLITE_DONE) {
		(void)fail(store, statement, error);
		sqlite3_reset(statement);
		return false;
	}
	if (changed != NULL)
		*changed = sqlite3_changes64(store->database);
	sqlite3_reset(statement);
	return true;
}

bool lp_sqlite_run_for(struct sqlite_store *store, enum sqlite_statement which, int64_t id, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, which, error);

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, id);
	return lp_sqlite_run(store, statement, NULL, error);
}

int lp_sqlite_first(struct sqlite_store *store, sqlite3_stmt *statement, int64_t *value, struct lp_error *error)
{
	int row = lp_sqlite_step(store, statement, error);

	if (row != 1)
		return row;
	*value = lp_sqlite_time(statement, 0);
	sqlite3_reset(statement);
	return 1;
}

bool lp_sqlite_run_named(struct sqlite_store *store, enum sqlite_statement which, const char *name, int64_t *changed,
                         struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, which, error);

	if (statement == NULL)
		return false;
	lp_sqlite_bind_text(statement, 1, name);
	if (!lp_sqlite_run(store, statement, changed, error))
		return lp_fail_within(error, "%s", name);
	return true;
}

bool lp_sqlite_execute(struct sqlite_store *store, enum sqlite_statement which, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, which, error);

	return statement != NULL && lp_sqlite_run(store, statement, NULL, error);
}

static bool begin(struct sqlite_store *store, enum sqlite_statement which, struct lp_error *error)
{
	if (store->depth == 0 && !lp_sqlite_execute(store, which, error))
		return false;
	store->depth++;
	return true;
}

bool lp_sqlite_begin(struct sqlite_store *store, struct lp_error *error)
{
	return begin(store, LP_SQLITE_BEGIN, error);
}

bool lp_sqlite_begin_read(struct sqlite_store *store, struct lp_error *error)
{
	return begin(store, LP_SQLITE_BEGIN_READ, error);
}

bool lp_sqlite_finish(struct sqlite_store *store, bool ok, struct lp_error *error)
{
	assert(store->depth > 0);
	if (store->depth > 1) {
		store->depth--;
		return ok;
	}
	if (ok && lp_sqlite_execute(store, LP_SQLITE_COMMIT, error)) {
		store->depth = 0;
		return true;
	}
	lp_sqlite_rollback(&store->store);
	return false;
}

bool lp_sqlite_begin_work(struct lp_store *opened, struct lp_error *error)
{
	return lp_sqlite_begin(lp_sqlite_store(opened), error);
}

bool lp_sqlite_commit_work(struct lp_store *opened, struct lp_error *error)
{
	return lp_sqlite_finish(lp_sqlite_store(opened), true, error);
}

void lp_sqlite_rollback(struct lp_store *opened)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct lp_error ignored; /* closing the connection rolls back all the same */

	store->depth = 0;
	if (sqlite3_get_autocommit(store->database) == 0)
		(void)!lp_sqlite_execute(store, LP_SQLITE_ROLLBACK, &ignored);
}
