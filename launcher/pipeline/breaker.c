/* See breaker.h.  Knows outcomes of rules; nothing of plans. */
#include "pipeline/breaker.h"

#include "model/text.h"
#include "observe/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ERROR_MOST = 240 };

static struct lp_breaker_rule *find(struct lp_breaker_rule *const *rules, size_t count, const char *name)
{
	for (size_t at = 0; at < count; at++)
		if (strcmp(rules[at]->rule, name) == 0)
			return rules[at];
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

bool lp_breakers_load(struct lp_breakers *breakers, struct lp_store *store, struct lp_error *error)
{
	return lp_store_each_breaker(store, keep, breakers, error);
}

void lp_breakers_decide(const struct lp_breakers *breakers, struct lp_batch *batch)
{
	for (size_t at = 0; at < batch->task_count && breakers->open_count > 0; at++) {
		struct lp_task *task = &batch->tasks[at];
		struct lp_breaker_rule *rule =
			find(breakers->open, breakers->open_count, batch->calculations[task->calculation].rule);
		if (rule == NULL || task->decided)
			continue;
		if (!atomic_exchange(&rule->trial, true)) {
			task->trial = true;
			continue;
		}
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
	text[lp_text_whole(text, strlen(text))] = '\0';
	free(rule->error);
	rule->error = lp_copy_text(text);
}

void lp_breakers_note(struct lp_breakers *breakers, const struct lp_batch *batch)
{
	size_t computed = atomic_load(&batch->computed);
	struct lp_breaker_rule *rule = NULL;
	for (size_t at = 0; at < computed; at++) {
		const struct lp_task *task = &batch->tasks[at];
		const char *name = batch->calculations[task->calculation].rule;
		bool failed = lp_state_is_failure(task->outcome.state);
		if (rule == NULL || strcmp(rule->rule, name) != 0)
			rule = rule_of(breakers, name);
		if (failed)
			keep_error(rule, &task->outcome);
		if (task->trial) {
			rule->changed = true;
			rule->worked = !failed;
		}
		/* A calculation counts once: by its newest window. */
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
	/* Loud once: cron is to mail what is new, not the same each minute. */
	lp_log(rule->stored.trials == 0 ? LP_LOG_ERROR : LP_LOG_INFO,
	       rule->stored.trials == 0 ? "most calculations of a rule fail: it is stopped but for one trial a run"
	                                : "a rule is stopped, and its trial failed as well",
	       LP_TEXT("rule", rule->rule), LP_INT("failed", rule->stored.failed), LP_INT("of", rule->stored.of),
	       LP_WHEN("since", rule->stored.since), LP_INT("trials", rule->stored.trials),
	       LP_TEXT("error", rule->error));
	return lp_store_put_breaker(store, &rule->stored, error);
}

bool lp_breakers_end(struct lp_breakers *breakers, struct lp_store *store, const struct lp_run *run,
                     struct lp_error *error)
{
	for (size_t at = 0; at < breakers->rule_count; at++) {
		struct lp_breaker_rule *rule = breakers->rules[at];
		bool good = true;
		if (rule->open && rule->changed && rule->worked) {
			good = close_one(rule, store, error);
			rule->open = false;
		} else if (rule->open && rule->changed) {
			rule->stored.trials++;
			good = put_one(rule, store, error);
		} else if (!rule->open && breakers->failures_least > 0 &&
		           rule->failed >= (uint64_t)breakers->failures_least && rule->failed * 2 > rule->computed) {
			rule->open = true;
			rule->stored = (struct lp_breaker){
				.since = run->tick, .run_id = run->id, .failed = rule->failed, .of = rule->computed
			};
			good = put_one(rule, store, error);
		}
		if (!good)
			return false;
	}
	return true;
}

void lp_breakers_free(struct lp_breakers *breakers)
{
	for (size_t at = 0; at < breakers->rule_count; at++) {
		free(breakers->rules[at]->rule);
		free(breakers->rules[at]->error);
		free(breakers->rules[at]->reason);
		free(breakers->rules[at]);
	}
	free(breakers->rules);
	free(breakers->open);
}
