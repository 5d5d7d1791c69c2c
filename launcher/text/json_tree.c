/*
 * Trees to canonical JSON and back.  Knows nothing of what they mean.
 *
 * PostgreSQL keeps jsonb in its own order and writes numbers out in full
 * (1e+22 comes back as twenty-three digits, 5.0 as 5.0).  So what a store gives
 * is read and written again before anything is compared, and a number with a
 * fraction, even of zero, is written so that it comes back as one.
 */
#include "text/json_tree.h"

#include "text/json.h"
#include "text/number.h"
#include "text/utf8.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The shortest form that reads back as the same number. */
static void add_number(struct lp_text *text, double number)
{
	char digits[32];
	if (number == 0) {
		lp_text_add(text, "0.0", 3); /* jsonb has no -0.0 */
		return;
	}
	if (number == floor(number) && fabs(number) < 1e19) {
		lp_text_addf(text, "%.1f", number); /* in full: 1e+15 would come back from jsonb as a whole number */
		return;
	}
	lp_number_format(number, digits);
	lp_text_add(text, digits, strlen(digits));
}

static int by_key(const void *a, const void *b, void *map)
{
	const struct lp_yaml_node *const *keys = map;
	return strcmp(keys[*(const size_t *)a]->text, keys[*(const size_t *)b]->text);
}

static bool write_map(const struct lp_yaml_node *map, struct lp_text *text, const struct lp_yaml_node **culprit)
{
	size_t few[32];
	size_t *order = map->count <= sizeof few / sizeof few[0] ? few : lp_reallocate(NULL, map->count, sizeof *order);
	bool good = true;
	for (size_t i = 0; i < map->count; i++)
		order[i] = i;
	qsort_r(order, map->count, sizeof *order, by_key, map->keys);
	lp_text_add(text, "{", 1);
	for (size_t i = 0; i < map->count && good; i++) {
		if (i > 0)
			lp_text_add(text, ",", 1);
		lp_json_quote(text, map->keys[order[i]]->text);
		lp_text_add(text, ":", 1);
		good = lp_json_write(map->items[order[i]], text, culprit);
	}
	lp_text_add(text, "}", 1);
	if (order != few)
		free(order);
	return good;
}

bool lp_json_write(const struct lp_yaml_node *node, struct lp_text *text, const struct lp_yaml_node **culprit)
{
	switch (node->type) {
	case LP_YAML_NULL:
		lp_text_add(text, "null", 4);
		return true;
	case LP_YAML_BOOL:
		lp_text_addf(text, "%s", node->value.truth ? "true" : "false");
		return true;
	case LP_YAML_INT:
		lp_text_addf(text, "%lld", (long long)node->value.integer);
		return true;
	case LP_YAML_FLOAT:
		*culprit = node;
		if (!isfinite(node->value.number))
			return false;
		add_number(text, node->value.number);
		return true;
	case LP_YAML_TEXT:
		lp_json_quote(text, node->text);
		return true;
	case LP_YAML_LIST:
		lp_text_add(text, "[", 1);
		for (size_t i = 0; i < node->count; i++) {
			if (i > 0)
				lp_text_add(text, ",", 1);
			if (!lp_json_write(node->items[i], text, culprit))
				return false;
		}
		lp_text_add(text, "]", 1);
		return true;
	case LP_YAML_MAP:
		return write_map(node, text, culprit);
	}
	return false;
}

struct parser {
	const char *at;
	struct lp_arena *arena;
	struct lp_text buffer; /* a text being unescaped */
};

static void skip_space(struct parser *parser)
{
	parser->at += strspn(parser->at, " \t\r\n");
}

static bool take(struct parser *parser, char c)
{
	if (*parser->at != c)
		return false;
	parser->at++;
	skip_space(parser);
	return true;
}

static bool read_four(struct parser *parser, unsigned *code)
{
	*code = 0;
	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef";
		char c = *parser->at;
		const char *digit = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
		if (digit == NULL)
			return false;
		*code = *code * 16 + (unsigned)(digit - digits);
		parser->at++;
	}
	return true;
}

/* Reads what follows a backslash. */
static bool read_escape(struct parser *parser)
{
	static const char plain[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	char c = *parser->at;
	const char *found = c == '\0' ? NULL : strchr(plain, c);
	unsigned code, low;
	if (found != NULL) {
		lp_text_add(&parser->buffer, &meant[found - plain], 1);
		parser->at++;
		return true;
	}
	if (c != 'u')
		return false;
	parser->at++;
	if (!read_four(parser, &code) || code == 0 || (code >= 0xdc00 && code <= 0xdfff))
		return false;
	if (code >= 0xd800 && code <= 0xdbff) {
		if (parser->at[0] != '\\' || parser->at[1] != 'u')
			return false;
		parser->at += 2;
		if (!read_four(parser, &low) || low < 0xdc00 || low > 0xdfff)
			return false;
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	}
	char bytes[4];
	lp_text_add(&parser->buffer, bytes, lp_utf8_write(code, bytes));
	return true;
}

static const char *read_text(struct parser *parser)
{
	parser->buffer.length = 0;
	lp_text_add(&parser->buffer, "", 0);
	parser->at++;
	while (*parser->at != '"') {
		size_t plain = strcspn(parser->at, "\"\\");
		lp_text_add(&parser->buffer, parser->at, plain);
		parser->at += plain;
		if (*parser->at == '\0')
			return NULL;
		if (*parser->at == '\\') {
			parser->at++;
			if (!read_escape(parser))
				return NULL;
		}
	}
	parser->at++;
	skip_space(parser);
	return lp_arena_copy(parser->arena, parser->buffer.length == 0 ? "" : parser->buffer.data,
	                     parser->buffer.length);
}

static struct lp_yaml_node *read_value(struct parser *parser, int depth);

static bool read_members(struct parser *parser, struct lp_yaml_node *node, int depth)
{
	char end = node->type == LP_YAML_MAP ? '}' : ']';
	size_t capacity = 0;
	struct lp_yaml_node **items = NULL, **keys = NULL;
	bool good = true;
	parser->at++;
	skip_space(parser);
	while (good && *parser->at != end) {
		if (node->count > 0 && !take(parser, ',')) {
			good = false;
			break;
		}
		if (node->count == capacity) {
			capacity = capacity == 0 ? 8 : capacity * 2;
			items = lp_reallocate(items, capacity, sizeof *items);
			keys = lp_reallocate(keys, capacity, sizeof *keys);
		}
		if (node->type == LP_YAML_MAP) {
			good = *parser->at == '"';
			keys[node->count] = good ? read_value(parser, depth) : NULL;
			good = good && keys[node->count] != NULL && take(parser, ':');
		}
		items[node->count] = good ? read_value(parser, depth) : NULL;
		good = good && items[node->count] != NULL;
		node->count += good;
	}
	if (good) {
		parser->at++;
		skip_space(parser);
	}
	if (node->count > 0) {
		node->items = lp_arena_allocate(parser->arena, node->count * sizeof *items);
		memcpy(node->items, items, node->count * sizeof *items);
		node->keys = lp_arena_allocate(parser->arena, node->count * sizeof *keys);
		if (node->type == LP_YAML_MAP)
			memcpy(node->keys, keys, node->count * sizeof *keys);
	}
	free(items);
	free(keys);
	return good;
}

static struct lp_yaml_node *read_value(struct parser *parser, int depth)
{
	struct lp_yaml_node *node = lp_arena_zeroed(parser->arena, 1, sizeof *node);
	node->text = "";
	if (depth > LP_YAML_DEPTH_MOST)
		return NULL;
	if (*parser->at == '"') {
		node->type = LP_YAML_TEXT;
		node->text = read_text(parser);
		return node->text == NULL ? NULL : node;
	}
	if (*parser->at == '{' || *parser->at == '[') {
		node->type = *parser->at == '{' ? LP_YAML_MAP : LP_YAML_LIST;
		return read_members(parser, node, depth + 1) ? node : NULL;
	}
	/* true, false, null and JSON's numbers mean the same in YAML's core schema. */
	size_t length = strcspn(parser->at, " \t\r\n,:]}[{\"");
	node->text = lp_arena_copy(parser->arena, parser->at, length);
	parser->at += length;
	skip_space(parser);
	if (length > 0)
		lp_yaml_resolve(node);
	return length == 0 || node->type == LP_YAML_TEXT ? NULL : node;
}

struct lp_yaml_node *lp_json_read(const char *text, struct lp_arena *arena)
{
	struct parser parser = { .at = text, .arena = arena };
	skip_space(&parser);
	struct lp_yaml_node *node = read_value(&parser, 1);
	lp_text_free(&parser.buffer);
	return node != NULL && *parser.at == '\0' ? node : NULL;
}

const char *lp_json_canonical(const char *text, struct lp_arena *arena)
{
	struct lp_arena scratch = { 0 };
	struct lp_text written = { 0 };
	const struct lp_yaml_node *culprit;
	const char *result = NULL;
	if (text == NULL || strcmp(text, "{}") == 0)
		return "{}"; /* which nearly all are */
	const struct lp_yaml_node *node = lp_json_read(text, &scratch);
	if (node != NULL && lp_json_write(node, &written, &culprit))
		result = lp_arena_copy(arena, written.data, written.length);
	lp_text_free(&written);
	lp_arena_free(&scratch);
	return result == NULL ? lp_arena_text(arena, text) : result;
}
