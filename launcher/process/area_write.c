/*
 * Writing an area: answers, the results and texts that they refer to, and lines.
 *
 * Runs in the rule server and in interpreter processes, in their only thread.
 */
#include "process/area.h"

#include <string.h>
#include <unistd.h>

enum { TEXTS_OF_A_TASK = 1 << 18 };

/* Takes memory from behind what is used.  NULL: there is no room. */
static void *take(struct lp_arena_source *source, size_t *size)
{
	struct lp_area *area = (struct lp_area *)((char *)source - offsetof(struct lp_area, source));
	size_t rounded = (*size + LP_AREA_ALIGNMENT - 1) & ~(size_t)(LP_AREA_ALIGNMENT - 1);
	void *memory;

	if (rounded < *size || rounded > area->size - area->used)
		return NULL;
	memory = (char *)area->head + area->used;
	area->used += rounded;
	*size = rounded;
	return memory;
}

static void give(struct lp_arena_source *source, void *memory, size_t size)
{
	(void)source;
	(void)memory;
	(void)size;
}

/* Ends the process.  Results and texts are bounded before they are made, so only a fault of the program leads here. */
static _Noreturn void fail(struct lp_arena_source *source)
{
	static const char message[] = "local-processing: the memory for results is full\n";

	(void)source;
	(void)!write(STDERR_FILENO, message, sizeof message - 1);
	_exit(LP_EXIT_INTERNAL);
}

void lp_area_reset(struct lp_area *area, uint64_t part)
{
	area->part = part;
	area->source = (struct lp_arena_source){ .take = take, .give = give, .fail = fail };
	area->used = LP_AREA_DATA_BEGIN;
	atomic_store(&area->head->computed, 0);
	atomic_store(&area->head->log_used, 0);
	atomic_store(&area->head->log_lost, 0);
}

size_t lp_area_results_most(const struct lp_area *area)
{
	size_t fit = (area->size - LP_AREA_DATA_BEGIN) / 4 / sizeof(struct lp_result);

	return fit < LP_RESULT_SAMPLES_MOST ? fit : LP_RESULT_SAMPLES_MOST;
}

bool lp_area_has_room(const struct lp_area *area)
{
	/* Results can exist twice: where their array grew, and where the task failed in the end. */
	return area->size - area->used > 2 * lp_area_results_most(area) * sizeof(struct lp_result) + TEXTS_OF_A_TASK;
}

static struct lp_stretch put_text(struct lp_area *area, const char *text)
{
	const char *begin = (const char *)area->head;
	size_t length, size;
	char *copy;

	if (text == NULL)
		return (struct lp_stretch){ 0 };
	length = strlen(text);
	if (text >= begin && text < begin + area->size)
		return (struct lp_stretch){ (uint64_t)(text - begin), length };
	/* The text is a constant, or belongs to a call plan: the main process needs a copy in the area. */
	size = length + 1;
	copy = take(&area->source, &size);
	if (copy == NULL)
		fail(&area->source);
	memcpy(copy, text, length);
	return (struct lp_stretch){ (uint64_t)(copy - begin), length };
}

void lp_area_put_answer(struct lp_area *area, uint32_t index, const struct lp_outcome *outcome,
                        const struct lp_call_report *report)
{
	uint64_t results = outcome->result_count == 0 ? 0 : (uint64_t)((char *)outcome->results - (char *)area->head);

	area->head->answers[index % LP_AREA_TASKS] = (struct lp_answer){
		.part = area->part,
		.index = index,
		.state = (uint32_t)outcome->state,
		.samples_read = outcome->samples_read,
		.duration = outcome->duration,
		.coverage = report->coverage,
		.results = { results, outcome->result_count },
		.rule_version = put_text(area, outcome->rule_version),
		.error_type = put_text(area, outcome->error_type),
		.error_message = put_text(area, outcome->error_message),
		.error_traceback = put_text(area, outcome->error_traceback),
		.leftovers = put_text(area, report->leftovers),
		.interrupted = report->interrupted,
	};
	/* Released: a reader that sees the new count sees the answer. */
	atomic_store_explicit(&area->head->computed, index + 1, memory_order_release);
}

void lp_area_put_line(struct lp_area *area, uint32_t task, enum lp_log_level level, const char *from,
                      const char *logger, const char *text)
{
	uint64_t used = atomic_load_explicit(&area->head->log_used, memory_order_relaxed);
	struct lp_area_line line = { .task = task, .level = (uint32_t)level };
	size_t from_length = strlen(from), text_length = strlen(text);
	size_t logger_length = logger == NULL ? 0 : strlen(logger), size;
	char *end;

	size = sizeof line + from_length + logger_length + text_length;
	size = (size + 7) & ~(size_t)7;
	if (size > LP_AREA_LOG - used) {
		atomic_fetch_add(&area->head->log_lost, 1);
		return;
	}
	line.from_length = (uint32_t)from_length;
	line.logger_length = (uint32_t)logger_length;
	line.text_length = (uint32_t)text_length;
	end = (char *)area->head + LP_AREA_LOG_BEGIN + used;
	end = mempcpy(end, &line, sizeof line);
	end = mempcpy(end, from, from_length);
	end = mempcpy(end, logger == NULL ? "" : logger, logger_length);
	memcpy(end, text, text_length);
	atomic_store_explicit(&area->head->log_used, used + size, memory_order_release);
}
