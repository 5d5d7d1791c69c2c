/*
 * Memory: checked allocation, and the arena that a batch lives in.
 *
 * Running out of memory ends the process with a message (exit 70). Nothing has
 * been committed that the next run would not do again, so going on would save
 * nothing.
 */
#ifndef LP_MODEL_MEMORY_H
#define LP_MODEL_MEMORY_H

#include "model/error.h"
#include <stddef.h>

void *lp_allocate(size_t size);                                /* zeroed; never NULL */
void *lp_reallocate(void *pointer, size_t count, size_t size); /* checks count * size; never NULL */
char *lp_copy_text(const char *text);                          /* NULL stays NULL */
char *lp_format_text(const char *format, ...) LP_PRINTF(1, 2);

/*
 * An arena hands out memory that is freed all at once. One thread uses it at a
 * time. Emptying keeps its blocks, so that a worker's second batch allocates
 * nothing. A zeroed struct is an empty arena.
 */
struct lp_arena_block;
struct lp_arena {
	struct lp_arena_block *first, *current;
	struct lp_arena_source *source; /* NULL: malloc */
};

/*
 * Where an arena's blocks come from, if not from malloc: memory that another
 * process sees too. Called by the thread that has the arena.
 */
struct lp_arena_source {
	/*
	 * Returns at least *size bytes, aligned to 16, and sets *size to what there is.
	 * NULL: there is not so much.
	 */
	void *(*take)(struct lp_arena_source *source, size_t *size);
	void (*give)(struct lp_arena_source *source, void *memory, size_t size);
	/* Called if nothing can be had; does not return. */
	void (*fail)(struct lp_arena_source *source);
};

void *lp_arena_allocate(struct lp_arena *arena, size_t size); /* aligned to 16, not zeroed */
void *lp_arena_zeroed(struct lp_arena *arena, size_t count, size_t size);
char *lp_arena_copy(struct lp_arena *arena, const char *text, size_t length); /* adds the final NUL */
char *lp_arena_text(struct lp_arena *arena, const char *text);                /* NULL stays NULL */
void lp_arena_empty(struct lp_arena *arena);
void lp_arena_free(struct lp_arena *arena); /* keeps its source */

/* A text that grows.  A zeroed struct is an empty text; data is NUL-terminated once anything was added. */
struct lp_text {
	char *data;
	size_t length, capacity;
};
void lp_text_add(struct lp_text *text, const char *data, size_t length);
void lp_text_addf(struct lp_text *text, const char *format, ...) LP_PRINTF(2, 3);
void lp_text_free(struct lp_text *text);

/* Grows an array to hold one more: LP_GROW(list->items, list->count, list->capacity). */
#define LP_GROW(items, count, capacity)                                                                                \
	do {                                                                                                           \
		if ((count) == (capacity)) {                                                                           \
			(capacity) = (capacity) == 0 ? 16 : (capacity)*2;                                              \
			(items) = lp_reallocate((items), (capacity), sizeof *(items));                                 \
		}                                                                                                      \
	} while (0)

#endif
