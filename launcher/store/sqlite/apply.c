/*
 * Changes definitions: series, calculations, their inputs and outputs.  Which
 * batches come of it is batches.c's business.  Everything goes by name: that
 * is what definitions are known by.
 */
#include "calendar/calendar.h"
#include "model/clock.h"
#include "store/sqlite/internal.h"

bool lp_sqlite_lock_definitions(struct lp_store *base, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);

	(void)error;
	/* The caller's transaction began IMMEDIATE: nobody else writes until it ends. */
	assert(sqlite3_get_autocommit(store->database) == 0);
	return true;
}

static bool run_for(struct lp_sqlite *store, enum lp_sqlite_statement which, int64_t calculation_id,
                    struct lp_error *error)
{
	return lp_sqlite_run_for(store, which, calculation_id, error, "change a calculation");
}

static bool write_series(struct lp_sqlite *store, const struct lp_series *series, bool created, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, created ? LP_SQL_ADD_SERIES : LP_SQL_CHANGE_SERIES, error);

	if (statement == NULL)
		return false;
	lp_sqlite_bind_text(statement, 1, series->name);
	lp_sqlite_bind_text(statement, 2, series->unit != NULL ? series->unit : "");
	lp_sqlite_bind_text(statement, 3, series->description != NULL ? series->description : "");
	lp_sqlite_bind_text(statement, 4, series->attributes != NULL ? series->attributes : "{}");
	if (series->interval > 0)
		sqlite3_bind_int64(statement, 5, series->interval);
	else
		sqlite3_bind_null(statement, 5);
	if (created)
		lp_sqlite_bind_time(statement, 6, lp_now());
	if (!lp_sqlite_run(store, statement, NULL, error, "write the series"))
		return lp_fail_within(error, "series %s", series->name);
	/* Unit and attributes travel with a batch: one that is under way with the old ones must not be committed. */
	return created ||
	       lp_sqlite_run_named(store, LP_SQL_TOUCH_SERIES_BATCHES, series->name, NULL, error, "change a series");
}

static void bind_calculation(sqlite3_stmt *statement, const struct lp_calculation *calculation, lp_time when)
{
	const int after = 7 + LP_SQLITE_SCHEDULE_COLUMNS;
	char time_limit[32];

	lp_sqlite_bind_text(statement, 1, calculation->name);
	lp_sqlite_bind_text(statement, 2, calculation->description != NULL ? calculation->description : "");
	lp_sqlite_bind_text(statement, 3, calculation->rule);
	lp_sqlite_bind_text(statement, 4, calculation->parameters != NULL ? calculation->parameters : "{}");
	lp_sqlite_bind_text(statement, 5, calculation->labels != NULL ? calculation->labels : "{}");
	sqlite3_bind_int(statement, 6, calculation->enabled);
	lp_sqlite_bind_schedule(statement, 7, &calculation->schedule);
	lp_sqlite_bind_time(statement, after, calculation->start);
	if (calculation->time_limit > 0) {
		lp_duration_format(calculation->time_limit, time_limit);
		sqlite3_bind_text(statement, after + 1, time_limit, -1, SQLITE_TRANSIENT);
	} else {
		sqlite3_bind_null(statement, after + 1);
	}
	sqlite3_bind_int(statement, after + 2, calculation->version);
	sqlite3_bind_int(statement, after + 3, calculation->rank);
	lp_sqlite_bind_time(statement, after + 4, when);
	lp_sqlite_bind_text(statement, after + 5, lp_result_time_names[calculation->result_time]);
	sqlite3_bind_double(statement, after + 6, calculation->min_coverage);
	sqlite3_bind_int64(statement, after + 7, calculation->recompute_within);
	if (calculation->memory_limit > 0)
		sqlite3_bind_int64(statement, after + 8, calculation->memory_limit);
	else
		sqlite3_bind_null(statement, after + 8);
}

/* rows 0: the series a definition names is not there. */
static bool check_link(int64_t rows, const struct lp_calculation *calculation, const char *series,
                       struct lp_error *error)
{
	if (rows > 0)
		return true;
	return lp_fail(error, LP_EXIT_DATA, "calculation %s: there is no series %s", calculation->name, series);
}

static bool write_inputs(struct lp_sqlite *store, int64_t id, const struct lp_calculation *calculation,
                         struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_ADD_INPUTS, error);

	if (statement == NULL)
		return false;
	for (size_t i = 0; i < calculation->input_count; i++) {
		const struct lp_input *input = &calculation->inputs[i];
		int64_t rows;

		sqlite3_bind_int64(statement, 1, id);
		sqlite3_bind_int64(statement, 2, (int64_t)i);
		lp_sqlite_bind_text(statement, 3, input->name);
		lp_sqlite_bind_text(statement, 4, input->series);
		if (input->lookback > 0)
			sqlite3_bind_int64(statement, 5, input->lookback);
		else
			sqlite3_bind_null(statement, 5);
		lp_sqlite_bind_span(statement, 6, input->window);
		lp_sqlite_bind_span(statement, 7, input->shift);
		sqlite3_bind_int64(statement, 8, lp_input_reach(input));
		if (!lp_sqlite_run(store, statement, &rows, error, "write an input"))
			return lp_fail_within(error, "calculation %s", calculation->name);
		if (!check_link(rows, calculation, input->series, error))
			return false;
	}
	return true;
}

static bool write_outputs(struct lp_sqlite *store, int64_t id, const struct lp_calculation *calculation,
                          struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_ADD_OUTPUTS, error);

	if (statement == NULL)
		return false;
	for (size_t i = 0; i < calculation->output_count; i++) {
		const struct lp_output *output = &calculation->outputs[i];
		int64_t rows;

		sqlite3_bind_int64(statement, 1, id);
		sqlite3_bind_int64(statement, 2, (int64_t)i);
		lp_sqlite_bind_text(statement, 3, output->name != NULL ? output->name : "");
		lp_sqlite_bind_text(statement, 4, output->series);
		if (!lp_sqlite_run(store, statement, &rows, error, "write an output"))
			return lp_fail_within(error, "calculation %s, output %s: does another calculation write it?",
			                      calculation->name, output->series);
		if (!check_link(rows, calculation, output->series, error))
			return false;
	}
	return true;
}

/* The id under which it is stored, and whether its windows become others. */
static bool look_up(struct lp_sqlite *store, const struct lp_calculation *calculation, int64_t *id, bool *reschedules,
                    struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_HAS_ANOTHER_SCHEDULE, error);
	int row;

	if (statement == NULL)
		return false;
	lp_sqlite_bind_text(statement, 1, calculation->name);
	lp_sqlite_bind_schedule(statement, 2, &calculation->schedule);
	row = lp_sqlite_step(store, statement, error, "look up a calculation");
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
static bool forget_before(struct lp_sqlite *store, int64_t calculation_id, lp_time start, struct lp_error *error)
{
	static const enum lp_sqlite_statement before[] = { LP_SQL_DROP_PENDING_BEFORE, LP_SQL_TRIM_OWED,
		                                           LP_SQL_DROP_TRIMMED };

	for (size_t i = 0; i < sizeof before / sizeof *before && start != LP_TIME_NONE; i++) {
		sqlite3_stmt *statement = lp_sqlite_prepare(store, before[i], error);

		if (statement == NULL)
			return false;
		sqlite3_bind_int64(statement, 1, calculation_id);
		sqlite3_bind_int64(statement, 2, start);
		if (!lp_sqlite_run(store, statement, NULL, error, "forget what lies before the start of a calculation"))
			return false;
	}
	return true;
}

static bool write_calculation(struct lp_sqlite *store, const struct lp_calculation *calculation, lp_time when,
                              bool created, struct lp_error *error)
{
	sqlite3_stmt *statement =
		lp_sqlite_prepare(store, created ? LP_SQL_ADD_CALCULATIONS : LP_SQL_CHANGE_CALCULATIONS, error);
	bool reschedules = false;
	int64_t id = 0;

	if (statement == NULL || (!created && !look_up(store, calculation, &id, &reschedules, error)))
		return false;
	bind_calculation(statement, calculation, when);
	if (!lp_sqlite_run(store, statement, NULL, error, "write the calculation"))
		return lp_fail_within(error, "calculation %s", calculation->name);
	if (created)
		id = sqlite3_last_insert_rowid(store->database);
	else if ((reschedules && !run_for(store, LP_SQL_DROP_OWED, id, error)) ||
	         !run_for(store, reschedules ? LP_SQL_DROP_PENDING : LP_SQL_REOPEN_PENDING, id, error) ||
	         !run_for(store, LP_SQL_REOPEN_STATE, id, error) ||
	         !forget_before(store, id, calculation->start, error))
		return false;
	return write_inputs(store, id, calculation, error) && write_outputs(store, id, calculation, error);
}

/* Before any output is written: two calculations may have exchanged theirs, and a series has one writer. */
static bool clear_links(struct lp_sqlite *store, const struct lp_changes *changes, struct lp_error *error)
{
	for (size_t i = 0; i < changes->deleted_count; i++) {
		const char *name = changes->deleted[i].name;

		if (!lp_sqlite_run_named(store, LP_SQL_TOUCH_BATCH, name, NULL, error, "delete the calculation") ||
		    !lp_sqlite_run_named(store, LP_SQL_DELETE_CALCULATIONS, name, NULL, error,
		                         "delete the calculation"))
			return false;
	}
	for (size_t i = 0; i < changes->updated_count; i++) {
		bool reschedules;
		int64_t id;

		if (!look_up(store, &changes->updated[i], &id, &reschedules, error) ||
		    !lp_sqlite_run_named(store, LP_SQL_TOUCH_BATCH, changes->updated[i].name, NULL, error,
		                         "change a calculation") ||
		    !run_for(store, LP_SQL_CLEAR_INPUTS, id, error) || !run_for(store, LP_SQL_CLEAR_OUTPUTS, id, error))
			return false;
	}
	return true;
}

static bool write_calculations(struct lp_sqlite *store, const struct lp_changes *changes, struct lp_error *error)
{
	lp_time when = lp_now();

	for (size_t i = 0; i < changes->updated_count; i++) {
		if (!write_calculation(store, &changes->updated[i], when, false, error))
			return false;
	}
	for (size_t i = 0; i < changes->created_count; i++) {
		if (!write_calculation(store, &changes->created[i], when, true, error))
			return false;
	}
	for (size_t i = 0; i < changes->ranked_count; i++) {
		sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_CHANGE_RANKS, error);

		if (statement == NULL)
			return false;
		lp_sqlite_bind_text(statement, 1, changes->ranked[i].name);
		sqlite3_bind_int(statement, 2, changes->ranked[i].rank);
		if (!lp_sqlite_run(store, statement, NULL, error, "change the rank of a calculation"))
			return false;
	}
	return true;
}

static bool check_empty(struct lp_sqlite *store, const char *name, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_HAS_SAMPLES, error);
	bool held;

	if (statement == NULL)
		return false;
	lp_sqlite_bind_text(statement, 1, name);
	if (lp_sqlite_step(store, statement, error, "look for samples of a series") < 0)
		return false;
	held = sqlite3_column_int(statement, 0) != 0;
	sqlite3_reset(statement);
	return !held || lp_series_is_held(name, error);
}

static bool delete_series(struct lp_sqlite *store, const struct lp_series *series, struct lp_error *error)
{
	if (!check_empty(store, series->name, error))
		return false;
	if (lp_sqlite_run_named(store, LP_SQL_DELETE_SERIES_SUPERSEDED, series->name, NULL, error,
	                        "delete the samples") &&
	    lp_sqlite_run_named(store, LP_SQL_FORGET_CHANGES, series->name, NULL, error, "delete the series") &&
	    lp_sqlite_run_named(store, LP_SQL_DELETE_SERIES, series->name, NULL, error, "delete the series"))
		return true;
	return lp_fail_within(error, "is it still an input or output of a calculation?");
}

bool lp_sqlite_apply(struct lp_store *base, const struct lp_changes *changes, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);

	assert(sqlite3_get_autocommit(store->database) == 0);
	for (size_t i = 0; i < changes->series_created_count; i++) {
		if (!write_series(store, &changes->series_created[i], true, error))
			return false;
	}
	for (size_t i = 0; i < changes->series_updated_count; i++) {
		if (!write_series(store, &changes->series_updated[i], false, error))
			return false;
	}
	if (!clear_links(store, changes, error) || !write_calculations(store, changes, error))
		return false;
	for (size_t i = 0; i < changes->series_deleted_count; i++) {
		if (!delete_series(store, &changes->series_deleted[i], error))
			return false;
	}
	return lp_sqlite_compose(store, error);
}
