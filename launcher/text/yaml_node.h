/* Values as trees: what YAML and JSON are read to. */
#ifndef LP_TEXT_YAML_NODE_H
#define LP_TEXT_YAML_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LP_YAML_DEPTH_MOST = 64 };

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

/* Returns NULL if the map has no such key. */
const struct lp_yaml_node *lp_yaml_get(const struct lp_yaml_node *map, const char *key);
/* "a text", "a list" ... for messages: what the node is. */
const char *lp_yaml_type_name(enum lp_yaml_type type);
/*
 * Sets type and value of a scalar without quotes from its text, by the core
 * schema of YAML 1.2: "yes", "1_000" and "12:30" are texts, "0777" is seven
 * hundred and seventy-seven.
 */
void lp_yaml_resolve(struct lp_yaml_node *node);

#endif
