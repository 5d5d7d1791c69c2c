/* A series by its name, for messages too: see show.h. */
#include "show/show.h"
#include "text/utf8.h"

#include <stdlib.h>

enum { SUGGESTIONS = 5 };

struct suggestions {
	struct lp_text names;
	int count;
};

static bool suggest(void *context, const struct lp_series *series, struct lp_error *error)
{
	struct suggestions *suggestions = context;
	(void)error;
	if (suggestions->count < SUGGESTIONS)
		lp_text_addf(&suggestions->names, "%s%s", suggestions->count == 0 ? "" : ", ", series->name);
	else if (suggestions->count == SUGGESTIONS)
		lp_text_addf(&suggestions->names, ", ...");
	suggestions->count++;
	return true;
}

static bool fail_unknown_series(struct lp_store *store, const char *name, struct lp_error *error)
{
	struct suggestions suggestions = { .count = 0 };
	char *pattern = lp_format_text("*%.*s*", LP_CUT(200, name));
	bool searched = lp_store_each_series(store, pattern, suggest, &suggestions, error);
	free(pattern);
	if (searched) {
		lp_fail(error, LP_EXIT_DATA, "there is no series \"%.*s\"", LP_CUT(300, name));
		if (suggestions.count > 0)
			lp_hint(error, "There is %.*s.", LP_CUT(300, suggestions.names.data));
		else
			lp_hint(error, "A series comes into being by `import` or `apply`.");
	}
	lp_text_free(&suggestions.names);
	return false;
}

bool lp_find_series(struct lp_store *store, const char *name, struct lp_arena *arena, struct lp_series *series,
                    struct lp_error *error)
{
	return lp_store_find_series(store, name, arena, series, error) &&
	       (series->id != 0 || fail_unknown_series(store, name, error));
}

bool lp_series_in_shadow(struct lp_series *series, struct lp_error *error)
{
	if (series->shadow_id == 0) {
		lp_fail(error, LP_EXIT_DATA, "there is nothing in shadow of the series \"%.*s\"",
		        LP_CUT(300, series->name));
		return lp_hint(error, "No calculation that writes it is in shadow, or was. `local-processing status "
		                      "--shadow` lists those that are.");
	}
	series->id = series->shadow_id;
	return true;
}
