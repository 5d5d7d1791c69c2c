/* Batches: what stays, what moves, what is put together. */
#include "store/compose.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct lp_arena arena;

static struct lp_compose_member member(int64_t id, int64_t batch, int32_t position, int32_t minutes, lp_time watermark)
{
	return (struct lp_compose_member){ .calculation_id = id,
		                           .batch_id = batch,
		                           .position = position,
		                           .schedule = { .every = { minutes, LP_UNIT_MINUTE },
		                                         .window = { minutes, LP_UNIT_MINUTE },
		                                         .zone = "UTC" },
		                           .start = LP_TIME_NONE,
		                           .watermark = watermark,
		                           .enabled = true };
}

static struct lp_compose_batch stored(int64_t id, int32_t minutes, lp_time watermark)
{
	struct lp_compose_member like = member(0, 0, 0, minutes, watermark);

	return (struct lp_compose_batch){ .head = { .id = id,
		                                    .generation = 10,
		                                    .schedule = like.schedule,
		                                    .start = like.start,
		                                    .watermark = watermark },
		                          .enabled = true };
}

/* Every rule that must hold whatever was asked for. */
static void check_composition(const struct lp_composition *composition)
{
	uint32_t *counted = calloc(composition->batch_count + 1, sizeof *counted);

	for (size_t i = 0; i < composition->member_count; i++) {
		const struct lp_compose_member *one = &composition->members[i];
		ck_assert_uint_lt(one->batch, composition->batch_count);
		const struct lp_compose_batch *batch = &composition->batches[one->batch];
		ck_assert_int_eq(batch->head.watermark, one->watermark);
		ck_assert_int_eq(batch->head.schedule.every.count, one->schedule.every.count);
		ck_assert_int_eq(batch->head.rank, one->rank);
		ck_assert(batch->enabled == one->enabled);
		ck_assert(one->moved || batch->head.id == one->batch_id);
		ck_assert(!one->moved || batch->changed);
		counted[one->batch]++;
	}
	for (size_t i = 0; i < composition->batch_count; i++) {
		const struct lp_compose_batch *batch = &composition->batches[i];
		ck_assert_uint_eq(batch->members, counted[i]);
		ck_assert_uint_le(batch->members, LP_BATCH_SIZE);
		ck_assert_int_eq(batch->head.size, batch->enabled ? (int)batch->members : 0);
		ck_assert(batch->members > 0 || batch->head.id != 0);
	}
	free(counted);
}

/* What is stored, as lp_compose leaves it: nothing has changed since. */
static void store_composition(struct lp_composition *composition)
{
	for (size_t i = 0; i < composition->batch_count; i++) {
		composition->batches[i].head.id = (int64_t)i + 1;
		composition->batches[i].changed = false;
		composition->batches[i].members = 0;
	}
	for (size_t i = 0; i < composition->member_count; i++) {
		composition->members[i].batch_id = (int64_t)composition->members[i].batch + 1;
		composition->members[i].moved = false;
	}
}

START_TEST(nothing_changes_where_nothing_has_changed)
{
	struct lp_compose_batch batches[] = { stored(3, 1, 60), stored(5, 15, 0) };
	struct lp_compose_member members[] = { member(1, 3, 0, 1, 60), member(2, 3, 1, 1, 60), member(9, 5, 0, 15, 0) };
	struct lp_composition composition = { batches, 2, members, 3 };

	lp_compose(&composition, &arena);
	check_composition(&composition);
	ck_assert_uint_eq(composition.batch_count, 2);
	for (size_t i = 0; i < 2; i++) {
		ck_assert(!composition.batches[i].changed);
		ck_assert_int_eq(composition.batches[i].head.generation, 10);
	}
	for (size_t i = 0; i < 3; i++)
		ck_assert(!members[i].moved);
}
END_TEST

START_TEST(new_ones_go_where_their_key_is)
{
	struct lp_compose_batch batches[] = { stored(3, 1, LP_TIME_NONE) };
	struct lp_compose_member members[] = { member(1, 3, 0, 1, LP_TIME_NONE), member(7, 0, 0, 1, LP_TIME_NONE),
		                               member(8, 0, 0, 5, LP_TIME_NONE) };
	struct lp_composition composition = { batches, 1, members, 3 };

	lp_compose(&composition, &arena);
	check_composition(&composition);
	ck_assert_uint_eq(composition.batch_count, 2);
	ck_assert_int_eq(composition.batches[members[1].batch].head.id, 3);
	ck_assert_int_eq(members[1].position, 1);
	ck_assert_int_eq(composition.batches[members[1].batch].head.generation, 11);
	ck_assert_int_eq(composition.batches[members[2].batch].head.id, 0);
}
END_TEST

START_TEST(who_changes_key_leaves_with_its_watermark)
{
	struct lp_compose_batch batches[] = { stored(3, 1, 60) };
	struct lp_compose_member members[] = { member(1, 3, 0, 1, 60), member(2, 3, 1, 5, 60), member(4, 3, 2, 1, 60) };
	struct lp_composition composition = { batches, 1, members, 3 };

	lp_compose(&composition, &arena);
	check_composition(&composition);
	ck_assert_uint_eq(composition.batch_count, 2);
	ck_assert(composition.batches[0].changed);
	ck_assert_int_eq(composition.batches[1].head.watermark, 60);
	ck_assert_int_eq(composition.batches[1].origin, 3);
	ck_assert_int_eq(members[2].position, 1); /* numbered anew */
}
END_TEST

START_TEST(an_emptied_batch_is_to_be_deleted)
{
	struct lp_compose_batch batches[] = { stored(3, 1, 60), stored(4, 1, 120) };
	struct lp_compose_member members[] = { member(1, 4, 0, 1, 120) };
	struct lp_composition composition = { batches, 2, members, 1 };

	lp_compose(&composition, &arena);
	check_composition(&composition);
	ck_assert_uint_eq(composition.batches[0].members, 0);
	ck_assert(composition.batches[0].changed);
	ck_assert(!composition.batches[1].changed);
}
END_TEST

START_TEST(small_batches_of_one_key_become_one)
{
	struct lp_compose_batch batches[] = { stored(3, 1, 60), stored(4, 1, 60), stored(5, 1, 61) };
	struct lp_compose_member members[] = { member(1, 3, 0, 1, 60), member(2, 4, 0, 1, 60), member(3, 5, 0, 1, 61) };
	struct lp_composition composition = { batches, 3, members, 3 };

	lp_compose(&composition, &arena);
	check_composition(&composition);
	ck_assert_int_eq(composition.batches[members[0].batch].head.id, 3);
	ck_assert_int_eq(composition.batches[members[1].batch].head.id, 3);
	ck_assert_int_eq(composition.batches[members[2].batch].head.id, 5);
	ck_assert_uint_eq(composition.batches[1].members, 0);
}
END_TEST

START_TEST(disabled_ones_have_batches_of_size_0)
{
	struct lp_compose_member members[] = { member(1, 0, 0, 1, LP_TIME_NONE), member(2, 0, 0, 1, LP_TIME_NONE) };
	struct lp_composition composition = { NULL, 0, members, 2 };

	members[1].enabled = false;
	lp_compose(&composition, &arena);
	check_composition(&composition);
	ck_assert_uint_eq(composition.batch_count, 2);
	ck_assert_int_eq(composition.batches[members[1].batch].head.size, 0);
}
END_TEST

START_TEST(many_are_spread_over_full_batches_and_the_second_time_nothing_moves)
{
	enum { MANY = 12345 };
	struct lp_compose_member *members = calloc(MANY, sizeof *members);
	struct lp_composition composition = { NULL, 0, members, MANY };

	for (int i = 0; i < MANY; i++)
		members[i] = member(MANY - i, 0, 0, 1 + i % 3, LP_TIME_NONE);
	lp_compose(&composition, &arena);
	check_composition(&composition);
	ck_assert_uint_eq(composition.batch_count, 15);
	store_composition(&composition);
	lp_compose(&composition, &arena);
	check_composition(&composition);
	ck_assert_uint_eq(composition.batch_count, 15);
	for (int i = 0; i < MANY; i++)
		ck_assert(!members[i].moved);
	free(members);
}
END_TEST

START_TEST(what_is_skipped_is_not_with_what_is_caught_up)
{
	struct lp_compose_batch batches[] = { stored(3, 1, 60) };
	struct lp_compose_member members[] = { member(1, 3, 0, 1, 60), member(2, 3, 1, 1, 60) };
	struct lp_composition composition = { batches, 1, members, 2 };

	members[1].schedule.missed = LP_MISSED_SKIP;
	lp_compose(&composition, &arena);
	check_composition(&composition);
	ck_assert_uint_eq(composition.batch_count, 2);
	ck_assert_int_eq(composition.batches[1].head.schedule.missed, LP_MISSED_SKIP);
	ck_assert_uint_eq(members[1].batch, 1);
	ck_assert_int_eq(composition.batches[1].head.watermark, 60);
}
END_TEST

/* Of calculations of a window: what 1,000 read who read `span`, and every tenth of them `much`; how large batches become. */
static const struct {
	const char *name;
	struct lp_span window;
	int64_t span, much;
	size_t size, size_of_much; /* of the first batch of each; 0: they are together */
} bulks[] = {
	{ "a minute, and a week", { 1, LP_UNIT_MINUTE }, LP_MINUTE, 7 * LP_DAY, 900, 10 },
	{ "several inputs of a minute", { 1, LP_UNIT_MINUTE }, LP_MINUTE, 5 * LP_MINUTE, 1000, 0 },
	{ "so little that a full batch may", { 1, LP_UNIT_MINUTE }, LP_MINUTE, 1048 * LP_SECOND, 1000, 0 },
	{ "a bit more than that", { 1, LP_UNIT_MINUTE }, LP_MINUTE, 1049 * LP_SECOND, 900, 100 },
	{ "an hour each minute", { 1, LP_UNIT_MINUTE }, LP_MINUTE, LP_HOUR, 900, 100 },
	{ "a day each minute", { 1, LP_UNIT_MINUTE }, LP_MINUTE, LP_DAY, 900, 10 },
	{ "a week and a year", { 1, LP_UNIT_MINUTE }, 7 * LP_DAY, 365 * LP_DAY, 10, 0 },
	{ "three hours where the window is one", { 1, LP_UNIT_HOUR }, LP_HOUR, 3 * LP_HOUR, 291, 72 },
	{ "a minute of an hour", { 1, LP_UNIT_HOUR }, LP_MINUTE, LP_HOUR, 291, 0 },
	{ "two days where the window is one", { 1, LP_UNIT_DAY }, LP_DAY, 2 * LP_DAY, 12, 10 },
	{ "where the window makes them smallest", { 1, LP_UNIT_WEEK }, 7 * LP_DAY, 70 * LP_DAY, 10, 0 },
};

START_TEST(who_reads_much_is_not_with_those_that_read_little)
{
	enum { MANY = 1000 };
	struct lp_compose_member *members = calloc(MANY, sizeof *members);
	struct lp_composition composition = { NULL, 0, members, MANY };

	for (int i = 0; i < MANY; i++) {
		members[i] = member(i + 1, 0, 0, 1, LP_TIME_NONE);
		members[i].schedule.window = bulks[_i].window;
		members[i].span = i % 10 == 7 ? bulks[_i].much : bulks[_i].span;
	}
	lp_compose(&composition, &arena);
	check_composition(&composition);

	const struct lp_compose_batch *first = &composition.batches[members[0].batch];
	const struct lp_compose_batch *much = &composition.batches[members[7].batch];
	ck_assert_msg(first->members == bulks[_i].size, "%s: %u", bulks[_i].name, first->members);
	if (bulks[_i].size_of_much == 0) {
		ck_assert_msg(much == first, "%s", bulks[_i].name);
		ck_assert_int_eq(first->head.span, bulks[_i].much);
	} else {
		ck_assert_msg(much->members == bulks[_i].size_of_much, "%s: %u", bulks[_i].name, much->members);
		ck_assert_int_eq(first->head.span, bulks[_i].span);
		ck_assert_int_eq(much->head.span, bulks[_i].much);
	}
	store_composition(&composition);
	lp_compose(&composition, &arena);
	check_composition(&composition);
	for (size_t i = 0; i < composition.batch_count; i++)
		ck_assert(!composition.batches[i].changed);
	free(members);
}
END_TEST

/* A batch of a release that did not look at it. */
START_TEST(who_reads_much_leaves_those_that_read_little)
{
	struct lp_compose_batch batches[] = { stored(3, 1, 60) };
	struct lp_compose_member members[] = { member(1, 3, 0, 1, 60), member(2, 3, 1, 1, 60), member(4, 3, 2, 1, 60) };
	struct lp_composition composition = { batches, 1, members, 3 };

	batches[0].head.span = 7 * LP_DAY;
	for (int i = 0; i < 3; i++)
		members[i].span = i == _i ? 7 * LP_DAY : LP_MINUTE;
	lp_compose(&composition, &arena);
	check_composition(&composition);
	ck_assert_uint_eq(composition.batch_count, 2);
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(members[i].batch, i == _i ? 1 : 0);
	ck_assert_int_eq(composition.batches[0].head.span, LP_MINUTE);
	ck_assert_int_eq(composition.batches[1].head.span, 7 * LP_DAY);
	ck_assert_int_eq(composition.batches[1].head.watermark, 60);
	ck_assert_int_eq(composition.batches[1].origin, 3);
}
END_TEST

START_TEST(what_a_batch_reads_is_written_where_it_differs)
{
	struct lp_compose_batch batches[] = { stored(3, 1, 60), stored(5, 2, 60) };
	struct lp_compose_member members[] = { member(1, 3, 0, 1, 60), member(2, 5, 0, 2, 60) };
	struct lp_composition composition = { batches, 2, members, 2 };

	members[0].span = 2 * LP_MINUTE;
	members[1].span = batches[1].head.span = 3 * LP_MINUTE;
	lp_compose(&composition, &arena);
	check_composition(&composition);
	ck_assert(composition.batches[0].changed);
	ck_assert_int_eq(composition.batches[0].head.span, 2 * LP_MINUTE);
	ck_assert(!members[0].moved);
	ck_assert(!composition.batches[1].changed);
}
END_TEST

static const struct {
	const char *windows;
	int64_t span; /* 0: an error */
} spans[] = {
	{ NULL, 5 * LP_MINUTE },
	{ "", 5 * LP_MINUTE },
	{ ";;", 15 * LP_MINUTE },
	{ "1 week", 7 * LP_DAY },
	{ "1 week;;30 seconds", 7 * LP_DAY + 5 * LP_MINUTE + 30 * LP_SECOND },
	{ ";2 months", 5 * LP_MINUTE + 56 * LP_DAY },
	{ "2147483647 years;1 day", INT64_MAX },
	{ "1 week;many", 0 },
	{ "1 0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000 week", 0 },
};

START_TEST(what_a_calculation_reads_is_the_sum_of_its_inputs)
{
	struct lp_compose_member like = member(0, 0, 0, 5, 0);
	struct lp_error error;
	int64_t span;
	bool done = lp_compose_span(&like.schedule, spans[_i].windows, &span, &error);

	ck_assert(done == (spans[_i].span > 0));
	if (done)
		ck_assert_int_eq(span, spans[_i].span);
	else
		ck_assert_ptr_nonnull(strstr(error.what, "window of an input"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("compose");
	TCase *cases = tcase_create("compose");
	tcase_add_test(cases, what_is_skipped_is_not_with_what_is_caught_up);
	tcase_add_test(cases, nothing_changes_where_nothing_has_changed);
	tcase_add_test(cases, new_ones_go_where_their_key_is);
	tcase_add_test(cases, who_changes_key_leaves_with_its_watermark);
	tcase_add_test(cases, an_emptied_batch_is_to_be_deleted);
	tcase_add_test(cases, small_batches_of_one_key_become_one);
	tcase_add_test(cases, disabled_ones_have_batches_of_size_0);
	tcase_add_test(cases, many_are_spread_over_full_batches_and_the_second_time_nothing_moves);
	tcase_add_loop_test(cases, who_reads_much_is_not_with_those_that_read_little, 0,
	                    (int)(sizeof bulks / sizeof *bulks));
	tcase_add_loop_test(cases, who_reads_much_leaves_those_that_read_little, 0, 3);
	tcase_add_test(cases, what_a_batch_reads_is_written_where_it_differs);
	tcase_add_loop_test(cases, what_a_calculation_reads_is_the_sum_of_its_inputs, 0,
	                    (int)(sizeof spans / sizeof *spans));
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
