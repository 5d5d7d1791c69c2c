/*
 * Definitions as they are read: all of them for people, those of a batch for a
 * run.  Knows nothing of how they are changed.
 */
#include "calendar/calendar.h"
#include "store/sqlite/sqlite.h"

#include <string.h>

bool lp_sqlite_calculation_of(sqlite3_stmt *statement, struct lp_calculation *calculation, struct lp_error *error)
{
	const int after = 7 + LP_SQLITE_SCHEDULE_COLUMNS;
	const char *time_limit = lp_sqlite_text(statement, after + 1);

	*calculation = (struct lp_calculation){
		.id = sqlite3_column_int64(statement, 0),
		.name = lp_sqlite_text_or_empty(statement, 1),
		.description = lp_sqlite_text_or_empty(statement, 2),
		.rule = lp_sqlite_text_or_empty(statement, 3),
		.parameters = lp_sqlite_text_or_empty(statement, 4),
		.labels = lp_sqlite_text_or_empty(statement, 5),
		.enabled = sqlite3_column_int(statement, 6) != 0,
		.start = lp_sqlite_time(statement, after),
		.version = sqlite3_column_int(statement, after + 2),
		.rank = sqlite3_column_int(statement, after + 3),
	};
	calculation->result_time = strcmp(lp_sqlite_text_or_empty(statement, after + 5), "end") == 0
	                                   ? LP_RESULT_AT_END
	                                   : LP_RESULT_AT_START;
	calculation->min_coverage = sqlite3_column_double(statement, after + 6);
	calculation->recompute_within = sqlite3_column_int64(statement, after + 7);
	calculation->generation = sqlite3_column_int64(statement, after + 8);
	if (!lp_sqlite_read_schedule(statement, 7, &calculation->schedule, error) ||
	    (time_limit != NULL && !lp_duration_parse(time_limit, &calculation->time_limit, error)))
		return lp_fail_within(error, "schedule of the stored calculation %s", calculation->name);
	if (!lp_state_parse(lp_sqlite_text_or_empty(statement, after + 4), &calculation->state))
		return lp_fail(error, LP_EXIT_DATA, "calculation %s has a state that is not known here: %s",
		               calculation->name, lp_sqlite_text_or_empty(statement, after + 4));
	return true;
}

static void keep_texts(struct lp_calculation *calculation, struct lp_arena *arena)
{
	calculation->name = lp_arena_text(arena, calculation->name);
	calculation->description = lp_arena_text(arena, calculation->description);
	calculation->rule = lp_arena_text(arena, calculation->rule);
	calculation->parameters = lp_arena_text(arena, calculation->parameters);
	calculation->labels = lp_arena_text(arena, calculation->labels);
}

/* The rows of a statement, of whose number nothing is known before, are put one after the other here. */
struct list {
	void *items;
	size_t count, capacity;
};

static void *add_to_list(struct list *list, struct lp_arena *arena, size_t size)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity == 0 ? 4 : list->capacity * 2;
		void *items = lp_arena_allocate(arena, capacity * size);

		if (list->count > 0)
			memcpy(items, list->items, list->count * size);
		list->items = items;
		list->capacity = capacity;
	}
	return (char *)list->items + list->count++ * size;
}

static bool read_inputs(struct lp_sqlite *store, struct lp_calculation *calculation, struct lp_arena *arena,
                        struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_ONE_INPUTS, error);
	struct list list = { 0 };
	int row;

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, calculation->id);
	while ((row = lp_sqlite_step(store, statement, error, "read the inputs of a calculation")) == 1) {
		struct lp_input *input = add_to_list(&list, arena, sizeof *input);

		*input = (struct lp_input){
			.name = lp_arena_text(arena, lp_sqlite_text_or_empty(statement, 0)),
			.series_id = sqlite3_column_int64(statement, 1),
			.series = lp_arena_text(arena, lp_sqlite_text_or_empty(statement, 2)),
			.unit = lp_arena_text(arena, lp_sqlite_text_or_empty(statement, 3)),
			.attributes = lp_arena_text(arena, lp_sqlite_text_or_empty(statement, 4)),
			.lookback = sqlite3_column_int64(statement, 5),
			.interval = sqlite3_column_int64(statement, 6),
			.pruned = lp_sqlite_pruned(statement, 9),
		};
		if (!lp_sqlite_span(statement, 7, &input->window, error) ||
		    !lp_sqlite_span(statement, 8, &input->shift, error)) {
			sqlite3_reset(statement);
			return lp_fail_within(error, "input %s of calculation %s", input->name, calculation->name);
		}
	}
	calculation->inputs = list.items;
	calculation->input_count = list.count;
	return row == 0;
}

static bool read_outputs(struct lp_sqlite *store, struct lp_calculation *calculation, struct lp_arena *arena,
                         struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_ONE_OUTPUTS, error);
	struct list list = { 0 };
	int row;

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, calculation->id);
	while ((row = lp_sqlite_step(store, statement, error, "read the outputs of a calculation")) == 1) {
		struct lp_output *output = add_to_list(&list, arena, sizeof *output);

		*output = (struct lp_output){
			.name = lp_arena_text(arena, lp_sqlite_text_or_empty(statement, 0)),
			.series_id = sqlite3_column_int64(statement, 1),
			.series = lp_arena_text(arena, lp_sqlite_text_or_empty(statement, 2)),
			.unit = lp_arena_text(arena, lp_sqlite_text_or_empty(statement, 3)),
			.results_from = sqlite3_column_int64(statement, 4),
			.results_to = sqlite3_column_int64(statement, 5),
		};
	}
	calculation->outputs = list.items;
	calculation->output_count = list.count;
	return row == 0;
}

bool lp_sqlite_each_calculation(struct lp_store *base, lp_calculation_visit *visit, void *context,
                                struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_EACH_CALCULATION, error);
	struct lp_arena arena = { 0 };
	int row;

	if (statement == NULL)
		return false;
	while ((row = lp_sqlite_step(store, statement, error, "read the calculations")) == 1) {
		struct lp_calculation calculation;

		lp_arena_empty(&arena);
		if (!lp_sqlite_calculation_of(statement, &calculation, error) ||
		    !read_inputs(store, &calculation, &arena, error) ||
		    !read_outputs(store, &calculation, &arena, error) || !visit(context, &calculation, error)) {
			sqlite3_reset(statement);
			row = -1;
			break;
		}
	}
	lp_arena_free(&arena);
	return row == 0;
}

/* Steps through a statement of calculations that is bound already; all its rows go to the list. */
static bool take_calculations(struct lp_sqlite *store, sqlite3_stmt *statement, struct list *list,
                              struct lp_arena *arena, struct lp_error *error)
{
	int row;

	while ((row = lp_sqlite_step(store, statement, error, "read the definitions of a batch")) == 1) {
		struct lp_calculation *calculation = add_to_list(list, arena, sizeof *calculation);

		if (!lp_sqlite_calculation_of(statement, calculation, error)) {
			sqlite3_reset(statement);
			return false;
		}
		keep_texts(calculation, arena);
		if (!read_inputs(store, calculation, arena, error) || !read_outputs(store, calculation, arena, error)) {
			sqlite3_reset(statement);
			return false;
		}
	}
	return row == 0;
}

static bool finish_reading(struct lp_store *base, bool ok, struct list *list, struct lp_batch *batch,
                           struct lp_error *error)
{
	if (!ok) {
		lp_sqlite_rollback(base);
		return false;
	}
	batch->calculations = list->items;
	batch->calculation_count = list->count;
	return lp_sqlite_commit_work(base, error);
}

bool lp_sqlite_read_batch(struct lp_store *base, struct lp_batch *batch, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_BATCH_CALCULATIONS, error);
	struct list list = { 0 };

	LP_CHECK_BATCH(batch);
	if (statement == NULL || !lp_sqlite_execute(store, LP_SQL_BEGIN_READ, error))
		return false;
	sqlite3_bind_int64(statement, 1, batch->head.id);
	bool ok = take_calculations(store, statement, &list, &batch->arena, error);
	return finish_reading(base, ok, &list, batch, error);
}

bool lp_sqlite_read_calculations(struct lp_store *base, const int64_t *ids, size_t count, struct lp_batch *batch,
                                 struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_ONE_CALCULATION, error);
	struct list list = { 0 };
	bool ok = true;

	LP_CHECK_BATCH(batch);
	if (statement == NULL || !lp_sqlite_execute(store, LP_SQL_BEGIN_READ, error))
		return false;
	for (size_t i = 0; i < count && ok; i++) {
		sqlite3_bind_int64(statement, 1, ids[i]);
		ok = take_calculations(store, statement, &list, &batch->arena, error);
	}
	return finish_reading(base, ok, &list, batch, error);
}
