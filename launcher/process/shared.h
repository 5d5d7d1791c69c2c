/*
 * The memory of the batches.  The rule server and its interpreter processes see it
 * at the same address as the main process, read-only.  Private to process/.
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
	struct lp_arena_source source; /* the first member, so that it can be cast to this struct */
	pthread_mutex_t lock;
	int descriptor; /* of the memory */
	int reader;     /* the same for the other processes, which cannot map it for writing with this one */
	void *address;
	size_t size, used;
	struct lp_shared_piece *free[LP_SHARED_CLASSES]; /* by size, a power of two */
};

/* Reserves the memory, in the main thread; less of it where the limits on address space ask for that. */
bool lp_shared_open(struct lp_shared *shared, struct lp_error *error) LP_MUST_CHECK;
void lp_shared_close(struct lp_shared *shared);
/* Maps the main process's memory at its address, in the rule server. */
bool lp_shared_join(int descriptor, void *address, size_t size, struct lp_error *error) LP_MUST_CHECK;

#endif
