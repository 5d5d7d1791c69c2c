/*
 * Writing definitions: series, calculations with inputs and outputs.  In the
 * caller's transaction; batches.c then puts the batches together again.
 */
#include "store/postgresql/internal.h"

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

static bool write_series(struct pg_store *store, enum pg_statement statement, const struct lp_series *series,
                         size_t count, struct lp_error *error)
{
	return lp_pg_write_rows(store, statement, &lp_series_definition_layout, LP_ROW_ARRAY(series, count), error);
}

static bool with_series(struct pg_store *store, enum pg_statement statement, const struct lp_series *series,
                        size_t count, struct lp_error *error)
{
	if (count == 0)
		return true;
	lp_pg_add_column(lp_pg_arguments(store), LP_KIND_TEXT, &series->name, sizeof *series, count);
	return lp_pg_execute(store, statement, NULL, error);
}

static bool with_names(struct pg_store *store, enum pg_statement statement, const struct lp_calculation *calculations,
                       size_t count, struct lp_error *error)
{
	if (count == 0)
		return true;
	lp_pg_add_column(lp_pg_arguments(store), LP_KIND_TEXT, &calculations->name, sizeof *calculations, count);
	return lp_pg_execute(store, statement, NULL, error);
}

static bool write_definitions(struct pg_store *store, enum pg_statement statement,
                              const struct lp_calculation *calculations, size_t count, struct lp_error *error)
{
	return lp_pg_write_rows(store, statement, &lp_definition_layout, LP_ROW_ARRAY(calculations, count), error);
}

/* An input or an output of a calculation. */
struct link {
	const char *calculation, *series;
	int32_t position;
	struct lp_input input;
	struct lp_output output;
};

/* Fewer rows than inputs or outputs were added: one of the series does not exist. */
static bool check_links(struct pg_store *store, uint64_t added, const struct link *links, size_t count,
                        struct lp_error *error)
{
	PGresult *result = NULL;

	if (added == count)
		return true;
	lp_pg_add_column(lp_pg_arguments(store), LP_KIND_TEXT, &links->series, sizeof *links, count);
	if (lp_pg_execute(store, PG_MISSING_SERIES, &result, error))
		lp_fail(error, LP_EXIT_DATA, "there is no series \"%s\"",
		        PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "?");
	PQclear(result);
	return false;
}

static bool add_links(struct pg_store *store, enum pg_statement statement, const struct link *links, size_t count,
                      struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);
	PGresult *result = NULL;
	bool ok;

	if (count == 0)
		return true;
	lp_pg_add_column(arguments, LP_KIND_TEXT, &links->calculation, sizeof *links, count);
	lp_pg_add_column(arguments, LP_KIND_INTEGER, &links->position, sizeof *links, count);
	if (statement == PG_ADD_INPUTS)
		lp_pg_add_columns(arguments, &lp_input_definition_layout, &links->input, sizeof *links, count);
	else
		lp_pg_add_columns(arguments, &lp_output_definition_layout, &links->output, sizeof *links, count);
	ok = lp_pg_execute(store, statement, &result, error) &&
	     check_links(store, lp_pg_affected(result), links, count, error);
	PQclear(result);
	return ok;
}

static bool add_inputs(struct pg_store *store, const struct lp_calculation *calculations, size_t count,
                       struct lp_error *error)
{
	size_t all = 0, links_count = 0;
	struct link *links;

	for (size_t i = 0; i < count; i++)
		all += calculations[i].input_count;
	lp_arena_empty(&store->scratch);
	links = lp_arena_zeroed(&store->scratch, all, sizeof *links);
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < calculations[i].input_count; k++)
			links[links_count++] = (struct link){ .calculation = calculations[i].name,
				                              .series = calculations[i].inputs[k].series,
				                              .position = (int32_t)k,
				                              .input = calculations[i].inputs[k] };
	}
	return add_links(store, PG_ADD_INPUTS, links, all, error);
}

static bool add_outputs(struct pg_store *store, const struct lp_calculation *calculations, size_t count,
                        struct lp_error *error)
{
	size_t all = 0, links_count = 0;
	struct link *links;

	for (size_t i = 0; i < count; i++)
		all += calculations[i].output_count;
	lp_arena_empty(&store->scratch);
	links = lp_arena_zeroed(&store->scratch, all, sizeof *links);
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < calculations[i].output_count; k++)
			links[links_count++] = (struct link){ .calculation = calculations[i].name,
				                              .series = calculations[i].outputs[k].series,
				                              .position = (int32_t)k,
				                              .output = calculations[i].outputs[k] };
	}
	return add_links(store, PG_ADD_OUTPUTS, links, all, error);
}

/* Notes where deleted calculations were: those batches have become smaller. */
static bool delete_calculations(struct pg_store *store, const struct lp_changes *changes, struct lp_arena *arena,
                                struct pg_arrange *arrange, struct lp_error *error)
{
	PGresult *result = NULL;
	int64_t *batches;
	bool ok;

	if (changes->deleted_count == 0)
		return true;
	lp_pg_add_column(lp_pg_arguments(store), LP_KIND_TEXT, &changes->deleted->name, sizeof *changes->deleted,
	                 changes->deleted_count);
	ok = lp_pg_execute(store, PG_DELETE_CALCULATIONS, &result, error);
	if (ok) {
		arrange->shrunk_count = (size_t)PQntuples(result);
		batches = lp_arena_allocate(arena, arrange->shrunk_count * sizeof *batches);
		for (size_t i = 0; i < arrange->shrunk_count; i++)
			batches[i] = lp_pg_get_int8(result, (int)i, 0);
		arrange->shrunk = batches;
	}
	PQclear(result);
	return ok;
}

static void collect_names(struct lp_arena *arena, const struct lp_changes *changes, struct pg_arrange *arrange)
{
	const struct {
		const struct lp_calculation *items;
		size_t count;
	} lists[] = { { changes->created, changes->created_count },
		      { changes->updated, changes->updated_count },
		      { changes->ranked, changes->ranked_count },
		      { changes->turned, changes->turned_count } };
	size_t all = changes->created_count + changes->updated_count + changes->ranked_count + changes->turned_count;

	arrange->changed = lp_arena_allocate(arena, all * sizeof *arrange->changed);
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		for (size_t k = 0; k < lists[i].count; k++)
			arrange->changed[arrange->changed_count++] = lists[i].items[k].name;
}

static bool change_ranks(struct pg_store *store, const struct lp_changes *changes, struct lp_error *error)
{
	const struct lp_calculation *ranked = changes->ranked;
	struct pg_arguments *arguments = lp_pg_arguments(store);

	if (changes->ranked_count == 0)
		return true;
	lp_pg_add_column(arguments, LP_KIND_TEXT, &ranked->name, sizeof *ranked, changes->ranked_count);
	lp_pg_add_column(arguments, LP_KIND_INTEGER, &ranked->rank, sizeof *ranked, changes->ranked_count);
	return lp_pg_execute(store, PG_CHANGE_RANKS, NULL, error);
}

static bool change_modes(struct pg_store *store, const struct lp_changes *changes, struct lp_error *error)
{
	const struct lp_calculation *turned = changes->turned;
	struct pg_arguments *arguments;

	if (changes->turned_count == 0)
		return true;
	arguments = lp_pg_arguments(store);
	lp_pg_add_column(arguments, LP_KIND_TEXT, &turned->name, sizeof *turned, changes->turned_count);
	lp_pg_add_column(arguments, LP_KIND_MODE, &turned->mode, sizeof *turned, changes->turned_count);
	lp_pg_add_column(arguments, LP_KIND_INTEGER, &turned->version, sizeof *turned, changes->turned_count);
	return lp_pg_execute(store, PG_CHANGE_MODES, NULL, error);
}

/*
 * Links were made to the series that are live. Those of calculations in shadow
 * are moved to the others of that name. What reads another series than before
 * is changed, too.
 */
static bool resolve_links(struct pg_store *store, struct lp_arena *arena, struct pg_arrange *arrange,
                          struct lp_error *error)
{
	static const enum pg_statement before[] = { PG_ADD_SHADOW_SERIES, PG_RESOLVE_OUTPUTS };
	PGresult *result = NULL;
	const char **changed;
	size_t count;

	for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
		(void)lp_pg_arguments(store);
		if (!lp_pg_execute(store, before[i], NULL, error))
			return false;
	}
	(void)lp_pg_arguments(store);
	if (!lp_pg_execute(store, PG_RESOLVE_INPUTS, &result, error)) {
		PQclear(result);
		return false;
	}
	count = (size_t)PQntuples(result);
	changed = lp_arena_allocate(arena, (arrange->changed_count + count) * sizeof *changed);
	for (size_t i = 0; i < arrange->changed_count; i++)
		changed[i] = arrange->changed[i];
	for (size_t i = 0; i < count; i++)
		changed[arrange->changed_count + i] = lp_pg_get_text(result, (int)i, 0, arena);
	arrange->changed = changed;
	arrange->changed_count += count;
	PQclear(result);
	return true;
}

/*
 * True if nothing that a batch is made of changes. `import` asks for that, and
 * then stays in its transaction for long.
 */
static bool only_adds_series(const struct lp_changes *changes)
{
	return changes->series_updated_count + changes->series_deleted_count + changes->created_count +
	               changes->updated_count + changes->deleted_count + changes->ranked_count +
	               changes->turned_count ==
	       0;
}

/* Fails if one of the series has samples: they came in after the caller looked, and stay. */
static bool check_empty(struct pg_store *store, const struct lp_series *series, size_t count, struct lp_error *error)
{
	PGresult *result = NULL;
	bool ok;

	lp_pg_add_column(lp_pg_arguments(store), LP_KIND_TEXT, &series->name, sizeof *series, count);
	ok = lp_pg_execute(store, PG_FIND_HELD_SERIES, &result, error);
	if (ok && PQntuples(result) > 0) {
		lp_arena_empty(&store->scratch);
		ok = lp_series_is_held(lp_pg_get_text(result, 0, 0, &store->scratch), error);
	}
	PQclear(result);
	return ok;
}

/*
 * This comes last, because writers of samples wait from here to the commit. It
 * does not wait for a long import itself: all others would queue up behind it.
 */
static bool delete_series(struct pg_store *store, const struct lp_series *series, size_t count, struct lp_error *error)
{
	if (count == 0)
		return true;
	lp_pg_arguments(store);
	if (!lp_pg_execute(store, PG_WAIT_BRIEFLY, NULL, error))
		return false;
	if (!lp_pg_execute(store, PG_LOCK_SAMPLES, NULL, error)) {
		if (strcmp(error->sqlstate, "55P03") == 0)
			lp_hint(error, "Somebody writes samples, which may be of a series to be deleted: apply again "
			               "later.");
		return false;
	}
	return check_empty(store, series, count, error) && with_series(store, PG_DELETE_SERIES, series, count, error);
}

static bool write_all_series(struct pg_store *store, const struct lp_changes *changes, struct lp_error *error)
{
	const struct lp_series *updated = changes->series_updated;
	size_t count = changes->series_updated_count;

	return write_series(store, PG_ADD_SERIES, changes->series_created, changes->series_created_count, error) &&
	       write_series(store, PG_CHANGE_SERIES, updated, count, error) &&
	       with_series(store, PG_TOUCH_SERIES_BATCHES, updated, count, error);
}

/* Forgets the windows of changed schedules. */
static bool forget_windows(struct pg_store *store, const struct lp_calculation *updated, size_t count,
                           struct lp_error *error)
{
	return write_definitions(store, PG_DROP_PENDING, updated, count, error) &&
	       write_definitions(store, PG_DROP_OWED, updated, count, error) &&
	       write_definitions(store, PG_TRIM_OWED, updated, count, error);
}

static bool change_calculations(struct pg_store *store, const struct lp_calculation *updated, size_t count,
                                struct lp_error *error)
{
	if (!forget_windows(store, updated, count, error))
		return false;
	return write_definitions(store, PG_CHANGE_CALCULATIONS, updated, count, error) &&
	       with_names(store, PG_REOPEN_PENDING, updated, count, error) &&
	       with_names(store, PG_REOPEN_STATE, updated, count, error);
}

/* Links are replaced after all old ones are gone, because an output may pass from one calculation to another. */
static bool replace_links(struct pg_store *store, const struct lp_changes *changes, struct lp_error *error)
{
	const struct lp_calculation *created = changes->created, *updated = changes->updated;
	size_t created_count = changes->created_count, updated_count = changes->updated_count;

	if (!with_names(store, PG_CLEAR_INPUTS, updated, updated_count, error) ||
	    !with_names(store, PG_CLEAR_OUTPUTS, updated, updated_count, error))
		return false;
	if (!add_inputs(store, updated, updated_count, error) || !add_inputs(store, created, created_count, error))
		return false;
	return add_outputs(store, updated, updated_count, error) && add_outputs(store, created, created_count, error);
}

static bool apply(struct pg_store *store, const struct lp_changes *changes, struct lp_arena *arena,
                  struct lp_error *error)
{
	struct pg_arrange arrange = { .changed_count = 0 };

	if (only_adds_series(changes))
		return write_all_series(store, changes, error);
	collect_names(arena, changes, &arrange);
	/*
	 * The batches are locked first, as in a commit. Otherwise this could wait for a
	 * row of a commit, and the commit for one of this.
	 */
	lp_pg_arguments(store);
	if (!lp_pg_execute(store, PG_LOCK_BATCHES, NULL, error) || !write_all_series(store, changes, error))
		return false;
	if (!delete_calculations(store, changes, arena, &arrange, error) ||
	    !change_calculations(store, changes->updated, changes->updated_count, error) ||
	    !write_definitions(store, PG_ADD_CALCULATIONS, changes->created, changes->created_count, error))
		return false;
	if (!change_ranks(store, changes, error) || !change_modes(store, changes, error) ||
	    !replace_links(store, changes, error))
		return false;
	if (!resolve_links(store, arena, &arrange, error) || !lp_pg_arrange(store, &arrange, error))
		return false;
	return delete_series(store, changes->series_deleted, changes->series_deleted_count, error);
}

bool lp_pg_apply(struct lp_store *opened, const struct lp_changes *changes, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_arena arena = { .first = NULL };
	bool ok;

	assert(store->depth == 1);
	ok = apply(store, changes, &arena, error);
	store->applied = ok && !only_adds_series(changes);
	lp_arena_free(&arena);
	return ok;
}
