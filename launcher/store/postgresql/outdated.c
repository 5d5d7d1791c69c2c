/*
 * Results that an earlier definition or rule has computed: finds them and their
 * owners, takes them off or moves them to another time. It does not know when
 * results are outdated.
 */
#include "store/postgresql/internal.h"
#include "store/settle.h"

#include <math.h>

bool lp_pg_each_stored(struct lp_store *opened, const struct lp_stored_query *query, lp_stored_visit *visit,
                       void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	struct lp_stored stored;
	struct pg_rows rows;

	lp_pg_add_ids(arguments, query->series_ids, query->count);
	lp_pg_argument_int8(arguments, (int64_t)query->most);
	lp_pg_read(store, PG_EACH_STORED, &rows, error);
	while (lp_pg_next(&rows, &lp_stored_layout, &stored))
		rows.ok = visit(context, &stored, error);
	return lp_pg_end(&rows);
}

bool lp_pg_note_outdated(struct lp_store *opened, const struct lp_outdated *notes, size_t count, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);

	assert(count == 0 || store->depth == 1);
	return lp_pg_write_rows(store, PG_NOTE_OUTDATED, &lp_outdated_note_layout, LP_ROW_ARRAY(notes, count), error);
}

bool lp_pg_outdate_rules(struct pg_store *store, const PGresult *changed, struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);

	if (PQntuples(changed) == 0)
		return true;
	lp_pg_array_begin(arguments, PG_TEXT);
	for (int i = 0; i < PQntuples(changed); i++)
		lp_pg_array_text(arguments, PQgetvalue(changed, i, 0));
	lp_pg_array_end(arguments);
	return lp_pg_execute(store, PG_OUTDATE_RULES, NULL, error);
}

bool lp_pg_each_outdated(struct lp_store *opened, lp_outdated_visit *visit, void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_outdated outdated;
	struct pg_rows rows;

	(void)lp_pg_arguments(store);
	lp_pg_read(store, PG_EACH_OUTDATED, &rows, error);
	while (lp_pg_next(&rows, &lp_outdated_layout, &outdated))
		rows.ok = visit(context, &outdated, error);
	return lp_pg_end(&rows);
}

bool lp_pg_owe_outdated(struct lp_store *opened, const struct lp_outdated *told, size_t count, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);

	lp_pg_add_columns(lp_pg_arguments(store), &lp_outdated_key_layout, told, sizeof *told, count);
	return lp_pg_run(store, PG_OWE_OUTDATED, NULL, error);
}

bool lp_pg_settle_outdated(struct lp_store *opened, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);

	(void)lp_pg_arguments(store);
	return lp_pg_run(store, PG_SETTLE_OUTDATED, NULL, error);
}

bool lp_pg_remove_results(struct lp_store *opened, int64_t calculation_id, lp_time after_end, lp_time until_end,
                          uint64_t *removed, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	PGresult *result = NULL;
	bool ok;

	assert(store->depth == 1);
	lp_pg_argument_int8(arguments, calculation_id);
	lp_pg_argument_time(arguments, after_end);
	lp_pg_argument_time(arguments, until_end);
	ok = lp_pg_execute(store, PG_REMOVE_RESULTS, &result, error);
	*removed = ok ? lp_pg_affected(result) : 0;
	PQclear(result);
	return ok;
}

bool lp_pg_read_places(struct lp_store *opened, const struct lp_place_query *query, struct lp_result_place *places,
                       size_t *count, struct lp_error *error)
{
	lp_time end = query->backwards ? LP_TIME_MAX : LP_TIME_MIN;
	lp_time beyond = query->beyond == LP_TIME_NONE ? end : query->beyond;
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	struct pg_rows rows;

	lp_pg_argument_int8(arguments, query->series_id);
	lp_pg_argument_time(arguments, beyond);
	lp_pg_argument_int8(arguments, (int64_t)query->most);
	lp_pg_read(store, query->backwards ? PG_READ_PLACES_BACK : PG_READ_PLACES, &rows, error);
	for (*count = 0; *count < query->most && lp_pg_next(&rows, &lp_place_layout, &places[*count]); ++*count)
		places[*count].series_id = query->series_id;
	return lp_pg_end(&rows);
}

/* Takes what lies at the places away; returns what it was and where it has to go. */
static bool take_places(struct pg_store *store, const struct lp_result_place *places, size_t count,
                        struct lp_result_row **taken, size_t *taken_count, struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);
	lp_time first = LP_TIME_MAX, last = LP_TIME_MIN;
	struct pg_rows rows;

	for (size_t i = 0; i < count; i++) {
		first = places[i].time < first ? places[i].time : first;
		last = places[i].time > last ? places[i].time : last;
	}
	lp_pg_add_columns(arguments, &lp_place_move_layout, places, sizeof *places, count);
	lp_pg_argument_time(arguments, first);
	lp_pg_argument_time(arguments, last);
	lp_pg_read(store, PG_TAKE_PLACES, &rows, error);
	lp_arena_empty(&store->scratch);
	*taken = lp_arena_allocate(&store->scratch, count * sizeof **taken);
	for (*taken_count = 0; *taken_count < count && lp_pg_next(&rows, &lp_result_layout, *taken + *taken_count);)
		++*taken_count;
	return lp_pg_end(&rows);
}

/* Widens where the results of windows are looked for. Places of one series follow one another. */
static bool widen(struct pg_store *store, const struct lp_result_place *places, size_t count, struct lp_error *error)
{
	struct lp_widened *widened;
	size_t series = 0;

	lp_arena_empty(&store->scratch);
	widened = lp_arena_allocate(&store->scratch, count * sizeof *widened);
	for (size_t i = 0; i < count; i++) {
		int64_t offset = places[i].to - places[i].window_end;
		struct lp_widened *last;

		if (i == 0 || places[i].series_id != places[i - 1].series_id)
			widened[series++] = (struct lp_widened){ places[i].series_id, offset, offset + 1 };
		last = &widened[series - 1];
		last->from = offset < last->from ? offset : last->from;
		last->to = offset >= last->to ? offset + 1 : last->to;
	}
	return lp_pg_write_rows(store, PG_WIDEN_RESULTS, &lp_widened_layout, LP_ROW_ARRAY(widened, series), error);
}

bool lp_pg_move_results(struct lp_store *opened, const struct lp_result_place *places, size_t count,
                        struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_result_row *taken;
	size_t taken_count;

	assert(store->depth == 1);
	if (count == 0)
		return true;
	/* Taken off before any is put: in one statement, one could meet another that is still to go. */
	if (!widen(store, places, count, error) || !take_places(store, places, count, &taken, &taken_count, error))
		return false;
	return lp_pg_write_rows(store, PG_PUT_PLACES, &lp_result_layout, LP_ROW_ARRAY(taken, taken_count), error);
}
