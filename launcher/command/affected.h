/* Which stored results a changed rule or definition concerns, and the command that computes them again. */
#ifndef LP_COMMAND_AFFECTED_H
#define LP_COMMAND_AFFECTED_H

#include "calendar/calendar.h"
#include "store/store.h"

struct lp_affected {
	uint64_t calculations, windows; /* that have stored results */
	lp_time from, to;               /* of them all */
};

/* Of these calculations, which are stored: id and schedule are looked at. */
bool lp_affected_find(struct lp_store *store, const struct lp_calculation *const *calculations, size_t count,
                      struct lp_affected *affected, struct lp_error *error) LP_MUST_CHECK;
/* "3 calculations, 1,234 stored windows from ... to ..." */
void lp_affected_describe(const struct lp_affected *affected, const struct lp_zone *zone, char text[192]);
/* "local-processing backfill CHOICE --from ... --to ..." */
void lp_affected_command(const struct lp_affected *affected, const char *choice, const struct lp_zone *zone,
                         char text[320]);

#endif
