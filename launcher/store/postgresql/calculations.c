/* Calculations with their inputs and outputs, as CALCULATION_COLUMNS has them. */
#include "store/postgresql/internal.h"

#include <string.h>

enum {
	INPUT_ARRAYS = 11,
	COLUMN_SCHEDULE = 7,
	COLUMN_START = COLUMN_SCHEDULE + PG_SCHEDULE_COLUMNS,
	COLUMN_TIME_LIMIT,
	COLUMN_MEMORY_LIMIT,
	COLUMN_VERSION,
	COLUMN_RANK,
	COLUMN_STATE,
	COLUMN_RESULT_TIME,
	COLUMN_MIN_COVERAGE,
	COLUMN_RECOMPUTE_WITHIN,
	COLUMN_GENERATION,
	COLUMN_INPUTS,
	COLUMN_OUTPUTS = COLUMN_INPUTS + INPUT_ARRAYS,
	COLUMN_COUNT = COLUMN_OUTPUTS + 6,
};
static_assert((int)COLUMN_COUNT == (int)PG_CALCULATION_COLUMN_COUNT, "status.c reads on behind them");

static bool open_readers(const PGresult *result, int row, int column, struct pg_reader *readers, int count,
                         struct lp_error *error)
{
	for (int i = 0; i < count; i++) {
		if (!lp_pg_reader_open(result, row, column + i, &readers[i], error))
			return false;
		if (readers[i].count != readers[0].count)
			return lp_fail(error, LP_EXIT_INTERNAL, "the server sent arrays of different lengths");
	}
	return true;
}

static bool get_inputs(const PGresult *result, int row, struct lp_arena *arena, struct lp_calculation *calculation,
                       struct lp_error *error)
{
	struct pg_reader readers[INPUT_ARRAYS];

	if (!open_readers(result, row, COLUMN_INPUTS, readers, INPUT_ARRAYS, error))
		return false;
	calculation->input_count = readers[0].count;
	calculation->inputs = lp_arena_zeroed(arena, readers[0].count, sizeof *calculation->inputs);
	for (size_t i = 0; i < calculation->input_count; i++) {
		struct lp_input *input = &calculation->inputs[i];

		input->name = lp_pg_read_text(&readers[0], arena);
		input->series_id = lp_pg_read_int(&readers[1]);
		input->series = lp_pg_read_text(&readers[2], arena);
		input->unit = lp_pg_read_text(&readers[3], arena);
		input->attributes = lp_pg_read_text(&readers[4], arena);
		if (!lp_pg_parse_duration(lp_pg_read_text(&readers[5], arena), &input->lookback, error) ||
		    !lp_pg_parse_duration(lp_pg_read_text(&readers[6], arena), &input->interval, error) ||
		    !lp_pg_parse_span(lp_pg_read_text(&readers[7], arena), &input->window, error) ||
		    !lp_pg_parse_span(lp_pg_read_text(&readers[8], arena), &input->shift, error))
			return false;
		lp_time pruned_from = lp_pg_read_time(&readers[9]);
		input->pruned = lp_pg_pruned(pruned_from, lp_pg_read_time(&readers[10]));
	}
	return true;
}

static bool get_outputs(const PGresult *result, int row, struct lp_arena *arena, struct lp_calculation *calculation,
                        struct lp_error *error)
{
	struct pg_reader readers[6];

	if (!open_readers(result, row, COLUMN_OUTPUTS, readers, 6, error))
		return false;
	calculation->output_count = readers[0].count;
	calculation->outputs = lp_arena_zeroed(arena, readers[0].count, sizeof *calculation->outputs);
	for (size_t i = 0; i < calculation->output_count; i++) {
		struct lp_output *output = &calculation->outputs[i];

		output->name = lp_pg_read_text(&readers[0], arena);
		output->series_id = lp_pg_read_int(&readers[1]);
		output->series = lp_pg_read_text(&readers[2], arena);
		output->unit = lp_pg_read_text(&readers[3], arena);
		output->results_from = lp_pg_read_int(&readers[4]);
		output->results_to = lp_pg_read_int(&readers[5]);
	}
	return true;
}

bool lp_pg_get_calculation(const PGresult *result, int row, struct lp_arena *arena, struct lp_calculation *calculation,
                           struct lp_error *error)
{
	const char *state = lp_pg_get_text(result, row, COLUMN_STATE, arena);

	*calculation = (struct lp_calculation){
		.id = lp_pg_get_int8(result, row, 0),
		.name = lp_pg_get_text(result, row, 1, arena),
		.description = lp_pg_get_text(result, row, 2, arena),
		.rule = lp_pg_get_text(result, row, 3, arena),
		.parameters = lp_pg_get_text(result, row, 4, arena),
		.labels = lp_pg_get_text(result, row, 5, arena),
		.enabled = lp_pg_get_bool(result, row, 6),
		.start = lp_pg_get_time(result, row, COLUMN_START),
		.memory_limit = lp_pg_get_int8(result, row, COLUMN_MEMORY_LIMIT),
		.version = lp_pg_get_int4(result, row, COLUMN_VERSION),
		.rank = lp_pg_get_int4(result, row, COLUMN_RANK),
		.min_coverage = lp_pg_get_float8(result, row, COLUMN_MIN_COVERAGE),
		.generation = lp_pg_get_int8(result, row, COLUMN_GENERATION),
	};
	if (strcmp(lp_pg_get_text(result, row, COLUMN_RESULT_TIME, arena), lp_result_time_names[LP_RESULT_AT_END]) == 0)
		calculation->result_time = LP_RESULT_AT_END;
	if (!lp_state_parse(state, &calculation->state))
		return lp_fail(error, LP_EXIT_DATA, "calculation %s: no such state: %s", calculation->name, state);
	if (!lp_pg_get_schedule(result, row, COLUMN_SCHEDULE, &calculation->schedule, error) ||
	    !lp_pg_parse_duration(lp_pg_get_text(result, row, COLUMN_TIME_LIMIT, arena), &calculation->time_limit,
	                          error) ||
	    !lp_pg_parse_within(lp_pg_get_text(result, row, COLUMN_RECOMPUTE_WITHIN, arena),
	                        &calculation->recompute_within, error) ||
	    !get_inputs(result, row, arena, calculation, error) || !get_outputs(result, row, arena, calculation, error))
		return lp_fail_within(error, "calculation %s", calculation->name);
	return true;
}

struct visiting {
	struct pg_store *store;
	lp_calculation_visit *visit;
	void *context;
};

static bool visit_row(void *context, const PGresult *row, struct lp_error *error)
{
	const struct visiting *visiting = context;
	struct lp_calculation calculation;

	lp_arena_empty(&visiting->store->scratch);
	return lp_pg_get_calculation(row, 0, &visiting->store->scratch, &calculation, error) &&
	       visiting->visit(visiting->context, &calculation, error);
}

bool lp_pg_each_calculation(struct lp_store *opened, lp_calculation_visit *visit, void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct visiting visiting = { .store = store, .visit = visit, .context = context };

	if (!lp_pg_begin(store, error))
		return false;
	lp_pg_arguments(store);
	return lp_pg_finish(store, lp_pg_stream(store, PG_EACH_CALCULATION, visit_row, &visiting, error), error);
}

/* Runs the statement, whose arguments are ready, and fills the batch's calculations. */
static bool fill_batch(struct pg_store *store, enum pg_statement statement, struct lp_batch *batch,
                       struct lp_error *error)
{
	PGresult *result = NULL;
	bool done = lp_pg_execute(store, statement, &result, error);

	if (done) {
		int rows = PQntuples(result);
		batch->calculations = lp_arena_zeroed(&batch->arena, (size_t)rows, sizeof *batch->calculations);
		batch->calculation_count = (size_t)rows;
		for (int i = 0; i < rows && done; i++)
			done = lp_pg_get_calculation(result, i, &batch->arena, &batch->calculations[i], error);
	}
	PQclear(result);
	return done;
}

bool lp_pg_read_calculations(struct lp_store *opened, const int64_t *ids, size_t count, struct lp_batch *batch,
                             struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments = lp_pg_arguments(store);

	LP_CHECK_BATCH(batch);
	if (!lp_pg_begin(store, error))
		return false;
	lp_pg_add_ids(arguments, ids, count);
	return lp_pg_finish(store, fill_batch(store, PG_SOME_CALCULATIONS, batch, error), error);
}
