/*
 * The rule server as the rest of the main process has it: its memory, the
 * interpreter processes that it forks and reaps, what they have used, its end.
 *
 * Runs in the main process: in its main thread, and in those of workers.
 */
#include "process/host.h"
#include "process/limits.h"

#include "model/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

/* Nanoseconds that the server has for a reply, and where the run is to stop. */
#define REPLY_LIMIT          INT64_C(10000000000)
#define REPLY_LIMIT_STOPPING INT64_C(1000000000)
/* Milliseconds that the server has to end by itself; lines of rules that a run logs. */
enum { END_LIMIT = 1000, LINES_MOST = 10000 };

static struct lp_rule_server *make_server(const struct lp_process_options *options)
{
	struct lp_rule_server *server = lp_allocate(sizeof *server);

	server->options = *options;
	server->batches = &server->shared;
	server->process = server->spare = LP_NO_PROCESS;
	pthread_mutex_init(&server->lock, NULL);
	return server;
}

struct lp_rule_server *lp_rule_server_new(const struct lp_process_options *options)
{
	struct lp_rule_server *server = make_server(options);

	if (options->other.interpreter != NULL) {
		server->other = make_server(options);
		server->other->is_other = true;
		server->other->batches = &server->shared;
	}
	return server;
}

bool lp_rule_server_memory(struct lp_rule_server *server, struct lp_arena_source **source, struct lp_error *error)
{
	assert(server->process.id == 0 || server->shared.address != NULL);
	if (server->shared.address == NULL && !lp_shared_open(&server->shared, error))
		return false;
	*source = &server->shared.source;
	return true;
}

void lp_rule_server_processes(const struct lp_rule_server *server, pid_t processes[LP_RULE_SERVER_PROCESSES])
{
	processes[0] = server->process.id;
	processes[1] = server->other == NULL ? 0 : server->other->process.id;
}

bool lp_rule_server_has_ended(const struct lp_rule_server *server)
{
	struct pollfd end = { .fd = server->process.descriptor, .events = POLLIN };

	return (server->process.id != 0 && poll(&end, 1, 0) > 0) ||
	       (server->other != NULL && lp_rule_server_has_ended(server->other));
}

bool lp_rule_server_receive(struct lp_rule_server *server, struct lp_reply *reply, int *descriptors, int count,
                            const atomic_bool *stop)
{
	int64_t start = lp_monotonic();

	for (int i = 0; i < count; i++)
		descriptors[i] = -1;
	for (;;) {
		switch (lp_process_wait(&server->process, LP_POLL_INTERVAL)) {
		case LP_PROCESS_SAYS:
			return lp_receive(server->process.socket, reply, sizeof *reply, descriptors, count);
		case LP_PROCESS_ENDED:
			errno = EPIPE;
			return false;
		case LP_PROCESS_SILENT:
			break;
		}
		/* It was stopped, or does nothing any more. */
		if (lp_monotonic() - start > (stop != NULL && atomic_load(stop) ? REPLY_LIMIT_STOPPING : REPLY_LIMIT)) {
			lp_process_signal(&server->process, SIGKILL);
			errno = ETIMEDOUT;
			return false;
		}
	}
}

void lp_rule_server_receive_fork(struct lp_rule_server *server, struct lp_reply *reply, struct lp_process *process,
                                 const atomic_bool *stop)
{
	int descriptors[LP_REPLY_DESCRIPTORS];

	if (!lp_rule_server_receive(server, reply, descriptors, LP_REPLY_DESCRIPTORS, stop)) {
		reply->kind = LP_REPLY_FAILED;
		reply->error_number = errno == 0 ? EPIPE : errno;
		snprintf(reply->what, sizeof reply->what, "answer of the rule server");
	}
	*process = LP_NO_PROCESS;
	if (reply->kind != LP_REPLY_FORKED)
		return;
	process->id = reply->process;
	process->socket = descriptors[0];
	process->descriptor = descriptors[1];
	process->area.descriptor = descriptors[2];
	process->output = descriptors[3];
}

static bool fail_fork(const struct lp_reply *reply, struct lp_error *error)
{
	lp_fail_errno(error, LP_EXIT_TEMPORARY, reply->error_number, "cannot start an interpreter process: no %.*s",
	              (int)sizeof reply->what, reply->what);
	return lp_hint_limit(error, reply->error_number,
	                     "A limit on processes (ulimit -u, pids.max) or memory may be too low: a run needs one "
	                     "process more than it has workers.");
}

bool lp_rule_server_fork(struct lp_rule_server *server, int64_t memory_limit, struct lp_process *process,
                         const atomic_bool *stop, struct lp_error *error)
{
	const struct lp_order order = { .kind = LP_ORDER_FORK, .memory_limit = memory_limit };
	struct lp_reply reply = { .kind = LP_REPLY_FORKED };

	pthread_mutex_lock(&server->lock);
	if (server->spare.id != 0 && memory_limit == server->options.memory_limit) {
		*process = server->spare;
		server->spare = LP_NO_PROCESS;
	} else if (lp_send(server->process.socket, &order, sizeof order, NULL, 0)) {
		lp_rule_server_receive_fork(server, &reply, process, stop);
	} else {
		reply = (struct lp_reply){ .kind = LP_REPLY_FAILED, .error_number = errno, .what = "rule server" };
	}
	pthread_mutex_unlock(&server->lock);
	return reply.kind == LP_REPLY_FORKED || fail_fork(&reply, error);
}

bool lp_rule_server_reap(struct lp_rule_server *server, pid_t process, int *status, const atomic_bool *stop)
{
	const struct lp_order order = { .kind = LP_ORDER_REAP, .process = process };
	struct lp_reply reply = { .kind = LP_REPLY_FAILED };
	bool ok;

	pthread_mutex_lock(&server->lock);
	ok = lp_send(server->process.socket, &order, sizeof order, NULL, 0) &&
	     lp_rule_server_receive(server, &reply, NULL, 0, stop) && reply.kind == LP_REPLY_REAPED;
	if (ok)
		lp_usage_add(&server->usage, &reply.usage);
	pthread_mutex_unlock(&server->lock);
	*status = reply.status;
	return ok;
}

void lp_rule_server_reap_later(struct lp_rule_server *server, pid_t process)
{
	pthread_mutex_lock(&server->lock);
	LP_GROW(server->zombies, server->zombie_count, server->zombie_capacity);
	server->zombies[server->zombie_count++] = process;
	pthread_mutex_unlock(&server->lock);
}

/* Reaps them until a server does not reply at once: it has been stopped, and is not waited for. */
static void reap_zombies(struct lp_rule_server *server)
{
	static const atomic_bool stop = true;
	int status;

	for (;;) {
		pid_t process = 0;

		pthread_mutex_lock(&server->lock);
		if (server->zombie_count > 0)
			process = server->zombies[--server->zombie_count];
		pthread_mutex_unlock(&server->lock);
		if (process == 0 || !lp_rule_server_reap(server, process, &status, &stop))
			return;
	}
}

struct lp_process_usage lp_rule_server_usage(struct lp_rule_server *server)
{
	struct lp_process_usage usage;
	struct timespec spent;
	clockid_t clock;

	reap_zombies(server);
	pthread_mutex_lock(&server->lock);
	usage = server->usage;
	pthread_mutex_unlock(&server->lock);
	if (server->other != NULL) {
		struct lp_process_usage more = lp_rule_server_usage(server->other);

		usage.user += more.user;
		usage.system += more.system;
	}
	/* The kernel tells the time of a running process as one sum of user and system time. */
	if (server->process.id > 0 && clock_getcpuclockid(server->process.id, &clock) == 0 &&
	    clock_gettime(clock, &spent) == 0)
		usage.user += (double)spent.tv_sec + (double)spent.tv_nsec / 1e9;
	return usage;
}

bool lp_rule_server_count_line(struct lp_rule_server *server)
{
	uint64_t count;

	pthread_mutex_lock(&server->lock);
	count = ++server->line_count;
	pthread_mutex_unlock(&server->lock);
	if (count == LINES_MOST + 1)
		lp_log(LP_LOG_WARNING, "rules print too much: the rest of this run is left out",
		       LP_INT("lines_most", LINES_MOST));
	return count <= LINES_MOST;
}

void lp_rule_server_warn(struct lp_rule_server *server, const struct lp_calculation *calculation, const char *leftovers)
{
	bool known = false;

	pthread_mutex_lock(&server->lock);
	for (size_t i = 0; i < server->warned_count && !known; i++)
		known = strcmp(server->warned_rules[i], calculation->rule) == 0;
	if (!known) {
		LP_GROW(server->warned_rules, server->warned_count, server->warned_capacity);
		server->warned_rules[server->warned_count++] = lp_copy_text(calculation->rule);
	}
	pthread_mutex_unlock(&server->lock);
	if (!known)
		lp_log(LP_LOG_WARNING, "what a rule leaves behind is put back after each call: let it do that itself",
		       LP_TEXT("rule", calculation->rule), LP_TEXT("calculation", calculation->name),
		       LP_TEXT("left", leftovers));
}

int lp_rule_server_wait(const struct lp_rule_server *server)
{
	int status = 0;
	pid_t ended;

	do
		ended = waitpid(server->process.id, &status, 0);
	while (ended < 0 && errno == EINTR);
	return ended > 0 ? status : 0;
}

void lp_rule_server_stop(struct lp_rule_server *server)
{
	struct pollfd end = { .fd = server->process.descriptor, .events = POLLIN };

	LP_ASSERT_MAIN_THREAD();
	if (server->other != NULL)
		lp_rule_server_stop(server->other);
	lp_process_release(&server->spare);
	if (server->process.id == 0)
		return;
	/* The server sees that its socket is closed, ends its processes, reaps them and ends. */
	close(server->process.socket);
	server->process.socket = -1;
	if (poll(&end, 1, END_LIMIT) <= 0)
		lp_process_signal(&server->process, SIGKILL);
	(void)lp_rule_server_wait(server);
	lp_process_release(&server->process);
}

void lp_rule_server_free(struct lp_rule_server *server)
{
	if (server == NULL)
		return;
	lp_rule_server_stop(server);
	lp_rule_server_free(server->other);
	lp_shared_close(&server->shared);
	lp_problems_free(&server->problems);
	for (size_t i = 0; i < server->warned_count; i++)
		free(server->warned_rules[i]);
	free(server->warned_rules);
	free(server->zombies);
	lp_arena_free(&server->arena);
	pthread_mutex_destroy(&server->lock);
	free(server);
}
