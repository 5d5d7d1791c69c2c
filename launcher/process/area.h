/*
 * The area that a process of rules writes: what it is doing, the answers of the
 * tasks it has computed, and the lines that they printed.  It lies in a memfd
 * that the main process maps as well.  Everything in it is an offset, and the
 * main process checks whatever it reads.  Private to process/.
 *
 * Runs in the main process and in processes of rules, as each section says.
 */
#ifndef LP_PROCESS_AREA_H
#define LP_PROCESS_AREA_H

#include "model/batch.h"
#include "rules/rules.h"

enum {
	LP_AREA_LOG = 256 << 10,  /* bytes for the printed lines of a part */
	LP_AREA_LINES_MOST = 100, /* lines that are kept of one task; the others are counted */
	LP_AREA_TASKS = 2048,     /* tasks of a part, at most */
	LP_AREA_ALIGNMENT = 16,
};
#define LP_AREA_SIZE           ((size_t)256 << 20)
#define LP_AREA_SIZE_LEAST     ((size_t)4 << 20)
#define LP_RESULT_SAMPLES_MOST 1000000 /* results of one task */

/* A stretch of the area; its length does not count a final NUL. */
struct lp_stretch {
	uint64_t offset, length; /* offset 0: none */
};

/* The answer of a task: its outcome, and what else the main process has to know of it. */
struct lp_answer {
	/* Part and task that it answers: an answer that an earlier part left in this place is not taken for it. */
	uint64_t part;
	uint32_t index;
	uint32_t state;
	uint32_t samples_read;
	int64_t duration;
	double coverage;
	struct lp_stretch results; /* its length counts results, not bytes */
	struct lp_stretch rule_version, error_type, error_message, error_traceback;
	struct lp_stretch leftovers;
	uint32_t interrupted; /* at its time limit */
};

/* A line that a task printed or logged; its three texts follow, padded to 8 bytes. */
struct lp_area_line {
	uint32_t task; /* index in the batch; UINT32_MAX: none */
	uint32_t level;
	uint32_t from_length, logger_length, text_length;
};

struct lp_area_head {
	struct lp_pulse pulse;
	_Atomic uint32_t computed; /* index of the first task whose answer is not complete */
	_Atomic uint64_t log_used; /* bytes of whole lines */
	_Atomic uint64_t log_lost; /* lines for which there was no room */
	/* Written by the rule server: the modules that it imports, and its catalogue. */
	struct lp_stretch files, catalogue;
	struct lp_answer answers[LP_AREA_TASKS]; /* by index of the task, modulo their number */
};
#define LP_AREA_LOG_BEGIN  ((sizeof(struct lp_area_head) + LP_AREA_ALIGNMENT - 1) & ~(size_t)(LP_AREA_ALIGNMENT - 1))
#define LP_AREA_DATA_BEGIN (LP_AREA_LOG_BEGIN + LP_AREA_LOG) /* results and texts */

struct lp_area {
	int descriptor;
	struct lp_area_head *head;
	size_t size;
	uint64_t part; /* number of the part under way; 0: none */
	/* In the process that writes: an arena takes its memory from behind the log. */
	struct lp_arena_source source;
	size_t used;
};

/* Makes an area, smaller where the limits on files or address space ask for that. */
bool lp_area_create(struct lp_area *area, const char *name, struct lp_error *error) LP_MUST_CHECK;
/* Maps an area that another process has made. */
bool lp_area_map(struct lp_area *area, int descriptor, struct lp_error *error) LP_MUST_CHECK;
/* Unmaps an area and closes its descriptor. */
void lp_area_unmap(struct lp_area *area);

/*
 * area_write.c: for the process that writes.
 */

/* Empties the area for the part of this number. */
void lp_area_reset(struct lp_area *area, uint64_t part);
/* Returns true if the results and texts of one more task fit, however large they are. */
bool lp_area_has_room(const struct lp_area *area);
/* Returns how many results a task may have in this area. */
size_t lp_area_results_most(const struct lp_area *area);
/* Writes the answer of a task.  The outcome was made in an arena of the area's source. */
void lp_area_put_answer(struct lp_area *area, uint32_t index, const struct lp_outcome *outcome,
                        const struct lp_call_report *report);
/* Writes a line, or counts it as lost where there is no room. */
void lp_area_put_line(struct lp_area *area, uint32_t task, enum lp_log_level level, const char *from,
                      const char *logger, const char *text);

/*
 * area_read.c: for the main process.
 */

/* Prepares for the next part, before it is sent: nothing of it is computed, and its log is empty. */
void lp_area_begin_part(struct lp_area *area, uint32_t first);
/*
 * Copies the answer of task `index` into the batch: its outcome, with texts and
 * results in the batch's arena.  *leftovers becomes what the rule left behind, or
 * NULL.  False: the answer makes no sense, and the task is as it was.
 */
bool lp_area_take_answer(const struct lp_area *area, struct lp_batch *batch, uint32_t index, bool *interrupted,
                         const char **leftovers) LP_MUST_CHECK;
/* Returns the bytes of a stretch, or NULL where it does not lie within the area. */
const char *lp_area_find_bytes(const struct lp_area *area, struct lp_stretch stretch);

/* Takes one line.  False: not yet, visit it again later. */
typedef bool lp_area_line_visit(void *context, uint32_t task, enum lp_log_level level, const char *from,
                                const char *logger, const char *text);
/* Visits the lines from *position on until one is refused, and moves *position behind those that were taken. */
void lp_area_each_line(const struct lp_area *area, uint64_t *position, lp_area_line_visit *visit, void *context);

#endif
