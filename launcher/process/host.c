/*
 * The main process's side: starts the rule server, waits for what it has
 * imported, and asks it for interpreter processes.
 *
 * A file that hangs, kills the server or leaves a thread is found out by what
 * the server was at, and left out by the next start.
 *
 * Runs in the main process, in its main thread; what workers ask for, in theirs.
 */
#include "process/host.h"

#include "model/clock.h"
#include "process/server.h"
#include "text/utf8.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define IMPORT_LIMIT (10 * LP_SECOND)
/* Nanoseconds: what the server needs before, between and after files; for an answer; for one when the run ends. */
#define START_LIMIT INT64_C(30000000000)
#define PATIENCE    INT64_C(10000000000)
#define HURRY       INT64_C(1000000000)
enum {
	STACK_SIZE = 32 << 20,
	LOOK_EVERY = 100,
	LINES_MOST = 10000,
	REST = 16,              /* numbers from here on are free to use */
	DESCRIPTORS_MOST = 4096 /* that are closed where the kernel cannot close all at once */
};

/* The server ends with the thread that has started it, and has no server of its own. */
static bool is_main_thread(void)
{
	return lp_role == LP_ROLE_MAIN && gettid() == getpid();
}

struct lp_rule_server *lp_rule_server_new(const struct lp_process_options *options)
{
	struct lp_rule_server *server = lp_allocate(sizeof *server);

	server->options = *options;
	server->shared.descriptor = server->shared.reader = server->descriptor = server->control = server->words = -1;
	server->area.descriptor = -1;
	pthread_mutex_init(&server->lock, NULL);
	return server;
}

bool lp_rule_server_memory(struct lp_rule_server *server, struct lp_arena_source **source, struct lp_error *error)
{
	assert(server->process == 0 || server->shared.address != NULL);
	if (server->shared.address == NULL && !lp_shared_open(&server->shared, error))
		return false;
	*source = &server->shared.source;
	return true;
}

/* This executable, also when its file was replaced meanwhile; and where there is no /proc. */
static int open_self(void)
{
	const char *executed = (const char *)getauxval(AT_EXECFN);
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	return self >= 0 || executed == NULL ? self : open(executed, O_RDONLY | O_CLOEXEC);
}

/*
 * In the vforked child: only what is safe there.  from: in the order of the
 * numbers that they get.  Returns where it fails: errno says why.
 */
static void become_server(int self, const int from[REST], int count)
{
	static char name[] = LP_SERVER_NAME;
	static char *arguments[] = { name, NULL }, *environment[] = { NULL };
	struct rlimit stack = { .rlim_cur = STACK_SIZE };
	int moved[REST];

	/* First out of the way of the numbers that are to be given. */
	if ((self = fcntl(self, F_DUPFD_CLOEXEC, REST)) < 0)
		return;
	for (int i = 0; i < count; i++)
		if ((moved[i] = fcntl(from[i], F_DUPFD_CLOEXEC, REST)) < 0)
			return;
	for (int i = 0; i < count; i++)
		if (dup2(moved[i], i) < 0)
			return;
	/* What whoever has started the program left open is no rule's business. */
	if ((self = dup3(self, count, O_CLOEXEC)) < 0)
		return;
	if (syscall(SYS_close_range, count + 1, ~0u, 0) != 0)
		for (int i = count + 1; i < DESCRIPTORS_MOST; i++)
			(void)close(i);
	(void)getrlimit(RLIMIT_STACK, &stack);
	stack.rlim_cur = stack.rlim_max == RLIM_INFINITY || stack.rlim_max > STACK_SIZE ? STACK_SIZE : stack.rlim_max;
	(void)setrlimit(RLIMIT_STACK, &stack);
	syscall(SYS_execveat, self, "", arguments, environment, AT_EMPTY_PATH);
}

/* Of the vforked child, which has this memory: why it could not become the server. */
static volatile int child_error;

static pid_t spawn(int self, const int *from, int count)
{
	sigset_t all, before;
	pid_t process;

	/* No handler of this process may run in the child, which has its memory. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	child_error = 0;
	process = vfork();
	if (process == 0) {
		become_server(self, from, count);
		child_error = errno == EINVAL ? EMFILE : errno; /* numbers from REST on are beyond the limit */
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
	bool sent;

	server->setup.rules = server->options.rules;
	server->setup.tzdata = server->options.tzdata;
	server->setup.rights = server->options.rights;
	server->setup.memory_limit = server->options.memory_limit;
	server->setup.level = lp_log_enabled(LP_LOG_DEBUG)     ? LP_LOG_DEBUG
	                      : lp_log_enabled(LP_LOG_INFO)    ? LP_LOG_INFO
	                      : lp_log_enabled(LP_LOG_WARNING) ? LP_LOG_WARNING
	                                                       : LP_LOG_ERROR;
	server->setup.shared_address = (uintptr_t)server->shared.address;
	server->setup.shared_size = server->shared.size;
	lp_setup_write(&server->setup, &text);
	sent = lp_send(server->control, text.data, text.length, NULL, 0);
	lp_text_free(&text);
	return sent || lp_fail_errno(error, LP_EXIT_TEMPORARY, errno, "cannot tell the rule server what to do");
}

static bool fail_start(struct lp_error *error)
{
	int number = errno;

	lp_fail_errno(error, LP_EXIT_TEMPORARY, number, "cannot start the rule server, the process that runs rules");
	if (number == EAGAIN)
		lp_hint(error, "The limit on processes (ulimit -u, pids.max) may be too low: a run needs one more than "
		               "it has workers.");
	else if (number == EMFILE || number == ENFILE)
		lp_hint(error, "The limit on open files (ulimit -n) may be too low.");
	return false;
}

static void close_descriptor(int *descriptor)
{
	if (*descriptor >= 0)
		close(*descriptor);
	*descriptor = -1;
}

/* Of the process: it has ended, or could not be started. */
static void forget_process(struct lp_rule_server *server)
{
	close_descriptor(&server->descriptor);
	close_descriptor(&server->control);
	close_descriptor(&server->words);
	lp_area_unmap(&server->area);
	server->process = 0;
	server->told = 0;
}

bool lp_rule_server_start(struct lp_rule_server *server, struct lp_error *error)
{
	int sockets[2] = { -1, -1 }, self, nothing;
	bool started = false;

	assert(is_main_thread());
	if (server->process != 0)
		return true;
	self = open_self();
	nothing = memfd_create("nothing", MFD_CLOEXEC);
	/* Its memory and environment, with what libpq knows, are for no other process of the same user. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	/* Without it, who ends before its server would leave the interpreters to somebody else. */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	server->words = memfd_create("local-processing: last words", MFD_CLOEXEC);
	if (self < 0 || nothing < 0 || server->words < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
		fail_start(error);
	} else if (lp_area_create(&server->area, "local-processing: rules", error)) {
		const int from[] = { nothing,    server->words,         server->words,
			             sockets[1], server->shared.reader, server->area.descriptor };
		const int without[] = { nothing,    server->words, server->words,
			                sockets[1], nothing,       server->area.descriptor };

		server->control = sockets[0];
		sockets[0] = -1;
		server->process = spawn(self, server->shared.address == NULL ? without : from, 6);
		if (server->process > 0)
			server->descriptor = (int)syscall(SYS_pidfd_open, server->process, 0);
		if (server->process < 0) {
			server->process = 0;
			fail_start(error);
		} else {
			started = (server->descriptor >= 0 || fail_start(error)) && send_setup(server, error);
		}
	}
	close_descriptor(&sockets[0]);
	close_descriptor(&sockets[1]);
	close_descriptor(&self);
	close_descriptor(&nothing);
	if (!started) {
		if (server->process > 0) {
			kill(server->process, SIGKILL);
			waitpid(server->process, NULL, 0);
		}
		forget_process(server);
	}
	return started;
}

static bool log_line(void *context, uint32_t task, enum lp_log_level level, const char *from, const char *logger,
                     const char *text)
{
	struct lp_rule_server *server = context;

	(void)task;
	if (lp_rule_server_count_line(server))
		lp_log(level, text, LP_TEXT("from", from), LP_TEXT("logger", logger));
	return true;
}

static void note_usage(struct lp_rule_server *server, const struct rusage *usage)
{
	int64_t size = (int64_t)usage->ru_maxrss * 1024;

	server->usage.user += (double)usage->ru_utime.tv_sec + (double)usage->ru_utime.tv_usec / 1e6;
	server->usage.system += (double)usage->ru_stime.tv_sec + (double)usage->ru_stime.tv_usec / 1e6;
	if (size > server->usage.largest)
		server->usage.largest = size;
}

/* It has ended, or is to: how. */
static int bury_server(struct lp_rule_server *server)
{
	int status = 0;
	pid_t ended;

	do
		ended = waitpid(server->process, &status, 0);
	while (ended < 0 && errno == EINTR);
	return ended > 0 ? status : 0;
}

static int64_t import_limit(const struct lp_rule_server *server)
{
	return server->options.import_limit > 0 ? server->options.import_limit : IMPORT_LIMIT;
}

enum waited { WAITED_READY, WAITED_ENDED, WAITED_HUNG, WAITED_STOPPED };

/* Until all files are imported, or the one under way is at its end. */
static enum waited wait_for_imports(struct lp_rule_server *server, const volatile int *stop)
{
	struct lp_deadline deadline = { 0 };
	struct lp_reply reply;
	uint64_t seen = 0;
	int64_t since = lp_monotonic();

	for (;;) {
		uint64_t sequence = atomic_load_explicit(&server->area.head->pulse.sequence, memory_order_acquire);
		struct pollfd both[] = { { .fd = server->control, .events = POLLIN },
			                 { .fd = server->descriptor, .events = POLLIN } };
		int wait = LOOK_EVERY;

		if (stop != NULL && *stop != 0)
			return WAITED_STOPPED;
		if (lp_deadline_look(&deadline, &server->area.head->pulse, server->descriptor,
		                     1000 * import_limit(server), &wait) == LP_OVERTIME_SPENT)
			return WAITED_HUNG;
		if (sequence != seen) {
			seen = sequence;
			since = lp_monotonic();
		}
		/* Stopped, or starved; of a file under way the deadline tells. */
		if (sequence % 2 == 0 && lp_monotonic() - since > START_LIMIT)
			return WAITED_HUNG;
		if (poll(both, 2, wait) <= 0)
			continue;
		if ((both[0].revents & POLLIN) != 0)
			/* What makes no sense, a file of rules has written there. */
			return lp_receive(server->control, &reply, sizeof reply, NULL, 0) &&
			                       reply.kind == LP_REPLY_READY
			               ? WAITED_READY
			               : WAITED_ENDED;
		if (both[1].revents != 0 || (both[0].revents & (POLLHUP | POLLERR)) != 0)
			return WAITED_ENDED;
	}
}

/* The message of a server that ended by itself: what it wrote last, without the program's name. */
static const char *own_words(const char *words)
{
	static const char prefix[] = "local-processing: ";
	const char *found = words == NULL ? NULL : strstr(words, prefix);

	return found == NULL ? NULL : found + strlen(prefix);
}

/* Why there is no catalogue, where no file is to blame. */
static bool fail_server(int status, const char *words, struct lp_error *error)
{
	char end[160];
	const char *own = own_words(words);
	bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;

	lp_describe_end(status, end, sizeof end);
	if (own != NULL)
		return lp_fail(error, WIFEXITED(status) ? (enum lp_exit)WEXITSTATUS(status) : LP_EXIT_INTERNAL, "%.*s",
		               (int)strcspn(own, "\n"), own);
	lp_fail(error, killed ? LP_EXIT_TEMPORARY : LP_EXIT_INTERNAL,
	        "the rule server, the process that runs rules, %s%s%s", end, words == NULL ? "" : ": ",
	        words == NULL ? "" : words);
	if (killed)
		return false;
	return lp_hint(error, "This is a bug in local-processing, or the machine is out of memory.");
}

/* The module that the server was at, by its number; NULL: there is none. */
static const char *find_file(struct lp_rule_server *server, uint32_t index)
{
	struct lp_stretch stretch = server->area.head->files;
	const char *bytes = lp_area_bytes(&server->area, stretch), *module = NULL;
	struct lp_reading reading = { .at = bytes,
		                      .end = bytes == NULL ? NULL : bytes + stretch.length,
		                      .bad = bytes == NULL };

	for (uint32_t i = 0; i <= index && !reading.bad; i++)
		module = lp_get_text(&reading, &server->arena);
	return reading.bad ? NULL : module;
}

/* The file that the server was at becomes one that is left out.  False: it was at none. */
static bool blame_file(struct lp_rule_server *server, enum waited waited, int status, const char *words)
{
	struct lp_pulse *pulse = &server->area.head->pulse;
	uint32_t index = atomic_load(&pulse->index);
	struct lp_rule_skip *skip = &server->setup.skips[server->setup.skip_count];
	const char *own = own_words(words), *module;
	char end[160], text[400];

	if (atomic_load(&pulse->sequence) % 2 == 0 || index == 0 || server->setup.skip_count == LP_SETUP_SKIPS_MOST ||
	    (module = find_file(server, index)) == NULL)
		return false;
	lp_describe_end(status, end, sizeof end);
	if (waited == WAITED_HUNG)
		snprintf(text, sizeof text, "still being imported after its time limit of %g s",
		         (double)import_limit(server) / LP_SECOND);
	else if (own != NULL)
		snprintf(text, sizeof text, "%.*s", (int)strcspn(own, "\n"), own);
	else
		snprintf(text, sizeof text, "the process that imported it %s", end);
	*skip = (struct lp_rule_skip){ .module = module,
		                       .type = waited == WAITED_HUNG ? "TimeLimit" : "ImportError",
		                       .reason = lp_arena_text(&server->arena, text),
		                       .traceback = words };
	server->setup.skip_count++;
	return true;
}

static bool take_catalogue(struct lp_rule_server *server, struct lp_error *error)
{
	struct lp_stretch stretch = server->area.head->catalogue;
	const char *bytes = lp_area_bytes(&server->area, stretch);

	if (bytes == NULL ||
	    !lp_catalogue_read(bytes, stretch.length, &server->arena, &server->catalogue, &server->problems))
		return lp_fail(error, LP_EXIT_DATA,
		               "what the rule server tells about the rules makes no sense: a file of "
		               "rules may have damaged its process");
	return true;
}

/*
 * Waits for an answer as long as the server may take for one.  A server that was
 * stopped, or does nothing any more, is ended.  *stop set: the run has no time.
 */
static bool receive_reply(struct lp_rule_server *server, struct lp_reply *reply, int *descriptors, int count,
                          const atomic_bool *stop)
{
	int64_t since = lp_monotonic();

	for (;;) {
		struct pollfd both[] = { { .fd = server->control, .events = POLLIN },
			                 { .fd = server->descriptor, .events = POLLIN } };

		(void)poll(both, 2, LOOK_EVERY);
		if (both[0].revents != 0)
			return lp_receive(server->control, reply, sizeof *reply, descriptors, count);
		for (int i = 0; i < count; i++)
			descriptors[i] = -1;
		if (both[1].revents != 0) {
			errno = EPIPE;
			return false;
		}
		if (lp_monotonic() - since > (stop != NULL && atomic_load(stop) ? HURRY : PATIENCE)) {
			kill(server->process, SIGKILL);
			errno = ETIMEDOUT;
			return false;
		}
	}
}

static void receive_fork(struct lp_rule_server *server, struct lp_reply *reply, struct lp_fork *fork,
                         const atomic_bool *stop)
{
	int descriptors[LP_REPLY_DESCRIPTORS];

	if (!receive_reply(server, reply, descriptors, LP_REPLY_DESCRIPTORS, stop)) {
		reply->kind = LP_REPLY_FAILED;
		reply->error_number = errno == 0 ? EPIPE : errno;
		snprintf(reply->what, sizeof reply->what, "an answer of the rule server");
	}
	*fork = (struct lp_fork){ reply->process, descriptors[0], descriptors[1], descriptors[2], descriptors[3] };
}

static bool load(struct lp_rule_server *server, const volatile int *stop, struct lp_error *error)
{
	for (;;) {
		enum waited waited;
		const char *words;
		int status;

		if (!lp_rule_server_start(server, error))
			return false;
		waited = wait_for_imports(server, stop);
		lp_area_each_line(&server->area, &server->told, log_line, server);
		if (waited == WAITED_READY)
			return take_catalogue(server, error);
		if (waited == WAITED_HUNG)
			lp_deadline_say_where(server->descriptor, server->words);
		kill(server->process, SIGKILL);
		status = bury_server(server);
		words = lp_words_read(server->words, &server->arena);
		if (waited == WAITED_STOPPED) {
			forget_process(server);
			return lp_fail(error, LP_EXIT_TEMPORARY, "stopped by a signal while rules were imported");
		}
		if (!blame_file(server, waited, status, words)) {
			forget_process(server);
			if (waited == WAITED_HUNG)
				return lp_fail(error, LP_EXIT_TEMPORARY,
				               "the rule server, the process that runs rules, has made no progress for "
				               "%d s: it was stopped, or the machine has too much to do",
				               (int)(START_LIMIT / 1000000000));
			return fail_server(status, words, error);
		}
		forget_process(server);
	}
}

bool lp_rule_server_catalogue(struct lp_rule_server *server, const volatile int *stop,
                              const struct lp_rule_catalogue **catalogue, struct lp_problems *problems,
                              struct lp_error *error)
{
	struct lp_reply reply;

	assert(is_main_thread());
	if (!server->loaded) {
		if (!load(server, stop, error))
			return false;
		server->loaded = true;
		receive_fork(server, &reply, &server->first, NULL);
		server->has_first = reply.kind == LP_REPLY_FORKED;
	}
	*catalogue = &server->catalogue;
	for (uint32_t i = 0; i < server->problems.count; i++) {
		const struct lp_problem *problem = &server->problems.items[i];

		lp_problem_add(problems, problem->file, problem->line, problem->column, "%s", problem->what);
	}
	problems->left_out += server->problems.left_out;
	return true;
}

static bool fail_fork(const struct lp_reply *reply, struct lp_error *error)
{
	lp_fail_errno(error, LP_EXIT_TEMPORARY, reply->error_number, "cannot start an interpreter process: no %.*s",
	              (int)sizeof reply->what, reply->what);
	return lp_hint(error, "A limit on processes (ulimit -u, pids.max) or memory may be too low: a run needs one "
	                      "process more than it has workers.");
}

bool lp_rule_server_fork(struct lp_rule_server *server, int64_t memory_limit, struct lp_fork *fork,
                         const atomic_bool *stop, struct lp_error *error)
{
	const struct lp_order order = { .kind = LP_ORDER_FORK, .memory_limit = memory_limit };
	struct lp_reply reply = { .kind = LP_REPLY_FORKED };

	pthread_mutex_lock(&server->lock);
	if (server->has_first && memory_limit == server->options.memory_limit) {
		*fork = server->first;
		server->has_first = false;
	} else if (lp_send(server->control, &order, sizeof order, NULL, 0)) {
		receive_fork(server, &reply, fork, stop);
	} else {
		reply = (struct lp_reply){ .kind = LP_REPLY_FAILED, .error_number = errno, .what = "rule server" };
	}
	pthread_mutex_unlock(&server->lock);
	return reply.kind == LP_REPLY_FORKED || fail_fork(&reply, error);
}

bool lp_rule_server_bury(struct lp_rule_server *server, pid_t process, int *status, const atomic_bool *stop,
                         struct lp_error *error)
{
	const struct lp_order order = { .kind = LP_ORDER_BURY, .process = process };
	struct lp_reply reply = { .kind = LP_REPLY_FAILED };
	bool told;

	pthread_mutex_lock(&server->lock);
	told = lp_send(server->control, &order, sizeof order, NULL, 0) &&
	       receive_reply(server, &reply, NULL, 0, stop) && reply.kind == LP_REPLY_BURIED;
	if (told)
		note_usage(server, &reply.usage);
	pthread_mutex_unlock(&server->lock);
	*status = reply.status;
	if (!told)
		return lp_fail(error, LP_EXIT_TEMPORARY, "the rule server, the process that runs rules, has ended");
	return true;
}

bool lp_rule_server_count_line(struct lp_rule_server *server)
{
	uint64_t lines;

	pthread_mutex_lock(&server->lock);
	lines = ++server->lines;
	pthread_mutex_unlock(&server->lock);
	if (lines == LINES_MOST + 1)
		lp_log(LP_LOG_WARNING, "rules print too much: the rest of this run is left out",
		       LP_INT("lines_most", LINES_MOST));
	return lines <= LINES_MOST;
}

void lp_rule_server_warn(struct lp_rule_server *server, const struct lp_calculation *calculation, const char *left)
{
	bool known = false;

	pthread_mutex_lock(&server->lock);
	for (size_t i = 0; i < server->warned_count && !known; i++)
		known = strcmp(server->warned[i], calculation->rule) == 0;
	if (!known) {
		LP_GROW(server->warned, server->warned_count, server->warned_capacity);
		server->warned[server->warned_count++] = lp_copy_text(calculation->rule);
	}
	pthread_mutex_unlock(&server->lock);
	if (!known)
		lp_log(LP_LOG_WARNING, "what a rule leaves behind is put back after each call: let it do that itself",
		       LP_TEXT("rule", calculation->rule), LP_TEXT("calculation", calculation->name),
		       LP_TEXT("left", left));
}

static void close_fork(struct lp_fork *fork)
{
	close_descriptor(&fork->socket);
	close_descriptor(&fork->descriptor);
	close_descriptor(&fork->area);
	close_descriptor(&fork->words);
}

void lp_rule_server_bury_later(struct lp_rule_server *server, pid_t process)
{
	pthread_mutex_lock(&server->lock);
	LP_GROW(server->ended, server->ended_count, server->ended_capacity);
	server->ended[server->ended_count++] = process;
	pthread_mutex_unlock(&server->lock);
}

/* A server that does not answer at once has been stopped: it is not waited for. */
static void bury_ended(struct lp_rule_server *server)
{
	static const atomic_bool hurry = true;
	struct lp_error error;
	int status;

	for (;;) {
		pid_t process = 0;

		pthread_mutex_lock(&server->lock);
		if (server->ended_count > 0)
			process = server->ended[--server->ended_count];
		pthread_mutex_unlock(&server->lock);
		if (process == 0 || !lp_rule_server_bury(server, process, &status, &hurry, &error))
			return;
	}
}

struct lp_process_usage lp_rule_server_usage(struct lp_rule_server *server)
{
	struct lp_process_usage usage;
	struct timespec spent;
	clockid_t clock;

	bury_ended(server);
	pthread_mutex_lock(&server->lock);
	usage = server->usage;
	pthread_mutex_unlock(&server->lock);
	/* Of the server itself the kernel tells both together. */
	if (server->process > 0 && clock_getcpuclockid(server->process, &clock) == 0 &&
	    clock_gettime(clock, &spent) == 0)
		usage.user += (double)spent.tv_sec + (double)spent.tv_nsec / 1e9;
	return usage;
}

void lp_rule_server_stop(struct lp_rule_server *server)
{
	assert(is_main_thread());
	if (server->has_first)
		close_fork(&server->first);
	server->has_first = false;
	if (server->process != 0) {
		struct pollfd ended = { .fd = server->descriptor, .events = POLLIN };

		/* It ends the others, waits for them and ends; one that was killed or stopped is not waited for. */
		close_descriptor(&server->control);
		if (poll(&ended, 1, 1000) <= 0)
			kill(server->process, SIGKILL);
		(void)bury_server(server);
		forget_process(server);
	}
}

void lp_rule_server_free(struct lp_rule_server *server)
{
	if (server == NULL)
		return;
	lp_rule_server_stop(server);
	lp_shared_close(&server->shared);
	lp_problems_free(&server->problems);
	for (size_t i = 0; i < server->warned_count; i++)
		free(server->warned[i]);
	free(server->warned);
	free(server->ended);
	lp_arena_free(&server->arena);
	pthread_mutex_destroy(&server->lock);
	free(server);
}
