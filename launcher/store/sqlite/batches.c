/*
 * Puts the calculations that were written into batches: reads how they lie,
 * lets store/compose.c say how they are to lie, writes the difference.
 */
#include "store/compose.h"
#include "store/sqlite/internal.h"

#include <stdlib.h>

static bool read_batches(struct sqlite_store *store, struct lp_composition *composition, size_t *capacity,
                         struct lp_error *error)
{
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_ALL_BATCHES, error);
	struct lp_compose_batch batch = { 0 };

	while (lp_sqlite_next(&rows, &lp_compose_batch_layout, &batch)) {
		LP_GROW(composition->batches, composition->batch_count, *capacity);
		composition->batches[composition->batch_count++] = batch;
	}
	return lp_sqlite_end(&rows);
}

static bool read_members(struct sqlite_store *store, struct lp_composition *composition, struct lp_error *error)
{
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_ALL_MEMBERS, error);
	sqlite3_stmt *statement = rows.statement;
	struct lp_compose_member member = { 0 };
	size_t capacity = 0;

	while (lp_sqlite_next(&rows, &lp_compose_member_layout, &member)) {
		member.reads = lp_compose_reads(lp_sqlite_text(statement, rows.column));
		rows.ok = lp_compose_span(&member.schedule, lp_sqlite_text(statement, rows.column + 1), &member.span,
		                          error);
		LP_GROW(composition->members, composition->member_count, capacity);
		composition->members[composition->member_count++] = member;
	}
	return lp_sqlite_end(&rows);
}

static bool write_batch(struct sqlite_store *store, struct lp_compose_batch *batch, struct lp_error *error)
{
	if (batch->head.id != 0)
		return batch->members == 0 ? lp_sqlite_run_for(store, LP_SQLITE_DELETE_BATCHES, batch->head.id, error)
		                           : lp_sqlite_write(store, LP_SQLITE_CHANGE_BATCHES, &lp_changed_batch_layout,
		                                             &batch->head, error);
	if (!lp_sqlite_write(store, LP_SQLITE_ADD_BATCH, &lp_new_batch_layout, batch, error))
		return false;
	batch->head.id = sqlite3_last_insert_rowid(store->database);
	return true;
}

/*
 * New batches come first, so that calculations can move there; emptied ones come
 * last, when nothing refers to them.
 */
static bool write_composition(struct sqlite_store *store, struct lp_composition *composition, struct lp_error *error)
{
	sqlite3_stmt *move = lp_sqlite_prepare(store, LP_SQLITE_MOVE_CALCULATIONS, error);

	if (move == NULL)
		return false;
	for (size_t i = 0; i < composition->batch_count; i++) {
		struct lp_compose_batch *batch = &composition->batches[i];
		if (batch->changed && batch->members > 0 && !write_batch(store, batch, error))
			return false;
	}
	for (size_t i = 0; i < composition->member_count; i++) {
		const struct lp_compose_member *member = &composition->members[i];

		if (!member->moved)
			continue;
		sqlite3_bind_int64(move, 1, member->calculation_id);
		sqlite3_bind_int64(move, 2, composition->batches[member->batch].head.id);
		sqlite3_bind_int(move, 3, member->position);
		if (!lp_sqlite_run(store, move, NULL, error))
			return false;
	}
	for (size_t i = 0; i < composition->batch_count; i++) {
		struct lp_compose_batch *batch = &composition->batches[i];
		if (batch->members == 0 && !write_batch(store, batch, error))
			return false;
	}
	return true;
}

bool lp_sqlite_compose(struct sqlite_store *store, struct lp_error *error)
{
	struct lp_composition composition = { 0 };
	struct lp_compose_batch *batches;
	struct lp_arena arena = { 0 };
	size_t capacity = 0;
	bool ok;

	ok = read_batches(store, &composition, &capacity, error) && read_members(store, &composition, error);
	batches = composition.batches;
	if (ok) {
		lp_compose(&composition, &arena);
		ok = write_composition(store, &composition, error);
	}
	free(batches);
	free(composition.members);
	lp_arena_free(&arena);
	return ok && lp_sqlite_execute(store, LP_SQLITE_SET_UPSTREAM, error) &&
	       lp_sqlite_execute(store, LP_SQLITE_SET_REACH, error);
}
