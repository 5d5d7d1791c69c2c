/*
 * What a process needs to do one run after another: the rules, imported once
 * something is due, the options of the pipeline, and the row of each run.
 */
#ifndef LP_SERVICE_SERVICE_H
#define LP_SERVICE_SERVICE_H

#include "pipeline/pipeline.h"
#include "service/children.h"
#include "service/mark.h"
#include "service/notify.h"
#include "service/rule_options.h"
#include "service/session.h"
#include "service/stop.h"
#include "service/ticker.h"

/* The command that computes outdated results again. */
#define LP_OUTDATED_COMMAND "local-processing backfill --outdated"

struct lp_service {
	const struct lp_session *session;
	struct lp_rule_server *rules;              /* NULL: not made yet */
	const struct lp_rule_catalogue *catalogue; /* NULL: the rules are not imported yet */
	struct lp_kept_stores *kept;               /* connections of the runs before; NULL: each run opens its own */
	char host[256];
};

/*
 * Imports the rules now, before anything is due. The files that do not load go to
 * problems: their calculations fail.
 */
bool lp_service_load(struct lp_service *service, struct lp_problems *problems, struct lp_error *error) LP_MUST_CHECK;
/* Logs the rules that do not load. */
void lp_service_log_problems(const struct lp_problems *problems);

/* Returns the configuration's options; workers 0: its number of workers. service has to outlive the runs. */
struct lp_pipeline_options lp_service_options(struct lp_service *service, uint32_t workers);
/* Returns a run of this kind and tick by this process; its texts are the service's. */
struct lp_run lp_service_new_run(struct lp_service *service, enum lp_run_kind kind, lp_time tick);
/* Fails while the clock is not set: a run for such a minute would be for the wrong time. */
bool lp_service_check_clock(const struct lp_session *session, struct lp_error *error) LP_MUST_CHECK;
/*
 * Imports the rules and counts those that are not what they were at the last
 * run.  note: notes them, under a run of its own, as that run would have.
 */
bool lp_service_note_rules(struct lp_service *service, bool note, size_t *changed,
                           struct lp_error *error) LP_MUST_CHECK;
/* Counts the calculations whose stored results are outdated.  rule NULL: those of all rules. */
bool lp_service_count_outdated(struct lp_store *store, const char *rule, uint64_t *calculations,
                               struct lp_error *error) LP_MUST_CHECK;
/* Ends the processes of rules; frees them unless threads were left behind that may still look at them. */
void lp_service_end(struct lp_service *service);

#endif
