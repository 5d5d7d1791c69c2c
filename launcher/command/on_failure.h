/*
 * The command that is called when calculations begin to fail or work again. It
 * gets a document on its standard input, has a limited time, and its end changes
 * nothing of the run.
 */
#ifndef LP_COMMAND_ON_FAILURE_H
#define LP_COMMAND_ON_FAILURE_H

#include "pipeline/pipeline.h"
#include "service/service.h"
#include <sys/types.h>

/* The call under way; zeroed: there is none. */
struct lp_call {
	pid_t process;
	int64_t since; /* monotonic */
};

/*
 * Calls the configuration's command, if there is one and the run has something new
 * to tell; waits first for a call that is still under way.
 */
void lp_on_failure(struct lp_call *call, struct lp_session *session, const struct lp_run *run,
                   const struct lp_run_timing *timing);
/* Looks whether the call has ended, and ends it if it has taken too long. */
void lp_call_look(struct lp_call *call);
/* Waits until it has, or until this process is asked to end: then it is left to itself. */
void lp_call_wait(struct lp_call *call);

#endif
