/* What will still be read of series: their readers, what is owed, and how much there is. */
#include "store/postgresql/internal.h"

bool lp_pg_each_prunable(struct lp_store *opened, const char *pattern, lp_time before, lp_prunable_visit *visit,
                         void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	struct lp_prunable prunable;
	struct pg_rows rows;

	lp_arena_empty(&store->scratch);
	lp_pg_argument_text(arguments, lp_pg_like(&store->scratch, pattern));
	lp_pg_argument_time(arguments, before);
	lp_pg_stream(store, PG_EACH_PRUNABLE, &rows, error);
	while (lp_pg_next(&rows, &lp_prunable_layout, &prunable))
		rows.ok = visit(context, &prunable, error);
	return lp_pg_end(&rows);
}

bool lp_pg_each_need(struct lp_store *opened, const int64_t *series_ids, size_t count, lp_need_visit *visit,
                     void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_rows rows;
	struct lp_need need;

	lp_pg_add_ids(lp_pg_arguments(store), series_ids, count);
	lp_pg_read(store, PG_EACH_NEED, &rows, error);
	while (lp_pg_next(&rows, &lp_need_layout, &need))
		rows.ok = visit(context, &need, error);
	return lp_pg_end(&rows);
}

bool lp_pg_each_debt(struct lp_store *opened, lp_debt_visit *visit, void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_rows rows;
	struct lp_debt debt;

	(void)lp_pg_arguments(store);
	lp_pg_read(store, PG_EACH_DEBT, &rows, error);
	while (lp_pg_next(&rows, &lp_debt_layout, &debt))
		rows.ok = visit(context, &debt, error);
	return lp_pg_end(&rows);
}

bool lp_pg_count_samples(struct lp_store *opened, const struct lp_count_range *ranges, size_t count, uint64_t most,
                         uint64_t *samples, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	lp_time first = LP_TIME_MAX, beyond = LP_TIME_MIN;
	PGresult *result;
	bool ok;

	for (size_t i = 0; i < count; i++) {
		first = ranges[i].first < first ? ranges[i].first : first;
		beyond = ranges[i].beyond > beyond ? ranges[i].beyond : beyond;
	}
	lp_pg_add_columns(arguments, &lp_count_range_layout, ranges, sizeof *ranges, count);
	lp_pg_argument_time(arguments, first);
	lp_pg_argument_time(arguments, beyond);
	lp_pg_argument_int8(arguments, most > 0 && most < INT64_MAX ? (int64_t)most : INT64_MAX);
	ok = lp_pg_run(store, PG_COUNT_SAMPLES, &result, error);
	*samples = ok ? (uint64_t)lp_pg_get_int8(result, 0, 0) : 0;
	PQclear(result);
	return ok;
}

bool lp_pg_find_lasts(struct lp_store *opened, struct lp_last *lasts, size_t count, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	lp_time first = LP_TIME_MAX, beyond = LP_TIME_MIN;
	PGresult *result;
	bool ok;

	for (size_t i = 0; i < count; i++) {
		first = lasts[i].first < first ? lasts[i].first : first;
		beyond = lasts[i].beyond > beyond ? lasts[i].beyond : beyond;
	}
	lp_pg_add_columns(arguments, &lp_last_layout, lasts, sizeof *lasts, count);
	lp_pg_argument_time(arguments, first);
	lp_pg_argument_time(arguments, beyond);
	ok = lp_pg_run(store, PG_FIND_LASTS, &result, error);
	for (int i = 0; ok && i < PQntuples(result); i++)
		lasts[i].time = lp_pg_get_time(result, i, 0);
	PQclear(result);
	return ok;
}
