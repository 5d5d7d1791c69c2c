/* Texts are UTF-8: where one may be cut. */
#ifndef LP_MODEL_TEXT_H
#define LP_MODEL_TEXT_H

#include <stddef.h>

/* How many of the first `length` bytes of a text are whole characters: half a one is refused by PostgreSQL and JSON. */
size_t lp_text_whole(const char *text, size_t length);

#endif
