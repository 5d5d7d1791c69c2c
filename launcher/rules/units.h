/*
 * Conversion of units.  Knows nothing of Python.
 *
 * Some units have a zero that is not nothing: degC, degF, barg.  A reading in
 * one is converted with an offset, a difference of two readings without.  So a
 * quantity is known by its unit and by how many zeros of it are in a value: one
 * in a reading, none in a difference, two in a sum of two readings.  Of a unit
 * U, `delta_U` is that of differences: 10 delta_degC are 10 K and 18 delta_degF.
 *
 * Runs in any process, in any thread, but for what is of units_library.c.
 */
#ifndef LP_RULES_UNITS_H
#define LP_RULES_UNITS_H

#include "model/error.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

struct lp_quantity {
	const char *unit;
	double zeros;    /* NaN: not known */
	const char *per; /* "h": it is the integral over time of what has the unit; NULL: it is not */
};

/* to = from * scale + offset, in any thread.  False: error says why. */
bool lp_unit_conversion(const char *from, const char *to, double *scale, double *offset,
                        struct lp_error *error) LP_MUST_CHECK;
/* The same of a quantity; a difference stays one, even where `to` is a unit of readings. */
bool lp_quantity_conversion(const struct lp_quantity *from, const char *to, double *scale, double *offset,
                            struct lp_error *error) LP_MUST_CHECK;
/* The same where the values will have no more than `to` to say what they are: readings, or differences. */
bool lp_quantity_label(const struct lp_quantity *from, const char *to, double *scale, double *offset,
                       struct lp_error *error) LP_MUST_CHECK;
/* quantity.c: what a built-in rule returns as a number, but for its unit.  False: the rule is none, or it has no unit. */
bool lp_rule_quantity(const char *rule, const char *per, struct lp_quantity *quantity);
/* Whether the unit has a zero that is not nothing. */
bool lp_unit_has_zero(const char *unit);
bool lp_unit_is_difference(const char *unit); /* "delta_..." */
const char *lp_unit_stem(const char *unit);   /* without "delta_" */
/* The unit of an integral over time: "kW h", "(m3/h) h". */
enum { LP_UNIT_TEXT_SIZE = 200 };
const char *lp_unit_over_time(const char *unit, const char *per, char text[LP_UNIT_TEXT_SIZE]);

/*
 * units_library.c: the same by UDUNITS, in one thread at a time.  To "delta_"
 * and the unit itself the offset is that of its zero, in its base unit.
 */
bool lp_unit_find(const char *from, const char *to, double *scale, double *offset,
                  struct lp_error *error) LP_MUST_CHECK;

/*
 * What to divide by in place of multiplying with a scale that is rounded: MJ to
 * kWh is 1/3.6, and 7.2 MJ are 2 kWh, not 1.9999999999999998.  0: multiply.
 */
static inline double lp_unit_divisor(double scale)
{
	double inverse = 1 / scale, divisor = rint(inverse * 1e6) / 1e6;

	if (!(fabs(scale) < 1) || !isfinite(inverse) || rint(scale * 1e9) / 1e9 == scale)
		return 0;
	return fabs(divisor - inverse) <= 4e-16 * fabs(inverse) ? divisor : 0;
}

/* What lp_unit_find says of the units in build/usual_conversions.c, sorted by from and to; made by the build. */
struct lp_usual_conversion {
	const char *from, *to;
	double scale, offset;
};
extern const struct lp_usual_conversion lp_usual_conversions[];
extern const size_t lp_usual_conversion_count;

#endif
