/*
 * The messages between the processes: small ones over sockets, records, the setup
 * of a rule server and its catalogue, also with random bytes over it.
 */
#include "random_bytes.h"

#include "process/message.h"
#include "process/record.h"
#include "process/setup.h"
#include "text/utf8.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int count_descriptors(void)
{
	int count = 0;

	for (int i = 0; i < 256; i++)
		count += fcntl(i, F_GETFD) >= 0;
	return count;
}

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
	struct lp_part_reply reply;
	int sockets[2], descriptors[LP_REPLY_DESCRIPTORS], before;
	const int given[] = { STDIN_FILENO, STDIN_FILENO };

	make_pair(sockets);
	before = count_descriptors();
	for (size_t size = 1; size < 32; size++) {
		if (size == sizeof reply)
			continue;
		ck_assert(lp_send(sockets[0], bytes, size, NULL, 0));
		ck_assert(!lp_receive(sockets[1], &reply, sizeof reply, NULL, 0));
		ck_assert_int_eq(errno, EPROTO);
	}
	/* Descriptors that nobody asked for, or not so many, are closed. */
	ck_assert(lp_send(sockets[0], &reply, sizeof reply, given, 2));
	ck_assert(lp_receive(sockets[1], &reply, sizeof reply, NULL, 0));
	ck_assert(lp_send(sockets[0], &reply, sizeof reply, given, 2));
	ck_assert(lp_receive(sockets[1], &reply, sizeof reply, descriptors, LP_REPLY_DESCRIPTORS));
	ck_assert_int_eq(descriptors[0], -1);
	ck_assert(lp_send(sockets[0], bytes, 100, given, 2));
	ck_assert(!lp_receive(sockets[1], &reply, sizeof reply, descriptors, 2));
	for (int i = 0; i < 2; i++)
		close(descriptors[i]);
	ck_assert_int_eq(count_descriptors(), before);
}
END_TEST

START_TEST(the_other_side_has_closed)
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

static int64_t read_number(struct lp_record *record, int64_t least, int64_t most)
{
	int64_t number = 77;

	lp_record_number(record, &number, least, most);
	return number;
}

static const char *read_text(struct lp_record *record)
{
	const char *text = "none yet";

	lp_record_text(record, &text);
	return text;
}

START_TEST(numbers_and_texts)
{
	const char *texts[] = { "gr\xc3\xb6\xc3\x9f"
		                "er",
		                "", NULL, "half \xc3" };
	struct lp_text text = { 0 };
	struct lp_arena arena = { 0 };
	struct lp_record record = { .text = &text };
	int64_t number = INT64_MIN;

	lp_record_number(&record, &number, 0, 0);
	for (size_t i = 0; i < 4; i++)
		lp_record_text(&record, &texts[i]);
	ck_assert(!record.bad);
	record = (struct lp_record){ .at = text.data, .end = text.data + text.length, .arena = &arena };
	ck_assert_int_eq(read_number(&record, INT64_MIN, INT64_MAX), INT64_MIN);
	ck_assert_str_eq(read_text(&record), texts[0]);
	ck_assert_str_eq(read_text(&record), "");
	ck_assert_ptr_null(read_text(&record));
	ck_assert(!record.bad);
	/* No UTF-8; and from there on nothing is read any more. */
	ck_assert_str_eq(read_text(&record), "");
	ck_assert(record.bad);
	ck_assert_int_eq(read_number(&record, 5, 6), 0);
	ck_assert_str_eq(read_text(&record), "");
	record = (struct lp_record){ .at = text.data, .end = text.data + text.length, .arena = &arena };
	ck_assert_int_eq(read_number(&record, 0, 1), 0);
	ck_assert(record.bad);
	lp_text_free(&text);
	lp_arena_free(&arena);
}
END_TEST

/*
 * Setup and catalogue.
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
			arrived;
	struct lp_text text = { 0 };
	struct lp_arena arena = { 0 };

	lp_setup_write(&setup, &text);
	ck_assert(lp_setup_read(text.data, text.length, &arena, &arrived));
	ck_assert_str_eq(arrived.rules, "/etc/rules");
	ck_assert_ptr_null(arrived.tzdata);
	ck_assert(arrived.rights.network);
	ck_assert_uint_eq(arrived.rights.read_count, 2);
	ck_assert_str_eq(arrived.rights.read[1], "/srv/more");
	ck_assert_uint_eq(arrived.rights.write_count, 1);
	ck_assert_str_eq(arrived.rights.write[0], "/var/out");
	ck_assert_int_eq(arrived.memory_limit, 1 << 30);
	ck_assert_int_eq(arrived.level, LP_LOG_WARNING);
	ck_assert_uint_eq(arrived.shared_address, 0x200000000000);
	ck_assert_uint_eq(arrived.shared_size, 1 << 20);
	ck_assert_uint_eq(arrived.skip_count, 2);
	ck_assert_str_eq(arrived.skips[0].module, "pumps");
	ck_assert_str_eq(arrived.skips[0].traceback, "Traceback");
	ck_assert_str_eq(arrived.skips[1].reason, "it hangs");
	ck_assert_ptr_null(arrived.skips[1].traceback);
	for (size_t size = 0; size < text.length; size++) {
		/* A copy of that size: a sanitizer sees who reads on. */
		char *part = memcpy(lp_allocate(size), text.data, size);

		ck_assert_msg(!lp_setup_read(part, size, &arena, &arrived), "%zu of %zu bytes are enough", size,
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
	const char *description;

	write_catalogue(&text);
	ck_assert(lp_catalogue_read(text.data, text.length, &arena, &catalogue, &problems, &description));
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
		const char *description;

		ck_assert_msg(!lp_catalogue_read(part, size, &arena, &catalogue, &problems, &description),
		              "%zu of %zu bytes are enough", size, text.length);
		lp_problems_free(&problems);
		free(part);
	}
	for (int round = 0; round < 20000; round++) {
		char *copy = memcpy(lp_allocate(text.length), text.data, text.length);
		struct lp_problems problems = { 0 };
		struct lp_rule_catalogue catalogue;
		const char *description;

		for (uint64_t times = 1 + random_below(3); times > 0; times--)
			write_random(copy, text.length);
		if (lp_catalogue_read(copy, text.length, &arena, &catalogue, &problems, &description))
			assert_catalogue(&catalogue);
		lp_problems_free(&problems);
		free(copy);
		lp_arena_free(&arena);
	}
	lp_text_free(&text);
	lp_arena_free(&arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("process messages");
	TCase *messages = tcase_create("messages");
	SRunner *runner;
	int failed;

	tcase_set_timeout(messages, 120);
	tcase_add_test(messages, messages_are_whole_and_bring_descriptors);
	tcase_add_test(messages, messages_that_make_no_sense);
	tcase_add_test(messages, the_other_side_has_closed);
	tcase_add_test(messages, numbers_and_texts);
	tcase_add_test(messages, setup_arrives);
	tcase_add_test(messages, catalogue_arrives);
	tcase_add_test(messages, a_damaged_catalogue_is_refused);
	suite_add_tcase(suite, messages);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
