/* Owed ranges: new ones among those that are stored, and what a recompute batch leaves of them. */
#include "store/owed.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 16 };

/*
 * Ranges as texts: "l10-20" is one of late samples of calculation 1 after 10
 * until 20; w: waited, for calculation 9; v: waited, for calculation 8; t:
 * tripped; L: late samples, of calculation 2.  Stored ones are numbered from 1.
 */
static size_t read_ranges(const char *text, struct lp_owed_range *ranges)
{
	size_t count = 0;

	while (*text != '\0') {
		struct lp_owed_range *range = &ranges[count++];
		char letter = *text++, *end;

		*range = (struct lp_owed_range){
			.calculation_id = letter == 'L' ? 2 : 1,
			.reason = letter == 'w' || letter == 'v' ? LP_REASON_WAITED
			          : letter == 't'                ? LP_REASON_TRIPPED
			                                         : LP_REASON_LATE,
			.cause_id = letter == 'w'   ? 9
			            : letter == 'v' ? 8
			                            : 0,
		};
		range->after_end = range->window_start = strtol(text, &end, 10);
		range->until_end = strtol(end + 1, &end, 10);
		text = end + (*end == ' ');
	}
	return count;
}

static const struct {
	const char *name, *stored, *added;
	bool samples_changed;
	const char *expected; /* "letter after-until #id xtouched", "-id" where it is gone */
} stories[] = {
	{ "the first", "", "l10-20", true, "l10-20 #0 x1" },
	{ "far from another", "l10-20", "l30-40", true, "l30-40 #0 x1" },
	{ "adjacent behind", "l10-20", "l20-30", true, "l10-30 #1 x2" },
	{ "adjacent before", "l20-30", "l10-20", true, "l10-30 #1 x2" },
	{ "within", "l10-40", "l20-30", true, "l10-40 #1 x2" },
	{ "around", "l20-30", "l10-40", true, "l10-40 #1 x2" },
	{ "between two", "l10-20 l30-40", "l20-30", true, "l10-40 #1 x2 -2" },
	{ "between two, the second one is older", "l30-40 l10-20", "l15-35", true, "l10-40 #1 x2 -2" },
	{ "new ones among themselves", "", "l10-20 l20-30 l25-40", true, "l10-40 #0 x1" },
	{ "another calculation's", "L10-20", "l10-20", true, "l10-20 #0 x1" },
	{ "another reason is touched", "t10-20", "l15-30", true, "l15-30 #0 x1 t10-20 #1 x2" },
	{ "one that is merely adjacent is not", "t10-20", "l20-30", true, "l20-30 #0 x1" },
	{ "another cause is another range", "w10-20", "v10-20", false, "v10-20 #0 x1" },
	{ "putting windows aside touches nothing else", "l10-20", "w15-30", false, "w15-30 #0 x1" },
	{ "and joins all the same", "w10-20", "w20-30", false, "w10-30 #1 x2" },
	{ "an empty range is none", "l10-20", "l30-30", true, "" },
	{ "several calculations", "l10-20 L10-20", "L20-30 l20-30", true, "l10-30 #1 x2 L10-30 #2 x2" },
};

START_TEST(ranges_join)
{
	struct lp_owed_range ranges[MOST], added[MOST];
	struct lp_owed_row stored[MOST];
	struct lp_owed_rows joined;
	struct lp_arena arena = { 0 };
	struct lp_text text = { 0 };
	size_t stored_count = read_ranges(stories[_i].stored, ranges);
	size_t added_count = read_ranges(stories[_i].added, added);

	for (size_t i = 0; i < stored_count; i++)
		stored[i] = (struct lp_owed_row){ .id = (int64_t)i + 1, .range = ranges[i], .touched = 1 };
	joined = lp_owed_join(&(struct lp_owed_rows){ stored, stored_count }, added, added_count,
	                      stories[_i].samples_changed, &arena);
	lp_text_add(&text, "", 0);
	for (size_t i = 0; i < joined.count; i++) {
		const struct lp_owed_row *row = &joined.items[i];
		const struct lp_owed_range *range = &row->range;
		const char *blank = text.length > 0 ? " " : "";

		ck_assert(row->gone != row->changed);
		if (row->gone) {
			lp_text_addf(&text, "%s-%d", blank, (int)row->id);
			continue;
		}
		ck_assert_int_eq(range->window_start, range->after_end);
		lp_text_addf(&text, "%s%c%d-%d #%d x%d", blank,
		             range->calculation_id == 2           ? 'L'
		             : range->reason == LP_REASON_TRIPPED ? 't'
		             : range->cause_id == 9               ? 'w'
		             : range->cause_id == 8               ? 'v'
		                                                  : 'l',
		             (int)range->after_end, (int)range->until_end, (int)row->id, (int)row->touched);
	}
	ck_assert_msg(strcmp(text.data, stories[_i].expected) == 0, "%s: expected \"%s\", got \"%s\"", stories[_i].name,
	              stories[_i].expected, text.data);
	lp_text_free(&text);
	lp_arena_free(&arena);
}
END_TEST

/* Two calculations, 7 and 3, windows of a minute; ranges by calculation. */
static struct lp_batch *recompute(size_t windows, size_t computed, const struct lp_owed *owed, size_t owed_count)
{
	struct lp_batch *batch = lp_batch_new(NULL);
	struct lp_window due[MOST];

	batch->kind = LP_BATCH_RECOMPUTE;
	batch->calculations = lp_arena_zeroed(&batch->arena, 2, sizeof *batch->calculations);
	batch->calculation_count = 2;
	for (size_t i = 0; i < 2; i++) {
		struct lp_span minute = { 1, LP_UNIT_MINUTE };

		batch->calculations[i] = (struct lp_calculation){ .id = i == 0 ? 7 : 3, .enabled = true };
		batch->calculations[i].schedule = (struct lp_schedule){ .every = minute, .window = minute };
	}
	for (size_t i = 0; i < windows; i++)
		due[i] = (struct lp_window){ (lp_time)i * LP_MINUTE, ((lp_time)i + 1) * LP_MINUTE };
	lp_batch_plan(batch, due, windows);
	atomic_store(&batch->computed, computed);
	batch->owed = owed;
	batch->owed_count = owed_count;
	batch->recomputed_until = (lp_time)windows * LP_MINUTE;
	return batch;
}

START_TEST(a_redo_moves_its_ranges_on)
{
	const struct lp_owed owed[] = {
		{ .id = 1, .calculation_id = 3, .after_end = 0, .until_end = 2 * LP_MINUTE },
		{ .id = 2, .calculation_id = 5, .after_end = 0, .until_end = 2 * LP_MINUTE },
		{ .id = 3, .calculation_id = 7, .after_end = 0, .until_end = 9 * LP_MINUTE },
	};
	struct lp_batch *batch = recompute(3, 6, owed, 3);
	const struct lp_owed_move *moves = lp_owed_moves(batch);

	ck_assert_uint_eq(moves[0].calculation, 1);
	ck_assert(moves[0].done);
	ck_assert_uint_eq(moves[1].calculation, UINT32_MAX);
	ck_assert_uint_eq(moves[2].calculation, 0);
	ck_assert(!moves[2].done);
	ck_assert_int_eq(moves[2].after_end, 3 * LP_MINUTE);
	ck_assert_int_eq(moves[2].window_start, 3 * LP_MINUTE);
	lp_batch_free(batch);
}
END_TEST

START_TEST(what_was_not_computed_stays_owed)
{
	const struct lp_owed owed[] = {
		{ .id = 1, .calculation_id = 3, .after_end = 0, .until_end = 2 * LP_MINUTE },
		{ .id = 3, .calculation_id = 7, .after_end = 0, .until_end = 2 * LP_MINUTE },
	};
	struct lp_batch *batch = recompute(2, 1, owed, 2);
	const struct lp_owed_move *moves = lp_owed_moves(batch);

	ck_assert_int_eq(moves[0].after_end, LP_TIME_NONE); /* its first window was not reached */
	ck_assert(!moves[0].done);
	ck_assert_int_eq(moves[1].after_end, LP_MINUTE);
	ck_assert(!moves[1].done);
	lp_batch_free(batch);
}
END_TEST

START_TEST(sliding_windows_that_are_left_begin_after_the_last_one_done)
{
	const struct lp_owed owed[] = { { .id = 3, .calculation_id = 7, .after_end = 0, .until_end = 9 * LP_MINUTE } };
	struct lp_batch *batch = recompute(2, 4, owed, 1);

	batch->calculations[0].schedule.window.count = 5;
	ck_assert_int_eq(lp_owed_moves(batch)[0].window_start, LP_MINUTE + 1);
	batch->calculations[0].result_time = LP_RESULT_AT_END;
	ck_assert_int_eq(lp_owed_moves(batch)[0].window_start, 2 * LP_MINUTE);
	lp_batch_free(batch);
}
END_TEST

START_TEST(what_was_missed_goes_back_from_its_newest_window)
{
	const struct lp_owed owed[] = {
		{ .id = 1, .calculation_id = 3, .after_end = 0, .until_end = 9 * LP_MINUTE },
		{ .id = 3, .calculation_id = 7, .after_end = 0, .until_end = 9 * LP_MINUTE },
	};
	struct lp_batch *batch = recompute(3, 6, owed, 2);
	const struct lp_owed_move *moves;

	batch->reason = LP_REASON_CATCH_UP;
	batch->recomputed_from = 6 * LP_MINUTE;
	moves = lp_owed_moves(batch);
	ck_assert(!moves[0].done);
	ck_assert_int_eq(moves[0].after_end, 0);
	ck_assert_int_eq(moves[0].until_end, 6 * LP_MINUTE);
	batch->recomputed_from = 0;
	ck_assert(lp_owed_moves(batch)[1].done);
	/* The last task, of calculation 3, was not computed: all of its windows are done again. */
	atomic_store(&batch->computed, 5);
	moves = lp_owed_moves(batch);
	ck_assert_int_eq(moves[0].after_end, LP_TIME_NONE);
	ck_assert_int_ne(moves[1].after_end, LP_TIME_NONE);
	lp_batch_free(batch);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("owed");
	TCase *tests = tcase_create("owed");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, ranges_join, 0, (int)(sizeof stories / sizeof *stories));
	tcase_add_test(tests, a_redo_moves_its_ranges_on);
	tcase_add_test(tests, what_was_not_computed_stays_owed);
	tcase_add_test(tests, sliding_windows_that_are_left_begin_after_the_last_one_done);
	tcase_add_test(tests, what_was_missed_goes_back_from_its_newest_window);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
