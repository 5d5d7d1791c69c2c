/* See shell.h.  Knows POSIX's rule: within single quotes every byte stands for itself, but for the quote. */
#include "command/shell.h"

#include <string.h>

static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_-:+@%,";

void lp_shell_add(struct lp_text *text, const char *word)
{
	size_t length = strlen(word);
	if (length > 0 && strspn(word, plain) == length) {
		lp_text_add(text, word, length);
		return;
	}
	lp_text_add(text, "'", 1);
	for (const char *at = word; *at != '\0';) {
		size_t until = strcspn(at, "'");
		lp_text_add(text, at, until);
		at += until;
		if (*at == '\'') {
			lp_text_addf(text, "'\\''");
			at++;
		}
	}
	lp_text_add(text, "'", 1);
}

char *lp_shell_word(const char *word)
{
	struct lp_text text = { 0 };
	lp_shell_add(&text, word);
	lp_text_add(&text, "", 1);
	return text.data;
}
