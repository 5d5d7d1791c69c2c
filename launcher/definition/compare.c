/*
 * Compares the wanted definitions with the stored ones: changes for the store,
 * and lines for people.  Knows neither
 * YAML nor a store.
 */
#include "definition/fields.h"
#include "definition/internal.h"

#include "calendar/calendar.h"
#include "text/json.h"
#include "text/utf8.h"

#include <stdlib.h>
#include <string.h>

struct comparison {
	const struct lp_definitions *wanted, *stored;
	bool prune;
	struct lp_difference *difference;
	struct lp_names wanted_calculations, stored_calculations, wanted_series, stored_series;
	struct lp_text before, after; /* of the field being compared */
};

/* Adds to an array of the difference that has room for all. */
#define PUT(array, count, ...)                                                                                         \
	do {                                                                                                           \
		((__typeof__(__VA_ARGS__) *)(uintptr_t)(array))[(count)++] = (__VA_ARGS__);                            \
	} while (0)

/* A description may have lines, and whatever else moves a terminal's cursor. */
static void show_value(struct lp_text *line, const char *value)
{
	if (value[0] == '\0')
		lp_text_addf(line, "none");
	else if (lp_utf8_has_control(value))
		lp_json_quote(line, value);
	else
		lp_text_add(line, value, strlen(value));
}

static void show_field(struct lp_text *line, bool *first, const char *name, const char *before, const char *after)
{
	lp_text_addf(line, "%s %s ", *first ? ":" : ",", name);
	show_value(line, before);
	lp_text_addf(line, " -> ");
	show_value(line, after);
	*first = false;
}

/*
 * Keeps the line that begins at `start` of the description, "~ calculation NAME:
 * rule mean -> max", for the history: "changed: rule mean -> max".
 */
static void keep_change(struct comparison *comparison, const char *kind, const char *name, int64_t version,
                        size_t start)
{
	struct lp_difference *difference = comparison->difference;
	const char *line = difference->description.data + start;
	const char *verb = line[0] == '+' ? "created" : line[0] == '-' ? "deleted" : "changed";
	size_t begin = start + strlen("~  ") + strlen(kind) + strlen(name);
	struct lp_text change = { 0 };
	lp_text_addf(&change, "%s%.*s", verb, (int)(difference->description.length - begin - 1),
	             difference->description.data + begin);
	LP_GROW(difference->history, difference->history_count, difference->history_capacity);
	difference->history[difference->history_count++] = (struct lp_definition_change){
		.name = lp_arena_text(&difference->arena, name),
		.kind = kind,
		.version = version,
		.change = lp_arena_text(&difference->arena, change.data),
	};
	lp_text_free(&change);
}

/* Adds "~ series NAME: unit m -> km" to the description; false: there is no difference. */
static bool show_series_change(struct lp_text *text, const struct lp_series *before, const struct lp_series *after)
{
	char old[32] = "none", new[32] = "none";
	if (before->interval != 0)
		lp_duration_format(before->interval, old);
	if (after->interval != 0)
		lp_duration_format(after->interval, new);
	const struct {
		const char *name, *before, *after;
	} fields[] = {
		{ "unit", before->unit, after->unit },
		{ "interval", old, new },
		{ "description", before->description, after->description },
		{ "attributes", before->attributes, after->attributes },
		{ "key", before->key, after->key },
		{ "table", before->table, after->table },
	};
	bool first = true;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		if (strcmp(fields[i].before, fields[i].after) == 0)
			continue;
		if (first)
			lp_text_addf(text, "~ series %s", after->name);
		show_field(text, &first, fields[i].name, fields[i].before, fields[i].after);
	}
	if (!first)
		lp_text_add(text, "\n", 1);
	return !first;
}

static bool show_calculation_change(struct comparison *comparison, const struct lp_calculation *before,
                                    const struct lp_calculation *after)
{
	struct lp_text *text = &comparison->difference->description;
	bool first = true;
	for (size_t f = 0; f < lp_calculation_field_count; f++) {
		const struct lp_calculation_field *field = &lp_calculation_fields[f];
		comparison->before.length = comparison->after.length = 0;
		field->format(before, &comparison->before);
		field->format(after, &comparison->after);
		lp_text_add(&comparison->before, "", 1);
		lp_text_add(&comparison->after, "", 1);
		if (strcmp(comparison->before.data, comparison->after.data) == 0)
			continue;
		if (first)
			lp_text_addf(text, "~ calculation %s", after->name);
		show_field(text, &first, field->name, comparison->before.data, comparison->after.data);
	}
	if (!first)
		lp_text_add(text, "\n", 1);
	return !first;
}

/* Adds a value that was given, not one that is the default. */
static void show_new_calculation(struct comparison *comparison, const struct lp_calculation *calculation)
{
	struct lp_text *text = &comparison->difference->description;
	bool first = true;
	lp_text_addf(text, "+ calculation %s", calculation->name);
	for (size_t f = 0; f < lp_calculation_field_count; f++) {
		const struct lp_calculation_field *field = &lp_calculation_fields[f];
		comparison->after.length = 0;
		field->format(calculation, &comparison->after);
		lp_text_add(&comparison->after, "", 1);
		if (field->usual != NULL && strcmp(field->usual, comparison->after.data) == 0)
			continue;
		lp_text_addf(text, "%s %s ", first ? ":" : ",", field->name);
		show_value(text, comparison->after.data);
		first = false;
	}
	lp_text_add(text, "\n", 1);
}

static void compare_series(struct comparison *comparison)
{
	const struct lp_definitions *wanted = comparison->wanted, *stored = comparison->stored;
	struct lp_difference *difference = comparison->difference;
	struct lp_changes *changes = &difference->changes;
	changes->series_created =
		lp_arena_allocate(&difference->arena, wanted->series_count * sizeof(struct lp_series));
	changes->series_updated =
		lp_arena_allocate(&difference->arena, wanted->series_count * sizeof(struct lp_series));
	for (size_t i = 0; i < wanted->series_count; i++) {
		struct lp_series series = wanted->series[i];
		size_t at, line = difference->description.length;
		if (!lp_names_find(&comparison->stored_series, series.name, &at)) {
			lp_text_addf(&difference->description, "+ series %s%s%s%s\n", series.name,
			             series.unit[0] == '\0' ? "" : " (", series.unit,
			             series.unit[0] == '\0' ? "" : ")");
			keep_change(comparison, "series", series.name, 0, line);
			PUT(changes->series_created, changes->series_created_count, series);
			continue;
		}
		series.id = stored->series[at].id;
		if (show_series_change(&difference->description, &stored->series[at], &series)) {
			keep_change(comparison, "series", series.name, 0, line);
			PUT(changes->series_updated, changes->series_updated_count, series);
		} else {
			difference->unchanged++;
		}
	}
}

/* Says that a calculation stays in the mode that it has in the store: `promote` and `demote` change that. */
static void keep_mode(struct comparison *comparison, const struct lp_calculation *stored, enum lp_mode said)
{
	lp_text_addf(&comparison->difference->description,
	             "= calculation %s: mode %s in the file, %s in the store, where it stays: `local-processing %s` "
	             "changes it\n",
	             stored->name, lp_mode_names[said], lp_mode_names[stored->mode],
	             said == LP_MODE_LIVE ? "promote" : "demote");
}

static void compare_calculations(struct comparison *comparison, const int32_t *wanted_ranks)
{
	const struct lp_definitions *wanted = comparison->wanted, *stored = comparison->stored;
	struct lp_difference *difference = comparison->difference;
	struct lp_changes *changes = &difference->changes;
	size_t most = wanted->calculation_count;
	changes->created = lp_arena_allocate(&difference->arena, most * sizeof *changes->created);
	changes->updated = lp_arena_allocate(&difference->arena, most * sizeof *changes->updated);
	for (size_t i = 0; i < most; i++) {
		struct lp_calculation calculation = wanted->calculations[i];
		size_t at, line = difference->description.length;
		calculation.rank = wanted_ranks[i];
		if (!lp_names_find(&comparison->stored_calculations, calculation.name, &at)) {
			calculation.version = 1;
			show_new_calculation(comparison, &calculation);
			keep_change(comparison, "calculation", calculation.name, calculation.version, line);
			PUT(changes->created, changes->created_count, calculation);
			continue;
		}
		const struct lp_calculation *before = &stored->calculations[at];
		calculation.id = before->id;
		calculation.version = before->version;
		if (calculation.says_mode && calculation.mode != before->mode)
			keep_mode(comparison, before, calculation.mode);
		calculation.mode = before->mode;
		line = difference->description.length;
		if (show_calculation_change(comparison, before, &calculation)) {
			calculation.version++;
			keep_change(comparison, "calculation", calculation.name, calculation.version, line);
			PUT(changes->updated, changes->updated_count, calculation);
			continue;
		}
		difference->unchanged++;
		if (before->rank != calculation.rank)
			PUT(changes->ranked, changes->ranked_count, calculation);
	}
}

/* Stored calculations that no file has: deleted, or left, with the rank that they have now. */
static void compare_absent(struct comparison *comparison, const struct lp_calculation *const *all, const int32_t *ranks,
                           size_t count)
{
	const struct lp_definitions *stored = comparison->stored;
	struct lp_difference *difference = comparison->difference;
	struct lp_changes *changes = &difference->changes;
	changes->deleted = lp_arena_allocate(&difference->arena, stored->calculation_count * sizeof *changes->deleted);
	for (size_t i = 0; i < stored->calculation_count && comparison->prune; i++) {
		if (lp_names_find(&comparison->wanted_calculations, stored->calculations[i].name, NULL))
			continue;
		size_t line = difference->description.length;
		lp_text_addf(&difference->description, "- calculation %s\n", stored->calculations[i].name);
		keep_change(comparison, "calculation", stored->calculations[i].name, 0, line);
		PUT(changes->deleted, changes->deleted_count, stored->calculations[i]);
	}
	for (size_t i = comparison->wanted->calculation_count; i < count; i++) {
		struct lp_calculation calculation = *all[i];
		if (calculation.rank == ranks[i])
			continue;
		calculation.rank = ranks[i];
		PUT(changes->ranked, changes->ranked_count, calculation);
	}
}

/* A series that no file has goes only when nothing reads or writes it. */
static void compare_absent_series(struct comparison *comparison, const struct lp_calculation *const *all, size_t count)
{
	const struct lp_definitions *stored = comparison->stored;
	struct lp_difference *difference = comparison->difference;
	struct lp_changes *changes = &difference->changes;
	struct lp_names used = { 0 };
	if (!comparison->prune)
		return;
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < all[i]->input_count; k++)
			(void)lp_names_add(&used, all[i]->inputs[k].series, i, NULL);
		for (size_t o = 0; o < all[i]->output_count; o++)
			(void)lp_names_add(&used, all[i]->outputs[o].series, i, NULL);
	}
	changes->series_deleted =
		lp_arena_allocate(&difference->arena, stored->series_count * sizeof *changes->series_deleted);
	for (size_t i = 0; i < stored->series_count; i++) {
		const char *name = stored->series[i].name;
		if (lp_names_find(&comparison->wanted_series, name, NULL) || lp_names_find(&used, name, NULL))
			continue;
		size_t line = difference->description.length;
		lp_text_addf(&difference->description, "- series %s\n", name);
		keep_change(comparison, "series", name, 0, line);
		PUT(changes->series_deleted, changes->series_deleted_count, stored->series[i]);
	}
	lp_names_free(&used);
}

static void name_all(struct comparison *comparison)
{
	const struct lp_definitions *wanted = comparison->wanted, *stored = comparison->stored;
	for (size_t i = 0; i < wanted->calculation_count; i++)
		(void)lp_names_add(&comparison->wanted_calculations, wanted->calculations[i].name, i, NULL);
	for (size_t i = 0; i < stored->calculation_count; i++)
		(void)lp_names_add(&comparison->stored_calculations, stored->calculations[i].name, i, NULL);
	for (size_t i = 0; i < wanted->series_count; i++)
		(void)lp_names_add(&comparison->wanted_series, wanted->series[i].name, i, NULL);
	for (size_t i = 0; i < stored->series_count; i++)
		(void)lp_names_add(&comparison->stored_series, stored->series[i].name, i, NULL);
}

static void close_description(struct lp_difference *difference)
{
	const struct lp_changes *changes = &difference->changes;
	lp_text_addf(&difference->description,
	             "series: %zu new, %zu changed, %zu deleted; calculations: %zu new, %zu changed, %zu deleted; "
	             "unchanged: %zu\n",
	             changes->series_created_count, changes->series_updated_count, changes->series_deleted_count,
	             changes->created_count, changes->updated_count, changes->deleted_count, difference->unchanged);
}

void lp_definitions_compare(const struct lp_definitions *wanted, const struct lp_definitions *stored, bool prune,
                            struct lp_difference *difference)
{
	*difference = (struct lp_difference){ 0 };
	struct comparison comparison = { .wanted = wanted, .stored = stored, .prune = prune, .difference = difference };
	size_t most = wanted->calculation_count + stored->calculation_count, count = 0;
	const struct lp_calculation **all = lp_allocate(most * sizeof(struct lp_calculation *));
	int32_t *ranks = lp_allocate(most * sizeof *ranks);
	name_all(&comparison);
	for (size_t i = 0; i < wanted->calculation_count; i++)
		all[count++] = &wanted->calculations[i];
	for (size_t i = 0; i < stored->calculation_count && !prune; i++)
		if (!lp_names_find(&comparison.wanted_calculations, stored->calculations[i].name, NULL))
			all[count++] = &stored->calculations[i];
	lp_graph_rank(all, count, ranks, NULL, NULL);
	difference->changes.ranked = lp_arena_allocate(&difference->arena, most * sizeof *difference->changes.ranked);
	compare_series(&comparison);
	compare_calculations(&comparison, ranks);
	compare_absent(&comparison, all, ranks, count);
	compare_absent_series(&comparison, all, count);
	close_description(difference);

	lp_names_free(&comparison.wanted_calculations);
	lp_names_free(&comparison.stored_calculations);
	lp_names_free(&comparison.wanted_series);
	lp_names_free(&comparison.stored_series);
	lp_text_free(&comparison.before);
	lp_text_free(&comparison.after);
	free(all);
	free(ranks);
}

void lp_difference_free(struct lp_difference *difference)
{
	free(difference->history);
	lp_text_free(&difference->description);
	lp_arena_free(&difference->arena);
	*difference = (struct lp_difference){ 0 };
}
