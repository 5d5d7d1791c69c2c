/* The options of the process, for the files of this room.  Runs where python.h says. */
#include "python/embedding.h"

static struct lp_python_options options;

const struct lp_python_options *lp_python_options(void)
{
	return &options;
}

void lp_python_set_options(const struct lp_python_options *start_options)
{
	options = *start_options;
}

void lp_python_set_pulse(struct lp_pulse *pulse)
{
	options.pulse = pulse;
}
