/*
 * The commit of a batch: results, outcomes, states and pending windows in one
 * transaction.  First it is claimed (claim.c).  What is to be written is said by
 * store/settle.c; here is how.
 */
#include "store/settle.h"
#include "store/sqlite/internal.h"
#include "text/json.h"

#include <stdlib.h>

struct times {
	lp_time *items;
	size_t count, capacity;
};

/* The times at which there is a result that this computation does not produce. */
static bool read_unmade(struct sqlite_store *store, const struct lp_settlement *settled, const struct lp_reach *reach,
                        struct times *times, struct lp_error *error)
{
	bool known = reach->until_end != LP_TIME_NONE;
	struct sqlite_rows rows =
		lp_sqlite_read(store, known ? LP_SQLITE_EACH_RESULT : LP_SQLITE_EACH_RESULT_OF_UNKNOWN, error);

	lp_sqlite_bind(rows.statement, 1, known ? &lp_reach_layout : &lp_reach_times_layout, reach);
	while (lp_sqlite_next(&rows, NULL, NULL)) {
		lp_time time = sqlite3_column_int64(rows.statement, 0);

		if (known ? lp_settlement_has(settled, reach->series_id, time, sqlite3_column_int64(rows.statement, 1))
		          : lp_settlement_has_time(settled, reach->series_id, time))
			continue;
		LP_GROW(times->items, times->count, times->capacity);
		times->items[times->count++] = time;
	}
	return lp_sqlite_end(&rows);
}

static bool run_at(struct sqlite_store *store, enum sqlite_statement which, int64_t series_id, lp_time time,
                   int64_t *rows, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, which, error);

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, series_id);
	sqlite3_bind_int64(statement, 2, time);
	return lp_sqlite_run(store, statement, rows, error);
}

/* The result that it had superseded is restored. */
static bool take_off_one(struct sqlite_store *store, int64_t series_id, lp_time time, struct lp_error *error)
{
	int64_t back = 0;

	return run_at(store, LP_SQLITE_DELETE_SAMPLE, series_id, time, NULL, error) &&
	       run_at(store, LP_SQLITE_BRING_BACK, series_id, time, &back, error) &&
	       (back == 0 || run_at(store, LP_SQLITE_DELETE_BROUGHT_BACK, series_id, time, NULL, error));
}

static bool take_off(struct sqlite_store *store, struct lp_batch *batch, const struct lp_settlement *settled,
                     const struct lp_reach *reach, struct lp_error *error)
{
	struct times times = { 0 };
	bool ok = read_unmade(store, settled, reach, &times, error);

	for (size_t i = 0; ok && i < times.count; i++)
		ok = take_off_one(store, reach->series_id, times.items[i], error);
	if (ok)
		batch->samples_written += times.count;
	free(times.items);
	return ok;
}

/* Before anything is brought back: what these windows had superseded, and had been superseded of them. */
static bool take_off_superseded(struct sqlite_store *store, const struct lp_reach *reach, struct lp_error *error)
{
	return lp_sqlite_write(store, LP_SQLITE_DELETE_SUPERSEDED, &lp_reach_layout, reach, error);
}

static bool take_off_results(struct sqlite_store *store, struct lp_batch *batch, const struct lp_settlement *settled,
                             struct lp_error *error)
{
	for (size_t i = 0; i < settled->reach_count; i++) {
		const struct lp_reach *reach = &settled->reaches[i];

		if (reach->until_end != LP_TIME_NONE && !take_off_superseded(store, reach, error))
			return false;
	}
	for (size_t i = 0; i < settled->reach_count; i++)
		if (!take_off(store, batch, settled, &settled->reaches[i], error))
			return false;
	return true;
}

/* Widens where the results of windows are looked for when they are computed again. */
static bool widen_results(struct sqlite_store *store, const struct lp_settlement *settled, struct lp_error *error)
{
	return lp_sqlite_write_rows(store, LP_SQLITE_WIDEN_RESULTS, &lp_widened_layout,
	                            LP_ROW_ARRAY(settled->widened, settled->widened_count), error);
}

static bool supersede(struct sqlite_store *store, const struct lp_result_row *made, struct lp_error *error)
{
	return lp_sqlite_write(store, LP_SQLITE_PUT_SUPERSEDED, &lp_result_layout, made, error);
}

/* Keeps the result of an earlier window, if there is one, before it is overwritten. */
static bool set_aside(struct sqlite_store *store, const struct lp_result_row *made, lp_time settled_until,
                      struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_SET_ASIDE, error);

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, lp_sqlite_bind(statement, 1, &lp_result_key_layout, made), settled_until);
	return lp_sqlite_run(store, statement, NULL, error);
}

/* It was not written: it is unchanged, or a later window's result or an imported one is there. */
static bool look_why(struct sqlite_store *store, struct lp_batch *batch, const struct lp_result_row *made,
                     struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_FIND_ORIGIN, error);
	lp_time window_end;
	bool computed;

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, made->series_id);
	sqlite3_bind_int64(statement, 2, made->time);
	if (lp_sqlite_step(store, statement, error) != 1)
		return false;
	window_end = lp_sqlite_time(statement, 0);
	computed = sqlite3_column_int(statement, 1) != 0;
	sqlite3_reset(statement);
	if (!computed)
		batch->kept_imported++;
	return window_end == LP_TIME_NONE || window_end <= made->window_end || supersede(store, made, error);
}

/* *added: there was none; nearly always so, and what an earlier window has there need not be looked for. */
static bool add_result(struct sqlite_store *store, const struct lp_result_row *made, bool *added,
                       struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_ADD_RESULTS, error);
	int64_t rows = 0;

	if (statement == NULL)
		return false;
	lp_sqlite_bind(statement, 1, &lp_result_layout, made);
	if (!lp_sqlite_run(store, statement, &rows, error))
		return false;
	*added = rows > 0;
	return true;
}

static bool put_result(struct sqlite_store *store, struct lp_batch *batch, const struct lp_settlement *settled,
                       const struct lp_result_row *made, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_PUT_RESULTS, error);
	int64_t rows = 0;

	if (statement == NULL)
		return false;
	lp_sqlite_bind(statement, 1, &lp_result_layout, made);
	sqlite3_bind_int(statement, 8, batch->replace_imported);
	sqlite3_bind_int64(statement, 9, settled->settled_until);
	if (!lp_sqlite_run(store, statement, &rows, error))
		return false;
	batch->samples_written += (uint64_t)rows;
	return rows > 0 || look_why(store, batch, made, error);
}

static bool write_results(struct sqlite_store *store, struct lp_batch *batch, const struct lp_settlement *settled,
                          struct lp_error *error)
{
	for (size_t i = 0; i < settled->made_count; i++) {
		const struct lp_result_row *made = &settled->made[i];
		bool added = false;

		if (settled->may_meet && !add_result(store, made, &added, error))
			return false;
		batch->samples_written += added;
		if (!added && ((settled->may_meet && !set_aside(store, made, settled->settled_until, error)) ||
		               !put_result(store, batch, settled, made, error)))
			return false;
	}
	return lp_sqlite_write_rows(store, LP_SQLITE_PUT_SUPERSEDED, &lp_result_layout,
	                            LP_ROW_ARRAY(settled->superseded, settled->superseded_count), error);
}

/* A field of items that follow one another, as an array.  first: of the first item. */
static void bind_array(sqlite3_stmt *statement, int index, enum lp_kind kind, struct lp_row_array first,
                       struct lp_text *array)
{
	int64_t number;

	array->length = 0;
	for (size_t i = 0; i < first.count; i++) {
		(void)lp_row_number(kind, (const char *)first.rows + i * first.row_size, &number);
		lp_sqlite_array_add(array, number);
	}
	lp_sqlite_array_end(array);
	sqlite3_bind_text(statement, index, array->data, (int)array->length, SQLITE_TRANSIENT);
}

/* The columns of a row's entries, each an array. */
static void bind_entries(sqlite3_stmt *statement, int index, const struct lp_settlement *settled,
                         const struct lp_outcome_row *row, struct lp_text *array)
{
	const struct lp_outcome_entry *entries = &settled->entries[row->first - 1];

	for (size_t i = 0; i < lp_outcome_entry_layout.column_count; i++) {
		const struct lp_row_column *column = &lp_outcome_entry_layout.columns[i];
		const struct lp_row_array items = { (const char *)entries + column->offset, sizeof *entries,
			                            (size_t)row->last - (size_t)row->first + 1 };

		bind_array(statement, index + (int)i, column->kind, items, array);
	}
}

/* Which of them an entry has is said only if there are several. */
static void bind_versions(sqlite3_stmt *statement, int index, const struct lp_settlement *settled,
                          const struct lp_outcome_row *row, struct lp_text *array)
{
	const struct lp_outcome_version *versions = &settled->versions[row->first_version - 1];
	const struct lp_outcome_entry *entries = &settled->entries[row->first - 1];
	size_t count = (size_t)row->last_version - (size_t)row->first_version + 1;

	bind_array(statement, index, LP_KIND_INTEGER,
	           (struct lp_row_array){ &versions->definition, sizeof *versions, count }, array);
	array->length = 0;
	lp_json_begin(array, NULL, "[");
	for (size_t i = 0; i < count; i++)
		lp_json_add_text(array, NULL, versions[i].rule);
	lp_json_end(array, "]");
	sqlite3_bind_text(statement, index + 1, array->data, (int)array->length, SQLITE_TRANSIENT);
	if (count == 1)
		sqlite3_bind_null(statement, index + 2);
	else
		bind_array(statement, index + 2, LP_KIND_INTEGER,
		           (struct lp_row_array){ &entries->which, sizeof *entries,
		                                  (size_t)row->last - (size_t)row->first + 1 },
		           array);
}

static bool write_outcome(struct sqlite_store *store, const struct lp_batch *batch, const struct lp_settlement *settled,
                          const struct lp_outcome_row *row, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_ADD_OUTCOMES, error);

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, batch->run_id);
	if (batch->kind != LP_BATCH_FORWARD)
		sqlite3_bind_null(statement, 2);
	else
		sqlite3_bind_int64(statement, 2, batch->head.id);
	sqlite3_bind_int64(statement, 3, batch->tick);
	sqlite3_bind_int64(statement, 4, row->window.start);
	sqlite3_bind_int64(statement, 5, row->window.end);
	bind_entries(statement, 6, settled, row, &store->text);
	sqlite3_bind_int(statement, 10, (int)batch->reason);
	bind_versions(statement, 11, settled, row, &store->text);
	return lp_sqlite_run(store, statement, NULL, error);
}

/* The newest window's outcome is where `status` looks up those that have no row in `state`. */
static bool note_last_outcome(struct sqlite_store *store, const struct lp_batch *batch, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_NOTE_OUTCOME, error);

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, batch->head.id);
	sqlite3_bind_int64(statement, 2, sqlite3_last_insert_rowid(store->database));
	return lp_sqlite_run(store, statement, NULL, error);
}

static bool write_outcomes(struct sqlite_store *store, const struct lp_batch *batch,
                           const struct lp_settlement *settled, struct lp_error *error)
{
	for (size_t i = 0; i < settled->outcome_count; i++)
		if (!write_outcome(store, batch, settled, &settled->outcomes[i], error))
			return false;
	return settled->outcome_count == 0 || batch->kind != LP_BATCH_FORWARD || note_last_outcome(store, batch, error);
}

static bool write_states(struct sqlite_store *store, const struct lp_settlement *settled, struct lp_error *error)
{
	return lp_sqlite_write_rows(store, LP_SQLITE_PUT_STATES, &lp_state_layout,
	                            LP_ROW_ARRAY(settled->states, settled->state_count), error);
}

static bool write_pending(struct sqlite_store *store, const struct lp_settlement *settled, struct lp_error *error)
{
	return lp_sqlite_write_rows(store, LP_SQLITE_PUT_PENDING, &lp_pending_layout,
	                            LP_ROW_ARRAY(settled->pending, settled->pending_count), error) &&
	       lp_sqlite_write_rows(store, LP_SQLITE_DELETE_PENDING, &lp_pending_key_layout,
	                            LP_ROW_ARRAY(settled->done, settled->done_count), error);
}

static bool commit_within(struct sqlite_store *store, struct lp_batch *batch, const struct lp_retry_policy *policy,
                          bool *accepted, struct lp_error *error)
{
	struct lp_arena *arena = &batch->arena;
	struct lp_settle_known *known = lp_arena_zeroed(arena, batch->calculation_count, sizeof *known);
	bool *owed = batch->kind == LP_BATCH_FORWARD ? NULL : lp_arena_zeroed(arena, batch->task_count, sizeof *owed);
	bool noted = !lp_batch_is_unread(batch);
	struct lp_settlement settled;

	if (!lp_sqlite_claim(store, batch, known, owed, accepted, error))
		return false;
	if (!*accepted)
		return true;
	lp_settle(batch, policy, known, owed, &settled);
	if (!noted && !lp_sqlite_be_own(store, true, error))
		return false;
	if (!take_off_results(store, batch, &settled, error) || !widen_results(store, &settled, error) ||
	    !write_results(store, batch, &settled, error))
		return false;
	if ((!noted && !lp_sqlite_be_own(store, false, error)) || !write_outcomes(store, batch, &settled, error))
		return false;
	return write_states(store, &settled, error) && write_pending(store, &settled, error) &&
	       lp_sqlite_join_owed(store, settled.owed, settled.owed_count, false, error);
}

bool lp_sqlite_commit_batch(struct lp_store *opened, struct lp_batch *batch, const struct lp_retry_policy *policy,
                            bool *accepted, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	uint64_t written_before = batch->samples_written, kept_before = batch->kept_imported;
	bool ok;

	LP_CHECK_BATCH(batch);
	*accepted = false;
	if (!lp_sqlite_begin(store, error))
		return false;
	ok = commit_within(store, batch, policy, accepted, error);
	if (ok && !*accepted) {
		lp_sqlite_rollback(opened);
		return true;
	}
	ok = lp_sqlite_finish(store, ok, error);
	*accepted = ok;
	if (!ok) {
		batch->samples_written = written_before;
		batch->kept_imported = kept_before;
	}
	return ok;
}
