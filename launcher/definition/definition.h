/*
 * Series and calculations as code: YAML with templates to definitions, what is
 * wrong with them, what differs from what is stored, and YAML again.
 */
#ifndef LP_DEFINITION_DEFINITION_H
#define LP_DEFINITION_DEFINITION_H

#include "model/calculation.h"
#include "model/memory.h"
#include "model/rule.h"
#include "store/store.h"
#include "text/names.h"
#include <stdio.h>

/* Definitions, with where they stand in their files. */
struct lp_definitions {
	struct lp_series *series;
	struct lp_position {
		const char *file;
		int line, column;
	} * series_positions, *calculation_positions;
	size_t series_count, series_capacity;
	struct lp_calculation *calculations;
	size_t calculation_count, calculation_capacity;
	struct lp_arena arena;
};

/*
 * Reads files, expands templates (series matched by name or attribute are
 * those of the files and of `stored`), checks every definition against the
 * catalogue and all of them, with the stored ones, against each other: one
 * writer per series, no cycles, units.  Computes ranks.  All problems at once.
 */
struct lp_definition_files {
	const char *const *names; /* files and directories; "-": standard input */
	size_t count;
	const struct lp_rule_catalogue *catalogue; /* NULL: rules are not checked */
	const struct lp_definitions *stored;       /* NULL: nothing is known of what is stored */
	const char *default_zone;
	bool prune;            /* what is stored and not in the files will be deleted */
	enum lp_mode new_mode; /* of calculations that are not stored yet, where a definition says none */
};
bool lp_definitions_read(const struct lp_definition_files *files, struct lp_definitions *definitions,
                         struct lp_problems *problems, struct lp_error *error) LP_MUST_CHECK;
/* Reads all that is stored. */
bool lp_definitions_load(struct lp_store *store, struct lp_definitions *stored, struct lp_error *error) LP_MUST_CHECK;

/*
 * For a comparison with prune: adds to wanted those stored series that hold
 * samples and that it lacks.  They are data, not only definitions, and stay.
 */
bool lp_definitions_keep_data(struct lp_store *store, const struct lp_definitions *stored,
                              struct lp_definitions *wanted, struct lp_error *error) LP_MUST_CHECK;
/* Keeps the series and calculations whose name fits one of the globs, and the series that those calculations use. */
void lp_definitions_choose(struct lp_definitions *definitions, const char *const *patterns, size_t count);
/* Checks the stored definitions against the current rules, which may have changed since they were applied. */
void lp_definitions_check_rules(const struct lp_definitions *stored, const struct lp_rule_catalogue *catalogue,
                                struct lp_problems *problems);

/* The changes that make the stored like the wanted; shown as lines "+ calculation NAME", "~ ...: rule mean -> max". */
struct lp_difference {
	struct lp_changes changes;
	struct lp_definition_change *history; /* the same, for people: see lp_store_note_changes */
	size_t history_count, history_capacity;
	size_t unchanged;
	struct lp_text description;
	struct lp_arena arena;
};
void lp_definitions_compare(const struct lp_definitions *wanted, const struct lp_definitions *stored, bool prune,
                            struct lp_difference *difference);
void lp_difference_free(struct lp_difference *difference);

/* What a changed value does to stored results: a sum of these. */
enum lp_effect {
	LP_EFFECT_NONE = 0,
	LP_EFFECT_VALUES = 1,  /* their windows give other values */
	LP_EFFECT_WINDOWS = 2, /* their windows do not exist any more */
	LP_EFFECT_TIMES = 4,   /* numbers lie at the other end of their windows */
	LP_EFFECT_OUTPUTS = 8, /* they are in other series */
};

/*
 * A calculation whose stored results the wanted definitions change or make
 * obsolete. They are listed by name, the new ones last.
 */
struct lp_outdating {
	const struct lp_calculation *before; /* as stored; NULL: a new one, which writes where another one did */
	const struct lp_calculation *after;  /* NULL: it is deleted */
	unsigned effects;                    /* a sum of enum lp_effect; 0: only a later start, disabled or deleted */
	const char *reason;                  /* "parameters, every": what differs */
};
struct lp_outdatings {
	struct lp_outdating *items;
	size_t count, capacity;
	struct lp_arena arena;
};
/*
 * listed: names of stored calculations whose results are outdated already: one
 * that is renamed takes that along.
 */
void lp_definitions_outdate(const struct lp_definitions *wanted, const struct lp_definitions *stored, bool prune,
                            const struct lp_names *listed, struct lp_outdatings *all);
void lp_outdatings_free(struct lp_outdatings *all);

/* The form that lp_definitions_read reads. */
bool lp_definitions_write(const struct lp_definitions *definitions, FILE *output, struct lp_error *error) LP_MUST_CHECK;
void lp_definitions_free(struct lp_definitions *definitions);

#endif
