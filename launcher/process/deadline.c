/*
 * How the main process keeps the time of a process that runs users' code: first
 * it asks, again and again; then it has it say where it is; what comes then,
 * SIGKILL, is the caller's.
 *
 * Runs in the main process: in the main thread for the rule server, in workers'
 * threads for their interpreter processes.
 */
#include "process/host.h"

#include "model/clock.h"
#include "text/utf8.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MILLISECOND INT64_C(1000000)
#define ASK_AGAIN   (100 * MILLISECOND)
#define INSIST      (1000 * MILLISECOND)
enum { WORDS_MOST = 16 << 10, SAY_WITHIN = 60, SAY_LOOK = 3 };

static void send_signal(int process_descriptor, int number)
{
	(void)syscall(SYS_pidfd_send_signal, process_descriptor, number, NULL, 0);
}

enum lp_overtime lp_deadline_look(struct lp_deadline *deadline, struct lp_pulse *pulse, int process_descriptor,
                                  int64_t limit, int *wait)
{
	uint64_t sequence = atomic_load_explicit(&pulse->sequence, memory_order_acquire);
	int64_t began = atomic_load_explicit(&pulse->began, memory_order_relaxed), now = lp_monotonic();
	int64_t left = limit - (now - began);

	if (sequence % 2 == 0 || limit == 0)
		return LP_OVERTIME_NONE;
	if (left > 0) {
		int64_t milliseconds = left / MILLISECOND + 1;

		if (milliseconds < *wait)
			*wait = (int)milliseconds;
		return LP_OVERTIME_NONE;
	}
	if (deadline->sequence != sequence)
		*deadline = (struct lp_deadline){ .sequence = sequence, .first = now, .last = now - ASK_AGAIN };
	if (now - deadline->first >= INSIST)
		return LP_OVERTIME_SPENT;
	if (now - deadline->last >= ASK_AGAIN) {
		deadline->last = now;
		atomic_store(&pulse->asked, sequence);
		send_signal(process_descriptor, LP_PYTHON_SIGNAL);
	}
	if (*wait > ASK_AGAIN / MILLISECOND)
		*wait = ASK_AGAIN / MILLISECOND;
	return LP_OVERTIME_NONE;
}

static size_t words_length(int words, char *text, size_t size)
{
	ssize_t got = pread(words, text, size - 1, 0);
	size_t length = got > 0 ? (size_t)got : 0;

	text[length] = '\0';
	return strlen(text);
}

void lp_deadline_say_where(int process_descriptor, int words)
{
	char text[WORDS_MOST];
	size_t before = words_length(words, text, sizeof text), length = before, last = before;

	send_signal(process_descriptor, LP_PYTHON_SAY_WHERE);
	/* Until it has begun, and has nothing more to say. */
	for (int waited = 0; waited < SAY_WITHIN && (length == before || length != last); waited += SAY_LOOK) {
		last = length;
		(void)poll(NULL, 0, SAY_LOOK);
		length = words_length(words, text, sizeof text);
	}
}

const char *lp_words_read(int words, struct lp_arena *arena)
{
	char text[WORDS_MOST];
	size_t length = words_length(words, text, sizeof text);
	char *copy;

	while (length > 0 && text[length - 1] == '\n')
		length--;
	length = lp_utf8_cut(text, length);
	if (length == 0)
		return NULL;
	copy = lp_arena_copy(arena, text, length);
	/* Whatever a rule has written there by os.write(2, ...). */
	for (size_t i = 0; i < length && !lp_utf8_is_valid(copy); i++)
		if ((unsigned char)copy[i] >= 0x80)
			copy[i] = '?';
	return copy;
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
