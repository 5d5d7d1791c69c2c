/* What time limits and crashes may cost a run: given what became of tasks, which of the others are put aside or left. */
#include "pipeline/patience.h"

#include "observe/observe.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { TASKS_MOST = 200, SECOND = 1000000000 };

/* A part of one window for each calculation, or, with windows > 1, of so many for each. */
struct part {
	struct lp_batch batch;
	struct lp_calculation calculations[TASKS_MOST];
	struct lp_task tasks[TASKS_MOST];
};

static struct part parts[3];

static struct lp_batch *part_of(int number, enum lp_batch_kind kind, int64_t first_id, size_t count, size_t windows,
                                const char *rule)
{
	struct part *part = &parts[number];
	lp_arena_free(&part->batch.arena);
	memset(part, 0, sizeof *part);
	part->batch = (struct lp_batch){ .magic = LP_BATCH_MAGIC,
		                         .kind = kind,
		                         .calculations = part->calculations,
		                         .calculation_count = count,
		                         .tasks = part->tasks,
		                         .task_count = count * windows };
	for (size_t at = 0; at < count; at++) {
		part->calculations[at].id = first_id + (int64_t)at;
		part->calculations[at].rule = (char *)(uintptr_t)rule;
	}
	for (size_t at = 0; at < count * windows; at++)
		part->tasks[at].calculation = (uint32_t)(at % count);
	return &part->batch;
}

/* Computes the part as an interpreter would; bad says whose windows time out.  Returns how many did. */
static size_t compute(struct lp_patience *patience, struct lp_batch *part, bool (*bad)(int64_t id))
{
	size_t costly = 0;
	lp_patience_begin(patience, part);
	for (size_t at = 0; at < part->task_count; at++) {
		struct lp_task *task = &part->tasks[at];
		bool is_bad = bad(part->calculations[task->calculation].id);
		if (!task->decided)
			task->outcome = (struct lp_outcome){ .state = is_bad ? LP_STATE_TIMED_OUT : LP_STATE_OK,
				                             .duration = is_bad ? SECOND : SECOND / 1000,
				                             .error_message = is_bad ? "too slow" : NULL };
		atomic_store(&part->computed, at + 1);
		if (!task->decided && is_bad) {
			costly++;
			lp_patience_note(patience, part, at);
		}
	}
	lp_patience_end(patience, part);
	return costly;
}

static size_t count(const struct lp_batch *part, enum lp_state state)
{
	size_t found = 0;
	for (size_t at = 0; at < part->task_count; at++)
		found += !part->tasks[at].left && part->tasks[at].outcome.state == state;
	return found;
}

static bool all(int64_t id)
{
	(void)id;
	return true;
}

static bool first_twenty(int64_t id)
{
	return id < 20;
}

static bool only_seven(int64_t id)
{
	return id == 7;
}

static bool none(int64_t id)
{
	(void)id;
	return false;
}

START_TEST(rule_that_hangs_costs_the_breakers_number)
{
	struct lp_patience *patience = lp_patience_new(20, 2);
	struct lp_batch *part = part_of(0, LP_BATCH_FORWARD, 0, 200, 1, "hangs");
	ck_assert_uint_eq(compute(patience, part, all), 20);
	ck_assert_uint_eq(count(part, LP_STATE_TRIPPED), 180);
	ck_assert_str_eq(part->tasks[199].outcome.error_message,
	                 "the rule hangs is stopped for the rest of this run, because 20 of its calculations timed out "
	                 "or crashed: too slow");
	/* Parts that come later cost nothing; other rules are not concerned. */
	ck_assert_uint_eq(compute(patience, part_of(0, LP_BATCH_FORWARD, 200, 100, 1, "hangs"), all), 0);
	ck_assert_uint_eq(compute(patience, part_of(1, LP_BATCH_FORWARD, 300, 100, 1, "works"), none), 0);
	ck_assert_uint_eq(count(&parts[1].batch, LP_STATE_OK), 100);
	/* What is tried again is not put aside, which it is already: it stays as it was. */
	ck_assert_uint_eq(compute(patience, part_of(2, LP_BATCH_RETRY, 400, 50, 1, "hangs"), all), 0);
	ck_assert(parts[2].tasks[0].left && parts[2].tasks[49].left);
	lp_patience_free(patience);
}
END_TEST

START_TEST(neighbours_with_a_fault_do_not_stop_the_others)
{
	struct lp_patience *patience = lp_patience_new(20, 2);
	struct lp_batch *part = part_of(0, LP_BATCH_FORWARD, 0, 200, 1, "mostly");
	ck_assert_uint_eq(compute(patience, part, first_twenty), 20);
	ck_assert_uint_eq(count(part, LP_STATE_OK), 180);
	ck_assert_uint_eq(count(part, LP_STATE_TRIPPED), 0);
	lp_patience_free(patience);
}
END_TEST

START_TEST(what_another_worker_computes_counts)
{
	struct lp_patience *patience = lp_patience_new(20, 2);
	struct lp_batch *other = part_of(1, LP_BATCH_FORWARD, 1000, 100, 1, "mostly");
	lp_patience_begin(patience, other);
	for (size_t at = 0; at < 100; at++)
		other->tasks[at].outcome.state = LP_STATE_OK;
	atomic_store(&other->computed, 100);
	ck_assert_uint_eq(compute(patience, part_of(0, LP_BATCH_FORWARD, 0, 50, 1, "mostly"), all), 50);
	lp_patience_end(patience, other);
	ck_assert_uint_eq(compute(patience, part_of(0, LP_BATCH_FORWARD, 100, 150, 1, "mostly"), all), 51);
	lp_patience_free(patience);
}
END_TEST

START_TEST(no_breaker_puts_no_rule_aside)
{
	struct lp_patience *patience = lp_patience_new(0, 1);
	ck_assert_uint_eq(compute(patience, part_of(0, LP_BATCH_FORWARD, 0, 200, 1, "hangs"), all), 200);
	lp_patience_free(patience);
}
END_TEST

START_TEST(calculation_that_hangs_costs_three_windows)
{
	struct lp_patience *patience = lp_patience_new(20, 1);
	struct lp_batch *part = part_of(0, LP_BATCH_FORWARD, 0, 10, 20, "mostly");
	ck_assert_uint_eq(compute(patience, part, only_seven), 3);
	ck_assert_uint_eq(count(part, LP_STATE_OK), 180);
	ck_assert_uint_eq(count(part, LP_STATE_TRIPPED), 17);
	/* In the next part of its windows as well. */
	ck_assert_uint_eq(compute(patience, part_of(0, LP_BATCH_RECOMPUTE, 0, 10, 20, "mostly"), only_seven), 0);
	ck_assert_uint_eq(count(&parts[0].batch, LP_STATE_TRIPPED), 20);
	lp_patience_free(patience);
}
END_TEST

START_TEST(a_window_between_that_does_not_begins_anew)
{
	struct lp_patience *patience = lp_patience_new(20, 1);
	struct lp_batch *part = part_of(0, LP_BATCH_FORWARD, 0, 1, 100, "sometimes");
	size_t costly = 0;
	lp_patience_begin(patience, part);
	for (size_t at = 0; at < 100; at++) {
		ck_assert(!part->tasks[at].decided);
		part->tasks[at].outcome =
			(struct lp_outcome){ .state = at % 3 == 2 ? LP_STATE_CRASHED : LP_STATE_TIMED_OUT,
			                     .error_message = "slow" };
		atomic_store(&part->computed, at + 1);
		costly++;
		lp_patience_note(patience, part, at);
	}
	lp_patience_end(patience, part);
	ck_assert_uint_eq(costly, 100);
	lp_patience_free(patience);
}
END_TEST

START_TEST(what_is_tried_again_has_a_share)
{
	struct lp_patience *patience = lp_patience_new(0, 1);
	/* New windows take five seconds. */
	ck_assert_uint_eq(compute(patience, part_of(0, LP_BATCH_FORWARD, 0, 5, 1, "hangs"), all), 5);
	/* Each of the calculations again and again: five seconds more, and those that are known are left. */
	size_t costly = 0;
	for (int window = 0; window < 8; window++)
		costly += compute(patience, part_of(0, LP_BATCH_RETRY, 0, 5, 1, "hangs"), all);
	ck_assert_uint_eq(costly, 5);
	/* Whoever has cost nobody anything is computed, also beside one that is left. */
	struct lp_batch *part = part_of(0, LP_BATCH_RETRY, 4, 10, 1, "works");
	ck_assert_uint_eq(compute(patience, part, none), 0);
	ck_assert(part->tasks[0].left);
	ck_assert_uint_eq(count(part, LP_STATE_OK), 9);
	lp_patience_free(patience);
}
END_TEST

START_TEST(first_of_what_is_tried_again_is_tried)
{
	struct lp_patience *patience = lp_patience_new(0, 1);
	ck_assert_uint_eq(compute(patience, part_of(0, LP_BATCH_RETRY, 0, 1, 1, "hangs"), all), 1);
	ck_assert_uint_eq(compute(patience, part_of(0, LP_BATCH_RETRY, 0, 1, 1, "hangs"), all), 0);
	lp_patience_free(patience);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("patience");
	TCase *cases = tcase_create("parts");
	SRunner *runner = srunner_create(suite);
	int failed;

	lp_log_set(LP_LOG_FORMAT_LOGFMT, LP_LOG_ERROR);
	tcase_add_test(cases, rule_that_hangs_costs_the_breakers_number);
	tcase_add_test(cases, neighbours_with_a_fault_do_not_stop_the_others);
	tcase_add_test(cases, what_another_worker_computes_counts);
	tcase_add_test(cases, no_breaker_puts_no_rule_aside);
	tcase_add_test(cases, calculation_that_hangs_costs_three_windows);
	tcase_add_test(cases, a_window_between_that_does_not_begins_anew);
	tcase_add_test(cases, what_is_tried_again_has_a_share);
	tcase_add_test(cases, first_of_what_is_tried_again_is_tried);
	suite_add_tcase(suite, cases);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
