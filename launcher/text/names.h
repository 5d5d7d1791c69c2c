/*
 * Tables from texts to numbers, and the nearest of some known words to a
 * mistyped one.  Knows nothing of what the texts name.
 */
#ifndef LP_TEXT_NAMES_H
#define LP_TEXT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A zeroed struct is an empty table.  The texts are the caller's and must outlive it. */
struct lp_names {
	struct lp_names_slot {
		const char *text; /* NULL: free */
		uint64_t hash;
		size_t value;
	} * slots;
	size_t capacity, count; /* capacity is 0 or a power of two */
};

/* Adds a text. False: it is there already, and keeps its value, which *earlier gets (may be NULL). */
bool lp_names_add(struct lp_names *names, const char *text, size_t value, size_t *earlier);
/* Adds a text, or gives one that is there a new value. */
void lp_names_set(struct lp_names *names, const char *text, size_t value);
bool lp_names_find(const struct lp_names *names, const char *text, size_t *value);
void lp_names_free(struct lp_names *names);

/*
 * Returns the word that was probably meant, or NULL if none is near enough to be
 * suggested.  `next` returns the known words one after the other, then NULL.
 */
const char *lp_nearest(const char *word, const char *(*next)(void *context), void *context);
/* Returns the same, among words that lie `stride` bytes apart, the first at `first`. */
const char *lp_nearest_of(const char *word, const char *const *first, size_t count, size_t stride);

/* Finds a word among others that are set down; false: it is none of them, and *index stays. */
bool lp_word_find(const char *word, const char *const *words, size_t count, size_t *index);

#endif
