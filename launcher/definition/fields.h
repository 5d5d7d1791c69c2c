/*
 * The fields of a calculation as people read and write them: one table for the
 * differences that `apply` shows and for the YAML that `export` writes.
 */
#ifndef LP_DEFINITION_FIELDS_H
#define LP_DEFINITION_FIELDS_H

#include "definition/definition.h"

enum lp_field_form {
	LP_FIELD_PLAIN, /* a text, which YAML may have to quote */
	LP_FIELD_JSON,  /* a JSON object */
	LP_FIELD_ITEMS, /* inputs or outputs */
	LP_FIELD_WORD,  /* needs no quotes: true, a span, a time */
};

struct lp_calculation_field {
	const char *name; /* the key in YAML */
	enum lp_field_form form;
	const char *usual; /* a field with this value is not written; NULL: always written */
	enum lp_effect effect;
	void (*format)(const struct lp_calculation *calculation, struct lp_text *text);
};

/* True if an input has nothing besides its series; else lp_input_format adds "lookback: 1 h, window: 7 days". */
bool lp_input_is_plain(const struct lp_input *input);
void lp_input_format(const struct lp_input *input, struct lp_text *text);

/* The effects of all fields that differ; their names are added, with commas between them (names may be NULL). */
unsigned lp_calculation_effects(const struct lp_calculation *before, const struct lp_calculation *after,
                                struct lp_text *names);

extern const struct lp_calculation_field lp_calculation_fields[];
extern const size_t lp_calculation_field_count;

#endif
