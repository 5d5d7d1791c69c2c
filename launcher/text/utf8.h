/* Texts are UTF-8: where one may be cut, what of one may be shown, and what may be a name. */
#ifndef LP_TEXT_UTF8_H
#define LP_TEXT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* True if a character begins with the byte; the others continue one. */
static inline bool lp_utf8_begins(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}
/* Returns how many of the first `length` bytes are whole characters: PostgreSQL and JSON refuse half a one. */
size_t lp_utf8_cut(const char *text, size_t length);
/* Copies as many whole characters as there is room for, and a NUL; `text` NULL: none. */
void lp_utf8_copy(char *target, size_t size, const char *text);
/*
 * The arguments of "%.*s" for the whole characters among the first `most_` bytes
 * of a text: printf("%.*s", LP_CUT(100, name)).
 */
#define LP_CUT(most_, text_) (int)lp_utf8_cut((text_), strnlen((text_), (most_))), (text_)
/* Writes a character of Unicode; returns how many bytes it has. */
size_t lp_utf8_write(unsigned character, char bytes[4]);
/* The length of the character that begins at `data`, at most `left` bytes; 0: it is not UTF-8. */
size_t lp_utf8_length(const char *data, size_t left);
/* Bytes of the character at `text` if it may be shown as it is; 0: it steers a terminal (C0, DEL, C1), or is no UTF-8. */
size_t lp_utf8_printable(const char *text);
/* Bytes of the control character at `text` (C0 and DEL: 1, C1: 2); 0: it is none. */
size_t lp_utf8_control(const char *text);
/* True if some of its characters may not be shown as they are; a line's end and a tab count too. */
bool lp_utf8_has_control(const char *text);
/* True if the databases take it as UTF-8: surrogates and overlong forms they refuse. */
bool lp_utf8_is_valid(const char *text);

enum { LP_NAME_BYTES_MOST = 512 };
/* Returns what is wrong with the name of a series or a calculation: "the name " + this; NULL: nothing. */
const char *lp_name_problem(const char *name);

#endif
