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
};

struct lasts {
	struct last *items;
	size_t count, capacity;
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

static int compare_lasts(const void *a, const void *b)
{
	int64_t left = ((const struct last *)a)->calculation_id, right = ((const struct last *)b)->calculation_id;

	return (left > right) - (left < right);
}

static bool read_lasts(struct sqlite_store *store, struct lasts *lasts, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_LAST_OUTCOMES, error);
	struct outcome_arrays arrays = { 0 };
	int row;

	if (statement == NULL)
		return false;
	while ((row = lp_sqlite_step(store, statement, error)) == 1) {
		struct last last = {
			.run_id = sqlite3_column_int64(statement, 0),
			.window = { sqlite3_column_int64(statement, 1), sqlite3_column_int64(statement, 2) },
		};
		read_arrays(&arrays, statement, 3);
		for (size_t i = 0; i < arrays.counts[IDS]; i++) {
			if (arrays.items[STATES][i] == LP_STATE_INTERRUPTED)
				continue;
			last.calculation_id = arrays.items[IDS][i];
			last.duration = arrays.items[DURATIONS][i];
			last.samples_read = (uint32_t)arrays.items[SAMPLES][i];
			LP_GROW(lasts->items, lasts->count, lasts->capacity);
			lasts->items[lasts->count++] = last;
		}
	}
	free_arrays(&arrays);
	if (lasts->count > 0)
		qsort(lasts->items, lasts->count, sizeof *lasts->items, compare_lasts);
	return row == 0;
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
	return lp_sqlite_end(&rows);
}

bool lp_sqlite_each_history(struct lp_store *opened, const struct lp_history_query *query, lp_history_visit *visit,
                            void *context, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_EACH_HISTORY, error);
	struct outcome_arrays arrays = { 0 };
	char id[24];
	uint32_t given = 0;
	int row = 0;

	if (statement == NULL)
		return false;
	snprintf(id, sizeof id, "%lld", (long long)query->calculation_id);
	lp_sqlite_bind_time(statement, 2, query->from);
	lp_sqlite_bind_time(statement, 3, query->to);
	lp_sqlite_bind_text(statement, 1, id); /* leaves out most rows; 12 is in 3121 too, hence the search below */
	while ((query->most == 0 || given < query->most) && (row = lp_sqlite_step(store, statement, error)) == 1) {
		struct lp_history history = {
			.run_id = sqlite3_column_int64(statement, 0),
			.tick = sqlite3_column_int64(statement, 1),
			.window = { sqlite3_column_int64(statement, 2), sqlite3_column_int64(statement, 3) },
		};
		size_t i = 0;

		read_arrays(&arrays, statement, 4);
		while (i < arrays.counts[IDS] && arrays.items[IDS][i] != query->calculation_id)
			i++;
		if (i == arrays.counts[IDS] || arrays.items[STATES][i] < 0 || arrays.items[STATES][i] >= LP_STATE_COUNT)
			continue;
		history.state = (enum lp_state)arrays.items[STATES][i];
		history.reason = (enum lp_reason)sqlite3_column_int(statement, 8);
		history.duration = arrays.items[DURATIONS][i] * 1000;
		history.samples_read = (uint32_t)arrays.items[SAMPLES][i];
		given++;
		if (!visit(context, &history, error)) {
			row = -1;
			break;
		}
	}
	sqlite3_reset(statement);
	free_arrays(&arrays);
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
