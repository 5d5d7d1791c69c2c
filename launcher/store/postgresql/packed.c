/*
 * The definitions of a batch as runs read them: a row of arrays, which is made
 * from the tables that people see when a run first needs it after a change, and
 * kept as the bytes that record_send makes of it.  That it is of the batch's
 * generation says that it is what those tables hold.
 */
#include "store/postgresql/internal.h"
#include "store/postgresql/wire.h"

static const struct lp_row_column packed_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct lp_calculation, id),
	LP_COLUMN(LP_KIND_TEXT, struct lp_calculation, name),
	LP_COLUMN(LP_KIND_TEXT, struct lp_calculation, rule),
	LP_COLUMN(LP_KIND_TEXT, struct lp_calculation, parameters),
	LP_COLUMN(LP_KIND_TEXT, struct lp_calculation, labels),
	LP_COLUMN(LP_KIND_BOOL, struct lp_calculation, enabled),
	LP_COLUMN(LP_KIND_LIMIT, struct lp_calculation, time_limit),
	LP_COLUMN(LP_KIND_INTEGER, struct lp_calculation, version),
	LP_COLUMN(LP_KIND_RESULT_TIME, struct lp_calculation, result_time),
	LP_COLUMN(LP_KIND_DOUBLE, struct lp_calculation, min_coverage),
	LP_COLUMN(LP_KIND_ID_OR_NULL, struct lp_calculation, memory_limit),
};
static const struct lp_row_layout packed_layout = LP_LAYOUT(packed_columns);

/*
 * One array per column: of calculations, of their inputs and of their outputs,
 * as in lp_input_layout and lp_output_layout, with the number of the calculation
 * before them. The columns at the end of each group are not in the record but
 * beside it.
 */
enum {
	CALCULATIONS = 0,
	MEMORY_LIMITS = 10,
	INPUT_OF,
	INPUTS,
	PRUNED_FROM = INPUTS + 9,
	PRUNED_TO,
	OUTPUT_OF,
	OUTPUTS,
	RESULTS_FROM = OUTPUTS + 4,
	RESULTS_TO,
	READER_COUNT,
	FIELD_COUNT = READER_COUNT - 5,
};

struct packed {
	struct lp_arena *arena;
	struct pg_reader readers[READER_COUNT];
	int64_t next_input_of, next_output_of; /* read ahead; 0: none is left */
};

/* Returns where a field of the record belongs. */
static int place_of(int field)
{
	return field < MEMORY_LIMITS ? field : field + 1 < PRUNED_FROM ? field + 1 : field + 3;
}

static int64_t next_of(struct packed *packed, int column)
{
	struct pg_reader *reader = &packed->readers[column];

	return reader->at == reader->end ? 0 : lp_pg_read_int(reader);
}

static bool fail_packed(struct lp_error *error)
{
	lp_fail(error, LP_EXIT_DATA, "the packed definitions of a batch cannot be read");
	return lp_hint(error, "DELETE FROM local_processing.batch_definition: the next run makes them again.");
}

/* The fields of a record: how many there are; of each its type, its length (-1: NULL), its bytes. */
static bool open_fields(const char *at, size_t length, struct packed *packed, struct lp_error *error)
{
	const char *end = at + length;

	if (length < 4 || lp_wire_get32(at) != FIELD_COUNT)
		return fail_packed(error);
	at += 4;
	for (int i = 0; i < FIELD_COUNT; i++) {
		int32_t size;

		if (end - at < 8)
			return fail_packed(error);
		size = (int32_t)lp_wire_get32(at + 4);
		at += 8;
		if (size > end - at)
			return fail_packed(error);
		if (size < 0)
			continue;
		if (!lp_pg_reader_over(at, (size_t)size, &packed->readers[place_of(i)], error))
			return false;
		at += size;
	}
	return true;
}

static bool open(const PGresult *result, struct lp_arena *arena, struct packed *packed, struct lp_error *error)
{
	static const int beside[] = { RESULTS_FROM, RESULTS_TO, PRUNED_FROM, PRUNED_TO, MEMORY_LIMITS };

	*packed = (struct packed){ .arena = arena };
	if (!open_fields(PQgetvalue(result, 0, 0), (size_t)PQgetlength(result, 0, 0), packed, error))
		return false;
	for (int i = 0; i < (int)(sizeof beside / sizeof *beside); i++)
		if (!lp_pg_reader_open(result, 0, i + 1, &packed->readers[beside[i]], error))
			return false;
	for (int i = 0; i < READER_COUNT; i++) {
		int first = i < INPUT_OF ? CALCULATIONS : i < OUTPUT_OF ? INPUT_OF : OUTPUT_OF;

		if (packed->readers[i].count != packed->readers[first].count)
			return fail_packed(error);
	}
	packed->next_input_of = next_of(packed, INPUT_OF);
	packed->next_output_of = next_of(packed, OUTPUT_OF);
	return true;
}

/* The inputs of calculation number n. */
static bool read_inputs(struct packed *packed, int64_t n, struct lp_calculation *calculation, struct lp_input *inputs,
                        struct lp_error *error)
{
	calculation->inputs = inputs;
	while (packed->next_input_of == n) {
		if (!lp_pg_read_row(&packed->readers[INPUTS], &lp_input_layout, &inputs[calculation->input_count++],
		                    packed->arena, error))
			return false;
		packed->next_input_of = next_of(packed, INPUT_OF);
	}
	return true;
}

static bool read_outputs(struct packed *packed, int64_t n, struct lp_calculation *calculation,
                         struct lp_output *outputs, struct lp_error *error)
{
	calculation->outputs = outputs;
	while (packed->next_output_of == n) {
		if (!lp_pg_read_row(&packed->readers[OUTPUTS], &lp_output_layout, &outputs[calculation->output_count++],
		                    packed->arena, error))
			return false;
		packed->next_output_of = next_of(packed, OUTPUT_OF);
	}
	return true;
}

static bool read_calculation(struct packed *packed, const struct lp_batch_head *head,
                             struct lp_calculation *calculation, struct lp_error *error)
{
	*calculation = (struct lp_calculation){
		.name = "?",
		.description = "",
		.schedule = head->schedule,
		.start = head->start,
		.rank = head->rank,
		.generation = head->generation,
	};
	if (!lp_pg_read_row(&packed->readers[CALCULATIONS], &packed_layout, calculation, packed->arena, error))
		return false;
	calculation->state = !calculation->enabled             ? LP_STATE_DISABLED
	                     : head->watermark == LP_TIME_NONE ? LP_STATE_NEW
	                                                       : LP_STATE_OK;
	return true;
}

static bool unpack(const PGresult *result, struct lp_batch *batch, struct lp_error *error)
{
	struct packed packed;
	struct lp_input *inputs;
	struct lp_output *outputs;

	if (!open(result, &batch->arena, &packed, error))
		return false;
	batch->calculation_count = packed.readers[CALCULATIONS].count;
	batch->calculations = lp_arena_zeroed(&batch->arena, batch->calculation_count, sizeof *batch->calculations);
	inputs = lp_arena_zeroed(&batch->arena, packed.readers[INPUT_OF].count, sizeof *inputs);
	outputs = lp_arena_zeroed(&batch->arena, packed.readers[OUTPUT_OF].count, sizeof *outputs);
	for (size_t i = 0; i < batch->calculation_count; i++) {
		struct lp_calculation *calculation = &batch->calculations[i];
		int64_t n = (int64_t)i + 1;

		if (!read_calculation(&packed, &batch->head, calculation, error) ||
		    !read_inputs(&packed, n, calculation, inputs, error) ||
		    !read_outputs(&packed, n, calculation, outputs, error))
			return lp_fail_within(error, "calculation %s", calculation->name);
		inputs += calculation->input_count;
		outputs += calculation->output_count;
	}
	return true;
}

/* Reads the states of calculations that failed or changed their state at least once; the others need none. */
static bool read_states(struct pg_store *store, struct lp_batch *batch, struct lp_error *error)
{
	PGresult *result = NULL;
	bool ok;

	lp_pg_add_calculation_ids(lp_pg_arguments(store), batch);
	ok = lp_pg_execute(store, PG_READ_STATES, &result, error);
	for (int row = 0; ok && row < PQntuples(result); row++) {
		struct lp_calculation *calculation = &batch->calculations[lp_pg_get_int8(result, row, 0) - 1];
		const char *state = lp_pg_get_text(result, row, 1, &batch->arena);

		if (calculation->enabled && !lp_state_parse(state, &calculation->state))
			ok = lp_fail(error, LP_EXIT_DATA, "calculation %s: no such state: %s", calculation->name,
			             state);
	}
	PQclear(result);
	return ok;
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
	bool ok;

	add_batch(store, batch);
	ok = lp_pg_execute(store, PG_READ_PACKED, &result, error);
	*found = ok && PQntuples(result) == 1;
	if (*found)
		ok = unpack(result, batch, error) && read_states(store, batch, error);
	PQclear(result);
	return ok;
}

static bool pack(struct pg_store *store, const struct lp_batch *batch, struct lp_error *error)
{
	add_batch(store, batch);
	return lp_pg_execute(store, PG_PACK, NULL, error);
}

static bool read_batch(struct pg_store *store, struct lp_batch *batch, struct lp_error *error)
{
	bool found = false, ok;

	batch->calculation_count = 0;
	if (!lp_pg_begin(store, error))
		return false;
	ok = read_packed(store, batch, &found, error);
	/*
	 * Still not found after that: definitions have changed since the run read the
	 * batch, or it is gone, and it will be refused.
	 */
	if (ok && !found)
		ok = pack(store, batch, error) && read_packed(store, batch, &found, error);
	return lp_pg_finish(store, ok, error);
}

bool lp_pg_read_batch(struct lp_store *opened, struct lp_batch *batch, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	int tries = 0;

	LP_CHECK_BATCH(batch);
	while (!read_batch(store, batch, error))
		if (!lp_pg_tries_again(store, error, &tries))
			return false;
	return true;
}
