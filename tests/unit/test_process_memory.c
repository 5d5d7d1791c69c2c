/*
 * The memory that processes share: areas of answers and lines, of which the main
 * process believes nothing, also with random bytes over them, and the memory of
 * the batches.
 */
#include "random_bytes.h"

#include "process/shared.h"
#include "text/utf8.h"

#include <check.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct lp_output outputs[] = { { .name = "a", .unit = "" }, { .name = "b", .unit = "" } };
static struct lp_calculation calculation = { .outputs = outputs, .output_count = 2 };

/* A batch of tasks that have nothing but a place for their outcome. */
enum { TASKS = LP_AREA_TASKS + 1 };
static struct lp_task tasks[TASKS];
static struct lp_batch batch = { .calculations = &calculation, .tasks = tasks };

static bool take(const struct lp_area *area, uint32_t index, const char **leftovers)
{
	bool interrupted = true;
	bool ok;

	tasks[index] = (struct lp_task){ .coverage = 1 };
	ok = lp_area_take_answer(area, &batch, index, &interrupted, leftovers);
	ck_assert(!ok || !interrupted);
	return ok;
}

/* One answer as a rule's process makes it: two results, and texts of all kinds. */
static void answer(struct lp_area *area, uint32_t index)
{
	struct lp_arena arena;
	struct lp_outcome outcome = { .state = LP_STATE_OK, .duration = 17, .samples_read = 3, .rule_version = "0123" };
	const struct lp_call_report report = { .coverage = 0.5, .leftovers = "sys.path" };

	arena = (struct lp_arena){ .source = &area->source };
	outcome.results = lp_arena_zeroed(&arena, 2, sizeof *outcome.results);
	outcome.result_count = 2;
	outcome.results[0] = (struct lp_result){ .output = 0, .time = 5, .value = 1.5 };
	outcome.results[1] = (struct lp_result){ .output = 1, .quality = LP_QUALITY_BAD, .time = 5, .value = -2 };
	outcome.error_message = lp_arena_text(&arena, "gr\xc3\xb6\xc3\x9f"
	                                              "er");
	lp_area_put_answer(area, index, &outcome, &report);
}

static void create_area(struct lp_area *area)
{
	struct lp_error error = { 0 };

	ck_assert_msg(lp_area_create(area, "test", &error), "%s", error.what);
	lp_area_reset(area, 1);
}

START_TEST(answers_come_back_as_they_were)
{
	struct lp_area area, mapped;
	struct lp_error error = { 0 };
	const char *leftovers;

	create_area(&area);
	answer(&area, TASKS - 2);
	answer(&area, TASKS - 1);
	ck_assert_uint_eq(atomic_load(&area.head->computed), TASKS);
	ck_assert(lp_area_map(&mapped, dup(area.descriptor), &error));
	mapped.part = 1;
	for (uint32_t index = TASKS - 2; index < TASKS; index++) {
		const struct lp_task *task = &tasks[index];

		ck_assert(take(&mapped, index, &leftovers));
		ck_assert_int_eq(task->outcome.state, LP_STATE_OK);
		ck_assert_int_eq(task->outcome.duration, 17);
		ck_assert_uint_eq(task->outcome.samples_read, 3);
		ck_assert_str_eq(task->outcome.rule_version, "0123");
		ck_assert_str_eq(task->outcome.error_message, "gr\xc3\xb6\xc3\x9f"
		                                              "er");
		ck_assert_ptr_null(task->outcome.error_type);
		ck_assert_uint_eq(task->outcome.result_count, 2);
		ck_assert_double_eq(task->outcome.results[0].value, 1.5);
		ck_assert_uint_eq(task->outcome.results[1].quality, LP_QUALITY_BAD);
		ck_assert_double_eq(task->coverage, 0.5);
		ck_assert_str_eq(leftovers, "sys.path");
	}
	lp_area_unmap(&mapped);
	lp_area_unmap(&area);
	/* They are the batch's own. */
	ck_assert_double_eq(tasks[TASKS - 1].outcome.results[1].value, -2);
	lp_arena_free(&batch.arena);
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
		LIE(coverage, 0x7ff8000000000000), /* NaN */
		LIE(coverage, 0x4000000000000000), /* 2 */
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

	create_area(&area);
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		const char *leftovers;

		answer(&area, 0);
		memcpy((char *)&area.head->answers[0] + lies[i].offset, &lies[i].number, lies[i].size);
		ck_assert_msg(!take(&area, 0, &leftovers), "number %zu is believed", i);
		ck_assert_uint_eq(tasks[0].outcome.result_count, 0);
	}
	lp_area_unmap(&area);
	lp_arena_free(&batch.arena);
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

	create_area(&area);
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		struct lp_result *results;
		const char *leftovers;

		answer(&area, 0);
		results = (struct lp_result *)((char *)area.head + area.head->answers[0].results.offset);
		results[1] = lies[i];
		ck_assert_msg(!take(&area, 0, &leftovers), "number %zu is believed", i);
	}
	lp_area_unmap(&area);
	lp_arena_free(&batch.arena);
}
END_TEST

static void assert_text(const char *text)
{
	ck_assert(text == NULL || lp_utf8_is_valid(text));
}

START_TEST(random_bytes_over_an_answer)
{
	struct lp_area area;
	int believed = 0;

	create_area(&area);
	for (int round = 0; round < 5000; round++) {
		const char *leftovers = NULL;
		bool interrupted;

		lp_arena_free(&batch.arena);
		tasks[0] = (struct lp_task){ .coverage = 1 };
		lp_area_reset(&area, 1);
		answer(&area, 0);
		for (uint64_t times = 1 + random_below(3); times > 0; times--)
			write_random((char *)&area.head->answers[0], sizeof area.head->answers[0]);
		/* And where results and texts are. */
		if (random_below(4) == 0)
			write_random((char *)area.head + LP_AREA_DATA_BEGIN, 256);
		if (!lp_area_take_answer(&area, &batch, 0, &interrupted, &leftovers))
			continue;
		believed++;
		ck_assert((tasks[0].outcome.state == LP_STATE_OK) == (tasks[0].outcome.result_count > 0));
		for (size_t i = 0; i < tasks[0].outcome.result_count; i++)
			ck_assert(isfinite(tasks[0].outcome.results[i].value) &&
			          tasks[0].outcome.results[i].output < 2);
		ck_assert(tasks[0].coverage >= 0 && tasks[0].coverage <= 1);
		assert_text(tasks[0].outcome.rule_version);
		assert_text(tasks[0].outcome.error_type);
		assert_text(tasks[0].outcome.error_message);
		assert_text(tasks[0].outcome.error_traceback);
		assert_text(leftovers);
	}
	ck_assert_int_gt(believed, 0);
	lp_area_unmap(&area);
	lp_arena_free(&batch.arena);
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
	uint64_t position = 0;

	create_area(&area);
	lp_area_put_line(&area, 3, LP_LOG_INFO, "stdout", NULL, "one");
	lp_area_each_line(&area, &position, note_line, &lines);
	ck_assert_int_eq(lines.count, 1);
	ck_assert_str_eq(lines.last, "stdout - one");
	ck_assert_uint_eq(lines.last_task, 3);
	lp_area_put_line(&area, 4, LP_LOG_WARNING, "logging", "plant", "");
	lp_area_put_line(&area, 5, LP_LOG_ERROR, "logging", "plant", "three");
	lines.not_yet = 5;
	lp_area_each_line(&area, &position, note_line, &lines);
	ck_assert_int_eq(lines.count, 2);
	lines.not_yet = 0;
	lp_area_each_line(&area, &position, note_line, &lines);
	ck_assert_int_eq(lines.count, 3);
	ck_assert_str_eq(lines.last, "logging plant three");
	ck_assert_uint_eq(lines.last_task, 5);
	/* What there is no room for is counted. */
	for (int i = 0; i < LP_AREA_LOG / 1000 + 10; i++) {
		static char text[1000];

		memset(text, 'x', sizeof text - 1);
		lp_area_put_line(&area, 6, LP_LOG_INFO, "stdout", NULL, text);
	}
	lp_area_each_line(&area, &position, note_line, &lines);
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
		uint64_t position = 0;
		char *log = (char *)area.head + LP_AREA_LOG_BEGIN;

		atomic_store(&area.head->log_used, 0);
		for (uint32_t i = 0; i < 20; i++)
			lp_area_put_line(&area, i, LP_LOG_INFO, "stdout", "plant", "some words");
		for (uint64_t times = 1 + random_below(3); times > 0; times--)
			write_random(log, 1024);
		if (random_below(4) == 0)
			write_random((char *)&area.head->log_used, sizeof area.head->log_used);
		lp_area_each_line(&area, &position, note_line, &lines);
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
 * The memory of the batches.
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

int main(void)
{
	Suite *suite = suite_create("process memory");
	TCase *memory = tcase_create("memory");
	SRunner *runner;
	int failed;

	tcase_set_timeout(memory, 120);
	tcase_add_test(memory, answers_come_back_as_they_were);
	tcase_add_test(memory, answers_that_make_no_sense);
	tcase_add_test(memory, results_that_make_no_sense);
	tcase_add_test(memory, random_bytes_over_an_answer);
	tcase_add_test(memory, lines_come_once_and_in_order);
	tcase_add_test(memory, random_bytes_over_lines);
	tcase_add_test(memory, an_area_is_as_large_as_files_may_be);
	tcase_add_test(memory, an_area_of_another_size_is_refused);
	tcase_add_test(memory, pieces_come_back);
	tcase_add_test(memory, a_large_piece_gives_its_pages_back);
	tcase_add_test(memory, threads_get_pieces_of_their_own);
	tcase_add_test(memory, others_see_it_and_cannot_write);
	tcase_add_test(memory, less_is_taken_where_files_are_small);
	suite_add_tcase(suite, memory);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
