/*
 * `local-processing python --interpreter`: an interpreter of the user's, in which
 * `from local_processing import rule` works, for tests of rules.
 *
 * Runs in the main process, in its only thread, which becomes the interpreter.
 */
#include "process/other.h"

#include "process/process.h"
#include "process/server.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

bool lp_other_python_run(const char *interpreter, char *const *words, struct lp_error *error)
{
	const struct lp_rights none = { 0 };
	struct lp_text text = { 0 };
	const char **arguments;
	size_t count = 0;
	int units;

	if (!lp_other_check(interpreter, error) || !lp_unit_helper_start(&none, &units, error))
		return false;
	lp_other_begin(&text, LP_OTHER_SCRIPT);
	lp_text_add(&text, (const char *)&(int64_t){ LP_OTHER_UNITS }, sizeof(int64_t));
	units = fcntl(units, F_DUPFD_CLOEXEC, LP_OTHER_FREE);
	if (!lp_other_place(units, LP_OTHER_UNITS, error) || !lp_other_write(&text, error))
		return false;
	while (words[count] != NULL)
		count++;
	arguments = lp_allocate((count + 4) * sizeof *arguments);
	arguments[0] = interpreter;
	arguments[1] = "-c";
	arguments[2] = lp_other_command;
	for (size_t i = 0; i < count; i++)
		arguments[3 + i] = words[i];
	execv(interpreter, (char *const *)(uintptr_t)arguments);
	return lp_fail_errno(error, LP_EXIT_CONFIGURATION, errno, "cannot execute the interpreter");
}
