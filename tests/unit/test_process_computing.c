/*
 * Computing in real processes: what the main process makes of processes that lie,
 * die or talk nonsense, their limits of memory, and their lines.
 */
#include "python_fixture.h"
#include "random_bytes.h"

/* Included so that a case reaches the area of an interpreter process; the library's copy is then not linked. */
#include "process/host_compute.c"

#include "text/utf8.h"

static const char good[] = "@rule\n"
			   "def good(x: Series) -> float:\n"
			   "    return float(len(x))\n";

/* Of an interpreter process that is not at work yet: its area, mapped once more, for as long as the case lives. */
static struct lp_interpreter *open_interpreter(struct lp_area *area)
{
	struct lp_interpreter *interpreter;
	struct lp_error error = { 0 };

	ck_assert_msg(lp_interpreter_open(fixture.server, &interpreter, &error), "%s", error.what);
	ck_assert_msg(start_process(interpreter, fixture.memory_limit, &error), "%s", error.what);
	ck_assert(lp_area_map(area, dup(interpreter->seats[BUILT_IN].process.area.descriptor), &error));
	return interpreter;
}

static void compute_with(struct lp_interpreter *interpreter, struct lp_batch *batch)
{
	atomic_bool stop = false;
	struct lp_error error = { 0 };

	ck_assert_msg(lp_interpreter_compute(interpreter, batch, NULL, &stop, &error), "%s", error.what);
	ck_assert_uint_eq(batch->computed, batch->task_count);
}

static struct lp_batch *batch_of(const char *name, size_t count, int64_t time_limit)
{
	const char *names[FIXTURE_TASKS_MOST + 1] = { 0 };
	struct lp_batch *batch;

	for (size_t i = 0; i < count; i++)
		names[i] = name;
	batch = fixture_batch(names);
	for (size_t i = 0; i < count; i++)
		batch->calculations[i].time_limit = time_limit;
	return batch;
}

struct scribbler {
	pthread_t thread;
	struct lp_area area;
	size_t from, size;
	atomic_bool stop;
};

static void *scribble(void *context)
{
	struct scribbler *scribbler = context;

	while (!atomic_load(&scribbler->stop)) {
		write_random((char *)scribbler->area.head + scribbler->from, scribbler->size);
		usleep((useconds_t)random_below(300));
	}
	return NULL;
}

static void assert_text(const char *text)
{
	ck_assert(text == NULL || lp_utf8_is_valid(text));
}

static void assert_states(const struct lp_batch *batch, int counts[])
{
	for (size_t i = 0; i < batch->task_count; i++) {
		const struct lp_outcome *outcome = &batch->tasks[i].outcome;

		ck_assert_msg(outcome->state == LP_STATE_OK || outcome->state == LP_STATE_NO_DATA ||
		                      outcome->state == LP_STATE_FAILED || outcome->state == LP_STATE_TIMED_OUT ||
		                      outcome->state == LP_STATE_CRASHED,
		              "state %d", outcome->state);
		ck_assert((outcome->state == LP_STATE_OK) == (outcome->result_count > 0));
		assert_text(outcome->error_message);
		assert_text(outcome->error_traceback);
		counts[outcome->state]++;
	}
}

START_TEST(random_bytes_over_areas_of_rules_at_work)
{
	const struct {
		size_t from, size;
	} parts[] = {
		{ 0, 64 }, /* pulse, counts */
		{ offsetof(struct lp_area_head, pulse), sizeof(struct lp_pulse) },
		{ offsetof(struct lp_area_head, answers), 16 * sizeof(struct lp_answer) },
		{ LP_AREA_LOG_BEGIN, 4096 },  /* lines */
		{ LP_AREA_DATA_BEGIN, 4096 }, /* results and texts */
		{ 0, LP_AREA_DATA_BEGIN + 4096 },
	};
	enum { ROUNDS = 48 };
	int counts[32] = { 0 };

	/* Nobody has to read the lines. */
	lp_log_set(LP_LOG_FORMAT_LOGFMT, LP_LOG_ERROR);
	fixture_start("import time\n"
	              "@rule\n"
	              "def busy(x: Series) -> float:\n"
	              "    print('a line', file=__import__('sys').stderr)\n"
	              "    time.sleep(0.001)\n"
	              "    if x.previous: raise ValueError('text' * 100)\n"
	              "    return float(len(x))\n",
	              0);
	for (int round = 0; round < ROUNDS; round++) {
		struct scribbler scribbler = { .from = parts[round % 6].from, .size = parts[round % 6].size };
		struct lp_batch *batch = batch_of("busy", 30, LP_SECOND / 2);
		struct lp_interpreter *interpreter = open_interpreter(&scribbler.area);

		ck_assert_int_eq(pthread_create(&scribbler.thread, NULL, scribble, &scribbler), 0);
		compute_with(interpreter, batch);
		atomic_store(&scribbler.stop, true);
		pthread_join(scribbler.thread, NULL);
		assert_states(batch, counts);
		lp_interpreter_close(interpreter);
		lp_area_unmap(&scribbler.area);
		lp_batch_free(batch);
	}
	printf("of %d calculations: %d ok, %d failed, %d timed out, %d crashed\n", ROUNDS * 30, counts[LP_STATE_OK],
	       counts[LP_STATE_FAILED], counts[LP_STATE_TIMED_OUT], counts[LP_STATE_CRASHED]);
	ck_assert_int_gt(counts[LP_STATE_OK], 0);
}
END_TEST

/* A process that makes its pulse tell lies cannot run for ever. */
static void *lie_about_time(void *context)
{
	struct scribbler *scribbler = context;
	struct lp_pulse *pulse = &scribbler->area.head->pulse;

	while (!atomic_load(&scribbler->stop)) {
		if (scribbler->from == 0)
			atomic_store(&pulse->sequence, 2);
		else if (scribbler->from == 1)
			atomic_store(&pulse->start, INT64_MAX / 2);
		else if (scribbler->from == 2)
			atomic_store(&pulse->index, UINT32_MAX);
		else
			atomic_store(&scribbler->area.head->computed, 1);
		usleep(1000);
	}
	return NULL;
}

START_TEST(who_lies_about_its_time_is_ended)
{
	struct scribbler scribbler = { .from = (size_t)_i };
	struct lp_interpreter *interpreter;
	struct lp_batch *batch;
	double begin;

	fixture_start("@rule\n"
	              "def spin(x: Series) -> float:\n"
	              "    while True: pass\n",
	              0);
	batch = batch_of("spin", 1, LP_SECOND / 5);
	interpreter = open_interpreter(&scribbler.area);
	ck_assert_int_eq(pthread_create(&scribbler.thread, NULL, lie_about_time, &scribbler), 0);
	begin = fixture_seconds();
	compute_with(interpreter, batch);
	ck_assert_double_lt(fixture_seconds() - begin, 10);
	atomic_store(&scribbler.stop, true);
	pthread_join(scribbler.thread, NULL);
	ck_assert_int_ne(batch->tasks[0].outcome.state, LP_STATE_OK);
	lp_interpreter_close(interpreter);
}
END_TEST

/* What an earlier part has left where the answers of this one will be is not taken for them. */
static void *count_ahead(void *context)
{
	struct scribbler *scribbler = context;

	while (!atomic_load(&scribbler->stop)) {
		atomic_store(&scribbler->area.head->computed, 10);
		usleep(1000);
	}
	return NULL;
}

START_TEST(answers_of_an_earlier_part_are_not_taken)
{
	struct scribbler scribbler = { 0 };
	struct lp_interpreter *interpreter;
	struct lp_batch *batch;

	fixture_start(lp_format_text("%s@rule\n"
	                             "def spin(x: Series) -> float:\n"
	                             "    while True: pass\n",
	                             good),
	              0);
	interpreter = open_interpreter(&scribbler.area);
	compute_with(interpreter, batch_of("good", 10, LP_SECOND));
	batch = batch_of("spin", 10, LP_SECOND / 20);
	ck_assert_int_eq(pthread_create(&scribbler.thread, NULL, count_ahead, &scribbler), 0);
	compute_with(interpreter, batch);
	atomic_store(&scribbler.stop, true);
	pthread_join(scribbler.thread, NULL);
	for (size_t i = 0; i < batch->task_count; i++)
		ck_assert_int_ne(batch->tasks[i].outcome.state, LP_STATE_OK);
	lp_interpreter_close(interpreter);
}
END_TEST

static void assert_crashed(const struct lp_batch *batch, size_t task)
{
	ck_assert_int_eq(batch->tasks[task].outcome.state, LP_STATE_CRASHED);
}

START_TEST(a_rule_that_writes_into_its_socket)
{
	const struct lp_batch *batch =
		fixture_compute("import os, struct\n"
	                        "def say(message):\n"
	                        "    for descriptor in range(3, 64):\n"
	                        "        try: os.write(descriptor, message)\n"
	                        "        except OSError: pass\n"
	                        "@rule\n"
	                        "def noise(x: Series) -> float:\n"
	                        "    say(b'noise')\n"
	                        "    while True: pass\n"
	                        "@rule\n"
	                        "def much(x: Series) -> float:\n"
	                        "    say(struct.pack('II', 2**32 - 1, 0))\n"
	                        "    while True: pass\n"
	                        "@rule\n"
	                        "def nothing(x: Series) -> float:\n"
	                        "    say(struct.pack('II', 0, 0))\n"
	                        "    while True: pass\n"
	                        "@rule\n"
	                        "def good(x: Series) -> float:\n"
	                        "    return float(len(x))\n",
	                        LP_SECOND, RULES("good", "noise", "good", "much", "good", "nothing", "good"));

	for (size_t i = 0; i < 7; i++)
		if (i % 2 == 0)
			ck_assert_int_eq(batch->tasks[i].outcome.state, LP_STATE_OK);
		else
			assert_crashed(batch, i);
}
END_TEST

/* It may be another's fault that a process dies: in a fresh one, alone, it is its own. */
START_TEST(who_may_not_be_to_blame_is_computed_once_more)
{
	const struct lp_batch *batch = fixture_compute("import os\n"
	                                               "calls = []\n"
	                                               "@rule\n"
	                                               "def second(x: Series) -> float:\n"
	                                               "    calls.append(1)\n"
	                                               "    if len(calls) > 1: os._exit(4)\n"
	                                               "    return float(len(x))\n"
	                                               "@rule\n"
	                                               "def always(x: Series) -> float:\n"
	                                               "    os._exit(5)\n",
	                                               0, RULES("second", "second", "always", "second"));

	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(batch->tasks[i].outcome.state, i == 2 ? LP_STATE_CRASHED : LP_STATE_OK);
	ck_assert_str_eq(batch->tasks[2].outcome.error_type, "Crash");
	ck_assert_str_eq(batch->tasks[2].outcome.error_message, "the process of the rule ended with exit code 5");
}
END_TEST

START_TEST(a_rule_has_its_socket_and_nothing_else_open)
{
	const struct lp_batch *batch;

	/* As who starts the program may leave something open for it. */
	ck_assert_int_eq(dup2(STDOUT_FILENO, 77), 77);
	batch = fixture_compute("import os, stat\n"
	                        "@rule\n"
	                        "def look(x: Series) -> float:\n"
	                        "    found = 0\n"
	                        "    for descriptor in range(3, 1024):\n"
	                        "        try: mode = os.fstat(descriptor).st_mode\n"
	                        "        except OSError: continue\n"
	                        "        assert stat.S_ISSOCK(mode), descriptor\n"
	                        "        found += 1\n"
	                        "    return found\n",
	                        0, RULES("look"));

	ck_assert_msg(batch->tasks[0].outcome.state == LP_STATE_OK, "%s", batch->tasks[0].outcome.error_traceback);
	ck_assert_double_eq(batch->tasks[0].outcome.results[0].value, 1);
}
END_TEST

START_TEST(each_process_has_the_same_memory)
{
	const struct lp_batch *batch;

	fixture.memory_limit = 256 << 20;
	batch = fixture_compute("import os, resource\n"
	                        "held = bytes(200 << 20)\n"
	                        "@rule\n"
	                        "def limit(x: Series) -> float:\n"
	                        "    return resource.getrlimit(resource.RLIMIT_DATA)[0]\n"
	                        "@rule\n"
	                        "def leave(x: Series) -> float:\n"
	                        "    os._exit(1)\n"
	                        "@rule\n"
	                        "def eat(x: Series) -> float:\n"
	                        "    return len([bytearray(1 << 20) for _ in range(260)])\n",
	                        0, RULES("limit", "eat", "leave", "limit", "leave", "limit"));
	ck_assert_str_eq(batch->tasks[1].outcome.error_type, "MemoryError");
	for (size_t i = 0; i < 6; i += i == 0 ? 3 : 2)
		ck_assert_double_eq_tol(batch->tasks[i].outcome.results[0].value,
		                        batch->tasks[0].outcome.results[0].value, 1 << 20);
}
END_TEST

/* One worker, the tasks of these names in their order, each with a limit of memory of its own (0: the setting's). */
static struct lp_batch *compute_within(const char *const *names, const int64_t *limits)
{
	static struct fixture_worker one;
	struct lp_batch *batch = fixture_batch(names);

	for (size_t i = 0; i < batch->calculation_count; i++)
		batch->calculations[i].memory_limit = limits[i];
	one = (struct fixture_worker){ 0 };
	fixture_run(&one, batch);
	fixture_watch(&one, 0);
	return batch;
}

static void assert_memory(const struct lp_batch *batch, size_t task, bool enough)
{
	const struct lp_outcome *outcome = &batch->tasks[task].outcome;

	ck_assert_msg(outcome->state == (enough ? LP_STATE_OK : LP_STATE_FAILED), "task %zu: %s: %s", task,
	              lp_state_name(outcome->state), outcome->error_message);
	if (!enough)
		ck_assert_str_eq(outcome->error_type, "MemoryError");
}

START_TEST(a_calculation_has_memory_of_its_own)
{
	enum { MB = 1 << 20 };
	const struct lp_batch *batch;

	fixture.memory_limit = 200 * MB;
	fixture_start("@rule\n"
	              "def some(x: Series) -> float:\n"
	              "    return len([bytearray(1 << 20) for _ in range(100)])\n"
	              "@rule\n"
	              "def much(x: Series) -> float:\n"
	              "    return len([bytearray(1 << 20) for _ in range(300)])\n",
	              0);
	batch = compute_within(RULES("some", "much", "some", "some", "much", "much", "some", "much"),
	                       (const int64_t[]){ 0, 0, 64 * MB, 0, 400 * MB, 0, 0, 400 * MB });
	assert_memory(batch, 0, true);
	assert_memory(batch, 1, false);
	assert_memory(batch, 2, false); /* less than the setting */
	assert_memory(batch, 3, true);  /* and that holds again */
	assert_memory(batch, 4, true);  /* more than it */
	assert_memory(batch, 5, false); /* and it holds again */
	assert_memory(batch, 6, true);
	assert_memory(batch, 7, true);
	/* From the first one on. */
	batch = compute_within(RULES("some", "much", "much"), (const int64_t[]){ 64 * MB, 400 * MB, 0 });
	assert_memory(batch, 0, false);
	assert_memory(batch, 1, true);
	assert_memory(batch, 2, false);
}
END_TEST

/* What has the same limit, said or not, is computed in one process; another limit is another process. */
START_TEST(a_process_has_one_limit)
{
	enum { COUNT = 8 };
	const int64_t setting = INT64_C(1) << 40, other = INT64_C(2) << 40;
	const int64_t limits[COUNT] = { 0, setting, 0, other, other, 0, 0, other };
	const struct lp_batch *batch;

	fixture.memory_limit = setting;
	fixture_start("import os\n"
	              "@rule\n"
	              "def process(x: Series) -> float:\n"
	              "    return os.getpid()\n",
	              0);
	batch = compute_within(
		RULES("process", "process", "process", "process", "process", "process", "process", "process"), limits);
	for (size_t i = 0; i < COUNT; i++)
		ck_assert_int_eq(batch->tasks[i].outcome.state, LP_STATE_OK);
	for (size_t i = 1; i < COUNT; i++) {
		bool alike = (limits[i] == other) == (limits[i - 1] == other);
		ck_assert((batch->tasks[i].outcome.results[0].value == batch->tasks[i - 1].outcome.results[0].value) ==
		          alike);
	}
}
END_TEST

START_TEST(no_rule_raises_its_own_limit)
{
	const struct lp_batch *batch;
	const int64_t own = 64 << 20;

	fixture.memory_limit = 512 << 20;
	fixture_start("import resource\n"
	              "@rule\n"
	              "def limit(x: Series) -> float:\n"
	              "    return resource.getrlimit(resource.RLIMIT_DATA)[0]\n"
	              "@rule\n"
	              "def lift(x: Series) -> float:\n"
	              "    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)\n"
	              "    more, most = hard + (400 << 20), resource.RLIM_INFINITY\n"
	              "    for pair in ((more, more), (most, most), (soft, more), (soft, most), (more, hard)):\n"
	              "        try: resource.setrlimit(resource.RLIMIT_DATA, pair)\n"
	              "        except (OSError, ValueError): continue\n"
	              "        raise AssertionError(f'{pair} was not refused')\n"
	              "    assert resource.getrlimit(resource.RLIMIT_DATA) == (soft, hard)\n"
	              "    return soft\n",
	              0);
	batch = compute_within(RULES("limit", "lift", "limit"), (const int64_t[]){ own, own, 0 });
	for (size_t i = 0; i < 3; i++)
		ck_assert_msg(batch->tasks[i].outcome.state == LP_STATE_OK, "%s",
		              batch->tasks[i].outcome.error_message);
	ck_assert_double_eq(batch->tasks[1].outcome.results[0].value, batch->tasks[0].outcome.results[0].value);
	ck_assert_double_eq_tol(batch->tasks[2].outcome.results[0].value - batch->tasks[0].outcome.results[0].value,
	                        (double)(fixture.memory_limit - own), 1 << 20);
}
END_TEST

static int count_in_log(FILE *file, const char *text)
{
	char line[8192];
	int count = 0;

	rewind(file);
	while (fgets(line, sizeof line, file) != NULL)
		count += strstr(line, text) != NULL;
	return count;
}

/* More calculations than are handed over at once, in two batches. */
START_TEST(lines_of_many_parts_are_logged_once)
{
	enum { COUNT = 2 * LP_AREA_TASKS + 100 };
	static const char *names[COUNT + 1];
	FILE *file = fixture_catch_log();
	struct lp_area area;
	struct lp_interpreter *interpreter;

	for (size_t i = 0; i < COUNT; i++)
		names[i] = i % 1000 == 999 ? "says" : "good";
	fixture_start(lp_format_text("%s@rule\n"
	                             "def says(x: Series) -> float:\n"
	                             "    print('words of it')\n"
	                             "    return 1\n",
	                             good),
	              0);
	interpreter = open_interpreter(&area);
	for (int i = 0; i < 2; i++)
		compute_with(interpreter, fixture_batch(names));
	lp_interpreter_close(interpreter);
	ck_assert_int_eq(count_in_log(file, "words of it"), 2 * (COUNT / 1000));
}
END_TEST

/* Whoever is computed again after another has damaged the process, or died of something itself. */
START_TEST(lines_of_a_task_computed_again_are_logged_once)
{
	FILE *file = fixture_catch_log();
	const struct lp_batch *batch = fixture_compute("import os\n"
	                                               "@rule\n"
	                                               "def says(x: Series) -> float:\n"
	                                               "    print('words of it')\n"
	                                               "    return 1\n"
	                                               "@rule\n"
	                                               "def noise(x: Series) -> float:\n"
	                                               "    for descriptor in range(3, 64):\n"
	                                               "        try: os.write(descriptor, b'x' * 40)\n"
	                                               "        except OSError: pass\n"
	                                               "    return 1\n"
	                                               "@rule\n"
	                                               "def leaves(x: Series) -> float:\n"
	                                               "    print('last words')\n"
	                                               "    os._exit(3)\n",
	                                               0, RULES("says", "noise", "says", "says", "leaves", "says"));

	for (size_t i = 0; i < 6; i += i == 0 ? 2 : i == 3 ? 2 : 1)
		ck_assert_int_eq(batch->tasks[i].outcome.state, LP_STATE_OK);
	ck_assert_int_eq(batch->tasks[4].outcome.state, LP_STATE_CRASHED);
	ck_assert_int_eq(count_in_log(file, "words of it"), 4);
	ck_assert_int_eq(count_in_log(file, "last words"), 1);
}
END_TEST

START_TEST(lost_lines_are_counted)
{
	FILE *file = fixture_catch_log();
	const struct lp_batch *batch = fixture_compute("@rule\n"
	                                               "def says(x: Series) -> float:\n"
	                                               "    for _ in range(90): print('word' * 1000)\n"
	                                               "    return 1\n",
	                                               0, RULES("says", "says", "says"));

	ck_assert_int_eq(batch->tasks[2].outcome.state, LP_STATE_OK);
	ck_assert_int_ge(count_in_log(file, "wordword"), LP_AREA_LOG / 4100 - 1);
	ck_assert_int_eq(count_in_log(file, "are left out"), 1);
}
END_TEST

/* Each waits inside of its rule until both are there: the rule sees what this process writes into the batch. */
START_TEST(workers_compute_at_the_same_time)
{
	FILE *file = fixture_catch_log();
	struct fixture_worker workers[2] = { 0 };

	fixture_start("@rule\n"
	              "def meet(x: Series) -> float:\n"
	              "    print('inside')\n"
	              "    while x.sum() == 3: pass\n"
	              "    return float(len(x))\n",
	              30 * LP_SECOND);
	for (int i = 0; i < 2; i++)
		fixture_run(&workers[i], fixture_batch(RULES("meet")));
	while (count_in_log(file, "inside") < 2)
		usleep(10000);
	for (int i = 0; i < 2; i++)
		workers[i].batch->tasks[0].columns[0].value[0] = 2;
	for (int i = 0; i < 2; i++) {
		fixture_watch(&workers[i], 0);
		ck_assert_msg(workers[i].batch->tasks[0].outcome.state == LP_STATE_OK, "%s",
		              workers[i].batch->tasks[0].outcome.error_traceback);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("process computing");
	TCase *processes = tcase_create("processes");
	SRunner *runner;
	int failed;

	tcase_set_timeout(processes, 60);
	tcase_add_test(processes, random_bytes_over_areas_of_rules_at_work);
	tcase_add_loop_test(processes, who_lies_about_its_time_is_ended, 0, 4);
	tcase_add_test(processes, answers_of_an_earlier_part_are_not_taken);
	tcase_add_test(processes, a_rule_that_writes_into_its_socket);
	tcase_add_test(processes, who_may_not_be_to_blame_is_computed_once_more);
	tcase_add_test(processes, a_rule_has_its_socket_and_nothing_else_open);
	tcase_add_test(processes, a_process_has_one_limit);
	tcase_add_test(processes, lines_of_many_parts_are_logged_once);
	tcase_add_test(processes, lines_of_a_task_computed_again_are_logged_once);
	tcase_add_test(processes, lost_lines_are_counted);
	tcase_add_test(processes, workers_compute_at_the_same_time);
	if (!FIXTURE_ADDRESS_SANITIZER && !FIXTURE_THREAD_SANITIZER) {
		tcase_add_test(processes, each_process_has_the_same_memory);
		tcase_add_test(processes, a_calculation_has_memory_of_its_own);
		tcase_add_test(processes, no_rule_raises_its_own_limit);
	}
	suite_add_tcase(suite, processes);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
