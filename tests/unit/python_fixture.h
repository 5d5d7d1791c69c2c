/*
 * A directory of rules, and calculations of these computed by workers, with
 * this thread as their watchdog.  Every case runs in a process of its own
 * (Check's fork mode): Python starts once in a process.
 */
#ifndef TESTS_PYTHON_FIXTURE_H
#define TESTS_PYTHON_FIXTURE_H

#include "python/python.h"

#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Every rule of the fixture has one input x, which has this many samples of value 1. */
enum { FIXTURE_SAMPLES = 3, FIXTURE_TASKS_MOST = 64 };

/* Interpreters are never destroyed: what is in them is no leak. */
const char *__asan_default_options(void);
inline const char *__asan_default_options(void)
{
	/* And memory that cannot be had is asked for on purpose. */
	return "detect_leaks=0:allocator_may_return_null=1";
}
extern const char *__asan_default_options(void);

struct fixture_worker {
	pthread_t thread;
	struct lp_batch *batch;
	atomic_bool stop, done;
	_Atomic(struct lp_python_worker *) worker;
};

static inline void fixture_start(const char *rules_text, int64_t time_limit)
{
	char directory[] = "/tmp/local-processing-test-XXXXXX", path[64];
	const struct lp_rule_catalogue *catalogue;
	struct lp_python_options options = { .rules = directory, .time_limit = time_limit };
	struct lp_problems problems = { 0 };
	struct lp_error error = { 0 };
	FILE *file;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/rules.py", directory);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs("from local_processing import Series, rule\n", file);
	fputs(rules_text, file);
	fclose(file);
	ck_assert_msg(lp_python_start(&options, &error), "%s", error.what);
	unlink(path);
	rmdir(directory);
	ck_assert_msg(lp_python_catalogue(&catalogue, &problems, &error), "%s", error.what);
	for (uint32_t i = 0; i < problems.count; i++)
		ck_abort_msg("%s:%d: %s", problems.items[i].file, problems.items[i].line, problems.items[i].what);
	lp_python_release();
}

/* A batch of one task per name: "spin" is the rule rules.spin. */
static inline struct lp_batch *fixture_batch(const char *const *names)
{
	struct lp_batch *batch = lp_batch_new();
	size_t count = 0;

	while (names[count] != NULL)
		count++;
	batch->calculations = lp_arena_zeroed(&batch->arena, count, sizeof *batch->calculations);
	batch->calculation_count = count;
	batch->tasks = lp_arena_zeroed(&batch->arena, count, sizeof *batch->tasks);
	batch->task_count = count;
	for (size_t i = 0; i < count; i++) {
		struct lp_calculation *calculation = &batch->calculations[i];
		struct lp_task *task = &batch->tasks[i];
		struct lp_column *column = lp_arena_zeroed(&batch->arena, 1, sizeof *column);
		char name[64];

		snprintf(name, sizeof name, "rules.%s", names[i]);
		calculation->name = calculation->rule = lp_arena_text(&batch->arena, name);
		calculation->description = "";
		calculation->parameters = calculation->labels = "{}";
		calculation->enabled = true;
		calculation->schedule = (struct lp_schedule){ .every = { 1, LP_UNIT_MINUTE },
			                                      .window = { 1, LP_UNIT_MINUTE },
			                                      .zone = "UTC" };
		calculation->input_count = calculation->output_count = 1;
		calculation->inputs = lp_arena_zeroed(&batch->arena, 1, sizeof *calculation->inputs);
		calculation->inputs[0] =
			(struct lp_input){ .name = "x", .series = "x", .unit = "", .attributes = "{}" };
		calculation->outputs = lp_arena_zeroed(&batch->arena, 1, sizeof *calculation->outputs);
		calculation->outputs[0] = (struct lp_output){ .name = "", .series = "y", .unit = "" };
		task->calculation = (uint32_t)i;
		task->attempt = 1;
		task->window = (struct lp_window){ 0, LP_MINUTE };
		column->count = FIXTURE_SAMPLES;
		column->time = lp_arena_zeroed(&batch->arena, FIXTURE_SAMPLES, sizeof *column->time);
		column->value = lp_arena_zeroed(&batch->arena, FIXTURE_SAMPLES, sizeof *column->value);
		for (int sample = 0; sample < FIXTURE_SAMPLES; sample++) {
			column->time[sample] = sample * LP_SECOND;
			column->value[sample] = 1;
		}
		task->columns = column;
		task->previous = lp_arena_zeroed(&batch->arena, 1, sizeof *task->previous);
	}
	return batch;
}

static inline void *fixture_thread(void *context)
{
	struct fixture_worker *one = context;
	struct lp_python_worker *worker;
	struct lp_error error = { 0 };

	ck_assert_msg(lp_python_worker_open(&worker, &error), "%s", error.what);
	atomic_store(&one->worker, worker);
	lp_python_compute(worker, one->batch, &one->stop);
	atomic_store(&one->done, true);
	return NULL;
}

static inline void fixture_run(struct fixture_worker *one, struct lp_batch *batch)
{
	pthread_attr_t attributes;

	one->batch = batch;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, LP_PYTHON_STACK);
	ck_assert_int_eq(pthread_create(&one->thread, &attributes, fixture_thread, one), 0);
}

static inline double fixture_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Watches until it is done; asks it to stop after that many seconds, 0: never.  Returns how long it took. */
static inline double fixture_watch(struct fixture_worker *one, double stop_after)
{
	double begin = fixture_seconds();

	while (!atomic_load(&one->done)) {
		struct lp_python_worker *worker = atomic_load(&one->worker);
		bool stop = stop_after > 0 && fixture_seconds() - begin > stop_after;

		if (stop)
			atomic_store(&one->stop, true);
		if (worker != NULL)
			lp_python_worker_watch(worker, stop);
		usleep(10000);
	}
	pthread_join(one->thread, NULL);
	return fixture_seconds() - begin;
}

/* All at once: rules, one worker, the tasks of these names. */
static inline struct lp_batch *fixture_compute(const char *rules_text, int64_t time_limit, const char *const *names)
{
	static struct fixture_worker one;

	fixture_start(rules_text, time_limit);
	fixture_run(&one, fixture_batch(names));
	fixture_watch(&one, 0);
	return one.batch;
}

#define RULES(...)                                                                                                     \
	(const char *const[])                                                                                          \
	{                                                                                                              \
		__VA_ARGS__, NULL                                                                                      \
	}

#endif
