/*
 * Changes of samples as the triggers noted them, and the readers of a series.
 * Knows nothing of windows: schedule/ decides which are affected.
 */
#include "store/postgresql/groups.h"

#include <stdlib.h>

bool lp_pg_each_changed(struct lp_store *opened, lp_time newest, lp_changed_visit *visit, void *context,
                        struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_changed changed;
	struct pg_rows rows;

	lp_pg_argument_time(lp_pg_arguments(store), newest);
	lp_pg_read(store, PG_EACH_CHANGED, &rows, error);
	while (lp_pg_next(&rows, &lp_changed_layout, &changed))
		rows.ok = visit(context, &changed, error);
	return lp_pg_end(&rows);
}

/* Rows of `change`: exactly these are visited and taken, whatever is noted meanwhile. */
struct notes {
	int64_t *ids;
	size_t count, capacity;
};

static bool keep_notes(struct pg_store *store, enum pg_statement statement, struct notes *notes, struct lp_error *error)
{
	struct pg_rows rows;

	lp_pg_stream(store, statement, &rows, error);
	while (lp_pg_next(&rows, NULL, NULL)) {
		LP_GROW(notes->ids, notes->count, notes->capacity);
		notes->ids[notes->count++] = lp_pg_get_int8(rows.result, 0, 0);
	}
	return lp_pg_end(&rows);
}

static void add_hours(struct pg_store *store, const struct notes *notes, const struct lp_change_query *query)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);

	lp_pg_add_ids(arguments, notes->ids, notes->count);
	lp_pg_argument_time(arguments, query->newest);
	lp_pg_add_columns(arguments, &lp_change_bound_layout, query->bounds, sizeof *query->bounds, query->bound_count);
}

static bool count_too_old(struct pg_store *store, const struct notes *notes, struct lp_change_query *query,
                          struct lp_error *error)
{
	PGresult *result = NULL;
	bool ok;

	if (query->bound_count == 0)
		return true;
	add_hours(store, notes, query);
	lp_pg_argument_time(&store->arguments, LP_TIME_MAX);
	ok = lp_pg_execute(store, PG_COUNT_TOO_OLD, &result, error);
	if (ok)
		query->too_old = (uint64_t)lp_pg_get_int8(result, 0, 0);
	PQclear(result);
	return ok;
}

/* Fetches the next rows of the cursor. */
static bool tell_more(struct pg_store *store, struct lp_change *changes, lp_change_visit *visit, void *context,
                      size_t *told, struct lp_error *error)
{
	struct pg_rows rows;

	*told = 0;
	(void)lp_pg_arguments(store);
	lp_pg_read(store, PG_MORE_CHANGES, &rows, error);
	while (lp_pg_next(&rows, &lp_change_layout, &changes[*told]))
		++*told;
	return lp_pg_end(&rows) && (*told == 0 || visit(context, changes, *told, error));
}

/* Visits hours in chunks, so that neither side has to hold them all at once. */
static bool tell(struct pg_store *store, const struct notes *notes, const struct lp_change_query *query,
                 lp_change_visit *visit, void *context, struct lp_error *error)
{
	struct lp_change *changes = lp_reallocate(NULL, LP_CHANGES_AT_ONCE, sizeof *changes);
	size_t told = LP_CHANGES_AT_ONCE;
	bool ok;

	add_hours(store, notes, query);
	ok = lp_pg_execute(store, PG_OPEN_CHANGES, NULL, error);
	while (ok && told == LP_CHANGES_AT_ONCE)
		ok = tell_more(store, changes, visit, context, &told, error);
	free(changes);
	(void)lp_pg_arguments(store);
	return ok && lp_pg_execute(store, PG_CLOSE_CHANGES, NULL, error);
}

static bool tell_and_take(struct pg_store *store, struct notes *notes, struct lp_change_query *query,
                          lp_change_visit *visit, void *context, struct lp_error *error)
{
	lp_pg_argument_time(lp_pg_arguments(store), query->newest);
	if (!keep_notes(store, query->take ? PG_TAKE_NEWS : PG_EACH_NOTE, notes, error))
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
	bool ok;

	query->too_old = 0;
	if (!lp_pg_begin(store, error))
		return false;
	ok = tell_and_take(store, &notes, query, visit, context, error);
	free(notes.ids);
	return lp_pg_finish(store, ok, error);
}

static bool next_good(struct pg_store *store, const struct pg_group *group, struct lp_change *changes, lp_time before,
                      struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_begin_group(store, group);
	lp_time earliest = LP_TIME_MAX;
	PGresult *result;
	bool ok;

	lp_pg_array_begin(arguments, PG_TIMESTAMPTZ);
	for (size_t i = 0; i < group->count; i++) {
		lp_time last = changes[group->items[i]].last;

		earliest = last < earliest ? last : earliest;
		lp_pg_array_time(arguments, last);
	}
	lp_pg_array_end(arguments);
	/* For the planner, which leaves out partitions by it. */
	lp_pg_argument_time(arguments, earliest);
	lp_pg_argument_time(arguments, before);
	ok = lp_pg_ask_group(store, group, PG_NEXT_GOOD, PG_MAPPED_NEXT_GOOD, &result, error);
	for (int i = 0; ok && i < PQntuples(result); i++)
		changes[group->items[lp_pg_get_int8(result, i, 0) - 1]].next_good = lp_pg_get_time(result, i, 1);
	PQclear(result);
	return ok;
}

/* Where a table does not answer there is no next one, and readers follow as far as they look back. */
bool lp_pg_find_next_good(struct lp_store *opened, struct lp_change *changes, size_t count, lp_time before,
                          struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_groups groups;
	bool ok;

	for (size_t i = 0; i < count; i++)
		changes[i].next_good = LP_TIME_NONE;
	if (!lp_pg_begin(store, error))
		return false;
	ok = lp_pg_group(store, &changes[0].series_id, sizeof *changes, count, &groups, error);
	for (size_t i = 0; ok && i < groups.count; i++)
		ok = next_good(store, &groups.groups[i], changes, before, error);
	lp_pg_ungroup(&groups);
	return lp_pg_finish(store, ok, error);
}

static bool find_rise(struct pg_store *store, const struct pg_group *group, const struct lp_rise_query *query,
                      lp_time *rise, struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);
	PGresult *result;
	bool ok;

	if (group->mapping != NULL)
		(void)lp_pg_begin_group(store, group);
	else
		lp_pg_argument_int8(arguments, query->series_id);
	lp_pg_argument_time(arguments, query->after);
	lp_pg_argument_time(arguments, query->before);
	lp_pg_add_column(arguments, LP_KIND_DOUBLE, &query->times, 0, 1);
	lp_pg_argument_int8(arguments, query->most);
	ok = lp_pg_ask_group(store, group, PG_FIND_RISE, PG_MAPPED_FIND_RISE, &result, error);
	/* Where a table does not answer there may be one until the end. */
	if (ok)
		*rise = result == NULL ? query->before - 1 : lp_pg_get_time(result, 0, 0);
	PQclear(result);
	return ok;
}

bool lp_pg_find_rise(struct lp_store *opened, const struct lp_rise_query *query, lp_time *rise, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_groups groups;
	bool ok;

	if (!lp_pg_begin(store, error))
		return false;
	ok = lp_pg_group(store, &query->series_id, 0, 1, &groups, error) &&
	     find_rise(store, &groups.groups[0], query, rise, error);
	lp_pg_ungroup(&groups);
	return lp_pg_finish(store, ok, error);
}

bool lp_pg_invalidate(struct lp_store *opened, int64_t series_id, lp_time first, lp_time last, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);

	lp_pg_argument_int8(arguments, series_id);
	lp_pg_argument_time(arguments, first);
	lp_pg_argument_time(arguments, last);
	return lp_pg_run(store, PG_INVALIDATE, NULL, error);
}

bool lp_pg_each_reader(struct lp_store *opened, const int64_t *series_ids, size_t count, lp_reader_visit *visit,
                       void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_reader reader;
	struct pg_rows rows;

	lp_pg_add_ids(lp_pg_arguments(store), series_ids, count);
	lp_pg_read(store, PG_EACH_READER, &rows, error);
	while (lp_pg_next(&rows, &lp_reader_layout, &reader))
		rows.ok = visit(context, &reader, error);
	return lp_pg_end(&rows);
}
