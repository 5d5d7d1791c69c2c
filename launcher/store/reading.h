/*
 * What a batch reads of others, as both stores keep it: a text, because every
 * run reads it for each batch, and only definitions change it. Knows no SQL.
 */
#ifndef LP_STORE_READING_H
#define LP_STORE_READING_H

#include "store/store.h"

/*
 * "12|end|1 day|-1 day|2 d;14|start|||": upstream batch, where it stores
 * numbers, window, shift and lookback of the input.  Into the arena; NULL: none.
 */
bool lp_readings_parse(const char *text, struct lp_arena *arena, const struct lp_batch_reading **readings,
                       size_t *count, struct lp_error *error) LP_MUST_CHECK;

#endif
