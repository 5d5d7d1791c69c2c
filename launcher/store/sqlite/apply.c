/*
 * Changes definitions: series, calculations, their inputs and outputs, all by
 * name. batches.c then puts the batches together again.
 */
#include "model/clock.h"
#include "store/sqlite/internal.h"

bool lp_sqlite_lock_definitions(struct lp_store *opened, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);

	(void)error;
	/* The caller's transaction began IMMEDIATE, so no other connection writes until it ends. */
	assert(store->depth > 0);
	return true;
}

static bool run_for(struct sqlite_store *store, enum sqlite_statement which, int64_t calculation_id,
                    struct lp_error *error)
{
	return lp_sqlite_run_for(store, which, calculation_id, error);
}

static bool write_series(struct sqlite_store *store, const struct lp_series *series, bool created,
                         struct lp_error *error)
{
	sqlite3_stmt *statement =
		lp_sqlite_prepare(store, created ? LP_SQLITE_ADD_SERIES : LP_SQLITE_CHANGE_SERIES, error);
	int next;

	if (statement == NULL)
		return false;
	next = lp_sqlite_bind(statement, 1, &lp_series_definition_layout, series);
	if (created)
		lp_sqlite_bind_time(statement, next, lp_now());
	if (!lp_sqlite_run(store, statement, NULL, error))
		return lp_fail_within(error, "series %s", series->name);
	/* Unit and attributes travel with a batch: one that is under way with the old ones must not be committed. */
	return created || lp_sqlite_run_named(store, LP_SQLITE_TOUCH_SERIES_BATCHES, series->name, NULL, error);
}

/* rows 0: the series a definition names is not there. */
static bool check_link(int64_t rows, const struct lp_calculation *calculation, const char *series,
                       struct lp_error *error)
{
	if (rows > 0)
		return true;
	return lp_fail(error, LP_EXIT_DATA, "calculation %s: there is no series %s", calculation->name, series);
}

static bool write_inputs(struct sqlite_store *store, int64_t id, const struct lp_calculation *calculation,
                         struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_ADD_INPUTS, error);

	if (statement == NULL)
		return false;
	for (size_t i = 0; i < calculation->input_count; i++) {
		const struct lp_input *input = &calculation->inputs[i];
		int64_t rows;

		sqlite3_bind_int64(statement, 1, id);
		sqlite3_bind_int64(statement, 2, (int64_t)i);
		lp_sqlite_bind(statement, 3, &lp_input_definition_layout, input);
		if (!lp_sqlite_run(store, statement, &rows, error))
			return lp_fail_within(error, "calculation %s", calculation->name);
		if (!check_link(rows, calculation, input->series, error))
			return false;
	}
	return true;
}

static bool write_outputs(struct sqlite_store *store, int64_t id, const struct lp_calculation *calculation,
                          struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_ADD_OUTPUTS, error);

	if (statement == NULL)
		return false;
	for (size_t i = 0; i < calculation->output_count; i++) {
		const struct lp_output *output = &calculation->outputs[i];
		int64_t rows;

		sqlite3_bind_int64(statement, 1, id);
		sqlite3_bind_int64(statement, 2, (int64_t)i);
		lp_sqlite_bind(statement, 3, &lp_output_definition_layout, output);
		if (!lp_sqlite_run(store, statement, &rows, error))
			return lp_fail_within(error, "calculation %s, output %s: does another calculation write it?",
			                      calculation->name, output->series);
		if (!check_link(rows, calculation, output->series, error))
			return false;
	}
	return true;
}

/* The id under which it is stored, and whether its windows become others. */
static bool look_up(struct sqlite_store *store, const struct lp_calculation *calculation, int64_t *id,
                    bool *reschedules, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_HAS_ANOTHER_SCHEDULE, error);
	int row;

	if (statement == NULL)
		return false;
	lp_sqlite_bind_text(statement, 1, calculation->name);
	lp_sqlite_bind(statement, 2, &lp_schedule_layout, &calculation->schedule);
	row = lp_sqlite_step(store, statement, error);
	if (row == 0)
		return lp_fail(error, LP_EXIT_DATA, "calculation %s is not there any more", calculation->name);
	if (row < 0)
		return false;
	*id = sqlite3_column_int64(statement, 0);
	*reschedules = sqlite3_column_int(statement, 1) != 0;
	sqlite3_reset(statement);
	return true;
}

/* Nothing is computed before a later start: neither what failed there, nor what is owed. */
static bool forget_before(struct sqlite_store *store, int64_t calculation_id, lp_time start, struct lp_error *error)
{
	static const enum sqlite_statement before[] = { LP_SQLITE_DROP_PENDING_BEFORE, LP_SQLITE_TRIM_OWED,
		                                        LP_SQLITE_DROP_TRIMMED };

	for (size_t i = 0; i < sizeof before / sizeof *before && start != LP_TIME_NONE; i++) {
		sqlite3_stmt *statement = lp_sqlite_prepare(store, before[i], error);

		if (statement == NULL)
			return false;
		sqlite3_bind_int64(statement, 1, calculation_id);
		sqlite3_bind_int64(statement, 2, start);
		if (!lp_sqlite_run(store, statement, NULL, error))
			return false;
	}
	return true;
}

static bool write_calculation(struct sqlite_store *store, const struct lp_calculation *calculation, lp_time when,
                              bool created, struct lp_error *error)
{
	sqlite3_stmt *statement =
		lp_sqlite_prepare(store, created ? LP_SQLITE_ADD_CALCULATIONS : LP_SQLITE_CHANGE_CALCULATIONS, error);
	bool reschedules = false;
	int64_t id = 0;

	if (statement == NULL || (!created && !look_up(store, calculation, &id, &reschedules, error)))
		return false;
	sqlite3_bind_int64(statement, lp_sqlite_bind(statement, 1, &lp_definition_layout, calculation), when);
	if (!lp_sqlite_run(store, statement, NULL, error))
		return lp_fail_within(error, "calculation %s", calculation->name);
	if (created)
		id = sqlite3_last_insert_rowid(store->database);
	else if ((reschedules && !run_for(store, LP_SQLITE_DROP_OWED, id, error)) ||
	         !run_for(store, reschedules ? LP_SQLITE_DROP_PENDING : LP_SQLITE_REOPEN_PENDING, id, error) ||
	         !run_for(store, LP_SQLITE_REOPEN_STATE, id, error) ||
	         !forget_before(store, id, calculation->start, error))
		return false;
	return write_inputs(store, id, calculation, error) && write_outputs(store, id, calculation, error);
}

/* Before any output is written: two calculations may have exchanged theirs, and a series has one writer. */
static bool clear_links(struct sqlite_store *store, const struct lp_changes *changes, struct lp_error *error)
{
	for (size_t i = 0; i < changes->deleted_count; i++) {
		const char *name = changes->deleted[i].name;

		if (!lp_sqlite_run_named(store, LP_SQLITE_TOUCH_BATCH, name, NULL, error) ||
		    !lp_sqlite_run_named(store, LP_SQLITE_DELETE_CALCULATIONS, name, NULL, error))
			return false;
	}
	for (size_t i = 0; i < changes->updated_count; i++) {
		bool reschedules;
		int64_t id;

		if (!look_up(store, &changes->updated[i], &id, &reschedules, error) ||
		    !lp_sqlite_run_named(store, LP_SQLITE_TOUCH_BATCH, changes->updated[i].name, NULL, error) ||
		    !run_for(store, LP_SQLITE_CLEAR_INPUTS, id, error) ||
		    !run_for(store, LP_SQLITE_CLEAR_OUTPUTS, id, error))
			return false;
	}
	return true;
}

static bool write_calculations(struct sqlite_store *store, const struct lp_changes *changes, struct lp_error *error)
{
	lp_time when = lp_now();

	for (size_t i = 0; i < changes->updated_count; i++)
		if (!write_calculation(store, &changes->updated[i], when, false, error))
			return false;
	for (size_t i = 0; i < changes->created_count; i++)
		if (!write_calculation(store, &changes->created[i], when, true, error))
			return false;
	for (size_t i = 0; i < changes->ranked_count; i++) {
		sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_CHANGE_RANKS, error);

		if (statement == NULL)
			return false;
		lp_sqlite_bind_text(statement, 1, changes->ranked[i].name);
		sqlite3_bind_int(statement, 2, changes->ranked[i].rank);
		if (!lp_sqlite_run(store, statement, NULL, error))
			return false;
	}
	return true;
}

static bool change_modes(struct sqlite_store *store, const struct lp_changes *changes, struct lp_error *error)
{
	for (size_t i = 0; i < changes->turned_count; i++) {
		const struct lp_calculation *turned = &changes->turned[i];
		sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_CHANGE_MODES, error);

		if (statement == NULL)
			return false;
		lp_sqlite_bind_text(statement, 1, turned->name);
		lp_sqlite_bind_text(statement, 2, lp_mode_names[turned->mode]);
		sqlite3_bind_int(statement, 3, turned->version);
		sqlite3_bind_int64(statement, 4, lp_now());
		if (!lp_sqlite_run(store, statement, NULL, error) ||
		    !lp_sqlite_run_named(store, LP_SQLITE_TOUCH_BATCH, turned->name, NULL, error))
			return false;
	}
	return true;
}

/*
 * Links were made to the series that are live. Those of calculations in shadow
 * are moved to the others of that name, and the batches of what reads another
 * series than before are marked.
 */
static bool resolve_links(struct sqlite_store *store, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_ADD_SHADOW_SERIES, error);

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, lp_now());
	if (!lp_sqlite_run(store, statement, NULL, error) ||
	    !lp_sqlite_execute(store, LP_SQLITE_RESOLVE_OUTPUTS, error))
		return false;
	return lp_sqlite_execute(store, LP_SQLITE_TOUCH_RESOLVED, error) &&
	       lp_sqlite_execute(store, LP_SQLITE_RESOLVE_INPUTS, error);
}

static bool check_empty(struct sqlite_store *store, const char *name, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_HAS_SAMPLES, error);
	int64_t held = 0;

	if (statement == NULL)
		return false;
	lp_sqlite_bind_text(statement, 1, name);
	if (lp_sqlite_first(store, statement, &held, error) < 0)
		return false;
	return held == 0 || lp_series_is_held(name, error);
}

static bool delete_series(struct sqlite_store *store, const struct lp_series *series, struct lp_error *error)
{
	if (!check_empty(store, series->name, error))
		return false;
	if (lp_sqlite_run_named(store, LP_SQLITE_DELETE_SERIES_SUPERSEDED, series->name, NULL, error) &&
	    lp_sqlite_run_named(store, LP_SQLITE_FORGET_CHANGES, series->name, NULL, error) &&
	    lp_sqlite_run_named(store, LP_SQLITE_DELETE_SERIES, series->name, NULL, error))
		return true;
	return lp_fail_within(error, "is it still an input or output of a calculation?");
}

bool lp_sqlite_apply(struct lp_store *opened, const struct lp_changes *changes, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);

	assert(store->depth > 0);
	for (size_t i = 0; i < changes->series_created_count; i++)
		if (!write_series(store, &changes->series_created[i], true, error))
			return false;
	for (size_t i = 0; i < changes->series_updated_count; i++)
		if (!write_series(store, &changes->series_updated[i], false, error))
			return false;
	if (!clear_links(store, changes, error) || !write_calculations(store, changes, error))
		return false;
	if (!change_modes(store, changes, error) || !resolve_links(store, error))
		return false;
	for (size_t i = 0; i < changes->series_deleted_count; i++)
		if (!delete_series(store, &changes->series_deleted[i], error))
			return false;
	return lp_sqlite_compose(store, error);
}
