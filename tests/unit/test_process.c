/*
 * What the processes say to each other, and that the main process believes none
 * of it: areas of results, messages, the memory that batches are shared in, what
 * a rule server is told and what it tells, and random bytes over all of that.
 */
#include "python_fixture.h"

/* Within this file, so that a case reaches the area of an interpreter process: the library's is then not linked. */
#include "process/compute.c"

#include "text/utf8.h"

#include <fcntl.h>
#include <math.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

static const char good[] = "@rule\n"
			   "def good(x: Series) -> float:\n"
			   "    return float(len(x))\n";

/* The same numbers at each run: what fails once fails again. */
static uint64_t random_number(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t random_below(uint64_t most)
{
	return most == 0 ? 0 : random_number() % most;
}

/* Bytes of any kind, or a number that hurts where an offset, a length or a count is expected. */
static void write_random(char *memory, size_t size)
{
	static const uint64_t numbers[] = { 0,
		                            1,
		                            7,
		                            LP_AREA_LOG,
		                            LP_AREA_SIZE - 1,
		                            LP_AREA_SIZE,
		                            1 << 20,
		                            UINT32_MAX,
		                            INT64_MAX,
		                            UINT64_MAX - 7,
		                            UINT64_MAX,
		                            1 << 18,
		                            2048,
		                            UINT64_C(0x7ff0) << 48 };
	size_t at = random_below(size) & ~(size_t)7, length = 1 + random_below(64);
	uint64_t number = random_below(3) == 0 ? random_below(LP_AREA_SIZE)
	                                       : numbers[random_below(sizeof numbers / sizeof *numbers)];

	if (random_below(2) == 0 && at + sizeof number <= size) {
		memcpy(memory + at, &number, sizeof number);
		return;
	}
	for (size_t i = 0; i < length && at + i < size; i++)
		memory[at + i] = (char)random_number();
}

static int count_descriptors(void)
{
	int count = 0;

	for (int i = 0; i < 256; i++)
		count += fcntl(i, F_GETFD) >= 0;
	return count;
}

/*
 * The area of results.
 */

static struct lp_output outputs[] = { { .name = "a", .unit = "" }, { .name = "b", .unit = "" } };
static const struct lp_calculation calculation = { .outputs = outputs, .output_count = 2 };

/* One answer as a rule's process makes it: two results, and texts of all kinds. */
static void answer(struct lp_area *area, uint32_t index)
{
	struct lp_arena arena;
	struct lp_outcome outcome = { .state = LP_STATE_OK, .duration = 17, .samples_read = 3, .rule_version = "0123" };
	const struct lp_rule_computed computed = { .covered = 0.5, .left = "sys.path" };

	arena = (struct lp_arena){ .source = &area->source };
	outcome.results = lp_arena_zeroed(&arena, 2, sizeof *outcome.results);
	outcome.result_count = 2;
	outcome.results[0] = (struct lp_result){ .output = 0, .time = 5, .value = 1.5 };
	outcome.results[1] = (struct lp_result){ .output = 1, .quality = LP_QUALITY_BAD, .time = 5, .value = -2 };
	outcome.error_message = lp_arena_text(&arena, "gr\xc3\xb6\xc3\x9f"
	                                              "er");
	lp_area_answer(area, index, &outcome, &computed);
}

static void create_area(struct lp_area *area)
{
	struct lp_error error = { 0 };

	ck_assert_msg(lp_area_create(area, "test", &error), "%s", error.what);
	lp_area_empty(area, 1);
}

START_TEST(answers_come_back_as_they_were)
{
	struct lp_area area, mapped;
	struct lp_arena arena = { 0 };
	struct lp_task task = { .coverage = 1 };
	struct lp_error error = { 0 };
	bool interrupted = true;
	const char *left;

	create_area(&area);
	answer(&area, 2047);
	answer(&area, 2048);
	ck_assert_uint_eq(atomic_load(&area.head->computed), 2049);
	ck_assert(lp_area_map(&mapped, dup(area.descriptor), &error));
	mapped.part = 1;
	for (uint32_t index = 2047; index < 2049; index++) {
		ck_assert(lp_area_take(&mapped, index, &arena, &task, &calculation, &interrupted, &left));
		ck_assert_int_eq(task.outcome.state, LP_STATE_OK);
		ck_assert_int_eq(task.outcome.duration, 17);
		ck_assert_uint_eq(task.outcome.samples_read, 3);
		ck_assert_str_eq(task.outcome.rule_version, "0123");
		ck_assert_str_eq(task.outcome.error_message, "gr\xc3\xb6\xc3\x9f"
		                                             "er");
		ck_assert_ptr_null(task.outcome.error_type);
		ck_assert_uint_eq(task.outcome.result_count, 2);
		ck_assert_double_eq(task.outcome.results[0].value, 1.5);
		ck_assert_uint_eq(task.outcome.results[1].quality, LP_QUALITY_BAD);
		ck_assert_double_eq(task.coverage, 0.5);
		ck_assert(!interrupted);
		ck_assert_str_eq(left, "sys.path");
	}
	lp_area_unmap(&mapped);
	lp_area_unmap(&area);
	/* They are the arena's. */
	ck_assert_double_eq(task.outcome.results[1].value, -2);
	lp_arena_free(&arena);
}
END_TEST

/* One thing that makes no sense, each. */
START_TEST(answers_that_make_no_sense)
{
	static const struct {
		size_t offset;
		uint64_t number;
		size_t size;
	} lies[] = {
#define LIE(field, number) { offsetof(struct lp_answer, field), number, sizeof((struct lp_answer *)0)->field }
		LIE(part, 2),
		LIE(index, 1),
		LIE(state, LP_STATE_CRASHED),
		LIE(state, 77),
		LIE(state, LP_STATE_NO_DATA), /* with results */
		LIE(duration, (uint64_t)-1),
		LIE(duration, INT64_MAX),
		LIE(covered, 0x7ff8000000000000), /* NaN */
		LIE(covered, 0x4000000000000000), /* 2 */
		LIE(results.offset, 0),
		LIE(results.offset, 8),
		LIE(results.offset, LP_AREA_SIZE - 8),
		LIE(results.offset, UINT64_MAX - 8),
		LIE(results.length, 0),
		LIE(results.length, UINT64_MAX / 16),
		LIE(results.length, UINT64_MAX),
		LIE(results.length, LP_AREA_SIZE),
		LIE(rule_version.length, 65),
		LIE(error_message.offset, 8),
		LIE(error_message.offset, LP_AREA_SIZE),
		LIE(error_message.length, UINT64_MAX),
		LIE(error_message.length, 1 << 20),
#undef LIE
	};
	struct lp_area area;
	struct lp_arena arena = { 0 };

	create_area(&area);
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		struct lp_task task = { .coverage = 1 };
		bool interrupted;
		const char *left;

		answer(&area, 0);
		memcpy((char *)&area.head->answers[0] + lies[i].offset, &lies[i].number, lies[i].size);
		ck_assert_msg(!lp_area_take(&area, 0, &arena, &task, &calculation, &interrupted, &left),
		              "number %zu is believed", i);
		ck_assert_uint_eq(task.outcome.result_count, 0);
	}
	lp_area_unmap(&area);
	lp_arena_free(&arena);
}
END_TEST

/* Results that no store could take. */
START_TEST(results_that_make_no_sense)
{
	static const struct lp_result lies[] = {
		{ .output = 2, .time = 5, .value = 1 },         { .output = 1, .time = 5, .value = NAN },
		{ .output = 1, .time = 5, .value = INFINITY },  { .output = 1, .time = 5, .value = 1, .quality = 3 },
		{ .output = 1, .time = INT64_MAX, .value = 1 }, { .output = 1, .time = LP_TIME_NONE, .value = 1 },
		{ .output = 0, .time = 5, .value = 1 }, /* twice */
		{ .output = 0, .time = 4, .value = 1 }, /* in no order */
	};
	struct lp_area area;
	struct lp_arena arena = { 0 };

	create_area(&area);
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		struct lp_task task = { .coverage = 1 };
		struct lp_result *results;
		bool interrupted;
		const char *left;

		answer(&area, 0);
		results = (struct lp_result *)((char *)area.head + area.head->answers[0].results.offset);
		results[1] = lies[i];
		ck_assert_msg(!lp_area_take(&area, 0, &arena, &task, &calculation, &interrupted, &left),
		              "number %zu is believed", i);
	}
	lp_area_unmap(&area);
	lp_arena_free(&arena);
}
END_TEST

static void assert_text(const char *text)
{
	ck_assert(text == NULL || lp_utf8_is_valid(text));
}

START_TEST(random_bytes_over_an_answer)
{
	struct lp_area area;
	struct lp_arena arena = { 0 };
	int believed = 0;

	create_area(&area);
	for (int round = 0; round < 5000; round++) {
		struct lp_task task = { .coverage = 1 };
		bool interrupted;
		const char *left = NULL;

		lp_arena_free(&arena);
		lp_area_empty(&area, 1);
		answer(&area, 0);
		for (uint64_t times = 1 + random_below(3); times > 0; times--)
			write_random((char *)&area.head->answers[0], sizeof area.head->answers[0]);
		/* And where results and texts are. */
		if (random_below(4) == 0)
			write_random((char *)area.head + sizeof *area.head + LP_AREA_LOG, 256);
		if (!lp_area_take(&area, 0, &arena, &task, &calculation, &interrupted, &left))
			continue;
		believed++;
		ck_assert((task.outcome.state == LP_STATE_OK) == (task.outcome.result_count > 0));
		for (size_t i = 0; i < task.outcome.result_count; i++)
			ck_assert(isfinite(task.outcome.results[i].value) && task.outcome.results[i].output < 2);
		ck_assert(task.coverage >= 0 && task.coverage <= 1);
		assert_text(task.outcome.rule_version);
		assert_text(task.outcome.error_type);
		assert_text(task.outcome.error_message);
		assert_text(task.outcome.error_traceback);
		assert_text(left);
	}
	ck_assert_int_gt(believed, 0);
	lp_area_unmap(&area);
	lp_arena_free(&arena);
}
END_TEST

struct lines {
	int count;
	size_t bytes;
	uint32_t last_task;
	uint32_t not_yet; /* whose lines are refused; 0: nobody's */
	char last[64];
};

static bool note_line(void *context, uint32_t task, enum lp_log_level level, const char *from, const char *logger,
                      const char *text)
{
	struct lines *lines = context;

	ck_assert_int_le(level, LP_LOG_ERROR);
	if (lines->not_yet != 0 && task == lines->not_yet)
		return false;
	lines->count++;
	lines->bytes += strlen(from) + strlen(text) + (logger == NULL ? 0 : strlen(logger));
	lines->last_task = task;
	snprintf(lines->last, sizeof lines->last, "%s %s %.40s", from, logger == NULL ? "-" : logger, text);
	return true;
}

START_TEST(lines_come_once_and_in_order)
{
	struct lp_area area;
	struct lines lines = { 0 };
	uint64_t told = 0;

	create_area(&area);
	lp_area_log(&area, 3, LP_LOG_INFO, "stdout", NULL, "one");
	lp_area_each_line(&area, &told, note_line, &lines);
	ck_assert_int_eq(lines.count, 1);
	ck_assert_str_eq(lines.last, "stdout - one");
	ck_assert_uint_eq(lines.last_task, 3);
	lp_area_log(&area, 4, LP_LOG_WARNING, "logging", "plant", "");
	lp_area_log(&area, 5, LP_LOG_ERROR, "logging", "plant", "three");
	lines.not_yet = 5;
	lp_area_each_line(&area, &told, note_line, &lines);
	ck_assert_int_eq(lines.count, 2);
	lines.not_yet = 0;
	lp_area_each_line(&area, &told, note_line, &lines);
	ck_assert_int_eq(lines.count, 3);
	ck_assert_str_eq(lines.last, "logging plant three");
	ck_assert_uint_eq(lines.last_task, 5);
	/* What there is no room for is counted. */
	for (int i = 0; i < LP_AREA_LOG / 1000 + 10; i++) {
		static char text[1000];

		memset(text, 'x', sizeof text - 1);
		lp_area_log(&area, 6, LP_LOG_INFO, "stdout", NULL, text);
	}
	lp_area_each_line(&area, &told, note_line, &lines);
	ck_assert_int_eq(lines.count + (int)atomic_load(&area.head->log_lost), 3 + LP_AREA_LOG / 1000 + 10);
	ck_assert_uint_ge(atomic_load(&area.head->log_lost), 10);
	lp_area_unmap(&area);
}
END_TEST

START_TEST(random_bytes_over_lines)
{
	struct lp_area area;

	create_area(&area);
	for (int round = 0; round < 5000; round++) {
		struct lines lines = { 0 };
		uint64_t told = 0;
		char *log = (char *)area.head + sizeof *area.head;

		atomic_store(&area.head->log_used, 0);
		for (uint32_t i = 0; i < 20; i++)
			lp_area_log(&area, i, LP_LOG_INFO, "stdout", "plant", "some words");
		for (uint64_t times = 1 + random_below(3); times > 0; times--)
			write_random(log, 1024);
		if (random_below(4) == 0)
			write_random((char *)&area.head->log_used, sizeof area.head->log_used);
		lp_area_each_line(&area, &told, note_line, &lines);
		ck_assert_uint_le(lines.bytes, LP_AREA_LOG);
	}
	lp_area_unmap(&area);
}
END_TEST

START_TEST(an_area_is_as_large_as_files_may_be)
{
	struct rlimit limit = { .rlim_cur = 16 << 20, .rlim_max = RLIM_INFINITY };
	struct lp_area area;
	struct lp_error error = { 0 };

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = (16 << 20) + 5;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	create_area(&area);
	ck_assert_uint_eq(area.size, 16 << 20);
	ck_assert(lp_area_has_room(&area));
	ck_assert_uint_lt(lp_area_results_most(&area), LP_RESULT_SAMPLES_MOST);
	answer(&area, 0);
	lp_area_unmap(&area);
	limit.rlim_cur = 1 << 20;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert(!lp_area_create(&area, "test", &error));
	ck_assert_int_eq(error.exit, LP_EXIT_TEMPORARY);
	ck_assert_ptr_nonnull(strstr(error.hint, "ulimit"));
}
END_TEST

START_TEST(an_area_of_another_size_is_refused)
{
	int descriptor = memfd_create("small", MFD_CLOEXEC);
	struct lp_area area;
	struct lp_error error = { 0 };

	ck_assert_int_eq(ftruncate(descriptor, 4096), 0);
	ck_assert(!lp_area_map(&area, descriptor, &error));
	ck_assert_int_eq(error.exit, LP_EXIT_INTERNAL);
}
END_TEST

/*
 * Messages.
 */

static void make_pair(int sockets[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
}

static bool is_same_file(int one, int other)
{
	struct stat first, second;

	return fstat(one, &first) == 0 && fstat(other, &second) == 0 && first.st_ino == second.st_ino;
}

START_TEST(messages_are_whole_and_bring_descriptors)
{
	struct lp_reply sent = { .kind = LP_REPLY_FORKED, .process = 17 }, got;
	int sockets[2], descriptors[LP_REPLY_DESCRIPTORS], before;
	const int given[LP_REPLY_DESCRIPTORS] = { memfd_create("a", 0), memfd_create("b", 0), memfd_create("c", 0),
		                                  memfd_create("d", 0) };

	make_pair(sockets);
	before = count_descriptors();
	ck_assert(lp_send(sockets[0], &sent, sizeof sent, given, LP_REPLY_DESCRIPTORS));
	ck_assert(lp_send(sockets[0], &sent, sizeof sent, NULL, 0));
	ck_assert(lp_receive(sockets[1], &got, sizeof got, descriptors, LP_REPLY_DESCRIPTORS));
	ck_assert_int_eq(got.process, 17);
	for (int i = 0; i < LP_REPLY_DESCRIPTORS; i++) {
		ck_assert(is_same_file(descriptors[i], given[i]));
		ck_assert_int_eq(fcntl(descriptors[i], F_GETFD), FD_CLOEXEC);
		close(descriptors[i]);
	}
	/* Who says why there are none sends none. */
	ck_assert(lp_receive(sockets[1], &got, sizeof got, descriptors, LP_REPLY_DESCRIPTORS));
	ck_assert_int_eq(descriptors[0], -1);
	ck_assert_int_eq(count_descriptors(), before);
}
END_TEST

START_TEST(messages_that_make_no_sense)
{
	char bytes[512] = "";
	struct lp_part_done done;
	int sockets[2], descriptors[LP_REPLY_DESCRIPTORS], before;
	const int given[] = { STDIN_FILENO, STDIN_FILENO };

	make_pair(sockets);
	before = count_descriptors();
	for (size_t size = 1; size < 32; size++) {
		if (size == sizeof done)
			continue;
		ck_assert(lp_send(sockets[0], bytes, size, NULL, 0));
		ck_assert(!lp_receive(sockets[1], &done, sizeof done, NULL, 0));
		ck_assert_int_eq(errno, EPROTO);
	}
	/* Descriptors that nobody asked for, or not so many, are closed. */
	ck_assert(lp_send(sockets[0], &done, sizeof done, given, 2));
	ck_assert(lp_receive(sockets[1], &done, sizeof done, NULL, 0));
	ck_assert(lp_send(sockets[0], &done, sizeof done, given, 2));
	ck_assert(lp_receive(sockets[1], &done, sizeof done, descriptors, LP_REPLY_DESCRIPTORS));
	ck_assert_int_eq(descriptors[0], -1);
	ck_assert(lp_send(sockets[0], bytes, 100, given, 2));
	ck_assert(!lp_receive(sockets[1], &done, sizeof done, descriptors, 2));
	for (int i = 0; i < 2; i++)
		close(descriptors[i]);
	ck_assert_int_eq(count_descriptors(), before);
}
END_TEST

START_TEST(the_other_side_is_gone)
{
	int sockets[2];
	struct lp_order order = { 0 };

	make_pair(sockets);
	close(sockets[1]);
	ck_assert(!lp_receive(sockets[0], &order, sizeof order, NULL, 0));
	ck_assert_int_eq(errno, 0);
	/* No signal either. */
	ck_assert(!lp_send(sockets[0], &order, sizeof order, NULL, 0));
	ck_assert_int_eq(errno, EPIPE);
}
END_TEST

START_TEST(numbers_and_texts)
{
	struct lp_text text = { 0 };
	struct lp_arena arena = { 0 };
	struct lp_reading reading;

	lp_put_number(&text, INT64_MIN);
	lp_put_text(&text, "gr\xc3\xb6\xc3\x9f"
	                   "er");
	lp_put_text(&text, "");
	lp_put_text(&text, NULL);
	lp_put_text(&text, "half \xc3");
	reading = (struct lp_reading){ .at = text.data, .end = text.data + text.length };
	ck_assert_int_eq(lp_get_number(&reading, INT64_MIN, INT64_MAX), INT64_MIN);
	ck_assert_str_eq(lp_get_text(&reading, &arena), "gr\xc3\xb6\xc3\x9f"
	                                                "er");
	ck_assert_str_eq(lp_get_text(&reading, &arena), "");
	ck_assert_ptr_null(lp_get_text(&reading, &arena));
	ck_assert(!reading.bad);
	/* No UTF-8; and from there on nothing is read any more. */
	ck_assert_str_eq(lp_get_text(&reading, &arena), "");
	ck_assert(reading.bad);
	ck_assert_int_eq(lp_get_number(&reading, 5, 6), 0);
	ck_assert_str_eq(lp_get_text(&reading, &arena), "");
	reading = (struct lp_reading){ .at = text.data, .end = text.data + text.length };
	ck_assert_int_eq(lp_get_number(&reading, 0, 1), 0);
	ck_assert(reading.bad);
	lp_text_free(&text);
	lp_arena_free(&arena);
}
END_TEST

/*
 * What a rule server is told, and what it tells.
 */

START_TEST(setup_arrives)
{
	static const char *const read[] = { "/srv/tables", "/srv/more" }, *const written[] = { "/var/out" };
	struct lp_setup setup = { .rules = "/etc/rules",
		                  .rights = { .network = true,
		                              .read = read,
		                              .read_count = 2,
		                              .write = written,
		                              .write_count = 1 },
		                  .memory_limit = 1 << 30,
		                  .level = LP_LOG_WARNING,
		                  .shared_address = 0x200000000000,
		                  .shared_size = 1 << 20,
		                  .skips = { { "pumps", "ImportError", "it kills", "Traceback" },
		                             { "valves", "TimeLimit", "it hangs", NULL } },
		                  .skip_count = 2 },
			told;
	struct lp_text text = { 0 };
	struct lp_arena arena = { 0 };

	lp_setup_write(&setup, &text);
	ck_assert(lp_setup_read(text.data, text.length, &arena, &told));
	ck_assert_str_eq(told.rules, "/etc/rules");
	ck_assert_ptr_null(told.tzdata);
	ck_assert(told.rights.network);
	ck_assert_uint_eq(told.rights.read_count, 2);
	ck_assert_str_eq(told.rights.read[1], "/srv/more");
	ck_assert_uint_eq(told.rights.write_count, 1);
	ck_assert_str_eq(told.rights.write[0], "/var/out");
	ck_assert_int_eq(told.memory_limit, 1 << 30);
	ck_assert_int_eq(told.level, LP_LOG_WARNING);
	ck_assert_uint_eq(told.shared_address, 0x200000000000);
	ck_assert_uint_eq(told.shared_size, 1 << 20);
	ck_assert_uint_eq(told.skip_count, 2);
	ck_assert_str_eq(told.skips[0].module, "pumps");
	ck_assert_str_eq(told.skips[0].traceback, "Traceback");
	ck_assert_str_eq(told.skips[1].reason, "it hangs");
	ck_assert_ptr_null(told.skips[1].traceback);
	for (size_t size = 0; size < text.length; size++) {
		/* A copy of that size: a sanitizer sees who reads on. */
		char *part = memcpy(lp_allocate(size), text.data, size);

		ck_assert_msg(!lp_setup_read(part, size, &arena, &told), "%zu of %zu bytes are enough", size,
		              text.length);
		free(part);
	}
	lp_text_free(&text);
	lp_arena_free(&arena);
}
END_TEST

static void write_catalogue(struct lp_text *text)
{
	struct lp_rule_input inputs[] = { { "x", false, false, 7 }, { "more", true, true, LP_LOOKBACK_HOLD } };
	struct lp_rule_parameter parameters[] = { { "k", LP_PARAMETER_FLOAT, true, "2.5", NULL },
		                                  { "mode", LP_PARAMETER_TEXT, false, NULL, "[\"a\",\"b\"]" } };
	const char *names[] = { "low", "high" };
	struct lp_rule rules[] = {
		{ .name = "mean", .summary = "", .documentation = "", .file = "built in", .version = "0123456789ab" },
		{ .name = "pump.f",
		  .summary = "Says.",
		  .documentation = "Says.\n\nMore.",
		  .file = "rules/pump.py",
		  .line = 3,
		  .version = "ba9876543210",
		  .inputs = inputs,
		  .input_count = 2,
		  .parameters = parameters,
		  .parameter_count = 2,
		  .outputs = names,
		  .output_count = 2,
		  .returns = LP_RETURNS_SERIES },
	};
	const struct lp_rule_catalogue catalogue = { rules, 2 };
	struct lp_problems problems = { 0 };

	lp_problem_add(&problems, "rules/bad.py", 4, 2, "SyntaxError: %s", "no");
	lp_catalogue_write(&catalogue, &problems, text);
	lp_problems_free(&problems);
}

START_TEST(catalogue_arrives)
{
	struct lp_text text = { 0 };
	struct lp_arena arena = { 0 };
	struct lp_problems problems = { 0 };
	struct lp_rule_catalogue catalogue;
	const struct lp_rule *rule;

	write_catalogue(&text);
	ck_assert(lp_catalogue_read(text.data, text.length, &arena, &catalogue, &problems));
	ck_assert_uint_eq(catalogue.count, 2);
	ck_assert_ptr_nonnull(lp_rule_find(&catalogue, "mean"));
	rule = lp_rule_find(&catalogue, "pump.f");
	ck_assert_ptr_nonnull(rule);
	ck_assert_str_eq(rule->documentation, "Says.\n\nMore.");
	ck_assert_int_eq(rule->line, 3);
	ck_assert_uint_eq(rule->input_count, 2);
	ck_assert_int_eq(rule->inputs[0].lookback, 7);
	ck_assert(rule->inputs[1].optional && rule->inputs[1].many);
	ck_assert_int_eq(rule->inputs[1].lookback, LP_LOOKBACK_HOLD);
	ck_assert_uint_eq(rule->parameter_count, 2);
	ck_assert(rule->parameters[0].nullable);
	ck_assert_str_eq(rule->parameters[0].default_value, "2.5");
	ck_assert_ptr_null(rule->parameters[1].default_value);
	ck_assert_str_eq(rule->parameters[1].choices, "[\"a\",\"b\"]");
	ck_assert_int_eq(rule->parameters[1].type, LP_PARAMETER_TEXT);
	ck_assert_uint_eq(rule->output_count, 2);
	ck_assert_str_eq(rule->outputs[1], "high");
	ck_assert_int_eq(rule->returns, LP_RETURNS_SERIES);
	ck_assert_uint_eq(problems.count, 1);
	ck_assert_str_eq(problems.items[0].what, "SyntaxError: no");
	ck_assert_int_eq(problems.items[0].line, 4);
	lp_problems_free(&problems);
	lp_text_free(&text);
	lp_arena_free(&arena);
}
END_TEST

/* Whatever is believed has all of its texts. */
static void assert_catalogue(const struct lp_rule_catalogue *catalogue)
{
	for (size_t i = 0; i < catalogue->count; i++) {
		const struct lp_rule *rule = &catalogue->rules[i];

		ck_assert(lp_utf8_is_valid(rule->name) && lp_utf8_is_valid(rule->file) &&
		          lp_utf8_is_valid(rule->version));
		ck_assert(lp_utf8_is_valid(rule->summary) && lp_utf8_is_valid(rule->documentation));
		for (size_t j = 0; j < rule->input_count; j++)
			ck_assert(lp_utf8_is_valid(rule->inputs[j].name));
		for (size_t j = 0; j < rule->parameter_count; j++)
			ck_assert(lp_utf8_is_valid(rule->parameters[j].name));
		for (size_t j = 0; j < rule->output_count; j++)
			ck_assert(lp_utf8_is_valid(rule->outputs[j]));
	}
}

START_TEST(a_damaged_catalogue_is_refused)
{
	struct lp_text text = { 0 };
	struct lp_arena arena = { 0 };

	write_catalogue(&text);
	for (size_t size = 0; size < text.length; size++) {
		char *part = memcpy(lp_allocate(size), text.data, size);
		struct lp_problems problems = { 0 };
		struct lp_rule_catalogue catalogue;

		ck_assert_msg(!lp_catalogue_read(part, size, &arena, &catalogue, &problems),
		              "%zu of %zu bytes are enough", size, text.length);
		lp_problems_free(&problems);
		free(part);
	}
	for (int round = 0; round < 20000; round++) {
		char *copy = memcpy(lp_allocate(text.length), text.data, text.length);
		struct lp_problems problems = { 0 };
		struct lp_rule_catalogue catalogue;

		for (uint64_t times = 1 + random_below(3); times > 0; times--)
			write_random(copy, text.length);
		if (lp_catalogue_read(copy, text.length, &arena, &catalogue, &problems))
			assert_catalogue(&catalogue);
		lp_problems_free(&problems);
		free(copy);
		lp_arena_free(&arena);
	}
	lp_text_free(&text);
	lp_arena_free(&arena);
}
END_TEST

/*
 * The memory that batches are shared in.
 */

static void open_shared(struct lp_shared *shared)
{
	struct lp_error error = { 0 };

	ck_assert_msg(lp_shared_open(shared, &error), "%s", error.what);
}

START_TEST(pieces_come_back)
{
	enum { COUNT = 40 };
	struct lp_shared shared;
	char *pieces[COUNT];
	size_t sizes[COUNT];

	open_shared(&shared);
	for (int i = 0; i < COUNT; i++) {
		sizes[i] = (size_t)1 << (10 + i % 12);
		pieces[i] = shared.source.take(&shared.source, &sizes[i]);
		ck_assert_ptr_nonnull(pieces[i]);
		ck_assert_uint_ge(sizes[i], (size_t)1 << (10 + i % 12));
		ck_assert_uint_eq((uintptr_t)pieces[i] % 16, 0);
		memset(pieces[i], i, sizes[i]);
	}
	for (int i = 0; i < COUNT; i++)
		ck_assert(pieces[i][0] == i && pieces[i][sizes[i] - 1] == i);
	/* What was given last is taken next: its pages are there. */
	for (int i = 0; i < COUNT; i++)
		shared.source.give(&shared.source, pieces[i], sizes[i]);
	for (int i = COUNT - 1; i >= COUNT - 12; i--) {
		size_t size = sizes[i];

		if (sizes[i] > 1 << 16)
			ck_assert_ptr_eq(shared.source.take(&shared.source, &size), pieces[i]);
	}
	lp_shared_close(&shared);
}
END_TEST

static blkcnt_t blocks_of(int descriptor)
{
	struct stat status;

	ck_assert_int_eq(fstat(descriptor, &status), 0);
	return status.st_blocks;
}

START_TEST(a_large_piece_gives_its_pages_back)
{
	struct lp_shared shared;
	size_t size = 32 << 20, small = 1 << 16, too_much = (size_t)1 << 40;
	char *piece, *other;

	open_shared(&shared);
	other = shared.source.take(&shared.source, &small);
	piece = shared.source.take(&shared.source, &size);
	memset(piece, 'x', size);
	ck_assert_int_ge(blocks_of(shared.descriptor), 65536);
	shared.source.give(&shared.source, piece, size);
	ck_assert_int_lt(blocks_of(shared.descriptor), 1024);
	ck_assert_ptr_eq(shared.source.take(&shared.source, &size), piece);
	ck_assert_int_ge(blocks_of(shared.descriptor), 65536);
	piece[size - 1] = 'x';
	/* What cannot be had is an error, and costs nobody else anything. */
	ck_assert_ptr_null(shared.source.take(&shared.source, &too_much));
	too_much = SIZE_MAX - 64;
	ck_assert_ptr_null(shared.source.take(&shared.source, &too_much));
	shared.source.give(&shared.source, other, small);
	ck_assert_ptr_eq(shared.source.take(&shared.source, &small), other);
	lp_shared_close(&shared);
}
END_TEST

static void *take_and_give(void *context)
{
	struct lp_shared *shared = context;

	for (int round = 0; round < 2000; round++) {
		size_t size = (size_t)1 << (12 + round % 8);
		uint64_t *piece = shared->source.take(&shared->source, &size);

		ck_assert_ptr_nonnull(piece);
		piece[0] = piece[size / 8 - 1] = (uintptr_t)&size;
		sched_yield();
		ck_assert(piece[0] == (uintptr_t)&size && piece[size / 8 - 1] == (uintptr_t)&size);
		shared->source.give(&shared->source, piece, size);
	}
	return NULL;
}

START_TEST(threads_get_pieces_of_their_own)
{
	struct lp_shared shared;
	pthread_t threads[4];

	open_shared(&shared);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, take_and_give, &shared), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	lp_shared_close(&shared);
}
END_TEST

/* In another process. */
static int look_from_outside(struct lp_shared *shared, const char *piece)
{
	struct lp_error error = { 0 };

	munmap(shared->address, shared->size);
	if (!lp_shared_join(shared->reader, shared->address, shared->size, &error))
		return 1;
	if (strcmp(piece, "written before") != 0)
		return 2;
	if (mprotect(shared->address, 1 << 16, PROT_READ | PROT_WRITE) == 0)
		return 3;
	if (mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_SHARED, shared->reader, 0) != MAP_FAILED)
		return 4;
	if (write(shared->reader, "x", 1) >= 0 || ftruncate(shared->reader, 0) == 0)
		return 5;
	return 0;
}

START_TEST(others_see_it_and_cannot_write)
{
	struct lp_shared shared;
	size_t size = 100;
	int status;
	char *piece;
	pid_t child;

	open_shared(&shared);
	piece = shared.source.take(&shared.source, &size);
	strcpy(piece, "written before");
	child = fork();
	if (child == 0)
		_exit(look_from_outside(&shared, piece));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	/* Nor can anybody take the pages away. */
	ck_assert_int_ne(ftruncate(shared.descriptor, 0), 0);
	lp_shared_close(&shared);
}
END_TEST

START_TEST(less_is_taken_where_files_are_small)
{
	struct rlimit limit;
	struct lp_shared shared;
	struct lp_error error = { 0 };
	size_t size = (size_t)256 << 20;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = 100 << 20;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	open_shared(&shared);
	ck_assert_uint_le(shared.size, 100 << 20);
	ck_assert_ptr_null(shared.source.take(&shared.source, &size));
	size = 16 << 20;
	ck_assert_ptr_nonnull(shared.source.take(&shared.source, &size));
	lp_shared_close(&shared);
	limit.rlim_cur = 1 << 20;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert(!lp_shared_open(&shared, &error));
	ck_assert_int_eq(error.exit, LP_EXIT_TEMPORARY);
	ck_assert_ptr_nonnull(strstr(error.hint, "ulimit"));
}
END_TEST

/*
 * Real processes.
 */

/* Of an interpreter process that is not at work yet: its area, mapped once more, for as long as the case lives. */
static struct lp_interpreter *open_interpreter(struct lp_area *area)
{
	struct lp_interpreter *interpreter;
	struct lp_error error = { 0 };

	ck_assert_msg(lp_interpreter_open(fixture.server, &interpreter, &error), "%s", error.what);
	ck_assert_msg(start_process(interpreter, fixture.memory_limit, &error), "%s", error.what);
	ck_assert(lp_area_map(area, dup(interpreter->area.descriptor), &error));
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
		{ sizeof(struct lp_area_head), 4096 },               /* lines */
		{ sizeof(struct lp_area_head) + LP_AREA_LOG, 4096 }, /* results and texts */
		{ 0, sizeof(struct lp_area_head) + LP_AREA_LOG + 4096 },
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
			atomic_store(&pulse->began, INT64_MAX / 2);
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

	for (size_t i = 0; i < 7; i++) {
		if (i % 2 == 0)
			ck_assert_int_eq(batch->tasks[i].outcome.state, LP_STATE_OK);
		else
			assert_crashed(batch, i);
	}
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
START_TEST(lines_of_many_parts_are_told_once)
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
START_TEST(lines_of_who_is_computed_again_are_told_once)
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

START_TEST(lines_that_are_lost_are_told)
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
	Suite *suite = suite_create("process");
	TCase *words = tcase_create("words"), *processes = tcase_create("processes");
	SRunner *runner;
	int failed;

	tcase_set_timeout(words, 120);
	tcase_add_test(words, answers_come_back_as_they_were);
	tcase_add_test(words, answers_that_make_no_sense);
	tcase_add_test(words, results_that_make_no_sense);
	tcase_add_test(words, random_bytes_over_an_answer);
	tcase_add_test(words, lines_come_once_and_in_order);
	tcase_add_test(words, random_bytes_over_lines);
	tcase_add_test(words, an_area_is_as_large_as_files_may_be);
	tcase_add_test(words, an_area_of_another_size_is_refused);
	tcase_add_test(words, messages_are_whole_and_bring_descriptors);
	tcase_add_test(words, messages_that_make_no_sense);
	tcase_add_test(words, the_other_side_is_gone);
	tcase_add_test(words, numbers_and_texts);
	tcase_add_test(words, setup_arrives);
	tcase_add_test(words, catalogue_arrives);
	tcase_add_test(words, a_damaged_catalogue_is_refused);
	tcase_add_test(words, pieces_come_back);
	tcase_add_test(words, a_large_piece_gives_its_pages_back);
	tcase_add_test(words, threads_get_pieces_of_their_own);
	tcase_add_test(words, others_see_it_and_cannot_write);
	tcase_add_test(words, less_is_taken_where_files_are_small);
	suite_add_tcase(suite, words);
	tcase_set_timeout(processes, 60);
	tcase_add_test(processes, random_bytes_over_areas_of_rules_at_work);
	tcase_add_loop_test(processes, who_lies_about_its_time_is_ended, 0, 4);
	tcase_add_test(processes, answers_of_an_earlier_part_are_not_taken);
	tcase_add_test(processes, a_rule_that_writes_into_its_socket);
	tcase_add_test(processes, who_may_not_be_to_blame_is_computed_once_more);
	tcase_add_test(processes, a_rule_has_its_socket_and_nothing_else_open);
	if (!FIXTURE_ADDRESS_SANITIZER && !FIXTURE_THREAD_SANITIZER) {
		tcase_add_test(processes, each_process_has_the_same_memory);
		tcase_add_test(processes, a_calculation_has_memory_of_its_own);
		tcase_add_test(processes, no_rule_raises_its_own_limit);
	}
	tcase_add_test(processes, a_process_has_one_limit);
	tcase_add_test(processes, workers_compute_at_the_same_time);
	tcase_add_test(processes, lines_of_many_parts_are_told_once);
	tcase_add_test(processes, lines_of_who_is_computed_again_are_told_once);
	tcase_add_test(processes, lines_that_are_lost_are_told);
	suite_add_tcase(suite, processes);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
