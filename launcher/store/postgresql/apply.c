/*
 * Writing definitions: series, calculations with inputs and outputs.  In the
 * caller's transaction; batches.c then puts the batches together again.
 */
#include "store/postgresql/internal.h"

#include "calendar/calendar.h"

#include <stdlib.h>
#include <string.h>

static void add_int_lock(struct pg_store *store, enum pg_lock lock)
{
	lp_pg_argument_int4(lp_pg_arguments(store), (int32_t)lock);
}

bool lp_pg_lock_definitions(struct lp_store *opened, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);

	assert(store->depth == 1);
	add_int_lock(store, PG_LOCK_DEFINITIONS);
	return lp_pg_execute(store, PG_LOCK, NULL, error);
}

static void add_series_names(struct pg_arguments *arguments, const struct lp_series *series, size_t count)
{
	lp_pg_array_begin(arguments, PG_TEXT);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_text(arguments, series[i].name);
	lp_pg_array_end(arguments);
}

static void add_names(struct pg_arguments *arguments, const struct lp_calculation *calculations, size_t count)
{
	lp_pg_array_begin(arguments, PG_TEXT);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_text(arguments, calculations[i].name);
	lp_pg_array_end(arguments);
}

static const char *or_empty(const char *text)
{
	return text != NULL ? text : "";
}

/* An element of an array of texts; 0: NULL. */
static void add_duration(struct pg_arguments *arguments, int64_t duration)
{
	char text[32];

	if (duration > 0)
		lp_duration_format(duration, text);
	lp_pg_array_text(arguments, duration > 0 ? text : NULL);
}

static void add_span(struct pg_arguments *arguments, struct lp_span span)
{
	char text[24];

	if (span.count != 0)
		lp_span_format(span, text);
	lp_pg_array_text(arguments, span.count != 0 ? text : NULL);
}

static bool write_series(struct pg_store *store, enum pg_statement statement, const struct lp_series *series,
                         size_t count, struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);

	if (count == 0)
		return true;
	add_series_names(arguments, series, count);
	lp_pg_array_begin(arguments, PG_TEXT);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_text(arguments, or_empty(series[i].unit));
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_TEXT);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_text(arguments, or_empty(series[i].description));
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_TEXT);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_text(arguments, series[i].attributes != NULL ? series[i].attributes : "{}");
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_TEXT);
	for (size_t i = 0; i < count; i++)
		add_duration(arguments, series[i].interval);
	lp_pg_array_end(arguments);
	return lp_pg_execute(store, statement, NULL, error);
}

static bool with_series(struct pg_store *store, enum pg_statement statement, const struct lp_series *series,
                        size_t count, struct lp_error *error)
{
	if (count == 0)
		return true;
	add_series_names(lp_pg_arguments(store), series, count);
	return lp_pg_execute(store, statement, NULL, error);
}

static bool with_names(struct pg_store *store, enum pg_statement statement, const struct lp_calculation *calculations,
                       size_t count, struct lp_error *error)
{
	if (count == 0)
		return true;
	add_names(lp_pg_arguments(store), calculations, count);
	return lp_pg_execute(store, statement, NULL, error);
}

#define TEXTS(expression)                                                                                              \
	do {                                                                                                           \
		lp_pg_array_begin(arguments, PG_TEXT);                                                                 \
		for (size_t i = 0; i < count; i++)                                                                     \
			lp_pg_array_text(arguments, expression);                                                       \
		lp_pg_array_end(arguments);                                                                            \
	} while (0)

/* {{definitions}} of statements/apply.sql. */
static bool write_definitions(struct pg_store *store, enum pg_statement statement,
                              const struct lp_calculation *calculations, size_t count, struct lp_error *error)
{
	struct pg_arguments *arguments;
	struct pg_spans *spans;

	if (count == 0)
		return true;
	lp_arena_empty(&store->scratch);
	spans = lp_arena_allocate(&store->scratch, count * sizeof *spans);
	for (size_t i = 0; i < count; i++)
		lp_pg_spans(&calculations[i].schedule, &spans[i]);
	arguments = lp_pg_arguments(store);
	add_names(arguments, calculations, count);
	TEXTS(or_empty(calculations[i].description));
	TEXTS(calculations[i].rule);
	TEXTS(calculations[i].parameters != NULL ? calculations[i].parameters : "{}");
	TEXTS(calculations[i].labels != NULL ? calculations[i].labels : "{}");
	lp_pg_array_begin(arguments, PG_BOOL);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_bool(arguments, calculations[i].enabled);
	lp_pg_array_end(arguments);
	TEXTS(spans[i].every);
	TEXTS(spans[i].window);
	TEXTS(spans[i].offset);
	TEXTS(spans[i].delay);
	lp_pg_array_begin(arguments, PG_INT2);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_int2(arguments, (int16_t)calculations[i].schedule.week_start);
	lp_pg_array_end(arguments);
	TEXTS(calculations[i].schedule.zone);
	TEXTS(lp_missed_names[calculations[i].schedule.missed]);
	lp_pg_array_begin(arguments, PG_TIMESTAMPTZ);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_time(arguments, calculations[i].start);
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_TEXT);
	for (size_t i = 0; i < count; i++)
		add_duration(arguments, calculations[i].time_limit);
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_INT4);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_int4(arguments, calculations[i].version);
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_INT4);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_int4(arguments, calculations[i].rank);
	lp_pg_array_end(arguments);
	TEXTS(lp_result_time_names[calculations[i].result_time]);
	lp_pg_array_begin(arguments, PG_FLOAT8);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_float8(arguments, calculations[i].min_coverage);
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_TEXT);
	for (size_t i = 0; i < count; i++) {
		if (calculations[i].recompute_within == LP_NEVER)
			lp_pg_array_text(arguments, "never");
		else
			add_duration(arguments, calculations[i].recompute_within);
	}
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_INT8);
	for (size_t i = 0; i < count; i++) {
		if (calculations[i].memory_limit > 0)
			lp_pg_array_int8(arguments, calculations[i].memory_limit);
		else
			lp_pg_array_null(arguments);
	}
	lp_pg_array_end(arguments);
	return lp_pg_execute(store, statement, NULL, error);
}

static size_t count_inputs(const struct lp_calculation *calculations, size_t count)
{
	size_t inputs = 0;

	for (size_t i = 0; i < count; i++)
		inputs += calculations[i].input_count;
	return inputs;
}

static size_t count_outputs(const struct lp_calculation *calculations, size_t count)
{
	size_t outputs = 0;

	for (size_t i = 0; i < count; i++)
		outputs += calculations[i].output_count;
	return outputs;
}

#define EACH_OF(of, type, add, expression)                                                                             \
	do {                                                                                                           \
		lp_pg_array_begin(arguments, type);                                                                    \
		for (size_t i = 0; i < count; i++) {                                                                   \
			for (size_t k = 0; k < calculations[i].of; k++)                                                \
				add(arguments, expression);                                                            \
		}                                                                                                      \
		lp_pg_array_end(arguments);                                                                            \
	} while (0)

/* Runs what adds inputs or outputs; fewer rows than wanted: a series is not there. */
static bool add_links(struct pg_store *store, enum pg_statement statement, size_t wanted, bool *complete,
                      struct lp_error *error)
{
	PGresult *result = NULL;
	bool done = lp_pg_execute(store, statement, &result, error);

	*complete = done && strtoull(PQcmdTuples(result), NULL, 10) == wanted;
	PQclear(result);
	return done;
}

static bool name_missing_series(struct pg_store *store, struct lp_error *error)
{
	PGresult *result = NULL;

	if (!lp_pg_execute(store, PG_MISSING_SERIES, &result, error))
		return false;
	lp_arena_empty(&store->scratch);
	lp_fail(error, LP_EXIT_DATA, "there is no series \"%s\"",
	        PQntuples(result) > 0 ? lp_pg_get_text(result, 0, 0, &store->scratch) : "?");
	PQclear(result);
	return false;
}

static bool add_inputs(struct pg_store *store, const struct lp_calculation *calculations, size_t count,
                       struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);
	bool complete;

	if (count_inputs(calculations, count) == 0)
		return true;
	EACH_OF(input_count, PG_TEXT, lp_pg_array_text, calculations[i].name);
	EACH_OF(input_count, PG_INT4, lp_pg_array_int4, (int32_t)k);
	EACH_OF(input_count, PG_TEXT, lp_pg_array_text, calculations[i].inputs[k].name);
	EACH_OF(input_count, PG_TEXT, lp_pg_array_text, calculations[i].inputs[k].series);
	EACH_OF(input_count, PG_TEXT, add_duration, calculations[i].inputs[k].lookback);
	EACH_OF(input_count, PG_TEXT, add_span, calculations[i].inputs[k].window);
	EACH_OF(input_count, PG_TEXT, add_span, calculations[i].inputs[k].shift);
	EACH_OF(input_count, PG_INT8, lp_pg_array_int8, lp_input_reach(&calculations[i].inputs[k]));
	if (!add_links(store, PG_ADD_INPUTS, count_inputs(calculations, count), &complete, error) || complete)
		return complete;
	arguments = lp_pg_arguments(store);
	EACH_OF(input_count, PG_TEXT, lp_pg_array_text, calculations[i].inputs[k].series);
	return name_missing_series(store, error);
}

static bool add_outputs(struct pg_store *store, const struct lp_calculation *calculations, size_t count,
                        struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);
	bool complete;

	if (count_outputs(calculations, count) == 0)
		return true;
	EACH_OF(output_count, PG_TEXT, lp_pg_array_text, calculations[i].name);
	EACH_OF(output_count, PG_INT4, lp_pg_array_int4, (int32_t)k);
	EACH_OF(output_count, PG_TEXT, lp_pg_array_text, or_empty(calculations[i].outputs[k].name));
	EACH_OF(output_count, PG_TEXT, lp_pg_array_text, calculations[i].outputs[k].series);
	if (!add_links(store, PG_ADD_OUTPUTS, count_outputs(calculations, count), &complete, error) || complete)
		return complete;
	arguments = lp_pg_arguments(store);
	EACH_OF(output_count, PG_TEXT, lp_pg_array_text, calculations[i].outputs[k].series);
	return name_missing_series(store, error);
}

/* Where the deleted ones were: those batches have become smaller. */
static bool delete_calculations(struct pg_store *store, const struct lp_changes *changes, struct lp_arena *arena,
                                struct pg_arrange *arrange, struct lp_error *error)
{
	PGresult *result = NULL;
	int64_t *batches;
	bool done;

	if (changes->deleted_count == 0)
		return true;
	add_names(lp_pg_arguments(store), changes->deleted, changes->deleted_count);
	done = lp_pg_execute(store, PG_DELETE_CALCULATIONS, &result, error);
	if (done) {
		arrange->shrunk_count = (size_t)PQntuples(result);
		batches = lp_arena_allocate(arena, arrange->shrunk_count * sizeof *batches);
		for (size_t i = 0; i < arrange->shrunk_count; i++)
			batches[i] = lp_pg_get_int8(result, (int)i, 0);
		arrange->shrunk = batches;
	}
	PQclear(result);
	return done;
}

static void collect_names(struct lp_arena *arena, const struct lp_changes *changes, struct pg_arrange *arrange)
{
	const struct {
		const struct lp_calculation *items;
		size_t count;
	} lists[] = { { changes->created, changes->created_count },
		      { changes->updated, changes->updated_count },
		      { changes->ranked, changes->ranked_count } };
	size_t all = changes->created_count + changes->updated_count + changes->ranked_count;

	arrange->changed = lp_arena_allocate(arena, all * sizeof *arrange->changed);
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		for (size_t k = 0; k < lists[i].count; k++)
			arrange->changed[arrange->changed_count++] = lists[i].items[k].name;
	}
}

static bool change_ranks(struct pg_store *store, const struct lp_changes *changes, struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);

	if (changes->ranked_count == 0)
		return true;
	add_names(arguments, changes->ranked, changes->ranked_count);
	lp_pg_array_begin(arguments, PG_INT4);
	for (size_t i = 0; i < changes->ranked_count; i++)
		lp_pg_array_int4(arguments, changes->ranked[i].rank);
	lp_pg_array_end(arguments);
	return lp_pg_execute(store, PG_CHANGE_RANKS, NULL, error);
}

/* Nothing that a batch is made of: what import asks for, which then stays in its transaction for long. */
static bool only_adds_series(const struct lp_changes *changes)
{
	return changes->series_updated_count + changes->series_deleted_count + changes->created_count +
	               changes->updated_count + changes->deleted_count + changes->ranked_count ==
	       0;
}

/* Fails where one has samples: they came in since the caller looked, and stay. */
static bool check_empty(struct pg_store *store, const struct lp_series *series, size_t count, struct lp_error *error)
{
	PGresult *result = NULL;
	bool done;

	add_series_names(lp_pg_arguments(store), series, count);
	done = lp_pg_execute(store, PG_FIND_HELD_SERIES, &result, error);
	if (done && PQntuples(result) > 0) {
		lp_arena_empty(&store->scratch);
		done = lp_series_is_held(lp_pg_get_text(result, 0, 0, &store->scratch), error);
	}
	PQclear(result);
	return done;
}

/*
 * Last of all, since whoever writes samples waits from here to the commit.  One
 * who is in the middle of a long import is not waited for: all others would
 * queue up behind us.
 */
static bool delete_series(struct pg_store *store, const struct lp_series *series, size_t count, struct lp_error *error)
{
	if (count == 0)
		return true;
	if (!lp_pg_command(store, "SET LOCAL lock_timeout = '1s'", "delete series", error))
		return false;
	lp_pg_arguments(store);
	if (!lp_pg_execute(store, PG_LOCK_SAMPLES, NULL, error)) {
		if (strcmp(error->sqlstate, "55P03") == 0)
			lp_hint(error, "Somebody writes samples, which may be of a series to be deleted: apply again "
			               "later.");
		return false;
	}
	return check_empty(store, series, count, error) && with_series(store, PG_DELETE_SERIES, series, count, error);
}

/* Links are replaced after all old ones are gone: an output may pass from one calculation to another. */
static bool apply(struct pg_store *store, const struct lp_changes *changes, struct lp_arena *arena,
                  struct lp_error *error)
{
	struct pg_arrange arrange = { .changed_count = 0 };
	const struct lp_calculation *created = changes->created, *updated = changes->updated;
	size_t created_count = changes->created_count, updated_count = changes->updated_count;

	if (only_adds_series(changes))
		return write_series(store, PG_ADD_SERIES, changes->series_created, changes->series_created_count,
		                    error);
	collect_names(arena, changes, &arrange);
	/*
	 * First of all, as a commit does: what comes second here would wait for
	 * a row that a commit holds, and the commit for one of ours.
	 */
	lp_pg_arguments(store);
	return lp_pg_execute(store, PG_LOCK_BATCHES, NULL, error) &&
	       write_series(store, PG_ADD_SERIES, changes->series_created, changes->series_created_count, error) &&
	       write_series(store, PG_CHANGE_SERIES, changes->series_updated, changes->series_updated_count, error) &&
	       with_series(store, PG_TOUCH_SERIES_BATCHES, changes->series_updated, changes->series_updated_count,
	                   error) &&
	       delete_calculations(store, changes, arena, &arrange, error) &&
	       write_definitions(store, PG_DROP_PENDING, updated, updated_count, error) &&
	       write_definitions(store, PG_DROP_OWED, updated, updated_count, error) &&
	       write_definitions(store, PG_TRIM_OWED, updated, updated_count, error) &&
	       write_definitions(store, PG_CHANGE_CALCULATIONS, updated, updated_count, error) &&
	       with_names(store, PG_REOPEN_PENDING, updated, updated_count, error) &&
	       with_names(store, PG_REOPEN_STATE, updated, updated_count, error) &&
	       write_definitions(store, PG_ADD_CALCULATIONS, created, created_count, error) &&
	       change_ranks(store, changes, error) &&
	       with_names(store, PG_CLEAR_INPUTS, updated, updated_count, error) &&
	       with_names(store, PG_CLEAR_OUTPUTS, updated, updated_count, error) &&
	       add_inputs(store, updated, updated_count, error) && add_inputs(store, created, created_count, error) &&
	       add_outputs(store, updated, updated_count, error) && add_outputs(store, created, created_count, error) &&
	       lp_pg_arrange(store, &arrange, error) &&
	       delete_series(store, changes->series_deleted, changes->series_deleted_count, error);
}

bool lp_pg_apply(struct lp_store *opened, const struct lp_changes *changes, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_arena arena = { .first = NULL };
	bool done;

	assert(store->depth == 1);
	done = apply(store, changes, &arena, error);
	store->applied = done && !only_adds_series(changes);
	lp_arena_free(&arena);
	return done;
}
