/*
 * A worker thread's side of its interpreter process: hands over a part, keeps
 * its time, takes what came out, and makes of the end of a process what it means
 * for the task that was under way.
 *
 * Runs in the main process, in the worker's thread.
 */
#include "process/host.h"

#include "model/clock.h"
#include "process/rights.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Milliseconds between looks at whether the run is to end; nanoseconds that a task has then. */
enum { LOOK_EVERY = 100 };
#define STOP_WITHIN INT64_C(2000000000)
#define FAR_OVERDUE INT64_C(5000000000) /* nanoseconds that a task is over its time only where its pulse tells lies */

/* Whose lines were told last. */
struct speaker {
	uint32_t index;
	uint64_t said; /* lines, in the process that there is */
	uint64_t told;
};

struct lp_interpreter {
	struct lp_rule_server *server;
	/* Of the process, while there is one. */
	bool alive;
	int64_t memory_limit; /* that it was made with, for its life */
	pid_t process;
	int descriptor, socket, words;
	struct lp_area area;
	uint64_t begun; /* tasks that it has begun */

	/* Of the part under way. */
	struct lp_batch *batch;
	const atomic_bool *stop;
	uint64_t told; /* of its printed lines */
	struct speaker speaker;
	int64_t stop_since; /* when the run was first seen to end; 0: it goes on */
};

/* How the handing over of some tasks ended. */
enum ended {
	ENDED_DONE,    /* as far as it says; more may be left */
	ENDED_REPLACE, /* the same, and the process is not to be used again */
	ENDED_DIED,    /* the process has ended */
	ENDED_HUNG,    /* and this has ended it: a task took no notice of its time limit */
	ENDED_STOPPED, /* the same, because the run ends */
	ENDED_ABSURD,  /* the same, because what it says makes no sense */
};

bool lp_interpreter_open(struct lp_rule_server *server, struct lp_interpreter **opened, struct lp_error *error)
{
	struct lp_interpreter *interpreter = lp_allocate(sizeof *interpreter);

	assert(lp_role == LP_ROLE_MAIN && server->loaded);
	(void)error;
	interpreter->server = server;
	interpreter->descriptor = interpreter->socket = interpreter->words = interpreter->area.descriptor = -1;
	*opened = interpreter;
	return true;
}

static void forget_process(struct lp_interpreter *interpreter)
{
	int *const all[] = { &interpreter->descriptor, &interpreter->socket, &interpreter->words };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (*all[i] >= 0)
			close(*all[i]);
		*all[i] = -1;
	}
	lp_area_unmap(&interpreter->area);
	interpreter->alive = false;
	interpreter->begun = 0;
}

static void kill_process(const struct lp_interpreter *interpreter)
{
	(void)syscall(SYS_pidfd_send_signal, interpreter->descriptor, SIGKILL, NULL, 0);
}

/* Ends the process if that has not ended by itself.  Returns its status, as of waitpid. */
static int end_process(struct lp_interpreter *interpreter)
{
	struct lp_error error;
	int status = 0;

	kill_process(interpreter);
	if (!lp_rule_server_bury(interpreter->server, interpreter->process, &status, interpreter->stop, &error))
		status = SIGKILL; /* with the server */
	return status;
}

static bool fork_process(struct lp_interpreter *interpreter, int64_t memory_limit, struct lp_error *error)
{
	struct lp_fork fork;

	if (!lp_rule_server_fork(interpreter->server, memory_limit, &fork, interpreter->stop, error))
		return false;
	interpreter->memory_limit = memory_limit;
	interpreter->process = fork.process;
	interpreter->descriptor = fork.descriptor;
	interpreter->socket = fork.socket;
	interpreter->words = fork.words;
	interpreter->alive = true;
	if (lp_area_map(&interpreter->area, fork.area, error))
		return true;
	interpreter->area.descriptor = fork.area;
	(void)end_process(interpreter);
	forget_process(interpreter);
	return false;
}

/* A process with that limit: the one that is there, or another one in its place. */
static bool start_process(struct lp_interpreter *interpreter, int64_t memory_limit, struct lp_error *error)
{
	if (interpreter->alive && interpreter->memory_limit == memory_limit)
		return true;
	if (interpreter->alive) {
		(void)end_process(interpreter);
		forget_process(interpreter);
	}
	return fork_process(interpreter, memory_limit, error);
}

/*
 * Lines of tasks that are taken, and of the one under way as they come.  Who comes
 * after that may have to be computed again, and so may that one: what it had said
 * in the process before is not told twice.
 */
static bool log_line(void *context, uint32_t index, enum lp_log_level level, const char *from, const char *logger,
                     const char *text)
{
	struct lp_interpreter *interpreter = context;
	const struct lp_batch *batch = interpreter->batch;
	struct speaker *speaker = &interpreter->speaker;

	if (index >= batch->task_count)
		return true;
	if (index > atomic_load_explicit(&batch->computed, memory_order_relaxed))
		return false;
	if (speaker->index != index)
		*speaker = (struct speaker){ .index = index };
	if (speaker->said++ < speaker->told || !lp_rule_server_count_line(interpreter->server))
		return true;
	speaker->told = speaker->said;
	const struct lp_task *task = &batch->tasks[index];
	const struct lp_calculation *calculation = &batch->calculations[task->calculation];
	lp_log(level, text, LP_TEXT("from", from), LP_TEXT("logger", logger), LP_TEXT("calculation", calculation->name),
	       LP_TEXT("rule", calculation->rule), LP_WHEN("window_start", task->window.start),
	       LP_WHEN("window_end", task->window.end));
	return true;
}

static int64_t limit_of(const struct lp_interpreter *interpreter, uint32_t index)
{
	const struct lp_batch *batch = interpreter->batch;

	if (index >= batch->task_count)
		return 0;
	const struct lp_calculation *calculation = &batch->calculations[batch->tasks[index].calculation];
	return calculation->time_limit != 0 ? calculation->time_limit : interpreter->server->options.time_limit;
}

static int64_t memory_limit_of(const struct lp_interpreter *interpreter, uint32_t index)
{
	const struct lp_batch *batch = interpreter->batch;
	const struct lp_calculation *calculation = &batch->calculations[batch->tasks[index].calculation];

	return calculation->memory_limit != 0 ? calculation->memory_limit : interpreter->server->options.memory_limit;
}

/* How many from the first on can be handed over at once: a process has one limit of memory. */
static uint32_t count_alike(const struct lp_interpreter *interpreter, uint32_t first)
{
	const struct lp_batch *batch = interpreter->batch;
	int64_t limit = memory_limit_of(interpreter, first);
	uint32_t count = 1;

	while (count < LP_AREA_TASKS && first + count < batch->task_count &&
	       (batch->tasks[first + count].decided || memory_limit_of(interpreter, first + count) == limit))
		count++;
	return count;
}

/*
 * The pulse is the process's own, and a rule that damages it could run for ever.
 * So this looks at its own clock too: since when no other task has been computed.
 */
struct progress {
	uint32_t computed;
	int64_t since;
};
static bool is_far_overdue(const struct lp_interpreter *interpreter, struct progress *progress, uint32_t computed,
                           uint32_t end)
{
	int64_t now = lp_monotonic(), limit = computed < end ? limit_of(interpreter, computed) : 1;

	if (progress->since == 0 || progress->computed != computed)
		*progress = (struct progress){ computed, now };
	return limit > 0 && now - progress->since > 1000 * limit + FAR_OVERDUE;
}

/* The rule was over its time, whatever it made of that.  where: the calls then, or NULL. */
static void set_timed_out(struct lp_batch *batch, struct lp_task *task, int64_t limit, const char *where,
                          const char *how)
{
	struct lp_text traceback = { 0 };
	char text[160];

	snprintf(text, sizeof text, "still running after its time limit of %g s%s", (double)limit / 1e6, how);
	lp_text_addf(&traceback, "Traceback (most recent call last):\n%s%sTimeLimit: %s", where == NULL ? "" : where,
	             where == NULL || *where == '\0' || where[strlen(where) - 1] == '\n' ? "" : "\n", text);
	task->outcome = (struct lp_outcome){ .state = LP_STATE_TIMED_OUT,
		                             .duration = task->outcome.duration,
		                             .samples_read = task->outcome.samples_read,
		                             .rule_version = task->outcome.rule_version,
		                             .error_type = "TimeLimit",
		                             .error_message = lp_arena_text(&batch->arena, text),
		                             .error_traceback = lp_arena_text(&batch->arena, traceback.data) };
	lp_text_free(&traceback);
}

static void set_crashed(struct lp_batch *batch, struct lp_task *task, enum ended ended, int status, const char *words)
{
	char end[160] = "answered what makes no sense, and was ended: the rule has damaged it";
	struct lp_text text = { 0 };

	if (ended != ENDED_ABSURD)
		lp_describe_end(status, end, sizeof end);
	lp_text_addf(&text, "the process of the rule %s", end);
	task->outcome = (struct lp_outcome){ .state = LP_STATE_CRASHED,
		                             .duration = task->outcome.duration,
		                             .samples_read = task->outcome.samples_read,
		                             .error_type = "Crash",
		                             .error_message = lp_arena_text(&batch->arena, text.data),
		                             .error_traceback = words };
	lp_text_free(&text);
}

/* What the process cannot tell any more: what it had read, and how long it took. */
static void measure(const struct lp_batch *batch, struct lp_task *task, const struct lp_pulse *pulse)
{
	int64_t took = lp_monotonic() - atomic_load(&pulse->began);

	task->outcome = (struct lp_outcome){ .duration = took > 0 ? took : 0 };
	for (size_t i = 0; i < batch->calculations[task->calculation].input_count; i++)
		task->outcome.samples_read += (uint32_t)task->columns[i].count;
}

/* Where it failed by what it may not do, the setting that would let it. */
static void add_note(struct lp_batch *batch, struct lp_outcome *outcome)
{
	struct lp_text text = { 0 };
	const char *note;

	if (outcome->state != LP_STATE_FAILED || !lp_rights_note(outcome->error_type, outcome->error_message, &note))
		return;
	lp_text_addf(&text, "%s (%s)", outcome->error_message == NULL ? "" : outcome->error_message, note);
	outcome->error_message = lp_arena_text(&batch->arena, text.data);
	lp_text_free(&text);
}

/* Takes the answers up to before `end`.  False: one makes no sense. */
static bool take_outcomes(struct lp_interpreter *interpreter, uint32_t end)
{
	struct lp_batch *batch = interpreter->batch;
	uint32_t index = (uint32_t)atomic_load_explicit(&batch->computed, memory_order_relaxed);

	if (end > batch->task_count)
		return false;
	for (; index < end; index++) {
		struct lp_task *task = &batch->tasks[index];
		bool interrupted = false;

		if (!task->decided) {
			const struct lp_calculation *calculation = &batch->calculations[task->calculation];
			const char *left;

			if (!lp_area_take(&interpreter->area, index, &batch->arena, task, calculation, &interrupted,
			                  &left))
				return false;
			add_note(batch, &task->outcome);
			if (left != NULL)
				lp_rule_server_warn(interpreter->server, calculation, left);
			interpreter->begun++;
		}
		if (interrupted)
			set_timed_out(batch, task, limit_of(interpreter, index), task->outcome.error_traceback, "");
		/* Who sees the new count sees the outcomes. */
		atomic_store_explicit(&batch->computed, index + 1, memory_order_release);
	}
	return true;
}

/* And tells what they and the one under way have printed. */
static bool take_answers(struct lp_interpreter *interpreter, uint32_t end)
{
	bool taken = take_outcomes(interpreter, end);

	lp_area_each_line(&interpreter->area, &interpreter->told, log_line, interpreter);
	return taken;
}

static void tell_lost_lines(const struct lp_interpreter *interpreter)
{
	uint64_t lost = atomic_load(&interpreter->area.head->log_lost);

	if (lost > 0)
		lp_log(LP_LOG_WARNING, "rules print too much at once: lines of theirs are left out",
		       LP_INT("lines", lost < INT32_MAX ? (int64_t)lost : INT32_MAX));
}

/* Waits until the process is done with what it was given, or this is done with the process. */
static enum ended wait_for(struct lp_interpreter *interpreter, const struct lp_part *part, const atomic_bool *stop)
{
	struct lp_pulse *pulse = &interpreter->area.head->pulse;
	struct lp_deadline deadline = { 0 };
	struct progress progress = { 0 };
	struct lp_part_done done;
	uint32_t first = part->first, end = part->first + part->count;

	for (;;) {
		struct pollfd both[] = { { .fd = interpreter->socket, .events = POLLIN },
			                 { .fd = interpreter->descriptor, .events = POLLIN } };
		int wait = LOOK_EVERY;
		uint32_t computed = atomic_load_explicit(&interpreter->area.head->computed, memory_order_acquire);

		if (atomic_load_explicit(stop, memory_order_relaxed)) {
			atomic_store(&pulse->stop, 1);
			if (interpreter->stop_since == 0)
				interpreter->stop_since = lp_monotonic();
			if (lp_monotonic() - interpreter->stop_since >= STOP_WITHIN)
				return ENDED_STOPPED;
		}
		/* What is whole is taken meanwhile: progress is shown, and lines come when they are printed. */
		if (computed > end || !take_answers(interpreter, computed))
			return ENDED_ABSURD;
		if (lp_deadline_look(&deadline, pulse, interpreter->descriptor,
		                     1000 * limit_of(interpreter, atomic_load(&pulse->index)),
		                     &wait) == LP_OVERTIME_SPENT ||
		    is_far_overdue(interpreter, &progress, computed, end))
			return ENDED_HUNG;
		if (poll(both, 2, wait) <= 0)
			continue;
		if ((both[0].revents & POLLIN) != 0) {
			if (!lp_receive(interpreter->socket, &done, sizeof done, NULL, 0))
				return errno == 0 || errno == ECONNRESET ? ENDED_DIED : ENDED_ABSURD;
			if (done.computed < first || done.computed > end ||
			    (done.computed == first && !atomic_load(stop)) || !take_answers(interpreter, done.computed))
				return ENDED_ABSURD;
			return done.replace != 0 ? ENDED_REPLACE : ENDED_DONE;
		}
		if (both[1].revents != 0 || both[0].revents != 0)
			return ENDED_DIED;
	}
}

/* The batch as the interpreter sees it, in the memory that it sees. */
static const struct lp_batch *image_of(struct lp_batch *batch)
{
	struct lp_batch *image = lp_arena_allocate(&batch->arena, sizeof *image);

	memcpy(image, batch, sizeof *image);
	return image;
}

/*
 * The process has ended in the middle.  Who had computed others in it is computed
 * once more, alone, in a fresh one: it may not be to blame.  So is whoever comes
 * first in what makes no sense, since anybody after it may have done that.  True:
 * that is to be done.
 */
static bool settle_end(struct lp_interpreter *interpreter, const struct lp_part *part, enum ended ended, bool alone)
{
	struct lp_batch *batch = interpreter->batch;
	uint64_t begun;
	uint32_t index;
	const char *words;
	int status;

	if (ended == ENDED_HUNG)
		lp_deadline_say_where(interpreter->descriptor, interpreter->words);
	status = end_process(interpreter);
	/* Those that make sense: who is to blame comes after them. */
	if (!take_answers(interpreter, atomic_load(&interpreter->area.head->computed)))
		ended = ENDED_ABSURD;
	words = lp_words_read(interpreter->words, &batch->arena);
	begun = interpreter->begun;
	index = (uint32_t)atomic_load(&batch->computed);
	if (index < batch->task_count)
		measure(batch, &batch->tasks[index], &interpreter->area.head->pulse);
	forget_process(interpreter);
	/* Where all of the part is there nobody was under way. */
	if (ended == ENDED_STOPPED || index >= part->first + part->count)
		return false;
	struct lp_task *task = &batch->tasks[index];
	/* What makes no sense may have been damaged by one that came after it. */
	if (ended != ENDED_HUNG && (begun > 0 || ended == ENDED_ABSURD) && !alone)
		return true;
	if (ended == ENDED_HUNG)
		set_timed_out(batch, task, limit_of(interpreter, index), words,
		              ", and was killed because it took no notice");
	else
		set_crashed(batch, task, ended, status, words);
	atomic_store_explicit(&batch->computed, index + 1, memory_order_release);
	return false;
}

/* Its process has ended with it, so nobody reads the tasks after it. */
static void tell_costly(const struct lp_interpreter *interpreter, const struct lp_costly *costly, uint32_t first)
{
	struct lp_batch *batch = interpreter->batch;
	size_t computed = atomic_load(&batch->computed);

	if (costly == NULL || interpreter->alive || computed <= first)
		return;
	const struct lp_task *task = &batch->tasks[computed - 1];
	if (!task->decided && lp_state_is_costly(task->outcome.state))
		costly->visit(costly->context, batch, computed - 1);
}

bool lp_interpreter_compute(struct lp_interpreter *interpreter, struct lp_batch *batch, const struct lp_costly *costly,
                            const atomic_bool *stop, struct lp_error *error)
{
	const struct lp_batch *image = image_of(batch);
	bool alone = false;

	LP_CHECK_BATCH(batch);
	interpreter->batch = batch;
	interpreter->stop = stop;
	interpreter->speaker = (struct speaker){ .index = UINT32_MAX };
	while (atomic_load(&batch->computed) < batch->task_count && !atomic_load(stop)) {
		uint32_t first = (uint32_t)atomic_load(&batch->computed);
		struct lp_part part = { .batch = image,
			                .first = first,
			                .count = alone ? 1 : count_alike(interpreter, first) };
		enum ended ended = ENDED_DIED;

		if (batch->tasks[first].decided) {
			atomic_store_explicit(&batch->computed, first + 1, memory_order_release);
			continue;
		}
		if (!start_process(interpreter, memory_limit_of(interpreter, first), error))
			return false;
		interpreter->told = 0;
		interpreter->speaker.said = 0;
		lp_area_expect(&interpreter->area, first);
		part.number = interpreter->area.part;
		if (lp_send(interpreter->socket, &part, sizeof part, NULL, 0))
			ended = wait_for(interpreter, &part, stop);
		tell_lost_lines(interpreter);
		if (ended == ENDED_REPLACE) {
			(void)end_process(interpreter);
			forget_process(interpreter);
		}
		alone = ended > ENDED_REPLACE && settle_end(interpreter, &part, ended, alone);
		tell_costly(interpreter, costly, first);
	}
	interpreter->batch = NULL;
	interpreter->stop = NULL;
	return true;
}

void lp_interpreter_close(struct lp_interpreter *interpreter)
{
	if (interpreter == NULL)
		return;
	if (interpreter->alive) {
		/* It is at nothing, and the run has its end to store meanwhile. */
		kill_process(interpreter);
		lp_rule_server_bury_later(interpreter->server, interpreter->process);
	}
	forget_process(interpreter);
	free(interpreter);
}
