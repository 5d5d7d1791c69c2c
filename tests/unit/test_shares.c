/* How a batch is cut into shares of its series, and what becomes of it when they come back. */
#include "pipeline/stages.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHARES_MOST = 8 };

/* Calculations by the series that they read, one letter an input: a is 1, b is 2. */
static const struct {
	const char *what;
	const char *calculations;
	int windows, seconds, interval; /* of each window; of every series, 0: not known */
	size_t most;
	const char *shares; /* the series of each, as far as they are read */
} cuts[] = {
	{ "two halves", "a b c d", 1, 6000, 0, 2, "ab cd" },
	{ "a third more than two", "a b c d e", 1, 6000, 0, 2, "ab cde" },
	{ "one each", "a b c", 1, 6000, 0, 3, "a b c" },
	{ "never more than asked for", "a b c", 1, 60000, 0, 1, "abc" },
	{ "in the order of their ids, not of calculations", "d a c b", 1, 6000, 0, 2, "ab cd" },
	{ "too little for two", "a b c d", 1, 2999, 0, 2, "abcd" },
	{ "just enough for two", "a b c d", 1, 3000, 0, 2, "ab cd" },
	{ "enough for two of three", "a b c d", 1, 3000, 0, 3, "ab cd" },
	{ "several windows count", "a b c d", 4, 750, 0, 2, "ab cd" },
	{ "with an interval there are fewer", "a b c d", 1, 6000, 10, 2, "abcd" },
	{ "with a short one there are more", "a b", 1, 60, 1, 2, "ab" },
	{ "what all read is fetched once", "a a a a", 1, 6000, 0, 2, "a" },
	{ "what most read is fetched once", "a a a b", 1, 6000, 0, 2, "ab" },
	{ "what the last ones read, too", "a b b b", 1, 6000, 0, 2, "a b" },
	{ "what those in the middle read", "a b b b b c", 1, 6000, 0, 3, "a bc" },
	{ "several inputs", "ab cd", 1, 6000, 0, 2, "ab cd" },
	{ "several inputs, across", "ad bc", 1, 6000, 0, 2, "ab cd" },
	{ "no inputs at all", ". .", 1, 6000, 0, 2, "" },
	{ "no tasks", "", 1, 6000, 0, 2, "" },
};

static struct lp_job *job_of(int index)
{
	struct lp_job *job = lp_job_new(NULL);
	struct lp_batch *batch = job->batch;
	char text[64], *rest = text;
	strcpy(text, cuts[index].calculations);
	batch->calculations = lp_arena_zeroed(&batch->arena, SHARES_MOST, sizeof *batch->calculations);
	for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL;) {
		struct lp_calculation *calculation = &batch->calculations[batch->calculation_count++];
		struct lp_input *inputs = lp_arena_zeroed(&batch->arena, strlen(word) + 1, sizeof *inputs);
		for (size_t k = 0; word[k] != '\0' && word[k] != '.'; k++) {
			inputs[k].series_id = word[k] - 'a' + 1;
			inputs[k].interval = cuts[index].interval * LP_SECOND;
			calculation->input_count++;
		}
		calculation->inputs = inputs;
		calculation->enabled = true;
	}
	for (int at = 0; at < cuts[index].windows; at++)
		job->windows[at] = (struct lp_window){ at * cuts[index].seconds * LP_SECOND,
			                               (at + 1) * cuts[index].seconds * LP_SECOND };
	lp_batch_plan(batch, job->windows, (size_t)cuts[index].windows);
	return job;
}

START_TEST(series_are_cut_into_shares)
{
	struct lp_job *job = job_of(_i);
	char shown[64] = "";
	lp_job_share(job, cuts[_i].most);
	ck_assert_uint_ge(job->part_count, 1);
	ck_assert_uint_eq(atomic_load(&job->parts_left), job->part_count);
	for (size_t at = 0; at < job->part_count; at++) {
		const struct lp_share *share = &job->parts[at]->share;
		ck_assert_ptr_eq(job->parts[at]->whole, job);
		/* All series there can be, each in one share. */
		ck_assert_int_eq(share->first, at == 0 ? INT64_MIN : job->parts[at - 1]->share.last + 1);
		ck_assert_int_ge(share->last, share->first);
		for (char letter = 'a'; letter <= 'z'; letter++)
			if (lp_share_holds(share, letter - 'a' + 1) && strchr(cuts[_i].calculations, letter) != NULL)
				snprintf(shown + strlen(shown), sizeof shown - strlen(shown), "%c", letter);
		if (at + 1 < job->part_count)
			strcat(shown, " ");
	}
	ck_assert_int_eq(job->parts[job->part_count - 1]->share.last, INT64_MAX);
	ck_assert_msg(strcmp(shown, cuts[_i].shares) == 0, "%s: %s", cuts[_i].what, shown);
	lp_job_free(job);
}
END_TEST

/* How each of three shares ends: g it was fetched, f it failed, d it was dropped. */
static const struct {
	const char *ends;
	enum lp_job_end end;
	const char *error;
} returns[] = {
	{ "ggg", LP_JOB_GOES_ON, "" }, { "gfg", LP_JOB_FAILED, "share 1" }, { "ffg", LP_JOB_FAILED, "share 0" },
	{ "ggd", LP_JOB_DROPPED, "" }, { "dfg", LP_JOB_FAILED, "share 1" }, { "fgd", LP_JOB_FAILED, "share 0" },
	{ "ddd", LP_JOB_DROPPED, "" },
};

START_TEST(a_job_goes_on_when_all_its_shares_were_fetched)
{
	struct lp_job *job = job_of(2);
	lp_job_share(job, 3);
	ck_assert_uint_eq(job->part_count, 3);
	for (size_t at = 0; at < 3; at++) {
		struct lp_job *share = job->parts[at];
		char end = returns[_i].ends[at];
		share->batch->fetch_time = 100;
		share->share.samples_read = 10;
		share->end = end == 'f' ? LP_JOB_FAILED : end == 'd' ? LP_JOB_DROPPED : LP_JOB_GOES_ON;
		if (end == 'f')
			(void)!lp_fail(&share->error, LP_EXIT_TEMPORARY, "share %zu", at);
		ck_assert(lp_job_fetched(share) == (at == 2));
	}
	ck_assert_int_eq(job->end, returns[_i].end);
	ck_assert_str_eq(job->error.what, returns[_i].error);
	ck_assert_int_eq(job->batch->fetch_time, 300);
	ck_assert_uint_eq(job->batch->samples_read, 30);
	lp_job_free(job);
}
END_TEST

/* More shares than parts that it is computed in: the memory of all is ready for the next batch. */
START_TEST(what_was_fetched_is_gone_when_the_job_is_empty)
{
	struct lp_job *job = job_of(2);
	lp_job_share(job, 3);
	char *columns[3];
	for (size_t at = 0; at < 3; at++)
		columns[at] = memset(lp_arena_allocate(job->parts[at]->share.arena, 1000), 1, 1000);
	lp_job_split(job, 1);
	ck_assert_uint_eq(job->part_count, 1);
	lp_job_empty(job);
	for (size_t at = 0; at < 3; at++)
		ck_assert_ptr_eq(lp_arena_allocate(&job->parts[at]->batch->arena, 1000), columns[at]);
	lp_job_free(job);
}
END_TEST

/* Of missed windows, which are computed from the newest on, none may be lost when a run is stopped in between. */
START_TEST(a_catch_up_that_is_stopped_keeps_what_was_not_computed)
{
	struct lp_job *job = lp_job_new(NULL);
	struct lp_batch *batch = job->batch;
	batch->kind = LP_BATCH_RECOMPUTE;
	batch->reason = LP_REASON_CATCH_UP;
	batch->task_count = 4;
	batch->tasks = lp_arena_zeroed(&batch->arena, 4, sizeof *batch->tasks);
	for (uint32_t i = 0; i < 4; i++)
		batch->tasks[i] = (struct lp_task){ .calculation = i % 2, .window = { i / 2, i / 2 + 1 } };
	atomic_store(&batch->computed, 3);
	lp_job_cut(job);
	ck_assert_uint_eq(batch->task_count, 4);
	ck_assert_uint_eq(atomic_load(&batch->computed), 3);
	lp_job_free(job);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shares");
	TCase *cases = tcase_create("shares");
	tcase_add_test(cases, a_catch_up_that_is_stopped_keeps_what_was_not_computed);
	tcase_add_loop_test(cases, series_are_cut_into_shares, 0, sizeof cuts / sizeof *cuts);
	tcase_add_loop_test(cases, a_job_goes_on_when_all_its_shares_were_fetched, 0, sizeof returns / sizeof *returns);
	tcase_add_test(cases, what_was_fetched_is_gone_when_the_job_is_empty);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
