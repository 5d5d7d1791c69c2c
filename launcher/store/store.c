/*
 * The door: looks at the address, picks the store behind it, forwards.  Knows
 * which stores there are, and nothing of what they do.
 */
#include "store/backend.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *const postgresql_prefixes[] = {"postgresql:", "postgres:"};

static const struct lp_store_backend *find_backend(const char *address)
{
	if (strncmp(address, "sqlite:", 7) == 0)
		return &lp_store_sqlite;
	for (size_t i = 0; i < sizeof postgresql_prefixes / sizeof *postgresql_prefixes; i++) {
		if (strncmp(address, postgresql_prefixes[i], strlen(postgresql_prefixes[i])) == 0)
			return &lp_store_postgresql;
	}
	/* key=value pairs, but not another scheme with a query behind it */
	if (strchr(address, '=') != NULL && strstr(address, "://") == NULL)
		return &lp_store_postgresql;
	return NULL;
}

bool lp_store_open(const struct lp_store_options *options, struct lp_store **store, struct lp_error *error)
{
	const struct lp_store_backend *backend = find_backend(options->address);
	char described[256];

	*store = NULL;
	if (backend == NULL) {
		lp_store_describe(options->address, described, sizeof described);
		lp_fail(error, LP_EXIT_CONFIGURATION, "\"%s\" is not the address of a store", described);
		return lp_hint(error, "write sqlite:FILE, postgresql://HOST/DATABASE, host=... dbname=..., "
		                      "or postgresql: alone for what PGHOST and the like say");
	}
	return backend->open(options, store, error);
}

void lp_store_close(struct lp_store *store)
{
	if (store != NULL)
		store->backend->close(store);
}

/* Letters that a secret's name has in it, whatever it is called: password, sslpassword, passfile's value is no secret. */
static bool names_secret(const char *key, size_t length)
{
	static const char *const secrets[] = {"password", "sslpassword", "oauth_client_secret"};

	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
		if (length == strlen(secrets[i]) && strncasecmp(key, secrets[i], length) == 0)
			return true;
	}
	return false;
}

struct describing {
	char *text;
	size_t size, length;
};

static void put(struct describing *describing, const char *data, size_t length)
{
	for (size_t i = 0; i < length && describing->length + 1 < describing->size; i++)
		describing->text[describing->length++] = data[i];
	describing->text[describing->length] = '\0';
}

/* key = value, key='it''s \' quoted' ... */
static void describe_pairs(const char *at, struct describing *describing)
{
	while (*at != '\0') {
		size_t blanks = strspn(at, " \t\n\r\f\v"), key, gap;
		const char *value;

		put(describing, at, blanks);
		at += blanks;
		key = strcspn(at, "= \t\n\r\f\v");
		gap = strspn(at + key, " \t\n\r\f\v");
		if (at[key + gap] != '=') {
			/* No pair: nobody knows what it is, so it is not shown. */
			if (key > 0)
				put(describing, "...", 3);
			at += key;
			continue;
		}
		value = at + key + gap + 1;
		value += strspn(value, " \t\n\r\f\v");
		put(describing, at, key);
		put(describing, "=", 1);
		const char *end = value;
		if (*value == '\'') {
			for (end = value + 1; *end != '\0' && *end != '\''; end++) {
				if (*end == '\\' && end[1] != '\0')
					end++;
			}
			end += *end == '\'';
		} else {
			while (*end != '\0' && strchr(" \t\n\r\f\v", *end) == NULL) {
				if (*end == '\\' && end[1] != '\0')
					end++;
				end++;
			}
		}
		if (names_secret(at, key))
			put(describing, "***", 3);
		else
			put(describing, value, (size_t)(end - value));
		at = end;
	}
}

/* scheme://user:password@host:port/name?password=secret&key=value */
static void describe_uri(const char *uri, struct describing *describing)
{
	const char *authority = strstr(uri, "://") + 3;
	const char *query = strchr(authority, '?');
	size_t length = query != NULL ? (size_t)(query - authority) : strlen(authority);
	/* The last @ before the query: a password that should have been encoded may have one, and slashes. */
	const char *at = memrchr(authority, '@', length);
	const char *colon = at == NULL ? NULL : memchr(authority, ':', (size_t)(at - authority));

	put(describing, uri, (size_t)(authority - uri));
	if (colon != NULL) {
		put(describing, authority, (size_t)(colon - authority));
		put(describing, ":***", 4);
		put(describing, at, length - (size_t)(at - authority));
	} else {
		put(describing, authority, length);
	}
	while (query != NULL && *query != '\0') {
		const char *pair = query + 1;
		size_t whole = strcspn(pair, "&"), key = strcspn(pair, "=&");

		put(describing, query, 1);
		put(describing, pair, key < whole && names_secret(pair, key) ? key + 1 : whole);
		if (key < whole && names_secret(pair, key))
			put(describing, "***", 3);
		query = pair + whole;
	}
}

void lp_store_describe(const char *address, char *text, size_t size)
{
	struct describing describing = {.text = text, .size = size};

	assert(size > 0);
	*text = '\0';
	if (strncmp(address, "sqlite:", 7) == 0) {
		put(&describing, address, strlen(address));
	} else if (strstr(address, "://") != NULL) {
		describe_uri(address, &describing);
	} else {
		for (size_t i = 0; i < sizeof postgresql_prefixes / sizeof *postgresql_prefixes; i++) {
			size_t length = strlen(postgresql_prefixes[i]);

			if (strncmp(address, postgresql_prefixes[i], length) == 0) {
				put(&describing, address, length);
				address += length;
			}
		}
		describe_pairs(address, &describing);
	}
}

const char *lp_store_version(const struct lp_store *store)
{
	return store->backend->version(store);
}

bool lp_store_schema(struct lp_store *store, struct lp_schema_state *state, struct lp_error *error)
{
	return store->backend->schema(store, state, error);
}

bool lp_store_migrate(struct lp_store *store, const struct lp_migrate_options *options, lp_migrate_step *step,
                      void *context, struct lp_error *error)
{
	return store->backend->migrate(store, options, step, context, error);
}

bool lp_store_begin(struct lp_store *store, struct lp_error *error)
{
	return store->backend->begin(store, error);
}

bool lp_store_commit_work(struct lp_store *store, struct lp_error *error)
{
	return store->backend->commit_work(store, error);
}

void lp_store_rollback(struct lp_store *store)
{
	store->backend->rollback(store);
}

bool lp_store_each_series(struct lp_store *store, const char *pattern, lp_series_visit *visit, void *context,
                          struct lp_error *error)
{
	return store->backend->each_series(store, pattern, visit, context, error);
}

bool lp_store_find_series(struct lp_store *store, const char *name, struct lp_arena *arena, struct lp_series *found,
                          struct lp_error *error)
{
	return store->backend->find_series(store, name, arena, found, error);
}

bool lp_store_each_calculation(struct lp_store *store, lp_calculation_visit *visit, void *context,
                               struct lp_error *error)
{
	return store->backend->each_calculation(store, visit, context, error);
}

bool lp_store_lock_definitions(struct lp_store *store, struct lp_error *error)
{
	return store->backend->lock_definitions(store, error);
}

bool lp_store_apply(struct lp_store *store, const struct lp_changes *changes, struct lp_error *error)
{
	return store->backend->apply(store, changes, error);
}

bool lp_store_write_samples(struct lp_store *store, int64_t series_id, const struct lp_column *samples,
                            struct lp_write_counts *counts, struct lp_error *error)
{
	return store->backend->write_samples(store, series_id, samples, counts, error);
}

bool lp_store_read_samples(struct lp_store *store, int64_t series_id, lp_time from, lp_time to, uint64_t most,
                           lp_column_visit *visit, void *context, struct lp_error *error)
{
	return store->backend->read_samples(store, series_id, from, to, most, visit, context, error);
}

bool lp_store_lock_run(struct lp_store *store, bool *acquired, struct lp_error *error)
{
	return store->backend->lock_run(store, acquired, error);
}

bool lp_store_begin_run(struct lp_store *store, struct lp_run *run, struct lp_error *error)
{
	return store->backend->begin_run(store, run, error);
}

bool lp_store_end_run(struct lp_store *store, const struct lp_run *run, struct lp_error *error)
{
	return store->backend->end_run(store, run, error);
}

bool lp_store_each_batch(struct lp_store *store, int32_t rank, lp_batch_visit *visit, void *context,
                         struct lp_error *error)
{
	return store->backend->each_batch(store, rank, visit, context, error);
}

bool lp_store_each_pending(struct lp_store *store, lp_time tick, lp_pending_visit *visit, void *context,
                           struct lp_error *error)
{
	return store->backend->each_pending(store, tick, visit, context, error);
}

bool lp_store_read_batch(struct lp_store *store, struct lp_batch *batch, struct lp_error *error)
{
	return store->backend->read_batch(store, batch, error);
}

bool lp_store_read_calculations(struct lp_store *store, const int64_t *ids, size_t count, struct lp_batch *batch,
                                struct lp_error *error)
{
	return store->backend->read_calculations(store, ids, count, batch, error);
}

bool lp_store_fetch(struct lp_store *store, struct lp_batch *batch, struct lp_error *error)
{
	return store->backend->fetch(store, batch, error);
}

bool lp_store_commit_batch(struct lp_store *store, struct lp_batch *batch, const struct lp_retry_policy *policy,
                           bool *accepted, struct lp_error *error)
{
	return store->backend->commit_batch(store, batch, policy, accepted, error);
}

bool lp_store_each_status(struct lp_store *store, const struct lp_status_filter *filter, lp_status_visit *visit,
                          void *context, struct lp_error *error)
{
	return store->backend->each_status(store, filter, visit, context, error);
}

bool lp_store_each_history(struct lp_store *store, int64_t calculation_id, uint32_t most, lp_history_visit *visit,
                           void *context, struct lp_error *error)
{
	return store->backend->each_history(store, calculation_id, most, visit, context, error);
}

bool lp_store_each_run(struct lp_store *store, uint32_t most, lp_run_visit *visit, void *context,
                       struct lp_error *error)
{
	return store->backend->each_run(store, most, visit, context, error);
}

bool lp_store_prune(struct lp_store *store, struct lp_prune *prune, struct lp_error *error)
{
	return store->backend->prune(store, prune, error);
}
