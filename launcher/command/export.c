/* `export`: what is stored, as YAML that `apply` reads back. */
#include "command/command.h"

#include "definition/definition.h"
#include <stdio.h>

static int run(int count, char **arguments);

const struct lp_command lp_command_export = {
	.name = "export",
	.summary = "write series and calculations as YAML that apply reads",
	.help = "Usage: local-processing export [NAME...]\n"
		"\n"
		"Writes the series and calculations that are stored to standard output, in the form that apply\n"
		"reads: applying it again changes nothing. With names (* and ? may be in them), those that fit\n"
		"one of them, and the series that these calculations use. Templates come out as the definitions\n"
		"that they made.\n"
		"\n"
		"Examples:\n"
		"  local-processing export > definitions.yaml\n"
		"  local-processing export 'north/*'\n",
	.run = run,
};

static bool export(struct lp_session *session, char **patterns, size_t count, struct lp_error *error)
{
	struct lp_definitions stored;
	if (!lp_definitions_load(session->store, &stored, error))
		return false;
	if (count > 0)
		lp_definitions_choose(&stored, (const char *const *)patterns, count);
	bool good = true;
	if (count > 0 && stored.series_count == 0 && stored.calculation_count == 0)
		good = lp_fail(error, LP_EXIT_DATA, "no series and no calculation has a name like %s%s", patterns[0],
		               count > 1 ? " or the others given" : "");
	good = good && lp_definitions_write(&stored, stdout, error);
	lp_definitions_free(&stored);
	return good;
}

static int run(int count, char **arguments)
{
	struct lp_error error = { 0 };
	struct lp_session session = { 0 };
	struct lp_common_options common = { 0 };
	const struct lp_option options[] = { { 0 } };
	int operands;
	if (!lp_options_parse(&lp_command_export, count, arguments, options, &common, &operands, &error) ||
	    !lp_session_open(&common, LP_SESSION_STORE, &session, &error))
		return lp_command_fail(&lp_command_export, &error);
	bool good = export(&session, arguments, (size_t)operands, &error);
	int code = good ? LP_EXIT_OK : lp_command_fail(&lp_command_export, &error);
	lp_session_close(&session);
	return code;
}
