/* See earlier.h. */
#include "command/earlier.h"

#include "command/run_report.h"
#include "model/order.h"
#include "schedule/schedule.h"
#include "text/names.h"

#include <stdlib.h>

struct scan {
	const struct lp_definitions *stored;
	struct lp_names names;                /* of what is stored */
	const struct lp_calculation **sorted; /* whose start is an earlier one, by id */
	size_t count;
	struct lp_earlier *earlier;
};

static bool starts_earlier(const struct lp_calculation *before, const struct lp_calculation *after)
{
	return after->start != LP_TIME_NONE && (before->start == LP_TIME_NONE || after->start < before->start);
}

static const struct lp_calculation *find_stored(const struct scan *scan, const struct lp_calculation *wanted)
{
	size_t at;
	return lp_names_find(&scan->names, wanted->name, &at) ? &scan->stored->calculations[at] : NULL;
}

/* Finds the end of the last window that begins before a time. */
static lp_time last_end_before(const struct lp_schedule *schedule, const struct lp_zone *zone, lp_time start)
{
	struct lp_window window;
	int64_t shortest, longest;
	lp_time latest;
	lp_window_bounds(schedule, zone, &shortest, &longest);
	if (__builtin_add_overflow(start, longest, &latest) || latest > LP_TIME_MAX)
		latest = LP_TIME_MAX;
	if (!lp_window_ending_by(schedule, zone, latest, &window))
		return LP_TIME_NONE;
	while (window.start >= start)
		if (!lp_window_ending_by(schedule, zone, window.end - 1, &window))
			return LP_TIME_NONE;
	return window.end;
}

/*
 * Finds the time up to which nothing was computed: the start of before or, without
 * one, the earliest result. If no result is stored, all windows are due.
 */
static lp_time computed_from(const struct lp_calculation *before, const struct lp_calculation *after,
                             const struct lp_zone *zone, const struct lp_progress *progress)
{
	lp_time first = before->start, until;
	int64_t shortest, longest;
	if (first == LP_TIME_NONE && progress->first_end != LP_TIME_NONE)
		return progress->first_end - 1;
	if (first == LP_TIME_NONE && progress->first_result == LP_TIME_NONE)
		return progress->watermark;
	/* An old result does not say which window made it. */
	lp_window_bounds(&after->schedule, zone, &shortest, &longest);
	if (first == LP_TIME_NONE)
		return __builtin_add_overflow(progress->first_result, longest, &until) ? LP_TIME_MAX : until;
	return last_end_before(&after->schedule, zone, first);
}

static int compare(const void *a, const void *b)
{
	int64_t left = (*(const struct lp_calculation *const *)a)->id;
	int64_t right = (*(const struct lp_calculation *const *)b)->id;
	return lp_compare(left, right);
}

static const struct lp_calculation *find_changed(const struct scan *scan, int64_t id)
{
	const struct lp_calculation key = { .id = id }, *wanted = &key;
	const struct lp_calculation *const *found = bsearch(&wanted, scan->sorted, scan->count, sizeof wanted, compare);
	return found == NULL ? NULL : *found;
}

static bool add(void *context, const struct lp_progress *progress, struct lp_error *error)
{
	struct scan *scan = context;
	struct lp_earlier *earlier = scan->earlier;
	const struct lp_calculation *after = find_changed(scan, progress->calculation_id);
	const struct lp_calculation *before = after == NULL ? NULL : find_stored(scan, after);
	const struct lp_zone *zone;
	/* A calculation that has computed nothing yet begins at its start. */
	if (before == NULL || progress->watermark == LP_TIME_NONE)
		return true;
	if (!lp_zone_find(after->schedule.zone, &zone, error))
		return lp_fail_within(error, "calculation %s", after->name);
	lp_time until = computed_from(before, after, zone, progress);
	struct lp_window_range touched = { .after_end = after->start, .until_end = until };
	if (until == LP_TIME_NONE || until <= after->start ||
	    !lp_schedule_clip(&after->schedule, zone, after->start, LP_TIME_MIN, progress->watermark, &touched))
		return true;
	if (after->schedule.missed == LP_MISSED_SKIP) {
		earlier->skipped++;
		return true;
	}
	LP_GROW(earlier->ranges, earlier->count, earlier->capacity);
	earlier->ranges[earlier->count++] = (struct lp_owed_range){ .calculation_id = after->id,
		                                                    .reason = LP_REASON_CATCH_UP,
		                                                    .window_start = touched.window_start,
		                                                    .after_end = touched.after_end,
		                                                    .until_end = touched.until_end };
	earlier->windows += lp_schedule_count(&after->schedule, zone, touched.after_end, touched.until_end);
	if (earlier->from == LP_TIME_NONE || touched.window_start < earlier->from)
		earlier->from = touched.window_start;
	if (touched.until_end > earlier->to)
		earlier->to = touched.until_end;
	return true;
}

bool lp_earlier_find(struct lp_store *store, const struct lp_definitions *stored, const struct lp_changes *changes,
                     struct lp_earlier *earlier, struct lp_error *error)
{
	struct scan scan = {
		.stored = stored,
		.sorted = lp_reallocate(NULL, changes->updated_count + 1, sizeof(const struct lp_calculation *)),
		.earlier = earlier,
	};
	int64_t *ids = lp_reallocate(NULL, changes->updated_count + 1, sizeof *ids);
	*earlier = (struct lp_earlier){ .from = LP_TIME_NONE, .to = LP_TIME_NONE };
	for (size_t i = 0; i < stored->calculation_count && changes->updated_count > 0; i++)
		(void)lp_names_add(&scan.names, stored->calculations[i].name, i, NULL);
	for (size_t i = 0; i < changes->updated_count; i++) {
		const struct lp_calculation *before = find_stored(&scan, &changes->updated[i]);
		if (before != NULL && starts_earlier(before, &changes->updated[i]))
			scan.sorted[scan.count++] = &changes->updated[i];
	}
	if (scan.count > 0)
		qsort(scan.sorted, scan.count, sizeof(const struct lp_calculation *), compare);
	for (size_t i = 0; i < scan.count; i++)
		ids[i] = scan.sorted[i]->id;
	bool ok = scan.count == 0 || lp_store_each_progress(store, ids, scan.count, add, &scan, error);
	lp_names_free(&scan.names);
	free(scan.sorted);
	free(ids);
	return ok;
}

void lp_earlier_describe(const struct lp_earlier *earlier, uint64_t catch_up, const struct lp_zone *zone,
                         struct lp_text *text)
{
	char calculations[32], windows[32], from[40], to[40];
	if (earlier->count > 0) {
		lp_report_count(earlier->count, calculations);
		lp_report_count(earlier->windows, windows);
		lp_time_format(earlier->from, zone, from);
		lp_time_format(earlier->to, zone, to);
		lp_text_addf(text, "due by an earlier start: %s window%s of %s calculation%s from %s to %s; ", windows,
		             earlier->windows == 1 ? "" : "s", calculations, earlier->count == 1 ? "" : "s", from, to);
		if (catch_up > 0)
			lp_text_addf(text, "the next runs compute them, %llu of a calculation each\n",
			             (unsigned long long)catch_up);
		else
			lp_text_addf(text, "the next run computes them\n");
	}
	if (earlier->skipped > 0) {
		lp_report_count(earlier->skipped, calculations);
		lp_text_addf(text,
		             "an earlier start changes nothing for %s calculation%s, since `missed: skip` leaves out "
		             "what was missed; `backfill` computes it\n",
		             calculations, earlier->skipped == 1 ? "" : "s");
	}
}

void lp_earlier_free(struct lp_earlier *earlier)
{
	free(earlier->ranges);
	*earlier = (struct lp_earlier){ .count = 0 };
}
