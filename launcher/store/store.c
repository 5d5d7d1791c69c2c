/*
 * The door: picks the store that an address names, and forwards.  Knows which
 * stores there are, and nothing of what they do.
 */
#include "store/backend.h"

#include "text/utf8.h"
#include <string.h>

/* The name of a file, most likely.  Anything else may have a password in it, and is not shown. */
static bool looks_like_file(const char *address)
{
	return strpbrk(address, "./") != NULL && strpbrk(address, ":@=? ") == NULL;
}

static bool fail_address(const char *address, struct lp_error *error)
{
	char described[256];

	if (looks_like_file(address)) {
		lp_fail(error, LP_EXIT_CONFIGURATION, "\"%.*s\" is not the address of a store", LP_CUT(300, address));
		return lp_hint(error, "Did you mean sqlite:%.*s? A PostgreSQL database is postgresql://HOST/DATABASE.",
		               LP_CUT(300, address));
	}
	lp_store_describe(address, described, sizeof described);
	lp_fail(error, LP_EXIT_CONFIGURATION, "\"%s\" is not the address of a store", described);
	return lp_hint(error, "Write sqlite:FILE, postgresql://HOST/DATABASE, host=... dbname=..., "
	                      "or postgresql: alone for what PGHOST and the like say.");
}

static bool check_schema(struct lp_store *store, const char *address, struct lp_error *error)
{
	struct lp_schema_state state;
	char described[256];

	if (!lp_store_schema(store, &state, error))
		return false;
	lp_store_describe(address, described, sizeof described);
	if (state.present == 0) {
		lp_fail(error, LP_EXIT_CONFIGURATION, "%s: the schema is not there yet", described);
		return lp_hint(error, "Make it with: local-processing migrate");
	}
	if (state.present < state.wanted) {
		lp_fail(error, LP_EXIT_CONFIGURATION, "%s: the schema has version %d, this program needs %d", described,
		        state.present, state.wanted);
		return lp_hint(error, "Upgrade it with: local-processing migrate");
	}
	if (state.present > state.wanted + 1) {
		lp_fail(error, LP_EXIT_CONFIGURATION,
		        "%s: the schema has version %d, this program knows %d and works with %d at most", described,
		        state.present, state.wanted, state.wanted + 1);
		return lp_hint(error, "A newer release of local-processing made it: use that one.");
	}
	return true;
}

/* A store that is a file has no tables of somebody else in it. */
static bool are_elsewhere(const struct lp_mappings *mappings, struct lp_error *error)
{
	for (size_t i = 0; mappings != NULL && i < mappings->count; i++) {
		if (mappings->items[i].database != NULL)
			continue;
		(void)lp_fail(error, LP_EXIT_CONFIGURATION,
		              "the setting %s describes a table of PostgreSQL, and the store is a file",
		              mappings->items[i].name);
		return lp_hint(error,
		               "Say which database has the table (database: postgresql://HOST/DATABASE), or make "
		               "one the `store`.");
	}
	return true;
}

bool lp_store_open(const struct lp_store_options *options, struct lp_store **store, struct lp_error *error)
{
	const struct lp_store_backend *backend = lp_store_backend_of(options->address);

	*store = NULL;
	if (backend == NULL)
		return fail_address(options->address, error);
	if (backend->is_file && !are_elsewhere(options->mappings, error))
		return false;
	if (!backend->open(options, store, error))
		return false;
	(*store)->backend = backend;
	if (options->any_schema || check_schema(*store, options->address, error))
		return true;
	lp_store_close(*store);
	*store = NULL;
	return false;
}

void lp_store_close(struct lp_store *store)
{
	if (store != NULL)
		store->backend->close(store);
}

const char *lp_store_version(const struct lp_store *store)
{
	return store->backend->version(store);
}

bool lp_store_has_one_writer(const struct lp_store *store)
{
	return store->backend->one_writer;
}

bool lp_store_begin(struct lp_store *store, struct lp_error *error)
{
	return store->backend->begin(store, error);
}

bool lp_store_commit_work(struct lp_store *store, struct lp_error *error)
{
	return store->backend->commit_work(store, error);
}

void lp_store_unlock_run(struct lp_store *store)
{
	store->backend->unlock_run(store);
}

void lp_store_rollback(struct lp_store *store)
{
	store->backend->rollback(store);
}

#define CALLBACK(name, parameters, arguments)                                                                          \
	bool lp_store_##name parameters                                                                                \
	{                                                                                                              \
		return store->backend->name arguments;                                                                 \
	}
#include "store/callbacks.table"

bool lp_store_write_samples(struct lp_store *store, int64_t series_id, const struct lp_column *samples,
                            struct lp_write_counts *counts, struct lp_error *error)
{
	struct lp_series_samples one = { .series_id = series_id, .samples = *samples };

	return lp_store_write_many(store, &one, 1, counts, error);
}

bool lp_store_fetch(struct lp_store *store, struct lp_batch *batch, struct lp_error *error)
{
	struct lp_share all = { .first = INT64_MIN, .last = INT64_MAX, .arena = &batch->arena };
	bool fetched = lp_store_fetch_share(store, batch, &all, error);

	batch->samples_read += all.samples_read;
	lp_batch_leave_unreadable(batch, &all);
	return fetched;
}

/* What happened to a run that is not running any more. */
bool lp_run_is_over(struct lp_error *error)
{
	(void)lp_fail(error, LP_EXIT_TEMPORARY, "another run has begun, because this one had lost its lock");
	return lp_hint(error, "What this one has not stored, that one does.");
}

bool lp_series_is_held(const char *name, struct lp_error *error)
{
	(void)lp_fail(error, LP_EXIT_TEMPORARY, "the series \"%s\" has samples: they came in meanwhile", name);
	return lp_hint(error, "Nothing was changed. Apply again: a series with samples stays.");
}
