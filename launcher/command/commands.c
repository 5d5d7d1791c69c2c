/* The table of commands, and `help`, which shows it. */
#include "command/command.h"
#include "text/names.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
const struct lp_command_entry lp_commands[] = {
	{ "Set up", &lp_command_demo },
	{ NULL, &lp_command_migrate },
	{ NULL, &lp_command_import },
	{ NULL, &lp_command_apply },
	{ NULL, &lp_command_check },
	{ NULL, &lp_command_config },
	{ "Every minute", &lp_command_run },
	{ NULL, &lp_command_serve },
	{ "In shadow", &lp_command_compare },
	{ NULL, &lp_command_promote },
	{ NULL, &lp_command_demote },
	{ "Again", &lp_command_backfill },
	{ NULL, &lp_command_invalidate },
	{ NULL, &lp_command_retry },
	{ "Look", &lp_command_status },
	{ NULL, &lp_command_report },
	{ NULL, &lp_command_samples },
	{ NULL, &lp_command_healthcheck },
	{ NULL, &lp_command_due },
	{ NULL, &lp_command_explain },
	{ NULL, &lp_command_graph },
	{ NULL, &lp_command_history },
	{ NULL, &lp_command_rules },
	{ NULL, &lp_command_export },
	{ "Keep", &lp_command_prune },
	{ "The program itself", &lp_command_python },
	{ NULL, &lp_command_version },
	{ NULL, &lp_command_help },
};
/* clang-format on */
enum { COMMAND_COUNT = sizeof lp_commands / sizeof lp_commands[0] };
const size_t lp_command_count = COMMAND_COUNT;

static const char exit_codes[] =
	"Exit codes:\n"
	"   0  done; or nothing was due; or another run is working\n"
	"   1  calculations failed, and --fail-on or --exit-code asked for it; or results are not equal\n"
	"  64  the command line\n"
	"  65  definitions, rules or data are wrong\n"
	"  69  the database cannot be had: no such host, no such database\n"
	"  70  a bug: please report it\n"
	"  73  cannot write: a file, a read-only or full database\n"
	"  75  a later try can help: connection lost, database starting, locked, stopped early\n"
	"  77  password, role or file permissions\n"
	"  78  configuration, or the schema is missing or newer\n";

void lp_command_print_list(FILE *output)
{
	fputs("Usage: local-processing [OPTION...] COMMAND [OPTION...]\n"
	      "\n"
	      "Runs a team's Python calculation rules over time series, every minute.\n",
	      output);
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (lp_commands[i].heading != NULL)
			fprintf(output, "\n%s:\n", lp_commands[i].heading);
		fprintf(output, "  %-11s %s\n", lp_commands[i].command->name, lp_commands[i].command->summary);
	}
	fprintf(output,
	        "%s\n"
	        "Examples:\n"
	        "  local-processing demo                 a directory with everything in it, to look at and change\n"
	        "  local-processing check                everything that is wrong, at once\n"
	        "  local-processing run --report         one run for the current minute\n"
	        "  local-processing status --failed      which calculation failed, since when, why\n"
	        "\n"
	        "`local-processing COMMAND --help` tells more.\n"
	        "\n"
	        "%s",
	        lp_shared_help, exit_codes);
}

const struct lp_command *lp_command_find(const char *name, struct lp_error *error)
{
	const char *names[COMMAND_COUNT];
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		names[i] = lp_commands[i].command->name;
		if (strcmp(names[i], name) == 0)
			return lp_commands[i].command;
	}
	const char *nearest = lp_nearest_of(name, names, COMMAND_COUNT, sizeof names[0]);
	lp_fail(error, LP_EXIT_USAGE, "there is no command \"%s\"", name);
	if (nearest != NULL)
		lp_hint(error, "Did you mean %s? `local-processing --help` lists them all.", nearest);
	else
		lp_hint(error, "`local-processing --help` lists the commands.");
	return NULL;
}

struct request {
	struct lp_words names;
};

static void print_line(void *context, const char *text)
{
	(void)context;
	puts(text);
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct request *request = data;
	const char *name = request->names.count > 0 ? request->names.items[0] : NULL;
	(void)session;
	if (name == NULL) {
		lp_command_print_list(stdout);
		return true;
	}
	if (strcmp(name, "configuration") == 0) {
		fputs("Settings of the file. A variable wins over it: $LOCAL_PROCESSING_LOG_LEVEL is log.level, and\n"
		      "$LOCAL_PROCESSING_STORE_FILE names a file that has the value of store.\n\n",
		      stdout);
		lp_config_describe(print_line, NULL);
		return true;
	}
	const struct lp_command *command = lp_command_find(name, error);
	if (command == NULL)
		return false;
	lp_command_print_help(command);
	return true;
}

const struct lp_command lp_command_help = {
	.name = "help",
	.summary = "this list; `help COMMAND`; `help configuration`: every setting",
	.help = "Usage: local-processing help [COMMAND | configuration]\n"
		"\n"
		"Lists the commands, shows what one of them does, or describes every setting of the configuration.\n"
		"\n"
		"Examples:\n"
		"  local-processing help status\n"
		"  local-processing help configuration\n",
	.operands = { .most = 1,
	              .what = "one command, or \"configuration\"",
	              .field = offsetof(struct request, names) },
	.request_size = sizeof(struct request),
	.run = run,
};
