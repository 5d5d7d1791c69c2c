/* The report of a run as JSON: see show.h.  Every figure is one that the run counted. */
#include "show/show.h"

#include "text/json.h"

#include <math.h>

uint64_t lp_run_count_failed(const struct lp_run *run)
{
	uint64_t failed = 0;
	for (int state = 0; state < LP_STATE_COUNT; state++)
		failed += lp_state_is_failure((enum lp_state)state) ? run->states[state] : 0;
	return failed;
}

static void add_failures(struct lp_text *json, const struct lp_run_timing *timing, const struct lp_zone *zone)
{
	lp_json_begin(json, "failures", "[");
	for (size_t i = 0; i < timing->failure_count; i++) {
		const struct lp_run_failure *failure = &timing->failures[i];
		lp_json_new_line(json, 4);
		lp_json_begin(json, NULL, "{");
		lp_json_add_text(json, "calculation", failure->calculation);
		lp_json_add_text(json, "rule", failure->rule);
		lp_json_add_time(json, "window_start", failure->window.start, zone);
		lp_json_add_time(json, "window_end", failure->window.end, zone);
		lp_json_add_text(json, "state", lp_state_name(failure->state));
		lp_json_add_integer(json, "attempt", failure->attempt);
		lp_json_add_bool(json, "newly", failure->newly);
		lp_json_add_text(json, "error_type", failure->error_type);
		lp_json_add_text(json, "error_message", failure->message);
		lp_json_end(json, "}");
	}
	lp_json_end(json, timing->failure_count > 0 ? "\n  ]" : "]");
}

static void add_stage(struct lp_text *json, const char *name, int64_t busy, int threads)
{
	lp_json_begin(json, name, "{");
	lp_json_add_seconds(json, "seconds", busy, 6);
	lp_json_add_integer(json, "threads", threads);
	lp_json_end(json, "}");
}

static void add_counts(struct lp_text *json, const struct lp_run *run, const struct lp_run_timing *timing)
{
	lp_json_add_integer(json, "windows", (int64_t)run->windows);
	lp_json_begin(json, "states", "{");
	for (int state = 0; state < LP_STATE_COUNT; state++)
		lp_json_add_integer(json, lp_state_name((enum lp_state)state), (int64_t)run->states[state]);
	lp_json_end(json, "}");
	lp_json_new_line(json, 2);
	lp_json_add_integer(json, "failed", (int64_t)lp_run_count_failed(run));
	lp_json_add_integer(json, "newly_failed", (int64_t)run->newly_failed);
	lp_json_add_integer(json, "samples_read", (int64_t)run->samples_read);
	lp_json_add_integer(json, "samples_written", (int64_t)run->samples_written);
	lp_json_add_integer(json, "kept_imported", (int64_t)run->kept_imported);
	lp_json_add_integer(json, "still_due", (int64_t)run->still_due);
	lp_json_add_integer(json, "recomputed", (int64_t)run->recomputed);
	lp_json_add_integer(json, "changes_too_old", (int64_t)timing->too_old);
	lp_json_add_integer(json, "windows_left", (int64_t)timing->left);
	lp_json_add_integer(json, "windows_without_samples", (int64_t)timing->without);
	lp_json_add_integer(json, "rules_stopped", (int64_t)timing->stopped_count);
	lp_json_begin(json, "shadow", "{");
	lp_json_add_integer(json, "windows", (int64_t)timing->shadow_windows);
	lp_json_add_integer(json, "failed", (int64_t)timing->shadow_failed);
	lp_json_add_integer(json, "samples_written", (int64_t)timing->shadow_written);
	lp_json_end(json, "}");
	lp_json_new_line(json, 2);
	lp_json_add_integer(json, "batches", (int64_t)timing->batches);
	lp_json_add_integer(json, "batches_refused", (int64_t)timing->refused);
	lp_json_add_integer(json, "batches_skipped", (int64_t)timing->skipped);
}

static void add_times(struct lp_text *json, const struct lp_run *run, const struct lp_run_timing *timing)
{
	lp_json_add_seconds(json, "rule_seconds", timing->rule_sum, 9);
	lp_json_add_seconds(json, "rule_seconds_worst", timing->rule_worst, 9);
	lp_json_add_text(json, "rule_worst_calculation", run->windows > 0 ? timing->rule_worst_calculation : NULL);
	lp_json_new_line(json, 2);
	lp_json_add_seconds(json, "seconds", timing->wall, 6);
	lp_json_add_seconds(json, "planning_seconds", timing->planning, 6);
	add_stage(json, "fetch", timing->fetch, timing->fetchers);
	add_stage(json, "compute", timing->compute, timing->workers);
	add_stage(json, "commit", timing->commit, timing->committers);
	lp_json_new_line(json, 2);
	lp_json_add_seconds(json, "cpu_seconds_user", llround(timing->cpu_user * 1e9), 6);
	lp_json_add_seconds(json, "cpu_seconds_system", llround(timing->cpu_system * 1e9), 6);
	lp_json_add_integer(json, "peak_memory_bytes", (int64_t)timing->peak_memory);
}

void lp_show_report(struct lp_text *json, const struct lp_run *run, const struct lp_run_timing *timing,
                    const struct lp_zone *zone)
{
	lp_json_begin(json, NULL, "{\n  ");
	if (run->id != 0)
		lp_json_add_integer(json, "run", run->id);
	else
		lp_json_add_null(json, "run");
	lp_json_add_time(json, "tick", run->tick, zone);
	lp_json_add_text(json, "result", run->id != 0 ? run->result : "nothing due");
	lp_json_add_text(json, "error", run->error);
	lp_json_new_line(json, 2);
	lp_json_add_time(json, "started", run->started, zone);
	lp_json_add_time(json, "ended", run->ended, zone);
	lp_json_add_time(json, "next_due", timing->next_due, zone);
	lp_json_new_line(json, 2);
	add_counts(json, run, timing);
	lp_json_new_line(json, 2);
	add_times(json, run, timing);
	lp_json_new_line(json, 2);
	add_failures(json, timing, zone);
	lp_json_end(json, "\n}\n");
}

void lp_show_busy(struct lp_text *json)
{
	lp_json_begin(json, NULL, "{");
	lp_json_add_null(json, "run");
	lp_json_add_text(json, "result", "another run is working");
	lp_json_end(json, "}\n");
}
