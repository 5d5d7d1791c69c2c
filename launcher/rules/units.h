/*
 * Conversion of units.  Knows nothing of Python.
 *
 * Some units have a zero that is not nothing: degC, degF, barg.  A reading in such
 * a unit is converted with an offset, a difference of two readings without.  So a
 * quantity is a unit and the number of its zeros in a value: one in a reading,
 * none in a difference, two in a sum of two readings.  The unit of differences in
 * U is `delta_U`: 10 delta_degC are 10 K and 18 delta_degF.
 *
 * Runs in any process, in any thread, but for units_library.c.
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
	const char *per; /* "h": the quantity is an integral over time of values in the unit; NULL: it is none */
};

/* Finds to = from * scale + offset for readings.  False: error says why there is none. */
bool lp_unit_conversion(const char *from, const char *to, double *scale, double *offset,
                        struct lp_error *error) LP_MUST_CHECK;
/* Does the same for a quantity.  A difference stays one, even where `to` is a unit of readings. */
bool lp_quantity_conversion(const struct lp_quantity *from, const char *to, double *scale, double *offset,
                            struct lp_error *error) LP_MUST_CHECK;
/* Does the same for values that are stored: their readers take them for what `to` says, readings or differences. */
bool lp_quantity_stored_conversion(const struct lp_quantity *from, const char *to, double *scale, double *offset,
                                   struct lp_error *error) LP_MUST_CHECK;
/* quantity.c: finds the quantity of a built-in rule's result, without its unit.  False: it is not known. */
bool lp_rule_quantity(const char *rule, const char *per, struct lp_quantity *quantity);
/* Returns true if the unit has a zero that is not nothing. */
bool lp_unit_has_zero(const char *unit);
bool lp_unit_is_difference(const char *unit); /* "delta_..." */
const char *lp_unit_stem(const char *unit);   /* without "delta_" */
/* Writes the unit of an integral over time: "kW h", "(m3/h) h". */
enum { LP_UNIT_TEXT_SIZE = 200 };
const char *lp_unit_over_time(const char *unit, const char *per, char text[LP_UNIT_TEXT_SIZE]);

/*
 * units_library.c: finds a conversion in UDUNITS, in one thread at a time.  The
 * offset of a unit to its own "delta_" unit is its zero, in its base unit.
 */
bool lp_unit_find(const char *from, const char *to, double *scale, double *offset,
                  struct lp_error *error) LP_MUST_CHECK;

/*
 * Returns what to divide by where the scale itself is rounded: MJ to kWh is 1/3.6,
 * and 7.2 MJ are 2 kWh, not 1.9999999999999998.  0: multiply by the scale.
 */
static inline double lp_unit_divisor(double scale)
{
	double inverse = 1 / scale, divisor = rint(inverse * 1e6) / 1e6;

	if (!(fabs(scale) < 1) || !isfinite(inverse) || rint(scale * 1e9) / 1e9 == scale)
		return 0;
	return fabs(divisor - inverse) <= 4e-16 * fabs(inverse) ? divisor : 0;
}

/* Conversions of the units in build/usual_conversions.c, sorted by from and to.  The build makes the table. */
struct lp_usual_conversion {
	const char *from, *to;
	double scale, offset;
};
extern const struct lp_usual_conversion lp_usual_conversions[];
extern const size_t lp_usual_conversion_count;

#endif
