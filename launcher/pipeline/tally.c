/*
 * Counts what a run has done, and logs what failed. Knows outcomes; no threads,
 * no store.
 *
 * Runs in the main process, in its main thread.
 */
#include "pipeline/tally.h"

#include "observe/observe.h"
#include "text/utf8.h"

#include <stdlib.h>
#include <string.h>

/*
 * How many log lines a run writes for single failures: one for each calculation
 * that failed and one for each that had a window given up. Beyond that, only the
 * first of each rule has one.
 */
enum { LOGGED_MOST = 50 };

static struct lp_tally_rule *find_rule(struct lp_tally *tally, const char *name)
{
	for (size_t i = 0; i < tally->rule_count; i++)
		if (strcmp(tally->rules[i].rule, name) == 0)
			return &tally->rules[i];
	LP_GROW(tally->rules, tally->rule_count, tally->rule_capacity);
	struct lp_tally_rule *rule = &tally->rules[tally->rule_count++];
	*rule = (struct lp_tally_rule){ .rule = lp_copy_text(name) };
	return rule;
}

static void keep_failure(struct lp_run_timing *timing, const struct lp_calculation *calculation,
                         const struct lp_task *task, bool newly)
{
	struct lp_run_failure failure = { .window = task->window,
		                          .windows = 1,
		                          .state = task->outcome.state,
		                          .attempt = task->attempt,
		                          .newly = newly };
	lp_utf8_copy(failure.calculation, sizeof failure.calculation, calculation->name);
	for (size_t i = 0; i < timing->failure_count; i++) {
		if (strcmp(timing->failures[i].calculation, failure.calculation) == 0) {
			timing->failures[i].windows++;
			return;
		}
	}
	if (timing->failure_count == LP_RUN_FAILURES_MOST)
		return;
	lp_utf8_copy(failure.rule, sizeof failure.rule, calculation->rule);
	lp_utf8_copy(failure.error_type, sizeof failure.error_type, task->outcome.error_type);
	lp_utf8_copy(failure.message, sizeof failure.message, task->outcome.error_message);
	timing->failures[timing->failure_count++] = failure;
}

static bool is_logged(struct lp_tally *tally, int64_t calculation, bool given_up)
{
	int64_t key = given_up ? -calculation : calculation;
	for (size_t i = 0; i < tally->logged_count; i++)
		if (tally->logged[i] == key)
			return true;
	return false;
}

static void log_failure(struct lp_tally *tally, const struct lp_calculation *calculation, const struct lp_task *task,
                        bool retry)
{
	const struct lp_outcome *outcome = &task->outcome;
	bool newly = !retry && !lp_state_is_failure(calculation->state);
	struct lp_tally_rule *rule = find_rule(tally, calculation->rule);
	rule->failed++;
	keep_failure(tally->timing, calculation, task, newly);
	bool given_up = outcome->state == LP_STATE_GIVEN_UP;
	/*
	 * A failure that was known before is not logged as new: cron should mail what is
	 * new, not the same line every minute.
	 */
	bool is_new = newly || given_up;
	if (is_logged(tally, calculation->id, given_up))
		return;
	if (tally->logged_count >= LOGGED_MOST && rule->logged > 0) {
		rule->unlogged_new = rule->unlogged_new || is_new;
		return;
	}
	LP_GROW(tally->logged, tally->logged_count, tally->logged_capacity);
	tally->logged[tally->logged_count++] = given_up ? -calculation->id : calculation->id;
	rule->logged++;
	const char *message = given_up ? "a window is given up"
	                      : newly  ? "calculation fails now"
	                      : retry  ? "retry failed"
	                               : "calculation still fails";
	lp_log(is_new ? LP_LOG_WARNING : LP_LOG_INFO, message, LP_TEXT("calculation", calculation->name),
	       LP_TEXT("rule", calculation->rule), LP_WHEN("window_start", task->window.start),
	       LP_WHEN("window_end", task->window.end), LP_TEXT("state", lp_state_name(outcome->state)),
	       LP_INT("attempt", task->attempt), LP_TEXT("error", outcome->error_type),
	       LP_TEXT("reason", outcome->error_message));
}

static void log_recovery(struct lp_tally *tally, const struct lp_calculation *calculation)
{
	struct lp_run_timing *timing = tally->timing;
	if (timing->recovered < LP_RUN_FAILURES_MOST)
		lp_utf8_copy(timing->recovered_names[timing->recovered], sizeof timing->recovered_names[0],
		             calculation->name);
	if (timing->recovered++ < LOGGED_MOST)
		lp_log(LP_LOG_INFO, "calculation works again", LP_TEXT("calculation", calculation->name),
		       LP_TEXT("rule", calculation->rule));
}

/* Compares the state of each calculation before the batch with that of its last window in it. */
static void compare_states(struct lp_tally *tally, struct lp_batch *batch, size_t computed)
{
	const struct lp_task **last = lp_arena_zeroed(&batch->arena, batch->calculation_count, sizeof *last);
	for (size_t i = 0; i < computed; i++)
		last[batch->tasks[i].calculation] = &batch->tasks[i];
	for (size_t i = 0; i < batch->calculation_count; i++) {
		if (last[i] == NULL)
			continue;
		bool before = lp_state_is_failure(batch->calculations[i].state);
		enum lp_state state = last[i]->outcome.state;
		bool now = lp_state_is_failure(state);
		tally->run->newly_failed += now && !before;
		/* Calculations that are set aside or wait do not count. */
		if (before && (state == LP_STATE_OK || state == LP_STATE_NO_DATA))
			log_recovery(tally, &batch->calculations[i]);
	}
}

static void keep_pruned(struct lp_run_timing *timing, const struct lp_calculation *calculation,
                        const struct lp_task *task)
{
	struct lp_run_pruned *pruned = &timing->pruned;
	if (timing->left + timing->without > 0)
		return;
	lp_utf8_copy(pruned->calculation, sizeof pruned->calculation, calculation->name);
	lp_utf8_copy(pruned->series, sizeof pruned->series, task->pruned->series);
	pruned->window = task->window;
	pruned->to = task->pruned->pruned.end - 1;
}

/* Returns true if the task counts for nothing else. */
static bool add_pruned(struct lp_tally *tally, const struct lp_batch *batch, const struct lp_task *task)
{
	struct lp_run_timing *timing = tally->timing;
	bool left = lp_task_is_left(batch, task);
	if (task->pruned == NULL)
		return false;
	keep_pruned(timing, &batch->calculations[task->calculation], task);
	timing->left += left;
	timing->without += !left;
	return left;
}

void lp_tally_time(struct lp_tally *tally, const struct lp_batch *batch)
{
	tally->timing->fetch += batch->fetch_time;
	tally->timing->compute += batch->compute_time;
	tally->timing->commit += batch->commit_time;
}

/* What is in shadow is counted by itself, and fails nobody's run. */
static void add_shadow(struct lp_run_timing *timing, const struct lp_batch *batch)
{
	size_t computed = atomic_load(&batch->computed);
	timing->shadow_written += batch->samples_written;
	for (size_t i = 0; i < computed; i++) {
		const struct lp_task *task = &batch->tasks[i];
		bool failed = lp_state_is_failure(task->outcome.state);
		timing->shadow_windows += !lp_task_is_left(batch, task);
		if (failed && timing->shadow_failed == 0) {
			lp_utf8_copy(timing->shadow_failure.calculation, sizeof timing->shadow_failure.calculation,
			             batch->calculations[task->calculation].name);
			lp_utf8_copy(timing->shadow_failure.error_type, sizeof timing->shadow_failure.error_type,
			             task->outcome.error_type);
			lp_utf8_copy(timing->shadow_failure.message, sizeof timing->shadow_failure.message,
			             task->outcome.error_message);
		}
		timing->shadow_failed += failed;
	}
}

void lp_tally_add(struct lp_tally *tally, struct lp_batch *batch)
{
	struct lp_run *run = tally->run;
	struct lp_run_timing *timing = tally->timing;
	size_t computed = atomic_load(&batch->computed);
	timing->batches++;
	/* A backfill was asked for: all that it computes counts. */
	if (batch->head.shadow && run->kind == LP_RUN_MINUTE) {
		add_shadow(timing, batch);
		return;
	}
	run->samples_read += batch->samples_read;
	run->samples_written += batch->samples_written;
	run->kept_imported += batch->kept_imported;
	for (size_t i = 0; i < computed; i++) {
		const struct lp_task *task = &batch->tasks[i];
		const struct lp_calculation *calculation = &batch->calculations[task->calculation];
		const struct lp_outcome *outcome = &task->outcome;
		if (add_pruned(tally, batch, task))
			continue;
		run->windows++;
		run->recomputed += batch->kind == LP_BATCH_RECOMPUTE && batch->reason != LP_REASON_CATCH_UP;
		run->states[outcome->state]++;
		timing->retried += batch->kind == LP_BATCH_RETRY;
		timing->rule_sum += outcome->duration;
		if (outcome->duration > timing->rule_worst) {
			timing->rule_worst = outcome->duration;
			lp_utf8_copy(timing->rule_worst_calculation, sizeof timing->rule_worst_calculation,
			             calculation->name);
		}
		if (lp_state_is_failure(outcome->state))
			log_failure(tally, calculation, task, batch->kind != LP_BATCH_FORWARD);
	}
	for (size_t i = computed; i < batch->task_count; i++)
		run->states[LP_STATE_INTERRUPTED]++;
	if (batch->kind == LP_BATCH_FORWARD)
		compare_states(tally, batch, computed);
}

static void report_pruned(const struct lp_run_timing *timing)
{
	const struct lp_run_pruned *pruned = &timing->pruned;
	if (timing->left + timing->without == 0)
		return;
	/*
	 * Logged once a run; every window comes up once. A window without a result is
	 * reported like any other that had no samples.
	 */
	lp_log(timing->left > 0 ? LP_LOG_WARNING : LP_LOG_INFO,
	       timing->left > 0 ? "windows were not computed again, and stay as they are: their samples were pruned"
	                        : "windows have no result: their samples were pruned",
	       LP_INT("left", timing->left), LP_INT("without_result", timing->without),
	       LP_TEXT("calculation", pruned->calculation), LP_WHEN("window_start", pruned->window.start),
	       LP_WHEN("window_end", pruned->window.end), LP_TEXT("series", pruned->series),
	       LP_WHEN("pruned_to", pruned->to));
}

static void report_shadow(const struct lp_run_timing *timing)
{
	if (timing->shadow_windows == 0)
		return;
	lp_log(LP_LOG_INFO, "calculations in shadow were computed", LP_INT("windows", timing->shadow_windows),
	       LP_INT("failed", timing->shadow_failed), LP_INT("samples_written", timing->shadow_written));
	if (timing->shadow_failed > 0)
		lp_log(LP_LOG_INFO,
		       "a calculation in shadow failed; `local-processing status --shadow --failed` lists all",
		       LP_TEXT("calculation", timing->shadow_failure.calculation),
		       LP_TEXT("error", timing->shadow_failure.error_type),
		       LP_TEXT("reason", timing->shadow_failure.message));
}

void lp_tally_end(struct lp_tally *tally)
{
	report_pruned(tally->timing);
	report_shadow(tally->timing);
	for (size_t i = 0; i < tally->rule_count; i++) {
		struct lp_tally_rule *rule = &tally->rules[i];
		if (rule->failed > rule->logged)
			lp_log(rule->unlogged_new ? LP_LOG_WARNING : LP_LOG_INFO,
			       "more windows of this rule failed; `local-processing status --failed` "
			       "tells which",
			       LP_TEXT("rule", rule->rule), LP_INT("failed", rule->failed),
			       LP_INT("logged", rule->logged));
		free(rule->rule);
	}
	if (tally->timing->recovered > LOGGED_MOST)
		lp_log(LP_LOG_INFO, "more calculations work again", LP_INT("recovered", tally->timing->recovered),
		       LP_INT("logged", LOGGED_MOST));
	free(tally->rules);
	free(tally->logged);
	*tally = (struct lp_tally){ 0 };
}

void lp_tally_add_stopped(struct lp_tally *tally, const struct lp_breakers *breakers)
{
	struct lp_run_timing *timing = tally->timing;
	for (size_t i = 0; i < breakers->rule_count; i++) {
		const struct lp_breaker_rule *rule = breakers->rules[i];
		if (!rule->open || timing->stopped_count++ >= LP_RUN_FAILURES_MOST)
			continue;
		struct lp_run_stopped *stopped = &timing->stopped[timing->stopped_count - 1];
		*stopped = (struct lp_run_stopped){ .since = rule->stored.since,
			                            .failed = rule->stored.failed,
			                            .of = rule->stored.of,
			                            .trials = rule->stored.trials };
		lp_utf8_copy(stopped->rule, sizeof stopped->rule, rule->rule);
		lp_utf8_copy(stopped->error, sizeof stopped->error, rule->error);
	}
}
