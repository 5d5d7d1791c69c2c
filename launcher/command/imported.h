/* Samples that a new output series has already, and that no calculation computed: they stay. */
#ifndef LP_COMMAND_IMPORTED_H
#define LP_COMMAND_IMPORTED_H

#include "definition/definition.h"
#include "store/store.h"

/*
 * Adds a line about the samples in those outputs of the calculations that no
 * stored one writes yet; no line where there are none.
 */
bool lp_imported_describe(struct lp_store *store, const struct lp_definitions *stored,
                          const struct lp_calculation *calculations, size_t count, struct lp_text *text,
                          struct lp_error *error) LP_MUST_CHECK;

#endif
