/* Calculations with their inputs and outputs. */
#include "store/postgresql/internal.h"

/* The arrays that have a column each of a calculation's inputs or outputs. */
static bool open_arrays(struct pg_rows *rows, const struct lp_row_layout *layout, struct pg_reader *readers)
{
	assert(layout->column_count <= PG_READERS_MOST);
	for (size_t i = 0; i < layout->column_count; i++, rows->column++) {
		if (!lp_pg_reader_open(rows->result, rows->row, rows->column, &readers[i], rows->error))
			return false;
		if (readers[i].count != readers[0].count)
			return lp_fail(rows->error, LP_EXIT_INTERNAL, "the server sent arrays of different lengths");
	}
	return true;
}

static bool take_inputs(struct pg_rows *rows, struct lp_calculation *calculation)
{
	struct pg_reader readers[PG_READERS_MOST];

	if (!open_arrays(rows, &lp_input_layout, readers))
		return false;
	calculation->input_count = readers[0].count;
	calculation->inputs = lp_arena_zeroed(rows->arena, readers[0].count, sizeof *calculation->inputs);
	for (size_t i = 0; i < calculation->input_count; i++)
		if (!lp_pg_read_row(readers, &lp_input_layout, &calculation->inputs[i], rows->arena, rows->error))
			return false;
	return true;
}

static bool take_outputs(struct pg_rows *rows, struct lp_calculation *calculation)
{
	struct pg_reader readers[PG_READERS_MOST];

	if (!open_arrays(rows, &lp_output_layout, readers))
		return false;
	calculation->output_count = readers[0].count;
	calculation->outputs = lp_arena_zeroed(rows->arena, readers[0].count, sizeof *calculation->outputs);
	for (size_t i = 0; i < calculation->output_count; i++)
		if (!lp_pg_read_row(readers, &lp_output_layout, &calculation->outputs[i], rows->arena, rows->error))
			return false;
	return true;
}

bool lp_pg_next_calculation(struct pg_rows *rows, struct lp_calculation *calculation)
{
	*calculation = (struct lp_calculation){ .name = "?" };
	if (!lp_pg_next(rows, NULL, NULL))
		return false;
	rows->ok = lp_pg_take(rows, &lp_calculation_layout, calculation) && take_inputs(rows, calculation) &&
	           take_outputs(rows, calculation);
	return rows->ok || lp_fail_within(rows->error, "calculation %s", calculation->name);
}

bool lp_pg_each_calculation(struct lp_store *opened, lp_calculation_visit *visit, void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_calculation calculation;
	struct pg_rows rows;

	(void)lp_pg_arguments(store);
	lp_pg_stream(store, PG_EACH_CALCULATION, &rows, error);
	rows.arena = &store->scratch;
	while (lp_pg_next_calculation(&rows, &calculation)) {
		rows.ok = visit(context, &calculation, error);
		lp_arena_empty(&store->scratch);
	}
	return lp_pg_end(&rows);
}

bool lp_pg_read_calculations(struct lp_store *opened, const int64_t *ids, size_t count, struct lp_batch *batch,
                             struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_rows rows;

	LP_CHECK_BATCH(batch);
	lp_pg_add_ids(lp_pg_arguments(store), ids, count);
	lp_pg_read(store, PG_SOME_CALCULATIONS, &rows, error);
	rows.arena = &batch->arena;
	batch->calculation_count = 0;
	batch->calculations = lp_arena_zeroed(&batch->arena, count, sizeof *batch->calculations);
	while (batch->calculation_count < count &&
	       lp_pg_next_calculation(&rows, &batch->calculations[batch->calculation_count]))
		batch->calculation_count++;
	return lp_pg_end(&rows);
}
