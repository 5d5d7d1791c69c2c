/* SQLite: one run at a time, and one that died. */
#include "sqlite_fixture.h"

#include <signal.h>
#include <sys/wait.h>

START_TEST(the_run_lock_is_one_and_goes_with_its_store)
{
	struct lp_store *first = make_store(), *second = open_store();
	bool acquired;

	must(sqlite->lock_run(first, LP_RUN_MINUTE, &acquired, &error));
	ck_assert(acquired);
	must(sqlite->lock_run(second, LP_RUN_MINUTE, &acquired, &error));
	ck_assert(!acquired);
	/* Other connections come and go without loosening it. */
	sqlite->close(open_store());
	must(sqlite->lock_run(second, LP_RUN_MINUTE, &acquired, &error));
	ck_assert(!acquired);
	sqlite->close(first);
	must(sqlite->lock_run(second, LP_RUN_MINUTE, &acquired, &error));
	ck_assert(acquired);
	sqlite->close(second);
}
END_TEST

START_TEST(a_run_does_not_give_way_to_who_only_asks)
{
	struct lp_store *store = make_store(), *asking;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		bool active;

		asking = open_store();
		for (;;)
			if (!sqlite->run_is_active(asking, LP_RUN_MINUTE, &active, &error))
				_exit(1);
	}
	for (int i = 0; i < 100; i++) {
		struct lp_store *run = open_store();
		bool acquired;

		must(sqlite->lock_run(run, LP_RUN_MINUTE, &acquired, &error));
		ck_assert(acquired);
		sqlite->close(run);
	}
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	sqlite->close(store);
}
END_TEST

static bool take_run(void *context, const struct lp_run *run, struct lp_error *ignored)
{
	char *text = context;

	(void)ignored;
	snprintf(text + strlen(text), 256, "%lld %s ok=%llu failed=%llu; ", (long long)run->id, run->result,
	         (unsigned long long)run->states[LP_STATE_OK], (unsigned long long)run->states[LP_STATE_FAILED]);
	return true;
}

START_TEST(a_run_that_died_is_marked_by_the_next)
{
	struct lp_store *store = make_store();
	struct lp_run run = { .tick = T0, .started = T0, .ended = LP_TIME_NONE, .host = "vm1", .process = 7 };
	char text[600] = "";

	must(sqlite->begin_run(store, &run, &error));
	must(sqlite->begin_run(store, &run, &error));
	run.ended = T0 + 1;
	run.result = "done";
	run.states[LP_STATE_OK] = 58;
	run.states[LP_STATE_FAILED] = 2;
	must(sqlite->end_run(store, &run, &error));
	must(sqlite->each_run(store, LP_NEWEST_RUNS(0), take_run, text, &error));
	ck_assert_str_eq(text, "2 done ok=58 failed=2; 1 interrupted ok=0 failed=0; ");
	ck_assert_str_eq(ask("SELECT tick || ended FROM run_row WHERE id = 2"),
	                 "2026-01-01T00:00:00Z2026-01-01T00:00:00.000001Z");
	sqlite->close(store);
}
END_TEST

int main(void)
{
	TCase *cases = tcase_create("lock");

	tcase_add_test(cases, the_run_lock_is_one_and_goes_with_its_store);
	tcase_add_test(cases, a_run_does_not_give_way_to_who_only_asks);
	tcase_add_test(cases, a_run_that_died_is_marked_by_the_next);
	return run_suite(cases);
}
