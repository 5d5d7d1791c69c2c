/* Scalars: what a text without quotes stands for. */
#ifndef LP_TEXT_SCALAR_H
#define LP_TEXT_SCALAR_H

#include "text/yaml.h"

/*
 * Sets type and value from the text, by the core schema of YAML 1.2: "yes",
 * "1_000" and "12:30" are texts, "0777" is seven hundred and seventy-seven.
 */
void lp_yaml_resolve(struct lp_yaml_node *node);

#endif
