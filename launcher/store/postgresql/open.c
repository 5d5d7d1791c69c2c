/*
 * Opening and closing a connection to PostgreSQL.  What an address may be is
 * libpq's business: strings, URIs, service and password files, variables.
 */
#include "store/postgresql/internal.h"

#include "observe/observe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OLDEST_SERVER = 130000 };

/* Notices of the server ("table does not exist, skipping") are nobody's business at a terminal. */
static void log_notice(void *context, const PGresult *result)
{
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	(void)context;
	lp_log(LP_LOG_DEBUG, "notice from the database", LP_TEXT("notice", text));
}

static void no_notice(void *context, const char *text)
{
	(void)context;
	(void)text;
}

/* "postgresql:" alone, or before a connection string, is ours; libpq knows "postgresql://". */
static const char *connection_string(const char *address)
{
	static const char *const prefixes[] = { "postgresql:", "postgres:" };

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		size_t length = strlen(prefixes[i]);
		if (strncmp(address, prefixes[i], length) == 0 && strncmp(address + length, "//", 2) != 0)
			return address + length;
	}
	return address;
}

/* Apart from connecting: there is no use in a second try of what is not even an address. */
static bool check_address(const struct pg_store *store, struct lp_error *error)
{
	char *reason = NULL;
	PQconninfoOption *parsed = PQconninfoParse(connection_string(store->address), &reason);

	if (parsed != NULL) {
		PQconninfoFree(parsed);
		return true;
	}
	lp_pg_fail_address(reason != NULL ? reason : "out of memory", store->address, error);
	PQfreemem(reason);
	return false;
}

/*
 * A machine that loses its power says no goodbye: until the server finds out
 * (two hours, as systems come), its sessions keep their locks, and every run
 * gives way to one that is no more.  So the server is told to look after this
 * client as this client looks after the server, where it does not look closer
 * already.  A server that knows no such settings is left as it is.  Through
 * PgBouncer they are about the server and PgBouncer, and do no harm there.
 */
static void keep_alive(PGconn *connection)
{
	const char *host = PQhost(connection);

	if (host == NULL || host[0] == '/' || host[0] == '@')
		return;
	PQclear(PQexec(
		connection,
		"SET LOCAL search_path = pg_catalog, pg_temp;"
		"SELECT pg_catalog.set_config(wanted.name, wanted.most::pg_catalog.text, false)"
		" FROM (VALUES ('tcp_keepalives_idle', 30), ('tcp_keepalives_interval', 10),"
		" ('tcp_keepalives_count', 3), ('tcp_user_timeout', 60000)) AS wanted (name, most)"
		" WHERE pg_catalog.current_setting(wanted.name)::pg_catalog.int4 NOT BETWEEN 1 AND wanted.most"));
}

/* The linker's names. */
char *__real_pqBuildStartupPacket3(PGconn *connection, int *length, const void *options);
char *__wrap_pqBuildStartupPacket3(PGconn *connection, int *length, const void *options);

/*
 * A server that lets nobody in says why in words of its own language.  Its
 * SQLSTATE is only told in verbose messages, and those can only be asked for
 * when there is a connection: too late, unless one logs in a second time, which
 * counts as a second attempt where accounts are locked after some.  So they are
 * asked for where libpq is about to say who it is.
 */
char *__wrap_pqBuildStartupPacket3(PGconn *connection, int *length, const void *options)
{
	PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
	return __real_pqBuildStartupPacket3(connection, length, options);
}

bool lp_pg_connect(struct pg_store *store, PGconn **connection, struct lp_error *error)
{
	char timeout[16];
	/* A later one wins: the address over the defaults before it, what stands after it over the address. */
	const char *keywords[] = {
		"keepalives_idle",  "keepalives_interval",       "keepalives_count",
		"tcp_user_timeout", "fallback_application_name", "dbname",
		"client_encoding",  "connect_timeout",           NULL,
	};
	const char *values[] = {
		"30",   "10", "3",  "60000", store->application_name, connection_string(store->address),
		"UTF8", NULL, NULL,
	};

	if (store->connect_timeout > 0) {
		snprintf(timeout, sizeof timeout, "%d", store->connect_timeout);
		values[7] = timeout;
	}
	*connection = NULL;
	if (!check_address(store, error))
		return false;
	*connection = PQconnectdbParams(keywords, values, 1);
	if (*connection == NULL)
		return lp_fail(error, LP_EXIT_INTERNAL, "out of memory for a connection");
	PQsetNoticeReceiver(*connection, log_notice, NULL);
	PQsetNoticeProcessor(*connection, no_notice, NULL);
	if (PQstatus(*connection) == CONNECTION_OK) {
		PQsetErrorVerbosity(*connection, PQERRORS_DEFAULT);
		keep_alive(*connection);
		return true;
	}
	lp_pg_fail_connecting(*connection, store->address, error);
	PQfinish(*connection);
	*connection = NULL;
	return false;
}

static bool check_server(struct pg_store *store, struct lp_error *error)
{
	int number = PQserverVersion(store->connection);
	const char *text = PQparameterStatus(store->connection, "server_version");

	snprintf(store->version, sizeof store->version, "postgresql %.*s", (int)strcspn(text != NULL ? text : "?", " "),
	         text != NULL ? text : "?");
	if (number >= OLDEST_SERVER)
		return true;
	lp_fail(error, LP_EXIT_UNAVAILABLE, "the database server is %s", store->version);
	return lp_hint(error, "local-processing needs PostgreSQL 13 or later.");
}

static bool check_schema(struct lp_store *store, struct lp_error *error)
{
	struct lp_schema_state state;

	if (!lp_pg_schema(store, &state, error))
		return false;
	if (state.present == 0) {
		lp_fail(error, LP_EXIT_CONFIGURATION, "the database has no schema local_processing");
		return lp_hint(error, "Run local-processing migrate: it makes it.");
	}
	if (state.present < state.wanted) {
		lp_fail(error, LP_EXIT_CONFIGURATION,
		        "the schema of the database has version %d, this program needs %d", state.present,
		        state.wanted);
		return lp_hint(error, "Run local-processing migrate: it upgrades it.");
	}
	if (state.present > state.wanted + 1) {
		lp_fail(error, LP_EXIT_CONFIGURATION,
		        "the schema of the database has version %d, this program knows %d", state.present,
		        state.wanted);
		return lp_hint(error,
		               "Use the release of local-processing that the schema was made by, or a later one.");
	}
	return true;
}

static char *transaction_settings(int statement_timeout)
{
	/*
	 * JIT compiles for longer than any statement of ours runs.  The search
	 * path: who may create functions in `public`, which was everybody up to
	 * PostgreSQL 14, could else have his own run with our rights.
	 */
	return lp_format_text("BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL jit = off; "
	                      "SET LOCAL search_path = pg_catalog, pg_temp; "
	                      "SET LOCAL statement_timeout = %lld",
	                      (long long)statement_timeout * 1000);
}

bool lp_pg_open(const struct lp_store_options *options, struct lp_store **opened, struct lp_error *error)
{
	struct pg_store *store = lp_allocate(sizeof *store);

	store->store.backend = &lp_store_postgresql;
	store->magic = PG_STORE_MAGIC;
	store->address = lp_copy_text(options->address);
	store->application_name =
		lp_copy_text(options->application_name != NULL ? options->application_name : "local-processing");
	store->sample_rate = 1;
	store->settings = transaction_settings(options->statement_timeout);
	store->connect_timeout = options->connect_timeout;
	store->statement_timeout = options->statement_timeout;
	store->prepare = options->prepare;
	store->outcome_day = LP_TIME_NONE;
	if (!lp_pg_connect(store, &store->connection, error) || !check_server(store, error) ||
	    (!options->any_schema && !check_schema(&store->store, error))) {
		lp_pg_close(&store->store);
		return false;
	}
	*opened = &store->store;
	return true;
}

struct lp_store_options lp_pg_options(const struct pg_store *store)
{
	return (struct lp_store_options){
		.address = store->address,
		.prepare = store->prepare,
		.any_schema = true,
		.connect_timeout = store->connect_timeout,
		.statement_timeout = store->statement_timeout,
		.application_name = store->application_name,
	};
}

void lp_pg_close(struct lp_store *opened)
{
	struct pg_store *store = lp_pg_store(opened);

	if (store->aside != NULL)
		lp_pg_close(&store->aside->store);
	/*
	 * A server notices that a connection is gone some time after the process
	 * is: without this, a run right behind this one may find the lock taken.
	 */
	if (PQtransactionStatus(store->lock_connection) == PQTRANS_INTRANS)
		PQclear(PQexec(store->lock_connection, "ROLLBACK"));
	PQfinish(store->lock_connection);
	PQfinish(store->connection);
	lp_arena_free(&store->scratch);
	free(store->arguments.data);
	free(store->add_results_to_partition);
	free(store->settings);
	free(store->application_name);
	free(store->address);
	store->magic = 0;
	free(store);
}

const char *lp_pg_version(const struct lp_store *store)
{
	return ((const struct pg_store *)store)->version;
}

const struct lp_store_backend lp_store_postgresql = {
	.name = "postgresql",
	.open = lp_pg_open,
	.close = lp_pg_close,
	.version = lp_pg_version,
	.schema = lp_pg_schema,
	.migrate = lp_pg_migrate,
	.begin = lp_pg_begin_work,
	.commit_work = lp_pg_commit_work,
	.rollback = lp_pg_rollback,
	.each_series = lp_pg_each_series,
	.find_series = lp_pg_find_series,
	.each_calculation = lp_pg_each_calculation,
	.lock_definitions = lp_pg_lock_definitions,
	.apply = lp_pg_apply,
	.write_samples = lp_pg_write_samples,
	.write_many = lp_pg_write_many,
	.read_samples = lp_pg_read_samples,
	.lock_run = lp_pg_lock_run,
	.run_is_active = lp_pg_run_is_active,
	.begin_run = lp_pg_begin_run,
	.hold_run = lp_pg_hold_run,
	.end_run = lp_pg_end_run,
	.each_batch = lp_pg_each_batch,
	.each_pending = lp_pg_each_pending,
	.fail_batch = lp_pg_fail_batch,
	.each_edge = lp_pg_each_edge,
	.each_changed = lp_pg_each_changed,
	.each_change = lp_pg_each_change,
	.find_next_good = lp_pg_find_next_good,
	.find_rise = lp_pg_find_rise,
	.invalidate = lp_pg_invalidate,
	.each_reader = lp_pg_each_reader,
	.add_owed = lp_pg_add_owed,
	.cut_owed = lp_pg_cut_owed,
	.each_owed = lp_pg_each_owed,
	.drop_owed = lp_pg_drop_owed,
	.each_blocker = lp_pg_each_blocker,
	.each_breaker = lp_pg_each_breaker,
	.put_breaker = lp_pg_put_breaker,
	.close_breaker = lp_pg_close_breaker,
	.note_rules = lp_pg_note_rules,
	.rule_version = lp_pg_rule_version,
	.reopen = lp_pg_reopen,
	.each_stored = lp_pg_each_stored,
	.note_outdated = lp_pg_note_outdated,
	.each_outdated = lp_pg_each_outdated,
	.owe_outdated = lp_pg_owe_outdated,
	.settle_outdated = lp_pg_settle_outdated,
	.remove_results = lp_pg_remove_results,
	.read_places = lp_pg_read_places,
	.move_results = lp_pg_move_results,
	.each_progress = lp_pg_each_progress,
	.writer = lp_pg_writer,
	.count_imported = lp_pg_count_imported,
	.read_batch = lp_pg_read_batch,
	.read_calculations = lp_pg_read_calculations,
	.fetch = lp_pg_fetch,
	.commit_batch = lp_pg_commit_batch,
	.each_status = lp_pg_each_status,
	.each_history = lp_pg_each_history,
	.note_changes = lp_pg_note_changes,
	.each_definition_change = lp_pg_each_definition_change,
	.each_run = lp_pg_each_run,
	.prune = lp_pg_prune,
	.each_prunable = lp_pg_each_prunable,
	.prune_samples = lp_pg_prune_samples,
	.restore_pruned = lp_pg_restore_pruned,
	.count_samples = lp_pg_count_samples,
	.find_lasts = lp_pg_find_lasts,
	.each_need = lp_pg_each_need,
	.each_debt = lp_pg_each_debt,
};
