/*
 * The units of what the built-in rules return as numbers: they follow from the
 * unit of the input.  What a user's rule returns as a number has the unit that
 * its author computed it in.  Knows nothing of Python.
 *
 * Runs in any process, in any thread.
 */
#include "rules/units.h"

#include <math.h>
#include <string.h>

enum follows {
	KEPT,       /* a value of x, or between values of x */
	SUMMED,     /* of many values: of readings neither a reading nor a difference */
	DIFFERENCE, /* of values of x */
	OVER_TIME,  /* an integral */
};

static const struct {
	const char *rule;
	enum follows follows;
} rules[] = {
	{ "mean", KEPT },          { "time_weighted_mean", KEPT },
	{ "min", KEPT },           { "max", KEPT },
	{ "first", KEPT },         { "last", KEPT },
	{ "sum", SUMMED },         { "difference", DIFFERENCE },
	{ "integral", OVER_TIME }, { "increase", DIFFERENCE },
};

static const struct {
	const char *word, *symbol;
} times[] = { { "second", "s" }, { "minute", "min" }, { "hour", "h" }, { "day", "d" } };

static const char *symbol_of(const char *per)
{
	for (size_t i = 0; per != NULL && i < sizeof times / sizeof *times; i++) {
		if (strcmp(per, times[i].word) == 0)
			return times[i].symbol;
	}
	return "h";
}

bool lp_rule_quantity(const char *rule, const char *per, struct lp_quantity *quantity)
{
	size_t i = 0;

	while (i < sizeof rules / sizeof *rules && strcmp(rules[i].rule, rule) != 0)
		i++;
	if (i == sizeof rules / sizeof *rules)
		return false;
	*quantity = (struct lp_quantity){
		.zeros = rules[i].follows == SUMMED       ? NAN
		         : rules[i].follows == DIFFERENCE ? 0
		                                          : 1,
		.per = rules[i].follows == OVER_TIME ? symbol_of(per) : NULL,
	};
	return true;
}
