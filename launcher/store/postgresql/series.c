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

bool lp_pg_each_series(struct lp_store *opened, const char *pattern, lp_series_visit *visit, void *context,
                       struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_series series;
	struct pg_rows rows;

	lp_arena_empty(&store->scratch);
	lp_pg_argument_text(lp_pg_arguments(store), lp_pg_like(&store->scratch, pattern));
	lp_pg_stream(store, PG_EACH_SERIES, &rows, error);
	while (lp_pg_next(&rows, &lp_series_layout, &series))
		rows.ok = visit(context, &series, error);
	return lp_pg_end(&rows);
}

bool lp_pg_find_series(struct lp_store *opened, const char *name, struct lp_arena *arena, struct lp_series *found,
                       struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_rows rows;

	*found = (struct lp_series){ .id = 0 };
	lp_pg_argument_text(lp_pg_arguments(store), name);
	lp_pg_read(store, PG_FIND_SERIES, &rows, error);
	rows.arena = arena;
	(void)!lp_pg_next(&rows, &lp_series_layout, found);
	return lp_pg_end(&rows);
}
