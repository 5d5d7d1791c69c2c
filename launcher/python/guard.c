/*
 * What a rule may not do: change what belongs to the whole process, and so to
 * every other calculation.  Rules are trusted code, this is against accidents;
 * docs/rules.md says so.  It knows audit events by name.
 *
 * Functions without an audit event (os._exit and its like) are replaced in
 * app/_embedded.py.
 */
#include "python/embedding.h"

#include <stdlib.h>
#include <string.h>

/* Sorted, for bsearch. */
static const struct refusal {
	const char *event;
	const char *reason;
} refusals[] = {
	{ "fcntl.flock", "locks are between processes, and this one has many calculations" },
	{ "os.chdir", "the working directory belongs to the whole process" },
	{ "os.chroot", "the root directory belongs to the whole process" },
	{ "os.exec", "it would end the program and every calculation in it" },
	{ "os.fork", "a copy of a program with threads is broken" },
	{ "os.forkpty", "a copy of a program with threads is broken" },
	{ "os.kill", "signals reach the whole process" },
	{ "os.killpg", "signals reach the whole process" },
	{ "os.posix_spawn", "a calculation computes from its inputs alone" },
	{ "os.putenv", "the environment belongs to the whole process" },
	{ "os.spawn", "a calculation computes from its inputs alone" },
	{ "os.system", "a calculation computes from its inputs alone" },
	{ "os.unsetenv", "the environment belongs to the whole process" },
	{ "pty.spawn", "a calculation computes from its inputs alone" },
	{ "resource.prlimit", "limits belong to the whole process" },
	{ "resource.setrlimit", "limits belong to the whole process" },
	{ "signal.pthread_kill", "signals reach the whole process" },
	{ "subprocess.Popen", "a calculation computes from its inputs alone" },
};

static int compare_to_event(const void *event, const void *refusal)
{
	return strcmp(event, ((const struct refusal *)refusal)->event);
}

/* Runs at every audit event of every interpreter: quick to say yes. */
static int audit(const char *event, PyObject *arguments, void *context)
{
	const struct refusal *refusal;

	(void)arguments;
	(void)context;
	if (strchr("fopst", event[0]) == NULL && event[0] != 'r')
		return 0;
	if (lp_worker_current() == NULL)
		return 0;
	refusal = bsearch(event, refusals, sizeof refusals / sizeof *refusals, sizeof *refusals, compare_to_event);
	if (refusal == NULL)
		return 0;
	PyErr_Format(PyExc_RuntimeError, "%s is refused to rules: %s", refusal->event, refusal->reason);
	return -1;
}

bool lp_guard_install(struct lp_error *error)
{
	if (PySys_AddAuditHook(audit, NULL) < 0)
		return lp_fail(error, LP_EXIT_INTERNAL,
		               "cannot prepare the Python interpreter: the audit hook is refused");
	return true;
}
