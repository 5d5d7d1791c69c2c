/* Series and calculations: what was applied comes back, and batches are put together from it. */
#include "suites.h"

#include <stdio.h>
#include <string.h>

struct names {
	char text[2048];
};

static bool take_series_name(void *context, const struct lp_series *series, struct lp_error *error)
{
	struct names *names = context;
	size_t length = strlen(names->text);

	(void)error;
	snprintf(names->text + length, sizeof names->text - length, "%s%s", length > 0 ? "," : "", series->name);
	return true;
}

static const char *series_like(const char *pattern)
{
	struct names *names = lp_arena_zeroed(&arena, 1, sizeof *names);
	struct lp_error error;

	ck_ok(lp_store_each_series(store, pattern, take_series_name, names, &error), error);
	return names->text;
}

static const struct {
	const char *pattern, *expected;
} globs[] = {
	{ NULL, "100%,A,a,a/b,a\\b,a_b,ab,b[1],流量/✓" },
	{ "*", "100%,A,a,a/b,a\\b,a_b,ab,b[1],流量/✓" },
	{ "a", "a" },
	{ "a*", "a,a/b,a\\b,a_b,ab" },
	{ "a?b", "a/b,a\\b,a_b" },
	{ "a_b", "a_b" },
	{ "*%", "100%" },
	{ "a\\b", "a\\b" },
	{ "b[1]", "b[1]" },
	{ "?", "A,a" },
	{ "?"
	  "?/?",
	  "流量/✓" },
	{ "", "" },
};

START_TEST(series_are_found_by_glob)
{
	add_series("ab,a,流量/✓,a/b,a_b,A,b[1],100%,a\\b");
	ck_assert_str_eq(series_like(globs[_i].pattern), globs[_i].expected);
}
END_TEST

START_TEST(series_keep_what_was_said)
{
	const char *text = "{\"depth\":1e-07,\"name\":\"Ärger \\\"quoted\\\"\",\"ok\":true}";
	struct lp_series one = {
		.name = "it's a \"name\"", .unit = "m³/h", .description = "line\nline", .attributes = text
	};
	struct lp_series found;
	struct lp_error error;

	apply_changes(&(struct lp_changes){ .series_created = &one, .series_created_count = 1 });
	ck_ok(lp_store_find_series(store, one.name, &arena, &found, &error), error);
	ck_assert_str_eq(found.name, one.name);
	ck_assert_str_eq(found.unit, "m³/h");
	ck_assert_str_eq(found.description, "line\nline");
	ck_assert_str_eq(found.attributes, text);

	one.unit = "l/s";
	one.attributes = "{}";
	apply_changes(&(struct lp_changes){ .series_updated = &one, .series_updated_count = 1 });
	ck_ok(lp_store_find_series(store, one.name, &arena, &found, &error), error);
	ck_assert_str_eq(found.unit, "l/s");
	ck_assert_str_eq(found.attributes, "{}");

	ck_ok(lp_store_find_series(store, "no such", &arena, &found, &error), error);
	ck_assert_int_eq(found.id, 0);
}
END_TEST

START_TEST(a_series_is_deleted_only_without_samples)
{
	struct lp_series gone = { .name = "a" };
	struct lp_changes deleted = { .series_deleted = &gone, .series_deleted_count = 1 };
	struct lp_error error;
	struct lp_series found;
	int64_t id;

	add_series("a,b");
	write_samples("a", "0=nan", NULL);
	id = series_id("a");
	/* Whoever wants it deleted has looked before it came. */
	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_lock_definitions(store, &error), error);
	ck_fails(lp_store_apply(store, &deleted, &error), error, LP_EXIT_TEMPORARY);
	ck_assert_ptr_nonnull(strstr(error.what, "\"a\""));
	lp_store_rollback(store);
	ck_assert_int_eq(series_id("a"), id);
	ck_samples("a", "0=nan");
	ck_assert_uint_eq(prune_samples("a", AT(60), LP_TIME_NONE), 1);
	apply_changes(&deleted);
	ck_ok(lp_store_find_series(store, "a", &arena, &found, &error), error);
	ck_assert_int_eq(found.id, 0);
	add_series("a");
	ck_assert_int_ne(series_id("a"), id);
	ck_samples("a", "");
}
END_TEST

static bool take_calculation(void *context, const struct lp_calculation *calculation, struct lp_error *error)
{
	struct lp_text *text = context;
	const struct lp_schedule *s = &calculation->schedule;

	(void)error;
	lp_text_addf(text, "%s|%s|%s|%s|%s|%d|%d.%d %d.%d %d.%d %lld %d %s|%lld|%lld|%lld|v%d r%d %s",
	             calculation->name, calculation->description, calculation->rule, calculation->parameters,
	             calculation->labels, calculation->enabled, s->every.count, s->every.unit, s->window.count,
	             s->window.unit, s->offset.count, s->offset.count == 0 ? 0 : s->offset.unit, (long long)s->delay,
	             s->week_start, s->zone,
	             (long long)(calculation->start == LP_TIME_NONE ? -1 : calculation->start - BASE),
	             (long long)calculation->time_limit, (long long)calculation->memory_limit, calculation->version,
	             calculation->rank, lp_state_name(calculation->state));
	for (size_t i = 0; i < calculation->input_count; i++) {
		const struct lp_input *input = &calculation->inputs[i];
		lp_text_addf(text, " <%s=%s[%s]%s %lld", input->name, input->series, input->unit, input->attributes,
		             (long long)input->lookback);
		ck_assert_int_gt(input->series_id, 0);
	}
	for (size_t i = 0; i < calculation->output_count; i++) {
		const struct lp_output *output = &calculation->outputs[i];
		lp_text_addf(text, " >%s=%s[%s]", output->name, output->series, output->unit);
		ck_assert_int_gt(output->series_id, 0);
	}
	lp_text_addf(text, "\n");
	return true;
}

static const char *all_calculations(void)
{
	struct lp_text text = { .length = 0 };
	const char *kept;
	struct lp_error error;

	ck_ok(lp_store_each_calculation(store, take_calculation, &text, &error), error);
	kept = lp_arena_text(&arena, text.data != NULL ? text.data : "");
	lp_text_free(&text);
	return kept;
}

/* Runs may read another copy of the definitions than people do. */
static const char *limits_in_batch(void)
{
	struct lp_batch *batch = lp_batch_new(NULL);
	struct lp_text text = { 0 };
	const char *kept;
	struct lp_error error;

	batch->head = read_heads(0)->items[0];
	ck_ok(lp_store_read_batch(store, batch, &error), error);
	for (size_t i = 0; i < batch->calculation_count; i++)
		lp_text_addf(&text, "%s=%lld,%lld ", batch->calculations[i].name,
		             (long long)batch->calculations[i].time_limit,
		             (long long)batch->calculations[i].memory_limit);
	lp_batch_free(batch);
	kept = lp_arena_text(&arena, text.data);
	lp_text_free(&text);
	return kept;
}

START_TEST(limits_of_a_calculation_reach_a_run)
{
	struct lp_calculation *one = calculation("one", "mean", "a", "x");
	struct lp_calculation *two = calculation("two", "mean", "a", "y");

	add_series("a,x,y");
	two->time_limit = 5 * LP_SECOND;
	two->memory_limit = 64 << 20;
	add_calculation(one);
	add_calculation(two);
	ck_assert_str_eq(limits_in_batch(), "one=0,0 two=5000000,67108864 ");
	one->memory_limit = INT64_C(2) << 40;
	two->memory_limit = 0;
	change_calculation(one);
	change_calculation(two);
	ck_assert_str_eq(limits_in_batch(), "one=0,2199023255552 two=5000000,0 ");
}
END_TEST

START_TEST(a_calculation_comes_back_as_it_was)
{
	struct lp_series series[] = {
		{ .name = "a", .unit = "kW", .description = "", .attributes = "{\"site\":\"north\"}" },
		{ .name = "b", .unit = "", .description = "", .attributes = "{}" },
		{ .name = "x", .unit = "kWh", .description = "", .attributes = "{}" },
		{ .name = "y", .unit = "", .description = "", .attributes = "{}" },
	};
	struct lp_calculation *one = calculation("Größe \"1\"", "pump.efficiency", "a,b,a", "x,y");

	apply_changes(&(struct lp_changes){ .series_created = series, .series_created_count = 4 });
	one->description = "two\nlines";
	one->parameters = "{\"head\":1e-07,\"list\":[1,2.5,\"z\"]}";
	one->labels = "{\"team\":\"water\"}";
	one->schedule = (struct lp_schedule){ .every = span(1, LP_UNIT_WEEK),
		                              .window = span(2, LP_UNIT_WEEK),
		                              .offset = span(-6, LP_UNIT_HOUR),
		                              .delay = 10500000,
		                              .week_start = 7,
		                              .zone = "America/Argentina/ComodRivadavia" };
	one->start = AT(-86400);
	one->time_limit = 2500000;
	one->memory_limit = INT64_C(3000000001);
	one->rank = 3;
	one->inputs[1].lookback = 90 * LP_MINUTE;
	add_calculation(one);
	ck_assert_str_eq(
		all_calculations(),
		"Größe \"1\"|two\nlines|pump.efficiency|{\"head\":1e-07,\"list\":[1,2.5,\"z\"]}|"
		"{\"team\":\"water\"}|1|1.4 2.4 -6.2 10500000 7 America/Argentina/ComodRivadavia|-86400000000|"
		"2500000|3000000001|v1 r3 new <x=a[kW]{\"site\":\"north\"} 0 <y=b[]{} 5400000000 <z=a[kW]{\"site\":\"north\"} 0"
		" >x=x[kWh] >y=y[]\n");

	one->input_count = 1;
	one->inputs[0].series = "b";
	one->outputs[0].series = "y";
	one->outputs[1].series = "x";
	one->enabled = false;
	one->start = LP_TIME_NONE;
	one->memory_limit = 0;
	change_calculation(one);
	ck_assert_str_eq(all_calculations(),
	                 "Größe \"1\"|two\nlines|pump.efficiency|{\"head\":1e-07,\"list\":[1,2.5,\"z\"]}|"
	                 "{\"team\":\"water\"}|0|1.4 2.4 -6.2 10500000 7 America/Argentina/ComodRivadavia|-1|"
	                 "2500000|0|v2 r3 disabled <x=b[]{} 0 >x=y[] >y=x[kWh]\n");

	apply_changes(&(struct lp_changes){ .deleted = one, .deleted_count = 1 });
	ck_assert_str_eq(all_calculations(), "");
}
END_TEST

START_TEST(an_output_passes_from_one_calculation_to_another)
{
	struct lp_calculation both[2];

	add_series("a,b,x,y");
	both[0] = *calculation("one", "mean", "a", "x");
	both[1] = *calculation("two", "mean", "b", "y");
	apply_changes(&(struct lp_changes){ .created = both, .created_count = 2 });
	both[0].outputs[0].series = "y";
	both[1].outputs[0].series = "x";
	both[0].version = both[1].version = 2;
	apply_changes(&(struct lp_changes){ .updated = both, .updated_count = 2 });
	ck_assert_ptr_nonnull(strstr(all_calculations(), "one|"));
	ck_assert_ptr_nonnull(strstr(all_calculations(), "<x=a[]{} 0 >=y[]"));
	ck_assert_ptr_nonnull(strstr(all_calculations(), "<x=b[]{} 0 >=x[]"));
}
END_TEST

static void expect_refusal(const struct lp_changes *changes)
{
	const char *before = all_calculations();
	struct lp_error error;

	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_lock_definitions(store, &error), error);
	ck_fails(lp_store_apply(store, changes, &error), error, LP_EXIT_DATA);
	lp_store_rollback(store);
	ck_assert_str_eq(all_calculations(), before);
}

START_TEST(what_does_not_fit_is_refused_and_nothing_is_changed)
{
	struct lp_series used = { .name = "a" };

	add_series("a,x,y");
	add_calculation(calculation("one", "mean", "a", "x"));
	expect_refusal(
		&(struct lp_changes){ .created = calculation("two", "mean", "nowhere", "y"), .created_count = 1 });
	expect_refusal(
		&(struct lp_changes){ .created = calculation("two", "mean", "a", "nowhere"), .created_count = 1 });
	expect_refusal(&(struct lp_changes){ .created = calculation("two", "mean", "a", "x"), .created_count = 1 });
	expect_refusal(&(struct lp_changes){ .created = calculation("one", "mean", "a", "y"), .created_count = 1 });
	expect_refusal(&(struct lp_changes){ .series_deleted = &used, .series_deleted_count = 1 });
}
END_TEST

/* "RANK:SIZE RANK:SIZE" in the order of the batches. */
static const char *sizes(void)
{
	const struct heads *heads = read_heads(-1);
	struct lp_text text = { .length = 0 };
	const char *kept;

	for (size_t i = 0; i < heads->count; i++)
		lp_text_addf(&text, "%s%d:%d", i > 0 ? " " : "", heads->items[i].rank, heads->items[i].size);
	kept = lp_arena_text(&arena, text.data != NULL ? text.data : "");
	lp_text_free(&text);
	return kept;
}

static struct lp_calculation *many(const char *prefix, int count)
{
	struct lp_calculation *made = lp_arena_zeroed(&arena, (size_t)count, sizeof *made);
	struct lp_series *outputs = lp_arena_zeroed(&arena, (size_t)count, sizeof *outputs);

	for (int i = 0; i < count; i++) {
		char name[64];

		snprintf(name, sizeof name, "%s%d", prefix, i);
		outputs[i] = (struct lp_series){
			.name = lp_arena_text(&arena, name), .unit = "", .description = "", .attributes = "{}"
		};
		made[i] = *calculation(outputs[i].name, "mean", "a", outputs[i].name);
	}
	apply_changes(&(struct lp_changes){ .series_created = outputs, .series_created_count = (size_t)count });
	return made;
}

START_TEST(batches_are_filled_by_schedule_and_rank)
{
	struct lp_calculation *made;

	add_series("a");
	made = many("c", 2600);
	for (int i = 0; i < 2600; i++) {
		made[i].rank = i >= 2500 ? 1 : 0;
		made[i].enabled = i != 7;
	}
	made[2550].schedule.every = made[2550].schedule.window = span(5, LP_UNIT_MINUTE);
	apply_changes(&(struct lp_changes){ .created = made, .created_count = 2600 });
	ck_assert_str_eq(sizes(), "0:1000 0:1000 0:499 1:99 1:1");
	ck_assert_uint_eq(read_heads(1)->count, 2);

	made[7].enabled = true;
	change_calculation(&made[7]);
	ck_assert_str_eq(sizes(), "0:1000 0:1000 0:500 1:99 1:1");

	apply_changes(&(struct lp_changes){ .deleted = made, .deleted_count = 2500 });
	ck_assert_str_eq(sizes(), "1:99 1:1");
}
END_TEST

START_TEST(a_batch_knows_what_it_reads_from)
{
	struct lp_calculation both[2];
	struct heads *heads;
	int64_t generation;

	add_series("a,b,c");
	both[0] = *calculation("first", "mean", "a", "b");
	both[1] = *calculation("second", "mean", "b", "c");
	both[1].rank = 1;
	apply_changes(&(struct lp_changes){ .created = both, .created_count = 2 });
	heads = read_heads(-1);
	ck_assert_uint_eq(heads->count, 2);
	ck_assert_uint_eq(heads->items[0].upstream_count, 0);
	ck_assert_uint_eq(heads->items[1].upstream_count, 1);
	ck_assert_int_eq(heads->items[1].upstream[0], heads->items[0].id);
	ck_assert_int_eq(heads->items[0].watermark, LP_TIME_NONE);

	/* Any change of a definition changes the generation of its batch, and of no other. */
	generation = heads->items[1].generation;
	both[1].parameters = "{\"n\":1}";
	change_calculation(&both[1]);
	ck_assert_int_gt(read_heads(1)->items[0].generation, generation);
	ck_assert_int_eq(read_heads(0)->items[0].generation, heads->items[0].generation);
}
END_TEST

START_TEST(a_changed_unit_changes_the_generation)
{
	struct lp_series a = { .name = "a", .unit = "K", .description = "", .attributes = "{}" };
	int64_t generation;

	add_series("a,b,c,d");
	add_calculation(calculation("first", "mean", "a", "b"));
	generation = read_heads(0)->items[0].generation;
	apply_changes(&(struct lp_changes){ .series_updated = &a, .series_updated_count = 1 });
	ck_assert_int_gt(read_heads(0)->items[0].generation, generation);
}
END_TEST

START_TEST(a_new_calculation_does_not_join_what_has_run)
{
	struct lp_calculation *second;

	add_series("a,b,c");
	add_calculation(calculation("first", "mean", "a", "b"));
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	second = calculation("second", "mean", "a", "c");
	add_calculation(second);
	ck_assert_uint_eq(read_heads(0)->count, 2);
	ck_assert_int_eq(read_heads(0)->items[0].watermark, AT(60));
	ck_assert_int_eq(read_heads(0)->items[1].watermark, LP_TIME_NONE);
	ck_assert_int_eq(run_window(AT(60), AT(120), AT(120)), 2);
	/* Now they stand at the same place: the next change puts them together. */
	change_calculation(second);
	ck_assert_str_eq(sizes(), "0:2");
	ck_assert_int_eq(read_heads(0)->items[0].watermark, AT(120));
}
END_TEST

/* "SIZE:SECONDS SIZE:SECONDS" in the order of the batches. */
static const char *batch_spans(void)
{
	const struct heads *heads = read_heads(-1);
	struct lp_text text = { .length = 0 };

	for (size_t i = 0; i < heads->count; i++)
		lp_text_addf(&text, "%s%d:%lld", i > 0 ? " " : "", heads->items[i].size,
		             (long long)(heads->items[i].span / LP_SECOND));
	return keep_text(&text);
}

START_TEST(who_reads_much_has_batches_of_its_own)
{
	struct lp_calculation *made;

	add_series("a");
	made = many("c", 30);
	for (int i = 5; i < 30; i++)
		made[i].inputs[0].window = span(1, LP_UNIT_WEEK);
	made[29].inputs[0].window = span(2, LP_UNIT_WEEK);
	apply_changes(&(struct lp_changes){ .created = made, .created_count = 30 });
	ck_assert_str_eq(batch_spans(), "5:60 10:604800 10:604800 5:1209600");

	/* Several inputs count together: one reads a week, one as long as the window. */
	made[0] = *calculation("c0", "mean", "a,a", "c0");
	made[0].inputs[0].window = span(1, LP_UNIT_WEEK);
	change_calculation(&made[0]);
	ck_assert_str_eq(batch_spans(), "4:60 10:604800 10:604800 6:1209600");
	made[29].inputs[0].window = span(0, LP_UNIT_SECOND);
	change_calculation(&made[29]);
	ck_assert_str_eq(batch_spans(), "5:60 10:604800 10:604800 5:604860");
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 4);

	/* Without inputs it is as much as its window. */
	made[1].input_count = 0;
	change_calculation(&made[1]);
	ck_assert_str_eq(batch_spans(), "5:60 10:604800 10:604800 5:604860");
}
END_TEST

START_TEST(two_applies_at_once_are_one_after_the_other)
{
	struct lp_store *other = open_again();
	struct lp_error error;

	/* The second would wait for ever in one thread: the lock is there, so it is not asked for. */
	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_lock_definitions(store, &error), error);
	ck_ok(lp_store_commit_work(store, &error), error);
	ck_ok(lp_store_begin(other, &error), error);
	ck_ok(lp_store_lock_definitions(other, &error), error);
	lp_store_rollback(other);
	lp_store_rollback(other);
	lp_store_close(other);
}
END_TEST

Suite *definitions_suite(void)
{
	Suite *suite = suite_create("definitions");
	TCase *tests = tcase_create("definitions");

	tcase_add_checked_fixture(tests, open_store, close_store);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, series_are_found_by_glob, 0, (int)(sizeof globs / sizeof *globs));
	tcase_add_test(tests, series_keep_what_was_said);
	tcase_add_test(tests, a_series_is_deleted_only_without_samples);
	tcase_add_test(tests, limits_of_a_calculation_reach_a_run);
	tcase_add_test(tests, a_calculation_comes_back_as_it_was);
	tcase_add_test(tests, an_output_passes_from_one_calculation_to_another);
	tcase_add_test(tests, what_does_not_fit_is_refused_and_nothing_is_changed);
	tcase_add_test(tests, batches_are_filled_by_schedule_and_rank);
	tcase_add_test(tests, a_batch_knows_what_it_reads_from);
	tcase_add_test(tests, a_changed_unit_changes_the_generation);
	tcase_add_test(tests, a_new_calculation_does_not_join_what_has_run);
	tcase_add_test(tests, who_reads_much_has_batches_of_its_own);
	tcase_add_test(tests, two_applies_at_once_are_one_after_the_other);
	suite_add_tcase(suite, tests);
	return suite;
}
