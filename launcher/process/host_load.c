/*
 * Loading the rules: waits until the rule server has imported the files, and
 * takes the catalogue.  A file that hangs, kills the server or leaves a thread is
 * recognized by what the server was at, and the next server leaves it out.
 *
 * Runs in the main process, in its main thread.
 */
#include "process/host.h"

#include "model/clock.h"
#include "process/record.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define IMPORT_LIMIT (10 * LP_SECOND)
/* Nanoseconds that the server has before, between and after files. */
#define START_LIMIT INT64_C(30000000000)

enum import_end { IMPORT_DONE, IMPORT_DIED, IMPORT_HUNG, IMPORT_STOPPED };

static int64_t import_limit(const struct lp_rule_server *server)
{
	return server->options.import_limit > 0 ? server->options.import_limit : IMPORT_LIMIT;
}

/* Waits until all files are imported, or the server has come to an end in one. */
static enum import_end wait_for_imports(struct lp_rule_server *server, const volatile int *stop)
{
	const struct lp_process *process = &server->process;
	struct lp_deadline deadline = { 0 };
	struct lp_reply reply;
	uint64_t last_sequence = 0;
	int64_t since = lp_monotonic();

	for (;;) {
		uint64_t sequence = atomic_load_explicit(&process->area.head->pulse.sequence, memory_order_acquire);
		int wait = LP_POLL_INTERVAL;

		if (stop != NULL && *stop != 0)
			return IMPORT_STOPPED;
		if (lp_deadline_enforce(&deadline, process, 1000 * import_limit(server), &wait))
			return IMPORT_HUNG;
		if (sequence != last_sequence) {
			last_sequence = sequence;
			since = lp_monotonic();
		}
		/* At no file, and no progress: it was stopped, or starves.  In a file the deadline counts. */
		if (sequence % 2 == 0 && lp_monotonic() - since > START_LIMIT)
			return IMPORT_HUNG;
		switch (lp_process_wait(process, wait)) {
		case LP_PROCESS_SILENT:
			break;
		case LP_PROCESS_SAYS:
			/* A message that makes no sense comes from a file of rules that writes to the socket. */
			return lp_receive(process->socket, &reply, sizeof reply, NULL, 0) &&
			                       reply.kind == LP_REPLY_READY
			               ? IMPORT_DONE
			               : IMPORT_DIED;
		case LP_PROCESS_ENDED:
			return IMPORT_DIED;
		}
	}
}

static bool log_line(void *context, uint32_t task, enum lp_log_level level, const char *from, const char *logger,
                     const char *text)
{
	(void)task;
	if (lp_rule_server_count_line(context))
		lp_log(level, text, LP_TEXT("from", from), LP_TEXT("logger", logger));
	return true;
}

/*
 * Finds the message of a server that has ended by itself: the line of its output
 * that begins with the program's name, without that.  NULL: there is none.
 */
static const char *find_message(struct lp_rule_server *server, const char *output)
{
	static const char prefix[] = "local-processing: ";
	const char *line = output == NULL ? NULL : strstr(output, prefix);

	if (line == NULL)
		return NULL;
	line += strlen(prefix);
	return lp_arena_copy(&server->arena, line, strcspn(line, "\n"));
}

/* Says why there is no catalogue, where no file is to blame. */
static bool fail_server(struct lp_rule_server *server, int status, const char *output, struct lp_error *error)
{
	char end[160];
	const char *message = find_message(server, output);
	bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;

	if (message != NULL)
		return lp_fail(error, WIFEXITED(status) ? (enum lp_exit)WEXITSTATUS(status) : LP_EXIT_INTERNAL, "%s",
		               message);
	lp_describe_end(status, end, sizeof end);
	if (server->is_other)
		return lp_fail(error, LP_EXIT_CONFIGURATION,
		               "it does not run rules as a Python does: the process %s%s%s", end,
		               output == NULL ? "" : ", and said: ", output == NULL ? "" : output);
	lp_fail(error, killed ? LP_EXIT_TEMPORARY : LP_EXIT_INTERNAL,
	        "the rule server, the process that runs rules, %s%s%s", end, output == NULL ? "" : ": ",
	        output == NULL ? "" : output);
	return killed ? false : lp_hint(error, "This is a bug in local-processing, or the machine is out of memory.");
}

/* Finds the name of the module with this number.  NULL: there is none. */
static const char *find_module(struct lp_rule_server *server, uint32_t index)
{
	struct lp_stretch stretch = server->process.area.head->files;
	const char *bytes = lp_area_find_bytes(&server->process.area, stretch), *module = NULL;
	struct lp_record record = { .at = bytes, .arena = &server->arena };

	if (bytes == NULL)
		return NULL;
	record.end = bytes + stretch.length;
	for (uint32_t i = 0; i <= index && !record.bad; i++)
		lp_record_text(&record, &module);
	return record.bad ? NULL : module;
}

/* Has the next server leave out the file that this one was at.  False: it was at none. */
static bool blame_file(struct lp_rule_server *server, enum import_end import, int status, const char *output)
{
	struct lp_pulse *pulse = &server->process.area.head->pulse;
	struct lp_rule_skip *skip = &server->setup.skips[server->setup.skip_count];
	uint32_t index = atomic_load(&pulse->index);
	const char *message = find_message(server, output), *module;
	char end[160], text[400];

	if (atomic_load(&pulse->sequence) % 2 == 0 || index == 0 || server->setup.skip_count == LP_SETUP_SKIPS_MOST)
		return false;
	module = find_module(server, index);
	if (module == NULL)
		return false;
	lp_describe_end(status, end, sizeof end);
	if (import == IMPORT_HUNG)
		snprintf(text, sizeof text, "still being imported after its time limit of %g s",
		         (double)import_limit(server) / LP_SECOND);
	else if (message != NULL)
		snprintf(text, sizeof text, "%s", message);
	else
		snprintf(text, sizeof text, "the process that imported it %s", end);
	*skip = (struct lp_rule_skip){ .module = module,
		                       .type = import == IMPORT_HUNG ? "TimeLimit" : "ImportError",
		                       .reason = lp_arena_text(&server->arena, text),
		                       .traceback = output };
	server->setup.skip_count++;
	return true;
}

static bool take_catalogue(struct lp_rule_server *server, struct lp_error *error)
{
	struct lp_stretch stretch = server->process.area.head->catalogue;
	const char *bytes = lp_area_find_bytes(&server->process.area, stretch);

	if (bytes != NULL && lp_catalogue_read(bytes, stretch.length, &server->arena, &server->catalogue,
	                                       &server->problems, &server->description))
		return true;
	return lp_fail(error, LP_EXIT_DATA,
	               "what the rule server tells about the rules makes no sense: a file of rules may have damaged "
	               "its process");
}

/* Ends a server that has not imported all files.  True: start another one, which leaves the file out. */
static bool end_import(struct lp_rule_server *server, enum import_end import, struct lp_error *error)
{
	const char *output;
	int status;
	bool again;

	if (import == IMPORT_HUNG)
		lp_process_request_traceback(&server->process);
	lp_process_signal(&server->process, SIGKILL);
	status = lp_rule_server_wait(server);
	output = lp_process_read_output(&server->process, &server->arena);
	again = import != IMPORT_STOPPED && blame_file(server, import, status, output);
	lp_process_release(&server->process);
	if (again)
		return true;
	if (import == IMPORT_STOPPED)
		return lp_fail(error, LP_EXIT_TEMPORARY, "stopped by a signal while rules were imported");
	if (import == IMPORT_HUNG)
		return lp_fail(error, LP_EXIT_TEMPORARY,
		               "the rule server, the process that runs rules, has made no progress for %d s: it was "
		               "stopped, or the machine has too much to do",
		               (int)(START_LIMIT / 1000000000));
	return fail_server(server, status, output, error);
}

static bool load(struct lp_rule_server *server, const volatile int *stop, struct lp_error *error)
{
	for (;;) {
		enum import_end import;

		if (!lp_rule_server_start(server, error))
			return false;
		import = wait_for_imports(server, stop);
		lp_area_each_line(&server->process.area, &server->process.log_position, log_line, server);
		if (import == IMPORT_DONE)
			return take_catalogue(server, error);
		if (!end_import(server, import, error))
			return false;
	}
}

/* Loads the rules once.  False: there are none. */
static bool load_once(struct lp_rule_server *server, const volatile int *stop, struct lp_error *error)
{
	struct lp_reply reply;

	if (server->loaded)
		return true;
	if (!load(server, stop, error))
		return false;
	server->loaded = true;
	/* The server forks this process without an order.  If that fails, the first worker orders one. */
	lp_rule_server_receive_fork(server, &reply, &server->spare, NULL);
	return true;
}

static int compare_names(const void *one, const void *other)
{
	return strcmp(((const struct lp_rule *)one)->name, ((const struct lp_rule *)other)->name);
}

/* Adds the rules of the user's interpreter, but for those that it makes up for modules that it was not given. */
static void add_rules(struct lp_rule_server *server, const struct lp_rule_catalogue *more)
{
	struct lp_rule_catalogue *catalogue = &server->catalogue;
	struct lp_rule *rules =
		lp_arena_zeroed(&server->arena, catalogue->count + more->count, sizeof *catalogue->rules);

	for (size_t i = 0; i < catalogue->count; i++)
		rules[i] = catalogue->rules[i];
	for (size_t i = 0; i < more->count; i++)
		if (lp_other_python_has_rule(&server->options.other, more->rules[i].name))
			rules[catalogue->count++] = more->rules[i];
	if (catalogue->count > 0)
		qsort(rules, catalogue->count, sizeof *rules, compare_names);
	catalogue->rules = rules;
}

/* Loads the rules of the user's interpreter.  Where it cannot be used, only its own calculations fail. */
static bool load_other(struct lp_rule_server *server, const volatile int *stop, struct lp_error *error)
{
	struct lp_rule_server *other = server->other;
	const char *interpreter = server->options.other.interpreter;
	struct lp_error reason = { 0 };

	if (other == NULL || other->loaded || other->unusable != NULL)
		return true;
	if (load_once(other, stop, &reason)) {
		add_rules(server, &other->catalogue);
		return true;
	}
	if (stop != NULL && *stop != 0) {
		*error = reason;
		return false;
	}
	other->unusable = lp_arena_text(&server->arena, reason.what);
	lp_problem_add(&other->problems, interpreter, 0, 0, "%s", other->unusable);
	return true;
}

static void add_problems(struct lp_problems *problems, const struct lp_problems *more)
{
	for (uint32_t i = 0; i < more->count; i++) {
		const struct lp_problem *problem = &more->items[i];

		lp_problem_add(problems, problem->file, problem->line, problem->column, "%s", problem->what);
	}
	problems->left_out += more->left_out;
}

bool lp_rule_server_catalogue(struct lp_rule_server *server, const volatile int *stop,
                              const struct lp_rule_catalogue **catalogue, struct lp_problems *problems,
                              struct lp_error *error)
{
	LP_ASSERT_MAIN_THREAD();
	if (!load_once(server, stop, error) || !load_other(server, stop, error))
		return false;
	*catalogue = &server->catalogue;
	add_problems(problems, &server->problems);
	if (server->other != NULL)
		add_problems(problems, &server->other->problems);
	return true;
}

const char *lp_rule_server_other(const struct lp_rule_server *server)
{
	return server->other == NULL ? NULL : server->other->description;
}
