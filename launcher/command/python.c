/* `local-processing python`: the embedded interpreter, as python3 is. */
#include "command/command.h"

#include "process/process.h"
#include "rules/rules.h"
#include <stdio.h>
#include <string.h>

static int run(int count, char **arguments)
{
	struct lp_error error = { 0 };

	if (count > 1 && strcmp(arguments[1], "--interpreter") == 0) {
		if (count == 2)
			(void)lp_fail(&error, LP_EXIT_USAGE, "--interpreter: which one? Name its file");
		else if (lp_other_python_run(arguments[2], arguments + 3, &error))
			return LP_EXIT_OK;
		(void)fprintf(stderr, "local-processing python: %s%s%s\n", count > 2 ? arguments[2] : "",
		              count > 2 ? ": " : "", error.what);
		if (error.hint[0] != '\0')
			(void)fprintf(stderr, "%s\n", error.hint);
		return (int)error.exit;
	}
	lp_rules_add_types();
	return lp_python_main(count, arguments);
}

const struct lp_command lp_command_python = {
	.name = "python",
	.summary = "run the embedded Python, as python3 does",
	.help = "Usage: local-processing python [--worker | --interpreter FILE] [OPTION...] [-c CODE | -m MODULE | FILE | -] [ARGUMENT...]\n"
		"\n"
		"Runs the Python that is part of the program: code, a module, a script, standard input, or, on a\n"
		"terminal, what you type. The directory of a script, or the working directory, and those of\n"
		"PYTHONPATH are searched for modules after the standard library.\n"
		"\n"
		"  --interpreter FILE  run this Python in place of the built-in one, with local_processing in it,\n"
		"             for tests of rules that it computes; must come first, and takes -c, -m, FILE or -\n"
		"  --worker   run it inside an isolated interpreter, as rules are; must come first\n"
		"  -h         the interpreter's own options\n"
		"  -V         its version\n"
		"\n"
		"Examples:\n"
		"  local-processing python -c 'import local_processing; help(local_processing)'\n"
		"  local-processing python --worker my_rules/pumps.py\n"
		"  local-processing python -m unittest discover -s my_rules\n"
		"\n"
		"Exit code: as python3's.\n",
	.main = run,
};
