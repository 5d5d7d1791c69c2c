/* The line on a terminal that shows how far a run has come. */
#ifndef LP_COMMAND_PROGRESS_H
#define LP_COMMAND_PROGRESS_H

#include "pipeline/pipeline.h"

struct lp_progress_line {
	bool quiet;    /* in: there is to be none */
	bool to_end;   /* in: show how long it will still take, in place of how many windows failed */
	bool shown;    /* there is one: standard error is a terminal */
	int64_t began; /* monotonic seconds */
};

/* Makes runs with these options show it.  progress has to outlive them. */
void lp_progress_line_begin(struct lp_progress_line *progress, struct lp_pipeline_options *options);
/* Takes the line off the terminal. */
void lp_progress_line_end(const struct lp_progress_line *progress);

#endif
