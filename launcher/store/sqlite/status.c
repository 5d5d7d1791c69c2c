/*
 * States of calculations and the history of one, for people. A calculation that
 * was always ok has no row in `state`: its last window is looked up in the last
 * outcome of its batch.
 */
#include "store/sqlite/internal.h"

#include <stdio.h>
#include <stdlib.h>

/* What the last outcome of its batch says about a calculation. */
struct last {
	int64_t calculation_id;
	struct lp_window window;
	int64_t run_id;
	int64_t duration; /* microseconds */
	uint32_t samples_read;
	const char *rule_version;
};

struct lasts {
	struct last *items;
	size_t count, capacity;
	struct lp_arena texts;
};

/* The four arrays of an outcome row, side by side. */
struct outcome_arrays {
	enum { IDS, STATES, DURATIONS, SAMPLES, ARRAYS } names;
	int64_t *items[ARRAYS];
	size_t counts[ARRAYS], capacities[ARRAYS];
};

static void read_arrays(struct outcome_arrays *arrays, sqlite3_stmt *statement, int column)
{
	for (int i = 0; i < ARRAYS; i++) {
		arrays->counts[i] = 0;
		lp_sqlite_array_read(lp_sqlite_text(statement, column + i), &arrays->items[i], &arrays->counts[i],
		                     &arrays->capacities[i]);
	}
	/* The table may have been edited by hand: only what all four arrays have is used. */
	for (int i = 1; i < ARRAYS; i++)
		if (arrays->counts[i] < arrays->counts[IDS])
			arrays->counts[IDS] = arrays->counts[i];
}

static void free_arrays(struct outcome_arrays *arrays)
{
	for (int i = 0; i < ARRAYS; i++)
		free(arrays->items[i]);
}

struct numbers {
	int64_t *items;
	size_t count, capacity;
};

static void read_numbers(struct numbers *numbers, const char *array)
{
	numbers->count = 0;
	lp_sqlite_array_read(array, &numbers->items, &numbers->count, &numbers->capacity);
}

/* The versions of a row of outcomes, and which of them each calculation has. */
struct outcome_versions {
	struct numbers which, definitions;
	const char **rules;
	size_t rule_count, rule_capacity;
};

/* rules: an array of texts, which are copied into the arena. */
static bool read_versions(struct sqlite_store *store, struct outcome_versions *versions, const char *which,
                          const char *rules, struct lp_arena *arena, struct lp_error *error)
{
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_TEXTS_OF, error);

	read_numbers(&versions->which, which);
	versions->rule_count = 0;
	lp_sqlite_bind_text(rows.statement, 1, rules);
	while (lp_sqlite_next(&rows, NULL, NULL)) {
		const char *rule = lp_sqlite_text(rows.statement, 0);

		LP_GROW(versions->rules, versions->rule_count, versions->rule_capacity);
		versions->rules[versions->rule_count++] = rule == NULL ? NULL : lp_arena_text(arena, rule);
	}
	return lp_sqlite_end(&rows);
}

/* Returns where the versions of the calculation at this place are among those of the row. */
static size_t place_of_version(const struct outcome_versions *versions, size_t place)
{
	return place < versions->which.count ? (size_t)(versions->which.items[place] - 1) : 0;
}

static const char *rule_version_at(const struct outcome_versions *versions, size_t place)
{
	size_t at = place_of_version(versions, place);

	return at < versions->rule_count ? versions->rules[at] : NULL;
}

static int32_t definition_version_at(const struct outcome_versions *versions, size_t place)
{
	size_t at = place_of_version(versions, place);

	return at < versions->definitions.count ? (int32_t)versions->definitions.items[at] : 0;
}

static void free_versions(struct outcome_versions *versions)
{
	free(versions->which.items);
	free(versions->definitions.items);
	free(versions->rules);
}

static int compare_lasts(const void *a, const void *b)
{
	int64_t left = ((const struct last *)a)->calculation_id, right = ((const struct last *)b)->calculation_id;

	return (left > right) - (left < right);
}

static bool read_lasts(struct sqlite_store *store, struct lasts *lasts, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_LAST_OUTCOMES, error);
	struct outcome_arrays arrays = { 0 };
	struct outcome_versions versions = { .rules = NULL };
	bool ok = true;
	int row;

	if (statement == NULL)
		return false;
	while ((row = lp_sqlite_step(store, statement, error)) == 1) {
		struct last last = {
			.run_id = sqlite3_column_int64(statement, 0),
			.window = { sqlite3_column_int64(statement, 1), sqlite3_column_int64(statement, 2) },
		};
		read_arrays(&arrays, statement, 3);
		ok = read_versions(store, &versions, lp_sqlite_text(statement, 7), lp_sqlite_text(statement, 8),
		                   &lasts->texts, error);
		if (!ok)
			break;
		for (size_t i = 0; i < arrays.counts[IDS]; i++) {
			if (arrays.items[STATES][i] == LP_STATE_INTERRUPTED)
				continue;
			last.calculation_id = arrays.items[IDS][i];
			last.duration = arrays.items[DURATIONS][i];
			last.samples_read = (uint32_t)arrays.items[SAMPLES][i];
			last.rule_version = rule_version_at(&versions, i);
			LP_GROW(lasts->items, lasts->count, lasts->capacity);
			lasts->items[lasts->count++] = last;
		}
	}
	if (!ok)
		sqlite3_reset(statement);
	free_arrays(&arrays);
	free_versions(&versions);
	if (lasts->count > 0)
		qsort(lasts->items, lasts->count, sizeof *lasts->items, compare_lasts);
	return ok && row == 0;
}

static const struct last *find_last(const struct lasts *lasts, int64_t calculation_id)
{
	struct last wanted = { .calculation_id = calculation_id };

	return lasts->count == 0 ? NULL
	                         : bsearch(&wanted, lasts->items, lasts->count, sizeof *lasts->items, compare_lasts);
}

static bool next_status(struct sqlite_rows *rows, const struct lasts *lasts, struct lp_status *status)
{
	const struct last *last;

	*status = (struct lp_status){ 0 };
	if (!lp_sqlite_next_calculation(rows, &status->calculation) ||
	    !lp_sqlite_take(rows, &lp_status_since_layout, status) ||
	    !lp_sqlite_take(rows, &lp_status_window_layout, status) ||
	    !lp_sqlite_take(rows, &lp_status_rest_layout, status))
		return false;
	status->state = status->calculation.state;
	last = find_last(lasts, status->calculation.id);
	if (last != NULL && last->window.end > status->window.end) { /* LP_TIME_NONE is before every time */
		status->window = last->window;
		status->run_id = last->run_id;
		status->duration = last->duration * 1000;
		status->samples_read = last->samples_read;
		status->rule_version = last->rule_version;
	}
	return true;
}

bool lp_sqlite_each_status(struct lp_store *opened, const struct lp_status_filter *filter, lp_status_visit *visit,
                           void *context, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_EACH_STATUS, error);
	sqlite3_stmt *statement = rows.statement;
	struct lasts lasts = { 0 };
	struct lp_status status;

	rows.ok = rows.ok && read_lasts(store, &lasts, error);
	lp_sqlite_bind_glob(statement, 1, filter->name);
	lp_sqlite_bind_text(statement, 2, filter->rule);
	lp_sqlite_bind_text(statement, 3, filter->label_name);
	lp_sqlite_bind_text(statement, 4, filter->label_value);
	sqlite3_bind_int(statement, 5, filter->failed);
	lp_sqlite_bind_text(statement, 6, filter->mode);
	while (next_status(&rows, &lasts, &status))
		rows.ok = visit(context, &status, error);
	free(lasts.items);
	lp_arena_free(&lasts.texts);
	return lp_sqlite_end(&rows);
}

/* The next row of EACH_HISTORY that has the calculation; 1, no more: 0, error: -1. */
static int next_history(struct sqlite_store *store, sqlite3_stmt *statement, int64_t calculation_id,
                        struct outcome_arrays *arrays, size_t *place, struct lp_error *error)
{
	int row;

	while ((row = lp_sqlite_step(store, statement, error)) == 1) {
		size_t i = 0;

		read_arrays(arrays, statement, 4);
		while (i < arrays->counts[IDS] && arrays->items[IDS][i] != calculation_id)
			i++;
		*place = i;
		if (i < arrays->counts[IDS] && arrays->items[STATES][i] >= 0 &&
		    arrays->items[STATES][i] < LP_STATE_COUNT)
			break;
	}
	return row;
}

bool lp_sqlite_each_history(struct lp_store *opened, const struct lp_history_query *query, lp_history_visit *visit,
                            void *context, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_EACH_HISTORY, error);
	struct outcome_arrays arrays = { 0 };
	struct outcome_versions versions = { .rules = NULL };
	struct lp_arena texts = { 0 };
	size_t place;
	char id[24];
	uint32_t given = 0;
	int row = 0;

	if (statement == NULL)
		return false;
	snprintf(id, sizeof id, "%lld", (long long)query->calculation_id);
	lp_sqlite_bind_time(statement, 2, query->from);
	lp_sqlite_bind_time(statement, 3, query->to);
	lp_sqlite_bind_text(statement, 1, id); /* leaves out most rows; 12 is in 3121 too, hence the search in each */
	while ((query->most == 0 || given < query->most) &&
	       (row = next_history(store, statement, query->calculation_id, &arrays, &place, error)) == 1) {
		struct lp_history history = {
			.run_id = sqlite3_column_int64(statement, 0),
			.tick = sqlite3_column_int64(statement, 1),
			.window = { sqlite3_column_int64(statement, 2), sqlite3_column_int64(statement, 3) },
			.state = (enum lp_state)arrays.items[STATES][place],
			.reason = (enum lp_reason)sqlite3_column_int(statement, 11),
			.duration = arrays.items[DURATIONS][place] * 1000,
			.samples_read = (uint32_t)arrays.items[SAMPLES][place],
		};

		lp_arena_empty(&texts);
		read_numbers(&versions.definitions, lp_sqlite_text(statement, 10));
		row = -1;
		if (!read_versions(store, &versions, lp_sqlite_text(statement, 8), lp_sqlite_text(statement, 9), &texts,
		                   error))
			break;
		history.rule_version = rule_version_at(&versions, place);
		history.definition_version = definition_version_at(&versions, place);
		given++;
		if (!visit(context, &history, error))
			break;
		row = 0;
	}
	sqlite3_reset(statement);
	free_arrays(&arrays);
	free_versions(&versions);
	lp_arena_free(&texts);
	return row >= 0;
}

bool lp_sqlite_each_outcome(struct lp_store *opened, lp_time from, lp_time to, lp_outcomes_visit *visit, void *context,
                            struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_EACH_OUTCOME, error);
	struct outcome_arrays arrays = { 0 };
	struct lp_outcomes outcomes;

	lp_sqlite_bind_time(rows.statement, 1, from);
	lp_sqlite_bind_time(rows.statement, 2, to);
	while (lp_sqlite_next(&rows, &lp_outcomes_layout, &outcomes)) {
		read_arrays(&arrays, rows.statement, rows.column);
		outcomes.count = arrays.counts[IDS];
		outcomes.calculation_ids = arrays.items[IDS];
		outcomes.states = arrays.items[STATES];
		outcomes.durations = arrays.items[DURATIONS];
		outcomes.samples_read = arrays.items[SAMPLES];
		rows.ok = visit(context, &outcomes, error);
	}
	free_arrays(&arrays);
	return lp_sqlite_end(&rows);
}

bool lp_sqlite_each_arrear(struct lp_store *opened, int64_t calculation_id, uint32_t most, lp_arrear_visit *visit,
                           void *context, struct lp_error *error)
{
	struct sqlite_rows rows = lp_sqlite_read(lp_sqlite_store(opened), LP_SQLITE_EACH_ARREAR, error);
	struct lp_arrear arrear;

	sqlite3_bind_int64(rows.statement, 1, calculation_id);
	sqlite3_bind_int64(rows.statement, 2, most);
	while (lp_sqlite_next(&rows, &lp_arrear_layout, &arrear))
		rows.ok = visit(context, &arrear, error);
	return lp_sqlite_end(&rows);
}
