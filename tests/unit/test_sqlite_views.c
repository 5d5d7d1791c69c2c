/* SQLite: what people see. */
#include "sqlite_fixture.h"

START_TEST(views_show_what_time_brings)
{
	struct lp_store *store = make_store();
	struct lp_breaker breaker = { .rule = "mean", .since = T0, .run_id = 1, .failed = 30, .of = 40 };
	struct lp_owed_range range = { .calculation_id = 1,
		                       .reason = LP_REASON_WAITED,
		                       .cause_id = 2,
		                       .window_start = T0,
		                       .after_end = T0,
		                       .until_end = T0 + LP_MINUTE };

	apply_means(store, 2);
	struct heads heads = read_heads(store);
	struct lp_batch *batch = plan_batch(store, &heads.items[0], T0);
	compute_ok(batch);
	batch->reason = LP_REASON_CATCH_UP;
	batch->tasks[0].outcome = (struct lp_outcome){ .state = LP_STATE_WAITING, .cause_id = 2 };
	batch->tasks[1].outcome = (struct lp_outcome){ .state = LP_STATE_TRIPPED };
	ck_assert(commit_ok(store, batch));
	lp_batch_free(batch);
	must(sqlite->add_owed(store, &range, 1, &error));
	must(sqlite->put_breaker(store, &breaker, &error));
	must(sqlite->invalidate(store, 1, T0, T0 + LP_HOUR, &error));
	ck_assert_str_eq(ask("SELECT group_concat(state || ' ' || reason, ', ') FROM outcome_row"),
	                 "waiting catch-up, tripped catch-up");
	ck_assert_str_eq(
		ask("SELECT state || ' for ' || cause || ', owed ' || owed FROM calculation_state WHERE id = 1"),
		"waiting for c0002, owed 1");
	ck_assert_str_eq(ask("SELECT state FROM calculation_state WHERE id = 2"), "tripped");
	ck_assert_str_eq(
		ask("SELECT calculation || ' ' || reason || ' ' || cause || ' until ' || until_end FROM owed_named"
	            " WHERE reason <> 'breaker was open'"),
		"c0001 waited for an input c0002 until 2026-01-01T00:01:00Z");
	ck_assert_str_eq(ask("SELECT first || ' ' || last || ' ' || by_hand FROM change_named"),
	                 "2026-01-01T00:00:00Z 2026-01-01T01:00:00Z 1");
	ck_assert_str_eq(ask("SELECT rule || ' since ' || since FROM breaker_row"), "mean since 2026-01-01T00:00:00Z");
	ck_assert_str_eq(ask("SELECT kind FROM run_row"), "run");
	ck_assert_str_eq(ask("SELECT count(*) FROM own_writer"), "0");
	sqlite->close(store);
}
END_TEST

static bool take_history(void *context, const struct lp_history *history, struct lp_error *ignored)
{
	char *text = context;

	(void)ignored;
	snprintf(text + strlen(text), 64, "%lld %s; ", (long long)((history->window.start - T0) / LP_MINUTE),
	         lp_state_name(history->state));
	return true;
}

START_TEST(history_is_newest_first_and_only_of_the_one)
{
	struct lp_store *store = make_store();
	char text[600] = "";

	apply_means(store, 12);
	for (int i = 0; i < 3; i++)
		lp_batch_free(commit_minute(store, T0 + i * LP_MINUTE, i == 1 ? 1 : NONE_FAILS));
	must(sqlite->each_history(
		store,
		&(struct lp_history_query){ .calculation_id = 2, .from = LP_TIME_NONE, .to = LP_TIME_NONE, .most = 0 },
		take_history, text, &error));
	ck_assert_str_eq(text, "2 ok; 1 failed; 0 ok; ");
	text[0] = '\0';
	must(sqlite->each_history(
		store,
		&(struct lp_history_query){ .calculation_id = 12, .from = LP_TIME_NONE, .to = LP_TIME_NONE, .most = 2 },
		take_history, text, &error));
	ck_assert_str_eq(text, "2 ok; 1 ok; ");
	text[0] = '\0';
	must(sqlite->each_history(
		store,
		&(struct lp_history_query){ .calculation_id = 13, .from = LP_TIME_NONE, .to = LP_TIME_NONE, .most = 2 },
		take_history, text, &error));
	ck_assert_str_eq(text, "");
	sqlite->close(store);
}
END_TEST

START_TEST(times_are_shown_over_all_years)
{
	static const struct {
		lp_time time;
		const char *text;
	} cases[] = { { LP_TIME_MIN, "0001-01-01T00:00:00Z" },
		      { LP_TIME_MAX, "9999-12-31T23:59:59.999999Z" },
		      { -1, "1969-12-31T23:59:59.999999Z" },
		      { 500000, "1970-01-01T00:00:00.500000Z" } };
	struct lp_store *store = make_store();

	apply_means(store, 1);
	for (size_t i = 0; i < 4; i++) {
		char sql[128];

		put(store, 1, cases[i].time, 1.0, LP_QUALITY_GOOD);
		snprintf(sql, sizeof sql, "SELECT ts FROM sample_named WHERE ts_us = %lld", (long long)cases[i].time);
		ck_assert_str_eq(ask(sql), cases[i].text);
	}
	sqlite->close(store);
}
END_TEST

int main(void)
{
	TCase *cases = tcase_create("views");

	tcase_add_test(cases, views_show_what_time_brings);
	tcase_add_test(cases, history_is_newest_first_and_only_of_the_one);
	tcase_add_test(cases, times_are_shown_over_all_years);
	return run_suite(cases);
}
