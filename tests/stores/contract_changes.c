/* Changes of samples: which are noted, whom they concern. */
#include "suites.h"

#include <stdio.h>
#include <string.h>

struct hours {
	struct lp_change items[256];
	size_t count;
};

/* A store may tell the same hour of a series in several pieces: here they are put together. */
static void add_hour(struct hours *hours, const struct lp_change *change)
{
	size_t i = 0;

	ck_assert(change->first <= change->last);
	while (i < hours->count &&
	       (hours->items[i].series_id != change->series_id || hours->items[i].by_hand != change->by_hand ||
	        hours->items[i].first / LP_HOUR != change->first / LP_HOUR))
		i++;
	ck_assert(i < 256);
	if (i == hours->count) {
		hours->items[hours->count++] = *change;
		return;
	}
	if (change->first < hours->items[i].first)
		hours->items[i].first = change->first;
	if (change->last > hours->items[i].last)
		hours->items[i].last = change->last;
}

static bool take_changes(void *context, struct lp_change *changes, size_t count, struct lp_error *error)
{
	(void)error;
	ck_assert_uint_ge(count, 1);
	ck_assert_uint_le(count, LP_CHANGES_AT_ONCE);
	for (size_t i = 0; i < count; i++)
		add_hour(context, &changes[i]);
	return true;
}

static bool name_series(void *context, const struct lp_series *series, struct lp_error *error)
{
	const char **names = context;

	(void)error;
	ck_assert(series->id < 256);
	names[series->id] = lp_arena_text(&arena, series->name);
	return true;
}

/* "a 0-30, b 60!" by series and time: seconds, ! by hand.  In a transaction of its own, which is kept. */
static const char *changes(struct lp_change_query *query)
{
	static char text[1024];
	struct hours *hours = lp_arena_zeroed(&arena, 1, sizeof *hours);
	const char *names[256] = { NULL };
	struct lp_error error;

	ck_ok(lp_store_each_series(store, NULL, name_series, names, &error), error);
	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_each_change(store, query, take_changes, hours, &error), error);
	ck_ok(lp_store_commit_work(store, &error), error);
	text[0] = '\0';
	for (size_t i = 0; i < hours->count; i++) {
		const struct lp_change *change = &hours->items[i];
		size_t length = strlen(text);

		snprintf(text + length, sizeof text - length, "%s%s %lld", i > 0 ? ", " : "", names[change->series_id],
		         (long long)((change->first - BASE) / LP_SECOND));
		length = strlen(text);
		if (change->last > change->first)
			snprintf(text + length, sizeof text - length, "-%lld",
			         (long long)((change->last - BASE) / LP_SECOND));
		if (change->by_hand)
			strcat(text, "!");
	}
	return text;
}

/* All of them. */
static const char *noted(bool take)
{
	struct lp_change_query query = { .newest = LP_TIME_MAX, .take = take };

	return changes(&query);
}

START_TEST(what_anybody_inserts_is_noted_until_it_is_taken)
{
	add_series("a,b");
	ck_assert_str_eq(noted(false), "");
	write_samples("a", "0=1 30=3 3700=5", NULL);
	insert_elsewhere("b", AT(60), 1);
	ck_assert_str_eq(noted(false), "a 0-30, a 3700, b 60");
	insert_elsewhere("b", AT(20), 1);
	ck_assert_str_eq(noted(false), "a 0-30, a 3700, b 20-60");
	ck_assert_str_eq(noted(true), "a 0-30, a 3700, b 20-60");
	ck_assert_str_eq(noted(true), "");
	insert_elsewhere("b", AT(30), 1);
	ck_assert_str_eq(noted(true), "b 30");
}
END_TEST

START_TEST(updates_and_deletes_are_noted)
{
	add_series("a");
	write_samples("a", "0=1 30=3 60=5 90=7 120=9", NULL);
	noted(true);
	write_samples("a", "0=1 30=3", NULL); /* as it was */
	ck_assert_str_eq(noted(false), "");
	write_samples("a", "0=1 30=4", NULL);
	ck_assert_str_eq(noted(true), "a 30");
	update_elsewhere("a", AT(60), AT(90), 8);
	ck_assert_str_eq(noted(true), "a 60-90");
	delete_elsewhere("a", AT(90), AT(120));
	ck_assert_str_eq(noted(true), "a 90-120");
	delete_elsewhere("a", AT(90), AT(120)); /* nothing there */
	ck_assert_str_eq(noted(true), "");
}
END_TEST

/* A hundred samples, 90 s apart; value in the first place where that matters. */
static const char *long_column(int changed)
{
	struct lp_text text = { 0 };

	for (int i = 0; i < 100; i++)
		lp_text_addf(&text, "%s%d=%d", i > 0 ? " " : "", 90 * i, i == changed ? -1 : i);
	return keep_text(&text);
}

START_TEST(of_a_long_column_every_hour_is_noted_as_far_as_it_changed)
{
	add_series("a");
	write_samples("a", long_column(-1), NULL);
	ck_assert_str_eq(noted(true), "a 0-3510, a 3600-7110, a 7200-8910");
	write_samples("a", long_column(-1), NULL);
	ck_assert_str_eq(noted(true), "");
	write_samples("a", long_column(50), NULL);
	ck_assert_str_eq(noted(true), "a 4500");
	write_samples("a", "0=7", NULL);
	ck_assert_str_eq(noted(true), "a 0");
}
END_TEST

START_TEST(a_sample_that_moves_is_noted_where_it_was_and_where_it_is)
{
	add_series("a");
	write_samples("a", "0=1 30=3", NULL);
	noted(true);
	move_elsewhere("a", AT(30), AT(7200));
	ck_assert_str_eq(noted(true), "a 30, a 7200");
}
END_TEST

START_TEST(taking_that_is_rolled_back_takes_nothing)
{
	struct lp_change_query query = { .newest = LP_TIME_MAX, .take = true };
	struct hours *hours = lp_arena_zeroed(&arena, 1, sizeof *hours);
	struct lp_error error;

	add_series("a");
	write_samples("a", "0=1", NULL);
	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_each_change(store, &query, take_changes, hours, &error), error);
	ck_assert_uint_eq(hours->count, 1);
	lp_store_rollback(store);
	ck_assert_str_eq(noted(true), "a 0");
}
END_TEST

START_TEST(what_is_rolled_back_was_no_change)
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
	ck_assert_str_eq(noted(true), "");
}
END_TEST

START_TEST(new_samples_are_not_told)
{
	struct lp_change_query query = { .newest = AT(7230), .take = true };

	add_series("a,b");
	write_samples("a", "3600=2 7200=3 7230=4 7290=5 10900=6", NULL);
	write_samples("b", "7230=1 7290=1", NULL);
	/* An hour in which one sample is old enough to have been read is told as it is. */
	ck_assert_str_eq(changes(&query), "a 3600, a 7200-7290");
	ck_assert_str_eq(noted(true), ""); /* the others are taken, too */
}
END_TEST

START_TEST(what_lies_before_the_bound_of_its_series_is_counted)
{
	struct lp_change_bound bounds[2];
	struct lp_change_query query = { .newest = AT(7230), .take = true, .bounds = bounds, .bound_count = 2 };

	add_series("a,b,c");
	bounds[0] = (struct lp_change_bound){ .series_id = series_id("a"), .oldest = AT(3600) };
	bounds[1] = (struct lp_change_bound){ .series_id = series_id("b"), .oldest = LP_TIME_MAX };
	write_samples("a", "-3600=1 0=1 60=1 3600=2 7200=3 10900=6", NULL);
	write_samples("b", "0=1 3600=1", NULL);
	write_samples("c", "0=1", NULL);
	query.take = false;
	ck_assert_str_eq(changes(&query), "a 3600, a 7200, c 0");
	ck_assert_uint_eq(query.too_old, 2);
	query.take = true;
	ck_assert_str_eq(changes(&query), "a 3600, a 7200, c 0");
	ck_assert_uint_eq(query.too_old, 2);
	ck_assert_str_eq(noted(true), "");
}
END_TEST

START_TEST(by_hand_any_time_is_told)
{
	struct lp_change_bound bound = { .oldest = AT(360000) };
	struct lp_change_query query = { .newest = AT(400000), .take = true, .bounds = &bound, .bound_count = 1 };
	struct lp_error error;

	add_series("a");
	bound.series_id = series_id("a");
	ck_ok(lp_store_invalidate(store, series_id("a"), AT(0), AT(90000), &error), error);
	write_samples("a", "0=1", NULL);
	ck_assert_str_eq(changes(&query), "a 0-90000!");
	ck_assert_uint_eq(query.too_old, 1);
}
END_TEST

/* The samples of a long history, an hour apart from 0 on. */
static void write_history(const char *series, size_t hours)
{
	lp_time *time = lp_arena_zeroed(&arena, hours, sizeof *time);
	double *value = lp_arena_zeroed(&arena, hours, sizeof *value);
	struct lp_column column = { .count = hours, .time = time, .value = value };
	struct lp_write_counts counts;
	struct lp_error error;

	for (size_t i = 0; i < hours; i++)
		time[i] = AT(0) + (int64_t)i * LP_HOUR;
	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_write_samples(store, series_id(series), &column, &counts, &error), error);
	ck_ok(lp_store_commit_work(store, &error), error);
}

struct pieces {
	size_t count, changes;
	lp_time last;
};

/* What is told is told piece by piece, in the order of time; meanwhile the store can be asked other things. */
static bool take_piece(void *context, struct lp_change *told, size_t count, struct lp_error *error)
{
	struct pieces *pieces = context;

	ck_assert_uint_le(count, LP_CHANGES_AT_ONCE);
	pieces->count++;
	for (size_t i = 0; i < count; i++) {
		ck_assert_int_gt(told[i].first, pieces->last);
		pieces->last = told[i].last;
		pieces->changes++;
	}
	return lp_store_find_next_good(store, told, count, LP_TIME_MAX, error);
}

START_TEST(a_long_history_is_told_in_pieces)
{
	struct lp_change_query query = { .newest = LP_TIME_MAX, .take = true };
	struct pieces pieces = { .last = LP_TIME_NONE };
	struct lp_error error;

	add_series("a,x");
	write_history("a", 2 * LP_CHANGES_AT_ONCE + 1);
	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_each_change(store, &query, take_piece, &pieces, &error), error);
	ck_ok(lp_store_commit_work(store, &error), error);
	ck_assert_uint_eq(pieces.count, 3);
	ck_assert_uint_eq(pieces.changes, 2 * LP_CHANGES_AT_ONCE + 1);
	ck_assert_str_eq(noted(true), "");
}
END_TEST

static bool show_changed(void *context, const struct lp_changed *changed, struct lp_error *error)
{
	struct lp_text *text = context;

	(void)error;
	lp_text_addf(text, "%s%lld: %llu from %lld", text->length > 0 ? ", " : "",
	             (long long)changed->series_id - (long long)series_id("a"), (unsigned long long)changed->hours,
	             (long long)((changed->first - BASE) / LP_SECOND));
	return true;
}

START_TEST(which_series_have_changed_and_how_much)
{
	struct lp_text text = { 0 };
	struct lp_error error;

	add_series("a,b,c");
	write_samples("b", "3630=1", NULL);
	write_samples("a", "30=1 3600=1 7200=1 7260=1", NULL);
	write_samples("c", "7300=1", NULL);
	ck_ok(lp_store_each_changed(store, AT(7260), show_changed, &text, &error), error);
	ck_assert_str_eq(keep_text(&text), "0: 3 from 30, 1: 1 from 3630");
	ck_assert_str_eq(noted(true), "a 30, a 3600, a 7200-7260, b 3630, c 7300");
}
END_TEST

START_TEST(results_are_noted_only_where_somebody_may_have_read)
{
	struct lp_run run;
	struct lp_batch *batch;

	add_series("a,x");
	write_samples("a", "0=1 60=5 120=7", NULL);
	add_calculation(calculation("one", "mean", "a", "x"));
	noted(true);
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	ck_samples("x", "0=1");
	ck_assert_str_eq(noted(true), "");

	run = begin_run(AT(120));
	batch = fetch_batch(&read_heads(0)->items[0], AT(60), AT(120), &run);
	batch->read_before = AT(60);
	compute(batch);
	ck_assert(commit(batch));
	lp_batch_free(batch);
	ck_assert_str_eq(noted(true), "");

	run = begin_run(AT(180));
	batch = fetch_batch(&read_heads(0)->items[0], AT(120), AT(180), &run);
	batch->read_before = AT(121);
	compute(batch);
	ck_assert(commit(batch));
	lp_batch_free(batch);
	ck_assert_str_eq(noted(true), "x 120");
	/* What is written after a commit that was not noted is. */
	insert_elsewhere("x", AT(300), 1);
	ck_assert_str_eq(noted(true), "x 300");
}
END_TEST

START_TEST(a_retry_s_results_are_noted)
{
	struct lp_calculation *one = calculation("one", "fail", "a", "x");

	add_series("a,x");
	write_samples("a", "0=1", NULL);
	add_calculation(one);
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	one->rule = "mean";
	change_calculation(one);
	noted(true);
	ck_assert_int_eq(run_pending(AT(120)), 1);
	ck_assert_str_eq(noted(true), "x 0");
}
END_TEST

START_TEST(pruning_and_deleting_a_series_is_nothing_to_follow)
{
	struct lp_series b = { .name = "b", .unit = "", .description = "", .attributes = "{}" };

	add_series("a,b");
	write_samples("a", "0=1 60=1", NULL);
	write_samples("b", "60=1", NULL);
	noted(true);
	ck_assert_uint_eq(prune_samples(NULL, AT(60), LP_TIME_NONE), 1);
	ck_assert_str_eq(noted(false), "");
	ck_assert_uint_eq(prune_samples("b", AT(90), LP_TIME_NONE), 1);
	apply_changes(&(struct lp_changes){ .series_deleted = &b, .series_deleted_count = 1 });
	ck_assert_str_eq(noted(false), "");
	write_samples("a", "90=1", NULL);
	ck_assert_str_eq(noted(false), "a 90");
}
END_TEST

static bool show_reader(void *context, const struct lp_reader *reader, struct lp_error *error)
{
	struct lp_text *text = context;

	(void)error;
	lp_text_addf(text,
	             "%s%lld reads %lld every %d watermark %lld window %d/%d shift %d/%d lookback %lld within %lld%s%s",
	             text->length > 0 ? "; " : "", (long long)reader->calculation_id, (long long)reader->series_id,
	             reader->schedule.every.count, (long long)((reader->watermark - BASE) / LP_SECOND),
	             reader->window.count, reader->window.count != 0 ? (int)reader->window.unit : 0,
	             reader->shift.count, reader->shift.count != 0 ? (int)reader->shift.unit : 0,
	             (long long)(reader->lookback / LP_SECOND), (long long)(reader->recompute_within / LP_SECOND),
	             reader->computed ? " computed" : "", reader->enabled ? "" : " disabled");
	return true;
}

static const char *readers(const char *first, const char *second)
{
	int64_t ids[2] = { series_id(first), second != NULL ? series_id(second) : 0 };
	struct lp_text text = { 0 };
	struct lp_error error;

	ck_ok(lp_store_each_reader(store, ids, second != NULL ? 2 : 1, show_reader, &text, &error), error);
	return keep_text(&text);
}

static const char *next_good(const char *series, int seconds, lp_time before)
{
	struct lp_change change = { .series_id = series_id(series), .first = AT(seconds), .last = AT(seconds) };
	struct lp_text text = { 0 };
	struct lp_error error;

	ck_ok(lp_store_find_next_good(store, &change, 1, before, &error), error);
	if (change.next_good == LP_TIME_NONE)
		lp_text_addf(&text, "none");
	else
		lp_text_addf(&text, "%lld", (long long)((change.next_good - BASE) / LP_SECOND));
	return keep_text(&text);
}

/* Of a series that somebody looks back in: up to it, a change can be the sample before a window. */
START_TEST(the_next_good_sample_is_neither_missing_nor_bad)
{
	struct lp_calculation *one = calculation("one", "mean", "a", "x");

	one->inputs[0].lookback = LP_HOUR;
	add_series("a,b,x,y");
	write_samples("a", "0=1 60=nan 120=inf 180=4b 240=5u 300=6", NULL);
	write_samples("b", "0=1 60=2", NULL);
	add_calculation(one);
	add_calculation(calculation("two", "mean", "b", "y"));
	ck_assert_str_eq(next_good("a", 0, AT(3600)), "240");
	ck_assert_str_eq(next_good("a", 240, AT(3600)), "300");
	ck_assert_str_eq(next_good("a", 300, AT(3600)), "none");
	ck_assert_str_eq(next_good("a", 0, AT(240)), "none");
	ck_assert_str_eq(next_good("b", 0, AT(3600)), "none");
}
END_TEST

START_TEST(the_last_rise_by_more_than_so_many_times)
{
	struct lp_rise_query query = { .after = AT(0), .before = AT(3600), .times = 1.8, .most = 10 };
	struct lp_error error;
	lp_time rise;

	add_series("a");
	write_samples("a", "0=1 60=100 120=0 180=nan 240=101 300=102 360=150", NULL);
	query.series_id = series_id("a");
	ck_ok(lp_store_find_rise(store, &query, &rise, &error), error);
	ck_assert_int_eq(rise, AT(240));
	query.most = 2;
	ck_ok(lp_store_find_rise(store, &query, &rise, &error), error);
	ck_assert_int_eq(rise, LP_TIME_NONE);
	query.most = 10;
	query.after = AT(240);
	ck_ok(lp_store_find_rise(store, &query, &rise, &error), error);
	ck_assert_int_eq(rise, LP_TIME_NONE);
}
END_TEST

static bool show_asleep(void *context, const struct lp_batch_head *head, struct lp_error *error)
{
	struct lp_text *text = context;

	(void)error;
	if (head->size == 0)
		lp_text_addf(text, "watermark %lld reads %zu;", (long long)((head->watermark - BASE) / LP_SECOND),
		             head->upstream_count);
	return true;
}

START_TEST(who_is_disabled_has_read_all_the_same)
{
	struct lp_calculation *two = calculation("two", "mean", "x", "z");
	struct lp_text text = { 0 };
	struct lp_error error;

	add_series("a,x,z");
	add_calculation(calculation("one", "mean", "a", "x"));
	add_calculation(two);
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	two->enabled = false;
	change_calculation(two);
	ck_ok(lp_store_each_batch(store, -1, show_asleep, &text, &error), error);
	ck_assert_str_eq(keep_text(&text), "watermark 60 reads 1;");
	ck_assert_ptr_nonnull(strstr(readers("x", NULL), "disabled"));
	two->enabled = true;
	change_calculation(two);
	ck_assert_ptr_null(strstr(readers("x", NULL), "disabled"));
}
END_TEST

START_TEST(readers_are_those_that_have_computed_something)
{
	struct lp_calculation *one = calculation("one", "mean", "a,b", "x"),
			      *off = calculation("off", "mean", "a", "y");
	char expected[512];
	long long id;

	one->inputs[0].window = span(7, LP_UNIT_DAY);
	one->inputs[0].shift = span(-1, LP_UNIT_WEEK);
	one->inputs[1].lookback = 90 * LP_SECOND;
	one->recompute_within = 2 * LP_HOUR;
	off->enabled = false;
	add_series("a,b,c,x,y,z");
	add_calculation(one);
	add_calculation(off);
	ck_assert_str_eq(readers("a", "b"), "");
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	id = (long long)find_status("one")->calculation.id;
	snprintf(expected, sizeof expected,
	         "%lld reads %lld every 1 watermark 60 window 7/%d shift -1/%d lookback 0 within 7200; "
	         "%lld reads %lld every 1 watermark 60 window 0/0 shift 0/0 lookback 90 within 7200",
	         id, (long long)series_id("a"), LP_UNIT_DAY, LP_UNIT_WEEK, id, (long long)series_id("b"));
	ck_assert_str_eq(readers("a", "b"), expected);
	ck_assert_str_eq(readers("c", NULL), "");
	/* Of a series that somebody computes: whoever reads it follows however old that is. */
	add_calculation(calculation("two", "mean", "x", "z"));
	ck_assert_int_eq(run_window(AT(60), AT(120), AT(120)), 2);
	ck_assert_ptr_nonnull(strstr(readers("x", NULL), "within 0 computed"));
	/* Who never follows is told all the same: that is the caller's business. */
	one->recompute_within = LP_NEVER;
	change_calculation(one);
	ck_assert_ptr_nonnull(strstr(readers("b", NULL), "within 0"));
}
END_TEST

START_TEST(a_batch_knows_how_far_it_reads_ahead)
{
	struct lp_calculation *one = calculation("one", "mean", "a", "x");

	add_series("a,x");
	one->inputs[0].shift = span(-1, LP_UNIT_DAY);
	add_calculation(one);
	ck_assert_int_eq(read_heads(0)->items[0].reach, 0);
	one->inputs[0].shift = span(24, LP_UNIT_HOUR);
	change_calculation(one);
	ck_assert_int_eq(read_heads(0)->items[0].reach, 24 * LP_HOUR);
	one->inputs[0].shift = span(0, LP_UNIT_HOUR);
	change_calculation(one);
	ck_assert_int_eq(read_heads(0)->items[0].reach, 0);
}
END_TEST

Suite *changes_suite(void)
{
	Suite *suite = suite_create("changes");
	TCase *tests = tcase_create("changes");

	tcase_add_checked_fixture(tests, open_store, close_store);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, what_anybody_inserts_is_noted_until_it_is_taken);
	tcase_add_test(tests, updates_and_deletes_are_noted);
	tcase_add_test(tests, of_a_long_column_every_hour_is_noted_as_far_as_it_changed);
	tcase_add_test(tests, a_sample_that_moves_is_noted_where_it_was_and_where_it_is);
	tcase_add_test(tests, taking_that_is_rolled_back_takes_nothing);
	tcase_add_test(tests, what_is_rolled_back_was_no_change);
	tcase_add_test(tests, new_samples_are_not_told);
	tcase_add_test(tests, what_lies_before_the_bound_of_its_series_is_counted);
	tcase_add_test(tests, by_hand_any_time_is_told);
	tcase_add_test(tests, a_long_history_is_told_in_pieces);
	tcase_add_test(tests, which_series_have_changed_and_how_much);
	tcase_add_test(tests, results_are_noted_only_where_somebody_may_have_read);
	tcase_add_test(tests, a_retry_s_results_are_noted);
	tcase_add_test(tests, pruning_and_deleting_a_series_is_nothing_to_follow);
	tcase_add_test(tests, the_next_good_sample_is_neither_missing_nor_bad);
	tcase_add_test(tests, the_last_rise_by_more_than_so_many_times);
	tcase_add_test(tests, who_is_disabled_has_read_all_the_same);
	tcase_add_test(tests, readers_are_those_that_have_computed_something);
	tcase_add_test(tests, a_batch_knows_how_far_it_reads_ahead);
	suite_add_tcase(suite, tests);
	return suite;
}
