/* Names of the kinds of runs. */
#include "model/run.h"

#include <string.h>

const char *const lp_run_kind_names[2] = { "run", "backfill" };

enum lp_run_kind lp_run_kind_parse(const char *name)
{
	return name != NULL && strcmp(name, lp_run_kind_names[LP_RUN_BACKFILL]) == 0 ? LP_RUN_BACKFILL : LP_RUN_MINUTE;
}
