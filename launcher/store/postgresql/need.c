/* What is still to be read of series: who reads them, what is owed, how much there is. */
#include "store/postgresql/internal.h"

#include <stdlib.h>

struct visiting {
	struct pg_store *store;
	lp_prunable_visit *visit;
	void *context;
};

static bool visit_prunable(void *context, const PGresult *row, struct lp_error *error)
{
	const struct visiting *visiting = context;
	struct lp_arena *arena = &visiting->store->scratch;
	struct lp_prunable prunable;

	lp_arena_empty(arena);
	prunable = (struct lp_prunable){
		.series_id = lp_pg_get_int8(row, 0, 0),
		.series = lp_pg_get_text(row, 0, 1, arena),
		.oldest = lp_pg_get_time(row, 0, 2),
		.computed = lp_pg_get_bool(row, 0, 3),
	};
	return visiting->visit(visiting->context, &prunable, error);
}

bool lp_pg_each_prunable(struct lp_store *opened, const char *pattern, lp_time before, lp_prunable_visit *visit,
                         void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct visiting visiting = { .store = store, .visit = visit, .context = context };
	struct pg_arguments *arguments;

	if (!lp_pg_begin(store, error))
		return false;
	lp_arena_empty(&store->scratch);
	arguments = lp_pg_arguments(store);
	lp_pg_argument_text(arguments, lp_pg_like(&store->scratch, pattern));
	lp_pg_argument_time(arguments, before);
	return lp_pg_finish(store, lp_pg_stream(store, PG_EACH_PRUNABLE, visit_prunable, &visiting, error), error);
}

static bool visit_need(const PGresult *result, int row, struct lp_arena *arena, lp_need_visit *visit, void *context,
                       struct lp_error *error)
{
	enum { AFTER_SCHEDULE = 3 + PG_SCHEDULE_COLUMNS };
	struct lp_schedule schedule;
	struct lp_need need = {
		.series_id = lp_pg_get_int8(result, row, 0),
		.calculation_id = lp_pg_get_int8(result, row, 1),
		.schedule = &schedule,
		.watermark = lp_pg_get_time(result, row, AFTER_SCHEDULE),
		.start = lp_pg_get_time(result, row, AFTER_SCHEDULE + 1),
		.enabled = lp_pg_get_bool(result, row, AFTER_SCHEDULE + 5),
	};

	lp_arena_empty(arena);
	need.calculation = lp_pg_get_text(result, row, 2, arena);
	return lp_pg_get_schedule(result, row, 3, &schedule, error) &&
	       lp_pg_parse_span(lp_pg_get_text(result, row, AFTER_SCHEDULE + 2, arena), &need.window, error) &&
	       lp_pg_parse_span(lp_pg_get_text(result, row, AFTER_SCHEDULE + 3, arena), &need.shift, error) &&
	       lp_pg_parse_duration(lp_pg_get_text(result, row, AFTER_SCHEDULE + 4, arena), &need.lookback, error) &&
	       visit(context, &need, error);
}

bool lp_pg_each_need(struct lp_store *opened, const int64_t *series_ids, size_t count, lp_need_visit *visit,
                     void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_arena arena = { .first = NULL };
	PGresult *result = NULL;
	bool done;

	if (!lp_pg_begin(store, error))
		return false;
	lp_pg_add_ids(lp_pg_arguments(store), series_ids, count);
	done = lp_pg_finish(store, lp_pg_execute(store, PG_EACH_NEED, &result, error), error);
	for (int i = 0; done && i < PQntuples(result); i++)
		done = visit_need(result, i, &arena, visit, context, error);
	lp_arena_free(&arena);
	PQclear(result);
	return done;
}

bool lp_pg_each_debt(struct lp_store *opened, lp_debt_visit *visit, void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	PGresult *result = NULL;
	bool done;

	if (!lp_pg_begin(store, error))
		return false;
	(void)lp_pg_arguments(store);
	done = lp_pg_finish(store, lp_pg_execute(store, PG_EACH_DEBT, &result, error), error);
	for (int i = 0; done && i < PQntuples(result); i++) {
		const struct lp_debt debt = { .calculation_id = lp_pg_get_int8(result, i, 0),
			                      .after_end = lp_pg_get_time(result, i, 1) };

		done = visit(context, &debt, error);
	}
	PQclear(result);
	return done;
}

bool lp_pg_count_samples(struct lp_store *opened, const struct lp_count_range *ranges, size_t count, uint64_t most,
                         uint64_t *samples, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	lp_time first = LP_TIME_MAX, beyond = LP_TIME_MIN;
	struct pg_arguments *arguments;
	PGresult *result = NULL;
	bool done;

	*samples = 0;
	if (!lp_pg_begin(store, error))
		return false;
	arguments = lp_pg_arguments(store);
	lp_pg_array_begin(arguments, PG_INT8);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_int8(arguments, ranges[i].series_id);
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_TIMESTAMPTZ);
	for (size_t i = 0; i < count; i++) {
		lp_pg_array_time(arguments, ranges[i].first);
		first = ranges[i].first < first ? ranges[i].first : first;
	}
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_TIMESTAMPTZ);
	for (size_t i = 0; i < count; i++) {
		lp_pg_array_time(arguments, ranges[i].beyond);
		beyond = ranges[i].beyond > beyond ? ranges[i].beyond : beyond;
	}
	lp_pg_array_end(arguments);
	lp_pg_argument_time(arguments, first);
	lp_pg_argument_time(arguments, beyond);
	lp_pg_argument_int8(arguments, most > 0 && most < INT64_MAX ? (int64_t)most : INT64_MAX);
	done = lp_pg_execute(store, PG_COUNT_SAMPLES, &result, error);
	if (done)
		*samples = (uint64_t)lp_pg_get_int8(result, 0, 0);
	PQclear(result);
	return lp_pg_finish(store, done, error);
}

static void add_ranges(struct pg_arguments *arguments, const struct lp_last *lasts, size_t count)
{
	lp_time first = LP_TIME_MAX, beyond = LP_TIME_MIN;

	lp_pg_array_begin(arguments, PG_INT8);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_int8(arguments, lasts[i].series_id);
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_TIMESTAMPTZ);
	for (size_t i = 0; i < count; i++) {
		first = lasts[i].first < first ? lasts[i].first : first;
		lp_pg_array_time(arguments, lasts[i].first);
	}
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_TIMESTAMPTZ);
	for (size_t i = 0; i < count; i++) {
		beyond = lasts[i].beyond > beyond ? lasts[i].beyond : beyond;
		lp_pg_array_time(arguments, lasts[i].beyond);
	}
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_INT4);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_int4(arguments, lasts[i].number);
	lp_pg_array_end(arguments);
	lp_pg_argument_time(arguments, first);
	lp_pg_argument_time(arguments, beyond);
}

bool lp_pg_find_lasts(struct lp_store *opened, struct lp_last *lasts, size_t count, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	PGresult *result = NULL;
	bool done;

	if (!lp_pg_begin(store, error))
		return false;
	add_ranges(lp_pg_arguments(store), lasts, count);
	done = lp_pg_execute(store, PG_FIND_LASTS, &result, error);
	for (int i = 0; done && i < PQntuples(result); i++)
		lasts[i].time = lp_pg_get_time(result, i, 0);
	PQclear(result);
	return lp_pg_finish(store, done, error);
}
