/* See groups.h. */
#include "store/postgresql/groups.h"

#include "observe/observe.h"

static int64_t id_at(const int64_t *first, size_t stride, size_t i)
{
	return *(const int64_t *)((const char *)first + i * stride);
}

static void add_item(struct pg_groups *groups, struct pg_mapping *mapping, size_t item, size_t most)
{
	struct pg_group *group = groups->groups;

	while (group < groups->groups + groups->count && group->mapping != mapping)
		group++;
	if (group == groups->groups + groups->count) {
		*group = (struct pg_group){ .mapping = mapping,
			                    .items = lp_arena_allocate(&groups->arena, most * sizeof *group->items) };
		groups->count++;
	}
	group->items[group->count++] = item;
}

/* Fills ids or keys of each group. */
static void name_items(struct pg_groups *groups, const int64_t *ids, const struct pg_place *places, size_t place_count)
{
	for (size_t g = 0; g < groups->count; g++) {
		struct pg_group *group = &groups->groups[g];
		int64_t *group_ids = lp_arena_allocate(&groups->arena, group->count * sizeof *group_ids);
		const char **keys = lp_arena_allocate(&groups->arena, group->count * sizeof *keys);

		for (size_t i = 0; i < group->count; i++) {
			group_ids[i] = ids[group->items[i]];
			if (group->mapping != NULL)
				keys[i] = lp_pg_place_of(places, place_count, group_ids[i])->key;
		}
		group->ids = group_ids;
		group->keys = group->mapping == NULL ? NULL : keys;
	}
}

bool lp_pg_group(struct pg_store *store, const int64_t *first, size_t stride, size_t count, struct pg_groups *groups,
                 struct lp_error *error)
{
	int64_t *ids, *sorted;
	struct pg_place *places;
	size_t place_count;

	*groups = (struct pg_groups){ .count = 0 };
	ids = lp_arena_allocate(&groups->arena, count * sizeof *ids);
	sorted = lp_arena_allocate(&groups->arena, count * sizeof *sorted);
	for (size_t i = 0; i < count; i++)
		ids[i] = sorted[i] = id_at(first, stride, i);
	place_count = store->mapping_count == 0 ? 0 : lp_pg_sort_ids(sorted, count);
	groups->groups = lp_arena_allocate(&groups->arena, (store->mapping_count + 1) * sizeof *groups->groups);
	if (!lp_pg_find_places(store, sorted, place_count, &groups->arena, &places, error))
		return false;
	for (size_t i = 0; i < count; i++)
		add_item(groups, places == NULL ? NULL : lp_pg_place_of(places, place_count, ids[i])->mapping, i,
		         count);
	name_items(groups, ids, places, place_count);
	return true;
}

void lp_pg_ungroup(struct pg_groups *groups)
{
	lp_arena_free(&groups->arena);
}

struct pg_arguments *lp_pg_begin_group(struct pg_store *store, const struct pg_group *group)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);

	if (group->keys == NULL) {
		lp_pg_add_ids(arguments, group->ids, group->count);
		return arguments;
	}
	lp_pg_array_begin(arguments, PG_TEXT);
	for (size_t i = 0; i < group->count; i++)
		lp_pg_array_text(arguments, group->keys[i]);
	lp_pg_array_end(arguments);
	return arguments;
}

static void log_silence(const struct pg_mapping *mapping, const struct lp_error *why)
{
	lp_log(LP_LOG_WARNING, "a table of samples does not answer", LP_TEXT("table", mapping->configured->table),
	       LP_TEXT("error", why->what));
}

/* A statement without arguments, which leaves those of the next one alone. */
static bool execute(struct pg_store *store, enum pg_statement statement, struct lp_error *error)
{
	struct pg_arguments saved = store->arguments;
	bool ok;

	store->arguments = (struct pg_arguments){ .data = NULL };
	ok = lp_pg_execute(store, statement, NULL, error);
	store->arguments = saved;
	return ok;
}

/* What fails in another database leaves the transaction of the store as it is. */
static bool ask_elsewhere(struct pg_store *store, struct pg_mapping *mapping, enum pg_statement statement,
                          PGresult **result, struct lp_error *error)
{
	struct lp_error why;

	if (lp_pg_use_mapping(store, mapping, &why) && lp_pg_execute(store, statement, result, &why))
		return lp_pg_use_mapping(store, NULL, error);
	lp_pg_leave_database(mapping->database);
	(void)lp_pg_blame_mapping(store, &why);
	lp_pg_forget_blame(store);
	/* One that is gone was told already. */
	if (!mapping->broken)
		log_silence(mapping, &why);
	return true;
}

bool lp_pg_ask_group(struct pg_store *store, const struct pg_group *group, enum pg_statement own,
                     enum pg_statement mapped, PGresult **result, struct lp_error *error)
{
	bool ok;

	*result = NULL;
	if (group->mapping == NULL)
		return lp_pg_execute(store, own, result, error);
	/* A query answers no question but for samples: see store.h for what is done without an answer. */
	if (group->mapping->configured->query != NULL)
		return true;
	if (group->mapping->database != NULL)
		return ask_elsewhere(store, group->mapping, mapped, result, error);
	ok = execute(store, PG_GUARD, error);
	if (!ok)
		return false;
	ok = lp_pg_use_mapping(store, group->mapping, error) && lp_pg_execute(store, mapped, result, error);
	if (ok)
		return lp_pg_use_mapping(store, NULL, error) && execute(store, PG_UNGUARD, error);
	if (!lp_pg_blame_mapping(store, error))
		return false;
	lp_pg_forget_blame(store);
	log_silence(group->mapping, error);
	return execute(store, PG_STEP_BACK, error);
}
