/* Decides which program this process is, and hands the words of the command line to the command that they name. */
#include "command/command.h"
#include "command/host.h"
#include "process/process.h"
#include "rules/rules.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static int call(int count, char **arguments)
{
	struct lp_overrides overrides = { 0 }, none = { 0 };
	struct lp_command_line line = { .count = count - 1, .words = arguments + 1, .overrides = &overrides };
	const struct lp_command *command;
	struct lp_error error;
	if (!lp_options_parse_leading(&line, &error))
		return lp_command_fail(NULL, &error);
	/* Python has its own way with streams that are closed. */
	if (line.count == 0 || strcmp(line.words[0], lp_command_python.name) != 0)
		lp_host_hold_streams();
	if (line.help || line.version)
		return lp_command_call(line.help ? &lp_command_help : &lp_command_version, &none, 1, arguments);
	if (line.count == 0) {
		lp_command_print_list(stderr);
		return LP_EXIT_USAGE;
	}
	command = lp_command_find(line.words[0], &error);
	return command == NULL ? lp_command_fail(NULL, &error)
	                       : lp_command_call(command, &overrides, line.count, line.words);
}

int main(int count, char **arguments)
{
	if (lp_rule_server_was_invoked(count, arguments))
		lp_rule_server_main();
	lp_host_prepare();
	if (lp_python_was_invoked(count, arguments)) {
		lp_rules_add_types();
		return lp_python_main(count, arguments);
	}
	/* A reader that goes away is noticed by the write that fails. */
	signal(SIGPIPE, SIG_IGN);
	/* So is a file that may not grow any more. */
	signal(SIGXFSZ, SIG_IGN);
	return call(count, arguments);
}
