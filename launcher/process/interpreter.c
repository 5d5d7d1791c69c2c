/*
 * An interpreter process: a forked copy of the rule server, with one thread,
 * that computes parts of batches.
 *
 * It has its socket, its area, and its last words for standard output and error;
 * the batches are in its memory, read-only.  The main process ends it whenever it
 * likes.
 *
 * Runs in interpreter processes, in their only thread; lp_interpreter_prepare in
 * the rule server.
 */
#include "process/server.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static struct {
	struct lp_area *area;
	uint32_t index; /* of the task under way */
	uint32_t lines; /* that it has printed */
} interpreter;

static void log_line(enum lp_log_level level, const char *from, const char *logger, const char *text)
{
	if (interpreter.lines++ < LP_AREA_LINES_MOST)
		lp_area_log(interpreter.area, interpreter.index, level, from, logger, text);
}

static void tell_lost_lines(void)
{
	char text[96];

	if (interpreter.lines <= LP_AREA_LINES_MOST)
		return;
	snprintf(text, sizeof text, "%u more lines are left out: of one calculation the first %d are shown",
	         interpreter.lines - LP_AREA_LINES_MOST, LP_AREA_LINES_MOST);
	lp_area_log(interpreter.area, interpreter.index, LP_LOG_WARNING, "local-processing", NULL, text);
}

/* False: the process has to be replaced. */
static bool compute_task(struct lp_batch *batch, uint32_t index)
{
	/* A copy: the batch itself cannot be written to. */
	struct lp_task task = batch->tasks[index];
	struct lp_rule_computed computed;

	interpreter.index = index;
	interpreter.lines = 0;
	lp_rules_compute(batch, &task, index, &computed);
	tell_lost_lines();
	lp_area_answer(interpreter.area, index, &task.outcome, &computed);
	/* The main process may have something else to be computed than others like it. */
	return !computed.replace && !computed.interrupted;
}

static void compute_part(const struct lp_part *part, struct lp_part_done *done)
{
	struct lp_batch batch = *part->batch;
	uint32_t index = part->first, end = part->first + part->count;
	bool replace = false;

	lp_area_empty(interpreter.area, part->number);
	batch.arena = (struct lp_arena){ .source = &interpreter.area->source };
	atomic_store(&interpreter.area->head->computed, index);
	while (index < end && !replace && lp_area_has_room(interpreter.area) &&
	       atomic_load_explicit(&interpreter.area->head->pulse.stop, memory_order_relaxed) == 0) {
		if (batch.tasks[index].decided)
			atomic_store_explicit(&interpreter.area->head->computed, index + 1, memory_order_release);
		else
			replace = !compute_task(&batch, index);
		index++;
	}
	*done = (struct lp_part_done){ .computed = index, .replace = replace };
}

/*
 * The rule server's, opened while it may open it: a copy that was just made has
 * what the server has.
 */
static int statm = -1;

/* Bytes of memory of its own that the server has already.  All copies share the open file, and so its position. */
static int64_t data_size(void)
{
	char text[128];
	long pages = 0;
	struct rusage usage;
	ssize_t got = statm < 0 ? -1 : pread(statm, text, sizeof text - 1, 0);

	text[got > 0 ? got : 0] = '\0';
	if (sscanf(text, "%*s %*s %*s %*s %*s %ld", &pages) == 1)
		return pages * sysconf(_SC_PAGESIZE);
	getrusage(RUSAGE_SELF, &usage);
	return (int64_t)usage.ru_maxrss * 1024;
}

/* for_good: the process cannot take it back. */
static void limit_memory(int64_t memory_limit, bool for_good)
{
	struct rlimit limit;

	if (memory_limit <= 0 || getrlimit(RLIMIT_DATA, &limit) != 0)
		return;
	limit.rlim_cur = (rlim_t)(data_size() + memory_limit);
	if (limit.rlim_max != RLIM_INFINITY && limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	else if (for_good)
		limit.rlim_max = limit.rlim_cur;
	(void)setrlimit(RLIMIT_DATA, &limit);
}

void lp_interpreter_prepare(int64_t memory_limit)
{
	statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	limit_memory(memory_limit, false);
}

void lp_interpreter_start(struct lp_area *area, int64_t memory_limit)
{
	interpreter.area = area;
	lp_rules_tell(&area->head->pulse, log_line);
	limit_memory(memory_limit, true);
	if (statm >= 0)
		close(statm);
}

_Noreturn void lp_interpreter_main(int socket)
{
	struct lp_part part;
	struct lp_part_done done;

	assert(lp_role == LP_ROLE_INTERPRETER);
	while (lp_receive(socket, &part, sizeof part, NULL, 0)) {
		compute_part(&part, &done);
		if (!lp_send(socket, &done, sizeof done, NULL, 0))
			break;
	}
	_exit(0);
}
