/* The struct through which store.c reaches this store. */
#include "store/postgresql/internal.h"

const struct lp_store_backend lp_store_postgresql = {
	.prefixes = (const char *const[]){ "postgresql:", "postgres:", NULL },
	.settings = true,
	.open = lp_pg_open,
	.close = lp_pg_close,
	.version = lp_pg_version,
	.begin = lp_pg_begin_work,
	.commit_work = lp_pg_commit_work,
	.rollback = lp_pg_rollback,
#define CALLBACK(name, parameters, arguments) .name = lp_pg_##name,
#include "store/callbacks.table"
};
