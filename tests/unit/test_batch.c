/* What a batch knows of its samples and results: coverage, what is too little to compute, what nobody has read. */
#include "model/batch.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS_MOST = 3, SAMPLES_MOST = 16 };

/*
 * Samples of an input, a letter each: g good, u uncertain, b bad, n NaN,
 * i infinite, B bad and NaN.  "" is an input without samples, NULL no input.
 */
struct given {
	int interval, range; /* seconds */
	const char *samples;
};

#define NONE NAN

static const struct {
	const char *what;
	struct given inputs[INPUTS_MOST];
	double min_coverage;
	double coverage;
	uint32_t samples;
	bool no_data;
} covers[] = {
	{ "as many as the interval says", { { 10, 60, "gggggg" } }, 1, 1, 6, false },
	{ "half of them", { { 10, 60, "ggg" } }, 0, 0.5, 3, false },
	{ "none of them", { { 10, 60, "" } }, 0, 0, 0, false },
	{ "missing ones do not count", { { 10, 60, "gbnigB" } }, 0, 2.0 / 6, 2, false },
	{ "uncertain ones do", { { 10, 60, "uuugng" } }, 0, 5.0 / 6, 5, false },
	{ "more than expected is all", { { 10, 60, "gggggggggggg" } }, 1, 1, 12, false },
	{ "more than expected, some bad, is all", { { 20, 60, "gbgng" } }, 1, 1, 3, false },
	{ "an interval longer than the range expects one", { { 3600, 60, "g" } }, 1, 1, 1, false },
	{ "an interval longer than the range, nothing there", { { 3600, 60, "" } }, 0, 0, 0, false },
	{ "the range counts, not the window", { { 10, 120, "gggggg" } }, 0, 0.5, 6, false },
	{ "an empty range expects one", { { 10, 0, "" } }, 0, 0, 0, false },
	{ "no interval: those that are there", { { 0, 60, "g" } }, 1, 1, 1, false },
	{ "no interval: bad ones lower it", { { 0, 60, "gbgn" } }, 0, 0.5, 2, false },
	{ "no interval: only bad ones", { { 0, 60, "bni" } }, 0, 0, 0, false },
	{ "no interval and nothing there", { { 0, 60, "" } }, 0, 0, 0, false },
	{ "the least of several", { { 10, 60, "gggggg" }, { 20, 60, "g" }, { 0, 60, "gb" } }, 0, 1.0 / 3, 8, false },
	{ "the least of several, the first", { { 10, 60, "" }, { 10, 60, "gggggg" } }, 0, 0, 6, false },
	{ "no inputs", { { 0 } }, 0, NONE, 0, false },
	{ "no inputs are never too little", { { 0 } }, 1, NONE, 0, false },
	{ "exactly enough", { { 10, 60, "ggg" } }, 0.5, 0.5, 3, false },
	{ "too little", { { 10, 60, "ggb" } }, 0.5, 2.0 / 6, 2, true },
	{ "nothing, and nothing is needed", { { 10, 60, "" } }, 0, 0, 0, false },
	{ "nothing, and something is needed", { { 0, 60, "" } }, 0.001, 0, 0, true },
	{ "one of two has too little", { { 10, 60, "gggggg" }, { 0, 60, "gbbb" } }, 0.5, 0.25, 7, true },
};

/* Where samples lie, an interval apart: the first so many seconds after the range's start; held: one before it. */
static const struct {
	const char *what;
	int interval, range, first, held; /* seconds; held 0: there is none before */
	const char *samples;
	double coverage;
} placed[] = {
	{ "as many as fit where the interval does not divide the range", 7, 60, 5, 0, "gggggggg", 1 },
	{ "where the grid lets one more fit", 7, 60, 0, 0, "ggggggggg", 1 },
	{ "of these one is missing", 7, 60, 0, 0, "gggggggng", 8.0 / 9 },
	{ "of these the last is missing", 7, 60, 1, 0, "gggggggg", 8.0 / 9 },
	{ "one is missing where the fewest fit", 7, 60, 5, 0, "ggbggggg", 7.0 / 8 },
	{ "half of them, one", 40, 60, 0, 0, "g", 0.5 },
	{ "one that is all of them", 40, 60, 30, 0, "g", 1 },
	{ "one more might have slipped out by jitter", 7, 60, 3, 0, "gggggggg", 1 },
	{ "at what end the grid begins does not matter", 10, 60, 9, 0, "gggggg", 1 },
	{ "a day of 25 hours", 86400, 90000, 0, 0, "g", 1 },
	{ "a day of 23 hours", 86400, 82800, 0, 0, "g", 1 },
	{ "nothing on a day of 23 hours", 86400, 82800, 0, 86400, "", 0 },
	{ "shorter than the interval: the next is not due", 3600, 60, 0, 3540, "", 1 },
	{ "shorter than the interval: the next is missing", 3600, 60, 0, 3541, "", 0 },
	{ "one that reports on change is held", 0, 60, 0, 3600, "", 1 },
	{ "one that is measured regularly is not", 10, 60, 0, 5, "", 0 },
	{ "what is held does not make up for bad ones", 0, 60, 0, 5, "b", 0 },
};

static struct lp_column column_of(struct lp_arena *arena, const char *samples)
{
	size_t count = strlen(samples);
	struct lp_column column = { .count = count,
		                    .time = lp_arena_zeroed(arena, count, sizeof *column.time),
		                    .value = lp_arena_zeroed(arena, count, sizeof *column.value) };
	ck_assert_uint_le(count, SAMPLES_MOST);
	/* As the stores do: no qualities where all are good. */
	if (strpbrk(samples, "ubB") != NULL)
		column.quality = lp_arena_zeroed(arena, count, sizeof *column.quality);
	for (size_t i = 0; i < count; i++) {
		char letter = samples[i];
		column.time[i] = (lp_time)i * LP_SECOND;
		column.value[i] = letter == 'n' || letter == 'B' ? NAN : letter == 'i' ? -INFINITY : 1;
		if (letter == 'b' || letter == 'B')
			column.quality[i] = LP_QUALITY_BAD;
		else if (letter == 'u')
			column.quality[i] = LP_QUALITY_UNCERTAIN;
	}
	return column;
}

static struct lp_batch *batch_of(struct lp_calculation *calculation, const struct given *inputs)
{
	struct lp_batch *batch = lp_batch_new(NULL);
	const struct lp_window window = { 0, LP_MINUTE };
	batch->calculations = calculation;
	batch->calculation_count = 1;
	lp_batch_plan(batch, &window, 1);
	for (size_t k = 0; k < calculation->input_count; k++) {
		batch->tasks[0].ranges[k] = (struct lp_window){ -LP_HOUR, -LP_HOUR + inputs[k].range * LP_SECOND };
		batch->tasks[0].columns[k] = column_of(&batch->arena, inputs[k].samples);
	}
	return batch;
}

START_TEST(coverage_and_what_it_decides)
{
	struct lp_input inputs[INPUTS_MOST] = { { 0 } };
	struct lp_calculation calculation = { .enabled = true,
		                              .inputs = inputs,
		                              .min_coverage = covers[_i].min_coverage };
	uint32_t read = 0;
	for (size_t k = 0; k < INPUTS_MOST && covers[_i].inputs[k].samples != NULL; k++) {
		inputs[k].interval = covers[_i].inputs[k].interval * LP_SECOND;
		read += (uint32_t)strlen(covers[_i].inputs[k].samples);
		calculation.input_count++;
	}
	struct lp_batch *batch = batch_of(&calculation, covers[_i].inputs);
	const struct lp_task *task = &batch->tasks[0];
	ck_assert_msg(isnan(task->coverage), "%s: known before there are samples", covers[_i].what);
	lp_batch_cover(batch);
	ck_assert_msg(isnan(covers[_i].coverage) ? isnan(task->coverage)
	                                         : fabs(task->coverage - covers[_i].coverage) < 1e-15,
	              "%s: coverage %.17g", covers[_i].what, task->coverage);
	ck_assert_msg(task->samples == covers[_i].samples, "%s: %u samples", covers[_i].what, task->samples);
	ck_assert_msg(task->decided == covers[_i].no_data, "%s: decided %d", covers[_i].what, task->decided);
	if (covers[_i].no_data) {
		ck_assert_int_eq(task->outcome.state, LP_STATE_NO_DATA);
		/* What was read is told, missing ones too. */
		ck_assert_uint_eq(task->outcome.samples_read, read);
		ck_assert_ptr_null(task->outcome.error_message);
	}
	lp_batch_free(batch);
}
END_TEST

START_TEST(coverage_by_where_samples_lie)
{
	struct lp_input input = { .interval = placed[_i].interval * LP_SECOND };
	struct lp_calculation calculation = { .enabled = true, .inputs = &input, .input_count = 1 };
	struct lp_batch *batch = batch_of(&calculation, &(struct given){ 0, placed[_i].range, placed[_i].samples });
	struct lp_task *task = &batch->tasks[0];
	for (size_t i = 0; i < task->columns[0].count; i++)
		task->columns[0].time[i] =
			task->ranges[0].start + placed[_i].first * LP_SECOND + (int64_t)i * input.interval;
	if (placed[_i].held > 0) {
		task->previous[0] = column_of(&batch->arena, "g");
		task->previous[0].time[0] = task->ranges[0].start - placed[_i].held * LP_SECOND;
	}
	lp_batch_cover(batch);
	ck_assert_msg(fabs(task->coverage - placed[_i].coverage) < 1e-15, "%s: coverage %.17g", placed[_i].what,
	              task->coverage);
	lp_batch_free(batch);
}
END_TEST

/* What a rule knows of the time by holding values counts as well, and is never more than what is there. */
START_TEST(what_is_held_lowers_the_coverage)
{
	struct lp_calculation calculation = { .min_coverage = 0.5 };
	struct lp_task task = { .coverage = 0.9, .outcome = { .state = LP_STATE_OK, .result_count = 1 } };
	lp_task_cover(&task, &calculation, 1);
	ck_assert_double_eq(task.coverage, 0.9);
	lp_task_cover(&task, &calculation, 0.5);
	ck_assert_double_eq(task.coverage, 0.5);
	ck_assert_int_eq(task.outcome.state, LP_STATE_OK);
	lp_task_cover(&task, &calculation, 0.4);
	ck_assert_int_eq(task.outcome.state, LP_STATE_NO_DATA);
	ck_assert_uint_eq(task.outcome.result_count, 0);
	/* Without inputs there is nothing to cover. */
	task = (struct lp_task){ .coverage = NAN, .outcome = { .state = LP_STATE_OK, .result_count = 1 } };
	lp_task_cover(&task, &calculation, 0);
	ck_assert(isnan(task.coverage));
	ck_assert_uint_eq(task.outcome.result_count, 1);
}
END_TEST

/* A window that waits for somebody goes on waiting, whatever it has of samples. */
START_TEST(what_is_decided_stays_decided)
{
	struct lp_input input = { .interval = 10 * LP_SECOND };
	struct lp_calculation calculation = { .enabled = true, .inputs = &input, .input_count = 1, .min_coverage = 1 };
	struct lp_batch *batch = batch_of(&calculation, &(struct given){ 10, 60, "g" });
	batch->tasks[0].decided = true;
	batch->tasks[0].outcome = (struct lp_outcome){ .state = LP_STATE_WAITING, .cause_id = 7 };
	lp_batch_cover(batch);
	ck_assert_int_eq(batch->tasks[0].outcome.state, LP_STATE_WAITING);
	ck_assert_int_eq(batch->tasks[0].outcome.cause_id, 7);
	ck_assert_double_eq_tol(batch->tasks[0].coverage, 1.0 / 6, 1e-15);
	lp_batch_free(batch);
}
END_TEST

/* A batch is covered again when its samples were fetched again: nothing adds up. */
START_TEST(covering_twice_is_covering_once)
{
	struct lp_input input = { 0 };
	struct lp_calculation calculations[2] = {
		{ .enabled = true, .inputs = &input, .input_count = 1 },
		{ .enabled = true },
	};
	struct lp_batch *batch = lp_batch_new(NULL);
	const struct lp_window windows[2] = { { 0, LP_MINUTE }, { LP_MINUTE, 2 * LP_MINUTE } };
	batch->calculations = calculations;
	batch->calculation_count = 2;
	lp_batch_plan(batch, windows, 2);
	batch->tasks[0].columns[0] = column_of(&batch->arena, "gb");
	batch->tasks[2].columns[0] = column_of(&batch->arena, "ggg");
	for (int time = 0; time < 2; time++) {
		lp_batch_cover(batch);
		ck_assert_uint_eq(batch->tasks[0].samples, 1);
		ck_assert_double_eq(batch->tasks[0].coverage, 0.5);
		ck_assert(isnan(batch->tasks[1].coverage));
		ck_assert_uint_eq(batch->tasks[2].samples, 3);
		ck_assert_double_eq(batch->tasks[2].coverage, 1);
	}
	lp_batch_free(batch);
}
END_TEST

static const struct {
	const char *what;
	struct lp_window pruned, range; /* seconds */
	int64_t lookback, previous;     /* seconds; -1: none was found */
	bool left;
} prunings[] = {
	{ "nothing was pruned", { 0, 0 }, { 0, 60 }, 0, -1, false },
	{ "nothing was pruned, whatever the look-back", { 0, 0 }, { 0, 60 }, 600, -1, false },
	{ "behind it", { 10, 60 }, { 60, 120 }, 0, -1, false },
	{ "the last one pruned is its first moment", { 10, 61 }, { 60, 120 }, 0, -1, true },
	{ "before it", { 60, 70 }, { 0, 60 }, 0, -1, false },
	{ "in the middle", { 20, 30 }, { 0, 60 }, 0, -1, true },
	{ "all of it", { 0, 100 }, { 10, 20 }, 0, -1, true },
	{ "it reads nothing", { 0, 100 }, { 10, 10 }, 0, -1, false },
	{ "the look-back does not reach it", { 0, 30 }, { 60, 120 }, 30, -1, false },
	{ "the look-back found none", { 0, 30 }, { 60, 120 }, 31, -1, true },
	{ "the look-back found one behind it", { 0, 30 }, { 60, 120 }, 60, 30, false },
	{ "the look-back found one among the pruned", { 0, 30 }, { 60, 120 }, 60, 29, true },
	{ "the look-back found one before the pruned", { 10, 30 }, { 60, 120 }, 60, 5, true },
};

START_TEST(what_was_pruned_is_not_computed_from_what_is_left)
{
	struct lp_input input = {
		.pruned = { prunings[_i].pruned.start * LP_SECOND, prunings[_i].pruned.end * LP_SECOND },
		.lookback = prunings[_i].lookback * LP_SECOND,
	};
	struct lp_calculation calculation = { .enabled = true, .inputs = &input, .input_count = 1 };
	struct lp_batch *batch = batch_of(&calculation, &(struct given){ 10, 60, "g" });
	struct lp_task *task = &batch->tasks[0];
	lp_time previous = prunings[_i].previous * LP_SECOND;
	task->ranges[0] =
		(struct lp_window){ prunings[_i].range.start * LP_SECOND, prunings[_i].range.end * LP_SECOND };
	if (prunings[_i].previous >= 0)
		task->previous[0] = (struct lp_column){ .count = 1, .time = &previous };
	lp_batch_leave_pruned(batch);
	ck_assert_msg(task->decided == prunings[_i].left, "%s", prunings[_i].what);
	ck_assert_msg((task->pruned == &input) == prunings[_i].left, "%s", prunings[_i].what);
	lp_batch_free(batch);
}
END_TEST

static const struct {
	const char *what;
	enum lp_batch_kind kind;
	lp_time read_before;
	lp_time results[2][2]; /* of two tasks; 0: no result */
	bool news;
} readings[] = {
	{ "forward, nobody reads", LP_BATCH_FORWARD, LP_TIME_NONE, { { 5, 6 }, { 7, 8 } }, true },
	{ "forward, all behind what was read", LP_BATCH_FORWARD, 5, { { 5, 6 }, { 7, 8 } }, true },
	{ "forward, the first was read", LP_BATCH_FORWARD, 6, { { 5, 6 }, { 7, 8 } }, false },
	{ "forward, only the last was read", LP_BATCH_FORWARD, 6, { { 7, 9 }, { 8, 5 } }, false },
	{ "forward, all may have been read", LP_BATCH_FORWARD, LP_TIME_MAX, { { 5 } }, false },
	{ "forward, all may have been read, no results", LP_BATCH_FORWARD, LP_TIME_MAX, { { 0 } }, true },
	{ "recompute, nobody reads", LP_BATCH_RECOMPUTE, LP_TIME_NONE, { { 5 } }, true },
	{ "recompute may take off what was read", LP_BATCH_RECOMPUTE, 5, { { 5, 6 }, { 7, 8 } }, false },
	{ "recompute without results may as well", LP_BATCH_RECOMPUTE, 5, { { 0 } }, false },
	{ "retry, nobody reads", LP_BATCH_RETRY, LP_TIME_NONE, { { 5 } }, true },
	{ "retry may take off what was read", LP_BATCH_RETRY, 5, { { 6 } }, false },
};

START_TEST(news_is_what_nobody_can_have_read)
{
	struct lp_calculation calculation = { .enabled = true };
	struct lp_batch *batch = lp_batch_new(NULL);
	const struct lp_window windows[2] = { { 0, 10 }, { 10, 20 } };
	batch->calculations = &calculation;
	batch->calculation_count = 1;
	lp_batch_plan(batch, windows, 2);
	batch->kind = readings[_i].kind;
	batch->read_before = readings[_i].read_before;
	for (size_t i = 0; i < 2; i++) {
		struct lp_outcome *outcome = &batch->tasks[i].outcome;
		outcome->results = lp_arena_zeroed(&batch->arena, 2, sizeof *outcome->results);
		for (size_t k = 0; k < 2 && readings[_i].results[i][k] != 0; k++)
			outcome->results[outcome->result_count++].time = readings[_i].results[i][k];
	}
	ck_assert_msg(lp_batch_is_unread(batch) == readings[_i].news, "%s", readings[_i].what);
	lp_batch_free(batch);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("batch");
	TCase *cases = tcase_create("batch");
	tcase_add_loop_test(cases, coverage_and_what_it_decides, 0, sizeof covers / sizeof *covers);
	tcase_add_loop_test(cases, coverage_by_where_samples_lie, 0, sizeof placed / sizeof *placed);
	tcase_add_test(cases, what_is_held_lowers_the_coverage);
	tcase_add_test(cases, what_is_decided_stays_decided);
	tcase_add_test(cases, covering_twice_is_covering_once);
	tcase_add_loop_test(cases, what_was_pruned_is_not_computed_from_what_is_left, 0,
	                    sizeof prunings / sizeof *prunings);
	tcase_add_loop_test(cases, news_is_what_nobody_can_have_read, 0, sizeof readings / sizeof *readings);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
