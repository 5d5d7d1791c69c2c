/*
 * Reads the parts that any definition has: keys by a table, texts, names, maps as
 * JSON.  Reports problems with their place.  Knows no definition's meaning.
 */
#include "definition/internal.h"

#include "calendar/calendar.h"
#include "text/json.h"
#include "text/json_tree.h"
#include "text/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void lp_item_problem(const struct lp_item *item, const struct lp_yaml_node *at, const char *format, ...)
{
	struct lp_definition_reader *reader = item->reader;
	char what[1024];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	if (item->values == NULL) {
		lp_problem_add(reader->problems, item->file, at->line, at->column, "%s", what);
		return;
	}
	for (size_t i = 0; i < reader->template_problem_count; i++) {
		struct lp_template_problem *earlier = &reader->template_problems[i];
		if (earlier->line != at->line || earlier->column != at->column)
			continue;
		if (earlier->of_placeholder && !item->expanding)
			return;
		if (strcmp(earlier->what, what) == 0) {
			earlier->count++;
			return;
		}
	}
	if (reader->template_problem_count >= LP_PROBLEMS_MOST) {
		lp_problem_add(reader->problems, item->file, at->line, at->column, "%s", what);
		return;
	}
	LP_GROW(reader->template_problems, reader->template_problem_count, reader->template_problem_capacity);
	reader->template_problems[reader->template_problem_count++] =
		(struct lp_template_problem){ .line = at->line,
		                              .column = at->column,
		                              .what = lp_copy_text(what),
		                              .values = lp_copy_text(item->values),
		                              .of_placeholder = item->expanding,
		                              .count = 1 };
}

struct key_list {
	const struct lp_item_key *keys;
	size_t left;
};

static const char *next_key(void *context)
{
	struct key_list *list = context;
	if (list->left == 0)
		return NULL;
	list->left--;
	return list->keys++->name;
}

static void unknown_key(const struct lp_item *item, const struct lp_yaml_node *key, const char *of_what,
                        const struct lp_item_key *keys, size_t count)
{
	char known[512] = "";
	size_t length = 0;
	struct key_list list = { .keys = keys, .left = count };
	const char *nearest = lp_nearest(key->text, next_key, &list);
	for (size_t i = 0; i < count && length < sizeof known; i++)
		length += (size_t)snprintf(known + length, sizeof known - length, "%s%s", i == 0 ? "" : ", ",
		                           keys[i].name);
	if (nearest != NULL)
		lp_item_problem(item, key, "unknown key \"%s\" of %s: did you mean %s?", key->text, of_what, nearest);
	else if (strcmp(key->text, "<<") == 0)
		lp_item_problem(item, key,
		                "YAML 1.2 has no merge keys (<<): for many definitions of one form there is for_each");
	else
		lp_item_problem(item, key, "unknown key \"%s\" of %s: there are %s", key->text, of_what, known);
}

bool lp_item_read_keys(const struct lp_item *item, const struct lp_yaml_node *map, const char *of_what,
                       const struct lp_item_key *keys, size_t count, const struct lp_yaml_node **values)
{
	memset(values, 0, count * sizeof *values);
	if (map->type != LP_YAML_MAP) {
		lp_item_problem(item, map, "%s: expected a map of keys, found %s", of_what,
		                lp_yaml_type_name(map->type));
		return false;
	}
	for (size_t i = 0; i < map->count; i++) {
		size_t found = 0;
		while (found < count && strcmp(keys[found].name, map->keys[i]->text) != 0)
			found++;
		if (found == count)
			unknown_key(item, map->keys[i], of_what, keys, count);
		else
			values[found] = map->items[i];
	}
	for (size_t k = 0; k < count; k++)
		if (keys[k].required && values[k] == NULL)
			lp_item_problem(item, map, "%s: the key %s is missing", of_what, keys[k].name);
	return true;
}

static bool is_text(const struct lp_yaml_node *node)
{
	return node != NULL && (node->type == LP_YAML_TEXT || node->type == LP_YAML_INT || node->type == LP_YAML_FLOAT);
}

const char *lp_item_read_text(const struct lp_item *item, const struct lp_yaml_node *node, const char *what)
{
	if (node == NULL)
		return "";
	/* Numbers name things in plants ("4711"), so they are taken as they are written. */
	if (is_text(node))
		return lp_arena_text(&item->reader->definitions->arena, node->text);
	if (node->type == LP_YAML_BOOL)
		lp_item_problem(item, node, "%s: expected a text, found %s (\"%s\" in quotes is a text)", what,
		                lp_yaml_type_name(node->type), node->text);
	else
		lp_item_problem(item, node, "%s: expected a text, found %s", what, lp_yaml_type_name(node->type));
	return "";
}

static void check_name(const struct lp_item *item, const struct lp_yaml_node *node, const char *what, const char *name)
{
	const char *problem = lp_name_problem(name);
	struct lp_text shown = { 0 };
	if (problem == NULL)
		return;
	lp_json_quote(&shown, name);
	lp_item_problem(item, node, "%s: %.*s %s", what, LP_CUT(80, shown.data), problem);
	lp_text_free(&shown);
}

const char *lp_item_read_line(const struct lp_item *item, const struct lp_yaml_node *node, const char *what)
{
	const char *text = lp_item_read_text(item, node, what);
	if (text[0] != '\0')
		check_name(item, node, what, text);
	return text;
}

const char *lp_item_read_name(const struct lp_item *item, const struct lp_yaml_node *node, const char *what)
{
	const char *name = lp_item_read_line(item, node, what);
	if (name[0] == '\0' && is_text(node))
		check_name(item, node, what, name);
	return name;
}

/* Returns how many levels a value has. */
static int height_of(const struct lp_yaml_node *node)
{
	int height = 0;
	for (size_t i = 0; (node->type == LP_YAML_LIST || node->type == LP_YAML_MAP) && i < node->count; i++) {
		int below = height_of(node->items[i]);
		height = below > height ? below : height;
	}
	return height + 1;
}

/* A copy of a map of labels in which numbers are the texts that they are written as. */
static struct lp_yaml_node *with_texts(struct lp_arena *arena, const struct lp_yaml_node *map)
{
	struct lp_yaml_node *copy = lp_arena_allocate(arena, sizeof *copy);
	*copy = *map;
	copy->items = lp_arena_allocate(arena, map->count * sizeof *copy->items);
	for (size_t i = 0; i < map->count; i++) {
		copy->items[i] = lp_arena_allocate(arena, sizeof *copy->items[i]);
		*copy->items[i] = *map->items[i];
		copy->items[i]->type = LP_YAML_TEXT;
	}
	return copy;
}

const char *lp_item_read_json(const struct lp_item *item, const struct lp_yaml_node *node, enum lp_item_map which)
{
	static const struct {
		const char *what, *expected;
		unsigned allowed;
	} maps[] = {
#define BIT(type) (1u << LP_YAML_##type)
		[LP_MAP_PARAMETERS] = { "parameters", "any value", ~0u },
		[LP_MAP_ATTRIBUTES] = { "attributes", "a text, a number, true or false",
		                        BIT(TEXT) | BIT(INT) | BIT(FLOAT) | BIT(BOOL) },
		[LP_MAP_LABELS] = { "labels", "a text", BIT(TEXT) | BIT(INT) | BIT(FLOAT) },
#undef BIT
	};
	struct lp_arena *arena = &item->reader->definitions->arena;
	if (node == NULL || node->type == LP_YAML_NULL)
		return "{}";
	if (node->type != LP_YAML_MAP) {
		lp_item_problem(item, node, "%s: expected a map of keys, found %s", maps[which].what,
		                lp_yaml_type_name(node->type));
		return "{}";
	}
	for (size_t i = 0; i < node->count; i++) {
		const struct lp_yaml_node *value = node->items[i];
		if ((maps[which].allowed & 1u << value->type) == 0) {
			lp_item_problem(item, value, "%s: %s: expected %s, found %s", maps[which].what,
			                node->keys[i]->text, maps[which].expected, lp_yaml_type_name(value->type));
			return "{}";
		}
	}
	struct lp_text text = { 0 };
	const struct lp_yaml_node *culprit = node;
	const char *json = "{}";
	/* A template puts trees into trees; what comes out has to fit into a file again. */
	if (height_of(node) > LP_YAML_DEPTH_MOST / 2) {
		lp_item_problem(item, node, "%s: nested too deep: at most %d levels can be stored", maps[which].what,
		                (int)LP_YAML_DEPTH_MOST / 2);
		return "{}";
	}
	if (lp_json_write(which == LP_MAP_LABELS ? with_texts(&item->reader->expansion, node) : node, &text, &culprit))
		json = lp_arena_copy(arena, text.data, text.length);
	else
		lp_item_problem(item, culprit, "%s: %s is no number that can be stored", maps[which].what,
		                culprit->text);
	lp_text_free(&text);
	return json;
}

int64_t lp_item_read_duration(const struct lp_item *item, const struct lp_yaml_node *node, const char *what,
                              int64_t least)
{
	struct lp_error error;
	int64_t duration;
	if (node == NULL)
		return 0;
	if (node->type == LP_YAML_INT && node->value.integer == 0 && least == 0)
		return 0;
	if (node->type != LP_YAML_TEXT)
		lp_item_problem(item, node, "%s: expected a duration, such as \"10 s\", found %s", what,
		                node->type == LP_YAML_INT ? "a number without unit" : lp_yaml_type_name(node->type));
	else if (!lp_duration_parse(node->text, &duration, &error))
		lp_item_problem(item, node, "%s: %s", what, error.what);
	else if (duration < least)
		lp_item_problem(item, node, "%s: %s is too short: %s", what, node->text,
		                least == 0 ? "it cannot be negative" : "it has to be more than nothing");
	else
		return duration;
	return 0;
}
