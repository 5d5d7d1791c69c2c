/* See hold.h. */
#include "command/hold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A window that became due so short a time ago is being computed, or about to be. */
#define JUST_DUE (2 * LP_MINUTE)

const char *lp_hold_describe(const struct lp_hold *hold, const char *writer, bool others, const struct lp_zone *zone,
                             struct lp_arena *arena)
{
	char text[600], end[40], on[40], goes_on[64] = "";
	lp_time_format(hold->window_end, zone, end);
	if (hold->goes_on != LP_TIME_NONE && hold->goes_on < LP_TIME_MAX) {
		lp_time_format(hold->goes_on, zone, on);
		snprintf(goes_on, sizeof goes_on, ", goes on at %s", on);
	}
	const char *who = others ? " and others" : "";
	switch (hold->kind) {
	case LP_HOLD_NOT_OVER:
		snprintf(text, sizeof text, "waits for '%.300s'%s: its window to %s is not over%s", writer, who, end,
		         goes_on);
		break;
	case LP_HOLD_NOT_COMPUTED:
		snprintf(text, sizeof text, "waits for '%.300s'%s: its window to %s is not computed yet%s", writer, who,
		         end, goes_on);
		break;
	case LP_HOLD_PAST:
		snprintf(text, sizeof text, "waits for '%.300s'%s: it is still making up for its windows up to %s",
		         writer, who, end);
		break;
	}
	return lp_arena_text(arena, text);
}

struct naming {
	const struct lp_hold *hold;
	struct lp_arena *arena;
	struct lp_hold_names *names;
	int64_t writer_id;
};

static bool name(void *context, const struct lp_edge *edge, struct lp_error *error)
{
	struct naming *naming = context;
	(void)error;
	if (edge->writer_batch != naming->hold->upstream)
		return true;
	if (naming->names->writer == NULL) {
		naming->names->reader = lp_arena_text(naming->arena, edge->reader);
		naming->names->writer = lp_arena_text(naming->arena, edge->writer);
		naming->names->reader_id = edge->reader_id;
		naming->writer_id = edge->writer_id;
	} else if (edge->writer_id != naming->writer_id)
		naming->names->others = true;
	return true;
}

bool lp_hold_name(struct lp_store *store, const struct lp_hold *hold, struct lp_arena *arena,
                  struct lp_hold_names *names, struct lp_error *error)
{
	struct naming naming = { .hold = hold, .arena = arena, .names = names };
	*names = (struct lp_hold_names){ .reader = NULL };
	if (!lp_store_each_edge(store, hold->batch_id, 0, name, &naming, error))
		return false;
	/* Changed meanwhile. */
	names->writer = names->writer == NULL ? "another calculation" : names->writer;
	return true;
}

struct holds {
	struct lp_arena *arena;
	struct lp_hold *items;
	size_t count, capacity;
	lp_time tick;
};

static bool keep_hold(void *context, const struct lp_hold *hold, struct lp_error *error)
{
	struct holds *holds = context;
	(void)error;
	if (hold->kind == LP_HOLD_NOT_COMPUTED && hold->goes_on == LP_TIME_NONE &&
	    hold->window_end > holds->tick - JUST_DUE)
		return true;
	LP_GROW(holds->items, holds->count, holds->capacity);
	holds->items[holds->count++] = *hold;
	return true;
}

struct finding {
	const struct lp_hold *hold;
	const struct lp_zone *zone;
	struct lp_held_all *all;
};

/* The first writer is named: of each calculation one. */
static bool add_held(void *context, const struct lp_edge *edge, struct lp_error *error)
{
	struct finding *finding = context;
	struct lp_held_all *all = finding->all;
	(void)error;
	if (edge->writer_batch != finding->hold->upstream ||
	    (all->count > 0 && all->items[all->count - 1].calculation_id == edge->reader_id))
		return true;
	LP_GROW(all->items, all->count, all->capacity);
	all->items[all->count++] = (struct lp_held){
		.calculation_id = edge->reader_id,
		.why = lp_hold_describe(finding->hold, edge->writer, false, finding->zone, &all->arena),
	};
	return true;
}

static int compare_held(const void *a, const void *b)
{
	int64_t left = ((const struct lp_held *)a)->calculation_id;
	int64_t right = ((const struct lp_held *)b)->calculation_id;
	return (left > right) - (left < right);
}

bool lp_held_find(struct lp_store *store, lp_time tick, const struct lp_zone *zone, struct lp_held_all *all,
                  struct lp_error *error)
{
	struct holds holds = { .tick = tick };
	*all = (struct lp_held_all){ .count = 0 };
	bool good = lp_each_hold(store, tick, keep_hold, &holds, error);
	for (size_t at = 0; at < holds.count && good; at++) {
		struct finding finding = { .hold = &holds.items[at], .zone = zone, .all = all };
		good = lp_store_each_edge(store, holds.items[at].batch_id, 0, add_held, &finding, error);
	}
	free(holds.items);
	if (all->count > 0)
		qsort(all->items, all->count, sizeof *all->items, compare_held);
	return good;
}

const char *lp_held_why(const struct lp_held_all *all, int64_t calculation_id)
{
	const struct lp_held wanted = { .calculation_id = calculation_id };
	const struct lp_held *found =
		all->count == 0 ? NULL : bsearch(&wanted, all->items, all->count, sizeof wanted, compare_held);
	return found == NULL ? NULL : found->why;
}

void lp_held_free(struct lp_held_all *all)
{
	free(all->items);
	lp_arena_free(&all->arena);
	*all = (struct lp_held_all){ .count = 0 };
}
