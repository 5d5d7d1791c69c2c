/* What `status` shows: the states of calculations, and the last windows of one. */
#include "store/postgresql/internal.h"

#include <stdlib.h>

/* The later of the two: a row in `state` is not written anew for every window that was ok. */
static bool take_last_window(struct pg_rows *rows, struct lp_status *status)
{
	struct lp_status own;

	/* From the last outcome of its batch, then from its row in `state`. */
	if (!lp_pg_take(rows, &lp_status_window_layout, status) || !lp_pg_take(rows, &lp_status_window_layout, &own))
		return false;
	/* Of the same window it is the later one: that was tried again. */
	if (own.window.end >= status->window.end) {
		status->window = own.window;
		status->run_id = own.run_id;
		status->duration = own.duration;
		status->samples_read = own.samples_read;
		status->rule_version = own.rule_version;
	}
	return true;
}

static bool next_status(struct pg_rows *rows, struct lp_status *status)
{
	*status = (struct lp_status){ .run_id = 0 };
	if (!lp_pg_next_calculation(rows, &status->calculation))
		return false;
	status->state = status->calculation.state;
	return lp_pg_take(rows, &lp_status_since_layout, status) && take_last_window(rows, status) &&
	       lp_pg_take(rows, &lp_status_rest_layout, status);
}

bool lp_pg_each_status(struct lp_store *opened, const struct lp_status_filter *filter, lp_status_visit *visit,
                       void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	struct lp_status status;
	struct pg_rows rows;

	lp_arena_empty(&store->scratch);
	lp_pg_argument_text(arguments, lp_pg_like(&store->scratch, filter->name));
	lp_pg_argument_text(arguments, filter->rule);
	lp_pg_argument_text(arguments, filter->label_name);
	lp_pg_argument_text(arguments, filter->label_value);
	lp_pg_argument_bool(arguments, filter->failed);
	lp_pg_argument_text(arguments, filter->mode);
	lp_pg_stream(store, PG_EACH_STATUS, &rows, error);
	rows.arena = &store->scratch;
	while (next_status(&rows, &status)) {
		rows.ok = visit(context, &status, error);
		lp_arena_empty(&store->scratch);
	}
	return lp_pg_end(&rows);
}

/*
 * The last windows of one calculation, out of rows that hold thousands of
 * others': newest ticks first, and piece by piece, each twice as long as the one
 * before.  No window ends after the tick that it was computed for, so what has
 * older ticks is older than a window that ends where these pieces begin.
 */
struct histories {
	struct placed {
		struct lp_history history;
		int64_t id; /* of the outcome */
	} * items;
	size_t count, capacity;
	struct lp_arena texts;
};

static int compare_placed(const void *a, const void *b)
{
	const struct placed *left = a, *right = b;

	if (left->history.window.end != right->history.window.end)
		return left->history.window.end > right->history.window.end ? -1 : 1;
	return (left->id < right->id) - (left->id > right->id);
}

static const struct lp_row_column placed_columns[] = {
	{ LP_KIND_ID, offsetof(struct placed, history.run_id), NULL },
	{ LP_KIND_TIME, offsetof(struct placed, history.tick), NULL },
	{ LP_KIND_TIME, offsetof(struct placed, history.window.start), NULL },
	{ LP_KIND_TIME, offsetof(struct placed, history.window.end), NULL },
	{ LP_KIND_INTEGER, offsetof(struct placed, history.state), NULL },
	{ LP_KIND_MICROSECONDS, offsetof(struct placed, history.duration), NULL },
	{ LP_KIND_INTEGER, offsetof(struct placed, history.samples_read), NULL },
	{ LP_KIND_INTEGER, offsetof(struct placed, history.reason), NULL },
	{ LP_KIND_ID, offsetof(struct placed, id), NULL },
	{ LP_KIND_INTEGER, offsetof(struct placed, history.definition_version), NULL },
	{ LP_KIND_TEXT, offsetof(struct placed, history.rule_version), NULL },
};
static const struct lp_row_layout placed_layout = { sizeof placed_columns / sizeof *placed_columns, placed_columns };

/* Reads ticks from `first` on, before `beyond`. */
static bool read_piece(struct pg_store *store, const struct lp_history_query *query, lp_time first, lp_time beyond,
                       struct histories *histories, struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);
	struct placed placed;
	struct pg_rows rows;

	lp_pg_argument_int8(arguments, query->calculation_id);
	lp_pg_argument_time(arguments, first);
	lp_pg_argument_time(arguments, beyond);
	lp_pg_argument_time(arguments, query->from);
	lp_pg_argument_time(arguments, query->to);
	if (query->most > 0)
		lp_pg_argument_int8(arguments, query->most);
	else
		lp_pg_argument_no_int8(arguments);
	lp_pg_stream(store, PG_EACH_HISTORY, &rows, error);
	rows.arena = &histories->texts;
	while (lp_pg_next(&rows, &placed_layout, &placed)) {
		LP_GROW(histories->items, histories->count, histories->capacity);
		histories->items[histories->count++] = placed;
	}
	if (!lp_pg_end(&rows))
		return false;
	if (histories->count > 0)
		qsort(histories->items, histories->count, sizeof *histories->items, compare_placed);
	if (query->most > 0 && histories->count > query->most)
		histories->count = query->most;
	return true;
}

static bool has_enough(const struct histories *histories, const struct lp_history_query *query, lp_time first)
{
	return query->most > 0 && histories->count == query->most &&
	       histories->items[histories->count - 1].history.window.end >= first;
}

static bool read_pieces(struct pg_store *store, const struct lp_history_query *query, struct histories *histories,
                        struct lp_error *error)
{
	lp_time oldest, first, beyond = LP_TIME_MAX;
	int64_t length = LP_HOUR;
	PGresult *result = NULL;

	(void)lp_pg_arguments(store);
	if (!lp_pg_execute(store, PG_OUTCOME_TICKS, &result, error))
		return false;
	oldest = lp_pg_get_time(result, 0, 0);
	first = lp_pg_get_time(result, 0, 1);
	PQclear(result);
	if (first == LP_TIME_NONE)
		return true;
	if (query->from != LP_TIME_NONE && query->from > oldest)
		oldest = query->from;
	do {
		first = first - length > oldest ? first - length : oldest;
		if (!read_piece(store, query, first, beyond, histories, error))
			return false;
		beyond = first;
		length *= 2;
	} while (first > oldest && !has_enough(histories, query, first));
	return true;
}

bool lp_pg_each_history(struct lp_store *opened, const struct lp_history_query *query, lp_history_visit *visit,
                        void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct histories histories = { .items = NULL };
	bool ok;

	if (!lp_pg_begin(store, error))
		return false;
	ok = lp_pg_finish(store, read_pieces(store, query, &histories, error), error);
	for (size_t i = 0; ok && i < histories.count; i++)
		ok = visit(context, &histories.items[i].history, error);
	free(histories.items);
	lp_arena_free(&histories.texts);
	return ok;
}

/* The four arrays of an outcome row, kept from one row to the next. */
struct outcome_arrays {
	int64_t *items[4];
	size_t capacity;
};

/* Arrays of different lengths were edited by hand: only what all of them have is used. */
static bool take_arrays(struct pg_rows *rows, struct outcome_arrays *arrays, size_t *count)
{
	struct pg_reader readers[4];

	for (int i = 0; i < 4; i++)
		if (!lp_pg_reader_open(rows->result, rows->row, rows->column + i, &readers[i], rows->error))
			return false;
	*count = readers[0].count;
	for (int i = 1; i < 4; i++)
		*count = readers[i].count < *count ? readers[i].count : *count;
	if (*count > arrays->capacity) {
		arrays->capacity = *count;
		for (int i = 0; i < 4; i++)
			arrays->items[i] = lp_reallocate(arrays->items[i], *count, sizeof *arrays->items[i]);
	}
	for (int i = 0; i < 4; i++)
		for (size_t k = 0; k < *count; k++)
			arrays->items[i][k] = lp_pg_read_int(&readers[i]);
	return true;
}

bool lp_pg_each_outcome(struct lp_store *opened, lp_time from, lp_time to, lp_outcomes_visit *visit, void *context,
                        struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	struct outcome_arrays arrays = { .capacity = 0 };
	struct lp_outcomes outcomes;
	struct pg_rows rows;

	lp_pg_argument_time(arguments, from);
	lp_pg_argument_time(arguments, to);
	lp_pg_stream(store, PG_EACH_OUTCOME, &rows, error);
	while (lp_pg_next(&rows, &lp_outcomes_layout, &outcomes)) {
		rows.ok = take_arrays(&rows, &arrays, &outcomes.count);
		outcomes.calculation_ids = arrays.items[0];
		outcomes.states = arrays.items[1];
		outcomes.durations = arrays.items[2];
		outcomes.samples_read = arrays.items[3];
		rows.ok = rows.ok && visit(context, &outcomes, error);
	}
	for (int i = 0; i < 4; i++)
		free(arrays.items[i]);
	return lp_pg_end(&rows);
}

bool lp_pg_each_arrear(struct lp_store *opened, int64_t calculation_id, uint32_t most, lp_arrear_visit *visit,
                       void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);
	struct lp_arrear arrear;
	struct pg_rows rows;

	lp_pg_argument_int8(arguments, calculation_id);
	lp_pg_argument_int8(arguments, most);
	lp_pg_read(store, PG_EACH_ARREAR, &rows, error);
	while (lp_pg_next(&rows, &lp_arrear_layout, &arrear))
		rows.ok = visit(context, &arrear, error);
	return lp_pg_end(&rows);
}
