/* Runs: the lock that there is one at a time, their rows. */
#include "store/postgresql/gone.h"
#include "store/postgresql/mapping.h"

#include "model/clock.h"

#include <string.h>

enum { MOVE_AT_END = 2 /* seconds */ };

static void drop_lock_connection(struct pg_store *store)
{
	PQfinish(store->lock_connection);
	store->lock_connection = NULL;
}

/*
 * A lock of a transaction, not of a session: it works through PgBouncer in
 * transaction mode.  The transaction does nothing else, so it has no snapshot that
 * would hold back vacuum.
 */
static bool begin_lock(struct pg_store *store)
{
	PGresult *result = PQexec(store->lock_connection, "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; "
	                                                  "SET LOCAL search_path = pg_catalog, pg_temp");
	bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;

	PQclear(result);
	return ok;
}

bool lp_pg_lock_run(struct lp_store *opened, enum lp_run_kind kind, bool *acquired, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	char sql[128];
	PGresult *result = NULL;
	bool ok;

	*acquired = false;
	/* The connection of an earlier lock serves again, unless it was lost meanwhile. */
	assert(PQtransactionStatus(store->lock_connection) != PQTRANS_INTRANS);
	ok = store->lock_connection != NULL && begin_lock(store);
	if (!ok) {
		drop_lock_connection(store);
		if (!lp_pg_connect(store, &store->lock_connection, error))
			return false;
		ok = begin_lock(store);
	}
	if (ok) {
		snprintf(sql, sizeof sql, lp_pg_format(PG_TRY_LOCK_RUN, "%d"),
		         kind == LP_RUN_MINUTE ? PG_LOCK_RUN : PG_LOCK_BACKFILL);
		result = PQexec(store->lock_connection, sql);
		ok = PQresultStatus(result) == PGRES_TUPLES_OK;
		*acquired = ok && strcmp(PQgetvalue(result, 0, 0), "t") == 0;
	}
	if (!ok)
		lp_pg_fail(store->lock_connection, result, "take the lock of a run", error);
	PQclear(result);
	if (!*acquired)
		drop_lock_connection(store);
	return ok;
}

void lp_pg_unlock_run(struct lp_store *opened)
{
	lp_pg_end_lock(lp_pg_store(opened));
}

bool lp_pg_run_is_active(struct lp_store *opened, enum lp_run_kind kind, bool *active, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	PGresult *result;
	bool ok;

	lp_pg_argument_int4(lp_pg_arguments(store), kind == LP_RUN_MINUTE ? PG_LOCK_RUN : PG_LOCK_BACKFILL);
	ok = lp_pg_run(store, PG_IS_LOCKED, &result, error);
	*active = ok && lp_pg_get_bool(result, 0, 0);
	PQclear(result);
	return ok;
}

bool lp_pg_begin_run(struct lp_store *opened, struct lp_run *run, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	PGresult *result = NULL;
	bool ok;

	lp_pg_look_again();
	if (!lp_pg_begin(store, error))
		return false;
	lp_pg_argument_int4(lp_pg_arguments(store), PG_LOCK_BEGIN);
	if (!lp_pg_execute(store, PG_ENTER_RUN, NULL, error))
		return lp_pg_finish(store, false, error);
	lp_pg_add_row(lp_pg_arguments(store), &lp_new_run_layout, run);
	lp_pg_add_mapping_names(store, &store->arguments);
	ok = lp_pg_execute(store, PG_BEGIN_RUN, &result, error) &&
	     (lp_pg_get_bool(result, 0, 3) == lp_pg_mirrors(store) || lp_pg_fail_mirror(store, error)) &&
	     ((size_t)lp_pg_get_int8(result, 0, 4) == lp_pg_count_noting(store) || lp_pg_fail_noting(error)) &&
	     (lp_pg_is_null(result, 0, 1) ||
	      lp_pg_no_such_table(PQgetvalue(result, 0, 1), PQgetvalue(result, 0, 2), error));
	if (ok)
		run->id = lp_pg_get_int8(result, 0, 0);
	PQclear(result);
	return lp_pg_finish(store, ok, error);
}

bool lp_pg_hold_run(struct lp_store *opened, int64_t run_id, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	PGresult *result = NULL;
	bool ok;

	assert(store->depth > 0);
	lp_pg_argument_int8(lp_pg_arguments(store), run_id);
	ok = lp_pg_execute(store, PG_LOCK_RUNNING, &result, error);
	if (ok && PQntuples(result) == 0)
		ok = lp_run_is_over(error);
	PQclear(result);
	return ok;
}

static const char *states_as_json(const struct lp_run *run, struct lp_text *text)
{
	lp_text_add(text, "{", 1);
	for (int state = 0; state < LP_STATE_COUNT; state++) {
		if (run->states[state] == 0)
			continue;
		lp_text_addf(text, "%s\"%s\": %llu", text->length > 1 ? ", " : "", lp_state_name((enum lp_state)state),
		             (unsigned long long)run->states[state]);
	}
	lp_text_add(text, "}", 1);
	return text->data;
}

bool lp_pg_end_run(struct lp_store *opened, const struct lp_run *run, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	struct lp_text states = { .length = 0 };
	PGresult *result = NULL;
	bool ok, moving;

	if (!lp_pg_begin(store, error))
		return false;
	lp_pg_add_row(arguments, &lp_ended_run_layout, run);
	lp_pg_argument_text(arguments, states_as_json(run, &states));
	ok = lp_pg_execute(store, PG_END_RUN, &result, error);
	if (ok && lp_pg_affected(result) == 0)
		ok = lp_run_is_over(error);
	moving = ok && lp_pg_get_bool(result, 0, 0);
	PQclear(result);
	lp_text_free(&states);
	/*
	 * Finishes moves that a run began and gave up, because everything that was about
	 * to be computed was waiting.
	 */
	return lp_pg_finish(store, ok, error) &&
	       (!moving || lp_pg_move_samples(store, MOVE_AT_END * LP_MONOTONIC_SECOND, error));
}

/* The last column: how often each state came about. */
static bool take_states(struct pg_rows *rows, struct lp_run *run)
{
	struct pg_reader states;

	if (!lp_pg_reader_open(rows->result, rows->row, rows->column, &states, rows->error))
		return false;
	for (size_t i = 0; i < LP_STATE_COUNT; i++)
		run->states[i] = i < states.count ? (uint64_t)lp_pg_read_int(&states) : 0;
	return true;
}

bool lp_pg_each_run(struct lp_store *opened, const struct lp_run_query *query, lp_run_visit *visit, void *context,
                    struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	struct pg_rows rows;
	struct lp_run run;

	lp_pg_argument_int8(arguments, query->id);
	lp_pg_argument_time(arguments, query->from);
	lp_pg_argument_time(arguments, query->to);
	if (query->most > 0)
		lp_pg_argument_int8(arguments, query->most);
	else
		lp_pg_argument_no_int8(arguments);
	lp_pg_read(store, PG_EACH_RUN, &rows, error);
	while (lp_pg_next(&rows, &lp_run_layout, &run))
		rows.ok = take_states(&rows, &run) && visit(context, &run, error);
	return lp_pg_end(&rows);
}
