/*
 * Templates: one definition with `for_each` becomes many.  Knows nothing of
 * what a definition means: it puts values into texts.
 *
 * Parts of the tree without a placeholder are shared between all expansions,
 * so that a hundred thousand of them take the memory of one.
 */
#include "definition/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VARIABLES_MOST = 8 };

struct variable {
	const char *name;
	const struct lp_yaml_node *list;
	size_t at; /* the item whose turn it is */
};

struct template
{
	const struct lp_item *item;
	struct variable variables[VARIABLES_MOST];
	size_t count;
	bool *broken; /* set where a text could not be made */
};

static bool is_name_character(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

static bool is_scalar(const struct lp_yaml_node *node)
{
	return node->type != LP_YAML_LIST && node->type != LP_YAML_MAP;
}

/* "pump, tag", or "id, kw" of a map: what could have been meant. */
static void list_known(const struct template *template, const struct lp_yaml_node *map, char *known, size_t size)
{
	size_t length = 0, count = map == NULL ? template->count : map->count;
	known[0] = '\0';
	for (size_t i = 0; i < count && length < size; i++)
		length += (size_t)snprintf(known + length, size - length, "%s%s", i == 0 ? "" : ", ",
		                           map == NULL ? template->variables[i].name : map->keys[i]->text);
}

/* Returns the value of "pump" or "tag.attributes.site"; NULL: there is none, which is reported. */
static const struct lp_yaml_node *value_of(const struct template *template, const struct lp_yaml_node *at,
                                           const char *path, size_t length)
{
	char known[256];
	const char *end = path + length, *dot = memchr(path, '.', length);
	size_t part = dot == NULL ? length : (size_t)(dot - path);
	const struct lp_yaml_node *value = NULL;
	for (size_t i = 0; i < template->count; i++) {
		const struct variable *variable = &template->variables[i];
		if (strlen(variable->name) == part && memcmp(variable->name, path, part) == 0)
			value = variable->list->items[variable->at];
	}
	if (value == NULL) {
		list_known(template, NULL, known, sizeof known);
		lp_item_problem(template->item, at, "unknown placeholder {%.*s}: known are %s", (int)length, path,
		                known);
		return NULL;
	}
	while (dot != NULL) {
		const char *key = dot + 1;
		dot = memchr(key, '.', (size_t)(end - key));
		part = (size_t)((dot == NULL ? end : dot) - key);
		const struct lp_yaml_node *map = value;
		value = NULL;
		for (size_t i = 0; map->type == LP_YAML_MAP && i < map->count; i++)
			if (strlen(map->keys[i]->text) == part && memcmp(map->keys[i]->text, key, part) == 0)
				value = map->items[i];
		if (value != NULL)
			continue;
		list_known(template, map, known, sizeof known);
		if (map->type == LP_YAML_MAP)
			lp_item_problem(template->item, at, "unknown placeholder {%.*s}: %.*s has %s", (int)length,
			                path, (int)(key - 1 - path), path, known[0] == '\0' ? "no keys" : known);
		else
			lp_item_problem(template->item, at, "unknown placeholder {%.*s}: %.*s is %s", (int)length, path,
			                (int)(key - 1 - path), path, lp_yaml_type_name(map->type));
		return NULL;
	}
	return value;
}

static struct lp_yaml_node *copy_at(const struct template *template, const struct lp_yaml_node *value,
                                    const struct lp_yaml_node *at)
{
	struct lp_yaml_node *copy = lp_arena_allocate(&template->item->reader->expansion, sizeof *copy);
	*copy = *value;
	copy->line = at->line;
	copy->column = at->column;
	return copy;
}

/* Puts the value of the placeholder that begins at *from into the text, and *from behind it. */
static bool put_value(const struct template *template, const struct lp_yaml_node *at, const char **from,
                      struct lp_text *text)
{
	const char *path = *from + 1, *end = path + strcspn(path, "{}");
	if (*end != '}') {
		lp_item_problem(template->item, at,
		                "a '{' without its '}' in \"%s\": a brace that means itself is written {{", at->text);
		return false;
	}
	if (end == path) {
		lp_item_problem(template->item, at,
		                "an empty placeholder {} in \"%s\": braces that mean themselves are written {{}}",
		                at->text);
		return false;
	}
	const struct lp_yaml_node *value = value_of(template, at, path, (size_t)(end - path));
	if (value == NULL)
		return false;
	if (!is_scalar(value) || value->type == LP_YAML_NULL) {
		lp_item_problem(template->item, at, "{%.*s} is %s: it cannot be put into a text", (int)(end - path),
		                path, lp_yaml_type_name(value->type));
		return false;
	}
	lp_text_add(text, value->text, strlen(value->text));
	*from = end + 1;
	return true;
}

/* Returns NULL if something is wrong, which is then reported. */
static const struct lp_yaml_node *expand_text(const struct template *template, const struct lp_yaml_node *node)
{
	const char *from = node->text;
	size_t length = strlen(from);
	if (node->type != LP_YAML_TEXT || strpbrk(from, "{}") == NULL)
		return node;
	if (length > 2 && from[0] == '{' && from[1] != '{' && strcspn(from + 1, "{}") == length - 2 &&
	    from[length - 1] == '}') {
		/* Nothing but a placeholder: the value as it is, with its type. */
		const struct lp_yaml_node *value = value_of(template, node, from + 1, length - 2);
		return value == NULL ? NULL : copy_at(template, value, node);
	}
	struct lp_text text = { 0 };
	bool good = true;
	while (good && *from != '\0') {
		size_t plain = strcspn(from, "{}");
		lp_text_add(&text, from, plain);
		from += plain;
		if (from[0] != '\0' && from[0] == from[1]) {
			lp_text_add(&text, from, 1);
			from += 2;
		} else if (from[0] == '{') {
			good = put_value(template, node, &from, &text);
		} else if (from[0] == '}') {
			lp_item_problem(template->item, node,
			                "a '}' without its '{' in \"%s\": a brace that means itself is written }}",
			                node->text);
			good = false;
		}
	}
	struct lp_yaml_node *expanded = NULL;
	if (good) {
		expanded = copy_at(template, node, node);
		expanded->text = lp_arena_copy(&template->item->reader->expansion, text.data, text.length);
	}
	lp_text_free(&text);
	return expanded;
}

static const struct lp_yaml_node *expand_node(const struct template *template, const struct lp_yaml_node *node);

/* A key that a placeholder stands in for has to be a text, as any key, and another than its neighbours. */
static const struct lp_yaml_node *expand_key(const struct template *template, const struct lp_yaml_node *copy,
                                             size_t at)
{
	const struct lp_yaml_node *key = copy->keys[at], *expanded = expand_text(template, key);
	if (expanded == NULL || expanded == key)
		return expanded;
	if (!is_scalar(expanded) || expanded->type == LP_YAML_NULL) {
		lp_item_problem(template->item, key, "%s as a key: expected a text, found %s", key->text,
		                lp_yaml_type_name(expanded->type));
		return NULL;
	}
	for (size_t i = 0; i < copy->count; i++) {
		if (i != at && strcmp(copy->keys[i]->text, expanded->text) == 0) {
			lp_item_problem(template->item, key, "the key %s becomes \"%s\", which is there already",
			                key->text, expanded->text);
			return NULL;
		}
	}
	return expanded;
}

static const struct lp_yaml_node *expand_collection(const struct template *template, const struct lp_yaml_node *node)
{
	struct lp_arena *arena = &template->item->reader->expansion;
	struct lp_yaml_node *copy = NULL;
	for (size_t i = 0; i < node->count; i++) {
		const struct lp_yaml_node *item = expand_node(template, node->items[i]);
		bool key_changes = node->type == LP_YAML_MAP && strpbrk(node->keys[i]->text, "{}") != NULL;
		/* A text that cannot be made stays as it was written, so that the rest can be checked. */
		if (item == NULL) {
			*template->broken = true;
			item = node->items[i];
		}
		if (item == node->items[i] && !key_changes)
			continue;
		if (copy == NULL) {
			copy = copy_at(template, node, node);
			copy->items = lp_arena_allocate(arena, node->count * sizeof *copy->items);
			memcpy(copy->items, node->items, node->count * sizeof *copy->items);
			if (node->type == LP_YAML_MAP) {
				copy->keys = lp_arena_allocate(arena, node->count * sizeof *copy->keys);
				memcpy(copy->keys, node->keys, node->count * sizeof *copy->keys);
			}
		}
		/* Trees are only read: what is shared is never written to. */
		copy->items[i] = (struct lp_yaml_node *)(uintptr_t)item;
		const struct lp_yaml_node *key = key_changes ? expand_key(template, copy, i) : NULL;
		if (key_changes && key == NULL)
			*template->broken = true;
		if (key != NULL)
			copy->keys[i] = (struct lp_yaml_node *)(uintptr_t)key;
	}
	return copy == NULL ? node : copy;
}

static const struct lp_yaml_node *expand_node(const struct template *template, const struct lp_yaml_node *node)
{
	return is_scalar(node) ? expand_text(template, node) : expand_collection(template, node);
}

/* "pump = p1, tag = plant/a/power": which of the many a problem is about. */
static const char *describe_values(const struct template *template)
{
	char text[512];
	size_t length = 0;
	for (size_t i = 0; i < template->count && length < sizeof text; i++) {
		const struct variable *variable = &template->variables[i];
		const struct lp_yaml_node *value = variable->list->items[variable->at];
		const char *key = "", *dot = "";
		if (value->type == LP_YAML_MAP && value->count > 0 && is_scalar(value->items[0])) {
			key = value->keys[0]->text;
			dot = ".";
			value = value->items[0];
		}
		length += (size_t)snprintf(text + length, sizeof text - length, "%s%s%s%s = %s", i == 0 ? "" : ", ",
		                           variable->name, dot, key, value->text);
	}
	return lp_arena_text(&template->item->reader->expansion, text);
}

static bool check_values(const struct lp_item *item, const char *name, const struct lp_yaml_node *list)
{
	bool good = list->count > 0;
	if (list->count == 0)
		lp_item_problem(item, list, "for_each: the list of %s is empty: nothing would be made", name);
	for (size_t i = 0; i < list->count && good; i++) {
		const struct lp_yaml_node *value = list->items[i];
		good = value->type != LP_YAML_LIST && value->type != LP_YAML_NULL;
		if (!good)
			lp_item_problem(item, value, "for_each: %s: expected a text, a number or a map, found %s", name,
			                lp_yaml_type_name(value->type));
	}
	return good;
}

static bool read_variable(const struct lp_item *item, const struct lp_yaml_node *key, const struct lp_yaml_node *source,
                          bool of_series, struct variable *variable)
{
	bool good = is_name_character(key->text[0], true);
	for (const char *c = key->text; *c != '\0'; c++)
		good = good && is_name_character(*c, c == key->text);
	if (!good) {
		lp_item_problem(item, key, "for_each: \"%s\" cannot be a placeholder's name: letters, digits and _ can",
		                key->text);
		return false;
	}
	*variable = (struct variable){ .name = key->text, .list = source };
	if (source->type == LP_YAML_LIST)
		return check_values(item, key->text, source);
	if (source->type != LP_YAML_MAP) {
		lp_item_problem(item, source,
		                "for_each: %s: expected a list, or a choice of series ({series: PATTERN, attributes: "
		                "{…}}), found %s",
		                key->text, lp_yaml_type_name(source->type));
		return false;
	}
	if (of_series) {
		lp_item_problem(item, source, "for_each: series are made from lists; matched series make calculations");
		return false;
	}
	variable->list = lp_match_series(item, source);
	return variable->list != NULL;
}

static bool read_for_each(const struct lp_item *item, const struct lp_yaml_node *for_each, bool of_series,
                          struct template *template)
{
	bool good = true;
	size_t expansions = 1;
	if (for_each->type != LP_YAML_MAP || for_each->count == 0) {
		lp_item_problem(item, for_each,
		                "for_each: expected names with lists, such as {pump: [p1, p2]}, found %s",
		                for_each->type == LP_YAML_MAP ? "none" : lp_yaml_type_name(for_each->type));
		return false;
	}
	if (for_each->count > VARIABLES_MOST) {
		lp_item_problem(item, for_each, "for_each: at most %d names, found %zu", (int)VARIABLES_MOST,
		                for_each->count);
		return false;
	}
	for (size_t i = 0; i < for_each->count; i++) {
		struct variable *variable = &template->variables[i];
		if (!read_variable(item, for_each->keys[i], for_each->items[i], of_series, variable)) {
			good = false;
			continue;
		}
		if (__builtin_mul_overflow(expansions, variable->list->count, &expansions))
			expansions = SIZE_MAX;
	}
	template->count = for_each->count;
	if (good && expansions > LP_DEFINITION_EXPANSIONS_MOST) {
		lp_item_problem(item, for_each, "for_each: this would make %zu definitions: at most %d", expansions,
		                (int)LP_DEFINITION_EXPANSIONS_MOST);
		return false;
	}
	return good;
}

/* Counts on like an odometer; false: it was the last. */
static bool next_combination(struct template *template)
{
	for (size_t i = template->count; i-- > 0;) {
		struct variable *variable = &template->variables[i];
		if (++variable->at < variable->list->count)
			return true;
		variable->at = 0;
	}
	return false;
}

static struct lp_yaml_node *without_for_each(const struct lp_item *item)
{
	struct lp_arena *arena = &item->reader->trees;
	struct lp_yaml_node *body = lp_arena_allocate(arena, sizeof *body);
	*body = *item->node;
	body->count = 0;
	body->items = lp_arena_allocate(arena, item->node->count * sizeof *body->items);
	body->keys = lp_arena_allocate(arena, item->node->count * sizeof *body->keys);
	for (size_t i = 0; i < item->node->count; i++) {
		if (strcmp(item->node->keys[i]->text, "for_each") == 0)
			continue;
		body->keys[body->count] = item->node->keys[i];
		body->items[body->count++] = item->node->items[i];
	}
	return body;
}

static void tell_problems(const struct lp_item *item)
{
	struct lp_definition_reader *reader = item->reader;
	for (size_t i = 0; i < reader->template_problem_count; i++) {
		struct lp_template_problem *problem = &reader->template_problems[i];
		if (problem->count == 1)
			lp_problem_add(reader->problems, item->file, problem->line, problem->column, "%s (for %s)",
			               problem->what, problem->values);
		else
			lp_problem_add(reader->problems, item->file, problem->line, problem->column,
			               "%s (for %s, and %zu more)", problem->what, problem->values, problem->count - 1);
		free(problem->what);
		free(problem->values);
	}
	reader->template_problem_count = 0;
}

void lp_template_expand(const struct lp_item *item, bool of_series, void (*read)(const struct lp_item *item))
{
	const struct lp_yaml_node *for_each = lp_yaml_get(item->node, "for_each");
	if (for_each == NULL) {
		lp_arena_empty(&item->reader->expansion);
		read(item);
		return;
	}
	struct template template = { .item = item };
	if (!read_for_each(item, for_each, of_series, &template))
		return;
	struct lp_item expanded = *item;
	const struct lp_yaml_node *body = without_for_each(item);
	template.item = &expanded;
	template.broken = &expanded.broken;
	do {
		lp_arena_empty(&item->reader->expansion);
		expanded.values = describe_values(&template);
		expanded.broken = false;
		expanded.expanding = true;
		expanded.node = expand_node(&template, body);
		expanded.expanding = false;
		if (expanded.node != NULL)
			read(&expanded);
	} while (next_combination(&template));
	tell_problems(item);
}
