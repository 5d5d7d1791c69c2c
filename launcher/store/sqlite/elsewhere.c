/* Samples of a file's series that are in databases of PostgreSQL: what is asked of them is asked there. */
#include "store/sqlite/internal.h"

#include "store/elsewhere.h"

#include <stdlib.h>
#include <string.h>

static bool locate(void *context, const int64_t *ids, size_t count, struct lp_arena *arena, struct lp_located *located,
                   struct lp_error *error)
{
	struct sqlite_rows rows = lp_sqlite_read(context, LP_SQLITE_LOCATE, error);

	for (size_t i = 0; i < count && rows.ok; i++) {
		sqlite3_bind_int64(rows.statement, 1, ids[i]);
		while (lp_sqlite_next(&rows, NULL, NULL)) {
			located[i].key = lp_arena_text(arena, lp_sqlite_text(rows.statement, 0));
			located[i].table = lp_arena_text(arena, lp_sqlite_text(rows.statement, 1));
			located[i].name = lp_arena_text(arena, lp_sqlite_text(rows.statement, 2));
			located[i].is_result = sqlite3_column_int(rows.statement, 3) != 0;
			located[i].shadow = sqlite3_column_int(rows.statement, 4) != 0;
		}
	}
	return lp_sqlite_end(&rows);
}

static bool list(void *context, struct lp_arena *arena, int64_t **ids, size_t *count, struct lp_error *error)
{
	struct sqlite_rows rows = lp_sqlite_read(context, LP_SQLITE_LIST_SERIES_IDS, error);
	size_t capacity = 0;
	int64_t *found = NULL;

	*count = 0;
	while (lp_sqlite_next(&rows, NULL, NULL)) {
		LP_GROW(found, *count, capacity);
		found[(*count)++] = sqlite3_column_int64(rows.statement, 0);
	}
	*ids = lp_arena_allocate(arena, (*count + 1) * sizeof **ids);
	if (*count > 0)
		memcpy(*ids, found, *count * sizeof **ids);
	free(found);
	return lp_sqlite_end(&rows);
}

void lp_sqlite_open_elsewhere(struct sqlite_store *store, const struct lp_store_options *options)
{
	if (options->mappings == NULL || options->mappings->count == 0)
		return;
	store->locator = lp_allocate(sizeof *store->locator);
	*store->locator = (struct lp_locator){ .locate = locate, .list = list, .context = store };
	store->elsewhere = lp_elsewhere_new(options, store->locator);
}

void lp_sqlite_close_elsewhere(struct sqlite_store *store)
{
	lp_store_close(store->elsewhere);
	free(store->locator);
}

bool lp_sqlite_is_elsewhere(struct sqlite_store *store, int64_t series_id, bool *elsewhere, struct lp_error *error)
{
	*elsewhere = false;
	return store->elsewhere == NULL || lp_elsewhere_find(store->elsewhere, &series_id, 1, elsewhere, error);
}

bool lp_sqlite_gather(struct sqlite_store *store, const void *items, size_t size, size_t count,
                      struct sqlite_gathered *gathered, struct lp_error *error)
{
	struct lp_arena *arena = &gathered->arena;
	int64_t *ids;

	*gathered = (struct sqlite_gathered){ .size = size };
	gathered->are_there = lp_arena_zeroed(arena, count + 1, sizeof *gathered->are_there);
	if (store->elsewhere == NULL)
		return true;
	ids = lp_arena_allocate(arena, (count + 1) * sizeof *ids);
	for (size_t i = 0; i < count; i++)
		ids[i] = *(const int64_t *)((const char *)items + i * size);
	if (!lp_elsewhere_find(store->elsewhere, ids, count, gathered->are_there, error)) {
		lp_arena_free(arena);
		return false;
	}
	gathered->items = lp_arena_allocate(arena, (count + 1) * size);
	for (size_t i = 0; i < count; i++)
		if (gathered->are_there[i])
			memcpy((char *)gathered->items + gathered->count++ * size, (const char *)items + i * size,
			       size);
	return true;
}

void lp_sqlite_scatter(const struct sqlite_gathered *gathered, void *items, size_t count)
{
	for (size_t i = 0, taken = 0; i < count; i++)
		if (gathered->are_there[i])
			memcpy((char *)items + i * gathered->size,
			       (const char *)gathered->items + taken++ * gathered->size, gathered->size);
}

bool lp_sqlite_lets_write(struct sqlite_store *store, const struct lp_series_samples *many, size_t count,
                          struct lp_error *error)
{
	return store->elsewhere == NULL || lp_elsewhere_lets_write(store->elsewhere, many, count, error);
}

bool lp_sqlite_fetch_elsewhere(struct sqlite_store *store, struct lp_batch *batch, struct lp_share *share,
                               struct lp_error *error)
{
	uint64_t read = share->samples_read;

	if (store->elsewhere == NULL)
		return true;
	if (!lp_store_fetch_share(store->elsewhere, batch, share, error))
		return false;
	share->samples_read += read;
	return true;
}

bool lp_sqlite_check_tables(struct lp_store *opened, lp_table_visit *visit, void *context, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);

	return store->elsewhere == NULL || lp_store_check_tables(store->elsewhere, visit, context, error);
}
