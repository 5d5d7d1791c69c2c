/*
 * Changes of samples, as the triggers noted them, and who reads the series.
 * Knows nothing of windows: which of them are touched is schedule's business.
 */
#include "store/postgresql/internal.h"

#include "calendar/calendar.h"

#include <stdlib.h>
#include <string.h>

struct changes {
	struct lp_change_query *query;
	struct lp_change *items;
	size_t count, capacity;
};

static bool keep(void *context, const PGresult *row, struct lp_error *error)
{
	struct changes *changes = context;
	struct lp_change change = {
		.series_id = lp_pg_get_int8(row, 0, 0),
		.first = lp_pg_get_time(row, 0, 1),
		.last = lp_pg_get_time(row, 0, 2),
		.by_hand = lp_pg_get_bool(row, 0, 3),
	};

	(void)error;
	if (change.last < changes->query->oldest && !change.by_hand) {
		changes->query->too_old++;
		return true;
	}
	LP_GROW(changes->items, changes->count, changes->capacity);
	changes->items[changes->count++] = change;
	return true;
}

bool lp_pg_each_change(struct lp_store *opened, struct lp_change_query *query, lp_change_visit *visit, void *context,
                       struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct changes changes = { .query = query };
	bool done;

	query->too_old = 0;
	if (!lp_pg_begin(store, error))
		return false;
	lp_pg_argument_time(lp_pg_arguments(store), query->newest);
	done = lp_pg_finish(
		store, lp_pg_stream(store, query->take ? PG_TAKE_CHANGES : PG_LOOK_AT_CHANGES, keep, &changes, error),
		error);
	for (size_t i = 0; done && i < changes.count; i++)
		done = visit(context, &changes.items[i], error);
	free(changes.items);
	return done;
}

bool lp_pg_find_next_good(struct lp_store *opened, struct lp_change *changes, size_t count, lp_time before,
                          struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments;
	PGresult *result = NULL;
	lp_time earliest = LP_TIME_MAX;
	bool done;

	if (!lp_pg_begin(store, error))
		return false;
	arguments = lp_pg_arguments(store);
	lp_pg_array_begin(arguments, PG_INT8);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_int8(arguments, changes[i].series_id);
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_TIMESTAMPTZ);
	for (size_t i = 0; i < count; i++) {
		lp_pg_array_time(arguments, changes[i].last);
		earliest = changes[i].last < earliest ? changes[i].last : earliest;
		changes[i].next_good = LP_TIME_NONE;
	}
	lp_pg_array_end(arguments);
	/* For the planner, which leaves out partitions. */
	lp_pg_argument_time(arguments, earliest);
	lp_pg_argument_time(arguments, before);
	done = lp_pg_finish(store, lp_pg_execute(store, PG_NEXT_GOOD, &result, error), error);
	for (int i = 0; done && i < PQntuples(result); i++)
		changes[lp_pg_get_int8(result, i, 0) - 1].next_good = lp_pg_get_time(result, i, 1);
	PQclear(result);
	return done;
}

bool lp_pg_find_rise(struct lp_store *opened, const struct lp_rise_query *query, lp_time *rise, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments;
	PGresult *result = NULL;
	bool done;

	if (!lp_pg_begin(store, error))
		return false;
	arguments = lp_pg_arguments(store);
	lp_pg_argument_int8(arguments, query->series_id);
	lp_pg_argument_time(arguments, query->after);
	lp_pg_argument_time(arguments, query->before);
	lp_pg_array_begin(arguments, PG_FLOAT8);
	lp_pg_array_float8(arguments, query->times);
	lp_pg_array_end(arguments);
	lp_pg_argument_int8(arguments, query->most);
	done = lp_pg_execute(store, PG_FIND_RISE, &result, error);
	if (done)
		*rise = lp_pg_get_time(result, 0, 0);
	PQclear(result);
	return lp_pg_finish(store, done, error);
}

bool lp_pg_invalidate(struct lp_store *opened, int64_t series_id, lp_time first, lp_time last, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments;

	if (!lp_pg_begin(store, error))
		return false;
	arguments = lp_pg_arguments(store);
	lp_pg_argument_int8(arguments, series_id);
	lp_pg_argument_time(arguments, first);
	lp_pg_argument_time(arguments, last);
	return lp_pg_finish(store, lp_pg_execute(store, PG_INVALIDATE, NULL, error), error);
}

static bool visit_reader(const PGresult *result, int row, struct lp_arena *arena, lp_reader_visit *visit, void *context,
                         struct lp_error *error)
{
	enum { AFTER_SCHEDULE = 2 + PG_SCHEDULE_COLUMNS };
	struct lp_schedule schedule;
	struct lp_reader reader = {
		.calculation_id = lp_pg_get_int8(result, row, 0),
		.series_id = lp_pg_get_int8(result, row, 1),
		.schedule = &schedule,
		.watermark = lp_pg_get_time(result, row, AFTER_SCHEDULE),
		.start = lp_pg_get_time(result, row, AFTER_SCHEDULE + 1),
		.computed = lp_pg_get_bool(result, row, AFTER_SCHEDULE + 6),
		.past_after = lp_pg_get_time(result, row, AFTER_SCHEDULE + 7),
		.past_until = lp_pg_get_time(result, row, AFTER_SCHEDULE + 8),
		.enabled = lp_pg_get_bool(result, row, AFTER_SCHEDULE + 9),
	};

	lp_arena_empty(arena);
	return lp_pg_get_schedule(result, row, 2, &schedule, error) &&
	       lp_pg_parse_span(lp_pg_get_text(result, row, AFTER_SCHEDULE + 2, arena), &reader.window, error) &&
	       lp_pg_parse_span(lp_pg_get_text(result, row, AFTER_SCHEDULE + 3, arena), &reader.shift, error) &&
	       lp_pg_parse_duration(lp_pg_get_text(result, row, AFTER_SCHEDULE + 4, arena), &reader.lookback, error) &&
	       lp_pg_parse_within(lp_pg_get_text(result, row, AFTER_SCHEDULE + 5, arena), &reader.recompute_within,
	                          error) &&
	       visit(context, &reader, error);
}

bool lp_pg_each_reader(struct lp_store *opened, const int64_t *series_ids, size_t count, lp_reader_visit *visit,
                       void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_arena arena = { .first = NULL };
	PGresult *result = NULL;
	bool done;

	if (!lp_pg_begin(store, error))
		return false;
	lp_pg_add_ids(lp_pg_arguments(store), series_ids, count);
	done = lp_pg_finish(store, lp_pg_execute(store, PG_EACH_READER, &result, error), error);
	for (int i = 0; done && i < PQntuples(result); i++)
		done = visit_reader(result, i, &arena, visit, context, error);
	lp_arena_free(&arena);
	PQclear(result);
	return done;
}
