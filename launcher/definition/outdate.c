/*
 * Whose stored results the wanted definitions outdate, and how.  Knows neither
 * YAML nor a store: whether anything is stored of them, others ask.
 */
#include "definition/fields.h"
#include "definition/internal.h"

#include <stdlib.h>
#include <string.h>

struct outdating {
	const struct lp_definitions *wanted, *stored;
	const struct lp_names *listed;
	bool prune;
	struct lp_names wanted_calculations, wanted_series, stored_series;
	struct lp_names deleted_writers; /* series to the index of the stored calculation that wrote it and goes */
	struct lp_text names;            /* of what differs, of the one that is looked at */
	struct lp_outdatings *all;
};

/* Built-in rules look at units and intervals alone. */
static bool may_read_attributes(const struct lp_calculation *calculation)
{
	return strchr(calculation->rule, '.') != NULL;
}

/* Returns NULL if the series is not both stored and wanted. */
static const struct lp_series *find_before(const struct outdating *outdating, const char *name,
                                           const struct lp_series **after)
{
	size_t old, new;
	if (!lp_names_find(&outdating->stored_series, name, &old) ||
	    !lp_names_find(&outdating->wanted_series, name, &new))
		return NULL;
	*after = &outdating->wanted->series[new];
	return &outdating->stored->series[old];
}

static void add_name(struct lp_text *names, const char *of, const char *series)
{
	lp_text_addf(names, "%s%s of %s", names->length == 0 ? "" : ", ", of, series);
}

/* What a rule sees of the series it reads, and the unit that its results are stored in. */
static unsigned effects_of_series(struct outdating *outdating, const struct lp_calculation *calculation)
{
	size_t before_length = outdating->names.length;
	for (size_t i = 0; i < calculation->input_count; i++) {
		const struct lp_series *after, *before = find_before(outdating, calculation->inputs[i].series, &after);
		if (before == NULL)
			continue;
		if (strcmp(before->unit, after->unit) != 0)
			add_name(&outdating->names, "unit", after->name);
		if (before->interval != after->interval)
			add_name(&outdating->names, "interval", after->name);
		if (may_read_attributes(calculation) && strcmp(before->attributes, after->attributes) != 0)
			add_name(&outdating->names, "attributes", after->name);
	}
	for (size_t i = 0; i < calculation->output_count; i++) {
		const struct lp_series *after, *before = find_before(outdating, calculation->outputs[i].series, &after);
		if (before != NULL && strcmp(before->unit, after->unit) != 0)
			add_name(&outdating->names, "unit", after->name);
	}
	return outdating->names.length > before_length ? LP_EFFECT_VALUES : LP_EFFECT_NONE;
}

static void add(struct outdating *outdating, const struct lp_calculation *before, const struct lp_calculation *after,
                unsigned effects)
{
	struct lp_outdatings *all = outdating->all;
	LP_GROW(all->items, all->count, all->capacity);
	all->items[all->count++] = (struct lp_outdating){
		.before = before,
		.after = after,
		.effects = effects,
		.reason = lp_arena_copy(&all->arena, outdating->names.length > 0 ? outdating->names.data : "",
		                        outdating->names.length),
	};
}

static bool starts_later(const struct lp_calculation *before, const struct lp_calculation *after)
{
	return after->start != LP_TIME_NONE && (before->start == LP_TIME_NONE || after->start > before->start);
}

static void look_at_stored(struct outdating *outdating, const struct lp_calculation *before)
{
	const struct lp_calculation *after = before;
	size_t at;
	if (lp_names_find(&outdating->wanted_calculations, before->name, &at))
		after = &outdating->wanted->calculations[at];
	else if (outdating->prune)
		after = NULL;
	outdating->names.length = 0;
	unsigned effects = after == NULL ? LP_EFFECT_NONE : lp_calculation_effects(before, after, &outdating->names);
	if (after != NULL)
		effects |= effects_of_series(outdating, after);
	if (after == NULL || effects != LP_EFFECT_NONE || starts_later(before, after) ||
	    (before->enabled && !after->enabled))
		add(outdating, before, after, effects);
}

/*
 * A new calculation that writes where another one did: one that goes in the same
 * moment (it was renamed, if all else is the same), or one that went earlier.
 */
static void look_at_created(struct outdating *outdating, const struct lp_calculation *after)
{
	const struct lp_calculation *before = NULL;
	bool taken_over = false;
	size_t at;
	for (size_t i = 0; i < after->output_count; i++) {
		if (lp_names_find(&outdating->deleted_writers, after->outputs[i].series, &at))
			before = &outdating->stored->calculations[at];
		else
			taken_over =
				taken_over || lp_names_find(&outdating->stored_series, after->outputs[i].series, NULL);
	}
	outdating->names.length = 0;
	if (before == NULL && !taken_over)
		return;
	unsigned effects =
		before == NULL ? LP_EFFECT_OUTPUTS : lp_calculation_effects(before, after, &outdating->names);
	if (before == NULL)
		lp_text_addf(&outdating->names, "another calculation before");
	else if (lp_names_find(outdating->listed, before->name, NULL)) {
		/* By what is not known any more: all of it. */
		effects |= LP_EFFECT_VALUES | LP_EFFECT_WINDOWS;
		lp_text_addf(&outdating->names, "%soutdated as %s", outdating->names.length == 0 ? "" : ", ",
		             before->name);
	}
	if (effects != LP_EFFECT_NONE)
		add(outdating, NULL, after, effects);
}

void lp_definitions_outdate(const struct lp_definitions *wanted, const struct lp_definitions *stored, bool prune,
                            const struct lp_names *listed, struct lp_outdatings *all)
{
	struct outdating outdating = {
		.wanted = wanted, .stored = stored, .listed = listed, .prune = prune, .all = all
	};
	struct lp_names known = { 0 };
	*all = (struct lp_outdatings){ 0 };
	for (size_t i = 0; i < wanted->calculation_count; i++)
		(void)lp_names_add(&outdating.wanted_calculations, wanted->calculations[i].name, i, NULL);
	for (size_t i = 0; i < wanted->series_count; i++)
		(void)lp_names_add(&outdating.wanted_series, wanted->series[i].name, i, NULL);
	for (size_t i = 0; i < stored->series_count; i++)
		(void)lp_names_add(&outdating.stored_series, stored->series[i].name, i, NULL);
	for (size_t i = 0; i < stored->calculation_count; i++) {
		const struct lp_calculation *before = &stored->calculations[i];
		(void)lp_names_add(&known, before->name, i, NULL);
		if (prune && !lp_names_find(&outdating.wanted_calculations, before->name, NULL))
			for (size_t k = 0; k < before->output_count; k++)
				(void)lp_names_add(&outdating.deleted_writers, before->outputs[k].series, i, NULL);
		look_at_stored(&outdating, before);
	}
	for (size_t i = 0; i < wanted->calculation_count; i++)
		if (!lp_names_find(&known, wanted->calculations[i].name, NULL))
			look_at_created(&outdating, &wanted->calculations[i]);
	lp_names_free(&known);
	lp_names_free(&outdating.wanted_calculations);
	lp_names_free(&outdating.wanted_series);
	lp_names_free(&outdating.stored_series);
	lp_names_free(&outdating.deleted_writers);
	lp_text_free(&outdating.names);
}

void lp_outdatings_free(struct lp_outdatings *all)
{
	free(all->items);
	lp_arena_free(&all->arena);
	*all = (struct lp_outdatings){ 0 };
}
