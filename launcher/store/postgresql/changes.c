/*
 * Changes of samples, as the triggers noted them, and who reads the series.
 * Knows nothing of windows: which of them are touched is schedule's business.
 */
#include "store/postgresql/internal.h"

#include "calendar/calendar.h"

#include <stdlib.h>
#include <string.h>

bool lp_pg_each_changed(struct lp_store *opened, lp_time newest, lp_changed_visit *visit, void *context,
                        struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	PGresult *result = NULL;
	bool done;

	if (!lp_pg_begin(store, error))
		return false;
	lp_pg_argument_time(lp_pg_arguments(store), newest);
	done = lp_pg_finish(store, lp_pg_execute(store, PG_EACH_CHANGED, &result, error), error);
	for (int i = 0; done && i < PQntuples(result); i++) {
		const struct lp_changed changed = {
			.series_id = lp_pg_get_int8(result, i, 0),
			.first = lp_pg_get_time(result, i, 1),
			.hours = (uint64_t)lp_pg_get_int8(result, i, 2),
		};

		done = visit(context, &changed, error);
	}
	PQclear(result);
	return done;
}

/* Rows of `change`: what is told, and taken, is what is in these, whatever is noted meanwhile. */
struct notes {
	int64_t *ids;
	size_t count, capacity;
};

static bool keep_note(void *context, const PGresult *row, struct lp_error *error)
{
	struct notes *notes = context;

	(void)error;
	LP_GROW(notes->ids, notes->count, notes->capacity);
	notes->ids[notes->count++] = lp_pg_get_int8(row, 0, 0);
	return true;
}

static void add_hours(struct pg_store *store, const struct notes *notes, const struct lp_change_query *query)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);

	lp_pg_add_ids(arguments, notes->ids, notes->count);
	lp_pg_argument_time(arguments, query->newest);
	lp_pg_array_begin(arguments, PG_INT8);
	for (size_t i = 0; i < query->bound_count; i++)
		lp_pg_array_int8(arguments, query->bounds[i].series_id);
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_TIMESTAMPTZ);
	for (size_t i = 0; i < query->bound_count; i++)
		lp_pg_array_time(arguments, query->bounds[i].oldest);
	lp_pg_array_end(arguments);
}

static bool count_too_old(struct pg_store *store, const struct notes *notes, struct lp_change_query *query,
                          struct lp_error *error)
{
	PGresult *result = NULL;
	bool done;

	if (query->bound_count == 0)
		return true;
	add_hours(store, notes, query);
	lp_pg_argument_time(&store->arguments, LP_TIME_MAX);
	done = lp_pg_execute(store, PG_COUNT_TOO_OLD, &result, error);
	if (done)
		query->too_old = (uint64_t)lp_pg_get_int8(result, 0, 0);
	PQclear(result);
	return done;
}

/* The next ones of the cursor. */
static bool tell_more(struct pg_store *store, struct lp_change *changes, lp_change_visit *visit, void *context,
                      size_t *told, struct lp_error *error)
{
	PGresult *result = NULL;
	bool done;

	(void)lp_pg_arguments(store);
	done = lp_pg_execute(store, PG_MORE_CHANGES, &result, error);
	*told = done ? (size_t)PQntuples(result) : 0;
	for (size_t i = 0; i < *told; i++)
		changes[i] = (struct lp_change){
			.series_id = lp_pg_get_int8(result, (int)i, 0),
			.first = lp_pg_get_time(result, (int)i, 1),
			.last = lp_pg_get_time(result, (int)i, 2),
			.by_hand = lp_pg_get_bool(result, (int)i, 3),
		};
	PQclear(result);
	return done && (*told == 0 || visit(context, changes, *told, error));
}

/* Hours by hours, so that neither side has to hold them all at once. */
static bool tell(struct pg_store *store, const struct notes *notes, const struct lp_change_query *query,
                 lp_change_visit *visit, void *context, struct lp_error *error)
{
	struct lp_change *changes = lp_reallocate(NULL, LP_CHANGES_AT_ONCE, sizeof *changes);
	size_t told = LP_CHANGES_AT_ONCE;
	bool done;

	add_hours(store, notes, query);
	done = lp_pg_execute(store, PG_OPEN_CHANGES, NULL, error);
	while (done && told == LP_CHANGES_AT_ONCE)
		done = tell_more(store, changes, visit, context, &told, error);
	free(changes);
	(void)lp_pg_arguments(store);
	return done && lp_pg_execute(store, PG_CLOSE_CHANGES, NULL, error);
}

static bool tell_and_take(struct pg_store *store, struct notes *notes, struct lp_change_query *query,
                          lp_change_visit *visit, void *context, struct lp_error *error)
{
	lp_pg_argument_time(lp_pg_arguments(store), query->newest);
	if (!lp_pg_stream(store, query->take ? PG_TAKE_NEWS : PG_EACH_NOTE, keep_note, notes, error))
		return false;
	if (notes->count == 0)
		return true;
	if (!count_too_old(store, notes, query, error) || !tell(store, notes, query, visit, context, error))
		return false;
	lp_pg_add_ids(lp_pg_arguments(store), notes->ids, notes->count);
	return !query->take || lp_pg_execute(store, PG_TAKE_NOTES, NULL, error);
}

bool lp_pg_each_change(struct lp_store *opened, struct lp_change_query *query, lp_change_visit *visit, void *context,
                       struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct notes notes = { .ids = NULL };
	bool done;

	query->too_old = 0;
	if (!lp_pg_begin(store, error))
		return false;
	done = tell_and_take(store, &notes, query, visit, context, error);
	free(notes.ids);
	return lp_pg_finish(store, done, error);
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
