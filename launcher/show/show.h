/*
 * What people and programs are shown of a store, as documents (JSON, CSV), and
 * what is gathered for that.  A verb prints a document; a server can send it.
 * Where a table is made for a person, the verb makes it from the same figures.
 */
#ifndef LP_SHOW_SHOW_H
#define LP_SHOW_SHOW_H

#include "calendar/calendar.h"
#include "model/memory.h"
#include "model/rule.h"
#include "pipeline/pipeline.h"
#include "show/metrics.h"
#include "store/store.h"

/*
 * document.c: a document on its way. Pieces are added to the text and sent on
 * between two rows once there is much, so that a long document is never in memory
 * as a whole.
 */
struct lp_document {
	struct lp_text text; /* what is not sent yet */
	bool (*send)(void *context, const char *data, size_t length, struct lp_error *error);
	void *context;
};
/* Sends on what there is, if it is much. */
bool lp_document_flush(struct lp_document *document, struct lp_error *error) LP_MUST_CHECK;
/* Sends the rest, if all went well so far (ok), and frees the text. */
bool lp_document_end(struct lp_document *document, bool ok, struct lp_error *error) LP_MUST_CHECK;

/* series.c: finds a series by name; if there is none, the error names similar ones. */
bool lp_find_series(struct lp_store *store, const char *name, struct lp_arena *arena, struct lp_series *series,
                    struct lp_error *error) LP_MUST_CHECK;
/* Makes it the series in which the results in shadow are; fails if there is none. */
bool lp_series_in_shadow(struct lp_series *series, struct lp_error *error) LP_MUST_CHECK;

/*
 * hold.c.  "waits for 'day': its window to 2026-03-03T00:00:00Z is not over,
 * goes on at 2026-03-03T00:05:00Z"; in the arena.  writer: a name; others: it is
 * not the only one that is waited for.
 */
const char *lp_hold_describe(const struct lp_hold *hold, const char *writer, bool others, const struct lp_zone *zone,
                             struct lp_arena *arena);

/* What calculations wait for at a tick; those that wait for nothing are not in it. */
struct lp_wait {
	int64_t calculation_id;
	const char *reason;
};
struct lp_waits {
	struct lp_arena arena;
	struct lp_wait *items; /* by calculation */
	size_t count, capacity;
};
bool lp_waits_find(struct lp_store *store, lp_time tick, const struct lp_zone *zone, struct lp_waits *waits,
                   struct lp_error *error) LP_MUST_CHECK;
/* NULL: it waits for nothing. */
const char *lp_waits_reason(const struct lp_waits *waits, int64_t calculation_id);
void lp_waits_free(struct lp_waits *waits);

/* status.c: what became of calculations, and of runs. */
struct lp_status_query {
	struct lp_status_filter filter;
	const struct lp_zone *zone;
	uint32_t history; /* number of windows shown, of one calculation; 0: none */
};
bool lp_show_status(struct lp_document *document, struct lp_store *store, const struct lp_status_query *query,
                    uint64_t *failing, struct lp_error *error) LP_MUST_CHECK;
bool lp_show_runs(struct lp_document *document, struct lp_store *store, uint32_t most, const struct lp_zone *zone,
                  struct lp_error *error) LP_MUST_CHECK;
/* The versions of definition and rule that a window was computed by. */
void lp_history_add_versions(struct lp_text *json, const struct lp_history *history);
/* The windows of a query, newest first. */
struct lp_history_query lp_newest_history(int64_t calculation_id, uint32_t most);
/*
 * Returns a status with its last window. For a calculation that goes well, that is
 * the window of its newest outcome or, if that was pruned, the one that ends at
 * the watermark: everything up to there was computed.
 */
struct lp_status lp_status_complete(const struct lp_status *status);
/* True if run, duration and samples of its last window are known: there was one, and its outcome was not pruned. */
bool lp_status_has_outcome(const struct lp_status *status);
/* True if it counts as a failure of what is shown: one in shadow only where those were asked for. */
bool lp_status_counts(const struct lp_status *status, const struct lp_status_filter *filter);

/* run_report.c: what a run has done.  A run without id: nothing was due. */
void lp_show_report(struct lp_text *json, const struct lp_run *run, const struct lp_run_timing *timing,
                    const struct lp_zone *zone);
/* The same where another run is working. */
void lp_show_busy(struct lp_text *json);
/* Counts the windows that failed, timed out, crashed or were given up. */
uint64_t lp_run_count_failed(const struct lp_run *run);

/* due.c: what a run for a tick would do. */
struct lp_due_list {
	struct lp_store *store;
	const struct lp_pipeline_options *options;
	lp_time tick;
	const struct lp_zone *zone;
	/* Out: lines, those of them that a run computes, and what these have together. */
	struct lp_preview preview;
	uint64_t lines, due, windows, later, left;
};
struct lp_due_line {
	const struct lp_preview_line *preview;
	const char *calculation; /* NULL: it is about several */
	int32_t rank;
	bool shadow;       /* of calculations in shadow */
	const char *waits; /* NULL: it waits for nothing */
};
typedef bool lp_due_visit(void *context, const struct lp_due_line *line, struct lp_error *error);
bool lp_due_each(struct lp_due_list *due, lp_due_visit *visit, void *context, struct lp_error *error) LP_MUST_CHECK;
bool lp_show_due(struct lp_document *document, struct lp_due_list *due, struct lp_error *error) LP_MUST_CHECK;

/* explain.c: where a result comes from. */
enum { LP_EXPLAINED_HISTORY_MOST = 20 };
struct lp_explained_input {
	const struct lp_input *input;
	struct lp_window range;
	uint64_t good, missing; /* samples that are there now */
};
struct lp_explanation {
	/* In: which result, and the zone of times that are shown. */
	struct lp_store *store;
	const struct lp_zone *zone;
	lp_time time;
	bool shadow; /* the result that is in shadow */
	struct lp_arena arena;
	struct lp_series series;
	bool found;             /* there is a sample at that time */
	double value, coverage; /* coverage NaN: not known */
	uint8_t quality;
	int32_t samples;                          /* < 0: measured */
	bool computed;                            /* by a calculation; else it was measured or imported */
	lp_time window_end;                       /* of the window that made it; LP_TIME_NONE: not known */
	struct lp_batch *batch;                   /* holds the calculation that writes the series; NULL: none does */
	const struct lp_calculation *calculation; /* NULL: none, or it is disabled */
	struct lp_window window;
	bool has_window;
	struct lp_explained_input *inputs; /* one for each of the calculation's, where it has a window */
	const struct lp_input *pruned;     /* an input that samples were pruned of which the window reads; or NULL */
	struct lp_history history[LP_EXPLAINED_HISTORY_MOST];
	size_t history_count;
	/* Of the computation that gave the result, or else of the newest; 0 and NULL: not known. */
	int32_t definition_version;
	const char *rule_version;
	struct lp_status status;
	bool has_status;
	const char *waits; /* why a window that is over has not been computed; NULL: not known */
};
bool lp_explain(struct lp_explanation *why, const char *series_name, struct lp_error *error) LP_MUST_CHECK;
void lp_explanation_free(struct lp_explanation *why);
/* True if it was imported into the series of a calculation: then it has no window, samples or runs. */
bool lp_explanation_is_imported(const struct lp_explanation *why);
/* Why there is no result, as far as that is known. */
const char *lp_explanation_of_none(const struct lp_explanation *why);
void lp_show_explanation(struct lp_text *json, const struct lp_explanation *why);

/* samples.c: samples of a series, as they stream from the store. */
struct lp_samples_query {
	const struct lp_series *series;
	lp_time from, to; /* LP_TIME_NONE: no limit */
	uint32_t most;    /* 0: no limit */
	const struct lp_zone *zone;
	bool csv;     /* else JSON */
	bool results; /* a calculation writes the series: with what each was computed from */
};
bool lp_show_samples(struct lp_document *document, struct lp_store *store, const struct lp_samples_query *query,
                     struct lp_error *error) LP_MUST_CHECK;
const char *lp_quality_name(uint8_t quality);
/* What a result was computed from, as texts; `none` where that is not known. */
void lp_format_origin(const struct lp_column *column, size_t index, const char *none, char coverage[32],
                      char samples[32]);

/*
 * plant_show.c: a plant as a page shows it, as one document: the runs of a
 * period, every calculation with its state and its cost, failures that are the
 * same, and some calculations in detail.  It is bounded, and says what it leaves
 * out.  docs/page.md describes it.
 */
struct lp_plant_query {
	struct lp_store *store;
	const struct lp_zone *zone;
	const char *described; /* the store, without passwords */
	int64_t run_id;        /* 0: a period */
	lp_time from, to;      /* ticks; LP_TIME_NONE: the day up to the newest run */
	const char *name;      /* glob: calculations that are shown in detail before others; or NULL */
	uint32_t details;      /* how many, at most */
};
bool lp_show_plant(struct lp_document *document, const struct lp_plant_query *query,
                   struct lp_error *error) LP_MUST_CHECK;
/* plant_one.c: one calculation of it in detail, over a time. Fails with LP_EXIT_DATA if there is none of that name. */
struct lp_calculation_query {
	struct lp_store *store;
	const struct lp_zone *zone;
	const char *name;
	lp_time from, to; /* as in lp_plant_query */
};
bool lp_show_calculation(struct lp_document *document, const struct lp_calculation_query *query,
                         struct lp_error *error) LP_MUST_CHECK;
/* page.c: the page with that document in it: one HTML file that needs nothing else. */
/* Finds the JSON in such a page: where it begins, and behind its end. */
void lp_page_place(const struct lp_text *page, size_t *from, size_t *to);
bool lp_show_page(struct lp_document *document, const struct lp_plant_query *query,
                  struct lp_error *error) LP_MUST_CHECK;

/* history.c: who changed a calculation when, and which versions of its rule runs have worked with. */
bool lp_show_history(struct lp_document *document, struct lp_store *store, const char *calculation,
                     const struct lp_zone *zone, struct lp_error *error) LP_MUST_CHECK;

/* rules.c: rules with their signatures and documentation, as a list or each for itself. */
void lp_show_rules(struct lp_text *json, const struct lp_rule *rules, size_t count, bool list);
extern const char *const lp_parameter_type_names[];

#endif
