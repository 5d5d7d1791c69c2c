/*
 * Starting the rule server: this executable, with seven descriptors and nothing
 * else of the main process.
 *
 * Runs in the main process, in its main thread.
 */
#include "process/host.h"

#include "process/limits.h"
#include "process/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum {
	STACK_SIZE = 32 << 20,
	FREE_DESCRIPTOR = 16,   /* numbers from here on are not given to the server */
	DESCRIPTORS_MOST = 4096 /* are closed where the kernel cannot close a range */
};

/* Opens this executable, also where its file was replaced meanwhile, or where there is no /proc. */
static int open_self(void)
{
	const char *executed = (const char *)getauxval(AT_EXECFN);
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	return self >= 0 || executed == NULL ? self : open(executed, O_RDONLY | O_CLOEXEC);
}

/*
 * Runs in the vforked child, so it may do only what is safe there.  Each of the
 * descriptors gets its place in the array as its number.  Returns where something
 * fails, and errno says why.
 */
static void become_server(const int descriptors[LP_SERVER_DESCRIPTORS])
{
	static char name[] = LP_SERVER_NAME;
	static char *arguments[] = { name, NULL }, *environment[] = { NULL };
	struct rlimit stack = { .rlim_cur = STACK_SIZE };
	int moved[LP_SERVER_DESCRIPTORS];

	/* First everything moves away from the numbers that are to be given. */
	for (int i = 0; i < LP_SERVER_DESCRIPTORS; i++)
		if ((moved[i] = fcntl(descriptors[i], F_DUPFD_CLOEXEC, FREE_DESCRIPTOR)) < 0)
			return;
	for (int i = 0; i < LP_SERVER_DESCRIPTORS; i++)
		if (dup2(moved[i], i) < 0)
			return;
	/* Rules get none of the descriptors that the starter of the program has left open. */
	if (syscall(SYS_close_range, LP_SERVER_DESCRIPTORS, ~0u, 0) != 0)
		for (int i = LP_SERVER_DESCRIPTORS; i < DESCRIPTORS_MOST; i++)
			(void)close(i);
	(void)getrlimit(RLIMIT_STACK, &stack);
	stack.rlim_cur = stack.rlim_max == RLIM_INFINITY || stack.rlim_max > STACK_SIZE ? STACK_SIZE : stack.rlim_max;
	(void)setrlimit(RLIMIT_STACK, &stack);
	syscall(SYS_execveat, LP_SERVER_PROGRAM, "", arguments, environment, AT_EMPTY_PATH);
}

/* Written by the vforked child, which has this memory: why it could not become the server. */
static volatile int child_error;

/* Returns the process, or -1. */
static pid_t spawn(const int descriptors[LP_SERVER_DESCRIPTORS])
{
	sigset_t all, before;
	pid_t process;

	/* No handler of this process may run in the child, which has its memory. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	child_error = 0;
	process = vfork();
	if (process == 0) {
		become_server(descriptors);
		/* EINVAL: FREE_DESCRIPTOR is beyond the limit on open files. */
		child_error = errno == EINVAL ? EMFILE : errno;
		_exit(LP_EXIT_TEMPORARY);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (process > 0 && child_error != 0) {
		waitpid(process, NULL, 0);
		errno = child_error;
		return -1;
	}
	return process;
}

static bool send_setup(struct lp_rule_server *server, struct lp_error *error)
{
	struct lp_text text = { 0 };
	bool ok;

	server->setup.rules = server->options.rules;
	server->setup.tzdata = server->options.tzdata;
	server->setup.look_ahead = server->options.look_ahead;
	server->setup.rights = server->options.rights;
	server->setup.other = server->options.other;
	server->setup.is_other = server->is_other;
	server->setup.memory_limit = server->options.memory_limit;
	server->setup.level = LP_LOG_DEBUG;
	while (server->setup.level < LP_LOG_ERROR && !lp_log_enabled(server->setup.level))
		server->setup.level++;
	server->setup.shared_address = (uintptr_t)server->batches->address;
	server->setup.shared_size = server->batches->size;
	lp_setup_write(&server->setup, &text);
	ok = lp_send(server->process.socket, text.data, text.length, NULL, 0);
	lp_text_free(&text);
	return ok || lp_fail_errno(error, LP_EXIT_TEMPORARY, errno, "cannot tell the rule server what to do");
}

static bool fail_start(struct lp_error *error)
{
	int number = errno;

	lp_fail_errno(error, LP_EXIT_TEMPORARY, number, "cannot start the rule server, the process that runs rules");
	if (number == EAGAIN)
		lp_hint(error, "The limit on processes (ulimit -u, pids.max) may be too low: a run needs one more than "
		               "it has workers.");
	else
		lp_hint_limit(error, number, "");
	return false;
}

/* Starts the process with its end of the socket. */
static bool start_process(struct lp_rule_server *server, int socket, struct lp_error *error)
{
	struct lp_process *process = &server->process;
	int self = open_self(), nothing = memfd_create("nothing", MFD_CLOEXEC);
	const int descriptors[LP_SERVER_DESCRIPTORS] = {
		[STDIN_FILENO] = nothing,
		[STDOUT_FILENO] = process->output,
		[STDERR_FILENO] = process->output,
		[LP_SERVER_CONTROL] = socket,
		[LP_SERVER_SHARED] = server->batches->address == NULL ? nothing : server->batches->reader,
		[LP_SERVER_AREA] = process->area.descriptor,
		[LP_SERVER_PROGRAM] = self,
	};
	pid_t id = self < 0 || nothing < 0 ? -1 : spawn(descriptors);

	if (id > 0) {
		process->id = id;
		process->descriptor = (int)syscall(SYS_pidfd_open, id, 0);
	}
	if (process->descriptor < 0)
		fail_start(error);
	if (self >= 0)
		close(self);
	if (nothing >= 0)
		close(nothing);
	return process->descriptor >= 0;
}

bool lp_rule_server_start(struct lp_rule_server *server, struct lp_error *error)
{
	struct lp_process *process = &server->process;
	int sockets[2];
	bool ok;

	LP_ASSERT_MAIN_THREAD();
	server->line_count = 0;
	if (server->other != NULL && server->other->unusable == NULL && !lp_rule_server_start(server->other, error))
		return false;
	if (process->id != 0)
		return true;
	/* Memory and environment hold what libpq knows: no other process of the same user may read them. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	/* Interpreter processes whose server has ended become children of this process, which then ends them. */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
		return fail_start(error);
	process->socket = sockets[0];
	process->output = memfd_create("local-processing: output", MFD_CLOEXEC);
	ok = process->output >= 0 || fail_start(error);
	ok = ok && lp_area_create(&process->area, "local-processing: rules", error);
	ok = ok && start_process(server, sockets[1], error);
	close(sockets[1]);
	if (ok && send_setup(server, error))
		return true;
	if (process->id > 0) {
		kill(process->id, SIGKILL);
		(void)lp_rule_server_wait(server);
	}
	lp_process_release(process);
	return false;
}
