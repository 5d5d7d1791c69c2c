/* What a process may use: given these files of control groups, so much memory is there. */
#include "process/machine.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/local-processing-machine-XXXXXX";

/* Directories above it are made. */
static void write_file(const char *name, const char *content)
{
	char path[512];
	(void)snprintf(path, sizeof path, "%s%s", root, name);
	for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
		*slash = '\0';
		(void)mkdir(path, 0700);
	}
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(content, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

#define GROUPS "/sys/fs/cgroup"
#define SELF   "/proc/self/cgroup"
enum { FILES_MOST = 6 };

static const struct {
	const char *name;
	const char *files[FILES_MOST][2];
	int64_t container;
	bool kills_all;
} cases[] = {
	{ "nothing mounted", { { "/empty", "" } }, 0, false },
	{ "a machine without limits",
	  { { SELF, "0::/user.slice\n" }, { GROUPS "/user.slice/memory.max", "max\n" } },
	  0,
	  false },
	{ "a container, whose group is the root",
	  { { SELF, "0::/\n" }, { GROUPS "/memory.max", "536870912\n" }, { GROUPS "/memory.oom.group", "0\n" } },
	  536870912,
	  false },
	{ "one that dies as one",
	  { { SELF, "0::/\n" }, { GROUPS "/memory.max", "536870912\n" }, { GROUPS "/memory.oom.group", "1\n" } },
	  536870912,
	  true },
	{ "a limit above",
	  { { SELF, "0::/a/b\n" },
	    { GROUPS "/a/memory.max", "1000000000\n" },
	    { GROUPS "/a/b/memory.max", "max\n" },
	    { GROUPS "/a/b/memory.oom.group", "1\n" } },
	  1000000000,
	  true },
	{ "the least counts, and what lies above it kills nobody",
	  { { SELF, "0::/a/b\n" },
	    { GROUPS "/a/memory.max", "1000000000\n" },
	    { GROUPS "/a/memory.oom.group", "1\n" },
	    { GROUPS "/a/b/memory.max", "300000000\n" } },
	  300000000,
	  false },
	{ "version 1",
	  { { SELF, "5:cpu,memory:/docker/x\n0::/\n" },
	    { GROUPS "/memory/docker/x/memory.limit_in_bytes", "268435456\n" },
	    { GROUPS "/memory/memory.limit_in_bytes", "9223372036854771712\n" } },
	  268435456,
	  false },
	{ "version 1 seen from inside",
	  { { SELF, "5:memory:/docker/x\n" }, { GROUPS "/memory/memory.limit_in_bytes", "268435456\n" } },
	  268435456,
	  false },
	{ "version 1 without a limit",
	  { { SELF, "5:memory:/\n" }, { GROUPS "/memory/memory.limit_in_bytes", "9223372036854771712\n" } },
	  0,
	  false },
};

START_TEST(the_least_limit_counts)
{
	char command[128];
	memcpy(strrchr(root, '-'), "-XXXXXX", 7);
	ck_assert_ptr_nonnull(mkdtemp(root));
	for (size_t i = 0; i < FILES_MOST && cases[_i].files[i][0] != NULL; i++)
		write_file(cases[_i].files[i][0], cases[_i].files[i][1]);
	struct lp_machine_memory memory = lp_machine_read_memory(root);
	ck_assert_msg(memory.container == cases[_i].container && memory.kills_all == cases[_i].kills_all, "%s: %lld %d",
	              cases[_i].name, (long long)memory.container, memory.kills_all);
	ck_assert_int_gt(memory.machine, 0);
	(void)snprintf(command, sizeof command, "rm -r %s", root);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(a_quarter_over_the_workers)
{
	static const struct {
		int64_t machine, container;
		int workers;
		int64_t limit;
	} limits[] = {
		{ 8000000000, 0, 2, 1000000000 },       { 64000000000, 0, 2, 1000000000 },
		{ 8000000000, 512000000, 2, 64000000 }, { 8000000000, 16000000000, 4, 500000000 },
		{ 8000000000, 128000000, 4, 16000000 },
	};
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		struct lp_machine_memory memory = { .machine = limits[i].machine, .container = limits[i].container };
		ck_assert_int_eq(lp_memory_limit_default(&memory, limits[i].workers), limits[i].limit);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("machine");
	TCase *tests = tcase_create("machine");
	tcase_add_loop_test(tests, the_least_limit_counts, 0, sizeof cases / sizeof cases[0]);
	tcase_add_test(tests, a_quarter_over_the_workers);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
