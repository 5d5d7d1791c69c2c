/* Finds a rule in the catalogue, and the interpreter that computes it. */
#include "model/rule.h"

#include "model/order.h"
#include <string.h>

/* Returns true if a name is that of one of the modules, or lies within one. */
static bool is_within(const struct lp_other_python *other, const char *name, bool itself)
{
	for (size_t i = 0; i < other->module_count; i++) {
		size_t length = strlen(other->modules[i]);
		if (strncmp(name, other->modules[i], length) == 0 &&
		    (name[length] == '.' || (itself && name[length] == '\0')))
			return true;
	}
	return false;
}

bool lp_other_python_has_module(const struct lp_other_python *other, const char *module)
{
	return other->interpreter != NULL && (other->module_count == 0 || is_within(other, module, true));
}

bool lp_other_python_has_rule(const struct lp_other_python *other, const char *rule)
{
	/* The built-in rules are in no module. */
	if (other->interpreter == NULL || strchr(rule, '.') == NULL)
		return false;
	return other->module_count == 0 || is_within(other, rule, false);
}

const struct lp_rule *lp_rule_find(const struct lp_rule_catalogue *catalogue, const char *name)
{
	size_t at = LP_LOWER_BOUND(catalogue->count, i, strcmp(catalogue->rules[i].name, name) < 0);
	bool found = at < catalogue->count && strcmp(catalogue->rules[at].name, name) == 0;
	return found ? &catalogue->rules[at] : NULL;
}
