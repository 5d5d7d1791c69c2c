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

#endif
