/*
 * The definitions of a batch as runs read them: a row of arrays, which is made
 * from the tables that people see when a run first needs it after a change, and
 * kept as the bytes that record_send makes of it.  That it is of the batch's
 * generation says that it is what those tables hold.
 */
#include "store/postgresql/internal.h"
#include "store/postgresql/wire.h"

#include <string.h>

/* In the order in which pack_batch has them. */
enum {
	ID,
	NAME,
	RULE,
	PARAMETERS,
	LABELS,
	ENABLED,
	TIME_LIMIT,
	VERSION,
	RESULT_TIME,
	MIN_COVERAGE,
	INPUT_OF,
	INPUT_NAME,
	INPUT_SERIES_ID,
	INPUT_SERIES,
	INPUT_UNIT,
	INPUT_ATTRIBUTES,
	INPUT_LOOKBACK,
	INPUT_INTERVAL,
	INPUT_WINDOW,
	INPUT_SHIFT,
	OUTPUT_OF,
	OUTPUT_NAME,
	OUTPUT_SERIES_ID,
	OUTPUT_SERIES,
	OUTPUT_UNIT,
	COLUMN_COUNT,
};

struct packed {
	struct lp_arena *arena;
	struct pg_reader columns[COLUMN_COUNT];
	struct pg_reader memory_limits;            /* of the calculations, beside the contents */
	struct pg_reader results_from, results_to; /* of the outputs */
	struct pg_reader pruned_from, pruned_to;   /* of the inputs */
	int64_t next_input_of, next_output_of;     /* read ahead; 0: none is left */
};

static const char *text(struct packed *packed, int column)
{
	return lp_pg_read_text(&packed->columns[column], packed->arena);
}

static int64_t integer(struct packed *packed, int column)
{
	return lp_pg_read_int(&packed->columns[column]);
}

static int64_t next_of(struct packed *packed, int column)
{
	const struct pg_reader *reader = &packed->columns[column];

	return reader->at == reader->end ? 0 : integer(packed, column);
}

static bool fail_packed(struct lp_error *error)
{
	lp_fail(error, LP_EXIT_DATA, "the packed definitions of a batch cannot be read");
	return lp_hint(error, "DELETE FROM local_processing.batch_definition: the next run makes them again.");
}

/* The fields of a record: how many there are; of each its type, its length (-1: NULL), its bytes. */
static bool open_columns(const char *at, size_t length, struct packed *packed, struct lp_error *error)
{
	const char *end = at + length;

	if (length < 4 || lp_wire_get32(at) != COLUMN_COUNT)
		return fail_packed(error);
	at += 4;
	for (int i = 0; i < COLUMN_COUNT; i++) {
		int32_t size;

		if (end - at < 8)
			return fail_packed(error);
		size = (int32_t)lp_wire_get32(at + 4);
		at += 8;
		if (size > end - at)
			return fail_packed(error);
		if (size < 0)
			continue;
		if (!lp_pg_reader_over(at, (size_t)size, &packed->columns[i], error))
			return false;
		at += size;
	}
	return true;
}

static bool open(const PGresult *result, struct lp_arena *arena, struct packed *packed, struct lp_error *error)
{
	static const int first_of[] = { ID, INPUT_OF, OUTPUT_OF };

	*packed = (struct packed){ .arena = arena };
	if (!open_columns(PQgetvalue(result, 0, 0), (size_t)PQgetlength(result, 0, 0), packed, error))
		return false;
	for (int i = 0, group = 0; i < COLUMN_COUNT; i++) {
		while (group < 2 && i >= first_of[group + 1])
			group++;
		if (packed->columns[i].count != packed->columns[first_of[group]].count)
			return fail_packed(error);
	}
	if (!lp_pg_reader_open(result, 0, 1, &packed->results_from, error) ||
	    !lp_pg_reader_open(result, 0, 2, &packed->results_to, error) ||
	    !lp_pg_reader_open(result, 0, 3, &packed->pruned_from, error) ||
	    !lp_pg_reader_open(result, 0, 4, &packed->pruned_to, error) ||
	    !lp_pg_reader_open(result, 0, 5, &packed->memory_limits, error))
		return false;
	if (packed->results_from.count != packed->columns[OUTPUT_OF].count ||
	    packed->results_to.count != packed->columns[OUTPUT_OF].count ||
	    packed->pruned_from.count != packed->columns[INPUT_OF].count ||
	    packed->pruned_to.count != packed->columns[INPUT_OF].count ||
	    packed->memory_limits.count != packed->columns[ID].count)
		return fail_packed(error);
	packed->next_input_of = next_of(packed, INPUT_OF);
	packed->next_output_of = next_of(packed, OUTPUT_OF);
	return true;
}

static bool read_input(struct packed *packed, struct lp_input *input, struct lp_error *error)
{
	*input = (struct lp_input){
		.name = text(packed, INPUT_NAME),
		.series_id = integer(packed, INPUT_SERIES_ID),
		.series = text(packed, INPUT_SERIES),
		.unit = text(packed, INPUT_UNIT),
		.attributes = text(packed, INPUT_ATTRIBUTES),
	};
	lp_time pruned_from = lp_pg_read_time(&packed->pruned_from);
	input->pruned = lp_pg_pruned(pruned_from, lp_pg_read_time(&packed->pruned_to));
	return lp_pg_parse_duration(text(packed, INPUT_LOOKBACK), &input->lookback, error) &&
	       lp_pg_parse_duration(text(packed, INPUT_INTERVAL), &input->interval, error) &&
	       lp_pg_parse_span(text(packed, INPUT_WINDOW), &input->window, error) &&
	       lp_pg_parse_span(text(packed, INPUT_SHIFT), &input->shift, error);
}

/* The inputs of calculation number n. */
static bool read_inputs(struct packed *packed, int64_t n, struct lp_calculation *calculation, struct lp_input *inputs,
                        struct lp_error *error)
{
	calculation->inputs = inputs;
	while (packed->next_input_of == n) {
		if (!read_input(packed, &inputs[calculation->input_count++], error))
			return false;
		packed->next_input_of = next_of(packed, INPUT_OF);
	}
	return true;
}

static void read_outputs(struct packed *packed, int64_t n, struct lp_calculation *calculation,
                         struct lp_output *outputs)
{
	calculation->outputs = outputs;
	while (packed->next_output_of == n) {
		outputs[calculation->output_count++] = (struct lp_output){
			.name = text(packed, OUTPUT_NAME),
			.series_id = integer(packed, OUTPUT_SERIES_ID),
			.series = text(packed, OUTPUT_SERIES),
			.unit = text(packed, OUTPUT_UNIT),
			.results_from = lp_pg_read_int(&packed->results_from),
			.results_to = lp_pg_read_int(&packed->results_to),
		};
		packed->next_output_of = next_of(packed, OUTPUT_OF);
	}
}

static bool read_calculation(struct packed *packed, const struct lp_batch_head *head,
                             struct lp_calculation *calculation, struct lp_error *error)
{
	*calculation = (struct lp_calculation){
		.id = integer(packed, ID),
		.name = text(packed, NAME),
		.description = "",
		.rule = text(packed, RULE),
		.parameters = text(packed, PARAMETERS),
		.labels = text(packed, LABELS),
		.enabled = integer(packed, ENABLED) != 0,
		.schedule = head->schedule,
		.start = head->start,
		.memory_limit = lp_pg_read_int(&packed->memory_limits),
		.version = (int32_t)integer(packed, VERSION),
		.min_coverage = lp_pg_read_float8(&packed->columns[MIN_COVERAGE]),
		.rank = head->rank,
		.generation = head->generation,
	};
	calculation->state = !calculation->enabled             ? LP_STATE_DISABLED
	                     : head->watermark == LP_TIME_NONE ? LP_STATE_NEW
	                                                       : LP_STATE_OK;
	if (strcmp(text(packed, RESULT_TIME), lp_result_time_names[LP_RESULT_AT_END]) == 0)
		calculation->result_time = LP_RESULT_AT_END;
	return lp_pg_parse_duration(text(packed, TIME_LIMIT), &calculation->time_limit, error);
}

static bool unpack(const PGresult *result, struct lp_batch *batch, struct lp_error *error)
{
	struct packed packed;
	struct lp_input *inputs;
	struct lp_output *outputs;

	if (!open(result, &batch->arena, &packed, error))
		return false;
	batch->calculation_count = packed.columns[ID].count;
	batch->calculations = lp_arena_zeroed(&batch->arena, batch->calculation_count, sizeof *batch->calculations);
	inputs = lp_arena_zeroed(&batch->arena, packed.columns[INPUT_OF].count, sizeof *inputs);
	outputs = lp_arena_zeroed(&batch->arena, packed.columns[OUTPUT_OF].count, sizeof *outputs);
	for (size_t i = 0; i < batch->calculation_count; i++) {
		struct lp_calculation *calculation = &batch->calculations[i];
		int64_t n = (int64_t)i + 1;

		if (!read_calculation(&packed, &batch->head, calculation, error) ||
		    !read_inputs(&packed, n, calculation, inputs, error))
			return lp_fail_within(error, "calculation %s", calculation->name);
		read_outputs(&packed, n, calculation, outputs);
		inputs += calculation->input_count;
		outputs += calculation->output_count;
	}
	return true;
}

/* Of those that failed or changed their state at least once; the others are what they seem. */
static bool read_states(struct pg_store *store, struct lp_batch *batch, struct lp_error *error)
{
	PGresult *result = NULL;
	bool done;

	lp_pg_add_calculation_ids(lp_pg_arguments(store), batch);
	done = lp_pg_execute(store, PG_READ_STATES, &result, error);
	for (int row = 0; done && row < PQntuples(result); row++) {
		struct lp_calculation *calculation = &batch->calculations[lp_pg_get_int8(result, row, 0) - 1];
		const char *state = lp_pg_get_text(result, row, 1, &batch->arena);

		if (calculation->enabled && !lp_state_parse(state, &calculation->state))
			done = lp_fail(error, LP_EXIT_DATA, "calculation %s: no such state: %s", calculation->name,
			               state);
	}
	PQclear(result);
	return done;
}

static void add_batch(struct pg_store *store, const struct lp_batch *batch)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);

	lp_pg_argument_int8(arguments, batch->head.id);
	lp_pg_argument_int8(arguments, batch->head.generation);
}

static bool read_packed(struct pg_store *store, struct lp_batch *batch, bool *found, struct lp_error *error)
{
	PGresult *result = NULL;
	bool done;

	add_batch(store, batch);
	done = lp_pg_execute(store, PG_READ_PACKED, &result, error);
	*found = done && PQntuples(result) == 1;
	if (*found)
		done = unpack(result, batch, error) && read_states(store, batch, error);
	PQclear(result);
	return done;
}

static bool pack(struct pg_store *store, const struct lp_batch *batch, struct lp_error *error)
{
	add_batch(store, batch);
	return lp_pg_execute(store, PG_PACK, NULL, error);
}

static bool read_batch(struct pg_store *store, struct lp_batch *batch, struct lp_error *error)
{
	bool found = false, done;

	batch->calculation_count = 0;
	if (!lp_pg_begin(store, error))
		return false;
	done = read_packed(store, batch, &found, error);
	/*
	 * Still not found after that: definitions have changed since the run read the
	 * batch, or it is gone, and it will be refused.
	 */
	if (done && !found)
		done = pack(store, batch, error) && read_packed(store, batch, &found, error);
	return lp_pg_finish(store, done, error);
}

bool lp_pg_read_batch(struct lp_store *opened, struct lp_batch *batch, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	int tries = 0;

	LP_CHECK_BATCH(batch);
	while (!read_batch(store, batch, error)) {
		if (!lp_pg_tries_again(store, error, &tries))
			return false;
	}
	return true;
}
