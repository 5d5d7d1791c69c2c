/*
 * An interpreter process: a forked copy of the rule server, with one thread,
 * that computes parts of batches.
 *
 * It has its socket, its area, and a file for standard output and error; the
 * batches are in its memory, read-only.  The main process may kill it at any
 * time.
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
	uint32_t task;  /* index of the task under way */
	uint32_t lines; /* that it has printed */
} interpreter;

static void log_line(enum lp_log_level level, const char *from, const char *logger, const char *text)
{
	if (interpreter.lines++ < LP_AREA_LINES_MOST)
		lp_area_put_line(interpreter.area, interpreter.task, level, from, logger, text);
}

static void warn_of_lost_lines(void)
{
	char text[96];

	if (interpreter.lines <= LP_AREA_LINES_MOST)
		return;
	snprintf(text, sizeof text, "%u more lines are left out: of one calculation the first %d are shown",
	         interpreter.lines - LP_AREA_LINES_MOST, LP_AREA_LINES_MOST);
	lp_area_put_line(interpreter.area, interpreter.task, LP_LOG_WARNING, "local-processing", NULL, text);
}

/* Computes a task and writes its answer.  False: the process must not compute the next one. */
static bool compute_task(struct lp_batch *batch, uint32_t index)
{
	/* A copy, because the batch is mapped read-only. */
	struct lp_task task = batch->tasks[index];
	struct lp_call_report report;

	interpreter.task = index;
	interpreter.lines = 0;
	lp_rules_compute(batch, &task, index, &report);
	warn_of_lost_lines();
	lp_area_put_answer(interpreter.area, index, &task.outcome, &report);
	/* After a task that was interrupted the main process may decide others of the part. */
	return !report.replace && !report.interrupted;
}

static void compute_part(const struct lp_part *part, struct lp_part_reply *reply)
{
	struct lp_batch batch = *part->batch;
	uint32_t index = part->first, end = part->first + part->count;
	bool replace = false;

	lp_area_reset(interpreter.area, part->number);
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
	*reply = (struct lp_part_reply){ .computed = index, .replace = replace };
}

/*
 * /proc/self/statm of the rule server, opened while the server may open files.  An
 * interpreter process reads it too: just after the fork both have the same memory.
 */
static int statm = -1;

/*
 * Measures the memory that the server has of its own.  All copies share the open
 * file and its position, so it is read at a position of its own.
 */
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

/* Limits the memory of the process; for_good: so that the process itself cannot raise the limit again. */
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
	lp_rules_redirect(&area->head->pulse, log_line);
	limit_memory(memory_limit, true);
	if (statm >= 0)
		close(statm);
}

_Noreturn void lp_interpreter_main(int socket)
{
	struct lp_part part;
	struct lp_part_reply reply;

	assert(lp_role == LP_ROLE_INTERPRETER);
	while (lp_receive(socket, &part, sizeof part, NULL, 0)) {
		compute_part(&part, &reply);
		if (!lp_send(socket, &reply, sizeof reply, NULL, 0))
			break;
	}
	_exit(0);
}
