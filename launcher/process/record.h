/*
 * Records: numbers and texts written one after the other in one process and read
 * in the same order in another.  Private to process/.
 *
 * Runs in the main process and in the rule server, in any thread.
 */
#ifndef LP_PROCESS_RECORD_H
#define LP_PROCESS_RECORD_H

#include "model/memory.h"
#include <stdint.h>

void lp_put_number(struct lp_text *text, int64_t number);
/* A NULL comes back as NULL. */
void lp_put_text(struct lp_text *text, const char *value);

/* Reads a record.  At the first value that makes no sense `bad` is set, and all that follow are 0 and "". */
struct lp_reader {
	const char *at, *end;
	bool bad;
};
int64_t lp_get_number(struct lp_reader *reader, int64_t least, int64_t most);
/* Returns a copy in the arena, which is UTF-8 without NUL. */
const char *lp_get_text(struct lp_reader *reader, struct lp_arena *arena);

#endif
