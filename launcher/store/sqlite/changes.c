/*
 * Changes of samples as the triggers noted them, and the readers of a series.
 * Knows nothing of windows: schedule/ decides which are affected.
 */
#include "store/sqlite/internal.h"

#include <stdlib.h>

bool lp_sqlite_be_own(struct sqlite_store *store, bool own, struct lp_error *error)
{
	assert(store->depth > 0);
	return lp_sqlite_execute(store, own ? LP_SQLITE_BEGIN_OWN : LP_SQLITE_END_OWN, error);
}

bool lp_sqlite_each_changed(struct lp_store *opened, lp_time newest, lp_changed_visit *visit, void *context,
                            struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_EACH_CHANGED, error);
	sqlite3_stmt *statement = rows.statement;
	struct lp_changed changed;

	sqlite3_bind_int64(statement, 1, newest);
	while (lp_sqlite_next(&rows, &lp_changed_layout, &changed))
		rows.ok = visit(context, &changed, error);
	return lp_sqlite_end(&rows);
}

struct telling {
	struct sqlite_store *store;
	struct lp_change_query *query;
	lp_change_visit *visit;
	void *context;
	struct lp_change *changes;
	size_t count;
};

static bool tell(struct telling *telling, struct lp_error *error)
{
	size_t count = telling->count;

	telling->count = 0;
	return count == 0 || telling->visit(telling->context, telling->changes, count, error);
}

static bool count_too_old(struct telling *telling, const struct lp_change_bound *bound, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(telling->store, LP_SQLITE_COUNT_TOO_OLD, error);
	int64_t too_old;

	if (statement == NULL)
		return false;
	lp_sqlite_bind(statement, 1, &lp_change_bound_layout, bound);
	sqlite3_bind_int64(statement, 3, telling->query->newest);
	if (lp_sqlite_first(telling->store, statement, &too_old, error) != 1)
		return false;
	telling->query->too_old += (uint64_t)too_old;
	return true;
}

/* Visits the series from one to another: changes that end at `oldest` or later, or were made by hand. */
static bool tell_range(struct telling *telling, int64_t from, int64_t to, lp_time oldest, struct lp_error *error)
{
	struct sqlite_rows rows = lp_sqlite_read(telling->store, LP_SQLITE_EACH_CHANGE, error);
	sqlite3_stmt *statement = rows.statement;

	sqlite3_bind_int64(statement, 1, from);
	sqlite3_bind_int64(statement, 2, to);
	sqlite3_bind_int64(statement, 3, oldest);
	sqlite3_bind_int64(statement, 4, telling->query->newest);
	while (lp_sqlite_next(&rows, &lp_change_layout, &telling->changes[telling->count]))
		rows.ok = ++telling->count < LP_CHANGES_AT_ONCE || tell(telling, error);
	return lp_sqlite_end(&rows);
}

static bool tell_series(struct telling *telling, int64_t series_id, struct lp_error *error)
{
	const struct lp_change_query *query = telling->query;
	const struct lp_change_bound *bound = lp_change_bound_of(query->bounds, query->bound_count, series_id);

	if (bound != NULL && bound->oldest < LP_TIME_MAX && !count_too_old(telling, bound, error))
		return false;
	return tell_range(telling, series_id, series_id, bound == NULL ? INT64_MIN : bound->oldest, error);
}

/* The next one after a series; false in *found: there is none. */
static bool find_next_changed(struct sqlite_store *store, int64_t *series_id, bool *found, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_NEXT_CHANGED, error);

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, *series_id);
	if (lp_sqlite_first(store, statement, series_id, error) != 1)
		return false;
	*found = *series_id != LP_TIME_NONE; /* NULL */
	return true;
}

static bool tell_each_series(struct telling *telling, struct lp_error *error)
{
	int64_t series_id = 0;
	bool found, good;

	while ((good = find_next_changed(telling->store, &series_id, &found, error)) && found &&
	       (good = tell_series(telling, series_id, error)))
		;
	return good;
}

/* Three statements for each series cost ten times what one does for all, where no series is bounded. */
bool lp_sqlite_each_change(struct lp_store *opened, struct lp_change_query *query, lp_change_visit *visit,
                           void *context, struct lp_error *error)
{
	struct telling telling = {
		.store = lp_sqlite_store(opened),
		.query = query,
		.visit = visit,
		.context = context,
		.changes = lp_reallocate(NULL, LP_CHANGES_AT_ONCE, sizeof *telling.changes),
	};
	bool good;

	query->too_old = 0;
	good = query->bound_count == 0 ? tell_range(&telling, INT64_MIN, INT64_MAX, INT64_MIN, error)
	                               : tell_each_series(&telling, error);
	good = good && tell(&telling, error);
	free(telling.changes);
	return good && (!query->take || lp_sqlite_execute(telling.store, LP_SQLITE_TAKE_CHANGES, error));
}

static bool find_looked_back(struct sqlite_store *store, int64_t series_id, bool *looked_back, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_IS_LOOKED_BACK, error);
	int64_t found;

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, series_id);
	if (lp_sqlite_first(store, statement, &found, error) != 1)
		return false;
	*looked_back = found != 0;
	return true;
}

/* Of changes but for those that were gathered. */
static bool find_next_good_here(struct sqlite_store *store, struct lp_change *changes, size_t count, lp_time before,
                                const struct sqlite_gathered *elsewhere, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_NEXT_GOOD, error);
	bool looked_back = false;

	if (statement == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (elsewhere->are_there[i])
			continue;
		/*
		 * In the statement it would be evaluated after the samples, and so read all of a
		 * series that no reader looks back in.
		 */
		if ((i == 0 || changes[i].series_id != changes[i - 1].series_id) &&
		    !find_looked_back(store, changes[i].series_id, &looked_back, error))
			return false;
		changes[i].next_good = LP_TIME_NONE;
		if (!looked_back)
			continue;

		sqlite3_bind_int64(statement, lp_sqlite_bind(statement, 1, &lp_change_end_layout, &changes[i]), before);
		if (lp_sqlite_first(store, statement, &changes[i].next_good, error) < 0)
			return false;
	}
	return true;
}

bool lp_sqlite_find_next_good(struct lp_store *opened, struct lp_change *changes, size_t count, lp_time before,
                              struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_gathered elsewhere;
	bool ok;

	if (!lp_sqlite_gather(store, changes, sizeof *changes, count, &elsewhere, error))
		return false;
	ok = find_next_good_here(store, changes, count, before, &elsewhere, error) &&
	     (elsewhere.count == 0 ||
	      lp_store_find_next_good(store->elsewhere, elsewhere.items, elsewhere.count, before, error));
	lp_sqlite_scatter(&elsewhere, changes, count);
	lp_arena_free(&elsewhere.arena);
	return ok;
}

bool lp_sqlite_find_rise(struct lp_store *opened, const struct lp_rise_query *query, lp_time *rise,
                         struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	sqlite3_stmt *statement;
	bool elsewhere;

	if (!lp_sqlite_is_elsewhere(store, query->series_id, &elsewhere, error))
		return false;
	if (elsewhere)
		return lp_store_find_rise(store->elsewhere, query, rise, error);
	if ((statement = lp_sqlite_prepare(store, LP_SQLITE_FIND_RISE, error)) == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, query->series_id);
	sqlite3_bind_int64(statement, 2, query->after);
	sqlite3_bind_int64(statement, 3, query->before);
	sqlite3_bind_double(statement, 4, query->times);
	sqlite3_bind_int64(statement, 5, query->most);
	return lp_sqlite_first(store, statement, rise, error) == 1;
}

int64_t lp_sqlite_hour(lp_time time)
{
	return time / LP_HOUR - (time % LP_HOUR < 0);
}

bool lp_sqlite_note_change(struct sqlite_store *store, int64_t series_id, lp_time first, lp_time last, bool by_hand,
                           struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_NOTE_CHANGE, error);

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, series_id);
	sqlite3_bind_int64(statement, 2, lp_sqlite_hour(first));
	sqlite3_bind_int(statement, 3, by_hand);
	sqlite3_bind_int64(statement, 4, first);
	sqlite3_bind_int64(statement, 5, last);
	return lp_sqlite_run(store, statement, NULL, error);
}

bool lp_sqlite_invalidate(struct lp_store *opened, int64_t series_id, lp_time first, lp_time last,
                          struct lp_error *error)
{
	return lp_sqlite_note_change(lp_sqlite_store(opened), series_id, first, last, true, error);
}

bool lp_sqlite_each_reader(struct lp_store *opened, const int64_t *series_ids, size_t count, lp_reader_visit *visit,
                           void *context, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_EACH_READER, error);
	sqlite3_stmt *statement = rows.statement;
	struct lp_reader reader;

	for (size_t i = 0; i < count && rows.ok; i++) {
		sqlite3_bind_int64(statement, 1, series_ids[i]);
		while (lp_sqlite_next(&rows, &lp_reader_layout, &reader))
			rows.ok = visit(context, &reader, error);
	}
	return lp_sqlite_end(&rows);
}
