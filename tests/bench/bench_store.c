/*
 * How long a store takes for a minute of many calculations: reading the
 * definitions, fetching 60 samples for each, committing a result for each.
 *
 *   bench_store ADDRESS [CALCULATIONS [MINUTES]]
 *
 * The store is to be empty and is filled. CALCULATIONS 0: it was filled before.
 */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BASE INT64_C(1772323200000000)

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void must(bool done, const struct lp_error *error)
{
	if (done)
		return;
	fprintf(stderr, "%s\n%s\n", error->what, error->hint);
	exit(70);
}

static void say_step(void *context, int32_t version, const char *description)
{
	(void)context;
	printf("migrate: %d %s\n", version, description);
}

static void define(struct lp_store *store, int count)
{
	struct lp_arena arena = { .first = NULL };
	struct lp_series *series = lp_arena_zeroed(&arena, (size_t)count * 2, sizeof *series);
	struct lp_calculation *calculations = lp_arena_zeroed(&arena, (size_t)count, sizeof *calculations);
	struct lp_changes changes = { .series_created = series,
		                      .series_created_count = (size_t)count * 2,
		                      .created = calculations,
		                      .created_count = (size_t)count };
	struct lp_error error;

	for (int i = 0; i < count; i++) {
		struct lp_calculation *one = &calculations[i];

		series[2 * i] = (struct lp_series){
			.name = lp_format_text("in/%d", i), .unit = "kW", .description = "", .attributes = "{}"
		};
		series[2 * i + 1] = (struct lp_series){
			.name = lp_format_text("out/%d", i), .unit = "kW", .description = "", .attributes = "{}"
		};
		*one = (struct lp_calculation){ .name = lp_format_text("mean/%d", i),
			                        .description = "",
			                        .rule = "mean",
			                        .parameters = "{}",
			                        .labels = "{}",
			                        .enabled = true,
			                        .start = LP_TIME_NONE,
			                        .version = 1 };
		one->schedule = (struct lp_schedule){
			.every = { 1, LP_UNIT_MINUTE }, .window = { 1, LP_UNIT_MINUTE }, .week_start = 1, .zone = "UTC"
		};
		one->inputs = lp_arena_zeroed(&arena, 1, sizeof *one->inputs);
		one->inputs[0] = (struct lp_input){ .name = "x", .series = series[2 * i].name };
		one->input_count = 1;
		one->outputs = lp_arena_zeroed(&arena, 1, sizeof *one->outputs);
		one->outputs[0] = (struct lp_output){ .name = "", .series = series[2 * i + 1].name };
		one->output_count = 1;
	}
	must(lp_store_begin(store, &error) && lp_store_lock_definitions(store, &error) &&
	             lp_store_apply(store, &changes, &error) && lp_store_commit_work(store, &error),
	     &error);
	lp_arena_free(&arena);
}

struct ids {
	int64_t *items;
	size_t count, capacity;
};

static bool take_id(void *context, const struct lp_series *series, struct lp_error *error)
{
	struct ids *ids = context;

	(void)error;
	LP_GROW(ids->items, ids->count, ids->capacity);
	ids->items[ids->count++] = series->id;
	return true;
}

static void fill(struct lp_store *store, int minutes)
{
	enum { AT_ONCE = 3600 };
	lp_time times[AT_ONCE];
	double values[AT_ONCE];
	struct ids ids = { .count = 0 };
	struct lp_write_counts counts;
	struct lp_error error;

	must(lp_store_each_series(store, "in/*", take_id, &ids, &error), &error);
	must(lp_store_begin(store, &error), &error);
	for (size_t i = 0; i < ids.count; i++) {
		struct lp_column column = { .count = (size_t)minutes * 60, .time = times, .value = values };

		for (int k = 0; k < minutes * 60; k++) {
			times[k] = BASE + k * LP_SECOND;
			values[k] = (double)k + (double)i / 1000;
		}
		must(lp_store_write_samples(store, ids.items[i], &column, &counts, &error), &error);
	}
	must(lp_store_commit_work(store, &error), &error);
	free(ids.items);
}

struct heads {
	struct lp_batch_head items[1000];
	size_t count;
};

static bool take_head(void *context, const struct lp_batch_head *head, struct lp_error *error)
{
	struct heads *heads = context;

	(void)error;
	heads->items[heads->count++] = *head;
	return true;
}

static void minute(struct lp_store *store, int number)
{
	static struct heads heads;
	struct lp_window window = { BASE + number * LP_MINUTE, BASE + (number + 1) * LP_MINUTE };
	struct lp_run run = {
		.tick = window.end, .started = window.end, .host = "bench", .program_version = "0", .result = "running"
	};
	struct lp_retry_policy policy = { 3, LP_MINUTE, LP_HOUR };
	double definitions = 0, fetch = 0, commit = 0, begun = now(), at;
	uint64_t read = 0, written = 0;
	struct lp_error error;
	bool accepted;

	heads.count = 0;
	must(lp_store_begin_run(store, &run, &error) && lp_store_each_batch(store, -1, take_head, &heads, &error),
	     &error);
	for (size_t i = 0; i < heads.count; i++) {
		struct lp_batch *batch = lp_batch_new(NULL);

		batch->head = heads.items[i];
		batch->run_id = run.id;
		batch->tick = run.tick;
		batch->new_watermark = window.end;
		at = now();
		must(lp_store_read_batch(store, batch, &error), &error);
		definitions += now() - at;
		lp_batch_plan(batch, &window, 1);
		at = now();
		must(lp_store_fetch(store, batch, &error), &error);
		fetch += now() - at;
		for (size_t k = 0; k < batch->task_count; k++) {
			struct lp_task *task = &batch->tasks[k];

			task->outcome = (struct lp_outcome){ .state = LP_STATE_OK,
				                             .samples_read = (uint32_t)task->columns[0].count };
			task->outcome.results = lp_arena_zeroed(&batch->arena, 1, sizeof *task->outcome.results);
			task->outcome.results[0] =
				(struct lp_result){ .time = task->window.start, .value = (double)number };
			task->outcome.result_count = 1;
		}
		atomic_store(&batch->computed, batch->task_count);
		at = now();
		must(lp_store_commit_batch(store, batch, &policy, &accepted, &error), &error);
		commit += now() - at;
		read += batch->samples_read;
		written += batch->samples_written;
		lp_batch_free(batch);
	}
	printf("minute %d: %zu batches, %llu read, %llu written, definitions %.3f s, fetch %.3f s, commit %.3f s, all %.3f s\n",
	       number, heads.count, (unsigned long long)read, (unsigned long long)written, definitions, fetch, commit,
	       now() - begun);
}

int main(int count, char **arguments)
{
	int calculations = count > 2 ? atoi(arguments[2]) : 10000, minutes = count > 3 ? atoi(arguments[3]) : 5;
	struct lp_store_options options = { .create = true, .prepare = true, .any_schema = true };
	struct lp_migrate_options migrate = { .dry_run = false };
	struct lp_store *store;
	struct lp_error error;
	double at;

	if (count < 2 || minutes < 1 || minutes > 60) {
		fprintf(stderr, "usage: bench_store ADDRESS [CALCULATIONS [MINUTES]]\n");
		return 64;
	}
	options.address = arguments[1];
	must(lp_store_open(&options, &store, &error), &error);
	must(lp_store_migrate(store, &migrate, say_step, NULL, &error), &error);
	if (calculations > 0) {
		at = now();
		define(store, calculations);
		printf("apply: %d calculations, %.3f s\n", calculations, now() - at);
		at = now();
		fill(store, minutes);
		printf("import: %d samples, %.3f s\n", calculations * minutes * 60, now() - at);
	}
	for (int i = 0; i < minutes; i++)
		minute(store, i);
	lp_store_close(store);
	return 0;
}
