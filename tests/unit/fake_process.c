/*
 * Stands in for launcher/process in tests of the pipeline.  The rules are C,
 * chosen by name: mean, fail, slow (50 ms), endless (until its time limit).
 */
#include "process/process.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum interruption { NONE, TIME_LIMIT, STOP };

static int64_t default_limit = 10 * LP_SECOND;
static atomic_int workers_left = 1 << 20;   /* that can be opened; a test takes most of them away */
static atomic_int processes_left = 1 << 20; /* batches that can be begun until there are no processes any more */

static int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static void nap(int milliseconds)
{
	struct timespec time = { .tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L };
	nanosleep(&time, NULL);
}

struct lp_rule_server *lp_rule_server_new(const struct lp_process_options *options)
{
	if (options->time_limit > 0)
		default_limit = options->time_limit;
	return NULL;
}

bool lp_rule_server_memory(struct lp_rule_server *server, struct lp_arena_source **source, struct lp_error *error)
{
	(void)server;
	(void)error;
	*source = NULL;
	return true;
}

bool lp_rule_server_start(struct lp_rule_server *server, struct lp_error *error)
{
	(void)server;
	(void)error;
	return true;
}

struct lp_process_usage lp_rule_server_usage(struct lp_rule_server *server)
{
	(void)server;
	return (struct lp_process_usage){ 0 };
}

struct lp_interpreter {
	int64_t stop_since;
};

bool lp_interpreter_open(struct lp_rule_server *server, struct lp_interpreter **interpreter, struct lp_error *error)
{
	(void)server;
	if (atomic_fetch_sub(&workers_left, 1) <= 0)
		return lp_fail(error, LP_EXIT_TEMPORARY, "cannot open an interpreter: no memory");
	*interpreter = lp_allocate(sizeof **interpreter);
	return true;
}

void lp_interpreter_close(struct lp_interpreter *interpreter)
{
	free(interpreter);
}

static void fail(struct lp_outcome *outcome, enum lp_state state, const char *type, const char *message)
{
	outcome->state = state;
	outcome->error_type = type;
	outcome->error_message = message;
	outcome->error_traceback = "Traceback (most recent call last):\n";
}

static void mean(struct lp_batch *batch, struct lp_task *task)
{
	const struct lp_column *column = task->columns;
	double sum = 0;
	size_t good = 0;
	for (size_t at = 0; at < column->count; at++) {
		if (lp_sample_is_missing(column->value[at], column->quality == NULL ? 0 : column->quality[at]))
			continue;
		sum += column->value[at];
		good++;
	}
	task->outcome.state = good > 0 ? LP_STATE_OK : LP_STATE_NO_DATA;
	if (good == 0)
		return;
	task->outcome.results = lp_arena_zeroed(&batch->arena, 1, sizeof *task->outcome.results);
	task->outcome.results[0] = (struct lp_result){ .time = task->window.start, .value = sum / (double)good };
	task->outcome.result_count = 1;
}

/* Computes nothing for so long; 0: for ever.  What interrupted it, if anything did: a stop leaves it two seconds. */
static enum interruption wait(int milliseconds, int64_t limit, const atomic_bool *stop)
{
	int64_t begin = now(), stop_since = 0;
	while (milliseconds == 0 || now() < begin + milliseconds * INT64_C(1000000)) {
		if (atomic_load(stop) && stop_since == 0)
			stop_since = now();
		if (stop_since != 0 && now() - stop_since > INT64_C(2000000000))
			return STOP;
		if (now() - begin > limit * 1000)
			return TIME_LIMIT;
		nap(1);
	}
	return NONE;
}

/* False: interrupted because the run ends; the task stays owed. */
static bool compute(struct lp_batch *batch, struct lp_task *task, const atomic_bool *stop)
{
	const struct lp_calculation *calculation = &batch->calculations[task->calculation];
	int64_t begin = now(), limit = calculation->time_limit > 0 ? calculation->time_limit : default_limit;
	enum interruption interruption = NONE;
	if (task->decided)
		return true;
	task->outcome =
		(struct lp_outcome){ .samples_read = task->outcome.samples_read, .rule_version = "000000000000" };
	if (strcmp(calculation->rule, "slow") == 0)
		interruption = wait(50, limit, stop);
	else if (strcmp(calculation->rule, "endless") == 0)
		interruption = wait(0, limit, stop);
	if (interruption == STOP)
		return false;
	if (interruption == TIME_LIMIT)
		fail(&task->outcome, LP_STATE_TIMED_OUT, "TimeLimit", "still running after its time limit");
	else if (strcmp(calculation->rule, "fail") == 0)
		fail(&task->outcome, LP_STATE_FAILED, "ValueError", "it fails");
	else
		mean(batch, task);
	task->outcome.duration = now() - begin;
	return true;
}

bool lp_interpreter_compute(struct lp_interpreter *interpreter, struct lp_batch *batch,
                            const struct lp_costly_visitor *costly, const atomic_bool *stop, struct lp_error *error)
{
	LP_CHECK_BATCH(batch);
	(void)interpreter;
	if (atomic_fetch_sub(&processes_left, 1) <= 0)
		return lp_fail(error, LP_EXIT_TEMPORARY, "cannot start an interpreter process");
	size_t computed = atomic_load(&batch->computed);
	while (computed < batch->task_count && !atomic_load(stop) && compute(batch, &batch->tasks[computed], stop)) {
		const struct lp_task *task = &batch->tasks[computed];
		atomic_store(&batch->computed, ++computed);
		if (costly != NULL && !task->decided && lp_state_is_costly(task->outcome.state))
			costly->visit(costly->context, batch, computed - 1);
	}
	return true;
}
