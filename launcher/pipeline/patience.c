/*
 * See patience.h. Knows parts and the outcomes of their tasks.
 *
 * Runs in the main process, in the threads of workers.
 */
#include "pipeline/patience.h"

#include "observe/observe.h"
#include "text/utf8.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { IN_A_ROW_MOST = 3 };

/* A rule of which this run has computed a window. */
struct met_rule {
	char *name;
	uint64_t computed; /* windows that neither timed out nor crashed, of finished parts */
	uint64_t failing;  /* calculations of which a window timed out or crashed */
	char *reason;      /* the message of tasks that are set aside; NULL: the rule is not */
};

/* A calculation of which a window timed out or crashed in this run. */
struct met_calculation {
	int64_t id;
	int in_a_row; /* windows that timed out */
};

struct lp_patience {
	pthread_mutex_t lock;
	uint64_t failures_least; /* calculations of a rule; 0: a rule is never set aside */
	struct met_rule **rules;
	size_t rule_count, rule_capacity;
	struct met_calculation *calculations;
	size_t calculation_count, calculation_capacity;
	const struct lp_batch **under_way;
	size_t under_way_count, workers;
	int64_t spent, spent_again; /* nanoseconds in rules: for new windows; for retries that timed out or crashed */
	bool is_short;              /* retries have used up their share */
	bool is_hanging;            /* a calculation timed out so often in a row that its other windows are set aside */
};

struct lp_patience *lp_patience_new(int32_t breaker_failures, size_t workers)
{
	struct lp_patience *patience = lp_allocate(sizeof *patience);
	pthread_mutex_init(&patience->lock, NULL);
	patience->failures_least = (uint64_t)breaker_failures;
	patience->under_way = lp_allocate(workers * sizeof(const struct lp_batch *));
	patience->workers = workers;
	return patience;
}

void lp_patience_free(struct lp_patience *patience)
{
	for (size_t i = 0; i < patience->rule_count; i++) {
		free(patience->rules[i]->name);
		free(patience->rules[i]->reason);
		free(patience->rules[i]);
	}
	free(patience->rules);
	free(patience->calculations);
	free(patience->under_way);
	pthread_mutex_destroy(&patience->lock);
	free(patience);
}

static const struct lp_calculation *calculation_of(const struct lp_batch *part, const struct lp_task *task)
{
	return &part->calculations[task->calculation];
}

static struct met_rule *rule_of(struct lp_patience *patience, const char *name)
{
	for (size_t i = 0; i < patience->rule_count; i++)
		if (strcmp(patience->rules[i]->name, name) == 0)
			return patience->rules[i];
	struct met_rule *rule = lp_allocate(sizeof *rule);
	rule->name = lp_copy_text(name);
	LP_GROW(patience->rules, patience->rule_count, patience->rule_capacity);
	return patience->rules[patience->rule_count++] = rule;
}

static struct met_calculation *find_calculation(const struct lp_patience *patience, int64_t id)
{
	for (size_t i = 0; i < patience->calculation_count; i++)
		if (patience->calculations[i].id == id)
			return &patience->calculations[i];
	return NULL;
}

static bool hangs(const struct lp_patience *patience, int64_t id)
{
	const struct met_calculation *met = find_calculation(patience, id);
	return met != NULL && met->in_a_row >= IN_A_ROW_MOST;
}

/* Counts the windows of a rule in an unfinished part that neither timed out nor crashed. */
static uint64_t count_computed(const struct lp_batch *part, const char *rule)
{
	size_t end = atomic_load_explicit(&part->computed, memory_order_acquire);
	uint64_t count = 0;
	for (size_t i = 0; i < end; i++) {
		const struct lp_task *task = &part->tasks[i];
		count += !task->decided && !lp_state_is_costly(task->outcome.state) &&
		         strcmp(calculation_of(part, task)->rule, rule) == 0;
	}
	return count;
}

static void put_aside(struct lp_batch *part, struct lp_task *task, const char *reason)
{
	task->decided = true;
	task->trial = false;
	task->outcome =
		(struct lp_outcome){ .state = LP_STATE_TRIPPED, .error_message = lp_arena_text(&part->arena, reason) };
}

static void leave(struct lp_task *task)
{
	task->decided = task->left = true;
}

/* Decides the tasks from `first` on that the run has no patience for. */
static void decide(const struct lp_patience *patience, struct lp_batch *part, size_t first)
{
	for (size_t i = first; i < part->task_count; i++) {
		struct lp_task *task = &part->tasks[i];
		const struct lp_calculation *calculation = calculation_of(part, task);
		const char *reason = NULL;
		if (task->decided)
			continue;
		for (size_t rule = 0; rule < patience->rule_count && reason == NULL; rule++)
			if (patience->rules[rule]->reason != NULL &&
			    strcmp(patience->rules[rule]->name, calculation->rule) == 0)
				reason = patience->rules[rule]->reason;
		if (part->kind == LP_BATCH_RETRY) {
			if (reason != NULL ||
			    (patience->is_short && find_calculation(patience, calculation->id) != NULL))
				leave(task);
		} else if (reason != NULL) {
			put_aside(part, task, reason);
		} else if (patience->is_hanging && hangs(patience, calculation->id)) {
			put_aside(part, task,
			          "put aside for the rest of this run, because three of its windows in a row timed "
			          "out; the next runs compute it");
		}
	}
}

void lp_patience_begin(struct lp_patience *patience, struct lp_batch *part)
{
	pthread_mutex_lock(&patience->lock);
	assert(patience->under_way_count < patience->workers);
	patience->under_way[patience->under_way_count++] = part;
	if (patience->calculation_count > 0)
		decide(patience, part, 0);
	pthread_mutex_unlock(&patience->lock);
}

/*
 * Counts how many windows of the calculation in a row have timed out, the one at
 * index included. A crash takes no time, so it does not count.
 */
static int count_in_a_row(const struct lp_batch *part, size_t index, int before)
{
	if (part->tasks[index].outcome.state != LP_STATE_TIMED_OUT)
		return 0;
	uint32_t calculation = part->tasks[index].calculation;
	for (size_t i = index; i-- > 0;)
		if (part->tasks[i].calculation == calculation)
			return part->tasks[i].outcome.state == LP_STATE_TIMED_OUT ? before + 1 : 1;
	return before + 1;
}

static struct met_calculation *meet_calculation(struct lp_patience *patience, int64_t id, struct met_rule *rule)
{
	struct met_calculation *met = find_calculation(patience, id);
	if (met != NULL)
		return met;
	LP_GROW(patience->calculations, patience->calculation_count, patience->calculation_capacity);
	rule->failing++;
	met = &patience->calculations[patience->calculation_count++];
	*met = (struct met_calculation){ .id = id };
	return met;
}

static void judge_rule(const struct lp_patience *patience, struct met_rule *rule, const struct lp_outcome *outcome)
{
	uint64_t computed = rule->computed;
	if (rule->reason != NULL || patience->failures_least == 0 || rule->failing < patience->failures_least)
		return;
	for (size_t i = 0; i < patience->under_way_count; i++)
		computed += count_computed(patience->under_way[i], rule->name);
	if (rule->failing <= computed)
		return;
	rule->reason = lp_format_text("the rule %s is stopped for the rest of this run, because %llu of its "
	                              "calculations timed out or crashed: %s",
	                              rule->name, (unsigned long long)rule->failing, outcome->error_message);
	lp_log(LP_LOG_WARNING, "calculations of a rule time out or crash: the others are put aside in this run",
	       LP_TEXT("rule", rule->name), LP_INT("failing", (int64_t)rule->failing),
	       LP_INT("computed", (int64_t)computed), LP_TEXT("error", outcome->error_message));
}

/*
 * The next calculation may well have the same fault, as neighbours often do.
 * Swapping in one from the middle of the rule's remaining tasks shows sooner
 * whether the others have it.
 */
static void look_elsewhere(struct lp_batch *part, size_t first, const char *rule)
{
	size_t next = part->task_count, count = 0, middle;
	for (size_t i = first; i < part->task_count; i++) {
		if (part->tasks[i].decided || strcmp(calculation_of(part, &part->tasks[i])->rule, rule) != 0)
			continue;
		if (count++ == 0)
			next = i;
	}
	middle = next;
	for (size_t left = count / 2; left > 0;) {
		middle++;
		left -= !part->tasks[middle].decided &&
		        strcmp(calculation_of(part, &part->tasks[middle])->rule, rule) == 0;
	}
	if (middle != next) {
		struct lp_task task = part->tasks[next];
		part->tasks[next] = part->tasks[middle];
		part->tasks[middle] = task;
	}
}

/*
 * Retries have used up their share once they took as long as the new windows
 * did. The first one that hangs is always allowed.
 */
static void judge_retries(struct lp_patience *patience, int64_t duration)
{
	patience->spent_again += duration;
	if (patience->is_short || patience->spent_again < patience->spent)
		return;
	patience->is_short = true;
	lp_log(LP_LOG_INFO,
	       "what is tried again times out or crashes for as long as new windows took: the rest of such "
	       "calculations is left to the next run");
}

void lp_patience_note(void *context, struct lp_batch *part, size_t index)
{
	struct lp_patience *patience = context;
	const struct lp_task *task = &part->tasks[index];
	const struct lp_calculation *calculation = calculation_of(part, task);
	pthread_mutex_lock(&patience->lock);
	struct met_rule *rule = rule_of(patience, calculation->rule);
	struct met_calculation *met = meet_calculation(patience, calculation->id, rule);
	met->in_a_row = count_in_a_row(part, index, met->in_a_row);
	patience->is_hanging = patience->is_hanging || met->in_a_row >= IN_A_ROW_MOST;
	if (part->kind == LP_BATCH_RETRY)
		judge_retries(patience, task->outcome.duration);
	judge_rule(patience, rule, &task->outcome);
	decide(patience, part, index + 1);
	look_elsewhere(part, index + 1, rule->name);
	pthread_mutex_unlock(&patience->lock);
}

void lp_patience_end(struct lp_patience *patience, const struct lp_batch *part)
{
	size_t end = atomic_load(&part->computed);
	struct met_rule *rule = NULL;
	pthread_mutex_lock(&patience->lock);
	for (size_t i = 0; i < patience->under_way_count; i++)
		if (patience->under_way[i] == part)
			patience->under_way[i] = patience->under_way[--patience->under_way_count];
	for (size_t i = 0; i < end; i++) {
		const struct lp_task *task = &part->tasks[i];
		const char *name = calculation_of(part, task)->rule;
		if (task->decided)
			continue;
		if (rule == NULL || strcmp(rule->name, name) != 0)
			rule = rule_of(patience, name);
		rule->computed += !lp_state_is_costly(task->outcome.state);
		patience->spent += part->kind == LP_BATCH_RETRY ? 0 : task->outcome.duration;
	}
	pthread_mutex_unlock(&patience->lock);
}
