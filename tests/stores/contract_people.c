/* What people and their tools ask for: the schema, runs, states by filter, history, pruning. */
#include "suites.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void count_step(void *context, int32_t version, const char *description)
{
	int *steps = context;

	ck_assert_int_gt(version, 0);
	ck_assert_str_ne(description, "");
	++*steps;
}

START_TEST(migrating_again_does_nothing)
{
	struct lp_migrate_options options = { .dry_run = false };
	struct lp_schema_state state;
	struct lp_error error;
	int steps = 0;

	ck_ok(lp_store_schema(store, &state, &error), error);
	ck_assert_int_gt(state.wanted, 0);
	ck_assert_int_eq(state.present, state.wanted);
	ck_ok(lp_store_migrate(store, &options, count_step, &steps, &error), error);
	ck_assert_int_eq(steps, 0);
}
END_TEST

START_TEST(one_run_works_at_a_time)
{
	struct lp_store *other = open_again();
	struct lp_error error;
	bool first, second;

	ck_ok(lp_store_lock_run(store, LP_RUN_MINUTE, &first, &error), error);
	ck_assert(first);
	ck_ok(lp_store_lock_run(other, LP_RUN_MINUTE, &second, &error), error);
	ck_assert(!second);
	/* The one that holds it goes on working. */
	add_series("a");
	lp_store_close(other);
	lp_store_close(store);
	/* PostgreSQL learns of a closed connection a moment later. */
	do {
		store = open_again();
		ck_ok(lp_store_lock_run(store, LP_RUN_MINUTE, &second, &error), error);
		if (!second) {
			lp_store_close(store);
			usleep(20000);
		}
	} while (!second);
}
END_TEST

START_TEST(a_lock_that_is_given_back_can_be_taken)
{
	struct lp_store *other = open_again();
	struct lp_error error;
	bool acquired;

	lp_store_unlock_run(store); /* it does not hold it, which is harmless */
	for (int i = 0; i < 3; i++) {
		ck_ok(lp_store_lock_run(store, LP_RUN_MINUTE, &acquired, &error), error);
		ck_assert(acquired);
		lp_store_unlock_run(store);
		ck_ok(lp_store_lock_run(other, LP_RUN_MINUTE, &acquired, &error), error);
		ck_assert(acquired);
		lp_store_unlock_run(other);
	}
	lp_store_close(other);
}
END_TEST

static bool take_run(void *context, const struct lp_run *run, struct lp_error *error)
{
	struct lp_text *text = context;

	(void)error;
	lp_text_addf(text, "%lld %s %s %llu ok %llu failed %llu %s\n", (long long)((run->tick - BASE) / LP_SECOND),
	             run->result, run->host, (unsigned long long)run->windows,
	             (unsigned long long)run->states[LP_STATE_OK], (unsigned long long)run->states[LP_STATE_FAILED],
	             run->error != NULL ? run->error : "-");
	return true;
}

START_TEST(runs_are_kept)
{
	struct lp_text text = { .length = 0 };
	struct lp_error error;
	struct lp_run run;

	begin_run(AT(60)); /* as if it had been killed */
	run = begin_run(AT(120));
	run.ended = AT(130);
	run.result = "database error";
	run.error = "connection lost";
	run.windows = 12;
	run.states[LP_STATE_OK] = 10;
	run.states[LP_STATE_FAILED] = 2;
	ck_ok(lp_store_end_run(store, &run, &error), error);
	begin_run(AT(180));
	ck_ok(lp_store_each_run(store, LP_NEWEST_RUNS(10), take_run, &text, &error), error);
	ck_assert_str_eq(text.data,
	                 "180 running here 0 ok 0 failed 0 -\n"
	                 "120 database error here 12 ok 10 failed 2 connection lost\n"
	                 "60 interrupted here 0 ok 0 failed 0 "
	                 "killed, or its machine went down, or it lost its lock: the next run did the rest\n");
	text.length = 0;
	ck_ok(lp_store_each_run(store, LP_NEWEST_RUNS(1), take_run, &text, &error), error);
	ck_assert_str_eq(text.data, "180 running here 0 ok 0 failed 0 -\n");
	lp_text_free(&text);
}
END_TEST

static bool take_counts(void *context, const struct lp_run *run, struct lp_error *error)
{
	(void)error;
	memcpy(context, run->states, sizeof run->states);
	return true;
}

START_TEST(a_run_keeps_how_many_came_to_each_state)
{
	uint64_t states[LP_STATE_COUNT] = { 0 };
	struct lp_run run = begin_run(AT(60));
	struct lp_error error;

	run.ended = AT(70);
	run.result = "done";
	for (int i = 0; i < LP_STATE_COUNT; i++)
		run.states[i] = (uint64_t)i + 1;
	ck_ok(lp_store_end_run(store, &run, &error), error);
	ck_ok(lp_store_each_run(store, LP_NEWEST_RUNS(1), take_counts, states, &error), error);
	for (int i = 0; i < LP_STATE_COUNT; i++)
		ck_assert_uint_eq(states[i], (uint64_t)i + 1);
}
END_TEST

static bool take_stages(void *context, const struct lp_run *run, struct lp_error *error)
{
	struct lp_text *text = context;

	(void)error;
	lp_text_addf(text, "%lld: %lld %lld %lld %lld\n", (long long)((run->tick - BASE) / LP_SECOND),
	             (long long)run->planning, (long long)run->fetch, (long long)run->compute, (long long)run->commit);
	return true;
}

START_TEST(a_run_keeps_the_time_of_its_stages)
{
	struct lp_text text = { .length = 0 };
	struct lp_run run = begin_run(AT(60));
	struct lp_error error;

	run.ended = AT(70);
	run.result = "done";
	run.planning = 1000000;
	run.fetch = 2000400; /* microseconds are kept */
	run.compute = INT64_C(3600000000000);
	run.commit = 4000;
	ck_ok(lp_store_end_run(store, &run, &error), error);
	begin_run(AT(120));
	ck_ok(lp_store_each_run(store, LP_NEWEST_RUNS(0), take_stages, &text, &error), error);
	ck_assert_str_eq(text.data, "120: 0 0 0 0\n60: 1000000 2000000 3600000000000 4000\n");
	lp_text_free(&text);
}
END_TEST

START_TEST(runs_are_found_by_tick_and_by_id)
{
	struct lp_text text = { .length = 0 };
	struct lp_run run = begin_run(AT(60));
	struct lp_error error;

	begin_run(AT(120));
	begin_run(AT(180));
	ck_ok(lp_store_each_run(store, &(struct lp_run_query){ .from = AT(60), .to = AT(180) }, take_stages, &text,
	                        &error),
	      error);
	ck_assert_str_eq(text.data, "120: 0 0 0 0\n60: 0 0 0 0\n");
	text.length = 0;
	ck_ok(lp_store_each_run(store, &(struct lp_run_query){ .id = run.id, .from = LP_TIME_NONE, .to = LP_TIME_NONE },
	                        take_stages, &text, &error),
	      error);
	ck_assert_str_eq(text.data, "60: 0 0 0 0\n");
	lp_text_free(&text);
}
END_TEST

static bool take_name(void *context, const struct lp_status *status, struct lp_error *error)
{
	struct lp_text *text = context;

	(void)error;
	lp_text_addf(text, "%s%s", text->length > 0 ? "," : "", status->calculation.name);
	return true;
}

static const struct {
	struct lp_status_filter filter;
	const char *expected;
} filters[] = {
	{ { .failed = false }, "bad/1,good/1,good/2,off" },
	{ { .failed = true }, "bad/1" },
	{ { .name = "good/*" }, "good/1,good/2" },
	{ { .name = "good/?", .failed = true }, "" },
	{ { .rule = "fail" }, "bad/1,off" },
	{ { .rule = "fai" }, "" },
	{ { .label_name = "team", .label_value = "water" }, "good/1" },
	{ { .label_name = "team", .label_value = "power" }, "bad/1,good/2" },
	{ { .label_name = "team" }, "bad/1,good/1,good/2" },
	{ { .label_name = "water", .label_value = "team" }, "" },
};

START_TEST(states_are_filtered)
{
	struct lp_calculation four[4];
	struct lp_text text = { .length = 0 };
	struct lp_error error;

	add_series("a,w,x,y,z");
	write_samples("a", "0=1", NULL);
	four[0] = *calculation("good/1", "mean", "a", "w");
	four[0].labels = "{\"team\":\"water\"}";
	four[1] = *calculation("bad/1", "fail", "a", "x");
	four[1].labels = "{\"team\":\"power\"}";
	four[2] = *calculation("good/2", "mean", "a", "y");
	four[2].labels = "{\"team\":\"power\"}";
	four[3] = *calculation("off", "fail", "a", "z");
	four[3].enabled = false;
	apply_changes(&(struct lp_changes){ .created = four, .created_count = 4 });
	ck_assert_int_eq(run_window(AT(0), AT(60), AT(60)), 1);
	ck_ok(lp_store_each_status(store, &filters[_i].filter, take_name, &text, &error), error);
	ck_assert_str_eq(text.data != NULL ? text.data : "", filters[_i].expected);
	ck_assert_str_eq(status_of("off"), "disabled - attempts 0 - pending 0");
	lp_text_free(&text);
}
END_TEST

static bool take_history(void *context, const struct lp_history *history, struct lp_error *error)
{
	struct lp_text *text = context;

	(void)error;
	ck_assert_int_gt(history->run_id, 0);
	lp_text_addf(text, "%lld-%lld@%lld %s %lld %u\n", (long long)((history->window.start - BASE) / LP_SECOND),
	             (long long)((history->window.end - BASE) / LP_SECOND),
	             (long long)((history->tick - BASE) / LP_SECOND), lp_state_name(history->state),
	             (long long)history->duration, history->samples_read);
	return true;
}

START_TEST(history_is_newest_first)
{
	struct lp_calculation both[2];
	struct lp_text text = { .length = 0 };
	struct lp_error error;
	int64_t id;

	add_series("a,x,y");
	write_samples("a", "0=1 60=2 90=3", NULL);
	both[0] = *calculation("one", "mean", "a", "x");
	both[1] = *calculation("two", "fail", "a", "y");
	apply_changes(&(struct lp_changes){ .created = both, .created_count = 2 });
	run_window(AT(0), AT(60), AT(60));
	run_window(AT(60), AT(120), AT(120));
	run_window(AT(120), AT(180), AT(86400 + 180));
	id = find_status("one")->calculation.id;
	ck_ok(lp_store_each_history(
		      store,
		      &(struct lp_history_query){
			      .calculation_id = id, .from = LP_TIME_NONE, .to = LP_TIME_NONE, .most = 10 },
		      take_history, &text, &error),
	      error);
	ck_assert_str_eq(text.data, "120-180@86580 no_data 5000000 0\n"
	                            "60-120@120 ok 5000000 2\n"
	                            "0-60@60 ok 5000000 1\n");
	text.length = 0;
	id = find_status("two")->calculation.id;
	ck_ok(lp_store_each_history(store,
	                            &(struct lp_history_query){
					    .calculation_id = id, .from = LP_TIME_NONE, .to = LP_TIME_NONE, .most = 2 },
	                            take_history, &text, &error),
	      error);
	ck_assert_str_eq(text.data, "120-180@86580 failed 5000000 0\n"
	                            "60-120@120 failed 5000000 2\n");
	lp_text_free(&text);
}
END_TEST

static bool take_outcomes(void *context, const struct lp_outcomes *outcomes, struct lp_error *error)
{
	struct lp_text *text = context;

	(void)error;
	lp_text_addf(text, "%lld-%lld@%lld %s:", (long long)((outcomes->window.start - BASE) / LP_SECOND),
	             (long long)((outcomes->window.end - BASE) / LP_SECOND),
	             (long long)((outcomes->tick - BASE) / LP_SECOND), lp_reason_name(outcomes->reason));
	for (size_t i = 0; i < outcomes->count; i++)
		lp_text_addf(text, " %lld %s %lld %lld", (long long)outcomes->calculation_ids[i],
		             lp_state_name((enum lp_state)outcomes->states[i]), (long long)outcomes->durations[i],
		             (long long)outcomes->samples_read[i]);
	lp_text_addf(text, "\n");
	return true;
}

START_TEST(outcomes_of_a_period_come_by_tick)
{
	struct lp_calculation both[2];
	struct lp_text text = { .length = 0 };
	struct lp_error error;
	char expected[256];

	add_series("a,x,y");
	write_samples("a", "0=1 60=2 90=3", NULL);
	both[0] = *calculation("one", "mean", "a", "x");
	both[1] = *calculation("two", "fail", "a", "y");
	apply_changes(&(struct lp_changes){ .created = both, .created_count = 2 });
	run_window(AT(0), AT(60), AT(60));
	run_window(AT(60), AT(120), AT(120));
	run_window(AT(120), AT(180), AT(180));
	snprintf(expected, sizeof expected,
	         "0-60@60 new window: %lld ok 5000 1 %lld failed 5000 1\n"
	         "60-120@120 new window: %lld ok 5000 2 %lld failed 5000 2\n",
	         (long long)calculation_id("one"), (long long)calculation_id("two"), (long long)calculation_id("one"),
	         (long long)calculation_id("two"));
	ck_ok(lp_store_each_outcome(store, AT(60), AT(180), take_outcomes, &text, &error), error);
	ck_assert_str_eq(text.data, expected);
	lp_text_free(&text);
}
END_TEST

START_TEST(each_window_says_what_computed_it)
{
	struct lp_calculation all[3];
	struct lp_batch *batch;
	struct lp_run run;

	add_series("a,x,y,z");
	write_samples("a", "0=1 60=2 90=3", NULL);
	all[0] = *calculation("one", "mean", "a", "x");
	all[1] = *calculation("two", "mean", "a", "y");
	all[2] = *calculation("three", "mean", "a", "z");
	apply_changes(&(struct lp_changes){ .created = all, .created_count = 3 });
	run_window(AT(0), AT(60), AT(60));
	ck_assert_str_eq(versions_of("two"), "60: 1 0123456789ab");
	ck_assert_str_eq(find_status("two")->rule_version, "0123456789ab");
	/* Of one batch, by several definitions, one of them without its rule. */
	all[1].parameters = "{\"n\":2}";
	change_calculation(&all[1]);
	version_of_rules = "ffff00001111";
	run = begin_run(AT(120));
	batch = fetch_batch(&read_heads(0)->items[0], AT(60), AT(120), &run);
	compute(batch);
	ck_assert_uint_eq(batch->task_count, 3);
	for (size_t i = 0; i < batch->task_count; i++)
		if (strcmp(batch->calculations[batch->tasks[i].calculation].name, "three") == 0)
			batch->tasks[i].outcome.rule_version = NULL;
	ck_assert(commit(batch));
	lp_batch_free(batch);
	ck_assert_str_eq(versions_of("one"), "120: 1 ffff00001111, 60: 1 0123456789ab");
	ck_assert_str_eq(versions_of("two"), "120: 2 ffff00001111, 60: 1 0123456789ab");
	ck_assert_str_eq(versions_of("three"), "120: 1 -, 60: 1 0123456789ab");
	ck_assert_str_eq(find_status("one")->rule_version, "ffff00001111");
	ck_assert_ptr_null(find_status("three")->rule_version);
	/* An earlier release notes nothing of it. */
	forget_versions();
	run_window(AT(120), AT(180), AT(180));
	ck_assert_str_eq(versions_of("two"), "180: 2 ffff00001111, 120: 0 -, 60: 0 -");
}
END_TEST

START_TEST(a_window_that_is_tried_again_says_what_computed_it_then)
{
	struct lp_calculation *one = add_one("fail");

	run_window(AT(0), AT(60), AT(60));
	version_of_rules = "ffff00001111";
	ck_assert_int_eq(run_pending(AT(120)), 1);
	ck_assert_str_eq(versions_of("one"), "60: 1 ffff00001111, 60: 1 0123456789ab");
	ck_assert_str_eq(find_status("one")->rule_version, "ffff00001111");
	one->rule = "mean";
	change_calculation(one);
	ck_assert_int_eq(run_pending(AT(120)), 1);
	ck_assert_str_eq(versions_of("one"), "60: 2 ffff00001111, 60: 1 ffff00001111, 60: 1 0123456789ab");
}
END_TEST

START_TEST(durations_are_rounded_alike)
{
	struct lp_text text = { .length = 0 };
	struct lp_run run = begin_run(AT(60));
	struct lp_batch *batch;
	struct lp_error error;
	struct lp_status *status;

	add_one("fail");
	batch = fetch_batch(&read_heads(0)->items[0], AT(0), AT(60), &run);
	compute(batch);
	batch->tasks[0].outcome.duration = 1500;
	ck_assert(commit(batch));
	lp_batch_free(batch);
	status = find_status("one");
	ck_assert_int_eq(status->duration, 2000);
	ck_ok(lp_store_each_history(store,
	                            &(struct lp_history_query){ .calculation_id = status->calculation.id,
	                                                        .from = LP_TIME_NONE,
	                                                        .to = LP_TIME_NONE,
	                                                        .most = 1 },
	                            take_history, &text, &error),
	      error);
	ck_assert_str_eq(text.data, "0-60@60 failed 2000 2\n");
	ck_assert_str_eq(is_postgresql() ? sql("SELECT duration_us FROM local_processing.state") : "2", "2");
	lp_text_free(&text);
}
END_TEST

START_TEST(windows_of_one_commit_are_told_apart)
{
	struct lp_window windows[] = { { AT(0), AT(60) }, { AT(60), AT(120) }, { AT(120), AT(180) } };
	struct lp_text text = { .length = 0 };
	struct lp_batch *batch;
	struct lp_run run;
	struct lp_error error;
	const struct lp_status *status;

	add_series("a,x");
	write_samples("a", "0=1 60=2 90=3", NULL);
	add_calculation(calculation("one", "mean", "a", "x"));
	run = begin_run(AT(180));
	batch = lp_batch_new(NULL);
	batch->head = read_heads(0)->items[0];
	batch->run_id = run.id;
	batch->tick = run.tick;
	batch->new_watermark = AT(180);
	ck_ok(lp_store_read_batch(store, batch, &error), error);
	lp_batch_plan(batch, windows, 3);
	ck_ok(lp_store_fetch(store, batch, &error), error);
	compute(batch);
	ck_assert(commit(batch));
	lp_batch_free(batch);
	status = find_status("one");
	ck_assert_int_eq(status->window.end, AT(180));
	ck_assert_str_eq(lp_state_name(status->state), "no_data");
	ck_ok(lp_store_each_history(store,
	                            &(struct lp_history_query){ .calculation_id = status->calculation.id,
	                                                        .from = LP_TIME_NONE,
	                                                        .to = LP_TIME_NONE,
	                                                        .most = 10 },
	                            take_history, &text, &error),
	      error);
	ck_assert_str_eq(text.data, "120-180@180 no_data 5000000 0\n"
	                            "60-120@180 ok 5000000 2\n"
	                            "0-60@180 ok 5000000 1\n");
	lp_text_free(&text);
}
END_TEST

static struct lp_prune prune(struct lp_prune wanted)
{
	struct lp_error error;

	ck_ok(lp_store_prune(store, &wanted, &error), error);
	return wanted;
}

START_TEST(pruning_takes_what_is_older_and_nothing_else)
{
	struct lp_prune done, nothing = { .outcomes_before = LP_TIME_NONE, .runs_before = LP_TIME_NONE };
	struct lp_prune wanted = nothing;

	/* Over months, so that whole partitions go and one is cut. */
	add_series("a,ab,b,x");
	write_samples("a", "-8640000=1 -5184000=2 -60=3 0=4 60=5 120=6", NULL);
	write_samples("ab", "-60=1 60=2", NULL);
	write_samples("b", "-8640000=1 60=2", NULL);
	add_calculation(calculation("one", "mean", "a", "x"));
	run_window(AT(0), AT(60), AT(-86400));
	run_window(AT(60), AT(120), AT(60));
	run_window(AT(120), AT(180), AT(120));

	done = prune(nothing);
	ck_assert_uint_eq(done.outcomes + done.runs, 0);

	ck_assert_uint_eq(prune_samples("a*", AT(60), LP_TIME_NONE), 5);
	ck_samples("a", "60=5 120=6");
	ck_samples("ab", "60=2");
	ck_samples("b", "-8640000=1 60=2");

	ck_assert_uint_eq(prune_samples(NULL, AT(60), LP_TIME_NONE), 1);
	ck_samples("b", "60=2");
	ck_samples("x", "0=4 60=5 120=6");
	ck_assert_uint_eq(prune_samples(NULL, AT(60), AT(60)), 1);
	ck_samples("x", "60=5 120=6");
	/* What is pruned can come again. */
	write_samples("b", "-8640000=3", NULL);
	ck_samples("b", "-8640000=3 60=2");

	wanted = nothing;
	wanted.outcomes_before = AT(120);
	wanted.runs_before = AT(120);
	wanted.dry_run = true;
	done = prune(wanted);
	ck_assert_uint_eq(done.outcomes, 2);
	ck_assert_uint_eq(done.runs, 2);
	wanted.dry_run = false;
	done = prune(wanted);
	ck_assert_uint_eq(done.outcomes, 2);
	ck_assert_uint_eq(done.runs, 2);
	done = prune(wanted);
	ck_assert_uint_eq(done.outcomes + done.runs, 0);
	ck_assert_str_eq(status_of("one"), "ok - attempts 0 - pending 0");
}
END_TEST

static const struct {
	const char *address, *described;
} addresses[] = {
	{ "sqlite:/a/b c.db", "sqlite:/a/b c.db" },
	{ "postgresql://user:secret@db:5433/plant?sslmode=require",
	  "postgresql://user:***@db:5433/plant?sslmode=require" },
	{ "postgresql://user@db/plant", "postgresql://user@db/plant" },
	{ "postgres://user:se@cr:et@db/plant", "postgres://user:***@db/plant" },
	{ "postgresql://user:s/ecret@db/plant", "postgresql://user:***@db/plant" },
	{ "postgresql://db/plant?user=a&password=secret&sslpassword=secret",
	  "postgresql://db/plant?user=a&password=***&sslpassword=***" },
	{ "host=db password=secret dbname=plant", "host=db password=*** dbname=plant" },
	{ "host=db password = 'sec ret\\' x' dbname=plant", "host=db password=*** dbname=plant" },
	{ "PASSWORD=secret", "PASSWORD=***" },
	{ "password='secret", "password=***" },
	{ "password=sec\\ ret user=a", "password=*** user=a" },
	{ "postgresql:", "postgresql:" },
	{ "postgresql:host=db password=secret", "postgresql:host=db password=***" },
	{ "postgresql:secret", "postgresql:..." },
	{ "passwort=secret host=db", "passwort=... host=db" },
	{ "password=my secret host=db", "password=*** ... host=db" },
	{ "password=my secret=1 host=db", "password=*** ... host=db" },
	{ "postgresql://user:se?cr/et@db/plant", "postgresql://user:***@db/plant" },
	{ "postgresql://db/plant?secret=1&user=a", "postgresql://db/plant?secret=...&user=a" },
	{ "mysql://u:secret@h/d", "mysql://u:***@h/d" },
	/* An @ in the query is no user's. */
	{ "postgresql://db:5433/plant?user=a&password=se@cret", "postgresql://db:5433/plant?user=a&password=***" },
	{ "postgresql://db/plant?user=a@server&password=secret", "postgresql://db/plant?user=a@server&password=***" },
	{ "postgresql://db?password=se@cr/et&user=a@server", "postgresql://db?password=***&user=a@server" },
	{ "postgresql://a@db/plant?password=s@cret", "postgresql://a@db/plant?password=***" },
	{ "postgresql://a@db/plant?sslpassword=s@cret&secret@", "postgresql://a@db/plant?sslpassword=***&..." },
	{ "postgresql://db:5433?password=se@cret", "postgresql://db:5433?password=***" },
	{ "postgresql:///plant?host=/tmp&password=se:cr@et", "postgresql:///plant?host=/tmp&password=***" },
	/* The @ was forgotten. */
	{ "postgresql://user:secret/plant", "postgresql://user:***" },
	{ "postgresql://user:secretdb:5432/plant", "postgresql://user:***" },
	{ "postgresql://user:se?cret", "postgresql://user:***?..." },
	{ "postgresql://user:12345secret/plant", "postgresql://user:***" },
	{ "postgresql://one:5432,two:5433/plant", "postgresql://one:5432,two:5433/plant" },
	{ "postgresql://[::1]:5432/plant", "postgresql://[::1]:5432/plant" },
	{ "host=db dbname=postgresql://user:secret@db/plant", "host=db dbname=..." },
	{ "host=db password=se://cret dbname=plant", "host=db password=*** dbname=plant" },
};

START_TEST(an_address_is_shown_without_its_password)
{
	char text[256], small[8];

	lp_store_describe(addresses[_i].address, text, sizeof text);
	ck_assert_str_eq(text, addresses[_i].described);
	lp_store_describe(addresses[_i].address, small, sizeof small);
	ck_assert_uint_lt(strlen(small), sizeof small);
}
END_TEST

static const char *const no_addresses[] = { "mysql://u:secret@h/d?x=1", "plant", "", "./plant.db" };

START_TEST(what_is_no_address_is_refused)
{
	struct lp_store_options options = { .address = no_addresses[_i] };
	struct lp_store *opened;
	struct lp_error error;

	ck_fails(lp_store_open(&options, &opened, &error), error, LP_EXIT_CONFIGURATION);
	ck_assert_ptr_null(strstr(error.what, "secret"));
	ck_assert_str_ne(error.hint, "");
	ck_assert_ptr_null(opened);
}
END_TEST

Suite *people_suite(void)
{
	Suite *suite = suite_create("people");
	TCase *tests = tcase_create("people"), *doors = tcase_create("door");

	tcase_add_checked_fixture(tests, open_store, close_store);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, migrating_again_does_nothing);
	tcase_add_test(tests, one_run_works_at_a_time);
	tcase_add_test(tests, a_lock_that_is_given_back_can_be_taken);
	tcase_add_test(tests, runs_are_kept);
	tcase_add_test(tests, a_run_keeps_the_time_of_its_stages);
	tcase_add_test(tests, runs_are_found_by_tick_and_by_id);
	tcase_add_test(tests, a_run_keeps_how_many_came_to_each_state);
	tcase_add_loop_test(tests, states_are_filtered, 0, (int)(sizeof filters / sizeof *filters));
	tcase_add_test(tests, history_is_newest_first);
	tcase_add_test(tests, outcomes_of_a_period_come_by_tick);
	tcase_add_test(tests, each_window_says_what_computed_it);
	tcase_add_test(tests, a_window_that_is_tried_again_says_what_computed_it_then);
	tcase_add_test(tests, durations_are_rounded_alike);
	tcase_add_test(tests, windows_of_one_commit_are_told_apart);
	tcase_add_test(tests, pruning_takes_what_is_older_and_nothing_else);
	suite_add_tcase(suite, tests);
	tcase_add_loop_test(doors, an_address_is_shown_without_its_password, 0,
	                    (int)(sizeof addresses / sizeof *addresses));
	tcase_add_loop_test(doors, what_is_no_address_is_refused, 0, (int)(sizeof no_addresses / sizeof *no_addresses));
	suite_add_tcase(suite, doors);
	return suite;
}
