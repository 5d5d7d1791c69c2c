/*
 * Results that an earlier definition or rule has computed: where they are, who
 * has some, and taking them off or to another time.  When results are outdated
 * is not known here.
 */
#include "model/clock.h"
#include "store/sqlite/internal.h"

#include <assert.h>

bool lp_sqlite_each_stored(struct lp_store *base, const int64_t *series_ids, size_t count, uint64_t most,
                           lp_stored_visit *visit, void *context, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_EACH_STORED, error);

	if (statement == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		struct lp_stored stored = { .series_id = series_ids[i] };
		bool there;

		sqlite3_bind_int64(statement, 1, series_ids[i]);
		sqlite3_bind_int64(statement, 2, (int64_t)most);
		if (lp_sqlite_step(store, statement, error, "look for the results of a series") != 1)
			return false;
		there = sqlite3_column_type(statement, 0) != SQLITE_NULL;
		stored.first_end = lp_sqlite_time(statement, 0);
		stored.last_end = lp_sqlite_time(statement, 1);
		stored.results = (uint64_t)sqlite3_column_int64(statement, 2);
		sqlite3_reset(statement);
		if (there && !visit(context, &stored, error))
			return false;
	}
	return true;
}

bool lp_sqlite_note_outdated(struct lp_store *base, const struct lp_outdated *notes, size_t count,
                             struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_NOTE_OUTDATED, error);

	if (statement == NULL)
		return false;
	assert(sqlite3_get_autocommit(store->database) == 0);
	for (size_t i = 0; i < count; i++) {
		lp_sqlite_bind_text(statement, 1, notes[i].calculation);
		lp_sqlite_bind_text(statement, 2, notes[i].reason);
		lp_sqlite_bind_time(statement, 3, notes[i].after_end);
		lp_sqlite_bind_time(statement, 4, notes[i].until_end);
		lp_sqlite_bind_time(statement, 5, lp_now());
		sqlite3_bind_int(statement, 6, notes[i].other_windows);
		if (!lp_sqlite_run(store, statement, NULL, error, "note outdated results"))
			return false;
	}
	return true;
}

bool lp_sqlite_outdate_rule(struct lp_sqlite *store, const char *rule, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_OUTDATE_RULES, error);

	if (statement == NULL)
		return false;
	lp_sqlite_bind_text(statement, 1, rule);
	lp_sqlite_bind_time(statement, 2, lp_now());
	return lp_sqlite_run(store, statement, NULL, error, "note outdated results");
}

bool lp_sqlite_each_outdated(struct lp_store *base, lp_outdated_visit *visit, void *context, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_EACH_OUTDATED, error);
	int row;

	if (statement == NULL)
		return false;
	while ((row = lp_sqlite_step(store, statement, error, "read whose results are outdated")) == 1) {
		struct lp_outdated outdated = {
			.calculation_id = sqlite3_column_int64(statement, 0),
			.calculation = lp_sqlite_text_or_empty(statement, 1),
			.rule = lp_sqlite_text_or_empty(statement, 2),
			.enabled = sqlite3_column_int(statement, 3) != 0,
			.owed = sqlite3_column_int(statement, 4) != 0,
			.reason = lp_sqlite_text_or_empty(statement, 5),
			.after_end = lp_sqlite_time(statement, 6),
			.until_end = lp_sqlite_time(statement, 7),
			.other_windows = sqlite3_column_int(statement, 8) != 0,
			.noted = lp_sqlite_time(statement, 9),
		};

		if (!visit(context, &outdated, error)) {
			sqlite3_reset(statement);
			return false;
		}
	}
	return row == 0;
}

static bool owe_within(struct lp_sqlite *store, const struct lp_outdated *told, size_t count, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_OWE_OUTDATED, error);

	if (statement == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		sqlite3_bind_int64(statement, 1, told[i].calculation_id);
		sqlite3_bind_int64(statement, 2, told[i].noted);
		if (!lp_sqlite_run(store, statement, NULL, error, "note what is owed of outdated results"))
			return false;
	}
	return true;
}

bool lp_sqlite_owe_outdated(struct lp_store *base, const struct lp_outdated *told, size_t count, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	bool alone = sqlite3_get_autocommit(store->database) != 0;

	if (alone && !lp_sqlite_begin(base, error))
		return false;
	bool ok = owe_within(store, told, count, error);
	if (!alone)
		return ok;
	if (ok && lp_sqlite_commit_work(base, error))
		return true;
	lp_sqlite_rollback(base);
	return false;
}

bool lp_sqlite_settle_outdated(struct lp_store *base, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_SETTLE_OUTDATED, error);

	return statement != NULL && lp_sqlite_run(store, statement, NULL, error, "take off what is outdated no more");
}

bool lp_sqlite_remove_results(struct lp_store *base, int64_t calculation_id, lp_time after_end, lp_time until_end,
                              uint64_t *removed, struct lp_error *error)
{
	static const enum lp_sqlite_statement steps[] = { LP_SQL_REMOVE_SUPERSEDED, LP_SQL_REMOVE_RESULTS };
	struct lp_sqlite *store = lp_sqlite_of(base);
	int64_t rows = 0;

	assert(sqlite3_get_autocommit(store->database) == 0);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		sqlite3_stmt *statement = lp_sqlite_prepare(store, steps[i], error);

		if (statement == NULL)
			return false;
		sqlite3_bind_int64(statement, 1, calculation_id);
		sqlite3_bind_int64(statement, 2, after_end);
		sqlite3_bind_int64(statement, 3, until_end);
		if (!lp_sqlite_run(store, statement, &rows, error, "remove results of windows that are none any more"))
			return false;
	}
	*removed = (uint64_t)rows;
	return true;
}

bool lp_sqlite_read_places(struct lp_store *base, int64_t series_id, lp_time beyond, bool backwards,
                           struct lp_result_place *places, size_t most, size_t *count, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement =
		lp_sqlite_prepare(store, backwards ? LP_SQL_READ_PLACES_BACK : LP_SQL_READ_PLACES, error);
	int row;

	*count = 0;
	if (statement == NULL)
		return false;
	if (beyond == LP_TIME_NONE)
		beyond = backwards ? LP_TIME_MAX : LP_TIME_MIN;
	sqlite3_bind_int64(statement, 1, series_id);
	sqlite3_bind_int64(statement, 2, beyond);
	sqlite3_bind_int64(statement, 3, (int64_t)most);
	while ((row = lp_sqlite_step(store, statement, error, "read results")) == 1)
		places[(*count)++] = (struct lp_result_place){ .series_id = series_id,
			                                       .time = sqlite3_column_int64(statement, 0),
			                                       .window_end = sqlite3_column_int64(statement, 1) };
	return row == 0;
}

/* Clears a place of results of windows that end by then. */
static bool clear_place(struct lp_sqlite *store, int64_t series_id, lp_time time, lp_time window_end,
                        struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_CLEAR_PLACE, error);

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, series_id);
	sqlite3_bind_int64(statement, 2, time);
	sqlite3_bind_int64(statement, 3, window_end);
	return lp_sqlite_run(store, statement, NULL, error, "move results");
}

static bool move_one(struct lp_sqlite *store, const struct lp_result_place *place, struct lp_error *error)
{
	sqlite3_stmt *statement;
	int64_t moved = 0;

	if (!clear_place(store, place->series_id, place->to, place->window_end, error) ||
	    (statement = lp_sqlite_prepare(store, LP_SQL_MOVE_RESULT, error)) == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, place->series_id);
	sqlite3_bind_int64(statement, 2, place->time);
	sqlite3_bind_int64(statement, 3, place->to);
	if (!lp_sqlite_run(store, statement, &moved, error, "move results"))
		return false;
	/* What was in its way stays. */
	return moved > 0 || clear_place(store, place->series_id, place->time, place->window_end, error);
}

/* Where the results of windows are looked for; all of one series. */
static bool widen(struct lp_sqlite *store, const struct lp_result_place *places, size_t count, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_WIDEN_RESULTS, error);
	int64_t from = INT64_MAX, to = INT64_MIN;

	if (statement == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		int64_t offset = places[i].to - places[i].window_end;

		from = offset < from ? offset : from;
		to = offset >= to ? offset + 1 : to;
	}
	sqlite3_bind_int64(statement, 1, places[0].series_id);
	sqlite3_bind_int64(statement, 2, from);
	sqlite3_bind_int64(statement, 3, to);
	return lp_sqlite_run(store, statement, NULL, error, "note where results lie");
}

static bool move_series(struct lp_sqlite *store, const struct lp_result_place *places, size_t count,
                        struct lp_error *error)
{
	if (!widen(store, places, count, error))
		return false;
	/* The one that goes furthest first, so that none meets another that is still to go. */
	bool later = places[0].to > places[0].time, ascending = places[0].time < places[count - 1].time;
	for (size_t i = 0; i < count; i++)
		if (!move_one(store, &places[later == ascending ? count - 1 - i : i], error))
			return false;
	return true;
}

bool lp_sqlite_move_results(struct lp_store *base, const struct lp_result_place *places, size_t count,
                            struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	size_t first = 0;

	assert(sqlite3_get_autocommit(store->database) == 0);
	for (size_t i = 1; i <= count; i++) {
		if (i < count && places[i].series_id == places[first].series_id)
			continue;
		if (!move_series(store, &places[first], i - first, error))
			return false;
		first = i;
	}
	return true;
}
