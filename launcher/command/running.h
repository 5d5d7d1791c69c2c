/*
 * What `run` and `backfill` have in common around the pipeline: the rules,
 * signals, the progress line.
 */
#ifndef LP_COMMAND_RUNNING_H
#define LP_COMMAND_RUNNING_H

#include "command/command.h"
#include "pipeline/pipeline.h"

struct lp_running {
	const struct lp_session *session;
	struct lp_rule_server *rules;              /* made by lp_running_options */
	const struct lp_rule_catalogue *catalogue; /* once the rules are imported */
	int64_t began;                             /* monotonic seconds */
	char host[256];
};

/* The configuration's; workers 0: its number too.  running has to outlive the run. */
struct lp_pipeline_options lp_running_options(struct lp_running *running, uint32_t workers, bool progress);
/* The whole minute of --at, or of now; what is strange about it is logged. */
bool lp_running_clock(const struct lp_session *session, struct lp_error *error) LP_MUST_CHECK;
bool lp_running_tick(const char *at, const struct lp_session *session, lp_time *tick,
                     struct lp_error *error) LP_MUST_CHECK;
/* A run of this kind and tick by this process; its texts are running's. */
struct lp_run lp_running_run(struct lp_running *running, enum lp_run_kind kind, lp_time tick);
/*
 * For a backfill that is about what has changed: rules that are not what they
 * were at the last run.  note: as that run would note them, under a run of its own.
 */
bool lp_running_look_at_rules(struct lp_running *running, bool note, size_t *changed,
                              struct lp_error *error) LP_MUST_CHECK;
/* Set by SIGTERM and SIGINT. */
const volatile int *lp_running_stop(void);
/* Ends the processes of rules; frees them unless threads were left behind that may still look at them. */
void lp_running_end(struct lp_running *running, const struct lp_session *session);
/* Takes the progress line off the terminal. */
void lp_running_clear(const struct lp_pipeline_options *options);

#endif
