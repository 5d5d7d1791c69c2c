/* See selection.h. */
#include "command/selection.h"
#include "model/order.h"
#include "text/utf8.h"

#include <stdlib.h>
#include <string.h>

static bool keep(void *context, const struct lp_calculation *from, struct lp_error *error)
{
	struct lp_selection *selection = context;
	struct lp_selected *item;
	(void)error;
	LP_GROW(selection->items, selection->count, selection->capacity);
	item = &selection->items[selection->count++];
	*item = (struct lp_selected){ .calculation = *from, .watermark = LP_TIME_NONE };
	item->calculation.name = lp_arena_text(&selection->arena, from->name);
	item->calculation.rule = lp_arena_text(&selection->arena, from->rule);
	/* Only the parts of inputs and outputs that say which series and when: their texts belong to the store. */
	item->calculation.inputs = lp_arena_zeroed(&selection->arena, from->input_count, sizeof *from->inputs);
	item->calculation.outputs = lp_arena_zeroed(&selection->arena, from->output_count, sizeof *from->outputs);
	for (size_t i = 0; i < from->input_count; i++)
		item->calculation.inputs[i] = (struct lp_input){ .series_id = from->inputs[i].series_id,
			                                         .window = from->inputs[i].window,
			                                         .shift = from->inputs[i].shift,
			                                         .pruned = from->inputs[i].pruned,
			                                         .lookback = from->inputs[i].lookback };
	for (size_t i = 0; i < from->output_count; i++)
		item->calculation.outputs[i].series_id = from->outputs[i].series_id;
	return true;
}

static int compare_id(const void *a, const void *b)
{
	int64_t left = ((const struct lp_selected *)a)->calculation.id;
	int64_t right = ((const struct lp_selected *)b)->calculation.id;
	return lp_compare(left, right);
}

static int compare_rank(const void *a, const void *b)
{
	int32_t left = ((const struct lp_selected *)a)->calculation.rank;
	int32_t right = ((const struct lp_selected *)b)->calculation.rank;
	return left != right ? (left < right ? -1 : 1) : compare_id(a, b);
}

struct lp_selected *lp_selection_find(const struct lp_selection *selection, int64_t id)
{
	const struct lp_selected wanted = { .calculation = { .id = id } };
	if (selection->count == 0)
		return NULL;
	return bsearch(&wanted, selection->items, selection->count, sizeof wanted, compare_id);
}

/* The watermark of a calculation is known by its state only. */
static bool note_watermark(void *context, const struct lp_status *status, struct lp_error *error)
{
	struct lp_selected *item = lp_selection_find(context, status->calculation.id);
	(void)error;
	if (item != NULL)
		item->watermark = status->watermark;
	return true;
}

struct match {
	struct lp_selection *selection;
	size_t found;
};

static bool mark_named(void *context, const struct lp_status *status, struct lp_error *error)
{
	struct match *match = context;
	struct lp_selected *item = lp_selection_find(match->selection, status->calculation.id);
	(void)error;
	if (item != NULL) {
		match->selection->named += !item->named;
		item->named = true;
	}
	match->found++;
	return true;
}

static bool choose(struct lp_selection *selection, struct lp_store *store, const char *pattern, const char *rule,
                   struct lp_error *error)
{
	struct lp_status_filter filter = { .name = pattern, .rule = rule };
	struct match match = { .selection = selection };
	if (!lp_store_each_status(store, &filter, mark_named, &match, error))
		return false;
	if (match.found > 0)
		return true;
	char *of_rule = lp_format_text("%s%s", rule == NULL ? "" : " of the rule ", rule == NULL ? "" : rule);
	if (pattern != NULL)
		lp_fail(error, LP_EXIT_DATA, "there is no calculation \"%.*s\"%s", LP_CUT(300, pattern), of_rule);
	else
		lp_fail(error, LP_EXIT_DATA, "there is no calculation%s", of_rule);
	free(of_rule);
	return lp_hint(error, "`local-processing status` lists all; * and ? stand for any characters.");
}

/*
 * Another calculation's results may end later than its own last window. Up to
 * the next window they belong to no calculation; from there on runs may be
 * writing already.
 */
static void look_beyond_watermark(struct lp_selected *item, lp_time until_end)
{
	const struct lp_schedule *schedule = &item->calculation.schedule;
	const struct lp_zone *zone;
	struct lp_window next;
	struct lp_error ignored;
	if (item->watermark == LP_TIME_NONE || until_end <= item->watermark ||
	    !lp_zone_find(schedule->zone, &zone, &ignored) ||
	    !lp_window_ending_after(schedule, zone, item->watermark, &next))
		return;
	item->behind = until_end >= next.end;
	item->outdated_until = item->behind ? next.end - 1 : until_end;
}

static bool note_outdated(void *context, const struct lp_outdated *outdated, struct lp_error *error)
{
	struct lp_selection *selection = context;
	struct lp_selected *item = lp_selection_find(selection, outdated->calculation_id);
	(void)error;
	selection->disabled += !outdated->enabled;
	selection->owed += outdated->enabled && outdated->owed;
	if (item == NULL || !outdated->enabled || outdated->owed)
		return true;
	item->stale = true;
	item->other_windows = outdated->other_windows;
	item->moves = strstr(outdated->reason, "result_time") != NULL;
	item->outdated_noted = outdated->noted;
	item->outdated_after = outdated->after_end;
	item->outdated_until = outdated->until_end < item->watermark ? outdated->until_end : item->watermark;
	if (item->other_windows)
		look_beyond_watermark(item, outdated->until_end);
	return true;
}

/* Loads all calculations by id, with their watermarks and what is outdated of them. */
static bool load(struct lp_selection *selection, struct lp_store *store, struct lp_error *error)
{
	const struct lp_status_filter all = { .failed = false };
	bool ok;
	*selection = (struct lp_selection){ .count = 0 };
	ok = lp_store_each_calculation(store, keep, selection, error);
	if (ok && selection->count > 0) {
		qsort(selection->items, selection->count, sizeof *selection->items, compare_id);
		ok = lp_store_each_status(store, &all, note_watermark, selection, error) &&
		     lp_store_each_outdated(store, note_outdated, selection, error);
	}
	return ok;
}

bool lp_selection_choose(struct lp_selection *selection, struct lp_store *store, const char *const *patterns,
                         size_t count, const char *rule, struct lp_error *error)
{
	bool ok = load(selection, store, error);
	if (ok && count == 0)
		ok = choose(selection, store, NULL, rule, error);
	for (size_t i = 0; i < count && ok; i++)
		ok = choose(selection, store, patterns[i], rule, error);
	return ok;
}

bool lp_selection_choose_outdated(struct lp_selection *selection, struct lp_store *store, struct lp_error *error)
{
	if (!load(selection, store, error))
		return false;
	for (size_t i = 0; i < selection->count; i++) {
		struct lp_selected *item = &selection->items[i];
		item->named = item->outdated = item->stale;
		selection->named += item->stale;
	}
	return true;
}

/* A series and the calculation that writes it; sorted by series. */
struct written_series {
	int64_t series_id;
	const struct lp_selected *writer;
};

static int compare_written(const void *a, const void *b)
{
	int64_t left = ((const struct written_series *)a)->series_id,
		right = ((const struct written_series *)b)->series_id;
	return lp_compare(left, right);
}

static struct written_series *list_written(struct lp_selection *selection, size_t *count)
{
	struct written_series *written;
	*count = 0;
	for (size_t i = 0; i < selection->count; i++)
		*count += selection->items[i].calculation.output_count;
	written = lp_arena_zeroed(&selection->arena, *count, sizeof *written);
	*count = 0;
	for (size_t i = 0; i < selection->count; i++) {
		const struct lp_calculation *calculation = &selection->items[i].calculation;
		for (size_t k = 0; k < calculation->output_count; k++)
			written[(*count)++] = (struct written_series){ .series_id = calculation->outputs[k].series_id,
				                                       .writer = &selection->items[i] };
	}
	if (*count > 0)
		qsort(written, *count, sizeof *written, compare_written);
	return written;
}

static void add_windows(struct lp_selected *item, const struct lp_window_range *windows)
{
	struct lp_window_range *all = &item->windows;
	if (!item->selected) {
		item->selected = true;
		*all = *windows;
		return;
	}
	all->after_end = windows->after_end < all->after_end ? windows->after_end : all->after_end;
	all->window_start = windows->window_start < all->window_start ? windows->window_start : all->window_start;
	all->until_end = windows->until_end > all->until_end ? windows->until_end : all->until_end;
}

/* Leaves only settled windows that do not begin before `start`. */
static bool clip(const struct lp_selected *item, const struct lp_zone *zone, struct lp_window_range *windows)
{
	return item->watermark != LP_TIME_NONE && item->calculation.enabled &&
	       lp_schedule_clip(&item->calculation.schedule, zone, item->calculation.start, LP_TIME_MIN,
	                        item->watermark, windows);
}

/* Selects the windows of a calculation that was named. */
static void select_own(struct lp_selected *item, const struct lp_zone *zone, lp_time from, lp_time to)
{
	const struct lp_input_extent whole = { .lookback = 0 };
	struct lp_window_range touched = { .after_end = item->outdated_after, .until_end = item->outdated_until };
	/* The result at `from` may belong to the window that ends there. */
	lp_time first = from - (item->calculation.result_time == LP_RESULT_AT_END ? 1 : 0);
	if (!item->outdated) {
		if (lp_schedule_affected(&item->calculation.schedule, zone, &whole, first, to - 1, &touched))
			add_windows(item, &touched);
		return;
	}
	item->has_own = clip(item, zone, &touched);
	item->own = touched;
	if (item->has_own)
		add_windows(item, &touched);
}

bool lp_selection_covers(const struct lp_selected *item)
{
	struct lp_window_range touched = { .after_end = item->outdated_after, .until_end = item->outdated_until };
	const struct lp_zone *zone;
	struct lp_error ignored;
	return item->selected && item->stale && !item->other_windows &&
	       lp_zone_find(item->calculation.schedule.zone, &zone, &ignored) && clip(item, zone, &touched) &&
	       item->windows.after_end <= touched.after_end && item->windows.until_end >= touched.until_end;
}

/* Finds the times at which results of a writer may change. False: there are none. */
static bool changing_results(const struct lp_selected *item, lp_time *first, lp_time *last)
{
	bool at_end = item->calculation.result_time == LP_RESULT_AT_END;
	bool changes = item->selected;
	*first = item->windows.window_start;
	*last = item->windows.until_end - (at_end ? 0 : 1);
	if (item->outdated && item->outdated_until > item->outdated_after) {
		*first = !changes || item->outdated_after < *first ? item->outdated_after : *first;
		*last = !changes || item->outdated_until > *last ? item->outdated_until : *last;
		changes = true;
	}
	return changes;
}

static void select_reader(struct lp_selected *item, const struct lp_zone *zone, const struct lp_input *input,
                          const struct lp_selected *writer)
{
	struct lp_window_range touched;
	lp_time first, last;
	if (changing_results(writer, &first, &last) &&
	    lp_schedule_affected(&item->calculation.schedule, zone, LP_EXTENT_OF(input), first, last, &touched))
		add_windows(item, &touched);
}

static const struct lp_selected *find_writer(const struct written_series *written, size_t count, int64_t series_id)
{
	const struct written_series wanted = { .series_id = series_id };
	const struct written_series *found =
		count == 0 ? NULL : bsearch(&wanted, written, count, sizeof wanted, compare_written);
	return found == NULL ? NULL : found->writer;
}

bool lp_selection_windows(struct lp_selection *selection, lp_time from, lp_time to, bool dependants,
                          struct lp_error *error)
{
	(void)error;
	size_t written_count;
	/* Sorted by rank, a writer comes before its readers. */
	if (selection->count > 0)
		qsort(selection->items, selection->count, sizeof *selection->items, compare_rank);
	const struct written_series *written = list_written(selection, &written_count);
	for (size_t i = 0; i < selection->count; i++) {
		struct lp_selected *item = &selection->items[i];
		const struct lp_zone *zone;
		struct lp_error ignored;
		if (!lp_zone_find(item->calculation.schedule.zone, &zone, &ignored)) {
			selection->without_zone += item->named;
			item->selected = false;
			continue;
		}
		if (item->named)
			select_own(item, zone, from, to);
		for (size_t k = 0; k < item->calculation.input_count && dependants; k++) {
			const struct lp_input *input = &item->calculation.inputs[k];
			const struct lp_selected *writer = find_writer(written, written_count, input->series_id);
			/* The writer has a lower rank, so its windows are selected already. */
			if (writer != NULL)
				select_reader(item, zone, input, writer);
		}
		if (item->selected && !clip(item, zone, &item->windows))
			item->selected = false;
	}
	return true;
}

void lp_selection_free(struct lp_selection *selection)
{
	free(selection->items);
	lp_arena_free(&selection->arena);
	*selection = (struct lp_selection){ .count = 0 };
}
