/*
 * The area that a process of rules writes: what it is doing, what came out of
 * the tasks of a part, what they printed.  It lies in a memfd that the main
 * process maps as well; everything in it is an offset, and the main process
 * checks whatever it reads.  Internal to process/.
 *
 * Runs in the main process and in those of rules: as it says of each.
 */
#ifndef LP_PROCESS_AREA_H
#define LP_PROCESS_AREA_H

#include "model/batch.h"
#include "rules/rules.h"

enum {
	LP_AREA_LOG = 256 << 10,  /* bytes of printed lines of a part */
	LP_AREA_LINES_MOST = 100, /* of one calculation; what is more is counted */
	LP_AREA_TASKS = 2048,     /* handed over at once, at most */
};
#define LP_AREA_SIZE           ((size_t)256 << 20)
#define LP_AREA_SIZE_LEAST     ((size_t)4 << 20)
#define LP_RESULT_SAMPLES_MOST 1000000 /* of one window of one calculation */

/* A stretch of the area; length without a final NUL. */
struct lp_stretch {
	uint64_t offset, length; /* offset 0: none */
};

/* What came of a task. */
struct lp_answer {
	/* Whose it is: what an earlier part has left in its place is no answer. */
	uint64_t part;
	uint32_t index;
	uint32_t state;
	uint32_t samples_read;
	int64_t duration;
	double covered;
	struct lp_stretch results; /* length in results */
	struct lp_stretch rule_version, error_type, error_message, error_traceback;
	struct lp_stretch left; /* what the rule left behind */
	uint32_t interrupted;   /* at its time limit */
};

/* One line that was printed or logged; its texts follow, padded to 8 bytes. */
struct lp_area_line {
	uint32_t task; /* index in its part; UINT32_MAX: none */
	uint32_t level;
	uint32_t from_length, logger_length, text_length;
};

struct lp_area_head {
	uint32_t magic;
#define LP_AREA_MAGIC 0x4c504152u
	struct lp_pulse pulse;
	_Atomic uint32_t computed; /* tasks of the part whose answers are complete */
	_Atomic uint64_t log_used; /* bytes of whole lines */
	_Atomic uint64_t log_lost; /* lines for which there was no room */
	/* Of the rule server: the modules that it imports, and its catalogue. */
	struct lp_stretch files, catalogue;
	struct lp_answer answers[LP_AREA_TASKS]; /* by index in the part, modulo their number */
};

struct lp_area {
	int descriptor;
	struct lp_area_head *head;
	size_t size;
	uint64_t part; /* the one under way, each with a number of its own; 0: none */
	/* In the process that writes: what follows head and log is an arena's. */
	struct lp_arena_source source;
	size_t used, log_last;
};

/* Makes one.  Its size is that of the limits. */
bool lp_area_create(struct lp_area *area, const char *name, struct lp_error *error) LP_MUST_CHECK;
/* Maps one that another process has made. */
bool lp_area_map(struct lp_area *area, int descriptor, struct lp_error *error) LP_MUST_CHECK;
void lp_area_unmap(struct lp_area *area); /* and closes its descriptor */

/*
 * The process that writes.
 */

/* Ready for the next part, of this number: nothing is in it. */
void lp_area_empty(struct lp_area *area, uint64_t part);
/* Whether the results and texts of any task still fit. */
bool lp_area_has_room(const struct lp_area *area);
/* How many samples a result may have here. */
size_t lp_area_results_most(const struct lp_area *area);
/* An outcome that was made in an arena of the area's source. */
void lp_area_answer(struct lp_area *area, uint32_t index, const struct lp_outcome *outcome,
                    const struct lp_rule_computed *computed);
void lp_area_log(struct lp_area *area, uint32_t task, enum lp_log_level level, const char *from, const char *logger,
                 const char *text);

/*
 * The main process.
 */

/*
 * Copies answer `index` into a task's outcome, its texts and results into the
 * arena.  *left: what the rule left behind, or NULL.  False: it makes no sense.
 */
bool lp_area_take(const struct lp_area *area, uint32_t index, struct lp_arena *arena, struct lp_task *task,
                  const struct lp_calculation *calculation, bool *interrupted, const char **left) LP_MUST_CHECK;
/* A stretch that lies within the area, or NULL. */
const char *lp_area_bytes(const struct lp_area *area, struct lp_stretch stretch);

/* False: not yet, it is to be told again. */
typedef bool lp_area_line_visit(void *context, uint32_t task, enum lp_log_level level, const char *from,
                                const char *logger, const char *text);
/* Each line that was not told yet, up to one that is not to be; `told` says up to where. */
void lp_area_each_line(const struct lp_area *area, uint64_t *told, lp_area_line_visit *visit, void *context);
/* Before the next part is handed over: nothing of it is computed, and what the one before it printed is told. */
void lp_area_expect(struct lp_area *area, uint32_t first);

#endif
