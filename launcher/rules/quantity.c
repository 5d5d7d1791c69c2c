/*
 * The quantities of numbers that the built-in rules return: their units follow from
 * the unit of the input.  A number of a user's rule has the unit in which its
 * author computes it.  Knows nothing of Python.
 *
 * Runs in any process, in any thread.
 */
#include "rules/units.h"

#include <math.h>
#include <string.h>

/* The result of a rule as a quantity of its input's unit. */
enum result_kind {
	READING,    /* a value of the input, or one between its values */
	SUM,        /* of many values: a sum of readings is neither a reading nor a difference */
	DIFFERENCE, /* of two values */
	INTEGRAL,   /* over time */
};

static const struct {
	const char *rule;
	enum result_kind kind;
} rules[] = {
	{ "mean", READING },      { "time_weighted_mean", READING },
	{ "min", READING },       { "max", READING },
	{ "first", READING },     { "last", READING },
	{ "sum", SUM },           { "difference", DIFFERENCE },
	{ "integral", INTEGRAL }, { "increase", DIFFERENCE },
};

static const struct {
	const char *word, *symbol;
} times[] = { { "second", "s" }, { "minute", "min" }, { "hour", "h" }, { "day", "d" } };

static const char *find_symbol(const char *per)
{
	for (size_t i = 0; per != NULL && i < sizeof times / sizeof *times; i++)
		if (strcmp(per, times[i].word) == 0)
			return times[i].symbol;
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
		.zeros = rules[i].kind == SUM          ? NAN
		         : rules[i].kind == DIFFERENCE ? 0
		                                       : 1,
		.per = rules[i].kind == INTEGRAL ? find_symbol(per) : NULL,
	};
	return true;
}
