/*
 * What went wrong, as an exit code, a line of text and what to do about it:
 * one table by SQLSTATE for what the server says, one by phrase for what libpq
 * says before there is a server to talk to.  No message has the password:
 * libpq's never do, and addresses are printed by lp_store_describe alone.
 */
#include "store/postgresql/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct meaning {
	const char *sign; /* begins the SQLSTATE, or stands in the message */
	enum lp_exit exit;
	const char *hint; /* or NULL */
};

static const char hint_migrate[] = "Run local-processing migrate: it makes or upgrades the schema local_processing.";
static const char hint_grant[] =
	"Grant the role its rights with local-processing migrate --run-role ROLE (or --read-role), as the schema's owner.";
static const char hint_pooler[] = "Behind a pooler that shares sessions, set prepared_statements: false.";
static const char hint_port[] =
	"A port is a number. Is the @ missing between a password and the host, or a character of the password not "
	"encoded (%40 for @, %2F for /, %3A for :)?";
static const char hint_later[] = "Nothing is lost: the next run does what was not committed.";

/* The longest sign that fits counts, so a class stands before its members. */
static const struct meaning by_sqlstate[] = {
	{ "08", LP_EXIT_TEMPORARY, hint_later },
	{ "0A", LP_EXIT_UNAVAILABLE, NULL },
	{ "22", LP_EXIT_DATA, NULL },
	{ "23", LP_EXIT_DATA, NULL },
	{ "25006", LP_EXIT_CANNOT_WRITE, "The server is a standby or set to read only: use the primary." },
	{ "25P03", LP_EXIT_TEMPORARY,
	  "The server ended a transaction that was idle: see idle_in_transaction_session_timeout." },
	{ "26000", LP_EXIT_CONFIGURATION, hint_pooler },
	{ "28", LP_EXIT_PERMISSION, "Check user, password (PGPASSWORD, .pgpass) and the server's pg_hba.conf." },
	{ "3D", LP_EXIT_UNAVAILABLE, "Create the database, or name another one in the address." },
	{ "3F", LP_EXIT_CONFIGURATION, hint_migrate },
	{ "40", LP_EXIT_TEMPORARY, hint_later },
	{ "42", LP_EXIT_INTERNAL, NULL },
	{ "42501", LP_EXIT_PERMISSION, hint_grant },
	{ "42704", LP_EXIT_USAGE, NULL },
	{ "42883", LP_EXIT_CONFIGURATION, hint_migrate },
	{ "42P01", LP_EXIT_CONFIGURATION, hint_migrate },
	{ "42703", LP_EXIT_CONFIGURATION, hint_migrate },
	{ "42P05", LP_EXIT_CONFIGURATION, hint_pooler },
	{ "53", LP_EXIT_TEMPORARY, hint_later },
	{ "53100", LP_EXIT_CANNOT_WRITE,
	  "The server's disk is full: make room; the next run does what was not committed." },
	{ "53200", LP_EXIT_TEMPORARY, "The server ran out of memory." },
	{ "54", LP_EXIT_DATA, "A window has more samples than the server can send at once: make it shorter." },
	{ "55P03", LP_EXIT_TEMPORARY, "Somebody else holds a lock; see pg_locks." },
	{ "57", LP_EXIT_TEMPORARY, hint_later },
	{ "57014", LP_EXIT_TEMPORARY, "The statement was cancelled; see statement_timeout." },
	{ "58", LP_EXIT_CANNOT_WRITE, "The server met an error of its file system: see its log." },
	{ "LP001", LP_EXIT_DATA,
	  "The table that `results` describes takes no such row: see its constraints and triggers, and the rights to it." },
	{ "XX", LP_EXIT_UNAVAILABLE, "The server met an error of its own: see its log." },
};

/* libpq, built without translations, before or after a server could be reached; the first that fits counts. */
static const struct meaning by_phrase[] = {
	{ "Temporary failure in name resolution", LP_EXIT_TEMPORARY,
	  "Is the name server up, and the name of the host right?" },
	{ "could not translate host name", LP_EXIT_UNAVAILABLE, "Check the name of the host in the address." },
	{ "could not parse network address", LP_EXIT_CONFIGURATION, NULL },
	{ "definition of service", LP_EXIT_CONFIGURATION,
	  "Check the service file (PGSERVICEFILE, ~/.pg_service.conf)." },
	{ "service file", LP_EXIT_CONFIGURATION, NULL },
	{ "invalid port number", LP_EXIT_CONFIGURATION, hint_port },
	{ "connection option \"port\"", LP_EXIT_CONFIGURATION, hint_port },
	{ "invalid integer value", LP_EXIT_CONFIGURATION, NULL },
	{ "value: \"", LP_EXIT_CONFIGURATION, NULL },
	{ "could not match", LP_EXIT_CONFIGURATION, NULL },
	{ "no password supplied", LP_EXIT_PERMISSION, "Give one with PGPASSWORD, a .pgpass file or the address." },
	{ "local user with ID", LP_EXIT_PERMISSION, "Name the user: PGUSER, or user= in the address." },
	{ "certificate verify failed", LP_EXIT_UNAVAILABLE,
	  "Check sslrootcert, and that the server's certificate is signed by it." },
	{ "server certificate for", LP_EXIT_UNAVAILABLE, "The server's certificate is for another host name." },
	{ "root certificate file", LP_EXIT_CONFIGURATION,
	  "Name the file with sslrootcert= (sslrootcert=system: built-in ones)." },
	{ "private key file", LP_EXIT_PERMISSION, NULL },
	{ "certificate file", LP_EXIT_CONFIGURATION, NULL },
	{ "does not support SSL", LP_EXIT_UNAVAILABLE, "The server has no TLS; sslmode asks for it." },
	{ "SSL error", LP_EXIT_UNAVAILABLE, NULL },
	{ "Permission denied", LP_EXIT_PERMISSION, NULL },
	{ "Connection refused", LP_EXIT_TEMPORARY, "Is the server running, and does it listen there?" },
	{ "No such file or directory", LP_EXIT_TEMPORARY,
	  "Is the server running, and is the socket's directory the right one?" },
	{ "timeout expired", LP_EXIT_TEMPORARY, "Is the host up, and does a firewall let us through?" },
	{ "timed out", LP_EXIT_TEMPORARY, "Is the host up, and does a firewall let us through?" },
	{ "No route to host", LP_EXIT_TEMPORARY, NULL },
	{ "etwork is unreachable", LP_EXIT_TEMPORARY, NULL },
	{ "Host is down", LP_EXIT_TEMPORARY, NULL },
	{ "Connection reset", LP_EXIT_TEMPORARY, hint_later },
	{ "Broken pipe", LP_EXIT_TEMPORARY, hint_later },
	{ "server closed the connection", LP_EXIT_TEMPORARY, hint_later },
	{ "session is ", LP_EXIT_TEMPORARY, "No server of the address is what target_session_attrs asks for." },
	{ "server is in hot standby", LP_EXIT_TEMPORARY,
	  "No server of the address is what target_session_attrs asks for." },
};

static const struct meaning *find_sqlstate(const char *sqlstate)
{
	const struct meaning *best = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < sizeof by_sqlstate / sizeof *by_sqlstate; i++) {
		size_t length = strlen(by_sqlstate[i].sign);
		if (length > longest && strncmp(sqlstate, by_sqlstate[i].sign, length) == 0) {
			best = &by_sqlstate[i];
			longest = length;
		}
	}
	return best;
}

static const struct meaning *find_phrase(const char *text)
{
	for (size_t i = 0; i < sizeof by_phrase / sizeof *by_phrase; i++)
		if (strstr(text, by_phrase[i].sign) != NULL)
			return &by_phrase[i];
	return NULL;
}

/* Messages of libpq have several lines and end in one; ours have one line. */
static void fold(const char *text, char *line, size_t size)
{
	size_t length = 0;
	bool blank = false;

	for (; *text != '\0' && length + 3 < size; text++) {
		if (isspace((unsigned char)*text)) {
			blank = length > 0;
			if (*text == '\n' && length > 0 && strchr(".:;,?", line[length - 1]) == NULL && text[1] != '\0')
				line[length++] = ';';
			continue;
		}
		if (blank)
			line[length++] = ' ';
		blank = false;
		line[length++] = *text;
	}
	line[length] = '\0';
}

static void set_meaning(const struct meaning *meaning, struct lp_error *error)
{
	if (meaning == NULL)
		return;
	error->exit = meaning->exit;
	if (meaning->hint != NULL)
		lp_hint(error, "%s", meaning->hint);
}

bool lp_pg_is_own(const char *sqlstate)
{
	return sqlstate != NULL && strncmp(sqlstate, "LP", 2) == 0;
}

bool lp_pg_fail(const PGconn *connection, const PGresult *result, const char *doing, struct lp_error *error)
{
	const char *sqlstate = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *primary = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
	bool lost = PQstatus(connection) == CONNECTION_BAD;
	char line[600];

	if (primary == NULL || *primary == '\0') {
		fold(PQerrorMessage(connection), line, sizeof line);
		lp_fail(error, lost ? LP_EXIT_TEMPORARY : LP_EXIT_INTERNAL, "cannot %s: %s%s", doing,
		        lost ? "the connection to the database was lost: " : "", line);
		if (lost)
			lp_hint(error, "%s", hint_later);
		else
			set_meaning(find_phrase(line), error);
		return false;
	}
	fold(primary, line, sizeof line);
	if (detail != NULL && *detail != '\0' && !lp_pg_is_own(sqlstate)) {
		size_t length = strlen(line);
		if (length + 8 < sizeof line) {
			memcpy(line + length, ": ", 3);
			fold(detail, line + length + 2, sizeof line - length - 2);
		}
	}
	lp_fail(error, LP_EXIT_INTERNAL, "cannot %s: %s", doing, line);
	if (sqlstate != NULL) {
		snprintf(error->sqlstate, sizeof error->sqlstate, "%.5s", sqlstate);
		set_meaning(find_sqlstate(sqlstate), error);
	}
	return false;
}

/* The server's SQLSTATE in a verbose message: "FATAL:  28P01: password authentication failed". */
static char *find_state_in(char *text)
{
	for (char *at = strchr(text, ':'); at != NULL; at = strchr(at + 1, ':')) {
		char *state = at + 1;
		size_t length = 0, digits = 0;

		while (*state == ' ')
			state++;
		for (; length < 5 && (isupper((unsigned char)state[length]) || isdigit((unsigned char)state[length]));
		     length++)
			digits += isdigit((unsigned char)state[length]) != 0;
		/* "FATAL" has five letters, too. */
		if (length == 5 && digits > 0 && state[5] == ':')
			return state;
	}
	return NULL;
}

static int hexadecimal(char digit)
{
	return isxdigit((unsigned char)digit) ? isdigit((unsigned char)digit) ? digit - '0' : (digit | 0x20) - 'a' + 10
	                                      : -1;
}

/*
 * Decodes an address as libpq does: in a URI %40 is @, in a connection string a
 * backslash takes the next character along.
 */
static void decode(const char *address, char *decoded, size_t size)
{
	bool uri = strstr(address, "://") != NULL;
	size_t length = 0;

	for (; *address != '\0' && length + 1 < size; address++) {
		bool encoded = uri && *address == '%' && hexadecimal(address[1]) >= 0 && hexadecimal(address[2]) >= 0;

		if (encoded) {
			decoded[length++] = (char)(hexadecimal(address[1]) * 16 + hexadecimal(address[2]));
			address += 2;
		} else if (uri || *address != '\\') {
			decoded[length++] = *address;
		}
	}
	decoded[length] = '\0';
}

/*
 * libpq quotes what it could not understand. That may be a piece of a password
 * that was not encoded, or whose @ was forgotten. So what stands in the address,
 * but not in what may be shown of it, is left out.
 */
static void hide_secrets(char *text, const char *address, const char *described)
{
	char *open = strchr(text, '"'), decoded[2048];

	decode(address, decoded, sizeof decoded);

	while (open != NULL) {
		char *begin = open + 1, *close = strchr(begin, '"');

		if (close == NULL)
			close = begin + strlen(begin);
		char after = *close;
		*close = '\0';
		bool given = strstr(address, begin) != NULL || strstr(decoded, begin) != NULL;
		bool hide = *begin != '\0' && given && strstr(described, begin) == NULL;
		*close = after;
		if (hide && close - begin >= 3) {
			memmove(begin + 3, close, strlen(close) + 1);
			memcpy(begin, "...", 3);
			close = begin + 3;
		} else if (hide) {
			memset(begin, '.', (size_t)(close - begin));
		}
		open = *close == '"' ? strchr(close + 1, '"') : NULL;
	}
}

/* Writes what libpq says in one line, and the address, both without secrets. */
static void show(const char *message, const char *address, char *line, size_t line_size, char *place, size_t place_size)
{
	char text[2048], whole[1024];

	snprintf(text, sizeof text, "%s", message);
	lp_store_describe(address, whole, sizeof whole);
	hide_secrets(text, address, whole);
	fold(text, line, line_size);
	lp_store_describe(address, place, place_size);
}

bool lp_pg_fail_address(const char *reason, const char *address, struct lp_error *error)
{
	char line[400], place[256];

	show(reason, address, line, sizeof line, place, sizeof place);
	lp_fail(error, LP_EXIT_CONFIGURATION, "\"%s\" is not the address of a database: %s", place, line);
	return lp_hint(error, "Write a URI (postgresql://user@host/dbname) or host=... dbname=...; in a URI, write "
	                      "other characters of a password as %%40 (@), %%2F (/), %%3A (:).");
}

/*
 * Takes out of the text what verbose messages add for each host that was tried:
 * states, the first of which is kept, and places in the server's source, which
 * help nobody here.
 */
static bool take_states(char *text, char state[6])
{
	char *at = text, *end;
	bool found = false;

	while ((at = find_state_in(at)) != NULL) {
		if (!found)
			snprintf(state, 6, "%.5s", at);
		found = true;
		memmove(at, at + 6, strlen(at + 6) + 1);
	}
	while (found && (at = strstr(text, "LOCATION:")) != NULL) {
		end = strchr(at, '\n');
		if (end != NULL)
			memmove(at, end + 1, strlen(end + 1) + 1);
		else
			*at = '\0';
	}
	return found;
}

/* The phrases come first: they say more than a class of SQLSTATE. */
bool lp_pg_fail_connecting(const PGconn *connection, const char *address, struct lp_error *error)
{
	char text[2048], line[400], place[256], state[6] = "";
	const struct meaning *meaning;
	bool verbose;

	snprintf(text, sizeof text, "%s", PQerrorMessage(connection));
	verbose = take_states(text, state);
	show(text, address, line, sizeof line, place, sizeof place);
	lp_fail(error, LP_EXIT_TEMPORARY, "cannot connect to the database %s: %s", place, line);
	memcpy(error->sqlstate, state, sizeof state);
	meaning = find_phrase(line);
	set_meaning(meaning != NULL || !verbose ? meaning : find_sqlstate(state), error);
	return false;
}
