/*
 * Decides whether a computed batch is still wanted: locks what it was planned
 * from and compares it with what it was then. Writes nothing but the watermark,
 * which moves only if it is what the batch was planned from.
 */
#include "store/postgresql/commit.h"

static bool move_watermark(struct pg_commit *committing, bool *accepted, struct lp_error *error)
{
	const struct lp_batch *batch = committing->batch;
	struct pg_arguments *arguments = lp_pg_arguments(committing->store);
	PGresult *result = NULL;
	bool ok;

	lp_pg_argument_int8(arguments, batch->head.id);
	lp_pg_argument_int8(arguments, batch->head.generation);
	lp_pg_argument_time(arguments, batch->head.watermark);
	lp_pg_argument_time(arguments, batch->new_watermark);
	lp_pg_argument_int8(arguments, batch->run_id);
	lp_pg_argument_time(arguments, batch->tick);
	lp_pg_argument_text(arguments, lp_batch_is_unread(batch) ? "off" : "on");
	ok = lp_pg_execute(committing->store, PG_MOVE_WATERMARK, &result, error);
	*accepted = ok && PQntuples(result) == 1;
	if (*accepted)
		committing->outcome_id = lp_pg_get_int8(result, 0, 0);
	PQclear(result);
	return ok;
}

static bool read_states(struct pg_commit *committing, struct lp_error *error)
{
	PGresult *result = NULL;
	bool ok;

	lp_pg_add_calculation_ids(lp_pg_arguments(committing->store), committing->batch);
	ok = lp_pg_execute(committing->store, PG_READ_STATES, &result, error);
	for (int row = 0; ok && row < PQntuples(result); row++) {
		struct lp_settle_known *known = &committing->known[lp_pg_get_int8(result, row, 0) - 1];
		const char *state;

		lp_arena_empty(&committing->store->scratch);
		state = lp_pg_get_text(result, row, 1, &committing->store->scratch);
		known->stored = true;
		known->since = lp_pg_get_time(result, row, 2);
		known->failing_since = lp_pg_get_time(result, row, 3);
		known->window_end = lp_pg_get_time(result, row, 4);
		known->cause_id = lp_pg_get_int8(result, row, 5);
		ok = lp_state_parse(state, &known->state) || lp_fail(error, LP_EXIT_DATA, "no such state: %s", state);
	}
	PQclear(result);
	return ok;
}

/* Only a running run may store anything: an abandoned one works with what it read long ago. */
static bool lock_running(struct pg_commit *committing, bool *running, struct lp_error *error)
{
	PGresult *result = NULL;
	bool ok;

	lp_pg_argument_int8(lp_pg_arguments(committing->store), committing->batch->run_id);
	ok = lp_pg_execute(committing->store, PG_LOCK_RUNNING, &result, error);
	*running = ok && PQntuples(result) > 0;
	PQclear(result);
	return ok;
}

static bool lock_retry(struct pg_commit *committing, struct lp_error *error)
{
	lp_pg_add_calculation_ids(lp_pg_arguments(committing->store), committing->batch);
	return lp_pg_execute(committing->store, PG_LOCK_RETRY, NULL, error);
}

/* Finds the tasks of a retry batch that are still owed as they were when the run read them, and locks their rows. */
static bool read_pending(struct pg_commit *committing, struct lp_error *error)
{
	struct lp_batch *batch = committing->batch;
	struct pg_arguments *arguments = lp_pg_arguments(committing->store);
	PGresult *result = NULL;
	bool ok;

	lp_pg_array_begin(arguments, PG_INT8);
	for (size_t i = 0; i < batch->task_count; i++)
		lp_pg_array_int8(arguments, batch->calculations[batch->tasks[i].calculation].id);
	lp_pg_array_end(arguments);
	lp_pg_add_column(arguments, LP_KIND_TIME, &batch->tasks->window.start, sizeof *batch->tasks, batch->task_count);
	lp_pg_add_column(arguments, LP_KIND_TIME, &batch->tasks->window.end, sizeof *batch->tasks, batch->task_count);
	ok = lp_pg_execute(committing->store, PG_READ_PENDING, &result, error);
	for (int row = 0; ok && row < PQntuples(result); row++) {
		size_t i = (size_t)lp_pg_get_int8(result, row, 0) - 1;

		committing->owed[i] = lp_pg_get_int4(result, row, 1) == batch->tasks[i].attempt - 1;
	}
	PQclear(result);
	return ok;
}

/*
 * Finds the calculations whose range has not changed since the run read it, and
 * locks their rows.
 */
static bool read_owed(struct pg_commit *committing, struct lp_error *error)
{
	struct lp_batch *batch = committing->batch;
	bool *same = lp_arena_zeroed(&batch->arena, batch->calculation_count, sizeof *same);
	struct pg_arguments *arguments = lp_pg_arguments(committing->store);
	PGresult *result = NULL;
	bool ok;

	committing->moves = lp_owed_moves(batch);
	lp_pg_add_columns(arguments, &lp_owed_seen_layout, batch->owed, sizeof *batch->owed, batch->owed_count);
	ok = lp_pg_execute(committing->store, PG_LOCK_OWED, &result, error);
	for (int row = 0; ok && row < PQntuples(result); row++) {
		const struct lp_owed_move *move = &committing->moves[lp_pg_get_int8(result, row, 0) - 1];

		if (move->after_end != LP_TIME_NONE && move->calculation != UINT32_MAX)
			same[move->calculation] = true;
	}
	PQclear(result);
	for (size_t i = 0; i < batch->calculation_count; i++)
		committing->known[i].claimed = same[i];
	for (size_t i = 0; i < batch->task_count; i++)
		committing->owed[i] = same[batch->tasks[i].calculation];
	return ok;
}

/* Reads where results lie now: another run may have stored some since the definitions were read. */
static bool read_room(struct lp_calculation *calculation, const PGresult *result, int row, struct lp_error *error)
{
	struct pg_reader from, to;

	if (!lp_pg_reader_open(result, row, 4, &from, error) || !lp_pg_reader_open(result, row, 5, &to, error))
		return false;
	if (from.count != calculation->output_count || to.count != from.count)
		return true; /* another version of the definition: the task is left out */
	for (size_t i = 0; i < calculation->output_count; i++) {
		calculation->outputs[i].results_from = lp_pg_read_int(&from);
		calculation->outputs[i].results_to = lp_pg_read_int(&to);
	}
	return true;
}

/*
 * Leaves out the tasks of calculations that have changed since they were
 * computed. Reads the watermarks of the others, and where their results lie. It
 * comes after the pending rows were locked: an apply that changes a definition
 * later has to wait for them.
 */
static bool read_retry(struct pg_commit *committing, bool *accepted, struct lp_error *error)
{
	const struct lp_batch *batch = committing->batch;
	bool *current = lp_arena_zeroed(&committing->batch->arena, batch->calculation_count, sizeof *current);
	PGresult *result = NULL;
	bool ok;

	lp_pg_add_calculation_ids(lp_pg_arguments(committing->store), committing->batch);
	ok = lp_pg_execute(committing->store, PG_READ_RETRY, &result, error);
	for (int row = 0; ok && row < PQntuples(result); row++) {
		size_t i = (size_t)lp_pg_get_int8(result, row, 0) - 1;

		current[i] = lp_pg_get_int4(result, row, 1) == batch->calculations[i].version &&
		             lp_pg_get_bool(result, row, 2) &&
		             /* Otherwise some samples may have been pruned while they were read. */
		             lp_pg_get_int8(result, row, 6) == batch->calculations[i].generation;
		committing->known[i].watermark = lp_pg_get_time(result, row, 3);
		ok = read_room(&batch->calculations[i], result, row, error);
	}
	PQclear(result);
	for (size_t i = 0; ok && i < batch->calculation_count; i++) {
		committing->known[i].claimed = committing->known[i].claimed && current[i];
		*accepted = *accepted || committing->known[i].claimed;
	}
	for (size_t i = 0; ok && i < batch->task_count; i++) {
		committing->owed[i] = committing->owed[i] && current[batch->tasks[i].calculation];
		*accepted = *accepted || committing->owed[i];
	}
	return ok;
}

/* Checks that what the batch was planned from is unchanged, and reads what is stored of its calculations. */
bool lp_pg_claim(struct pg_commit *committing, bool *accepted, struct lp_error *error)
{
	struct lp_batch *batch = committing->batch;
	struct lp_arena *arena = &batch->arena;

	*accepted = false;
	committing->known = lp_arena_zeroed(arena, batch->calculation_count, sizeof *committing->known);
	if (batch->kind != LP_BATCH_FORWARD) {
		bool running, retry = batch->kind == LP_BATCH_RETRY;

		committing->owed = lp_arena_zeroed(arena, batch->task_count, sizeof *committing->owed);
		if (!lock_running(committing, &running, error))
			return false;
		if (!running)
			return true;
		if (!lock_retry(committing, error) ||
		    !(retry ? read_pending(committing, error) : read_owed(committing, error)) ||
		    !read_retry(committing, accepted, error))
			return false;
	} else {
		if (!move_watermark(committing, accepted, error))
			return false;
		for (size_t i = 0; i < batch->calculation_count; i++)
			committing->known[i].watermark = batch->head.watermark;
	}
	if (!*accepted)
		return true;
	for (size_t i = 0; i < batch->calculation_count; i++) {
		struct lp_settle_known *known = &committing->known[i];

		known->window_end = known->since = known->failing_since = LP_TIME_NONE;
		known->state = known->watermark == LP_TIME_NONE ? LP_STATE_NEW : LP_STATE_OK;
	}
	return read_states(committing, error);
}
