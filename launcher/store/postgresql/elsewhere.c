/* Samples for a store that is no database of PostgreSQL: see store/elsewhere.h. */
#include "store/elsewhere.h"
#include "store/postgresql/gone.h"
#include "store/postgresql/mapping.h"

struct lp_store *lp_elsewhere_new(const struct lp_store_options *options, const struct lp_locator *locator)
{
	struct pg_store *store = lp_pg_new(options);

	store->store.backend = &lp_store_postgresql;
	store->locator = locator;
	return &store->store;
}

bool lp_elsewhere_find(struct lp_store *elsewhere, const int64_t *ids, size_t count, bool *are_there,
                       struct lp_error *error)
{
	struct lp_arena arena = { 0 };
	struct pg_place *places = NULL;
	bool ok = lp_pg_find_places(lp_pg_store(elsewhere), ids, count, &arena, &places, error);

	for (size_t i = 0; ok && i < count; i++)
		are_there[i] = places[i].mapping != NULL;
	lp_arena_free(&arena);
	return ok;
}

bool lp_elsewhere_lets_write(struct lp_store *elsewhere, const struct lp_series_samples *many, size_t count,
                             struct lp_error *error)
{
	return lp_pg_are_own(lp_pg_store(elsewhere), many, count, error);
}

void lp_elsewhere_look_again(void)
{
	lp_pg_look_again();
}
