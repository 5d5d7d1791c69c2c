/* Definitions as they are kept: added, copied, loaded from a store, freed.  Knows nothing of YAML. */
#include "definition/internal.h"

#include "text/glob.h"
#include "text/json_tree.h"
#include <stdlib.h>

void lp_definitions_add_series(struct lp_definitions *definitions, const struct lp_series *series,
                               const struct lp_position *position)
{
	if (definitions->series_count == definitions->series_capacity) {
		size_t capacity = definitions->series_capacity == 0 ? 64 : definitions->series_capacity * 2;
		definitions->series = lp_reallocate(definitions->series, capacity, sizeof *definitions->series);
		definitions->series_positions =
			lp_reallocate(definitions->series_positions, capacity, sizeof *definitions->series_positions);
		definitions->series_capacity = capacity;
	}
	definitions->series_positions[definitions->series_count] = *position;
	definitions->series[definitions->series_count++] = *series;
}

void lp_definitions_add_calculation(struct lp_definitions *definitions, const struct lp_calculation *calculation,
                                    const struct lp_position *position)
{
	if (definitions->calculation_count == definitions->calculation_capacity) {
		size_t capacity = definitions->calculation_capacity == 0 ? 64 : definitions->calculation_capacity * 2;
		definitions->calculations =
			lp_reallocate(definitions->calculations, capacity, sizeof *definitions->calculations);
		definitions->calculation_positions = lp_reallocate(definitions->calculation_positions, capacity,
		                                                   sizeof *definitions->calculation_positions);
		definitions->calculation_capacity = capacity;
	}
	definitions->calculation_positions[definitions->calculation_count] = *position;
	definitions->calculations[definitions->calculation_count++] = *calculation;
}

static const char *text_of(const char *text, struct lp_arena *arena)
{
	return text == NULL || text[0] == '\0' ? "" : lp_arena_text(arena, text);
}

void lp_calculation_copy(struct lp_calculation *to, const struct lp_calculation *from, struct lp_arena *arena)
{
	*to = *from;
	to->name = text_of(from->name, arena);
	to->description = text_of(from->description, arena);
	to->rule = text_of(from->rule, arena);
	to->parameters = lp_json_canonical(from->parameters, arena);
	to->labels = lp_json_canonical(from->labels, arena);
	if (to->schedule.offset.count == 0)
		to->schedule.offset = (struct lp_span){ 0 };
	to->inputs = lp_arena_zeroed(arena, from->input_count, sizeof *to->inputs);
	to->outputs = lp_arena_zeroed(arena, from->output_count, sizeof *to->outputs);
	for (size_t i = 0; i < from->input_count; i++) {
		to->inputs[i] = from->inputs[i];
		to->inputs[i].name = text_of(from->inputs[i].name, arena);
		to->inputs[i].series = text_of(from->inputs[i].series, arena);
		to->inputs[i].unit = text_of(from->inputs[i].unit, arena);
		to->inputs[i].attributes = "{}"; /* the series has them */
	}
	for (size_t o = 0; o < from->output_count; o++) {
		to->outputs[o] = from->outputs[o];
		to->outputs[o].name = text_of(from->outputs[o].name, arena);
		to->outputs[o].series = text_of(from->outputs[o].series, arena);
		to->outputs[o].unit = text_of(from->outputs[o].unit, arena);
	}
}

static bool keep_series(void *context, const struct lp_series *series, struct lp_error *error)
{
	struct lp_definitions *stored = context;
	struct lp_series copy = {
		.id = series->id,
		.name = text_of(series->name, &stored->arena),
		.unit = text_of(series->unit, &stored->arena),
		.interval = series->interval,
		.description = text_of(series->description, &stored->arena),
		.attributes = lp_json_canonical(series->attributes, &stored->arena),
		.key = text_of(series->key, &stored->arena),
		.table = text_of(series->table, &stored->arena),
		.shadow_id = series->shadow_id,
	};
	(void)error;
	lp_definitions_add_series(stored, &copy, &(struct lp_position){ 0 });
	return true;
}

static bool keep_calculation(void *context, const struct lp_calculation *calculation, struct lp_error *error)
{
	struct lp_definitions *stored = context;
	struct lp_calculation copy;
	(void)error;
	lp_calculation_copy(&copy, calculation, &stored->arena);
	lp_definitions_add_calculation(stored, &copy, &(struct lp_position){ 0 });
	return true;
}

bool lp_definitions_load(struct lp_store *store, struct lp_definitions *stored, struct lp_error *error)
{
	*stored = (struct lp_definitions){ 0 };
	if (lp_store_each_series(store, NULL, keep_series, stored, error) &&
	    lp_store_each_calculation(store, keep_calculation, stored, error))
		return true;
	lp_definitions_free(stored);
	return lp_fail_within(error, "reading the definitions that are stored");
}

static bool note_samples(void *context, const struct lp_column *samples, struct lp_error *error)
{
	bool *found = context;
	(void)error;
	*found = *found || samples->count > 0;
	return true;
}

/* Looks whether a series holds samples; no series: it holds none. */
static bool find_samples(struct lp_store *store, int64_t series_id, bool *found, struct lp_error *error)
{
	const struct lp_sample_query query = {
		.series_id = series_id, .from = LP_TIME_NONE, .to = LP_TIME_NONE, .most = 1
	};
	return series_id == 0 || *found || lp_store_read_samples(store, &query, note_samples, found, error);
}

bool lp_definitions_keep_data(struct lp_store *store, const struct lp_definitions *stored,
                              struct lp_definitions *wanted, struct lp_error *error)
{
	struct lp_names needed = { 0 };
	bool good = true;
	for (size_t i = 0; i < wanted->series_count; i++)
		(void)lp_names_add(&needed, wanted->series[i].name, i, NULL);
	/* A series that a calculation uses stays anyway, so the store need not be asked. */
	for (size_t c = 0; c < wanted->calculation_count; c++) {
		const struct lp_calculation *calculation = &wanted->calculations[c];
		for (size_t i = 0; i < calculation->input_count; i++)
			(void)lp_names_add(&needed, calculation->inputs[i].series, i, NULL);
		for (size_t o = 0; o < calculation->output_count; o++)
			(void)lp_names_add(&needed, calculation->outputs[o].series, o, NULL);
	}
	for (size_t i = 0; i < stored->series_count && good; i++) {
		bool found = false;
		if (lp_names_find(&needed, stored->series[i].name, NULL))
			continue;
		good = find_samples(store, stored->series[i].id, &found, error) &&
		       find_samples(store, stored->series[i].shadow_id, &found, error);
		if (good && found)
			lp_definitions_add_series(wanted, &stored->series[i], &(struct lp_position){ 0 });
	}
	lp_names_free(&needed);
	return good;
}

static bool fits(const char *name, const char *const *patterns, size_t count)
{
	for (size_t p = 0; p < count; p++)
		if (lp_glob(patterns[p], name, NULL))
			return true;
	return false;
}

void lp_definitions_choose(struct lp_definitions *definitions, const char *const *patterns, size_t count)
{
	struct lp_names used = { 0 };
	size_t left = 0;
	for (size_t c = 0; c < definitions->calculation_count; c++) {
		const struct lp_calculation *calculation = &definitions->calculations[c];
		if (!fits(calculation->name, patterns, count))
			continue;
		for (size_t i = 0; i < calculation->input_count; i++)
			(void)lp_names_add(&used, calculation->inputs[i].series, i, NULL);
		for (size_t o = 0; o < calculation->output_count; o++)
			(void)lp_names_add(&used, calculation->outputs[o].series, o, NULL);
		definitions->calculation_positions[left] = definitions->calculation_positions[c];
		definitions->calculations[left++] = *calculation;
	}
	definitions->calculation_count = left;
	left = 0;
	for (size_t i = 0; i < definitions->series_count; i++) {
		const char *name = definitions->series[i].name;
		if (!fits(name, patterns, count) && !lp_names_find(&used, name, NULL))
			continue;
		definitions->series_positions[left] = definitions->series_positions[i];
		definitions->series[left++] = definitions->series[i];
	}
	definitions->series_count = left;
	lp_names_free(&used);
}

void lp_definitions_free(struct lp_definitions *definitions)
{
	free(definitions->series);
	free(definitions->series_positions);
	free(definitions->calculations);
	free(definitions->calculation_positions);
	lp_arena_free(&definitions->arena);
	*definitions = (struct lp_definitions){ 0 };
}
