/*
 * Late rows in tables of somebody else, noted by triggers that `migrate` makes of
 * the configuration: one function for each table, and a trigger for each kind of
 * statement.
 */
#include "store/postgresql/mapping.h"

#include "text/utf8.h"
#include <stdlib.h>
#include <string.h>

size_t lp_pg_count_noting(const struct pg_store *store)
{
	size_t count = 0;

	for (size_t i = 0; i < store->mapping_count; i++)
		count += store->mappings[i].configured->late == LP_LATE_TRIGGERS;
	return count;
}

/* What the statements of a table are made of. */
struct parts {
	char *function;
	struct lp_text key, time, names;
};

static void add_literal(struct pg_store *store, struct lp_text *text, const char *value)
{
	char *literal = PQescapeLiteral(store->connection, value, strlen(value));

	lp_text_addf(text, "%s", literal);
	PQfreemem(literal);
}

/* Makes an expression one as it stands inside of quotes. */
static void quote(struct lp_text *text)
{
	struct lp_text quoted = { 0 };

	for (const char *c = text->data; *c != '\0'; c++)
		lp_text_addf(&quoted, *c == '\'' ? "''" : "%c", *c);
	lp_text_free(text);
	*text = quoted;
}

static void fill(struct pg_store *store, const struct pg_mapping *mapping, struct parts *parts)
{
	const struct lp_mapping *configured = mapping->configured;
	char *function = lp_format_text("note_rows_%s", configured->name);

	parts->function = PQescapeIdentifier(store->connection, function, strlen(function));
	free(function);
	lp_pg_add_row_key(store, mapping, &parts->key);
	lp_pg_add_row_time(store, configured, &parts->time);
	lp_text_addf(&parts->names, "ARRAY[");
	add_literal(store, &parts->names, configured->name);
	lp_text_addf(&parts->names, strcmp(configured->name, LP_SAMPLES_TABLE) == 0 ? ", '']::text[]" : "]::text[]");
	quote(&parts->key);
	quote(&parts->time);
	quote(&parts->names);
}

static void free_parts(struct parts *parts)
{
	PQfreemem(parts->function);
	lp_text_free(&parts->key);
	lp_text_free(&parts->time);
	lp_text_free(&parts->names);
}

static char *function_text(const struct parts *parts)
{
	return lp_format_text(lp_pg_format(PG_CREATE_NOTING, "%1$s %2$s %3$s %4$s"), parts->function, parts->key.data,
	                      parts->time.data, parts->names.data);
}

/* Runs a statement, or writes it down for somebody else. */
static bool run(struct pg_store *store, enum pg_statement statement, char *sql, struct lp_error *error)
{
	bool ok = true;

	if (store->script != NULL)
		lp_text_addf(store->script, "%s%s\n", sql, strchr(sql, ';') == sql + strlen(sql) - 1 ? "" : ";");
	else
		ok = lp_pg_command(store, sql, lp_pg_statements[statement].doing, error);
	free(sql);
	return ok;
}

/* A function that somebody else makes has the rights of the schema's owner, all the same. */
static bool give(struct pg_store *store, const struct parts *parts, struct lp_error *error)
{
	PGresult *result = NULL;
	bool ok;

	if (store->script == NULL)
		return true;
	(void)lp_pg_arguments(store);
	ok = lp_pg_execute(store, PG_FIND_OWNER, &result, error) &&
	     run(store, PG_GIVE_NOTING,
	         lp_format_text(lp_pg_format(PG_GIVE_NOTING, "%1$s %2$s"), parts->function, PQgetvalue(result, 0, 0)),
	         error);
	PQclear(result);
	return ok;
}

/* What was made, as it is noted with the function. */
static char *digest_of(const struct pg_mapping *mapping, const char *function)
{
	return lp_format_text("made of the configuration for %s: %016llx", mapping->configured->table,
	                      (unsigned long long)lp_pg_digest(function));
}

static bool make(struct pg_store *store, struct pg_mapping *mapping, const struct parts *parts, char *digest,
                 struct lp_error *error)
{
	static const enum pg_statement triggers[] = { PG_ROWS_INSERTED, PG_ROWS_UPDATED, PG_ROWS_DELETED,
		                                      PG_ROWS_TRUNCATED };
	char *literal = PQescapeLiteral(store->connection, digest, strlen(digest));
	bool ok = run(store, PG_CREATE_NOTING, function_text(parts), error) &&
	          run(store, PG_NOTE_NOTING,
	              lp_format_text(lp_pg_format(PG_NOTE_NOTING, "%1$s %2$s"), parts->function, literal), error) &&
	          give(store, parts, error);

	for (size_t i = 0; ok && i < sizeof triggers / sizeof *triggers; i++)
		ok = run(store, triggers[i],
		         lp_format_text(lp_pg_format(triggers[i], "%1$s %2$s"), mapping->configured->table,
		                        parts->function),
		         error);
	PQfreemem(literal);
	if (!ok && error->exit == LP_EXIT_PERMISSION)
		lp_hint(error,
		        "Nothing was changed. Who makes triggers has to own %.*s: migrate as a member of its owner, or "
		        "with --triggers-to FILE, and let its owner run that.",
		        LP_CUT(100, mapping->configured->table));
	return ok;
}

/* Functions that were made, with what of; each is taken off the list that is wanted. */
struct noting {
	const char *function, *digest;
};

static bool read_notings(struct pg_store *store, struct lp_arena *arena, struct noting **notings, size_t *count,
                         struct lp_error *error)
{
	PGresult *result = NULL;
	bool ok;

	(void)lp_pg_arguments(store);
	ok = lp_pg_execute(store, PG_EACH_NOTING, &result, error);
	*count = ok ? (size_t)PQntuples(result) : 0;
	*notings = lp_arena_zeroed(arena, *count + 1, sizeof **notings);
	for (size_t i = 0; i < *count; i++) {
		(*notings)[i].function = lp_pg_get_text(result, (int)i, 0, arena);
		(*notings)[i].digest = lp_pg_get_text(result, (int)i, 1, arena);
	}
	PQclear(result);
	return ok;
}

/* Finds a function that was made of the same; it is kept then. */
static bool keep(struct noting *notings, size_t count, const char *digest)
{
	for (size_t i = 0; i < count; i++)
		if (notings[i].digest != NULL && strcmp(notings[i].digest, digest) == 0) {
			notings[i].function = NULL;
			return true;
		}
	return false;
}

/* Looks at each table with triggers: what is wanted and not there is made last, after what is there and not wanted went. */
static bool settle(struct pg_store *store, struct noting *notings, size_t count, bool makes, bool *differs,
                   struct lp_error *error)
{
	bool ok = true;

	for (size_t i = 0; ok && i < store->mapping_count; i++) {
		struct pg_mapping *mapping = &store->mappings[i];
		struct parts parts = { .function = NULL };
		char *function, *digest;

		if (mapping->configured->late != LP_LATE_TRIGGERS)
			continue;
		ok = lp_pg_use_mapping(store, mapping, error);
		store->mapping = NULL;
		if (!ok)
			break;
		fill(store, mapping, &parts);
		function = function_text(&parts);
		digest = digest_of(mapping, function);
		if (!keep(notings, count, digest)) {
			*differs = true;
			ok = !makes || make(store, mapping, &parts, digest, error);
		}
		free(digest);
		free(function);
		free_parts(&parts);
	}
	return ok;
}

static bool drop(struct pg_store *store, const struct noting *notings, size_t count, struct lp_error *error)
{
	bool ok = true;

	for (size_t i = 0; ok && i < count; i++)
		if (notings[i].function != NULL)
			ok = run(store, PG_DROP_NOTING,
			         lp_format_text(lp_pg_format(PG_DROP_NOTING, "%1$s"), notings[i].function), error);
	return ok;
}

bool lp_pg_make_noting(struct pg_store *store, struct lp_error *error)
{
	struct lp_arena arena = { 0 };
	struct noting *notings;
	size_t count;
	bool differs = false, ok;

	ok = read_notings(store, &arena, &notings, &count, error) &&
	     settle(store, notings, count, false, &differs, error) && drop(store, notings, count, error) &&
	     settle(store, notings, count, true, &differs, error);
	lp_arena_free(&arena);
	return ok;
}

bool lp_pg_fail_noting(struct lp_error *error)
{
	(void)lp_fail(error, LP_EXIT_CONFIGURATION,
	              "the triggers that note late rows are not those of the tables with `late: triggers`");
	return lp_hint(error, "`local-processing migrate` makes them as the configuration has them.");
}

bool lp_pg_check_noting(struct pg_store *store, struct lp_error *error)
{
	struct lp_arena arena = { 0 };
	struct noting *notings;
	size_t count;
	bool differs = false, ok;

	ok = read_notings(store, &arena, &notings, &count, error) &&
	     settle(store, notings, count, false, &differs, error);
	for (size_t i = 0; ok && i < count; i++)
		differs |= notings[i].function != NULL;
	lp_arena_free(&arena);
	return ok && (!differs || lp_pg_fail_noting(error));
}
