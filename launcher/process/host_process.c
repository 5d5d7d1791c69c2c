/*
 * A process that runs users' code, as the main process sees it: waiting for it,
 * its output, its end.
 *
 * Runs in the main process: in the main thread for the rule server, in workers'
 * threads for their interpreter processes.
 */
#include "process/host.h"

#include "text/utf8.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Milliseconds that a process has for its traceback, and between two looks at that. */
enum { OUTPUT_MOST = 16 << 10, TRACEBACK_LIMIT = 300, TRACEBACK_INTERVAL = 2 };

enum lp_process_event lp_process_wait(const struct lp_process *process, int milliseconds)
{
	struct pollfd both[] = { { .fd = process->socket, .events = POLLIN },
		                 { .fd = process->descriptor, .events = POLLIN } };

	if (poll(both, 2, milliseconds) <= 0)
		return LP_PROCESS_SILENT;
	return (both[0].revents & POLLIN) != 0 ? LP_PROCESS_SAYS : LP_PROCESS_ENDED;
}

void lp_process_signal(const struct lp_process *process, int number)
{
	(void)syscall(SYS_pidfd_send_signal, process->descriptor, number, NULL, 0);
}

static size_t read_output(const struct lp_process *process, char text[OUTPUT_MOST])
{
	ssize_t got = pread(process->output, text, OUTPUT_MOST - 1, 0);

	text[got > 0 ? got : 0] = '\0';
	/* The file was made at its full size: what was not written is NUL. */
	return strlen(text);
}

void lp_process_request_traceback(const struct lp_process *process)
{
	struct pollfd end = { .fd = process->descriptor, .events = POLLIN };
	_Atomic uint32_t *traced = &process->area.head->pulse.traced;

	atomic_store(traced, 0);
	lp_process_signal(process, LP_PYTHON_SIGNAL_TRACEBACK);
	for (int waited = 0; waited < TRACEBACK_LIMIT && atomic_load(traced) == 0; waited += TRACEBACK_INTERVAL)
		if (poll(&end, 1, TRACEBACK_INTERVAL) > 0)
			break;
}

const char *lp_process_read_output(const struct lp_process *process, struct lp_arena *arena)
{
	char text[OUTPUT_MOST];
	size_t length = read_output(process, text);
	char *copy;

	while (length > 0 && text[length - 1] == '\n')
		length--;
	length = lp_utf8_cut(text, length);
	if (length == 0)
		return NULL;
	copy = lp_arena_copy(arena, text, length);
	/* A rule can write any bytes there by os.write(2, ...). */
	for (size_t i = 0; i < length && !lp_utf8_is_valid(copy); i++)
		if ((unsigned char)copy[i] >= 0x80)
			copy[i] = '?';
	return copy;
}

void lp_process_release(struct lp_process *process)
{
	const int descriptors[] = { process->descriptor, process->socket, process->output };

	for (size_t i = 0; i < sizeof descriptors / sizeof *descriptors; i++)
		if (descriptors[i] >= 0)
			close(descriptors[i]);
	lp_area_unmap(&process->area);
	*process = LP_NO_PROCESS;
}

void lp_describe_end(int status, char *text, size_t size)
{
	if (WIFSIGNALED(status)) {
		const char *name = sigabbrev_np(WTERMSIG(status)), *what = sigdescr_np(WTERMSIG(status));

		snprintf(text, size, "was killed by signal %d (SIG%s: %s)%s", WTERMSIG(status),
		         name == NULL ? "?" : name, what == NULL ? "?" : what,
		         WTERMSIG(status) == SIGKILL ? ", by somebody or for want of memory" : "");
	} else {
		snprintf(text, size, "ended with exit code %d", WEXITSTATUS(status));
	}
}
