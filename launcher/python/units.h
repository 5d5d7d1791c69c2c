/* Conversion of units.  Knows nothing of Python. */
#ifndef LP_PYTHON_UNITS_H
#define LP_PYTHON_UNITS_H

#include "model/error.h"

#include <stdbool.h>
#include <stddef.h>

/* to = from * scale + offset, in any thread.  False: error says why. */
bool lp_unit_conversion(const char *from, const char *to, double *scale, double *offset,
                        struct lp_error *error) LP_MUST_CHECK;

/* units_library.c: the same by UDUNITS, in one thread at a time. */
bool lp_unit_find(const char *from, const char *to, double *scale, double *offset,
                  struct lp_error *error) LP_MUST_CHECK;

/* What lp_unit_find says of the units in build/usual_conversions.c, sorted by from and to; made by the build. */
struct lp_usual_conversion {
	const char *from, *to;
	double scale, offset;
};
extern const struct lp_usual_conversion lp_usual_conversions[];
extern const size_t lp_usual_conversion_count;

#endif
