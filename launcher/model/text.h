/* Texts are UTF-8: where one may be cut, what of one may be shown, and what may be a name. */
#ifndef LP_MODEL_TEXT_H
#define LP_MODEL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* How many of the first `length` bytes of a text are whole characters: half a one is refused by PostgreSQL and JSON. */
size_t lp_text_whole(const char *text, size_t length);
/* Bytes of the character at `text` if it may be shown as it is; 0: it steers a terminal (C0, DEL, C1), or is no UTF-8. */
size_t lp_text_printable(const char *text);
/* Some of its characters may not be shown as they are, a line's end and a tab among them. */
bool lp_text_has_control(const char *text);
/* Whether it is what the databases take as UTF-8: of surrogates, or of overlong forms, it is not. */
bool lp_text_is_utf8(const char *text);

enum { LP_NAME_BYTES_MOST = 512 };
/* What is wrong with the name of a series or a calculation, for every way in: "the name " + this; NULL: nothing. */
const char *lp_name_problem(const char *name);

#endif
