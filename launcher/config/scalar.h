/*
 * Scalars: what a text without quotes stands for, and what is UTF-8.
 */
#ifndef LP_CONFIG_SCALAR_H
#define LP_CONFIG_SCALAR_H

#include "config/yaml.h"

/*
 * Sets type and value from the text, by the core schema of YAML 1.2: "yes",
 * "1_000" and "12:30" are texts, "0777" is seven hundred and seventy-seven.
 */
void lp_yaml_resolve(struct lp_yaml_node *node);
/* The length of the character that begins at data, at most `left`; 0: it is not UTF-8. */
size_t lp_utf8_length(const unsigned char *data, size_t left);

#endif
