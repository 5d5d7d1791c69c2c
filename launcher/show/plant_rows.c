/* The rows of a plant by the ids of their calculations: see plant.h. */
#include "model/order.h"
#include "show/plant.h"

#include <stdlib.h>

static int compare_ids(const void *a, const void *b, void *context)
{
	const struct lp_plant_row *rows = context;
	return lp_compare(rows[*(const size_t *)a].status.calculation.id,
	                  rows[*(const size_t *)b].status.calculation.id);
}

void lp_plant_index_rows(struct lp_plant *plant)
{
	plant->by_id = lp_arena_zeroed(&plant->arena, plant->row_count, sizeof *plant->by_id);
	for (size_t i = 0; i < plant->row_count; i++)
		plant->by_id[i] = i;
	if (plant->row_count > 0)
		qsort_r(plant->by_id, plant->row_count, sizeof *plant->by_id, compare_ids, plant->rows);
}

struct lp_plant_row *lp_plant_row_of(const struct lp_plant *plant, int64_t id)
{
	size_t at = LP_LOWER_BOUND(plant->row_count, i, plant->rows[plant->by_id[i]].status.calculation.id < id);
	if (at == plant->row_count || plant->rows[plant->by_id[at]].status.calculation.id != id)
		return NULL;
	return &plant->rows[plant->by_id[at]];
}
