/* See glob.h. */
#include "text/glob.h"

#include "model/memory.h"
#include "text/utf8.h"
#include <string.h>

static size_t character_length(const char *text)
{
	size_t length = lp_utf8_length(text, 4);
	return length == 0 ? 1 : length;
}

bool lp_glob(const char *pattern, const char *text, struct lp_glob_match *match)
{
	struct lp_glob_match found = { 0 };
	const char *after_star = NULL; /* in the pattern */
	const char *taken = NULL;      /* in the text: where the last star's match ends for now */
	while (*text != '\0' || *pattern != '\0') {
		if (*pattern == '*') {
			if (found.count < LP_GLOB_STARS_MOST)
				found.stars[found.count].text = text;
			found.count++;
			after_star = ++pattern;
			taken = text;
		} else if (*text != '\0' && (*pattern == '?' || *pattern == *text)) {
			text += *pattern == '?' ? character_length(text) : 1;
			pattern++;
		} else if (after_star != NULL && *taken != '\0') {
			/* The last star takes one more; the ones before it keep the least, which is enough. */
			taken += character_length(taken);
			text = taken;
			pattern = after_star;
		} else {
			return false;
		}
		if (found.count > 0 && found.count <= LP_GLOB_STARS_MOST)
			found.stars[found.count - 1].length = (size_t)(taken - found.stars[found.count - 1].text);
	}
	if (found.count > LP_GLOB_STARS_MOST)
		found.count = LP_GLOB_STARS_MOST;
	if (match != NULL)
		*match = found;
	return true;
}

static const char *like_of(char c)
{
	switch (c) {
	case '*':
		return "%";
	case '?':
		return "_";
	case '%':
		return "\\%";
	case '_':
		return "\\_";
	case '\\':
		return "\\\\";
	default:
		return NULL;
	}
}

/* * and ? mean the same there; a bracket would begin a class. */
static const char *sqlite_of(char c)
{
	return c == '[' ? "[[]" : NULL;
}

/* `other_form` gives what stands for a character there; NULL: itself. */
static char *translate(const char *glob, const char *(*other_form)(char c))
{
	struct lp_text text = { 0 };
	if (glob == NULL)
		return NULL;
	lp_text_add(&text, "", 0);
	for (; *glob != '\0'; glob++) {
		const char *form = other_form(*glob);
		lp_text_add(&text, form == NULL ? glob : form, form == NULL ? 1 : strlen(form));
	}
	return text.data;
}

char *lp_glob_to_like(const char *glob)
{
	return translate(glob, like_of);
}

char *lp_glob_to_sqlite(const char *glob)
{
	return translate(glob, sqlite_of);
}
