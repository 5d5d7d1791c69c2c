/*
 * One call of a verb, from its words to its exit code: parses them, opens what
 * the verb needs, runs it, closes, and prints what went wrong.
 */
#include "command/command.h"
#include "command/output.h"
#include "model/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void lp_command_print_problems(const struct lp_command *command, const struct lp_problems *problems)
{
	uint64_t count = (uint64_t)problems->count + problems->left_out;
	for (uint32_t i = 0; i < problems->count; i++) {
		const struct lp_problem *problem = &problems->items[i];
		if (problem->file != NULL) {
			lp_print_text(stderr, problem->file);
			fputc(':', stderr);
			if (problem->line > 0)
				fprintf(stderr, "%d:", problem->line);
			if (problem->line > 0 && problem->column > 0)
				fprintf(stderr, "%d:", problem->column);
			fputc(' ', stderr);
		}
		lp_print_text(stderr, problem->what);
		fputc('\n', stderr);
	}
	if (problems->left_out > 0)
		fprintf(stderr, "... and %u more\n", problems->left_out);
	if (command != NULL)
		fprintf(stderr, "local-processing %s: %llu problem%s\n", command->name, (unsigned long long)count,
		        count == 1 ? "" : "s");
}

bool lp_command_exit(struct lp_error *error, enum lp_exit exit)
{
	*error = (struct lp_error){ .exit = exit };
	return false;
}

int lp_command_fail(const struct lp_command *command, const struct lp_error *error)
{
	if (error->exit == LP_EXIT_CANNOT_WRITE && ferror(stdout) != 0 && lp_output_is_abandoned())
		return LP_EXIT_OK;
	if (error->what[0] == '\0')
		return (int)error->exit;
	fprintf(stderr, "local-processing%s%s: ", command == NULL ? "" : " ", command == NULL ? "" : command->name);
	lp_print_text(stderr, error->what);
	fputc('\n', stderr);
	if (error->hint[0] != '\0') {
		lp_print_text(stderr, error->hint);
		fputc('\n', stderr);
	}
	return (int)error->exit;
}

/* Refuses options before a verb that does not take them. */
static bool check_overrides(const struct lp_command *command, const struct lp_overrides *overrides,
                            struct lp_error *error)
{
	for (const struct lp_option *option = lp_shared_options; option->name != NULL; option++) {
		const char *const *value = (const char *const *)((const char *)overrides + option->field);
		if (*value != NULL && command->need == LP_NEED_NOTHING)
			return lp_fail(error, LP_EXIT_USAGE, "%s has no option %s", command->name, option->name);
	}
	return true;
}

static bool open_session(const struct lp_command *command, struct lp_session *session, struct lp_error *error)
{
	struct lp_problems problems = { 0 };
	bool ok;
	if (command->need < LP_NEED_CONFIGURATION)
		return true;
	ok = lp_session_load(session, &problems, error);
	lp_command_print_problems(NULL, &problems);
	lp_problems_free(&problems);
	return ok && (command->need < LP_NEED_STORE || lp_session_open_store(session, error));
}

static bool work(const struct lp_command *command, struct lp_session *session, void *request,
                 struct lp_overrides *overrides, struct lp_error *error)
{
	if (command->check != NULL && !command->check(request, overrides, error))
		return false;
	return open_session(command, session, error) && command->run(session, request, error);
}

void lp_command_print_help(const struct lp_command *command)
{
	fputs(command->help, stdout);
	fputs(command->need != LP_NEED_NOTHING ? lp_shared_help : "", stdout);
}

/* Makes sure that everything printed has arrived: a full disk or a closed pipe is an error, not a success. */
static int finish(const struct lp_command *command, bool ok, struct lp_error *error)
{
	struct lp_error other;
	bool written = lp_output_finish(ok ? error : &other);
	return ok && written ? LP_EXIT_OK : lp_command_fail(command, error);
}

int lp_command_call(const struct lp_command *command, struct lp_overrides *overrides, int count, char **arguments)
{
	struct lp_command_line line = { .count = count - 1, .words = arguments + 1, .overrides = overrides };
	struct lp_session session = { .overrides = overrides };
	struct lp_error error = { .exit = LP_EXIT_OK };
	bool raw = command->main != NULL, ok;
	void *request;
	int code;
	/* A verb that takes its words as they are has --help of ours; -h is the interpreter's. */
	if (raw && !(count > 1 && strcmp(arguments[1], "--help") == 0))
		return check_overrides(command, overrides, &error) ? command->main(count, arguments)
		                                                   : lp_command_fail(command, &error);
	request = lp_allocate(command->request_size + 1);
	line.help = raw;
	ok = raw || lp_options_parse(command, &line, request, &error);
	if (ok && line.help)
		lp_command_print_help(command);
	else
		ok = ok && check_overrides(command, overrides, &error) &&
		     work(command, &session, request, overrides, &error);
	code = finish(command, ok, &error);
	if (session.left_behind) {
		fflush(NULL);
		_exit(code);
	}
	lp_session_close(&session);
	lp_options_free(command, request);
	free(request);
	return code;
}
