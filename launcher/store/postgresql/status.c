/* What `status` shows: where calculations stand, and the last windows of one. */
#include "store/postgresql/internal.h"

#include <stdlib.h>
#include <string.h>

struct visiting {
	struct pg_store *store;
	lp_status_visit *visit;
	void *context;
};

/* The columns behind those of the calculation. */
enum {
	COLUMN_SINCE = PG_CALCULATION_COLUMN_COUNT,
	COLUMN_FAILING_SINCE,
	COLUMN_WATERMARK,
	COLUMN_LAST,                    /* of the batch's last outcome: window, run, duration, samples */
	COLUMN_STATE = COLUMN_LAST + 5, /* the same, of the row in `state` */
	COLUMN_ATTEMPTS = COLUMN_STATE + 5,
	COLUMN_NEXT_ATTEMPT,
	COLUMN_PENDING,
	COLUMN_OWED,
	COLUMN_RULE_VERSION,
	COLUMN_ERROR,
};

/* The later of the two: a row in `state` is not written anew for every window that was ok. */
static void get_last_window(const PGresult *row, struct lp_status *status)
{
	int column = COLUMN_LAST;

	if (lp_pg_get_time(row, 0, COLUMN_STATE + 1) > lp_pg_get_time(row, 0, COLUMN_LAST + 1))
		column = COLUMN_STATE;
	status->window.start = lp_pg_get_time(row, 0, column);
	status->window.end = lp_pg_get_time(row, 0, column + 1);
	status->run_id = lp_pg_get_int8(row, 0, column + 2);
	status->duration = lp_pg_get_int8(row, 0, column + 3) * 1000;
	status->samples_read = (uint32_t)lp_pg_get_int8(row, 0, column + 4);
}

static bool visit_row(void *context, const PGresult *row, struct lp_error *error)
{
	const struct visiting *visiting = context;
	struct lp_arena *arena = &visiting->store->scratch;
	struct lp_status status;

	lp_arena_empty(arena);
	status = (struct lp_status){
		.since = lp_pg_get_time(row, 0, COLUMN_SINCE),
		.failing_since = lp_pg_get_time(row, 0, COLUMN_FAILING_SINCE),
		.watermark = lp_pg_get_time(row, 0, COLUMN_WATERMARK),
		.attempts = lp_pg_get_int4(row, 0, COLUMN_ATTEMPTS),
		.next_attempt = lp_pg_get_time(row, 0, COLUMN_NEXT_ATTEMPT),
		.pending = (uint32_t)lp_pg_get_int8(row, 0, COLUMN_PENDING),
		.owed = (uint32_t)lp_pg_get_int8(row, 0, COLUMN_OWED),
		.rule_version = lp_pg_get_text(row, 0, COLUMN_RULE_VERSION, arena),
		.error_type = lp_pg_get_text(row, 0, COLUMN_ERROR, arena),
		.error_message = lp_pg_get_text(row, 0, COLUMN_ERROR + 1, arena),
		.error_traceback = lp_pg_get_text(row, 0, COLUMN_ERROR + 2, arena),
		.cause = lp_pg_get_text(row, 0, COLUMN_ERROR + 3, arena),
	};
	get_last_window(row, &status);
	if (!lp_pg_get_calculation(row, 0, arena, &status.calculation, error))
		return false;
	status.state = status.calculation.state;
	return visiting->visit(visiting->context, &status, error);
}

bool lp_pg_each_status(struct lp_store *opened, const struct lp_status_filter *filter, lp_status_visit *visit,
                       void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct visiting visiting = { .store = store, .visit = visit, .context = context };
	struct pg_arguments *arguments;

	if (!lp_pg_begin(store, error))
		return false;
	lp_arena_empty(&store->scratch);
	arguments = lp_pg_arguments(store);
	lp_pg_argument_text(arguments, lp_pg_like(&store->scratch, filter->name));
	lp_pg_argument_text(arguments, filter->rule);
	lp_pg_argument_text(arguments, filter->label_name);
	lp_pg_argument_text(arguments, filter->label_value);
	lp_pg_argument_bool(arguments, filter->failed);
	return lp_pg_finish(store, lp_pg_stream(store, PG_EACH_STATUS, visit_row, &visiting, error), error);
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
};

static int compare_placed(const void *a, const void *b)
{
	const struct placed *left = a, *right = b;

	if (left->history.window.end != right->history.window.end)
		return left->history.window.end > right->history.window.end ? -1 : 1;
	return (left->id < right->id) - (left->id > right->id);
}

static bool keep_history(void *context, const PGresult *row, struct lp_error *error)
{
	struct histories *histories = context;

	(void)error;
	LP_GROW(histories->items, histories->count, histories->capacity);
	histories->items[histories->count++] = (struct placed){
		.history = {
			.run_id = lp_pg_get_int8(row, 0, 0),
			.tick = lp_pg_get_time(row, 0, 1),
			.window = { lp_pg_get_time(row, 0, 2), lp_pg_get_time(row, 0, 3) },
			.state = (enum lp_state)lp_pg_get_int4(row, 0, 4),
			.duration = lp_pg_get_int8(row, 0, 5) * 1000,
			.samples_read = (uint32_t)lp_pg_get_int8(row, 0, 6),
			.reason = (enum lp_reason)lp_pg_get_int4(row, 0, 7),
		},
		.id = lp_pg_get_int8(row, 0, 8),
	};
	return true;
}

/* Of the ticks from `first` on, before `beyond`. */
static bool read_piece(struct pg_store *store, const struct lp_history_query *query, lp_time first, lp_time beyond,
                       struct histories *histories, struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);

	lp_pg_argument_int8(arguments, query->calculation_id);
	lp_pg_argument_time(arguments, first);
	lp_pg_argument_time(arguments, beyond);
	lp_pg_argument_time(arguments, query->from);
	lp_pg_argument_time(arguments, query->to);
	if (query->most > 0)
		lp_pg_argument_int8(arguments, query->most);
	else
		lp_pg_argument_no_int8(arguments);
	if (!lp_pg_stream(store, PG_EACH_HISTORY, keep_history, histories, error))
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
	bool done;

	if (!lp_pg_begin(store, error))
		return false;
	done = lp_pg_finish(store, read_pieces(store, query, &histories, error), error);
	for (size_t i = 0; done && i < histories.count; i++)
		done = visit(context, &histories.items[i].history, error);
	free(histories.items);
	return done;
}
