/*
 * YAML to trees, over libyaml's events, which know line and column.  Knows
 * nothing of settings or definitions.
 *
 * Aliases share the node they name, so that a file of aliases of aliases takes no
 * more memory than it has bytes.  The nodes that a walk through the tree would meet
 * are counted while it is read, and a file that passes the limit is refused.
 */
#include "text/yaml.h"

#include "text/names.h"
#include "text/utf8.h"
#include "text/yaml_words.h"
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define CORE_TAG "tag:yaml.org,2002:"

struct anchor {
	struct lp_yaml_node *node;
	size_t nodes; /* it and all below it, aliases followed */
	int height;   /* levels of nodes, 1 for a scalar */
	bool complete;
};

struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	bool have_event;
	const char *name;
	const char *data;
	size_t size;
	struct lp_arena *arena;
	struct lp_problems *problems;
	struct lp_names anchor_names; /* to indices of anchors; the last of a name counts */
	struct anchor *anchors;
	size_t anchor_count, anchor_capacity;
	size_t nodes;
	bool stopped; /* nothing sensible can be read any more */
	bool wrong;   /* a problem was found */
};

/* The extent of a node: how many nodes and levels it stands for. */
struct extent {
	size_t nodes;
	int height;
};

#define PROBLEM(reader_, line_, column_, ...)                                                                          \
	do {                                                                                                           \
		(reader_)->wrong = true;                                                                               \
		lp_problem_add((reader_)->problems, (reader_)->name, (line_), (column_), __VA_ARGS__);                 \
	} while (0)

static int line_of(yaml_mark_t mark)
{
	return (int)mark.line + 1;
}

static int column_of(yaml_mark_t mark)
{
	return (int)mark.column + 1;
}

static void place_of_offset(const struct reader *reader, size_t offset, int *line, int *column)
{
	*line = 1;
	*column = 1;
	for (size_t i = 0; i < offset && i < reader->size; i++) {
		if (reader->data[i] == '\n') {
			++*line;
			*column = 1;
		} else if (lp_utf8_begins(reader->data[i])) {
			++*column;
		}
	}
}

static void syntax_error(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	const char *problem = parser->problem == NULL ? "this is not YAML" : parser->problem;
	reader->stopped = true;
	if (parser->error == YAML_READER_ERROR) {
		int line, column;
		place_of_offset(reader, parser->problem_offset, &line, &column);
		PROBLEM(reader, line, column, "%s (0x%02X)", lp_yaml_plain_words(problem),
		        (unsigned)parser->problem_value);
		return;
	}
	yaml_mark_t mark = parser->problem_mark;
	if (strcmp(problem, "found character that cannot start any token") == 0) {
		/* It says the same for a tab and for the characters that YAML has reserved. */
		char found = mark.index < reader->size ? reader->data[mark.index] : '\0';
		/* The index counts characters; before the first one beyond ASCII that is the byte as well. */
		if (found == '\t')
			PROBLEM(reader, line_of(mark), column_of(mark),
			        "a tab stands where YAML wants blanks: indent with blanks");
		else
			PROBLEM(reader, line_of(mark), column_of(mark),
			        "a value cannot begin with this character: put the text into quotes (and indent with "
			        "blanks, "
			        "not with tabs)");
		return;
	}
	/* The place where the construct began helps more than the one where the file ended. */
	if (parser->context != NULL && parser->context_mark.line != mark.line)
		PROBLEM(reader, line_of(mark), column_of(mark), "%s (in what begins in line %d, column %d)",
		        lp_yaml_plain_words(problem), line_of(parser->context_mark), column_of(parser->context_mark));
	else
		PROBLEM(reader, line_of(mark), column_of(mark), "%s", lp_yaml_plain_words(problem));
}

static bool next_event(struct reader *reader)
{
	if (reader->have_event)
		yaml_event_delete(&reader->event);
	reader->have_event = false;
	if (reader->stopped)
		return false;
	if (yaml_parser_parse(&reader->parser, &reader->event) == 0) {
		syntax_error(reader);
		return false;
	}
	reader->have_event = true;
	return true;
}

/* Counts what would be met on a walk through the tree; false: too much. */
static bool count_nodes(struct reader *reader, size_t nodes, yaml_mark_t mark)
{
	if (nodes <= LP_YAML_NODES_MOST - reader->nodes) {
		reader->nodes += nodes;
		return true;
	}
	PROBLEM(reader, line_of(mark), column_of(mark),
	        "too much: with its aliases followed, the file has more than %d values up to here",
	        (int)LP_YAML_NODES_MOST);
	reader->stopped = true;
	return false;
}

static bool check_depth(struct reader *reader, int depth, yaml_mark_t mark)
{
	if (depth <= LP_YAML_DEPTH_MOST)
		return true;
	PROBLEM(reader, line_of(mark), column_of(mark), "nested too deep: at most %d levels can be read",
	        (int)LP_YAML_DEPTH_MOST);
	reader->stopped = true;
	return false;
}

static struct lp_yaml_node *new_node(struct reader *reader, enum lp_yaml_type type)
{
	struct lp_yaml_node *node = lp_arena_zeroed(reader->arena, 1, sizeof *node);
	node->type = type;
	node->line = line_of(reader->event.start_mark);
	node->column = column_of(reader->event.start_mark);
	node->text = "";
	return node;
}

/* The index of the anchor, or SIZE_MAX where the node has none. */
static size_t new_anchor(struct reader *reader, const yaml_char_t *name, struct lp_yaml_node *node)
{
	if (name == NULL)
		return SIZE_MAX;
	LP_GROW(reader->anchors, reader->anchor_count, reader->anchor_capacity);
	reader->anchors[reader->anchor_count] = (struct anchor){ .node = node };
	lp_names_set(&reader->anchor_names, lp_arena_text(reader->arena, (const char *)name), reader->anchor_count);
	return reader->anchor_count++;
}

static void complete_anchor(struct reader *reader, size_t anchor, struct extent extent)
{
	if (anchor == SIZE_MAX)
		return;
	reader->anchors[anchor].nodes = extent.nodes;
	reader->anchors[anchor].height = extent.height;
	reader->anchors[anchor].complete = true;
}

static struct lp_yaml_node *read_alias(struct reader *reader, int depth, struct extent *extent)
{
	const char *name = (const char *)reader->event.data.alias.anchor;
	yaml_mark_t mark = reader->event.start_mark;
	size_t index;
	*extent = (struct extent){ .nodes = 1, .height = 1 };
	if (!lp_names_find(&reader->anchor_names, name, &index)) {
		PROBLEM(reader, line_of(mark), column_of(mark),
		        "*%s: no anchor &%s stands before it (a text that begins with '*' needs quotes)", name, name);
		return new_node(reader, LP_YAML_NULL);
	}
	const struct anchor *anchor = &reader->anchors[index];
	if (!anchor->complete) {
		PROBLEM(reader, line_of(mark), column_of(mark), "*%s stands within &%s itself: it would never end",
		        name, name);
		return new_node(reader, LP_YAML_NULL);
	}
	*extent = (struct extent){ .nodes = anchor->nodes, .height = anchor->height };
	if (!check_depth(reader, depth + anchor->height - 1, mark) || !count_nodes(reader, anchor->nodes, mark))
		return NULL;
	return anchor->node;
}

/* An explicit tag: those of the core schema are taken, as what they ask for. */
static void apply_tag(struct reader *reader, struct lp_yaml_node *node, const char *tag)
{
	static const struct {
		const char *tag;
		enum lp_yaml_type type;
	} tags[] = {
		{ CORE_TAG "str", LP_YAML_TEXT },    { CORE_TAG "int", LP_YAML_INT },
		{ CORE_TAG "float", LP_YAML_FLOAT }, { CORE_TAG "bool", LP_YAML_BOOL },
		{ CORE_TAG "null", LP_YAML_NULL },   { CORE_TAG "seq", LP_YAML_LIST },
		{ CORE_TAG "map", LP_YAML_MAP },
	};
	bool scalar = node->type != LP_YAML_LIST && node->type != LP_YAML_MAP;
	if (scalar && strcmp(tag, "!") == 0) {
		node->type = LP_YAML_TEXT;
		return;
	}
	for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
		if (strcmp(tag, tags[i].tag) != 0)
			continue;
		if (scalar && tags[i].type == LP_YAML_TEXT) {
			node->type = LP_YAML_TEXT;
			return;
		}
		if (scalar)
			lp_yaml_resolve(node);
		if (node->type == LP_YAML_INT && tags[i].type == LP_YAML_FLOAT) {
			node->type = LP_YAML_FLOAT;
			node->value.number = (double)node->value.integer;
		}
		if (node->type == tags[i].type)
			return;
		PROBLEM(reader, node->line, node->column, "!!%s asks for %s, but this is %s", tag + strlen(CORE_TAG),
		        lp_yaml_type_name(tags[i].type), lp_yaml_type_name(node->type));
		return;
	}
	PROBLEM(reader, node->line, node->column,
	        "the tag %s has no meaning here (a text that begins with '!' needs quotes)", tag);
}

static struct lp_yaml_node *read_scalar(struct reader *reader)
{
	struct lp_yaml_node *node = new_node(reader, LP_YAML_TEXT);
	const char *value = (const char *)reader->event.data.scalar.value;
	size_t length = reader->event.data.scalar.length;
	const yaml_char_t *tag = reader->event.data.scalar.tag;
	if (!count_nodes(reader, 1, reader->event.start_mark))
		return NULL;
	if (strlen(value) != length)
		PROBLEM(reader, node->line, node->column, "a text with a zero character (\\0) in it cannot be used");
	node->text = lp_arena_copy(reader->arena, value, strlen(value));
	if (tag != NULL)
		apply_tag(reader, node, (const char *)tag);
	else if (reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		lp_yaml_resolve(node);
	size_t anchor = new_anchor(reader, reader->event.data.scalar.anchor, node);
	complete_anchor(reader, anchor, (struct extent){ .nodes = 1, .height = 1 });
	return node;
}

static struct lp_yaml_node *read_node(struct reader *reader, int depth, struct extent *extent);

struct pairs {
	struct lp_yaml_node **keys, **items;
	size_t count, capacity;
};

static void add_pair(struct pairs *pairs, struct lp_yaml_node *key, struct lp_yaml_node *item)
{
	if (pairs->count == pairs->capacity) {
		pairs->capacity = pairs->capacity == 0 ? 8 : pairs->capacity * 2;
		pairs->keys = lp_reallocate(pairs->keys, pairs->capacity, sizeof *pairs->keys);
		pairs->items = lp_reallocate(pairs->items, pairs->capacity, sizeof *pairs->items);
	}
	pairs->keys[pairs->count] = key;
	pairs->items[pairs->count++] = item;
}

/* Refuses what is no text, and what is there already: small maps, which nearly all are, without a table. */
static bool key_is_usable(struct reader *reader, const struct lp_yaml_node *key, const struct pairs *pairs,
                          struct lp_names *table)
{
	enum { SMALL = 16 };
	size_t earlier = SIZE_MAX;
	if (key->type == LP_YAML_LIST || key->type == LP_YAML_MAP || key->type == LP_YAML_NULL) {
		PROBLEM(reader, key->line, key->column,
		        "a key must be a text, and this is %s (a text that begins with '{' or '[' needs quotes)",
		        lp_yaml_type_name(key->type));
		return false;
	}
	if (pairs->count < SMALL) {
		for (size_t i = 0; i < pairs->count && earlier == SIZE_MAX; i++)
			earlier = strcmp(pairs->keys[i]->text, key->text) == 0 ? i : SIZE_MAX;
	} else {
		if (pairs->count == SMALL && table->count == 0)
			for (size_t i = 0; i < pairs->count; i++)
				(void)lp_names_add(table, pairs->keys[i]->text, i, NULL);
		(void)lp_names_add(table, key->text, pairs->count, &earlier);
	}
	if (earlier == SIZE_MAX)
		return true;
	PROBLEM(reader, key->line, key->column, "the key \"%s\" is there already, in line %d", key->text,
	        pairs->keys[earlier]->line);
	return false;
}

static bool read_pairs(struct reader *reader, int depth, bool map, struct pairs *pairs, struct extent *extent)
{
	yaml_event_type_t end = map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
	struct lp_names table = { 0 };
	bool complete = false;
	while (next_event(reader)) {
		if (reader->event.type == end) {
			complete = true;
			break;
		}
		struct extent key_extent = { 0 }, item_extent;
		struct lp_yaml_node *key = NULL;
		bool usable = true;
		if (map) {
			key = read_node(reader, depth + 1, &key_extent);
			if (key == NULL)
				break;
			usable = key_is_usable(reader, key, pairs, &table);
			if (!next_event(reader))
				break;
		}
		struct lp_yaml_node *item = read_node(reader, depth + 1, &item_extent);
		if (item == NULL)
			break;
		if (usable)
			add_pair(pairs, key, item);
		extent->nodes += key_extent.nodes + item_extent.nodes;
		if (item_extent.height + 1 > extent->height)
			extent->height = item_extent.height + 1;
	}
	lp_names_free(&table);
	return complete;
}

static struct lp_yaml_node *read_collection(struct reader *reader, int depth, struct extent *extent)
{
	bool map = reader->event.type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *tag = map ? reader->event.data.mapping_start.tag : reader->event.data.sequence_start.tag;
	const yaml_char_t *name =
		map ? reader->event.data.mapping_start.anchor : reader->event.data.sequence_start.anchor;
	if (!check_depth(reader, depth, reader->event.start_mark) || !count_nodes(reader, 1, reader->event.start_mark))
		return NULL;
	struct lp_yaml_node *node = new_node(reader, map ? LP_YAML_MAP : LP_YAML_LIST);
	if (tag != NULL)
		apply_tag(reader, node, (const char *)tag);
	size_t anchor = new_anchor(reader, name, node);
	struct pairs pairs = { 0 };
	*extent = (struct extent){ .nodes = 1, .height = 1 };
	bool complete = read_pairs(reader, depth, map, &pairs, extent);
	if (complete && pairs.count > 0) {
		node->count = pairs.count;
		node->items = lp_arena_allocate(reader->arena, pairs.count * sizeof *node->items);
		memcpy(node->items, pairs.items, pairs.count * sizeof *node->items);
		if (map) {
			node->keys = lp_arena_allocate(reader->arena, pairs.count * sizeof *node->keys);
			memcpy(node->keys, pairs.keys, pairs.count * sizeof *node->keys);
		}
	}
	free(pairs.items);
	free(pairs.keys);
	complete_anchor(reader, anchor, *extent);
	return complete ? node : NULL;
}

/* The node that the event at hand begins; NULL: the file cannot be read further. */
static struct lp_yaml_node *read_node(struct reader *reader, int depth, struct extent *extent)
{
	*extent = (struct extent){ .nodes = 1, .height = 1 };
	switch (reader->event.type) {
	case YAML_ALIAS_EVENT:
		return read_alias(reader, depth, extent);
	case YAML_SCALAR_EVENT:
		return read_scalar(reader);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return read_collection(reader, depth, extent);
	default:
		PROBLEM(reader, line_of(reader->event.start_mark), column_of(reader->event.start_mark),
		        "a value was expected here");
		reader->stopped = true;
		return NULL;
	}
}

static void read_stream(struct reader *reader, struct lp_yaml_node **root)
{
	struct extent extent;
	bool have_document = false;
	while (next_event(reader) && reader->event.type != YAML_STREAM_END_EVENT) {
		if (reader->event.type != YAML_DOCUMENT_START_EVENT)
			continue;
		if (have_document) {
			PROBLEM(reader, line_of(reader->event.start_mark), column_of(reader->event.start_mark),
			        "a second document begins here ('---'): a file can have only one");
			return;
		}
		have_document = true;
		if (!next_event(reader))
			return;
		struct lp_yaml_node *node = read_node(reader, 1, &extent);
		if (node != NULL && (node->type != LP_YAML_NULL || node->text[0] != '\0'))
			*root = node;
	}
}

/* Reports the place before libyaml sees the text: it would say only "invalid leading UTF-8 octet". */
static bool check_text(struct reader *reader)
{
	const unsigned char *data = (const unsigned char *)reader->data;
	for (size_t i = 0; i < reader->size;) {
		size_t length = lp_utf8_length(reader->data + i, reader->size - i);
		if (data[i] != 0 && length > 0) {
			i += length;
			continue;
		}
		int line, column;
		place_of_offset(reader, i, &line, &column);
		if (i < 4 && reader->size >= 2 &&
		    ((data[0] == 0xff && data[1] == 0xfe) || (data[0] == 0xfe && data[1] == 0xff)))
			PROBLEM(reader, line, column, "this is UTF-16: save the file as UTF-8");
		else if (data[i] == 0)
			PROBLEM(reader, line, column,
			        "a zero byte stands here: this is no text file, or it was cut off");
		else
			PROBLEM(reader, line, column, "the byte 0x%02X here is not UTF-8: save the file as UTF-8",
			        data[i]);
		return false;
	}
	return true;
}

bool lp_yaml_read(const char *name, const char *data, size_t size, struct lp_arena *arena, struct lp_yaml_node **root,
                  struct lp_problems *problems)
{
	struct reader reader = { .name = name, .data = data, .size = size, .arena = arena, .problems = problems };
	*root = NULL;
	if (size > LP_YAML_BYTES_MOST) {
		PROBLEM(&reader, 0, 0, "the file is larger than %d MB, the most that is read",
		        (int)(LP_YAML_BYTES_MOST >> 20));
		return false;
	}
	if (!check_text(&reader))
		return false;
	if (yaml_parser_initialize(&reader.parser) == 0) {
		PROBLEM(&reader, 0, 0, "out of memory");
		return false;
	}
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)data, size);
	read_stream(&reader, root);
	if (reader.have_event)
		yaml_event_delete(&reader.event);
	yaml_parser_delete(&reader.parser);
	lp_names_free(&reader.anchor_names);
	free(reader.anchors);
	return !reader.wrong;
}
