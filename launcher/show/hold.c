/* What calculations wait for, in words: see show.h. */
#include "model/order.h"
#include "show/show.h"

#include <stdlib.h>

/* A window that became due less than this long ago is being computed, or about to be. */
#define JUST_DUE (2 * LP_MINUTE)

const char *lp_hold_describe(const struct lp_hold *hold, const char *writer, bool others, const struct lp_zone *zone,
                             struct lp_arena *arena)
{
	struct lp_text text = { 0 };
	char end[40], on[40];
	const char *kept;
	lp_time_format(hold->window_end, zone, end);
	lp_text_addf(&text, "waits for '%s'%s: ", writer, others ? " and others" : "");
	switch (hold->kind) {
	case LP_HOLD_NOTHING:
		break;
	case LP_HOLD_NOT_OVER:
		lp_text_addf(&text, "its window to %s is not over", end);
		break;
	case LP_HOLD_NOT_COMPUTED:
		lp_text_addf(&text, "its window to %s is not computed yet", end);
		break;
	case LP_HOLD_PAST:
		lp_text_addf(&text, "it is still making up for its windows up to %s", end);
		break;
	}
	if (hold->kind != LP_HOLD_PAST && hold->goes_on != LP_TIME_NONE && hold->goes_on < LP_TIME_MAX) {
		lp_time_format(hold->goes_on, zone, on);
		lp_text_addf(&text, ", goes on at %s", on);
	}
	kept = lp_arena_copy(arena, text.data, text.length);
	lp_text_free(&text);
	return kept;
}

/* Holds that are worth showing. */
struct hold_list {
	struct lp_hold *items;
	size_t count, capacity;
	lp_time tick;
};

static bool keep_hold(void *context, const struct lp_hold *hold, struct lp_error *error)
{
	struct hold_list *holds = context;
	(void)error;
	if (hold->kind == LP_HOLD_NOT_COMPUTED && hold->goes_on == LP_TIME_NONE &&
	    hold->window_end > holds->tick - JUST_DUE)
		return true;
	LP_GROW(holds->items, holds->count, holds->capacity);
	holds->items[holds->count++] = *hold;
	return true;
}

/* Where the calculations of one held batch are added. */
struct wait_scan {
	const struct lp_hold *hold;
	const struct lp_zone *zone;
	struct lp_waits *waits;
};

/* Each calculation is added once, with the first writer that it waits for. */
static bool add_wait(void *context, const struct lp_edge *edge, struct lp_error *error)
{
	struct wait_scan *scan = context;
	struct lp_waits *waits = scan->waits;
	(void)error;
	if (edge->writer_batch != scan->hold->upstream ||
	    (waits->count > 0 && waits->items[waits->count - 1].calculation_id == edge->reader_id))
		return true;
	LP_GROW(waits->items, waits->count, waits->capacity);
	waits->items[waits->count++] = (struct lp_wait){
		.calculation_id = edge->reader_id,
		.reason = lp_hold_describe(scan->hold, edge->writer, false, scan->zone, &waits->arena),
	};
	return true;
}

static int compare_waits(const void *a, const void *b)
{
	int64_t left = ((const struct lp_wait *)a)->calculation_id;
	int64_t right = ((const struct lp_wait *)b)->calculation_id;
	return lp_compare(left, right);
}

bool lp_waits_find(struct lp_store *store, lp_time tick, const struct lp_zone *zone, struct lp_waits *waits,
                   struct lp_error *error)
{
	struct hold_list holds = { .tick = tick };
	*waits = (struct lp_waits){ .count = 0 };
	bool ok = lp_each_hold(store, tick, keep_hold, &holds, error);
	for (size_t i = 0; i < holds.count && ok; i++) {
		struct wait_scan scan = { .hold = &holds.items[i], .zone = zone, .waits = waits };
		ok = lp_store_each_edge(store, holds.items[i].batch_id, 0, add_wait, &scan, error);
	}
	free(holds.items);
	if (waits->count > 0)
		qsort(waits->items, waits->count, sizeof *waits->items, compare_waits);
	return ok;
}

const char *lp_waits_reason(const struct lp_waits *waits, int64_t calculation_id)
{
	const struct lp_wait wanted = { .calculation_id = calculation_id };
	const struct lp_wait *found =
		waits->count == 0 ? NULL : bsearch(&wanted, waits->items, waits->count, sizeof wanted, compare_waits);
	return found == NULL ? NULL : found->reason;
}

void lp_waits_free(struct lp_waits *waits)
{
	free(waits->items);
	lp_arena_free(&waits->arena);
	*waits = (struct lp_waits){ .count = 0 };
}
