/* Which calculations of a plant are shown in detail: see plant.h. */
#include "model/order.h"
#include "show/plant.h"
#include "text/utf8.h"

#include <stdlib.h>

/* Those that somebody looks at first: one of each kind of failure, what else fails, what waits or is behind, what is owed. */
static int interest_of(const struct lp_plant *plant, const struct lp_plant_row *row)
{
	if (row->group >= 0)
		return &plant->rows[plant->groups[row->group].example] == row ? 4 : 3;
	if (lp_state_is_failure(row->status.state))
		return 3;
	if (row->lag != 0 || row->waits != NULL || row->status.cause != NULL)
		return 2;
	return row->status.pending > 0 || row->status.owed > 0 ? 1 : 0;
}

/* Among equals the larger group comes first, then what took longest, then the name. */
static int compare_interest(const void *a, const void *b, void *context)
{
	const struct lp_plant *plant = context;
	const struct lp_plant_row *left = &plant->rows[*(const size_t *)a], *right = &plant->rows[*(const size_t *)b];
	int by_interest = interest_of(plant, right) - interest_of(plant, left);
	if (by_interest != 0)
		return by_interest;
	if (left->group != right->group)
		return left->group < right->group ? -1 : 1;
	int by_duration = lp_compare(right->status.duration, left->status.duration);
	return by_duration != 0 ? by_duration : (left > right) - (left < right);
}

static bool take_chosen(void *context, const struct lp_status *status, struct lp_error *error)
{
	struct lp_plant *plant = context;
	struct lp_plant_row *row = lp_plant_row_of(plant, status->calculation.id);
	(void)error;
	if (row == NULL || row->detailed || plant->past_count >= plant->query->details)
		return true;
	row->detailed = true;
	plant->past_count++;
	return true;
}

static int compare_past(const void *a, const void *b)
{
	return lp_compare(((const struct lp_plant_past *)a)->id, ((const struct lp_plant_past *)b)->id);
}

/* Marks the calculations that are shown in detail: those that a name is given of, then the most interesting. */
bool lp_plant_choose_details(struct lp_plant *plant, struct lp_error *error)
{
	const struct lp_plant_query *query = plant->query;
	if (query->name != NULL) {
		const struct lp_status_filter filter = { .name = query->name };
		if (!lp_store_each_status(query->store, &filter, take_chosen, plant, error))
			return false;
		if (plant->past_count == 0 && query->details > 0)
			return lp_fail(error, LP_EXIT_DATA, "no calculation has a name like %.*s",
			               LP_CUT(300, query->name));
	}
	size_t *order = lp_arena_zeroed(&plant->arena, plant->row_count, sizeof *order);
	for (size_t i = 0; i < plant->row_count; i++)
		order[i] = i;
	if (plant->row_count > 0)
		qsort_r(order, plant->row_count, sizeof *order, compare_interest, plant);
	for (size_t i = 0; i < plant->row_count && plant->past_count < query->details; i++) {
		struct lp_plant_row *row = &plant->rows[order[i]];
		plant->past_count += !row->detailed;
		row->detailed = true;
	}
	plant->past = lp_arena_zeroed(&plant->arena, plant->past_count, sizeof *plant->past);
	size_t at = 0;
	for (size_t i = 0; i < plant->row_count; i++)
		if (plant->rows[i].detailed)
			plant->past[at++].id = plant->rows[i].status.calculation.id;
	if (at > 0)
		qsort(plant->past, at, sizeof *plant->past, compare_past);
	return true;
}
