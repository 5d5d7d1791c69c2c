/*
 * YAML files as trees whose nodes know their line and column, read within
 * limits: a file of at most LP_YAML_BYTES_MOST, nested LP_YAML_DEPTH_MOST deep,
 * LP_YAML_NODES_MOST nodes after aliases are followed.  Shared by the
 * configuration and the definitions; knows the meaning of neither.
 */
#ifndef LP_TEXT_YAML_H
#define LP_TEXT_YAML_H

#include "model/error.h"
#include "model/memory.h"

enum { LP_YAML_BYTES_MOST = 64 << 20, LP_YAML_DEPTH_MOST = 64, LP_YAML_NODES_MOST = 5000000 };

enum lp_yaml_type { LP_YAML_NULL, LP_YAML_BOOL, LP_YAML_INT, LP_YAML_FLOAT, LP_YAML_TEXT, LP_YAML_LIST, LP_YAML_MAP };

struct lp_yaml_node {
	enum lp_yaml_type type; /* by YAML 1.2's core schema; a quoted scalar is a text */
	int line, column;       /* from 1 */
	const char *text;       /* scalars: as written, UTF-8, NUL-terminated; never has a NUL inside */
	union {
		bool truth;
		int64_t integer;
		double number;
	} value;
	size_t count;                /* items of a list, pairs of a map */
	struct lp_yaml_node **items; /* of a list; the values of a map */
	struct lp_yaml_node **keys;  /* of a map: texts, distinct */
};

/*
 * Everything lives in the arena.  False: it cannot be used.  What is wrong with
 * the contents goes to problems; a file that cannot be read at all (not there,
 * a directory, too large) is told in error alone.  "-" is standard input.  An
 * empty file: *root NULL; where only keys or aliases are wrong, *root is what
 * is left, so that the rest can be looked at too.  Aliases share their node: trees are for reading.
 */
bool lp_yaml_read_file(const char *file, struct lp_arena *arena, struct lp_yaml_node **root,
                       struct lp_problems *problems, struct lp_error *error) LP_MUST_CHECK;
bool lp_yaml_read(const char *name, const char *data, size_t size, struct lp_arena *arena, struct lp_yaml_node **root,
                  struct lp_problems *problems) LP_MUST_CHECK;
/* NULL: the map has no such key. */
const struct lp_yaml_node *lp_yaml_get(const struct lp_yaml_node *map, const char *key);
/* "a text", "a list" ... for messages: what the node is. */
const char *lp_yaml_type_name(enum lp_yaml_type type);

#endif
