/*
 * Memory of the main process that the rule server and its interpreters see at
 * the same address, read-only.  Internal to process/.
 *
 * Runs in the main process, in any thread; lp_shared_join in the rule server.
 */
#ifndef LP_PROCESS_SHARED_H
#define LP_PROCESS_SHARED_H

#include "model/memory.h"
#include <pthread.h>
#include <stdint.h>

enum { LP_SHARED_CLASSES = 48 };

struct lp_shared {
	struct lp_arena_source source; /* the first member: an arena's source is this */
	pthread_mutex_t lock;
	int descriptor; /* of the memory */
	int reader;     /* for others: who has it cannot map it for writing, now or later */
	void *address;
	size_t size, used;
	struct lp_shared_piece *free[LP_SHARED_CLASSES]; /* by size, a power of two */
};

/* Main process, main thread.  Takes less where so much address space cannot be had. */
bool lp_shared_open(struct lp_shared *shared, struct lp_error *error) LP_MUST_CHECK;
void lp_shared_close(struct lp_shared *shared);
/* In the rule server: maps what the main process has, at its address. */
bool lp_shared_join(int descriptor, void *address, size_t size, struct lp_error *error) LP_MUST_CHECK;

#endif
