/* What a definition finds in the series that it is to write: samples that nothing computed, which stay. */
#ifndef LP_COMMAND_IMPORTED_H
#define LP_COMMAND_IMPORTED_H

#include "definition/definition.h"
#include "store/store.h"

/*
 * Of the outputs of these calculations that no stored one writes yet, what is in
 * them, as a line; nothing where there is nothing.
 */
bool lp_imported_describe(struct lp_store *store, const struct lp_definitions *stored,
                          const struct lp_calculation *calculations, size_t count, struct lp_text *text,
                          struct lp_error *error) LP_MUST_CHECK;

#endif
