/*
 * Definitions as they are read: all of them for people, those of a batch for a
 * run.  Knows nothing of how they are changed.
 */
#include "store/sqlite/internal.h"

#include <assert.h>
#include <string.h>

/* Collects the rows of a statement whose number is not known before. */
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

/*
 * Inputs or outputs of calculations, in the order of these: of a batch, or of
 * one.  One is read ahead; behind its columns is its calculation's id.
 */
struct parts {
	struct sqlite_rows rows;
	int64_t of; /* whose the one that was read ahead is; 0: there is none */
	union {
		struct lp_input input;
		struct lp_output output;
	} ahead;
	const struct lp_row_layout *layout;
};

static bool next_part(struct parts *parts)
{
	bool found = lp_sqlite_next(&parts->rows, parts->layout, &parts->ahead);

	parts->of = found ? sqlite3_column_int64(parts->rows.statement, parts->rows.column) : 0;
	return parts->rows.ok;
}

static struct sqlite_rows open_rows(struct sqlite_store *store, enum sqlite_statement which, int64_t id,
                                    struct lp_arena *arena, struct lp_error *error)
{
	struct sqlite_rows rows = lp_sqlite_read(store, which, error);
	sqlite3_stmt *statement = rows.statement;

	sqlite3_bind_int64(statement, 1, id);
	rows.arena = arena;
	return rows;
}

static bool open_parts(struct parts *parts, struct sqlite_rows rows, const struct lp_row_layout *layout)
{
	*parts = (struct parts){ .rows = rows, .layout = layout };
	return next_part(parts);
}

static bool take_inputs(struct parts *inputs, struct lp_calculation *calculation)
{
	struct list list = { 0 };

	while (inputs->of == calculation->id) {
		*(struct lp_input *)add_to_list(&list, inputs->rows.arena, sizeof(struct lp_input)) =
			inputs->ahead.input;
		if (!next_part(inputs))
			return lp_fail_within(inputs->rows.error, "an input of calculation %s", calculation->name);
	}
	calculation->inputs = list.items;
	calculation->input_count = list.count;
	return true;
}

static bool take_outputs(struct parts *outputs, struct lp_calculation *calculation)
{
	struct list list = { 0 };

	while (outputs->of == calculation->id) {
		*(struct lp_output *)add_to_list(&list, outputs->rows.arena, sizeof(struct lp_output)) =
			outputs->ahead.output;
		if (!next_part(outputs))
			return false;
	}
	calculation->outputs = list.items;
	calculation->output_count = list.count;
	return true;
}

bool lp_sqlite_next_calculation(struct sqlite_rows *rows, struct lp_calculation *calculation)
{
	*calculation = (struct lp_calculation){ .name = "?" };
	if (!lp_sqlite_next(rows, NULL, NULL))
		return false;
	return lp_sqlite_take(rows, &lp_calculation_layout, calculation) ||
	       lp_fail_within(rows->error, "calculation %s", calculation->name);
}

/* The inputs and outputs of one calculation. */
static bool read_parts(struct sqlite_store *store, struct lp_calculation *calculation, struct lp_arena *arena,
                       struct lp_error *error)
{
	struct parts inputs, outputs = { .of = 0 };
	int64_t id = calculation->id;
	bool ok = open_parts(&inputs, open_rows(store, LP_SQLITE_SOME_INPUTS, id, arena, error), &lp_input_layout) &&
	          take_inputs(&inputs, calculation) &&
	          open_parts(&outputs, open_rows(store, LP_SQLITE_SOME_OUTPUTS, id, arena, error), &lp_output_layout) &&
	          take_outputs(&outputs, calculation);

	(void)!lp_sqlite_end(&inputs.rows);
	(void)!lp_sqlite_end(&outputs.rows);
	return ok;
}

bool lp_sqlite_each_calculation(struct lp_store *opened, lp_calculation_visit *visit, void *context,
                                struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_EACH_CALCULATION, error);
	struct lp_calculation calculation;
	struct lp_arena arena = { 0 };

	while (lp_sqlite_next_calculation(&rows, &calculation)) {
		lp_arena_empty(&arena);
		rows.ok = read_parts(store, &calculation, &arena, error) && visit(context, &calculation, error);
	}
	lp_arena_free(&arena);
	return lp_sqlite_end(&rows);
}

/* A statement for each calculation costs more than what it reads: each kind of row of a batch is one statement's. */
static bool take_batch(struct sqlite_store *store, struct lp_batch *batch, struct list *list, struct lp_error *error)
{
	struct lp_arena *arena = &batch->arena;
	int64_t id = batch->head.id;
	struct sqlite_rows rows = open_rows(store, LP_SQLITE_BATCH_CALCULATIONS, id, arena, error);
	struct parts inputs = { .of = 0 }, outputs = { .of = 0 };
	struct lp_calculation calculation;

	rows.ok = rows.ok &&
	          open_parts(&inputs, open_rows(store, LP_SQLITE_BATCH_INPUTS, id, arena, error), &lp_input_layout) &&
	          open_parts(&outputs, open_rows(store, LP_SQLITE_BATCH_OUTPUTS, id, arena, error), &lp_output_layout);
	while (lp_sqlite_next_calculation(&rows, &calculation)) {
		rows.ok = take_inputs(&inputs, &calculation) && take_outputs(&outputs, &calculation);
		*(struct lp_calculation *)add_to_list(list, arena, sizeof calculation) = calculation;
	}
	assert(!rows.ok || (inputs.of == 0 && outputs.of == 0));
	(void)!lp_sqlite_end(&inputs.rows);
	(void)!lp_sqlite_end(&outputs.rows);
	return lp_sqlite_end(&rows);
}

static bool take_one(struct sqlite_store *store, int64_t id, struct list *list, struct lp_arena *arena,
                     struct lp_error *error)
{
	struct sqlite_rows rows = open_rows(store, LP_SQLITE_SOME_CALCULATIONS, id, arena, error);
	struct lp_calculation calculation;

	while (lp_sqlite_next_calculation(&rows, &calculation)) {
		rows.ok = read_parts(store, &calculation, arena, error);
		*(struct lp_calculation *)add_to_list(list, arena, sizeof calculation) = calculation;
	}
	return lp_sqlite_end(&rows);
}

static bool finish_reading(struct sqlite_store *store, bool ok, const struct list *list, struct lp_batch *batch,
                           struct lp_error *error)
{
	batch->calculations = list->items;
	batch->calculation_count = list->count;
	return lp_sqlite_finish(store, ok, error);
}

bool lp_sqlite_read_batch(struct lp_store *opened, struct lp_batch *batch, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct list list = { 0 };

	LP_CHECK_BATCH(batch);
	if (!lp_sqlite_begin_read(store, error))
		return false;
	return finish_reading(store, take_batch(store, batch, &list, error), &list, batch, error);
}

bool lp_sqlite_read_calculations(struct lp_store *opened, const int64_t *ids, size_t count, struct lp_batch *batch,
                                 struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct list list = { 0 };
	bool ok = true;

	LP_CHECK_BATCH(batch);
	if (!lp_sqlite_begin_read(store, error))
		return false;
	for (size_t i = 0; i < count && ok; i++)
		ok = take_one(store, ids[i], &list, &batch->arena, error);
	return finish_reading(store, ok, &list, batch, error);
}
