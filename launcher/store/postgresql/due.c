/*
 * What a run plans from: the heads of batches, and pending windows.  Read as a
 * whole before the first is shown, so that a visitor may use the connection.
 */
#include "store/postgresql/internal.h"
#include "store/reading.h"

/* Reads what follows the columns of a head: the batches that it reads, and what of them. */
static bool take_upstream(struct pg_rows *rows, struct lp_batch_head *head)
{
	struct pg_reader upstream;
	int64_t *ids;

	if (!lp_pg_reader_open(rows->result, rows->row, rows->column, &upstream, rows->error))
		return false;
	ids = lp_arena_zeroed(rows->arena, upstream.count, sizeof *ids);
	for (size_t i = 0; i < upstream.count; i++)
		ids[i] = lp_pg_read_int(&upstream);
	head->upstream = ids;
	head->upstream_count = upstream.count;
	return lp_readings_parse(PQgetvalue(rows->result, rows->row, rows->column + 1), rows->arena, &head->readings,
	                         &head->reading_count, rows->error) ||
	       lp_fail_within(rows->error, "batch %lld", (long long)head->id);
}

bool lp_pg_each_batch(struct lp_store *opened, int32_t rank, lp_batch_visit *visit, void *context,
                      struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_arena arena = { .first = NULL };
	struct lp_batch_head head = { .id = 0 };
	struct pg_rows rows;

	lp_pg_argument_int4(lp_pg_arguments(store), rank);
	lp_pg_read(store, PG_EACH_BATCH, &rows, error);
	rows.arena = &arena;
	while (lp_pg_next(&rows, &lp_head_layout, &head)) {
		rows.ok = take_upstream(&rows, &head) && visit(context, &head, error);
		lp_arena_empty(&arena);
	}
	lp_arena_free(&arena);
	return lp_pg_end(&rows);
}

bool lp_pg_each_pending(struct lp_store *opened, lp_time tick, lp_pending_visit *visit, void *context,
                        struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_pending pending;
	struct pg_rows rows;

	lp_pg_argument_time(lp_pg_arguments(store), tick);
	lp_pg_read(store, PG_EACH_PENDING, &rows, error);
	while (lp_pg_next(&rows, &lp_pending_window_layout, &pending))
		rows.ok = visit(context, &pending, error);
	return lp_pg_end(&rows);
}

bool lp_pg_fail_batch(struct lp_store *opened, int64_t batch_id, lp_time tick, const char *error_type,
                      const char *error_message, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);

	lp_pg_argument_int8(arguments, batch_id);
	lp_pg_argument_time(arguments, tick);
	lp_pg_argument_text(arguments, error_type);
	lp_pg_argument_text(arguments, error_message);
	return lp_pg_run(store, PG_FAIL_BATCH, NULL, error);
}

bool lp_pg_each_edge(struct lp_store *opened, int64_t batch_id, int64_t calculation_id, lp_edge_visit *visit,
                     void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	struct pg_rows rows;
	struct lp_edge edge;

	lp_pg_argument_int8(arguments, batch_id);
	lp_pg_argument_int8(arguments, calculation_id);
	lp_pg_read(store, PG_EACH_EDGE, &rows, error);
	while (lp_pg_next(&rows, &lp_edge_layout, &edge))
		rows.ok = visit(context, &edge, error);
	return lp_pg_end(&rows);
}
