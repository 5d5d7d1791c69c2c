/* The configuration file: where it is, and its tree of keys as settings. */
#ifndef LP_CONFIG_FILE_H
#define LP_CONFIG_FILE_H

#include "config/value.h"
#include "text/yaml_node.h"

#define LP_CONFIG_FILE_HERE   "./local-processing.yaml"
#define LP_CONFIG_FILE_SYSTEM "/etc/local-processing/config.yaml"

/* Returns the file to read, or NULL where there is none and none was asked for.  named: by an option, or NULL. */
const char *lp_config_file_choose(const char *named);
/*
 * Reads config->file.  *root: its tree, which lives in the arena; NULL: it is empty,
 * or cannot be used.  What is wrong with its settings is in loader->problems.
 */
bool lp_config_file_read(struct lp_loader *loader, struct lp_arena *arena, struct lp_yaml_node **root,
                         struct lp_error *error) LP_MUST_CHECK;

#endif
