/*
 * Figures for monitoring, in the text format of Prometheus or as OpenMetrics: of
 * the last run, of what the store says after it, and, for a process that does one
 * run after another, counted since it began.
 */
#ifndef LP_SHOW_METRICS_H
#define LP_SHOW_METRICS_H

#include "model/memory.h"
#include "pipeline/pipeline.h"
#include "store/store.h"

/* Stages whose times are counted, as in lp_run_timing. */
enum lp_metric_stage { LP_METRIC_PLANNING, LP_METRIC_FETCH, LP_METRIC_COMPUTE, LP_METRIC_COMMIT, LP_METRIC_STAGES };
enum { LP_METRIC_BUCKETS = 13 };
struct lp_histogram {
	uint64_t buckets[LP_METRIC_BUCKETS]; /* of each bound alone */
	uint64_t count;
	double sum; /* seconds */
};

/* Counted from the beginning of the process on; zeroed: nothing was. */
struct lp_totals {
	uint64_t done, nothing_due, busy, failed; /* minutes, by what became of their runs; the caller counts failed */
	uint64_t states[LP_STATE_COUNT];          /* windows */
	uint64_t samples_read, samples_written;
	uint64_t recomputed, retried, newly_failed, recovered, missed;
	double cpu;
	struct lp_histogram run, stages[LP_METRIC_STAGES];
};
/* What became of a run. ok: as lp_run returned. */
void lp_totals_add(struct lp_totals *totals, const struct lp_run *run, const struct lp_run_timing *timing, bool ok);

/* A rule's calculations. */
struct lp_rule_figures {
	const char *rule;
	uint64_t states[LP_STATE_COUNT];
	int64_t lag; /* microseconds for which the longest of its due windows has been waiting */
};
/* What the store says. */
struct lp_store_figures {
	struct lp_arena arena;
	struct lp_rule_figures *rules; /* by name; one called "" stands for those beyond the most */
	size_t count, capacity;
	uint64_t pending, owed; /* windows that failed or were not reached; ranges of windows to be computed again */
};
enum { LP_METRIC_RULES_MOST = 1000 };
bool lp_store_figures_read(struct lp_store *store, lp_time tick, struct lp_store_figures *figures,
                           struct lp_error *error) LP_MUST_CHECK;
void lp_store_figures_free(struct lp_store_figures *figures);

struct lp_metrics {
	const char *version;
	bool open_metrics;
	const struct lp_totals *totals;       /* NULL: of a process that does one run */
	const struct lp_run *run;             /* the last one that did something; NULL: none */
	const struct lp_run_timing *timing;   /* of it */
	lp_time last_tick, last_success;      /* LP_TIME_NONE: none. Of minutes in which nothing was due, too */
	const struct lp_store_figures *store; /* NULL: not read */
	uint64_t main_memory, rules_memory;   /* bytes; 0: not known */
};
void lp_metrics_write(struct lp_text *text, const struct lp_metrics *metrics);
#define LP_METRICS_TYPE      "text/plain; version=0.0.4; charset=utf-8"
#define LP_OPEN_METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

#endif
