/* What will still be read of series: their readers, what is owed, and how much there is. */
#include "store/postgresql/groups.h"

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

/* Arguments: an array of times of each end of the ranges. */
static void add_ends(struct pg_arguments *arguments, const struct pg_group *group, const lp_time *first, size_t stride)
{
	lp_pg_array_begin(arguments, PG_TIMESTAMPTZ);
	for (size_t i = 0; i < group->count; i++)
		lp_pg_array_time(arguments, *(const lp_time *)((const char *)first + group->items[i] * stride));
	lp_pg_array_end(arguments);
}

static bool count_samples(struct pg_store *store, const struct pg_group *group, const struct lp_count_range *ranges,
                          uint64_t most, uint64_t *samples, struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_begin_group(store, group);
	lp_time first = LP_TIME_MAX, beyond = LP_TIME_MIN;
	PGresult *result;
	bool ok;

	for (size_t i = 0; i < group->count; i++) {
		const struct lp_count_range *range = &ranges[group->items[i]];

		first = range->first < first ? range->first : first;
		beyond = range->beyond > beyond ? range->beyond : beyond;
	}
	add_ends(arguments, group, &ranges[0].first, sizeof *ranges);
	add_ends(arguments, group, &ranges[0].beyond, sizeof *ranges);
	lp_pg_argument_time(arguments, first);
	lp_pg_argument_time(arguments, beyond);
	lp_pg_argument_int8(arguments, most > 0 && most < INT64_MAX ? (int64_t)most : INT64_MAX);
	ok = lp_pg_ask_group(store, group, PG_COUNT_SAMPLES, PG_MAPPED_COUNT_SAMPLES, &result, error);
	/* One that does not answer is told by what reads it next. */
	if (ok && result != NULL)
		*samples += (uint64_t)lp_pg_get_int8(result, 0, 0);
	PQclear(result);
	return ok;
}

bool lp_pg_count_samples(struct lp_store *opened, const struct lp_count_range *ranges, size_t count, uint64_t most,
                         uint64_t *samples, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_groups groups;
	bool ok;

	*samples = 0;
	if (!lp_pg_begin(store, error))
		return false;
	ok = lp_pg_group(store, &ranges[0].series_id, sizeof *ranges, count, &groups, error);
	for (size_t i = 0; ok && i < groups.count; i++)
		ok = count_samples(store, &groups.groups[i], ranges, most, samples, error);
	lp_pg_ungroup(&groups);
	return lp_pg_finish(store, ok, error);
}

static bool find_lasts(struct pg_store *store, const struct pg_group *group, struct lp_last *lasts,
                       struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_begin_group(store, group);
	lp_time first = LP_TIME_MAX, beyond = LP_TIME_MIN;
	PGresult *result;
	bool ok;

	for (size_t i = 0; i < group->count; i++) {
		const struct lp_last *last = &lasts[group->items[i]];

		first = last->first < first ? last->first : first;
		beyond = last->beyond > beyond ? last->beyond : beyond;
	}
	add_ends(arguments, group, &lasts[0].first, sizeof *lasts);
	add_ends(arguments, group, &lasts[0].beyond, sizeof *lasts);
	lp_pg_array_begin(arguments, PG_INT4);
	for (size_t i = 0; i < group->count; i++)
		lp_pg_array_int4(arguments, lasts[group->items[i]].number);
	lp_pg_array_end(arguments);
	lp_pg_argument_time(arguments, first);
	lp_pg_argument_time(arguments, beyond);
	ok = lp_pg_ask_group(store, group, PG_FIND_LASTS, PG_MAPPED_FIND_LASTS, &result, error);
	for (int i = 0; ok && i < PQntuples(result); i++)
		lasts[group->items[i]].time = lp_pg_get_time(result, i, 0);
	PQclear(result);
	return ok;
}

/* Where a table does not answer there are not so many, and all of the range is needed. */
bool lp_pg_find_lasts(struct lp_store *opened, struct lp_last *lasts, size_t count, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_groups groups;
	bool ok;

	for (size_t i = 0; i < count; i++)
		lasts[i].time = LP_TIME_NONE;
	if (!lp_pg_begin(store, error))
		return false;
	ok = lp_pg_group(store, &lasts[0].series_id, sizeof *lasts, count, &groups, error);
	for (size_t i = 0; ok && i < groups.count; i++)
		ok = find_lasts(store, &groups.groups[i], lasts, error);
	lp_pg_ungroup(&groups);
	return lp_pg_finish(store, ok, error);
}
