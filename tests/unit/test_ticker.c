/* Which minute is worked for, as the clocks go: a table of readings, one after the other. */
#include "service/ticker.h"

#include <check.h>
#include <stdlib.h>

/* Readings in seconds after a whole minute; what each shows. */
static const struct {
	const char *what; /* NULL: it goes on from the reading before */
	double wall, boot, monotonic;
	bool begun;
	double tick, set, slept;
	int missed;
	bool again;
} readings[] = {
	{ "the first look begins a minute", 7, 100, 100, true, 0, 0, 0, 0, false },
	{ NULL, 59.9, 152.9, 152.9, false, 0, 0, 0, 0, false },
	{ NULL, 60, 153, 153, true, 60, 0, 0, 0, false },
	{ NULL, 60.1, 153.1, 153.1, false, 60, 0, 0, 0, false },
	{ NULL, 120, 213, 213, true, 120, 0, 0, 0, false },
	{ "a run of three minutes and a half", 0, 0, 0, true, 0, 0, 0, 0, false },
	{ NULL, 210, 210, 210, true, 180, 0, 0, 2, false },
	{ NULL, 240, 240, 240, true, 240, 0, 0, 0, false },
	{ "the clock is set forward by an hour", 30, 30, 30, true, 0, 0, 0, 0, false },
	{ NULL, 3631, 31, 31, true, 3600, 3600, 0, 59, false },
	{ "the clock is set forward within the minute", 10, 10, 10, true, 0, 0, 0, 0, false },
	{ NULL, 31, 11, 11, false, 0, 20, 0, 0, false },
	{ "the clock is set back by an hour", 7230, 30, 30, true, 7200, 0, 0, 0, false },
	{ NULL, 3631, 31, 31, true, 3600, -3600, 0, 0, true },
	{ NULL, 3661, 61, 61, true, 3660, 0, 0, 0, false },
	{ "the clock is set back by less than a minute, and is waited for", 121, 1, 1, true, 120, 0, 0, 0, false },
	{ NULL, 92, 2, 2, false, 120, -30, 0, 0, false },
	{ NULL, 121, 31, 31, false, 120, 0, 0, 0, false },
	{ NULL, 180, 90, 90, true, 180, 0, 0, 0, false },
	{ "an NTP client slews the clock", 0, 0, 0, true, 0, 0, 0, 0, false },
	{ NULL, 60.02, 60, 60, true, 60, 0, 0, 0, false },
	{ "the machine sleeps for ten minutes", 30, 30, 30, true, 0, 0, 0, 0, false },
	{ NULL, 630, 630, 30.5, true, 600, 0, 599.5, 9, false },
	{ "the machine sleeps within the minute", 10, 10, 10, true, 0, 0, 0, 0, false },
	{ NULL, 40, 40, 15, false, 0, 0, 25, 0, false },
	{ "it sleeps, and its clock is set when it wakes", 0, 0, 0, true, 0, 0, 0, 0, false },
	{ NULL, 7200, 3600, 1, true, 7200, 3600, 3599, 119, false },
};
enum { READINGS = sizeof readings / sizeof *readings };

static int64_t microseconds(double seconds)
{
	return (int64_t)(seconds * 10 + (seconds < 0 ? -0.5 : 0.5)) * (LP_SECOND / 10);
}

START_TEST(a_minute_is_given_once_and_what_happened_is_told)
{
	const lp_time start = INT64_C(29300000) * LP_MINUTE;
	struct lp_ticker ticker = { .tick = LP_TIME_NONE };
	const char *what = "";
	for (int i = 0; i < READINGS; i++) {
		struct lp_clocks clocks = { .wall = start + microseconds(readings[i].wall),
			                    .boot = microseconds(readings[i].boot),
			                    .monotonic = microseconds(readings[i].monotonic) };
		struct lp_tick_news news;
		if (readings[i].what != NULL) {
			ticker = (struct lp_ticker){ .tick = LP_TIME_NONE };
			what = readings[i].what;
		}
		bool begun = lp_ticker_look(&ticker, &clocks, &news);
		ck_assert_msg(begun == readings[i].begun, "%s, reading %d", what, i);
		ck_assert_msg(ticker.tick == start + microseconds(readings[i].tick), "%s, reading %d: tick", what, i);
		ck_assert_msg(llabs(news.set - microseconds(readings[i].set)) < LP_SECOND / 5, "%s, reading %d: set",
		              what, i);
		ck_assert_msg(news.slept == microseconds(readings[i].slept), "%s, reading %d: slept", what, i);
		ck_assert_msg(news.missed == readings[i].missed, "%s, reading %d: missed", what, i);
		ck_assert_msg(news.again == readings[i].again, "%s, reading %d: again", what, i);
		ck_assert_msg(lp_ticker_next(&ticker) > ticker.tick && lp_ticker_next(&ticker) > clocks.wall,
		              "%s, reading %d: next", what, i);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ticker");
	TCase *cases = tcase_create("ticker");
	tcase_add_test(cases, a_minute_is_given_once_and_what_happened_is_told);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
