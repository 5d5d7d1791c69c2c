/*
 * Series matched by name and attributes, for templates.  Knows nothing of what
 * is made of them.
 *
 * The series that files declare can match, and the stored ones that no
 * calculation writes.  Results are matched only where a file declares them:
 * otherwise a template would find, at the second apply, what the first one
 * made, and feed on itself.
 */
#include "definition/internal.h"

#include "text/glob.h"
#include "text/json_tree.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
	const struct lp_candidate *one = a, *other = b;
	return strcmp(one->series->name, other->series->name);
}

static void gather_candidates(struct lp_definition_reader *reader)
{
	const struct lp_definitions *files = reader->definitions, *stored = reader->files->stored;
	size_t most = files->series_count + (stored == NULL ? 0 : stored->series_count);
	struct lp_names written = { 0 };
	reader->have_candidates = true;
	reader->candidates = lp_allocate(most * sizeof *reader->candidates);
	for (size_t i = 0; i < files->series_count; i++)
		reader->candidates[reader->candidate_count++].series = &files->series[i];
	for (size_t c = 0; stored != NULL && c < stored->calculation_count; c++)
		for (size_t o = 0; o < stored->calculations[c].output_count; o++)
			(void)lp_names_add(&written, stored->calculations[c].outputs[o].series, c, NULL);
	for (size_t i = 0; stored != NULL && i < stored->series_count; i++) {
		const char *name = stored->series[i].name;
		if (!lp_names_find(&reader->series_names, name, NULL) && !lp_names_find(&written, name, NULL))
			reader->candidates[reader->candidate_count++].series = &stored->series[i];
	}
	lp_names_free(&written);
	qsort(reader->candidates, reader->candidate_count, sizeof *reader->candidates, by_name);
}

static const struct lp_yaml_node *attributes_of(struct lp_definition_reader *reader, struct lp_candidate *candidate)
{
	static const struct lp_yaml_node none = { .type = LP_YAML_MAP, .text = "" };
	if (candidate->attributes == NULL)
		candidate->attributes = lp_json_read(candidate->series->attributes, &reader->trees);
	if (candidate->attributes == NULL)
		candidate->attributes = &none;
	return candidate->attributes;
}

static double number_of(const struct lp_yaml_node *node)
{
	return node->type == LP_YAML_INT ? (double)node->value.integer : node->value.number;
}

static bool attribute_fits(const struct lp_yaml_node *wanted, const struct lp_yaml_node *value)
{
	if (value == NULL)
		return false;
	if (wanted->type == LP_YAML_TEXT)
		return value->type == LP_YAML_TEXT && lp_glob(wanted->text, value->text, NULL);
	if (wanted->type == LP_YAML_BOOL)
		return value->type == LP_YAML_BOOL && wanted->value.truth == value->value.truth;
	return (value->type == LP_YAML_INT || value->type == LP_YAML_FLOAT) && number_of(wanted) == number_of(value);
}

static bool attributes_fit(const struct lp_yaml_node *wanted, const struct lp_yaml_node *attributes)
{
	for (size_t i = 0; wanted != NULL && i < wanted->count; i++)
		if (!attribute_fits(wanted->items[i], lp_yaml_get(attributes, wanted->keys[i]->text)))
			return false;
	return true;
}

static struct lp_yaml_node *text_node(struct lp_arena *arena, const char *text, size_t length)
{
	struct lp_yaml_node *node = lp_arena_zeroed(arena, 1, sizeof *node);
	node->type = LP_YAML_TEXT;
	node->text = lp_arena_copy(arena, text, length);
	return node;
}

/* Makes the node of {tag.…}: name, unit, description, attributes, and 1, 2 … for the texts that the stars matched. */
static struct lp_yaml_node *series_node(struct lp_definition_reader *reader, struct lp_candidate *candidate,
                                        const struct lp_glob_match *match)
{
	struct lp_arena *arena = &reader->trees;
	const struct lp_series *series = candidate->series;
	const char *const names[] = { "name", "unit", "description" };
	const char *const values[] = { series->name, series->unit, series->description };
	struct lp_yaml_node *node = lp_arena_zeroed(arena, 1, sizeof *node);
	node->type = LP_YAML_MAP;
	node->text = "";
	node->count = 4 + match->count;
	node->keys = lp_arena_zeroed(arena, node->count, sizeof *node->keys);
	node->items = lp_arena_zeroed(arena, node->count, sizeof *node->items);
	size_t at = 0;
	for (; at < 3; at++) {
		node->keys[at] = text_node(arena, names[at], strlen(names[at]));
		node->items[at] = text_node(arena, values[at], strlen(values[at]));
	}
	node->keys[at] = text_node(arena, "attributes", strlen("attributes"));
	node->items[at] = lp_arena_allocate(arena, sizeof *node->items[at]);
	*node->items[at++] = *attributes_of(reader, candidate);
	for (size_t star = 0; star < match->count; star++) {
		char number[16];
		int length = snprintf(number, sizeof number, "%zu", star + 1);
		node->keys[at] = text_node(arena, number, (size_t)length);
		node->items[at++] = text_node(arena, match->stars[star].text, match->stars[star].length);
	}
	return node;
}

/* Reads the pattern and the attributes of a filter; false: they are wrong, which is reported. */
static bool read_filter(const struct lp_item *item, const struct lp_yaml_node *filter, const char **pattern,
                        const struct lp_yaml_node **attributes)
{
	static const struct lp_item_key keys[] = { { "series", false }, { "attributes", false } };
	const struct lp_yaml_node *values[2];
	if (!lp_item_read_keys(item, filter, "a choice of series", keys, 2, values))
		return false;
	*pattern = values[0] == NULL ? "*" : lp_item_read_text(item, values[0], "series");
	*attributes = values[1];
	if (values[0] == NULL && values[1] == NULL) {
		lp_item_problem(
			item, filter,
			"a choice of series needs a pattern for their names (series: \"plant/*/power\") or attributes");
		return false;
	}
	if (*attributes == NULL)
		return true;
	if ((*attributes)->type != LP_YAML_MAP) {
		lp_item_problem(item, *attributes, "attributes: expected a map of keys, found %s",
		                lp_yaml_type_name((*attributes)->type));
		return false;
	}
	for (size_t i = 0; i < (*attributes)->count; i++) {
		const struct lp_yaml_node *value = (*attributes)->items[i];
		if (value->type != LP_YAML_LIST && value->type != LP_YAML_MAP && value->type != LP_YAML_NULL)
			continue;
		lp_item_problem(item, value, "attributes: %s: expected a text, a number, true or false, found %s",
		                (*attributes)->keys[i]->text, lp_yaml_type_name(value->type));
		return false;
	}
	return true;
}

const struct lp_yaml_node *lp_match_series(const struct lp_item *item, const struct lp_yaml_node *filter)
{
	struct lp_definition_reader *reader = item->reader;
	const char *pattern;
	const struct lp_yaml_node *attributes;
	if (!read_filter(item, filter, &pattern, &attributes))
		return NULL;
	if (!reader->have_candidates)
		gather_candidates(reader);

	struct lp_yaml_node *list = lp_arena_zeroed(&reader->trees, 1, sizeof *list);
	struct lp_yaml_node **found = NULL;
	size_t capacity = 0;
	list->type = LP_YAML_LIST;
	list->text = "";
	for (size_t i = 0; i < reader->candidate_count; i++) {
		struct lp_candidate *candidate = &reader->candidates[i];
		struct lp_glob_match match;
		if (!lp_glob(pattern, candidate->series->name, &match))
			continue;
		if (attributes != NULL && !attributes_fit(attributes, attributes_of(reader, candidate)))
			continue;
		LP_GROW(found, list->count, capacity);
		found[list->count++] = series_node(reader, candidate, &match);
	}
	if (list->count == 0) {
		lp_item_problem(item, filter,
		                "no series matches %s%s (series that calculations write are matched where a file "
		                "declares them)",
		                pattern, attributes == NULL ? "" : " with these attributes");
	} else {
		list->items = lp_arena_allocate(&reader->trees, list->count * sizeof *found);
		memcpy(list->items, found, list->count * sizeof *found);
	}
	free(found);
	return list->count == 0 ? NULL : list;
}
