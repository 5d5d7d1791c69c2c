/*
 * A directory of rules, and calculations of these computed by worker threads
 * with interpreter processes of their own.  The rule server is this executable,
 * started anew.
 */
#ifndef TESTS_PYTHON_FIXTURE_H
#define TESTS_PYTHON_FIXTURE_H

#include "observe/observe.h"
#include "process/process.h"

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

/* Interpreters are never destroyed: what is in them is no leak.  Nothing of the environment reaches the rule server. */
const char *__asan_default_options(void);
inline const char *__asan_default_options(void)
{
	/* Memory that cannot be had is asked for on purpose, and processes that crash are to end as they do elsewhere. */
	return "detect_leaks=0:allocator_may_return_null=1:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:"
	       "handle_abort=0";
}
extern const char *__asan_default_options(void);

/*
 * Cases that a sanitizer gets in the way of are not run under it.  Both end the
 * process where they cannot have memory of their own; ThreadSanitizer keeps a
 * signal back until the next system call, so that an endless loop is killed and a
 * crash has no traceback.
 */
#ifdef __SANITIZE_ADDRESS__
enum { FIXTURE_ADDRESS_SANITIZER = true };
#else
enum { FIXTURE_ADDRESS_SANITIZER = false };
#endif
#ifdef __SANITIZE_THREAD__
enum { FIXTURE_THREAD_SANITIZER = true };
#else
enum { FIXTURE_THREAD_SANITIZER = false };
#endif

/* Called by the C library before main(): whether this is the rule server that main() has started. */
__attribute__((constructor)) static void fixture_become_server(int count, char **arguments)
{
	if (lp_rule_server_was_invoked(count, arguments))
		lp_rule_server_main();
}

struct fixture_worker {
	pthread_t thread;
	struct lp_batch *batch;
	atomic_bool stop, done;
};

static struct {
	struct lp_rule_server *server;
	struct lp_arena_source *memory;
	int64_t time_limit, memory_limit;
	char directory[64];
} fixture;

/* A server without rules, and its memory. */
static inline void fixture_prepare(void)
{
	struct lp_process_options options = { .rules = fixture.directory,
		                              .import_limit = 2 * LP_SECOND,
		                              .memory_limit = fixture.memory_limit };
	struct lp_error error = { 0 };

	if (fixture.server != NULL)
		return;
	strcpy(fixture.directory, "/tmp/local-processing-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(fixture.directory));
	fixture.server = lp_rule_server_new(&options);
	ck_assert_msg(lp_rule_server_memory(fixture.server, &fixture.memory, &error), "%s", error.what);
}

/* names and texts of files, NULL at the end. */
static inline const struct lp_rule_catalogue *fixture_load(const char *const *files, struct lp_problems *problems)
{
	const struct lp_rule_catalogue *catalogue;
	struct lp_error error = { 0 };
	char path[256];

	fixture_prepare();
	for (size_t i = 0; files[i] != NULL; i += 2) {
		FILE *file;

		snprintf(path, sizeof path, "%s/%s", fixture.directory, files[i]);
		file = fopen(path, "w");
		ck_assert_ptr_nonnull(file);
		fputs(files[i + 1], file);
		fclose(file);
	}
	ck_assert_msg(lp_rule_server_catalogue(fixture.server, NULL, &catalogue, problems, &error), "%s", error.what);
	for (size_t i = 0; files[i] != NULL; i += 2) {
		snprintf(path, sizeof path, "%s/%s", fixture.directory, files[i]);
		unlink(path);
	}
	rmdir(fixture.directory);
	return catalogue;
}

static inline void fixture_start(const char *rules_text, int64_t time_limit)
{
	char *text = lp_format_text("from local_processing import Series, rule\n%s", rules_text);
	struct lp_problems problems = { 0 };

	fixture.time_limit = time_limit;
	fixture_load((const char *const[]){ "rules.py", text, NULL }, &problems);
	for (uint32_t i = 0; i < problems.count; i++)
		ck_abort_msg("%s:%d: %s", problems.items[i].file, problems.items[i].line, problems.items[i].what);
	free(text);
}

/* A batch of one task per name: "spin" is the rule rules.spin. */
static inline struct lp_batch *fixture_batch(const char *const *names)
{
	struct lp_batch *batch;
	size_t count = 0;

	fixture_prepare();
	batch = lp_batch_new(fixture.memory);

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
	struct lp_interpreter *interpreter;
	struct lp_error error = { 0 };

	for (size_t i = 0; i < one->batch->calculation_count; i++)
		if (one->batch->calculations[i].time_limit == 0)
			one->batch->calculations[i].time_limit = fixture.time_limit;
	ck_assert_msg(lp_interpreter_open(fixture.server, &interpreter, &error), "%s", error.what);
	ck_assert_msg(lp_interpreter_compute(interpreter, one->batch, NULL, &one->stop, &error), "%s", error.what);
	lp_interpreter_close(interpreter);
	atomic_store(&one->done, true);
	return NULL;
}

static inline void fixture_run(struct fixture_worker *one, struct lp_batch *batch)
{
	one->batch = batch;
	ck_assert_int_eq(pthread_create(&one->thread, NULL, fixture_thread, one), 0);
}

static inline double fixture_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Waits until it is done; asks it to stop after that many seconds, 0: never.  Returns how long it took. */
static inline double fixture_watch(struct fixture_worker *one, double stop_after)
{
	double begin = fixture_seconds();

	while (!atomic_load(&one->done)) {
		if (stop_after > 0 && fixture_seconds() - begin > stop_after)
			atomic_store(&one->stop, true);
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

/* Standard error of the process into a text, from here to the end of the case. */
static inline FILE *fixture_catch_log(void)
{
	FILE *file = tmpfile();

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(dup2(fileno(file), STDERR_FILENO), 0);
	lp_log_set(LP_LOG_FORMAT_LOGFMT, LP_LOG_INFO);
	return file;
}

#define RULES(...)                                                                                                     \
	(const char *const[])                                                                                          \
	{                                                                                                              \
		__VA_ARGS__, NULL                                                                                      \
	}

#endif
