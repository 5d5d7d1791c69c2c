/*
 * Definitions as they are read: all of them for people, those of a batch for a
 * run.  Knows nothing of how they are changed.
 */
#include "calendar/calendar.h"
#include "store/sqlite/internal.h"

#include <assert.h>
#include <string.h>

/* {{input_columns}} and {{output_columns}} of statements/calculations.sql; behind them is the calculation's id. */
enum { INPUT_COLUMN_COUNT = 11, OUTPUT_COLUMN_COUNT = 6 };

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
	calculation->memory_limit = sqlite3_column_int64(statement, after + 9);
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

static bool take_input(sqlite3_stmt *statement, const struct lp_calculation *calculation, struct list *list,
                       struct lp_arena *arena, struct lp_error *error)
{
	struct lp_input *input = add_to_list(list, arena, sizeof *input);

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
	return (lp_sqlite_span(statement, 7, &input->window, error) &&
	        lp_sqlite_span(statement, 8, &input->shift, error)) ||
	       lp_fail_within(error, "input %s of calculation %s", input->name, calculation->name);
}

static void take_output(sqlite3_stmt *statement, struct list *list, struct lp_arena *arena)
{
	struct lp_output *output = add_to_list(list, arena, sizeof *output);

	*output = (struct lp_output){
		.name = lp_arena_text(arena, lp_sqlite_text_or_empty(statement, 0)),
		.series_id = sqlite3_column_int64(statement, 1),
		.series = lp_arena_text(arena, lp_sqlite_text_or_empty(statement, 2)),
		.unit = lp_arena_text(arena, lp_sqlite_text_or_empty(statement, 3)),
		.results_from = sqlite3_column_int64(statement, 4),
		.results_to = sqlite3_column_int64(statement, 5),
	};
}

/* Calculations, or inputs or outputs of those in the same order: of a batch, or of one. */
struct rows {
	struct lp_sqlite *store;
	sqlite3_stmt *statement;
	int row; /* as lp_sqlite_step says */
};

static bool next_row(struct rows *rows, struct lp_error *error)
{
	rows->row = lp_sqlite_step(rows->store, rows->statement, error, "read definitions");
	return rows->row >= 0;
}

static bool open_rows(struct rows *rows, struct lp_sqlite *store, enum lp_sqlite_statement which, int64_t id,
                      struct lp_error *error)
{
	*rows = (struct rows){ .store = store, .statement = lp_sqlite_prepare(store, which, error) };
	if (rows->statement == NULL)
		return false;
	sqlite3_bind_int64(rows->statement, 1, id);
	return next_row(rows, error);
}

static void close_rows(const struct rows *rows)
{
	if (rows->statement != NULL)
		sqlite3_reset(rows->statement);
}

static bool take_inputs(struct rows *inputs, struct lp_calculation *calculation, struct lp_arena *arena,
                        struct lp_error *error)
{
	struct list list = { 0 };

	while (inputs->row == 1 && sqlite3_column_int64(inputs->statement, INPUT_COLUMN_COUNT) == calculation->id) {
		if (!take_input(inputs->statement, calculation, &list, arena, error) || !next_row(inputs, error))
			return false;
	}
	calculation->inputs = list.items;
	calculation->input_count = list.count;
	return true;
}

static bool take_outputs(struct rows *outputs, struct lp_calculation *calculation, struct lp_arena *arena,
                         struct lp_error *error)
{
	struct list list = { 0 };

	while (outputs->row == 1 && sqlite3_column_int64(outputs->statement, OUTPUT_COLUMN_COUNT) == calculation->id) {
		take_output(outputs->statement, &list, arena);
		if (!next_row(outputs, error))
			return false;
	}
	calculation->outputs = list.items;
	calculation->output_count = list.count;
	return true;
}

static bool read_members(struct lp_sqlite *store, struct lp_calculation *calculation, struct lp_arena *arena,
                         struct lp_error *error)
{
	struct rows inputs, outputs = { .row = 0 };
	bool ok = open_rows(&inputs, store, LP_SQL_SOME_INPUTS, calculation->id, error) &&
	          take_inputs(&inputs, calculation, arena, error) &&
	          open_rows(&outputs, store, LP_SQL_SOME_OUTPUTS, calculation->id, error) &&
	          take_outputs(&outputs, calculation, arena, error);

	close_rows(&inputs);
	close_rows(&outputs);
	return ok;
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
		    !read_members(store, &calculation, &arena, error) || !visit(context, &calculation, error)) {
			sqlite3_reset(statement);
			row = -1;
			break;
		}
	}
	lp_arena_free(&arena);
	return row == 0;
}

static struct lp_calculation *take_calculation(sqlite3_stmt *statement, struct list *list, struct lp_arena *arena,
                                               struct lp_error *error)
{
	struct lp_calculation *calculation = add_to_list(list, arena, sizeof *calculation);

	if (!lp_sqlite_calculation_of(statement, calculation, error))
		return NULL;
	keep_texts(calculation, arena);
	return calculation;
}

/* A statement for each calculation costs more than what it reads: each kind of row of a batch is one statement's. */
static bool take_batch(struct lp_sqlite *store, struct lp_batch *batch, struct list *list, struct lp_error *error)
{
	struct rows calculations, inputs = { .row = 0 }, outputs = { .row = 0 };
	bool ok = open_rows(&calculations, store, LP_SQL_BATCH_CALCULATIONS, batch->head.id, error) &&
	          open_rows(&inputs, store, LP_SQL_BATCH_INPUTS, batch->head.id, error) &&
	          open_rows(&outputs, store, LP_SQL_BATCH_OUTPUTS, batch->head.id, error);

	while (ok && calculations.row == 1) {
		struct lp_calculation *calculation =
			take_calculation(calculations.statement, list, &batch->arena, error);

		ok = calculation != NULL && take_inputs(&inputs, calculation, &batch->arena, error) &&
		     take_outputs(&outputs, calculation, &batch->arena, error) && next_row(&calculations, error);
	}
	assert(!ok || (inputs.row == 0 && outputs.row == 0));
	close_rows(&calculations);
	close_rows(&inputs);
	close_rows(&outputs);
	return ok;
}

static bool take_one(struct lp_sqlite *store, int64_t id, struct list *list, struct lp_arena *arena,
                     struct lp_error *error)
{
	struct rows calculations;
	bool ok = open_rows(&calculations, store, LP_SQL_SOME_CALCULATIONS, id, error);

	if (ok && calculations.row == 1) {
		struct lp_calculation *calculation = take_calculation(calculations.statement, list, arena, error);

		ok = calculation != NULL && read_members(store, calculation, arena, error);
	}
	close_rows(&calculations);
	return ok;
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
	struct list list = { 0 };

	LP_CHECK_BATCH(batch);
	if (!lp_sqlite_execute(store, LP_SQL_BEGIN_READ, error))
		return false;
	return finish_reading(base, take_batch(store, batch, &list, error), &list, batch, error);
}

bool lp_sqlite_read_calculations(struct lp_store *base, const int64_t *ids, size_t count, struct lp_batch *batch,
                                 struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	struct list list = { 0 };
	bool ok = true;

	LP_CHECK_BATCH(batch);
	if (!lp_sqlite_execute(store, LP_SQL_BEGIN_READ, error))
		return false;
	for (size_t i = 0; i < count && ok; i++)
		ok = take_one(store, ids[i], &list, &batch->arena, error);
	return finish_reading(base, ok, &list, batch, error);
}
