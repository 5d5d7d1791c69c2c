/* The settings that describe a table of somebody else: a map each. */
#ifndef LP_CONFIG_MAPPING_H
#define LP_CONFIG_MAPPING_H

#include "model/mapping.h"
#include "text/yaml.h"

/* Called for each thing that is wrong; `what` is whole but for its place. */
typedef void lp_mapping_problem(void *context, const struct lp_yaml_node *at, const char *what);

struct lp_mapping_reader {
	struct lp_arena *arena;
	lp_mapping_problem *problem;
	void *context;
};

/* Reads a map. name: "samples", or that under `tables`. */
void lp_mapping_read(const struct lp_mapping_reader *reader, const char *name, const struct lp_yaml_node *map,
                     struct lp_mapping *mapping);
/* Returns a copy of a map that describes a table, or of one of such maps, in which no address shows its password. */
const struct lp_yaml_node *lp_mapping_mask(struct lp_arena *arena, const struct lp_yaml_node *map);
/* The keys as text, as lp_config_describe does. */
void lp_mapping_describe(void (*line)(void *context, const char *text), void *context);

#endif
