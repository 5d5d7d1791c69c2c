/*
 * The table of commands.  Finds the one that is meant, lets it work, and sees
 * that what it printed arrived.
 */
#include "command/command.h"
#include "command/host.h"
#include "command/output.h"
#include "process/process.h"
#include "rules/rules.h"
#include "text/names.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the order in which a newcomer meets them, under headings. */
static const struct entry {
	const char *heading; /* NULL: that of the one before */
	const struct lp_command *command;
} entries[] = {
	{ "Set up", &lp_command_demo },    { NULL, &lp_command_migrate },
	{ NULL, &lp_command_import },      { NULL, &lp_command_apply },
	{ NULL, &lp_command_check },       { "Every minute", &lp_command_run },
	{ "Again", &lp_command_backfill }, { NULL, &lp_command_invalidate },
	{ NULL, &lp_command_retry },       { "Look", &lp_command_status },
	{ NULL, &lp_command_samples },     { NULL, &lp_command_due },
	{ NULL, &lp_command_explain },     { NULL, &lp_command_graph },
	{ NULL, &lp_command_rules },       { NULL, &lp_command_export },
	{ "Keep", &lp_command_prune },     { "The program itself", &lp_command_python },
	{ NULL, &lp_command_version },
};
enum { COMMAND_COUNT = sizeof entries / sizeof entries[0] };

static const char exit_codes[] =
	"Exit codes:\n"
	"   0  done; or nothing was due; or another run is working\n"
	"   1  calculations failed, and --fail-on asked for it\n"
	"  64  the command line\n"
	"  65  definitions, rules or data are wrong\n"
	"  69  the database cannot be had: no such host, no such database\n"
	"  70  a bug: please report it\n"
	"  73  cannot write: a file, a read-only or full database\n"
	"  75  a later try can help: connection lost, database starting, locked, stopped early\n"
	"  77  password, role or file permissions\n"
	"  78  configuration, or the schema is missing or newer\n";

static void print_help(FILE *output)
{
	fputs("Usage: local-processing COMMAND [OPTION...]\n"
	      "\n"
	      "Runs a team's Python calculation rules over time series, every minute.\n",
	      output);
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (entries[i].heading != NULL) {
			fprintf(output, "\n%s:\n", entries[i].heading);
		}
		fprintf(output, "  %-10s %s\n", entries[i].command->name, entries[i].command->summary);
	}
	fputs("  help       this list; `help COMMAND`; `help configuration`: every setting\n", output);
	fprintf(output,
	        "\n"
	        "Examples:\n"
	        "  local-processing demo                 a directory with everything in it, to look at and change\n"
	        "  local-processing check                everything that is wrong, at once\n"
	        "  local-processing run --report         one run for the current minute\n"
	        "  local-processing status --failed      which calculation failed, since when, why\n"
	        "\n"
	        "`local-processing COMMAND --help` tells more.\n"
	        "\n"
	        "%s",
	        exit_codes);
}

static const struct lp_command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(entries[i].command->name, name) == 0) {
			return entries[i].command;
		}
	}
	return NULL;
}

static int fail_unknown(const char *name)
{
	const char *names[COMMAND_COUNT];
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		names[i] = entries[i].command->name;
	}
	const char *nearest = lp_nearest_of(name, names, COMMAND_COUNT, sizeof names[0]);
	fputs("local-processing: there is no command \"", stderr);
	lp_print_text(stderr, name);
	fputs("\"\n", stderr);
	if (nearest != NULL) {
		fprintf(stderr, "Did you mean %s? `local-processing --help` lists them all.\n", nearest);
	} else {
		fputs("`local-processing --help` lists the commands.\n", stderr);
	}
	return LP_EXIT_USAGE;
}

static void print_line(void *context, const char *text)
{
	(void)context;
	puts(text);
}

static int help(int count, char **arguments)
{
	if (count < 2) {
		print_help(stdout);
		return LP_EXIT_OK;
	}
	if (strcmp(arguments[1], "configuration") == 0) {
		lp_config_describe(print_line, NULL);
		return LP_EXIT_OK;
	}
	const struct lp_command *command = find_command(arguments[1]);
	if (command == NULL) {
		return fail_unknown(arguments[1]);
	}
	/* The command adds the options that it shares with others. */
	return command->run(2, (char *[]){ arguments[1], (char[]){ "--help" }, NULL });
}

/* What was printed counts only once it arrived: a full disk or a closed pipe is an error, not a success. */
static int finish_output(int code)
{
	bool failed = ferror(stdout) != 0;
	errno = 0;
	if (fflush(stdout) != 0) {
		failed = true;
	}
	if (!failed || lp_output_is_abandoned()) {
		return code;
	}
	if (code == LP_EXIT_OK) {
		fprintf(stderr, "local-processing: cannot write to standard output: %s\n",
		        errno != 0 ? strerror(errno) : "an earlier write failed");
		code = LP_EXIT_CANNOT_WRITE;
	}
	/* Not by exit(), which would come here again and say it twice. */
	_exit(code);
}

/* Commands may end by exit(): --help does. */
static void finish_at_exit(void)
{
	(void)finish_output(LP_EXIT_OK);
}

int main(int count, char **arguments)
{
	if (lp_rule_server_was_invoked(count, arguments)) {
		lp_rule_server_main();
	}
	lp_host_prepare();
	if (lp_python_was_invoked(count, arguments)) {
		lp_rules_add_types();
		return lp_python_main(count, arguments);
	}
	/* A reader that goes away is noticed by the write that fails. */
	signal(SIGPIPE, SIG_IGN);
	/* So is a file that may not grow any more. */
	signal(SIGXFSZ, SIG_IGN);
	atexit(finish_at_exit);
	if (count < 2) {
		print_help(stderr);
		return LP_EXIT_USAGE;
	}
	const char *name = arguments[1];
	if (strcmp(name, lp_command_python.name) != 0) {
		lp_host_hold_streams();
	}
	if (strcmp(name, "help") == 0) {
		return finish_output(help(count - 1, arguments + 1));
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		print_help(stdout);
		return finish_output(LP_EXIT_OK);
	}
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		arguments[1] = (char[]){ "version" };
		return finish_output(lp_command_version.run(1, arguments + 1));
	}
	const struct lp_command *command = find_command(name);
	return command == NULL ? fail_unknown(name) : finish_output(command->run(count - 1, arguments + 1));
}
