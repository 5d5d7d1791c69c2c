/* FNV-1a: tells versions of a text apart; it protects nothing. */
#ifndef LP_MODEL_HASH_H
#define LP_MODEL_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define LP_HASH_START UINT64_C(0xcbf29ce484222325)

static inline uint64_t lp_hash_add(uint64_t hash, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static inline uint64_t lp_hash_text(const char *text)
{
	return lp_hash_add(LP_HASH_START, text, strlen(text));
}

/* The hash as 12 hexadecimal digits: how versions of rules are written. */
enum { LP_VERSION_SIZE = 13 };
static inline void lp_hash_write(uint64_t hash, char version[LP_VERSION_SIZE])
{
	snprintf(version, LP_VERSION_SIZE, "%012llx",
	         (unsigned long long)((hash ^ hash >> 48) & UINT64_C(0xffffffffffff)));
}

#endif
