/*
 * Stands in for launcher/python where the interpreter cannot go: under
 * ThreadSanitizer, and in tests of the pipeline.  The rules are C, chosen by
 * name: mean, fail, slow (50 ms), endless (until it is interrupted), stuck (for a
 * minute, whatever happens).
 */
#include "python/python.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum interruption { NONE, TIME_LIMIT, STOP };

struct lp_python_worker {
	struct lp_python_worker *next;
	_Atomic int64_t ends; /* monotonic nanoseconds at which the rule's time is over */
	atomic_bool running;
	atomic_int interruption;
};

static int64_t default_limit = 10 * LP_SECOND;
static atomic_int workers_left = 1 << 20; /* that can be opened; a test takes most of them away */
/* As real ones, workers live as long as the process: kept in sight, so that nobody takes them for leaks. */
static _Atomic(struct lp_python_worker *) all_workers;

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

bool lp_python_start(const struct lp_python_options *options, struct lp_error *error)
{
	(void)error;
	if (options->time_limit > 0)
		default_limit = options->time_limit;
	return true;
}

bool lp_python_catalogue(const struct lp_rule_catalogue **catalogue, struct lp_problems *problems,
                         struct lp_error *error)
{
	static const char *const names[] = { "endless", "fail", "mean", "slow", "stuck" };
	static struct lp_rule_input inputs[] = { { .name = "x" } };
	static struct lp_rule rules[sizeof names / sizeof names[0]];
	static struct lp_rule_catalogue all = { .rules = rules, .count = sizeof names / sizeof names[0] };
	(void)problems;
	(void)error;
	for (size_t at = 0; at < all.count; at++)
		rules[at] = (struct lp_rule){ .name = names[at],
			                      .summary = "",
			                      .documentation = "",
			                      .file = "python.c",
			                      .version = "000000000000",
			                      .inputs = inputs,
			                      .input_count = 1 };
	*catalogue = &all;
	return true;
}

void lp_python_release(void)
{
}

bool lp_python_worker_open(struct lp_python_worker **worker, struct lp_error *error)
{
	if (atomic_fetch_sub(&workers_left, 1) <= 0)
		return lp_fail(error, LP_EXIT_INTERNAL, "cannot create a worker's interpreter: no memory");
	*worker = lp_allocate(sizeof **worker);
	(*worker)->next = atomic_load(&all_workers);
	while (!atomic_compare_exchange_weak(&all_workers, &(*worker)->next, *worker))
		continue;
	return true;
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

/* Computes nothing; what interrupted it, if anything did. */
static enum interruption wait(struct lp_python_worker *worker, int milliseconds)
{
	int64_t until = now() + milliseconds * INT64_C(1000000);
	while (milliseconds == 0 || now() < until) {
		int interruption = atomic_load(&worker->interruption);
		if (interruption != NONE)
			return (enum interruption)interruption;
		nap(1);
	}
	return NONE;
}

/* False: interrupted because the run ends; the task stays owed. */
static bool compute(struct lp_python_worker *worker, struct lp_batch *batch, struct lp_task *task)
{
	const struct lp_calculation *calculation = &batch->calculations[task->calculation];
	int64_t begin = now(), limit = calculation->time_limit > 0 ? calculation->time_limit : default_limit;
	enum interruption interruption = NONE;
	atomic_store(&worker->interruption, NONE);
	atomic_store(&worker->ends, begin + limit * 1000);
	atomic_store(&worker->running, true);
	task->outcome =
		(struct lp_outcome){ .samples_read = task->outcome.samples_read, .rule_version = "000000000000" };
	if (strcmp(calculation->rule, "slow") == 0)
		interruption = wait(worker, 50);
	else if (strcmp(calculation->rule, "endless") == 0)
		interruption = wait(worker, 0);
	else if (strcmp(calculation->rule, "stuck") == 0)
		nap(60000);
	atomic_store(&worker->running, false);
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

void lp_python_compute(struct lp_python_worker *worker, struct lp_batch *batch, const atomic_bool *stop)
{
	LP_CHECK_BATCH(batch);
	size_t computed = atomic_load(&batch->computed);
	while (computed < batch->task_count && !atomic_load(stop) && compute(worker, batch, &batch->tasks[computed]))
		atomic_store(&batch->computed, ++computed);
}

void lp_python_worker_watch(struct lp_python_worker *worker, bool stop)
{
	if (!atomic_load(&worker->running))
		return;
	if (stop)
		atomic_store(&worker->interruption, STOP);
	else if (now() > atomic_load(&worker->ends))
		atomic_store(&worker->interruption, TIME_LIMIT);
}

int lp_python_main(int count, char **arguments)
{
	(void)count;
	fprintf(stderr, "%s: this build has no Python\n", arguments[0]);
	return LP_EXIT_INTERNAL;
}

bool lp_python_is_meant(int count, char **arguments)
{
	(void)count;
	(void)arguments;
	return false;
}

_Noreturn void lp_python_exit(int code)
{
	fflush(NULL);
	_exit(code);
}
