/*
 * The time limit of a process that runs users' code.  First the process is asked
 * to end what it is at, again and again; a process that takes no notice is left
 * to the caller, who kills it.
 *
 * Runs in the main process: in the main thread for the rule server, in workers'
 * threads for their interpreter processes.
 */
#include "process/host.h"

#include "model/clock.h"

#define MILLISECOND  INT64_C(1000000)
#define ASK_INTERVAL (100 * MILLISECOND)
#define NOTICE_LIMIT (1000 * MILLISECOND)

bool lp_deadline_enforce(struct lp_deadline *deadline, const struct lp_process *process, int64_t limit, int *wait)
{
	struct lp_pulse *pulse = &process->area.head->pulse;
	uint64_t sequence = atomic_load_explicit(&pulse->sequence, memory_order_acquire);
	int64_t start = atomic_load_explicit(&pulse->start, memory_order_relaxed), now = lp_monotonic();
	int64_t left = limit - (now - start), milliseconds = ASK_INTERVAL / MILLISECOND;

	/* An even number: the process is at nothing. */
	if (sequence % 2 == 0 || limit == 0)
		return false;
	if (left > 0) {
		milliseconds = left / MILLISECOND + 1;
	} else {
		if (deadline->sequence != sequence)
			*deadline =
				(struct lp_deadline){ .sequence = sequence, .first = now, .last = now - ASK_INTERVAL };
		if (now - deadline->first >= NOTICE_LIMIT)
			return true;
		if (now - deadline->last >= ASK_INTERVAL) {
			deadline->last = now;
			atomic_store(&pulse->interrupt, sequence);
			lp_process_signal(process, LP_PYTHON_SIGNAL_INTERRUPT);
		}
	}
	if (milliseconds < *wait)
		*wait = (int)milliseconds;
	return false;
}
