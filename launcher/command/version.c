/*
 * `version`: what this executable is made of.  The texts are made with it
 * (build/embed.py) and travel inside; here is only which is meant.
 */
#include "command/command.h"

#include "command/output.h"
#include "model/embedded.h"
#include <assert.h>
#include <stdio.h>

static int run(int count, char **arguments);

const struct lp_command lp_command_version = {
	.name = "version",
	.summary = "what this program is made of: versions, build, licences",
	.help = "Usage: local-processing version [--build | --licenses | --sbom] [--json]\n"
		"\n"
		"Prints the version of the program and of everything that is linked into it.\n"
		"\n"
		"  --build     how it was made: compiler, flags, configure arguments, patches, profile, and what\n"
		"              `python3 -m sysconfig` would say\n"
		"  --licenses  the licence of everything that is linked in\n"
		"  --sbom      the software bill of materials, as CycloneDX (JSON)\n"
		"  --json      the versions, or with --build the build, as JSON\n"
		"\n"
		"Examples:\n"
		"  local-processing version --build                      to compare two machines\n"
		"  local-processing version --licenses > LICENCES        to hand on with the program\n"
		"  local-processing version --sbom > sbom.cdx.json       for a scanner of vulnerabilities\n",
	.run = run,
};

static int fail_usage(const char *what)
{
	struct lp_error error;
	lp_fail(&error, LP_EXIT_USAGE, "%s", what);
	lp_hint(&error, "See `local-processing version --help`.");
	return lp_command_fail(&lp_command_version, &error);
}

static int run(int count, char **arguments)
{
	bool build = false, licenses = false, sbom = false, json = false;
	const struct lp_option options[] = {
		{ "--build", 0, NULL, &build, false },       { "--licenses", 0, NULL, &licenses, false },
		{ "--licences", 0, NULL, &licenses, false }, { "--sbom", 0, NULL, &sbom, false },
		{ "--json", 0, NULL, &json, false },         { NULL, 0, NULL, NULL, false },
	};
	struct lp_error error;
	int operands;
	if (!lp_options_parse(&lp_command_version, count, arguments, options, NULL, &operands, &error)) {
		return lp_command_fail(&lp_command_version, &error);
	}
	if (operands > 0)
		return fail_usage("there is an operand too many: version takes options only");
	if (build + licenses + sbom > 1)
		return fail_usage("--build, --licenses and --sbom exclude each other");
	if (licenses && json)
		return fail_usage("licences are texts: --licenses has no --json");

	const char *name = build      ? (json ? "build-info.json" : "build-info.txt")
	                   : licenses ? "licences.txt"
	                   : sbom     ? "sbom.json"
	                   : json     ? "version.json"
	                              : "version.txt";
	const struct lp_embedded *text = lp_embedded_find(name);
	assert(text != NULL);
	fwrite(text->data, 1, text->size, stdout);
	return lp_output_finish(&error) ? LP_EXIT_OK : lp_command_fail(&lp_command_version, &error);
}
