/*
 * Finds which samples will still be read. It begins with what is owed and what
 * follows from it: results that are computed again may change, so their readers
 * are computed again too. Then each reader of a series is asked for the first
 * window that it has still to compute.
 *
 * Runs in the main process, in its main thread.
 */
#include "pipeline/needs.h"

#include "model/order.h"
#include "schedule/schedule.h"

#include <stdlib.h>

enum { AT_ONCE = 1000 };

/* The first sample of a series that has changed or may change. */
struct changed {
	int64_t series_id;
	lp_time first;
};

struct lp_needs {
	struct lp_store *store;
	lp_time now;
	struct lp_arena arena;
	struct lp_debt *debts; /* by calculation, one each */
	size_t debt_count, debt_capacity;
	struct changed *changed; /* by series, one each once they are sorted */
	size_t changed_count, changed_capacity;
	struct lp_debt *found; /* what followed from `changed`; becomes debts */
	size_t found_count, found_capacity;
};

static int compare_debts(const void *a, const void *b)
{
	const struct lp_debt *left = a, *right = b;
	int order = lp_compare(left->calculation_id, right->calculation_id);
	return order != 0 ? order : lp_compare(left->after_end, right->after_end);
}

static int compare_changed(const void *a, const void *b)
{
	const struct changed *left = a, *right = b;
	int order = lp_compare(left->series_id, right->series_id);
	return order != 0 ? order : lp_compare(left->first, right->first);
}

static const struct lp_debt *find_debt(const struct lp_needs *needs, int64_t calculation_id)
{
	size_t at = LP_LOWER_BOUND(needs->debt_count, i, needs->debts[i].calculation_id < calculation_id);
	bool found = at < needs->debt_count && needs->debts[at].calculation_id == calculation_id;
	return found ? &needs->debts[at] : NULL;
}

static bool keep_debt(void *context, const struct lp_debt *debt, struct lp_error *error)
{
	struct lp_needs *needs = context;
	(void)error;
	LP_GROW(needs->found, needs->found_count, needs->found_capacity);
	needs->found[needs->found_count++] = *debt;
	return true;
}

static void keep_changed(struct lp_needs *needs, int64_t series_id, lp_time first)
{
	LP_GROW(needs->changed, needs->changed_count, needs->changed_capacity);
	needs->changed[needs->changed_count++] = (struct changed){ .series_id = series_id, .first = first };
}

static bool keep_noted(void *context, const struct lp_changed *changed, struct lp_error *error)
{
	(void)error;
	keep_changed(context, changed->series_id, changed->first);
	return true;
}

/* Sorts, and keeps the first change of each series: its first window is computed first. */
static void sort_changed(struct lp_needs *needs)
{
	size_t kept = 0;
	if (needs->changed_count > 0)
		qsort(needs->changed, needs->changed_count, sizeof *needs->changed, compare_changed);
	for (size_t i = 0; i < needs->changed_count; i++)
		if (kept == 0 || needs->changed[kept - 1].series_id != needs->changed[i].series_id)
			needs->changed[kept++] = needs->changed[i];
	needs->changed_count = kept;
}

/* Turns what was found into debts, and keeps in `found` only calculations that owe more than before. */
static void add_found(struct lp_needs *needs)
{
	size_t news = 0, old = needs->debt_count;
	if (needs->found_count > 0)
		qsort(needs->found, needs->found_count, sizeof *needs->found, compare_debts);
	for (size_t i = 0; i < needs->found_count; i++) {
		const struct lp_debt *found = &needs->found[i];
		const struct lp_debt *known = find_debt(needs, found->calculation_id);
		bool again = news > 0 && needs->found[news - 1].calculation_id == found->calculation_id;
		if (!again && (known == NULL || found->after_end < known->after_end))
			needs->found[news++] = *found;
	}
	needs->found_count = news;
	for (size_t i = 0; i < news; i++) {
		LP_GROW(needs->debts, needs->debt_count, needs->debt_capacity);
		needs->debts[needs->debt_count++] = needs->found[i];
	}
	if (needs->debt_count == old)
		return;
	qsort(needs->debts, needs->debt_count, sizeof *needs->debts, compare_debts);
	size_t kept = 0;
	for (size_t i = 0; i < needs->debt_count; i++)
		if (kept == 0 || needs->debts[kept - 1].calculation_id != needs->debts[i].calculation_id)
			needs->debts[kept++] = needs->debts[i];
	needs->debt_count = kept;
}

/* The results may change from the first owed window on. */
static void change_outputs(struct lp_needs *needs, const struct lp_calculation *calculation)
{
	const struct lp_debt *debt = find_debt(needs, calculation->id);
	const struct lp_zone *zone;
	struct lp_window window;
	struct lp_error ignored;
	if (debt == NULL || !lp_zone_find(calculation->schedule.zone, &zone, &ignored) ||
	    !lp_window_ending_after(&calculation->schedule, zone, debt->after_end, &window))
		return;
	for (size_t i = 0; i < calculation->output_count; i++)
		keep_changed(needs, calculation->outputs[i].series_id, window.start);
}

/* Marks the outputs of the calculations that were found. */
static bool change_found(struct lp_needs *needs, struct lp_error *error)
{
	struct lp_batch *batch = lp_batch_new(NULL);
	bool ok = true;
	for (size_t first = 0; first < needs->found_count && ok; first += AT_ONCE) {
		int64_t ids[AT_ONCE];
		size_t count = needs->found_count - first < AT_ONCE ? needs->found_count - first : AT_ONCE;
		for (size_t i = 0; i < count; i++)
			ids[i] = needs->found[first + i].calculation_id;
		lp_batch_empty(batch);
		ok = lp_store_read_calculations(needs->store, ids, count, batch, error);
		for (size_t i = 0; ok && i < batch->calculation_count; i++)
			change_outputs(needs, &batch->calculations[i]);
	}
	lp_batch_free(batch);
	needs->found_count = 0;
	return ok;
}

static lp_time first_change(const struct lp_needs *needs, int64_t series_id)
{
	return needs->changed[LP_LOWER_BOUND(needs->changed_count, i, needs->changed[i].series_id < series_id)].first;
}

/* Adds settled windows only: those after them are the reader's next ones anyway. */
static bool follow(void *context, const struct lp_need *need, struct lp_error *error)
{
	struct lp_needs *needs = context;
	lp_time first = first_change(needs, need->series_id);
	const struct lp_zone *zone;
	struct lp_window_range affected;
	struct lp_error ignored;
	if (need->watermark == LP_TIME_NONE || !lp_zone_find(need->schedule.zone, &zone, &ignored) ||
	    !lp_schedule_affected(&need->schedule, zone, LP_EXTENT_OF(need), first, first, &affected) ||
	    affected.after_end >= need->watermark)
		return true;
	const struct lp_debt debt = { .calculation_id = need->calculation_id, .after_end = affected.after_end };
	return keep_debt(needs, &debt, error);
}

/* Finds the readers of what has changed. */
static bool follow_changed(struct lp_needs *needs, struct lp_error *error)
{
	bool ok = true;
	sort_changed(needs);
	for (size_t first = 0; first < needs->changed_count && ok; first += AT_ONCE) {
		int64_t ids[AT_ONCE];
		size_t count = needs->changed_count - first < AT_ONCE ? needs->changed_count - first : AT_ONCE;
		for (size_t i = 0; i < count; i++)
			ids[i] = needs->changed[first + i].series_id;
		ok = lp_store_each_need(needs->store, ids, count, follow, needs, error);
	}
	needs->changed_count = 0;
	return ok;
}

bool lp_needs_load(struct lp_store *store, lp_time now, struct lp_needs **loaded, struct lp_error *error)
{
	struct lp_needs *needs = lp_allocate(sizeof *needs);
	*needs = (struct lp_needs){ .store = store, .now = now };
	*loaded = needs;
	if (!lp_store_each_debt(store, keep_debt, needs, error) ||
	    !lp_store_each_changed(store, LP_TIME_MAX, keep_noted, needs, error))
		return false;
	add_found(needs);
	/* Terminates, because ranks order the calculations without a cycle. */
	while (needs->found_count > 0 || needs->changed_count > 0) {
		if (!change_found(needs, error) || !follow_changed(needs, error))
			return false;
		add_found(needs);
	}
	return true;
}

/* Finds the first window that a run will compute next. */
static bool next_window(const struct lp_needs *needs, const struct lp_need *need, const struct lp_zone *zone,
                        struct lp_window *window)
{
	const struct lp_schedule *schedule = &need->schedule;
	lp_time after = need->watermark;
	struct lp_window newest;
	bool due = lp_window_ending_by(schedule, zone, needs->now - schedule->delay, &newest);
	if (after == LP_TIME_NONE && need->start == LP_TIME_NONE) {
		*window = newest;
		return due && need->enabled;
	}
	if (need->start != LP_TIME_NONE && need->start > after)
		after = need->start;
	if (!lp_window_ending_after(schedule, zone, after, window))
		return false;
	if (schedule->missed == LP_MISSED_SKIP && due && newest.end > window->end)
		*window = newest;
	return true;
}

/* Returns what the window reads of the series; the range is empty if it falls outside the years 1 to 9999. */
static bool reads(const struct lp_need *need, const struct lp_zone *zone, struct lp_window window,
                  struct lp_needed *needed)
{
	struct lp_window range;
	if (!lp_input_range(&need->schedule, zone, window, need->window, need->shift, &range))
		return false;
	needed->window = window;
	needed->start = range.start;
	if (__builtin_sub_overflow(range.start, need->lookback, &needed->from))
		needed->from = LP_TIME_MIN;
	needed->before = need->lookback <= 0 ? 0 : need->lookback < LP_METER_LOOKBACK ? 1 : LP_METER_SAMPLES;
	return true;
}

/* Returns what a reader needs of the series. */
static struct lp_needed need_of(const struct lp_needs *needs, const struct lp_need *need)
{
	struct lp_needed needed = { .from = LP_TIME_MAX,
		                    .start = LP_TIME_MAX,
		                    .calculation_id = need->calculation_id,
		                    .reason = LP_NEED_NEXT,
		                    .enabled = need->enabled };
	const struct lp_debt *debt = find_debt(needs, need->calculation_id);
	const struct lp_zone *zone;
	struct lp_window window;
	struct lp_error ignored;
	if (!lp_zone_find(need->schedule.zone, &zone, &ignored)) {
		needed.from = needed.start = LP_TIME_MIN;
		needed.reason = LP_NEED_SCHEDULE;
		return needed;
	}
	if (next_window(needs, need, zone, &window))
		(void)reads(need, zone, window, &needed);
	struct lp_needed owed = needed;
	if (debt != NULL && lp_window_ending_after(&need->schedule, zone, debt->after_end, &window) &&
	    reads(need, zone, window, &owed) && owed.from < needed.from) {
		owed.reason = LP_NEED_OWED;
		return owed;
	}
	return needed;
}

struct asking {
	struct lp_needs *needs;
	const struct lp_prune_series *series;
	struct lp_needed *needed;
	size_t *places; /* of the series, by id */
	size_t count;
};

static int compare_places(const void *a, const void *b, void *context)
{
	const struct lp_prune_series *series = context;
	return lp_compare(series[*(const size_t *)a].series_id, series[*(const size_t *)b].series_id);
}

static struct lp_needed *place_of(const struct asking *asking, int64_t series_id)
{
	size_t at = LP_LOWER_BOUND(asking->count, i, asking->series[asking->places[i]].series_id < series_id);
	return &asking->needed[asking->places[at]];
}

static bool ask(void *context, const struct lp_need *need, struct lp_error *error)
{
	const struct asking *asking = context;
	struct lp_needed *known = place_of(asking, need->series_id);
	struct lp_needed needed = need_of(asking->needs, need);
	lp_time start = needed.start < known->start ? needed.start : known->start;
	int32_t before = needed.before > known->before ? needed.before : known->before;
	(void)error;
	if (needed.from < known->from) {
		needed.calculation = lp_arena_text(&asking->needs->arena, need->calculation);
		*known = needed;
	}
	known->start = start;
	known->before = before;
	return true;
}

/* Limits look-backs to the good samples that exist: all, if there are fewer than they ask for. */
static bool look_back(const struct asking *asking, struct lp_error *error)
{
	struct lp_last *lasts = lp_reallocate(NULL, asking->count + 1, sizeof *lasts);
	size_t *places = lp_reallocate(NULL, asking->count + 1, sizeof *places), count = 0;
	for (size_t i = 0; i < asking->count; i++) {
		const struct lp_needed *needed = &asking->needed[i];
		if (needed->before == 0 || needed->from >= needed->start || needed->from >= asking->series[i].before)
			continue;
		places[count] = i;
		lasts[count++] = (struct lp_last){ .series_id = asking->series[i].series_id,
			                           .first = needed->from,
			                           .beyond = needed->start,
			                           .number = needed->before };
	}
	bool ok = true;
	for (size_t i = 0; i < count && ok; i += AT_ONCE)
		ok = lp_store_find_lasts(asking->needs->store, lasts + i, count - i < AT_ONCE ? count - i : AT_ONCE,
		                         error);
	for (size_t i = 0; i < count && ok; i++)
		if (lasts[i].time != LP_TIME_NONE)
			asking->needed[places[i]].from = lasts[i].time;
	free(lasts);
	free(places);
	return ok;
}

bool lp_needs_of(struct lp_needs *needs, const struct lp_prune_series *series, size_t count, struct lp_needed *needed,
                 struct lp_error *error)
{
	struct asking asking = { .needs = needs, .series = series, .needed = needed, .count = count };
	size_t *places = lp_reallocate(NULL, count + 1, sizeof *places);
	int64_t *ids = lp_reallocate(NULL, count + 1, sizeof *ids);
	for (size_t i = 0; i < count; i++) {
		places[i] = i;
		ids[i] = series[i].series_id;
		needed[i] = (struct lp_needed){ .from = LP_TIME_MAX, .start = LP_TIME_MAX };
	}
	if (count > 0)
		qsort_r(places, count, sizeof *places, compare_places, (void *)(uintptr_t)series);
	asking.places = places;
	bool ok = lp_store_each_need(needs->store, ids, count, ask, &asking, error) && look_back(&asking, error);
	free(places);
	free(ids);
	return ok;
}

void lp_needs_free(struct lp_needs *needs)
{
	if (needs == NULL)
		return;
	free(needs->debts);
	free(needs->changed);
	free(needs->found);
	lp_arena_free(&needs->arena);
	free(needs);
}
