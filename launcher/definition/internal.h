/*
 * What the files of this room share: the reader, the definition that it reads,
 * and the functions that each file has for the others.  Not for other rooms.
 */
#ifndef LP_DEFINITION_INTERNAL_H
#define LP_DEFINITION_INTERNAL_H

#include "definition/definition.h"
#include "text/names.h"
#include "text/yaml.h"

enum {
	LP_DEFINITION_EXPANSIONS_MOST = 1000000, /* definitions that one template may make */
};

/* A definition that may be matched by `for_each: {tag: {series: PATTERN}}`. */
struct lp_candidate {
	const struct lp_series *series;
	const struct lp_yaml_node *attributes; /* read when first asked for */
};

/* A problem of a template. Most of its hundred thousand expansions have the same one, which is reported once. */
struct lp_template_problem {
	int line, column;
	char *what, *values; /* values: those of the first expansion that has it */
	bool of_placeholder; /* the text could not be made: whatever else is wrong with it follows from that */
	size_t count;
};

struct lp_definition_reader {
	const struct lp_definition_files *files;
	struct lp_definitions *definitions;
	struct lp_problems *problems;
	struct lp_arena trees;                           /* of the files */
	struct lp_arena expansion;                       /* of the one template expansion under way */
	struct lp_names series_names, calculation_names; /* of the files, to their indices */
	struct lp_names stored_series;
	struct lp_candidate *candidates; /* made for the first template that matches series */
	size_t candidate_count;
	bool have_candidates;
	struct lp_template_problem *template_problems;
	size_t template_problem_count, template_problem_capacity;
};

/* One definition on its way from YAML, and what to say about it with its place. */
struct lp_item {
	struct lp_definition_reader *reader;
	const char *file;
	const struct lp_yaml_node *node;
	const char *values; /* "pump = p1" for one that a template made, or NULL */
	bool expanding;     /* its placeholders are being filled in */
	bool broken;        /* some could not be: it is looked at, but not kept */
};

void lp_item_problem(const struct lp_item *item, const struct lp_yaml_node *at, const char *format, ...)
	LP_PRINTF(3, 4);

/* item.c: what every definition needs. */
struct lp_item_key {
	const char *name;
	bool required;
};
/* Fills values[i] with the node of keys[i], or NULL. Reports unknown and missing keys. False: the node is no map. */
bool lp_item_read_keys(const struct lp_item *item, const struct lp_yaml_node *map, const char *of_what,
                       const struct lp_item_key *keys, size_t count, const struct lp_yaml_node **values) LP_MUST_CHECK;
/* Returns a text in the definitions' arena; "" if the node is NULL, or no text, which is reported. */
const char *lp_item_read_text(const struct lp_item *item, const struct lp_yaml_node *node, const char *what);
/* Reads a text that has to be one line: not too long, without control characters. */
const char *lp_item_read_line(const struct lp_item *item, const struct lp_yaml_node *node, const char *what);
/* Reads the name of a series or a calculation, which must not be empty either. */
const char *lp_item_read_name(const struct lp_item *item, const struct lp_yaml_node *node, const char *what);
/* Returns microseconds; 0 if the node is NULL, or no duration of at least `least`, which is reported. */
int64_t lp_item_read_duration(const struct lp_item *item, const struct lp_yaml_node *node, const char *what,
                              int64_t least);
/* Returns a map as canonical JSON. Its values must be scalars of the types allowed. */
enum lp_item_map { LP_MAP_PARAMETERS, LP_MAP_ATTRIBUTES, LP_MAP_LABELS };
const char *lp_item_read_json(const struct lp_item *item, const struct lp_yaml_node *node, enum lp_item_map which);

/* template.c: calls read for each definition that the item makes, one where it has no for_each. */
void lp_template_expand(const struct lp_item *item, bool of_series, void (*read)(const struct lp_item *item));

/* match.c */
/* Returns the series that fit, by name; NULL if the pattern is wrong, which is reported. */
const struct lp_yaml_node *lp_match_series(const struct lp_item *item, const struct lp_yaml_node *filter);

/* calculation.c, series.c: a definition's map to a struct, which is added to the definitions. */
void lp_series_read(const struct lp_item *item);
void lp_calculation_read(const struct lp_item *item);

/* check.c: a calculation against the signature of its rule. */
enum lp_part {
	LP_PART_RULE,
	LP_PART_INPUTS,
	LP_PART_INPUT,
	LP_PART_PARAMETERS,
	LP_PART_PARAMETER,
	LP_PART_OUTPUT,
	LP_PART_RESULT_TIME
};
typedef void lp_check_report(void *context, enum lp_part part, size_t index, const char *what);
void lp_check_rule(const struct lp_calculation *calculation, const struct lp_yaml_node *parameters,
                   const struct lp_rule_catalogue *catalogue, lp_check_report *report, void *context);

/*
 * graph.c: fills the rank of each calculation, if there is no cycle.  Calls visit
 * for each cycle, with indices in the order in which one reads the next.
 */
typedef void lp_graph_cycle(void *context, const size_t *members, size_t count);
void lp_graph_rank(const struct lp_calculation *const *calculations, size_t count, int32_t *ranks,
                   lp_graph_cycle *visit, void *context);

/* consistency.c: all definitions of the files, with the stored ones, against each other; fills the ranks. */
void lp_consistency_check(struct lp_definition_reader *reader);

/* stored.c */
void lp_definitions_add_series(struct lp_definitions *definitions, const struct lp_series *series,
                               const struct lp_position *position);
void lp_definitions_add_calculation(struct lp_definitions *definitions, const struct lp_calculation *calculation,
                                    const struct lp_position *position);
void lp_calculation_copy(struct lp_calculation *to, const struct lp_calculation *from, struct lp_arena *arena);

#endif
