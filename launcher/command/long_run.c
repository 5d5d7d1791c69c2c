/* See long_run.h. */
#include "command/long_run.h"

#include "model/clock.h"
#include "observe/observe.h"

enum { LONG_RUN = 3 }; /* minutes: of one that works for longer people want to know */

static bool log_long_run(void *context, const struct lp_run *run, struct lp_error *error)
{
	bool *logged = context;
	lp_time since = lp_now() - run->started;
	(void)error;
	if (*logged || run->kind != LP_RUN_MINUTE)
		return true;
	*logged = true;
	/* This is the newest run. If its row says that it ended, the run that holds the lock has not begun yet. */
	if (run->ended == LP_TIME_NONE && since >= LONG_RUN * LP_MINUTE)
		lp_log(LP_LOG_WARNING,
		       "another run has been working for long: if it is no more, what holds its lock has to be ended",
		       LP_INT("run", run->id), LP_INT("minutes", since / LP_MINUTE), LP_WHEN("started", run->started),
		       LP_TEXT("host", run->host), LP_INT("process", run->process), LP_WHEN("tick", run->tick));
	return true;
}

void lp_warn_of_long_run(struct lp_store *store)
{
	enum { NEWEST = 50 }; /* runs and backfills */
	struct lp_error error;
	bool logged = false;
	if (!lp_store_each_run(store, LP_NEWEST_RUNS(NEWEST), log_long_run, &logged, &error))
		lp_log(LP_LOG_WARNING, "cannot read for how long the other run has been working",
		       LP_TEXT("error", error.what));
}
