/* The struct through which store.c reaches this store. */
#include "store/sqlite/internal.h"

const struct lp_store_backend lp_store_sqlite = {
	.prefixes = (const char *const[]){ "sqlite:", NULL },
	.is_file = true,
	.one_writer = true,
	.open = lp_sqlite_open,
	.close = lp_sqlite_close,
	.version = lp_sqlite_version,
	.begin = lp_sqlite_begin_work,
	.commit_work = lp_sqlite_commit_work,
	.rollback = lp_sqlite_rollback,
	.unlock_run = lp_sqlite_unlock_run,
#define CALLBACK(name, parameters, arguments) .name = lp_sqlite_##name,
#include "store/callbacks.table"
};
