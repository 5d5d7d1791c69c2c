/*
 * What a run plans from: the heads of batches, and pending windows.  Read as a
 * whole before the first is shown, so that a visitor may use the connection.
 */
#include "store/postgresql/internal.h"
#include "store/reading.h"

static bool get_head(const PGresult *result, int row, struct lp_arena *arena, struct lp_batch_head *head,
                     struct lp_error *error)
{
	enum { AFTER_SCHEDULE = 4 + PG_SCHEDULE_COLUMNS };
	struct pg_reader upstream;
	int64_t *ids;

	*head = (struct lp_batch_head){
		.id = lp_pg_get_int8(result, row, 0),
		.generation = lp_pg_get_int8(result, row, 1),
		.rank = lp_pg_get_int4(result, row, 2),
		.size = lp_pg_get_int4(result, row, 3),
		.start = lp_pg_get_time(result, row, AFTER_SCHEDULE),
		.watermark = lp_pg_get_time(result, row, AFTER_SCHEDULE + 1),
		.reach = lp_pg_get_int8(result, row, AFTER_SCHEDULE + 3),
		.span = lp_pg_get_int8(result, row, AFTER_SCHEDULE + 5),
	};
	if (!lp_pg_get_schedule(result, row, 4, &head->schedule, error) ||
	    !lp_pg_reader_open(result, row, AFTER_SCHEDULE + 2, &upstream, error))
		return lp_fail_within(error, "batch %lld", (long long)head->id);
	ids = lp_arena_zeroed(arena, upstream.count, sizeof *ids);
	for (size_t i = 0; i < upstream.count; i++)
		ids[i] = lp_pg_read_int(&upstream);
	head->upstream = ids;
	head->upstream_count = upstream.count;
	return lp_readings_parse(lp_pg_get_text(result, row, AFTER_SCHEDULE + 4, arena), arena, &head->readings,
	                         &head->reading_count, error) ||
	       lp_fail_within(error, "batch %lld", (long long)head->id);
}

bool lp_pg_each_batch(struct lp_store *opened, int32_t rank, lp_batch_visit *visit, void *context,
                      struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	PGresult *result = NULL;
	struct lp_arena arena = { .first = NULL };
	bool done;

	if (!lp_pg_begin(store, error))
		return false;
	lp_pg_argument_int4(lp_pg_arguments(store), rank);
	done = lp_pg_finish(store, lp_pg_execute(store, PG_EACH_BATCH, &result, error), error);
	for (int i = 0; done && i < PQntuples(result); i++) {
		struct lp_batch_head head;

		lp_arena_empty(&arena);
		done = get_head(result, i, &arena, &head, error) && visit(context, &head, error);
	}
	lp_arena_free(&arena);
	PQclear(result);
	return done;
}

bool lp_pg_each_pending(struct lp_store *opened, lp_time tick, lp_pending_visit *visit, void *context,
                        struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	PGresult *result = NULL;
	bool done;

	if (!lp_pg_begin(store, error))
		return false;
	lp_pg_argument_time(lp_pg_arguments(store), tick);
	done = lp_pg_finish(store, lp_pg_execute(store, PG_EACH_PENDING, &result, error), error);
	for (int i = 0; done && i < PQntuples(result); i++) {
		struct lp_pending pending = {
			.calculation_id = lp_pg_get_int8(result, i, 0),
			.rank = lp_pg_get_int4(result, i, 1),
			.attempts = lp_pg_get_int4(result, i, 2),
			.window = { lp_pg_get_time(result, i, 3), lp_pg_get_time(result, i, 4) },
			.batch_id = lp_pg_get_int8(result, i, 5),
		};

		done = visit(context, &pending, error);
	}
	PQclear(result);
	return done;
}

bool lp_pg_fail_batch(struct lp_store *opened, int64_t batch_id, lp_time tick, const char *error_type,
                      const char *error_message, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments;

	if (!lp_pg_begin(store, error))
		return false;
	arguments = lp_pg_arguments(store);
	lp_pg_argument_int8(arguments, batch_id);
	lp_pg_argument_time(arguments, tick);
	lp_pg_argument_text(arguments, error_type);
	lp_pg_argument_text(arguments, error_message);
	return lp_pg_finish(store, lp_pg_execute(store, PG_FAIL_BATCH, NULL, error), error);
}

bool lp_pg_each_edge(struct lp_store *opened, int64_t batch_id, int64_t calculation_id, lp_edge_visit *visit,
                     void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_arena arena = { .first = NULL };
	struct pg_arguments *arguments;
	PGresult *result = NULL;
	bool done;

	if (!lp_pg_begin(store, error))
		return false;
	arguments = lp_pg_arguments(store);
	lp_pg_argument_int8(arguments, batch_id);
	lp_pg_argument_int8(arguments, calculation_id);
	done = lp_pg_finish(store, lp_pg_execute(store, PG_EACH_EDGE, &result, error), error);
	for (int i = 0; done && i < PQntuples(result); i++) {
		lp_arena_empty(&arena);
		struct lp_edge edge = {
			.reader_id = lp_pg_get_int8(result, i, 0),
			.reader_batch = lp_pg_get_int8(result, i, 1),
			.writer_id = lp_pg_get_int8(result, i, 2),
			.writer_batch = lp_pg_get_int8(result, i, 3),
			.series_id = lp_pg_get_int8(result, i, 4),
			.reader = lp_pg_get_text(result, i, 5, &arena),
			.writer = lp_pg_get_text(result, i, 6, &arena),
		};

		done = visit(context, &edge, error);
	}
	lp_arena_free(&arena);
	PQclear(result);
	return done;
}
