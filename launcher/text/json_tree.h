/*
 * Trees to canonical JSON and back: sorted keys, no spaces, numbers in one
 * form, so that equal values are equal texts.
 */
#ifndef LP_TEXT_JSON_TREE_H
#define LP_TEXT_JSON_TREE_H

#include "model/memory.h"
#include "text/yaml_node.h"

/* Writes the tree. False: *culprit is a number that JSON has no form for (infinite, or NaN). */
bool lp_json_write(const struct lp_yaml_node *node, struct lp_text *text,
                   const struct lp_yaml_node **culprit) LP_MUST_CHECK;
/* Returns NULL if this is no JSON, or nested deeper than LP_YAML_DEPTH_MOST.  Nodes have no line and column. */
struct lp_yaml_node *lp_json_read(const char *text, struct lp_arena *arena) LP_MUST_CHECK;
/* Returns a store's JSON in canonical form; a text that is no JSON stays as it is. */
const char *lp_json_canonical(const char *text, struct lp_arena *arena);

#endif
