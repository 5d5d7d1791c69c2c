/*
 * Results that an earlier definition or rule has computed: where they are, who
 * has some, and taking them off or to another time.  When results are outdated
 * is not known here.
 */
#include "store/postgresql/internal.h"

#include <math.h>

bool lp_pg_each_stored(struct lp_store *opened, const int64_t *series_ids, size_t count, uint64_t most,
                       lp_stored_visit *visit, void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments;
	PGresult *result = NULL;
	bool done;

	if (!lp_pg_begin(store, error))
		return false;
	arguments = lp_pg_arguments(store);
	lp_pg_add_ids(arguments, series_ids, count);
	lp_pg_argument_int8(arguments, (int64_t)most);
	done = lp_pg_finish(store, lp_pg_execute(store, PG_EACH_STORED, &result, error), error);
	for (int i = 0; done && i < PQntuples(result); i++) {
		struct lp_stored stored = {
			.series_id = lp_pg_get_int8(result, i, 0),
			.first_end = lp_pg_get_time(result, i, 1),
			.last_end = lp_pg_get_time(result, i, 2),
			.results = (uint64_t)lp_pg_get_int8(result, i, 3),
		};

		done = visit(context, &stored, error);
	}
	PQclear(result);
	return done;
}

bool lp_pg_note_outdated(struct lp_store *opened, const struct lp_outdated *notes, size_t count, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments;

	if (count == 0)
		return true;
	assert(store->depth == 1);
	arguments = lp_pg_arguments(store);
	lp_pg_array_begin(arguments, PG_TEXT);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_text(arguments, notes[i].calculation);
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_TEXT);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_text(arguments, notes[i].reason);
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_TIMESTAMPTZ);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_time(arguments, notes[i].after_end);
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_TIMESTAMPTZ);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_time(arguments, notes[i].until_end);
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_BOOL);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_bool(arguments, notes[i].other_windows);
	lp_pg_array_end(arguments);
	return lp_pg_execute(store, PG_NOTE_OUTDATED, NULL, error);
}

bool lp_pg_outdate_rules(struct pg_store *store, const PGresult *changed, struct lp_error *error)
{
	struct lp_arena arena = { .first = NULL };
	struct pg_arguments *arguments;
	bool done;

	if (PQntuples(changed) == 0)
		return true;
	arguments = lp_pg_arguments(store);
	lp_pg_array_begin(arguments, PG_TEXT);
	for (int i = 0; i < PQntuples(changed); i++)
		lp_pg_array_text(arguments, lp_pg_get_text(changed, i, 0, &arena));
	lp_pg_array_end(arguments);
	done = lp_pg_execute(store, PG_OUTDATE_RULES, NULL, error);
	lp_arena_free(&arena);
	return done;
}

bool lp_pg_each_outdated(struct lp_store *opened, lp_outdated_visit *visit, void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_arena arena = { .first = NULL };
	PGresult *result = NULL;
	bool done;

	if (!lp_pg_begin(store, error))
		return false;
	lp_pg_arguments(store);
	done = lp_pg_finish(store, lp_pg_execute(store, PG_EACH_OUTDATED, &result, error), error);
	for (int i = 0; done && i < PQntuples(result); i++) {
		lp_arena_empty(&arena);
		struct lp_outdated outdated = {
			.calculation_id = lp_pg_get_int8(result, i, 0),
			.calculation = lp_pg_get_text(result, i, 1, &arena),
			.rule = lp_pg_get_text(result, i, 2, &arena),
			.enabled = lp_pg_get_bool(result, i, 3),
			.owed = lp_pg_get_bool(result, i, 4),
			.reason = lp_pg_get_text(result, i, 5, &arena),
			.after_end = lp_pg_get_time(result, i, 6),
			.until_end = lp_pg_get_time(result, i, 7),
			.other_windows = lp_pg_get_bool(result, i, 8),
			.noted = lp_pg_get_time(result, i, 9),
		};

		done = visit(context, &outdated, error);
	}
	lp_arena_free(&arena);
	PQclear(result);
	return done;
}

bool lp_pg_owe_outdated(struct lp_store *opened, const struct lp_outdated *told, size_t count, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments;

	if (!lp_pg_begin(store, error))
		return false;
	arguments = lp_pg_arguments(store);
	lp_pg_array_begin(arguments, PG_INT8);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_int8(arguments, told[i].calculation_id);
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_TIMESTAMPTZ);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_time(arguments, told[i].noted);
	lp_pg_array_end(arguments);
	return lp_pg_finish(store, lp_pg_execute(store, PG_OWE_OUTDATED, NULL, error), error);
}

bool lp_pg_settle_outdated(struct lp_store *opened, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);

	if (!lp_pg_begin(store, error))
		return false;
	lp_pg_arguments(store);
	return lp_pg_finish(store, lp_pg_execute(store, PG_SETTLE_OUTDATED, NULL, error), error);
}

bool lp_pg_remove_results(struct lp_store *opened, int64_t calculation_id, lp_time after_end, lp_time until_end,
                          uint64_t *removed, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	PGresult *result = NULL;
	bool done;

	assert(store->depth == 1);
	lp_pg_argument_int8(arguments, calculation_id);
	lp_pg_argument_time(arguments, after_end);
	lp_pg_argument_time(arguments, until_end);
	done = lp_pg_execute(store, PG_REMOVE_RESULTS, &result, error);
	*removed = done ? lp_pg_affected(result) : 0;
	PQclear(result);
	return done;
}

bool lp_pg_read_places(struct lp_store *opened, int64_t series_id, lp_time beyond, bool backwards,
                       struct lp_result_place *places, size_t most, size_t *count, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments;
	PGresult *result = NULL;
	bool done;

	*count = 0;
	if (!lp_pg_begin(store, error))
		return false;
	if (beyond == LP_TIME_NONE)
		beyond = backwards ? LP_TIME_MAX : LP_TIME_MIN;
	arguments = lp_pg_arguments(store);
	lp_pg_argument_int8(arguments, series_id);
	lp_pg_argument_time(arguments, beyond);
	lp_pg_argument_int8(arguments, (int64_t)most);
	done = lp_pg_execute(store, backwards ? PG_READ_PLACES_BACK : PG_READ_PLACES, &result, error);
	for (int i = 0; done && i < PQntuples(result); i++)
		places[(*count)++] = (struct lp_result_place){ .series_id = series_id,
			                                       .time = lp_pg_get_time(result, i, 0),
			                                       .window_end = lp_pg_get_time(result, i, 1) };
	PQclear(result);
	return lp_pg_finish(store, done, error);
}

static void add_series(struct pg_arguments *arguments, const struct lp_result_place *places, size_t count)
{
	lp_pg_array_begin(arguments, PG_INT8);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_int8(arguments, places[i].series_id);
	lp_pg_array_end(arguments);
}

/* What lies at the places is gone then; told is what it was, and where it is to be. */
static bool take_places(struct pg_store *store, const struct lp_result_place *places, size_t count, PGresult **taken,
                        struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);
	lp_time first = LP_TIME_MAX, last = LP_TIME_MIN;

	add_series(arguments, places, count);
	lp_pg_array_begin(arguments, PG_TIMESTAMPTZ);
	for (size_t i = 0; i < count; i++) {
		lp_pg_array_time(arguments, places[i].time);
		first = places[i].time < first ? places[i].time : first;
		last = places[i].time > last ? places[i].time : last;
	}
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_TIMESTAMPTZ);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_time(arguments, places[i].to);
	lp_pg_array_end(arguments);
	lp_pg_argument_time(arguments, first);
	lp_pg_argument_time(arguments, last);
	return lp_pg_execute(store, PG_TAKE_PLACES, taken, error);
}

/* One column of what was taken. */
static void add_taken(struct pg_arguments *arguments, const PGresult *taken, int column, enum pg_type type)
{
	lp_pg_array_begin(arguments, type);
	for (int i = 0; i < PQntuples(taken); i++) {
		if (lp_pg_is_null(taken, i, column))
			lp_pg_array_null(arguments);
		else if (type == PG_INT8)
			lp_pg_array_int8(arguments, lp_pg_get_int8(taken, i, column));
		else if (type == PG_TIMESTAMPTZ)
			lp_pg_array_time(arguments, lp_pg_get_time(taken, i, column));
		else if (type == PG_FLOAT8)
			lp_pg_array_float8(arguments, lp_pg_get_float8(taken, i, column));
		else if (type == PG_INT2)
			lp_pg_array_int2(arguments, (int16_t)lp_pg_get_int4(taken, i, column));
		else
			lp_pg_array_int4(arguments, lp_pg_get_int4(taken, i, column));
	}
	lp_pg_array_end(arguments);
}

/* Where the results of windows are looked for: of each series, whose places follow one another, the least and the most. */
static bool widen(struct pg_store *store, const struct lp_result_place *places, size_t count, struct lp_error *error)
{
	int64_t *ids, *from, *to;
	size_t series = 0;
	struct pg_arguments *arguments;

	lp_arena_empty(&store->scratch);
	ids = lp_arena_allocate(&store->scratch, count * sizeof *ids);
	from = lp_arena_allocate(&store->scratch, count * sizeof *from);
	to = lp_arena_allocate(&store->scratch, count * sizeof *to);
	for (size_t i = 0; i < count; i++) {
		int64_t offset = places[i].to - places[i].window_end;

		if (i == 0 || places[i].series_id != places[i - 1].series_id) {
			ids[series] = places[i].series_id;
			from[series] = offset;
			to[series++] = offset + 1;
		}
		from[series - 1] = offset < from[series - 1] ? offset : from[series - 1];
		to[series - 1] = offset >= to[series - 1] ? offset + 1 : to[series - 1];
	}
	arguments = lp_pg_arguments(store);
	lp_pg_add_ids(arguments, ids, series);
	lp_pg_add_ids(arguments, from, series);
	lp_pg_add_ids(arguments, to, series);
	return lp_pg_execute(store, PG_WIDEN_RESULTS, NULL, error);
}

bool lp_pg_move_results(struct lp_store *opened, const struct lp_result_place *places, size_t count,
                        struct lp_error *error)
{
	static const enum pg_type types[] = { PG_INT8,   PG_TIMESTAMPTZ, PG_FLOAT8,     PG_INT2,
		                              PG_FLOAT8, PG_INT4,        PG_TIMESTAMPTZ };
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments;
	PGresult *taken = NULL;
	bool done;

	assert(store->depth == 1);
	if (count == 0)
		return true;
	/* Taken off before any is put: in one statement, one could meet another that is still to go. */
	done = widen(store, places, count, error) && take_places(store, places, count, &taken, error);
	if (done && PQntuples(taken) > 0) {
		arguments = lp_pg_arguments(store);
		for (int column = 0; column < (int)(sizeof types / sizeof *types); column++)
			add_taken(arguments, taken, column, types[column]);
		done = lp_pg_execute(store, PG_PUT_PLACES, NULL, error);
	}
	PQclear(taken);
	return done;
}
