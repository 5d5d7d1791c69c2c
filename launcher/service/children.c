/* See children.h. */
#include "service/children.h"

#include <stdbool.h>
#include <sys/wait.h>

static bool is_among(pid_t process, const pid_t *own, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (own[i] == process)
			return true;
	return false;
}

void lp_children_reap(const pid_t *own, size_t count)
{
	siginfo_t ended;
	for (;;) {
		ended.si_pid = 0;
		if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0)
			return;
		/* Once that one is reaped, those behind it are seen. */
		if (is_among(ended.si_pid, own, count))
			return;
		(void)waitpid(ended.si_pid, NULL, WNOHANG);
	}
}
