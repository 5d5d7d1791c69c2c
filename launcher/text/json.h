/*
 * JSON documents, put together in a text.  The writer sets the commas: a member
 * that follows another one gets one.  `name` NULL: an element of a list, or the
 * document itself.  Knows nothing of what the members mean.
 */
#ifndef LP_TEXT_JSON_H
#define LP_TEXT_JSON_H

#include "model/memory.h"

/*
 * Adds the value in quotes, escaped: control characters, C1 among them, as
 * \n or \u009b; a byte that is no UTF-8 as the text \xNN.
 */
void lp_json_quote(struct lp_text *json, const char *value);

/* `opening` is what begins an object or a list: "{", "[", "{\n  ". */
void lp_json_begin(struct lp_text *json, const char *name, const char *opening);
/* `closing` is what ends it: "}", "]", "\n}\n". */
void lp_json_end(struct lp_text *json, const char *closing);
/* Puts the next member on a line of its own, behind `indent` blanks. */
void lp_json_new_line(struct lp_text *json, int indent);

void lp_json_add_null(struct lp_text *json, const char *name);
void lp_json_add_text(struct lp_text *json, const char *name, const char *value); /* NULL: null */
void lp_json_add_bool(struct lp_text *json, const char *name, bool value);
void lp_json_add_integer(struct lp_text *json, const char *name, int64_t value);
/* The shortest form that reads back as the same number; null where it is not finite. */
void lp_json_add_number(struct lp_text *json, const char *name, double value);
/* Adds nanoseconds as seconds, with this many decimals. */
void lp_json_add_seconds(struct lp_text *json, const char *name, int64_t nanoseconds, int decimals);
/* JSON as a store gives it: control characters that stand in it as they are become escapes, line ends blanks. */
void lp_json_add_stored(struct lp_text *json, const char *name, const char *value);

#endif
