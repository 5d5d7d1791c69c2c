/*
 * Random bytes over what a process of rules has written, the same at each run: a
 * case that fails once fails again.
 */
#ifndef TESTS_RANDOM_BYTES_H
#define TESTS_RANDOM_BYTES_H

#include "process/area.h"

#include <string.h>

static inline uint64_t random_number(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static inline uint64_t random_below(uint64_t most)
{
	return most == 0 ? 0 : random_number() % most;
}

/* Bytes of any kind, or a number that hurts where an offset, a length or a count is expected. */
static inline void write_random(char *memory, size_t size)
{
	static const uint64_t numbers[] = { 0,
		                            1,
		                            7,
		                            LP_AREA_LOG,
		                            LP_AREA_SIZE - 1,
		                            LP_AREA_SIZE,
		                            1 << 20,
		                            UINT32_MAX,
		                            INT64_MAX,
		                            UINT64_MAX - 7,
		                            UINT64_MAX,
		                            1 << 18,
		                            2048,
		                            UINT64_C(0x7ff0) << 48 };
	size_t at = random_below(size) & ~(size_t)7, length = 1 + random_below(64);
	uint64_t number = random_below(3) == 0 ? random_below(LP_AREA_SIZE)
	                                       : numbers[random_below(sizeof numbers / sizeof *numbers)];

	if (random_below(2) == 0 && at + sizeof number <= size) {
		memcpy(memory + at, &number, sizeof number);
		return;
	}
	for (size_t i = 0; i < length && at + i < size; i++)
		memory[at + i] = (char)random_number();
}

#endif
