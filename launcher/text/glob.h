/* Patterns of names: * stands for any characters, ? for one. */
#ifndef LP_TEXT_GLOB_H
#define LP_TEXT_GLOB_H

#include <stdbool.h>
#include <stddef.h>

enum { LP_GLOB_STARS_MOST = 16 };
struct lp_glob_match {
	struct {
		const char *text;
		size_t length;
	} stars[LP_GLOB_STARS_MOST]; /* what each * matched */
	size_t count;
};
/* `match` may be NULL. */
bool lp_glob(const char *pattern, const char *text, struct lp_glob_match *match);

/* The same pattern for SQL's LIKE, with \ as its escape, and for SQLite's GLOB. To be freed; NULL stays NULL. */
char *lp_glob_to_like(const char *glob);
char *lp_glob_to_sqlite(const char *glob);

#endif
