/*
 * The rule server: this executable, started anew by the main process.
 *
 * It has no connection, password or configuration in its memory, and nothing
 * open but its socket, the memory of the batches and its area.  It imports the
 * files of rules once; interpreter processes are forked from it.
 *
 * Runs in the rule server, in its only thread.
 */
#include "process/server.h"

#include "process/process.h"
#include "process/record.h"
#include "process/rights.h"
#include "process/shared.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_SIZE = 64 << 10, SETUP_MOST = 128 << 10 };

static struct {
	struct lp_arena arena;
	struct lp_setup setup;
	struct lp_area area;
	pid_t process;
	pid_t *children; /* that are not reaped yet */
	size_t child_count, child_capacity;
} server;

bool lp_rule_server_was_invoked(int count, char **arguments)
{
	struct stat status;

	/* A user who starts the program by that name has no socket there. */
	return count == 1 && strcmp(arguments[0], LP_SERVER_NAME) == 0 && fstat(LP_SERVER_CONTROL, &status) == 0 &&
	       S_ISSOCK(status.st_mode);
}

/* Ends the process; the main process finds the message in its output. */
static _Noreturn void exit_with(const struct lp_error *error)
{
	assert(lp_role != LP_ROLE_MAIN);
	fprintf(stderr, "local-processing: %s\n", error->what);
	if (error->hint[0] != '\0')
		fprintf(stderr, "%s\n", error->hint);
	fflush(stderr);
	_exit((int)error->exit);
}

/* Hands on what files of rules print while they are imported. */
static void log_line(enum lp_log_level level, const char *from, const char *logger, const char *text)
{
	lp_area_put_line(&server.area, UINT32_MAX, level, from, logger, text);
}

static void receive_setup(struct lp_error *error)
{
	static char bytes[SETUP_MOST];
	ssize_t size;

	do
		size = recv(LP_SERVER_CONTROL, bytes, sizeof bytes, 0);
	while (size < 0 && errno == EINTR);
	if (size <= 0)
		_exit(LP_EXIT_TEMPORARY); /* the main process has ended */
	if (!lp_setup_read(bytes, (size_t)size, &server.arena, &server.setup)) {
		lp_fail(error, LP_EXIT_INTERNAL, "the setup of the rule server makes no sense");
		exit_with(error);
	}
}

/* Ends with the main process, and ignores the signals that go to all processes of a terminal or a service. */
static void detach_process(void)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ };
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void start_python(struct lp_error *error)
{
	const struct lp_setup *setup = &server.setup;
	const struct lp_rules_options options = {
		.directory = setup->rules,
		.tzdata = setup->tzdata,
		.skips = setup->skips,
		.skip_count = setup->skip_count,
		.pulse = &server.area.head->pulse,
		.results_most = lp_area_results_most(&server.area),
		.log = log_line,
		.look_ahead = setup->look_ahead,
		.other = setup->other,
	};

	lp_python_refuse_forks(true);
	if (!lp_rules_start(&options, error))
		exit_with(error);
}

/* Copies a text into the area, where the main process reads it, and frees it. */
static struct lp_stretch publish(struct lp_text *text, struct lp_error *error)
{
	size_t size = text->length;
	char *copy = server.area.source.take(&server.area.source, &size);
	struct lp_stretch stretch;

	if (copy == NULL) {
		lp_fail(error, LP_EXIT_DATA, "the descriptions of the rules are larger than %zu bytes",
		        server.area.size);
		exit_with(error);
	}
	memcpy(copy, text->data, text->length);
	stretch = (struct lp_stretch){ .offset = (uint64_t)(copy - (char *)server.area.head), .length = text->length };
	lp_text_free(text);
	return stretch;
}

static void publish_files(struct lp_error *error)
{
	struct lp_text text = { 0 };
	struct lp_record record = { .text = &text };
	const char *module;

	for (uint32_t index = 0; (module = lp_rules_module(index)) != NULL; index++)
		lp_record_text(&record, &module);
	server.area.head->files = publish(&text, error);
}

static void publish_catalogue(struct lp_error *error)
{
	struct lp_problems problems = { 0 };
	const struct lp_rule_catalogue *catalogue;
	struct lp_text text = { 0 };

	if (!lp_rules_import(&catalogue, &problems, error) || !lp_rules_open(error))
		exit_with(error);
	lp_catalogue_write(catalogue, &problems, &text);
	lp_problems_free(&problems);
	server.area.head->catalogue = publish(&text, error);
}

/* A copy of the server, and what it is given. */
struct child {
	int sockets[2], output, process;
	struct lp_area area;
	const char *missing; /* could not be had; NULL: nothing */
};

static void close_child(struct child *child)
{
	const int all[] = { child->sockets[0], child->sockets[1], child->output, child->process };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i] >= 0)
			close(all[i]);
	lp_area_unmap(&child->area);
}

/* Makes a file of a fixed size, so that a rule cannot fill the memory by printing. */
static int create_output(void)
{
	int output = memfd_create("local-processing: output", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (output < 0 || (ftruncate(output, OUTPUT_SIZE) == 0 &&
	                   fcntl(output, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0))
		return output;
	close(output);
	return -1;
}

static void prepare_child(struct child *child)
{
	struct lp_error error;

	*child = (struct child){ .sockets = { -1, -1 }, .output = -1, .process = -1, .area = { .descriptor = -1 } };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, child->sockets) != 0)
		child->missing = "a socket";
	else if ((child->output = create_output()) < 0)
		child->missing = "memory for its output";
	else if (!lp_area_create(&child->area, "local-processing: results", &error))
		child->missing = "memory for results";
}

/* Runs in the copy. */
static _Noreturn void become_interpreter(struct child *child, int64_t memory_limit)
{
	struct lp_error error;
	int socket = child->sockets[1];

	lp_role = LP_ROLE_INTERPRETER;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != server.process)
		_exit(LP_EXIT_TEMPORARY); /* the server died meanwhile */
	close(LP_SERVER_CONTROL);
	close(child->sockets[0]);
	/* The area stays mapped; without its descriptor a rule cannot reach it by os.write. */
	close(child->area.descriptor);
	child->area.descriptor = -1;
	dup2(child->output, STDOUT_FILENO);
	dup2(child->output, STDERR_FILENO);
	close(child->output);
	lp_interpreter_start(&child->area, memory_limit);
	lp_area_unmap(&server.area);
	if (!lp_python_after_fork(&error) || !lp_rights_limit_interpreter(&server.setup.rights, &error))
		exit_with(&error);
	lp_interpreter_main(socket);
}

/* Forks, and takes a descriptor of the new process.  False: child.missing and reply.error_number say what failed. */
static bool start_child(struct child *child, int64_t memory_limit, struct lp_reply *reply)
{
	lp_python_refuse_forks(false);
	reply->process = fork();
	if (reply->process == 0)
		become_interpreter(child, memory_limit);
	reply->error_number = errno;
	lp_python_refuse_forks(true);
	if (reply->process < 0) {
		child->missing = "a process";
		return false;
	}
	child->process = (int)syscall(SYS_pidfd_open, reply->process, 0);
	if (child->process >= 0)
		return true;
	reply->error_number = errno;
	child->missing = "a descriptor of the process";
	kill(reply->process, SIGKILL);
	waitpid(reply->process, NULL, 0);
	return false;
}

static void fork_child(int64_t memory_limit)
{
	struct child child;
	struct lp_reply reply = { .kind = LP_REPLY_FORKED };
	bool ok;

	prepare_child(&child);
	reply.error_number = errno;
	ok = child.missing == NULL && start_child(&child, memory_limit, &reply);
	if (ok) {
		LP_GROW(server.children, server.child_count, server.child_capacity);
		server.children[server.child_count++] = reply.process;
	} else {
		reply.kind = LP_REPLY_FAILED;
		snprintf(reply.what, sizeof reply.what, "%s", child.missing);
	}
	const int descriptors[LP_REPLY_DESCRIPTORS] = { child.sockets[0], child.process, child.area.descriptor,
		                                        child.output };
	if (!lp_send(LP_SERVER_CONTROL, &reply, sizeof reply, descriptors, ok ? LP_REPLY_DESCRIPTORS : 0))
		_exit(LP_EXIT_TEMPORARY);
	close_child(&child);
}

static void reap(pid_t process)
{
	struct lp_reply reply = { .kind = LP_REPLY_REAPED, .process = process };
	pid_t ended;

	do
		ended = wait4(process, &reply.status, 0, &reply.usage);
	while (ended < 0 && errno == EINTR);
	for (size_t i = 0; i < server.child_count; i++)
		if (server.children[i] == process)
			server.children[i] = server.children[--server.child_count];
	if (ended < 0) {
		reply.kind = LP_REPLY_FAILED;
		reply.error_number = errno;
		snprintf(reply.what, sizeof reply.what, "the end of a process");
	}
	if (!lp_send(LP_SERVER_CONTROL, &reply, sizeof reply, NULL, 0))
		_exit(LP_EXIT_TEMPORARY);
}

/* Ends all processes, since the main process has closed its end.  They are reaped so that their time is counted. */
static _Noreturn void end_children(void)
{
	for (size_t i = 0; i < server.child_count; i++)
		kill(server.children[i], SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		continue;
	_exit(0);
}

_Noreturn void lp_rule_server_main(void)
{
	struct lp_error error = { 0 };
	struct lp_reply ready = { .kind = LP_REPLY_READY };
	struct lp_order order;

	lp_role = LP_ROLE_SERVER;
	server.process = getpid();
	detach_process();
	receive_setup(&error);
	lp_log_set(LP_LOG_FORMAT_LOGFMT, server.setup.level);
	if (server.setup.is_other) {
		lp_other_python_become(&server.setup, &error);
		exit_with(&error);
	}
	if (!lp_area_map(&server.area, LP_SERVER_AREA, &error) ||
	    (server.setup.shared_size > 0 &&
	     !lp_shared_join(LP_SERVER_SHARED, (void *)(uintptr_t)server.setup.shared_address, server.setup.shared_size,
	                     &error)))
		exit_with(&error);
	/* Both stay mapped; without a descriptor no file of rules can map them for writing, or write to them. */
	close(LP_SERVER_SHARED);
	close(LP_SERVER_AREA);
	close(LP_SERVER_PROGRAM);
	server.area.descriptor = -1;
	lp_area_reset(&server.area, 0);
	start_python(&error);
	lp_interpreter_prepare(server.setup.memory_limit);
	if (!lp_rights_limit_server(&server.setup.rights, server.setup.rules, server.setup.tzdata, &error))
		exit_with(&error);
	publish_files(&error);
	publish_catalogue(&error);
	if (!lp_send(LP_SERVER_CONTROL, &ready, sizeof ready, NULL, 0))
		_exit(LP_EXIT_TEMPORARY);
	/* The first process is forked before a worker asks for it, with the limit that most calculations have. */
	fork_child(server.setup.memory_limit);
	while (lp_receive(LP_SERVER_CONTROL, &order, sizeof order, NULL, 0))
		if (order.kind == LP_ORDER_FORK)
			fork_child(order.memory_limit);
		else
			reap(order.process);
	end_children();
}
