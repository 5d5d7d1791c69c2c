/*
 * Results that an earlier definition or rule has computed: finds them and their
 * owners, takes them off or moves them to another time. It does not know when
 * results are outdated.
 */
#include "model/clock.h"
#include "store/settle.h"
#include "store/sqlite/internal.h"

#include <assert.h>

bool lp_sqlite_each_stored(struct lp_store *opened, const struct lp_stored_query *query, lp_stored_visit *visit,
                           void *context, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_EACH_STORED, error);
	sqlite3_stmt *statement = rows.statement;
	struct lp_stored stored;

	for (size_t i = 0; i < query->count && rows.ok; i++) {
		sqlite3_bind_int64(statement, 1, query->series_ids[i]);
		sqlite3_bind_int64(statement, 2, (int64_t)query->most);
		while (lp_sqlite_next(&rows, &lp_stored_layout, &stored))
			rows.ok = stored.first_end == LP_TIME_NONE || visit(context, &stored, error);
	}
	return lp_sqlite_end(&rows);
}

bool lp_sqlite_note_outdated(struct lp_store *opened, const struct lp_outdated *notes, size_t count,
                             struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_NOTE_OUTDATED, error);

	if (statement == NULL)
		return false;
	assert(store->depth > 0);
	for (size_t i = 0; i < count; i++) {
		sqlite3_bind_int64(statement, lp_sqlite_bind(statement, 1, &lp_outdated_note_layout, &notes[i]),
		                   lp_now());
		if (!lp_sqlite_run(store, statement, NULL, error))
			return false;
	}
	return true;
}

bool lp_sqlite_outdate_rule(struct sqlite_store *store, const char *rule, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_OUTDATE_RULES, error);

	if (statement == NULL)
		return false;
	lp_sqlite_bind_text(statement, 1, rule);
	lp_sqlite_bind_time(statement, 2, lp_now());
	return lp_sqlite_run(store, statement, NULL, error);
}

bool lp_sqlite_each_outdated(struct lp_store *opened, lp_outdated_visit *visit, void *context, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_EACH_OUTDATED, error);
	struct lp_outdated outdated;

	while (lp_sqlite_next(&rows, &lp_outdated_layout, &outdated))
		rows.ok = visit(context, &outdated, error);
	return lp_sqlite_end(&rows);
}

bool lp_sqlite_owe_outdated(struct lp_store *opened, const struct lp_outdated *told, size_t count,
                            struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);

	return lp_sqlite_begin(store, error) &&
	       lp_sqlite_finish(store,
	                        lp_sqlite_write_rows(store, LP_SQLITE_OWE_OUTDATED, &lp_outdated_key_layout,
	                                             LP_ROW_ARRAY(told, count), error),
	                        error);
}

bool lp_sqlite_settle_outdated(struct lp_store *opened, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_SETTLE_OUTDATED, error);

	return statement != NULL && lp_sqlite_run(store, statement, NULL, error);
}

bool lp_sqlite_remove_results(struct lp_store *opened, int64_t calculation_id, lp_time after_end, lp_time until_end,
                              uint64_t *removed, struct lp_error *error)
{
	static const enum sqlite_statement steps[] = { LP_SQLITE_REMOVE_SUPERSEDED, LP_SQLITE_REMOVE_RESULTS };
	struct sqlite_store *store = lp_sqlite_store(opened);
	int64_t rows = 0;

	assert(store->depth > 0);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		sqlite3_stmt *statement = lp_sqlite_prepare(store, steps[i], error);

		if (statement == NULL)
			return false;
		sqlite3_bind_int64(statement, 1, calculation_id);
		sqlite3_bind_int64(statement, 2, after_end);
		sqlite3_bind_int64(statement, 3, until_end);
		if (!lp_sqlite_run(store, statement, &rows, error))
			return false;
	}
	*removed = (uint64_t)rows;
	return true;
}

bool lp_sqlite_read_places(struct lp_store *opened, const struct lp_place_query *query, struct lp_result_place *places,
                           size_t *count, struct lp_error *error)
{
	lp_time end = query->backwards ? LP_TIME_MAX : LP_TIME_MIN;
	lp_time beyond = query->beyond == LP_TIME_NONE ? end : query->beyond;
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows =
		lp_sqlite_read(store, query->backwards ? LP_SQLITE_READ_PLACES_BACK : LP_SQLITE_READ_PLACES, error);
	sqlite3_stmt *statement = rows.statement;

	sqlite3_bind_int64(statement, 1, query->series_id);
	sqlite3_bind_int64(statement, 2, beyond);
	sqlite3_bind_int64(statement, 3, (int64_t)query->most);
	for (*count = 0; *count < query->most && lp_sqlite_next(&rows, &lp_place_layout, &places[*count]); ++*count)
		places[*count].series_id = query->series_id;
	return lp_sqlite_end(&rows);
}

/* Clears a place of results of windows that end by then. */
static bool clear_place(struct sqlite_store *store, int64_t series_id, lp_time time, lp_time window_end,
                        struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_CLEAR_PLACE, error);

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, series_id);
	sqlite3_bind_int64(statement, 2, time);
	sqlite3_bind_int64(statement, 3, window_end);
	return lp_sqlite_run(store, statement, NULL, error);
}

static bool move_one(struct sqlite_store *store, const struct lp_result_place *place, struct lp_error *error)
{
	sqlite3_stmt *statement;
	int64_t moved = 0;

	if (!clear_place(store, place->series_id, place->to, place->window_end, error) ||
	    (statement = lp_sqlite_prepare(store, LP_SQLITE_MOVE_RESULT, error)) == NULL)
		return false;
	lp_sqlite_bind(statement, 1, &lp_place_move_layout, place);
	if (!lp_sqlite_run(store, statement, &moved, error))
		return false;
	/* What was in the way stays. */
	return moved > 0 || clear_place(store, place->series_id, place->time, place->window_end, error);
}

/* Widens where the results of windows are looked for; all places are of one series. */
static bool widen(struct sqlite_store *store, const struct lp_result_place *places, size_t count,
                  struct lp_error *error)
{
	struct lp_widened widened = { .series_id = places[0].series_id, .from = INT64_MAX, .to = INT64_MIN };

	for (size_t i = 0; i < count; i++) {
		int64_t offset = places[i].to - places[i].window_end;

		widened.from = offset < widened.from ? offset : widened.from;
		widened.to = offset >= widened.to ? offset + 1 : widened.to;
	}
	return lp_sqlite_write(store, LP_SQLITE_WIDEN_RESULTS, &lp_widened_layout, &widened, error);
}

static bool move_series(struct sqlite_store *store, const struct lp_result_place *places, size_t count,
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

bool lp_sqlite_move_results(struct lp_store *opened, const struct lp_result_place *places, size_t count,
                            struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	size_t first = 0;

	assert(store->depth > 0);
	for (size_t i = 1; i <= count; i++) {
		if (i < count && places[i].series_id == places[first].series_id)
			continue;
		if (!move_series(store, &places[first], i - first, error))
			return false;
		first = i;
	}
	return true;
}
