/* What calculations have cost in a period, out of its outcomes: see plant.h. */
#include "model/order.h"
#include "show/plant.h"

#include <stdlib.h>

/* Rows in the order of their ids, with the place where the last one was found: batches have neighbours. */
struct cost_scan {
	struct lp_plant *plant;
	const int64_t *ids;
	size_t last;
};

static struct lp_plant_row *find(struct cost_scan *scan, int64_t id)
{
	size_t count = scan->plant->row_count, at = scan->last + 1;
	if (at >= count || scan->ids[at] != id)
		at = LP_LOWER_BOUND(count, i, scan->ids[i] < id);
	if (at >= count || scan->ids[at] != id)
		return NULL;
	scan->last = at;
	return &scan->plant->rows[scan->plant->by_id[at]];
}

struct lp_plant_past *lp_plant_past_of(const struct lp_plant *plant, int64_t id)
{
	size_t at = LP_LOWER_BOUND(plant->past_count, i, plant->past[i].id < id);
	return at < plant->past_count && plant->past[at].id == id ? &plant->past[at] : NULL;
}

static void add_past(const struct lp_plant *plant, const struct lp_outcomes *outcomes, size_t i)
{
	struct lp_plant_past *past = lp_plant_past_of(plant, outcomes->calculation_ids[i]);
	past->items[past->next] = (struct lp_history){ .window = outcomes->window,
		                                       .run_id = outcomes->run_id,
		                                       .tick = outcomes->tick,
		                                       .state = (enum lp_state)outcomes->states[i],
		                                       .reason = outcomes->reason,
		                                       .duration = outcomes->durations[i] * 1000,
		                                       .samples_read = (uint32_t)outcomes->samples_read[i] };
	past->next = (past->next + 1) % LP_PLANT_HISTORY_MOST;
	past->count += past->count < LP_PLANT_HISTORY_MOST;
}

static bool take_outcomes(void *context, const struct lp_outcomes *outcomes, struct lp_error *error)
{
	struct cost_scan *scan = context;
	const struct lp_plant_query *query = scan->plant->query;
	(void)error;
	if (query->run_id != 0 && outcomes->run_id != query->run_id)
		return true;
	for (size_t i = 0; i < outcomes->count; i++) {
		struct lp_plant_row *row = find(scan, outcomes->calculation_ids[i]);
		int64_t state = outcomes->states[i], spent = outcomes->durations[i] * 1000;
		/* A number that is no state was written by a newer release, or by hand; one that was not reached cost nothing. */
		if (row == NULL || state < 0 || state >= LP_STATE_COUNT || state == LP_STATE_INTERRUPTED)
			continue;
		row->windows++;
		row->failed += lp_state_is_failure((enum lp_state)state);
		row->spent += spent;
		row->worst = spent > row->worst ? spent : row->worst;
		scan->plant->rules[row->rule].samples_read += (uint64_t)outcomes->samples_read[i];
		if (row->detailed)
			add_past(scan->plant, outcomes, i);
	}
	return true;
}

bool lp_plant_add_costs(struct lp_plant *plant, struct lp_error *error)
{
	int64_t *ids = lp_arena_zeroed(&plant->arena, plant->row_count, sizeof *ids);
	for (size_t i = 0; i < plant->row_count; i++)
		ids[i] = plant->rows[plant->by_id[i]].status.calculation.id;
	struct cost_scan scan = { .plant = plant, .ids = ids };
	if (!lp_store_each_outcome(plant->query->store, plant->from, plant->to, take_outcomes, &scan, error))
		return false;
	for (size_t i = 0; i < plant->row_count; i++) {
		const struct lp_plant_row *row = &plant->rows[i];
		struct lp_plant_rule *rule = &plant->rules[row->rule];
		rule->windows += row->windows;
		rule->failed += row->failed;
		rule->spent += row->spent;
		rule->worst = row->worst > rule->worst ? row->worst : rule->worst;
	}
	return true;
}
