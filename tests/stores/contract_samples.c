/* Samples: written, read, fetched for windows; bad ones among them. */
#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(samples_come_back_as_they_were)
{
	struct lp_write_counts counts;

	add_series("a,b");
	write_samples("a", "0=1 60=2.5 120=nan 180=4b 240=5u 300=inf 360=-0.1", &counts);
	ck_assert_uint_eq(counts.inserted, 7);
	ck_assert_uint_eq(counts.updated + counts.unchanged, 0);
	write_samples("b", "0=7", NULL);
	ck_samples("a", "0=1 60=2.5 120=nan 180=4b 240=5u 300=nan 360=-0.1");

	write_samples("a", "0=1 60=3 120=nan 180=4 240=5u 420=9", &counts);
	ck_assert_uint_eq(counts.inserted, 1);
	ck_assert_uint_eq(counts.updated, 2);
	ck_assert_uint_eq(counts.unchanged, 3);
	ck_samples("a", "0=1 60=3 120=nan 180=4 240=5u 300=nan 360=-0.1 420=9");
	ck_samples("b", "0=7");
}
END_TEST

static const struct {
	lp_time from, to;
	uint64_t most;
	const char *expected;
} ranges[] = {
	{ LP_TIME_NONE, LP_TIME_NONE, 0, "0=1 60=2 120=3" },
	{ AT(0), AT(120), 0, "0=1 60=2" },
	{ AT(60), LP_TIME_NONE, 0, "60=2 120=3" },
	{ LP_TIME_NONE, AT(0), 0, "" },
	{ AT(1), AT(59), 0, "" },
	{ LP_TIME_NONE, LP_TIME_NONE, 2, "0=1 60=2" },
	{ AT(120), AT(60), 0, "" },
};

START_TEST(a_range_is_half_open)
{
	add_series("a");
	write_samples("a", "0=1 60=2 120=3", NULL);
	ck_assert_str_eq(read_samples("a", ranges[_i].from, ranges[_i].to, ranges[_i].most), ranges[_i].expected);
}
END_TEST

START_TEST(years_one_and_9999)
{
	lp_time times[] = { LP_TIME_MIN, AT(0), LP_TIME_MAX };
	double values[] = { 1, 2, 3 };
	struct lp_column column = { .count = 3, .time = times, .value = values };
	struct lp_write_counts counts;
	struct lp_error error;
	lp_time extremes[2] = { LP_TIME_MIN, LP_TIME_MAX };

	add_series("a");
	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_write_samples(store, series_id("a"), &column, &counts, &error), error);
	ck_ok(lp_store_commit_work(store, &error), error);
	ck_assert_uint_eq(counts.inserted, 3);
	ck_assert_str_eq(read_samples("a", extremes[0], LP_TIME_NONE, 0),
	                 read_samples("a", LP_TIME_NONE, LP_TIME_NONE, 0));
	ck_assert_ptr_nonnull(strstr(read_samples("a", AT(0), LP_TIME_NONE, 0), "0=2 "));
	ck_assert_str_eq(read_samples("a", AT(0), extremes[1], 0), "0=2");
}
END_TEST

START_TEST(many_series_are_written_at_once)
{
	enum { SERIES = 300, SAMPLES = 150 }; /* more than goes into one statement, cut within a series */
	struct lp_series_samples many[SERIES + 1];
	struct lp_series *series = lp_arena_zeroed(&arena, SERIES, sizeof *series);
	struct lp_write_counts counts;
	struct lp_error error;

	for (int i = 0; i < SERIES; i++) {
		char name[32];

		snprintf(name, sizeof name, "s/%d", i);
		series[i] = (struct lp_series){
			.name = lp_arena_text(&arena, name), .unit = "", .description = "", .attributes = "{}"
		};
	}
	apply_changes(&(struct lp_changes){ .series_created = series, .series_created_count = SERIES });
	for (int i = 0; i < SERIES; i++) {
		struct lp_column column = { .count = i == 7 ? 0 : SAMPLES,
			                    .time = lp_arena_allocate(&arena, SAMPLES * sizeof(lp_time)),
			                    .value = lp_arena_allocate(&arena, SAMPLES * sizeof(double)) };

		for (int k = 0; k < SAMPLES; k++) {
			column.time[k] = AT(k * 60 + i);
			column.value[k] = i * 1000 + k;
		}
		many[i] = (struct lp_series_samples){ .series_id = series_id(series[i].name), .samples = column };
	}
	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_write_many(store, many, SERIES, &counts, &error), error);
	ck_assert_uint_eq(counts.inserted, (SERIES - 1) * SAMPLES);
	many[3].samples.value[0] = -1;
	ck_ok(lp_store_write_many(store, many, SERIES, &counts, &error), error);
	ck_assert_uint_eq(counts.inserted, 0);
	ck_assert_uint_eq(counts.updated, 1);
	ck_assert_uint_eq(counts.unchanged, (SERIES - 1) * SAMPLES - 1);
	ck_ok(lp_store_write_many(store, many, 0, &counts, &error), error);
	ck_ok(lp_store_commit_work(store, &error), error);
	ck_assert_str_eq(read_samples("s/3", LP_TIME_NONE, LP_TIME_NONE, 2), "3=-1 63=3001");
	ck_assert_str_eq(read_samples("s/299", AT(9239), LP_TIME_NONE, 0), "9239=299149");
	ck_samples("s/7", "");
}
END_TEST

struct counting {
	uint64_t columns, samples;
	lp_time last;
};

static bool count_column(void *context, const struct lp_column *column, struct lp_error *error)
{
	struct counting *counting = context;

	(void)error;
	ck_assert_uint_le(column->count, 10000);
	for (size_t i = 0; i < column->count; i++) {
		ck_assert(column->time[i] > counting->last);
		counting->last = column->time[i];
	}
	counting->columns++;
	counting->samples += column->count;
	return true;
}

START_TEST(many_samples_come_in_columns)
{
	enum { COUNT = 45000 };
	struct lp_column column = { .count = COUNT,
		                    .time = lp_arena_allocate(&arena, COUNT * sizeof(lp_time)),
		                    .value = lp_arena_allocate(&arena, COUNT * sizeof(double)) };
	struct counting counting = { .last = LP_TIME_NONE };
	struct lp_write_counts counts;
	struct lp_error error;

	add_series("a");
	for (int i = 0; i < COUNT; i++) {
		column.time[i] = AT(i * 60);
		column.value[i] = i;
	}
	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_write_samples(store, series_id("a"), &column, &counts, &error), error);
	ck_ok(lp_store_commit_work(store, &error), error);
	ck_assert_uint_eq(counts.inserted, COUNT);
	ck_ok(lp_store_read_samples(store,
	                            &(const struct lp_sample_query){
					    .series_id = series_id("a"), .from = LP_TIME_NONE, .to = LP_TIME_NONE },
	                            count_column, &counting, &error),
	      error);
	ck_assert_uint_eq(counting.samples, COUNT);
	ck_assert_uint_ge(counting.columns, 5);
}
END_TEST

static bool refuse_column(void *context, const struct lp_column *column, struct lp_error *error)
{
	(void)context;
	(void)column;
	return lp_fail(error, LP_EXIT_USAGE, "no more");
}

START_TEST(a_visitor_ends_the_reading)
{
	struct lp_error error;

	add_series("a");
	write_samples("a", "0=1", NULL);
	ck_fails(lp_store_read_samples(store,
	                               &(const struct lp_sample_query){
					       .series_id = series_id("a"), .from = LP_TIME_NONE, .to = LP_TIME_NONE },
	                               refuse_column, NULL, &error),
	         error, LP_EXIT_USAGE);
	ck_assert_str_eq(error.what, "no more");
	ck_samples("a", "0=1");
}
END_TEST

START_TEST(what_is_rolled_back_was_never_there)
{
	lp_time time = AT(0);
	double value = 1;
	struct lp_column column = { .count = 1, .time = &time, .value = &value };
	struct lp_write_counts counts;
	struct lp_error error;

	add_series("a");
	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_write_samples(store, series_id("a"), &column, &counts, &error), error);
	lp_store_rollback(store);
	ck_samples("a", "");
	write_samples("a", "0=2", NULL);
	ck_samples("a", "0=2");
}
END_TEST

/* What one task sees of its first input. */
static const char *fetched(const char *samples, lp_time from, lp_time to, int64_t lookback, const char **previous)
{
	struct lp_calculation *one = calculation("one", "mean", "a", "x");
	struct lp_run run;
	struct lp_batch *batch;
	const char *text;

	add_series("a,x");
	write_samples("a", samples, NULL);
	one->inputs[0].lookback = lookback;
	add_calculation(one);
	run = begin_run(to);
	batch = fetch_batch(&read_heads(0)->items[0], from, to, &run);
	text = show_column(&batch->tasks[0].columns[0]);
	if (previous != NULL)
		*previous = show_column(&batch->tasks[0].previous[0]);
	lp_batch_free(batch);
	return text;
}

static const struct {
	const char *samples;
	lp_time from, to;
	int64_t lookback;
	const char *column, *previous;
} fetches[] = {
	{ "0=1 59=2 60=3 119=4 120=5", AT(60), AT(120), 0, "60=3 119=4", "" },
	{ "0=1 60=nan 61=4b 62=5u 63=inf", AT(60), AT(120), 0, "60=nan 61=4b 62=5u 63=nan", "" },
	{ "", AT(60), AT(120), LP_HOUR, "", "" },
	{ "0=1 30=2 60=3", AT(60), AT(120), LP_HOUR, "60=3", "30=2" },
	{ "0=1 30=2b 40=nan 50=inf 60=3", AT(60), AT(120), LP_HOUR, "60=3", "0=1" },
	{ "0=1u 60=3", AT(60), AT(120), LP_HOUR, "60=3", "0=1u" },
	{ "0=1 60=3", AT(60), AT(120), 59 * LP_SECOND, "60=3", "" },
	{ "0=1 60=3", AT(60), AT(120), 60 * LP_SECOND, "60=3", "0=1" },
	/* A window over partitions that are there and others that are not. */
	{ "-86400=1 0=2 5270400=3", AT(-90000), AT(6000000), 0, "-86400=1 0=2 5270400=3", "" },
};

START_TEST(a_task_gets_the_samples_of_its_window)
{
	const char *previous;

	ck_assert_str_eq(
		fetched(fetches[_i].samples, fetches[_i].from, fetches[_i].to, fetches[_i].lookback, &previous),
		fetches[_i].column);
	ck_assert_str_eq(previous, fetches[_i].previous);
}
END_TEST

START_TEST(quality_is_only_there_where_it_says_something)
{
	struct lp_batch *batch;
	struct lp_run run = begin_run(AT(120));
	struct lp_window windows[] = { { AT(0), AT(60) }, { AT(60), AT(120) } };
	struct lp_error error;

	add_series("a,x");
	write_samples("a", "0=1 30=2 60=3b 90=4", NULL);
	add_calculation(calculation("one", "mean", "a", "x"));
	batch = lp_batch_new(NULL);
	batch->head = read_heads(0)->items[0];
	batch->run_id = run.id;
	ck_ok(lp_store_read_batch(store, batch, &error), error);
	lp_batch_plan(batch, windows, 2);
	ck_ok(lp_store_fetch(store, batch, &error), error);
	ck_assert_ptr_null(batch->tasks[0].columns[0].quality);
	ck_assert_ptr_nonnull(batch->tasks[1].columns[0].quality);
	ck_assert_str_eq(show_column(&batch->tasks[0].columns[0]), "0=1 30=2");
	ck_assert_str_eq(show_column(&batch->tasks[1].columns[0]), "60=3b 90=4");
	ck_assert_uint_eq(batch->samples_read, 4);
	lp_batch_free(batch);
}
END_TEST

/* Each session the samples of other series: together they fetch what one does. */
START_TEST(shares_are_the_whole)
{
	enum { MANY = 40 };
	struct lp_calculation many[MANY];
	struct lp_window windows[] = { { AT(0), AT(60) }, { AT(60), AT(120) } };
	struct lp_store *stores[] = { store, open_again() };
	struct lp_arena arenas[2] = { 0 };
	struct lp_share shares[2];
	struct lp_batch *batch = lp_batch_new(NULL);
	struct lp_error error;

	many_calculations(many, MANY);
	for (int i = 0; i < MANY; i++) {
		char samples[64];

		snprintf(samples, sizeof samples, "-10=7 30=%d 90=%d", i, -i);
		write_samples(many[i].inputs[0].series, samples, NULL);
		many[i].inputs[0].lookback = LP_HOUR;
	}
	apply_changes(&(struct lp_changes){ .created = many, .created_count = MANY });
	batch->head = read_heads(0)->items[0];
	ck_ok(lp_store_read_batch(store, batch, &error), error);
	lp_batch_plan(batch, windows, 2);
	shares[0] = (struct lp_share){ .first = INT64_MIN,
		                       .last = batch->calculations[MANY / 4].inputs[0].series_id,
		                       .arena = &arenas[0] };
	shares[1] = (struct lp_share){ .first = shares[0].last + 1, .last = INT64_MAX, .arena = &arenas[1] };
	for (size_t i = 0; i < 2; i++)
		ck_ok(lp_store_fetch_share(stores[1 - i], batch, &shares[1 - i], &error), error);
	ck_assert_uint_eq(batch->task_count, 2 * MANY);
	ck_assert_uint_eq(shares[0].samples_read + shares[1].samples_read, 2 * MANY);
	ck_assert_uint_gt(shares[0].samples_read, 0);
	ck_assert_uint_gt(shares[1].samples_read, 0);
	for (size_t i = 0; i < batch->task_count; i++) {
		const struct lp_task *task = &batch->tasks[i];
		const struct lp_calculation *of = &batch->calculations[task->calculation];
		int number = atoi(of->inputs[0].series + 1);
		bool later = task->window.start > AT(0);
		char expected[64];

		snprintf(expected, sizeof expected, "%d=%d", later ? 90 : 30, later ? -number : number);
		ck_assert_str_eq(show_column(&task->columns[0]), expected);
		snprintf(expected, sizeof expected, "%d=%d", later ? 30 : -10, later ? number : 7);
		ck_assert_str_eq(show_column(&task->previous[0]), expected);
	}
	lp_batch_free(batch);
	for (size_t i = 0; i < 2; i++)
		lp_arena_free(&arenas[i]);
	lp_store_close(stores[1]);
}
END_TEST

START_TEST(windows_that_overlap_share_what_they_read)
{
	struct lp_calculation both[2];
	struct lp_window windows[] = { { AT(0), AT(180) }, { AT(60), AT(240) }, { AT(300), AT(360) } };
	struct lp_batch *batch;
	struct lp_error error;

	add_series("a,b,x,y");
	write_samples("a", "0=1 60=2 120=3 180=4 240=5 300=6", NULL);
	write_samples("b", "60=7", NULL);
	both[0] = *calculation("one", "mean", "a,b", "x");
	both[1] = *calculation("two", "mean", "b,a", "y");
	both[1].inputs[1].lookback = LP_HOUR;
	apply_changes(&(struct lp_changes){ .created = both, .created_count = 2 });
	batch = lp_batch_new(NULL);
	batch->head = read_heads(0)->items[0];
	ck_ok(lp_store_read_batch(store, batch, &error), error);
	ck_assert_uint_eq(batch->calculation_count, 2);
	lp_batch_plan(batch, windows, 3);
	ck_ok(lp_store_fetch(store, batch, &error), error);
	ck_assert_uint_eq(batch->task_count, 6);
	for (size_t i = 0; i < 6; i++) {
		static const char *const of_a[] = { "0=1 60=2 120=3", "60=2 120=3 180=4", "300=6" };
		static const char *const of_b[] = { "60=7", "60=7", "" };
		static const char *const before[] = { "", "0=1", "240=5" };
		const struct lp_task *task = &batch->tasks[i];
		bool second = strcmp(batch->calculations[task->calculation].name, "two") == 0;
		size_t window = task->window.start == AT(0) ? 0 : task->window.start == AT(60) ? 1 : 2;

		ck_assert_str_eq(show_column(&task->columns[second ? 1 : 0]), of_a[window]);
		ck_assert_str_eq(show_column(&task->columns[second ? 0 : 1]), of_b[window]);
		ck_assert_str_eq(show_column(&task->previous[second ? 1 : 0]), second ? before[window] : "");
	}
	lp_batch_free(batch);
}
END_TEST

START_TEST(each_input_looks_back_as_far_as_it_says)
{
	struct lp_calculation both[2];
	struct lp_window window = { AT(3600), AT(3660) };
	struct lp_batch *batch;
	struct lp_error error;

	add_series("a,x,y");
	write_samples("a", "1800=1 3600=2", NULL);
	both[0] = *calculation("far", "held", "a", "x");
	both[0].inputs[0].lookback = LP_HOUR;
	both[1] = *calculation("near", "held", "a", "y");
	both[1].inputs[0].lookback = 10 * LP_MINUTE;
	apply_changes(&(struct lp_changes){ .created = both, .created_count = 2 });
	batch = lp_batch_new(NULL);
	batch->head = read_heads(0)->items[0];
	ck_ok(lp_store_read_batch(store, batch, &error), error);
	ck_assert_uint_eq(batch->calculation_count, 2);
	lp_batch_plan(batch, &window, 1);
	ck_ok(lp_store_fetch(store, batch, &error), error);
	for (size_t i = 0; i < 2; i++) {
		const struct lp_task *task = &batch->tasks[i];
		bool near = strcmp(batch->calculations[task->calculation].name, "near") == 0;

		ck_assert_str_eq(show_column(&task->previous[0]), near ? "" : "1800=1");
	}
	lp_batch_free(batch);
}
END_TEST

/* So many that a store may read them at once; one of them has a window of its own, another one looks back. */
START_TEST(each_of_many_series_gets_its_own_samples)
{
	enum { MANY = 150, WIDER = 70, LOOKING_BACK = 90 };
	struct lp_calculation many[MANY];
	struct lp_window window = { AT(60), AT(120) };
	struct lp_batch *batch = lp_batch_new(NULL);
	struct lp_error error;

	many_calculations(many, MANY);
	for (int i = 0; i < MANY; i++) {
		char samples[96] = "";

		if (i % 50 != 49)
			snprintf(samples, sizeof samples, "30=%d 60=%d.5 90=%d%s 120=7", i, i, 2 * i,
			         i % 40 == 0 ? "b" : "");
		write_samples(many[i].inputs[0].series, samples, NULL);
	}
	many[LOOKING_BACK].inputs[0].lookback = LP_MINUTE;
	apply_changes(&(struct lp_changes){ .created = many, .created_count = MANY });
	batch->head = read_heads(0)->items[0];
	ck_ok(lp_store_read_batch(store, batch, &error), error);
	ck_assert_uint_eq(batch->calculation_count, MANY);
	lp_batch_plan(batch, &window, 1);
	for (size_t i = 0; i < MANY; i++)
		if (strcmp(batch->calculations[batch->tasks[i].calculation].name, "c70") == 0)
			batch->tasks[i].ranges[0] = (struct lp_window){ AT(0), AT(180) };
	ck_ok(lp_store_fetch(store, batch, &error), error);
	for (size_t i = 0; i < MANY; i++) {
		const struct lp_task *task = &batch->tasks[i];
		int n = atoi(batch->calculations[task->calculation].name + 1);
		char expected[96] = "";

		if (n == WIDER)
			snprintf(expected, sizeof expected, "30=%d 60=%d.5 90=%d 120=7", n, n, 2 * n);
		else if (n % 50 != 49)
			snprintf(expected, sizeof expected, "60=%d.5 90=%d%s", n, 2 * n, n % 40 == 0 ? "b" : "");
		ck_assert_str_eq(show_column(&task->columns[0]), expected);
		ck_assert_str_eq(show_column(&task->previous[0]), n == LOOKING_BACK ? "30=90" : "");
	}
	lp_batch_free(batch);
}
END_TEST

Suite *samples_suite(void)
{
	Suite *suite = suite_create("samples");
	TCase *tests = tcase_create("samples");

	tcase_add_checked_fixture(tests, open_store, close_store);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, samples_come_back_as_they_were);
	tcase_add_loop_test(tests, a_range_is_half_open, 0, (int)(sizeof ranges / sizeof *ranges));
	tcase_add_test(tests, years_one_and_9999);
	tcase_add_test(tests, many_samples_come_in_columns);
	tcase_add_test(tests, many_series_are_written_at_once);
	tcase_add_test(tests, a_visitor_ends_the_reading);
	tcase_add_test(tests, what_is_rolled_back_was_never_there);
	tcase_add_loop_test(tests, a_task_gets_the_samples_of_its_window, 0, (int)(sizeof fetches / sizeof *fetches));
	tcase_add_test(tests, quality_is_only_there_where_it_says_something);
	tcase_add_test(tests, shares_are_the_whole);
	tcase_add_test(tests, windows_that_overlap_share_what_they_read);
	tcase_add_test(tests, each_input_looks_back_as_far_as_it_says);
	tcase_add_test(tests, each_of_many_series_gets_its_own_samples);
	suite_add_tcase(suite, tests);
	return suite;
}
