/*
 * Addresses of stores: whose one is, and how it is shown without its password.
 */
#include "store/backend.h"

#include <assert.h>
#include <string.h>

#define BLANKS " \t\n\r\f\v"

/* scheme://...: not a setting that has :// in its value, as a password may. */
static bool is_uri(const char *address)
{
	return strncmp(address + strcspn(address, ":=/" BLANKS), "://", 3) == 0;
}

/* How long the prefix is with which a store's address begins; 0: it is not the store's. */
static size_t prefix_of(const struct lp_store_backend *backend, const char *address)
{
	for (const char *const *prefix = backend->prefixes; *prefix != NULL; prefix++)
		if (strncmp(address, *prefix, strlen(*prefix)) == 0)
			return strlen(*prefix);
	return 0;
}

const struct lp_store_backend *lp_store_backend_of(const char *address)
{
	static const struct lp_store_backend *const backends[] = { &lp_store_sqlite, &lp_store_postgresql };
	/* key=value pairs, but not another scheme with a query behind it */
	bool settings = strchr(address, '=') != NULL && !is_uri(address);

	for (size_t i = 0; i < sizeof backends / sizeof *backends; i++)
		if (prefix_of(backends[i], address) > 0)
			return backends[i];
	for (size_t i = 0; i < sizeof backends / sizeof *backends && settings; i++)
		if (backends[i]->settings)
			return backends[i];
	return NULL;
}

const char *lp_store_file(const char *address)
{
	const struct lp_store_backend *backend = lp_store_backend_of(address);

	return backend != NULL && backend->is_file ? address + prefix_of(backend, address) : NULL;
}

bool lp_store_is_database(const char *address)
{
	return lp_store_backend_of(address) == &lp_store_postgresql;
}

struct describing {
	char *text;
	size_t size, length;
	bool after_password;
};

/*
 * Only these settings are shown. A list of those to hide would not do: what
 * follows a password that should have been quoted looks like a setting of its
 * own.
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

	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
		if (length == strlen(shown[i]) && strncmp(key, shown[i], length) == 0)
			return true;
	return false;
}

/* "password=***": that there is a password is worth knowing. */
static bool is_password(const char *key, size_t length)
{
	return (length == 8 && strncasecmp(key, "password", length) == 0) ||
	       (length == 11 && strncasecmp(key, "sslpassword", length) == 0);
}

static void put(struct describing *describing, const char *data, size_t length)
{
	for (size_t i = 0; i < length && describing->length + 1 < describing->size; i++)
		describing->text[describing->length++] = data[i];
	describing->text[describing->length] = '\0';
}

/* An address inside of an address: its password would not be found. */
static bool has_uri(const char *value, size_t length)
{
	return memmem(value, length, "://", 3) != NULL;
}

static void put_pair(struct describing *describing, const char *key, size_t key_length, const char *value,
                     size_t value_length)
{
	bool password = is_password(key, key_length);

	if (!password && !may_show(key, key_length)) {
		/* The name of an unknown setting may help, unless it can be the rest of a password. */
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

/* Returns where a value ends: at a blank, or at the closing quote. A backslash takes the next character along. */
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

/* True if the text behind a ? is pairs, and every @ in it belongs to the value of a known setting. */
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
 * Returns where the query of a URI begins: at the ? before a known setting, or
 * at the first ? that is not part of a password, or at the end.
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

/* user:password@; whatever is neither for sure is hidden. */
static void describe_user(const char *user, struct describing *describing)
{
	size_t length = strcspn(user, ":@/?&=");

	if (user[length] == ':' || user[length] == '@')
		put(describing, user, length);
	else
		put(describing, "...", 3);
	put(describing, user[length] == ':' ? ":***@" : "@", user[length] == ':' ? 5 : 1);
}

/* host:port,host:port/name. What stands for a port and is no number is a password whose @ was forgotten. */
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
	const struct lp_store_backend *backend = lp_store_backend_of(address);
	struct describing describing = { .text = text, .size = size };
	size_t prefix = backend == NULL ? 0 : prefix_of(backend, address);

	assert(size > 0);
	*text = '\0';
	if (backend != NULL && backend->is_file) {
		put(&describing, address, strlen(address));
	} else if (is_uri(address)) {
		describe_uri(address, &describing);
	} else {
		put(&describing, address, prefix);
		describe_pairs(address + prefix, &describing);
	}
}
