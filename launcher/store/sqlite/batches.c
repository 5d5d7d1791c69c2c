/*
 * Puts the calculations that were written into batches: reads how they lie,
 * lets store/compose.c say how they are to lie, writes the difference.
 */
#include "store/compose.h"
#include "store/sqlite/internal.h"

#include <stdlib.h>

static bool read_batches(struct lp_sqlite *store, struct lp_composition *composition, size_t *capacity,
                         struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_ALL_BATCHES, error);
	const int after = 4 + LP_SQLITE_SCHEDULE_COLUMNS;
	int row;

	if (statement == NULL)
		return false;
	while ((row = lp_sqlite_step(store, statement, error, "read the batches")) == 1) {
		LP_GROW(composition->batches, composition->batch_count, *capacity);
		struct lp_compose_batch *batch = &composition->batches[composition->batch_count++];

		*batch = (struct lp_compose_batch){
			.head = { .id = sqlite3_column_int64(statement, 0),
			          .generation = sqlite3_column_int64(statement, 1),
			          .rank = sqlite3_column_int(statement, 2),
			          .start = lp_sqlite_time(statement, after),
			          .watermark = lp_sqlite_time(statement, after + 1),
			          .span = sqlite3_column_int64(statement, after + 2) },
			.enabled = sqlite3_column_int(statement, 3) != 0,
		};
		if (!lp_sqlite_read_schedule(statement, 4, &batch->head.schedule, error)) {
			sqlite3_reset(statement);
			return lp_fail_within(error, "schedule of batch %lld", (long long)batch->head.id);
		}
	}
	return row == 0;
}

static bool read_members(struct lp_sqlite *store, struct lp_composition *composition, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_ALL_MEMBERS, error);
	const int after = 4 + LP_SQLITE_SCHEDULE_COLUMNS;
	size_t capacity = 0;
	int row;

	if (statement == NULL)
		return false;
	while ((row = lp_sqlite_step(store, statement, error, "read the calculations")) == 1) {
		LP_GROW(composition->members, composition->member_count, capacity);
		struct lp_compose_member *member = &composition->members[composition->member_count++];

		*member = (struct lp_compose_member){
			.calculation_id = sqlite3_column_int64(statement, 0),
			.batch_id = sqlite3_column_int64(statement, 1),
			.position = sqlite3_column_int(statement, 2),
			.rank = sqlite3_column_int(statement, 3),
			.start = lp_sqlite_time(statement, after),
			.watermark = lp_sqlite_time(statement, after + 1),
			.enabled = sqlite3_column_int(statement, after + 2) != 0,
			.reads = lp_compose_reads(lp_sqlite_text(statement, after + 3)),
		};
		if (!lp_sqlite_read_schedule(statement, 4, &member->schedule, error) ||
		    !lp_compose_span(&member->schedule, lp_sqlite_text(statement, after + 4), &member->span, error)) {
			sqlite3_reset(statement);
			return lp_fail_within(error, "schedule of calculation %lld", (long long)member->calculation_id);
		}
	}
	return row == 0;
}

static bool write_batch(struct lp_sqlite *store, struct lp_compose_batch *batch, struct lp_error *error)
{
	const struct lp_batch_head *head = &batch->head;
	enum lp_sqlite_statement which = head->id == 0         ? LP_SQL_ADD_BATCH
	                                 : batch->members == 0 ? LP_SQL_DELETE_BATCHES
	                                                       : LP_SQL_CHANGE_BATCHES;
	sqlite3_stmt *statement = lp_sqlite_prepare(store, which, error);
	const int after = 4 + LP_SQLITE_SCHEDULE_COLUMNS;

	if (statement == NULL)
		return false;
	if (which == LP_SQL_ADD_BATCH) {
		sqlite3_bind_int(statement, 1, head->rank);
		sqlite3_bind_int(statement, 2, head->size);
		sqlite3_bind_int(statement, 3, batch->enabled);
		lp_sqlite_bind_schedule(statement, 4, &head->schedule);
		lp_sqlite_bind_time(statement, after, head->start);
		lp_sqlite_bind_time(statement, after + 1, head->watermark);
		sqlite3_bind_int64(statement, after + 2, batch->origin);
		sqlite3_bind_int64(statement, after + 3, head->span);
	} else {
		sqlite3_bind_int64(statement, 1, head->id);
	}
	if (which == LP_SQL_CHANGE_BATCHES) {
		sqlite3_bind_int64(statement, 2, head->generation);
		sqlite3_bind_int(statement, 3, head->size);
		sqlite3_bind_int64(statement, 4, head->span);
	}
	if (!lp_sqlite_run(store, statement, NULL, error, "put the calculations into batches"))
		return false;
	if (which == LP_SQL_ADD_BATCH)
		batch->head.id = sqlite3_last_insert_rowid(store->database);
	return true;
}

/* New batches first, so that calculations can move there; emptied ones last, when nobody refers to them. */
static bool write_composition(struct lp_sqlite *store, struct lp_composition *composition, struct lp_error *error)
{
	sqlite3_stmt *move = lp_sqlite_prepare(store, LP_SQL_MOVE_CALCULATIONS, error);

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
		if (!lp_sqlite_run(store, move, NULL, error, "put a calculation into its batch"))
			return false;
	}
	for (size_t i = 0; i < composition->batch_count; i++) {
		struct lp_compose_batch *batch = &composition->batches[i];
		if (batch->members == 0 && !write_batch(store, batch, error))
			return false;
	}
	return true;
}

bool lp_sqlite_compose(struct lp_sqlite *store, struct lp_error *error)
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
	return ok && lp_sqlite_execute(store, LP_SQL_SET_UPSTREAM, error) &&
	       lp_sqlite_execute(store, LP_SQL_SET_REACH, error);
}
