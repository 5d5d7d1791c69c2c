/* See affected.h. */
#include "command/affected.h"

#include "command/report.h"
#include "schedule/schedule.h"

#include <stdio.h>
#include <stdlib.h>

enum { AT_ONCE = 10000 };

struct finding {
	const struct lp_calculation *const *sorted; /* by id */
	size_t count;
	struct lp_affected *affected;
};

static int compare(const void *a, const void *b)
{
	int64_t left = (*(const struct lp_calculation *const *)a)->id;
	int64_t right = (*(const struct lp_calculation *const *)b)->id;
	return (left > right) - (left < right);
}

static bool add(void *context, const struct lp_stored *stored, struct lp_error *error)
{
	struct finding *finding = context;
	struct lp_affected *affected = finding->affected;
	const struct lp_calculation key = { .id = stored->calculation_id }, *wanted = &key;
	const struct lp_calculation *const *found =
		bsearch(&wanted, finding->sorted, finding->count, sizeof wanted, compare);
	const struct lp_zone *zone;
	if (found == NULL)
		return true;
	const struct lp_schedule *schedule = &(*found)->schedule;
	if (!lp_zone_find(schedule->zone, &zone, error))
		return false;
	/* A result lies at an end of its window. */
	affected->windows += lp_schedule_count(schedule, zone, stored->first, stored->last) + 1;
	affected->calculations++;
	if (affected->from == LP_TIME_NONE || stored->first < affected->from)
		affected->from = stored->first;
	if (stored->last > affected->to)
		affected->to = stored->last;
	return true;
}

bool lp_affected_find(struct lp_store *store, const struct lp_calculation *const *calculations, size_t count,
                      struct lp_affected *affected, struct lp_error *error)
{
	const struct lp_calculation **sorted = lp_reallocate(NULL, count + 1, sizeof *sorted);
	int64_t *ids = lp_reallocate(NULL, AT_ONCE, sizeof *ids);
	struct finding finding = { .sorted = sorted, .count = count, .affected = affected };
	bool good = true;
	size_t held = 0;
	*affected = (struct lp_affected){ .from = LP_TIME_NONE, .to = LP_TIME_NONE };
	for (size_t i = 0; i < count; i++)
		sorted[i] = calculations[i];
	if (count > 0)
		qsort(sorted, count, sizeof(const struct lp_calculation *), compare);
	for (size_t i = 0; i < count && good; i++) {
		ids[held++] = sorted[i]->id;
		if (held < AT_ONCE && i + 1 < count)
			continue;
		good = lp_store_each_stored(store, ids, held, add, &finding, error);
		held = 0;
	}
	free(ids);
	free(sorted);
	return good;
}

void lp_affected_describe(const struct lp_affected *affected, const struct lp_zone *zone, char text[192])
{
	char calculations[32], windows[32], from[40], to[40];
	lp_report_count(affected->calculations, calculations);
	lp_report_count(affected->windows, windows);
	lp_time_format(affected->from, zone, from);
	lp_time_format(affected->to, zone, to);
	snprintf(text, 192, "%s calculation%s, %s stored window%s from %s to %s", calculations,
	         affected->calculations == 1 ? "" : "s", windows, affected->windows == 1 ? "" : "s", from, to);
}

void lp_affected_command(const struct lp_affected *affected, const char *choice, const struct lp_zone *zone,
                         char text[320])
{
	char from[40], to[40];
	lp_time_format(affected->from, zone, from);
	/* The last result may stand at the end of its window. */
	lp_time_format(affected->to / LP_SECOND * LP_SECOND + LP_SECOND, zone, to);
	snprintf(text, 320, "local-processing backfill %.160s --from %s --to %s", choice, from, to);
}
