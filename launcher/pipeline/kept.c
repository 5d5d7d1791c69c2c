/*
 * Connections that wait for the next run's threads.
 *
 * Runs in the main process: in the threads of stages, and in the main thread.
 */
#include "pipeline/stages.h"

#include <stdlib.h>

/* As many as a run can have threads that need one: settings allow no more. */
enum { KEPT_MOST = 128 };

struct lp_kept_stores {
	pthread_mutex_t lock;
	struct lp_store *stores[KEPT_MOST];
	size_t count;
};

struct lp_kept_stores *lp_kept_stores_new(void)
{
	struct lp_kept_stores *kept = lp_allocate(sizeof *kept);
	pthread_mutex_init(&kept->lock, NULL);
	return kept;
}

bool lp_kept_stores_take(struct lp_kept_stores *kept, struct lp_store **store)
{
	*store = NULL;
	if (kept == NULL)
		return false;
	pthread_mutex_lock(&kept->lock);
	if (kept->count > 0)
		*store = kept->stores[--kept->count];
	pthread_mutex_unlock(&kept->lock);
	return *store != NULL;
}

bool lp_kept_stores_give(struct lp_kept_stores *kept, struct lp_store *store)
{
	bool given = false;
	if (kept == NULL)
		return false;
	pthread_mutex_lock(&kept->lock);
	if (kept->count < KEPT_MOST) {
		kept->stores[kept->count++] = store;
		given = true;
	}
	pthread_mutex_unlock(&kept->lock);
	return given;
}

void lp_kept_stores_empty(struct lp_kept_stores *kept)
{
	struct lp_store *store;
	while (lp_kept_stores_take(kept, &store))
		lp_store_close(store);
}

void lp_kept_stores_free(struct lp_kept_stores *kept)
{
	if (kept == NULL)
		return;
	lp_kept_stores_empty(kept);
	pthread_mutex_destroy(&kept->lock);
	free(kept);
}
