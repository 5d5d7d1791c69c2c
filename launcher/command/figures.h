/* The figures of a process for monitoring: gathered run by run, written as a text or into a file. */
#ifndef LP_COMMAND_FIGURES_H
#define LP_COMMAND_FIGURES_H

#include "service/service.h"
#include "show/show.h"

/* Zeroed, and both times LP_TIME_NONE: nothing has happened yet. */
struct lp_figures {
	bool counts; /* of a process that does one run after another: with what happened since it began */
	struct lp_totals totals;
	bool has_run; /* run and timing are of the last one that did something */
	struct lp_run run;
	struct lp_run_timing timing;
	lp_time last_tick, last_success;
	struct lp_store_figures store; /* as they were read last */
	bool has_store;
};
void lp_figures_note(struct lp_figures *figures, const struct lp_run *run, const struct lp_run_timing *timing, bool ok);
/* Reads what the store says; if it cannot be asked, that is left out. */
void lp_figures_read_store(struct lp_figures *figures, struct lp_store *store);
void lp_figures_write(const struct lp_figures *figures, const struct lp_service *service, bool open_metrics,
                      struct lp_text *text);
/* Writes them into a file, which has the old ones or the new ones at any moment. */
bool lp_figures_write_file(const struct lp_figures *figures, const struct lp_service *service, const char *path,
                           struct lp_error *error) LP_MUST_CHECK;
void lp_figures_free(struct lp_figures *figures);

#endif
