/* `local-processing python`: the embedded interpreter, as python3 is. */
#include "command/command.h"

#include "rules/rules.h"

static int run(int count, char **arguments)
{
	lp_rules_add_types();
	return lp_python_main(count, arguments);
}

const struct lp_command lp_command_python = {
	.name = "python",
	.summary = "run the embedded Python, as python3 does",
	.help = "Usage: local-processing python [--worker] [OPTION...] [-c CODE | -m MODULE | FILE | -] [ARGUMENT...]\n"
		"\n"
		"Runs the Python that is part of the program: code, a module, a script, standard input, or, on a\n"
		"terminal, what you type. The directory of a script, or the working directory, and those of\n"
		"PYTHONPATH are searched for modules after the standard library.\n"
		"\n"
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
