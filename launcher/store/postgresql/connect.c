/*
 * Connects to a database. libpq decides what an address may be: strings, URIs,
 * service and password files, variables.
 */
#include "store/postgresql/internal.h"

#include "observe/observe.h"

#include <stdio.h>
#include <string.h>

enum { OLDEST_SERVER = 130000 };

/* Notices of the server ("table does not exist, skipping") do not belong on a terminal. */
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
static bool check_address(const char *address, struct lp_error *error)
{
	char *reason = NULL;
	PQconninfoOption *parsed = PQconninfoParse(connection_string(address), &reason);

	if (parsed != NULL) {
		PQconninfoFree(parsed);
		return true;
	}
	lp_pg_fail_address(reason != NULL ? reason : "out of memory", address, error);
	PQfreemem(reason);
	return false;
}

/*
 * A machine that loses power does not say goodbye. Until the server notices (two
 * hours by default), its sessions keep their locks, and every run gives way to
 * one that no longer exists. So the server is told to check this client as often
 * as this client checks the server, unless it checks more often already. A
 * server without such settings is left alone. Through PgBouncer they concern the
 * server and PgBouncer, and do no harm.
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
 * A server that refuses a connection says why in its own language. Its SQLSTATE
 * comes only in verbose messages, which can only be asked for over a connection.
 * That is too late: logging in a second time counts as a second attempt where
 * accounts are locked after some. So they are asked for when libpq sends its
 * startup packet.
 */
char *__wrap_pqBuildStartupPacket3(PGconn *connection, int *length, const void *options)
{
	PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
	return __real_pqBuildStartupPacket3(connection, length, options);
}

bool lp_pg_connect(struct pg_store *store, PGconn **connection, struct lp_error *error)
{
	return lp_pg_connect_to(store, store->address, connection, error);
}

bool lp_pg_connect_to(const struct pg_store *store, const char *address, PGconn **connection, struct lp_error *error)
{
	char timeout[16];
	/* A later one wins: the address over the defaults before it, what stands after it over the address. */
	const char *keywords[] = {
		"keepalives_idle",  "keepalives_interval",       "keepalives_count",
		"tcp_user_timeout", "fallback_application_name", "dbname",
		"client_encoding",  "connect_timeout",           NULL,
	};
	const char *values[] = {
		"30", "10", "3", "60000", store->application_name, connection_string(address), "UTF8", NULL, NULL,
	};

	if (store->connect_timeout > 0) {
		snprintf(timeout, sizeof timeout, "%d", store->connect_timeout);
		values[7] = timeout;
	}
	*connection = NULL;
	if (!check_address(address, error))
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
	lp_pg_fail_connecting(*connection, address, error);
	PQfinish(*connection);
	*connection = NULL;
	return false;
}

void lp_pg_write_version(const PGconn *connection, char *version, size_t size)
{
	const char *text = PQparameterStatus(connection, "server_version");

	snprintf(version, size, "postgresql %.*s", (int)strcspn(text != NULL ? text : "?", " "),
	         text != NULL ? text : "?");
}

bool lp_pg_check_version(const PGconn *connection, struct lp_error *error)
{
	char version[48];

	if (PQserverVersion(connection) >= OLDEST_SERVER)
		return true;
	lp_pg_write_version(connection, version, sizeof version);
	lp_fail(error, LP_EXIT_UNAVAILABLE, "the database server is %s", version);
	return lp_hint(error, "local-processing needs PostgreSQL 13 or later.");
}

char *lp_pg_transaction_settings(const char *characteristics, int statement_timeout)
{
	/*
	 * JIT compiles for longer than any of our statements runs. About the search
	 * path: everybody who may create functions in `public`, which was every role up
	 * to PostgreSQL 14, could otherwise run a function with our rights.
	 */
	return lp_format_text("BEGIN %s; SET LOCAL jit = off; "
	                      "SET LOCAL search_path = pg_catalog, pg_temp; "
	                      "SET LOCAL statement_timeout = %lld",
	                      characteristics, (long long)statement_timeout * 1000);
}
