/* From when on changes of a series are followed, for the pipeline and for the stores: see store.h. */
#include "store/store.h"

#include "model/order.h"
#include <stdlib.h>

static int compare_bound(const void *series_id, const void *bound)
{
	return lp_compare(*(const int64_t *)series_id, ((const struct lp_change_bound *)bound)->series_id);
}

const struct lp_change_bound *lp_change_bound_of(const struct lp_change_bound *bounds, size_t count, int64_t series_id)
{
	return count == 0 ? NULL : bsearch(&series_id, bounds, count, sizeof *bounds, compare_bound);
}
