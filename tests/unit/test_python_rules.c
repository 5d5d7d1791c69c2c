/*
 * How tasks become calls of rules and what comes back: arguments by signature,
 * results, Series that a rule keeps, wrong rules, the catalogue.
 */
#include "python_fixture.h"

static const struct lp_outcome *outcome(const struct lp_batch *batch, size_t task)
{
	return &batch->tasks[task].outcome;
}

static void assert_value(const struct lp_batch *batch, size_t task, double value)
{
	const struct lp_outcome *one = outcome(batch, task);

	ck_assert_msg(one->state == LP_STATE_OK, "%s: %s", lp_state_name(one->state),
	              one->error_traceback == NULL ? "" : one->error_traceback);
	ck_assert_uint_eq(one->result_count, 1);
	ck_assert_double_eq(one->results[0].value, value);
	ck_assert_int_eq(one->results[0].time, batch->tasks[task].window.start);
	ck_assert_uint_eq(one->samples_read, FIXTURE_SAMPLES);
}

static void assert_failed(const struct lp_batch *batch, size_t task, const char *type, const char *message)
{
	const struct lp_outcome *one = outcome(batch, task);

	ck_assert_msg(one->state == LP_STATE_FAILED, "%s: %s\n%s", lp_state_name(one->state), one->error_message,
	              one->error_traceback);
	ck_assert_str_eq(one->error_type, type);
	ck_assert_msg(strstr(one->error_message, message) != NULL, "no \"%s\" in: %s", message, one->error_message);
	ck_assert_uint_eq(one->result_count, 0);
}

static struct lp_batch *compute(const char *rules, struct lp_batch *batch)
{
	static struct fixture_worker one;

	fixture_start(rules, 0);
	fixture_run(&one, batch);
	fixture_watch(&one, 0);
	return batch;
}

/* Computes two batches one after the other; the memory of the first is used for something else meanwhile. */
static void compute_two(struct lp_batch *const batches[2])
{
	struct lp_column *column = batches[0]->tasks[0].columns;
	struct lp_interpreter *interpreter;
	struct lp_error error = { 0 };
	atomic_bool stop = false;

	ck_assert_msg(lp_interpreter_open(fixture.server, &interpreter, &error), "%s", error.what);
	ck_assert(lp_interpreter_compute(interpreter, batches[0], NULL, &stop, &error));
	for (size_t i = 0; i < column->count; i++) {
		column->time[i] = -1;
		column->value[i] = 99;
	}
	batches[0]->calculations[0].inputs[0] =
		(struct lp_input){ .name = "?", .series = "?", .unit = "?", .attributes = "{\"?\":0}" };
	batches[0]->calculations[0].schedule.zone[0] = '?';
	ck_assert(lp_interpreter_compute(interpreter, batches[1], NULL, &stop, &error));
	lp_interpreter_close(interpreter);
}

START_TEST(kept_series_stay_valid)
{
	static const char rules[] =
		"kept = []\n"
		"@rule\n"
		"def keep(x: Series) -> float:\n"
		"    kept.extend([x, x[1:], x + 0, memoryview(x), x.times, x.good(), x.where(x > 0), x.values, -x, x[::2]])\n"
		"    kept.append(x.to('W'))\n"
		"    kept.append(x[:])\n"
		"    return len(kept)\n"
		"@rule\n"
		"def look(x: Series) -> float:\n"
		"    whole, part, total, view, times, good, where, values, minus, stride, watts, same = kept\n"
		"    assert watts.name == 'plant/x' and watts.unit == 'W' and watts.sum() == 3000, watts\n"
		"    for series in (whole, part, total, good, where, abs(minus), stride, same):\n"
		"        assert set(series.values) == {1.0}, series\n"
		"        assert series.unit == 'kW', series\n"
		"    for series in (whole, good, same):\n"
		"        assert series.window.start.year == 1970 and series.previous.value == 7.0, series\n"
		"        assert series.name == 'plant/x' and series.attributes['site'] == 'north', series\n"
		"    assert total.window == x.window and total.name == ''\n"
		"    assert list(times) == list(whole.times) == [0, 1000000, 2000000], list(times)\n"
		"    assert view.tolist() == values.tolist() == [1.0] * 3\n"
		"    assert part.mean() + total.sum() == 4\n"
		"    assert (whole + x).sum() == 6\n"
		"    return 5\n";
	struct lp_batch *batches[] = { fixture_batch(RULES("keep")), fixture_batch(RULES("look")) };
	struct lp_column *previous = batches[0]->tasks[0].previous;

	*previous = (struct lp_column){ .count = 1,
		                        .time = lp_arena_zeroed(&batches[0]->arena, 1, sizeof *previous->time),
		                        .value = lp_arena_zeroed(&batches[0]->arena, 1, sizeof *previous->value) };
	previous->time[0] = -1;
	previous->value[0] = 7;
	batches[0]->calculations[0].inputs[0] = (struct lp_input){
		.name = "x", .series = "plant/x", .unit = "kW", .attributes = "{\"site\":\"north\"}"
	};
	fixture_start(rules, 0);
	compute_two(batches);
	assert_value(batches[0], 0, 12);
	assert_value(batches[1], 0, 5);
}
END_TEST

START_TEST(arguments_by_signature)
{
	struct lp_batch *batch =
		fixture_batch(RULES("all_of_it", "optional", "many", "fresh", "fresh", "grow", "grow"));
	struct lp_calculation *calculations = batch->calculations;
	struct lp_input *inputs = lp_arena_zeroed(&batch->arena, 3, sizeof *inputs);
	struct lp_column *columns = lp_arena_zeroed(&batch->arena, 3, sizeof *columns);
	struct lp_column *previous = lp_arena_zeroed(&batch->arena, 3, sizeof *previous);

	for (int i = 0; i < 3; i++) {
		static const char *const names[] = { "c", "a", "b" };

		inputs[i] = (struct lp_input){ .name = names[i], .series = names[i], .unit = "", .attributes = "{}" };
		columns[i] = batch->tasks[0].columns[0];
	}
	calculations[0].schedule = (struct lp_schedule){ .zone = "Europe/Berlin" };
	calculations[0].labels = "{\"team\":\"water\"}";
	calculations[0].parameters = "{\"factor\":5,\"mode\":\"linear\",\"nothing\":null}";
	calculations[2].inputs = inputs;
	calculations[2].input_count = 3;
	batch->tasks[2].columns = columns;
	batch->tasks[2].previous = previous;
	calculations[3].parameters = calculations[4].parameters = "{\"limits\":[1,2]}";
	compute("from local_processing import Context, Window\n"
	        "@rule\n"
	        "def all_of_it(window: Window, x: Series, context: Context, *, factor: float, mode: str = 'step',\n"
	        "              nothing: float | None = 1.0, left: int = 3, again: Window) -> float:\n"
	        "    assert window == again == context.window == x.window\n"
	        "    assert str(window.start) == '1970-01-01 01:00:00+01:00', window\n"
	        "    assert type(factor) is float and mode == 'linear' and nothing is None and left == 3\n"
	        "    assert context.labels == {'team': 'water'} and context.attempt == 1, context.labels\n"
	        "    assert context.calculation == context.rule == 'rules.all_of_it' and context.units == {'': ''}\n"
	        "    return factor\n"
	        "@rule\n"
	        "def optional(x: Series, y: Series | None = None) -> float:\n"
	        "    return 1.0 if y is None else 2.0\n"
	        "@rule\n"
	        "def many(a: Series, *rest: Series) -> dict:\n"
	        "    assert a.name == 'a' and [series.name for series in rest] == ['c', 'b']\n"
	        "    return 3.0\n"
	        "@rule\n"
	        "def fresh(x: Series, *, limits: list[float]) -> float:\n"
	        "    limits.append(3)\n"
	        "    return len(limits)\n"
	        "@rule\n"
	        "def grow(x: Series, *, limits: list = [1.0], more: dict | None = {'a': [1]}) -> float:\n"
	        "    limits.append(3)\n"
	        "    more['a'].append(2)\n"
	        "    return len(limits) + 10 * len(more['a'])\n",
	        batch);
	assert_value(batch, 0, 5);
	assert_value(batch, 1, 1);
	ck_assert_int_eq(outcome(batch, 2)->state, LP_STATE_OK);
	ck_assert_uint_eq(outcome(batch, 2)->samples_read, 3 * FIXTURE_SAMPLES);
	assert_value(batch, 3, 3);
	assert_value(batch, 4, 3);
	/* A default is no place to keep something in. */
	assert_value(batch, 5, 22);
	assert_value(batch, 6, 22);
}
END_TEST

/* What goes wrong while the arguments are made costs the calculation, not the process. */
START_TEST(arguments_that_cannot_be_made)
{
	struct lp_batch *batch = fixture_batch(RULES("context", "context", "window", "good"));

	strcpy(batch->calculations[0].schedule.zone, "Nowhere/Land");
	batch->calculations[1].labels = "{\"team\":";
	strcpy(batch->calculations[2].schedule.zone, "Nowhere/Land");
	compute("from local_processing import Context, Window\n"
	        "@rule\n"
	        "def context(x: Series, context: Context) -> float:\n"
	        "    return 1\n"
	        "@rule\n"
	        "def window(x: Series, window: Window) -> float:\n"
	        "    return 1\n"
	        "@rule\n"
	        "def good(x: Series) -> float:\n"
	        "    return x.sum()\n",
	        batch);
	assert_failed(batch, 0, "zoneinfo._common.ZoneInfoNotFoundError", "Nowhere/Land");
	assert_failed(batch, 1, "ValueError", "JSON");
	assert_failed(batch, 2, "zoneinfo._common.ZoneInfoNotFoundError", "Nowhere/Land");
	assert_value(batch, 3, FIXTURE_SAMPLES);
}
END_TEST

/* A message may be longer than any buffer: half a character at its end is nothing that a database takes. */
START_TEST(a_long_name_is_told_in_full)
{
	char name[3 * 600 + 1] = "";
	struct lp_batch *batch = fixture_batch(RULES("long"));

	for (int i = 0; i < 600; i++)
		strcat(name, "\xe2\x82\xac");
	batch->calculations[0].rule = lp_arena_text(&batch->arena, name);
	compute("", batch);
	assert_failed(batch, 0, "LookupError", name);
}
END_TEST

/*
 * The garbage collector runs while a Series that only a cycle holds gets its
 * copies: these must go with it.
 */
START_TEST(kept_series_in_a_cycle)
{
	enum { COUNT = 1000 };
	static const char *names[COUNT + 1];
	struct lp_batch *batch;

	for (size_t i = 0; i < COUNT; i++)
		names[i] = "cycle";
	batch = fixture_batch(names);
	for (size_t i = 0; i < COUNT; i++)
		batch->calculations[i].inputs[0].attributes = "{\"a\":{\"b\":1},\"site\":\"north\"}";
	compute("import gc, sys\n"
	        "gc.set_threshold(3)\n"
	        "@rule\n"
	        "def cycle(x: Series) -> int:\n"
	        "    gc.disable()\n"
	        "    for part in (x, x[1:], x[:2]):\n"
	        "        held = [part]\n"
	        "        held.append(held)\n"
	        "    del held, part\n"
	        "    gc.enable()\n"
	        "    return sys.getallocatedblocks()\n",
	        batch);
	for (size_t i = 0; i < COUNT; i++)
		ck_assert_int_eq(outcome(batch, i)->state, LP_STATE_OK);
	ck_assert_double_lt(outcome(batch, COUNT - 1)->results[0].value, outcome(batch, 100)->results[0].value + 500);
}
END_TEST

START_TEST(definitions_that_do_not_fit)
{
	struct lp_batch *batch = fixture_batch(RULES("needs_y", "no_parameter", "wrong", "missing", "good"));

	batch->calculations[1].parameters = "{\"k\":1}";
	batch->calculations[2].parameters = "{\"k\":\"text\"}";
	compute("@rule\n"
	        "def needs_y(x: Series, y: Series): ...\n"
	        "@rule\n"
	        "def no_parameter(x: Series): ...\n"
	        "@rule\n"
	        "def wrong(x: Series, *, k: float) -> float:\n"
	        "    return k + 1\n"
	        "@rule\n"
	        "def good(x: Series) -> float:\n"
	        "    return x.sum()\n",
	        batch);
	assert_failed(batch, 0, "TypeError", "has no input 'y', which rule rules.needs_y needs");
	assert_failed(batch, 1, "TypeError", "rule rules.no_parameter has no parameter 'k'");
	assert_failed(batch, 2, "TypeError", "concatenate");
	assert_failed(batch, 3, "LookupError", "there is no rule rules.missing");
	assert_value(batch, 4, FIXTURE_SAMPLES);
}
END_TEST

START_TEST(more_kinds_of_calls_than_are_kept)
{
	enum { COUNT = 5000 };
	static const char *names[COUNT + 1];
	struct lp_batch *batch;

	for (size_t i = 0; i < COUNT; i++)
		names[i] = i % 7 == 6 ? "missing" : "given";
	batch = fixture_batch(names);
	for (size_t i = 0; i < COUNT; i++) {
		char parameters[64];

		snprintf(parameters, sizeof parameters, "{\"k\":[%zu]}", i);
		batch->calculations[i].parameters = lp_arena_text(&batch->arena, parameters);
	}
	compute("@rule\n"
	        "def given(x: Series, *, k: list[int]) -> float:\n"
	        "    return k[0]\n",
	        batch);
	for (size_t i = 0; i < COUNT; i++)
		if (i % 7 == 6)
			assert_failed(batch, i, "LookupError", "there is no rule rules.missing");
		else
			assert_value(batch, i, (double)i);
}
END_TEST

START_TEST(results_of_one_number)
{
	static const struct {
		const char *name, *returned;
		enum lp_state state;
		double value;
		const char *type, *message;
	} table[] = {
		{ "integer", "3", LP_STATE_OK, 3, NULL, NULL },
		{ "truth", "True", LP_STATE_OK, 1, NULL, NULL },
		{ "decimal", "__import__('decimal').Decimal('2.5')", LP_STATE_OK, 2.5, NULL, NULL },
		{ "zero", "-0.0", LP_STATE_OK, 0, NULL, NULL },
		{ "none", "None", LP_STATE_NO_DATA, 0, NULL, NULL },
		{ "nan", "float('nan')", LP_STATE_NO_DATA, 0, NULL, NULL },
		{ "empty", "Series([], [])", LP_STATE_NO_DATA, 0, NULL, NULL },
		{ "infinite", "float('inf')", LP_STATE_FAILED, 0, "ValueError", "infinity" },
		{ "minus", "float('-inf')", LP_STATE_FAILED, 0, "ValueError", "-infinity" },
		{ "huge", "10 ** 400", LP_STATE_FAILED, 0, "OverflowError", "too large" },
		{ "text", "'7'", LP_STATE_FAILED, 0, "TypeError", "returned str, expected a number, a Series or None" },
		{ "list", "[1]", LP_STATE_FAILED, 0, "TypeError", "returned list" },
		{ "complex", "1j", LP_STATE_FAILED, 0, "TypeError", "returned complex" },
		{ "dict", "{'a': 1}", LP_STATE_FAILED, 0, "TypeError", "declares no outputs" },
		{ "exit", "__import__('sys').exit(3)", LP_STATE_FAILED, 0, "SystemExit", "3" },
	};
	enum { COUNT = sizeof table / sizeof *table };
	struct lp_text rules = { 0 };
	const char *names[COUNT + 1] = { 0 };
	struct lp_batch *batch;

	for (size_t i = 0; i < COUNT; i++) {
		names[i] = table[i].name;
		lp_text_addf(&rules, "@rule(name='%s')\ndef rule_%s(x: Series):\n    return %s\n", table[i].name,
		             table[i].name, table[i].returned);
	}
	batch = compute(rules.data, fixture_batch(names));
	for (size_t i = 0; i < COUNT; i++) {
		if (table[i].state == LP_STATE_OK)
			assert_value(batch, i, table[i].value);
		else if (table[i].state == LP_STATE_FAILED)
			assert_failed(batch, i, table[i].type, table[i].message);
		else
			ck_assert_msg(outcome(batch, i)->state == table[i].state &&
			                      outcome(batch, i)->result_count == 0,
			              "%s: %s", table[i].name, lp_state_name(outcome(batch, i)->state));
	}
	lp_text_free(&rules);
}
END_TEST

START_TEST(results_of_many)
{
	struct lp_batch *batch = fixture_batch(RULES("series", "named", "unknown", "number"));
	struct lp_output *outputs = lp_arena_zeroed(&batch->arena, 2, sizeof *outputs);

	outputs[0] = (struct lp_output){ .name = "spread", .unit = "" };
	outputs[1] = (struct lp_output){ .name = "mean", .unit = "" };
	for (int i = 1; i < 4; i++) {
		batch->calculations[i].outputs = outputs;
		batch->calculations[i].output_count = 2;
	}
	compute("@rule\n"
	        "def series(x: Series) -> Series:\n"
	        "    return Series(x, [1.0, float('nan'), 3.0], [0, 0, 2])\n"
	        "@rule(outputs=('mean', 'spread', 'rest'))\n"
	        "def named(x: Series):\n"
	        "    return {'mean': x * 2, 'spread': 4, 'rest': 5}\n"
	        "@rule(outputs=('mean',))\n"
	        "def unknown(x: Series):\n"
	        "    return {'men': 1}\n"
	        "@rule(outputs=('mean',))\n"
	        "def number(x: Series):\n"
	        "    return 1\n",
	        batch);
	ck_assert_uint_eq(outcome(batch, 0)->result_count, 2);
	ck_assert_int_eq(outcome(batch, 0)->results[1].time, 2 * LP_SECOND);
	ck_assert_uint_eq(outcome(batch, 0)->results[1].quality, LP_QUALITY_BAD);
	ck_assert_uint_eq(outcome(batch, 1)->result_count, 1 + FIXTURE_SAMPLES);
	ck_assert_uint_eq(outcome(batch, 1)->results[0].output, 0);
	ck_assert_double_eq(outcome(batch, 1)->results[0].value, 4);
	ck_assert_uint_eq(outcome(batch, 1)->results[3].output, 1);
	ck_assert_double_eq(outcome(batch, 1)->results[3].value, 2);
	assert_failed(batch, 2, "ValueError", "returned an output 'men'");
	assert_failed(batch, 3, "TypeError", "returned int, expected a dict of its outputs ('mean',)");
}
END_TEST

START_TEST(a_result_that_changes_while_it_is_read)
{
	struct lp_batch *batch = fixture_batch(RULES("change"));
	static struct lp_output outputs[] = { { .name = "a", .unit = "" }, { .name = "b", .unit = "" } };

	batch->calculations[0].outputs = outputs;
	batch->calculations[0].output_count = 2;
	compute("class Number:\n"
	        "    def __init__(self, result):\n"
	        "        self.result = result\n"
	        "    def __float__(self):\n"
	        "        self.result['b'] = Series(range(200000), range(200000))\n"
	        "        return 1.0\n"
	        "@rule(outputs=('a', 'b'))\n"
	        "def change(x: Series):\n"
	        "    result = {}\n"
	        "    result.update(a=Number(result), b=2)\n"
	        "    return result\n",
	        batch);
	ck_assert_int_eq(outcome(batch, 0)->state, LP_STATE_OK);
	ck_assert_uint_eq(outcome(batch, 0)->result_count, 2);
	ck_assert_double_eq(outcome(batch, 0)->results[1].value, 2);
}
END_TEST

START_TEST(catalogue_describes_signatures)
{
	struct lp_problems problems = { 0 };
	const struct lp_rule_catalogue *catalogue = fixture_load(
		(const char *const[]){ "pump.py",
	                               "from local_processing import Series, rule\n"
	                               "from helper import SCALE\n"
	                               "@rule(outputs=('a', 'b'), lookback='2 hours')\n"
	                               "def f(x: Series, y: Series | None = None, *, k: float = SCALE, n: int):\n"
	                               "    '''First line.\n\n    The rest.'''\n",
	                               "helper.py", "SCALE = 2.5\n", "größe.py",
	                               "from local_processing import Series, rule\n"
	                               "@rule\n"
	                               "def länge(x: Series): ...\n"
	                               "alias = länge\n",
	                               "other.py", "from pump import f\n", NULL },
		&problems);
	const struct lp_rule *rule = lp_rule_find(catalogue, "pump.f");

	ck_assert_uint_eq(problems.count, 0);
	ck_assert_ptr_nonnull(rule);
	ck_assert_str_eq(rule->summary, "First line.");
	ck_assert_str_eq(rule->documentation, "First line.\n\nThe rest.");
	ck_assert_int_eq(rule->line, 3);
	ck_assert_uint_eq(strlen(rule->version), 12);
	ck_assert_uint_eq(rule->input_count, 2);
	ck_assert_int_eq(rule->inputs[0].lookback, 2 * LP_HOUR);
	ck_assert(!rule->inputs[0].optional && rule->inputs[1].optional);
	ck_assert_uint_eq(rule->parameter_count, 2);
	ck_assert_str_eq(rule->parameters[0].default_value, "2.5");
	ck_assert_ptr_null(rule->parameters[1].default_value);
	ck_assert_int_eq(rule->parameters[1].type, LP_PARAMETER_INT);
	ck_assert_uint_eq(rule->output_count, 2);
	/* Names are any that Python has; two names for one function are one rule. */
	ck_assert_ptr_nonnull(lp_rule_find(catalogue, "größe.länge"));
	/* A rule that another file imports is there once. */
	ck_assert_ptr_null(lp_rule_find(catalogue, "other.f"));
	ck_assert_ptr_nonnull(lp_rule_find(catalogue, "mean"));
	for (size_t i = 1; i < catalogue->count; i++)
		ck_assert_int_lt(strcmp(catalogue->rules[i - 1].name, catalogue->rules[i].name), 0);
	lp_problems_free(&problems);
}
END_TEST

START_TEST(catalogue_tells_all_problems_at_once)
{
	struct lp_problems problems = { 0 };
	const struct lp_rule_catalogue *catalogue =
		fixture_load((const char *const[]){ "broken.py", "import os\n\ndef f(:\n", "absent.py",
	                                            "\nimport nowhere_to_be_found\n", "wrong.py",
	                                            "from local_processing import Series, rule\n"
	                                            "@rule\n"
	                                            "def good(x: Series): ...\n"
	                                            "@rule\n"
	                                            "def bad(x, y: int): ...\n",
	                                            "raises.py", "def g():\n    1 / 0\n\ng()\n", NULL },
	                     &problems);
	static const struct {
		const char *file, *what;
		int line;
	} expected[] = {
		{ "absent.py", "ModuleNotFoundError", 2 },
		{ "broken.py", "SyntaxError", 3 },
		{ "raises.py", "ZeroDivisionError", 2 },
		{ "wrong.py", "rule wrong.bad: parameter 'x'", 4 },
		{ "wrong.py", "rule wrong.bad: parameter 'y'", 4 },
	};

	ck_assert_uint_eq(problems.count, 5);
	for (size_t i = 0; i < 5; i++) {
		const struct lp_problem *problem = &problems.items[i];

		ck_assert_msg(strstr(problem->file, expected[i].file) != NULL &&
		                      strstr(problem->what, expected[i].what) != NULL &&
		                      problem->line == expected[i].line,
		              "%s:%d: %s", problem->file, problem->line, problem->what);
	}
	ck_assert_ptr_nonnull(lp_rule_find(catalogue, "wrong.good"));
	ck_assert_ptr_null(lp_rule_find(catalogue, "wrong.bad"));
	lp_problems_free(&problems);
}
END_TEST

START_TEST(print_and_logging_are_log_lines)
{
	FILE *file = fixture_catch_log();
	static char text[65536];
	size_t length;

	fixture_compute("import logging, sys\n"
	                "logging.basicConfig(level=1)\n"
	                "@rule\n"
	                "def talks(x: Series) -> float:\n"
	                "    print('two', 'words')\n"
	                "    print('a\\nb\\n', end='')\n"
	                "    print('to stderr', file=sys.stderr)\n"
	                "    print('x' * 100000)\n"
	                "    print('\\udc80 odd \\0 and on')\n"
	                "    logging.getLogger('plant').warning('level %d', 7)\n"
	                "    logging.warning('a\\0b')\n"
	                "    logging.debug('not shown')\n"
	                "    print('half', end='')\n"
	                "    return 1\n",
	                0, RULES("talks"));
	rewind(file);
	length = fread(text, 1, sizeof text - 1, file);
	text[length] = '\0';
	for (size_t i = 0; i < 9; i++) {
		static const char *const parts[] = {
			"\\\\udc80 odd \\\\x00 and on",
			"a\\\\x00b",
			"message=\"two words\" from=stdout calculation=rules.talks rule=rules.talks window_start=1970-01-01T00:00:00",
			"message=a from=stdout",
			"message=b from=stdout",
			"message=half",
			"level=warning message=\"to stderr\" from=stderr",
			"... (cut)",
			"level=warning message=\"level 7\" from=logging logger=plant calculation=rules.talks",
		};

		ck_assert_msg(strstr(text, parts[i]) != NULL, "no \"%s\" in:\n%.3000s", parts[i], text);
	}
	ck_assert_ptr_null(strstr(text, "not shown"));
	ck_assert_ptr_null(strstr(strstr(text, "level 7") + 1, "level 7"));
	ck_assert_uint_lt(length, 20000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("python rules");
	TCase *tests = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, kept_series_stay_valid);
	tcase_add_test(tests, arguments_by_signature);
	tcase_add_test(tests, arguments_that_cannot_be_made);
	tcase_add_test(tests, a_long_name_is_told_in_full);
	tcase_add_test(tests, kept_series_in_a_cycle);
	tcase_add_test(tests, definitions_that_do_not_fit);
	tcase_add_test(tests, more_kinds_of_calls_than_are_kept);
	tcase_add_test(tests, results_of_one_number);
	tcase_add_test(tests, results_of_many);
	tcase_add_test(tests, a_result_that_changes_while_it_is_read);
	tcase_add_test(tests, catalogue_describes_signatures);
	tcase_add_test(tests, catalogue_tells_all_problems_at_once);
	tcase_add_test(tests, print_and_logging_are_log_lines);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
