/*
 * See breaker.h. Knows outcomes of rules; nothing of plans.
 *
 * Runs in the main process, in its main thread; lp_breakers_decide in fetchers.
 */
#include "pipeline/breaker.h"

#include "model/order.h"
#include "observe/observe.h"
#include "text/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* TRIALS_FOR_ONE: trials in the next run for each calculation that works again. */
enum { ERROR_MOST = 240, TRIALS_FOR_ONE = 10 };

static struct lp_breaker_rule *find(struct lp_breaker_rule *const *rules, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(rules[i]->rule, name) == 0)
			return rules[i];
	return NULL;
}

static struct lp_breaker_rule *rule_of(struct lp_breakers *breakers, const char *name)
{
	struct lp_breaker_rule *rule = find(breakers->rules, breakers->rule_count, name);
	if (rule != NULL)
		return rule;
	rule = lp_allocate(sizeof *rule);
	rule->rule = lp_copy_text(name);
	LP_GROW(breakers->rules, breakers->rule_count, breakers->rule_capacity);
	return breakers->rules[breakers->rule_count++] = rule;
}

static bool keep(void *context, const struct lp_breaker *breaker, struct lp_error *error)
{
	struct lp_breakers *breakers = context;
	struct lp_breaker_rule *rule = rule_of(breakers, breaker->rule);
	(void)error;
	rule->open = true;
	rule->stored = *breaker;
	rule->error = breaker->error == NULL ? NULL : lp_copy_text(breaker->error);
	rule->reason = lp_format_text("the rule %s is stopped, because most of its calculations fail: %s", rule->rule,
	                              rule->error == NULL ? "" : rule->error);
	LP_GROW(breakers->open, breakers->open_count, breakers->open_capacity);
	breakers->open[breakers->open_count++] = rule;
	return true;
}

struct holding {
	struct lp_breaker_rule *rule;
	lp_time tick;
};

static bool hold(void *context, const struct lp_status *status, struct lp_error *error)
{
	const struct holding *holding = context;
	struct lp_breaker_rule *rule = holding->rule;
	(void)error;
	if (!status->calculation.enabled || status->calculation.mode == LP_MODE_SHADOW)
		return true;
	rule->calculations++;
	if (status->state == LP_STATE_OK || status->state == LP_STATE_NO_DATA) {
		/*
		 * A calculation without a row of `state` has been ok since its definition was
		 * made, so it was not released.
		 */
		rule->released += status->since > rule->stored.since && status->since <= holding->tick;
		return true;
	}
	LP_GROW(rule->held, rule->held_count, rule->held_capacity);
	rule->held[rule->held_count++] = (struct lp_breaker_held){ .calculation_id = status->calculation.id };
	return true;
}

static int compare_held(const void *a, const void *b)
{
	const struct lp_breaker_held *left = a, *right = b;
	return lp_compare(left->calculation_id, right->calculation_id);
}

/*
 * Trials are neighbours, from a starting point that jumps from minute to minute.
 * So every calculation gets its turn, whatever its schedule.
 */
static void choose_trials(struct lp_breaker_rule *rule, lp_time tick)
{
	uint64_t minute = (uint64_t)(tick / LP_MINUTE), count = rule->held_count;
	uint64_t trials = rule->released * TRIALS_FOR_ONE;
	if (count == 0)
		return;
	trials = trials < 1 ? 1 : trials > count ? count : trials;
	uint64_t first = (minute ^ minute >> 7) * UINT64_C(0x9e3779b97f4a7c15) % count;
	for (uint64_t i = 0; i < trials; i++)
		rule->held[(first + i) % count].on_trial = true;
}

bool lp_breakers_load(struct lp_breakers *breakers, struct lp_store *store, lp_time tick, struct lp_error *error)
{
	if (!lp_store_each_breaker(store, keep, breakers, error))
		return false;
	for (size_t i = 0; i < breakers->open_count; i++) {
		struct lp_breaker_rule *rule = breakers->open[i];
		struct lp_status_filter filter = { .rule = rule->rule };
		struct holding holding = { .rule = rule, .tick = tick };
		if (!lp_store_each_status(store, &filter, hold, &holding, error))
			return false;
		if (rule->held_count > 0)
			qsort(rule->held, rule->held_count, sizeof *rule->held, compare_held);
		choose_trials(rule, tick);
	}
	return true;
}

static struct lp_breaker_held *find_held(const struct lp_breaker_rule *rule, int64_t calculation_id)
{
	struct lp_breaker_held wanted = { .calculation_id = calculation_id };
	return rule->held_count == 0 ? NULL
	                             : bsearch(&wanted, rule->held, rule->held_count, sizeof *rule->held, compare_held);
}

/*
 * The pending window of a stopped calculation is read only as a trial, for rules
 * that have no new window in this run: retries follow the new windows.
 */
static bool is_trial(const struct lp_batch *batch, struct lp_breaker_rule *rule, struct lp_breaker_held *held)
{
	if (batch->kind == LP_BATCH_RETRY)
		return !atomic_exchange(&rule->tried, true);
	if (!held->on_trial || atomic_exchange(&held->had, true))
		return false;
	atomic_store(&rule->tried, true);
	return true;
}

void lp_breakers_decide(const struct lp_breakers *breakers, struct lp_batch *batch)
{
	for (size_t i = 0; i < batch->task_count && breakers->open_count > 0; i++) {
		struct lp_task *task = &batch->tasks[i];
		const struct lp_calculation *calculation = &batch->calculations[task->calculation];
		struct lp_breaker_rule *rule = find(breakers->open, breakers->open_count, calculation->rule);
		struct lp_breaker_held *held = rule == NULL ? NULL : find_held(rule, calculation->id);
		if (held == NULL || task->decided)
			continue;
		task->trial = is_trial(batch, rule, held);
		if (task->trial)
			continue;
		task->decided = true;
		task->outcome = (struct lp_outcome){ .state = LP_STATE_TRIPPED,
			                             .error_message = lp_arena_text(&batch->arena, rule->reason) };
	}
}

static void keep_error(struct lp_breaker_rule *rule, const struct lp_outcome *outcome)
{
	char text[ERROR_MOST + 1];
	snprintf(text, sizeof text, "%s: %s", outcome->error_type == NULL ? "" : outcome->error_type,
	         outcome->error_message == NULL ? "" : outcome->error_message);
	text[lp_utf8_cut(text, strlen(text))] = '\0';
	free(rule->error);
	rule->error = lp_copy_text(text);
}

void lp_breakers_note(struct lp_breakers *breakers, const struct lp_batch *batch)
{
	size_t computed = atomic_load(&batch->computed);
	struct lp_breaker_rule *rule = NULL;
	for (size_t i = 0; i < computed; i++) {
		const struct lp_task *task = &batch->tasks[i];
		const char *name = batch->calculations[task->calculation].rule;
		bool failed = lp_state_is_failure(task->outcome.state);
		if (task->blameless)
			continue;
		if (rule == NULL || strcmp(rule->rule, name) != 0)
			rule = rule_of(breakers, name);
		if (failed)
			keep_error(rule, &task->outcome);
		if (task->trial) {
			rule->changed = true;
			rule->worked += !failed;
		}
		/* A calculation counts once, by its newest window. */
		if (batch->kind == LP_BATCH_FORWARD && !task->decided && task->window.end == batch->new_watermark) {
			rule->computed++;
			rule->failed += failed;
		}
	}
}

static bool close_one(const struct lp_breaker_rule *rule, struct lp_store *store, struct lp_error *error)
{
	lp_log(LP_LOG_WARNING, "a rule that was stopped works again: what was put aside is computed by the next runs",
	       LP_TEXT("rule", rule->rule), LP_WHEN("stopped_since", rule->stored.since),
	       LP_INT("trials", rule->stored.trials));
	return lp_store_close_breaker(store, rule->rule, error);
}

static bool put_one(struct lp_breaker_rule *rule, struct lp_store *store, struct lp_error *error)
{
	rule->stored.rule = rule->rule;
	rule->stored.error = rule->error;
	/* Only the first time is an error: cron should mail what is new, not the same line every minute. */
	lp_log(rule->stored.trials == 0 ? LP_LOG_ERROR : LP_LOG_INFO,
	       rule->stored.trials == 0 ? "most calculations of a rule fail: they are stopped but for one trial a run"
	                                : "a rule is stopped, and not enough of its trials worked",
	       LP_TEXT("rule", rule->rule), LP_INT("failed", rule->stored.failed), LP_INT("of", rule->stored.of),
	       LP_WHEN("since", rule->stored.since), LP_INT("trials", rule->stored.trials),
	       LP_TEXT("error", rule->error));
	return lp_store_put_breaker(store, &rule->stored, error);
}

/*
 * True if so few calculations are still stopped, or failed their trial, that the
 * breaker would not trip again. Those have faults of their own.
 */
static bool has_recovered(const struct lp_breakers *breakers, const struct lp_breaker_rule *rule)
{
	uint64_t failing = rule->held_count > rule->worked ? rule->held_count - rule->worked : 0;
	return rule->worked > 0 && (failing < (uint64_t)breakers->failures_least || failing * 2 <= rule->calculations);
}

bool lp_breakers_end(struct lp_breakers *breakers, struct lp_store *store, const struct lp_run *run,
                     struct lp_error *error)
{
	for (size_t i = 0; i < breakers->rule_count; i++) {
		struct lp_breaker_rule *rule = breakers->rules[i];
		bool ok = true;
		if (rule->open && (rule->held_count == 0 || has_recovered(breakers, rule))) {
			ok = close_one(rule, store, error);
			rule->open = false;
		} else if (rule->open && rule->changed) {
			rule->stored.trials += rule->worked == 0;
			ok = put_one(rule, store, error);
		} else if (!rule->open && breakers->failures_least > 0 &&
		           rule->failed >= (uint64_t)breakers->failures_least && rule->failed * 2 > rule->computed) {
			rule->open = true;
			rule->stored = (struct lp_breaker){
				.since = run->tick, .run_id = run->id, .failed = rule->failed, .of = rule->computed
			};
			ok = put_one(rule, store, error);
		}
		if (!ok)
			return false;
	}
	return true;
}

void lp_breakers_free(struct lp_breakers *breakers)
{
	for (size_t i = 0; i < breakers->rule_count; i++) {
		free(breakers->rules[i]->rule);
		free(breakers->rules[i]->error);
		free(breakers->rules[i]->reason);
		free(breakers->rules[i]->held);
		free(breakers->rules[i]);
	}
	free(breakers->rules);
	free(breakers->open);
}
