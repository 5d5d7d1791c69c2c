/*
 * Decides whether a computed batch is still wanted: compares what it was planned
 * from with what it was then. Writes nothing but the watermark, or how far the
 * owed ranges have come.
 */
#include "store/settle.h"
#include "store/sqlite/internal.h"

/* What a commit may store of a batch. */
struct claim {
	struct lp_batch *batch;
	struct lp_settle_known *known; /* one per calculation */
	bool *current;                 /* one per calculation: it exists, is enabled, and is what was computed with */
	bool *owed;                    /* one per task; NULL in a forward batch */
	bool *accepted;                /* at least one task is still wanted */
};

/* The watermark moves on the condition that it and the generation are what the run has seen. */
static bool move_watermark(struct sqlite_store *store, const struct lp_batch *batch, bool *accepted,
                           struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_MOVE_WATERMARK, error);
	int64_t rows;

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, batch->head.id);
	sqlite3_bind_int64(statement, 2, batch->head.generation);
	lp_sqlite_bind_time(statement, 3, batch->head.watermark);
	lp_sqlite_bind_time(statement, 4, batch->new_watermark);
	sqlite3_bind_int64(statement, 5, batch->run_id);
	if (!lp_sqlite_run(store, statement, &rows, error))
		return false;
	*accepted = rows == 1;
	return true;
}

/* Reads what is stored of each calculation. */
static bool read_known(struct sqlite_store *store, const struct claim *claim, struct lp_error *error)
{
	const struct lp_batch *batch = claim->batch;
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_READ_STATES, error);

	if (statement == NULL)
		return false;
	for (size_t i = 0; i < batch->calculation_count; i++) {
		struct lp_settle_known *row = &claim->known[i];
		const char *state;

		sqlite3_bind_int64(statement, 1, batch->calculations[i].id);
		int found = lp_sqlite_step(store, statement, error);
		if (found < 0)
			return false;
		if (found == 0)
			continue;
		/* The batch's own row has moved already: what counts is where it stood. */
		row->watermark = batch->kind != LP_BATCH_FORWARD ? lp_sqlite_time(statement, 0) : batch->head.watermark;
		claim->current[i] = sqlite3_column_int(statement, 1) == batch->calculations[i].version &&
		                    sqlite3_column_int(statement, 2) != 0 &&
		                    /* Otherwise some samples may have been pruned while they were read. */
		                    sqlite3_column_int64(statement, 8) == batch->calculations[i].generation;
		state = lp_sqlite_text(statement, 3);
		row->stored = state != NULL && lp_state_parse(state, &row->state);
		if (!row->stored)
			row->state = row->watermark == LP_TIME_NONE ? LP_STATE_NEW : LP_STATE_OK;
		row->since = lp_sqlite_time(statement, 4);
		row->failing_since = lp_sqlite_time(statement, 5);
		row->window_end = lp_sqlite_time(statement, 6);
		row->cause_id = sqlite3_column_int64(statement, 7);
		sqlite3_reset(statement);
	}
	return true;
}

/* Reads where results lie now: another run may have stored some since the definitions were read. */
static bool read_room(struct sqlite_store *store, struct lp_calculation *calculation, struct lp_error *error)
{
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_SOME_OUTPUTS, error);
	sqlite3_stmt *statement = rows.statement;
	struct lp_output now;

	sqlite3_bind_int64(statement, 1, calculation->id);
	for (size_t i = 0; lp_sqlite_next(&rows, &lp_output_layout, &now); i++) {
		if (i < calculation->output_count && calculation->outputs[i].series_id == now.series_id) {
			calculation->outputs[i].results_from = now.results_from;
			calculation->outputs[i].results_to = now.results_to;
		}
	}
	return lp_sqlite_end(&rows);
}

/* Finds the tasks of a retry batch that are still owed as they were when the run read them. */
static bool read_owed(struct sqlite_store *store, const struct claim *claim, struct lp_error *error)
{
	const struct lp_batch *batch = claim->batch;
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_READ_PENDING, error);

	if (statement == NULL)
		return false;
	for (size_t i = 0; i < batch->task_count; i++) {
		const struct lp_task *task = &batch->tasks[i];

		if (!claim->current[task->calculation])
			continue;
		sqlite3_bind_int64(statement, 1, batch->calculations[task->calculation].id);
		sqlite3_bind_int64(statement, 2, task->window.start);
		sqlite3_bind_int64(statement, 3, task->window.end);
		int found = lp_sqlite_step(store, statement, error);
		if (found < 0)
			return false;
		if (found == 0)
			continue;
		claim->owed[i] = sqlite3_column_int(statement, 0) == task->attempt - 1;
		*claim->accepted = *claim->accepted || claim->owed[i];
		sqlite3_reset(statement);
	}
	return true;
}

/* 1: the range is still what it was when the run read it; 0: not; -1: error. */
static int check_range(struct sqlite_store *store, const struct lp_owed *owed, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_CHECK_OWED, error);
	int row;

	if (statement == NULL)
		return -1;
	lp_sqlite_bind(statement, 1, &lp_owed_seen_layout, owed);
	row = lp_sqlite_step(store, statement, error);
	sqlite3_reset(statement);
	return row;
}

static bool move_range(struct sqlite_store *store, const struct lp_owed_move *move, struct lp_error *error)
{
	return move->done ? lp_sqlite_run_for(store, LP_SQLITE_DELETE_OWED, move->id, error)
	                  : lp_sqlite_write(store, LP_SQLITE_MOVE_OWED, &lp_owed_move_layout, move, error);
}

/* The ranges that are still as they were move on to where this batch has come; tasks of the others are left out. */
static bool claim_recompute(struct sqlite_store *store, const struct claim *claim, struct lp_error *error)
{
	struct lp_batch *batch = claim->batch;
	bool *claimed = lp_arena_zeroed(&batch->arena, batch->calculation_count, sizeof *claimed);
	const struct lp_owed_move *moves = lp_owed_moves(batch);

	for (size_t i = 0; i < batch->owed_count; i++) {
		const struct lp_owed_move *move = &moves[i];
		int found;

		if (move->after_end == LP_TIME_NONE || !claim->current[move->calculation])
			continue;
		found = check_range(store, move->owed, error);
		if (found < 0 || (found == 1 && !move_range(store, move, error)))
			return false;
		claimed[move->calculation] = claim->known[move->calculation].claimed = found == 1;
		*claim->accepted = *claim->accepted || found == 1;
	}
	for (size_t i = 0; i < batch->task_count; i++)
		claim->owed[i] = claimed[batch->tasks[i].calculation];
	return true;
}

/* Finds the tasks of a retry or recompute batch that are still owed. */
static bool claim_again(struct sqlite_store *store, const struct claim *claim, struct lp_error *error)
{
	struct lp_batch *batch = claim->batch;

	*claim->accepted = false;
	for (size_t i = 0; i < batch->calculation_count; i++)
		if (!read_room(store, &batch->calculations[i], error))
			return false;
	return batch->kind == LP_BATCH_RETRY ? read_owed(store, claim, error) : claim_recompute(store, claim, error);
}

bool lp_sqlite_claim(struct sqlite_store *store, struct lp_batch *batch, struct lp_settle_known *known, bool *owed,
                     bool *accepted, struct lp_error *error)
{
	bool *current = lp_arena_zeroed(&batch->arena, batch->calculation_count, sizeof *current);
	struct claim claim = { .batch = batch, .known = known, .current = current, .owed = owed, .accepted = accepted };

	/* Only a run that is going on may store anything: an abandoned one works with what it read long ago. */
	*accepted = false;
	if (batch->kind == LP_BATCH_FORWARD ? !move_watermark(store, batch, accepted, error)
	                                    : !lp_sqlite_is_running(store, batch->run_id, accepted, error))
		return false;
	if (!*accepted)
		return true;
	return read_known(store, &claim, error) &&
	       (batch->kind == LP_BATCH_FORWARD || claim_again(store, &claim, error));
}
