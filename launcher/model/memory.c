/* Checked allocation and arenas. Knows nothing of what is kept in them. */
#include "model/memory.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Uses write, not stdio: nothing can be allocated any more. */
static _Noreturn void out_of_memory(void)
{
	static const char message[] =
		"local-processing: out of memory. What was committed stays, the next run does the rest.\n";
	ssize_t written = write(STDERR_FILENO, message, sizeof message - 1);
	(void)written; /* there is nothing left to report it to */
	_exit(LP_EXIT_INTERNAL);
}

void *lp_allocate(size_t size)
{
	void *memory = calloc(1, size > 0 ? size : 1);
	if (memory == NULL)
		out_of_memory();
	return memory;
}

void *lp_reallocate(void *pointer, size_t count, size_t size)
{
	void *memory = reallocarray(pointer, count > 0 ? count : 1, size > 0 ? size : 1);
	if (memory == NULL)
		out_of_memory();
	return memory;
}

char *lp_copy_text(const char *text)
{
	if (text == NULL)
		return NULL;
	size_t size = strlen(text) + 1;
	return memcpy(lp_allocate(size), text, size);
}

char *lp_format_text(const char *format, ...)
{
	char *text;
	va_list arguments;
	va_start(arguments, format);
	int length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		out_of_memory();
	return text;
}

/*
 * A batch of 1,000 windows of 60 samples takes about 1 MB of columns, but a part
 * of one only a few texts: the first block is small. A block with its head has a
 * power of two bytes, because shared memory is given out like that.
 */
enum {
	ARENA_ALIGNMENT = 16,
	ARENA_HEAD = 32,
	ARENA_FIRST_BLOCK = (1 << 16) - ARENA_HEAD,
	ARENA_BLOCK = (1 << 18) - ARENA_HEAD
};

struct lp_arena_block {
	struct lp_arena_block *next;
	size_t size, used;
	alignas(ARENA_ALIGNMENT) unsigned char data[];
};
static_assert(sizeof(struct lp_arena_block) == ARENA_HEAD, "the head of a block is counted");

static struct lp_arena_block *take_block(struct lp_arena *arena, size_t size)
{
	struct lp_arena_block *block;
	size_t whole;
	if (__builtin_add_overflow(sizeof *block, size, &whole))
		out_of_memory();
	block = arena->source == NULL ? malloc(whole) : arena->source->take(arena->source, &whole);
	if (block == NULL && arena->source != NULL)
		arena->source->fail(arena->source);
	if (block == NULL)
		out_of_memory();
	block->size = (whole - sizeof *block) & ~(size_t)(ARENA_ALIGNMENT - 1);
	block->used = 0;
	return block;
}

void *lp_arena_allocate(struct lp_arena *arena, size_t size)
{
	size_t rounded = (size + (ARENA_ALIGNMENT - 1)) & ~(size_t)(ARENA_ALIGNMENT - 1);
	assert(rounded >= size);
	struct lp_arena_block *block = arena->current;
	/* Blocks behind the current one are left from before the arena was emptied. */
	while (block != NULL && block->size - block->used < rounded) {
		if (block->next == NULL || block->next->size < rounded)
			break;
		block = block->next;
	}
	if (block == NULL || block->size - block->used < rounded) {
		size_t usual = arena->first == NULL ? ARENA_FIRST_BLOCK : ARENA_BLOCK;
		size_t block_size = rounded > usual ? rounded : usual;
		struct lp_arena_block *fresh = take_block(arena, block_size);
		fresh->next = block != NULL ? block->next : NULL;
		if (block != NULL)
			block->next = fresh;
		else
			arena->first = fresh;
		block = fresh;
	}
	arena->current = block;
	void *memory = block->data + block->used;
	block->used += rounded;
	return memory;
}

void *lp_arena_zeroed(struct lp_arena *arena, size_t count, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(count, size, &total))
		out_of_memory();
	return memset(lp_arena_allocate(arena, total), 0, total);
}

char *lp_arena_copy(struct lp_arena *arena, const char *text, size_t length)
{
	char *copy = lp_arena_allocate(arena, length + 1);
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *lp_arena_text(struct lp_arena *arena, const char *text)
{
	return text == NULL ? NULL : lp_arena_copy(arena, text, strlen(text));
}

void lp_arena_empty(struct lp_arena *arena)
{
	for (struct lp_arena_block *block = arena->first; block != NULL; block = block->next)
		block->used = 0;
	arena->current = arena->first;
}

void lp_arena_free(struct lp_arena *arena)
{
	for (struct lp_arena_block *block = arena->first; block != NULL;) {
		struct lp_arena_block *next = block->next;
		if (arena->source == NULL)
			free(block);
		else
			arena->source->give(arena->source, block, sizeof *block + block->size);
		block = next;
	}
	*arena = (struct lp_arena){ .source = arena->source };
}

static void text_reserve(struct lp_text *text, size_t more)
{
	size_t needed;
	if (__builtin_add_overflow(text->length, more + 1, &needed))
		out_of_memory();
	if (needed > text->capacity) {
		size_t doubled = text->capacity * 2;
		text->capacity = needed > doubled ? needed : doubled;
		text->data = lp_reallocate(text->data, text->capacity, 1);
	}
}

void lp_text_add(struct lp_text *text, const char *data, size_t length)
{
	text_reserve(text, length);
	memcpy(text->data + text->length, data, length);
	text->length += length;
	text->data[text->length] = '\0';
}

void lp_text_addf(struct lp_text *text, const char *format, ...)
{
	va_list arguments, again;
	va_start(arguments, format);
	va_copy(again, arguments);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	assert(length >= 0);
	text_reserve(text, (size_t)length);
	vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
	va_end(again);
	text->length += (size_t)length;
}

void lp_text_free(struct lp_text *text)
{
	free(text->data);
	*text = (struct lp_text){ 0 };
}
