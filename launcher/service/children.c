/* See children.h. */
#include "service/children.h"

#include <stddef.h>
#include <sys/wait.h>

void lp_children_reap(pid_t own)
{
	siginfo_t ended;
	for (;;) {
		ended.si_pid = 0;
		if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0)
			return;
		/* Once that one is reaped, those behind it are seen. */
		if (ended.si_pid == own)
			return;
		(void)waitpid(ended.si_pid, NULL, WNOHANG);
	}
}
