/*
 * Windows that become due because a calculation's `start` was moved back, or
 * given after its first run: they lie behind the watermark, where runs do not
 * look, and so are owed.
 */
#ifndef LP_COMMAND_EARLIER_H
#define LP_COMMAND_EARLIER_H

#include "calendar/calendar.h"
#include "definition/definition.h"

struct lp_earlier {
	struct lp_owed_range *ranges;
	size_t count, capacity;
	uint64_t windows;
	lp_time from, to; /* of them all */
	uint64_t skipped; /* calculations that leave out what was missed */
};

/* Looks at changed calculations before they are changed: the store says how far back they were computed. */
bool lp_earlier_find(struct lp_store *store, const struct lp_definitions *stored, const struct lp_changes *changes,
                     struct lp_earlier *earlier, struct lp_error *error) LP_MUST_CHECK;
/* Adds lines that say what the runs will do; none where nothing becomes due.  catch_up: windows a run, 0: no limit. */
void lp_earlier_describe(const struct lp_earlier *earlier, uint64_t catch_up, const struct lp_zone *zone,
                         struct lp_text *text);
void lp_earlier_free(struct lp_earlier *earlier);

#endif
