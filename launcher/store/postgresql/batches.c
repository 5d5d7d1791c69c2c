/* Puts calculations into batches after definitions changed: reads and writes what compose.c decides. */
#include "store/compose.h"
#include "store/postgresql/internal.h"

static bool read_batches(struct pg_store *store, struct lp_arena *arena, const struct pg_arrange *arrange,
                         struct lp_composition *composition, struct lp_error *error)
{
	struct pg_rows rows;

	(void)lp_pg_arguments(store);
	lp_pg_read(store, PG_ALL_BATCHES, &rows, error);
	composition->batches =
		lp_arena_zeroed(arena, rows.ok ? (size_t)PQntuples(rows.result) : 0, sizeof *composition->batches);
	while (lp_pg_next(&rows, &lp_compose_batch_layout, &composition->batches[composition->batch_count])) {
		struct lp_compose_batch *batch = &composition->batches[composition->batch_count++];

		for (size_t i = 0; i < arrange->shrunk_count; i++)
			batch->changed = batch->changed || arrange->shrunk[i] == batch->head.id;
	}
	return lp_pg_end(&rows);
}

static bool read_members(struct pg_store *store, struct lp_arena *arena, const struct pg_arrange *arrange,
                         struct lp_composition *composition, struct lp_error *error)
{
	struct pg_rows rows;

	lp_pg_add_column(lp_pg_arguments(store), LP_KIND_TEXT, arrange->changed, sizeof *arrange->changed,
	                 arrange->changed_count);
	lp_pg_read(store, PG_ALL_MEMBERS, &rows, error);
	composition->members =
		lp_arena_zeroed(arena, rows.ok ? (size_t)PQntuples(rows.result) : 0, sizeof *composition->members);
	while (lp_pg_next(&rows, &lp_compose_member_layout, &composition->members[composition->member_count])) {
		struct lp_compose_member *member = &composition->members[composition->member_count++];
		int row = rows.row, column = rows.column;

		member->changed = lp_pg_get_bool(rows.result, row, column);
		member->reads = (uint64_t)lp_pg_get_int8(rows.result, row, column + 1);
		rows.ok = lp_compose_span(&member->schedule, lp_pg_get_text(rows.result, row, column + 2, arena),
		                          &member->span, error);
	}
	return lp_pg_end(&rows);
}

static bool add_batch(struct pg_store *store, struct lp_compose_batch *batch, struct lp_error *error)
{
	PGresult *result = NULL;
	bool ok;

	lp_pg_add_row(lp_pg_arguments(store), &lp_new_batch_layout, batch);
	ok = lp_pg_execute(store, PG_ADD_BATCH, &result, error);
	if (ok)
		batch->head.id = lp_pg_get_int8(result, 0, 0);
	PQclear(result);
	return ok;
}

static bool change_batches(struct pg_store *store, const struct lp_composition *composition, struct lp_arena *arena,
                           struct lp_error *error)
{
	struct lp_batch_head *changed = lp_arena_allocate(arena, composition->batch_count * sizeof *changed);
	size_t count = 0;

	for (size_t i = 0; i < composition->batch_count; i++)
		if (composition->batches[i].changed && composition->batches[i].members > 0)
			changed[count++] = composition->batches[i].head;
	lp_pg_add_columns(lp_pg_arguments(store), &lp_changed_batch_layout, changed, sizeof *changed, count);
	return lp_pg_execute(store, PG_CHANGE_BATCHES, NULL, error);
}

/* The members' batches have ids by now. */
static bool move_calculations(struct pg_store *store, struct lp_composition *composition, struct lp_arena *arena,
                              struct lp_error *error)
{
	struct lp_compose_member *moved = lp_arena_allocate(arena, composition->member_count * sizeof *moved);
	size_t count = 0;

	for (size_t i = 0; i < composition->member_count; i++) {
		if (!composition->members[i].moved)
			continue;
		moved[count] = composition->members[i];
		moved[count++].batch_id = composition->batches[composition->members[i].batch].head.id;
	}
	lp_pg_add_columns(lp_pg_arguments(store), &lp_moved_member_layout, moved, sizeof *moved, count);
	return lp_pg_execute(store, PG_MOVE_CALCULATIONS, NULL, error);
}

static bool delete_batches(struct pg_store *store, const struct lp_composition *composition, struct lp_arena *arena,
                           struct lp_error *error)
{
	int64_t *ids = lp_arena_allocate(arena, composition->batch_count * sizeof *ids);
	size_t count = 0;

	for (size_t i = 0; i < composition->batch_count; i++)
		if (composition->batches[i].members == 0 && composition->batches[i].head.id != 0)
			ids[count++] = composition->batches[i].head.id;
	lp_pg_add_ids(lp_pg_arguments(store), ids, count);
	return lp_pg_execute(store, PG_DELETE_BATCHES, NULL, error);
}

static bool write_composition(struct pg_store *store, struct lp_composition *composition, struct lp_arena *arena,
                              struct lp_error *error)
{
	for (size_t i = 0; i < composition->batch_count; i++) {
		struct lp_compose_batch *batch = &composition->batches[i];

		if (batch->head.id == 0 && batch->members > 0 && !add_batch(store, batch, error))
			return false;
	}
	if (!change_batches(store, composition, arena, error) || !move_calculations(store, composition, arena, error) ||
	    !delete_batches(store, composition, arena, error))
		return false;
	lp_pg_arguments(store);
	if (!lp_pg_execute(store, PG_SET_UPSTREAM, NULL, error))
		return false;
	lp_pg_arguments(store);
	return lp_pg_execute(store, PG_SET_REACH, NULL, error);
}

bool lp_pg_arrange(struct pg_store *store, const struct pg_arrange *arrange, struct lp_error *error)
{
	struct lp_composition composition = { .batch_count = 0 };
	struct lp_arena arena = { .first = NULL };
	bool ok;

	ok = read_batches(store, &arena, arrange, &composition, error) &&
	     read_members(store, &arena, arrange, &composition, error);
	if (ok) {
		lp_compose(&composition, &arena);
		ok = write_composition(store, &composition, &arena, error);
	}
	lp_arena_free(&arena);
	return ok;
}
