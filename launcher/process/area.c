/*
 * Runs in the main process and in those of rules: the first half in whoever
 * makes or maps an area, the second in the one that writes, the third in the
 * main process, which believes nothing of what it reads.
 */
#include "process/area.h"

#include "model/clock.h"
#include "text/utf8.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ALIGNMENT = 16, TEXTS_OF_A_TASK = 1 << 18 };

static size_t log_begin(void)
{
	return (sizeof(struct lp_area_head) + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static size_t arena_begin(void)
{
	return log_begin() + LP_AREA_LOG;
}

static bool map(struct lp_area *area, struct lp_error *error)
{
	void *memory = mmap(NULL, area->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, area->descriptor, 0);

	if (memory == MAP_FAILED)
		return lp_fail_errno(error, LP_EXIT_TEMPORARY, errno, "cannot map the memory for results");
	(void)madvise(memory, area->size, MADV_DONTDUMP);
	area->head = memory;
	return true;
}

bool lp_area_create(struct lp_area *area, const char *name, struct lp_error *error)
{
	struct rlimit limit;
	size_t size = LP_AREA_SIZE;

	*area = (struct lp_area){ .descriptor = -1 };
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < size)
		size = limit.rlim_cur;
	if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur / 16 < size)
		size = limit.rlim_cur / 16;
	area->size = size & ~(size_t)4095;
	area->descriptor = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	/* Sealed: nobody takes pages away from under who reads them. */
	if (area->descriptor < 0 || area->size < LP_AREA_SIZE_LEAST ||
	    ftruncate(area->descriptor, (off_t)area->size) != 0 ||
	    fcntl(area->descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
		lp_fail_errno(error, LP_EXIT_TEMPORARY, area->size < LP_AREA_SIZE_LEAST ? EFBIG : errno,
		              "cannot have the memory for results");
		lp_hint(error, "A limit on address space or the size of files (ulimit -v, ulimit -f) may be too low.");
	} else if (map(area, error)) {
		area->head->magic = LP_AREA_MAGIC;
		return true;
	}
	if (area->descriptor >= 0)
		close(area->descriptor);
	area->descriptor = -1;
	return false;
}

bool lp_area_map(struct lp_area *area, int descriptor, struct lp_error *error)
{
	struct stat status;

	*area = (struct lp_area){ .descriptor = descriptor };
	if (fstat(descriptor, &status) != 0 || (size_t)status.st_size < LP_AREA_SIZE_LEAST)
		return lp_fail(error, LP_EXIT_INTERNAL, "the memory for results is not what was made");
	area->size = (size_t)status.st_size;
	return map(area, error);
}

void lp_area_unmap(struct lp_area *area)
{
	if (area->head != NULL)
		munmap(area->head, area->size);
	if (area->descriptor >= 0)
		close(area->descriptor);
	*area = (struct lp_area){ .descriptor = -1 };
}

/*
 * The process that writes.
 */

static void *take(struct lp_arena_source *source, size_t *size)
{
	struct lp_area *area = (struct lp_area *)((char *)source - offsetof(struct lp_area, source));
	size_t rounded = (*size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
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

/* Results and texts are bounded before they are made, so this is a fault of the program's own. */
static _Noreturn void fail(struct lp_arena_source *source)
{
	static const char message[] = "local-processing: the memory for results is full\n";

	(void)source;
	(void)!write(STDERR_FILENO, message, sizeof message - 1);
	_exit(LP_EXIT_INTERNAL);
}

void lp_area_empty(struct lp_area *area, uint64_t part)
{
	area->part = part;
	area->source = (struct lp_arena_source){ .take = take, .give = give, .fail = fail };
	area->used = arena_begin();
	atomic_store(&area->head->computed, 0);
	atomic_store(&area->head->log_used, 0);
	atomic_store(&area->head->log_lost, 0);
}

size_t lp_area_results_most(const struct lp_area *area)
{
	size_t fit = (area->size - arena_begin()) / 4 / sizeof(struct lp_result);

	return fit < LP_RESULT_SAMPLES_MOST ? fit : LP_RESULT_SAMPLES_MOST;
}

bool lp_area_has_room(const struct lp_area *area)
{
	/* Results may have been made twice: grown, or of a task that failed in the end. */
	return area->size - area->used > 2 * lp_area_results_most(area) * sizeof(struct lp_result) + TEXTS_OF_A_TASK;
}

static struct lp_stretch stretch_of(struct lp_area *area, const char *text, size_t length)
{
	const char *begin = (const char *)area->head;
	char *copy;
	size_t size;

	if (text == NULL)
		return (struct lp_stretch){ 0 };
	if (text >= begin && text < begin + area->size)
		return (struct lp_stretch){ (uint64_t)(text - begin), length };
	/* A text of the program's own, or of a plan. */
	size = length + 1;
	copy = take(&area->source, &size);
	if (copy == NULL)
		fail(&area->source);
	memcpy(copy, text, length);
	return (struct lp_stretch){ (uint64_t)(copy - begin), length };
}

static struct lp_stretch text_stretch(struct lp_area *area, const char *text)
{
	return stretch_of(area, text, text == NULL ? 0 : strlen(text));
}

void lp_area_answer(struct lp_area *area, uint32_t index, const struct lp_outcome *outcome,
                    const struct lp_rule_computed *computed)
{
	area->head->answers[index % LP_AREA_TASKS] = (struct lp_answer){
		.part = area->part,
		.index = index,
		.state = (uint32_t)outcome->state,
		.samples_read = outcome->samples_read,
		.duration = outcome->duration,
		.covered = computed->covered,
		.results = { outcome->result_count == 0
		                     ? 0
		                     : (uint64_t)((const char *)outcome->results - (const char *)area->head),
		             outcome->result_count },
		.rule_version = text_stretch(area, outcome->rule_version),
		.error_type = text_stretch(area, outcome->error_type),
		.error_message = text_stretch(area, outcome->error_message),
		.error_traceback = text_stretch(area, outcome->error_traceback),
		.left = text_stretch(area, computed->left),
		.interrupted = computed->interrupted,
	};
	/* Who sees the new count sees the answer. */
	atomic_store_explicit(&area->head->computed, index + 1, memory_order_release);
}

void lp_area_log(struct lp_area *area, uint32_t task, enum lp_log_level level, const char *from, const char *logger,
                 const char *text)
{
	uint64_t used = atomic_load_explicit(&area->head->log_used, memory_order_relaxed);
	struct lp_area_line line = { .task = task, .level = (uint32_t)level };
	size_t from_length = strlen(from), logger_length = logger == NULL ? 0 : strlen(logger),
	       text_length = strlen(text), size;
	char *at;

	size = sizeof line + from_length + logger_length + text_length;
	size = (size + 7) & ~(size_t)7;
	if (size > LP_AREA_LOG - used) {
		atomic_fetch_add(&area->head->log_lost, 1);
		return;
	}
	line.from_length = (uint32_t)from_length;
	line.logger_length = (uint32_t)logger_length;
	line.text_length = (uint32_t)text_length;
	at = (char *)area->head + log_begin() + used;
	memcpy(at, &line, sizeof line);
	at = mempcpy(at + sizeof line, from, from_length);
	at = mempcpy(at, logger == NULL ? "" : logger, logger_length);
	memcpy(at, text, text_length);
	atomic_store_explicit(&area->head->log_used, used + size, memory_order_release);
}

/*
 * The main process.
 */

const char *lp_area_bytes(const struct lp_area *area, struct lp_stretch stretch)
{
	if (stretch.offset < arena_begin() || stretch.offset > area->size ||
	    stretch.length > area->size - stretch.offset)
		return NULL;
	return (const char *)area->head + stretch.offset;
}

/* A copy that is UTF-8 without NUL or control characters that no text has, or NULL where there is none. */
static bool take_text(const struct lp_area *area, struct lp_stretch stretch, struct lp_arena *arena, size_t most,
                      const char **text)
{
	const char *bytes;
	char *copy;

	*text = NULL;
	if (stretch.offset == 0)
		return true;
	bytes = lp_area_bytes(area, stretch);
	if (bytes == NULL || stretch.length > most)
		return false;
	copy = lp_arena_copy(arena, bytes, stretch.length);
	copy[lp_utf8_cut(copy, strlen(copy))] = '\0';
	*text = copy;
	return lp_utf8_is_valid(copy);
}

/* By output, then by time: no store takes two numbers for one time. */
static bool is_after(const struct lp_result *result, const struct lp_result *before)
{
	return before == NULL || result->output > before->output ||
	       (result->output == before->output && result->time > before->time);
}

static bool take_results(const struct lp_area *area, const struct lp_answer *answer, struct lp_arena *arena,
                         const struct lp_calculation *calculation, struct lp_outcome *outcome)
{
	struct lp_stretch bytes = { answer->results.offset, 0 };
	const struct lp_result *before = NULL;
	const char *from;

	if (answer->results.length == 0)
		return true;
	if (answer->results.length > LP_RESULT_SAMPLES_MOST ||
	    __builtin_mul_overflow(answer->results.length, sizeof(struct lp_result), &bytes.length))
		return false;
	from = lp_area_bytes(area, bytes);
	if (from == NULL)
		return false;
	outcome->results = lp_arena_allocate(arena, bytes.length);
	outcome->result_count = answer->results.length;
	memcpy(outcome->results, from, bytes.length);
	for (size_t i = 0; i < outcome->result_count; i++) {
		const struct lp_result *result = &outcome->results[i];

		if (result->output >= calculation->output_count || !isfinite(result->value) ||
		    result->quality > LP_QUALITY_BAD || result->time < LP_TIME_MIN || result->time > LP_TIME_MAX ||
		    !is_after(result, before))
			return false;
		before = result;
	}
	return true;
}

bool lp_area_take(const struct lp_area *area, uint32_t index, struct lp_arena *arena, struct lp_task *task,
                  const struct lp_calculation *calculation, bool *interrupted, const char **left)
{
	/* A copy: what is checked is what is used. */
	struct lp_answer answer;
	struct lp_outcome outcome;

	memcpy(&answer, &area->head->answers[index % LP_AREA_TASKS], sizeof answer);
	if (answer.part != area->part || answer.index != index)
		return false;
	if (answer.state != LP_STATE_OK && answer.state != LP_STATE_NO_DATA && answer.state != LP_STATE_FAILED)
		return false;
	outcome = (struct lp_outcome){ .state = (enum lp_state)answer.state,
		                       .samples_read = answer.samples_read,
		                       .duration = answer.duration };
	/* Nothing has taken longer than the machine is up. */
	if (answer.duration < 0 || answer.duration > lp_monotonic() || !(answer.covered >= 0 && answer.covered <= 1) ||
	    !take_results(area, &answer, arena, calculation, &outcome) ||
	    (outcome.state == LP_STATE_OK) != (outcome.result_count > 0) ||
	    !take_text(area, answer.rule_version, arena, 64, &outcome.rule_version) ||
	    !take_text(area, answer.error_type, arena, 1 << 16, &outcome.error_type) ||
	    !take_text(area, answer.error_message, arena, 1 << 18, &outcome.error_message) ||
	    !take_text(area, answer.error_traceback, arena, 1 << 18, &outcome.error_traceback) ||
	    !take_text(area, answer.left, arena, 1 << 12, left))
		return false;
	task->outcome = outcome;
	*interrupted = answer.interrupted != 0;
	if (outcome.state != LP_STATE_FAILED)
		lp_task_cover(task, calculation, answer.covered);
	return true;
}

void lp_area_each_line(const struct lp_area *area, uint64_t *told, lp_area_line_visit *visit, void *context)
{
	uint64_t used = atomic_load_explicit(&area->head->log_used, memory_order_acquire);
	const char *log = (const char *)area->head + log_begin();

	if (used > LP_AREA_LOG)
		return;
	while (*told + sizeof(struct lp_area_line) <= used) {
		struct lp_area_line line;
		uint64_t size;
		char *texts, *from, *logger, *text;

		memcpy(&line, log + *told, sizeof line);
		size = sizeof line + (uint64_t)line.from_length + line.logger_length + line.text_length;
		if (size > used - *told || line.level > LP_LOG_ERROR)
			return;
		texts = lp_allocate(size - sizeof line + 3);
		from = memcpy(texts, log + *told + sizeof line, line.from_length);
		logger = memcpy(from + line.from_length + 1, log + *told + sizeof line + line.from_length,
		                line.logger_length);
		text = memcpy(logger + line.logger_length + 1,
		              log + *told + sizeof line + line.from_length + line.logger_length, line.text_length);
		bool heard = visit(context, line.task, (enum lp_log_level)line.level, from,
		                   line.logger_length == 0 ? NULL : logger, text);
		free(texts);
		if (!heard)
			return;
		*told += (size + 7) & ~UINT64_C(7);
	}
}

void lp_area_expect(struct lp_area *area, uint32_t first)
{
	area->part++;
	atomic_store(&area->head->computed, first);
	atomic_store(&area->head->log_used, 0);
	atomic_store(&area->head->log_lost, 0);
}
