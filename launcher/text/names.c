/*
 * Tables from texts to numbers (open addressing, so that a hundred thousand
 * definitions are compared without anything quadratic), and suggestions for
 * mistyped words.
 */
#include "text/names.h"

#include "model/hash.h"
#include "model/memory.h"
#include <stdlib.h>
#include <string.h>

static uint64_t hash_of(const char *text)
{
	/* The final mix makes the low bits, which pick the slot, depend on all of it. */
	uint64_t hash = lp_hash_text(text);
	hash ^= hash >> 32;
	return hash * UINT64_C(0x9e3779b97f4a7c15);
}

static struct lp_names_slot *slot_of(const struct lp_names *names, const char *text, uint64_t hash)
{
	size_t mask = names->capacity - 1;
	size_t at = (size_t)(hash >> 20) & mask;
	while (names->slots[at].text != NULL &&
	       (names->slots[at].hash != hash || strcmp(names->slots[at].text, text) != 0))
		at = (at + 1) & mask;
	return &names->slots[at];
}

static void grow(struct lp_names *names)
{
	struct lp_names larger = { .capacity = names->capacity == 0 ? 64 : names->capacity * 2, .count = names->count };
	larger.slots = lp_allocate(larger.capacity * sizeof *larger.slots);
	for (size_t i = 0; i < names->capacity; i++)
		if (names->slots[i].text != NULL)
			*slot_of(&larger, names->slots[i].text, names->slots[i].hash) = names->slots[i];
	free(names->slots);
	*names = larger;
}

bool lp_names_add(struct lp_names *names, const char *text, size_t value, size_t *earlier)
{
	if (names->count * 3 >= names->capacity * 2)
		grow(names);
	uint64_t hash = hash_of(text);
	struct lp_names_slot *slot = slot_of(names, text, hash);
	if (slot->text != NULL) {
		if (earlier != NULL)
			*earlier = slot->value;
		return false;
	}
	*slot = (struct lp_names_slot){ .text = text, .hash = hash, .value = value };
	names->count++;
	return true;
}

void lp_names_set(struct lp_names *names, const char *text, size_t value)
{
	if (!lp_names_add(names, text, value, NULL))
		slot_of(names, text, hash_of(text))->value = value;
}

bool lp_names_find(const struct lp_names *names, const char *text, size_t *value)
{
	if (names->count == 0)
		return false;
	const struct lp_names_slot *slot = slot_of(names, text, hash_of(text));
	if (slot->text == NULL)
		return false;
	if (value != NULL)
		*value = slot->value;
	return true;
}

void lp_names_free(struct lp_names *names)
{
	free(names->slots);
	*names = (struct lp_names){ 0 };
}

enum { WORD_MOST = 64 }; /* longer words are not compared: a key of that length is not mistyped by two letters */

/* Edits (insert, delete, replace, swap of neighbours) that turn a into b. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][WORD_MOST + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];
	for (size_t j = 0; j <= b_length; j++)
		last[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			size_t least = last[j - 1] + (a[i - 1] != b[j - 1]);
			if (last[j] + 1 < least)
				least = last[j] + 1;
			if (row[j - 1] + 1 < least)
				least = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < least)
				least = before[j - 2] + 1;
			row[j] = least;
		}
		size_t *free_row = before;
		before = last;
		last = row;
		row = free_row;
	}
	return last[b_length];
}

const char *lp_nearest(const char *word, const char *(*next)(void *context), void *context)
{
	size_t length = strlen(word);
	const char *nearest = NULL;
	/* One letter in five may be wrong, and one more: "rety" is retry, "mean" is not max. */
	size_t least = length / 5 + 1;
	if (length > WORD_MOST)
		return NULL;
	for (const char *known = next(context); known != NULL; known = next(context)) {
		size_t known_length = strlen(known);
		if (known_length > WORD_MOST ||
		    (known_length > length ? known_length - length : length - known_length) > least)
			continue;
		size_t edits = distance(word, length, known, known_length);
		if (edits < known_length && (edits < least || (edits == least && nearest == NULL))) {
			least = edits;
			nearest = known;
		}
	}
	return nearest;
}

struct known_words {
	const char *at;
	size_t left, stride;
};

static const char *next_known(void *context)
{
	struct known_words *words = context;
	if (words->left == 0)
		return NULL;
	const char *word;
	memcpy(&word, words->at, sizeof word);
	words->at += words->stride;
	words->left--;
	return word;
}

const char *lp_nearest_of(const char *word, const char *const *first, size_t count, size_t stride)
{
	struct known_words words = { .at = (const char *)first, .left = count, .stride = stride };
	return lp_nearest(word, next_known, &words);
}

bool lp_word_find(const char *word, const char *const *words, size_t count, size_t *index)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(word, words[i]) == 0) {
			*index = i;
			return true;
		}
	}
	return false;
}
