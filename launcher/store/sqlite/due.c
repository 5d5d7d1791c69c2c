/*
 * What a run plans from: the heads of batches, pending windows, who reads whom.
 */
#include "store/reading.h"
#include "store/sqlite/internal.h"

#include <stdlib.h>

bool lp_sqlite_each_batch(struct lp_store *opened, int32_t rank, lp_batch_visit *visit, void *context,
                          struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_EACH_BATCH, error);
	sqlite3_stmt *statement = rows.statement;
	struct lp_batch_head head = { 0 };
	struct lp_arena arena = { 0 };
	int64_t *upstream = NULL;
	size_t capacity = 0;

	sqlite3_bind_int(statement, 1, rank);
	while (lp_sqlite_next(&rows, &lp_head_layout, &head)) {
		head.upstream_count = 0;
		lp_sqlite_array_read(lp_sqlite_text(statement, rows.column), &upstream, &head.upstream_count,
		                     &capacity);
		head.upstream = upstream;
		lp_arena_empty(&arena);
		rows.ok = lp_readings_parse(lp_sqlite_text(statement, rows.column + 1), &arena, &head.readings,
		                            &head.reading_count, error)
		                  ? visit(context, &head, error)
		                  : lp_fail_within(error, "batch %lld", (long long)head.id);
	}
	free(upstream);
	lp_arena_free(&arena);
	return lp_sqlite_end(&rows);
}

bool lp_sqlite_each_pending(struct lp_store *opened, lp_time tick, lp_pending_visit *visit, void *context,
                            struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_EACH_PENDING, error);
	sqlite3_stmt *statement = rows.statement;
	struct lp_pending pending;

	sqlite3_bind_int64(statement, 1, tick);
	while (lp_sqlite_next(&rows, &lp_pending_window_layout, &pending))
		rows.ok = visit(context, &pending, error);
	return lp_sqlite_end(&rows);
}

bool lp_sqlite_fail_batch(struct lp_store *opened, int64_t batch_id, lp_time tick, const char *error_type,
                          const char *error_message, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_FAIL_BATCH, error);

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, batch_id);
	lp_sqlite_bind_time(statement, 2, tick);
	lp_sqlite_bind_text(statement, 3, error_type);
	lp_sqlite_bind_text(statement, 4, error_message);
	return lp_sqlite_run(store, statement, NULL, error);
}

bool lp_sqlite_each_edge(struct lp_store *opened, int64_t batch_id, int64_t calculation_id, lp_edge_visit *visit,
                         void *context, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_EACH_EDGE, error);
	sqlite3_stmt *statement = rows.statement;
	struct lp_edge edge;

	sqlite3_bind_int64(statement, 1, batch_id);
	sqlite3_bind_int64(statement, 2, calculation_id);
	while (lp_sqlite_next(&rows, &lp_edge_layout, &edge))
		rows.ok = visit(context, &edge, error);
	return lp_sqlite_end(&rows);
}
