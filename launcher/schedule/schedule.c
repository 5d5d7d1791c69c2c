/*
 * Which windows of a batch are due.  Knows windows and watermarks; no store, no
 * clock, no calculations.
 */
#include "schedule/schedule.h"

#include <assert.h>

enum { COUNTED_MOST = 1000 };

/* t - delay, kept within the years that windows exist in. */
static lp_time minus(lp_time t, int64_t delay)
{
	lp_time earlier;
	if (__builtin_sub_overflow(t, delay, &earlier) || earlier < LP_TIME_MIN)
		return LP_TIME_MIN;
	return earlier;
}

/*
 * No window of this length is shorter: February, a day that loses hours (a zone
 * has skipped a whole one: Samoa, 2011), hours that are cut at midnight.
 */
static int64_t shortest(struct lp_span span)
{
	int64_t length = lp_span_least(span);
	if (length == INT64_MAX)
		return LP_TIME_MAX;
	return length > LP_DAY ? length - LP_DAY : 1;
}

/* Where to look from for the first window that does not begin before start. */
static lp_time first_end_to_try(const struct lp_batch_head *head)
{
	lp_time end;
	if (__builtin_add_overflow(head->start, shortest(head->schedule.window) - 1, &end))
		return LP_TIME_MAX;
	return end;
}

/*
 * The windows after the one that ended at last, up to cap.  More than
 * COUNTED_MOST beyond `most` are not looked at one by one: with a start years
 * back, counting would take longer than computing.
 */
static void collect(const struct lp_batch_head *head, const struct lp_zone *zone, lp_time from, lp_time cap,
                    size_t most, struct lp_due *due)
{
	struct lp_window window;
	lp_time at = from, first_left = LP_TIME_NONE;
	while (lp_window_ending_after(&head->schedule, zone, at, &window) && window.end <= cap) {
		assert(window.end > at);
		at = window.end;
		if (head->start != LP_TIME_NONE && window.start < head->start)
			continue;
		if (due->count < most) {
			due->windows[due->count++] = window;
			continue;
		}
		if (due->left == 0)
			first_left = window.end;
		if (++due->left == COUNTED_MOST) {
			double step = (double)(window.end - first_left) / (COUNTED_MOST - 1);
			due->left += (uint64_t)((double)(cap - window.end) / step);
			return;
		}
	}
}

/* Without watermark and start a calculation begins with the newest window, whatever has passed before. */
static void collect_newest(const struct lp_batch_head *head, const struct lp_zone *zone, lp_time cap, size_t most,
                           struct lp_due *due)
{
	struct lp_window window;
	if (!lp_window_ending_by(&head->schedule, zone, cap, &window))
		return;
	if (most > 0)
		due->windows[due->count++] = window;
	else
		due->left = 1;
}

bool lp_schedule_due(const struct lp_batch_head *head, lp_time tick, lp_time upstream, size_t most, struct lp_due *due,
                     struct lp_error *error)
{
	const struct lp_zone *zone;
	if (!lp_zone_find(head->schedule.zone, &zone, error))
		return false;
	due->count = 0;
	due->left = 0;
	due->held_back = false;

	lp_time ended = minus(tick, head->schedule.delay);
	lp_time cap = upstream < ended ? upstream : ended; /* LP_TIME_NONE is less than any time */
	if (head->watermark == LP_TIME_NONE && head->start == LP_TIME_NONE) {
		if (cap != LP_TIME_NONE)
			collect_newest(head, zone, cap, most, due);
	} else {
		lp_time from = head->watermark;
		lp_time earliest = head->start == LP_TIME_NONE ? LP_TIME_NONE : first_end_to_try(head);
		if (from < earliest)
			from = earliest;
		collect(head, zone, from, cap, most, due);
	}

	struct lp_window newest;
	if (upstream < ended && lp_window_ending_by(&head->schedule, zone, ended, &newest))
		due->held_back = newest.end > upstream && newest.end > head->watermark &&
		                 (head->start == LP_TIME_NONE || newest.start >= head->start);
	return true;
}

bool lp_schedule_next(const struct lp_batch_head *head, lp_time tick, lp_time *next, struct lp_error *error)
{
	const struct lp_zone *zone;
	if (!lp_zone_find(head->schedule.zone, &zone, error))
		return false;
	*next = LP_TIME_NONE;
	lp_time from = minus(tick, head->schedule.delay);
	if (head->watermark > from)
		from = head->watermark;
	if (head->start != LP_TIME_NONE && first_end_to_try(head) > from)
		from = first_end_to_try(head);
	struct lp_window window = { .end = from };
	do {
		if (!lp_window_ending_after(&head->schedule, zone, window.end, &window))
			return true;
	} while (head->start != LP_TIME_NONE && window.start < head->start);
	lp_time due;
	if (!__builtin_add_overflow(window.end, head->schedule.delay, &due) && due <= LP_TIME_MAX)
		*next = due;
	return true;
}
