/*
 * Commands that are printed for people to copy. Every name in them goes through
 * here, so that a shell takes it as one word, whatever is in it.
 */
#ifndef LP_COMMAND_SHELL_H
#define LP_COMMAND_SHELL_H

#include "model/memory.h"

/* As it is where it has nothing but letters, digits and ./_-:+@%,; else in single quotes. */
void lp_shell_add(struct lp_text *text, const char *word);
/* The same, to be freed. */
char *lp_shell_word(const char *word);

#endif
