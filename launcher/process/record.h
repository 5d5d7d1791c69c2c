/*
 * Records: numbers and texts one after the other.  One function serves to write a
 * record in one process and to read it in another, so that both have the same
 * order.  Private to process/.
 *
 * Runs in the main process and in the rule server, in any thread.
 */
#ifndef LP_PROCESS_RECORD_H
#define LP_PROCESS_RECORD_H

#include "model/memory.h"
#include <stddef.h>
#include <stdint.h>

struct lp_record {
	struct lp_text *text; /* where to write; NULL: to be read */
	/* To read: what is left, and the arena for texts and items. */
	const char *at, *end;
	struct lp_arena *arena;
	bool bad; /* set at the first value that makes no sense; all that follow are 0 and "" */
};

/* Writes a number, or reads one, which has to lie within the limits. */
void lp_record_number(struct lp_record *record, int64_t *number, int64_t least, int64_t most);
/* Does the same for a field of any integer type. */
#define LP_RECORD_NUMBER(record_, field_, least_, most_)                                                               \
	do {                                                                                                           \
		int64_t number_ = (int64_t)(field_);                                                                   \
		lp_record_number(record_, &number_, least_, most_);                                                    \
		(field_) = (__typeof__(field_))number_;                                                                \
	} while (0)
/* Writes a text, or reads one, which is UTF-8 without NUL.  A NULL stays NULL. */
void lp_record_text(struct lp_record *record, const char **text);
/* Does the same for a text that must not be NULL. */
void lp_record_required_text(struct lp_record *record, const char **text);
/* Writes the count of items, or reads it and makes the items, zeroed.  Returns them. */
void *lp_record_items(struct lp_record *record, void *items, size_t *count, size_t size);

#endif
