/* Figures as Prometheus wants them: see metrics.h. */
#include "show/metrics.h"

#include "calendar/calendar.h"
#include "text/number.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const double bounds[] = { 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60 };
_Static_assert(sizeof bounds / sizeof *bounds == LP_METRIC_BUCKETS - 1, "the last bucket has no bound");

static const char *const stage_names[] = { [LP_METRIC_PLANNING] = "planning",
	                                   [LP_METRIC_FETCH] = "fetch",
	                                   [LP_METRIC_COMPUTE] = "compute",
	                                   [LP_METRIC_COMMIT] = "commit" };

static int64_t time_of(const struct lp_run_timing *timing, int stage)
{
	const int64_t times[] = { timing->planning, timing->fetch, timing->compute, timing->commit };
	return times[stage];
}

static void observe(struct lp_histogram *histogram, int64_t nanoseconds)
{
	double seconds = (double)nanoseconds / 1e9;
	size_t at = 0;
	while (at < LP_METRIC_BUCKETS - 1 && seconds > bounds[at])
		at++;
	histogram->buckets[at]++;
	histogram->count++;
	histogram->sum += seconds;
}

void lp_totals_add(struct lp_totals *totals, const struct lp_run *run, const struct lp_run_timing *timing, bool ok)
{
	totals->busy += ok && timing->busy;
	totals->nothing_due += ok && !timing->busy && run->id == 0;
	totals->done += ok && run->id != 0;
	totals->cpu += timing->cpu_user + timing->cpu_system;
	if (run->id == 0)
		return;
	for (int state = 0; state < LP_STATE_COUNT; state++)
		totals->states[state] += run->states[state];
	totals->samples_read += run->samples_read;
	totals->samples_written += run->samples_written;
	totals->recomputed += run->recomputed;
	totals->retried += timing->retried;
	totals->newly_failed += run->newly_failed;
	totals->recovered += timing->recovered;
	observe(&totals->run, timing->wall);
	for (int stage = 0; stage < LP_METRIC_STAGES; stage++)
		observe(&totals->stages[stage], time_of(timing, stage));
}

/* A rule beyond the most is counted with the others of its kind, so that labels stay bounded. */
static struct lp_rule_figures *find_rule(struct lp_store_figures *figures, const char *rule)
{
	size_t low = 0, high = figures->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(figures->rules[middle].rule, rule);
		if (order == 0)
			return &figures->rules[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (figures->count >= LP_METRIC_RULES_MOST)
		return strcmp(rule, "") == 0 ? NULL : find_rule(figures, "");
	LP_GROW(figures->rules, figures->count, figures->capacity);
	memmove(&figures->rules[low + 1], &figures->rules[low], (figures->count - low) * sizeof *figures->rules);
	figures->count++;
	figures->rules[low] = (struct lp_rule_figures){ .rule = lp_arena_text(&figures->arena, rule) };
	return &figures->rules[low];
}

/* For how long the first window that is due and not settled has been waiting at a tick. */
static int64_t lag_of(const struct lp_status *status, lp_time tick)
{
	const struct lp_schedule *schedule = &status->calculation.schedule;
	const struct lp_zone *zone;
	struct lp_window window;
	struct lp_error unknown;
	if (!status->calculation.enabled || status->watermark == LP_TIME_NONE ||
	    !lp_zone_find(schedule->zone, &zone, &unknown) ||
	    !lp_window_ending_after(schedule, zone, status->watermark, &window))
		return 0;
	int64_t lag = tick - window.end - schedule->delay;
	return lag > 0 ? lag : 0;
}

struct reading {
	struct lp_store_figures *figures;
	lp_time tick;
};

static bool add_status(void *context, const struct lp_status *status, struct lp_error *error)
{
	struct reading *reading = context;
	struct lp_rule_figures *rule = find_rule(reading->figures, status->calculation.rule);
	int64_t lag = lag_of(status, reading->tick);
	(void)error;
	rule->states[status->state]++;
	rule->lag = lag > rule->lag ? lag : rule->lag;
	reading->figures->pending += status->pending;
	reading->figures->owed += status->owed;
	return true;
}

bool lp_store_figures_read(struct lp_store *store, lp_time tick, struct lp_store_figures *figures,
                           struct lp_error *error)
{
	const struct lp_status_filter all = { 0 };
	struct reading reading = { .figures = figures, .tick = tick };
	/* That of the rules beyond the most has its place from the beginning. */
	(void)find_rule(figures, "");
	return lp_store_each_status(store, &all, add_status, &reading, error);
}

void lp_store_figures_free(struct lp_store_figures *figures)
{
	free(figures->rules);
	lp_arena_free(&figures->arena);
	*figures = (struct lp_store_figures){ 0 };
}

/* Under way: the name of the metric, and whether it is for OpenMetrics. */
struct writer {
	struct lp_text *text;
	const char *name;
	bool open_metrics;
};

static void begin(struct writer *writer, const char *name, const char *type, const char *help)
{
	size_t length = strlen(name);
	writer->name = name;
	/* In OpenMetrics a counter is called what its sample is, without _total. */
	if (writer->open_metrics && strcmp(type, "counter") == 0)
		length -= strlen("_total");
	lp_text_addf(writer->text, "# HELP local_processing_%.*s %s\n", (int)length, name, help);
	lp_text_addf(writer->text, "# TYPE local_processing_%.*s %s\n", (int)length, name, type);
}

static void add_value(struct writer *writer, double value)
{
	char number[32];
	lp_number_format(value, number);
	lp_text_addf(writer->text, " %s\n", number);
}

static void add_label(struct writer *writer, const char *separator, const char *name, const char *value)
{
	lp_text_addf(writer->text, "%s%s=\"", separator, name);
	for (; *value != '\0'; value++)
		if (*value == '\\' || *value == '"')
			lp_text_addf(writer->text, "\\%c", *value);
		else if (*value == '\n')
			lp_text_addf(writer->text, "\\n");
		else
			lp_text_add(writer->text, value, 1);
	lp_text_addf(writer->text, "\"");
}

static void add(struct writer *writer, double value)
{
	lp_text_addf(writer->text, "local_processing_%s", writer->name);
	add_value(writer, value);
}

static void add_labelled(struct writer *writer, const char *label, const char *labelled, double value)
{
	lp_text_addf(writer->text, "local_processing_%s", writer->name);
	add_label(writer, "{", label, labelled);
	lp_text_addf(writer->text, "}");
	add_value(writer, value);
}

static void add_one(struct writer *writer, const char *name, const char *type, const char *help, double value)
{
	begin(writer, name, type, help);
	add(writer, value);
}

static void add_states(struct writer *writer, const uint64_t states[LP_STATE_COUNT])
{
	for (int state = 0; state < LP_STATE_COUNT; state++)
		add_labelled(writer, "state", lp_state_name((enum lp_state)state), (double)states[state]);
}

/* label NULL: it has none. */
static void add_histogram(struct writer *writer, const char *label, const char *labelled,
                          const struct lp_histogram *histogram)
{
	uint64_t below = 0;
	char bound[32] = "+Inf";
	for (size_t i = 0; i < LP_METRIC_BUCKETS; i++) {
		below += histogram->buckets[i];
		if (i < LP_METRIC_BUCKETS - 1)
			lp_number_format(bounds[i], bound);
		else
			strcpy(bound, "+Inf");
		/* OpenMetrics writes whole numbers as floats here. */
		if (writer->open_metrics && i < LP_METRIC_BUCKETS - 1 && strchr(bound, '.') == NULL)
			strcat(bound, ".0");
		lp_text_addf(writer->text, "local_processing_%s_bucket", writer->name);
		if (label != NULL)
			add_label(writer, "{", label, labelled);
		add_label(writer, label == NULL ? "{" : ",", "le", bound);
		lp_text_addf(writer->text, "} %" PRIu64 "\n", below);
	}
	for (int i = 0; i < 2; i++) {
		lp_text_addf(writer->text, "local_processing_%s_%s", writer->name, i == 0 ? "sum" : "count");
		if (label != NULL) {
			add_label(writer, "{", label, labelled);
			lp_text_addf(writer->text, "}");
		}
		add_value(writer, i == 0 ? histogram->sum : (double)histogram->count);
	}
}

static void write_totals(struct writer *writer, const struct lp_totals *totals)
{
	begin(writer, "ticks_total", "counter", "Minutes worked for, by what became of them.");
	add_labelled(writer, "result", "done", (double)totals->done);
	add_labelled(writer, "result", "nothing_due", (double)totals->nothing_due);
	add_labelled(writer, "result", "other_run_working", (double)totals->busy);
	add_labelled(writer, "result", "failed", (double)totals->failed);
	add_one(writer, "ticks_missed_total", "counter", "Minutes that had no run of their own.",
	        (double)totals->missed);
	begin(writer, "windows_total", "counter", "Windows computed, by state.");
	add_states(writer, totals->states);
	add_one(writer, "windows_recomputed_total", "counter",
	        "Windows computed again, because samples came late or somebody asked for it.",
	        (double)totals->recomputed);
	add_one(writer, "windows_retried_total", "counter", "Windows tried again after a failure.",
	        (double)totals->retried);
	add_one(writer, "samples_read_total", "counter", "Samples read.", (double)totals->samples_read);
	add_one(writer, "samples_written_total", "counter", "Samples written.", (double)totals->samples_written);
	add_one(writer, "calculations_newly_failed_total", "counter", "Times that a calculation began to fail.",
	        (double)totals->newly_failed);
	add_one(writer, "calculations_recovered_total", "counter",
	        "Times that a calculation that had failed worked again.", (double)totals->recovered);
	add_one(writer, "cpu_seconds_total", "counter", "Processor time of all processes, in runs.", totals->cpu);
	begin(writer, "run_duration_seconds", "histogram", "How long runs took that had something to do.");
	add_histogram(writer, NULL, NULL, &totals->run);
	begin(writer, "stage_duration_seconds", "histogram",
	      "Time that each stage of a run took, summed over its threads.");
	for (int stage = 0; stage < LP_METRIC_STAGES; stage++)
		add_histogram(writer, "stage", stage_names[stage], &totals->stages[stage]);
}

static void write_run(struct writer *writer, const struct lp_run *run, const struct lp_run_timing *timing)
{
	begin(writer, "last_run_windows", "gauge", "Windows that the last run computed, by state.");
	add_states(writer, run->states);
	add_one(writer, "last_run_duration_seconds", "gauge", "How long the last run took.",
	        (double)timing->wall / 1e9);
	begin(writer, "last_run_stage_duration_seconds", "gauge",
	      "Time that each stage of the last run took, summed over its threads.");
	for (int stage = 0; stage < LP_METRIC_STAGES; stage++)
		add_labelled(writer, "stage", stage_names[stage], (double)time_of(timing, stage) / 1e9);
	add_one(writer, "last_run_samples_read", "gauge", "Samples that the last run read.", (double)run->samples_read);
	add_one(writer, "last_run_samples_written", "gauge", "Samples that the last run wrote.",
	        (double)run->samples_written);
	add_one(writer, "last_run_windows_recomputed", "gauge",
	        "Windows that the last run computed again, because samples came late or somebody asked for it.",
	        (double)run->recomputed);
	add_one(writer, "last_run_windows_retried", "gauge", "Windows that the last run tried again after a failure.",
	        (double)timing->retried);
	add_one(writer, "windows_still_due", "gauge",
	        "Windows that the last run has left to the next ones, by the catch-up limit.", (double)run->still_due);
	add_one(writer, "rules_stopped", "gauge",
	        "Rules that are stopped, but for trials, because most calculations failed.",
	        (double)timing->stopped_count);
}

static void write_rules(struct writer *writer, const struct lp_store_figures *store)
{
	begin(writer, "calculations", "gauge", "Calculations, by rule and by state; those without any are left out.");
	for (size_t i = 0; i < store->count; i++) {
		const struct lp_rule_figures *rule = &store->rules[i];
		for (int state = 0; state < LP_STATE_COUNT; state++) {
			if (rule->states[state] == 0)
				continue;
			lp_text_addf(writer->text, "local_processing_%s", writer->name);
			add_label(writer, "{", "rule", rule->rule[0] == '\0' ? "others" : rule->rule);
			add_label(writer, ",", "state", lp_state_name((enum lp_state)state));
			lp_text_addf(writer->text, "}");
			add_value(writer, (double)rule->states[state]);
		}
	}
	begin(writer, "rule_lag_seconds", "gauge",
	      "For how long the oldest window of a rule has been due and is not settled; 0: all are.");
	for (size_t i = 0; i < store->count; i++)
		if (store->rules[i].rule[0] != '\0')
			add_labelled(writer, "rule", store->rules[i].rule, (double)store->rules[i].lag / 1e6);
}

static void write_store(struct writer *writer, const struct lp_store_figures *store)
{
	int64_t lag = 0;
	for (size_t i = 0; i < store->count; i++)
		lag = store->rules[i].lag > lag ? store->rules[i].lag : lag;
	write_rules(writer, store);
	add_one(writer, "lag_seconds", "gauge",
	        "For how long the oldest window of all has been due and is not settled; 0: all are.",
	        (double)lag / 1e6);
	add_one(writer, "windows_pending", "gauge", "Windows that failed or were not reached, and are kept.",
	        (double)store->pending);
	add_one(writer, "ranges_owed", "gauge", "Ranges of windows that have to be computed again, or later.",
	        (double)store->owed);
}

static void write_times(struct writer *writer, const struct lp_metrics *metrics)
{
	if (metrics->last_tick != LP_TIME_NONE)
		add_one(writer, "last_tick_timestamp_seconds", "gauge", "The minute that was worked for last.",
		        (double)metrics->last_tick / 1e6);
	if (metrics->last_success != LP_TIME_NONE)
		add_one(writer, "last_success_timestamp_seconds", "gauge",
		        "When a minute's work ended well last, with or without anything to do.",
		        (double)metrics->last_success / 1e6);
}

static void write_memory(struct writer *writer, const struct lp_metrics *metrics)
{
	if (metrics->main_memory == 0)
		return;
	begin(writer, "memory_bytes", "gauge", "Memory in use, by process.");
	add_labelled(writer, "process", "main", (double)metrics->main_memory);
	if (metrics->rules_memory > 0)
		add_labelled(writer, "process", "rule_server", (double)metrics->rules_memory);
}

void lp_metrics_write(struct lp_text *text, const struct lp_metrics *metrics)
{
	struct writer writer = { .text = text, .open_metrics = metrics->open_metrics };
	begin(&writer, "build_info", "gauge", "The program; the value is 1.");
	add_labelled(&writer, "version", metrics->version, 1);
	write_times(&writer, metrics);
	write_memory(&writer, metrics);
	if (metrics->run != NULL)
		write_run(&writer, metrics->run, metrics->timing);
	if (metrics->store != NULL)
		write_store(&writer, metrics->store);
	if (metrics->totals != NULL)
		write_totals(&writer, metrics->totals);
	if (metrics->open_metrics)
		lp_text_addf(text, "# EOF\n");
}
