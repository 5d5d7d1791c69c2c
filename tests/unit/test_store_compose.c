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
	for (size_t i = 0; i < composition.batch_count; i++) {
		composition.batches[i].head.id = (int64_t)i + 1;
		composition.batches[i].changed = false;
		composition.batches[i].members = 0;
	}
	for (int i = 0; i < MANY; i++) {
		members[i].batch_id = (int64_t)members[i].batch + 1;
		members[i].moved = false;
	}
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
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
