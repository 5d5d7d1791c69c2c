/*
 * From a computed batch to what a commit writes.  See settle.h.
 */
#include "store/settle.h"

#include "model/order.h"
#include "store/owed.h"
#include "text/utf8.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { REASON_MOST = 240 };

/* Returns a number from 0 to 1, the same for the same calculation and attempt. */
static double scatter(int64_t calculation_id, int32_t attempts)
{
	uint64_t mixed = ((uint64_t)calculation_id << 8) + (uint64_t)attempts;

	mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (double)(mixed >> 11) / (double)(UINT64_C(1) << 53);
}

lp_time lp_retry_next(const struct lp_retry_policy *policy, lp_time tick, int32_t attempts, int64_t calculation_id)
{
	int64_t delay = policy->first_delay;

	if (attempts >= policy->max_attempts)
		return LP_TIME_NONE;
	for (int32_t i = 1; i < attempts && delay < policy->longest_delay; i++)
		delay = delay > policy->longest_delay / 2 ? policy->longest_delay : delay * 2;
	if (delay > policy->longest_delay)
		delay = policy->longest_delay;
	/* In whole minutes, as runs are. */
	int64_t minutes = delay / 4 / LP_MINUTE;
	return tick + delay - (int64_t)(scatter(calculation_id, attempts) * (double)minutes) * LP_MINUTE;
}

/* Returns one line for people who read the table; the traceback stands in `state`. */
static const char *reason_of(struct lp_arena *arena, const struct lp_outcome *outcome)
{
	const char *parts[] = { lp_state_name(outcome->state), outcome->error_type, outcome->error_message };
	char text[REASON_MOST + 1];
	size_t length = 0;

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (parts[i] == NULL || *parts[i] == '\0')
			continue;
		if (length > 0 && length + 2 < REASON_MOST) {
			memcpy(text + length, ": ", 2);
			length += 2;
		}
		size_t line = strcspn(parts[i], "\n");
		size_t room = REASON_MOST - length;
		if (line > room)
			line = lp_utf8_cut(parts[i], room);
		memcpy(text + length, parts[i], line);
		length += line;
	}
	return lp_arena_copy(arena, text, length);
}

static bool is_version(const struct lp_outcome_version *version, int32_t definition, const char *rule)
{
	if (version->definition != definition || (version->rule == NULL) != (rule == NULL))
		return false;
	return rule == NULL || version->rule == rule || strcmp(version->rule, rule) == 0;
}

/*
 * Returns which of its row's versions an entry has; one that the row has not yet is
 * added. The one that was asked for last comes first: neighbours often have the same.
 */
static int32_t which_version(struct lp_settlement *settled, struct lp_outcome_row *row, int32_t definition,
                             const char *rule)
{
	struct lp_outcome_version *of_row = settled->versions + row->first_version - 1;
	int32_t count = row->last_version - row->first_version + 1;
	int32_t hint =
		settled->entry_count >= (size_t)row->first ? settled->entries[settled->entry_count - 1].which : 1;

	if (hint <= count && is_version(&of_row[hint - 1], definition, rule))
		return hint;
	for (int32_t i = 0; i < count; i++)
		if (is_version(&of_row[i], definition, rule))
			return i + 1;
	of_row[count] = (struct lp_outcome_version){ definition, rule };
	settled->version_count++;
	row->last_version++;
	return count + 1;
}

static void add_outcome(struct lp_settlement *settled, const struct lp_batch *batch, const struct lp_task *task)
{
	const struct lp_calculation *calculation = &batch->calculations[task->calculation];
	struct lp_outcome_row *last = NULL;
	int32_t which;

	if (settled->outcome_count > 0)
		last = &settled->outcomes[settled->outcome_count - 1];
	if (last == NULL || !lp_window_equals(last->window, task->window)) {
		last = &settled->outcomes[settled->outcome_count++];
		*last = (struct lp_outcome_row){ .window = task->window,
			                         .first = (int32_t)settled->entry_count + 1,
			                         .first_version = (int32_t)settled->version_count + 1,
			                         .last_version = (int32_t)settled->version_count };
	}
	which = which_version(settled, last, calculation->version, task->outcome.rule_version);
	settled->entries[settled->entry_count++] = (struct lp_outcome_entry){
		.calculation_id = calculation->id,
		.duration = task->outcome.duration,
		.state = task->outcome.state,
		.samples_read = task->outcome.samples_read,
		.which = which,
	};
	last->last = (int32_t)settled->entry_count;
}

/* Notes the calculation's state after this task, if it is its newest window. rows has one per calculation. */
static void note_state(const struct lp_batch *batch, const struct lp_task *task, int32_t attempts, lp_time next_attempt,
                       const struct lp_settle_known *known, struct lp_state_row *row)
{
	const struct lp_calculation *calculation = &batch->calculations[task->calculation];
	const struct lp_outcome *outcome = &task->outcome;
	bool failed = lp_state_is_failure(outcome->state);
	lp_time newest = known->watermark;
	bool changed;

	/* LP_TIME_NONE is less than any time.  A row of `state` that says ok is not written again for every window. */
	if (known->stored && known->window_end > newest)
		newest = known->window_end;
	if (row->calculation_id != 0 && row->window.end > newest)
		newest = row->window.end;
	if (task->window.end < newest)
		return;

	if (row->calculation_id == 0) {
		row->state = known->state;
		row->since = known->stored ? known->since : batch->tick;
		row->failing_since = known->stored ? known->failing_since : LP_TIME_NONE;
	}
	changed = row->state != outcome->state;
	row->calculation_id = calculation->id;
	if (changed)
		row->since = batch->tick;
	if (!failed)
		row->failing_since = LP_TIME_NONE;
	else if (row->failing_since == LP_TIME_NONE)
		row->failing_since = batch->tick;
	row->state = outcome->state;
	row->run_id = batch->run_id;
	row->window = task->window;
	row->attempts = attempts;
	row->next_attempt = next_attempt;
	row->rule_version = outcome->rule_version;
	row->definition_version = calculation->version;
	row->duration = outcome->duration;
	row->samples_read = outcome->samples_read;
	row->cause_id = outcome->cause_id;
	/* The error of an earlier window of this batch stays: that window is owed, and people will ask why. */
	if (failed) {
		row->error_type = outcome->error_type;
		row->error_message = outcome->error_message;
		row->error_traceback = outcome->error_traceback;
	}
}

/*
 * A calculation that has computed nothing, and whose first window was not
 * reached: without a row it would pass for ok once the watermark has moved.
 */
static void note_unreached(const struct lp_batch *batch, const struct lp_task *task,
                           const struct lp_settle_known *known, struct lp_state_row *row)
{
	if (known->stored || known->state != LP_STATE_NEW || row->calculation_id != 0)
		return;
	*row = (struct lp_state_row){
		.calculation_id = batch->calculations[task->calculation].id,
		.state = LP_STATE_NEW,
		.since = batch->tick,
		.failing_since = LP_TIME_NONE,
		.run_id = batch->run_id,
		.window = { LP_TIME_NONE, LP_TIME_NONE },
		.next_attempt = batch->tick,
		.definition_version = batch->calculations[task->calculation].version,
	};
}

/* The end of the window before the first one of the batch; LP_TIME_NONE: not known. */
static lp_time end_before(const struct lp_batch *batch)
{
	if (batch->kind == LP_BATCH_RECOMPUTE && batch->owed_count > 0)
		return batch->reason == LP_REASON_CATCH_UP ? batch->recomputed_from : batch->owed[0].after_end;
	if (batch->kind == LP_BATCH_FORWARD && batch->left_after < batch->left_until)
		return batch->left_until;
	/* Behind the watermark lie windows that are not to be computed, where they are skipped or `start` was moved. */
	if (batch->kind == LP_BATCH_FORWARD && batch->head.schedule.missed == LP_MISSED_CATCH_UP &&
	    batch->head.start <= batch->head.watermark)
		return batch->head.watermark;
	return LP_TIME_NONE;
}

/*
 * Puts a window aside.  Those of one calculation that follow one another are
 * one range; so that those of two batches touch as well, a range begins at the
 * end of the window before, which is `before` where windows slide.
 */
static void add_owed(struct lp_settlement *settled, struct lp_owed_range **last,
                     const struct lp_calculation *calculation, const struct lp_task *task, lp_time before)
{
	struct lp_owed_range range = {
		.calculation_id = calculation->id,
		.reason = task->outcome.state == LP_STATE_WAITING ? LP_REASON_WAITED : LP_REASON_TRIPPED,
		.window_start = task->window.start,
		.after_end = before,
		.until_end = task->window.end,
		.cause_id = task->outcome.cause_id,
	};

	if (lp_schedule_is_tumbling(&calculation->schedule))
		range.after_end = task->window.start;
	else if (before == LP_TIME_NONE || before >= task->window.end)
		range.after_end = task->window.end - 1;
	if (*last != NULL && (*last)->reason == range.reason && (*last)->cause_id == range.cause_id &&
	    range.after_end <= (*last)->until_end && range.after_end >= (*last)->after_end) {
		(*last)->until_end = task->window.end;
		return;
	}
	*last = &settled->owed[settled->owed_count++];
	**last = range;
}

/* Windows before the first one of the batch were missed, and are made up for later. */
static void leave(struct lp_settlement *settled, const struct lp_batch *batch)
{
	for (size_t i = 0; i < batch->calculation_count; i++) {
		if (!batch->calculations[i].enabled)
			continue;
		settled->owed[settled->owed_count++] = (struct lp_owed_range){
			.calculation_id = batch->calculations[i].id,
			.reason = LP_REASON_CATCH_UP,
			.window_start = batch->left_start,
			.after_end = batch->left_after,
			.until_end = batch->left_until,
		};
	}
}

static bool has_room(const struct lp_output *output)
{
	return output->results_from != output->results_to;
}

/* True if all results of a window lie in it, and it overlaps no other. */
static bool keeps_to_itself(const struct lp_calculation *calculation)
{
	for (size_t i = 0; i < calculation->input_count; i++)
		if (calculation->inputs[i].shift.count != 0 || calculation->inputs[i].window.count != 0)
			return false;
	return lp_schedule_is_tumbling(&calculation->schedule);
}

/* Whether an output of a task is a number or a series: by its result, or as far as the room of its results shows. */
enum kind { KIND_UNKNOWN, KIND_NUMBER, KIND_SERIES };

static enum kind kind_of(const struct lp_task *task, const struct lp_calculation *calculation, size_t output)
{
	const struct lp_output *room = &calculation->outputs[output];
	bool at_end = calculation->result_time == LP_RESULT_AT_END;
	enum kind kind = KIND_UNKNOWN;

	for (size_t i = 0; i < task->outcome.result_count; i++) {
		const struct lp_result *result = &task->outcome.results[i];

		if (result->output == output)
			kind = result->time != task->result_time ? KIND_SERIES
			       : kind == KIND_SERIES             ? kind
			                                         : KIND_NUMBER;
	}
	if (kind == KIND_UNKNOWN && has_room(room)) {
		if (at_end ? room->results_from == 0 && room->results_to == 1 : room->results_to < 0)
			kind = KIND_NUMBER;
		else if (room->results_to <= 0)
			kind = KIND_SERIES;
	}
	return kind;
}

/*
 * The sample at the end of a window is its number, or begins the next window's
 * series: where neither is known it is left alone, as all is where windows
 * overlap or give samples outside of themselves.
 */
static void add_unknown(const struct lp_batch *batch, struct lp_settlement *settled, const struct lp_task *task)
{
	const struct lp_calculation *calculation = &batch->calculations[task->calculation];

	for (size_t output = 0; output < calculation->output_count; output++) {
		enum kind kind = kind_of(task, calculation, output);
		struct lp_reach reach = { .series_id = calculation->outputs[output].series_id,
			                  .first = task->result_time,
			                  .last = task->result_time,
			                  .after_end = LP_TIME_NONE,
			                  .until_end = LP_TIME_NONE };

		if (keeps_to_itself(calculation)) {
			bool at_end = calculation->result_time == LP_RESULT_AT_END;

			reach.first = task->window.start + (at_end && kind != KIND_SERIES ? 1 : 0);
			reach.last = task->window.end - (at_end && kind == KIND_NUMBER ? 0 : 1);
		} else if (kind == KIND_SERIES) {
			continue;
		}
		settled->reaches[settled->reach_count++] = reach;
	}
}

/* Settled with what it gave; not put aside, and not to be tried again. */
static bool is_done(enum lp_state state)
{
	return state == LP_STATE_OK || state == LP_STATE_NO_DATA;
}

static lp_time within_times(lp_time time, int64_t offset)
{
	lp_time moved;

	if (__builtin_add_overflow(time, offset, &moved))
		return offset < 0 ? LP_TIME_MIN : LP_TIME_MAX;
	return moved < LP_TIME_MIN ? LP_TIME_MIN : moved > LP_TIME_MAX ? LP_TIME_MAX : moved;
}

/* Adds, for each output, where the results of these windows lie. */
static void add_reach(const struct lp_batch *batch, struct lp_settlement *settled, uint32_t calculation,
                      lp_time after_end, lp_time until_end)
{
	const struct lp_calculation *of = &batch->calculations[calculation];

	for (size_t i = 0; i < of->output_count && after_end < until_end; i++) {
		const struct lp_output *output = &of->outputs[i];

		if (has_room(output))
			settled->reaches[settled->reach_count++] = (struct lp_reach){
				.series_id = output->series_id,
				.first = within_times(after_end + 1, output->results_from),
				.last = within_times(until_end, output->results_to - 1),
				.after_end = after_end,
				.until_end = until_end,
			};
	}
}

/*
 * A range was moved on over every window of it, also over those of an earlier
 * schedule, which nothing will compute again.  Those that failed or wait keep
 * what they have until their turn comes; those whose samples were pruned keep it
 * for good, with what an earlier schedule has left before their ends.
 */
static void add_ranges(struct lp_batch *batch, const struct lp_settle_known *known, const bool *owed,
                       struct lp_settlement *settled)
{
	const struct lp_owed_move *moves = lp_owed_moves(batch);
	size_t computed = atomic_load(&batch->computed);
	bool past = batch->reason == LP_REASON_CATCH_UP; /* from the newest window on */
	lp_time *from = lp_arena_allocate(&batch->arena, batch->calculation_count * sizeof *from);
	lp_time *last = lp_arena_allocate(&batch->arena, batch->calculation_count * sizeof *last);

	for (size_t i = 0; i < batch->calculation_count; i++)
		from[i] = last[i] = LP_TIME_NONE;
	for (size_t i = 0; i < batch->owed_count; i++) {
		if (moves[i].calculation != UINT32_MAX && known[moves[i].calculation].claimed &&
		    moves[i].after_end != LP_TIME_NONE)
			from[moves[i].calculation] = last[moves[i].calculation] =
				past ? batch->recomputed_from : moves[i].owed->after_end;
	}
	for (size_t i = 0; i < computed; i++) {
		const struct lp_task *task = &batch->tasks[i];
		lp_time before = last[task->calculation];

		if ((owed != NULL && !owed[i]) || from[task->calculation] == LP_TIME_NONE)
			continue;
		last[task->calculation] = task->window.end;
		if (is_done(task->outcome.state) && task->pruned == NULL)
			continue;
		add_reach(batch, settled, task->calculation, from[task->calculation],
		          task->pruned != NULL ? before : task->window.end - 1);
		from[task->calculation] = task->window.end;
	}
	for (size_t i = 0; i < batch->owed_count; i++) {
		const struct lp_owed_move *move = &moves[i];

		if (move->calculation != UINT32_MAX && from[move->calculation] != LP_TIME_NONE)
			add_reach(batch, settled, move->calculation, from[move->calculation],
			          past ? move->owed->until_end : move->after_end);
	}
}

static int compare_three(int64_t a, int64_t b, int64_t c)
{
	return lp_compare(a != 0 ? a : b != 0 ? b : c, 0);
}

static int compare_made(const void *a, const void *b)
{
	const struct lp_result_row *left = a, *right = b;

	return compare_three(left->series_id - right->series_id, left->time - right->time,
	                     left->window_end - right->window_end);
}

static bool are_at_one_time(const struct lp_result_row *a, const struct lp_result_row *b)
{
	return a->series_id == b->series_id && a->time == b->time;
}

/* At each time the last one stays. */
static void part_superseded(struct lp_settlement *settled, struct lp_arena *arena)
{
	size_t kept = 0;

	for (size_t i = 0; i < settled->made_count; i++) {
		struct lp_result_row *made = &settled->made[i];

		if (i + 1 == settled->made_count || !are_at_one_time(made, made + 1)) {
			settled->made[kept++] = *made;
			continue;
		}
		if (settled->superseded == NULL)
			settled->superseded =
				lp_arena_allocate(arena, settled->made_count * sizeof *settled->superseded);
		if (made->window_end != made[1].window_end)
			settled->superseded[settled->superseded_count++] = *made;
	}
	settled->made_count = kept;
}

static void gather_results(struct lp_batch *batch, struct lp_settlement *settled, const size_t *stored,
                           size_t stored_count)
{
	size_t all = 0;

	for (size_t i = 0; i < stored_count; i++)
		all += batch->tasks[stored[i]].outcome.result_count;
	settled->made = lp_arena_allocate(&batch->arena, all * sizeof *settled->made);
	for (size_t i = 0; i < stored_count; i++) {
		const struct lp_task *task = &batch->tasks[stored[i]];
		const struct lp_calculation *calculation = &batch->calculations[task->calculation];

		for (size_t k = 0; k < task->outcome.result_count; k++) {
			const struct lp_result *result = &task->outcome.results[k];

			assert(result->output < calculation->output_count);
			settled->made[settled->made_count++] = (struct lp_result_row){
				.series_id = calculation->outputs[result->output].series_id,
				.time = result->time,
				.value = result->value,
				.quality = result->quality,
				.coverage = task->coverage,
				.samples = task->samples,
				.window_end = task->window.end,
			};
		}
	}
	if (settled->made_count > 0)
		qsort(settled->made, settled->made_count, sizeof *settled->made, compare_made);
	part_superseded(settled, &batch->arena);
}

/* Two windows can give a result at one time only where not all lie at one distance from the ends of their windows. */
static bool may_meet(const struct lp_batch *batch, const struct lp_settlement *settled)
{
	for (size_t i = 0; i < settled->widened_count; i++)
		if (settled->widened[i].to - settled->widened[i].from > 1)
			return true;
	for (size_t i = 0; i < batch->calculation_count; i++) {
		const struct lp_calculation *calculation = &batch->calculations[i];

		for (size_t k = 0; k < calculation->output_count; k++)
			if (calculation->outputs[k].results_to - calculation->outputs[k].results_from > 1)
				return true;
	}
	return false;
}

static bool find_made(const struct lp_result_row *made, size_t count, int64_t series_id, lp_time time,
                      const lp_time *end)
{
	size_t at = LP_LOWER_BOUND(count, i,
	                           compare_three(made[i].series_id - series_id, made[i].time - time,
	                                         end == NULL ? 0 : made[i].window_end - *end) < 0);

	return at < count && made[at].series_id == series_id && made[at].time == time &&
	       (end == NULL || made[at].window_end == *end);
}

bool lp_settlement_has(const struct lp_settlement *settled, int64_t series_id, lp_time time, lp_time window_end)
{
	return find_made(settled->made, settled->made_count, series_id, time, &window_end) ||
	       find_made(settled->superseded, settled->superseded_count, series_id, time, &window_end);
}

bool lp_settlement_has_time(const struct lp_settlement *settled, int64_t series_id, lp_time time)
{
	return find_made(settled->made, settled->made_count, series_id, time, NULL);
}

/*
 * The room that a result needs: a number lies where all numbers of its
 * schedule do.  The samples of a series come with gaps: room for a whole
 * window, further away for several, so that it seldom has to be widened.
 */
static struct lp_widened room_for(const struct lp_task *task, const struct lp_result *result)
{
	enum { STEPS_MOST = 64 };
	int64_t offset = result->time - task->window.end, step = task->window.end - task->window.start;
	struct lp_widened room = { .from = offset, .to = offset + 1 };

	if (result->time == task->result_time)
		return room;
	while (offset / step > STEPS_MOST || offset / step < -STEPS_MOST)
		step *= 2;
	room.from = offset - (offset % step + step) % step;
	room.to = room.from + step;
	return room;
}

/* The row of an output, made where there is none; hint: where the last one was found. */
static struct lp_widened *widened_of(struct lp_settlement *settled, const struct lp_output *output, size_t *hint)
{
	size_t at = *hint;

	if (at >= settled->widened_count || settled->widened[at].series_id != output->series_id)
		for (at = 0; at < settled->widened_count && settled->widened[at].series_id != output->series_id;)
			at++;
	*hint = at;
	if (at == settled->widened_count)
		settled->widened[settled->widened_count++] = (struct lp_widened){ .series_id = output->series_id,
			                                                          .from = output->results_from,
			                                                          .to = output->results_to };
	return &settled->widened[at];
}

/* Nearly always there is nothing to do: definitions are read with the room that there is. */
static void widen(const struct lp_batch *batch, const struct lp_task *task, struct lp_settlement *settled)
{
	const struct lp_output *outputs = batch->calculations[task->calculation].outputs;
	size_t hint = 0;

	for (size_t i = 0; i < task->outcome.result_count; i++) {
		const struct lp_result *result = &task->outcome.results[i];
		const struct lp_output *output = &outputs[result->output];
		int64_t offset = result->time - task->window.end;
		struct lp_widened *row, room;

		if (offset >= output->results_from && offset < output->results_to)
			continue;
		row = widened_of(settled, output, &hint);
		if (offset >= row->from && offset < row->to)
			continue;
		room = room_for(task, result);
		if (row->from == row->to) {
			row->from = room.from;
			row->to = room.to;
		}
		row->from = room.from < row->from ? room.from : row->from;
		row->to = room.to > row->to ? room.to : row->to;
	}
}

static bool row_is_needed(const struct lp_state_row *row, const struct lp_settle_known *known)
{
	if (row->calculation_id == 0)
		return false;
	if (row->error_type != NULL || row->error_message != NULL)
		return true;
	if (!known->stored)
		return row->state != LP_STATE_OK;
	if (row->state == LP_STATE_WAITING && row->cause_id != known->cause_id)
		return true;
	return row->state != known->state || lp_state_is_failure(row->state);
}

static size_t count_outputs(const struct lp_batch *batch)
{
	size_t count = 0;

	for (size_t i = 0; i < batch->calculation_count; i++)
		count += batch->calculations[i].output_count;
	return count;
}

/* At most: of each task's windows and of what lies in it, and what is left of each range. */
static size_t count_reaches(const struct lp_batch *batch)
{
	size_t count = count_outputs(batch);

	for (size_t i = 0; i < batch->task_count; i++)
		count += 2 * batch->calculations[batch->tasks[i].calculation].output_count;
	return count;
}

void lp_settle(struct lp_batch *batch, const struct lp_retry_policy *policy, const struct lp_settle_known *known,
               const bool *owed, struct lp_settlement *settled)
{
	struct lp_arena *arena = &batch->arena;
	size_t tasks = batch->task_count;
	size_t computed = atomic_load(&batch->computed);
	struct lp_state_row *rows = lp_arena_zeroed(arena, batch->calculation_count, sizeof *rows);
	struct lp_owed_range **last_owed = lp_arena_zeroed(arena, batch->calculation_count, sizeof *last_owed);
	lp_time *before = lp_arena_zeroed(arena, batch->calculation_count, sizeof *before);
	bool again = batch->kind != LP_BATCH_FORWARD;
	bool leaves = batch->kind == LP_BATCH_FORWARD && batch->left_after < batch->left_until;
	size_t *stored = lp_arena_zeroed(arena, tasks, sizeof *stored), stored_count = 0;

	LP_CHECK_BATCH(batch);
	assert(computed <= tasks);
	*settled = (struct lp_settlement){
		.pending = lp_arena_zeroed(arena, tasks, sizeof *settled->pending),
		.done = lp_arena_zeroed(arena, again ? tasks : 0, sizeof *settled->done),
		.owed = lp_arena_zeroed(arena, tasks + (leaves ? batch->calculation_count : 0), sizeof *settled->owed),
		.outcomes = lp_arena_zeroed(arena, tasks, sizeof *settled->outcomes),
		.entries = lp_arena_allocate(arena, tasks * sizeof *settled->entries),
		.versions = lp_arena_allocate(arena, tasks * sizeof *settled->versions),
		.states = rows,
	};
	settled->widened = lp_arena_zeroed(arena, count_outputs(batch), sizeof *settled->widened);
	if (again)
		settled->reaches = lp_arena_zeroed(arena, count_reaches(batch), sizeof *settled->reaches);

	for (size_t i = 0; i < batch->calculation_count; i++)
		before[i] = end_before(batch);
	for (size_t i = 0; i < tasks; i++) {
		struct lp_task *task = &batch->tasks[i];
		struct lp_outcome *outcome = &task->outcome;
		const struct lp_settle_known *of = &known[task->calculation];
		struct lp_pending_row pending = {
			.calculation_id = batch->calculations[task->calculation].id,
			.window = task->window,
		};
		bool spared = task->trial || task->blameless;

		assert(task->calculation < batch->calculation_count);
		if (owed != NULL && !owed[i])
			continue;
		if (i >= computed) {
			outcome->state = LP_STATE_INTERRUPTED;
			if (again)
				continue; /* stays owed as it is */
			pending.reason = lp_state_name(LP_STATE_INTERRUPTED);
			pending.attempts = task->attempt - 1;
			pending.next_attempt = batch->tick;
			settled->pending[settled->pending_count++] = pending;
			note_unreached(batch, task, of, &rows[task->calculation]);
		} else if (lp_state_is_failure(outcome->state)) {
			pending.attempts = spared ? task->attempt - 1 : task->attempt;
			pending.next_attempt =
				spared ? batch->tick
				       : lp_retry_next(policy, batch->tick, task->attempt, pending.calculation_id);
			pending.given_up = pending.next_attempt == LP_TIME_NONE;
			pending.reason = reason_of(arena, outcome);
			if (pending.given_up)
				outcome->state = LP_STATE_GIVEN_UP;
			settled->pending[settled->pending_count++] = pending;
			note_state(batch, task, pending.attempts, pending.next_attempt, of, &rows[task->calculation]);
		} else if (outcome->state == LP_STATE_WAITING || outcome->state == LP_STATE_TRIPPED) {
			if (batch->kind == LP_BATCH_RETRY)
				continue; /* stays pending as it is */
			add_owed(settled, &last_owed[task->calculation], &batch->calculations[task->calculation], task,
			         before[task->calculation]);
			note_state(batch, task, 0, LP_TIME_NONE, of, &rows[task->calculation]);
		} else if (task->pruned != NULL && again) {
			before[task->calculation] = task->window.end;
			if (lp_task_is_left(batch, task))
				continue; /* as if it had not been asked for */
			settled->done[settled->done_count++] = pending;
			note_state(batch, task, 0, LP_TIME_NONE, of, &rows[task->calculation]);
		} else {
			if (again) {
				settled->done[settled->done_count++] = pending;
				add_unknown(batch, settled, task);
			}
			if (batch->kind == LP_BATCH_RETRY)
				add_reach(batch, settled, task->calculation, task->window.end - 1, task->window.end);
			stored[stored_count++] = i;
			widen(batch, task, settled);
			note_state(batch, task, 0, LP_TIME_NONE, of, &rows[task->calculation]);
		}
		before[task->calculation] = task->window.end;
		add_outcome(settled, batch, task);
	}
	if (batch->kind == LP_BATCH_RECOMPUTE)
		add_ranges(batch, known, owed, settled);
	gather_results(batch, settled, stored, stored_count);
	settled->may_meet = may_meet(batch, settled);
	settled->settled_until = LP_TIME_MIN;
	for (size_t i = 0; i < batch->calculation_count; i++)
		if (known[i].watermark > settled->settled_until)
			settled->settled_until = known[i].watermark;
	if (leaves)
		leave(settled, batch);
	for (size_t i = 0; i < batch->calculation_count; i++)
		if (row_is_needed(&rows[i], &known[i]))
			rows[settled->state_count++] = rows[i];
}
