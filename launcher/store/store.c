/*
 * The door: looks at the address, picks the store behind it, forwards.  Knows
 * which stores there are, and nothing of what they do.
 */
#include "store/backend.h"

#include "text/utf8.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

#define BLANKS " \t\n\r\f\v"

static const char *const postgresql_prefixes[] = { "postgresql:", "postgres:" };

/* scheme://...: not a setting that has :// in its value, as a password may. */
static bool is_uri(const char *address)
{
	return strncmp(address + strcspn(address, ":=/" BLANKS), "://", 3) == 0;
}

static const struct lp_store_backend *find_backend(const char *address)
{
	if (strncmp(address, "sqlite:", 7) == 0)
		return &lp_store_sqlite;
	for (size_t i = 0; i < sizeof postgresql_prefixes / sizeof *postgresql_prefixes; i++) {
		if (strncmp(address, postgresql_prefixes[i], strlen(postgresql_prefixes[i])) == 0)
			return &lp_store_postgresql;
	}
	/* key=value pairs, but not another scheme with a query behind it */
	if (strchr(address, '=') != NULL && !is_uri(address))
		return &lp_store_postgresql;
	return NULL;
}

/* The name of a file, most likely.  Anything else may have a password in it, and is not shown. */
static bool looks_like_file(const char *address)
{
	return strpbrk(address, "./") != NULL && strpbrk(address, ":@=? ") == NULL;
}

bool lp_store_open(const struct lp_store_options *options, struct lp_store **store, struct lp_error *error)
{
	const struct lp_store_backend *backend = find_backend(options->address);
	char described[256];

	*store = NULL;
	if (backend == NULL && looks_like_file(options->address)) {
		lp_fail(error, LP_EXIT_CONFIGURATION, "\"%.*s\" is not the address of a store",
		        LP_CUT(300, options->address));
		return lp_hint(error, "Did you mean sqlite:%.*s? A PostgreSQL database is postgresql://HOST/DATABASE.",
		               LP_CUT(300, options->address));
	}
	if (backend == NULL) {
		lp_store_describe(options->address, described, sizeof described);
		lp_fail(error, LP_EXIT_CONFIGURATION, "\"%s\" is not the address of a store", described);
		return lp_hint(error, "Write sqlite:FILE, postgresql://HOST/DATABASE, host=... dbname=..., "
		                      "or postgresql: alone for what PGHOST and the like say.");
	}
	return backend->open(options, store, error);
}

void lp_store_close(struct lp_store *store)
{
	if (store != NULL)
		store->backend->close(store);
}

/*
 * Settings whose values may be shown.  Not a list of those that may not: what
 * follows a password that should have been quoted or encoded looks like a
 * setting of its own.
 */
static bool may_show(const char *key, size_t length)
{
	static const char *const shown[] = {
		"host",
		"hostaddr",
		"port",
		"dbname",
		"user",
		"service",
		"sslmode",
		"sslrootcert",
		"application_name",
		"connect_timeout",
		"options",
		"client_encoding",
		"channel_binding",
		"gssencmode",
		"target_session_attrs",
	};

	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
		if (length == strlen(shown[i]) && strncmp(key, shown[i], length) == 0)
			return true;
	}
	return false;
}

/* "password=***": that there is one is worth knowing. */
static bool is_password(const char *key, size_t length)
{
	return (length == 8 && strncasecmp(key, "password", length) == 0) ||
	       (length == 11 && strncasecmp(key, "sslpassword", length) == 0);
}

struct describing {
	char *text;
	size_t size, length;
	bool after_password;
};

static void put(struct describing *describing, const char *data, size_t length)
{
	for (size_t i = 0; i < length && describing->length + 1 < describing->size; i++)
		describing->text[describing->length++] = data[i];
	describing->text[describing->length] = '\0';
}

/* An address in an address: nobody looks into it for its password. */
static bool has_uri(const char *value, size_t length)
{
	return memmem(value, length, "://", 3) != NULL;
}

static void put_pair(struct describing *describing, const char *key, size_t key_length, const char *value,
                     size_t value_length)
{
	bool password = is_password(key, key_length);

	if (!password && !may_show(key, key_length)) {
		/* The name of what nobody knows may help, unless it can be the rest of a password. */
		if (!describing->after_password) {
			put(describing, key, key_length);
			put(describing, "=", 1);
		}
		put(describing, "...", 3);
		return;
	}
	put(describing, key, key_length);
	put(describing, "=", 1);
	if (password)
		put(describing, "***", 3);
	else if (has_uri(value, value_length))
		put(describing, "...", 3);
	else
		put(describing, value, value_length);
	describing->after_password = describing->after_password || password;
}

/* Where a value ends: at a blank, or at the closing quote; a backslash takes the next character along. */
static const char *end_of_value(const char *value)
{
	bool quoted = *value == '\'';
	const char *at = quoted ? value + 1 : value;

	while (*at != '\0' && (quoted ? *at != '\'' : strchr(BLANKS, *at) == NULL))
		at += *at == '\\' && at[1] != '\0' ? 2 : 1;
	return quoted && *at == '\'' ? at + 1 : at;
}

/* key = value, key='a b \' c' ... */
static void describe_pairs(const char *at, struct describing *describing)
{
	while (*at != '\0') {
		size_t blanks = strspn(at, BLANKS), key;
		const char *value, *end;

		put(describing, at, blanks);
		at += blanks;
		key = strcspn(at, "=" BLANKS);
		value = at + key + strspn(at + key, BLANKS);
		if (*value != '=') {
			if (key > 0)
				put(describing, "...", 3);
			at += key;
			continue;
		}
		value += 1 + strspn(value + 1, BLANKS);
		end = end_of_value(value);
		put_pair(describing, at, key, value, (size_t)(end - value));
		at = end;
	}
}

/* Whether a text that stands behind a ? is pairs, and every @ in it part of the value of a setting that is known. */
static bool is_query(const char *text)
{
	while (*text != '\0') {
		size_t whole = strcspn(text, "&"), key = strcspn(text, "=&");
		bool known = may_show(text, key) || is_password(text, key);

		if (memchr(text, '@', whole) != NULL && (key == whole || !known))
			return false;
		text += whole + (text[whole] == '&');
	}
	return true;
}

/*
 * Where the query of a URI begins: at the ? before a setting that is known, or
 * at its first ? that is not part of a password, or at the end.
 */
static const char *find_query(const char *authority)
{
	size_t before = strcspn(authority, "@/");
	const char *from = authority[before] == '@' ? authority + before : authority;
	const char *query;

	for (query = strchr(authority, '?'); query != NULL; query = strchr(query + 1, '?')) {
		size_t key = strcspn(query + 1, "=&");

		if (query[1 + key] == '=' && (may_show(query + 1, key) || is_password(query + 1, key)))
			return query;
	}
	query = strchr(from, '?');
	if (query != NULL && is_query(query + 1))
		return query;
	/* A password that should have been encoded may have @, / and ? in it: the last @ of all ends it. */
	from = strrchr(authority, '@');
	query = from == NULL ? query : strchr(from, '?');
	return query != NULL ? query : authority + strlen(authority);
}

/* user:password@; what is neither for sure is not shown. */
static void describe_user(const char *user, struct describing *describing)
{
	size_t length = strcspn(user, ":@/?&=");

	if (user[length] == ':' || user[length] == '@')
		put(describing, user, length);
	else
		put(describing, "...", 3);
	put(describing, user[length] == ':' ? ":***@" : "@", user[length] == ':' ? 5 : 1);
}

/* host:port,host:port/name: what stands for a port and is none is a password whose @ was forgotten. */
static void describe_hosts(const char *at, const char *end, struct describing *describing)
{
	while (at < end && *at != '/') {
		const char *bracket = *at == '[' ? memchr(at, ']', (size_t)(end - at)) : NULL;
		const char *host = bracket != NULL ? bracket + 1 : at, *port;
		size_t digits;

		while (host < end && strchr(":,/", *host) == NULL)
			host++;
		put(describing, at, (size_t)(host - at));
		at = host;
		if (at < end && *at == ':') {
			port = at + 1;
			digits = strspn(port, "0123456789");
			if (digits > 5 || (port + digits < end && strchr(",/", port[digits]) == NULL)) {
				put(describing, ":***", 4);
				return;
			}
			put(describing, at, 1 + digits);
			at = port + digits;
		}
		if (at < end && *at == ',')
			put(describing, at++, 1);
	}
	put(describing, at, (size_t)(end - at));
}

/* scheme://user:password@host:port/name?key=value&key=value */
static void describe_uri(const char *uri, struct describing *describing)
{
	const char *authority = strstr(uri, "://") + 3, *pair = find_query(authority);
	const char *at = memrchr(authority, '@', (size_t)(pair - authority)), *hosts = at != NULL ? at + 1 : authority;

	put(describing, uri, (size_t)(authority - uri));
	if (at != NULL)
		describe_user(authority, describing);
	describe_hosts(hosts, pair, describing);
	while (*pair != '\0') {
		size_t whole, key;

		put(describing, pair++, 1);
		whole = strcspn(pair, "&");
		key = strcspn(pair, "=&");
		if (key == whole)
			put(describing, "...", whole > 0 ? 3 : 0);
		else
			put_pair(describing, pair, key, pair + key + 1, whole - key - 1);
		pair += whole;
	}
}

void lp_store_describe(const char *address, char *text, size_t size)
{
	struct describing describing = { .text = text, .size = size };

	assert(size > 0);
	*text = '\0';
	if (strncmp(address, "sqlite:", 7) == 0) {
		put(&describing, address, strlen(address));
	} else if (is_uri(address)) {
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

bool lp_store_note_changes(struct lp_store *store, const struct lp_definition_change *changes, size_t count,
                           struct lp_error *error)
{
	return store->backend->note_changes(store, changes, count, error);
}

bool lp_store_each_definition_change(struct lp_store *store, const char *calculation, lp_definition_change_visit *visit,
                                     void *context, struct lp_error *error)
{
	return store->backend->each_definition_change(store, calculation, visit, context, error);
}

bool lp_store_write_samples(struct lp_store *store, int64_t series_id, const struct lp_column *samples,
                            struct lp_write_counts *counts, struct lp_error *error)
{
	return store->backend->write_samples(store, series_id, samples, counts, error);
}

bool lp_store_write_many(struct lp_store *store, const struct lp_series_samples *many, size_t count,
                         struct lp_write_counts *counts, struct lp_error *error)
{
	struct lp_write_counts one;

	if (store->backend->write_many != NULL)
		return store->backend->write_many(store, many, count, counts, error);
	*counts = (struct lp_write_counts){ .inserted = 0 };
	for (size_t i = 0; i < count; i++) {
		if (!lp_store_write_samples(store, many[i].series_id, &many[i].samples, &one, error))
			return false;
		counts->inserted += one.inserted;
		counts->updated += one.updated;
		counts->unchanged += one.unchanged;
	}
	return true;
}

bool lp_store_read_samples(struct lp_store *store, int64_t series_id, lp_time from, lp_time to, uint64_t most,
                           lp_column_visit *visit, void *context, struct lp_error *error)
{
	return store->backend->read_samples(store, series_id, from, to, most, visit, context, error);
}

bool lp_store_lock_run(struct lp_store *store, enum lp_run_kind kind, bool *acquired, struct lp_error *error)
{
	return store->backend->lock_run(store, kind, acquired, error);
}

bool lp_store_run_is_active(struct lp_store *store, enum lp_run_kind kind, bool *active, struct lp_error *error)
{
	return store->backend->run_is_active(store, kind, active, error);
}

bool lp_store_begin_run(struct lp_store *store, struct lp_run *run, struct lp_error *error)
{
	return store->backend->begin_run(store, run, error);
}

bool lp_store_hold_run(struct lp_store *store, int64_t run_id, struct lp_error *error)
{
	return store->backend->hold_run(store, run_id, error);
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

bool lp_store_fail_batch(struct lp_store *store, int64_t batch_id, lp_time tick, const char *error_type,
                         const char *error_message, struct lp_error *error)
{
	return store->backend->fail_batch(store, batch_id, tick, error_type, error_message, error);
}

bool lp_store_each_edge(struct lp_store *store, int64_t batch_id, int64_t calculation_id, lp_edge_visit *visit,
                        void *context, struct lp_error *error)
{
	return store->backend->each_edge(store, batch_id, calculation_id, visit, context, error);
}

bool lp_store_each_changed(struct lp_store *store, lp_time newest, lp_changed_visit *visit, void *context,
                           struct lp_error *error)
{
	return store->backend->each_changed(store, newest, visit, context, error);
}

bool lp_store_each_change(struct lp_store *store, struct lp_change_query *query, lp_change_visit *visit, void *context,
                          struct lp_error *error)
{
	return store->backend->each_change(store, query, visit, context, error);
}

bool lp_store_find_next_good(struct lp_store *store, struct lp_change *changes, size_t count, lp_time before,
                             struct lp_error *error)
{
	return store->backend->find_next_good(store, changes, count, before, error);
}

bool lp_store_find_rise(struct lp_store *store, const struct lp_rise_query *query, lp_time *rise,
                        struct lp_error *error)
{
	return store->backend->find_rise(store, query, rise, error);
}

bool lp_store_invalidate(struct lp_store *store, int64_t series_id, lp_time first, lp_time last, struct lp_error *error)
{
	return store->backend->invalidate(store, series_id, first, last, error);
}

bool lp_store_each_reader(struct lp_store *store, const int64_t *series_ids, size_t count, lp_reader_visit *visit,
                          void *context, struct lp_error *error)
{
	return store->backend->each_reader(store, series_ids, count, visit, context, error);
}

bool lp_store_add_owed(struct lp_store *store, const struct lp_owed_range *ranges, size_t count, struct lp_error *error)
{
	return store->backend->add_owed(store, ranges, count, error);
}

bool lp_store_cut_owed(struct lp_store *store, const struct lp_owed *owed, size_t count, lp_time at, bool *cut,
                       struct lp_error *error)
{
	return store->backend->cut_owed(store, owed, count, at, cut, error);
}

bool lp_store_each_owed(struct lp_store *store, enum lp_run_kind kind, int32_t rank, lp_owed_visit *visit,
                        void *context, struct lp_error *error)
{
	return store->backend->each_owed(store, kind, rank, visit, context, error);
}

bool lp_store_drop_owed(struct lp_store *store, enum lp_reason reason, uint64_t *dropped, struct lp_error *error)
{
	return store->backend->drop_owed(store, reason, dropped, error);
}

bool lp_store_each_blocker(struct lp_store *store, const int64_t *calculation_ids, size_t count, lp_time from,
                           lp_time to, lp_blocker_visit *visit, void *context, struct lp_error *error)
{
	return store->backend->each_blocker(store, calculation_ids, count, from, to, visit, context, error);
}

bool lp_store_each_breaker(struct lp_store *store, lp_breaker_visit *visit, void *context, struct lp_error *error)
{
	return store->backend->each_breaker(store, visit, context, error);
}

bool lp_store_put_breaker(struct lp_store *store, const struct lp_breaker *breaker, struct lp_error *error)
{
	return store->backend->put_breaker(store, breaker, error);
}

bool lp_store_close_breaker(struct lp_store *store, const char *rule, struct lp_error *error)
{
	return store->backend->close_breaker(store, rule, error);
}

bool lp_store_note_rules(struct lp_store *store, const struct lp_run *run, const struct lp_rule_version *versions,
                         size_t count, lp_rule_version_visit *changed, void *context, struct lp_error *error)
{
	return store->backend->note_rules(store, run, versions, count, changed, context, error);
}

bool lp_store_rule_version(struct lp_store *store, const char *rule, int64_t run_id, struct lp_arena *arena,
                           const char **version, struct lp_error *error)
{
	return store->backend->rule_version(store, rule, run_id, arena, version, error);
}

bool lp_store_reopen(struct lp_store *store, struct lp_reopen *reopen, struct lp_error *error)
{
	return store->backend->reopen(store, reopen, error);
}

bool lp_store_each_stored(struct lp_store *store, const int64_t *series_ids, size_t count, uint64_t most,
                          lp_stored_visit *visit, void *context, struct lp_error *error)
{
	return store->backend->each_stored(store, series_ids, count, most, visit, context, error);
}

bool lp_store_note_outdated(struct lp_store *store, const struct lp_outdated *notes, size_t count,
                            struct lp_error *error)
{
	return store->backend->note_outdated(store, notes, count, error);
}

bool lp_store_each_outdated(struct lp_store *store, lp_outdated_visit *visit, void *context, struct lp_error *error)
{
	return store->backend->each_outdated(store, visit, context, error);
}

bool lp_store_owe_outdated(struct lp_store *store, const struct lp_outdated *told, size_t count, struct lp_error *error)
{
	return store->backend->owe_outdated(store, told, count, error);
}

bool lp_store_settle_outdated(struct lp_store *store, struct lp_error *error)
{
	return store->backend->settle_outdated(store, error);
}

bool lp_store_remove_results(struct lp_store *store, int64_t calculation_id, lp_time after_end, lp_time until_end,
                             uint64_t *removed, struct lp_error *error)
{
	return store->backend->remove_results(store, calculation_id, after_end, until_end, removed, error);
}

bool lp_store_read_places(struct lp_store *store, int64_t series_id, lp_time beyond, bool backwards,
                          struct lp_result_place *places, size_t most, size_t *count, struct lp_error *error)
{
	return store->backend->read_places(store, series_id, beyond, backwards, places, most, count, error);
}

bool lp_store_move_results(struct lp_store *store, const struct lp_result_place *places, size_t count,
                           struct lp_error *error)
{
	return store->backend->move_results(store, places, count, error);
}

bool lp_store_each_progress(struct lp_store *store, const int64_t *calculation_ids, size_t count,
                            lp_progress_visit *visit, void *context, struct lp_error *error)
{
	return store->backend->each_progress(store, calculation_ids, count, visit, context, error);
}

bool lp_store_writer(struct lp_store *store, int64_t series_id, int64_t *calculation_id, struct lp_error *error)
{
	return store->backend->writer(store, series_id, calculation_id, error);
}

bool lp_store_count_imported(struct lp_store *store, const char *const *series, size_t count,
                             struct lp_imported *imported, struct lp_error *error)
{
	return store->backend->count_imported(store, series, count, imported, error);
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
	struct lp_share all = { .first = INT64_MIN, .last = INT64_MAX, .arena = &batch->arena };
	bool fetched = lp_store_fetch_share(store, batch, &all, error);
	batch->samples_read += all.samples_read;
	return fetched;
}

bool lp_store_fetch_share(struct lp_store *store, struct lp_batch *batch, struct lp_share *share,
                          struct lp_error *error)
{
	return store->backend->fetch(store, batch, share, error);
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

bool lp_store_each_history(struct lp_store *store, const struct lp_history_query *query, lp_history_visit *visit,
                           void *context, struct lp_error *error)
{
	return store->backend->each_history(store, query, visit, context, error);
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

bool lp_store_each_prunable(struct lp_store *store, const char *pattern, lp_time before, lp_prunable_visit *visit,
                            void *context, struct lp_error *error)
{
	return store->backend->each_prunable(store, pattern, before, visit, context, error);
}

bool lp_store_prune_samples(struct lp_store *store, const struct lp_prune_series *series, size_t count, bool every,
                            lp_time nobodys_before, struct lp_pruned_samples *pruned, struct lp_error *error)
{
	return store->backend->prune_samples(store, series, count, every, nobodys_before, pruned, error);
}

bool lp_store_restore_pruned(struct lp_store *store, int64_t series_id, struct lp_window pruned, struct lp_error *error)
{
	return store->backend->restore_pruned(store, series_id, pruned, error);
}

bool lp_store_count_samples(struct lp_store *store, const struct lp_count_range *ranges, size_t count, uint64_t most,
                            uint64_t *samples, struct lp_error *error)
{
	return store->backend->count_samples(store, ranges, count, most, samples, error);
}

bool lp_store_find_lasts(struct lp_store *store, struct lp_last *lasts, size_t count, struct lp_error *error)
{
	return store->backend->find_lasts(store, lasts, count, error);
}

bool lp_store_each_need(struct lp_store *store, const int64_t *series_ids, size_t count, lp_need_visit *visit,
                        void *context, struct lp_error *error)
{
	return store->backend->each_need(store, series_ids, count, visit, context, error);
}

bool lp_store_each_debt(struct lp_store *store, lp_debt_visit *visit, void *context, struct lp_error *error)
{
	return store->backend->each_debt(store, visit, context, error);
}
