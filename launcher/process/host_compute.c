/*
 * A worker thread's side of its interpreter process: hands over a part of a
 * batch, enforces its time limits, takes the answers, and decides what the end of
 * the process means for the task that it was at.
 *
 * Runs in the main process, in the worker's thread.
 */
#include "process/host.h"

#include "model/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nanoseconds that a task still has once the run is to stop. */
#define STOP_LIMIT INT64_C(2000000000)
/* Nanoseconds beyond its time limit after which a task is ended, whatever its pulse says. */
#define OVERDUE_LIMIT INT64_C(5000000000)

/* The lines of the task that printed last: after a crash it is computed again, and prints them again. */
struct line_counter {
	uint32_t task;
	uint64_t printed; /* lines that came from the present process */
	uint64_t counted; /* lines that were handed on to the log */
};

/* One of the processes of a worker. */
struct seat {
	struct lp_rule_server *server;
	struct lp_process process;
	int64_t memory_limit; /* of the process, for its life */
	uint64_t task_count;  /* tasks that the process has computed */
};

/* The built-in interpreter, and the one of the user's. */
enum { BUILT_IN, OTHER, SEATS };

struct lp_interpreter {
	struct lp_rule_server *server;
	struct seat seats[SEATS]; /* that of OTHER has no server where there is no other interpreter */
	struct seat *seat;        /* of the part under way */

	/* The part under way. */
	struct lp_batch *batch;
	const atomic_bool *stop;
	struct line_counter lines;
	int64_t stop_since; /* when the run was first seen to stop; 0: it goes on */
};

/* How the computing of a part has ended. */
enum part_end {
	PART_DONE,    /* the process has computed as far as it says; tasks may be left */
	PART_REPLACE, /* the same, and the process is not to be used again */
	/* From here on the process has ended in the middle, or has to be killed. */
	PART_DIED,
	PART_HUNG,    /* the task took no notice of its time limit */
	PART_STOPPED, /* the run stops, and the task went on */
	PART_INVALID, /* an answer makes no sense */
};

bool lp_interpreter_open(struct lp_rule_server *server, struct lp_interpreter **opened, struct lp_error *error)
{
	struct lp_interpreter *interpreter = lp_allocate(sizeof *interpreter);

	assert(lp_role == LP_ROLE_MAIN && server->loaded);
	(void)error;
	interpreter->server = server;
	interpreter->seats[BUILT_IN] = (struct seat){ .server = server, .process = LP_NO_PROCESS };
	interpreter->seats[OTHER] = (struct seat){ .server = server->other, .process = LP_NO_PROCESS };
	interpreter->seat = &interpreter->seats[BUILT_IN];
	*opened = interpreter;
	return true;
}

/* Kills the process if it has not ended by itself, and waits for its end.  Returns its status, as of waitpid. */
static int kill_process(struct lp_interpreter *interpreter)
{
	int status;

	lp_process_signal(&interpreter->seat->process, SIGKILL);
	if (!lp_rule_server_reap(interpreter->seat->server, interpreter->seat->process.id, &status, interpreter->stop))
		status = SIGKILL; /* as the server's end does to it */
	return status;
}

static void end_process(struct lp_interpreter *interpreter)
{
	(void)kill_process(interpreter);
	lp_process_release(&interpreter->seat->process);
}

/* Sees to a process with this limit of memory: the present one, or another in its place. */
static bool start_process(struct lp_interpreter *interpreter, int64_t memory_limit, struct lp_error *error)
{
	struct seat *seat = interpreter->seat;
	struct lp_process *process = &seat->process;

	if (process->id != 0 && seat->memory_limit == memory_limit)
		return true;
	if (process->id != 0)
		end_process(interpreter);
	if (!lp_rule_server_fork(seat->server, memory_limit, process, interpreter->stop, error))
		return false;
	seat->memory_limit = memory_limit;
	seat->task_count = 0;
	if (lp_area_map(&process->area, process->area.descriptor, error))
		return true;
	end_process(interpreter);
	return false;
}

/*
 * Logs a line of a task whose answer is taken, or of the one under way.  Lines of
 * later tasks wait: the process may die before their answers are taken, and they
 * are computed again.  For the same reason a task's first lines can come twice,
 * from two processes, and are logged once.
 */
static bool log_line(void *context, uint32_t index, enum lp_log_level level, const char *from, const char *logger,
                     const char *text)
{
	struct lp_interpreter *interpreter = context;
	const struct lp_batch *batch = interpreter->batch;
	struct line_counter *lines = &interpreter->lines;

	if (index >= batch->task_count)
		return true;
	if (index > atomic_load_explicit(&batch->computed, memory_order_relaxed))
		return false;
	if (lines->task != index)
		*lines = (struct line_counter){ .task = index };
	if (lines->printed++ < lines->counted || !lp_rule_server_count_line(interpreter->server))
		return true;
	lines->counted = lines->printed;
	const struct lp_task *task = &batch->tasks[index];
	const struct lp_calculation *calculation = &batch->calculations[task->calculation];
	lp_log(level, text, LP_TEXT("from", from), LP_TEXT("logger", logger), LP_TEXT("calculation", calculation->name),
	       LP_TEXT("rule", calculation->rule), LP_WHEN("window_start", task->window.start),
	       LP_WHEN("window_end", task->window.end));
	return true;
}

static int64_t time_limit_of(const struct lp_interpreter *interpreter, uint32_t index)
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

/* Finds the seat that computes a task. */
static struct seat *seat_of(struct lp_interpreter *interpreter, const struct lp_task *task)
{
	const struct lp_rule_server *server = interpreter->server;
	bool is_other = server->other != NULL &&
	                lp_other_python_has_rule(&server->options.other,
	                                         interpreter->batch->calculations[task->calculation].rule);

	return &interpreter->seats[is_other ? OTHER : BUILT_IN];
}

/*
 * Moves the tasks of the other interpreter behind those of the built-in one, each
 * in their order, because every change from one to the other costs a message.
 */
static void sort_by_seat(struct lp_interpreter *interpreter)
{
	struct lp_batch *batch = interpreter->batch;
	size_t first = atomic_load(&batch->computed), kept = first, moved = 0;
	struct lp_task *others;

	if (interpreter->server->other == NULL)
		return;
	others = lp_allocate((batch->task_count - first + 1) * sizeof *others);
	for (size_t i = first; i < batch->task_count; i++)
		if (seat_of(interpreter, &batch->tasks[i]) == &interpreter->seats[OTHER])
			others[moved++] = batch->tasks[i];
		else
			batch->tasks[kept++] = batch->tasks[i];
	if (moved > 0)
		memcpy(batch->tasks + kept, others, moved * sizeof *others);
	free(others);
}

/* Counts the tasks from `first` on that can be handed over together: a process has one limit of memory. */
static uint32_t count_together(struct lp_interpreter *interpreter, uint32_t first)
{
	const struct lp_batch *batch = interpreter->batch;
	int64_t limit = memory_limit_of(interpreter, first);
	uint32_t count = 1;

	while (count < LP_AREA_TASKS && first + count < batch->task_count &&
	       (batch->tasks[first + count].decided ||
	        (memory_limit_of(interpreter, first + count) == limit &&
	         seat_of(interpreter, &batch->tasks[first + count]) == interpreter->seat)))
		count++;
	return count;
}

/*
 * The last task whose answer came, and when.  The pulse is in the hands of the
 * process, and a rule that damages it could run for ever; this cannot be damaged.
 */
struct progress {
	uint32_t computed;
	int64_t since;
};

static bool is_overdue(const struct lp_interpreter *interpreter, struct progress *progress, uint32_t computed,
                       uint32_t end)
{
	int64_t now = lp_monotonic(), limit = computed < end ? time_limit_of(interpreter, computed) : 1;

	if (progress->since == 0 || progress->computed != computed)
		*progress = (struct progress){ computed, now };
	return limit > 0 && now - progress->since > 1000 * limit + OVERDUE_LIMIT;
}

/* Makes the task timed out, whatever the rule made of its interruption.  calls: those that were going on, or NULL. */
static void set_timed_out(struct lp_batch *batch, struct lp_task *task, int64_t limit, const char *calls,
                          const char *how)
{
	struct lp_text traceback = { 0 };
	char text[160];

	snprintf(text, sizeof text, "still running after its time limit of %g s%s", (double)limit / 1e6, how);
	lp_text_addf(&traceback, "Traceback (most recent call last):\n%s%sTimeLimit: %s", calls == NULL ? "" : calls,
	             calls == NULL || *calls == '\0' || calls[strlen(calls) - 1] == '\n' ? "" : "\n", text);
	task->outcome.state = LP_STATE_TIMED_OUT;
	task->outcome.result_count = 0;
	task->outcome.error_type = "TimeLimit";
	task->outcome.error_message = lp_arena_text(&batch->arena, text);
	task->outcome.error_traceback = lp_arena_text(&batch->arena, traceback.data);
	lp_text_free(&traceback);
}

static void set_crashed(struct lp_batch *batch, struct lp_task *task, enum part_end end, int status, const char *output)
{
	char how[160] = "answered what makes no sense, and was ended: the rule has damaged it";
	struct lp_text text = { 0 };

	if (end != PART_INVALID)
		lp_describe_end(status, how, sizeof how);
	lp_text_addf(&text, "the process of the rule %s", how);
	task->outcome.state = LP_STATE_CRASHED;
	task->outcome.error_type = "Crash";
	task->outcome.error_message = lp_arena_text(&batch->arena, text.data);
	task->outcome.error_traceback = output;
	lp_text_free(&text);
}

/* Measures a task whose process cannot do it any more: how long it took, what it read, which version of its rule it is. */
static void measure_task(const struct lp_rule_server *server, struct lp_batch *batch, struct lp_task *task,
                         const struct lp_pulse *pulse)
{
	const struct lp_calculation *calculation = &batch->calculations[task->calculation];
	const struct lp_rule *rule = lp_rule_find(&server->catalogue, calculation->rule);
	int64_t took = lp_monotonic() - atomic_load(&pulse->start);

	task->outcome = (struct lp_outcome){ .duration = took > 0 ? took : 0 };
	if (rule != NULL)
		task->outcome.rule_version = lp_arena_text(&batch->arena, rule->version);
	for (size_t i = 0; i < calculation->input_count; i++)
		task->outcome.samples_read += (uint32_t)task->columns[i].count;
}

/* Adds to the message of a rule that was refused something the name of the setting that would allow it. */
static void explain_refusal(struct lp_batch *batch, struct lp_outcome *outcome)
{
	struct lp_text text = { 0 };
	const char *note;

	if (outcome->state != LP_STATE_FAILED || !lp_rights_explain(outcome->error_type, outcome->error_message, &note))
		return;
	lp_text_addf(&text, "%s (%s)", outcome->error_message == NULL ? "" : outcome->error_message, note);
	outcome->error_message = lp_arena_text(&batch->arena, text.data);
	lp_text_free(&text);
}

/* Counts outcomes as complete.  Released: a reader that sees the new count sees the outcomes. */
static void set_computed(struct lp_batch *batch, size_t count)
{
	atomic_store_explicit(&batch->computed, count, memory_order_release);
}

/* Takes the answer of one task.  False: it makes no sense. */
static bool take_answer(struct lp_interpreter *interpreter, uint32_t index)
{
	struct lp_batch *batch = interpreter->batch;
	struct lp_task *task = &batch->tasks[index];
	bool interrupted;
	const char *leftovers;

	if (!lp_area_take_answer(&interpreter->seat->process.area, batch, index, &interrupted, &leftovers))
		return false;
	explain_refusal(batch, &task->outcome);
	if (leftovers != NULL)
		lp_rule_server_warn(interpreter->server, &batch->calculations[task->calculation], leftovers);
	interpreter->seat->task_count++;
	if (interrupted)
		set_timed_out(batch, task, time_limit_of(interpreter, index), task->outcome.error_traceback, "");
	return true;
}

/* Takes the answers of the tasks before `end`, and logs what has been printed.  False: an answer makes no sense. */
static bool take_answers(struct lp_interpreter *interpreter, uint32_t end)
{
	struct lp_batch *batch = interpreter->batch;
	bool ok = end <= batch->task_count;

	for (uint32_t i = (uint32_t)atomic_load_explicit(&batch->computed, memory_order_relaxed); ok && i < end; i++) {
		ok = batch->tasks[i].decided || take_answer(interpreter, i);
		if (ok)
			set_computed(batch, i + 1);
	}
	lp_area_each_line(&interpreter->seat->process.area, &interpreter->seat->process.log_position, log_line,
	                  interpreter);
	return ok;
}

static void warn_of_lost_lines(const struct lp_interpreter *interpreter)
{
	uint64_t lost = atomic_load(&interpreter->seat->process.area.head->log_lost);

	if (lost > 0)
		lp_log(LP_LOG_WARNING, "rules print too much at once: lines of theirs are left out",
		       LP_INT("lines", lost < INT32_MAX ? (int64_t)lost : INT32_MAX));
}

/* Tells the process that the run stops.  Returns true once the task under way has had its time to end. */
static bool has_to_stop(struct lp_interpreter *interpreter)
{
	if (!atomic_load_explicit(interpreter->stop, memory_order_relaxed))
		return false;
	atomic_store(&interpreter->seat->process.area.head->pulse.stop, 1);
	if (interpreter->stop_since == 0)
		interpreter->stop_since = lp_monotonic();
	return lp_monotonic() - interpreter->stop_since >= STOP_LIMIT;
}

/* Receives the process's word that it is done with the part, and takes the answers. */
static enum part_end finish_part(struct lp_interpreter *interpreter, const struct lp_part *part)
{
	struct lp_part_reply reply;

	if (!lp_receive(interpreter->seat->process.socket, &reply, sizeof reply, NULL, 0))
		return errno == 0 || errno == ECONNRESET ? PART_DIED : PART_INVALID;
	if (reply.computed < part->first || reply.computed > part->first + part->count)
		return PART_INVALID;
	/* Only a run that stops lets a process return without having computed anything. */
	if (reply.computed == part->first && !atomic_load(interpreter->stop))
		return PART_INVALID;
	if (!take_answers(interpreter, reply.computed))
		return PART_INVALID;
	return reply.replace != 0 ? PART_REPLACE : PART_DONE;
}

/* Waits until the process has computed the part, or has to be given up. */
static enum part_end wait_for_part(struct lp_interpreter *interpreter, const struct lp_part *part)
{
	const struct lp_area_head *head = interpreter->seat->process.area.head;
	struct lp_deadline deadline = { 0 };
	struct progress progress = { 0 };
	uint32_t end = part->first + part->count;

	for (;;) {
		uint32_t computed = atomic_load_explicit(&head->computed, memory_order_acquire);
		int64_t limit = 1000 * time_limit_of(interpreter, atomic_load(&head->pulse.index));
		int wait = LP_POLL_INTERVAL;

		if (has_to_stop(interpreter))
			return PART_STOPPED;
		/* Taken as they come: progress is shown, and lines are logged when they are printed. */
		if (computed > end || !take_answers(interpreter, computed))
			return PART_INVALID;
		if (lp_deadline_enforce(&deadline, &interpreter->seat->process, limit, &wait) ||
		    is_overdue(interpreter, &progress, computed, end))
			return PART_HUNG;
		switch (lp_process_wait(&interpreter->seat->process, wait)) {
		case LP_PROCESS_SILENT:
			break;
		case LP_PROCESS_SAYS:
			return finish_part(interpreter, part);
		case LP_PROCESS_ENDED:
			return PART_DIED;
		}
	}
}

/* Copies the batch's own fields to the shared memory, where the process reads them. */
static const struct lp_batch *copy_batch(struct lp_batch *batch)
{
	struct lp_batch *copy = lp_arena_allocate(&batch->arena, sizeof *copy);

	memcpy(copy, batch, sizeof *copy);
	return copy;
}

/*
 * Ends a process that did not complete its part, and settles the task that it was
 * at.  Returns true if that task is to be computed once more, alone, in a fresh
 * process, because it may not be to blame: other tasks were computed in this
 * process before it, or, where an answer makes no sense, a later task of the part
 * may have damaged it.
 */
static bool settle_task(struct lp_interpreter *interpreter, const struct lp_part *part, enum part_end end, bool alone)
{
	struct lp_batch *batch = interpreter->batch;
	struct lp_process *process = &interpreter->seat->process;
	struct lp_task *task;
	const char *output;
	uint32_t index;
	int status;

	if (end == PART_HUNG)
		lp_process_request_traceback(process);
	status = kill_process(interpreter);
	/* Every answer before the first that makes no sense is taken: the task to blame comes after them. */
	if (!take_answers(interpreter, atomic_load(&process->area.head->computed)))
		end = PART_INVALID;
	output = lp_process_read_output(process, &batch->arena);
	index = (uint32_t)atomic_load(&batch->computed);
	task = &batch->tasks[index];
	if (index < batch->task_count)
		measure_task(interpreter->server, batch, task, &process->area.head->pulse);
	lp_process_release(process);
	/* Where all of the part is computed, the process was at no task. */
	if (end == PART_STOPPED || index >= part->first + part->count)
		return false;
	if (!alone && end != PART_HUNG && (interpreter->seat->task_count > 0 || end == PART_INVALID))
		return true;
	if (end == PART_HUNG)
		set_timed_out(batch, task, time_limit_of(interpreter, index), output,
		              ", and was killed because it took no notice");
	else
		set_crashed(batch, task, end, status, output);
	set_computed(batch, index + 1);
	return false;
}

/* Reports the last task if it was costly.  Its process has ended with it, so that no process reads the next tasks. */
static void report_costly(const struct lp_interpreter *interpreter, const struct lp_costly_visitor *costly,
                          uint32_t first)
{
	struct lp_batch *batch = interpreter->batch;
	size_t computed = atomic_load(&batch->computed);

	if (costly == NULL || interpreter->seat->process.id != 0 || computed <= first)
		return;
	const struct lp_task *task = &batch->tasks[computed - 1];
	if (!task->decided && lp_state_is_costly(task->outcome.state))
		costly->visit(costly->context, batch, computed - 1);
}

/* Fails a task whose interpreter cannot be used. */
static void fail_unusable(struct lp_interpreter *interpreter, uint32_t index)
{
	struct lp_batch *batch = interpreter->batch;
	struct lp_text text = { 0 };

	lp_text_addf(&text, "the interpreter of this rule, %s, cannot be used: %s",
	             interpreter->server->options.other.interpreter, interpreter->seat->server->unusable);
	batch->tasks[index].outcome = (struct lp_outcome){
		.state = LP_STATE_FAILED,
		.error_type = "PythonError",
		.error_message = lp_arena_text(&batch->arena, text.data),
	};
	lp_text_free(&text);
	set_computed(batch, index + 1);
}

/* Has the process compute a part, and waits for it. */
static enum part_end compute_part(struct lp_interpreter *interpreter, struct lp_part *part)
{
	struct lp_process *process = &interpreter->seat->process;
	enum part_end end = PART_DIED;

	process->log_position = 0;
	interpreter->lines.printed = 0;
	lp_area_begin_part(&process->area, part->first);
	part->number = process->area.part;
	if (lp_send(process->socket, part, sizeof *part, NULL, 0))
		end = wait_for_part(interpreter, part);
	warn_of_lost_lines(interpreter);
	return end;
}

bool lp_interpreter_compute(struct lp_interpreter *interpreter, struct lp_batch *batch,
                            const struct lp_costly_visitor *costly, const atomic_bool *stop, struct lp_error *error)
{
	const struct lp_batch *copy = copy_batch(batch);
	bool alone = false;

	LP_CHECK_BATCH(batch);
	interpreter->batch = batch;
	interpreter->stop = stop;
	interpreter->lines = (struct line_counter){ .task = UINT32_MAX };
	sort_by_seat(interpreter);
	while (atomic_load(&batch->computed) < batch->task_count && !atomic_load(stop)) {
		uint32_t first = (uint32_t)atomic_load(&batch->computed);
		struct lp_part part = { .batch = copy, .first = first };
		enum part_end end;

		if (batch->tasks[first].decided) {
			set_computed(batch, first + 1);
			continue;
		}
		interpreter->seat = seat_of(interpreter, &batch->tasks[first]);
		if (interpreter->seat->server->unusable != NULL) {
			fail_unusable(interpreter, first);
			continue;
		}
		if (!start_process(interpreter, memory_limit_of(interpreter, first), error))
			return false;
		part.count = alone ? 1 : count_together(interpreter, first);
		end = compute_part(interpreter, &part);
		alone = end > PART_REPLACE && settle_task(interpreter, &part, end, alone);
		if (end == PART_REPLACE)
			end_process(interpreter);
		report_costly(interpreter, costly, first);
	}
	interpreter->batch = NULL;
	interpreter->stop = NULL;
	return true;
}

void lp_interpreter_close(struct lp_interpreter *interpreter)
{
	if (interpreter == NULL)
		return;
	for (size_t i = 0; i < SEATS; i++) {
		struct seat *seat = &interpreter->seats[i];

		if (seat->process.id != 0) {
			/* It has no task. The run stores its end meanwhile, so this does not wait for the process. */
			lp_process_signal(&seat->process, SIGKILL);
			lp_rule_server_reap_later(seat->server, seat->process.id);
		}
		lp_process_release(&seat->process);
	}
	free(interpreter);
}
