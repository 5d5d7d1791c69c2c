/* Series, read by name, and globs as patterns of LIKE. */
#include "store/postgresql/internal.h"

#include "text/glob.h"
#include <stdlib.h>

const char *lp_pg_like(struct lp_arena *arena, const char *glob)
{
	char *pattern = lp_glob_to_like(glob);
	const char *kept = lp_arena_text(arena, pattern);

	free(pattern);
	return kept;
}

struct lp_window lp_pg_pruned(lp_time from, lp_time to)
{
	struct lp_window none = { 0, 0 };

	return from == LP_TIME_NONE || to == LP_TIME_NONE ? none : (struct lp_window){ from, to + 1 };
}

static bool get_series(const PGresult *result, struct lp_arena *arena, struct lp_series *series, struct lp_error *error)
{
	*series = (struct lp_series){
		.id = lp_pg_get_int8(result, 0, 0),
		.name = lp_pg_get_text(result, 0, 1, arena),
		.unit = lp_pg_get_text(result, 0, 2, arena),
		.description = lp_pg_get_text(result, 0, 3, arena),
		.attributes = lp_pg_get_text(result, 0, 4, arena),
		.pruned = lp_pg_pruned(lp_pg_get_time(result, 0, 6), lp_pg_get_time(result, 0, 7)),
	};
	return lp_pg_parse_duration(lp_pg_get_text(result, 0, 5, arena), &series->interval, error) ||
	       lp_fail_within(error, "series %s", series->name);
}

struct visiting {
	struct pg_store *store;
	lp_series_visit *visit;
	void *context;
};

static bool visit_row(void *context, const PGresult *row, struct lp_error *error)
{
	const struct visiting *visiting = context;
	struct lp_series series;

	lp_arena_empty(&visiting->store->scratch);
	return get_series(row, &visiting->store->scratch, &series, error) &&
	       visiting->visit(visiting->context, &series, error);
}

bool lp_pg_each_series(struct lp_store *opened, const char *pattern, lp_series_visit *visit, void *context,
                       struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct visiting visiting = { .store = store, .visit = visit, .context = context };

	if (!lp_pg_begin(store, error))
		return false;
	lp_arena_empty(&store->scratch);
	lp_pg_argument_text(lp_pg_arguments(store), lp_pg_like(&store->scratch, pattern));
	return lp_pg_finish(store, lp_pg_stream(store, PG_EACH_SERIES, visit_row, &visiting, error), error);
}

bool lp_pg_find_series(struct lp_store *opened, const char *name, struct lp_arena *arena, struct lp_series *found,
                       struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	PGresult *result = NULL;
	bool done;

	*found = (struct lp_series){ .id = 0 };
	if (!lp_pg_begin(store, error))
		return false;
	lp_pg_argument_text(lp_pg_arguments(store), name);
	done = lp_pg_execute(store, PG_FIND_SERIES, &result, error);
	if (done && PQntuples(result) > 0)
		done = get_series(result, arena, found, error);
	PQclear(result);
	return lp_pg_finish(store, done, error);
}
