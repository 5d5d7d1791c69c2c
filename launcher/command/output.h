/* What commands that show data have in common: the form, and whether it could be written. */
#ifndef LP_COMMAND_OUTPUT_H
#define LP_COMMAND_OUTPUT_H

#include "calendar/calendar.h"
#include "model/error.h"
#include "show/show.h"
#include <stdio.h>

enum lp_output_form { LP_OUTPUT_TABLE, LP_OUTPUT_CSV, LP_OUTPUT_JSON };

/* True if it is a terminal that a person reads. */
bool lp_is_terminal(FILE *file);
/* name NULL: a table where standard output is a terminal, else CSV. */
bool lp_output_form_parse(const char *name, enum lp_output_form *form, struct lp_error *error) LP_MUST_CHECK;
/* True if standard output is no longer read: `head` has seen enough, which is no error. */
bool lp_output_is_abandoned(void);
/* Makes sure that all that was printed has left the program: a full disk must not look like success. */
bool lp_output_finish(struct lp_error *error) LP_MUST_CHECK;

/*
 * These print what others wrote (names, units, messages, files), so that it cannot
 * steer the terminal. In a text, line ends and tabs stay; other control
 * characters, C1 among them, and bytes that are no UTF-8 become "?". In a line all
 * of these become blanks.
 */
void lp_print_text(FILE *output, const char *text);
void lp_print_line(FILE *output, const char *text); /* does not end it */
/* printf to standard output, through lp_print_text. */
void lp_print(const char *format, ...) LP_PRINTF(1, 2);
/* Prints JSON as the store gives it; control characters in it become escapes. */
void lp_print_json(const char *json);

/* Prints a document that is safe as it is, and frees it. */
void lp_print_built(struct lp_text *text);
/* Gives a longer document, which is printed while it is made. */
struct lp_document lp_output_document(void);

#endif
