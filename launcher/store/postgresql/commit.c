/*
 * Commits a batch in one transaction. First it is claimed (claim.c), so that the
 * second of two has stored nothing. settle.c decides what is written besides the
 * results.
 */
#include "store/postgresql/commit.h"
#include "store/postgresql/mapping.h"

#include <string.h>

/* Moves the ranges on to where this batch has come, and deletes those of which nothing is left. */
static bool move_owed(struct pg_commit *committing, bool done_ones, struct lp_error *error)
{
	struct lp_batch *batch = committing->batch;
	struct lp_owed_move *chosen = lp_arena_zeroed(&batch->arena, batch->owed_count, sizeof *chosen);
	struct pg_arguments *arguments = lp_pg_arguments(committing->store);
	size_t count = 0;

	for (size_t i = 0; i < batch->owed_count; i++) {
		const struct lp_owed_move *move = &committing->moves[i];

		if (move->after_end != LP_TIME_NONE && move->calculation != UINT32_MAX &&
		    committing->known[move->calculation].claimed && move->done == done_ones)
			chosen[count++] = *move;
	}
	if (count == 0)
		return true;
	if (done_ones) {
		lp_pg_add_column(arguments, LP_KIND_ID, &chosen->id, sizeof *chosen, count);
		return lp_pg_execute(committing->store, PG_DELETE_OWED, NULL, error);
	}
	lp_pg_add_columns(arguments, &lp_owed_move_layout, chosen, sizeof *chosen, count);
	return lp_pg_execute(committing->store, PG_MOVE_OWED, NULL, error);
}

/*
 * New, non-overlapping windows rarely have results yet. ON CONFLICT costs the
 * server twice as much, so insert plainly and fall back if that fails.
 */
static bool are_new(const struct pg_commit *committing)
{
	const struct lp_batch *batch = committing->batch;

	return !committing->store->expect_results && committing->store->depth == 1 && batch->kind == LP_BATCH_FORWARD &&
	       batch->head.watermark != LP_TIME_NONE && lp_batch_is_unread(batch) &&
	       lp_schedule_is_tumbling(&batch->head.schedule);
}

static void add_results(struct pg_arguments *arguments, const struct lp_result_row *made, size_t count)
{
	lp_pg_add_columns(arguments, &lp_result_layout, made, sizeof *made, count);
}

/* Where two windows have a result at one time, moves that of the earlier window to `superseded`. */
static bool set_aside(struct pg_commit *committing, struct lp_error *error)
{
	const struct lp_settlement *settled = &committing->settled;
	struct pg_arguments *arguments = lp_pg_arguments(committing->store);

	add_results(arguments, settled->made, settled->made_count);
	lp_pg_argument_time(arguments, committing->first);
	lp_pg_argument_time(arguments, committing->last);
	lp_pg_argument_time(arguments, settled->settled_until);
	if (!lp_pg_execute(committing->store, PG_SET_ASIDE, NULL, error))
		return false;
	if (settled->superseded_count == 0)
		return true;
	add_results(lp_pg_arguments(committing->store), settled->superseded, settled->superseded_count);
	return lp_pg_execute(committing->store, PG_PUT_SUPERSEDED, NULL, error);
}

/* Counts the results that were not written because one was imported there; others are there already as they are. */
static bool count_imported(struct pg_commit *committing, struct lp_error *error)
{
	const struct lp_settlement *settled = &committing->settled;
	const struct lp_result_row *made = settled->made;
	struct pg_arguments *arguments = lp_pg_arguments(committing->store);
	PGresult *result = NULL;
	bool ok;

	lp_pg_add_column(arguments, LP_KIND_ID, &made->series_id, sizeof *made, settled->made_count);
	lp_pg_add_column(arguments, LP_KIND_TIME, &made->time, sizeof *made, settled->made_count);
	lp_pg_argument_time(arguments, committing->first);
	lp_pg_argument_time(arguments, committing->last);
	ok = lp_pg_execute(committing->store, PG_COUNT_IMPORTED, &result, error);
	if (ok)
		committing->kept_imported = (uint64_t)lp_pg_get_int8(result, 0, 0);
	PQclear(result);
	return ok;
}

/* Inserts by the partition's name, if it is known. Nothing is added if that is no longer a partition. */
static bool add_new_results(struct pg_commit *committing, PGresult **result, struct lp_error *error)
{
	struct pg_store *store = committing->store;
	enum pg_statement way = lp_pg_choose_insert(store, committing->first, committing->last);
	bool ok = lp_pg_execute(store, way, result, error);

	if (!ok || way == PG_ADD_RESULTS || lp_pg_affected(*result) > 0)
		return ok;
	PQclear(*result);
	*result = NULL;
	lp_pg_forget_partition(store);
	return lp_pg_execute(store, PG_ADD_RESULTS, result, error);
}

static bool put_results(struct pg_commit *committing, struct lp_error *error)
{
	const struct lp_settlement *settled = &committing->settled;
	struct pg_arguments *arguments;
	PGresult *result = NULL;
	uint64_t written = 0;
	bool add = are_new(committing), ok;

	if (settled->made_count == 0)
		return true;
	if (((!add && settled->may_meet) || settled->superseded_count > 0) && !set_aside(committing, error))
		return false;
	arguments = lp_pg_arguments(committing->store);
	add_results(arguments, settled->made, settled->made_count);
	if (!add) {
		lp_pg_argument_bool(arguments, committing->batch->replace_imported);
		lp_pg_argument_time(arguments, settled->settled_until);
	}
	ok = add ? add_new_results(committing, &result, error)
	         : lp_pg_execute(committing->store, PG_PUT_RESULTS, &result, error);
	if (ok)
		written = lp_pg_affected(result);
	PQclear(result);
	committing->written += written;
	return ok && (written == settled->made_count || committing->batch->replace_imported ||
	              count_imported(committing, error));
}

/* Removes results that earlier computations of these windows stored and this one does not produce any more. */
static bool take_off_results(struct pg_commit *committing, struct lp_error *error)
{
	const struct lp_settlement *settled = &committing->settled;
	lp_time first = LP_TIME_MAX, last = LP_TIME_MIN;
	struct pg_arguments *arguments;
	PGresult *result = NULL;
	bool ok;

	if (settled->reach_count == 0)
		return true;
	for (size_t i = 0; i < settled->reach_count; i++) {
		first = settled->reaches[i].first < first ? settled->reaches[i].first : first;
		last = settled->reaches[i].last > last ? settled->reaches[i].last : last;
	}
	arguments = lp_pg_arguments(committing->store);
	lp_pg_add_columns(arguments, &lp_reach_layout, settled->reaches, sizeof *settled->reaches,
	                  settled->reach_count);
	lp_pg_argument_time(arguments, first);
	lp_pg_argument_time(arguments, last);
	lp_pg_add_columns(arguments, &lp_result_key_layout, settled->made, sizeof *settled->made, settled->made_count);
	ok = lp_pg_execute(committing->store, PG_TAKE_OFF_RESULTS, &result, error);
	if (ok)
		committing->written += (uint64_t)lp_pg_get_int8(result, 0, 0);
	PQclear(result);
	return ok;
}

/* Widens where the results of windows are looked for when they are computed again. */
static bool widen_results(struct pg_commit *committing, struct lp_error *error)
{
	const struct lp_settlement *settled = &committing->settled;

	return lp_pg_write_rows(committing->store, PG_WIDEN_RESULTS, &lp_widened_layout,
	                        LP_ROW_ARRAY(settled->widened, settled->widened_count), error);
}

/*
 * A backfill and the minute's run may compute windows with results at the same
 * times. Which result is superseded is seen only by the one that waits for the
 * other. Rows are locked in the order of id, and before the look for results,
 * which would otherwise see what was there before the wait.
 */
static bool lock_results(struct pg_commit *committing, struct lp_error *error)
{
	const struct lp_batch *batch = committing->batch;
	struct pg_arguments *arguments;

	if (!committing->settled.may_meet)
		return true;
	arguments = lp_pg_arguments(committing->store);
	lp_pg_array_begin(arguments, PG_INT8);
	for (size_t i = 0; i < batch->calculation_count; i++)
		for (size_t k = 0; k < batch->calculations[i].output_count; k++)
			lp_pg_array_int8(arguments, batch->calculations[i].outputs[k].series_id);
	lp_pg_array_end(arguments);
	return lp_pg_execute(committing->store, PG_LOCK_RESULTS, NULL, error);
}

static bool write_results(struct pg_commit *committing, struct lp_error *error)
{
	if (!lock_results(committing, error) || !take_off_results(committing, error))
		return false;
	return widen_results(committing, error) && put_results(committing, error);
}

/* All rows go in one statement: the arrays are sent end to end, and each row is a slice of them. */
static bool add_outcomes(struct pg_commit *committing, struct lp_error *error)
{
	const struct lp_settlement *settled = &committing->settled;
	struct lp_outcome_row *rows = settled->outcomes;
	size_t count = settled->outcome_count;
	struct pg_arguments *arguments;

	if (count == 0)
		return true;
	/* The batch points to the last window's row. */
	rows[count - 1].id = committing->outcome_id;
	arguments = lp_pg_arguments(committing->store);
	lp_pg_argument_int8(arguments, committing->batch->run_id);
	if (committing->batch->kind != LP_BATCH_FORWARD)
		lp_pg_argument_no_int8(arguments);
	else
		lp_pg_argument_int8(arguments, committing->batch->head.id);
	lp_pg_argument_time(arguments, committing->batch->tick);
	lp_pg_add_columns(arguments, &lp_outcome_layout, rows, sizeof *rows, count);
	lp_pg_add_columns(arguments, &lp_outcome_entry_layout, settled->entries, sizeof *settled->entries,
	                  settled->entry_count);
	lp_pg_add_column(arguments, LP_KIND_INTEGER, &rows->last, sizeof *rows, count);
	lp_pg_argument_int4(arguments, (int32_t)committing->batch->reason);
	lp_pg_add_column(arguments, LP_KIND_INTEGER, &rows->first_version, sizeof *rows, count);
	lp_pg_add_column(arguments, LP_KIND_INTEGER, &rows->last_version, sizeof *rows, count);
	lp_pg_add_columns(arguments, &lp_outcome_version_layout, settled->versions, sizeof *settled->versions,
	                  settled->version_count);
	lp_pg_add_column(arguments, LP_KIND_SMALL, &settled->entries->which, sizeof *settled->entries,
	                 settled->version_count > count ? settled->entry_count : 0);
	return lp_pg_execute(committing->store, PG_ADD_OUTCOMES, NULL, error);
}

static bool put_settled(struct pg_store *store, const struct lp_settlement *settled, struct lp_error *error)
{
	return lp_pg_write_rows(store, PG_PUT_STATES, &lp_state_layout,
	                        LP_ROW_ARRAY(settled->states, settled->state_count), error) &&
	       lp_pg_write_rows(store, PG_PUT_PENDING, &lp_pending_layout,
	                        LP_ROW_ARRAY(settled->pending, settled->pending_count), error) &&
	       lp_pg_write_rows(store, PG_DELETE_PENDING, &lp_pending_key_layout,
	                        LP_ROW_ARRAY(settled->done, settled->done_count), error);
}

static bool ensure_partitions(struct pg_commit *committing, struct lp_error *error)
{
	const struct lp_batch *batch = committing->batch;
	lp_time first = LP_TIME_MAX, last = LP_TIME_MIN;

	for (size_t i = 0; i < batch->task_count; i++) {
		const struct lp_outcome *outcome = &batch->tasks[i].outcome;

		for (size_t k = 0; k < outcome->result_count; k++) {
			lp_time time = outcome->results[k].time;

			first = time < first ? time : first;
			last = time > last ? time : last;
		}
	}
	committing->first = first;
	committing->last = last;
	return (first > last || lp_pg_ensure_samples(committing->store, first, last, error)) &&
	       lp_pg_ensure_outcomes(committing->store, batch->tick, error);
}

static bool write_settlement(struct pg_commit *committing, struct lp_error *error)
{
	const struct lp_settlement *settled = &committing->settled;

	if (committing->batch->kind == LP_BATCH_RECOMPUTE &&
	    (!move_owed(committing, true, error) || !move_owed(committing, false, error)))
		return false;
	if (!write_results(committing, error) || !add_outcomes(committing, error))
		return false;
	return put_settled(committing->store, settled, error) &&
	       lp_pg_put_owed(committing->store, settled->owed, settled->owed_count, false, error);
}

/* Commits in one transaction; if it fails, nothing is stored. */
static bool try_to_commit(const struct pg_commit *begun, bool *accepted, struct lp_error *error)
{
	struct pg_commit committing = *begun;
	struct pg_store *store = committing.store;
	struct lp_batch *batch = committing.batch;
	bool ok;

	*accepted = false;
	if (!lp_pg_begin(store, error))
		return false;
	ok = lp_pg_claim(&committing, accepted, error);
	if (ok && !*accepted) {
		struct lp_error ignored;

		(void)!lp_pg_finish(store, false, &ignored);
		return true;
	}
	if (ok) {
		lp_settle(batch, committing.policy, committing.known, committing.owed, &committing.settled);
		ok = write_settlement(&committing, error);
	}
	ok = lp_pg_finish(store, ok, error);
	*accepted = ok;
	if (ok)
		batch->samples_written += committing.written;
	if (ok)
		batch->kept_imported += committing.kept_imported;
	return ok;
}

/*
 * Errors besides those that always pass: rows were on their way to the default
 * partition when a partition was made for them (they violate its constraint), or
 * to a partition that has been dropped.
 */
static bool is_worth_another_try(const struct lp_error *error)
{
	return lp_pg_is_passing(error) || strcmp(error->sqlstate, "23514") == 0 ||
	       strcmp(error->sqlstate, "42P01") == 0;
}

/* Settling changes some states to given_up or interrupted; each try has to begin with the computed ones. */
static void keep_states(const struct lp_batch *batch, enum lp_state *states)
{
	for (size_t i = 0; i < batch->task_count; i++)
		states[i] = batch->tasks[i].outcome.state;
}

static void restore_states(struct lp_batch *batch, const enum lp_state *states)
{
	for (size_t i = 0; i < batch->task_count; i++)
		batch->tasks[i].outcome.state = states[i];
}

/*
 * If some results existed already (the watermark was set back, or another
 * program wrote into an output), more of them probably do. A backfill commits
 * beside the minute's run, and other programs write samples in any order: a
 * deadlock with them must not fail the run.
 */
bool lp_pg_commit_batch(struct lp_store *opened, struct lp_batch *batch, const struct lp_retry_policy *policy,
                        bool *accepted, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_commit begun = { .store = store, .batch = batch, .policy = policy };
	enum lp_state *states;

	LP_CHECK_BATCH(batch);
	*accepted = false;
	states = lp_arena_allocate(&batch->arena, batch->task_count * sizeof *states);
	keep_states(batch, states);
	/* Before the transaction: a partition stays, whatever becomes of the batch, and no lock is kept. */
	for (int tries = 1; !(ensure_partitions(&begun, error) && try_to_commit(&begun, accepted, error)); tries++) {
		bool were_there = !store->expect_results && strcmp(error->sqlstate, "23505") == 0;

		restore_states(batch, states);
		if (store->depth == 0 && lp_pg_is_refusal(error) && lp_pg_leave_refused(store, batch)) {
			keep_states(batch, states);
			tries = 0;
			continue;
		}
		if (tries == PG_MOST_TRIES || store->depth > 0 || !(were_there || is_worth_another_try(error)))
			return false;
		if (were_there)
			store->expect_results = true;
		else
			lp_pg_pause(tries);
		lp_pg_forget_partition(store);
	}
	return true;
}
