/*
 * Reading an area that a process of rules has written.  A rule can write any
 * bytes there at any time, so each value is copied once, and the copy is checked
 * before it is used.
 *
 * Runs in the main process, in any thread.
 */
#include "process/area.h"

#include "model/clock.h"
#include "text/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void lp_area_begin_part(struct lp_area *area, uint32_t first)
{
	area->part++;
	atomic_store(&area->head->computed, first);
	atomic_store(&area->head->log_used, 0);
	atomic_store(&area->head->log_lost, 0);
}

const char *lp_area_find_bytes(const struct lp_area *area, struct lp_stretch stretch)
{
	if (stretch.offset < LP_AREA_DATA_BEGIN || stretch.offset > area->size ||
	    stretch.length > area->size - stretch.offset)
		return NULL;
	return (const char *)area->head + stretch.offset;
}

/* Copies a text into the arena, or NULL where there is none.  False: it is too long, or not UTF-8. */
static bool take_text(const struct lp_area *area, struct lp_stretch stretch, struct lp_arena *arena, size_t most,
                      const char **text)
{
	const char *bytes;
	char *copy;

	*text = NULL;
	if (stretch.offset == 0)
		return true;
	bytes = lp_area_find_bytes(area, stretch);
	if (bytes == NULL || stretch.length > most)
		return false;
	copy = lp_arena_copy(arena, bytes, stretch.length);
	copy[lp_utf8_cut(copy, strlen(copy))] = '\0';
	*text = copy;
	return lp_utf8_is_valid(copy);
}

/* Checks the order by output and then by time, because no store takes two numbers for one time. */
static bool is_after(const struct lp_result *result, const struct lp_result *before)
{
	return before == NULL || result->output > before->output ||
	       (result->output == before->output && result->time > before->time);
}

static bool is_sound(const struct lp_result *result, const struct lp_calculation *calculation)
{
	return result->output < calculation->output_count && isfinite(result->value) &&
	       result->quality <= LP_QUALITY_BAD && result->time >= LP_TIME_MIN && result->time <= LP_TIME_MAX;
}

/* Copies the results of an answer into the outcome.  False: a store could not take them. */
static bool take_results(const struct lp_area *area, struct lp_stretch stretch, struct lp_arena *arena,
                         const struct lp_calculation *calculation, struct lp_outcome *outcome)
{
	const struct lp_result *before = NULL;
	size_t count = stretch.length;
	const char *bytes;

	if (count == 0)
		return true;
	if (count > LP_RESULT_SAMPLES_MOST)
		return false;
	stretch.length = count * sizeof(struct lp_result);
	bytes = lp_area_find_bytes(area, stretch);
	if (bytes == NULL)
		return false;
	outcome->results = lp_arena_allocate(arena, stretch.length);
	outcome->result_count = count;
	memcpy(outcome->results, bytes, stretch.length);
	for (size_t i = 0; i < count; i++) {
		const struct lp_result *result = &outcome->results[i];

		if (!is_sound(result, calculation) || !is_after(result, before))
			return false;
		before = result;
	}
	return true;
}

static bool take_texts(const struct lp_area *area, const struct lp_answer *answer, struct lp_arena *arena,
                       struct lp_outcome *outcome, const char **leftovers)
{
	const struct {
		struct lp_stretch stretch;
		size_t most;
		const char **text;
	} texts[] = {
		{ answer->rule_version, 64, &outcome->rule_version },
		{ answer->error_type, 1 << 16, &outcome->error_type },
		{ answer->error_message, 1 << 18, &outcome->error_message },
		{ answer->error_traceback, 1 << 18, &outcome->error_traceback },
		{ answer->leftovers, 1 << 12, leftovers },
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (!take_text(area, texts[i].stretch, arena, texts[i].most, texts[i].text))
			return false;
	return true;
}

bool lp_area_take_answer(const struct lp_area *area, struct lp_batch *batch, uint32_t index, bool *interrupted,
                         const char **leftovers)
{
	struct lp_task *task = &batch->tasks[index];
	const struct lp_calculation *calculation = &batch->calculations[task->calculation];
	struct lp_answer answer;
	struct lp_outcome outcome;

	memcpy(&answer, &area->head->answers[index % LP_AREA_TASKS], sizeof answer);
	if (answer.part != area->part || answer.index != index)
		return false;
	if (answer.state != LP_STATE_OK && answer.state != LP_STATE_NO_DATA && answer.state != LP_STATE_FAILED)
		return false;
	/* No task has taken longer than the machine has been up. */
	if (answer.duration < 0 || answer.duration > lp_monotonic() || !(answer.coverage >= 0 && answer.coverage <= 1))
		return false;
	outcome = (struct lp_outcome){ .state = (enum lp_state)answer.state,
		                       .samples_read = answer.samples_read,
		                       .duration = answer.duration };
	if (!take_results(area, answer.results, &batch->arena, calculation, &outcome) ||
	    (outcome.state == LP_STATE_OK) != (outcome.result_count > 0) ||
	    !take_texts(area, &answer, &batch->arena, &outcome, leftovers))
		return false;
	task->outcome = outcome;
	*interrupted = answer.interrupted != 0;
	if (outcome.state != LP_STATE_FAILED)
		lp_task_cover(task, calculation, answer.coverage);
	return true;
}

void lp_area_each_line(const struct lp_area *area, uint64_t *position, lp_area_line_visit *visit, void *context)
{
	uint64_t used = atomic_load_explicit(&area->head->log_used, memory_order_acquire);
	const char *log = (const char *)area->head + LP_AREA_LOG_BEGIN;

	if (used > LP_AREA_LOG)
		return;
	while (*position + sizeof(struct lp_area_line) <= used) {
		const char *texts = log + *position + sizeof(struct lp_area_line);
		struct lp_area_line line;
		char *copy, *from, *logger, *text;
		uint64_t size;
		bool ok;

		memcpy(&line, log + *position, sizeof line);
		size = sizeof line + (uint64_t)line.from_length + line.logger_length + line.text_length;
		if (size > used - *position || line.level > LP_LOG_ERROR)
			return;
		/* Zeroed, with room for the NUL of each text. */
		copy = lp_allocate(size - sizeof line + 3);
		from = memcpy(copy, texts, line.from_length);
		texts += line.from_length;
		logger = memcpy(from + line.from_length + 1, texts, line.logger_length);
		texts += line.logger_length;
		text = memcpy(logger + line.logger_length + 1, texts, line.text_length);
		ok = visit(context, line.task, (enum lp_log_level)line.level, from,
		           line.logger_length == 0 ? NULL : logger, text);
		free(copy);
		if (!ok)
			return;
		*position += (size + 7) & ~UINT64_C(7);
	}
}
