/* Finding a rule in the catalogue. */
#include "model/rule.h"

#include <string.h>

const struct lp_rule *lp_rule_find(const struct lp_rule_catalogue *catalogue, const char *name)
{
	size_t low = 0, high = catalogue->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, catalogue->rules[middle].name);
		if (order == 0) {
			return &catalogue->rules[middle];
		}
		if (order < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return NULL;
}
