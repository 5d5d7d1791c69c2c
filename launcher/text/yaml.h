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
#include "text/yaml_node.h"

enum { LP_YAML_BYTES_MOST = 64 << 20, LP_YAML_NODES_MOST = 5000000 };

/*
 * Reads a file into a tree; everything lives in the arena.  False: it cannot be
 * used.  Problems of the contents go to problems; a file that cannot be read at all
 * (not there, a directory, too large) is reported in error alone.  "-" is standard
 * input.  *root is NULL for an empty file; if only keys or aliases are wrong, it is
 * the rest, so that that can be checked too.  Aliases share their node, so trees
 * are not to be changed.
 */
bool lp_yaml_read_file(const char *file, struct lp_arena *arena, struct lp_yaml_node **root,
                       struct lp_problems *problems, struct lp_error *error) LP_MUST_CHECK;
bool lp_yaml_read(const char *name, const char *data, size_t size, struct lp_arena *arena, struct lp_yaml_node **root,
                  struct lp_problems *problems) LP_MUST_CHECK;

#endif
