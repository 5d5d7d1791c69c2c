/* Finds a rule in the catalogue. */
#include "model/rule.h"

#include "model/order.h"
#include <string.h>

const struct lp_rule *lp_rule_find(const struct lp_rule_catalogue *catalogue, const char *name)
{
	size_t at = LP_LOWER_BOUND(catalogue->count, i, strcmp(catalogue->rules[i].name, name) < 0);
	bool found = at < catalogue->count && strcmp(catalogue->rules[at].name, name) == 0;
	return found ? &catalogue->rules[at] : NULL;
}
