/* `export`: what is stored, as YAML that `apply` reads back. */
#include "command/command.h"

#include "definition/definition.h"
#include <stdio.h>

struct request {
	struct lp_words patterns;
};

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct lp_words *patterns = &((const struct request *)data)->patterns;
	struct lp_definitions stored;
	if (!lp_definitions_load(session->store, &stored, error))
		return false;
	if (patterns->count > 0)
		lp_definitions_choose(&stored, patterns->items, patterns->count);
	bool ok = true;
	if (patterns->count > 0 && stored.series_count == 0 && stored.calculation_count == 0)
		ok = lp_fail(error, LP_EXIT_DATA, "no series and no calculation has a name like %s%s",
		             patterns->items[0], patterns->count > 1 ? " or the others given" : "");
	ok = ok && lp_definitions_write(&stored, stdout, error);
	lp_definitions_free(&stored);
	return ok;
}

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
	.operands = { .most = LP_OPERANDS_ANY, .what = "names", .field = offsetof(struct request, patterns) },
	.request_size = sizeof(struct request),
	.need = LP_NEED_STORE,
	.run = run,
};
