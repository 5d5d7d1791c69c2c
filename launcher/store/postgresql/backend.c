/* The struct through which store.c reaches this store, and the transactions that it asks for. */
#include "store/postgresql/internal.h"

static bool begin_work(struct lp_store *store, struct lp_error *error)
{
	struct pg_store *own = lp_pg_store(store);

	assert(own->depth == 0);
	return lp_pg_begin(own, error);
}

static bool commit_work(struct lp_store *store, struct lp_error *error)
{
	struct pg_store *own = lp_pg_store(store);

	assert(own->depth == 1);
	if (!lp_pg_finish(own, true, error))
		return false;
	if (own->applied) {
		struct lp_error ignored;

		/* What was applied will be run. */
		own->applied = false;
		(void)!lp_pg_prepare_partitions(own, &ignored);
	}
	return true;
}

static void rollback(struct lp_store *store)
{
	struct pg_store *own = lp_pg_store(store);

	own->applied = false;
	lp_pg_abandon(own);
}

const struct lp_store_backend lp_store_postgresql = {
	.prefixes = (const char *const[]){ "postgresql:", "postgres:", NULL },
	.settings = true,
	.open = lp_pg_open,
	.close = lp_pg_close,
	.version = lp_pg_version,
	.begin = begin_work,
	.commit_work = commit_work,
	.rollback = rollback,
	.unlock_run = lp_pg_unlock_run,
#define CALLBACK(name, parameters, arguments) .name = lp_pg_##name,
#include "store/callbacks.table"
};
