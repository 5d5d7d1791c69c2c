/* Samples of an imaginary pumping station, for `demo`. */
#ifndef LP_COMMAND_STATION_H
#define LP_COMMAND_STATION_H

#include "model/error.h"
#include <stdio.h>

/* Six hours to 2010-12-31 24:00 in UTC-8, a line a second, as CSV.  The same bytes each time. */
bool lp_station_write(FILE *file, struct lp_error *error) LP_MUST_CHECK;

#endif
