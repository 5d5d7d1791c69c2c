/* See on_failure.h. */
#include "command/on_failure.h"

#include "model/clock.h"
#include "observe/observe.h"
#include "show/show.h"
#include "text/json.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A command that has not ended by then is ended. */
#define CALL_LIMIT (30 * LP_MONOTONIC_SECOND)

static bool write_all(void *context, const char *data, size_t length, struct lp_error *error)
{
	const int *file = context;
	while (length > 0) {
		ssize_t written = write(*file, data, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return lp_fail_errno(error, LP_EXIT_CANNOT_WRITE, errno, "cannot keep the list of failures");
		data += written;
		length -= (size_t)written;
	}
	return true;
}

static void add_news(struct lp_text *json, const struct lp_run *run, const struct lp_run_timing *timing,
                     const struct lp_zone *zone)
{
	lp_json_begin(json, NULL, "{\n  ");
	lp_json_add_integer(json, "run", run->id);
	lp_json_add_time(json, "tick", run->tick, zone);
	lp_json_add_integer(json, "newly_failed", (int64_t)run->newly_failed);
	lp_json_add_integer(json, "recovered", (int64_t)timing->recovered);
	lp_json_begin(json, "recovered_names", "[");
	for (size_t i = 0; i < timing->recovered && i < LP_RUN_FAILURES_MOST; i++)
		lp_json_add_text(json, NULL, timing->recovered_names[i]);
	lp_json_end(json, "]");
}

/* A file in memory, so that a command that does not read holds up nobody. Returns its descriptor, or -1. */
static int write_document(struct lp_session *session, const struct lp_run *run, const struct lp_run_timing *timing,
                          struct lp_error *error)
{
	int file = memfd_create("local-processing: failures", MFD_CLOEXEC);
	const struct lp_status_query query = { .filter = { .failed = true }, .zone = session->zone };
	struct lp_document news = { .send = write_all, .context = &file }, failed = news;
	uint64_t failing;
	if (file < 0) {
		lp_fail_errno(error, LP_EXIT_TEMPORARY, errno, "cannot keep the list of failures");
		return -1;
	}
	add_news(&news.text, run, timing, session->zone);
	lp_text_addf(&news.text, ",\n  \"failed\": ");
	bool ok = lp_document_end(&news, true, error);
	ok = ok && lp_show_status(&failed, session->store, &query, &failing, error);
	ok = lp_document_end(&failed, ok, error) && ok && write_all(&file, "}\n", 2, error);
	if (ok && lseek(file, 0, SEEK_SET) == 0)
		return file;
	close(file);
	return -1;
}

/* Returns an errno; 0: it is called. */
static int spawn(struct lp_call *call, const char *command, int input)
{
	static char shell[] = "/bin/sh", option[] = "-c";
	char *text = lp_copy_text(command);
	/* An image FROM scratch has no shell: there it is the name of a program. */
	bool has_shell = access(shell, X_OK) == 0;
	char *with_shell[] = { shell, option, text, NULL }, *alone[] = { text, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, usual;
	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	sigaddset(&usual, SIGXFSZ);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	/* What `run` prints for programs stays as it is. */
	posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &usual);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	int result = posix_spawn(&call->process, has_shell ? shell : text, &actions, &attributes,
	                         has_shell ? with_shell : alone, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	free(text);
	return result;
}

void lp_on_failure(struct lp_call *call, struct lp_session *session, const struct lp_run *run,
                   const struct lp_run_timing *timing)
{
	const char *command = session->config.on_failure;
	struct lp_error error = { 0 };
	if (command == NULL || run->id == 0 || run->newly_failed + timing->recovered == 0)
		return;
	lp_call_wait(call);
	/* This process is asked to end, and has no time for another one. */
	if (call->process != 0)
		return;
	int input = write_document(session, run, timing, &error), number;
	if (input < 0) {
		lp_log(LP_LOG_WARNING, "nobody is told of failures", LP_TEXT("error", error.what));
		return;
	}
	number = spawn(call, command, input);
	close(input);
	call->since = lp_monotonic();
	if (number == 0)
		return;
	call->process = 0;
	lp_log(LP_LOG_WARNING, "nobody is told of failures: the command cannot be called", LP_TEXT("command", command),
	       LP_TEXT("error", strerror(number)));
}

static void note_end(struct lp_call *call, int status)
{
	call->process = 0;
	if (WIFSIGNALED(status))
		lp_log(LP_LOG_WARNING, "the command that is told of failures was ended",
		       LP_INT("signal", WTERMSIG(status)));
	else if (WEXITSTATUS(status) != 0)
		lp_log(LP_LOG_WARNING, "the command that is told of failures has failed",
		       LP_INT("exit_code", WEXITSTATUS(status)));
}

void lp_call_look(struct lp_call *call)
{
	int status;
	if (call->process == 0)
		return;
	if (waitpid(call->process, &status, WNOHANG) == call->process) {
		note_end(call, status);
		return;
	}
	/* Its whole session goes, whatever it has started there. */
	if (lp_monotonic() - call->since >= CALL_LIMIT)
		(void)kill(-call->process, SIGKILL);
}

void lp_call_wait(struct lp_call *call)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	for (lp_call_look(call); call->process != 0 && lp_stop == 0; lp_call_look(call))
		nanosleep(&pause, NULL);
}
