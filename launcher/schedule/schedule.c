/*
 * Finds the windows of a batch that are due. Knows windows and watermarks; no
 * store, no clock, no calculations.
 */
#include "schedule/schedule.h"

#include <assert.h>

enum { COUNTED_MOST = 1000 };

/* Returns t - delay, within the years that windows exist in. */
static lp_time minus(lp_time t, int64_t delay)
{
	lp_time earlier;
	if (__builtin_sub_overflow(t, delay, &earlier) || earlier < LP_TIME_MIN)
		return LP_TIME_MIN;
	return earlier;
}

/* Returns where to search from for the first window that does not begin before start. */
static lp_time first_end_to_try(const struct lp_batch_head *head, const struct lp_zone *zone)
{
	int64_t least, most;
	lp_time end;
	lp_window_bounds(&head->schedule, zone, &least, &most);
	if (__builtin_add_overflow(head->start, least - 1, &end))
		return LP_TIME_MAX;
	return end;
}

/* Returns where to search from for the first window after the watermark. */
static lp_time first_to_try(const struct lp_batch_head *head, const struct lp_zone *zone)
{
	lp_time earliest = head->start == LP_TIME_NONE ? LP_TIME_NONE : first_end_to_try(head, zone);
	return head->watermark > earliest ? head->watermark : earliest;
}

/*
 * Collects the windows after the one that ended at `last`, up to cap. At most
 * COUNTED_MOST beyond `most` are counted one by one: for a start years back,
 * counting would take longer than computing.
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

/*
 * Without watermark and start, a calculation begins with the newest window. One
 * that skips missed windows goes on with it.
 */
static void collect_newest(const struct lp_batch_head *head, const struct lp_zone *zone, lp_time cap, size_t most,
                           struct lp_due *due)
{
	struct lp_window window;
	if (!lp_window_ending_by(&head->schedule, zone, cap, &window) || window.end <= head->watermark ||
	    (head->start != LP_TIME_NONE && window.start < head->start))
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
	bool newest_only = head->watermark == LP_TIME_NONE && head->start == LP_TIME_NONE;
	if (newest_only || head->schedule.missed == LP_MISSED_SKIP) {
		if (cap != LP_TIME_NONE)
			collect_newest(head, zone, cap, most, due);
	} else {
		collect(head, zone, first_to_try(head, zone), cap, most, due);
	}

	struct lp_window newest;
	if (upstream < ended && lp_window_ending_by(&head->schedule, zone, ended, &newest))
		due->held_back = newest.end > upstream && newest.end > head->watermark &&
		                 (head->start == LP_TIME_NONE || newest.start >= head->start);
	return true;
}

/* Finds the next window after window->end that does not begin before start. */
static bool next_window(const struct lp_batch_head *head, const struct lp_zone *zone, struct lp_window *window)
{
	do {
		if (!lp_window_ending_after(&head->schedule, zone, window->end, window))
			return false;
	} while (head->start != LP_TIME_NONE && window->start < head->start);
	return true;
}

bool lp_schedule_to_come(const struct lp_batch_head *head, const struct lp_zone *zone, lp_time tick,
                         struct lp_window *window)
{
	lp_time ended = minus(tick, head->schedule.delay);
	/* Without watermark and start it will begin with the newest window, whenever that is. */
	if (head->watermark == LP_TIME_NONE && head->start == LP_TIME_NONE)
		return lp_window_ending_by(&head->schedule, zone, ended, window) ||
		       lp_window_ending_after(&head->schedule, zone, ended, window);
	window->end = first_to_try(head, zone);
	return next_window(head, zone, window);
}

/* Windows that are due and ready, from the first one on. */
struct ready_windows {
	struct lp_window first, last;
	uint64_t count; /* up to one more than the limit */
	bool all;       /* none of those looked at is unready */
};

static struct ready_windows count_ready(const struct lp_batch_head *head, const struct lp_zone *zone, lp_time cap,
                                        uint64_t limit, const struct lp_readiness *ready)
{
	struct ready_windows found = { .first.end = LP_TIME_MAX, .last.end = LP_TIME_NONE, .all = true };
	struct lp_window window = { .end = first_to_try(head, zone) };
	while ((limit == 0 || found.count <= limit) && next_window(head, zone, &window) && window.end <= cap) {
		if (found.count == 0)
			found.first = window;
		if (ready != NULL && !ready->is_ready(ready->context, head, &window)) {
			found.all = false;
			break;
		}
		found.last = window;
		found.count++;
	}
	return found;
}

void lp_schedule_choose(const struct lp_batch_head *head, const struct lp_zone *zone, lp_time cap, uint64_t limit,
                        const struct lp_readiness *ready, struct lp_choice *choice)
{
	struct lp_window window, lowest = { 0, 0 };
	*choice = (struct lp_choice){ .until = cap };
	if (limit == 0 && ready == NULL)
		return;
	const struct ready_windows oldest = count_ready(head, zone, cap, limit, ready);
	uint64_t newest = 0;
	if (oldest.all && (limit == 0 || oldest.count <= limit))
		return;
	bool found = lp_window_ending_by(&head->schedule, zone, cap, &window);
	while (found && window.end >= oldest.first.end && (limit == 0 || newest < limit) &&
	       (ready == NULL || ready->is_ready(ready->context, head, &window))) {
		lowest = window;
		newest++;
		found = lp_window_ending_by(&head->schedule, zone, window.end - 1, &window);
	}
	if (newest == 0)
		choice->until = oldest.last.end;
	else if (found && lowest.end > oldest.first.end) {
		choice->leaves = true;
		choice->later = (struct lp_window_range){ .after_end = oldest.first.end - 1,
			                                  .until_end = window.end,
			                                  .window_start = oldest.first.start };
		if (lp_window_ending_by(&head->schedule, zone, oldest.first.end - 1, &window))
			choice->later.after_end = window.end;
	}
}

/* Returns how far from the end of a window the end of its range may lie: [*least, *most]. */
static void shift_bounds(const struct lp_zone *zone, struct lp_span shift, int64_t *least, int64_t *most)
{
	struct lp_span forwards = { shift.count < 0 ? -shift.count : shift.count, shift.unit };
	int64_t shortest, longest;
	lp_span_bounds(zone, forwards, &shortest, &longest);
	*least = shift.count < 0 ? -longest : shortest;
	*most = shift.count < 0 ? -shortest : longest;
}

/* Finds the window before one; false: there is none. */
static bool window_before(const struct lp_schedule *schedule, const struct lp_zone *zone, struct lp_window *window)
{
	return lp_window_ending_by(schedule, zone, window->end - 1, window);
}

/* True for months, quarters and years. */
static bool is_of_months(struct lp_span span)
{
	return span.count != 0 && span.unit >= LP_UNIT_MONTH;
}

/*
 * Returns how far the range of a window may lie before that of an earlier
 * window: as far as clocks are put back, and a day more if a missing day of a
 * month becomes its last one.
 */
static int64_t disorder_at(const struct lp_zone *zone, struct lp_span shift, lp_time end)
{
	int64_t shortest, longest;
	struct lp_civil civil;
	lp_span_bounds(zone, (struct lp_span){ 1, LP_UNIT_DAY }, &shortest, &longest);
	if (!is_of_months(shift))
		return LP_DAY - shortest;
	lp_civil_from_local(end + lp_zone_offset(zone, end, NULL), &civil);
	return LP_DAY - shortest + (civil.day >= 3 && civil.day <= 27 ? 0 : LP_DAY);
}

/* Bisects as long as so much may lie between the bounds. */
#define BY_HALVES (16 * LP_MINUTE)

/*
 * Returns a time not long before the first window whose range ends after `time`:
 * no window that ends by then has such a range.
 */
static lp_time skip_before(const struct lp_schedule *schedule, const struct lp_zone *zone,
                           const struct lp_input_extent *extent, lp_time time, lp_time low, lp_time high)
{
	struct lp_window window, range;
	while (high - low > BY_HALVES) {
		lp_time middle = low + (high - low) / 2;
		if (!lp_window_ending_by(schedule, zone, middle, &window) ||
		    (window.end > low &&
		     (!lp_input_range(schedule, zone, window, extent->window, extent->shift, &range) ||
		      range.end > time - disorder_at(zone, extent->shift, window.end))))
			high = middle;
		else
			low = middle;
	}
	return low;
}

/*
 * Returns a time not long after the last window whose range starts at or before
 * `time`: no window that ends later has such a range.
 */
static lp_time skip_after(const struct lp_schedule *schedule, const struct lp_zone *zone,
                          const struct lp_input_extent *extent, lp_time time, lp_time low, lp_time high)
{
	struct lp_window window, range;
	/* Such a range may start on another day of the month. */
	if (is_of_months(extent->window) || is_of_months(schedule->window))
		return high;
	while (high - low > BY_HALVES) {
		lp_time middle = low + (high - low) / 2;
		if (!lp_window_ending_after(schedule, zone, middle, &window) ||
		    (window.end <= high &&
		     (!lp_input_range(schedule, zone, window, extent->window, extent->shift, &range) ||
		      range.start <= time + 2 * disorder_at(zone, extent->shift, window.end))))
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* Finds the first window whose range ends after a time. */
static bool first_past(const struct lp_schedule *schedule, const struct lp_zone *zone,
                       const struct lp_input_extent *extent, lp_time time, struct lp_window *window)
{
	struct lp_window range;
	int64_t least, most;
	lp_time from;
	shift_bounds(zone, extent->shift, &least, &most);
	from = minus(time, most);
	if (most - least > BY_HALVES && most < LP_TIME_MAX)
		from = skip_before(schedule, zone, extent, time, from, minus(time, least));
	if (!lp_window_ending_after(schedule, zone, from, window))
		return false;
	while (!lp_input_range(schedule, zone, *window, extent->window, extent->shift, &range) || range.end <= time)
		if (!lp_window_ending_after(schedule, zone, window->end, window))
			return false;
	return true;
}

/* Finds the last window whose range starts at or before a time. */
static bool last_from(const struct lp_schedule *schedule, const struct lp_zone *zone,
                      const struct lp_input_extent *extent, lp_time time, struct lp_window *window)
{
	struct lp_window range;
	int64_t least, most, shortest, longest;
	lp_time latest;
	shift_bounds(zone, extent->shift, &least, &most);
	if (extent->window.count != 0)
		lp_span_bounds(zone, extent->window, &shortest, &longest);
	else
		lp_window_bounds(schedule, zone, &shortest, &longest);
	if (__builtin_add_overflow(time, longest - least, &latest) || latest > LP_TIME_MAX)
		latest = LP_TIME_MAX;
	if (most - least > BY_HALVES && most < LP_TIME_MAX)
		latest = skip_after(schedule, zone, extent, time, minus(latest, most - least), latest);
	if (!lp_window_ending_by(schedule, zone, latest, window))
		return false;
	while (!lp_input_range(schedule, zone, *window, extent->window, extent->shift, &range) || range.start > time)
		if (!window_before(schedule, zone, window))
			return false;
	return true;
}

lp_time lp_schedule_reads_before(const struct lp_schedule *schedule, const struct lp_zone *zone,
                                 const struct lp_input_extent *extent, lp_time time)
{
	struct lp_window window;
	if (extent->shift.count == 0 || time >= LP_TIME_MAX)
		return time;
	return first_past(schedule, zone, extent, time, &window) ? window.end - 1 : LP_TIME_MAX;
}

bool lp_schedule_affected(const struct lp_schedule *schedule, const struct lp_zone *zone,
                          const struct lp_input_extent *extent, lp_time first, lp_time last,
                          struct lp_window_range *affected)
{
	struct lp_window earliest, latest, before;
	lp_time until;
	first = first < LP_TIME_MIN ? LP_TIME_MIN : first;
	if (__builtin_add_overflow(last, extent->lookback, &until) || until > LP_TIME_MAX)
		until = LP_TIME_MAX;
	if (first > until || !first_past(schedule, zone, extent, first, &earliest) ||
	    !last_from(schedule, zone, extent, until, &latest) || latest.end < earliest.end)
		return false;
	/* From the window before, so that ranges of adjacent windows touch. */
	before = earliest;
	*affected = (struct lp_window_range){
		.after_end = window_before(schedule, zone, &before) ? before.end : earliest.end - 1,
		.until_end = latest.end,
		.window_start = earliest.start,
	};
	return true;
}

void lp_schedule_affected_about(const struct lp_schedule *schedule, const struct lp_input_extent *extent, lp_time first,
                                lp_time last, struct lp_window_range *affected)
{
	/* The date line has moved across islands. */
	const int64_t jump = 2 * LP_DAY;
	struct lp_span forwards = { extent->shift.count < 0 ? -extent->shift.count : extent->shift.count,
		                    extent->shift.unit };
	int64_t longest = lp_span_limit(extent->window.count != 0 ? extent->window : schedule->window);
	int64_t far = extent->shift.count == 0 ? 0 : lp_span_limit(forwards);
	int64_t near = extent->shift.count == 0 ? 0 : lp_span_about(forwards) - jump;
	*affected = (struct lp_window_range){ .after_end = minus(first, extent->shift.count < 0 ? -near : far) };
	if (__builtin_add_overflow(last, extent->lookback, &affected->until_end) ||
	    __builtin_add_overflow(affected->until_end, longest, &affected->until_end) ||
	    __builtin_add_overflow(affected->until_end, extent->shift.count < 0 ? far : -near, &affected->until_end) ||
	    affected->until_end > LP_TIME_MAX)
		affected->until_end = LP_TIME_MAX;
	affected->window_start = minus(affected->after_end, lp_span_limit(schedule->window));
}

bool lp_schedule_clip(const struct lp_schedule *schedule, const struct lp_zone *zone, lp_time start, lp_time from,
                      lp_time until, struct lp_window_range *affected)
{
	struct lp_window first, last;
	if (from > affected->after_end)
		affected->after_end = from;
	if (until < affected->until_end)
		affected->until_end = until;
	if (affected->until_end <= affected->after_end ||
	    !lp_window_ending_by(schedule, zone, affected->until_end, &last) || last.end <= affected->after_end)
		return false;
	first = (struct lp_window){ .end = affected->after_end };
	do {
		affected->after_end = first.end;
		if (!lp_window_ending_after(schedule, zone, first.end, &first) || first.end > last.end)
			return false;
	} while (start != LP_TIME_NONE && first.start < start);
	affected->window_start = first.start;
	affected->until_end = last.end;
	return true;
}

uint64_t lp_schedule_count(const struct lp_schedule *schedule, const struct lp_zone *zone, lp_time from, lp_time to)
{
	struct lp_window window = { .end = from };
	lp_time first = LP_TIME_NONE;
	uint64_t count = 0;
	while (lp_window_ending_after(schedule, zone, window.end, &window) && window.end <= to) {
		if (count == 0)
			first = window.end;
		if (++count == COUNTED_MOST) {
			double step = (double)(window.end - first) / (COUNTED_MOST - 1);
			return count + (uint64_t)((double)(to - window.end) / step + 1e-9);
		}
	}
	return count;
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
	if (head->start != LP_TIME_NONE && first_end_to_try(head, zone) > from)
		from = first_end_to_try(head, zone);
	struct lp_window window = { .end = from };
	if (!next_window(head, zone, &window))
		return true;
	lp_time due;
	if (!__builtin_add_overflow(window.end, head->schedule.delay, &due) && due <= LP_TIME_MAX)
		*next = due;
	return true;
}

uint64_t lp_schedule_pruned(const struct lp_calculation *calculation, const struct lp_zone *zone, lp_time from,
                            lp_time to)
{
	lp_time begin = from;
	uint64_t windows = 0;
	/*
	 * Ranges of inputs may overlap. Each step takes the range that begins first,
	 * from where those before it ended.
	 */
	while (begin < to) {
		struct lp_window_range next = { .after_end = LP_TIME_MAX };
		for (size_t i = 0; i < calculation->input_count; i++) {
			const struct lp_input *input = &calculation->inputs[i];
			const struct lp_input_extent extent = { .window = input->window, .shift = input->shift };
			struct lp_window_range affected;
			if (input->pruned.start >= input->pruned.end ||
			    !lp_schedule_affected(&calculation->schedule, zone, &extent, input->pruned.start,
			                          input->pruned.end - 1, &affected) ||
			    affected.until_end <= begin)
				continue;
			if (affected.after_end < begin)
				affected.after_end = begin;
			if (affected.after_end < next.after_end ||
			    (affected.after_end == next.after_end && affected.until_end > next.until_end))
				next = affected;
		}
		if (next.after_end >= to)
			break;
		if (next.until_end > to)
			next.until_end = to;
		windows += lp_schedule_count(&calculation->schedule, zone, next.after_end, next.until_end);
		begin = next.until_end;
	}
	return windows;
}
